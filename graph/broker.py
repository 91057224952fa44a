"""What wakes the feeds of several processes: the broadcaster, over the memory of one process, a Redis, or PostgreSQL.

It says that something happened, never what. Its own backends go on in silence when their connection is lost, or connect again without
saying that words were missed meanwhile; these say it at once, and whoever listens begins anew.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

from broadcaster import Broadcast
from broadcaster._backends.base import BroadcastBackend
from broadcaster._backends.memory import MemoryBackend
from broadcaster._backends.postgres import PostgresBackend
from broadcaster._backends.redis import RedisBackend
from broadcaster._base import Subscriber
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

__all__ = ["Broker", "Subscriber", "wakes_others"]


class Broker(Broadcast):
    """One connection to the broker at an address. `lost` is set as soon as it hears nothing any more."""

    def __init__(self, url: str) -> None:
        self.lost = asyncio.Event()
        super().__init__(backend=self._backend_at(url))

    def _backend_at(self, url: str) -> BroadcastBackend:
        match urlsplit(url).scheme:
            case "redis" | "rediss":
                return _Redis(url, self.lost)
            case "postgres" | "postgresql":
                return _Postgres(url, self.lost)
            case "memory":
                return MemoryBackend(url)
            case scheme:
                raise ValueError(f"There is no broker of the kind {scheme}.")

    async def disconnect(self) -> None:
        """End it, also one that never came to be: what waits in it would wait for ever."""
        if "_listener_task" in vars(self):
            self._listener_task.cancel()
        await self._backend.disconnect()


def wakes_others(url: str) -> bool:
    """Whether the broker at an address wakes other processes than the one that speaks."""
    return not url.startswith("memory://")


class _Redis(RedisBackend):
    def __init__(self, url: str, lost: asyncio.Event) -> None:
        super().__init__(url)
        self._conn = Redis.from_url(url, retry=Retry(NoBackoff(), 0))
        self._pubsub = self._conn.pubsub()
        self._lost = lost

    async def connect(self) -> None:
        await super().connect()
        assert self._listener is not None
        self._listener.add_done_callback(self._ended)

    async def disconnect(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
        await super().disconnect()

    def _ended(self, listener: asyncio.Task[None]) -> None:
        self._lost.set()
        if not listener.cancelled():
            listener.exception()  # which is no news: whoever waits for `lost` says so


class _Postgres(PostgresBackend):
    def __init__(self, url: str, lost: asyncio.Event) -> None:
        super().__init__(url)
        self._lost = lost

    async def connect(self) -> None:
        await super().connect()
        self._conn.add_termination_listener(self._ended)

    def _ended(self, _connection: Any) -> None:
        self._lost.set()
