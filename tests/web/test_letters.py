"""Which act issues which letter, what each must state, and how it is numbered."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from itertools import combinations
from pathlib import Path

import jinja2
import pytest

from feedback.rules import letter_types
from feedback.rules.decision_grounds import GROUNDS, DecisionGround
from feedback.rules.letter_types import ALL, LETTERS, MEASURE, MEASURE_LETTERS, LetterContext
from feedback.rules.lifecycle import CLAIMS
from feedback.rules.vocabulary import Act, Kind, Profile, Stage
from web import letters
from web.actions import letter_templates
from web.actions.letter_templates import ADDRESSEE_WORDS
from web.letters import default_templates, templates
from web.letters.placeholders import PLACEHOLDERS

APPEAL = LetterContext(Profile.PETITION, Kind.APPEAL, Stage.FIRST, True)
ART_32 = {"请求", "事实和理由", "处理意见", "法律依据"}
REMEDY = {"救济机关", "救济期限"}


def _codes(act: str, about: LetterContext, **data: object) -> list[str]:
    return [letter.code for letter in letter_types.select_letters(act, data, about)]


@pytest.mark.parametrize("letter", ALL, ids=lambda letter_type: letter_type.code)
def test_each_letter_names_its_law_its_act_and_placeholders_there_are(letter: letter_types.LetterType) -> None:
    assert letter.act in {*Act, MEASURE}
    assert letter.to.value in ADDRESSEE_WORDS
    assert set(letter.states) <= set(PLACEHOLDERS)
    cited = letter_types.cite_law(letter.law)
    assert cited == "本平台公开的办理规则" or "》第" in cited or "（国办" in cited


@pytest.mark.parametrize("letter", ALL, ids=lambda letter_type: letter_type.code)
def test_our_template_of_each_letter_states_what_it_must_and_nothing_unknown(letter: letter_types.LetterType) -> None:
    assert templates.find_faults(letter, default_templates.build_template(letter.code)) == []


def test_the_list_of_letters_names_each_with_its_article() -> None:
    readme = Path(letters.__file__).with_name("README.md").read_text("utf-8").splitlines()
    assert [line for line in readme if line.startswith("|")] == letter_templates.as_markdown()


def test_codes_and_series_are_each_letters_own() -> None:
    assert len(letter_types.BY_CODE) == len(ALL)
    assert len({letter.series for letter in ALL}) == len(ALL)


def test_an_opinion_states_what_article_32_asks_and_the_review_right() -> None:
    for code in ("opinion", "review_opinion"):
        assert set(letter_types.BY_CODE[code].states) >= ART_32 | REMEDY
    assert set(letter_types.BY_CODE["re_review_opinion"].states) >= ART_32


@pytest.mark.parametrize(
    ("stage", "code"),
    [(Stage.FIRST, "opinion"), (Stage.REVIEW, "review_opinion"), (Stage.RE_REVIEW, "re_review_opinion")],
)
def test_a_reply_is_the_opinion_of_its_stage(stage: Stage, code: str) -> None:
    assert _codes("reply", LetterContext(Profile.PETITION, Kind.APPEAL, stage, True)) == [code]


def test_a_suggestion_and_a_hotline_order_are_answered_by_letters_of_their_own() -> None:
    assert _codes("reply", LetterContext(Profile.PETITION, Kind.SUGGEST, Stage.FIRST, True)) == ["suggestion_reply"]
    assert _codes("reply", LetterContext(Profile.HOTLINE, Kind.COMPLAINT, Stage.FIRST, True)) == ["hotline_reply"]


def test_nobody_is_notified_who_left_no_name() -> None:
    unnamed = LetterContext(Profile.PETITION, Kind.APPEAL, Stage.FIRST, False)
    assert _codes("accept", unnamed) == []
    assert _codes("accept", APPEAL) == ["accept_notice"]
    assert _codes("reply", unnamed) == ["opinion"]


def test_who_came_directly_is_told_receipt_route_and_procedure_and_no_slip_goes_to_oneself() -> None:
    direct = replace(APPEAL, direct=True)
    assert _codes("accept", direct) == ["receipt_notice"]
    assert _codes("assign", direct, unit="rexian") == []
    assert _codes("accept", replace(direct, named=False)) == []


def test_whoever_reports_is_told_where_to_go_and_all_else_stays_between_offices() -> None:
    report = LetterContext(Profile.PETITION, Kind.REPORT, Stage.FIRST, True)
    issued = [letter for letter in LETTERS if report.kind in letter.kinds and report.profile in letter.profiles]
    assert {letter.code for letter in issued if not letter.internal} == {
        "guide_notice",
        "result_notice",
        "termination_notice",
    }


@pytest.mark.parametrize("ground", [*GROUNDS], ids=lambda row: row.code)
def test_every_ground_of_refusal_is_told_by_one_letter_and_quoted(ground: DecisionGround) -> None:
    about = LetterContext(
        next(iter(ground.profiles)), next(iter(ground.kinds & CLAIMS or {Kind.REPORT})), Stage.FIRST, True
    )
    letters = letter_types.select_letters("decline", {"ground": ground.code}, about)
    expected = {"not_accepted": "not_accepted_notice", "not_again": "not_again_notice", "guide": "guide_notice"}
    wanted = "hotline_declined" if about.profile is Profile.HOTLINE else expected[ground.letter or ""]
    assert [letter.code for letter in letters] == [wanted]


def test_a_refusal_of_before_there_were_grounds_is_told_as_not_accepted() -> None:
    assert _codes("decline", APPEAL, reason="不属于职权范围") == ["not_accepted_notice"]


def test_an_assignment_is_a_slip_unless_it_is_commissioned_and_the_petitioner_is_told_where_it_went() -> None:
    assert _codes("assign", APPEAL, unit="ziran") == ["forward_slip", "forwarded_notice"]
    assert _codes("assign", APPEAL, unit="ziran", mode="forward") == ["forward_slip", "forwarded_notice"]
    assert _codes("assign", APPEAL, unit="ziran", mode="commission") == ["forwarded_notice", "commission_order"]
    assert _codes("transfer", APPEAL, desk="shi-xinfang") == ["handed_on_notice", "transfer_slip"]


@pytest.mark.parametrize(
    "about",
    [
        replace(APPEAL, named=False),
        replace(APPEAL, stage=Stage.REVIEW),
        replace(APPEAL, kind=Kind.REPORT),
        replace(APPEAL, profile=Profile.HOTLINE, kind=Kind.COMPLAINT),
    ],
    ids=["left no name", "a review is told by its own notice", "a report by the discipline organs", "a work order"],
)
@pytest.mark.parametrize("act", ["assign", "transfer"])
def test_nobody_else_is_told_where_a_matter_was_forwarded_to_by_letter(act: str, about: LetterContext) -> None:
    assert not {"forwarded_notice", "handed_on_notice"} & set(_codes(act, about))


def test_a_work_order_made_longer_or_put_on_account_is_told_with_its_reason() -> None:
    order = LetterContext(Profile.HOTLINE, Kind.COMPLAINT, Stage.FIRST, True)
    assert _codes("extend", order) == ["hotline_extension"]
    assert _codes("hold", order) == ["hotline_hold"]
    assert all("理由" in letter_types.BY_CODE[code].states for code in ("hotline_extension", "hotline_hold"))


def test_a_rectification_issues_none() -> None:
    assert letter_types.list_letter_acts(LetterContext(Profile.RATING, Kind.RECTIFY, Stage.FIRST, True)) == frozenset()


def test_a_number_is_written_as_offices_write_it_and_a_reports_is_of_another_series() -> None:
    row = letter_types.BY_CODE["accept_notice"]
    series = letter_types.series_name(row, "云信", confidential=False)
    assert letter_types.letter_number(series, date(2026, 11, 22), 12) == "云信受告〔2026〕12号"
    assert letter_types.series_name(row, "云信", confidential=True) != series


def test_each_of_the_three_suggestions_and_of_the_joint_conferences_measures_has_its_letter() -> None:
    kinds = {"improve", "policy", "hold_liable", "interview", "circular", "listed", "rectify_by"}
    assert {letter.code for kind in kinds if (letter := letter_types.find_measure_letter(kind))} == {
        letter.code for letter in MEASURE_LETTERS
    }
    assert letter_types.find_measure_letter("nothing") is None


# ---- what somebody who looks at a page would stumble over ----

_NUMBERED = re.compile(r"^([一二三四五六七八])、")
_NUMERALS = "一二三四五六七八"
_CONDITION = re.compile(r"{%p? (?:if|elif) ([^%]+?) %}")


def _conditional(code: str) -> list[str]:
    """The placeholders whose absence changes a letter."""
    text = "\n".join(words for _, words in default_templates.list_lines(code))
    return sorted(
        {
            name
            for condition in _CONDITION.findall(text)
            for name in re.findall(r"\w+", condition)
            if name in PLACEHOLDERS
        }
    )


def _written(code: str, empty: Iterable[str]) -> list[tuple[str, str]]:
    """The lines of a letter, filled with the samples, some of them empty."""
    values = {name: sample for name, (_, sample) in PLACEHOLDERS.items()} | dict.fromkeys(empty, "")
    source = "\n".join(
        f"{style}\t{words}" if not words.startswith("{%p") else words
        for style, words in default_templates.list_lines(code)
    )
    text = jinja2.Environment(autoescape=False).from_string(source.replace("{%p", "{%")).render(values)  # noqa: S701 - no page
    return [(style, words) for style, _, words in (line.partition("\t") for line in text.splitlines() if line.strip())]


def _ways(code: str) -> list[tuple[str, ...]]:
    """Every choice of what a letter may lack."""
    names = _conditional(code)
    return [choice for count in range(len(names) + 1) for choice in combinations(names, count)]


@pytest.mark.parametrize("letter", ALL, ids=lambda letter_type: letter_type.code)
def test_the_items_of_a_letter_are_numbered_without_a_gap_whatever_it_lacks(letter: letter_types.LetterType) -> None:
    for empty in _ways(letter.code):
        for of_heads in (True, False):
            own_words = [words for style, words in _written(letter.code, empty) if (style == "小标题") is of_heads]
            numbers = [match[1] for words in own_words if (match := _NUMBERED.match(words))]
            numbers = (
                [n for n in numbers if n not in _numbers_of_samples()]
                if not of_heads and not _has_items(letter.code)
                else numbers
            )
            assert "".join(numbers) == _NUMERALS[: len(numbers)], (empty, numbers)


def _has_items(code: str) -> bool:
    return any(
        style == default_templates.BODY and _NUMBERED.match(words)
        for style, words in default_templates.list_lines(code)
    )


def _numbers_of_samples() -> set[str]:
    """What a filled-in text numbers itself."""
    return {line[0] for _, sample in PLACEHOLDERS.values() for line in sample.splitlines() if _NUMBERED.match(line)}


@pytest.mark.parametrize("letter", ALL, ids=lambda letter_type: letter_type.code)
def test_no_sentence_of_a_letter_has_a_hole_where_something_is_lacking(letter: letter_types.LetterType) -> None:
    hole = re.compile(r"(于|至|一日为)(前|。|；|，|$)|：[。；]|（）|“”|《》")
    for empty in _ways(letter.code):
        for style, words in _written(letter.code, empty):
            if style in ("正文", "依据"):
                assert not hole.search(words.rstrip("　")), (empty, words)


INVENTED = (
    "进行了调查",
    "进行了研究论证",
    "进行了走访",
    "已经交参加人核对",
    "因客观原因",
    "将及时续报",
    "不属于热线受理范围",
)
"""What no act proves: a letter may say what was decided and what will follow by rule, not how thoroughly somebody worked."""


@pytest.mark.parametrize("letter", ALL, ids=lambda letter_type: letter_type.code)
def test_no_letter_asserts_what_nobody_wrote(letter: letter_types.LetterType) -> None:
    text = "".join(words for _, words in default_templates.list_lines(letter.code))
    assert [words for words in INVENTED if words in text] == []


def test_more_time_for_an_order_gives_no_reason_besides_the_one_that_was_given() -> None:
    """第三十四条 knows one ground for a petition, 情况复杂; of orders no paper speaks, so only what was written counts."""
    for code, has_ground in (("extension_notice", True), ("hotline_extension", False), ("hotline_hold", False)):
        assert ("情况复杂" in "".join(words for _, words in default_templates.list_lines(code))) is has_ground
