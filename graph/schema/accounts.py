"""Accounts: who is signed in, sign-in and sign-out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from graph import errors
from graph.audit.actor import Actor, current_actor
from graph.commands import accounts as commands
from graph.resolvers import accounts as tables
from graph.resolvers.armory import ARMORY
from graph.resolvers.reading import Listing
from graph.resolvers.sources import Top
from graph.schema.armory import Armory
from graph.schema.base import Node, described, node
from graph.schema.inputs import clean
from graph.schema.refusals import Refused, refused
from graph.words import Role


@node(tables.ACCOUNT, "An account, by name.")
class AccountName(Node):
    """See the description."""

    username: str = described("The account's name.")


@strawberry.type(description="Who is signed in.")
class Viewer:
    """See the description."""

    actor: strawberry.Private[Actor]
    username: str = described("The account's name.")
    roles: list[Role] = described("What the account may do.")
    all_armories: bool = described("Whether every arms room is in scope.")

    @strawberry.field(description="The arms rooms in scope, by code; at most 100.")
    def armories(self) -> list[Armory]:
        return Top(ARMORY, Listing(ARMORY, {}, "CODE"), 100)  # type: ignore[return-value]


@strawberry.type(description="A new session.")
class SignedIn:
    """See the description."""

    token: str = described(
        "The bearer token: shown this once. Send it as `Authorization: Bearer …`, and as `authorization` in `connection_init`."
    )
    expires_at: datetime = described("When the session ends by itself.")
    username: str = described("The account's name.")
    roles: list[Role] = described("What the account may do.")


@strawberry.type(description="The session has ended.")
class SignedOut:
    """See the description."""

    username: str = described("The account's name.")


SignInResult = Annotated[SignedIn | Refused, strawberry.union("SignInResult", description="The session, or that the sign-in failed.")]


@strawberry.type(description="The password is changed. Every other session and every token of the account has ended.")
class PasswordChanged:
    """See the description."""

    username: str = described("The account's name.")


PasswordResult = Annotated[
    PasswordChanged | Refused, strawberry.union("PasswordResult", description="That it is changed, or why it is the same as before.")
]


@strawberry.input(description="A new password for the account that is signed in.")
class ChangePasswordInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    current_password: str = described("The password until now.")
    new_password: str = described("Twelve characters or more; a sentence is good. Nothing that would be guessed first.")


@strawberry.input(description="Who signs in.")
class SignInInput:
    """See the description."""

    username: str = described("The account's name.")
    password: str = described("The password.")


def viewer_of(actor: Actor) -> Viewer:
    """Who is signed in, as a client sees it."""
    return Viewer(actor=actor, username=actor.name, roles=sorted(actor.roles), all_armories=actor.armories is None)


async def sign_in(asked: SignInInput, address: str) -> SignedIn | Refused:
    """Begin a session."""
    username = clean("username", asked.username)
    answer = await commands.sign_in(commands.SignIn(username, asked.password[:1024], address))
    if isinstance(answer, errors.Refused):
        return refused(answer)
    actor = await tables.actor_of(answer.token)
    return SignedIn(token=answer.token, expires_at=answer.expires_at, username=actor.name, roles=sorted(actor.roles))


async def change_password(asked: ChangePasswordInput, address: str) -> PasswordChanged | Refused:
    """Change one's own password."""
    command = commands.ChangePassword(asked.request_id, address)
    answer = await commands.change_password(command, asked.current_password[:1024], asked.new_password[:1024])
    return refused(answer) if isinstance(answer, errors.Refused) else PasswordChanged(username=current_actor().name)


async def sign_out() -> SignedOut:
    """End the session."""
    actor = tables.forget(await commands.sign_out())
    return SignedOut(username=actor.name)
