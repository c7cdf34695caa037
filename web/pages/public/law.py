"""The help page of articles behind choices and steps, made from the tables the forms use."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from feedback.rules import decision_grounds
from feedback.rules.lifecycle import STEPS, Step
from feedback.rules.local_ordinances import cite_with_ordinance
from feedback.rules.vocabulary import Profile
from web.context import AppContext
from web.wording import acts, catalogue

_TABLES = (
    ("不予受理、不再受理和告知的情形", decision_grounds.GROUNDS),
    ("申诉求决的法定途径", decision_grounds.LEGAL_ROUTES),
    ("处理意见的结论", decision_grounds.OUTCOMES),
    ("督办的情形", decision_grounds.TRIGGERS),
    ("终止的情形", decision_grounds.TERMINATIONS),
)
_LETTERS = {
    decision_grounds.GroundLetter.NOT_ACCEPTED: "不予受理",
    decision_grounds.GroundLetter.NOT_AGAIN: "不再受理",
    decision_grounds.GroundLetter.GUIDE: "告知向有权机关提出",
}


async def law(request: Request) -> Response:
    """Every ground, route, outcome, trigger and step with its article."""
    context: AppContext = request.app.state.context
    tables = [(title, [_row(row) for row in rows if row.offered]) for title, rows in _TABLES]
    steps = [_step(step) for step in STEPS if step.law]
    return context.render(request, "public/law.html", {"tables": tables, "steps": steps})


def _row(row: decision_grounds.DecisionGround) -> dict[str, Any]:
    return {
        "label": row.label,
        "law": row.law,
        "says": row.says,
        "more": "；".join(
            words for words in (row.own_limit, _LETTERS.get(row.letter, "") if row.letter else "") if words
        ),
        "profiles": _profiles(row.profiles),
    }


def _step(step: Step) -> dict[str, str]:
    roles = dict.fromkeys(catalogue.ROLES[role.value] for role, _ in sorted(step.who))
    return {
        "label": acts.ACTS[step.act].label,
        "who": "、".join(roles),
        "law": cite_with_ordinance(step.act, step.profiles, step.law),
        "remark": step.remark,
        "profiles": _profiles(step.profiles),
    }


def _profiles(profiles: frozenset[Profile]) -> str:
    return (
        "全部"
        if len(profiles) == len(Profile)
        else "、".join(catalogue.PROFILES[p.value] for p in Profile if p in profiles)
    )
