"""People: registration, edits and duty status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from uuid_utils.compat import uuid7

from graph.audit.actor import current_actor
from graph.audit.ledger import append
from graph.commands.perform import Answer, perform, require
from graph.commands.references import find_by_code
from graph.commands.rows import change, given, lock_row, register
from graph.errors import Refused, refuse
from graph.models.armory import Unit
from graph.models.custody import CustodyRecord
from graph.models.ledger import REGISTRY
from graph.models.people import Person
from graph.rules.people import duty_status_refusals, service_number_key
from graph.words import DutyStatus, EventType, PersonCategory, Role, Subject


@dataclass(frozen=True)
class RegisterPerson:
    """A person, the unit by its code."""

    request_id: UUID
    service_number: str
    rank: str
    family_name: str
    given_names: str
    unit: str
    category: PersonCategory = PersonCategory.ENLISTED


@dataclass(frozen=True)
class EditPerson:
    """Changes of a person; what is None stays."""

    request_id: UUID
    person_id: UUID
    expected_version: int | None = None
    service_number: str | None = None
    rank: str | None = None
    family_name: str | None = None
    given_names: str | None = None
    unit: str | None = None
    category: PersonCategory | None = None


@dataclass(frozen=True)
class ChangeDutyStatus:
    """A new duty status, and why."""

    request_id: UUID
    person_id: UUID
    duty_status: DutyStatus
    reason: str
    expected_version: int | None = None


async def register_person(command: RegisterPerson) -> Answer | Refused:
    """Register a person."""
    require(Role.ARMORER, Role.ARMS_ROOM_OFFICER)

    async def decide() -> Sequence[UUID]:
        person = Person(
            id=uuid7(),
            service_number=command.service_number,
            service_number_key=service_number_key(command.service_number),
            rank=command.rank,
            family_name=command.family_name,
            given_names=command.given_names,
            unit_id=await find_by_code(Unit, command.unit, "unit"),
            category=command.category,
        )
        await append(await register(person, REGISTRY, EventType.PERSON_REGISTERED, Subject.PERSON, {}, person_id=person.id))
        return [person.id]

    return await perform("registerPerson", command.request_id, command, decide)


async def edit_person(command: EditPerson) -> Answer | Refused:
    """Change what is known of a person."""
    require(Role.ARMORER, Role.ARMS_ROOM_OFFICER)

    async def decide() -> Sequence[UUID]:
        person = await lock_row(Person, command.person_id, command.expected_version)
        changes = given(
            service_number=command.service_number,
            service_number_key=service_number_key(command.service_number) if command.service_number else None,
            rank=command.rank,
            family_name=command.family_name,
            given_names=command.given_names,
            unit_id=await find_by_code(Unit, command.unit, "unit") if command.unit else None,
            category=command.category,
        )
        facts = {"name": f"{person.rank} {person.family_name}", "service_number": person.service_number}
        await append(await change(person, changes, REGISTRY, EventType.PERSON_CHANGED, Subject.PERSON, facts, person_id=person.id))
        return [person.id]

    return await perform("editPerson", command.request_id, command, decide)


async def change_duty_status(command: ChangeDutyStatus) -> Answer | Refused:
    """Change a person's duty status; a person who holds anything cannot be separated."""
    require(Role.ARMS_ROOM_OFFICER, Role.COMMANDER)

    async def decide() -> Sequence[UUID]:
        person = await lock_row(Person, command.person_id, command.expected_version)
        open_records = CustodyRecord.filter(holder_id=person.id, closed_at=None).order_by("issued_at")
        held = [(str(serial), armory_id) for serial, armory_id in await open_records.values_list("item__serial", "armory_id")]
        ours = [serial for serial, armory_id in held if current_actor().may_see(armory_id)]
        name = f"{person.rank} {person.family_name}"
        refuse(duty_status_refusals(name, command.duty_status, ours, len(held)))
        facts = {"name": name, "service_number": person.service_number, "reason": command.reason}
        changes = {"duty_status": command.duty_status}
        await append(await change(person, changes, REGISTRY, EventType.DUTY_STATUS_CHANGED, Subject.PERSON, facts, person_id=person.id))
        return [person.id]

    return await perform("changeDutyStatus", command.request_id, command, decide)
