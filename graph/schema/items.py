"""Nomenclatures, items and tags."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from graph.commands import items as commands
from graph.commands.references import ItemRef, PersonRef
from graph.errors import BadInput
from graph.resolvers import items as tables
from graph.rules.texts import code
from graph.rules.texts import text as clean_text
from graph.schema.armory import Armory
from graph.schema.base import (
    After,
    Before,
    Connection,
    First,
    Last,
    Node,
    described,
    follow,
    follow_all,
    follow_one,
    id_of,
    node,
    optional,
    pages,
)
from graph.schema.inputs import clean, command_of
from graph.schema.people import Person
from graph.schema.refusals import Refused, saved
from graph.words import CustodyState, ItemCategory, Serviceability, Slot

if TYPE_CHECKING:
    from graph.schema.custody import CustodyRecord
    from graph.schema.ledger import LedgerEvent


@node(tables.ITEM_MODEL, "A nomenclature of one manufacturer.")
class ItemModel(Node):
    """See the description."""

    nomenclature: str = described("What it is called.")
    manufacturer: str = described("Who made it.")
    category: ItemCategory = described("Its category.")
    slot: Slot = described("How it is carried.")
    caliber: str | None = described("Its caliber.")
    nsn: str | None = described("Its national stock number.")
    required_qualification: str | None = described("The code of the qualification that it takes, where the arms room asks for it.")
    version: int = described("Counts the changes; give it as `expectedVersion`.")


@node(tables.ITEM, "One serial-numbered, sensitive item.")
class Item(Node):
    """See the description."""

    serial: str = described("The serial as it is marked.")
    rack: str | None = described("Its place in the arms room.")
    state: CustodyState = described("Where it is.")
    serviceability: Serviceability = described("What state it is in.")
    round_count: int = described("Rounds fired in its life, as far as they were recorded.")
    version: int = described("Counts the changes; give it as `expectedVersion`.")

    @strawberry.field(description="Its nomenclature.")
    async def model(self) -> ItemModel:
        return await follow_one(self, "model", ItemModel)

    @strawberry.field(description="The arms room on whose book it is.")
    async def armory(self) -> Armory:
        return await follow_one(self, "armory", Armory)

    @strawberry.field(description="Who has it now: null when it is not issued.")
    async def open_custody(self) -> Annotated[CustodyRecord, strawberry.lazy("graph.schema.custody")] | None:
        from graph.schema.custody import CustodyRecord

        return await follow(self, "open_custody", CustodyRecord)

    @strawberry.field(description="Every custody record of it in scope, the newest first.")
    async def history(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated[CustodyRecord, strawberry.lazy("graph.schema.custody")]]:
        return await pages(self, "history", first, after, last, before)

    @strawberry.field(description="The ledger's events about it in scope, the newest first.")
    async def events(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated[LedgerEvent, strawberry.lazy("graph.schema.ledger")]]:
        return await pages(self, "events", first, after, last, before)

    @strawberry.field(description="The codes on it, revoked ones too.")
    async def tags(self) -> list[Tag]:
        return await follow_all(self, "tags", Tag)


@node(tables.TAG, "A code on a badge or an item: it names one target for ever.")
class Tag(Node):
    """See the description."""

    code: str = described("The code as it is printed; leading zeros count.")
    revoked_at: datetime | None = described("When it was revoked: it names nothing any more.")
    version: int = described("Counts the changes.")

    @strawberry.field(description="The item that it is on, if it is on one in scope.")
    async def item(self) -> Item | None:
        return await follow(self, "item", Item)

    @strawberry.field(description="The person whose badge it is, if it is a badge.")
    async def person(self) -> Person | None:
        return await follow(self, "person", Person)


ScanResult = Annotated[
    Item | Person | Refused, strawberry.union("ScanResult", description="What a scanned code names, or why it names nothing.")
]


@strawberry.input(one_of=True, description="An item, by one of these.")
class ItemRefInput:
    """See the description."""

    id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Its id.")
    serial: str | None = strawberry.field(default=strawberry.UNSET, description="Its serial, in whatever way it is written.")
    tag: str | None = strawberry.field(default=strawberry.UNSET, description="The code of its tag.")


@strawberry.input(one_of=True, description="A person, by one of these.")
class PersonRefInput:
    """See the description."""

    id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="The person's id.")
    service_number: str | None = strawberry.field(
        default=strawberry.UNSET, description="The service number, in whatever way it is written."
    )
    badge: str | None = strawberry.field(default=strawberry.UNSET, description="The code of the badge.")


def item_ref(asked: ItemRefInput) -> ItemRef:
    """The reference to an item that an input has."""
    if isinstance(asked.id, str):
        return ItemRef(id=id_of("Item", asked.id))
    serial = clean("serial", asked.serial) if isinstance(asked.serial, str) else None
    return ItemRef(serial=serial, tag=clean("tag", asked.tag) if isinstance(asked.tag, str) else None)


def person_ref(asked: PersonRefInput) -> PersonRef:
    """The reference to a person that an input has."""
    if isinstance(asked.id, str):
        return PersonRef(id=id_of("Person", asked.id))
    number = clean("service_number", asked.service_number) if isinstance(asked.service_number, str) else None
    return PersonRef(service_number=number, badge=clean("badge", asked.badge) if isinstance(asked.badge, str) else None)


@strawberry.type(description="A nomenclature as it is now on the book.")
class ItemModelSaved:
    """The answer of a command about a nomenclature."""

    item_model: ItemModel = described("The nomenclature.")


@strawberry.type(description="An item as it is now on the book.")
class ItemSaved:
    """The answer of a command about an item."""

    item: Item = described("The item.")


@strawberry.type(description="A tag as it is now on the book.")
class TagSaved:
    """The answer of a command about a tag."""

    tag: Tag = described("The tag.")


ItemModelResult = Annotated[
    ItemModelSaved | Refused, strawberry.union("ItemModelResult", description="The nomenclature, or why nothing was written.")
]
ItemResult = Annotated[ItemSaved | Refused, strawberry.union("ItemResult", description="The item, or why nothing was written.")]
TagResult = Annotated[TagSaved | Refused, strawberry.union("TagResult", description="The tag, or why nothing was written.")]


@strawberry.input(description="A new nomenclature.")
class RegisterItemModelInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    nomenclature: str = described("What it is called; unique for the manufacturer.")
    manufacturer: str = described("Who made it.")
    category: ItemCategory = described("Its category.")
    slot: Slot = described("How it is carried.")
    caliber: str | None = optional("Its caliber.")
    nsn: str | None = optional("Its national stock number.")
    required_qualification: str | None = optional("The code of the qualification that whoever draws must have.")


@strawberry.input(description="Changes of a nomenclature; what is not given stays.")
class EditItemModelInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    id: strawberry.ID = described("The nomenclature.")
    expected_version: int | None = optional("Refuse if it has changed since this version.")
    category: ItemCategory | None = optional("Its category.")
    slot: Slot | None = optional("How it is carried.")
    caliber: str | None = optional("Its caliber.")
    nsn: str | None = optional("Its national stock number.")
    required_qualification: str | None = optional("The code of the qualification that whoever draws must have.")


@strawberry.input(description="A new item on the book of an arms room.")
class RegisterItemInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    model: strawberry.ID = described("Its nomenclature.")
    serial: str = described("The serial as it is marked; unique for the manufacturer, for ever.")
    armory: str = described("The code of the arms room.")
    rack: str | None = optional("Its place in the arms room.")
    serviceability: Serviceability = strawberry.field(default=Serviceability.SERVICEABLE, description="What state it is in.")
    round_count: int = strawberry.field(default=0, description="Rounds fired so far, as far as they are known.")


@strawberry.input(description="Changes of an item; what is not given stays. Where the item is, only custody says.")
class EditItemInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    id: strawberry.ID = described("The item.")
    expected_version: int | None = optional("Refuse if it has changed since this version.")
    rack: str | None = optional("Its place in the arms room.")
    serviceability: Serviceability | None = optional("What state it is in.")
    reason: str | None = optional("Why.")


@strawberry.input(description="The way of an item to maintenance, or back.")
class MaintenanceInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    item: ItemRefInput = described("The item.")
    reason: str = described("What is to be done, or was done.")
    expected_version: int | None = optional("Refuse if it has changed since this version.")
    serviceability: Serviceability | None = optional("What state it is in now.")


@strawberry.input(description="A new code for an item or a person: give one of the two.")
class AssignTagInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    code: str = described("The code as it is printed: up to 256 characters, never given out before.")
    item: ItemRefInput | None = optional("The item that it goes on.")
    person: PersonRefInput | None = optional("The person whose badge it goes on.")


@strawberry.input(description="A code that names nothing any more.")
class RevokeTagInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    code: str = described("The code.")
    reason: str = described("Why.")


async def register_item_model(asked: RegisterItemModelInput) -> ItemModelSaved | Refused:
    """Register a nomenclature."""
    answer = await commands.register_item_model(command_of(commands.RegisterItemModel, asked, required_qualification=_qualification(asked)))
    return saved(answer, ItemModel, lambda model: ItemModelSaved(item_model=model))


async def edit_item_model(asked: EditItemModelInput) -> ItemModelSaved | Refused:
    """Edit a nomenclature."""
    read = {"model_id": id_of("ItemModel", asked.id), "required_qualification": _qualification(asked)}
    answer = await commands.edit_item_model(command_of(commands.EditItemModel, asked, **read))
    return saved(answer, ItemModel, lambda model: ItemModelSaved(item_model=model))


def _qualification(asked: RegisterItemModelInput | EditItemModelInput) -> str | None:
    return code(asked.required_qualification) if asked.required_qualification is not None else None


async def register_item(asked: RegisterItemInput) -> ItemSaved | Refused:
    """Register an item."""
    answer = await commands.register_item(command_of(commands.RegisterItem, asked, model_id=id_of("ItemModel", asked.model)))
    return saved(answer, Item, lambda item: ItemSaved(item=item))


async def edit_item(asked: EditItemInput) -> ItemSaved | Refused:
    """Edit an item."""
    answer = await commands.edit_item(command_of(commands.EditItem, asked, item_id=id_of("Item", asked.id)))
    return saved(answer, Item, lambda item: ItemSaved(item=item))


async def send_to_maintenance(asked: MaintenanceInput) -> ItemSaved | Refused:
    """Send an item to maintenance."""
    answer = await commands.send_to_maintenance(command_of(commands.MoveItem, asked, item=item_ref(asked.item)))
    return saved(answer, Item, lambda item: ItemSaved(item=item))


async def return_from_maintenance(asked: MaintenanceInput) -> ItemSaved | Refused:
    """Take an item back from maintenance."""
    answer = await commands.return_from_maintenance(command_of(commands.MoveItem, asked, item=item_ref(asked.item)))
    return saved(answer, Item, lambda item: ItemSaved(item=item))


async def assign_tag(asked: AssignTagInput) -> TagSaved | Refused:
    """Assign a tag."""
    if (asked.item is None) == (asked.person is None):
        raise BadInput("Give either item or person.")
    item = item_ref(asked.item) if asked.item else None
    person = person_ref(asked.person) if asked.person else None
    code = clean_text("code", asked.code, longest=256)
    answer = await commands.assign_tag(command_of(commands.AssignTag, asked, code=code, item=item, person=person))
    return saved(answer, Tag, lambda tag: TagSaved(tag=tag))


async def revoke_tag(asked: RevokeTagInput) -> TagSaved | Refused:
    """Revoke a tag."""
    code = clean_text("code", asked.code, longest=256)
    answer = await commands.revoke_tag(command_of(commands.RevokeTag, asked, code=code))
    return saved(answer, Tag, lambda tag: TagSaved(tag=tag))
