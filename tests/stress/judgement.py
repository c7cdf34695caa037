"""What was seen around one fault, and which of it falls short. Pure: seconds and answers in, lines out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.stress.endpoints import NO_ANSWER, Answer
from tests.stress.watch import NOT_READY, READY, BoardWatch, ReadinessWatch, Sample

BACK_SECONDS = 15
"""After the fault: until every endpoint answers as before and /readyz says 200."""

ROUTED_SECONDS = 20
"""From the receipt of a new case to its category, while all is well or nothing that it needs is away."""

CAUGHT_UP_SECONDS = 90
"""After the fault: until what was taken in during it is routed; a message that failed is tried again after a minute."""

SILENT_SECONDS = 30
"""How long a wall screen may stand there with an old picture and no word about it."""


@dataclass(frozen=True)
class Expectation:
    """What must hold while one fault lasts.

    may_refuse: endpoints that need what is away may answer 503. works_on: cases are routed all the same.
    not_ready: one of these fields of /readyz says so within notice_seconds; empty: /readyz stays at 200.
    restarts: the fault is there from a start on; then the process may as well refuse to start, in words with
    `names` in them. logs: what the log must name.
    """

    may_refuse: bool
    works_on: bool
    not_ready: tuple[str, ...] = ()
    notice_seconds: float = 10
    restarts: bool = False
    names: str = ""
    logs: str = ""


@dataclass
class Observation:
    """What was seen. All moments are of the monotonic clock; 0 or None: it did not happen."""

    readiness: ReadinessWatch
    board: BoardWatch
    began: float = 0.0
    ended: float = 0.0
    finished: float = 0.0
    before: Sequence[Answer] = ()
    during: Sequence[Answer] = ()
    after: Sequence[Answer] = ()
    has_started: bool = True
    exit_code: int | None = None
    log: str = ""
    routed_during: float | None = None
    routed_after: float | None = None
    taken_during: int = 0
    caught_up: float | None = None
    receipts: int = 0
    without_receipt: int = 0
    lost: Sequence[str] = ()
    doubled: Sequence[str] = ()
    cases: int = 0
    verify: str = ""
    """What `xinqiao verify` complained about."""

    files: int = 0
    files_fault: str = ""


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    title: str
    text: str
    faults: tuple[str, ...] = ()


@dataclass
class Report:
    """The lines about one fault on one kind of installation."""

    name: str
    shape: str
    seconds: float
    lines: list[Line] = field(default_factory=list)

    @property
    def shortfalls(self) -> list[str]:
        return [f"{self.name} ({self.shape}): {line.title}: {fault}" for line in self.lines for fault in line.faults]

    def __str__(self) -> str:
        rows = [f"\n{self.name}  ({self.shape}, {self.seconds:.0f} s)"]
        for line in self.lines:
            rows.append(f"  {'✗' if line.faults else '✓'} {line.title:<18} {line.text}")
            rows += [f"      falls short: {fault}" for fault in line.faults]
        return "\n".join(rows)


def judge(seen: Observation, wanted: Expectation) -> list[Line]:
    """Every line about one fault."""
    lines = []
    if not seen.has_started:
        lines.append(judge_refusal(seen.exit_code, seen.log, wanted.names))
    lines += _endpoints(seen)
    lines += [_readiness(seen, wanted), _board(seen, wanted), _routing(seen, wanted), _record(seen)]
    if wanted.logs:
        lines.append(_log(seen, wanted))
    return lines


def judge_refusal(exit_code: int | None, log: str, names: str) -> Line:
    """The line about a process that refuses to start. `names`: what the words must name; "": it must not refuse."""
    faults = []
    if not names:
        faults.append(f"refuses to start: {log[-500:]}")
    elif names not in log:
        faults.append(f"the refusal does not name {names}: {log[-500:]}")
    if not exit_code:
        faults.append(f"ends with exit code {exit_code}")
    if "Traceback" in log:
        faults.append("the refusal is a traceback")
    return Line("start", f"refused, exit code {exit_code}: {' '.join(log.split())[-200:]}", tuple(faults))


def _endpoints(seen: Observation) -> Iterator[Line]:
    for name in dict.fromkeys(answer.endpoint for answer in seen.before):
        before = [answer.fault for answer in seen.before if answer.endpoint == name and answer.fault]
        during = [answer for answer in seen.during if answer.endpoint == name]
        back = next((a for a in seen.after if a.endpoint == name and a.is_usual), None)
        faults = [f"before: {fault}" for fault in before]
        faults += dict.fromkeys(f"during: {answer.fault}" for answer in during if answer.fault)
        if back is None:
            last = [a for a in seen.after if a.endpoint == name][-1]
            faults.append(f"not back {BACK_SECONDS} s after: {last.fault or last.status}")
            words = "not back"
        else:
            words = f"back after {back.at + back.seconds - seen.ended:.1f} s"
        answers = " · ".join(f"{a.status or 'none'} in {a.seconds:.1f} s" for a in during) or "not asked"
        yield Line(name, f"during {answers}; {words}", tuple(faults))


def _readiness(seen: Observation, wanted: Expectation) -> Line:
    samples = seen.readiness.between(0, seen.finished)
    if wanted.restarts:  # while a process is being started nobody answers
        samples = [sample for sample in samples if sample.status != NO_ANSWER]
    faults = _count(sample.fault for sample in samples if sample.fault)
    before = [s.status for s in seen.readiness.between(0, seen.began) if s.status not in (READY, NO_ANSWER)]
    if before:
        faults.append(f"before: {before[0]}")
    first = next((s for s in seen.readiness.between(seen.began, seen.ended) if s.status == NOT_READY), None)
    words = "stays ready" if seen.has_started else "does not run"
    if first is not None and seen.has_started:
        words = f"503 after {first.at + first.seconds - seen.began:.1f} s ({', '.join(_wrong(first)) or 'no cause'})"
    if wanted.not_ready and seen.has_started:
        faults += _notice(seen, wanted, first)
    elif first is not None and not wanted.not_ready:
        faults.append(f"not ready although the work goes on: {', '.join(_wrong(first)) or first.payload}")
    back = next((s for s in samples if s.at >= seen.ended and s.status == READY), None)
    if back is None:
        faults.append("never 200 again")
    else:
        words += f"; 200 again after {(after := back.at + back.seconds - seen.ended):.1f} s"
        if after > BACK_SECONDS and not wanted.restarts:
            faults.append(f"200 again only {after:.0f} s after")
    if samples and samples[-1].status != READY:
        faults.append(f"at the end: {samples[-1].status or 'no answer'}")
    return Line("/readyz", words, tuple(faults))


def _notice(seen: Observation, wanted: Expectation, first: Sample | None) -> list[str]:
    """What is wrong with how /readyz took notice of the fault."""
    if first is None:
        return [f"does not say 503 in {seen.ended - seen.began:.0f} s"]
    faults = []
    begin = seen.began
    if wanted.restarts:  # counted from the first answer after the start
        begin = next(s.at for s in seen.readiness.between(seen.began, seen.ended) if s.status != NO_ANSWER)
    if (after := first.at + first.seconds - begin) > wanted.notice_seconds:
        faults.append(f"503 only after {after:.0f} s")
    named = {
        name for s in seen.readiness.between(seen.began, seen.ended) if s.status == NOT_READY for name in _wrong(s)
    }
    if not named & set(wanted.not_ready):
        faults.append(
            f"never names {' or '.join(wanted.not_ready)} as the cause, but {', '.join(sorted(named)) or 'none'}"
        )
    return faults


def _wrong(sample: Sample) -> list[str]:
    """The fields of an answer of /readyz that say that something is not as it must be."""
    payload = sample.payload or {}
    return [
        name
        for name in ("database", "migrations", "secret", "storage", "worker")
        if payload.get(name) is False
        or (isinstance(payload.get(name), Mapping) and payload[name].get("alive") is False)
    ]


def _board(seen: Observation, wanted: Expectation) -> Line:
    end = min(seen.finished, seen.ended + SILENT_SECONDS)
    silence = seen.board.longest_silence(seen.began, end)
    picture = seen.board.first_picture(seen.ended)
    faults = []
    if silence > SILENT_SECONDS and not wanted.restarts:
        faults.append(f"{silence:.0f} s with an old picture and no word")
    if picture is None or picture - seen.ended > SILENT_SECONDS:
        faults.append("no new picture" if picture is None else f"new picture only {picture - seen.ended:.0f} s after")
    words = f"longest silence {silence:.1f} s; "
    words += "no new picture" if picture is None else f"new picture after {picture - seen.ended:.1f} s"
    return Line("/board/stream", words, tuple(faults))


def _routing(seen: Observation, wanted: Expectation) -> Line:
    faults, words = [], []
    if wanted.works_on:
        words.append(f"during: {_seconds(seen.routed_during)}")
        if seen.routed_during is None:
            faults.append(f"a case given in during it is not routed in {ROUTED_SECONDS} s")
    words.append(f"new case: {_seconds(seen.routed_after)}")
    if seen.routed_after is None:
        faults.append(f"a new case is not routed in {ROUTED_SECONDS} s")
    words.append(
        f"{seen.taken_during} taken in during it" + (f": {_seconds(seen.caught_up)}" if seen.taken_during else "")
    )
    if seen.taken_during and seen.caught_up is None:
        faults.append(f"what was taken in during it is not routed {CAUGHT_UP_SECONDS} s after")
    return Line("routed", "; ".join(words), tuple(faults))


def _seconds(seconds: float | None) -> str:
    return "not routed" if seconds is None else f"after {seconds:.1f} s"


def _record(seen: Observation) -> Line:
    faults = [f"lost: {why}" for why in seen.lost] + [f"doubled: {why}" for why in seen.doubled]
    if seen.without_receipt:
        faults.append(f"{seen.without_receipt} messages cannot be given in at all")
    if seen.cases != seen.receipts:
        faults.append(f"{seen.cases} cases for {seen.receipts} receipts")
    if seen.verify:
        faults.append(f"xinqiao verify: {seen.verify}")
    if seen.files_fault:
        faults.append(f"{seen.files} files taken in during it: {seen.files_fault}")
    words = f"{seen.receipts} receipts, {len(seen.lost)} lost, {len(seen.doubled)} doubled, {seen.files} files"
    return Line("record", words, tuple(faults))


def _log(seen: Observation, wanted: Expectation) -> Line:
    is_named = wanted.logs in seen.log
    return Line("log", f"names {wanted.logs}", () if is_named else (f"says nothing about {wanted.logs}",))


def _count(faults: Iterator[str]) -> list[str]:
    """Every fault once, with how often it was seen."""
    counts: dict[str, int] = {}
    for fault in faults:
        counts[fault] = counts.get(fault, 0) + 1
    return [f"{fault} ({count} times)" for fault, count in counts.items()]
