"""A question to answer before a message is taken in, while very many come from one network or name one telephone.

Asked is a sum in words, as plain text in the page: a screen reader speaks it, no picture has to be seen and no sound to
be heard, and it works without scripts. Whoever cannot answer it telephones: the desk takes the message down, and staff
are never asked (WCAG 2.2, 1.1.1 and 3.3.8: an alternative that asks for no cognitive test). A picture with a recording,
as in the package `captcha`, was not taken: its voices are English, and programs read both better than people do.

What it stops: floods by programs that were not written for this site, a form sent again and again by a script, and
whoever would have to pay a person for each message. What it does not stop: a program written for it, which must then
ask for a token and answer it for every single message within the limits of `submit_per_minute`.

A token is sealed, bound to the network, good for ten minutes and for one message. It needs no row: those used are
remembered where limits are counted (in Redis for several processes, else by each for itself).
"""

import secrets
import unicodedata
from datetime import datetime, timedelta

import msgspec
from starlette.requests import Request

from feedback.kernel import identifiers
from feedback.kernel.errors import Forbidden
from web.auth.metering import phone_key
from web.context import AppContext
from web.http.limits import Limiter, TooMany
from web.wording import catalogue

ANSWER_HEADER = "X-Challenge-Answer"
LIFETIME = timedelta(minutes=10)
_LEAST, _MOST = 2, 19  # of each number of the sum
_TOKEN_MOST = 1_000


class ChallengeRequired(Forbidden):
    """A question has to be answered before the message is taken in; the details hold it with its token."""

    code = "challenge_required"

    def __init__(self, token: str, question: str) -> None:
        self.token, self.question = token, question
        super().__init__()


class _Challenge(msgspec.Struct, frozen=True):
    """What a token holds, sealed."""

    id: str
    network: str
    answer: int
    expires_at: datetime


async def require_answer(request: Request, *, phone: str = "", token: str = "", answer: str = "") -> None:
    """Count a citizen's message, and let it pass unless its network or telephone is trending and no answer came.

    Raises ChallengeRequired with a fresh question.
    """
    context: AppContext = request.app.state.context
    if not context.settings.challenge_limit or not await _is_trending(request, phone):
        return
    if not await _is_answered(request, token, answer):
        raise ChallengeRequired(*_new_challenge(request))


def read_header(request: Request) -> dict[str, str]:
    """Token and answer that a program sends: `X-Challenge-Answer: TOKEN ANSWER`."""
    token, _, answer = request.headers.get(ANSWER_HEADER, "").partition(" ")
    return {"token": token, "answer": answer}


async def _is_trending(request: Request, phone: str) -> bool:
    limiter: Limiter = request.app.state.limiter
    is_trending = False
    try:
        await limiter.hit("messages", request)
    except TooMany:
        is_trending = True
    try:
        if phone:
            await limiter.spend("phone_messages", phone_key(request, phone))
    except TooMany:
        is_trending = True
    return is_trending


async def _is_answered(request: Request, token: str, answer: str) -> bool:
    context: AppContext = request.app.state.context
    limiter: Limiter = request.app.state.limiter
    challenge = _open(context, token)
    if challenge is None or challenge.network != limiter.network(request):
        return False
    if _read_number(answer) != challenge.answer:
        return False
    return await limiter.use_once("challenge_answer", challenge.id)


def _new_challenge(request: Request) -> tuple[str, str]:
    """A sealed token and the question that belongs to it."""
    context: AppContext = request.app.state.context
    left, right = (_LEAST + secrets.randbelow(_MOST - _LEAST + 1) for _ in range(2))
    challenge = _Challenge(
        identifiers.new_id(),
        request.app.state.limiter.network(request),
        left + right,
        context.clock.now() + LIFETIME,
    )
    token = context.settings.vault.encrypt_system(msgspec.json.encode(challenge).decode())
    return token, catalogue.challenge_words(left, right)


def _open(context: AppContext, token: str) -> _Challenge | None:
    try:
        text = context.settings.vault.decrypt_system(token) if 0 < len(token) <= _TOKEN_MOST else ""
        challenge = msgspec.json.decode(text, type=_Challenge)
    except (ValueError, msgspec.MsgspecError):
        return None
    return challenge if challenge.expires_at > context.clock.now() else None


def _read_number(answer: str) -> int:
    """The number somebody wrote, in digits of any width or in Chinese words; -1 when it is none."""
    plain = "".join(unicodedata.normalize("NFKC", answer[:20]).split())
    if plain.isascii() and plain.isdecimal() and len(plain) <= 3:
        return int(plain)
    return catalogue.NUMBERS_IN_WORDS.get(plain, -1)
