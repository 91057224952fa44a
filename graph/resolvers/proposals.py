"""Commands that wait for a second person, or waited."""

from __future__ import annotations

from graph.resolvers.tables import Key, Link, Table, table

PROPOSAL = table(
    Table(
        "Proposal",
        "proposal",
        (
            *("id", "armory_id", "command", "arguments", "reason", "overridden", "proposed_at", "proposed_by_name", "expires_at", "state"),
            *("decided_at", "decided_by_name", "decision_note", "version"),
        ),
        scope=":everything OR it.armory_id = any(:armories)",
        computed={"expired": "it.state = 'PENDING' AND it.expires_at < now()"},
        written={"arguments": "it.arguments::json", "overridden": "it.overridden::json"},
        links={"armory": Link("Armory", "armory_id")},
        filters={"armory": "it.armory_id = ?", "state": "it.state = ?", "waiting": "it.state = 'PENDING' AND it.expires_at >= now()"},
        orders={"PROPOSED_AT": (Key("it.proposed_at", "timestamptz"), Key("it.id", "uuid"))},
    )
)
