"""What a client asks: the body of a request, and the operation in it or in a message of a socket."""

from __future__ import annotations

import asyncio
import json
from typing import Any, NoReturn

import orjson
from cross_web import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive
from strawberry.http import GraphQLRequestData

PARAMETERS = (
    ("operationName", str, "a string"),
    ("query", str, "a string"),
    ("documentId", str, "a string"),
    ("variables", dict, "an object"),
    ("extensions", dict, "an object"),
)


def read_json(data: str | bytes) -> Any:
    """JSON, as Python's own reader reads it: the quick one leaves to it what it takes for wrong, such as half a character.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested too deeply.
    """
    try:
        return orjson.loads(data)
    except ValueError:
        return json.loads(data if isinstance(data, str) else data.decode(), parse_constant=_refuse)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def read_operation(asked: Any) -> GraphQLRequestData:
    """The operation that is asked for, in the form that HTTP and sockets share.

    Raises:
        HTTPException: 400, it is no request for one; says what it takes.
    """
    if not isinstance(asked, dict):
        raise HTTPException(400, "The body must be a JSON object with `query`, and if needed `variables` and `operationName`.")
    for name, kind, wanted in PARAMETERS:
        if not isinstance(asked.get(name), kind | None):
            raise HTTPException(400, f"`{name}` must be {wanted}.")
    extensions = asked.get("extensions")
    if (document_id := asked.get("documentId")) is not None:
        extensions = {**(extensions or {}), "persistedQuery": {"sha256Hash": document_id}}
    return GraphQLRequestData(asked.get("query"), asked.get("variables"), asked.get("operationName"), extensions)


async def body_of(receive: Receive, seconds: float) -> bytes:
    """The body of a request, which is to come within so many seconds.

    Raises:
        ClientDisconnect: the client went away before it was whole.
        HTTPException: 408, it did not come in time.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _whole(receive)
    except TimeoutError:
        raise HTTPException(408, f"The body did not come within {seconds:g} seconds.") from None


async def _whole(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)
