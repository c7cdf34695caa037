"""Official letters between offices that belong to no case."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from feedback.kernel.db import InstantField
from orjson import loads
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('app', '0009_what_is_learnt')]

    initial = False

    operations = [
        ops.CreateModel(
            name='UnitLetter',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('about', fields.CharField(max_length=40)),
                ('code', fields.CharField(max_length=40)),
                ('number', fields.CharField(unique=True, max_length=100)),
                ('token', fields.CharField(unique=True, max_length=24)),
                ('unit', fields.CharField(max_length=60)),
                ('facts', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('edition', fields.CharField(max_length=64)),
                ('digest', fields.CharField(max_length=64)),
                ('issued_at', InstantField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'feedback_unit_letter', 'app': 'app', 'unique_together': (('about', 'code'),), 'pk_attr': 'id', 'table_description': 'Official letters between offices that belong to no case, numbered and checkable'},
            bases=['Model'],
        ),
    ]
