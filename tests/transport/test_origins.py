"""From whose pages the API may be used, and what every answer says to a browser."""

from __future__ import annotations

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from graph.errors import StartupError
from graph.settings import read_settings
from tests.server import Live
from tests.transport.conftest import BOARD

pytestmark = pytest.mark.once

VIEWER = {"query": "{ viewer { username } }"}
STRANGERS = ("https://evil.example", "http://board.example", "https://board.example.evil.example", "https://board.example:8443", "null", "")


async def test_a_listed_page_asks_first_and_may_then_read_the_answer(server: Live) -> None:
    client = server.as_("north").http
    asked = {"origin": BOARD, "access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    preflight = await client.options("/graphql", headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == BOARD
    assert preflight.headers["access-control-allow-credentials"] == "true"
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert {"authorization", "content-type"} <= set(preflight.headers["access-control-allow-headers"].split(", "))
    assert int(preflight.headers["access-control-max-age"]) > 0
    for body in (VIEWER, {"query": 1}):  # an error can be read too
        answer = await client.post("/graphql", json=body, headers={"origin": BOARD})
        assert answer.headers["access-control-allow-origin"] == BOARD
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert answer.headers["vary"] == "Origin"
        assert "x-request-id" in answer.headers["access-control-expose-headers"]


async def test_a_page_of_strangers_is_answered_nothing_that_it_may_read_or_that_was_done(server: Live) -> None:
    client = server.as_("north").http
    for origin in STRANGERS:
        preflight = await client.options("/graphql", headers={"origin": origin, "access-control-request-method": "POST"})
        answer = await client.post("/graphql", json=VIEWER, headers={"origin": origin})
        for refused in (preflight, answer):
            assert refused.status_code == 403, origin
            assert not {name for name in refused.headers if name.startswith("access-control-")}, origin
            assert refused.headers["vary"] == "Origin"
        assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        assert "north" not in answer.text


async def test_our_own_pages_and_programs_need_no_leave(server: Live) -> None:
    client = server.as_("north").http
    own = server.url
    for headers in ({}, {"origin": own}, {"origin": own.upper()}, {"origin": "https://public.example", "sec-fetch-site": "same-origin"}):
        answer = await client.post("/graphql", json=VIEWER, headers=headers)
        assert answer.json() == {"data": {"viewer": {"username": "north"}}}, headers
        assert "access-control-allow-origin" not in answer.headers


async def test_the_same_list_holds_for_sockets(server: Live) -> None:
    protocols = {"subprotocols": ["graphql-transport-ws"]}
    for origin in (None, BOARD, server.url):
        async with connect(server.socket_url, origin=origin, **protocols) as socket:  # type: ignore[arg-type]
            await socket.send('{"type": "connection_init"}')
            assert '"connection_ack"' in str(await socket.recv())
    for origin in STRANGERS:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(server.socket_url, origin=origin, **protocols):  # type: ignore[arg-type]
                pass
        assert refused.value.response.status_code == 403, origin
        assert b"ARMGUARD_ORIGINS" in (refused.value.response.body or b"")


async def test_every_answer_tells_a_browser_what_it_may_not_do_with_it(server: Live) -> None:
    client = server.as_("north").http
    answers = [
        await client.get(path) for path in ("/graphql", "/healthz", "/readyz", "/static/graphiql/index.html", "/nothing", "/graphql/x")
    ]
    answers += [await client.post("/graphql", json=VIEWER), await client.post("/graphql", content=b"{"), await client.put("/graphql")]
    answers += [
        await client.post("/graphql", content=b" " * 2_000_000),
        await client.post("/graphql", json=VIEWER, headers={"origin": "x"}),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 404, 404, 200, 415, 405, 413, 403]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'"), answer.url
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-request-id"]


def test_origins_are_listed_with_commas_between_as_a_person_writes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARMGUARD_ORIGINS", "https://Board.example/, http://127.0.0.1:5173,https://board.example:443")
    assert read_settings().origins == (BOARD, "http://127.0.0.1:5173", BOARD)
    monkeypatch.setenv("ARMGUARD_ORIGINS", "")
    assert read_settings().origins == ()
    for wrong in ("*", "board.example", "https://board.example/path", "https://me@board.example", "null", "file:///x", "https://b:x"):
        monkeypatch.setenv("ARMGUARD_ORIGINS", wrong)
        with pytest.raises(StartupError, match="ARMGUARD_ORIGINS"):
            read_settings()
