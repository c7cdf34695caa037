"""Stories of accusations: by what the words say, whatever kind the writer chose (信访工作条例 第三十条)."""

import pytest

from tests.flows.story import Story
from tests.people import ANNAS_MESSAGE, Door

UNDER_ANOTHER_KIND = {
    "appeal": ("控告区教育局科长索贿", "控告区教育局王科长索贿两万元，请求查处违纪。"),
    "complaint": ("低保科科长收红包", "区民政局低保科科长收了我两千块红包，请纪检查处。"),
    "help": ("班主任索要礼金", "区教育局下属小学的班主任向家长索要礼金，请查处违纪。"),
}


@pytest.fixture
def story(door: Door) -> Story:
    return Story(door)


@pytest.mark.parametrize("kind", UNDER_ANOTHER_KIND)
async def test_art_30_an_accusation_under_another_kind_waits_for_a_person_and_never_reaches_the_accused(
    story: Story, kind: str
) -> None:
    title, text = UNDER_ANOTHER_KIND[kind]
    accused = "minzheng" if kind == "complaint" else "jiaoyu"
    await story.submit("2026-03-02 09:00", kind=kind, title=title, text=text)
    await story.door.drain()
    case = await story.seen()
    assert (case["status"], case["unit"]) == ("received", None)
    for who in (f"clerk-{accused}", f"lead-{accused}", "supervisor", "auditor"):
        response = await story.door.get(f"/api/v1/cases/{story.no}", await story.door.log_in(who))
        assert response.status_code == 404, who
    sent = await story.tries("reception", "assign", unit=accused)
    assert (sent.status_code, set(sent.json()["error"]["fields"])) == (422, {"unit"})
    assert (await story.does("reception", "assign", unit="jiwei"))["status"] == "assigned"


async def test_art_30_the_desk_makes_an_accusation_a_report_and_it_stays_one(story: Story) -> None:
    title, text = UNDER_ANOTHER_KIND["complaint"]
    await story.submit("2026-03-02 09:00", kind="complaint", title=title, text=text)
    await story.door.drain()
    await story.does("reception", "change_kind", kind="report", reason="反映公职人员收受财物")
    case = await story.does("reception", "assign", unit="jiwei")
    assert (case["kind"], {clock["term"] for clock in case["clocks"] if clock["state"] == "running"}) == (
        "report",
        {"object", "resolve"},
    )
    for who in ("clerk-minzheng", "supervisor"):
        response = await story.door.get(f"/api/v1/cases/{story.no}", await story.door.log_in(who))
        assert response.status_code == 404, who


async def test_art_30_what_a_person_finds_to_be_no_accusation_goes_to_any_unit(story: Story) -> None:
    title, text = UNDER_ANOTHER_KIND["help"]
    await story.submit("2026-03-02 09:00", kind="help", title=title, text=text)
    assert (await story.does("reception", "assign", unit="gongan"))["status"] == "assigned"
    response = await story.door.get(f"/api/v1/cases/{story.no}", await story.door.log_in("clerk-gongan"))
    assert response.status_code == 200


async def test_art_30_no_machine_decides_who_gets_a_report(story: Story) -> None:
    await story.submit(
        "2026-03-02 09:00", kind="report", title="举报小学乱收费", text="区教育局某科长收受回扣，请查处。"
    )
    await story.door.drain()
    case = await story.seen()
    assert (case["status"], case["unit"]) == ("received", None)
    assert (await story.does("reception", "assign", unit="jiwei"))["unit"]["code"] == "jiwei"


@pytest.mark.parametrize("kind", ["report", "complaint", "appeal"])
async def test_art_30_what_accuses_its_own_desk_goes_on_by_the_rows_and_no_desk_sees_it(
    story: Story, kind: str
) -> None:
    await story.submit(
        "2026-03-02 09:00", kind=kind, title="举报热线", text="区12345热线中心的主任收受商家礼金，请查处。"
    )
    await story.door.drain()
    response = await story.door.get(f"/api/v1/cases/{story.no}", await story.door.log_in("reception"))
    assert response.status_code == 404
    case = await story.seen("clerk-jiwei")
    assert (case["status"], case["unit"]["code"]) == ("assigned", "jiwei")


async def report(story: Story, **fields: object) -> None:
    """A report of the last days of November, under the rules from then on."""
    text = "区教育局某科长收受回扣，请查处。"
    await story.submit("2026-11-30 09:00", kind="report", title="举报小学乱收费", text=text, **fields)


async def test_art_30_the_clock_of_a_report_runs_from_receipt_whoever_gets_it(story: Story) -> None:
    await report(story)
    await story.does("reception", "assign", "2026-12-01 09:00", unit="jiwei")
    due = await story.due("resolve")
    await story.does("clerk-jiwei", "return", "2026-12-10 09:00", reason="属于上一级管辖")
    await story.does("reception", "assign", "2026-12-11 09:00", unit="shi-jiwei")
    clock = await story.clock("resolve")
    assert (clock["unit"], clock["due_legal_day"], clock["due_raw_day"]) == ("shi-jiwei", due, "2027-02-28")


async def test_a_named_informant_hears_within_15_working_days_of_receipt(story: Story) -> None:
    await report(story)
    await story.does("reception", "assign", "2026-12-01 09:00", unit="jiwei")
    assert await story.due("notify") == "2026-12-21"
    await story.does("clerk-jiwei", "accept", "2026-12-04 09:00")
    assert (await story.clock("notify"))["state"] == "kept"


async def test_an_anonymous_informant_is_owed_no_notice(story: Story) -> None:
    await report(story, anonymous=True)
    await story.does("reception", "assign", "2026-12-01 09:00", unit="jiwei")
    assert "notify" not in {clock["term"] for clock in (await story.seen())["clocks"]}


async def test_art_25_what_is_urgent_in_a_report_is_reported_up_too(story: Story) -> None:
    text = "区教育局某科长收受回扣，学校食堂发生食物中毒，孩子们正在集体呕吐。"
    await story.submit("2026-11-30 09:00", kind="report", title="举报食堂回扣", text=text)
    assert (await story.clock("report_up"))["state"] == "running"
    await story.does("reception", "report_up", "2026-11-30 10:00", text="已报区委、区政府。")
    assert (await story.clock("report_up"))["state"] == "kept"


async def test_art_40_a_cleared_supervisor_supervises_a_report(story: Story) -> None:
    await report(story)
    await story.does("reception", "assign", "2026-12-01 09:00", unit="jiwei")
    response = await story.door.get(f"/api/v1/cases/{story.no}", await story.door.log_in("supervisor"))
    assert response.status_code == 404
    await story.does("supervisor-jiwei", "supervise", reason="请在期限内查清并告知举报人")
    assert (await story.clock("supervision"))["unit"] == "jiwei"


async def test_art_28_what_names_somebody_to_be_kept_away_waits_for_a_person(story: Story) -> None:
    words = {name: str(ANNAS_MESSAGE[name]) for name in ("title", "text")}
    await story.submit("2026-03-02 09:00", kind="complaint", exclude="交警大队的王某，他是当事人的亲戚", **words)
    await story.door.drain()
    case = await story.seen()
    assert (case["status"], case["unit"]) == ("received", None)
    assert (await story.does("reception", "assign", unit="jiaojing"))["status"] == "assigned"


async def test_privacy_a_person_decides_who_gets_a_report(story: Story) -> None:
    page = await story.door.get("/privacy")
    assert "检举控告和指名请求回避的，交给谁由人决定（反映受理窗口本身的除外" in page.text


async def test_what_accuses_nobody_goes_on_by_itself(story: Story) -> None:
    words = {name: str(ANNAS_MESSAGE[name]) for name in ("title", "text")}
    await story.submit("2026-03-02 09:00", kind="complaint", **words)
    await story.door.drain()
    assert (await story.seen())["status"] == "assigned"
