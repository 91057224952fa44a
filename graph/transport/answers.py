"""What is answered to a request that comes to no operation, and what every answer says to a browser."""

from __future__ import annotations

from typing import Any

import orjson
import structlog
from cross_web import HTTPException
from starlette.exceptions import HTTPException as NothingThere
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from graph.errors import ArmGuardError, BadInput, Forbidden, LimitExceeded, RateLimited
from graph.schema.operation import writable
from graph.transport.negotiation import Form

Headers = list[tuple[bytes, bytes]]

# What is no page of ours shows nothing and is shown in nothing; a page has a policy of its own.
POLICY = (b"content-security-policy", b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
TOLD_WITH = {405: {"allow": "GET, POST"}, 408: {"connection": "close"}}
ALWAYS = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]

log = structlog.get_logger("armguard.http")


def guarded(headers: Headers) -> Headers:
    """Headers of an answer, with what keeps a browser from taking it for something else."""
    return [*headers, *ALWAYS] if any(name == POLICY[0] for name, _ in headers) else [*headers, *ALWAYS, POLICY]


def error_response(
    status: int, code: str, message: str, form: Form | None = None, headers: dict[str, str] | None = None, **facts: Any
) -> Response:
    """An error in the form that GraphQL clients read, with facts for a program."""
    told: dict[str, Any] = {"errors": [{"message": writable(message), "extensions": {"code": code, **facts}}]}
    kind = form if form is Form.RESPONSE else Form.JSON
    return Response(orjson.dumps(told), status, headers, kind.content_type.decode())


def unanswered(error: Exception, form: Form | None = None) -> Response:
    """What is said to a request that came to no operation; a fault of ours is logged."""
    match error:
        case HTTPException():
            message = error.reason or "This is not a GraphQL request."
            return error_response(error.status_code, BadInput.code, message, form, TOLD_WITH.get(error.status_code))
        case NothingThere():
            message = "There is nothing here." if error.status_code == 404 else "This cannot be done here."
            return error_response(
                error.status_code, BadInput.code, f"{message} The API takes a POST at /graphql.", form, dict(error.headers or {})
            )
        case Forbidden():
            return error_response(403, error.code, str(error), form)
        case RateLimited():
            wait = error.retry_after_seconds
            return error_response(429, error.code, str(error), form, {"retry-after": str(wait)}, retryAfterSeconds=wait)
        case LimitExceeded():
            return error_response(429, error.code, str(error), form)
        case ArmGuardError():  # the database is away
            return error_response(503, error.code, str(error), form)
        case ClientDisconnect():  # before its request was read: nobody hears the answer, and it is no fault of ours
            return Response(status_code=499)
        case _:
            log.error("request_failed", exc_info=error)
            return error_response(500, "INTERNAL", "Something went wrong on the server.", form)
