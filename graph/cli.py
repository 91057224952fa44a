"""The `armguard` command. Parses, calls, prints."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import json
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar
from uuid import uuid4

import typer
import uvicorn
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from graph import database, embedded
from graph import demo as demo_data
from graph.app import create_app
from graph.audit import replay
from graph.audit.actor import acting, console_actor
from graph.audit.ledger import export_events, read_heads
from graph.audit.verify import LIMIT, Report, Verifier
from graph.commands import accounts, legacy
from graph.commands import armory as armories
from graph.commands.perform import Answer
from graph.errors import ArmGuardError, Refused, StartupError
from graph.logs import start_logs
from graph.models.accounts import Account
from graph.models.armory import Unit
from graph.rules.legacy_decisions import Outcome
from graph.schema.api import sdl
from graph.settings import Settings, read_settings
from graph.words import Role

T = TypeVar("T")

app = typer.Typer(
    name="armguard",
    help="ArmGuard keeps the custody of an arms room: who holds which weapon, since when, by whose hand.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
account_app = typer.Typer(help="The accounts that may sign in.", no_args_is_help=True)
token_app = typer.Typer(help="Tokens for programs.", no_args_is_help=True)
ledger_app = typer.Typer(help="The record of everything that was done.", no_args_is_help=True)
armory_app = typer.Typer(help="The arms rooms.", no_args_is_help=True)
app.add_typer(armory_app, name="armory")
app.add_typer(account_app, name="account")
app.add_typer(token_app, name="token")
app.add_typer(ledger_app, name="ledger")

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for a script.")]
Host = Annotated[str | None, typer.Option(help="The address to serve on. Without it ARMGUARD_HOST, or 127.0.0.1.")]
Port = Annotated[int | None, typer.Option(help="The port to serve on. Without it ARMGUARD_PORT, or 8000.", min=1, max=65535)]

err = Console(stderr=True, highlight=False, soft_wrap=True)


def main() -> None:
    """Run the command; what goes wrong is one line, and the exit code is not 0."""
    try:
        app()
    except Refused as refused:
        fail("Refused: " + " ".join(refusal.message for refusal in refused.refusals))
    except ArmGuardError as error:
        fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


def fail(message: str) -> NoReturn:
    """Say what went wrong, and end."""
    err.print(message, markup=False)
    sys.exit(1)


def say(message: str) -> None:
    """Tell the person at the console."""
    err.print(message, markup=False)


@contextlib.contextmanager
def database_of(settings: Settings) -> Iterator[str]:
    """The database of this installation: the external one that is set, or the embedded one, started if need be."""
    if settings.database_url:
        yield settings.database_url
    else:
        with embedded.running(settings.data_dir, say) as url:
            yield url


def at_console(work: Callable[[], Awaitable[T]]) -> T:
    """Do something with the database, as the person at the console."""
    settings = read_settings()
    start_logs("ERROR")

    async def inside(url: str) -> T:
        await database.migrate(url)
        await database.open_door(url, settings)
        try:
            with acting(console_actor(getpass.getuser())):
                return await work()
        finally:
            await database.close_door()

    with database_of(settings) as url:
        return asyncio.run(inside(url))


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
    start_logs(settings.log_level)
    config = uvicorn.Config(
        create_app(settings, url),
        log_config=None,
        access_log=False,
        lifespan="on",
        ws_max_size=settings.socket_bytes,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=settings.shutdown_seconds,
        server_header=False,
    )
    uvicorn.Server(config).run(sockets=[taken])


def _settings(host: str | None, port: int | None) -> Settings:
    return read_settings(**{name: value for name, value in (("host", host), ("port", port)) if value is not None})


@app.command()
def serve(host: Host = None, port: Port = None) -> None:
    """Serve the API until stopped with Ctrl-C. The database is started and brought up to date first."""
    settings = _settings(host, port)
    with contextlib.closing(_taken(settings)) as taken, database_of(settings) as url:
        for applied in asyncio.run(database.migrate(url)):
            say(f"Database brought up to date: {applied.removesuffix('.py')}.")
        say(f"ArmGuard serves on http://{settings.host}:{settings.port}/graphql")
        _serve(settings, url, taken)


@app.command()
def demo(
    host: Host = None, port: Port = None, load_only: Annotated[bool, typer.Option(help="Load the demo data, and do not serve.")] = False
) -> None:
    """Load the demo data (once), print the addresses and the demo accounts, and serve until stopped with Ctrl-C."""
    settings = _settings(host, port)
    with contextlib.ExitStack() as stack:
        taken = None if load_only else stack.enter_context(contextlib.closing(_taken(settings)))
        url = stack.enter_context(database_of(settings))
        asyncio.run(_load_demo(settings, url))
        _print_demo(settings)
        if taken is not None:
            _serve(settings, url, taken)


async def _load_demo(settings: Settings, url: str) -> None:
    await database.migrate(url)
    await database.open_door(url, settings)
    try:
        if await demo_data.loaded():
            return
        if await database.fetch("SELECT FROM account WHERE username_key <> ALL ($1) LIMIT 1", [name for name, _, _ in demo_data.ACCOUNTS]):
            raise StartupError("This database is in use already; the demo wants one of its own. Set ARMGUARD_DATA_DIR to a new folder.")
        with _progress() as (move, _), acting(console_actor("demo")):
            await demo_data.load(move)
    finally:
        await database.close_door()


@contextlib.contextmanager
def _progress() -> Iterator[tuple[Callable[[str, float], None], Progress]]:
    columns = (TextColumn("{task.description:<40}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn())
    with Progress(*columns, console=err) as progress:
        task = progress.add_task("", total=1.0)
        yield lambda what, share: progress.update(task, description=what, completed=share), progress


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
    out.print("\nStop with Ctrl-C.\n")


@app.command()
def migrate(as_json: AsJson = False) -> None:
    """Bring the database up to date. Safe at any time; a database newer than this program is left alone."""
    settings = read_settings()
    with database_of(settings) as url:
        applied = [name.removesuffix(".py") for name in asyncio.run(database.migrate(url))]
    if as_json:
        print(json.dumps({"applied": applied}))
    else:
        print("\n".join(f"Applied {name}." for name in applied) or "The database is up to date.")


@app.command()
def schema() -> None:
    """Print the API's schema (GraphQL SDL)."""
    print(sdl(), end="")


# ------------------------------------------------------------------------------------------------------------------ accounts and tokens


def _password(asked_on_stdin: bool) -> str:
    if asked_on_stdin:
        return sys.stdin.readline().rstrip("\n")
    return str(typer.prompt("Password (12 characters or more)", hide_input=True, confirmation_prompt=True, err=True))


def _refused_or(result: T | Refused) -> T:
    if isinstance(result, Refused):
        raise result
    return result


@account_app.command("create")
def account_create(
    username: Annotated[str, typer.Argument(help="The account's name.")],
    role: Annotated[list[Role], typer.Option(help="What the account may do; may be given more than once.")],
    armory: Annotated[list[str] | None, typer.Option(help="The code of an arms room in its scope; may be given more than once.")] = None,
    all_armories: Annotated[bool, typer.Option("--all-armories", help="Every arms room is in its scope.")] = False,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")] = False,
    as_json: AsJson = False,
) -> None:
    """Create an account. Asks for its password."""
    if not armory and not all_armories:
        raise StartupError("Say which arms rooms are in scope: --armory CODE (more than once if need be), or --all-armories.")
    command = accounts.CreateAccount(uuid4(), username.strip(), tuple(role), tuple(armory or ()), all_armories)
    password = _password(password_stdin)
    answer = at_console(lambda: accounts.create_account(command, password))
    made = {"id": str(_refused_or(answer).rows[0]), "username": command.username}
    print(json.dumps(made) if as_json else f"Account {command.username} created.")


@account_app.command("list")
def account_list(as_json: AsJson = False) -> None:
    """List the accounts."""

    async def read() -> list[Account]:
        return await Account.all().order_by("username_key")

    rows = at_console(read)
    if as_json:
        shown = [{"username": row.username, "roles": row.roles, "state": row.state.value, "allArmories": row.all_armories} for row in rows]
        print(json.dumps(shown))
        return
    table = Table("username", "roles", "state", "arms rooms", box=None)
    for row in rows:
        table.add_row(row.username, ", ".join(row.roles), row.state.value, "all" if row.all_armories else str(len(row.armories)))
    Console(highlight=False).print(table)


@account_app.command("disable")
def account_disable(
    username: Annotated[str, typer.Argument(help="The account's name.")],
    reason: Annotated[str, typer.Option(help="Why; it stands in the ledger.")],
    as_json: AsJson = False,
) -> None:
    """Disable an account: it signs in no more, and what it has open ends within seconds."""
    _refused_or(at_console(lambda: accounts.disable_account(accounts.DisableAccount(uuid4(), username, reason))))
    print(json.dumps({"username": username, "state": "DISABLED"}) if as_json else f"Account {username} disabled.")


@account_app.command("password")
def account_password(
    username: Annotated[str, typer.Argument(help="The account's name.")],
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")] = False,
) -> None:
    """Give an account a new password. One that was disabled may sign in again."""
    password = _password(password_stdin)
    _refused_or(at_console(lambda: accounts.set_password(uuid4(), username, password)))
    print(f"Account {username} has a new password.")


@token_app.command("create")
def token_create(
    account: Annotated[str, typer.Option(help="The account that the program acts as.")],
    name: Annotated[str, typer.Option(help="What the token is for.")] = "script",
    days: Annotated[int, typer.Option(help="How many days it is good for.", min=1, max=3650)] = 365,
    as_json: AsJson = False,
) -> None:
    """Create a token for a program, and print it. It is shown this once."""
    token = _refused_or(at_console(lambda: accounts.create_token(accounts.CreateToken(uuid4(), account, name, days))))
    print(json.dumps({"token": token}) if as_json else token)


@armory_app.command("create")
def armory_create(
    code: Annotated[str, typer.Argument(help="A short code, such as NORTH; its receipt numbers begin with it.")],
    name: Annotated[str, typer.Option(help="The arms room's name.")],
    unit: Annotated[str, typer.Option(help="The code of the unit that it belongs to; registered with it if it is not there yet.")],
    timezone: Annotated[str, typer.Option(help="Its time zone, such as Asia/Manila.")],
    as_json: AsJson = False,
) -> None:
    """Register an arms room: the first step of a new installation. Items and people follow over the API, or by import."""

    async def create() -> Answer | Refused:
        if not await Unit.exists(code=unit.upper()):
            _refused_or(await armories.register_unit(armories.RegisterUnit(uuid4(), unit, unit)))
        return await armories.register_armory(armories.RegisterArmory(uuid4(), code, name, unit, timezone))

    made = _refused_or(at_console(create))
    print(json.dumps({"id": str(made.rows[0]), "code": code.upper()}) if as_json else f"Arms room {code.upper()} registered.")


# ----------------------------------------------------------------------------------------------------------------------------- the ledger


@ledger_app.command("export")
def ledger_export(
    to: Annotated[Path | None, typer.Argument(help="The file to write; without it, standard output.")] = None,
) -> None:
    """Write the whole ledger, one event a line (JSON), to be checked anywhere with `armguard ledger verify FILE`."""

    async def write() -> int:
        total = sum(seq for seq, _ in (await read_heads()).values())
        with contextlib.ExitStack() as stack:
            out = stack.enter_context(to.open("w", encoding="utf-8")) if to else sys.stdout
            move, _ = stack.enter_context(_progress())
            count = 0
            async for event in export_events():
                out.write(json.dumps(event, ensure_ascii=False) + "\n")
                count += 1
                if count % 500 == 0 or count == total:
                    move("events", count / total)
        return count

    try:
        count = at_console(write)
    except OSError as error:
        raise StartupError(f"The file cannot be written: {error.strerror}.") from None
    say(f"{count} events written.")


@ledger_app.command("verify")
def ledger_verify(
    file: Annotated[Path | None, typer.Argument(help="An exported ledger; without it, the database is read.")] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="The heads that an earlier verification printed with --json, kept outside.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check that the ledger is whole: no event changed, gone, doubled or out of order; names the first bad one."""
    kept = _read_checkpoint(checkpoint) if checkpoint else {}
    differences: list[str] = []
    if file is not None:
        report = _verify_file(file, kept)
    else:
        report, differences = at_console(lambda: _verify_database(kept))
    _print_report(report, differences, as_json)
    if not report.whole or differences:
        sys.exit(1)


def _verify_file(file: Path, kept: Mapping[str, tuple[int, str]]) -> Report:
    verifier = Verifier(kept)
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                event = json.loads(line)
                if not isinstance(event, dict):
                    raise StartupError(f"Line {number} is not an event of a ledger.")
                verifier.take(event)
    except OSError as error:
        raise StartupError(f"The file cannot be read: {error.strerror}.") from None
    except ValueError:
        raise StartupError(
            f"Line {number if 'number' in locals() else 1} is not JSON: this is not an exported ledger, or it is damaged."
        ) from None
    return verifier.finish()


async def _verify_database(kept: Mapping[str, tuple[int, str]]) -> tuple[Report, list[str]]:
    heads = await read_heads()
    verifier, book = Verifier(kept), replay.empty_book()
    total = sum(seq for seq, _ in heads.values())
    wrong: list[str] = []
    with _progress() as (move, _):
        async for event in export_events(until=heads):
            verifier.take(event)
            if not wrong:
                try:
                    replay.fold(book, event)
                except (replay.ReplayError, KeyError, ValueError) as error:
                    wrong.append(f"event {event['seq']} of {event['stream']} does not follow from those before it: {error}")
            if verifier.report.events % 500 == 0:
                move("events", verifier.report.events / max(total, 1))
        move("events", 1.0)
    report = verifier.finish(heads)
    if not wrong and heads == await read_heads():
        wrong = replay.differences(book, await replay.live_book())
    return report, wrong


def _read_checkpoint(file: Path) -> dict[str, tuple[int, str]]:
    try:
        heads = json.loads(file.read_text(encoding="utf-8"))["heads"]
        return {stream: (int(head["seq"]), str(head["hash"])) for stream, head in heads.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise StartupError("This is not a checkpoint: give what `armguard ledger verify --json` printed.") from None


def _print_report(report: Report, differences: list[str], as_json: bool) -> None:
    heads = {stream: {"seq": seq, "hash": digest} for stream, (seq, digest) in report.heads.items()}
    if as_json:
        faults = [asdict(fault) for fault in report.faults]
        whole = report.whole and not differences
        print(
            json.dumps(
                {"whole": whole, "events": report.events, "faults": faults, "differences": differences, "heads": heads, "limit": LIMIT}
            )
        )
        return
    for fault in report.faults:
        print(f"BROKEN  stream {fault.stream}, event {fault.seq} {fault.event_id}: {fault.what}.")
    for difference in differences[:20]:
        print(f"DIFFERS {difference}.")
    for stream, head in heads.items():
        print(f"{stream:<38} {head['seq']:>8} events, last hash {head['hash']}")
    print(f"{report.events} events read. " + ("The chain is whole." if report.whole else "The chain is broken."))
    if differences:
        print("The tables do not agree with the ledger.")
    print(LIMIT)


# ----------------------------------------------------------------------------------------------------------------------------- the import


@app.command("import-legacy")
def import_legacy(
    file: Annotated[Path, typer.Argument(help="The SQLite database of the earlier system.")],
    armory: Annotated[str, typer.Option(help="The code of the arms room that takes it all in.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Print every row's decision, not only the notable ones.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring in people, weapons, tags, accounts and custody of the earlier system: all of it, or nothing.

    Every row is imported, merged or set aside with a reason. Doing it twice changes nothing.
    """
    command = legacy.ImportLegacy(uuid4(), armory.upper(), dry_run)
    with contextlib.ExitStack() as stack:
        move = _quiet if dry_run else stack.enter_context(_progress())[0]
        result = _refused_or(at_console(lambda: legacy.import_legacy(command, file, move)))
    decisions = result.decisions if everything else [decision for decision in result.decisions if decision.notable]
    if as_json:
        shown = [{**asdict(decision), "outcome": decision.outcome.value} for decision in decisions]
        print(json.dumps({"dryRun": dry_run, "counts": result.counts, "written": result.written, "decisions": shown}, default=str))
        return
    for decision in decisions:
        print(f"{decision.outcome.value:<17} {decision.row_table} {decision.row_id}: {decision.message}")
    table = Table("outcome", "what", "rows", box=None)
    for outcome in Outcome:
        for code, count in sorted(result.counts.get(outcome.value, {}).items()):
            table.add_row(outcome.value, code, str(count))
    Console(highlight=False).print(table)
    said = "would be written. This was a dry run: nothing was." if dry_run else "written."
    print(f"{result.written} rows {said}")


def _quiet(_what: str, _share: float) -> None:
    """No progress to show."""


if __name__ == "__main__":
    main()
