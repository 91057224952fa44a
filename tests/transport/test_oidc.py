"""Tokens of the organisation's own sign-in: who comes in with one, as what, and when that ends."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from graph import database
from graph.audit.actor import acting, console_actor
from graph.commands import accounts
from graph.errors import Refused
from graph.models.accounts import Account
from graph.models.ledger import LedgerEvent
from graph.settings import Settings
from graph.words import EventType, Role
from tests.chaos.processes import serving
from tests.conftest import assert_whole
from tests.issuer import AUDIENCE, TestIssuer, key_for, running_issuer, signed
from tests.server import Client, Live, running_server, subscribe
from tests.world import PASSWORD, made

pytestmark = pytest.mark.once

WHO = "{ viewer { username roles allArmories armories { code } } }"
VIEWER = "{ viewer { username } }"
FEED = "subscription { custodyFeed { event { item { serial } } } }"
OCAMPO = {"viewer": {"username": "ocampo", "roles": ["ARMORER"], "allArmories": False, "armories": [{"code": "NORTH"}]}}


@pytest.fixture
async def issuer() -> AsyncIterator[TestIssuer]:
    async with running_issuer() as running:
        yield running


def mapping(issuer: TestIssuer) -> dict[str, Any]:
    """The settings of an installation that trusts the issuer."""
    return {
        "oidc_issuer": issuer.url,
        "oidc_audience": AUDIENCE,
        "oidc_roles_claim": "realm_access.roles",
        "oidc_roles": {"arms-room": ("ARMORER",), "command": ("COMMANDER",), "guests": ("VIEWER",), "keys": ("ADMIN",)},
        "oidc_admins": True,
        "oidc_armories_claim": "groups",
        "oidc_armories": {"/north": ("NORTH",), "/south": ("SOUTH",), "/hq": ("*",), "/planned": ("EAST", "NORTH")},
        "oidc_units_claim": "groups",
        "oidc_units": {"/wing": ("WING",)},
        "oidc_leeway_seconds": 0,
        "oidc_refetch_seconds": 0.05,
    }


@dataclass
class Base:
    """A server that trusts an issuer."""

    live: Live
    issuer: TestIssuer

    def with_(self, token: str) -> Client:
        """A client with a token."""
        client = Client(self.live.url, token)
        self.live._clients.append(client)
        return client

    async def refused(self, token: str) -> str:
        """Why nobody comes in with this token."""
        (error,) = (await self.with_(token).answer(VIEWER))["errors"]
        assert error["extensions"]["code"] == "UNAUTHENTICATED"
        return str(error["message"])

    async def ended(self, client: Client) -> None:
        """Wait until a client is out."""
        async with asyncio.timeout(15):
            while "errors" not in (answer := await client.answer(VIEWER)):
                continue
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"

    async def becomes(self, client: Client, viewer: dict[str, Any]) -> None:
        """Wait until a client is seen so."""
        async with asyncio.timeout(15):
            while (await client.answer(WHO))["data"] != viewer:
                continue


@pytest.fixture
async def base(issuer: TestIssuer, settings: Settings, database_url: str) -> AsyncIterator[Base]:
    """A server that trusts the issuer. Afterwards its ledger must be whole and explain every table."""
    trusting = Settings(**{**settings.model_dump(), **mapping(issuer)})
    async with running_server(database_url, trusting) as live:
        yield Base(live, issuer)
        await database.close_door()
        await database.open_door(database_url, trusting)
        await assert_whole()


async def events_of(username: str) -> list[LedgerEvent]:
    account = await Account.get(username_key=username)
    return await LedgerEvent.filter(subject_id=account.id).order_by("seq")


def within(seconds: int, **other: Any) -> dict[str, Any]:
    """Claims of a token that was issued so many seconds ago."""
    return {"iat": int(time.time()) - seconds, **other}


def roles(*names: str) -> dict[str, Any]:
    return {"realm_access": {"roles": list(names)}}


# ------------------------------------------------------------------------------------------------------------------------- who comes in


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
async def test_whoever_has_a_good_token_comes_in_as_the_claims_say(base: Base) -> None:
    for kid, algorithm in (("rsa-1", "RS256"), ("rsa-1", "PS256"), ("ec-1", "ES256"), ("ed-1", "EdDSA"), ("ed-1", "Ed25519")):
        for kind in ("JWT", "at+jwt", None):
            client = base.with_(base.issuer.token(kid, algorithm, header={"typ": kind}))
            assert await client(WHO) == OCAMPO
            assert await client(WHO) == OCAMPO
    assert base.issuer.asked == 1
    (created,) = await events_of("ocampo")
    assert (created.type, created.actor_kind, created.actor_name) == (EventType.ACCOUNT_CREATED, "SYSTEM", "system:oidc")
    told = json.loads(created.payload)["account"]
    assert (told["issuer"], told["external_subject"], told["roles"]) == (base.issuer.url, "2f1c0c1e-ocampo", ["ARMORER"])


async def test_what_somebody_does_with_such_a_token_is_done_by_the_account_and_that_token(base: Base) -> None:
    assert (await base.with_(base.issuer.token()).issue("S-001", "M4-001"))["__typename"] == "ItemsIssued"
    issued = await LedgerEvent.get(type=EventType.ITEM_ISSUED)
    account = await Account.get(username_key="ocampo")
    assert (issued.actor_name, issued.actor_id) == ("ocampo", account.id)
    assert issued.credential_id is not None
    refused = await base.with_(base.issuer.token()).issue("S-001", "M4-101")  # of the south, out of scope
    assert refused["__typename"] == "Refused"


async def test_our_own_tokens_go_on_beside(base: Base) -> None:
    assert (await base.live.as_("north")(VIEWER))["viewer"]["username"] == "north"
    assert (await base.live.with_token("north")(VIEWER))["viewer"]["username"] == "north"
    assert base.issuer.asked == 0


async def test_without_an_issuer_such_a_token_is_nobodys(live: Live, issuer: TestIssuer) -> None:
    client = Client(live.url, issuer.token())
    assert await client.code(VIEWER) == "UNAUTHENTICATED"
    assert issuer.asked == 0
    await client.http.aclose()


async def test_a_known_token_costs_neither_the_issuer_nor_the_database_anything(
    base: Base, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = base.with_(base.issuer.token())
    await client("{ __typename }")
    statements: list[str] = []
    real, asked, began = database.fetch_one, base.issuer.asked, time.monotonic()

    async def counted(sql: str, *values: Any) -> Any:
        statements.append(sql)
        return await real(sql, *values)

    monkeypatch.setattr(database, "fetch_one", counted)
    for _ in range(50):
        await client("{ __typename }")
    assert len(statements) <= 1 + (time.monotonic() - began) / settings.standing_seconds
    assert all("issuer IS NOT NULL" in statement for statement in statements)
    assert base.issuer.asked == asked


# -------------------------------------------------------------------------------------------------------------------------- who does not

NOW = int(time.time())


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"iss": "https://elsewhere.example"}, "another issuer"),
    ({"iss": None}, "another issuer"),
    ({"iss": 1}, "another issuer"),
    ({"aud": "another-service"}, "audience"),
    ({"aud": ["armguard2", "account"]}, "audience"),
    ({"aud": None}, "audience"),
    ({"aud": {"armguard": 1}}, "audience"),
    ({"exp": NOW - 3600}, "expired"),
    ({"exp": None}, "`exp`"),
    ({"exp": "tomorrow"}, "`exp`"),
    ({"exp": True}, "`exp`"),
    ({"exp": float("nan")}, "`exp`"),
    ({"nbf": NOW + 3600}, "`nbf`"),
    ({"nbf": None, "iat": NOW + 3600}, "`iat`"),
    ({"iat": None}, "`iat`"),
    ({"iat": "1"}, "`iat`"),
    ({"sub": None}, "`sub`"),
    ({"sub": ""}, "`sub`"),
    ({"sub": 7}, "`sub`"),
    ({"sub": "x" * 256}, "`sub`"),
    ({"sub": "a\x00b"}, "`sub`"),
    ({"sub": "\ud800"}, "`sub`"),
    ({"typ": "ID"}, "no access token"),
    ({"typ": "Refresh"}, "no access token"),
    ({"nonce": "n-0S6"}, "no access token"),
    ({"at_hash": "77Qm"}, "no access token"),
    ({"cnf": {"jkt": "0ZcO"}}, "bound to a key"),
    ({"preferred_username": None}, "username"),
    ({"preferred_username": "x" * 65}, "username"),
    ({"preferred_username": " ocampo"}, "username"),
    ({"preferred_username": "\u0130" * 64}, "username"),  # longer in small letters
    ({"preferred_username": "oca\nmpo"}, "username"),
    (roles(), "no role"),
    (roles("offline_access"), "no role"),
    ({"realm_access": None}, "no role"),
    ({"realm_access": {"roles": {"arms-room": True}}}, "no role"),
    (roles("arms-room", "keys"), "no custody powers"),
]


async def test_a_token_with_a_wrong_claim_opens_nothing_and_says_why(base: Base) -> None:
    for claims, why in WRONG:
        said = {**base.issuer.claims(), **claims}
        body = json.dumps({name: value for name, value in said.items() if value is not None}).encode()
        assert why in await base.refused(signed(body, {"alg": "RS256", "kid": "rsa-1"}, key_for("rsa-1"))), claims
    assert not await Account.exists(issuer=base.issuer.url)


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forged(issuer: TestIssuer) -> dict[str, str]:
    """Tokens that somebody has made who has no key of the issuer."""
    claims, good = issuer.claims(), issuer.token()
    head, body, signature = good.split(".")
    pem = key_for("rsa-1").raw_value.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[union-attr]
    shared = {"alg": "HS256", "kid": "rsa-1", "typ": "JWT"}
    known = base64.urlsafe_b64encode(hmac.digest(pem, f"{part(shared)}.{body}".encode(), "sha256")).rstrip(b"=").decode()
    admin = part({**claims, **roles("keys")})
    return {
        "none": f"{part({'alg': 'none', 'kid': 'rsa-1'})}.{body}.",
        "None": f"{part({'alg': 'None', 'kid': 'rsa-1'})}.{body}.",
        "none, with the old signature": f"{part({'alg': 'none', 'kid': 'rsa-1'})}.{body}.{signature}",
        "a secret that everybody knows": f"{part(shared)}.{body}.{known}",
        "a stranger's key": signed(claims, {"alg": "RS256", "kid": "rsa-1"}, key_for("rsa-stranger")),
        "a key of its own in the header": signed(
            claims,
            {"alg": "RS256", "kid": "rsa-1", "jwk": key_for("rsa-stranger").as_dict(private=False), "jku": "http://127.0.0.1:1/"},
            key_for("rsa-stranger"),
        ),
        "another algorithm of the same key": signed(claims, {"alg": "RS512", "kid": "rsa-1"}, key_for("rsa-1")),
        "another kind of key": f"{part({'alg': 'ES256', 'kid': 'rsa-1'})}.{body}.{signature}",
        "other claims": f"{head}.{admin}.{signature}",
        "no signature": f"{head}.{body}.",
        "half a signature": good[:-100],
        "an extension": signed(claims, {"alg": "RS256", "kid": "rsa-1", "crit": ["kid"]}, key_for("rsa-1")),
        "an unencoded payload": f"{part({'alg': 'RS256', 'kid': 'rsa-1', 'crit': ['b64'], 'b64': False})}.{body}.{signature}",
        "a logout token": issuer.token(header={"typ": "logout+jwt"}),
        "a kid that is none": f"{part({'alg': 'RS256', 'kid': ['rsa-1']})}.{body}.{signature}",
        "an unknown kid": f"{part({'alg': 'RS256', 'kid': '../../x'})}.{body}.{signature}",
        "a header that is no object": f"{part([1])}.{body}.{signature}",
        "a header that is deep": f"{base64.urlsafe_b64encode(b'[' * 9000).decode()}.{body}.{signature}",
        "a header that is no JSON": f"eyJ.{body}.{signature}",
        "no claims at all": signed(b"[]", {"alg": "RS256", "kid": "rsa-1"}, key_for("rsa-1")),
        "claims that are deep": signed(b"[" * 9000, {"alg": "RS256", "kid": "rsa-1"}, key_for("rsa-1")),
        "claims that are no text": signed(b"\xff\xfe", {"alg": "RS256", "kid": "rsa-1"}, key_for("rsa-1")),
        "a number with too many digits": signed(b'{"exp":' + b"9" * 5000 + b"}", {"alg": "RS256", "kid": "rsa-1"}, key_for("rsa-1")),
        "too long": good + "A" * 20_000,
        "dots": "..",
        "words": "a.b.c",
    }


async def test_a_token_that_the_issuer_did_not_sign_opens_nothing(base: Base) -> None:
    for what, token in forged(base.issuer).items():
        answer = await base.with_(token).answer(VIEWER)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"], what
    assert not await Account.exists(issuer=base.issuer.url)
    assert await base.with_(base.issuer.token())(VIEWER)


async def test_a_username_of_an_account_of_our_own_is_never_taken_over(base: Base) -> None:
    before = await Account.get(username_key="north")
    assert "another account" in await base.refused(base.issuer.token(preferred_username="NORTH"))
    assert (await Account.get(username_key="north")).version == before.version
    assert (await base.live.as_("north")(VIEWER))["viewer"]["username"] == "north"
    await base.with_(base.issuer.token())(VIEWER)
    assert "another account" in await base.refused(base.issuer.token(sub="somebody-else"))  # nor another person's from there


async def test_an_account_is_known_by_its_subject_whatever_it_is_called_later(base: Base) -> None:
    await base.with_(base.issuer.token())(VIEWER)
    renamed = base.with_(base.issuer.token(preferred_username="ocampo.reyes"))
    assert (await renamed(VIEWER))["viewer"]["username"] == "ocampo"
    assert len(await events_of("ocampo")) == 1


async def test_twenty_who_come_at_once_for_the_first_time_make_one_account(base: Base) -> None:
    clients = [base.with_(base.issuer.token(jti=str(number))) for number in range(20)]
    answers = await asyncio.gather(*(client(WHO) for client in clients))
    assert answers == [OCAMPO] * 20
    assert len(await events_of("ocampo")) == 1
    assert base.issuer.asked == 1


async def test_such_an_account_has_no_password_and_its_roles_are_given_elsewhere(base: Base) -> None:
    client = base.with_(base.issuer.token())
    await client(VIEWER)
    sign_in = 'mutation { signIn(input: {username: "ocampo", password: "%s"}) { __typename ... on Refused { refusals { code } } } }'
    wrong = await base.live.as_(None)(sign_in % PASSWORD)
    assert wrong["signIn"] == {"__typename": "Refused", "refusals": [{"code": "SIGN_IN_FAILED"}]}
    with acting(console_actor("tests")):
        refused = [
            await accounts.set_password(accounts.SetPassword(uuid4(), "ocampo"), "another long password"),
            await accounts.change_account(accounts.ChangeAccount(uuid4(), "ocampo", roles=(Role.VIEWER,))),
            await accounts.change_account(accounts.ChangeAccount(uuid4(), "ocampo", all_armories=True)),
        ]
    assert [refusal.path for each in refused if isinstance(each, Refused) for refusal in each.refusals] == [
        "username",
        "roles",
        "allArmories",
    ]
    assert (await client.answer("mutation { signOut { username } }"))["errors"][0]["message"].startswith("You have signed in at your org")
    assert await client(WHO) == OCAMPO


# --------------------------------------------------------------------------------------------------------------------- roles and scope


SCOPES: list[tuple[Any, bool, list[str]]] = [
    (["/north", "/south", "/elsewhere"], False, ["NORTH", "SOUTH"]),
    (["/wing"], False, ["NORTH", "SOUTH"]),
    (["/hq"], True, ["NORTH", "SOUTH"]),
    (["/planned"], False, ["NORTH"]),
    (["*", "NORTH"], False, []),
    ([], False, []),
    (None, False, []),
    ("/south", False, ["SOUTH"]),
]


async def test_the_scope_is_what_the_claims_give(base: Base) -> None:
    for number, (groups, everything, rooms) in enumerate(SCOPES):
        person: dict[str, Any] = {"sub": str(number), "preferred_username": f"person-{number}"}
        viewer = (await base.with_(base.issuer.token(groups=groups, **person))(WHO))["viewer"]
        assert (viewer["allArmories"], [room["code"] for room in viewer["armories"]]) == (everything, rooms), groups


async def test_a_newer_token_changes_roles_and_scope_once_and_an_older_one_does_not_bring_them_back(base: Base) -> None:
    old = base.with_(base.issuer.token(**within(60, groups=["/north", "/south"], **roles("arms-room", "command"))))
    assert (await old(WHO))["viewer"]["roles"] == ["ARMORER", "COMMANDER"]
    newer = [base.with_(base.issuer.token(**within(30, jti=str(number), **roles("guests")))) for number in range(10)]
    answers = await asyncio.gather(*(client(WHO) for client in newer))
    guest = {"username": "ocampo", "roles": ["VIEWER"], "allArmories": False, "armories": [{"code": "NORTH"}]}
    assert [answer["viewer"] for answer in answers] == [guest] * 10
    await base.becomes(old, {"viewer": guest})
    unused = base.with_(base.issuer.token(**within(60, jti="unused", **roles("arms-room"))))
    assert (await unused(WHO))["viewer"] == guest
    created, changed = await events_of("ocampo")
    assert (created.type, changed.type, changed.actor_name) == (EventType.ACCOUNT_CREATED, EventType.ACCOUNT_CHANGED, "system:oidc")
    assert json.loads(changed.payload)["account"]["after"]["roles"] == ["VIEWER"]


async def test_the_newest_token_has_the_word_even_if_an_older_one_was_used_later(base: Base) -> None:
    await base.with_(base.issuer.token(**within(90)))(VIEWER)
    newest = base.with_(base.issuer.token(**within(30)))
    await newest(VIEWER)
    between = base.with_(base.issuer.token(**within(60, **roles("arms-room", "command"))))
    assert (await between(WHO))["viewer"]["roles"] == ["ARMORER", "COMMANDER"]
    async with asyncio.timeout(15):
        while (await between.answer(WHO))["data"] != OCAMPO:
            await newest(WHO)
    assert len(await events_of("ocampo")) == 3


async def test_whoever_loses_every_role_is_out_and_comes_back_with_the_next(base: Base) -> None:
    client = base.with_(base.issuer.token(**within(60)))
    async with base.live.socket(None, base.issuer.token(**within(60, jti="socket"))) as socket_:
        feed = await subscribe(socket_, FEED)
        await feed.next()
        assert "no role" in await base.refused(base.issuer.token(**within(30, **roles("offline_access"))))
        assert code_of(await feed.next()) == "UNAUTHENTICATED"
    await base.ended(client)
    assert await base.with_(base.issuer.token(**within(10)))(WHO) == OCAMPO
    assert len(await events_of("ocampo")) == 3


async def test_the_last_administrator_stays_one_whatever_the_claims_say(base: Base) -> None:
    keeper: dict[str, Any] = {"sub": "keeper", "preferred_username": "keeper"}
    admin = base.with_(base.issuer.token(**within(60, **keeper, **roles("keys"))))
    assert (await admin(WHO))["viewer"]["roles"] == ["ADMIN"]
    with acting(console_actor("tests")):
        await made(accounts.disable_account(accounts.DisableAccount(uuid4(), "admin", "left")))
    assert "last administrator" in await base.refused(base.issuer.token(**within(30, **keeper, **roles("guests"))))
    assert (await admin(WHO))["viewer"]["roles"] == ["ADMIN"]


# ------------------------------------------------------------------------------------------------------------------------- when it ends


def code_of(end: Any) -> str:
    """The code of the one error that a stream ends with."""
    (error,) = end["payload"] if end.get("type") == "error" else end["errors"]
    return str(error["extensions"]["code"])


async def test_a_disabled_account_stays_out_whatever_token_it_brings(base: Base) -> None:
    client = base.with_(base.issuer.token())
    async with base.live.socket(None, base.issuer.token(jti="socket")) as socket_:
        feed = await subscribe(socket_, FEED)
        await feed.next()
        with acting(console_actor("tests")):
            await made(accounts.disable_account(accounts.DisableAccount(uuid4(), "ocampo", "stolen badge")))
        assert code_of(await feed.next()) == "UNAUTHENTICATED"
        await socket_.wait_closed()
        assert socket_.close_code == 4403
    await base.ended(client)
    assert "disabled" in await base.refused(base.issuer.token(iat=int(time.time())))
    with acting(console_actor("tests")):
        await made(accounts.enable_account(accounts.EnableAccount(uuid4(), "ocampo", "found again")))
    assert await base.with_(base.issuer.token(jti="again"))(WHO) == OCAMPO


async def test_a_stream_ends_when_its_token_expires(base: Base) -> None:
    token = base.issuer.token(exp=int(time.time()) + 6)
    client = base.with_(token)
    async with base.live.socket(None, token) as socket_:
        feed = await subscribe(socket_, FEED)
        await feed.next()
        await base.live.as_("north").issue("S-001", "M4-001")
        assert (await feed.next())["data"]["custodyFeed"]["event"] == {"item": {"serial": "M4-001"}}
        end = await feed.next()
        assert code_of(end) == "UNAUTHENTICATED"
        assert "expired" in str(end)
    assert "expired" in await base.refused(token)
    assert await client.code(VIEWER) == "UNAUTHENTICATED"


async def test_a_socket_of_a_token_that_is_no_good_is_closed(base: Base) -> None:
    with pytest.raises(ConnectionClosed) as closed:
        async with base.live.socket(None, base.issuer.token(aud="another-service")) as socket_:
            await socket_.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4403


async def test_a_disabled_account_loses_its_streams_on_every_server(issuer: TestIssuer, database_url: str, tmp_path: Path) -> None:
    given = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in mapping(issuer).items()}
    async with (
        serving(database_url, tmp_path / "one", **given) as one,
        serving(database_url, tmp_path / "two", **given) as two,
        one.live.socket(None, issuer.token()) as at_one,
        two.live.socket(None, issuer.token()) as at_two,
    ):
        feeds = [await subscribe(at_one, FEED), await subscribe(at_two, FEED)]
        assert [(await feed.next(30))["data"]["custodyFeed"]["event"] for feed in feeds] == [None, None]
        words = [sys.executable, "-m", "graph.cli", "account", "disable", "ocampo", "--reason", "left"]
        await asyncio.to_thread(subprocess.run, words, check=True, env=one.environment)
        assert [code_of(await feed.next(30)) for feed in feeds] == ["UNAUTHENTICATED"] * 2


# ------------------------------------------------------------------------------------------------------------------ the issuer's own ways


async def test_a_new_key_is_found_and_what_a_withdrawn_one_signed_is_worth_nothing(base: Base) -> None:
    client = base.with_(base.issuer.token())
    await client(VIEWER)
    base.issuer.kids = ["rsa-2"]
    await base.becomes(base.with_(base.issuer.token("rsa-2")), OCAMPO)  # the issuer is not asked again at once
    await base.ended(client)
    assert "key" in await base.refused(base.issuer.token("rsa-1"))


async def test_while_the_issuer_is_away_its_keys_go_on_and_only_what_needs_it_is_unavailable(base: Base) -> None:
    known = base.with_(base.issuer.token())
    await known(VIEWER)
    await base.issuer.leave()
    assert await known(WHO) == OCAMPO
    assert await base.with_(base.issuer.token(jti="another"))(WHO) == OCAMPO
    unavailable = await base.with_(base.issuer.token("rsa-2")).http.post("/graphql", json={"query": VIEWER})
    assert (unavailable.status_code, unavailable.json()["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
    assert (await base.live.as_("north")(VIEWER))["viewer"]["username"] == "north"
    base.issuer.kids.append("rsa-2")
    await base.issuer.come()
    new = base.with_(base.issuer.token("rsa-2"))
    async with asyncio.timeout(15):
        while (await new.http.post("/graphql", json={"query": VIEWER})).status_code != 200:
            continue


async def test_a_socket_is_told_to_try_again_while_the_issuer_is_away(base: Base) -> None:
    await base.issuer.leave()
    async with connect(base.live.socket_url, subprotocols=["graphql-transport-ws"]) as socket_:  # type: ignore[list-item]
        init = {"type": "connection_init", "payload": {"Authorization": f"Bearer {base.issuer.token()}"}}
        await socket_.send(json.dumps(init))
        with pytest.raises(ConnectionClosed) as closed:
            await socket_.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013
    assert "cannot be reached" in closed.value.rcvd.reason
