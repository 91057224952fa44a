"""Answers as a stream of events (graphql-sse, distinct connections)."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from graph.audit.actor import acting, console_actor
from graph.commands import accounts
from graph.feed import the_feed
from graph.settings import Settings
from tests.chaos.test_cancel_storm import at_rest, quiet
from tests.server import ISSUE, Live, running_server
from tests.world import PASSWORD, token_of

pytestmark = pytest.mark.once

EVENTS = {"accept": "text/event-stream"}
FEED = "subscription ($after: String) { custodyFeed(after: $after) { cursor event { type item { serial } } } }"
SOON = 20.0


class Stream:
    """What comes on a stream: events by name, with what they carry; comments are counted."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.pulses = 0
        self._lines = response.aiter_lines()

    async def next(self) -> tuple[str, Any] | None:
        """The next event, or None at the end."""
        name, data = "", ""
        async with asyncio.timeout(SOON):
            async for line in self._lines:
                if line.startswith(":"):
                    self.pulses += 1
                elif line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data:"):
                    data = line.removeprefix("data:").strip()
                elif name:
                    return name, json.loads(data) if data else None
        return None

    async def told(self) -> Any:
        """What the next event carries, which is an answer."""
        event = await self.next()
        assert event is not None
        assert event[0] == "next"
        return event[1]

    async def rest(self) -> list[Any]:
        """The events until the end."""
        found = []
        while (event := await self.next()) is not None:
            found.append(event)
        return found


@contextlib.asynccontextmanager
async def streaming(server: Live, username: str | None, query: str, **variables: Any) -> AsyncIterator[Stream]:
    """Ask for an operation as a stream."""
    asked = {"query": query, "variables": variables}
    async with server.as_(username).http.stream("POST", "/graphql", json=asked, headers=EVENTS) as response:
        yield Stream(response)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(SOON):
        while not condition():  # noqa: ASYNC110 - it comes so beyond the network
            await asyncio.sleep(0.01)


async def test_a_subscription_is_a_stream_of_events_that_goes_on_after_a_cursor(server: Live) -> None:
    async with streaming(server, "north", FEED) as stream:
        headers = stream.response.headers
        assert headers["content-type"] == "text/event-stream; charset=utf-8"
        assert (headers["cache-control"], headers["x-accel-buffering"], headers["transfer-encoding"]) == ("no-store", "no", "chunked")
        first = await stream.told()
        assert first["data"]["custodyFeed"]["event"] is None
        await server.as_("north").issue("S-001", "M4-001")
        second = await stream.told()
        assert second["data"]["custodyFeed"]["event"] == {"type": "ITEM_ISSUED", "item": {"serial": "M4-001"}}
        await until_pulses(stream, 3)
    await server.as_("north").issue("S-002", "M4-002")
    async with streaming(server, "north", FEED, after=second["data"]["custodyFeed"]["cursor"]) as stream:
        third = await stream.told()
        assert third["data"]["custodyFeed"]["event"]["item"]["serial"] == "M4-002"


async def until_pulses(stream: Stream, count: int) -> None:
    """Read until so many signs of life have come."""
    reading = asyncio.create_task(stream.next())
    await until(lambda: stream.pulses >= count)
    reading.cancel()


async def test_queries_mutations_and_errors_are_one_event_and_the_end(server: Live) -> None:
    given = {
        "requestId": "0198c0de-0000-7000-8000-000000000001",
        "holder": {"serviceNumber": "S-001"},
        "lines": [{"item": {"serial": "M4-001"}}],
    }
    cases: list[tuple[str, dict[str, Any], Callable[[Any], bool]]] = [
        ("{ viewer { username } }", {}, lambda told: told == {"data": {"viewer": {"username": "north"}}}),
        ("{ items(first: 3) { edges { node { serial tags { code } } } } }", {}, lambda told: len(told["data"]["items"]["edges"]) == 3),
        (ISSUE, {"input": given}, lambda told: told["data"]["issueItems"]["__typename"] == "ItemsIssued"),
        ("{ nope }", {}, lambda told: "data" not in told and told["errors"][0]["extensions"]["code"] == "BAD_REQUEST"),
        ("{", {}, lambda told: "data" not in told and "Syntax Error" in told["errors"][0]["message"]),
        ("subscription { nope }", {}, lambda told: "data" not in told and told["errors"][0]["extensions"]["code"] == "BAD_REQUEST"),
    ]
    for document, variables, right in cases:
        async with streaming(server, "north", document, **variables) as stream:
            assert stream.response.headers["content-type"] == "text/event-stream; charset=utf-8"
            (name, told), end = await stream.rest()
            assert (name, right(told), end) == ("next", True, ("complete", None)), told


async def test_a_sign_in_over_a_stream_gives_the_browser_its_cookie(server: Live) -> None:
    document = 'mutation ($p: String!) { signIn(input: {username: "viewer", password: $p, cookie: true}) { ... on SignedIn { token } } }'
    async with streaming(server, None, document, p=PASSWORD) as stream:
        assert "armguard_refresh=" in stream.response.headers["set-cookie"]


async def test_what_is_no_operation_is_refused_before_a_stream_begins(server: Live) -> None:
    client = server.as_("north").http
    for body in (b"{", b"[]", b"{}", b'{"query": 1}'):
        answer = await client.post("/graphql", content=body, headers={**EVENTS, "content-type": "application/json"})
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json; charset=utf-8")


async def test_who_may_not_follow_is_told_so_and_who_no_longer_may_is_shut_out_within_seconds(server: Live) -> None:
    async with streaming(server, None, FEED) as stream:
        (_, told), end = await stream.rest()
        assert (told["errors"][0]["extensions"]["code"], end) == ("UNAUTHENTICATED", ("complete", None))
    async with streaming(server, "north", FEED) as stream:
        await stream.next()
        with acting(console_actor("tests")):
            await accounts.disable_account(accounts.DisableAccount(uuid4(), "north", "gone"))
        (_, told), end = await stream.rest()
        assert (told["errors"][0]["extensions"]["code"], end) == ("UNAUTHENTICATED", ("complete", None))


async def test_a_client_that_goes_away_leaves_nothing_behind(server: Live, said: io.StringIO) -> None:
    before = await at_rest(server)
    for _ in range(3):
        async with streaming(server, "north", FEED) as stream:
            await stream.next()
            assert the_feed()._tails
    await until(lambda: not the_feed()._tails)
    await quiet(before)
    assert "Traceback" not in said.getvalue()


async def test_when_the_server_stops_a_stream_ends_without_complete_for_whoever_follows_comes_again(
    database_url: str, settings: Settings, said: io.StringIO
) -> None:
    client = httpx.AsyncClient(headers={"authorization": f"Bearer {token_of('north')}", **EVENTS}, timeout=SOON)
    async with running_server(database_url, settings) as server:
        request = client.build_request("POST", f"{server.url}/graphql", json={"query": FEED})
        stream = Stream(await client.send(request, stream=True))
        await stream.told()
        follower = asyncio.create_task(stream.rest())
        began = asyncio.get_running_loop().time()
    assert await follower == []
    assert asyncio.get_running_loop().time() - began < SOON
    assert "Traceback" not in said.getvalue()
    assert "exceeded" not in said.getvalue()
    await client.aclose()
