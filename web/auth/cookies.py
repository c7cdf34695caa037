"""Who is at the door? Log-in, sessions of staff, and the cookie that lets a citizen's browser open its own case."""

from starlette.responses import Response

from web.context import AppContext


def set_cookie(response: Response, context: AppContext, name: str, value: str, hours: int) -> None:
    """A cookie no script reads and no other site sends."""
    response.set_cookie(
        name,
        value,
        max_age=hours * 3600,
        httponly=True,
        samesite="lax",
        secure=context.settings.production,
    )


def sign_value(context: AppContext, payload: str, purpose: str = "case-cookie") -> str:
    return context.settings.vault.keyed_hash(purpose, payload)
