"""`python -m feedback.rules.documents`: one document on standard input, its ending or its fault on standard output."""

from collections.abc import Sequence

from feedback.kernel import child_limits
from feedback.rules.documents.examination import examine
from feedback.rules.documents.refusal import Refused


def work(content: bytes, arguments: Sequence[str]) -> dict[str, str]:
    """`{"suffix": ".docx"}` for a document that is taken, `{"fault": code}` for another. Arguments: the ending of its name."""
    try:
        return {"suffix": examine("document" + arguments[0], content).suffixes[0]}
    except Refused as refused:
        return {"fault": refused.code}


child_limits.answer(work)
