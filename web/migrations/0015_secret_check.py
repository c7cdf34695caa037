"""The sealed word that proves the secret."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from feedback.kernel.db import InstantField
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('app', '0014_timers_and_heartbeats')]

    initial = False

    operations = [
        ops.CreateModel(
            name='SecretCheck',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('sealed', fields.TextField(unique=False)),
                ('made_at', InstantField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'kernel_secret_check', 'app': 'app', 'pk_attr': 'id', 'table_description': 'One sealed word that only the right secret opens'},
            bases=['Model'],
        ),
    ]
