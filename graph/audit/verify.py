"""Whether an exported ledger is whole: needs no database, and nothing beyond the standard library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graph.audit.canonical import FIELDS, GENESIS, event_hash

LIMIT = (
    "A chain alone cannot show a tail that was cut off or rewritten whole, together with the heads: keep what "
    "`armguard ledger verify --json` prints outside of this system, and give it back as --checkpoint."
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


NUMBERS = frozenset({"seq", "transaction"})
NULLABLE = frozenset({"item_id", "person_id", "actor_id", "credential_id", "witness_id", "request_id", "corrects"})


def shape_fault(event: Mapping[str, Any]) -> str | None:
    """What of an event is not as an export writes it: what the hash does not see must not be there at all."""
    known = (*FIELDS, "hash")
    for name in known:
        if name not in event:
            return f"the field {name} is not there"
        value = event[name]
        if type(value) is not (int if name in NUMBERS else str) and not (value is None and name in NULLABLE):
            return f"the field {name} cannot be {value!r}"
    unknown = sorted(str(name) for name in event.keys() - set(known))
    return f"there is no field {unknown[0]} in an event" if unknown else None


def fault_of(event: Mapping[str, Any], seq: int, previous: str) -> str | None:
    """What is wrong with an event that should have this seq and previous hash."""
    misshapen = shape_fault(event)
    if misshapen is not None:
        return misshapen
    if event["seq"] != seq:
        return f"it should be number {seq}: an event is gone, doubled or out of order"
    if event["previous_hash"] != previous:
        return "its previous hash is not the hash of the event before it"
    if event_hash(event) != event["hash"]:
        return "its content does not have the hash that is stored with it: a field was changed"
    if event["effective_at"] > event["recorded_at"]:
        return "it takes effect after it was recorded"
    return None


class Verifier:
    """Checks events one by one, each stream's in seq order.

    `checkpoint` is what was kept outside: the seq and hash that each stream had once.
    """

    def __init__(self, checkpoint: Mapping[str, tuple[int, str]] | None = None) -> None:
        self.report = Report()
        self._kept = dict(checkpoint or {})
        self._bad: set[str] = set()

    def take(self, event: Mapping[str, Any]) -> None:
        """Check the next event; after the first bad one of a stream, the rest of it is only counted."""
        stream, report = str(event.get("stream")), self.report
        report.events += 1
        if stream in self._bad:
            return
        seq, previous = report.heads.get(stream, (0, GENESIS))
        what = fault_of(event, seq + 1, previous)
        kept = self._kept.get(stream)
        if what is None and kept is not None and kept[0] == event["seq"] and kept[1] != event["hash"]:
            what = "it is not the event that the checkpoint names: the ledger was rewritten up to here"
        if what is None:
            report.heads[stream] = (event["seq"], event["hash"])
        else:
            self._bad.add(stream)
            report.faults.append(Fault(stream, seq + 1, str(event.get("event_id")), what))

    def finish(self, heads: Mapping[str, tuple[int, str]] | None = None) -> Report:
        """Compare the ends with the checkpoint and, where the system is at hand, with its own heads."""
        self._ends(self._kept, "the checkpoint", exact=False)
        self._ends(heads or {}, "the head of the stream", exact=True)
        return self.report

    def _ends(self, ends: Mapping[str, tuple[int, str]], named: str, *, exact: bool) -> None:
        for stream, (seq, digest) in ends.items():
            if stream in self._bad:
                continue
            reached = self.report.heads.get(stream, (0, GENESIS))
            if reached[0] < seq:
                what = f"{named} says that there are {seq} events, but the ledger ends before this one"
                if not exact:
                    what += ": events were cut off, or this export is older than the checkpoint"
                self._fault(stream, reached[0] + 1, what)
            elif exact and reached != (seq, digest):
                self._fault(stream, reached[0], f"{named} does not agree with the last event")

    def _fault(self, stream: str, seq: int, what: str) -> None:
        self._bad.add(stream)
        self.report.faults.append(Fault(stream, seq, "", what))


def verify(
    events: Iterable[Mapping[str, Any]],
    heads: Mapping[str, tuple[int, str]] | None = None,
    checkpoint: Mapping[str, tuple[int, str]] | None = None,
) -> Report:
    """Check exported events of one or more streams, each in seq order."""
    verifier = Verifier(checkpoint)
    for event in events:
        verifier.take(event)
    return verifier.finish(heads)
