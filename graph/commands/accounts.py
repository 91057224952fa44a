"""Accounts, sign-in, sessions and API tokens."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from graph import database
from graph.audit.actor import Actor, current_actor
from graph.audit.ledger import Event, append, database_time
from graph.commands.attempts import attempts, take_sign_in
from graph.commands.passwords import hash_password, matches, nobodys_hash
from graph.commands.perform import Answer, perform, require
from graph.commands.rows import change, lock_row, register
from graph.errors import BadInput, Refusal, RefusalCode, Refused
from graph.models.accounts import Account, ApiToken, Session
from graph.models.armory import Armory
from graph.models.ledger import REGISTRY
from graph.rules.accounts import SESSION_PREFIX, TOKEN_PREFIX, password_refusals, token_hash
from graph.words import AccountState, EventType, Role, Subject


@dataclass(frozen=True)
class CreateAccount:
    """An account; without a password it stays disabled. `armories` are codes; none with `all_armories` means every one."""

    request_id: UUID
    username: str
    roles: tuple[Role, ...]
    armories: tuple[str, ...] = ()
    all_armories: bool = False
    has_password: bool = True


@dataclass(frozen=True)
class DisableAccount:
    """An account that may not sign in any more; its sessions and tokens end with it."""

    request_id: UUID
    username: str
    reason: str


@dataclass(frozen=True)
class CreateToken:
    """An API token of an account."""

    request_id: UUID
    username: str
    name: str
    days: int = 365


@dataclass(frozen=True)
class RevokeToken:
    """The API tokens of an account that have this name."""

    request_id: UUID
    username: str
    name: str


@dataclass(frozen=True)
class ChangePassword:
    """One's own password; neither the old one nor the new one is remembered with the request."""

    request_id: UUID
    address: str = ""


@dataclass(frozen=True)
class SignIn:
    """Who says to be whom."""

    username: str
    password: str
    address: str = ""


@dataclass(frozen=True)
class SignedIn:
    """A new session: the bearer token is shown this once."""

    token: str
    expires_at: datetime
    account_id: UUID


async def create_account(command: CreateAccount, password: str | None) -> Answer | Refused:
    """Create an account."""
    require(Role.ADMIN)
    hashed = await hash_password(password, command.username) if password is not None else None

    async def decide() -> Sequence[UUID]:
        known = {armory.code: armory.id for armory in await Armory.filter(code__in=[code.upper() for code in command.armories])}
        unknown = [code for code in command.armories if code.upper() not in known]
        if unknown:
            message = f"There is no arms room with the code {unknown[0]}."
            raise Refused([Refusal(RefusalCode.UNKNOWN_CODE, message, path="armories")])
        account = Account(
            id=uuid7(),
            username=command.username,
            username_key=command.username.lower(),
            password_hash=hashed,
            roles=[role.value for role in command.roles],
            all_armories=command.all_armories,
            armories=list(known.values()),
            state=AccountState.ACTIVE if hashed else AccountState.DISABLED,
        )
        await append(await register(account, REGISTRY, EventType.ACCOUNT_CREATED, Subject.ACCOUNT, {}))
        return [account.id]

    return await perform("createAccount", command.request_id, command, decide)


async def disable_account(command: DisableAccount) -> Answer | Refused:
    """Disable an account: it signs in no more, and its sessions and tokens end with it, for ever."""
    require(Role.ADMIN)

    async def decide() -> Sequence[UUID]:
        account = await lock_row(Account, (await _account(command.username)).id)
        if account.state is AccountState.DISABLED:
            message = f"The account {account.username} is disabled already."
            raise Refused([Refusal(RefusalCode.STATE_NOT_ALLOWED, message, path="username")])
        facts = {"username": account.username, "reason": command.reason}
        changes = {"state": AccountState.DISABLED}
        await append(await change(account, changes, REGISTRY, EventType.ACCOUNT_DISABLED, Subject.ACCOUNT, facts))
        await _end_credentials(account)
        return [account.id]

    return await perform("disableAccount", command.request_id, command, decide)


async def set_password(request_id: UUID, username: str, password: str) -> Answer | Refused:
    """Give an account a password; one that was disabled may sign in from now on. What it had open before ends."""
    require(Role.ADMIN)
    hashed = await hash_password(password, username)

    async def decide() -> Sequence[UUID]:
        account = await lock_row(Account, (await _account(username)).id)
        changes = {"password_hash": hashed, "state": AccountState.ACTIVE}
        facts = {"username": account.username}
        await append(await change(account, changes, REGISTRY, EventType.PASSWORD_SET, Subject.ACCOUNT, facts))
        await _end_credentials(account)
        return [account.id]

    return await perform("setPassword", request_id, _Named(username), decide)


async def change_password(command: ChangePassword, current: str, new: str) -> Answer | Refused:
    """Change one's own password. Every other session and every token of the account ends; the one that changes it goes on.

    Raises:
        RateLimited: the current password was wrong too often.
        BadInput: the actor has no account.
    """
    actor = current_actor()
    if actor.account_id is None:
        raise BadInput("The console has no password of its own: use `armguard account password NAME`.")
    account = await database.transaction(lambda: Account.get(id=actor.account_id))
    await take_sign_in(account.username_key, command.address)
    if account.password_hash is None or not await matches(account.password_hash, current):
        return Refused([Refusal(RefusalCode.SIGN_IN_FAILED, "This is not your password.", path="currentPassword")])
    await attempts().forget(attempts().of_name, account.username_key, command.address)
    if refusals := [replace(refusal, path="newPassword") for refusal in password_refusals(new, account.username)]:
        return Refused(refusals)
    hashed = await hash_password(new, account.username)

    async def decide() -> Sequence[UUID]:
        locked = await lock_row(Account, account.id)
        facts = {"username": locked.username}
        changes = {"password_hash": hashed}
        await append(await change(locked, changes, REGISTRY, EventType.PASSWORD_SET, Subject.ACCOUNT, facts))
        await _end_credentials(locked, but=actor.credential_id)
        return [locked.id]

    return await perform("changePassword", command.request_id, _Named(account.username), decide)


async def _end_credentials(account: Account, but: UUID | None = None) -> None:
    """End every session of an account, and revoke every token: whoever had one has it no more; but one, perhaps."""
    now = await database_time()
    sessions = Session.filter(account_id=account.id, ended_at=None)
    await (sessions.exclude(id=but) if but is not None else sessions).update(ended_at=now)
    await _revoke(account, await ApiToken.filter(account_id=account.id, revoked_at=None).order_by("id"), now)


async def _revoke(account: Account, tokens: Sequence[ApiToken], now: datetime) -> None:
    if not tokens:
        return
    await ApiToken.filter(id__in=[token.id for token in tokens]).update(revoked_at=now)
    summary = f"Token revoked: {', '.join(token.name for token in tokens)} of {account.username}."
    facts = {"username": account.username, "tokens": [{"id": token.id, "name": token.name} for token in tokens]}
    await append(Event(REGISTRY, EventType.TOKEN_REVOKED, Subject.ACCOUNT, account.id, summary, facts))


async def revoke_token(command: RevokeToken) -> Answer | Refused:
    """Revoke the API tokens of an account that have a name: what uses them ends within seconds."""
    require(Role.ADMIN)

    async def decide() -> Sequence[UUID]:
        account = await lock_row(Account, (await _account(command.username)).id)
        tokens = await ApiToken.filter(account_id=account.id, name=command.name, revoked_at=None).order_by("id")
        if not tokens:
            message = f"The account {account.username} has no token {command.name} that is good."
            raise Refused([Refusal(RefusalCode.UNKNOWN_CODE, message, path="name")])
        await _revoke(account, tokens, await database_time())
        return [token.id for token in tokens]

    return await perform("revokeToken", command.request_id, command, decide)


@dataclass(frozen=True)
class _Named:
    username: str


async def create_token(command: CreateToken) -> str | Refused:
    """Create an API token and return it: it is shown this once. The account must be one that may sign in."""
    require(Role.ADMIN)
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)

    async def decide() -> Sequence[UUID]:
        account = await lock_row(Account, (await _account(command.username)).id)
        if account.state is not AccountState.ACTIVE:
            message = f"The account {account.username} is disabled: give it a password first."
            raise Refused([Refusal(RefusalCode.STATE_NOT_ALLOWED, message, path="username")])
        now = datetime.now(UTC)
        made = ApiToken(
            id=uuid7(),
            account_id=account.id,
            name=command.name,
            token_hash=token_hash(token),
            created_at=now,
            expires_at=now + timedelta(days=command.days),
        )
        await made.save(force_create=True)
        facts = {"username": account.username, "token": {"id": made.id, "name": made.name, "expires_at": made.expires_at}}
        summary = f"Token created: {made.name} of {account.username}."
        await append(Event(REGISTRY, EventType.TOKEN_CREATED, Subject.ACCOUNT, account.id, summary, facts))
        return [made.id]

    answer = await perform("createToken", command.request_id, command, decide)
    return answer if isinstance(answer, Refused) else token


async def sign_in(command: SignIn) -> SignedIn | Refused:
    """Begin a session. A wrong password and an unknown name look and take the same.

    Raises:
        RateLimited: there were too many attempts under this name from this address, or from this address.
    """
    key = command.username.strip().lower()
    await take_sign_in(key, command.address)
    account = await database.transaction(lambda: Account.get_or_none(username_key=key))
    stored = account.password_hash if account is not None else None
    right = await matches(stored or await nobodys_hash(), command.password)
    if account is None or stored is None or not right or account.state is not AccountState.ACTIVE:
        return Refused([Refusal(RefusalCode.SIGN_IN_FAILED, "The username or the password is wrong.")])
    await attempts().forget(attempts().of_name, key, command.address)
    token, session_id, now = SESSION_PREFIX + secrets.token_urlsafe(32), uuid7(), datetime.now(UTC)
    expires_at = now + timedelta(hours=database.door().settings.session_hours)
    given = {"account_id": account.id, "token_hash": token_hash(token), "created_at": now, "expires_at": expires_at}
    await database.transaction(lambda: Session.get_or_create(id=session_id, defaults=given))
    return SignedIn(token, expires_at, account.id)


async def sign_out() -> Actor:
    """End the session that the actor acts with.

    Raises:
        BadInput: the actor acts with a token for programs, which goes on until it is revoked.
    """
    actor = current_actor()

    async def work() -> int:
        now = await database_time()
        return await Session.filter(id=actor.credential_id, ended_at=None).update(ended_at=now)

    if not await database.transaction(work) and not await database.transaction(lambda: Session.exists(id=actor.credential_id)):
        raise BadInput("You act with a token for programs. It does not sign out: it is good until it is revoked.")
    return actor


async def _account(username: str) -> Account:
    account = await Account.get_or_none(username_key=username.strip().lower())
    if account is None:
        raise Refused([Refusal(RefusalCode.UNKNOWN_CODE, f"There is no account {username}.", path="username")])
    return account
