"""API tokens: for programs, shown once, narrowed to what they are for."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from graph.audit.actor import current_actor
from graph.audit.ledger import Event, append, database_time
from graph.commands.perform import Answer, later, perform, require
from graph.commands.rows import account_named, lock_row
from graph.errors import Forbidden, Refusal, RefusalCode, Refused
from graph.models.accounts import Account, ApiToken
from graph.models.armory import Armory
from graph.models.ledger import REGISTRY
from graph.rules.accounts import TOKEN_PREFIX, WRITING, token_hash
from graph.words import AccountState, ActorKind, EventType, Role, Subject, TokenScope

LONGEST_NAME = 64
READING = (TokenScope.READ, TokenScope.FEED)
OWNERS = (
    "For another account an administrator makes tokens that read and watch (READ, FEED). One that writes is made by whose account it is, "
    "signed in; or at the server's console."
)


@dataclass(frozen=True)
class CreateToken:
    """An API token of an account, for some of what the account may do; `armories` are codes, of which none means all of the account's."""

    request_id: UUID
    username: str
    name: str
    days: int = 365
    scopes: tuple[TokenScope, ...] = later(READING)
    armories: tuple[str, ...] = later(())


@dataclass(frozen=True)
class RotateToken:
    """A token that takes another's place, with its name and rights; the old one is good for some hours more."""

    request_id: UUID
    token_id: UUID
    days: int = 365
    overlap_hours: int = 24


@dataclass(frozen=True)
class RevokeToken:
    """The API tokens of an account that have this name, or only the one with this id."""

    request_id: UUID
    username: str
    name: str
    token_id: UUID | None = later()


@dataclass(frozen=True)
class MadeToken:
    """A new API token. The token itself is shown this once: a repeated request has none."""

    id: UUID
    token: str | None


async def create_token(command: CreateToken) -> MadeToken | Refused:
    """Create an API token of one's own account, or as an administrator of another's. The account must be one that may sign in.

    Raises:
        Forbidden: it is another's and the actor no administrator, or it is for more than to read and watch.
    """
    _answer_for(command.username, command.scopes)
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)

    async def decide() -> Sequence[UUID]:
        account = await lock_row(Account, (await account_named(command.username)).id)
        if account.state is not AccountState.ACTIVE:
            message = f"The account {account.username} is disabled: give it a password first."
            raise Refused([Refusal(RefusalCode.STATE_NOT_ALLOWED, message, path="username")])
        now = await database_time()
        narrowed = await _narrowed(command.armories)
        rights = {"scopes": [scope.value for scope in dict.fromkeys(command.scopes)], "armories": narrowed}
        made = await _make(account, command.name, token, now, now + timedelta(days=command.days), rights)
        summary = f"Token created: {made.name} of {account.username}."
        await append(_told(account, EventType.TOKEN_CREATED, summary, {"token": _facts(made)}))
        return [made.id]

    return _shown(await perform("createToken", command.request_id, command, decide), token)


async def rotate_token(command: RotateToken) -> MadeToken | Refused:
    """Make a token that takes another's place: both are good for a while, so that the program misses nothing.

    Raises:
        Forbidden: the actor is an administrator, and the token is another account's and for more than to read and watch.
    """
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)

    async def decide() -> Sequence[UUID]:
        account = await lock_row(Account, (await _good_token(command.token_id)).account_id)
        old = await _good_token(command.token_id)  # again under the lock: somebody may have revoked or rotated it meanwhile
        _answer_for(account.username, tuple(map(TokenScope, old.scopes)))
        now = await database_time()
        rights = {"scopes": old.scopes, "armories": old.armories}
        made = await _make(account, old.name, token, now, now + timedelta(days=command.days), rights)
        good_until = min(old.expires_at, now + timedelta(hours=command.overlap_hours))
        await ApiToken.filter(id=old.id).update(good_until=good_until)
        summary = f"Token rotated: {made.name} of {account.username}, the old one good until {good_until:%Y-%m-%d %H:%M} UTC."
        facts = {"token": _facts(made), "replaces": {"id": old.id, "good_until": good_until}}
        await append(_told(account, EventType.TOKEN_ROTATED, summary, facts))
        return [made.id]

    return _shown(await perform("rotateToken", command.request_id, command, decide), token)


async def revoke_token(command: RevokeToken) -> Answer | Refused:
    """Revoke the API tokens of one's own account, or as an administrator of another's, that have a name.

    What uses them ends within seconds.

    Raises:
        Forbidden: they are another's, and the actor is no administrator.
    """
    _answer_for(command.username)

    async def decide() -> Sequence[UUID]:
        account = await lock_row(Account, (await account_named(command.username)).id)
        named = ApiToken.filter(account_id=account.id, name=command.name, revoked_at=None)
        tokens = await (named.filter(id=command.token_id) if command.token_id else named).order_by("id")
        if not tokens:
            message = f"The account {account.username} has no token {command.name} that is good."
            raise Refused([Refusal(RefusalCode.UNKNOWN_CODE, message, path="name")])
        await _revoke(account, tokens)
        return [token.id for token in tokens]

    return await perform("revokeToken", command.request_id, command, decide)


async def revoke_all(account: Account) -> None:
    """Revoke every token of an account, within the transaction under way."""
    if tokens := await ApiToken.filter(account_id=account.id, revoked_at=None).order_by("id"):
        await _revoke(account, tokens)


async def _revoke(account: Account, tokens: Sequence[ApiToken]) -> None:
    await ApiToken.filter(id__in=[token.id for token in tokens]).update(revoked_at=await database_time())
    summary = f"Token revoked: {', '.join(token.name for token in tokens)} of {account.username}."
    facts = {"tokens": [{"id": token.id, "name": token.name} for token in tokens]}
    await append(_told(account, EventType.TOKEN_REVOKED, summary, facts))


async def _make(account: Account, name: str, token: str, now: datetime, expires_at: datetime, rights: dict[str, Any]) -> ApiToken:
    given = {"token_hash": token_hash(token), "created_at": now, "expires_at": expires_at, **rights}
    return await ApiToken.create(id=uuid7(), account_id=account.id, name=name, **given)


async def _narrowed(codes: Sequence[str]) -> list[UUID] | None:
    """The arms rooms that a token is for; one beyond the scope of its account gives it nothing."""
    if not codes:
        return None
    known = {armory.code: armory.id for armory in await Armory.filter(code__in=[code.upper() for code in codes])}
    if unknown := [code for code in codes if code.upper() not in known]:
        raise Refused([Refusal(RefusalCode.UNKNOWN_CODE, f"There is no arms room with the code {unknown[0]}.", path="armories")])
    return list(known.values())


def _answer_for(username: str, scopes: Sequence[TokenScope] = ()) -> None:
    """Let pass whose account it is, whoever keeps the server, and for what only reads an administrator.

    With a token that writes, an administrator would have the powers of whose account it is, and act in that name.

    Raises:
        Forbidden: the actor is somebody else.
    """
    actor = current_actor()
    if actor.account_id is not None and actor.name.lower() == username.strip().lower():
        return
    require(Role.ADMIN)
    if actor.kind is not ActorKind.CONSOLE and WRITING.intersection(scopes):
        raise Forbidden(OWNERS)


async def _good_token(token_id: UUID) -> ApiToken:
    actor, token = current_actor(), await ApiToken.get_or_none(id=token_id)
    now = await database_time()
    if token is not None and token.account_id != actor.account_id and actor.kind is not ActorKind.CONSOLE and Role.ADMIN not in actor.roles:
        token = None  # whose it is, is nobody else's business
    if token is None or token.revoked_at is not None or token.expires_at <= now or (token.good_until is not None):
        message = "There is no such token that is good and has no successor."
        raise Refused([Refusal(RefusalCode.UNKNOWN_CODE, message, path="token")])
    return token


def _facts(token: ApiToken) -> dict[str, Any]:
    return {name: getattr(token, name) for name in ("id", "name", "expires_at", "scopes", "armories")}


def _told(account: Account, type_: EventType, summary: str, facts: dict[str, Any]) -> Event:
    return Event(REGISTRY, type_, Subject.ACCOUNT, account.id, summary, {"username": account.username, **facts})


def _shown(answer: Answer | Refused, token: str) -> MadeToken | Refused:
    return answer if isinstance(answer, Refused) else MadeToken(answer.rows[0], None if answer.repeated else token)
