"""Tries to log in are counted by source and account; the lock that anybody could put on an account goes."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from feedback.kernel.db import InstantField
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('app', '0017_notice_delivery')]

    initial = False

    operations = [
        ops.CreateModel(
            name='LoginAttempts',
            fields=[
                ('key', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('account', fields.CharField(max_length=64)),
                ('failed', fields.IntField()),
                ('seen_at', InstantField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'web_login_attempts', 'app': 'app', 'indexes': [Index(fields=['account']), Index(fields=['seen_at'])], 'pk_attr': 'key', 'table_description': 'How often a source tried to log in to an account lately, both as keyed hashes'},
            bases=['Model'],
        ),
        ops.RemoveField(model_name='Account', name='failed'),
        ops.RemoveField(model_name='Account', name='locked_until'),
    ]
