"""How long a request may take to read: its statements end with it, at the server too. What writes has no deadline."""

from __future__ import annotations

import time
from contextvars import ContextVar

_until: ContextVar[float | None] = ContextVar("armguard_deadline", default=None)


def begin(seconds: float) -> None:
    """What this task reads from now on, and what it has others read, must be there in so many seconds."""
    _until.set(time.monotonic() + seconds)


def lift() -> None:
    """It may take as long as it takes."""
    _until.set(None)


def seconds_left() -> float | None:
    """How much time there is; None: any. It is negative when there is none left."""
    until = _until.get()
    return None if until is None else until - time.monotonic()
