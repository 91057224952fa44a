"""Accounts: who a bearer token is, and whether it still stands."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from asyncpg import Record

from graph import database
from graph.audit.actor import Actor
from graph.errors import NotYet, Unauthenticated
from graph.resolvers.tables import Key, Link, Pages, Table, table
from graph.rules.accounts import SESSION_PREFIX, TOKEN_PREFIX, token_hash
from graph.rules.external import EXPIRED
from graph.words import ActorKind, Role, TokenScope, Unfinished

ACCOUNT = table(
    Table(
        "Account",
        "account",
        ("id", "username", "state"),
        orders={"USERNAME": (Key("it.username_key", "text"), Key("it.id", "uuid"))},
    )
)

_CODES = "ARRAY(SELECT o.code FROM {of} o WHERE o.id = any(it.{named}) ORDER BY o.code)"
_OWN = ":accounts OR it.account_id = :me"

MANAGED_ACCOUNT = table(
    Table(
        "ManagedAccount",
        "account",
        ("id", "username", "username_key", "roles", "all_armories", "state", "must_change_password", "issuer", "version"),
        scope=":accounts OR it.id = :me",
        computed={
            "armories": _CODES.format(of="armory", named="armories"),
            "units": _CODES.format(of="unit", named="units"),
            "second_factor": "EXISTS (SELECT FROM second_factor f WHERE f.account_id = it.id AND f.confirmed_at IS NOT NULL "
            "AND f.ended_at IS NULL)",
        },
        pages={
            "sessions": Pages("Session", "account", "CREATED_AT"),
            "tokens": Pages("ApiToken", "account", "CREATED_AT"),
            "events": Pages("LedgerEvent", "subject", "RECORDED_AT"),
        },
        filters={"username_key": "it.username_key = ?", "state": "it.state = ?", "role": "? = any(it.roles)"},
        orders={"USERNAME": (Key("it.username_key", "text"), Key("it.id", "uuid"))},
    )
)

SESSION = table(
    Table(
        "Session",
        "session",
        ("id", "account_id", "created_at", "expires_at", "ended_at", "address", "agent"),
        scope=f"({_OWN}) AND :person",
        computed={"open": "it.ended_at IS NULL AND it.expires_at > now()"},
        links={"account": Link("Account", "account_id")},
        filters={"account": "it.account_id = ?", "open": "it.ended_at IS NULL AND it.expires_at > now()"},
        orders={"CREATED_AT": (Key("it.created_at", "timestamptz"), Key("it.id", "uuid"))},
    )
)

_LAST_USE = "(SELECT u.{column} FROM token_use u WHERE u.token_id = it.id ORDER BY u.last_used_at DESC, u.id DESC LIMIT 1)"
API_TOKEN = table(
    Table(
        "ApiToken",
        "api_token",
        ("id", "account_id", "name", "scopes", "created_at", "expires_at", "good_until", "revoked_at"),
        scope=_OWN,
        computed={
            "good": "it.revoked_at IS NULL AND least(it.expires_at, coalesce(it.good_until, 'infinity')) > now()",
            "all_armories": "it.armories IS NULL",
            "armories": _CODES.format(of="armory", named="armories"),
            "last_used_at": _LAST_USE.format(column="last_used_at"),
            "last_address": _LAST_USE.format(column="address"),
        },
        links={"account": Link("Account", "account_id")},
        filters={
            "account": "it.account_id = ?",
            "good": "it.revoked_at IS NULL AND least(it.expires_at, coalesce(it.good_until, 'infinity')) > now()",
        },
        orders={"CREATED_AT": (Key("it.created_at", "timestamptz"), Key("it.id", "uuid"))},
    )
)

STANDINGS_KEPT = 10_000

# The arms rooms of an account: those that it names, and those of its units and of all below them.
IN_SCOPE = """
a.armories || ARRAY(SELECT r.id FROM armory r WHERE r.unit_id IN (
    WITH RECURSIVE below (id) AS (
        SELECT unnest(a.units) UNION SELECT u.id FROM unit u JOIN below b ON u.parent_id = b.id
    ) SELECT id FROM below))
"""
STANDING = """
SELECT c.id AS credential_id, a.id AS account_id, a.username, a.roles, a.all_armories, {in_scope} AS armories, {told}
FROM {of} JOIN account a ON a.id = c.account_id
WHERE {key} = any($1) AND {stands} AND c.expires_at > now() AND a.state = 'ACTIVE'
"""
OF_A_SESSION = """
a.must_change_password, a.issuer IS NOT NULL AS external, EXISTS (SELECT FROM second_factor f WHERE f.account_id = a.id
    AND f.confirmed_at IS NOT NULL AND f.ended_at IS NULL) AS second_factor, NULL::text[] AS scopes, NULL::uuid[] AS narrowed, NULL AS token
"""
OF_A_TOKEN = "false AS must_change_password, false AS external, false AS second_factor, c.scopes, c.armories AS narrowed, c.name AS token"  # noqa: S105 - SQL
OPEN_SESSION, GOOD_TOKEN = "c.ended_at IS NULL", "c.revoked_at IS NULL AND coalesce(c.good_until > now(), true)"
BY_SESSION = STANDING.format(
    in_scope=IN_SCOPE,
    told=OF_A_SESSION,
    of="session_token t JOIN session c ON c.id = t.session_id",
    key="t.token_hash",
    stands=f"t.kind = 'ACCESS' AND t.expires_at > now() AND {OPEN_SESSION}",
)
BY_TOKEN = STANDING.format(in_scope=IN_SCOPE, told=OF_A_TOKEN, of="api_token c", key="c.token_hash", stands=GOOD_TOKEN)
# Whoever signs in elsewhere has no row here but the account, which has no rights without a role.
BY_ACCOUNT = f"""
SELECT o.credential_id, a.id AS account_id, a.username, a.roles, a.all_armories, {IN_SCOPE} AS armories,
    false AS must_change_password, true AS external, false AS second_factor, NULL::text[] AS scopes, NULL::uuid[] AS narrowed, NULL AS token
FROM unnest($1::uuid[], $2::uuid[]) AS o (account_id, credential_id) JOIN account a ON a.id = o.account_id
WHERE a.issuer IS NOT NULL AND a.state = 'ACTIVE' AND a.roles <> '{{}}'
"""
BY_ID = " UNION ALL ".join(
    STANDING.format(in_scope=IN_SCOPE, told=told, of=f"{of} c", key="c.id", stands=stands)
    for told, of, stands in ((OF_A_SESSION, "session", OPEN_SESSION), (OF_A_TOKEN, "api_token", GOOD_TOKEN))
)

ONCE = """
SELECT a.username, c.name AS token FROM api_token c JOIN account a ON a.id = c.account_id WHERE c.token_hash = $1
UNION ALL SELECT '', NULL FROM session_token WHERE token_hash = $1
"""


class Standings:
    """What was last seen of accounts, under the tokens and sign-ins that asked. `changes` counts what was found to be otherwise since."""

    def __init__(self) -> None:
        self._kept: OrderedDict[UUID | bytes, tuple[float, Actor]] = OrderedDict()
        self.changes = 0

    def get(self, key: UUID | bytes) -> Actor | None:
        """What is believed still."""
        known = self._kept.get(key)
        fresh = known is not None and time.monotonic() - known[0] < database.door().settings.standing_seconds
        return known[1] if known is not None and fresh else None

    def keep(self, key: UUID | bytes, at: float, actor: Actor) -> None:
        """Keep what was seen; what a request finds out, the streams of the same sign-in know as well."""
        for name in {key, actor.credential_id or key}:
            before = self._kept.get(name)
            if before is None or before[0] <= at:
                self.changes += before is not None and before[1] != actor
                self._kept[name] = (at, actor)
                self._kept.move_to_end(name)
        while len(self._kept) > STANDINGS_KEPT:
            self._kept.popitem(last=False)

    def drop(self, key: UUID | bytes) -> None:
        """Keep nothing of it."""
        self.changes += self._kept.pop(key, None) is not None

    def forget(self, actor: Actor) -> None:
        """Keep nothing of a sign-in."""
        for key in [key for key, (_, known) in self._kept.items() if known.credential_id == actor.credential_id]:
            self.drop(key)


standings = Standings()


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
    return await _standing(hashed, statement, [hashed])


@dataclass(frozen=True)
class Once:
    """Whose API token one that is no good was, and which; empty if it never was anybody's."""

    username: str = ""
    token: str = ""


async def once_of(token: str) -> Once | None:
    """Whose a token that is no good was; None for one of a sign-in, which ends every day and tells nothing."""
    row = await database.fetch_one(ONCE, token_hash(token)) if token.isascii() else None
    if row is None:
        return Once()
    return Once(row["username"], row["token"]) if row["token"] is not None else None


async def still_standing(actor: Actor) -> Actor:
    """The actor as the account now is, at most a few seconds old.

    Raises:
        Unauthenticated: the session or token has ended, or the account was disabled.
    """
    if actor.kind is not ActorKind.ACCOUNT or actor.credential_id is None:
        return actor
    if actor.expires_at is None:
        return await _standing(actor.credential_id, BY_ID, [actor.credential_id])
    if actor.expires_at <= datetime.now(UTC):
        raise Unauthenticated(EXPIRED)
    standing = await _standing(actor.credential_id, BY_ACCOUNT, [actor.account_id], [actor.credential_id])
    return replace(standing, expires_at=actor.expires_at)


async def still_watching(actor: Actor) -> Actor:
    """The same for a viewer of a stream, who must have nothing to do first.

    Raises:
        Unauthenticated: the session or token has ended, or the account was disabled.
        NotYet: something must be done first.
    """
    standing = await still_standing(actor)
    if standing.unfinished is not None:
        raise NotYet(standing.unfinished)
    return standing


async def watching_still(viewers: Iterable[Actor]) -> dict[UUID, Actor]:
    """Of many viewers those who may go on, as they now are, by the id of their sign-in or token: looked up together."""
    moment = datetime.now(UTC)
    going_on = (viewer for viewer in viewers if viewer.expires_at is None or viewer.expires_at > moment)
    asked = {viewer.credential_id: viewer for viewer in going_on if viewer.credential_id is not None}
    found = {key: known for key in asked if (known := standings.get(key)) is not None}
    here = [key for key, viewer in asked.items() if key not in found and viewer.expires_at is None]
    elsewhere = [key for key, viewer in asked.items() if key not in found and viewer.expires_at is not None]
    now = time.monotonic()
    rows = list(await database.fetch(BY_ID, here)) if here else []
    rows += await database.fetch(BY_ACCOUNT, [asked[key].account_id for key in elsewhere], elsewhere) if elsewhere else ()
    for row in rows:
        found[row["credential_id"]] = _actor(row)
        standings.keep(row["credential_id"], now, found[row["credential_id"]])
    for key in [key for key in asked if key not in found]:
        standings.drop(key)
    return {key: replace(standing, expires_at=asked[key].expires_at) for key, standing in found.items() if standing.unfinished is None}


async def _standing(key: UUID | bytes, statement: str, *values: object) -> Actor:
    if (known := standings.get(key)) is not None:
        return known
    now = time.monotonic()
    row = await database.fetch_one(statement, *values)
    if row is None:
        standings.drop(key)
        raise Unauthenticated("Your sign-in has ended. Sign in again.")
    actor = _actor(row)
    standings.keep(key, now, actor)
    return actor


def _actor(row: Record) -> Actor:
    roles = frozenset(Role(role) for role in row["roles"])
    armories = None if row["all_armories"] else frozenset(row["armories"])
    if row["narrowed"] is not None:
        armories = frozenset(row["narrowed"]) if armories is None else armories.intersection(row["narrowed"])
    return Actor(
        kind=ActorKind.ACCOUNT,
        name=row["username"],
        account_id=row["account_id"],
        credential_id=row["credential_id"],
        roles=roles,
        armories=armories,
        scopes=None if row["scopes"] is None else frozenset(TokenScope(scope) for scope in row["scopes"]),
        unfinished=_unfinished(row, roles),
        token=row["token"],
    )


def _unfinished(row: Record, roles: frozenset[Role]) -> Unfinished | None:
    """What a person who has signed in must do first. Whoever signs in elsewhere does both there."""
    if row["must_change_password"]:
        return Unfinished.PASSWORD_CHANGE_REQUIRED
    asked = row["scopes"] is None and not row["external"] and roles.intersection(database.door().settings.second_factor_roles)
    return Unfinished.SECOND_FACTOR_REQUIRED if asked and not row["second_factor"] else None


def forget(actor: Actor) -> Actor:
    """Look the actor's standing up again at once: for whoever has just signed out."""
    standings.forget(actor)
    return replace(actor)
