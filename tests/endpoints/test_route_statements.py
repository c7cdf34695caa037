"""Does an answer cost the database no more statements than it did, with few cases and with many?"""

from dataclasses import replace

import pytest

from feedback.kernel.settings import Settings
from tests.conftest import WRITE_STATEMENTS
from tests.endpoints import route_statements
from tests.people import Door

pytestmark = [pytest.mark.one_database, pytest.mark.slow]
MANY = 1_000_000


async def test_no_route_asks_the_database_more_often_than_is_written_down(
    settings: Settings, pytestconfig: pytest.Config
) -> None:
    free = replace(settings, submit_per_minute=MANY, lookup_per_minute=MANY, login_per_minute=MANY)
    async with Door.opened(free) as door:
        counted = await route_statements.counted(door)
    if pytestconfig.getoption(WRITE_STATEMENTS):
        route_statements.write(counted)
    written = route_statements.read()
    assert sorted(counted) == sorted(written), "after a change of routes: make route-statements"
    more = {
        route: (written[route], count)
        for route, count in counted.items()
        if count.few > written[route].few or count.many > written[route].many
    }
    assert not more, "(few, many) as written and as counted"
