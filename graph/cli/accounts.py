"""`armguard account`, `token` and `armory`."""

from __future__ import annotations

import json
import sys
from typing import Annotated
from uuid import UUID, uuid4

import typer
from rich.console import Console
from rich.table import Table

from graph.cli.base import AsJson, at_console, refused_or
from graph.commands import accounts
from graph.commands import armory as armories
from graph.commands.perform import Answer
from graph.errors import Refused, StartupError
from graph.models.accounts import Account, ApiToken
from graph.models.armory import Armory, Unit
from graph.schema.inputs import code as in_code
from graph.schema.inputs import text
from graph.words import Role

account_app = typer.Typer(help="The accounts that may sign in.", no_args_is_help=True)
token_app = typer.Typer(help="Tokens for programs.", no_args_is_help=True)
armory_app = typer.Typer(help="The arms rooms.", no_args_is_help=True)


def _password(asked_on_stdin: bool) -> str:
    if asked_on_stdin:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        raise StartupError("There is no terminal to ask for the password: use --password-stdin.")
    return str(typer.prompt("Password (12 characters or more)", hide_input=True, confirmation_prompt=True, err=True))


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
    username = text("username", username)
    command = accounts.CreateAccount(uuid4(), username, tuple(role), tuple(armory or ()), all_armories)
    password = _password(password_stdin)
    answer = at_console(lambda: accounts.create_account(command, password))
    made = {"id": str(refused_or(answer).rows[0]), "username": command.username}
    print(json.dumps(made) if as_json else f"Account {command.username} created.")


@account_app.command("list")
def account_list(as_json: AsJson = False) -> None:
    """List the accounts."""

    async def read() -> tuple[list[Account], dict[UUID, str]]:
        return await Account.all().order_by("username_key"), {armory.id: armory.code for armory in await Armory.all()}

    rows, codes = at_console(read)
    if as_json:
        shown = [{"username": row.username, "roles": row.roles, "state": row.state.value, "armories": scope_of(row, codes)} for row in rows]
        print(json.dumps(shown))
        return
    table = Table("username", "roles", "state", "arms rooms", box=None)
    for row in rows:
        table.add_row(row.username, ", ".join(row.roles), row.state.value, scope_of(row, codes))
    Console(highlight=False).print(table)


def scope_of(account: Account, codes: dict[UUID, str]) -> str:
    """The arms rooms of an account, as a list shows them."""
    return "all" if account.all_armories else ", ".join(codes[armory] for armory in account.armories)


@account_app.command("disable")
def account_disable(
    username: Annotated[str, typer.Argument(help="The account's name.")],
    reason: Annotated[str, typer.Option(help="Why; it stands in the ledger.")],
    as_json: AsJson = False,
) -> None:
    """Disable an account: it signs in no more, and what it has open ends within seconds."""
    refused_or(at_console(lambda: accounts.disable_account(accounts.DisableAccount(uuid4(), username, reason))))
    print(json.dumps({"username": username, "state": "DISABLED"}) if as_json else f"Account {username} disabled.")


@account_app.command("password")
def account_password(
    username: Annotated[str, typer.Argument(help="The account's name.")],
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")] = False,
) -> None:
    """Give an account a new password. One that was disabled may sign in again."""
    password = _password(password_stdin)
    refused_or(at_console(lambda: accounts.set_password(uuid4(), username, password)))
    print(f"Account {username} has a new password.")


@token_app.command("create")
def token_create(
    account: Annotated[str, typer.Option(help="The account that the program acts as.")],
    name: Annotated[str, typer.Option(help="What the token is for.")] = "script",
    days: Annotated[int, typer.Option(help="How many days it is good for.", min=1, max=3650)] = 365,
    as_json: AsJson = False,
) -> None:
    """Create a token for a program, and print it. It is shown this once."""
    name = text("name", name)
    token = refused_or(at_console(lambda: accounts.create_token(accounts.CreateToken(uuid4(), account, name, days))))
    print(json.dumps({"token": token}) if as_json else token)


@token_app.command("list")
def token_list(as_json: AsJson = False) -> None:
    """List the tokens of programs: whose they are, how long they are good, and whether they were revoked."""

    async def read() -> list[ApiToken]:
        return await ApiToken.all().select_related("account").order_by("created_at")

    rows = at_console(read)
    if as_json:
        times = {
            row.id: [moment.isoformat() if moment else None for moment in (row.created_at, row.expires_at, row.revoked_at)] for row in rows
        }
        names = ("createdAt", "expiresAt", "revokedAt")
        shown = [{"account": row.account.username, "name": row.name, **dict(zip(names, times[row.id], strict=True))} for row in rows]
        print(json.dumps(shown))
        return
    table = Table("account", "name", "good until", "revoked", box=None)
    for row in rows:
        table.add_row(
            row.account.username, row.name, f"{row.expires_at:%Y-%m-%d}", f"{row.revoked_at:%Y-%m-%d %H:%M}" if row.revoked_at else ""
        )
    Console(highlight=False).print(table)


@token_app.command("revoke")
def token_revoke(
    account: Annotated[str, typer.Option(help="The account that the program acts as.")],
    name: Annotated[str, typer.Option(help="The name of the token.")] = "script",
) -> None:
    """Revoke the tokens of an account that have this name: what uses them ends within seconds."""
    refused_or(at_console(lambda: accounts.revoke_token(accounts.RevokeToken(uuid4(), account, name))))
    print(f"Token {name} of {account} revoked.")


@armory_app.command("create")
def armory_create(
    code: Annotated[str, typer.Argument(help="A short code, such as NORTH; its receipt numbers begin with it.")],
    name: Annotated[str, typer.Option(help="The arms room's name.")],
    unit: Annotated[str, typer.Option(help="The code of the unit that it belongs to; registered with it if it is not there yet.")],
    timezone: Annotated[str, typer.Option(help="Its time zone, such as Asia/Manila.")],
    as_json: AsJson = False,
) -> None:
    """Register an arms room: the first step of a new installation. Items and people follow over the API, or by import."""

    code, unit = (in_code(text("code", word)) for word in (code, unit))
    command = armories.RegisterArmory(uuid4(), code, text("name", name), unit, text("timezone", timezone))

    async def create() -> Answer | Refused:
        if not await Unit.exists(code=unit):
            refused_or(await armories.register_unit(armories.RegisterUnit(uuid4(), unit, unit)))
        return await armories.register_armory(command)

    made = refused_or(at_console(create))
    print(json.dumps({"id": str(made.rows[0]), "code": code}) if as_json else f"Arms room {code} registered.")
