"""How often one address and one account may ask, and how many sockets and streams each may have open.

A screen of a counter asks when somebody acts, a dashboard that polls five times a second at most, and both have one socket. Twenty counters
and twenty dashboards behind one address (a camp with one NAT) thus come to some 100 requests a second and 60 sockets; the
limits are 200 a second and 500. One account at several screens, or a script that sends one request after another, comes to some 50 a
second; its limits are 100 a second and 50 sockets. A process answers over 1,000 a second. Requests are counted in windows of ten seconds,
so that a whole page of them may come at once; for all processes together, if they have a Redis. Sockets are counted by each process.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator

from limits import RateLimitItemPerSecond

from graph.audit.actor import Actor
from graph.commands.attempts import origin_of
from graph.errors import LimitExceeded, RateLimited
from graph.meter import Meter
from graph.settings import Settings

WINDOW_SECONDS = 10


class Traffic:
    """What comes to this process, by address and by account. A limit of 0 is none."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._meter = Meter(settings.limits_url)
        self._address = RateLimitItemPerSecond(settings.address_requests, WINDOW_SECONDS, namespace="requests-address")
        self._account = RateLimitItemPerSecond(settings.account_requests, WINDOW_SECONDS, namespace="requests-account")
        self._open: Counter[tuple[str, str]] = Counter()
        self._held: dict[str, list[tuple[str, str]]] = {}

    async def asked_from(self, address: str) -> None:
        """Count a request from an address.

        Raises:
            RateLimited: there are too many.
        """
        if self._address.amount and (wait := await self._meter.take(self._address, origin_of(address))):
            raise RateLimited(f"Too many requests come from your address. Try again in {wait} seconds.", wait)

    async def asked_by(self, actor: Actor | None) -> None:
        """Count a request of an account.

        Raises:
            RateLimited: there are too many.
        """
        if actor is not None and self._account.amount and (wait := await self._meter.take(self._account, actor.key)):
            raise RateLimited(f"Your account sends too many requests. Try again in {wait} seconds.", wait)

    def open_from(self, request_id: str, address: str) -> None:
        """Hold a place of an address for a socket or a stream, until it is left.

        Raises:
            LimitExceeded: there is none.
        """
        most = self._settings.address_sockets
        self._hold(request_id, ("address", origin_of(address)), most, f"From one address {most} sockets and streams are open at most.")

    def open_by(self, request_id: str, actor: Actor | None) -> None:
        """Hold a place of an account.

        Raises:
            LimitExceeded: there is none.
        """
        if actor is not None:
            most = self._settings.account_sockets
            self._hold(
                request_id, ("account", actor.key), most, f"An account has {most} sockets and streams open at most. Close one first."
            )

    def left(self, request_id: str) -> None:
        """Give back the places of a socket or a stream."""
        for place in self._held.pop(request_id, ()):
            self._open[place] -= 1
            if not self._open[place]:
                del self._open[place]

    @contextlib.contextmanager
    def streaming(self, request_id: str, address: str, actor: Actor | None) -> Iterator[None]:
        """A stream over HTTP, for as long as it is open.

        Raises:
            LimitExceeded: there is no place for it.
        """
        try:
            self.open_from(request_id, address)
            self.open_by(request_id, actor)
            yield
        finally:
            self.left(request_id)

    def _hold(self, request_id: str, place: tuple[str, str], most: int, message: str) -> None:
        if most and self._open[place] >= most:
            raise LimitExceeded(message)
        self._open[place] += 1
        self._held.setdefault(request_id, []).append(place)
