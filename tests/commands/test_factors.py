"""The second factor: an authenticator app, and the recovery codes for when the phone lies at the bottom of the river."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pyotp
import pytest

from graph.audit.actor import Actor, acting, console_actor
from graph.commands import accounts, factors, sessions
from graph.commands.factors import STEP_SECONDS
from graph.errors import RateLimited, RefusalCode, Refused
from graph.resolvers.accounts import actor_of
from graph.settings import Settings
from graph.words import Role
from tests.server import Client, Live, running_server
from tests.signing import VIEWER, bearing, code_of, command, refused, sign_in, totp_of
from tests.world import PASSWORD, made, token_of

Sql = Any
BEGUN = "... on SecondFactorBegun { secret uri }"
SET = "... on SecondFactorSet { recoveryCodes }"
ACCOUNT = "... on AccountSaved { account { username secondFactor } }"


async def the_code(client: Client, username: str, password: str = PASSWORD) -> list[str]:
    """Set a second factor up, as its owner does; gives the recovery codes."""
    begun = await command(client, "beginSecondFactor", BEGUN, password=password)
    code = pyotp.TOTP(begun["secret"]).now()
    confirmed = await command(client, "confirmSecondFactor", SET, code=code)
    assert begun["uri"].startswith(f"otpauth://totp/ArmGuard:{username}?secret={begun['secret']}")
    return list(confirmed["recoveryCodes"])


def ours(app: pyotp.TOTP, steps: int = 0) -> str:
    """The code of the app, whose clock is so many steps wrong."""
    return app.generate_otp(int(time.time()) // STEP_SECONDS + steps)


async def set_up(username: str) -> tuple[pyotp.TOTP, Sequence[str]]:
    """A second factor of an account of the world, by its commands."""
    with acting(await actor_of(token_of(username))):
        begun = await factors.begin_second_factor(factors.BeginSecondFactor(uuid4()), PASSWORD)
        assert isinstance(begun, factors.NewFactor)
        app = pyotp.TOTP(begun.secret)
        codes = await factors.confirm_second_factor(factors.ConfirmSecondFactor(uuid4()), ours(app))
        assert not isinstance(codes, Refused)
    return app, codes


async def signed(code: str | None, username: str = "officer", address: str = "10.0.0.5") -> RefusalCode | None:
    """Why a sign-in with this code was refused, if it was."""
    answer = await sessions.sign_in(sessions.SignIn(username, PASSWORD, address, code))
    return answer.refusals[0].code if isinstance(answer, Refused) else None


# ----------------------------------------------------------------------------------------------------------------------------- it is set up


async def test_an_officer_sets_an_app_up_and_signs_in_with_its_codes_from_then_on(live: Live, plain_sql: Sql) -> None:
    first = await sign_in(live.as_(None), "officer")
    client = bearing(live, first["token"])
    begun = await command(client, "beginSecondFactor", BEGUN, password=PASSWORD)
    assert (await sign_in(live.as_(None), "officer"))["username"] == "officer"  # until it is confirmed nothing is different
    assert refused(await command(client, "confirmSecondFactor", SET, code="000000")) == "SECOND_FACTOR_FAILED"
    app = pyotp.TOTP(begun["secret"])
    taken = ours(app)
    confirmed = await command(client, "confirmSecondFactor", SET, code=taken)
    assert len(set(confirmed["recoveryCodes"])) == 10
    assert (await client(VIEWER))["viewer"]["username"] == "officer"  # who is signed in goes on

    assert refused(await sign_in(live.as_(None), "officer")) == "SECOND_FACTOR_REQUIRED"
    assert refused(await sign_in(live.as_(None), "officer", code=taken)) == "SECOND_FACTOR_FAILED"  # by the confirmation
    assert refused(await sign_in(live.as_(None), "officer", "wrong", code=ours(app, 1))) == "SIGN_IN_FAILED"  # and told nothing more
    next_ = ours(app, 1)
    assert (await sign_in(live.as_(None), "officer", code=f" {next_[:3]} {next_[3:]} "))["username"] == "officer"
    told = await plain_sql.fetchval("SELECT string_agg(e::text, '') FROM ledger_event e")
    assert begun["secret"] not in told
    assert not any(code in told for code in confirmed["recoveryCodes"])
    assert await plain_sql.fetchval("SELECT count(*) FROM ledger_event WHERE type = 'SECOND_FACTOR_SET'") == 1


async def test_it_takes_the_password_and_a_person(live: Live) -> None:
    client = live.as_("officer")
    assert refused(await command(client, "beginSecondFactor", BEGUN, password="a guess at it")) == "SIGN_IN_FAILED"
    assert await code_of(live.with_token("officer"), "beginSecondFactor", "BeginSecondFactorInput", password=PASSWORD) == "FORBIDDEN"
    assert refused(await command(client, "confirmSecondFactor", SET, code="123456")) == "STATE_NOT_ALLOWED"  # nothing was begun


async def test_one_who_begins_often_is_no_guesser_and_one_who_guesses_waits(live: Live) -> None:
    client = live.as_("officer")
    secrets = {(await command(client, "beginSecondFactor", BEGUN, password=PASSWORD))["secret"] for _ in range(12)}
    assert len(secrets) == 12
    for _ in range(10):
        await command(client, "beginSecondFactor", BEGUN, password="a guess at it")
    assert await code_of(client, "beginSecondFactor", "BeginSecondFactorInput", password=PASSWORD) == "RATE_LIMITED"


async def test_what_is_shown_once_is_not_shown_again(live: Live) -> None:
    client, request = live.as_("officer"), str(uuid4())
    begun = await command(client, "beginSecondFactor", BEGUN, password=PASSWORD, requestId=request)
    again = await command(client, "beginSecondFactor", BEGUN, password=PASSWORD, requestId=request)
    assert again == begun  # the answer was lost
    confirming = str(uuid4())
    confirmed = await command(client, "confirmSecondFactor", SET, code=ours(pyotp.TOTP(begun["secret"])), requestId=confirming)
    assert len(confirmed["recoveryCodes"]) == 10
    assert await command(client, "confirmSecondFactor", SET, code="000000", requestId=confirming) == {"recoveryCodes": []}
    assert refused(await command(client, "beginSecondFactor", BEGUN, password=PASSWORD, requestId=request)) == "STATE_NOT_ALLOWED"
    assert refused(await command(client, "beginSecondFactor", BEGUN, password=PASSWORD)) == "STATE_NOT_ALLOWED"


# ------------------------------------------------------------------------------------------------------------------- each code is good once


async def test_a_code_signs_in_once_and_only_one_of_two_at_once(opened: str) -> None:
    app, _ = await set_up("officer")
    older, code = ours(app), ours(app, 1)
    results = await asyncio.gather(*(signed(code, address=f"10.0.0.{number}") for number in range(4)))
    assert sorted(str(result) for result in results) == ["None"] + ["SECOND_FACTOR_FAILED"] * 3
    assert await signed(older) is RefusalCode.SECOND_FACTOR_FAILED  # an older one, which somebody read over a shoulder


@pytest.mark.parametrize(("steps", "good"), [(-1, True), (1, True), (-2, False), (2, False)])
async def test_a_clock_may_be_half_a_minute_off_and_not_more(
    opened: str, plain_sql: Sql, monkeypatch: pytest.MonkeyPatch, steps: int, good: bool
) -> None:
    app, _ = await set_up("officer")
    await plain_sql.execute("UPDATE second_factor SET last_step = 0")  # no code has been taken yet
    moment = datetime(2026, 11, 29, 4, 59, 59, tzinfo=UTC)

    async def then() -> datetime:
        return moment

    monkeypatch.setattr(factors, "database_time", then)
    code = app.generate_otp(int(moment.timestamp()) // STEP_SECONDS + steps)
    assert await signed(code) is (None if good else RefusalCode.SECOND_FACTOR_FAILED)


async def test_each_recovery_code_signs_in_once_however_it_is_written(opened: str, plain_sql: Sql) -> None:
    _, codes = await set_up("officer")
    assert await signed(codes[0].lower().replace("-", " ")) is None
    assert await signed(codes[0]) is RefusalCode.SECOND_FACTOR_FAILED
    results = await asyncio.gather(*(signed(codes[1], address=f"10.0.0.{number}") for number in range(3)))
    assert sorted(str(result) for result in results) == ["None", "SECOND_FACTOR_FAILED", "SECOND_FACTOR_FAILED"]
    told = await plain_sql.fetch("SELECT summary FROM ledger_event WHERE type = 'RECOVERY_CODE_USED' ORDER BY seq")
    assert [row["summary"] for row in told] == ["Recovery code used: officer, 9 left.", "Recovery code used: officer, 8 left."]
    stored = await plain_sql.fetchval("SELECT string_agg(r::text, '') FROM recovery_code r")
    assert not any(code in stored or code.replace("-", "") in stored for code in codes)


async def test_the_codes_of_one_account_are_worth_nothing_to_another(opened: str) -> None:
    _, codes = await set_up("officer")
    await set_up("commander")
    assert await signed(codes[0], "commander") is RefusalCode.SECOND_FACTOR_FAILED
    assert await signed(codes[0]) is None


async def test_who_knows_the_password_does_not_guess_the_code_from_many_addresses(opened: str, plain_sql: Sql) -> None:
    app, codes = await set_up("officer")
    for number in range(10):
        assert await signed(f"00000{number}", address=f"10.0.1.{number}") is RefusalCode.SECOND_FACTOR_FAILED
    with pytest.raises(RateLimited, match="Too many wrong codes"):
        await signed(ours(app), address="10.0.2.1")
    with pytest.raises(RateLimited):
        await signed(codes[0], address="10.0.2.2")
    noted = await plain_sql.fetch("SELECT DISTINCT name FROM security_log WHERE kind = 'SECOND_FACTOR_FAILED'")
    assert [row["name"] for row in noted] == ["officer"]
    assert await signed(None, "north") is None  # nobody else waits


@pytest.mark.parametrize("code", ["", "\ud800", "１２３４５６", "0" * 5000, "' OR true --"])
async def test_what_is_no_code_is_a_wrong_one(opened: str, code: str) -> None:
    await set_up("officer")
    assert await signed(code) is RefusalCode.SECOND_FACTOR_FAILED


# ------------------------------------------------------------------------------------------------------------------------------- the policy


@pytest.fixture
def strict(settings: Settings) -> Settings:
    """Settings under which who approves has a second factor."""
    return settings.model_copy(update={"second_factor_roles": (Role.ARMS_ROOM_OFFICER, Role.ADMIN)})


async def test_whose_role_takes_a_second_factor_does_nothing_before_it_is_set_up(database_url: str, strict: Settings) -> None:
    async with running_server(database_url, strict) as live:
        first = await sign_in(live.as_(None), "officer")
        assert first["unfinished"] == "SECOND_FACTOR_REQUIRED"
        client = bearing(live, first["token"])
        for query in ("{ items(first: 1) { totalCount } }", "{ ledger(first: 1) { totalCount } }", "{ sessions(first: 1) { totalCount } }"):
            (error,) = (await client.answer(query))["errors"]
            assert error["extensions"] == {"code": "FORBIDDEN", "reason": "SECOND_FACTOR_REQUIRED"}
        given: dict[str, Any] = {"holder": {"serviceNumber": "S-001"}, "lines": [{"item": {"serial": "G17-001"}}]}
        assert await code_of(client, "issueItems", "IssueItemsInput", **given) == "FORBIDDEN"
        async with live.socket(None, first["token"]) as socket:
            await socket.send('{"id": "1", "type": "subscribe", "payload": {"query": "subscription { custodyFeed { cursor } }"}}')
            assert "SECOND_FACTOR_REQUIRED" in str(await socket.recv())
        await the_code(client, "officer")
        assert (await client("{ items(first: 1) { totalCount } }"))["items"]["totalCount"] > 0
        north = await sign_in(live.as_(None), "north")  # whose role does not take one
        assert north["unfinished"] is None


async def test_a_given_password_is_changed_first_and_then_the_second_factor_set_up(database_url: str, strict: Settings) -> None:
    async with running_server(database_url, strict) as live:
        with acting(console_actor("tests")):
            create = accounts.CreateAccount(uuid4(), "second.admin", (Role.ADMIN,), all_armories=True, must_change_password=True)
            await made(accounts.create_account(create, PASSWORD))
        first = await sign_in(live.as_(None), "second.admin")
        assert first["unfinished"] == "PASSWORD_CHANGE_REQUIRED"
        client = bearing(live, first["token"])
        assert await client.code("{ accounts(first: 1) { totalCount } }") == "FORBIDDEN"
        changed = await command(
            client,
            "changePassword",
            "... on PasswordChanged { username }",
            currentPassword=PASSWORD,
            newPassword="seven herons over the marsh",
        )
        assert changed == {"username": "second.admin"}
        assert (await client(VIEWER))["viewer"]["unfinished"] == "SECOND_FACTOR_REQUIRED"
        await the_code(client, "second.admin", "seven herons over the marsh")
        assert (await client("{ accounts(first: 1) { totalCount } }"))["accounts"]["totalCount"] > 0


# ------------------------------------------------------------------------------------------------------------------------------ it is taken


async def test_an_administrator_takes_a_lost_one_with_a_reason_and_its_owner_sets_up_another(live: Live, plain_sql: Sql) -> None:
    codes = await the_code(live.as_("officer"), "officer")
    old = await totp_of("officer")
    for other in ("officer", "commander", "auditor"):
        asked = {"username": "officer", "reason": "lost"}
        assert await code_of(live.as_(other), "removeSecondFactor", "AccountAndReasonInput", **asked) == "FORBIDDEN"
    assert await code_of(live.as_("admin"), "removeSecondFactor", "AccountAndReasonInput", username="officer", reason=" ") == "BAD_REQUEST"
    of = ("removeSecondFactor", ACCOUNT, "AccountAndReasonInput")
    answer = await command(live.as_("admin"), *of, username="officer", reason="phone in the river, seen in person")
    assert answer == {"account": {"username": "officer", "secondFactor": False}}
    told = await plain_sql.fetchrow("SELECT * FROM ledger_event WHERE type = 'SECOND_FACTOR_REMOVED'")
    assert "phone in the river" in told["payload"]
    assert told["actor_name"] == "admin"

    assert (await sign_in(live.as_(None), "officer"))["username"] == "officer"
    await the_code(live.as_("officer"), "officer")
    for code in (codes[0], ours(old, 1)):
        assert refused(await sign_in(live.as_(None), "officer", code=code)) == "SECOND_FACTOR_FAILED"
    assert refused(await command(live.as_("admin"), *of, username="north", reason="lost")) == "STATE_NOT_ALLOWED"


async def test_nobody_takes_their_own_with_a_session_alone(opened: str) -> None:
    await set_up("admin")
    own: Actor = await actor_of(token_of("admin"))
    removal = factors.RemoveSecondFactor(uuid4(), "admin", "lost")
    with acting(own):
        answer = await factors.remove_second_factor(removal)
    assert isinstance(answer, Refused)
    assert answer.refusals[0].code is RefusalCode.SAME_PERSON
    await made(factors.remove_second_factor(removal))  # at the console, if there is no other administrator
