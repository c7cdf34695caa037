"""Indexes that answer counts and lists without reading the cases, and notices without reading all of them."""

from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [('app', '0001_initial')]

    initial = False

    operations = [
        ops.RemoveIndex(
            model_name='Case',
            name=None,
            fields=['status', 'next_due_at'],
        ),
        ops.AddIndex(
            model_name='Case',
            index=Index(fields=['status', 'next_due_at', 'next_warn_at', 'confidential', 'unit', 'desk', 'id']),
        ),
        ops.AddIndex(
            model_name='Case',
            index=Index(fields=['next_due_at', 'id']),
        ),
        ops.AddIndex(
            model_name='Case',
            index=Index(fields=['replied_at']),
        ),
        ops.RemoveIndex(
            model_name='Notice',
            name=None,
            fields=['unit', 'made_at'],
        ),
        ops.AddIndex(
            model_name='Notice',
            index=Index(fields=['unit', 'made_at', 'id']),
        ),
        ops.AddIndex(
            model_name='Notice',
            index=Index(fields=['error', 'id']),
        ),
        ops.RemoveIndex(
            model_name='TenureRow',
            name=None,
            fields=['unit', 'until'],
        ),
        ops.AddIndex(
            model_name='TenureRow',
            index=Index(fields=['unit', 'until', 'case_id']),
        ),
    ]
