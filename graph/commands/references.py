"""From what the counter scans or types to the row that is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from graph.audit.actor import current_actor
from graph.errors import Refusal, RefusalCode, Refused
from graph.models.armory import Armory, Unit
from graph.models.counter import Facts, Named, meant
from graph.models.custody import Purpose
from graph.rules.items import serial_key
from graph.rules.stock import StockRef

M = TypeVar("M", Unit, Armory, Purpose)


@dataclass(frozen=True)
class ItemRef:
    """An item by one of: its id, its serial, or the code of its tag."""

    id: UUID | None = None
    serial: str | None = None
    tag: str | None = None


@dataclass(frozen=True)
class PersonRef:
    """A person by one of: the id, the service number, or the code of the badge."""

    id: UUID | None = None
    service_number: str | None = None
    badge: str | None = None


@dataclass(frozen=True)
class Found:
    """The items that a command's references name, by their line, and the refusals of those that name none."""

    by_line: dict[int, UUID]
    refusals: list[Refusal]


async def find_items(refs: Sequence[ItemRef]) -> Found:
    """The items that are meant, line by line. A serial that several makers used means the one in scope, if that is one."""
    return choose_items(refs, await meant(named(refs, ())))


async def find_person(ref: PersonRef, path: str) -> UUID | Refusal:
    """The person that is meant."""
    return choose_person(ref, path, await meant(named((), (ref,))))


def named(
    items: Sequence[ItemRef],
    people: Sequence[PersonRef],
    stock: Sequence[StockRef] = (),
    purpose: str | None = None,
    *,
    everywhere: bool = False,
    takes_stock_back: bool = False,
    correcting: bool = False,
) -> Named:
    """What references say, to be found at once; serials in the arms rooms that the actor may see, or everywhere."""
    tags = [tag.strip() for tag in (*(ref.tag for ref in items), *(ref.badge for ref in people)) if tag]
    serials = [key for ref in items if ref.serial and (key := _key(ref.serial))]
    numbers = [key for ref in people if ref.service_number and (key := _key(ref.service_number))]
    scope = None if everywhere else current_actor().armories
    return Named(
        tags,
        serials,
        [ref.id for ref in items if ref.id],
        numbers,
        [ref.id for ref in people if ref.id],
        list(scope) if scope is not None else None,
        [ref.article for ref in stock if ref.article],
        [ref.lot_number for ref in stock if ref.lot_number],
        [ref.lot_id for ref in stock if ref.lot_id],
        purpose,
        takes_stock_back,
        correcting,
    )


def choose_items(refs: Sequence[ItemRef], there: Facts) -> Found:
    """The items that references name among those that there are."""
    found = Found({}, [])
    tags = {tag["code"]: tag for tag in there["tags"]}
    ids = set(there["items"])
    by_serial: dict[str, list[Facts]] = {}
    for item in there["serials"]:
        by_serial.setdefault(item["serial_key"], []).append(item)
    for line, ref in enumerate(refs):
        if ref.tag:
            chosen = _tagged(ref.tag.strip(), tags.get(ref.tag.strip()), "item_id", line, f"lines.{line}.item.tag")
        elif ref.serial:
            chosen = _with_serial(ref.serial, by_serial.get(_key(ref.serial) or "", []), line)
        else:
            chosen = ref.id if ref.id and str(ref.id) in ids else _unknown("There is no such item.", line, f"lines.{line}.item.id")
        if isinstance(chosen, Refusal):
            found.refusals.append(chosen)
        else:
            found.by_line[line] = chosen
    return found


def choose_person(ref: PersonRef, path: str, there: Facts) -> UUID | Refusal:
    """The person that a reference names among those that there are."""
    if ref.badge:
        tags = {tag["code"]: tag for tag in there["tags"]}
        return _tagged(ref.badge.strip(), tags.get(ref.badge.strip()), "person_id", None, f"{path}.badge")
    if ref.service_number:
        numbers = {person["service_number_key"]: UUID(person["id"]) for person in there["numbers"]}
        unknown = _unknown(f"No person has the service number {ref.service_number}.", None, f"{path}.serviceNumber")
        return numbers.get(_key(ref.service_number) or "", unknown)
    return ref.id if ref.id and str(ref.id) in there["people"] else _unknown("There is no such person.", None, f"{path}.id")


async def with_code(model: type[M], code: str, path: str) -> M | Refusal:
    """The unit, arms room or purpose with a code."""
    row = await model.get_or_none(code=code.strip().upper())
    noun = {"unit": "unit", "armory": "arms room", "purpose": "purpose"}[model._meta.db_table]
    return row or no_code(noun, code, path)


async def find_by_code(model: type[M], code: str, path: str) -> UUID:
    """The id of the unit, arms room or purpose with a code.

    Raises:
        Refused: there is none.
    """
    row = await with_code(model, code, path)
    if isinstance(row, Refusal):
        raise Refused([row])
    return row.id


def one(found: UUID | Refusal) -> UUID:
    """What was found.

    Raises:
        Refused: nothing was.
    """
    if isinstance(found, Refusal):
        raise Refused([found])
    return found


def _key(marked: str | None) -> str | None:
    try:
        return serial_key(marked or "")
    except ValueError:
        return None


def no_code(noun: str, code: str, path: str) -> Refusal:
    """Nothing of this kind has a code."""
    return _unknown(f"There is no {noun} with the code {code}.", None, path)


def _unknown(message: str, line: int | None, path: str) -> Refusal:
    return Refusal(RefusalCode.UNKNOWN_CODE, message, line=line, path=path)


def _tagged(code: str, tag: Facts | None, target: str, line: int | None, path: str) -> UUID | Refusal:
    wanted = "item" if target == "item_id" else "person"
    if tag is None:
        return _unknown(f"The code {code} is not known.", line, path)
    if tag["revoked_at"] is not None:
        revoked_at = datetime.fromisoformat(tag["revoked_at"])
        message = f"The code {code} was revoked at {revoked_at:%Y-%m-%d %H:%M} UTC. Print a new one."
        return Refusal(RefusalCode.CODE_REVOKED, message, line=line, path=path, since=revoked_at)
    if tag[target] is None:
        return _unknown(f"The code {code} is not that of {'an' if wanted == 'item' else 'a'} {wanted}.", line, path)
    return UUID(tag[target])


def _with_serial(serial: str, items: Sequence[Facts], line: int) -> UUID | Refusal:
    path = f"lines.{line}.item.serial"
    if len(items) > 1:
        message = f"{len(items)} items of different makers have the serial {serial}. Scan the tag, or give the id."
        return Refusal(RefusalCode.AMBIGUOUS_CODE, message, line=line, path=path)
    if items:
        return UUID(items[0]["id"])
    return _unknown(f"No item on the book of your arms rooms has the serial {serial}.", line, path)
