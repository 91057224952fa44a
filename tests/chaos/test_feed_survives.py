"""The feed and the ledger when the server is killed in the middle of a busy morning, twice."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import asyncpg
from websockets.exceptions import WebSocketException

from graph import database
from graph.resolvers.feed import read_feed_cursor
from graph.schema.base import node_id
from graph.settings import Settings
from tests.chaos.processes import Counter, ServerProcess, serving
from tests.conftest import assert_whole
from tests.server import Live, subscribe

FEED = "subscription ($after: String) { custodyFeed(after: $after) { cursor event { id } } }"
WRITERS = 10  # the last two in SOUTH
TURNS = 50  # an issue and a return each
KILLED_AFTER = (300, 650)
SUBSCRIBERS = ["officer"] * 10 + ["north"] * 5 + ["south"] * 5
DEADLINE = 120.0


class Watcher:
    """Somebody who watches the feed, and comes back with the last cursor whenever the line breaks."""

    def __init__(self, live: Live, username: str) -> None:
        self.live = live
        self.username = username
        self.cursor: str | None = None
        self.seen: list[str] = []
        self.lines = 0

    async def watch(self) -> None:
        """Watch until cancelled."""
        while True:
            with contextlib.suppress(OSError, WebSocketException, TimeoutError, EOFError):
                await self._line()
            await asyncio.sleep(0.05)

    async def _line(self) -> None:
        async with self.live.socket(self.username) as socket:
            self.lines += 1
            await subscribe(socket, FEED, after=self.cursor)
            while True:
                message = json.loads(await socket.recv())
                if message["type"] != "next" or message["payload"].get("errors"):
                    codes = [error["extensions"]["code"] for error in message["payload"].get("errors", ())]
                    assert codes in ([], ["UNAVAILABLE"]), message
                    return
                told = message["payload"]["data"]["custodyFeed"]
                self.cursor = told["cursor"]
                if told["event"] is not None:
                    self.seen.append(told["event"]["id"])


async def write(counter: Counter, number: int) -> None:
    """A writer's morning: one device of their own, out and in again."""
    serial = f"PVS-{number + 1:03}" if number < WRITERS - 2 else f"PVS-{101 + WRITERS - 1 - number}"
    for _ in range(TURNS):
        issued = await counter.issue(f"S-{number + 10:03}", serial)
        returned = await counter.give_back(serial)
        assert [record["item"]["serial"] for record in issued["records"]] == [serial]
        assert returned["records"] == issued["records"]  # it came back on the receipt that it went out on


async def kill_twice(server: ServerProcess, counters: list[Counter]) -> None:
    """Kill the server when so many commands were answered, and start it again."""
    for answers in KILLED_AFTER:
        while sum(counter.answered for counter in counters) < answers:  # noqa: ASYNC110 - the answers come from another process
            await asyncio.sleep(0.005)
        server.kill()
        server.start()
        await server.ready()


async def ledger(url: str, places: dict[str, int]) -> dict[str, list[str]]:
    """What the ledger has of each stream after these places: the node ids of its events, in order."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT stream, seq, event_id FROM ledger_event ORDER BY stream, seq")
    await connection.close()
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["seq"] > places.get(row["stream"], 2**63):
            found[row["stream"]].append(node_id("LedgerEvent", row["event_id"]))
    return found


async def test_inv_21_every_watcher_has_every_event_once_though_the_server_is_killed_twice(
    database_url: str, settings: Settings, tmp_path: Path
) -> None:
    async with asyncio.timeout(DEADLINE), serving(database_url, tmp_path / "log", feed_ring_events=64) as server:
        watchers = [Watcher(server.live, username) for username in SUBSCRIBERS]
        counters = [Counter(server.live, "officer") for _ in range(WRITERS)]
        watching = [asyncio.create_task(watcher.watch()) for watcher in watchers]
        try:
            while not all(watcher.cursor for watcher in watchers):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            begun = {watcher.username: read_feed_cursor(watcher.cursor or "") for watcher in watchers}
            async with asyncio.TaskGroup() as morning:
                morning.create_task(kill_twice(server, counters))
                for number, counter in enumerate(counters):
                    morning.create_task(write(counter, number))
            expected = {username: await ledger(database_url, places) for username, places in begun.items()}
            while any(len(watcher.seen) < sum(map(len, expected[watcher.username].values())) for watcher in watchers):
                failed = [task for task in watching if task.done()]
                assert not failed, failed
                await asyncio.sleep(0.02)
        finally:
            for task in watching:
                task.cancel()
            ends: list[Any] = await asyncio.gather(*watching, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends

    assert sum(counter.answered for counter in counters) == WRITERS * TURNS * 2 == 1000
    assert sum(map(len, expected["officer"].values())) == 1000  # each command has one event, however often it was sent
    for watcher in watchers:
        streams = expected[watcher.username]
        assert watcher.lines >= 3
        assert len(watcher.seen) == len(set(watcher.seen))
        for events in streams.values():
            assert [event for event in watcher.seen if event in set(events)] == events
        assert set(watcher.seen) == {event for events in streams.values() for event in events}

    await database.open_door(database_url, settings)
    try:
        await assert_whole()
    finally:
        await database.close_door()
