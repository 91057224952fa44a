"""API tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, cast
from uuid import UUID

import strawberry

from graph import errors
from graph.commands import tokens as commands
from graph.resolvers import accounts as tables
from graph.resolvers.sources import Made
from graph.schema.accounts import AccountName
from graph.schema.base import Node, described, follow_one, id_of, node, optional
from graph.schema.inputs import clean, command_of
from graph.schema.refusals import Refused, refused
from graph.words import TokenScope


@node(tables.API_TOKEN, "A token for a program. The token itself was shown once, when it was made.")
class ApiToken(Node):
    """See the description."""

    name: str = described("What it is for.")
    scopes: list[TokenScope] = described("What it may be used for, within what its account may do.")
    all_armories: bool = described("Whether it is for all the arms rooms of its account.")
    armories: list[str] = described("Else the codes of those that it is for.")
    created_at: datetime = described("When it was made.")
    expires_at: datetime = described("When it ends by itself.")
    good_until: datetime | None = described("Until when it is good beside the one that took its place; null if none did.")
    revoked_at: datetime | None = described("When it was revoked; null if it was not.")
    good: bool = described("Whether it is good now.")
    last_used_at: datetime | None = described("When it was used last, to the minute; null if never.")
    last_address: str | None = described("From which address.")

    @strawberry.field(description="Which account it acts as.")
    async def account(self) -> AccountName:
        return await follow_one(self, "account", AccountName)


@strawberry.type(description="A new token for a program.")
class TokenMade:
    """See the description."""

    api_token: ApiToken = described("What it may do, and how long.")
    token: str | None = described("The token: shown this once. Null when the request is repeated: revoke it, and make another.")


@strawberry.type(description="Tokens are worth nothing any more: what uses them ends within seconds.")
class TokensRevoked:
    """See the description."""

    tokens: int = described("How many.")


TokenResult = Annotated[TokenMade | Refused, strawberry.union("TokenResult", description="The token, or why there is none.")]
TokensRevokedResult = Annotated[
    TokensRevoked | Refused, strawberry.union("TokensRevokedResult", description="What ended, or why nothing did.")
]


@strawberry.input(description="A new token for a program.")
class CreateApiTokenInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    username: str = described("The account that the program acts as: one's own, or for READ and FEED any, if one is an administrator.")
    name: str = described("What it is for, such as the program's name.")
    scopes: list[TokenScope] = strawberry.field(
        default_factory=lambda: list(commands.READING), description="What it may be used for: no more than the program needs."
    )
    armories: list[str] | None = optional("The codes of the arms rooms that it is for; without it, all of the account's.")
    days: int = strawberry.field(default=365, description="How many days it is good: 1 to 3650.")


@strawberry.input(description="A token that takes another's place, with its name and rights.")
class RotateApiTokenInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    token: strawberry.ID = described("The one whose place it takes.")
    overlap_hours: int = strawberry.field(default=24, description="How many hours the old one is good beside it: 0 to 720.")
    days: int = strawberry.field(default=365, description="How many days the new one is good: 1 to 3650.")


@strawberry.input(description="Tokens that are to be worth nothing any more.")
class RevokeApiTokenInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    username: str = described("The account that they act as.")
    name: str = described("Their name.")
    token: strawberry.ID | None = optional("Only this one of them.")


async def create_token(asked: CreateApiTokenInput) -> TokenMade | Refused:
    """Make a token."""
    if not asked.scopes:
        raise errors.BadInput("scopes is empty: say what the token is for.")
    armories = tuple(clean("code", code) for code in asked.armories or ())
    read = {"name": clean("name", asked.name, commands.LONGEST_NAME), "scopes": tuple(asked.scopes), "armories": armories}
    return _made(await commands.create_token(command_of(commands.CreateToken, asked, **read)))


async def rotate_token(asked: RotateApiTokenInput) -> TokenMade | Refused:
    """Make a token that takes another's place."""
    return _made(await commands.rotate_token(command_of(commands.RotateToken, asked, token_id=id_of("ApiToken", asked.token))))


async def revoke_token(asked: RevokeApiTokenInput) -> TokensRevoked | Refused:
    """Revoke tokens."""
    only = None if asked.token is None else id_of("ApiToken", asked.token)
    answer = await commands.revoke_token(command_of(commands.RevokeToken, asked, token_id=only))
    return refused(answer) if isinstance(answer, errors.Refused) else TokensRevoked(tokens=len(answer.rows))


def _made(answer: commands.MadeToken | errors.Refused) -> TokenMade | Refused:
    if isinstance(answer, errors.Refused):
        return refused(answer)
    return TokenMade(api_token=cast("ApiToken", Made(tables.API_TOKEN, (answer.id,), many=False)), token=answer.token)
