"""How well are hot topics found, and how fast? Against groups somebody else made, on real messages.

`python -m tests.bench.bench_topics FILE [--pace 10000]`: a CSV with columns subject, text, label (a known group or
empty: not judged) and sender. F1 of the best matching cluster for each known group, mean over the groups; once with
every member counted (what was not judged counts as wrong) and once with judged members only.
"""

import argparse
import csv
import json
import platform
import random
import time
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

from classify.topics import clustering
from classify.topics.clustering import TopicCase


def f1(clusters: list[list[int]], labels: list[str], *, judged_only: bool) -> dict[str, tuple[float, float, float]]:
    """(F1, precision, recall) of the best cluster for each group."""
    groups: dict[str, set[int]] = defaultdict(set)
    for place, label in enumerate(labels):
        if label:
            groups[label].add(place)
    scores = {}
    for label, group in groups.items():
        best = (0.0, 0.0, 0.0)
        for cluster in clusters:
            inside = [i for i in cluster if labels[i] or not judged_only]
            hits = len(group & set(inside))
            if hits:
                precision, recall = hits / len(inside), hits / len(group)
                best = max(best, (2 * precision * recall / (precision + recall), precision, recall))
        scores[label] = best
    return scores


def _means(scores: dict[str, tuple[float, float, float]]) -> dict[str, float]:
    names = ("f1", "precision", "recall")
    return {name: round(sum(values[i] for values in scores.values()) / len(scores), 3) for i, name in enumerate(names)}


def measure(file: Path) -> dict[str, Any]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    labels = [row["label"] for row in rows]
    began = time.process_time()
    clusters = clustering.cluster_texts([row["subject"] for row in rows], [row["text"] for row in rows])
    seconds = time.process_time() - began
    texts = [
        TopicCase(str(i), row["subject"], row["text"], "", row["sender"], date(2019, 1, 1))
        for i, row in enumerate(rows)
    ]
    every = f1(clusters, labels, judged_only=False)
    hottest = [
        {"title": t.title, "people": len({m.who for m in t.members}), "cases": len(t.members), "words": t.words}
        for t in clustering.find_topics(texts)[:10]
    ]
    return {
        "messages": len(rows),
        "groups": {label: [round(x, 3) for x in values] for label, values in every.items()},
        "every_member_counted": _means(every),
        "judged_only": _means(f1(clusters, labels, judged_only=True)),
        "clusters": len(clusters),
        "cpu_seconds": round(seconds, 2),
        "hottest": hottest,
    }


def pace(file: Path, number: int) -> dict[str, Any]:
    """As many cases as a day may bring, made by mixing the clauses of real ones."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    rng = random.Random(1)
    titles, texts = [], []
    for _ in range(number):
        first_row, second_row = rng.choice(rows), rng.choice(rows)
        titles.append(first_row["subject"])
        texts.append(first_row["text"][: rng.randint(60, 400)] + second_row["text"][: rng.randint(0, 120)])
    began, wall = time.process_time(), time.perf_counter()
    clusters = clustering.cluster_texts(titles, texts)
    return {
        "cases": number,
        "cpu_seconds": round(time.process_time() - began, 2),
        "wall_seconds": round(time.perf_counter() - wall, 2),
        "clusters": len(clusters),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--pace", type=int, default=0)
    args = parser.parse_args()
    figures = measure(args.file)
    if args.pace:
        figures["pace"] = pace(args.file, args.pace)
    print(json.dumps({"python": platform.python_version(), **figures}, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
