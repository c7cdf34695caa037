"""What becomes of a notice that no channel takes? It leaves nowhere: whoever runs the server may read it in the log."""

import structlog

from routing.notices.catalogue import OutgoingNotice

_log = structlog.get_logger("notice")


async def send(out: OutgoingNotice) -> None:
    """Write the notice into the log; it names no person, only the case and the audience. Returns None: nobody got it."""
    _log.debug("notice", case=out.case_no, audience=out.audience.value, unit=out.unit, words=out.words)
