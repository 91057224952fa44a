"""What every request passes first."""

from __future__ import annotations

import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from graph import deadline
from graph.errors import Forbidden, LimitExceeded, RateLimited
from graph.logs import log_request
from graph.settings import Settings
from graph.transport.answers import error_response, guarded, unanswered
from graph.transport.callers import address_of
from graph.transport.limits import Traffic
from graph.transport.origins import Origins

API = "/graphql"


class RequestId:
    """Gives each request an id, answers with it, and binds it to the log; takes no body beyond the limit, no more than one
    address may send, and nothing from strangers' pages. What reads has its deadline from here.

    It leads to the application, but what is posted to the API, and its sockets, straight to its view: there is nothing to be found for it.
    """

    def __init__(self, app: ASGIApp, view: ASGIApp, settings: Settings, traffic: Traffic) -> None:
        self.app = app
        self.view = view
        self.body_bytes = settings.body_bytes
        self.request_seconds = settings.request_seconds
        self.origins = Origins(settings.origins)
        self.traffic = traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        request_id = scope["request_id"] = str(uuid7())
        structlog.contextvars.bind_contextvars(request_id=request_id)  # of this request's own task
        headers = dict(reversed(scope["headers"]))  # of one that is given twice the first counts
        of_api = scope["path"] == API
        cross = self.origins.answered(headers) if of_api else []

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*guarded(message["headers"]), *cross, (b"x-request-id", request_id.encode())]
                if scope["method"] != "OPTIONS" and scope["path"] != "/healthz":
                    log_request(request_id, scope["method"], scope["path"], message["status"])
            await send(message)

        try:
            await self._count(scope, request_id)
        except (RateLimited, LimitExceeded) as too_many:
            await unanswered(too_many)(scope, receive, answer)
            return
        try:
            await self._let_in(scope, headers, receive, answer)
        finally:
            self.traffic.left(request_id)

    async def _count(self, scope: Scope, request_id: str) -> None:
        if scope["path"] != "/healthz":
            await self.traffic.asked_from(address_of(scope))
        if scope["type"] == "websocket":
            self.traffic.open_from(request_id, address_of(scope))
        else:
            deadline.begin(self.request_seconds)

    async def _let_in(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, answer: Send) -> None:
        of_api = scope["path"] == API
        if of_api and (refused := self._at_the_door(scope, headers)) is not None:
            await refused(scope, receive, answer)
            return
        length = headers.get(b"content-length", b"0")
        if scope["type"] == "http" and (not length.isdigit() or int(length) > self.body_bytes or b"transfer-encoding" in headers):
            message = f"The body must have a Content-Length of at most {self.body_bytes} bytes."
            closing = {"connection": "close"}  # or what is refused would be read to its end
            await error_response(413, "LIMIT_EXCEEDED", message, headers=closing)(scope, receive, answer)
            return
        straight = of_api and (scope["type"] == "websocket" or scope["method"] == "POST")
        await (self.view if straight else self.app)(scope, receive, answer)

    def _at_the_door(self, scope: Scope, headers: dict[bytes, bytes]) -> Response | None:
        """What a browser is answered that asks whether a page may send, or that sends for a page of strangers: by HTTP or by socket."""
        if scope["type"] == "http" and scope["method"] == "OPTIONS" and (told := self.origins.preflight(headers)) is not None:
            return Response(status_code=204, headers={name.decode(): value.decode() for name, value in told})
        if self.origins.refuses(headers):
            return error_response(
                403, Forbidden.code, "Pages of this origin may not use this server: its ARMGUARD_ORIGINS does not list it."
            )
        return None
