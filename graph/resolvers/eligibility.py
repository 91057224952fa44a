"""Lines of the master authorization list, and qualifications: known to every arms room, as people are."""

from __future__ import annotations

from graph.resolvers.tables import Link, Table, table

AUTHORIZATION = table(
    Table(
        "Authorization",
        "issue_authorization",
        ("id", "person_id", "model_id", "item_id", "valid_from", "valid_until", "card_number", "revoked_at", "version"),
        scope="it.item_id IS NULL OR :everything OR EXISTS (SELECT FROM item i WHERE i.id = it.item_id AND i.armory_id = any(:armories))",
        links={"person": Link("Person", "person_id"), "model": Link("ItemModel", "model_id"), "item": Link("Item", "item_id")},
    )
)

QUALIFICATION = table(
    Table(
        "Qualification",
        "qualification",
        ("id", "person_id", "code", "qualified_on", "expires_on", "revoked_at", "version"),
        links={"person": Link("Person", "person_id")},
    )
)
