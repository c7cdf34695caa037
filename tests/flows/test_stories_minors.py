"""Stories of minors (未成年人保护法 第四条, 个人信息保护法 第二十八条、第三十一条): the guardian speaks, less is shown, nothing is published."""

from typing import Any

import pytest

from tests.flows.story import OPINION, Story, code_of
from tests.people import Door

CHILD = {"name": "安小小", "phone": "13900002222", "address": "清河街道清波社区8栋"}
GUARDIAN = {"name": "安大山", "kind": "guardian", "authority": "statutory", "phone": "13911113333"}


@pytest.fixture
def story(door: Door) -> Story:
    return Story(door)


async def accepted(story: Story, **fields: Any) -> None:
    await story.submit("2026-03-02 09:00", person=CHILD, **{"age_group": "under_14", "proxy": GUARDIAN, **fields})
    await story.does("reception", "assign", unit="jiaoyu")
    await story.does("clerk-jiaoyu", "accept", "2026-03-03 09:00")


@pytest.mark.parametrize(
    ("stated", "marker"),
    [
        ({"age_group": "under_18"}, ["under_18"]),
        ({"birth_day": "2012-03-03"}, ["under_14"]),
        ({"birth_day": "2012-03-02"}, ["under_18"]),
        ({"birth_day": "2008-03-02"}, []),
        ({"person": {**CHILD, "id_number": "110101201503078730"}}, ["under_14"]),
        ({}, []),
    ],
)
async def test_art_4_a_minor_is_known_by_word_birth_day_or_document(story: Story, stated: Any, marker: Any) -> None:
    await story.submit("2026-03-02 09:00", **{"person": CHILD, **stated})
    assert (await story.seen())["markers"] == marker
    assert (await story.seen("citizen"))["markers"] == []
    for text in ("2012-03-0", "2027-01-01"):
        matter = {"kind": "help", "title": "转学", "text": "想转学。", "channel": "web", "birth_day": text}
        refused = await story.door.client.post("/api/v1/cases", json=matter)
        assert refused.status_code == 422 and "birth_day" in refused.json()["error"]["fields"]


async def test_art_4_staff_reach_a_minor_through_the_guardian_only(story: Story) -> None:
    await accepted(story, age_group="under_18")
    for who in ("reception", "clerk-jiaoyu"):
        case = await story.seen(who)
        assert (case["person"]["name"], case["person"]["phone"]) == ("安小小", "")
        assert case["beside"][0]["phone"] == GUARDIAN["phone"]
    page = await story.door.page_client("clerk-jiaoyu")
    html = (await page.get(f"/desk/cases/{story.no}")).text
    assert "只与监护人联系" in html and CHILD["phone"] not in html
    assert "未成年人" in (await page.get("/desk?marker=under_18")).text
    assert story.no not in (await page.get("/desk?marker=under_14")).text
    await page.aclose()


async def test_art_31_of_a_child_under_14_only_those_who_handle_it_learn_who_it_is(story: Story) -> None:
    await accepted(story, text="安小小被同学打伤，住清河街道清波社区8栋402室，电话13900002222。")
    await story.does("clerk-jiaoyu", "co_assign", units=["minzheng"], task="安小小需要救助")
    for who in ("clerk-minzheng", "supervisor"):
        case = str(await story.seen(who))
        assert "安小小" not in case and CHILD["phone"] not in case and GUARDIAN["phone"] not in case
        assert "清波社区8栋" not in case
    handler = await story.door.page_client("lead-jiaoyu")
    html = (await handler.get(f"/desk/cases/{story.no}")).text
    assert "安小小" in html and "安大山" in html
    await handler.aclose()


async def test_art_4_the_guardian_who_joins_later_looks_up_rates_and_asks_for_review(story: Story) -> None:
    await accepted(story, proxy=None)
    assert (await story.seen("clerk-jiaoyu"))["person"]["phone"] == CHILD["phone"]
    wrong = await story.tries(
        "clerk-jiaoyu", "add_party", party_kind="guardian", authority="written", party_name="安大山", proof="户口簿"
    )
    assert set(wrong.json()["error"]["fields"]) == {"authority"}
    party = {"party_kind": "guardian", "authority": "statutory", "party_name": "安大山", "party_phone": "139 1111 3333"}
    case = await story.does("clerk-jiaoyu", "add_party", **party, proof="户口簿")
    assert [(p["name"], p["kind"], p["phone"]) for p in case["beside"]] == [("安大山", "guardian", GUARDIAN["phone"])]
    assert "安大山" not in str(case["timeline"]) and case["person"]["phone"] == ""
    await story.does("lead-jiaoyu", "reply", text="已处理。", **OPINION)
    assert {"rate", "review"} <= await story.acts("citizen")
    answer = await story.door.client.post("/lookup", data={"code": story.code, "check": "3333"})
    assert answer.status_code == 303 and answer.headers["location"] == "/case"


async def test_art_28_what_a_minor_brings_is_not_published_and_is_taken_down(story: Story) -> None:
    await story.submit("2026-03-02 09:00", kind="consult", person=CHILD, public_consent=True)
    await story.does("reception", "assign", unit="jiaoyu")
    await story.does("clerk-jiaoyu", "accept")
    await story.does("clerk-jiaoyu", "reply", text="请持户口簿报名。")
    await story.does("reception", "publish", title="报名", question="怎样报名？", answer="请持户口簿报名。")
    assert (await story.door.get("/api/v1/public/replies")).json()["total"] == 1
    await story.does("clerk-jiaoyu", "set_marker", marker="under_18")
    assert (await story.door.get("/api/v1/public/replies")).json()["total"] == 0
    again = await story.tries("reception", "publish", title="报名", question="怎样报名？", answer="请持户口簿报名。")
    assert code_of(again) == (409, "minor_not_published")
    await story.does("clerk-jiaoyu", "lift_marker", marker="under_18", reason="核对身份证，已经成年")
    again = await story.tries("reception", "publish", title="报名", question="怎样报名？", answer="请持户口簿报名。")
    assert code_of(again) == (409, "no_consent")


async def test_art_31_a_child_names_the_guardian_on_the_form_and_what_is_wrong_is_told_there(story: Story) -> None:
    browser = story.door.browser()
    await browser.post("/new/1", data={"kind": "help"})
    await browser.post("/new/2", data={"title": "想转学", "text": "班里有人打我，想转学。"})
    form = {"person.name": "安小小", "age_group": "under_14", "guardian_name": "安大山", "guardian_phone": "12"}
    refused = await browser.post("/new/3", data=form)
    assert refused.status_code == 422 and "监护人电话" in refused.text
    await browser.post("/new/3", data={**form, "guardian_phone": GUARDIAN["phone"]})
    assert "不满十四周岁" in (await browser.get("/new/4")).text
    receipt = await browser.post("/new/4", data={})
    story.no = receipt.headers["location"].rsplit("/", 1)[-1]
    case = await story.seen()
    assert (case["markers"], [party["name"] for party in case["beside"]]) == (["under_14"], ["安大山"])
    await browser.aclose()
