"""Markers of a case (minors, over the level, long standing, led by somebody), and the entry with which somebody joined. The roster of who is
on duty."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index
from feedback.kernel.db import InstantField

class Migration(migrations.Migration):
    dependencies = [('app', '0025_erasure')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Case',
            name='markers',
            field=fields.CharField(default='', db_default='', max_length=80),
        ),
        ops.AddField(
            model_name='CasePerson',
            name='seq',
            field=fields.IntField(default=1, db_default=1),
        ),
        ops.CreateModel(
            name='DutySpan',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('unit', fields.CharField(max_length=60)),
                ('staff', fields.CharField(default='', max_length=80)),
                ('name', fields.CharField(max_length=80)),
                ('phone', fields.CharField(default='', max_length=30)),
                ('since', InstantField()),
                ('until', InstantField()),
            ],
            options={'table': 'routing_duty', 'app': 'app', 'unique_together': (('unit', 'name', 'since'),), 'indexes': [Index(fields=['until', 'since'])], 'pk_attr': 'id', 'table_description': 'Who is on duty, from when until when'},
            bases=['Model'],
        ),
    ]
