"""The statements of issue and return: one that locks, one that reads the facts under the locks, and the parts of the one that writes.

Each is prepared once: what differs from one command to the next, and how much of it there is, is bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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


@dataclass(frozen=True)
class Named:
    """What a command's references say: codes of tags, keys of serials and of service numbers, and ids.

    A serial means the items of these arms rooms only; None: of all.
    """

    tags: Sequence[str] = ()
    serials: Sequence[str] = ()
    items: Sequence[UUID] = ()
    numbers: Sequence[str] = ()
    people: Sequence[UUID] = ()
    armories: Sequence[UUID] | None = None


# What references can name. Ids never change, and a tag names one target for ever: it needs no lock to be found.
NAMED = """
    tags AS (SELECT code, item_id, person_id, revoked_at FROM tag WHERE code = any($1::text[])),
    serials AS (SELECT id, serial_key FROM item WHERE serial_key = any($2::text[]) AND ($6::uuid[] IS NULL OR armory_id = any($6))),
    numbers AS (SELECT id, service_number_key FROM person WHERE service_number_key = any($4::text[]))
"""
FOUND = """
    (SELECT json_agg(tags) FROM tags) AS tags,
    (SELECT json_agg(serials) FROM serials) AS serials,
    (SELECT json_agg(numbers) FROM numbers) AS numbers,
    (SELECT json_agg(id) FROM items) AS items,
    (SELECT json_agg(id) FROM people) AS people
"""
MEANT = f"""
WITH {NAMED},
    items AS (SELECT id FROM item WHERE id = any($3::uuid[])),
    people AS (SELECT id FROM person WHERE id = any($5::uuid[]))
SELECT {FOUND}
"""  # noqa: S608 - texts of ours

# What the rules ask for. It is a statement of its own after the locks: one that waits for a lock sees the locked row as it is now, but
# everything else as it was before. Who opens or closes a room holds the head of its stream.
FACTS = """
SELECT clock_timestamp() AS now, done.arguments_hash, done.answer,
    (SELECT json_agg(p) FROM person p WHERE p.id = any($2::uuid[])) AS people,
    (SELECT json_agg(r) FROM (
        SELECT row_to_json(i) AS item, m.nomenclature, m.category, m.slot, m.required_qualification, row_to_json(a) AS room, h.receipts,
            row_to_json(c) AS record, row_to_json(p) AS holder,
            CASE WHEN $4 THEN (SELECT max(closed_at) FROM custody_record WHERE item_id = i.id) END AS closed_at,
            CASE WHEN $4 THEN (
                SELECT max(effective_at) FROM ledger_event WHERE item_id = i.id AND type = 'ITEM_BACK_FROM_MAINTENANCE'
            ) END AS back_at
        FROM item i JOIN item_model m ON m.id = i.model_id JOIN armory a ON a.id = i.armory_id
            JOIN stream_head h ON h.stream = i.armory_id::text
            LEFT JOIN custody_record c ON c.item_id = i.id AND c.closed_at IS NULL
            LEFT JOIN person p ON p.id = c.holder_id
        WHERE i.id = any($1::uuid[])
    ) r) AS items,
    (SELECT json_agg(m.slot) FROM custody_record c JOIN item i ON i.id = c.item_id JOIN item_model m ON m.id = i.model_id
     WHERE c.holder_id = $3::uuid AND c.closed_at IS NULL) AS held,
    (SELECT json_agg(z) FROM issue_authorization z WHERE z.person_id = $3::uuid AND z.revoked_at IS NULL) AS authorizations,
    (SELECT json_agg(q) FROM qualification q WHERE q.person_id = $3::uuid AND q.revoked_at IS NULL) AS qualifications,
    (SELECT row_to_json(d) FROM (SELECT id, code, name, categories, default_issue_type FROM purpose WHERE code = $5::text) d) AS purpose
FROM (SELECT) AS here LEFT JOIN completed_request done ON done.actor_key = $6::text AND done.request_id = $7::uuid
"""

# Parts of a writing statement, from the `records` and `items` of the JSON that is its one value.
OPENED = """
    records AS (
        INSERT INTO custody_record SELECT * FROM json_populate_recordset(NULL::custody_record, $1::json -> 'records') n ORDER BY n.receipt
    ),
    items AS (
        UPDATE item SET state = n.state, version = n.version
        FROM json_populate_recordset(NULL::item, $1::json -> 'items') n WHERE item.id = n.id
    )
"""
CLOSED = """
    records AS (
        UPDATE custody_record SET closed_at = n.closed_at, closed_by_id = n.closed_by_id, close_reason = n.close_reason,
            condition_in = n.condition_in, brought_by_id = n.brought_by_id, brought_reason = n.brought_reason,
            return_note = n.return_note, rounds_fired = n.rounds_fired, version = n.version
        FROM json_populate_recordset(NULL::custody_record, $1::json -> 'records') n WHERE custody_record.id = n.id
    ),
    items AS (
        UPDATE item SET state = n.state, serviceability = n.serviceability, round_count = n.round_count, version = n.version
        FROM json_populate_recordset(NULL::item, $1::json -> 'items') n WHERE item.id = n.id
    )
"""
# The receipts close before the next ones open: an item has at most one that is open.
HANDED_OVER = """
    closed AS (
        UPDATE custody_record SET closed_at = n.closed_at, closed_by_id = n.closed_by_id, close_reason = n.close_reason,
            condition_in = n.condition_in, version = n.version
        FROM json_populate_recordset(NULL::custody_record, $1::json -> 'closed') n WHERE custody_record.id = n.id RETURNING 1
    ),
    records AS (
        INSERT INTO custody_record SELECT n.* FROM (SELECT count(*) FROM closed) first,
            json_populate_recordset(NULL::custody_record, $1::json -> 'records') n ORDER BY n.receipt
    ),
    items AS (
        UPDATE item SET version = n.version FROM json_populate_recordset(NULL::item, $1::json -> 'items') n WHERE item.id = n.id
    )
"""
EXTENDED = """
    records AS (
        UPDATE custody_record SET due_at = n.due_at, version = n.version
        FROM json_populate_recordset(NULL::custody_record, $1::json -> 'records') n WHERE custody_record.id = n.id
    )
"""


async def meant(named: Named) -> Facts:
    """What references can name, without a lock; what there is not is missing."""
    return _found(await database.fetch_one(MEANT, *_values(named)))


async def counter_select_for_update(request: str, named: Named) -> Facts:
    """Find what references can name and lock it, in one statement: the request, people, items, then the heads of the items' streams."""
    return _found(await database.fetch_one(_locking(), *_values(named), request))


@cache
def _locking() -> str:
    """The named locks in their order: each asks for its rows when those before it are held, because it is told them by those.

    The text of each is that of its queryset.
    """
    people = "SELECT person_id FROM tags UNION ALL SELECT id FROM numbers UNION ALL SELECT unnest($5::uuid[])"
    items = "SELECT item_id FROM tags UNION ALL SELECT id FROM serials UNION ALL SELECT unnest($3::uuid[])"
    return f"""
WITH {NAMED},
    request AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended($7::text, 0))),
    people AS MATERIALIZED ({_of(people_select_for_update, _after("request", people, "uuid"))}),
    items AS MATERIALIZED ({_of(items_select_for_update, _after("people", items, "uuid"))}),
    heads AS MATERIALIZED ({_of(heads_select_for_update, _after("items", "SELECT armory_id::text FROM items", "text"))})
SELECT {FOUND}, (SELECT count(*) FROM heads) AS heads
"""  # noqa: S608 - texts of ours


def _after(locks: str, keys: str, kind: str) -> str:
    """The keys that a statement gives, when all these locks are held."""
    return f"(SELECT ARRAY({keys}) FROM (SELECT count(*) FROM {locks}) held)::{kind}[]"  # noqa: S608 - texts of ours


def _of(select: Any, keys: str) -> str:
    """The statement of a locking queryset, for the keys that an expression gives."""
    queryset: QuerySet[Any] = select([UUID(int=0)])
    before, one, after = queryset.sql(params_inline=False).partition("IN ($1)")
    assert one, "a locking queryset asks for its rows by their keys"
    return f"{before}= ANY({keys}){after}"


def _values(named: Named) -> tuple[Any, ...]:
    return named.tags, named.serials, named.items, named.numbers, named.people, named.armories


def _found(row: Any) -> Facts:
    return {name: orjson.loads(row[name]) if row[name] is not None else [] for name in ("tags", "serials", "numbers", "items", "people")}


@dataclass(frozen=True)
class Known:
    """What is so under the locks: the time, what the request was answered if it was done before, and rows by their id.

    Of a receiver also the slots of what they hold, the lines of the authorization list and the qualifications that are not revoked.
    """

    now: datetime
    done: Any
    people: Mapping[UUID, Facts]
    items: Mapping[UUID, Facts]
    held: Sequence[str]
    authorizations: Sequence[Facts]
    qualifications: Sequence[Facts]
    purpose: Facts | None


async def facts(
    items: Sequence[UUID],
    people: Sequence[UUID],
    receiver: UUID | None,
    purpose: str | None,
    request: tuple[str, UUID],
    *,
    issuing: bool,
) -> Known:
    """What the rules ask for of items and people, and what a receiver holds; when an item came back only for an issue."""
    row = await database.fetch_one(FACTS, items, people, receiver, issuing, purpose, *request)
    assert row is not None
    return Known(
        row["now"],
        row if row["arguments_hash"] is not None else None,
        {UUID(person["id"]): person for person in orjson.loads(row["people"] or "[]")},
        {UUID(each["item"]["id"]): each for each in orjson.loads(row["items"] or "[]")},
        orjson.loads(row["held"] or "[]"),
        orjson.loads(row["authorizations"] or "[]"),
        orjson.loads(row["qualifications"] or "[]"),
        orjson.loads(row["purpose"] or "null"),
    )
