"""Tables of cases: persons, entries, tenures, links, access bars, attachments and published replies.

Only `feedback` touches these tables. Status, unit and tenures are projections of the entries, stored for speed.
"""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from feedback.kernel.db import InstantField


class Person(Model):
    """People who brought something, sealed with a key of their own"""

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=200)
    name = fields.TextField(default="")
    phone = fields.TextField(default="")
    id_kind = fields.CharField(max_length=3, default="", db_default="")
    id_number = fields.TextField(default="")
    address = fields.TextField(default="")
    email = fields.TextField(default="", db_default="")
    org_name = fields.TextField(default="", db_default="")
    org_code = fields.TextField(default="", db_default="")
    phone_hash = fields.CharField(max_length=64, default="")
    id_hash = fields.CharField(max_length=64, default="")
    id_tail_hash = fields.CharField(max_length=64, default="", db_default="")
    tail_hash = fields.CharField(max_length=64, default="")
    name_hash = fields.CharField(max_length=64, default="", db_default="")
    forgotten_at = InstantField(null=True)

    class Meta:
        table = "feedback_person"
        indexes = (("phone_hash",), ("id_hash",), ("id_tail_hash",), ("name_hash",))


class Case(Model):
    """Cases, one row each, foldings of their entries"""

    id = fields.BigIntField(primary_key=True)
    no = fields.CharField(max_length=20, unique=True)
    code = fields.CharField(max_length=200)
    code_hash = fields.CharField(max_length=64, unique=True)
    channel = fields.CharField(max_length=20)
    source_id = fields.CharField(max_length=120, null=True)
    kind = fields.CharField(max_length=20)
    profile = fields.CharField(max_length=20)
    stage = fields.CharField(max_length=20, default="first")
    status = fields.CharField(max_length=20)
    version = fields.IntField(default=1)
    title = fields.CharField(max_length=200)
    text = fields.TextField()
    region = fields.CharField(max_length=12, default="")
    address = fields.CharField(max_length=400, default="")
    category = fields.CharField(max_length=4, default="")
    confidence = fields.FloatField(default=0.0)
    by_hand = fields.BooleanField(default=False)
    desk = fields.CharField(max_length=60)
    unit = fields.CharField(max_length=60, default="")
    urgency = fields.SmallIntField(default=0)
    flags = fields.CharField(max_length=120, default="", db_default="")
    confidential = fields.BooleanField(default=False)
    anonymous = fields.BooleanField(default=False)
    public_consent = fields.BooleanField(default=False)
    headcount = fields.IntField(default=1)
    link = fields.CharField(max_length=20, default="")
    person: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "app.Person", related_name="cases", null=True, on_delete=fields.RESTRICT
    )
    received_at = InstantField()
    replied_at = InstantField(null=True)
    closed_at = InstantField(null=True)
    next_due_at = InstantField(null=True)
    next_warn_at = InstantField(null=True)
    deciders = fields.CharField(max_length=20, default="", db_default="")  # roles whose decision it waits for
    restrictions = fields.CharField(max_length=40, default="", db_default="")  # what the person refused, for queries
    digest = fields.CharField(max_length=64, default="")
    sender_hash = fields.CharField(max_length=64, default="", db_default="")
    markers = fields.CharField(max_length=80, default="", db_default="")  # codes, each with a blank before it

    class Meta:
        table = "feedback_case"
        unique_together = (("channel", "source_id"),)
        indexes = (
            ("unit", "status"),
            ("desk", "status"),
            # What a count of the list or the board reads, so that it reads no case for it.
            ("status", "next_due_at", "next_warn_at", "confidential", "unit", "desk", "id"),
            ("next_due_at", "id"),
            ("deciders", "unit"),
            ("received_at",),
            ("replied_at",),
            ("status", "replied_at", "id"),
            ("link",),
            ("person_id",),
        )


class CasePerson(Model):
    """People beside the petitioner of a case, representatives and proxies"""

    id = fields.BigIntField(primary_key=True)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "app.Case", related_name="people", on_delete=fields.RESTRICT
    )
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "app.Person", related_name="beside", on_delete=fields.RESTRICT
    )
    role = fields.CharField(max_length=20)
    kind = fields.CharField(max_length=20, default="")
    authority = fields.CharField(max_length=20, default="")
    seq = fields.IntField(default=1, db_default=1)  # the entry with which they joined

    class Meta:
        table = "feedback_case_person"
        indexes = (("case_id", "id"), ("person_id",))


class Link(Model):
    """Links between two cases, proposed or decided, with their evidence"""

    id = fields.BigIntField(primary_key=True)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "app.Case", related_name="links", on_delete=fields.RESTRICT
    )
    earlier: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "app.Case", related_name="later_links", on_delete=fields.RESTRICT
    )
    kind = fields.CharField(max_length=20)
    state = fields.CharField(max_length=20)
    score = fields.FloatField(default=0.0)
    same_person = fields.BooleanField(default=False)
    evidence: dict[str, Any] = fields.JSONField()
    made_at = InstantField()
    made_by = fields.CharField(max_length=80)
    decided_at = InstantField(null=True)
    decided_by = fields.CharField(max_length=80, default="")
    decided_name = fields.CharField(max_length=80, default="")

    class Meta:
        table = "feedback_link"
        unique_together = (("case_id", "earlier_id"),)
        indexes = (("earlier_id", "kind"), ("state", "id"))


class Entry(Model):
    """What was done to a case, chained by digests, never edited"""

    id = fields.BigIntField(primary_key=True)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "app.Case", related_name="entries", on_delete=fields.RESTRICT
    )
    seq = fields.IntField()
    act = fields.CharField(max_length=30)
    at = InstantField()
    actor = fields.CharField(max_length=80)
    actor_name = fields.CharField(max_length=80)
    role = fields.CharField(max_length=20)
    unit = fields.CharField(max_length=60, default="")
    data: dict[str, Any] = fields.JSONField()
    status = fields.CharField(max_length=20)
    public = fields.BooleanField(default=True)
    digest = fields.CharField(max_length=64)
    salt = fields.CharField(max_length=32, default="", db_default="")  # "": its texts are erased, or of before 0025
    digests: dict[str, str] | None = fields.JSONField(null=True)  # salted digests of its texts, see rules.entry_texts

    class Meta:
        table = "feedback_entry"
        unique_together = (("case_id", "seq"),)
        indexes = (("act", "at"),)


class TenureRow(Model):
    """Spans during which units hold a case, folded from the entries"""

    id = fields.BigIntField(primary_key=True)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "app.Case", related_name="tenures", on_delete=fields.RESTRICT
    )
    unit = fields.CharField(max_length=60)
    lead = fields.BooleanField()
    seq = fields.IntField()
    since = InstantField()
    until = InstantField(null=True)
    task = fields.TextField(default="")

    class Meta:
        table = "feedback_tenure"
        unique_together = (("case_id", "seq", "unit"),)
        indexes = (("unit", "until", "case_id"),)


class AccessBar(Model):
    """Units that may never learn of a case, and staff who must not handle it"""

    id = fields.BigIntField(primary_key=True)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "app.Case", related_name="bars", on_delete=fields.RESTRICT
    )
    unit = fields.CharField(max_length=60, default="")
    staff = fields.CharField(max_length=80, default="")

    class Meta:
        table = "feedback_bar"
        indexes = (("case_id",), ("unit",), ("staff",))


class Attachment(Model):
    """Files people sent, stored outside the database"""

    id = fields.CharField(max_length=40, primary_key=True)
    case: fields.ForeignKeyNullableRelation[Case] = fields.ForeignKeyField(
        "app.Case", related_name="attachments", null=True, on_delete=fields.RESTRICT
    )
    seq = fields.IntField(default=0)
    name = fields.CharField(max_length=255)
    size = fields.BigIntField()
    type = fields.CharField(max_length=80)
    digest = fields.CharField(max_length=64)
    scan = fields.CharField(max_length=10, default="", db_default="")
    made_at = InstantField()
    held_until = InstantField(null=True)

    class Meta:
        table = "feedback_attachment"
        indexes = (("case_id",), ("made_at",), ("scan",))


class PublicReply(Model):
    """Questions and answers published with consent, masked"""

    id = fields.BigIntField(primary_key=True)
    case: fields.OneToOneRelation[Case] = fields.OneToOneField(
        "app.Case", related_name="public_reply", on_delete=fields.RESTRICT
    )
    title = fields.CharField(max_length=200)
    question = fields.TextField()
    answer = fields.TextField()
    unit = fields.CharField(max_length=60)
    category = fields.CharField(max_length=4)
    region = fields.CharField(max_length=12, default="")
    kind = fields.CharField(max_length=20)
    received_at = InstantField()
    replied_at = InstantField()
    published_at = InstantField()
    digest = fields.CharField(max_length=64, default="")

    class Meta:
        table = "feedback_public_reply"
        indexes = (("unit", "published_at"), ("category", "published_at"), ("published_at",))
