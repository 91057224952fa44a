"""Where a database is, who comes there, and the first knock at its door."""

from __future__ import annotations

import socket
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import asyncpg

from graph.errors import StartupError

OLDEST_SERVER = 150000
RUNTIME = "armguard_runtime"  # the role that serving works as, or that a site's own login is a member of


class Addresses(NamedTuple):
    """The two addresses of one database: of who makes and changes it, and of who serves from it."""

    owner: str
    runtime: str
    own: bool = False  # whether the server is our own: then nobody else reaches it, and the runtime role itself signs in

    @property
    def setting(self) -> str:
        """The setting that says where the owner comes in."""
        return "ARMGUARD_DATABASE_URL" if self.owner == self.runtime else "ARMGUARD_OWNER_URL"


def of_our_own(url: str) -> Addresses:
    """The addresses of a database on a server of our own, whose owner comes in by this one."""
    parts = urlsplit(url)
    given = urlencode({name: values[-1] for name, values in parse_qs(parts.query).items() if name not in ("user", "password")}, safe="/")
    host = parts.netloc.rpartition("@")[2]
    return Addresses(url, urlunsplit(parts._replace(netloc=f"{RUNTIME}@{host}", query=given)), own=True)


def place(url: str) -> str:
    """Where a database is, for a message: never with its password."""
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [""])[-1]
    return f"{parts.path.lstrip('/') or 'postgres'}" + ("" if host else f" at {parts.hostname}:{parts.port or 5432}")


async def knock(url: str, setting: str = "ARMGUARD_DATABASE_URL", timeout_seconds: float = 10) -> asyncpg.Connection[Any]:
    """A connection of our own, after checking that the server is one that ArmGuard runs on.

    Raises:
        StartupError: no server answers, it refuses us, is older than PostgreSQL 15, or its database is not in UTF-8.
    """
    try:
        parts = urlsplit(url)
        readable = parts.scheme in ("postgres", "postgresql") and parts.port != 0
    except ValueError:
        readable = False
    if not readable:
        raise StartupError(f"{setting} must look like postgresql://user:password@host:5432/name.")
    try:
        connection = await asyncpg.connect(url, timeout=timeout_seconds)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise StartupError(f"The database {place(url)} cannot be used: {_why_not(error)}. Check {setting}.") from None
    version = int(await connection.fetchval("SHOW server_version_num"))
    if version < OLDEST_SERVER or await connection.fetchval("SHOW server_encoding") != "UTF8":
        await connection.close()
        raise StartupError(f"The database {place(url)} must be PostgreSQL 15 or newer with the encoding UTF8.")
    return connection


def _why_not(error: Exception) -> str:
    match error:
        case ConnectionRefusedError() | FileNotFoundError():
            return "nothing answers there"
        case socket.gaierror():
            return "its host is not known"
        case TimeoutError():
            return "it does not answer in time"
        case asyncpg.PostgresError():
            return str(error).split("\n")[0].rstrip(".")
        case _:
            return "the address is not complete, or the connection broke off"
