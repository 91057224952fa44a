"""What is not graphql-transport-ws closes its socket with the code that says so, in one line of the log, and harms nobody."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from graph.settings import Settings
from tests.conftest import Cluster
from tests.fuzz.wire import CLOSE, TEXT, dialled, frame, upgrade
from tests.schema.test_limits import shut_out
from tests.server import Live, running_server, subscribe
from tests.world import token_of

pytestmark = pytest.mark.once

VIEWER = "{ viewer { username } }"
INIT = json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token_of('north')}"}})
ASK = json.dumps({"id": "1", "type": "subscribe", "payload": {"query": VIEWER}})
FEED = json.dumps({"id": "1", "type": "subscribe", "payload": {"query": "subscription { custodyFeed { cursor } }"}})
PROTOCOL: Any = {"subprotocols": ["graphql-transport-ws"]}

NO_MESSAGES: list[str | bytes] = [
    "",
    "{",
    "\ufeff{}",
    "1",
    "null",
    "true",
    "[]",
    "NaN",
    '"connection_init"',
    "[" * 100_000,
    "{}",
    '{"type": null}',
    '{"type": 1}',
    '{"type": ["ping"]}',
    '{"type": {}}',
    '{"type": "start", "id": "1", "payload": {"query": "{ viewer { username } }"}}',
    '{"type": "connection_terminate"}',
    '{"type": "next", "id": "1", "payload": {}}',
    '{"type": "\\ud800"}',
    '{"type": "ping", "payload": 1}',
    '{"type": "pong", "payload": []}',
    '{"type": "connection_init", "payload": "x"}',
    '{"type": "connection_init", "payload": []}',
    '{"type": "connection_init", "payload": 0}',
    '{"type": "complete"}',
    '{"type": "complete", "id": 1}',
    '{"type": "complete", "id": []}',
    '{"type": "subscribe"}',
    '{"type": "subscribe", "id": "", "payload": {"query": "{ viewer { username } }"}}',
    '{"type": "subscribe", "id": [], "payload": {"query": "{ viewer { username } }"}}',
    '{"type": "subscribe", "id": "\\ud800", "payload": {"query": "{ viewer { username } }"}}',
    '{"type": "subscribe", "id": "1"}',
    '{"type": "subscribe", "id": "1", "payload": null}',
    '{"type": "subscribe", "id": "1", "payload": "{ viewer { username } }"}',
    '{"type": "subscribe", "id": "1", "payload": {}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": null}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": "{ viewer { username } }", "variables": []}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": "{ viewer { username } }", "variables": {"a": NaN}}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": "{ viewer { username } }", "operationName": 1}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": "{ viewer { username } }", "extensions": 1}}',
    b"",
    b"\x00",
    INIT.encode(),
    ASK.encode(),
]


@pytest.fixture
def settings() -> Settings:
    """Short waits, and few operations on a socket."""
    return Settings(standing_seconds=0.2, feed_poll_seconds=0.2, overdue_poll_seconds=0, second_factor_roles=(), socket_operations=3)


async def close_of(socket: ClientConnection) -> int | None:
    """The code with which the server closes; what comes before is passed over."""
    with contextlib.suppress(ConnectionClosed):
        async with asyncio.timeout(20):
            while True:
                await socket.recv()
    return socket.close_code


def refusals(said: io.StringIO) -> list[Any]:
    """The lines of the log since the last look that are about sockets that were refused."""
    text = said.getvalue()
    said.seek(0)
    said.truncate()
    assert "Traceback" not in text, text
    return [told for line in text.splitlines() if (told := json.loads(line))["event"] == "socket_refused"]


async def test_a_frame_that_is_no_message_closes_the_socket_in_one_line_of_the_log(server: Live, said: io.StringIO) -> None:
    for wrong in NO_MESSAGES:
        async with connect(server.socket_url, **PROTOCOL) as socket:
            await socket.send(INIT)
            assert json.loads(await socket.recv()) == {"type": "connection_ack"}
            await socket.send(wrong)
            assert await close_of(socket) == 4400, wrong[:80]
            (line,) = refusals(said)
            assert (line["code"], bool(line["reason"]), "request_id" in line) == (4400, True, True), wrong[:80]
    assert await viewer(server) == {"data": {"viewer": {"username": "north"}}}


async def viewer(server: Live) -> Any:
    async with server.socket("north") as socket:
        return await (await subscribe(socket, VIEWER)).next()


ORDERS: dict[str, tuple[list[str], int]] = {
    "an operation before the greeting": ([ASK], 4401),
    "two greetings": ([INIT, INIT], 4429),
    "an id that is in use": ([INIT, FEED, FEED], 4409),
    "a token that is no good": (['{"type": "connection_init", "payload": {"Authorization": "Bearer armg_x"}}'], 4403),
    "a token that is no text": (['{"type": "connection_init", "payload": {"authorization": 1}}'], 4403),
}


async def test_messages_out_of_their_order_close_the_socket_with_its_code(server: Live, said: io.StringIO) -> None:
    for name, (messages, code) in ORDERS.items():
        async with connect(server.socket_url, **PROTOCOL) as socket:
            for message in messages:
                await socket.send(message)
            assert await close_of(socket) == code, name
        assert [line["code"] for line in refusals(said)] == [code], name


async def test_who_does_not_greet_in_time_is_let_go(database_url: str, settings: Settings) -> None:
    async with running_server(database_url, settings.model_copy(update={"socket_init_seconds": 0.1})) as server:
        async with connect(server.socket_url, **PROTOCOL) as silent:
            assert await close_of(silent) == 4408
        async with connect(server.socket_url, **PROTOCOL) as pinging:
            await pinging.send('{"type": "ping"}')
            assert await close_of(pinging) == 4408
        async with server.socket("north") as greeted:
            await asyncio.sleep(0.3)
            assert (await (await subscribe(greeted, VIEWER)).next())["data"]


async def test_only_graphql_transport_ws_is_spoken(server: Live) -> None:
    for spoken in (None, ["graphql-ws"], ["mqtt", "graphql-ws"]):
        async with connect(server.socket_url, subprotocols=spoken) as socket:  # type: ignore[arg-type]
            assert socket.subprotocol is None
            assert await close_of(socket) == 4406
    async with connect(server.socket_url, subprotocols=["graphql-ws", "graphql-transport-ws"]) as socket:  # type: ignore[list-item]
        assert socket.subprotocol == "graphql-transport-ws"


async def test_a_greeting_may_say_nothing_and_pings_are_answered(server: Live) -> None:
    for greeting in (
        '{"type": "connection_init"}',
        '{"type": "connection_init", "payload": null}',
        '{"type": "connection_init", "payload": {}}',
    ):
        async with connect(server.socket_url, **PROTOCOL) as socket:
            await socket.send(greeting)
            assert json.loads(await socket.recv()) == {"type": "connection_ack"}
            for alive in ('{"type": "ping"}', '{"type": "ping", "payload": {"a": 1}}'):
                await socket.send('{"type": "pong"}')
                await socket.send(alive)
                assert json.loads(await socket.recv()) == {"type": "pong"}
            await socket.send('{"type": "complete", "id": "unknown"}')
            assert (await (await subscribe(socket, VIEWER)).next())["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_document_that_cannot_be_read_ends_its_own_operation_only(server: Live) -> None:
    async with server.socket("north") as socket:
        await socket.send(FEED)
        assert "cursor" in str(await socket.recv())
        for wrong, name in (
            ("{", None),
            ("", None),
            ("{ nope }", None),
            (VIEWER, "Other"),
            ("query ($a: Int!) { node(id: $a) { id } }", None),
        ):
            payload = {"query": wrong, "operationName": name}
            await socket.send(json.dumps({"id": "2", "type": "subscribe", "payload": payload}))
            answer = json.loads(await socket.recv())
            assert (answer["type"], answer["id"]) == ("error", "2"), answer
            assert answer["payload"][0]["extensions"]["code"] == "BAD_REQUEST"
        assert (await (await subscribe(socket, VIEWER)).next())["data"]


async def test_one_operation_too_many_is_told_so_and_the_others_go_on(server: Live, settings: Settings) -> None:
    async with server.socket("north") as socket:
        for number in range(settings.socket_operations + 1):
            await socket.send(FEED.replace('"1"', f'"{number}"'))
        answers = [json.loads(await socket.recv()) for _ in range(settings.socket_operations + 1)]
        (refused,) = [answer for answer in answers if answer["type"] == "error"]
        assert refused["payload"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
        assert refused["id"] == str(settings.socket_operations)
        await socket.send('{"type": "complete", "id": "0"}')
        assert (await (await subscribe(socket, VIEWER)).next())["data"]


async def test_without_its_database_an_operation_ends_with_an_error_and_a_greeting_with_try_again_later(
    server: Live, cluster: Cluster, database_url: str, settings: Settings, said: io.StringIO
) -> None:
    async with server.socket("north") as socket, shut_out(cluster, database_url):
        await asyncio.sleep(settings.standing_seconds)  # for so long a token is believed
        answer = await (await subscribe(socket, VIEWER)).next()
        assert answer["type"] == "error"
        assert answer["payload"][0]["extensions"]["code"] == "UNAVAILABLE"
        async with connect(server.socket_url, **PROTOCOL) as other:
            await other.send(INIT)
            assert await close_of(other) == 1013
    assert "Traceback" not in said.getvalue()


BROKEN = {
    "not UTF-8": (frame(TEXT, b"\xff"), 1007),
    "an opcode that there is not": (frame(3, b""), 1002),
    "not masked": (frame(TEXT, b"{}", masked=False), 1002),
    "a reserved bit": (frame(TEXT, b"{}", reserved=4), 1002),
    "a continuation of nothing": (frame(0, b"{}"), 1002),
    "a close code that there is not": (frame(CLOSE, b"\x00\x01"), 1002),
}


async def test_what_is_no_frame_closes_the_line_and_leaves_no_traceback(server: Live, said: io.StringIO) -> None:
    port = int(server.url.rpartition(":")[2])
    for name, (sent, code) in BROKEN.items():
        async with dialled(port, upgrade()) as (answer, line):
            assert answer.status == 101
            line.send(sent)
            assert await line.next() is None
            assert line.closed == code, name
    for path in ("/gr\u00e4ph", "/graphql?\u00e4", "/nothing", "/%ff"):
        async with dialled(port, upgrade(path=path)) as (answer, _):
            assert 400 <= answer.status < 500, path
    assert "Traceback" not in said.getvalue()
    assert await viewer(server)


async def test_a_token_in_the_address_of_a_socket_is_not_logged(server: Live, said: io.StringIO) -> None:
    async with connect(f"{server.socket_url}?token=armg_secret", **PROTOCOL) as socket:
        await socket.send(INIT)
        await socket.recv()
    assert "/graphql" in said.getvalue()
    assert "armg_secret" not in said.getvalue()
