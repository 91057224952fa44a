"""How a live connection ends: when its viewer may see nothing any more, when it is old, silent or slow, and when the server stops."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import signal
import socket as sockets
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar
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
from graph.transport.server import Line, SocketLine
from graph.words import EventType, Subject
from tests.chaos.processes import ServerProcess, serving
from tests.fuzz.wire import posted, read_answer
from tests.live.test_feed import FEED, SOON, Follower, follow, revoke, stream_of, until
from tests.server import Live, running_server, subscribe
from tests.transport.test_streams import Stream
from tests.world import api_token_of, made, token_of

AUTHORIZED = {"authorization": f"Bearer {token_of('north')}"}
ACKNOWLEDGED = {"type": "connection_init", "payload": AUTHORIZED}
EVENTS = {**AUTHORIZED, "accept": "text/event-stream"}
AnyLine = TypeVar("AnyLine", Line, SocketLine)
MORE_BYTES = 4 * 1024**2  # of some ten million that five thousand large events are
LARGE = "subscription { custodyFeed { cursor event { seq payload } } }"


async def closed(connection: ClientConnection) -> int | None:
    """The code with which the server closes a socket; what comes before is passed over."""
    async with asyncio.timeout(SOON):
        with contextlib.suppress(ConnectionClosed):
            while True:
                await connection.recv()
    return connection.close_code


@contextlib.asynccontextmanager
async def streaming(live: Live, query: str, **transport: Any) -> AsyncIterator[Stream]:
    """A subscription as a stream of events."""
    async with (
        httpx.AsyncClient(headers=EVENTS, timeout=SOON, transport=httpx.AsyncHTTPTransport(**transport)) as client,
        client.stream("POST", f"{live.url}/graphql", json={"query": query}) as response,
    ):
        yield Stream(response)


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
    async with streaming(short_lived, FEED) as stream:
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


async def ten_thousand(stream: str, full: Callable[[], bool]) -> list[int]:
    """Ten thousand large events of an arms room that is watched, which the tail has read; their seqs.

    Once the first half has filled the line of who does not read, nothing keeps the second, wherever it might be kept.
    """
    head = the_feed()._tails[stream].head

    async def come(count: int) -> None:
        await many(stream, 5_000)
        await until(lambda: _stands_at(stream, head + count))

    await come(5_000)
    async with asyncio.timeout(SOON):
        while not full():  # noqa: ASYNC110 - it fills beyond the network
            await asyncio.sleep(0.01)
    gc.collect()
    tracemalloc.start()
    try:
        await come(10_000)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < MORE_BYTES
    finally:
        tracemalloc.stop()
    return list(range(head + 1, head + 10_001))


def the_line(kind: type[AnyLine]) -> AnyLine:
    """The one line of a kind that the server of this process has open."""
    (line,) = [each for each in gc.get_objects() if type(each) is kind and each in each.connections]
    return line


async def _stands_at(stream: str, head: int) -> bool:
    return the_feed()._tails[stream].head == head


@pytest.fixture
async def patient(database_url: str, settings: Settings) -> AsyncIterator[Live]:
    """A server that bears with a client that does not answer, and keeps few events in memory."""
    async with running_server(database_url, settings.model_copy(update={"socket_ping_seconds": 240.0, "feed_ring_events": 64})) as live:
        yield live


async def test_a_client_that_does_not_read_costs_little_while_ten_thousand_events_come_and_then_gets_them_all(patient: Live) -> None:
    slow = await narrow(patient)
    feed = await subscribe(slow, LARGE)
    assert (await feed.next())["data"]["custodyFeed"]["event"] is None
    line = the_line(SocketLine)
    come = await ten_thousand(await stream_of("NORTH"), lambda: not line.writable.is_set())
    assert not line.writable.is_set()  # so that the server does hold something for it
    assert 0 < line.transport.get_write_buffer_size() < 64 * 1024
    assert line.queue.empty()
    async with asyncio.timeout(5 * SOON):
        assert [(await feed.next(SOON))["data"]["custodyFeed"]["event"]["seq"] for _ in come] == come
    await slow.close()


async def test_a_stream_of_events_that_is_not_read_costs_little_and_then_gives_them_all(patient: Live) -> None:
    async with streaming(patient, LARGE, socket_options=[(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 65536)]) as stream:
        assert (await stream.told())["data"]["custodyFeed"]["event"] is None
        line = the_line(Line)
        flow = line.flow
        assert flow is not None
        come = await ten_thousand(await stream_of("NORTH"), lambda: flow.write_paused)
        assert flow.write_paused  # so that the server does hold something for it
        assert 0 < line.transport.get_write_buffer_size() < 64 * 1024
        async with asyncio.timeout(5 * SOON):
            assert [(await stream.told())["data"]["custodyFeed"]["event"]["seq"] for _ in come] == come


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


async def begun(port: int, body: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A second request on one line, of which the server has the head and waits for the body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(posted(b'{"query": "{ viewer { username } }"}', AUTHORIZED))
    assert (await read_answer(reader)).status == 200
    writer.write(posted(body, {**EVENTS, "expect": "100-continue"})[: -len(body)])
    assert (await read_answer(reader)).status == 100
    return reader, writer


async def test_a_server_that_has_begun_to_stop_refuses_new_subscriptions_and_sends_the_live_ones_away(
    database_url: str, tmp_path: Path
) -> None:
    body = json.dumps({"query": FEED}).encode()
    async with (
        serving(database_url, tmp_path / "log", shutdown_seconds=60, request_seconds=60) as server,
        server.live.socket("north") as watching,
        server.live.socket("north") as quiet,
        streaming(server.live, FEED) as stream,
    ):
        await follow(watching)
        assert (await stream.told())["data"]["custodyFeed"]["event"] is None
        reader, writer = await begun(server.port, body)  # the process stays for as long as this is under way
        quiet.transport.pause_reading()  # it subscribes before it hears that the server goes
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        assert await closed(watching) == 1001
        assert "cursor" in (watching.close_reason or "")
        assert await stream.rest() == []  # without `complete`: it is to be gone on with

        late = await subscribe(quiet, FEED)
        quiet.transport.resume_reading()
        with pytest.raises(ConnectionClosed):
            await late.next()
        assert quiet.close_code == 1001
        with pytest.raises(OSError, match="Connect call failed"):
            await asyncio.open_connection("127.0.0.1", server.port)
        assert server.process.poll() is None
        writer.write(body)
        refused = await read_answer(reader)
        assert (refused.status, refused.headers["content-type"]) == (503, "application/json; charset=utf-8")
        (error,) = json.loads(refused.body)["errors"]
        assert error["extensions"]["code"] == "UNAVAILABLE"
        assert "stops" in error["message"]
        writer.close()
        async with asyncio.timeout(SOON):
            assert await asyncio.to_thread(server.process.wait) == 0
        assert "Traceback" not in server.said()
