"""The server's clock: it sees which receipts are overdue by now, and has the ledger say so, once for each due time."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import structlog

from graph.audit.actor import Actor, acting
from graph.commands.custody import IssueLine, TellOverdue, tell_overdue
from graph.commands.references import ItemRef
from graph.errors import Refused
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
            answer = await tell_overdue(TellOverdue(uuid4(), tuple(IssueLine(ItemRef(id=item)) for item in items)))
            if isinstance(answer, Refused) or not answer.rows:
                break
            told += len(answer.rows)
    return told


async def run(settings: Settings) -> None:
    """Look every few seconds, for as long as the process serves."""
    while settings.overdue_poll_seconds:
        try:
            await tell_overdue_receipts()
        except Exception as error:
            log.warning("overdue_not_told", reason=type(error).__name__)
        await asyncio.sleep(settings.overdue_poll_seconds)
