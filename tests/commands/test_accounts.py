"""Accounts: sign-in, sessions, tokens, and that what has ended stays ended."""

from __future__ import annotations

import asyncio
import json
import time
from itertools import pairwise
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import structlog

from graph import database
from graph.audit.actor import acting, console_actor
from graph.commands import accounts, sessions, tokens
from graph.errors import RateLimited, Refused
from graph.logs import start_logs
from graph.models.ledger import LedgerEvent
from graph.settings import Settings
from graph.words import EventType, Role
from tests.conftest import Cluster
from tests.server import Client, Live, running_server
from tests.world import PASSWORD, made, token_of

SIGN_IN = """
mutation ($u: String!, $p: String!) {
  signIn(input: {username: $u, password: $p}) { ... on SignedIn { token username } ... on Refused { refusals { code } } }
}
"""
VIEWER = "{ viewer { username } }"


async def signed_in(live: Live, username: str, password: str = PASSWORD) -> Client:
    answer = await live.as_(None)(SIGN_IN, u=username, p=password)
    return Client(live.url, answer["signIn"]["token"])


async def ended(client: Client) -> None:
    """Wait until the client's credential is worth nothing: within the seconds that a checked token is believed."""
    async with asyncio.timeout(10):
        while "errors" not in (answer := await client.answer(VIEWER)):
            continue
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_what_a_disabled_account_had_open_ends_for_ever(live: Live) -> None:
    session, token = await signed_in(live, "north"), live.as_("north")
    assert (await session(VIEWER)) == (await token(VIEWER)) == {"viewer": {"username": "north"}}
    with acting(console_actor("tests")):
        await made(accounts.disable_account(accounts.DisableAccount(uuid4(), "north", "stolen badge")))
        await ended(session)
        await ended(token)
        await made(accounts.set_password(accounts.SetPassword(uuid4(), "north"), "another long password"))
    again = await signed_in(live, "north", "another long password")
    assert (await again(VIEWER))["viewer"]["username"] == "north"
    await ended(session)
    await ended(token)
    revoked = await LedgerEvent.get(type=EventType.TOKEN_REVOKED)
    assert '"tests"' in revoked.payload
    await session.http.aclose()
    await again.http.aclose()


async def test_a_new_password_ends_what_was_open_under_the_old_one(live: Live) -> None:
    session, token = await signed_in(live, "south"), live.with_token("south")
    with acting(console_actor("tests")):
        await made(accounts.set_password(accounts.SetPassword(uuid4(), "south"), "another long password"))
    await ended(session)
    await ended(token)
    old = await live.as_(None)(SIGN_IN, u="south", p=PASSWORD)
    assert old["signIn"]["refusals"] == [{"code": "SIGN_IN_FAILED"}]
    await session.http.aclose()


async def test_a_token_is_revoked_by_its_name(live: Live) -> None:
    with acting(console_actor("tests")):
        made_token = await tokens.create_token(tokens.CreateToken(uuid4(), "viewer", "dashboard"))
        assert isinstance(made_token, tokens.MadeToken)
        client = Client(live.url, made_token.token)
        assert (await client(VIEWER))["viewer"]["username"] == "viewer"
        await made(tokens.revoke_token(tokens.RevokeToken(uuid4(), "viewer", "dashboard")))
        await ended(client)
        again = await tokens.revoke_token(tokens.RevokeToken(uuid4(), "viewer", "dashboard"))
        assert isinstance(again, Refused)
    assert (await live.as_("viewer")(VIEWER))["viewer"]["username"] == "viewer"  # the other token of the account is good
    await client.http.aclose()


async def test_a_token_is_looked_up_once_and_then_believed_for_as_long_as_the_settings_say(
    live: Live, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[float] = []
    real = database.fetch_one

    async def counted(sql: str, *values: Any) -> Any:
        if "FROM api_token" in sql:
            looked_up.append(time.monotonic())
        return await real(sql, *values)

    monkeypatch.setattr(database, "fetch_one", counted)
    client, began = live.with_token("viewer"), time.monotonic()
    while time.monotonic() < began + 5 * settings.standing_seconds:
        await client("{ __typename }")
    assert 4 <= len(looked_up) <= 6
    assert all(later - before >= settings.standing_seconds for before, later in pairwise(looked_up))
    with acting(console_actor("tests")):
        await made(tokens.revoke_token(tokens.RevokeToken(uuid4(), "viewer", "tests")))
    revoked = time.monotonic()
    await ended(client)
    assert time.monotonic() - revoked < settings.standing_seconds + 0.5


async def test_signing_out_ends_the_session_at_once_and_a_token_says_that_it_cannot(live: Live) -> None:
    session = await signed_in(live, "north")
    assert (await session("mutation { signOut { username } }"))["signOut"] == {"username": "north"}
    assert await session.code(VIEWER) == "UNAUTHENTICATED"
    assert await live.with_token("north").code("mutation { signOut { username } }") == "FORBIDDEN"
    await session.http.aclose()


@pytest.mark.parametrize(("username", "password"), [("north", "wrong"), ("nobody", PASSWORD), ("NORTH ", "")])
async def test_a_wrong_name_and_a_wrong_password_look_the_same(live: Live, username: str, password: str) -> None:
    refused = await live.as_(None)(SIGN_IN, u=username, p=password)
    assert refused["signIn"] == {"refusals": [{"code": "SIGN_IN_FAILED"}]}


async def test_a_password_that_is_no_text_is_a_wrong_one(live: Live) -> None:
    body = json.dumps({"query": SIGN_IN, "variables": {"u": "north", "p": "\ud800abc"}}).encode()
    answer = await live.as_(None).http.post("/graphql", content=body, headers={"content-type": "application/json"})
    assert answer.json()["data"]["signIn"] == {"refusals": [{"code": "SIGN_IN_FAILED"}]}


async def test_a_token_that_no_server_can_have_made_is_nobodys(live: Live) -> None:
    for token in ("armgs_\xe9", "armg_", "other", token_of("north") + "x"):
        header = [(b"authorization", f"Bearer {token}".encode())]
        answer = await live.as_(None).http.post("/graphql", json={"query": VIEWER}, headers=header)
        assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_without_the_database_signing_in_is_unavailable_and_no_fault_of_ours(live: Live, cluster: Cluster, database_url: str) -> None:
    name = database_url.split("?")[0].rsplit("/", 1)[1]
    other = await asyncpg.connect(cluster.url("postgres"))
    await other.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
    await other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
    try:
        assert await live.as_(None).code(SIGN_IN, u="north", p=PASSWORD) == "UNAVAILABLE"
    finally:
        await other.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")
        await other.close()
    assert (await live.as_(None)(SIGN_IN, u="north", p=PASSWORD))["signIn"]["username"] == "north"


@pytest.mark.parametrize(
    ("declared", "given"),
    [
        ("$i: SignInInput!", {"i": {"usrname": "north", "password": "hunter2-hunter2"}}),
        ("$i: SignInInput!", {"i": {"username": "north", "password": ["hunter2-hunter2"]}}),
        ("$i: SignInInput!", {"i": {"username": "north", "password": {"is": "hunter2-hunter2"}}}),
        ("$i: SignInInput!", {"i": ["hunter2-hunter2"]}),
        ('$i: SignInInput = {username: "north", password: ["hunter2-hunter2"]}', {}),
        ("$i: [SignInRole]", {"i": "hunter2-hunter2"}),
    ],
)
async def test_a_mistyped_sign_in_repeats_the_password_neither_in_the_answer_nor_in_the_log(
    live: Live, declared: str, given: dict[str, Any]
) -> None:
    query = f"mutation ({declared}) {{ signIn(input: $i) {{ __typename }} }}"
    start_logs("INFO")
    try:
        with structlog.testing.capture_logs() as lines:
            answer = await live.as_(None).answer(query, **given)
    finally:
        start_logs("ERROR")
    assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert "hunter2" not in str(answer)
    assert any(line["event"] == "operation_refused" for line in lines)
    assert "hunter2" not in str(lines)


async def test_an_officer_of_one_arms_room_registers_no_other(live: Live) -> None:
    with acting(console_actor("tests")):
        create = accounts.CreateAccount(uuid4(), "north.officer", (Role.ARMS_ROOM_OFFICER,), ("NORTH",))
        await made(accounts.create_account(create, PASSWORD))
    client = await signed_in(live, "north.officer")
    register = "mutation ($i: RegisterArmoryInput!) { registerArmory(input: $i) { __typename } }"
    given = {"requestId": str(uuid4()), "code": "WEST", "name": "West", "unit": "N-SQ", "timezone": "Asia/Manila"}
    assert await client.code(register, i=given) == "FORBIDDEN"
    assert (await live.as_("auditor")('{ armory(code: "WEST") { code } }'))["armory"] is None
    await client.http.aclose()


async def test_whoever_may_not_see_a_room_is_not_told_what_somebody_holds_from_it(live: Live) -> None:
    with acting(console_actor("tests")):
        create = accounts.CreateAccount(uuid4(), "north.officer", (Role.ARMS_ROOM_OFFICER,), ("NORTH",))
        await made(accounts.create_account(create, PASSWORD))
    await live.as_("south").issue("S-001", "M4-101")
    await live.as_("north").issue("S-001", "G17-001")
    client = await signed_in(live, "north.officer")
    person = (await client('{ person(serviceNumber: "S-001") { id } }'))["person"]["id"]
    separate = """
    mutation ($i: ChangeDutyStatusInput!) { changeDutyStatus(input: $i) { ... on Refused { refusals { code message held } } } }
    """
    given = {"requestId": str(uuid4()), "id": person, "dutyStatus": "SEPARATED", "reason": "end of service"}
    (refusal,) = (await client(separate, i=given))["changeDutyStatus"]["refusals"]
    assert refusal["message"] == "SGT Ocampo still holds G17-001 and 1 more. Take everything back first."
    assert refusal["held"] == 2
    tag = (await live.as_("south")('{ item(serial: "M4-101") { tags { id } } }'))["item"]["tags"][0]["id"]
    assert (await client("query ($i: ID!) { node(id: $i) { id } }", i=tag))["node"] is None
    await client.http.aclose()


async def test_inv_20_a_stale_page_about_a_person_is_told_what_changed(live: Live) -> None:
    officer = live.as_("officer")
    person = (await officer('{ person(serviceNumber: "S-001") { id version } }'))["person"]
    edit = """
    mutation ($i: EditPersonInput!) {
      editPerson(input: $i) {
        ... on PersonSaved { person { version } }
        ... on Refused { refusals { code message changed currentVersion } }
      }
    }
    """

    async def edited(version: int, rank: str) -> Any:
        given = {"requestId": str(uuid4()), "id": person["id"], "expectedVersion": version, "rank": rank}
        return (await officer(edit, i=given))["editPerson"]

    assert await edited(1, "SSG") == {"person": {"version": 2}}
    (refusal,) = (await edited(1, "TSG"))["refusals"]
    assert refusal["code"] == "VERSION_CONFLICT"
    assert refusal["currentVersion"] == 2
    assert [change.split(" at ")[0] for change in refusal["changed"]] == ["person changed by officer"]
    (ahead,) = (await edited(99, "TSG"))["refusals"]
    assert ahead["message"] == "This person has no version 99 yet: it is at version 2."
    assert ahead["changed"] == []


async def test_who_guesses_a_password_is_slowed_down_also_within_one_document(database_url: str, settings: Settings) -> None:
    async with running_server(database_url, settings.model_copy(update={"sign_in_attempts": 5})) as live:
        guessing = live.as_(None)
        guesses = " ".join(
            f'g{number}: signIn(input: {{username: "officer", password: "guess {number} of many"}}) {{ __typename }}' for number in range(8)
        )
        body = await guessing.answer(f"mutation {{ {guesses} }}")
        assert [error["extensions"]["code"] for error in body["errors"]] == ["RATE_LIMITED"]  # and what came after it was not tried
        assert 200 < body["errors"][0]["extensions"]["retryAfterSeconds"] <= 300
        right = await guessing.answer(SIGN_IN, u="OFFICER", p=PASSWORD)  # also the right one, in whatever letters
        assert right["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert (await guessing(SIGN_IN, u="north", p=PASSWORD))["signIn"]["username"] == "north"  # nobody else has to wait
        assert (await live.as_("officer")(VIEWER))["viewer"]["username"] == "officer"  # nor who is signed in already


async def test_whoever_owns_the_name_signs_in_from_elsewhere_meanwhile(opened: str) -> None:
    for _ in range(10):
        assert isinstance(await sessions.sign_in(sessions.SignIn("officer", "wrong", "10.0.0.66")), Refused)
    with pytest.raises(RateLimited):
        await sessions.sign_in(sessions.SignIn("officer", PASSWORD, "10.0.0.66"))
    assert isinstance(await sessions.sign_in(sessions.SignIn("officer", PASSWORD, "10.0.0.5")), sessions.SignedIn)


async def test_a_good_sign_in_begins_the_count_anew_and_an_address_that_tries_many_names_waits(
    database_url: str, settings: Settings
) -> None:
    few = settings.model_copy(update={"sign_in_attempts": 2, "address_attempts": 8})
    async with running_server(database_url, few) as live:
        client = live.as_(None)
        for password in ("wrong", PASSWORD, "wrong", PASSWORD):
            assert "data" in await client.answer(SIGN_IN, u="north", p=password)
        for number in range(4):
            assert "errors" not in await client.answer(SIGN_IN, u=f"nobody{number}", p="wrong")
        assert await client.code(SIGN_IN, u="somebody", p="wrong") == "RATE_LIMITED"


CHANGE = """mutation ($i: ChangePasswordInput!) { changePassword(input: $i) { __typename
  ... on PasswordChanged { username } ... on Refused { refusals { code path message } } } }"""
NEW_PASSWORD = "seven herons over the marsh"


async def test_a_password_is_changed_by_its_owner_and_everything_else_that_was_open_ends(live: Live) -> None:
    here, elsewhere, token = await signed_in(live, "north"), await signed_in(live, "north"), live.as_("north")
    request = {"requestId": str(uuid4()), "currentPassword": PASSWORD, "newPassword": NEW_PASSWORD}
    assert (await here(CHANGE, i=request))["changePassword"] == {"__typename": "PasswordChanged", "username": "north"}
    await ended(elsewhere)
    await ended(token)
    assert (await here(VIEWER))["viewer"]["username"] == "north"
    assert (await live.as_(None)(SIGN_IN, u="north", p=PASSWORD))["signIn"]["refusals"] == [{"code": "SIGN_IN_FAILED"}]
    assert (await (await signed_in(live, "north", NEW_PASSWORD))(VIEWER))["viewer"]["username"] == "north"


async def test_a_password_is_not_changed_by_who_does_not_know_it_nor_to_one_that_is_guessed_first(live: Live, plain_sql: Any) -> None:
    client = await signed_in(live, "north")

    async def refused(current: str, new: str) -> tuple[str, str]:
        given = {"requestId": str(uuid4()), "currentPassword": current, "newPassword": new}
        (refusal,) = (await client(CHANGE, i=given))["changePassword"]["refusals"]
        return refusal["code"], refusal["path"]

    assert await refused("not mine at all", NEW_PASSWORD) == ("SIGN_IN_FAILED", "currentPassword")
    assert await refused(PASSWORD, "password1234") == ("INVALID_VALUE", "newPassword")
    assert await refused(PASSWORD, "short") == ("INVALID_VALUE", "newPassword")
    given = {"requestId": str(uuid4()), "currentPassword": PASSWORD, "newPassword": NEW_PASSWORD}
    assert await live.as_(None).code(CHANGE, i=given) == "UNAUTHENTICATED"
    told = await plain_sql.fetchval("SELECT string_agg(payload, '') FROM ledger_event")
    assert PASSWORD not in told
    assert NEW_PASSWORD not in told
    for _ in range(10):
        await client.answer(CHANGE, i={**given, "currentPassword": "guess"})
    assert await client.code(CHANGE, i=given) == "RATE_LIMITED"
