"""The demo's data, loaded once for the whole run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from graph import database, demo
from graph.address import Addresses
from graph.audit.actor import acting, console_actor
from graph.settings import Settings
from tests.conftest import Cluster, _copy, copy_database
from tests.server import Live, running_server


@pytest.fixture(scope="session")
def demo_template(cluster: Cluster, migrated: str) -> str:
    """The name of a database with the demo's data, to be copied. Loading it takes some ten seconds."""
    copy_database(cluster, migrated, "demo")

    async def fill() -> None:
        await database.open_door(cluster.at("demo").runtime, Settings())
        with acting(console_actor("demo")):
            await demo.load(lambda _what, _share: None)
        await database.close_door()

    asyncio.run(fill())
    return "demo"


@pytest.fixture
def demo_addresses(cluster: Cluster, demo_template: str) -> Iterator[Addresses]:
    """The addresses of a database with the demo's data, for this test alone."""
    with _copy(cluster, demo_template) as at:
        yield at


@pytest.fixture
def demo_url(demo_addresses: Addresses) -> str:
    """Where it is served from."""
    return demo_addresses.runtime


@pytest.fixture
async def demo_live(demo_url: str, settings: Settings) -> AsyncIterator[Live]:
    """A real server over the demo's data."""
    async with running_server(demo_url, settings) as server:
        yield server
