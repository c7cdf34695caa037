"""API calls that list terms, steps, choices and letters with the articles they rest on."""

from typing import Annotated

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel.clock import office_day
from feedback.rules import decision_grounds, letter_types
from feedback.rules.decision_grounds import DecisionGround
from feedback.rules.lifecycle import STEPS, Step
from feedback.rules.local_ordinances import cite_with_ordinance
from feedback.rules.terms import Term, list_terms_in_force
from feedback.rules.vocabulary import Kind, Profile, Stage
from web.api.schemas.requests import described
from web.api.serializers import REFERENCE_CACHE, json_response
from web.context import AppContext
from web.wording import acts

_CHOICES = {
    "ground": decision_grounds.GROUNDS,
    "legal_route": decision_grounds.LEGAL_ROUTES,
    "outcome": decision_grounds.OUTCOMES,
    "trigger": decision_grounds.TRIGGERS,
    "termination": decision_grounds.TERMINATIONS,
}


class LawTerm(Struct):
    """A limit (时限)."""

    id: Annotated[str, described("这一行的编号，引文或名称更正后不变")]
    code: str
    label: str
    holder: Annotated[
        str, described("谁的时限：own 对群众、desk 受理窗口、lead 承办单位、co 协办单位、citizen 群众自己")
    ]
    length: Annotated[str, described("如 60cd 日、5wd 工作日、2h 小时、30min 分钟")]
    longer_by: Annotated[int, described("最多可以延长多少，单位同上")]
    law: str
    profiles: list[Profile]
    kinds: list[Kind]
    stages: list[Stage]


class LawStep(Struct):
    """A step (办理环节) that has an article."""

    act: str
    label: str
    roles: list[str]
    law: str
    remark: str
    profiles: list[Profile]
    kinds: list[Kind]


class LawChoice(Struct):
    """A choice a form offers: a ground, a legal route, an outcome or a trigger of a supervision order (情形)."""

    table: Annotated[
        str,
        described("ground 不予受理等情形、legal_route 法定途径、outcome 结论、trigger 督办情形、termination 终止情形"),
    ]
    code: str
    label: str
    law: str
    says: Annotated[str, described("规定要点")]
    profiles: list[Profile]
    kinds: list[Kind]
    stages: list[Stage]


class LawLetter(Struct):
    """A letter (文书)."""

    code: str
    title: str
    act: str
    law: str


class Law(Struct):
    """All rows, each with its article."""

    terms: list[LawTerm]
    steps: list[LawStep]
    choices: list[LawChoice]
    letters: list[LawLetter]


async def law(request: Request) -> Response:
    """Terms, steps, choices and letters, each with its article."""
    context: AppContext = request.app.state.context
    terms = list_terms_in_force(office_day(context.clock.now()))
    answer = Law(
        terms=[_build_term(term) for term in terms],
        steps=[_build_step(step) for step in STEPS if step.law],
        choices=[_build_choice(name, row) for name, rows in _CHOICES.items() for row in rows if row.offered],
        letters=[
            LawLetter(row.code, row.title, row.act, letter_types.cite_law(row.law))
            for row in letter_types.ALL
            if not row.internal
        ],
    )
    return json_response(answer, headers=REFERENCE_CACHE)


def _build_term(term: Term) -> LawTerm:
    return LawTerm(
        id=term.id,
        code=term.code,
        label=term.label,
        holder=term.holder.value,
        length=str(term.length),
        longer_by=term.longer_by,
        law=term.law,
        profiles=sorted(term.profiles),
        kinds=sorted(term.kinds),
        stages=sorted(term.stages),
    )


def _build_step(step: Step) -> LawStep:
    return LawStep(
        act=step.act.value,
        label=acts.ACTS[step.act].label,
        roles=sorted({role.value for role, _ in step.who}),
        law=cite_with_ordinance(step.act, step.profiles, step.law),
        remark=step.remark,
        profiles=sorted(step.profiles),
        kinds=sorted(step.kinds),
    )


def _build_choice(table: str, row: DecisionGround) -> LawChoice:
    return LawChoice(
        table=table,
        code=row.code,
        label=row.label,
        law=row.law,
        says=row.says,
        profiles=sorted(row.profiles),
        kinds=sorted(row.kinds),
        stages=sorted(row.stages),
    )
