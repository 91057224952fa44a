"""The due time of receipts: later, or passed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from graph.commands.counter import Asked, Counter, Written, name_of, serve
from graph.commands.custody import IssueLine, custody_event, lines_named
from graph.commands.perform import Answer, requested, require
from graph.commands.rows import altered
from graph.errors import Refused, refuse
from graph.rules.custody import Line, said
from graph.rules.returns import extension_refusals, overdue
from graph.words import COUNTER, EventType


@dataclass(frozen=True)
class ExtendDue:
    """The receipts of these items are due later, and why."""

    request_id: UUID
    lines: tuple[IssueLine, ...]
    due_at: datetime
    reason: str


@dataclass(frozen=True)
class TellOverdue:
    """The receipts of these items are due by now."""

    request_id: UUID
    lines: tuple[IssueLine, ...]


async def extend_due(command: ExtendDue) -> Answer | Refused:
    """Let receipts be due later: all of them, or none with a refusal for each reason."""
    require(*COUNTER)

    def decide(counter: Counter) -> Sequence[Written]:
        refuse([*counter.unknown, *extension_refusals(counter.lines, command.due_at, counter.now)])
        return [_extend(line, counter, command) for line in counter.lines]

    return await serve(requested("extendDue", command.request_id, command), Asked(*lines_named(command.lines)), decide)


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
    event = custody_event(EventType.DUE_EXTENDED, record, summary, payload, counter.now)
    return Written(event.subject_id, {"due": [{**record, **change["after"]}]}, [event], line)


async def tell_overdue(command: TellOverdue) -> Answer | Refused:
    """Tell of receipts that their due time has passed: once for each due time, whoever sees it first."""

    def decide(counter: Counter) -> Sequence[Written]:
        return [_tell(line, counter) for line in counter.lines if line.custody and _untold(line, counter)]

    return await serve(requested("tellOverdue", command.request_id, command), Asked(*lines_named(command.lines)), decide)


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
    event = custody_event(EventType.RECEIPT_OVERDUE, record, summary, payload, counter.now)
    return Written(event.subject_id, {"overdue": [{**record, **change["after"]}]}, [event], line)
