"""Accounts: who a bearer token is, and whether it still stands."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import replace
from uuid import UUID

from graph import database
from graph.audit.actor import Actor
from graph.errors import Unauthenticated
from graph.resolvers.tables import Key, Table, table
from graph.rules.accounts import SESSION_PREFIX, TOKEN_PREFIX, token_hash
from graph.words import ActorKind, Role

ACCOUNT = table(
    Table(
        "Account",
        "account",
        ("id", "username", "state"),
        orders={"USERNAME": (Key("it.username_key", "text"), Key("it.id", "uuid"))},
    )
)

STANDINGS_KEPT = 10_000

STANDING = """
SELECT c.id AS credential_id, a.id AS account_id, a.username, a.roles, a.all_armories, a.armories
FROM {table} c JOIN account a ON a.id = c.account_id
WHERE c.{column} = $1 AND c.{ended} IS NULL AND c.expires_at > now() AND a.state = 'ACTIVE'
"""
BY_SESSION = STANDING.format(table="session", column="token_hash", ended="ended_at")
BY_TOKEN = STANDING.format(table="api_token", column="token_hash", ended="revoked_at")
BY_ID = " UNION ALL ".join(
    STANDING.format(table=of, column="id", ended=ended) for of, ended in (("session", "ended_at"), ("api_token", "revoked_at"))
)

_standings: OrderedDict[UUID | bytes, tuple[float, Actor]] = OrderedDict()


async def actor_of(token: str) -> Actor:
    """Whose bearer token this is.

    Raises:
        Unauthenticated: nobody's, or not any more.
    """
    if not token.isascii():
        raise Unauthenticated("This is not a token of ArmGuard. Sign in, or ask for an API token.")
    statement = BY_SESSION if token.startswith(SESSION_PREFIX) else BY_TOKEN if token.startswith(TOKEN_PREFIX) else None
    if statement is None:
        raise Unauthenticated("This is not a token of ArmGuard. Sign in, or ask for an API token.")
    hashed = token_hash(token)
    return await _standing(hashed, statement)


async def still_standing(actor: Actor) -> Actor:
    """The actor as the account now is, at most a few seconds old.

    Raises:
        Unauthenticated: the session or token has ended, or the account was disabled.
    """
    if actor.kind is not ActorKind.ACCOUNT or actor.credential_id is None:
        return actor
    return await _standing(actor.credential_id, BY_ID)


async def _standing(key: UUID | bytes, statement: str) -> Actor:
    known = _standings.get(key)
    now = time.monotonic()
    if known is not None and now - known[0] < database.door().settings.standing_seconds:
        return known[1]
    row = await database.fetch_one(statement, key)
    if row is None:
        _standings.pop(key, None)
        raise Unauthenticated("Your sign-in has ended. Sign in again.")
    actor = Actor(
        kind=ActorKind.ACCOUNT,
        name=row["username"],
        account_id=row["account_id"],
        credential_id=row["credential_id"],
        roles=frozenset(Role(role) for role in row["roles"]),
        armories=None if row["all_armories"] else frozenset(row["armories"]),
    )
    _standings[key] = (now, actor)
    _standings.move_to_end(key)
    while len(_standings) > STANDINGS_KEPT:
        _standings.popitem(last=False)
    return actor


def forget(actor: Actor) -> Actor:
    """Look the actor's standing up again at once: for whoever has just signed out."""
    for key in [key for key, (_, known) in _standings.items() if known.credential_id == actor.credential_id]:
        _standings.pop(key)
    return replace(actor)
