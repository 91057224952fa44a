"""The line to the live feed: whatever becomes of it, each event is told once, in order."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from graph.cli.caller import DOCUMENT, Caller, told_as
from graph.errors import BadInput, Unauthenticated, Unavailable

PROTOCOL = Subprotocol("graphql-transport-ws")
NOT_TAKEN = (4401, 4403)  # the codes of a socket that ends because its token is no good
PING_SECONDS = 10.0  # how long a line may be silent before it is asked whether it is there, and how long it may take to say so
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 10.0


@dataclass(frozen=True)
class Told:
    """An event as it is shown; `at` is the arms room's time, and what it is not about is an empty text."""

    id: str
    seq: int
    type: str
    summary: str
    at: datetime
    by: str
    room: str
    serial: str
    holder: str


class View(Protocol):
    """Where it is shown."""

    def told(self, event: Told) -> None:
        """Something has happened."""

    def heard(self) -> None:
        """All that had happened until now was told."""

    def lost(self, why: str) -> None:
        """The line is lost; it is tried again until `heard`."""


class Line:
    """Follows the feed of some arms rooms, or of all in scope, over as many connections as it takes."""

    def __init__(self, caller: Caller, codes: Sequence[str], view: View) -> None:
        self.armories: list[str] | None = None  # their ids, once they are known; None for all in scope
        self._caller = caller
        self._codes = codes
        self._view = view
        self._cursor: str | None = None
        self._pause = SHORTEST_PAUSE_SECONDS
        self._doubted = False  # whether the token was not taken, and none of its successors was yet

    async def follow(self) -> NoReturn:
        """Follow until cancelled.

        Raises:
            Unauthenticated: the server does not take the token, and there is no other to be had.
            Refused: the sign-in has ended.
            Forbidden: this may not be watched.
            BadInput: there is no such arms room, or the server cannot go on where it was left: its ledger is not the one that was followed.
        """
        while True:
            try:
                await self._until_lost()
            except Unauthenticated as error:
                await self._doubt(error)
            except (Unavailable, OSError, TimeoutError, WebSocketException) as error:
                await self._wait(error)

    async def _until_lost(self) -> None:
        """One connection, until it is lost, or its token is about to end and the next one is there."""
        if self._caller.good_for() == 0:
            await self._caller.renew()
        if self._codes and self.armories is None:
            self.armories = [await self._armory(code) for code in self._codes]
        try:
            async with asyncio.timeout(self._caller.good_for()) as limit:
                async with connect(
                    self._caller.socket_url,
                    subprotocols=[PROTOCOL],
                    ping_interval=PING_SECONDS,
                    ping_timeout=PING_SECONDS,
                    open_timeout=PING_SECONDS,
                    close_timeout=1,
                ) as socket:
                    await self._converse(socket)
        except TimeoutError:
            if not limit.expired():
                raise
        except ConnectionClosed as closed:
            if closed.rcvd is not None and closed.rcvd.code in NOT_TAKEN:
                raise Unauthenticated("The server does not take this sign-in or token any more.") from None
            raise
        except (ValueError, LookupError, TypeError):
            raise Unavailable(f"What answers at {self._caller.url} is not ArmGuard.") from None

    async def _armory(self, code: str) -> str:
        room = (await self._caller.ask("Room", code=code))["armory"]
        if room is None:
            raise BadInput(f"There is no arms room {code} in your scope.")
        return str(room["id"])

    async def _converse(self, socket: ClientConnection) -> None:
        await socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {self._caller.token}"}}))
        async for frame in socket:
            message = json.loads(frame)
            match message["type"]:
                case "connection_ack":
                    await socket.send(json.dumps({"id": "feed", "type": "subscribe", "payload": self._asked()}))
                case "ping":
                    await socket.send('{"type": "pong"}')
                case "next":
                    self._hear(message["payload"])
                case "error":
                    raise told_as(message["payload"])
                case "complete":
                    raise Unavailable("The server has ended the feed.")
        raise Unavailable("The server has closed the line.")

    def _asked(self) -> dict[str, Any]:
        return {"query": DOCUMENT, "operationName": "Watch", "variables": {"after": self._cursor, "armories": self.armories}}

    def _hear(self, payload: Mapping[str, Any]) -> None:
        """Take a message. Its place is kept once it was shown, so that nothing is shown twice or left out."""
        if payload.get("errors"):
            raise told_as(payload["errors"])
        message = payload["data"]["custodyFeed"]
        if message["event"] is not None:
            self._view.told(read_event(message["event"]))
        self._cursor = message["cursor"]
        self._pause, self._doubted = SHORTEST_PAUSE_SECONDS, False
        self._view.heard()

    async def _doubt(self, error: Unauthenticated) -> None:
        """Get another token, once: if that is not taken either, that is the end."""
        if self._doubted or not self._caller.signed_in:
            raise error
        try:
            await self._caller.renew()
        except Unavailable as away:
            await self._wait(away)
        else:
            self._doubted = True

    async def _wait(self, error: Exception) -> None:
        """Wait a while, each time longer, and not as long as everybody else whose line was lost in the same moment."""
        self._view.lost(str(error) if isinstance(error, Unavailable) else "The server cannot be reached.")
        await asyncio.sleep(self._pause * random.uniform(0.5, 1))  # noqa: S311 - no secret
        self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)


def read_event(event: Mapping[str, Any]) -> Told:
    """An event of the API."""
    room, item, person = (event[part] or {} for part in ("armory", "item", "person"))
    return Told(
        id=event["id"],
        seq=event["seq"],
        type=event["type"],
        summary=_printable(event["summary"]),
        at=datetime.fromisoformat(event["recordedAt"]).astimezone(_zone(room.get("timezone", "UTC"))),
        by=_printable(event["actorName"]),
        room=_printable(room.get("code", "")),
        serial=_printable(item.get("serial", "")),
        holder=_printable(f"{person['name']} ({person['serviceNumber']})" if person else ""),
    )


def _printable(text: str) -> str:
    """Nothing that somebody put into a name acts on a terminal."""
    return "".join(each if each.isprintable() else "�" for each in text)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
