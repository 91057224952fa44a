"""A read that takes too long is answered in time and ended at the server; a command is not, and its answer comes when it is done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from graph.settings import Settings
from tests.server import Live, running_server, subscribe

WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'armguard' AND state = 'active' AND wait_event_type = 'Lock'
  AND clock_timestamp() - query_start >= make_interval(secs => $1)
"""
SECONDS = 2.0  # long enough for what is not held up, on a machine that is busy
PURPOSES = "{ purposes(first: 1) { edges { node { code } } } }"
OF_ITEMS = "{ items(first: 3) { edges { node { serial model { nomenclature } } } } }"


@pytest.fixture
def settings() -> Settings:
    """A short deadline, and locks that are waited for much longer."""
    return Settings(
        request_seconds=SECONDS, lock_timeout_ms=30_000, statement_timeout_ms=30_000, standing_seconds=2, overdue_poll_seconds=0
    )


@asynccontextmanager
async def locked(sql: Any, statement: str) -> AsyncIterator[None]:
    """Somebody else holds a lock for the length of a block."""
    await sql.execute("BEGIN")
    try:
        await sql.execute(statement)
        yield
    finally:
        await sql.execute("ROLLBACK")


async def waiting(sql: Any, seconds: float = 0) -> int:
    """How many statements of the server have waited for a lock as long as this."""
    await sql.execute("SELECT pg_stat_clear_snapshot()")
    return int(await sql.fetchval(WAITING, seconds))


async def until_waiting(sql: Any, seconds: float) -> None:
    """Until one has."""
    async with asyncio.timeout(20):
        while not await waiting(sql, seconds):  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("compiled", [True, False])
async def test_a_read_that_waits_is_answered_in_time_and_ended_at_the_server(
    database_url: str, settings: Settings, plain_sql: Any, compiled: bool
) -> None:
    async with running_server(database_url, settings.model_copy(update={"compiled_reads": compiled})) as server:
        north = server.as_("north")
        for query, table in ((PURPOSES, "purpose"), (OF_ITEMS, "item_model"), (OF_ITEMS.replace("first: 3", "first: 2"), "item")):
            assert "errors" not in await north.answer(query)
            async with locked(plain_sql, f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"):
                errors = (await north.answer(query))["errors"]
                assert {error["extensions"]["code"] for error in errors} == {"TIMEOUT"}, errors
                assert "longer than a request may" in errors[0]["message"]
                assert await waiting(plain_sql) == 0
            for _ in range(20):  # on whichever of its connections: none is struck afterwards
                assert "errors" not in await north.answer(query)


async def test_a_read_over_a_socket_has_the_same_deadline(live: Live, plain_sql: Any) -> None:
    async with live.socket("north") as socket:
        assert "errors" not in await (await subscribe(socket, PURPOSES)).next()
        async with locked(plain_sql, "LOCK TABLE purpose IN ACCESS EXCLUSIVE MODE"):
            (error,) = (await (await subscribe(socket, PURPOSES)).next())["errors"]
            assert error["extensions"]["code"] == "TIMEOUT"
            assert await waiting(plain_sql) == 0
        assert "errors" not in await (await subscribe(socket, PURPOSES)).next()


async def test_a_read_that_waits_for_who_asks_has_it_too(database_url: str, settings: Settings, plain_sql: Any) -> None:
    forgetful = settings.model_copy(update={"standing_seconds": 1e-6})
    async with running_server(database_url, forgetful) as server, locked(plain_sql, "LOCK TABLE account IN ACCESS EXCLUSIVE MODE"):
        answer = await server.as_("north").http.post("/graphql", json={"query": PURPOSES})
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (503, "TIMEOUT")
        assert await waiting(plain_sql) == 0


async def test_a_command_outlives_the_deadline_and_its_answer_comes_when_it_is_done(live: Live, plain_sql: Any) -> None:
    north = live.as_("north")
    async with locked(plain_sql, "SELECT FROM item WHERE serial = 'M4-001' FOR UPDATE"):
        issuing = asyncio.create_task(north.issue("S-001", "M4-001"))
        await until_waiting(plain_sql, 1.2 * SECONDS)
        assert not issuing.done()
    issued = await issuing
    assert (issued["__typename"], issued["records"][0]["item"]["state"]) == ("ItemsIssued", "ISSUED")


async def test_a_command_over_a_socket_outlives_it_too(live: Live, plain_sql: Any) -> None:
    returned = "mutation ($i: ReturnItemsInput!) { returnItems(input: $i) { __typename } }"
    await live.as_("north").issue("S-001", "M4-001")
    given = {"requestId": "6a1b3f60-3f0f-4b59-9d3d-0d4f3c1f7a11", "lines": [{"item": {"serial": "M4-001"}}]}
    async with live.socket("north") as socket:
        async with locked(plain_sql, "SELECT FROM item WHERE serial = 'M4-001' FOR UPDATE"):
            returning = await subscribe(socket, returned, i=given)
            await until_waiting(plain_sql, 1.2 * SECONDS)
        assert await returning.next() == {"data": {"returnItems": {"__typename": "ItemsReturned"}}}


async def test_the_events_of_a_stream_have_no_deadline_since_it_began(live: Live, plain_sql: Any) -> None:
    async with live.socket("north") as socket:
        feed = await subscribe(socket, "subscription { custodyFeed { cursor event { summary } } }")
        assert (await feed.next())["data"]["custodyFeed"]["event"] is None
        async with locked(plain_sql, "SELECT FROM item WHERE serial = 'M4-001' FOR UPDATE"):
            issuing = asyncio.create_task(live.as_("north").issue("S-001", "M4-001"))
            await until_waiting(plain_sql, 1.2 * SECONDS)
        await issuing
        assert (await feed.next())["data"]["custodyFeed"]["event"]["summary"]


async def test_a_read_whose_lock_is_not_had_is_unavailable_and_no_fault_of_ours(
    database_url: str, settings: Settings, plain_sql: Any
) -> None:
    patient = settings.model_copy(update={"request_seconds": 30, "lock_timeout_ms": 50})
    async with running_server(database_url, patient) as server:
        async with locked(plain_sql, "LOCK TABLE purpose IN ACCESS EXCLUSIVE MODE"):
            assert await server.as_("north").code(PURPOSES) == "UNAVAILABLE"
        assert "errors" not in await server.as_("north").answer(PURPOSES)
