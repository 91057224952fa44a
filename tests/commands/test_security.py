"""What touches who may do what: in the ledger what accounts did, in a bounded log what strangers tried; and who may read it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from graph.commands import security, sessions
from graph.commands.attempts import NOTES_AN_HOUR
from graph.errors import Refused
from graph.models.security import NOTE, SLOTS
from graph.words import SecurityKind
from tests.server import Client, Live, Subscription, subscribe
from tests.signing import bearing, command, nodes, refresh, sign_in
from tests.world import PASSWORD

Sql = Any
EVENTS = """query ($f: SecurityFilter, $n: Int, $after: String) { securityEvents(filter: $f, first: $n, after: $after) {
  totalCount pageInfo { hasNextPage endCursor } edges { node { id at kind name actorName address detail recorded } } } }"""
FEED = "subscription ($after: String) { securityFeed(after: $after) { cursor event { id kind name address detail recorded } } }"


async def events(client: Client, first: int = 100, after: str | None = None, **filter_: Any) -> Any:
    """A page of security events, the newest first."""
    return (await client(EVENTS, f=filter_, n=first, after=after))["securityEvents"]


async def failed(username: str = "officer", address: str = "10.0.0.66") -> None:
    """A sign-in that fails."""
    assert isinstance(await sessions.sign_in(sessions.SignIn(username, "a guess at it", address)), Refused)


# -------------------------------------------------------------------------------------------------------------------------- it is bounded


async def test_the_log_is_a_ring_in_which_the_newest_takes_the_place_of_the_oldest(opened: str, plain_sql: Sql) -> None:
    for number in range(3):
        await security.note_attempt(SecurityKind.TOKEN_REFUSED, f"first {number}", f"10.0.0.{number}")
    await plain_sql.execute("SELECT setval('security_log_seq', $1)", SLOTS)
    for number in range(2):
        await security.note_attempt(SecurityKind.TOKEN_REFUSED, f"later {number}", f"10.0.1.{number}")
    rows = await plain_sql.fetch("SELECT slot, seq, name FROM security_log ORDER BY seq")
    assert [(row["slot"], row["seq"], row["name"]) for row in rows] == [
        (3, 3, "first 2"),
        (1, SLOTS + 1, "later 0"),
        (2, SLOTS + 2, "later 1"),
    ]


async def test_who_serves_can_neither_take_a_place_back_nor_empty_it(opened: str, database_url: str) -> None:
    await failed()
    connection = await asyncpg.connect(database_url)
    for attack in (
        "DELETE FROM security_log",
        "TRUNCATE security_log",
        "UPDATE security_log SET name = 'somebody else'",
        "UPDATE security_log SET seq = 0, slot = 0",
        "SELECT setval('security_log_seq', 1)",
        "INSERT INTO security_log VALUES (1, 1, now(), 'SIGN_IN_FAILED', 'x', 'x', '') ON CONFLICT (slot) DO UPDATE SET name = 'x'",
    ):
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute(attack)
    await connection.close()


async def test_a_flood_from_one_address_leaves_few_and_does_not_wash_others_away(opened: str, plain_sql: Sql) -> None:
    await failed(address="10.0.0.5")
    for number in range(NOTES_AN_HOUR + 50):
        await security.note_attempt(SecurityKind.TOKEN_REFUSED, "", f"2001:db8::{number:x}")  # one owner's network
    await security.note_attempt(SecurityKind.SIGN_IN_FAILED, "officer", "2001:db8::1")  # what else they try is seen
    counts = await plain_sql.fetch("SELECT kind, count(*) FROM security_log GROUP BY kind")
    assert {row["kind"]: row["count"] for row in counts} == {"TOKEN_REFUSED": NOTES_AN_HOUR, "SIGN_IN_FAILED": 2}
    assert NOTES_AN_HOUR * 24 < SLOTS


async def test_what_is_too_long_to_keep_is_kept_as_far_as_it_goes(opened: str, plain_sql: Sql) -> None:
    await security.note_attempt(SecurityKind.PIN_FAILED, "n" * 1000, "a" * 1000, "d" * 1000)
    row = await plain_sql.fetchrow("SELECT * FROM security_log")
    assert (len(row["name"]), len(row["address"]), len(row["detail"])) == (64, 64, 256)


async def test_attempts_at_the_same_moment_are_numbered_in_the_order_in_which_they_can_be_read(opened: str, database_url: str) -> None:
    """Else a feed that has seen number 6 would never look for number 5, which was not there yet."""
    slow, quick = await asyncpg.connect(database_url), await asyncpg.connect(database_url)
    given = (SecurityKind.SIGN_IN_FAILED.value, "officer", "10.0.0.66", "")
    under_way = slow.transaction()
    await under_way.start()
    await slow.execute(NOTE, *given)
    waiting = asyncio.create_task(quick.execute(NOTE, *given))
    done, _ = await asyncio.wait([waiting], timeout=0.5)
    assert not done  # the second waits for the first
    await under_way.commit()
    await waiting
    seqs = [row["seq"] for row in await quick.fetch("SELECT seq FROM security_log ORDER BY at")]
    assert seqs == sorted(seqs)
    await slow.close()
    await quick.close()


# ------------------------------------------------------------------------------------------------------------------ what is kept, and where


async def test_what_strangers_try_is_in_the_log_and_what_accounts_do_in_the_ledger(live: Live) -> None:
    stranger = live.as_(None)
    await sign_in(stranger, "officer", "a guess at it")
    await refresh(stranger, "armgr_guessed")
    await bearing(live, "armg_guessed").code("{ viewer { username } }")
    first = await sign_in(stranger, "north")
    client = bearing(live, first["token"])
    assert await client.code("{ accounts(first: 1) { totalCount } }") == "FORBIDDEN"
    assert await client.code("{ accounts(first: 1) { totalCount } }") == "FORBIDDEN"  # once an hour is enough
    await client("mutation { signOut { username } }")
    await command(live.as_("admin"), "changeAccount", "... on AccountSaved { account { roles } }", username="north", roles=["VIEWER"])

    seen = nodes(await events(live.as_("auditor"), 6, since="2000-01-01T00:00:00Z"))
    assert [(event["kind"], event["name"], event["actorName"], event["recorded"]) for event in seen] == [
        ("ACCOUNT_CHANGED", "north", "admin", True),
        ("SIGNED_OUT", "north", "north", True),
        ("ACCESS_REFUSED", "north", "north", True),
        ("SIGNED_IN", "north", "north", True),
        ("TOKEN_REFUSED", "", "", False),
        ("REFRESH_REFUSED", "", "", False),
    ]
    assert seen[2]["detail"] == "Access refused: north asked for accounts."
    assert {event["address"] for event in seen[2:]} >= {"127.0.0.1"}
    told = json.dumps(nodes(await events(live.as_("auditor"))))
    for secret in (PASSWORD, first["token"], first["refreshToken"], "armgr_guessed", "armg_guessed", "a guess at it"):
        assert secret not in told


async def test_security_events_are_filtered_and_paged(live: Live) -> None:
    for number in range(5):
        await failed("officer" if number % 2 else "commander", f"10.0.0.{number}")
    auditor = live.as_("auditor")
    assert (await events(auditor, kind="SIGN_IN_FAILED"))["totalCount"] == 5
    assert {event["address"] for event in nodes(await events(auditor, kind="SIGN_IN_FAILED", name="OFFICER"))} == {"10.0.0.1", "10.0.0.3"}
    assert [event["name"] for event in nodes(await events(auditor, address="10.0.0.4"))] == ["commander"]
    assert nodes(await events(auditor, since="2999-01-01T00:00:00Z")) == []
    whole = [event["id"] for event in nodes(await events(auditor))]
    paged: list[str] = []
    after, more = None, True
    while more:
        page = await events(auditor, 7, after)
        paged += [event["id"] for event in nodes(page)]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert paged == whole
    assert len(set(paged)) == len(paged)
    one = await auditor("query ($i: ID!) { node(id: $i) { ... on SecurityEvent { kind address } } }", i=whole[0])
    assert one["node"] == {"kind": "SIGN_IN_FAILED", "address": "10.0.0.4"}


@pytest.mark.parametrize("username", ["north", "officer", "commander", "viewer", None])
async def test_who_keeps_no_accounts_reads_none_of_it(live: Live, username: str | None) -> None:
    await failed()
    known = nodes(await events(live.as_("admin")))[0]["id"]
    client = live.as_(username)
    code = "FORBIDDEN" if username else "UNAUTHENTICATED"
    assert await client.code(EVENTS, f={}, n=1) == code
    if username:
        assert (await client("query ($i: ID!) { node(id: $i) { id } }", i=known))["node"] is None
    async with live.socket(username) as socket:
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": FEED}}))
        assert code in str(await socket.recv())


# ------------------------------------------------------------------------------------------------------------------------------- the feed


async def taken(feed: Subscription, count: int) -> list[tuple[str, str, str]]:
    """The next messages of the feed: kind, name and cursor."""
    messages = [(await feed.next())["data"]["securityFeed"] for _ in range(count)]
    return [(message["event"]["kind"], message["event"]["name"], message["cursor"]) for message in messages]


async def test_the_feed_tells_what_happens_and_goes_on_after_any_cursor_without_a_gap(live: Live) -> None:
    async with live.socket("auditor") as socket:
        feed = await subscribe(socket, FEED)
        begun = (await feed.next())["data"]["securityFeed"]
        assert begun["event"] is None
        await failed("officer")
        (first,) = await taken(feed, 1)
        await sign_in(live.as_(None), "north")
        await failed("commander")
        seen = [first, *await taken(feed, 2)]
    assert [(kind, name) for kind, name, _ in seen] == [
        ("SIGN_IN_FAILED", "officer"),
        ("SIGNED_IN", "north"),
        ("SIGN_IN_FAILED", "commander"),
    ]
    await failed("viewer")
    for place in range(3):
        cursor = begun["cursor"] if place == 0 else seen[place - 1][2]
        async with live.socket("auditor") as socket:
            feed = await subscribe(socket, FEED, after=cursor)
            later = await taken(feed, 4 - place)
            assert [name for _, name, _ in later] == ["officer", "north", "commander", "viewer"][place:]


async def test_a_clock_that_is_set_back_neither_repeats_an_event_nor_loses_one(live: Live, plain_sql: Sql) -> None:
    async with live.socket("auditor") as socket:
        start = (await (await subscribe(socket, FEED)).next())["data"]["securityFeed"]["cursor"]
    for name in ("one", "two", "three"):
        await failed(name)
    await plain_sql.execute("SET session_replication_role = replica")
    await plain_sql.execute("UPDATE security_log SET at = at - interval '1 h' WHERE name = 'two'")
    await plain_sql.execute("SET session_replication_role = DEFAULT")
    async with live.socket("auditor") as socket:
        feed = await subscribe(socket, FEED, after=start)
        seen = await taken(feed, 3)
        assert [name for _, name, _ in seen] == ["one", "two", "three"]
        await failed("four")
        assert [name for _, name, _ in await taken(feed, 1)] == ["four"]
    async with live.socket("auditor") as socket:
        assert [name for _, name, _ in await taken(await subscribe(socket, FEED, after=seen[0][2]), 3)] == ["two", "three", "four"]


async def test_the_feed_ends_for_whoever_may_not_see_it_any_more(live: Live) -> None:
    async with live.socket("auditor") as socket:
        feed = await subscribe(socket, FEED)
        await feed.next()
        await command(live.as_("admin"), "changeAccount", "... on AccountSaved { account { id } }", username="auditor", roles=["VIEWER"])
        while "errors" not in str(message := await feed.next()) and "FORBIDDEN" not in str(message):
            assert message["data"]["securityFeed"]["event"]["kind"] == "ACCOUNT_CHANGED"
        assert "FORBIDDEN" in str(message)


@pytest.mark.parametrize("cursor", ["", "x", "e30=", "eyJsZWRnZXIiOi0xLCJsb2ciOjB9", "armgr_x"])
async def test_a_cursor_of_something_else_is_told_so(live: Live, cursor: str) -> None:
    async with live.socket("auditor") as socket:
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": FEED, "variables": {"after": cursor}}}))
        answer = str(await socket.recv())
    assert "BAD_REQUEST" in answer
    assert "cursor" in answer.lower()
