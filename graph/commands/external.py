"""Accounts of whoever signs in elsewhere: made at the first sign-in, and kept as the newest token says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from graph.audit.actor import Actor, acting
from graph.audit.ledger import append, lock_words
from graph.commands.accounts import ADMINS
from graph.commands.perform import act
from graph.commands.rows import change, lock_row, register
from graph.errors import Refusal, RefusalCode, Refused, Unauthenticated, refuse
from graph.models.accounts import Account
from graph.models.armory import Armory, Unit
from graph.models.ledger import REGISTRY, LedgerEvent
from graph.rules.accounts import Change, external_refusals
from graph.rules.external import Identity
from graph.words import AccountState, ActorKind, EventType, Role, Subject

SYSTEM = Actor(ActorKind.SYSTEM, "system:oidc")

log = structlog.get_logger("armguard.oidc")


async def admit(identity: Identity) -> UUID:
    """The account of whoever a good token is for.

    It is known by issuer and subject alone. At the first sign-in it is made; later its roles and scope follow the claims, unless an older
    token says otherwise than a newer one has said.

    Raises:
        Unauthenticated: it is disabled, has no role here, or an account of our own has its username; says so.
    """
    account: Account | None = None

    async def work() -> None:
        nonlocal account
        await lock_words(f"{identity.issuer} {identity.subject}")
        account = await Account.get_or_none(issuer=identity.issuer, external_subject=identity.subject)
        if account is None:
            account = await _make(identity)
        elif account.state is AccountState.ACTIVE:
            account = await _follow(account, identity)

    with acting(SYSTEM):
        answer = await act(work)
    if isinstance(answer, Refused):
        raise Unauthenticated(str(answer))
    assert account is not None
    if account.state is not AccountState.ACTIVE:
        raise Unauthenticated(f"The account {account.username} is disabled. Ask an administrator of ArmGuard.")
    if not account.roles:
        raise Unauthenticated(NO_ROLE)
    return account.id


NO_ROLE = "Your organisation's sign-in gives you no role in ArmGuard. Ask whoever keeps your groups there."


async def _make(identity: Identity) -> Account:
    key = identity.username.lower()
    if not identity.roles:
        raise Refused([Refusal(RefusalCode.SIGN_IN_FAILED, NO_ROLE)])
    if await Account.exists(username_key=key):
        message = f"Your organisation's sign-in calls you {identity.username}, and so is another account called here. Ask an administrator."
        raise Refused([Refusal(RefusalCode.DUPLICATE_CODE, message, path="username")])
    refuse(external_refusals(Change(roles=identity.roles)))
    account = Account(
        id=uuid7(),
        username=identity.username,
        username_key=key,
        issuer=identity.issuer,
        external_subject=identity.subject,
        **{"armories": [], "units": [], **await _rights(identity)},
    )
    facts = {"username": account.username, "issued_at": identity.issued_at}
    await append(await register(account, REGISTRY, EventType.ACCOUNT_CREATED, Subject.ACCOUNT, facts))
    return account


async def _follow(account: Account, identity: Identity) -> Account:
    """Give an account the roles and the scope that the claims give now; an event says so, if that changes anything."""
    rights = await _rights(identity)
    if not _differing(account, rights) or await _newest(account) >= identity.issued_at:
        return account
    locked = await lock_row(Account, account.id)
    changes = _differing(locked, rights)
    if locked.state is not AccountState.ACTIVE or not changes:
        return locked
    before = tuple(map(Role, locked.roles))
    left = await _other_admins(locked) if Role.ADMIN in before and Role.ADMIN not in identity.roles else 1
    refuse(external_refusals(Change(identity.roles, locked.username, before, other_admins=left)))
    facts = {"username": locked.username, "issued_at": identity.issued_at}
    await append(await change(locked, changes, REGISTRY, EventType.ACCOUNT_CHANGED, Subject.ACCOUNT, facts))
    return locked


async def _other_admins(account: Account) -> int:
    """How many administrators there are beside it, under their locks: two do not take each other out at once."""
    admins = await Account.filter(ADMINS).order_by("id").select_for_update()
    return len([admin for admin in admins if admin.id != account.id])


async def _rights(identity: Identity) -> dict[str, Any]:
    """What the claims give, as an account has it; a scope that they do not decide is left out."""
    rights: dict[str, Any] = {"roles": [role.value for role in identity.roles]}
    if identity.armories is not None and identity.units is not None:
        rights["all_armories"] = identity.all_armories
        rights["armories"] = await _known(Armory, identity.armories)
        rights["units"] = await _known(Unit, identity.units)
    return rights


async def _known(of: type[Armory] | type[Unit], codes: Sequence[str]) -> list[UUID]:
    """The rows with these codes. One that is not there is no reason to keep anybody out: the log says so."""
    rows: dict[str, UUID] = {row.code: row.id for row in await of.filter(code__in=codes)} if codes else {}
    if unknown := [code for code in codes if code not in rows]:
        log.info("claim_of_unknown_code", of=of._meta.db_table, codes=unknown[:10])
    return [rows[code] for code in codes if code in rows]


def _differing(account: Account, rights: dict[str, Any]) -> dict[str, Any]:
    """The rights that an account has not just so, in whatever order."""

    def plain(value: Any) -> Any:
        return frozenset(value) if isinstance(value, list) else value

    return {name: value for name, value in rights.items() if plain(getattr(account, name)) != plain(value)}


async def _newest(account: Account) -> int:
    """When the newest token was issued that changed the account, in seconds since 1970."""
    told = LedgerEvent.filter(subject_id=account.id, actor_kind=SYSTEM.kind, actor_name=SYSTEM.name)
    event = await told.order_by("-seq").first()
    return int(json.loads(event.payload)["issued_at"]) if event is not None else 0
