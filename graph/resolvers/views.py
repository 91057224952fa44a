"""What some streams come to, such as the board of an arms room: read anew when one of them has news, once for all who look at it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import structlog

from graph import database
from graph.audit.actor import Actor
from graph.errors import Unavailable
from graph.feed import Feed, ended, the_feed
from graph.resolvers.accounts import still_watching

CHANGES_KEPT = 256
REST = 2  # how much longer than its reading took a view waits before the next

log = structlog.get_logger("armguard.feed")
_numbers = itertools.count(1)

# A row by its section and its own key.
Rows = Mapping[tuple[str, Hashable], Mapping[str, Any]]


@dataclass(frozen=True)
class Read:
    """What was read in one statement, and the places in the streams at which this is so."""

    places: Mapping[str, int]
    rows: Rows


@dataclass(frozen=True)
class Seen:
    """What one who looks is told: everything (`whole`), what has changed and what is gone since the last, or that nothing has.

    `number` is another one for each state of each view.
    """

    number: int
    places: Mapping[str, int]
    whole: bool = False
    rows: Rows | None = None
    gone: tuple[tuple[str, Hashable], ...] = ()


class View:
    """One view, for as long as somebody looks at it."""

    def __init__(self, streams: Sequence[str], read: Callable[[], Awaitable[Read]]) -> None:
        self.lookers: set[asyncio.Event] = set()
        self.number = 0
        self.broken = False
        self._now = Read({}, {})
        self._changes: deque[Seen] = deque(maxlen=CHANGES_KEPT)
        self._streams, self._read = streams, read
        self.task = asyncio.create_task(self._run())

    def since(self, number: int) -> list[Seen]:
        """What has changed since a state: everything, for who has seen none or one that is too long ago."""
        if number == self.number:
            return []
        later: deque[Seen] = deque()
        for change in reversed(self._changes):
            if change.number == number:
                return list(later)
            later.appendleft(change)
        return [Seen(self.number, self._now.places, whole=True, rows=self._now.rows)]

    def beat(self) -> Seen:
        """That nothing has changed."""
        return Seen(self.number, self._now.places)

    async def _run(self) -> None:
        poll = database.door().settings.feed_poll_seconds
        try:
            async with the_feed().watching(self._streams) as watch:
                while True:
                    began = time.monotonic()
                    self._take(await self._read())
                    await asyncio.sleep(REST * (time.monotonic() - began))
                    while not await watch.news(poll):
                        pass
        except Exception as error:
            log.warning("view_read_failed", reason=type(error).__name__)
            self.broken = True
            self._wake()

    def _take(self, now: Read) -> None:
        """Take what was read, and tell who looks if it is new."""
        before, self._now = self._now, now
        changed = {key: row for key, row in now.rows.items() if before.rows.get(key) != row}
        gone = tuple(key for key in before.rows if key not in now.rows)
        if self.number and not changed and not gone and before.places == now.places:
            return
        self.number = next(_numbers)
        self._changes.append(Seen(self.number, now.places, rows=changed, gone=gone))
        self._wake()

    def _wake(self) -> None:
        for looker in self.lookers:
            looker.set()


_views: WeakKeyDictionary[Feed, dict[Hashable, View]] = WeakKeyDictionary()


@contextlib.asynccontextmanager
async def looking(key: Hashable, streams: Sequence[str], read: Callable[[], Awaitable[Read]]) -> AsyncIterator[tuple[View, asyncio.Event]]:
    """Look at a view for the length of a block: the one that others look at, or a new one."""
    views, news = _views.setdefault(the_feed(), {}), asyncio.Event()
    view = views.get(key)
    if view is None or view.broken:
        view = views[key] = View(streams, read)
    view.lookers.add(news)
    try:
        yield view, news
    finally:
        view.lookers.discard(news)
        if not view.lookers:
            if views.get(key) is view:
                del views[key]
            await ended(view.task)


async def seen(
    actor: Actor, key: Hashable, streams: Sequence[str], read: Callable[[], Awaitable[Read]], still: Callable[[Actor], Awaitable[bool]]
) -> AsyncGenerator[Seen, None]:
    """Everything, then what changes, and now and then that nothing has. It ends when it is not `still` what the viewer asked for.

    Raises:
        Unauthenticated, Forbidden: the viewer may not see it any more.
        Unavailable: it cannot be read now.
    """
    settings = database.door().settings
    pause, between = settings.standing_seconds, settings.feed_heartbeat_seconds
    async with looking(key, streams, read) as (view, news):
        number, beaten = 0, time.monotonic()
        while True:
            news.clear()
            actor = await still_watching(actor)
            if not await still(actor):
                return
            if view.broken:
                raise Unavailable("This cannot be read now. Subscribe again.")
            told = view.since(number)
            if not told and number and time.monotonic() - beaten >= between:
                told = [view.beat()]
            for each in told:
                yield each
                number, beaten = each.number, time.monotonic()
            if not told:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(pause, max(0.0, beaten + between - time.monotonic())) or pause):
                        await news.wait()
