"""Stock: lots of ammunition, magazines and accessories, and what of them is out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar
from uuid import UUID

import strawberry

from graph import errors
from graph.commands import stock as commands
from graph.commands.overrides import Override
from graph.errors import BadInput
from graph.resolvers import stock as tables
from graph.rules.stock import Settled, StockRef, Wanted
from graph.rules.texts import code, text
from graph.schema.armory import Armory
from graph.schema.base import (
    After,
    Before,
    Connection,
    First,
    Last,
    Node,
    Row,
    described,
    follow_all,
    follow_one,
    id_of,
    node,
    optional,
    pages,
)
from graph.schema.inputs import clean, command_of
from graph.schema.proposals import OverrideInput, Proposed, override_of, proposed
from graph.schema.refusals import Refused, refused, saved
from graph.words import StockAdjustment, StockKind

if TYPE_CHECKING:
    from graph.schema.custody import CustodyRecord
    from graph.schema.ledger import LedgerEvent

MOST_STOCK = 20
L = TypeVar("L")


@strawberry.type(description="A nomenclature that a lot goes with.")
class FittingModel(Row):
    """See the description."""

    nomenclature: str = described("The nomenclature.")
    manufacturer: str = described("Its maker.")


@node(
    tables.STOCK_LOT,
    "A lot of one article in one arms room, in rounds or pieces. Always: received - disposed = onHand + outOnIssue + expended + lost.",
)
class StockLot(Node):
    """See the description."""

    article: str = described(
        "What it is, in short: `9MM-BALL`, `MAG-G17`. Lots of the same article are drawn in the order in which they came."
    )
    name: str = described("What it is called.")
    kind: StockKind = described("What kind of stock it is.")
    lot_number: str = described("The lot number as it is marked.")
    dodic: str | None = described("The Department of Defense identification code of ammunition: four characters.")
    received_at: datetime = described("When the first of it came.")
    received: int = described("How much ever came.")
    disposed: int = described("How much left the book for good.")
    on_hand: int = described("How much is in the arms room.")
    out_on_issue: int = described("How much is out on receipts.")
    expended: int = described("How much was fired or used up.")
    lost: int = described("How much was lost.")

    @strawberry.field(description="The arms room.")
    async def armory(self) -> Armory:
        return await follow_one(self, "armory", Armory)

    @strawberry.field(description="The nomenclatures that it goes with; empty means every one.")
    async def fits(self) -> list[FittingModel]:
        return await follow_all(self, "fits", FittingModel)

    @strawberry.field(description="What was received and set right, the newest first.")
    async def events(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated[LedgerEvent, strawberry.lazy("graph.schema.ledger")]]:
        return await pages(self, "events", first, after, last, before)


@node(tables.CUSTODY_LINE, "What of a lot went out with an item on a receipt, and what became of it.")
class CustodyLine(Node):
    """See the description."""

    issued: int = described("How much went out.")
    returned: int = described("How much came back to the lot.")
    expended: int = described("How much was fired or used up.")
    lost: int = described("How much was lost.")
    lost_reason: str | None = described("How it was lost.")
    handed_over: int = described("How much went on with the item to the next holder's receipt.")
    outstanding: int = described("How much is still out.")
    version: int = described("Counts the changes.")

    @strawberry.field(description="The lot.")
    async def lot(self) -> StockLot:
        return await follow_one(self, "lot", StockLot)

    @strawberry.field(description="The receipt.")
    async def record(self) -> Annotated[CustodyRecord, strawberry.lazy("graph.schema.custody")]:
        from graph.schema.custody import CustodyRecord

        return await follow_one(self, "record", CustodyRecord)


@strawberry.type(description="A lot as it is now on the book.")
class StockSaved:
    """The answer of a command about a lot."""

    lot: StockLot = described("The lot.")


StockResult = Annotated[StockSaved | Refused, strawberry.union("StockResult", description="The lot, or why nothing was written.")]
AdjustResult = Annotated[
    Proposed | Refused, strawberry.union("AdjustResult", description="The proposal that a second person decides, or why there is none.")
]


@strawberry.input(description="So much of something that goes out with an item: by article, by lotNumber, by both, or by the id of a lot.")
class StockLineInput:
    """See the description."""

    article: str | None = optional("An article: the lots that came first are taken first.")
    lot_number: str | None = optional("A lot of the item's arms room by its number.")
    lot: strawberry.ID | None = optional("A lot by its id.")
    quantity: int = described("How many rounds or pieces.")


@strawberry.input(description="What became of stock that was out with an item: by article, by lotNumber, by both, or by the id of a lot.")
class SettledStockInput:
    """See the description."""

    article: str | None = optional("An article, of whichever lots of it are on the receipt.")
    lot_number: str | None = optional("A lot by its number.")
    lot: strawberry.ID | None = optional("A lot by its id.")
    returned: int | None = optional("How much comes back; it goes to the lot that it left.")
    expended: int | None = optional("How much was fired or used up; rounds count on the weapon.")
    lost: int | None = optional("How much was lost.")
    reason: str | None = optional("How it was lost; needed for what was.")


@strawberry.input(description="Stock that comes onto the book of an arms room: a new lot, or more of one that is there.")
class ReceiveStockInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    armory: str = described("The code of the arms room.")
    article: str = described("What it is, in short: capital letters, digits, hyphens.")
    lot_number: str = described("The lot number as it is marked; kept in capital letters.")
    quantity: int = described("How many rounds or pieces.")
    kind: StockKind | None = optional("What kind of stock it is; needed for a lot that is new there.")
    name: str | None = optional("What it is called; needed for a lot that is new there.")
    dodic: str | None = optional("The Department of Defense identification code of ammunition: four characters.")
    fits: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="The nomenclatures that it goes with; empty means every one."
    )
    note: str | None = optional("What is to be remembered.")


@strawberry.input(description="The book of a lot is set right. It waits for a second person.")
class AdjustStockInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    lot: strawberry.ID | None = optional("The lot by its id; or give armory, article and lotNumber.")
    armory: str | None = optional("The code of the lot's arms room.")
    article: str | None = optional("The lot's article.")
    lot_number: str | None = optional("The lot's number.")
    kind: StockAdjustment = described("How.")
    quantity: int = described("How many rounds or pieces.")
    override: OverrideInput | None = optional("Why; without it the adjustment is refused.")


def stock_ref(asked: StockLineInput | SettledStockInput) -> StockRef:
    """The lot that an input names.

    Raises:
        BadInput: it names none, or a lot by its id and in another way too.
    """
    marked = asked.article is not None or asked.lot_number is not None
    if marked == (asked.lot is not None):
        raise BadInput("Name stock by its article, by its lotNumber, by both, or by the id of its lot.")
    if asked.lot is not None:
        return StockRef(lot_id=id_of("StockLot", asked.lot))
    article = code(asked.article) if asked.article is not None else None
    return StockRef(None, lot_number(asked.lot_number) if asked.lot_number is not None else None, article)


def lot_number(marked: str) -> str:
    """A lot number as it is compared: in capital letters."""
    return str(clean("lot_number", marked)).upper()


def wanted(lines: Sequence[StockLineInput] | None) -> tuple[Wanted, ...] | None:
    """What goes out with an item, as an input says it; None if it says nothing."""
    if lines is None:
        return None
    return tuple(Wanted(stock_ref(each), clean("quantity", each.quantity), place) for place, each in enumerate(_few(lines)))


class Settling(Protocol):
    """A line of an input that says what became of stock."""

    stock: list[SettledStockInput] | None
    all_stock_returned: bool | None


def became_of(line: Settling) -> dict[str, Any]:
    """What became of stock, as a line of an input says it."""
    said = tuple(_settled(each, place) for place, each in enumerate(_few(line.stock or ())))
    return {"stock": said, "all_stock_returned": bool(line.all_stock_returned)}


def _settled(each: SettledStockInput, place: int) -> Settled:
    quantities = {name: getattr(each, name) or 0 for name in ("returned", "expended", "lost")}
    return command_of(Settled, each, stock=stock_ref(each), place=place, **{name: clean(name, value) for name, value in quantities.items()})


def _few(lines: Sequence[L]) -> Sequence[L]:
    if len(lines) > MOST_STOCK:
        raise errors.LimitExceeded(f"A line names at most {MOST_STOCK} times stock.")
    return lines


async def receive_stock(asked: ReceiveStockInput) -> StockSaved | Refused:
    """Receive stock."""
    if len(asked.fits) > 100:
        raise errors.LimitExceeded("A lot goes with at most 100 nomenclatures; empty means every one.")
    read = {
        "article": code(asked.article),
        "lot_number": lot_number(asked.lot_number),
        "fits": tuple(dict.fromkeys(id_of("ItemModel", each) for each in asked.fits)),
        "dodic": _dodic(asked.dodic) if asked.dodic is not None else None,
    }
    answer = await commands.receive_stock(command_of(commands.ReceiveStock, asked, **read))
    return saved(answer, StockLot, lambda lot: StockSaved(lot=lot))


def _dodic(given: str) -> str:
    cleaned = text("dodic", given).upper()
    if len(cleaned) != 4 or not cleaned.isalnum() or not cleaned.isascii():
        raise BadInput("dodic has four letters or digits, such as A363.")
    return cleaned


async def adjust_stock(asked: AdjustStockInput) -> Proposed | Refused:
    """Propose that the book of a lot is set right."""
    override: Override | None = override_of(asked.override)
    lot_id, marked = _lot(asked)
    answer = await commands.adjust_stock(command_of(commands.AdjustStock, asked, lot_id=lot_id, marked=marked, override=override))
    return refused(answer) if isinstance(answer, errors.Refused) else proposed(answer)


def _lot(asked: AdjustStockInput) -> tuple[UUID | None, commands.Marked | None]:
    marks = (asked.armory, asked.article, asked.lot_number)
    if asked.lot is not None and not any(marks):
        return id_of("StockLot", asked.lot), None
    if asked.lot is None and all(marks):
        armory, article, number = marks
        return None, commands.Marked(text("code", armory or ""), code(article or ""), lot_number(number or ""))
    raise BadInput("Name the lot by its id, or by armory, article and lotNumber.")
