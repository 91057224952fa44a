"""What is asked of each message of a feed, when it is no more than its event and the rows that it names have: then it takes no GraphQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from asyncpg import Record

from graph.audit.actor import Actor, set_actor
from graph.feed import the_feed
from graph.resolvers.compiler import Asked, at_hand
from graph.resolvers.feed import FeedMessage
from graph.resolvers.ledger import LEDGER, told
from graph.resolvers.reading import new_reader, related
from graph.resolvers.tables import TABLES


class NotAtHand(Exception):
    """More is asked than that."""


@dataclass(frozen=True)
class Outline:
    """The fields of a message, under the key of the stream in the answer."""

    key: str
    fields: Sequence[Asked]

    async def answer(self, message: FeedMessage) -> bytes:
        """The answer that a message comes to.

        Raises:
            NotAtHand: it takes GraphQL.
            Unavailable: the rows cannot be read now.
        """
        return orjson.dumps({"data": {self.key: {asked.key: await self._field(asked, message) for asked in self.fields}}})

    @staticmethod
    async def _field(asked: Asked, message: FeedMessage) -> Any:
        match asked.name:
            case "__typename":
                return asked.type
            case "cursor":
                return message.cursor
            case "event" if message.event is None:
                return None
            case "event":
                assert message.event is not None
                row: dict[str, Any] = dict(told(message.event).row)
                for field in asked.fields:
                    if field.name in LEDGER.links and field.name not in row:
                        row[field.name] = await _linked(field, row, message.actor)
                if (event := at_hand(LEDGER, row, asked.fields)) is not None:
                    return event
        raise NotAtHand


async def _linked(asked: Asked, row: Mapping[str, Any], viewer: Actor) -> Mapping[str, Any] | None:
    """The row that an event names, if the viewer may see it: read once for all who may see the same."""
    of = TABLES[LEDGER.links[asked.name].kind]
    if any(field.name in of.written or field.name in of.links for field in asked.fields):
        raise NotAtHand
    key = ("linked", asked.name, row["event_id"], viewer.armories, viewer.rights)
    rows = await the_feed().answers.get(key, partial(_read, asked.name, row, viewer), lambda _: True)
    return dict(rows[0]) if rows else None


async def _read(link: str, row: Mapping[str, Any], viewer: Actor) -> Sequence[Record]:
    set_actor(viewer)
    new_reader(viewer)
    return await related(LEDGER, link, row)
