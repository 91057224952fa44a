"""`armguard watch` as the README has it: a screen in a real terminal, and a log."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import re
import shlex
import struct
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph.address import Addresses
from tests.filling import signed_in_as
from tests.live.test_readme import ROOT, block_with, commands
from tests.server import Live

pytestmark = pytest.mark.once

PATIENCE = 60.0  # seconds until something that happens at once is given up
CTRL_C = b"\x03"
HOME = "\x1b[H"  # the screen is drawn anew
USERNAME, PASSWORD = re.findall(r"who you are \(`(.*?)`, `(.*?)`\)", (ROOT / "README.md").read_text())[0]


class Terminal:
    """Somebody's terminal, of 30 lines with 120 columns."""

    def __init__(self) -> None:
        self.ours, self.theirs = os.openpty()
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 120, 0, 0))
        self.text = ""
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(self.ours, self._read)

    def _read(self) -> None:
        try:
            self.text += os.read(self.ours, 65536).decode(errors="replace")
        except OSError:  # whoever was there has gone
            asyncio.get_running_loop().remove_reader(self.ours)
        self._news.set()

    async def until(self, *texts: str) -> str:
        """Wait until something stands there, in this order: the screen as it was drawn last, as far as that has come."""
        stands = re.compile(".*".join(map(re.escape, texts)), re.DOTALL)
        async with asyncio.timeout(PATIENCE):
            while not stands.search(self.text.rpartition(HOME)[2]):
                self._news.clear()
                await self._news.wait()
        return self.text.rpartition(HOME)[2]

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self.ours, keys)


@contextlib.contextmanager
def terminal() -> Iterator[Terminal]:
    """A terminal for the length of a block."""
    one = Terminal()
    try:
        yield one
    finally:
        asyncio.get_running_loop().remove_reader(one.ours)
        os.close(one.ours)
        os.close(one.theirs)


def environment(live: Live, at: Addresses) -> dict[str, str]:
    """As beside a server of this machine."""
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES", "ARMGUARD_TOKEN")}
    port = live.url.rpartition(":")[2]
    where = {"ARMGUARD_DATABASE_URL": at.runtime, "ARMGUARD_OWNER_URL": at.owner, "ARMGUARD_PORT": port}
    return {**kept, "TERM": "xterm-256color", "LANG": "C.UTF-8", **where}


async def test_a_screen_shows_an_event_at_once_and_ends_on_ctrl_c(demo_live: Live, demo_addresses: Addresses) -> None:
    (line,) = [line for line in commands(".venv/bin/armguard watch") if "--plain" not in line]
    words = [sys.executable, "-m", "graph.cli", *shlex.split(line)[1:]]
    armorer = await signed_in_as(demo_live, "armorer.north")
    with terminal() as seen:
        process = await asyncio.create_subprocess_exec(
            *words, cwd=ROOT, env=environment(demo_live, demo_addresses), preexec_fn=lambda: os.login_tty(seen.theirs)
        )
        try:
            await seen.until("Username: ")
            seen.type(USERNAME.encode() + b"\n")
            await seen.until("Password: ")  # before that, what is typed is thrown away
            seen.type(PASSWORD.encode() + b"\n")
            await seen.until("● live")
            before = int(re.findall(r"Out: (\d+)", await seen.until("Out: "))[0])
            assert "PVS-100001" not in seen.text
            assert (await armorer.issue("N-10002", "PVS-100001"))["__typename"] == "ItemsIssued"
            assert "Item issued" in await seen.until("PVS-100001", "Item returned")  # what happened before stands below it
            await seen.until(f"Out: {before + 1}")
            seen.type(CTRL_C)
            assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        await seen.until("\x1b[?25h\x1b[?1049l")  # the terminal is as it was
    await armorer.http.aclose()


async def test_a_log_has_a_line_for_each_event(demo_live: Live, demo_addresses: Addresses, tmp_path: Path) -> None:
    log = tmp_path / "custody.log"
    block = block_with("custody.log").replace(".venv/bin/armguard", f"{sys.executable} -m graph.cli").replace("custody.log", str(log))
    armorer = await signed_in_as(demo_live, "armorer.north")
    process = await asyncio.create_subprocess_exec(
        *("/bin/sh", "-c", block.replace(f"{sys.executable} -m graph.cli watch", f"exec {sys.executable} -m graph.cli watch")),
        cwd=ROOT,
        env=environment(demo_live, demo_addresses),
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        async with asyncio.timeout(PATIENCE):
            assert (await process.stderr.readline()).startswith(b"Watching NORTH at ")
            await armorer.issue("N-10002", "PVS-100001")
            while not log.read_text().endswith("\n"):  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.02)
        assert re.fullmatch(r".*  NORTH  \d+  ITEM_ISSUED  PVS-100001  .*\n", log.read_text())
        process.terminate()
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    await armorer.http.aclose()
