"""Viewers of one feed who ask the same and may see the same: one is read for all, and each is told what it would be told alone."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from graphql import get_named_type, is_leaf_type
from websockets.frames import Frame, Opcode

from graph.audit.actor import acting, console_actor
from graph.commands import accounts
from graph.feed import the_feed
from graph.resolvers.accounts import watching_still
from graph.schema.api import build_schema
from graph.settings import Settings
from graph.transport.audience import Audience, framed
from graph.transport.server import SocketLine
from graph.transport.socket import SocketProtocol
from graph.words import EventType
from tests.live.test_feed import DEVICES, FEED, SOON, Follower, follow, ledger_after, many_events, node_ids, rescope, stream_of, until
from tests.live.test_feed_ends import many, narrow
from tests.server import Live, Subscription, running_server, subscribe
from tests.transport.test_streams import streaming
from tests.world import made

SCHEMA = build_schema()._schema


async def seated(live: Live, *sizes: int) -> None:
    """Wait until there are audiences of these sizes."""

    async def there() -> bool:
        return live.audiences.sizes() == sorted(sizes)

    await until(there)


@contextlib.asynccontextmanager
async def viewers(live: Live, *usernames: str, **asked: Any) -> AsyncIterator[list[Follower]]:
    """Somebody's feed each, on a socket of its own."""
    async with contextlib.AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(live.socket(username)) for username in usernames]
        yield [await follow(socket, **asked) for socket in sockets]


@pytest.mark.parametrize("length", [0, 1, 60, 84, 85, 200, 65_500, 65_495, 70_000])
def test_a_message_is_framed_as_a_server_frames_text(length: int) -> None:
    opening, payload = b'{"id":"1","type":"next","payload":', b"x" * length
    assert framed(opening, payload) == Frame(Opcode.TEXT, opening + payload + b"}").serialize(mask=False)


async def test_who_ask_the_same_are_one_audience_wherever_each_goes_on(live: Live) -> None:
    async with viewers(live, "north", "north") as (first, second):
        await seated(live, 2)
        place = first.cursor
        await many_events(live, 1)
        assert await first.events(40) == await second.events(40)
        async with live.socket("north") as socket:
            third = await follow(socket, place)
            last = (await third.events(40))[-1]
            await seated(live, 3)
            await live.as_("north").give_back(*DEVICES[:2])
            expected = [("NORTH", last[1] + 1), ("NORTH", last[1] + 2)]
            assert [await each.events(2) for each in (first, second, third)] == [expected] * 3
            assert len(the_feed()._tails[await stream_of("NORTH")].watchers) == 1


async def test_each_is_answered_under_the_id_that_it_gave(live: Live) -> None:
    ids = [str(uuid4()), 'of "many" signs: ü', "1"]
    async with live.socket("north") as socket:
        for number in ids:
            await socket.send(json.dumps({"id": number, "type": "subscribe", "payload": {"query": FEED}}))
        followers = [Follower(socket, number) for number in ids]
        for follower in followers:
            assert await follower.message() is None
        await seated(live, 3)
        await live.as_("north").issue("S-001", "M4-001")
        assert [await follower.serial() for follower in followers] == ["M4-001"] * 3


async def test_inv_22_who_may_see_less_is_another_audience(live: Live) -> None:
    async with viewers(live, "officer", "north", "officer") as (all_, north, again):
        await seated(live, 1, 2)
        officer = live.as_("officer")
        await officer.issue("S-002", "M4-101")
        await officer.issue("S-001", "M4-001")
        assert await north.serial() == "M4-001"
        assert [await all_.serial(), await all_.serial()] == [await again.serial(), await again.serial()] == ["M4-101", "M4-001"]


async def test_who_wants_other_events_is_another_audience(live: Live) -> None:
    ids = await node_ids(live)
    async with live.socket("officer") as socket:
        north, south = [await follow(socket, armories=[ids[code]]) for code in ("NORTH", "SOUTH")]
        await seated(live, 1, 1)
        await live.as_("officer").issue("S-002", "M4-101")
        await live.as_("officer").issue("S-001", "M4-001")
        assert [await north.serial(), await south.serial()] == ["M4-001", "M4-101"]


async def test_who_came_first_may_go_first(live: Live) -> None:
    async with live.socket("north") as stays:
        async with live.socket("north") as goes:
            await follow(goes)
            other = await follow(stays)
            await seated(live, 2)
        await seated(live, 1)
        await live.as_("north").issue("S-001", "M4-001")
        assert await other.serial() == "M4-001"


async def test_an_audience_ends_with_its_last_viewer(live: Live) -> None:
    async with viewers(live, "north", "north"):
        await seated(live, 2)
    await seated(live)

    async def let_go() -> bool:
        return not the_feed()._tails

    await until(let_go)


async def test_inv_22_of_an_audience_only_that_account_goes_which_is_disabled(live: Live) -> None:
    async with viewers(live, "north", "north.two", "north.two") as (gone, other, another):
        await seated(live, 3)
        with acting(console_actor("tests")):
            await made(accounts.disable_account(accounts.DisableAccount(uuid4(), "north", "left the unit")))
        assert await gone.end() == "UNAUTHENTICATED"
        await seated(live, 2)
        await live.as_("officer").issue("S-001", "M4-001")
        assert [await other.serial(), await another.serial()] == ["M4-001"] * 2


async def test_inv_22_of_an_audience_only_that_account_is_told_less_whose_scope_is_narrowed(live: Live) -> None:
    await rescope("north", "NORTH", "SOUTH")
    await rescope("north.two", "NORTH", "SOUTH")
    async with viewers(live, "north", "north.two") as (narrowed, other):
        await seated(live, 2)
        await rescope("north", "SOUTH")
        await seated(live, 1, 1)
        await live.as_("officer").issue("S-001", "M4-001")
        await live.as_("officer").issue("S-002", "M4-101")
        assert [await other.serial(), await other.serial(), await narrowed.serial()] == ["M4-001", "M4-101", "M4-101"]


async def test_a_slow_viewer_is_left_behind_and_holds_up_nobody(database_url: str, settings: Settings) -> None:
    async def seqs(feed: Subscription, count: int) -> list[int]:
        return [(await feed.next(SOON))["data"]["custodyFeed"]["event"]["seq"] for _ in range(count)]

    async with running_server(database_url, settings) as live, live.socket("north") as quick:
        slow = await narrow(live)
        feeds = [await subscribe(each, "subscription { custodyFeed { cursor event { seq summary } } }") for each in (quick, slow)]
        for feed in feeds:
            await feed.next()
        await seated(live, 2)
        stream = await stream_of("NORTH")
        writing = asyncio.create_task(many(stream, 4000))
        told = await seqs(feeds[0], 4000)
        await writing
        await seated(live, 1)
        assert await seqs(feeds[1], 4000) == told == list(range(told[0], told[0] + 4000))
        await seated(live, 2)
        await slow.close()


async def test_inv_21_who_comes_while_much_happens_misses_nothing_on_the_way_to_the_others(live: Live, plain_sql: Any) -> None:
    async with contextlib.AsyncExitStack() as stack:

        async def come(after: str) -> Follower:
            return await follow(await stack.enter_async_context(live.socket("north")), after)

        first = await follow(await stack.enter_async_context(live.socket("north")))
        busy = asyncio.create_task(many_events(live, 25))
        seen = []
        for _ in range(20):
            place = first.cursor
            told = await first.events(40)
            seen.append((await come(place), told))
        rest = await first.events(25 * 40 - 20 * 40)
        await busy
        everything = [event for _, told in seen for event in told] + rest
        assert everything == (await ledger_after(plain_sql, "NORTH", 0))[-1000:]
        for number, (follower, _) in enumerate(seen):
            assert await follower.events(1000 - 40 * number) == everything[40 * number :]
        await seated(live, 21)


async def test_when_what_is_read_for_all_fails_each_goes_on_by_itself(live: Live, plain_sql: Any) -> None:
    """The row of an item cannot be read for a while: what is wrong is told to each, and none of them loses what comes later."""
    async with viewers(live, "north", "north") as followers:
        await seated(live, 2)
        (only,) = live.audiences
        only._task.cancel()
        await live.as_("north").issue("S-001", "M4-001")
        assert [await follower.serial() for follower in followers] == ["M4-001"] * 2


async def test_what_no_field_asks_for_may_be_half_a_character(live: Live) -> None:
    async with live.socket("north") as socket:
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": FEED, "variables": {"unused": "\ud800"}}}))
        follower = Follower(socket, "1")
        assert await follower.message() is None
        await live.as_("north").issue("S-001", "M4-001")
        assert await follower.serial() == "M4-001"


async def test_who_completes_is_told_nothing_more_under_an_id_that_may_be_used_again(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    taken = SocketProtocol.handle_complete

    async def handle_complete(self: Any, message: Any) -> None:
        await taken(self, message)
        sizes.append(live.audiences.sizes())

    monkeypatch.setattr(SocketProtocol, "handle_complete", handle_complete)
    async with live.socket("north") as goes, live.socket("north") as stays:
        follower = await follow(goes)
        await follow(stays)
        await seated(live, 2)
        await goes.send(json.dumps({"type": "complete", "id": follower.number}))
        await seated(live, 1)
        assert sizes == [[1]]


async def test_inv_22_an_event_does_not_put_off_the_next_look_at_the_accounts(
    database_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []

    async def look(viewers: Any) -> Any:
        looks.append(time.monotonic())
        return await watching_still(viewers)

    async def looked(times: int) -> bool:
        return len(looks) >= times

    monkeypatch.setattr("graph.transport.audience.watching_still", look)
    slowly = settings.model_copy(update={"standing_seconds": 1.0})
    async with running_server(database_url, slowly) as live, viewers(live, "north") as (follower,):
        await seated(live, 1)
        await until(lambda: looked(1))
        await asyncio.sleep(looks[0] + 0.8 - time.monotonic())
        await live.as_("north").issue("S-001", "M4-001")
        assert await follower.serial() == "M4-001"
        await until(lambda: looked(2))
    assert looks[1] - looks[0] < 1.7


async def test_who_comes_while_the_accounts_are_looked_at_stays(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answered = asyncio.Event(), asyncio.Event()
    gone: list[Any] = []

    async def look(viewers: Any) -> Any:
        found = await watching_still(viewers)
        asked.set()
        await answered.wait()
        return found

    async def looked_again() -> bool:
        return asked.is_set()

    monkeypatch.setattr("graph.transport.audience.watching_still", look)
    monkeypatch.setattr(Audience, "_let_go", lambda _, viewer: gone.append(viewer))
    async with viewers(live, "north"):
        await asked.wait()
        async with viewers(live, "north.two"):
            await seated(live, 2)
            asked.clear()
            answered.set()
            await until(looked_again)
            assert gone == []


async def test_who_has_come_to_see_an_older_arms_room_stands_where_others_do(live: Live) -> None:
    ids = await node_ids(live)
    older, newer = sorted(("NORTH", "SOUTH"), key=lambda code: ids[code])
    await rescope("north", newer)
    async with viewers(live, "north") as (widened,):
        await seated(live, 1)
        (before,) = live.audiences
        await rescope("north", older, newer)
        await live.as_("officer").issue("S-001", "M4-001")
        await live.as_("officer").issue("S-002", "M4-101")
        issued = 0
        while issued < 2:  # after all that the other room has told before
            issued += (await widened.message())["type"] == EventType.ITEM_ISSUED
        await until(lambda: replaced(live, before))
        async with viewers(live, "north"):
            await seated(live, 2)


async def test_who_has_seen_more_once_does_not_keep_others_from_one_another(live: Live) -> None:
    """Its cursor goes on to say where it stood in the arms room that it sees no more: it is read by itself."""
    await rescope("north", "NORTH", "SOUTH")
    async with viewers(live, "north"):
        await seated(live, 1)
        (before,) = live.audiences
        await rescope("north", "NORTH")
        await until(lambda: replaced(live, before))
        async with viewers(live, "north.two", "north.two"):
            await seated(live, 1, 2)


async def test_who_come_one_after_another_from_a_query_with_a_filter_share_a_stream(live: Live) -> None:
    """Their cursors differ in the arms room that the filter leaves out, where things have happened meanwhile."""
    officer, ids = live.as_("officer"), await node_ids(live)
    async with live.socket("officer") as socket:
        followers = []
        for turn in range(3):
            place = (await officer("{ feedCursor }"))["feedCursor"]
            followers.append(await follow(socket, place, armories=[ids["NORTH"]]))
            await seated(live, len(followers))
            await (officer.give_back("M4-101") if turn % 2 else officer.issue("S-002", "M4-101"))
        await officer.issue("S-001", "M4-001")
        assert [await follower.serial() for follower in followers] == ["M4-001"] * 3
        assert len({follower.cursor for follower in followers}) == 1
        assert live.audiences.sizes() == [3]
        again = await follow(socket, followers[2].cursor)  # without the filter, whatever it left out comes
        assert [await again.serial() for _ in range(3)] == ["M4-101"] * 3


async def test_who_had_come_less_far_beside_the_feed_shares_with_others_who_had_not(live: Live) -> None:
    officer, ids = live.as_("officer"), await node_ids(live)
    places = [(await officer("{ feedCursor }"))["feedCursor"]]
    await officer.issue("S-002", "M4-101")
    places.append((await officer("{ feedCursor }"))["feedCursor"])
    async with live.socket("officer") as socket:
        late = await follow(socket, places[1], armories=[ids["NORTH"]])
        await seated(live, 1)
        early = [await follow(socket, places[0], armories=[ids["NORTH"]]) for _ in range(2)]
        await seated(live, 1, 2)
        await officer.issue("S-001", "M4-001")
        assert [await follower.serial() for follower in (late, *early)] == ["M4-001"] * 3
        again = await follow(socket, early[0].cursor)
        assert await again.serial() == "M4-101"


async def replaced(live: Live, before: Audience) -> bool:
    """Whether another audience has come for this one."""
    return bool(list(live.audiences)) and before not in live.audiences


async def test_nothing_is_kept_of_a_socket_that_has_gone_while_others_stay(live: Live) -> None:
    async with live.socket("officer") as stays:
        async with live.socket("north") as goes:
            await follow(goes)
            await follow(stays)
            await seated(live, 1, 1)
        await seated(live, 1)

        async def one_line() -> bool:
            gc.collect()
            return sum(type(each) is SocketLine for each in gc.get_objects()) == 1

        await until(one_line)


# ------------------------------------------------------------------------------------------------------------------- without GraphQL


def plain_fields(kind: str) -> str:
    """Every field of a type that is a value."""
    of: Any = SCHEMA.get_type(kind)
    return " ".join(name for name, field in of.fields.items() if is_leaf_type(get_named_type(field.type)))


LINKED = ("item", "person", "armory", "record")
KINDS = {"item": "Item", "person": "Person", "armory": "Armory", "record": "CustodyRecord"}
EVERYTHING = f"{plain_fields('LedgerEvent')} " + " ".join(f"{link} {{ {plain_fields(KINDS[link])} }}" for link in LINKED)
ASKED = {
    "every value of the event and of the rows that it names": (EVERYTHING, True),
    "other names, fragments and what is left out": (
        "no: seq of: __typename it: item { ...I } item { state } ... @skip(if: true) { type } ... on LedgerEvent { hash }",
        True,
    ),
    "a row beyond the rows": ("seq item { serial model { nomenclature } }", False),
    "a page": ("seq item { history(first: 2) { edges { node { receiptNumber } } } }", False),
}


@pytest.mark.parametrize("username", ["officer", "north", "south"])
@pytest.mark.parametrize("what", ASKED)
async def test_what_takes_no_graphql_is_told_as_by_graphql(live: Live, username: str, what: str) -> None:
    """A stream of server-sent events has GraphQL for each message; it is the yardstick."""
    asked, short = ASKED[what]
    document = f"subscription {{ feed: custodyFeed {{ at: cursor what: event {{ {asked} }} __typename }} }}"
    document += " fragment I on Item { id serial rack }" if "...I" in asked else ""
    async with live.socket(username) as socket, streaming(live, username, document) as events:
        feed = await subscribe(socket, document)
        assert (await feed.next())["data"] == (await events.told())["data"]
        await seated(live, 1)
        officer = live.as_("officer")

        async def told_alike(count: int) -> None:  # before the next command changes what the rows say
            for _ in range(count):
                assert (await feed.next())["data"] == (await events.told())["data"]

        for _ in range(2):
            await officer.issue("S-001", "M4-001", "PVS-001")
            await told_alike(0 if username == "south" else 2)
            await officer.issue("S-002", "M4-101")
            await told_alike(0 if username == "north" else 1)
            await officer.give_back("M4-001", "PVS-001")
            await told_alike(0 if username == "south" else 2)
            await officer.give_back("M4-101")
            await told_alike(0 if username == "north" else 1)
        (only,) = live.audiences
        assert (only._short, only._plain) == (short, not short)
