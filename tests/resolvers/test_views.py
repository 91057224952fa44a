"""What changes of a view, for who looks at it seldom and for who looks after it broke."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from graph import feed
from graph.audit.actor import console_actor
from graph.errors import Unavailable
from graph.feed import the_feed
from graph.resolvers.views import CHANGES_KEPT, Read, Seen, looking, seen
from graph.settings import Settings

SOON = 20.0


@pytest.fixture
async def fed(opened: str, settings: Settings) -> AsyncIterator[None]:
    """A feed in this process."""
    await feed.open_feed(opened, settings)
    yield
    await feed.close_feed()


def applied(told: list[Seen], before: dict[Any, Any]) -> dict[Any, Any]:
    """The rows after what was told."""
    rows = dict(before)
    for each in told:
        rows = {**({} if each.whole else rows), **(each.rows or {})}
        for key in each.gone:
            del rows[key]
    return rows


@pytest.mark.usefixtures("fed")
async def test_who_looks_seldom_is_told_each_change_and_who_looks_too_seldom_everything() -> None:
    states: Any = [{("rows", n % 3): {"n": n}} for n in range(2 * CHANGES_KEPT)]

    async def read() -> Read:
        return Read({"stream": 0}, states[0])

    async with looking("seldom", [], read) as (view, news):
        async with asyncio.timeout(SOON):
            await news.wait()
        first = view.since(0)
        assert [each.whole for each in first] == [True]
        rows, number = applied(first, {}), first[-1].number
        assert view.since(number) == []
        for n, state in enumerate(states[1:], 1):
            view._take(Read({"stream": n}, state))
            if n % 7 == 0 and n < CHANGES_KEPT:
                told = view.since(number)
                assert not any(each.whole for each in told)
                rows, number = applied(told, rows), told[-1].number
                assert rows == state
        (everything,) = view.since(number)
        assert everything.whole
        assert applied([everything], rows) == states[-1]


@pytest.mark.usefixtures("fed")
async def test_who_looks_at_what_cannot_be_read_is_told_so_and_the_next_begins_anew() -> None:
    fails = True

    async def read() -> Read:
        if fails:
            raise Unavailable("The database is away.")
        return Read({"stream": 1}, {("rows", 1): {"n": 1}})

    async def still(_: Any) -> bool:
        return True

    refused = seen(console_actor("tests"), "broken", [], read, still)
    with pytest.raises(Unavailable):
        await anext(refused)
    fails = False
    told = seen(console_actor("tests"), "broken", [], read, still)
    async with asyncio.timeout(SOON):
        assert (await anext(told)).whole
    await told.aclose()
    assert not the_feed()._tails
