"""Does a name longer than any that is kept break a page? There is no such thing, for page and program alike."""

import pytest

from tests.people import Door

LONG = "长" * 1_000


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("reception", f"/desk/campaigns/{LONG}"),
        ("supervisor", f"/board/topics/{LONG}"),
        ("reception", f"/api/v1/desk/campaigns/{LONG}"),
    ],
    ids=["a campaign", "a topic", "a campaign for a program"],
)
async def test_what_is_asked_for_by_too_long_a_name_is_not_found(door: Door, who: str, path: str) -> None:
    client = await door.page_client(who)
    token = await door.log_in(who)
    answer = await (door.get(path, token) if path.startswith("/api/") else client.get(path))
    assert answer.status_code == 404
    for step in ("dispute", "judge", "decide"):
        assert (
            await client.post(f"/desk/ratings/{step}", data={"id": LONG, "no": LONG, "reason": "x"})
        ).status_code < 500
    await client.aclose()


async def test_a_measure_with_a_wrong_unit_and_wrong_cases_comes_back_as_it_was_typed(door: Door) -> None:
    client = await door.page_client("supervisor")
    typed = {"kind": "improve", "unit": LONG, "title": "改进窗口排队办法", "text": "请研究增开窗口。", "cases": LONG}
    answer = await client.post("/desk/measures/new", data=typed)
    assert answer.status_code == 422
    for words in ("改进窗口排队办法", "请研究增开窗口。", LONG):
        assert words in answer.text
    await client.aclose()
