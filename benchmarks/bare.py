"""The yardstick: starlette and asyncpg, hand-written SQL, the same bytes, the same locks and writes, the same guards; no GraphQL.

It checks the token as ArmGuard does, from memory. It decides nothing: no rule, no message, no idempotent answer.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from benchmarks.data import TOKEN
from benchmarks.statements import COUNTS, DASHBOARD, LEDGER, SCAN, issue, take_back

pool: asyncpg.Pool


@contextlib.asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    """Hold as many connections as ArmGuard does."""
    global pool
    settings = {"timezone": "UTC", "jit": "off"}
    async with asyncpg.create_pool(os.environ["BENCH_URL"], min_size=1, max_size=16, server_settings=settings) as pool:
        yield


def signed_in(request: Request) -> None:
    """Refuse whoever has no token."""
    if request.headers.get("authorization") != f"Bearer {TOKEN}":
        raise PermissionError


def read(sql: str, convert: Any = str) -> Any:
    """A route that answers with what one statement gives."""

    async def answer(request: Request) -> Response:
        signed_in(request)
        asked = orjson.loads(await request.body())
        return Response(await pool.fetchval(sql, convert(asked["x"])), media_type="application/json")

    return answer


def write(work: Any, field: str) -> Any:
    """A route that runs one command in a transaction."""

    async def answer(request: Request) -> Response:
        signed_in(request)
        asked = orjson.loads(await request.body())
        async with pool.acquire() as connection, connection.transaction():
            receipt = await work(connection, asked)
        record = {"receiptNumber": receipt, "item": {"serial": asked["serial"]}}
        return Response(orjson.dumps({"data": {field: {"records": [record]}}}), media_type="application/json")

    return answer


async def static(_request: Request) -> Response:
    """A route that does nothing."""
    return JSONResponse({"data": {"__typename": "Query"}})


app = Starlette(
    routes=[
        Route("/typename", static, methods=["POST"]),
        Route("/dashboard", read(DASHBOARD, UUID), methods=["POST"]),
        Route("/scan", read(SCAN), methods=["POST"]),
        Route("/armory_counts", read(COUNTS), methods=["POST"]),
        Route("/ledger_page", read(LEDGER), methods=["POST"]),
        Route("/issue", write(issue, "issueItems"), methods=["POST"]),
        Route("/return", write(take_back, "returnItems"), methods=["POST"]),
    ],
    lifespan=lifespan,
)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools", access_log=False, log_level="warning")
