"""Documents that were read before are neither parsed nor validated again, within bounds, and without a limit being lost."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from graph.schema import documents
from graph.schema.api import ArmGuardSchema, build_schema
from graph.schema.documents import KEPT, LONGEST_KEPT, PAGES_KEPT
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
