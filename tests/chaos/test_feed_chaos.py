"""The feed of three servers while everything beneath it breaks: whatever wakes them, every watcher has every event once.

An ordinary run breaks each thing in turn while three writers go on, until COMMANDS commands are answered; `make soak` goes on for an hour,
each time in another order.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from graph import database
from graph.settings import Settings
from tests.chaos.processes import Counter, ServerProcess, restart
from tests.chaos.watchers import Watcher, watching
from tests.conftest import Cluster, assert_whole
from tests.fuzz.target import faults_in_log
from tests.redis_server import running_redis
from tests.server import Live

SOAK = bool(os.environ.get("ARMGUARD_SOAK"))
SOAK_SECONDS = 1800  # over each of the two brokers
SERVERS, WRITERS = 3, 3
COMMANDS = 10_000  # at least, for each of the two brokers: a minute of them
SUBSCRIBERS = ["officer"] * 20 + ["north"] * 20 + ["south"] * 10
MEANWHILE = 1 / 20  # of the commands are answered before the next thing breaks, and while something is away
DEADLINE = 420.0 + SOAK * SOAK_SECONDS
LISTENERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ~ 'pg_notify|^LISTEN'
"""
Break = Callable[[], Awaitable[None]]


class Morning:
    """Three servers, and three writers who go from one to the next."""

    def __init__(self, url: str, broadcast_url: str, log: Path, share: float) -> None:
        self.commands = int(COMMANDS * share)
        self.meanwhile = int(self.commands * MEANWHILE)
        settings: dict[str, Any] = {"broadcast_url": broadcast_url, "feed_poll_seconds": 2, "feed_ring_events": 64, "pool_size": 8}
        self.servers = [ServerProcess(url, log / str(number), **settings) for number in range(SERVERS)]
        self.lives = [server.live for server in self.servers]
        self.counters = [Counter("officer", *turned(self.lives, turn)) for turn in range(WRITERS)]
        self.enough = asyncio.Event()

    @property
    def answered(self) -> int:
        """How many commands were answered."""
        return sum(counter.answered for counter in self.counters)

    async def write(self, number: int) -> None:
        """Issue a device and take it back, in NORTH and SOUTH by turns, until it is enough."""
        counter, turn = self.counters[number], 0
        while not self.enough.is_set():
            serial = f"PVS-{101 + number}" if turn % 4 == 3 else f"PVS-{number * 10 + turn % 10 + 1:03}"
            assert (await counter.issue(f"S-{number + 10:03}", serial))["__typename"] == "ItemsIssued"
            assert (await counter.give_back(serial))["__typename"] == "ItemsReturned"
            turn += 1

    async def until_answered(self, more: int) -> None:
        """Wait until so many more commands were answered."""
        enough = self.answered + more
        while self.answered < enough:  # noqa: ASYNC110 - the answers come from other processes
            await asyncio.sleep(0.005)

    async def kill(self, number: int) -> None:
        """Kill a server (-9), and start it again after a while."""
        self.servers[number].kill()
        await self.until_answered(self.meanwhile)
        self.servers[number].start()
        await self.servers[number].ready()


async def terminate_listeners(url: str) -> None:
    """End the connections by which the servers hear of each other, as soon as there are any: they may have been lost a moment ago."""
    connection = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(30):
            while not await connection.fetch(LISTENERS):  # noqa: ASYNC110 - it happens in the database
                await asyncio.sleep(0.02)
    finally:
        await connection.close()


@pytest.mark.timeout(0 if SOAK else 480)
@pytest.mark.parametrize("broker", ["postgres", "redis"])
async def test_inv_21_every_watcher_of_three_servers_has_every_event_once_whatever_breaks(
    broker: str, cluster: Cluster, database_url: str, owner_url: str, settings: Settings, tmp_path: Path, share: float
) -> None:
    if broker == "redis":
        with running_redis() as redis:

            async def lose_broker() -> None:
                redis.kill()
                await morning.until_answered(morning.meanwhile)
                redis.start()

            morning = Morning(database_url, redis.url, tmp_path, share)
            await survive(morning, lose_broker, cluster, database_url)
    else:
        morning = Morning(database_url, "", tmp_path, share)
        await survive(morning, lambda: terminate_listeners(owner_url), cluster, database_url)
    await database.open_door(database_url, settings)
    try:
        await assert_whole()
    finally:
        await database.close_door()


async def survive(morning: Morning, lose_broker: Break, cluster: Cluster, url: str) -> None:
    """A morning in which everything breaks; afterwards every watcher has every event once, and every server is well."""

    async def restart_database() -> None:
        await restart(cluster, url)

    def kill(number: int) -> Break:
        return lambda: morning.kill(number)

    breaks = [lose_broker, kill(0), restart_database, lose_broker, kill(1)]
    try:
        async with asyncio.timeout(DEADLINE):
            for server in morning.servers:
                server.start()
            for server in morning.servers:
                await server.ready()
            watchers = [Watcher(name, *turned(morning.lives, turn)) for turn, name in enumerate(SUBSCRIBERS)]
            async with watching(url, watchers) as watch:
                began = time.monotonic()
                async with asyncio.TaskGroup() as writing:
                    for number in range(WRITERS):
                        writing.create_task(morning.write(number))
                    await break_each(morning, breaks)
                    while SOAK and time.monotonic() < began + SOAK_SECONDS:
                        await break_each(morning, random.sample([*breaks, kill(2)], len(breaks)))
                    await morning.until_answered(morning.commands - morning.answered)
                    morning.enough.set()
                for server in morning.servers:
                    await server.ready()  # it hears of the others again
                expected = await watch.caught_up()
            assert sum(map(len, expected["officer"].values())) == morning.answered >= morning.commands
            watch.assert_each_once(expected)
            assert all(watcher.lines > 1 for watcher in watchers if watcher.lives[0] is not morning.lives[2])  # those were never cut off
            assert all("feed_broadcaster_lost" in server.said() for server in morning.servers[2:])
            for server in morning.servers:
                await asyncio.to_thread(server.stop)  # none hangs
                assert server.process is not None
                assert server.process.returncode == 0
                assert faults_in_log(server.said()) == []
    finally:
        for server in morning.servers:
            await server.end()


def turned(these: list[Live], turn: int) -> list[Live]:
    """The same in another order: each comes first for one in so many."""
    turn %= len(these)
    return these[turn:] + these[:turn]


async def break_each(morning: Morning, breaks: list[Break]) -> None:
    """Break one thing after another, with some work done in between."""
    for broken in breaks:
        await morning.until_answered(morning.meanwhile)
        await broken()
