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
    """What a command's references say: codes of tags, keys of serials and of service numbers, and ids; lots by article, number or id.

    A serial means the items of these arms rooms only; None: of all. A purpose brings the articles of its loadout.
    """

    tags: Sequence[str] = ()
    serials: Sequence[str] = ()
    items: Sequence[UUID] = ()
    numbers: Sequence[str] = ()
    people: Sequence[UUID] = ()
    armories: Sequence[UUID] | None = None
    articles: Sequence[str] = ()
    lot_numbers: Sequence[str] = ()
    lots: Sequence[UUID] = ()
    purpose: str | None = None
    takes_stock_back: bool = False
    correcting: bool = False

    @property
    def brings_stock(self) -> bool:
        """Whether it can name any stock to go out."""
        return bool(self.articles or self.lot_numbers or self.lots or self.purpose)


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
"""


def _brought(rooms: str, places: str) -> str:
    """The lots that a command names in its items' arms rooms: by article, by number, by id, by the loadout of a purpose."""
    articles, numbers, ids, purpose = (f"${place}" for place in places.split())
    loadout = f"SELECT e ->> 'article' FROM purpose, jsonb_array_elements(loadout) e WHERE code = {purpose}::text"
    return f"""
        SELECT id FROM stock_lot WHERE id = any({ids}::uuid[])
        UNION SELECT id FROM stock_lot WHERE armory_id IN ({rooms}) AND article = any({articles}::text[] || ARRAY({loadout}))
        UNION SELECT id FROM stock_lot WHERE armory_id IN ({rooms}) AND lot_number = any({numbers}::text[])"""


def _out(items: str) -> str:
    """The lots of which something is out with items."""
    return f"""
        SELECT l.lot_id AS id FROM custody_record c JOIN custody_line l ON l.record_id = c.id
        WHERE c.item_id IN ({items}) AND c.closed_at IS NULL"""


NO_LOT = "SELECT NULL::uuid AS id WHERE false"


# What the rules ask for. It is a statement of its own after the locks: one that waits for a lock sees the locked row as it is now, but
# everything else as it was before. Who opens or closes a room, or moves its stock, holds the head of its stream.
FACTS = """
SELECT clock_timestamp() AS now, done.arguments_hash, done.answer,
    (SELECT json_agg(p) FROM person p WHERE p.id = any($2::uuid[])) AS people,
    (SELECT json_agg(r) FROM (
        SELECT row_to_json(i) AS item, m.nomenclature, m.category, m.slot, m.required_qualification, row_to_json(a) AS room, h.receipts,
            row_to_json(c) AS record, row_to_json(p) AS holder,
            %s AS opened_by,
            CASE WHEN c.id IS NOT NULL THEN (SELECT json_agg(o) FROM (SELECT l.*, s.article, s.lot_number, s.kind
                FROM custody_line l JOIN stock_lot s ON s.id = l.lot_id WHERE l.record_id = c.id
                ORDER BY s.received_at, s.id) o) END AS lines,
            CASE WHEN $4 THEN (SELECT max(closed_at) FROM custody_record WHERE item_id = i.id) END AS closed_at,
            CASE WHEN $4 THEN (
                SELECT max(effective_at) FROM ledger_event WHERE item_id = i.id AND type IN ('ITEM_BACK_FROM_MAINTENANCE', 'ITEM_ARRIVED')
            ) END AS back_at
        FROM item i JOIN item_model m ON m.id = i.model_id JOIN armory a ON a.id = i.armory_id
            JOIN stream_head h ON h.stream = i.armory_id::text
            LEFT JOIN custody_record c ON c.item_id = i.id AND c.closed_at IS NULL
            LEFT JOIN person p ON p.id = c.holder_id
        WHERE i.id = any($1::uuid[])
    ) r) AS items,
    (SELECT json_agg(m.slot) FROM custody_record c JOIN item i ON i.id = c.item_id JOIN item_model m ON m.id = i.model_id
     WHERE c.holder_id = $3::uuid AND c.closed_at IS NULL) AS held,
    (SELECT json_agg(y) FROM (SELECT z.*, EXISTS (SELECT FROM custody_record c WHERE c.weapons_card = z.card_number AND c.closed_at IS NULL)
        AS surrendered FROM issue_authorization z WHERE z.person_id = $3::uuid AND z.revoked_at IS NULL) y) AS authorizations,
    (SELECT json_agg(q) FROM qualification q WHERE q.person_id = $3::uuid AND q.revoked_at IS NULL) AS qualifications,
    (SELECT row_to_json(d) FROM (SELECT id, code, name, categories, default_issue_type, due_hours, loadout FROM purpose
        WHERE code = $5::text) d) AS purpose,
    (SELECT json_agg(s) FROM (SELECT s.*, a.code AS room FROM stock_lot s JOIN armory a ON a.id = s.armory_id WHERE s.id IN (%s)
        ORDER BY s.received_at, s.id) s) AS lots
FROM (SELECT) AS here LEFT JOIN completed_request done ON done.actor_key = $6::text AND done.request_id = $7::uuid
"""

# The rows that a command writes, each kind from the array of its name in the JSON that is the statement's one value: what is inserted into
# which table, and which columns of which table are set.
INSERTED = {
    "opened": "custody_record",
    "lines": "custody_line",
    "proposed": "proposal",
}
SET: dict[str, tuple[str, tuple[str, ...]]] = {
    "closed": (
        "custody_record",
        (
            *("closed_at", "closed_by_id", "close_reason", "condition_in", "brought_by_id", "brought_reason", "return_note"),
            *("rounds_fired", "returned_to_id", "version"),
        ),
    ),
    "due": ("custody_record", ("due_at", "version")),
    "overdue": ("custody_record", ("overdue_since", "version")),
    "items": ("item", ("state", "serviceability", "round_count", "version")),
    "settled": ("custody_line", ("returned", "expended", "lost", "handed_over", "lost_reason", "version")),
    "lots": ("stock_lot", ("received", "disposed", "on_hand", "out_on_issue", "expended", "lost", "last_event_id")),
    "decided": ("proposal", ("state", "decided_at", "decided_by_id", "decided_by_name", "decision_note", "version")),
}


@cache
def parts_of(rows: frozenset[str]) -> tuple[str, ...]:
    """The parts of the statement that writes these rows; receipts in the order of their numbers, those that close before the others."""
    parts = []
    for name, (table, columns) in SET.items():
        if name in rows:
            sets = ", ".join(f"{column} = n.{column}" for column in columns)
            parts.append(f"{name} AS (UPDATE {table} SET {sets} FROM {_rows(table, name)} n WHERE {table}.id = n.id RETURNING 1)")
    for name, table in INSERTED.items():
        if name in rows:
            order = " ORDER BY n.receipt" if name == "opened" else ""
            first = "(SELECT count(*) FROM closed) first, " if name == "opened" and "closed" in rows else ""
            parts.append(f"{name} AS (INSERT INTO {table} SELECT n.* FROM {first}{_rows(table, name)} n{order})")
    return tuple(parts)


def _rows(table: str, name: str) -> str:
    return f"json_populate_recordset(NULL::{table}, $1::json -> '{name}')"


async def meant(named: Named) -> Facts:
    """What references can name, without a lock; what there is not is missing."""
    return _found(await database.fetch_one(MEANT, *_values(named)))


async def counter_select_for_update(request: str, named: Named) -> Facts:
    """Find what references can name and lock it, in one statement: the request, people, items, then the heads of their streams.

    Lots need no lock of their own: whoever moves the stock of an arms room holds the head of its stream.
    """
    lots = (named.lots,) if named.lots else ()
    return _found(await database.fetch_one(_locking(names_lots=bool(lots)), *_values(named), request, *lots))


@cache
def _locking(*, names_lots: bool) -> str:
    """The named locks in their order: each asks for its rows when those before it are held, because it is told them by those.

    The text of each is that of its queryset.
    """
    people = "SELECT person_id FROM tags UNION ALL SELECT id FROM numbers UNION ALL SELECT unnest($5::uuid[])"
    items = "SELECT item_id FROM tags UNION ALL SELECT id FROM serials UNION ALL SELECT unnest($3::uuid[])"
    heads = "SELECT armory_id::text FROM items"
    if names_lots:
        heads += " UNION SELECT armory_id::text FROM stock_lot WHERE id = any($8::uuid[])"
    return f"""
WITH {NAMED},
    request AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended($7::text, 0))),
    people AS MATERIALIZED ({_of(people_select_for_update, _after("request", people, "uuid"))}),
    items AS MATERIALIZED ({_of(items_select_for_update, _after("people", items, "uuid"))}),
    heads AS MATERIALIZED ({_of(heads_select_for_update, _after("items", heads, "text"))})
SELECT {FOUND}, (SELECT count(*) FROM heads) AS heads
"""


def _after(locks: str, keys: str, kind: str) -> str:
    """The keys that a statement gives, when all these locks are held."""
    return f"(SELECT ARRAY({keys}) FROM (SELECT count(*) FROM {locks}) held)::{kind}[]"


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
    The lots are those that the command can touch, those that came in first first.
    """

    now: datetime
    done: Any
    people: Mapping[UUID, Facts]
    items: Mapping[UUID, Facts]
    held: Sequence[str]
    authorizations: Sequence[Facts]
    qualifications: Sequence[Facts]
    purpose: Facts | None
    lots: Sequence[Facts] = ()


# The event that opened a receipt, asked for only by whoever corrects it.
OPENED_BY = """(SELECT row_to_json(o) FROM (
    SELECT e.event_id, e.type, EXISTS (SELECT FROM confirmation k WHERE k.record_id = c.id) AS confirmed
    FROM ledger_event e WHERE e.subject_id = c.id ORDER BY e.seq LIMIT 1) o)"""


@cache
def _facts(*, brings_stock: bool, takes_stock_back: bool, correcting: bool) -> str:
    """The facts, with the lots that a command can touch: one statement for each kind of command, as short as it can be."""
    brought = _brought("SELECT armory_id FROM item WHERE id = any($1::uuid[])", "8 9 10 5") if brings_stock else NO_LOT
    lots = f"{brought} UNION {_out('SELECT unnest($1::uuid[])')}" if takes_stock_back else brought
    return FACTS % (OPENED_BY if correcting else "NULL", lots)


async def facts(
    items: Sequence[UUID], people: Sequence[UUID], receiver: UUID | None, named: Named, request: tuple[str, UUID], *, issuing: bool
) -> Known:
    """What the rules ask for of items, people and lots, and what a receiver holds; when an item came back only for an issue."""
    statement = _facts(brings_stock=named.brings_stock, takes_stock_back=named.takes_stock_back, correcting=named.correcting)
    stock = (named.articles, named.lot_numbers, named.lots) if named.brings_stock else ()
    row = await database.fetch_one(statement, items, people, receiver, issuing, named.purpose, *request, *stock)
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
        orjson.loads(row["lots"] or "[]"),
    )
