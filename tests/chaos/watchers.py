"""Those who watch the feed while things break, and come back with their last cursor; and the proof that each had every event once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import asyncpg
from websockets.exceptions import WebSocketException

from graph.resolvers.feed import read_feed_cursor
from graph.schema.base import node_id
from tests.server import Live, subscribe

FEED = "subscription ($after: String) { custodyFeed(after: $after) { cursor event { id } } }"

Ledger = dict[str, list[str]]  # the node ids of the events of each stream, in order


class Watcher:
    """Somebody who watches the feed, and comes back with the last cursor when the line breaks: to the next server, if there is one."""

    def __init__(self, username: str, *lives: Live) -> None:
        self.username = username
        self.lives = lives
        self.cursor: str | None = None
        self.seen: list[str] = []
        self.lines = 0

    async def watch(self) -> None:
        """Watch until cancelled."""
        tries = 0
        while True:
            with contextlib.suppress(OSError, WebSocketException, TimeoutError, EOFError):
                await self._line(self.lives[tries % len(self.lives)])
            tries += 1
            await asyncio.sleep(0.05)

    async def _line(self, live: Live) -> None:
        async with live.socket(self.username) as socket:
            self.lines += 1
            await subscribe(socket, FEED, after=self.cursor)
            while True:
                message = json.loads(await socket.recv())
                if message["type"] != "next" or message["payload"].get("errors"):
                    errors = message["payload"] if message["type"] == "error" else message.get("payload", {}).get("errors", ())
                    codes = [error["extensions"]["code"] for error in errors]
                    assert codes in ([], ["UNAVAILABLE"]), message
                    return
                told = message["payload"]["data"]["custodyFeed"]
                self.cursor = told["cursor"]
                if told["event"] is not None:
                    self.seen.append(sys.intern(told["event"]["id"]))  # which many others see too


class Watch:
    """Many watchers together, from the place where each user's feed began."""

    def __init__(self, url: str, watchers: Sequence[Watcher]) -> None:
        self.url = url
        self.watchers = watchers
        self.tasks = [asyncio.create_task(watcher.watch()) for watcher in watchers]
        self.begun: dict[str, dict[str, int]] = {}

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something is so; fail with what has ended a watcher."""
        while not true():
            for task in self.tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(0.01)

    async def begin(self) -> None:
        """Wait until every watcher knows its place."""
        await self.until(lambda: all(watcher.cursor for watcher in self.watchers))
        self.begun = {watcher.username: read_feed_cursor(watcher.cursor or "") for watcher in self.watchers}

    async def caught_up(self) -> dict[str, Ledger]:
        """Wait until every watcher has seen as much as there is; what the ledger has for each user."""
        expected = {username: await ledger(self.url, places) for username, places in self.begun.items()}
        count = {username: sum(map(len, streams.values())) for username, streams in expected.items()}
        await self.until(lambda: all(len(watcher.seen) >= count[watcher.username] for watcher in self.watchers))
        return expected

    async def end(self) -> None:
        """Stop watching; nobody may have stopped before."""
        for task in self.tasks:
            task.cancel()
        ends: list[Any] = await asyncio.gather(*self.tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends

    def assert_each_once(self, expected: dict[str, Ledger]) -> None:
        """Every watcher has seen exactly the ledger's events, each once, those of a stream in its order."""
        for watcher in self.watchers:
            streams = expected[watcher.username]
            stream_of = {event: stream for stream, events in streams.items() for event in events}
            seen: Ledger = defaultdict(list)
            for event in watcher.seen:
                seen[stream_of.get(event, "of nobody")].append(event)
            assert seen == streams, watcher.username


@contextlib.asynccontextmanager
async def watching(url: str, watchers: Sequence[Watcher]) -> AsyncIterator[Watch]:
    """Have them watch for the length of a block."""
    watch = Watch(url, watchers)
    try:
        await watch.begin()
        yield watch
    finally:
        await watch.end()


async def ledger(url: str, places: dict[str, int]) -> Ledger:
    """What the ledger has of each stream after these places."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT stream, seq, event_id FROM ledger_event ORDER BY stream, seq")
    await connection.close()
    found: Ledger = defaultdict(list)
    for row in rows:
        if row["seq"] > places.get(row["stream"], 2**63):
            found[row["stream"]].append(node_id("LedgerEvent", row["event_id"]))
    return found
