"""Accounts: who is signed in, and for administrators who may sign in, as what, and for which arms rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from graph.audit.actor import Actor
from graph.commands import accounts as commands
from graph.commands import factors
from graph.errors import BadInput
from graph.resolvers import accounts as tables
from graph.resolvers.armory import ARMORY
from graph.resolvers.reading import Listing
from graph.resolvers.sources import Top
from graph.schema.armory import Armory
from graph.schema.base import After, Before, Connection, First, Last, Node, described, node, optional, pages
from graph.schema.inputs import clean, command_of
from graph.schema.refusals import Refused, saved
from graph.words import AccountState, Role, TokenScope, Unfinished

if TYPE_CHECKING:
    from graph.schema.ledger import LedgerEvent
    from graph.schema.sessions import Session
    from graph.schema.tokens import ApiToken


@node(tables.ACCOUNT, "An account, by name.")
class AccountName(Node):
    """See the description."""

    username: str = described("The account's name.")


@node(tables.MANAGED_ACCOUNT, "An account with all that it may do: for administrators and auditors, and for its owner.")
class ManagedAccount(Node):
    """See the description."""

    username: str = described("The account's name.")
    roles: list[Role] = described("What it may do.")
    all_armories: bool = described("Whether every arms room is in its scope.")
    armories: list[str] = described("The codes of the arms rooms that its scope names.")
    units: list[str] = described("The codes of the units whose arms rooms, and those of all units below, are in its scope.")
    state: AccountState = described("Whether it may sign in.")
    must_change_password: bool = described("Whether its owner must change the password before anything else.")
    second_factor: bool = described("Whether it signs in with a code of an authenticator app beside the password.")
    issuer: str | None = described("Where it signs in, if that is elsewhere.")
    version: int = described("Counts the changes; give it as `expectedVersion`.")

    @strawberry.field(description="Its sign-ins, the newest first.")
    async def sessions(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated[Session, strawberry.lazy("graph.schema.sessions")]]:
        return await pages(self, "sessions", first, after, last, before)

    @strawberry.field(description="Its API tokens, the newest first.")
    async def tokens(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated[ApiToken, strawberry.lazy("graph.schema.tokens")]]:
        return await pages(self, "tokens", first, after, last, before)

    @strawberry.field(description="What the ledger says of it, the newest first.")
    async def events(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated[LedgerEvent, strawberry.lazy("graph.schema.ledger")]]:
        return await pages(self, "events", first, after, last, before)


@strawberry.type(description="Who is signed in.")
class Viewer:
    """See the description."""

    actor: strawberry.Private[Actor]
    username: str = described("The account's name.")
    roles: list[Role] = described("What the account may do.")
    all_armories: bool = described("Whether every arms room is in scope.")
    unfinished: Unfinished | None = described("What must be done before anything else; null if nothing.")
    token: str | None = described("The name of the API token that this is asked with; null for a person who has signed in.")
    token_scopes: list[TokenScope] | None = described("What that token is for; null for a person who has signed in.")

    @strawberry.field(description="The arms rooms in scope, by code; at most 100.")
    def armories(self) -> list[Armory]:
        return Top(ARMORY, Listing(ARMORY, {}, "CODE"), 100)  # type: ignore[return-value]


def viewer_of(actor: Actor) -> Viewer:
    """Who is signed in, as a client sees it."""
    return Viewer(
        actor=actor,
        username=actor.name,
        roles=sorted(actor.roles),
        all_armories=actor.armories is None,
        unfinished=actor.unfinished,
        token=actor.token,
        token_scopes=None if actor.scopes is None else sorted(actor.scopes),
    )


@strawberry.type(description="An account as it is now.")
class AccountSaved:
    """The answer of a command about an account."""

    account: ManagedAccount = described("The account.")


AccountResult = Annotated[AccountSaved | Refused, strawberry.union("AccountResult", description="The account, or why nothing was written.")]


@strawberry.input(description="A new account. Its scope takes at least one arms room or unit, or all.")
class CreateAccountInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    username: str = described("Its name: unique, in whatever case.")
    password: str = described("Its first password, which its owner must change before anything else.")
    roles: list[Role] = described("What it may do.")
    armories: list[str] | None = optional("The codes of arms rooms in its scope.")
    units: list[str] | None = optional("The codes of units: their arms rooms, and those of all units below, are in its scope.")
    all_armories: bool = strawberry.field(default=False, description="Whether every arms room is in its scope.")


@strawberry.input(description="Other roles or another scope; what is not given stays.")
class ChangeAccountInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    username: str = described("Whose.")
    expected_version: int | None = optional("Refuse if it has changed since this version.")
    roles: list[Role] | None = optional("What it may do from now on.")
    armories: list[str] | None = optional("The codes of the arms rooms in its scope from now on.")
    units: list[str] | None = optional("The codes of the units in its scope from now on.")
    all_armories: bool | None = optional("Whether every arms room is in its scope.")


@strawberry.input(description="An account, and why.")
class AccountAndReasonInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    username: str = described("Whose.")
    reason: str = described("Why; it stands in the ledger.")


@strawberry.input(description="A new password for somebody who has lost theirs.")
class ResetPasswordInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    username: str = described("Whose.")
    password: str = described("The password to sign in with once: its owner must change it before anything else.")


async def create_account(asked: CreateAccountInput) -> AccountSaved | Refused:
    """Create an account."""
    scope = {"armories": _codes(asked.armories) or (), "units": _codes(asked.units) or ()}
    if not (scope["armories"] or scope["units"] or asked.all_armories):
        raise BadInput("Say what is in its scope: armories, units, or allArmories.")
    command = command_of(commands.CreateAccount, asked, roles=tuple(asked.roles), must_change_password=True, **scope)
    return saved(await commands.create_account(command, asked.password), ManagedAccount, _saved)


async def change_account(asked: ChangeAccountInput) -> AccountSaved | Refused:
    """Change an account."""
    roles = None if asked.roles is None else tuple(asked.roles)
    scope = {"armories": _codes(asked.armories), "units": _codes(asked.units)}
    command = command_of(commands.ChangeAccount, asked, roles=roles, **scope)
    return saved(await commands.change_account(command), ManagedAccount, _saved)


async def disable_account(asked: AccountAndReasonInput) -> AccountSaved | Refused:
    """Disable an account."""
    return saved(await commands.disable_account(command_of(commands.DisableAccount, asked)), ManagedAccount, _saved)


async def enable_account(asked: AccountAndReasonInput) -> AccountSaved | Refused:
    """Enable an account."""
    return saved(await commands.enable_account(command_of(commands.EnableAccount, asked)), ManagedAccount, _saved)


async def reset_password(asked: ResetPasswordInput) -> AccountSaved | Refused:
    """Give an account a password that its owner must change."""
    command = command_of(commands.SetPassword, asked, must_change=True)
    return saved(await commands.set_password(command, asked.password), ManagedAccount, _saved)


async def remove_second_factor(asked: AccountAndReasonInput) -> AccountSaved | Refused:
    """Take the second factor from an account."""
    return saved(await factors.remove_second_factor(command_of(factors.RemoveSecondFactor, asked)), ManagedAccount, _saved)


def _saved(account: ManagedAccount) -> AccountSaved:
    return AccountSaved(account=account)


def _codes(codes: list[str] | None) -> tuple[str, ...] | None:
    return None if codes is None else tuple(clean("code", code) for code in codes)
