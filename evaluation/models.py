"""Tables of ratings, their counters, service matters and published editions."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from feedback.kernel.db import InstantField


class Matter(Model):
    """Service matters that can be rated without a case"""

    code = fields.CharField(max_length=40, primary_key=True)
    name = fields.CharField(max_length=200)
    unit = fields.CharField(max_length=60)
    kind = fields.CharField(max_length=20)
    promise_days = fields.IntField(default=0)
    closed_at = InstantField(null=True)

    class Meta:
        table = "evaluation_matter"
        indexes = (("unit",),)


class Rating(Model):
    """Ratings people gave, one and one follow-up per case or handling"""

    id = fields.CharField(max_length=40, primary_key=True)
    case_no = fields.CharField(max_length=20, null=True)
    seq = fields.IntField(default=0)
    matter = fields.CharField(max_length=40, default="")
    matter_name = fields.CharField(max_length=200, default="")
    handling_no = fields.CharField(max_length=60, null=True)
    window = fields.CharField(max_length=40, default="")
    unit = fields.CharField(max_length=60)
    pf = fields.CharField(max_length=2)
    level = fields.SmallIntField()
    profile = fields.CharField(max_length=20, default="", db_default="")
    region = fields.CharField(max_length=12, default="", db_default="")
    desk = fields.CharField(max_length=60, default="", db_default="")
    desk_level = fields.SmallIntField(null=True)
    confidential = fields.BooleanField(default=False, db_default=False)
    tags: list[str] = fields.JSONField()
    text = fields.TextField(default="")
    anonymous = fields.BooleanField(default=False)
    is_default = fields.BooleanField(default=False)
    number = fields.SmallIntField(default=1)
    indicator_set = fields.CharField(max_length=10)
    at = InstantField()
    status = fields.CharField(max_length=20, default="valid")
    set_aside = fields.CharField(max_length=300, default="")
    judged_by = fields.CharField(max_length=80, default="")
    judged_at = InstantField(null=True)
    dispute_reason = fields.CharField(max_length=300, default="", db_default="")
    disputed_by = fields.CharField(max_length=80, default="", db_default="")
    disputed_at = InstantField(null=True)
    rectify_no = fields.CharField(max_length=20, default="")
    contact = fields.TextField(default="")
    token_hash = fields.CharField(max_length=64, default="")

    class Meta:
        table = "evaluation_rating"
        unique_together = (("case_no", "number"), ("handling_no", "matter", "number"))
        indexes = (("unit", "at"), ("at",), ("level", "at"), ("rectify_no",))


class Handling(Model):
    """Handlings of services (办件) whose applicants may rate them, one row each"""

    id = fields.BigIntField(primary_key=True)
    handling_no = fields.CharField(max_length=60)
    matter = fields.CharField(max_length=40)
    unit = fields.CharField(max_length=60)
    window = fields.CharField(max_length=40, default="")
    node = fields.CharField(max_length=12)
    at = InstantField()
    phone_hash = fields.CharField(max_length=64, default="")
    wrong_proofs = fields.SmallIntField(default=0)
    registered_by = fields.CharField(max_length=80)
    registered_at = InstantField()

    class Meta:
        table = "evaluation_handling"
        unique_together = (("handling_no", "matter"),)
        indexes = (("unit", "registered_at"),)


class UnverifiedRating(Model):
    """Ratings by somebody who did not prove to have been served: they count nowhere and open nothing"""

    id = fields.CharField(max_length=40, primary_key=True)
    matter = fields.CharField(max_length=40)
    matter_name = fields.CharField(max_length=200)
    handling_no = fields.CharField(max_length=60, default="")
    window = fields.CharField(max_length=40, default="")
    unit = fields.CharField(max_length=60)
    pf = fields.CharField(max_length=2)
    level = fields.SmallIntField()
    tags: list[str] = fields.JSONField()
    text = fields.TextField(default="")
    reason = fields.CharField(max_length=20)
    at = InstantField()

    class Meta:
        table = "evaluation_unverified_rating"
        indexes = (("at",), ("unit", "at"))


class Exclusion(Model):
    """Cases left out of satisfaction rates, asked for with a reason and decided by somebody else"""

    id = fields.BigIntField(primary_key=True)
    case_no = fields.CharField(max_length=20, unique=True)
    unit = fields.CharField(max_length=60)
    reason = fields.CharField(max_length=300)
    asked_by = fields.CharField(max_length=80)
    asked_at = InstantField()
    status = fields.CharField(max_length=20)
    decided_by = fields.CharField(max_length=80, default="")
    decided_at = InstantField(null=True)
    answer = fields.CharField(max_length=300, default="")

    class Meta:
        table = "evaluation_exclusion"
        indexes = (("status", "asked_at"), ("unit", "status"))


class RatingCount(Model):
    """Counters of valid first ratings, rebuildable from the ratings"""

    id = fields.BigIntField(primary_key=True)
    unit = fields.CharField(max_length=60)
    day = fields.DateField()
    level = fields.SmallIntField()
    n = fields.IntField(default=0)

    class Meta:
        table = "evaluation_rating_count"
        unique_together = (("unit", "day", "level"),)
        indexes = (("day",),)


class Edition(Model):
    """Figures of a period, frozen, corrected by a new edition only"""

    id = fields.BigIntField(primary_key=True)
    period = fields.CharField(max_length=7)
    number = fields.IntField()
    made_at = InstantField()
    made_by = fields.CharField(max_length=80)
    provisional = fields.BooleanField(default=False)
    corrects = fields.IntField(null=True)
    remark = fields.CharField(max_length=300, default="")
    figures: dict[str, Any] = fields.JSONField()
    digest = fields.CharField(max_length=64)

    class Meta:
        table = "evaluation_edition"
        unique_together = (("period", "number"),)
