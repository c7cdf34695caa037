"""Attachments hold a keyed digest instead of a plain one, and what the virus scanner found."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [('app', '0018_login_attempts')]

    initial = False

    operations = [
        ops.RenameField(model_name='Attachment', old_name='sha256', new_name='digest'),
        ops.AddField(model_name='Attachment', name='scan', field=fields.CharField(default='', db_default='', max_length=10)),
        ops.AddIndex(model_name='Attachment', index=Index(fields=['scan'])),
    ]
