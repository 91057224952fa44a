"""API tokens: for programs, shown once, narrowed to what they are for."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from graph.audit.actor import acting, console_actor
from graph.commands import accounts, tokens
from graph.errors import Refused
from graph.models.accounts import Account, ApiToken, Session
from graph.schema.base import node_id
from graph.settings import Settings
from graph.words import Role, TokenScope
from tests.server import Client, Live, running_server, subscribe
from tests.signing import VIEWER, bearing, code_of, command, ended, nodes, refused
from tests.world import PASSWORD, made

Sql = Any
MADE = "... on TokenMade { token apiToken { id name scopes armories allArmories expiresAt good goodUntil lastUsedAt lastAddress } }"
REVOKED = "... on TokensRevoked { tokens }"
TOKENS = "{ apiTokens(first: 50) { edges { node { id name good goodUntil revokedAt lastUsedAt lastAddress account { username } } } } }"
ITEMS = "{ items(first: 100) { totalCount edges { node { serial } } } }"
FEED = "subscription { custodyFeed { cursor } }"


async def new_token(live: Live, username: str, name: str = "program", **given: Any) -> Any:
    """A token that an administrator makes; one that writes is made by whose account it is."""
    maker = username if {"ISSUE", "REGISTER", "ADMIN"} & set(given.get("scopes", ())) else "admin"
    return await command(live.as_(maker), "createApiToken", MADE, username=username, name=name, **given)


async def told(sql: Sql, type_: str) -> list[Any]:
    """The events of a type, in their order."""
    return list(await sql.fetch("SELECT * FROM ledger_event WHERE type = $1 ORDER BY seq", type_))


async def past(sql: Sql, change: str) -> None:
    """Let time have gone by for the programs' tokens: what never changes is changed as its owner can."""
    await sql.execute("SET session_replication_role = replica")
    await sql.execute(f"UPDATE api_token SET {change} WHERE name = 'program'")
    await sql.execute("SET session_replication_role = DEFAULT")


# ---------------------------------------------------------------------------------------------------------------------------- it is made


async def test_a_token_is_shown_once_and_stored_as_a_hash_alone(live: Live, plain_sql: Sql) -> None:
    request = str(uuid4())
    made_ = await new_token(live, "viewer", requestId=request)
    token = made_["token"]
    assert token.startswith("armg_")
    assert len(token) > 40
    shown = made_["apiToken"]
    assert (shown["name"], shown["scopes"], shown["allArmories"], shown["armories"]) == ("program", ["READ", "FEED"], True, [])
    assert shown["good"]
    assert shown["goodUntil"] is shown["lastUsedAt"] is shown["lastAddress"] is None
    again = await new_token(live, "viewer", requestId=request)
    assert again["token"] is None
    assert again["apiToken"]["id"] == made_["apiToken"]["id"]
    stored = await plain_sql.fetchval("SELECT token_hash FROM api_token WHERE name = 'program'")
    assert stored == hashlib.sha256(token.encode()).digest()
    for table in ("ledger_event", "completed_request", "api_token"):
        assert token not in await plain_sql.fetchval(f"SELECT string_agg(t::text, '') FROM {table} t")
    viewer = (await bearing(live, token)(VIEWER))["viewer"]
    assert (viewer["username"], viewer["token"], viewer["tokenScopes"]) == ("viewer", "program", ["FEED", "READ"])


@pytest.mark.parametrize(
    "given",
    [
        {"days": 0},
        {"days": -5},
        {"days": 3651},
        {"days": 2_147_483_647},
        {"name": "n" * 65},
        {"name": " "},
        {"scopes": []},
        {"armories": [""]},
        {"username": ""},
    ],
    ids=str,
)
async def test_what_no_token_can_be_is_told_so(live: Live, given: dict[str, Any]) -> None:
    asked = {"username": "viewer", "name": "program", **given}
    assert await code_of(live.as_("admin"), "createApiToken", "CreateApiTokenInput", **asked) == "BAD_REQUEST"


async def test_a_token_is_for_an_account_that_there_is_and_for_rooms_that_there_are(live: Live) -> None:
    assert refused(await new_token(live, "nobody")) == "UNKNOWN_CODE"
    assert refused(await new_token(live, "viewer", armories=["NORTH", "WEST"])) == "UNKNOWN_CODE"
    with acting(console_actor("tests")):
        await made(accounts.disable_account(accounts.DisableAccount(uuid4(), "viewer", "left")))
    assert refused(await new_token(live, "viewer")) == "STATE_NOT_ALLOWED"


# ------------------------------------------------------------------------------------------------------------------------- by whose hand


@pytest.mark.parametrize("scope", ["ISSUE", "REGISTER", "ADMIN"])
async def test_an_administrator_gets_nobodys_powers_by_making_a_token(live: Live, plain_sql: Sql, scope: str) -> None:
    """Neither those at the counter nor, by the name of another administrator, a role for themselves."""
    admin, asked = live.as_("admin"), {"name": "mine", "scopes": ["READ", scope]}
    with acting(console_actor("tests")):
        create = accounts.CreateAccount(uuid4(), "admin.two", (Role.ADMIN,), all_armories=True)
        await made(accounts.create_account(create, PASSWORD))
    for username in ("north", "officer", "commander", "viewer", "admin.two"):
        assert await code_of(admin, "createApiToken", "CreateApiTokenInput", username=username, **asked) == "FORBIDDEN", username
    assert not await ApiToken.filter(name="mine").exists()
    own = await new_token(live, "officer", scopes=[scope])
    assert await code_of(admin, "rotateApiToken", "RotateApiTokenInput", token=own["apiToken"]["id"]) == "FORBIDDEN"
    assert await ApiToken.filter(name="program").count() == 1
    (refused_, *_) = await told(plain_sql, "ACCESS_REFUSED")
    assert refused_["summary"] == "Access refused: admin asked for createApiToken."


async def test_whoever_has_signed_in_makes_rotates_and_revokes_tokens_of_their_own(live: Live, plain_sql: Sql) -> None:
    north = live.as_("north")
    mine = await command(north, "createApiToken", MADE, username="NORTH ", name="program", scopes=["ISSUE"])
    assert (await bearing(live, mine["token"]).issue("S-001", "G17-001"))["__typename"] == "ItemsIssued"
    (event,) = await plain_sql.fetch("SELECT * FROM ledger_event WHERE type = 'TOKEN_CREATED' AND payload LIKE '%program%'")
    assert (event["actor_name"], event["summary"]) == ("north", "Token created: program of north.")
    rotated = await command(north, "rotateApiToken", MADE, token=mine["apiToken"]["id"], overlapHours=0)
    assert rotated["apiToken"]["scopes"] == ["ISSUE"]
    assert await command(north, "revokeApiToken", REVOKED, username="north", name="program") == {"tokens": 2}
    await ended(bearing(live, rotated["token"]))


async def test_nobody_but_an_administrator_has_a_hand_in_the_tokens_of_others(live: Live) -> None:
    others = await new_token(live, "viewer")
    for username in ("north", "officer", "commander", "auditor"):
        client, unknown = live.as_(username), {"name": "program", "username": "nobody"}
        for whose in ({"name": "program", "username": "viewer"}, unknown):  # and nobody learns which accounts there are
            assert await code_of(client, "createApiToken", "CreateApiTokenInput", **whose) == "FORBIDDEN"
            assert await code_of(client, "revokeApiToken", "RevokeApiTokenInput", **whose) == "FORBIDDEN"
        assert refused(await command(client, "rotateApiToken", MADE, token=others["apiToken"]["id"])) == "UNKNOWN_CODE"
    assert (await bearing(live, others["token"])(VIEWER))["viewer"]["username"] == "viewer"


async def test_the_console_makes_a_token_for_whatever_its_account_may_do(opened: str) -> None:
    token = await tokens.create_token(tokens.CreateToken(uuid4(), "officer", "program", scopes=tuple(TokenScope)))
    assert isinstance(token, tokens.MadeToken)
    assert isinstance(await tokens.rotate_token(tokens.RotateToken(uuid4(), token.id)), tokens.MadeToken)


# ------------------------------------------------------------------------------------------------------------------------ what it is for


ACCOUNT = """
query ($account: ID!, $session: ID!, $token: ID!) {
  account: node(id: $account) { ... on ManagedAccount {
    username roles sessions(first: 5) { totalCount } tokens(first: 5) { totalCount } } }
  session: node(id: $session) { ... on Session { address } }
  token: node(id: $token) { ... on ApiToken { name scopes } }
}
"""


@pytest.mark.parametrize("compiled", [True, False])
async def test_a_token_that_reads_learns_nothing_of_accounts_by_their_ids(database_url: str, settings: Settings, compiled: bool) -> None:
    """What takes the scope ADMIN, or a person, takes it whichever way it is asked for."""
    async with running_server(database_url, settings.model_copy(update={"compiled_reads": compiled})) as live:
        north = await Account.get(username="north")
        session, token = await Session.get(account_id=north.id), await ApiToken.get(account_id=north.id)
        ids = {
            "account": node_id("ManagedAccount", north.id),
            "session": node_id("Session", session.id),
            "token": node_id("ApiToken", token.id),
        }
        for username in ("north", "admin", "auditor"):
            reading = bearing(live, (await new_token(live, username))["token"])
            assert await reading(ACCOUNT, **ids) == {"account": None, "session": None, "token": None}, username
            everything = await live.as_(username)(ACCOUNT, **ids)
            assert None not in everything.values()
            assert everything["account"]["sessions"]["totalCount"] == 1
        keeping = bearing(live, (await new_token(live, "admin", "keeper", scopes=["READ", "ADMIN"]))["token"])
        seen = await keeping(ACCOUNT, **ids)
        assert (seen["account"]["roles"], seen["token"]["name"]) == (["ARMORER"], "tests")
        assert seen["session"] is None  # as `sessions` says: a person's business
        assert seen["account"]["sessions"]["totalCount"] == 0
        watching = bearing(live, (await new_token(live, "auditor", "watcher"))["token"])
        assert (await watching("{ securityEvents(first: 5) { totalCount } }"))["securityEvents"]["totalCount"] > 0


async def test_each_scope_allows_its_own_and_nothing_else(live: Live) -> None:
    register = {"code": "N-2", "name": "Second flight"}
    issue: dict[str, Any] = {"holder": {"serviceNumber": "S-001"}, "lines": [{"item": {"serial": "G17-001"}}]}
    clients = {
        scope: bearing(live, (await new_token(live, "admin" if scope == "ADMIN" else "officer", scope, scopes=[scope]))["token"])
        for scope in ("READ", "FEED", "ISSUE", "REGISTER", "ADMIN")
    }

    async def may(client: Client, scope: str) -> bool:
        if scope == "READ":
            body = await client.answer(ITEMS)
        elif scope == "FEED":
            async with live.socket(None, client.token) as socket:
                await subscribe(socket, FEED)
                return "FORBIDDEN" not in str(await socket.recv())
        elif scope == "ADMIN":
            body = await client.answer("{ accounts(first: 1) { totalCount } }")
        else:
            field, kind, given = {
                "ISSUE": ("issueItems", "IssueItemsInput", issue),
                "REGISTER": ("registerUnit", "RegisterUnitInput", register),
            }[scope]
            query = f"mutation ($i: {kind}!) {{ {field}(input: $i) {{ __typename }} }}"
            body = await client.answer(query, i={"requestId": str(uuid4()), **given})
        codes = {error["extensions"]["code"] for error in body.get("errors", ())}
        assert codes <= {"FORBIDDEN"}, body
        return not codes

    for scope, client in clients.items():
        assert {other for other in clients if await may(client, other)} == {scope}


async def test_no_token_makes_tokens_changes_passwords_approves_or_sets_up_factors(live: Live) -> None:
    everything = ["READ", "FEED", "ISSUE", "REGISTER", "ADMIN"]
    admin = bearing(live, (await new_token(live, "admin", scopes=everything))["token"])
    officer = bearing(live, (await new_token(live, "officer", scopes=everything))["token"])
    other = await ApiToken.get(name="tests", account__username="officer")
    whose = {"username": "north", "reason": "asked for"}
    for client, field, kind, given in (
        (admin, "createApiToken", "CreateApiTokenInput", {"username": "officer", "name": "more", "scopes": ["ISSUE"]}),
        (admin, "rotateApiToken", "RotateApiTokenInput", {"token": node_id("ApiToken", other.id)}),
        (admin, "resetPassword", "ResetPasswordInput", {"username": "north", "password": PASSWORD}),
        (admin, "removeSecondFactor", "AccountAndReasonInput", whose),
        (officer, "changePassword", "ChangePasswordInput", {"currentPassword": PASSWORD, "newPassword": "seven herons over the marsh"}),
        (officer, "beginSecondFactor", "BeginSecondFactorInput", {"password": PASSWORD}),
        (officer, "approveProposal", "DecideProposalInput", {"id": node_id("Proposal", other.id)}),
        (officer, "endSession", "EndSessionInput", {"session": node_id("Session", other.id)}),
    ):
        assert await code_of(client, field, kind, **given) == "FORBIDDEN", field
    assert await officer.code("{ sessions(first: 1) { totalCount } }") == "FORBIDDEN"


async def test_a_token_sees_no_more_than_its_account_also_when_that_sees_less(live: Live) -> None:
    both = (await new_token(live, "viewer", armories=["NORTH", "SOUTH"]))["token"]
    of_all, of_south = (await new_token(live, "auditor"))["token"], (await new_token(live, "auditor", armories=["south"]))["token"]
    rooms = "{ armories(first: 9) { edges { node { code } } } }"

    async def seen(token: str) -> list[str]:
        return [node["code"] for node in nodes((await bearing(live, token)(rooms))["armories"])]

    assert await seen(both) == ["NORTH"]
    assert await seen(of_all) == ["NORTH", "SOUTH"]
    assert await seen(of_south) == ["SOUTH"]
    count = (await bearing(live, of_south)(ITEMS))["items"]
    assert count["totalCount"] == len(count["edges"]) == 20
    with acting(console_actor("tests")):
        await made(accounts.change_account(accounts.ChangeAccount(uuid4(), "viewer", armories=("SOUTH",))))
        await made(accounts.change_account(accounts.ChangeAccount(uuid4(), "auditor", armories=("NORTH",), all_armories=False)))
    async with asyncio.timeout(10):
        while [await seen(token) for token in (both, of_all, of_south)] != [["SOUTH"], ["NORTH"], []]:  # each is believed for a moment
            continue
    assert (await bearing(live, of_south)(ITEMS))["items"]["totalCount"] == 0


# ------------------------------------------------------------------------------------------------------------------------------ it is used


async def test_where_a_token_is_used_is_kept_and_a_new_address_is_in_the_ledger(live: Live, plain_sql: Sql) -> None:
    token = (await new_token(live, "north", scopes=["READ", "ISSUE"]))["token"]
    client = bearing(live, token)
    for _ in range(3):
        await client(VIEWER)
    (used,) = [node for node in nodes((await live.as_("admin")(TOKENS))["apiTokens"]) if node["name"] == "program"]
    assert used["lastAddress"] == "127.0.0.1"
    assert datetime.fromisoformat(used["lastUsedAt"]) > datetime.now(UTC) - timedelta(minutes=1)
    (event,) = await told(plain_sql, "TOKEN_USED")
    assert event["summary"] == "Token used from a new address: program of north from 127.0.0.1."
    stored = await ApiToken.get(name="program")
    assert (event["actor_name"], event["credential_id"]) == ("north", stored.id)
    await client.issue("S-001", "G17-001")
    (issued,) = await told(plain_sql, "ITEM_ISSUED")
    assert issued["credential_id"] == stored.id  # whoever acted is the account; by which token is in the ledger


async def test_a_token_that_is_no_good_is_noted_with_whose_it_was(live: Live, plain_sql: Sql) -> None:
    token = (await new_token(live, "north"))["token"]
    await command(live.as_("admin"), "revokeApiToken", REVOKED, username="north", name="program")
    for bad in (token, "armg_guessed", "rubbish"):
        assert await bearing(live, bad).code(VIEWER) == "UNAUTHENTICATED"
    log = await plain_sql.fetch("SELECT name, address, detail FROM security_log WHERE kind = 'TOKEN_REFUSED' ORDER BY seq")
    assert [tuple(row) for row in log] == [("north", "127.0.0.1", "program"), ("", "127.0.0.1", ""), ("", "127.0.0.1", "")]
    assert "guessed" not in await plain_sql.fetchval("SELECT string_agg(l::text, '') FROM security_log l")


# ------------------------------------------------------------------------------------------------------------------------------ it goes on


async def test_a_token_is_rotated_and_both_are_good_until_the_overlap_ends(live: Live, plain_sql: Sql) -> None:
    old = await new_token(live, "viewer", armories=["NORTH"], scopes=["READ"])
    rotated = await command(live.as_("admin"), "rotateApiToken", MADE, token=old["apiToken"]["id"], overlapHours=2)
    for name in ("name", "scopes", "armories"):
        assert rotated["apiToken"][name] == old["apiToken"][name]
    for token in (old["token"], rotated["token"]):
        assert (await bearing(live, token)(VIEWER))["viewer"]["token"] == "program"
    (before, after) = sorted(
        (node for node in nodes((await live.as_("admin")(TOKENS))["apiTokens"]) if node["name"] == "program"),
        key=lambda node: node["goodUntil"] is None,
    )
    assert after["goodUntil"] is None
    until = datetime.fromisoformat(before["goodUntil"])
    assert timedelta(hours=1.9) < until - datetime.now(UTC) < timedelta(hours=2.1)
    assert len(await told(plain_sql, "TOKEN_ROTATED")) == 1
    again = await command(live.as_("admin"), "rotateApiToken", MADE, token=old["apiToken"]["id"])
    assert refused(again) == "UNKNOWN_CODE"  # it has its successor
    await plain_sql.execute("SET session_replication_role = replica")
    await plain_sql.execute("UPDATE api_token SET good_until = now() WHERE good_until IS NOT NULL")
    await plain_sql.execute("SET session_replication_role = DEFAULT")
    await ended(bearing(live, old["token"]))
    assert (await bearing(live, rotated["token"])(VIEWER))["viewer"]["token"] == "program"


async def test_rotated_without_overlap_the_old_one_ends_at_once(live: Live) -> None:
    old = await new_token(live, "viewer")
    rotated = await command(live.as_("admin"), "rotateApiToken", MADE, token=old["apiToken"]["id"], overlapHours=0)
    await ended(bearing(live, old["token"]))
    assert (await bearing(live, rotated["token"])(VIEWER))["viewer"]["token"] == "program"
    for hours in (-1, 721):
        asked = {"token": rotated["apiToken"]["id"], "overlapHours": hours}
        assert await code_of(live.as_("admin"), "rotateApiToken", "RotateApiTokenInput", **asked) == "BAD_REQUEST"


async def test_of_two_who_rotate_a_token_at_once_one_does_and_one_who_revokes_it_is_not_outrun(opened: str) -> None:
    first = await tokens.create_token(tokens.CreateToken(uuid4(), "viewer", "program"))
    assert isinstance(first, tokens.MadeToken)
    results = await asyncio.gather(*(tokens.rotate_token(tokens.RotateToken(uuid4(), first.id)) for _ in range(4)))
    assert sum(isinstance(result, tokens.MadeToken) for result in results) == 1
    (second,) = await ApiToken.filter(name="program", good_until=None)
    for _ in range(3):
        revoked, rotated = await asyncio.gather(
            tokens.revoke_token(tokens.RevokeToken(uuid4(), "viewer", "program")),
            tokens.rotate_token(tokens.RotateToken(uuid4(), second.id)),
        )
        assert not isinstance(revoked, Refused)
        if isinstance(rotated, Refused):  # revoked first: nothing takes its place
            assert not await ApiToken.filter(name="program", revoked_at=None).exists()
            break
        second = await ApiToken.get(id=rotated.id)
        if second.revoked_at is not None:  # rotated first: its successor was revoked with it
            break


# -------------------------------------------------------------------------------------------------------------------------------- it ends


async def test_a_token_ends_by_itself(live: Live, plain_sql: Sql) -> None:
    made_ = await new_token(live, "viewer", days=1)
    client = bearing(live, made_["token"])
    await client(VIEWER)
    await past(plain_sql, "created_at = now() - interval '2 d', expires_at = now() - interval '1 s'")
    await ended(client)
    assert refused(await command(live.as_("admin"), "rotateApiToken", MADE, token=made_["apiToken"]["id"])) == "UNKNOWN_CODE"


async def test_only_one_of_those_with_a_name_is_revoked_when_it_is_said_which(live: Live, plain_sql: Sql) -> None:
    one, other = [await new_token(live, "viewer") for _ in range(2)]
    asked = {"username": "viewer", "name": "program", "token": one["apiToken"]["id"]}
    assert await code_of(live.as_("officer"), "revokeApiToken", "RevokeApiTokenInput", **asked) == "FORBIDDEN"
    assert await command(live.as_("admin"), "revokeApiToken", REVOKED, **asked) == {"tokens": 1}
    await ended(bearing(live, one["token"]))
    assert (await bearing(live, other["token"])(VIEWER))["viewer"]["username"] == "viewer"
    assert refused(await command(live.as_("admin"), "revokeApiToken", REVOKED, **asked)) == "UNKNOWN_CODE"
    elsewhere = {**asked, "username": "north", "token": other["apiToken"]["id"]}
    assert refused(await command(live.as_("admin"), "revokeApiToken", REVOKED, **elsewhere)) == "UNKNOWN_CODE"
    assert len(await told(plain_sql, "TOKEN_REVOKED")) == 1


async def test_the_token_of_a_disabled_account_is_worth_nothing_also_once_it_is_enabled(live: Live) -> None:
    client = bearing(live, (await new_token(live, "viewer"))["token"])
    await client(VIEWER)
    with acting(console_actor("tests")):
        await made(accounts.disable_account(accounts.DisableAccount(uuid4(), "viewer", "left")))
        await ended(client)
        await made(accounts.enable_account(accounts.EnableAccount(uuid4(), "viewer", "came back")))
    await ended(client)


async def test_tokens_are_listed_to_their_owner_and_to_who_keeps_accounts(live: Live) -> None:
    mine = nodes((await live.as_("viewer")(TOKENS))["apiTokens"])
    assert {node["account"]["username"] for node in mine} == {"viewer"}
    all_ = nodes((await live.as_("auditor")(TOKENS))["apiTokens"])
    assert {node["account"]["username"] for node in all_} >= {"viewer", "north", "admin"}
    others = next(node["id"] for node in all_ if node["account"]["username"] == "north")
    assert (await live.as_("viewer")("query ($i: ID!) { node(id: $i) { id } }", i=others))["node"] is None
