"""A document and its input are refused for their size before they are looked at, each by the limit that it meets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from graphql import GraphQLError, Lexer, Source, TokenKind, get_introspection_query

from graph.schema.api import ArmGuardSchema, build_schema
from graph.schema.shape import TOKEN, check_text
from graph.settings import Settings
from tests.server import ISSUE, RETURN, Live, subscribe

pytestmark = pytest.mark.once

LIMITS = Settings()
ITEM = "items(first: 1) { totalCount }"


@pytest.fixture(scope="module")
def schema() -> ArmGuardSchema:
    """The schema, without a database."""
    return build_schema(LIMITS)


def told(schema: ArmGuardSchema, text: str, **variables: Any) -> Sequence[GraphQLError]:
    """What a document is answered with before it is run; nothing, if it is well."""
    try:
        schema.documents.check_input(variables)
        document = schema.documents.parsed(text)
    except GraphQLError as refused:
        return [refused]
    return schema.documents.errors(schema._schema, text, document, variables, keep=False)


def refused(schema: ArmGuardSchema, text: str, **variables: Any) -> str:
    """How a limit refuses a document."""
    (error,) = told(schema, text, **variables)
    assert (error.extensions or {}).get("code") == "LIMIT_EXCEEDED", error
    return error.message


def spread(times: int) -> str:
    return " ".join(f"...F{n}" for n in range(times))


def fragments(times: int, fields: str = "viewer { username }") -> str:
    return " ".join(f"fragment F{n} on Query {{ {fields} }}" for n in range(times))


LARGE = {
    "characters": ("{ viewer { username } }" + " " * LIMITS.query_characters, "50,000 characters"),
    "a comment": ("#" * LIMITS.query_characters + "\n{ viewer { username } }", "50,000 characters"),
    "a block string": ('{ item(serial: """' + "\n a" * 17_000 + '""") { id } }', "50,000 characters"),
    "ten thousand tokens in a line": ("{" + "a " * 10_000 + "}", "1,500 tokens"),
    "a name": ("{ " + "a" * 201 + " }", "200 characters"),
    "a number": ("{ items(first: " + "9" * 5000 + ") { totalCount } }", "200 characters"),
    "a negative number": ("{ items(first: -" + "9" * 5000 + ") { totalCount } }", "200 characters"),
    "an exponent": ("{ items(first: 1e" + "9" * 5000 + ") { totalCount } }", "200 characters"),
    "directives": ("{" + " ".join(f"a{n}: viewer @skip(if: true) {{ username }}" for n in range(61)) + "}", "60 directives"),
    "directives in one place": ("{ viewer @a @a @a @a @a @a { username } }", "5 directives in one place"),
    "directives of an operation": ("query @a @a @a @a @a @a { viewer { username } }", "5 directives in one place"),
    "directives of a variable": ("query ($a: Int @a @a @a @a @a @a) { viewer { username } }", "5 directives in one place"),
    "directives of a fragment": ("{ ...F } fragment F on Query @a @a @a @a @a @a { viewer { username } }", "5 directives in one place"),
    "operations": (" ".join(f"query Q{n} {{ viewer {{ username }} }}" for n in range(51)), "50 operations and fragments"),
    "fragments": ("{ viewer { username } } " + fragments(50), "50 operations and fragments"),
    "a list": ("mutation { createApiToken(input: {scopes: [" + "READ " * 501 + "]}) { __typename } }", "500 entries"),
    "a list in lists": ("mutation { createApiToken(input: {scopes: [[[" + "READ " * 501 + "]]]}) { __typename } }", "500 entries"),
    "a list by default": ("query ($a: [ID!] = [" + "1 " * 501 + "]) { viewer { username } }", "500 entries"),
    "lists together": ("mutation { createApiToken(input: {scopes: [" + "[READ READ READ] " * 130 + "]}) { __typename } }", "together"),
    "aliases": ("{" + " ".join(f"a{n}: __typename" for n in range(61)) + "}", "60 aliases"),
    "an object": (
        "mutation { issueItems(input: {" + " ".join(f"a{n}: 1" for n in range(61)) + "}) { __typename } }",
        "60 fields",
    ),
    "one field again and again": ("{" + "__typename " * 500 + "}", "too often"),
    "one page again and again": ("{" + ITEM * 65 + "}", "too often"),
    "again within again": ("{" + ("viewer {" + "username " * 9 + "}") * 9 + "}", "too often"),
    "again in inline fragments": ("{" + "... on Query { viewer { username } } " * 64 + "}", "too often"),
    "again in fragments": ("{" + spread(40) + "}" + fragments(40), "too often"),
    "a fragment again and again": ("{" + "...F0 " * 64 + "}" + fragments(1), "too often"),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_document_is_refused_by_the_limit_that_it_meets(schema: ArmGuardSchema, name: str) -> None:
    text, words = LARGE[name]
    assert words in refused(schema, text)


def test_what_people_write_is_within_the_limits(schema: ArmGuardSchema) -> None:
    for text in (get_introspection_query(), ISSUE, RETURN):
        assert told(schema, text) == []
    assert (
        told(schema, '{ viewer @skip(if: true) { username } item(serial: "a") @include(if: false) { id } items(first: 5) { totalCount } }')
        == []
    )
    commented = "# who holds what\n" * 20 + '{ item(serial: "a @ \\" # 1") { id } b: item(serial: """a "quoted" @ # \\""" text""") { id } }'
    assert told(schema, commented) == []
    screen = "{" + spread(12) + "}" + fragments(12, "viewer { username } " + ITEM)
    assert told(schema, screen) == []
    listed = "mutation ($i: CreateApiTokenInput!) { createApiToken(input: $i) { __typename } }"
    assert told(schema, listed, i={"scopes": ["READ"] * 500}) == []


DEEP: Any = "x"
for _ in range(10):
    DEEP = [DEEP]
INPUT: dict[str, tuple[dict[str, Any], str]] = {
    "a list": ({"a": ["x"] * 501}, "500 entries"),
    "a list in lists": ({"a": [[["x"] * 501]]}, "500 entries"),
    "a list in objects": ({"a": {"lines": [{"stock": ["x"] * 501}]}}, "500 entries"),
    "an object": ({"a": {f"a{n}": n for n in range(61)}}, "60 fields"),
    "variables": ({f"a{n}": n for n in range(61)}, "60 fields"),
    "lists of lists": ({"a": [["x"] * 100] * 101}, "10,000 values"),
    "depth": ({"a": DEEP}, "10 levels"),
}


@pytest.mark.parametrize("name", INPUT)
def test_variables_are_refused_by_the_limit_that_they_meet(schema: ArmGuardSchema, name: str) -> None:
    variables, words = INPUT[name]
    assert words in refused(schema, "{ viewer { username } }", **variables)


def test_a_command_may_have_as_many_lines_as_the_installation_lets_it() -> None:
    generous = build_schema(Settings(command_lines=1000))
    assert told(generous, "{ viewer { username } }", a=["x"] * 1000) == []
    assert "1000 entries" in refused(generous, "{ viewer { username } }", a=["x"] * 1001)


def test_a_mistake_that_is_made_again_and_again_is_told_a_few_times(schema: ArmGuardSchema) -> None:
    errors = told(schema, "{" + " ".join(f"nope{n}" for n in range(1400)) + "}")
    assert len(errors) == 6
    assert "Too many validation errors" in errors[-1].message


def test_tokens_are_counted_as_the_parser_counts_them() -> None:
    texts = [
        '{ a(b: "x # y @", c: """d " \\""" @""", e: -1.5e+3) @f ...G ... on H { i: j } } # k',
        'query Q($a: [Int!]! = [1,2, 3]) { b(c: {d: $a, e: ""}) "" """""" }',
        get_introspection_query(),
        ISSUE,
    ]
    for text in texts:
        lexer, kinds = Lexer(Source(text)), []
        token = lexer.token
        while token.kind is not TokenKind.EOF:
            token = lexer.lookahead()
            lexer.token = token
            kinds.append(token.kind)
        assert len(TOKEN.findall(text)) - text.endswith("# k") == len(kinds) - 1, text


@pytest.mark.parametrize("text", ['"', '"' + '\\"' * 20_000, '"""' * 1500, '"a\n' * 1500, '"""a' * 1500, "\\" * 40_000, "\0" * 40_000])
def test_a_text_without_an_end_is_counted_once(text: str) -> None:
    check_text(text, LIMITS)
    assert len(TOKEN.findall(text)) <= 1500


WITHIN = "{ people(first: 2) { edges { node { history(first: %s) { totalCount } } } } }"


def test_a_page_that_is_too_large_is_refused_wherever_it_stands(schema: ArmGuardSchema) -> None:
    for text, variables in (
        ("{ items(first: 101) { totalCount } viewer { username } }", {}),
        (WITHIN % "101", {}),
        (WITHIN.replace("first", "last") % "1000000", {}),
        ("query ($n: Int) " + WITHIN % "$n", {"n": 101}),
        ("query ($n: Int = 101) " + WITHIN % "$n", {}),
        ("{ ...F } fragment F on Query " + WITHIN % "101", {}),
    ):
        assert refused(schema, text, **variables) == "A page has at most 100 rows."
    assert told(schema, "query ($n: Int = 101) " + WITHIN % "$n", n=100) == []


async def test_limits_hold_over_http_and_over_a_socket(live: Live) -> None:
    north = live.as_("north")
    query = "query ($a: [ID!]) { viewer { username } }"
    sent: list[tuple[str, dict[str, Any], str]] = [
        (LARGE[name][0], {}, LARGE[name][1]) for name in ("directives", "a list", "a name", "again in fragments", "characters")
    ]
    for text, variables, words in [*sent, (query, {"a": ["x"] * 501}, "500 entries")]:
        (error,) = (await north.answer(text, **variables))["errors"]
        assert (error["extensions"]["code"], words in error["message"]) == ("LIMIT_EXCEEDED", True), error
        async with live.socket("north") as socket:
            answer = await (await subscribe(socket, text, **variables)).next()
            (error,) = answer["payload"]
            assert (answer["type"], error["extensions"]["code"], words in error["message"]) == ("error", "LIMIT_EXCEEDED", True)
            if text == LARGE["a name"][0]:  # of which nothing is read, not even which operations it has
                await socket.send(json.dumps({"id": "named", "type": "subscribe", "payload": {"query": text, "operationName": "Other"}}))
                assert json.loads(await socket.recv())["type"] == "error"
            assert (await (await subscribe(socket, "{ viewer { username } }")).next())["data"] == {"viewer": {"username": "north"}}
