"""What the viewers ask, and how an event says when it was due."""

from __future__ import annotations

from typing import Any

from benchmarks.data import row_id

ROOM = 0  # the arms room that all watch, counted from 0
STREAM = str(row_id("armory", ROOM + 1))
FEED = "subscription F($a: [ID!]) { custodyFeed(armories: $a) { cursor event { seq type summary item { serial state } } } }"
ALSO = ("recordedAt", "actorName", "effectiveAt", "subject", "actorKind")
OTHER_KINDS = ("ITEM_RETURNED", "ITEM_HANDED_OVER", "ITEM_REGISTERED", "TAG_ASSIGNED")
DUE, DIGITS = b"due@", 16  # in a summary: the mark, and microseconds of the clock that all processes have in common
EVENT, NEXT = b'"seq"', b'"next"'  # what only a message with an event has, and what any message of a feed has


def due_text(microseconds: int) -> str:
    """How a summary says when its event was due."""
    return f"{DUE.decode()}{microseconds:0{DIGITS}}"


def document(number: int) -> tuple[str, dict[str, Any]]:
    """One of twenty different documents with different variables; each lets every event of the run through."""
    also = ALSO[number % len(ALSO)]
    fields = f"seq type told{number}: summary {also} item {{ serial state }}"
    query = (
        f"subscription F{number}($a: [ID!], $k: [EventType!]) {{ custodyFeed(armories: $a, kinds: $k) {{ cursor event {{ {fields} }} }} }}"
    )
    return query, {"k": ["ITEM_ISSUED", *OTHER_KINDS[: number % (len(OTHER_KINDS) + 1)]]}
