"""Start-up and migrations."""

from __future__ import annotations

import asyncio
import importlib.util
import json
from pathlib import Path

import asyncpg
import pytest
from aerich.utils import decompress_dict, get_models_describe
from tortoise import Tortoise

from graph import database
from graph.address import Addresses
from graph.errors import StartupError, Unavailable
from graph.settings import Settings


def models_state(file: Path) -> object:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return decompress_dict(module.MODELS_STATE)


async def test_the_migrations_are_those_of_the_models(empty_url: str) -> None:
    files = [database.MIGRATIONS / "models" / name for name in database.known_migrations()]
    last = next(file for file in reversed(files) if "MODELS_STATE = (" in file.read_text())
    await Tortoise.init(config=database.tortoise_config(empty_url))
    try:
        described = json.loads(json.dumps(get_models_describe("models")))
        assert models_state(last) == described, "the models have changed: run `aerich migrate` and look at what it made"
    finally:
        await Tortoise.close_connections()


async def test_an_empty_database_is_migrated_once(empty: Addresses) -> None:
    connection = await asyncpg.connect(empty.owner)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await connection.close()
    assert await database.migrate(empty.owner) == database.known_migrations()
    assert await database.migrate(empty.owner) == []


@pytest.mark.parametrize("who", ["owner", "runtime"])
async def test_a_newer_database_is_left_alone(empty: Addresses, who: str) -> None:
    connection = await asyncpg.connect(empty.owner)
    await connection.execute("INSERT INTO aerich (version, app, content) VALUES ('99_20990101000000_future.py', 'models', '{}')")
    with pytest.raises(StartupError, match="newer ArmGuard"):
        await database.migrate(getattr(empty, who))
    assert await connection.fetchval("SELECT count(*) FROM aerich") == len(database.known_migrations()) + 1
    await connection.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "postgres://u:secret@127.0.0.1:1/x", "not a url"])
async def test_a_database_that_cannot_be_used_is_one_sentence_without_its_password(url: str) -> None:
    with pytest.raises(StartupError) as refused:
        await database.migrate(url)
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_the_limits_of_the_settings_hold_on_every_connection(database_url: str, settings: Settings) -> None:
    await database.open_door(database_url, settings)
    try:
        row = await database.fetch_one("SELECT current_setting('lock_timeout') AS lock, current_setting('timezone') AS zone")
        assert row is not None
        assert dict(row) == {"lock": "2s", "zone": "UTC"}
    finally:
        await database.close_door()


async def test_with_the_door_closed_nothing_is_read() -> None:
    with pytest.raises(Unavailable):
        database.door()


async def test_a_read_that_is_cancelled_leaves_nothing_behind_for_who_has_its_connection_next(empty_url: str) -> None:
    """A sibling that fails, or a client that goes away, cancels a read at any moment; its time limit must not strike somebody else."""
    await database.open_door(empty_url, Settings(pool_size=10, statement_timeout_ms=300))
    try:
        for batch in range(4):
            texts = [f"SELECT {batch * 10 + number} AS a{number}, count(*) FROM pg_class WHERE relname <> $1" for number in range(10)]
            reads = [asyncio.create_task(database.fetch(text, "x")) for text in texts]
            for number, read in enumerate(reads):
                asyncio.get_running_loop().call_later(number / 2000, read.cancel)
            await asyncio.gather(*reads, return_exceptions=True)
            await asyncio.sleep(0.4)  # longer than the time limit of what was cancelled
            assert len(await asyncio.gather(*(database.fetch("SELECT 1, pg_sleep(0.02)") for _ in range(10)))) == 10
    finally:
        await database.close_door()


@pytest.mark.parametrize(("sql", "values"), [("SELECT 1", (2,)), ("SELECT $1::int", ()), ("SELECT $1::int", (1, 2))])
async def test_a_statement_whose_values_do_not_fit_is_a_fault_of_ours_and_not_a_database_that_is_away(
    opened: str, sql: str, values: tuple[object, ...]
) -> None:
    async def work() -> object:
        return await database.fetch(sql, *values)

    with pytest.raises(asyncpg.InterfaceError):
        await work()
    with pytest.raises(asyncpg.InterfaceError):
        await database.transaction(work)
    assert await database.fetch("SELECT 1")
