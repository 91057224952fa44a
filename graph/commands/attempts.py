"""How often somebody may try: sign-ins by name and address, PINs by person."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from weakref import WeakKeyDictionary

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerSecond

from graph import database
from graph.database import Door
from graph.errors import RateLimited
from graph.meter import Meter

SIGN_IN_SECONDS = 300
NOTES_AN_HOUR = 120  # of what one address tries: the log of 10,000 lasts it for days
HOUSE = 64  # bits of an IPv6 address: the rest its owner makes up


class Attempts:
    """The attempts that are counted behind one door."""

    def __init__(self, door: Door) -> None:
        settings = door.settings
        self.meter = Meter(settings.limits_url)
        self.of_name = RateLimitItemPerSecond(settings.sign_in_attempts, SIGN_IN_SECONDS, namespace="sign-in")
        self.of_address = RateLimitItemPerSecond(settings.address_attempts, SIGN_IN_SECONDS, namespace="address")
        self.abroad = RateLimitItemPerSecond(settings.name_attempts, SIGN_IN_SECONDS, namespace="abroad")
        self.of_factor = RateLimitItemPerSecond(settings.sign_in_attempts, SIGN_IN_SECONDS, namespace="second-factor")
        self.of_note = RateLimitItemPerHour(NOTES_AN_HOUR, namespace="note")
        self.of_refusal = RateLimitItemPerHour(1, namespace="refusal")
        self.of_pin = RateLimitItemPerSecond(settings.pin_attempts, settings.pin_wait_seconds, namespace="pin")

    async def take(self, item: RateLimitItem, *of: str) -> int:
        """Count an attempt before it is made; how long until one is taken, in seconds, if there were too many, or 0."""
        return await self.meter.take(item, *of, exact=True)

    async def forget(self, item: RateLimitItem, *of: str) -> None:
        """It is as if nobody had tried."""
        await self.meter.forget(item, *of)


_attempts: WeakKeyDictionary[Door, Attempts] = WeakKeyDictionary()


def attempts() -> Attempts:
    """The attempts behind the open door."""
    door = database.door()
    if door not in _attempts:
        _attempts[door] = Attempts(door)
    return _attempts[door]


@lru_cache(4096)
def origin_of(address: str) -> str:
    """Whose an address is, as attempts are counted: of IPv6 its network of 64 bits, in which one owner has as many as they like."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    return str(known.ipv4_mapped or ipaddress.ip_network((int(known), HOUSE), strict=False))


async def forget_sign_ins(username: str, address: str) -> None:
    """Begin the count of a name from an address anew: its owner was there."""
    await attempts().forget(attempts().of_name, username, origin_of(address))


async def take_sign_in(username: str, address: str) -> None:
    """Count a sign-in, each of those that one document asks for.

    Who guesses is slowed down by name and address, and by address; whoever owns the name signs in from elsewhere meanwhile.

    Raises:
        RateLimited: there were too many.
    """
    counted, origin = attempts(), origin_of(address)
    await _take(counted.of_address, origin)
    await _take(counted.of_name, username, origin)


async def take_sign_in_abroad(username: str) -> None:
    """Count a sign-in from where the owner of the name never was: of who guesses from a thousand addresses, all count together.

    Raises:
        RateLimited: there were too many. The owner, at an address of theirs, does not wait.
    """
    await _take(attempts().abroad, username)


async def _take(item: RateLimitItem, *of: str) -> None:
    if wait := await attempts().take(item, *of):
        raise RateLimited(f"Too many sign-ins. Try again in {wait} seconds.", wait)
