"""Counting what is limited: here, or in a Redis that may go away."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable, Iterator

import pytest
from limits import RateLimitItemPerHour, RateLimitItemPerSecond

from graph import meter
from graph.logs import start_logs
from graph.meter import Memory, Meter
from tests.redis_server import Redis
from tests.server import listening

THREE = RateLimitItemPerHour(3, namespace="three")


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the process says on standard error."""
    text = io.StringIO()
    with monkeypatch.context() as patched:
        patched.setattr("sys.stderr", text)
        start_logs("INFO")
        yield text
    start_logs("ERROR")


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the clocks on, by so many seconds."""
    passed = [0.0]
    for name in ("time", "monotonic"):
        monkeypatch.setattr(time, name, lambda real=getattr(time, name): real() + passed[0])

    def move(seconds: float) -> None:
        passed[0] += seconds

    return move


@pytest.mark.parametrize("exact", [True, False])
async def test_so_many_are_taken_and_the_next_is_told_how_long_to_wait(exact: bool, moved: Callable[[float], None]) -> None:
    counted = Meter("")
    assert [await counted.take(THREE, "ana", exact=exact) for _ in range(3)] == [0, 0, 0]
    assert 3595 <= await counted.take(THREE, "ana", exact=exact) <= 3600
    assert await counted.take(THREE, "benita", exact=exact) == 0
    moved(3601)
    assert await counted.take(THREE, "ana", exact=exact) == 0


async def test_what_is_forgotten_begins_anew() -> None:
    counted = Meter("")
    for _ in range(4):
        waited = await counted.take(THREE, "ana", exact=True)
    assert waited > 0
    await counted.forget(THREE, "ana")
    assert await counted.take(THREE, "ana", exact=True) == 0


async def test_a_moving_window_frees_one_place_after_another(moved: Callable[[float], None]) -> None:
    counted, two = Meter(""), RateLimitItemPerSecond(2, 100, namespace="two")
    assert await counted.take(two, "ana", exact=True) == 0
    moved(60)
    assert await counted.take(two, "ana", exact=True) == 0
    assert 39 <= await counted.take(two, "ana", exact=True) <= 40
    moved(41)
    assert await counted.take(two, "ana", exact=True) == 0
    assert await counted.take(two, "ana", exact=True) > 0


async def test_what_has_run_out_takes_no_memory(moved: Callable[[float], None]) -> None:
    memory = Memory()
    for number in range(1000):
        await memory.incr(f"fixed {number}", 10)
        await memory.acquire_entry(f"moving {number}", 5, 10)
    moved(11)
    await memory.incr("one more", 10)
    assert (set(memory.storage), set(memory.expirations), memory.events) == ({"one more"}, {"one more"}, {})


async def test_a_flood_of_one_is_kept_within_its_limit() -> None:
    memory = Memory()
    taken = [await memory.acquire_entry("flood", 10, 100) for _ in range(1000)]
    assert sum(taken) == len(memory.events["flood"]) == 10


async def test_without_its_redis_a_process_counts_for_itself_and_says_so_once(said: io.StringIO, moved: Callable[[float], None]) -> None:
    with listening() as nobody:
        port = nobody.getsockname()[1]
    counted = Meter(f"redis://127.0.0.1:{port}")
    for _ in range(2):
        assert [await counted.take(THREE, "ana", exact=True) for _ in range(3)] == [0, 0, 0]
        assert await counted.take(THREE, "ana", exact=True) > 0
        await counted.forget(THREE, "ana")
        moved(meter.AWAY_SECONDS + 1)
    assert said.getvalue().count("limits_redis_away") == 1
    assert str(port) not in said.getvalue()
    await counted.close()


async def test_a_redis_that_takes_connections_and_says_nothing_delays_one_request(said: io.StringIO) -> None:
    with listening() as silent:
        counted = Meter(f"redis://127.0.0.1:{silent.getsockname()[1]}")
        assert await counted.take(THREE, "ana") == 0
        started = asyncio.get_running_loop().time()
        for _ in range(20):
            await counted.take(THREE, "ana")
        assert asyncio.get_running_loop().time() - started < 20 * meter.ANSWER_SECONDS
        await counted.close()
    assert said.getvalue().count("limits_redis_away") == 1


# ------------------------------------------------------------------------------------------------------------ a real one


@pytest.mark.parametrize("exact", [True, False])
async def test_processes_count_together_in_a_redis(redis: Redis, exact: bool) -> None:
    first, second = Meter(redis.url), Meter(redis.url)
    assert await first.take(THREE, "ana", exact=exact) == 0
    assert await second.take(THREE, "ana", exact=exact) == 0
    assert await first.take(THREE, "ana", exact=exact) == 0
    assert 3590 <= await second.take(THREE, "ana", exact=exact) <= 3600
    assert await first.take(THREE, "ana", exact=exact) > 0
    await second.forget(THREE, "ana")
    assert await first.take(THREE, "ana", exact=exact) == 0
    await first.close()
    await second.close()


async def test_a_redis_that_dies_and_comes_back_locks_nobody_out(redis: Redis, said: io.StringIO, moved: Callable[[float], None]) -> None:
    counted = Meter(redis.url)
    assert await counted.take(THREE, "ana", exact=True) == 0
    redis.kill()
    assert [await counted.take(THREE, "ana", exact=True) for _ in range(3)] == [0, 0, 0]
    assert await counted.take(THREE, "ana", exact=True) > 0
    redis.start()
    moved(meter.AWAY_SECONDS + 1)
    assert await counted.take(THREE, "ana", exact=True) == 0
    assert [said.getvalue().count(event) for event in ("limits_redis_away", "limits_redis_back")] == [1, 1]
    await counted.close()
