"""What a resolver answers when it names rows instead of reading them: whoever completes the answer reads exactly what is asked of them.

A source is read in one compiled statement (`statement`), or row by row by the plain resolvers, which are its fallback and its oracle.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from asyncpg import Record

from graph.errors import BadInput, Refusal
from graph.resolvers.compiler import Asked, Draft, json_row, page_sql
from graph.resolvers.reading import Listing, PageOf, by_id, by_ids
from graph.resolvers.tables import Table


@dataclass(frozen=True)
class Source:
    """Some rows of a table."""

    of: Table

    @property
    def shown(self) -> Sequence[Mapping[str, Any]]:
        """The rows that are known already, of which more may be asked than they have; none if they must be read."""
        return ()

    @property
    def shape(self) -> Hashable:
        """What of it is in the statement itself."""
        raise NotImplementedError

    @property
    def values(self) -> Sequence[Any]:
        """What is bound for this request, in the order in which `statement` binds it."""
        raise NotImplementedError

    def statement(self, draft: Draft, asked: Asked) -> str:
        """The statement that gives its JSON, as text."""
        raise NotImplementedError

    def answer(self, rows: Sequence[Record]) -> str | Refusal | None:
        """The JSON of what the statement found; None if there is nothing, a refusal if it says why."""
        return rows[0][0] if rows else None


@dataclass(frozen=True)
class One(Source):
    """The row with an id, if the actor may see it; unscoped only what the actor may see by another right."""

    row_id: UUID
    scoped: bool = True

    @property
    def shape(self) -> Hashable:
        """Only whether the scope is asked."""
        return self.scoped

    @property
    def values(self) -> Sequence[Any]:
        """The id."""
        return (self.row_id,)

    def statement(self, draft: Draft, asked: Asked) -> str:
        """The row by its key."""
        row = draft.alias()
        key = draft.bind(self.row_id)
        scope = draft.scope(self.of, row) if self.scoped else "true"
        return json_row(draft, self.of, row, asked.fields, f"FROM {self.of.name} {row} WHERE {row}.{self.of.key} = {key} AND ({scope})")

    async def rows(self) -> list[Any]:
        """The row as it is stored."""
        if not self.scoped:
            return await by_ids(self.of, [self.row_id], scoped=False)
        row = await by_id(self.of, self.row_id)
        return [row] if row else []


@dataclass(frozen=True)
class AtHand(One):
    """A row that was just read, of which more may be asked than it has."""

    row: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def shown(self) -> Sequence[Mapping[str, Any]]:
        """The row."""
        return (self.row,)

    async def rows(self) -> list[Any]:
        """The row at hand."""
        return [self.row]


@dataclass(frozen=True)
class Made(Source):
    """The rows that the actor's own command has made or changed, in the order in which it says them; one, or a list."""

    ids: tuple[UUID, ...]
    many: bool = True
    as_made: Sequence[Mapping[str, Any]] = field(default=(), compare=False)

    @property
    def shown(self) -> Sequence[Mapping[str, Any]]:
        """The rows as the command has made them, if it has told."""
        return self.as_made

    @property
    def shape(self) -> Hashable:
        """Whether it is a list, and whether it has one row: for that the planner needs no guess."""
        return (self.many, len(self.ids) == 1)

    @property
    def values(self) -> Sequence[Any]:
        """The ids."""
        return self.ids if len(self.ids) == 1 else (list(self.ids),)

    def statement(self, draft: Draft, asked: Asked) -> str:
        """The rows by their keys."""
        row = draft.alias()
        key, ids = f"{row}.{self.of.key}", draft.bind(self.ids)
        found = f"FROM {self.of.name} {row} WHERE {key} = {ids}"
        if len(self.ids) != 1:
            made = f"unnest({ids}::uuid[]) WITH ORDINALITY AS made (id, place)"
            found = f"FROM {made} JOIN {self.of.name} {row} ON {key} = made.id ORDER BY made.place"
        rows = json_row(draft, self.of, row, asked.fields, found)
        return f"SELECT array_to_json(ARRAY({rows}))" if self.many else rows

    async def rows(self) -> list[Record]:
        """The rows as they are stored."""
        return await by_ids(self.of, self.ids, scoped=False)


@dataclass(frozen=True)
class Listed(Source):
    """A page of a list, as a connection."""

    listing: Listing
    page: PageOf

    @property
    def shape(self) -> Hashable:
        """That of the list, and the page without its cursors."""
        asked = self.page
        return (self.listing.shape, asked.first, asked.after is not None, asked.last, asked.before is not None)

    @property
    def values(self) -> Sequence[Any]:
        """The filters' values, and those of the cursors."""
        places: list[Any] = []

        def take(value: Any) -> str:
            places.append(value)
            return ""

        self.listing.beyond(take, self.page)
        return (*self.listing.bound, *places)

    def statement(self, draft: Draft, asked: Asked) -> str:
        """The page."""
        row = draft.alias()
        page = Asked(asked.key, asked.name, asked.type, fields=asked.fields, page=self.page)
        where, beyond = partial(self.listing.where, draft, row), partial(self.listing.beyond, draft.bind, self.page, row)
        return page_sql(draft, self.listing, row, where, beyond, page)


@dataclass(frozen=True)
class Top(Source):
    """The first rows of a list, as a list."""

    listing: Listing
    most: int

    @property
    def shape(self) -> Hashable:
        """That of the list, and how many."""
        return (self.listing.shape, self.most)

    @property
    def values(self) -> Sequence[Any]:
        """The filters' values."""
        return self.listing.bound

    def found(self, draft: Draft, asked: Asked) -> str:
        """The JSON of each row."""
        row = draft.alias()
        where, order = self.listing.where(draft, row), self.listing.ordered(backwards=False, alias=row)
        rows = f"FROM {self.of.name} {row} WHERE {where} ORDER BY {order} LIMIT {self.most}"
        return json_row(draft, self.of, row, asked.fields, rows)

    def statement(self, draft: Draft, asked: Asked) -> str:
        """The rows."""
        return f"SELECT array_to_json(ARRAY({self.found(draft, asked)}))"

    async def rows(self) -> Sequence[Record]:
        """The rows as they are stored."""
        return (await self.listing.page(PageOf(first=self.most))).rows


@dataclass(frozen=True)
class Only(Top):
    """The one row of a list that has no more than one."""

    def statement(self, draft: Draft, asked: Asked) -> str:
        """The row, and another if there is one."""
        return self.found(draft, asked)

    def answer(self, rows: Sequence[Record]) -> str | None:
        """The JSON of the row.

        Raises:
            BadInput: there is more than one.
        """
        found: Record | None = only(rows)
        return found[0] if found is not None else None


def only(rows: Sequence[Any]) -> Any:
    """The one row that there is, or None.

    Raises:
        BadInput: there is more than one.
    """
    if len(rows) > 1:
        raise BadInput("More than one has this number. Use the id, or scan the tag.")
    return rows[0] if rows else None
