"""Nomenclatures, items, tags, and the way to maintenance and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from graph.audit.actor import current_actor
from graph.audit.ledger import append, database_time
from graph.commands.perform import Answer, perform, require
from graph.commands.references import ItemRef, PersonRef, find_by_code, find_items, find_person, one
from graph.commands.rows import change, given, lock_row, register
from graph.errors import Refusal, RefusalCode, Refused, refuse
from graph.models.armory import Armory
from graph.models.items import Item, ItemModel, Tag
from graph.models.ledger import REGISTRY
from graph.models.people import Person
from graph.rules.items import maintenance_refusals, serial_key
from graph.rules.keys import number_key
from graph.words import COUNTER, CustodyState, EventType, ItemCategory, Serviceability, Slot, Subject


@dataclass(frozen=True)
class RegisterItemModel:
    """A nomenclature of a manufacturer."""

    request_id: UUID
    nomenclature: str
    manufacturer: str
    category: ItemCategory
    slot: Slot
    caliber: str | None = None
    nsn: str | None = None
    required_qualification: str | None = None


@dataclass(frozen=True)
class EditItemModel:
    """Changes of a nomenclature; what is None stays."""

    request_id: UUID
    model_id: UUID
    expected_version: int | None = None
    category: ItemCategory | None = None
    slot: Slot | None = None
    caliber: str | None = None
    nsn: str | None = None
    required_qualification: str | None = None


@dataclass(frozen=True)
class RegisterItem:
    """An item on the book of an arms room (by its code)."""

    request_id: UUID
    model_id: UUID
    serial: str
    armory: str
    rack: str | None = None
    serviceability: Serviceability = Serviceability.SERVICEABLE
    round_count: int = 0


@dataclass(frozen=True)
class EditItem:
    """Changes of an item's place in the room or its serviceability; what is None stays."""

    request_id: UUID
    item_id: UUID
    expected_version: int | None = None
    rack: str | None = None
    serviceability: Serviceability | None = None
    reason: str | None = None


@dataclass(frozen=True)
class MoveItem:
    """To maintenance, or back with the serviceability that it has now."""

    request_id: UUID
    item: ItemRef
    reason: str
    expected_version: int | None = None
    serviceability: Serviceability | None = None


@dataclass(frozen=True)
class AssignTag:
    """A new code for an item or a person."""

    request_id: UUID
    code: str
    item: ItemRef | None = None
    person: PersonRef | None = None


@dataclass(frozen=True)
class RevokeTag:
    """A code that is lost or worn: it names nothing any more, and is never given out again."""

    request_id: UUID
    code: str
    reason: str


async def register_item_model(command: RegisterItemModel) -> Answer | Refused:
    """Register a nomenclature."""
    require(*COUNTER)

    async def decide() -> Sequence[UUID]:
        model = ItemModel(
            id=uuid7(),
            nomenclature=command.nomenclature,
            manufacturer=command.manufacturer,
            manufacturer_key=number_key(command.manufacturer),
            category=command.category,
            slot=command.slot,
            caliber=command.caliber,
            nsn=command.nsn,
            required_qualification=command.required_qualification,
        )
        await append(await register(model, REGISTRY, EventType.ITEM_MODEL_REGISTERED, Subject.ITEM_MODEL, {}))
        return [model.id]

    return await perform("registerItemModel", command.request_id, command, decide)


async def edit_item_model(command: EditItemModel) -> Answer | Refused:
    """Change what is known of a nomenclature."""
    require(*COUNTER)

    async def decide() -> Sequence[UUID]:
        model = await lock_row(ItemModel, command.model_id, command.expected_version)
        changes = given(
            category=command.category,
            slot=command.slot,
            caliber=command.caliber,
            nsn=command.nsn,
            required_qualification=command.required_qualification,
        )
        facts = {"nomenclature": model.nomenclature, "manufacturer": model.manufacturer}
        await append(await change(model, changes, REGISTRY, EventType.ITEM_MODEL_CHANGED, Subject.ITEM_MODEL, facts))
        return [model.id]

    return await perform("editItemModel", command.request_id, command, decide)


async def register_item(command: RegisterItem) -> Answer | Refused:
    """Bring an item onto the book of an arms room."""
    require(*COUNTER)

    async def decide() -> Sequence[UUID]:
        armory_id = await find_by_code(Armory, command.armory, "armory")
        _refuse_out_of_scope(armory_id, "armory")
        model = await ItemModel.get_or_none(id=command.model_id)
        if model is None:
            raise Refused([Refusal(RefusalCode.UNKNOWN_CODE, "There is no such item model.", path="model")])
        item = Item(
            id=uuid7(),
            model_id=model.id,
            manufacturer_key=model.manufacturer_key,
            serial=command.serial,
            serial_key=serial_key(command.serial),
            armory_id=armory_id,
            rack=command.rack,
            serviceability=command.serviceability,
            round_count=command.round_count,
        )
        facts = {"model": model.nomenclature, "armory": command.armory.strip().upper()}
        await append(await register(item, str(armory_id), EventType.ITEM_REGISTERED, Subject.ITEM, facts, item_id=item.id))
        return [item.id]

    return await perform("registerItem", command.request_id, command, decide)


async def edit_item(command: EditItem) -> Answer | Refused:
    """Change an item's place in the room or its serviceability. Where it is, only custody says (INV-2)."""
    require(*COUNTER)

    async def decide() -> Sequence[UUID]:
        item = await _lock_item(command.item_id, command.expected_version)
        changes = given(rack=command.rack, serviceability=command.serviceability)
        await append(await _item_changed(item, changes, EventType.ITEM_CHANGED, {"reason": command.reason}))
        return [item.id]

    return await perform("editItem", command.request_id, command, decide)


async def send_to_maintenance(command: MoveItem) -> Answer | Refused:
    """Send an item from the room to maintenance."""
    return await _move("sendToMaintenance", command, CustodyState.IN_MAINTENANCE, EventType.ITEM_SENT_TO_MAINTENANCE)


async def return_from_maintenance(command: MoveItem) -> Answer | Refused:
    """Take an item back from maintenance into the room."""
    return await _move("returnFromMaintenance", command, CustodyState.IN_ROOM, EventType.ITEM_BACK_FROM_MAINTENANCE)


async def _move(name: str, command: MoveItem, wanted: CustodyState, event: EventType) -> Answer | Refused:
    require(*COUNTER)

    async def decide() -> Sequence[UUID]:
        item = await _lock_item(await _item_id(command.item), command.expected_version)
        refuse(maintenance_refusals(item.serial, item.state, wanted))
        changes = given(state=wanted, serviceability=command.serviceability)
        await append(await _item_changed(item, changes, event, {"reason": command.reason}))
        return [item.id]

    return await perform(name, command.request_id, command, decide)


async def assign_tag(command: AssignTag) -> Answer | Refused:
    """Give an item or a person a new code."""
    require(*COUNTER)

    async def decide() -> Sequence[UUID]:
        item = await _lock_item(await _item_id(command.item), None) if command.item else None
        person = await Person.get(id=one(await find_person(command.person, "person"))) if command.person else None
        tag = Tag(id=uuid7(), code=command.code.strip(), item_id=item.id if item else None, person_id=person.id if person else None)
        stream = str(item.armory_id) if item else REGISTRY
        facts = {"serial": item.serial if item else None, "service_number": person.service_number if person else None}
        about = {"item_id": tag.item_id, "person_id": tag.person_id}
        await append(await register(tag, stream, EventType.TAG_ASSIGNED, Subject.TAG, facts, **about))
        return [tag.id]

    return await perform("assignTag", command.request_id, command, decide)


async def revoke_tag(command: RevokeTag) -> Answer | Refused:
    """Revoke a code."""
    require(*COUNTER)

    async def decide() -> Sequence[UUID]:
        known = await Tag.get_or_none(code=command.code.strip())
        if known is None:
            raise Refused([Refusal(RefusalCode.UNKNOWN_CODE, f"The code {command.code} is not known.", path="code")])
        item = await _lock_item(known.item_id, None) if known.item_id else None
        tag = await lock_row(Tag, known.id)
        if tag.revoked_at is not None:
            message = f"The code {tag.code} was revoked already."
            raise Refused([Refusal(RefusalCode.CODE_REVOKED, message, path="code", since=tag.revoked_at)])
        stream = str(item.armory_id) if item else REGISTRY
        changes = {"revoked_at": await database_time()}
        about = {"item_id": tag.item_id, "person_id": tag.person_id}
        facts = {"code": tag.code, "reason": command.reason}
        await append(await change(tag, changes, stream, EventType.TAG_REVOKED, Subject.TAG, facts, **about))
        return [tag.id]

    return await perform("revokeTag", command.request_id, command, decide)


async def _item_id(ref: ItemRef) -> UUID:
    found = await find_items([ref])
    refuse([Refusal(refusal.code, refusal.message, path="item", since=refusal.since) for refusal in found.refusals])
    return found.by_line[0]


async def _lock_item(item_id: UUID, expected_version: int | None) -> Item:
    known = await Item.get_or_none(id=item_id)
    if known is not None:
        _refuse_out_of_scope(known.armory_id, "item")
    return await lock_row(Item, item_id, expected_version)


def _refuse_out_of_scope(armory_id: UUID, path: str) -> None:
    if not current_actor().may_see(armory_id):
        raise Refused([Refusal(RefusalCode.OUT_OF_SCOPE, "This is not on the book of your arms rooms.", path=path)])


async def _item_changed(item: Item, changes: dict[str, Any], event: EventType, facts: dict[str, Any]) -> Any:
    model = await ItemModel.get(id=item.model_id)
    about = {"serial": item.serial, "model": model.nomenclature, **facts}
    return await change(item, changes, str(item.armory_id), event, Subject.ITEM, about, item_id=item.id)
