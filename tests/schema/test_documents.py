"""Documents that were read before are neither parsed nor validated again, within bounds, and without a limit being lost."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from graph.schema import documents
from graph.schema.api import ArmGuardSchema, build_schema
from graph.schema.documents import KEPT, KEPT_CHARACTERS, LONGEST_KEPT, PAGES_KEPT
from graph.settings import Settings
from tests.server import Live, subscribe

PAGE = "query ($n: Int) { items(first: $n) { edges { node { serial history(first: $n) { edges { node { receiptNumber } } } } } } }"


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often a document was parsed and validated."""
    done: Counter[str] = Counter()
    for name in ("parse", "validate_document"):

        def counted(*args: Any, _name: str = name, _real: Any = getattr(documents, name), **kwargs: Any) -> Any:
            done[_name] += 1
            return _real(*args, **kwargs)

        monkeypatch.setattr(documents, name, counted)
    return done


async def test_a_document_seen_before_is_neither_parsed_nor_validated_again(live: Live, work: Counter[str]) -> None:
    for username in ("north", "officer", "north"):
        assert (await live.as_(username)("{ viewer { username } }"))["viewer"] == {"username": username}
    assert work == {"parse": 1, "validate_document": 1}


async def test_a_socket_uses_the_same_documents(live: Live, work: Counter[str]) -> None:
    await live.as_("north")("{ viewer { username } }")
    async with live.socket("south") as socket:
        for _ in range(2):
            answer = await (await subscribe(socket, "{ viewer { username } }")).next()
            assert answer == {"data": {"viewer": {"username": "south"}}}
    assert work == {"parse": 1, "validate_document": 1}


async def test_an_invalid_document_is_refused_the_same_way_each_time(live: Live) -> None:
    north = live.as_("north")
    for text in ("{ viewer { nonsense } }", "{ viewer {", "{ ...A } fragment A on Query { ...A }"):
        first, second = await north.answer(text), await north.answer(text)
        assert first == second
        assert first["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_a_document_is_too_dear_with_large_pages_also_when_it_was_let_through_with_small_ones(live: Live) -> None:
    north = live.as_("north")
    for _ in range(2):
        assert "items" in await north(PAGE, n=2)
        assert await north.code(PAGE, n=100) == "LIMIT_EXCEEDED"


async def test_a_value_that_is_no_size_is_refused_as_such_each_time(live: Live) -> None:
    north = live.as_("north")
    for given in ("5", True, 1.5, [5], {"n": 5}, 2**40):
        assert {await north.code(PAGE, n=given) for _ in range(2)} <= {"BAD_REQUEST", "LIMIT_EXCEEDED"}, given
    assert "items" in await north(PAGE, n=3)


def read(schema: ArmGuardSchema, text: str, **variables: Any) -> list[Any]:
    """Read a document, and give what is wrong with it."""
    document = schema.documents.parsed(text)
    return schema.documents.errors(schema._schema, text, document, variables)


def test_what_is_kept_is_bounded_and_the_least_used_goes_first() -> None:
    schema = build_schema(Settings())
    read(schema, "{ viewer { username } }")
    for number in range(KEPT + 20):
        assert read(schema, f"query Q{number} {{ viewer {{ username }} }}") == []
        read(schema, "{ viewer { username } }")
    kept = schema.documents._kept
    assert len(kept) == KEPT
    assert "{ viewer { username } }" in kept
    assert "query Q0 { viewer { username } }" not in kept


def test_neither_long_nor_invalid_nor_dear_documents_are_kept() -> None:
    schema = build_schema(Settings())
    assert read(schema, "{ viewer { username } }" + " " * LONGEST_KEPT) == []
    assert read(schema, "{ viewer { nonsense } }") != []
    assert read(schema, PAGE, n=100) != []
    assert not schema.documents._kept


def test_costs_of_one_document_are_bounded() -> None:
    schema = build_schema(Settings())
    for number in range(-PAGES_KEPT, 2 * PAGES_KEPT):
        read(schema, PAGE, n=number)
    (document,) = schema.documents._kept.values()
    assert len(document.refusals) <= PAGES_KEPT


def test_what_is_kept_of_large_documents_is_bounded_together() -> None:
    schema = build_schema(Settings())
    long = "{ viewer { username } }".ljust(LONGEST_KEPT - 100)
    for number in range(2 * KEPT_CHARACTERS // LONGEST_KEPT):
        assert read(schema, f"query Q{number} {long}") == []
        read(schema, "{ viewer { username } }")
    kept = schema.documents._kept
    assert sum(map(len, kept)) == schema.documents._characters <= KEPT_CHARACTERS
    assert len(kept) == 1 + KEPT_CHARACTERS // LONGEST_KEPT
    assert "{ viewer { username } }" in kept


def test_a_value_given_for_a_size_is_not_kept_however_large_it_is() -> None:
    schema = build_schema(Settings())
    for given in ("x" * 100_000, ["x"] * 100_000, 10**4000, -(10**4000), True, 1.5, None):
        read(schema, PAGE, n=given)
    read(schema, PAGE)
    assert read(schema, PAGE, n=2) == []
    (document,) = schema.documents._kept.values()
    assert set(document.refusals) == {(100,), (1,), (None,), (...,), (2,)}


async def test_a_stranger_drives_nothing_out(live: Live, work: Counter[str]) -> None:
    north, nobody = live.as_("north"), live.as_(None)
    await north("{ viewer { username } }")
    for number in range(3):
        await nobody(f"query Q{number} {{ __typename }}")
    await north("{ viewer { username } }")
    assert work == {"parse": 4, "validate_document": 4}
    async with live.socket(None) as socket:
        for _ in range(2):
            assert await (await subscribe(socket, "{ __typename }")).next() == {"data": {"__typename": "Query"}}
    assert work == {"parse": 6, "validate_document": 6}


MANY = (
    "query A { viewer { username } } query B { __typename } mutation C { signOut { username } } subscription D { custodyFeed { cursor } }"
)


async def test_each_operation_of_a_known_document_is_known_by_its_name(live: Live) -> None:
    def ask(name: str | None) -> Any:
        return live.with_token("north").http.post("/graphql", json={"query": MANY, "operationName": name})

    for _ in range(2):
        assert (await ask("A")).json() == {"data": {"viewer": {"username": "north"}}}
        assert (await ask("B")).json() == {"data": {"__typename": "Query"}}
        assert (await ask("C")).json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"  # a token cannot be signed out
        for name, words in (("D", "subscriptions are not allowed"), ("E", "Unknown operation"), ("", "Unknown operation")):
            refused = await ask(name)
            assert (refused.status_code, words in refused.text) == (400, True), refused.text


async def test_which_of_several_operations_is_meant_is_not_guessed(live: Live) -> None:
    """Over HTTP, as a stream of events and over a socket: what a request leaves out may be the name of the one that it means."""
    words = "This document has several operations. Say which one to run by its name: `operationName`."
    north = live.as_("north")
    for text in (MANY, "query A { __typename } query B { __typename }", "mutation C { signOut { username } } { __typename }"):
        for accepted in ("application/json", "application/graphql-response+json", "text/event-stream"):
            for asked in ({"query": text}, {"query": text, "operationName": None}):
                refused = await north.http.post("/graphql", json=asked, headers={"accept": accepted})
                assert refused.status_code == 400, refused.text
                (error,) = refused.json()["errors"]
                assert (error["message"], error["extensions"]["code"]) == (words, "BAD_REQUEST")
        async with live.socket("north") as socket:
            await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": text}}))
            told = json.loads(await socket.recv())
            assert (told["type"], told["payload"][0]["message"]) == ("error", words)
            assert told["payload"][0]["extensions"]["code"] == "BAD_REQUEST"
            assert (await (await subscribe(socket, "{ viewer { username } }")).next())["data"]
