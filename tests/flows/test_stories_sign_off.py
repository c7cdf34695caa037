"""Stories of the signature: an answer that binds the unit goes out under its head's name (审签)."""

from dataclasses import replace

import pytest

from feedback.kernel.errors import Invalid
from feedback.kernel.settings import Settings
from feedback.record import deciders
from feedback.record.models.case import Case
from tests.flows.story import OPINION, Story, code_of
from tests.people import Door

TEXT = "经核实，少算的两亩属实，补偿款将于 3 月 31 日前补发。"


async def accepted(door: Door, kind: str = "appeal") -> Story:
    story = Story(door)
    await story.submit("2026-01-26 09:00", kind)
    await story.does("reception", "assign", "2026-01-26 10:00", unit="jiaoyu")
    await story.does("clerk-jiaoyu", "accept", "2026-01-27 09:00")
    return story


async def test_a_clerks_opinion_waits_for_the_heads_signature_and_the_clock_runs_on(door: Door) -> None:
    story = await accepted(door)
    case = await story.does("clerk-jiaoyu", "reply", "2026-02-02 09:00", text=TEXT, **OPINION)
    assert case["status"] == "accepted" and case["reply"] is None
    assert (await story.clock("answer"))["state"] == "running"
    citizen = await story.seen("citizen")
    assert TEXT not in str(citizen) and "draft" not in str([line["act"] for line in citizen["timeline"]])
    assert not {"sign_reply", "send_back_draft"} & await story.acts("clerk-jiaoyu")
    assert {"sign_reply", "send_back_draft", "reply"} <= await story.acts("lead-jiaoyu")


async def test_the_head_signs_and_the_opinion_goes_out_as_it_was_written(door: Door) -> None:
    story = await accepted(door)
    await story.does("clerk-jiaoyu", "reply", "2026-02-02 09:00", text=TEXT, **OPINION)
    assert code_of(await story.tries("clerk-jiaoyu", "sign_reply")) == (403, "forbidden")
    case = await story.does("lead-jiaoyu", "sign_reply", "2026-02-03 09:00")
    assert case["status"] == "replied" and case["reply"] == TEXT
    assert (await story.clock("answer"))["state"] == "kept"
    citizen = await story.seen("citizen")
    assert citizen["reply"] == TEXT and "clerk-jiaoyu" not in str(citizen)
    assert code_of(await story.tries("lead-jiaoyu", "sign_reply")) == (409, "not_now")


async def test_the_head_sends_a_draft_back_with_a_word_and_signs_the_next_one(door: Door) -> None:
    story = await accepted(door)
    await story.does("clerk-jiaoyu", "reply", "2026-02-02 09:00", text="不同意。", **OPINION)
    await story.does("lead-jiaoyu", "send_back_draft", "2026-02-02 10:00", reason="请写明测量的经过")
    assert "sign_reply" not in await story.acts("lead-jiaoyu")
    await story.does("clerk-jiaoyu", "reply", "2026-02-02 15:00", text=TEXT, **OPINION)
    case = await story.does("lead-jiaoyu", "sign_reply", "2026-02-03 09:00")
    assert case["reply"] == TEXT
    drafts = [line["act"] for line in case["timeline"] if "draft" in line["act"]]
    assert drafts == ["draft_reply", "send_back_draft", "draft_reply"]
    assert "测量的经过" not in str(await story.seen("citizen"))


async def test_the_head_may_write_another_answer_than_the_draft(door: Door) -> None:
    story = await accepted(door)
    await story.does("clerk-jiaoyu", "reply", "2026-02-02 09:00", text="不同意。", **OPINION)
    case = await story.does("lead-jiaoyu", "reply", "2026-02-03 09:00", text=TEXT, **OPINION)
    assert case["status"] == "replied" and case["reply"] == TEXT
    assert "sign_reply" not in await story.acts("lead-jiaoyu")


async def test_what_comes_with_a_draft_goes_out_with_the_signature_and_not_before(door: Door) -> None:
    story = await accepted(door)
    token = await door.log_in("clerk-jiaoyu")
    upload = await door.client.post(
        "/api/v1/attachments",
        files={"file": ("测量图.txt", "两亩".encode(), "text/plain")},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert upload.status_code == 201, upload.text
    file_id = upload.json()["id"]
    await story.does("clerk-jiaoyu", "reply", "2026-02-02 09:00", text=TEXT, attachments=[file_id], **OPINION)
    assert (await story.seen("citizen"))["attachments"] == []
    await story.does("lead-jiaoyu", "sign_reply", "2026-02-03 09:00")
    assert [f["id"] for f in (await story.seen("citizen"))["attachments"]] == [file_id]


@pytest.mark.parametrize("kind", ["complaint", "consult"])
async def test_a_clerks_plain_answer_goes_out_at_once_or_waits_where_the_clerk_asks_for_it(
    door: Door, kind: str
) -> None:
    story = await accepted(door, kind)
    case = await story.does("clerk-jiaoyu", "draft_reply", "2026-01-28 09:00", text="拟答复。")
    assert case["status"] == "accepted"
    case = await story.does("clerk-jiaoyu", "reply", "2026-01-28 10:00", text=TEXT)
    assert case["status"] == "replied" and case["reply"] == TEXT


async def test_what_waits_for_a_signature_stands_in_the_heads_list_until_it_is_signed(door: Door) -> None:
    story = await accepted(door)

    async def listed(who: str) -> list[str]:
        response = await door.get("/api/v1/desk/cases?deciding=true", await door.log_in(who))
        assert response.status_code == 200, response.text
        return [row["no"] for row in response.json()["items"]]

    assert await listed("lead-jiaoyu") == []
    await story.does("clerk-jiaoyu", "reply", "2026-02-02 09:00", text=TEXT, **OPINION)
    assert await listed("lead-jiaoyu") == [story.no] and await listed("clerk-jiaoyu") == []
    await story.does("lead-jiaoyu", "sign_reply", "2026-02-03 09:00")
    assert await listed("lead-jiaoyu") == []


async def test_the_head_signs_many_drafts_from_the_list_after_reading_each(door: Door) -> None:
    stories = [await accepted(door) for _ in range(3)]
    for number, story in enumerate(stories):
        await story.does("clerk-jiaoyu", "reply", "2026-02-02 09:00", text=f"{number}：{TEXT}", **OPINION)
    page = await door.page_client("lead-jiaoyu")
    queue = await page.get("/desk?deciding=1&status=open")
    assert all(story.no in queue.text for story in stories) and "待我批" in queue.text
    chosen = {"act": "sign_reply", "no": [story.no for story in stories], "query": "deciding=1"}
    preview = await page.post("/desk/bulk", data=chosen)
    assert all(f"{number}：{TEXT}" in preview.text for number in range(3))
    assert [(await story.seen())["status"] for story in stories] == ["accepted"] * 3
    await page.post("/desk/bulk", data={**chosen, "confirmed": "1"})
    assert [(await story.seen())["reply"] for story in stories] == [f"{number}：{TEXT}" for number in range(3)]
    await page.aclose()


async def test_an_opinion_without_facts_or_law_is_refused(door: Door) -> None:
    story = await accepted(door)
    for missing in ("facts", "basis", "outcome"):
        opinion = {name: value for name, value in OPINION.items() if name != missing}
        response = await story.tries("clerk-jiaoyu", "reply", "2026-02-02 09:00", text="不同意。", **opinion)
        assert response.status_code == 422 and missing in response.json()["error"]["fields"]


async def test_cases_of_an_older_version_are_found_by_whose_decision_they_wait_for(door: Door) -> None:
    story = await accepted(door)
    await story.does("clerk-jiaoyu", "reply", "2026-02-02 09:00", text=TEXT, **OPINION)
    await Case.filter(no=story.no).update(deciders="")
    await deciders.fill_deciders()
    assert (await Case.get(no=story.no)).deciders == "lead"


async def test_a_district_may_have_plain_answers_signed_as_well(settings: Settings) -> None:
    async with Door.opened(replace(settings, sign_off_kinds="complaint, help")) as door:
        story = await accepted(door, "complaint")
        case = await story.does("clerk-jiaoyu", "reply", "2026-01-28 09:00", text=TEXT)
        assert case["status"] == "accepted" and case["reply"] is None
        assert (await story.does("lead-jiaoyu", "sign_reply"))["reply"] == TEXT


async def test_a_kind_nobody_knows_stops_the_start(settings: Settings) -> None:
    with pytest.raises(Invalid) as refused:
        async with Door.opened(replace(settings, sign_off_kinds="complain")):
            pass
    assert "complain" in str(refused.value.fields)
