"""`armguard account`, `token` and `armory`."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid4

import typer
from rich.console import Console
from rich.table import Column, Table

from graph.cli.base import AsJson, at_console, refused_or
from graph.commands import accounts, factors, sessions, tokens
from graph.commands import armory as armories
from graph.commands.perform import Answer
from graph.errors import Refused, StartupError
from graph.models.accounts import Account, ApiToken
from graph.models.armory import Armory, Unit
from graph.models.security import TokenUse
from graph.rules.texts import code as in_code
from graph.rules.texts import text
from graph.words import Role, TokenScope

account_app = typer.Typer(help="The accounts that may sign in.", no_args_is_help=True)
token_app = typer.Typer(help="Tokens for programs.", no_args_is_help=True)
armory_app = typer.Typer(help="The arms rooms.", no_args_is_help=True)

Username = Annotated[str, typer.Argument(help="The account's name.")]
ROLES = (
    "VIEWER reads; ARMORER issues and takes back; ARMS_ROOM_OFFICER also approves and registers; COMMANDER reads and bars from arms; "
    "AUDITOR reads and verifies everything; ADMIN keeps the accounts and issues nothing. May be given more than once."
)


def _password(asked_on_stdin: bool) -> str:
    if asked_on_stdin:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        raise StartupError("There is no terminal to ask for the password: use --password-stdin.")
    return str(typer.prompt("Password (12 characters or more)", hide_input=True, confirmation_prompt=True, err=True))


@account_app.command("create")
def account_create(
    username: Annotated[str, typer.Argument(help="The account's name.")],
    role: Annotated[list[Role], typer.Option(help="What the account may do. " + ROLES)],
    armory: Annotated[list[str] | None, typer.Option(help="The code of an arms room in its scope; may be given more than once.")] = None,
    unit: Annotated[list[str] | None, typer.Option(help="The code of a unit: its arms rooms, and those of all units below.")] = None,
    all_armories: Annotated[bool, typer.Option("--all-armories", help="Every arms room is in its scope.")] = False,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")] = False,
    must_change: Annotated[bool, typer.Option("--must-change", help="Its owner must change the password before anything else.")] = False,
    as_json: AsJson = False,
) -> None:
    """Create an account. Asks for its password."""
    if not armory and not unit and not all_armories:
        raise StartupError("Say which arms rooms are in scope: --armory CODE or --unit CODE, more than once if need be, or --all-armories.")
    username = text("username", username)
    rooms, units = tuple(armory or ()), tuple(unit or ())
    command = accounts.CreateAccount(uuid4(), username, tuple(role), rooms, all_armories, units=units, must_change_password=must_change)
    password = _password(password_stdin)
    answer = at_console(lambda: accounts.create_account(command, password))
    made = {"id": str(refused_or(answer).rows[0]), "username": command.username}
    print(json.dumps(made) if as_json else f"Account {command.username} created.")


@account_app.command("list")
def account_list(as_json: AsJson = False) -> None:
    """List the accounts."""

    async def read() -> tuple[list[Account], dict[UUID, str]]:
        codes = {room.id: room.code for room in await Armory.all()} | {unit.id: unit.code for unit in await Unit.all()}
        return await Account.all().order_by("username_key"), codes

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
    named = [codes[armory] for armory in account.armories] + [f"those of {codes[unit]} and below" for unit in account.units]
    return "all" if account.all_armories else ", ".join(named)


@account_app.command("change")
def account_change(
    username: Username,
    role: Annotated[list[Role] | None, typer.Option(help="What it may do from now on. " + ROLES)] = None,
    armory: Annotated[list[str] | None, typer.Option(help="The code of an arms room in its scope; may be given more than once.")] = None,
    unit: Annotated[list[str] | None, typer.Option(help="The code of a unit: its arms rooms, and those of all units below.")] = None,
    all_armories: Annotated[
        bool | None, typer.Option("--all-armories/--not-all-armories", help="Whether every arms room is in its scope.")
    ] = None,
) -> None:
    """Give an account other roles, or another scope. What is not given stays; what it has open goes by them within seconds."""
    rooms, units = (None if codes is None else tuple(codes) for codes in (armory, unit))
    command = accounts.ChangeAccount(uuid4(), username, None if role is None else tuple(role), rooms, all_armories, units)
    refused_or(at_console(lambda: accounts.change_account(command)))
    print(f"Account {username} changed.")


@account_app.command("disable")
def account_disable(
    username: Username,
    reason: Annotated[str, typer.Option(help="Why; it stands in the ledger.")],
    as_json: AsJson = False,
) -> None:
    """Disable an account: it signs in no more, and what it has open ends within seconds."""
    refused_or(at_console(lambda: accounts.disable_account(accounts.DisableAccount(uuid4(), username, text("reason", reason)))))
    print(json.dumps({"username": username, "state": "DISABLED"}) if as_json else f"Account {username} disabled.")


@account_app.command("enable")
def account_enable(username: Username, reason: Annotated[str, typer.Option(help="Why; it stands in the ledger.")]) -> None:
    """Let a disabled account sign in again, with the password that it had."""
    refused_or(at_console(lambda: accounts.enable_account(accounts.EnableAccount(uuid4(), username, text("reason", reason)))))
    print(f"Account {username} enabled.")


@account_app.command("password")
def account_password(
    username: Username,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")] = False,
    must_change: Annotated[bool, typer.Option("--must-change", help="Its owner must change it before anything else.")] = False,
) -> None:
    """Give an account a new password. One that was disabled may sign in again; what it has open ends."""
    password = _password(password_stdin)
    refused_or(at_console(lambda: accounts.set_password(accounts.SetPassword(uuid4(), username, must_change), password)))
    print(f"Account {username} has a new password.")


@account_app.command("sign-out")
def account_sign_out(username: Username) -> None:
    """End every sign-in of an account within seconds. Its tokens for programs go on."""
    ended = len(refused_or(at_console(lambda: sessions.end_all_sessions(sessions.EndSessions(uuid4(), username)))).rows)
    print(f"Sign-ins of {username} that were open and have ended: {ended}.")


@account_app.command("remove-second-factor")
def account_remove_second_factor(username: Username, reason: Annotated[str, typer.Option(help="Why; it stands in the ledger.")]) -> None:
    """Take the second factor from an account whose phone is lost. Its owner sets up another at the next sign-in."""
    command = factors.RemoveSecondFactor(uuid4(), username, text("reason", reason))
    refused_or(at_console(lambda: factors.remove_second_factor(command)))
    print(f"Account {username} has no second factor any more.")


@token_app.command("create")
def token_create(
    account: Annotated[str, typer.Option(help="The account that the program acts as.")],
    name: Annotated[str, typer.Option(help="What the token is for.")] = "script",
    scope: Annotated[
        list[TokenScope] | None,
        typer.Option(
            help="What it may be used for: READ, FEED (what is pushed), ISSUE (the counter), REGISTER (the books), ADMIN (the accounts); "
            "within what its account may do. May be given more than once. Without it: READ and FEED.",
            case_sensitive=False,
        ),
    ] = None,
    armory: Annotated[
        list[str] | None, typer.Option(help="The code of an arms room that it is for; without it, all of the account's.")
    ] = None,
    days: Annotated[int, typer.Option(help="How many days it is good for.", min=1, max=3650)] = 365,
    as_json: AsJson = False,
) -> None:
    """Create a token for a program, and print it. It is shown this once."""
    name, scopes = text("name", name, tokens.LONGEST_NAME), tuple(scope or tokens.READING)
    command = tokens.CreateToken(uuid4(), account, name, days, scopes, tuple(armory or ()))
    made = refused_or(at_console(lambda: tokens.create_token(command)))
    print(json.dumps({"id": str(made.id), "token": made.token}) if as_json else made.token)


@token_app.command("rotate")
def token_rotate(
    token_id: Annotated[UUID, typer.Argument(help="The id of the token whose place the new one takes, as `token list` shows it.")],
    overlap_hours: Annotated[int, typer.Option(help="How many hours the old one is good beside it.", min=0, max=720)] = 24,
    days: Annotated[int, typer.Option(help="How many days the new one is good for.", min=1, max=3650)] = 365,
    as_json: AsJson = False,
) -> None:
    """Create a token that takes another's place, with its name and rights, and print it. It is shown this once."""
    made = refused_or(at_console(lambda: tokens.rotate_token(tokens.RotateToken(uuid4(), token_id, days, overlap_hours))))
    print(json.dumps({"id": str(made.id), "token": made.token}) if as_json else made.token)


@token_app.command("list")
def token_list(as_json: AsJson = False) -> None:
    """List the tokens of programs: whose they are, what for, how long they are good, when used last, and whether they were revoked."""

    async def read() -> tuple[list[ApiToken], dict[UUID, datetime]]:
        used = await TokenUse.all().order_by("last_used_at")
        return await ApiToken.all().select_related("account").order_by("created_at"), {use.token_id: use.last_used_at for use in used}

    rows, used = at_console(read)
    if as_json:
        print(json.dumps([_token_shown(row, used.get(row.id)) for row in rows]))
        return
    whole = Column("id", no_wrap=True, min_width=36)  # to be copied
    table = Table(whole, "account", "name", "for", "good until", "last used", "revoked", box=None)
    for row in rows:
        until = min(row.expires_at, row.good_until or row.expires_at)
        seen, revoked = (f"{moment:%Y-%m-%d %H:%M}" if moment else "" for moment in (used.get(row.id), row.revoked_at))
        table.add_row(str(row.id), row.account.username, row.name, ", ".join(row.scopes), f"{until:%Y-%m-%d %H:%M}", seen, revoked)
    Console(highlight=False, soft_wrap=True).print(table)


def _token_shown(row: ApiToken, last_used_at: datetime | None) -> dict[str, object]:
    moments = {"createdAt": row.created_at, "expiresAt": row.expires_at, "goodUntil": row.good_until, "lastUsedAt": last_used_at}
    times = {name: moment.isoformat() if moment else None for name, moment in {**moments, "revokedAt": row.revoked_at}.items()}
    return {"id": str(row.id), "account": row.account.username, "name": row.name, "scopes": row.scopes, **times}


@token_app.command("revoke")
def token_revoke(
    account: Annotated[str, typer.Option(help="The account that the program acts as.")],
    name: Annotated[str, typer.Option(help="The name of the token.")] = "script",
    token_id: Annotated[UUID | None, typer.Option("--id", help="Only the one with this id.")] = None,
) -> None:
    """Revoke the tokens of an account that have this name: what uses them ends within seconds."""
    revoked = refused_or(at_console(lambda: tokens.revoke_token(tokens.RevokeToken(uuid4(), account, name, token_id))))
    print(f"Tokens {name} of {account} revoked: {len(revoked.rows)}.")


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
