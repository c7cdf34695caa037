"""Which labels of a file does the file itself contradict, and what is taken for what? By index and agreement, no texts.

python -m tests.bench.bench_noise LABELLED.csv [--split train]      columns id, subject, text, label

Every message is judged by heads fitted on the others (five folds, three seeds). A label is doubtful when all seeds are
sure of the same other one. `neighbours`: how many of the ten nearest messages carry the given label, and the other one.
"""

import argparse
import csv
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.model_selection import KFold, cross_val_predict

from classify import taxonomy
from classify.model import pipeline

SEEDS, FOLDS, NEAR, SURE, SHOWN = 3, 5, 10, 0.8, 40
TEMPERATURE = 0.2


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--split", default="")
    asked = parser.parse_args()
    with asked.file.open(encoding="utf-8-sig", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if not asked.split or row["split"] == asked.split]
    given = np.array([taxonomy.LEVEL1.index(taxonomy.code_of(row["label"])[:2]) for row in rows])
    headings = tuple(int(i) for i in np.unique(given))
    target = np.searchsorted(headings, given)
    messages = [pipeline.tidy_message(row["subject"], row["text"]) for row in rows]
    matrix = pipeline.fit_features(messages).transform(messages).tocsr()
    chances = np.stack([_unseen(matrix, target, seed) for seed in range(SEEDS)])
    _confusion(chances[0].argmax(axis=1), target, headings)
    _doubtful(rows, chances, target, headings, matrix)
    return 0


def _unseen(matrix: csr_matrix, target: NDArray[np.intp], seed: int) -> NDArray[np.float64]:
    """How likely each heading is, by a head that never saw the message."""
    ridge = pipeline.EmphasizedRidge(temperature=TEMPERATURE)
    folds = KFold(FOLDS, shuffle=True, random_state=seed)
    return np.asarray(cross_val_predict(ridge, matrix, target, cv=folds, method="predict_proba"))


def _confusion(guess: NDArray[np.intp], target: NDArray[np.intp], headings: tuple[int, ...]) -> None:
    names = [taxonomy.name_of(taxonomy.LEVEL1[heading]) for heading in headings]
    table = np.zeros((len(headings), len(headings)), dtype=int)
    np.add.at(table, (target, guess), 1)
    print("given \\ guessed", *names, sep="\t")
    for name, line in zip(names, table, strict=True):
        print(name, *line, sep="\t")
    np.fill_diagonal(table, 0)
    for cell in np.argsort(-table, axis=None)[:3]:
        i, j = divmod(int(cell), len(headings))
        print(f"worst: {names[i]} taken for {names[j]}: {table[i, j]} of {int((target == i).sum())}")


def _doubtful(
    rows: list[dict[str, str]], chances: NDArray[np.float64], target: NDArray[np.intp], headings: tuple[int, ...],
    matrix: csr_matrix,
) -> None:  # fmt: skip
    guesses, sure = chances.argmax(axis=2), chances.max(axis=2).min(axis=0)
    same = (guesses == guesses[0]).all(axis=0) & (guesses[0] != target)
    doubtful = [int(i) for i in np.argsort(-sure) if same[i] and sure[i] >= SURE]
    pairs: Counter[tuple[int, int]] = Counter()
    print(
        f"doubtful: {len(doubtful)} of {len(rows)} ({len(doubtful) / len(rows):.1%}); all seeds wrong: {int(same.sum())}"
    )
    for n, i in enumerate(doubtful):
        near = np.asarray((matrix @ matrix[i].T).todense()).ravel()
        near[i] = -1
        votes = target[np.argsort(-near)[:NEAR]]
        was, other = int(target[i]), int(guesses[0][i])
        pairs[was, other] += 1
        if n < SHOWN:
            codes = taxonomy.LEVEL1[headings[was]], taxonomy.LEVEL1[headings[other]]
            here, there = int((votes == was).sum()), int((votes == other).sum())
            print(
                f"{rows[i].get('id', i)}: given {codes[0]}, {SEEDS}/{SEEDS} say {codes[1]} ({sure[i]:.2f}), neighbours {here}:{there}"
            )
    for (was, other), n in pairs.most_common(3):
        print(f"most often: {taxonomy.LEVEL1[headings[was]]} given, {taxonomy.LEVEL1[headings[other]]} said: {n}")


if __name__ == "__main__":
    sys.exit(main())
