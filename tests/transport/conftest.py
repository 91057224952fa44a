"""A real server over the small world, whose ledger is looked at by whoever asks."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator

import pytest

from graph.logs import start_logs
from graph.settings import Settings
from tests.server import Live, running_server

BOARD = "https://board.example"  # the dashboards' origin, which the site lists


@pytest.fixture
def settings() -> Settings:
    """Short waits, and the origin of the dashboards."""
    return Settings(
        standing_seconds=0.2,
        feed_poll_seconds=0.2,
        overdue_poll_seconds=0,
        second_factor_roles=(),
        origins=(BOARD,),
        stream_pulse_seconds=0.05,
    )


@pytest.fixture
async def server(database_url: str, settings: Settings) -> AsyncIterator[Live]:
    """The server."""
    async with running_server(database_url, settings) as running:
        yield running


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What a server in use says on standard error."""
    text = io.StringIO()
    with monkeypatch.context() as patched:
        patched.setattr("sys.stderr", text)
        start_logs("INFO")
        yield text
    start_logs("ERROR")
