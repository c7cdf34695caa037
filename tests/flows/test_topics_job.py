"""Are topics and reply findings shown to supervisors, counted over the cases they may see, and never over reports?"""

from datetime import timedelta

import pytest

from classify.replies import store
from classify.topics import clustering
from classify.topics import store as topic_store
from feedback.kernel.clock import office_day
from feedback.queries import cases as case_queries
from feedback.record import cases
from feedback.rules.access import SYSTEM
from feedback.rules.vocabulary import Act
from routing import directory
from tests.messages import BUS, MIXER
from tests.moments import MONDAY
from tests.people import Door
from web.context import AppContext
from web.demo import seed, simulation
from web.tasks import topics as task_topics

HOUR = timedelta(hours=1)


async def _submit_town(door: Door) -> list[str]:
    """Five people about the mixing plant, four about a bus, one person ten times, and three reports alike."""
    door.set_time(MONDAY)
    numbers = []
    for i, (title, text) in enumerate(MIXER):
        person = {"name": "安小娜", "phone": f"1390000{i:04}"}
        numbers.append((await door.submit(title=title, text=text, person=person))["no"])
    for i, (title, text) in enumerate(BUS):
        await door.submit(title=title, text=text, person={"name": "安小娜", "phone": f"1380000{i:04}"})
    for i in range(6):
        title, text = "窗外的鸽子棚又脏又吵", f"楼顶鸽子棚羽毛乱飞，第{i}次反映，鸽子粪落在被子上"
        await door.submit(title=title, text=text, source_id=str(i))
    for i in range(4):
        person = {"name": "安举报", "phone": f"1370000{i:04}"}
        words = {"title": "举报某局收受礼金", "text": f"某局深水井工程收受礼金三万，第{i}个知情人"}
        await door.submit(kind="report", person=person, **words)
    await door.drain()
    return numbers


async def test_the_supervisor_sees_what_people_speak_of_with_its_cases(door: Door) -> None:
    numbers = await _submit_town(door)
    await task_topics.update_topics(door.context, MONDAY + HOUR)
    client = await door.page_client("supervisor")
    page = (await client.get("/board/topics")).text
    assert "搅拌站" in page and "末班" in page
    assert "鸽子" not in page, "one person, however often"
    assert "礼金" not in page and "深水井" not in page
    (topic,) = [
        t for t in await topic_store.load_topics(office_day(MONDAY)) if {m.no for m in t.members} & set(numbers)
    ]
    shown = (await client.get(f"/board/topics/{topic.thread}")).text
    assert all(member.no in shown for member in topic.members)
    assert (await client.get("/board/topics/nothing")).status_code == 404
    await client.aclose()


async def test_the_demo_town_has_three_topics(context: AppContext) -> None:
    """Only the waves of the last weeks, through the one door: each becomes a topic of its place."""
    await simulation.DemoSimulation(context, cases_count=0, days=28, has_waves=True).run()
    await task_topics.update_topics(context, context.clock.now())
    topics = await topic_store.load_topics(office_day(context.clock.now()))
    places = {clustering.find_common_region(topic.members) for topic in topics}
    assert places >= {wave["region"] for wave in seed.load_data("seasons")["topic"]}
    assert all(
        clustering.compute_heat(topic.members, office_day(context.clock.now())).people >= 5 for topic in topics[:3]
    )


async def test_topics_are_for_overseers_only_and_contain_no_confidential_case(door: Door) -> None:
    await _submit_town(door)
    await task_topics.update_topics(door.context, MONDAY + HOUR)
    for topic in await topic_store.load_topics(office_day(MONDAY)):
        for member in topic.members:
            assert not (await case_queries.load_file(SYSTEM, member.no, vault=door.settings.vault)).confidential
    client = await door.page_client("clerk-jiaoyu")
    for path in ("/board/topics", "/board/answers"):
        assert (await client.get(path)).status_code == 403
    await client.aclose()


async def test_a_second_run_of_the_same_day_replaces_the_first(door: Door) -> None:
    await _submit_town(door)
    for _ in range(2):
        await task_topics.update_topics(door.context, MONDAY + HOUR)
    topics = await topic_store.load_topics(office_day(MONDAY))
    assert len({topic.thread for topic in topics}) == len(topics)


@pytest.mark.parametrize(("kind", "is_kept"), [("complaint", True), ("report", False)])
async def test_findings_of_an_answer_are_stored_for_its_unit_unless_it_answers_a_report(
    door: Door, kind: str, is_kept: bool
) -> None:
    door.set_time(MONDAY)
    no = (await door.submit(kind=kind, title="路灯不亮", text="小区路灯不亮半个月了，请问什么时候修好？"))["no"]
    desk = await directory.load_actor("reception")
    unit = "chengguan" if is_kept else "jiwei"
    clerk = await directory.load_actor(f"clerk-{unit}")
    file = await case_queries.load_file(SYSTEM, no, vault=door.settings.vault)
    if file.unit != unit:
        await cases.act(no, Act.ASSIGN, desk, {"unit": unit}, now=MONDAY + HOUR)
    await cases.act(no, Act.ACCEPT, clerk, {}, now=MONDAY + 2 * HOUR)
    await cases.act(no, Act.REPLY, clerk, {"text": "您的问题已转街道办理。"}, now=MONDAY + 3 * HOUR)
    door.set_time(MONDAY + 4 * HOUR)
    await door.drain()
    tallies = {tally.unit: tally for tally in await store.count_findings(MONDAY, None)}
    assert (unit in tallies) is is_kept
    if is_kept:
        assert tallies[unit].answers == 1 and tallies[unit].findings
        client = await door.page_client("supervisor")
        code = next(iter(tallies[unit].findings))
        assert no in (await client.get(f"/board/answers?unit={unit}&code={code}")).text
        await client.aclose()


async def test_the_preview_shows_findings_and_blocks_nothing(door: Door) -> None:
    door.set_time(MONDAY)
    no = (await door.submit(title="路灯不亮", text="小区路灯不亮半个月了，请问什么时候修好？"))["no"]
    desk, clerk = await directory.load_actor("reception"), await directory.load_actor("clerk-chengguan")
    await cases.act(no, Act.ASSIGN, desk, {"unit": "chengguan"}, now=MONDAY)
    await cases.act(no, Act.ACCEPT, clerk, {}, now=MONDAY)
    client = await door.page_client("clerk-chengguan")
    sent = {"act": "reply", "text": "您反映的问题已转街道办理，请耐心等待。"}
    page = await client.post(f"/desk/cases/{no}/preview", data=sent)
    assert page.status_code == 200 and "发出前请再看一看" in page.text and "转给别的单位不是答复" in page.text
    assert (await client.post(f"/desk/cases/{no}/acts/reply", data={"text": sent["text"]})).status_code == 303
    await client.aclose()


async def test_flags_are_shown_in_list_and_case_and_filter_the_queue(door: Door) -> None:
    payload = {"title": "拖欠工程款", "text": "再不给我就从楼顶跳下去，活不下去了"}
    no = (await door.submit(**payload))["no"]
    other = (await door.submit(title="路灯不亮", text="小区路灯不亮半个月"))["no"]
    client = await door.page_client("reception")
    queue = (await client.get("/desk?status=&flag=self_harm")).text
    assert no in queue and other not in queue and "流露轻生" in queue
    assert "活不下去" in (await client.get(f"/desk/cases/{no}")).text
    await client.aclose()
    token = await door.log_in("reception")
    (row,) = (await door.get("/api/v1/desk/cases?flag=self_harm", token)).json()["items"]
    assert "self_harm" in row["flags"]
