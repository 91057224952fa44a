"""Appending to the ledger and reading it back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from graph import database
from graph.audit.actor import current_actor
from graph.audit.canonical import FIELDS, canonical_json, exported
from graph.words import EventType, Subject


@dataclass(frozen=True)
class Event:
    """What happened, before the database seals it: `summary` says it in a sentence. Without `effective_at` it took effect when recorded."""

    stream: str
    type: EventType
    subject: Subject
    subject_id: UUID
    summary: str
    payload: Mapping[str, Any]
    item_id: UUID | None = None
    person_id: UUID | None = None
    effective_at: datetime | None = None
    witness_id: UUID | None = None
    corrects: UUID | None = None
    event_id: UUID = field(default_factory=uuid7)


@dataclass(frozen=True)
class Along:
    """What is written by the statement that appends events: its parts, and the rows that each takes from the JSON document $1."""

    parts: tuple[str, ...]
    rows: Mapping[str, Any]


@dataclass(frozen=True)
class Sealed:
    """An appended event's place: what a wake-up says after the commit."""

    event_id: UUID
    stream: str
    seq: int


@dataclass
class Request:
    """The request under way: its id, and the events it has appended."""

    request_id: UUID | None
    appended: list[Sealed]


_request: ContextVar[Request | None] = ContextVar("armguard_request", default=None)


@contextmanager
def requesting(request_id: UUID | None) -> Iterator[Request]:
    """Gather what is appended in a block, under one request id."""
    request = Request(request_id, [])
    token = _request.set(request)
    try:
        yield request
    finally:
        _request.reset(token)


APPEND = """
INSERT INTO ledger_event (event_id, stream, type, subject, subject_id, item_id, person_id, payload, actor_kind, actor_id, actor_name,
    credential_id, witness_id, request_id, effective_at, corrects)
SELECT event_id, stream, type, subject, subject_id, item_id, person_id, payload, actor_kind, actor_id, actor_name,
    credential_id, witness_id, request_id, effective_at, corrects
FROM json_populate_recordset(NULL::ledger_event, $1::json -> 'events') WITH ORDINALITY AS e
ORDER BY e.ordinality
RETURNING event_id, stream, seq
"""


async def append(*events: Event, along: Along | None = None) -> list[Sealed]:
    """Append events in this order, as the actor of the operation, within the transaction under way; and write what goes along with them.

    Raises:
        NoActor: nobody acts.
    """
    actor = current_actor()
    request = _request.get()
    who = {"actor_kind": actor.kind, "actor_id": actor.account_id, "actor_name": actor.name, "credential_id": actor.credential_id}
    if request is not None:
        who["request_id"] = request.request_id
    written: dict[str, Any] = {"events": [{**_row_of(event), **who} for event in events]}
    if along is not None:
        written.update(along.rows)
    rows = await database.fetch(_appending(along.parts if along else ()), orjson.dumps(written, default=str).decode())
    sealed = [Sealed(row["event_id"], row["stream"], row["seq"]) for row in rows]
    if request is not None:
        request.appended.extend(sealed)
    return sealed


def _row_of(event: Event) -> dict[str, Any]:
    row = dict(event.__dict__)
    row["payload"] = canonical_json({"summary": row.pop("summary"), **event.payload})
    return row


@cache
def _appending(parts: tuple[str, ...]) -> str:
    """The statement that appends and writes these parts: one text for each set of them, so that it is prepared once."""
    return f"WITH {', '.join(parts)}, events AS ({APPEND}) SELECT event_id, stream, seq FROM events" if parts else APPEND


COLUMNS = ", ".join([*FIELDS, "hash"])


async def read_events(stream: str, after: int = 0, limit: int = 500, until: int | None = None) -> database.Rows:
    """The events of a stream after a seq, in order."""
    return await database.fetch(
        f"SELECT {COLUMNS} FROM ledger_event WHERE stream = $1 AND seq > $2 AND ($4::bigint IS NULL OR seq <= $4) ORDER BY seq LIMIT $3",
        stream,
        after,
        limit,
        until,
    )


async def read_heads() -> dict[str, tuple[int, str]]:
    """The last seq and hash of each stream, the registry first: what it brings in, the others refer to."""
    rows = await database.fetch("SELECT stream, seq, hash FROM stream_head ORDER BY armory_id IS NOT NULL, stream")
    return {row["stream"]: (row["seq"], bytes(row["hash"]).hex()) for row in rows}


async def export_events(
    streams: list[str] | None = None, until: Mapping[str, tuple[int, str]] | None = None, page: int = 1000
) -> AsyncIterator[dict[str, Any]]:
    """Every event as it is exported, stream by stream, in seq order, up to the heads given, or as they stand now."""
    for stream, (head, _) in (until or await read_heads()).items():
        if streams is not None and stream not in streams:
            continue
        seq = 0
        while seq < head:
            rows = await read_events(stream, seq, page, head)
            if not rows:
                break
            for row in rows:
                yield exported(row)
            seq = rows[-1]["seq"]


async def stray_events() -> list[str]:
    """Events that are not as they are exported, in words: beyond the head of their stream, in a stream that there is not, or shown with
    another summary than their payload's.

    There are none unless somebody took the guards off: an event and its head are committed together, and the database takes the summary.
    """
    rows = await database.fetch(
        "SELECT e.stream, e.seq, e.event_id FROM ledger_event e LEFT JOIN stream_head h ON h.stream = e.stream "
        "WHERE h.stream IS NULL OR e.seq > h.seq ORDER BY e.stream, e.seq LIMIT 100"
    )
    outside = [f"event {row['seq']} of {row['stream']} ({row['event_id']}) lies outside of its stream" for row in rows]
    rows = await database.fetch(
        "SELECT e.stream, e.seq, e.event_id FROM ledger_event e JOIN stream_head h ON h.stream = e.stream AND e.seq <= h.seq "
        "WHERE CASE e.summary WHEN '' THEN strpos(e.payload, '\"summary\":') > 0 "
        "ELSE strpos(e.payload, '\"summary\":' || to_json(e.summary)) = 0 END ORDER BY e.stream, e.seq LIMIT 100"
    )
    return [*outside, *(f"event {row['seq']} of {row['stream']} ({row['event_id']}) is shown with a false summary" for row in rows)]


async def lock_request(actor_key: str, request_id: UUID) -> None:
    """Let only one transaction at a time work on a request of an actor."""
    await lock_words(f"{actor_key}/{request_id}")


async def lock_words(words: str) -> None:
    """Let only one transaction at a time work on what has no row to lock yet."""
    await database.fetch("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", words)


async def database_time() -> datetime:
    """The server's clock, now: not the start of the transaction, which may have waited for a lock since."""
    row = await database.fetch_one("SELECT clock_timestamp() AS now")
    assert row is not None
    now: datetime = row["now"]
    return now


# Events that leave the item's own row as it is.
OF_THE_RECEIPT_ALONE = ["ITEM_HANDED_OVER", "DUE_EXTENDED", "RECEIPT_OVERDUE", "RECEIPT_CONFIRMED", "EMERGENCY_REGULARISED"]


async def changes_since(row_id: UUID, versions: int) -> tuple[str, ...]:
    """What happened in the last so many versions of a row, in words, the oldest first; at most ten.

    Each version has one event; what goes from hand to hand has two, of which the second is taken, and what is said of the receipt alone is
    none of the item.
    """
    if versions <= 0:
        return ()
    rows = await database.fetch(
        "SELECT type, actor_name, recorded_at FROM ledger_event "
        "WHERE (subject_id = $1 OR item_id = $1 AND subject IN ('ITEM', 'CUSTODY_RECORD')) "
        "AND type <> ALL ($3) ORDER BY recorded_at DESC, event_id DESC LIMIT $2",
        row_id,
        min(versions, 10),
        OF_THE_RECEIPT_ALONE,
    )
    spoken = (row["type"].lower().replace("_", " ") + f" by {row['actor_name']} at {row['recorded_at']:%Y-%m-%d %H:%M} UTC" for row in rows)
    return tuple(reversed(list(spoken)))
