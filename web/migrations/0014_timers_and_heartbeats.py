"""What shows that the background work goes on: a heartbeat of each worker."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from feedback.kernel.db import InstantField
from tortoise import fields

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
    ]
