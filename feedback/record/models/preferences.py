"""Table of how a citizen wants to hear of their cases. Only `feedback.record.contact_preferences` touches it."""

from tortoise import fields
from tortoise.models import Model

from feedback.kernel.db import InstantField


class ContactPreferenceRow(Model):
    """How citizens want to be told, by the keyed hash of their telephone"""

    id = fields.BigIntField(primary_key=True)
    subject = fields.CharField(max_length=64, unique=True)
    channel = fields.CharField(max_length=10, default="")
    hours = fields.CharField(max_length=11, default="")
    is_plain = fields.BooleanField(default=False)
    opted_out_at = InstantField(null=True)
    email = fields.TextField(default="")
    wechat = fields.TextField(default="")
    changed_at = InstantField()

    class Meta:
        table = "feedback_contact_preference"
