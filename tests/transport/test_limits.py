"""Who sends too much is told so before anything of it is read, and when to come back; nobody else notices."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from httpx import Response
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from graph.settings import Settings
from graph.transport import limits
from tests.server import Live, running_server, subscribe

pytestmark = pytest.mark.once

VIEWER = "{ viewer { username } }"
DEFAULTS = {name: Settings.model_fields[name].default for name in ("address_requests", "account_requests", "address_sockets")}


@pytest.fixture(autouse=True)
def long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows that last longer than any test."""
    monkeypatch.setattr(limits, "WINDOW_SECONDS", 3600)


@asynccontextmanager
async def limited(url: str, settings: Settings, **most: Any) -> AsyncIterator[Live]:
    """A server with limits of its own."""
    async with running_server(url, settings.model_copy(update=most)) as server:
        yield server


async def ask(server: Live, username: str | None, address: str = "192.0.2.1", content: str | None = None) -> Response:
    """A request that comes through the site's proxy, from an address."""
    headers = {"x-forwarded-for": address, "content-type": "application/json"}
    return await server.as_(username).http.post("/graphql", content=content or json.dumps({"query": VIEWER}), headers=headers)


def refused(answer: Response) -> str:
    """How a request was refused: with the wait in the header, and in the answer for a program."""
    assert answer.status_code == 429, answer.text
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "RATE_LIMITED"
    assert 3500 <= error["extensions"]["retryAfterSeconds"] == int(answer.headers["retry-after"]) <= 3600
    assert answer.headers["x-request-id"]
    return str(error["message"])


async def test_an_address_that_sends_too_much_is_refused_unread(database_url: str, settings: Settings) -> None:
    async with limited(database_url, settings, address_requests=3) as server:
        for username in ("north", None, "south"):
            assert (await ask(server, username)).status_code == 200
        assert "your address" in refused(await ask(server, "north"))
        assert "your address" in refused(await ask(server, "north", content="{"))
        with pytest.raises(InvalidStatus) as denied:
            await connect(server.socket_url, additional_headers={"x-forwarded-for": "192.0.2.1"})
        assert (denied.value.response.status_code, denied.value.response.headers["retry-after"] > "3") == (429, True)
        assert (await ask(server, "north", address="192.0.2.2")).json() == {"data": {"viewer": {"username": "north"}}}
        for _ in range(3):
            assert (await server.as_(None).http.get("/healthz", headers={"x-forwarded-for": "192.0.2.1"})).status_code == 200


async def test_an_account_that_sends_too_much_is_refused_wherever_it_sends_from(database_url: str, settings: Settings) -> None:
    async with limited(database_url, settings, account_requests=3) as server:
        for number in range(3):
            assert (await ask(server, "north", address=f"192.0.2.{number}")).status_code == 200
        assert "Your account" in refused(await ask(server, "north", address="192.0.2.9"))
        assert (await ask(server, "south", address="192.0.2.9")).status_code == 200
        assert (await ask(server, None, address="192.0.2.9")).status_code == 200


async def test_who_is_no_trusted_proxy_cannot_say_that_it_is_somebody_else(database_url: str, settings: Settings) -> None:
    async with limited(database_url, settings, address_requests=3, trusted_proxies="192.0.2.200") as server:
        for number in range(3):
            assert (await ask(server, "north", address=f"192.0.2.{number}")).status_code == 200
        refused(await ask(server, "north", address="192.0.2.9"))


async def test_a_network_of_one_owner_is_one_address(database_url: str, settings: Settings) -> None:
    async with limited(database_url, settings, address_requests=3) as server:
        for number in range(3):
            assert (await ask(server, None, address=f"2001:db8:1:2::{number}")).status_code == 200
        refused(await ask(server, None, address="2001:db8:1:2:3::4"))
        assert (await ask(server, None, address="2001:db8:1:3::4")).status_code == 200


async def test_the_operations_of_a_socket_count_as_requests_do(database_url: str, settings: Settings) -> None:
    async with limited(database_url, settings, account_requests=2) as server, server.socket("north") as socket:
        for _ in range(2):
            assert await (await subscribe(socket, VIEWER)).next() == {"data": {"viewer": {"username": "north"}}}
        answer = await (await subscribe(socket, VIEWER)).next()
        assert (answer["type"], answer["payload"][0]["extensions"]["code"]) == ("error", "RATE_LIMITED")
        assert answer["payload"][0]["extensions"]["retryAfterSeconds"] > 3500
        refused(await ask(server, "north"))
        await socket.send(json.dumps({"type": "ping"}))
        assert json.loads(await socket.recv())["type"] == "pong"


async def test_an_address_has_so_many_sockets_and_no_more(database_url: str, settings: Settings) -> None:
    async with limited(database_url, settings, address_sockets=2) as server:
        async with server.socket("north"), server.socket("south"):
            with pytest.raises(InvalidStatus) as denied:
                await connect(server.socket_url)
            assert denied.value.response.status_code == 429
            assert json.loads(denied.value.response.body or b"")["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
            async with connect(server.socket_url, additional_headers={"x-forwarded-for": "192.0.2.7"}):
                pass
        async with AsyncExitStack() as again:
            for _ in range(2):
                await again.enter_async_context(opened(server))


@asynccontextmanager
async def opened(server: Live) -> AsyncIterator[ClientConnection]:
    """A socket, as soon as there is a place: the server hears a little later than we that another was closed."""
    async with asyncio.timeout(20):
        while True:
            try:
                connection = await connect(server.socket_url)
                break
            except InvalidStatus:
                await asyncio.sleep(0.01)
    async with connection:
        yield connection


async def test_an_account_has_so_many_sockets_and_no_more(database_url: str, settings: Settings) -> None:
    async with limited(database_url, settings, account_sockets=2) as server:
        async with server.socket("north"), server.socket("north"), server.socket("south"):
            with pytest.raises(ConnectionClosed) as closed:
                async with server.socket("north"):
                    pass
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, "2 sockets and streams" in closed.value.rcvd.reason) == (4429, True)
            async with server.socket("south"), server.socket(None), server.socket(None), server.socket(None):
                pass
        async with asyncio.timeout(20):
            while True:
                try:
                    async with server.socket("north") as socket:
                        assert await (await subscribe(socket, VIEWER)).next() == {"data": {"viewer": {"username": "north"}}}
                        break
                except ConnectionClosed:
                    await asyncio.sleep(0.01)


async def test_a_stream_over_http_takes_the_place_of_a_socket(database_url: str, settings: Settings) -> None:
    feed = {"query": "subscription { custodyFeed { cursor } }"}
    async with limited(database_url, settings, account_sockets=1) as server, server.socket("north"):
        accepts = {"accept": "text/event-stream"}
        answer = await server.as_("north").http.post("/graphql", json=feed, headers=accepts)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (429, "LIMIT_EXCEEDED")
        async with server.as_("south").http.stream("POST", "/graphql", json=feed, headers=accepts) as stream:
            assert "custodyFeed" in "".join([line async for line in first(stream.aiter_lines())])
            with pytest.raises(ConnectionClosed):
                async with server.socket("south"):
                    pass


async def first(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    """The lines up to the first with data."""
    async for line in lines:
        yield line
        if line.startswith("data:"):
            return


async def test_a_camp_behind_one_address_meets_no_limit(database_url: str, settings: Settings) -> None:
    async with limited(database_url, settings, **DEFAULTS) as server:
        clients = [server.as_(username) for username in ("north", "south", "officer", "viewer") for _ in range(10)]
        answers = await asyncio.gather(*(client.answer(VIEWER) for client in clients for _ in range(10)))
        assert len(answers) == 400
        assert all("errors" not in answer for answer in answers)
        async with AsyncExitStack() as screens:
            for _ in range(10):
                for username in ("north", "south", "officer"):
                    await screens.enter_async_context(server.socket(username))
