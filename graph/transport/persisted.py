"""Known documents, as requests ask for them in an address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cross_web import HTTPException
from strawberry.http import GraphQLRequestData

from graph.transport.bodies import read_json, read_operation

BY_ID = frozenset({"documentId", "extensions"})
IN_JSON = ("variables", "extensions")


def asked_in_address(parameters: Mapping[str, str]) -> GraphQLRequestData:
    """The known document that an address asks for: what a body would say, with what is not text as JSON.

    Raises:
        HTTPException: 400, it is no request for one.
    """
    said: dict[str, Any] = dict(parameters)
    for name in IN_JSON:
        if name in said:
            try:
                said[name] = read_json(said[name])
            except (ValueError, RecursionError):
                raise HTTPException(400, f"`{name}` must be JSON.") from None
    return read_operation(said)
