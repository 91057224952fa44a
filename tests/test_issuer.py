"""The issuer's keys: how long they are believed, when they are asked for again, and what of an answer is none."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from graph.errors import Unauthenticated, Unavailable
from graph.issuer import LONGEST_DOCUMENT, Issuer, belief_seconds, published
from graph.settings import Settings
from tests.issuer import TestIssuer, key_for, running_issuer

HOUR = 3600.0


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def there() -> AsyncIterator[TestIssuer]:
    async with running_issuer() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def issuer(there: TestIssuer, clock: Clock) -> AsyncIterator[Issuer]:
    """Its keys as we have them: believed for an hour, asked for every ten seconds at most, kept for a day."""
    ours = Issuer(Settings(oidc_issuer=there.url, oidc_timeout_seconds=3.0), clock)
    yield ours
    await ours.close()


async def settled(issuer: Issuer) -> None:
    """Wait until a question that is under way is answered."""
    if issuer._asking is not None:
        await issuer._asking


async def test_many_who_wait_ask_once(issuer: Issuer, there: TestIssuer) -> None:
    keys = await asyncio.gather(*(issuer.key("rsa-1", "RS256") for _ in range(50)))
    assert {key.kid for key in keys} == {"rsa-1"}
    assert there.asked == 1


async def test_one_who_gives_up_does_not_take_the_answer_from_the_others(issuer: Issuer, there: TestIssuer) -> None:
    first = asyncio.create_task(issuer.key("rsa-1", "RS256"))
    second = asyncio.create_task(issuer.key("rsa-1", "RS256"))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).kid == "rsa-1"
    assert there.asked == 1


async def test_unknown_kids_do_not_make_us_ask_more_often(issuer: Issuer, there: TestIssuer, clock: Clock) -> None:
    await issuer.key("rsa-1", "RS256")
    for second in range(60):
        clock.now += 1
        for number in range(10):
            with pytest.raises(Unauthenticated):
                await issuer.key(f"junk-{second}-{number}", "RS256")
    assert there.asked == 1 + 6


async def test_a_new_key_is_found_at_once_when_nobody_has_asked_for_a_while(issuer: Issuer, there: TestIssuer, clock: Clock) -> None:
    await issuer.key("rsa-1", "RS256")
    there.kids.append("rsa-2")
    clock.now += 11
    assert (await issuer.key("rsa-2", "RS256")).kid == "rsa-2"
    assert there.asked == 2


@pytest.mark.parametrize(
    ("said", "seconds"), [("max-age=300", 300), ("max-age=5", 60), ("public, max-age=86400", HOUR), ("no-store", 60), ("", 600)]
)
async def test_keys_are_believed_for_as_long_as_the_issuer_says_within_bounds(
    issuer: Issuer, there: TestIssuer, clock: Clock, said: str, seconds: float
) -> None:
    there.headers = {"cache-control": said}
    first = await issuer.key("rsa-1", "RS256")
    there.kids = ["rsa-2"]
    clock.now += seconds - 1
    assert await issuer.key("rsa-1", "RS256") == first
    assert issuer.holds(first)
    clock.now += 1
    with pytest.raises(Unauthenticated):
        await issuer.key("rsa-1", "RS256")
    assert not issuer.holds(first)
    assert there.asked == 2


async def test_a_token_that_is_known_has_the_issuer_asked_beside_and_does_not_wait(issuer: Issuer, there: TestIssuer, clock: Clock) -> None:
    first = await issuer.key("rsa-1", "RS256")
    there.kids = ["rsa-2"]
    clock.now += 2 * HOUR
    assert issuer.holds(first)
    await settled(issuer)
    assert not issuer.holds(first)


async def test_keys_are_kept_while_the_issuer_is_away_but_not_for_ever(issuer: Issuer, there: TestIssuer, clock: Clock) -> None:
    first = await issuer.key("rsa-1", "RS256")
    await there.leave()
    for _ in range(23):
        clock.now += HOUR
        assert await issuer.key("rsa-1", "RS256") == first
        assert issuer.holds(first)
        await settled(issuer)
    clock.now += HOUR
    with pytest.raises(Unavailable, match="cannot be reached"):
        await issuer.key("rsa-1", "RS256")
    assert not issuer.holds(first)
    await there.come()
    clock.now += 11
    assert await issuer.key("rsa-1", "RS256") == first


async def test_while_it_hangs_nobody_waits_who_need_not(issuer: Issuer, there: TestIssuer, clock: Clock) -> None:
    first = await issuer.key("rsa-1", "RS256")
    there.silent = True
    clock.now += 2 * HOUR
    assert await issuer.key("rsa-1", "RS256") == first  # the first who asks waits as long as the settings say
    for _ in range(20):
        assert await issuer.key("rsa-1", "RS256") == first
    assert there.asked == 2
    with pytest.raises(Unavailable):
        await issuer.key("rsa-2", "RS256")
    assert there.asked == 2


RUBBISH: dict[str, dict[str, Any]] = {
    "nothing": {"answer": b""},
    "no JSON": {"answer": b"<html>Sign in</html>"},
    "a list": {"answer": b"[]"},
    "no keys": {"answer": b"{}"},
    "an empty list of keys": {"answer": b'{"keys": []}'},
    "keys that are none": {
        "answer": b'{"keys": [1, null, {"kty": "RSA"}, {"kty": "RSA", "n": "AA", "e": "AQAB"}, {"kty": "oct", "k": "c2VjcmV0"}]}'
    },
    "deep": {"answer": b"[" * 100_000},
    "too long": {"answer": b'{"keys": [' + b" " * LONGEST_DOCUMENT + b"]}"},
    "packed": {"answer": gzip.compress(b'{"keys": [' + b" " * 10_000_000 + b"]}"), "headers": {"content-encoding": "gzip"}},
    "a fault": {"status": "500 Internal Server Error"},
    "somewhere else": {"status": "302 Found", "headers": {"location": "http://127.0.0.1:1/"}},
    "another issuer": {"names": {"issuer": "https://elsewhere.example"}},
    "no address of keys": {"names": {"jwks_uri": None}},
    "an address that is not safe": {"names": {"jwks_uri": "http://elsewhere.example/certs"}},
    "a file": {"names": {"jwks_uri": "file:///etc/passwd"}},
    "silence": {"silent": True},
}


@pytest.mark.parametrize("what", RUBBISH)
async def test_rubbish_is_no_answer_and_the_keys_that_there_are_stay(issuer: Issuer, there: TestIssuer, clock: Clock, what: str) -> None:
    well = dict(there.__dict__)
    there.__dict__.update(RUBBISH[what])
    with pytest.raises(Unavailable):
        await issuer.key("rsa-1", "RS256")
    there.__dict__.update({name: well[name] for name in RUBBISH[what]})
    clock.now += 11
    first = await issuer.key("rsa-1", "RS256")
    there.__dict__.update(RUBBISH[what])
    clock.now += 2 * HOUR
    assert await issuer.key("rsa-1", "RS256") == first


async def test_the_keys_may_be_at_an_address_of_the_settings(there: TestIssuer) -> None:
    there.names = {"issuer": "not even asked"}
    ours = Issuer(Settings(oidc_issuer="https://elsewhere.example", oidc_jwks_url=f"{there.url}/certs"))
    assert (await ours.key("ec-1", "ES256")).kid == "ec-1"
    await ours.close()


async def test_a_token_without_a_kid_has_the_only_key_of_its_kind(issuer: Issuer, there: TestIssuer, clock: Clock) -> None:
    assert (await issuer.key(None, "RS256")).kid == "rsa-1"
    there.kids.append("rsa-2")
    clock.now += 2 * HOUR
    with pytest.raises(Unauthenticated):
        await issuer.key(None, "RS256")


async def test_a_key_is_for_its_own_algorithms_alone(issuer: Issuer) -> None:
    for kid, algorithm in (("rsa-1", "ES256"), ("ec-1", "RS256"), ("ed-1", "ES256"), ("ec-1", "EdDSA")):
        with pytest.raises(Unauthenticated):
            await issuer.key(kid, algorithm)


@pytest.mark.filterwarnings("ignore:Key size")
def test_what_is_no_key_to_check_a_signature_with_is_left_out() -> None:
    good = key_for("rsa-1").as_dict(private=False)
    assert published(good) is not None
    for other in (
        {"use": "enc"},
        {"key_ops": ["sign"]},
        {"kid": 1},
        {"alg": 1},
        {"n": 1},
        {"n": "!"},
        {"kty": "oct"},
        {"key_ops": "verify"},
    ):
        assert published({**good, **other}) is None, other
    assert published(OctKey.generate_key(256).as_dict()) is None
    assert published(RSAKey.generate_key(1024).as_dict(private=False)) is None
    encrypting = published({**good, "alg": "RSA-OAEP"})
    assert encrypting is not None
    assert not encrypting.suits("rsa-1", "RS256")


def test_a_private_key_that_somebody_published_is_not_kept() -> None:
    key = published(ECKey.generate_key("P-256", private=True).as_dict(private=True))
    assert key is not None
    assert not key.key.is_private


def test_how_long_an_answer_is_believed_when_its_header_is_strange() -> None:
    assert [belief_seconds(header) for header in ("max-age=-1", "max-age=x", "s-maxage=5", "max-age=99999999999")] == [600, 600, 600, 600]
    assert json.dumps(belief_seconds("no-cache, max-age=500")) == "60"
