"""Sign-ins: how they begin, go on and end. The tokens of one are a family: when one is used twice, all of them end."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from graph import database
from graph.audit.actor import Actor, acting, current_actor
from graph.audit.ledger import Event, append, database_time
from graph.commands.attempts import forget_sign_ins, take_sign_in, take_sign_in_abroad
from graph.commands.factors import take_code
from graph.commands.passwords import matches, nobodys_hash
from graph.commands.perform import Answer, act, perform, require
from graph.commands.rows import account_named, lock_row
from graph.commands.security import note_attempt
from graph.errors import BadInput, RateLimited, Refusal, RefusalCode, Refused
from graph.models.accounts import Account, Session, SessionToken
from graph.models.ledger import REGISTRY
from graph.rules.accounts import REFRESH_PREFIX, SESSION_PREFIX, token_hash
from graph.words import AccountState, ActorKind, EventType, Role, SecurityKind, SessionTokenKind, Subject

WRONG = Refusal(RefusalCode.SIGN_IN_FAILED, "The username or the password is wrong.")
OVER = Refusal(RefusalCode.SIGN_IN_FAILED, "This sign-in has ended. Sign in again.")


@dataclass(frozen=True)
class SignIn:
    """Who says to be whom, from which address and with what program; `code` is the second factor's."""

    username: str
    password: str
    address: str = ""
    code: str | None = None
    agent: str = ""


@dataclass(frozen=True)
class SignedIn:
    """The tokens of a sign-in, shown this once: one to act with until `expires_at`, one to be exchanged for the next two."""

    token: str
    expires_at: datetime
    refresh_token: str
    session_ends_at: datetime
    account_id: UUID


@dataclass(frozen=True)
class EndSession:
    """A sign-in of one's own, or for an administrator of anybody, that ends."""

    request_id: UUID
    session_id: UUID


@dataclass(frozen=True)
class EndSessions:
    """Every sign-in of an account."""

    request_id: UUID
    username: str


async def sign_in(command: SignIn) -> SignedIn | Refused:
    """Begin a session. A wrong password and an unknown name look and take the same.

    Raises:
        RateLimited: there were too many attempts under this name from this address, or from this address; or under this name from
            addresses at which its owner never was.
    """
    key = command.username.strip().lower()
    try:
        await take_sign_in(key, command.address)
        account, at_home = await database.transaction(lambda: _whose(key, command.address))
        if not at_home:
            await take_sign_in_abroad(key)
    except RateLimited:
        await note_attempt(SecurityKind.SIGN_IN_LOCKED, command.username, command.address)
        raise
    stored = account.password_hash if account is not None else None
    nobodys = await nobodys_hash()  # also when it is not needed: who is known takes as long as who is not
    right = await matches(stored or nobodys, command.password)
    if account is None or stored is None or not right or account.state is not AccountState.ACTIVE:
        await note_attempt(SecurityKind.SIGN_IN_FAILED, command.username, command.address)
        return Refused([WRONG])
    session_id, ends_at = uuid7(), datetime.now(UTC) + timedelta(hours=database.door().settings.session_hours)
    begun = _Tokens(session_id, ends_at)

    async def begin() -> None:
        if await Session.exists(id=session_id):  # the answer of an earlier commit was lost
            return
        locked = await lock_row(Account, account.id)
        if locked.password_hash != stored or locked.state is not AccountState.ACTIVE:
            raise Refused([WRONG])
        used = await take_code(locked, command.code)
        now = await database_time()
        origin = {"address": command.address[:64], "agent": command.agent[:200]}
        await Session.create(
            id=session_id, account_id=locked.id, created_at=now, expires_at=ends_at, address=origin["address"], agent=origin["agent"]
        )
        await begun.write(now)
        with acting(_self(locked, session_id)):
            await append(*used, _told(locked, EventType.SIGNED_IN, [session_id], f"Signed in: {locked.username}.", origin))

    answer = await act(begin)
    if isinstance(answer, Refused):
        if answer.refusals[0].code is RefusalCode.SECOND_FACTOR_FAILED:
            await note_attempt(SecurityKind.SECOND_FACTOR_FAILED, command.username, command.address)
        return answer
    await forget_sign_ins(key, command.address)
    return begun.shown(account.id)


async def refresh(token: str, address: str) -> SignedIn | Refused:
    """Exchange a refresh token for the next two tokens of its sign-in, once; all other refresh tokens of the sign-in are spent with it.

    One that comes again was in two hands (RFC 9700, section 4.14.2): the sign-in ends with all its tokens, for whoever has them. But for
    some seconds it is exchanged again: two tabs of a browser may ask at once, and an answer may be lost. A thief who is that quick is
    found out all the same: of the tokens that two have got, the first to be exchanged spends the other.
    """
    known = await database.transaction(lambda: _refreshing(token))
    if known is None:
        await note_attempt(SecurityKind.REFRESH_REFUSED, "", address)
        return Refused([OVER])
    session, account = known.session, known.session.account
    next_, stands = _Tokens(session.id, session.expires_at), False
    grace = timedelta(seconds=database.door().settings.refresh_grace_seconds)

    async def exchange() -> None:
        nonlocal stands
        if await SessionToken.exists(id=next_.ids[0]):
            stands = True
            return
        locked = await Session.filter(id=session.id).select_for_update().get()
        now, given = await database_time(), await SessionToken.get(id=known.id)
        owner = await Account.get(id=account.id)
        reused = given.used_at is not None and now >= given.used_at + grace
        stands = locked.ended_at is None and locked.expires_at > now and not reused and owner.state is AccountState.ACTIVE
        if stands:
            if given.used_at is None:
                await SessionToken.filter(session_id=locked.id, kind=SessionTokenKind.REFRESH, used_at=None).update(used_at=now)
            await next_.write(now)
        elif reused and locked.ended_at is None:
            await Session.filter(id=locked.id).update(ended_at=now)
            summary = f"Signed out: a refresh token of {owner.username} was used twice."
            with acting(Actor(ActorKind.SYSTEM, "system:sessions")):
                await append(_told(owner, EventType.REFRESH_REUSED, [locked.id], summary, {"address": address}))

    answer = await act(exchange)
    if isinstance(answer, Refused):
        return answer
    if not stands:
        await note_attempt(SecurityKind.REFRESH_REFUSED, account.username, address)
        return Refused([OVER])
    return next_.shown(account.id)


async def sign_out() -> Actor:
    """End the session that the actor acts with.

    Raises:
        BadInput: the actor acts with a token for programs, which goes on until it is revoked, or has signed in elsewhere.
    """
    actor = current_actor()
    if actor.expires_at is not None:
        raise BadInput("You have signed in at your organisation's sign-in: sign out there. What you have open ends with your token.")
    if actor.token is not None or actor.account_id is None:
        raise BadInput("You act with a token for programs. It does not sign out: it is good until it is revoked.")

    async def end() -> None:
        account = await Account.get(id=actor.account_id)
        await end_sessions(account, EventType.SIGNED_OUT, only=actor.credential_id)

    await act(end)
    return actor


async def end_session(command: EndSession) -> Answer | Refused:
    """End a sign-in of one's own, or as an administrator anybody's: what it has open ends within seconds."""
    actor = current_actor()

    async def decide() -> Sequence[UUID]:
        session = await Session.get_or_none(id=command.session_id).select_related("account")
        if session is None or (session.account_id != actor.account_id and not _may_end_any(actor)):
            raise Refused([Refusal(RefusalCode.UNKNOWN_CODE, "You have no such sign-in.", path="session")])
        if not await end_sessions(session.account, EventType.SESSION_ENDED, only=session.id):
            raise Refused([Refusal(RefusalCode.STATE_NOT_ALLOWED, "This sign-in has ended already.", path="session")])
        return [session.id]

    return await perform("endSession", command.request_id, command, decide)


async def end_all_sessions(command: EndSessions) -> Answer | Refused:
    """End every sign-in of an account; its tokens for programs go on."""
    require(Role.ADMIN)

    async def decide() -> Sequence[UUID]:
        return await end_sessions(await account_named(command.username), EventType.SESSION_ENDED)

    return await perform("endSessions", command.request_id, command, decide)


async def end_sessions(account: Account, told: EventType, *, only: UUID | None = None, but: UUID | None = None) -> list[UUID]:
    """End the open sessions of an account within the transaction under way, and say so: all, or only one, or all but one."""
    now = await database_time()
    open_ = Session.filter(account_id=account.id, ended_at=None, expires_at__gt=now)
    if only is not None:
        open_ = open_.filter(id=only)
    ended = [session.id for session in await (open_.exclude(id=but) if but else open_).order_by("id").select_for_update()]
    if ended:
        await Session.filter(id__in=ended).update(ended_at=now)
        summary = (
            f"Signed out: {account.username}." if told is EventType.SIGNED_OUT else f"Sign-ins ended: {len(ended)} of {account.username}."
        )
        await append(_told(account, told, ended, summary, {}))
    return ended


class _Tokens:
    """The next two tokens of a session."""

    def __init__(self, session_id: UUID, ends_at: datetime) -> None:
        self.session_id = session_id
        self.ends_at = ends_at
        self.ids = uuid7(), uuid7()
        self.access, self.refresh = SESSION_PREFIX + secrets.token_urlsafe(32), REFRESH_PREFIX + secrets.token_urlsafe(32)
        self.good_until = min(ends_at, datetime.now(UTC) + timedelta(minutes=database.door().settings.access_minutes))

    async def write(self, now: datetime) -> None:
        """Write them."""
        kinds = ((SessionTokenKind.ACCESS, self.access, self.good_until), (SessionTokenKind.REFRESH, self.refresh, self.ends_at))
        for id_, (kind, token, expires_at) in zip(self.ids, kinds, strict=True):
            row = SessionToken(
                id=id_, session_id=self.session_id, kind=kind, token_hash=token_hash(token), created_at=now, expires_at=expires_at
            )
            await row.save(force_create=True)

    def shown(self, account_id: UUID) -> SignedIn:
        """As they are shown."""
        return SignedIn(self.access, self.good_until, self.refresh, self.ends_at, account_id)


async def _whose(key: str, address: str) -> tuple[Account | None, bool]:
    """Whose name it is, and whether its owner has signed in from this address before: asked alike for a name that is nobody's."""
    account = await Account.get_or_none(username_key=key)
    return account, await Session.exists(account_id=account.id if account is not None else uuid7(), address=address[:64])


async def _refreshing(token: str) -> SessionToken | None:
    if not (token.isascii() and token.startswith(REFRESH_PREFIX)):
        return None
    found = SessionToken.get_or_none(token_hash=token_hash(token), kind=SessionTokenKind.REFRESH)
    return await found.select_related("session", "session__account")


def _self(account: Account, session_id: UUID) -> Actor:
    """Whoever signs in acts for the first time."""
    return Actor(ActorKind.ACCOUNT, account.username, account.id, session_id, frozenset(map(Role, account.roles)))


def _may_end_any(actor: Actor) -> bool:
    return actor.kind is ActorKind.CONSOLE or Role.ADMIN in actor.roles


def _told(account: Account, type_: EventType, sessions: Sequence[UUID], summary: str, facts: Mapping[str, Any]) -> Event:
    payload = {"username": account.username, "sessions": list(sessions), **facts}
    return Event(REGISTRY, type_, Subject.ACCOUNT, account.id, summary, payload)
