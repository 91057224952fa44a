"""How `armguard watch` shows what happens: lines for a log or a pipe, or a screen that fits its terminal."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from graph.cli.base import say
from graph.cli.line import Told
from graph.errors import StartupError

KEPT = 200  # events
BETWEEN_SECONDS = 0.1  # how often the screen is drawn at most
HEADING_LINES = 4
STYLES = {
    "ITEM_ISSUED": "yellow",
    "ITEM_TAKEN_OVER": "yellow",
    "ITEM_RETURNED": "green",
    "RECEIPT_OVERDUE": "bold red",
    "STOCK_LOST": "bold red",
}


class Lines:
    """One line for each event on standard output, at once; what becomes of the connection goes to standard error."""

    def __init__(self, where: str, *, as_json: bool) -> None:
        self._where = where
        self._as_json = as_json
        self._lost = False
        self._begun = False

    def told(self, event: Told) -> None:
        """Print it.

        Raises:
            StartupError: it cannot be written.
            SystemExit: whoever read the lines reads no more.
        """
        try:
            print(json.dumps({**asdict(event), "at": event.at.isoformat()}) if self._as_json else line_of(event), flush=True)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        except OSError as error:
            raise StartupError(f"What happens cannot be written: {error.strerror}.") from None

    def heard(self) -> None:
        """Say so, if it was not so before."""
        if not self._begun:
            say(f"Watching {self._where}.")
        elif self._lost:
            say(f"Watching {self._where} again.")
        self._begun, self._lost = True, False

    def lost(self, why: str) -> None:
        """Say so, once."""
        if not self._lost:
            say(f"{why} Trying until it can be reached.")
        self._lost = True


def line_of(event: Told) -> str:
    """An event in a line; a part that it does not have is a hyphen."""
    parts = (event.room, str(event.seq), event.type, event.serial, event.holder, event.by)
    return "  ".join((f"{event.at:%Y-%m-%d %H:%M:%S%z}", *(part or "-" for part in parts), event.summary))


class Screen:
    """The whole terminal: the state of the line, what is out, and the last events, the newest first."""

    def __init__(self, where: str, console: Console) -> None:
        self._where = where
        self._console = console
        self._events: dict[str, Told] = {}  # by their ids, the newest last
        self._out: tuple[int, int] | None = None
        self._state = Text("○ connecting")
        self._lost = True
        self._changed = asyncio.Event()
        self.started = asyncio.Event()
        self.news = asyncio.Event()

    def told(self, event: Told) -> None:
        """Show it as the newest."""
        self._events.pop(event.id, None)
        self._events[event.id] = event
        while len(self._events) > KEPT:
            del self._events[next(iter(self._events))]
        self.news.set()
        self._changed.set()

    def heard(self) -> None:
        """Show that the line is there."""
        if self._lost:
            self._state, self._lost = Text("● live", "green"), False
            self.news.set()
        self.started.set()
        self._changed.set()

    def lost(self, why: str) -> None:
        """Show since when the line is lost."""
        if not self._lost or not self.started.is_set():
            self._state = Text(f"○ not connected since {datetime.now().astimezone():%H:%M:%S}. {why}", "bold red")
        self._lost = True
        self._changed.set()

    def before(self, events: Iterable[Told]) -> None:
        """Show what had happened before, without what is there already."""
        earlier = {event.id: event for event in sorted(events, key=lambda event: event.at) if event.id not in self._events}
        self._events = {**earlier, **self._events}
        self._changed.set()

    def count(self, out: int, overdue: int) -> None:
        """Show how many items are out, and how many of them beyond their time."""
        self._out = (out, overdue)
        self._changed.set()

    async def show(self) -> None:
        """Draw it whenever something has changed, until cancelled."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGWINCH, self._changed.set)
        with Live(console=self._console, screen=True, auto_refresh=False) as live:
            while True:
                self._changed.clear()
                live.update(self.drawn(self._console.height), refresh=True)
                await asyncio.sleep(BETWEEN_SECONDS)
                await self._changed.wait()

    def drawn(self, height: int) -> RenderableType:
        """The screen in so many lines."""
        heading = Text.assemble(("ArmGuard", "bold"), f"  {self._where}  ", self._state, no_wrap=True, overflow="ellipsis")
        counts = Text(no_wrap=True)
        if self._out is not None:
            out, overdue = self._out
            counts = Text.assemble(f"Out: {out}   ", (f"Overdue: {overdue}", "bold red" if overdue else ""), no_wrap=True)
        table = Table(box=None, expand=True, pad_edge=False, header_style="dim")
        for column, wide in (("time there", 15), ("room", 8), ("what", 20), ("serial", 14), ("holder", None), ("by", 16)):
            table.add_column(column, no_wrap=True, overflow="ellipsis", max_width=wide, ratio=None if wide else 1)
        for event in list(reversed(self._events.values()))[: max(0, height - HEADING_LINES)]:
            what = event.type.replace("_", " ").capitalize()
            about = event.holder or event.summary
            cells = (f"{event.at:%d %b %H:%M:%S}", event.room, what, event.serial, about, event.by)
            table.add_row(*(Text(cell, STYLES.get(event.type, "")) for cell in cells))
        return Group(heading, counts, table)
