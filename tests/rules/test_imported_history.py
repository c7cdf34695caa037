"""History is history: what was done in another system starts no duty here, and what nobody wrote down is unknown."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.kernel.clock import OFFICE_TIMEZONE, to_utc
from feedback.rules import preconditions, workdays
from feedback.rules.clocks import CaseEvent, ClockFacts, ClockState, Light
from feedback.rules.projection import CaseProjection, project
from feedback.rules.vocabulary import PROFILE_OF, PUBLIC_KINDS, Act, Kind, Status
from feedback.rules.workdays import Editions

CALENDAR = Editions.only(workdays.package())
LONG_AGO = to_utc(datetime(2011, 3, 7, 10, 0, tzinfo=OFFICE_TIMEZONE))
IMPORTED = to_utc(datetime(2026, 9, 14, 9, 0, tzinfo=OFFICE_TIMEZONE))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANSWERED = {"channel": "import", "imported_at": IMPORTED.isoformat(), "answered": True}
UNANSWERED = {"channel": "import", "imported_at": IMPORTED.isoformat()}
BEFORE_THE_MARK = {"channel": "import"}
"""What an older version wrote down of an imported case."""

Deed = tuple[Act, datetime, Mapping[str, object], bool]


def _project(kind: Kind, *deeds: Deed) -> CaseProjection:
    history = [
        CaseEvent(seq, act, at, "jiaoyu", data, by_import) for seq, (act, at, data, by_import) in enumerate(deeds, 1)
    ]
    return project(history, ClockFacts(kind, PROFILE_OF[kind], "rexian"), CALENDAR)


def _answered(
    kind: Kind, received: datetime, replied: datetime, mark: Mapping[str, object], unknown: bool = False
) -> tuple[Deed, ...]:
    time = {"time_unknown": True} if unknown else {}
    return (
        (Act.SUBMIT, received, mark, False),
        (Act.ASSIGN, received, {"unit": "jiaoyu", "reason": "历史数据"}, True),
        (Act.ACCEPT, received, {}, True),
        (Act.REPLY, replied, {"text": "已修复。", "outcome": "unstated"} | time, True),
    )


def _duties(case: CaseProjection) -> list[str]:
    return [clock.term for clock in case.clocks if clock.term not in ("ask_review",)]


@pytest.mark.parametrize("kind", PUBLIC_KINDS)
@pytest.mark.parametrize("mark", [ANSWERED, BEFORE_THE_MARK])
def test_an_answer_given_elsewhere_brings_no_duty_of_any_kind(kind: Kind, mark: Mapping[str, object]) -> None:
    case = _project(kind, *_answered(kind, LONG_AGO, LONG_AGO + 3 * DAY, mark))
    assert case.state.status is Status.REPLIED
    assert case.replied_at == LONG_AGO + 3 * DAY
    assert _duties(case) == []
    assert case.next_due_at is None


@given(st.sampled_from(PUBLIC_KINDS), st.integers(0, 7000), st.integers(0, 700), st.integers(0, 4000), st.booleans())
def test_no_imported_answer_is_ever_red_or_late(kind: Kind, received: int, wait: int, later: int, marked: bool) -> None:
    received_at = IMPORTED - received * DAY
    replied_at = min(received_at + wait * DAY, IMPORTED)
    case = _project(kind, *_answered(kind, received_at, replied_at, ANSWERED if marked else BEFORE_THE_MARK))
    now = IMPORTED + later * DAY
    assert all(clock.light(now) is not Light.RED for clock in case.clocks)
    assert all(clock.state(now) not in (ClockState.LATE, ClockState.KEPT) for clock in case.clocks)


@pytest.mark.parametrize("mark", [ANSWERED, BEFORE_THE_MARK])
def test_an_answer_whose_day_is_unknown_was_not_given_at_once(mark: Mapping[str, object]) -> None:
    case = _project(Kind.APPEAL, *_answered(Kind.APPEAL, LONG_AGO, LONG_AGO, mark, unknown=mark is ANSWERED))
    assert case.state.status is Status.REPLIED
    assert case.replied_at is None
    assert case.clocks == ()
    assert (
        preconditions.find_lapse(
            Act.REVIEW, case.state.profile, case.clocks, IMPORTED, is_delivered=True, is_extended=False
        )
        == ""
    )


def test_an_answer_on_the_instant_of_receipt_is_believed_where_the_file_says_so() -> None:
    case = _project(Kind.COMPLAINT, *_answered(Kind.COMPLAINT, LONG_AGO, LONG_AGO, ANSWERED))
    assert case.replied_at == LONG_AGO


def test_the_right_to_review_of_a_recent_answer_runs_on_and_lapses_unread() -> None:
    case = _project(Kind.APPEAL, *_answered(Kind.APPEAL, IMPORTED - 20 * DAY, IMPORTED - 5 * DAY, ANSWERED))
    assert [clock.term for clock in case.clocks] == ["ask_review"]
    profile = case.state.profile
    assert (
        preconditions.find_lapse(Act.REVIEW, profile, case.clocks, IMPORTED, is_delivered=True, is_extended=False) == ""
    )
    assert (
        preconditions.find_lapse(
            Act.REVIEW, profile, case.clocks, IMPORTED + 60 * DAY, is_delivered=True, is_extended=False
        )
        == "right_lapsed"
    )


@pytest.mark.parametrize("kind", PUBLIC_KINDS)
def test_what_had_run_out_before_the_import_is_nobodys_lateness_here(kind: Kind) -> None:
    case = _project(kind, (Act.SUBMIT, LONG_AGO, UNANSWERED, False))
    assert case.state.status is Status.RECEIVED
    assert case.clocks == ()


def test_a_file_of_an_older_version_counts_from_what_happened_next_here() -> None:
    classified = (Act.CLASSIFY, IMPORTED, {"category": "0101"}, False)
    assigned = (Act.ASSIGN, IMPORTED, {"unit": "jiaoyu"}, False)
    case = _project(Kind.COMPLAINT, (Act.SUBMIT, LONG_AGO, BEFORE_THE_MARK, False), classified, assigned)
    assert {clock.term for clock in case.clocks} == {"notify", "object"}
    assert all(clock.starts_at == IMPORTED for clock in case.clocks)


def test_what_still_ran_when_it_was_imported_runs_on_from_its_receipt() -> None:
    received = IMPORTED - 3 * DAY  # Friday: the day for forwarding is over, the seven days to answer are not
    case = _project(Kind.COMPLAINT, (Act.SUBMIT, received - DAY, UNANSWERED, False))
    assert [clock.term for clock in case.clocks] == ["answer"]
    assert case.clocks[0].starts_at == received - DAY


def test_a_message_of_today_has_todays_clocks_though_it_came_in_a_file() -> None:
    imported = _project(Kind.COMPLAINT, (Act.SUBMIT, IMPORTED, UNANSWERED, False))
    typed = _project(Kind.COMPLAINT, (Act.SUBMIT, IMPORTED, {"channel": "web"}, False))
    assert imported.clocks == typed.clocks


def test_what_is_done_here_with_an_old_case_has_its_clocks() -> None:
    deeds = (*_answered(Kind.COMPLAINT, LONG_AGO, LONG_AGO + DAY, ANSWERED), (Act.REOPEN, IMPORTED, {}, False))
    case = _project(Kind.COMPLAINT, *deeds)
    assert {clock.term for clock in case.clocks} == {"resolve"}
    assert case.clocks[0].starts_at == IMPORTED
