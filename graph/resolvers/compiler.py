"""From what is asked of a source to one statement that gives its JSON, by the same declarations that the plain resolvers read.

A row is `row_to_json` over the fields that are asked, a relation a subquery beside them, a page a subquery over its rows. Every value is
bound; names of the statement come from the declarations, and the keys of the answer from the document, which GraphQL allows letters,
digits and underscores only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from graph.audit.actor import Actor
from graph.audit.canonical import plain
from graph.resolvers.reading import Listing, PageOf, size_of
from graph.resolvers.tables import PREFIXES, TABLES, Attribute, Key, Link, Pages, Query, Table, aliased, attribute

LONGEST_KEY = 63  # what PostgreSQL keeps of a name
MOMENT = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
SWITCHES = ("everything", "registry", "accounts")


WHOLE = PageOf()


class NotCompiled(Exception):
    """This selection is left to the plain resolvers."""


@dataclass(frozen=True)
class Asked:
    """One field of a selection: its key in the answer, its name in the declaration, its type, whether it is a list, what is asked of it."""

    key: str
    name: str
    type: str
    many: bool = False
    fields: tuple[Asked, ...] = ()
    page: PageOf = WHOLE


@dataclass(frozen=True)
class Given:
    """The place of a value that the source has for each request."""

    number: int


class Draft(Query):
    """A statement for everybody whose scope has the same shape: what differs between requests is given when it is run."""

    def __init__(self, actor: Actor) -> None:
        super().__init__(actor)
        self._given = 0
        self._rows = 0

    def bind(self, value: Any) -> str:  # noqa: ARG002 - it is given for each request anew
        """The place of the next value of the source."""
        self._given += 1
        return super().bind(Given(self._given - 1))

    def constant(self, value: Any) -> str:
        """The place of a value that belongs to the document: a cursor of a page within a page."""
        return super().bind(value)

    def alias(self) -> str:
        """A name for the row of a subquery."""
        self._rows += 1
        return f"t{self._rows}"

    def _attribute(self, name: str) -> str:
        if name in SWITCHES:  # a word of the statement, so that the planner knows it
            return "true" if attribute(self._actor, name) else "false"
        return super()._attribute(name)


@dataclass(frozen=True)
class Plan:
    """A compiled statement."""

    sql: str
    slots: Sequence[Any]

    def values(self, actor: Actor, given: Sequence[Any]) -> list[Any]:
        """What is bound for one request."""
        return [
            given[slot.number] if isinstance(slot, Given) else attribute(actor, slot.name) if isinstance(slot, Attribute) else slot
            for slot in self.slots
        ]


def shape_of(actor: Actor) -> tuple[bool, ...]:
    """What of an actor is in the statement itself."""
    return tuple(bool(attribute(actor, name)) for name in SWITCHES)


def quoted(key: str) -> str:
    """A key of the answer as the name of a column.

    Raises:
        NotCompiled: it is longer than PostgreSQL keeps.
    """
    if len(key) > LONGEST_KEY:
        raise NotCompiled
    return f'"{key}"'


def json_row(draft: Draft, of: Table, alias: str, fields: Sequence[Asked], rest: str = "") -> str:
    """The subquery of the JSON of the rows that `rest` names."""
    columns = ", ".join(f"{field_sql(draft, of, alias, asked)} AS {quoted(asked.key)}" for asked in fields)
    return f"SELECT row_to_json(j$) FROM (SELECT {columns} {rest}) j$"


def field_sql(draft: Draft, of: Table, alias: str, asked: Asked) -> str:
    """The SQL of one field of a row."""
    name = asked.name
    if name == "__typename":
        return f"'{of.kind}'"
    if name == "id":
        return f"'{PREFIXES[of.kind]}_' || replace({alias}.{of.key}::text, '-', '')"
    if name in of.written:
        return aliased(of.written[name], alias)
    if (link := of.link(name)) is not None:
        return link_sql(draft, of, alias, link, asked)
    if name in of.pages:
        return nested_sql(draft, of, alias, of.pages[name], asked)
    value = of.value(name, alias)
    return MOMENT.format(value) if asked.type == "DateTime" else value


def link_sql(draft: Draft, of: Table, alias: str, link: Link, asked: Asked) -> str:
    """The SQL of a relation: the JSON of its row, or of all its rows."""
    to, row = TABLES[link.kind], draft.alias()
    condition = f"{row}.{link.theirs} = {of.value(link.mine, alias)} AND ({aliased(link.where, row)}) AND ({draft.scope(to, row)})"
    rows = f"FROM {to.name} {row} WHERE {condition}"
    if asked.many:
        return f"array_to_json(ARRAY({json_row(draft, to, row, asked.fields, f'{rows} ORDER BY {aliased(link.order, row)}')}))"
    one = "" if link.theirs == to.key else f" ORDER BY {aliased(link.order, row)} LIMIT 1"
    return f"({json_row(draft, to, row, asked.fields, rows + one)})"


def nested_sql(draft: Draft, of: Table, alias: str, pages: Pages, asked: Asked) -> str:
    """The SQL of a page of a row's own list."""
    to, row = TABLES[pages.kind], draft.alias()
    listing = Listing(to, {}, pages.order, pages.descending)
    mine = of.value(pages.mine, alias)
    mine_only = aliased(to.filters[pages.filter], row).replace("?", mine)
    listing.beyond(lambda _: "", asked.page, row)  # a cursor that is none is told, whatever is asked of the page

    def where() -> str:
        return f"{listing.where(draft, row)} AND ({mine_only})"

    return f"({page_sql(draft, listing, row, where, lambda: listing.beyond(draft.constant, asked.page, row), asked)})"


def page_sql(
    draft: Draft, listing: Listing, row: str, where_of: Callable[[], str], beyond_of: Callable[[], Sequence[str]], asked: Asked
) -> str:
    """The statement of a page: its rows are read once, as many as are asked for, and one more if somebody wants to know of more.

    Values are bound only for what is in the statement: one that it does not name, PostgreSQL does not take.
    """
    parts = {field.name for field in asked.fields}
    info = {part.name for field in asked.fields if field.name == "page_info" for part in field.fields}
    reads_rows = "edges" in parts or bool(info)
    where = where_of() if reads_rows or "total_count" in parts else "true"
    beyond = beyond_of() if reads_rows else ()
    size, backwards = size_of(asked.page), asked.page.last is not None
    more = ("has_previous_page" if backwards else "has_next_page") in info
    page, order = f"page_{row}", listing.ordered(backwards=backwards, alias=row)
    read = f"FROM {listing.of.name} {row} WHERE {' AND '.join([where, *beyond])} ORDER BY {order} LIMIT {size + more}"
    count = f"(SELECT count(*) FROM {listing.of.name} {row} WHERE {where})"
    # Read from its end on, or for more than its rows, the page is set aside, numbered; else its rows are taken as they come.
    aside = backwards or bool(info)
    on_page = f"FROM {page} {row} WHERE {row}._n <= {size} ORDER BY {row}._n"
    first, last = (f"{on_page} DESC", on_page) if backwards else (on_page if aside else read, f"{on_page} DESC")

    def edge(part: Asked) -> str:
        if part.name == "node":
            return f"({json_row(draft, listing.of, row, part.fields)})"
        return f"'{listing.of.kind}Edge'" if part.name == "__typename" else cursor_sql(listing, row)

    def info_of(part: Asked) -> str:
        is_more = f"(SELECT count(*) > {size} FROM {page})"
        match part.name:
            case "has_next_page":
                return ("true" if asked.page.before is not None else "false") if backwards else is_more
            case "has_previous_page":
                return is_more if backwards else ("true" if asked.page.after is not None else "false")
            case "start_cursor":
                return f"(SELECT {cursor_sql(listing, row)} {first} LIMIT 1)"
            case "end_cursor":
                return f"(SELECT {cursor_sql(listing, row)} {last} LIMIT 1)"
            case _:
                return "'PageInfo'"

    def part_sql(field: Asked) -> str:
        match field.name:
            case "edges":
                columns = ", ".join(f"{edge(part)} AS {quoted(part.key)}" for part in field.fields)
                return f"array_to_json(ARRAY(SELECT row_to_json(e$) FROM (SELECT {columns} {first}) e$))"
            case "page_info":
                columns = ", ".join(f"{info_of(part)} AS {quoted(part.key)}" for part in field.fields)
                return f"(SELECT row_to_json(i$) FROM (SELECT {columns}) i$)"
            case "total_count":
                return count
            case _:
                return f"'{listing.of.kind}Connection'"

    columns = ", ".join(f"{part_sql(field)} AS {quoted(field.key)}" for field in asked.fields)
    rows = f"WITH {page} AS (SELECT r.*, row_number() OVER () AS _n FROM (SELECT {row}.* {read}) r) " if aside else ""
    return f"{rows}SELECT row_to_json(c$) FROM (SELECT {columns}) c$"


def cursor_sql(listing: Listing, row: str) -> str:
    """The cursor of a row, the same as `Listing.cursor` makes it."""
    parts = " || ',' || ".join(_json_of(key, row) for key in listing.of.orders[listing.order])
    return f"""translate(encode(convert_to('["{listing.name}",' || {parts} || ']', 'UTF8'), 'base64'), E'+/=\\n', '-_')"""


def _json_of(key: Key, row: str) -> str:
    value = aliased(key.sql, row)
    if key.type == "timestamptz":
        last = "'9999-12-31T23:59:59.999999Z'"  # what `infinity` is in Python
        return f"'\"' || CASE WHEN {value} = 'infinity' THEN {last} ELSE {MOMENT.format(value)} END || '\"'"
    return f"to_json({value})::text"


def at_hand(of: Table, row: Mapping[str, Any], fields: Sequence[Asked]) -> dict[str, Any] | None:
    """The answer from a row that is known already, and the rows that it has under its links; None if something else is asked."""
    answer: dict[str, Any] = {}
    for asked in fields:
        if asked.name == "__typename":
            answer[asked.key] = of.kind
        elif asked.name not in row:
            return None
        elif (link := of.link(asked.name)) is None:
            answer[asked.key] = _shown(of, row, asked)
        elif row[asked.name] is None:
            answer[asked.key] = None
        elif (linked := at_hand(TABLES[link.kind], row[asked.name], asked.fields)) is not None:
            answer[asked.key] = linked
        else:
            return None
    return answer


def _shown(of: Table, row: Mapping[str, Any], asked: Asked) -> Any:
    value = row[asked.name]
    if asked.name == "id":
        return f"{PREFIXES[of.kind]}_{str(value).replace('-', '')}"
    if asked.type == "JSON":
        return orjson.Fragment(value)
    if asked.type == "DateTime" and isinstance(value, str):
        value = datetime.fromisoformat(value)
    return bytes(value).hex() if isinstance(value, bytes) else plain(value)


# ------------------------------------------------------------------------------------------------------------------------ at the start


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")


def snake(name: str) -> str:
    """The name of a field as the declarations write it."""
    return name if name.startswith("__") else "_".join(word.lower() for word in _WORD.findall(name))


def unreadable(of: Table, name: str, *, required: bool) -> str | None:
    """Why a field cannot be compiled safely, or None if it can: a relation that must be there, and whose scope may hide it, cannot."""
    if (link := of.link(name)) is not None:
        to = TABLES[link.kind]
        seen_with_row = aliased(to.scope, "me").replace(f"me.{link.theirs}", f"it.{link.mine}") == of.scope
        if required and link.theirs == to.key and to.scope != "true" and not (seen_with_row or link.of_one_room):
            return f"{of.kind}.{name} must be there, but may be out of scope"
        return None
    known = (name == "id" and of.kind in PREFIXES) or name in (*of.columns, *of.computed, *of.written, *of.pages)
    return None if known else f"{of.kind}.{name} is not declared"
