"""The broker that goes away: it is noticed at once, nothing is left of it, and what happened meanwhile is told when it is back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from graph.broker import Broker
from tests.chaos.processes import free_port, serving
from tests.live.test_two_processes import FEED, told
from tests.redis_server import Redis
from tests.server import subscribe

SOON = 20.0
TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ~ 'pg_notify' AND pid <> pg_backend_pid()"


@contextlib.asynccontextmanager
async def listening_at(url: str) -> AsyncIterator[Broker]:
    """A connection to a broker on which a word has come back. Afterwards, no task is left of it."""
    before, broker, subscription = asyncio.all_tasks(), Broker(url), contextlib.AsyncExitStack()
    await broker.connect()
    subscriber = await subscription.enter_async_context(broker.subscribe("here"))
    async with asyncio.timeout(SOON):
        heard = asyncio.create_task(subscriber.get())
        while not heard.done():
            await broker.publish("here", "a word")
            await asyncio.sleep(0.01)
    yield broker
    for end in (subscription.aclose, broker.disconnect):
        with contextlib.suppress(Exception):
            await end()
    await nothing_left(before)


async def test_a_redis_that_is_killed_is_noticed_at_once(redis: Redis) -> None:
    async with listening_at(redis.url) as broker:
        assert not broker.lost.is_set()
        redis.kill()
        async with asyncio.timeout(SOON):
            await broker.lost.wait()


async def test_a_listening_connection_that_is_terminated_is_noticed_at_once(database_url: str, plain_sql: Any) -> None:
    async with listening_at(database_url) as broker:
        assert not broker.lost.is_set()
        await plain_sql.fetch(TERMINATE)
        async with asyncio.timeout(SOON):
            await broker.lost.wait()


async def test_a_redis_that_is_not_there_leaves_no_task_behind() -> None:
    before = asyncio.all_tasks()
    broker = Broker(f"redis://127.0.0.1:{free_port()}")
    with pytest.raises(RedisConnectionError):
        await broker.connect()
    await broker.disconnect()
    await nothing_left(before)


async def nothing_left(before: set[asyncio.Task[Any]]) -> None:
    """Wait until there are no tasks but those that there were."""
    async with asyncio.timeout(SOON):
        while not asyncio.all_tasks() <= before:  # noqa: ASYNC110 - tasks of others
            await asyncio.sleep(0.01)


async def test_inv_21_what_happens_while_the_redis_is_away_is_told_when_it_is_back(database_url: str, redis: Redis, tmp_path: Path) -> None:
    slow = {"feed_poll_seconds": 600, "broadcast_url": redis.url}  # what arrives arrives by the broker
    async with (
        serving(database_url, tmp_path / "one", **slow) as one,
        serving(database_url, tmp_path / "two", **slow) as two,
        two.live.socket("north") as line,
    ):
        feed, north = await subscribe(line, FEED), one.live.as_("north")
        assert await told(feed) is None
        await north.issue("S-001", "PVS-001")
        assert await told(feed) == {"item": {"serial": "PVS-001"}}
        redis.kill()
        await north.issue("S-001", "PVS-002")
        redis.start()
        assert await told(feed) == {"item": {"serial": "PVS-002"}}
        await two.ready()
        await north.issue("S-001", "PVS-003")
        assert await told(feed) == {"item": {"serial": "PVS-003"}}
        for server in (one, two):
            assert "destroyed" not in server.said()
