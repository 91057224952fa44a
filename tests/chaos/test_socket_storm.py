"""Two thousand sockets opened and cut at any moment of their lives: the server is as it was before, within two seconds."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import random
import sys
from urllib.parse import urlsplit

import asyncpg
import pytest
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from graph import database
from graph.feed import Tail, Watch, the_feed
from graph.settings import Settings
from graph.transport.socket import SocketProtocol
from tests.chaos.test_cancel_storm import at_rest
from tests.chaos.watchers import FEED
from tests.server import Live
from tests.world import token_of

SOCKETS, AT_ONCE = 2000, 50
BACK_SECONDS, TURN_SECONDS = 2.0, 0.05
FEW = 5  # may be known somewhere for longer, as to a timer of a connection to the database that one was the first to use
BLOCKS_PER_SOCKET = 10  # of Python's memory; what is kept of a socket that is not let go is hundreds
QUERY = "{ armories(first: 5) { edges { node { code } } } }"
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Without a count of requests and sockets: a storm is more than anybody may have."""
    return settings.model_copy(update=dict.fromkeys(("address_requests", "account_requests", "address_sockets", "account_sockets"), 0))


async def one(live: Live, chance: random.Random) -> None:
    """Open a socket and cut it: before the handshake, within it, while an operation begins, or in the midst of a feed."""
    stage = chance.randrange(6)
    if stage == 0:
        where = urlsplit(live.url)
        _, writer = await asyncio.open_connection(where.hostname, where.port)
        writer.write(b"GET /graphql HTTP/1.1\r\nUpgrade: websocket\r\n"[: chance.randrange(45)])
        writer.transport.abort()
        return
    with contextlib.suppress(WebSocketException, OSError):
        async with connect(live.socket_url, subprotocols=["graphql-transport-ws"]) as line:  # type: ignore[list-item]
            if stage > 1:
                token = token_of(chance.choice(["north", "south", "officer", "auditor"]))
                await line.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
            if stage > 2:
                await line.recv()
                for number in range(chance.randint(1, 3)):
                    query = FEED if chance.random() < 0.7 else QUERY
                    await line.send(json.dumps({"id": str(number), "type": "subscribe", "payload": {"query": query}}))
            if stage == 4:
                await line.recv()
            if stage == 5:
                await asyncio.sleep(chance.uniform(0, 0.02))
            if chance.random() < 0.8:
                line.transport.abort()


async def storm(live: Live, count: int, chance: random.Random) -> None:
    """So many sockets, some at once, while somebody writes."""
    left = iter(range(count))

    async def visitor() -> None:
        for _ in left:
            await one(live, chance)

    async def writer() -> None:
        client, number = live.as_("north"), 0
        while True:
            serial = f"PVS-{number % 40 + 1:03}"
            await client.issue("S-001", serial)
            await client.give_back(serial)
            number += 1

    writing = asyncio.create_task(writer())
    await asyncio.gather(*(visitor() for _ in range(AT_ONCE)))
    writing.cancel()
    await asyncio.wait([writing])


async def kept() -> int:
    """How many things there are of a socket or a subscription, a turn after the collector was there: what it finds may have an end."""
    gc.collect()
    await asyncio.sleep(TURN_SECONDS)
    gc.collect()
    return sum(isinstance(each, WebSocket | SocketProtocol | Tail | Watch) for each in gc.get_objects())


async def connections(url: str) -> int:
    """How many connections the database has from the server."""
    outside = await asyncpg.connect(url)
    try:
        return int(await outside.fetchval(CONNECTIONS))
    finally:
        await outside.close()


async def quiet(tasks: int) -> float:
    """Wait until the server, which runs in this loop, has no more tasks than before, and no subscription; how many seconds it took.

    These are seconds of the loop: on a machine that is busy with other things they are longer.
    """
    turns = 0
    while len(asyncio.all_tasks()) > tasks or the_feed()._tails or database.door().under_way:
        await asyncio.sleep(TURN_SECONDS)
        turns += 1
        assert turns * TURN_SECONDS < 30, [task for task in asyncio.all_tasks() if not task.done()]
    return turns * TURN_SECONDS


@pytest.mark.once
async def test_two_thousand_sockets_cut_at_any_moment_leave_nothing_behind(live: Live, database_url: str, settings: Settings) -> None:
    chance = random.Random(2001)
    tasks = len(await at_rest(live))
    await asyncio.gather(*(database.fetch("SELECT pg_sleep(0.05)") for _ in range(2 * settings.pool_size)))  # every place has a connection
    await storm(live, 200, chance)  # what is loaded and kept once
    await quiet(tasks)
    things, blocks, lines = await kept(), sys.getallocatedblocks(), await connections(database_url)

    await storm(live, SOCKETS, chance)
    assert await quiet(tasks) < BACK_SECONDS
    turns = 0
    while (left := await kept()) > things + FEW:
        turns += 1
        assert turns * TURN_SECONDS < BACK_SECONDS, f"{left} are kept, and before it were {things}"
    assert sys.getallocatedblocks() - blocks < BLOCKS_PER_SOCKET * SOCKETS
    assert await connections(database_url) <= lines
