"""Who may draw what: bars from arms, the master authorization list, qualifications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from uuid_utils.compat import uuid7

from graph.audit.actor import current_actor
from graph.audit.ledger import append, database_time
from graph.commands.perform import Answer, later, perform, require
from graph.commands.references import ItemRef, PersonRef, find_items, find_person, one
from graph.commands.rows import change, lock_row, register
from graph.errors import Refusal, RefusalCode, Refused, refuse
from graph.models.eligibility import Authorization, Qualification
from graph.models.items import Item, ItemModel
from graph.models.ledger import REGISTRY
from graph.models.people import Person
from graph.rules.people import bar_refusals, full_name, spell_refusals
from graph.words import AUTHORITY, EventType, Role, Subject

R = TypeVar("R", Authorization, Qualification)


@dataclass(frozen=True)
class ImposeArmsBar:
    """A person draws nothing from now on, until a moment or until the bar is lifted."""

    request_id: UUID
    person: PersonRef
    reason: str
    until: datetime | None = None
    expected_version: int | None = None


@dataclass(frozen=True)
class LiftArmsBar:
    """A person is barred no longer, and why."""

    request_id: UUID
    person: PersonRef
    reason: str
    expected_version: int | None = None


@dataclass(frozen=True)
class Authorize:
    """A person may draw an item, or every item of a nomenclature, on these dates, both included.

    With a weapons card it is drawn by surrendering that.
    """

    request_id: UUID
    person: PersonRef
    valid_from: date
    valid_until: date | None = None
    item: ItemRef | None = None
    model_id: UUID | None = None
    card_number: str | None = later()


@dataclass(frozen=True)
class RecordQualification:
    """A person has qualified, and is qualified on these dates, both included."""

    request_id: UUID
    person: PersonRef
    code: str
    qualified_on: date
    expires_on: date | None = None


@dataclass(frozen=True)
class Revoke:
    """An authorization or a qualification is worth nothing any more, and why."""

    request_id: UUID
    id: UUID
    reason: str
    expected_version: int | None = None


async def impose_arms_bar(command: ImposeArmsBar) -> Answer | Refused:
    """Bar a person from arms. What the person holds stays with them until it is returned (INV-5)."""
    require(*AUTHORITY)

    async def decide() -> Sequence[UUID]:
        person = await _lock_person(command.person, command.expected_version)
        refuse(bar_refusals(command.until, await database_time()))
        changes = {"arms_bar_reason": command.reason, "arms_bar_until": command.until}
        return await _say_of(person, changes, EventType.ARMS_BAR_IMPOSED, command.reason)

    return await perform("imposeArmsBar", command.request_id, command, decide)


async def lift_arms_bar(command: LiftArmsBar) -> Answer | Refused:
    """Lift a person's bar from arms."""
    require(*AUTHORITY)

    async def decide() -> Sequence[UUID]:
        person = await _lock_person(command.person, command.expected_version)
        if person.arms_bar_reason is None:
            refuse([Refusal(RefusalCode.STATE_NOT_ALLOWED, f"{_name(person)} is not barred from arms.", path="person")])
        changes = {"arms_bar_reason": None, "arms_bar_until": None}
        return await _say_of(person, changes, EventType.ARMS_BAR_LIFTED, command.reason)

    return await perform("liftArmsBar", command.request_id, command, decide)


async def _say_of(person: Person, changes: Mapping[str, object], type_: EventType, reason: str) -> Sequence[UUID]:
    facts = {"name": _name(person), "service_number": person.service_number, "reason": reason}
    await append(await change(person, changes, REGISTRY, type_, Subject.PERSON, facts, person_id=person.id))
    return [person.id]


async def authorize(command: Authorize) -> Answer | Refused:
    """Put a line on the master authorization list."""
    require(Role.ARMS_ROOM_OFFICER)

    async def decide() -> Sequence[UUID]:
        person = await _lock_person(command.person)
        refuse(spell_refusals(command.valid_from, command.valid_until, "validUntil"))
        item_id, what = await _authorized(command)
        line = Authorization(
            id=uuid7(),
            person_id=person.id,
            model_id=command.model_id,
            item_id=item_id,
            valid_from=command.valid_from,
            valid_until=command.valid_until,
            card_number=command.card_number,
        )
        facts = {"name": _name(person), "service_number": person.service_number, **what}
        event = await register(
            line, REGISTRY, EventType.AUTHORIZATION_GRANTED, Subject.AUTHORIZATION, facts, person_id=person.id, item_id=item_id
        )
        dates = _dates(command.valid_from, command.valid_until)
        await append(replace(event, summary=f"{_name(person)} ({person.service_number}) authorized for {_of(what)}, {dates}."))
        return [line.id]

    return await perform("authorize", command.request_id, command, decide)


async def revoke_authorization(command: Revoke) -> Answer | Refused:
    """Take a line off the master authorization list: it stays on record as revoked."""
    require(Role.ARMS_ROOM_OFFICER)

    async def decide() -> Sequence[UUID]:
        line = await _lock_standing(Authorization, command)
        person, what = await Person.get(id=line.person_id), await _what(line.item_id, line.model_id)
        facts = {"name": _name(person), "service_number": person.service_number, **what, "reason": command.reason}
        about = {"person_id": person.id, "item_id": line.item_id}
        event = await change(
            line, {"revoked_at": await database_time()}, REGISTRY, EventType.AUTHORIZATION_REVOKED, Subject.AUTHORIZATION, facts, **about
        )
        await append(replace(event, summary=f"{_name(person)} ({person.service_number}) no longer authorized for {_of(what)}."))
        return [line.id]

    return await perform("revokeAuthorization", command.request_id, command, decide)


async def record_qualification(command: RecordQualification) -> Answer | Refused:
    """Record that a person has qualified."""
    require(*AUTHORITY)

    async def decide() -> Sequence[UUID]:
        person = await _lock_person(command.person)
        refuse(spell_refusals(command.qualified_on, command.expires_on, "expiresOn"))
        qualification = Qualification(
            id=uuid7(),
            person_id=person.id,
            code=command.code,
            qualified_on=command.qualified_on,
            expires_on=command.expires_on,
        )
        facts = {"name": _name(person), "service_number": person.service_number}
        event = await register(qualification, REGISTRY, EventType.QUALIFICATION_RECORDED, Subject.QUALIFICATION, facts, person_id=person.id)
        dates = _dates(command.qualified_on, command.expires_on)
        await append(replace(event, summary=f"{_name(person)} ({person.service_number}) qualified: {command.code}, {dates}."))
        return [qualification.id]

    return await perform("recordQualification", command.request_id, command, decide)


async def revoke_qualification(command: Revoke) -> Answer | Refused:
    """Revoke a qualification: it stays on record as revoked."""
    require(*AUTHORITY)

    async def decide() -> Sequence[UUID]:
        qualification = await _lock_standing(Qualification, command)
        person = await Person.get(id=qualification.person_id)
        facts = {"name": _name(person), "service_number": person.service_number, "code": qualification.code, "reason": command.reason}
        changes = {"revoked_at": await database_time()}
        event = await change(
            qualification, changes, REGISTRY, EventType.QUALIFICATION_REVOKED, Subject.QUALIFICATION, facts, person_id=person.id
        )
        await append(replace(event, summary=f"{_name(person)} ({person.service_number}) no longer qualified: {qualification.code}."))
        return [qualification.id]

    return await perform("revokeQualification", command.request_id, command, decide)


async def _lock_person(ref: PersonRef, expected_version: int | None = None) -> Person:
    """The person under their lock, which every draw takes first: none slips by while a fact about them changes."""
    return await lock_row(Person, one(await find_person(ref, "person")), expected_version)


async def _lock_standing(model: type[R], command: Revoke) -> R:
    found = await model.get_or_none(id=command.id)
    if found is not None:
        await lock_row(Person, found.person_id)
    row = await lock_row(model, command.id, command.expected_version)
    if row.revoked_at is not None:
        refuse([Refusal(RefusalCode.STATE_NOT_ALLOWED, f"It was revoked at {row.revoked_at:%Y-%m-%d %H:%M} UTC.", since=row.revoked_at)])
    return row


async def _authorized(command: Authorize) -> tuple[UUID | None, dict[str, str]]:
    """What is authorized: the item, if it is one, and what it is called."""
    if command.item is not None:
        found = await find_items([command.item])
        refuse([replace(refusal, line=None, path="item") for refusal in found.refusals])
        return found.by_line[0], await _what(found.by_line[0], None)
    if await ItemModel.get_or_none(id=command.model_id) is None:
        refuse([Refusal(RefusalCode.UNKNOWN_CODE, "There is no such nomenclature.", path="model")])
    return None, await _what(None, command.model_id)


async def _what(item_id: UUID | None, model_id: UUID | None) -> dict[str, str]:
    if item_id is None:
        model = await ItemModel.get(id=model_id)
        return {"model": model.nomenclature}
    item = await Item.get(id=item_id).prefetch_related("model")
    if not current_actor().may_see(item.armory_id):
        refuse([Refusal(RefusalCode.OUT_OF_SCOPE, "This item is not on the book of your arms rooms.", path="item")])
    return {"model": item.model.nomenclature, "serial": item.serial}


def _of(what: dict[str, str]) -> str:
    return f"{what['model']} {what['serial']}" if "serial" in what else f"every {what['model']}"


def _dates(first: date, last: date | None) -> str:
    return f"from {first} to {last}" if last is not None else f"from {first} on"


def _name(person: Person) -> str:
    return full_name(person.rank, person.family_name, person.given_names)
