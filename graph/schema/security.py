"""What touches who may do what."""

from __future__ import annotations

from datetime import datetime

import strawberry

from graph.resolvers import security as tables
from graph.schema.base import Node, described, node, optional
from graph.words import SecurityEventKind


@node(
    tables.SECURITY_EVENT,
    "Something that touches who may do what: what accounts did from the ledger, what strangers tried from a bounded log.",
)
class SecurityEvent(Node):
    """See the description."""

    at: datetime = described("When it happened.")
    kind: SecurityEventKind = described("What happened.")
    name: str = described("The account that it is about, or the name that a stranger gave.")
    actor_name: str = described("Who did it; empty for a stranger.")
    address: str = described("From which address, where it is known.")
    detail: str = described("What happened, in a sentence.")
    recorded: bool = described("Whether it stands in the ledger; else it is kept until newer attempts take its place.")


@strawberry.type(description="A message of the security feed.")
class SecurityMessage:
    """See the description."""

    cursor: str = described("The place in the feed after this message: give it as `after` to go on from here.")
    event: SecurityEvent | None = described("What happened; null in the first message of a feed that starts now.")


@strawberry.input(description="Which security events; what is not given does not matter.")
class SecurityFilter:
    """See the description."""

    kind: SecurityEventKind | None = optional("Of this kind.")
    name: str | None = optional("About the account with this name, or under it.")
    address: str | None = optional("From this address.")
    since: datetime | None = optional("At this moment or later.")
