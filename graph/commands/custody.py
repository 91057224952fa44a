"""Issue, return and relief: take the locks, gather the facts, ask the rule, write, say what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from uuid_utils.compat import uuid7

from graph.audit.actor import current_actor
from graph.audit.ledger import Event
from graph.commands.counter import Asked, Counter, Written, facts_of, look, name_of, outstanding_of, serve
from graph.commands.overrides import Approval, Override, by_whose_hand, propose, standing, waits
from graph.commands.perform import Answer, later, requested, require
from graph.commands.references import ItemRef, PersonRef, no_code
from graph.commands.rows import altered, given
from graph.errors import Refusal, Refused, refuse
from graph.models.armory import armory_with_code
from graph.models.counter import Facts
from graph.rules.custody import (
    Bringer,
    Line,
    Terms,
    arrival_refusals,
    authorized_by,
    due_time,
    elsewhere_refusals,
    extension_refusals,
    issue_refusals,
    overdue,
    return_refusals,
    said,
    transfer_refusals,
)
from graph.rules.items import serviceability_after_return
from graph.rules.stock import LoadoutEntry, Settled, Settlement, Taken, Wanted, allot, drawn_with, settle
from graph.words import (
    CloseReason,
    CustodyState,
    EventType,
    IssueType,
    ItemCategory,
    ProposalCommand,
    Role,
    Serviceability,
    Subject,
)

COUNTER = (Role.ARMORER, Role.ARMS_ROOM_OFFICER)
I = TypeVar("I", bound="IssueItems")  # noqa: E741 - an issue


@dataclass(frozen=True)
class IssueLine:
    """One item to draw; with `expected_version` only if nothing has changed it since.

    Without `stock`, the purpose's loadout goes with it.
    """

    item: ItemRef
    expected_version: int | None = None
    stock: tuple[Wanted, ...] | None = later()


@dataclass(frozen=True)
class IssueItems:
    """A draw. `effective_at` is when the hands touched, if that was earlier than now. A dry run says what would be written."""

    request_id: UUID
    holder: PersonRef
    lines: tuple[IssueLine, ...]
    purpose: str | None = None
    issue_type: IssueType | None = None
    due_at: datetime | None = None
    note: str | None = None
    effective_at: datetime | None = None
    override: Override | None = later()
    dry_run: bool = later(default=False)


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
class TransferItems(IssueItems):
    """A relief: items go from the hands that have them into the holder's. `handed_over_by`, if given, is checked."""

    handed_over_by: PersonRef | None = None


@dataclass(frozen=True)
class ExtendDue:
    """The receipts of these items are due later, and why."""

    request_id: UUID
    lines: tuple[IssueLine, ...]
    due_at: datetime
    reason: str


@dataclass(frozen=True)
class ReceiveItems:
    """Items that another arms room took in are home."""

    request_id: UUID
    lines: tuple[IssueLine, ...]
    note: str | None = None


@dataclass(frozen=True)
class TellOverdue:
    """The receipts of these items are due by now."""

    request_id: UUID
    lines: tuple[IssueLine, ...]


# ---------------------------------------------------------------------------------------------------------------------------------- issue


@dataclass(frozen=True)
class Drawn:
    """What an issue comes to: the terms, the stock that goes with each line, and every reason why it may not be."""

    terms: Terms
    stock: Mapping[int, Sequence[Taken]]
    cards: Mapping[int, str]
    why: Sequence[Refusal]


async def issue_items(command: IssueItems) -> Answer | Refused:
    """Issue items to a person: all of them, or none with a refusal for each reason."""
    require(*COUNTER)
    return await serve(
        requested("issueItems", command.request_id, command), asked_of_issue(command), lambda counter: issue(command, counter)
    )


def issue(command: IssueItems, counter: Counter, approval: Approval | None = None) -> Sequence[Written]:
    """The receipts of an issue, or the proposal of one that somebody else must approve."""
    drawn = _drawn(command, counter)
    if waits(command.override, approval, drawn.why):
        return [_proposed(ProposalCommand.ISSUE_ITEMS, "issueItems", command, counter, drawn.why)]
    refuse(standing(approval, drawn.why))
    return [_draw(line, counter, drawn, approval) for line in counter.lines]


async def can_issue(command: IssueItems) -> Sequence[Refusal]:
    """Every reason why this issue would be refused now, by the rule that decides it; nothing is written."""
    require(*COUNTER)
    return _drawn(command, await look(asked_of_issue(command))).why


def asked_of_issue(command: IssueItems) -> Asked:
    """What an issue names."""
    stock = tuple(wanted.stock for line in command.lines for wanted in line.stock or ())
    return Asked(*_lines(command), {"holder": command.holder}, command.purpose, issuing=True, stock=stock, dry=command.dry_run)


def _lines(command: IssueItems | ReturnItems | ExtendDue | ReceiveItems | TellOverdue) -> tuple[list[ItemRef], list[int | None]]:
    return [line.item for line in command.lines], [line.expected_version for line in command.lines]


def _drawn(command: IssueItems, counter: Counter) -> Drawn:
    terms = _terms(command, counter)
    loadout = [LoadoutEntry(ItemCategory(each["category"]), each["article"], each["quantity"]) for each in _loadout(counter)]
    ours = [line for line in counter.lines if line.in_scope]
    allotted = allot([drawn_with(line, command.lines[line.line].stock, loadout) for line in ours], counter.lots, terms.issue_type)
    why = [*counter.unknown, *issue_refusals(counter.receiver, counter.lines, terms), *allotted.refusals]
    return Drawn(terms, allotted.taken, _cards(counter, terms), why)


def _loadout(counter: Counter) -> Sequence[Facts]:
    return counter.purpose["loadout"] if counter.purpose else ()


def _cards(counter: Counter, terms: Terms) -> dict[int, str]:
    """The weapons card that is surrendered for each line."""
    if counter.receiver is None:
        return {}
    authorized = authorized_by(counter.receiver, counter.lines, terms)
    return {line: each.card for line, each in authorized.items() if each.card is not None}


def _terms(command: IssueItems, counter: Counter) -> Terms:
    """The terms as they are asked for, or as the purpose has them."""
    purpose, now = counter.purpose, counter.now
    return Terms(
        issue_type=command.issue_type or (IssueType(purpose["default_issue_type"]) if purpose else IssueType.TEMPORARY),
        at=command.effective_at or now,
        now=now,
        due_at=command.due_at,
        purpose=purpose["name"] if purpose else None,
        categories=frozenset(map(ItemCategory, purpose["categories"])) if purpose else frozenset(),
        note=command.note,
        purpose_due=timedelta(hours=purpose["due_hours"]) if purpose and purpose["due_hours"] else None,
    )


def _proposed(kind: ProposalCommand, name: str, command: I, counter: Counter, why: Sequence[Refusal]) -> Written:
    """The command as it waits for a second person: for these very items and this very person."""
    items = [ItemRef(id=line.item_id) for line in counter.lines]
    holder = counter.people["holder"]
    lines = tuple(replace(line, item=item) for line, item in zip(command.lines, items, strict=True))
    resolved = replace(command, holder=PersonRef(id=UUID(holder["id"])), lines=lines)
    serials = ", ".join(line.serial for line in counter.lines)
    room = counter.lines[0].room
    verb = "issue of" if kind is ProposalCommand.ISSUE_ITEMS else "transfer of"
    what, facts = (
        f"the {verb} {serials} to {name_of(holder)}",
        {"holder": facts_of(holder), "serials": [line.serial for line in counter.lines]},
    )
    return propose(kind, name, resolved, what, why, (room.id, room.code), counter.now, facts)


def _draw(
    line: Line, counter: Counter, drawn: Drawn, approval: Approval | None, type_: EventType = EventType.ITEM_ISSUED, **facts: object
) -> Written:
    """The receipt of one item and of what goes with it, the item out, and the event that says so."""
    item, holder, purpose, terms = counter.known[line.item_id]["item"], counter.people["holder"], counter.purpose, drawn.terms
    receipt = counter.receipts[line.room.id] = counter.receipts[line.room.id] + 1
    record = {
        "id": uuid7(),
        "receipt_number": f"{line.room.code}-{receipt:06}",
        "receipt": receipt,
        "armory_id": line.room.id,
        "item_id": line.item_id,
        "holder_id": holder["id"],
        "issue_type": terms.issue_type,
        "purpose_id": purpose["id"] if purpose else None,
        "issued_at": terms.at,
        "due_at": due_time(terms, line.room),
        "issued_by_id": by_whose_hand(approval),
        "condition_out": line.serviceability,
        "note": terms.note,
        **dict.fromkeys(CLOSING),
        "confirmation_required": line.room.confirmation_required and terms.issue_type is not IssueType.EMERGENCY,
        "overdue_since": None,
        "weapons_card": drawn.cards.get(line.line),
        "version": 1,
    }
    change, event_id = altered(item, {"state": CustodyState.ISSUED}), uuid7()
    stock = _stock_out(record, counter, drawn.stock.get(line.line, ()), event_id, moved=type_ is EventType.ITEM_ISSUED)
    payload = {
        "custody_record": record,
        "item": change,
        **counter.said_of(line.item_id, holder),
        "purpose": purpose["code"] if purpose else None,
        **stock.said,
        **facts,
        **(approval.facts if approval else {}),
    }
    done = "issued to" if type_ is EventType.ITEM_ISSUED else "taken over by"
    summary = f"{line.serial}{stock.spoken} {done} {name_of(holder)} on receipt {record['receipt_number']}."
    event = _event(type_, record, summary, payload, terms.at, event_id)
    return Written(event.subject_id, {"opened": [record], "items": [{**item, **change["after"]}], **stock.rows}, [event], line)


@dataclass(frozen=True)
class Stock:
    """What an item's line writes of stock: the rows, what the event says of it, and how its summary speaks of it."""

    rows: Mapping[str, Sequence[Facts]]
    said: Mapping[str, object]
    spoken: str = ""


NO_STOCK = Stock({}, {})


def _stock_out(record: Facts, counter: Counter, taken: Sequence[Taken], event_id: UUID, *, moved: bool) -> Stock:
    """What goes out with an item: from its lots, or with it from the hands that had it."""
    if not taken:
        return NO_STOCK
    lines = [
        {
            "id": uuid7(),
            "record_id": record["id"],
            "armory_id": record["armory_id"],
            "lot_id": each.lot.id,
            "issued": each.quantity,
            **dict.fromkeys(("returned", "expended", "lost", "handed_over"), 0),
            "lost_reason": None,
            "version": 1,
        }
        for each in taken
    ]
    said = {
        "custody_line": lines,
        "stock": [{"article": each.lot.article, "lot_number": each.lot.lot_number, "issued": each.quantity} for each in taken],
    }
    spoken = " with " + ", ".join(f"{each.quantity} {each.lot.article}" for each in taken)
    if not moved:
        return Stock({"lines": lines}, said, spoken)
    lots = [counter.move(each.lot.id, event_id, on_hand=-each.quantity, out_on_issue=each.quantity) for each in taken]
    return Stock({"lines": lines, "lots": lots}, {**said, "stock_lot": lots}, spoken)


# ------------------------------------------------------------------------------------------------------------------------------- transfer


async def transfer_items(command: TransferItems) -> Answer | Refused:
    """Let items go from hand to hand in one step (guard relief): each receipt closes and the next opens, or nothing is written.

    What is out with an item goes along.
    """
    require(*COUNTER)
    request = requested("transferItems", command.request_id, command)
    return await serve(request, asked_of_transfer(command), lambda counter: transfer(command, counter))


def asked_of_transfer(command: TransferItems) -> Asked:
    """What a transfer names."""
    people = {"holder": command.holder, **given(handedOverBy=command.handed_over_by)}
    return Asked(*_lines(command), people, command.purpose, issuing=True, takes_stock_back=True, dry=command.dry_run)


def transfer(command: TransferItems, counter: Counter, approval: Approval | None = None) -> Sequence[Written]:
    """The receipts of a transfer, or the proposal of one that somebody else must approve."""
    terms, giver = _terms(command, counter), counter.people.get("handedOverBy")
    giver_id = UUID(giver["id"]) if giver else None
    why = [*counter.unknown, *transfer_refusals(counter.receiver, counter.lines, terms, giver_id)]
    if waits(command.override, approval, why):
        resolved = replace(command, handed_over_by=PersonRef(id=giver_id) if giver_id else None)
        return [_proposed(ProposalCommand.TRANSFER_ITEMS, "transferItems", resolved, counter, why)]
    refuse(standing(approval, why))
    return [_hand_over(line, counter, Drawn(terms, _along(line, counter), _cards(counter, terms), ()), approval) for line in counter.lines]


def _along(line: Line, counter: Counter) -> dict[int, Sequence[Taken]]:
    """What is out with an item."""
    lots = {lot.id: lot for lot in counter.lots}
    return {line.line: [Taken(lots[out.lot_id], out.quantity) for out in outstanding_of(counter.known[line.item_id]["lines"])]}


def _hand_over(line: Line, counter: Counter, drawn: Drawn, approval: Approval | None) -> Written:
    """The receipt of who had it closed, that of who takes it opened, and the two events that say so."""
    known, taker, terms = counter.known[line.item_id], counter.people["holder"], drawn.terms
    record, giver = known["record"], known["holder"]
    closing = {
        "closed_at": terms.at,
        "closed_by_id": by_whose_hand(approval),
        "close_reason": CloseReason.TRANSFERRED,
        "condition_in": line.serviceability,
    }
    closed = altered(record, closing)
    out = {str(each.line_id): each.quantity for each in outstanding_of(known["lines"])}
    settled = [altered(each, {"handed_over": each["handed_over"] + out[each["id"]]}) for each in known["lines"] or () if each["id"] in out]
    payload = {
        "custody_record": closed,
        "receipt_number": record["receipt_number"],
        **counter.said_of(line.item_id, giver),
        "taken_over_by": facts_of(taker),
        **({"custody_line": settled} if settled else {}),
    }
    summary = f"{line.serial} handed over by {name_of(giver)} to {name_of(taker)}; receipt {record['receipt_number']} closed."
    event = _event(EventType.ITEM_HANDED_OVER, record, summary, payload, terms.at)
    taken = _draw(line, counter, drawn, approval, EventType.ITEM_TAKEN_OVER, handed_over_by=facts_of(giver))
    rows: Mapping[str, Sequence[Facts]] = {
        **taken.rows,
        "closed": [{**record, **closed["after"]}],
        "settled": _rows_of(known["lines"], settled),
    }
    return replace(taken, rows=rows, events=[event, *taken.events])


def _rows_of(lines: Sequence[Facts], changes: Sequence[Facts]) -> list[Facts]:
    """Lines of a receipt as they are after their changes."""
    by_id = {each["id"]: each for each in lines or ()}
    return [{**by_id[change["id"]], **change["after"]} for change in changes]


# --------------------------------------------------------------------------------------------------------------------------------- return


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
        refuse(elsewhere_refusals(counter.lines, room["id"], room["code"], in_scope=current_actor().may_see(room["id"])))
        return _returned(command, counter, room)

    return await serve(request, asked, decide)


def _asked_of_return(command: ReturnItems) -> Asked:
    people = given(holder=command.holder, broughtBy=command.brought_by)
    return Asked(*_lines(command), people, takes_stock_back=True, dry=command.dry_run)


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
    outstanding = outstanding_of(counter.known[line.item_id]["lines"])
    return settle(line, outstanding, asked.stock, rest_returned=asked.all_stock_returned, closing=True, rounds_fired=asked.rounds_fired)


def _take_back(line: Line, command: ReturnItems, counter: Counter, settlement: Settlement, room: Facts | None) -> Written:
    """The receipt closed, the item in the room or on its way there, and the event that says so."""
    asked, known, at = command.lines[line.line], counter.known[line.item_id], command.effective_at or counter.now
    item, record, holder = known["item"], known["record"], known["holder"]
    bringer = counter.people.get("broughtBy")
    other = bringer is not None and bringer["id"] != holder["id"]
    condition = asked.condition or line.serviceability
    fired = asked.rounds_fired if asked.rounds_fired is not None else settlement.rounds or None
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
        "round_count": item["round_count"] + (fired or 0),
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
    event = _event(type_, record, summary, payload, at, event_id)
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
    rows = {"settled": _rows_of(lines, settled), "lots": lots}
    return Stock(rows, {"custody_line": settled, "stock_lot": lots, "stock": said}, f" ({', '.join(spoken)})")


async def receive_items(command: ReceiveItems) -> Answer | Refused:
    """Take items into their own arms room that another one took in."""
    require(*COUNTER)

    def decide(counter: Counter) -> Sequence[Written]:
        refuse([*counter.unknown, *arrival_refusals(counter.lines)])
        return [_arrive(line, counter, command) for line in counter.lines]

    return await serve(requested("receiveItems", command.request_id, command), Asked(*_lines(command)), decide)


def _arrive(line: Line, counter: Counter, command: ReceiveItems) -> Written:
    known = counter.known[line.item_id]
    item, room = known["item"], known["room"]["code"]
    changed = altered(item, {"state": CustodyState.IN_ROOM})
    payload = {"item": changed, "serial": line.serial, "model": known["nomenclature"], "armory": room, "note": command.note}
    summary = f"{line.serial} is back in {room}."
    event = Event(str(line.room.id), EventType.ITEM_ARRIVED, Subject.ITEM, line.item_id, summary, payload, item_id=line.item_id)
    return Written(line.item_id, {"items": [{**item, **changed["after"]}]}, [event])


# ---------------------------------------------------------------------------------------------------------------------------- the due time


async def extend_due(command: ExtendDue) -> Answer | Refused:
    """Let receipts be due later: all of them, or none with a refusal for each reason."""
    require(*COUNTER)

    def decide(counter: Counter) -> Sequence[Written]:
        refuse([*counter.unknown, *extension_refusals(counter.lines, command.due_at, counter.now)])
        return [_extend(line, counter, command) for line in counter.lines]

    return await serve(requested("extendDue", command.request_id, command), Asked(*_lines(command)), decide)


def _extend(line: Line, counter: Counter, command: ExtendDue) -> Written:
    """The receipt due later, and the event that says so."""
    known = counter.known[line.item_id]
    record, holder = known["record"], known["holder"]
    assert line.custody is not None  # or the rule has refused
    change = altered({**record, "due_at": line.custody.due_at}, {"due_at": command.due_at})
    payload = {
        "custody_record": change,
        "receipt_number": record["receipt_number"],
        **counter.said_of(line.item_id, holder),
        "reason": command.reason,
    }
    summary = f"{line.serial}, receipt {record['receipt_number']} of {name_of(holder)}, due at {said(command.due_at)}."
    event = _event(EventType.DUE_EXTENDED, record, summary, payload, counter.now)
    return Written(event.subject_id, {"due": [{**record, **change["after"]}]}, [event], line)


async def tell_overdue(command: TellOverdue) -> Answer | Refused:
    """Tell of receipts that their due time has passed: once for each due time, whoever sees it first."""

    def decide(counter: Counter) -> Sequence[Written]:
        return [_tell(line, counter) for line in counter.lines if line.custody and _untold(line, counter)]

    return await serve(requested("tellOverdue", command.request_id, command), Asked(*_lines(command)), decide)


def _untold(line: Line, counter: Counter) -> bool:
    record = counter.known[line.item_id]["record"]
    assert line.custody is not None
    return overdue(line.custody, counter.now) and record["overdue_since"] != record["due_at"]


def _tell(line: Line, counter: Counter) -> Written:
    known = counter.known[line.item_id]
    record, holder = known["record"], known["holder"]
    told, due_at = (datetime.fromisoformat(record[name]) if record[name] else None for name in ("overdue_since", "due_at"))
    assert due_at is not None  # or it could not be overdue
    change = altered({**record, "overdue_since": told}, {"overdue_since": due_at})
    payload = {
        "custody_record": change,
        "receipt_number": record["receipt_number"],
        **counter.said_of(line.item_id, holder),
        "due_at": due_at,
    }
    summary = f"{line.serial} was due at {said(due_at)}: {name_of(holder)} still has it."
    event = _event(EventType.RECEIPT_OVERDUE, record, summary, payload, counter.now)
    return Written(event.subject_id, {"overdue": [{**record, **change["after"]}]}, [event], line)


CLOSING = (
    *("closed_at", "closed_by_id", "close_reason", "condition_in", "brought_by_id", "brought_reason", "return_note", "rounds_fired"),
    "returned_to_id",
)


def _event(
    type_: EventType, record: Facts, summary: str, payload: Mapping[str, object], at: datetime, event_id: UUID | None = None
) -> Event:
    stream, record_id = str(record["armory_id"]), UUID(str(record["id"]))
    about = {"item_id": record["item_id"], "person_id": record["holder_id"]}
    chosen = event_id or uuid7()
    return Event(stream, type_, Subject.CUSTODY_RECORD, record_id, summary, payload, **about, effective_at=at, event_id=chosen)
