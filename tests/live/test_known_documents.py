"""Known documents: asked for by their ids over every way in, retired in every process; and a server that takes no others."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from graph import database
from graph.audit.actor import acting, console_actor
from graph.commands.operations import Added, AddOperation, RetireOperation, add_operation, retire_operation
from graph.commands.perform import Answer
from graph.errors import Refused
from graph.models.operations import Operation
from graph.schema.known import PAGE
from graph.settings import Settings
from tests.chaos.processes import serving
from tests.server import Client, Live, running_server
from tests.world import PASSWORD

WHO = "query Who { viewer { username } }"
FIND = "query Find($code: String!) { scan(code: $code) { ... on Item { serial } } }"
LEAVE = "mutation Leave { signOut { username } }"
WATCH = "subscription Watch { custodyFeed { cursor event { type } } }"
IMPOSSIBLE = "0" * 64


async def known(*documents: str) -> list[str]:
    """Have documents known, as the person at the console; their ids."""
    with acting(console_actor("tests")):
        added = [await add_operation(AddOperation(uuid4(), "Tests", document)) for document in documents]
    return [each.document_id for each in added if isinstance(each, Added)]


async def retired(document_id: str) -> None:
    with acting(console_actor("tests")):
        assert isinstance(await retire_operation(RetireOperation(uuid4(), document_id)), Answer)


async def by_id(client: Client, document_id: str, **variables: Any) -> dict[str, Any]:
    """The answer to a known document."""
    return dict((await client.http.post("/graphql", json={"documentId": document_id, "variables": variables})).json())


async def over_a_socket(live: Live, username: str | None, **payload: Any) -> dict[str, Any]:
    """The first message about an operation on a socket of its own."""
    async with live.socket(username) as socket:
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        return dict(json.loads(await asyncio.wait_for(socket.recv(), 10)))


def code_of(answer: dict[str, Any]) -> str:
    """The code of the one error of an answer."""
    (error,) = answer["errors"]
    return str(error["extensions"]["code"])


async def test_a_document_is_known_by_the_hash_of_its_text_once(opened: str) -> None:
    with acting(console_actor("tests")):
        first, second = [await add_operation(AddOperation(uuid4(), "Who", WHO)) for _ in range(2)]
    assert first == Added(hashlib.sha256(WHO.encode()).hexdigest(), new=True)
    assert second == Added(first.document_id, new=False)
    assert await Operation.all().count() == 1


async def test_two_who_add_the_same_document_at_once_add_it_once(opened: str) -> None:
    with acting(console_actor("tests")):
        both = await asyncio.gather(*(add_operation(AddOperation(uuid4(), "Who", WHO)) for _ in range(2)))
    assert await Operation.all().count() == 1
    assert any(isinstance(each, Added) and each.new for each in both)


async def test_a_retired_document_is_known_again_when_it_is_added_again(opened: str) -> None:
    (document_id,) = await known(WHO)
    await retired(document_id)
    with acting(console_actor("tests")):
        again = await retire_operation(RetireOperation(uuid4(), document_id))
        assert isinstance(again, Refused)
        assert (await add_operation(AddOperation(uuid4(), "Who", WHO))) == Added(document_id, new=True)
    assert await Operation.filter(retired_at=None).count() == 1


async def test_it_is_asked_for_by_its_id_over_every_way_in(live: Live) -> None:
    who, find, watch = await known(WHO, FIND, WATCH)
    north = live.as_("north")
    assert await by_id(north, who) == {"data": {"viewer": {"username": "north"}}}
    assert await by_id(north, f"sha256:{who}") == {"data": {"viewer": {"username": "north"}}}
    assert await by_id(north, find, code="TAG-M4-001") == {"data": {"scan": {"serial": "M4-001"}}}
    apollo = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": who}}}
    assert (await north.http.post("/graphql", json=apollo)).json() == {"data": {"viewer": {"username": "north"}}}
    for payload in ({"documentId": who}, apollo):
        assert (await over_a_socket(live, "north", **payload))["payload"] == {"data": {"viewer": {"username": "north"}}}
    assert (await over_a_socket(live, "north", documentId=watch))["type"] == "next"
    events = {"accept": "text/event-stream"}
    async with north.http.stream("POST", "/graphql", json={"documentId": watch}, headers=events) as stream:
        lines = stream.aiter_lines()
        while not (line := await anext(lines)).startswith("data: "):
            pass
        assert json.loads(line.removeprefix("data: "))["data"]["custodyFeed"]["event"] is None


async def test_an_address_asks_for_a_known_read(live: Live) -> None:
    (find,) = await known(FIND)
    variables = json.dumps({"code": "TAG-M4-001"})
    response = await live.as_("north").http.get("/graphql", params={"documentId": find, "variables": variables, "operationName": "Find"})
    assert response.json() == {"data": {"scan": {"serial": "M4-001"}}}
    assert response.headers["cache-control"] == "no-store"
    assert (
        code_of((await live.as_(None).http.get("/graphql", params={"documentId": find, "variables": variables})).json())
        == "UNAUTHENTICATED"
    )


@pytest.mark.parametrize("document", [LEAVE, WATCH], ids=["a mutation", "a subscription"])
async def test_an_address_asks_for_nothing_but_reads(live: Live, document: str) -> None:
    (document_id,) = await known(document)
    response = await live.as_("north").http.get("/graphql", params={"documentId": document_id})
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")
    assert await live.as_("north")(WHO) == {"viewer": {"username": "north"}}


async def test_an_address_brings_no_document(live: Live) -> None:
    response = await live.as_("north").http.get("/graphql", params={"query": WHO})
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize(
    "parameters",
    [
        {"documentId": IMPOSSIBLE, "variables": "{"},
        {"documentId": IMPOSSIBLE, "variables": "[]"},
        {"extensions": "{}"},
    ],
)
async def test_an_address_that_says_nothing_of_use_is_refused(live: Live, parameters: dict[str, str]) -> None:
    response = await live.as_("north").http.get("/graphql", params=parameters)
    assert (response.status_code, code_of(response.json())) == (400, "BAD_REQUEST")


async def test_an_id_that_is_not_known_is_said_to_be_so(live: Live) -> None:
    assert code_of(await by_id(live.as_("north"), IMPOSSIBLE)) == "PERSISTED_QUERY_NOT_FOUND"
    for payload in ({"documentId": IMPOSSIBLE}, {"documentId": "nonsense"}):
        message = await over_a_socket(live, "north", **payload)
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "PERSISTED_QUERY_NOT_FOUND")
    response = await live.as_("north").http.post("/graphql", json={"documentId": 7})
    assert (response.status_code, code_of(response.json())) == (400, "BAD_REQUEST")


async def test_a_retired_document_is_forgotten_in_every_process_within_five_seconds(opened: str, tmp_path: Path) -> None:
    (who,) = await known(WHO)
    as_installed = {"standing_seconds": Settings().standing_seconds}
    async with serving(opened, tmp_path / "one", **as_installed) as one, serving(opened, tmp_path / "two", **as_installed) as two:
        clients = one.live.as_("north"), two.live.as_("north")
        for client in clients:
            assert "errors" not in await by_id(client, who)
        await retired(who)
        retired_at = asyncio.get_running_loop().time()
        answers: list[dict[str, Any]] = [{"data": None}]
        while any("errors" not in answer for answer in answers):
            answers = [await by_id(client, who) for client in clients]
        assert asyncio.get_running_loop().time() - retired_at < 5
        assert [code_of(answer) for answer in answers] == ["PERSISTED_QUERY_NOT_FOUND"] * 2


async def test_guessing_ids_asks_the_database_little(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    real = database.fetch

    async def counted(sql: str, *values: Any) -> Any:
        nonlocal asked
        rows = await real(sql, *values)
        asked += "FROM operation" in sql  # one that the database could not answer in time says nothing, and is asked again
        return rows

    monkeypatch.setattr(database, "fetch", counted)
    north, begun = live.as_("north"), asyncio.get_running_loop().time()
    await asyncio.gather(*(by_id(north, f"{number:064x}") for number in range(200)))
    assert 0 < asked <= 2 + (asyncio.get_running_loop().time() - begun) / 0.2


@pytest.fixture
async def closed(database_url: str, settings: Settings) -> AsyncIterator[Live]:
    """A server that takes known documents only."""
    async with running_server(database_url, settings.model_copy(update={"persisted_only": True})) as server:
        yield server


async def test_a_closed_server_takes_known_documents_only(closed: Live) -> None:
    await known(WHO)
    north = closed.as_("north")
    assert await north(WHO) == {"viewer": {"username": "north"}}
    assert await north.code(FIND, code="TAG-M4-001") == "FORBIDDEN"
    assert await closed.with_token("north").code(FIND, code="TAG-M4-001") == "FORBIDDEN"
    assert await closed.as_(None).code("{ viewer { username } }") == "FORBIDDEN"
    assert (await over_a_socket(closed, "north", query=WHO))["type"] == "next"
    refused = await over_a_socket(closed, "north", query=WATCH)
    assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", "FORBIDDEN")


async def test_whoever_explores_asks_a_closed_server_anything(closed: Live) -> None:
    for explorer in ("auditor", "admin"):
        assert "__schema" in await closed.as_(explorer)("{ __schema { queryType { name } } }")
        assert (await over_a_socket(closed, explorer, query="{ __schema { queryType { name } } }"))["type"] == "next"


async def test_whoever_explores_gets_into_a_closed_server_by_its_page(closed: Live) -> None:
    given = {
        "query": PAGE,
        "operationName": "SignIn",
        "variables": {"input": {"username": "auditor", "password": PASSWORD, "cookie": True}},
    }
    signed = (await closed.as_(None).http.post("/graphql", json=given)).json()["data"]["signIn"]
    assert signed["__typename"] == "SignedIn"
    explorer = Client(closed.url, signed["token"])
    assert "__schema" in await explorer("{ __schema { queryType { name } } }")
    await explorer.http.aclose()


INTROSPECTION = (
    "{ __schema { queryType { name } } }",
    '{ __type(name: "Item") { name } }',
    "{ ...A } fragment A on Query { a: __schema { queryType { name } } }",
)


@pytest.mark.parametrize("document", INTROSPECTION)
async def test_the_schema_is_shown_to_whoever_has_signed_in(live: Live, document: str) -> None:
    assert await live.as_("viewer")(document)
    assert await live.as_(None).code(document) == "UNAUTHENTICATED"
    assert (await over_a_socket(live, None, query=document))["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await live.as_(None)("{ __typename }") == {"__typename": "Query"}


WRONG: tuple[tuple[str, dict[str, Any]], ...] = (
    ("{ viewr { username } }", {}),
    ("mutation M($input: SignInInput!) { signIn(input: $input) { __typename } }", {"input": {"usernam": "x", "password": "y"}}),
    ("{ items(orderBy: SERAIL) { edges { cursor } } }", {}),
)


async def test_names_are_suggested_to_whoever_may_see_the_schema(live: Live) -> None:
    for document, variables in WRONG:
        for told in (
            await live.as_(None).answer(document, **variables),
            await over_a_socket(live, None, query=document, variables=variables),
        ):
            assert "Did you mean" not in json.dumps(told)
            assert "BAD_REQUEST" in json.dumps(told)
    assert "Did you mean 'viewer'?" in json.dumps(await live.as_("viewer").answer("{ viewr { username } }"))
    assert "Did you mean 'viewer'?" in json.dumps(await over_a_socket(live, "viewer", query="{ viewr { username } }"))
