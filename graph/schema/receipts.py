"""What is said of a receipt while its item is out or has come back: stock, confirmation, emergencies; and returns at another arms room."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from graph import errors
from graph.commands import custody, receipts, returns, stock
from graph.errors import BadInput
from graph.resolvers import custody as tables
from graph.resolvers.items import ITEM
from graph.resolvers.ledger import LEDGER
from graph.resolvers.sources import Made
from graph.rules.texts import text
from graph.schema.base import ROWS, Row, described, optional
from graph.schema.custody import CustodyRecord, ReturnLineInput, return_lines, what_was_written
from graph.schema.inputs import clean, command_of, lines_of
from graph.schema.items import Item, ItemRefInput, PersonRefInput, item_ref, person_ref
from graph.schema.ledger import LedgerEvent
from graph.schema.people import Person, PersonSaved
from graph.schema.refusals import Refused, refused, saved
from graph.schema.stock import SettledStockInput, became_of
from graph.words import ConfirmationStage


@strawberry.type(description="Stock that was out is accounted for; the items stay out.")
class StockSettled:
    """The answer of a settlement."""

    records: list[CustodyRecord] = described("The receipts, in the order of the lines.")
    events: list[LedgerEvent] = described("The ledger's events: for a repeated request the same as the first time.")
    repeated: bool = described("Whether this request was done before, so that nothing was written now.")


@strawberry.type(description="An item of another arms room that was taken in for it, in plain words: its book is not in scope here.")
class ItemTakenIn(Row):
    """See the description."""

    receipt_number: str = described("The receipt that was closed.")
    serial: str = described("The item's serial.")
    nomenclature: str = described("What it is.")
    home: str = described("The code of the arms room that it goes home to.")
    holder_name: str = described("Who held it.")
    closed_at: datetime = described("When it was taken in.")


ROWS[tables.TAKEN_IN.kind] = ItemTakenIn


@strawberry.type(description="The items of other arms rooms are taken in, and on their way home.")
class ItemsTakenIn:
    """The answer of a return elsewhere."""

    items: list[ItemTakenIn] = described("The items, in the order of the lines.")
    repeated: bool = described("Whether this request was done before, so that nothing was written now.")


@strawberry.type(description="The items are home.")
class ItemsReceived:
    """The answer of an arrival."""

    items: list[Item] = described("The items, in the order of the lines.")
    events: list[LedgerEvent] = described("The ledger's events: for a repeated request the same as the first time.")
    repeated: bool = described("Whether this request was done before, so that nothing was written now.")


@strawberry.type(description="A receipt as it is now.")
class ReceiptSaved:
    """The answer of a command about a receipt."""

    record: CustodyRecord = described("The receipt.")


SettleResult = Annotated[StockSettled | Refused, strawberry.union("SettleResult", description="The receipts, or why nothing was written.")]
TakenInResult = Annotated[ItemsTakenIn | Refused, strawberry.union("TakenInResult", description="What was taken in, or why nothing was.")]
ReceivedResult = Annotated[ItemsReceived | Refused, strawberry.union("ReceivedResult", description="The items, or why none arrived.")]
ReceiptResult = Annotated[ReceiptSaved | Refused, strawberry.union("ReceiptResult", description="The receipt, or why nothing was written.")]
PinResult = Annotated[PersonSaved | Refused, strawberry.union("PinResult", description="The person, or why nothing was written.")]


@strawberry.input(description="What became of stock that is out with one item, which stays out itself.")
class SettleLineInput:
    """See the description."""

    item: ItemRefInput = described("The item.")
    stock: list[SettledStockInput] | None = optional("What became of what.")
    all_stock_returned: bool | None = optional("All that `stock` does not name has come back.")
    expected_version: int | None = optional("Refuse if the item has changed since this version.")


@strawberry.input(description="Account for stock that is out while the items stay in their holders' hands.")
class SettleStockInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    lines: list[SettleLineInput] = described("The items: 1 to 200.")
    note: str | None = optional("What is to be remembered.")


@strawberry.input(
    description="Take items in that are on the book of other arms rooms: their receipts close, and they are on the way home. What came "
    "with them goes down to their own lots at once: it travels home with them."
)
class ReturnItemsElsewhereInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    armory: str = described("The code of the arms room that takes them in: one of yours.")
    lines: list[ReturnLineInput] = described("What comes back: 1 to 200 items. Stock goes down to the lots that it left.")
    brought_by: PersonRefInput | None = optional("Who brought them; without it, each holder did.")
    brought_reason: str | None = optional("Why another than the holder brought them.")
    note: str | None = optional("What is to be remembered.")
    effective_at: datetime | None = optional("When the items changed hands, if that was before now.")


@strawberry.input(description="An item that is home.")
class ArrivalLineInput:
    """See the description."""

    item: ItemRefInput = described("The item.")
    expected_version: int | None = optional("Refuse if the item has changed since this version.")


@strawberry.input(description="Items that another arms room took in are home.")
class ReceiveItemsInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    lines: list[ArrivalLineInput] = described("The items: 1 to 200.")
    note: str | None = optional("What is to be remembered.")


@strawberry.input(description="A person's PIN, which they type themselves at the counter.")
class SetPinInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    person: PersonRefInput = described("Whose.")
    pin: str = described("Six to twelve digits, not all the same.")


@strawberry.input(description="The holder confirms a receipt by the PIN.")
class ConfirmReceiptInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    receipt_number: str | None = optional("The number of the receipt; or give `item`.")
    item: ItemRefInput | None = optional("The item whose newest receipt is meant.")
    stage: ConfirmationStage = strawberry.field(default=ConfirmationStage.ISSUE, description="What is confirmed.")
    pin: str = described("The holder's PIN.")


@strawberry.input(description="An arms room officer has looked at an emergency issue.")
class RegulariseEmergencyInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    receipt_number: str | None = optional("The number of the receipt; or give `item`.")
    item: ItemRefInput | None = optional("The item whose newest receipt is meant.")
    note: str = described("Why it was right, or what was done about it.")


async def settle_stock(asked: SettleStockInput) -> StockSettled | Refused:
    """Account for stock."""
    lines = tuple(command_of(stock.SettleLine, line, item=item_ref(line.item), **became_of(line)) for line in lines_of(asked.lines))
    answer = await stock.settle_stock(command_of(stock.SettleStock, asked, lines=lines))
    return refused(answer) if isinstance(answer, errors.Refused) else StockSettled(**what_was_written(answer))


async def return_items_elsewhere(asked: ReturnItemsElsewhereInput) -> ItemsTakenIn | Refused:
    """Take items in for other arms rooms."""
    brought_by = person_ref(asked.brought_by) if asked.brought_by else None
    read = {"armory": text("code", asked.armory), "lines": return_lines(asked.lines), "brought_by": brought_by}
    answer = await returns.return_elsewhere(command_of(returns.ReturnElsewhere, asked, **read))
    if isinstance(answer, errors.Refused):
        return refused(answer)
    items: Any = Made(tables.TAKEN_IN, answer.rows)
    return ItemsTakenIn(items=items, repeated=answer.repeated)


async def receive_items(asked: ReceiveItemsInput) -> ItemsReceived | Refused:
    """Take items in that are home."""
    lines = tuple(
        custody.IssueLine(item_ref(line.item), clean("expected_version", line.expected_version)) for line in lines_of(asked.lines)
    )
    answer = await returns.receive_items(command_of(returns.ReceiveItems, asked, lines=lines))
    if isinstance(answer, errors.Refused):
        return refused(answer)
    made: dict[str, Any] = {"items": Made(ITEM, answer.rows), "events": Made(LEDGER, answer.events)}
    return ItemsReceived(repeated=answer.repeated, **made)


async def set_pin(asked: SetPinInput) -> PersonSaved | Refused:
    """Give a person a PIN."""
    answer = await receipts.set_pin(receipts.SetPin(asked.request_id, person_ref(asked.person)), text("pin", asked.pin))
    return saved(answer, Person, lambda person: PersonSaved(person=person))


async def confirm_receipt(asked: ConfirmReceiptInput) -> ReceiptSaved | Refused:
    """Confirm a receipt."""
    answer = await receipts.confirm_receipt(command_of(receipts.ConfirmReceipt, asked, receipt=_receipt(asked)), text("pin", asked.pin))
    return saved(answer, CustodyRecord, lambda record: ReceiptSaved(record=record))


def _receipt(asked: ConfirmReceiptInput | RegulariseEmergencyInput) -> receipts.ReceiptRef:
    if (asked.receipt_number is None) == (asked.item is None):
        raise BadInput("Give either receiptNumber or item.")
    if asked.item is not None:
        return receipts.ReceiptRef(item=item_ref(asked.item))
    return receipts.ReceiptRef(text("receipt_number", asked.receipt_number or ""))


async def regularise_emergency(asked: RegulariseEmergencyInput) -> ReceiptSaved | Refused:
    """Regularise an emergency issue."""
    answer = await receipts.regularise_emergency(command_of(receipts.RegulariseEmergency, asked, receipt=_receipt(asked)))
    return saved(answer, CustodyRecord, lambda record: ReceiptSaved(record=record))
