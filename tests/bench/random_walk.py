"""Does the record stay true whatever people do, in whatever order, for months?

    python -m tests.bench.random_walk [--acts 10000] [--seed 1]

Citizens, the desk, clerks, heads, the overseer and the system act at random on a clock that runs from September 2026
over the National Day into 2027; half-way the calendar changes. People act through the way of the API with all its
guards, now and then as a handler does. After every act the case is held against what must never be otherwise: among it
that no open case is without a clock and somebody who can take it further, that nobody barred sees it, that its new days
are those counted on the fingers; now and then everybody's lists, what is late, and all published figures. Uses the database named by XINQIAO_DATABASE_URL, else SQLite in a temporary folder.
"""

import argparse
import asyncio
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from evaluation.ratings import cases as case_ratings
from evaluation.ratings import submission
from feedback import jobs
from feedback.kernel import outbox
from feedback.kernel.clock import OFFICE_TIMEZONE, SystemClock, office_day, to_utc
from feedback.kernel.errors import Conflict, Forbidden, Invalid, NotFound, NotNow, Refusal, Unavailable
from feedback.kernel.settings import Settings
from feedback.queries import cases as case_queries
from feedback.queries import lookup as case_lookup
from feedback.queries import overdue
from feedback.queries import worklist as case_worklist
from feedback.record import calendar_editions, cases
from feedback.record.models.calendar import DeadlineChangeRow
from feedback.record.models.case import Case, CasePerson, Entry, TenureRow
from feedback.record.models.clocks import ClockRow
from feedback.record.persistence import load_case_access, load_stored_clocks, to_clock_facts, to_event
from feedback.rules import access, projection
from feedback.rules.access import SYSTEM, Actor, CaseAccess, citizen, may_see
from feedback.rules.clocks import Clock
from feedback.rules.intake import Submission
from feedback.rules.lifecycle import STEPS
from feedback.rules.parties import REPRESENTATIVES_MOST, PartyRole
from feedback.rules.projection import CaseProjection
from feedback.rules.read_models import Filters
from feedback.rules.terms import RIGHTS
from feedback.rules.vocabulary import OPEN, PERSON_ACTS, Act, Role
from feedback.rules.workdays import DayRow, Editions
from routing import directory
from tests.bench import recompute_figures
from tests.bench.random_words import Words
from tests.bench.truths import Look, untruths
from web import bootstrap
from web.actions import cases as case_actions
from web.cli.serve import configure_logging
from web.context import AppContext
from web.demo import seed
from web.forms import parsing

START = to_utc(datetime(2026, 9, 18, 9, 0, tzinfo=OFFICE_TIMEZONE))
DAYS = 210
SIX = (Invalid, NotFound, Forbidden, Conflict, NotNow, Unavailable)
UNITS = ("jiaoyu", "xuexiao-shiyan", "chengguan", "huanwei", "shuiwu", "gongan", "jiwei", "shi-jiwei")
OFFICES = ("reception", "reception-xinfang", "supervisor", "auditor", "admin")
FAULTS_MOST = 20
_REGISTERED = frozenset({"letter", "visit", "hotline", "fax", "agent", "transfer"})
_WEIGHTS: Mapping[Act, float] = {
    **{Act.ACCEPT: 4, Act.REPLY: 4, Act.ASSIGN: 3, Act.REVIEW: 8, Act.RE_REVIEW: 8, Act.EXTEND: 2, Act.HOLD: 2},
    **{Act.ENDORSE_EXTENSION: 2, Act.ASK_HOLD: 2},
    **{
        Act.OBJECT: 3,
        Act.HEARING: 2,
        Act.END_HEARING: 4,
        Act.DELIVER: 2,
        Act.REPORT_BACK: 3,
        Act.DIVERT: 0.4,
        Act.RECUSE: 0.05,
        Act.REPORT_UP: 0.4,
        Act.REFOLD: 0.02,  # the system may at any time: it would do little else
    },
    **{Act.WITHDRAW: 0.2, Act.MERGE: 0.3, Act.DECLINE: 0.6, Act.NOTE: 0.3, Act.URGE: 0.5, Act.CLOSE: 0.5},
    **dict.fromkeys(PERSON_ACTS, 0.3),  # in every status: people would do little else
    Act.ERASE: 0.1,  # ends what could be walked on
}


@dataclass
class Figures:
    """What a walk did, and what it found wrong."""

    acts: int = 0
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    cases: int = 0
    registered: int = 0
    joint: int = 0
    entries: int = 0
    clocks: int = 0
    moved_by_calendar: int = 0
    lists_compared: int = 0
    recounts: int = 0
    messages: int = 0
    told: int = 0
    until: datetime = START
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


@dataclass
class Known:
    """A case as the walk last saw it."""

    look: Look
    editions: Editions
    goes_on: bool = False  # somebody can take it further, as it stands: asked once for each look


@dataclass(frozen=True, slots=True)
class WalkClock(SystemClock):
    """A clock that stands still until the walk goes on."""

    moment: datetime = START

    def now(self) -> datetime:
        return self.moment


class Walk:
    """One random walk over an office."""

    def __init__(self, context: AppContext, acts: int, seed_: int) -> None:
        self.context, self.acts = replace(context, clock=WalkClock(moment=START)), acts
        self.draw = random.Random(seed_)
        self.words = Words(self.draw, UNITS)
        self.now = START
        self.handlers = bootstrap.build_handlers(self.context)
        self.people: dict[str, Actor] = {}
        self.known: dict[str, Known] = {}
        self.sources: list[Submission] = []
        self.figures = Figures()
        self.report: Callable[[str], object] = lambda line: None

    async def run(self) -> Figures:
        """Walk. The figures name whatever was found wrong."""
        started = time.monotonic()
        for name in (*OFFICES, *(f"{post}-{unit}" for unit in UNITS for post in ("clerk", "lead"))):
            await self._person(name)
        for number in range(1, self.acts + 1):
            self.figures.acts = number
            self._pass_time(number)
            await self._one_act()
            if self.draw.random() < 0.2:
                await self._follow_up()
            if number == self.acts // 2:
                await self._change_calendar()
            if number % max(1, self.acts // 20) == 0:
                await self._follow_up()
                await self._compare_lists()
                self.report(
                    f"{number} acts until {self.now:%Y-%m-%d}, {len(self.known)} cases, no fault but those above"
                )
            if number % max(1, self.acts // 4) == 0:
                await self._recount()
            if len(self.figures.faults) >= FAULTS_MOST:
                break
        await self._finish()
        self.figures.seconds = time.monotonic() - started
        return self.figures

    def _pass_time(self, number: int) -> None:
        """Mostly minutes or hours, now and then weeks; all in all the days of the walk."""
        leaps = 10
        if number % max(1, self.acts // leaps) == 0:
            self.now += timedelta(days=self.draw.randint(5, DAYS // leaps - 5))
        mean = DAYS / 2 * 86400 / self.acts
        self.now += timedelta(seconds=round(self.draw.expovariate(1 / mean)))
        self.context.clock = WalkClock(moment=self.now)

    # ---- one act ----

    async def _one_act(self) -> None:
        if not self.known or self.draw.random() < 0.1:
            await self._submit()
            return
        no = self._some_case()
        case = await Case.get(no=no)
        standing = await load_case_access(case)
        state = self.known[no].look.folded.state
        ordered = replace(standing, ordered=self.known[no].look.folded.ordered_units)
        if self.draw.random() < 0.8:
            pairs = [(a, s) for a in await self._around(standing) for s in access.open_steps(a, state, ordered)]
            weights = [_WEIGHTS.get(step.act, 1.0) for _, step in pairs]
            actor, step = self.draw.choices(pairs, weights)[0] if pairs else (SYSTEM, self.draw.choice(STEPS))
        else:
            actor = self.draw.choice([*self.people.values(), citizen(no), citizen(self._some_case()), SYSTEM])
            step = self.draw.choice(STEPS)
        data = self.words.data(step, self.now, list(self.known))
        if step.act in (Act.ASSIGN, Act.CO_ASSIGN, Act.TRANSFER) and standing.confidential:
            data = self._as_the_door_lets(data, standing)
        expect = self.draw.choice((None, None, None, case.version, case.version - 1))
        if self.draw.random() < 0.01:
            await cases.bar_access(no, staff=[self.draw.choice(("clerk-jiaoyu", "clerk-jiwei", "auditor"))])
        offered = await self._offered(no, actor)
        if await self._tried(self._doing(no, step.act, actor, data, expect), no) and step.act not in offered:
            self._fault(no, f"{step.act} was done and had not been offered")
        await self._look_at(no, step.act)
        await self._seen_by_one(no)

    def _doing(
        self, no: str, act: Act, actor: Actor, data: Mapping[str, Any], expect: int | None
    ) -> Coroutine[Any, Any, object]:
        """People act as the API lets them, with all its guards; the system, and now and then anybody, as a handler does."""
        if actor is not SYSTEM and self.draw.random() < 0.8:
            values = parsing.parse_json(data, parsing.list_needs(act))
            return case_actions.perform_act(self.context, no, act, actor, values, expect=expect)
        rating = partial(case_ratings.record_rating, pf=submission.PC_CHANNEL) if act is Act.RATE else None
        vault = self.context.settings.vault
        return cases.act(no, act, actor, data, now=self.now, expect=expect, in_transaction=rating, vault=vault)

    async def _offered(self, no: str, actor: Actor) -> set[Act]:
        """What somebody is offered as a page or the API would offer it."""
        if actor is not SYSTEM and not may_see(actor, await load_case_access(await Case.get(no=no))):
            return set()
        file = await case_queries.load_file(actor, no, vault=self.context.settings.vault)
        return {step.act for step in file.steps(self.now)}

    async def _tried(self, doing: Any, no: str) -> bool:
        """Whether it was done. What is refused must be one of the six, and change nothing."""
        before = await _everything(no)
        try:
            await doing
        except Refusal as refused:
            self.figures.refused[type(refused).__name__] += 1
            if type(refused) not in SIX:
                self._fault(no, f"refused as {type(refused).__name__}")
            if await _everything(no) != before:
                self._fault(no, f"a refused act changed something: {refused}")
            return False
        except Exception as broken:  # whatever it is, it is what the walk looks for
            self._fault(no, f"broke instead of refusing: {broken!r}")
            return False
        return True

    async def _submit(self) -> None:
        draft, by = self.words.draft(self.sources), citizen("")
        if draft.channel in _REGISTERED and draft not in self.sources:
            by = self.people[self.draw.choice(("reception", "reception-xinfang"))]
            draft = replace(draft, desk=by.unit)
        count = await Case.all().count()
        try:
            receipt = await cases.submit(draft, by, now=self.now, vault=self.context.settings.vault)
        except Refusal as refused:
            self.figures.refused[type(refused).__name__] += 1
            if type(refused) not in SIX or await Case.all().count() != count:
                self._fault("-", f"a refused submission: {refused!r}")
            return
        if receipt.is_new:
            self.figures.registered += by.unit != ""
            self.figures.joint += bool(draft.representatives)
            self.sources.append(draft)
            await self._people_kept(receipt.no, draft)
        if await Case.all().count() != count + receipt.is_new:
            self._fault(receipt.no, "the same source is not the same case")
        opened = await case_lookup.find_by_code(self.context.settings.vault, receipt.code, no=receipt.no)
        if opened != receipt.no:
            self._fault(receipt.no, "its code opens another case")
        await self._look_at(receipt.no, Act.SUBMIT)

    async def _people_kept(self, no: str, draft: Submission) -> None:
        """Those who speak for the others, and the proxy, are kept: each apart, and never more than five."""
        rows = await CasePerson.filter(case__no=no).values_list("role", flat=True)
        beside = Counter(map(str, rows))
        speaking = beside[PartyRole.REPRESENTATIVE.value]
        case = await Case.get(no=no)
        if speaking != len(draft.representatives) or speaking > REPRESENTATIVES_MOST:
            self._fault(no, f"{speaking} representatives kept of {len(draft.representatives)}")
        if (beside[PartyRole.PROXY.value], case.headcount) != (int(draft.proxy is not None), draft.headcount):
            self._fault(no, "proxy or headcount is not what was said")

    def _as_the_door_lets(self, data: Mapping[str, Any], case: CaseAccess) -> dict[str, Any]:
        """A report goes to cleared units only, and not below a barred one: the tree of units is known at the doors."""
        fit = [u for u in UNITS if (a := self.people[f"clerk-{u}"]).cleared and not a.ancestry & case.bars]
        chosen = {"unit": self.draw.choice(fit), "units": [self.draw.choice(fit)]}
        return dict(data) | {name: chosen[name] for name in chosen if name in data}

    def _some_case(self) -> str:
        """Any case, the newer ones more often."""
        nos = list(self.known)
        return nos[-self.draw.randint(1, min(12, len(nos)))] if self.draw.random() < 0.6 else self.draw.choice(nos)

    async def _person(self, name: str) -> Actor:
        if name not in self.people:
            self.people[name] = await directory.load_actor(name)
        return self.people[name]

    async def _around(self, case: CaseAccess) -> list[Actor]:
        """Everybody who may have something to do with the case."""
        names = await directory.load_directory()
        units = sorted(unit for unit in {case.lead, *case.co} if names.has(unit))  # a wrong word may name no unit
        posts = [f"{post}-{unit}" for unit in units for post in ("clerk", "lead")]
        return [*[await self._person(name) for name in (*OFFICES, *posts)], citizen(case.no), SYSTEM]

    # ---- what follows, and what must be true ----

    async def _follow_up(self) -> None:
        """What the worker and the timers do, then a look at every case that moved."""
        self.figures.told += await jobs.sweep_clocks(self.now)
        if self.draw.random() < 0.2:
            await jobs.close_after_rating_window(self.now, self.context.settings.rating_days)
        self.figures.messages += await outbox.drain(self.handlers, self.now)
        for failed in await outbox.list_failing():
            self._fault(failed["key"], f"message {failed['kind']} fails: {failed['error']}")
        for row in await Case.all().order_by("id").values("no", "version"):
            if row["no"] not in self.known or self.known[row["no"]].look.version != row["version"]:
                await self._look_at(row["no"], None)
        for no, known in self.known.items():
            if known.goes_on or known.look.folded.state.status not in OPEN:
                continue
            known.goes_on = await self._can_go_on(no, known.look)
            if not known.goes_on:
                self._fault(no, f"{known.look.folded.state.status}: no member of staff can take it further")

    async def _can_go_on(self, no: str, look: Look) -> bool:
        around = [a for a in await self._around(look.standing) if a.roles & access.ANY_STAFF]
        state = look.folded.state
        steps = [s for a in around for s in access.open_steps(a, state, look.standing)]
        return any(s.target or s.act is Act.END_HEARING for s in steps)

    async def _look_at(self, no: str, act: Act | None) -> None:
        """Hold the case against everything that must be true. `act` is what was just done, None: several things."""
        editions, before = await calendar_editions.load_editions(), self.known.get(no)
        look = await looked(no, editions)
        for fault in untruths(look, before.look if before else None, before is None or before.editions is editions):
            self._fault(no, f"after {act}: {fault}")
        self.known[no] = Known(look, editions)

    async def _seen_by_one(self, no: str) -> None:
        """Somebody at random lists the case exactly if they may see it."""
        actor = self.draw.choice(list(self.people.values()))
        page = await case_worklist.load_worklist(actor, Filters(q=no), 1, now=self.now)
        listed = no in {row.no for row in page.items}
        standing = self.known[no].look.standing
        if listed != may_see(actor, standing):
            self._fault(no, f"listed for {actor.id}: {listed}")
        if listed:
            await self._names_hidden(no, actor, standing)

    async def _names_hidden(self, no: str, actor: Actor, standing: CaseAccess) -> None:
        """Who sees a case reads names only to answer it, and whom to keep away only at its desk."""
        file = await case_queries.load_file(actor, no, vault=self.context.settings.vault)
        shown = [p for p in (file.person, *(linked.person for linked in file.beside)) if p and not p.is_masked]
        if shown and not access.may_see_person(actor, standing):
            self._fault(no, f"{actor.id} reads the names")
        if file.exclude and not (Role.RECEPTION in actor.roles and actor.unit == standing.desk):
            self._fault(no, f"{actor.id} reads whom to keep away")

    async def _compare_lists(self) -> None:
        """Everybody's whole list is what the rule says, and no bar is leapt over."""
        # As they were last looked at: had one changed since, the lists, which ask the database, would differ.
        standings = [known.look.standing for known in self.known.values()]
        for actor in self.people.values():
            rows = await case_worklist.load_export(actor, Filters(), now=self.now, most=len(standings) + 1)
            listed = {row.no for row in rows}
            may = {s.no for s in standings if may_see(actor, s)}
            barred = {s.no for s in standings if s.bars & actor.ancestry or actor.id in s.recused}
            if listed != may or listed & barred:
                self._fault("-", f"{actor.id} lists {sorted(listed ^ may)[:3]}, barred {sorted(listed & barred)[:3]}")
            late = await overdue.list_late_clocks(actor, now=self.now, most=len(standings) * 20)
            if Counter((row["no"], row["term"], row["seq"], row["unit"]) for row in late) != self._late_of(may):
                self._fault("-", f"{actor.id} is shown other late clocks than are late")
            self.figures.lists_compared += 1

    async def _recount(self) -> None:
        """Every published number is what the raw rows say."""
        for difference in await recompute_figures.find_differences(self.context, self.now):
            self._fault("-", difference)
        self.figures.recounts += 1

    def _late_of(self, nos: set[str]) -> Counter[tuple[str, str, int, str]]:
        """What is late now in these cases: by their entries, not by what is stored."""
        return Counter(
            (no, clock.term, clock.seq, clock.unit)
            for no in nos
            for clock in self.known[no].look.folded.clocks
            if clock.stopped_at is None and clock.term not in RIGHTS and clock.due_at <= self.now
        )

    async def _change_calendar(self) -> None:
        """The notice for 2027 is out: some clocks move, by that and by nothing else."""
        await self._follow_up()
        running = (
            await ClockRow.filter(stopped_at__isnull=True).exclude(length__endswith="h").order_by("-due_legal_day")
        )
        last = running[0].due_legal_day if running else office_day(self.now) + timedelta(days=9)
        rows = [DayRow(last, False, "调休"), DayRow(last + timedelta(days=1), False, "调休")]
        before = {(c.case_id, c.term, c.seq, c.unit): c.due_at for c in running}  # type: ignore[attr-defined] # added at run time
        what = calendar_editions.CalendarChange(tuple(rows), (), last.replace(month=12, day=31), remark="通知")
        await calendar_editions.add_edition(
            what, "walk", self.now, after=(await calendar_editions.load_current_calendar()).edition
        )
        await self._follow_up()
        for row in await ClockRow.filter(stopped_at__isnull=True):
            if before.get((row.case_id, row.term, row.seq, row.unit), row.due_at) != row.due_at:  # type: ignore[attr-defined] # added at run time
                self.figures.moved_by_calendar += 1
        editions = await calendar_editions.load_editions()
        for no in self.known:
            look = await looked(no, editions)
            if set(look.stored) != set(look.folded.clocks):
                self._fault(no, "the calendar changed and a running clock did not follow, or an ended one did")

    async def _finish(self) -> None:
        await self._follow_up()
        async for damage in jobs.find_damages(self.context.settings):
            self._fault(damage.where, damage.what)
        if orphans := await jobs.count_orphaned_clocks():
            self._fault("-", f"{orphans} clocks run in cases that ended")
        figures = self.figures
        figures.cases, figures.entries = await Case.all().count(), await Entry.all().count()
        figures.clocks, figures.until = await ClockRow.all().count(), self.now
        figures.done = Counter([str(row["act"]) for row in await Entry.all().values("act")])

    def _fault(self, no: str, words: str) -> None:
        fault = f"act {self.figures.acts}, case {no}: {words}"
        self.figures.faults.append(fault)
        self.report(fault)


async def looked(no: str, editions: Editions) -> Look:
    """A case with everything that is stored of it, and folded anew."""
    case = await Case.get(no=no)
    entries = await Entry.filter(case_id=case.id).order_by("seq")
    history = [to_event(entry) for entry in entries]
    folded: CaseProjection = projection.project(history, to_clock_facts(case), editions)
    stored: list[Clock] = await load_stored_clocks(case.id)
    tenures = await TenureRow.filter(case_id=case.id)
    rows = await DeadlineChangeRow.filter(case_id=case.id).values_list("term", "seq", "after_day")
    moved = frozenset((str(term), int(seq), day) for term, seq, day in rows)
    access_now = await load_case_access(case)
    return Look(case, access_now, entries, tuple(history), folded, stored, tenures, editions, moved)


async def _everything(no: str) -> list[Any]:
    """All that is stored of a case, to see whether anything changed."""
    case = await Case.get(no=no)
    messages = await outbox.Message.filter(key__startswith=f"{no}:").count()
    rows = [await model.filter(case_id=case.id).order_by("id").values() for model in (Entry, ClockRow, TenureRow)]
    return [await Case.filter(no=no).values(), messages, *rows]


async def run(acts: int, seed_: int) -> Figures:
    """A walk over an office of its own."""
    folder = Path(tempfile.mkdtemp(prefix="xinqiao-walk-"))
    named = {k: v for k, v in os.environ.items() if k == "XINQIAO_DATABASE_URL"}
    settings = Settings.read({"XINQIAO_DATA": str(folder), "XINQIAO_LOG_LEVEL": "error", **named})
    configure_logging(settings)
    await bootstrap.migrate(settings)
    try:
        async with bootstrap.open_context(settings) as context:
            await bootstrap.seed_calendar(context)
            await seed.seed_town(context)
            walk = Walk(context, acts, seed_)
            walk.report = partial(print, flush=True)
            return await walk.run()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--acts", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    faults = asyncio.run(run(args.acts, args.seed))
    print(f"{faults.acts} acts until {faults.until:%Y-%m-%d} in {faults.seconds:.0f} s")
    print(f"done {sum(faults.done.values())}: {', '.join(f'{act} {n}' for act, n in faults.done.most_common())}")
    print(f"refused {sum(faults.refused.values())}: {dict(faults.refused.most_common())}")
    print(f"{faults.registered} registered by staff, {faults.joint} with representatives")
    print(
        f"{faults.cases} cases, {faults.entries} entries, {faults.clocks} clocks, {faults.messages} messages carried out"
    )
    print(f"{faults.told} clocks told, {faults.moved_by_calendar} moved by the calendar")
    print(
        f"{faults.lists_compared} lists compared, {faults.recounts} times all figures counted anew; {len(faults.faults)} faults"
    )
    return 1 if faults.faults else 0


if __name__ == "__main__":
    sys.exit(main())
