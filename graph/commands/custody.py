"""Issue and return: take the locks, gather the facts, ask the rule, write, say what happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from graph.audit.actor import current_actor
from graph.audit.ledger import Event, append, changes_since, database_time
from graph.commands.perform import Answer, perform, require
from graph.commands.references import Found, ItemRef, PersonRef, find_items, find_person
from graph.commands.rows import alter, given, row_of
from graph.errors import Refusal, RefusalCode, Refused, refuse
from graph.models.armory import Armory
from graph.models.custody import CustodyRecord, Purpose
from graph.models.items import Item, ItemModel, items_select_for_update
from graph.models.ledger import StreamHead, heads_select_for_update
from graph.models.people import Person, people_select_for_update
from graph.rules.custody import Bringer, Line, OpenCustody, Receiver, Room, Terms, due_time, issue_refusals, return_refusals
from graph.rules.items import serviceability_after_return
from graph.words import CloseReason, CustodyState, EventType, IssueType, ItemCategory, Role, Serviceability, Slot, Subject

COUNTER = (Role.ARMORER, Role.ARMS_ROOM_OFFICER)


@dataclass(frozen=True)
class IssueLine:
    """One item to draw; with `expected_version` only if nothing has changed it since."""

    item: ItemRef
    expected_version: int | None = None


@dataclass(frozen=True)
class IssueItems:
    """A draw. `effective_at` is when the hands touched, if that was earlier than now."""

    request_id: UUID
    holder: PersonRef
    lines: tuple[IssueLine, ...]
    purpose: str | None = None
    issue_type: IssueType | None = None
    due_at: datetime | None = None
    note: str | None = None
    effective_at: datetime | None = None


@dataclass(frozen=True)
class ReturnLine:
    """One item that comes back. Without `condition` it is as it stands on the book; `rounds_fired` adds to its round count."""

    item: ItemRef
    expected_version: int | None = None
    condition: Serviceability | None = None
    rounds_fired: int | None = None


@dataclass(frozen=True)
class ReturnItems:
    """A return. Without `brought_by`, each holder brought their own; `holder`, if given, is checked."""

    request_id: UUID
    lines: tuple[ReturnLine, ...]
    holder: PersonRef | None = None
    brought_by: PersonRef | None = None
    brought_reason: str | None = None
    note: str | None = None
    effective_at: datetime | None = None


@dataclass
class Locked:
    """The items of a command under their locks, line by line, and what the rules need to know of them."""

    lines: list[Line]
    items: dict[UUID, Item]
    models: dict[UUID, ItemModel]
    armories: dict[UUID, Armory]
    records: dict[UUID, CustodyRecord]
    heads: dict[str, StreamHead]
    now: datetime


async def issue_items(command: IssueItems) -> Answer | Refused:
    """Issue items to a person: all of them, or none with a refusal for each reason."""
    require(*COUNTER)
    return await perform("issueItems", command.request_id, command, lambda: _issue(command))


async def _issue(command: IssueItems) -> Sequence[UUID]:
    found, (holder_id,) = await _find([line.item for line in command.lines], {"holder": command.holder})
    purpose = await _purpose(command.purpose)
    locked, (holder,) = await _lock(found, [line.expected_version for line in command.lines], [holder_id])
    issue_type = command.issue_type or (purpose.default_issue_type if purpose else IssueType.TEMPORARY)
    terms = Terms(
        issue_type=issue_type,
        at=command.effective_at or locked.now,
        now=locked.now,
        due_at=command.due_at,
        purpose=purpose.name if purpose else None,
        categories=frozenset(ItemCategory(category) for category in purpose.categories) if purpose else frozenset(),
        note=command.note,
    )
    held = await CustodyRecord.filter(holder_id=holder.id, closed_at=None).values_list("item__model__slot", flat=True)
    receiver = Receiver(holder.id, _name(holder), holder.duty_status, Counter(Slot(str(slot)) for slot in held))
    refuse(issue_refusals(receiver, locked.lines, terms))

    records, events = [], []
    for line in locked.lines:
        head, item, armory = locked.heads[str(line.room.id)], locked.items[line.item_id], locked.armories[line.room.id]
        head.receipts += 1
        record = CustodyRecord(
            id=uuid7(),
            receipt_number=f"{armory.code}-{head.receipts:06}",
            receipt=head.receipts,
            armory_id=armory.id,
            item_id=item.id,
            holder_id=holder.id,
            issue_type=issue_type,
            purpose_id=purpose.id if purpose else None,
            issued_at=terms.at,
            due_at=due_time(terms, line.room),
            issued_by_id=current_actor().account_id,
            condition_out=item.serviceability,
            note=command.note,
        )
        out = alter(item, {"state": CustodyState.ISSUED})
        records.append(record)
        payload = {
            "custody_record": row_of(record),
            "item": out,
            **_facts(item, locked, holder),
            "purpose": purpose.code if purpose else None,
        }
        summary = f"{item.serial} issued to {_name(holder)} on receipt {record.receipt_number}."
        events.append(_custody_event(EventType.ITEM_ISSUED, record, summary, payload, terms.at))
    await CustodyRecord.bulk_create(records)
    await Item.bulk_update(locked.items.values(), ["state", "version"])
    await append(*events)
    return [record.id for record in records]


async def return_items(command: ReturnItems) -> Answer | Refused:
    """Take items back: all of them, or none with a refusal for each reason. Never refused for the holder's standing (INV-5)."""
    require(*COUNTER)
    return await perform("returnItems", command.request_id, command, lambda: _return(command))


async def _return(command: ReturnItems) -> Sequence[UUID]:
    named = given(holder=command.holder, broughtBy=command.brought_by)
    found, person_ids = await _find([line.item for line in command.lines], named)
    locked, people = await _lock(found, [line.expected_version for line in command.lines], person_ids)
    by_name = dict(zip(named, people, strict=True))
    brought_by = by_name.get("broughtBy")
    at = command.effective_at or locked.now
    bringer = Bringer(brought_by.id, _name(brought_by), command.brought_reason) if brought_by else Bringer()
    holder = by_name.get("holder")
    refuse(return_refusals(locked.lines, bringer, at, locked.now, holder.id if holder else None))

    holders = {person.id: person for person in await Person.filter(id__in=[record.holder_id for record in locked.records.values()])}
    records, events = [], []
    for line, asked in zip(locked.lines, command.lines, strict=True):
        record, item = locked.records[line.item_id], locked.items[line.item_id]
        brought_id = bringer.person_id or record.holder_id
        condition = asked.condition or item.serviceability
        closing = {
            "closed_at": at,
            "closed_by_id": current_actor().account_id,
            "close_reason": CloseReason.RETURNED,
            "condition_in": condition,
            "brought_by_id": brought_id,
            "brought_reason": command.brought_reason if brought_id != record.holder_id else None,
            "return_note": command.note,
            "rounds_fired": asked.rounds_fired,
        }
        closed = alter(record, closing)
        back = {
            "state": CustodyState.IN_ROOM,
            "serviceability": serviceability_after_return(item.serviceability, condition),
            "round_count": item.round_count + (asked.rounds_fired or 0),
        }
        payload = {"custody_record": closed, "item": alter(item, back), **_facts(item, locked, holders[record.holder_id])}
        payload["receipt_number"] = record.receipt_number
        if brought_by is not None and brought_id != record.holder_id:
            payload["brought_by"] = _person_facts(brought_by)
        records.append(record)
        summary = f"{item.serial} returned by {_name(holders[record.holder_id])}; receipt {record.receipt_number} closed."
        events.append(_custody_event(EventType.ITEM_RETURNED, record, summary, payload, at))
    await CustodyRecord.bulk_update(records, [*closing, "version"])
    await Item.bulk_update(locked.items.values(), [*back, "version"])
    await append(*events)
    return [record.id for record in records]


async def _find(refs: Sequence[ItemRef], people: dict[str, PersonRef]) -> tuple[list[UUID], list[UUID]]:
    """The rows that are meant; every reference that names none is refused at once."""
    found: Found = await find_items(refs)
    persons = [await find_person(ref, path) for path, ref in people.items()]
    refuse([*(person for person in persons if isinstance(person, Refusal)), *found.refusals])
    return [item for item in found.ids if item is not None], [person for person in persons if isinstance(person, UUID)]


async def _lock(item_ids: list[UUID], expected: Sequence[int | None], person_ids: list[UUID]) -> tuple[Locked, list[Person]]:
    """Lock people, items and the heads of their streams, and gather what the rules need; items out of scope are refused."""
    actor = current_actor()
    people = {person.id: person for person in await people_select_for_update(person_ids)} if person_ids else {}
    items = {item.id: item for item in await items_select_for_update(item_ids)}
    outside = [
        Refusal(RefusalCode.OUT_OF_SCOPE, "This item is not on the book of your arms rooms.", line=line, path=f"lines.{line}.item")
        for line, item_id in enumerate(item_ids)
        if not actor.may_see(items[item_id].armory_id)
    ]
    refuse(outside)
    models = {model.id: model for model in await ItemModel.filter(id__in={item.model_id for item in items.values()})}
    records = {
        record.item_id: record for record in await CustodyRecord.filter(item_id__in=item_ids, closed_at=None).select_related("holder")
    }
    last = dict(
        await CustodyRecord.filter(item_id__in=item_ids).exclude(closed_at=None).order_by("closed_at").values_list("item_id", "closed_at")
    )
    # Whether a room is open is read under its stream's head: who closes it takes the same lock.
    rooms = sorted({str(item.armory_id) for item in items.values()})
    heads = {head.stream: head for head in await heads_select_for_update(rooms)}
    armories = {armory.id: armory for armory in await Armory.filter(id__in=rooms)}
    now = await database_time()
    lines = []
    for line, (item_id, version) in enumerate(zip(item_ids, expected, strict=True)):
        item, record = items[item_id], records.get(item_id)
        stale = version is not None and version != item.version
        lines.append(
            Line(
                line=line,
                item_id=item_id,
                serial=item.serial,
                category=models[item.model_id].category,
                slot=models[item.model_id].slot,
                state=item.state,
                serviceability=item.serviceability,
                room=_room(armories[item.armory_id]),
                version=item.version,
                expected_version=version,
                custody=OpenCustody(record.receipt_number, record.holder_id, _name(record.holder), record.issued_at) if record else None,
                last_closed_at=last.get(item_id),
                changes=await changes_since(item_id, max(item.version - (version or 0), 1)) if stale else (),
            )
        )
    return Locked(lines, items, models, armories, records, heads, now), [people[person_id] for person_id in person_ids]


def _room(armory: Armory) -> Room:
    limits = {Slot.SIDEARM: armory.sidearm_limit, Slot.LONG_GUN: armory.long_gun_limit}
    return Room(armory.id, armory.code, armory.state, limits, timedelta(hours=armory.temporary_limit_hours))


async def _purpose(code: str | None) -> Purpose | None:
    if code is None:
        return None
    purpose = await Purpose.get_or_none(code=code.strip().upper())
    if purpose is None:
        raise Refused([Refusal(RefusalCode.UNKNOWN_CODE, f"There is no purpose with the code {code}.", path="purpose")])
    return purpose


def _name(person: Person) -> str:
    return f"{person.rank} {person.family_name}, {person.given_names}".strip()


def _person_facts(person: Person) -> dict[str, object]:
    return {"id": person.id, "name": _name(person), "service_number": person.service_number}


def _facts(item: Item, locked: Locked, holder: Person) -> dict[str, object]:
    """What makes an event understood alone: serial, model, holder and arms room as they are called."""
    model = locked.models[item.model_id]
    return {
        "serial": item.serial,
        "model": model.nomenclature,
        "armory": locked.armories[item.armory_id].code,
        "holder": _person_facts(holder),
    }


def _custody_event(type_: EventType, record: CustodyRecord, summary: str, payload: dict[str, object], at: datetime) -> Event:
    return Event(
        str(record.armory_id),
        type_,
        Subject.CUSTODY_RECORD,
        record.id,
        summary,
        payload,
        item_id=record.item_id,
        person_id=record.holder_id,
        effective_at=at,
    )
