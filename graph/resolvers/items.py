"""Nomenclatures, items and tags, and what a scanned code means."""

from __future__ import annotations

from asyncpg import Record

from graph import database
from graph.audit.actor import current_actor
from graph.errors import Refusal, RefusalCode
from graph.resolvers.people import PERSON
from graph.resolvers.reading import by_id
from graph.resolvers.tables import Key, Link, Query, Table, table
from graph.rules.keys import number_key

ITEM_MODEL = table(
    Table(
        "ItemModel",
        "item_model",
        ("id", "nomenclature", "manufacturer", "category", "slot", "caliber", "nsn", "version"),
        filters={"category": "it.category = ?"},
        orders={"NOMENCLATURE": (Key("it.nomenclature", "text"), Key("it.id", "uuid"))},
    )
)

ITEM = table(
    Table(
        "Item",
        "item",
        ("id", "model_id", "serial", "serial_key", "armory_id", "rack", "state", "serviceability", "round_count", "version"),
        scope=":everything OR it.armory_id = any(:armories)",
        links={
            "model": Link("ItemModel", "model_id"),
            "armory": Link("Armory", "armory_id"),
            "open_custody": Link("CustodyRecord", "id", "item_id", where="it.closed_at IS NULL"),
            "tags": Link("Tag", "id", "item_id", order="it.code"),
        },
        filters={
            "armory": "it.armory_id = ?",
            "model": "it.model_id = ?",
            "state": "it.state = ?",
            "serviceability": "it.serviceability = ?",
            "serial_key": "it.serial_key = ?",
            "serial_prefix": "it.serial_key LIKE ? || '%'",
        },
        orders={"SERIAL": (Key("it.serial_key", "text"), Key("it.id", "uuid"))},
    )
)

TAG = table(
    Table(
        "Tag",
        "tag",
        ("id", "code", "person_id", "item_id", "revoked_at", "version"),
        scope="it.item_id IS NULL OR :everything OR EXISTS (SELECT FROM item i WHERE i.id = it.item_id AND i.armory_id = any(:armories))",
        links={"item": Link("Item", "item_id"), "person": Link("Person", "person_id")},
    )
)


async def scanned(code: str) -> tuple[Table, Record] | Refusal:
    """What a scanned code names: a tag's target; else the item with such a serial in scope, or the person with such a service number."""
    tag = await database.fetch_one("SELECT person_id, item_id, revoked_at FROM tag WHERE code = $1", code.strip())
    if tag is not None:
        if tag["revoked_at"] is not None:
            message = f"The code {code} was revoked at {tag['revoked_at']:%Y-%m-%d %H:%M} UTC."
            return Refusal(RefusalCode.CODE_REVOKED, message, path="code", since=tag["revoked_at"])
        of = ITEM if tag["item_id"] else PERSON
        row = await by_id(of, tag["item_id"] or tag["person_id"])
        return (of, row) if row else Refusal(RefusalCode.OUT_OF_SCOPE, "This is not on the book of your arms rooms.", path="code")
    found = [(ITEM, row) for row in await _numbered(ITEM, "serial_key", code)]
    found += [(PERSON, row) for row in await _numbered(PERSON, "service_number_key", code)]
    if len(found) > 1:
        return Refusal(RefusalCode.AMBIGUOUS_CODE, f"{code} is the number of more than one. Scan the tag.", path="code")
    return found[0] if found else Refusal(RefusalCode.UNKNOWN_CODE, f"The code {code} is not known.", path="code")


async def _numbered(of: Table, column: str, code: str) -> list[Record]:
    try:
        key = number_key(code)
    except ValueError:
        return []
    query = Query(current_actor())
    where = f"it.{column} = {query.bind(key)} AND ({query.scope(of)})"
    return list(await database.fetch(f"SELECT {of.selection} FROM {of.name} it WHERE {where} LIMIT 2", *query.values))
