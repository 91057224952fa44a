"""The board of an arms room, and whether the sensitive items of a unit are all accounted for: each read in one statement."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import Any
from uuid import UUID

import orjson

from graph import database
from graph.audit.actor import Actor
from graph.errors import BadInput, Forbidden
from graph.feed import the_feed
from graph.models.ledger import REGISTRY
from graph.resolvers.feed import OF_UNITS
from graph.resolvers.people import PERSON
from graph.resolvers.tables import aliased
from graph.resolvers.views import Read, Seen, seen

HOLDINGS = f"""
SELECT c.id, c.receipt_number, c.item_id, i.serial, m.nomenclature, m.category, c.holder_id, p.service_number,
    {aliased(PERSON.computed["name"], "p")} AS holder_name,
    c.issue_type, u.code AS purpose, c.issued_at, c.due_at, coalesce(c.overdue_since = c.due_at, false) AS overdue
FROM custody_record c JOIN item i ON i.id = c.item_id JOIN item_model m ON m.id = i.model_id JOIN person p ON p.id = c.holder_id
    LEFT JOIN purpose u ON u.id = c.purpose_id
WHERE c.armory_id = $1 AND c.closed_at IS NULL ORDER BY c.issued_at, c.id
"""
COUNTS = """
SELECT i.state, m.category, count(*) AS count FROM item i JOIN item_model m ON m.id = i.model_id
WHERE i.armory_id = $1 GROUP BY i.state, m.category ORDER BY i.state, m.category
"""
LOTS = """
SELECT s.id, s.article, s.name, s.kind, s.lot_number, s.on_hand, s.out_on_issue FROM stock_lot s
WHERE s.armory_id = $1 ORDER BY s.article, s.lot_number, s.id
"""
# Of one moment: the place in the ledger, and what the ledger comes to there.
BOARD = f"""
SELECT h.seq, (SELECT coalesce(json_agg(it), '[]') FROM ({HOLDINGS}) it)::text AS holdings,
    (SELECT coalesce(json_agg(it), '[]') FROM ({COUNTS}) it)::text AS counts,
    (SELECT coalesce(json_agg(it), '[]') FROM ({LOTS}) it)::text AS lots
FROM stream_head h WHERE h.armory_id = $1
"""
AT_FAULT = "('MISSING', 'LOST', 'STOLEN')"
FAULTS = f"""
SELECT i.id, i.serial, m.nomenclature, m.category, i.state, a.code AS armory
FROM item i JOIN item_model m ON m.id = i.model_id JOIN armory a ON a.id = i.armory_id
WHERE i.armory_id = any($1::uuid[]) AND i.state IN {AT_FAULT} ORDER BY i.serial_key, i.id
"""
STATUS = f"""
SELECT (SELECT coalesce(json_object_agg(h.stream, h.seq), '{{}}') FROM stream_head h WHERE h.armory_id = any($1::uuid[]))::text AS places,
    (SELECT count(*) FROM item i WHERE i.armory_id = any($1::uuid[]) AND i.state <> 'DISPOSED') AS items,
    (SELECT coalesce(json_agg(it), '[]') FROM ({FAULTS}) it)::text AS faults
"""


async def read_board(armory: UUID) -> Read:
    """The board of an arms room as it is now.

    Raises:
        BadInput: there is no such arms room.
    """
    row = await database.fetch_one(BOARD, armory)
    if row is None:
        raise BadInput("There is no such arms room.")
    rows: dict[Any, Any] = {("holdings", each["id"]): each for each in orjson.loads(row["holdings"])}
    rows |= {("counts", (each["state"], each["category"])): each for each in orjson.loads(row["counts"])}
    rows |= {("lots", each["id"]): each for each in orjson.loads(row["lots"])}
    return Read({str(armory): row["seq"]}, rows)


def look_at_board(actor: Actor, armory: UUID) -> None:
    """Let who may see an arms room look at its board.

    Raises:
        Forbidden: it is not in scope.
    """
    if not actor.may_see(armory):
        raise Forbidden("This arms room is not in your scope.")


async def board_seen(actor: Actor, armory: UUID) -> AsyncGenerator[Seen, None]:
    """The board of an arms room, and each change of it.

    Raises:
        Forbidden: it is not in scope, or not any more.
        BadInput: there is no such arms room.
    """

    async def still(viewer: Actor) -> bool:
        look_at_board(viewer, armory)
        return True

    if not await still(actor) or not await database.fetch("SELECT FROM armory WHERE id = $1", armory):
        raise BadInput("There is no such arms room.")
    async with aclosing(seen(actor, ("board", armory), [str(armory), REGISTRY], partial(read_board, armory), still)) as told:
        async for each in told:
            yield each


async def status_seen(actor: Actor, unit: UUID) -> AsyncGenerator[Seen, None]:
    """What is at fault among the items of a unit and of all below it, and each change of it; `("items", None)` counts them all.

    Raises:
        Forbidden: not all its arms rooms are in scope: of the others nobody could tell.
        BadInput: it has none.
    """
    while True:
        rooms = await _rooms_of(actor, unit)

        async def still(viewer: Actor, rooms: frozenset[UUID] = rooms) -> bool:
            return await _rooms_of(viewer, unit) == rooms

        streams = sorted(map(str, rooms))
        async with aclosing(seen(actor, ("status", rooms), [*streams, REGISTRY], partial(_read_status, rooms), still)) as told:
            async for each in told:
                yield each


async def _rooms_of(actor: Actor, unit: UUID) -> frozenset[UUID]:
    rows = await the_feed().answers.get(("rooms of", unit), partial(_rows_of, unit), lambda _: True)
    rooms = frozenset(row["id"] for row in rows)
    if not rooms:
        raise BadInput("Neither this unit nor one below it has an arms room.")
    if not all(actor.may_see(room) for room in rooms):
        raise Forbidden("Not every arms room of this unit is in your scope, so nobody could tell you whether it is all up.")
    return rooms


async def _rows_of(unit: UUID) -> database.Rows:
    return await database.fetch(OF_UNITS, [unit])


async def _read_status(rooms: frozenset[UUID]) -> Read:
    row = await database.fetch_one(STATUS, sorted(rooms))
    assert row is not None
    rows: dict[Any, Any] = {("faults", each["id"]): each for each in orjson.loads(row["faults"])}
    return Read(orjson.loads(row["places"]), {**rows, ("items", None): {"items": row["items"]}})
