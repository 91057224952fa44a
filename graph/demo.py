"""The demo: two arms rooms, their people and weapons, and ninety days of custody made by real commands. All names are invented."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from graph.audit.actor import Actor, acting
from graph.commands import accounts, armory, custody, eligibility, items, people, purposes, returns, stock
from graph.commands.perform import Answer
from graph.commands.references import ItemRef, PersonRef
from graph.errors import Refused
from graph.models.accounts import Account
from graph.models.items import ItemModel
from graph.models.ledger import LedgerEvent
from graph.models.people import Person
from graph.rules.stock import LoadoutEntry
from graph.words import ActorKind, DutyStatus, IssueType, ItemCategory, PersonCategory, Role, Serviceability, Slot, StockKind

DAYS = 90
UNITS = (
    ("HQ", "Headquarters", None),
    ("950TH", "950th Base Wing", "HQ"),
    ("951ST", "951st Squadron", "950TH"),
    ("952ND", "952nd Squadron", "950TH"),
)
ARMORIES = (("NORTH", "North Arms Room", "951ST"), ("SOUTH", "South Arms Room", "952ND"))
MODELS = (
    ("Carbine M4", "Colt", ItemCategory.CARBINE, Slot.LONG_GUN, "5.56x45mm", "M4", 90),
    ("Rifle M16A4", "FN", ItemCategory.RIFLE, Slot.LONG_GUN, "5.56x45mm", "M16", 70),
    ("Pistol G17", "Glock", ItemCategory.PISTOL, Slot.SIDEARM, "9x19mm", "G17", 60),
    ("Shotgun M500", "Mossberg", ItemCategory.SHOTGUN, Slot.LONG_GUN, "12 gauge", "M500", 15),
    ("Night Vision PVS-14", "L3Harris", ItemCategory.NIGHT_VISION, Slot.DEVICE, None, "PVS", 15),
)
PURPOSES = (
    ("SENTINEL", "Duty sentinel", ()),
    ("GUARD", "Guard duty", ()),
    ("PATROL", "Patrol", ()),
    ("TRAINING", "Training", ()),
    ("HONOR_GUARD", "Honor guard", (ItemCategory.RIFLE,)),
)
# article, name, kind, lot number (after the arms room's letter), quantity, DODIC, nomenclatures that it goes with
SHELVES = (
    ("MAG-G17", "Magazine G17, 17 rounds", StockKind.MAGAZINE, "MAG-1", 240, None, ("Pistol G17",)),
    ("9MM-BALL", "Cartridge 9x19mm, ball", StockKind.AMMUNITION, "WCC-21A", 1200, "A363", ("Pistol G17",)),
    ("9MM-BALL", "Cartridge 9x19mm, ball", StockKind.AMMUNITION, "WCC-22C", 6000, "A363", ("Pistol G17",)),
    ("HOLSTER-G17", "Duty holster G17", StockKind.ACCESSORY, "HOL-1", 60, None, ("Pistol G17",)),
    ("MAG-M4", "Magazine M4, 30 rounds", StockKind.MAGAZINE, "MAG-2", 700, None, ("Carbine M4", "Rifle M16A4")),
    ("556-BALL", "Cartridge 5.56x45mm, ball", StockKind.AMMUNITION, "LC-20B", 20_000, "A059", ("Carbine M4", "Rifle M16A4")),
    ("00-BUCK", "Cartridge 12 gauge, 00 buckshot", StockKind.AMMUNITION, "RP-19", 800, "A011", ("Shotgun M500",)),
)
WITH_A_PISTOL = (("MAG-G17", 4), ("9MM-BALL", 42), ("HOLSTER-G17", 1))
ACCOUNTS = (
    ("armorer.north", (Role.ARMORER,), ("NORTH",)),
    ("armorer.south", (Role.ARMORER,), ("SOUTH",)),
    ("officer.demo", (Role.ARMS_ROOM_OFFICER,), ()),
    ("commander.demo", (Role.COMMANDER,), ()),
    ("auditor.demo", (Role.AUDITOR,), ()),
    ("viewer.demo", (Role.VIEWER,), ("NORTH",)),
    ("admin.demo", (Role.ADMIN,), ()),
)
FAMILY = [
    "Ocampo",
    "Lagman",
    "Dizon",
    "Santos",
    "Katigbak",
    "Ignacio",
    "Natividad",
    "Zamora",
    "Espino",
    "Umali",
    "Cruz",
    "Garcia",
    "Villanueva",
    "Peña",
    "Manalo",
    "Salonga",
    "Tolentino",
    "Bautista",
]
GIVEN = [
    "Ana",
    "Benita",
    "Carlo",
    "Diego",
    "Elena",
    "Felipe",
    "Gloria",
    "Honorato",
    "Isidro",
    "Josefa",
    "Karina",
    "Luz",
    "Mateo",
    "Nena",
    "Oscar",
    "Pilar",
    "Ramon",
    "Sofia",
    "Tomas",
    "Vicente",
]
RANKS = ("SGT", "AM", "A2C", "A1C", "SSGT", "TSGT", "MSGT", "CPL")
_numbers: ContextVar[list[int]] = ContextVar("armguard_demo_numbers")


Stocked = tuple[str, Slot, Serviceability]


@dataclass(frozen=True)
class Out:
    """A draw of the demo that has not come back yet."""

    service_number: str
    serials: tuple[str, ...]


def password_of(username: str) -> str:
    """The password of a demo account."""
    return "demo-" + username.replace(".", "-")


def request_id() -> UUID:
    """The next request id: the same ones in each run, so that a load that was broken off goes on where it stood."""
    numbers = _numbers.get()
    numbers[0] += 1
    return uuid5(NAMESPACE_URL, f"armguard:demo/{numbers[0]}")


async def done(answer: Awaitable[Answer | Refused | str]) -> UUID:
    """The row that a command made; the demo asks for nothing that is refused."""
    result = await answer
    if isinstance(result, Refused):
        raise result
    assert isinstance(result, Answer)
    return result.rows[0]


async def load(step: Callable[[str, float], Any]) -> None:
    """Load the demo data, telling `step` what is done and the share of the whole; what is there already stays."""
    _numbers.set([0])
    first = await LedgerEvent.filter(seq=1, stream="registry").first()
    today = (first.recorded_at if first else datetime.now(UTC)).replace(hour=0, minute=0, second=0, microsecond=0)
    step("units, arms rooms and accounts", 0.0)
    await _places()
    armorers = {code: await _armorer(f"armorer.{code.lower()}") for code, _, _ in ARMORIES}
    numbers = await _people(lambda share: step("people", 0.02 + 0.2 * share))
    serials = await _items(armorers, lambda share: step("weapons", 0.22 + 0.38 * share))
    for place, (code, _, _) in enumerate(ARMORIES):
        with acting(armorers[code]):
            hands = numbers[150 * place : 150 * place + 150]
            await _history(Random(place), today, hands, serials[code], partial(_share, step, 0.6 + 0.2 * place))
    await _standing(numbers)
    await _shelves()
    step("done", 1.0)


def _share(step: Callable[[str, float], Any], before: float, share: float) -> None:
    step("custody", before + 0.2 * share)


async def loaded() -> bool:
    """Whether the demo data is there, whole."""
    return await LedgerEvent.filter(request_id=uuid5(NAMESPACE_URL, "armguard:demo/shelves")).exists()


async def strangers() -> bool:
    """Whether somebody else's accounts are in the database."""
    return await Account.exclude(username_key__in=[name for name, _, _ in ACCOUNTS]).exists()


async def _places() -> None:
    for code, name, parent in UNITS:
        await done(armory.register_unit(armory.RegisterUnit(request_id(), code, name, parent)))
    for code, name, unit in ARMORIES:
        await done(armory.register_armory(armory.RegisterArmory(request_id(), code, name, unit, "Asia/Manila")))
    for code, name, categories in PURPOSES:
        await done(purposes.register_purpose(purposes.RegisterPurpose(request_id(), code, name, categories)))
    for username, roles, scope in ACCOUNTS:
        create = accounts.CreateAccount(request_id(), username, roles, scope, all_armories=not scope)
        await done(accounts.create_account(create, password_of(username)))


async def _armorer(username: str) -> Actor:
    account = await Account.get(username_key=username)
    return Actor(
        ActorKind.ACCOUNT,
        username,
        account.id,
        roles=frozenset(map(Role, account.roles)),
        armories=frozenset(account.armories),
    )


async def _people(share: Callable[[float], Any]) -> list[str]:
    random, numbers = Random(300), []
    for place in range(300):
        number = f"N-{10001 + place}"
        officer = place % 25 == 24
        person = people.RegisterPerson(
            request_id(),
            number,
            "1LT" if officer else RANKS[place % len(RANKS)],
            FAMILY[place % len(FAMILY)],
            f"{GIVEN[random.randrange(len(GIVEN))]} {GIVEN[place % len(GIVEN)][0]}.",
            "951ST" if place < 150 else "952ND",
            PersonCategory.OFFICER if officer else PersonCategory.ENLISTED,
        )
        await done(people.register_person(person))
        await done(items.assign_tag(items.AssignTag(request_id(), f"BADGE-{10001 + place}", person=PersonRef(service_number=number))))
        numbers.append(number)
        share(place / 300)
    return numbers


async def _items(armorers: dict[str, Actor], share: Callable[[float], Any]) -> dict[str, list[Stocked]]:
    models: list[tuple[UUID, Slot, str, int]] = []
    for nomenclature, maker, category, slot, caliber, prefix, each in MODELS:
        command = items.RegisterItemModel(request_id(), nomenclature, maker, category, slot, caliber)
        models.append((await done(items.register_item_model(command)), slot, prefix, each))
    found: dict[str, list[Stocked]] = {}
    total = 0
    for place, (code, _, _) in enumerate(ARMORIES):
        with acting(armorers[code]):
            found[code] = []
            for model_id, slot, prefix, each in models:
                for number in range(each):
                    serial = f"{prefix}-{100001 + place * 100000 + number}"
                    rack = f"{prefix}-{number // 10 + 1:02}/{number % 10 + 1}"
                    state = Serviceability.LIMITED if number % 29 == 28 else Serviceability.SERVICEABLE
                    await done(items.register_item(items.RegisterItem(request_id(), model_id, serial, code, rack, state)))
                    tag = f"IT-{code}-{len(found[code]) + 1:04}"
                    await done(items.assign_tag(items.AssignTag(request_id(), tag, item=ItemRef(serial=serial))))
                    found[code].append((serial, slot, state))
                    total += 1
                    share(total / 500)
    return found


async def _history(
    random: Random, today: datetime, numbers: Sequence[str], serials: Sequence[Stocked], share: Callable[[float], Any]
) -> None:
    """Each day a guard mount draws in the morning, and gives back in the evening what the last one drew.

    The first twenty people and the first ten items of each kind take no part: they are free for whoever tries the system out.
    """
    fit = Serviceability.SERVICEABLE
    places = [place for place, (_, slot, state) in enumerate(serials) if slot is Slot.LONG_GUN and state is fit]
    long_guns = [serials[place][0] for place in places if place % 29 != 28 and place >= 10]
    worn = [(serial, state) for serial, slot, state in serials if slot is Slot.SIDEARM][10:]
    sidearms = [serial for serial, state in worn if state is fit]
    hands = list(numbers[20:])
    for day in range(DAYS, -1, -1):
        morning = today - timedelta(days=day) - timedelta(hours=20 if day == 0 else 19)
        drawn: list[Out] = []
        for turn, number in enumerate(random.sample(hands, 3 if day else 6)):
            chosen = [long_guns[(day * 7 + turn * 11) % len(long_guns)]] if turn % 3 else [sidearms[(day * 5 + turn * 3) % len(sidearms)]]
            at = morning + timedelta(minutes=3 * turn)
            purpose = ("SENTINEL", "GUARD", "PATROL", "TRAINING")[(day + turn) % 4]
            issue_type = IssueType.HAND_RECEIPT if day == 0 and turn == 5 else IssueType.TEMPORARY
            lines = tuple(custody.IssueLine(ItemRef(serial=serial)) for serial in chosen)
            due = at + timedelta(hours=12) if issue_type is IssueType.TEMPORARY else None
            command = custody.IssueItems(request_id(), PersonRef(service_number=number), lines, purpose, issue_type, due, None, at)
            await done(custody.issue_items(command))
            drawn.append(Out(number, tuple(chosen)))
        if day:
            await _bring_back(drawn, morning + timedelta(hours=11), training=day % 4 == 0)
        share((DAYS - day) / DAYS)


async def _bring_back(drawn: Sequence[Out], at: datetime, *, training: bool) -> None:
    lines = tuple(
        returns.ReturnLine(ItemRef(serial=serial), rounds_fired=30 if training else None) for out in drawn for serial in out.serials
    )
    await done(returns.return_items(returns.ReturnItems(request_id(), lines, note="Evening guard mount", effective_at=at)))


async def _standing(numbers: Sequence[str]) -> None:
    """A few people who may not draw, and one weapon with the repairer."""
    for number, status in ((numbers[2], DutyStatus.LEAVE), (numbers[3], DutyStatus.SUSPENDED)):
        person = await Person.get(service_number=number)
        await done(people.change_duty_status(people.ChangeDutyStatus(request_id(), person.id, status, "Demo")))
    bar = eligibility.ImposeArmsBar(request_id(), PersonRef(service_number=numbers[3]), "Demo: by order of the court")
    await done(eligibility.impose_arms_bar(bar))
    last = uuid5(NAMESPACE_URL, "armguard:demo/last")
    model = await ItemModel.get(nomenclature="Pistol G17")
    await done(items.edit_item_model(items.EditItemModel(last, model.id, nsn="1005-01-565-5646")))


async def _shelves() -> None:
    """Stock of both arms rooms, and a duty for a pistol with all that goes with it; the last request of all marks the load as whole."""
    _numbers.set([100_000])  # numbers of its own: it came later than the rest
    models = {model.nomenclature: model.id for model in await ItemModel.all()}
    for code, _, _ in ARMORIES:
        for article, name, kind, lot, quantity, dodic, fits in SHELVES:
            goes_with = tuple(models[each] for each in fits)
            received = stock.ReceiveStock(request_id(), code, article, f"{code[0]}-{lot}", quantity, kind, name, dodic, goes_with)
            await done(stock.receive_stock(received))
    loadout = tuple(LoadoutEntry(ItemCategory.PISTOL, article, quantity) for article, quantity in WITH_A_PISTOL)
    last = uuid5(NAMESPACE_URL, "armguard:demo/shelves")
    gate = purposes.RegisterPurpose(last, "GATE", "Gate sentinel", due_hours=12, loadout=loadout)
    await done(purposes.register_purpose(gate))
