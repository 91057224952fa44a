"""How a command answers: what it made, or every reason why nothing was written."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast
from uuid import UUID

import strawberry

from graph import errors
from graph.commands.perform import Answer
from graph.resolvers.sources import Made, One
from graph.resolvers.tables import TABLES
from graph.rules.remedies import remedy
from graph.schema.base import Node, described

if TYPE_CHECKING:
    from graph.schema.items import Item
    from graph.schema.people import Person

S = TypeVar("S")


@strawberry.type(description="One reason why nothing was written, with the facts behind it; facts that have no part in it are null.")
class Refusal:
    """See the description."""

    refusal: strawberry.Private[errors.Refusal]
    code: errors.RefusalCode = described("The reason, for a program.")
    message: str = described("The reason, for a person.")
    line: int | None = described("The place in `lines`, counted from 0.")
    path: str | None = described("The field of the input at fault, such as `lines.2.item.serial`.")
    receipt_number: str | None = described("The open receipt.")
    since: datetime | None = described("Since when, or the moment that stands against it.")
    limit: int | None = described("What is allowed at most: items, or hours.")
    held: int | None = described("How many items are in hand now, or of stock: how many are out, or were asked for.")
    on_hand: int | None = described("How much of the stock is on hand.")
    overridable: bool = described("Whether a second person can approve it nonetheless: send the command again with `override`.")
    current_version: int | None = described("The version that it is at now.")
    changed: list[str] = described("What has changed since the expected version, the oldest first.")
    lifted_by: str | None = described("What would lift it, for a person; null if only another command would do.")

    @strawberry.field(description="Who holds the item, or is over a limit.")
    def holder(self) -> Annotated[Person, strawberry.lazy("graph.schema.people")] | None:
        return cast("Person | None", _one("Person", self.refusal.holder_id))

    @strawberry.field(description="The item at fault.")
    def item(self) -> Annotated[Item, strawberry.lazy("graph.schema.items")] | None:
        return cast("Item | None", _one("Item", self.refusal.item_id))


@strawberry.type(description="Nothing was written. Every reason at once.")
class Refused:
    """See the description."""

    refusals: list[Refusal] = described("The reasons; at least one.")


def _one(kind: str, row_id: UUID | None) -> One | None:
    return One(TABLES[kind], row_id) if row_id is not None else None


def refused(why: errors.Refused) -> Refused:
    """The answer of a command that wrote nothing."""
    return Refused(refusals=[refusal_of(refusal) for refusal in why.refusals])


def refusal_of(refusal: errors.Refusal) -> Refusal:
    """One reason as a client sees it."""
    return Refusal(
        refusal=refusal,
        code=refusal.code,
        message=refusal.message,
        line=refusal.line,
        path=refusal.path,
        receipt_number=refusal.receipt_number,
        since=refusal.since,
        limit=refusal.limit,
        held=refusal.held,
        on_hand=refusal.on_hand,
        overridable=refusal.overridable,
        current_version=refusal.current_version,
        changed=list(refusal.changed),
        lifted_by=remedy(refusal),
    )


def saved(answer: Answer | errors.Refused, to: type[Node], success: Callable[[Any], S]) -> S | Refused:
    """The answer of a command that makes or changes one row."""
    return refused(answer) if isinstance(answer, errors.Refused) else success(Made(to.table, answer.rows, many=False))


@contextlib.contextmanager
def already_done() -> Iterator[None]:
    """While what a command made is read: a failure now must not look as if the command had failed (INV-14)."""
    try:
        yield
    except errors.Unavailable:
        message = "It was done, but its answer cannot be read now. Send the same request again, with the same requestId, to get it."
        raise errors.Unavailable(message) from None
