"""Places at the database: in turn, within patience, and none is ever lost."""

from __future__ import annotations

import asyncio

import pytest

from graph.errors import Unavailable
from graph.places import Places, _turn_away


async def test_who_waits_longest_is_next() -> None:
    places, order = Places(1, 60), []

    async def use(name: str) -> None:
        await places.acquire()
        order.append(name)
        places.release()

    await places.acquire()
    waiting = [asyncio.create_task(use(name)) for name in "abc"]
    await asyncio.sleep(0)
    places.release()
    await asyncio.gather(*waiting)
    assert order == ["a", "b", "c"]
    assert not places.locked()


async def test_whose_patience_ends_is_told_so_and_takes_nothing() -> None:
    places = Places(1, 0.01)
    await places.acquire()
    with pytest.raises(Unavailable, match="busy"):
        await places.acquire()
    places.release()
    await places.acquire()  # at once
    assert places.locked()


@pytest.mark.parametrize("given", [False, True], ids=["before the turn", "as the turn is given"])
async def test_a_place_is_not_lost_with_who_goes_away(given: bool) -> None:
    places = Places(1, 60)
    await places.acquire()
    gone, next_ = asyncio.create_task(places.acquire()), asyncio.create_task(places.acquire())
    await asyncio.sleep(0)
    if given:
        places.release()
    gone.cancel()
    if not given:
        await asyncio.sleep(0)
        places.release()
    await next_
    with pytest.raises(asyncio.CancelledError):
        await gone
    places.release()
    assert not places.locked()


async def test_who_goes_away_as_patience_ends_gives_no_place_back_that_was_never_had() -> None:
    places = Places(1, 60)
    await places.acquire()
    gone = asyncio.create_task(places.acquire())
    await asyncio.sleep(0)
    _turn_away(places._queue[0])
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert places.locked()


async def test_a_place_given_as_patience_ends_is_not_given_twice() -> None:
    places = Places(1, 0.01)
    await places.acquire()
    late = asyncio.create_task(places.acquire())
    with pytest.raises(Unavailable):
        await late
    places.release()
    assert not places.locked()
    await places.acquire()
    assert places.locked()


async def test_nobody_waits_longer_than_there_is_time_for() -> None:
    places = Places(1, 60)
    await places.acquire(0.01)
    with pytest.raises(Unavailable):
        await places.acquire(0.01)
    places.release()
    assert await places.acquire(0.01)
