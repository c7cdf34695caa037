"""The fault bench finds what falls short, and lets pass what is right."""

from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from tests.stress.endpoints import Answer, Endpoint, fault_of
from tests.stress.judgement import Expectation, Line, Observation, judge, judge_refusal
from tests.stress.watch import BoardWatch, ReadinessWatch, Sample

API, PAGE = Endpoint("submit", frozenset({201}), is_api=True), Endpoint("submit", frozenset({303}), is_api=False)
ERROR = {"error": {"code": "unavailable", "message": "稍后再试"}}
STOPPED = Expectation(may_refuse=True, works_on=False, not_ready=("database",))


def _json(status: int, payload: Mapping[str, Any], **headers: str) -> httpx2.Response:
    return httpx2.Response(status, json=payload, headers={name.replace("_", "-"): v for name, v in headers.items()})


def test_a_refusal_in_the_usual_form_that_says_when_to_come_back_is_right() -> None:
    assert fault_of(API, _json(503, ERROR, retry_after="5"), 1, may_refuse=True) == ""
    page = httpx2.Response(503, html="<h1>稍后再试</h1>", headers={"Retry-After": "5"})
    assert fault_of(PAGE, page, 1, may_refuse=True) == ""


@pytest.mark.parametrize(
    ("response", "seconds", "may_refuse", "words"),
    [
        (_json(500, ERROR), 1, True, "500 instead of 201"),
        (_json(503, ERROR, retry_after="5"), 1, False, "503 instead of 201"),
        (_json(503, ERROR), 1, True, "without Retry-After"),
        (_json(503, {"fault": 1}, retry_after="5"), 1, True, "no error.code"),
        (httpx2.Response(503, html="<h1>503</h1>", headers={"Retry-After": "5"}), 1, True, "not JSON"),
        (_json(201, {}), 21, True, "after 21 s"),
    ],
)
def test_other_answers_fall_short(response: httpx2.Response, seconds: float, may_refuse: bool, words: str) -> None:
    assert words in fault_of(API, response, seconds, may_refuse=may_refuse)


def _answer(at: float, status: int = 201, fault: str = "") -> Answer:
    return Answer("submit", at, 0.1, status, fault)


def _observation(samples: Mapping[float, tuple[int, Mapping[str, Any] | None]]) -> Observation:
    """A fault from second 10 to second 30, in which everything else went well."""
    readiness = ReadinessWatch("", [Sample(at, 0.1, status, payload) for at, (status, payload) in samples.items()])
    moments = [float(at) for at in range(0, 60, 5)]
    return Observation(
        readiness,
        BoardWatch("", httpx2.Cookies(), list(moments), list(moments)),
        began=10,
        ended=30,
        finished=50,
        before=[_answer(5)],
        during=[_answer(11, 503)],
        after=[_answer(31)],
        routed_after=1.0,
        receipts=3,
        cases=3,
    )


GOOD: Mapping[str, Any] = {"ready": True, "database": True, "worker": {"alive": True}}
BAD: Mapping[str, Any] = {"ready": False, "database": False, "worker": {"alive": True}}
HONEST: Mapping[float, tuple[int, Mapping[str, Any] | None]] = {5: (200, GOOD), 11: (503, BAD), 31: (200, GOOD)}


def _faults(lines: list[Line], title: str) -> str:
    return "; ".join(next(line for line in lines if line.title == title).faults)


def test_a_fault_that_was_told_and_overcome_falls_short_in_no_line() -> None:
    assert [line.faults for line in judge(_observation(HONEST), STOPPED)] == [()] * 5


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        ({**HONEST, 11: (200, GOOD)}, "does not say 503"),
        ({**HONEST, 11: (500, None)}, "500, not JSON"),
        ({**HONEST, 11: (503, GOOD)}, "503 with ready: True"),
        ({5: (200, GOOD), 25: (503, BAD), 31: (200, GOOD)}, "503 only after 15 s"),
        ({**HONEST, 11: (503, {**GOOD, "ready": False})}, "never names database"),
        ({5: (200, GOOD), 11: (503, BAD), 47: (200, GOOD)}, "200 again only 17 s after"),
        ({**HONEST, 31: (503, BAD)}, "never 200 again"),
    ],
)
def test_readiness_must_tell_in_time_why_and_when_it_is_over(
    samples: Mapping[float, tuple[int, Mapping[str, Any] | None]], words: str
) -> None:
    assert words in _faults(judge(_observation(samples), STOPPED), "/readyz")


def test_readiness_must_not_cry_out_where_the_work_goes_on() -> None:
    goes_on = Expectation(may_refuse=False, works_on=True)
    assert "although the work goes on" in _faults(judge(_observation(HONEST), goes_on), "/readyz")


def test_a_screen_without_word_falls_short() -> None:
    seen = _observation(HONEST)
    seen.board.signs = [at for at in seen.board.signs if at <= 10]
    seen.board.pictures = list(seen.board.signs)
    assert _faults(judge(seen, STOPPED), "/board/stream") == "40 s with an old picture and no word; no new picture"


def test_lost_doubled_and_idle_fall_short() -> None:
    seen = _observation(HONEST)
    seen.lost, seen.cases, seen.verify, seen.routed_after = ["A is not found by its code"], 4, "1 处", None
    lines = judge(seen, STOPPED)
    assert _faults(lines, "record") == "lost: A is not found by its code; 4 cases for 3 receipts; xinqiao verify: 1 处"
    assert "a new case is not routed" in _faults(lines, "routed")


def test_an_endpoint_that_does_not_come_back_falls_short() -> None:
    seen = _observation(HONEST)
    seen.after = [_answer(31, 500, "500 instead of 201")]
    assert _faults(judge(seen, STOPPED), "submit") == "not back 15 s after: 500 instead of 201"


def test_a_refusal_to_start_names_its_cause_and_shows_no_traceback() -> None:
    assert judge_refusal(2, "run xinqiao migrate", "xinqiao migrate").faults == ()
    assert len(judge_refusal(0, "Traceback", "xinqiao migrate").faults) == 3
    assert judge_refusal(2, "no such table", "").faults
