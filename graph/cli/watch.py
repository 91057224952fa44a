"""`armguard watch`: custody, live, in a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console

from graph.cli.base import AsJson
from graph.cli.caller import ENDPOINT, Caller
from graph.cli.line import Line, read_event
from graph.cli.views import Lines, Screen
from graph.errors import ArmGuardError, Refused, StartupError
from graph.settings import Settings, read_settings

EARLIER = 40  # events of each arms room that a screen begins with
ROOMS = 20  # arms rooms whose earlier events it begins with
COUNT_SECONDS = 2.0  # between two counts of what is out


def watch(
    armory: Annotated[
        list[str] | None, typer.Option(help="The code of an arms room; may be given more than once. Without it, every one in scope.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="Where ArmGuard serves. Without it, the server of this machine.")] = None,
    token: Annotated[
        str | None, typer.Option(help="A token for programs, with the scopes FEED and READ.", envvar="ARMGUARD_TOKEN", show_envvar=True)
    ] = None,
    username: Annotated[str | None, typer.Option(help="The account to sign in with, if there is no token; asked for otherwise.")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read its password from standard input.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="One line for each event, as in a pipe, instead of a screen.")] = False,
    as_json: AsJson = False,
) -> None:
    """Watch custody as it happens, until stopped with Ctrl-C: the time at the arms room, who, what, which serial, who holds it.

    Over a lost connection or a server that starts again it goes on by itself exactly where it was: nothing is missed, nothing shown twice.
    A sign-in by password lasts as long as sign-ins do there (12 hours); a screen that stays takes a token.
    """
    caller = Caller(url or _of_this_machine(read_settings()), None if username else token or None)
    if caller.token is None:
        _sign_in(caller, username, password_stdin)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_watch(caller, armory or [], lines=plain or as_json or not sys.stdout.isatty(), as_json=as_json))


def _of_this_machine(settings: Settings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - nothing is bound to it
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _sign_in(caller: Caller, username: str | None, on_stdin: bool) -> None:
    asked = sys.stdin.isatty()
    if not (asked or (username and on_stdin)):
        raise StartupError("There is no terminal to ask for a password: set ARMGUARD_TOKEN, or use --username and --password-stdin.")

    async def attempt(code: str | None) -> None:
        async with caller:
            await caller.sign_in(name, password, code)

    name = username or str(typer.prompt("Username", err=True))
    password = sys.stdin.readline().rstrip("\n") if on_stdin else str(typer.prompt("Password", hide_input=True, err=True))
    try:
        asyncio.run(attempt(None))
    except Refused as refused:
        if not (asked and any(refusal.code.startswith("SECOND_FACTOR") for refusal in refused.refusals)):
            raise
        asyncio.run(attempt(str(typer.prompt("Code of the authenticator app", err=True))))


async def _watch(caller: Caller, codes: Sequence[str], *, lines: bool, as_json: bool) -> None:
    where = f"{', '.join(codes) or 'every arms room in scope'} at {caller.url.removesuffix(ENDPOINT)}"
    async with caller:
        try:
            if lines:
                await Line(caller, codes, Lines(where, as_json=as_json)).follow()
            await _show(caller, codes, Screen(where, Console()))
        finally:
            await caller.sign_out()


async def _show(caller: Caller, codes: Sequence[str], screen: Screen) -> None:
    line = Line(caller, codes, screen)
    try:
        async with asyncio.TaskGroup() as parts:
            parts.create_task(screen.show())
            parts.create_task(_fill(screen, line, caller))
            parts.create_task(line.follow())
    except BaseExceptionGroup as several:  # the first to fail ended the others
        raise several.exceptions[0] from None


async def _fill(screen: Screen, line: Line, caller: Caller) -> None:
    """What happened before, once, and how many items are out whenever something has happened; neither for a token without READ."""
    await screen.started.wait()
    with contextlib.suppress(ArmGuardError):
        screen.before([read_event(event) for event in await _earlier(caller, line.armories)])
    while True:
        await screen.news.wait()
        screen.news.clear()
        with contextlib.suppress(ArmGuardError):
            counts = [await caller.ask("Counts", armory=armory) for armory in line.armories or (None,)]
            screen.count(*(sum(count[what]["totalCount"] for count in counts) for what in ("out", "overdue")))
        await asyncio.sleep(COUNT_SECONDS)


async def _earlier(caller: Caller, armories: Sequence[str] | None) -> list[dict[str, Any]]:
    if armories is None:
        armories = [edge["node"]["id"] for edge in (await caller.ask("Rooms"))["armories"]["edges"]]
    pages = [await caller.ask("Last", armory=armory, count=EARLIER) for armory in armories[:ROOMS]]
    return [edge["node"] for page in pages for edge in page["ledger"]["edges"]]
