"""Pages of bad ratings, disputes about them, and requests to exclude a case from the rates."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from evaluation.ratings import bad_reviews, disputes, exclusions, rating_access
from evaluation.ratings.disputes import BadReviewView
from evaluation.ratings.submission import REASON_MOST
from feedback.kernel import identifiers, paging
from feedback.kernel.clock import office_day
from feedback.kernel.errors import Conflict, Forbidden, Invalid, NotFound, NotNow
from feedback.rules import access
from feedback.rules.access import Actor
from feedback.rules.vocabulary import Role
from routing import directory
from routing.directory import Directory
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms import parsing
from web.forms.filters import note_unknown
from web.presentation import desk_frame
from web.wording import catalogue, dates

DONE = {
    "dispute": "已提交申诉，由被评价单位以外的人复核",
    "judge": "复核结论已记下，评价人看得到理由",
    "exclude": "已申请剔除，等待批准",
    "decide": "已记下",
}
_INSTANT = timedelta(milliseconds=1)  # the limit itself is the first instant too late
STATES = {"asked": "等待批准", "approved": "已批准剔除", "refused": "不同意剔除"}
_Step = Callable[[AppContext, Actor, FormData], Awaitable[None]]


async def page(request: Request) -> Response:
    """Bad ratings with their stage, and exclusions, as far as this person sees them."""
    return await _shown(request, current_actor(request))


async def _shown(request: Request, actor: Actor, errors: dict[str, str] | None = None, status: int = 200) -> Response:
    context: AppContext = request.app.state.context
    names, now = await directory.load_directory(), context.clock.now()
    note_unknown(request)
    page = paging.parse_page_number(request.query_params.get("page", ""))
    reviews = await disputes.list_bad_reviews(actor, now=now, page=page)
    done = request.query_params.get("done", "")
    values = {
        **desk_frame.frame_values(actor, names),
        "rows": [_row(view, names) for view in reviews.items],
        "found": reviews,
        "stages": bad_reviews.RECTIFICATION_STAGES,
        "exclusions": [_exclusion(row, names, actor) for row in await exclusions.list_requests(actor)],
        "may_register": rating_access.may_register_handlings(actor, actor.unit),
        "may_exclude": access.has_role(actor, (Role.CLERK, Role.LEAD)),
        "reason_most": REASON_MOST,
        "errors": errors or {},
        "flash": {"kind": "good", "title": DONE[done]} if done in DONE else None,
    }
    return context.render(request, "desk/bad_ratings.html", values, status=status)


def _row(view: BadReviewView, names: Directory) -> dict[str, Any]:
    rating = view.rating
    return {
        "id": rating.id,
        "unit": names.short(rating.unit),
        "level": rating.level_text,
        "what": rating.matter_name or rating.case_no or "匿名评价",
        "text": rating.text,
        "tags": "；".join(text for _, text in rating.tags),
        "at": dates.short_time(rating.at),
        "stage": bad_reviews.STAGE_BY_STATE[view.stage].name,
        "due": dates.day_words(office_day(view.due_at - _INSTANT)) if view.due_at else "",
        "rectify_no": rating.rectify_no,
        "dispute_reason": view.dispute_reason,
        "set_aside": rating.set_aside,
        "may_dispute": view.may_dispute,
        "may_judge": view.may_judge,
    }


def _exclusion(row: Any, names: Directory, actor: Actor) -> dict[str, Any]:
    return {
        "no": row["case_no"],
        "unit": names.short(row["unit"]),
        "reason": row["reason"],
        "answer": row["answer"],
        "state": STATES[row["status"]],
        "may_decide": row["status"] == exclusions.ExclusionState.ASKED
        and rating_access.may_decide_exclusion(actor, row["unit"]),
    }


async def dispute(context: AppContext, actor: Actor, form: FormData) -> None:
    await disputes.dispute_rating(
        parsing.read_field(form, "id"), actor, parsing.read_field(form, "reason"), now=context.clock.now()
    )


async def judge(context: AppContext, actor: Actor, form: FormData) -> None:
    stands = parsing.read_yes_no(form, "stands")
    await disputes.decide_dispute(
        parsing.read_field(form, "id"),
        actor,
        is_valid=stands,
        reason=parsing.read_field(form, "reason"),
        now=context.clock.now(),
    )


async def exclude(context: AppContext, actor: Actor, form: FormData) -> None:
    no, vault = identifiers.normalize_case_number(parsing.read_field(form, "no")), context.settings.vault
    await exclusions.request_exclusion(
        no, actor, parsing.read_field(form, "reason"), now=context.clock.now(), vault=vault
    )


async def decide(context: AppContext, actor: Actor, form: FormData) -> None:
    agreed = parsing.read_yes_no(form, "agreed")
    answer = parsing.read_field(form, "reason")
    await exclusions.decide_exclusion(
        parsing.read_field(form, "no"), actor, is_approved=agreed, answer=answer, now=context.clock.now()
    )


STEPS: dict[str, _Step] = {"dispute": dispute, "judge": judge, "exclude": exclude, "decide": decide}


async def take(request: Request) -> Response:
    """Take one of the four steps, and show what is wrong at the top of the page."""
    context: AppContext = request.app.state.context
    actor = current_actor(request)
    step = request.url.path.rpartition("/")[2]
    async with request.form() as form:
        try:
            await STEPS[step](context, actor, form)
        except Invalid as fault:
            errors = {name: catalogue.fault_words(name, code) for name, code in fault.fields.items()}
            return await _shown(request, actor, errors, 422)
        except NotFound:
            return await _shown(request, actor, {"no": "没有找到，请核对编号"}, 404)
        except (NotNow, Conflict, Forbidden) as refused:
            return await _shown(request, actor, {"reason": catalogue.error_words(refused.code)}, 409)
    return RedirectResponse(f"/desk/ratings?done={step}", status_code=303)
