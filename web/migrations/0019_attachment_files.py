"""Attachments hold a keyed digest instead of a plain one, how long a draft holds them, and what the virus scanner found."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from feedback.kernel.db import InstantField


class Migration(migrations.Migration):
    dependencies = [('app', '0018_login_attempts')]

    initial = False

    operations = [
        ops.RenameField(model_name='Attachment', old_name='sha256', new_name='digest'),
        ops.AddField(model_name='Attachment', name='scan', field=fields.CharField(default='', db_default='', max_length=10)),
        ops.AddField(model_name='Attachment', name='held_until', field=InstantField(null=True, unique=False)),
        ops.AddIndex(model_name='Attachment', index=Index(fields=['scan'])),
    ]
