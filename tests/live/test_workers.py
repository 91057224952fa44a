"""`armguard serve --workers`: several processes on one port and one database, which tell each other what happens."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import socket
import struct
import tempfile
import termios
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from graph import database, embedded
from graph.address import of_our_own
from graph.audit.actor import acting, console_actor
from graph.cli.workers import Application, Worker
from graph.settings import Settings
from tests.chaos.processes import ServerProcess, serving
from tests.conftest import FAST
from tests.live.test_two_processes import FEED, refusal_to_start, told
from tests.server import Subscription, subscribe
from tests.world import build_world

SLOW = {"feed_poll_seconds": 600}  # what arrives arrives by the broadcaster
PATIENCE = 180  # seconds: each worker loads everything anew, which takes long on a machine that does much else


def workers_of(server: ServerProcess) -> list[int]:
    """The process ids of the workers of a server."""
    assert server.process is not None
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    return [int(child) for child in children if "spawn_main" in _command(child)]


def _command(pid: str) -> str:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


def runs(pid: int) -> bool:
    """Whether there is such a process, and it is not a dead one that nobody has looked after yet."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


async def until_gone(*pids: int) -> None:
    """Wait until processes have ended."""
    async with asyncio.timeout(30):
        while any(runs(pid) for pid in pids):  # noqa: ASYNC110 - other processes
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def follower_at(server: ServerProcess, worker: int) -> AsyncIterator[Subscription]:
    """Somebody who follows the feed at this one of the workers: the others are stopped while they come in."""
    others = [pid for pid in workers_of(server) if pid != worker]
    for pid in others:
        os.kill(pid, signal.SIGSTOP)
    try:
        async with server.live.socket("north") as line:
            follower = await subscribe(line, FEED)
            assert await told(follower) is None
            for pid in others:
                os.kill(pid, signal.SIGCONT)
            yield follower
    finally:
        for pid in others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


async def all_ready(server: ServerProcess, count: int) -> list[int]:
    """Wait until so many workers serve, each of them; their process ids."""
    async with asyncio.timeout(PATIENCE):
        while server.said().count("Application startup complete.") < count or len(workers_of(server)) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await server.ready(PATIENCE)
    return workers_of(server)


@pytest.fixture
def home() -> Iterator[Path]:
    """The folder of an embedded database, with the small world in it, that nobody uses."""
    folder = Path(tempfile.mkdtemp(prefix="ag-"))
    try:
        with embedded.running(folder, lambda _: None, FAST) as url:
            asyncio.run(_fill(url))
        yield folder
    finally:
        embedded.at(folder).stop()
        shutil.rmtree(folder, ignore_errors=True)


async def _fill(url: str) -> None:
    at = of_our_own(url)
    await database.prepare(at)
    await database.open_door(at.runtime, Settings())
    with acting(console_actor("tests")):
        await build_world()
    await database.close_door()


@pytest.mark.timeout(4 * PATIENCE)
async def test_inv_21_workers_on_the_embedded_database_tell_each_other_at_once_and_a_killed_one_is_replaced(
    home: Path, tmp_path: Path
) -> None:
    async with serving("", tmp_path / "log", workers=2, data_dir=home, log_level="INFO", **SLOW) as server:
        first, second = await all_ready(server, 2)
        async with follower_at(server, first) as one, follower_at(server, second) as two:
            for number in range(1, 7):  # whichever worker each of these reaches
                serial = f"PVS-{number:03}"
                await server.live.as_("north").issue("S-001", serial)
                assert [await told(one), await told(two)] == [{"item": {"serial": serial}}] * 2
        os.kill(first, signal.SIGKILL)
        await until_gone(first)
        replaced = await all_ready(server, 3)
        assert first not in replaced
        assert second in replaced
        for worker in replaced:
            async with follower_at(server, worker):
                pass
        await asyncio.to_thread(server.stop)
        await until_gone(*replaced)
        assert embedded.at(home)._reachable() is None  # the one that started it has stopped it


@pytest.mark.timeout(4 * PATIENCE)
async def test_workers_end_when_the_one_that_started_them_is_killed(database_url: str, tmp_path: Path) -> None:
    async with serving(database_url, tmp_path / "log", workers=2, log_level="INFO") as server:
        workers = await all_ready(server, 2)
        server.kill()
        await until_gone(*workers)
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(("127.0.0.1", server.port))


async def test_a_worker_that_is_killed_while_it_is_asked_whether_it_is_there_is_found_dead_at_once() -> None:
    worker = Worker(Application(Settings(workers=2), "").configuration(), [])
    worker.start()
    try:
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGSTOP)  # it will answer nothing
        asking = asyncio.create_task(asyncio.to_thread(worker.is_alive, PATIENCE))
        while not _unread(worker):  # noqa: ASYNC110 - it is asked in another thread
            await asyncio.sleep(0.01)
        os.kill(worker.pid, signal.SIGKILL)
        async with asyncio.timeout(30):  # and not as long as one may take to answer
            assert not await asking
    finally:
        worker.kill()
        worker.join()


def _unread(worker: Worker) -> int:
    """How much of what it was asked a worker has not read yet."""
    (size,) = struct.unpack("i", fcntl.ioctl(worker.parent_conn.fileno(), termios.TIOCOUTQ, bytes(4)))
    return int(size)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            {"broadcast_url": "memory://"},
            "Leave ARMGUARD_BROADCAST_URL empty, so that the database does it, or set it to redis://host:6379",
        ),
        ({"pool_size": 90}, "Set ARMGUARD_POOL_SIZE to "),
    ],
)
def test_workers_that_would_not_hear_of_each_other_or_starve_are_refused(
    database_url: str, settings: dict[str, Any], says: str, tmp_path: Path
) -> None:
    line = refusal_to_start(database_url, tmp_path / "log", workers=3, **settings)
    assert line.startswith("3 workers ")
    assert says in line
