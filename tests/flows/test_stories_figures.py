"""Stories of figures and supervision: nobody is accused of another's lateness, and a figure says what it counts."""

import html
import io
import re
from contextlib import aclosing

import pytest
from docx import Document

from feedback.kernel import timers
from tests.flows.story import OPINION, Story, at
from tests.people import Door
from web import bootstrap

HELPER_WORDS = "区民政局"


@pytest.fixture
def story(door: Door) -> Story:
    return Story(door)


async def pass_timers(door: Door, moment: str) -> None:
    """It is that moment, and the timers of supervision have run."""
    door.set_time(at(moment))
    for name in ("sweep_clocks", "propose_all"):
        await timers.run_through(bootstrap.timers(door.context)[name], door.context.clock.now())
    await door.drain()


async def proposals(door: Door) -> dict[str, str]:
    """To whom which rule proposes an order, as the supervisor's list says it."""
    response = await door.get("/api/v1/oversight/proposals", await door.log_in("supervisor"))
    return {item["unit"]: "；".join(item["evidence"]) for item in response.json()["items"]}


async def issue(door: Door) -> None:
    """The supervisor issues the one proposed order as it is proposed."""
    async with aclosing(await door.page_client("supervisor")) as chief:
        page = (await chief.get("/board/proposals")).text
        (number,) = set(re.findall(r"/board/proposals/(\d+)", page))
        (button,) = re.findall(r'<button[^>]*name="issue"[^>]*value="([^"]+)"[^>]*>按上述依据发出督办', page)
        answer = await chief.post(f"/board/proposals/{number}", data={"issue": button})
    assert answer.headers["location"] == "/board/proposals?done=issued", answer.text
    await door.drain()


async def letter(story: Story, who: str, title: str) -> str:
    """The words of the newest letter of that title, as a member of staff downloads it."""
    case = await story.seen(who)
    number = [row["id"] for row in case["letters"] if row["title"] == title][-1]
    path = f"/api/v1/cases/{story.no}/letters/{number}.docx"
    response = await story.door.get(path, await story.door.log_in(who))
    return "\n".join(paragraph.text for paragraph in Document(io.BytesIO(response.content)).paragraphs)


async def a_petition_whose_helper_is_silent(story: Story) -> None:
    await story.submit("2026-03-02 09:00")
    await story.does("reception", "assign", "2026-03-02 10:00", unit="jiaoyu")
    await story.does("clerk-jiaoyu", "accept", "2026-03-03 09:00")
    await story.does("clerk-jiaoyu", "co_assign", units=["minzheng"], task="核对低保档案")


async def test_an_order_goes_to_whom_the_late_clock_binds(story: Story, door: Door) -> None:
    await a_petition_whose_helper_is_silent(story)
    await pass_timers(door, "2026-03-20 09:00")
    assert set(await proposals(door)) == {HELPER_WORDS}
    await issue(door)
    order = await letter(story, "supervisor", "督办函")
    assert "民政局：" in order and "教育局" not in order
    clock = await story.clock("supervision")
    assert (clock["unit"], clock["state"]) == ("minzheng", "running")


async def test_only_who_is_ordered_answers_the_order(story: Story, door: Door) -> None:
    await a_petition_whose_helper_is_silent(story)
    await pass_timers(door, "2026-03-20 09:00")
    await issue(door)
    assert "answer_supervision" not in await story.acts("clerk-jiaoyu")
    assert (await story.tries("clerk-jiaoyu", "answer_supervision", text="不是我们的")).status_code == 403
    await story.does("clerk-minzheng", "answer_supervision", text="今天反馈。")
    assert (await story.clock("supervision"))["state"] == "kept"


async def test_the_evidence_of_an_order_is_of_the_day_it_is_issued(story: Story, door: Door) -> None:
    await a_petition_whose_helper_is_silent(story)
    await pass_timers(door, "2026-03-10 09:00")
    proposed = (await proposals(door))[HELPER_WORDS]
    door.set_time(at("2026-03-20 09:00"))
    issued = (await proposals(door))[HELPER_WORDS]
    assert proposed != issued
    await issue(door)
    assert issued in await letter(story, "supervisor", "督办函")


async def test_what_came_in_meanwhile_is_not_ordered(story: Story, door: Door) -> None:
    await a_petition_whose_helper_is_silent(story)
    await pass_timers(door, "2026-03-20 09:00")
    listed = await door.get("/api/v1/oversight/proposals", await door.log_in("supervisor"))
    (proposal,) = listed.json()["items"]
    await story.does("clerk-minzheng", "co_reply", text="档案已核对。")
    order = {"issue": True, "reason": "请立即反馈"}
    path = f"/api/v1/oversight/proposals/{proposal['id']}"
    assert (await door.post(path, order, await door.log_in("supervisor"))).status_code == 409
    assert not await proposals(door)


async def test_the_centre_is_ordered_for_its_own_lateness_and_answers_itself(story: Story, door: Door) -> None:
    await story.submit("2026-03-02 09:00", kind="complaint")
    await story.does("reception", "assign", "2026-03-02 10:00", unit="jiaoyu")
    await story.does("clerk-jiaoyu", "accept", "2026-03-02 11:00")
    await story.does("clerk-jiaoyu", "reply", "2026-03-03 11:00", text="已安排人员到现场疏导。")
    await pass_timers(door, "2026-03-20 09:00")
    (unit,) = await proposals(door)
    assert "教育局" not in unit
    await issue(door)
    assert "教育局" not in await letter(story, "supervisor", "12345热线督办函")
    assert "answer_supervision" not in await story.acts("lead-jiaoyu")
    await story.does("reception", "answer_supervision", text="今天回访。")


async def test_a_supervisor_orders_only_who_has_to_do_with_the_case(story: Story) -> None:
    await a_petition_whose_helper_is_silent(story)
    stranger = await story.tries("supervisor", "supervise", reason="请说明", addressee="gongan")
    assert (stranger.status_code, set(stranger.json()["error"]["fields"])) == (422, {"addressee"})
    await story.does("supervisor", "supervise", reason="请说明", addressee="minzheng")
    await story.does("supervisor", "supervise", reason="请说明")
    assert {"answer_supervision"} <= await story.acts("clerk-jiaoyu") & await story.acts("clerk-minzheng")
    await story.does("clerk-jiaoyu", "answer_supervision", text="正在办理。")
    await story.does("clerk-minzheng", "answer_supervision", text="今天反馈。")


async def test_what_a_clock_in_hours_is_late_is_told_in_hours(story: Story, door: Door) -> None:
    await story.submit(
        "2026-08-01 19:00",
        kind="complaint",
        title="小区燃气泄漏",
        text="楼道里燃气泄漏，气味很大，有人头晕，请马上来人。",
    )
    await story.does("reception", "assign", "2026-08-01 19:10", unit="jiaoyu")
    await pass_timers(door, "2026-08-01 22:30")
    late = await door.get("/api/v1/oversight/late", await door.log_in("supervisor"))
    stages = {notice["stage"] for row in late.json()["items"] for notice in row["told"]}
    assert "超期满两小时" in stages
    for who in ("lead-jiaoyu", "supervisor"):
        async with aclosing(await door.page_client(who)) as person:
            assert "个工作日" not in (await person.get("/desk/notices")).text
    async with aclosing(await door.page_client("supervisor")) as chief:
        rows = (await chief.get("/board/late")).text.split("什么时候告知谁")[0]
    assert "超期满两小时" in rows and "个工作日" not in rows


async def rated_badly(story: Story, unit: str) -> Story:
    """An order that the unit answers and its citizen rates badly. Returns the story of its rectification."""
    await story.submit("2026-03-02 09:00", kind="complaint")
    await story.does("reception", "assign", "2026-03-02 10:00", unit=unit)
    await story.does(f"clerk-{unit}", "accept", "2026-03-02 11:00")
    await story.does(f"clerk-{unit}", "reply", "2026-03-03 11:00", text="已安排人员到现场疏导。")
    await story.does("citizen", "rate", "2026-03-04 09:00", level=1, tags=[])
    await story.door.drain()
    response = await story.door.get("/api/v1/desk/ratings", await story.door.log_in("supervisor"))
    rectification = Story(story.door)
    (rectification.no,) = [row["rectify_no"] for row in response.json()["items"]]
    return rectification


async def rectify(story: Story, unit: str) -> None:
    """The rated unit signs the bad rating and puts it right."""
    case = await story.seen("supervisor")
    if case["status"] == "received":
        desk = "reception" if case["desk"]["code"] == "rexian" else f"reception-{case['desk']['code']}"
        await story.does(desk, "assign", "2026-03-04 10:00", unit=unit)
    story.door.set_time(at("2026-03-04 11:00"))
    for act, data in (("accept", {}), ("contact", {"text": "已联系"}), ("rectify", {"text": "已改进。"})):
        assert (await story.tries(f"clerk-{unit}", act, **data)).status_code == 200


async def test_51_a_rated_desk_never_calls_back_about_itself(story: Story) -> None:
    rectification = await rated_badly(story, "rexian")
    await rectify(rectification, "rexian")
    case = await rectification.seen("supervisor")
    (call_back,) = [clock for clock in case["clocks"] if clock["term"] == "call_back"]
    assert call_back["unit"] != "rexian"
    for who in ("reception", "clerk-rexian"):
        assert not {"call_back", "reopen", "close"} & await rectification.acts(who)
    answer = {"outcome": "satisfied", "text": "群众认可"}
    assert (await rectification.tries("reception", "call_back", **answer)).status_code == 403
    assert (await rectification.tries(f"reception-{call_back['unit']}", "call_back", **answer)).status_code == 200


async def test_51_a_supervisor_of_the_rated_unit_does_not_call_back(story: Story) -> None:
    rectification = await rated_badly(story, "xinfang")
    await rectify(rectification, "xinfang")
    assert not {"call_back", "reopen"} & await rectification.acts("supervisor")
    assert "call_back" in await rectification.acts("reception")


async def key_figures(door: Door, month: str, unit: str) -> dict[str, tuple[float | None, int | None]]:
    """Numerator and denominator of each key figure of a unit in a month, as the supervisor reads them."""
    response = await door.get(f"/api/v1/kpis?period={month}", await door.log_in("supervisor"))
    rows = {row["unit"]: row["figures"] for row in response.json()["units"]}
    return {code: (figure["top"], figure["base"]) for code, figure in rows[unit].items()}


async def test_51_a_rating_judged_invalid_ends_what_rectifies_it_and_leaves_every_figure(
    story: Story, door: Door
) -> None:
    rectification = await rated_badly(story, "jiaoyu")
    path = f"/api/v1/desk/ratings/{await rating_of(rectification)}"
    door.set_time(at("2026-03-06 09:00"))
    disputed = await door.post(f"{path}/dispute", {"reason": "点错了"}, await door.log_in("clerk-jiaoyu"))
    assert disputed.status_code == 200
    door.set_time(at("2026-03-25 09:00"))
    assert (await key_figures(door, "2026-03", "jiaoyu"))["rectified_share"] == (0, 1)
    judged = await door.post(
        f"{path}/judgement", {"valid": False, "reason": "本人确认误点"}, await door.log_in("supervisor")
    )
    assert judged.status_code == 200
    case = await rectification.seen("supervisor")
    assert case["status"] == "withdrawn"
    assert not [clock for clock in case["clocks"] if clock["state"] == "running"]
    assert not await rectification.acts("reception") - {"note"}
    late = await door.get("/api/v1/oversight/late", await door.log_in("supervisor"))
    assert rectification.no not in {row["no"] for row in late.json()["items"]}
    figures = await key_figures(door, "2026-03", "jiaoyu")
    assert figures["rectified_share"][1] == 0
    assert figures["good_share"][1] == 0


async def rating_of(rectification: Story) -> str:
    """The id of the bad rating that a file rectifies."""
    response = await rectification.door.get("/api/v1/desk/ratings", await rectification.door.log_in("supervisor"))
    (rating,) = [row["id"] for row in response.json()["items"] if row["rectify_no"] == rectification.no]
    return str(rating)


async def test_who_rates_late_and_badly_is_never_counted_as_satisfied(story: Story, door: Door) -> None:
    await story.submit("2026-03-02 09:00")
    await story.does("reception", "assign", "2026-03-02 10:00", unit="jiaoyu")
    await story.does("clerk-jiaoyu", "accept", "2026-03-03 09:00")
    await story.does("lead-jiaoyu", "reply", "2026-03-10 09:00", text="不予补发。", **{**OPINION, "outcome": "reject"})
    door.set_time(at("2026-04-15 09:00"))
    silent = await key_figures(door, "2026-04", "jiaoyu")
    assert (silent["satisfied_of_rated"], silent["satisfaction_rate"]) == ((0, 0), (1, 1))
    await story.does("citizen", "rate", "2026-04-20 09:00", level=2, desk_level=2, tags=[])
    spoken = await key_figures(door, "2026-04", "jiaoyu")
    assert (spoken["satisfied_of_rated"], spoken["satisfaction_rate"]) == ((0, 1), (0, 1))


async def report_rows(door: Door, caption: str) -> dict[str, str]:
    """A table of the annual report as the supervisor reads it: first and second column."""
    async with aclosing(await door.page_client("supervisor")) as chief:
        page = (await chief.get("/board/report?year=2026")).text
    table = page[page.index(caption) :].split("</table>")[0]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in table.split("<tr")[2:]]
    return {re.sub(r"<[^>]+>", "", row[0]).strip(): re.sub(r"<[^>]+>", "", row[1]).strip() for row in rows}


async def test_art_41_the_annual_report_counts_what_was_forwarded_and_accuses_no_desk(story: Story, door: Door) -> None:
    await story.submit("2026-03-02 09:00")
    await story.does("reception", "assign", "2026-03-02 10:00", unit="jiaoyu")
    await story.submit("2026-03-02 11:00", title="补偿款没有发", text="征地补偿款没有发，请核实。")
    await story.does("reception", "assign", unit="minzheng", mode="commission", target_day="2026-04-30")
    await story.submit("2026-03-02 12:00", kind="complaint", title="路灯不亮", text="门前的路灯不亮，请维修。")
    for _ in range(3):
        await story.submit("2026-03-03 09:00", kind="report", title="举报收受礼金", text="某负责人收受礼金。")
    door.set_time(at("2026-12-01 09:00"))
    acts = await report_rows(door, "转送、交办、督办</caption>")
    assert (acts["转送信访事项"], acts["交办信访事项"]) == ("1", "1")
    units = await report_rows(door, "被投诉较多的机关、单位（前")
    assert len(units) == 2 and not [name for name in units if "热线" in name]
    async with aclosing(await door.page_client("supervisor")) as chief:
        page = (await chief.get("/board/report?year=2026")).text
    assert "检举控告单独统计" in page and "收到 不足" in page


async def tab_of(door: Door, who: str, label: str, address: str = "/desk") -> tuple[int, set[str]]:
    """The number on a tab of somebody's worklist, and the cases of the list behind it."""
    async with aclosing(await door.page_client(who)) as person:
        page = (await person.get(address)).text
        ((href, count),) = re.findall(rf'<a[^>]*href="([^"]+)"[^>]*>{label}\s*<span class="count[^"]*">(\d+)', page)
        behind = (await person.get(html.unescape(href))).text
    return int(count), set(re.findall(r'href="/desk/cases/(\d{8}-\d{6})"', behind))


async def answered_and_not_called_back(story: Story, door: Door) -> None:
    """An order its unit answered in time, whose audit and call-back the centre has let pass."""
    await story.submit("2026-03-02 09:00", kind="complaint")
    await story.does("reception", "assign", "2026-03-02 10:00", unit="jiaoyu")
    await story.does("clerk-jiaoyu", "accept", "2026-03-02 11:00")
    await story.does("clerk-jiaoyu", "reply", "2026-03-03 11:00", text="已安排人员到现场疏导。")
    await pass_timers(door, "2026-03-20 09:00")


async def test_nobody_is_red_for_what_another_unit_owes(story: Story, door: Door) -> None:
    await answered_and_not_called_back(story, door)
    assert await tab_of(door, "clerk-jiaoyu", "超期") == (0, set())
    assert await tab_of(door, "reception", "超期") == (1, {story.no})
    assert await tab_of(door, "reception", "待我办") == (1, {story.no})


async def test_the_board_and_the_list_say_one_number_of_late_cases(story: Story, door: Door) -> None:
    await answered_and_not_called_back(story, door)
    late = Story(door)
    await late.submit("2026-03-21 09:00", kind="complaint", title="路灯不亮", text="门前的路灯不亮，请维修。")
    await late.does("reception", "assign", "2026-03-21 10:00", unit="minzheng")
    await pass_timers(door, "2026-04-20 09:00")
    assert await tab_of(door, "supervisor", "超期") == (1, {late.no})
    async with aclosing(await door.page_client("supervisor")) as chief:
        board = (await chief.get("/board")).text
        overdue = (await chief.get("/board/late")).text
    assert re.search(r'/desk\?status=open&amp;light=red[^>]*>.*?<span class="tile-figure">1<', overdue)
    assert re.search(r'/desk\?status=replied&amp;light=red[^>]*>.*?<span class="tile-figure">1<', overdue)
    assert re.search(r"/desk\?status=open&amp;light=red[^>]*>[^0-9]*1\b", board)


async def test_what_the_desk_must_decide_waits_in_its_own_list(story: Story, door: Door) -> None:
    await story.submit("2026-03-02 09:00")
    await story.does("reception", "assign", "2026-03-02 10:00", unit="jiaoyu")
    assert await tab_of(door, "reception", "待我办") == (0, set())
    await story.does("clerk-jiaoyu", "object", reason="不属于本单位职责")
    assert await tab_of(door, "reception", "待我办") == (1, {story.no})


INTERVIEW = {
    "kind": "interview",
    "unit": "jiaoyu",
    "title": "三件来信逾期",
    "text": "三件来信逾期没有办结。",
    "due_day": "2026-04-30",
}
MEETING = {"meeting_at": "2026年4月10日9时30分", "place": "区信访局二楼会议室", "attendees": "局长、信访科科长"}


async def test_an_interview_says_when_where_and_who(door: Door) -> None:
    door.set_time(at("2026-04-01 09:00"))
    async with aclosing(await door.page_client("supervisor")) as chief:
        refused = await chief.post("/desk/measures/new", data=INTERVIEW)
        issued = await chief.post("/desk/measures/new", data={**INTERVIEW, **MEETING})
        address = issued.headers["location"].split("?")[0]
        page = (await chief.get(address)).text
        order = await chief.get(f"{address}/letter.docx")
    assert refused.status_code == 422
    assert all(f"请填写{label}" in refused.text for label in ("约谈时间", "约谈地点", "参加人员"))
    words = "\n".join(paragraph.text for paragraph in Document(io.BytesIO(order.content)).paragraphs)
    for fact in MEETING.values():
        assert fact in page and fact in words
    assert "书面反馈：约谈后的整改安排。" in words


async def test_a_day_that_must_be_given_is_asked_for_and_not_called_wrong(door: Door) -> None:
    door.set_time(at("2026-04-01 09:00"))
    async with aclosing(await door.page_client("supervisor")) as chief:
        refused = await chief.post("/desk/measures/new", data={**INTERVIEW, **MEETING, "due_day": ""})
    assert refused.status_code == 422
    assert "请填写最迟反馈日期" in refused.text and "的样子" not in refused.text
