"""What became of a notice: by which channel it left, or that there is no way to whom it was meant for.

Every notice to a citizen was marked as sent though no channel to citizens exists: those become `no_channel` and lose
their time of sending. What stood in a unit's inbox only left by the inbox, what was told in a digest by the digest;
whether another notice to staff left by e-mail was not recorded, so its channel stays "". The words of a notice about a
report to whoever brought it lose the report's title.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index

FILL = (
    "UPDATE routing_notice SET state = CASE "
    "WHEN error <> '' THEN 'failed' "
    "WHEN sent_at IS NULL THEN 'queued' "
    "WHEN audience = 'citizen' THEN 'no_channel' "
    "ELSE 'sent' END, "
    "channel = CASE "
    "WHEN audience = 'citizen' THEN '' "
    "WHEN push = 'digest' THEN 'digest' "
    "WHEN leaves_at IS NULL AND sent_at IS NOT NULL THEN 'inbox' "
    "ELSE '' END"
)
UNSENT = "UPDATE routing_notice SET sent_at = NULL WHERE audience = 'citizen'"
UNTITLED = (
    "UPDATE routing_notice SET words = CASE "
    "WHEN event = 'case.submit' THEN '您反映的事项已收到，编号 ' || case_no || '。' "
    "ELSE '您反映的事项（编号 ' || case_no || '）有新进展，请凭查询码查看。' END, "
    "confidential = (SELECT c.confidential FROM feedback_case c WHERE c.no = routing_notice.case_no) "
    "WHERE audience = 'citizen' AND case_no IN (SELECT no FROM feedback_case WHERE confidential)"
)


class Migration(migrations.Migration):
    dependencies = [('app', '0016_term_ids')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Notice',
            name='channel',
            field=fields.CharField(default='', db_default='', max_length=10),
        ),
        ops.AddField(
            model_name='Notice',
            name='state',
            field=fields.CharField(default='queued', db_default='queued', max_length=12),
        ),
        ops.RunSQL(FILL, ops.RunSQL.noop),
        ops.RunSQL(UNSENT, ops.RunSQL.noop),
        ops.RunSQL(UNTITLED, ops.RunSQL.noop),
        ops.AddIndex(
            model_name='Notice',
            index=Index(fields=['audience', 'state', 'made_at']),
        ),
        ops.AlterModelOptions(
            name='Notice',
            options={'table': 'routing_notice', 'app': 'app', 'indexes': (('unit', 'made_at', 'id'), ('unit', 'read_at', 'made_at'), ('case_no',), ('clock',), ('digest',), ('error', 'id'), ('audience', 'state', 'made_at')), 'pk_attr': 'id', 'table_description': 'What was told to whom, when, by which channel, and whether it left'},
        ),
    ]
