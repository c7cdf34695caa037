"""Killing the server at any time loses nothing and repeats nothing; the long version is `tests.bench.kill_nine`."""

import pytest

from tests.bench import kill_nine


@pytest.mark.slow
@pytest.mark.one_database  # the ordeal makes its own SQLite database; on PostgreSQL it is run by hand with its address
async def test_nothing_is_lost_or_done_twice_when_the_server_is_killed() -> None:
    outcome = await kill_nine.run(cases=40, kills=3)
    assert outcome.is_clean, outcome
