"""What an account may do, who gives it that, and that nobody gives it to themselves."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from graph.audit.actor import acting, console_actor
from graph.commands import accounts, armory, passwords
from graph.errors import RefusalCode, Refused
from graph.models.accounts import Account
from graph.resolvers.accounts import actor_of
from graph.words import AccountState, Role
from tests.server import Client, Live
from tests.signing import VIEWER, bearing, code_of, command, ended, nodes, refused, sign_in
from tests.world import PASSWORD, made, token_of

Sql = Any
SAVED = "... on AccountSaved { account { username roles allArmories armories units state mustChangePassword version } }"
CHANGED = "... on PasswordChanged { username }"
NEW_PASSWORD = "seven herons over the marsh"
ROOMS = "{ armories(first: 9) { edges { node { code } } } items(first: 100) { totalCount } }"


async def create(client: Client, username: str = "new.one", **given: Any) -> Any:
    """The answer to an account that is created."""
    asked = {"username": username, "password": PASSWORD, "roles": ["VIEWER"], "armories": ["NORTH"], **given}
    return await command(client, "createAccount", SAVED, **asked)


async def about(client: Client, field: str, username: str, **given: Any) -> Any:
    """The answer to a command about an account that takes a reason."""
    return await command(client, field, SAVED, "AccountAndReasonInput", username=username, reason="so it is ordered", **given)


def why(answer: object) -> RefusalCode:
    """Why a command was refused."""
    assert isinstance(answer, Refused), answer
    return answer.refusals[0].code


# ---------------------------------------------------------------------------------------------------------------------- created and changed


async def test_an_account_is_created_changes_the_password_it_was_given_and_then_acts(live: Live) -> None:
    answer = await create(live.as_("admin"), "New.One", roles=["ARMORER", "ARMORER"])
    account = answer["account"]
    assert (account["username"], account["roles"], account["armories"]) == ("New.One", ["ARMORER"], ["NORTH"])
    assert (account["state"], account["mustChangePassword"], account["version"]) == ("ACTIVE", True, 1)
    first = await sign_in(live.as_(None), "new.one")
    assert first["unfinished"] == "PASSWORD_CHANGE_REQUIRED"
    client = bearing(live, first["token"])
    assert await client.code(ROOMS) == "FORBIDDEN"
    assert refused(await command(client, "changePassword", CHANGED, currentPassword=PASSWORD, newPassword=PASSWORD)) == "INVALID_VALUE"
    assert await command(client, "changePassword", CHANGED, currentPassword=PASSWORD, newPassword=NEW_PASSWORD) == {"username": "New.One"}
    assert (await client(ROOMS))["items"]["totalCount"] == 70
    assert (await client.issue("S-001", "G17-001"))["__typename"] == "ItemsIssued"


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"password": "short"}, "password"),
        ({"password": "password1234"}, "password"),
        ({"password": "new.one.new.one"}, "password"),
        ({"password": "seven herons over the marsh" * 40}, "password"),
        ({"roles": []}, "roles"),
        ({"roles": ["ADMIN", "ARMORER"]}, "roles"),
        ({"roles": ["ADMIN", "ARMS_ROOM_OFFICER"]}, "roles"),
        ({"roles": ["ADMIN", "AUDITOR"]}, "roles"),
        ({"roles": ["AUDITOR", "COMMANDER"]}, "roles"),
        ({"username": "console:root"}, "username"),
        ({"username": "two words"}, "username"),
        ({"username": "ﬁrst"}, "username"),
        ({"username": "İ" * 40}, "username"),
        ({"username": "OFFICER"}, "username"),
        ({"armories": ["WEST"]}, "armories"),
        ({"units": ["NOWHERE"]}, "units"),
    ],
    ids=str,
)
async def test_what_no_account_is_given_is_refused_and_says_which(live: Live, given: dict[str, Any], path: str) -> None:
    (refusal,) = (await create(live.as_("admin"), **given))["refusals"]
    assert refusal["path"] == path
    assert given[path] not in refusal["message"] if path == "password" else refusal["message"]


async def test_a_given_password_is_refused_by_the_same_rule(live: Live) -> None:
    (refusal,) = (await command(live.as_("admin"), "resetPassword", SAVED, username="north", password="password1234"))["refusals"]
    assert (refusal["code"], refusal["path"]) == ("INVALID_VALUE", "password")
    query = "mutation ($i: ChangePasswordInput!) { changePassword(input: $i) { ... on Refused { refusals { code path } } } }"
    asked = {"requestId": str(uuid4()), "currentPassword": PASSWORD, "newPassword": "\ud800 seven herons over the marsh"}
    body = json.dumps({"query": query, "variables": {"i": asked}})  # half a character, which JSON can say and nothing can store
    answer = await live.as_("north").http.post("/graphql", content=body, headers={"content-type": "application/json"})
    assert answer.json()["data"]["changePassword"]["refusals"] == [{"code": "INVALID_VALUE", "path": "newPassword"}]


async def test_a_password_is_reset_for_who_has_lost_it_and_what_was_open_ends(live: Live) -> None:
    before = bearing(live, (await sign_in(live.as_(None), "north"))["token"])
    answer = await command(live.as_("admin"), "resetPassword", SAVED, username="north", password=NEW_PASSWORD)
    assert answer["account"]["mustChangePassword"]
    await ended(before)
    await ended(live.with_token("north"))
    assert refused(await sign_in(live.as_(None), "north")) == "SIGN_IN_FAILED"
    assert (await sign_in(live.as_(None), "north", NEW_PASSWORD))["unfinished"] == "PASSWORD_CHANGE_REQUIRED"


async def test_a_changed_password_is_told_again_when_the_answer_was_lost(live: Live) -> None:
    client, request = live.as_("north"), str(uuid4())
    asked = {"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD, "requestId": request}
    for _ in range(2):
        assert await command(client, "changePassword", CHANGED, **asked) == {"username": "north"}
    other = {**asked, "newPassword": "nine cranes by the bridge"}
    assert refused(await command(client, "changePassword", CHANGED, **other)) == "IDEMPOTENCY_MISMATCH"
    assert (await sign_in(live.as_(None), "north", NEW_PASSWORD))["username"] == "north"


async def test_an_administrator_who_resets_a_password_is_not_undone_by_the_thief_who_changes_it(
    opened: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    thief = await actor_of(token_of("north"))
    real = passwords.hash_password

    async def meanwhile(password: str) -> str:
        hashed = await real(password)
        if password == NEW_PASSWORD:
            with acting(console_actor("tests")):
                await made(accounts.set_password(accounts.SetPassword(uuid4(), "north"), "nine cranes by the bridge"))
        return hashed

    monkeypatch.setattr(accounts, "hash_password", meanwhile)
    with acting(thief):
        answer = await accounts.change_password(accounts.ChangePassword(uuid4()), PASSWORD, NEW_PASSWORD)
    assert why(answer) is RefusalCode.SIGN_IN_FAILED


async def test_a_stale_page_about_an_account_changes_nothing(live: Live) -> None:
    admin = live.as_("admin")
    changed = await command(admin, "changeAccount", SAVED, username="north", roles=["VIEWER"], expectedVersion=1)
    assert changed["account"]["version"] == 2
    assert (
        refused(await command(admin, "changeAccount", SAVED, username="north", roles=["ARMORER"], expectedVersion=1)) == "VERSION_CONFLICT"
    )
    assert refused(await command(admin, "changeAccount", SAVED, username="north", roles=["VIEWER"])) == "INVALID_VALUE"  # it is so already
    assert refused(await command(admin, "changeAccount", SAVED, username="nobody", roles=["VIEWER"])) == "UNKNOWN_CODE"


async def test_an_account_is_disabled_and_enabled_with_reasons(live: Live, plain_sql: Sql) -> None:
    admin = live.as_("admin")
    assert (await about(admin, "disableAccount", "north"))["account"]["state"] == "DISABLED"
    assert refused(await about(admin, "disableAccount", "north")) == "STATE_NOT_ALLOWED"
    await ended(live.as_("north"))
    assert (await about(admin, "enableAccount", "north"))["account"]["state"] == "ACTIVE"
    assert (await sign_in(live.as_(None), "north"))["username"] == "north"
    assert await plain_sql.fetchval("SELECT count(*) FROM ledger_event WHERE payload LIKE '%so it is ordered%'") == 2
    with acting(console_actor("tests")):
        await made(accounts.create_account(accounts.CreateAccount(uuid4(), "later", (Role.VIEWER,), ("NORTH",)), None))
    assert refused(await about(admin, "enableAccount", "later")) == "STATE_NOT_ALLOWED"  # it has no password yet


async def test_who_signs_in_elsewhere_is_given_no_password_here(opened: str, plain_sql: Sql) -> None:
    await plain_sql.execute("SET session_replication_role = replica")
    await plain_sql.execute("UPDATE account SET issuer = 'https://id.example.mil', external_subject = '1234' WHERE username = 'viewer'")
    await plain_sql.execute("SET session_replication_role = DEFAULT")
    answer = await accounts.set_password(accounts.SetPassword(uuid4(), "viewer"), NEW_PASSWORD)
    assert why(answer) is RefusalCode.STATE_NOT_ALLOWED


# -------------------------------------------------------------------------------------------------------------------- nobody for themselves


@pytest.mark.parametrize("username", ["north", "officer", "commander", "auditor", "viewer"])
async def test_whoever_does_not_keep_the_accounts_changes_none(live: Live, username: str) -> None:
    client = live.as_(username)
    new = {"username": "new.one", "password": PASSWORD, "roles": ["ADMIN"], "allArmories": True}
    whose = {"username": username, "reason": "I say so"}
    for field, kind, given in (
        ("createAccount", "CreateAccountInput", new),
        ("changeAccount", "ChangeAccountInput", {"username": username, "allArmories": True}),
        ("disableAccount", "AccountAndReasonInput", {**whose, "username": "admin"}),
        ("enableAccount", "AccountAndReasonInput", whose),
        ("resetPassword", "ResetPasswordInput", {"username": "admin", "password": NEW_PASSWORD}),
        ("createApiToken", "CreateApiTokenInput", {"username": "admin", "name": "mine", "scopes": ["ADMIN"]}),
    ):
        assert await code_of(client, field, kind, **given) == "FORBIDDEN", field
    if username != "auditor":
        assert await client.code("{ accounts(first: 1) { totalCount } }") == "FORBIDDEN"


async def test_nobody_gives_themselves_a_role_a_scope_or_a_password(live: Live) -> None:
    admin = live.as_("admin")
    changes: tuple[dict[str, Any], ...] = (
        {"roles": ["ARMS_ROOM_OFFICER"]},
        {"roles": ["ADMIN", "VIEWER"]},
        {"armories": ["NORTH"]},
        {"allArmories": False},
        {"units": []},
    )
    for given in changes:
        answer = await command(admin, "changeAccount", SAVED, username="ADMIN", **given)
        assert "SAME_PERSON" in [refusal["code"] for refusal in answer["refusals"]]
    assert refused(await command(admin, "resetPassword", SAVED, username="admin", password=NEW_PASSWORD)) == "SAME_PERSON"
    assert (await sign_in(live.as_(None), "admin"))["username"] == "admin"


async def test_who_keeps_the_accounts_has_no_custody_powers(live: Live) -> None:
    admin = live.as_("admin")
    lines = {"lines": [{"item": {"serial": "G17-001"}}]}
    for field, kind, given in (
        ("issueItems", "IssueItemsInput", {"holder": {"serviceNumber": "S-001"}, **lines}),
        ("returnItems", "ReturnItemsInput", lines),
        (
            "registerPerson",
            "RegisterPersonInput",
            {"serviceNumber": "X", "rank": "AM", "familyName": "X", "givenNames": "X", "unit": "N-SQ", "category": "ENLISTED"},
        ),
    ):
        assert await code_of(admin, field, kind, **given) == "FORBIDDEN", field


async def test_an_account_of_an_earlier_time_with_too_many_powers_is_disabled_but_keeps_none_of_them_when_changed(
    opened: str, plain_sql: Sql
) -> None:
    both = "UPDATE account SET roles = '{ADMIN,ARMORER}' WHERE username = 'north'"
    with pytest.raises(asyncpg.PostgresError, match="no other powers"):
        await plain_sql.execute(both)
    await plain_sql.execute("SET session_replication_role = replica")
    await plain_sql.execute(both)
    await plain_sql.execute("SET session_replication_role = DEFAULT")
    more = accounts.ChangeAccount(uuid4(), "north", roles=(Role.ADMIN, Role.COMMANDER))
    assert why(await accounts.change_account(more)) is RefusalCode.INVALID_VALUE
    await made(accounts.disable_account(accounts.DisableAccount(uuid4(), "north", "two powers")))


# ----------------------------------------------------------------------------------------------------------------- an administrator is left


async def test_the_last_administrator_stays_one(live: Live) -> None:
    for attempt in (
        accounts.disable_account(accounts.DisableAccount(uuid4(), "admin", "by mistake")),
        accounts.change_account(accounts.ChangeAccount(uuid4(), "admin", roles=(Role.VIEWER,))),
    ):
        with acting(console_actor("tests")):
            assert why(await attempt) is RefusalCode.STATE_NOT_ALLOWED
    assert refused(await about(live.as_("admin"), "disableAccount", "admin")) == "STATE_NOT_ALLOWED"


@pytest.mark.parametrize("round_", range(3))
async def test_two_administrators_do_not_take_each_other_out_at_once(opened: str, round_: int) -> None:
    await made(accounts.create_account(accounts.CreateAccount(uuid4(), "second", (Role.ADMIN,), all_armories=True), PASSWORD))
    results = await asyncio.gather(
        accounts.disable_account(accounts.DisableAccount(uuid4(), "admin", "by second")),
        accounts.change_account(accounts.ChangeAccount(uuid4(), "second", roles=(Role.VIEWER,))),
        accounts.disable_account(accounts.DisableAccount(uuid4(), "second", "by admin")),
    )
    assert any(isinstance(result, Refused) for result in results)
    admins = await Account.filter(state=AccountState.ACTIVE, roles__contains=["ADMIN"])
    assert len(admins) == 1


async def test_whoever_slips_a_statement_into_ours_does_not_take_the_last_one_out_either(opened: str, database_url: str) -> None:
    await made(accounts.create_account(accounts.CreateAccount(uuid4(), "second", (Role.ADMIN,), all_armories=True), PASSWORD))
    out = """WITH told AS (
        INSERT INTO ledger_event (event_id, stream, type, subject, subject_id, payload, actor_kind, actor_name)
        SELECT gen_random_uuid(), 'registry', 'ACCOUNT_DISABLED', 'ACCOUNT', id,
            json_build_object('account', json_build_object('id', id, 'before', json_build_object('state', 'ACTIVE', 'version', version),
                'after', json_build_object('state', 'DISABLED', 'version', version + 1)))::text, 'CONSOLE', 'me'
        FROM account WHERE username = $1
    ) UPDATE account SET state = 'DISABLED', version = version + 1 WHERE username = $1"""
    one, other = await asyncpg.connect(database_url), await asyncpg.connect(database_url)
    for each in (one, other):
        await each.execute("BEGIN")
    await one.execute(out, "admin")
    waiting = asyncio.create_task(other.execute(out, "second"))
    await asyncio.wait([waiting], timeout=0.3)  # it may wait for the head of the ledger
    await one.execute("COMMIT")
    await waiting
    with pytest.raises(asyncpg.PostgresError, match="last administrator"):
        await other.execute("COMMIT")
    for each in (one, other):
        await each.close()
    assert await Account.filter(state=AccountState.ACTIVE, roles__contains=["ADMIN"]).count() == 1


# -------------------------------------------------------------------------------------------------------------------------------- the scope


async def test_a_unit_in_scope_brings_its_arms_rooms_and_those_of_all_below_it_also_later_ones(live: Live) -> None:
    with acting(console_actor("tests")):
        above = accounts.CreateAccount(uuid4(), "above", (Role.COMMANDER,), units=("WING",))
        await made(accounts.create_account(above, PASSWORD))
        below = accounts.CreateAccount(uuid4(), "below", (Role.COMMANDER,), units=("N-SQ",))
        await made(accounts.create_account(below, PASSWORD))
    wing = bearing(live, (await sign_in(live.as_(None), "above"))["token"])
    north = bearing(live, (await sign_in(live.as_(None), "below"))["token"])

    async def rooms(client: Client) -> list[str]:
        return [node["code"] for node in nodes((await client(ROOMS))["armories"])]

    assert await rooms(wing) == ["NORTH", "SOUTH"]
    assert await rooms(north) == ["NORTH"]
    with acting(console_actor("tests")):
        await made(armory.register_unit(armory.RegisterUnit(uuid4(), "N-FLIGHT", "First flight", "N-SQ")))
        await made(armory.register_armory(armory.RegisterArmory(uuid4(), "EAST", "East arms room", "N-FLIGHT", "Asia/Manila")))
    async with asyncio.timeout(10):
        while await rooms(north) != ["EAST", "NORTH"] or await rooms(wing) != ["EAST", "NORTH", "SOUTH"]:
            continue


async def test_a_scope_that_is_narrowed_shows_less_within_seconds(live: Live) -> None:
    client = live.as_("officer")
    assert (await client(ROOMS))["items"]["totalCount"] == 90
    answer = await command(live.as_("admin"), "changeAccount", SAVED, username="officer", allArmories=False, armories=["south"])
    assert answer["account"]["armories"] == ["SOUTH"]
    async with asyncio.timeout(10):
        while (seen := await client(ROOMS))["items"]["totalCount"] != 20:
            continue
    assert [node["code"] for node in nodes(seen["armories"])] == ["SOUTH"]
    assert not (await client(VIEWER))["viewer"]["allArmories"]
