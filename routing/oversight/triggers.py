"""Rules for proposing a supervision order (督办). The table SUPERVISION_RULES, from facts of the record to a trigger.

The lawful triggers are rows of the case file's law (信访工作条例 第四十条; the six items still in use; the 12345
ordinances). Which facts speak for which of them is said here; a person decides. No I/O.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from feedback.rules.vocabulary import Profile

RETURNS_LEAST = 2
URGES_LEAST = 3
LATE_WORKDAYS_LEAST = 2
"""Nobody is ordered before a whole working day has passed: the second is under way."""


@dataclass(frozen=True, slots=True)
class LateClock:
    """A running clock past its legal end."""

    id: int
    term: str
    label: str
    unit: str  # whom it binds
    due_day: date
    workdays: int  # since then, the one under way with them


@dataclass(frozen=True, slots=True)
class SupervisionFacts:
    """What the rules need to know of a case and one unit. Counts are of what happened since the last supervision order."""

    no: str
    profile: Profile
    unit: str  # to whom an order would go
    is_lead: bool = True  # whether it leads the case, or has it at its desk while nobody does
    orders: int = 0
    order_open: bool = False
    late: tuple[LateClock, ...] = ()
    extended: bool = False
    returns: int = 0  # by the unit itself
    urges: int = 0
    unsatisfied: date | None = None  # the day of a call-back that found the citizen unsatisfied
    supported: bool = False  # the opinion supported the citizen
    rated_badly: date | None = None


@dataclass(frozen=True, slots=True)
class SupervisionRule:
    """One row: its code, the trigger in each rule book, and what of a record speaks for it ("" nothing)."""

    code: str
    label: str
    triggers: Mapping[Profile, str]
    fact: Callable[[SupervisionFacts], str]  # names the fact, so that it is proposed once
    evidence: Callable[[SupervisionFacts], Sequence[str]]
    of_clocks: bool = False  # of the unit's own late clocks: also for those that only help


@dataclass(frozen=True, slots=True)
class ProposedOrder:
    """An order a rule proposes."""

    key: str
    no: str
    unit: str
    rule: str
    trigger: str
    evidence: tuple[str, ...]


_P, _H, _R = Profile.PETITION, Profile.HOTLINE, Profile.RATING
_REPORTS = frozenset({"report_back"})
_NOTIFYING = frozenset({"notify", "forward"})


def _list_late_clocks(record: SupervisionFacts, terms: frozenset[str] | None = None) -> list[LateClock]:
    """The late clocks of these terms; None: those no other rule looks at."""
    other_terms = _REPORTS | _NOTIFYING
    return [
        c
        for c in record.late
        if c.workdays >= LATE_WORKDAYS_LEAST and (c.term in terms if terms else c.term not in other_terms)
    ]


def _clock_fact(terms: frozenset[str] | None) -> Callable[[SupervisionFacts], str]:
    def fact(record: SupervisionFacts) -> str:
        late_clocks = _list_late_clocks(record, terms)
        return f"clock{min(c.id for c in late_clocks)}" if late_clocks else ""

    return fact


def _clock_words(terms: frozenset[str] | None) -> Callable[[SupervisionFacts], list[str]]:
    def words(record: SupervisionFacts) -> list[str]:
        sentences = [
            f"“{c.label}”应在 {c.due_day.isoformat()} 前办结，已过 {c.workdays} 个工作日"
            for c in _list_late_clocks(record, terms)
        ]
        return [*sentences, "办过延期，仍未按期" if record.extended else "没有经批准的延期"]

    return words


def _count_fact(name: str, least: int) -> Callable[[SupervisionFacts], str]:
    return lambda record: name if getattr(record, name) >= least else ""


# fmt: off
SUPERVISION_RULES: tuple[SupervisionRule, ...] = (
    SupervisionRule("overdue", "超过期限没有办结", {_P: "overdue", _H: "late", _R: "not_rectified"},
            _clock_fact(None), _clock_words(None), of_clocks=True),
    SupervisionRule("not_reported", "没有按期报告办理结果", {_P: "not_reported"},
            _clock_fact(_REPORTS), _clock_words(_REPORTS), of_clocks=True),
    SupervisionRule("procedure", "没有按期转送或者告知受理", {_P: "procedure", _H: "refused"},
            _clock_fact(_NOTIFYING), _clock_words(_NOTIFYING), of_clocks=True),
    SupervisionRule("returned", "多次退回", {_P: "shirking", _H: "refused"},
            _count_fact("returns", RETURNS_LEAST), lambda r: [f"上次督办以来本单位退回 {r.returns} 次"]),
    SupervisionRule("urged", "多次催办", {_P: "shirking", _H: "poor", _R: "not_rectified"},
            _count_fact("urges", URGES_LEAST), lambda r: [f"上次督办以来催办 {r.urges} 次"]),
    SupervisionRule("unsatisfied", "回访不满意", {_P: "shirking", _H: "unsolved", _R: "not_rectified"},
            lambda r: f"call{r.unsatisfied:%Y%m%d}" if r.unsatisfied else "",
            lambda r: [f"{r.unsatisfied} 回访，群众不认可办理结果"]),
    SupervisionRule("not_executed", "处理意见可能没有执行", {_P: "not_executed", _H: "unsolved"},
            lambda r: f"rate{r.rated_badly:%Y%m%d}" if r.supported and r.rated_badly else "",
            lambda r: ["处理意见为予以支持", f"{r.rated_badly} 群众评价不满意"]),
)
# fmt: on


def find_supervision_rule(code: str) -> SupervisionRule | None:
    return next((row for row in SUPERVISION_RULES if row.code == code), None)


def propose_orders(record: SupervisionFacts) -> list[ProposedOrder]:
    """Every order the rules propose to a unit in a case; none while it has one to answer."""
    if record.order_open or not record.unit:
        return []
    orders = []
    for rule in SUPERVISION_RULES:
        if not (record.is_lead or rule.of_clocks):
            continue
        trigger = rule.triggers.get(record.profile, "")
        if trigger and (fact := rule.fact(record)):
            key = f"{record.no}:{rule.code}:{fact}:{record.orders}"
            orders.append(ProposedOrder(key, record.no, record.unit, rule.code, trigger, tuple(rule.evidence(record))))
    return orders
