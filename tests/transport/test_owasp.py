"""What scanners and attackers try first: the checks of graphql-cop, and the points of the OWASP GraphQL cheat sheet, over HTTP."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from graphql import get_introspection_query
from httpx import Response

from graph.settings import Settings
from tests.server import ISSUE, Live, running_server
from tests.world import PASSWORD

INSIDE = re.compile(
    r"asyncpg|Traceback|[a-z]Error\b|SELECT\b|column \w|relation \"|File \"|\.py\b|site-packages|\bNone\b|tortoise|/tmp|/home"
)
TYPENAME = "{ __typename }"
SIGN_OUT = "mutation { signOut { username } }"


async def post(server: Live, query: str, username: str | None = None, **variables: Any) -> dict[str, Any]:
    """The answer to a document."""
    return await server.as_(username).answer(query, **variables)


async def refused(server: Live, query: str, username: str | None = None, **variables: Any) -> str:
    """How a document is refused by a limit: with one error, and nothing of it done."""
    answer = await post(server, query, username, **variables)
    assert answer.get("data") is None
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
    return str(error["message"])


def not_run(answer: Response) -> None:
    """That an operation was not run."""
    assert answer.status_code in (400, 405, 415), answer.text
    assert "data" not in answer.json()
    assert not INSIDE.search(answer.text)


# ---------------------------------------------------------------------------------------------------------- graphql-cop


async def test_cop_alias_overloading(server: Live) -> None:
    assert "aliases" in await refused(server, "query {" + " ".join(f"alias{n}: __typename" for n in range(101)) + "}")


async def test_cop_array_batching(server: Live) -> None:
    for times in (1, 10):
        not_run(await server.as_("north").http.post("/graphql", json=[{"query": TYPENAME}] * times))


async def test_cop_directive_overloading(server: Live) -> None:
    assert "directives" in await refused(server, "query { __typename @aa@aa@aa@aa@aa@aa@aa@aa@aa@aa }")
    assert "directives" in await refused(server, "query { __typename " + "@skip(if: false) " * 10 + "}", "north")


async def test_cop_circular_query_by_introspection(server: Live) -> None:
    types = "query { __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }"
    assert "This costs" in await refused(server, types, "north")


async def test_cop_circular_fragment(server: Live) -> None:
    around = "query { __schema { ...A } } fragment A on __Schema { __typename ...B } fragment B on __Schema { ...A }"
    (error,) = (await post(server, around, "north"))["errors"]
    assert (error["extensions"]["code"], "within itself" in error["message"]) == ("BAD_REQUEST", True)


async def test_cop_field_duplication(server: Live) -> None:
    assert "too often" in await refused(server, "query {" + "__typename \n" * 500 + "}")


async def test_cop_field_suggestions(server: Live) -> None:
    """They are for whoever explores, and tell no more than introspection does."""
    errors = (await post(server, "query { __schema { directive } }", "north"))["errors"]
    assert "Did you mean 'directives'" in errors[0]["message"]


async def test_cop_graphiql(server: Live) -> None:
    """It is served at one place, from files of our own, and shows nothing to who has not signed in."""
    http = server.as_(None).http
    for path in ("/graphiql", "/playground", "/console", "/", "/altair", "/voyager"):
        assert (await http.get(path)).status_code == 404, path
    assert "<html" in (await http.get("/graphql", headers={"accept": "text/html"})).text
    assert (await post(server, "{ viewer { username } }"))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_cop_query_by_get(server: Live) -> None:
    for accept in ("application/json", "text/html", "*/*"):
        not_run(await server.as_("north").http.get("/graphql", params={"query": TYPENAME}, headers={"accept": accept}))


async def test_cop_mutation_by_get(server: Live) -> None:
    north = server.as_("north")
    not_run(await north.http.get("/graphql", params={"query": SIGN_OUT}))
    assert (await north("{ viewer { username } }"))["viewer"] == {"username": "north"}


async def test_cop_post_in_a_form(server: Live) -> None:
    http = server.as_("north").http
    not_run(await http.post("/graphql", params={"query": TYPENAME}))
    not_run(await http.post("/graphql", data={"query": TYPENAME}))
    not_run(await http.post("/graphql", files={"operations": (None, json.dumps({"query": TYPENAME}))}))
    not_run(await http.post("/graphql", content=json.dumps({"query": TYPENAME}), headers={"content-type": "text/plain"}))


async def test_cop_trace_mode(server: Live) -> None:
    for query in (TYPENAME, "{ nope }"):
        answer = await server.as_("north").http.post("/graphql", json={"query": query}, headers={"x-apollo-tracing": "1"})
        assert "extensions" not in answer.json()
        assert not re.search("tracing|stacktrace|exception", answer.text, re.IGNORECASE)


async def test_cop_unhandled_error(server: Live) -> None:
    for query in ("qwerty cop { abc }", "{", "{ node(id: 1) { id } }", '{ node(id: "x") { id } }', "\x00", "query($a: [[["):
        answer = await post(server, query, "north")
        for error in answer["errors"]:
            assert set(error["extensions"]) == {"code"}
            assert error["extensions"]["code"] == "BAD_REQUEST"
        assert not INSIDE.search(json.dumps(answer)), answer


async def test_cop_introspection(server: Live) -> None:
    """The schema is no secret: what protects is what each field needs. The whole of it is within the limits, twice is not."""
    whole = get_introspection_query()
    answer = await post(server, whole, "north")
    assert "errors" not in answer
    assert (await post(server, whole))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    twice = whole.replace("query IntrospectionQuery {", "query Twice { again: __schema { types { ...FullType } }", 1)
    assert twice != whole
    assert "This costs" in await refused(server, twice, "north")
    named = 'a%d: __type(name: "Mutation") { fields { args { type { name inputFields { name } ofType { inputFields { name } } } } } }'
    assert "This costs" in await refused(server, "{" + " ".join(named % n for n in range(45)) + "}", "north")
    types = "a%d: types { name fields { name args { name type { name kind ofType { name } } } } }"
    assert "This costs" in await refused(server, "{ __schema {" + " ".join(types % n for n in range(30)) + "} }", "north")


# ------------------------------------------------------------------------------------------------------- the cheat sheet


async def test_owasp_injection(server: Live) -> None:
    """What is given is a value, whatever it looks like."""
    north = server.as_("north")
    everything = (await north("{ items(first: 100) { totalCount } }"))["items"]["totalCount"]
    found = "query ($f: ItemFilter) { items(first: 100, filter: $f) { totalCount } }"
    for text in ("' OR '1'='1", "M4%", "_", "'; DROP TABLE item; --", '") } { items', "${7*7}", "{{7*7}}", "\\", "%00"):
        answer = await north.answer(found, f={"serialPrefix": text})
        assert not INSIDE.search(json.dumps(answer)), answer
        assert "errors" in answer or answer["data"]["items"]["totalCount"] == 0, text
    assert (await north("{ items(first: 100) { totalCount } }"))["items"]["totalCount"] == everything
    order = await north.answer("query ($o: ItemOrder) { items(first: 1, order: $o) { totalCount } }", o="serial; DROP TABLE item")
    assert order["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_owasp_strict_input(server: Live) -> None:
    north = server.as_("north")
    line = {"item": {"serial": "M4-001"}}
    for wrong in (
        {"requestId": 1, "holder": {"serviceNumber": "S-001"}, "lines": [line]},
        {"requestId": "x", "holder": {"serviceNumber": "S-001"}, "lines": [line]},
        {"requestId": "6a1b3f60-3f0f-4b59-9d3d-0d4f3c1f7a11", "holder": {"serviceNumber": "S-001"}, "lines": [line], "isAdmin": True},
        {"requestId": "6a1b3f60-3f0f-4b59-9d3d-0d4f3c1f7a11", "holder": {"serviceNumber": ["S-001"]}, "lines": [line]},
        {"requestId": "6a1b3f60-3f0f-4b59-9d3d-0d4f3c1f7a11", "holder": {"serviceNumber": "S\x00-001"}, "lines": [line]},
        {"requestId": "6a1b3f60-3f0f-4b59-9d3d-0d4f3c1f7a11", "holder": {"serviceNumber": "S-" + "0" * 100_000}, "lines": [line]},
    ):
        answer = await north.answer(ISSUE, input=wrong)
        assert {error["extensions"]["code"] for error in answer["errors"]} <= {"BAD_REQUEST", "LIMIT_EXCEEDED"}, answer
        assert "0" * 100 not in json.dumps(answer)
    assert (await north('{ item(serial: "M4-001") { state } }'))["item"]["state"] == "IN_ROOM"


async def test_owasp_depth(server: Live) -> None:
    deep = "{ units(first: 1) { edges { node {" + "parent {" * 12 + "code" + "}" * 12 + "} } } }"
    assert "depth" in await refused(server, deep, "north")


async def test_owasp_amount(server: Live) -> None:
    assert "100 rows" in await refused(server, "{ items(first: 100000000) { totalCount } }", "north")
    assert "500 entries" in await refused(server, "query ($a: [ID!]) { __typename }", "north", a=["x"] * 501)


async def test_owasp_pagination_is_not_optional(server: Live) -> None:
    (error,) = (await post(server, "{ items { totalCount } }", "north"))["errors"]
    assert (error["extensions"]["code"], error["message"]) == ("BAD_REQUEST", "Give either first or last.")


async def test_owasp_cost(server: Live) -> None:
    people = "history(first: 100) { edges { node { item { history(first: 100) { totalCount } } } } }"
    assert "This costs" in await refused(server, "{ people(first: 100) { edges { node {" + people + "} } } }", "north")


async def test_owasp_timeout(database_url: str, settings: Settings, plain_sql: Any) -> None:
    async with running_server(database_url, settings.model_copy(update={"request_seconds": 2})) as server:
        await plain_sql.execute("BEGIN; LOCK TABLE purpose IN ACCESS EXCLUSIVE MODE")
        assert await server.as_("north").code("{ purposes(first: 1) { edges { node { code } } } }") == "TIMEOUT"
        await plain_sql.execute("ROLLBACK")


async def test_owasp_rate(database_url: str, settings: Settings) -> None:
    async with running_server(database_url, settings.model_copy(update={"address_requests": 5})) as server:
        north = server.as_("north").http
        sent = [north.post("/graphql", json={"query": TYPENAME}) for _ in range(30)]
        answers = await asyncio.gather(*sent)
        late = [answer for answer in answers if answer.status_code != 200]
        assert late
        assert {(answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) for answer in late} == {(429, "RATE_LIMITED")}
        assert all(1 <= int(answer.headers["retry-after"]) <= 10 for answer in late)


async def test_owasp_size(server: Live, settings: Settings) -> None:
    answer = await server.as_("north").http.post("/graphql", json={"query": TYPENAME, "extensions": {"a": "x" * settings.body_bytes}})
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (413, "LIMIT_EXCEEDED")


async def test_owasp_batched_guesses_count_one_by_one(server: Live, settings: Settings) -> None:
    """Passwords are not guessed faster by asking for many sign-ins in one document."""
    guess = 'a%d: signIn(input: {username: "north", password: "a wrong password %d"}) { ... on Refused { refusals { code } } }'
    times = settings.sign_in_attempts + 5
    answer = await post(server, "mutation {" + " ".join(guess % (n, n) for n in range(times)) + "}")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["RATE_LIMITED"] * 5 or answer["data"] is None
    signing = 'mutation ($p: String!) { signIn(input: {username: "north", password: $p}) { __typename } }'
    assert await server.as_(None).code(signing, p=PASSWORD) == "RATE_LIMITED"
    assert "errors" not in await post(server, signing.replace("north", "south"), p=PASSWORD)


async def test_owasp_objects_of_others(server: Live) -> None:
    """An id that is known opens nothing: what is out of scope is as if it were not there."""
    south, north = server.as_("south"), server.as_("north")
    of_south = (await south('{ item(serial: "M4-101") { id armory { id } } }'))["item"]
    query = "query ($id: ID!) { node(id: $id) { id __typename } }"
    unknown = of_south["id"][:-4] + ("AAAA" if not of_south["id"].endswith("AAAA") else "BBBB")
    for row in (of_south["id"], of_south["armory"]["id"]):
        assert (await south(query, id=row))["node"]["id"] == row
        assert (await north(query, id=row))["node"] is None
    assert (await north.answer(query, id=unknown)).get("data") in ({"node": None}, None)
    assert (await north('{ item(serial: "M4-101") { id } }'))["item"] is None
    assert (await north("query ($a: ID) { items(first: 1, filter: {armory: $a}) { totalCount } }", a=of_south["armory"]["id"]))["items"][
        "totalCount"
    ] == 0


async def test_owasp_edges_need_what_nodes_need(server: Live) -> None:
    around = "{ people(first: 100) { edges { node { holdings { armory { code } item { armory { code } } } } } } }"
    await server.as_("south").issue("S-001", "M4-101")
    for edge in (await server.as_("north")(around))["people"]["edges"]:
        assert {each["armory"]["code"] for each in edge["node"]["holdings"]} <= {"NORTH"}


@pytest.mark.parametrize("username", [None, "viewer", "auditor", "admin"])
async def test_owasp_mutations_need_a_role(server: Live, username: str | None) -> None:
    given = {
        "requestId": "6a1b3f60-3f0f-4b59-9d3d-0d4f3c1f7a11",
        "holder": {"serviceNumber": "S-001"},
        "lines": [{"item": {"serial": "M4-001"}}],
    }
    code = await server.as_(username).code(ISSUE, input=given)
    assert code == ("UNAUTHENTICATED" if username is None else "FORBIDDEN")


async def test_owasp_errors_tell_nothing_of_the_inside(server: Live, plain_sql: Any) -> None:
    await plain_sql.execute("ALTER TABLE purpose RENAME COLUMN name TO renamed")
    answer = await server.as_("north").http.post("/graphql", json={"query": "{ purposes(first: 1) { edges { node { name } } } }"})
    (error,) = answer.json()["errors"]
    assert set(error["extensions"]) == {"code", "requestId"}
    assert error["extensions"]["code"] == "INTERNAL"
    assert not INSIDE.search(answer.text), answer.text


async def test_owasp_headers(server: Live) -> None:
    for answer in (
        await server.as_("north").http.post("/graphql", json={"query": TYPENAME}),
        await server.as_(None).http.get("/graphql", headers={"accept": "text/html"}),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "x-powered-by" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers


async def test_owasp_names_are_not_told_by_sign_in(server: Live) -> None:
    """A wrong password and a wrong name are answered alike."""
    given = '{username: $u, password: "a wrong password"}'
    signing = f"mutation ($u: String!) {{ signIn(input: {given}) {{ ... on Refused {{ refusals {{ code message }} }} }} }}"
    told = [await post(server, signing, u=name) for name in ("viewer", "nobody.at.all")]
    assert told[0] == told[1]
    assert told[0]["data"]["signIn"]["refusals"][0]["code"] == "SIGN_IN_FAILED"
