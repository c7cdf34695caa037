"""How are releases of the classifier and what it learnt from kept? Tables only."""

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
