"""Tables of the working calendar: editions, their days, drafts and the deadlines they changed.

Only `feedback` touches these tables.
"""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from feedback.kernel.db import InstantField
from feedback.record.models.case import Case


class CalendarEdition(Model):
    """Editions of the office calendar, one whenever a day changes, never edited"""

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=40, unique=True)
    follows = fields.IntField(null=True, unique=True)
    announced_until = fields.DateField()
    made_at = InstantField()
    made_by = fields.CharField(max_length=80)
    remark = fields.CharField(max_length=200, default="")
    source = fields.CharField(max_length=200, default="", db_default="")
    digest = fields.CharField(max_length=64, default="", db_default="")
    has_statutory_days = fields.BooleanField(default=False, db_default=False)

    class Meta:
        table = "feedback_calendar_edition"


class EditionDay(Model):
    """Days an edition of the calendar says anew, or makes plain again"""

    id = fields.BigIntField(primary_key=True)
    edition: fields.ForeignKeyRelation[CalendarEdition] = fields.ForeignKeyField(
        "app.CalendarEdition", related_name="days", on_delete=fields.RESTRICT
    )
    day = fields.DateField()
    is_workday = fields.BooleanField(null=True)
    name = fields.CharField(max_length=40, default="")

    class Meta:
        table = "feedback_edition_day"
        unique_together = (("edition_id", "day"),)


class CalendarDraft(Model):
    """Changes of the calendar that are looked at before they are made"""

    id = fields.BigIntField(primary_key=True)
    made_at = InstantField()
    made_by = fields.CharField(max_length=80)
    follows = fields.CharField(max_length=40)
    announced_until = fields.DateField()
    days: list[list[Any]] = fields.JSONField()
    source = fields.CharField(max_length=200, default="")
    remark = fields.CharField(max_length=200, default="")
    edition = fields.CharField(max_length=40, default="")

    class Meta:
        table = "feedback_calendar_draft"


class DeadlineChangeRow(Model):
    """Running deadlines that an edition of the calendar moved, never edited"""

    id = fields.BigIntField(primary_key=True)
    edition: fields.ForeignKeyRelation[CalendarEdition] = fields.ForeignKeyField(
        "app.CalendarEdition", related_name="moves", on_delete=fields.RESTRICT
    )
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "app.Case", related_name="moves", on_delete=fields.RESTRICT
    )
    term = fields.CharField(max_length=30)
    label = fields.CharField(max_length=40)
    seq = fields.IntField()
    holder = fields.CharField(max_length=10)
    unit = fields.CharField(max_length=60, default="")
    before_day = fields.DateField()
    after_day = fields.DateField()
    at = InstantField()

    class Meta:
        table = "feedback_calendar_move"
        indexes = (("edition_id", "case_id"), ("case_id",))
