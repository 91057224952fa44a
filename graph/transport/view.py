"""The GraphQL endpoint."""

from __future__ import annotations

import json
from typing import Any

import orjson
from cross_web import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError, MissingQueryError
from strawberry.http import GraphQLRequestData, process_result
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from graph.errors import ArmGuardError
from graph.schema.operation import Context
from graph.transport.answers import unanswered
from graph.transport.bodies import body_of, read_json
from graph.transport.callers import address_of, authenticate
from graph.transport.socket import Socket, SocketProtocol

OBJECTS = (("variables", dict, "an object"), ("extensions", dict, "an object"))


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
