"""Where a handling is rated: the address that its slip, its QR code and the answers of the API share."""

from starlette.requests import Request

from feedback.kernel.settings import Settings


def service_address(settings: Settings, request: Request, token: str) -> str:
    """The page of a token, under PUBLIC_URL where it is set, else as the request came."""
    return f"{_base(settings, request)}/rate/service?t={token}"


def picture_address(settings: Settings, request: Request, token: str) -> str:
    """The QR code of that page as a picture (SVG)."""
    return f"{_base(settings, request)}/rate/codes/{token}.svg"


def _base(settings: Settings, request: Request) -> str:
    return (settings.public_url or str(request.base_url)).rstrip("/")
