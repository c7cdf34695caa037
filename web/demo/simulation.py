"""What goes on in the demo town? 120 days of life in 云川区, all fictional.

Everything goes through the one door at the times it would have happened, with a fixed random seed, so that the
demo also shows what the clocks, the classifier and the ratings really do.
"""

import heapq
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import structlog

import feedback.jobs
from classify.signals import flags
from evaluation import scale
from evaluation.ratings import cases as case_ratings
from feedback.kernel import outbox
from feedback.kernel.clock import OFFICE_TIMEZONE, office_day
from feedback.kernel.errors import Conflict, Forbidden, Invalid, NotFound, NotNow
from feedback.queries import cases as case_queries
from feedback.queries import worklist as case_worklist
from feedback.record import cases
from feedback.rules.access import SYSTEM, Actor, citizen
from feedback.rules.intake import PersonSubmission, Submission
from feedback.rules.read_models import Filters
from feedback.rules.vocabulary import OPEN, Act, Kind, Role, Status
from routing import directory
from routing.assignment_rules import STREET
from routing.notices import inbox
from routing.notices.delivery import DeliveryPolicy
from routing.oversight import measures
from routing.oversight import proposals as supervision_proposals
from routing.oversight.measure_types import MeasureStep
from web.actions import cases as case_actions
from web.actions import publication
from web.context import AppContext
from web.demo import waves
from web.demo.opinions import SIGNED_AFTER, build_answer
from web.demo.population import draw_name, draw_phone, list_villages
from web.demo.publication import publish_months
from web.demo.refusals import build_refusal
from web.demo.repeats import build_merge, build_repeat
from web.demo.seed import SEED, fill_slots, load_data
from web.demo.waves import ScheduledCase

CASES = 300
DAYS = 120
CASE_SOURCE, WAVE_SOURCE = "demo-", "wave-"
UNREAD_SPAN = timedelta(days=2)
"""What the units of the demo town were told before that they have read."""
_log = structlog.get_logger("simulation")

Event = Callable[[datetime], Awaitable[None]]


class DemoSimulation:
    """120 days in the town: a list of things that will happen, carried out in order of time."""

    def __init__(
        self,
        context: AppContext,
        cases_count: int = CASES,
        days: int = DAYS,
        *,
        has_waves: bool = False,
        end: datetime | None = None,
    ) -> None:
        self.context = context
        self.end = end or context.clock.now()
        self.start = self.end - timedelta(days=days)
        self.since = datetime.min.replace(tzinfo=UTC)
        self.rng = random.Random(SEED)  # noqa: S311
        self.rng_extra = random.Random(SEED + 1)  # noqa: S311 - of its own, so that what is added moves nothing else
        self.messages = load_data("messages")["message"]
        self.phrases = load_data("phrases")
        self.names = load_data("staff")
        self.handlers = context.make_handlers(context)
        self.count = cases_count
        self.has_waves = has_waves
        self.rng_waves = random.Random(SEED + 2)  # noqa: S311 - likewise
        self.agenda: list[tuple[datetime, int, Event]] = []
        self.order = count()
        self.oversight = load_data("oversight")
        self.rng_oversight = random.Random(SEED + 3)  # noqa: S311 - likewise
        self.answers, self.submitted = dict[str, dict[str, str]](), dict[str, Submission]()
        self.known_rectifications: set[str] = set()
        self.known_cases: dict[str, tuple[str, Status]] = {}
        self.staff: dict[str, Actor] = {}
        self.arrived = 0
        self.at_midnight: Callable[[datetime], None] = lambda at: None

    async def resume(self, since: datetime) -> None:
        """Go on from `since`: open cases are taken up as they stand, what was planned before has happened."""
        self.since = since
        for beginning in (CASE_SOURCE, WAVE_SOURCE):
            self.known_cases |= await case_queries.cases_by_source(beginning)
        self.arrived = len(self.known_cases)

    def plan(self, at: datetime, event: Event) -> None:
        """Let something happen, unless it has, or lies in the future: then the case stays as it is."""
        if self.since <= at <= self.end:
            heapq.heappush(self.agenda, (at, next(self.order), event))

    async def run(self) -> None:
        """Live through it, and publish the months that are over."""
        self.directory = town = await directory.load_directory()
        self.villages = [region for region in town.regions() if region.level == "village"]
        self.streets = [region for region in town.regions() if region.level == "street"]
        arrivals = [
            self._arrival() for _ in range(self.count)
        ]  # drawn before anything else, so the same at every start
        for number, arrival in enumerate(arrivals):
            no, status = self.known_cases.get(f"{CASE_SOURCE}{number}", ("", None))
            if not no:
                self.plan(arrival, self._plan_arrival(number))
            elif status in OPEN:
                self._plan_handling(no, self.messages[number % len(self.messages)], self.since)
        if self.has_waves:
            for number, case in enumerate(
                list(waves.scheduled_cases(load_data("seasons"), self.villages, self.rng_waves))
            ):
                no, status = self.known_cases.get(f"{WAVE_SOURCE}{number}", ("", None))
                if status in OPEN:
                    self._plan_wave(no, case, self.since)
                elif not no and (at := self.end - timedelta(days=case.days)) >= self.start:
                    self.plan(at, self._plan_wave_case(number, case))
        for day in range((self.end - self.start).days + 1):
            self.plan(self.start + timedelta(days=day, hours=1), self._run_nightly)
        if self.has_waves:
            for week in range(1, (self.end - self.start).days // 7 + 1):
                self.plan(self.end - timedelta(days=7 * week - 6), self._issue_proposals)
            for row in self.oversight["measure"]:
                self.plan(self.end - timedelta(days=row["days"]), self._plan_measure(row))
        while self.agenda:
            at, _, event = heapq.heappop(self.agenda)
            try:
                await event(at)
            except (NotNow, NotFound, Conflict, Forbidden, Invalid) as refused:
                _log.debug("did not happen", refused=refused.code, details=refused.details)
            await outbox.drain(self.handlers, at)
        await feedback.jobs.sweep_clocks(self.end)
        await outbox.drain(self.handlers, self.end)
        await inbox.mark_read_before(self.end - UNREAD_SPAN)
        await publish_months(self.start, self.end, self.context.settings)

    def _arrival(self) -> datetime:
        """Mostly in office hours, a little more in recent weeks."""
        days = (self.end - self.start).days * (1 - self.rng.random() ** 1.25)
        local = (self.start + timedelta(days=days)).astimezone(OFFICE_TIMEZONE)
        hour = self.rng.choices(range(24), weights=[1] * 7 + [3, 8, 12, 11, 8, 5, 6, 9, 9, 8, 6, 4, 4, 4, 3, 2, 1])[0]
        return local.replace(hour=hour, minute=self.rng.randrange(60), second=self.rng.randrange(60))

    async def _run_nightly(self, at: datetime) -> None:
        await feedback.jobs.sweep_clocks(at)
        await feedback.jobs.close_after_rating_window(at, self.context.settings.rating_days)
        for status in (Status.ASSIGNED, Status.ACCEPTED):  # the latter after a start half way
            filters = Filters(kind=Kind.RECTIFY.value, status=status.value)
            page = await case_worklist.load_worklist(SYSTEM, filters, 1, now=at, size=200)
            for row in page.items:
                if row.no not in self.known_rectifications and row.received_at <= at:
                    self.known_rectifications.add(row.no)
                    self._plan_rectification(row.no, at)
        self.at_midnight(at)

    async def _issue_proposals(self, at: datetime) -> None:
        """Once a week the supervisor orders what has been proposed longest; most units answer, and then the citizen."""
        await supervision_proposals.update_proposals(at)
        supervisor = await self._actor("supervisor")
        for proposal in (await supervision_proposals.list_proposals(supervisor, at, most=3))[
            : self.rng_oversight.randint(1, 2)
        ]:
            no, reason = proposal["case_no"], self.rng_oversight.choice(self.oversight["order"]["reasons"])
            data = {"reason": reason, "trigger": proposal["trigger"], "addressee": proposal["unit"]}
            await cases.act(no, Act.SUPERVISE, supervisor, data, now=at)
            await supervision_proposals.decide_proposal(supervisor, proposal, supervision_proposals.ISSUED, reason, at)
            if self.rng_oversight.random() < 0.8:
                answered_at = at + timedelta(hours=self.rng_oversight.uniform(20, 70))
                answer = {"text": self.rng_oversight.choice(self.oversight["order"]["answers"])}
                self._queue(no, Act.ANSWER_SUPERVISION, Role.LEAD, answer, answered_at)
                replied_at = answered_at + timedelta(days=self.rng_oversight.uniform(1, 4))
                self._queue(no, Act.REPLY, Role.CLERK, self.answers.get(no, {}), replied_at)

    def _plan_measure(self, row: Mapping[str, Any]) -> Event:
        """The supervisor takes a measure towards a unit, whose head answers in writing, or has not yet."""
        policy = DeliveryPolicy.of(self.context.settings)

        async def issue(at: datetime) -> None:
            supervisor, head = await self._actor("supervisor"), await self._actor(f"lead-{row['unit']}")
            values = {**row, "due_day": office_day(at) + timedelta(days=row["due"])}
            number = await measures.issue_measure(supervisor, values, (), policy, at)

            async def answer(when: datetime) -> None:
                reply = {"text": row["answer"], "adoption": row.get("adoption", "")}
                await measures.perform_step(head, number, MeasureStep.ANSWER, reply, policy, when)

            async def close(when: datetime) -> None:
                await measures.perform_step(supervisor, number, MeasureStep.CLOSE, {}, policy, when)

            if row["answered"]:
                self.plan(at + timedelta(days=row["answered"]), answer)
            if row["closed"]:
                self.plan(at + timedelta(days=row["answered"] + row["closed"]), close)

        return issue

    def _hours(self, low: float, high: float) -> timedelta:
        return timedelta(hours=self.rng.uniform(low, high))

    def _plan_arrival(self, number: int) -> Event:
        async def arrive(at: datetime) -> None:
            message = self.messages[number % len(self.messages)]
            region = self.rng.choice(list_villages(message, self.villages, self.directory))
            is_named = self.rng.random() > 0.08
            slots = {
                "place": self.rng.choice(region.places or (region.name,)),
                "name": draw_name(self.rng, self.names),
                "date": f"{at.astimezone(OFFICE_TIMEZONE):%m月%d日}",
            }
            title, text = (fill_slots(message[part], slots) for part in ("title", "text"))
            channel = self.rng.choices(
                ["web", "app", "miniprogram", "wechat", "hotline", "letter", "visit"], [30, 22, 22, 8, 12, 3, 3]
            )[0]
            submission = Submission(
                kind=message["kind"],
                title=title,
                text=text,
                channel=channel,
                desk=self.context.settings.desk,
                source_id=f"{CASE_SOURCE}{number}",
                region=region.code if self.rng.random() < 0.8 else "",
                address=f"{region.name}{slots['place']}",
                person=PersonSubmission(name=slots["name"], phone=draw_phone(self.rng)) if is_named else None,
                anonymous=not is_named or self.rng.random() < 0.1,
                public_consent=self.rng.random() < 0.65,
            )
            submission = case_actions.fill_submission(submission, self.directory, self.context.settings.desk)
            receipt = await cases.submit(submission, citizen(""), now=at, vault=self.context.settings.vault)
            self.arrived += 1
            await outbox.drain(self.handlers, at)
            self.submitted[receipt.no] = submission
            self._plan_handling(receipt.no, message, at)

        return arrive

    def _plan_wave_case(self, number: int, case: ScheduledCase) -> Event:
        """One message of a wave: the desk where it waits, the unit that returns what is not its own, an answer."""

        async def come(at: datetime) -> None:
            family, given = self.rng_waves.choice(self.names["family"]), self.rng_waves.choice(self.names["given"])
            submission = Submission(
                kind=case.kind,
                title=case.title,
                text=case.text,
                channel=self.rng_waves.choice(("web", "app", "miniprogram", "hotline")),
                desk=self.context.settings.desk,
                source_id=f"{WAVE_SOURCE}{number}",
                region=case.region,
                address=case.address,
                person=PersonSubmission(name=family + given, phone=f"137{self.rng_waves.randrange(10**8):08d}"),
                public_consent=self.rng_waves.random() < 0.5,
            )
            submission = case_actions.fill_submission(submission, self.directory, self.context.settings.desk)
            receipt = await cases.submit(submission, citizen(""), now=at, vault=self.context.settings.vault)
            self.arrived += 1
            await outbox.drain(self.handlers, at)
            self._plan_wave(receipt.no, case, at)

        return come

    def _plan_wave(self, no: str, coming: ScheduledCase, at: datetime) -> None:
        def take_up() -> Event:
            async def handle(at: datetime) -> None:
                if (await case_queries.load_summary(no)).unit == coming.unit:
                    with suppress(NotNow):  # it was accepted before the simulation was stopped
                        await self._perform(no, Act.ACCEPT, Role.CLERK, {}, at)
                    self.answers[no] = {"text": coming.reply}
                    answered = at + timedelta(hours=self.rng_waves.uniform(5, 24 * 9))
                    self._queue(no, Act.REPLY, Role.CLERK, {"text": coming.reply}, answered)
                    self._plan_audit(no, answered)
                    self._plan_call_back(no, poor=False, replied_at=answered, new_reply=coming.reply)
                    return
                await self._perform(
                    no, Act.RETURN, Role.CLERK, {"reason": "经核对职责清单，此事不归我单位管，请重新分派。"}, at
                )
                self._plan_desk(no, {"category": coming.category, "unit": coming.unit}, at + timedelta(hours=1))
                self.plan(at + timedelta(hours=self.rng_waves.uniform(3, 12)), take_up())

            return handle

        self._plan_desk(no, {"category": coming.category, "unit": coming.unit}, at + timedelta(hours=2))
        self.plan(at + timedelta(hours=self.rng_waves.uniform(4, 24)), take_up())

    async def _actor(self, username: str) -> Actor:
        if username not in self.staff:
            self.staff[username] = await directory.load_actor(username)
        return self.staff[username]

    async def _perform(
        self, no: str, act: Act, role: Role, data: Mapping[str, Any], at: datetime, unit: str = ""
    ) -> None:
        """Somebody of `unit` (none: of the unit that has it), or of the desk, does something."""
        unit = unit or (await case_queries.load_summary(no)).unit
        actor = citizen(no) if role is Role.CITIZEN else await self._actor(self._username(role, unit))
        in_transaction = case_ratings.record_rating if act is Act.RATE else None
        status = await cases.act(no, act, actor, data, now=at, in_transaction=in_transaction)
        if act is Act.REPLY and status is Status.ACCEPTED:  # a draft: the unit's head signs it soon
            self._queue(no, Act.SIGN_REPLY, Role.LEAD, {}, at + SIGNED_AFTER)

    def _username(self, role: Role, unit: str) -> str:
        return f"{role.value}-{unit}" if role in (Role.CLERK, Role.LEAD) else role.value

    def _queue(self, no: str, act: Act, role: Role, data: Mapping[str, Any], at: datetime, *, unit: str = "") -> None:
        async def happen(when: datetime) -> None:
            await self._perform(no, act, role, data, when, unit)

        self.plan(at, happen)

    def _plan_handling(self, no: str, message: Mapping[str, Any], at: datetime) -> None:
        fate = self.rng.random()
        at = at + self._hours(0.5, 5)
        if message["kind"] == "complaint" and self.rng.random() < 0.04:
            self._plan_repeat(no, at + timedelta(hours=1))
        self._plan_desk(no, message, at)
        if fate < 0.03:
            self._queue(no, Act.WITHDRAW, Role.CITIZEN, {"reason": "问题已经解决了"}, at + self._hours(5, 40))
            return
        if fate < 0.07:
            role, refusal = build_refusal(Kind(message["kind"]), self._phrase(Act.DECLINE))
            asked_at = at + self._hours(1, 8)
            self._queue(no, Act.ASK_DECLINE, Role.CLERK, refusal, asked_at)
            self._queue(no, Act.DECLINE, role, refusal, asked_at + self._hours(1, 8))
            return
        if fate < 0.12:
            self._queue(no, Act.RETURN, Role.CLERK, {"reason": self._phrase(Act.RETURN)}, at + self._hours(1, 6))
            self._plan_desk(no, message, at + self._hours(7, 12))
            at += timedelta(hours=14)
        accepted_at = at + (self._hours(1, 16) if self.rng.random() < 0.9 else self._hours(30, 90))
        self._queue(no, Act.ACCEPT, Role.CLERK, {}, accepted_at)
        if self.rng.random() < 0.75:
            called = {"text": "已电话联系，了解了具体情况。"}
            self._queue(no, Act.CONTACT, Role.CLERK, called, accepted_at + self._hours(0.5, 9))
        if message.get("co") or self.rng.random() < 0.08:
            self._plan_help(no, accepted_at + self._hours(1, 5))
        if self.rng.random() < 0.03:
            target = office_day(accepted_at + timedelta(days=90)).isoformat()
            data = {"reason": "涉及历史规划调整，需待专项工程实施。", "target_day": target}
            asked_at = accepted_at + self._hours(10, 40)
            self._queue(no, Act.ASK_HOLD, Role.LEAD, data, asked_at)
            self._queue(no, Act.HOLD, Role.RECEPTION, data, asked_at + timedelta(hours=2))
        if self.rng.random() < 0.1:
            self._queue(no, Act.URGE, Role.CITIZEN, {"text": "请尽快处理，谢谢。"}, accepted_at + self._hours(20, 90))
        self._plan_reply(no, message, accepted_at)

    def _plan_help(self, no: str, asked_at: datetime) -> None:
        """The head asks another unit to help, which mostly tells what it found."""
        task = {"units": ["chengguan"], "task": "请协助到现场核实并反馈情况。"}
        self._queue(no, Act.CO_ASSIGN, Role.LEAD, task, asked_at)
        if self.rng_extra.random() < 0.9:
            replied_at = asked_at + timedelta(hours=self.rng_extra.uniform(6, 40))
            data = {"text": "已到现场协助核实，情况已反馈主办单位。"}
            self._queue(no, Act.CO_REPLY, Role.CLERK, data, replied_at, unit="chengguan")

    def _plan_desk(self, no: str, message: Mapping[str, Any], at: datetime) -> None:
        """The desk assigns what waits there: the classifier abstained, or a unit sent it back."""

        async def at_desk(when: datetime) -> None:
            file = await case_queries.load_file(SYSTEM, no, vault=self.context.settings.vault)
            if file.status is not Status.RECEIVED:
                return
            if not file.category or not file.by_hand:
                await self._perform(no, Act.CLASSIFY, Role.RECEPTION, {"category": message["category"]}, when)
            town = await directory.load_directory()
            unit = town.street_of(file.region) if message["unit"] == STREET else message["unit"]
            data = {"unit": unit or "quzhengfu", "reason": "受理窗口人工分派：属于该单位职责"}
            await self._perform(no, Act.ASSIGN, Role.RECEPTION, data, when)

        self.plan(at, at_desk)

    def _plan_repeat(self, no: str, at: datetime) -> None:
        """The same person writes again while the matter is open, so the desk joins the two."""

        async def write_again(when: datetime) -> None:
            first, vault = self.submitted.get(no), self.context.settings.vault
            if first and first.person and (await case_queries.load_summary(no)).status in OPEN:
                receipt = await cases.submit(build_repeat(first, no), citizen(""), now=when, vault=vault)
                self.arrived += 1
                await self._perform(receipt.no, Act.MERGE, Role.RECEPTION, build_merge(no), when)

        self.plan(at, write_again)

    def _plan_reply(self, no: str, message: Mapping[str, Any], accepted_at: datetime) -> None:
        pace = self.rng.random()
        slow = message["kind"] in ("appeal", "suggest", "report")
        self.answers[no] = build_answer(message["kind"], message["reply"])
        if pace < 0.80:
            wait = self._hours(6, 24 * (20 if slow else 4))
        elif pace < 0.93:
            wait = self._hours(24 * 6, 24 * (60 if slow else 16))
        else:
            wait = self._hours(24 * 20, 24 * 150)
        if message["kind"] == "consult":
            wait /= 2.5
        if self.rng.random() < 0.12:
            data = {"reason": self._phrase(Act.EXTEND), "days": 10 if slow else 3}
            asked_at = accepted_at + self._hours(10, 20)
            self._queue(no, Act.EXTEND if slow else Act.ENDORSE_EXTENSION, Role.LEAD, data, asked_at)
            if not slow:
                self._queue(no, Act.EXTEND, Role.RECEPTION, data, asked_at + timedelta(hours=2))
            wait += timedelta(days=3)
        poor = self.rng.random() < 0.12 and message.get("bad_reply")
        replied_at = accepted_at + wait
        reply = build_answer(message["kind"], message["bad_reply"], "explain") if poor else self.answers[no]
        self._queue(no, Act.REPLY, Role.CLERK, reply, replied_at)
        self._plan_publication(no, message, replied_at + self._hours(2, 30))
        if not slow:
            self._plan_audit(no, replied_at)
        if self.rng.random() < 0.72:
            self._plan_rating(no, bool(poor), replied_at + self._hours(1, 70), rates_desk=slow)
        if not slow:
            self._plan_call_back(no, bool(poor), replied_at, new_reply=message["reply"])

    def _plan_audit(self, no: str, replied_at: datetime) -> None:
        """Reception looks at most results before anybody is called (国办发〔2020〕53号)."""
        if self.rng_extra.random() < 0.92:
            audited_at = replied_at + timedelta(hours=self.rng_extra.uniform(2, 20))
            self._queue(no, Act.AUDIT, Role.RECEPTION, {"text": "办理结果与诉求相符。"}, audited_at)

    def _plan_publication(self, no: str, message: Mapping[str, Any], at: datetime) -> None:
        async def publish(when: datetime) -> None:
            file = await case_queries.load_file(SYSTEM, no, vault=self.context.settings.vault)
            is_in_danger = any(code.startswith(flags.SELF_HARM) for code in file.flags.split())
            if not file.public_consent or file.status is not Status.REPLIED or is_in_danger:
                return
            desk = await self._actor("reception")
            redactor = await publication.load_redactor(self.context, SYSTEM, no)
            data = {
                "title": redactor.mask(file.title),
                "question": redactor.mask(file.text),
                "answer": redactor.mask(message["reply"]),
            }
            await cases.act(no, Act.PUBLISH, desk, data, now=when)

        if self.rng.random() < 0.7:
            self.plan(at, publish)

    def _plan_call_back(self, no: str, poor: bool, replied_at: datetime, new_reply: str) -> None:
        """Reception calls most people back after some days, and writes down what they say (国办发〔2020〕53号).

        What they are not content with goes back and is answered with `new_reply`.
        """
        at = replied_at + timedelta(days=self.rng_extra.uniform(3, 7))
        outcome = self.rng_extra.choices(
            ["satisfied", "unsatisfied", "unreached"], [2, 7, 1] if poor else [80, 10, 10]
        )[0]
        data = {"outcome": outcome, "text": "电话回访。"}
        if outcome != "unreached":
            data["contacted"] = self.rng_extra.choices(["yes", "no"], [6, 4] if poor else [93, 7])[0]
            data["solved"] = self.rng_extra.choices(
                ["solved", "partly", "unsolved"], [1, 4, 5] if poor else [80, 12, 8]
            )[0]
        if self.rng_extra.random() < 0.75:
            self._queue(no, Act.CALL_BACK, Role.RECEPTION, data, at)
            if outcome == "unsatisfied":
                self._queue(
                    no, Act.REPLY, Role.CLERK, {"text": new_reply}, at + timedelta(days=self.rng_extra.uniform(1, 5))
                )

    def _plan_rating(self, no: str, poor: bool, at: datetime, *, rates_desk: bool) -> None:
        level = self.rng.choices([5, 4, 3, 2, 1], [5, 10, 15, 40, 30] if poor else [44, 28, 16, 8, 4])[0]
        tags = self.rng.sample([i.code for i in scale.list_indicators(level)], self.rng.randrange(1, 3))
        comments = [c["text"] for c in self.phrases["comment"] if c["level"] == level]
        data: dict[str, Any] = {"level": level, "tags": tags}
        if comments and self.rng.random() < 0.6:
            data["text"] = self.rng.choice(comments)
        if rates_desk and self.rng_extra.random() < 0.8:
            data["desk_level"] = self.rng_extra.choices([4, 3, 2], [7, 2, 1])[0]
        self._queue(no, Act.RATE, Role.CITIZEN, data, at)

    def _plan_rectification(self, no: str, at: datetime) -> None:
        if self.rng.random() < 0.1:
            return  # nobody cares for it: it will turn red
        accepted_at = at + self._hours(1, 8)
        self._queue(no, Act.ACCEPT, Role.CLERK, {}, accepted_at)
        words = {"text": "已与评价人联系，核实了不满意的具体原因。"}
        self._queue(no, Act.CONTACT, Role.CLERK, words, accepted_at + self._hours(1, 12))
        rectified_at = accepted_at + self._hours(24, 24 * 7)
        self._queue(no, Act.RECTIFY, Role.CLERK, {"text": "已向当事人说明并重新办理，内部已通报整改。"}, rectified_at)
        outcome = {"outcome": "satisfied", "text": "电话回访，评价人对整改结果表示认可。"}
        self._queue(no, Act.CALL_BACK, Role.RECEPTION, outcome, rectified_at + self._hours(5, 60))

    def _phrase(self, act: Act) -> str:
        texts = [row["text"] for row in self.phrases["reason"] if row["act"] == act.value]
        return str(self.rng.choice(texts)) if texts else "情况说明见附件。"
