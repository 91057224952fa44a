"""Viewers of a feed who ask the same and may see the same: one of them all reads, executes and encodes, and each is sent the same text.

A viewer begins by itself, as anybody does, and goes over to its audience when everything that there is was told, at the place where both
stand. Whoever cannot be sent a message at once, may not watch any more or has another scope now is let go, and goes on by itself from the
last message that it was sent: what is hard about following a feed is done there alone.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Callable, Hashable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

import orjson
import structlog
from strawberry.types import ExecutionResult

from graph import database
from graph.audit.actor import Actor
from graph.feed import Watch, ended
from graph.resolvers.accounts import standings, watching_still
from graph.resolvers.feed import Follower, Wanted, custody_feed, feed_cursor, following
from graph.schema.alike import Question
from graph.schema.outline import NotAtHand, Outline

KEPT_MESSAGES, KEPT_BYTES = 256, 512 * 1024  # of the last ones: what a viewer may be behind when it comes
KEPT_PLACES = 2 * KEPT_MESSAGES
AT_ONCE = 250  # viewers, before others have their turn
APART_SECONDS = 5.0  # how long whoever was let go for a failure goes on by itself

LINE = "armguard.line"  # where an application finds it, among the extensions that the server says it has

log = structlog.get_logger("armguard.feed")


class NotForAll(Exception):
    """An answer that is not the same for all."""


class Line(Protocol):
    """The line to a client."""

    def offer(self, frame: bytes) -> bool:
        """Send a whole frame, if that can be done at once; whether it was."""


def framed(opening: bytes, payload: bytes) -> bytes:
    """A message as one text frame of a server (RFC 6455, 5.2)."""
    length = len(opening) + len(payload) + 1
    size = bytes((length,)) if length < 126 else b"\x7e" + length.to_bytes(2) if length < 65536 else b"\x7f" + length.to_bytes(8)
    return b"".join((b"\x81", size, opening, payload, b"}"))


class Viewer(Follower):
    """One subscription of a socket."""

    __slots__ = (
        "_alike",
        "_among",
        "_audiences",
        "_left",
        "actor",
        "apart_until",
        "beside",
        "key",
        "line",
        "opening",
        "question",
        "resting",
        "told",
    )

    def __init__(self, audiences: Audiences, line: Line, operation_id: str, question: Question) -> None:
        super().__init__()
        self._audiences, self.line, self.question = audiences, line, question
        self.opening = b'{"id":' + orjson.dumps(operation_id) + b',"type":"next","payload":'
        self._alike: Hashable = None
        self._among: Audience | None = None
        self._left: asyncio.Future[None] | None = None
        self.actor: Actor | None = None
        self.beside: Mapping[str, int] = {}
        self.key: Hashable = None
        self.resting = False
        self.apart_until, self.told = 0.0, 0

    def rests(self, actor: Actor, place: str, watch: Watch, places: Mapping[str, int]) -> bool:
        """Go over to the audience, if there is room for whoever stands here.

        Every cursor also repeats how far the viewer had come beside this feed, in arms rooms that the filter leaves out. Whoever had come
        further there takes the cursors of an audience that had not, which repeat and never leave out; others are an audience apart.
        """
        if time.monotonic() < self.apart_until:
            return False
        self.actor, beside = actor, watch.beside(places)
        self._alike = self._alike or self.question.alike()
        for key in ((self._alike, seen_alike(actor), frozenset(found)) for found in (beside, beside.items())):
            audience = self._audiences.get(key)
            if audience is None:
                self.resting = watch.behind(places) <= KEPT_MESSAGES  # a new one begins only where others will soon be
            elif all(beside[stream] >= seq for stream, seq in audience.beside.items()):
                place = feed_cursor({**places, **audience.beside})
                self.resting = audience.knows(place)
            else:
                continue
            if self.resting:
                self.key, self.place, self.beside = key, place, beside
            break
        return self.resting

    async def watch(self) -> None:
        """Be one of the audience, until it is time to go on by oneself from `place`."""
        self.resting = False
        self._among = audience = self._audiences.of(self)
        self._left = asyncio.get_running_loop().create_future()
        try:
            if audience.take(self):
                await self._left
        finally:
            self.leave()

    def leave(self) -> None:
        """Be one of no audience any more."""
        if self._among is not None:
            self._among.leave(self)
            self._among = None

    def end(self) -> None:
        """Keep nothing: a connection to the database knows for minutes who has asked what first."""
        del self.line, self.question

    def let_go(self) -> None:
        """Have it go on by itself."""
        if self._left is not None and not self._left.done():
            self._left.set_result(None)


def seen_alike(actor: Actor) -> Hashable:
    """What decides what an actor may see."""
    return actor.armories, actor.rights


class Audiences:
    """Those of one process."""

    def __init__(self) -> None:
        self._audiences: dict[Hashable, Audience] = {}

    def __iter__(self) -> Iterator[Audience]:
        return iter(self._audiences.values())

    def sizes(self) -> list[int]:
        """How many viewers each has."""
        return sorted(map(len, self))

    def get(self, key: Hashable) -> Audience | None:
        """The one with this key, if there is one."""
        return self._audiences.get(key)

    def of(self, viewer: Viewer) -> Audience:
        """The audience of a viewer who has come to rest; a new one begins at its place."""
        audience = self._audiences.get(viewer.key)
        if audience is None:
            audience = self._audiences[viewer.key] = Audience(viewer, self._audiences)
        viewer.key = audience.key  # one text for all
        return audience


class Audience(Follower):
    """Some viewers, and the stream that one reads for all."""

    def __init__(self, founder: Viewer, among: dict[Hashable, Audience]) -> None:
        assert founder.actor is not None
        assert founder.place is not None
        super().__init__(founder.place)
        self.key, self.beside, self._among = founder.key, founder.beside, among
        self._viewers: dict[Viewer, None] = {}
        self._number = 0  # of the last message
        self._recent: deque[tuple[int, str, bytes]] = deque()
        self._recent_bytes = 0
        self._places: OrderedDict[str, int] = OrderedDict({founder.place: 0})
        self._next = founder.place
        self._wanted = Wanted()
        self._outline: Outline | None = None
        self._plain, self._short = False, False  # whether each message takes GraphQL; whether none does now
        self._seen_changes, self._look_at = standings.changes, 0.0
        self._task = asyncio.create_task(self._read(founder.question, replace(founder.actor, credential_id=None, expires_at=None)))

    def __len__(self) -> int:
        return len(self._viewers)

    def knows(self, place: str) -> bool:
        """Whether whoever stands at a place has missed nothing but what is at hand."""
        number = self._places.get(place)
        return number is not None and number >= self._number - len(self._recent)

    def take(self, viewer: Viewer) -> bool:
        """Take a viewer in, and send what it has missed on its way here; whether that could be done."""
        assert viewer.place is not None
        if not self.knows(viewer.place):
            return False
        viewer.told = self._places[viewer.place]
        for number, place, payload in self._recent:
            if number > viewer.told and not self._send(viewer, number, place, framed(viewer.opening, payload)):
                return False
        self._viewers[viewer] = None
        return True

    def leave(self, viewer: Viewer) -> None:
        """Do without a viewer; the last one takes the stream with it."""
        if viewer in self._viewers:
            del self._viewers[viewer]
            if viewer.told == self._number:
                viewer.place = self.place  # also past what nobody here wants
        if not self._viewers:
            self._end()

    # What the stream asks of whoever follows it, here on behalf of all.

    async def still(self, actor: Actor) -> Actor:
        """Look at all accounts again, when it is time or one was found to be otherwise; whose scope is another now is let go."""
        if self._seen_changes == standings.changes and time.monotonic() < self._look_at:
            return actor
        self._seen_changes = standings.changes
        self._look_at = time.monotonic() + database.door().settings.standing_seconds
        asked = list(self._viewers)  # who comes meanwhile has just been looked at
        now = await watching_still(viewer.actor for viewer in asked if viewer.actor is not None)
        for viewer in asked:
            standing = now.get(viewer.actor.credential_id) if viewer.actor and viewer.actor.credential_id else None
            if viewer not in self._viewers:
                continue
            if standing is None or seen_alike(standing) != seen_alike(actor):
                self._let_go(viewer)
            else:
                viewer.actor = standing
        return actor

    def patience(self) -> float:
        """Until it is time to look at all accounts again: an event just before does not put that off."""
        return max(0.0, self._look_at - time.monotonic())

    def leads_to(self, place: str) -> None:
        """Where the next message leads."""
        self._next = place

    def asks(self, wanted: Wanted) -> None:
        """What is wanted of the feed."""
        self._wanted = wanted

    def sees(self, outline: Callable[[], Outline]) -> None:
        """Learn from the first message what is asked of each."""
        if self._outline is None and not self._plain:
            self._outline = outline()

    def rests(self, actor: Actor, place: str, watch: Watch, places: Mapping[str, int]) -> bool:  # noqa: ARG002
        """Everything up to here is told; without viewers there is nothing more to read, and what is known takes a shorter way."""
        self._stand(place)
        return not self._viewers or (self._outline is not None and not self._short)

    async def _read(self, question: Question, actor: Actor) -> None:
        following.set(self)
        structlog.contextvars.clear_contextvars()  # it is no request of the founder's
        try:
            while self._viewers:
                answers = self._answers(question, actor) if self._outline is None else self._short_answers(self._outline, actor)
                async with aclosing(answers):
                    async for answer in answers:
                        await self._tell(answer, self._next)
        except NotForAll:
            pass  # each will be told what is wrong, in words of its own
        except Exception as error:
            log.warning("audience_failed", reason=type(error).__name__)
        finally:
            for viewer in list(self._viewers):
                viewer.apart_until = time.monotonic() + APART_SECONDS
                self._let_go(viewer)
            self._end()

    async def _answers(self, question: Question, actor: Actor) -> AsyncGenerator[bytes, None]:
        async with aclosing(await question.asked_as(actor)) as results:
            async for result in results:
                if not isinstance(result, ExecutionResult) or result.errors:
                    raise NotForAll
                yield orjson.dumps({"data": result.data})

    async def _short_answers(self, outline: Outline, actor: Actor) -> AsyncGenerator[bytes, None]:
        self._short = True
        try:
            async with aclosing(custody_feed(actor, None, self._wanted)) as messages:
                async for message in messages:
                    yield await outline.answer(message)
        except NotAtHand:
            self._plain, self._outline = True, None
        finally:
            self._short = False

    async def _tell(self, payload: bytes, place: str) -> None:
        self._number += 1
        self._stand(place)
        self._recent.append((self._number, place, payload))
        self._recent_bytes += len(payload)
        while len(self._recent) > KEPT_MESSAGES or self._recent_bytes > KEPT_BYTES:
            self._recent_bytes -= len(self._recent.popleft()[2])
        number, frames = self._number, dict[bytes, bytes]()
        for count, viewer in enumerate(list(self._viewers), 1):
            if viewer.told < number and viewer in self._viewers:
                frame = frames.get(viewer.opening)
                if frame is None:
                    frame = frames[viewer.opening] = framed(viewer.opening, payload)
                if not self._send(viewer, number, place, frame):
                    self._let_go(viewer)
            if count % AT_ONCE == 0:
                await asyncio.sleep(0)

    @staticmethod
    def _send(viewer: Viewer, number: int, place: str, frame: bytes) -> bool:
        if not viewer.line.offer(frame):
            return False
        viewer.told, viewer.place = number, place
        return True

    def _let_go(self, viewer: Viewer) -> None:
        self.leave(viewer)
        viewer.let_go()

    def _stand(self, place: str) -> None:
        self.place = place
        self._places[place] = self._number
        self._places.move_to_end(place)
        if len(self._places) > KEPT_PLACES:
            self._places.popitem(last=False)

    def _end(self) -> None:
        if self._among.get(self.key) is self:
            del self._among[self.key]
            self._recent.clear()  # for what it has asked the database may be known there as its own for minutes
            self._recent_bytes = 0
            if asyncio.current_task() is not self._task:
                _ending.add(ending := asyncio.create_task(ended(self._task)))
                ending.add_done_callback(_ending.discard)


_ending: set[asyncio.Task[None]] = set()
