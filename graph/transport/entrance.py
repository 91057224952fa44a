"""What every request passes first."""

from __future__ import annotations

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from graph.logs import log_request
from graph.transport.answers import error_response

API = "/graphql"


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
