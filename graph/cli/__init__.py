"""The `armguard` command. Parses, calls, prints."""

from __future__ import annotations

import signal
import sys
from types import FrameType

import typer

from graph.cli.accounts import account_app, armory_app, token_app
from graph.cli.base import fail
from graph.cli.config import config_app
from graph.cli.imports import import_legacy
from graph.cli.ledger import ledger_app
from graph.cli.operations import operations_app
from graph.cli.serving import demo, migrate, psql, schema, serve
from graph.cli.watch import watch
from graph.errors import ArmGuardError, Refused

app = typer.Typer(
    name="armguard",
    help="ArmGuard keeps the custody of an arms room: who holds which weapon, since when, by whose hand.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(demo)
app.command()(serve)
app.command()(watch)
app.command()(migrate)
app.command("import-legacy")(import_legacy)
app.command()(schema)
app.command()(psql)
app.add_typer(armory_app, name="armory")
app.add_typer(account_app, name="account")
app.add_typer(token_app, name="token")
app.add_typer(operations_app, name="operations")
app.add_typer(config_app, name="config")
app.add_typer(ledger_app, name="ledger")


def main() -> None:
    """Run the command; what goes wrong is one line, and the exit code is not 0."""
    signal.signal(signal.SIGTERM, _end)
    try:
        app()
    except Refused as refused:
        fail("Refused: " + " ".join(refusal.message for refusal in refused.refusals))
    except ArmGuardError as error:
        fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _end(_signal: int, _frame: FrameType | None) -> None:
    """End on SIGTERM as on any other end: what was opened is closed, and the embedded database stops."""
    sys.exit(0)
