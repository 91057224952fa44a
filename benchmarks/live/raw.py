"""The yardstick: the `websockets` library sends a ready text to all its connections. No GraphQL, no filter, no scope, no place to resume at.

The text is the one that ArmGuard sends, made once for each event from its row.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import asyncpg
import orjson
import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

from benchmarks.live.asked import STREAM
from graph.feed import CHANNEL
from graph.resolvers.feed import feed_cursor

HEAD = "SELECT seq FROM stream_head WHERE stream = $1"
EVENTS = (
    "SELECT e.seq, e.type, e.summary, i.serial, i.state FROM ledger_event e JOIN item i ON i.id = e.item_id "
    "WHERE e.stream = $1 AND e.seq > $2 ORDER BY e.seq"
)


def text_of(seq: int, event: Any) -> str:
    """A message of the feed."""
    data = {"custodyFeed": {"cursor": feed_cursor({STREAM: seq}), "event": event}}
    return orjson.dumps({"id": "1", "type": "next", "payload": {"data": data}}).decode()


class Server:
    """All connections, and how far the stream has been told."""

    def __init__(self, connection: asyncpg.Connection[Any], seq: int) -> None:
        self._connections: set[ServerConnection] = set()
        self._connection, self._seq = connection, seq
        self._news = asyncio.Event()

    async def watch(self, viewer: ServerConnection) -> None:
        """One connection, until it ends."""
        await viewer.send(text_of(self._seq, None))
        self._connections.add(viewer)
        try:
            await viewer.wait_closed()
        finally:
            self._connections.discard(viewer)

    def poke(self, *_: Any) -> None:
        """Something was committed."""
        self._news.set()

    async def tell(self) -> None:
        """Send each event to all, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            for row in await self._connection.fetch(EVENTS, STREAM, self._seq):
                self._seq = row["seq"]
                event = {"seq": row["seq"], "type": row["type"], "summary": row["summary"]}
                broadcast(self._connections, text_of(self._seq, event | {"item": {"serial": row["serial"], "state": row["state"]}}))


async def main(port: int) -> None:
    """Serve."""
    reading, listening = [await asyncpg.connect(os.environ["BENCH_URL"]) for _ in range(2)]
    server = Server(reading, await reading.fetchval(HEAD, STREAM))
    await listening.add_listener(CHANNEL, server.poke)
    async with serve(server.watch, "127.0.0.1", port, compression=None):
        await server.tell()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
