"""The body of a request."""

from __future__ import annotations

import json
from typing import Any

import orjson
from starlette.requests import ClientDisconnect
from starlette.types import Receive


def read_json(data: str | bytes) -> Any:
    """JSON, as Python's own reader reads it: the quick one leaves to it what it takes for wrong, such as half a character.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested too deeply.
    """
    try:
        return orjson.loads(data)
    except ValueError:
        return json.loads(data if isinstance(data, str) else data.decode())


async def body_of(receive: Receive) -> bytes:
    """The body of a request.

    Raises:
        ClientDisconnect: the client went away before it was whole.
    """
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)
