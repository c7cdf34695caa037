"""Which cases are whose who proves a telephone number, and how long a number stays one person's.

A number that is given up is given to somebody else, after a rest of at least ninety days (电信服务规范 附录三). So whoever
proves the number today is the one who had it before only as far back as no ninety days lie between two uses. What is
older opens once its query code or the petitioner's name is known, and is theirs from then on. No I/O.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from feedback.rules import parties
from feedback.rules.vocabulary import Kind

NUMBER_REST = timedelta(days=90)
"""How long a number rests at least between two holders."""

PETITIONER = "petitioner"


@dataclass(frozen=True, slots=True)
class PhoneHolder:
    """A citizen: whoever proved the number with this keyed hash, in uses without a gap since `since`.

    `confirmed_nos`: the older cases whose code or name they knew.
    """

    phone_hash: str
    since: datetime
    confirmed_nos: frozenset[str] = frozenset()

    @property
    def opens_from(self) -> datetime:
        """Cases received from then on need no further proof."""
        return self.since - NUMBER_REST


def first_use(since: datetime, last_use: datetime, now: datetime) -> datetime:
    """Since when the number is used without a gap in which it could have changed hands, after a use `now`."""
    return now if now - last_use > NUMBER_REST else since


def is_held_by(role: str, proxy_kind: str) -> bool:
    """Whether the case is also the matter of whoever stands in it in this role.

    It is the petitioner's, a representative's, and that of a proxy who stands in the petitioner's place; who only
    helped to hand it in (volunteer, cadre, window) has no claim to what became of it (个人信息保护法 第六条).
    """
    return role == PETITIONER or parties.may_look_up(role, proxy_kind)


def may_open(holder: PhoneHolder, no: str, kind: str, received_at: datetime) -> bool:
    """Whether a case with the holder's number is shown to them: a rectification is between offices."""
    return kind != Kind.RECTIFY and (received_at >= holder.opens_from or no in holder.confirmed_nos)
