"""What a command at the counter stands on: the rows that are meant, under their locks, and the facts that the rules ask for."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from graph.audit.actor import current_actor
from graph.audit.ledger import changes_since
from graph.commands.references import ItemRef, PersonRef, choose_items, choose_person, choose_purpose, known
from graph.errors import Refusal
from graph.models.counter import Facts, facts, heads_locked, items_locked, people_locked
from graph.rules.custody import Line, OpenCustody, Receiver, Room
from graph.words import ArmoryState, CustodyState, DutyStatus, ItemCategory, Serviceability, Slot


@dataclass(frozen=True)
class Meant:
    """What a command's references name: items by their line, people by the field that names them, the purpose; and what names none."""

    items: Mapping[int, UUID]
    people: Mapping[str, UUID]
    purpose: Facts | None
    refusals: Sequence[Refusal]


@dataclass(frozen=True)
class Counter:
    """The rows of a command under their locks, what is known of them, and the time that it is now.

    `items` are the locked rows, `known` what else is known of each: its nomenclature, its open record and who holds it. `receipts` are the
    last numbers given out in each arms room, and `held` counts what the receiver has in hand by slot.
    """

    lines: Sequence[Line]
    people: Mapping[str, Facts]
    items: Mapping[UUID, Facts]
    known: Mapping[UUID, Facts]
    receipts: dict[UUID, int]
    held: Mapping[Slot, int]
    now: datetime

    def said_of(self, item_id: UUID, holder: Facts) -> dict[str, object]:
        """What makes an event understood alone: serial, model, arms room and holder as they are called."""
        known_of = self.known[item_id]
        serial, model, room = self.items[item_id]["serial"], known_of["nomenclature"], known_of["room"]
        return {"serial": serial, "model": model, "armory": room, "holder": facts_of(holder)}


async def find(items: Sequence[ItemRef], people: Mapping[str, PersonRef], purpose: str | None = None) -> Meant:
    """The rows that are meant; a reference that names none is one refusal more, and the rest is decided all the same."""
    there = await known(items, tuple(people.values()), purpose)
    found = choose_items(items, there)
    persons = {path: choose_person(ref, path, there) for path, ref in people.items()}
    duty = choose_purpose(purpose, there) if purpose is not None else None
    wrong = [unknown for unknown in (*persons.values(), duty) if isinstance(unknown, Refusal)]
    ids = {path: person for path, person in persons.items() if isinstance(person, UUID)}
    return Meant(found.by_line, ids, None if isinstance(duty, Refusal) else duty, [*wrong, *found.refusals])


async def lock(meant: Meant, expected: Sequence[int | None], *, issuing: bool) -> Counter:
    """Lock people, items and the heads of their streams, each in order, and gather what the rules ask for."""
    people = {person["id"]: person for person in await people_locked(list(meant.people.values()))}
    items = {item["id"]: item for item in await items_locked(list(meant.items.values()))}
    # Whether a room is open is read under its stream's head: who closes it takes the same lock.
    heads = await heads_locked([str(item["armory_id"]) for item in items.values()])
    there = await facts(list(items), meant.people.get("holder") if issuing else None, issuing=issuing)
    of_item = {UUID(each["item_id"]): each for each in there["lines"]}
    lines = [await _line(line, items[item_id], of_item[item_id], expected[line]) for line, item_id in meant.items.items()]
    return Counter(
        lines,
        {path: people[person_id] for path, person_id in meant.people.items()},
        items,
        of_item,
        {UUID(head["stream"]): head["receipts"] for head in heads},
        Tally(Slot(slot) for slot in there["held"]),
        there["now"],
    )


async def _line(line: int, item: Facts, of_item: Facts, expected: int | None) -> Line:
    returns = [moment for moment in (of_item["closed_at"], of_item["back_at"]) if moment is not None]
    return Line(
        line=line,
        item_id=item["id"],
        serial=item["serial"],
        category=ItemCategory(of_item["category"]),
        slot=Slot(of_item["slot"]),
        state=CustodyState(item["state"]),
        serviceability=Serviceability(item["serviceability"]),
        room=_room(item["armory_id"], of_item),
        version=item["version"],
        expected_version=expected,
        custody=_custody(of_item["record"], of_item["holder"]),
        in_room_since=max(map(datetime.fromisoformat, returns), default=None),
        changes=await _changes(item, expected),
        in_scope=current_actor().may_see(item["armory_id"]),
    )


def receiver(counter: Counter) -> Receiver | None:
    """Who is to draw, with what they hold now, over all arms rooms; nobody if it is not known who."""
    person = counter.people.get("holder")
    return Receiver(person["id"], name_of(person), DutyStatus(person["duty_status"]), counter.held) if person else None


def name_of(person: Facts) -> str:
    """A person as a receipt names them."""
    return f"{person['rank']} {person['family_name']}, {person['given_names']}".strip()


def facts_of(person: Facts) -> dict[str, object]:
    """A person as an event names them."""
    return {"id": person["id"], "name": name_of(person), "service_number": person["service_number"]}


def _room(armory_id: UUID, of_item: Facts) -> Room:
    limits = {Slot.SIDEARM: of_item["sidearm_limit"], Slot.LONG_GUN: of_item["long_gun_limit"]}
    longest = timedelta(hours=of_item["temporary_limit_hours"])
    return Room(armory_id, of_item["room"], ArmoryState(of_item["room_state"]), limits, longest)


def _custody(record: Facts | None, holder: Any) -> OpenCustody | None:
    if record is None:
        return None
    since = datetime.fromisoformat(record["issued_at"])
    return OpenCustody(record["receipt_number"], UUID(record["holder_id"]), name_of(holder), since)


async def _changes(item: Facts, expected: int | None) -> tuple[str, ...]:
    """What has happened to an item since the version that a page shows."""
    if expected is None or expected == item["version"]:
        return ()
    return await changes_since(item["id"], item["version"] - expected)
