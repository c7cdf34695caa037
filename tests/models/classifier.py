"""The first release, fitted once for all tests that use it."""

from functools import cache
from pathlib import Path

from classify.model import release_files, seed_examples, training
from classify.model.release import Model
from classify.model.release_files import load
from tests import shared

DUTIES = (
    ("家里突然停水、水压低，由供水管理所抢修答复", ("0305",)),
    ("单位拖欠工资、不发加班费，由劳动监察大队查处", ("0402",)),
    ("公交线路、班次、站点和司机服务，由交通运输局办理", ("0310",)),
)


def cold_folder() -> Path:
    """The folder of a release made from knowledge alone, named by its id."""
    (release,) = shared.made_once("cold release", _fit).iterdir()
    return release


def _fit(folder: Path) -> None:
    release_files.save(training.fit(seed_examples.seed_examples(DUTIES)), folder)


@cache
def cold() -> Model:
    """That release, loaded."""
    return load(cold_folder())
