"""Does the published table contain the counts, hide small cells, and change its digest with any count?"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from evaluation.disclosure import DisclosureRules, Levels
from evaluation.kpi.timeliness import ClockCounts, ClockFact, TenureFact
from evaluation.periods import parse_month
from evaluation.publication import statistics
from evaluation.publication.statistics import FORMULAE, Counts
from feedback.kernel.clock import OFFICE_TIMEZONE, to_utc
from feedback.kernel.crypto import Vault

OCTOBER = parse_month("2026-10")
NAMES = {"chengguan": "城市管理局", "jiaotong": "交通运输局", "rexian": "热线中心"}
CHENGGUAN = Counts(
    "chengguan",
    received=30,
    on_time=90,
    late=10,
    running=6,
    unfinished=7,
    levels=Levels({5: 20, 4: 10, 3: 5, 2: 3, 1: 2}),
    follow_ups=0,
    rectify_due=10,
    rectified=9,
    rectified_on_time=8,
)
JIAOTONG = Counts("jiaotong", received=20, on_time=40, late=3, levels=Levels({5: 12, 2: 2}))
REXIAN = Counts("rexian", received=3)
ALL = Counts(
    "",
    received=53,
    on_time=130,
    late=13,
    running=6,
    unfinished=7,
    citizens=ClockCounts(on_time=45, late=5),
    levels=Levels({5: 32, 4: 10, 3: 5, 2: 5, 1: 2}),
    rectify_due=10,
    rectified=9,
    rectified_on_time=8,
)


def disclose(rows: list[Counts] | None = None, everybody: Counts = ALL, key: str = "geheim") -> dict[str, Any]:
    rows = [CHENGGUAN, JIAOTONG, REXIAN] if rows is None else rows
    return statistics.build_table(
        OCTOBER, rows, everybody, DisclosureRules(), NAMES, vault=Vault(key), provisional=False
    )


def unit(document: dict[str, Any], code: str) -> dict[str, Any]:
    return next(row for row in document["units"] if row["unit"] == code)


def test_a_large_unit_is_published_in_full() -> None:
    row = unit(disclose([CHENGGUAN], replace(ALL, late=10)), "chengguan")
    assert row["name"] == "城市管理局"
    assert (row["received"], row["on_time"], row["late"], row["running"]) == (30, 90, 10, 6)
    assert (row["timeliness"], row["mean_level"], row["score"]) == (0.9, 4.08, 7.98)
    assert (row["ratings"], row["good_share"]) == (40, 0.875)
    assert (row["rectify_due"], row["rectified_share"], row["rectified_on_time_share"]) == (10, 0.9, 0.8)
    assert row["intervals"]["timeliness"] == [0.8256, 0.9448]


def test_every_figure_is_either_given_or_says_why_not() -> None:
    document = disclose()
    for row in (document["total"], *document["units"]):
        for column in FORMULAE:
            assert (row[column.code] is None) == (column.code in row["hidden"])


def test_no_count_below_five_is_given_but_zero() -> None:
    document = disclose()
    counts = [row.code for row in FORMULAE if row.sort == "count"]
    shown = [row[code] for row in (document["total"], *document["units"]) for code in counts]
    assert all(count is None or count == 0 or count >= 5 for count in shown)


def test_total_and_unit_rows_count_the_same_thing() -> None:
    """Every count of the total is the sum of the units; the citizens' own clocks stand in a row of their own."""
    big = replace(JIAOTONG, late=8, running=9, unfinished=5)
    sums = replace(ALL, late=18, running=15, unfinished=12)
    document = disclose([CHENGGUAN, big], sums)
    for name in ("on_time", "late", "running", "held", "unfinished"):
        assert document["total"][name] == sum(row[name] for row in document["units"]), name
    assert document["total"]["timeliness"] == round(130 / 148, 4)
    assert (document["citizens"]["on_time"], document["citizens"]["timeliness"]) == (45, 0.9)
    assert {document["citizens"]["hidden"][name] for name in ("received", "bad", "score")} == {"not_summed"}


def test_a_small_number_of_late_clocks_cannot_be_taken_from_the_total() -> None:
    row = unit(disclose(), "chengguan")
    assert disclose()["total"]["late"] == 13
    assert (row["late"], row["hidden"]["late"]) == (None, "protects_another")


def test_an_edition_of_an_older_layout_is_read_as_it_was_meant() -> None:
    document = {**disclose(), "layout": 2}
    del document["citizens"]
    sums, citizens = statistics.list_district_rows(document)
    assert (sums["on_time"], citizens["on_time"], citizens["received"]) == (None, document["total"]["on_time"], None)


def test_a_small_cell_takes_the_next_one_with_it_and_says_so() -> None:
    document = disclose()
    assert unit(document, "rexian")["hidden"]["received"] == "fewer_than_5"
    assert unit(document, "jiaotong")["received"] is None
    assert unit(document, "jiaotong")["hidden"]["received"] == "protects_another"
    assert document["total"]["received"] == 53


def test_few_late_clocks_leave_bounds_for_timeliness() -> None:
    row = unit(disclose(), "jiaotong")
    assert (row["on_time"], row["late"], row["timeliness"]) == (40, None, None)
    assert row["bounds"]["timeliness"] == [0.9091, 0.9756]


def test_few_bad_ratings_leave_bounds_for_the_good_share() -> None:
    document = disclose()
    row = unit(document, "jiaotong")
    assert (row["ratings"], row["bad"], row["good_share"], row["mean_level"]) == (14, None, None, None)
    assert row["bounds"]["good_share"] == [0.7143, 0.9286]
    assert row["bounds"]["mean_level"] == [4.5, 5.0]


def test_the_only_other_bad_ratings_and_mean_go_with_the_hidden_ones() -> None:
    document = disclose()
    assert document["total"]["bad"] == 7
    row = unit(document, "chengguan")
    assert (row["bad"], row["good_share"], row["mean_level"]) == (None, None, None)
    assert row["hidden"]["bad"] == row["hidden"]["mean_level"] == "protects_another"


def test_the_distribution_over_levels_is_published_in_full_or_not_at_all() -> None:
    assert disclose()["levels"] is None
    plain = replace(ALL, levels=Levels({5: 32, 4: 10, 3: 5, 2: 5, 1: 0}))
    assert disclose(everybody=plain)["levels"] == {"5": 32, "4": 10, "3": 5, "2": 5, "1": 0}


def test_streets_are_published_with_small_ones_hidden() -> None:
    rules = DisclosureRules()
    rows = statistics.list_regions({"a": 20, "b": 3, "c": 2, "d": 0}, {"a": "甲镇"}, rules)
    assert [(row["name"], row["received"]) for row in rows] == [("甲镇", 20), ("b", None), ("c", None), ("d", 0)]
    alone = statistics.list_regions({"a": 20, "b": 3}, {}, rules)
    assert [row["received"] for row in alone] == [None, None]
    assert statistics.list_regions({"a": 3}, {}, rules) == []


def test_the_seal_covers_the_facts_behind_the_key_figures() -> None:
    rows = [CHENGGUAN, JIAOTONG, REXIAN]
    seals = {
        statistics.compute_inputs_seal(rows, ALL, Vault("geheim"), more)
        for more in (None, {"solved": 3}, {"solved": 4})
    }
    assert len(seals) == 3


def test_the_formulae_contain_the_weights_in_force() -> None:
    weights = next(row for row in disclose()["formulae"] if row["code"] == "score")
    assert "10、8、6、3、0" in weights["formula"]


def test_publishing_the_same_facts_gives_the_same_digest() -> None:
    assert disclose() == disclose()
    assert disclose()["digest"] == statistics.compute_digest(disclose())


COUNTED = [name for name in Counts.__dataclass_fields__ if name not in ("unit", "levels", "citizens")]


@pytest.mark.parametrize("name", COUNTED)
def test_the_digest_changes_with_every_count_also_a_hidden_one(name: str) -> None:
    for i, row in enumerate([CHENGGUAN, JIAOTONG, REXIAN]):
        rows = [CHENGGUAN, JIAOTONG, REXIAN]
        rows[i] = replace(row, **{name: getattr(row, name) + 1})
        assert disclose(rows)["digest"] != disclose()["digest"]
    assert disclose(everybody=replace(ALL, **{name: getattr(ALL, name) + 1}))["digest"] != disclose()["digest"]


@pytest.mark.parametrize("name", ClockCounts.__dataclass_fields__)
def test_the_digest_changes_with_every_count_of_the_citizens_own_clocks(name: str) -> None:
    citizens = replace(ALL.citizens, **{name: getattr(ALL.citizens, name) + 1})
    assert disclose(everybody=replace(ALL, citizens=citizens))["digest"] != disclose()["digest"]


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_the_digest_changes_with_the_count_of_any_level(level: int) -> None:
    levels = Levels({**JIAOTONG.levels.counts, level: JIAOTONG.levels.counts.get(level, 0) + 1})
    assert disclose([CHENGGUAN, replace(JIAOTONG, levels=levels), REXIAN])["digest"] != disclose()["digest"]


def test_hidden_counts_cannot_be_tried_out_against_the_seal_without_the_secret() -> None:
    assert disclose()["inputs_seal"] != disclose(key="anderes")["inputs_seal"]


def moment(day: int, hour: int = 0) -> datetime:
    return to_utc(datetime(2026, 10, day, hour, tzinfo=OFFICE_TIMEZONE))


def test_facts_are_counted_per_unit_and_the_district_adds_up() -> None:
    clocks = [
        ClockFact("1", "forward", "desk", "rexian", "rexian", "hotline", moment(2), moment(4), moment(3)),
        ClockFact("1", "resolve", "lead", "chengguan", "rexian", "hotline", moment(3), moment(12), moment(11)),
        ClockFact("1", "answer", "own", "", "rexian", "hotline", moment(2), moment(14), moment(11)),
        ClockFact("2", "answer", "own", "", "rexian", "hotline", moment(2), moment(14)),
    ]
    tenures = [TenureFact("1", "chengguan", moment(3))]
    rows, everybody = statistics.count_units(
        {"chengguan": 1, "rexian": 1},
        clocks,
        tenures,
        {"chengguan": Levels({5: 1})},
        {"chengguan": 1},
        OCTOBER,
        OCTOBER.until + timedelta(days=3),
    )
    assert rows == [
        Counts("chengguan", received=1, on_time=1, levels=Levels({5: 1}), follow_ups=1),
        Counts("rexian", received=1, on_time=1),
    ]
    assert everybody == Counts(
        "",
        received=2,
        on_time=2,
        follow_ups=1,
        levels=Levels({5: 1, 4: 0, 3: 0, 2: 0, 1: 0}),
        citizens=ClockCounts(on_time=1, late=1, unfinished=1),
    )


def test_a_month_without_anything_has_an_empty_table() -> None:
    rows, everybody = statistics.count_units({}, [], [], {}, {}, OCTOBER, OCTOBER.until)
    assert rows == []
    document = disclose(rows, everybody)
    assert document["units"] == []
    assert document["total"]["received"] == 0
    assert document["total"]["hidden"]["timeliness"] == "fewer_than_10"


def test_every_reason_has_words() -> None:
    assert statistics.render_reason("fewer_than_10") == "不足10，不公布"
    assert statistics.render_reason("protects_another") == "为保护其他不公布的数据而不公布"
