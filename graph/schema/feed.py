"""The live feed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Hashable
from typing import Annotated, Any, TypeVar, cast
from uuid import UUID

import strawberry

from graph.audit.actor import set_actor
from graph.resolvers import boards, feed, security
from graph.resolvers.ledger import told
from graph.resolvers.proposals import PROPOSAL
from graph.resolvers.reading import new_reader
from graph.resolvers.sources import AtHand, One
from graph.schema.base import described, id_of
from graph.schema.boards import ArmoryBoardMessage, SensitiveItemsStatus, Status, board_message
from graph.schema.ledger import LedgerEvent
from graph.schema.operation import READERS, Requires, signed_in
from graph.schema.proposals import Proposal
from graph.schema.security import SecurityEvent, SecurityMessage
from graph.words import EventType, Role, TokenScope

T = TypeVar("T")
Messages = AsyncGenerator[T, None]
Cursor = Annotated[
    str | None,
    strawberry.argument(
        description="The cursor of the last message that was seen. An arms room that it does not name begins with its first event."
    ),
]
Rooms = Annotated[list[strawberry.ID] | None, strawberry.argument(description="Only these arms rooms; without it, every one in scope.")]


@strawberry.type(description="A message of the feed.")
class FeedMessage:
    """See the description."""

    cursor: str = described("The place in the feed after this message: give it as `after` to go on from here.")
    event: LedgerEvent | None = described(
        "The event; null in a message that only tells the place: the first of a feed that starts now, and one every 20 seconds "
        "(ARMGUARD_FEED_HEARTBEAT_SECONDS), which says that everything there is was told."
    )

    @property
    def place(self) -> Hashable:
        """What is the same for all who ask the same. One place in several streams can be reached by an event of any of them."""
        return self.event.row_id if isinstance(self.event, AtHand) else None, self.cursor


@strawberry.type(description="A message of the feed of proposals.")
class ProposalMessage:
    """See the description."""

    cursor: str = described("The place in the feed after this message: give it as `after` to go on from here.")
    event: LedgerEvent | None = described("What happened to the proposal; null in a message that only tells the place.")
    proposal: Proposal | None = described("The proposal as it is now; null in a message that only tells the place.")

    @property
    def place(self) -> Hashable:
        """What is the same for all who ask the same."""
        return self.event.row_id if isinstance(self.event, AtHand) else None, self.cursor


# What is answered once for all who ask the same at the same `place`.
Told = FeedMessage | ProposalMessage | ArmoryBoardMessage | SensitiveItemsStatus
PROPOSALS = frozenset({EventType.PROPOSED, EventType.PROPOSAL_APPROVED, EventType.PROPOSAL_REJECTED})


def _event(message: feed.FeedMessage) -> LedgerEvent | None:
    """The event of a message, as its viewer may see it."""
    set_actor(message.actor)
    new_reader(message.actor)
    return cast("LedgerEvent", told(message.event)) if message.event else None


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
        after: Cursor = None,
        armories: Rooms = None,
        units: Annotated[
            list[strawberry.ID] | None, strawberry.argument(description="Only the arms rooms of these units and of all units below them.")
        ] = None,
        kinds: Annotated[list[EventType] | None, strawberry.argument(description="Only what happened in these ways.")] = None,
        persons: Annotated[list[strawberry.ID] | None, strawberry.argument(description="Only what these people had part in.")] = None,
        items: Annotated[list[strawberry.ID] | None, strawberry.argument(description="Only what happened to these items.")] = None,
    ) -> Messages[FeedMessage]:
        actor = signed_in(info)
        wanted = feed.Wanted(
            _ids("Armory", armories),
            _ids("Unit", units),
            None if kinds is None else frozenset(kinds),
            _ids("Person", persons),
            _ids("Item", items),
        )
        async for message in feed.custody_feed(actor, after, wanted):
            yield FeedMessage(cursor=message.cursor, event=_event(message))

    @strawberry.subscription(
        description="Receipts whose due time has passed, as it passes: the event has the record, the item and the person.",
        extensions=[Requires(*READERS, scope=TokenScope.FEED)],
    )
    async def overdue_feed(self, info: strawberry.Info[Any, Any], after: Cursor = None, armories: Rooms = None) -> Messages[FeedMessage]:
        wanted = feed.Wanted(_ids("Armory", armories), kinds=frozenset({EventType.RECEIPT_OVERDUE}))
        async for message in feed.custody_feed(signed_in(info), after, wanted):
            yield FeedMessage(cursor=message.cursor, event=_event(message))

    @strawberry.subscription(
        description="Commands that wait for a second person, as they are proposed, approved and rejected.",
        extensions=[Requires(*READERS, scope=TokenScope.FEED)],
    )
    async def proposal_feed(
        self, info: strawberry.Info[Any, Any], after: Cursor = None, armories: Rooms = None
    ) -> Messages[ProposalMessage]:
        wanted = feed.Wanted(_ids("Armory", armories), kinds=PROPOSALS)
        async for message in feed.custody_feed(signed_in(info), after, wanted):
            of = One(PROPOSAL, message.event["subject_id"]) if message.event else None
            yield ProposalMessage(cursor=message.cursor, event=_event(message), proposal=cast("Proposal", of))

    @strawberry.subscription(
        description="The board of an arms room: all of it, then each change, so that a client that takes in the changes has at each `seq` "
        "exactly what `board` gives. A change may be that of several events. Every 20 seconds without one a message says that it stands.",
        extensions=[Requires(*READERS, scope=TokenScope.FEED)],
    )
    async def armory_board(
        self, info: strawberry.Info[Any, Any], armory: Annotated[strawberry.ID, strawberry.argument(description="The arms room.")]
    ) -> Messages[ArmoryBoardMessage]:
        async for seen in boards.board_seen(signed_in(info), id_of("Armory", armory)):
            yield board_message(seen)

    @strawberry.subscription(
        description="Whether every sensitive item of a unit and of all below it is accounted for: as it is now, whenever that changes, and "
        "every 20 seconds. All their arms rooms must be in scope.",
        extensions=[Requires(*READERS, scope=TokenScope.FEED)],
    )
    async def sensitive_items_status(
        self, info: strawberry.Info[Any, Any], unit: Annotated[strawberry.ID, strawberry.argument(description="The unit.")]
    ) -> Messages[SensitiveItemsStatus]:
        status = Status()
        async for seen in boards.status_seen(signed_in(info), id_of("Unit", unit)):
            if (told := status.after(seen)) is not None:
                yield told

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
