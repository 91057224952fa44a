"""What a command at the counter stands on: the rows that are meant, under their locks, and the facts that the rules ask for."""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.functions import Max

from graph.audit.actor import current_actor
from graph.audit.ledger import back_since, changes_since, database_time
from graph.commands.references import ItemRef, PersonRef, find_items, find_person, with_code
from graph.errors import Refusal
from graph.models.armory import Armory
from graph.models.custody import CustodyRecord, Purpose
from graph.models.items import Item, ItemModel, items_select_for_update
from graph.models.ledger import StreamHead, heads_select_for_update
from graph.models.people import Person, people_select_for_update
from graph.rules.custody import Line, OpenCustody, Receiver, Room
from graph.words import Slot


@dataclass(frozen=True)
class Meant:
    """What a command's references name: items by their line, people by the field that names them, the purpose; and what names none."""

    items: Mapping[int, UUID]
    people: Mapping[str, UUID]
    purpose: Purpose | None
    refusals: Sequence[Refusal]


@dataclass(frozen=True)
class Counter:
    """The rows of a command under their locks, and the time that it is now."""

    lines: Sequence[Line]
    people: Mapping[str, Person]
    items: Mapping[UUID, Item]
    records: Mapping[UUID, CustodyRecord]
    heads: Mapping[str, StreamHead]
    now: datetime
    models: Mapping[UUID, ItemModel]
    rooms: Mapping[UUID, Room]

    def facts(self, item: Item, holder: Person) -> dict[str, object]:
        """What makes an event understood alone: serial, model, arms room and holder as they are called."""
        model, room = self.models[item.model_id], self.rooms[item.armory_id]
        return {"serial": item.serial, "model": model.nomenclature, "armory": room.code, "holder": facts_of(holder)}


async def find(items: Sequence[ItemRef], people: Mapping[str, PersonRef], purpose: str | None = None) -> Meant:
    """The rows that are meant; a reference that names none is one refusal more, and the rest is decided all the same."""
    found = await find_items(items)
    persons = {path: await find_person(ref, path) for path, ref in people.items()}
    duty = await with_code(Purpose, purpose, "purpose") if purpose is not None else None
    wrong = [unknown for unknown in (*persons.values(), duty) if isinstance(unknown, Refusal)]
    known = {path: person for path, person in persons.items() if isinstance(person, UUID)}
    return Meant(found.by_line, known, duty if isinstance(duty, Purpose) else None, [*wrong, *found.refusals])


async def lock(meant: Meant, expected: Sequence[int | None]) -> Counter:
    """Lock people, items and the heads of their streams, each in order, and gather what the rules ask for."""
    people = {person.id: person for person in await people_select_for_update(sorted(set(meant.people.values())))} if meant.people else {}
    items = {item.id: item for item in await items_select_for_update(sorted(set(meant.items.values())))}
    models = {model.id: model for model in await ItemModel.filter(id__in={item.model_id for item in items.values()})}
    opened = await CustodyRecord.filter(item_id__in=list(items), closed_at=None).select_related("holder")
    closed = CustodyRecord.filter(item_id__in=list(items)).exclude(closed_at=None).annotate(last=Max("closed_at")).group_by("item_id")
    back = await back_since(list(items))
    # Whether a room is open is read under its stream's head: who closes it takes the same lock.
    streams = sorted({str(item.armory_id) for item in items.values()})
    heads = {head.stream: head for head in await heads_select_for_update(streams)}
    rooms = {armory.id: room_of(armory) for armory in await Armory.filter(id__in=streams)}
    records, last = {record.item_id: record for record in opened}, dict(await closed.values_list("item_id", "last"))
    lines = [
        Line(
            line=line,
            item_id=item_id,
            serial=items[item_id].serial,
            category=models[items[item_id].model_id].category,
            slot=models[items[item_id].model_id].slot,
            state=items[item_id].state,
            serviceability=items[item_id].serviceability,
            room=rooms[items[item_id].armory_id],
            version=items[item_id].version,
            expected_version=expected[line],
            custody=_custody(records.get(item_id)),
            in_room_since=max(filter(None, (last.get(item_id), back.get(item_id))), default=None),
            changes=await _changes(items[item_id], expected[line]),
            in_scope=current_actor().may_see(items[item_id].armory_id),
        )
        for line, item_id in meant.items.items()
    ]
    by_path = {path: people[person_id] for path, person_id in meant.people.items()}
    return Counter(lines, by_path, items, records, heads, await database_time(), models, rooms)


async def receiver(person: Person | None) -> Receiver | None:
    """Who is to draw, with what they hold now, over all arms rooms; nobody if it is not known who."""
    if person is None:
        return None
    held = await CustodyRecord.filter(holder_id=person.id, closed_at=None).values_list("item__model__slot", flat=True)
    return Receiver(person.id, name_of(person), person.duty_status, collections.Counter(Slot(str(slot)) for slot in held))


def room_of(armory: Armory) -> Room:
    """An arms room as the rules see it."""
    limits = {Slot.SIDEARM: armory.sidearm_limit, Slot.LONG_GUN: armory.long_gun_limit}
    return Room(armory.id, armory.code, armory.state, limits, timedelta(hours=armory.temporary_limit_hours))


def name_of(person: Person) -> str:
    """A person as a receipt names them."""
    return f"{person.rank} {person.family_name}, {person.given_names}".strip()


def facts_of(person: Person) -> dict[str, object]:
    """A person as an event names them."""
    return {"id": person.id, "name": name_of(person), "service_number": person.service_number}


def _custody(record: CustodyRecord | None) -> OpenCustody | None:
    return OpenCustody(record.receipt_number, record.holder_id, name_of(record.holder), record.issued_at) if record else None


async def _changes(item: Item, expected: int | None) -> tuple[str, ...]:
    """What has happened to an item since the version that a page shows."""
    if expected is None or expected == item.version:
        return ()
    return await changes_since(item.id, item.version - expected)
