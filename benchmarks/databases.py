"""The databases of a run: the data is built once and kept as it is; each run measures on a copy, which goes with it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator

import asyncpg

from benchmarks.data import build, database_name


def address(cluster: str, name: str) -> str:
    """Where one of the databases of the server is."""
    return cluster.replace("/armguard?", f"/{name}?")


@contextlib.contextmanager
def databases(cluster: str, told: Callable[[str], None], size: int = 1) -> Iterator[str]:
    """The data; of size 1 a copy, which is written to, of size 10 as it was built, which is only read."""
    asyncio.run(_built(cluster, size, told))
    if size != 1:
        yield address(cluster, database_name(size))
        return
    name = f"bench_run_{os.getpid()}"
    asyncio.run(_execute(cluster, f"CREATE DATABASE {name} TEMPLATE {database_name(size)} STRATEGY file_copy"))
    try:
        yield address(cluster, name)
    finally:
        asyncio.run(_execute(cluster, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


async def _execute(cluster: str, *statements: str) -> None:
    connection = await asyncpg.connect(cluster)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _built(cluster: str, size: int, told: Callable[[str], None]) -> None:
    """Build the data if it is not there, and drop what earlier runs and earlier forms of the data have left."""
    name = database_name(size)
    connection = await asyncpg.connect(cluster)
    try:
        there = [row["datname"] for row in await connection.fetch(r"SELECT datname FROM pg_database WHERE datname LIKE 'bench%'")]
        kept = {database_name(1), database_name(10)}
        for old in there:
            if old not in kept:
                with contextlib.suppress(asyncpg.ObjectInUseError):  # somebody else's run
                    await connection.execute(f"DROP DATABASE IF EXISTS {old}")
        if name not in there:
            await connection.execute(f"CREATE DATABASE {name}_building")
            await build(address(cluster, f"{name}_building"), size, told)
            await connection.execute(f"ALTER DATABASE {name}_building RENAME TO {name}")
    finally:
        await connection.close()
