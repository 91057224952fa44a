"""A real server on a real port, and clients that speak to it as anybody's would."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
import ssl
from collections.abc import AsyncIterator
from typing import Any, cast
from uuid import uuid4

import httpx
import uvicorn
from websockets.asyncio.client import ClientConnection, connect

from graph.app import create_app
from graph.settings import Settings
from graph.transport.audience import Audiences
from graph.transport.server import Server, lines
from tests.world import api_token_of, token_of

TLS = ssl.create_default_context()  # which nobody here uses, and each client would make anew, at length
ISSUE = """
mutation Issue($input: IssueItemsInput!) {
  issueItems(input: $input) {
    __typename
    ... on ItemsIssued {
      repeated
      records { id receiptNumber issuedAt dueAt issueType item { id serial state version } holder { name serviceNumber } purpose { code } }
      events { id seq type summary }
    }
    ... on Refused {
      refusals {
        code message line path since limit held receiptNumber currentVersion changed holder { name serviceNumber } item { serial }
      }
    }
  }
}
"""
RETURN = """
mutation Return($input: ReturnItemsInput!) {
  returnItems(input: $input) {
    __typename
    ... on ItemsReturned {
      repeated
      records {
        id receiptNumber closedAt closeReason conditionIn broughtReason roundsFired broughtBy { serviceNumber }
        item { serial state serviceability version roundCount } holder { serviceNumber }
      }
      events { id seq type summary }
    }
    ... on Refused {
      refusals {
        code message line path since limit held receiptNumber currentVersion changed holder { name serviceNumber } item { serial }
      }
    }
  }
}
"""


class Client:
    """A client over HTTP, with an account's token or none."""

    def __init__(self, url: str, token: str | None, timeout: float = 30) -> None:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        limits = httpx.Limits(max_connections=None)
        self.token = token
        self.http = httpx.AsyncClient(base_url=url, headers=headers, timeout=timeout, limits=limits, verify=TLS)

    async def answer(self, query: str, **variables: Any) -> dict[str, Any]:
        """The whole answer: data and errors."""
        response = await self.http.post("/graphql", json={"query": query, "variables": variables})
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    async def __call__(self, query: str, **variables: Any) -> Any:
        """The data of an answer that has no errors."""
        body = await self.answer(query, **variables)
        assert "errors" not in body, body["errors"]
        return body["data"]

    async def code(self, query: str, **variables: Any) -> str:
        """The code of the one error of an answer."""
        (error,) = (await self.answer(query, **variables))["errors"]
        return str(error["extensions"]["code"])

    async def issue(self, holder: str, *serials: str, request_id: str | None = None, **more: Any) -> Any:
        """Issue items to a person by their service number."""
        lines = [{"item": {"serial": serial}} for serial in serials]
        given = {"requestId": request_id or str(uuid4()), "holder": {"serviceNumber": holder}, "lines": lines, **more}
        return (await self(ISSUE, input=given))["issueItems"]

    async def give_back(self, *serials: str, request_id: str | None = None, **more: Any) -> Any:
        """Take items back."""
        lines = [{"item": {"serial": serial}} for serial in serials]
        return (await self(RETURN, input={"requestId": request_id or str(uuid4()), "lines": lines, **more}))["returnItems"]


class Subscription:
    """One subscription on a socket."""

    def __init__(self, socket_: ClientConnection, number: str) -> None:
        self._socket = socket_
        self.number = number

    async def next(self, seconds: float = 15) -> Any:
        """The payload of the next message; an `error` or `complete` is given as it is."""
        async with asyncio.timeout(seconds):
            while True:
                message = json.loads(await self._socket.recv())
                if message.get("id") == self.number:
                    return message["payload"] if message["type"] == "next" else message


class Live:
    """A running server."""

    def __init__(self, port: int, audiences: Audiences | None = None) -> None:
        self.audiences = audiences or Audiences()
        self.url = f"http://127.0.0.1:{port}"
        self.socket_url = f"ws://127.0.0.1:{port}/graphql"
        self._clients: list[Client] = []

    def as_(self, username: str | None) -> Client:
        """A client that acts as an account of the world, or as nobody."""
        client = Client(self.url, token_of(username) if username else None)
        self._clients.append(client)
        return client

    def with_token(self, username: str) -> Client:
        """A program that acts as an account of the world, with an API token for all that one may be for."""
        client = Client(self.url, api_token_of(username))
        self._clients.append(client)
        return client

    async def close(self) -> None:
        """Close the clients."""
        for client in self._clients:
            await client.http.aclose()

    @contextlib.asynccontextmanager
    async def socket(self, username: str | None, token: str | None = None) -> AsyncIterator[ClientConnection]:
        """A graphql-transport-ws socket that is acknowledged."""
        given = token or (token_of(username) if username else None)
        async with connect(self.socket_url, subprotocols=["graphql-transport-ws"], max_size=None) as connection:  # type: ignore[list-item]
            payload = {"authorization": f"Bearer {given}"} if given else {}
            await connection.send(json.dumps({"type": "connection_init", "payload": payload}))
            assert json.loads(await connection.recv())["type"] == "connection_ack"
            yield connection


_numbers = itertools.count(1)


async def subscribe(connection: ClientConnection, query: str, **variables: Any) -> Subscription:
    """Begin a subscription on a socket."""
    number = str(next(_numbers))
    await connection.send(json.dumps({"id": number, "type": "subscribe", "payload": {"query": query, "variables": variables}}))
    return Subscription(connection, number)


def listening() -> socket.socket:
    """A socket on a free port. It names its protocol: only then asyncio lets small answers go out at once (TCP_NODELAY)."""
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    taken.bind(("127.0.0.1", 0))
    taken.listen(2048)
    return taken


@contextlib.asynccontextmanager
async def running_server(url: str, settings: Settings) -> AsyncIterator[Live]:
    """The application under uvicorn, in this loop, on a port that the system chooses."""
    taken = listening()
    app = create_app(settings, url)
    config = uvicorn.Config(
        app,
        log_config=None,
        lifespan="on",
        **lines(settings),
        timeout_graceful_shutdown=1,
        forwarded_allow_ips=settings.trusted_proxies,
    )
    server = Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server.serve(sockets=[taken]))
    while not server.started:
        if serving.done():
            serving.result()
        await asyncio.sleep(0.005)
    view = cast("Any", app.routes[0]).endpoint.view
    live = Live(taken.getsockname()[1], view.audiences)
    try:
        yield live
    finally:
        await live.close()
        server.should_exit = True
        await serving
