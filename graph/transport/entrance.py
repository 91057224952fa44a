"""What every request passes first."""

from __future__ import annotations

import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from graph.errors import Forbidden
from graph.logs import log_request
from graph.transport.answers import error_response, guarded
from graph.transport.origins import Origins

API = "/graphql"


class RequestId:
    """Gives each request an id, answers with it, and binds it to the log; takes no body beyond the limit, and none from strangers' pages.

    It leads to the application, but what is posted to the API straight to its view: there is nothing to be found for it.
    """

    def __init__(self, app: ASGIApp, view: ASGIApp, body_bytes: int, origins: Origins) -> None:
        self.app = app
        self.view = view
        self.body_bytes = body_bytes
        self.origins = origins

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

        if of_api and (refused := self._at_the_door(scope, headers)) is not None:
            await refused(scope, receive, answer)
            return
        length = headers.get(b"content-length", b"0")
        if scope["type"] == "http" and (not length.isdigit() or int(length) > self.body_bytes or b"transfer-encoding" in headers):
            message = f"The body must have a Content-Length of at most {self.body_bytes} bytes."
            await error_response(413, "LIMIT_EXCEEDED", message)(scope, receive, answer)
            return
        straight = scope["type"] == "http" and of_api and scope["method"] == "POST"
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
