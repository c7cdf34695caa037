"""How good, how big and how fast is the classifier, cold and (given a labelled CSV) adapted and trained?

python -m tests.bench.bench_classify                    the town's kept-out messages, from knowledge alone
python -m tests.bench.bench_classify LABELLED.csv       also that file: columns subject, text, label, split (train/val)
"""

import csv
import json
import sys
import tempfile
import time
import tomllib
from pathlib import Path

from classify import taxonomy
from classify.model import release_files, seed_examples, training
from classify.model.metrics import LabelledMessage, evaluate, frozen_accuracy
from classify.model.release import Model
from classify.model.release_files import load
from classify.model.seed_examples import Example

TOWN = Path(__file__).parents[2] / "web" / "demo" / "town"


def main(files: list[str]) -> int:
    units = tomllib.loads((TOWN / "units.toml").read_text(encoding="utf-8"))["unit"]
    seeds = seed_examples.seed_examples(
        [(duty["text"], duty["categories"]) for unit in units for duty in unit["duties"]]
    )
    kept_out = tomllib.loads((TOWN / "holdout.toml").read_text(encoding="utf-8"))["item"]
    town = [LabelledMessage(item["title"], item["text"], item["category"]) for item in kept_out]
    rows = [row for file in files for row in _rows(Path(file))]
    tried = [LabelledMessage(r["subject"], r["text"], r["label"]) for r in rows if r["split"] == "val"]
    seen = [r for r in rows if r["split"] == "train"]
    for kind in ("cold", "adapted", "trained") if rows else ("cold",):
        real = [Example(r["subject"], r["text"], taxonomy.code_of(r["label"]), "file") for r in seen]
        messages = [(r["subject"], r["text"]) for r in seen]
        start = time.perf_counter()
        fitted = training.fit(
            [*seeds, *(real if kind == "trained" else ())], unlabelled=messages if kind == "adapted" else ()
        )
        model = _measured(kind, fitted, time.perf_counter() - start)
        _tell(f"{kind}: town, level 2", evaluate(model, town).as_json())
        _tell(
            f"{kind}: town, level 1",
            evaluate(model, [LabelledMessage(r.title, r.text, r.label[:2]) for r in town]).as_json(),
        )
        if tried:
            _tell(f"{kind}: file, only its labels", evaluate(model, tried, restrict=True).as_json())
    return 0


def _measured(kind: str, fitted: Model, fit_s: float) -> Model:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / release_files.save(fitted, Path(place))
        start = time.perf_counter()
        model = load(folder)
        load_s = time.perf_counter() - start
        size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    figures = {"fit_s": fit_s, "load_s": load_s, "megabytes": size, "frozen_accuracy": frozen_accuracy(model)}
    _tell(kind, {name: round(value, 3) for name, value in figures.items()})
    return model


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def _tell(what: str, figures: dict[str, float]) -> None:
    print(what, json.dumps(figures), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
