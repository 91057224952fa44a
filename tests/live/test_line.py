"""The line of `armguard watch`, in this process: sign-ins that are renewed, servers that go silent, names that would act on a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from graphql import build_schema, parse, validate
from rich.console import Console

from graph.audit.actor import acting, console_actor
from graph.cli import line as line_module
from graph.cli.caller import DOCUMENT, Caller
from graph.cli.line import Line, Told, read_event
from graph.cli.views import HEADING_LINES, Screen
from graph.commands import sessions, tokens
from graph.errors import ArmGuardError, BadInput, Refused, Unauthenticated
from tests.chaos.processes import serving
from tests.server import Live
from tests.world import PASSWORD, api_token_of

SDL = Path(__file__).parents[2] / "schema.graphql"
SOON = 60.0  # a deadline for what happens within a second or two
DRAWN, HOLDER = "PVS-001", "S-010"


class Seen:
    """What was shown."""

    def __init__(self) -> None:
        self.events: list[Told] = []
        self.losses: list[str] = []
        self.times_heard = 0
        self._news = asyncio.Event()

    def told(self, event: Told) -> None:
        self.events.append(event)
        self._news.set()

    def heard(self) -> None:
        self.times_heard += 1
        self._news.set()

    def lost(self, why: str) -> None:
        self.losses.append(why)
        self._news.set()

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait until something is so, of what was shown."""
        async with asyncio.timeout(SOON):
            while not condition():
                self._news.clear()
                await self._news.wait()


@contextlib.asynccontextmanager
async def followed(caller: Caller, seen: Seen, *codes: str) -> AsyncIterator[asyncio.Task[None]]:
    """A line that is followed for the length of a block, from when it is there."""
    following: asyncio.Task[None] = asyncio.create_task(Line(caller, codes, seen).follow())
    try:
        await seen.until(lambda: seen.times_heard)
        yield following
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError, ArmGuardError):
            await following


def test_the_document_fits_the_schema() -> None:
    assert validate(build_schema(SDL.read_text()), parse(DOCUMENT)) == []


async def test_a_sign_in_is_renewed_before_its_token_ends_and_nothing_is_lost_or_repeated(live: Live) -> None:
    seen, armorer = Seen(), live.as_("north")
    had: set[str | None] = set()
    async with Caller(live.url, renewed_after=0) as caller:  # a second after each
        await caller.sign_in("north", PASSWORD, None)
        async with followed(caller, seen, "NORTH"):
            while len(had) < 4:
                had.add(caller.token)
                await armorer.issue(HOLDER, DRAWN)
                await armorer.give_back(DRAWN)
                await asyncio.sleep(0.05)
            last = (await armorer.issue(HOLDER, DRAWN))["events"][0]["seq"]
            await seen.until(lambda: seen.events and seen.events[-1].seq == last)
    assert [event.seq for event in seen.events] == list(range(seen.events[0].seq, last + 1))
    assert seen.losses == []


async def test_a_sign_in_whose_token_is_not_taken_gets_the_next_until_the_sign_in_has_ended(live: Live) -> None:
    seen = Seen()
    async with Caller(live.url) as caller:
        await caller.sign_in("north", PASSWORD, None)
        caller.token = "armgs_of-yesterday"
        async with followed(caller, seen, "NORTH") as following:
            await live.as_("north").issue(HOLDER, DRAWN)
            await seen.until(lambda: seen.events)
            assert (seen.events[0].serial, seen.losses) == (DRAWN, [])
            with acting(console_actor("tests")):
                await sessions.end_all_sessions(sessions.EndSessions(uuid4(), "north"))
            async with asyncio.timeout(SOON):
                with pytest.raises(Refused, match=r"This sign-in has ended\. Sign in again\."):
                    await following


async def test_a_token_for_programs_that_is_revoked_ends_the_line(live: Live) -> None:
    async with Caller(live.url, api_token_of("north")) as caller, followed(caller, Seen()) as following:
        with acting(console_actor("tests")):
            await tokens.revoke_token(tokens.RevokeToken(uuid4(), "north", "tests"))
        async with asyncio.timeout(SOON):
            with pytest.raises(Unauthenticated):
                await following


async def test_a_place_that_is_not_of_this_ledger_ends_the_line(live: Live) -> None:
    async with Caller(live.url, api_token_of("north")) as caller:
        line = Line(caller, (), Seen())
        line._cursor = "of another ledger"
        async with asyncio.timeout(SOON):
            with pytest.raises(BadInput):
                await line.follow()


async def test_a_server_that_goes_silent_is_noticed_and_nothing_lost(
    live: Live, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_module, "PING_SECONDS", 1.0)
    seen, armorer = Seen(), live.as_("north")
    async with (
        serving(database_url, tmp_path / "log") as server,
        Caller(server.live.url, api_token_of("north")) as caller,
        followed(caller, seen, "NORTH"),
    ):
        assert server.process is not None
        server.process.send_signal(signal.SIGSTOP)  # its sockets stay open, and nobody answers
        await seen.until(lambda: seen.losses)
        seqs = [(await armorer.issue(HOLDER, DRAWN))["events"][0]["seq"], (await armorer.give_back(DRAWN))["events"][0]["seq"]]
        monkeypatch.setattr(line_module, "PING_SECONDS", SOON)
        server.process.send_signal(signal.SIGCONT)
        await seen.until(lambda: len(seen.events) == 2)
        assert [event.seq for event in seen.events] == seqs


async def test_what_answers_and_is_not_armguard_is_said_to_be_so() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n[]")
        await writer.drain()
        writer.close()

    other = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{other.sockets[0].getsockname()[1]}"
    seen = Seen()
    async with other, Caller(url, "armg_any") as caller:
        following = asyncio.create_task(Line(caller, ["NORTH"], seen).follow())
        await seen.until(lambda: seen.losses)
        following.cancel()
    assert seen.losses[0] == f"What answers at {url}/graphql is not ArmGuard."


def event(number: int, **given: Any) -> Told:
    """An event as the API gives it, read."""
    given = {"serial": f"M4-{number:03}", "name": "Cruz, Juan", **given}
    return read_event(
        {
            "id": f"E{number}",
            "seq": number,
            "type": "ITEM_ISSUED",
            "summary": "It was issued.",
            "recordedAt": datetime(2026, 11, 29, 22, 30, number, tzinfo=UTC).isoformat(),
            "actorName": "armorer.north",
            "armory": {"code": "NORTH", "timezone": "Asia/Manila"},
            "item": {"serial": given["serial"]},
            "person": {"name": given["name"], "serviceNumber": "N-1"},
        }
    )


def drawn(screen: Screen, height: int) -> list[str]:
    """The lines of a screen of 100 columns."""
    console = Console(width=100, height=height, record=True, quiet=True)
    with console.capture() as captured:
        console.quiet = False
        console.print(screen.drawn(height))
    return captured.get().splitlines()


async def test_a_screen_fits_its_terminal_and_has_the_newest_event_on_top_and_each_once() -> None:
    screen = Screen("NORTH", Console())
    for number in range(20, 40):
        screen.told(event(number))
    screen.before([event(number) for number in range(10, 25)])
    screen.told(event(39))
    screen.count(5, 2)
    lines = drawn(screen, 100)
    assert [line.split("M4-")[1][:3] for line in lines if "M4-" in line] == [f"{number:03}" for number in range(39, 9, -1)]
    assert "30 Nov 06:30:39" in next(line for line in lines if "M4-039" in line)  # on the arms room's wall
    assert "Out: 5   Overdue: 2" in lines[1]
    for height in (HEADING_LINES, 8, 24):
        assert len(drawn(screen, height)) < height


async def test_nothing_in_a_name_acts_on_a_terminal() -> None:
    screen = Screen("NORTH", Console())
    screen.told(event(1, name="Cruz\x1b[2J\x1b]0;mine\x07, [bold]Juan", serial="M4\r\n\x9b1"))
    (line,) = [line for line in drawn(screen, 20) if "Cruz" in line]
    assert "Cruz�[2J�]0;mine�, [bold]Juan (N-1)" in line
    assert "M4���1" in line
