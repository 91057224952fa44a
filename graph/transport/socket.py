"""The socket: graphql-transport-ws."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, cast

from starlette.websockets import WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.subscriptions.protocols.graphql_transport_ws.types import Message as TransportMessage

from graph.schema.operation import Context, writable

CLOSE_REASON_BYTES = 123  # what a close frame has room for (RFC 6455, 5.5.1)


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
