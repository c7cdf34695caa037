"""The API call that puts a service handling (办件) into the register, so that its applicant may rate it."""

from typing import Annotated

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from evaluation.ratings import handlings
from evaluation.ratings.handlings import HandlingDraft, Node
from evaluation.ratings.submission import HANDLING_MOST
from feedback.kernel.errors import Invalid
from web.api.request_parsing import parse_body
from web.api.schemas.requests import described
from web.api.serializers import json_response
from web.auth.permissions import current_actor
from web.context import AppContext
from web.presentation import rating_links


class NewHandling(Struct):
    """A handling of the unit of whoever registers it."""

    handling_no: Annotated[str, described("办件编号", maxLength=HANDLING_MOST)]
    matter: Annotated[str, described("办理事项代码")]
    window: Annotated[str, described("窗口", maxLength=handlings.WINDOW_MOST)] = ""
    phone: Annotated[str, described("申请人手机号，只存校验值，用来核对评价人")] = ""
    node: Annotated[str, described("accepted 已受理 · concluded 已办结")] = Node.CONCLUDED.value


class HandlingOut(Struct):
    """A registered handling, and what its applicant rates it by."""

    handling_no: str
    matter: str
    unit: str
    rate_url: Annotated[str, described("评价页面，带令牌")]
    token: Annotated[str, described("评价令牌，只能评这一件")]
    code: Annotated[str, described("印在受理单上的评价码")]
    qr_url: Annotated[str, described("评价页面的二维码图片（SVG）")]


async def register(request: Request) -> Response:
    """201 for a new handling, 200 with the same answer for one registered before."""
    context: AppContext = request.app.state.context
    values, faults = await parse_body(request, NewHandling)
    if values.get("node") not in set(Node):
        faults.setdefault("node", "unknown")
    if faults:
        raise Invalid(faults)
    draft = HandlingDraft(**{**values, "node": Node(values["node"])})
    settings = context.settings
    actor = current_actor(request)
    view, is_new = await handlings.register(draft, actor, now=context.clock.now(), vault=settings.vault)
    answer = HandlingOut(
        handling_no=view.handling_no,
        matter=view.matter,
        unit=view.unit,
        rate_url=rating_links.service_address(settings, request, view.token),
        token=view.token,
        code=view.code,
        qr_url=rating_links.picture_address(settings, request, view.token),
    )
    return json_response(answer, 201 if is_new else 200)
