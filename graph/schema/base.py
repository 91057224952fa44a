"""What every type is made of: ids, scalars, nodes and connections."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar, Generic, TypeVar, cast, dataclass_transform
from uuid import UUID

import orjson
import strawberry
from strawberry.schema.config import StrawberryConfig

from graph.audit.canonical import timestamp
from graph.errors import BadInput
from graph.resolvers.reading import Listing, Page, PageOf, related
from graph.resolvers.sources import Listed, Made, One, Only, Source, Top, only
from graph.resolvers.tables import PREFIXES, TABLES, Table

T = TypeVar("T")
R = TypeVar("R", bound="Row")
N = TypeVar("N", bound="Node")

First = Annotated[
    int | None,
    strawberry.argument(description="How many rows from the beginning, or after `after`: 1 to 100. Give either `first` or `last`."),
]
After = Annotated[str | None, strawberry.argument(description="The cursor after which to go on.")]
Last = Annotated[
    int | None, strawberry.argument(description="How many rows up to the end, or up to `before`: 1 to 100. Give either `first` or `last`.")
]
Before = Annotated[str | None, strawberry.argument(description="The cursor before which to end.")]


def described(text: str) -> Any:
    """A field with its description."""
    return strawberry.field(description=text)


def optional(text: str) -> Any:
    """An input's field that need not be given."""
    return strawberry.field(default=None, description=text)


# ------------------------------------------------------------------------------------------------------------------------------ scalars


_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def read_moment(value: Any) -> datetime:
    """A moment as clients write it.

    Raises:
        ValueError: it is not RFC 3339, or has no offset.
    """
    wanted = "A time is written like 2026-11-25T05:00:00Z or 2026-11-25T13:00:00+08:00, with its offset."
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError(wanted)
    try:
        moment = datetime.fromisoformat(value.upper())
    except ValueError:
        raise ValueError(wanted) from None
    # The offset may carry a moment over the edge of the years that there are.
    if not datetime(1900, 1, 1, tzinfo=UTC) <= moment < datetime(9000, 1, 1, tzinfo=UTC):
        raise ValueError("A time lies between the years 1900 and 9000.")
    return moment


def read_date(value: Any) -> date:
    """A date as clients write it.

    Raises:
        ValueError: it is none.
    """
    wanted = "A date is written like 2026-11-25."
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError(wanted)
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise ValueError(wanted) from None
    if not 1900 <= day.year < 9000:
        raise ValueError("A date lies between the years 1900 and 9000.")
    return day


def read_uuid(value: Any) -> UUID:
    """A UUID as clients write it.

    Raises:
        ValueError: it is none.
    """
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError):
        raise ValueError("A UUID is written like 7f2c1a52-3c0e-4d1b-9a53-0d6f5a1f2b3c.") from None


SCALARS: dict[object, Any] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment, RFC 3339. Given with any offset, answered in UTC with `Z` and six decimals.",
        serialize=timestamp,
        parse_value=read_moment,
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
    ),
    date: strawberry.scalar(
        name="Date",
        description="A date, RFC 3339, such as 2026-11-25.",
        serialize=date.isoformat,
        parse_value=read_date,
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
    ),
    UUID: strawberry.scalar(
        name="UUID",
        description="A UUID, RFC 9562. Make a new one (version 4 or 7) for each command.",
        serialize=str,
        parse_value=read_uuid,
        specified_by_url="https://www.rfc-editor.org/rfc/rfc9562",
    ),
}


def config(*, printed: bool = False) -> StrawberryConfig:
    """The schema's configuration. Only the printed one is sorted: Strawberry's sorting copies the types, and its unions then know none."""
    return StrawberryConfig(sort_schema=printed, scalar_map=SCALARS)


JSON = strawberry.scalars.JSON

# --------------------------------------------------------------------------------------------------------------------------- nodes, ids

_KINDS = {prefix: kind for kind, prefix in PREFIXES.items()}


def node_id(kind: str, row_id: UUID) -> strawberry.ID:
    """The global id of a row: opaque to clients."""
    return strawberry.ID(f"{PREFIXES[kind]}_{row_id.hex}")


def read_node_id(text: str) -> tuple[str, UUID]:
    """The kind and the row that a global id names.

    Raises:
        BadInput: it is no id of ours.
    """
    prefix, _, number = text.partition("_")
    try:
        if prefix in _KINDS and len(number) == 32:
            return _KINDS[prefix], UUID(hex=number)
    except ValueError:
        pass
    raise BadInput(f"{text[:60]!r} is not an id. Ids are taken from an `id` field, never made.".replace("'", '"'))


def id_of(kind: str, text: str) -> UUID:
    """The row that a global id of this kind names.

    Raises:
        BadInput: it is no id, or one of another kind.
    """
    found, row_id = read_node_id(text)
    if found != kind:
        raise BadInput(f"This is the id of a {found}, not of a {kind}.".replace("of a I", "of an I").replace("of a A", "of an A"))
    return row_id


class Row:
    """A row of a declared table: its columns become the attributes of the type as they are."""

    table: ClassVar[Table]

    @classmethod
    def of(cls: type[R], row: Any) -> R:
        """The type's object for a row."""
        made = object.__new__(cls)
        made.__dict__.update(row)
        return made


@strawberry.interface(description="Anything with a global id.")
class Node(Row):
    """A row with an id."""

    @strawberry.field(description="The global id: opaque, and the same for ever.")
    def id(self) -> strawberry.ID:
        return node_id(self.table.kind, self.__dict__["id"])


NODES: dict[str, type[Node]] = {}
ROWS: dict[str, type[Row]] = {}  # types without an id that a command answers with, by the kind of their table


@dataclass_transform(kw_only_default=True)
def node(of: Table, description: str) -> Any:
    """Declare the type that stands for a table."""

    def declare(cls: type[N]) -> type[N]:
        cls.table = of
        NODES[of.kind] = cls
        return strawberry.type(cls, name=of.kind, description=description)

    return declare


async def follow(parent: Node, link: str, to: type[N]) -> N | None:
    """The one row of a relation, or none."""
    rows = await related(parent.table, link, parent.__dict__)
    return to.of(rows[0]) if rows else None


async def follow_one(parent: Node, link: str, to: type[N]) -> N:
    """The one row of a relation that is always there."""
    found = await follow(parent, link, to)
    if found is None:
        raise LookupError(f"{parent.table.kind}.{link} has no row")
    return found


async def follow_all(parent: Node, link: str, to: type[R]) -> list[R]:
    """All rows of a relation."""
    return [to.of(row) for row in await related(parent.table, link, parent.__dict__)]


# -------------------------------------------------------------------------------------------------------------------------- connections


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Relay's page info."""

    has_next_page: bool = described("Whether there are rows after this page.")
    has_previous_page: bool = described("Whether there are rows before this page.")
    start_cursor: str | None = described("The cursor of the first row; null on an empty page.")
    end_cursor: str | None = described("The cursor of the last row; null on an empty page.")


@strawberry.type(description="A row of a list with its place.")
class Edge(Generic[T]):
    """Relay's edge."""

    cursor: str = described("The row's place: give it as `after` or `before`.")
    node: T = described("The row.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    """Relay's connection."""

    listing: strawberry.Private[Listing]
    edges: list[Edge[T]] = described("The rows of this page, in order.")
    page_info: PageInfo = described("Where this page lies in the list.")

    @strawberry.field(description="How many rows the whole list has.")
    async def total_count(self) -> int:
        return await self.listing.count()


def connection(to: type[N], filters: Mapping[str, Any], order: str, asked: PageOf, *, descending: bool = False) -> Connection[N]:
    """One page of the rows that filters let through."""
    return cast("Connection[N]", Listed(to.table, Listing(to.table, filters, order, descending), asked))


async def pages(parent: Node, name: str, first: int | None, after: str | None, last: int | None, before: str | None) -> Connection[Any]:
    """One page of a row's own list."""
    declared = parent.table.pages[name]
    filters = {declared.filter: parent.__dict__[declared.mine]}
    return await _page_of(Listing(TABLES[declared.kind], filters, declared.order, declared.descending), PageOf(first, after, last, before))


async def _page_of(listing: Listing, asked: PageOf) -> Connection[Any]:
    page: Page = await listing.page(asked)
    to = NODES[listing.of.kind]
    edges = [Edge(cursor=cursor, node=to.of(row)) for row, cursor in zip(page.rows, page.cursors, strict=True)]
    info = PageInfo(
        has_next_page=page.has_next,
        has_previous_page=page.has_previous,
        start_cursor=page.cursors[0] if page.cursors else None,
        end_cursor=page.cursors[-1] if page.cursors else None,
    )
    return Connection(listing=listing, edges=edges, page_info=info)


async def read_plainly(source: Source) -> Any:
    """What a source names, as objects whose fields the plain resolvers read."""
    to: type[Row] = NODES.get(source.of.kind) or ROWS[source.of.kind]
    match source:
        case Listed():
            return await _page_of(source.listing, source.page)
        case Only():
            row = only(await source.rows())
            return to.of(row) if row else None
        case One() | Top() | Made():
            found = [to.of(row) for row in await source.rows()]
            many = isinstance(source, Top) or (isinstance(source, Made) and source.many)
            return found if many else found[0] if found else None
    raise TypeError(f"A {type(source).__name__} cannot be read.")


def parsed(text: str) -> Any:
    """Stored JSON as it is answered."""
    return orjson.loads(text)
