"""The usual stack as most people write it: a Strawberry subscription in which each viewer subscribes to the broadcaster, and at each message
loads its event with Tortoise, and for the event its item.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import strawberry
import uvicorn
from broadcaster import Broadcast
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from strawberry.asgi import GraphQL
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from tortoise import Tortoise

from graph import models as _models  # noqa: F401
from graph.database import tortoise_config
from graph.feed import CHANNEL
from graph.models.items import Item as ItemRow
from graph.models.ledger import LedgerEvent as EventRow
from graph.models.ledger import StreamHead

broadcast = Broadcast(os.environ["BENCH_URL"])


@strawberry.type
class Item:
    serial: str
    state: str


@strawberry.type
class LedgerEvent:
    row: strawberry.Private[Any]
    seq: int
    type: str
    summary: str

    @strawberry.field
    async def item(self) -> Item | None:
        item = await ItemRow.get_or_none(id=self.row.item_id)
        return Item(serial=item.serial, state=item.state.value) if item else None


@strawberry.type
class FeedMessage:
    cursor: str
    event: LedgerEvent | None


def message_of(row: EventRow) -> FeedMessage:
    event = LedgerEvent(row=row, seq=row.seq, type=row.type.value, summary=json.loads(row.payload)["summary"])
    return FeedMessage(cursor=str(row.seq), event=event)


@strawberry.type
class Query:
    @strawberry.field
    async def head(self, armory: strawberry.ID) -> int:
        return await head_of(stream_of(armory))


async def head_of(stream: str) -> int:
    head = await StreamHead.get(stream=stream)
    return int(head.seq)


def stream_of(armory: str) -> str:
    return str(UUID(hex=armory.partition("_")[2]))


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def custody_feed(self, armories: list[strawberry.ID] | None = None) -> AsyncIterator[FeedMessage]:
        assert armories
        stream = stream_of(armories[0])
        async with broadcast.subscribe(CHANNEL) as messages:
            seq = await head_of(stream)
            yield FeedMessage(cursor=str(seq), event=None)
            while message := await messages.get():
                for new in range(seq + 1, json.loads(message.message).get(stream, 0) + 1):
                    yield message_of(await EventRow.get(stream=stream, seq=new))
                    seq = new


@contextlib.asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    await Tortoise.init(config=tortoise_config(os.environ["BENCH_URL"]), _enable_global_fallback=True)
    async with broadcast:
        yield
    await Tortoise.close_connections()


view = GraphQL[Any, Any](strawberry.Schema(Query, subscription=Subscription), subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL])
app = Starlette(routes=[WebSocketRoute("/graphql", view)], lifespan=lifespan)

if __name__ == "__main__":
    uvicorn.run(
        app, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools", ws_per_message_deflate=False, access_log=False,
        log_level="warning",
    )  # fmt: skip
