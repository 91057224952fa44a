"""The second factor: codes of an authenticator app (RFC 6238), and recovery codes for when it is lost."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import pyotp
from uuid_utils.compat import uuid7

from graph import database
from graph.audit.actor import current_actor
from graph.audit.ledger import Event, append, database_time
from graph.commands.attempts import attempts, forget_sign_ins, take_sign_in
from graph.commands.passwords import matches
from graph.commands.perform import Answer, perform, require
from graph.commands.rows import account_named, lock_row
from graph.errors import BadInput, RateLimited, Refusal, RefusalCode, Refused
from graph.models.accounts import Account, RecoveryCode, SecondFactor
from graph.models.ledger import REGISTRY
from graph.rules.accounts import code_key
from graph.words import EventType, Role, Subject

STEP_SECONDS = 30  # RFC 6238, section 5.2
STEPS_APART = (-1, 0, 1)  # how far a clock may be off
RECOVERY_CODES = 10
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # what is not mistaken for something else on paper
ISSUER = "ArmGuard"


@dataclass(frozen=True)
class BeginSecondFactor:
    """A second factor for one's own account, which counts when its first code is confirmed; the password is not remembered."""

    request_id: UUID
    address: str = ""


@dataclass(frozen=True)
class ConfirmSecondFactor:
    """The first code of the app."""

    request_id: UUID


@dataclass(frozen=True)
class RemoveSecondFactor:
    """The second factor of an account whose app and recovery codes are lost."""

    request_id: UUID
    username: str
    reason: str


@dataclass(frozen=True)
class NewFactor:
    """What the app is given, shown this once: the secret, and the same as an address that it reads as a QR code."""

    secret: str
    uri: str


async def begin_second_factor(command: BeginSecondFactor, password: str) -> NewFactor | Refused:
    """Make a secret for an authenticator app. Until it is confirmed by a code the account signs in as before.

    Raises:
        RateLimited: the password was wrong too often.
        BadInput: the actor is not a person who has signed in.
    """
    account = await _own_account()
    await take_sign_in(account.username_key, command.address)
    if account.password_hash is None or not await matches(account.password_hash, password):
        return Refused([Refusal(RefusalCode.SIGN_IN_FAILED, "This is not your password.", path="password")])
    await forget_sign_ins(account.username_key, command.address)
    secret = pyotp.random_base32()

    async def decide() -> Sequence[UUID]:
        locked = await lock_row(Account, account.id)
        earlier = await _factor_of(locked)
        if earlier is not None and earlier.confirmed_at is not None:
            message = "Your account has a second factor. To use another app, have an administrator remove it first."
            raise Refused([Refusal(RefusalCode.STATE_NOT_ALLOWED, message)])
        now = await database_time()
        if earlier is not None:
            await SecondFactor.filter(id=earlier.id).update(ended_at=now)
        factor = await SecondFactor.create(id=uuid7(), account_id=locked.id, secret=secret, created_at=now)
        return [factor.id]

    answer = await perform("beginSecondFactor", command.request_id, command, decide)
    if isinstance(answer, Refused):
        return answer
    made = await database.transaction(lambda: SecondFactor.get(id=answer.rows[0]))  # that of the first time, if it is asked again
    if made.confirmed_at is not None or made.ended_at is not None:
        return Refused([Refusal(RefusalCode.STATE_NOT_ALLOWED, "This secret was shown, and is no more. Begin anew with a new requestId.")])
    return NewFactor(made.secret, pyotp.TOTP(made.secret).provisioning_uri(name=account.username, issuer_name=ISSUER))


async def confirm_second_factor(command: ConfirmSecondFactor, code: str) -> tuple[str, ...] | Refused:
    """Take the app's first code: from now on the account signs in with one.

    Returns the recovery codes, which are shown this once: a repeated request has none.

    Raises:
        RateLimited: there were too many wrong codes.
        BadInput: the actor is not a person who has signed in.
    """
    account = await _own_account()
    codes = tuple("-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(4)) for _ in range(RECOVERY_CODES))
    await _take_attempt(account)

    async def decide() -> Sequence[UUID]:
        locked = await lock_row(Account, account.id)
        factor = await _factor_of(locked)
        if factor is None or factor.confirmed_at is not None:
            message = "There is no second factor that waits for its first code: begin with `beginSecondFactor`."
            raise Refused([Refusal(RefusalCode.STATE_NOT_ALLOWED, message)])
        step = await _step_of(factor, code)
        if step is None:
            raise Refused([_wrong("code")])
        await SecondFactor.filter(id=factor.id).update(confirmed_at=await database_time(), last_step=step)
        for recovery in codes:
            await RecoveryCode.create(id=uuid7(), factor_id=factor.id, code_hash=_code_hash(recovery))
        summary = f"Second factor set: {locked.username}."
        await append(Event(REGISTRY, EventType.SECOND_FACTOR_SET, Subject.ACCOUNT, locked.id, summary, {"username": locked.username}))
        return [factor.id]

    answer = await perform("confirmSecondFactor", command.request_id, command, decide)
    if isinstance(answer, Refused):
        return answer
    await attempts().forget(attempts().of_factor, account.username_key)
    return () if answer.repeated else codes


async def remove_second_factor(command: RemoveSecondFactor) -> Answer | Refused:
    """Take the second factor from an account, so that its owner can set up another: after the owner was seen in person.

    Nobody takes their own: whoever has got hold of an open session would need no more.
    """
    actor = require(Role.ADMIN)

    async def decide() -> Sequence[UUID]:
        locked = await lock_row(Account, (await account_named(command.username)).id)
        if locked.id == actor.account_id:
            message = "This is your own second factor: another administrator takes it, or whoever keeps the server."
            raise Refused([Refusal(RefusalCode.SAME_PERSON, message, path="username")])
        factor = await _factor_of(locked)
        if factor is None:
            raise Refused([Refusal(RefusalCode.STATE_NOT_ALLOWED, f"The account {locked.username} has no second factor.", path="username")])
        await SecondFactor.filter(id=factor.id).update(ended_at=await database_time())
        summary, facts = f"Second factor removed: {locked.username}.", {"username": locked.username, "reason": command.reason}
        await append(Event(REGISTRY, EventType.SECOND_FACTOR_REMOVED, Subject.ACCOUNT, locked.id, summary, facts))
        return [locked.id]

    return await perform("removeSecondFactor", command.request_id, command, decide)


async def take_code(account: Account, code: str | None) -> Sequence[Event]:
    """Take the code of a sign-in, under the account's lock, so that none is taken twice. Returns what the ledger is to be told of it.

    Raises:
        Refused: the account has a second factor, and the code is missing, wrong, or was taken before.
        RateLimited: there were too many wrong codes, from wherever.
    """
    factor = await _factor_of(account)
    if factor is None or factor.confirmed_at is None:
        return ()
    if code is None:
        message = "This account signs in with a second factor: send the code of your authenticator app, or a recovery code."
        raise Refused([Refusal(RefusalCode.SECOND_FACTOR_REQUIRED, message, path="code")])
    await _take_attempt(account)
    if (step := await _step_of(factor, code)) is not None:
        await SecondFactor.filter(id=factor.id).update(last_step=step)
        told: Sequence[Event] = ()
    elif spent := await RecoveryCode.filter(factor_id=factor.id, code_hash=_code_hash(code), used_at=None).get_or_none():
        await RecoveryCode.filter(id=spent.id).update(used_at=await database_time())
        left = await RecoveryCode.filter(factor_id=factor.id, used_at=None).count()
        facts = {"username": account.username, "left": left}
        summary = f"Recovery code used: {account.username}, {left} left."
        told = (Event(REGISTRY, EventType.RECOVERY_CODE_USED, Subject.ACCOUNT, account.id, summary, facts),)
    else:
        raise Refused([_wrong("code")])
    await attempts().forget(attempts().of_factor, account.username_key)
    return told


async def _take_attempt(account: Account) -> None:
    if wait := await attempts().take(attempts().of_factor, account.username_key):
        raise RateLimited(f"Too many wrong codes. Try again in {wait} seconds.", wait)


async def _own_account() -> Account:
    actor = current_actor()
    if actor.account_id is None or actor.token is not None:
        raise BadInput("A second factor belongs to a person's account: sign in with its password first.")
    return await database.transaction(lambda: Account.get(id=actor.account_id))


async def _factor_of(account: Account) -> SecondFactor | None:
    return await SecondFactor.get_or_none(account_id=account.id, ended_at=None)


async def _step_of(factor: SecondFactor, code: str) -> int | None:
    """The time step that a code is of, if it is newer than that of the last one taken (RFC 6238, section 5.2: one use only)."""
    totp, given = pyotp.TOTP(factor.secret), code_key(code)
    now = int((await database_time()).timestamp()) // STEP_SECONDS
    steps = [now + apart for apart in STEPS_APART if now + apart > factor.last_step]
    return next((step for step in steps if secrets.compare_digest(totp.generate_otp(step).encode(), given.encode())), None)


def _code_hash(code: str) -> bytes:
    """What is stored of a recovery code. It has 100 bits of chance, so a fast hash is enough."""
    return hashlib.sha256(code_key(code).encode()).digest()


def _wrong(path: str) -> Refusal:
    return Refusal(RefusalCode.SECOND_FACTOR_FAILED, "The code is wrong, or was taken already. Wait for the app's next one.", path=path)
