"""Tables of reply templates and quick reasons."""

from tortoise import fields
from tortoise.models import Model


class ReplyTemplate(Model):
    """Texts clerks start an answer from"""

    code = fields.CharField(max_length=60, primary_key=True)
    title = fields.CharField(max_length=100)
    kind = fields.CharField(max_length=20, default="")
    text = fields.TextField()

    class Meta:
        table = "web_reply_template"


class QuickReason(Model):
    """Usual reasons to choose from when returning, declining or extending"""

    id = fields.IntField(primary_key=True)
    act = fields.CharField(max_length=30)
    text = fields.CharField(max_length=300)

    class Meta:
        table = "web_quick_reason"
        indexes = (("act",),)
