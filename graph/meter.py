"""Counting how often something is done, by the `limits` library: in this process, or in a Redis for all processes that have it.

A Redis that is away lets nobody in or out: meanwhile each process counts for itself, and says so once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from weakref import WeakSet

import structlog
from limits import RateLimitItem
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.storage.memory import Entry
from limits.aio.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter, RateLimiter
from limits.errors import StorageError

T = TypeVar("T")
log = structlog.get_logger("armguard.limits")

SWEEP_SECONDS = 10.0  # how often what has run out is forgotten
AWAY_SECONDS = 5.0  # how long a Redis that did not answer is not asked again
ANSWER_SECONDS = 0.25  # how long it may take to answer


class Memory(MemoryStorage):
    """The library's, but it looks for what has run out now and then: that one does at each hit, at every key, in threads."""

    def __init__(self) -> None:
        super().__init__()
        self._swept = time.time()

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count, in a window that begins with the first."""
        now = self._now()
        if self.expirations.get(key, 0) <= now:
            self.storage[key], self.expirations[key] = 0, now + expiry
        self.storage[key] += amount
        return self.storage[key]

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count, if there are not as many within the time that has just passed."""
        now = self._now()
        entries = self.events.setdefault(key, [])
        if amount > limit or (len(entries) > limit - amount and entries[limit - amount].atime >= now - expiry):
            return False
        entries[:0] = [Entry(expiry)] * amount
        del entries[limit:]
        return True

    def _now(self) -> float:
        now = time.time()
        if now >= self._swept + SWEEP_SECONDS:
            self._swept = now
            for key in [key for key, until in self.expirations.items() if until <= now]:
                del self.expirations[key], self.storage[key]
            for key in [key for key, entries in self.events.items() if not entries or entries[0].expiry <= now]:
                del self.events[key]
        return now


class Counted:
    """What is counted in one place. A moving window is exact; one that begins with the first that is counted is quicker."""

    def __init__(self, storage: Storage) -> None:
        self._fixed = FixedWindowRateLimiter(storage)
        self._moving = MovingWindowRateLimiter(storage)

    async def take(self, item: RateLimitItem, of: tuple[str, ...], exact: bool) -> int:
        """Count one; how many seconds until one is taken, if there were too many, or 0."""
        limiter: RateLimiter = self._moving if exact else self._fixed
        if await limiter.hit(item, *of):
            return 0
        reset = (await limiter.get_window_stats(item, *of)).reset_time
        return max(1, math.ceil(reset - time.time()))

    async def forget(self, item: RateLimitItem, of: tuple[str, ...]) -> None:
        """It is as if there had been none."""
        await self._moving.clear(item, *of)


class Meter:
    """Counts, in the Redis at an address or, without one or while it is away, in this process."""

    def __init__(self, url: str) -> None:
        self.memory = Memory()
        self._here = Counted(self.memory)
        self._redis = _redis(url) if url else None
        self._there = Counted(self._redis) if self._redis is not None else None
        self._again, self._away = 0.0, False
        _meters.add(self)

    async def take(self, item: RateLimitItem, *of: str, exact: bool = False) -> int:
        """Count one of what `of` names; how many seconds until one is taken, if there were too many, or 0."""
        return await self._asked(lambda where: where.take(item, of, exact))

    async def forget(self, item: RateLimitItem, *of: str) -> None:
        """It is as if there had been none of what `of` names."""
        await self._asked(lambda where: where.forget(item, of))

    async def close(self) -> None:
        """Close the connections to the Redis."""
        if self._redis is not None:
            client: Any = self._redis.bridge
            await client.storage.aclose()

    async def _asked(self, ask: Callable[[Counted], Awaitable[T]]) -> T:
        now = time.monotonic()
        if self._there is not None and now >= self._again:
            if self._away:
                self._again = now + AWAY_SECONDS  # whoever else comes meanwhile need not wait with this one
            try:
                answer = await ask(self._there)
            except StorageError as error:
                self._again = time.monotonic() + AWAY_SECONDS
                if not self._away:
                    self._away = True
                    log.warning("limits_redis_away", message="Counting in this process until it is back.", error=type(error).__name__)
            else:
                if self._away:
                    self._away = False
                    log.info("limits_redis_back")
                return answer
        return await ask(self._here)


_meters: WeakSet[Meter] = WeakSet()


async def close_all() -> None:
    """Close the connections of this process."""
    for meter in list(_meters):
        await meter.close()


def _redis(url: str) -> RedisStorage:
    patience = {"socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": ANSWER_SECONDS}
    return RedisStorage(f"async+{url}", wrap_exceptions=True, implementation="redispy", key_prefix="armguard", **patience)
