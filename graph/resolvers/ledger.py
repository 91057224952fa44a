"""The ledger as clients read it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from asyncpg import Record

from graph.models.ledger import REGISTRY
from graph.resolvers.sources import AtHand
from graph.resolvers.tables import Key, Link, Table, table
from graph.words import Subject

LEDGER = table(
    Table(
        "LedgerEvent",
        "ledger_event",
        (
            *("event_id", "stream", "seq", "type", "subject", "subject_id", "item_id", "person_id", "payload", "actor_kind", "actor_id"),
            *("actor_name", "request_id", "effective_at", "recorded_at", "corrects", "previous_hash", "hash", "summary"),
        ),
        scope="(:everything AND (it.stream <> 'registry' OR :registry)) OR it.stream = any(:streams)",
        key="event_id",
        computed={
            "id": "it.event_id",
            "armory_id": "CASE WHEN it.stream <> 'registry' THEN it.stream::uuid END",
            "record_id": "CASE WHEN it.subject = 'CUSTODY_RECORD' THEN it.subject_id END",
        },
        written={
            "payload": "it.payload::json",
            "previous_hash": "encode(it.previous_hash, 'hex')",
            "hash": "encode(it.hash, 'hex')",
        },
        links={
            "armory": Link("Armory", "armory_id"),
            "item": Link("Item", "item_id"),
            "person": Link("Person", "person_id"),
            "record": Link("CustodyRecord", "record_id"),
        },
        filters={
            "stream": "it.stream = ?",
            "item": "it.item_id = ?",
            "person": "it.person_id = ?",
            "record": "it.subject_id = ?",
            "subject": "it.subject_id = ?",
            "after_seq": "it.seq > ?",
        },
        orders={
            "SEQ": (Key("it.seq", "bigint"),),
            "RECORDED_AT": (Key("it.recorded_at", "timestamptz"), Key("it.event_id", "uuid")),
        },
    )
)


def told(row: Record) -> AtHand:
    """An event that the feed tells: it was read with the ledger's own columns, and the viewer's right to its stream has been looked at."""
    stream, event_id = row["stream"], row["event_id"]
    computed: dict[str, Any] = {
        "id": event_id,
        "armory_id": None if stream == REGISTRY else UUID(stream),
        "record_id": row["subject_id"] if row["subject"] == Subject.CUSTODY_RECORD else None,
        "summary": orjson.loads(row["payload"])["summary"],
    }
    return AtHand(LEDGER, event_id, scoped=False, row={**row, **computed})
