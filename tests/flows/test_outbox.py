"""Order of the outbox: new cases before backlog, and no message waits for ever."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from feedback.kernel import db, outbox
from feedback.kernel.outbox import OLDEST_SHARE, Message, MessagePriority
from tests.moments import MONDAY
from tests.people import Door
from web.context import AppContext

HOUR = timedelta(hours=1)


async def put(kind: str, count: int, at: datetime, priority: MessagePriority = MessagePriority.NORMAL) -> None:
    await outbox.put_all(kind, [(f"{kind}-{at.isoformat()}-{n}", {"n": n}) for n in range(count)], at, priority)


class Done:
    """A handler that notes what it did, in order."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    def __getitem__(self, kind: str) -> Any:
        async def handler(payload: dict[str, Any], now: datetime) -> None:
            self.kinds.append(kind)

        return handler


async def test_new_cases_come_before_an_older_backlog(context: AppContext) -> None:
    await put("bulk", 300, MONDAY - HOUR, MessagePriority.BULK)
    await put("notice", 300, MONDAY - HOUR)
    await put("new", 20, MONDAY, MessagePriority.NEW_CASE)
    done = Done()
    await outbox.run_due(done, MONDAY, limit=50)  # type: ignore[arg-type] # answers for every kind
    assert done.kinds[:20] == ["new"] * 20
    assert done.kinds[20:38] == ["notice"] * 18


async def test_a_steady_stream_of_new_cases_starves_nobody(context: AppContext) -> None:
    await put("bulk", 60, MONDAY - HOUR, MessagePriority.BULK)
    done, limit = Done(), 20
    for minute in range(60 // (limit // OLDEST_SHARE)):
        now = MONDAY + timedelta(minutes=minute)
        await put("new", limit, now, MessagePriority.NEW_CASE)  # as many as a whole batch takes, and so every time
        await outbox.run_due(done, now, limit)  # type: ignore[arg-type] # likewise
    assert done.kinds.count("bulk") == 60
    assert done.kinds.count("new") == 12 * 15


async def test_what_an_imported_history_leaves_to_do_comes_after_todays_case(context: AppContext) -> None:
    await put("history", 100, MONDAY - timedelta(days=400), MessagePriority.NEW_CASE)
    await put("today", 3, MONDAY, MessagePriority.NEW_CASE)
    done = Done()
    await outbox.run_due(done, MONDAY, limit=20)  # type: ignore[arg-type] # likewise
    assert done.kinds[:3] == ["today"] * 3


async def test_a_batch_is_of_one_size_and_holds_nothing_twice(context: AppContext) -> None:
    await put("bulk", 100, MONDAY, MessagePriority.BULK)
    ids = await outbox.list_due_ids(MONDAY, 40)
    assert len(ids) == len(set(ids)) == 40
    assert len(await outbox.list_due_ids(MONDAY, 100)) == 100


async def test_a_failing_handler_does_not_block_other_messages(context: AppContext) -> None:
    await put("broken", 3, MONDAY)
    await put("sound", 3, MONDAY)
    done = Done()

    async def broken(payload: dict[str, Any], now: datetime) -> None:
        raise LookupError("no such unit")

    handlers = {"broken": broken, "sound": done["sound"]}
    assert await outbox.run_due(handlers, MONDAY) == 3
    assert done.kinds == ["sound"] * 3
    rows = await Message.filter(kind="broken").values("error", "run_at", "done_at")
    assert all("no such unit" in row["error"] and row["run_at"] > MONDAY for row in rows)


async def test_the_age_of_the_oldest_waiting_message_is_reported(context: AppContext) -> None:
    assert (await outbox.count_messages(MONDAY))["oldest_seconds"] == 0
    await put("later", 1, MONDAY + HOUR)
    assert (await outbox.count_messages(MONDAY))["oldest_seconds"] == 0
    await put("waits", 1, MONDAY - timedelta(seconds=90))
    assert await outbox.count_messages(MONDAY) == {"waiting": 1, "failing": 0, "oldest_seconds": 90}


async def test_handled_messages_are_deleted_in_slices(context: AppContext) -> None:
    await put("old", 25, MONDAY)
    await Message.all().update(done_at=MONDAY)
    assert [await outbox.delete_done(MONDAY + HOUR, limit=10) for _ in range(4)] == [10, 10, 5, 0]


async def test_a_citizens_case_is_routed_before_a_backlog_of_notices(door: Door) -> None:
    await outbox.put_all("case.held", [(str(n), {"no": "unknown"}) for n in range(200)], MONDAY, MessagePriority.BULK)
    no = (await door.submit())["no"]
    first = await Message.get(id=(await outbox.list_due_ids(door.context.clock.now(), 10))[0])
    assert (first.kind, first.payload["no"]) == ("case.submit", no)


async def test_nobody_can_hold_a_cancelled_transaction_against_the_others(context: AppContext) -> None:
    for step in range(12):  # wherever in its course the transaction is cancelled

        async def write(key: str) -> None:
            async with db.transaction():
                await outbox.put("cancelled", key, {}, MONDAY)
                await outbox.put("cancelled", f"{key} too", {}, MONDAY)

        task = asyncio.create_task(write(str(step)))
        for _ in range(step):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with asyncio.timeout(20):
            async with db.transaction():
                await outbox.put("after", str(step), {}, MONDAY)
    assert await Message.filter(kind="after").count() == 12
    keys = {row["key"] for row in await Message.filter(kind="cancelled").values("key")}
    assert all((f"{key} too" in keys) for key in keys if not key.endswith("too")), "all of it or nothing"
