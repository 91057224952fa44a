"""Documents that are known beforehand, as this process has read them; and who may ask for others."""

from __future__ import annotations

import asyncio
import time

from graph import database
from graph.audit.actor import Actor
from graph.settings import Settings

LOOK_AGAIN_SECONDS = 0.25  # for what is not known: it may have been added just now, but nobody has the database asked for each guess
KNOWN = "SELECT document_id FROM operation WHERE retired_at IS NULL"
TEXTS = "SELECT document_id, document FROM operation WHERE document_id = any($1) AND retired_at IS NULL"


class KnownDocuments:
    """The texts of known documents by their ids. What was read is believed for as long as a checked token is."""

    def __init__(self, believed_seconds: float) -> None:
        self._believed_seconds = believed_seconds
        self._texts: dict[str, str] = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def text(self, document_id: str) -> str | None:
        """The document with this id, if it is known.

        Raises:
            Unavailable: the database cannot say so now.
        """
        await self._read(self._believed_seconds if document_id in self._texts else min(LOOK_AGAIN_SECONDS, self._believed_seconds))
        return self._texts.get(document_id)

    async def _read(self, believed_seconds: float) -> None:
        if time.monotonic() - self._read_at < believed_seconds:
            return
        async with self._reading:
            begun = time.monotonic()
            if begun - self._read_at < believed_seconds:
                return
            known = {row["document_id"] for row in await database.fetch(KNOWN)}
            if new := known - self._texts.keys():
                self._texts |= {row["document_id"]: row["document"] for row in await database.fetch(TEXTS, sorted(new))}
            self._texts = {key: text for key, text in self._texts.items() if key in known}
            self._read_at = begun


def may_explore(actor: Actor | None, settings: Settings) -> bool:
    """Whether somebody may ask for anything, and see the schema: who has signed in, or where only known documents are taken, some roles."""
    if actor is None:
        return False
    return not settings.persisted_only or (actor.unfinished is None and not actor.roles.isdisjoint(settings.explorer_roles))
