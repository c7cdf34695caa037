"""Stories of units: without a head, told of a case that was taken back, closed with their people and matters (第二十四条第二款)."""

from evaluation.models import Matter
from evaluation.ratings import services
from routing import directory
from routing.notices import inbox
from tests.flows.story import OPINION, Story
from tests.people import Door
from web.actions import units


async def words_for(who: str) -> list[str]:
    return [row["words"] for row in (await inbox.list_notices(await directory.load_actor(who)))[0]]


async def test_art_34_what_waits_where_nobody_may_sign_is_told_to_those_above(door: Door) -> None:
    story = Story(door)
    await story.submit("2026-12-07 09:00")
    await story.does("reception", "assign", unit="nongye")
    await story.does("clerk-nongye", "accept", "2026-12-07 10:00")
    assert await directory.remove_post("lead-nongye")
    assert await directory.list_headless_units() == ["nongye"]
    await story.does("clerk-nongye", "reply", text="已核实。", **OPINION)
    await door.drain()
    assert any("没有在岗的负责人" in words and story.no in words for words in await words_for("supervisor"))
    page = await door.page_client("admin")
    assert "有单位没有在岗的负责人" in (await page.get("/admin")).text
    await page.aclose()


async def test_art_34_a_clerks_request_for_more_time_has_a_day_by_which_the_head_decides(door: Door) -> None:
    story = Story(door)
    await story.submit("2026-12-07 09:00")
    await story.does("reception", "assign", unit="nongye")
    await story.does("clerk-nongye", "accept", "2026-12-07 10:00")
    await story.does("clerk-nongye", "ask_extension", reason="需要重新测量", days=30)
    clock = await story.clock("endorse_extension")
    assert (clock["due_legal_day"], clock["unit"], clock["state"]) == ("2026-12-08", "nongye", "running")
    await story.does("lead-nongye", "extend", "2026-12-08 09:00", reason="需要重新测量", days=30)
    assert (await story.clock("endorse_extension"))["state"] == "kept"


async def test_art_22_the_unit_that_loses_a_case_by_its_kind_is_told(door: Door) -> None:
    story = Story(door)
    await story.submit("2026-03-02 09:00")
    await story.does("reception", "assign", unit="nongye")
    await story.does("reception", "change_kind", kind="complaint", reason="没有申诉请求")
    await door.drain()
    assert any("已经收回重新分派" in words and story.no in words for words in await words_for("clerk-nongye"))


async def test_art_24_people_and_service_matters_go_on_in_the_successor(door: Door) -> None:
    await Matter.create(code="nongye-1", name="农药经营许可", unit="nongye", kind="1")
    done = await units.close_unit(door.context, "nongye", "ziran")
    assert (done.posts, done.matters >= 1) == (2, True)
    assert (await directory.load_actor("clerk-nongye")).unit == "ziran"
    assert "nongye-1" in {matter.code for matter in await services.list_matters("ziran")}
    ended = await units.close_unit(door.context, "ziran", "zhujian", are_posts_ended=True)
    assert ended.posts >= 2 and not await directory.is_staff("clerk-nongye")


async def test_art_30_a_named_informant_hears_of_the_result_and_the_personnel_department_of_cadres(door: Door) -> None:
    story = Story(door)
    await story.submit(
        "2026-12-07 09:00",
        kind="report",
        title="收红包",
        text="区民政局低保科科长收红包，请查处。",
        person={"name": "安小娜", "phone": "13900001111"},
    )
    await story.does("reception", "notify_personnel", units=["zuzhi"], text="反映干部收受红包。")
    await story.does("reception", "assign", unit="jiwei")
    await story.does("clerk-jiwei", "accept", "2026-12-08 09:00")
    await story.does("lead-jiwei", "reply", "2026-12-09 09:00", text="经查属实，已给予处分。")
    assert await story.due("notify_result") == "2026-12-30"
    await story.does("clerk-jiwei", "notify_result", "2026-12-10 09:00", text="经查属实，已作处理。", way="direct")
    assert (await story.clock("notify_result"))["state"] == "kept"
    await door.drain()
    codes = {letter["code"] for letter in (await story.seen())["letters"]}
    assert {"result_notice", "personnel_notice"} <= codes
    citizen = await story.seen("citizen")
    assert "result_notice" in {letter["code"] for letter in citizen["letters"]}
    assert "notify_personnel" not in {entry["act"] for entry in citizen["timeline"]}
