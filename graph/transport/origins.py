"""From whose pages the API may be used: our own, and those of the origins that a site lists. What is no page says no origin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog
from strawberry.http.websocket_origin import is_same_origin, normalize_origin

METHODS = b"GET, POST"
HEADERS = b"accept, authorization, content-type"
READABLE = b"retry-after, x-request-id"
PREFLIGHT_SECONDS = 600

Headers = list[tuple[bytes, bytes]]

log = structlog.get_logger("armguard.http")


class Origins:
    """The origins whose pages may use the API: by HTTP, with CORS (Fetch, 3.2), and by socket."""

    def __init__(self, listed: Sequence[str]) -> None:
        self._listed = frozenset(listed)

    def refuses(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a request comes from a page of strangers; says so in the log."""
        origin = headers.get(b"origin")
        if origin is None or self._own(headers, origin) or self._lists(origin):
            return False
        log.info("origin_refused", origin=origin[:200].decode("latin-1"))
        return True

    def answered(self, headers: Mapping[bytes, bytes]) -> Headers:
        """What an answer says to a browser: that a page of a listed origin may read it, and what it depends on."""
        origin = headers.get(b"origin")
        if not self._listed:
            return []
        if origin is None or not self._lists(origin):
            return [(b"vary", b"Origin")]
        return [
            (b"vary", b"Origin"),
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-credentials", b"true"),
            (b"access-control-expose-headers", READABLE),
        ]

    def preflight(self, headers: Mapping[bytes, bytes]) -> Headers | None:
        """What a browser is told that asks before it sends: None if the page is a stranger's, or this is no such question."""
        if b"access-control-request-method" not in headers or not self._lists(headers.get(b"origin", b"")):
            return None
        return [
            (b"access-control-allow-methods", METHODS),
            (b"access-control-allow-headers", HEADERS),
            (b"access-control-max-age", b"%d" % PREFLIGHT_SECONDS),
        ]

    @staticmethod
    def _own(headers: Mapping[bytes, bytes], origin: bytes) -> bool:
        if headers.get(b"sec-fetch-site") == b"same-origin":  # behind a proxy that gives the request another host
            return True
        return is_same_origin(origin.decode("latin-1"), headers.get(b"host", b"").decode("latin-1"))

    def _lists(self, origin: bytes) -> bool:
        return bool(self._listed) and normalize_origin(origin.decode("latin-1")) in self._listed
