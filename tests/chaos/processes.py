"""Servers as processes of their own, which can be killed and started again on the same port; and clients who do not give up.

What every chaos test needs: `ServerProcess`, `until_ready`, and `Counter`, who sends a command again, with the same request id,
until it has been answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx

from tests.conftest import Cluster
from tests.server import Client, Live

# Asks for little: a chaos test sends many.
COMMAND = """
mutation ($input: %(verb)sItemsInput!) {
  %(field)s(input: $input) {
    __typename
    ... on Items%(past)s { repeated records { receiptNumber item { serial } } }
    ... on Refused { refusals { code message } }
  }
}
"""
ISSUE = COMMAND % {"verb": "Issue", "field": "issueItems", "past": "Issued"}
RETURN = COMMAND % {"verb": "Return", "field": "returnItems", "past": "Returned"}

# Below the ports that the system gives to connections: a client that knocks while the server is down cannot become its own server.
_ports = itertools.count(20_000 + os.getpid() % 10_000)


_claims: list[socket.socket] = []


def free_port() -> int:
    """A port that nobody listens on, and that no other process of the tests is given: it takes a server seconds to begin to listen."""
    for port in _ports:
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with socket.socket() as taken, contextlib.suppress(OSError):
            claim.bind(("127.0.0.1", port))  # for datagrams, which nobody sends: it is in nobody's way
            taken.bind(("127.0.0.1", port))
            _claims.append(claim)
            return port
        claim.close()
    raise AssertionError("unreachable")


class ServerProcess:
    """`armguard serve` as somebody runs it. Its settings are given as `standing_seconds=0.2`; what it says goes to a file."""

    def __init__(self, url: str, log: Path, port: int | None = None, **settings: Any) -> None:
        self.port = port or free_port()
        self.log = log
        self.live = Live(self.port)
        limits = {
            "standing_seconds": 0.2,
            "feed_poll_seconds": 0.2,
            "feed_heartbeat_seconds": 600,
            "shutdown_seconds": 2,
            "second_factor_roles": "",
            "address_requests": 0,
            "account_requests": 0,
            "broadcast_url": "",
            **settings,
        }
        self.environment = {
            **os.environ,
            **{f"ARMGUARD_{name.upper()}": str(value) for name, value in limits.items()},
            "ARMGUARD_DATABASE_URL": url,
            "ARMGUARD_PORT": str(self.port),
            "NO_COLOR": "1",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait for nothing."""
        with self.log.open("ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "graph.cli", "serve"], env=self.environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )

    async def ready(self, seconds: float = 120) -> ServerProcess:
        """Wait until it serves, and all its parts are well."""
        async with httpx.AsyncClient() as client, asyncio.timeout(seconds):
            while True:
                assert self.process is not None
                assert self.process.poll() is None, f"it ended with {self.process.returncode}: {self.said()}"
                with contextlib.suppress(httpx.TransportError):
                    answer = await client.get(f"{self.live.url}/readyz")
                    if set(answer.json()["parts"].values()) == {"ok"}:
                        return self
                await asyncio.sleep(0.05)

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> float:
        """SIGTERM; how many seconds it took to end."""
        began = time.monotonic()
        self._end(signal.SIGTERM)
        return time.monotonic() - began

    def _end(self, by: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(by)
        self.process.wait(30)

    async def end(self) -> None:
        """Be done with it."""
        await self.live.close()
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def said(self) -> str:
        """What it has said so far."""
        return self.log.read_text()


@contextlib.asynccontextmanager
async def serving(url: str, log: Path, **settings: Any) -> AsyncIterator[ServerProcess]:
    """A server process that is ready."""
    server = ServerProcess(url, log, **settings)
    server.start()
    try:
        yield await server.ready()
    finally:
        await server.end()


async def restart(cluster: Cluster, url: str) -> float:
    """Restart PostgreSQL; when it could be reached again."""
    before = await started_at(url)
    await asyncio.to_thread(cluster.restart)
    while True:
        try:
            assert await started_at(url) > before
            return time.monotonic()
        except (OSError, asyncpg.PostgresError):
            await asyncio.sleep(0.01)


async def started_at(url: str) -> datetime:
    """When PostgreSQL was started."""
    connection = await asyncpg.connect(url)
    try:
        started: datetime = await connection.fetchval("SELECT pg_postmaster_start_time()")
        return started
    finally:
        await connection.close()


class Counter:
    """Somebody at a counter, who sends a command again until it is answered: to the next server, if there are several.

    `answered` counts the answers.
    """

    def __init__(self, username: str, *lives: Live) -> None:
        self.clients: list[Client] = [live.as_(username) for live in lives]
        self.answered = 0
        self.repeated = 0

    async def issue(self, holder: str, *serials: str) -> Any:
        """Issue items, once, whatever happens."""
        lines = [{"item": {"serial": serial}} for serial in serials]
        return await self._until_answered(ISSUE, "issueItems", {"holder": {"serviceNumber": holder}, "lines": lines})

    async def give_back(self, *serials: str) -> Any:
        """Take items back, once, whatever happens."""
        return await self._until_answered(RETURN, "returnItems", {"lines": [{"item": {"serial": serial}} for serial in serials]})

    async def _until_answered(self, query: str, field: str, given: dict[str, Any], seconds: float = 60) -> Any:
        command = {"requestId": str(uuid4()), **given}
        async with asyncio.timeout(seconds):
            while True:
                try:
                    response = await self.clients[0].http.post("/graphql", json={"query": query, "variables": {"input": command}})
                    answer = response.json() if response.status_code == 200 else {}
                except (httpx.TransportError, ValueError):
                    answer = {}
                if answer and "errors" not in answer:
                    self.answered += 1
                    self.repeated += bool(answer["data"][field].get("repeated"))
                    return answer["data"][field]
                codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
                assert set(codes) <= {"UNAVAILABLE"}, answer
                self.clients.append(self.clients.pop(0))
                await asyncio.sleep(0.05)
