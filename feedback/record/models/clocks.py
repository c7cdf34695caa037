"""Table of clocks, computed from the entries and stored for speed.

Only `feedback` touches these tables.
"""

from tortoise import fields
from tortoise.models import Model

from feedback.kernel.db import InstantField
from feedback.record.models.case import Case


class ClockRow(Model):
    """Clocks folded from the entries, stored so that they can be found"""

    id = fields.BigIntField(primary_key=True)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "app.Case", related_name="clocks", on_delete=fields.RESTRICT
    )
    term_id = fields.CharField(max_length=60, default="", db_default="")  # the row of TERMS, "" when not known
    term = fields.CharField(max_length=30)
    label = fields.CharField(max_length=40)
    seq = fields.IntField()
    holder = fields.CharField(max_length=10)
    unit = fields.CharField(max_length=60, default="")
    starts_at = InstantField()
    due_raw_day = fields.DateField()
    due_legal_day = fields.DateField()
    warn_at = InstantField()
    due_at = InstantField()
    law = fields.CharField(max_length=200)
    length = fields.CharField(max_length=10)
    provisional = fields.BooleanField(default=False)
    edition = fields.CharField(max_length=40)
    stopped_at = InstantField(null=True)
    stopped_by = fields.CharField(max_length=30, default="")
    kept = fields.BooleanField(default=True)
    stage = fields.CharField(max_length=10, default="", db_default="")
    look_at = InstantField(null=True)

    class Meta:
        table = "feedback_clock"
        unique_together = (("case_id", "term", "seq", "unit"),)
        indexes = (
            ("stopped_at", "look_at", "id"),
            ("unit", "stopped_at", "due_at"),
            ("due_at",),
        )
