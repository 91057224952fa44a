"""Purposes: the duty types that weapons are drawn for, with what goes along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import strawberry

from graph.commands import purposes as commands
from graph.errors import LimitExceeded
from graph.resolvers import custody as tables
from graph.rules import stock as rules
from graph.rules.texts import code
from graph.schema.base import Node, Row, described, follow_all, id_of, node, optional
from graph.schema.inputs import clean, command_of
from graph.schema.refusals import Refused, saved
from graph.words import IssueType, ItemCategory

MOST_ENTRIES = 50


@strawberry.type(description="What goes with each item of a category.")
class LoadoutEntry(Row):
    """See the description."""

    category: ItemCategory = described("With which items.")
    article: str = described("Of what: an article of stock.")
    quantity: int = described("How many rounds or pieces.")


@node(tables.PURPOSE, "A duty type that weapons are drawn for.")
class Purpose(Node):
    """See the description."""

    code: str = described("Its short code.")
    name: str = described("What it is called.")
    categories: list[ItemCategory] = described("What may be drawn for it; empty means everything.")
    default_issue_type: IssueType = described("On what terms, unless the command says otherwise.")
    due_hours: int | None = described("When a temporary issue for it is due, in hours; null for as late as the arms room allows.")
    version: int = described("Counts the changes; give it as `expectedVersion`.")

    @strawberry.field(description="What goes with each item of a category, unless a command says otherwise.")
    async def loadout(self) -> list[LoadoutEntry]:
        return await follow_all(self, "loadout", LoadoutEntry)


@strawberry.type(description="A purpose as it is now on the book.")
class PurposeSaved:
    """The answer of a command about a purpose."""

    purpose: Purpose = described("The purpose.")


PurposeResult = Annotated[PurposeSaved | Refused, strawberry.union("PurposeResult", description="The purpose, or why nothing was written.")]


@strawberry.input(description="What goes with each item of a category.")
class LoadoutEntryInput:
    """See the description."""

    category: ItemCategory = described("With which items.")
    article: str = described("Of what: an article of stock.")
    quantity: int = described("How many rounds or pieces.")


@strawberry.input(description="A new duty type.")
class RegisterPurposeInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    code: str = described("A short code: capital letters, digits, underscores; never changed.")
    name: str = described("What it is called.")
    categories: list[ItemCategory] = strawberry.field(default_factory=list, description="What may be drawn for it; empty means everything.")
    default_issue_type: IssueType = strawberry.field(
        default=IssueType.TEMPORARY, description="On what terms, unless a command says otherwise."
    )
    due_hours: int | None = optional("When a temporary issue for it is due, in hours; without it, as late as the arms room allows.")
    loadout: list[LoadoutEntryInput] = strawberry.field(default_factory=list, description="What goes with each item of a category.")


@strawberry.input(description="Changes of a duty type; what is not given stays.")
class EditPurposeInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    id: strawberry.ID = described("The purpose.")
    expected_version: int | None = optional("Refuse if it has changed since this version.")
    name: str | None = optional("What it is called.")
    categories: list[ItemCategory] | None = optional("What may be drawn for it; empty means everything.")
    default_issue_type: IssueType | None = optional("On what terms, unless a command says otherwise.")
    due_hours: int | None = optional("When a temporary issue for it is due, in hours.")
    loadout: list[LoadoutEntryInput] | None = optional("What goes with each item of a category: the whole of it.")


async def register_purpose(asked: RegisterPurposeInput) -> PurposeSaved | Refused:
    """Register a duty type."""
    answer = await commands.register_purpose(
        command_of(commands.RegisterPurpose, asked, code=code(asked.code), loadout=_loadout(asked.loadout))
    )
    return saved(answer, Purpose, lambda purpose: PurposeSaved(purpose=purpose))


async def edit_purpose(asked: EditPurposeInput) -> PurposeSaved | Refused:
    """Edit a duty type."""
    read = {"purpose_id": id_of("Purpose", asked.id), "loadout": _loadout(asked.loadout) if asked.loadout is not None else None}
    answer = await commands.edit_purpose(command_of(commands.EditPurpose, asked, **read))
    return saved(answer, Purpose, lambda purpose: PurposeSaved(purpose=purpose))


def _loadout(entries: Sequence[LoadoutEntryInput]) -> tuple[rules.LoadoutEntry, ...]:
    if len(entries) > MOST_ENTRIES:
        raise LimitExceeded(f"A loadout has at most {MOST_ENTRIES} entries.")
    return tuple(rules.LoadoutEntry(each.category, code(each.article), clean("quantity", each.quantity)) for each in entries)
