"""Custody records and purposes."""

from __future__ import annotations

from graph.resolvers.people import PERSON
from graph.resolvers.tables import Key, Link, Table, aliased, table

PURPOSE = table(
    Table(
        "Purpose",
        "purpose",
        ("id", "code", "name", "categories", "default_issue_type", "due_hours", "version"),
        totals={"loadout": Link("LoadoutEntry", "id", "purpose_id", order="it.category, it.article")},
        filters={"code": "it.code = ?"},
        orders={"CODE": (Key("it.code", "text"), Key("it.id", "uuid"))},
    )
)

LOADOUT = table(
    Table(
        "LoadoutEntry",
        "(SELECT p.id AS purpose_id, e.category, e.article, sum(e.quantity) AS quantity FROM purpose p, "
        "jsonb_to_recordset(p.loadout) AS e(category text, article text, quantity int) GROUP BY p.id, e.category, e.article)",
        ("purpose_id", "category", "article", "quantity"),
    )
)

CONFIRMED = "(SELECT k.confirmed_at FROM confirmation k WHERE k.record_id = it.id AND k.stage = '{stage}')"
# Not by EXISTS: PostgreSQL would read all confirmations for a page of fifty receipts.
CONFIRMATION = (
    f"CASE WHEN {CONFIRMED.format(stage='ISSUE')} IS NOT NULL THEN 'CONFIRMED' "
    "WHEN NOT it.confirmation_required THEN 'NOT_ASKED' WHEN it.closed_at IS NULL THEN 'PENDING' ELSE 'VOID' END"
)

CUSTODY = table(
    Table(
        "CustodyRecord",
        "custody_record",
        (
            *(
                "id",
                "receipt_number",
                "armory_id",
                "item_id",
                "holder_id",
                "issue_type",
                "purpose_id",
                "issued_at",
                "due_at",
                "issued_by_id",
            ),
            *("condition_out", "note", "closed_at", "closed_by_id", "close_reason", "condition_in", "brought_by_id", "brought_reason"),
            *("return_note", "rounds_fired", "overdue_since", "weapons_card", "returned_to_id", "version"),
        ),
        scope=":everything OR it.armory_id = any(:armories)",
        computed={
            "confirmation": CONFIRMATION,
            "return_confirmed_at": CONFIRMED.format(stage="RETURN"),
            "regularised_at": "(SELECT r.regularised_at FROM regularisation r WHERE r.record_id = it.id)",
            "regularisation_note": "(SELECT r.note FROM regularisation r WHERE r.record_id = it.id)",
        },
        links={
            "armory": Link("Armory", "armory_id"),
            "returned_to": Link("Armory", "returned_to_id"),
            "lines": Link("CustodyLine", "id", "record_id", order="it.id"),
            "item": Link("Item", "item_id"),
            "holder": Link("Person", "holder_id"),
            "purpose": Link("Purpose", "purpose_id"),
            "brought_by": Link("Person", "brought_by_id"),
            "issued_by": Link("Account", "issued_by_id"),
            "closed_by": Link("Account", "closed_by_id"),
        },
        filters={
            "open": "it.closed_at IS NULL",
            "overdue": "it.closed_at IS NULL AND coalesce(it.due_at, 'infinity') < now()",
            "awaiting_regularisation": "it.issue_type = 'EMERGENCY' AND NOT EXISTS "
            "(SELECT FROM regularisation r WHERE r.record_id = it.id)",
            "armory": "it.armory_id = ?",
            "holder": "it.holder_id = ?",
            "item": "it.item_id = ?",
            "receipt_number": "it.receipt_number = ?",
            "issued_after": "it.issued_at >= ?",
            "issued_before": "it.issued_at < ?",
        },
        orders={
            "ISSUED_AT": (Key("it.issued_at", "timestamptz"), Key("it.id", "uuid")),
            "DUE_AT": (Key("coalesce(it.due_at, 'infinity')", "timestamptz"), Key("it.id", "uuid")),
        },
    )
)


# What an arms room took in for others, in plain words: their book is not in its scope.
TAKEN_IN = table(
    Table(
        "ItemTakenIn",
        "(SELECT c.id, c.receipt_number, i.serial, m.nomenclature, a.code AS home, c.closed_at, "
        f"{aliased(PERSON.computed['name'], 'p')} AS holder_name "
        "FROM custody_record c JOIN item i ON i.id = c.item_id JOIN item_model m ON m.id = i.model_id JOIN armory a ON a.id = c.armory_id "
        "JOIN person p ON p.id = c.holder_id)",
        ("id", "receipt_number", "serial", "nomenclature", "home", "holder_name", "closed_at"),
    )
)
