"""Whatever is sent, the answer is clear: what is wrong with it, and never a fault of ours."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from graphql import get_introspection_query

from graph.settings import Settings
from tests.conftest import Cluster
from tests.server import Live, running_server
from tests.world import token_of

pytestmark = pytest.mark.once

STATIC = Path(__file__).parents[2] / "graph" / "static"
VIEWER = "{ viewer { username } }"
OK = json.dumps({"query": VIEWER}).encode()
INSIDE = re.compile(r"asyncpg|Traceback|[a-z]Error\b|SELECT|column \w|relation|File \"|\.py\b|site-packages|\bNone|tortoise|renamed")


@pytest.fixture
async def server(database_url: str, settings: Settings) -> AsyncIterator[Live]:
    """A real server over a database that a test may harm."""
    async with running_server(database_url, settings) as running:
        yield running


async def post(server: Live, content: Any, **headers: str) -> Any:
    """Send a body as it is."""
    given = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return await server.as_("north").http.post("/graphql", content=content, headers=given)


MALFORMED = {
    b"": "not JSON",
    b"{": "not JSON",
    b"\xff": "not JSON",
    b'{"query": "\xff"}': "not JSON",
    '{"query": "{ viewer { username } }"}'.encode("utf-16"): "not JSON",
    "\ufeff{}".encode(): "not JSON",
    b"[" * 100_000: "not JSON",
    b'{"a":' * 100_000: "not JSON",
    b"1": "must be a JSON object",
    b"null": "must be a JSON object",
    b"NaN": "not JSON",
    b'{"query": "{ viewer { username } }", "variables": {"a": Infinity}}': "not JSON",
    b'"text"': "must be a JSON object",
    b"[]": "must be a JSON object",
    b"[" + OK + b"]": "must be a JSON object",
    b"{}": "No GraphQL query",
    b'{"query": null}': "No GraphQL query",
    b'{"query": ""}': "No GraphQL query",
    b'{"query": 1}': "`query` must be a string",
    b'{"query": ["{ viewer { username } }"]}': "`query` must be a string",
    b'{"query": "{ viewer { username } }", "variables": 1}': "`variables` must be an object",
    b'{"query": "{ viewer { username } }", "variables": []}': "`variables` must be an object",
    b'{"query": "{ viewer { username } }", "variables": "{}"}': "`variables` must be an object",
    b'{"query": "{ viewer { username } }", "operationName": 1}': "`operationName` must be a string",
    b'{"query": "{ viewer { username } }", "operationName": {}}': "`operationName` must be a string",
    b'{"query": "{ viewer { username } }", "operationName": "Other"}': "Unknown operation",
    b'{"query": "{ viewer { username } }", "extensions": 1}': "`extensions` must be an object",
    b'{"query": "fragment F on Query { viewer { username } }"}': "operation",
    b'{"query": "subscription { custodyFeed { cursor } }"}': "subscriptions are not allowed",
}


async def test_a_malformed_body_is_answered_with_what_is_wrong_with_it(server: Live) -> None:
    for body, words in MALFORMED.items():
        response = await post(server, body)
        assert response.status_code == 400, (body[:60], response.status_code, response.text)
        assert words in response.text, (body[:60], response.text)
        assert not INSIDE.search(response.text), response.text
        assert response.headers["x-request-id"]
    assert (await post(server, OK)).json() == {"data": {"viewer": {"username": "north"}}}


async def test_only_json_is_taken(server: Live) -> None:
    client = server.as_("north").http
    for sent in (
        {"content": OK, "headers": {"content-type": "text/plain"}},
        {"content": OK, "headers": {"content-type": ""}},
        {"content": OK},
        {"data": {"query": VIEWER}},
        {"files": {"operations": (None, OK), "map": (None, b"{}")}},
    ):
        response = await client.post("/graphql", **sent)
        assert response.status_code == 415, response.text
        assert "content type" in response.text.lower()


async def test_a_body_beyond_the_limit_or_without_a_length_is_not_read(server: Live, settings: Settings) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield OK

    large = b'{"query": "' + b" " * settings.body_bytes + b'"}'
    for body in (large, pieces()):
        response = await post(server, body)
        assert response.status_code == 413
        (error,) = response.json()["errors"]
        assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
        assert str(settings.body_bytes) in error["message"]
    within = b"{" + b" " * (settings.body_bytes - 100) + b'"query": "' + VIEWER.encode() + b'"}'
    assert (await post(server, within)).json()["data"] == {"viewer": {"username": "north"}}


async def test_a_body_that_is_longer_than_it_says_harms_nobody(server: Live) -> None:
    port = urlsplit(server.url).port
    for head in (b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: x", b"Content-Length: 5\r\nTransfer-Encoding: chunked"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n" + head + b"\r\n\r\n" + OK
        )
        status = (await asyncio.wait_for(reader.read(), 10)).split(b"\r\n")[0]
        assert re.match(rb"HTTP/1.1 4\d\d", status), (head, status)
        writer.close()
    assert (await post(server, OK)).status_code == 200


PARENTS = "parent {" * 12 + "code" + "}" * 12
NESTED = "{ units(first: 1) { edges { node {" + PARENTS + "} } } }"
BEYOND = {
    "deep": NESTED,
    "deep in a fragment": "{ units(first: 1) { edges { node { ...F } } } } fragment F on Unit { " + PARENTS + "}",
    "aliases": "{" + " ".join(f"a{number}: viewer {{ username }}" for number in range(61)) + "}",
    "tokens": "{" + "viewer { username } " * 1500 + "}",
    "directives": "{ viewer " + "@skip(if: false) " * 900 + "{ username } }",
    "brackets": "{ units(first: " + "[" * 1900 + "]" * 1900 + ") { totalCount } }",
    "fields in fields": "{ a" * 1300 + " }" * 1300,
    "introspection": "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }",
}


@pytest.mark.parametrize("name", BEYOND)
async def test_a_document_beyond_the_limits_is_refused(server: Live, name: str) -> None:
    north = server.as_("north")
    started = asyncio.get_running_loop().time()
    (error,) = (await north.answer(BEYOND[name]))["errors"]
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED", error
    assert not INSIDE.search(error["message"])
    assert asyncio.get_running_loop().time() - started < 2
    if name == "deep":
        assert "errors" not in await north.answer(NESTED.replace("parent {" * 12, "parent {" * 9).replace("}" * 12, "}" * 9))


HISTORIES = " ".join(f"a{number}: history(first: %s) {{ totalCount }}" for number in range(55))
ONES = HISTORIES.replace("%s", "1")
PEOPLE = "people(first: 100) { edges { node { %s } } }"
DEAR = {
    "55,000 histories": ("{" + PEOPLE % (HISTORIES.replace("%s", "100")) + "}", {}),
    "small ones": ("{" + PEOPLE % (ONES) + "}", {}),
    "by their end": ("{" + PEOPLE.replace("first", "last") % (HISTORIES.replace("first: %s", "last: 1")) + "}", {}),
    "by a variable": ("query ($n: Int) {" + PEOPLE.replace("100", "$n") % (ONES) + "}", {"n": 100}),
    "by a default": ("query ($n: Int = 100) {" + PEOPLE.replace("100", "$n") % (ONES) + "}", {}),
    "a default that is not used": (
        "query ($n: Int = 1) {" + PEOPLE.replace("100", "$n") % (ONES) + "}",
        {"n": 100},
    ),
    "in a fragment": ("{" + PEOPLE % "...F" + "} fragment F on Person {" + ONES + "}", {}),
    "in an inline fragment": ("{" + PEOPLE % ("... on Person {" + ONES + "}") + "}", {}),
    "edges in a fragment": (
        "{ people(first: 100) { ...F } } fragment F on PersonConnection { edges { node {" + ONES + "} } }",
        {},
    ),
    "pages in pages": ("{" + PEOPLE % "history(first: 100) { edges { node { item { history(first: 100) { totalCount } } } } }" + "}", {}),
    "fragments that double": (
        "{ ...F0 }"
        + "".join(f" fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))
        + " fragment F60 on Query { viewer { username } }",
        {},
    ),
    "introspection that doubles": (
        "{ __schema { ...F0 } }"
        + "".join(f" fragment F{n} on __Schema {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))
        + " fragment F60 on __Schema { types { name } }",
        {},
    ),
}


@pytest.mark.parametrize("name", DEAR)
async def test_a_document_that_costs_too_much_is_refused_before_it_is_run(server: Live, settings: Settings, name: str) -> None:
    document, variables = DEAR[name]
    started = asyncio.get_running_loop().time()
    (error,) = (await server.as_("north").answer(document, **variables))["errors"]
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED", error
    assert f"a document may cost {settings.query_cost:,}" in error["message"]
    assert re.search(r"This costs [0-9,]{6,}", error["message"])
    assert "smaller pages" in error["message"]
    assert asyncio.get_running_loop().time() - started < 1


FRIENDLY = """
query ($first: Int!, $n: Int = 10) {
  items(first: $first) {
    totalCount pageInfo { hasNextPage endCursor }
    edges { cursor node { ...Said events(first: $n) { totalCount edges { node { id seq type summary recordedAt } } } } }
  }
}
fragment Said on Item { id serial state model { id } tags { code } }
"""


async def test_what_people_ask_is_within_the_cost(server: Live) -> None:
    north = server.as_("north")
    assert (await north(FRIENDLY, first=100))["items"]["totalCount"] > 10
    await north("{" + PEOPLE.replace("100", "2") % ONES + "}")
    await north("query ($n: Int = 100) {" + PEOPLE.replace("100", "$n") % ONES + "}", n=2)
    await north(get_introspection_query())
    holdings = "holdings { id issuedAt dueAt item { serial model { id } } }"
    await north("{" + PEOPLE % ("id name serviceNumber " + holdings) + "}")


async def test_fragments_within_each_other_are_a_mistake_that_is_seen_at_once(server: Live) -> None:
    names = range(14)
    every = " ".join(f"...F{n}" for n in names)
    started = asyncio.get_running_loop().time()
    document = "{ ...F0 }" + "".join(f" fragment F{n} on Query {{ {every} }}" for n in names)
    (error,) = (await server.as_("north").answer(document))["errors"]
    assert (error["extensions"]["code"], "within itself" in error["message"]) == ("BAD_REQUEST", True)
    assert asyncio.get_running_loop().time() - started < 1


MISTAKES = {
    "{ nope }": "Cannot query field",
    "{ viewer { nope } }": "Cannot query field",
    "{ viewer }": "must have a selection",
    "{ items(first: 1, nope: 1) { totalCount } }": "Unknown argument",
    "{ items(first: 1, filter: {state: NOPE}) { totalCount } }": "does not exist",
    "{ items(first: 1, filter: {nope: 1}) { totalCount } }": "unknown field",
    '{ items(first: "1") { totalCount } }': "Int cannot represent",
    "{": "Syntax Error",
    "{ }": "Syntax Error",
    "{ viewer { } }": "Syntax Error",
    "{ ... on Query { } }": "Syntax Error",
    "{ ...A } fragment A on Query { }": "Syntax Error",
    "{ ...A }": "Unknown fragment",
    "{ viewer { ...A } }": "Unknown fragment",
    "{ ...A } fragment A on Query { ...B viewer { ...C } }": "Unknown fragment",
    "mutation { registerUnit }": "",
    "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }": "within itself",
    "query ($a: Int!) { items(first: $a) { totalCount } }": "to be provided",
    "query ($a: Nope) { viewer { username } }": "Unknown type",
    "{ node { id } }": "required",
    '{ item(serial: "\\ud800") { id } }': "Syntax Error",
    "mutation { issueItems(input: {}) { __typename } }": "required",
    'mutation { issueItems(input: {requestId: "x", holder: {badge: "B"}, lines: []}) { __typename } }': "A UUID is written like",
}


async def test_a_mistake_in_a_document_is_a_bad_request(server: Live) -> None:
    north = server.as_("north")
    for text, words in MISTAKES.items():
        errors = (await north.answer(text))["errors"]
        assert {error["extensions"]["code"] for error in errors} == {"BAD_REQUEST"}, (text, errors)
        assert words in " ".join(error["message"] for error in errors), (text, errors)
    async with server.socket("north") as socket:
        for number, (text, words) in enumerate(MISTAKES.items()):
            if words == "Syntax Error":  # which ends the socket
                continue
            await socket.send(json.dumps({"id": str(number), "type": "subscribe", "payload": {"query": text}}))
            while (answer := json.loads(await socket.recv()))["type"] == "complete":
                pass  # of the one before
            errors = answer["payload"] if answer["type"] == "error" else answer["payload"]["errors"]
            assert {error["extensions"]["code"] for error in errors} == {"BAD_REQUEST"}, (text, answer)
            assert words in " ".join(error["message"] for error in errors), (text, answer)


async def test_a_deep_or_strange_variable_is_a_bad_request(server: Live) -> None:
    ask = b'{"query": "query ($a: %s) { items(first: 1, filter: $a) { totalCount } }", "variables": {"a": %s}}'
    for deep, code in ((3, "BAD_REQUEST"), (100, "LIMIT_EXCEEDED"), (900, "LIMIT_EXCEEDED")):
        response = await post(server, ask % (b"ItemFilter", b'{"a":' * deep + b"1" + b"}" * deep))
        assert response.json()["errors"][0]["extensions"]["code"] == code
    for value in (
        b"1e999",
        b"-0",
        b'"x"',
        b"[[1]]",
        b'{"armory": 1.5}',
        b'{"armory": {}}',
        b'{"serialPrefix": 1}',
        b'{"serialPrefix": "\\ud800"}',
    ):
        response = await post(server, ask % (b"ItemFilter", value))
        assert response.status_code == 200
        assert response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST", (value, response.text)


HALF = r"\ud800"  # half a character: JSON can say it, UTF-8 cannot
HALVES = {
    '"query": "{ %s }"': "U+D800",
    '"query": "query ($a: ItemFilter) { items(first: 1, filter: $a) { totalCount } }", "variables": {"a": {"%s": 1}}': HALF,
    '"query": "query ($a: ItemFilter) { items(first: 1, filter: $a) { totalCount } }", "variables": {"a": {"state": "%s"}}': HALF,
    '"query": "query ($a: ID!) { node(id: $a) { id } }", "variables": {"a": "%s"}': HALF,
    '"query": "{ viewer { username } }", "operationName": "%s"': HALF,
}


async def test_half_a_character_is_a_bad_request_wherever_it_is_said(server: Live) -> None:
    for asked, told in HALVES.items():
        response = await post(server, "{" + asked % HALF + "}")
        (error,) = response.json()["errors"]
        assert (error["extensions"]["code"], told in error["message"]) == ("BAD_REQUEST", True), (asked, response.text)
    async with server.socket("north") as socket:
        (query,) = [asked for asked in HALVES if "state" in asked]
        await socket.send('{"id": "1", "type": "subscribe", "payload": {' + query % HALF + "}}")
        answer = json.loads(await socket.recv())
        (error,) = answer["payload"]["errors"] if answer["type"] == "next" else answer["payload"]
        assert error["extensions"]["code"] == "BAD_REQUEST"
    async with server.socket("north") as socket:
        await socket.send('{"id": "' + HALF + '", "type": "subscribe", "payload": {"query": "{ viewer { username } }"}}')
        await socket.wait_closed()
        assert socket.close_code == 4400


async def test_of_a_header_that_is_given_twice_the_first_counts(server: Live) -> None:
    def given(*tokens: str) -> list[tuple[str, str]]:
        return [("content-type", "application/json"), *(("authorization", f"Bearer {token}") for token in tokens)]

    client = server.as_(None).http
    first = await client.post("/graphql", content=OK, headers=given(token_of("north"), token_of("south")))
    assert first.json() == {"data": {"viewer": {"username": "north"}}}
    second = await client.post("/graphql", content=OK, headers=given("armg_nobody", token_of("south")))
    assert second.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_body_in_pieces_is_read_to_its_end_and_one_without_an_end_is_nobodys(server: Live) -> None:
    port = urlsplit(server.url).port
    head = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + f"Authorization: Bearer {token_of('north')}\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{head}Connection: close\r\nContent-Length: {len(OK)}\r\n\r\n".encode())
    for piece in range(0, len(OK), 7):
        await asyncio.sleep(0.01)
        writer.write(OK[piece : piece + 7])
    assert (await asyncio.wait_for(reader.read(), 10)).endswith(b'{"data":{"viewer":{"username":"north"}}}')
    writer.close()
    _, unfinished = await asyncio.open_connection("127.0.0.1", port)
    unfinished.write(f"{head}Content-Length: {len(OK) + 1}\r\n\r\n".encode() + OK)
    await unfinished.drain()
    unfinished.close()
    assert (await post(server, OK)).status_code == 200


async def test_queries_by_get_are_not_run(server: Live) -> None:
    client = server.as_("north").http
    for accept in ("application/json", "text/html", "*/*"):
        response = await client.get("/graphql", params={"query": VIEWER}, headers={"accept": accept})
        assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")
        assert "send others by POST" in response.json()["errors"][0]["message"]
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
        assert (await client.request(method, "/graphql", content=OK)).status_code == 405


async def test_a_fault_of_ours_is_masked_and_named_by_its_request(server: Live, plain_sql: Any) -> None:
    north = server.as_("north")
    await plain_sql.execute("ALTER TABLE purpose RENAME COLUMN name TO renamed")
    response = await north.http.post("/graphql", json={"query": "{ viewer { username } purposes(first: 1) { edges { node { name } } } }"})
    assert response.status_code == 200
    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": "INTERNAL", "requestId": response.headers["x-request-id"]}
    assert response.headers["x-request-id"] in error["message"]
    assert error["path"] == ["purposes"]
    assert not INSIDE.search(response.text), response.text
    assert (await north(VIEWER))["viewer"] == {"username": "north"}


async def test_every_answer_has_an_id_of_its_own(server: Live) -> None:
    client = server.as_(None).http
    ids = set()
    for path in ("/graphql", "/healthz", "/readyz", "/static/graphiql/index.html", "/nothing"):
        for _ in range(2):
            ids.add((await client.get(path, headers={"x-request-id": "mine"})).headers["x-request-id"])
    assert len(ids) == 10
    assert all(re.fullmatch(r"[0-9a-f-]{36}", request_id) for request_id in ids)


# -------------------------------------------------------------------------------------------------------------- health


async def test_health_and_readiness(server: Live) -> None:
    client = server.as_(None).http
    assert (await client.get("/healthz")).json()["status"] == "ok"
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ok", "parts": {"database": "ok", "feed": "ok"}})


@contextlib.asynccontextmanager
async def shut_out(cluster: Cluster, database_url: str) -> AsyncIterator[None]:
    """The database takes no connections for the length of a block, and ends those that there are."""
    name = urlsplit(database_url).path.lstrip("/")
    outside = await asyncpg.connect(cluster.url("postgres"))
    try:
        await outside.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await outside.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        yield
    finally:
        await outside.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await outside.close()


async def test_without_its_database_it_is_alive_but_not_ready_and_says_which_part_fails(
    server: Live, cluster: Cluster, database_url: str
) -> None:
    client, north = server.as_(None).http, server.as_("north")
    async with shut_out(cluster, database_url):
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "failing")
        assert ready.json()["parts"]["database"] == "not reachable"
        assert not INSIDE.search(ready.text)
        assert (await client.get("/healthz")).status_code == 200
        refused = await north.http.post("/graphql", json={"query": "{ items(first: 1) { totalCount } }"})
        assert not INSIDE.search(refused.text), refused.text
    assert (await client.get("/readyz")).json()["parts"]["database"] == "ok"
    assert (await north(VIEWER))["viewer"] == {"username": "north"}


async def test_a_database_that_takes_no_connections_is_unavailable_and_no_fault_of_ours(
    server: Live, cluster: Cluster, database_url: str
) -> None:
    north = server.as_("north")
    async with shut_out(cluster, database_url):
        refused = await north.http.post("/graphql", json={"query": "{ items(first: 1) { totalCount } }"})
    assert refused.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"


# -------------------------------------------------------------------------------------------------------------- the page

# What may stand in the built files although it lies outside: names that are never loaded, links that a person may follow, licence texts.
NEVER_LOADED = re.compile(
    r"https?://("
    r"www\.w3\.org/(2000/svg|1999/xlink|1998/Math/MathML|XML/1998/namespace|1999/xhtml)"
    r"|json-schema\.org/(draft[-/0-9a-z]*/schema#?|draft-)?"
    r"|(yarnpkg\.com|react\.dev|prettier\.io|en\.wikipedia\.org|commonmark\.org|code\.visualstudio\.com|microsoft\.com)\b[^\s]*"
    r"|github\.com/(microsoft/monaco-editor|markedjs/marked|graphql/graphiql|brijeshb42/monaco-vim|aioutecism/monaco-emacs)\b[^\s]*"
    r")?"
)
ADDRESS = re.compile(r"(?:https?|wss?)://[A-Za-z0-9./_%#?=&-]*")


def built() -> Iterator[Path]:
    """The files that a browser runs or shows."""
    yield from (path for path in (STATIC / "graphiql").rglob("*") if path.suffix in {".js", ".css", ".html", ".svg", ".json"})


def test_the_built_files_name_no_address_from_which_anything_is_loaded() -> None:
    found = {address for path in built() for address in ADDRESS.findall(path.read_text())}
    assert found
    assert {address for address in found if not NEVER_LOADED.fullmatch(address)} == set()
    styles = "".join(path.read_text() for path in built() if path.suffix == ".css")
    assert "@import" not in styles
    assert {
        given for given in re.findall(r"url\(\s*['\"]?([^'\")]+)", styles) if not re.match(r"data:|/static/graphiql/|#", given)
    } == set()


def test_the_page_loads_only_what_lies_beside_it() -> None:
    page = (STATIC / "graphiql" / "index.html").read_text()
    loaded = re.findall(r"(?:src|href)=\"([^\"]*)\"", page)
    assert len(loaded) >= 3
    for address in loaded:
        assert address.startswith("/static/graphiql/")
        assert (STATIC / address.removeprefix("/static/")).is_file(), address
    assert "<script>" not in page


async def test_the_page_is_served_with_a_policy_that_lets_nothing_else_in(server: Live) -> None:
    client = server.as_(None).http
    response = await client.get("/graphql", headers={"accept": "text/html"})
    assert response.text == (STATIC / "graphiql" / "index.html").read_text()
    policy = dict(part.strip().split(" ", 1) for part in response.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert not re.search(r"https?:|\*|unsafe-eval", response.headers["content-security-policy"])
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-cache"


async def test_the_static_files_are_served_and_nothing_beside_them(server: Live) -> None:
    client = server.as_(None).http
    for path in filter(Path.is_file, (STATIC / "graphiql").rglob("*")):
        response = await client.get(f"/static/{path.relative_to(STATIC)}")
        assert response.status_code == 200
        assert response.content == path.read_bytes()
        if path.suffix == ".js":
            assert "javascript" in response.headers["content-type"]
    for beside in ("", "graphiql", "nothing.js", "../app.py", "%2e%2e/app.py", "..%2fapp.py"):
        assert (await client.get(f"/static/{beside}")).status_code == 404, beside
