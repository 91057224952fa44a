"""Bringing the earlier system's records into one arms room: the plan says what, this writes it, whole or not at all (INV-26)."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from graph.audit.ledger import Event, append, database_time
from graph.commands.legacy_file import read_legacy
from graph.commands.perform import perform, require
from graph.commands.rows import alter, register, row_of
from graph.errors import Refusal, RefusalCode, Refused
from graph.models.accounts import Account
from graph.models.armory import Armory, Unit
from graph.models.custody import CustodyRecord, Purpose
from graph.models.items import Item, ItemModel, Tag
from graph.models.ledger import REGISTRY, ImportedRow, heads_select_for_update
from graph.models.people import Person, people_select_for_update
from graph.rules.legacy import plan
from graph.rules.legacy_decisions import Decision, Outcome
from graph.rules.legacy_rows import ImportPlan, Known, PlannedHistory, PlannedRecord, Terms, name_key
from graph.words import CloseReason, CustodyState, DutyStatus, EventType, Role, Slot, Subject

EVENTS_AT_ONCE = 500


@dataclass(frozen=True)
class ImportLegacy:
    """An import into the arms room with this code."""

    request_id: UUID
    armory: str
    dry_run: bool = False
    file_sha256: str = ""


@dataclass(frozen=True)
class Imported:
    """What was decided for every row, how many rows per outcome and code, and how many rows of ours were (or would be) written."""

    decisions: tuple[Decision, ...]
    counts: dict[str, dict[str, int]]
    written: int


Move = Callable[[str, float], Any]


async def import_legacy(command: ImportLegacy, file: Path, move: Move) -> Imported | Refused:
    """Import a file of the earlier system, or with `dry_run` only say what would be done.

    Raises:
        BadInput: the file is not a database of that system, or is damaged.
    """
    require(Role.ADMIN, Role.ARMS_ROOM_OFFICER)
    data = await asyncio.to_thread(read_legacy, file)
    digest = hashlib.sha256(await asyncio.to_thread(file.read_bytes)).hexdigest()
    planned: list[ImportPlan] = []

    async def decide() -> Sequence[UUID]:
        armory = await Armory.get_or_none(code=command.armory)
        if armory is None:
            message = f"There is no arms room with the code {command.armory}. Register it first."
            raise Refused([Refusal(RefusalCode.UNKNOWN_CODE, message, path="armory")])
        await people_select_for_update(list(await Person.all().order_by("id").values_list("id", flat=True)))  # type: ignore[arg-type]
        heads = {head.stream: head for head in await heads_select_for_update(sorted([REGISTRY, str(armory.id)]))}
        now = await database_time()
        made = plan(data, await _known(), now, _terms(armory))
        planned[:] = [made]
        if not command.dry_run and not made.nothing_to_write:
            await _Writer(made, armory, heads[str(armory.id)].receipts, now, digest, move).write()
        return []

    if command.dry_run:
        try:
            await decide()
        except Refused as refused:
            return refused
    else:
        answer = await perform("importLegacy", command.request_id, replace(command, file_sha256=digest), decide)
        if isinstance(answer, Refused):
            return answer
    return _report(planned[0])


def _terms(armory: Armory) -> Terms:
    limits = {Slot.SIDEARM: armory.sidearm_limit, Slot.LONG_GUN: armory.long_gun_limit}
    return Terms(timedelta(hours=armory.temporary_limit_hours), limits)


def _report(made: ImportPlan) -> Imported:
    counts: dict[str, dict[str, int]] = {outcome.value: {} for outcome in Outcome}
    for (outcome, code), count in Counter((decision.outcome.value, decision.code) for decision in made.decisions).items():
        counts[outcome][code] = count
    parts = (made.units, made.models, made.purposes, made.people, made.accounts, made.items, made.tags, made.history, made.open_records)
    return Imported(made.decisions, counts, sum(len(part) for part in parts))


async def _known() -> Known:
    """What ArmGuard has already, by the keys that the plan knows it by."""
    people = await Person.all()
    models = await ItemModel.all()
    return Known(
        sources={row.source: str(row.subject_id) for row in await ImportedRow.all()},
        units={row.code: str(row.id) for row in await Unit.all()},
        models={(name_key(row.nomenclature), row.manufacturer_key): str(row.id) for row in models},
        purposes={row.code: str(row.id) for row in await Purpose.all()},
        people={row.service_number_key: str(row.id) for row in people},
        items={(row.manufacturer_key, row.serial_key): str(row.id) for row in await Item.all()},
        tags={row.code: str(row.id) for row in await Tag.all()},
        accounts={row.username_key: str(row.id) for row in await Account.all()},
        family_names={str(row.id): row.family_name for row in people},
        separated=frozenset(str(row.id) for row in people if row.duty_status is DutyStatus.SEPARATED),
    )


class _Writer:
    """Writes one plan. Each event carries the rows of the earlier system that it comes from."""

    def __init__(self, made: ImportPlan, armory: Armory, receipts: int, now: datetime, digest: str, move: Move) -> None:
        self.plan = made
        self.armory = armory
        self.receipts = receipts
        self.now = now
        self.digest = digest
        self.move = move
        self.stream = str(armory.id)
        self.ids = {source: UUID(known) for source, known in made.links.items()}
        self.items: dict[UUID, Item] = {}
        self.models: dict[UUID, ItemModel] = {}
        self.people: dict[UUID, Person] = {}
        self.events: list[Event] = []
        self.imported: list[ImportedRow] = []

    async def write(self) -> None:
        """Write everything in the plan's order, then its events, then what came from where."""
        self.models = {model.id: model for model in await ItemModel.all()}
        self.people = {person.id: person for person in await Person.all()}
        await self._words()
        self.move("people", 0.1)
        await self._people()
        self.move("weapons and tags", 0.3)
        await self._items()
        await self._tags()
        self.move("custody", 0.6)
        await self._custody()
        self.move("ledger", 0.8)
        for start in range(0, len(self.events), EVENTS_AT_ONCE):
            await append(*self.events[start : start + EVENTS_AT_ONCE])
        await append(self._closing())
        await ImportedRow.bulk_create(self.imported)
        self.move("done", 1.0)

    async def _add(
        self, source: str, row: Any, stream: str, type_: EventType, subject: Subject, facts: dict[str, Any], **about: Any
    ) -> None:
        self.ids[source] = row.id
        origin = self._origin(source, subject, row.id)
        self.events.append(await register(row, stream, type_, subject, {**facts, **origin}, **about))

    def _origin(self, source: str, subject: Subject, row_id: UUID) -> dict[str, Any]:
        row = ImportedRow(source=source, armory_id=self.armory.id, subject=subject, subject_id=row_id, imported_at=self.now)
        self.imported.append(row)
        return {"imported_row": [row_of(row)]}

    async def _words(self) -> None:
        for unit in self.plan.units:
            await self._add(
                unit.source, Unit(id=uuid7(), code=unit.code, name=unit.name), REGISTRY, EventType.UNIT_REGISTERED, Subject.UNIT, {}
            )
        for model in self.plan.models:
            made = ItemModel(
                id=uuid7(),
                nomenclature=model.nomenclature,
                manufacturer=model.manufacturer,
                manufacturer_key=model.manufacturer_key,
                category=model.category,
                slot=model.slot,
                caliber=model.caliber,
            )
            self.models[made.id] = made
            await self._add(model.source, made, REGISTRY, EventType.ITEM_MODEL_REGISTERED, Subject.ITEM_MODEL, {})
        for purpose in self.plan.purposes:
            row = Purpose(id=uuid7(), code=purpose.code, name=purpose.name, categories=[])
            await self._add(purpose.source, row, REGISTRY, EventType.PURPOSE_REGISTERED, Subject.PURPOSE, {})

    async def _people(self) -> None:
        for planned in self.plan.people:
            person = Person(
                id=uuid7(),
                service_number=planned.service_number,
                service_number_key=planned.service_number_key,
                rank=planned.rank,
                family_name=planned.family_name,
                given_names=planned.given_names,
                unit_id=self.ids[planned.unit],
                category=planned.category,
                duty_status=planned.duty_status,
            )
            self.people[person.id] = person
            await self._add(planned.source, person, REGISTRY, EventType.PERSON_REGISTERED, Subject.PERSON, {}, person_id=person.id)
        for account in self.plan.accounts:
            row = Account(
                id=uuid7(),
                username=account.username,
                username_key=account.username.lower(),
                roles=[role.value for role in account.roles],
                armories=[self.armory.id],
                state=account.state,
            )
            await self._add(account.source, row, REGISTRY, EventType.ACCOUNT_CREATED, Subject.ACCOUNT, {})

    async def _items(self) -> None:
        for planned in self.plan.items:
            model = self.models[self.ids[planned.model]]
            item = Item(
                id=uuid7(),
                model_id=model.id,
                manufacturer_key=planned.manufacturer_key,
                serial=planned.serial,
                serial_key=planned.serial_key,
                armory_id=self.armory.id,
                state=CustodyState.IN_ROOM if planned.state is CustodyState.ISSUED else planned.state,
                serviceability=planned.serviceability,
                round_count=planned.rounds_fired,
            )
            self.items[item.id] = item
            facts = {"model": model.nomenclature, "armory": self.armory.code, "discrepancy": planned.discrepancy}
            await self._add(planned.source, item, self.stream, EventType.ITEM_REGISTERED, Subject.ITEM, facts, item_id=item.id)

    async def _tags(self) -> None:
        for planned in self.plan.tags:
            target = self.ids[planned.target]
            about = {"person_id": target} if target in self.people else {"item_id": target}
            tag = Tag(id=uuid7(), code=planned.code, revoked_at=self.now if planned.revoked else None, **about)
            stream = REGISTRY if "person_id" in about else self.stream
            await self._add(planned.source, tag, stream, EventType.TAG_ASSIGNED, Subject.TAG, {}, **about)

    async def _custody(self) -> None:
        records, out = [], []
        for planned in (*self.plan.history, *self.plan.open_records):
            record = self._record(planned)
            item, holder = self.items[record.item_id], self.people[record.holder_id]
            self.ids[planned.source] = record.id
            payload = {
                "custody_record": row_of(record),
                "serial": item.serial,
                "model": self.models[item.model_id].nomenclature,
                "armory": self.armory.code,
                "holder": {"id": holder.id, "name": f"{holder.rank} {holder.family_name}", "service_number": holder.service_number},
                "imported_from": planned.source,
                "details": dict(planned.details),
                **self._origin(planned.source, Subject.CUSTODY_RECORD, record.id),
            }
            if record.closed_at is None:
                payload["item"] = alter(item, {"state": CustodyState.ISSUED})
                out.append(item)
            ended = "open" if record.closed_at is None else f"closed {record.closed_at:%Y-%m-%d}"
            summary = f"{item.serial} with {holder.rank} {holder.family_name}, imported as receipt {record.receipt_number} ({ended})."
            self.events.append(
                Event(
                    self.stream,
                    EventType.CUSTODY_IMPORTED,
                    Subject.CUSTODY_RECORD,
                    record.id,
                    summary,
                    payload,
                    item_id=item.id,
                    person_id=holder.id,
                    effective_at=record.issued_at,
                )
            )
            records.append(record)
        await CustodyRecord.bulk_create(records, batch_size=200)
        if out:
            await Item.bulk_update(out, ["state", "version"])

    def _record(self, planned: PlannedRecord) -> CustodyRecord:
        self.receipts += 1
        record = CustodyRecord(
            id=uuid7(),
            receipt_number=f"{self.armory.code}-{self.receipts:06}",
            receipt=self.receipts,
            armory_id=self.armory.id,
            item_id=self.ids[planned.item],
            holder_id=self.ids[planned.holder],
            issue_type=planned.issue_type,
            purpose_id=self.ids[planned.purpose] if planned.purpose else None,
            issued_at=planned.issued_at,
            due_at=planned.due_at,
            issued_by_id=self.ids[planned.issued_by] if planned.issued_by else None,
            condition_out=planned.condition_out,
            note=planned.note,
        )
        if isinstance(planned, PlannedHistory):
            record.closed_at = planned.closed_at
            record.closed_by_id = self.ids[planned.closed_by] if planned.closed_by else None
            record.close_reason = CloseReason.RETURNED
            record.brought_by_id = self.ids[planned.brought_by]
            record.brought_reason = planned.brought_reason
            record.return_note = planned.return_note
            record.rounds_fired = planned.rounds_fired
        return record

    def _closing(self) -> Event:
        """What was brought in, and each decision that a person should read."""
        notable = [
            {
                "row": f"{decision.row_table}:{decision.row_id}",
                "outcome": decision.outcome,
                "code": decision.code,
                "message": decision.message,
            }
            for decision in self.plan.decisions
            if decision.notable or decision.outcome in (Outcome.SET_ASIDE, Outcome.MERGED)
        ]
        counts = Counter(decision.outcome.value for decision in self.plan.decisions)
        summary = f"Records of the earlier system imported: {len(self.imported)} rows, {len(notable)} decisions to read."
        payload = {"file_sha256": self.digest, "outcomes": dict(counts), "decisions": notable}
        return Event(self.stream, EventType.LEGACY_IMPORTED, Subject.IMPORT, self.armory.id, summary, payload)
