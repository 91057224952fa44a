"""The yardstick: starlette and asyncpg, hand-written SQL, the same bytes, the same locks and writes, the same guards; no GraphQL.

It checks the token as ArmGuard does, from memory. It decides nothing: no rule, no message, no idempotent answer.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import AsyncIterator

import asyncpg
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.data import TOKEN
from benchmarks.statements import run

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


async def answer(request: Request) -> Response:
    """What is asked, by hand-written statements."""
    signed_in(request)
    body = await run(pool, request.path_params["name"], orjson.loads(await request.body()))
    return Response(body, media_type="application/json")


async def static(request: Request) -> Response:
    """A route that does nothing."""
    signed_in(request)
    return Response(b'{"data":{"__typename":"Query"}}', media_type="application/json")


routes = [Route("/typename", static, methods=["POST"]), Route("/{name}", answer, methods=["POST"])]
app = Starlette(routes=routes, lifespan=lifespan)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools", access_log=False, log_level="warning")
