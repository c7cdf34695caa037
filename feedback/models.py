"""How is the case file kept? The tables of this package, and nothing else.

Only `feedback` touches them. Status, unit, clocks and tenures are foldings of the entries, stored for speed.
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
    id_number = fields.TextField(default="")
    address = fields.TextField(default="")
    phone_hash = fields.CharField(max_length=64, default="")
    id_hash = fields.CharField(max_length=64, default="")
    tail_hash = fields.CharField(max_length=64, default="")
    name_hash = fields.CharField(max_length=64, default="", db_default="")
    forgotten_at = InstantField(null=True)

    class Meta:
        table = "feedback_person"
        indexes = (("phone_hash",), ("id_hash",), ("name_hash",))


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
    digest = fields.CharField(max_length=64, default="")
    sender_hash = fields.CharField(max_length=64, default="", db_default="")

    class Meta:
        table = "feedback_case"
        unique_together = (("channel", "source_id"),)
        indexes = (
            ("unit", "status"),
            ("desk", "status"),
            # What a count of the list or the board reads, so that it reads no case for it.
            ("status", "next_due_at", "next_warn_at", "confidential", "unit", "desk", "id"),
            ("next_due_at", "id"),
            ("received_at",),
            ("replied_at",),
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

    class Meta:
        table = "feedback_entry"
        unique_together = (("case_id", "seq"),)
        indexes = (("act", "at"),)


class ClockRow(Model):
    """Clocks folded from the entries, stored so that they can be found"""

    id = fields.BigIntField(primary_key=True)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "app.Case", related_name="clocks", on_delete=fields.RESTRICT
    )
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


class Bar(Model):
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
    sha256 = fields.CharField(max_length=64)
    made_at = InstantField()

    class Meta:
        table = "feedback_attachment"
        indexes = (("case_id",), ("made_at",))


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


class CalendarMove(Model):
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
