"""Sign-ins: how they begin, go on and end; what is told of them, and to whom."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest

from graph.audit.actor import acting, console_actor
from graph.commands import accounts, passwords, sessions
from graph.commands.attempts import attempts
from graph.errors import RateLimited, Refused
from graph.models.accounts import Session
from graph.settings import Settings
from graph.words import Role
from tests.server import Live, running_server
from tests.signing import SESSIONS, SIGN_IN, VIEWER, bearing, code_of, command, ended, nodes, refresh, refused, sign_in
from tests.world import PASSWORD, made, token_of

Sql = Any


async def aged(sql: Sql, token: str, seconds: float) -> None:
    """Let it be so many seconds ago that a refresh token was exchanged: what never changes is changed as its owner can."""
    await sql.execute("SET session_replication_role = replica")
    await sql.execute(
        "UPDATE session_token SET used_at = used_at - make_interval(secs => $2) WHERE token_hash = sha256($1)", token.encode(), seconds
    )
    await sql.execute("SET session_replication_role = DEFAULT")


async def counted(sql: Sql, type_: str) -> int:
    """How many events of a type the ledger has."""
    return int(await sql.fetchval("SELECT count(*) FROM ledger_event WHERE type = $1", type_))


# -------------------------------------------------------------------------------------------------------------------------------- it begins


async def test_an_armorer_signs_in_and_the_ledger_says_from_where(live: Live, plain_sql: Sql) -> None:
    answer = await sign_in(live.as_(None), "  North ")
    assert (answer["username"], answer["roles"], answer["unfinished"]) == ("north", ["ARMORER"], None)
    assert answer["token"].startswith("armgs_")
    assert answer["refreshToken"].startswith("armgr_")
    assert answer["expiresAt"] < answer["sessionEndsAt"]
    assert (await bearing(live, answer["token"])(VIEWER))["viewer"]["username"] == "north"
    told = await plain_sql.fetchrow("SELECT * FROM ledger_event WHERE type = 'SIGNED_IN' ORDER BY seq DESC LIMIT 1")
    assert told["actor_name"] == "north"
    assert '"address":"127.0.0.1"' in told["payload"].replace(" ", "")
    everything = await plain_sql.fetchval("SELECT string_agg(e::text, '') FROM ledger_event e")
    stored = await plain_sql.fetchval("SELECT string_agg(t::text, '') FROM session_token t")
    for secret in (answer["token"], answer["refreshToken"], PASSWORD):
        assert secret not in everything
        assert secret not in stored


@pytest.mark.parametrize(
    ("username", "password"), [("north", "wrong"), ("nobody", PASSWORD), ("left", PASSWORD), ("never", PASSWORD)], ids=str
)
async def test_whoever_is_refused_costs_as_many_hashes_and_gets_the_same_answer(
    opened: str, monkeypatch: pytest.MonkeyPatch, username: str, password: str
) -> None:
    for name in ("left", "never"):
        create = accounts.CreateAccount(uuid4(), name, (Role.VIEWER,), all_armories=True)
        await made(accounts.create_account(create, PASSWORD if name == "left" else None))
    await made(accounts.disable_account(accounts.DisableAccount(uuid4(), "left", "left the unit")))
    work: Counter[str] = Counter()

    class Counting:
        def __init__(self, real: Any) -> None:
            self.real = real

        def hash(self, given: str) -> str:
            work["made"] += 1
            return str(self.real.hash(given))

        def verify(self, stored: str, given: str) -> bool:
            work["checked"] += 1
            return bool(self.real.verify(stored, given))

    passwords._nobodys_hash.cache_clear()
    monkeypatch.setattr(passwords, "_hasher", Counting(passwords._hasher))
    answer = await sessions.sign_in(sessions.SignIn(username, password, "10.0.0.5"))
    assert isinstance(answer, Refused)
    assert [refusal.message for refusal in answer.refusals] == ["The username or the password is wrong."]
    assert work == {"made": 1, "checked": 1}  # the one that nobody has is made once, whoever comes first


async def test_two_names_of_one_attacker_take_turns_but_the_owner_comes_in_from_elsewhere(opened: str, plain_sql: Sql) -> None:
    for number in range(10):
        assert isinstance(await sessions.sign_in(sessions.SignIn("officer", f"guess {number}", "10.0.0.66")), Refused)
    with pytest.raises(RateLimited, match="Try again in"):
        await sessions.sign_in(sessions.SignIn("officer", PASSWORD, "10.0.0.66"))
    assert isinstance(await sessions.sign_in(sessions.SignIn("officer", PASSWORD, "10.0.0.5")), sessions.SignedIn)
    assert isinstance(await sessions.sign_in(sessions.SignIn("north", PASSWORD, "10.0.0.66")), sessions.SignedIn)
    log = await plain_sql.fetch("SELECT kind, count(*) FROM security_log WHERE address = '10.0.0.66' GROUP BY kind")
    assert {row["kind"]: row["count"] for row in log} == {"SIGN_IN_FAILED": 10, "SIGN_IN_LOCKED": 1}


async def test_whoever_has_a_network_of_ipv6_addresses_is_one_attacker(opened: str) -> None:
    for number in range(10):
        await sessions.sign_in(sessions.SignIn("officer", "guess", f"2001:db8:0:1::{number:x}"))
    with pytest.raises(RateLimited):
        await sessions.sign_in(sessions.SignIn("officer", PASSWORD, "2001:db8:0:1:ffff::1"))
    assert isinstance(await sessions.sign_in(sessions.SignIn("officer", PASSWORD, "2001:db8:0:2::1")), sessions.SignedIn)
    for number in range(10):
        await sessions.sign_in(sessions.SignIn("north", "guess", f"::ffff:10.0.0.{number}"))  # IPv4 over a socket of both
    assert isinstance(await sessions.sign_in(sessions.SignIn("north", PASSWORD, "::ffff:10.0.0.77")), sessions.SignedIn)


async def test_who_guesses_from_a_thousand_addresses_waits_and_the_owner_at_the_usual_desk_does_not(opened: str, plain_sql: Sql) -> None:
    assert isinstance(await sessions.sign_in(sessions.SignIn("officer", PASSWORD, "10.0.0.5")), sessions.SignedIn)
    for name, before in (("officer", 98), ("nobody", 99)):  # of the officer's, the first one counts
        for _ in range(before):
            await attempts().take(attempts().abroad, name)
    for name in ("officer", "nobody"):  # whether there is such an account, nobody learns by it
        assert isinstance(await sessions.sign_in(sessions.SignIn(name, "guess", "10.9.0.1")), Refused)
        with pytest.raises(RateLimited):
            await sessions.sign_in(sessions.SignIn(name, "guess", "10.9.0.2"))
    with pytest.raises(RateLimited):
        await sessions.sign_in(sessions.SignIn("officer", PASSWORD, "10.9.0.3"))
    assert isinstance(await sessions.sign_in(sessions.SignIn("officer", PASSWORD, "10.0.0.5")), sessions.SignedIn)
    assert isinstance(await sessions.sign_in(sessions.SignIn("north", PASSWORD, "10.9.0.1")), sessions.SignedIn)
    assert await plain_sql.fetchval("SELECT count(*) FROM security_log WHERE kind = 'SIGN_IN_LOCKED'") == 3


async def test_a_flood_of_names_is_not_remembered_name_by_name(opened: str) -> None:
    for _ in range(100):
        await attempts().take(attempts().of_address, "10.0.0.66")
    for number in range(50):
        with pytest.raises(RateLimited):
            await sessions.sign_in(sessions.SignIn(f"name{number}", "guess", "10.0.0.66"))
    assert len(attempts().meter.memory.events) < 10


async def test_a_password_longer_than_any_is_wrong_and_not_cut_off(live: Live) -> None:
    longest = "a long password " * 64
    with acting(console_actor("tests")):
        assert isinstance(await accounts.set_password(accounts.SetPassword(uuid4(), "north"), longest + "x"), Refused)
        await made(accounts.set_password(accounts.SetPassword(uuid4(), "north"), longest))
    assert refused(await sign_in(live.as_(None), "north", longest + "x")) == "SIGN_IN_FAILED"
    assert (await sign_in(live.as_(None), "north", longest))["username"] == "north"


async def test_a_password_is_the_same_on_every_keyboard(live: Live) -> None:
    with acting(console_actor("tests")):
        await made(accounts.set_password(accounts.SetPassword(uuid4(), "north"), "pilar y el r\u00edo grande"))
    assert (await sign_in(live.as_(None), "north", "pilar y el ri\u0301o grande"))["username"] == "north"


# ------------------------------------------------------------------------------------------------------------------------------- it goes on


async def test_a_sign_in_goes_on_by_its_refresh_token_and_every_token_works_as_long_as_it_says(live: Live) -> None:
    first = await sign_in(live.as_(None), "north")
    second = await refresh(live.as_(None), first["refreshToken"])
    third = await refresh(live.as_(None), second["refreshToken"])
    assert len({each[name] for each in (first, second, third) for name in ("token", "refreshToken")}) == 6
    for each in (first, second, third):
        assert (await bearing(live, each["token"])(VIEWER))["viewer"]["username"] == "north"
    open_ = nodes((await live.as_("north")(SESSIONS))["sessions"])
    assert [node["open"] for node in open_] == [True, True]  # that of the world, and one


async def test_a_refresh_token_that_comes_again_ends_the_sign_in_for_both_and_is_in_the_ledger(live: Live, plain_sql: Sql) -> None:
    first = await sign_in(live.as_(None), "north")
    second = await refresh(live.as_(None), first["refreshToken"])
    client = bearing(live, second["token"])
    await client(VIEWER)
    await aged(plain_sql, first["refreshToken"], 60)
    assert refused(await refresh(live.as_(None), first["refreshToken"])) == "SIGN_IN_FAILED"
    await ended(client)
    assert refused(await refresh(live.as_(None), second["refreshToken"])) == "SIGN_IN_FAILED"
    (told,) = await plain_sql.fetch("SELECT * FROM ledger_event WHERE type = 'REFRESH_REUSED'")
    assert told["actor_name"] == "system:sessions"
    assert "north" in told["summary"]
    assert "127.0.0.1" in told["payload"]
    noted = await plain_sql.fetch("SELECT name FROM security_log WHERE kind = 'REFRESH_REFUSED'")
    assert [row["name"] for row in noted] == ["north", "north"]
    assert (await live.as_("north")(VIEWER))["viewer"]["username"] == "north"  # another sign-in of the same account goes on


async def test_two_tabs_refresh_at_once_and_both_go_on(live: Live, plain_sql: Sql) -> None:
    first = await sign_in(live.as_(None), "north")
    client = live.as_(None)
    tabs = await asyncio.gather(*(refresh(client, first["refreshToken"]) for _ in range(5)))
    for tab in tabs:
        assert (await bearing(live, tab["token"])(VIEWER))["viewer"]["username"] == "north"
    assert await counted(plain_sql, "REFRESH_REUSED") == 0
    kept = tabs[-1]  # the cookie that came last
    assert (await refresh(client, kept["refreshToken"]))["username"] == "north"


async def test_a_thief_who_is_as_quick_as_a_second_tab_is_found_out_by_the_next_exchange(live: Live, plain_sql: Sql) -> None:
    first, client = await sign_in(live.as_(None), "north"), live.as_(None)
    owner = await refresh(client, first["refreshToken"])
    thief = await refresh(client, first["refreshToken"])
    later = await refresh(client, thief["refreshToken"])
    assert later["username"] == "north"
    await aged(plain_sql, owner["refreshToken"], 60)  # ten minutes later the owner goes on
    assert refused(await refresh(client, owner["refreshToken"])) == "SIGN_IN_FAILED"
    await ended(bearing(live, later["token"]))
    assert await counted(plain_sql, "REFRESH_REUSED") == 1


async def test_without_grace_one_of_two_at_once_wins_and_the_sign_in_ends(database_url: str, settings: Settings, plain_sql: Sql) -> None:
    async with running_server(database_url, settings.model_copy(update={"refresh_grace_seconds": 0})) as live:
        first, client = await sign_in(live.as_(None), "north"), live.as_(None)
        answers = await asyncio.gather(*(refresh(client, first["refreshToken"]) for _ in range(2)))
        assert sorted("token" in answer for answer in answers) == [False, True]
        won = next(answer for answer in answers if "token" in answer)
        await ended(bearing(live, won["token"]))
        assert refused(await refresh(client, won["refreshToken"])) == "SIGN_IN_FAILED"
    assert await counted(plain_sql, "REFRESH_REUSED") == 1


@pytest.mark.parametrize("token", ["armgr_", "armgr_\xe9", "armgr_" + "x" * 1000, "", "armgs_test-session-of-north"])
async def test_what_is_no_refresh_token_begins_nothing(live: Live, token: str) -> None:
    assert refused(await refresh(live.as_(None), token)) == "SIGN_IN_FAILED"


async def test_an_access_token_does_not_refresh_and_a_refresh_token_does_not_act(live: Live) -> None:
    first = await sign_in(live.as_(None), "north")
    assert refused(await refresh(live.as_(None), first["token"])) == "SIGN_IN_FAILED"
    assert await bearing(live, first["refreshToken"]).code(VIEWER) == "UNAUTHENTICATED"


async def test_a_disabled_account_neither_goes_on_nor_begins_anew(live: Live) -> None:
    first = await sign_in(live.as_(None), "north")
    with acting(console_actor("tests")):
        await made(accounts.disable_account(accounts.DisableAccount(uuid4(), "north", "stolen badge")))
    assert refused(await refresh(live.as_(None), first["refreshToken"])) == "SIGN_IN_FAILED"
    assert refused(await sign_in(live.as_(None), "north")) == "SIGN_IN_FAILED"
    await ended(bearing(live, first["token"]))


async def test_a_sign_in_ends_by_itself_and_is_not_refreshed_beyond_it(live: Live, plain_sql: Sql) -> None:
    first = await sign_in(live.as_(None), "north")
    await plain_sql.execute("SET session_replication_role = replica")
    await plain_sql.execute("UPDATE session SET created_at = now() - interval '2 d', expires_at = now() - interval '1 s'")
    await plain_sql.execute("SET session_replication_role = DEFAULT")
    assert refused(await refresh(live.as_(None), first["refreshToken"])) == "SIGN_IN_FAILED"
    await ended(bearing(live, first["token"]))
    with acting(console_actor("tests")):
        ended_ = await sessions.end_all_sessions(sessions.EndSessions(uuid4(), "north"))
    assert not isinstance(ended_, Refused)
    assert ended_.rows == ()  # none of those was open


# ---------------------------------------------------------------------------------------------------------------------------------- it ends


async def test_signing_out_ends_the_refresh_token_too(live: Live) -> None:
    first = await sign_in(live.as_(None), "north")
    client = bearing(live, first["token"])
    assert (await client("mutation { signOut { username } }"))["signOut"] == {"username": "north"}
    assert await client.code(VIEWER) == "UNAUTHENTICATED"
    assert refused(await refresh(live.as_(None), first["refreshToken"])) == "SIGN_IN_FAILED"


async def test_sign_ins_are_listed_to_their_owner_and_to_who_keeps_accounts_and_ended_by_them(live: Live, plain_sql: Sql) -> None:
    first = await sign_in(live.as_(None), "north")
    client = bearing(live, first["token"])
    mine = nodes((await client(SESSIONS))["sessions"])
    assert {node["account"]["username"] for node in mine} == {"north"}
    assert mine[0]["address"] == "127.0.0.1"
    everybodys = nodes((await live.as_("auditor")(SESSIONS))["sessions"])
    assert {node["account"]["username"] for node in everybodys} > {"north", "admin"}
    lost = mine[0]["id"]

    unknown = "You have no such sign-in."
    for other in ("north.two", "officer", "auditor"):  # who may not end it, and who never knew of it, are told the same
        (refusal,) = (await command(live.as_(other), "endSession", "... on SessionsEnded { sessions }", session=lost))["refusals"]
        assert (refusal["code"], refusal["message"]) == ("UNKNOWN_CODE", unknown)
    assert (await live.as_("north.two")("query ($i: ID!) { node(id: $i) { id } }", i=lost))["node"] is None

    assert await command(live.as_("north"), "endSession", "... on SessionsEnded { sessions }", session=lost) == {"sessions": 1}
    await ended(client)
    assert refused(await command(live.as_("north"), "endSession", "... on SessionsEnded { sessions }", session=lost)) == "STATE_NOT_ALLOWED"
    again = await sign_in(live.as_(None), "north")
    (newest, *_) = nodes((await bearing(live, again["token"])(SESSIONS))["sessions"])
    assert await command(live.as_("admin"), "endSession", "... on SessionsEnded { sessions }", session=newest["id"]) == {"sessions": 1}
    await ended(bearing(live, again["token"]))
    told = await plain_sql.fetchval("SELECT actor_name FROM ledger_event WHERE type = 'SESSION_ENDED' ORDER BY seq DESC LIMIT 1")
    assert told == "admin"


async def test_an_administrator_ends_every_sign_in_of_an_account_and_its_programs_go_on(live: Live) -> None:
    both = [await sign_in(live.as_(None), "north") for _ in range(2)]
    assert await code_of(live.as_("officer"), "endSessions", "EndSessionsInput", username="north") == "FORBIDDEN"
    answer = await command(live.as_("admin"), "endSessions", "... on SessionsEnded { sessions }", username="NORTH")
    assert answer == {"sessions": 3}
    for each in both:
        await ended(bearing(live, each["token"]))
    assert (await live.with_token("north")(VIEWER))["viewer"]["token"] == "tests"


async def test_a_sign_in_that_is_under_way_when_the_account_is_disabled_is_none(opened: str) -> None:
    results = await asyncio.gather(
        *(sessions.sign_in(sessions.SignIn("north", PASSWORD, f"10.0.0.{number}")) for number in range(4)),
        accounts.disable_account(accounts.DisableAccount(uuid4(), "north", "stolen badge")),
        *(sessions.sign_in(sessions.SignIn("north", PASSWORD, f"10.0.1.{number}")) for number in range(4)),
    )
    assert not isinstance(results[4], Refused)
    assert not await Session.filter(account__username="north", ended_at=None).exists()


async def test_a_stranger_is_told_nothing_by_any_of_it(live: Live) -> None:
    stranger = live.as_(None)
    assert await stranger.code(SESSIONS) == "UNAUTHENTICATED"
    assert await code_of(stranger, "endSessions", "EndSessionsInput", username="north") == "UNAUTHENTICATED"
    bad = await stranger.answer(SIGN_IN, i={"username": "nor\u0000th", "password": PASSWORD})
    assert bad["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert token_of("north") not in str(bad)
