"""Documents that are known beforehand, and what is not asked otherwise: see `ARMGUARD_PERSISTED_ONLY`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graph.audit.actor import actor_or_none
from graph.commands.operations import id_of_document
from graph.errors import Forbidden, Unauthenticated, UnknownDocument
from graph.resolvers.operations import KnownDocuments, may_explore
from graph.schema.operation import Context
from graph.settings import Settings

# What GraphiQL asks on its own account (to sign in, to stay so, to sign out), and what `armguard watch` asks.
PAGE, WATCH = ((Path(__file__).parent / f"{name}.graphql").read_text(encoding="utf-8") for name in ("page", "watch"))
PREFIX = "sha256:"
_INTROSPECTION = re.compile(r"__(schema|type)\b")  # a name cannot be written in any other way
_SUGGESTION = re.compile(r" Did you mean [^?]*\?")


def asked_by_id(extensions: Mapping[str, Any] | None) -> str | None:
    """The id of a known document in the extensions of a request, as clients of persisted documents put it there."""
    hashed = (extensions or {}).get("persistedQuery")
    given = hashed.get("sha256Hash") if isinstance(hashed, dict) else None
    return given.removeprefix(PREFIX) if isinstance(given, str) else None


class Admission:
    """What a server takes: known documents by their ids, and others from whom it may."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._documents = KnownDocuments(settings.standing_seconds)
        self._own = {id_of_document(text): text for text in (PAGE, WATCH)}

    async def document(self, document_id: str) -> str:
        """The text of a known document.

        Raises:
            UnknownDocument: none that is known has this id.
            Unavailable: the database cannot say so now.
        """
        text = self._own.get(document_id) or await self._documents.text(document_id)
        if text is None:
            raise UnknownDocument("No document with this id is known here, or it is retired. Send its text, or have it added.")
        return text

    async def admit(self, text: str, context: Context) -> None:
        """Let a document pass, whoever sends it.

        Raises:
            Unauthenticated: it asks for the schema, and nobody is signed in; or whoever was is so no longer.
            Forbidden: it is not known, and only known ones are taken from whoever sends it.
        """
        if self.exploring():
            return
        if not self._settings.persisted_only:
            if _INTROSPECTION.search(text):
                raise context.denied or Unauthenticated("Sign in first: the schema is shown to whoever has signed in.")
            return
        document_id = id_of_document(text)
        if document_id not in self._own and await self._documents.text(document_id) is None:
            raise context.denied or Forbidden("This server takes known documents only. Have yours added: `armguard operations add FILE`.")

    def exploring(self) -> bool:
        """Whether who acts now may ask for anything, and see the schema."""
        return may_explore(actor_or_none(), self._settings)

    def said(self, message: str) -> str:
        """A message about a document, without names of the schema that were not in it, unless they may be seen."""
        return message if self.exploring() else _SUGGESTION.sub("", message)
