"""Tables of units, staff, regions, routing rows, notices and measures. `routing.directory` reads the units."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from feedback.kernel.db import InstantField


class Unit(Model):
    """Units that answer, in a tree, never deleted, only closed"""

    code = fields.CharField(max_length=60, primary_key=True)
    name = fields.CharField(max_length=100)
    short = fields.CharField(max_length=40)
    aliases: list[str] = fields.JSONField()
    kind = fields.CharField(max_length=20)
    level = fields.CharField(max_length=20)
    parent = fields.CharField(max_length=60, default="")
    region = fields.CharField(max_length=12)
    phone = fields.CharField(max_length=30, default="")
    address = fields.CharField(max_length=200, default="")
    duties: list[dict[str, Any]] = fields.JSONField()
    closed_at = InstantField(null=True)
    successor = fields.CharField(max_length=60, default="", db_default="")

    class Meta:
        table = "routing_unit"


class Region(Model):
    """Administrative regions of five levels with the places people name"""

    code = fields.CharField(max_length=12, primary_key=True)
    name = fields.CharField(max_length=60)
    level = fields.CharField(max_length=20)
    parent = fields.CharField(max_length=12, default="")
    aliases: list[str] = fields.JSONField()
    places: list[str] = fields.JSONField()

    class Meta:
        table = "routing_region"


class Staff(Model):
    """Which post somebody holds: unit, roles, clearance"""

    username = fields.CharField(max_length=80, primary_key=True)
    name = fields.CharField(max_length=80)
    unit = fields.CharField(max_length=60)
    roles: list[str] = fields.JSONField()
    everywhere = fields.BooleanField(default=False)
    cleared = fields.BooleanField(default=False)
    active = fields.BooleanField(default=True)
    mail = fields.CharField(max_length=120, default="", db_default="")

    class Meta:
        table = "routing_staff"
        indexes = (("unit",),)


class DutySpan(Model):
    """Who is on duty, from when until when"""

    id = fields.BigIntField(primary_key=True)
    unit = fields.CharField(max_length=60)
    staff = fields.CharField(max_length=80, default="")
    name = fields.CharField(max_length=80)
    phone = fields.CharField(max_length=30, default="")
    since = InstantField()
    until = InstantField()

    class Meta:
        table = "routing_duty"
        unique_together = (("unit", "name", "since"),)
        indexes = (("until", "since"),)


class RoutingRow(Model):
    """Who answers what where, edited by people, each with its reason"""

    id = fields.IntField(primary_key=True)
    category = fields.CharField(max_length=4, default="")
    kind = fields.CharField(max_length=20, default="")
    region = fields.CharField(max_length=12, default="")
    lead = fields.CharField(max_length=60)
    co: list[str] = fields.JSONField()
    reason = fields.CharField(max_length=300)
    author = fields.CharField(max_length=80)
    made_at = InstantField()
    active = fields.BooleanField(default=True)

    class Meta:
        table = "routing_row"
        indexes = (("active", "category"),)


class DirectoryEdition(Model):
    """One row whenever units, regions or routing rows change, so that every process notices"""

    id = fields.IntField(primary_key=True)
    made_at = InstantField()
    made_by = fields.CharField(max_length=80)
    remark = fields.CharField(max_length=200, default="")

    class Meta:
        table = "routing_edition"


class Notice(Model):
    """What was told to whom, when, by which channel, and whether it left"""

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=200, unique=True)
    case_no = fields.CharField(max_length=20)
    event = fields.CharField(max_length=40)
    audience = fields.CharField(max_length=20)
    unit = fields.CharField(max_length=60, default="")
    words = fields.CharField(max_length=500)
    made_at = InstantField()
    sent_at = InstantField(null=True)  # only when it left by its channel
    read_at = InstantField(null=True)
    error = fields.CharField(max_length=300, default="")
    clock = fields.BigIntField(null=True)
    stage = fields.CharField(max_length=10, default="", db_default="")
    push = fields.CharField(max_length=10, default="working", db_default="working")
    digest = fields.BigIntField(null=True)
    confidential = fields.BooleanField(default=False, db_default=False)
    leaves_at = InstantField(null=True)
    read_by = fields.CharField(max_length=80, default="", db_default="")
    channel = fields.CharField(max_length=10, default="", db_default="")
    state = fields.CharField(max_length=12, default="queued", db_default="queued")
    template = fields.CharField(max_length=30, default="", db_default="")  # of a notice to a citizen
    params: dict[str, str] | None = fields.JSONField(null=True)  # the values in it, for providers that hold the text
    recipient = fields.CharField(max_length=64, default="", db_default="")  # keyed hash of the citizen's telephone
    segments = fields.SmallIntField(default=0, db_default=0)  # short messages it makes
    delivered_at = InstantField(null=True)  # when the provider says that it arrived
    informed_by = fields.CharField(max_length=80, default="", db_default="")  # who told it by telephone

    class Meta:
        table = "routing_notice"
        indexes = (
            ("unit", "made_at", "id"),
            ("unit", "read_at", "made_at"),
            ("case_no",),
            ("clock",),
            ("digest",),
            ("error", "id"),
            ("audience", "state", "made_at"),
            ("recipient", "id"),
        )


class NoticeAttempt(Model):
    """Attempts to send a notice to a citizen, one row for each channel, so that nothing is sent twice"""

    id = fields.BigIntField(primary_key=True)
    notice: fields.ForeignKeyRelation[Notice] = fields.ForeignKeyField(
        "app.Notice", related_name="attempts", on_delete=fields.CASCADE
    )
    channel = fields.CharField(max_length=10)
    state = fields.CharField(max_length=12)
    tries = fields.SmallIntField(default=1)
    begun_at = InstantField()
    ended_at = InstantField(null=True)
    reference = fields.CharField(max_length=100, default="")
    error = fields.CharField(max_length=300, default="")

    class Meta:
        table = "routing_notice_attempt"
        unique_together = (("notice_id", "channel"),)
        indexes = (("channel", "reference"),)


class Measure(Model):
    """Measures and suggestions addressed to a unit, each with its due day and answer"""

    id = fields.BigIntField(primary_key=True)
    no = fields.CharField(max_length=20, unique=True)
    kind = fields.CharField(max_length=20)
    unit = fields.CharField(max_length=60)
    title = fields.CharField(max_length=100)
    text = fields.TextField()
    status = fields.CharField(max_length=20)
    version = fields.IntField(default=1)
    due_day = fields.DateField()
    due_at = InstantField()
    look_at = InstantField(null=True)
    adoption = fields.CharField(max_length=10, default="")
    issued_by = fields.CharField(max_length=80)
    issuer_unit = fields.CharField(max_length=60)
    issued_at = InstantField()
    answered_at = InstantField(null=True)
    ended_at = InstantField(null=True)

    class Meta:
        table = "routing_measure"
        indexes = (("unit", "issued_at"), ("status", "look_at"), ("issued_at",))


class MeasureCase(Model):
    """The cases a measure rests on"""

    id = fields.BigIntField(primary_key=True)
    measure: fields.ForeignKeyRelation[Measure] = fields.ForeignKeyField(
        "app.Measure", related_name="cases", on_delete=fields.RESTRICT
    )
    case_no = fields.CharField(max_length=20)

    class Meta:
        table = "routing_measure_case"
        unique_together = (("measure_id", "case_no"),)


class MeasureEntry(Model):
    """What was done about a measure, never edited"""

    id = fields.BigIntField(primary_key=True)
    measure: fields.ForeignKeyRelation[Measure] = fields.ForeignKeyField(
        "app.Measure", related_name="entries", on_delete=fields.RESTRICT
    )
    seq = fields.IntField()
    act = fields.CharField(max_length=20)
    at = InstantField()
    actor = fields.CharField(max_length=80)
    actor_name = fields.CharField(max_length=80)
    unit = fields.CharField(max_length=60, default="")
    data: dict[str, Any] = fields.JSONField()

    class Meta:
        table = "routing_measure_entry"
        unique_together = (("measure_id", "seq"),)


class Proposal(Model):
    """Supervision orders a rule proposes, each decided once by a person"""

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=120, unique=True)
    case_no = fields.CharField(max_length=20)
    unit = fields.CharField(max_length=60, default="")
    trigger = fields.CharField(max_length=30)
    rule = fields.CharField(max_length=30)
    evidence: list[str] = fields.JSONField()
    made_at = InstantField()
    status = fields.CharField(max_length=12, default="open")
    decided_by = fields.CharField(max_length=80, default="")
    decided_at = InstantField(null=True)
    reason = fields.CharField(max_length=500, default="")

    class Meta:
        table = "routing_proposal"
        indexes = (("status", "made_at"), ("case_no",))
