"""What may come back, what may be due later, and what of a receipt may be set right: never refused for the holder's standing (INV-5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from graph.errors import Refusal, RefusalCode
from graph.rules.custody import Line, OpenCustody, by_line, in_hand_refusals, said
from graph.rules.items import spoken
from graph.words import CustodyState, IssueType


@dataclass(frozen=True)
class Bringer:
    """Who brought the items to the counter; without it, each holder brought their own."""

    person_id: UUID | None = None
    name: str = ""
    reason: str | None = None


def return_refusals(lines: Sequence[Line], bringer: Bringer, at: datetime, now: datetime, holder_id: UUID | None = None) -> list[Refusal]:
    """Every reason why these items cannot be taken back.

    The holder's standing and the state of the arms room are no reasons: what comes back is taken back (INV-5).
    """
    refusals: list[Refusal] = []
    if at > now:
        refusals.append(Refusal(RefusalCode.BACKDATE_REFUSED, "Custody cannot end in the future.", path="effectiveAt", since=now))
    return [*refusals, *by_line(lines, lambda line: _return_line_refusals(line, bringer, at, holder_id))]


def _return_line_refusals(line: Line, bringer: Bringer, at: datetime, holder_id: UUID | None) -> Iterator[Refusal]:
    yield from in_hand_refusals(line, holder_id)
    if line.custody is None:
        return
    facts = line.custody.facts
    if at < line.custody.since:
        message = f"{line.serial} was issued at {said(line.custody.since)}: it cannot come back before that."
        yield line.refusal(RefusalCode.BACKDATE_REFUSED, message, **facts)
    if bringer.person_id not in (None, line.custody.holder_id) and not (bringer.reason or "").strip():
        message = f"{line.serial} is held by {line.custody.holder}; say why {bringer.name} brings it."
        yield line.refusal(RefusalCode.HELD_BY_OTHER, message, path="broughtReason", **facts)


def elsewhere_refusals(lines: Sequence[Line], room_id: UUID, code: str) -> list[Refusal]:
    """Every reason why an arms room cannot take these items in for others: they are its own."""
    own = (line for line in lines if line.room.id == room_id)
    return [line.refusal(RefusalCode.INVALID_VALUE, f"{line.serial} is of {code} itself: return it there (returnItems).") for line in own]


# What is said of another arms room's item to whoever brings it here: never who has it, nor since when, nor what became of it.
DISCREET = {
    RefusalCode.NOT_ISSUED: "This item is not out: nothing can be taken in.",
    RefusalCode.HELD_BY_OTHER: "Say why another than the holder brings it.",
    RefusalCode.VERSION_CONFLICT: "It has changed since that version.",
    RefusalCode.BACKDATE_REFUSED: "It was not out then.",
}


def discreet(refusal: Refusal) -> Refusal:
    """A refusal without what only its own arms room may know."""
    message = DISCREET.get(refusal.code, refusal.message)
    return replace(refusal, message=message, holder_id=None, receipt_number=None, since=None, current_version=None, changed=())


def arrival_refusals(lines: Sequence[Line]) -> list[Refusal]:
    """Every reason why these items cannot arrive: only what is on its way does."""
    return list(by_line(lines, _arrival_line_refusals))


def _arrival_line_refusals(line: Line) -> Iterator[Refusal]:
    if line.state is not CustodyState.IN_TRANSIT:
        yield line.refusal(RefusalCode.STATE_NOT_ALLOWED, f"{line.serial} is {spoken(line.state)}, not on its way.")


def settle_refusals(lines: Sequence[Line]) -> list[Refusal]:
    """Every reason why nothing can be said of what is out with these items: they are not out."""
    return list(by_line(lines, in_hand_refusals))


def nothing_said(line: Line) -> Refusal:
    """A settlement that settles nothing is none."""
    message = f"Nothing is said of what is out with {line.serial}, or nothing is out."
    return line.refusal(RefusalCode.INVALID_VALUE, message, path=f"lines.{line.line}.stock")


def correction_refusals(lines: Sequence[Line], left_the_room: Mapping[int, str]) -> list[Refusal]:
    """Every reason why these receipts cannot be called a mistake: they are open, nothing shows that the item left the room, and a second
    person agrees (INV-17).
    """
    refusals = list(by_line(lines, in_hand_refusals))
    for line in lines:
        if line.line in left_the_room:
            message = f"{line.serial} did leave the room: {left_the_room[line.line]}. Return it, or transfer it back."
            refusals.append(line.refusal(RefusalCode.STATE_NOT_ALLOWED, message))
    message = "A correction waits for a second person: say why (override)."
    return [*refusals, Refusal(RefusalCode.SECOND_PERSON_REQUIRED, message, path="override", overridable=True)]


def overdue(custody: OpenCustody, now: datetime) -> bool:
    """Whether an item should be back by now."""
    return custody.due_at is not None and custody.due_at <= now


def extension_refusals(lines: Sequence[Line], due_at: datetime, now: datetime) -> list[Refusal]:
    """Every reason why these receipts cannot be due then: it is later than now and than before, and within the policy (INV-8)."""
    refusals: list[Refusal] = []
    if due_at <= now:
        refusals.append(Refusal(RefusalCode.INVALID_VALUE, "The due time must lie in the future.", path="dueAt", since=now))
    return [*refusals, *by_line(lines, lambda line: _extension_line_refusals(line, due_at))]


def _extension_line_refusals(line: Line, due_at: datetime) -> Iterator[Refusal]:
    yield from in_hand_refusals(line)
    if line.custody is None:
        return
    custody, limit = line.custody, line.room.temporary_limit
    if custody.due_at is None:
        message = f"{line.serial} is out on receipt {custody.receipt_number} without a due time."
        yield line.refusal(RefusalCode.INVALID_VALUE, message, **custody.facts)
    elif due_at <= custody.due_at:
        yield line.refusal(RefusalCode.INVALID_VALUE, f"{line.serial} is due at {said(custody.due_at)} already.", **custody.facts)
    if custody.issue_type is IssueType.TEMPORARY and due_at > custody.since + limit:
        hours = int(limit.total_seconds() // 3600)
        message = f"A temporary issue is due within {hours} hours of {said(custody.since)}; for longer it takes a hand receipt."
        yield line.refusal(RefusalCode.LIMIT_EXCEEDED, message, limit=hours, **custody.facts)
