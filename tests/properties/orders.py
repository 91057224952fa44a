"""What is said at a counter of the property tests: commands as plain values, in words that both the model and the product are told.

Hours count from the beginning of a run: `at=-2` is two hours before it, `due=22.5` lies ahead of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ref:
    """An item: by its serial, the code of its tag, or its id; perhaps only at a version."""

    serial: str
    by: str = "serial"
    version: int | None = None


@dataclass(frozen=True)
class Some:
    """So much of an article, or of one lot."""

    quantity: int
    article: str | None = None
    lot: str | None = None


@dataclass(frozen=True)
class Became:
    """What became of an article, or of one lot, that was out."""

    article: str | None = None
    lot: str | None = None
    returned: int = 0
    expended: int = 0
    lost: int = 0
    reason: str | None = None


@dataclass(frozen=True)
class Out:
    """An item that is to go out, and what with it; None: what its purpose brings."""

    item: Ref
    stock: tuple[Some, ...] | None = None


@dataclass(frozen=True)
class Back:
    """An item that comes back, or of which stock does."""

    item: Ref
    stock: tuple[Became, ...] = ()
    rest: bool = False
    condition: str | None = None
    fired: int | None = None


@dataclass(frozen=True)
class Order:
    """Anything that is said at a counter."""

    override: Any = None
    dry: Any = False


@dataclass(frozen=True)
class Issue(Order):
    """A draw."""

    holder: str = ""
    lines: tuple[Out, ...] = ()
    purpose: str | None = None
    type: str | None = None
    due: float | None = None
    note: str | None = None
    at: float | None = None


@dataclass(frozen=True)
class Transfer(Issue):
    """A relief; `giver` is who is said to have it."""

    giver: str | None = None


@dataclass(frozen=True)
class Return(Order):
    """Items come back, to their own arms room or to the one that is named."""

    lines: tuple[Back, ...] = ()
    holder: str | None = None
    brought_by: str | None = None
    reason: str | None = None
    at: float | None = None
    room: str | None = None


@dataclass(frozen=True)
class Settle(Order):
    """Stock is accounted for while its item stays out."""

    lines: tuple[Back, ...] = ()


@dataclass(frozen=True)
class Extend(Order):
    """Receipts are due later."""

    lines: tuple[Ref, ...] = ()
    due: float = 0


@dataclass(frozen=True)
class Arrive(Order):
    """Items that another arms room took in are home."""

    lines: tuple[Ref, ...] = ()


@dataclass(frozen=True)
class TellOverdue(Order):
    """The clock looks."""


@dataclass(frozen=True)
class ReceiveStock(Order):
    """Stock comes in."""

    room: str = ""
    article: str = ""
    lot: str = ""
    quantity: int = 0
    kind: str | None = None
    name: str | None = None
    fits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Adjust(Order):
    """The book of a lot is set right."""

    lot: str = ""
    kind: str = ""
    quantity: int = 0


@dataclass(frozen=True)
class Decide(Order):
    """A proposal, counted from 0 as they were made, is approved or rejected."""

    proposal: int = 0
    approve: bool = True


@dataclass(frozen=True)
class SetStatus(Order):
    """A person's duty status."""

    person: str = ""
    status: str = ""


@dataclass(frozen=True)
class Bar(Order):
    """A person is barred from arms."""

    person: str = ""
    reason: str = ""
    until: float | None = None


@dataclass(frozen=True)
class Lift(Order):
    """And is barred no longer."""

    person: str = ""


@dataclass(frozen=True)
class SetRoom(Order):
    """An arms room is opened or closed."""

    room: str = ""
    state: str = ""


@dataclass(frozen=True)
class Mend(Order):
    """An item's serviceability is set down anew."""

    serial: str = ""
    serviceability: str = ""


@dataclass(frozen=True)
class Maintain(Order):
    """An item goes to maintenance, or comes back from there."""

    item: Ref = Ref("")
    back: bool = False
    serviceability: str | None = None
