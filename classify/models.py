"""Tables of the classifier: releases, training examples, outcomes and what was found in cases."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from feedback.kernel.db import InstantField


class Release(Model):
    """Releases of the classifier with the trial each one stood"""

    id = fields.CharField(max_length=40, primary_key=True)
    kind = fields.CharField(max_length=20)
    folder = fields.CharField(max_length=80)
    digest = fields.CharField(max_length=64)
    trial: dict[str, Any] = fields.JSONField()
    made_at = InstantField()
    is_current = fields.BooleanField(default=False)
    made_by = fields.CharField(max_length=80, default="", db_default="")
    promoted_at = InstantField(null=True)
    promoted_by = fields.CharField(max_length=80, default="", db_default="")
    refused = fields.CharField(max_length=300, default="", db_default="")

    class Meta:
        table = "classify_release"
        indexes = (("is_current",),)


class LearntExample(Model):
    """What people's decisions taught, each with where it came from"""

    id = fields.BigIntField(primary_key=True)
    title = fields.CharField(max_length=200)
    text = fields.TextField()
    category = fields.CharField(max_length=4)
    source = fields.CharField(max_length=20)
    case_no = fields.CharField(max_length=20, default="")
    by = fields.CharField(max_length=80, default="")
    at = InstantField()
    unit = fields.CharField(max_length=60, default="", db_default="")
    state = fields.CharField(max_length=20, default="said", db_default="said")
    confirmed_by = fields.CharField(max_length=80, default="", db_default="")
    was = fields.CharField(max_length=4, default="", db_default="")

    class Meta:
        table = "classify_example"
        indexes = (("category",), ("case_no",))


class Passage(Model):
    """Prints of passages of cases, one number for print and case, by which twins are found"""

    key = fields.BigIntField(primary_key=True)

    class Meta:
        table = "classify_passage"


class Outcome(Model):
    """What became of a proposal of the classifier, one row per case"""

    id = fields.BigIntField(primary_key=True)
    case_no = fields.CharField(max_length=20, unique=True)
    heading = fields.CharField(max_length=2)
    category = fields.CharField(max_length=4)
    street = fields.CharField(max_length=60, default="")
    unit = fields.CharField(max_length=60)
    confidence = fields.FloatField()
    release = fields.CharField(max_length=40, default="")
    is_right = fields.BooleanField()
    at = InstantField()

    class Meta:
        table = "classify_outcome"
        indexes = (("heading", "id"),)


class Proof(Model):
    """How far the district's outcomes prove a cell, folded from them and stored so that it is found at once"""

    cell = fields.CharField(max_length=120, primary_key=True)
    version = fields.IntField(default=1)
    n = fields.IntField()
    right = fields.IntField()
    total = fields.IntField()
    recent = fields.CharField(max_length=60)
    state = fields.CharField(max_length=20)
    since = InstantField()

    class Meta:
        table = "classify_proof"


class TrainingRun(Model):
    """Fittings of a candidate that were asked for, and what came of them"""

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=60, unique=True)
    asked_by = fields.CharField(max_length=80)
    asked_at = InstantField()
    leased_until = InstantField(null=True)
    attempts = fields.IntField(default=0)
    done_at = InstantField(null=True)
    release = fields.CharField(max_length=40, default="")
    error = fields.TextField(default="")

    class Meta:
        table = "classify_training_run"
        indexes = (("done_at",),)


class TopicRow(Model):
    """What many people complained about on a day, with the cases behind it"""

    id = fields.BigIntField(primary_key=True)
    day = fields.DateField()
    thread = fields.CharField(max_length=32)
    title = fields.CharField(max_length=200)
    region = fields.CharField(max_length=12, default="")
    words: list[str] = fields.JSONField()
    members: list[list[str]] = fields.JSONField()

    class Meta:
        table = "classify_topic"
        unique_together = (("day", "thread"),)


class AnswerFinding(Model):
    """What the checks found in an answer when it was sent"""

    id = fields.BigIntField(primary_key=True)
    case_no = fields.CharField(max_length=20)
    seq = fields.IntField()
    unit = fields.CharField(max_length=60)
    at = InstantField()
    findings: list[str] = fields.JSONField()

    class Meta:
        table = "classify_answer_finding"
        unique_together = (("case_no", "seq"),)
        indexes = (("at", "unit"),)
