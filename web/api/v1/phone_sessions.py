"""API calls by which a citizen logs in with a telephone number: a code by text, then the code for a session."""

from typing import Annotated

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel.errors import Invalid
from web.api.request_parsing import parse_body, read_body
from web.api.schemas.requests import described
from web.api.schemas.responses import Instant
from web.api.serializers import json_response
from web.auth import citizen_sessions, phone_codes
from web.wording import dates

PhoneNumber = Annotated[str, described("手机号码；境外号码带国家或地区代码，例如 +85291234567")]


class PhoneIn(Struct):
    """To which number the code goes (获取验证码)."""

    phone: PhoneNumber


class PhoneProofIn(Struct):
    """The code that came by text (验证码登录)."""

    phone: PhoneNumber
    code: Annotated[str, described("短信里的 6 位验证码")]
    keep: Annotated[bool, described("自己的设备上保持登录 30 天；不写为 2 小时，30 分钟没有请求也会失效")] = False


class PhoneCodeOut(Struct):
    """The same for every number (验证码已处理)."""

    expires_in: Annotated[int, described("验证码的有效秒数")]
    resend_after: Annotated[int, described("多少秒后可以再要一个")]


class CitizenSessionOut(Struct):
    """A citizen's session (群众登录)."""

    token: Annotated[str, described("放在 Authorization: Bearer 里")]
    expires_at: Instant


async def send_code(request: Request) -> Response:
    """Send a code. The answer tells nothing of the number."""
    values = await read_body(request, PhoneIn)
    await phone_codes.send_code(request, phone_codes.clean_phone(values["phone"]))
    seconds = int(phone_codes.LIFETIME.total_seconds()), int(phone_codes.RESEND.total_seconds())
    return json_response(PhoneCodeOut(*seconds), 202)


async def verify(request: Request) -> Response:
    """A session for whoever read the code."""
    values, faults = await parse_body(request, PhoneProofIn)
    if faults:
        raise Invalid(faults)
    phone = phone_codes.clean_phone(values["phone"])
    phone_hash = await phone_codes.prove_phone(request, phone, values["code"])
    token, expires_at = await citizen_sessions.open_session(request, phone, phone_hash, is_kept=values["keep"])
    return json_response(CitizenSessionOut(token, dates.iso(expires_at)), 201)
