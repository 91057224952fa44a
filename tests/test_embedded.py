"""The embedded PostgreSQL: started, shared, adopted and stopped, by several processes and after crashes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest
from tortoise.backends.asyncpg.client import AsyncpgDBClient
from tortoise.backends.base.config_generator import expand_db_url

from graph import embedded
from graph.errors import StartupError

QUICK = {"fsync": "off"}
FOUND = "Found the database of an earlier run still running; using it."
RECOVERS = "The database was not shut down cleanly; it recovers now."
USER = """
import os, sys
from pathlib import Path
from graph import embedded
from graph.errors import StartupError
import pwd, tempfile, encodings.idna
folder, uid = Path(sys.argv[1]), int(sys.argv[2])
if uid:
    embedded._installed()
    os.setgroups([]); os.setgid(uid); os.setuid(uid)
try:
    with embedded.running(folder, lambda line: print("says", line, flush=True), {"fsync": "off"}) as url:
        print("in", url, flush=True)
        sys.stdin.readline()
    print("out", flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
except StartupError as error:
    print("failed", error, flush=True)
"""


class User:
    """Another process that uses the database."""

    def __init__(self, folder: Path, uid: int = 0, **options: object) -> None:
        command = [sys.executable, "-c", USER, str(folder), str(uid)]
        env = {**os.environ, "PYTHONPATH": str(Path(embedded.__file__).parent.parent)}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, **options)  # type: ignore[call-overload]
        self.said: list[str] = []

    def until(self, word: str) -> str:
        """The rest of the first line that begins with this word."""
        for line in self.process.stdout:
            first, _, rest = line.strip().partition(" ")
            if first == word:
                return str(rest)
            self.said.append(rest)
        raise AssertionError(f"ended without {word}: {self.said}")

    def leave(self) -> None:
        self.process.stdin.write("\n")
        self.process.stdin.close()
        self.until("out")
        assert self.process.wait(30) == 0
        self.process.stdout.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)
        self.process.stdin.close()
        self.process.stdout.close()


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def pid(folder: Path) -> int:
    return int((folder / "pgdata/postmaster.pid").read_text().split()[0])


def inside(folder: Path, pattern: str) -> list[Path]:
    return list(folder.glob(pattern))


def runs(folder: Path) -> bool:
    """Whether any server of this folder runs, by the processes there are."""
    found = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return any("postgres -D" in line and f"{folder}/pgdata " in line for line in found.splitlines())


async def ask(url: str, sql: str) -> object:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    top = Path(tempfile.mkdtemp(prefix="ag-", dir="/tmp")).resolve()
    top.chmod(0o755)
    yield top / "data"
    server = embedded.at(top / "data")
    if server.pgdata.exists():
        server.stop()
    left = runs(top / "data")
    shutil.rmtree(top)
    assert not left


@pytest.fixture
def said() -> list[str]:
    return []


async def test_the_second_start_finds_the_data_of_the_first(folder: Path, said: list[str]) -> None:
    with embedded.running(folder, said.append, QUICK) as url:
        await ask(url, "CREATE TABLE kept AS SELECT 7 AS number")
        assert await ask(url, "SHOW server_encoding") == "UTF8"
        assert await ask(url, "SELECT 'Ä' < 'B' OR lower('Ä') <> 'ä'") is False, "code point order, and every letter has its case"
        assert await ask(url, "SHOW listen_addresses") == ""
        assert await ask(url, "SHOW fsync") == "off"
    assert not runs(folder)
    assert not inside(folder, "run-*")
    began = time.monotonic()
    with embedded.running(folder, said.append) as url:
        assert time.monotonic() - began < 10
        assert await ask(url, "SELECT number FROM kept") == 7
        assert await ask(url, "SHOW fsync") == "on"
        assert await ask(url, "SHOW synchronous_commit") == "on"
    assert not [line for line in said if line in (FOUND, RECOVERS)]
    assert embedded.at(folder).pgdata.stat().st_mode & 0o777 == 0o700


async def test_tortoise_takes_the_url(folder: Path, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "1")
    with embedded.running(folder, said.append, QUICK) as url:
        assert await ask(url, "SELECT 1") == 1
        client = AsyncpgDBClient(connection_name="default", **expand_db_url(url)["credentials"])
        await client.create_connection(with_db=True)
        _, rows = await client.execute_query("SELECT current_database() AS name")
        assert rows[0]["name"] == "armguard"
        await client.close()


def test_two_start_at_once_on_an_empty_folder(folder: Path) -> None:
    users = [User(folder) for _ in range(4)]
    assert len({user.until("in") for user in users}) == 1
    assert not [line for user in users for line in user.said if line in (FOUND, RECOVERS)]
    for user in users:
        assert runs(folder)
        user.leave()
    assert not runs(folder)


async def test_the_first_to_leave_does_not_stop_it_the_last_does(folder: Path) -> None:
    first = User(folder)
    url = first.until("in")
    second = User(folder)
    assert second.until("in") == url
    first.leave()
    assert await ask(url, "SELECT 1") == 1
    second.leave()
    assert not runs(folder)


async def test_two_uses_within_one_process(folder: Path, said: list[str]) -> None:
    with embedded.running(folder, said.append, QUICK) as url:
        with embedded.running(folder, said.append) as same:
            assert same == url
        assert await ask(url, "SELECT 1") == 1
    assert not runs(folder)
    assert FOUND not in said


async def test_adopted_after_its_only_user_was_killed(folder: Path, said: list[str]) -> None:
    user = User(folder)
    url = user.until("in")
    await ask(url, "CREATE TABLE kept AS SELECT 7 AS number")
    before = pid(folder)
    user.kill()
    with embedded.running(folder, said.append) as again:
        assert again == url
        assert pid(folder) == before
        assert await ask(again, "SELECT number FROM kept") == 7
    assert said == [FOUND]
    assert not runs(folder)


def test_killed_at_any_moment_of_the_first_start(folder: Path, said: list[str]) -> None:
    for delay in (0.25, 0.35, 0.45, 0.6, 0.75):
        user = User(folder)
        with pytest.raises(subprocess.TimeoutExpired):
            user.process.wait(delay)
        user.kill()
    for _ in range(2):
        with embedded.running(folder, said.append, QUICK):
            assert runs(folder)
        assert not runs(folder)
    assert not inside(folder, "pgdata.new-*")


async def test_the_server_itself_was_killed(folder: Path, said: list[str]) -> None:
    user = User(folder)
    url = user.until("in")
    await ask(url, "CREATE TABLE kept AS SELECT 7 AS number")
    os.kill(pid(folder), signal.SIGKILL)
    until(lambda: not runs(folder))
    with embedded.running(folder, said.append, QUICK) as again:
        assert again == url, "the other user's pool still finds it"
        assert RECOVERS in said
        assert await ask(again, "SELECT number FROM kept") == 7
    user.leave()
    assert not runs(folder)
    assert not inside(folder, "run-*")


async def test_the_process_id_of_a_crashed_server_belongs_to_another(folder: Path, said: list[str]) -> None:
    with embedded.running(folder, said.append, QUICK):
        lines = (folder / "pgdata/postmaster.pid").read_text().splitlines()
    owner = (folder / "pgdata").stat()
    child = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    with subprocess.Popen(["sleep", "600"], cwd="/", **child) as other:  # type: ignore[call-overload]  # noqa: ASYNC220
        (folder / "pgdata/postmaster.pid").write_text("\n".join([str(other.pid), *lines[1:], ""]))
        os.chown(folder / "pgdata/postmaster.pid", owner.st_uid, owner.st_gid)
        with embedded.running(folder, said.append, QUICK) as url:
            assert await ask(url, "SELECT 1") == 1
        assert RECOVERS in said
        assert other.poll() is None, "and that other process is left alone"
        other.kill()


async def test_a_copy_of_a_running_folder_is_a_database_of_its_own(folder: Path, said: list[str]) -> None:
    copy = folder.with_name("copy")
    with embedded.running(folder, said.append, QUICK) as url:
        subprocess.run(["cp", "-a", str(folder), str(copy)], check=False, capture_output=True)  # noqa: ASYNC221
        with embedded.running(copy, said.append, QUICK) as other:
            assert other != url
            assert await ask(other, "SHOW data_directory") == str(copy / "pgdata")
        assert await ask(url, "SELECT 1") == 1
    assert not runs(copy)


@pytest.mark.parametrize("name", ["long" * 40, "with space", 'o\'dd $HOME, "quoted" `name`', "Ünïcode"])
async def test_any_path(folder: Path, said: list[str], name: str) -> None:
    far = folder / name / "data"
    with embedded.running(far, said.append, QUICK) as url:
        place = embedded.at(far)._reachable()
        assert place is not None
        assert await ask(url, "SELECT 1") == 1
        embedded.restart(far, QUICK)
        assert embedded.at(far).url == url
        assert await ask(url, "SELECT 1") == 1
    assert not runs(far)
    assert not place.socket_dir.exists()


async def test_restarted_between_two_requests(folder: Path, said: list[str]) -> None:
    with embedded.running(folder, said.append, QUICK) as url:
        pool = await asyncpg.create_pool(url, min_size=1, max_size=2)
        assert await pool.fetchval("SELECT 1") == 1
        before = pid(folder)
        embedded.restart(folder, QUICK)
        assert pid(folder) != before
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            await pool.fetchval("SELECT 1")  # on the connection that was cut off
        assert await pool.fetchval("SELECT 1") == 1
        await pool.close()
    assert RECOVERS not in said


def test_another_major_version_is_left_alone(folder: Path, said: list[str]) -> None:
    with embedded.running(folder, said.append, QUICK):
        pass
    (folder / "pgdata/PG_VERSION").write_text("15\n")
    before = sorted((path, path.stat().st_mtime_ns) for path in (folder / "pgdata").rglob("*"))
    with pytest.raises(StartupError, match=r"by PostgreSQL 15, and .* brings PostgreSQL 18"), embedded.running(folder, said.append):
        pass
    assert before == sorted((path, path.stat().st_mtime_ns) for path in (folder / "pgdata").rglob("*"))


def test_something_in_the_way(folder: Path, said: list[str]) -> None:
    folder.write_text("a file")
    with pytest.raises(StartupError, match="is a file"), embedded.running(folder, said.append):
        pass
    with pytest.raises(StartupError, match="cannot be used: File exists"), embedded.running(folder / "below", said.append):
        pass
    with pytest.raises(StartupError, match="cannot be used"), embedded.running(Path("/proc/armguard"), said.append):
        pass


def test_a_server_that_does_not_start_says_why_and_where_its_log_is(folder: Path, said: list[str]) -> None:
    with embedded.running(folder, said.append, QUICK):
        pass
    with pytest.raises(StartupError, match=r"did not start; its log is \S+ and says: .*max_connections") as failed:  # noqa: SIM117
        with embedded.running(folder, said.append, {"max_connections": "none"}):
            pass
    assert "\n" not in str(failed.value)
    (folder / "pgdata/global/pg_control").unlink()
    with pytest.raises(StartupError, match="did not start; its log is") as failed, embedded.running(folder, said.append):
        pass
    assert "\n" not in str(failed.value)
    assert not runs(folder)


async def test_ctrl_c_reaches_us_and_not_the_server(folder: Path) -> None:
    user = User(folder, start_new_session=True)
    url = user.until("in")
    witness = User(folder)
    witness.until("in")
    before = pid(folder)
    os.killpg(user.process.pid, signal.SIGINT)
    user.until("interrupted")
    user.kill()
    assert await ask(url, "SELECT 1") == 1
    assert pid(folder) == before
    witness.leave()


def test_an_ordinary_user(folder: Path, said: list[str]) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user; all the other tests run as an ordinary one")
    uid = 65534
    folder.mkdir()
    os.chown(folder, uid, uid)
    user = User(folder, uid)
    user.until("in")
    assert (folder / "pgdata").stat().st_uid == uid
    with embedded.running(folder, said.append):  # root beside it
        user.leave()
        assert runs(folder)
    assert not runs(folder)
    assert said == []
    with embedded.running(folder, said.append):  # root starts it, and still as its owner
        assert (folder / "pgdata/postmaster.pid").stat().st_uid == uid
        user = User(folder, uid)
        user.until("in")
    user.leave()
    assert not runs(folder)
    os.chown(folder, 0, 0)
    folder.chmod(0o700)
    user = User(folder, uid)
    assert "Permission denied" in user.until("failed")
    user.kill()
