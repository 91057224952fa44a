"""How often somebody was wrong lately: after some wrong attempts a wait begins, in this process."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from uuid import UUID

from graph import database

KEPT = 10_000


class Attempts:
    """Wrong attempts by whom they concern, within bounds; the oldest is forgotten first."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[UUID, tuple[int, float]] = OrderedDict()

    def wait_seconds(self, of: UUID) -> int:
        """How long until the next attempt is taken, in seconds; 0: it is taken now."""
        settings = database.door().settings
        count, last = self._wrong.get(of, (0, 0.0))
        if count < settings.pin_attempts:
            return 0
        left = last + settings.pin_wait_seconds - time.monotonic()
        if left <= 0:
            self.forget(of)
        return max(0, math.ceil(left))

    def count(self, of: UUID) -> None:
        """Somebody was wrong."""
        self._wrong[of] = (self._wrong.get(of, (0, 0.0))[0] + 1, time.monotonic())
        self._wrong.move_to_end(of)
        while len(self._wrong) > KEPT:
            self._wrong.popitem(last=False)

    def forget(self, of: UUID) -> None:
        """It is as if nothing had been."""
        self._wrong.pop(of, None)


PIN_ATTEMPTS = Attempts()
