"""Official letters and the series they are numbered in."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from feedback.kernel.db import InstantField
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('app', '0004_people_and_links')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Letter',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('app.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='letters', on_delete=OnDelete.RESTRICT)),
                ('seq', fields.IntField()),
                ('code', fields.CharField(max_length=40)),
                ('number', fields.CharField(unique=True, max_length=100)),
                ('token', fields.CharField(unique=True, max_length=24)),
                ('unit', fields.CharField(max_length=60)),
                ('facts', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('sealed', fields.TextField(default='', unique=False)),
                ('edition', fields.CharField(max_length=64)),
                ('digest', fields.CharField(max_length=64)),
                ('issued_at', InstantField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'feedback_letter', 'app': 'app', 'unique_together': (('case_id', 'seq', 'code'),), 'indexes': [Index(fields=['unit', 'issued_at']), Index(fields=['code', 'issued_at'])], 'pk_attr': 'id', 'table_description': 'Official letters issued by acts, numbered and checkable'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='LetterSeries',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('series', fields.CharField(max_length=80)),
                ('year', fields.IntField()),
                ('given', fields.IntField()),
            ],
            options={'table': 'feedback_letter_series', 'app': 'app', 'unique_together': (('series', 'year'),), 'pk_attr': 'id', 'table_description': 'Last number given out in each series of letters, by office year'},
            bases=['Model'],
        ),
    ]
