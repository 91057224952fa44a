"""The sockets of one process: how long one may be open, and how all end."""

from __future__ import annotations

import asyncio
import random
from typing import Protocol

GOING_AWAY = 1001
OLD = "This socket has been open for long enough: connect again, and go on from your last cursor."
STOPPING = "This server stops: connect again, and go on from your last cursor."


class Closable(Protocol):
    """A socket."""

    async def go_away(self, reason: str) -> None:
        """Tell the client to connect again."""


class Sockets:
    """Those that are open. All end when the server stops, and each when it is old: not all that were opened at once at the same moment."""

    def __init__(self, hours: float) -> None:
        self._seconds = hours * 3600
        self._open: dict[Closable, asyncio.TimerHandle] = {}
        self._going: set[asyncio.Task[None]] = set()
        self.stopping = False

    def opened(self, socket: Closable) -> None:
        """A socket has been opened."""
        seconds = 0.0 if self.stopping else self._seconds * random.uniform(0.9, 1.0)  # noqa: S311 - no secret
        self._open[socket] = asyncio.get_running_loop().call_later(seconds, self._send_away, socket)

    def closed(self, socket: Closable) -> None:
        """It is closed."""
        if (timer := self._open.pop(socket, None)) is not None:
            timer.cancel()

    async def stop(self, seconds: float) -> None:
        """Send all away; one that takes nothing any more is left to whoever cuts it off."""
        self.stopping = True
        for socket in list(self._open):
            self._send_away(socket)
        if self._going:
            await asyncio.wait(self._going, timeout=seconds)

    def _send_away(self, socket: Closable) -> None:
        going = asyncio.create_task(socket.go_away(STOPPING if self.stopping else OLD))
        self._going.add(going)
        going.add_done_callback(self._going.discard)
