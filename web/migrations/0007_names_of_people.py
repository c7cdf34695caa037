"""By what a person of that name is found: a name alone shows little, but with the same words it does."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('app', '0006_who_was_told')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Person',
            name='name_hash',
            field=fields.CharField(default='', db_default='', max_length=64),
        ),
        ops.AddIndex(
            model_name='Person',
            index=Index(fields=['name_hash']),
        ),
    ]
