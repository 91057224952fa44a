"""Whoever follows the feed (`armguard watch`, the examples for Python and a browser) has every event once, whatever becomes of the line."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.processes import serving
from tests.server import Client, Live
from tests.world import PASSWORD, api_token_of

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "tests" / "clients"
PATIENCE = 60.0  # seconds until something that happens at once is given up
TURNS = 20  # an issue and a return each
KILLED_AFTER = (3, 11)
DRAWN, HOLDER = "PVS-001", "S-010"
WATCH = (sys.executable, "-m", "graph.cli", "watch")
NODE = shutil.which("node")
HEAD = 'query { armory(code: "NORTH") { events(first: 1) { edges { node { seq } } } } }'


class Program:
    """A program that follows, and what it has said so far, both on standard output and on standard error."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[str] = []

    async def line(self, pattern: str) -> re.Match[str]:
        """The next line in which this is found."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while True:
                line = (await self.process.stdout.readline()).decode()
                assert line, f"it ended: {self.said}"
                self.said.append(line.rstrip("\n"))
                if found := re.search(pattern, line):
                    return found

    async def ends(self) -> tuple[int, str]:
        """Its exit code, and its last line."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            rest = (await self.process.stdout.read()).decode().splitlines()
            return await self.process.wait(), [*self.said, *rest][-1]

    def seqs(self, event: str) -> list[int]:
        """The events that it has shown, by their places in the arms room's ledger."""
        return [int(found[1]) for line in self.said if (found := re.search(event, line))]


@contextlib.asynccontextmanager
async def running(*command: str, stdin: str = "", **environment: str) -> AsyncIterator[Program]:
    """A program, which is killed in the end if it has not ended."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1", **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # whatever the tests themselves were started by
    )
    assert process.stdin is not None
    process.stdin.write(stdin.encode())
    process.stdin.close()
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def head(client: Client) -> int:
    """How far the ledger of NORTH has come."""
    (newest,) = (await client(HEAD))["armory"]["events"]["edges"]
    return int(newest["node"]["seq"])


def without_node() -> str | None:
    """Why the browser's client cannot be tried here; in CI it can."""
    if os.environ.get("CI"):
        return None
    if NODE is None:
        return "node is not on the PATH"
    return None if (CLIENTS / "node_modules").is_dir() else "`npm ci` was not run in tests/clients"


@pytest.mark.parametrize("which", ["watch", "python", "browser"])
async def test_inv_21_an_event_is_shown_at_once_and_none_lost_or_repeated_though_the_server_is_killed(
    live: Live, database_url: str, tmp_path: Path, which: str
) -> None:
    """The armorer works at one server; the one that is watched, over the same database, is killed and started again, twice."""
    if which == "browser" and (missing := without_node()):
        pytest.skip(missing)
    armorer = live.as_("north")
    async with serving(database_url, tmp_path / "log", persisted_only=which == "watch") as server:
        url, token = server.live.url, api_token_of("north")
        command, ready, event = {
            "watch": ((*WATCH, "--plain", "--armory", "NORTH", "--url", url), "^Watching NORTH at ", r"^\S+ \S+  NORTH  (\d+)  "),
            "python": ((sys.executable, "examples/follow_custody.py", f"{url}/graphql"), "^Up to date", r"^NORTH (\d+)  "),
            "browser": ((str(NODE), str(CLIENTS / "follow.mjs"), f"{server.live.socket_url}", token), "^null$", r'"seq":(\d+)'),
        }[which]
        async with running(*command, ARMGUARD_TOKEN=token) as program:
            await program.line(ready)
            before = await head(armorer)
            await armorer.issue(HOLDER, DRAWN)
            assert int((await program.line(event))[1]) == before + 1
            await armorer.give_back(DRAWN)
            for turn in range(TURNS):
                if turn in KILLED_AFTER:
                    server.kill()
                await armorer.issue(HOLDER, DRAWN)
                await armorer.give_back(DRAWN)
                if turn - 5 in KILLED_AFTER:
                    server.start()
                    await server.ready()
                    await program.line(event)
            last = await head(armorer)
            await program.line(event.replace(r"(\d+)", f"({last})"))
            assert program.seqs(event) == list(range(before + 1, last + 1)) != []
            assert last == before + 2 * (TURNS + 1)


async def test_the_python_example_goes_on_where_it_was_after_a_start_of_its_own(live: Live, tmp_path: Path) -> None:
    armorer, place = live.as_("north"), tmp_path / "custody.cursor"
    command = (sys.executable, "examples/follow_custody.py", f"{live.url}/graphql", str(place))
    async with running(*command, ARMGUARD_TOKEN=api_token_of("north")) as program:
        await program.line("^Up to date")
        await armorer.issue(HOLDER, DRAWN)
        await armorer.give_back(DRAWN)
        await program.line("^NORTH .* returned by ")
        first, second = program.seqs(r"^NORTH (\d+)")
    await armorer.issue(HOLDER, DRAWN)
    async with running(*command, ARMGUARD_TOKEN=api_token_of("north")) as program:
        await program.line(rf"^NORTH {second + 1}  ")
        seqs = program.seqs(r"^NORTH (\d+)")
    assert (first + 1, seqs[-1]) == (second, second + 1)
    assert seqs in ([second + 1], [second, second + 1])  # it was killed after it had shown the last, and maybe before it wrote that down


@pytest.mark.parametrize("which", ["watch", "python", "browser"])
async def test_whoever_follows_with_a_token_that_is_no_good_is_told_so(live: Live, which: str) -> None:
    if which == "browser" and (missing := without_node()):
        pytest.skip(missing)
    command, says = {
        "watch": ((*WATCH, "--url", live.url), "The server does not take"),
        "python": ((sys.executable, "examples/follow_custody.py", f"{live.url}/graphql"), "4403"),
        "browser": ((str(NODE), str(CLIENTS / "follow.mjs"), live.socket_url, "armg_nobody's"), '"ended":4403'),
    }[which]
    async with running(*command, ARMGUARD_TOKEN="armg_nobody's") as program:
        code, last = await program.ends()
    assert says in last
    assert code == (0 if which == "browser" else 1)


def test_the_browsers_library_is_the_one_that_is_tried() -> None:
    if missing := without_node():
        pytest.skip(missing)
    shipped = ROOT / "examples" / "browser" / "graphql-ws.min.js"
    assert shipped.read_bytes() == (CLIENTS / "node_modules" / "graphql-ws" / "umd" / "graphql-ws.min.js").read_bytes()


async def test_watch_by_password_ends_on_ctrl_c_and_signs_out(live: Live, plain_sql: Any) -> None:
    words = ("--plain", "--url", live.url, "--username", "north", "--password-stdin")
    async with running(*WATCH, *words, stdin=f"{PASSWORD}\n") as program:
        await program.line("^Watching every arms room in scope at ")
        await live.as_("north").issue(HOLDER, DRAWN)
        line = (await program.line(DRAWN)).string
        program.process.send_signal(signal.SIGINT)
        assert (await program.ends())[0] == 0
        assert program.said == [program.said[0], line.rstrip("\n")]
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+0800  NORTH  \d+  ITEM_ISSUED  PVS-001  .*\(S-010\)  north  ", line)
    assert await plain_sql.fetchval("SELECT count(*) FROM session WHERE ended_at IS NOT NULL") == 1


async def test_watch_writes_json_for_a_script(live: Live) -> None:
    async with running(*WATCH, "--json", "--url", live.url, ARMGUARD_TOKEN=api_token_of("officer")) as program:
        await program.line("^Watching ")
        await live.as_("north").issue(HOLDER, DRAWN)
        told = json.loads((await program.line("^{")).string)
    assert (told["type"], told["serial"], told["room"], told["by"], told["at"][-6:]) == ("ITEM_ISSUED", DRAWN, "NORTH", "north", "+08:00")


async def test_watch_ends_quietly_when_nobody_reads_it_any_more(live: Live) -> None:
    line = f"{' '.join(WATCH)} --plain --url {live.url} 2>/dev/null | head -n 1; echo then ${{PIPESTATUS[0]}}"
    async with running("/bin/bash", "-c", line, ARMGUARD_TOKEN=api_token_of("north")) as program:
        seen = asyncio.create_task(program.line(DRAWN))
        armorer = live.as_("north")
        while not seen.done():  # the pipe tells nobody when it is watched
            await armorer.issue(HOLDER, DRAWN)
            await armorer.give_back(DRAWN)
        await seen
        while program.process.returncode is None:
            await armorer.issue(HOLDER, DRAWN)
            await armorer.give_back(DRAWN)
        assert (await program.ends())[1] == "then 0"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--armory", "WEST"), "There is no arms room WEST in your scope."),
        (("--url", "ftp://nowhere"), "--url must look like http://127.0.0.1:8000 or https://armguard.example."),
        (
            ("--username", "north"),
            "There is no terminal to ask for a password: set ARMGUARD_TOKEN, or use --username and --password-stdin.",
        ),
        (("--username", "north", "--password-stdin"), "Refused: The username or the password is wrong."),
    ],
)
async def test_watch_says_in_a_line_why_it_cannot(live: Live, words: tuple[str, ...], says: str) -> None:
    async with running(*WATCH, "--url", live.url, *words, stdin="not it\n", ARMGUARD_TOKEN=api_token_of("north")) as program:
        assert await program.ends() == (1, says)
        assert program.said == []


async def test_watch_waits_for_a_server_that_is_not_there_yet(live: Live, database_url: str, tmp_path: Path) -> None:
    from tests.chaos.processes import ServerProcess

    server = ServerProcess(database_url, tmp_path / "log")
    words = ("--plain", "--armory", "NORTH", "--url", server.live.url)
    try:
        async with running(*WATCH, *words, ARMGUARD_TOKEN=api_token_of("north")) as program:
            await program.line("^There is no answer from .* Trying until it can be reached.$")
            server.start()
            await program.line("^Watching NORTH at ")
            await live.as_("north").issue(HOLDER, DRAWN)
            await program.line(DRAWN)
            assert len(program.said) == 3
    finally:
        await server.end()
