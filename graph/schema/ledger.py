"""The ledger."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from graph.resolvers import ledger as tables
from graph.schema.armory import Armory
from graph.schema.base import JSON, Node, described, follow, node, parsed
from graph.schema.items import Item
from graph.schema.people import Person
from graph.words import ActorKind, EventType, Subject

if TYPE_CHECKING:
    from graph.schema.custody import CustodyRecord


@node(tables.LEDGER, "One thing that happened, sealed into the ledger.")
class LedgerEvent(Node):
    """See the description."""

    seq: int = described("Its place in its stream: without a gap from 1, in the order of the commits.")
    type: EventType = described("What happened.")
    summary: str = described("What happened, in a sentence.")
    subject: Subject = described("What it is about.")
    actor_kind: ActorKind = described("Whether an account or the server's console acted.")
    actor_name: str = described("Who acted: an account's name, or `console:` and the name of the server's user.")
    request_id: UUID | None = described("The request that asked for it.")
    effective_at: datetime = described("When it took effect; never after it was recorded.")
    recorded_at: datetime = described("When the server recorded it.")

    @strawberry.field(description="Everything that changed, as docs/ledger.md describes it.")
    def payload(self) -> JSON:
        return JSON(parsed(self.__dict__["payload"]))

    @strawberry.field(description="The hash of the event before it in its stream, in hexadecimal.")
    def previous_hash(self) -> str:
        return bytes(self.__dict__["previous_hash"]).hex()

    @strawberry.field(description="Its own hash, in hexadecimal.")
    def hash(self) -> str:
        return bytes(self.__dict__["hash"]).hex()

    @strawberry.field(description="The arms room whose stream it is in; null for the registry.")
    async def armory(self) -> Armory | None:
        return await follow(self, "armory", Armory)

    @strawberry.field(description="The item, if one has part in it and is in scope.")
    async def item(self) -> Item | None:
        return await follow(self, "item", Item)

    @strawberry.field(description="The person, if one has part in it.")
    async def person(self) -> Person | None:
        return await follow(self, "person", Person)

    @strawberry.field(description="The custody record that it opened or closed.")
    async def record(self) -> Annotated[CustodyRecord, strawberry.lazy("graph.schema.custody")] | None:
        from graph.schema.custody import CustodyRecord

        return await follow(self, "record", CustodyRecord)
