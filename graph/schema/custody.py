"""Custody: receipts, issue, return and relief."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID, uuid4

import strawberry

from graph import errors
from graph.commands import custody as commands
from graph.commands import due, returns
from graph.commands.perform import Answer
from graph.errors import BadInput
from graph.resolvers import custody as tables
from graph.resolvers.ledger import LEDGER
from graph.resolvers.sources import Made
from graph.schema.accounts import AccountName
from graph.schema.armory import Armory
from graph.schema.base import Node, described, follow, follow_all, follow_one, node, optional
from graph.schema.inputs import clean, command_of, lines_of
from graph.schema.items import Item, ItemRefInput, PersonRefInput, item_ref, person_ref
from graph.schema.ledger import LedgerEvent
from graph.schema.people import Person
from graph.schema.proposals import DryRun, OverrideInput, Proposed, not_yet, override_of
from graph.schema.purposes import Purpose
from graph.schema.refusals import Refusal, Refused, refusal_of, refused
from graph.schema.stock import CustodyLine, SettledStockInput, StockLineInput, became_of, wanted
from graph.words import CloseReason, ConfirmationState, IssueType, Serviceability


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
    overdue_since: datetime | None = described("The due time of which the feed was told that it has passed.")
    weapons_card: str | None = described("The weapons card that lies in the arms room for it.")
    confirmation: ConfirmationState = described("Whether the holder has confirmed the issue.")
    return_confirmed_at: datetime | None = described("When the holder confirmed that it was given back.")
    regularised_at: datetime | None = described("When an arms room officer regularised the emergency issue.")
    regularisation_note: str | None = described("What the officer set down.")

    @strawberry.field(description="The arms room that issued it.")
    async def armory(self) -> Armory:
        return await follow_one(self, "armory", Armory)

    @strawberry.field(description="The item; null when it is now on the book of an arms room out of scope.")
    async def item(self) -> Item | None:
        return await follow(self, "item", Item)

    @strawberry.field(description="Whose hands it is or was in.")
    async def holder(self) -> Person:
        return await follow_one(self, "holder", Person)

    @strawberry.field(description="What went out with it by quantity.")
    async def lines(self) -> list[CustodyLine]:
        return await follow_all(self, "lines", CustodyLine)

    @strawberry.field(description="The arms room that took it in for its own; null if it was its own, or one out of scope.")
    async def returned_to(self) -> Armory | None:
        return await follow(self, "returned_to", Armory)

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


IssueResult = Annotated[
    ItemsIssued | Proposed | DryRun | Refused,
    strawberry.union("IssueResult", description="The receipts, or why nothing was issued; or what waits for a second person, or would be."),
]
ReturnResult = Annotated[
    ItemsReturned | DryRun | Refused,
    strawberry.union("ReturnResult", description="The closed receipts, or why nothing was taken back; or what would be."),
]
TransferResult = Annotated[
    ItemsTransferred | Proposed | DryRun | Refused,
    strawberry.union("TransferResult", description="The new receipts, or why nothing changed hands; or what waits for a second person."),
]
DueResult = Annotated[DueExtended | Refused, strawberry.union("DueResult", description="The receipts, or why they are due as before.")]


@strawberry.input(description="One item to issue.")
class IssueLineInput:
    """See the description."""

    item: ItemRefInput = described("The item.")
    expected_version: int | None = optional("Refuse if the item has changed since this version.")
    stock: list[StockLineInput] | None = optional(
        "What goes out with it, in an issue; without it the loadout of the purpose, and empty: nothing. In a transfer all stock goes along."
    )


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
    override: OverrideInput | None = optional("If all that stands against it can be overridden: let a second person decide.")
    dry_run: bool | None = optional("Say what would be written, and write nothing.")


@strawberry.input(description="One item that comes back.")
class ReturnLineInput:
    """See the description."""

    item: ItemRefInput = described("The item.")
    expected_version: int | None = optional("Refuse if the item has changed since this version.")
    condition: Serviceability | None = optional("Its serviceability as it comes in; without it as it stands on the book.")
    rounds_fired: int | None = optional("Rounds fired while it was out: added to its round count. Without it, those that were expended.")
    stock: list[SettledStockInput] | None = optional("What became of what went out with it.")
    all_stock_returned: bool | None = optional("All that `stock` does not name has come back.")


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
    dry_run: bool | None = optional("Say what would be written, and write nothing.")


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
    override: OverrideInput | None = optional("If all that stands against it can be overridden: let a second person decide.")
    dry_run: bool | None = optional("Say what would be written, and write nothing.")


@strawberry.input(description="A later due time of items that are out: of all of them, or of none.")
class ExtendDueInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    lines: list[IssueLineInput] = described("The items: 1 to 200.")
    due_at: datetime = described("When they are due from now on; of a temporary issue within the arms room's limit from its issue.")
    reason: str = described("Why.")


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


async def issue_items(asked: IssueItemsInput) -> ItemsIssued | Proposed | DryRun | Refused:
    """Issue items."""
    read = {"holder": person_ref(asked.holder), "lines": _issue_lines(asked, stock=True), **_not_at_once(asked)}
    answer = await commands.issue_items(command_of(commands.IssueItems, asked, **read))
    if isinstance(answer, errors.Refused):
        return refused(answer)
    return not_yet(answer) or ItemsIssued(**what_was_written(answer))


def _not_at_once(asked: IssueItemsInput | TransferItemsInput) -> dict[str, Any]:
    return {"override": override_of(asked.override), "dry_run": bool(asked.dry_run)}


async def transfer_items(asked: TransferItemsInput) -> ItemsTransferred | Proposed | DryRun | Refused:
    """Let items change hands."""
    read = {
        "holder": person_ref(asked.holder),
        "lines": _issue_lines(asked),
        "handed_over_by": person_ref(asked.handed_over_by) if asked.handed_over_by else None,
        **_not_at_once(asked),
    }
    answer = await commands.transfer_items(command_of(commands.TransferItems, asked, **read))
    if isinstance(answer, errors.Refused):
        return refused(answer)
    return not_yet(answer) or ItemsTransferred(**what_was_written(answer))


async def extend_due(asked: ExtendDueInput) -> DueExtended | Refused:
    """Let receipts be due later."""
    answer = await due.extend_due(command_of(due.ExtendDue, asked, lines=_issue_lines(asked)))
    return refused(answer) if isinstance(answer, errors.Refused) else DueExtended(**what_was_written(answer))


def _issue_lines(asked: IssueItemsInput | TransferItemsInput | ExtendDueInput, *, stock: bool = False) -> tuple[commands.IssueLine, ...]:
    if not stock and any(line.stock is not None for line in asked.lines):
        raise BadInput("stock is said in an issue only: in a transfer all that is out with the item goes along.")
    return tuple(
        commands.IssueLine(item_ref(line.item), clean("expected_version", line.expected_version), wanted(line.stock))
        for line in lines_of(asked.lines)
    )


async def return_items(asked: ReturnItemsInput) -> ItemsReturned | DryRun | Refused:
    """Take items back."""
    holder = person_ref(asked.holder) if asked.holder else None
    brought_by = person_ref(asked.brought_by) if asked.brought_by else None
    read = {"lines": return_lines(asked.lines), "holder": holder, "brought_by": brought_by, "dry_run": bool(asked.dry_run)}
    answer = await returns.return_items(command_of(returns.ReturnItems, asked, **read))
    if isinstance(answer, errors.Refused):
        return refused(answer)
    return cast("DryRun | None", not_yet(answer)) or ItemsReturned(**what_was_written(answer))


def return_lines(lines: Sequence[ReturnLineInput]) -> tuple[returns.ReturnLine, ...]:
    """What comes back, as an input says it."""
    return tuple(command_of(returns.ReturnLine, line, item=item_ref(line.item), **became_of(line)) for line in lines_of(lines))


def what_was_written(answer: Answer) -> dict[str, Any]:
    """The receipts and the events of a command, as its answer names them."""
    records, events = Made(tables.CUSTODY, answer.rows, as_made=answer.shown), Made(LEDGER, answer.events)
    return {"records": records, "events": events, "repeated": answer.repeated}
