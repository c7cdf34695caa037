"""The receipt page shown after a submission: number, code and next steps with their last days."""

from collections.abc import Mapping
from datetime import date, timedelta

import segno
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from feedback.kernel.errors import NotFound
from feedback.queries import cases as case_queries
from feedback.queries import lookup as case_lookup
from feedback.record import calendar_editions
from feedback.rules.vocabulary import Kind
from routing import directory
from web.auth import citizen_cookie, drafts
from web.context import AppContext
from web.presentation import case as case_views
from web.presentation import dangers
from web.wording import dates

RECEIPT_MINUTES = 30


def promise(kind: str, title: str, text: str, day: date) -> str:
    """By when such a message is answered, in words: sooner when it tells of an emergency."""
    if urgent := dangers.urgent_promise(kind, title, text, day):
        return urgent
    match kind:
        case Kind.CONSULT:
            return "咨询一般在提交后 4 个工作日内答复。"
        case Kind.SUGGEST | Kind.APPEAL:
            return "按信访工作条例办理：15 日内登记转送，15 日内告知是否受理，受理之日起 60 日内办结。"
        case Kind.REPORT:
            return "由有权处理的机关按规定办理，全程保密。"
        case _:
            return "一般在提交后 7 个工作日内答复；危及人身财产安全的优先处理。"


async def receipt(request: Request) -> Response:
    """The receipt of what was just handed in, for half an hour and in this browser only; once on a shared computer.

    Whoever had no network meanwhile sees it once, however late.

    Raises NotFound for anybody else.
    """
    context: AppContext = request.app.state.context
    no = request.path_params["no"]
    citizen = await citizen_cookie.read_citizen(request)
    if citizen is None or citizen.case_no != no:
        raise NotFound(no=no)
    now = context.clock.now()
    file = await case_queries.load_file(citizen, no, vault=context.settings.vault)
    draft = await drafts.load_draft(request)
    is_first_look = draft.get("sent") == no and not draft.get("seen")
    if now > file.received_at + timedelta(minutes=RECEIPT_MINUTES) and not is_first_look:
        return RedirectResponse("/case", status_code=303)
    is_shared = bool(draft.get(drafts.SHARED))
    code = await case_lookup.load_receipt_code(no, context.settings.vault)
    names, calendar = await directory.load_directory(), await calendar_editions.load_current_calendar()
    due = {clock.term: case_views.clock_view(clock, names, now, calendar).due for clock in file.clocks}
    base = context.settings.public_url or str(request.base_url).rstrip("/")
    received = dates.time_words(file.received_at)
    picture = (
        context.settings.site_name,
        f"查询码 {dates.group_code(code)}",
        f"编号 {no}",
        f"{received} 收到",
        f"查询：{base}/lookup",
    )
    values = {
        "is_shared": is_shared,
        "receipt_minutes": RECEIPT_MINUTES,
        "danger": await dangers.find_dangers(file.title, file.text),
        "receipt": {
            "no": no,
            "code": code,
            "when": received,
            "steps": _next_steps(received, due),
            "qr": segno.make(f"{base}/lookup?no={no}", error="m").svg_data_uri(omitsize=True, border=2),
            "picture": "|".join(picture),
        },
    }
    response = context.render(request, "citizen/receipt.html", values)
    if is_shared:  # shown once: whoever sits down next sees neither the code nor the case
        await drafts.delete_draft(request, response)
        await citizen_cookie.forget_case(request, response)
    elif is_first_look:
        await drafts.store_draft(request, response, {**draft, "seen": True})
    return response


def _next_steps(received: str, due: Mapping[str, str]) -> list[dict[str, str]]:
    """What happens next and by when. `due` says the last day of each clock that began with the message."""
    steps = [{"state": "current", "title": "已收到", "when": received}]
    steps.append({"state": "future", "title": "转给承办单位"})
    steps.append({"state": "future", "title": "承办单位受理、核实、办理", "text": "需要延期的会说明理由并告诉您"})
    if "answer" in due:
        steps.append({"state": "future", "title": "给您答复", "when": f"最迟 {due['answer']}"})
    else:
        steps.append({"state": "future", "title": "按规定办理并反馈"})
    return [*steps, {"state": "future", "title": "请您评价"}]
