"""In which form a request comes and an answer goes, as GraphQL over HTTP says."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from graph.settings import Settings
from graph.transport.negotiation import Form, form_of
from graph.transport.server import LONGEST_HEAD
from tests.server import Live, running_server

pytestmark = pytest.mark.once

VIEWER = "{ viewer { username } }"
JSON, RESPONSE, EVENTS = Form.JSON, Form.RESPONSE, Form.EVENTS


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("Application/JSON; charset=utf-8", JSON),
        ("application/graphql-response+json", RESPONSE),
        ("application/graphql-response+json, application/json;q=0.9", RESPONSE),
        ("application/json;q=0.9, application/graphql-response+json", RESPONSE),
        ("application/graphql-response+json;q=0.5, */*", JSON),
        ("application/json;q=0, */*", RESPONSE),
        ("text/html, application/json;q=0.1", JSON),
        ("text/event-stream", EVENTS),
        ("application/json, text/event-stream", JSON),
        ("text/event-stream, application/json", EVENTS),
        ("text/html", None),
        ("text/*", None),
        ("", None),
        ("application/json;q=0", None),
        ("application/json;q=x", None),
        ("application/json;q=nan", None),
        ("multipart/mixed", None),
        (", ".join(["text/html"] * 100 + ["application/json"]), JSON),
    ],
)
def test_the_form_of_an_answer_is_the_one_that_is_liked_best(accept: str | None, form: Form | None) -> None:
    assert form_of(None if accept is None else accept.encode()) is form


async def post(server: Live, body: Any, **headers: str) -> httpx.Response:
    """Send a body with what its headers say of it."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return await server.as_("north").http.post("/graphql", content=content, headers=given)


def code(answer: httpx.Response) -> str:
    """The code of an answer that has one error and nothing else."""
    (error,) = answer.json()["errors"]
    assert "data" not in answer.json()
    return str(error["extensions"]["code"])


async def test_what_cannot_be_taken_or_given_is_said_with_its_status(server: Live) -> None:
    sent = {
        406: [{"accept": "text/html"}, {"accept": "application/xml, text/*"}],
        415: [
            {"content_type": kind}
            for kind in ("", "text/plain", "text/plain; application/json", "application/json2", "application/json; charset=utf-16")
        ]
        + [{"content_encoding": "gzip"}],
    }
    for status, each in sent.items():
        for headers in each:
            answer = await post(server, {"query": VIEWER}, **headers)
            assert (answer.status_code, code(answer)) == (status, "BAD_REQUEST"), headers
    for kind in ("application/json", "APPLICATION/JSON;charset=UTF-8", 'application/json; charset="utf-8"', "application/json; x=y"):
        assert (await post(server, {"query": VIEWER}, content_type=kind)).status_code == 200
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
        answer = await server.as_("north").http.request(method, "/graphql")
        assert (answer.status_code, answer.headers["allow"], code(answer)) == (405, "GET, POST", "BAD_REQUEST")


REFUSED_BEFORE = ("{", "{ nope }", "query ($id: ID!) { node(id: $id) { id } }", "{ a: viewer { username } " * 100)


async def test_what_is_refused_before_it_is_run_has_no_data_and_in_its_own_form_a_status(server: Live) -> None:
    for document in REFUSED_BEFORE:
        plain = await post(server, {"query": document})
        assert (plain.status_code, "data" in plain.json()) == (200, False), document
        assert plain.headers["content-type"] == "application/json; charset=utf-8"
        own = await post(server, {"query": document}, accept=RESPONSE)
        assert (own.status_code, own.json()) == (400, plain.json()), document
        assert own.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    for wrong in (b"{", b"[]", b'{"query": 1}', b'{"query": "subscription { custodyFeed { cursor } }"}', b"{}"):
        for accept in (JSON, RESPONSE):
            answer = await post(server, wrong, accept=accept)
            assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST"), wrong
            assert answer.headers["content-type"] == f"{accept}; charset=utf-8"


async def test_what_was_run_is_200_whatever_came_of_it(server: Live) -> None:
    for client, document in (("north", VIEWER), (None, VIEWER), ("north", '{ node(id: "x") { id } }')):
        answer = await server.as_(client).http.post("/graphql", json={"query": document}, headers={"accept": RESPONSE})
        assert (answer.status_code, "data" in answer.json()) == (200, True), answer.text


async def test_an_operation_in_the_address_is_not_run_and_the_page_is_shown_without_one(server: Live) -> None:
    client = server.as_("north").http
    for given in (
        {"query": VIEWER},
        {"query": ""},
        {"query": "mutation { signOut { username } }", "variables": "{}"},
        {"operationName": "A"},
    ):
        answer = await client.get("/graphql", params=given)
        assert (answer.status_code, code(answer)) == (405, "BAD_REQUEST")
    for given in ({}, {"utm": "x"}):
        assert (await client.get("/graphql", params=given)).headers["content-type"].startswith("text/html")
    assert (await client.head("/graphql")).status_code == 200


async def raw(server: Live, sent: bytes) -> bytes:
    """What comes back for bytes on a line of their own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(server.url).port)
    writer.write(sent)
    try:
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


STRANGE = [
    b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Type: \xff\r\nConnection: close\r\n\r\n{}",
    b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nAccept: \xff;q=\xff\r\nConnection: close\r\n\r\n{}",
    b"POST /graphql HTTP/1.1\r\nHost: [\r\nOrigin: http://[\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
    b"POST /graphql HTTP/1.1\r\nHost: x:y\r\nOrigin: \xff\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
    b"POST /graphql HTTP/1.1\r\nHost: x\r\nCookie: \xff=\xff; armguard_refresh=\xff; =; ;;\r\nContent-Type: application/json\r\n"
    b"Content-Length: 2\r\nConnection: close\r\n\r\n{}",
    b"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\r\nUser-Agent: \xff\r\nContent-Type: application/json\r\n"
    b"Content-Length: 2\r\nConnection: close\r\n\r\n{}",
    b"GET /graphql?%ff=%00&query HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /%00%ff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /static/%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /static/" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /gr\xc3\xa4ph HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
]


async def test_strange_headers_and_addresses_are_the_clients_mistake_and_leave_no_traceback(server: Live, said: io.StringIO) -> None:
    for sent in STRANGE:
        answer = await raw(server, sent)
        assert answer[:10] in (b"HTTP/1.1 4", b"HTTP/1.1 2"), (sent, answer[:200])
    assert (await post(server, {"query": VIEWER})).status_code == 200
    assert "Traceback" not in said.getvalue()


async def test_a_fault_before_the_operation_is_answered_and_logged_once(
    server: Live, monkeypatch: pytest.MonkeyPatch, said: io.StringIO
) -> None:
    monkeypatch.setattr("graph.transport.view.context_of", lambda *_: 1 / 0)
    for accept in (JSON, RESPONSE, EVENTS):
        answer = await post(server, {"query": VIEWER}, accept=accept)
        assert (answer.status_code, code(answer)) == (500, "INTERNAL")
        assert "zero" not in answer.text
    assert said.getvalue().count("request_failed") == 3


async def test_the_port_is_kept_by_a_line_that_says_nothing(database_url: str, settings: Settings) -> None:
    async with running_server(database_url, settings) as server:
        with socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0)):
            assert (await post(server, {"query": VIEWER})).status_code == 200


LONG_HEADS = {
    "a header": b"GET /graphql HTTP/1.1\r\nHost: x\r\nX: " + b"a" * LONGEST_HEAD,
    "many headers": b"GET /graphql HTTP/1.1\r\n" + b"X: y\r\n" * LONGEST_HEAD,
    "an address": b"GET /" + b"a" * 2 * LONGEST_HEAD,
}


@pytest.mark.parametrize("sent", LONG_HEADS.values(), ids=LONG_HEADS)
async def test_a_head_without_an_end_is_broken_off_before_it_fills_the_memory(server: Live, sent: bytes) -> None:
    with contextlib.suppress(ConnectionResetError):  # what is still on its way when the line is cut
        assert (await raw(server, sent)).startswith(b"HTTP/1.1 431 ")
    assert (await post(server, {"query": VIEWER})).status_code == 200


async def test_what_does_not_come_in_time_is_not_waited_for(
    database_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch, said: io.StringIO
) -> None:
    """Neither a head, nor a body; nor a second head on a line that is kept."""
    monkeypatch.setattr("graph.transport.server.HEAD_SECONDS", 0.3)
    whole = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    body = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"
    async with running_server(database_url, settings.model_copy(update={"request_seconds": 0.3})) as server:
        assert (await raw(server, b"")).startswith(b"HTTP/1.1 408 ")
        assert (await raw(server, whole[:-2])).startswith(b"HTTP/1.1 408 ")
        again = await raw(server, whole + whole[:-2])
        assert again.startswith(b"HTTP/1.1 200 ")
        assert b"HTTP/1.1 408 " in again
        late = await raw(server, body)
        assert late.startswith(b"HTTP/1.1 408 ")
        assert b"The body did not come within 0.3 seconds." in late
    assert "Traceback" not in said.getvalue()


async def test_what_is_refused_for_its_size_is_not_read_to_its_end(server: Live) -> None:
    for sent in (b"Content-Length: 1000000000000\r\n", b"Transfer-Encoding: chunked\r\n"):
        answer = await raw(server, b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + sent + b"\r\n")
        assert answer.startswith(b"HTTP/1.1 413 ")  # and the line is closed, or there would be no end of the answer
