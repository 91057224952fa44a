"""The live feed of custody: whose events, from which place on, and for how long."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from asyncpg import Record

from graph import database
from graph.audit.actor import Actor
from graph.audit.ledger import read_heads
from graph.errors import BadInput, Forbidden
from graph.feed import Watch, the_feed
from graph.models.ledger import REGISTRY
from graph.resolvers.accounts import still_watching
from graph.resolvers.reading import decode, encode

LONGEST_CURSOR = 16 * 1024
CURSOR_PER_STREAM = 80  # what the largest place in one stream takes of a cursor

# The arms rooms of units and of all below them.
OF_UNITS = """
SELECT r.id FROM armory r WHERE r.unit_id IN (
    WITH RECURSIVE below (id) AS (SELECT unnest($1::uuid[]) UNION SELECT u.id FROM unit u JOIN below b ON u.parent_id = b.id)
    SELECT id FROM below)
"""
NONE_LEFT = "No arms room is in your scope any more."
EVERY_ROOM = "SELECT armory_id AS id FROM stream_head WHERE armory_id IS NOT NULL"


@dataclass(frozen=True)
class Wanted:
    """Which events a subscriber wants: those of these arms rooms, of those of these units and of all below them, of these kinds, with a
    part of these people and of these items. What is None does not matter.
    """

    armories: frozenset[UUID] | None = None
    units: frozenset[UUID] | None = None
    kinds: frozenset[str] | None = None
    persons: frozenset[UUID] | None = None
    items: frozenset[UUID] | None = None

    def __post_init__(self) -> None:
        """Refuse what could let nothing through.

        Raises:
            BadInput: a list is empty.
        """
        for name, given in self.__dict__.items():
            if given is not None and not given:
                raise BadInput(f"{name} is empty: name at least one, or leave it out for all.")

    def lets_through(self, event: Record) -> bool:
        """Whether an event of one of its arms rooms is wanted."""
        asked = ((self.kinds, "type"), (self.persons, "person_id"), (self.items, "item_id"))
        return all(among is None or event[column] in among for among, column in asked)


@dataclass(frozen=True)
class FeedMessage:
    """A place in the feed, and the event there; without one, it only tells the place. `actor` is the viewer as of this message."""

    cursor: str
    event: Record | None
    actor: Actor


class Follower:
    """Whoever follows a feed: here a viewer who does so alone, from where the client has asked for, to the end.

    `place` is where to go on instead, if it is known already.
    """

    __slots__ = ("place",)

    def __init__(self, place: str | None = None) -> None:
        self.place = place

    def asks(self, wanted: Wanted) -> None:
        """What it wants of the feed."""

    def sees(self, outline: Callable[[], Any]) -> None:
        """A message with an event is executed; `outline` tells what is asked of each."""

    async def still(self, actor: Actor) -> Actor:
        """The viewer as the account now is.

        Raises:
            Unauthenticated, NotYet: it may not watch any more.
        """
        return await still_watching(actor)

    def leads_to(self, place: str) -> None:
        """The next message will lead to this place."""

    def rests(self, actor: Actor, place: str, watch: Watch, places: Mapping[str, int]) -> bool:  # noqa: ARG002
        """Everything up to this place is told; whether to end the stream here. `places` says it, also for streams that are not watched."""
        return False

    def patience(self) -> float:
        """For how many seconds at most to wait before it is asked again whether the viewer may go on."""
        return database.door().settings.standing_seconds


following: ContextVar[Follower] = ContextVar("armguard_following", default=Follower())  # noqa: B039 - it keeps nothing


async def custody_feed(actor: Actor, after: str | None, wanted: Wanted) -> AsyncGenerator[FeedMessage, None]:
    """Every event that is wanted of the actor's arms rooms after a cursor, in order, once, and then each as it is committed.

    The actor's standing and scope are looked at again for every event, and every few seconds when none comes; what arms rooms there
    are, every few seconds. Now and then, when everything is told, a message without an event says so.

    Raises:
        BadInput: the cursor is not one of the feed, or not one of this ledger.
        Unauthenticated: the account, session or token has ended meanwhile.
        Forbidden: what was asked for is not in scope, or not any more.
        NotYet: the viewer must do something else first, since a moment ago.
    """
    streams = await _streams(actor, wanted)
    _refuse_elsewhere(wanted, streams)
    follower = following.get()
    follower.asks(wanted)
    if follower.place is not None and not streams:
        raise Forbidden(NONE_LEFT)
    after = follower.place or after
    cursor = await _places(after) if after is not None else {}
    settings = database.door().settings
    pause, between = settings.standing_seconds, settings.feed_heartbeat_seconds
    async with the_feed().watching(streams) as watch:
        covered = beaten = time.monotonic()
        if after is None:
            cursor = watch.heads()
            yield FeedMessage(feed_cursor(cursor), None, actor)
        await _refuse_ahead(cursor, watch)
        while True:
            delivered = False
            for stream, tail in list(watch.tails.items()):
                for row in await tail.after(cursor.get(stream, 0)):
                    actor = await follower.still(actor)
                    if not actor.may_see(UUID(stream)):
                        break
                    cursor[stream] = row["seq"]
                    delivered = True
                    if wanted.lets_through(row):
                        follower.leads_to(place := feed_cursor(cursor))
                        yield FeedMessage(place, row, actor)
                        if follower.rests(actor, place, watch, cursor):
                            return
            if not delivered:
                place = feed_cursor(cursor)
                if streams and follower.rests(actor, place, watch, cursor):
                    return
                if time.monotonic() - beaten >= between:
                    beaten = time.monotonic()
                    follower.leads_to(place)
                    yield FeedMessage(place, None, actor)
                await watch.news(min(follower.patience(), beaten + between - time.monotonic()))
                actor = await follower.still(actor)
            if time.monotonic() - covered >= pause:
                await _cover(watch, actor, wanted)
                covered = time.monotonic()


async def _places(after: str) -> dict[str, int]:
    """What a cursor says of the streams that there are, in scope or not: a scope may grow. Every message repeats it, so nothing else stays.

    Raises:
        BadInput: it is not a cursor of the feed, or longer than one can be.
    """
    known = await read_heads()
    if len(after) > max(LONGEST_CURSOR, CURSOR_PER_STREAM * len(known)):
        raise BadInput("This is longer than a cursor of the feed can be. Take the cursor of the last message that you have seen.")
    return {stream: seq for stream, seq in read_feed_cursor(after).items() if stream in known}


async def _refuse_ahead(cursor: dict[str, int], watch: Watch) -> None:
    """A place that the ledger has not reached would wait in silence until it does, and miss what comes before."""
    if any(cursor.get(stream, 0) > head for stream, head in watch.heads().items()):
        heads = await read_heads()  # a tail may be a moment behind
        if any(cursor.get(stream, 0) > heads[stream][0] for stream in watch.tails):
            message = "This cursor is ahead of the ledger: it is from elsewhere, or a backup was restored since. Begin without `after`."
            raise BadInput(message)


def _refuse_elsewhere(wanted: Wanted, streams: list[str]) -> None:
    """Whoever asks for arms rooms that are not in scope would wait for ever, and think that all is quiet."""
    if wanted.units is None and wanted.armories is not None and len(streams) < len(wanted.armories):
        raise Forbidden("One of these arms rooms is not in your scope.")
    if wanted.units is not None and not streams:
        raise Forbidden("No arms room of these units is in your scope.")


async def _cover(watch: Watch, actor: Actor, wanted: Wanted) -> None:
    """Follow the scope where it has changed: an arms room that was added is watched from its first event."""
    rooms = await the_feed().answers.get(("rooms", wanted.units), partial(_rooms, wanted), lambda _: True)
    streams = _chosen(rooms, actor, wanted)
    if set(streams) == set(watch.tails):
        return
    _refuse_elsewhere(wanted, streams)
    if not streams:
        raise Forbidden(NONE_LEFT)
    await watch.cover(streams)


async def _streams(actor: Actor, wanted: Wanted) -> list[str]:
    return _chosen(await _rooms(wanted), actor, wanted)


async def _rooms(wanted: Wanted) -> frozenset[UUID]:
    rows = await (database.fetch(EVERY_ROOM) if wanted.units is None else database.fetch(OF_UNITS, list(wanted.units)))
    return frozenset(row["id"] for row in rows)


def _chosen(rooms: frozenset[UUID], actor: Actor, wanted: Wanted) -> list[str]:
    return sorted(str(room) for room in rooms if actor.may_see(room) and (wanted.armories is None or room in wanted.armories))


# ------------------------------------------------------------------------------------------------------------------------------- places


_heads: ContextVar[Mapping[str, int] | None] = ContextVar("armguard_heads", default=None)


async def mark_place() -> None:
    """Keep how far the streams have come, before the operation under way reads anything."""
    _heads.set({stream: seq for stream, (seq, _) in (await read_heads()).items()})


async def place_of(actor: Actor) -> str:
    """The cursor of the place that was marked, in the actor's arms rooms: nothing that was read since is older."""
    if (heads := _heads.get()) is None:
        await mark_place()
        heads = _heads.get() or {}
    return feed_cursor({stream: seq for stream, seq in heads.items() if stream != REGISTRY and actor.may_see(UUID(stream))})


def feed_cursor(places: Mapping[str, int]) -> str:
    """An opaque place in several streams: the same text for the same place, however it was reached."""
    return encode({stream.replace("-", ""): places[stream] for stream in sorted(places)})


def read_feed_cursor(text: str) -> dict[str, int]:
    """The place that a cursor says; an arms room that it does not name is read from its first event.

    Raises:
        BadInput: it is not a cursor of the feed.
    """
    places: Any = decode(text)
    try:
        if all(isinstance(seq, int) and not isinstance(seq, bool) and 0 <= seq < 2**63 for seq in places.values()):
            return {str(UUID(hex=stream)): seq for stream, seq in places.items()}
    except (AttributeError, ValueError):
        pass
    raise BadInput("This is not a cursor of the feed. Take the cursor of the last message that you have seen.")
