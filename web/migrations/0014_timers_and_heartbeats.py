"""The background work: timers as rows, a heartbeat of each worker, the priority of messages, an index of its sweep."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from feedback.kernel.db import InstantField
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('app', '0013_second_factor')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Heartbeat',
            fields=[
                ('worker', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=80)),
                ('started_at', InstantField(generated=False, null=False, unique=False)),
                ('beat_at', InstantField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'kernel_heartbeat', 'app': 'app', 'pk_attr': 'worker', 'table_description': 'When each worker last wrote that it is alive'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='TimerRow',
            fields=[
                ('name', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=60)),
                ('due_at', InstantField(generated=False, null=False, unique=False)),
                ('leased_until', InstantField(generated=False, null=True, unique=False)),
                ('position', fields.CharField(default='', max_length=200)),
                ('last_started_at', InstantField(generated=False, null=True, unique=False)),
                ('last_finished_at', InstantField(generated=False, null=True, unique=False)),
                ('last_duration_ms', fields.BigIntField(default=0)),
                ('failures', fields.IntField(default=0)),
                ('error', fields.TextField(default='', unique=False)),
            ],
            options={'table': 'kernel_timer', 'app': 'app', 'pk_attr': 'name', 'table_description': 'Timers with when they are due, who runs them now and how the last run went'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Message',
            name='priority',
            field=fields.SmallIntField(default=10, db_default=10),
        ),
        ops.AddIndex(
            model_name='Message',
            index=Index(fields=['done_at', 'priority', 'run_at', 'id']),
        ),
        ops.AddIndex(
            model_name='Case',
            index=Index(fields=['status', 'replied_at', 'id']),
        ),
    ]
