"""The six kinds of refusal a call may raise. Each has a stable `code` and details, never words for people.

Words are made in `web.wording.catalogue`. Anything else that escapes is a bug and shows as 500.
"""

from collections.abc import Mapping


class Refusal(Exception):
    """What all six have in common: a stable code and plain details."""

    code = "refused"

    def __init__(self, code: str = "", **details: object) -> None:
        self.code = code or type(self).code
        self.details = details
        super().__init__(self.code, details)


class Invalid(Refusal):
    """The input is wrong. `fields` names each wrong field and the stable code of its fault."""

    code = "invalid"

    def __init__(self, fields: Mapping[str, str] | None = None, code: str = "", **details: object) -> None:
        self.fields = dict(fields or {})
        super().__init__(code, **details)


class NotFound(Refusal):
    """There is no such thing, or the actor may not know that there is."""

    code = "not_found"


class Forbidden(Refusal):
    """The actor sees the thing but may not do this to it."""

    code = "forbidden"


class Conflict(Refusal):
    """Somebody else changed the thing meanwhile. Look again, then decide again."""

    code = "conflict"


class NotNow(Refusal):
    """Not in this status, or already done."""

    code = "not_now"


class Unavailable(Refusal):
    """Something outside does not answer. Try again later."""

    code = "unavailable"
