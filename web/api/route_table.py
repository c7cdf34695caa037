"""The row type that describes a call of the API; routes, document and readable page are made from the rows."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from msgspec import Struct
from msgspec.structs import fields
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from web.auth.permissions import Require, Requirement
from web.forms.filters import refuse_unknown

Handler = Callable[[Request], Awaitable[Response]]
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Call:
    """One row: where it is, who may call it, what goes in and what comes out.

    `faults` are the statuses of its errors beside those that follow from the rest of the row.
    """

    method: str
    path: str
    handler: Handler
    requires: Requirement
    title: str
    answers: Mapping[int, type[Struct] | None]
    body: type[Struct] | None = None
    query: type[Struct] | None = None
    faults: tuple[int, ...] = ()
    remark: str = ""
    media: str = _JSON
    takes_file: bool = False
    takes_more: bool = False  # fields beside those of the type: what the step at hand needs
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def statuses(self) -> tuple[int, ...]:
        """The statuses of its errors."""
        statuses = {429, 503, *self.faults}
        if self.requires is not Requirement.ANYONE:
            statuses |= {401}
        if self.requires_role:
            statuses |= {403}
        if self.body is not None or self.takes_file:
            statuses |= {400, 413, 415, 422}
        if self.query is not None or self.refuses_unknown:
            statuses |= {422}
        return tuple(sorted(statuses))

    @property
    def requires_role(self) -> bool:
        """Whether some of the staff may not make the call."""
        return self.requires.needs_session and self.requires is not Requirement.STAFF

    @property
    def refuses_unknown(self) -> bool:
        """Whether a parameter it does not know is refused: a list would hold something else than was asked for.

        Whoever opens a case with its code may bring more: their addresses come out of letters and other programs.
        """
        is_public_list = self.requires is Requirement.ANYONE and self.query is not None
        return self.method == "GET" and (self.requires.needs_login or is_public_list)

    async def answer(self, request: Request) -> Response:
        """What the handler answers.

        Raises Invalid with code "unknown_filter".
        """
        if self.refuses_unknown:
            refuse_unknown(request.query_params, [row.encode_name for row in fields(self.query)] if self.query else [])
        return await self.handler(request)


def routes(calls: Iterable[Call]) -> list[Route]:
    """The routes of the calls; where one needs a session, nobody else reaches its handler."""
    return [
        Route(
            call.path,
            call.answer,
            methods=[call.method],
            middleware=[Middleware(Require, call.requires)] if call.requires.needs_login else None,
        )
        for call in calls
    ]
