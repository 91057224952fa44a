"""An issuer of tokens for the tests: a real HTTP server with real keys, which can change them, go away, talk rubbish or say nothing."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

AUDIENCE = "armguard"
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519", "RS512")


@functools.cache
def key_for(kid: str) -> Key:
    """The key with this id; its beginning says what it is."""
    if kid.startswith("ec"):
        return ECKey.generate_key("P-256", {"kid": kid}, private=True)
    if kid.startswith("ed"):
        return OKPKey.generate_key("Ed25519", {"kid": kid}, private=True)
    return RSAKey.generate_key(2048, {"kid": kid}, private=True)


def signed(claims: Any, header: dict[str, Any], key: Any) -> str:
    """A JWT, whatever it says."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    registry = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    return jws.serialize_compact(header, payload, key, registry=registry)


class TestIssuer:
    """The issuer. `answer` is what it says instead of its keys, `asked` how often they were asked for."""

    __test__ = False

    def __init__(self) -> None:
        self.kids = ["rsa-1", "ec-1", "ed-1"]
        self.headers = {"cache-control": "max-age=3600"}
        self.answer: bytes | None = None
        self.status = "200 OK"
        self.silent = False
        self.names: dict[str, Any] = {}
        self.asked = 0
        self.port = 0
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """What it calls itself."""
        return f"http://127.0.0.1:{self.port}/realms/base"

    async def come(self) -> None:
        """Serve, from now on."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def leave(self) -> None:
        """Serve no more."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def claims(self, **other: Any) -> dict[str, Any]:
        """The claims of an access token as Keycloak writes them; what is None is left out."""
        now = int(time.time())
        usual = {
            "iss": self.url,
            "aud": [AUDIENCE, "account"],
            "sub": "2f1c0c1e-ocampo",
            "exp": now + 300,
            "iat": now - 10,
            "jti": "e4b2",
            "typ": "Bearer",
            "azp": "counter",
            "preferred_username": "ocampo",
            "realm_access": {"roles": ["arms-room", "offline_access"]},
            "groups": ["/north"],
        }
        return {name: value for name, value in {**usual, **other}.items() if value is not None}

    def token(self, kid: str = "rsa-1", algorithm: str = "RS256", header: dict[str, Any] | None = None, **other: Any) -> str:
        """An access token, signed."""
        said = {"alg": algorithm, "kid": kid, "typ": "JWT", **(header or {})}
        return signed(self.claims(**other), {name: value for name, value in said.items() if value is not None}, key_for(kid))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = head.split()[1]
            if self.silent:
                self.asked += 1
                await reader.read()  # until the other end has had enough
            else:
                body = self._body(path)
                told = {"content-type": "application/json", "content-length": str(len(body)), "connection": "close", **self.headers}
                lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
                writer.write(f"HTTP/1.1 {self.status}\r\n{lines}\r\n".encode() + body)
                await writer.drain()
        writer.close()

    def _body(self, path: str) -> bytes:
        if path == "/realms/base/.well-known/openid-configuration":
            return json.dumps({"issuer": self.url, "jwks_uri": f"{self.url}/certs", **self.names}).encode()
        assert path == "/realms/base/certs", path
        self.asked += 1
        keys = [{**key_for(kid).as_dict(private=False), "use": "sig"} for kid in self.kids]
        return self.answer if self.answer is not None else json.dumps({"keys": keys}).encode()


@contextlib.asynccontextmanager
async def running_issuer() -> AsyncIterator[TestIssuer]:
    """An issuer that serves."""
    issuer = TestIssuer()
    for kid in (*issuer.kids, "rsa-2"):  # made before anybody waits for an answer
        key_for(kid)
    await issuer.come()
    try:
        yield issuer
    finally:
        await issuer.leave()
