"""The ASGI application: routes, middleware, lifespan. No logic."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, cast

import asyncpg
import orjson
import structlog
from cross_web import HTTPException
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter, GraphQL
from strawberry.exceptions import ConnectionRejectionError, MissingQueryError
from strawberry.http import GraphQLRequestData, process_result
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.subscriptions.protocols.graphql_transport_ws.types import Message as TransportMessage
from uuid_utils import uuid7

from graph import __version__, clock, database, feed
from graph.audit.actor import Actor
from graph.errors import ArmGuardError, BadInput, Unauthenticated, Unavailable
from graph.logs import log_request
from graph.resolvers.accounts import actor_of
from graph.schema.api import build_schema
from graph.schema.operation import Context, writable
from graph.settings import Settings

STATIC = Path(__file__).parent / "static"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "connect-src 'self' ws: wss:; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
API = "/graphql"
CLOSE_REASON_BYTES = 123  # what a close frame has room for (RFC 6455, 5.5.1)
log = structlog.get_logger("armguard.http")


class Socket(ASGIWebSocketAdapter):
    """A socket that closes once, and whose reason fits into the frame that says it."""

    async def close(self, code: int, reason: str) -> None:
        """Close it, if it is not closed."""
        if self.ws.application_state is WebSocketState.CONNECTED:
            fitting = reason.encode(errors="replace")[:CLOSE_REASON_BYTES].decode(errors="ignore")
            with contextlib.suppress(WebSocketDisconnect):
                await super().close(code, fitting)

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Send a message, if the socket is still there."""
        if self.ws.application_state is not WebSocketState.CONNECTED:
            raise WebSocketDisconnected
        await super().send_json(message)


class SocketProtocol(BaseGraphQLTransportWSHandler[Context, None]):
    """graphql-transport-ws: a message that is none closes the socket with 4400, and a client that has gone is no fault of ours."""

    async def handle_message(self, message: Any) -> None:
        """Take a message, if it has the shape of one."""
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            await self.handle_invalid_message("A message is a JSON object with a type.")
        elif message["type"] == "complete" and not isinstance(message.get("id"), str):
            await self.handle_invalid_message("The id of an operation is a string.")
        else:
            await super().handle_message(cast("TransportMessage", message))

    async def handle_subscribe(self, message: Any) -> None:
        """Begin an operation, if the message has all that it takes."""
        payload = message.get("payload")
        if not self.connection_acknowledged or (
            isinstance(message.get("id"), str)
            and message["id"] == writable(message["id"])
            and isinstance(payload, dict)
            and isinstance(payload.get("query"), str)
            and isinstance(payload.get("variables"), dict | None)
            and isinstance(payload.get("operationName"), str | None)
        ):
            await super().handle_subscribe(message)
        else:
            await self.handle_invalid_message("`subscribe` takes an id and a payload with `query`, `variables` and `operationName`.")

    async def handle_task_exception(self, error: Exception) -> None:
        """Log what failed in an operation."""
        if not isinstance(error, WebSocketDisconnected):
            await super().handle_task_exception(error)


class GraphQLView(GraphQL[Context, None]):
    """The GraphQL endpoint: POST for queries and mutations, graphql-transport-ws for subscriptions, and the page for a browser."""

    websocket_adapter_class = Socket
    graphql_transport_ws_handler_class = SocketProtocol

    async def get_context(self, request: Request | WebSocket, response: Any) -> Context:  # noqa: ARG002
        """The operations of one socket share a context, until it is known who has connected."""
        return Context(request.scope["request_id"], address_of(request.scope))

    async def on_ws_connect(self, context: Context) -> Any:
        """Who connects: `connection_init` carries the token as the header does. One that is no good closes the socket with 4403."""
        given = next((value for name, value in (context.connection_params or {}).items() if name.lower() == "authorization"), None)
        if given is not None:
            context.actor, denied = await authenticate(given if isinstance(given, str) else "")
            if denied is not None:
                raise ConnectionRejectionError
        return await super().on_ws_connect(context)

    def decode_json(self, data: str | bytes) -> object:
        """A message of a socket, which must be JSON that can be read."""
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            raise json.JSONDecodeError("It is not JSON", "", 0) from None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI; what is no GraphQL request is told so in the form that GraphQL clients read."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        try:
            body = await self.answer(scope, receive)
        except (HTTPException, ArmGuardError, ClientDisconnect) as refused:
            await unanswered(refused)(scope, receive, send)
            return
        headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def answer(self, scope: Scope, receive: Receive) -> bytes:
        """The answer to a POST. A token that is no good does not fail it: the field that needs one says so."""
        headers = dict(reversed(scope["headers"]))  # of one that is given twice the first counts
        if b"application/json" not in headers.get(b"content-type", b""):
            raise HTTPException(400, "Unsupported content type")
        asked = self.parse_json(await body_of(receive))
        context, given = Context(scope["request_id"], address_of(scope), fresh=True), headers.get(b"authorization")
        if given is not None:
            context.actor, context.denied = await authenticate(given.decode("latin-1"))
        try:
            result = await self.schema.execute(
                asked.query,
                asked.variables,
                context_value=context,
                operation_name=asked.operation_name,
                operation_extensions=asked.extensions,
            )
        except MissingQueryError:
            raise HTTPException(400, "No GraphQL query found in the request") from None
        except CannotGetOperationTypeError as unknown:
            raise HTTPException(400, unknown.as_http_error_reason()) from None
        except InvalidOperationTypeError as stream:
            raise HTTPException(400, stream.as_http_error_reason("POST")) from None
        return orjson.dumps(process_result(result))

    def encode_json(self, data: object) -> str:
        """An answer, in which compiled reads are there as the database wrote them."""
        return orjson.dumps(data).decode()

    def parse_json(self, data: str | bytes) -> Any:
        """The body, which must be one JSON object of the right form."""
        try:
            body = read_json(data)
        except (ValueError, RecursionError):
            raise HTTPException(400, "The body is not JSON.") from None
        if not isinstance(body, dict):
            raise HTTPException(400, "The body must be a JSON object with `query`, and if needed `variables` and `operationName`.")
        for name, kind, wanted in (("operationName", str, "a string"), ("query", str, "a string"), *OBJECTS):
            if not isinstance(body.get(name), kind | None):
                raise HTTPException(400, f"`{name}` must be {wanted}.")
        return GraphQLRequestData(body.get("query"), body.get("variables"), body.get("operationName"), body.get("extensions"))


def unanswered(error: HTTPException | ArmGuardError | ClientDisconnect) -> Response:
    """What is said to a request that came to no operation."""
    match error:
        case HTTPException():
            return error_response(error.status_code, BadInput.code, error.reason or "This is not a GraphQL request.")
        case ArmGuardError():  # the database is away
            return error_response(503, error.code, str(error))
        case _:  # the client went away before its request was read: nobody hears the answer, and it is no fault of ours
            return Response(status_code=499)


def read_json(data: str | bytes) -> Any:
    """JSON, as Python's own reader reads it: the quick one leaves to it what it takes for wrong, such as half a character.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested too deeply.
    """
    try:
        return orjson.loads(data)
    except ValueError:
        return json.loads(data if isinstance(data, str) else data.decode())


OBJECTS = (("variables", dict, "an object"), ("extensions", dict, "an object"))


async def body_of(receive: Receive) -> bytes:
    """The body of a request.

    Raises:
        ClientDisconnect: the client went away before it was whole.
    """
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def address_of(scope: Scope) -> str:
    """Where a request comes from; behind a proxy that uvicorn trusts, what that one says."""
    return scope["client"][0] if scope.get("client") else ""


async def authenticate(header: str) -> tuple[Actor | None, Unauthenticated | None]:
    """Whose token an Authorization header has, or why it is nobody's."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        return None, Unauthenticated("Send the token as `Authorization: Bearer …`.")
    try:
        return await actor_of(token.strip()), None
    except Unauthenticated as denied:
        return None, denied


class RequestId:
    """Gives each request an id, answers with it, and binds it to the log; takes no body beyond the limit.

    It leads to the application, but what is posted to the API straight to its view: there is nothing to be found for it.
    """

    def __init__(self, app: ASGIApp, view: ASGIApp, body_bytes: int) -> None:
        self.app = app
        self.view = view
        self.body_bytes = body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        request_id = scope["request_id"] = str(uuid7())
        structlog.contextvars.bind_contextvars(request_id=request_id)  # of this request's own task
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"0")
        if scope["type"] == "http" and (not length.isdigit() or int(length) > self.body_bytes or b"transfer-encoding" in headers):
            message = f"The body must have a Content-Length of at most {self.body_bytes} bytes."
            await error_response(413, "LIMIT_EXCEEDED", message)(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
                if scope["method"] != "OPTIONS" and scope["path"] != "/healthz":
                    log_request(request_id, scope["method"], scope["path"], message["status"])
            await send(message)

        straight = scope["type"] == "http" and scope["path"] == API and scope["method"] == "POST"
        await (self.view if straight else self.app)(scope, receive, answer)


def error_response(status: int, code: str, message: str) -> JSONResponse:
    """An error in the form that GraphQL clients read."""
    return JSONResponse({"errors": [{"message": writable(message), "extensions": {"code": code}}]}, status_code=status)


async def page(_request: Request) -> Response:
    """GraphiQL: everything that it needs comes from here."""
    headers = {"content-security-policy": PAGE_POLICY, "cache-control": "no-cache", "x-content-type-options": "nosniff"}
    return FileResponse(STATIC / "graphiql" / "index.html", headers=headers)


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
    """What could not be answered at all: the database is away before the operation begins, or a fault of ours."""
    if isinstance(error, ArmGuardError):
        return unanswered(error)
    log.error("request_failed", exc_info=error)
    return error_response(500, "INTERNAL", "Something went wrong on the server.")


class Dispatch:
    """One path for the page, the API and the socket."""

    def __init__(self, view: GraphQLView) -> None:
        self.view = view

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            await (await page(Request(scope)))(scope, receive, send)
            return
        await self.view(scope, receive, send)


def create_app(settings: Settings, url: str) -> Starlette:
    """The application over a database that is migrated."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await database.open_door(url, settings)
        await feed.open_feed(settings.broadcast_url or url, settings)
        watching = asyncio.create_task(clock.run(settings))
        try:
            yield
        finally:
            await feed.ended(watching)
            await feed.close_feed()
            await database.close_door()

    view = GraphQLView(
        build_schema(settings),
        graphql_ide=None,
        allow_queries_via_get=False,
        subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
        max_subscriptions_per_connection=settings.socket_operations,
        allowed_origins=settings.allowed_origins,
    )
    dispatch = Dispatch(view)
    app = Starlette(
        routes=[
            Route(API, dispatch, methods=["GET", "POST"]),
            WebSocketRoute(API, dispatch),
            Route("/healthz", health),
            Route("/readyz", ready),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        lifespan=lifespan,
        exception_handlers={Exception: failed, ArmGuardError: failed},
    )
    app.add_middleware(RequestId, view=view, body_bytes=settings.body_bytes)
    return app
