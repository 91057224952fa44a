"""An arms room in memory, written from the domain's rules alone: nothing of `graph` is used to decide anything.

It says of every order what must come of it: done, with which events; waiting for a second person; planned, by a dry run; or refused,
with every reason at once. And it says how everything must stand afterwards. Where the domain leaves something open, the text of the API
decides: an article is taken from the lots that came first, and what came back is put down to those first (expended, then lost, then
returned).
"""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

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

WORSE = ("SERVICEABLE", "LIMITED", "UNSERVICEABLE", "QUARANTINED")
HOURS = 24  # a temporary issue is due within


@dataclass(frozen=True)
class Reason:
    """Why not. The ground tells apart what one code says of different things; it is what an override is for."""

    code: str
    line: int | None = None
    ground: str = ""
    overridable: bool = False


Why = set[Reason]


@dataclass(frozen=True)
class Outcome:
    """What must come of an order."""

    kind: str  # DONE, PROPOSED, PLANNED, REFUSED, AGAIN, FORBIDDEN
    events: tuple[str, ...] = ()
    why: frozenset[Reason] = frozenset()
    first: int | None = None  # of what is AGAIN: which step it was


@dataclass
class Room:
    """An arms room, its limits and what it asks for."""

    code: str
    limits: dict[str, int]
    strict: bool = False
    state: str = "OPEN"
    receipts: int = 0


@dataclass
class Person:
    """Somebody who may draw; what they may draw at a room that asks for it."""

    number: str
    status: str = "ACTIVE"
    bar: tuple[str, datetime | None] | None = None
    authorized: frozenset[str] = frozenset()
    qualified: frozenset[str] = frozenset()


@dataclass
class Item:
    """A weapon; `free_since` is when it was last taken back."""

    serial: str
    room: str
    category: str
    slot: str
    serviceability: str = "SERVICEABLE"
    state: str = "IN_ROOM"
    rounds: int = 0
    version: int = 1
    free_since: datetime | None = None


@dataclass
class Lot:
    """A lot, in the order in which they came; `fits` empty means everything."""

    number: str
    room: str
    article: str
    kind: str
    name: str
    fits: frozenset[str] = frozenset()
    received: int = 0
    disposed: int = 0
    on_hand: int = 0
    out: int = 0
    expended: int = 0
    lost: int = 0


@dataclass
class Line:
    """What of a lot is on a receipt."""

    issued: int
    returned: int = 0
    expended: int = 0
    lost: int = 0
    handed_over: int = 0

    @property
    def outstanding(self) -> int:
        """What is still out."""
        return self.issued - self.returned - self.expended - self.lost - self.handed_over


@dataclass
class Receipt:
    """A custody record. `moved` says that its times are those of the server's clock, which the model does not have to the microsecond."""

    number: str
    serial: str
    holder: str
    type: str
    purpose: str | None
    since: datetime
    due: datetime | None
    issued_by: str
    condition_out: str
    note: str | None
    lines: dict[str, Line] = field(default_factory=dict)
    told: datetime | None = None
    closed: datetime | None = None
    closed_by: str | None = None
    why: str | None = None
    condition_in: str | None = None
    brought_by: str | None = None
    brought_reason: str | None = None
    fired: int | None = None
    taken_in: str | None = None


@dataclass
class Waiting:
    """An order that waits, by whom, and the reasons against it that are to be overridden.

    What a purpose would bring is written out in it, and so is when the items are due: exactly that is approved (INV-23).
    """

    order: Order
    by: str
    room: str
    grounds: frozenset[Reason]
    state: str = "PENDING"
    due: datetime | None = None


@dataclass(frozen=True)
class Account:
    """Who gives orders: for which arms rooms, and whether as an officer."""

    name: str
    rooms: frozenset[str]
    officer: bool = False


NOBODY = Account("", frozenset())  # the clock, which only looks
# What an order of each kind takes: an officer, or anybody at a counter.
STATE = ("rooms", "people", "items", "lots", "receipts", "proposals")
OFFICERS_ONLY = (Decide, SetStatus, Bar, Lift, SetRoom)


@dataclass
class Model:
    """Everything that there is."""

    start: datetime
    rooms: dict[str, Room]
    people: dict[str, Person]
    items: dict[str, Item]
    lots: dict[str, Lot]
    purposes: dict[str, Any]
    accounts: dict[str, Account]
    receipts: dict[str, Receipt] = field(default_factory=dict)
    proposals: list[Waiting] = field(default_factory=list)
    done: dict[tuple[str, int], tuple[Order, int]] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: datetime.min)
    actor: Account = field(default=NOBODY)
    by: str = ""

    # ------------------------------------------------------------------------------------------------------------------------ an order

    def carry_out(self, step: int, account: str, request: int, order: Order, now: datetime) -> Outcome:
        """What must come of an order; if it is done, everything stands as it must afterwards (INV-14, INV-19)."""
        self.now, self.actor, self.by = now, self.accounts.get(account, NOBODY), account
        if isinstance(order, OFFICERS_ONLY) and not self.actor.officer:
            return Outcome("FORBIDDEN")
        if (account, request) in self.done:
            earlier, first = self.done[account, request]
            if earlier == order:
                return Outcome("AGAIN", first=first)
            if not self._without_looking(order):
                return Outcome("REFUSED", why=frozenset({Reason("IDEMPOTENCY_MISMATCH")}))
        before = pickle.dumps({name: getattr(self, name) for name in STATE})
        try:
            events = tuple(HANDLERS[type(order)](self, order))
        except _Refused as refused:
            vars(self).update(pickle.loads(before))  # noqa: S301 - our own
            return Outcome("REFUSED", why=frozenset(refused.why))
        if order.dry:
            vars(self).update(pickle.loads(before))  # noqa: S301 - our own
            return Outcome("PLANNED", events)
        if not isinstance(order, TellOverdue):
            self.done[account, request] = order, step
        return Outcome("PROPOSED" if events == ("PROPOSED",) else "DONE", events)

    def _without_looking(self, order: Order) -> bool:
        """Whether an order names no place to be looked up: a proposal or an arms room that is none is said before anything else."""
        if isinstance(order, Decide):
            return order.proposal >= len(self.proposals)
        return isinstance(order, Return) and order.room is not None and order.room not in self.rooms

    def hour(self, hours: float | None) -> datetime | None:
        """So many hours after the beginning of the run."""
        return None if hours is None else self.start + timedelta(hours=hours)

    def custody(self, serial: str) -> Receipt | None:
        """The open receipt of an item (INV-1)."""
        found = [receipt for receipt in self.receipts.values() if receipt.serial == serial and receipt.closed is None]
        assert len(found) <= 1
        return found[0] if found else None

    def held(self, person: str) -> list[Receipt]:
        """The open receipts of a person."""
        return [receipt for receipt in self.receipts.values() if receipt.holder == person and receipt.closed is None]

    # ------------------------------------------------------------------------------------------------------------- what is meant by it

    def _find(self, refs: Sequence[Ref], why: Why, everywhere: bool = False) -> dict[int, Item]:
        """The items that are meant, by their line; of what is out of scope nothing else is said."""
        found: dict[int, Item] = {}
        for line, ref in enumerate(refs):
            item = self.items.get(ref.serial)
            ours = item is not None and (everywhere or item.room in self.actor.rooms)
            if item is None or (ref.by == "serial" and not ours):
                why.add(Reason("UNKNOWN_CODE", line))
            elif not ours:
                why.add(Reason("OUT_OF_SCOPE", line))
            else:
                if ref.version not in (None, item.version):
                    why.add(Reason("VERSION_CONFLICT", line))
                if item in found.values():
                    why.add(Reason("INVALID_VALUE", line, "twice"))
                found[line] = item
        return found

    def _person(self, number: str | None, why: Why) -> Person | None:
        if number is not None and number not in self.people:
            why.add(Reason("UNKNOWN_CODE"))
        return self.people.get(number or "")

    # ------------------------------------------------------------------------------------------------------------------- issue, relief

    def issue(self, order: Issue, passing: Waiting | None = None) -> Iterator[str]:
        """INV-3, 4, 8, 11, 12."""
        why: Why = set()
        person, purpose, terms = self._person(order.holder, why), self._purpose(order, why), self._terms(order, passing)
        found = self._find([line.item for line in order.lines], why)
        self._hands(person, found, terms, order, why)
        for line, item in found.items():
            if self.custody(item.serial):
                why.add(Reason("ITEM_NOT_AVAILABLE", line))
            elif item.state != "IN_ROOM":
                why.add(Reason("ITEM_NOT_ISSUABLE", line, item.state))
            self._fit(line, item, purpose, why)
            if not self.custody(item.serial) and item.free_since is not None and terms.at < item.free_since:
                why.add(Reason("BACKDATE_REFUSED", line))
        taken = self._allot(order, found, purpose, terms.type, why)
        if self._waits(order, why, passing):
            lines = tuple(
                replace(order.lines[line], stock=tuple(Some(quantity, lot=lot) for lot, quantity in lots.items() if quantity))
                for line, lots in taken.items()
            )
            return self._propose(replace(order, lines=lines), found, terms, why)
        self._refuse(why, passing)
        assert person is not None
        return iter([self._open(item, person, terms, order, taken[line]) for line, item in found.items()])

    def transfer(self, order: Transfer, passing: Waiting | None = None) -> Iterator[str]:
        """What an issue asks of hands and item is asked of a relief too; what is out with the item goes along."""
        why: Why = set()
        person, purpose, terms = self._person(order.holder, why), self._purpose(order, why), self._terms(order, passing)
        giver = self._person(order.giver, why)
        found = self._find([line.item for line in order.lines], why)
        self._hands(person, found, terms, order, why)
        for line, item in found.items():
            receipt = self._in_hand(line, item, why, giver.number if giver else None)
            if receipt is None:
                continue
            if person is not None and person.number == receipt.holder:
                why.add(Reason("INVALID_VALUE", line, "in this hand already"))
            self._fit(line, item, purpose, why)
            if terms.at < receipt.since:
                why.add(Reason("BACKDATE_REFUSED", line))
        if self._waits(order, why, passing):
            lines = tuple(replace(out, item=replace(out.item, version=found[line].version)) for line, out in enumerate(order.lines))
            return self._propose(replace(order, lines=lines), found, terms, why)
        self._refuse(why, passing)
        assert person is not None
        return self._relieve(found, person, terms, order)

    def _relieve(self, found: dict[int, Item], person: Person, terms: Terms, order: Transfer) -> Iterator[str]:
        for item in found.values():
            receipt = self.custody(item.serial)
            assert receipt is not None
            along = {lot: line.outstanding for lot, line in receipt.lines.items() if line.outstanding}
            for lot, quantity in along.items():
                receipt.lines[lot].handed_over += quantity
            self._close(receipt, terms.at, "TRANSFERRED", item.serviceability)
            yield "ITEM_HANDED_OVER"
            yield self._open(item, person, terms, order, along, relieved=True)

    def _purpose(self, order: Issue, why: Why) -> Any:
        if order.purpose is None:
            return None
        if order.purpose not in self.purposes:
            why.add(Reason("UNKNOWN_CODE"))
        return self.purposes.get(order.purpose)

    def _terms(self, order: Issue, passing: Waiting | None = None) -> Terms:
        purpose = self.purposes.get(order.purpose or "")
        type_ = order.type or (purpose["type"] if purpose else "TEMPORARY")
        hours = min(HOURS, purpose["hours"] or HOURS) if purpose else HOURS
        due = passing.due if passing is not None else self.hour(order.due)
        return Terms(type_, self.hour(order.at) or self.now, due, timedelta(hours=hours))

    def _hands(self, person: Person | None, found: dict[int, Item], terms: Terms, order: Issue, why: Why) -> None:
        emergency = terms.type == "EMERGENCY"
        if terms.at > self.now:
            why.add(Reason("BACKDATE_REFUSED"))
        if terms.due is not None and terms.due <= terms.at:
            why.add(Reason("INVALID_VALUE", None, "due before it begins"))
        if emergency and order.note is None:
            why.add(Reason("INVALID_VALUE", None, "note"))
        if terms.type == "TEMPORARY" and found and terms.due is not None and terms.due > terms.at + timedelta(hours=HOURS):
            why.add(Reason("LIMIT_EXCEEDED", None, "due"))
        if person is None:
            return
        if person.status != "ACTIVE":
            why.add(Reason("PERSON_NOT_ELIGIBLE"))
        if person.bar is not None and (person.bar[1] is None or terms.at < person.bar[1]):
            why.add(Reason("ARMS_BARRED"))
        slots = Counter(self.items[receipt.serial].slot for receipt in self.held(person.number))
        counted = {receipt.serial for receipt in self.held(person.number)}
        for line, item in found.items():
            room, in_this_hand = self.rooms[item.room], any(held.serial == item.serial for held in self.held(person.number))
            if item.serial not in counted:
                counted.add(item.serial)
                slots[item.slot] += 1
                if not emergency and slots[item.slot] > room.limits.get(item.slot, 1000):
                    why.add(Reason("LIMIT_EXCEEDED", line, "slot", overridable=True))
            if room.strict and not emergency and not in_this_hand:
                if item.category not in person.authorized:
                    why.add(Reason("NOT_AUTHORIZED", line, overridable=True))
                if item.category not in person.qualified:
                    why.add(Reason("NOT_QUALIFIED", line, overridable=True))

    def _fit(self, line: int, item: Item, purpose: Any, why: Why) -> None:
        if item.serviceability != "SERVICEABLE":
            why.add(Reason("ITEM_NOT_ISSUABLE", line, item.serviceability, overridable=item.serviceability == "LIMITED"))
        if self.rooms[item.room].state != "OPEN":
            why.add(Reason("ARMORY_NOT_OPEN", line))
        if purpose and purpose["categories"] and item.category not in purpose["categories"]:
            why.add(Reason("ITEM_NOT_ISSUABLE", line, "category", overridable=True))

    def _in_hand(self, line: int, item: Item, why: Why, holder: str | None = None) -> Receipt | None:
        receipt = self.custody(item.serial)
        if receipt is None:
            why.add(Reason("NOT_ISSUED", line))
        elif holder not in (None, receipt.holder):
            why.add(Reason("HELD_BY_OTHER", line, "holder"))
        return receipt

    def _allot(self, order: Issue, found: dict[int, Item], purpose: Any, type_: str, why: Why) -> dict[int, dict[str, int]]:
        """Which lots go with each item: each round once, those that came first first (INV-10, INV-11)."""
        left = {lot.number: lot.on_hand for lot in self.lots.values()}
        taken: dict[int, dict[str, int]] = {line: {} for line in found}
        for line, item in found.items():
            loadout = {article: quantity for category, article, quantity in (purpose or NOTHING)["loadout"] if category == item.category}
            said = order.lines[line].stock
            wanted = [Some(quantity, article) for article, quantity in loadout.items()] if said is None else said
            there = [lot for lot in self.lots.values() if lot.room == item.room]
            asked: Counter[str] = Counter()
            for some in wanted:
                meant = _meant(some, there)
                asked[some.article or next((lot.article for lot in meant), "")] += some.quantity
                fitting = [lot for lot in meant if not lot.fits or item.category in lot.fits]
                if not meant:
                    why.add(Reason("UNKNOWN_CODE", line, "stock"))
                elif not fitting:
                    why.add(Reason("INCOMPATIBLE_STOCK", line))
                elif sum(left[lot.number] for lot in fitting) < some.quantity:
                    why.add(Reason("INSUFFICIENT_STOCK", line))
                else:
                    _take(some.quantity, fitting, left, taken[line])
            over = any(article and quantity > loadout.get(article, 0) for article, quantity in asked.items())
            if loadout and type_ != "EMERGENCY" and over:
                why.add(Reason("LIMIT_EXCEEDED", line, "loadout", overridable=True))
        return taken

    def _open(self, item: Item, person: Person, terms: Terms, order: Issue, taken: dict[str, int], relieved: bool = False) -> str:
        room = self.rooms[item.room]
        room.receipts += 1
        number = f"{room.code}-{room.receipts:06}"
        due = terms.until
        lines = {lot: Line(quantity) for lot, quantity in taken.items() if quantity}
        self.receipts[number] = Receipt(
            number, item.serial, person.number, terms.type, order.purpose, terms.at, due, self.by, item.serviceability, order.note, lines
        )
        item.state, item.version = "ISSUED", item.version + 1
        for lot, quantity in taken.items():
            if not relieved:
                self.lots[lot].on_hand -= quantity
                self.lots[lot].out += quantity
        return "ITEM_TAKEN_OVER" if relieved else "ITEM_ISSUED"

    def _close(self, receipt: Receipt, at: datetime, why: str, condition: str) -> None:
        receipt.closed, receipt.closed_by, receipt.why, receipt.condition_in = at, self.by, why, condition
        item = self.items[receipt.serial]
        item.free_since = max(filter(None, (item.free_since, at)))

    # --------------------------------------------------------------------------------------------------------------- the second person

    def _waits(self, order: Order, why: Why, passing: Waiting | None) -> bool:
        return passing is None and order.override is not None and bool(why) and all(reason.overridable for reason in why)

    def _refuse(self, why: Why, passing: Waiting | None = None) -> None:
        """Refuse for all that stands against it; what was overridden is exactly what was proposed to be (INV-23)."""
        standing = why - (passing.grounds if passing else frozenset())
        if standing:
            raise _Refused(standing)

    def _propose(self, order: Issue, found: dict[int, Item], terms: Terms, why: Why) -> Iterator[str]:
        rooms = {item.room for item in found.values()}
        if len(rooms) > 1:
            raise _Refused({Reason("INVALID_VALUE")})
        due = terms.until
        self.proposals.append(Waiting(replace(order, type=terms.type), self.by, rooms.pop(), frozenset(why), due=due))
        return iter(["PROPOSED"])

    def decide(self, order: Decide) -> Iterator[str]:
        """Whoever decides is another than who proposed (INV-23); the rules are asked again."""
        if order.proposal >= len(self.proposals):
            raise _Refused({Reason("UNKNOWN_CODE")})
        waiting, why = self.proposals[order.proposal], set()
        if waiting.state != "PENDING":
            why.add(Reason("STATE_NOT_ALLOWED"))
        if waiting.by == self.actor.name:
            why.add(Reason("SAME_PERSON"))
        self._refuse(why)
        waiting.state = "APPROVED" if order.approve else "REJECTED"
        if not order.approve:
            return iter(["PROPOSAL_REJECTED"])
        self.by = waiting.by  # who stands at the counter; the approval is given from elsewhere
        self.actor = replace(self.actor, rooms=frozenset(self.rooms))
        done: Iterator[str] = {Issue: self.issue, Transfer: self.transfer, Adjust: self.adjust}[type(waiting.order)](  # type: ignore[operator]
            waiting.order, waiting
        )
        return iter(["PROPOSAL_APPROVED", *done])

    def adjust(self, order: Adjust, passing: Waiting | None = None) -> Iterator[str]:
        """The book is set right by two, and never below nothing."""
        lot = self.lots.get(order.lot)
        if lot is None or lot.room not in self.actor.rooms:
            raise _Refused({Reason("UNKNOWN_CODE")})
        moves = {
            "RECEIVED": {"received": 1, "on_hand": 1},
            "DISPOSED": {"on_hand": -1, "disposed": 1},
            "EXPENDED": {"on_hand": -1, "expended": 1},
            "LOST": {"on_hand": -1, "lost": 1},
            "FOUND": {"lost": -1, "on_hand": 1},
        }[order.kind]
        why = {Reason("SECOND_PERSON_REQUIRED", overridable=True)}
        if any(sign < 0 and getattr(lot, term) < order.quantity for term, sign in moves.items()):
            why.add(Reason("INSUFFICIENT_STOCK"))
        if self._waits(order, why, passing):
            self.proposals.append(Waiting(order, self.by, lot.room, frozenset(why)))
            return iter(["PROPOSED"])
        self._refuse(why, passing)
        for term, sign in moves.items():
            setattr(lot, term, getattr(lot, term) + sign * order.quantity)
        return iter(["STOCK_ADJUSTED"])

    # -------------------------------------------------------------------------------------------------------------------------- return

    def give_back(self, order: Return) -> Iterator[str]:
        """Never refused for the holder's standing, nor because the arms room is closed (INV-5); it names who brought it (INV-6)."""
        why: Why = set()
        if order.room is not None and order.room not in self.rooms:
            raise _Refused({Reason("UNKNOWN_CODE")})
        if order.room is not None and order.room not in self.actor.rooms:
            raise _Refused({Reason("OUT_OF_SCOPE")})
        holder, bringer = self._person(order.holder, why), self._person(order.brought_by, why)
        found, at = self._find([line.item for line in order.lines], why, everywhere=order.room is not None), self.hour(order.at) or self.now
        if at > self.now:
            why.add(Reason("BACKDATE_REFUSED"))
        settled = {}
        for line, item in found.items():
            if order.room == item.room:
                why.add(Reason("INVALID_VALUE", line, "its own room"))
            receipt = self._in_hand(line, item, why, holder.number if holder else None)
            if receipt is None:
                continue
            if at < receipt.since:
                why.add(Reason("BACKDATE_REFUSED", line))
            if bringer is not None and bringer.number != receipt.holder and order.reason is None:
                why.add(Reason("HELD_BY_OTHER", line, "bringer"))
            settled[line] = self._became(line, receipt, order.lines[line], why, closing=True)
        self._refuse(why)
        return iter([self._take_back(item, order, order.lines[line], settled[line], at, bringer) for line, item in found.items()])

    def _take_back(self, item: Item, order: Return, back: Back, became: Any, at: datetime, bringer: Person | None) -> str:
        receipt = self.custody(item.serial)
        assert receipt is not None
        before = self._fired_before(receipt)
        rounds = before + self._put_down(receipt, became)
        receipt.fired = back.fired if back.fired is not None else rounds or None  # all that were fired while it was out
        receipt.brought_by = bringer.number if bringer else receipt.holder
        receipt.brought_reason = order.reason if receipt.brought_by != receipt.holder else None
        receipt.taken_in = order.room
        condition = back.condition or item.serviceability
        self._close(receipt, at, "RETURNED", condition)
        item.serviceability = max(item.serviceability, condition, key=WORSE.index)  # a return makes nothing better
        item.rounds += max(0, (receipt.fired or 0) - before)  # what was said before counts on it already
        item.state, item.version = "IN_TRANSIT" if order.room else "IN_ROOM", item.version + 1
        return "ITEM_SENT_HOME" if order.room else "ITEM_RETURNED"

    def _became(self, line: int, receipt: Receipt, back: Back, why: Why, *, closing: bool) -> dict[str, Became]:
        """What became of each lot on a receipt; no more than is out (INV-10), and nothing left out when it closes (INV-9)."""
        out = [lot for lot in self.lots.values() if lot.number in receipt.lines]
        left = {lot.number: receipt.lines[lot.number].outstanding for lot in out}
        became = {lot.number: Became() for lot in out}
        wrong = False
        for said in back.stock:
            meant, quantity = _meant(said, out), said.returned + said.expended + said.lost
            if said.lost and said.reason is None:
                why.add(Reason("INVALID_VALUE", line, "lost how"))
                wrong = True
            if quantity > sum(left[lot.number] for lot in meant):
                why.add(Reason("OVER_RETURN", line))
                wrong = True
                continue
            for word in ("expended", "lost", "returned"):
                shares: dict[str, int] = {}
                _take(getattr(said, word), meant, left, shares)
                for number, share in shares.items():
                    became[number] = replace(became[number], **{word: getattr(became[number], word) + share})
        if wrong:
            return became
        if back.rest:
            became = {number: replace(each, returned=each.returned + left[number]) for number, each in became.items()}
        elif closing and any(left.values()):
            why.add(Reason("OUTSTANDING_STOCK", line))
        if back.fired is not None and back.fired < self._fired_before(receipt) + self._rounds(became):
            why.add(Reason("INVALID_VALUE", line, "fired"))
        return became

    def _fired_before(self, receipt: Receipt) -> int:
        return sum(line.expended for number, line in receipt.lines.items() if self.lots[number].kind == "AMMUNITION")

    def _rounds(self, became: dict[str, Became]) -> int:
        return sum(each.expended for number, each in became.items() if self.lots[number].kind == "AMMUNITION")

    def _put_down(self, receipt: Receipt, became: dict[str, Became]) -> int:
        """Put it down on the lots that it left; how many rounds were fired."""
        for number, each in became.items():
            line, lot = receipt.lines[number], self.lots[number]
            line.returned, line.expended, line.lost = line.returned + each.returned, line.expended + each.expended, line.lost + each.lost
            lot.on_hand, lot.expended, lot.lost = lot.on_hand + each.returned, lot.expended + each.expended, lot.lost + each.lost
            lot.out -= each.returned + each.expended + each.lost
        return self._rounds(became)

    def settle(self, order: Settle) -> Iterator[str]:
        """The items stay out."""
        why: Why = set()
        found, settled = self._find([line.item for line in order.lines], why), {}
        for line, item in found.items():
            receipt = self._in_hand(line, item, why)
            if receipt is not None:
                known = len(why)
                settled[line] = receipt, self._became(line, receipt, order.lines[line], why, closing=False)
                if known == len(why) and not any(each.returned or each.expended or each.lost for each in settled[line][1].values()):
                    why.add(Reason("INVALID_VALUE", line, "nothing"))
        self._refuse(why)
        for line, item in found.items():
            rounds = self._put_down(*settled[line])
            item.rounds, item.version = item.rounds + rounds, item.version + bool(rounds)
        return iter(["STOCK_SETTLED"] * len(found))

    def arrive(self, order: Arrive) -> Iterator[str]:
        """Only what is on its way arrives."""
        why: Why = set()
        found = self._find(order.lines, why)
        why |= {Reason("STATE_NOT_ALLOWED", line) for line, item in found.items() if item.state != "IN_TRANSIT"}
        self._refuse(why)
        for item in found.values():
            item.state, item.version, item.free_since = "IN_ROOM", item.version + 1, self.now
        return iter(["ITEM_ARRIVED"] * len(found))

    # ------------------------------------------------------------------------------------------------------------------- the due time

    def extend(self, order: Extend) -> Iterator[str]:
        """Later than now and than before, and within the policy (INV-8)."""
        why: Why = set()
        found, due = self._find(order.lines, why), self.start + timedelta(hours=order.due)
        if due <= self.now:
            why.add(Reason("INVALID_VALUE", None, "past"))
        for line, item in found.items():
            receipt = self._in_hand(line, item, why)
            if receipt is None:
                continue
            if receipt.due is None or due <= receipt.due:
                why.add(Reason("INVALID_VALUE", line, "due"))
            if receipt.type == "TEMPORARY" and due > receipt.since + timedelta(hours=HOURS):
                why.add(Reason("LIMIT_EXCEEDED", line, "due"))
        self._refuse(why)
        for item in found.values():
            receipt = self.custody(item.serial)
            assert receipt is not None
            receipt.due = due
        return iter(["DUE_EXTENDED"] * len(found))

    def tell_overdue(self, _order: TellOverdue) -> Iterator[str]:
        """Once for each due time."""
        for receipt in self.receipts.values():
            if receipt.closed is None and receipt.due is not None and receipt.due <= self.now and receipt.told != receipt.due:
                receipt.told = receipt.due
                yield "RECEIPT_OVERDUE"

    # ------------------------------------------------------------------------------------------------------------------------ the rest

    def receive(self, order: ReceiveStock) -> Iterator[str]:
        """A new lot says what it is; one that is there is not said to be something else."""
        if order.room not in self.rooms:
            raise _Refused({Reason("UNKNOWN_CODE")})
        if order.room not in self.actor.rooms:
            raise _Refused({Reason("OUT_OF_SCOPE")})
        lot = self.lots.get(order.lot)
        if lot is None:
            if order.kind is None or order.name is None:
                raise _Refused({Reason("INVALID_VALUE")})
            lot = Lot(order.lot, order.room, order.article, order.kind, order.name, frozenset(order.fits))
            self.lots[order.lot] = lot
        elif order.kind not in (None, lot.kind) or order.name not in (None, lot.name) or (order.fits and {*order.fits} != lot.fits):
            raise _Refused({Reason("INVALID_VALUE")})
        lot.received += order.quantity
        lot.on_hand += order.quantity
        return iter(["STOCK_RECEIVED"])

    def set_status(self, order: SetStatus) -> Iterator[str]:
        """Who holds anything is not separated (INV-7)."""
        person = self.people[order.person]
        if order.status == "SEPARATED" and self.held(order.person):
            raise _Refused({Reason("PERSON_HOLDS_ITEMS")})
        if order.status == person.status:
            raise _Refused({Reason("INVALID_VALUE")})
        person.status = order.status
        return iter(["DUTY_STATUS_CHANGED"])

    def bar(self, order: Bar) -> Iterator[str]:
        """A bar that is over before it begins bars nobody."""
        person, until = self._person(order.person, set()), self.hour(order.until)
        if person is None:
            raise _Refused({Reason("UNKNOWN_CODE")})
        if (until is not None and until <= self.now) or person.bar == (order.reason, until):
            raise _Refused({Reason("INVALID_VALUE")})
        person.bar = order.reason, until
        return iter(["ARMS_BAR_IMPOSED"])

    def lift(self, order: Lift) -> Iterator[str]:
        """Only who is barred is barred no longer."""
        person = self._person(order.person, set())
        if person is None or person.bar is None:
            raise _Refused({Reason("STATE_NOT_ALLOWED" if person else "UNKNOWN_CODE")})
        person.bar = None
        return iter(["ARMS_BAR_LIFTED"])

    def set_room(self, order: SetRoom) -> Iterator[str]:
        """Open or close."""
        room = self.rooms[order.room]
        if room.state == order.state:
            raise _Refused({Reason("INVALID_VALUE")})
        room.state = order.state
        return iter(["ARMORY_CHANGED"])

    def mend(self, order: Mend) -> Iterator[str]:
        """Only the serviceability changes, wherever the item is (INV-2)."""
        item = self.items[order.serial]
        if item.room not in self.actor.rooms:
            raise _Refused({Reason("OUT_OF_SCOPE")})
        if item.serviceability == order.serviceability:
            raise _Refused({Reason("INVALID_VALUE")})
        item.serviceability, item.version = order.serviceability, item.version + 1
        return iter(["ITEM_CHANGED"])

    def maintain(self, order: Maintain) -> Iterator[str]:
        """To maintenance from the room only, and back only from there."""
        why: Why = set()
        found = self._find([replace(order.item, version=None)], why)
        if not found:
            raise _Refused({replace(reason, line=None) for reason in why})
        if order.item.version not in (None, found[0].version):
            raise _Refused({Reason("VERSION_CONFLICT")})
        item = found[0]
        if item.state != ("IN_MAINTENANCE" if order.back else "IN_ROOM"):
            raise _Refused({Reason("STATE_NOT_ALLOWED")})
        item.state, item.version = "IN_ROOM" if order.back else "IN_MAINTENANCE", item.version + 1
        item.serviceability = order.serviceability or item.serviceability
        if order.back:
            item.free_since = self.now
        return iter(["ITEM_BACK_FROM_MAINTENANCE" if order.back else "ITEM_SENT_TO_MAINTENANCE"])


@dataclass(frozen=True)
class Terms:
    """On what terms, from when, until when; `hours` is how long a temporary issue lasts if nothing is said."""

    type: str
    at: datetime
    due: datetime | None
    hours: timedelta

    @property
    def until(self) -> datetime | None:
        """When the item is due."""
        return self.at + self.hours if self.due is None and self.type == "TEMPORARY" else self.due


class _Refused(Exception):
    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


NOTHING: dict[str, Any] = {"loadout": ()}


def _meant(said: Some | Became, lots: Sequence[Lot]) -> list[Lot]:
    return [lot for lot in lots if said.article == lot.article or said.lot == lot.number]


def _take(quantity: int, lots: Sequence[Lot], left: dict[str, int], taken: dict[str, int]) -> None:
    """Take so much, from the lots that came first."""
    for lot in lots:
        share = min(quantity, left[lot.number])
        if share:
            taken[lot.number] = taken.get(lot.number, 0) + share
            left[lot.number] -= share
            quantity -= share


HANDLERS: dict[type[Order], Callable[[Model, Any], Iterator[str]]] = {
    Issue: Model.issue,
    Transfer: Model.transfer,
    Return: Model.give_back,
    Settle: Model.settle,
    Extend: Model.extend,
    Arrive: Model.arrive,
    TellOverdue: Model.tell_overdue,
    ReceiveStock: Model.receive,
    Adjust: Model.adjust,
    Decide: Model.decide,
    SetStatus: Model.set_status,
    Bar: Model.bar,
    Lift: Model.lift,
    SetRoom: Model.set_room,
    Mend: Model.mend,
    Maintain: Model.maintain,
}
