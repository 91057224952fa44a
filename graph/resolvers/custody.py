"""Custody records, purposes, and the live feed of custody."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
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
from graph.resolvers.people import PERSON
from graph.resolvers.reading import decode, encode
from graph.resolvers.tables import Key, Link, Table, aliased, table

PURPOSE = table(
    Table(
        "Purpose",
        "purpose",
        ("id", "code", "name", "categories", "default_issue_type", "due_hours", "version"),
        totals={"loadout": Link("LoadoutEntry", "id", "purpose_id", order="it.category, it.article")},
        filters={"code": "it.code = ?"},
        orders={"CODE": (Key("it.code", "text"), Key("it.id", "uuid"))},
    )
)

LOADOUT = table(
    Table(
        "LoadoutEntry",
        "(SELECT p.id AS purpose_id, e.category, e.article, sum(e.quantity) AS quantity FROM purpose p, "
        "jsonb_to_recordset(p.loadout) AS e(category text, article text, quantity int) GROUP BY p.id, e.category, e.article)",
        ("purpose_id", "category", "article", "quantity"),
    )
)

CONFIRMED = "(SELECT k.confirmed_at FROM confirmation k WHERE k.record_id = it.id AND k.stage = '{stage}')"
# Not by EXISTS: PostgreSQL would read all confirmations for a page of fifty receipts.
CONFIRMATION = (
    f"CASE WHEN {CONFIRMED.format(stage='ISSUE')} IS NOT NULL THEN 'CONFIRMED' "
    "WHEN NOT it.confirmation_required THEN 'NOT_ASKED' WHEN it.closed_at IS NULL THEN 'PENDING' ELSE 'VOID' END"
)

CUSTODY = table(
    Table(
        "CustodyRecord",
        "custody_record",
        (
            *(
                "id",
                "receipt_number",
                "armory_id",
                "item_id",
                "holder_id",
                "issue_type",
                "purpose_id",
                "issued_at",
                "due_at",
                "issued_by_id",
            ),
            *("condition_out", "note", "closed_at", "closed_by_id", "close_reason", "condition_in", "brought_by_id", "brought_reason"),
            *("return_note", "rounds_fired", "overdue_since", "weapons_card", "returned_to_id", "version"),
        ),
        scope=":everything OR it.armory_id = any(:armories)",
        computed={
            "confirmation": CONFIRMATION,
            "return_confirmed_at": CONFIRMED.format(stage="RETURN"),
            "regularised_at": "(SELECT r.regularised_at FROM regularisation r WHERE r.record_id = it.id)",
            "regularisation_note": "(SELECT r.note FROM regularisation r WHERE r.record_id = it.id)",
        },
        links={
            "armory": Link("Armory", "armory_id"),
            "returned_to": Link("Armory", "returned_to_id"),
            "lines": Link("CustodyLine", "id", "record_id", order="it.id"),
            "item": Link("Item", "item_id"),
            "holder": Link("Person", "holder_id"),
            "purpose": Link("Purpose", "purpose_id"),
            "brought_by": Link("Person", "brought_by_id"),
            "issued_by": Link("Account", "issued_by_id"),
            "closed_by": Link("Account", "closed_by_id"),
        },
        filters={
            "open": "it.closed_at IS NULL",
            "overdue": "it.closed_at IS NULL AND coalesce(it.due_at, 'infinity') < now()",
            "awaiting_regularisation": "it.issue_type = 'EMERGENCY' AND NOT EXISTS "
            "(SELECT FROM regularisation r WHERE r.record_id = it.id)",
            "armory": "it.armory_id = ?",
            "holder": "it.holder_id = ?",
            "item": "it.item_id = ?",
            "receipt_number": "it.receipt_number = ?",
            "issued_after": "it.issued_at >= ?",
            "issued_before": "it.issued_at < ?",
        },
        orders={
            "ISSUED_AT": (Key("it.issued_at", "timestamptz"), Key("it.id", "uuid")),
            "DUE_AT": (Key("coalesce(it.due_at, 'infinity')", "timestamptz"), Key("it.id", "uuid")),
        },
    )
)


# What an arms room took in for others, in plain words: their book is not in its scope.
TAKEN_IN = table(
    Table(
        "ItemTakenIn",
        "(SELECT c.id, c.receipt_number, i.serial, m.nomenclature, a.code AS home, c.closed_at, "
        f"{aliased(PERSON.computed['name'], 'p')} AS holder_name "
        "FROM custody_record c JOIN item i ON i.id = c.item_id JOIN item_model m ON m.id = i.model_id JOIN armory a ON a.id = c.armory_id "
        "JOIN person p ON p.id = c.holder_id)",
        ("id", "receipt_number", "serial", "nomenclature", "home", "holder_name", "closed_at"),
    )
)

LONGEST_CURSOR = 16 * 1024
CURSOR_PER_STREAM = 80  # what the largest place in one stream takes of a cursor


@dataclass(frozen=True)
class FeedMessage:
    """A place in the feed, and the event there; without one, it only tells the place. `actor` is the viewer as of this message."""

    cursor: str
    event: Record | None
    actor: Actor


async def custody_feed(actor: Actor, after: str | None, armories: Sequence[UUID] | None) -> AsyncIterator[FeedMessage]:
    """Every event of the actor's arms rooms after a cursor, in order, once, and then each as it is committed.

    The actor's standing and scope are looked at again for every event, and every few seconds when none comes; what arms rooms there
    are, every few seconds.

    Raises:
        BadInput: the cursor is not one of the feed, or not one of this ledger.
        Unauthenticated: the account, session or token has ended meanwhile.
        NotYet: the viewer must do something else first, since a moment ago.
    """
    streams = await _streams(actor, armories)
    _refuse_elsewhere(armories, streams)
    cursor = await _places(after) if after is not None else {}
    pause = database.door().settings.standing_seconds
    async with the_feed().watching(streams) as watch:
        covered = time.monotonic()
        if after is None:
            cursor = watch.heads()
            yield FeedMessage(feed_cursor(cursor), None, actor)
        await _refuse_ahead(cursor, watch)
        while True:
            delivered = False
            for stream, tail in list(watch.tails.items()):
                for row in await tail.after(cursor.get(stream, 0)):
                    actor = await still_watching(actor)
                    if not actor.may_see(UUID(stream)):
                        break
                    cursor[stream] = row["seq"]
                    delivered = True
                    yield FeedMessage(feed_cursor(cursor), row, actor)
            if not delivered:
                await watch.news(pause)
                actor = await still_watching(actor)
            if time.monotonic() - covered >= pause:
                await _cover(watch, actor, armories)
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


def _refuse_elsewhere(armories: Sequence[UUID] | None, streams: Sequence[str]) -> None:
    """Whoever asks for arms rooms that are not in scope would wait for ever, and think that all is quiet."""
    if armories is None:
        return
    if not armories:
        raise BadInput("armories is empty: name at least one arms room, or leave it out for every one in scope.")
    if len(streams) < len(set(armories)):
        raise Forbidden("One of these arms rooms is not in your scope.")


async def _cover(watch: Watch, actor: Actor, armories: Sequence[UUID] | None) -> None:
    """Follow the scope where it has changed: an arms room that was added is watched from its first event."""
    streams = await _streams(actor, armories)
    if set(streams) != set(watch.tails):
        await watch.cover(streams)


async def _streams(actor: Actor, armories: Sequence[UUID] | None) -> list[str]:
    if actor.armories is not None and armories is not None:
        return sorted(str(armory) for armory in set(armories) & actor.armories)
    if actor.armories is not None:
        return sorted(map(str, actor.armories))
    rows = await database.fetch("SELECT stream FROM stream_head WHERE stream <> $1 ORDER BY stream", REGISTRY)
    wanted = None if armories is None else set(map(str, armories))
    return [row["stream"] for row in rows if wanted is None or row["stream"] in wanted]


def feed_cursor(places: dict[str, int]) -> str:
    """An opaque place in several streams."""
    return encode({UUID(stream).hex: seq for stream, seq in places.items()})


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
