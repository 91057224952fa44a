"""The declaration of a type's table: its columns, relations, filters, orders and scope. Everything that reads goes by it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graph.audit.actor import Actor
from graph.models.ledger import REGISTRY
from graph.words import Role, TokenScope

# Who may read the registry's stream: people, models, accounts.
REGISTRY_READERS = frozenset({Role.AUDITOR, Role.ADMIN, Role.ARMS_ROOM_OFFICER})
# Who may read of everybody's accounts, sign-ins and tokens, and what strangers tried.
ACCOUNT_READERS = frozenset({Role.AUDITOR, Role.ADMIN})

_NAME = re.compile(r":([a-z]+)")
_IT = re.compile(r"\bit\.")

# What the global id of a row begins with.
PREFIXES = {
    "Account": "account",
    "ApiToken": "token",
    "Armory": "armory",
    "Authorization": "authorization",
    "CustodyLine": "line",
    "CustodyRecord": "custody",
    "Item": "item",
    "ItemModel": "model",
    "LedgerEvent": "event",
    "ManagedAccount": "user",
    "Person": "person",
    "Proposal": "proposal",
    "Purpose": "purpose",
    "Qualification": "qualification",
    "SecurityEvent": "security",
    "Session": "session",
    "StockLot": "lot",
    "Tag": "tag",
    "Unit": "unit",
}


@dataclass(frozen=True)
class Link:
    """A relation: the rows of another table whose column is mine. `it` is the other row.

    `of_one_room`: a reference of the database holds that both rows are of the same arms room, so that whoever sees one sees the other.
    """

    kind: str
    mine: str
    theirs: str = "id"
    where: str = "true"
    order: str = "it.id"
    of_one_room: bool = False


@dataclass(frozen=True)
class Pages:
    """A relation of many rows, read page by page: the rows of another table that its filter lets through for the value that is mine."""

    kind: str
    filter: str
    order: str
    mine: str = "id"
    descending: bool = True


@dataclass(frozen=True)
class Key:
    """One part of an order, with the type that its value has in a cursor."""

    sql: str
    type: str


@dataclass(frozen=True)
class Table:
    """What a type is in the database. `it` is the row; `:name` in a scope is an attribute of the actor, bound and never pasted.

    `computed` are values beside the columns, `written` the JSON of those that are not answered as they are stored, `totals` relations
    to rows that are counted together, `pages` relations of many rows.
    """

    kind: str
    name: str
    columns: tuple[str, ...]
    scope: str = "true"
    key: str = "id"
    computed: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, Link] = field(default_factory=dict)
    totals: Mapping[str, Link] = field(default_factory=dict)
    pages: Mapping[str, Pages] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)
    orders: Mapping[str, tuple[Key, ...]] = field(default_factory=dict)

    @property
    def selection(self) -> str:
        """Every column, and those that are computed."""
        plain = [f"it.{column}" for column in self.columns]
        return ", ".join(plain + [f"{sql} AS {name}" for name, sql in self.computed.items()])

    def link(self, name: str) -> Link | None:
        """The relation with this name."""
        return self.links.get(name) or self.totals.get(name)

    def value(self, name: str, alias: str) -> str:
        """The SQL of a column, or of what is computed, of the row with this alias."""
        return aliased(self.computed[name], alias) if name in self.computed else f"{alias}.{name}"


def aliased(sql: str, alias: str) -> str:
    """A piece of a declaration, with another name for its row."""
    return sql if alias == "it" else _IT.sub(f"{alias}.", sql)


TABLES: dict[str, Table] = {}


def table(declared: Table) -> Table:
    """Declare a table."""
    TABLES[declared.kind] = declared
    return declared


@dataclass(frozen=True)
class Attribute:
    """The place of an attribute of whoever asks."""

    name: str


class Query:
    """The values of one statement, as they are bound."""

    def __init__(self, actor: Actor) -> None:
        self.slots: list[Any] = []
        self._actor = actor
        self._scoped: dict[str, str] = {}

    @property
    def values(self) -> list[Any]:
        """What is bound, in order."""
        return [attribute(self._actor, slot.name) if isinstance(slot, Attribute) else slot for slot in self.slots]

    def bind(self, value: Any) -> str:
        """The place of a value."""
        self.slots.append(value)
        return f"${len(self.slots)}"

    def scope(self, of: Table, alias: str = "it") -> str:
        """What of a table the actor may see: the one place where scope is added, for rows, pages and counts alike."""
        return _NAME.sub(lambda found: self._attribute(found[1]), aliased(of.scope, alias))

    def _attribute(self, name: str) -> str:
        if name not in self._scoped:
            self.slots.append(Attribute(name))
            self._scoped[name] = f"${len(self.slots)}"
        return self._scoped[name]


def attribute(actor: Actor, name: str) -> Any:
    """An attribute of the actor that a scope names."""
    armories = None if actor.armories is None else sorted(actor.armories)
    match name:
        case "everything":
            return armories is None
        case "armories":
            return armories or []
        case "streams":
            return [str(armory) for armory in armories or []] + ([REGISTRY] if reads_registry(actor) else [])
        case "registry":
            return reads_registry(actor)
        case "accounts":
            return reads_security(actor) and _keeps_accounts(actor)
        case "me":
            return actor.account_id if _keeps_accounts(actor) else None
        case "person":
            return actor.scopes is None
        case "security":
            return reads_security(actor)
        case _:
            raise KeyError(name)


def reads_security(actor: Actor) -> bool:
    """Whether the actor may read what touches who may do what."""
    return bool(actor.roles & ACCOUNT_READERS)


def _keeps_accounts(actor: Actor) -> bool:
    """Whether the actor reads of accounts at all: of API tokens, one for nothing but custody does not, whichever way it asks."""
    return actor.scopes is None or TokenScope.ADMIN in actor.scopes


def reads_registry(actor: Actor) -> bool:
    """Whether the actor may read the registry's stream."""
    return bool(actor.roles & REGISTRY_READERS)
