"""Measures addressed to units with their history, and the supervision orders rules propose."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from feedback.kernel.db import InstantField
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('app', '0011_calendar_drafts')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Measure',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('no', fields.CharField(unique=True, max_length=20)),
                ('kind', fields.CharField(max_length=20)),
                ('unit', fields.CharField(max_length=60)),
                ('title', fields.CharField(max_length=100)),
                ('text', fields.TextField(unique=False)),
                ('status', fields.CharField(max_length=20)),
                ('version', fields.IntField(default=1)),
                ('due_day', fields.DateField()),
                ('due_at', InstantField(generated=False, null=False, unique=False)),
                ('look_at', InstantField(null=True, generated=False, unique=False)),
                ('adoption', fields.CharField(default='', max_length=10)),
                ('issued_by', fields.CharField(max_length=80)),
                ('issuer_unit', fields.CharField(max_length=60)),
                ('issued_at', InstantField(generated=False, null=False, unique=False)),
                ('answered_at', InstantField(null=True, generated=False, unique=False)),
                ('ended_at', InstantField(null=True, generated=False, unique=False)),
            ],
            options={'table': 'routing_measure', 'app': 'app', 'indexes': [Index(fields=['unit', 'issued_at']), Index(fields=['status', 'look_at']), Index(fields=['issued_at'])], 'pk_attr': 'id', 'table_description': 'Measures and suggestions addressed to a unit, each with its due day and answer'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='MeasureCase',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('measure', fields.ForeignKeyField('app.Measure', source_field='measure_id', db_constraint=True, to_field='id', related_name='cases', on_delete=OnDelete.RESTRICT)),
                ('case_no', fields.CharField(max_length=20)),
            ],
            options={'table': 'routing_measure_case', 'app': 'app', 'unique_together': (('measure_id', 'case_no'),), 'pk_attr': 'id', 'table_description': 'The cases a measure rests on'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='MeasureEntry',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('measure', fields.ForeignKeyField('app.Measure', source_field='measure_id', db_constraint=True, to_field='id', related_name='entries', on_delete=OnDelete.RESTRICT)),
                ('seq', fields.IntField()),
                ('act', fields.CharField(max_length=20)),
                ('at', InstantField(generated=False, null=False, unique=False)),
                ('actor', fields.CharField(max_length=80)),
                ('actor_name', fields.CharField(max_length=80)),
                ('unit', fields.CharField(default='', max_length=60)),
                ('data', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={'table': 'routing_measure_entry', 'app': 'app', 'unique_together': (('measure_id', 'seq'),), 'pk_attr': 'id', 'table_description': 'What was done about a measure, never edited'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Proposal',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('key', fields.CharField(unique=True, max_length=120)),
                ('case_no', fields.CharField(max_length=20)),
                ('unit', fields.CharField(default='', max_length=60)),
                ('trigger', fields.CharField(max_length=30)),
                ('rule', fields.CharField(max_length=30)),
                ('evidence', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('made_at', InstantField(generated=False, null=False, unique=False)),
                ('status', fields.CharField(default='open', max_length=12)),
                ('decided_by', fields.CharField(default='', max_length=80)),
                ('decided_at', InstantField(null=True, generated=False, unique=False)),
                ('reason', fields.CharField(default='', max_length=500)),
            ],
            options={'table': 'routing_proposal', 'app': 'app', 'indexes': [Index(fields=['status', 'made_at']), Index(fields=['case_no'])], 'pk_attr': 'id', 'table_description': 'Supervision orders a rule proposes, each decided once by a person'},
            bases=['Model'],
        ),
    ]
