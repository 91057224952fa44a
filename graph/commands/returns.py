"""Returns: at the arms room whose item it is, at another, and the way home. Never refused for the holder's standing (INV-5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from graph.audit.actor import current_actor
from graph.audit.ledger import Event
from graph.commands.counter import Asked, Counter, Written, facts_of, name_of, outstanding_of, serve
from graph.commands.custody import NO_STOCK, IssueLine, Stock, custody_event, lines_named, rows_of
from graph.commands.perform import Answer, later, requested, require
from graph.commands.references import ItemRef, PersonRef, no_code
from graph.commands.rows import altered, given
from graph.errors import Refusal, RefusalCode, Refused, refuse
from graph.models.armory import armory_with_code
from graph.models.counter import Facts
from graph.rules.custody import Line
from graph.rules.items import serviceability_after_return
from graph.rules.returns import Bringer, arrival_refusals, discreet, elsewhere_refusals, return_refusals
from graph.rules.stock import Settled, Settlement, settle
from graph.words import COUNTER, CloseReason, CustodyState, EventType, Serviceability, StockKind, Subject


@dataclass(frozen=True)
class ReturnLine:
    """One item that comes back. Without `condition` it is as it stands on the book; `rounds_fired` adds to its round count.

    `stock` says what became of what went out with it; with `all_stock_returned` the rest has come back. Ammunition that was expended counts
    as rounds fired, if no other number is said.
    """

    item: ItemRef
    expected_version: int | None = None
    condition: Serviceability | None = None
    rounds_fired: int | None = None
    stock: tuple[Settled, ...] = later(default=())
    all_stock_returned: bool = later(default=False)


@dataclass(frozen=True)
class ReturnItems:
    """A return. Without `brought_by`, each holder brought their own; `holder`, if given, is checked.

    A dry run says what would be written.
    """

    request_id: UUID
    lines: tuple[ReturnLine, ...]
    holder: PersonRef | None = None
    brought_by: PersonRef | None = None
    brought_reason: str | None = None
    note: str | None = None
    effective_at: datetime | None = None
    dry_run: bool = later(default=False)


@dataclass(frozen=True)
class ReturnElsewhere(ReturnItems):
    """A return at the arms room with this code, which takes in another's items: they are on the way home then."""

    armory: str = ""


@dataclass(frozen=True)
class ReceiveItems:
    """Items that another arms room took in are home."""

    request_id: UUID
    lines: tuple[IssueLine, ...]
    note: str | None = None


async def return_items(command: ReturnItems) -> Answer | Refused:
    """Take items back: all of them, or none with a refusal for each reason. Never refused for the holder's standing (INV-5)."""
    require(*COUNTER)
    request = requested("returnItems", command.request_id, command)
    return await serve(request, _asked_of_return(command), lambda counter: _returned(command, counter))


async def return_elsewhere(command: ReturnElsewhere) -> Answer | Refused:
    """Take in items of other arms rooms: their receipts close, and they are on the way home. Stock goes down to the lots that it left."""
    require(*COUNTER)
    room = await armory_with_code(command.armory)
    if room is None:
        return Refused([no_code("arms room", command.armory, "armory")])
    request = requested("returnItemsElsewhere", command.request_id, command)
    asked = replace(_asked_of_return(command), everywhere=True)

    def decide(counter: Counter) -> Sequence[Written]:
        if not current_actor().may_see(room["id"]):
            refuse([Refusal(RefusalCode.OUT_OF_SCOPE, f"{room['code']} is not one of your arms rooms.", path="armory")])
        theirs = {line.line for line in counter.lines if not current_actor().may_see(line.room.id)}
        own = elsewhere_refusals(counter.lines, room["id"], room["code"])
        try:
            written = _returned(command, counter, room)
        except Refused as refused:
            raise Refused([*own, *(discreet(each) if each.line in theirs else each for each in refused.refusals)]) from None
        refuse(own)
        return written

    return await serve(request, asked, decide)


def _asked_of_return(command: ReturnItems) -> Asked:
    people = given(holder=command.holder, broughtBy=command.brought_by)
    return Asked(*lines_named(command.lines), people, takes_stock_back=True, dry=command.dry_run)


def _returned(command: ReturnItems, counter: Counter, room: Facts | None = None) -> Sequence[Written]:
    """The receipts closed, each with what became of the stock on it."""
    holder, bringer = counter.people.get("holder"), counter.people.get("broughtBy")
    at = command.effective_at or counter.now
    brought = Bringer(UUID(bringer["id"]), name_of(bringer), command.brought_reason) if bringer else Bringer()
    holder_id = UUID(holder["id"]) if holder else None
    settled = {line.line: _settlement(line, command.lines[line.line], counter) for line in counter.lines if line.in_scope and line.custody}
    refuse(
        [
            *counter.unknown,
            *return_refusals(counter.lines, brought, at, counter.now, holder_id),
            *(refusal for each in settled.values() for refusal in each.refusals),
        ]
    )
    return [_take_back(line, command, counter, settled[line.line], room) for line in counter.lines]


def _settlement(line: Line, asked: ReturnLine, counter: Counter) -> Settlement:
    lines = counter.known[line.item_id]["lines"]
    return settle(
        line,
        outstanding_of(lines),
        asked.stock,
        rest_returned=asked.all_stock_returned,
        closing=True,
        rounds_fired=asked.rounds_fired,
        expended_before=_expended_before(lines),
    )


def _expended_before(lines: Sequence[Facts] | None) -> int:
    """The rounds of a receipt that are accounted for as fired, and counted on the weapon, already."""
    return sum(each["expended"] for each in lines or () if each["kind"] == StockKind.AMMUNITION)


def _take_back(line: Line, command: ReturnItems, counter: Counter, settlement: Settlement, room: Facts | None) -> Written:
    """The receipt closed, the item in the room or on its way there, and the event that says so."""
    asked, known, at = command.lines[line.line], counter.known[line.item_id], command.effective_at or counter.now
    item, record, holder = known["item"], known["record"], known["holder"]
    bringer = counter.people.get("broughtBy")
    other = bringer is not None and bringer["id"] != holder["id"]
    condition = asked.condition or line.serviceability
    before = _expended_before(known["lines"])
    fired = asked.rounds_fired if asked.rounds_fired is not None else before + settlement.rounds or None
    closing = {
        "closed_at": at,
        "closed_by_id": current_actor().account_id,
        "close_reason": CloseReason.RETURNED,
        "condition_in": condition,
        "brought_by_id": bringer["id"] if bringer else holder["id"],
        "brought_reason": command.brought_reason if other else None,
        "return_note": command.note,
        "rounds_fired": fired,
        **({"returned_to_id": room["id"]} if room else {}),
    }
    back = {
        "state": CustodyState.IN_TRANSIT if room else CustodyState.IN_ROOM,
        "serviceability": serviceability_after_return(line.serviceability, condition),
        "round_count": item["round_count"] + max(0, (fired or 0) - before),
    }
    closed, changed, event_id = altered(record, closing), altered(item, back), uuid7()
    stock = stock_back(known["lines"], settlement, counter, event_id)
    payload = {
        "custody_record": closed,
        "receipt_number": record["receipt_number"],
        "item": changed,
        **counter.said_of(line.item_id, holder),
        **({"brought_by": facts_of(bringer)} if bringer and other else {}),
        **({"taken_in_by": room["code"]} if room else {}),
        **({"weapons_card": record["weapons_card"]} if record["weapons_card"] else {}),
        **stock.said,
    }
    where = f" to {room['code']}, on its way home" if room else ""
    summary = f"{line.serial}{stock.spoken} returned by {name_of(holder)}{where}; receipt {record['receipt_number']} closed."
    type_ = EventType.ITEM_SENT_HOME if room else EventType.ITEM_RETURNED
    event = custody_event(type_, record, summary, payload, at, event_id)
    rows = {"closed": [{**record, **closed["after"]}], "items": [{**item, **changed["after"]}], **stock.rows}
    return Written(event.subject_id, rows, [event], line)


def stock_back(lines: Sequence[Facts], settlement: Settlement, counter: Counter, event_id: UUID) -> Stock:
    """What came back, was expended or lost, put down on its line and its lot."""
    if not settlement.shares:
        return NO_STOCK
    by_id = {each["id"]: each for each in lines}
    settled, lots, said, spoken = [], [], [], []
    for share in settlement.shares:
        line = by_id[str(share.out.line_id)]
        parts = {"returned": share.returned, "expended": share.expended, "lost": share.lost}
        changes: dict[str, object] = {name: line[name] + quantity for name, quantity in parts.items()}
        if share.lost:
            changes["lost_reason"] = share.reason
        settled.append(altered(line, changes))
        moved = {"on_hand": share.returned, "out_on_issue": -share.quantity, "expended": share.expended, "lost": share.lost}
        lots.append(counter.move(share.out.lot_id, event_id, **moved))
        left = share.out.quantity - share.quantity
        article = {"article": share.out.article, "lot_number": share.out.lot_number}
        said.append({**article, **parts, "still_out": left, **({"lost_reason": share.reason} if share.lost else {})})
        spoken += [f"{quantity} {share.out.article} {name}" for name, quantity in parts.items() if quantity]
    rows = {"settled": rows_of(lines, settled), "lots": lots}
    return Stock(rows, {"custody_line": settled, "stock_lot": lots, "stock": said}, f" ({', '.join(spoken)})")


async def receive_items(command: ReceiveItems) -> Answer | Refused:
    """Take items into their own arms room that another one took in."""
    require(*COUNTER)

    def decide(counter: Counter) -> Sequence[Written]:
        refuse([*counter.unknown, *arrival_refusals(counter.lines)])
        return [_arrive(line, counter, command) for line in counter.lines]

    return await serve(requested("receiveItems", command.request_id, command), Asked(*lines_named(command.lines)), decide)


def _arrive(line: Line, counter: Counter, command: ReceiveItems) -> Written:
    known = counter.known[line.item_id]
    item, room = known["item"], known["room"]["code"]
    changed = altered(item, {"state": CustodyState.IN_ROOM})
    payload = {"item": changed, "serial": line.serial, "model": known["nomenclature"], "armory": room, "note": command.note}
    summary = f"{line.serial} is back in {room}."
    event = Event(str(line.room.id), EventType.ITEM_ARRIVED, Subject.ITEM, line.item_id, summary, payload, item_id=line.item_id)
    return Written(line.item_id, {"items": [{**item, **changed["after"]}]}, [event])
