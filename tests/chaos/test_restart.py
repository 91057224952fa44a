"""PostgreSQL is stopped and started again in the middle of a busy morning; the server is not.

Whoever is answered UNAVAILABLE sends the same command again, and whoever watches has every event once.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from graph import database
from graph.settings import Settings
from tests.chaos.processes import ISSUE, RETURN, ServerProcess, restart, serving
from tests.chaos.watchers import Watcher, watching
from tests.conftest import Cluster, assert_whole
from tests.fuzz.target import faults_in_log

WRITERS = 8
RESTARTS = 2
BACK_SECONDS = 2.0  # from when it can be reached again to the first command that succeeds
BETWEEN = 60  # commands that are answered between two restarts
DEADLINE = 150.0


class Writer:
    """Somebody at a counter with a device of their own, who issues it and takes it back, and sends again what was not answered.

    `done` has the request id of each command that was answered, and when (a reading of the monotonic clock); `slowest` is the longest
    that an answer took, in seconds.
    """

    def __init__(self, server: ServerProcess, number: int) -> None:
        self.client = server.live.as_("officer")
        self.serial, self.holder = f"PVS-{number + 1:03}", f"S-{number + 10:03}"
        self.done: list[tuple[str, float]] = []
        self.unavailable = 0
        self.slowest = 0.0

    async def work(self, enough: asyncio.Event) -> None:
        """Issue and take back until it is enough."""
        lines = [{"item": {"serial": self.serial}}]
        while not enough.is_set():
            await self.send(ISSUE, "issueItems", {"holder": {"serviceNumber": self.holder}, "lines": lines})
            await self.send(RETURN, "returnItems", {"lines": lines})

    async def send(self, query: str, field: str, given: dict[str, Any]) -> None:
        """Send a command, with one request id until it is answered."""
        request = str(uuid4())
        body = {"query": query, "variables": {"input": {"requestId": request, **given}}}
        while True:
            asked = time.monotonic()
            response = await self.client.http.post("/graphql", json=body)  # the server is there all the time: every line holds
            assert response.status_code in (200, 503), response.text
            answer = response.json()
            codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
            if not codes:
                assert answer["data"][field]["__typename"] != "Refused", answer
                self.done.append((request, time.monotonic()))
                self.slowest = max(self.slowest, time.monotonic() - asked)
                return
            assert codes == {"UNAVAILABLE"}, answer
            self.unavailable += 1
            await asyncio.sleep(0.05)


async def until_answered(writers: list[Writer], count: int) -> None:
    """Wait until so many commands are answered."""
    while sum(len(writer.done) for writer in writers) < count:  # noqa: ASYNC110 - the answers come from another process
        await asyncio.sleep(0.005)


async def requests_in_ledger(url: str) -> list[str]:
    """The request id of each event that a command left."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT request_id FROM ledger_event WHERE type IN ('ITEM_ISSUED', 'ITEM_RETURNED')")
    await connection.close()
    return [str(row["request_id"]) for row in rows]


# By itself the server does again what a restart has broken, and nobody notices; if it may not, it is told to whoever asked.
@pytest.mark.parametrize("attempts", [4, 1])
async def test_a_restart_of_postgresql_under_load_loses_and_doubles_nothing_and_is_over_when_it_is_back(
    cluster: Cluster, database_url: str, settings: Settings, tmp_path: Path, attempts: int
) -> None:
    async with asyncio.timeout(DEADLINE), serving(database_url, tmp_path / "log", command_attempts=attempts) as server:
        assert server.process is not None
        process = server.process.pid
        watchers = [Watcher(username, server.live) for username in ("officer", "officer", "north", "south")]
        writers, enough = [Writer(server, number) for number in range(WRITERS)], asyncio.Event()
        async with watching(database_url, watchers) as watch:
            async with asyncio.TaskGroup() as morning:
                for writer in writers:
                    morning.create_task(writer.work(enough))
                restarts = 0
                while restarts < RESTARTS or (attempts == 1 and not any(writer.unavailable for writer in writers)):  # till one has met it
                    restarts += 1
                    await until_answered(writers, BETWEEN * restarts)
                    usual = max(writer.slowest for writer in writers)  # on this machine, as it is now
                    back = await restart(cluster, database_url)
                    await until_answered(writers, sum(len(writer.done) for writer in writers) + WRITERS)
                    first = min(at for writer in writers for _, at in writer.done if at > back)
                    assert first - back < BACK_SECONDS + usual, "it was back, and nobody was served"
                await until_answered(writers, BETWEEN * (restarts + 1))
                enough.set()
            expected = await watch.caught_up()
        await server.ready(10)
        assert server.process.pid == process
        assert faults_in_log(server.said()) == []

    done = [request for writer in writers for request, _ in writer.done]
    assert sorted(await requests_in_ledger(database_url)) == sorted(done)  # each once, however often it was sent
    watch.assert_each_once(expected)
    await database.open_door(database_url, settings)
    try:
        await assert_whole()
    finally:
        await database.close_door()
