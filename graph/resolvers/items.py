"""Nomenclatures, items and tags, and what a scanned code means."""

from __future__ import annotations

from graph import database
from graph.audit.actor import current_actor
from graph.errors import Refusal, RefusalCode
from graph.resolvers.people import PERSON
from graph.resolvers.sources import One
from graph.resolvers.tables import TABLES, Key, Link, Pages, Query, Table, table
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
        pages={
            "history": Pages("CustodyRecord", "item", "ISSUED_AT"),
            "events": Pages("LedgerEvent", "item", "RECORDED_AT"),
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


SCAN = """
SELECT 'TAG' AS by, coalesce(t.item_id, t.person_id) AS id, CASE WHEN t.item_id IS NULL THEN 'Person' ELSE 'Item' END AS kind, t.revoked_at,
    t.item_id IS NULL OR EXISTS (SELECT FROM item it WHERE it.id = t.item_id AND ({items})) AS seen
FROM tag t WHERE t.code = {code}
UNION ALL (SELECT 'NUMBER', it.id, 'Item', NULL, true FROM item it WHERE it.serial_key = {key} AND ({items}) LIMIT 2)
UNION ALL (SELECT 'NUMBER', it.id, 'Person', NULL, true FROM person it WHERE it.service_number_key = {key} AND ({people}) LIMIT 2)
"""


async def scanned(code: str) -> One | Refusal:
    """What a scanned code names: a tag's target; else the item with such a serial in scope, or the person with such a service number."""
    query = Query(current_actor())
    places = {"items": query.scope(ITEM), "people": query.scope(PERSON), "code": query.bind(code.strip()), "key": query.bind(_key(code))}
    found = await database.fetch(SCAN.format(**places), *query.values)
    tag = next((row for row in found if row["by"] == "TAG"), None)
    if tag is not None and tag["revoked_at"] is not None:
        message = f"The code {code} was revoked at {tag['revoked_at']:%Y-%m-%d %H:%M} UTC."
        return Refusal(RefusalCode.CODE_REVOKED, message, path="code", since=tag["revoked_at"])
    if tag is not None and not tag["seen"]:
        return Refusal(RefusalCode.OUT_OF_SCOPE, "This is not on the book of your arms rooms.", path="code")
    if tag is None and len(found) > 1:
        return Refusal(RefusalCode.AMBIGUOUS_CODE, f"{code} is the number of more than one. Scan the tag.", path="code")
    if not found:
        return Refusal(RefusalCode.UNKNOWN_CODE, f"The code {code} is not known.", path="code")
    meant = tag or found[0]
    return One(TABLES[meant["kind"]], meant["id"])


def _key(code: str) -> str | None:
    try:
        return number_key(code)
    except ValueError:
        return None
