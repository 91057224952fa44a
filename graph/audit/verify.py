"""Whether an exported ledger is whole: needs no database, and nothing beyond the standard library."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graph.audit.canonical import FIELDS, GENESIS, event_hash

LIMIT = (
    "A chain alone cannot show a tail that was cut off or rewritten whole, together with the heads: keep the heads printed here outside of this "
    "system, and give them back as --checkpoint."
)


@dataclass(frozen=True)
class Fault:
    """The first bad event of a stream, and what is wrong with it."""

    stream: str
    seq: int
    event_id: str
    what: str


@dataclass
class Report:
    """What was read, what is wrong, and the last good event of each stream."""

    events: int = 0
    faults: list[Fault] = field(default_factory=list)
    heads: dict[str, tuple[int, str]] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def fault_of(event: Mapping[str, Any], seq: int, previous: str) -> str | None:
    """What is wrong with an event that should have this seq and previous hash."""
    missing = [name for name in (*FIELDS, "hash") if name not in event]
    if missing:
        return f"the field {missing[0]} is not there"
    if event["seq"] != seq:
        return f"it should be number {seq}: an event is gone, doubled or out of order"
    if event["previous_hash"] != previous:
        return "its previous hash is not the hash of the event before it"
    if event_hash(event) != event["hash"]:
        return "its content does not have the hash that is stored with it: a field was changed"
    if event["effective_at"] > event["recorded_at"]:
        return "it takes effect after it was recorded"
    return None


def verify(
    events: Iterable[Mapping[str, Any]],
    heads: Mapping[str, tuple[int, str]] | None = None,
    checkpoint: Mapping[str, tuple[int, str]] | None = None,
) -> Report:
    """Check the events of one or more streams, each in seq order.

    Args:
        events: exported events.
        heads: where the system itself says that each stream ends, where that is known.
        checkpoint: what was kept outside: the seq and hash that each stream had once.
    """
    report = Report()
    bad: set[str] = set()
    kept = dict(checkpoint or {})
    for event in events:
        stream = str(event.get("stream"))
        report.events += 1
        if stream in bad:
            continue
        seq, previous = report.heads.get(stream, (0, GENESIS))
        what = fault_of(event, seq + 1, previous)
        if what is None and kept.get(stream, (0, ""))[0] == event["seq"] and kept[stream][1] != event["hash"]:
            what = "it is not the event that the checkpoint names: the ledger was rewritten up to here"
        if what is not None:
            bad.add(stream)
            report.faults.append(Fault(stream, int(event.get("seq") or 0), str(event.get("event_id")), what))
            continue
        report.heads[stream] = (event["seq"], event["hash"])
    report.faults.extend(_short_streams(report, bad, heads or {}, "the stream's head"))
    report.faults.extend(_short_streams(report, bad, kept, "the checkpoint"))
    return report


def _short_streams(report: Report, bad: set[str], ends: Mapping[str, tuple[int, str]], named: str) -> Iterator[Fault]:
    for stream, (seq, _hash) in ends.items():
        reached = report.heads.get(stream, (0, GENESIS))
        if stream in bad:
            continue
        if reached[0] < seq:
            yield Fault(stream, reached[0] + 1, "", f"{named} says {seq} events, but the ledger ends before this one")
        elif named == "the stream's head" and reached != (seq, _hash):
            yield Fault(stream, reached[0], "", f"{named} does not agree with the last event")
