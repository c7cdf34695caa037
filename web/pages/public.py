"""What does anybody see without a code: the home page, the guide, notices, and how a deadline is counted?"""

from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from feedback import calendars, published
from feedback.intake import narrow
from feedback.kernel.clock import office_day
from feedback.kernel.errors import Invalid
from feedback.terms import Holder, Length, Term, Unit, in_force
from feedback.vocabulary import Profile
from routing import directory
from web import counting, labels
from web.office import Office
from web.pages import law, rating, replies, scores
from web.pages.replies import reply_line
from web.pages.scores import home_figures

DAYS_MOST = 1000
COMMON = (
    ("count=15&unit=cd", "15 日：信访事项登记转送、受理告知（信访工作条例第二十二条、第二十三条）"),
    ("count=5&unit=wd", "5 个工作日：对转送提出异议（信访工作条例第二十三条）"),
    ("count=60&unit=cd", "60 日：信访事项办结（信访工作条例第三十四条）"),
    ("count=30&unit=cd", "30 日：复查、复核（信访工作条例第三十五条、第三十六条）"),
    ("count=7&unit=wd", "7 个工作日：热线投诉、求助从提交到答复（本平台承诺）"),
)
PROFILE_WORDS = {Profile.PETITION: "信访事项", Profile.HOTLINE: "热线诉求", Profile.RATING: "差评整改"}


async def home(request: Request) -> Response:
    """The three big entries, what happens to a message, newest replies and figures."""
    office: Office = request.app.state.office
    names, calendar = await directory.snapshot(), await calendars.current()
    newest = await published.public_replies(size=5)
    month, figures = await home_figures()
    context = {
        "replies": [reply_line(row, names, "", calendar) for row in newest.items],
        "figures": figures,
        "month": month,
    }
    return office.render(request, "public/home.html", context)


async def guide(request: Request) -> Response:
    """What is accepted, what is not and where it belongs, and the terms as the table says them."""
    office: Office = request.app.state.office
    rows = [_term_words(term) for term in in_force(office_day(office.clock.now())) if term.holder is not Holder.CO]
    return office.render(request, "public/guide.html", {"terms": rows})


def _term_words(term: Term) -> dict[str, str]:
    kinds = "" if len(term.kinds) > len(labels.KINDS) - 2 else "、".join(labels.KINDS[k] for k in sorted(term.kinds))
    profiles = "、".join(PROFILE_WORDS[p] for p in Profile if p in term.profiles)
    longer = f"，经批准可以延长 {term.longer_by} {labels.UNITS_OF_LENGTH[term.length.unit]}" if term.longer_by else ""
    return {
        "label": f"{term.label}（{kinds or profiles}）",
        "words": f"{term.length.count} {labels.UNITS_OF_LENGTH[term.length.unit]}{longer}"
        if not term.until
        else "到文书写明的日期",
        "law": term.law,
    }


async def privacy(request: Request) -> Response:
    """What is kept of a person, who sees it, for how long."""
    office: Office = request.app.state.office
    context = {"retention_years": office.settings.retention_years, "draft_days": office.settings.draft_days}
    return office.render(request, "public/privacy.html", context)


async def accessibility(request: Request) -> Response:
    office: Office = request.app.state.office
    return office.render(request, "public/accessibility.html", {})


async def offline(request: Request) -> Response:
    office: Office = request.app.state.office
    return office.render(request, "public/offline.html", {})


async def favicon(request: Request) -> Response:
    return RedirectResponse("/static/favicon.svg", status_code=308)


async def deadline(request: Request) -> Response:
    """A deadline with every day of the count, for people to check by hand."""
    office: Office = request.app.state.office
    today = office_day(office.clock.now())
    q = request.query_params
    typed = {
        "start": q.get("start", today.isoformat()),
        "count": q.get("count", "15"),
        "unit": q.get("unit", "cd"),
    }
    context: dict[str, Any] = {
        "typed": typed,
        "errors": {},
        "result": None,
        "common": [(f"/deadline?start={typed['start']}&{query}", words) for query, words in COMMON],
    }
    if "count" not in q:
        return office.render(request, "public/deadline.html", context)
    try:
        day, length = _asked(typed)
    except Invalid as fault:
        context["errors"] = {name: _FAULT_WORDS[code] for name, code in fault.fields.items()}
        return office.render(request, "public/deadline.html", context, status=422)
    context["result"] = counting.counted(day, length, await calendars.current())
    return office.render(request, "public/deadline.html", context)


_FAULT_WORDS = {
    "not_a_day": "请填写日期，例如 2026-02-02",
    "not_a_count": f"天数应为 1 到 {DAYS_MOST} 的整数",
    "not_a_unit": "请选择按日还是按工作日计算",
}


def _asked(typed: dict[str, str]) -> tuple[date, Length]:
    faults = {}
    day, count = date.min, 0
    try:
        day = date.fromisoformat(narrow(typed["start"]))
        if not 2004 <= day.year <= 2100:
            faults["start"] = "not_a_day"
    except ValueError:
        faults["start"] = "not_a_day"
    if narrow(typed["count"]).isdecimal():
        count = int(narrow(typed["count"]))
    if not 1 <= count <= DAYS_MOST:
        faults["count"] = "not_a_count"
    if typed["unit"] not in ("cd", "wd"):
        faults["unit"] = "not_a_unit"
    if faults:
        raise Invalid(faults)
    return day, Length(count, Unit(typed["unit"]))


ROUTES = [
    Route("/", home),
    Route("/guide", guide),
    *law.ROUTES,
    Route("/privacy", privacy),
    Route("/accessibility", accessibility),
    Route("/offline", offline),
    Route("/deadline", deadline),
    Route("/favicon.ico", favicon),
    *replies.ROUTES,
    *rating.ROUTES,
    *scores.ROUTES,
]
