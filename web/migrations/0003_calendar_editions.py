"""Every edition of the calendar keeps its days; what was one table of present days becomes the first edition's."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from feedback.kernel.db import InstantField
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('app', '0002_lists_at_size')]

    initial = False

    operations = [
        ops.CreateModel(
            name='DeadlineChangeRow',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('edition', fields.ForeignKeyField('app.CalendarEdition', source_field='edition_id', db_constraint=True, to_field='id', related_name='moves', on_delete=OnDelete.RESTRICT)),
                ('case', fields.ForeignKeyField('app.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='moves', on_delete=OnDelete.RESTRICT)),
                ('term', fields.CharField(max_length=30)),
                ('label', fields.CharField(max_length=40)),
                ('seq', fields.IntField()),
                ('holder', fields.CharField(max_length=10)),
                ('unit', fields.CharField(default='', max_length=60)),
                ('before_day', fields.DateField()),
                ('after_day', fields.DateField()),
                ('at', InstantField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'feedback_calendar_move', 'app': 'app', 'indexes': [Index(fields=['edition_id', 'case_id']), Index(fields=['case_id'])], 'pk_attr': 'id', 'table_description': 'Running deadlines that an edition of the calendar moved, never edited'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='EditionDay',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('edition', fields.ForeignKeyField('app.CalendarEdition', source_field='edition_id', db_constraint=True, to_field='id', related_name='days', on_delete=OnDelete.RESTRICT)),
                ('day', fields.DateField()),
                ('is_workday', fields.BooleanField(null=True)),
                ('name', fields.CharField(default='', max_length=40)),
            ],
            options={'table': 'feedback_edition_day', 'app': 'app', 'unique_together': (('edition_id', 'day'),), 'pk_attr': 'id', 'table_description': 'Days an edition of the calendar says anew, or makes plain again'},
            bases=['Model'],
        ),
        ops.AlterModelOptions(
            name='CalendarEdition',
            options={'table': 'feedback_calendar_edition', 'app': 'app', 'pk_attr': 'id', 'table_description': 'Editions of the office calendar, one whenever a day changes, never edited'},
        ),
        ops.AddField(
            model_name='CalendarEdition',
            name='digest',
            field=fields.CharField(default='', db_default='', max_length=64),
        ),
        ops.AddField(
            model_name='CalendarEdition',
            name='follows',
            field=fields.IntField(null=True, unique=True),
        ),
        ops.AddField(
            model_name='CalendarEdition',
            name='source',
            field=fields.CharField(default='', db_default='', max_length=200),
        ),
        # Which edition said which day was not kept before, so the first one says them all.
        ops.RunSQL([
            'INSERT INTO "feedback_edition_day" ("edition_id", "day", "is_workday", "name")'
            ' SELECT (SELECT MIN("id") FROM "feedback_calendar_edition"), "day", "is_workday", "name"'
            ' FROM "feedback_calendar_day" WHERE EXISTS (SELECT 1 FROM "feedback_calendar_edition")',
        ]),
        ops.DeleteModel(name='CalendarDay'),
    ]
