"""What is answered to a request that comes to no operation."""

from __future__ import annotations

from cross_web import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from graph.errors import ArmGuardError, BadInput
from graph.schema.operation import writable


def error_response(status: int, code: str, message: str) -> JSONResponse:
    """An error in the form that GraphQL clients read."""
    return JSONResponse({"errors": [{"message": writable(message), "extensions": {"code": code}}]}, status_code=status)


def unanswered(error: HTTPException | ArmGuardError | ClientDisconnect) -> Response:
    """What is said to a request that came to no operation."""
    match error:
        case HTTPException():
            return error_response(error.status_code, BadInput.code, error.reason or "This is not a GraphQL request.")
        case ArmGuardError():  # the database is away
            return error_response(503, error.code, str(error))
        case _:  # the client went away before its request was read: nobody hears the answer, and it is no fault of ours
            return Response(status_code=499)
