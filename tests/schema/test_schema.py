"""The schema: written down, described to the last value, closed to nobody's requests, and never narrower than it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    build_client_schema,
    build_schema,
    find_breaking_changes,
    get_introspection_query,
    get_named_type,
    introspection_types,
    is_composite_type,
    is_specified_scalar_type,
    print_schema,
)

from graph.address import Addresses
from graph.resolvers.tables import TABLES
from graph.schema import api
from graph.schema.api import sdl
from graph.schema.operation import Open, Requires
from tests.server import Live, subscribe

WRITTEN = Path(__file__).parents[2] / "schema.graphql"
CURRENT = build_schema(sdl())
ROOTS = ("Query", "Mutation", "Subscription")
INTROSPECTION = get_introspection_query(
    specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
)


# -------------------------------------------------------------------------------------------------------------- written down


def test_the_written_schema_is_the_one_that_is_served() -> None:
    assert WRITTEN.read_text() == sdl(), "schema.graphql is old. Write it anew with `armguard schema > schema.graphql`, and read its diff."


def test_the_served_schema_is_the_printed_one_but_for_the_order() -> None:
    served = build_schema(api.build_schema().as_str())
    assert find_breaking_changes(served, CURRENT) == []
    assert find_breaking_changes(CURRENT, served) == []


def broken(old: str, new: GraphQLSchema) -> list[str]:
    """What a client of the old schema could stumble over in the new one, by name."""
    return [change.description for change in find_breaking_changes(build_schema(old), new)]


def test_nothing_that_the_written_schema_has_is_taken_away() -> None:
    assert broken(WRITTEN.read_text(), CURRENT) == []


@pytest.mark.parametrize(
    ("of", "now", "before", "named"),
    [
        ("type Item ", "  serial: String!\n", "  serial: String!\n  caliber: String!\n", "Item.caliber was removed"),
        ("type Item ", "  rack: String\n", "  rack: String!\n", "Item.rack changed type from String! to String"),
        ("enum IssueType ", "  EMERGENCY\n", "  EMERGENCY\n  LOAN\n", "IssueType.LOAN was removed"),
        ("union ScanResult ", "Item | Person", "Unit | Item | Person", "Unit was removed from union type ScanResult"),
        ("type Query ", "  node(\n", "  node(\n    kind: String\n", "Query.node(kind:) was removed"),
        ("input RevokeTagInput ", '  """Why."""\n  reason: String!\n', "", "RevokeTagInput.reason was added"),
        ("type Unit ", "type Unit ", "type Squad { code: String }\ntype Unit ", "Squad was removed"),
    ],
)
def test_a_change_that_would_break_a_client_is_named(of: str, now: str, before: str, named: str) -> None:
    head, found, tail = sdl().partition(f"\n{of}")
    assert now in found + tail
    changes = broken(head + (found + tail).replace(now, before, 1), CURRENT)
    assert any(named.lower() in change.lower() for change in changes), changes


# -------------------------------------------------------------------------------------------------------------- described


def parts(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    """Every named part of a schema with its description."""
    for name, kind in schema.type_map.items():
        if name in introspection_types or is_specified_scalar_type(kind):
            continue
        yield name, kind.description
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in kind.fields.items():
                yield f"{name}.{field_name}", field.description
                for argument_name, argument in field.args.items():
                    yield f"{name}.{field_name}({argument_name})", argument.description
        elif isinstance(kind, GraphQLInputObjectType):
            for field_name, given in kind.fields.items():
                yield f"{name}.{field_name}", given.description
        elif isinstance(kind, GraphQLEnumType):
            for value_name, value in kind.values.items():
                yield f"{name}.{value_name}", value.description


def test_everything_has_a_description() -> None:
    found = dict(parts(CURRENT))
    assert len(found) > 500
    assert [name for name, description in found.items() if not (description or "").strip()] == []


def test_no_description_is_a_placeholder() -> None:
    assert [name for name, text in parts(CURRENT) if "see the description" in (text or "").lower() or "todo" in (text or "").lower()] == []


# -------------------------------------------------------------------------------------------------------------- nullability


def snake(name: str) -> str:
    """A field's name as the column's."""
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)


# A relation whose column is always filled, but whose row may be out of scope.
MAY_BE_HIDDEN = {("CustodyRecord", "item"), ("Tag", "item"), ("LedgerEvent", "item"), ("LedgerEvent", "record")}


# A column whose null means all: a field of its own says so.
NARROWED = {("ApiToken", "armories")}


async def test_what_is_stored_not_null_is_not_null(empty: Addresses) -> None:
    connection = await asyncpg.connect(empty.owner)
    rows = await connection.fetch(
        "SELECT table_name, column_name, is_nullable FROM information_schema.columns WHERE table_schema = 'public'"
    )
    await connection.close()
    nullable = {(row["table_name"], row["column_name"]): row["is_nullable"] == "YES" for row in rows}
    checked, wrong = 0, []
    for kind, table in TABLES.items():
        declared = CURRENT.type_map[kind]
        assert isinstance(declared, GraphQLObjectType)
        for name, field in declared.fields.items():
            link = table.links.get(snake(name))
            column = link.mine if link and link.theirs in ("id", "event_id") else snake(name)
            if (table.name, column) not in nullable or (kind, name) in NARROWED:
                continue
            checked += 1
            may_be_null = nullable[table.name, column] or (kind, name) in MAY_BE_HIDDEN
            if isinstance(field.type, GraphQLNonNull) == may_be_null:
                wrong.append(f"{kind}.{name}: {field.type}")
    assert checked > 70
    assert wrong == []


def test_every_list_has_no_nulls_in_it_and_is_none_itself() -> None:
    wrong = []
    for name, kind in CURRENT.type_map.items():
        if isinstance(kind, GraphQLObjectType) and name not in introspection_types:
            for field_name, field in kind.fields.items():
                text = str(field.type)
                if (
                    "[" in text
                    and (name, field_name) != ("Viewer", "tokenScopes")
                    and not (text.endswith("]!") and text[:-2].endswith("!"))
                ):
                    wrong.append(f"{name}.{field_name}: {text}")
    assert wrong == []


def test_every_command_has_a_request_id_and_answers_with_a_union_that_can_refuse() -> None:
    mutation = CURRENT.mutation_type
    assert mutation is not None
    for name, field in mutation.fields.items():
        if name in ("signIn", "refresh", "signOut"):
            continue
        (argument,) = field.args.values()
        given = get_named_type(argument.type)
        assert isinstance(given, GraphQLInputObjectType)
        assert str(given.fields["requestId"].type) == "UUID!", name
        assert "Refused" in {kind.name for kind in get_named_type(field.type).types}, name


# -------------------------------------------------------------------------------------------------------------- requirements of roots


def test_every_root_field_says_what_it_requires() -> None:
    schema: strawberry.Schema = api.build_schema()
    unclear = []
    for root in ("Query", "Mutation"):
        for field in schema.get_type_by_name(root).fields:  # type: ignore[union-attr]
            stated = [part for part in field.extensions if isinstance(part, Requires | Open)]
            if len(stated) != 1 or (isinstance(stated[0], Requires) and not stated[0].roles):
                unclear.append(f"{root}.{field.name}")
            if isinstance(stated[0], Open):
                assert field.name in ("sign_in", "refresh"), f"{root}.{field.name} is open to anybody"
    assert unclear == []


def value_of(kind: Any) -> Any:
    """Some value of an input type, with nothing in it that need not be."""
    if isinstance(kind, GraphQLNonNull):
        return value_of(kind.of_type)
    if isinstance(kind, GraphQLList):
        return [value_of(kind.of_type)]
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        needed = [name for name, field in kind.fields.items() if isinstance(field.type, GraphQLNonNull)]
        return {name: value_of(kind.fields[name].type) for name in needed or list(kind.fields)[:1]}
    assert isinstance(kind, GraphQLScalarType)
    return {"Int": 1, "Boolean": True, "UUID": str(uuid4()), "DateTime": "2026-11-25T05:00:00Z", "Date": "2026-11-25"}.get(kind.name, "x")


def operations(schema: GraphQLSchema) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """A request for every root field, with all of its arguments."""
    for root in (schema.query_type, schema.mutation_type, schema.subscription_type):
        assert root is not None
        for name, field in root.fields.items():
            declared = ", ".join(f"${argument}: {given.type}" for argument, given in field.args.items())
            passed = ", ".join(f"{argument}: ${argument}" for argument in field.args)
            chosen = " { __typename }" if is_composite_type(get_named_type(field.type)) else ""
            text = f"{root.name.lower()} {f'({declared})' if declared else ''} {{ {name}{f'({passed})' if passed else ''}{chosen} }}"
            yield f"{root.name}.{name}", text, {argument: value_of(given.type) for argument, given in field.args.items()}


async def test_nobody_may_do_anything_but_sign_in(live: Live) -> None:
    nobody = live.as_(None)
    schema = build_client_schema(await live.as_("viewer")(INTROSPECTION))
    tried = {}
    async with live.socket(None) as socket:
        for name, text, variables in operations(schema):
            if name.startswith("Subscription."):
                answer = await (await subscribe(socket, text, **variables)).next()
                errors = answer.get("errors") or answer["payload"]
            else:
                errors = (await nobody.answer(text, **variables)).get("errors", [])
            tried[name] = [error["extensions"]["code"] for error in errors]
    assert len(tried) > 30
    assert tried.pop("Mutation.signIn") == tried.pop("Mutation.refresh") == []
    assert {name: codes for name, codes in tried.items() if codes != ["UNAUTHENTICATED"]} == {}


async def test_a_token_that_is_nobodys_is_told_so(live: Live) -> None:
    for header, words in (
        ("Bearer armg_nobody", "Your sign-in has ended"),
        ("Bearer armgs_nobody", "Your sign-in has ended"),
        ("Bearer nothing", "not a token of ArmGuard"),
        ("Bearer", "not a token of ArmGuard"),
        ("Basic bm9ib2R5", "Send the token as"),
    ):
        response = await live.as_(None).http.post("/graphql", json={"query": "{ viewer { username } }"}, headers={"authorization": header})
        (error,) = response.json()["errors"]
        assert error["extensions"]["code"] == "UNAUTHENTICATED"
        assert words in error["message"], (header, error)


async def test_the_schema_can_be_explored_by_whoever_has_signed_in_and_by_nobody_else(live: Live) -> None:
    assert await live.as_(None).code(INTROSPECTION) == "UNAUTHENTICATED"
    served = build_client_schema(await live.as_("viewer")(INTROSPECTION))
    assert find_breaking_changes(CURRENT, served) == []
    assert find_breaking_changes(served, CURRENT) == []
    assert len(print_schema(served)) > 20_000
