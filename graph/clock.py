"""The server's clock: it sees which receipts are overdue by now, and has the ledger say so, once for each due time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from uuid import UUID, uuid4

import structlog

from graph.audit.actor import Actor, acting
from graph.commands.custody import IssueLine
from graph.commands.due import TellOverdue, tell_overdue
from graph.commands.references import ItemRef
from graph.errors import Refused, Unavailable
from graph.models.custody import newly_overdue
from graph.settings import Settings
from graph.words import ActorKind

AT_ONCE = 50

log = structlog.get_logger("armguard.clock")


async def tell_overdue_receipts() -> int:
    """Tell of every receipt whose due time has passed since it was last told of; how many it told.

    Every process may do so at the same time: whichever has the items' locks first tells, the others find it told and leave it at that.
    """
    told = 0
    with acting(Actor(ActorKind.SYSTEM, "system:clock")):
        while items := await newly_overdue(AT_ONCE):
            try:
                now = await _tell(items)
            except Unavailable:  # one of them is held by somebody: it does not keep the others waiting
                now = 0
                for item in items:
                    with contextlib.suppress(Unavailable):
                        now += await _tell([item])
            if not now:
                break
            told += now
    return told


async def _tell(items: Sequence[UUID]) -> int:
    answer = await tell_overdue(TellOverdue(uuid4(), tuple(IssueLine(ItemRef(id=item)) for item in items)))
    return 0 if isinstance(answer, Refused) else len(answer.rows)


async def run(settings: Settings) -> None:
    """Look every few seconds, for as long as the process serves."""
    while settings.overdue_poll_seconds:
        try:
            await tell_overdue_receipts()
        except Exception as error:
            log.warning("overdue_not_told", reason=type(error).__name__)
        await asyncio.sleep(settings.overdue_poll_seconds)
