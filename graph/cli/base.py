"""What every command of the console shares: the database, the actor, and how it speaks."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from graph import database, embedded
from graph.address import Addresses, of_our_own
from graph.audit.actor import acting, console_actor
from graph.errors import Refused
from graph.logs import start_logs
from graph.settings import Settings, read_settings

T = TypeVar("T")
Move = Callable[[str, float], None]

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for a script.")]

err = Console(stderr=True, highlight=False, soft_wrap=True)


def fail(message: str) -> NoReturn:
    """Say what went wrong, and end."""
    err.print(message, markup=False)
    sys.exit(1)


def say(message: str) -> None:
    """Tell the person at the console."""
    err.print(message, markup=False)


@contextlib.contextmanager
def database_of(settings: Settings) -> Iterator[Addresses]:
    """The database of this installation: the external one that is set, or the embedded one, started if need be."""
    if settings.database_url:
        yield Addresses(settings.owner_url or settings.database_url, settings.database_url)
    else:
        with embedded.running(settings.data_dir, say) as url:
            yield of_our_own(url)


def at_console(work: Callable[[], Awaitable[T]]) -> T:
    """Do something with the database, as the person at the console."""
    settings = read_settings()
    start_logs("ERROR")

    async def inside(at: Addresses) -> T:
        await database.prepare(at)
        await database.open_door(at.runtime, settings)
        try:
            with acting(console_actor(getpass.getuser())):
                return await work()
        finally:
            await database.close_door()

    with database_of(settings) as at:
        return asyncio.run(inside(at))


@contextlib.contextmanager
def progress() -> Iterator[Move]:
    """Show how far long work has come."""
    columns = (TextColumn("{task.description:<40}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn())
    with Progress(*columns, console=err) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda what, share: bar.update(task, description=what, completed=share)


def refused_or(result: T | Refused) -> T:
    """What a command answered.

    Raises:
        Refused: it was refused.
    """
    if isinstance(result, Refused):
        raise result
    return result
