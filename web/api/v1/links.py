"""API calls about cases that belong together: proposed links, decisions, campaigns."""

from typing import Annotated, Literal

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from feedback import links
from feedback.kernel import identifiers
from feedback.kernel.errors import Invalid
from feedback.rules import intake
from feedback.rules.read_models import LinkView, WorkRow
from feedback.rules.vocabulary import Status
from web.actions import links as link_actions
from web.api.request_parsing import parse_body, read_body, read_path, read_query
from web.api.schemas.requests import described
from web.api.schemas.responses import Instant
from web.api.serializers import json_response
from web.auth import permissions
from web.context import AppContext
from web.wording import dates


class LinkedCase(Struct):
    """One end of a link."""

    no: str
    title: str
    status: Status
    unit: Annotated[str, described("承办单位代码；还没有派出的为空")]
    received_at: Instant


class LinkOut(Struct):
    """That two cases belong together: proposed with its evidence, or decided (关联件)."""

    id: int
    kind: Annotated[
        str, described("repeat_of campaign merged_into split_from new_facts_of；不知道是谁反映的为 same_matter")
    ]
    state: Annotated[str, described("proposed 待判断 · confirmed 已确认 · dismissed 不是同一件")]
    later: Annotated[LinkedCase, described("后来的一件")]
    earlier: Annotated[LinkedCase, described("先前的一件")]
    same_person: bool
    known_by: Annotated[list[str], described("phone id name：凭什么知道是同一人")]
    likeness: Annotated[float, described("文字相似，0 到 1")]
    passages: Annotated[list[str], described("两件都有的文字")]
    days: Annotated[int, described("相隔的天数")]
    same_place: bool
    decided_by: str | None
    decided_at: Instant | None


class LinkList(Struct):
    items: list[LinkOut]


class LinkQuery(Struct):
    """Which proposals of the desk."""

    kind: Annotated[Literal["repeats", "campaigns"], described("repeats 重件 · campaigns 多人反映的同类件")] = "repeats"


class LinkIn(Struct):
    """An earlier case to link a case to."""

    case: Annotated[str, described("先前一件的编号", minLength=1)]
    kind: Annotated[str, described("repeat_of new_facts_of campaign split_from")]


class LinkDecisionIn(Struct):
    """What is decided about a link."""

    decision: Annotated[
        str,
        described(
            "merge 并案 · answer 告知先前一件的办理情况 · confirm 确认 · new_facts 有新事实 · dismiss 不是同一件"
        ),
    ]
    expect: Annotated[str, described("看到的状态；别人已经判断时返回 409。不填就以现在的状态为准")] = ""


class CampaignOut(Struct):
    """A matter several people bring, as far as one sees its cases; the first one first."""

    items: list[LinkedCase]


class CampaignIn(Struct):
    """One answer for the cases of a campaign."""

    cases: Annotated[list[str], described("要答复的编号")]
    text: Annotated[
        str,
        described("答复；【编号】【标题】【收到日期】逐件替换", minLength=1, maxLength=link_actions.TEXT_MOST),
    ]
    send: Annotated[bool, described("false 只看哪些可以答复")] = False


class CampaignReply(Struct):
    """What became of one case."""

    no: str
    sent: bool
    why_not: Annotated[str | None, described("不能答复的原因")]


class CampaignReplies(Struct):
    items: list[CampaignReply]


async def proposed(request: Request) -> Response:
    """What waits for a decision of this desk."""
    kind = read_query(request, LinkQuery)["kind"]
    views = await links.list_pending(permissions.current_actor(request), campaigns=kind == "campaigns")
    return json_response(LinkList([_build_link(view) for view in views]))


async def of_case(request: Request) -> Response:
    """The links of a case, as far as the caller may know of them."""
    views = await links.list_links(permissions.current_actor(request), read_path(request, "no"))
    return json_response(LinkList([_build_link(view) for view in views]))


async def add(request: Request) -> Response:
    """Link a case to an earlier one."""
    context: AppContext = request.app.state.context
    actor, no = permissions.current_actor(request), read_path(request, "no")
    values = await read_body(request, LinkIn)
    await link_actions.add_link(
        context, actor, no, identifiers.normalize_case_number(intake.clean_line(values["case"])), values["kind"]
    )
    return json_response(LinkList([_build_link(view) for view in await links.list_links(actor, no)]), 201)


async def decide(request: Request) -> Response:
    """Decide about a link."""
    context: AppContext = request.app.state.context
    actor, number = permissions.current_actor(request), read_path(request, "id")
    values, faults = await parse_body(request, LinkDecisionIn)
    if not faults and values["decision"] not in link_actions.DECISIONS:
        faults["decision"] = "unknown"
    if faults:
        raise Invalid(faults)
    link = await link_actions.load_link(actor, number)
    await link_actions.decide_link(context, actor, link, values["decision"], expect=values["expect"])
    return json_response(_build_link(await link_actions.load_link(actor, number)))


async def campaign(request: Request) -> Response:
    """The cases of a campaign."""
    head, members = await links.load_campaign(permissions.current_actor(request), read_path(request, "no"))
    return json_response(CampaignOut([_build_linked_case(row) for row in (head, *members)]))


async def answer(request: Request) -> Response:
    """Answer the cases of a campaign alike, or look at which could be."""
    context: AppContext = request.app.state.context
    actor, no = permissions.current_actor(request), read_path(request, "no")
    values, faults = await parse_body(request, CampaignIn)
    text = intake.clean_paragraph(values.get("text", ""))
    if "text" not in faults and not 0 < len(text) <= link_actions.TEXT_MOST:
        faults["text"] = "too_long" if text else "missing"
    if faults:
        raise Invalid(faults)
    head, members = await links.load_campaign(actor, no)
    chosen = {identifiers.normalize_case_number(intake.clean_line(case_no)) for case_no in values["cases"]}
    rows = [row for row in (head, *members) if row.no in chosen]
    outcome = await link_actions.reply_to_all(context, actor, rows, text, is_sent=values["send"])
    items = [CampaignReply(no, values["send"] and not why, why or None) for no, why in outcome.items()]
    return json_response(CampaignReplies(items))


def _build_link(view: LinkView) -> LinkOut:
    later, earlier = (view.here, view.there) if view.is_later else (view.there, view.here)
    return LinkOut(
        id=view.id,
        kind=view.kind,
        state=view.state,
        later=_build_linked_case(later),
        earlier=_build_linked_case(earlier),
        same_person=view.same_person,
        known_by=list(view.person),
        likeness=round(max(view.cosine, view.held), 4),
        passages=list(view.passages),
        days=view.days,
        same_place=view.same_place,
        decided_by=view.decided_name or None,
        decided_at=dates.iso(view.decided_at) if view.decided_at else None,
    )


def _build_linked_case(row: WorkRow) -> LinkedCase:
    return LinkedCase(row.no, row.title, Status(row.status), row.unit, dates.iso(row.received_at))
