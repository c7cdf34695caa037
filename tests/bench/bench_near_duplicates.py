"""How well and how fast are near-duplicates found? `python -m tests.bench.bench_near_duplicates [--cases N] [--quality FOLDER] [--sample N]`.

`--cases` fills a fresh database (SQLite, or `--url` of an empty PostgreSQL one) with made-up cases and asks it.
`--quality` measures recall and precision on labelled messages (routing_dev.csv, routing_repeats_dev.csv) beside the
exact TF-IDF and containment over all of them, `--sample` the same on made-up cases. Figures as measured stand in `FIGURES` below.
"""

import argparse
import asyncio
import csv
import platform
import random
import resource
import sqlite3
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import asyncpg
import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from classify.duplicates import fingerprint_store, near_duplicates
from classify.model.seed_examples import seed_examples
from feedback import links
from feedback.kernel import db
from feedback.kernel.settings import Settings
from feedback.record.models.case import Case
from web import bootstrap

FIGURES = """
Python 3.11, numpy 2.4, two cores (2026-11-22)
| what | figure |
|---|---|
| repeats of routing_repeats_dev among 6,421 messages of routing_dev | 452 of 452 found, first and called the same; exact: the same |
| light edit, half the clauses, 15 % noise, title and two clauses there | 1.00, 1.00, 0.97, 1.00; exact: 1.00 each |
| the same among 20,000 made-up cases full of stock phrases | 1.00, 0.97, 0.97, 0.74; exact: 1.00 each |
| messages called the same as another without a label that says so | 1.3 % there, 0 made-up ones; exact: the same |
| SQLite, 1,000,000 made-up cases (9.05 million prints), nothing else running | near p50 0.7 ms, p99 1.6 ms; with texts p50 4.1 ms, p99 9.7 ms; found .900, none falsely |
| the same beside eleven other processes | near p50 5 ms, p99 74 ms; with texts (then 31 of them, now 20) p50 41 ms, p99 287 ms |
| writing | prints 53 us a case, adding one case 1.8 ms, table 127 MB |
"""
SEED, STOCK_SHARE, ASKED = 20261122, 0.2, 1000
WRITTEN = 200_000
"""So many cases get texts and prints of their own; the others repeat their texts, and draw their prints half from
theirs (so that what is frequent stays so) and half anew: the table is as large, and looks the same to a question."""
RETRIEVED = 40
Rewrite = Callable[[random.Random, str, str], tuple[str, str]]


# ---- a million cases ----


def made_up(count: int) -> Iterator[tuple[str, str]]:
    """Titles and texts: clauses of Zipf-distributed words, a fifth of them stock phrases of our own examples."""
    rng, draw = random.Random(SEED), np.random.default_rng(SEED)
    letters = sorted({c for e in seed_examples(()) for c in e.text if "\u4e00" <= c <= "\u9fff"})
    words = ["".join(rng.choices(letters, k=rng.choice((1, 2, 2, 2, 3)))) for _ in range(30_000)]
    odds = 1 / (np.arange(len(words)) + 20.0)
    drawn = draw.choice(len(words), size=(400_000, 5), p=odds / odds.sum()).tolist()
    pool = ["".join(words[n] for n in some) for some in drawn]
    stock = _stock()
    for n in range(count):
        clauses = [
            rng.choice(stock) if rng.random() < STOCK_SHARE else rng.choice(pool) for _ in range(rng.randint(6, 18))
        ]
        yield rng.choice(pool), "，".join(clauses) + f"{n % 997}号。"


def _stock() -> list[str]:
    """Turns of speech that many messages have in common."""
    return [c for e in seed_examples(()) if e.source == "example" for c in e.text.split("，") if 6 <= len(c) <= 30]


async def fill(url: str, folder: Path, count: int) -> tuple[int, float, float]:
    """The database with so many cases: how many prints, microseconds a case to make them, seconds to write them."""
    own, printing = min(count, WRITTEN), 0.0
    texts, keys = list(made_up(own)), []
    for at, (title, text) in enumerate(texts, 1):
        tick = time.perf_counter()
        keys.append(
            np.array(fingerprint_store.make_keys(at, near_duplicates.normalize(title, text), 0), dtype=np.int64)
        )
        printing += time.perf_counter() - tick
    known, draw = np.concatenate(keys), np.random.default_rng(SEED)
    copies = round(len(known) / own)
    ids = np.repeat(np.arange(own + 1, count + 1), copies)
    buckets = draw.choice(known >> fingerprint_store.ID_BITS, size=len(ids))
    buckets = np.where(
        draw.random(len(ids)) < 0.5, buckets, draw.integers(1 << near_duplicates.BUCKET_BITS, size=len(ids))
    )
    all_keys = np.unique(np.concatenate([known, buckets << fingerprint_store.ID_BITS | ids]))
    for start in range(0, count, 50_000):
        some = range(start, min(start + 50_000, count))
        await _write_cases(url, folder, [(n + 1, *texts[n % own]) for n in some])
    tick = time.perf_counter()
    await _write_keys(url, folder, all_keys)
    return len(all_keys), printing / own * 1e6, time.perf_counter() - tick


_COLUMNS = "id, no, code, code_hash, channel, kind, profile, status, title, text, desk, received_at, version, stage, region, address, category, confidence, by_hand, unit, urgency, confidential, anonymous, public_consent, headcount, link, digest, sender_hash"


def _case(at: int, title: str, text: str) -> tuple[object, ...]:
    moment = 1_700_000_000_000 + at * 1000
    return (
        *(
            at,
            f"2026-{at:08d}",
            "",
            f"{at:064x}",
            "web",
            "complaint",
            "hotline",
            "closed",
            title,
            text,
            "rexian",
            moment,
            1,
        ),
        *("first", "", "", "", 0.0, False, "", 0, False, False, False, 1, "", "", ""),
    )


async def _write_cases(url: str, folder: Path, rows: Sequence[tuple[int, str, str]]) -> None:
    made = [_case(*row) for row in rows]
    if not url:
        with sqlite3.connect(folder / "xinqiao.sqlite3") as file:
            marks = ",".join("?" * len(made[0]))
            file.executemany(f"INSERT INTO feedback_case ({_COLUMNS}) VALUES ({marks})", made)  # noqa: S608
        file.close()
        return
    connection = await asyncpg.connect(url)
    await connection.copy_records_to_table("feedback_case", records=made, columns=_COLUMNS.split(", "))
    await connection.close()


async def _write_keys(url: str, folder: Path, keys: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> None:
    table = "classify_passage"
    if not url:
        with sqlite3.connect(folder / "xinqiao.sqlite3") as file:
            file.executemany(f"INSERT OR IGNORE INTO {table} (key) VALUES (?)", ((int(k),) for k in keys))  # noqa: S608
        file.close()
        return
    connection = await asyncpg.connect(url)
    await connection.copy_records_to_table(table, records=((int(k),) for k in np.unique(keys)), columns=["key"])
    await connection.execute(f"VACUUM ANALYZE {table}")
    await connection.close()


async def _without_indexes(url: str, folder: Path) -> None:
    """Cases are fetched by id here: what keeps their lists fast would only make filling slow."""
    if url:
        connection = await asyncpg.connect(url)
        indexes = await connection.fetch("SELECT indexname FROM pg_indexes WHERE tablename = 'feedback_case'")
        for row in indexes:
            if not row["indexname"].endswith("_pkey") and not row["indexname"].endswith("_key"):
                await connection.execute(f'DROP INDEX IF EXISTS "{row["indexname"]}"')
        await connection.close()
        return
    file = sqlite3.connect(folder / "xinqiao.sqlite3")
    for (name,) in file.execute(
        "SELECT name FROM sqlite_master WHERE type='index' AND tbl_name='feedback_case' AND sql IS NOT NULL"
    ).fetchall():
        file.execute(f'DROP INDEX "{name}"')
    file.close()


async def ask(count: int) -> dict[str, float]:
    """Ask for twins of lightly rewritten cases and of new messages; milliseconds and what was found."""
    rng = random.Random(SEED + 1)
    wanted = sorted(rng.sample(range(1, min(count, WRITTEN) + 1), ASKED // 2))
    truth = {
        row["id"]: (row["title"], row["text"]) for row in await Case.filter(id__in=wanted).values("id", "title", "text")
    }
    questions = [(id_, *_half(rng, *truth[id_])) for id_ in wanted]
    new = [(0, title, text) for title, text in _fresh(ASKED // 2)]
    asked = [*questions, *new]
    rng.shuffle(asked)
    near_ms, whole_ms, hits, false = [], [], 0, 0
    for id_, title, text in asked:
        began = time.perf_counter()
        words = near_duplicates.normalize(title, text)
        ids = await fingerprint_store.find_near(words, 0, most=RETRIEVED)
        near_ms.append((time.perf_counter() - began) * 1000)
        here = near_duplicates.vectorize(words)
        same = [
            other.id
            for other in await links.load_compared_cases(ids)
            if near_duplicates.measure_similarity(
                here, near_duplicates.vectorize(near_duplicates.normalize(other.title, other.text))
            ).is_same
        ]
        whole_ms.append((time.perf_counter() - began) * 1000)
        hits += id_ in same
        false += id_ == 0 and bool(same)
    return {
        "near p50 ms": float(np.percentile(near_ms, 50)),
        "near p99 ms": float(np.percentile(near_ms, 99)),
        "with texts p50 ms": float(np.percentile(whole_ms, 50)),
        "with texts p99 ms": float(np.percentile(whole_ms, 99)),
        "found": hits / len(questions),
        "false": false / len(new),
    }


def _fresh(count: int) -> list[tuple[str, str]]:
    """Messages nobody wrote before, of the same words."""
    rng = random.Random(SEED + 2)
    stock = _stock()
    return [(rng.choice(stock), "，".join(rng.sample(stock, rng.randint(6, 14)))) for _ in range(count)]


async def add_some(count: int) -> float:
    """Milliseconds to add one case to the full table."""
    rng, began = random.Random(SEED + 3), time.perf_counter()
    for n in range(200):
        title, text = f"新来的事{n}", "".join(chr(rng.randint(0x4E00, 0x9FA5)) for _ in range(200))
        await fingerprint_store.add_keys(
            fingerprint_store.make_keys(count + 1 + n, near_duplicates.normalize(title, text), 0)
        )
    return (time.perf_counter() - began) / 200 * 1000


async def speed(count: int, url: str) -> None:
    with tempfile.TemporaryDirectory(prefix="twins-") as name:
        folder = Path(name)
        settings = Settings(data=folder, database_url=url, log_level="error")
        await bootstrap.migrate(settings)
        await _without_indexes(url, folder)
        rows, printing, writing = await fill(url, folder, count)
        size = await _size(url, folder)
        async with db.open_database(bootstrap.config(settings)):
            await ask(min(count, 1000))
            figures = await ask(count)
            adding = await add_some(count)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        kind = "PostgreSQL" if url else "SQLite"
        print(f"\n{kind}, {count:,} cases, {rows:,} prints ({rows / count:.1f} a case)")
        print(
            f"prints {printing:.0f} us a case, written in {writing:.0f} s; table {size / 1e6:.0f} MB; adding one case {adding:.1f} ms"
        )
        print(", ".join(f"{k} {v:.3f}" if v < 1.5 else f"{k} {v:.1f}" for k, v in figures.items()))
        print(f"peak memory of this script (filling included) {memory:.0f} MB")


async def _size(url: str, folder: Path) -> int:
    if url:
        connection = await asyncpg.connect(url)
        size = await connection.fetchval("SELECT pg_total_relation_size('classify_passage')")
        await connection.close()
        return int(size)
    file = sqlite3.connect(folder / "xinqiao.sqlite3")
    try:
        (size,) = file.execute("SELECT sum(pgsize) FROM dbstat WHERE name = 'classify_passage'").fetchone()
    except sqlite3.OperationalError:
        size = 0
    file.close()
    return int(size)


# ---- quality ----


def _light(rng: random.Random, title: str, text: str) -> tuple[str, str]:
    clauses = text.split("，")
    if len(clauses) > 3:
        clauses.pop(rng.randrange(len(clauses)))
    return title, "您好！" + "，".join(clauses) + "谢谢！"


def _half(rng: random.Random, title: str, text: str) -> tuple[str, str]:
    clauses = text.split("，")
    keep = sorted(rng.sample(range(len(clauses)), max(1, len(clauses) // 2)))
    return "再次反映有关情况", "，".join(clauses[n] for n in keep)


def _noisy(rng: random.Random, title: str, text: str) -> tuple[str, str]:
    return title, "".join(chr(rng.randint(0x4E00, 0x9FA5)) if rng.random() < 0.15 else c for c in text)


def _two(rng: random.Random, title: str, text: str) -> tuple[str, str]:
    clauses = text.split("，")
    at = rng.randrange(max(1, len(clauses) - 1))
    return title, "，".join(clauses[at : at + 2])


REWRITES: dict[str, Rewrite] = {
    "light edit": _light,
    "half the clauses": _half,
    "15% noise": _noisy,
    "title, 2 clauses": _two,
}


class Stock:
    """Messages and two ways to find the twin of another among them: ours in memory, and every one compared exactly."""

    def __init__(self, texts: Sequence[tuple[str, str]]) -> None:
        self.plain = [near_duplicates.normalize(*text) for text in texts]
        self.index: dict[int, list[int]] = defaultdict(list)
        for n, words in enumerate(self.plain):
            for bucket in near_duplicates.fingerprint(words):
                self.index[bucket].append(n)
        self.tfidf = TfidfVectorizer(analyzer="char", ngram_range=(3, 4), sublinear_tf=True)
        self.cosines = self.tfidf.fit_transform(self.plain)
        self.fours = CountVectorizer(analyzer="char", ngram_range=(4, 4), binary=True, dtype=np.float32)
        self.held = self.fours.fit_transform(self.plain)
        self.lengths = np.asarray(self.held.sum(axis=1)).ravel()

    def near(self, words: str, without: int = -1) -> list[int]:
        weights: Counter[int] = Counter()
        for bucket in near_duplicates.fingerprint(words):
            hits = self.index.get(bucket, [])[-fingerprint_store.MAX_PER_BUCKET :]
            for n in hits:
                if n != without:
                    weights[n] += near_duplicates.weigh_bucket(len(hits), fingerprint_store.MAX_PER_BUCKET)  # type: ignore[assignment]
        best = weights.most_common(RETRIEVED)
        return [n for n, weight in best if weight >= fingerprint_store.MIN_RELATIVE_WEIGHT * best[0][1]]

    def told(self, words: str, without: int = -1) -> tuple[int, bool]:
        """As the product does it: passages, then likeness."""
        here, best, place, same = near_duplicates.vectorize(words), 0.0, -1, False
        for n in self.near(words, without):
            alike = near_duplicates.measure_similarity(here, near_duplicates.vectorize(self.plain[n]))
            if alike.score > best:
                best, place, same = alike.score, n, alike.is_same
        return place, same

    def exactly(self, words: str, without: int = -1) -> tuple[int, bool]:
        """TF-IDF of runs of three and four and containment of runs of four, against each message."""
        cosines = (self.cosines @ self.tfidf.transform([words]).T).toarray().ravel()
        asked = self.fours.transform([words])
        held = (self.held @ asked.T).toarray().ravel() / np.maximum(1, np.minimum(self.lengths, max(8, asked.sum())))
        scores = np.maximum(cosines / near_duplicates.MIN_COSINE, held / near_duplicates.MIN_CONTAINMENT)
        if without >= 0:
            scores[without] = 0
        n = int(scores.argmax())
        return n, bool(scores[n] >= 1)


def quality(folder: Path) -> None:
    messages, repeats = (
        list(csv.DictReader((folder / f"{name}.csv").open(encoding="utf-8-sig")))
        for name in ("routing_dev", "routing_repeats_dev")
    )
    place = {row["id"]: n for n, row in enumerate(messages)}
    texts = [(row["subject"], row["text"]) for row in messages]
    stock = Stock(texts)
    truth = [(near_duplicates.normalize(row["subject"], row["text"]), place[row["repeat_of"]]) for row in repeats]
    _line(f"repeats ({len(truth)}) among {len(texts):,}", truth, stock)
    _rewritten(stock, texts, 300)


def sample(count: int) -> None:
    """The same on made-up cases, many of which share turns of speech."""
    texts = list(made_up(count))
    print(f"among {count:,} made-up cases")
    _rewritten(Stock(texts), texts, 150)


def _rewritten(stock: Stock, texts: Sequence[tuple[str, str]], number: int) -> None:
    rng = random.Random(SEED)
    chosen = rng.sample(range(len(texts)), number)
    for name, rewrite in REWRITES.items():
        _line(name, [(near_duplicates.normalize(*rewrite(rng, *texts[n])), n) for n in chosen], stock)
    alarms = [sum(how(stock.plain[n], n)[1] for n in chosen) for how in (stock.told, stock.exactly)]
    print(
        f"called the same as another without a label that says so (some are): {alarms[0] / number:.3f} / exact {alarms[1] / number:.3f}"
    )


def _line(name: str, asked: Sequence[tuple[str, int]], stock: Stock) -> None:
    parts = []
    for how in (stock.told, stock.exactly):
        began = time.perf_counter()
        answers = [(*how(words), n) for words, n in asked]
        ms = (time.perf_counter() - began) / len(asked) * 1000
        first, same = (sum(a[0] == a[2] for a in answers), sum(a[0] == a[2] and a[1] for a in answers))
        parts.append(f"first {first / len(asked):.3f}, same {same / len(asked):.3f}, {ms:.1f} ms")
    print(f"{name}: {parts[0]} / exact: {parts[1]}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=0)
    parser.add_argument("--quality", type=Path)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--url", default="")
    asked_for = parser.parse_args()
    print(f"Python {platform.python_version()}, numpy {np.__version__}, {platform.machine()}")
    if asked_for.quality:
        quality(asked_for.quality)
    if asked_for.sample:
        sample(asked_for.sample)
    if asked_for.cases:
        asyncio.run(speed(asked_for.cases, asked_for.url))
