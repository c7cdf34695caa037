"""Salted digests of the texts of entries, so that they can be erased (个人信息保护法 第四十七条), and what a person refused.

Entries there are keep their plain digests (`digests` null): their chain is verified as before, and once they are erased
the decision covers what is left of them.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('app', '0024_unit_successor')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Case',
            name='restrictions',
            field=fields.CharField(default='', db_default='', max_length=40),
        ),
        ops.AddField(
            model_name='Entry',
            name='salt',
            field=fields.CharField(default='', db_default='', max_length=32),
        ),
        ops.AddField(
            model_name='Entry',
            name='digests',
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
    ]
