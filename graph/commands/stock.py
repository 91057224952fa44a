"""Stock: lots come in, are set right with a second person, and what is out on a receipt is accounted for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from graph.audit.actor import current_actor
from graph.audit.ledger import Event, append, database_time
from graph.commands.counter import Asked, Counter, Written, name_of, outstanding_of, serve
from graph.commands.custody import custody_event, lines_named
from graph.commands.overrides import Approval, Override, propose, standing, waits
from graph.commands.perform import Answer, perform, requested, require
from graph.commands.references import ItemRef, with_code
from graph.commands.returns import stock_back
from graph.commands.rows import altered, row_of
from graph.errors import Refusal, RefusalCode, Refused, refuse
from graph.models.armory import Armory
from graph.models.items import ItemModel
from graph.models.ledger import heads_select_for_update
from graph.models.stock import StockLot, lot_marked
from graph.rules.custody import Line
from graph.rules.returns import nothing_said, settle_refusals
from graph.rules.stock import Settled, Settlement, StockRef, adjusted, adjustment_refusals, received_refusals, settle, too_much
from graph.words import COUNTER, EventType, ProposalCommand, StockAdjustment, StockKind, Subject

TERMS = ("received", "disposed", "on_hand", "out_on_issue", "expended", "lost")


@dataclass(frozen=True)
class ReceiveStock:
    """So much of a lot comes into an arms room. A lot that is new there needs a kind and a name; `fits` empty means every nomenclature."""

    request_id: UUID
    armory: str
    article: str
    lot_number: str
    quantity: int
    kind: StockKind | None = None
    name: str | None = None
    dodic: str | None = None
    fits: tuple[UUID, ...] = ()
    note: str | None = None


@dataclass(frozen=True)
class Marked:
    """A lot as it is marked: its arms room by the code, its article and its number."""

    armory: str
    article: str
    lot_number: str


@dataclass(frozen=True)
class AdjustStock:
    """The book of a lot, by its id or as it is marked, is set right: it waits for a second person."""

    request_id: UUID
    lot_id: UUID | None
    kind: StockAdjustment
    quantity: int
    override: Override | None = None
    marked: Marked | None = None


@dataclass(frozen=True)
class SettleLine:
    """What became of stock that is out with an item, which stays out itself."""

    item: ItemRef
    stock: tuple[Settled, ...] = ()
    all_stock_returned: bool = False
    expected_version: int | None = None


@dataclass(frozen=True)
class SettleStock:
    """Stock comes back, was expended or was lost, while the items stay in their holders' hands."""

    request_id: UUID
    lines: tuple[SettleLine, ...]
    note: str | None = None


async def receive_stock(command: ReceiveStock) -> Answer | Refused:
    """Bring stock onto the book of an arms room: a new lot, or more of one that is there."""
    require(*COUNTER)

    async def decide() -> Sequence[UUID]:
        armory = await _armory(command.armory)
        known: dict[str, Any] = {"armory_id": armory.id, "article": command.article, "lot_number": command.lot_number}
        await heads_select_for_update([str(armory.id)])  # whoever moves stock holds it: lots need no lock of their own
        lot = await StockLot.get_or_none(**known)
        models = await ItemModel.filter(id__in=command.fits).values_list("nomenclature", flat=True)
        given = {"kind": command.kind, "name": command.name, "dodic": command.dodic, "fits": sorted(command.fits) or None}
        there = {name: getattr(lot, name) for name in given} if lot else None
        there_now = lot.received if lot else 0
        wrong = received_refusals(given, there, unknown_models=len(command.fits) - len(models))
        refuse([*wrong, *too_much(there_now, command.quantity)])
        event_id = uuid7()
        if lot is None:
            facts = {"kind": command.kind, "name": command.name, "dodic": command.dodic, "fits": sorted(command.fits)}
            lot = StockLot(
                id=uuid7(),
                **known,
                **facts,
                received_at=await database_time(),
                received=command.quantity,
                on_hand=command.quantity,
                last_event_id=event_id,
            )
            await lot.save(force_create=True)
            told: Mapping[str, Any] = row_of(lot)
        else:
            told = await _set(lot, event_id, adjusted(_terms(lot), StockAdjustment.RECEIVED, command.quantity))
        payload = {"stock_lot": [told], **_said(lot, armory.code, command.quantity), "fits": models, "note": command.note}
        summary = f"{command.quantity} {lot.article}, lot {lot.lot_number}, received in {armory.code}."
        about = Subject.STOCK_LOT, lot.id, summary, payload
        await append(Event(str(armory.id), EventType.STOCK_RECEIVED, *about, event_id=event_id))
        return [lot.id]

    return await perform("receiveStock", command.request_id, command, decide)


async def _armory(code: str) -> Armory:
    armory = await with_code(Armory, code, "armory")
    if isinstance(armory, Refusal):
        raise Refused([armory])
    if not current_actor().may_see(armory.id):
        raise Refused([Refusal(RefusalCode.OUT_OF_SCOPE, "This arms room is not one of yours.", path="armory")])
    return armory


def _terms(lot: StockLot) -> dict[str, int]:
    return {term: getattr(lot, term) for term in TERMS}


async def _set(lot: StockLot, event_id: UUID, terms: Mapping[str, int]) -> Mapping[str, Any]:
    """Set the terms of a locked lot, and give the change as the ledger has it."""
    after = {**terms, "last_event_id": event_id}
    before = {name: getattr(lot, name) for name in after}
    lot.update_from_dict(after)
    await lot.save(update_fields=list(after))
    return {"id": lot.id, "before": before, "after": after}


def _said(lot: StockLot, room: str, quantity: int) -> dict[str, object]:
    return {"article": lot.article, "name": lot.name, "lot_number": lot.lot_number, "armory": room, "quantity": quantity}


# ---------------------------------------------------------------------------------------------------------------------------- adjustments


async def adjust_stock(command: AdjustStock) -> Answer | Refused:
    """Set the book of a lot right, with a second person: what comes of it at first is a proposal."""
    require(*COUNTER)
    request, marked = requested("adjustStock", command.request_id, command), command.marked
    found = command.lot_id if marked is None else await lot_marked(marked.armory, marked.article, marked.lot_number)
    resolved = replace(command, lot_id=found, marked=None)
    return await serve(request, asked_of_adjustment(resolved), lambda counter: adjust(resolved, counter))


def asked_of_adjustment(command: AdjustStock) -> Asked:
    """What an adjustment names."""
    return Asked(stock=(StockRef(lot_id=command.lot_id),))


def adjust(command: AdjustStock, counter: Counter, approval: Approval | None = None) -> Sequence[Written]:
    """The lot as it is set right, or the proposal of it."""
    lot_id = command.lot_id
    lot = counter.stock.get(lot_id) if lot_id is not None else None
    if lot_id is None or lot is None or not current_actor().may_see(UUID(lot["armory_id"])):
        raise Refused([Refusal(RefusalCode.UNKNOWN_CODE, "There is no such lot in your arms rooms.", path="lot")])
    why = adjustment_refusals(lot["article"], lot, command.kind, command.quantity)
    what = f"{command.kind.value.lower()} {command.quantity} {lot['article']}, lot {lot['lot_number']}, in {lot['room']}"
    room, said = (UUID(lot["armory_id"]), lot["room"]), {name: lot[name] for name in ("article", "name", "lot_number")}
    if waits(command.override, approval, why):
        return [propose(ProposalCommand.ADJUST_STOCK, "adjustStock", command, what, why, room, counter.now, said)]
    refuse(standing(approval, why))
    event_id, terms = uuid7(), adjusted(lot, command.kind, command.quantity)
    change = counter.move(lot_id, event_id, **{term: value - lot[term] for term, value in terms.items()})
    facts = {**said, "armory": room[1], "adjustment": command.kind, "quantity": command.quantity}
    payload = {"stock_lot": [change], **facts, **(approval.facts if approval else {})}
    about = Subject.STOCK_LOT, lot_id, f"Set right: {what}.", payload
    event = Event(str(room[0]), EventType.STOCK_ADJUSTED, *about, event_id=event_id)
    return [Written(lot_id, {"lots": [change]}, [event])]


# ------------------------------------------------------------------------------------------------------------- stock that is out with items


async def settle_stock(command: SettleStock) -> Answer | Refused:
    """Account for stock that is out while the items stay out: returned, expended (which the weapon has fired) or lost."""
    require(*COUNTER)

    def decide(counter: Counter) -> Sequence[Written]:
        settlements = {line.line: _settlement(line, command.lines[line.line], counter) for line in counter.lines if line.custody}
        empty = (nothing_said(line) for line in counter.lines if line.in_scope and line.custody and settlements[line.line].empty)
        stock = (refusal for each in settlements.values() for refusal in each.refusals)
        refuse([*counter.unknown, *settle_refusals(counter.lines), *stock, *empty])
        return [_settle(line, counter, settlements[line.line], command.note) for line in counter.lines]

    asked = Asked(*lines_named(command.lines), takes_stock_back=True)
    return await serve(requested("settleStock", command.request_id, command), asked, decide)


def _settlement(line: Line, asked: SettleLine, counter: Counter) -> Settlement:
    if not line.in_scope:
        return Settlement()
    outstanding = outstanding_of(counter.known[line.item_id]["lines"])
    return settle(line, outstanding, asked.stock, rest_returned=asked.all_stock_returned, closing=False)


def _settle(line: Line, counter: Counter, settlement: Settlement, note: str | None) -> Written:
    """What became of the stock on one receipt; what was fired counts on the weapon."""
    known, event_id = counter.known[line.item_id], uuid7()
    item, record, holder = known["item"], known["record"], known["holder"]
    stock = stock_back(known["lines"], settlement, counter, event_id)
    fired = altered(item, {"round_count": item["round_count"] + settlement.rounds}) if settlement.rounds else None
    payload = {
        "receipt_number": record["receipt_number"],
        **counter.said_of(line.item_id, holder),
        **({"item": fired} if fired else {}),
        **stock.said,
        "note": note,
    }
    summary = f"{line.serial}{stock.spoken}: {name_of(holder)} keeps it on receipt {record['receipt_number']}."
    event = custody_event(EventType.STOCK_SETTLED, record, summary, payload, event_id=event_id)
    items = {"items": [{**item, **fired["after"]}]} if fired else {}
    return Written(event.subject_id, {**items, **stock.rows}, [event], line)
