"""Issue and return: take the locks, gather the facts, ask the rule, write, say what happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from graph.audit.actor import current_actor
from graph.audit.ledger import Event
from graph.commands.counter import Asked, Counter, Written, facts_of, look, name_of, serve
from graph.commands.perform import Answer, requested, require
from graph.commands.references import ItemRef, PersonRef
from graph.commands.rows import altered, given
from graph.errors import Refusal, Refused, refuse
from graph.models.counter import CLOSED, EXTENDED, HANDED_OVER, OPENED, Facts
from graph.rules.custody import Bringer, Line, Terms, due_time, extension_refusals, issue_refusals, return_refusals, said, transfer_refusals
from graph.rules.items import serviceability_after_return
from graph.words import CloseReason, CustodyState, EventType, IssueType, ItemCategory, Role, Serviceability, Subject

COUNTER = (Role.ARMORER, Role.ARMS_ROOM_OFFICER)


@dataclass(frozen=True)
class IssueLine:
    """One item to draw; with `expected_version` only if nothing has changed it since."""

    item: ItemRef
    expected_version: int | None = None


@dataclass(frozen=True)
class IssueItems:
    """A draw. `effective_at` is when the hands touched, if that was earlier than now."""

    request_id: UUID
    holder: PersonRef
    lines: tuple[IssueLine, ...]
    purpose: str | None = None
    issue_type: IssueType | None = None
    due_at: datetime | None = None
    note: str | None = None
    effective_at: datetime | None = None


@dataclass(frozen=True)
class ReturnLine:
    """One item that comes back. Without `condition` it is as it stands on the book; `rounds_fired` adds to its round count."""

    item: ItemRef
    expected_version: int | None = None
    condition: Serviceability | None = None
    rounds_fired: int | None = None


@dataclass(frozen=True)
class ReturnItems:
    """A return. Without `brought_by`, each holder brought their own; `holder`, if given, is checked."""

    request_id: UUID
    lines: tuple[ReturnLine, ...]
    holder: PersonRef | None = None
    brought_by: PersonRef | None = None
    brought_reason: str | None = None
    note: str | None = None
    effective_at: datetime | None = None


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


async def issue_items(command: IssueItems) -> Answer | Refused:
    """Issue items to a person: all of them, or none with a refusal for each reason."""
    require(*COUNTER)

    def decide(counter: Counter) -> Sequence[Written]:
        terms = _terms(command, counter)
        refuse([*counter.unknown, *issue_refusals(counter.receiver, counter.lines, terms)])
        return [_draw(line, counter, terms) for line in counter.lines]

    return await serve(requested("issueItems", command.request_id, command), _asked(command), decide, OPENED)


async def can_issue(command: IssueItems) -> Sequence[Refusal]:
    """Every reason why this issue would be refused now, by the rule that decides it; nothing is written."""
    require(*COUNTER)
    counter = await look(_asked(command))
    return [*counter.unknown, *issue_refusals(counter.receiver, counter.lines, _terms(command, counter))]


def _asked(command: IssueItems, **people: PersonRef) -> Asked:
    return Asked(*_lines(command), {"holder": command.holder, **people}, command.purpose, issuing=True)


def _lines(command: IssueItems | ReturnItems | ExtendDue) -> tuple[list[ItemRef], list[int | None]]:
    return [line.item for line in command.lines], [line.expected_version for line in command.lines]


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
    )


def _draw(line: Line, counter: Counter, terms: Terms, type_: EventType = EventType.ITEM_ISSUED, **facts: object) -> Written:
    """The receipt of one item, the item out, and the event that says so."""
    item, holder, purpose = counter.known[line.item_id]["item"], counter.people["holder"], counter.purpose
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
        "issued_by_id": current_actor().account_id,
        "condition_out": line.serviceability,
        "note": terms.note,
        **dict.fromkeys(CLOSING),
        "version": 1,
    }
    change = altered(item, {"state": CustodyState.ISSUED})
    payload = {
        "custody_record": record,
        "item": change,
        **counter.said_of(line.item_id, holder),
        "purpose": purpose["code"] if purpose else None,
        **facts,
    }
    done = "issued to" if type_ is EventType.ITEM_ISSUED else "taken over by"
    summary = f"{line.serial} {done} {name_of(holder)} on receipt {record['receipt_number']}."
    return Written(record, {"id": line.item_id, **change["after"]}, _event(type_, record, summary, payload, terms.at))


async def transfer_items(command: TransferItems) -> Answer | Refused:
    """Let items go from hand to hand in one step (guard relief): each receipt closes and the next opens, or nothing is written."""
    require(*COUNTER)

    def decide(counter: Counter) -> Sequence[Written]:
        terms, giver = _terms(command, counter), counter.people.get("handedOverBy")
        giver_id = UUID(giver["id"]) if giver else None
        refuse([*counter.unknown, *transfer_refusals(counter.receiver, counter.lines, terms, giver_id)])
        return [_hand_over(line, counter, terms) for line in counter.lines]

    asked = _asked(command, **given(handedOverBy=command.handed_over_by))
    return await serve(requested("transferItems", command.request_id, command), asked, decide, HANDED_OVER)


def _hand_over(line: Line, counter: Counter, terms: Terms) -> Written:
    """The receipt of who had it closed, that of who takes it opened, and the two events that say so."""
    known, taker = counter.known[line.item_id], counter.people["holder"]
    record, giver = known["record"], known["holder"]
    closing = {
        "closed_at": terms.at,
        "closed_by_id": current_actor().account_id,
        "close_reason": CloseReason.TRANSFERRED,
        "condition_in": line.serviceability,
    }
    closed = altered(record, closing)
    payload = {
        "custody_record": closed,
        "receipt_number": record["receipt_number"],
        **counter.said_of(line.item_id, giver),
        "taken_over_by": facts_of(taker),
    }
    summary = f"{line.serial} handed over by {name_of(giver)} to {name_of(taker)}; receipt {record['receipt_number']} closed."
    event = _event(EventType.ITEM_HANDED_OVER, record, summary, payload, terms.at)
    taken = _draw(line, counter, terms, EventType.ITEM_TAKEN_OVER, handed_over_by=facts_of(giver))
    return replace(taken, closed=({"id": record["id"], **closed["after"]}, event))


async def extend_due(command: ExtendDue) -> Answer | Refused:
    """Let receipts be due later: all of them, or none with a refusal for each reason."""
    require(*COUNTER)

    def decide(counter: Counter) -> Sequence[Written]:
        refuse([*counter.unknown, *extension_refusals(counter.lines, command.due_at, counter.now)])
        return [_extend(line, counter, command) for line in counter.lines]

    return await serve(requested("extendDue", command.request_id, command), Asked(*_lines(command), {}), decide, EXTENDED)


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
    return Written({"id": record["id"], **change["after"]}, {}, _event(EventType.DUE_EXTENDED, record, summary, payload, counter.now))


async def return_items(command: ReturnItems) -> Answer | Refused:
    """Take items back: all of them, or none with a refusal for each reason. Never refused for the holder's standing (INV-5)."""
    require(*COUNTER)

    asked = Asked(*_lines(command), given(holder=command.holder, broughtBy=command.brought_by))

    def decide(counter: Counter) -> Sequence[Written]:
        holder, bringer = counter.people.get("holder"), counter.people.get("broughtBy")
        at = command.effective_at or counter.now
        brought = Bringer(UUID(bringer["id"]), name_of(bringer), command.brought_reason) if bringer else Bringer()
        holder_id = UUID(holder["id"]) if holder else None
        refuse([*counter.unknown, *return_refusals(counter.lines, brought, at, counter.now, holder_id)])
        return [_take_back(line, each, counter, command, at) for line, each in zip(counter.lines, command.lines, strict=True)]

    return await serve(requested("returnItems", command.request_id, command), asked, decide, CLOSED)


def _take_back(line: Line, asked: ReturnLine, counter: Counter, command: ReturnItems, at: datetime) -> Written:
    """The receipt closed, the item in the room, and the event that says so."""
    known = counter.known[line.item_id]
    item, record, holder = known["item"], known["record"], known["holder"]
    bringer = counter.people.get("broughtBy")
    other = bringer is not None and bringer["id"] != holder["id"]
    condition = asked.condition or line.serviceability
    closing = {
        "closed_at": at,
        "closed_by_id": current_actor().account_id,
        "close_reason": CloseReason.RETURNED,
        "condition_in": condition,
        "brought_by_id": bringer["id"] if bringer else holder["id"],
        "brought_reason": command.brought_reason if other else None,
        "return_note": command.note,
        "rounds_fired": asked.rounds_fired,
    }
    back = {
        "state": CustodyState.IN_ROOM,
        "serviceability": serviceability_after_return(line.serviceability, condition),
        "round_count": item["round_count"] + (asked.rounds_fired or 0),
    }
    closed, changed = altered(record, closing), altered(item, back)
    payload = {
        "custody_record": closed,
        "receipt_number": record["receipt_number"],
        "item": changed,
        **counter.said_of(line.item_id, holder),
        **({"brought_by": facts_of(bringer)} if bringer and other else {}),
    }
    summary = f"{line.serial} returned by {name_of(holder)}; receipt {record['receipt_number']} closed."
    event = _event(EventType.ITEM_RETURNED, record, summary, payload, at)
    return Written({"id": record["id"], **closed["after"]}, {"id": line.item_id, **changed["after"]}, event)


CLOSING = ("closed_at", "closed_by_id", "close_reason", "condition_in", "brought_by_id", "brought_reason", "return_note", "rounds_fired")


def _event(type_: EventType, record: Facts, summary: str, payload: dict[str, object], at: datetime) -> Event:
    stream, record_id = str(record["armory_id"]), UUID(str(record["id"]))
    about = {"item_id": record["item_id"], "person_id": record["holder_id"]}
    return Event(stream, type_, Subject.CUSTODY_RECORD, record_id, summary, payload, **about, effective_at=at)
