"""Citizens are told by channels: their preferences, what was tried, and what a notice was made of."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from feedback.kernel.db import InstantField
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('app', '0025_erasure')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ContactPreferenceRow',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('subject', fields.CharField(unique=True, max_length=64)),
                ('channel', fields.CharField(default='', max_length=10)),
                ('hours', fields.CharField(default='', max_length=11)),
                ('is_plain', fields.BooleanField(default=False)),
                ('opted_out_at', InstantField(null=True, generated=False, unique=False)),
                ('email', fields.TextField(default='', unique=False)),
                ('wechat', fields.TextField(default='', unique=False)),
                ('changed_at', InstantField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'feedback_contact_preference', 'app': 'app', 'pk_attr': 'id', 'table_description': 'How citizens want to be told, by the keyed hash of their telephone'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='NoticeAttempt',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('notice', fields.ForeignKeyField('app.Notice', source_field='notice_id', db_constraint=True, to_field='id', related_name='attempts', on_delete=OnDelete.CASCADE)),
                ('channel', fields.CharField(max_length=10)),
                ('state', fields.CharField(max_length=12)),
                ('tries', fields.SmallIntField(default=1)),
                ('begun_at', InstantField(generated=False, null=False, unique=False)),
                ('ended_at', InstantField(null=True, generated=False, unique=False)),
                ('reference', fields.CharField(default='', max_length=100)),
                ('error', fields.CharField(default='', max_length=300)),
            ],
            options={'table': 'routing_notice_attempt', 'app': 'app', 'unique_together': (('notice_id', 'channel'),), 'indexes': [Index(fields=['channel', 'reference'])], 'pk_attr': 'id', 'table_description': 'Attempts to send a notice to a citizen, one row for each channel, so that nothing is sent twice'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Notice',
            name='delivered_at',
            field=InstantField(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name='Notice',
            name='informed_by',
            field=fields.CharField(default='', db_default='', max_length=80),
        ),
        ops.AddField(
            model_name='Notice',
            name='params',
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(
            model_name='Notice',
            name='recipient',
            field=fields.CharField(default='', db_default='', max_length=64),
        ),
        ops.AddField(
            model_name='Notice',
            name='segments',
            field=fields.SmallIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Notice',
            name='template',
            field=fields.CharField(default='', db_default='', max_length=30),
        ),
        ops.AddIndex(
            model_name='Notice',
            index=Index(fields=['recipient', 'id']),
        ),
    ]
