"""Markers of a case (minors, over the level, long standing, led by somebody), and the entry with which somebody joined."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

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
    ]
