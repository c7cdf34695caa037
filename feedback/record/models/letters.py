"""Tables of issued letters and of their number series.

Only `feedback` touches these tables.
"""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from feedback.kernel.db import InstantField
from feedback.record.models.case import Case


class Letter(Model):
    """Official letters issued by acts, numbered and checkable"""

    id = fields.BigIntField(primary_key=True)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "app.Case", related_name="letters", on_delete=fields.RESTRICT
    )
    seq = fields.IntField()
    code = fields.CharField(max_length=40)
    number = fields.CharField(max_length=100, unique=True)
    token = fields.CharField(max_length=24, unique=True)
    unit = fields.CharField(max_length=60)
    facts: dict[str, Any] = fields.JSONField()
    sealed = fields.TextField(default="")
    edition = fields.CharField(max_length=64)
    digest = fields.CharField(max_length=64)
    issued_at = InstantField()

    class Meta:
        table = "feedback_letter"
        unique_together = (("case_id", "seq", "code"),)
        indexes = (("unit", "issued_at"), ("code", "issued_at"))


class UnitLetter(Model):
    """Official letters between offices that belong to no case, numbered and checkable"""

    id = fields.BigIntField(primary_key=True)
    about = fields.CharField(max_length=40)
    code = fields.CharField(max_length=40)
    number = fields.CharField(max_length=100, unique=True)
    token = fields.CharField(max_length=24, unique=True)
    unit = fields.CharField(max_length=60)
    facts: dict[str, Any] = fields.JSONField()
    edition = fields.CharField(max_length=64)
    digest = fields.CharField(max_length=64)
    issued_at = InstantField()

    class Meta:
        table = "feedback_unit_letter"
        unique_together = (("about", "code"),)


class LetterSeries(Model):
    """Last number given out in each series of letters, by office year"""

    id = fields.BigIntField(primary_key=True)
    series = fields.CharField(max_length=80)
    year = fields.IntField()
    given = fields.IntField()

    class Meta:
        table = "feedback_letter_series"
        unique_together = (("series", "year"),)
