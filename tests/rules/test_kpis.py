"""Is every key figure computed right? Examples calculated by hand, then properties for any counts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.kpi import definitions
from evaluation.kpi.definitions import FACT_BY_CODE, FACTS, KPI_BY_CODE, KPIS, MILLIS_PER_DAY, Weights, parse_weights
from feedback.kernel.errors import Invalid

W = Weights()
DAY = MILLIS_PER_DAY

# fmt: off
BY_HAND = [
    # code, counts, value, how it was worked out
    ("timeliness", {"on_time": 90, "late": 10, "running": 40, "held": 3, "void": 2}, 0.9, "90/100, neither running nor held"),
    ("timely_forwarding", {"forward_on_time": 45, "forward_late_done": 3, "forward_late_open": 2}, 0.9, "45/(45+3+2)"),
    ("timely_notice", {"notify_on_time": 38, "notify_late": 2}, 0.95, "38/40"),
    ("timely_conclusion", {"resolve_on_time": 17, "resolve_late_done": 2, "resolve_late_open": 1}, 0.85, "17/20"),
    ("acceptance_days", {"accept_days": 27 * DAY, "accepted": 4}, 6.75, "(3+6+8+10)/4 days"),
    ("answer_days", {"answer_days": 100 * DAY, "answered": 3}, 33.33, "(20+30+50)/3 days"),
    ("contact_rate", {"contacted": 2, "answered": 3}, 0.6667, "2/3"),
    ("repeat_rate", {"repeats": 1, "petitions": 8}, 0.125, "1/8"),
    ("publication_rate", {"published": 5, "replies": 40}, 0.125, "5/40"),
    ("participation_rate", {"unit_satisfied": 5, "unit_basically": 2, "unit_dissatisfied": 1, "unit_unrated": 2}, 0.8, "(5+2+1)/10"),
    ("satisfaction_rate", {"unit_satisfied": 5, "unit_basically": 2, "unit_dissatisfied": 1, "unit_unrated": 2}, 0.9, "(5+2+2)/10"),
    ("satisfied_of_rated", {"unit_satisfied": 5, "unit_basically": 2, "unit_dissatisfied": 1, "unit_unrated": 2}, 0.875, "(5+2)/8, the silent apart"),
    ("desk_satisfied_of_rated", {"desk_satisfied": 1, "desk_dissatisfied": 2, "desk_unrated": 1}, 0.3333, "1/3"),
    ("rated_satisfaction", {"unit_satisfied": 5, "unit_basically": 2, "unit_dissatisfied": 1, "unit_unrated": 2}, 0.72, "0.8 x 0.9"),
    ("rated_satisfaction", {"unit_satisfied": 1, "unit_dissatisfied": 1, "unit_unrated": 1}, 0.4444, "2/3 x 2/3 = 4/9, rounded once, at the end"),
    ("desk_participation_rate", {"desk_satisfied": 3, "desk_unrated": 1}, 0.75, "3/4"),
    ("desk_satisfaction_rate", {"desk_satisfied": 1, "desk_dissatisfied": 2, "desk_unrated": 1}, 0.5, "(1+1)/4"),
    ("desk_rated_satisfaction", {"desk_satisfied": 1, "desk_dissatisfied": 2, "desk_unrated": 1}, 0.375, "3/4 x 2/4"),
    ("response_rate", {"called_in_time": 18, "called_known": 20, "reached": 22, "unreached": 9}, 0.9, "18/20: who could not be reached is in neither"),
    ("solution_rate", {"solved": 6, "partly_solved": 2, "unsolved": 2}, 0.7, "(6 + 2 x 0.5)/10"),
    ("order_satisfaction", {"content": 17, "reached": 20, "unreached": 5, "set_aside": 3}, 0.85, "17/20"),
    ("composite", {"called_in_time": 9, "called_known": 10, "solved": 8, "unsolved": 2, "content": 7, "reached": 10}, 0.765, "0.1 x 0.9 + 0.45 x 0.8 + 0.45 x 0.7"),
    ("signing_rate", {"sign_on_time": 19, "sign_late": 1}, 0.95, "19/20"),
    ("order_timeliness", {"order_on_time": 9, "order_late": 3, "order_held": 8}, 0.75, "9/12, held apart"),
    ("once_rate", {"orders_once": 7, "orders_answered": 10}, 0.7, "7/10"),
    ("return_rate", {"orders_returned": 2, "orders_taken": 14}, 0.125, "2/(14+2)"),
    ("again_rate", {"orders_again": 1, "orders_answered": 10}, 0.1, "1/10"),
    ("desk_answer_rate", {"orders_at_desk": 3, "orders_answered": 12}, 0.25, "3/12"),
    ("good_share", {"level_5": 10, "level_4": 5, "level_3": 2, "level_2": 2, "level_1": 1}, 0.85, "17/20"),
    ("bad_share", {"level_5": 10, "level_4": 5, "level_3": 2, "level_2": 2, "level_1": 1}, 0.15, "3/20"),
    ("vote_rate", {"voted": 3, "silent": 9}, 0.25, "3/12"),
    ("rectified_share", {"rectify_on_time": 6, "rectify_late_done": 3, "rectify_late_open": 1}, 0.9, "(6+3)/10"),
    ("rectified_on_time_share", {"rectify_on_time": 6, "rectify_late_done": 3, "rectify_late_open": 1}, 0.6, "6/10"),
    ("score", {"level_5": 1, "level_4": 1, "level_3": 1, "level_2": 1, "level_1": 1}, 5.4, "(10+8+6+3+0)/5"),
    ("coverage", {"matters_covered": 60, "matters": 60}, 1.0, "60/60"),
    ("message_answer_rate", {"messages_answered": 29, "messages": 30}, 0.9667, "29/30"),
]
# fmt: on


@pytest.mark.parametrize(("code", "counts", "value", "how"), BY_HAND, ids=[row[0] for row in BY_HAND])
def test_the_figure_equals_the_manual_calculation(code: str, counts: dict[str, int], value: float, how: str) -> None:
    assert definitions.compute_figure(KPI_BY_CODE[code], counts, W).value == value, how


def test_every_figure_has_a_vector() -> None:
    assert {row[0] for row in BY_HAND} == set(KPI_BY_CODE)


def test_half_a_unit_is_rounded_up() -> None:
    assert (
        definitions.compute_figure(KPI_BY_CODE["repeat_rate"], {"repeats": 1, "petitions": 32}, W).value == 0.0313
    )  # 0.03125


def test_where_nothing_was_counted_there_is_no_figure() -> None:
    for kpi in KPIS:
        assert definitions.compute_figure(kpi, {}, W).value is None


def test_the_composite_needs_all_its_parts() -> None:
    assert definitions.compute_figure(KPI_BY_CODE["composite"], {"content": 7, "reached": 10}, W).value is None


def test_counts_stand_beside_every_rate() -> None:
    figure = definitions.compute_figure(
        KPI_BY_CODE["solution_rate"], {"solved": 6, "partly_solved": 3, "unsolved": 2, "unreached": 4}, W
    )
    assert (figure.top, figure.base, figure.apart) == (7.5, 11, {"unreached": 4, "set_aside": 0, "order_held": 0})


# ---- the table ----


def test_every_figure_speaks_the_vocabulary_only() -> None:
    for kpi in KPIS:
        assert {part.fact for part in (*kpi.top, *kpi.base)} | set(kpi.apart) <= set(FACT_BY_CODE)
        assert set(kpi.of) <= set(KPI_BY_CODE)
        assert kpi.group in definitions.GROUPS
        assert bool(kpi.of) != bool(kpi.base)


def test_every_fact_is_used_or_published_as_a_count() -> None:
    used = {part.fact for kpi in KPIS for part in (*kpi.top, *kpi.base)} | {f for kpi in KPIS for f in kpi.apart}
    assert set(FACT_BY_CODE) - used == {"received"}


def test_codes_and_names_are_unique_and_every_figure_has_its_source() -> None:
    assert len({kpi.code for kpi in KPIS}) == len(KPIS)
    assert len({(kpi.group, kpi.name) for kpi in KPIS}) == len(KPIS)
    assert len({fact.code for fact in FACTS}) == len(FACTS)
    assert all(kpi.source for kpi in KPIS)


@pytest.mark.parametrize("kpi", [k for k in KPIS if k.sort == "share"], ids=lambda k: k.code)
def test_what_is_counted_above_the_line_is_part_of_what_is_below(kpi: definitions.Kpi) -> None:
    """Each fact above stands below as well, or is a narrower cell of one that does: so no rate exceeds one."""
    below = [FACT_BY_CODE[part.fact] for part in kpi.base]
    for part in kpi.top:
        fact = FACT_BY_CODE[part.fact]
        assert (
            any(
                fact.cube == wide.cube
                and all(set(fact.cells.get(n, ())) <= set(v) and n in fact.cells for n, v in wide.cells.items())
                for wide in below
            )
            or fact.cube == "matters"
        ), kpi.code


def test_the_formula_people_read_is_the_one_that_is_counted() -> None:
    assert definitions.render_formula(KPI_BY_CODE["timeliness"], W) == "按期完成的时限 ÷（按期完成的时限＋超期的时限）"
    assert (
        definitions.render_formula(KPI_BY_CODE["solution_rate"], W)
        == "（已解决＋0.5 × 部分解决） ÷（已解决＋部分解决＋未解决）"
    )
    assert definitions.render_formula(KPI_BY_CODE["composite"], W) == "10% × 响应率＋45% × 解决率＋45% × 满意率"
    assert (
        definitions.render_formula(KPI_BY_CODE["rated_satisfaction"], W)
        == "参评率（责任单位） × 满意率（责任单位，逾期未评价计入）"
    )


# ---- weights ----


def test_weights_of_a_town_are_used() -> None:
    weights = parse_weights("0.2, 0.4, 0.4", 0)
    counts = {"called_in_time": 10, "called_known": 10, "solved": 5, "partly_solved": 5, "content": 5, "reached": 10}
    assert (
        definitions.compute_figure(KPI_BY_CODE["composite"], counts, weights).value == 0.6
    )  # 0.2 x 1 + 0.4 x 0.5 + 0.4 x 0.5
    assert "20% × 响应率" in definitions.render_formula(KPI_BY_CODE["composite"], weights)


@pytest.mark.parametrize(
    ("text", "partly", "why"),
    [
        ("0.1,0.45,0.46", 0.5, "must_add_up_to_1"),
        ("0.1,0.4,0.4", 0.5, "must_add_up_to_1"),
        ("0.5,0.5", 0.5, "not_three_shares"),
        ("-1,1,1", 0.5, "not_three_shares"),
        ("a,b,c", 0.5, "not_numbers"),
        ("", 0.5, "not_numbers"),
    ],
)
def test_weights_that_do_not_add_up_are_refused_by_name(text: str, partly: float, why: str) -> None:
    with pytest.raises(Invalid) as fault:
        parse_weights(text, partly)
    assert fault.value.fields == {"XINQIAO_KPI_WEIGHTS": why}


def test_a_partly_solved_order_counts_at_most_once() -> None:
    with pytest.raises(Invalid):
        parse_weights("0.1,0.45,0.45", 1.5)


# ---- for any counts ----

SIZES = st.integers(min_value=0, max_value=500)


def _possible(draw: st.DrawFn) -> dict[str, int]:
    """Counts as they can be: a narrower cell holds no more than a wider one."""
    counts = {fact.code: draw(SIZES) for fact in FACTS}
    for fact in FACTS:
        for wide in FACTS:
            inside = fact.cube == wide.cube and fact.sums == wide.sums and fact is not wide
            if inside and all(n in fact.cells and set(fact.cells[n]) <= set(v) for n, v in wide.cells.items()):
                counts[fact.code] = min(counts[fact.code], counts[wide.code])
    counts["matters_covered"] = min(counts["matters_covered"], counts["matters"])
    return counts


possible = st.composite(_possible)()


@settings(max_examples=60)
@given(possible)
def test_every_share_lies_between_nothing_and_all(counts: dict[str, int]) -> None:
    for code, figure in definitions.compute_figures(counts, W).items():
        if KPI_BY_CODE[code].sort in ("share", "product", "composite") and figure.value is not None:
            assert 0 <= figure.value <= 1, code


@settings(max_examples=60)
@given(st.lists(possible, min_size=1, max_size=4))
def test_the_sums_of_units_are_the_sums_of_the_whole(units: list[dict[str, int]]) -> None:
    whole = definitions.compute_figures(definitions.sum_counts(units), W)
    for code, figure in whole.items():
        if KPI_BY_CODE[code].base:
            parts = [definitions.compute_figures(unit, W)[code] for unit in units]
            assert figure.base == sum(part.base or 0 for part in parts)
            assert abs((figure.top or 0) - sum(part.top or 0 for part in parts)) < 0.011 * len(parts)


@settings(max_examples=60)
@given(possible, st.sampled_from(sorted({f for kpi in KPIS for f in kpi.apart})), st.integers(1, 50))
def test_what_is_set_apart_moves_no_rate(counts: dict[str, int], code: str, more: int) -> None:
    before, after = (
        definitions.compute_figures(counts, W),
        definitions.compute_figures({**counts, code: counts[code] + more}, W),
    )
    for kpi in KPIS:
        if code in kpi.apart:
            assert (before[kpi.code].value, before[kpi.code].base) == (after[kpi.code].value, after[kpi.code].base)


@settings(max_examples=60)
@given(possible, st.sampled_from([k for k in KPIS if k.sort == "share"]), st.integers(1, 5))
def test_leaving_a_case_out_never_raises_both_numbers(counts: dict[str, int], kpi: definitions.Kpi, fewer: int) -> None:
    """A case that leaves a cell leaves the base, and the sum above it if it stood there: neither ever grows."""
    before = definitions.compute_figure(kpi, counts, W)
    for part in kpi.base:
        after = definitions.compute_figure(kpi, {**counts, part.fact: max(0, counts[part.fact] - fewer)}, W)
        assert (after.base or 0) <= (before.base or 0) and (after.top or 0) <= (before.top or 0)
