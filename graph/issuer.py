"""The issuer of an organisation's tokens: where its keys are, and the keys themselves, kept for a while."""

from __future__ import annotations

import asyncio
import re
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import structlog
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import Key, RSAKey, import_key

from graph.errors import Unauthenticated, Unavailable
from graph.settings import Settings, is_safe_url

LONGEST_DOCUMENT = 256 * 1024  # bytes
MOST_KEYS = 50
SHORTEST_RSA = 2048  # bits
SHORTEST_BELIEF_SECONDS, USUAL_BELIEF_SECONDS = 60, 600

# What of a key is public: a private part that somebody published is not even read.
PUBLIC = ("kty", "n", "e", "crv", "x", "y", "kid", "alg", "use")
# The type and the curve of the key that an algorithm takes, so that no key is used for another one.
TAKES = {
    "RS256": ("RSA", None),
    "PS256": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),
}
SAME = {"EdDSA": "Ed25519"}  # RFC 9864 gives the one a new name
AWAY = "Your organisation's sign-in cannot be reached, so its tokens cannot be checked. Try again in a moment."

log = structlog.get_logger("armguard.oidc")
# That the name is old is no fault of who uses it: issuers go on using it.
warnings.filterwarnings("ignore", message="EdDSA is deprecated", category=SecurityWarning)


class Unfit(Exception):
    """What the issuer answers is not what it must be; says what, for the log."""


@dataclass(frozen=True)
class PublishedKey:
    """A key of the issuer. `mark` tells it from every other, whatever it is called."""

    kid: str | None
    algorithm: str | None
    kind: tuple[str, str | None]
    key: Key
    mark: str

    def suits(self, kid: str | None, algorithm: str) -> bool:
        """Whether a token that names this key and this algorithm may be signed with it."""
        named = SAME.get(self.algorithm or algorithm, self.algorithm or algorithm)
        return (kid is None or kid == self.kid) and self.kind == TAKES[algorithm] and named == SAME.get(algorithm, algorithm)


class Issuer:
    """The keys of the issuer, asked for when they are needed: once for all who wait, and never more often than the settings say."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._client = httpx.AsyncClient(timeout=settings.oidc_timeout_seconds, follow_redirects=False)
        self._keys: tuple[PublishedKey, ...] = ()
        self._marks: frozenset[str] = frozenset()
        self._read_at = self._fresh_until = self._tried_at = float("-inf")
        self._failing = False
        self._asking: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        await self._client.aclose()

    async def key(self, kid: str | None, algorithm: str) -> PublishedKey:
        """The key of this id for this algorithm; without an id the only one there is for it.

        Raises:
            Unauthenticated: the issuer has no such key.
            Unavailable: the issuer cannot be asked.
        """
        found = self._find(kid, algorithm)
        if found is not None and (self._is_fresh() or self._failing):
            self._ask_if_stale()
            return found
        await self._ask()
        found = self._find(kid, algorithm)
        if found is not None:
            return found
        if self._failing:
            raise Unavailable(AWAY)
        raise Unauthenticated("This token is signed with a key that your organisation's sign-in does not have, or has no more.")

    def holds(self, key: PublishedKey) -> bool:
        """Whether the issuer still has a key, as far as is known: it is asked again beside, when that is long ago."""
        self._ask_if_stale()
        return key.mark in self._marks and self._are_kept()

    def _find(self, kid: str | None, algorithm: str) -> PublishedKey | None:
        suiting = [key for key in self._keys if key.suits(kid, algorithm)] if self._are_kept() else []
        return suiting[0] if suiting and (kid is not None or len(suiting) == 1) else None

    def _are_kept(self) -> bool:
        return self._clock() < self._read_at + self._settings.oidc_keep_hours * 3600

    def _is_fresh(self) -> bool:
        return self._clock() < self._fresh_until

    def _ask_if_stale(self) -> None:
        if not self._is_fresh():
            self._begin()

    def _begin(self) -> asyncio.Task[None] | None:
        """The question under way, or a new one, if the last was long enough ago."""
        if self._asking is None and self._clock() >= self._tried_at + self._settings.oidc_refetch_seconds:
            self._asking = asyncio.create_task(self._fetch())
        return self._asking

    async def _ask(self) -> None:
        if (asking := self._begin()) is not None:
            await asyncio.shield(asking)

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(self._settings.oidc_timeout_seconds):
                keys, seconds = await self._read()
        except Exception as error:  # whatever it is, the keys that there are stay
            self._failing = True
            reason = str(error) if isinstance(error, Unfit) else type(error).__name__
            log.warning("issuer_not_reached", issuer=self._settings.oidc_issuer, reason=reason)
        else:
            self._failing = False
            self._keys, self._marks = keys, frozenset(key.mark for key in keys)
            self._read_at = self._clock()
            self._fresh_until = self._read_at + seconds
        finally:
            self._tried_at = self._clock()
            self._asking = None

    async def _read(self) -> tuple[tuple[PublishedKey, ...], float]:
        document, headers = await self._document(self._settings.oidc_jwks_url or await self._discovered())
        given = document.get("keys")
        keys = [published(key) for key in given[:MOST_KEYS]] if isinstance(given, list) else []
        usable = tuple(key for key in keys if key is not None)
        if not usable:
            raise Unfit("it has no key that can be used")
        return usable, min(belief_seconds(headers.get("cache-control", "")), self._settings.oidc_keys_minutes * 60)

    async def _discovered(self) -> str:
        """Where the keys are, as the issuer says (OpenID Connect Discovery 1.0, section 4)."""
        issuer = self._settings.oidc_issuer
        document, _ = await self._document(issuer.rstrip("/") + "/.well-known/openid-configuration")
        if document.get("issuer") != issuer:
            raise Unfit("it says to be another issuer")
        url = document.get("jwks_uri")
        if not isinstance(url, str) or not is_safe_url(url) or (url.startswith("http:") and not issuer.startswith("http:")):
            raise Unfit("it gives no https address of its keys")
        return url

    async def _document(self, url: str) -> tuple[Mapping[str, Any], httpx.Headers]:
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        body = bytearray()
        async with self._client.stream("GET", url, headers=headers) as response:
            if response.status_code != 200:
                raise Unfit(f"it answers {response.status_code}")
            async for part in response.aiter_raw():
                body += part
                if len(body) > LONGEST_DOCUMENT:
                    raise Unfit("its answer is too long")
        try:
            document = orjson.loads(body)
        except ValueError:
            raise Unfit("its answer is not JSON") from None
        if not isinstance(document, dict):
            raise Unfit("its answer is not a JSON object")
        return document, response.headers


def belief_seconds(cache_control: str) -> float:
    """How long an answer with this header is believed: not so short that every token asks again."""
    if re.search(r"\bno-(store|cache)\b", cache_control):
        return SHORTEST_BELIEF_SECONDS
    told = re.search(r"\bmax-age=(\d{1,9})\b", cache_control)
    return max(SHORTEST_BELIEF_SECONDS, int(told[1])) if told else USUAL_BELIEF_SECONDS


def published(jwk: Any) -> PublishedKey | None:
    """A key as the issuer publishes it, or nothing if it is none to check a signature with."""
    if not isinstance(jwk, dict) or jwk.get("kty") not in ("RSA", "EC", "OKP") or jwk.get("use", "sig") != "sig":
        return None
    operations, kid, algorithm = jwk.get("key_ops", ["verify"]), jwk.get("kid"), jwk.get("alg")
    if not (isinstance(operations, list) and "verify" in operations and isinstance(kid, str | None) and isinstance(algorithm, str | None)):
        return None
    try:
        key = import_key({name: jwk[name] for name in PUBLIC if name in jwk})
        mark = key.thumbprint()
        if isinstance(key, RSAKey) and key.public_key.key_size < SHORTEST_RSA:
            return None
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return PublishedKey(kid, algorithm, (jwk["kty"], jwk.get("crv") if jwk["kty"] != "RSA" else None), key, mark)
