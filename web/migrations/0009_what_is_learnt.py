"""What cases teach and who agreed, candidates asked for, topics, findings in answers, and what deserves attention in a case."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from feedback.kernel.db import InstantField
from orjson import loads
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('app', '0008_proof')]

    initial = False

    operations = [
        ops.CreateModel(
            name='AnswerFinding',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('case_no', fields.CharField(max_length=20)),
                ('seq', fields.IntField()),
                ('unit', fields.CharField(max_length=60)),
                ('at', InstantField(generated=False, null=False, unique=False)),
                ('findings', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={'table': 'classify_answer_finding', 'app': 'app', 'unique_together': (('case_no', 'seq'),), 'indexes': [Index(fields=['at', 'unit'])], 'pk_attr': 'id', 'table_description': 'What the checks found in an answer when it was sent'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='TopicRow',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('day', fields.DateField()),
                ('thread', fields.CharField(max_length=32)),
                ('title', fields.CharField(max_length=200)),
                ('region', fields.CharField(default='', max_length=12)),
                ('words', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('members', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={'table': 'classify_topic', 'app': 'app', 'unique_together': (('day', 'thread'),), 'pk_attr': 'id', 'table_description': 'What many people complained about on a day, with the cases behind it'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='TrainingRun',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('key', fields.CharField(unique=True, max_length=60)),
                ('asked_by', fields.CharField(max_length=80)),
                ('asked_at', InstantField(generated=False, null=False, unique=False)),
                ('leased_until', InstantField(null=True, generated=False, unique=False)),
                ('attempts', fields.IntField(default=0)),
                ('done_at', InstantField(null=True, generated=False, unique=False)),
                ('release', fields.CharField(default='', max_length=40)),
                ('error', fields.TextField(default='', unique=False)),
            ],
            options={'table': 'classify_training_run', 'app': 'app', 'indexes': [Index(fields=['done_at'])], 'pk_attr': 'id', 'table_description': 'Fittings of a candidate that were asked for, and what came of them'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Case',
            name='flags',
            field=fields.CharField(default='', db_default='', max_length=120),
        ),
        ops.AddField(
            model_name='LearntExample',
            name='confirmed_by',
            field=fields.CharField(default='', db_default='', max_length=80),
        ),
        ops.AddField(
            model_name='LearntExample',
            name='state',
            field=fields.CharField(default='said', db_default='said', max_length=20),
        ),
        ops.AddField(
            model_name='LearntExample',
            name='unit',
            field=fields.CharField(default='', db_default='', max_length=60),
        ),
        ops.AddField(
            model_name='LearntExample',
            name='was',
            field=fields.CharField(default='', db_default='', max_length=4),
        ),
        ops.AddField(
            model_name='Release',
            name='made_by',
            field=fields.CharField(default='', db_default='', max_length=80),
        ),
        ops.AddField(
            model_name='Release',
            name='promoted_at',
            field=InstantField(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name='Release',
            name='promoted_by',
            field=fields.CharField(default='', db_default='', max_length=80),
        ),
        ops.AddField(
            model_name='Release',
            name='refused',
            field=fields.CharField(default='', db_default='', max_length=300),
        ),
    ]
