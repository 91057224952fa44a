"""Who calls, from where and with what: the refresh cookie of a browser, and what is kept of tokens, good and bad."""

from __future__ import annotations

import asyncio
import json
from http.cookies import SimpleCookie
from typing import Any

import httpx
from websockets.asyncio.client import connect

from tests.server import Live, subscribe
from tests.world import PASSWORD, api_token_of, token_of

VIEWER = "{ viewer { username } }"
SIGN_IN = """
mutation ($password: String!, $cookie: Boolean!) {
  signIn(input: {username: "viewer", password: $password, cookie: $cookie}) {
    ... on SignedIn { token refreshToken } ... on Refused { refusals { code } }
  }
}
"""
REFRESH = "mutation { refresh(input: {}) { ... on SignedIn { token refreshToken } ... on Refused { refusals { code } } } }"
SIGN_OUT = "mutation { signOut { username } }"


async def sent(server: Live, query: str, headers: dict[str, str] | None = None, **variables: Any) -> httpx.Response:
    """Send an operation as a page of ours does."""
    async with httpx.AsyncClient(base_url=server.url) as browser:
        return await browser.post("/graphql", json={"query": query, "variables": variables}, headers=headers)


def kept(response: httpx.Response) -> Any:
    """The cookie that a browser is told to keep."""
    return SimpleCookie(response.headers["set-cookie"])["armguard_refresh"]


async def test_a_browser_keeps_the_refresh_token_where_no_script_reads_it(server: Live) -> None:
    signed_in = await sent(server, SIGN_IN, password=PASSWORD, cookie=True)
    assert signed_in.json()["data"]["signIn"]["refreshToken"] is None
    cookie = kept(signed_in)
    assert (cookie["path"], cookie["samesite"], cookie["httponly"], cookie["secure"]) == ("/graphql", "Strict", True, "")
    assert 0 < int(cookie["max-age"]) <= 12 * 3600

    refreshed = await sent(server, REFRESH, {"cookie": f"other=1; armguard_refresh={cookie.value}"})
    assert refreshed.json()["data"]["refresh"]["refreshToken"] is None
    assert kept(refreshed).value not in ("", cookie.value)
    token = refreshed.json()["data"]["refresh"]["token"]
    left = await sent(server, SIGN_OUT, {"authorization": f"Bearer {token}", "cookie": f"armguard_refresh={kept(refreshed).value}"})
    assert (kept(left).value, kept(left)["max-age"]) == ("", "0")


async def test_a_program_is_given_no_cookie(server: Live) -> None:
    signed_in = await sent(server, SIGN_IN, password=PASSWORD, cookie=False)
    assert signed_in.json()["data"]["signIn"]["refreshToken"]
    assert "set-cookie" not in signed_in.headers
    assert "cookie" in (await sent(server, REFRESH)).json()["errors"][0]["message"]


async def test_behind_a_proxy_with_tls_the_cookie_is_for_tls_alone(server: Live) -> None:
    signed_in = await sent(server, SIGN_IN, {"x-forwarded-proto": "https"}, password=PASSWORD, cookie=True)
    assert kept(signed_in)["secure"] is True


async def test_a_page_of_strangers_cannot_refresh_with_the_cookie_of_whoever_opens_it(server: Live) -> None:
    cookie = {"cookie": f"armguard_refresh={kept(await sent(server, SIGN_IN, password=PASSWORD, cookie=True)).value}"}
    for foreign in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "https://evil.example", "sec-fetch-site": "same-site"},
    ):
        assert (await sent(server, REFRESH, {**cookie, **foreign})).status_code == 403
    async with httpx.AsyncClient(base_url=server.url) as browser:  # what a form or a simple request can send
        for kind in ("text/plain", "text/plain; application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            answer = await browser.post("/graphql", content=json.dumps({"query": REFRESH}), headers={**cookie, "content-type": kind})
            assert answer.status_code == 415, kind
    own = await sent(server, REFRESH, {**cookie, "origin": server.url})
    assert own.json()["data"]["refresh"]["token"]  # nothing before has used it up


async def test_a_socket_takes_and_gives_no_cookie(server: Live) -> None:
    cookie = kept(await sent(server, SIGN_IN, password=PASSWORD, cookie=True)).value
    given = {"cookie": f"armguard_refresh={cookie}"}
    async with connect(server.socket_url, subprotocols=["graphql-transport-ws"], additional_headers=given) as socket:  # type: ignore[list-item]
        await socket.send('{"type": "connection_init"}')
        await socket.recv()
        for document, variables in ((REFRESH, {}), (SIGN_IN, {"password": PASSWORD, "cookie": True})):
            answer = await (await subscribe(socket, document, **variables)).next()
            assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
            await socket.recv()
    assert (await sent(server, REFRESH, given)).json()["data"]["refresh"]["token"]


async def test_a_sign_in_keeps_from_where_and_with_what_program_it_was_made(server: Live, plain_sql: Any) -> None:
    await sent(server, SIGN_IN, {"user-agent": "Board/7", "x-forwarded-for": "203.0.113.7"}, password=PASSWORD, cookie=False)
    row = await plain_sql.fetchrow("SELECT address, agent FROM session ORDER BY created_at DESC, id DESC LIMIT 1")
    assert tuple(row) == ("203.0.113.7", "Board/7")


USES = "SELECT address, first_used_at, last_used_at FROM token_use ORDER BY address"


async def test_the_use_of_an_api_token_is_kept_once_a_minute_for_each_address(server: Live, plain_sql: Any) -> None:
    bearer = {"authorization": f"Bearer {api_token_of('viewer')}"}
    await asyncio.gather(*(sent(server, VIEWER, bearer) for _ in range(5)))
    (first,) = await plain_sql.fetch(USES)
    assert first["address"] == "127.0.0.1"
    async with server.socket(None, api_token_of("viewer")):
        pass
    assert await plain_sql.fetch(USES) == [first]  # it was written a moment ago
    assert (await sent(server, VIEWER, {**bearer, "x-forwarded-for": "203.0.113.7"})).json() == {"data": {"viewer": {"username": "viewer"}}}
    assert [row["address"] for row in await plain_sql.fetch(USES)] == ["127.0.0.1", "203.0.113.7"]
    told = await plain_sql.fetch("SELECT summary FROM ledger_event WHERE type = 'TOKEN_USED' ORDER BY seq")
    assert ["203.0.113.7" in row["summary"] for row in told] == [False, True]


async def test_a_token_used_first_on_a_socket_is_kept_too_and_a_session_is_no_token(server: Live, plain_sql: Any) -> None:
    async with server.socket("viewer"):
        assert await plain_sql.fetch(USES) == []
    async with server.socket(None, api_token_of("viewer")):
        assert len(await plain_sql.fetch(USES)) == 1


async def test_a_token_that_is_no_good_is_noted_with_its_address_and_never_itself(server: Live, plain_sql: Any) -> None:
    secret = "armg_no-such-token"
    answer = await sent(server, VIEWER, {"authorization": f"Bearer {secret}"})
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    async with connect(server.socket_url, subprotocols=["graphql-transport-ws"]) as socket:  # type: ignore[list-item]
        await socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {secret}"}}))
        await socket.wait_closed()
        assert socket.close_code == 4403
    await sent(server, VIEWER, {"authorization": "Basic dXNlcjpwYXNz"})  # which is no token
    await sent(server, VIEWER, {"authorization": f"Bearer {token_of('viewer')}"})
    rows = await plain_sql.fetch("SELECT * FROM security_log WHERE kind = 'TOKEN_REFUSED'")
    assert [row["address"] for row in rows] == ["127.0.0.1"] * 2
    assert secret not in str([dict(row) for row in rows])
