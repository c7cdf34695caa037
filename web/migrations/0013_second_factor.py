"""The second factor of staff."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from feedback.kernel.db import InstantField
from orjson import loads
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('app', '0012_measures_and_proposals')]

    initial = False

    operations = [
        ops.CreateModel(
            name='SecondFactor',
            fields=[
                ('username', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=80)),
                ('secret', fields.TextField(unique=False)),
                ('made_at', InstantField(generated=False, null=False, unique=False)),
                ('step', fields.BigIntField()),
                ('spares', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('left', fields.IntField()),
            ],
            options={'table': 'web_second_factor', 'app': 'app', 'pk_attr': 'username', 'table_description': 'What else proves who logs in: a sealed secret, the step of the code used last, hashes of the spare codes left'},
            bases=['Model'],
        ),
    ]
