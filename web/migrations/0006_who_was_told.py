"""Clocks keep the stage they were told at and when to look next; notices keep of which clock they warn and who read them."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from feedback.kernel.db import InstantField
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('app', '0005_letters')]

    initial = False

    operations = [
        ops.RemoveIndex(
            model_name='ClockRow',
            name=None,
            fields=['stopped_at', 'told_late_at', 'due_at'],
        ),
        ops.RemoveIndex(
            model_name='ClockRow',
            name=None,
            fields=['stopped_at', 'told_amber_at', 'warn_at'],
        ),
        ops.RenameField(
            model_name='ClockRow',
            old_name='told_amber_at',
            new_name='look_at',
        ),
        ops.AddField(
            model_name='ClockRow',
            name='stage',
            field=fields.CharField(default='', db_default='', max_length=10),
        ),
        # Whatever runs is looked at once more: what was told keeps its stage, so nobody hears of it twice.
        ops.RunSQL(
            "UPDATE feedback_clock SET stage = CASE WHEN told_late_at IS NOT NULL THEN 'late'"
            " WHEN look_at IS NOT NULL THEN 'amber' ELSE '' END WHERE stopped_at IS NULL"
        ),
        ops.RunSQL(
            "UPDATE feedback_clock SET look_at = CASE WHEN stopped_at IS NULL"
            " AND term NOT IN ('object', 'ask_review', 'ask_re_review') THEN warn_at END"
        ),
        ops.RemoveField(model_name='ClockRow', name='told_late_at'),
        ops.AddIndex(
            model_name='ClockRow',
            index=Index(fields=['stopped_at', 'look_at', 'id']),
        ),
        ops.AddField(
            model_name='Notice',
            name='clock',
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name='Notice',
            name='confidential',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.RunSQL(
            "UPDATE routing_notice SET confidential = EXISTS"
            " (SELECT 1 FROM feedback_case c WHERE c.no = routing_notice.case_no AND c.confidential)"
        ),
        ops.AddField(
            model_name='Notice',
            name='digest',
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name='Notice',
            name='leaves_at',
            field=InstantField(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name='Notice',
            name='push',
            field=fields.CharField(default='working', db_default='working', max_length=10),
        ),
        ops.AddField(
            model_name='Notice',
            name='read_by',
            field=fields.CharField(default='', db_default='', max_length=80),
        ),
        ops.AddField(
            model_name='Notice',
            name='stage',
            field=fields.CharField(default='', db_default='', max_length=10),
        ),
        ops.AddIndex(
            model_name='Notice',
            index=Index(fields=['unit', 'read_at', 'made_at']),
        ),
        ops.AddIndex(
            model_name='Notice',
            index=Index(fields=['clock']),
        ),
        ops.AddIndex(
            model_name='Notice',
            index=Index(fields=['digest']),
        ),
        ops.AddField(
            model_name='Staff',
            name='mail',
            field=fields.CharField(default='', db_default='', max_length=120),
        ),
    ]
