"""Fetching by declaration: one row, the rows of a relation batched over many parents, and a page of a connection."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from aiodataloader import DataLoader
from asyncpg import Record

from graph import database
from graph.audit.actor import Actor, current_actor
from graph.audit.canonical import plain
from graph.errors import BadInput, LimitExceeded
from graph.resolvers.tables import TABLES, Link, Query, Table, aliased

Parts = list[Any]


class Reader:
    """What one operation reads: its loaders batch the relations of many rows into one statement."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self._loaders: dict[tuple[str, str, str], DataLoader[UUID, list[Record]]] = {}

    async def related(self, link: Link, value: UUID) -> list[Record]:
        """The rows of a relation of one parent."""
        key = (link.kind, link.theirs, link.where)
        if key not in self._loaders:
            self._loaders[key] = DataLoader(partial(self._load, link), cache=False)
        rows: list[Record] = await self._loaders[key].load(value)
        return rows

    async def _load(self, link: Link, values: Sequence[UUID]) -> list[list[Record]]:
        of, query = TABLES[link.kind], Query(self.actor)
        keys = query.bind(list(set(values)))
        where = f"it.{link.theirs} = any({keys}) AND ({link.where}) AND ({query.scope(of)})"
        rows = await database.fetch(f"SELECT {of.selection} FROM {of.name} it WHERE {where} ORDER BY {link.order}", *query.values)
        found: dict[UUID, list[Record]] = {}
        for row in rows:
            found.setdefault(row[link.theirs], []).append(row)
        return [found.get(value, []) for value in values]


_reader: ContextVar[Reader | None] = ContextVar("armguard_reader", default=None)


def new_reader(actor: Actor | None) -> None:
    """Begin the reading of one operation, or of one event of a stream."""
    _reader.set(Reader(actor) if actor else None)


def reader() -> Reader:
    """The reader of the operation under way."""
    found = _reader.get()
    return found if found is not None else Reader(current_actor())


async def related(of: Table, link: str, parent: Mapping[str, Any]) -> list[Record]:
    """The rows of a relation of a row."""
    declared = of.link(link)
    assert declared is not None
    value = parent[declared.mine]
    return await reader().related(declared, value) if value is not None else []


async def by_id(of: Table, row_id: UUID) -> Record | None:
    """One row by its id, if the actor may see it."""
    rows = await reader().related(Link(of.kind, "id", of.key, order=f"it.{of.key}"), row_id)
    return rows[0] if rows else None


async def by_ids(of: Table, ids: Sequence[UUID], *, scoped: bool = True) -> list[Record]:
    """Rows by their ids, in this order; unscoped only for what the actor's own command has made."""
    query = Query(current_actor())
    where = f"it.{of.key} = any({query.bind(list(ids))}) AND ({query.scope(of) if scoped else 'true'})"
    rows = await database.fetch(f"SELECT {of.selection} FROM {of.name} it WHERE {where}", *query.values)
    found = {row[of.key]: row for row in rows}
    return [found[row_id] for row_id in ids if row_id in found]


# ------------------------------------------------------------------------------------------------------------------------------- paging


@dataclass(frozen=True)
class PageOf:
    """Which page: the first so many after a cursor, or the last so many before one."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None


@dataclass(frozen=True)
class Page:
    """The rows of a page with their cursors, and whether there are more on either side."""

    rows: Sequence[Record]
    cursors: Sequence[str]
    has_next: bool
    has_previous: bool


@dataclass(frozen=True)
class Listing:
    """Some rows of a table in an order: what a connection is a page of."""

    of: Table
    filters: Mapping[str, Any]
    order: str
    descending: bool = False

    @property
    def given(self) -> dict[str, Any]:
        """The filters that are asked for."""
        return {name: value for name, value in self.filters.items() if value is not None}

    @property
    def bound(self) -> list[Any]:
        """The values that `where` binds, in order."""
        return [value for value in self.given.values() if not isinstance(value, bool)]

    @property
    def shape(self) -> Hashable:
        """What of it is in the text of a statement: which filters there are, those that are switches by their values, and the order."""
        filters = tuple((name, value if isinstance(value, bool) else None) for name, value in self.given.items())
        return (filters, self.order, self.descending)

    def where(self, query: Query, alias: str = "it") -> str:
        """The condition of every row that the actor may see and the filters let through."""
        conditions = [f"({query.scope(self.of, alias)})"]
        for name, value in self.given.items():
            sql = aliased(self.of.filters[name], alias)
            if isinstance(value, bool):
                conditions.append(f"({sql})" if value else f"({sql}) IS NOT TRUE")
            else:
                conditions.append(f"({sql.replace('?', query.bind(value))})")
        return " AND ".join(conditions)

    def beyond(self, bind: Callable[[Any], str], asked: PageOf, alias: str = "it") -> list[str]:
        """The conditions of the rows that lie where a page is cut out; `bind` gives the place of each value.

        Raises:
            BadInput: a cursor of another list, or none.
        """
        keys, conditions = self.of.orders[self.order], []
        place = ", ".join(aliased(key.sql, alias) for key in keys)
        for cursor, later in ((asked.after, True), (asked.before, False)):
            if cursor is not None:
                values = self._values(cursor)
                bound = ", ".join(f"{bind(value)}::{key.type}" for key, value in zip(keys, values, strict=True))
                conditions.append(f"({place}) {'>' if later != self.descending else '<'} ({bound})")
        return conditions

    def ordered(self, *, backwards: bool, alias: str = "it") -> str:
        """The order of the rows, or that order from its end."""
        direction = "DESC" if self.descending != backwards else "ASC"
        return ", ".join(f"{aliased(key.sql, alias)} {direction}" for key in self.of.orders[self.order])

    async def count(self) -> int:
        """How many rows there are."""
        query = Query(current_actor())
        row = await database.fetch_one(f"SELECT count(*) AS n FROM {self.of.name} it WHERE {self.where(query)}", *query.values)
        return int(row["n"]) if row else 0

    async def page(self, asked: PageOf) -> Page:
        """One page.

        Raises:
            BadInput: both or neither of first and last, or a cursor of another list.
            LimitExceeded: more rows than a page may have.
        """
        size = size_of(asked)
        backwards = asked.last is not None
        statement, query = self.statement(asked, size, backwards)
        rows = list(await database.fetch(statement, *query.values))
        more = len(rows) > size
        rows = rows[:size]
        if backwards:
            rows.reverse()
        cursors = [self.cursor(row) for row in rows]
        has_next, has_previous = (asked.before is not None, more) if backwards else (more, asked.after is not None)
        return Page(rows, cursors, has_next, has_previous)

    def statement(self, asked: PageOf, size: int, backwards: bool) -> tuple[str, Query]:
        """The statement of a page, with one row more to know whether there are any."""
        query = Query(current_actor())
        where = " AND ".join([self.where(query), *self.beyond(query.bind, asked)])
        hidden = ", ".join(f"{key.sql} AS _key{number}" for number, key in enumerate(self.of.orders[self.order]))
        order = self.ordered(backwards=backwards)
        return f"SELECT {self.of.selection}, {hidden} FROM {self.of.name} it WHERE {where} ORDER BY {order} LIMIT {size + 1}", query

    def cursor(self, row: Record) -> str:
        """The cursor of a row: opaque to clients, good for this order only."""
        keys = self.of.orders[self.order]
        return encode([self.name, *(plain(row[f"_key{number}"]) for number in range(len(keys)))])

    @property
    def name(self) -> str:
        """What its cursors begin with."""
        return f"{self.of.kind}.{self.order}"

    def _values(self, cursor: str) -> Parts:
        keys = self.of.orders[self.order]
        parts = decode(cursor)
        if not isinstance(parts, list) or len(parts) != len(keys) + 1 or parts[0] != self.name:
            raise BadInput("This cursor is not one of this list. Take cursors from the list that you page through, in the same order.")
        try:
            return [_READ[key.type](part) for key, part in zip(keys, parts[1:], strict=True)]
        except (TypeError, ValueError):
            raise BadInput("This cursor is damaged. Take cursors as they come from the list.") from None


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise TypeError
    value.encode()  # half a surrogate pair cannot be a value of ours
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**63:
        raise TypeError
    return value


def _uuid(value: Any) -> UUID:
    return UUID(_text(value))


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.utcoffset() != timedelta(0):
        raise ValueError
    return moment


_READ: Mapping[str, Callable[[Any], Any]] = {"text": _text, "bigint": _number, "uuid": _uuid, "timestamptz": _moment}


def size_of(asked: PageOf) -> int:
    """How many rows a page has at most.

    Raises:
        BadInput: both or neither of first and last.
        LimitExceeded: more rows than a page may have.
    """
    if (asked.first is None) == (asked.last is None):
        raise BadInput("Give either first or last.")
    size = asked.first if asked.first is not None else asked.last
    assert size is not None
    longest = database.door().settings.page_size
    if size < 1:
        raise BadInput("A page has at least 1 row.")
    if size > longest:
        raise LimitExceeded(f"A page has at most {longest} rows.")
    return size


def encode(value: Any) -> str:
    """An opaque text for a cursor."""
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()).decode().rstrip("=")


def decode(text: str) -> Any:
    """What a cursor says.

    Raises:
        BadInput: it is not a cursor.
    """
    try:
        return json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise BadInput("This is not a cursor. Take cursors as they come from the list or the feed.") from None
