"""Does everything that can be shown have a label?"""

from feedback.rules.lifecycle import STEPS
from feedback.rules.vocabulary import Act, Channel, Kind, Profile, Role, Stage, Status
from web.wording import acts, catalogue


def test_every_act_has_words() -> None:
    assert set(acts.ACTS) == set(Act)


def test_every_status_kind_channel_and_role_has_words() -> None:
    assert set(catalogue.STATUSES) == {s.value for s in Status}
    assert set(catalogue.KINDS) == {k.value for k in Kind}
    assert set(catalogue.CHANNELS) == {c.value for c in Channel}
    assert set(catalogue.ROLES) == {r.value for r in Role}
    assert set(catalogue.PROFILES) == {p.value for p in Profile}
    assert set(catalogue.STAGES) == {s.value for s in Stage}


def test_every_need_has_words() -> None:
    assert {need.name for step in STEPS for need in (*step.needs, *step.may)} <= set(catalogue.NEEDS)
