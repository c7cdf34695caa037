"""`python -m feedback.rules.pictures`: one picture on standard input; its ending or its fault, then its bytes, on output."""

from collections.abc import Sequence

from feedback.kernel import child_limits
from feedback.rules.pictures.cleaning import RefusedPicture, clean


def work(content: bytes, arguments: Sequence[str]) -> tuple[dict[str, str], bytes]:
    """`{"suffix": ".jpg"}` and the picture, or `{"fault": code}` and nothing. Arguments: the most bytes it may have."""
    try:
        kind, cleaned = clean(content, int(arguments[0]))
    except RefusedPicture as refused:
        return {"fault": refused.code}, b""
    return {"suffix": kind.suffixes[0]}, cleaned


child_limits.answer_with_bytes(work)
