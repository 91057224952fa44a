"""What touches who may do what: from the ledger what accounts did, from the security log what strangers tried."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from graph import database
from graph.audit.actor import Actor
from graph.errors import BadInput, Forbidden
from graph.feed import the_feed
from graph.models.ledger import REGISTRY
from graph.resolvers.accounts import still_watching
from graph.resolvers.reading import decode, encode
from graph.resolvers.tables import Key, Table, reads_security, table
from graph.words import SECURITY_EVENTS

# A row of the log has no id of its own: the number that it had when it came is one.
LOG_ID = "('00000000-0000-0000-0000-' || lpad(to_hex(seq), 12, '0'))::uuid"
# Both have the same types, column by column, and no condition of their own: only then PostgreSQL goes by the indexes of both.
OF_THE_LEDGER = """
SELECT event_id AS id, recorded_at AS at, type::text AS kind, coalesce(payload::json ->> 'username', actor_name) AS name,
    actor_name::text AS actor_name, coalesce(payload::json ->> 'address', '') AS address, summary::text AS detail, seq, true AS recorded,
    stream::text AS stream
FROM ledger_event
"""
OF_THE_LOG = f"""
SELECT {LOG_ID} AS id, at, kind::text AS kind, name::text AS name, ''::text AS actor_name, address::text AS address, detail::text AS detail,
    seq, false AS recorded, ''::text AS stream
FROM security_log
"""
EVENTS = f"{OF_THE_LEDGER} UNION ALL {OF_THE_LOG}"
TYPES = ", ".join(f"'{type_.value}'" for type_ in SECURITY_EVENTS)
TOUCHING = f"(NOT it.recorded OR it.stream = 'registry' AND it.kind IN ({TYPES}))"

SECURITY_EVENT = table(
    Table(
        "SecurityEvent",
        f"({EVENTS})",
        ("id", "at", "kind", "name", "actor_name", "address", "detail", "recorded"),
        scope=f":security AND {TOUCHING}",
        filters={"name": "lower(it.name) = lower(?)", "kind": "it.kind = ?", "address": "it.address = ?", "since": "it.at >= ?"},
        orders={"AT": (Key("it.at", "timestamptz"), Key("it.id", "uuid"))},
    )
)

# Of the ledger and of the log each in the order of its numbers, whatever a clock said; of both, by time.
NEWER = f"""
SELECT id, seq, recorded FROM (
    (SELECT * FROM ({OF_THE_LEDGER}) it WHERE {TOUCHING} AND seq > $1 ORDER BY seq LIMIT 500) UNION ALL
    (SELECT * FROM ({OF_THE_LOG}) it WHERE seq > $2 ORDER BY seq LIMIT 500)
) it ORDER BY max(at) OVER (PARTITION BY recorded ORDER BY seq), recorded, seq LIMIT 500
"""
PLACES = "SELECT coalesce(max(seq), 0) FROM ledger_event WHERE stream = 'registry'", "SELECT coalesce(max(seq), 0) FROM security_log"


@dataclass(frozen=True)
class SecurityMessage:
    """A place in the feed, and what happened there; without it, it only tells the place. `actor` is the viewer as of this message."""

    cursor: str
    event_id: UUID | None
    actor: Actor


async def security_feed(actor: Actor, after: str | None) -> AsyncIterator[SecurityMessage]:
    """What happens from now on, or after a cursor: each once. What the log has given a newer place meanwhile is gone.

    Raises:
        BadInput: the cursor is none of this feed.
        Unauthenticated, Forbidden: the viewer may not see it any more.
    """
    ledger, log = await _now() if after is None else _read(after)
    if after is None:
        yield SecurityMessage(_written(ledger, log), None, actor)
    settings = database.door().settings
    pause = min(settings.feed_poll_seconds, settings.standing_seconds)  # the viewer is looked at again no later than the log
    async with the_feed().watching([REGISTRY]) as watch:
        while True:
            actor = await still_watching(actor)
            if not reads_security(actor):
                raise Forbidden("Your account may not see this any more.")
            rows = await database.fetch(NEWER, ledger, log)
            for row in rows:
                ledger, log = (row["seq"], log) if row["recorded"] else (ledger, row["seq"])
                yield SecurityMessage(_written(ledger, log), row["id"], actor)
            if not rows:
                await _pause(watch, pause)


async def _pause(watch: Any, seconds: float) -> None:
    """Until something happens in the registry; what comes to the log is looked for in between."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and not await watch.news(left):
        pass


async def _now() -> tuple[int, int]:
    ledger, log = [(await database.fetch(statement))[0][0] for statement in PLACES]
    return ledger, log


def _written(ledger: int, log: int) -> str:
    return encode({"ledger": ledger, "log": log})


def _read(cursor: str) -> tuple[int, int]:
    places = decode(cursor)
    if (
        isinstance(places, dict)
        and set(places) == {"ledger", "log"}
        and all(type(place) is int and 0 <= place < 2**62 for place in places.values())
    ):
        return places["ledger"], places["log"]
    raise BadInput("This is not a cursor of the security feed. Take the cursor of the last message that you have seen.")
