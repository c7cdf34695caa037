"""Does the search lead to the right answer, in which place, and how long does it take when the house is full?

    python -m tests.bench.bench_search [--cases 200000] [--queries 60]

Two parts. The public answers of the demo town are searched with the queries of `search_queries.toml` (a part of them also
in traditional characters): in which share is the right answer among the first ten, with words alone as before and with
the nearest behind them. Then so many cases are made of sentences of the town, and the same words are searched by a clerk
and by a supervisor: are the totals those of a walk through all texts, and how long do list, counts and nearest take.
Uses the database named by XINQIAO_DATABASE_URL, which must be empty, else SQLite in a temporary folder.
"""

import argparse
import asyncio
import random
import sys
import time
import tomllib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from opencc import OpenCC

from feedback.kernel import db
from feedback.kernel.clock import to_millis
from feedback.queries import public_replies
from feedback.queries import worklist as case_worklist
from feedback.record import search
from feedback.rules.access import Actor
from feedback.rules.read_models import Filters
from feedback.rules.search_terms import normalize, query_terms, tokenize
from routing import directory
from tests.bench.bench_lists import machine, percentile, settled
from web import bootstrap

TOWN = Path(__file__).parents[2] / "web" / "demo" / "town" / "messages.toml"
QUERIES = Path(__file__).with_name("search_queries.toml")
TRADITIONAL = 40  # queries that are also typed in traditional characters
FIRST = 10
BATCH = 2000
COMMON = ("的", "我", "%", "_", "路灯", "没有人管", "的的的的", "怎么办", "路" * 40, "小区 物业 路灯 停车 噪音 垃圾")
NOW = datetime.fromisoformat("2026-11-23T09:00:00+08:00")


@dataclass(frozen=True, slots=True)
class Town:
    """The messages of the demo town: titles, texts, replies."""

    messages: list[dict[str, Any]]

    @classmethod
    def load(cls) -> "Town":
        return cls(tomllib.loads(TOWN.read_text("utf-8"))["message"])


def load_queries() -> list[tuple[str, str]]:
    """Queries with the title of the right answer; the last ones in traditional characters."""
    rows = [(text, title) for text, title in tomllib.loads(QUERIES.read_text("utf-8"))["queries"]]
    to_traditional = OpenCC("s2t")
    return [*rows, *((str(to_traditional.convert(text)), title) for text, title in rows[::7][:TRADITIONAL])]


def placed(columns: Sequence[str], table: str) -> str:
    """An INSERT of these columns in the words of the database."""
    is_sqlite = db.write_connection().capabilities.dialect == "sqlite"
    places = ", ".join("?" if is_sqlite else f"${n}" for n in range(1, len(columns) + 1))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - our own names


async def insert(table: str, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        await db.write_connection().execute_many(placed(list(part[0]), table), [list(row.values()) for row in part])


async def insert_words(index: search.WordIndex, texts: dict[int, str]) -> None:
    is_sqlite = db.write_connection().capabilities.dialect == "sqlite"
    sql = (
        f"INSERT INTO {index.table}(rowid, tok) VALUES(?, ?)"
        if is_sqlite
        else f"INSERT INTO {index.table}(id, tok) VALUES($1, $2::text::tsvector)"
    )
    rows = list(texts.items())
    for start in range(0, len(rows), BATCH):
        values = [
            [id_, " ".join(tokenize(text)) if is_sqlite else search.to_tsvector(tokenize(text))]
            for id_, text in rows[start : start + BATCH]
        ]
        await db.write_connection().execute_many(sql, values)


def case_row(id_: int, title: str, text: str, unit: str, category: str, at: datetime) -> dict[str, Any]:
    moment = to_millis(at)
    return {
        **{"id": id_, "no": f"20250101-{id_:06d}", "code": "x", "code_hash": str(id_), "channel": "web"},
        **{"kind": "complaint", "profile": "hotline", "stage": "first", "status": "accepted", "version": 1},
        **{"title": title, "text": text, "region": "", "address": "", "category": category, "confidence": 0.0},
        **{"by_hand": False, "desk": "rexian", "unit": unit, "urgency": 0, "confidential": False, "anonymous": False},
        **{"public_consent": True, "headcount": 1, "link": "", "received_at": moment, "replied_at": moment},
        **{"next_due_at": moment if id_ % 8 == 0 else None, "next_warn_at": None, "digest": ""},
    }


# ---- public answers ----


async def measure_replies(town: Town) -> None:
    """In which place the right answer stands."""
    replies, texts = [], {}
    for id_, row in enumerate(town.messages, 1):
        message_columns = {"case_id": id_, "title": row["title"], "question": row["text"], "answer": row["reply"]}
        times = dict.fromkeys(("received_at", "replied_at", "published_at"), to_millis(NOW) + id_)
        columns = {"id": id_, "unit": row["unit"], "category": row["category"], "region": "", "kind": row["kind"]}
        replies.append(columns | message_columns | times | {"digest": ""})
        texts[id_] = search.reply_words(row["title"], row["text"], row["reply"])
    cases = [
        case_row(id_, row["title"], row["text"], row["unit"], row["category"], NOW)
        for id_, row in enumerate(town.messages, 1)
    ]
    await insert("feedback_case", cases)
    await insert("feedback_public_reply", replies)
    await insert_words(search.REPLIES, texts)
    queries = load_queries()
    places: dict[str, list[int]] = {"words alone": [], "with the nearest": []}
    seconds, missed = [], []
    for text, title in queries:
        start = time.perf_counter()
        exact = list((await public_replies.search_public_replies(text)).items)
        nearest = await public_replies.find_nearest_replies(text, without=[row["id"] for row in exact])
        seconds.append(time.perf_counter() - start)
        for name, rows in (("words alone", exact), ("with the nearest", [*exact, *nearest])):
            titles = [row["title"] for row in rows]
            places[name].append(titles.index(title) if title in titles else -1)
        if not 0 <= places["with the nearest"][-1] < FIRST:
            missed.append(f"{text} → {title}")
    print(f"{len(town.messages)} public answers, {len(queries)} queries, {TRADITIONAL} of them traditional")
    for name, found_places in places.items():
        shares = [sum(0 <= place < most for place in found_places) / len(queries) for most in (1, FIRST)]
        print(f"  {name:<18} first {shares[0]:.1%}, among the first {FIRST} {shares[1]:.1%}")
    print(f"  p50 {percentile(seconds, 0.5) * 1000:.1f} ms, p99 {percentile(seconds, 0.99) * 1000:.1f} ms")
    print("  missed:", "; ".join(missed))


# ---- a full house ----


async def fill(town: Town, count: int, units: Sequence[str]) -> tuple[dict[int, str], dict[int, str]]:
    """So many cases of sentences of the town. Returns their normalized texts and their units, by id."""
    draw = random.Random(7)
    sentences = [part + "。" for row in town.messages for part in row["text"].split("。") if part]
    texts, case_units = {}, {}
    for start in range(1001, 1001 + count, 20_000):
        cases, tenures, words = [], [], {}
        for id_ in range(start, min(start + 20_000, 1001 + count)):
            row, unit = draw.choice(town.messages), draw.choice(units)
            text = f"第{id_}号 " + "".join(draw.sample(sentences, 3))
            at = NOW - timedelta(minutes=draw.randrange(700 * 1440))
            cases.append(case_row(id_, row["title"], text, unit, row["category"], at))
            tenures.append(
                {
                    "case_id": id_,
                    "unit": unit,
                    "lead": True,
                    "seq": 2,
                    "since": to_millis(at),
                    "until": None,
                    "task": "",
                }
            )
            words[id_] = search.case_words(row["title"], "", text)
            texts[id_], case_units[id_] = normalize(words[id_]), unit
        await insert("feedback_case", cases)
        await insert("feedback_tenure", tenures)
        await insert_words(search.CASES, words)
    if db.write_connection().capabilities.dialect != "sqlite":
        await db.write_connection().execute_script("VACUUM ANALYZE")
    return texts, case_units


async def measure_cases(town: Town, count: int, query_count: int) -> None:
    """Whether the totals are true for whoever searches, and how long it takes."""
    units = [unit.code for unit in (await directory.load_directory()).units()]
    start = time.perf_counter()
    texts, case_units = await fill(town, count, units)
    print(f"{count} cases in {time.perf_counter() - start:.0f} s")
    clerk, chief = [await directory.load_actor(name) for name in ("clerk-chengguan", "supervisor")]
    rows = load_queries()
    queries = [*COMMON, *(text for text, _ in rows[:: max(1, len(rows) // query_count)])]
    for name, actor in (("clerk", clerk), ("supervisor", chief)):
        wrong = [q for q in queries[::3] if not await _is_total_true(actor, q, texts, case_units)]
        print(
            f"  {name}: totals compared with a walk through all texts: {len(queries[::3])}, wrong {len(wrong)} {wrong}"
        )
        await _time(f"{name}: list", partial(_load, actor), queries)
        await _time(f"{name}: counts", partial(_count, actor), queries)
        await _time(f"{name}: nearest", partial(_nearest, actor), queries)


async def _is_total_true(actor: Actor, query: str, texts: dict[int, str], units: dict[int, str]) -> bool:
    terms = query_terms(query)
    total = (await _load(actor, query)).total
    if not search.matching(search.CASES, query):
        return bool(total == 0)
    seen = (id_ for id_ in texts if actor.everywhere or units[id_] in actor.units | {actor.unit})
    expected = sum(all(term in texts[id_] for term in terms) for id_ in seen)
    return bool(total == expected)  # the cases behind the public answers are not in the index of cases


def _load(actor: Actor, query: str) -> Awaitable[Any]:
    return case_worklist.load_worklist(actor, Filters(q=query), 1, now=NOW)


def _count(actor: Actor, query: str) -> Awaitable[Any]:
    return case_worklist.count_cases(actor, Filters(q=query), now=NOW)


def _nearest(actor: Actor, query: str) -> Awaitable[Any]:
    return case_worklist.list_nearest(actor, Filters(q=query), now=NOW)


async def _time(name: str, work: Callable[[str], Awaitable[Any]], queries: Sequence[str]) -> None:
    seconds = []
    for query in queries:
        start = time.perf_counter()
        await work(query)
        seconds.append((time.perf_counter() - start, query))
    seconds.sort()
    times = [value * 1000 for value, _ in seconds]
    worst = f"worst {times[-1]:.0f} ms for {seconds[-1][1][:20]}"
    print(f"  {name:<20} p50 {percentile(times, 0.5):.0f} ms, p99 {percentile(times, 0.99):.0f} ms, {worst}")


async def run(cases: int, queries: int) -> None:
    async with settled() as settings, bootstrap.open_context(replace(settings)):
        print(await machine())
        town = Town.load()
        await measure_replies(town)
        if cases:
            await measure_cases(town, cases, queries)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=200_000)
    parser.add_argument("--queries", type=int, default=60, help="queries that are timed on the full house")
    args = parser.parse_args()
    asyncio.run(run(args.cases, args.queries))
    return 0


if __name__ == "__main__":
    sys.exit(main())
