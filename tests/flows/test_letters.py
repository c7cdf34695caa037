"""Letters follow from acts: once each, numbered without gaps or doubles, saying the same whenever they are written out."""

import asyncio
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pypdf
import pytest
from docx import Document

from feedback import letter_register
from feedback.kernel import outbox
from feedback.kernel.clock import office_day
from feedback.letter_register import IssuedLetter
from feedback.queries import cases as case_queries
from feedback.record import cases
from feedback.rules import lifecycle
from feedback.rules.access import SYSTEM, Actor, citizen
from feedback.rules.intake import PersonSubmission, Submission
from feedback.rules.letter_types import LETTERS
from feedback.rules.vocabulary import Act
from routing import directory
from tests.flows.story import OPINION
from tests.moments import MONDAY
from web import bootstrap
from web.actions import cases as case_actions
from web.context import AppContext
from web.letters import issuing, templates
from web.letters.placeholders import OfficeLetterValues, format_day

DAY = timedelta(days=1)
TEXT = "征地补偿款少算了两亩，村里和镇里都说不清楚，请求重新核定。\n家里有𠮷田地契可以作证。"
APPEAL = Submission(
    kind="appeal",
    title="请求重新核定征地补偿款",
    text=TEXT,
    channel="web",
    desk="",
    person=PersonSubmission("𠮷小娜", "13900001234", address="云川区清河街道清波社区8栋402室"),
)


async def _drain(context: AppContext) -> None:
    await outbox.drain(bootstrap.build_handlers(context), MONDAY + 400 * DAY)


async def _opened(context: AppContext, draft: Submission = APPEAL) -> str:
    context.clock = context.clock.starting_at(MONDAY)
    return (await case_actions.submit_case(context, draft)).no


Walked = tuple[Act, str, dict[str, Any]]
"""A step, whose account takes it ("" for whoever holds the code), and what is brought."""


async def _walk(context: AppContext, no: str, *steps: Walked, begin: int = 0) -> None:
    """Each step by that account ("" for whoever holds the code), a day after the one before."""
    for day, (act, who, data) in enumerate(steps, begin + 1):
        if data.get("case") == EARLIER:
            data = {**data, "case": (await case_actions.submit_case(context, APPEAL)).no}
        actor: Actor = await directory.load_actor(who) if who else citizen(no)
        await cases.act(no, act, actor, data, now=MONDAY + day * DAY)
    await _drain(context)


async def _letters(context: AppContext, no: str, actor: Actor = SYSTEM) -> dict[str, IssuedLetter]:
    file = await case_queries.load_file(actor, no, vault=context.settings.vault)
    return {letter.code: letter for letter in await letter_register.list_letters(actor, file)}


async def _written(context: AppContext, no: str, letter: IssuedLetter, form: str, who: str = "clerk-ziran") -> bytes:
    opened = await letter_register.open_letter(
        await directory.load_actor(who) if who else citizen(no), no, str(letter.id), vault=context.settings.vault
    )
    return await issuing.render_letter(context, opened, form, "https://xinqiao.example")


def words_of(form: str, content: bytes) -> str:
    """The words of a letter without blanks, since a PDF breaks its lines where it likes."""
    if form == "pdf":
        text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)
    else:
        document = Document(io.BytesIO(content))
        cells = [cell for table in document.tables for row in table.rows for cell in row.cells]
        text = "".join(p.text for part in (document, *cells) for p in part.paragraphs)
    return "".join(text.split())


NO_HEIR = {"ground": "died_without_heir", "reason": "村委会出具死亡证明"}
EARLIER = "the case that leads"
MERGE = (Act.MERGE, "reception", {"case": EARLIER, "reason": "与先件是同一块地。"})
ASSIGN = (Act.ASSIGN, "reception", {"unit": "ziran"})
ACCEPT: Walked = (Act.ACCEPT, "clerk-ziran", {})
REPLY = (
    Act.REPLY,
    "lead-ziran",
    {"text": "经复测，少算面积属实，予以补足。\n十日内拨付到位。", **OPINION},
)


async def test_an_appeal_has_every_letter_up_to_its_opinion(context: AppContext) -> None:
    no = await _opened(context)
    await _walk(
        context,
        no,
        ASSIGN,
        ACCEPT,
        (Act.ASK, "clerk-ziran", {"text": "请补充地契。"}),
        (Act.EXTEND, "lead-ziran", {"reason": "需要重新测量", "days": 30}),
        (Act.SUPERVISE, "supervisor", {"reason": "请抓紧办结"}),
        REPLY,
    )
    letters = await _letters(context, no)
    assert list(letters) == [
        "forward_slip",
        "forwarded_notice",
        "accept_notice",
        "supplement_notice",
        "extension_notice",
        "supervision_order",
        "opinion",
    ]
    assert len({letter.token for letter in letters.values()}) == len(letters)


COMMISSION = (Act.ASSIGN, "reception", {"unit": "ziran", "mode": "commission", "target_day": "2026-12-31"})
REVIEW = (Act.REVIEW, "", {"reason": "面积还是没有算对"})
RE_REVIEW = (Act.RE_REVIEW, "", {"reason": "复查没有到现场"})
AT_CITY: tuple[Walked, Walked] = ((Act.ASSIGN, "reception", {"unit": "shi-ziran"}), (Act.ACCEPT, "clerk-shi-ziran", {}))
CITY_REPLY = (
    Act.REPLY,
    "lead-shi-ziran",
    {
        "text": "维持原处理意见。",
        "outcome": "uphold",
        "facts": "经复查，面积无误。",
        "basis": "《土地管理法》第四十八条",
    },
)
AT_PROVINCE: tuple[Walked, Walked] = (
    (Act.ASSIGN, "reception", {"unit": "sheng-xinfang"}),
    (Act.ACCEPT, "clerk-sheng-xinfang", {}),
)
HEARING = (
    Act.HEARING,
    "clerk-ziran",
    {"text": "定于九月二十五日上午九时在区信访局听证室举行听证。", "day": "2026-09-25"},
)
HOTLINE = replace(APPEAL, kind="complaint", title="路灯不亮", text="清波社区路灯不亮，请修理。")

MORE_TIME = {"reason": "需要订购灯具", "days": 3}
LATER = {"reason": "等待路灯改造工程", "target_day": "2026-12-31"}
Steps = tuple[tuple[Act, str, dict[str, Any]], ...]


def _declined(ground: str) -> tuple[Act, str, dict[str, Any]]:
    return Act.DECLINE, "reception", {"reason": "经查与登记不符", "where_instead": "云平市仲裁委员会", "ground": ground}


WALKS: dict[str, tuple[Submission, Steps]] = {
    "accept_notice": (APPEAL, (ASSIGN, ACCEPT)),
    "receipt_notice": (
        APPEAL,
        ((Act.ASSIGN, "reception", {"unit": "rexian"}), (Act.ACCEPT, "clerk-rexian", {"text": "请保持电话畅通。"})),
    ),
    "urgent_report": (
        APPEAL,
        ((Act.REPORT_UP, "reception", {"text": "已派人到场，人员情绪稳定。", "units": ["quzhengfu", "xinfang"]}),),
    ),
    "forward_slip": (APPEAL, (ASSIGN,)),
    "forwarded_notice": (APPEAL, (COMMISSION,)),
    "handed_on_notice": (
        APPEAL,
        ((Act.TRANSFER, "reception", {"desk": "shi-xinfang", "reason": "属于市级职权"}),),
    ),
    "mailbox_slip": (replace(APPEAL, channel="mailbox", particulars={"leader": "县长"}), ()),
    "simple_accept_notice": (
        APPEAL,
        (ASSIGN, (Act.ACCEPT, "clerk-ziran", {"procedure": "simple", "text": "请保持电话畅通。"})),
    ),
    "to_ordinary_notice": (
        APPEAL,
        (
            ASSIGN,
            (Act.ACCEPT, "clerk-ziran", {"procedure": "simple"}),
            (Act.TO_ORDINARY, "clerk-ziran", {"reason": "需要重新测量"}),
        ),
    ),
    "termination_notice": (APPEAL, (ASSIGN, ACCEPT, (Act.TERMINATE, "lead-ziran", NO_HEIR))),
    "hotline_terminated": (HOTLINE, (ASSIGN, ACCEPT, (Act.TERMINATE, "reception", NO_HEIR))),
    "result_notice": (
        replace(APPEAL, kind="report"),
        (
            (Act.ASSIGN, "reception", {"unit": "jiwei"}),
            (Act.ACCEPT, "clerk-jiwei", {}),
            (Act.REPLY, "lead-jiwei", {"text": "已经查办。"}),
            (Act.NOTIFY_RESULT, "clerk-jiwei", {"text": "经查属实，已作处理。", "way": "direct"}),
        ),
    ),
    "personnel_notice": (
        APPEAL,
        ((Act.NOTIFY_PERSONNEL, "reception", {"units": ["quzhengfu"], "text": "反映某科长长期不作为。"}),),
    ),
    "commission_order": (APPEAL, (COMMISSION,)),
    "transfer_slip": (APPEAL, ((Act.TRANSFER, "reception", {"desk": "shi-xinfang", "reason": "属于市级职权"}),)),
    "not_accepted_notice": (APPEAL, (_declined("in_progress"),)),
    "not_again_notice": (APPEAL, (_declined("concluded"),)),
    "guide_notice": (APPEAL, (_declined("not_ours"),)),
    "divert_notice": (
        APPEAL,
        (
            (
                Act.DIVERT,
                "reception",
                {"legal_route": "r2", "text": "请申请仲裁。", "where_instead": "云平市仲裁委员会"},
            ),
        ),
    ),
    "merge_notice": (APPEAL, (MERGE,)),
    "hotline_merged": (HOTLINE, (MERGE,)),
    "hotline_declined": (HOTLINE, (_declined("outside_duty"),)),
    "supplement_notice": (APPEAL, (ASSIGN, ACCEPT, (Act.ASK, "clerk-ziran", {"text": "请补充地契。"}))),
    "extension_notice": (APPEAL, (ASSIGN, ACCEPT, (Act.EXTEND, "lead-ziran", {"reason": "需要重新测量", "days": 30}))),
    "hotline_extension": (
        HOTLINE,
        (ASSIGN, ACCEPT, (Act.ENDORSE_EXTENSION, "lead-ziran", MORE_TIME), (Act.EXTEND, "reception", MORE_TIME)),
    ),
    "hotline_hold": (HOTLINE, (ASSIGN, ACCEPT, (Act.ASK_HOLD, "lead-ziran", LATER), (Act.HOLD, "reception", LATER))),
    "hearing_notice": (APPEAL, (ASSIGN, ACCEPT, HEARING)),
    "hearing_record": (APPEAL, (ASSIGN, ACCEPT, HEARING, (Act.END_HEARING, "clerk-ziran", {"text": "双方没有异议。"}))),
    "mediation_record": (
        APPEAL,
        (ASSIGN, ACCEPT, (Act.MEDIATE, "clerk-ziran", {"text": "一、补足面积。\n二、再无争议。"})),
    ),
    "opinion": (APPEAL, (ASSIGN, ACCEPT, REPLY)),
    "suggestion_reply": (
        replace(APPEAL, kind="suggest", title="建议增加公交班次"),
        (ASSIGN, ACCEPT, (Act.REPLY, "clerk-ziran", {"text": "十二月起增开两班。", "outcome": "adopted_partly"})),
    ),
    "hotline_reply": (HOTLINE, (ASSIGN, ACCEPT, REPLY)),
    "delivery_receipt": (
        APPEAL,
        (ASSIGN, ACCEPT, REPLY, (Act.DELIVER, "clerk-ziran", {"day": "2026-09-18", "way": "post"})),
    ),
    "completion_report": (
        APPEAL,
        (COMMISSION, ACCEPT, (Act.REPORT_BACK, "clerk-ziran", {"text": "已经办结，补足面积。"})),
    ),
    "supervision_order": (
        APPEAL,
        (ASSIGN, ACCEPT, (Act.SUPERVISE, "supervisor", {"reason": "请抓紧办结", "trigger": "shirking"})),
    ),
    "hotline_supervision": (
        HOTLINE,
        (ASSIGN, (Act.SUPERVISE, "supervisor", {"reason": "请抓紧办结", "trigger": "late"})),
    ),
    "review_accept_notice": (APPEAL, (ASSIGN, ACCEPT, REPLY, REVIEW, *AT_CITY)),
    "review_opinion": (APPEAL, (ASSIGN, ACCEPT, REPLY, REVIEW, *AT_CITY, CITY_REPLY)),
    "re_review_accept_notice": (APPEAL, (ASSIGN, ACCEPT, REPLY, REVIEW, *AT_CITY, CITY_REPLY, RE_REVIEW, *AT_PROVINCE)),
    "re_review_opinion": (
        APPEAL,
        (
            ASSIGN,
            ACCEPT,
            REPLY,
            REVIEW,
            *AT_CITY,
            CITY_REPLY,
            RE_REVIEW,
            *AT_PROVINCE,
            (Act.REPLY, "lead-sheng-xinfang", {"text": "维持复查意见。", **OPINION, "outcome": "uphold"}),
        ),
    ),
}
MAY_BE_EMPTY = {"事实和理由", "法律依据", "告知期限", "异议期限"}


@pytest.fixture
def simple_procedure(context: AppContext) -> Iterator[None]:
    """The district handles what is small, clear and undisputed under the simple procedure."""
    lifecycle.activate_simple_procedure(is_on=True)
    yield
    lifecycle.activate_simple_procedure(is_on=False)


def test_a_sequence_of_steps_exists_for_each_letter() -> None:
    assert set(WALKS) == {letter_type.code for letter_type in LETTERS if letter_type.act in set(Act)}


@pytest.mark.usefixtures("simple_procedure")
@pytest.mark.parametrize("code", WALKS)
async def test_a_sequence_of_steps_issues_the_letter_with_its_required_content(context: AppContext, code: str) -> None:
    draft, steps = WALKS[code]
    no = await _opened(context, draft)
    await _walk(context, no, *steps)
    letter = (await _letters(context, no))[code]
    vault = context.settings.vault
    internal = letter.letter_type.internal
    reader = await directory.load_actor("reception") if internal else citizen(no)
    if code == "transfer_slip":
        reader = SYSTEM  # handed over: the desk it left sees it no more
    opened = await letter_register.open_letter(reader, no, str(letter.id), vault=vault)
    values = issuing.letter_values(opened, "https://xinqiao.example")
    assert [name for name in letter.letter_type.states if not values[name] and name not in MAY_BE_EMPTY] == []
    words = words_of("docx", await issuing.render_letter(context, opened, "docx", "https://xinqiao.example"))
    for name in ("标题", "文号", "签发单位", "签发日期", *letter.letter_type.states):
        assert "".join(values[name].split()) in words, name
    assert "{{" not in words and "{%" not in words


async def test_handling_a_message_twice_issues_nothing_more(context: AppContext) -> None:
    no = await _opened(context)
    await _walk(context, no, ASSIGN, ACCEPT)
    before = await _letters(context, no)
    handlers = issuing.build_handlers(context)
    for seq in (2, 3, 4):
        for handler in (*handlers["case.assign"], *handlers["case.accept"]):
            try:
                await handler({"no": no, "seq": seq}, MONDAY)
            except StopIteration:
                pytest.fail("an entry was not found")
            except Exception as fault:  # what the outbox takes for done
                assert type(fault).__name__ == "NotNow", fault
    assert await _letters(context, no) == before


@pytest.mark.parametrize("form", ["docx", "pdf"])
async def test_an_opinion_states_request_facts_opinion_law_and_the_last_day_of_the_review_right(
    context: AppContext, form: str
) -> None:
    no = await _opened(context)
    await _walk(context, no, ASSIGN, ACCEPT, REPLY)
    letter = (await _letters(context, no))["opinion"]
    words = words_of(form, await _written(context, no, letter, form))
    file = await case_queries.load_file(SYSTEM, no, vault=context.settings.vault)
    right = next(clock for clock in file.clocks if clock.term == "ask_review")
    names = await directory.load_directory()
    for passage in (
        "𠮷小娜",
        "少算了两亩",
        "𠮷田地契",
        "予以补足",
        "十日内拨付到位",
        "予以支持",
        "《信访工作条例》",
        "第三十二条",
        names.name(names.superior("ziran")),
        format_day(right.due_legal_day),
        letter.number,
        format_day(office_day(letter.issued_at)),
        names.name("ziran"),
    ):
        assert "".join(passage.split()) in words, passage


async def test_a_letter_rendered_again_is_identical_to_the_byte(context: AppContext) -> None:
    no = await _opened(context)
    await _walk(context, no, ASSIGN, ACCEPT)
    letter = (await _letters(context, no))["accept_notice"]
    first = [await _written(context, no, letter, form) for form in ("docx", "pdf")]
    await _walk(context, no, (Act.EXTEND, "lead-ziran", {"reason": "需要重新测量", "days": 30}), REPLY, begin=5)
    own = templates.default_template("accept_notice")
    assert templates.install_template(context.settings.data, "accept_notice", own) == []
    assert [await _written(context, no, letter, form) for form in ("docx", "pdf")] == first


async def test_numbers_have_no_gap_and_no_double_when_many_are_issued_at_once(context: AppContext) -> None:
    nos = [await _opened(context) for _ in range(6)]
    for no in nos:
        await cases.act(no, Act.ASSIGN, await directory.load_actor("reception"), {"unit": "ziran"}, now=MONDAY + DAY)
        await cases.act(no, Act.ACCEPT, await directory.load_actor("clerk-ziran"), {}, now=MONDAY + 2 * DAY)
    handler = issuing.build_handlers(context)["case.accept"][0]
    files = [await case_queries.load_file(SYSTEM, no, vault=context.settings.vault) for no in nos]
    accepts = [next(e.seq for e in file.entries if e.act == Act.ACCEPT) for file in files]
    twice = [handler({"no": no, "seq": seq}, MONDAY) for no, seq in zip(nos, accepts, strict=True) for _ in range(2)]
    await asyncio.gather(*twice)
    numbers = [(await _letters(context, no))["accept_notice"].number for no in nos]
    places = sorted(int(number.rpartition("〕")[2].removesuffix("号")) for number in numbers)
    assert places == [1, 2, 3, 4, 5, 6]


SUGGESTIONS = ("improve", "policy", "hold_liable")


async def test_only_the_letters_of_a_hearing_in_re_review_cite_its_article(context: AppContext) -> None:
    cited = {}
    for stage, steps in (
        ("first", (ASSIGN, ACCEPT, HEARING)),
        ("review", (ASSIGN, ACCEPT, REPLY, REVIEW, *AT_CITY, (Act.HEARING, "clerk-shi-ziran", HEARING[2]))),
    ):
        no = await _opened(context)
        await _walk(context, no, *steps)
        cited[stage] = (await _letters(context, no))["hearing_notice"].facts["依据"]
    assert cited == dict.fromkeys(cited, "《信访工作条例》第三十一条第六项")
    no = await _opened(context)
    province_hearing = (Act.HEARING, "clerk-sheng-xinfang", HEARING[2])
    await _walk(
        context, no, ASSIGN, ACCEPT, REPLY, REVIEW, *AT_CITY, CITY_REPLY, RE_REVIEW, *AT_PROVINCE, province_hearing
    )
    assert (await _letters(context, no))["hearing_notice"].facts["依据"] == "《信访工作条例》第三十六条第二款"


CONSENTED: dict[str, tuple[Submission, Steps]] = {
    "hotline_hold": (
        HOTLINE,
        (ASSIGN, ACCEPT, (Act.ASK_HOLD, "lead-ziran", LATER), (Act.HOLD, "reception", {**LATER, "reason": "同意"})),
    ),
    "hotline_extension": (
        HOTLINE,
        (
            ASSIGN,
            ACCEPT,
            (Act.ASK_EXTENSION, "clerk-ziran", MORE_TIME),
            (Act.ENDORSE_EXTENSION, "lead-ziran", {**MORE_TIME, "reason": "同意"}),
            (Act.EXTEND, "reception", {**MORE_TIME, "reason": "同意延期，请抓紧"}),
        ),
    ),
    "extension_notice": (
        APPEAL,
        (
            ASSIGN,
            ACCEPT,
            (Act.ASK_EXTENSION, "clerk-ziran", MORE_TIME),
            (Act.EXTEND, "lead-ziran", {**MORE_TIME, "reason": "同意"}),
        ),
    ),
}


@pytest.mark.parametrize("code", CONSENTED)
async def test_the_reason_in_a_letter_is_why_time_was_asked_for_not_that_somebody_agreed(
    context: AppContext, code: str
) -> None:
    draft, steps = CONSENTED[code]
    no = await _opened(context, draft)
    await _walk(context, no, *steps)
    letter = (await _letters(context, no))[code]
    opened = await letter_register.open_letter(citizen(no), no, str(letter.id), vault=context.settings.vault)
    assert issuing.letter_values(opened, "https://xinqiao.example")["理由"] == str(steps[2][2]["reason"])


@pytest.mark.parametrize("code", ["hotline_hold", "hotline_extension"])
async def test_what_no_national_paper_speaks_of_cites_none(context: AppContext, code: str) -> None:
    draft, steps = WALKS[code]
    no = await _opened(context, draft)
    await _walk(context, no, *steps)
    letter = (await _letters(context, no))[code]
    words = words_of("docx", await _written(context, no, letter, "docx", who=""))
    assert "依据本平台公开的办理规则的要求" in words and "国办发" not in words


@pytest.mark.parametrize("kind", ["improve", "policy", "hold_liable", "interview", "circular", "listed", "rectify_by"])
async def test_a_measure_has_one_letter_that_can_be_verified(context: AppContext, kind: str) -> None:
    values = OfficeLetterValues(
        about="JD2026-0001",
        unit="ziran",
        issuer="rexian",
        title="完善征地补偿面积复核",
        text="一、建立复核台账。\n二、公开复核结果。",
        wants="书面反馈采纳情况",
        due_day=office_day(MONDAY + 30 * DAY),
        at=MONDAY,
    )
    letter = await issuing.issue_unit_letter(context, kind, values)
    assert await issuing.issue_unit_letter(context, kind, values) == letter
    assert await letter_register.find_by_token(letter.token) == letter
    words = words_of("docx", await issuing.render_unit_letter(context, letter, "docx", "https://xinqiao.example"))
    names = await directory.load_directory()
    for expected in (
        letter.letter_type.title,
        letter.number,
        names.name("ziran"),
        values.title,
        "公开复核结果",
        "2026年10月14日",
    ):
        assert expected in words, expected
    assert "{{" not in words
    signed = names.name("rexian") if kind in SUGGESTIONS else "云川区信访工作联席会议"
    assert letter.facts["签发单位"] == signed and signed in words
    assert letter.number.startswith("信联") is (kind not in SUGGESTIONS), "numbered as its own, not as its office's"


async def test_what_an_import_enters_issues_no_letter(context: AppContext) -> None:
    no = await _opened(context)
    actor = Actor(id="import", name="批量导入", roles=(await directory.load_actor("reception")).roles, unit="rexian")
    await cases.act(no, Act.ASSIGN, actor, {"unit": "ziran"}, now=MONDAY + DAY)
    await _drain(context)
    assert await _letters(context, no) == {}


async def test_the_citizen_reads_their_own_letters_and_no_slip_between_offices(context: AppContext) -> None:
    no = await _opened(context)
    await _walk(context, no, ASSIGN, ACCEPT)
    assert list(await _letters(context, no, citizen(no))) == ["forwarded_notice", "accept_notice"]


async def test_who_signs_a_record_signs_on_one_page_with_the_office(context: AppContext) -> None:
    draft, steps = WALKS["hearing_record"]
    no = await _opened(context, draft)
    await _walk(context, no, *steps)
    content = await _written(context, no, (await _letters(context, no))["hearing_record"], "pdf")
    last_page = "".join(pypdf.PdfReader(io.BytesIO(content)).pages[-1].extract_text().split())
    for words in ("信访人：", "承办单位代表：", "听证主持人：", "记录人：", "核验码"):
        assert words in last_page, words
