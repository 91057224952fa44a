"""Who calls, and from where."""

from __future__ import annotations

from starlette.types import Scope

from graph.audit.actor import Actor
from graph.errors import Unauthenticated
from graph.resolvers.accounts import actor_of


def address_of(scope: Scope) -> str:
    """Where a request comes from; behind a proxy that uvicorn trusts, what that one says."""
    return scope["client"][0] if scope.get("client") else ""


async def authenticate(header: str) -> tuple[Actor | None, Unauthenticated | None]:
    """Whose token an Authorization header has, or why it is nobody's."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        return None, Unauthenticated("Send the token as `Authorization: Bearer …`.")
    try:
        return await actor_of(token.strip()), None
    except Unauthenticated as denied:
        return None, denied
