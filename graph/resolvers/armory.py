"""Units and arms rooms."""

from __future__ import annotations

from graph.resolvers.tables import Key, Link, Pages, Table, table

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
        (
            *("id", "code", "name", "unit_id", "timezone", "state", "temporary_limit_hours", "sidearm_limit", "long_gun_limit"),
            *("authorization_required", "qualification_required", "confirmation_required", "version"),
        ),
        scope=":everything OR it.id = any(:armories)",
        computed={"stream": "it.id::text"},
        links={"unit": Link("Unit", "unit_id")},
        totals={"counts": Link("ItemCount", "id", "armory_id", order="it.state, it.category")},
        pages={"events": Pages("LedgerEvent", "stream", "SEQ", mine="stream")},
        filters={"code": "it.code = ?", "unit": "it.unit_id = ?"},
        orders={"CODE": (Key("it.code", "text"), Key("it.id", "uuid"))},
    )
)

ITEM_COUNT = table(
    Table(
        "ItemCount",
        "(SELECT i.armory_id, i.state, m.category, count(*) AS count FROM item i JOIN item_model m ON m.id = i.model_id "
        "GROUP BY i.armory_id, i.state, m.category)",
        ("armory_id", "state", "category", "count"),
        scope=":everything OR it.armory_id = any(:armories)",
    )
)
