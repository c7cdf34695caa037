"""What providers of short messages call back: receipts, each verified before anything is believed.

A gateway signs its receipts like the platform its messages (`web.notify.sms.sender`). Alibaba Cloud signs nothing, so
its address holds a key derived from the secret; the administrator reads it at /admin/messages.
"""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from feedback.kernel import identifiers
from feedback.kernel.errors import Invalid
from routing.notices.catalogue import DeliveryChannel
from routing.notices.citizen_delivery import store_receipt
from web.auth.sessions import Unauthorized
from web.context import AppContext
from web.notify.sms import sender as sms_sender
from web.notify.sms_aliyun import sender as aliyun_sender

PREFIX = aliyun_sender.CALLBACKS
_RECEIPTS_MOST = 1000


async def gateway_receipts(request: Request) -> Response:
    """Receipts of the operator's own gateway. Raises Unauthorized without a signature of the last five minutes."""
    context: AppContext = request.app.state.context
    settings, body = context.settings, await request.body()
    signature = request.headers.get(sms_sender.SIGNATURE_HEADER, "")
    if settings.sms_provider != "http" or not sms_sender.is_signed(
        settings.sms_secret, signature, body, context.clock.now()
    ):
        raise Unauthorized
    receipts = _read(sms_sender.parse_receipts, body)
    return await _store(context, receipts, {"ok": True})


async def aliyun_receipts(request: Request) -> Response:
    """Reports (SmsReport) that Alibaba Cloud pushes. Raises Unauthorized for an address with another key."""
    context: AppContext = request.app.state.context
    settings = context.settings
    key = request.path_params["key"]
    if settings.sms_provider != "aliyun" or not identifiers.constant_time_equal(
        key, aliyun_sender.callback_key(settings)
    ):
        raise Unauthorized
    receipts = _read(aliyun_sender.parse_reports, await request.body())
    return await _store(context, receipts, {"code": 0, "msg": "接收成功"})


def _read(parse: Any, body: bytes) -> list[Any]:
    """The receipts in a body. Raises Invalid."""
    try:
        receipts: list[Any] = parse(json.loads(body))
    except ValueError as fault:
        raise Invalid(code="not_json") from fault
    if len(receipts) > _RECEIPTS_MOST:
        raise Invalid(code="not_json")
    return receipts


async def _store(context: AppContext, receipts: list[tuple[str, bool, str]], answer: dict[str, Any]) -> Response:
    changed = 0
    for reference, arrived, error in receipts:
        changed += await store_receipt(
            DeliveryChannel.SMS, reference, context.clock.now(), arrived=arrived, error=error
        )
    if changed:
        context.wake()
    return JSONResponse(answer)


ROUTES = [
    Route("/sms", gateway_receipts, methods=["POST"]),
    Route("/sms-aliyun/{key}", aliyun_receipts, methods=["POST"]),
]
