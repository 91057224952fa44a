"""Queries made from the schema itself: every root, relation, page, count, union and interface, in all the ways that GraphQL offers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
)
from hypothesis import strategies as st

SIZES = (1, 2, 3, 3, 5, 5, 100, 0, -1, 101)
DAMAGED = ("", "x", "bm90IGEgY3Vyc29y", "W10", "WyJJdGVtLlNFUklBTCJd", "ñ", "WyJJdGVtLlNFUklBTCIsMSwyXQ")
MOMENTS = ("2020-01-01T00:00:00Z", "2100-01-01T00:00:00+08:00", "2026-01-01T00:00:00.5Z", "2026-01-01", "soon")

OFTEN = ("id", "code", "serial", "serviceNumber", "filter", "order")


@dataclass
class Known:
    """What a client can know of the data: ids by kind, cursors, and the numbers and codes that people read."""

    ids: Mapping[str, Sequence[str]]
    cursors: Sequence[str]
    words: Sequence[str]


@dataclass
class Made:
    """A document with its variables, while it is made."""

    draw: Any
    known: Known
    schema: GraphQLSchema
    variables: dict[str, tuple[str, Any]] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)
    names: int = 0
    sizes: Sequence[int] = SIZES

    def name(self, beginning: str) -> str:
        """A name that is not used yet."""
        self.names += 1
        return f"{beginning}{self.names}"

    def chance(self, percent: int) -> bool:
        """Whether something is done that is done so often."""
        return self.number(0, 99) >= 100 - percent

    def number(self, least: int, most: int) -> int:
        """A number from one to another."""
        return int(self.draw(st.integers(least, most)))

    def pick(self, choices: Sequence[Any]) -> Any:
        """One of these."""
        return self.draw(st.sampled_from(list(choices)))

    # ---------------------------------------------------------------------------------------------------------------- selections

    def selections(self, of: Any, depth: int) -> str:
        """What is asked of an object, a union or an interface."""
        if isinstance(of, GraphQLUnionType):
            parts = [self.fragment(self.pick(of.types), depth) for _ in range(self.number(1, 3))]
            return "{ " + " ".join(["__typename", *parts]) + " }"
        if isinstance(of, GraphQLInterfaceType):
            kinds = sorted(self.schema.get_possible_types(of), key=lambda kind: kind.name)
            parts = [self.fragment(self.pick(kinds), depth) for _ in range(self.number(1, 3))]
            return "{ " + " ".join([self.pick(("__typename", "id")), *parts]) + " }"
        parts = [self.asked(of, depth) for _ in range(self.number(1, 4))]
        if depth > 0 and self.chance(15):
            parts.append(self.fragment(of, depth))
        return "{ " + " ".join(parts) + " }"

    def fragment(self, of: GraphQLObjectType, depth: int) -> str:
        """A fragment on a type, spelt out or named; a named one is sometimes used twice."""
        inside = self.selections(of, max(depth - 1, 0))
        if self.chance(50):
            return f"... on {of.name}{self.directive()} {inside}"
        name = self.name("F")
        self.fragments.append(f"fragment {name} on {of.name} {inside}")
        return f"...{name}{self.directive()}" + (f" ...{name}" if self.chance(20) else "")

    def asked(self, of: GraphQLObjectType, depth: int) -> str:
        """One field, with what it takes and what is asked of it."""
        names = [name for name, each in of.fields.items() if depth > 0 or is_leaf_type(get_named_type(each.type))]
        if not names or self.chance(8):
            return f"{self.name('t')}: __typename" if self.chance(50) else "__typename"
        name = self.pick(names)
        declared = of.fields[name]
        to = get_named_type(declared.type)
        arguments = self.arguments(declared)
        alias = f"{self.name('a')}: " if arguments or self.chance(20) else ""
        inside = "" if is_leaf_type(to) else " " + self.selections(to, depth - 1)
        return f"{alias}{name}{arguments}{self.directive()}{inside}"

    def directive(self) -> str:
        """Whether it is skipped or included, said by a word or a variable."""
        if not self.chance(10):
            return ""
        value = self.pick((True, False))
        return f" @{self.pick(('skip', 'include'))}(if: {self.value(GraphQLNonNull(self.schema.type_map['Boolean']), value)})"

    # ----------------------------------------------------------------------------------------------------------------- arguments

    def arguments(self, declared: GraphQLField) -> str:
        """Values for what a field takes: mostly those that make sense together."""
        given = self.given(declared)
        if "first" in declared.args and not self.chance(7):
            given = {name: value for name, value in given.items() if name not in ("first", "last", "after", "before")}
            size, place = self.pick((("first", "after"), ("first", "after"), ("last", "before")))
            given[size] = self.pick(self.sizes)
            if self.chance(25):
                given[place] = self.chosen("after", None)
        written = ", ".join(f"{name}: {self.value(declared.args[name].type, value)}" for name, value in given.items())
        return f"({written})" if written else ""

    def given(self, declared: GraphQLField) -> dict[str, Any]:
        """The arguments that are given, with their values."""
        return {name: self.chosen(name, each.type) for name, each in declared.args.items() if self.wanted(name, each.type)}

    def wanted(self, name: str, of: Any) -> bool:
        """Whether an argument is given."""
        return isinstance(of, GraphQLNonNull) or self.chance(
            40 if name in ("id", "code", "serial", "serviceNumber", "filter", "order") else 25
        )

    def chosen(self, name: str, of: Any) -> Any:
        """A value for an argument or an input's field."""
        kind = get_named_type(of) if of is not None else None
        if of is not None and isinstance(get_nullable_type(of), GraphQLList):
            return [self.chosen(name, kind) for _ in range(self.number(0, 2))]
        if name in ("first", "last"):
            return self.pick(self.sizes)
        if name in ("after", "before"):
            return self.pick((*self.known.cursors, *self.known.cursors, *DAMAGED))
        if isinstance(kind, GraphQLInputObjectType):
            return {inner: self.chosen(inner, each.type) for inner, each in kind.fields.items() if self.chance(30)}
        if isinstance(kind, GraphQLEnumType):
            return self.pick(tuple(kind.values))
        if kind is not None and kind.name == "Boolean":
            return self.pick((True, False))
        if kind is not None and kind.name == "DateTime":
            return self.pick(MOMENTS)
        if kind is not None and kind.name == "ID":
            own = {"armory": "Armory", "model": "ItemModel", "unit": "Unit", "holder": "Person", "item": "Item"}.get(name)
            every = [each for ids in self.known.ids.values() for each in ids]
            return self.pick((*(self.known.ids.get(own or "", every)), *(self.known.ids.get(own or "", every)), *every))
        return self.pick(self.known.words)

    def value(self, of: Any, value: Any) -> str:
        """A value as the document has it, or a variable for it."""
        if not self.chance(35):
            return literal(of, value)
        name = self.name("v")
        default = f" = {literal(of, value)}" if self.chance(20) and not isinstance(of, GraphQLNonNull) else ""
        self.variables[name] = (f"{of}{default}", ... if default and self.chance(60) else value)
        return f"${name}"


def literal(of: Any, value: Any) -> str:
    """A value as GraphQL writes it."""
    kind = get_nullable_type(of)
    if value is None:
        return "null"
    if isinstance(kind, GraphQLEnumType):
        return str(value)
    if isinstance(kind, GraphQLList):
        return "[" + ", ".join(literal(kind.of_type, each) for each in value) + "]"
    if isinstance(kind, GraphQLInputObjectType):
        return "{" + ", ".join(f"{name}: {literal(kind.fields[name].type, each)}" for name, each in value.items()) + "}"
    return json.dumps(value)


@st.composite
def documents(draw: Any, schema: GraphQLSchema, known: Known) -> tuple[str, dict[str, Any]]:
    """A query and its variables."""
    made = Made(draw, known, schema)
    roots = [made.asked(schema.query_type, draw(st.integers(2, 5))) for _ in range(draw(st.integers(1, 2)))]  # type: ignore[arg-type]
    names = ", ".join(f"${name}: {of}" for name, (of, _) in made.variables.items())
    text = " ".join([f"query Q{f'({names})' if names else ''} {{", *roots, "}", *made.fragments])
    return text, {name: value for name, (_, value) in made.variables.items() if value is not ...}
