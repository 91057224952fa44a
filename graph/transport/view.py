"""The GraphQL endpoint."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import orjson
from cross_web import HTTPException
from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError, MissingQueryError
from strawberry.http import GraphQLRequestData, process_result
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from graph.errors import Unavailable
from graph.schema.api import ArmGuardSchema
from graph.schema.operation import Context, failure
from graph.settings import Settings
from graph.transport.answers import unanswered
from graph.transport.audience import Audiences
from graph.transport.bodies import body_of, read_json, read_operation
from graph.transport.callers import authenticate, context_of
from graph.transport.limits import Traffic
from graph.transport.negotiation import Form, check_body, form_of
from graph.transport.persisted import asked_in_address
from graph.transport.socket import Socket, SocketProtocol
from graph.transport.sockets import Sockets
from graph.transport.streams import COMPLETE, HEADERS, Streams, event


class GraphQLView(GraphQL[Context, None]):
    """The GraphQL endpoint: POST, with a stream of events for whom accepts one, GET for known reads, and graphql-transport-ws."""

    schema: ArmGuardSchema
    websocket_adapter_class = Socket
    graphql_transport_ws_handler_class = SocketProtocol

    def __init__(self, schema: ArmGuardSchema, settings: Settings, traffic: Traffic) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            allow_queries_via_get=False,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
            connection_init_wait_timeout=timedelta(seconds=settings.socket_init_seconds),
            max_subscriptions_per_connection=settings.socket_operations,
        )
        self.traffic = traffic
        self.body_seconds = settings.request_seconds
        self.streams = Streams(settings.stream_pulse_seconds, settings.socket_hours)
        self.sockets = Sockets(settings.socket_hours)
        self.audiences = Audiences()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI; what is no GraphQL request is told so in the form that GraphQL clients read."""
        if scope["type"] == "websocket":
            try:
                await self.run(WebSocket(scope, receive=receive, send=send))
            except WebSocketDisconnect:  # before it was accepted
                return
            return
        headers = dict(reversed(scope["headers"]))  # of one that is given twice the first counts
        form = form_of(headers.get(b"accept"))
        try:
            await self.answer(scope, headers, form, receive, send)
        except Exception as error:
            await unanswered(error, form)(scope, receive, send)

    async def answer(self, scope: Scope, headers: Mapping[bytes, bytes], form: Form | None, receive: Receive, send: Send) -> None:
        """Answer a request. A token that is no good does not fail it: the field that needs one says so.

        Raises:
            HTTPException: it is no request for an operation.
            RateLimited: the account sends too many.
            LimitExceeded: it has too many streams open, or its address has.
            Unavailable: the database cannot answer now.
        """
        if form is None:
            raise HTTPException(406, f"Accept one of these: {', '.join(Form)}.")
        in_address = scope["method"] == "GET"
        if in_address:
            asked = asked_in_address(Request(scope).query_params)
        else:
            check_body(headers)
            asked = self.parse_json(await body_of(receive, self.body_seconds))
        context, given = context_of(scope, headers), headers.get(b"authorization")
        if given is not None:
            context.actor, context.denied = await authenticate(given.decode("latin-1"), context.address)
            context.fresh = True
            await self.traffic.asked_by(context.actor)
        try:
            result = await self.schema.execute(
                asked.query,
                asked.variables,
                context_value=context,
                operation_name=asked.operation_name,
                allowed_operation_types=(OperationType.QUERY,) if in_address else None,
                operation_extensions=asked.extensions,
            )
        except MissingQueryError:
            raise HTTPException(400, "No GraphQL query found in the request") from None
        except CannotGetOperationTypeError as unknown:
            raise HTTPException(400, unknown.as_http_error_reason()) from None
        except InvalidOperationTypeError as wrong:
            if in_address:
                raise HTTPException(405, "An address asks for reads only.") from None
            if form is not Form.EVENTS:
                raise HTTPException(400, wrong.as_http_error_reason("POST")) from None
            if self.streams.stopping:
                raise Unavailable("This server stops. Ask again, with your last cursor.") from None
            with self.traffic.streaming(context.request_id, context.address, context.actor):
                await self.streams.follow(self._answers(asked, context), receive, send)
            return
        body, status = told(result), 200
        if form is Form.EVENTS:
            body, kind = event(body) + COMPLETE, HEADERS
        else:
            kind = [(b"content-type", form.content_type), (b"cache-control", b"no-store")]
            if form is Form.RESPONSE and isinstance(result, PreExecutionError):
                status = 400
        cookie = [(b"set-cookie", context.cookie.encode())] if context.cookie is not None else []
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"%d" % len(body)), *kind, *cookie]})
        await send({"type": "http.response.body", "body": body})

    async def _answers(self, asked: GraphQLRequestData, context: Context) -> AsyncGenerator[bytes, None]:
        """The answers of a subscription, as a socket has them."""
        try:
            results = await self.schema.stream(asked.query, asked.variables, context, None, asked.operation_name, asked.extensions)
            async with aclosing(results):
                async for result in results:
                    yield told(result)
        except Exception as error:
            yield told(PreExecutionError(data=None, errors=[failure(error, context)]))

    async def get_context(self, request: Request | WebSocket, response: Any) -> Context:  # noqa: ARG002
        """The operations of one socket share a context, until it is known who has connected."""
        return context_of(request.scope, dict(reversed(request.scope["headers"])))

    async def on_ws_connect(self, context: Context) -> Any:
        """Who connects: `connection_init` carries the token as the header does. One that is no good closes the socket with 4403.

        Raises:
            LimitExceeded: the account has too many open.
        """
        given = next((value for name, value in (context.connection_params or {}).items() if name.lower() == "authorization"), None)
        if given is not None:
            context.actor, denied = await authenticate(given if isinstance(given, str) else "", context.address)
            if denied is not None:
                raise ConnectionRejectionError
        self.traffic.open_by(context.request_id, context.actor)
        context.connection_params = None  # nobody keeps a token longer than it takes
        return await super().on_ws_connect(context)

    def is_websocket_origin_allowed(self, request: WebSocket, origin: str) -> bool:  # noqa: ARG002
        """The entrance has let it in."""
        return True

    def decode_json(self, data: str | bytes) -> object:
        """A message of a socket, which must be JSON that can be read."""
        try:
            return read_json(data)
        except (ValueError, RecursionError):
            raise json.JSONDecodeError("It is not JSON", "", 0) from None

    def encode_json(self, data: object) -> str:
        """An answer, in which compiled reads are there as the database wrote them."""
        return orjson.dumps(data).decode()

    def parse_json(self, data: str | bytes) -> GraphQLRequestData:
        """The operation that a body asks for."""
        try:
            body = read_json(data)
        except (ValueError, RecursionError):
            raise HTTPException(400, "The body is not JSON.") from None
        return read_operation(body)


def told(result: Any) -> bytes:
    """A result as it goes out; one that was refused before it was run has no data (GraphQL, 7.1)."""
    answer = process_result(result)
    if isinstance(result, PreExecutionError):
        del answer["data"]
    return orjson.dumps(answer)
