"""People: known to every arms room, for limits hold over all of them."""

from __future__ import annotations

from graph.resolvers.tables import Key, Link, Pages, Table, table

PERSON = table(
    Table(
        "Person",
        "person",
        (
            *("id", "service_number", "service_number_key", "rank", "family_name", "given_names", "unit_id", "category", "duty_status"),
            *("arms_bar_reason", "arms_bar_until", "version"),
        ),
        computed={
            "has_pin": "it.pin_hash IS NOT NULL",
            "name": "it.rank || ' ' || it.family_name || ', ' || it.given_names",
        },
        links={
            "unit": Link("Unit", "unit_id"),
            "holdings": Link("CustodyRecord", "id", "holder_id", where="it.closed_at IS NULL", order="it.issued_at, it.id"),
            "authorizations": Link("Authorization", "id", "person_id", where="it.revoked_at IS NULL", order="it.valid_from, it.id"),
            "qualifications": Link("Qualification", "id", "person_id", where="it.revoked_at IS NULL", order="it.code, it.id"),
            "tags": Link("Tag", "id", "person_id", order="it.code"),
        },
        pages={
            "history": Pages("CustodyRecord", "holder", "ISSUED_AT"),
            "events": Pages("LedgerEvent", "person", "RECORDED_AT"),
        },
        filters={
            "unit": "it.unit_id = ?",
            "duty_status": "it.duty_status = ?",
            "service_number_key": "it.service_number_key = ?",
            "service_number_prefix": "it.service_number_key LIKE ? || '%'",
            "family_name": "it.family_name = ?",
        },
        orders={"NAME": (Key("it.family_name", "text"), Key("it.given_names", "text"), Key("it.id", "uuid"))},
    )
)
