"""Issue, return and relief: take the locks, gather the facts, ask the rule, write, say what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID

from uuid_utils.compat import uuid7

from graph.audit.ledger import Event
from graph.commands.counter import Asked, Counter, Written, facts_of, look, name_of, outstanding_of, serve
from graph.commands.overrides import Approval, Override, by_whose_hand, propose, standing, waits
from graph.commands.perform import Answer, later, requested, require
from graph.commands.references import ItemRef, PersonRef
from graph.commands.rows import altered, given
from graph.errors import Refusal, Refused, refuse
from graph.models.counter import Facts
from graph.rules.custody import Line, Terms, authorized_by, due_time, issue_refusals, one_room_refusals, transfer_refusals
from graph.rules.stock import LoadoutEntry, StockRef, Taken, Wanted, allot, drawn_with
from graph.words import (
    COUNTER,
    CloseReason,
    CustodyState,
    EventType,
    IssueType,
    ItemCategory,
    ProposalCommand,
    Subject,
)

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
class TransferItems(IssueItems):
    """A relief: items go from the hands that have them into the holder's. `handed_over_by`, if given, is checked."""

    handed_over_by: PersonRef | None = None


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
        return [_proposed(ProposalCommand.ISSUE_ITEMS, "issueItems", command, counter, drawn)]
    refuse(standing(approval, drawn.why))
    return [_draw(line, counter, drawn, approval) for line in counter.lines]


async def can_issue(command: IssueItems) -> Sequence[Refusal]:
    """Every reason why this issue would be refused now, by the rule that decides it; nothing is written."""
    require(*COUNTER)
    return _drawn(command, await look(asked_of_issue(command))).why


def asked_of_issue(command: IssueItems) -> Asked:
    """What an issue names."""
    stock = tuple(wanted.stock for line in command.lines for wanted in line.stock or ())
    return Asked(*lines_named(command.lines), {"holder": command.holder}, command.purpose, issuing=True, stock=stock, dry=command.dry_run)


class Named(Protocol):
    """A line of a command: an item, perhaps at a version."""

    @property
    def item(self) -> ItemRef:
        """The item."""

    @property
    def expected_version(self) -> int | None:
        """The version that a page shows."""


def lines_named(lines: Sequence[Named]) -> tuple[list[ItemRef], list[int | None]]:
    """The items of a command's lines, and at which versions."""
    return [line.item for line in lines], [line.expected_version for line in lines]


def _drawn(command: IssueItems, counter: Counter) -> Drawn:
    terms = _terms(command, counter)
    loadout = [LoadoutEntry(ItemCategory(each["category"]), each["article"], each["quantity"]) for each in _loadout(counter)]
    ours = [line for line in counter.lines if line.in_scope]
    draws = [drawn_with(line, command.lines[line.line].stock, loadout) for line in ours]
    allotted = allot(draws, counter.lots, terms.issue_type)
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


def _proposed(kind: ProposalCommand, name: str, command: I, counter: Counter, drawn: Drawn) -> Written:
    """The command as it waits for a second person: these very items, lots and quantities, this very person, on these terms.

    What a purpose would bring is written out, so that a change of the purpose changes nothing of what is approved; and what is in
    somebody's hands is as it is now, so that it does not go from other hands than these.
    """
    refuse(one_room_refusals(counter.lines))
    holder, terms, why = counter.people["holder"], drawn.terms, drawn.why
    if kind is ProposalCommand.ISSUE_ITEMS:
        lines = tuple(
            replace(command.lines[line.line], item=ItemRef(id=line.item_id), stock=_wanted(drawn, line)) for line in counter.lines
        )
    else:
        lines = tuple(IssueLine(ItemRef(id=line.item_id), line.version) for line in counter.lines)
    due_at = due_time(terms, counter.lines[0].room)
    person = PersonRef(id=UUID(holder["id"]))
    resolved = replace(command, holder=person, lines=lines, issue_type=terms.issue_type, due_at=due_at)
    serials = ", ".join(line.serial for line in counter.lines)
    room = counter.lines[0].room
    verb = "issue of" if kind is ProposalCommand.ISSUE_ITEMS else "transfer of"
    what, facts = (
        f"the {verb} {serials} to {name_of(holder)}",
        {"holder": facts_of(holder), "serials": [line.serial for line in counter.lines]},
    )
    return propose(kind, name, resolved, what, why, (room.id, room.code), counter.now, facts)


def _wanted(drawn: Drawn, line: Line) -> tuple[Wanted, ...]:
    taken = drawn.stock.get(line.line, ())
    return tuple(Wanted(StockRef(lot_id=each.lot.id, article=each.lot.article), each.quantity) for each in taken)


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
    event = custody_event(type_, record, summary, payload, terms.at, event_id)
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
    return Asked(*lines_named(command.lines), people, command.purpose, issuing=True, takes_stock_back=True, dry=command.dry_run)


def transfer(command: TransferItems, counter: Counter, approval: Approval | None = None) -> Sequence[Written]:
    """The receipts of a transfer, or the proposal of one that somebody else must approve."""
    terms, giver = _terms(command, counter), counter.people.get("handedOverBy")
    giver_id = UUID(giver["id"]) if giver else None
    why = [*counter.unknown, *transfer_refusals(counter.receiver, counter.lines, terms, giver_id)]
    if waits(command.override, approval, why):
        resolved = replace(command, handed_over_by=PersonRef(id=giver_id) if giver_id else None)
        return [_proposed(ProposalCommand.TRANSFER_ITEMS, "transferItems", resolved, counter, Drawn(terms, {}, {}, why))]
    refuse(standing(approval, why))
    drawn = Drawn(terms, _along(counter), _cards(counter, terms), ())
    return [_hand_over(line, counter, drawn, approval) for line in counter.lines]


def _along(counter: Counter) -> dict[int, Sequence[Taken]]:
    """What is out with each item, and goes along with it."""
    lots = {lot.id: lot for lot in counter.lots}
    return {
        line.line: [Taken(lots[out.lot_id], out.quantity) for out in outstanding_of(counter.known[line.item_id]["lines"])]
        for line in counter.lines
    }


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
    event = custody_event(EventType.ITEM_HANDED_OVER, record, summary, payload, terms.at)
    taken = _draw(line, counter, drawn, approval, EventType.ITEM_TAKEN_OVER, handed_over_by=facts_of(giver))
    rows: Mapping[str, Sequence[Facts]] = {
        **taken.rows,
        "closed": [{**record, **closed["after"]}],
        "settled": rows_of(known["lines"], settled),
    }
    return replace(taken, rows=rows, events=[event, *taken.events])


def rows_of(lines: Sequence[Facts], changes: Sequence[Facts]) -> list[Facts]:
    """Lines of a receipt as they are after their changes."""
    by_id = {each["id"]: each for each in lines or ()}
    return [{**by_id[change["id"]], **change["after"]} for change in changes]


CLOSING = (
    *("closed_at", "closed_by_id", "close_reason", "condition_in", "brought_by_id", "brought_reason", "return_note", "rounds_fired"),
    "returned_to_id",
)


def custody_event(
    type_: EventType,
    record: Facts,
    summary: str,
    payload: Mapping[str, object],
    at: datetime | None = None,
    event_id: UUID | None = None,
    corrects: UUID | None = None,
) -> Event:
    """An event about a receipt, in the stream of its arms room."""
    about = Subject.CUSTODY_RECORD, UUID(str(record["id"])), summary, payload, record["item_id"], record["holder_id"]
    return Event(str(record["armory_id"]), type_, *about, effective_at=at, corrects=corrects, event_id=event_id or uuid7())
