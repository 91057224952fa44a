"""The ASGI application: routes, middleware, lifespan. No logic."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from graph import __version__, clock, database, feed, meter
from graph.errors import ArmGuardError, Unavailable
from graph.schema.api import build_schema
from graph.settings import Settings
from graph.transport.answers import unanswered
from graph.transport.entrance import API, RequestId
from graph.transport.limits import Traffic
from graph.transport.oidc import open_gate
from graph.transport.pages import STATIC, asked_without_body
from graph.transport.view import GraphQLView


async def health(_request: Request) -> Response:
    """Whether the process runs."""
    return JSONResponse({"status": "ok", "version": __version__})


async def ready(_request: Request) -> Response:
    """Whether it can serve; names the part that fails."""
    parts = {"database": "ok", "feed": "ok"}
    try:
        await database.fetch("SELECT 1")
    except (ArmGuardError, OSError, asyncpg.PostgresError):
        parts["database"] = "not reachable"
    try:
        if not feed.the_feed().listening.is_set():
            parts["feed"] = "not connected to the broadcaster; events come by the slow poll"
    except Unavailable:
        parts["feed"] = "not running"
    whole = parts["database"] == "ok" and parts["feed"] != "not running"
    return JSONResponse({"status": "ok" if whole else "failing", "parts": parts}, status_code=200 if whole else 503)


async def failed(_request: Request, error: Exception) -> Response:
    """What could not be answered at all."""
    return unanswered(error)


class Dispatch:
    """One path for the page and the API; what is posted there and its sockets do not come by here."""

    def __init__(self, view: GraphQLView) -> None:
        self.view = view

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        await asked_without_body(Request(scope), self.view)(scope, receive, send)


def create_app(settings: Settings, url: str) -> Starlette:
    """The application over a database that is migrated."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await database.open_door(url, settings)
        await feed.open_feed(settings.broadcast_url or url, settings)
        watching = asyncio.create_task(clock.run(settings))
        try:
            async with open_gate(settings):
                yield
        finally:
            await feed.ended(watching)
            await feed.close_feed()
            await database.close_door()
            await meter.close_all()

    traffic = Traffic(settings)
    view = GraphQLView(build_schema(settings), settings, traffic)
    dispatch = Dispatch(view)
    app = Starlette(
        routes=[
            Route(API, dispatch),
            Route("/healthz", health),
            Route("/readyz", ready),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        lifespan=lifespan,
        exception_handlers={Exception: failed, ArmGuardError: failed, HTTPException: failed},
    )
    app.add_middleware(RequestId, view=view, settings=settings, traffic=traffic)
    app.state.streams, app.state.sockets = view.streams, view.sockets
    return app
