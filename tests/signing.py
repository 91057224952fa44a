"""Signing in and what goes with it, as a client asks for it over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pyotp

from graph.models.accounts import Account, SecondFactor
from tests.server import Client, Live
from tests.world import PASSWORD

REFUSALS = "... on Refused { refusals { code message path } }"
SIGN_IN = f"""mutation ($i: SignInInput!) {{ signIn(input: $i) {{
  ... on SignedIn {{ token refreshToken expiresAt sessionEndsAt username roles unfinished }} {REFUSALS} }} }}"""
REFRESH = f"mutation ($i: RefreshInput!) {{ refresh(input: $i) {{ ... on SignedIn {{ token refreshToken username }} {REFUSALS} }} }}"
VIEWER = "{ viewer { username roles allArmories unfinished token tokenScopes armories { code } } }"
SESSIONS = "{ sessions(first: 50) { edges { node { id open endedAt address agent account { username } } } } }"


async def sign_in(client: Client, username: str, password: str = PASSWORD, **more: Any) -> Any:
    """The answer to a sign-in."""
    return (await client(SIGN_IN, i={"username": username, "password": password, **more}))["signIn"]


async def refresh(client: Client, token: str) -> Any:
    """The answer to a refresh token."""
    return (await client(REFRESH, i={"refreshToken": token}))["refresh"]


def bearing(live: Live, token: str) -> Client:
    """A client with this token."""
    client = live.as_(None)
    client.token = token
    client.http.headers["authorization"] = f"Bearer {token}"
    return client


async def command(client: Client, field: str, shown: str, kind: str = "", **given: Any) -> Any:
    """The answer to a command of one input, whose type is `kind`: `shown` selects what it made."""
    kind = kind or field[0].upper() + field[1:] + "Input"
    query = f"mutation ($i: {kind}!) {{ {field}(input: $i) {{ {shown} {REFUSALS} }} }}"
    return (await client(query, i={"requestId": str(uuid4()), **given}))[field]


async def code_of(client: Client, field: str, kind: str, **given: Any) -> str:
    """The code of the error that a command of one input gets."""
    query = f"mutation ($i: {kind}!) {{ {field}(input: $i) {{ __typename }} }}"
    return await client.code(query, i={"requestId": str(uuid4()), **given})


def refused(answer: Any) -> str:
    """The code of the one refusal of an answer."""
    (refusal,) = answer["refusals"]
    return str(refusal["code"])


async def ended(client: Client) -> None:
    """Wait until the client's credential is worth nothing: within the seconds that a checked token is believed."""
    async with asyncio.timeout(10):
        while "errors" not in (answer := await client.answer("{ viewer { username } }")):
            continue
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def totp_of(username: str) -> pyotp.TOTP:
    """The authenticator app of an account that has a second factor, or has begun one."""
    account = await Account.get(username=username)
    return pyotp.TOTP((await SecondFactor.get(account_id=account.id, ended_at=None)).secret)


def nodes(connection: Any) -> list[Any]:
    """What a page shows."""
    return [edge["node"] for edge in connection["edges"]]
