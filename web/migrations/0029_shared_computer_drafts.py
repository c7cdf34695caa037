"""When the draft of a form on a shared computer ends, so that it is deleted without anybody opening it."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from feedback.kernel.db import InstantField
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('app', '0028_citizens')]

    initial = False

    operations = [
        ops.AddField(model_name='FormDraft', name='expires_at', field=InstantField(null=True, unique=False)),
        ops.AddIndex(
            model_name='FormDraft',
            index=Index(fields=['expires_at']),
        ),
    ]
