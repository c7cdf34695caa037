"""Do page, API, CSV and Excel say the same of the same period, and only to whom it belongs?"""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from evaluation.disclosure import DisclosureRules
from evaluation.kpi import definitions, facts
from evaluation.kpi import table as kpi_table
from evaluation.kpi.definitions import FACT_BY_CODE, KPI_BY_CODE, KPIS, Weights
from evaluation.models import Rating
from evaluation.publication import consultation_deadlines, editions, files
from evaluation.ratings import cases as case_ratings
from feedback.kernel import timers
from feedback.record import cases
from feedback.rules.access import citizen
from feedback.rules.intake import PersonSubmission, Submission
from feedback.rules.vocabulary import Act, Kind
from routing import directory
from routing.notices import inbox
from tests.moments import MONDAY
from tests.people import Door
from web import bootstrap

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UNIT = "jiaoyu"
PERIOD = "2026-09"


async def _answered(door: Door, number: int, kind: Kind = Kind.COMPLAINT, days: int = 1) -> str:
    draft = Submission(
        kind=kind,
        title=f"课后服务收费不明{number}",
        text="课后服务收费没有公示。",
        channel="app",
        desk="rexian",
        source_id=f"kpi-{number}",
        person=PersonSubmission("安小娜", "13900001234"),
    )
    no = (await cases.submit(draft, citizen(""), now=MONDAY, vault=door.settings.vault)).no
    desk, clerk = await directory.load_actor("reception"), await directory.load_actor(f"clerk-{UNIT}")
    await cases.act(no, Act.ASSIGN, desk, {"unit": UNIT}, now=MONDAY + HOUR)
    await cases.act(no, Act.ACCEPT, clerk, {}, now=MONDAY + 2 * HOUR)
    await cases.act(no, Act.REPLY, clerk, {"text": "已公示。"}, now=MONDAY + days * DAY)
    return no


@pytest.fixture
async def busy(door: Door) -> Door:
    """A house in which a unit answered four cases, one of them late, and called two people back."""
    nos = [await _answered(door, number) for number in range(3)] + [await _answered(door, 9, days=13)]
    desk = await directory.load_actor("reception")
    data = {"text": "已回访", "contacted": "yes"}
    await cases.act(
        nos[0], Act.CALL_BACK, desk, {**data, "outcome": "satisfied", "solved": "solved"}, now=MONDAY + 2 * DAY
    )
    await cases.act(
        nos[1],
        Act.CALL_BACK,
        desk,
        {**data, "outcome": "unsatisfied", "solved": "partly", "reason": "收费有依据，已经说明"},
        now=MONDAY + 2 * DAY,
    )
    door.set_time(MONDAY + 40 * DAY)
    return door


async def test_page_api_csv_excel_and_engine_say_the_same(busy: Door) -> None:
    token = await busy.log_in("supervisor")
    body = (await busy.get(f"/api/v1/kpis?period={PERIOD}", token)).json()
    unit = next(row for row in body["units"] if row["unit"] == UNIT)
    question = facts.Question(kpis_period(), busy.context.clock.now(), busy.settings.rating_days)
    engine = definitions.compute_figures((await facts.count_facts(question))[UNIT], Weights())
    assert {code: figure["value"] for code, figure in unit["figures"].items()} == {
        c: f.value for c, f in engine.items()
    }
    assert (unit["figures"]["solution_rate"]["top"], unit["figures"]["solution_rate"]["base"]) == (1.5, 2)
    assert (unit["figures"]["order_timeliness"]["top"], unit["figures"]["order_timeliness"]["base"]) == (3, 4)

    text = (await busy.get(f"/api/v1/kpis.csv?period={PERIOD}", token)).content.decode("utf-8-sig")
    listed = {row[1]: row[2:5] for row in csv.reader(io.StringIO(text)) if row and row[0] == unit["name"]}
    book = CalamineWorkbook.from_filelike(
        io.BytesIO((await busy.get(f"/api/v1/kpis.xlsx?period={PERIOD}", token)).content)
    )
    assert book.sheet_names == ["指标", "分子分母", "口径", "说明"]
    head, *rows = book.get_sheet_by_name("指标").to_python()
    wide = dict(zip(head, next(row for row in rows if row[0] == unit["name"]), strict=True))
    for kpi in KPIS:
        value = unit["figures"][kpi.code]["value"]
        if kpi.name in ("满意率",) or value is None:
            continue
        assert wide[kpi.name] == value
        assert float(listed[kpi.name][0]) == value

    browser = await busy.page_client("supervisor")
    for group in definitions.GROUPS:
        page = (await browser.get(f"/board/kpis?period={PERIOD}&group={group}")).text
        for kpi in KPIS:
            if kpi.group == group and unit["figures"][kpi.code]["value"] is not None:
                assert kpi_table.format_value(kpi.code, unit["figures"][kpi.code]["value"]) in page
    await browser.aclose()


def kpis_period() -> Any:
    from evaluation import periods

    return periods.parse_period(PERIOD)


async def test_a_number_leads_to_the_cases_behind_it(busy: Door) -> None:
    browser = await busy.page_client("supervisor")
    address = f"/board/kpis/cases?period={PERIOD}&kpi=order_timeliness&unit={UNIT}&part="
    base, missed = [(await browser.get(address + part)).text for part in ("base", "missed")]
    assert base.count('href="/desk/cases/') == 4
    assert missed.count('href="/desk/cases/') == 1
    assert "课后服务收费不明9" in missed
    await browser.aclose()


async def test_figures_are_for_overseers_only(busy: Door) -> None:
    assert (await busy.get("/api/v1/kpis")).status_code == 401
    token = await busy.log_in(f"clerk-{UNIT}")
    for suffix in ("", ".csv", ".xlsx"):
        assert (await busy.get(f"/api/v1/kpis{suffix}", token)).status_code == 403
    browser = await busy.page_client(f"clerk-{UNIT}")
    assert (await browser.get("/board/kpis")).status_code == 403
    assert (await browser.get("/board/kpis/cases?kpi=timeliness")).status_code == 403
    await browser.aclose()


@pytest.mark.parametrize(
    ("query", "field"), [("period=neulich", "period"), ("period=2026-13", "period"), ("region=110000000000", "region")]
)
async def test_what_is_no_period_or_region_is_named(door: Door, query: str, field: str) -> None:
    token = await door.log_in("supervisor")
    answer = await door.get(f"/api/v1/kpis?{query}", token)
    assert answer.status_code == 422
    assert list(answer.json()["error"]["fields"]) == [field]


async def test_a_consultation_that_waits_too_long_is_told_once_at_each_stage(door: Door) -> None:
    draft = Submission(kind=Kind.CONSULT, title="怎么办居住证", text="请问怎么办居住证？", channel="web", desk="rexian")
    no = (await cases.submit(draft, citizen(""), now=MONDAY, vault=door.settings.vault)).no
    await cases.act(no, Act.ASSIGN, await directory.load_actor("reception"), {"unit": UNIT}, now=MONDAY + HOUR)
    who = {name: await directory.load_actor(name) for name in (f"clerk-{UNIT}", f"lead-{UNIT}", "supervisor")}
    notices = []
    for days in (59, 60, 61, 75, 85, 90, 91):
        door.set_time(MONDAY + days * DAY)
        for _ in range(2):
            await timers.run_through(bootstrap.timers(door.context)["alarms"], door.context.clock.now())
        lists = [(await inbox.list_notices(actor))[0] for actor in who.values()]
        notices.append([sum("网上咨询" in row["words"] and no in row["words"] for row in rows) for rows in lists])
    assert notices == [[0, 0, 0], [1, 1, 0], [1, 1, 0], [2, 3, 1], [3, 5, 2], [4, 7, 3], [4, 7, 3]]


async def test_a_figure_there_is_not_leads_nowhere(door: Door) -> None:
    browser = await door.page_client("supervisor")
    for query in ("kpi=nonsense", "kpi=composite", ""):
        assert (await browser.get(f"/board/kpis/cases?{query}")).status_code == 404
    await browser.aclose()


async def test_consultations_ring_at_sixty_seventyfive_and_eightyfive_days_and_fall_at_ninety(door: Door) -> None:
    draft = Submission(kind=Kind.CONSULT, title="怎么办居住证", text="请问怎么办居住证？", channel="web", desk="rexian")
    no = (await cases.submit(draft, citizen(""), now=MONDAY, vault=door.settings.vault)).no
    rang = [
        (await consultation_deadlines.list_overdue(MONDAY + days * DAY), days)
        for days in (59, 60, 74, 75, 85, 89, 90, 120)
    ]
    assert [(alarms[0].stage.code if alarms else "", days) for alarms, days in rang] == [
        ("", 59),
        ("alarm_60", 60),
        ("alarm_60", 74),
        ("alarm_75", 75),
        ("alarm_85", 85),
        ("alarm_85", 89),
        ("veto", 90),
        ("veto", 120),
    ]
    door.set_time(MONDAY + 86 * DAY)
    browser = await door.page_client("supervisor")
    page = (await browser.get("/board/kpis?group=website")).text
    assert no in page and "红色预警" in page
    await browser.aclose()


# ---- what may be published ----


def _public(code: str, counts: dict[str, int]) -> dict[str, Any]:
    return next(
        row for row in kpi_table.list_public_figures(counts, DisclosureRules(), Weights()) if row["code"] == code
    )


def test_only_public_figures_are_published() -> None:
    assert {row["code"] for row in kpi_table.list_public_figures({}, DisclosureRules(), Weights())} == {
        k.code for k in KPIS if k.is_public
    }


@pytest.mark.parametrize(
    ("counts", "value", "hidden"),
    [
        ({"messages_answered": 95, "messages": 100}, 0.95, ""),
        ({"messages_answered": 96, "messages": 100}, None, "fewer_than_5"),
        ({"messages_answered": 3, "messages": 50}, None, "fewer_than_5"),
        ({"messages_answered": 100, "messages": 100}, 1.0, ""),
        ({"messages_answered": 9, "messages": 9}, None, "fewer_than_10"),
        ({}, None, "none"),
    ],
)
def test_a_rate_is_published_only_when_neither_side_is_small(
    counts: dict[str, int], value: float | None, hidden: str
) -> None:
    row = _public("message_answer_rate", counts)
    assert (row["value"], row["hidden"]) == (value, hidden)
    assert (row["top"] is None) == (value is None)


def test_a_small_cell_inside_a_sum_hides_the_rate_too() -> None:
    counts = {"unit_satisfied": 40, "unit_basically": 2, "unit_dissatisfied": 8, "unit_unrated": 50}
    assert _public("participation_rate", counts)["hidden"] == "fewer_than_5"


def test_no_public_figure_is_made_of_counts_whose_cells_are_hidden_by_unit() -> None:
    """A unit's clocks and stars are shown with small cells hidden: their sums over the district would tell these."""
    shown = {
        kpi.code
        for kpi in KPIS
        if kpi.is_public
        for part in kpi.base
        if FACT_BY_CODE[part.fact].cube in ("clocks", "ratings")
    }
    assert shown == set()


async def test_wrong_weights_stop_the_start(door: Door) -> None:
    from dataclasses import replace

    from feedback.kernel.errors import Invalid

    with pytest.raises(Invalid) as fault:
        async with bootstrap.open_context(replace(door.settings, kpi_weights="0.5,0.4,0.4")):
            pass
    assert fault.value.fields == {"XINQIAO_KPI_WEIGHTS": "must_add_up_to_1"}
    assert KPI_BY_CODE["composite"].of == definitions.COMPOSITE


async def test_a_petitioner_rates_unit_and_petition_department_on_a_scale_of_three_by_page_and_api(door: Door) -> None:
    receipts = [await door.submit(kind="suggest", source_id=f"rate-{n}", channel="web") for n in range(2)]
    desk, clerk = await directory.load_actor("reception"), await directory.load_actor(f"clerk-{UNIT}")
    now = door.context.clock.now()
    for receipt in receipts:
        no = receipt["no"]
        await cases.act(no, Act.ASSIGN, desk, {"unit": UNIT}, now=now)
        await cases.act(no, Act.ACCEPT, clerk, {}, now=now)
        await cases.act(no, Act.REPLY, clerk, {"text": "已研究采纳。"}, now=now)
    by_page, by_api = receipts
    browser = door.browser()
    await browser.post("/lookup", data={"code": by_page["code"], "check": by_page["no"]})
    page = (await browser.get("/case")).text
    assert "您对信访部门的登记、转办、告知满意吗" in page
    assert "非常满意" not in page.partition('id="act-rate"')[2].partition("</details>")[0]
    key = page.partition('name="key" value="')[2].partition('"')[0]
    form = {"level": "4", "desk_level": "3", "key": key}
    for _ in range(2):  # pressed twice
        assert (await browser.post("/case/acts/rate", data=form)).status_code == 303
    await browser.aclose()
    assert (await Rating.filter(case_no=by_page["no"]).values_list("level", "desk_level", "number")) == [(4, 3, 1)]
    body = {"case_no": by_api["no"], "code": by_api["code"], "level": 2, "desk_level": 4}
    assert (await door.post("/api/v1/ratings", {**body, "desk_level": 6})).status_code == 422
    assert (await door.post("/api/v1/ratings", body)).status_code == 201
    assert (await Rating.get(case_no=by_api["no"])).desk_level == 4


async def test_the_edition_holds_what_the_engine_counts(busy: Door) -> None:
    edition = await editions.publish_edition(
        PERIOD, now=busy.context.clock.now(), author="test", settings=busy.settings
    )
    question = facts.Question(kpis_period(), kpis_period().until, busy.settings.rating_days)
    counts = facts.sum_units(await facts.count_facts(question))
    assert edition.figures["kpis"] == kpi_table.list_public_figures(counts, DisclosureRules(), Weights())
    answer = (await busy.get(f"/api/v1/public/scores?period={PERIOD}")).json()
    assert answer["kpis"] == edition.figures["kpis"]
    page = (await busy.get(f"/scores?period={PERIOD}")).text
    assert "全区指标" in page and "当期没有" in page
    assert "全区指标" in files.to_csv(edition)


async def test_a_unit_disputes_and_somebody_else_judges_at_a_page(door: Door) -> None:
    no = await _answered(door, 1)
    door.set_time(MONDAY + 2 * DAY)
    await cases.act(
        no,
        Act.RATE,
        citizen(no),
        {"level": 1, "text": "没有解决"},
        now=MONDAY + 2 * DAY,
        in_transaction=case_ratings.record_rating,
    )
    rating = await Rating.get(case_no=no)
    clerk, other, judge = [await door.page_client(name) for name in (f"clerk-{UNIT}", "clerk-jiwei", "supervisor")]
    assert "没有解决" in (await clerk.get("/desk/ratings")).text
    assert "没有解决" not in (await other.get("/desk/ratings")).text
    form = {"id": rating.id, "reason": "群众点错了"}
    assert (await other.post("/desk/ratings/dispute", data=form)).status_code == 404
    assert (await clerk.post("/desk/ratings/dispute", data={**form, "reason": ""})).status_code == 422
    assert (await clerk.post("/desk/ratings/dispute", data=form)).status_code == 303
    assert (await clerk.post("/desk/ratings/judge", data={**form, "stands": "0"})).status_code == 409
    assert "申诉误评" in (await judge.get("/desk/ratings")).text
    assert (await judge.post("/desk/ratings/judge", data={**form, "stands": "0"})).status_code == 303
    assert (await Rating.get(id=rating.id)).status == "invalid"
    left_out = {"no": no, "reason": "要求违反规定"}
    assert (await clerk.post("/desk/ratings/exclude", data=left_out)).status_code == 303
    assert (await judge.post("/desk/ratings/decide", data={**left_out, "agreed": "1"})).status_code == 303
    assert "已批准剔除" in (await clerk.get("/desk/ratings")).text
    for client in (clerk, other, judge):
        await client.aclose()
