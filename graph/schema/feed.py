"""The live feed."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated, Any, cast
from uuid import UUID

import strawberry

from graph.audit.actor import set_actor
from graph.resolvers import feed, security
from graph.resolvers.ledger import told
from graph.resolvers.reading import new_reader
from graph.resolvers.sources import One
from graph.schema.base import described, id_of
from graph.schema.ledger import LedgerEvent
from graph.schema.operation import READERS, Requires, signed_in
from graph.schema.security import SecurityEvent, SecurityMessage
from graph.words import EventType, Role, TokenScope


@strawberry.type(description="A message of the feed.")
class FeedMessage:
    """See the description."""

    cursor: str = described("The place in the feed after this message: give it as `after` to go on from here.")
    event: LedgerEvent | None = described(
        "The event; null in a message that only tells the place: the first of a feed that starts now, and one every 20 seconds "
        "(ARMGUARD_FEED_HEARTBEAT_SECONDS), which says that everything there is was told."
    )


def _ids(kind: str, given: list[strawberry.ID] | None) -> frozenset[UUID] | None:
    return None if given is None else frozenset(id_of(kind, each) for each in given)


@strawberry.type(description="What is pushed as it happens.")
class Subscription:
    """The roots of subscriptions."""

    @strawberry.subscription(
        description="Every ledger event of the arms rooms in scope, in order, once. With `after` it goes on from there, else it starts "
        "now; the first message of a feed that starts now tells the place. Of several filters an event must pass each. It ends with "
        "FORBIDDEN or UNAUTHENTICATED when what it tells may not be seen any more.",
        extensions=[Requires(*READERS, scope=TokenScope.FEED)],
    )
    async def custody_feed(
        self,
        info: strawberry.Info[Any, Any],
        after: Annotated[
            str | None,
            strawberry.argument(
                description="The cursor of the last message that was seen. An arms room that it does not name begins with its first event."
            ),
        ] = None,
        armories: Annotated[
            list[strawberry.ID] | None, strawberry.argument(description="Only these arms rooms; without it, every one in scope.")
        ] = None,
        units: Annotated[
            list[strawberry.ID] | None, strawberry.argument(description="Only the arms rooms of these units and of all units below them.")
        ] = None,
        kinds: Annotated[list[EventType] | None, strawberry.argument(description="Only what happened in these ways.")] = None,
        persons: Annotated[list[strawberry.ID] | None, strawberry.argument(description="Only what these people had part in.")] = None,
        items: Annotated[list[strawberry.ID] | None, strawberry.argument(description="Only what happened to these items.")] = None,
    ) -> AsyncGenerator[FeedMessage, None]:
        actor = signed_in(info)
        wanted = feed.Wanted(
            _ids("Armory", armories),
            _ids("Unit", units),
            None if kinds is None else frozenset(kinds),
            _ids("Person", persons),
            _ids("Item", items),
        )
        async for message in feed.custody_feed(actor, after, wanted):
            set_actor(message.actor)
            new_reader(message.actor)
            yield FeedMessage(cursor=message.cursor, event=cast("LedgerEvent", told(message.event)) if message.event else None)

    @strawberry.subscription(
        description="What touches who may do what, as it happens. With `after` it goes on from there, else it starts now; the first "
        "message of a feed that starts now tells the place.",
        extensions=[Requires(Role.ADMIN, Role.AUDITOR, scope=TokenScope.FEED)],
    )
    async def security_feed(
        self,
        info: strawberry.Info[Any, Any],
        after: Annotated[str | None, strawberry.argument(description="The cursor of the last message that was seen.")] = None,
    ) -> AsyncGenerator[SecurityMessage, None]:
        async for message in security.security_feed(signed_in(info), after):
            set_actor(message.actor)
            new_reader(message.actor)
            of = One(security.SECURITY_EVENT, message.event_id) if message.event_id else None
            yield SecurityMessage(cursor=message.cursor, event=cast("SecurityEvent", of))
