"""Changes of the calendar wait under an address of their own until somebody has looked at what they move."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from feedback.kernel.db import InstantField
from orjson import loads
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('app', '0010_letters_between_units')]

    initial = False

    operations = [
        ops.CreateModel(
            name='CalendarDraft',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('made_at', InstantField(generated=False, null=False, unique=False)),
                ('made_by', fields.CharField(max_length=80)),
                ('follows', fields.CharField(max_length=40)),
                ('announced_until', fields.DateField()),
                ('days', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('source', fields.CharField(default='', max_length=200)),
                ('remark', fields.CharField(default='', max_length=200)),
                ('edition', fields.CharField(default='', max_length=40)),
            ],
            options={'table': 'feedback_calendar_draft', 'app': 'app', 'pk_attr': 'id', 'table_description': 'Changes of the calendar that are looked at before they are made'},
            bases=['Model'],
        ),
    ]
