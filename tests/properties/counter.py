"""The product at the same counter: a small arms room on a fresh database, orders as its own commands, and what stands in its tables."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from graph import clock, database
from graph.audit.actor import Actor, acting, console_actor
from graph.commands import accounts, armory, custody, due, eligibility, items, people, proposals, purposes, returns, stock
from graph.commands.overrides import Override
from graph.commands.perform import Answer
from graph.commands.references import ItemRef, PersonRef
from graph.errors import Forbidden, Refused
from graph.rules.stock import LoadoutEntry, Settled, StockRef, Wanted
from graph.settings import Settings
from graph.words import (
    ActorKind,
    ArmoryState,
    DutyStatus,
    IssueType,
    ItemCategory,
    Role,
    Serviceability,
    Slot,
    StockAdjustment,
    StockKind,
)
from tests.properties import model as m
from tests.properties.orders import (
    Adjust,
    Arrive,
    Back,
    Bar,
    Became,
    Decide,
    Extend,
    Issue,
    Lift,
    Maintain,
    Mend,
    Order,
    Out,
    ReceiveStock,
    Ref,
    Return,
    SetRoom,
    SetStatus,
    Settle,
    Some,
    TellOverdue,
    Transfer,
)
from tests.world import PASSWORD, made

BOTH = frozenset({"NORTH", "SOUTH"})
ACCOUNTS = {
    "north": m.Account("north", frozenset({"NORTH"})),
    "south": m.Account("south", frozenset({"SOUTH"})),
    "one": m.Account("one", BOTH, officer=True),
    "two": m.Account("two", BOTH, officer=True),
}
# SOUTH asks for an authorization and a qualification; NORTH lets one weapon of a kind go to a person, SOUTH two sidearms.
ROOMS = {
    "NORTH": m.Room("NORTH", {"SIDEARM": 1, "LONG_GUN": 1}),
    "SOUTH": m.Room("SOUTH", {"SIDEARM": 2, "LONG_GUN": 1}, strict=True),
}
CATEGORIES = {"PISTOL": "SIDEARM", "CARBINE": "LONG_GUN", "NIGHT_VISION": "DEVICE"}
PEOPLE = {
    "A-1": m.Person("A-1", authorized=frozenset(CATEGORIES), qualified=frozenset(CATEGORIES)),
    "B-2": m.Person("B-2", authorized=frozenset({"PISTOL"}), qualified=frozenset({"PISTOL", "CARBINE"})),
    "C-3": m.Person("C-3"),
    "D-4": m.Person("D-4", qualified=frozenset({"PISTOL"})),
}
ITEMS = {
    "P-1": m.Item("P-1", "NORTH", "PISTOL", "SIDEARM"),
    "P-2": m.Item("P-2", "NORTH", "PISTOL", "SIDEARM"),
    "R-1": m.Item("R-1", "NORTH", "CARBINE", "LONG_GUN"),
    "R-2": m.Item("R-2", "NORTH", "CARBINE", "LONG_GUN", "LIMITED"),
    "N-1": m.Item("N-1", "NORTH", "NIGHT_VISION", "DEVICE"),
    "P-9": m.Item("P-9", "SOUTH", "PISTOL", "SIDEARM"),
    "R-9": m.Item("R-9", "SOUTH", "CARBINE", "LONG_GUN"),
}
TAGGED = ("P-1", "R-1", "P-9")
LOTS = (
    m.Lot("MAG", "NORTH", "MAG-9", "MAGAZINE", "Magazine", frozenset({"PISTOL"}), received=5),
    m.Lot("NINE-1", "NORTH", "9MM", "AMMUNITION", "Ball", frozenset({"PISTOL"}), received=7),
    m.Lot("NINE-2", "NORTH", "9MM", "AMMUNITION", "Ball", frozenset({"PISTOL"}), received=9),
    m.Lot("LIGHT", "NORTH", "LIGHT", "ACCESSORY", "Chem light", received=3),
    m.Lot("NINE-S", "SOUTH", "9MM", "AMMUNITION", "Ball", frozenset({"PISTOL"}), received=6),
)
# The lots that may come in later, with what they are.
COMING = {
    **{lot.number: (lot.room, lot.article) for lot in LOTS},
    "NINE-3": ("NORTH", "9MM"),
    "BALL": ("NORTH", "556"),
    "LIGHT-S": ("SOUTH", "LIGHT"),
}
PURPOSES: dict[str, Any] = {
    "GUARD": {
        "type": "TEMPORARY",
        "hours": 8,
        "categories": (),
        "loadout": (("PISTOL", "9MM", 5), ("PISTOL", "MAG-9", 2), ("NIGHT_VISION", "LIGHT", 1)),
    },
    "PARADE": {"type": "HAND_RECEIPT", "hours": None, "categories": ("CARBINE",), "loadout": ()},
}
LONG_AGO = date(2020, 1, 1)


def beginning(start: datetime) -> m.Model:
    """The model of what `build` makes."""
    lots = {lot.number: m.Lot(**{**vars(lot), "on_hand": lot.received}) for lot in LOTS}
    rooms = {code: m.Room(code, room.limits, room.strict) for code, room in ROOMS.items()}
    persons = {number: m.Person(**vars(person)) for number, person in PEOPLE.items()}
    things = {serial: m.Item(**vars(item)) for serial, item in ITEMS.items()}
    return m.Model(start, rooms, persons, things, lots, PURPOSES, ACCOUNTS)


async def build() -> None:
    """Make it, by real commands."""
    with acting(console_actor("properties")):
        await made(armory.register_unit(armory.RegisterUnit(uuid4(), "BASE", "The base")))
        for room in ROOMS.values():
            asks: dict[str, Any] = {
                "authorization_required": room.strict,
                "qualification_required": room.strict,
                "sidearm_limit": room.limits["SIDEARM"],
            }
            await made(armory.register_armory(armory.RegisterArmory(uuid4(), room.code, room.code.title(), "BASE", "Asia/Manila", **asks)))
        models = await _build_items()
        for person in PEOPLE.values():
            person_id = await made(
                people.register_person(people.RegisterPerson(uuid4(), person.number, "PVT", f"Test{person.number}", "Test", "BASE"))
            )
            for category in sorted(person.authorized):
                line = eligibility.Authorize(uuid4(), PersonRef(id=person_id), LONG_AGO, model_id=models[category])
                await made(eligibility.authorize(line))
            for category in sorted(person.qualified):
                qualified = eligibility.RecordQualification(uuid4(), PersonRef(id=person_id), category, LONG_AGO)
                await made(eligibility.record_qualification(qualified))
        for lot in LOTS:
            fits = tuple(models[category] for category in lot.fits)
            given = stock.ReceiveStock(uuid4(), lot.room, lot.article, lot.number, lot.received, StockKind(lot.kind), lot.name, None, fits)
            await made(stock.receive_stock(given))
        for code, purpose in PURPOSES.items():
            loadout = tuple(LoadoutEntry(ItemCategory(category), article, quantity) for category, article, quantity in purpose["loadout"])
            categories = tuple(map(ItemCategory, purpose["categories"]))
            duty = purposes.RegisterPurpose(uuid4(), code, code, categories, IssueType(purpose["type"]), purpose["hours"], loadout)
            await made(purposes.register_purpose(duty))
        for account in ACCOUNTS.values():
            roles = (Role.ARMS_ROOM_OFFICER,) if account.officer else (Role.ARMORER,)
            scope = () if account.officer else tuple(account.rooms)
            create = accounts.CreateAccount(uuid4(), account.name, roles, scope, all_armories=account.officer)
            await made(accounts.create_account(create, PASSWORD))


async def _build_items() -> dict[str, UUID]:
    models = {}
    for category, slot in CATEGORIES.items():
        model = items.RegisterItemModel(
            uuid4(), category.title(), "Acme", ItemCategory(category), Slot(slot), required_qualification=category
        )
        models[category] = await made(items.register_item_model(model))
    for item in ITEMS.values():
        condition = Serviceability(item.serviceability)
        await made(
            items.register_item(items.RegisterItem(uuid4(), models[item.category], item.serial, item.room, serviceability=condition))
        )
    for serial in TAGGED:
        await made(items.assign_tag(items.AssignTag(uuid4(), f"TAG-{serial}", item=ItemRef(serial=serial))))
    return models


# ----------------------------------------------------------------------------------------------------------------------------- an order

Do = Callable[[Any], Awaitable[Answer | Refused]]


class Product:
    """The open door to one database, and how things are called there."""

    def __init__(self, start: datetime) -> None:
        self.start = start
        self.requests: dict[int, UUID] = {}
        self.proposals: list[UUID] = []

    async def open(self, url: str, settings: Settings) -> None:
        """Open the door, and look up what things are called."""
        await database.open_door(url, settings)
        self.events = await self._events()
        self.items = await _ids("SELECT serial AS name, id FROM item")
        self.people = await _ids("SELECT service_number AS name, id FROM person")
        self.rooms = await _ids("SELECT code AS name, id FROM armory")
        self.models = await _ids("SELECT category AS name, id FROM item_model")
        ids = await _ids("SELECT username AS name, id FROM account")
        self.actors = {
            account.name: Actor(
                ActorKind.ACCOUNT,
                account.name,
                ids[account.name],
                roles=frozenset({Role.ARMS_ROOM_OFFICER if account.officer else Role.ARMORER}),
                armories=None if account.officer else frozenset(self.rooms[code] for code in account.rooms),
            )
            for account in ACCOUNTS.values()
        }

    async def give(self, account: str, request: int, order: Order) -> Answer | Refused | Forbidden | None:
        """Give an order; None: the clock looked, which answers nothing."""
        if isinstance(order, TellOverdue):
            await clock.tell_overdue_receipts()
            return None
        do, command = await self._command(self.requests.setdefault(request, uuid4()), order)
        with acting(self.actors[account]):
            try:
                answer = await do(command)
            except Forbidden as forbidden:
                return forbidden
        if isinstance(answer, Answer) and answer.proposed and not answer.repeated:
            self.proposals += answer.rows
        return answer

    async def _command(self, request: UUID, order: Order) -> tuple[Do, Any]:
        lots = await _ids("SELECT lot_number AS name, id FROM stock_lot") if isinstance(order, Adjust) else {}
        match order:
            case Transfer():
                giver = PersonRef(service_number=order.giver) if order.giver else None
                return custody.transfer_items, custody.TransferItems(**self._draw(request, order), handed_over_by=giver)
            case Issue():
                return custody.issue_items, custody.IssueItems(**self._draw(request, order))
            case Return():
                return self._return(request, order)
            case Settle():
                lines = tuple(stock.SettleLine(self._ref(line.item), _became(line), line.rest, line.item.version) for line in order.lines)
                return stock.settle_stock, stock.SettleStock(request, lines)
            case Extend():
                later = self._hour(order.due)
                assert later is not None
                return due.extend_due, due.ExtendDue(request, self._lines(order.lines), later, "because")
            case Arrive():
                return returns.receive_items, returns.ReceiveItems(request, self._lines(order.lines))
            case ReceiveStock():
                kind, fits = StockKind(order.kind) if order.kind else None, tuple(self.models[category] for category in order.fits)
                given = stock.ReceiveStock(request, order.room, order.article, order.lot, order.quantity, kind, order.name, None, fits)
                return stock.receive_stock, given
            case Adjust():
                lot, how = lots.get(order.lot, UUID(int=0)), StockAdjustment(order.kind)
                return stock.adjust_stock, stock.AdjustStock(request, lot, how, order.quantity, _override(order))
            case Decide():
                there = order.proposal < len(self.proposals)
                decision = proposals.DecideProposal(request, self.proposals[order.proposal] if there else UUID(int=0))
                return proposals.approve_proposal if order.approve else proposals.reject_proposal, decision
            case _:
                return self._registry(request, order)

    def _registry(self, request: UUID, order: Order) -> tuple[Do, Any]:
        match order:
            case SetStatus():
                status = people.ChangeDutyStatus(request, self.people[order.person], DutyStatus(order.status), "because")
                return people.change_duty_status, status
            case Bar():
                person = PersonRef(service_number=order.person)
                return eligibility.impose_arms_bar, eligibility.ImposeArmsBar(request, person, order.reason, self._hour(order.until))
            case Lift():
                return eligibility.lift_arms_bar, eligibility.LiftArmsBar(request, PersonRef(service_number=order.person), "over")
            case SetRoom():
                state = armory.SetArmoryState(request, self.rooms[order.room], ArmoryState(order.state), "because")
                return armory.set_armory_state, state
            case Mend():
                condition = Serviceability(order.serviceability)
                return items.edit_item, items.EditItem(request, self.items[order.serial], serviceability=condition, reason="because")
            case Maintain():
                condition_ = Serviceability(order.serviceability) if order.serviceability else None
                move = items.MoveItem(request, self._ref(order.item), "because", order.item.version, condition_)
                return items.return_from_maintenance if order.back else items.send_to_maintenance, move
        raise AssertionError(order)

    def _draw(self, request: UUID, order: Issue) -> dict[str, Any]:
        return {
            "request_id": request,
            "holder": PersonRef(service_number=order.holder),
            "lines": tuple(custody.IssueLine(self._ref(line.item), line.item.version, _wanted(line)) for line in order.lines),
            "purpose": order.purpose,
            "issue_type": IssueType(order.type) if order.type else None,
            "due_at": self._hour(order.due),
            "note": order.note,
            "effective_at": self._hour(order.at),
            "override": _override(order),
            "dry_run": order.dry,
        }

    def _return(self, request: UUID, order: Return) -> tuple[Do, Any]:
        lines = tuple(
            returns.ReturnLine(
                self._ref(line.item),
                line.item.version,
                Serviceability(line.condition) if line.condition else None,
                line.fired,
                _became(line),
                line.rest,
            )
            for line in order.lines
        )
        said: dict[str, Any] = {
            "request_id": request,
            "lines": lines,
            "holder": PersonRef(service_number=order.holder) if order.holder else None,
            "brought_by": PersonRef(service_number=order.brought_by) if order.brought_by else None,
            "brought_reason": order.reason,
            "effective_at": self._hour(order.at),
            "dry_run": order.dry,
        }
        if order.room is not None:
            return returns.return_elsewhere, returns.ReturnElsewhere(**said, armory=order.room)
        return returns.return_items, returns.ReturnItems(**said)

    def _ref(self, ref: Ref) -> ItemRef:
        if ref.by == "id":
            return ItemRef(id=self.items.get(ref.serial, UUID(int=0)))
        return ItemRef(tag=f"TAG-{ref.serial}") if ref.by == "tag" else ItemRef(serial=ref.serial)

    def _lines(self, refs: Sequence[Ref]) -> tuple[custody.IssueLine, ...]:
        return tuple(custody.IssueLine(self._ref(ref), ref.version) for ref in refs)

    def _hour(self, hours: float | None) -> datetime | None:
        return None if hours is None else self.start + timedelta(hours=hours)

    # ------------------------------------------------------------------------------------------------------------------- what stands

    async def new_events(self) -> Counter[tuple[str, str]]:
        """The events since the last time, by type and actor."""
        before, self.events = self.events, await self._events()
        return self.events - before

    async def _events(self) -> Counter[tuple[str, str]]:
        rows = await database.fetch("SELECT type, actor_name, count(*) AS n FROM ledger_event GROUP BY type, actor_name")
        return Counter({(row["type"], row["actor_name"]): row["n"] for row in rows})

    async def view(self) -> dict[str, Any]:
        """All that stands in the tables, in the words of `shown`."""
        row = await database.fetch_one(VIEW)
        assert row is not None
        return {name: json.loads(value) for name, value in row.items()}


async def _ids(sql: str) -> dict[str, UUID]:
    return {row["name"]: row["id"] for row in await database.fetch(sql)}


def _override(order: Order) -> Override | None:
    return Override(order.override) if order.override else None


def _wanted(line: Out) -> tuple[Wanted, ...] | None:
    if line.stock is None:
        return None
    return tuple(Wanted(_stock(some), some.quantity, place) for place, some in enumerate(line.stock))


def _became(line: Back) -> tuple[Settled, ...]:
    return tuple(
        Settled(_stock(each), each.returned, each.expended, each.lost, each.reason, place) for place, each in enumerate(line.stock)
    )


def _stock(said: Some | Became) -> StockRef:
    return StockRef(article=said.article) if said.article else StockRef(lot_number=said.lot)


VIEW = """
SELECT
    (SELECT json_object_agg(serial, json_build_array(state, serviceability, round_count, version)) FROM item)::text AS items,
    (SELECT json_object_agg(lot_number, json_build_array(a.code, article, kind, received, disposed, on_hand, out_on_issue, expended, lost))
        FROM stock_lot s JOIN armory a ON a.id = s.armory_id)::text AS lots,
    (SELECT json_object_agg(service_number, json_build_array(duty_status, arms_bar_reason, arms_bar_until IS NOT NULL)) FROM person)::text
        AS people,
    (SELECT json_object_agg(code, json_build_array(state, h.receipts)) FROM armory a JOIN stream_head h ON h.armory_id = a.id)::text
        AS rooms,
    (SELECT coalesce(json_agg(json_build_array(command, proposed_by_name, state) ORDER BY id), '[]') FROM proposal)::text AS proposals,
    (SELECT count(*) FROM completed_request WHERE actor_key IN (SELECT id::text FROM account))::text AS requests,
    (SELECT coalesce(json_object_agg(receipt_number, json_build_object(
        'said', json_build_array(i.serial, h.service_number, issue_type, p.code, o.username, condition_out, c.note, close_reason,
            condition_in, x.username, b.service_number, brought_reason, rounds_fired, t.code, overdue_since IS NOT DISTINCT FROM due_at),
        'times', json_build_array(issued_at, due_at, closed_at),
        'lines', (SELECT coalesce(json_object_agg(s.lot_number, json_build_array(issued, returned, l.expended, l.lost, handed_over)), '{}')
            FROM custody_line l JOIN stock_lot s ON s.id = l.lot_id WHERE l.record_id = c.id))), '{}')
        FROM custody_record c JOIN item i ON i.id = c.item_id JOIN person h ON h.id = c.holder_id LEFT JOIN purpose p ON p.id = c.purpose_id
            LEFT JOIN person b ON b.id = c.brought_by_id LEFT JOIN armory t ON t.id = c.returned_to_id
            LEFT JOIN account o ON o.id = c.issued_by_id LEFT JOIN account x ON x.id = c.closed_by_id)::text AS receipts
"""
COMMANDS = {Issue: "ISSUE_ITEMS", Transfer: "TRANSFER_ITEMS", Adjust: "ADJUST_STOCK"}


def shown(model: m.Model) -> dict[str, Any]:
    """All that must stand in the tables."""
    return {
        "items": {each.serial: [each.state, each.serviceability, each.rounds, each.version] for each in model.items.values()},
        "lots": {
            each.number: [
                *(each.room, each.article, each.kind, each.received, each.disposed, each.on_hand, each.out, each.expended, each.lost),
            ]
            for each in model.lots.values()
        },
        "people": {
            each.number: [each.status, each.bar[0] if each.bar else None, bool(each.bar and each.bar[1])] for each in model.people.values()
        },
        "rooms": {each.code: [each.state, each.receipts] for each in model.rooms.values()},
        "proposals": [[COMMANDS[type(each.order)], each.by, each.state] for each in model.proposals],
        "requests": len(model.done),
        "receipts": {each.number: _receipt(each) for each in model.receipts.values()},
    }


def _receipt(each: m.Receipt) -> Mapping[str, Any]:
    said = [
        *(each.serial, each.holder, each.type, each.purpose, each.issued_by, each.condition_out, each.note, each.why, each.condition_in),
        *(each.closed_by, each.brought_by, each.brought_reason, each.fired, each.taken_in, each.told == each.due),
    ]
    lines = {lot: [line.issued, line.returned, line.expended, line.lost, line.handed_over] for lot, line in each.lines.items()}
    return {"said": said, "times": [each.since, each.due, each.closed], "lines": lines}


@dataclass
class Watch:
    """A span of the server's clock: it is the same machine's as ours."""

    began: datetime
    ended: datetime

    def agrees(self, ours: datetime | None, theirs: str | None) -> bool:
        """Whether a moment is the one that the model has: exactly, or by as much as the command took."""
        if ours is None or theirs is None:
            return ours is None and theirs is None
        return timedelta(0) <= datetime.fromisoformat(theirs).astimezone(UTC) - ours <= self.ended - self.began
