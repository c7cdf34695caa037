"""The texts to citizens: each event has one, none says too much, and each fits into few short messages."""

import tomllib
from pathlib import Path

import pytest

from feedback.kernel.settings import Settings
from feedback.rules.lifecycle import STEPS
from feedback.rules.vocabulary import Kind, Profile, Stage
from routing.notices.citizen_catalogue import (
    CITIZEN_NOTICES,
    OTHER_TEMPLATES,
    REPORT_MOVED,
    REPORT_RECEIVED,
    STATUTORY,
    choose_notice,
    choose_template,
    count_segments,
)
from web.notify import citizen_texts

LONG = {
    "no": "20261128-454407",
    "unit": "区住房和城乡建设局",
    "due": "2027年12月28日",
    "moved": "给您答复的最后一天由2026年12月28日改为2026年12月29日",
    "address": "https://xinqiao.example.gov.cn/rate/service?t=abcdefghij",
}
SIGNATURE = "【云川区信桥】"


def test_every_row_has_words_and_all_words_have_a_row() -> None:
    assert {row.template for row in CITIZEN_NOTICES} | OTHER_TEMPLATES == set(citizen_texts.TEMPLATES)


def test_every_event_of_the_table_can_happen() -> None:
    acts = {f"case.{step.act}" for step in STEPS}
    assert {row.event for row in CITIZEN_NOTICES} <= acts | {"clock.moved"}


@pytest.mark.parametrize("template", sorted(citizen_texts.TEMPLATES))
@pytest.mark.parametrize("is_plain", [False, True], ids=["standard", "plain"])
def test_a_text_makes_at_most_two_short_messages_also_with_the_longest_values(template: str, is_plain: bool) -> None:
    render = citizen_texts.build_texts(Settings(public_url="https://xinqiao.example.gov.cn"))
    for values in (LONG, {name: text for name, text in LONG.items() if name != "due"}):
        text, used = render(template, values, is_plain=is_plain, preference=0)
        assert count_segments(SIGNATURE + text) <= (1 if is_plain and template == "received" else 2), text
        assert "{" not in text and all(text.count(value) for value in used.values())
    with_link, _ = render(template, LONG, is_plain=is_plain, preference=123)
    assert count_segments(SIGNATURE + with_link) <= 2, with_link


def test_plain_words_are_no_longer_than_the_others() -> None:
    for name, row in citizen_texts.TEMPLATES.items():
        assert len(row.get("plain", "")) <= len(row["text"]) + 5, name


def test_a_receipt_a_question_and_an_answer_are_one_short_message_in_plain_words() -> None:
    render = citizen_texts.build_texts(Settings())
    for template in ("received", "assigned", "accepted", "asked", "answered"):
        text, _ = render(template, {**LONG, "unit": "区城管局", "due": "12月8日"}, is_plain=True, preference=0)
        assert count_segments(SIGNATURE + text) == 1, text


def test_segments_are_counted_as_carriers_count_them() -> None:
    assert [count_segments("路" * n) for n in (0, 70, 71, 134, 135)] == [1, 1, 2, 2, 3]
    assert count_segments("𠮷" * 36) == 2, "a character outside the BMP takes two places"


@pytest.mark.parametrize("event", sorted({row.event for row in CITIZEN_NOTICES}))
def test_who_brought_a_report_hears_that_there_is_news_and_no_more(event: str) -> None:
    for stage in Stage:
        row = choose_notice(event, profile=Profile.PETITION, kind=Kind.REPORT, stage=stage)
        if row is not None:
            template = choose_template(row, kind=Kind.REPORT)
            assert template == (REPORT_RECEIVED if event == "case.submit" else REPORT_MOVED)
    render = citizen_texts.build_texts(Settings())
    texts = [render(name, LONG, is_plain=False, preference=7)[0] for name in (REPORT_RECEIVED, REPORT_MOVED)]
    assert texts == ["已收到，编号20261128454407。", "编号20261128454407有新进展，请查询。"]


def test_no_text_has_a_place_for_a_title_a_name_or_a_code() -> None:
    path = Path(citizen_texts.__file__).parents[1] / "wording" / "messages.toml"
    rows = tomllib.loads(path.read_text("utf-8"))["case"]
    for row in rows.values():
        for text in row.values():
            assert all(word not in text for word in ("{title}", "{name}", "{code}"))


def test_answers_refusals_and_extensions_are_told_also_to_whoever_opted_out() -> None:
    assert {"answered", "answered_claim", "declined", "diverted", "extended", "asked", "rectified"} <= STATUTORY
    assert not {"assigned", "merged", "called_back", "rating_invite", "closed"} & STATUTORY
