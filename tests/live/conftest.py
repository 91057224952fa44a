"""The demo's data, loaded once for the whole run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from graph import database, demo
from graph.audit.actor import acting, console_actor
from graph.settings import Settings
from tests.conftest import Cluster, _copy, _in_postgres
from tests.server import Live, running_server


@pytest.fixture(scope="session")
def demo_template(cluster: Cluster, migrated: str) -> str:
    """The name of a database with the demo's data, to be copied. Loading it takes some ten seconds."""
    _in_postgres(cluster, f"CREATE DATABASE demo TEMPLATE {migrated}")

    async def fill() -> None:
        await database.open_door(cluster.url("demo"), Settings())
        with acting(console_actor("demo")):
            await demo.load(lambda _what, _share: None)
        await database.close_door()

    asyncio.run(fill())
    return "demo"


@pytest.fixture
def demo_url(cluster: Cluster, demo_template: str) -> Iterator[str]:
    """The address of a database with the demo's data, for this test alone."""
    with _copy(cluster, demo_template) as url:
        yield url


@pytest.fixture
async def demo_live(demo_url: str, settings: Settings) -> AsyncIterator[Live]:
    """A real server over the demo's data."""
    async with running_server(demo_url, settings) as server:
        yield server
