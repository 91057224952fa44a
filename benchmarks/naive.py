"""The usual stack as most people write it: a Strawberry type for each model, a resolver for each relation, Tortoise's objects throughout.

It locks with `select_for_update` in a transaction, writes the same rows under the same guards, and looks the token up for each request.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from tortoise import Tortoise
from tortoise.transactions import in_transaction
from uuid_utils.compat import uuid7

from graph import models as _models  # noqa: F401
from graph.database import tortoise_config
from graph.models.accounts import ApiToken, CompletedRequest
from graph.models.armory import Armory as ArmoryRow
from graph.models.custody import CustodyRecord as CustodyRow
from graph.models.items import Item as ItemRow
from graph.models.items import Tag
from graph.models.ledger import LedgerEvent as EventRow
from graph.models.ledger import StreamHead
from graph.models.people import Person as PersonRow
from graph.rules.accounts import token_hash
from graph.words import CloseReason, CustodyState, EventType, IssueType, Serviceability, Subject


@strawberry.type
class Unit:
    code: str
    name: str


@strawberry.type
class Person:
    row: strawberry.Private[Any]
    name: str
    rank: str

    @strawberry.field
    async def unit(self) -> Unit:
        unit = await self.row.unit
        return Unit(code=unit.code, name=unit.name)


@strawberry.type
class LedgerEvent:
    seq: int
    type: str
    recorded_at: datetime
    summary: str
    actor_name: str


def event_of(row: EventRow) -> LedgerEvent:
    return LedgerEvent(
        seq=row.seq,
        type=row.type.value,
        recorded_at=row.recorded_at,
        summary=json.loads(row.payload)["summary"],
        actor_name=row.actor_name,
    )


@strawberry.type
class Custody:
    row: strawberry.Private[Any]
    receipt_number: str
    issued_at: datetime
    due_at: datetime | None

    @strawberry.field
    async def holder(self) -> Person:
        person = await self.row.holder
        return Person(row=person, name=f"{person.rank} {person.family_name}, {person.given_names}", rank=person.rank)

    @strawberry.field
    async def item(self) -> Item:
        return item_of(await self.row.item)


def custody_of(row: CustodyRow) -> Custody:
    return Custody(row=row, receipt_number=row.receipt_number, issued_at=row.issued_at, due_at=row.due_at)


@strawberry.type
class Item:
    row: strawberry.Private[Any]
    serial: str
    state: str

    @strawberry.field
    async def open_custody(self) -> Custody | None:
        row = await CustodyRow.filter(item_id=self.row.id, closed_at=None).first()
        return custody_of(row) if row else None

    @strawberry.field
    async def events(self, first: int) -> list[LedgerEvent]:
        rows = await EventRow.filter(item_id=self.row.id).order_by("-recorded_at", "-event_id").limit(first)
        return [event_of(row) for row in rows]


def item_of(row: ItemRow) -> Item:
    return Item(row=row, serial=row.serial, state=row.state.value)


@strawberry.type
class Count:
    state: str
    category: str
    count: int


@strawberry.type
class Armory:
    row: strawberry.Private[Any]
    code: str

    @strawberry.field
    async def counts(self) -> list[Count]:
        found: dict[tuple[str, str], int] = {}
        for item in await ItemRow.filter(armory_id=self.row.id).select_related("model"):
            key = (item.state.value, item.model.category.value)
            found[key] = found.get(key, 0) + 1
        return [Count(state=state, category=category, count=count) for (state, category), count in sorted(found.items())]


@strawberry.input
class NaiveInput:
    request_id: str
    serial: str
    person: str


def read_id(given: str) -> UUID:
    return UUID(hex=given.partition("_")[2])


@strawberry.type
class Query:
    @strawberry.field
    async def items(self, first: int, armory: strawberry.ID, after_serial: str | None = None) -> list[Item]:
        found = ItemRow.filter(armory_id=read_id(armory))
        if after_serial is not None:
            found = found.filter(serial_key__gt=after_serial)
        rows = await found.order_by("serial_key", "id").limit(first)
        return [item_of(row) for row in rows]

    @strawberry.field
    async def scan(self, code: str) -> Item | None:
        tag = await Tag.get_or_none(code=code).select_related("item")
        return item_of(tag.item) if tag and tag.item else None

    @strawberry.field
    async def armory(self, code: str) -> Armory | None:
        row = await ArmoryRow.get_or_none(code=code)
        return Armory(row=row, code=row.code) if row else None

    @strawberry.field
    async def ledger(self, armory: strawberry.ID, first: int, before: int | None = None) -> list[LedgerEvent]:
        found = EventRow.filter(stream=str(read_id(armory)))
        if before is not None:
            found = found.filter(seq__lt=before)
        rows = await found.order_by("-seq").limit(first)
        return [event_of(row) for row in rows]


async def written(info: Any, given: NaiveInput, type_: EventType, record: CustodyRow, item: ItemRow) -> None:
    account = info.context["account"]
    payload = json.dumps(
        {
            "summary": f"{item.serial} {type_.value} {record.receipt_number}",
            "custody_record": {"id": str(record.id)},
            "item": {"id": str(item.id)},
        }
    )
    await Tortoise.get_connection("default").execute_query(
        "INSERT INTO ledger_event (event_id, stream, type, subject, subject_id, item_id, person_id, payload, actor_kind, actor_id, actor_name, "
        "request_id, effective_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'ACCOUNT', $9, $10, $11, clock_timestamp()) RETURNING seq",
        [uuid7(), str(item.armory_id), type_.value, Subject.CUSTODY_RECORD.value, record.id, item.id, record.holder_id, payload, account.id]
        + [account.username, UUID(given.request_id)],
    )
    await CompletedRequest.create(
        id=uuid7(),
        actor_key=str(account.id),
        request_id=UUID(given.request_id),
        command=type_.value,
        arguments_hash=sha256(payload.encode()).digest(),
        answer=payload,
        completed_at=datetime.now(UTC),
    )


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def issue(self, info: strawberry.Info, input: NaiveInput) -> Custody:
        async with in_transaction():
            key = str(info.context["account"].id)
            assert await CompletedRequest.get_or_none(actor_key=key, request_id=UUID(input.request_id)) is None
            person = await PersonRow.filter(service_number_key=input.person).select_for_update().get()
            item = await ItemRow.filter(serial_key=input.serial).select_for_update().get()
            head = await StreamHead.filter(stream=str(item.armory_id)).select_for_update().get()
            armory = await item.armory
            if await CustodyRow.exists(item_id=item.id, closed_at=None):
                raise ValueError("It is out.")
            now = datetime.now(UTC)
            record = await CustodyRow.create(
                id=uuid7(),
                receipt_number=f"{armory.code}-{head.receipts + 1:06}",
                receipt=head.receipts + 1,
                armory=armory,
                item=item,
                holder=person,
                issue_type=IssueType.TEMPORARY,
                issued_at=now,
                due_at=now + timedelta(hours=24),
                issued_by=info.context["account"],
                condition_out=item.serviceability,
            )
            item.state, item.version = CustodyState.ISSUED, item.version + 1
            await item.save()
            await written(info, input, EventType.ITEM_ISSUED, record, item)
        return custody_of(record)

    @strawberry.mutation
    async def give_back(self, info: strawberry.Info, input: NaiveInput) -> Custody:
        async with in_transaction():
            key = str(info.context["account"].id)
            assert await CompletedRequest.get_or_none(actor_key=key, request_id=UUID(input.request_id)) is None
            item = await ItemRow.filter(serial_key=input.serial).select_for_update().get()
            await StreamHead.filter(stream=str(item.armory_id)).select_for_update().get()
            record = await CustodyRow.filter(item_id=item.id, closed_at=None).select_for_update().get()
            record.closed_at, record.closed_by = datetime.now(UTC), info.context["account"]
            record.close_reason, record.condition_in = CloseReason.RETURNED, Serviceability.SERVICEABLE
            record.brought_by, record.version = await record.holder, record.version + 1
            await record.save()
            item.state, item.version = CustodyState.IN_ROOM, item.version + 1
            await item.save()
            await written(info, input, EventType.ITEM_RETURNED, record, item)
        return custody_of(record)


class View(GraphQL):
    async def get_context(self, request: Any, response: Any) -> Any:
        token = request.headers["authorization"].removeprefix("Bearer ")
        found = await ApiToken.get(token_hash=token_hash(token), revoked_at=None).select_related("account")
        return {"request": request, "response": response, "account": found.account}


@contextlib.asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    await Tortoise.init(config=tortoise_config(os.environ["BENCH_URL"]), _enable_global_fallback=True)
    yield
    await Tortoise.close_connections()


app = Starlette(routes=[Route("/graphql", View(strawberry.Schema(Query, Mutation)), methods=["POST"])], lifespan=lifespan)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools", access_log=False, log_level="warning")
