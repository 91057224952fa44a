"""Who calls, and from where."""

from __future__ import annotations

import contextlib
import time
from collections import OrderedDict
from collections.abc import Mapping
from uuid import UUID
from weakref import WeakKeyDictionary

from starlette.requests import cookie_parser
from starlette.types import Scope

from graph import database
from graph.audit.actor import Actor, acting
from graph.commands.attempts import origin_of
from graph.commands.security import note_attempt, note_token_used
from graph.database import Door
from graph.errors import ArmGuardError, Unauthenticated
from graph.resolvers.accounts import actor_of, once_of
from graph.schema.operation import REFRESH_COOKIE, Context
from graph.transport.oidc import gate_for
from graph.words import SecurityKind

AGENT_CHARACTERS = 200
USE_SECONDS = 60  # how often it is written that a token is used from an address
USES_KEPT = 10_000

_uses: WeakKeyDictionary[Door, OrderedDict[tuple[UUID | None, str], float]] = WeakKeyDictionary()


def address_of(scope: Scope) -> str:
    """Where a request comes from; behind a proxy that uvicorn trusts, what that one says."""
    return scope["client"][0] if scope.get("client") else ""


def context_of(scope: Scope, headers: Mapping[bytes, bytes]) -> Context:
    """What is known of who sends a request, before it is known who it is. A socket can give a browser no cookie, so it takes none."""
    context = Context(
        scope["request_id"],
        address_of(scope),
        agent=headers.get(b"user-agent", b"")[:AGENT_CHARACTERS].decode("latin-1"),
        secure=scope["scheme"] in ("https", "wss"),
        cookies=scope["type"] == "http",
    )
    if context.cookies and b"cookie" in headers:
        context.refresh_cookie = cookie_parser(headers[b"cookie"].decode("latin-1")).get(REFRESH_COOKIE)
    return context


async def authenticate(header: str, address: str) -> tuple[Actor | None, Unauthenticated | None]:
    """Whose token an Authorization header has, or why it is nobody's, which the security log keeps. That of a sign-in ends every
    quarter of an hour, and tells nothing.

    Raises:
        Unavailable: the database cannot say now.
    """
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        return None, Unauthenticated("Send the token as `Authorization: Bearer …`.")
    try:
        token = token.strip()
        gate = gate_for(token)
        actor = await (gate.actor_of(token) if gate is not None else actor_of(token))
    except Unauthenticated as denied:
        if (once := await once_of(token.strip())) is not None:
            await note_attempt(SecurityKind.TOKEN_REFUSED, once.username, address, once.token)
        return None, denied
    if actor.token is not None:
        await _note_use(actor, address)
    return actor, None


async def _note_use(actor: Actor, address: str) -> None:
    """Keep that an API token is used from here, once a minute. That it cannot be kept now refuses nobody."""
    kept = _uses.setdefault(database.door(), OrderedDict())
    key, now = (actor.credential_id, origin_of(address)), time.monotonic()
    if now - kept.get(key, -USE_SECONDS) < USE_SECONDS:
        return
    kept[key] = now
    kept.move_to_end(key)
    while len(kept) > USES_KEPT:
        kept.popitem(last=False)
    with contextlib.suppress(ArmGuardError), acting(actor):
        await note_token_used(address)
