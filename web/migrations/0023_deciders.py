"""Whose decision a case waits for: the head who signs or grants, the desk that decides.

What already waits is filled in by `xinqiao migrate` after this (`record.deciders.fill_deciders`): it is computed from entries.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('app', '0022_identity_documents')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Case',
            name='deciders',
            field=fields.CharField(default='', db_default='', max_length=20),
        ),
        ops.AddIndex(
            model_name='Case',
            index=Index(fields=['deciders', 'unit']),
        ),
    ]
