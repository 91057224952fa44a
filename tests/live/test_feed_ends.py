"""How a live connection ends: when its viewer may see nothing any more, when it is old, silent or slow, and when the server stops."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import signal
import socket as sockets
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from graph import database
from graph.audit.actor import acting, console_actor
from graph.audit.ledger import Event, append
from graph.commands import accounts
from graph.feed import the_feed
from graph.settings import Settings
from graph.transport.server import SocketLine
from graph.words import EventType, Subject
from tests.chaos.processes import ServerProcess
from tests.live.test_feed import FEED, SOON, Follower, follow, revoke, stream_of, until
from tests.server import Live, running_server, subscribe
from tests.transport.test_streams import Stream
from tests.world import api_token_of, made, token_of

ACKNOWLEDGED = {"type": "connection_init", "payload": {"authorization": f"Bearer {token_of('north')}"}}


async def closed(connection: ClientConnection) -> int | None:
    """The code with which the server closes a socket; what comes before is passed over."""
    async with asyncio.timeout(SOON):
        with contextlib.suppress(ConnectionClosed):
            while True:
                await connection.recv()
    return connection.close_code


async def narrow(live: Live) -> ClientConnection:
    """A socket of somebody whose line takes little at a time."""
    line = sockets.socket(sockets.AF_INET, sockets.SOCK_STREAM)
    line.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    line.setblocking(False)
    await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", int(live.url.rpartition(":")[2])))
    connection = await connect(live.socket_url, sock=line, subprotocols=["graphql-transport-ws"], max_queue=1, ping_interval=None)  # type: ignore[list-item]
    await connection.send(json.dumps(ACKNOWLEDGED))
    assert json.loads(await connection.recv())["type"] == "connection_ack"
    return connection


# ---------------------------------------------------------------------------------------------------------------- who may see nothing


async def test_inv_22_a_socket_whose_account_is_disabled_closes_with_4403_though_no_event_comes(live: Live) -> None:
    async with live.socket("north") as socket:
        follower = await follow(socket)
        began = time.monotonic()
        with acting(console_actor("tests")):
            await made(accounts.disable_account(accounts.DisableAccount(uuid4(), "north", "left the unit")))
        assert await follower.end() == "UNAUTHENTICATED"
        assert await closed(socket) == 4403
        assert time.monotonic() - began < 5


async def test_inv_22_a_socket_without_a_stream_closes_with_4403_when_it_asks_for_something_next(live: Live) -> None:
    async with live.socket(None, api_token_of("north")) as socket:
        await revoke("north")
        await until(lambda: _refused(socket))
        assert await closed(socket) == 4403


async def _refused(socket: ClientConnection) -> bool:
    answer = await (await subscribe(socket, "{ viewer { username } }")).next()
    return "errors" in answer


async def test_an_error_that_is_none_of_the_sign_in_leaves_the_socket_open(live: Live) -> None:
    async with live.socket("north") as socket:
        for query in ("{ nothing }", '{ node(id: "x") { id } }', 'subscription { custodyFeed(after: "x") { cursor } }'):
            answer = await (await subscribe(socket, query)).next()
            assert "errors" in answer or answer["type"] == "error"
        assert await follow(socket)


# ------------------------------------------------------------------------------------------------------------------------- old, silent


@pytest.fixture
async def short_lived(database_url: str, settings: Settings) -> AsyncIterator[Live]:
    """A server whose sockets are old after a second, and are asked for a sign of life every half."""
    async with running_server(database_url, settings.model_copy(update={"socket_hours": 1 / 3600, "socket_ping_seconds": 0.5})) as live:
        yield live


async def test_an_old_socket_is_sent_away_and_goes_on_from_its_cursor(short_lived: Live) -> None:
    async with short_lived.socket("north") as socket:
        follower = await follow(socket)
        assert await closed(socket) == 1001
        assert "cursor" in (socket.close_reason or "")
    await short_lived.as_("north").issue("S-001", "M4-001")
    async with short_lived.socket("north") as socket:
        assert await (await follow(socket, follower.cursor)).serial() == "M4-001"


async def test_an_old_stream_of_events_ends_without_complete(short_lived: Live) -> None:
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {token_of('north')}", "accept": "text/event-stream"}) as client:
        request = client.build_request("POST", f"{short_lived.url}/graphql", json={"query": FEED})
        stream = Stream(await client.send(request, stream=True))
        assert (await stream.told())["data"]["custodyFeed"]["event"] is None
        assert await stream.rest() == []


async def test_a_half_open_socket_is_found_and_leaves_nothing_behind(database_url: str, settings: Settings) -> None:
    async with running_server(database_url, settings.model_copy(update={"socket_ping_seconds": 0.3})) as live:
        gone = await narrow(live)
        await follow(gone)
        gone.transport.pause_reading()  # as one whose network is gone: it neither says goodbye nor answers

        async def nobody() -> bool:
            return not the_feed()._tails

        await until(nobody)
        gone.transport.abort()


# --------------------------------------------------------------------------------------------------------------------------------- slow


async def many(stream: str, count: int) -> None:
    """So many large events of an arms room; they change nothing."""

    async def work() -> None:
        await append(*(Event(stream, EventType.ARMORY_CHANGED, Subject.ARMORY, UUID(stream), "x" * 1500, {}) for _ in range(500)))

    with acting(console_actor("tests")):
        for _ in range(count // 500):
            await database.transaction(work)


async def test_a_client_that_does_not_read_costs_little_while_ten_thousand_events_come_and_then_gets_them_all(
    database_url: str, settings: Settings
) -> None:
    patient = settings.model_copy(update={"socket_ping_seconds": 240.0, "feed_ring_events": 64})
    async with running_server(database_url, patient) as live:
        slow = await narrow(live)
        feed = await subscribe(slow, "subscription { custodyFeed { cursor event { seq payload } } }")
        assert (await feed.next())["data"]["custodyFeed"]["event"] is None
        stream = await stream_of("NORTH")
        head = the_feed()._tails[stream].head
        await many(stream, 10_000)

        async def read() -> bool:
            return the_feed()._tails[stream].head == head + 10_000

        await until(read)
        (line,) = [each for each in gc.get_objects() if isinstance(each, SocketLine) and not each.disconnected]
        assert not line.writable.is_set()  # so that the server does hold something for it
        assert 0 < line.transport.get_write_buffer_size() < 64 * 1024
        assert line.queue.empty()
        async with asyncio.timeout(5 * SOON):
            seqs = [(await feed.next(SOON))["data"]["custodyFeed"]["event"]["seq"] for _ in range(10_000)]
        assert seqs == list(range(head + 1, head + 10_001))
        await slow.close()


# ------------------------------------------------------------------------------------------------------------------------- the server stops


async def opened(live: Live) -> tuple[ClientConnection, Follower]:
    """Somebody who watches."""
    connection = await connect(live.socket_url, subprotocols=["graphql-transport-ws"], open_timeout=60)  # type: ignore[list-item]
    await connection.send(json.dumps(ACKNOWLEDGED))
    await connection.recv()
    return connection, await follow(connection)


async def test_five_hundred_sockets_are_sent_away_when_the_server_stops_also_if_some_take_nothing(
    database_url: str, tmp_path: Path
) -> None:
    server = ServerProcess(database_url, tmp_path / "log", address_sockets=0, account_sockets=0, shutdown_seconds=4)
    server.start()
    try:
        live = (await server.ready()).live
        watching: list[tuple[ClientConnection, Follower]] = []
        for _ in range(10):
            watching += await asyncio.gather(*(opened(live) for _ in range(50)))
        stuck = [await narrow(live) for _ in range(3)]
        for connection in stuck:
            await subscribe(connection, FEED)
            connection.transport.pause_reading()
        assert server.process is not None
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        codes: list[Any] = await asyncio.gather(*(closed(connection) for connection, _ in watching))
        took = time.monotonic() - began
        assert set(codes) == {1001}
        assert took < 5, f"the last was told after {took:.1f} s"
        async with asyncio.timeout(SOON):
            assert await asyncio.to_thread(server.process.wait) == 0
        assert "Traceback" not in server.said()
        for connection in stuck:
            connection.transport.abort()
    finally:
        server.kill()
