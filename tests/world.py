"""A small world for the tests: two arms rooms, a few people and weapons. All names are invented."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from uuid_utils.compat import uuid7

from graph import database
from graph.audit.ledger import Event, append
from graph.commands import accounts, armory, items, people, purposes
from graph.commands.perform import Answer
from graph.commands.references import ItemRef, PersonRef
from graph.models.ledger import REGISTRY
from graph.rules.accounts import token_hash
from graph.words import DutyStatus, EventType, ItemCategory, PersonCategory, Role, SessionTokenKind, Slot, Subject, TokenScope

PASSWORD = "a long enough password"

# username: roles, arms rooms in scope (none: all of them)
ACCOUNTS: dict[str, tuple[tuple[Role, ...], tuple[str, ...]]] = {
    "north": ((Role.ARMORER,), ("NORTH",)),
    "north.two": ((Role.ARMORER,), ("NORTH",)),
    "south": ((Role.ARMORER,), ("SOUTH",)),
    "officer": ((Role.ARMS_ROOM_OFFICER,), ()),
    "commander": ((Role.COMMANDER,), ()),
    "auditor": ((Role.AUDITOR,), ()),
    "viewer": ((Role.VIEWER,), ("NORTH",)),
    "admin": ((Role.ADMIN,), ()),
}

# service number: rank, family name, given names, duty status. Badges are BADGE-<service number>.
PEOPLE = {
    "S-001": ("SGT", "Ocampo", "Ana", DutyStatus.ACTIVE),
    "S-002": ("CPL", "Lagman", "Benita", DutyStatus.ACTIVE),
    "S-003": ("AM", "Dizon", "Carlo", DutyStatus.ACTIVE),
    "S-004": ("AM", "Espino", "Diego", DutyStatus.SUSPENDED),
    "S-005": ("SSGT", "Peña", "Elena", DutyStatus.LEAVE),
    **{f"S-{number:03}": ("AM", f"Recruit{number}", "Test", DutyStatus.ACTIVE) for number in range(6, 46)},
}

# nomenclature: maker, category, slot, serial prefix. Ten of each in NORTH (…-001 to …-010) and five in SOUTH (…-101 to …-105);
# forty devices in NORTH, which no limit counts.
MODELS = {
    "Carbine M4": ("Colt", ItemCategory.CARBINE, Slot.LONG_GUN, "M4", 10),
    "Pistol G17": ("Glock", ItemCategory.PISTOL, Slot.SIDEARM, "G17", 10),
    "Shotgun M500": ("Mossberg", ItemCategory.SHOTGUN, Slot.LONG_GUN, "M500", 10),
    "Night Vision PVS-14": ("L3Harris", ItemCategory.NIGHT_VISION, Slot.DEVICE, "PVS", 40),
}


def token_of(username: str) -> str:
    """The bearer token of an account of the world that has signed in."""
    return f"armgs_test-session-of-{username}"


def api_token_of(username: str) -> str:
    """The API token of an account of the world, called `tests`: for all that a token may be for."""
    return f"armg_test-token-of-{username}"


async def made(answer: Any) -> Any:
    """The row that a command made."""
    result = await answer
    assert isinstance(result, Answer), result
    return result.rows[0]


async def give_tokens(account_id: UUID, username: str) -> None:
    """Give an account an API token and a session, as `api_token_of` and `token_of` say."""
    from graph.models.accounts import ApiToken, Session, SessionToken

    now, token_id, session_id = datetime.now(UTC), uuid7(), uuid7()
    times: Any = {"created_at": now, "expires_at": now + timedelta(days=1)}
    given: Any = {"id": token_id, "account_id": account_id, "name": "tests", "scopes": list(TokenScope)}
    await ApiToken.create(**given, token_hash=token_hash(api_token_of(username)), **times)
    facts = {"username": username, "token": {"id": token_id, "name": "tests", "expires_at": now + timedelta(days=1)}}
    await append(Event(REGISTRY, EventType.TOKEN_CREATED, Subject.ACCOUNT, account_id, "Token created: tests.", facts))
    await Session.create(id=session_id, account_id=account_id, **times)
    access: Any = {"id": uuid7(), "session_id": session_id, "kind": SessionTokenKind.ACCESS}
    await SessionToken.create(**access, token_hash=token_hash(token_of(username)), **times)
    begun = {"username": username, "sessions": [session_id]}
    await append(Event(REGISTRY, EventType.SIGNED_IN, Subject.ACCOUNT, account_id, "Signed in.", begun))


async def build_world() -> None:
    """Make it, by real commands."""
    from graph.models.accounts import Account

    await made(armory.register_unit(armory.RegisterUnit(uuid4(), "WING", "The wing")))
    for code, unit in (("NORTH", "N-SQ"), ("SOUTH", "S-SQ")):
        await made(armory.register_unit(armory.RegisterUnit(uuid4(), unit, f"{code.title()} squadron", "WING")))
        await made(armory.register_armory(armory.RegisterArmory(uuid4(), code, f"{code.title()} arms room", unit, "Asia/Manila")))
    await made(purposes.register_purpose(purposes.RegisterPurpose(uuid4(), "SENTINEL", "Duty sentinel")))
    await made(
        purposes.register_purpose(
            purposes.RegisterPurpose(uuid4(), "HONOR_GUARD", "Honor guard", (ItemCategory.RIFLE, ItemCategory.CARBINE))
        )
    )
    for service_number, (rank, family, given, status) in PEOPLE.items():
        person = people.RegisterPerson(uuid4(), service_number, rank, family, given, "N-SQ", PersonCategory.ENLISTED)
        person_id = await made(people.register_person(person))
        await made(items.assign_tag(items.AssignTag(uuid4(), f"BADGE-{service_number}", person=PersonRef(service_number=service_number))))
        if status is not DutyStatus.ACTIVE:
            await made(people.change_duty_status(people.ChangeDutyStatus(uuid4(), person_id, status, "so it begins")))
    for nomenclature, (maker, category, slot, prefix, count) in MODELS.items():
        model_id = await made(items.register_item_model(items.RegisterItemModel(uuid4(), nomenclature, maker, category, slot)))
        places = [("NORTH", number) for number in range(1, count + 1)] + [("SOUTH", 100 + number) for number in range(1, 6)]
        for room, number in places:
            serial = f"{prefix}-{number:03}"
            await made(items.register_item(items.RegisterItem(uuid4(), model_id, serial, room)))
            if number in (1, 101):
                await made(items.assign_tag(items.AssignTag(uuid4(), f"TAG-{serial}", item=ItemRef(serial=serial))))
    for username, (roles, scope) in ACCOUNTS.items():
        create = accounts.CreateAccount(uuid4(), username, roles, scope, all_armories=not scope)
        account_id = await made(accounts.create_account(create, PASSWORD))
        assert (await Account.get(id=account_id)).username == username
        await database.transaction(functools.partial(give_tokens, account_id, username))
