"""Stories of what a citizen is asked for: one thing at a time, and one date by which they are answered."""

import pytest

from tests.flows.story import OPINION, Story
from tests.people import Door

QUESTION = "请补充8名工友的姓名和考勤本照片"


@pytest.fixture
def story(door: Door) -> Story:
    return Story(door)


async def todo_act(story: Story) -> str:
    """What the citizen is asked for now, or ""."""
    todo = (await story.seen("citizen"))["todo"]
    return str(todo["act"]) if todo else ""


async def accepted(story: Story, kind: str = "complaint") -> None:
    await story.submit("2026-03-02 09:00", kind=kind)
    await story.does("reception", "assign", "2026-03-02 10:00", unit="jiaoyu")
    await story.does("clerk-jiaoyu", "accept", "2026-03-03 10:00")


async def answered(story: Story, kind: str = "complaint") -> None:
    await accepted(story, kind)
    await story.does("lead-jiaoyu", "reply", "2026-03-04 10:00", text="不予补发。", **{**OPINION, "outcome": "reject"})


async def test_the_promise_is_one_date_from_receipt_to_answer(story: Story) -> None:
    await story.submit("2026-03-02 09:00", kind="complaint")
    case = await story.seen("citizen")
    assert case["promise"] == {"day": "2026-03-11", "label": "给您答复", "explain_url": "/case/clocks/1/answer"}
    assert case["promise"]["day"] == await story.due("answer")
    assert case["todo"] is None


async def test_an_answered_case_promises_nothing_more(story: Story) -> None:
    await answered(story)
    assert (await story.seen("citizen"))["promise"] is None


async def test_a_promise_in_hours_has_a_day_and_no_count_of_days(story: Story) -> None:
    await story.submit(
        "2026-03-02 09:00", kind="help", title="楼道里煤气味很重", text="楼道里煤气味很重，怀疑燃气泄漏。"
    )
    promise = (await story.seen("citizen"))["promise"]
    assert promise == {"day": "2026-03-02", "label": "给您答复", "explain_url": None}


async def test_a_report_promises_no_date(story: Story) -> None:
    await story.submit("2026-03-02 09:00", kind="report")
    case = await story.seen("citizen")
    assert case["promise"] is None and case["todo"] is None


async def test_staff_are_not_shown_what_the_citizen_is_asked_for(story: Story) -> None:
    await accepted(story)
    assert not {"todo", "promise"} & set(await story.seen())


async def test_a_question_is_the_thing_to_do_until_it_is_answered(story: Story) -> None:
    await accepted(story)
    await story.does("clerk-jiaoyu", "ask", "2026-03-03 11:00", text=QUESTION)
    todo = (await story.seen("citizen"))["todo"]
    assert set(todo) == {"act", "label", "because", "until_day"}
    assert todo["act"] == "supplement" and QUESTION in todo["because"] and todo["until_day"] is None
    await story.does("citizen", "supplement", "2026-03-03 12:00", text="名单见照片")
    assert await todo_act(story) == ""


async def test_a_second_question_asks_again(story: Story) -> None:
    await accepted(story)
    await story.does("clerk-jiaoyu", "ask", "2026-03-03 11:00", text=QUESTION)
    await story.does("citizen", "supplement", "2026-03-03 12:00", text="名单见照片")
    await story.does("clerk-jiaoyu", "ask", "2026-03-03 13:00", text="请再告诉我们工地在哪里")
    todo = (await story.seen("citizen"))["todo"]
    assert "工地在哪里" in todo["because"] and QUESTION not in todo["because"]


async def test_a_question_ends_with_the_answer(story: Story) -> None:
    await accepted(story)
    await story.does("clerk-jiaoyu", "ask", "2026-03-03 11:00", text=QUESTION)
    await story.does("clerk-jiaoyu", "reply", "2026-03-04 10:00", text="已经办好。")
    assert await todo_act(story) == "rate"


async def test_an_answer_asks_for_a_rating_within_its_window(story: Story) -> None:
    await answered(story)
    todo = (await story.seen("citizen"))["todo"]
    assert (todo["act"], todo["until_day"]) == ("rate", "2026-04-03")
    await story.does("citizen", "rate", "2026-03-05 10:00", level=5)
    assert await todo_act(story) == ""


async def test_who_rates_a_petition_badly_is_shown_the_review_and_its_last_day(story: Story) -> None:
    await answered(story, "appeal")
    await story.does("clerk-jiaoyu", "deliver", "2026-03-05 10:00", day="2026-03-05", way="post")
    await story.does("citizen", "rate", "2026-03-06 10:00", level=2)
    todo = (await story.seen("citizen"))["todo"]
    assert (todo["act"], todo["until_day"]) == ("review", await story.due("ask_review"))


async def test_whoever_asked_for_a_review_is_promised_its_day(story: Story) -> None:
    await answered(story, "appeal")
    await story.does("citizen", "review", "2026-03-05 10:00", reason="面积不对")
    promise = (await story.seen("citizen"))["promise"]
    assert (promise["label"], promise["day"]) == ("作出复查意见", await story.due("review"))


async def test_a_refusal_may_be_contested_once(story: Story) -> None:
    await story.submit("2026-03-02 09:00", kind="complaint")
    await story.does("reception", "assign", "2026-03-02 10:00", unit="jiaoyu")
    await story.does(
        "reception", "decline", "2026-03-02 11:00", ground="by_procedure", reason="正在诉讼", where_instead="区人民法院"
    )
    assert await todo_act(story) == "contest"
    await story.does("citizen", "contest", "2026-03-02 12:00", reason="没有起诉过")
    assert await todo_act(story) == ""
