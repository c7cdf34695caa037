"""What the pages promise: every sentence of /, /guide, /privacy and /accessibility has a row in `promises.toml`.

A row says which test holds the sentence, or that it promises nothing. Whoever writes a new sentence there adds its row,
and where it promises something, the test that would fail if it were not kept.
"""

import re
import tomllib
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from feedback.kernel import timers
from tests.people import Door
from web import bootstrap
from web.auth.models import FormDraft

ROWS_FILE = Path(__file__).with_name("promises.toml")
_ROOT = Path(__file__).parents[2]
_TABLE_OF_TERMS = re.compile(
    r'<div class="table-wrap"[^>]*aria-label="(?:答复您的期限和您的权利|各单位内部的时限)">.*?</table></div>', re.DOTALL
)
"""Rows of TERMS: the tests of the law's table hold them."""
PAGES = ("/", "/guide", "/privacy", "/accessibility")
_ENDS = frozenset({"p", "li", "td", "th", "h1", "h2", "h3", "div", "dt", "dd", "tr", "summary", "caption"})
_SILENT = frozenset({"script", "style", "svg", "nav", "aside", "caption"})
_STATED = re.compile(r"[。；]")


class _Sentences(HTMLParser):
    """The sentences of a page's main part, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.sentences: list[str] = []
        self._words = ""
        self._depth_of_main = self._depth_of_silence = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._depth_of_main += tag == "main"
        self._depth_of_silence += tag in _SILENT
        if tag in _ENDS:
            self._end()

    def handle_endtag(self, tag: str) -> None:
        if tag in _ENDS:
            self._end()
        self._depth_of_main -= tag == "main"
        self._depth_of_silence -= tag in _SILENT

    def handle_data(self, data: str) -> None:
        if self._depth_of_main and not self._depth_of_silence:
            self._words += data

    def _end(self) -> None:
        words, self._words = re.sub(r"\s+", " ", self._words).strip(), ""
        self.sentences += [part.strip() for part in _STATED.split(words) if part.strip()]


def list_sentences(html: str) -> list[str]:
    """Each sentence once."""
    parser = _Sentences()
    parser.feed(html)
    return list(dict.fromkeys(parser.sentences))


def _rows(door: Door) -> dict[str, dict[str, Any]]:
    """The rows by page, with what this installation has set."""
    settings = door.settings
    values = {
        "phone": settings.site_phone,
        "owner": settings.site_owner,
        "operator": settings.site_operator,
        "retention_years": str(settings.retention_years),
        "draft_days": str(settings.draft_days),
    }
    text = ROWS_FILE.read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return tomllib.loads(text)


@pytest.mark.parametrize("path", PAGES)
async def test_every_sentence_of_the_page_has_a_row_and_every_row_a_sentence(door: Door, path: str) -> None:
    page = _TABLE_OF_TERMS.sub("", (await door.get(path)).text)
    rows = _rows(door)[path]
    known = {*rows["promises"], *rows["people"], *rows["plain"]}
    sentences = set(list_sentences(page))
    assert sorted(sentences - known) == [], "without a row: which test holds it?"
    assert sorted(known - sentences - {""}) == [], "the page no longer says so"


@pytest.mark.parametrize("path", PAGES)
def test_every_promise_names_a_test_there_is(path: str) -> None:
    for sentence, held_by in tomllib.loads(ROWS_FILE.read_text(encoding="utf-8"))[path]["promises"].items():
        file, _, name = held_by.partition("::")
        assert re.search(rf"^(?:async )?def {name}\b", (_ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), (
            sentence
        )


# ---- promises that no other test holds ----


async def test_home_a_hand_over_is_shown_and_stops_no_promise(door: Door) -> None:
    receipt = await door.submit(title="路灯不亮")
    no, code = str(receipt["no"]), receipt["code"]

    async def seen() -> tuple[str, str]:
        case = (await door.get(f"/api/v1/cases/{no}?code={code}")).json()
        (promise,) = (clock for clock in case["clocks"] if clock["term"] == "answer")
        return (case["unit"] or {}).get("code", ""), promise["due_at"]

    _, due_at = await seen()
    for who, act, data, unit in (
        ("reception", "assign", {"unit": "jiaoyu"}, "jiaoyu"),
        ("clerk-jiaoyu", "return", {"reason": "不属于本单位职责"}, ""),
        ("reception", "assign", {"unit": "chengguan"}, "chengguan"),
    ):
        door.pass_time(timedelta(hours=2))
        assert (await door.act(no, act, data, await door.log_in(who))).status_code == 200
        assert await seen() == (unit, due_at), act


async def test_home_an_opinion_needs_facts_and_law_and_any_answer_its_words(door: Door) -> None:
    for kind, missing in (("appeal", {"text", "facts", "basis", "outcome"}), ("complaint", {"text"})):
        no = str((await door.submit(kind=kind, title=f"一件{kind}"))["no"])
        desk, head = await door.log_in("reception"), await door.log_in("lead-jiaoyu")
        assert (await door.act(no, "assign", {"unit": "jiaoyu"}, desk)).status_code == 200
        assert (await door.act(no, "accept", {}, head)).status_code == 200
        refused = await door.act(no, "reply", {}, head)
        assert set(refused.json()["error"]["fields"]) == missing


async def test_guide_whoever_declines_says_where_to_go_instead(door: Door) -> None:
    no = str((await door.submit(kind="appeal", title="不归这里的事"))["no"])
    desk = await door.log_in("reception")
    refused = await door.act(no, "decline", {"ground": "not_ours", "reason": "不属于本系统"}, desk)
    assert refused.json()["error"]["fields"].keys() == {"where_instead"}


async def test_privacy_nobody_must_consent_or_leave_a_document_to_be_heard(door: Door) -> None:
    message = {"kind": "complaint", "channel": "web", "title": "路灯不亮", "text": "三号楼前的路灯坏了，请修理。"}
    assert (await door.post("/api/v1/cases", message)).status_code == 201


async def test_privacy_who_sees_name_telephone_and_document(door: Door) -> None:
    document = "11010519491231002X"
    person = {"name": "安小娜", "phone": "13900001234", "id_number": document}
    no = str((await door.submit(kind="appeal", title="一件信访", person=person))["no"])
    assert (await door.act(no, "assign", {"unit": "jiaoyu"}, await door.log_in("reception"))).status_code == 200
    for who, sees in (("reception", True), ("clerk-jiaoyu", True), ("supervisor", False)):
        shown = (await door.get(f"/api/v1/cases/{no}", await door.log_in(who))).json()["person"]
        assert (shown["name"], shown["phone"]) == (("安小娜", "13900001234") if sees else ("安**", "139****1234")), who
        client = await door.page_client(who)
        page = (await client.get(f"/desk/cases/{no}")).text
        await client.aclose()
        assert document not in page, who
        assert ("110*************2X" in page) is sees, who


async def test_privacy_a_draft_nobody_came_back_to_is_gone(door: Door) -> None:
    now, days = door.context.clock.now(), door.settings.draft_days
    await FormDraft.create(token_hash="a" * 64, sealed="x", made_at=now, seen_at=now)
    sessions = bootstrap.timers(door.context)["forget_sessions"]
    await timers.run_through(sessions, now + timedelta(days=days))
    assert await FormDraft.all().count() == 1
    await timers.run_through(sessions, now + timedelta(days=days, minutes=1))
    assert await FormDraft.all().count() == 0
