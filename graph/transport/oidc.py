"""Bearer tokens of the organisation's own sign-in (OpenID Connect): JWTs of the one issuer that the settings name."""

from __future__ import annotations

import contextlib
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode

from graph.audit.actor import Actor
from graph.commands.external import admit
from graph.errors import Unauthenticated
from graph.issuer import Issuer, PublishedKey
from graph.resolvers.accounts import forget, still_standing
from graph.rules.accounts import token_hash
from graph.rules.external import EXPIRED, LONGEST_TOKEN, Identity, check_header, identity_of, is_external
from graph.settings import Settings
from graph.words import ActorKind

TOKENS_KEPT = 10_000
MALFORMED = "This token is malformed."


@dataclass
class Known:
    """A token whose signature and claims were found good: of whom, by which key, and what rights it was last seen with."""

    identity: Identity
    key: PublishedKey
    actor: Actor | None = None
    rights: Hashable = None


class Gate:
    """Where the issuer's tokens are looked at. One that was found good is known until it expires or its key is withdrawn."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: OrderedDict[bytes, Known] = OrderedDict()
        self._registry = JWSRegistry(algorithms=settings.oidc_algorithms, strict_check_header=False)
        self._registry.max_header_length = LONGEST_TOKEN
        self.issuer = Issuer(settings)

    async def actor_of(self, token: str) -> Actor:
        """Whose token this is.

        Raises:
            Unauthenticated: nobody's, or not any more.
            Unavailable: the issuer or the database cannot be asked now.
        """
        digest = token_hash(token)
        known = self._known.get(digest)
        if known is None or not self.issuer.holds(known.key):
            self._known.pop(digest, None)
            known = await self._checked(token)
        elif known.identity.expires_at <= datetime.now(UTC):
            self._known.pop(digest, None)
            raise Unauthenticated(EXPIRED)
        actor = await self._standing(known, digest)
        self._known[digest] = known
        self._known.move_to_end(digest)
        while len(self._known) > TOKENS_KEPT:
            self._known.popitem(last=False)
        return actor

    async def _checked(self, token: str) -> Known:
        """A token that is not known yet: its form, its signature, its claims."""
        if len(token) > LONGEST_TOKEN:
            raise Unauthenticated("This token is too long.")
        algorithm, kid = check_header(_header_of(token), self._settings)
        key = await self.issuer.key(kid, algorithm)
        try:
            claims = jwt.decode(token, key.key, registry=self._registry).claims
        except (JoseError, ValueError, TypeError, RecursionError):
            raise Unauthenticated("The signature of this token is not that of your organisation's sign-in.") from None
        return Known(identity_of(claims, self._settings, time.time()), key)

    async def _standing(self, known: Known, digest: bytes) -> Actor:
        """The account of the token as it is now: when its rights are others than last, whichever of its tokens is newest has the word."""
        if known.actor is not None:
            actor = await still_standing(known.actor)
            if _rights(actor) == known.rights:
                return actor
            forget(actor)
        account_id = await admit(known.identity)
        known.actor = Actor(
            kind=ActorKind.ACCOUNT,
            name=known.identity.username,
            account_id=account_id,
            credential_id=UUID(bytes=digest[:16], version=5),
            expires_at=known.identity.expires_at,
        )
        actor = await still_standing(known.actor)
        known.rights = _rights(actor)
        return actor


def _rights(actor: Actor) -> Hashable:
    return actor.rights, actor.armories


def _header_of(token: str) -> dict[str, Any]:
    try:
        header = orjson.loads(urlsafe_b64decode(token.partition(".")[0].encode()))
    except ValueError:
        raise Unauthenticated(MALFORMED) from None
    if not isinstance(header, dict):
        raise Unauthenticated(MALFORMED)
    return header


_gate: Gate | None = None


@contextlib.asynccontextmanager
async def open_gate(settings: Settings) -> AsyncIterator[None]:
    """Take the issuer's tokens for as long as the process serves, if the settings name one."""
    global _gate
    _gate = Gate(settings) if settings.oidc_issuer else None
    try:
        yield
    finally:
        if _gate is not None:
            await _gate.issuer.close()
            _gate = None


def gate_for(token: str) -> Gate | None:
    """Who looks at this token, if it is one of the issuer's by its form."""
    return _gate if _gate is not None and is_external(token) else None
