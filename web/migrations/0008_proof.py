from tortoise import migrations
from tortoise.migrations import operations as ops
from feedback.kernel.db import InstantField
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('app', '0007_names_of_people')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Outcome',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('case_no', fields.CharField(unique=True, max_length=20)),
                ('heading', fields.CharField(max_length=2)),
                ('category', fields.CharField(max_length=4)),
                ('street', fields.CharField(default='', max_length=60)),
                ('unit', fields.CharField(max_length=60)),
                ('confidence', fields.FloatField()),
                ('release', fields.CharField(default='', max_length=40)),
                ('is_right', fields.BooleanField()),
                ('at', InstantField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'classify_outcome', 'app': 'app', 'indexes': [Index(fields=['heading', 'id'])], 'pk_attr': 'id', 'table_description': 'What became of a proposal of the classifier, one row per case'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Proof',
            fields=[
                ('cell', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=120)),
                ('version', fields.IntField(default=1)),
                ('n', fields.IntField()),
                ('right', fields.IntField()),
                ('total', fields.IntField()),
                ('recent', fields.CharField(max_length=60)),
                ('state', fields.CharField(max_length=20)),
                ('since', InstantField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'classify_proof', 'app': 'app', 'pk_attr': 'cell', 'table_description': "How far the district's outcomes prove a cell, folded from them and stored so that it is found at once"},
            bases=['Model'],
        ),
    ]
