"""Writing a notice that no channel takes to the log, where whoever runs the server may read it."""

import structlog

from routing.notices.catalogue import OutgoingNotice

_log = structlog.get_logger("console_sender")


async def send(outgoing: OutgoingNotice) -> None:
    """Write the notice into the log; it names no person, only the case and the audience. Returns None: nobody got it."""
    _log.debug(
        "notice", case=outgoing.case_no, audience=outgoing.audience.value, unit=outgoing.unit, words=outgoing.words
    )
