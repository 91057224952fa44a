"""Orders as people at a counter would give them: mostly sensible for how things stand; one in four has something odd about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.properties.counter import ACCOUNTS, COMING, ITEMS, LOTS, PEOPLE, PURPOSES, ROOMS, TAGGED
from tests.properties.model import Item, Model, Receipt
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

NOBODY, NOTHING, NOWHERE = "Z-0", "X-0", "EAST"
ARTICLES = sorted({article for _, article in COMING.values()})
CONDITIONS = ("LIMITED", "UNSERVICEABLE", "SERVICEABLE", "QUARANTINED")
COUNTERS = ("north", "one", "north", "south", "two", "north")

Given = tuple[str, int | None, Order]


class Voice:
    """Whoever gives the next order, in the light of how things stand."""

    def __init__(self, draw: DrawFn, model: Model, given: Sequence[tuple[str, int, Order]]) -> None:
        self.draw, self.model, self.given = draw, model, given
        self.odd = draw(st.integers(0, 3)) == 3
        self.account = self.pick(*COUNTERS)

    def pick(self, *of: Any) -> Any:
        """One of these; the first in the simplest case."""
        return self.draw(st.sampled_from(of))

    def now_and_then(self, one_in: int) -> bool:
        """What is as sensible as its contrary; never in the simplest case."""
        return self.draw(st.integers(0, one_in - 1)) == one_in - 1

    def oddly(self, one_in: int) -> bool:
        """What is mostly refused: only in an order that is to be odd."""
        return self.odd and self.now_and_then(one_in)

    # ------------------------------------------------------------------------------------------------------------ what and whom it means

    def there(self) -> list[Item]:
        """What could be issued here, and is fit to be."""
        return [
            item for item in self._ours("IN_ROOM") if item.serviceability == "SERVICEABLE" and self.model.rooms[item.room].state == "OPEN"
        ]

    def out(self) -> list[Item]:
        """What is out of these arms rooms."""
        return self._ours("ISSUED")

    def _ours(self, state: str) -> list[Item]:
        return [item for item in self.model.items.values() if item.state == state and item.room in ACCOUNTS[self.account].rooms]

    def ref(self, likely: Sequence[Item]) -> Ref:
        """An item."""
        if self.oddly(8):
            return Ref(NOTHING, self.pick("serial", "tag", "id"))
        item = self.pick(*likely) if likely and not self.oddly(3) else self.pick(*self.model.items.values())
        by = self.pick("serial", "id", "tag") if item.serial in TAGGED else self.pick("serial", "id")
        version = None
        if self.now_and_then(6):
            version = max(1, item.version - (self.pick(1, -1, 0) if self.odd else 0))
        return Ref(item.serial, by, version)

    def refs(self, likely: Sequence[Item], most: int = 3) -> list[Ref]:
        """The items of an order: seldom the same twice."""
        refs = [self.ref(likely) for _ in range(self.pick(1, 1, 1, *range(1, most + 1)))]
        return refs if self.oddly(4) else list({ref.serial: ref for ref in refs}.values())

    def receiver(self, refs: Sequence[Ref]) -> str:
        """Who is to have these items: mostly somebody who may."""
        if self.oddly(10):
            return NOBODY
        apt = [number for number in PEOPLE if all(self._may_have(number, self.model.items.get(ref.serial)) for ref in refs)]
        number: str = self.pick(*apt) if apt and not self.oddly(2) else self.pick(*PEOPLE)
        return number

    def _may_have(self, number: str, item: Item | None) -> bool:
        person = self.model.people[number]
        if item is None or person.status != "ACTIVE" or person.bar is not None:
            return False
        slots = [self.model.items[receipt.serial].slot for receipt in self.model.held(number)]
        fit = not ROOMS[item.room].strict or item.category in person.authorized & person.qualified
        return fit and slots.count(item.slot) < ROOMS[item.room].limits.get(item.slot, 9)

    def custody(self, ref: Ref) -> Receipt | None:
        """The receipt that an item is out on."""
        return self.model.custody(ref.serial)

    # --------------------------------------------------------------------------------------------------------------------- going out

    def issue(self, kind: str) -> Order:
        """A draw: with nothing, with stock, for a duty, in an emergency, or by override."""
        likely = self.there()
        if kind == "override":
            likely = [item for item in self._ours("IN_ROOM") if item.serviceability == "LIMITED"] or likely
        refs = self.refs(likely)
        holder = self.pick(*PEOPLE) if kind in ("override", "emergency") else self.receiver(refs)
        with_stock = kind == "stock" or self.now_and_then(4)
        lines = tuple(Out(ref, self._some(ref, kind == "duty") if with_stock else None) for ref in refs)
        purpose = self.pick("GUARD", *PURPOSES) if kind == "duty" else None
        if self.oddly(6):
            purpose = self.pick(*PURPOSES, "NONE")
        return Issue(holder=holder, lines=lines, purpose=purpose, **self._terms(kind))

    def transfer(self) -> Order:
        """A relief."""
        refs, giver = self.refs(self.out(), 2), None
        if self.now_and_then(3):
            receipt = self.custody(refs[0])
            giver = self.pick(*PEOPLE, NOBODY) if receipt is None or self.oddly(2) else receipt.holder
        purpose = self.pick(*PURPOSES) if self.oddly(3) else None
        kind = self.pick("bare", "bare", "override", "emergency") if self.now_and_then(3) else "bare"
        holder = self.pick(*PEOPLE) if kind != "bare" else self.receiver(refs)
        return Transfer(holder=holder, lines=tuple(map(Out, refs)), giver=giver, purpose=purpose, **self._terms(kind))

    def _some(self, ref: Ref, duty: bool) -> tuple[Some, ...]:
        """What is to go with an item: what fits it and is there, mostly."""
        item, lots = self.model.items.get(ref.serial), self.model.lots.values()
        fits = [lot for lot in lots if item and lot.room == item.room and (not lot.fits or item.category in lot.fits) and lot.on_hand]
        found = []
        for _ in range(self.pick(1, 2, 0) if fits or self.odd else 0):
            lot = self.pick(*lots) if not fits or self.oddly(4) else self.pick(*fits)
            quantity = self.draw(st.integers(1, max(1, lot.on_hand) + (4 if self.odd else 0)))
            if duty and not self.odd:
                quantity = min(quantity, 2)
            if self.oddly(10):
                found.append(Some(quantity, lot=NOTHING))
            else:
                found.append(Some(quantity, lot=lot.number) if self.now_and_then(3) else Some(quantity, lot.article))
        return tuple(found)

    def _terms(self, kind: str) -> dict[str, Any]:
        emergency = kind == "emergency"
        backdated = self.now_and_then(4)
        at = self.pick(-2, -3, -1) if backdated else None
        due = self.pick(20.5, -0.5 if backdated else 18.5, 19.5) if self.now_and_then(3) else None
        return {
            "type": "EMERGENCY" if emergency else self.pick(None, None, None, "TEMPORARY", "HAND_RECEIPT"),
            "due": self.pick(-1.5, 30.5, 24.5) if self.oddly(5) else due,
            "note": "alarm" if emergency and not self.oddly(4) else None,
            "at": 1 if self.oddly(8) else at,
            "override": "must be" if kind == "override" or self.oddly(3) else None,
            "dry": self.now_and_then(15),
        }

    # -------------------------------------------------------------------------------------------------------------------- coming back

    def give_back(self, elsewhere: bool = False) -> Order:
        """Items come back: by their holders or others, with all, some or none of the stock."""
        likely, room = self.out(), None
        if elsewhere:
            room = self.pick(*ROOMS, NOWHERE) if self.oddly(4) else self.pick(*sorted(ACCOUNTS[self.account].rooms))
            likely = [item for item in self.model.items.values() if item.state == "ISSUED" and item.room != room]
        lines = tuple(
            self._back(ref, self.pick("full", "all", "some" if self.odd or self.now_and_then(4) else "all")) for ref in self.refs(likely)
        )
        receipt = self.custody(lines[0].item)
        bringer = self.pick(*PEOPLE) if self.now_and_then(4) else NOBODY if self.oddly(10) else None
        holder = None
        if self.now_and_then(5):
            holder = self.pick(*PEOPLE, NOBODY) if receipt is None or self.oddly(2) else receipt.holder
        reason = "for a comrade" if bringer and not self.oddly(2) else None
        at = self.pick(-1, -2, 1) if self.oddly(3) else None
        if receipt is not None and len(lines) == 1 and self.now_and_then(4):
            hours = -(self.model.now - receipt.since).total_seconds() // 3600
            at = min(at or -1, -1) if hours <= -1 else at
        return Return(lines=lines, holder=holder, brought_by=bringer, reason=reason, at=at, room=room, dry=self.now_and_then(15))

    def _back(self, ref: Ref, how: str) -> Back:
        return Back(
            ref,
            self._became(ref, how) if how != "full" else (),
            rest=how == "full" or self.now_and_then(5),
            condition=self._condition(ref),
            fired=self.pick(20, 0, 3) if self.now_and_then(6) else None,
        )

    def _condition(self, ref: Ref) -> str | None:
        """In what state it is said to be: of what is not fit any more, now and then that it is."""
        worn = any(item.serviceability != "SERVICEABLE" for item in self.model.items.values() if item.serial == ref.serial)
        if self.now_and_then(3 if worn else 10):
            return "SERVICEABLE" if worn else str(self.pick(*CONDITIONS))
        return None

    def _became(self, ref: Ref, how: str) -> tuple[Became, ...]:
        """What became of what is out with an item: all of it told, some of it, or some that is not out at all."""
        receipt, told = self.custody(ref), []
        lines = {lot: line.outstanding for lot, line in receipt.lines.items() if line.outstanding} if receipt else {}
        for lot, quantity in lines.items():
            rest = quantity if how == "all" else self.draw(st.integers(0, quantity))
            lost = self.draw(st.integers(0, rest)) if self.now_and_then(4) else 0
            expended = self.draw(st.integers(0, rest - lost))
            reason = "in the river" if lost and not self.oddly(3) else None
            alone = [self.model.lots[each].article for each in lines].count(self.model.lots[lot].article) == 1
            by_article = alone != self.oddly(4)
            name: dict[str, Any] = {"article": self.model.lots[lot].article} if by_article else {"lot": lot}
            told.append(Became(**name, returned=rest - expended - lost, expended=expended, lost=lost, reason=reason))
        if self.oddly(4):
            told.append(Became(article=self.pick(*ARTICLES, NOTHING), returned=self.pick(1, 5)))
        return tuple(told)

    def settle(self) -> Order:
        """Stock is accounted for while its item stays out."""
        out = self.out()
        refs = self.refs([item for item in out if any(line.outstanding for line in self._lines(item))] or out, 2)
        return Settle(lines=tuple(Back(ref, self._became(ref, self.pick("some", "all")), rest=self.now_and_then(6)) for ref in refs))

    def _lines(self, item: Item) -> Any:
        receipt = self.model.custody(item.serial)
        return receipt.lines.values() if receipt else ()

    def arrive(self) -> Order:
        """Home again."""
        return Arrive(lines=tuple(self.refs(self._ours("IN_TRANSIT"), 2)))

    def extend(self) -> Order:
        """Due later."""
        bound = [item for item in self.out() if any(each.due is not None for each in [self.model.custody(item.serial)] if each)]
        due = self.pick(30.5, 10.5, -0.25) if self.oddly(2) else self.pick(23.75, 20.75, 10.5)
        return Extend(lines=tuple(self.refs(bound or self.out(), 2)), due=due)

    # ---------------------------------------------------------------------------------------------------------------- the shelves

    def receive(self) -> Order:
        """More of a lot, or a new one."""
        lot = self.pick(*COMING)
        room, article = COMING[lot]
        known = self.model.lots.get(lot)
        kind = name = None
        fits: tuple[str, ...] = ()
        if known is None:
            like = next((each for each in LOTS if each.article == article), None)
            kind, name = like.kind if like else "AMMUNITION", "New"
            fits = tuple(sorted(like.fits)) if like else ("CARBINE",)
        elif self.now_and_then(4):
            kind, name, fits = known.kind, known.name, tuple(sorted(known.fits))
        if self.oddly(2):
            kind, name, fits = self.pick(None, "ACCESSORY", kind), self.pick(name, "Other", None), self.pick(fits, ("NIGHT_VISION",), ())
        where = NOWHERE if self.oddly(8) else room
        if room not in ACCOUNTS[self.account].rooms and not self.oddly(2):
            self.account = "one"
        return ReceiveStock(room=where, article=article, lot=lot, quantity=self.pick(2, 1, 5), kind=kind, name=name, fits=fits)

    def adjust(self) -> Order:
        """The book is set right, mostly by way of a proposal."""
        lot = NOTHING if self.oddly(8) else self.pick(*self.model.lots)
        kind = self.pick("LOST", "DISPOSED", "EXPENDED", "RECEIVED", "FOUND")
        there = self.model.lots.get(lot)
        most = 8 if self.odd or there is None else max(1, min(8, there.lost if kind == "FOUND" else there.on_hand))
        return Adjust(lot=lot, kind=kind, quantity=self.draw(st.integers(1, most)), override=None if self.oddly(3) else "counted")

    # ------------------------------------------------------------------------------------------------------------- what officers do

    def decide(self) -> Order:
        """A proposal is decided: mostly one that waits, mostly by another."""
        waiting = [number for number, each in enumerate(self.model.proposals) if each.state == "PENDING"]
        number = self.draw(st.integers(0, len(self.model.proposals))) if not waiting or self.oddly(3) else self.pick(*waiting[::-1])
        by = self.model.proposals[number].by if number < len(self.model.proposals) else ""
        self.account = self.pick("one", "two", "north") if self.oddly(2) else "two" if by == "one" else "one"
        return Decide(proposal=number, approve=not self.now_and_then(6))

    def change_standing(self) -> Order:
        """A person's standing changes, and soon for the better again: or nobody would draw."""
        self._officer()
        barred = [each.number for each in self.model.people.values() if each.bar]
        unfit = [each.number for each in self.model.people.values() if each.status != "ACTIVE"]
        if barred and self.pick(True, True, False):
            return Lift(person=self.pick(*barred))
        if unfit and self.pick(True, True, False):
            return SetStatus(person=self.pick(*unfit), status="ACTIVE")
        person = NOBODY if self.oddly(6) else self.pick(*PEOPLE)
        if self.oddly(5):
            return Lift(person=person)
        if person == NOBODY or self.now_and_then(2):
            until = -1 if self.oddly(4) else self.pick(None, 48)
            return Bar(person=person, reason=self.pick("inquiry", "court"), until=until)
        return SetStatus(person=person, status=self.pick("SUSPENDED", "SEPARATED", "LEAVE", "INACTIVE", "ACTIVE"))

    def open_or_close(self) -> Order:
        """An arms room is closed, or opened again."""
        self._officer()
        closed = [code for code, room in self.model.rooms.items() if room.state != "OPEN"]
        if closed and not self.oddly(2):
            return SetRoom(room=self.pick(*closed), state="OPEN")
        return SetRoom(room=self.pick(*ROOMS), state=self.pick("CLOSED", "LOCKDOWN", "CHANGEOVER", "OPEN"))

    def _officer(self) -> None:
        self.account = "north" if self.oddly(5) else self.pick("one", "two")

    def repair(self) -> Order:
        """What is broken is mended, or goes to maintenance and comes back; now and then something breaks."""
        ours = [item for item in self.model.items.values() if item.room in ACCOUNTS[self.account].rooms]
        waiting = [item for item in ours if item.serial in self._waiting()]
        if waiting and self.now_and_then(3):  # it is no longer what a second person is asked about
            item = self.pick(*waiting)
            if item.state == "IN_ROOM" and self.now_and_then(2):
                return Maintain(item=Ref(item.serial))
            return Mend(serial=item.serial, serviceability=self.pick("UNSERVICEABLE", "LIMITED", "SERVICEABLE"))
        broken, away = [item.serial for item in ours if item.serviceability in CONDITIONS[1::2]], self._ours("IN_MAINTENANCE")
        if away and not self.oddly(3):
            return Maintain(item=self.ref(away), back=True, serviceability=self.pick(None, "SERVICEABLE"))
        if broken and not self.oddly(3):
            return Mend(serial=self.pick(*broken), serviceability=self.pick("SERVICEABLE", "LIMITED"))
        out = self.out()
        if out and self.now_and_then(3):  # it is seen to be worn while it is out
            return Mend(serial=self.pick(*out).serial, serviceability=self.pick("LIMITED", "UNSERVICEABLE"))
        if self.now_and_then(2):
            return Mend(
                serial=self.pick(*ITEMS) if self.odd else self.pick(*ours).serial,
                serviceability=self.pick("LIMITED", "SERVICEABLE", "UNSERVICEABLE"),
            )
        return Maintain(item=self.ref(self._ours("IN_ROOM")), back=self.oddly(2))

    def _waiting(self) -> set[str]:
        """What waits for a second person."""
        orders = [each.order for each in self.model.proposals if each.state == "PENDING"]
        return {line.item.serial for order in orders if isinstance(order, Issue) for line in order.lines}

    # -------------------------------------------------------------------------------------------------------------------- once more

    def again(self) -> Given:
        """What was said lately, with the same request: the very same, something else, or the same by somebody else."""
        lately = [each for each in self.given[-12:] if not isinstance(each[2], TellOverdue)]
        if not lately:
            return "clock", None, TellOverdue()
        account, request, order = self.pick(*lately)
        match self.pick("the same", "the same", "by another", "another"):
            case "by another":
                return self.pick("one", "two"), request, order
            case "another":
                return account, request, self.pick(*lately)[2]
        return account, request, order


def sensible(kind: str, voice: Voice) -> str:
    """Nobody comes to return what is not out, or to draw what is not there: they come for something else."""
    model = voice.model
    if kind == "arrive" and not any(item.state == "IN_TRANSIT" for item in model.items.values()):
        kind = "return elsewhere"
    if kind == "decide" and not any(each.state == "PENDING" for each in model.proposals):
        kind = "issue by override"
    if kind == "settle" and not any(line.outstanding for receipt in model.receipts.values() for line in receipt.lines.values()):
        kind = "issue with stock"
    if kind.startswith("issue") and not voice.there():
        kind = "return"
    if kind in ("return", "transfer", "settle", "extend") and not voice.out():
        kind = "issue" if voice.there() else "repair"
    return kind


# What is said how often.
KINDS: dict[str, tuple[int, Callable[[Voice], Order]]] = {
    "issue": (5, lambda voice: voice.issue("bare")),
    "issue with stock": (5, lambda voice: voice.issue("stock")),
    "issue for a duty": (4, lambda voice: voice.issue("duty")),
    "issue by override": (3, lambda voice: voice.issue("override")),
    "issue in an emergency": (1, lambda voice: voice.issue("emergency")),
    "return": (8, lambda voice: voice.give_back()),
    "return elsewhere": (1, lambda voice: voice.give_back(elsewhere=True)),
    "arrive": (1, lambda voice: voice.arrive()),
    "transfer": (4, lambda voice: voice.transfer()),
    "settle": (3, lambda voice: voice.settle()),
    "extend": (2, lambda voice: voice.extend()),
    "tell overdue": (2, lambda _: TellOverdue()),
    "receive": (2, lambda voice: voice.receive()),
    "adjust": (2, lambda voice: voice.adjust()),
    "decide": (4, lambda voice: voice.decide()),
    "standing": (2, lambda voice: voice.change_standing()),
    "open": (2, lambda voice: voice.open_or_close()),
    "repair": (3, lambda voice: voice.repair()),
}
WEIGHTED = tuple(kind for kind, (weight, _) in KINDS.items() for _ in range(weight))


@st.composite
def said(draw: DrawFn, model: Model, given: Sequence[tuple[str, int, Order]]) -> Given:
    """The next order, by whom, and with which earlier request, if with one."""
    voice = Voice(draw, model, given)
    kind = draw(st.sampled_from((*WEIGHTED, "again", "again", "again")))
    if kind == "again":
        return voice.again()
    order = KINDS[kind if voice.odd else sensible(kind, voice)][1](voice)
    return ("clock" if isinstance(order, TellOverdue) else voice.account), None, order
