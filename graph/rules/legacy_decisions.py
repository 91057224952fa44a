"""What is said about a row of the old system: remarks, and the decision they add up to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

Fact = str | int | bool | None


class Outcome(StrEnum):
    """What becomes of a row."""

    IMPORTED = "IMPORTED"
    MERGED = "MERGED"
    SET_ASIDE = "SET_ASIDE"
    ALREADY_IMPORTED = "ALREADY_IMPORTED"


@dataclass(frozen=True)
class Remark:
    """One thing to say about a row; a notable one is for a person to read."""

    code: str
    text: str
    notable: bool = True


@dataclass(frozen=True)
class Decision:
    """What becomes of one row, and why. `also` holds the codes of what else is true of it; `message` says all of it."""

    row_table: str
    row_id: str
    outcome: Outcome
    code: str
    message: str
    notable: bool
    also: tuple[str, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def codes(self) -> tuple[str, ...]:
        return (self.code, *self.also)


def when(time: datetime | None) -> str:
    """A time as a message says it."""
    if time is None:
        return "at a time that cannot be read"
    return f"{time:%Y-%m-%d %H:%M:%S} UTC" if time.second else f"{time:%Y-%m-%d %H:%M} UTC"


def decide(table: str, row_id: str | int, outcome: Outcome, *remarks: Remark, **facts: Fact) -> Decision:
    """One decision out of all there is to say about a row, the first remark first."""
    return Decision(
        row_table=table,
        row_id=str(row_id),
        outcome=outcome,
        code=remarks[0].code,
        message=" ".join(remark.text for remark in remarks),
        notable=any(remark.notable for remark in remarks),
        also=tuple(remark.code for remark in remarks[1:]),
        facts=facts,
    )


def add(decision: Decision, remark: Remark) -> Decision:
    """The decision with one more thing said."""
    return replace(
        decision,
        message=f"{decision.message} {remark.text}",
        notable=decision.notable or remark.notable,
        also=(*decision.also, remark.code),
    )


def already(what: str) -> Remark:
    """What is said about a row that came in earlier."""
    return Remark("ALREADY_IMPORTED", f"{what} came in earlier.", notable=False)


@dataclass
class Findings:
    """What is found on the way to a plan: one decision per row, and the id of each source that is in ArmGuard already."""

    decisions: dict[tuple[str, str], Decision] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def say(self, *decisions: Decision) -> None:
        for decision in decisions:
            name = (decision.row_table, decision.row_id)
            assert name not in self.decisions, f"two decisions on {name}"
            self.decisions[name] = decision

    def also(self, table: str, row_id: str, remark: Remark) -> None:
        self.decisions[table, row_id] = add(self.decisions[table, row_id], remark)
