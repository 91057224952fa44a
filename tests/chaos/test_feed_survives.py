"""The feed and the ledger when the server is killed in the middle of a busy morning, twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

from graph import database
from graph.settings import Settings
from tests.chaos.processes import Counter, ServerProcess, serving
from tests.chaos.watchers import Watcher, watching
from tests.conftest import assert_whole

WRITERS = 10  # the last two in SOUTH
TURNS = 50  # an issue and a return each
KILLED_AFTER = (300, 650)
SUBSCRIBERS = ["officer"] * 10 + ["north"] * 5 + ["south"] * 5
DEADLINE = 120.0


async def write(counter: Counter, number: int) -> None:
    """A writer's morning: one device of their own, out and in again."""
    serial = f"PVS-{number + 1:03}" if number < WRITERS - 2 else f"PVS-{101 + WRITERS - 1 - number}"
    for _ in range(TURNS):
        issued = await counter.issue(f"S-{number + 10:03}", serial)
        returned = await counter.give_back(serial)
        assert [record["item"]["serial"] for record in issued["records"]] == [serial]
        assert returned["records"] == issued["records"]  # it came back on the receipt that it went out on


async def kill_twice(server: ServerProcess, counters: list[Counter]) -> None:
    """Kill the server when so many commands were answered, and start it again."""
    for answers in KILLED_AFTER:
        while sum(counter.answered for counter in counters) < answers:  # noqa: ASYNC110 - the answers come from another process
            await asyncio.sleep(0.005)
        server.kill()
        server.start()
        await server.ready()


async def test_inv_21_every_watcher_has_every_event_once_though_the_server_is_killed_twice(
    database_url: str, settings: Settings, tmp_path: Path
) -> None:
    async with asyncio.timeout(DEADLINE), serving(database_url, tmp_path / "log", feed_ring_events=64) as server:
        counters = [Counter("officer", server.live) for _ in range(WRITERS)]
        async with watching(database_url, [Watcher(username, server.live) for username in SUBSCRIBERS]) as watch:
            async with asyncio.TaskGroup() as morning:
                morning.create_task(kill_twice(server, counters))
                for number, counter in enumerate(counters):
                    morning.create_task(write(counter, number))
            expected = await watch.caught_up()

    assert sum(counter.answered for counter in counters) == WRITERS * TURNS * 2 == 1000
    assert sum(map(len, expected["officer"].values())) == 1000  # each command has one event, however often it was sent
    watch.assert_each_once(expected)
    assert all(watcher.lines >= 3 for watcher in watch.watchers)

    await database.open_door(database_url, settings)
    try:
        await assert_whole()
    finally:
        await database.close_door()
