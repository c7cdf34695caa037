"""Setting cookies with safe attributes, and signing their values."""

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
