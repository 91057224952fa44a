"""Units and arms rooms."""

from __future__ import annotations

from uuid import UUID

from asyncpg import Record

from graph import database
from graph.audit.actor import current_actor
from graph.resolvers.items import ITEM
from graph.resolvers.tables import Key, Link, Query, Table, table

UNIT = table(
    Table(
        "Unit",
        "unit",
        ("id", "code", "name", "parent_id", "version"),
        links={"parent": Link("Unit", "parent_id"), "children": Link("Unit", "id", "parent_id", order="it.code, it.id")},
        filters={"code": "it.code = ?"},
        orders={"CODE": (Key("it.code", "text"), Key("it.id", "uuid"))},
    )
)

ARMORY = table(
    Table(
        "Armory",
        "armory",
        ("id", "code", "name", "unit_id", "timezone", "state", "temporary_limit_hours", "sidearm_limit", "long_gun_limit", "version"),
        scope=":everything OR it.id = any(:armories)",
        links={"unit": Link("Unit", "unit_id")},
        filters={"code": "it.code = ?", "unit": "it.unit_id = ?"},
        orders={"CODE": (Key("it.code", "text"), Key("it.id", "uuid"))},
    )
)


async def counts_of(armory_id: UUID) -> list[Record]:
    """How many items an arms room has on its book, by state and category."""
    query = Query(current_actor())
    where = f"it.armory_id = {query.bind(armory_id)} AND ({query.scope(ITEM)})"
    rows = await database.fetch(
        "SELECT it.state, m.category, count(*) AS count FROM item it JOIN item_model m ON m.id = it.model_id "
        f"WHERE {where} GROUP BY it.state, m.category ORDER BY it.state, m.category",
        *query.values,
    )
    return list(rows)
