"""Accounts: who may sign in, as what, and for which arms rooms; and their passwords."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from tortoise.expressions import Q
from uuid_utils.compat import uuid7

from graph import database
from graph.audit.actor import current_actor
from graph.audit.ledger import append
from graph.commands.attempts import forget_sign_ins, take_sign_in
from graph.commands.passwords import hash_password, matches
from graph.commands.perform import MISMATCH, Answer, earlier_answer, later, perform, require
from graph.commands.rows import account_named, change, given, lock_row, register
from graph.commands.sessions import end_sessions
from graph.commands.tokens import revoke_all
from graph.errors import BadInput, Refusal, RefusalCode, Refused, refuse
from graph.models.accounts import Account
from graph.models.armory import Armory, Unit
from graph.models.ledger import REGISTRY
from graph.rules.accounts import (
    Change,
    account_refusals,
    own_password,
    password_elsewhere,
    password_refusals,
    rights_elsewhere,
    username_refusals,
)
from graph.words import AccountState, EventType, Role, Subject

ADMINS = Q(roles__contains=[Role.ADMIN.value], state=AccountState.ACTIVE)
NOT_YOURS = Refusal(RefusalCode.SIGN_IN_FAILED, "This is not your password.", path="currentPassword")


@dataclass(frozen=True)
class CreateAccount:
    """An account; without a password it stays disabled.

    The scope is the arms rooms of the codes `armories` and those of the `units` and of all below them; with `all_armories` every one.
    """

    request_id: UUID
    username: str
    roles: tuple[Role, ...]
    armories: tuple[str, ...] = ()
    all_armories: bool = False
    has_password: bool = True
    units: tuple[str, ...] = later(())
    must_change_password: bool = later(default=False)


@dataclass(frozen=True)
class ChangeAccount:
    """Other roles, or another scope, for an account; what is None stays."""

    request_id: UUID
    username: str
    roles: tuple[Role, ...] | None = None
    armories: tuple[str, ...] | None = None
    all_armories: bool | None = None
    units: tuple[str, ...] | None = None
    expected_version: int | None = None


@dataclass(frozen=True)
class DisableAccount:
    """An account that may not sign in any more; its sessions and tokens end with it."""

    request_id: UUID
    username: str
    reason: str


@dataclass(frozen=True)
class EnableAccount:
    """A disabled account that may sign in again, with the password that it had."""

    request_id: UUID
    username: str
    reason: str


@dataclass(frozen=True)
class SetPassword:
    """A password for an account, which its owner then must change if `must_change`; the password is not remembered with the request."""

    request_id: UUID
    username: str
    must_change: bool = later(default=False)


@dataclass(frozen=True)
class ChangePassword:
    """One's own password; neither the old one nor the new one is remembered with the request."""

    request_id: UUID
    address: str = ""


async def create_account(command: CreateAccount, password: str | None) -> Answer | Refused:
    """Create an account."""
    require(Role.ADMIN)
    hashed = None
    if password is not None:
        if refusals := password_refusals(password, command.username):
            return Refused(refusals)
        hashed = await hash_password(password)

    async def decide() -> Sequence[UUID]:
        refuse([*username_refusals(command.username), *account_refusals(Change(roles=command.roles))])
        account = Account(
            id=uuid7(),
            username=command.username,
            username_key=command.username.lower(),
            password_hash=hashed,
            roles=_words(command.roles),
            all_armories=command.all_armories,
            armories=await _named(Armory, "arms room", command.armories, "armories"),
            units=await _named(Unit, "unit", command.units, "units"),
            must_change_password=command.must_change_password,
            state=AccountState.ACTIVE if hashed else AccountState.DISABLED,
        )
        await append(await register(account, REGISTRY, EventType.ACCOUNT_CREATED, Subject.ACCOUNT, {}))
        return [account.id]

    return await perform("createAccount", command.request_id, command, decide)


async def change_account(command: ChangeAccount) -> Answer | Refused:
    """Give an account other roles, or another scope: what it has open goes by them within seconds."""
    require(Role.ADMIN)

    async def decide() -> Sequence[UUID]:
        account = await _locked(command.username, command.expected_version)
        refuse(rights_elsewhere(account.username, _decided_elsewhere(account, command)))
        refuse(account_refusals(await _change_of(account, roles=command.roles, scope=command)))
        changes = given(
            roles=None if command.roles is None else _words(command.roles),
            armories=None if command.armories is None else await _named(Armory, "arms room", command.armories, "armories"),
            units=None if command.units is None else await _named(Unit, "unit", command.units, "units"),
            all_armories=command.all_armories,
        )
        facts = {"username": account.username}
        await append(await change(account, changes, REGISTRY, EventType.ACCOUNT_CHANGED, Subject.ACCOUNT, facts))
        return [account.id]

    return await perform("changeAccount", command.request_id, command, decide)


async def disable_account(command: DisableAccount) -> Answer | Refused:
    """Disable an account: it signs in no more, and its sessions and tokens end with it, for ever."""
    require(Role.ADMIN)

    async def decide() -> Sequence[UUID]:
        account = await _locked(command.username)
        refuse(account_refusals(await _change_of(account, state=AccountState.DISABLED)))
        facts = {"username": account.username, "reason": command.reason}
        changes = {"state": AccountState.DISABLED}
        await append(await change(account, changes, REGISTRY, EventType.ACCOUNT_DISABLED, Subject.ACCOUNT, facts))
        await _end_credentials(account)
        return [account.id]

    return await perform("disableAccount", command.request_id, command, decide)


async def enable_account(command: EnableAccount) -> Answer | Refused:
    """Let a disabled account sign in again, with the password that it had."""
    require(Role.ADMIN)

    async def decide() -> Sequence[UUID]:
        account = await _locked(command.username)
        refuse(account_refusals(await _change_of(account, state=AccountState.ACTIVE)))
        facts = {"username": account.username, "reason": command.reason}
        changes = {"state": AccountState.ACTIVE}
        await append(await change(account, changes, REGISTRY, EventType.ACCOUNT_ENABLED, Subject.ACCOUNT, facts))
        return [account.id]

    return await perform("enableAccount", command.request_id, command, decide)


async def set_password(command: SetPassword, password: str) -> Answer | Refused:
    """Give an account a password; one that was disabled may sign in from now on. What it had open before ends.

    One's own is changed by who knows it: whoever has got hold of an administrator's open session does not get the account with it.
    """
    actor = require(Role.ADMIN)
    if refusals := password_refusals(password, command.username):
        return Refused(refusals)
    hashed = await hash_password(password)

    async def decide() -> Sequence[UUID]:
        account = await _locked(command.username)
        refuse([*own_password(own=account.id == actor.account_id), *password_elsewhere(account.username, account.issuer)])
        changes = {"password_hash": hashed, "state": AccountState.ACTIVE, "must_change_password": command.must_change}
        facts = {"username": account.username}
        await append(await change(account, changes, REGISTRY, EventType.PASSWORD_SET, Subject.ACCOUNT, facts))
        await _end_credentials(account)
        return [account.id]

    return await perform("setPassword", command.request_id, command, decide)


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
    if elsewhere := password_elsewhere(account.username, account.issuer):
        return Refused(elsewhere)
    await take_sign_in(account.username_key, command.address)
    named = _Named(account.username)
    if (earlier := await earlier_answer("changePassword", command.request_id, named)) is not None:
        return earlier if await matches(account.password_hash or "", new) else Refused([MISMATCH])
    if account.password_hash is None or not await matches(account.password_hash, current):
        return Refused([NOT_YOURS])
    await forget_sign_ins(account.username_key, command.address)
    if refusals := [replace(refusal, path="newPassword") for refusal in password_refusals(new, account.username)]:
        return Refused(refusals)
    if new == current:
        return Refused([Refusal(RefusalCode.INVALID_VALUE, "This is the password that you have: choose another.", path="newPassword")])
    hashed = await hash_password(new)

    async def decide() -> Sequence[UUID]:
        locked = await lock_row(Account, account.id)
        if locked.password_hash != account.password_hash or locked.state is not AccountState.ACTIVE:  # an administrator was quicker
            raise Refused([NOT_YOURS])
        facts = {"username": locked.username}
        changes = {"password_hash": hashed, "must_change_password": False}
        await append(await change(locked, changes, REGISTRY, EventType.PASSWORD_SET, Subject.ACCOUNT, facts))
        await _end_credentials(locked, but=actor.credential_id)
        return [locked.id]

    return await perform("changePassword", command.request_id, named, decide)


@dataclass(frozen=True)
class _Named:
    username: str


async def _end_credentials(account: Account, but: UUID | None = None) -> None:
    """End every session of an account, and revoke every token: whoever had one has it no more; but one, perhaps."""
    await end_sessions(account, EventType.SESSION_ENDED, but=but)
    await revoke_all(account)


async def _change_of(
    account: Account, *, roles: Sequence[Role] | None = None, state: AccountState | None = None, scope: ChangeAccount | None = None
) -> Change:
    """What the rule looks at."""
    return Change(
        username=account.username,
        roles=tuple(map(Role, account.roles)) if roles is None else tuple(roles),
        roles_before=tuple(map(Role, account.roles)),
        state=account.state if state is None else state,
        state_before=account.state,
        own=current_actor().account_id == account.id,
        of_scope=scope is not None and any(each is not None for each in (scope.armories, scope.all_armories, scope.units)),
        other_admins=await Account.filter(ADMINS).exclude(id=account.id).count(),
        has_password=account.password_hash is not None or account.issuer is not None,
    )


def _decided_elsewhere(account: Account, command: ChangeAccount) -> list[str]:
    """What of a change is not decided here, but by the claims of the organisation's sign-in."""
    settings = database.door().settings
    if account.issuer is None or account.issuer != settings.oidc_issuer:
        return []
    claimed = {"roles", *(("armories", "units", "all_armories") if settings.oidc_armories_claim or settings.oidc_units_claim else ())}
    return sorted(name for name in claimed if getattr(command, name) is not None)


async def _named(of: type[Armory] | type[Unit], noun: str, codes: Sequence[str], path: str) -> list[UUID]:
    known: dict[str, UUID] = {row.code: row.id for row in await of.filter(code__in=[code.upper() for code in codes])}
    if unknown := [code for code in codes if code.upper() not in known]:
        raise Refused([Refusal(RefusalCode.UNKNOWN_CODE, f"There is no {noun} with the code {unknown[0]}.", path=path)])
    return [known[code.upper()] for code in dict.fromkeys(codes)]


async def _locked(username: str, expected_version: int | None = None) -> Account:
    """An account, under its lock and those of all administrators: so that two do not take each other out at once."""
    account = await account_named(username)
    await Account.filter(Q(id=account.id) | ADMINS).order_by("id").select_for_update(no_key=True)
    return await lock_row(Account, account.id, expected_version)


def _words(roles: Sequence[Role]) -> list[str]:
    return [role.value for role in dict.fromkeys(roles)]
