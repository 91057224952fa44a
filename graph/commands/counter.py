"""What a command at the counter stands on: the rows that are meant, under their locks, and the facts that the rules ask for."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from graph.audit.actor import current_actor
from graph.audit.ledger import Along, Event, append, changes_since, requesting
from graph.commands.perform import Answer, Outcome, Request, carry_out
from graph.commands.references import ItemRef, PersonRef, choose_items, choose_person, named, no_code
from graph.errors import Refusal, Refused
from graph.models.accounts import COMPLETED
from graph.models.counter import Facts, Known, Named, counter_select_for_update, facts, meant, parts_of
from graph.rules.custody import ArmsBar, Authorization, Line, OpenCustody, Qualification, Receiver, Room, Spell
from graph.rules.people import full_name
from graph.rules.stock import Lot, Outstanding, StockRef
from graph.words import ArmoryState, CustodyState, DutyStatus, IssueType, ItemCategory, Serviceability, Slot, StockKind


@dataclass(frozen=True)
class Asked:
    """What a command says of rows: its items line by line, each perhaps at a version, people by the field that names them, stock, purpose.

    Items are those of the actor's arms rooms, or `everywhere`. A command `takes_stock_back` if it asks for the lots that are out with its
    items. One that is `dry` writes nothing.
    """

    items: Sequence[ItemRef] = ()
    versions: Sequence[int | None] = ()
    people: Mapping[str, PersonRef] = field(default_factory=dict)
    purpose: str | None = None
    issuing: bool = False
    stock: Sequence[StockRef] = ()
    takes_stock_back: bool = False
    correcting: bool = False
    everywhere: bool = False
    dry: bool = False

    @property
    def named(self) -> Named:
        """All that it names, to be found and locked at once."""
        purpose = self.purpose.strip().upper() if self.purpose is not None else None
        switches = {"everywhere": self.everywhere, "takes_stock_back": self.takes_stock_back, "correcting": self.correcting}
        return named(self.items, tuple(self.people.values()), self.stock, purpose, **switches)


@dataclass(frozen=True)
class Counter:
    """The rows of a command under their locks, what is known of them, and the time that it is now.

    `known` has of each item its row, its nomenclature, its arms room with the last receipt number, its open record and who holds it.
    `receiver` is who is to draw, and `unknown` are the refusals of the references that name nothing. `stock` are the lots as this command
    has left them so far.
    """

    lines: Sequence[Line]
    people: Mapping[str, Facts]
    known: Mapping[UUID, Facts]
    receiver: Receiver | None
    purpose: Facts | None
    now: datetime
    unknown: Sequence[Refusal]
    receipts: dict[UUID, int]
    lots: Sequence[Lot] = ()
    stock: dict[UUID, dict[str, Any]] = field(default_factory=dict)

    def said_of(self, item_id: UUID, holder: Facts) -> dict[str, object]:
        """What makes an event understood alone: serial, model, arms room and holder as they are called."""
        known = self.known[item_id]
        serial, model, room = known["item"]["serial"], known["nomenclature"], known["room"]["code"]
        return {"serial": serial, "model": model, "armory": room, "holder": facts_of(holder)}

    def move(self, lot_id: UUID, event_id: UUID, **by: int) -> Facts:
        """Move a lot's quantities, and give the change as the ledger has it."""
        lot = self.stock[lot_id]
        before = {name: lot[name] for name in (*by, "last_event_id")}
        lot.update({name: lot[name] + quantity for name, quantity in by.items()}, last_event_id=event_id)
        return {"id": lot_id, "before": before, "after": {name: lot[name] for name in before}}

    def shown(self, line: Line, written: Written) -> Facts:
        """The record as it is once it is written, with its item, its holder and its arms room."""
        known = self.known[line.item_id]
        opened = next(iter(written.rows.get("opened", ())), None)
        holder = known["holder"] if opened is None else self.people["holder"]
        changes = [row for part in RECORD_PARTS for row in written.rows.get(part, ())]
        record = opened or {name: value for row in (known["record"], *changes) for name, value in row.items()}
        item = next(iter(written.rows.get("items", ())), {})
        linked = {"item": {**known["item"], **item}, "holder": {**holder, "name": name_of(holder)}, "armory": known["room"]}
        return {**record, **linked}


RECORD_PARTS = ("closed", "due", "overdue")


@dataclass(frozen=True)
class Written:
    """What one line writes: the row that it answers with, rows by the name of what is done with them, and the events that explain them.

    `line` is the line whose record is answered, if it is one.
    """

    row_id: UUID
    rows: Mapping[str, Sequence[Facts]]
    events: Sequence[Event]
    line: Line | None = None
    proposed: bool = False


Decide = Callable[[Counter], Sequence[Written]]


async def serve(request: Request, asked: Asked, decide: Decide, first: Callable[[], Awaitable[None]] | None = None) -> Answer | Refused:
    """Run a command at the counter: lock, gather, ask the rules by `decide`, and write all its lines by one statement.

    It takes as many statements for two hundred items as for one: one that locks, one that reads, one that writes. What the request was
    answered before is read under its lock, with the facts. `first` locks what comes before people and items.
    """
    names = asked.named

    async def work() -> Outcome:
        if first is not None:
            await first()
        there = await counter_select_for_update(f"{request.actor_key}/{request.id}", names)
        counter = await _gather(request, asked, names, there)
        if isinstance(counter, Outcome):
            return counter
        written = decide(counter)
        events = [event for each in written for event in each.events]
        if asked.dry:
            return Outcome(Answer((), (), planned=tuple(event.summary for event in events)))
        shown = [counter.shown(each.line, each) for each in written if each.line is not None]
        proposed = any(each.proposed for each in written)
        ids, event_ids = tuple(each.row_id for each in written), tuple(event.event_id for event in events)
        answer = Answer(ids, event_ids, proposed=proposed, shown=shown if len(shown) == len(written) else ())
        rows = _rows(written, counter)
        along = Along((*parts_of(frozenset(rows)), COMPLETED), {**rows, **request.completed(answer)})
        with requesting(request.id):
            return Outcome(answer, await append(*events, along=along))

    return await carry_out(work)


def _rows(written: Sequence[Written], counter: Counter) -> dict[str, list[Facts]]:
    """All rows by the name of what is done with them; of a lot, as the last line has left it."""
    rows: dict[str, list[Facts]] = {}
    for each in written:
        for name, some in each.rows.items():
            rows.setdefault(name, []).extend(some)
    if "lots" in rows:
        rows["lots"] = [counter.stock[lot_id] for lot_id in dict.fromkeys(UUID(str(lot["id"])) for lot in rows["lots"])]
    return {name: some for name, some in rows.items() if some}


async def look(asked: Asked) -> Counter:
    """What the rules would be asked now: nothing is locked, and nothing will be written."""
    names = asked.named
    counter = await _gather(NO_REQUEST, asked, names, await meant(names))
    assert isinstance(counter, Counter)
    return counter


NO_REQUEST = Request("", UUID(int=0), "", b"")


async def _gather(request: Request, asked: Asked, names: Named, there: Facts) -> Counter | Outcome:
    """What the rules ask for of these rows; or what the request was answered, if it was done before."""
    found = choose_items(asked.items, there)
    persons = {path: choose_person(ref, path, there) for path, ref in asked.people.items()}
    people = {path: person for path, person in persons.items() if isinstance(person, UUID)}
    known = await facts(
        list(found.by_line.values()),
        list(people.values()),
        people.get("holder") if asked.issuing else None,
        names,
        (request.actor_key, request.id),
        issuing=asked.issuing,
    )
    if known.done is not None:
        return request.again(known.done)
    unknown = [person for person in persons.values() if isinstance(person, Refusal)]
    if asked.purpose is not None and known.purpose is None:
        unknown.append(no_code("purpose", asked.purpose, "purpose"))
    return Counter(
        [await _line(line, item_id, known.items[item_id], asked) for line, item_id in found.by_line.items()],
        {path: known.people[person_id] for path, person_id in people.items()},
        known.items,
        _receiver(known, people.get("holder")) if asked.issuing else None,
        known.purpose,
        known.now,
        [*unknown, *found.refusals],
        {UUID(each["room"]["id"]): each["receipts"] for each in known.items.values()},
        [_lot(lot) for lot in known.lots],
        {UUID(lot["id"]): dict(lot) for lot in known.lots},
    )


def _lot(lot: Facts) -> Lot:
    kind, fits = StockKind(lot["kind"]), frozenset(map(UUID, lot["fits"]))
    return Lot(UUID(lot["id"]), UUID(lot["armory_id"]), lot["article"], lot["lot_number"], kind, lot["on_hand"], fits)


def outstanding_of(lines: Sequence[Facts] | None) -> tuple[Outstanding, ...]:
    """What of a receipt's stock is still out."""
    found = []
    for line in lines or ():
        quantity = line["issued"] - line["returned"] - line["expended"] - line["lost"] - line["handed_over"]
        if quantity:
            kind = StockKind(line["kind"])
            found.append(Outstanding(UUID(line["id"]), UUID(line["lot_id"]), line["article"], line["lot_number"], kind, quantity))
    return tuple(found)


async def _line(line: int, item_id: UUID, known: Facts, asked: Asked) -> Line:
    item, room, expected = known["item"], _room(known["room"]), asked.versions[line]
    returns = [moment for moment in (known["closed_at"], known["back_at"]) if moment is not None]
    return Line(
        line=line,
        item_id=item_id,
        serial=item["serial"],
        category=ItemCategory(known["category"]),
        slot=Slot(known["slot"]),
        state=CustodyState(item["state"]),
        serviceability=Serviceability(item["serviceability"]),
        room=room,
        version=item["version"],
        expected_version=expected,
        custody=_custody(known["record"], known["holder"]),
        in_room_since=max(map(datetime.fromisoformat, returns), default=None),
        changes=await _changes(item_id, item["version"], expected),
        in_scope=asked.everywhere or current_actor().may_see(room.id),
        model_id=UUID(item["model_id"]),
        nomenclature=known["nomenclature"],
        required_qualification=known["required_qualification"],
    )


def _receiver(known: Known, person_id: UUID | None) -> Receiver | None:
    """Who is to draw, with what they hold now, over all arms rooms; nobody if it is not known who."""
    if person_id is None:
        return None
    person = known.people[person_id]
    reason, until = person["arms_bar_reason"], person["arms_bar_until"]
    return Receiver(
        person_id,
        name_of(person),
        DutyStatus(person["duty_status"]),
        Tally(map(Slot, known.held)),
        ArmsBar(reason, _moment(until)) if reason is not None else None,
        [
            Authorization(
                _spell(line["valid_from"], line["valid_until"]),
                _id(line["item_id"]),
                _id(line["model_id"]),
                line["card_number"],
                line["surrendered"],
            )
            for line in known.authorizations
        ],
        [Qualification(each["code"], _spell(each["qualified_on"], each["expires_on"])) for each in known.qualifications],
    )


def _spell(first: str, last: str | None) -> Spell:
    return Spell(date.fromisoformat(first), date.fromisoformat(last) if last is not None else None)


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text is not None else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None


def name_of(person: Facts) -> str:
    """A person as a receipt names them."""
    return full_name(person["rank"], person["family_name"], person["given_names"])


def facts_of(person: Facts) -> dict[str, object]:
    """A person as an event names them."""
    return {"id": person["id"], "name": name_of(person), "service_number": person["service_number"]}


def _room(room: Facts) -> Room:
    limits = {Slot.SIDEARM: room["sidearm_limit"], Slot.LONG_GUN: room["long_gun_limit"]}
    longest = timedelta(hours=room["temporary_limit_hours"])
    asks = room["authorization_required"], room["qualification_required"], room["confirmation_required"]
    return Room(UUID(room["id"]), room["code"], ArmoryState(room["state"]), limits, longest, room["timezone"], *asks)


def _custody(record: Facts | None, holder: Any) -> OpenCustody | None:
    if record is None:
        return None
    since = datetime.fromisoformat(record["issued_at"])
    due, issue_type = _moment(record["due_at"]), IssueType(record["issue_type"])
    return OpenCustody(record["receipt_number"], UUID(record["holder_id"]), name_of(holder), since, due, issue_type)


async def _changes(item_id: UUID, version: int, expected: int | None) -> tuple[str, ...]:
    """What has happened to an item since the version that a page shows."""
    if expected is None or expected == version:
        return ()
    return await changes_since(item_id, version - expected)
