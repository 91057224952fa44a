"""Purposes: the duty types that weapons are drawn for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from graph.audit.ledger import append
from graph.commands.perform import Answer, later, perform, require
from graph.commands.rows import change, given, lock_row, register
from graph.errors import Refused
from graph.models.custody import Purpose
from graph.models.ledger import REGISTRY
from graph.rules.stock import LoadoutEntry
from graph.words import EventType, IssueType, ItemCategory, Role, Subject


@dataclass(frozen=True)
class RegisterPurpose:
    """A duty type; no categories means all of them. The loadout is what goes with each item of a category."""

    request_id: UUID
    code: str
    name: str
    categories: tuple[ItemCategory, ...] = ()
    default_issue_type: IssueType = IssueType.TEMPORARY
    due_hours: int | None = later()
    loadout: tuple[LoadoutEntry, ...] = later(default=())


@dataclass(frozen=True)
class EditPurpose:
    """Changes of a duty type; what is None stays."""

    request_id: UUID
    purpose_id: UUID
    expected_version: int | None = None
    name: str | None = None
    categories: tuple[ItemCategory, ...] | None = None
    default_issue_type: IssueType | None = None
    due_hours: int | None = later()
    loadout: tuple[LoadoutEntry, ...] | None = later()


async def register_purpose(command: RegisterPurpose) -> Answer | Refused:
    """Register a duty type."""
    require(Role.ADMIN, Role.ARMS_ROOM_OFFICER)

    async def decide() -> Sequence[UUID]:
        categories = [category.value for category in command.categories]
        purpose = Purpose(
            id=uuid7(),
            code=command.code,
            name=command.name,
            categories=categories,
            default_issue_type=command.default_issue_type,
            due_hours=command.due_hours,
            loadout=_stored(command.loadout),
        )
        await append(await register(purpose, REGISTRY, EventType.PURPOSE_REGISTERED, Subject.PURPOSE, {}))
        return [purpose.id]

    return await perform("registerPurpose", command.request_id, command, decide)


async def edit_purpose(command: EditPurpose) -> Answer | Refused:
    """Change a duty type."""
    require(Role.ADMIN, Role.ARMS_ROOM_OFFICER)

    async def decide() -> Sequence[UUID]:
        purpose = await lock_row(Purpose, command.purpose_id, command.expected_version)
        categories = None if command.categories is None else [category.value for category in command.categories]
        loadout = None if command.loadout is None else _stored(command.loadout)
        given_type, due_hours = command.default_issue_type, command.due_hours
        changes = given(name=command.name, categories=categories, default_issue_type=given_type, due_hours=due_hours, loadout=loadout)
        await append(await change(purpose, changes, REGISTRY, EventType.PURPOSE_CHANGED, Subject.PURPOSE, {"code": purpose.code}))
        return [purpose.id]

    return await perform("editPurpose", command.request_id, command, decide)


def _stored(loadout: Sequence[LoadoutEntry]) -> list[dict[str, Any]]:
    return [{"category": entry.category.value, "article": entry.article, "quantity": entry.quantity} for entry in loadout]
