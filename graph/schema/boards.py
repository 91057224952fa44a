"""The board of an arms room, and whether a unit is all up."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import strawberry

from graph.resolvers.feed import feed_cursor
from graph.resolvers.views import Read, Seen
from graph.schema.armory import ItemCount
from graph.schema.base import described, node_id
from graph.schema.words import declare_enum
from graph.words import CustodyState, IssueType, ItemCategory, StockKind


class AllUp(StrEnum):
    """Whether every sensitive item is accounted for."""

    GREEN = "GREEN"
    RED = "RED"


declare_enum(
    AllUp,
    "Whether every sensitive item is accounted for.",
    {"GREEN": "Every item is where the book says.", "RED": "Items are missing, lost or stolen."},
)


@strawberry.type(description="An item in somebody's hands, and on what receipt.")
class Holding:
    """See the description."""

    record: strawberry.ID = described("The receipt's id.")
    receipt_number: str = described("The receipt's number.")
    item: strawberry.ID = described("The item's id.")
    serial: str = described("The item's serial.")
    nomenclature: str = described("What it is.")
    category: ItemCategory = described("Its category.")
    holder: strawberry.ID = described("The holder's id.")
    holder_name: str = described("The holder: rank and name.")
    service_number: str = described("The holder's service number.")
    issue_type: IssueType = described("On what terms it is out.")
    purpose: str | None = described("The code of what it was drawn for.")
    issued_at: datetime = described("Since when.")
    due_at: datetime | None = described("Until when.")
    overdue: bool = described("Whether the feed was told that this time has passed.")


@strawberry.type(description="A lot of stock, and how much of it is there.")
class BoardLot:
    """See the description."""

    lot: strawberry.ID = described("The lot's id.")
    article: str = described("The article's code.")
    name: str = described("The article's name.")
    kind: StockKind = described("What kind of stock it is.")
    lot_number: str = described("The lot's number.")
    on_hand: int = described("How much is in the arms room.")
    out_on_issue: int = described("How much is out on receipts.")


@strawberry.type(description="An arms room at one place in its ledger.")
class ArmoryBoard:
    """See the description."""

    seq: int = described("The place in the arms room's stream at which all of this is so.")
    cursor: str = described("The same place for `custodyFeed`.")
    holdings: list[Holding] = described("Who holds what, the longest first.")
    counts: list[ItemCount] = described("How many items of each category are in each state; none is left out.")
    lots: list[BoardLot] = described("The lots of stock.")

    @strawberry.field(description="How many of the holdings are overdue.")
    def overdue(self) -> int:
        return sum(holding.overdue for holding in self.holdings)


@strawberry.type(description="What has changed on the board since the message before; it may be nothing but the place.")
class ArmoryBoardChange:
    """See the description."""

    holdings: list[Holding] = described("New and changed holdings: each takes the place of the one with the same `record`.")
    returned: list[strawberry.ID] = described("The `record` of each holding that is none any more.")
    counts: list[ItemCount] = described("Changed counts: each takes the place of the one of the same state and category. 0 is none.")
    lots: list[BoardLot] = described("New and changed lots: each takes the place of the one with the same `lot`.")


@strawberry.type(description="A message of the board: all of it, a change, or a sign that it is as it was told.")
class ArmoryBoardMessage:
    """See the description."""

    number: strawberry.Private[int]
    seq: int = described("The place in the arms room's stream at which the board is so.")
    cursor: str = described("The same place for `custodyFeed`.")
    board: ArmoryBoard | None = described("Everything: first, and again for who fell far behind. It takes the place of all before.")
    change: ArmoryBoardChange | None = described("What has changed; null beside `board`, and when nothing has.")

    @property
    def place(self) -> Hashable:
        """What is the same for all who ask the same."""
        return "board", self.number, self.board is not None, self.change is not None


@strawberry.type(description="An item that is not accounted for.")
class ItemAtFault:
    """See the description."""

    item: strawberry.ID = described("The item's id.")
    serial: str = described("Its serial.")
    nomenclature: str = described("What it is.")
    category: ItemCategory = described("Its category.")
    state: CustodyState = described("What is known of it: MISSING, LOST or STOLEN.")
    armory: str = described("The code of the arms room on whose book it is.")


@strawberry.type(description="Whether a unit and all below it have every sensitive item accounted for.")
class SensitiveItemsStatus:
    """See the description."""

    number: strawberry.Private[int]
    status: AllUp = described("GREEN, or RED with the items at fault.")
    items: int = described("How many items are on their books.")
    at_fault: list[ItemAtFault] = described("The items that are not accounted for, by serial.")
    cursor: str = described("The place in the feed at which this is so, for `custodyFeed`.")

    @property
    def place(self) -> Hashable:
        """What is the same for all who ask the same."""
        return "status", self.number


def board_of(read: Read | Seen) -> ArmoryBoard:
    """The whole board."""
    rows = read.rows or {}
    return ArmoryBoard(
        seq=_seq(read.places),
        cursor=feed_cursor(read.places),
        holdings=[_holding(row) for (section, _), row in rows.items() if section == "holdings"],
        counts=[_count(row) for (section, _), row in rows.items() if section == "counts"],
        lots=[_lot(row) for (section, _), row in rows.items() if section == "lots"],
    )


def board_message(seen: Seen) -> ArmoryBoardMessage:
    """A message of the board."""
    change = None
    if not seen.whole and seen.rows is not None:
        board = board_of(seen)
        none = [
            _count({"state": key[0], "category": key[1], "count": 0})
            for section, key in seen.gone
            if section == "counts" and isinstance(key, tuple)
        ]
        returned = [node_id("CustodyRecord", UUID(str(key))) for section, key in seen.gone if section == "holdings"]
        change = ArmoryBoardChange(holdings=board.holdings, returned=returned, counts=board.counts + none, lots=board.lots)
    return ArmoryBoardMessage(
        number=seen.number,
        seq=_seq(seen.places),
        cursor=feed_cursor(seen.places),
        board=board_of(seen) if seen.whole else None,
        change=change,
    )


class Status:
    """What one who looks knows of a unit's items: it is told whenever that changes, and now and then all the same."""

    def __init__(self) -> None:
        self._rows: dict[Any, Mapping[str, Any]] = {}

    def after(self, seen: Seen) -> SensitiveItemsStatus | None:
        """What is to be told; None if only what is not told has changed."""
        before = dict(self._rows)
        if seen.whole:
            self._rows = dict(seen.rows or {})
        else:
            self._rows = {key: row for key, row in {**self._rows, **(seen.rows or {})}.items() if key not in seen.gone}
        if not seen.whole and seen.rows is not None and before == self._rows:
            return None
        faults = sorted(
            (row for (section, _), row in self._rows.items() if section == "faults"), key=lambda row: (row["serial"], row["id"])
        )
        return SensitiveItemsStatus(
            number=seen.number,
            status=AllUp.RED if faults else AllUp.GREEN,
            items=self._rows["items", None]["items"],
            at_fault=[_fault(row) for row in faults],
            cursor=feed_cursor(seen.places),
        )


def _seq(places: Mapping[str, int]) -> int:
    (seq,) = places.values()
    return seq


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _holding(row: Mapping[str, Any]) -> Holding:
    ids: Any = {
        "record": node_id("CustodyRecord", UUID(row["id"])),
        "item": node_id("Item", UUID(row["item_id"])),
        "holder": node_id("Person", UUID(row["holder_id"])),
    }
    words: Any = {"category": ItemCategory(row["category"]), "issue_type": IssueType(row["issue_type"])}
    times: Any = {name: _moment(row[name]) for name in ("issued_at", "due_at")}
    same = ("receipt_number", "serial", "nomenclature", "holder_name", "service_number", "purpose", "overdue")
    return Holding(**ids, **words, **times, **{name: row[name] for name in same})


def _count(row: Mapping[str, Any]) -> ItemCount:
    return ItemCount.of({"state": CustodyState(row["state"]), "category": ItemCategory(row["category"]), "count": row["count"]})


def _lot(row: Mapping[str, Any]) -> BoardLot:
    plain = {name: row[name] for name in ("article", "name", "lot_number", "on_hand", "out_on_issue")}
    return BoardLot(lot=node_id("StockLot", UUID(row["id"])), kind=StockKind(row["kind"]), **plain)


def _fault(row: Mapping[str, Any]) -> ItemAtFault:
    words: Any = {"category": ItemCategory(row["category"]), "state": CustodyState(row["state"])}
    return ItemAtFault(item=node_id("Item", UUID(row["id"])), **words, **{name: row[name] for name in ("serial", "nomenclature", "armory")})
