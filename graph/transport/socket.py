"""The socket: graphql-transport-ws."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from typing import Any, cast

import structlog
from cross_web import HTTPException
from graphql import GraphQLError
from starlette.websockets import WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.schema.schema import StreamResult
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.subscriptions.protocols.graphql_transport_ws.types import Message as TransportMessage

from graph.errors import ArmGuardError, LimitExceeded, RateLimited, Unauthenticated, Unavailable
from graph.resolvers.accounts import still_standing
from graph.resolvers.feed import following
from graph.resolvers.reading import new_reader
from graph.schema.alike import Question
from graph.schema.api import ArmGuardSchema
from graph.schema.known import asked_by_id
from graph.schema.operation import Context, failure, writable
from graph.transport.audience import LINE, Viewer
from graph.transport.bodies import read_operation
from graph.transport.limits import Traffic
from graph.transport.sockets import GOING_AWAY, Sockets

SIGNED_OUT = 4403
CLOSE_REASON_BYTES = 123  # what a close frame has room for (RFC 6455, 5.5.1)
TRY_AGAIN_LATER, TOO_MANY = 1013, 4429

log = structlog.get_logger("armguard.socket")


class Socket(ASGIWebSocketAdapter):
    """A socket that closes once, says so in one line of the log, and whose reason fits into the frame that says it."""

    async def close(self, code: int, reason: str) -> None:
        """Close it, if it is not closed."""
        if self.ws.application_state is WebSocketState.CONNECTED:
            if code != GOING_AWAY:
                log.info("socket_refused", code=code, reason=reason)
            fitting = reason.encode(errors="replace")[:CLOSE_REASON_BYTES].decode(errors="ignore")
            with contextlib.suppress(WebSocketDisconnect, WebSocketDisconnected), _unless_closed():
                await super().close(code, fitting)

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Send a message, if the socket is still there."""
        if self.ws.application_state is not WebSocketState.CONNECTED:
            raise WebSocketDisconnected
        with _unless_closed():
            await super().send_json(message)


@contextlib.contextmanager
def _unless_closed() -> Iterator[None]:
    """Say as of a client that has gone that uvicorn has closed a socket, for a frame that was none: it calls that a mistake of ours.

    Raises:
        WebSocketDisconnected: it has.
    """
    try:
        yield
    except RuntimeError as error:
        if "after sending 'websocket.close'" not in str(error):
            raise
        raise WebSocketDisconnected from None


class Subscribed(Operation[Context, None]):
    """An operation whose stream may end before the operation does: when its viewer goes over to others."""

    __slots__ = ("viewer",)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.viewer: Viewer | None = None

    async def send_operation_message(self, message: Any) -> None:
        """Send a message, unless it says that all is complete and it is not."""
        if message["type"] == "complete" and self.viewer is not None and self.viewer.resting:
            return
        await super().send_operation_message(message)


class SocketProtocol(BaseGraphQLTransportWSHandler[Context, None]):
    """graphql-transport-ws: a message that is none closes the socket with 4400, and a client that has gone is no fault of ours.

    What closes it is said in words of our own: a message may hold a password, and the log keeps the reason.
    """

    erred = False  # whether an operation has ended, or a part of its answer is missing, for some error

    @property
    def sockets(self) -> Sockets:
        """The sockets of this process."""
        return cast("Sockets", cast("Any", self.view).sockets)

    def on_request_accepted(self) -> None:
        """Begin."""
        super().on_request_accepted()
        cast("Socket", self.websocket).ws.scope["headers"] = []  # which were read, and would stay for as long as the socket
        self.sockets.opened(self)

    async def shutdown(self) -> None:
        """End, with all operations."""
        self.sockets.closed(self)
        await super().shutdown()

    async def go_away(self, reason: str) -> None:
        """Tell the client to connect again."""
        await self.websocket.close(GOING_AWAY, reason)

    async def handle_message(self, message: Any) -> None:
        """Take a message, if it has the shape of one."""
        if (wrong := _wrong_shape(message)) is not None:
            await self.handle_invalid_message(wrong)
            return
        try:
            await super().handle_message(cast("TransportMessage", message))
        except LimitExceeded as error:
            await self.websocket.close(TOO_MANY, str(error))
        except ArmGuardError as error:  # it cannot be said now who connects
            await self.websocket.close(TRY_AGAIN_LATER, str(error))

    async def handle_connection_init(self, message: Any) -> None:
        """Take the first message, whose payload may be null as well as missing."""
        await super().handle_connection_init(cast("Any", {**message, "payload": message.get("payload") or {}}))
        self.connection_init_timeout_task = None  # it is cancelled, and would keep its traceback

    async def handle_subscribe(self, message: Any) -> None:
        """Begin an operation, if the message has all that it takes."""
        if self.sockets.stopping:
            return
        if not self.connection_acknowledged:
            await self.websocket.close(4401, "Send `connection_init` first, and wait for its answer.")
            return
        try:
            asked = read_operation(message.get("payload"))
        except HTTPException:
            asked = None
        if asked is None or (asked.query is None and asked_by_id(asked.extensions) is None) or not _is_id(message.get("id")):
            await self.handle_invalid_message(
                "`subscribe` takes an id and a payload with `query` or `documentId`, `variables`, `operationName` and `extensions`."
            )
        elif message["id"] in self.operations:
            await self.websocket.close(4409, "An operation with this id is under way.")
        elif self.max_subscriptions_per_connection is not None and len(self.operations) >= self.max_subscriptions_per_connection:
            await self._refuse_another(message["id"])
        elif (refused := await self._too_often()) is not None:
            await self.send_message({"id": message["id"], "type": "error", "payload": [refused.formatted]})
        else:
            text = sys.intern(asked.query or "")  # one for all who ask the same
            operation = Subscribed(self, message["id"], text, asked.variables, asked.operation_name)
            self.operations[operation.id] = operation
            operation.task = asyncio.create_task(self._run(operation, asked.extensions))
            operation.task.add_done_callback(self._task_done)

    async def cleanup_operation(self, operation_id: str) -> None:
        """End an operation. Its audience is told so at once, before its id is given to another: the task hears of it a moment later."""
        operation = self.operations.get(operation_id)
        if isinstance(operation, Subscribed) and operation.viewer is not None:
            operation.viewer.leave()
        await super().cleanup_operation(operation_id)

    async def _run(self, operation: Subscribed, extensions: dict[str, Any] | None) -> None:
        """Run an operation; its document may be asked for by its id. Whoever follows a feed does so partly among others."""
        if not operation.query and asked_by_id(extensions) is not None:
            try:
                operation.query = await cast("ArmGuardSchema", self.schema).document(extensions)
            except ArmGuardError as error:
                await operation.send_initial_errors([failure(error, self.context)])
                return
        viewer = operation.viewer = self._viewer(operation)
        if viewer is None:
            await self.run_operation(operation)
        else:
            following.set(viewer)
            try:
                await self._follow(operation, viewer)
            finally:
                viewer.end()
        if self.erred:
            self.erred = False
            await self._close_if_signed_out()

    async def _follow(self, operation: Subscribed, viewer: Viewer) -> None:
        await self.run_operation(operation)
        while viewer.resting:
            new_reader(None)
            await viewer.watch()
            await self.run_operation(operation)

    def _viewer(self, operation: Subscribed) -> Viewer | None:
        """Whoever follows a feed, on a line that takes frames."""
        line = cast("Socket", self.websocket).ws.scope["extensions"].get(LINE)
        if line is None:
            return None
        schema = cast("ArmGuardSchema", self.schema)
        question = Question(schema, self.context, operation.query, operation.operation_name, operation.variables)
        return Viewer(cast("Any", self.view).audiences, line, operation.id, question)

    async def _close_if_signed_out(self) -> None:
        """Close with 4403 what somebody opened whose sign-in or token has ended since: there is nothing more to be had on it."""
        with contextlib.suppress(Unavailable):
            try:
                if self.context.actor is not None:
                    await still_standing(self.context.actor)
            except Unauthenticated as ended:
                await self.websocket.close(SIGNED_OUT, str(ended))

    async def _noticing(self, results: StreamResult) -> StreamResult:
        async with aclosing(results):
            async for result in results:
                self.erred = self.erred or bool(getattr(result, "errors", None))
                yield result

    async def _too_often(self) -> GraphQLError | None:
        """Each operation counts as a request of its own does."""
        try:
            traffic: Traffic = cast("Any", self.view).traffic
            await traffic.asked_from(self.context.address)
            await traffic.asked_by(self.context.actor)
        except RateLimited as refused:
            return GraphQLError(str(refused), extensions=refused.extensions)
        return None

    async def _refuse_another(self, operation_id: str) -> None:
        message = f"{self.max_subscriptions_per_connection} operations at once are the most on one socket. Complete one first."
        error = GraphQLError(message, extensions={"code": LimitExceeded.code})
        await self.send_message({"id": operation_id, "type": "error", "payload": [error.formatted]})

    async def _send_result_stream(self, operation: Operation[Context, None], result_source: StreamResult) -> None:
        """Send what comes of an operation; what fails outside of its fields, such as a database that is away, ends it with an error."""
        try:
            async with aclosing(self._noticing(result_source)) as results:
                await super()._send_result_stream(operation, results)
        except WebSocketDisconnected:
            raise
        except Exception as error:
            await operation.send_initial_errors([failure(error, self.context)])

    @staticmethod
    def _get_pre_execution_close_reason(error: GraphQLError) -> str | None:  # noqa: ARG004
        """A document that cannot be read ends its own operation, not those beside it."""
        return None

    async def handle_task_exception(self, error: Exception) -> None:
        """Log what failed in an operation."""
        if not isinstance(error, WebSocketDisconnected):
            await super().handle_task_exception(error)


def _wrong_shape(message: Any) -> str | None:
    """What is wrong with a message, whatever it says."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return "A message is a JSON object with a type."
    match message["type"]:
        case "connection_init" | "ping" | "pong":
            return None if isinstance(message.get("payload"), dict | None) else "This payload is an object, if there is one."
        case "complete":
            return None if _is_id(message.get("id")) else "The id of an operation is a string that is not empty."
        case "subscribe":  # which is looked at once it is known who connects
            return None
        case _:
            return "A client sends `connection_init`, `ping`, `pong`, `subscribe` and `complete`."


def _is_id(given: Any) -> bool:
    return isinstance(given, str) and given != "" and given == writable(given)
