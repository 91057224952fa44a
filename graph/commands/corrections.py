"""Receipts that were a mistake: closed as corrected, with a second person; both what was written and what corrects it stay readable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from uuid_utils.compat import uuid7

from graph.commands.counter import Asked, Counter, Written, name_of, outstanding_of, serve
from graph.commands.custody import custody_event
from graph.commands.overrides import Approval, Override, by_whose_hand, propose, standing, waits
from graph.commands.perform import Answer, requested, require
from graph.commands.references import ItemRef
from graph.commands.returns import stock_back
from graph.commands.rows import altered
from graph.errors import Refused, refuse
from graph.models.counter import Facts
from graph.rules.custody import Line, one_room_refusals
from graph.rules.returns import correction_refusals
from graph.rules.stock import settle
from graph.words import COUNTER, CloseReason, CustodyState, EventType, ProposalCommand


@dataclass(frozen=True)
class CorrectReceipts:
    """The open receipts of these items were written by mistake: the items never left the room. It waits for a second person."""

    request_id: UUID
    items: tuple[ItemRef, ...]
    override: Override | None = None


async def correct_receipts(command: CorrectReceipts) -> Answer | Refused:
    """Have receipts corrected: what comes of it at first is a proposal."""
    require(*COUNTER)
    request = requested("correctReceipts", command.request_id, command)
    return await serve(request, asked_of_correction(command), lambda counter: correct(command, counter))


def asked_of_correction(command: CorrectReceipts) -> Asked:
    """What a correction names."""
    return Asked(command.items, [None] * len(command.items), takes_stock_back=True, correcting=True)


def correct(command: CorrectReceipts, counter: Counter, approval: Approval | None = None) -> Sequence[Written]:
    """The receipts closed as corrected, or the proposal of it."""
    left = {line.line: sign for line in counter.lines if (sign := _left_the_room(counter.known[line.item_id]))}
    why = [*counter.unknown, *correction_refusals(counter.lines, left)]
    if waits(command.override, approval, why):
        refuse(one_room_refusals(counter.lines))
        room = counter.lines[0].room
        resolved = replace(command, items=tuple(ItemRef(id=line.item_id) for line in counter.lines))
        receipts = [line.custody.receipt_number for line in counter.lines if line.custody]
        what, facts = f"to correct {', '.join(receipts)}", {"receipt_numbers": receipts}
        proposed = ProposalCommand.CORRECT_RECEIPTS, "correctReceipts", resolved, what, why, (room.id, room.code)
        return [propose(*proposed, counter.now, facts)]
    refuse(standing(approval, why))
    assert approval is not None  # or a second person would be asked for
    return [_correct(line, counter, approval) for line in counter.lines]


def _left_the_room(known: Facts) -> str | None:
    """What shows that an item that is out did leave the room, if anything does."""
    opened = known["opened_by"]
    if opened is None:
        return None
    if opened["type"] == EventType.ITEM_TAKEN_OVER:
        return "it was taken over from another holder"
    if opened["confirmed"]:
        return "its holder confirmed the receipt"
    if any(line["returned"] or line["expended"] or line["lost"] for line in known["lines"] or ()):
        return "stock that went with it is accounted for"
    return None


def _correct(line: Line, counter: Counter, approval: Approval) -> Written:
    """The receipt closed, the item in the room where it was all the time, its stock on the shelf, and the event that corrects the first."""
    known, event_id = counter.known[line.item_id], uuid7()
    item, record, holder = known["item"], known["record"], known["holder"]
    closing = {
        "closed_at": counter.now,
        "closed_by_id": by_whose_hand(approval),
        "close_reason": CloseReason.CORRECTED,
        "condition_in": line.serviceability,
        "return_note": approval.reason,
    }
    closed, changed = altered(record, closing), altered(item, {"state": CustodyState.IN_ROOM})
    back = settle(line, outstanding_of(known["lines"]), (), rest_returned=True, closing=True)
    stock = stock_back(known["lines"], back, counter, event_id)
    payload = {
        "custody_record": closed,
        "receipt_number": record["receipt_number"],
        "item": changed,
        **counter.said_of(line.item_id, holder),
        **stock.said,
        **approval.facts,
    }
    summary = f"Receipt {record['receipt_number']} of {line.serial} to {name_of(holder)} was a mistake: {approval.reason}"
    corrects = UUID(known["opened_by"]["event_id"])
    event = custody_event(EventType.RECEIPT_CORRECTED, record, summary, payload, event_id=event_id, corrects=corrects)
    rows = {"closed": [{**record, **closed["after"]}], "items": [{**item, **changed["after"]}], **stock.rows}
    return Written(event.subject_id, rows, [event], line)
