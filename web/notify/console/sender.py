"""How do notices leave in development? Into the log, where whoever runs the server sees them."""

import structlog

from routing.notices.catalogue import Outgoing

_log = structlog.get_logger("notice")


async def send(out: Outgoing) -> None:
    """Write the notice into the log; it names no person, only the case and the audience."""
    _log.debug("notice", case=out.case_no, audience=out.audience.value, unit=out.unit, words=out.words)
