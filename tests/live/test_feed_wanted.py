"""What of the feed is asked for, from which place on, and until when."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from typing import Any

from websockets.asyncio.client import ClientConnection

from graph.settings import Settings
from graph.words import EventType
from tests.live.test_feed import DEVICES, SOON, Follower, node_ids, rescope, until
from tests.server import Live, running_server, subscribe

FEED = """
subscription ($after: String, $armories: [ID!], $units: [ID!], $kinds: [EventType!], $persons: [ID!], $items: [ID!]) {
  custodyFeed(after: $after, armories: $armories, units: $units, kinds: $kinds, persons: $persons, items: $items) {
    cursor event { id seq type armory { code } item { serial } person { serviceNumber } }
  }
}
"""
KNOWN = """
query ($serial: String!, $number: String!) {
  units(first: 10) { edges { node { id code } } }
  item(serial: $serial) { id }
  person(serviceNumber: $number) { id }
}
"""


async def ask(socket: ClientConnection, **wanted: Any) -> Follower:
    """Subscribe to what is wanted, from now on."""
    follower = Follower(socket, (await subscribe(socket, FEED, **wanted)).number)
    if "after" not in wanted:
        assert await follower.message() is None
    return follower


async def known(live: Live, serial: str = "M4-001", number: str = "S-001") -> tuple[dict[str, str], str, str]:
    """The ids of the units by their codes, of an item and of a person."""
    data = await live.as_("officer")(KNOWN, serial=serial, number=number)
    return {edge["node"]["code"]: edge["node"]["id"] for edge in data["units"]["edges"]}, data["item"]["id"], data["person"]["id"]


async def test_each_filter_lets_its_own_through_and_an_event_passes_all_of_them(live: Live) -> None:
    units, item, person = await known(live)
    officer = live.as_("officer")
    async with live.socket("officer") as socket:
        everything = await ask(socket)
        asked = {
            "unit": await ask(socket, units=[units["S-SQ"]]),
            "kind": await ask(socket, kinds=["ITEM_RETURNED"]),
            "person": await ask(socket, persons=[person]),
            "item": await ask(socket, items=[item]),
            "both": await ask(socket, items=[item], kinds=["ITEM_RETURNED"]),
            "above": await ask(socket, units=[units["WING"]], kinds=["ITEM_ISSUED"]),
        }
        await officer.issue("S-001", "M4-001")
        await officer.issue("S-002", "M4-101")
        await officer.give_back("M4-001")
        await officer.give_back("M4-101")
        await everything.events(4)
        got = {}
        for name, count in {"unit": 2, "kind": 2, "person": 2, "item": 2, "both": 1, "above": 2}.items():
            events = [await asked[name].message() for _ in range(count)]
            got[name] = [(event["type"], event["item"]["serial"]) for event in events]
        assert not any(follower.unread for follower in asked.values())
    issued, returned = EventType.ITEM_ISSUED, EventType.ITEM_RETURNED
    assert {name: sorted(events) for name, events in got.items()} == {
        "unit": [(issued, "M4-101"), (returned, "M4-101")],
        "kind": [(returned, "M4-001"), (returned, "M4-101")],
        "person": [(issued, "M4-001"), (returned, "M4-001")],
        "item": [(issued, "M4-001"), (returned, "M4-001")],
        "both": [(returned, "M4-001")],
        "above": [(issued, "M4-001"), (issued, "M4-101")],
    }


async def test_who_resumes_with_a_filter_gets_what_passes_it_of_all_that_came_meanwhile(live: Live) -> None:
    north = live.as_("north")
    async with live.socket("north") as socket:
        place = (await ask(socket)).cursor
        await north.issue("S-001", *DEVICES[:20])
        await north.give_back(DEVICES[7])
        again = await ask(socket, after=place, kinds=["ITEM_RETURNED"])
        assert await again.serial() == DEVICES[7]


async def test_a_filter_that_lets_nothing_through_is_refused_and_no_silence(live: Live) -> None:
    units, _, _ = await known(live)
    async with live.socket("north") as socket:
        for name in ("armories", "units", "kinds", "persons", "items"):
            follower = Follower(socket, (await subscribe(socket, FEED, **{name: []})).number)
            assert await follower.end() == "BAD_REQUEST", name
        elsewhere = Follower(socket, (await subscribe(socket, FEED, units=[units["S-SQ"]])).number)
        assert await elsewhere.end() == "FORBIDDEN"


async def test_now_and_then_the_feed_says_that_everything_was_told(database_url: str, settings: Settings) -> None:
    often = settings.model_copy(update={"feed_heartbeat_seconds": 0.3})
    async with running_server(database_url, often) as live, live.socket("north") as socket:
        follower = await ask(socket, kinds=["ITEM_RETURNED"])
        begun = follower.cursor
        assert await follower.message() is None
        assert follower.cursor == begun
        await live.as_("north").issue("S-001", "M4-001")

        async def moved() -> bool:
            return await follower.message() is None and follower.cursor != begun

        await until(moved)  # although what happened is not for this one
        again = await ask(socket, after=follower.cursor)
        assert await again.message() is None
        assert again.cursor == follower.cursor


async def test_inv_22_who_asked_for_an_arms_room_and_loses_it_is_told_so(live: Live) -> None:
    ids = await node_ids(live)
    async with live.socket("officer") as socket:
        named, every = await ask(socket, armories=[ids["NORTH"]]), await ask(socket)
        await rescope("officer", "SOUTH")
        began = time.monotonic()
        assert await named.end() == "FORBIDDEN"
        assert time.monotonic() - began < 5
        await rescope("officer")
        assert await every.end() == "FORBIDDEN"


# ------------------------------------------------------------------------------------------------------------ from a query to the feed

SEQS = "subscription ($after: String!) { custodyFeed(after: $after) { event { seq } } }"
TOGETHER = "query ($armory: ID!) { feedCursor ledger(armory: $armory, last: 1) { edges { node { seq } } } }"


async def test_from_the_cursor_of_a_query_the_feed_goes_on_with_what_the_query_has_not_seen(live: Live) -> None:
    north, ids = live.as_("north"), await node_ids(live)
    await north.issue("S-001", "M4-001")
    data = await north(TOGETHER, armory=ids["NORTH"])
    async with live.socket("north") as socket:
        over_the_socket = (await (await subscribe(socket, "{ feedCursor }")).next())["data"]["feedCursor"]
        assert over_the_socket == data["feedCursor"]
        await north.issue("S-002", "M4-002")
        follower = await ask(socket, after=data["feedCursor"])
        event = await follower.message()
        assert (event["item"]["serial"], event["seq"]) == ("M4-002", data["ledger"]["edges"][0]["node"]["seq"] + 1)


async def _write(live: Live, devices: tuple[str, ...]) -> None:
    north = live.as_("north")
    while True:
        await north.issue("S-001", *devices)
        await north.give_back(*devices)


async def _try(socket: ClientConnection, armory: str) -> None:
    """Query, subscribe from the query's cursor: what is told first is at most the next that the query has not seen."""
    data = (await (await subscribe(socket, TOGETHER, armory=armory)).next())["data"]
    seen = data["ledger"]["edges"][0]["node"]["seq"]
    feed = await subscribe(socket, SEQS, after=data["feedCursor"])
    places = [(await feed.next())["data"]["custodyFeed"]["event"]["seq"] for _ in range(2)]
    assert places[0] <= seen + 1, f"{places[0] - seen - 1} events were lost"
    assert places[1] == places[0] + 1
    await socket.send(json.dumps({"type": "complete", "id": feed.number}))


async def _tries(live: Live, armory: str, count: int) -> None:
    async with live.socket("north") as socket:
        for _ in range(count):
            await _try(socket, armory)


async def test_in_a_thousand_tries_no_event_is_lost_between_a_query_and_its_feed(live: Live, share: float) -> None:
    ids = await node_ids(live)
    writers = [asyncio.create_task(_write(live, DEVICES[:4])), asyncio.create_task(_write(live, DEVICES[4:8]))]
    try:
        async with asyncio.timeout(5 * SOON):
            await asyncio.gather(*(_tries(live, ids["NORTH"], int(200 * share)) for _ in range(5)))
        assert not any(writer.done() for writer in writers)
    finally:
        for writer in writers:
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer
