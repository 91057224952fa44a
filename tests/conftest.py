"""What tests stand on: a real PostgreSQL, migrated as users' is; a small world made by real commands; a real server on a real port.

`--server=debian` runs them on Debian's PostgreSQL instead of the embedded one: those for which that can make a difference, and where
what is tried is drawn at random, a fifth of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from graph import database, embedded
from graph.address import Addresses, of_our_own
from graph.audit import replay
from graph.audit.actor import acting, console_actor
from graph.audit.ledger import export_events, read_heads
from graph.audit.verify import verify
from graph.logs import start_logs
from graph.settings import Settings
from tests.redis_server import Redis, running_redis
from tests.server import Live, running_server
from tests.world import build_world

# Tests ask as fast as they can, all from one address: those of the limits set their own.
for limit in ("ADDRESS_REQUESTS", "ACCOUNT_REQUESTS", "ADDRESS_SOCKETS", "ACCOUNT_SOCKETS"):
    os.environ.setdefault(f"ARMGUARD_{limit}", "0")
start_logs("ERROR")  # as a server's: without it, a traceback in a log names every local variable
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
MEMORY, ROOM_BYTES = Path("/dev/shm"), 8 * 1024**3  # noqa: S108 - a file system in memory, as Linux has one
_names = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which PostgreSQL the tests run on."""
    parser.addoption("--server", choices=("embedded", "debian"), default="embedded", help="which PostgreSQL the tests run on")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On another server only what a server can make different is run again."""
    if config.getoption("--server") != "embedded":
        with_one = [item for item in items if "cluster" in getattr(item, "fixturenames", ())]
        again = [item for item in with_one if item.get_closest_marker("once") is None]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(again)])
        items[:] = again


@dataclass(frozen=True)
class Cluster:
    """A running PostgreSQL: `url` gives the address of one of its databases for its superuser.

    `restart` stops and starts it; `crash` kills it (-9) and starts it again after so many seconds.
    """

    url: Callable[[str], str]
    restart: Callable[[], None]
    crash: Callable[[float], None]

    def at(self, name: str) -> Addresses:
        """The addresses of a database, for its owner and for who serves from it."""
        return of_our_own(self.url(name))


def _debian_bin() -> Path:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    if not versions:
        pytest.skip("Debian's PostgreSQL is not installed here")
    return versions[-1].parent


def _new_home() -> Path:
    """A folder for a PostgreSQL, in memory where there is room: nearly every test copies a database, which is hundreds of files."""
    roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    return Path(tempfile.mkdtemp(prefix="ag-", dir=MEMORY if roomy else None))


@contextlib.contextmanager
def _debian_cluster() -> Iterator[Cluster]:
    """Debian's PostgreSQL in a folder of its own, on a socket of its own; as root it runs as the package's own user."""
    bin_dir = _debian_bin()
    user: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    home = _new_home()
    if user:
        shutil.chown(home, "postgres", "postgres")
    data = home / "data"
    options = " ".join(f"-c {name}={value}" for name, value in {**FAST, "listen_addresses": "''", "max_connections": "200"}.items())

    def control(*action: str) -> None:
        command = [str(bin_dir / "pg_ctl"), "-D", str(data), "-w", "-l", str(home / "log"), "-o", f"{options} -k {home}", *action]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **user)

    def crash(seconds: float) -> None:
        os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        time.sleep(seconds)
        for _ in range(50):  # its last processes may still be leaving
            with contextlib.suppress(subprocess.CalledProcessError):
                return control("start")
            time.sleep(0.1)
        raise AssertionError("it does not start again")

    initdb = [str(bin_dir / "initdb"), "-D", str(data), "-E", "UTF8", "--locale=C", "-A", "trust", "-U", "postgres"]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd="/", **user)
    control("start")
    try:
        yield Cluster(lambda name: f"postgres://postgres@/{name}?host={home}", lambda: control("-m", "fast", "restart"), crash)
    finally:
        control("-m", "immediate", "stop")
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def _embedded_cluster() -> Iterator[Cluster]:
    home = _new_home()

    def crash(seconds: float) -> None:
        os.kill(int((home / "pgdata" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        time.sleep(seconds)
        embedded.restart(home, FAST)

    try:
        with embedded.running(home, lambda _: None, FAST) as url:
            yield Cluster(lambda name: url.replace("/armguard?", f"/{name}?"), lambda: embedded.restart(home, FAST), crash)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def share(request: pytest.FixtureRequest) -> float:
    """How much is tried of what is drawn at random: all, and on another server a fifth, which is all that is different then."""
    return 1.0 if request.config.getoption("--server") == "embedded" else 0.2


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """One PostgreSQL for the whole run."""
    which = request.config.getoption("--server")
    with _debian_cluster() if which == "debian" else _embedded_cluster() as running:
        yield running


def _in_postgres(cluster: Cluster, *statements: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(cluster.url("postgres"))
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    asyncio.run(run())


@pytest.fixture(scope="session")
def migrated(cluster: Cluster) -> str:
    """The name of a database that is migrated and empty, to be copied."""
    _in_postgres(cluster, "CREATE DATABASE migrated")
    asyncio.run(database.prepare(cluster.at("migrated")))
    return "migrated"


@pytest.fixture(scope="session")
def populated(cluster: Cluster, migrated: str) -> str:
    """The name of a database with the small world of `tests.world`, to be copied."""
    copy_database(cluster, migrated, "populated")

    async def fill() -> None:
        await database.open_door(cluster.at("populated").runtime, Settings())
        with acting(console_actor("tests")):
            await build_world()
        await database.close_door()

    asyncio.run(fill())
    return "populated"


def copy_database(cluster: Cluster, template: str, name: str) -> None:
    """Copy a database, with what nobody may do in it: that is not copied by itself."""
    _in_postgres(cluster, f"CREATE DATABASE {name} TEMPLATE {template}", f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC")


@contextlib.contextmanager
def _copy(cluster: Cluster, template: str) -> Iterator[Addresses]:
    name = f"copy_{next(_names)}"
    _in_thread(lambda: copy_database(cluster, template, name))
    try:
        yield cluster.at(name)
    finally:
        _in_thread(lambda: _in_postgres(cluster, f"DROP DATABASE {name} WITH (FORCE)"))


def _in_thread(work: Callable[[], None]) -> None:
    """Run a loop of our own beside the one that a test may be in."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()


@pytest.fixture
def empty(cluster: Cluster, migrated: str) -> Iterator[Addresses]:
    """The addresses of a database that is migrated and empty, for this test alone."""
    with _copy(cluster, migrated) as at:
        yield at


@pytest.fixture
def empty_url(empty: Addresses) -> str:
    """Where it is served from."""
    return empty.runtime


@pytest.fixture
def small_world(cluster: Cluster, populated: str) -> Iterator[Addresses]:
    """The addresses of a database with the small world, for this test alone."""
    with _copy(cluster, populated) as at:
        yield at


@pytest.fixture
def database_url(small_world: Addresses) -> str:
    """Where it is served from."""
    return small_world.runtime


@pytest.fixture
def owner_url(small_world: Addresses) -> str:
    """Where its owner, a superuser, comes in: who can look at everything, and break it."""
    return small_world.owner


@pytest.fixture
def redis() -> Iterator[Redis]:
    """A real Redis, for this test alone."""
    with running_redis() as running:
        yield running


@pytest.fixture
def settings() -> Settings:
    """Settings with short waits, no clock, and no word of a feed in which nothing happens.

    A test that needs others makes a copy with `model_copy(update=...)`.
    """
    return Settings(
        standing_seconds=0.2,
        feed_poll_seconds=0.2,
        feed_heartbeat_seconds=600,
        lock_timeout_ms=2000,
        overdue_poll_seconds=0,
        second_factor_roles=(),
    )


@pytest.fixture
async def opened(database_url: str, settings: Settings) -> AsyncIterator[str]:
    """The small world with the door open in this process, acting as the console; no server."""
    await database.open_door(database_url, settings)
    try:
        with acting(console_actor("tests")):
            yield database_url
    finally:
        await database.close_door()


@pytest.fixture
async def live(database_url: str, settings: Settings) -> AsyncIterator[Live]:
    """A real server on a real port over the small world. Afterwards its ledger must be whole and explain every table."""
    async with running_server(database_url, settings) as server:
        yield server
        await database.close_door()
        await database.open_door(database_url, settings)
        await assert_whole()


async def assert_whole() -> None:
    """The chain is whole, and folding it gives exactly the tables (INV-15, INV-16)."""
    events = [event async for event in export_events()]
    report = verify(events, await read_heads())
    assert report.whole, report.faults
    assert replay.differences(replay.replay(events), await replay.live_book()) == []


@pytest.fixture
async def plain_sql(owner_url: str) -> AsyncIterator[Any]:
    """A connection of our own, as somebody with the superuser's password has."""
    connection = await asyncpg.connect(owner_url)
    try:
        yield connection
    finally:
        await connection.close()


def kill(process: subprocess.Popen[bytes]) -> None:
    """kill -9, and wait until it is gone."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGKILL)
    process.wait()
