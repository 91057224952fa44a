"""The statements of issue and return: what is meant, the locks, the facts under them, and one write. Each is prepared once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from tortoise.queryset import QuerySet

from graph import database
from graph.models.items import items_select_for_update
from graph.models.ledger import heads_select_for_update
from graph.models.people import people_select_for_update

Facts = Mapping[str, Any]

# What references can name. Nothing of it is locked yet; ids never change, and a tag names one target for ever.
MEANT = """
SELECT
    (SELECT json_agg(t) FROM (SELECT code, item_id, person_id, revoked_at FROM tag WHERE code = any($1::text[])) t) AS tags,
    (SELECT json_agg(i) FROM (SELECT id, serial_key, armory_id FROM item WHERE serial_key = any($2::text[])) i) AS serials,
    (SELECT json_agg(id) FROM item WHERE id = any($3::uuid[])) AS items,
    (SELECT json_agg(p) FROM (SELECT id, service_number_key FROM person WHERE service_number_key = any($4::text[])) p) AS numbers,
    (SELECT json_agg(id) FROM person WHERE id = any($5::uuid[])) AS people,
    (SELECT row_to_json(d) FROM (SELECT id, code, name, categories, default_issue_type FROM purpose WHERE code = $6::text) d) AS purpose
"""

# What the rules ask for, read when every lock is held: who opens or closes a room holds the head of its stream.
FACTS = """
SELECT clock_timestamp() AS now,
    (SELECT json_agg(r) FROM (
        SELECT i.id AS item_id, m.nomenclature, m.category, m.slot, a.code AS room, a.state AS room_state, a.sidearm_limit,
            a.long_gun_limit, a.temporary_limit_hours, row_to_json(c) AS record, row_to_json(h) AS holder,
            CASE WHEN $3 THEN (SELECT max(closed_at) FROM custody_record WHERE item_id = i.id) END AS closed_at,
            CASE WHEN $3 THEN (
                SELECT max(effective_at) FROM ledger_event WHERE item_id = i.id AND type = 'ITEM_BACK_FROM_MAINTENANCE'
            ) END AS back_at
        FROM item i JOIN item_model m ON m.id = i.model_id JOIN armory a ON a.id = i.armory_id
            LEFT JOIN custody_record c ON c.item_id = i.id AND c.closed_at IS NULL
            LEFT JOIN person h ON h.id = c.holder_id
        WHERE i.id = any($1::uuid[])
    ) r) AS lines,
    (SELECT json_agg(m.slot) FROM custody_record c JOIN item i ON i.id = c.item_id JOIN item_model m ON m.id = i.model_id
     WHERE c.holder_id = $2::uuid AND c.closed_at IS NULL) AS held
"""

OPEN = """
WITH records AS (
    INSERT INTO custody_record SELECT * FROM json_populate_recordset(NULL::custody_record, $1::json) RETURNING id
)
UPDATE item SET state = n.state, version = n.version
FROM json_populate_recordset(NULL::item, $2::json) n WHERE item.id = n.id AND (SELECT count(*) FROM records) >= 0
"""

CLOSE = """
WITH records AS (
    UPDATE custody_record SET closed_at = n.closed_at, closed_by_id = n.closed_by_id, close_reason = n.close_reason,
        condition_in = n.condition_in, brought_by_id = n.brought_by_id, brought_reason = n.brought_reason, return_note = n.return_note,
        rounds_fired = n.rounds_fired, version = n.version
    FROM json_populate_recordset(NULL::custody_record, $1::json) n WHERE custody_record.id = n.id RETURNING custody_record.id
)
UPDATE item SET state = n.state, serviceability = n.serviceability, round_count = n.round_count, version = n.version
FROM json_populate_recordset(NULL::item, $2::json) n WHERE item.id = n.id AND (SELECT count(*) FROM records) >= 0
"""


async def meant(
    tags: Sequence[str],
    serial_keys: Sequence[str],
    item_ids: Sequence[UUID],
    numbers: Sequence[str],
    person_ids: Sequence[UUID],
    purpose: str | None,
) -> Facts:
    """What references can name: tags, items and people by number or id, the purpose; what there is not is missing."""
    row = await database.fetch_one(MEANT, tags, serial_keys, item_ids, numbers, person_ids, purpose)
    assert row is not None
    return {name: orjson.loads(value) if value is not None else None for name, value in row.items()}


async def people_locked(ids: Sequence[UUID]) -> list[Facts]:
    """People under their locks: first of all, in the order of their ids."""
    return await _locked(people_select_for_update, sorted(set(ids)))


async def items_locked(ids: Sequence[UUID]) -> list[Facts]:
    """Items under their locks: after people, in the order of their ids."""
    return await _locked(items_select_for_update, sorted(set(ids)))


async def heads_locked(streams: Sequence[str]) -> list[Facts]:
    """Heads of streams under their locks: last of all, in the order of their names."""
    return await _locked(heads_select_for_update, sorted(set(streams)))


async def _locked(select: Callable[[list[Any]], QuerySet[Any]], keys: list[Any]) -> list[Facts]:
    if not keys:
        return []
    size = 1 << (len(keys) - 1).bit_length()
    padded = keys + keys[-1:] * (size - len(keys))
    return [dict(row) for row in await database.fetch(_statement(select, size), *padded)]


@cache
def _statement(select: Callable[[list[Any]], QuerySet[Any]], size: int) -> str:
    """The text of a locking queryset, built once for each of a few lengths: a shorter list is filled up with its last key."""
    return select([UUID(int=number) for number in range(size)]).sql(params_inline=False)


async def facts(item_ids: Sequence[UUID], receiver: UUID | None, *, issuing: bool) -> Facts:
    """What the rules ask for of items, and what a receiver holds, now; when an item came back only for an issue."""
    row = await database.fetch_one(FACTS, item_ids, receiver, issuing)
    assert row is not None
    return {"now": row["now"], "lines": orjson.loads(row["lines"] or "[]"), "held": orjson.loads(row["held"] or "[]")}


async def open_custody(records: str, items: str) -> None:
    """Write new records and the state of their items, both as JSON rows."""
    await database.fetch(OPEN, records, items)


async def close_custody(records: str, items: str) -> None:
    """Write what closes records and what becomes of their items, both as JSON rows."""
    await database.fetch(CLOSE, records, items)
