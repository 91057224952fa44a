"""Units and arms rooms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import available_timezones

from uuid_utils.compat import uuid7

from graph.audit.actor import current_actor
from graph.audit.canonical import GENESIS
from graph.audit.ledger import append
from graph.commands.perform import Answer, later, perform, require
from graph.commands.references import find_by_code
from graph.commands.rows import change, given, lock_row, register
from graph.errors import Forbidden, Refusal, RefusalCode, Refused, refuse
from graph.models.armory import Armory, Unit
from graph.models.ledger import REGISTRY, StreamHead
from graph.words import OFFICE, ArmoryState, EventType, Role, Subject


@dataclass(frozen=True)
class RegisterUnit:
    """A unit, under its parent by the parent's code."""

    request_id: UUID
    code: str
    name: str
    parent: str | None = None


@dataclass(frozen=True)
class EditUnit:
    """Changes of a unit; what is None stays."""

    request_id: UUID
    unit_id: UUID
    expected_version: int | None = None
    name: str | None = None
    parent: str | None = None


@dataclass(frozen=True)
class RegisterArmory:
    """An arms room, its unit by code and its time zone by IANA name."""

    request_id: UUID
    code: str
    name: str
    unit: str
    timezone: str
    temporary_limit_hours: int = 24
    sidearm_limit: int = 1
    long_gun_limit: int = 1
    authorization_required: bool = False
    qualification_required: bool = False
    confirmation_required: bool = later(default=False)


@dataclass(frozen=True)
class EditArmory:
    """Changes of an arms room's name, place or policy; what is None stays."""

    request_id: UUID
    armory_id: UUID
    expected_version: int | None = None
    name: str | None = None
    timezone: str | None = None
    temporary_limit_hours: int | None = None
    sidearm_limit: int | None = None
    long_gun_limit: int | None = None
    authorization_required: bool | None = None
    qualification_required: bool | None = None
    confirmation_required: bool | None = later()


@dataclass(frozen=True)
class SetArmoryState:
    """Open, close, hand over or lock down an arms room."""

    request_id: UUID
    armory_id: UUID
    state: ArmoryState
    reason: str
    expected_version: int | None = None


async def register_unit(command: RegisterUnit) -> Answer | Refused:
    """Register a unit."""
    require(*OFFICE)

    async def decide() -> Sequence[UUID]:
        parent_id = await find_by_code(Unit, command.parent, "parent") if command.parent else None
        unit = Unit(id=uuid7(), code=command.code.upper(), name=command.name, parent_id=parent_id)
        await append(await register(unit, REGISTRY, EventType.UNIT_REGISTERED, Subject.UNIT, {}))
        return [unit.id]

    return await perform("registerUnit", command.request_id, command, decide)


async def edit_unit(command: EditUnit) -> Answer | Refused:
    """Change a unit's name or parent."""
    require(*OFFICE)

    async def decide() -> Sequence[UUID]:
        unit = await lock_row(Unit, command.unit_id, command.expected_version)
        parent_id = await find_by_code(Unit, command.parent, "parent") if command.parent else None
        if parent_id is not None:
            await _refuse_circle(unit, parent_id)
        changes = given(name=command.name, parent_id=parent_id)
        await append(await change(unit, changes, REGISTRY, EventType.UNIT_CHANGED, Subject.UNIT, {"code": unit.code}))
        return [unit.id]

    return await perform("editUnit", command.request_id, command, decide)


async def _refuse_circle(unit: Unit, parent_id: UUID) -> None:
    """No unit stands under itself. The registry's head is locked, so that two changes cannot close a circle together."""
    await StreamHead.filter(stream=REGISTRY).select_for_update(no_key=True)
    above: UUID | None = parent_id
    while above is not None:
        if above == unit.id:
            raise Refused([Refusal(RefusalCode.INVALID_VALUE, f"{unit.code} cannot stand under itself.", path="parent")])
        above = (await Unit.get(id=above)).parent_id


async def register_armory(command: RegisterArmory) -> Answer | Refused:
    """Register an arms room and begin its stream of the ledger.

    Raises:
        Forbidden: the account is one for certain arms rooms only: the new one would not be among them.
    """
    if require(*OFFICE).armories is not None:
        raise Forbidden("Your account is for certain arms rooms only. A new one is registered by an account for all of them.")

    async def decide() -> Sequence[UUID]:
        unit_id = await find_by_code(Unit, command.unit, "unit")
        _refuse_timezone(command.timezone)
        armory = Armory(
            id=uuid7(),
            code=command.code.upper(),
            name=command.name,
            unit_id=unit_id,
            timezone=command.timezone,
            temporary_limit_hours=command.temporary_limit_hours,
            sidearm_limit=command.sidearm_limit,
            long_gun_limit=command.long_gun_limit,
            authorization_required=command.authorization_required,
            qualification_required=command.qualification_required,
            confirmation_required=command.confirmation_required,
        )
        event = await register(armory, REGISTRY, EventType.ARMORY_REGISTERED, Subject.ARMORY, {})
        await StreamHead.create(stream=str(armory.id), armory_id=armory.id, hash=bytes.fromhex(GENESIS))
        await append(event)
        return [armory.id]

    return await perform("registerArmory", command.request_id, command, decide)


async def edit_armory(command: EditArmory) -> Answer | Refused:
    """Change an arms room's name, time zone or policy."""
    require(*OFFICE)

    async def decide() -> Sequence[UUID]:
        armory = await _lock_in_scope(command.armory_id, command.expected_version)
        if command.timezone:
            _refuse_timezone(command.timezone)
        changes = given(
            name=command.name,
            timezone=command.timezone,
            temporary_limit_hours=command.temporary_limit_hours,
            sidearm_limit=command.sidearm_limit,
            long_gun_limit=command.long_gun_limit,
            authorization_required=command.authorization_required,
            qualification_required=command.qualification_required,
            confirmation_required=command.confirmation_required,
        )
        await append(await change(armory, changes, str(armory.id), EventType.ARMORY_CHANGED, Subject.ARMORY, {"code": armory.code}))
        return [armory.id]

    return await perform("editArmory", command.request_id, command, decide)


async def set_armory_state(command: SetArmoryState) -> Answer | Refused:
    """Open, close, hand over or lock down an arms room. What is out can come back in every state."""
    require(Role.ARMS_ROOM_OFFICER)

    async def decide() -> Sequence[UUID]:
        armory = await _lock_in_scope(command.armory_id, command.expected_version)
        facts = {"code": armory.code, "reason": command.reason}
        await append(await change(armory, {"state": command.state}, str(armory.id), EventType.ARMORY_CHANGED, Subject.ARMORY, facts))
        return [armory.id]

    return await perform("setArmoryState", command.request_id, command, decide)


async def _lock_in_scope(armory_id: UUID, expected_version: int | None) -> Armory:
    if not current_actor().may_see(armory_id):
        raise Refused([Refusal(RefusalCode.OUT_OF_SCOPE, "This arms room is not one of yours.", path="id")])
    # The head first: an issue reads the arms room's state under it, so none slips through while the room closes.
    await StreamHead.filter(stream=str(armory_id)).select_for_update(no_key=True)
    return await lock_row(Armory, armory_id, expected_version)


def _refuse_timezone(name: str) -> None:
    if name not in available_timezones():
        message = f"{name} is not a time zone. Use an IANA name such as Asia/Manila."
        refuse([Refusal(RefusalCode.INVALID_VALUE, message, path="timezone")])
