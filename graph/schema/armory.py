"""Units and arms rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from graph.commands import armory as commands
from graph.resolvers import armory as tables
from graph.rules.texts import code
from graph.schema.base import (
    After,
    Before,
    Connection,
    First,
    Last,
    Node,
    Row,
    described,
    follow,
    follow_all,
    follow_one,
    id_of,
    node,
    optional,
    pages,
)
from graph.schema.inputs import command_of
from graph.schema.refusals import Refused, saved
from graph.words import ArmoryState, CustodyState, ItemCategory

if TYPE_CHECKING:
    from graph.schema.ledger import LedgerEvent


@node(tables.UNIT, "A part of the organisation, under its parent unit.")
class Unit(Node):
    """See the description."""

    code: str = described("The unit's short code, unique.")
    name: str = described("The unit's name.")
    version: int = described("Counts the changes; give it as `expectedVersion`.")

    @strawberry.field(description="The unit above; null at the top.")
    async def parent(self) -> Unit | None:
        return await follow(self, "parent", Unit)

    @strawberry.field(description="The units directly below, by code.")
    async def children(self) -> list[Unit]:
        return await follow_all(self, "children", Unit)


@strawberry.type(description="How many items of a category are in a state.")
class ItemCount(Row):
    """One line of an arms room's counts."""

    state: CustodyState = described("Where they are.")
    category: ItemCategory = described("Their category.")
    count: int = described("How many.")


@node(tables.ARMORY, "An arms room and its policy.")
class Armory(Node):
    """See the description."""

    code: str = described("The arms room's short code, unique; its receipt numbers begin with it.")
    name: str = described("The arms room's name.")
    timezone: str = described("The IANA time zone of its local date.")
    state: ArmoryState = described("Whether it issues now.")
    temporary_limit_hours: int = described("How long a temporary issue lasts at most, in hours.")
    sidearm_limit: int = described("How many sidearms a person may hold, over all arms rooms.")
    long_gun_limit: int = described("How many long guns a person may hold, over all arms rooms.")
    authorization_required: bool = described("Whether whoever draws must be on the master authorization list.")
    qualification_required: bool = described("Whether whoever draws must have the qualification that the nomenclature requires.")
    confirmation_required: bool = described("Whether whoever draws confirms the receipt by a PIN.")
    version: int = described("Counts the changes; give it as `expectedVersion`.")

    @strawberry.field(description="The unit that it belongs to.")
    async def unit(self) -> Unit:
        return await follow_one(self, "unit", Unit)

    @strawberry.field(description="How many items are on its book, by state and category.")
    async def counts(self) -> list[ItemCount]:
        return await follow_all(self, "counts", ItemCount)

    @strawberry.field(description="The ledger of the arms room, the newest event first.")
    async def events(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated[LedgerEvent, strawberry.lazy("graph.schema.ledger")]]:
        return await pages(self, "events", first, after, last, before)


@strawberry.type(description="A unit as it is now on the book.")
class UnitSaved:
    """The answer of a command about a unit."""

    unit: Unit = described("The unit.")


@strawberry.type(description="An arms room as it is now on the book.")
class ArmorySaved:
    """The answer of a command about an arms room."""

    armory: Armory = described("The arms room.")


UnitResult = Annotated[UnitSaved | Refused, strawberry.union("UnitResult", description="The unit, or why nothing was written.")]
ArmoryResult = Annotated[ArmorySaved | Refused, strawberry.union("ArmoryResult", description="The arms room, or why nothing was written.")]


@strawberry.input(description="A new unit.")
class RegisterUnitInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    code: str = described("A short code: capital letters, digits, hyphens; never changed.")
    name: str = described("The unit's name.")
    parent: str | None = optional("The code of the unit above.")


@strawberry.input(description="Changes of a unit; what is not given stays.")
class EditUnitInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    id: strawberry.ID = described("The unit.")
    expected_version: int | None = optional("Refuse if it has changed since this version.")
    name: str | None = optional("The unit's name.")
    parent: str | None = optional("The code of the unit above.")


@strawberry.input(description="A new arms room.")
class RegisterArmoryInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    code: str = described("A short code: capital letters, digits, hyphens; never changed.")
    name: str = described("The arms room's name.")
    unit: str = described("The code of the unit that it belongs to.")
    timezone: str = described("An IANA time zone, such as Asia/Manila.")
    temporary_limit_hours: int = strawberry.field(default=24, description="How long a temporary issue lasts at most, in hours.")
    sidearm_limit: int = strawberry.field(default=1, description="How many sidearms a person may hold.")
    long_gun_limit: int = strawberry.field(default=1, description="How many long guns a person may hold.")
    authorization_required: bool = strawberry.field(
        default=False, description="Whether whoever draws must be on the master authorization list."
    )
    qualification_required: bool = strawberry.field(
        default=False, description="Whether whoever draws must have the qualification that the nomenclature requires."
    )
    confirmation_required: bool = strawberry.field(default=False, description="Whether whoever draws confirms the receipt by a PIN.")


@strawberry.input(description="Changes of an arms room; what is not given stays.")
class EditArmoryInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    id: strawberry.ID = described("The arms room.")
    expected_version: int | None = optional("Refuse if it has changed since this version.")
    name: str | None = optional("The arms room's name.")
    timezone: str | None = optional("An IANA time zone, such as Asia/Manila.")
    temporary_limit_hours: int | None = optional("How long a temporary issue lasts at most, in hours.")
    sidearm_limit: int | None = optional("How many sidearms a person may hold.")
    long_gun_limit: int | None = optional("How many long guns a person may hold.")
    authorization_required: bool | None = optional("Whether whoever draws must be on the master authorization list.")
    qualification_required: bool | None = optional("Whether whoever draws must have the qualification that the nomenclature requires.")
    confirmation_required: bool | None = optional("Whether whoever draws confirms the receipt by a PIN.")


@strawberry.input(description="A new state of an arms room.")
class SetArmoryStateInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    id: strawberry.ID = described("The arms room.")
    state: ArmoryState = described("The state from now on.")
    reason: str = described("Why.")
    expected_version: int | None = optional("Refuse if it has changed since this version.")


async def register_unit(asked: RegisterUnitInput) -> UnitSaved | Refused:
    """Register a unit."""
    answer = await commands.register_unit(command_of(commands.RegisterUnit, asked, code=code(asked.code)))
    return saved(answer, Unit, lambda unit: UnitSaved(unit=unit))


async def edit_unit(asked: EditUnitInput) -> UnitSaved | Refused:
    """Edit a unit."""
    answer = await commands.edit_unit(command_of(commands.EditUnit, asked, unit_id=id_of("Unit", asked.id)))
    return saved(answer, Unit, lambda unit: UnitSaved(unit=unit))


async def register_armory(asked: RegisterArmoryInput) -> ArmorySaved | Refused:
    """Register an arms room."""
    answer = await commands.register_armory(command_of(commands.RegisterArmory, asked, code=code(asked.code)))
    return saved(answer, Armory, lambda armory: ArmorySaved(armory=armory))


async def edit_armory(asked: EditArmoryInput) -> ArmorySaved | Refused:
    """Edit an arms room."""
    answer = await commands.edit_armory(command_of(commands.EditArmory, asked, armory_id=id_of("Armory", asked.id)))
    return saved(answer, Armory, lambda armory: ArmorySaved(armory=armory))


async def set_armory_state(asked: SetArmoryStateInput) -> ArmorySaved | Refused:
    """Open, close, hand over or lock down an arms room."""
    answer = await commands.set_armory_state(command_of(commands.SetArmoryState, asked, armory_id=id_of("Armory", asked.id)))
    return saved(answer, Armory, lambda armory: ArmorySaved(armory=armory))
