"""What is said of a receipt beside its custody: its holder confirms it, an officer regularises an emergency. And the PIN that confirms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from uuid_utils.compat import uuid7

from graph import database
from graph.audit.actor import current_actor
from graph.audit.ledger import Event, append, database_time
from graph.commands.attempts import attempts
from graph.commands.counter import name_of
from graph.commands.passwords import hash_pin, matches
from graph.commands.perform import Answer, perform, require
from graph.commands.references import ItemRef, PersonRef, find_items, find_person, one
from graph.commands.rows import change, lock_row, row_of
from graph.errors import Refusal, RefusalCode, Refused, refuse
from graph.models.custody import Confirmation, CustodyRecord, Regularisation
from graph.models.ledger import REGISTRY, heads_select_for_update
from graph.models.people import Person
from graph.rules.receipts import Receipt, confirmation_refusals, pin_refusals, regularisation_refusals
from graph.words import COUNTER, ConfirmationStage, EventType, Role, Subject


@dataclass(frozen=True)
class SetPin:
    """A person's PIN: the digits are not part of what is remembered of the request."""

    request_id: UUID
    person: PersonRef


@dataclass(frozen=True)
class ReceiptRef:
    """A receipt by its number, or as the newest one of an item."""

    number: str | None = None
    item: ItemRef | None = None


@dataclass(frozen=True)
class ConfirmReceipt:
    """The holder confirms that the item of a receipt was drawn, or was given back; the PIN is not remembered."""

    request_id: UUID
    receipt: ReceiptRef
    stage: ConfirmationStage


@dataclass(frozen=True)
class RegulariseEmergency:
    """An officer has looked at an emergency issue."""

    request_id: UUID
    receipt: ReceiptRef
    note: str


async def set_pin(command: SetPin, pin: str) -> Answer | Refused:
    """Give a person a PIN, which they type themselves; the one before is worth nothing any more."""
    require(*COUNTER)
    if refusals := pin_refusals(pin):
        return Refused(refusals)
    hashed = await hash_pin(pin)

    async def decide() -> Sequence[UUID]:
        person = await lock_row(Person, one(await find_person(command.person, "person")))
        facts = {"name": name_of(vars(person)), "service_number": person.service_number}
        await append(
            await change(person, {"pin_hash": hashed}, REGISTRY, EventType.PIN_SET, Subject.PERSON, facts, person_id=person.id),
        )
        return [person.id]

    answer = await perform("setPin", command.request_id, command, decide)
    if isinstance(answer, Refused):
        return answer
    if not answer.repeated:
        await attempts().forget(attempts().of_pin, str(answer.rows[0]))
        return answer
    person = await database.transaction(lambda: Person.get(id=answer.rows[0]))
    if person.pin_hash is not None and await matches(person.pin_hash, pin):
        return answer
    message = "This requestId has been used to set another PIN. Send a new one."
    return Refused([Refusal(RefusalCode.IDEMPOTENCY_MISMATCH, message, path="requestId")])


async def confirm_receipt(command: ConfirmReceipt, pin: str) -> Answer | Refused:
    """Confirm a receipt by its holder's PIN. What is pending when the receipt closes is void.

    Wrong PINs are counted for each person, and after some of them a wait begins (NIST SP 800-63B, 5.2.2).
    """
    require(*COUNTER)
    record = await _record(command.receipt)
    if isinstance(record, Refused):
        return record
    holder = await database.transaction(lambda: Person.get(id=record.holder_id))
    wrong = await _pin_refusals(holder, pin)

    async def decide() -> Sequence[UUID]:
        await heads_select_for_update([str(record.armory_id)])  # whoever closes the receipt holds it
        receipt = await CustodyRecord.get(id=record.id)
        facts = Receipt(receipt.receipt_number, receipt.closed_at, receipt.close_reason, receipt.issue_type)
        refuse([*confirmation_refusals(facts, command.stage), *wrong])
        made = Confirmation(
            id=uuid7(),
            record_id=record.id,
            armory_id=record.armory_id,
            person_id=holder.id,
            stage=command.stage,
            confirmed_at=await database_time(),
        )
        await made.save(force_create=True)
        what = "drawn" if command.stage is ConfirmationStage.ISSUE else "given back"
        summary = f"{name_of(vars(holder))} confirms that the item of receipt {record.receipt_number} was {what}."
        said = {"receipt_number": record.receipt_number, "holder": name_of(vars(holder)), "service_number": holder.service_number}
        await _say(record, EventType.RECEIPT_CONFIRMED, summary, {"confirmation": row_of(made), **said})
        return [record.id]

    return await perform("confirmReceipt", command.request_id, command, decide)


async def _pin_refusals(holder: Person, pin: str) -> list[Refusal]:
    """Why this PIN confirms nothing, without a word about what it should be."""
    if holder.pin_hash is None:
        return [Refusal(RefusalCode.PIN_FAILED, f"{name_of(vars(holder))} has no PIN yet (setPin).", path="pin", holder_id=holder.id)]
    counted, who = attempts(), str(holder.id)
    if wait := await counted.take(counted.of_pin, who):  # counted before it is looked at: many at once are as many attempts
        message = f"Too many wrong PINs of {name_of(vars(holder))}: try again in {wait} seconds."
        return [Refusal(RefusalCode.PIN_FAILED, message, path="pin", holder_id=holder.id, limit=wait)]
    if await matches(holder.pin_hash, pin):
        await counted.forget(counted.of_pin, who)
        return []
    return [Refusal(RefusalCode.PIN_FAILED, f"This is not the PIN of {name_of(vars(holder))}.", path="pin", holder_id=holder.id)]


async def regularise_emergency(command: RegulariseEmergency) -> Answer | Refused:
    """Set down that an emergency issue was looked at: it leaves the list of those that wait."""
    require(Role.ARMS_ROOM_OFFICER)
    record = await _record(command.receipt)
    if isinstance(record, Refused):
        return record

    async def decide() -> Sequence[UUID]:
        await heads_select_for_update([str(record.armory_id)])
        refuse(regularisation_refusals(record.receipt_number, record.issue_type))
        made = Regularisation(
            id=uuid7(),
            record_id=record.id,
            armory_id=record.armory_id,
            note=command.note,
            regularised_at=await database_time(),
            regularised_by_id=current_actor().account_id,
        )
        await made.save(force_create=True)
        summary = f"Emergency issue {record.receipt_number} regularised by {current_actor().name}: {command.note}"
        payload = {"regularisation": row_of(made), "receipt_number": record.receipt_number}
        await _say(record, EventType.EMERGENCY_REGULARISED, summary, payload)
        return [record.id]

    return await perform("regulariseEmergency", command.request_id, command, decide)


async def _record(ref: ReceiptRef) -> CustodyRecord | Refused:
    """The receipt that is meant, if its arms room is one of the actor's."""
    found = CustodyRecord.filter(receipt_number=(ref.number or "").strip().upper())
    if ref.item is not None:
        items = await find_items([ref.item])
        if items.refusals:
            return Refused([replace(refusal, line=None, path=(refusal.path or "").removeprefix("lines.0.")) for refusal in items.refusals])
        found = CustodyRecord.filter(item_id=items.by_line[0]).order_by("-issued_at", "-id")
    record = await database.transaction(lambda: found.first())
    if record is None or not current_actor().may_see(record.armory_id):
        path, which = ("item", "of this item") if ref.item is not None else ("receiptNumber", str(ref.number))
        return Refused([Refusal(RefusalCode.UNKNOWN_CODE, f"There is no receipt {which} in your arms rooms.", path=path)])
    return record


async def _say(record: CustodyRecord, type_: EventType, summary: str, payload: Mapping[str, object]) -> None:
    about = Subject.CUSTODY_RECORD, record.id, summary, payload, record.item_id, record.holder_id
    await append(Event(str(record.armory_id), type_, *about))
