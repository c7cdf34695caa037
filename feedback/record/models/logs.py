"""Table of the access log.

Only `feedback` touches these tables.
"""

from tortoise import fields
from tortoise.models import Model

from feedback.kernel.db import InstantField


class ReadLog(Model):
    """Who looked at whose confidential or personal data"""

    id = fields.BigIntField(primary_key=True)
    at = InstantField()
    actor = fields.CharField(max_length=80)
    unit = fields.CharField(max_length=60, default="")
    what = fields.CharField(max_length=40)
    case_no = fields.CharField(max_length=20, default="")
    detail = fields.CharField(max_length=300, default="")

    class Meta:
        table = "feedback_read_log"
        indexes = (("case_no", "at"), ("actor", "at"))


class CodeReissue(Model):
    """Query codes that were issued anew, with who did it and why"""

    id = fields.BigIntField(primary_key=True)
    case_no = fields.CharField(max_length=20)
    at = InstantField()
    actor = fields.CharField(max_length=80)
    actor_name = fields.CharField(max_length=80)
    unit = fields.CharField(max_length=60, default="")
    reason = fields.CharField(max_length=300)
    digest = fields.CharField(max_length=64)

    class Meta:
        table = "feedback_code_reissue"
        indexes = (("case_no",),)
