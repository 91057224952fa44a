"""Servers as processes of their own over one database: how they start, tell each other, refuse to start, and stop."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from graph import database
from graph.address import Addresses
from tests.chaos.processes import ServerProcess, free_port, serving
from tests.conftest import Cluster
from tests.server import Live, subscribe

FEED = "subscription ($after: String) { custodyFeed(after: $after) { cursor event { item { serial } } } }"


async def told(subscription: Any) -> Any:
    """The event of the next message."""
    return (await subscription.next(30))["data"]["custodyFeed"]["event"]


async def test_inv_21_what_one_server_writes_the_other_tells_at_once(database_url: str, tmp_path: Path) -> None:
    slow = {"feed_poll_seconds": 600}  # what arrives arrives by the broadcaster
    async with (
        serving(database_url, tmp_path / "one", **slow) as one,
        serving(database_url, tmp_path / "two", **slow) as two,
        one.live.socket("north") as at_one,
        two.live.socket("north") as at_two,
    ):
        feeds = [await subscribe(at_one, FEED), await subscribe(at_two, FEED)]
        assert [await told(feed) for feed in feeds] == [None, None]
        for number, writer in enumerate((one, two, one), 1):
            serial = f"PVS-{number:03}"
            await writer.live.as_("north").issue("S-001", serial)
            assert [await told(feed) for feed in feeds] == [{"item": {"serial": serial}}] * 2


async def test_inv_21_a_cursor_of_one_server_is_good_at_the_other(database_url: str, tmp_path: Path) -> None:
    async with serving(database_url, tmp_path / "one") as one, serving(database_url, tmp_path / "two") as two:
        async with one.live.socket("north") as socket_:
            place = (await (await subscribe(socket_, FEED)).next(30))["data"]["custodyFeed"]["cursor"]
        one.kill()
        await two.live.as_("north").issue("S-001", "M4-001")
        async with two.live.socket("north") as socket_:
            assert await told(await subscribe(socket_, FEED, after=place)) == {"item": {"serial": "M4-001"}}


async def test_inv_22_an_account_disabled_at_the_console_loses_its_streams_on_every_server(database_url: str, tmp_path: Path) -> None:
    async with (
        serving(database_url, tmp_path / "one") as one,
        serving(database_url, tmp_path / "two") as two,
        one.live.socket("north") as at_one,
        two.live.socket("north") as at_two,
    ):
        feeds = [await subscribe(at_one, FEED), await subscribe(at_two, FEED)]
        assert [await told(feed) for feed in feeds] == [None, None]
        words = [sys.executable, "-m", "graph.cli", "account", "disable", "north", "--reason", "left"]
        await asyncio.to_thread(subprocess.run, words, check=True, env=one.environment)
        ends = [await feed.next(30) for feed in feeds]
        errors = [end["payload"] if end.get("type") == "error" else end["errors"] for end in ends]
        assert [error["extensions"]["code"] for (error,) in errors] == ["UNAUTHENTICATED"] * 2


@pytest.fixture
async def bare(cluster: Cluster) -> AsyncIterator[Addresses]:
    """The addresses of a database with nothing in it."""
    name, outside = f"bare_{uuid4().hex}", await asyncpg.connect(cluster.url("postgres"))
    await outside.execute(f"CREATE DATABASE {name}")
    try:
        yield cluster.at(name)
    finally:
        await outside.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await outside.close()


async def test_servers_that_start_together_on_an_empty_database_both_come_up(bare: Addresses, tmp_path: Path) -> None:
    servers = [ServerProcess(bare.runtime, tmp_path / str(number), owner_url=bare.owner) for number in range(2)]
    try:
        for server in servers:
            server.start()
        for server in servers:
            await server.ready()
        applied = [name.removesuffix(".py") for name in database.known_migrations()]
        said = "".join(server.said() for server in servers)
        assert [said.count(f"Database brought up to date: {name}.") for name in applied] == [1] * len(applied)
        connection = await asyncpg.connect(bare.owner)
        assert await connection.fetchval("SELECT count(*) FROM aerich") == len(applied)
        await connection.close()
    finally:
        for server in servers:
            await server.end()


# ----------------------------------------------------------------------------------------------------------------------------- not starting


def refusal_to_start(url: str, log: Path, **settings: Any) -> str:
    """The one line with which a server refuses to start."""
    server = ServerProcess(url, log, **settings)
    server.start()
    assert server.process is not None
    try:
        assert server.process.wait(60) == 1, server.said()
    finally:
        server.process.kill()
    (line,) = server.said().strip().splitlines()
    return line


def test_a_port_in_use_is_one_clear_line(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        line = refusal_to_start(database_url, tmp_path / "log", port=port)
    assert line == f"Port {port} on 127.0.0.1 cannot be taken: Address already in use. Set ARMGUARD_PORT to another one."


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("postgres://u:secret@127.0.0.1:1/x", "127.0.0.1:1"),
        ("postgres://u:secret@nowhere.invalid/x", "nowhere.invalid"),
        ("mysql://u:secret@127.0.0.1/x", "postgresql://"),
        ("nonsense", "postgresql://"),
        ("postgres://u:secret@127.0.0.1:port/x", "ARMGUARD_DATABASE_URL"),
        ("postgres://[u:secret@127.0.0.1/x", "ARMGUARD_DATABASE_URL"),
    ],
)
def test_an_address_of_no_database_is_one_clear_line_without_its_password(url: str, named: str, tmp_path: Path) -> None:
    line = refusal_to_start(url, tmp_path / "log")
    assert named in line
    assert "secret" not in line


def test_a_database_that_there_is_not_is_one_clear_line(cluster: Cluster, tmp_path: Path) -> None:
    assert "no_such_database" in refusal_to_start(cluster.url("no_such_database"), tmp_path / "log")


EVERYTHING = """
SELECT md5(string_agg(it, ' ' ORDER BY it)) FROM (
    SELECT relname || relfilenode::text AS it FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT version FROM aerich
    UNION ALL SELECT stream || seq::text || hash::text FROM stream_head
    UNION ALL SELECT table_name || column_name || data_type FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT proname || prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
) AS all_there_is
"""


async def test_a_database_newer_than_the_program_is_one_clear_line_and_is_left_alone(
    database_url: str, plain_sql: Any, tmp_path: Path
) -> None:
    await plain_sql.execute("INSERT INTO aerich (version, app, content) VALUES ('99_20990101000000_future.py', 'models', '{}')")
    before = await plain_sql.fetchval(EVERYTHING)
    line = refusal_to_start(database_url, tmp_path / "log")
    assert "was made by a newer ArmGuard. Nothing was changed" in line
    assert await plain_sql.fetchval(EVERYTHING) == before


# --------------------------------------------------------------------------------------------------------------------------------- stopping


async def test_a_server_that_is_stopped_ends_in_time_with_its_sockets_open(database_url: str, tmp_path: Path) -> None:
    async with serving(database_url, tmp_path / "log", shutdown_seconds=3) as server:
        async with server.live.socket("north") as polite, server.live.socket("officer") as busy:
            feeds = [await subscribe(polite, FEED), await subscribe(busy, FEED)]
            assert [await told(feed) for feed in feeds] == [None, None]
            deaf = await deaf_subscriber(server.live)
            # As long as the stop may take, and a little for a slow machine to end a process.
            assert await asyncio.to_thread(server.stop) < 3 + 5
            assert server.process is not None
            assert server.process.returncode == 0
            with pytest.raises(ConnectionClosed):
                await polite.recv()
            assert polite.close_code == 1001  # "going away": come back
            deaf.close()
        assert "Traceback" not in server.said()


async def deaf_subscriber(live: Live) -> socket.socket:
    """A subscriber who sends what is right, and then neither reads nor answers."""
    async with connect(live.socket_url, subprotocols=["graphql-transport-ws"]) as line:  # type: ignore[list-item]
        await line.send(json.dumps({"type": "connection_init", "payload": {}}))
        await line.recv()
        kept: socket.socket = line.transport.get_extra_info("socket").dup()
        line.transport.abort()  # our end of the library is gone; the connection itself is kept open by the copy
    return kept


async def test_a_command_under_way_is_finished_before_the_server_stops(database_url: str, plain_sql: Any, tmp_path: Path) -> None:
    async with serving(database_url, tmp_path / "log", shutdown_seconds=10, lock_timeout_ms=9000) as server:
        hold = plain_sql.transaction()
        await hold.start()
        await plain_sql.fetch("SELECT 1 FROM item WHERE serial = 'M4-001' FOR UPDATE")
        issuing = asyncio.create_task(server.live.as_("north").issue("S-001", "M4-001"))
        waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        outside = await asyncpg.connect(database_url)
        while not await outside.fetchval(waits):  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.02)
        await outside.close()
        stopping = asyncio.create_task(asyncio.to_thread(server.stop))
        while "Shutting down" not in server.said():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await hold.rollback()
        assert (await issuing)["__typename"] == "ItemsIssued"
        await stopping
        assert await plain_sql.fetchval("SELECT state FROM item WHERE serial = 'M4-001'") == "ISSUED"
