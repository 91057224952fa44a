"""`armguard serve`, `demo`, `migrate` and `schema`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from graph import database, embedded
from graph import demo as demo_data
from graph.address import Addresses
from graph.audit.actor import acting, console_actor
from graph.broker import wakes_others
from graph.cli.base import AsJson, database_of, progress, say
from graph.errors import StartupError
from graph.logs import start_logs
from graph.settings import Settings, read_settings

Host = Annotated[str | None, typer.Option(help="The address to serve on. Without it ARMGUARD_HOST, or 127.0.0.1.")]
Port = Annotated[int | None, typer.Option(help="The port to serve on. Without it ARMGUARD_PORT, or 8000.", min=1, max=65535)]

Workers = Annotated[int | None, typer.Option(help="How many processes serve. Without it ARMGUARD_WORKERS, or 1.", min=1, max=64)]


def _refuse_deaf_workers(settings: Settings) -> None:
    """Processes that do not hear of each other's events would tell them late."""
    if settings.workers > 1 and settings.broadcast_url and not wakes_others(settings.broadcast_url):
        raise StartupError(
            f"{settings.workers} workers cannot tell each other of events by memory://, which is for one process. Leave "
            "ARMGUARD_BROADCAST_URL empty, so that the database does it, or set it to redis://host:6379 or to a postgres:// address."
        )


async def _refuse_too_many(settings: Settings, at: Addresses) -> None:
    """Each worker may take as many connections as its pool has, and one to hear of events."""
    if settings.workers == 1:
        return
    allowed = await database.connections_allowed(at.runtime)
    wanted = settings.workers * (settings.pool_size + 1)
    if wanted > allowed:
        fitting = allowed // settings.workers - 1
        raise StartupError(
            f"{settings.workers} workers may take {wanted} connections, and the database allows {allowed}. "
            + (f"Set ARMGUARD_POOL_SIZE to {fitting}, or have fewer workers." if fitting >= 2 else "Have fewer workers.")
        )


def _taken(settings: Settings) -> socket.socket:
    """The port, taken before anything else is started."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((settings.host, settings.port))
        taken.listen(1024)
    except OSError as error:
        taken.close()
        why = error.strerror or "it cannot be used"
        raise StartupError(f"Port {settings.port} on {settings.host} cannot be taken: {why}. Set ARMGUARD_PORT to another one.") from None
    return taken


def _serve(settings: Settings, url: str, taken: socket.socket) -> None:
    from graph.cli import workers  # the server and the schema take a while to load, which no other command should wait for

    start_logs(settings.log_level)
    workers.run(settings, url, taken)


def _settings(host: str | None, port: int | None, workers: int | None = None) -> Settings:
    given = {"host": host, "port": port, "workers": workers}
    settings = read_settings(**{name: value for name, value in given.items() if value is not None})
    _refuse_deaf_workers(settings)
    return settings


def serve(host: Host = None, port: Port = None, workers: Workers = None) -> None:
    """Serve the API until stopped with Ctrl-C. The database is started and brought up to date first."""
    settings = _settings(host, port, workers)
    start_logs(settings.log_level)
    with contextlib.closing(_taken(settings)) as taken, database_of(settings) as at:
        for applied in asyncio.run(database.prepare(at)):
            say(f"Database brought up to date: {applied.removesuffix('.py')}.")
        asyncio.run(_refuse_too_many(settings, at))
        say(f"ArmGuard serves on http://{settings.host}:{settings.port}/graphql")
        _serve(settings, at.runtime, taken)


def demo(
    host: Host = None, port: Port = None, load_only: Annotated[bool, typer.Option(help="Load the demo data, and do not serve.")] = False
) -> None:
    """Load the demo data (once), print the addresses and the demo accounts, and serve until stopped with Ctrl-C.

    Its passwords are known to everybody, so no role is asked for a second factor, unless ARMGUARD_SECOND_FACTOR_ROLES says so.
    """
    settings = for_the_demo(_settings(host, port))
    with contextlib.ExitStack() as stack:
        taken = None if load_only else stack.enter_context(contextlib.closing(_taken(settings)))
        at = stack.enter_context(database_of(settings))
        asyncio.run(_load_demo(settings, at))
        asyncio.run(_refuse_too_many(settings, at))
        _print_demo(settings)
        if taken is not None:
            _serve(settings, at.runtime, taken)


def for_the_demo(settings: Settings) -> Settings:
    """The settings of the demo: nobody needs a second factor, unless they say who does."""
    given = "second_factor_roles" in settings.model_fields_set
    return settings if given else settings.model_copy(update={"second_factor_roles": ()})


async def _load_demo(settings: Settings, at: Addresses) -> None:
    await database.prepare(at)
    await database.open_door(at.runtime, settings)
    try:
        if await demo_data.loaded():
            return
        if await demo_data.strangers():
            raise StartupError("This database is in use already; the demo wants one of its own. Set ARMGUARD_DATA_DIR to a new folder.")
        with progress() as move, acting(console_actor("demo")):
            await demo_data.load(move)
    finally:
        await database.close_door()


def _print_demo(settings: Settings) -> None:
    base = f"http://{settings.host}:{settings.port}"
    out = Console(highlight=False, soft_wrap=True)
    out.print("\n[bold]ArmGuard demo[/bold]  (all names are invented)\n")
    out.print(f"  GraphiQL      {base}/graphql\n  Health        {base}/healthz  {base}/readyz\n")
    table = Table(title="Accounts", title_justify="left", box=None, padding=(0, 2))
    for column in ("username", "password", "roles", "arms rooms"):
        table.add_column(column)
    for username, roles, scope in demo_data.ACCOUNTS:
        table.add_row(username, demo_data.password_of(username), ", ".join(roles), ", ".join(scope) or "all")
    out.print(table)
    if not settings.second_factor_roles:
        asked = " and ".join(Settings.model_fields["second_factor_roles"].default)
        out.print(f"\nNo second factor is asked for here. `armguard serve` asks {asked} for one.")
    out.print("\nStop with Ctrl-C.\n")


def migrate(
    as_json: AsJson = False,
    print_grants: Annotated[
        bool, typer.Option("--print-grants", help="Only print the SQL that gives whoever serves their rights, for who may run it.")
    ] = False,
) -> None:
    """Bring the database up to date, with the rights of who serves from it. Safe at any time; a newer database is left alone."""
    settings = read_settings()
    with database_of(settings) as at:
        if print_grants:
            print(asyncio.run(database.grants_script(at.owner, at.setting)), end="")
            return
        applied = [name.removesuffix(".py") for name in asyncio.run(database.migrate(at.owner, at.setting, login=at.own))]
        wrong = None if at.own else asyncio.run(database.guard_report(at.runtime))
    if as_json:
        print(json.dumps({"applied": applied}))
    else:
        print("\n".join(f"Applied {name}." for name in applied) or "The database is up to date.")
    if wrong:
        say(wrong)


def schema() -> None:
    """Print the API's schema (GraphQL SDL)."""
    from graph.schema.api import sdl

    print(sdl(), end="")


def psql(
    command: Annotated[str | None, typer.Option("--command", "-c", help="One statement to run; without it, you type them.")] = None,
) -> None:
    """Open the database's own console (psql), as its owner. What the ledger forbids is refused there too."""
    settings = read_settings()
    with database_of(settings) as at:
        asyncio.run(database.migrate(at.owner, at.setting, login=at.own))
        words = [str(embedded.program("psql")), at.owner, "--no-psqlrc", "--set=VERBOSITY=terse", "--set=ON_ERROR_STOP=1"]
        ended = subprocess.run([*words, *(["--command", command] if command else [])], check=False)
    sys.exit(ended.returncode)
