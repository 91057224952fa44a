"""From what the counter scans or types to the row that is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from graph.audit.actor import current_actor
from graph.errors import Refusal, RefusalCode, Refused
from graph.models.armory import Armory, Unit
from graph.models.custody import Purpose
from graph.models.items import Item, Tag
from graph.models.people import Person
from graph.rules.items import serial_key

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
    found = Found({}, [])
    tags = {tag.code: tag for tag in await Tag.filter(code__in=[ref.tag.strip() for ref in refs if ref.tag])}
    keys = {ref.serial: _key(ref.serial) for ref in refs if ref.serial}
    by_serial: dict[str, list[Item]] = {}
    for item in await Item.filter(serial_key__in=[key for key in keys.values() if key]):
        by_serial.setdefault(item.serial_key, []).append(item)
    by_id = {item.id: item for item in await Item.filter(id__in=[ref.id for ref in refs if ref.id])}
    for line, ref in enumerate(refs):
        if ref.tag:
            chosen = _tagged(ref.tag.strip(), tags.get(ref.tag.strip()), "item_id", line, f"lines.{line}.item.tag")
        elif ref.serial:
            chosen = _with_serial(ref.serial, by_serial.get(keys[ref.serial] or "", []), line)
        else:
            chosen = ref.id if ref.id in by_id else _unknown("There is no such item.", line, f"lines.{line}.item.id")
        if isinstance(chosen, Refusal):
            found.refusals.append(chosen)
        elif chosen is not None:
            found.by_line[line] = chosen
    return found


async def find_person(ref: PersonRef, path: str) -> UUID | Refusal:
    """The person that is meant."""
    if ref.badge:
        tag = await Tag.get_or_none(code=ref.badge.strip())
        return _tagged(ref.badge.strip(), tag, "person_id", None, f"{path}.badge")
    if ref.service_number:
        person = await Person.get_or_none(service_number_key=_key(ref.service_number) or "")
        return person.id if person else _unknown(f"No person has the service number {ref.service_number}.", None, f"{path}.serviceNumber")
    return ref.id if ref.id and await Person.exists(id=ref.id) else _unknown("There is no such person.", None, f"{path}.id")


async def with_code(model: type[M], code: str, path: str) -> M | Refusal:
    """The unit, arms room or purpose with a code."""
    row = await model.get_or_none(code=code.strip().upper())
    noun = {"unit": "unit", "armory": "arms room", "purpose": "purpose"}[model._meta.db_table]
    return row or _unknown(f"There is no {noun} with the code {code}.", None, path)


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


def _unknown(message: str, line: int | None, path: str) -> Refusal:
    return Refusal(RefusalCode.UNKNOWN_CODE, message, line=line, path=path)


def _tagged(code: str, tag: Tag | None, target: str, line: int | None, path: str) -> UUID | Refusal:
    wanted = "item" if target == "item_id" else "person"
    if tag is None:
        return _unknown(f"The code {code} is not known.", line, path)
    if tag.revoked_at is not None:
        message = f"The code {code} was revoked at {tag.revoked_at:%Y-%m-%d %H:%M} UTC. Print a new one."
        return Refusal(RefusalCode.CODE_REVOKED, message, line=line, path=path, since=tag.revoked_at)
    found: UUID | None = getattr(tag, target)
    return (
        found
        if found is not None
        else _unknown(f"The code {code} is not that of {'an' if wanted == 'item' else 'a'} {wanted}.", line, path)
    )


def _with_serial(serial: str, items: Sequence[Item], line: int) -> UUID | Refusal:
    path = f"lines.{line}.item.serial"
    actor = current_actor()
    in_scope = [item for item in items if actor.may_see(item.armory_id)]
    if len(in_scope) > 1:
        message = f"{len(in_scope)} items of different makers have the serial {serial}. Scan the tag, or give the id."
        return Refusal(RefusalCode.AMBIGUOUS_CODE, message, line=line, path=path)
    if in_scope:
        return in_scope[0].id
    return _unknown(f"No item on the book of your arms rooms has the serial {serial}.", line, path)
