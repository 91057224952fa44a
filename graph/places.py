"""Who waits for a connection to the database."""

from __future__ import annotations

import asyncio
from collections import deque

from graph.errors import Unavailable


class Places:
    """So many at once; who comes later waits in turn, for as long as patience lasts."""

    def __init__(self, free: int, patience_seconds: float) -> None:
        self._value = free
        self._patience = patience_seconds
        self._queue: deque[asyncio.Future[None]] = deque()

    def locked(self) -> bool:
        """Whether there is no place just now."""
        return self._value == 0

    async def acquire(self, seconds: float | None = None) -> bool:
        """Take a place; true, when it is had. It is waited for no longer than so many seconds.

        Raises:
            Unavailable: none became free in time.
        """
        if self._value:
            self._value -= 1
            return True
        # A timer of the loop, which takes a tenth of what `asyncio.timeout` does: under load nearly everybody waits.
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        timer = loop.call_later(self._patience if seconds is None else min(seconds, self._patience), _turn_away, turn)
        self._queue.append(turn)
        try:
            await turn
            return True
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:  # it was given, but nobody is there to take it
                self.release()
            raise
        finally:
            timer.cancel()

    def release(self) -> None:
        """Give a place back: to whoever waits longest, if anybody does."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._value += 1


def _turn_away(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_exception(Unavailable("The server is busy. Try again in a moment."))
