"""Nomenclatures, items and tags, and what a scanned code means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from asyncpg import Record

from graph import database
from graph.audit.actor import current_actor
from graph.errors import Refusal, RefusalCode
from graph.resolvers.compiler import Asked, Draft, json_row
from graph.resolvers.people import PERSON
from graph.resolvers.sources import One, Source
from graph.resolvers.tables import TABLES, Key, Link, Pages, Query, Table, table
from graph.rules.keys import number_key

ITEM_MODEL = table(
    Table(
        "ItemModel",
        "item_model",
        ("id", "nomenclature", "manufacturer", "category", "slot", "caliber", "nsn", "required_qualification", "version"),
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


@dataclass(frozen=True)
class Scanned(Source):
    """What a scanned code names: a tag's target; else the item with such a serial in scope, or the person with such a service number."""

    code: str

    @property
    def shape(self) -> None:
        """Nothing of it is in the statement itself."""

    @property
    def values(self) -> Sequence[str | None]:
        """The code as it is, and as a number is compared."""
        try:
            return (self.code.strip(), number_key(self.code))
        except ValueError:
            return (self.code.strip(), None)

    def _found(self, query: Query) -> str:
        """The statement of what the code may name; a tag comes first."""
        scopes = {"items": query.scope(ITEM), "people": query.scope(PERSON)}
        code, key = (query.bind(value) for value in self.values)
        return SCAN.format(code=f"{code}::text", key=f"{key}::text", **scopes)

    def statement(self, draft: Draft, asked: Asked) -> str:
        """What the code may name, each with the JSON of what is asked of its type."""
        jsons = []
        for of, each in ((ITEM, asked.fields[0]), (PERSON, asked.fields[1])):
            row = draft.alias()
            jsons.append(json_row(draft, of, row, each.fields, f"FROM {of.name} {row} WHERE {row}.id = f.id"))
        found = self._found(draft)
        return f"SELECT CASE WHEN f.kind = 'Item' THEN ({jsons[0]}) ELSE ({jsons[1]}) END AS json, f.* FROM ({found}) f"

    def answer(self, rows: Sequence[Record]) -> str | Refusal | None:
        """The JSON of what the code names, or why it names nothing."""
        meant = self.meant(rows)
        return meant if isinstance(meant, Refusal) else meant["json"]

    async def one(self) -> One | Refusal:
        """What the code names, as a source of its own."""
        query = Query(current_actor())
        sql = self._found(query)
        meant = self.meant(await database.fetch(sql, *query.values))
        return meant if isinstance(meant, Refusal) else One(TABLES[meant["kind"]], meant["id"])

    def meant(self, found: Sequence[Record]) -> Record | Refusal:
        """The one that is meant of those that were found."""
        code, tag = self.code, next((row for row in found if row["by"] == "TAG"), None)
        if tag is not None and tag["revoked_at"] is not None:
            message = f"The code {code} was revoked at {tag['revoked_at']:%Y-%m-%d %H:%M} UTC."
            return Refusal(RefusalCode.CODE_REVOKED, message, path="code", since=tag["revoked_at"])
        if tag is not None and not tag["seen"]:
            return Refusal(RefusalCode.OUT_OF_SCOPE, "This is not on the book of your arms rooms.", path="code")
        if tag is None and len(found) > 1:
            return Refusal(RefusalCode.AMBIGUOUS_CODE, f"{code} is the number of more than one. Scan the tag.", path="code")
        if not found:
            return Refusal(RefusalCode.UNKNOWN_CODE, f"The code {code} is not known.", path="code")
        return tag or found[0]
