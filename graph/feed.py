"""The live feed: the broadcaster wakes, the ledger tells.

A message on the channel only says how far streams have come. Each process keeps one tail per watched stream, which reads the new
events once, in seq order, into a ring; a subscriber is a cursor into it, and reads the table when it has fallen behind the ring. A
lost, doubled or late wake-up loses nothing: a slow poll lies beneath.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Mapping, Sequence
from typing import Any

import structlog
from asyncpg import Record

from graph.audit.ledger import Sealed, read_events, read_heads
from graph.broker import Broker, Subscriber
from graph.errors import Unavailable
from graph.settings import Settings

CHANNEL = "armguard"
HEARTBEAT_SECONDS = 5.0
BETWEEN_WORDS_SECONDS = 0.01
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 5.0
STREAMS_PER_MESSAGE = 100
ANSWERS_KEPT, ANSWERS_SECONDS = 2000, 0.5
AGAIN_SECONDS = 0.1  # how long a task is given to end before it is told so again

log = structlog.get_logger("armguard.feed")


class Tail:
    """The end of one stream, read once for every subscriber of this process."""

    def __init__(self, stream: str, head: int, settings: Settings) -> None:
        self.stream = stream
        self.head = head
        self.ring: deque[Record] = deque(maxlen=settings.feed_ring_events)
        self.watchers: set[asyncio.Event] = set()
        self._settings = settings
        self._woken = asyncio.Event()
        self._stopped = False
        self._task = asyncio.create_task(self._run())

    def poke(self) -> None:
        """Something may have happened."""
        self._woken.set()

    def stop(self) -> None:
        """Read no more: also when the cancellation meets a connection that was just had, and is lost."""
        self._stopped = True
        self._task.cancel()

    async def _run(self) -> None:
        while not self._stopped:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.feed_poll_seconds):
                    await self._woken.wait()
            self._woken.clear()
            try:
                await self._read()
            except Exception as error:
                log.warning("feed_read_failed", stream=self.stream, reason=type(error).__name__)
                await asyncio.sleep(self._settings.feed_poll_seconds)

    async def _read(self) -> None:
        while True:
            rows = await read_events(self.stream, self.head, self._settings.feed_page_events)
            if not rows:
                return
            self.ring.extend(rows)
            self.head = rows[-1]["seq"]
            for watcher in self.watchers:
                watcher.set()

    async def after(self, seq: int) -> Sequence[Record]:
        """The next events after a seq: from the ring, or from the table when the ring no longer has them."""
        if seq >= self.head:
            return ()
        if self.ring and self.ring[0]["seq"] <= seq + 1:
            start = seq + 1 - self.ring[0]["seq"]
            return [self.ring[place] for place in range(start, min(len(self.ring), start + self._settings.feed_page_events))]
        return await read_events(self.stream, seq, self._settings.feed_page_events)


class Answers:
    """What was told of the last events, as it goes out: made once, however many watch."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, tuple[float, asyncio.Task[Any]]] = OrderedDict()

    async def get(self, key: Hashable, make: Callable[[], Coroutine[Any, Any, Any]], good: Callable[[Any], bool]) -> Any:
        """The answer that is kept, or a new one; one that is not good is made anew for each who asks."""
        now = time.monotonic()
        while self._kept and (len(self._kept) > ANSWERS_KEPT or now - next(iter(self._kept.values()))[0] > ANSWERS_SECONDS):
            self._kept.popitem(last=False)
        if key not in self._kept:
            self._kept[key] = (now, asyncio.create_task(make()))
            return await asyncio.shield(self._kept[key][1])
        answer = await asyncio.shield(self._kept[key][1])
        return answer if good(answer) else await make()


class Feed:
    """The feed of one process."""

    def __init__(self, url: str, settings: Settings) -> None:
        self._url = url
        self._settings = settings
        self._tails: dict[str, Tail] = {}
        self._pending: dict[str, int] = {}
        self._announced = asyncio.Event()
        self.listening = asyncio.Event()
        self.answers = Answers()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End the tails, and the connection to the broadcaster."""
        for tail in self._tails.values():
            tail.stop()
        await ended(self._task)

    def announce(self, appended: Sequence[Sealed]) -> None:
        """Say, after a commit, how far its streams have come. Never fails and never waits."""
        for sealed in appended:
            self._pending[sealed.stream] = max(sealed.seq, self._pending.get(sealed.stream, 0))
            if sealed.stream in self._tails:  # ours hear of it whatever becomes of the broker
                self._tails[sealed.stream].poke()
        if appended:
            self._announced.set()

    async def _run(self) -> None:
        """Keep a connection to the broadcaster, for as long as the feed runs."""
        pause = SHORTEST_PAUSE_SECONDS
        while True:
            began = time.monotonic()
            try:
                await self._connected()
            except Exception as error:
                reasons = error.exceptions if isinstance(error, ExceptionGroup) else (error,)
                if time.monotonic() - began > HEARTBEAT_SECONDS:
                    pause = SHORTEST_PAUSE_SECONDS
                log.warning("feed_broadcaster_lost", reason=type(reasons[0]).__name__, again_in_seconds=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _connected(self) -> None:
        """One connection to the broadcaster, until publishing or listening fails: then both begin anew on another.

        Its clean end takes a moment at most: a connection that went silent answers nothing any more.
        """
        broadcast, subscription = Broker(self._url), contextlib.AsyncExitStack()
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await broadcast.connect()
                subscriber = await subscription.enter_async_context(broadcast.subscribe(CHANNEL))
            self._announced.set()  # a first word at once: when it comes back, we are heard and hear
            async with asyncio.TaskGroup() as both:
                both.create_task(self._publish(broadcast))
                both.create_task(self._listen(subscriber))
                both.create_task(self._lost(broadcast))
        finally:
            self.listening.clear()
            for end in (subscription.aclose, broadcast.disconnect):
                with contextlib.suppress(Exception):
                    async with asyncio.timeout(1):
                        await end()

    async def _lost(self, broadcast: Broker) -> None:
        await broadcast.lost.wait()
        raise ConnectionResetError

    async def _publish(self, broadcast: Broker) -> None:
        """Publish what was announced, and a heartbeat when nothing was. What could not be published stays for the next connection.

        The first word goes out at once; what follows close on it is said together.
        """
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self._announced.wait()
            self._announced.clear()
            while True:
                heads = dict(itertools.islice(self._pending.items(), STREAMS_PER_MESSAGE))
                try:
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        await broadcast.publish(CHANNEL, json.dumps(heads))
                except Exception:
                    self._announced.set()
                    raise
                for stream, seq in heads.items():
                    if self._pending[stream] == seq:
                        del self._pending[stream]
                if not self._pending:
                    break
            await asyncio.sleep(BETWEEN_WORDS_SECONDS)

    async def _listen(self, subscriber: Subscriber) -> None:
        """Wake the tails that a message names, and all of them at the first one, for those that were said before we listened.

        When none comes, not even our own heartbeat, the connection is dead.
        """
        while True:
            async with asyncio.timeout(3 * HEARTBEAT_SECONDS):
                event = await subscriber.get()
            if not self.listening.is_set():
                self.listening.set()
                for tail in self._tails.values():
                    tail.poke()
            for stream, seq in json.loads(event.message).items():
                if stream in self._tails and self._tails[stream].head < seq:
                    self._tails[stream].poke()

    def _tail(self, stream: str, head: int) -> Tail:
        if stream not in self._tails:
            self._tails[stream] = Tail(stream, head, self._settings)
        return self._tails[stream]

    @contextlib.asynccontextmanager
    async def watching(self, streams: Sequence[str]) -> AsyncIterator[Watch]:
        """Watch streams for the length of a block."""
        watch = Watch(self)
        try:
            await watch.cover(streams)
            yield watch
        finally:
            watch.close()

    def release(self, tail: Tail) -> None:
        """Let a tail go when nobody watches it any more."""
        if not tail.watchers:
            tail.stop()
            self._tails.pop(tail.stream, None)


class Watch:
    """One subscriber's view of its streams."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._news = asyncio.Event()
        self.tails: dict[str, Tail] = {}

    async def cover(self, streams: Sequence[str]) -> None:
        """Watch exactly these streams from now on."""
        for stream in [stream for stream in self.tails if stream not in streams]:
            self._leave(self.tails.pop(stream))
        missing = [stream for stream in streams if stream not in self.tails]
        heads = await read_heads() if missing else {}
        for stream in missing:
            if stream in heads:
                tail = self._feed._tail(stream, heads[stream][0])
                tail.watchers.add(self._news)
                self.tails[stream] = tail

    def heads(self) -> dict[str, int]:
        """Where the watched streams stand."""
        return {stream: tail.head for stream, tail in self.tails.items()}

    def behind(self, places: Mapping[str, int]) -> int:
        """How many events lie beyond these places."""
        return sum(tail.head - places.get(stream, 0) for stream, tail in self.tails.items())

    def beside(self, places: Mapping[str, int]) -> dict[str, int]:
        """What these places say of streams that are not watched."""
        return {stream: seq for stream, seq in places.items() if stream not in self.tails}

    async def news(self, seconds: float) -> bool:
        """Wait until something has happened, at most so long; whether it has."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return False
        self._news.clear()
        return True

    def close(self) -> None:
        """Watch nothing any more."""
        for tail in self.tails.values():
            self._leave(tail)
        self.tails.clear()

    def _leave(self, tail: Tail) -> None:
        tail.watchers.discard(self._news)
        self._feed.release(tail)


async def ended(task: asyncio.Task[None]) -> None:
    """Cancel a task until it has ended: a cancellation that meets a connection just made, or a failure within, is lost on its way."""
    while not task.done():
        task.cancel()
        await asyncio.wait((task,), timeout=AGAIN_SECONDS)


_feed: Feed | None = None


async def open_feed(url: str, settings: Settings) -> None:
    """Start the feed of this process."""
    global _feed
    _feed = Feed(url, settings)


async def close_feed() -> None:
    """Stop the feed of this process."""
    global _feed
    if _feed is not None:
        await _feed.stop()
        _feed = None


def the_feed() -> Feed:
    """The feed of this process.

    Raises:
        Unavailable: it is not running.
    """
    if _feed is None:
        raise Unavailable("The live feed is not running.")
    return _feed


def announce(appended: Sequence[Sealed]) -> None:
    """Tell the feed what was committed; where none runs (a command of the console), the poll of the servers finds it."""
    if _feed is not None:
        _feed.announce(appended)
