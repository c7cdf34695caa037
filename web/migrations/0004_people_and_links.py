"""People beside the petitioner, links between cases, prints of passages, the mark of a sender."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from feedback.kernel.db import InstantField
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('app', '0003_calendar_editions'), ('app', '0003_satisfaction')]

    initial = False

    operations = [
        ops.CreateModel(
            name='CasePerson',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('app.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='people', on_delete=OnDelete.RESTRICT)),
                ('person', fields.ForeignKeyField('app.Person', source_field='person_id', db_constraint=True, to_field='id', related_name='beside', on_delete=OnDelete.RESTRICT)),
                ('role', fields.CharField(max_length=20)),
                ('kind', fields.CharField(default='', max_length=20)),
                ('authority', fields.CharField(default='', max_length=20)),
            ],
            options={'table': 'feedback_case_person', 'app': 'app', 'indexes': [Index(fields=['case_id', 'id']), Index(fields=['person_id'])], 'pk_attr': 'id', 'table_description': 'People beside the petitioner of a case, representatives and proxies'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Link',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('app.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='links', on_delete=OnDelete.RESTRICT)),
                ('earlier', fields.ForeignKeyField('app.Case', source_field='earlier_id', db_constraint=True, to_field='id', related_name='later_links', on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharField(max_length=20)),
                ('state', fields.CharField(max_length=20)),
                ('score', fields.FloatField(default=0.0)),
                ('same_person', fields.BooleanField(default=False)),
                ('evidence', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('made_at', InstantField(generated=False, null=False, unique=False)),
                ('made_by', fields.CharField(max_length=80)),
                ('decided_at', InstantField(null=True, generated=False, unique=False)),
                ('decided_by', fields.CharField(default='', max_length=80)),
                ('decided_name', fields.CharField(default='', max_length=80)),
            ],
            options={'table': 'feedback_link', 'app': 'app', 'unique_together': (('case_id', 'earlier_id'),), 'indexes': [Index(fields=['earlier_id', 'kind']), Index(fields=['state', 'id'])], 'pk_attr': 'id', 'table_description': 'Links between two cases, proposed or decided, with their evidence'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Passage',
            fields=[
                ('key', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
            ],
            options={'table': 'classify_passage', 'app': 'app', 'pk_attr': 'key', 'table_description': 'Prints of passages of cases, one number for print and case, by which twins are found'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Case',
            name='sender_hash',
            field=fields.CharField(default='', db_default='', max_length=64),
        ),
    ]
