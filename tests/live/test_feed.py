"""The live feed: every event a subscriber may see, in order, once (INV-21), and no longer than they may see it (INV-22)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4
from weakref import WeakKeyDictionary

import asyncpg
import httpx
import orjson
import pytest
from graphql import parse
from uuid_utils.compat import uuid7
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from graph import database, feed
from graph.audit.actor import acting, console_actor
from graph.audit.ledger import Event, append, read_events
from graph.commands import accounts, armory, tokens
from graph.commands.rows import change, lock_row
from graph.feed import the_feed
from graph.models.accounts import Account, ApiToken
from graph.models.armory import Armory
from graph.models.ledger import REGISTRY
from graph.resolvers.feed import feed_cursor, read_feed_cursor
from graph.resolvers.ledger import told
from graph.rules.accounts import token_hash
from graph.schema.api import build_schema
from graph.schema.execution import Execution
from graph.schema.feed import FeedMessage
from graph.schema.readings import PLANS
from graph.settings import Settings
from graph.words import EventType, Subject, TokenScope
from tests.conftest import Cluster
from tests.server import Live, running_server, subscribe
from tests.world import PASSWORD, api_token_of, made, token_of

FEED = """
subscription ($after: String, $armories: [ID!]) {
  custodyFeed(after: $after, armories: $armories) { cursor event { id seq type armory { code } item { serial } } }
}
"""
SIGN_IN = 'mutation ($p: String!) { signIn(input: {username: "north", password: $p}) { ... on SignedIn { token } } }'
DEVICES = tuple(f"PVS-{number:03}" for number in range(1, 41))
BEGINNING = feed_cursor({})
SOON = 20.0  # a deadline for what happens within a second or two; nothing waits for it to pass


@pytest.fixture
def settings() -> Settings:
    """A small ring, so that a reader falls behind it, and locks that wait for as long as a test holds them."""
    return Settings(
        standing_seconds=0.2,
        feed_poll_seconds=0.2,
        lock_timeout_ms=9000,
        feed_ring_events=16,
        feed_page_events=50,
        feed_heartbeat_seconds=600,
        second_factor_roles=(),
    )


_unread: WeakKeyDictionary[ClientConnection, list[Any]] = WeakKeyDictionary()


class Follower:
    """A subscriber to the feed, who remembers the last cursor. What comes for others on the same socket is kept for them."""

    def __init__(self, socket: ClientConnection, number: str) -> None:
        self.number = number
        self.cursor = ""
        self._socket = socket

    @property
    def unread(self) -> list[Any]:
        """What has come for it and was not taken yet."""
        return [message for message in _unread.get(self._socket, []) if message.get("id") == self.number]

    async def next(self) -> Any:
        """The payload of its next message; an `error` or `complete` is given as it is."""
        kept = _unread.setdefault(self._socket, [])
        async with asyncio.timeout(SOON):
            while not self.unread:
                kept.append(json.loads(await self._socket.recv()))
        message = self.unread[0]
        kept.remove(message)
        return message["payload"] if message["type"] == "next" else message

    async def message(self) -> Any:
        """The next message, which must not be the end."""
        payload = await self.next()
        assert "errors" not in payload, payload
        assert "data" in payload, payload
        message = payload["data"]["custodyFeed"]
        self.cursor = message["cursor"]
        return message["event"]

    async def events(self, count: int) -> list[tuple[str, int]]:
        """The next so many events: arms room and place in its stream."""
        events = [await self.message() for _ in range(count)]
        return [(event["armory"]["code"], event["seq"]) for event in events]

    async def serial(self) -> str:
        """The serial of the item of the next event."""
        return str((await self.message())["item"]["serial"])

    async def end(self) -> str:
        """The code of the error with which the stream ends; events before it are passed over."""
        async with asyncio.timeout(SOON):
            while True:
                payload = await self.next()
                errors = payload.get("errors") or (payload["payload"] if payload.get("type") == "error" else None)
                if errors:
                    return str(errors[0]["extensions"]["code"])
                assert payload.get("type") != "complete", "it ended without a word"


async def follow(socket: ClientConnection, after: str | None = None, armories: list[str] | None = None) -> Follower:
    """Subscribe. Without `after` the place is read, so that the subscription is known to have begun."""
    follower = Follower(socket, (await subscribe(socket, FEED, after=after, armories=armories)).number)
    if after is None:
        assert await follower.message() is None
    return follower


async def until(condition: Callable[[], Awaitable[Any]], seconds: float = SOON) -> Any:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not (found := await condition()):  # noqa: ASYNC110 - the condition is in the database or beyond the network
            await asyncio.sleep(0.02)
    return found


async def node_ids(live: Live) -> dict[str, str]:
    """The node id of each arms room, by its code."""
    nodes = (await live.as_("officer")("{ armories(first: 10) { edges { node { id code } } } }"))["armories"]["edges"]
    return {edge["node"]["code"]: edge["node"]["id"] for edge in nodes}


async def stream_of(code: str) -> str:
    """The stream of an arms room; the server of these tests is in this process, and so is its door."""
    return str((await Armory.get(code=code)).id)


async def ledger_after(sql: Any, code: str, seq: int) -> list[tuple[str, int]]:
    """What the ledger has of an arms room after a place."""
    rows = await sql.fetch(
        "SELECT e.seq FROM ledger_event e JOIN armory a ON a.id::text = e.stream WHERE a.code = $1 AND e.seq > $2 ORDER BY e.seq", code, seq
    )
    return [(code, row["seq"]) for row in rows]


async def many_events(live: Live, rounds: int) -> None:
    """Forty events in NORTH for each round, issues and returns in turn."""
    armorer = live.as_("north")
    for number in range(rounds):
        answer = await (armorer.give_back(*DEVICES) if number % 2 else armorer.issue("S-001", *DEVICES))
        assert len(answer["events"]) == 40


# -------------------------------------------------------------------------------------------------------------- INV-21: all, in order, once


async def test_inv_21_a_feed_that_starts_now_first_tells_its_place(live: Live) -> None:
    async with live.socket("north") as socket:
        follower = await follow(socket)
        place = follower.cursor
        await live.as_("north").issue("S-001", "M4-001")
        assert await follower.serial() == "M4-001"
        again = await follow(socket, place)
        assert await again.serial() == "M4-001"
        assert again.cursor == follower.cursor != place


async def test_inv_21_after_a_cursor_comes_everything_in_order_once_and_then_what_is_new(live: Live, plain_sql: Any) -> None:
    async with live.socket("north") as socket:
        begun = await follow(socket)
        place = begun.cursor
        await live.as_("north").issue("S-001", *DEVICES[:3])
        missed = await begun.events(3)
        again = await follow(socket, place)
        assert await again.events(3) == missed
        await live.as_("north").give_back(*DEVICES[:3])
        assert await again.events(3) == await begun.events(3)
    assert await ledger_after(plain_sql, "NORTH", missed[0][1] - 1) == [
        (code, seq) for code, seq in missed + [("NORTH", missed[-1][1] + n) for n in (1, 2, 3)]
    ]


async def test_inv_21_who_falls_far_behind_the_ring_misses_nothing(live: Live, plain_sql: Any) -> None:
    async with live.socket("north") as quick, live.socket("north") as late:
        watching = await follow(quick)
        place = watching.cursor
        await many_events(live, 5)
        seen = await watching.events(200)
        assert len(the_feed()._tails[await stream_of("NORTH")].ring) == 16
        resumed = await follow(late, place)
        assert await resumed.events(200) == seen == await ledger_after(plain_sql, "NORTH", seen[0][1] - 1)
        await live.as_("north").issue("S-002", "M4-002")
        assert await resumed.serial() == "M4-002" == await watching.serial()


async def test_inv_21_who_reads_slowly_misses_nothing(live: Live, plain_sql: Any) -> None:
    query = "subscription { custodyFeed { cursor event { seq payload } } }"
    async with live.socket("north") as quick, connect(live.socket_url, subprotocols=["graphql-transport-ws"], max_queue=1) as slow:  # type: ignore[list-item]
        await slow.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token_of('north')}"}}))
        await slow.recv()
        reading = await subscribe(slow, query)
        place = (await reading.next())["data"]["custodyFeed"]["cursor"]
        watching = await follow(quick, place)
        await many_events(live, 10)
        seen = [seq for _, seq in await watching.events(400)]  # meanwhile the slow one has read nothing
        assert [(await reading.next())["data"]["custodyFeed"]["event"]["seq"] for _ in range(400)] == seen


async def test_inv_21_one_cursor_holds_the_places_in_several_arms_rooms(live: Live, plain_sql: Any) -> None:
    officer = live.as_("officer")
    async with live.socket("officer") as socket:
        follower = await follow(socket)
        for north, south in (("M4-001", "M4-101"), ("G17-001", "G17-101")):
            await officer.issue("S-001" if north == "M4-001" else "S-002", north)
            await officer.issue("S-003" if north == "M4-001" else "S-006", south)
        first = await follower.events(2)
        rest = await follower.events(2)
    async with live.socket("officer") as socket:
        everything = first + rest
        assert len(set(everything)) == 4
        assert sorted(everything) == sorted(
            [event for code in ("NORTH", "SOUTH") for event in (await ledger_after(plain_sql, code, 0))[-2:]]
        )
        again = await follow(socket, follower.cursor)
        await officer.give_back("M4-101")
        assert await again.serial() == "M4-101"


async def test_inv_21_with_a_filter_only_these_arms_rooms_come(live: Live) -> None:
    ids, officer = await node_ids(live), live.as_("officer")
    async with live.socket("officer") as socket:
        follower = await follow(socket, armories=[ids["SOUTH"]])
        await officer.issue("S-001", "M4-001")
        await officer.issue("S-002", "M4-101")
        assert await follower.serial() == "M4-101"


async def test_inv_21_a_cursor_outlives_the_server(database_url: str, settings: Settings) -> None:
    async with running_server(database_url, settings) as first:
        async with first.socket("north") as socket:
            place = (await follow(socket)).cursor
        await first.as_("north").issue("S-001", "M4-001")
    async with running_server(database_url, settings) as second, second.socket("north") as socket:
        follower = await follow(socket, place)
        assert await follower.serial() == "M4-001"
        await second.as_("north").issue("S-002", "M4-002")
        assert await follower.serial() == "M4-002"


async def test_inv_21_an_arms_room_that_is_registered_later_is_followed_from_its_first_event(live: Live) -> None:
    async with live.socket("officer") as socket:
        follower = await follow(socket)
        with acting(console_actor("tests")):
            await made(armory.register_armory(armory.RegisterArmory(uuid4(), "EAST", "East arms room", "N-SQ", "Asia/Manila")))
            east = await Armory.get(code="EAST")
            await made(armory.edit_armory(armory.EditArmory(uuid4(), east.id, name="The east arms room")))
        assert await follower.events(1) == [("EAST", 1)]


async def test_inv_21_a_new_arms_room_is_followed_also_by_who_is_never_up_to_date(live: Live) -> None:
    async with live.socket("officer") as socket:
        follower = await follow(socket)
        with acting(console_actor("tests")):
            await made(armory.register_armory(armory.RegisterArmory(uuid4(), "EAST", "East arms room", "N-SQ", "Asia/Manila")))
            east = await Armory.get(code="EAST")
            await made(armory.edit_armory(armory.EditArmory(uuid4(), east.id, name="The east arms room")))
        busy, seen = asyncio.create_task(_keep_busy(live)), []
        try:
            while ("EAST", 1) not in seen:
                seen += await follower.events(1)
        finally:
            busy.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await busy


async def _keep_busy(live: Live) -> None:
    while True:
        await many_events(live, 2)


@pytest.fixture
async def north_commits_late(owner_url: str, live: Live) -> AsyncIterator[Any]:
    """A connection that holds every commit with an event of NORTH, after the event is written, until it lets go."""
    stream, connection = await stream_of("NORTH"), await asyncpg.connect(owner_url)
    await connection.execute(
        "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN NULL; END $$;"
        "CREATE CONSTRAINT TRIGGER zz_hold AFTER INSERT ON ledger_event DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
        f"WHEN (NEW.stream = '{stream}') EXECUTE FUNCTION hold(); SELECT pg_advisory_lock(42)"
    )
    yield connection
    await connection.close()


async def test_inv_21_nothing_is_published_before_its_commit(live: Live, north_commits_late: Any) -> None:
    officer, waiting = live.as_("officer"), "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND NOT granted"
    async with live.socket("officer") as socket:
        follower = await follow(socket)
        issuing = asyncio.create_task(officer.issue("S-001", "M4-001"))
        await until(lambda: north_commits_late.fetchval(waiting))
        # A wake-up that comes too early, and an event of another stream: what is read on these shows nothing of the held one.
        await north_commits_late.execute("SELECT pg_notify('armguard', $1)", json.dumps({await stream_of("NORTH"): 9999}))
        await officer.issue("S-002", "M4-101")
        assert await follower.serial() == "M4-101"
        assert not issuing.done()
        await north_commits_late.execute("SELECT pg_advisory_unlock(42)")
        assert (await issuing)["__typename"] == "ItemsIssued"
        assert await follower.serial() == "M4-001"


BAD_CURSORS = {
    "empty": "",
    "not base64": "%%%",
    "not ascii": "ñ",
    "not JSON": "eHh4",
    "a list": "W10",
    "null": "bnVsbA",
    "a number": "MQ",
    "deep": "W1tb" * 30_000,
    "not an id": "eyJ4IjoxfQ",
}


async def test_a_cursor_that_is_none_is_a_bad_request_and_the_socket_goes_on(live: Live) -> None:
    async with live.socket("north") as socket:
        said = {name: await (await follow(socket, cursor)).end() for name, cursor in BAD_CURSORS.items()}
        assert said == dict.fromkeys(BAD_CURSORS, "BAD_REQUEST")
        assert await follow(socket)


async def test_a_cursor_with_a_place_that_cannot_be_is_a_bad_request(live: Live) -> None:
    stream, places = await stream_of("NORTH"), (-1, 2**63, 10**30, True, "1", None, 1.5, [1])
    async with live.socket("north") as socket:
        said = {repr(place): await (await follow(socket, feed_cursor({stream: place}))).end() for place in places}  # type: ignore[dict-item]
        assert said == dict.fromkeys(map(repr, places), "BAD_REQUEST")


async def test_a_cursor_ahead_of_the_ledger_is_a_bad_request_and_no_silence(live: Live) -> None:
    async with live.socket("north") as socket:
        follower = await follow(socket, feed_cursor({await stream_of("NORTH"): 1_000_000}))
        assert await follower.end() == "BAD_REQUEST"


async def test_a_list_cursor_is_not_one_of_the_feed(live: Live) -> None:
    listed = (await live.as_("north")("{ items(first: 1) { edges { cursor } } }"))["items"]["edges"][0]["cursor"]
    async with live.socket("north") as socket:
        assert await (await follow(socket, listed)).end() == "BAD_REQUEST"


# ------------------------------------------------------------------------------------------------ wake-ups lost, doubled, and no connection


async def test_inv_21_when_the_wake_up_is_lost_the_event_comes_by_the_slow_poll(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    async with live.socket("north") as socket:
        follower = await follow(socket)
        monkeypatch.setattr(feed.Feed, "announce", lambda *_: None)
        await live.as_("north").issue("S-001", "M4-001")
        assert await follower.serial() == "M4-001"


async def test_inv_21_doubled_and_senseless_wake_ups_double_no_event(live: Live, plain_sql: Any) -> None:
    stream = await stream_of("NORTH")
    async with live.socket("north") as socket:
        follower = await follow(socket)
        for number, serial in enumerate(DEVICES[:5]):
            senseless: tuple[Any, ...] = ({stream: number}, {stream: 10**9}, {}, {"elsewhere": 1}, [])
            for said in senseless:
                await plain_sql.execute("SELECT pg_notify('armguard', $1)", json.dumps(said))
            await live.as_("north").issue("S-001", serial)
            await plain_sql.execute("SELECT pg_notify('armguard', $1), pg_notify('armguard', $1 || ' ')", json.dumps({stream: 0}))
        assert [await follower.serial() for _ in range(5)] == list(DEVICES[:5])
        await plain_sql.execute("SELECT pg_notify('armguard', 'not a wake-up')")
        await live.as_("north").issue("S-001", DEVICES[5])
        assert await follower.serial() == DEVICES[5]


async def feed_part(live: Live) -> str:
    """What readyz says of the feed."""
    async with httpx.AsyncClient() as client:
        return str((await client.get(f"{live.url}/readyz")).json()["parts"]["feed"])


async def feed_is(live: Live, *, well: bool) -> None:
    """Wait until readyz calls the feed well, or not."""

    async def so() -> bool:
        return (await feed_part(live) == "ok") is well

    await until(so)


LISTENER = "FROM pg_stat_activity WHERE datname = current_database() AND application_name <> 'armguard' AND pid <> pg_backend_pid()"


async def test_inv_21_when_the_listening_connection_dies_events_come_and_it_is_made_anew(live: Live, plain_sql: Any) -> None:
    await feed_is(live, well=True)
    async with live.socket("north") as socket:
        follower = await follow(socket)
        assert await plain_sql.fetchval(f"SELECT count(pg_terminate_backend(pid)) {LISTENER}") == 1
        await live.as_("north").issue("S-001", "M4-001")
        assert await follower.serial() == "M4-001"
        await until(lambda: plain_sql.fetchval(f"SELECT 1 {LISTENER}"))
        await feed_is(live, well=True)
        await live.as_("north").give_back("M4-001")
        assert await follower.serial() == "M4-001"


async def test_an_event_is_read_once_for_all_who_may_see_the_same(live: Live) -> None:
    async with live.socket("north") as one, live.socket("north") as two, live.socket("officer") as three:
        followers = [await follow(socket) for socket in (one, one, two, three)]
        before = PLANS.compiled
        await live.as_("north")(
            'mutation ($r: UUID!) { issueItems(input: {requestId: $r, holder: {serviceNumber: "S-001"}, lines: [{item: {serial: '
            '"PVS-001"}}]}) { __typename } }',
            r=str(uuid4()),
        )
        assert [await follower.serial() for follower in followers] == ["PVS-001"] * 4
        assert PLANS.compiled - before == 2  # north's and the officer's: their scopes differ


async def test_inv_21_one_place_that_is_reached_by_other_events_is_told_to_each_viewer_by_its_own(live: Live) -> None:
    """Whoever sees NORTH's last event and then SOUTH's stands where somebody else stands who saw them the other way round."""
    await live.as_("north").issue("S-001", "PVS-001", "PVS-002")
    rows = (await read_events(await stream_of("NORTH"), 0, 1000, None))[-2:]
    asked: Any = Execution.build(
        build_schema(Settings())._schema, parse("subscription { custodyFeed { cursor event { id seq } } }"), context_value=None
    )
    with acting(console_actor("tests")):
        events = [FeedMessage(cursor="the same", event=told(row)) for row in rows]  # type: ignore[arg-type]
        answers = [await asked.build_per_event_executor(event).execute_operation() for event in (*events, *events)]
    seqs = [json.loads(orjson.dumps(answer.data))["custodyFeed"]["event"]["seq"] for answer in answers]
    assert seqs == [row["seq"] for row in rows] * 2


async def test_a_feed_stops_at_once_at_whatever_point_of_its_connecting_it_is_told_to(opened: str, settings: Settings) -> None:
    for steps in (step for step in range(60) for _ in range(4)):
        starting = feed.Feed(opened, settings)
        for _ in range(steps):
            await asyncio.sleep(0)
        await asyncio.wait_for(starting.stop(), 10)


async def test_inv_21_while_no_listening_connection_can_be_made_readyz_says_so_and_events_still_come(
    live: Live, plain_sql: Any, cluster: Cluster
) -> None:
    await feed_is(live, well=True)
    name = await plain_sql.fetchval("SELECT current_database()")
    outside = await asyncpg.connect(cluster.url("postgres"))
    await asyncio.gather(*(database.fetch("SELECT pg_sleep(0.2)") for _ in range(16)))  # the pool has all its connections from now on
    async with live.socket("north") as socket:
        follower = await follow(socket)
        try:
            await outside.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            await plain_sql.execute(f"SELECT pg_terminate_backend(pid) {LISTENER}")
            await live.as_("north").issue("S-001", "M4-001")
            await feed_is(live, well=False)
            assert "slow poll" in await feed_part(live)
            await live.as_("north").issue("S-002", "M4-002")
            assert [await follower.serial(), await follower.serial()] == ["M4-001", "M4-002"]
        finally:
            await outside.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            await outside.close()
        await feed_is(live, well=True)
        await live.as_("north").give_back("M4-001")
        assert await follower.serial() == "M4-001"


class Line:
    """A line to PostgreSQL's socket that can be cut so that neither end hears of it: as a firewall that forgets does."""

    def __init__(self) -> None:
        self.dead: set[int] = set()
        self.made = 0

    async def carry(self, target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        self.made += 1
        number = self.made
        far_reader, far_writer = await asyncio.open_unix_connection(target)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                if number not in self.dead:
                    sink.write(data)
            sink.close()

        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer), return_exceptions=True)

    def cut(self) -> None:
        """Let nothing through any more on the connections there are; new ones work."""
        self.dead.update(range(1, self.made + 1))


async def test_inv_21_a_listening_connection_that_falls_silent_is_noticed_and_made_anew(
    database_url: str, settings: Settings, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "HEARTBEAT_SECONDS", 0.3)
    given, line = {"port": ["5432"], **parse_qs(urlsplit(database_url).query)}, Line()
    near, name = tmp_path_factory.mktemp("line"), f".s.PGSQL.{given['port'][0]}"
    carrier = await asyncio.start_unix_server(lambda r, w: line.carry(f"{given['host'][0]}/{name}", r, w), near / name)
    broadcast_url = f"{database_url.partition('?')[0]}?host={near}&port={given['port'][0]}"
    limits = settings.model_copy(update={"broadcast_url": broadcast_url, "feed_poll_seconds": 60.0})
    async with carrier, running_server(database_url, limits) as live, live.socket("north") as socket:
        await feed_is(live, well=True)
        follower = await follow(socket)
        line.cut()
        await feed_is(live, well=False)
        await feed_is(live, well=True)
        assert line.made >= 2
        await live.as_("north").issue("S-001", "M4-001")
        assert await follower.serial() == "M4-001"  # by the new connection: the slow poll is a minute away


# ----------------------------------------------------------------------------------------------------------- INV-22: only what they may see


async def test_inv_22_nobody_gets_events_of_an_arms_room_out_of_scope(live: Live) -> None:
    officer = live.as_("officer")
    async with live.socket("south") as socket:
        follower, everything = await follow(socket), await follow(socket, BEGINNING)
        await officer.issue("S-001", "M4-001")
        await officer.issue("S-002", "M4-101")
        assert await follower.serial() == "M4-101"
        seen: list[tuple[str, int]] = []
        while everything.cursor != follower.cursor:
            seen += await everything.events(1)
        assert {code for code, _ in seen} == {"SOUTH"}
        assert [seq for _, seq in seen] == list(range(1, len(seen) + 1))


async def test_inv_22_who_asks_for_an_arms_room_out_of_scope_is_told_so_and_gets_nothing(live: Live) -> None:
    ids = await node_ids(live)
    async with live.socket("south") as socket:
        for rooms in ([ids["NORTH"]], [ids["NORTH"], ids["SOUTH"]]):
            follower = Follower(socket, (await subscribe(socket, FEED, armories=rooms)).number)
            assert await follower.end() == "FORBIDDEN"
        nobodys = Follower(socket, (await subscribe(socket, FEED, armories=[])).number)
        assert await nobodys.end() == "BAD_REQUEST"
        ours = await follow(socket, None, [ids["SOUTH"]])
        await live.as_("officer").issue("S-001", "M4-001")
        await live.as_("officer").issue("S-002", "M4-101")
        assert await ours.serial() == "M4-101"


async def test_inv_22_a_cursor_that_names_another_arms_room_shows_nothing_of_it(live: Live) -> None:
    async with live.socket("south") as socket:
        for seq in (0, 1_000_000):  # neither an event, nor whether there are so many
            follower = await follow(socket, feed_cursor({await stream_of("NORTH"): seq}))
            assert (await follower.events(1)) == [("SOUTH", 1)]


async def test_inv_22_disabling_the_account_ends_its_streams_though_no_event_comes(live: Live) -> None:
    async with live.socket("north") as socket, live.socket("north.two") as other:
        follower, untouched = await follow(socket), await follow(other)
        with acting(console_actor("tests")):
            await made(accounts.disable_account(accounts.DisableAccount(uuid4(), "north", "left the unit")))
        assert await follower.end() == "UNAUTHENTICATED"
        await live.as_("officer").issue("S-001", "M4-001")
        assert await untouched.serial() == "M4-001"


async def test_inv_22_signing_out_ends_the_streams_of_that_session_alone(live: Live) -> None:
    tokens = [(await live.as_(None)(SIGN_IN, p=PASSWORD))["signIn"]["token"] for _ in range(2)]
    async with live.socket(None, tokens[0]) as one, live.socket(None, tokens[1]) as two:
        ends, goes_on = await follow(one), await follow(two)
        async with httpx.AsyncClient() as client:
            await client.post(
                f"{live.url}/graphql",
                json={"query": "mutation { signOut { __typename } }"},
                headers={"authorization": f"Bearer {tokens[0]}"},
            )
        assert await ends.end() == "UNAUTHENTICATED"
        await live.as_("north").issue("S-001", "M4-001")
        assert await goes_on.serial() == "M4-001"


async def test_inv_22_a_token_that_is_revoked_ends_its_streams(live: Live) -> None:
    async with live.socket(None, api_token_of("north")) as one, live.socket(None, api_token_of("north")) as other:
        first, second = await follow(one), await follow(other)
        await revoke("north")
        assert [await first.end(), await second.end()] == ["UNAUTHENTICATED", "UNAUTHENTICATED"]


async def test_inv_22_a_token_revoked_while_events_stream_ends_them(live: Live) -> None:
    async with live.socket(None, api_token_of("north")) as socket:
        follower = await follow(socket)
        busy = asyncio.create_task(_keep_busy_as(live, "officer"))
        try:
            await follower.events(10)
            await revoke("north")
            assert await follower.end() == "UNAUTHENTICATED"
        finally:
            busy.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await busy


async def revoke(username: str) -> None:
    """Revoke the token that the world has given to an account."""
    with acting(console_actor("tests")):
        await made(tokens.revoke_token(tokens.RevokeToken(uuid4(), username, "tests")))


async def _keep_busy_as(live: Live, username: str) -> None:
    client = live.as_(username)
    while True:
        await client.issue("S-001", *DEVICES[:20])
        await client.give_back(*DEVICES[:20])


async def test_inv_22_a_token_that_expires_ends_its_streams(live: Live) -> None:
    token = await token_until(timedelta(seconds=1.5))
    async with live.socket(None, token) as socket:
        assert await (await follow(socket)).end() == "UNAUTHENTICATED"


async def token_until(then: timedelta) -> str:
    """A token of the account north that ends so long from now."""
    token, now = f"armg_{uuid4().hex}", datetime.now(UTC)

    async def work() -> None:
        account = await Account.get(username="north")
        given: dict[str, Any] = {"token_hash": token_hash(token), "created_at": now - timedelta(days=1), "expires_at": now + then}
        given["scopes"] = [TokenScope.FEED]
        await ApiToken.create(id=uuid7(), account_id=account.id, name="short", **given)
        await append(Event(REGISTRY, EventType.TOKEN_CREATED, Subject.ACCOUNT, account.id, "Token created: short.", {"username": "north"}))

    with acting(console_actor("tests")):
        await database.transaction(work)
    return token


async def rescope(username: str, *codes: str) -> None:
    """Give an account other arms rooms, with the event that says so."""

    async def work() -> None:
        account = await lock_row(Account, (await Account.get(username=username)).id)
        rooms = [(await Armory.get(code=code)).id for code in codes]
        changes = {"armories": rooms, "all_armories": False}
        await append(await change(account, changes, REGISTRY, EventType.ACCOUNT_CHANGED, Subject.ACCOUNT, {"username": username}))

    with acting(console_actor("tests")):
        await database.transaction(work)


async def test_inv_22_narrowing_the_scope_narrows_the_stream(live: Live) -> None:
    officer = live.as_("officer")
    async with live.socket("auditor") as socket:
        follower = await follow(socket)
        await officer.issue("S-001", "M4-001")
        assert await follower.serial() == "M4-001"
        await rescope("auditor", "SOUTH")

        async def narrowed() -> bool:
            viewer = await live.as_("auditor")("{ armories(first: 5) { edges { node { code } } } }")
            return [edge["node"]["code"] for edge in viewer["armories"]["edges"]] == ["SOUTH"]

        await until(narrowed)
        await officer.issue("S-002", "M4-002")
        await officer.issue("S-003", "M4-101")
        assert await follower.serial() == "M4-101"

        async def let_go() -> bool:
            return set(the_feed()._tails) == {await stream_of("SOUTH")}

        await until(let_go)


async def test_inv_22_an_event_is_read_with_the_scope_of_its_moment(live: Live) -> None:
    async with live.socket("north") as socket:
        follower = await follow(socket)
        await rescope("north", "NORTH", "SOUTH")
        event = await follower.message()
        assert event["armory"] == {"code": "SOUTH"}


async def test_inv_22_nobody_signed_in_sees_nothing(live: Live) -> None:
    async with live.socket(None) as socket:
        assert await Follower(socket, (await subscribe(socket, FEED)).number).end() == "UNAUTHENTICATED"


# ----------------------------------------------------------------------------------------------------------------------------- what is left


def doings() -> set[asyncio.Task[Any]]:
    """The tasks there are."""
    return {task for task in asyncio.all_tasks() if not task.done()}


async def test_subscribers_that_are_cut_off_leave_nothing_behind(live: Live) -> None:
    await live.as_("north").issue("S-001", "M4-001")
    before = doings()
    async with contextlib.AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(live.socket("officer")) for _ in range(50)]
        followers = [await follow(socket) for socket in sockets]
        busy = asyncio.create_task(many_events(live, 2))
        await asyncio.gather(*(follower.events(5) for follower in followers))
        assert {len(tail.watchers) for tail in the_feed()._tails.values()} == {1}  # who ask the same read once
        for socket in sockets:
            socket.transport.abort()  # no close frame, no goodbye
        await busy

        async def nothing_left() -> bool:
            return not the_feed()._tails and not (doings() - before - {task for task in doings() if "Client" in repr(task)})

        await until(nothing_left)
    # and every connection to the database is free again: as many reads at once as there are places
    await asyncio.gather(*(database.fetch("SELECT pg_sleep(0.05)") for _ in range(database.door().settings.pool_size)))
    assert database.door().places._value == database.door().settings.pool_size


async def test_a_subscription_that_is_completed_leaves_nothing_behind(live: Live) -> None:
    async with live.socket("north") as socket:
        stays, goes = await follow(socket), await follow(socket)
        await socket.send(json.dumps({"id": goes.number, "type": "complete"}))

        async def one_left() -> bool:
            return live.audiences.sizes() == [1]

        await until(one_left)
        await live.as_("north").issue("S-001", "M4-001")
        assert await stays.serial() == "M4-001"


# ------------------------------------------------------------------------------------------------------------------------------- the socket


async def test_several_subscriptions_on_one_socket_each_get_everything(live: Live) -> None:
    async with live.socket("north") as socket:
        # One reader for the socket: each message belongs to the subscription whose id it bears.
        numbers = [(await subscribe(socket, FEED)).number for _ in range(10)]
        got: dict[str, list[Any]] = {number: [] for number in numbers}

        async def receive(count: int) -> None:
            async with asyncio.timeout(SOON):
                while any(len(messages) < count for messages in got.values()):
                    message = json.loads(await socket.recv())
                    got[message["id"]].append(message["payload"]["data"]["custodyFeed"]["event"])

        await receive(1)
        await live.as_("north").issue("S-001", *DEVICES[:5])
        await receive(6)
        expected = [None, *DEVICES[:5]]
        assert [[event and event["item"]["serial"] for event in messages] for messages in got.values()] == [expected] * 10


async def closed_with(live: Live, *frames: str | bytes, init: bool = True, protocol: str = "graphql-transport-ws") -> int | None:
    """The code with which the server closes a socket after these frames."""
    async with connect(live.socket_url, subprotocols=[protocol]) as socket:  # type: ignore[list-item]
        with contextlib.suppress(ConnectionClosed):
            if init:
                await socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token_of('north')}"}}))
            for frame in frames:
                await socket.send(frame)
            async with asyncio.timeout(SOON):
                while True:
                    await socket.recv()
        return socket.close_code


async def test_a_token_that_has_expired_closes_the_socket_with_4403(live: Live) -> None:
    for token in (await token_until(timedelta(seconds=-1)), "armg_nobody", ""):
        init = json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}})
        assert await closed_with(live, init, init=False) == 4403


async def test_the_legacy_protocol_is_refused(live: Live) -> None:
    assert (
        await closed_with(live, json.dumps({"type": "start", "id": "1", "payload": {"query": FEED}}), init=False, protocol="graphql-ws")
        == 4406
    )


def frame(**message: Any) -> str:
    """A frame."""
    return json.dumps(message)


QUERY = {"query": FEED}
LONG = "é" * 500
BROKEN: dict[str, str | bytes] = {
    "a list": "[]",
    "a number": "1",
    "null": "null",
    "a string": '"subscribe"',
    "not JSON": "{",
    "nothing": "",
    "half a pair": frame(type="\ud800"),
    "too deep": "[" * 100_000,
    "a number too long": "1" * 5000,
    "binary": b"{}",
    "binary and no text": b"\xff\xfe",
    "no type": "{}",
    "a type that is a list": frame(type=[]),
    "an unknown type": frame(type="start"),
    "an unknown long type": frame(type=LONG),
    "init twice": frame(type="connection_init"),
    "subscribe alone": frame(type="subscribe"),
    "an id that is a list": frame(type="subscribe", id=[], payload=QUERY),
    "an id that is a number": frame(type="subscribe", id=1, payload=QUERY),
    "no id": frame(type="subscribe", payload=QUERY),
    "a payload that is a string": frame(type="subscribe", id="1", payload="x"),
    "a payload that is a list": frame(type="subscribe", id="1", payload=[]),
    "no query": frame(type="subscribe", id="1", payload={}),
    "a query that is a number": frame(type="subscribe", id="1", payload={"query": 1}),
    "variables that are a list": frame(type="subscribe", id="1", payload={**QUERY, "variables": []}),
    "an operation name that is a number": frame(type="subscribe", id="1", payload={**QUERY, "operationName": 1}),
    "extensions that are a list": frame(type="subscribe", id="1", payload={**QUERY, "extensions": []}),
    "complete with a list": frame(type="complete", id=[]),
    "complete alone": frame(type="complete"),
}


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """No traceback is logged, by us or by a library, and no task of the loop dies unheard."""
    with caplog.at_level(logging.INFO):
        yield
    assert [record.getMessage() for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR] == []
    assert "Traceback" not in "".join(capfd.readouterr())


@pytest.mark.usefixtures("quiet")
async def test_a_frame_that_is_no_message_closes_the_socket_with_a_code_that_says_so(live: Live) -> None:
    codes = {name: await closed_with(live, sent) for name, sent in BROKEN.items()}
    assert {name: code for name, code in codes.items() if code != 4400} == {"init twice": 4429}
    async with live.socket("north") as socket:
        await follow(socket)  # the server is well


@pytest.mark.usefixtures("quiet")
async def test_a_frame_that_is_no_message_closes_the_socket_also_before_it_is_acknowledged(live: Live) -> None:
    codes = {name: await closed_with(live, sent, init=False) for name, sent in BROKEN.items() if name != "init twice"}
    unasked = {name for name, sent in BROKEN.items() if "subscribe" in str(sent) and name != "a string"}
    assert {name for name, code in codes.items() if code == 4401} == unasked
    assert {name for name, code in codes.items() if code != 4400} == unasked
    assert await closed_with(live, frame(type="subscribe", id="1", payload=QUERY), init=False) == 4401
    assert await closed_with(live, frame(type="connection_init", payload=[]), init=False) == 4400


@pytest.mark.usefixtures("quiet")
async def test_an_id_that_is_taken_closes_the_socket_however_long_it_is(live: Live) -> None:
    again = frame(type="subscribe", id=LONG, payload=QUERY)
    assert await closed_with(live, again, again) == 4409


@pytest.mark.usefixtures("quiet")
async def test_a_socket_closed_for_a_bad_frame_takes_its_subscriptions_with_it(live: Live) -> None:
    begun = [frame(type="subscribe", id=str(number), payload=QUERY) for number in range(20)]
    wrong = [frame(type="subscribe", id=f"wrong {number}", payload={"query": "{"}) for number in range(5)]
    assert await closed_with(live, *begun, *wrong, "[]") == 4400

    async def nothing_left() -> bool:
        return not the_feed()._tails

    await until(nothing_left)


@pytest.mark.usefixtures("quiet")
async def test_clients_cut_off_in_the_middle_of_a_burst_are_no_error_of_ours(live: Live) -> None:
    async with contextlib.AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(live.socket("north")) for _ in range(10)]
        for socket in sockets:
            await follow(socket, BEGINNING)
            socket.transport.abort()

        async def nothing_left() -> bool:
            return not the_feed()._tails

        await until(nothing_left)


async def test_a_cursor_longer_than_one_can_be_is_refused(live: Live) -> None:
    async with live.socket("north") as socket:
        follower = await follow(socket, feed_cursor({str(uuid4()): 2**62 for _ in range(1000)}))
        assert await follower.end() == "BAD_REQUEST"


async def test_a_cursor_forgets_streams_that_there_are_not_and_keeps_those_out_of_scope(live: Live) -> None:
    places = {await stream_of("NORTH"): 0, await stream_of("SOUTH"): 1}
    async with live.socket("north") as socket:
        follower = await follow(socket, feed_cursor({**{str(uuid4()): 5 for _ in range(200)}, **places}))
        ((code, seq),) = await follower.events(1)
        assert (code, seq) == ("NORTH", 1)
        assert read_feed_cursor(follower.cursor) == {**places, await stream_of("NORTH"): 1}


async def test_more_operations_than_a_socket_may_have_are_refused_and_those_there_are_go_on(live: Live) -> None:
    async with live.socket("north") as socket:
        first = await follow(socket)
        for _ in range(49):
            await subscribe(socket, FEED)
        one_too_many = Follower(socket, (await subscribe(socket, FEED)).number)
        assert (await one_too_many.next())["type"] == "error"
        await live.as_("north").issue("S-001", "M4-001")
        assert await first.serial() == "M4-001"
