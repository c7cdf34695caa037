"""Figures counted a second time, from the raw rows and by nothing else: no rule, query or formula of the program.

Rows come by plain SQL, and every figure is said here once more in its own words, so that two people would have to make
the same mistake. `tests.bench.recompute_figures` holds what the program says against it. Instants are whole milliseconds.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

DAY = 86_400_000
LATE = ("late_done", "late_open", "late_void")
OPEN = ("received", "assigned", "accepted", "held")
_ONLINE = ("web", "app", "miniprogram", "wechat", "weibo")
_RIGHTS = ("object", "ask_review", "ask_re_review")
_STEPS = {5: "satisfied", 4: "satisfied", 3: "basically", 2: "dissatisfied", 1: "dissatisfied", None: "unrated"}

RATES: Mapping[str, tuple[str, str]] = {
    # code: what is counted, of what; a fact may be weighted
    "timeliness": ("on_time", "on_time late"),
    "timely_forwarding": ("forward_on_time", "forward_on_time forward_late_done forward_late_open"),
    "timely_notice": ("notify_on_time", "notify_on_time notify_late"),
    "timely_conclusion": ("resolve_on_time", "resolve_on_time resolve_late_done resolve_late_open"),
    "contact_rate": ("contacted", "answered"),
    "repeat_rate": ("repeats", "petitions"),
    "publication_rate": ("published", "replies"),
    "participation_rate": (
        "unit_satisfied unit_basically unit_dissatisfied",
        "unit_satisfied unit_basically unit_dissatisfied unit_unrated",
    ),
    "satisfied_of_rated": (
        "unit_satisfied unit_basically",
        "unit_satisfied unit_basically unit_dissatisfied",
    ),
    "response_rate": ("called_in_time", "called_known"),
    "good_share": ("level_5 level_4 level_3", "level_5 level_4 level_3 level_2 level_1"),
    "bad_share": ("level_2 level_1", "level_5 level_4 level_3 level_2 level_1"),
    "vote_rate": ("voted", "voted silent"),
    "rectified_share": (
        "rectify_on_time rectify_late_done",
        "rectify_on_time rectify_late_done rectify_late_open",
    ),
    "message_answer_rate": ("messages_answered", "messages"),
}
"""The rates people quote, each as two sums of facts."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` to before `until`, as known at `now`."""

    since: int
    until: int
    now: int

    def holds(self, at: int) -> bool:
        return self.since <= at < self.until and at <= self.now

    @property
    def end(self) -> int:
        return min(self.until, self.now)


@dataclass
class RawRows:
    """Every row a figure is made of, by its case."""

    cases: dict[int, dict[str, Any]] = field(default_factory=dict)
    entries: dict[int, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    clocks: dict[int, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    leads: dict[int, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    links: dict[int, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    published_at: dict[int, int] = field(default_factory=dict)
    ratings: list[dict[str, Any]] = field(default_factory=list)
    excluded: set[str] = field(default_factory=set)
    matters: list[dict[str, Any]] = field(default_factory=list)


async def load_rows(connection: Any) -> RawRows:
    """The rows of a whole installation; `connection` runs SQL and gives dictionaries."""

    async def select(columns: str, table: str, order: str = "id") -> list[dict[str, Any]]:
        return list(await connection.execute_query_dict(f"SELECT {columns} FROM {table} ORDER BY {order}"))  # noqa: S608 - our own words

    rows = RawRows()
    for case in await select("*", "feedback_case"):
        rows.cases[case["id"]] = case
    for entry in await select("*", "feedback_entry", "case_id, seq"):
        data = entry["data"]
        rows.entries[entry["case_id"]].append({**entry, "data": json.loads(data) if isinstance(data, str) else data})
    for clock in await select("*", "feedback_clock"):
        rows.clocks[clock["case_id"]].append(clock)
    for tenure in await select("*", "feedback_tenure", "since, id"):
        if tenure["lead"]:
            rows.leads[tenure["case_id"]].append(tenure)
    for link in await select("*", "feedback_link"):
        rows.links[link["case_id"]].append(link)
    rows.published_at = {
        row["case_id"]: row["published_at"] for row in await select("case_id, published_at", "feedback_public_reply")
    }
    rows.ratings = await select("*", "evaluation_rating", "at")
    rows.excluded = {row["case_no"] for row in await select("*", "evaluation_exclusion") if row["status"] == "approved"}
    rows.matters = await select("unit, closed_at", "evaluation_matter", "unit")
    return rows


def counted_cases(rows: RawRows) -> Iterator[dict[str, Any]]:
    """The cases any figure may speak of: no report, and no rectification of a rating that was judged invalid."""
    for case in rows.cases.values():
        if not case["confidential"] and (case["kind"], case["status"]) != ("rectify", "withdrawn"):
            yield case


def lead_at(rows: RawRows, case: Mapping[str, Any], moment: int) -> str:
    """Who led the case at a moment; nobody: its desk."""
    for tenure in rows.leads[case["id"]]:
        if tenure["since"] <= moment and (tenure["until"] is None or moment <= tenure["until"]):
            return str(tenure["unit"])
    return str(case["desk"])


# ---- clocks ----


def clock_outcome(clock: Mapping[str, Any], span: Span) -> str:
    """What became of a clock in a span; "" when it was decided elsewhere, or had not begun."""
    if clock["starts_at"] >= span.until or clock["starts_at"] > span.now:
        return ""
    stopped, due = clock["stopped_at"], clock["due_at"]
    if stopped is not None and (stopped > span.now or stopped >= span.until):
        stopped = None
    if stopped is not None and stopped < due:
        if stopped < span.since:
            return ""
        return "on_time" if clock["kept"] else "held" if clock["stopped_by"] == "hold" else "void"
    if due > span.end:
        return "running"
    if due > span.since:
        return "late_open" if stopped is None else "late_done" if clock["kept"] else "late_void"
    return "left_over" if stopped is None else ""


def responsible_unit(rows: RawRows, case: Mapping[str, Any], clock: Mapping[str, Any], span: Span) -> str:
    """The desk for its own, a helper for its own, else whoever led when the clock ended, ran out or is looked at."""
    if clock["holder"] == "desk":
        return str(clock["unit"] or case["desk"])
    if clock["holder"] != "lead":
        return str(clock["unit"])
    stopped = clock["stopped_at"]
    ended = stopped if stopped is not None and stopped <= span.end else span.end
    return lead_at(rows, case, min(ended, clock["due_at"]))


def unit_clocks(rows: RawRows, span: Span) -> Iterator[tuple[str, dict[str, Any], dict[str, Any], str]]:
    """Unit, case, clock and outcome of every clock that binds a unit and counts in the span."""
    for case in counted_cases(rows):
        for clock in rows.clocks[case["id"]]:
            if clock["holder"] in ("own", "citizen") or clock["term"] in _RIGHTS:
                continue
            if outcome := clock_outcome(clock, span):
                yield responsible_unit(rows, case, clock, span), case, clock, outcome


_CLOCK_FACTS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    # fact, profile ("" petition and hotline), term ("" all), outcomes
    ("on_time", "", "", ("on_time",)),
    ("late", "", "", LATE),
    ("running", "", "", ("running",)),
    ("held", "", "", ("held",)),
    ("void", "", "", ("void",)),
    ("forward_on_time", "petition", "forward", ("on_time",)),
    ("forward_late_done", "petition", "forward", ("late_done", "late_void")),
    ("forward_late_open", "petition", "forward", ("late_open",)),
    ("notify_on_time", "petition", "notify", ("on_time",)),
    ("notify_late", "petition", "notify", LATE),
    ("resolve_on_time", "petition", "resolve", ("on_time",)),
    ("resolve_late_done", "petition", "resolve", ("late_done", "late_void")),
    ("resolve_late_open", "petition", "resolve", ("late_open",)),
    ("sign_on_time", "hotline", "notify", ("on_time",)),
    ("sign_late", "hotline", "notify", LATE),
    ("order_on_time", "hotline", "resolve", ("on_time",)),
    ("order_late", "hotline", "resolve", LATE),
    ("order_held", "hotline", "resolve", ("held",)),
    ("rectify_on_time", "any", "rectify", ("on_time",)),
    ("rectify_late_done", "any", "rectify", ("late_done",)),
    ("rectify_late_open", "any", "rectify", ("late_open", "late_void")),
)


# ---- facts ----


def count_facts(rows: RawRows, span: Span, window_days: int) -> dict[str, dict[str, int]]:
    """Every fact of every unit that has any."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for unit, case, clock, outcome in unit_clocks(rows, span):
        for name, profile, term, outcomes in _CLOCK_FACTS:
            of_profile = case["profile"] == profile or profile == "any" or (not profile and case["profile"] != "rating")
            if of_profile and term in ("", clock["term"]) and outcome in outcomes:
                counts[unit][name] += 1
    for case in counted_cases(rows):
        _count_acts(rows, case, span, counts)
        _count_received(rows, case, span, counts)
    for rating in rows.ratings:
        if _is_counted(rating) and span.holds(rating["at"]):
            counts[rating["unit"]][f"level_{rating['level']}"] += 1
    _count_settled(rows, span, window_days * DAY, counts)
    for matter in rows.matters:
        counts[matter["unit"]]["matters"] += 1
        counts[matter["unit"]]["matters_covered"] += matter["closed_at"] is None
    nonzero = {unit: {name: n for name, n in sorted(unit_counts.items()) if n} for unit, unit_counts in counts.items()}
    return {unit: nonzero[unit] for unit in sorted(nonzero) if nonzero[unit]}


def _is_counted(rating: Mapping[str, Any]) -> bool:
    """A first rating somebody gave, of no report, that stands."""
    is_own = rating["number"] == 1 and not rating["is_default"] and not rating["confidential"]
    return is_own and rating["status"] != "invalid"


def _is_repeat(rows: RawRows, case: Mapping[str, Any], until: int) -> bool:
    return any(
        link["state"] == "confirmed"
        and link["kind"] in ("repeat_of", "merged_into")
        and link["same_person"]
        and (link["made_at"] if link["decided_at"] is None else link["decided_at"]) < until
        for link in rows.links[case["id"]]
    )


def _count_acts(rows: RawRows, case: Mapping[str, Any], span: Span, counts: Mapping[str, Counter[str]]) -> None:
    before: list[str] = []
    for entry in rows.entries[case["id"]]:
        act = entry["act"]
        if span.holds(entry["at"]):
            of_unit = counts[lead_at(rows, case, entry["at"])]
            if entry["actor"] != "import" and act in ("accept", "return", "reply"):
                _count_act(rows, case, entry, before, span, of_unit)
            outcome = entry["data"].get("outcome")
            if case["profile"] == "hotline" and (act == "call_back" or (act == "reopen" and outcome is not None)):
                _count_call_back(case, entry, rows.excluded, of_unit)
        before.append(act)


def _count_act(
    rows: RawRows,
    case: Mapping[str, Any],
    entry: Mapping[str, Any],
    before: Sequence[str],
    span: Span,
    of_unit: Counter[str],
) -> None:
    act, waited = entry["act"], entry["at"] - case["received_at"]
    is_first = act not in before
    if case["profile"] == "petition" and is_first and not _is_repeat(rows, case, span.until):
        if act == "accept":
            of_unit.update(accepted=1, accept_days=waited)
        if act == "reply":
            of_unit.update(answered=1, answer_days=waited, contacted=int("contact" in before))
    if act == "reply" and case["profile"] in ("petition", "hotline"):
        published_at = rows.published_at.get(case["id"])
        of_unit.update(replies=1, published=int(published_at is not None and published_at < span.until))
    if case["profile"] == "hotline":
        if act == "reply":
            of_unit.update(
                orders_answered=1,
                orders_once=int(is_first and "return" not in before),
                orders_again=int(not is_first),
                orders_at_desk=int(entry["unit"] == case["desk"]),
            )
        of_unit.update(orders_taken=int(act == "accept"), orders_returned=int(act == "return"))


def _count_call_back(
    case: Mapping[str, Any], entry: Mapping[str, Any], excluded: set[str], of_unit: Counter[str]
) -> None:
    if case["no"] in excluded:
        of_unit["set_aside"] += 1
        return
    data = entry["data"]
    of_unit["unreached"] += data.get("outcome") == "unreached"
    if data.get("outcome") not in ("satisfied", "unsatisfied"):
        return
    of_unit["reached"] += 1
    of_unit["content"] += data["outcome"] == "satisfied"
    of_unit["called_known"] += data.get("contacted") in ("yes", "no")
    of_unit["called_in_time"] += data.get("contacted") == "yes"
    for solved, name in (("solved", "solved"), ("partly", "partly_solved"), ("unsolved", "unsolved")):
        of_unit[name] += data.get("solved") == solved


def _count_received(rows: RawRows, case: Mapping[str, Any], span: Span, counts: Mapping[str, Counter[str]]) -> None:
    if case["kind"] == "rectify" or not span.holds(case["received_at"]):
        return
    of_unit = counts[case["unit"] or case["desk"]]
    of_unit["received"] += 1
    if case["profile"] == "petition":
        of_unit.update(petitions=1, repeats=int(_is_repeat(rows, case, span.until)))
    if case["channel"] in _ONLINE and case["kind"] == "consult":
        answers = [e for e in rows.entries[case["id"]] if e["act"] in ("reply", "answer_merged", "decline")]
        of_unit.update(messages=1, messages_answered=int(any(e["at"] <= span.end for e in answers)))


def _count_settled(rows: RawRows, span: Span, window: int, counts: Mapping[str, Counter[str]]) -> None:
    """Each first answer once: when its rating came, or when the time to rate was over."""
    first_ratings = {
        r["case_no"]: r
        for r in rows.ratings
        if r["number"] == 1 and not r["is_default"] and not r["confidential"] and r["at"] <= span.now
    }
    for case in counted_cases(rows):
        replies = [e for e in rows.entries[case["id"]] if e["act"] == "reply"]
        if not replies or replies[0]["actor"] == "import" or case["no"] in rows.excluded:
            continue
        answered_at = replies[0]["at"]
        rating = first_ratings.get(case["no"])
        if not span.since - window <= answered_at < span.end or (rating and rating["status"] == "invalid"):
            continue
        settled_at = min(rating["at"], answered_at + window) if rating else answered_at + window
        if not span.holds(settled_at):
            continue
        level = rating["level"] if rating else None
        of_unit = counts[lead_at(rows, case, answered_at)]
        of_unit["silent" if level is None else "voted"] += 1
        in_scope = case["kind"] in ("appeal", "suggest") and not _is_repeat(rows, case, span.end)
        if case["profile"] == "petition" and in_scope:
            of_unit[f"unit_{_STEPS[level]}"] += 1
            counts[case["desk"]][f"desk_{_STEPS[rating['desk_level'] if rating else None]}"] += 1


def sum_facts(counts: Mapping[str, Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for unit_counts in counts.values():
        total.update(unit_counts)
    return total


def compute_rate(code: str, counts: Mapping[str, int]) -> tuple[int, int]:
    """The two sums a rate is made of."""
    top, base = RATES[code]
    return sum(counts.get(name, 0) for name in top.split()), sum(counts.get(name, 0) for name in base.split())


# ---- edition ----

EDITION_COLUMNS = ("received", "on_time", "late", "running", "held", "unfinished", "ratings", "bad", "follow_ups",
                   "rectify_due", "rectified", "rectified_on_time")  # fmt: skip


def count_edition(rows: RawRows, span: Span) -> tuple[dict[str, Counter[str]], Counter[str]]:
    """The columns of the monthly edition by unit, and the citizens' own clocks of the whole district."""
    units: dict[str, Counter[str]] = defaultdict(Counter)
    citizens: Counter[str] = Counter()
    for case in counted_cases(rows):
        if case["kind"] != "rectify" and span.holds(case["received_at"]):
            units[case["unit"] or case["desk"]]["received"] += 1
        for clock in rows.clocks[case["id"]]:
            if clock["holder"] == "own":
                citizens.update(_edition_columns(clock, clock_outcome(clock, span)))
    for unit, case, clock, outcome in unit_clocks(rows, span):
        if case["profile"] != "rating":
            units[unit].update(_edition_columns(clock, outcome))
        if clock["term"] == "rectify" and outcome in ("on_time", *LATE):
            units[unit].update(
                rectify_due=1,
                rectified=int(outcome in ("on_time", "late_done")),
                rectified_on_time=int(outcome == "on_time"),
            )
    for rating in rows.ratings:
        if _is_counted(rating) and span.since <= rating["at"] < span.until:
            units[rating["unit"]].update(ratings=1, bad=int(rating["level"] <= 2))
        is_follow_up = rating["number"] == 2 and not rating["confidential"] and rating["status"] != "invalid"
        units[rating["unit"]]["follow_ups"] += is_follow_up and span.since <= rating["at"] < span.until
    return {unit: +counts for unit, counts in units.items() if +counts}, +citizens


def _edition_columns(clock: Mapping[str, Any], outcome: str) -> Counter[str]:
    columns = (
        Counter({"late" if outcome in LATE else outcome: 1})
        if outcome in ("on_time", "running", "held", *LATE)
        else Counter[str]()
    )
    columns["unfinished"] += outcome in ("late_open", "left_over")
    return columns


# ---- annual report ----


def count_received_by(rows: RawRows, span: Span, column: str) -> Counter[str]:
    """The cases received in a span, by a column of theirs."""
    return Counter(
        str(case[column])
        for case in counted_cases(rows)
        if case["kind"] != "rectify" and span.holds(case["received_at"])
    )


def count_acts(rows: RawRows, span: Span) -> Counter[tuple[str, str, str]]:
    """Every act done here in a span by act, profile and, for an assignment, its mode (`direct`: kept by the desk)."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for case in counted_cases(rows):
        for entry in rows.entries[case["id"]]:
            if not span.holds(entry["at"]) or entry["actor"] == "import":
                continue
            mode = ""
            if entry["act"] == "assign":
                mode = "direct" if entry["data"].get("unit") == case["desk"] else entry["data"].get("mode") or ""
            counts[entry["act"], case["profile"], mode] += 1
    return counts


def count_reports(rows: RawRows, span: Span) -> tuple[int, int, int]:
    """Reports received, sent on, answered: cases, each once."""
    reports = [case for case in rows.cases.values() if case["kind"] == "report"]

    def having(act: str) -> int:
        return sum(
            any(e["act"] == act and span.holds(e["at"]) and e["actor"] != "import" for e in rows.entries[case["id"]])
            for case in reports
        )

    return sum(span.holds(case["received_at"]) for case in reports), having("assign"), having("reply")


# ---- what is late now ----


def late_clocks(rows: RawRows, now: int) -> Counter[tuple[str, str, int, str]]:
    """Number, term, entry and unit of every duty that has run out and still runs, of all cases, reports with them."""
    return Counter(
        (rows.cases[case_id]["no"], clock["term"], clock["seq"], clock["unit"])
        for case_id, clocks in rows.clocks.items()
        for clock in clocks
        if clock["stopped_at"] is None and clock["term"] not in _RIGHTS and clock["due_at"] <= now
    )


def board_lights(rows: RawRows, now: int) -> tuple[dict[str, Counter[str]], Counter[str]]:
    """Per unit the open cases it leads and those it makes red, amber and green; and each case once for all."""
    units: dict[str, Counter[str]] = defaultdict(Counter)
    total: Counter[str] = Counter()
    for case in rows.cases.values():
        if case["status"] not in OPEN:
            continue
        holder = case["unit"] or case["desk"]
        units[holder]["open"] += 1
        total["open"] += 1
        by_owner: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for clock in rows.clocks[case["id"]]:
            if clock["stopped_at"] is None and clock["term"] not in _RIGHTS:
                by_owner[clock["unit"] or holder].append(clock)
        for owner, clocks in by_owner.items():
            units[owner][_light(clocks, now)] += 1
        if by_owner:
            total[_light([clock for clocks in by_owner.values() for clock in clocks], now)] += 1
    return dict(units), total


def _light(clocks: Sequence[Mapping[str, Any]], now: int) -> str:
    if any(clock["due_at"] <= now for clock in clocks):
        return "red"
    return "amber" if any(clock["warn_at"] <= now for clock in clocks) else "green"


def to_millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
