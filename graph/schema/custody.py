"""Custody: receipts, purposes, issue, return and the live feed."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID, uuid4

import strawberry

from graph import errors
from graph.audit.actor import set_actor
from graph.commands import custody as commands
from graph.commands import purposes
from graph.commands.perform import Answer
from graph.resolvers import custody as tables
from graph.resolvers.ledger import LEDGER, told
from graph.resolvers.reading import new_reader
from graph.resolvers.sources import Made
from graph.schema.accounts import AccountName
from graph.schema.armory import Armory
from graph.schema.base import Node, described, follow, follow_one, id_of, node, optional
from graph.schema.inputs import clean, code, command_of, lines_of
from graph.schema.items import Item, ItemRefInput, PersonRefInput, item_ref, person_ref
from graph.schema.ledger import LedgerEvent
from graph.schema.operation import READERS, check
from graph.schema.people import Person
from graph.schema.refusals import Refusal, Refused, refusal_of, refused, saved
from graph.words import CloseReason, IssueType, ItemCategory, Serviceability


@node(tables.PURPOSE, "A duty type that weapons are drawn for.")
class Purpose(Node):
    """See the description."""

    code: str = described("Its short code.")
    name: str = described("What it is called.")
    categories: list[ItemCategory] = described("What may be drawn for it; empty means everything.")
    default_issue_type: IssueType = described("On what terms, unless the command says otherwise.")
    version: int = described("Counts the changes; give it as `expectedVersion`.")


@node(tables.CUSTODY, "The receipt of one item in one person's hands. Closed once, and never changed after.")
class CustodyRecord(Node):
    """See the description."""

    receipt_number: str = described("The number of the receipt: without a gap in its arms room.")
    issue_type: IssueType = described("On what terms the item is out.")
    issued_at: datetime = described("When custody began.")
    due_at: datetime | None = described("When the item is due; null on an open hand receipt.")
    condition_out: Serviceability = described("The item's serviceability when it went out.")
    note: str | None = described("What the armorer noted at the issue.")
    closed_at: datetime | None = described("When custody ended; null while the item is out.")
    close_reason: CloseReason | None = described("Why custody ended.")
    condition_in: Serviceability | None = described("The item's serviceability when it came back.")
    brought_reason: str | None = described("Why another than the holder brought it.")
    return_note: str | None = described("What the armorer noted at the return.")
    rounds_fired: int | None = described("Rounds fired while it was out, as declared.")

    @strawberry.field(description="The arms room that issued it.")
    async def armory(self) -> Armory:
        return await follow_one(self, "armory", Armory)

    @strawberry.field(description="The item; null when it is now on the book of an arms room out of scope.")
    async def item(self) -> Item | None:
        return await follow(self, "item", Item)

    @strawberry.field(description="Whose hands it is or was in.")
    async def holder(self) -> Person:
        return await follow_one(self, "holder", Person)

    @strawberry.field(description="What it was drawn for.")
    async def purpose(self) -> Purpose | None:
        return await follow(self, "purpose", Purpose)

    @strawberry.field(description="Who brought it back.")
    async def brought_by(self) -> Person | None:
        return await follow(self, "brought_by", Person)

    @strawberry.field(description="The account that issued it; null for the server's console.")
    async def issued_by(self) -> AccountName | None:
        return await follow(self, "issued_by", AccountName)

    @strawberry.field(description="The account that took it back.")
    async def closed_by(self) -> AccountName | None:
        return await follow(self, "closed_by", AccountName)


@strawberry.type(description="The items are issued.")
class ItemsIssued:
    """The answer of an issue."""

    records: list[CustodyRecord] = described("The receipts, in the order of the lines, as they are now.")
    events: list[LedgerEvent] = described("The ledger's events: for a repeated request the same as the first time.")
    repeated: bool = described("Whether this request was done before, so that nothing was written now.")


@strawberry.type(description="The items are back.")
class ItemsReturned:
    """The answer of a return."""

    records: list[CustodyRecord] = described("The closed receipts, in the order of the lines.")
    events: list[LedgerEvent] = described("The ledger's events: for a repeated request the same as the first time.")
    repeated: bool = described("Whether this request was done before, so that nothing was written now.")


@strawberry.type(description="The items are in other hands.")
class ItemsTransferred:
    """The answer of a transfer."""

    records: list[CustodyRecord] = described("The new receipts, in the order of the lines.")
    events: list[LedgerEvent] = described("The ledger's events, two for each line: for a repeated request the same as the first time.")
    repeated: bool = described("Whether this request was done before, so that nothing was written now.")


@strawberry.type(description="The receipts are due later.")
class DueExtended:
    """The answer of an extension."""

    records: list[CustodyRecord] = described("The receipts, in the order of the lines.")
    events: list[LedgerEvent] = described("The ledger's events: for a repeated request the same as the first time.")
    repeated: bool = described("Whether this request was done before, so that nothing was written now.")


@strawberry.type(description="A purpose as it is now on the book.")
class PurposeSaved:
    """The answer of a command about a purpose."""

    purpose: Purpose = described("The purpose.")


IssueResult = Annotated[ItemsIssued | Refused, strawberry.union("IssueResult", description="The receipts, or why nothing was issued.")]
ReturnResult = Annotated[
    ItemsReturned | Refused, strawberry.union("ReturnResult", description="The closed receipts, or why nothing was taken back.")
]
TransferResult = Annotated[
    ItemsTransferred | Refused, strawberry.union("TransferResult", description="The new receipts, or why nothing changed hands.")
]
DueResult = Annotated[DueExtended | Refused, strawberry.union("DueResult", description="The receipts, or why they are due as before.")]
PurposeResult = Annotated[PurposeSaved | Refused, strawberry.union("PurposeResult", description="The purpose, or why nothing was written.")]


@strawberry.input(description="One item to issue.")
class IssueLineInput:
    """See the description."""

    item: ItemRefInput = described("The item.")
    expected_version: int | None = optional("Refuse if the item has changed since this version.")


@strawberry.input(description="Issue items to a person: all of them, or none.")
class IssueItemsInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry, which never issues twice.")
    holder: PersonRefInput = described("Who draws.")
    lines: list[IssueLineInput] = described("What is drawn: 1 to 200 items.")
    purpose: str | None = optional("The code of what it is drawn for.")
    issue_type: IssueType | None = optional("On what terms; without it the purpose's, or TEMPORARY.")
    due_at: datetime | None = optional("When it is due; a temporary issue without it is due as late as the arms room allows.")
    note: str | None = optional("What is to be remembered; needed for an emergency issue.")
    effective_at: datetime | None = optional("When the item changed hands, if that was before now.")


@strawberry.input(description="One item that comes back.")
class ReturnLineInput:
    """See the description."""

    item: ItemRefInput = described("The item.")
    expected_version: int | None = optional("Refuse if the item has changed since this version.")
    condition: Serviceability | None = optional("Its serviceability as it comes in; without it as it stands on the book.")
    rounds_fired: int | None = optional("Rounds fired while it was out: added to its round count.")


@strawberry.input(description="Take items back: all of them, or none.")
class ReturnItemsInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    lines: list[ReturnLineInput] = described("What comes back: 1 to 200 items, of one holder or of several.")
    holder: PersonRefInput | None = optional("Refuse if anybody else holds one of them.")
    brought_by: PersonRefInput | None = optional("Who brought them; without it, each holder did.")
    brought_reason: str | None = optional("Why another than the holder brought them.")
    note: str | None = optional("What is to be remembered.")
    effective_at: datetime | None = optional("When the items changed hands, if that was before now.")


@strawberry.input(description="A relief: items go from the hands that have them into another's, all of them, or none.")
class TransferItemsInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry, which never transfers twice.")
    holder: PersonRefInput = described("Who takes them over; decided as an issue to them would be.")
    lines: list[IssueLineInput] = described("What changes hands: 1 to 200 items.")
    handed_over_by: PersonRefInput | None = optional("Refuse if anybody else holds one of them.")
    purpose: str | None = optional("The code of what they are taken over for.")
    issue_type: IssueType | None = optional("On what terms; without it the purpose's, or TEMPORARY.")
    due_at: datetime | None = optional("When they are due; a temporary issue without it is due as late as the arms room allows.")
    note: str | None = optional("What is to be remembered; needed for an emergency issue.")
    effective_at: datetime | None = optional("When the items changed hands, if that was before now.")


@strawberry.input(description="A later due time of items that are out: of all of them, or of none.")
class ExtendDueInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    lines: list[IssueLineInput] = described("The items: 1 to 200.")
    due_at: datetime = described("When they are due from now on; of a temporary issue within the arms room's limit from its issue.")
    reason: str = described("Why.")


@strawberry.input(description="A new duty type.")
class RegisterPurposeInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    code: str = described("A short code: capital letters, digits, underscores; never changed.")
    name: str = described("What it is called.")
    categories: list[ItemCategory] = strawberry.field(default_factory=list, description="What may be drawn for it; empty means everything.")
    default_issue_type: IssueType = strawberry.field(
        default=IssueType.TEMPORARY, description="On what terms, unless a command says otherwise."
    )


@strawberry.input(description="Changes of a duty type; what is not given stays.")
class EditPurposeInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    id: strawberry.ID = described("The purpose.")
    expected_version: int | None = optional("Refuse if it has changed since this version.")
    name: str | None = optional("What it is called.")
    categories: list[ItemCategory] | None = optional("What may be drawn for it; empty means everything.")
    default_issue_type: IssueType | None = optional("On what terms, unless a command says otherwise.")


@strawberry.type(description="Whether a person may draw items now, and every reason why not.")
class IssueCheck:
    """The answer of `canIssue`."""

    allowed: bool = described("Whether an issue would be done now.")
    refusals: list[Refusal] = described("Every reason why not, each with what would lift it; `line` is the place in `items`.")


async def can_issue(holder: PersonRefInput, items: list[ItemRefInput], purpose: str | None, issue_type: IssueType | None) -> IssueCheck:
    """Whether a person may draw items."""
    lines = tuple(commands.IssueLine(item_ref(each)) for each in lines_of(items))
    named = clean("purpose", purpose) if purpose is not None else None
    # An emergency is issued with a note; whoever asks whether one may be has none yet.
    note = "asked" if issue_type is IssueType.EMERGENCY else None
    why = await commands.can_issue(commands.IssueItems(uuid4(), person_ref(holder), lines, named, issue_type, note=note))
    return IssueCheck(allowed=not why, refusals=[refusal_of(each) for each in why])


async def issue_items(asked: IssueItemsInput) -> ItemsIssued | Refused:
    """Issue items."""
    read = {"holder": person_ref(asked.holder), "lines": _issue_lines(asked)}
    answer = await commands.issue_items(command_of(commands.IssueItems, asked, **read))
    return refused(answer) if isinstance(answer, errors.Refused) else ItemsIssued(**_what_was_written(answer))


async def transfer_items(asked: TransferItemsInput) -> ItemsTransferred | Refused:
    """Let items change hands."""
    giver = person_ref(asked.handed_over_by) if asked.handed_over_by else None
    read = {"holder": person_ref(asked.holder), "lines": _issue_lines(asked), "handed_over_by": giver}
    answer = await commands.transfer_items(command_of(commands.TransferItems, asked, **read))
    return refused(answer) if isinstance(answer, errors.Refused) else ItemsTransferred(**_what_was_written(answer))


async def extend_due(asked: ExtendDueInput) -> DueExtended | Refused:
    """Let receipts be due later."""
    answer = await commands.extend_due(command_of(commands.ExtendDue, asked, lines=_issue_lines(asked)))
    return refused(answer) if isinstance(answer, errors.Refused) else DueExtended(**_what_was_written(answer))


def _issue_lines(asked: IssueItemsInput | TransferItemsInput | ExtendDueInput) -> tuple[commands.IssueLine, ...]:
    return tuple(
        commands.IssueLine(item_ref(line.item), clean("expected_version", line.expected_version)) for line in lines_of(asked.lines)
    )


async def return_items(asked: ReturnItemsInput) -> ItemsReturned | Refused:
    """Take items back."""
    lines = tuple(command_of(commands.ReturnLine, line, item=item_ref(line.item)) for line in lines_of(asked.lines))
    holder = person_ref(asked.holder) if asked.holder else None
    brought_by = person_ref(asked.brought_by) if asked.brought_by else None
    answer = await commands.return_items(command_of(commands.ReturnItems, asked, lines=lines, holder=holder, brought_by=brought_by))
    return refused(answer) if isinstance(answer, errors.Refused) else ItemsReturned(**_what_was_written(answer))


def _what_was_written(answer: Answer) -> dict[str, Any]:
    records, events = Made(tables.CUSTODY, answer.rows, as_made=answer.shown), Made(LEDGER, answer.events)
    return {"records": records, "events": events, "repeated": answer.repeated}


async def register_purpose(asked: RegisterPurposeInput) -> PurposeSaved | Refused:
    """Register a duty type."""
    answer = await purposes.register_purpose(command_of(purposes.RegisterPurpose, asked, code=code(asked.code)))
    return saved(answer, Purpose, lambda purpose: PurposeSaved(purpose=purpose))


async def edit_purpose(asked: EditPurposeInput) -> PurposeSaved | Refused:
    """Edit a duty type."""
    answer = await purposes.edit_purpose(command_of(purposes.EditPurpose, asked, purpose_id=id_of("Purpose", asked.id)))
    return saved(answer, Purpose, lambda purpose: PurposeSaved(purpose=purpose))


@strawberry.type(description="A message of the feed.")
class FeedMessage:
    """See the description."""

    cursor: str = described("The place in the feed after this message: give it as `after` to go on from here.")
    event: LedgerEvent | None = described("The event; null in the first message of a feed that starts now, which only tells the place.")


@strawberry.type(description="What is pushed as it happens.")
class Subscription:
    """The roots of subscriptions."""

    @strawberry.subscription(
        description="Every ledger event of the arms rooms in scope, in order, once. With `after` it goes on from there, else it starts "
        "now; the first message of a feed that starts now tells the place."
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
    ) -> AsyncGenerator[FeedMessage, None]:
        actor = check(info, frozenset(READERS))
        wanted = None if armories is None else [id_of("Armory", armory) for armory in armories]
        async for message in tables.custody_feed(actor, after, wanted):
            set_actor(message.actor)
            new_reader(message.actor)
            yield FeedMessage(cursor=message.cursor, event=cast("LedgerEvent", told(message.event)) if message.event else None)
