"""`armguard config check`: what an installation is set to, and whether that will do."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console
from rich.markup import escape

from graph import database, embedded
from graph.address import Addresses, knock, of_our_own, place
from graph.cli.base import AsJson, say
from graph.errors import StartupError
from graph.resolvers.condition import Condition, condition_of
from graph.settings import PREFIX, Settings, oidc_fault, unfitting

config_app = typer.Typer(help="The settings of this installation.", no_args_is_help=True)

SECONDS = 5.0
NOT_SETTINGS = frozenset({"SOAK", "TOKEN"})  # what the tests, and `armguard watch`, read there
_PASSWORD = re.compile(r"(?<=://)([^:/@\s]*):\S*@")
_GIVEN = re.compile(r"(?i)([?&](?:password|sslpassword)=)[^&\s]*")
_SECRET = re.compile("secret|password|key|token")


class Grade(StrEnum):
    """How a finding is to be taken."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """What was found about a part of the installation, and what to do."""

    grade: Grade
    part: str
    message: str


Findings = AsyncIterator[Finding]


@config_app.callback()
def config() -> None:
    """The settings of this installation."""


@config_app.command("check")
def config_check(as_json: AsJson = False) -> None:
    """Say what is set, from where, and what is wrong with it, as `armguard serve` would find it. Nothing is changed; no secret is shown.

    The exit code is 1 if anything is wrong: then serving would fail, or nobody could use it.
    """
    try:
        settings, findings = Settings(), []
    except (ValidationError, SettingsError) as error:
        settings, findings = None, [Finding(Grade.WRONG, "settings", told) for told in unfitting(error)]
    shown = [] if settings is None else _shown(settings)
    if settings is not None:
        findings = asyncio.run(_all_of(settings))
    if as_json:
        print(json.dumps({"settings": shown, "findings": [asdict(each) for each in findings]}))
    else:
        _print(shown, findings)
    if any(each.grade is Grade.WRONG for each in findings):
        sys.exit(1)


def _shown(settings: Settings) -> list[dict[str, str]]:
    """Every setting, its value without secrets, and where it comes from."""
    return [
        {"name": PREFIX + name.upper(), "value": masked(name, getattr(settings, name)), "from": "environment" if given else "default"}
        for name in Settings.model_fields
        for given in [name in settings.model_fields_set]
    ]


def masked(name: str, value: Any) -> str:
    """A value as it may be shown."""
    text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    if text and _SECRET.search(name) and not isinstance(value, bool | int | float):
        return "***"
    return _GIVEN.sub(r"\1***", _PASSWORD.sub(r"\1:***@", text))


def _print(shown: list[dict[str, str]], findings: list[Finding]) -> None:
    out = Console(highlight=False, soft_wrap=True)
    for each in shown:
        out.print(f"{each['name']:<38} {escape(each['value']) or '(empty)':<32} {each['from']}")
    out.print()
    for finding in findings:
        out.print(f"{finding.grade.upper():<6} {finding.part}: {escape(finding.message)}")
    wrong = sum(each.grade is Grade.WRONG for each in findings)
    out.print(f"\n{wrong} wrong. " + ("See the lines above." if wrong else "ArmGuard can serve with this."))


async def _all_of(settings: Settings) -> list[Finding]:
    return [finding for look in LOOKS async for finding in look(settings)]


async def _strangers(_settings: Settings) -> Findings:
    """Names in the environment that look like settings and are none."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {PREFIX + name for name in NOT_SETTINGS}
    for name in sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known):
        yield Finding(Grade.NOTE, "settings", f"{name} is no setting of this version, and has no effect.")


async def _database(settings: Settings) -> Findings:
    """Whether the database can be reached, as whom, and what is to be done to it."""
    if settings.database_url:
        at = Addresses(settings.owner_url or settings.database_url, settings.database_url)
        async for finding in _of_database(settings, at):
            yield finding
    elif not (settings.data_dir.expanduser() / "pgdata").exists():
        yield Finding(Grade.OK, "database", f"The embedded one, to be made in {settings.data_dir} at the first start.")
    else:
        with embedded.running(settings.data_dir, say) as url:
            async for finding in _of_database(settings, of_our_own(url)):
                yield finding


async def _of_database(settings: Settings, at: Addresses) -> Findings:
    try:
        owner = await condition_of(at.owner, at.setting)
        where = "The embedded one" if at.own else place(at.owner)
        yield Finding(Grade.OK, "database", f"{where} answers: PostgreSQL {owner.version}; {owner.user} migrates it.")
        if owner.newer:
            yield Finding(Grade.WRONG, "database", "It was made by a newer ArmGuard. Update this program first.")
        elif owner.pending:
            what = f"{len(owner.pending)} migrations are pending, from {owner.pending[0].removesuffix('.py')}"
            yield Finding(Grade.NOTE, "database", f"{what}. `armguard serve` applies them when it starts, `armguard migrate` now.")
        if not at.own and not owner.pending:
            serving = await condition_of(at.runtime, f"{PREFIX}DATABASE_URL")
            wrong = await database.guard_report(at.runtime)
            yield Finding(Grade.NOTE if wrong else Grade.OK, "rights", wrong or f"{serving.user} serves, with the rights for that alone.")
        for finding in _of_content(settings, owner):
            yield finding
    except StartupError as error:
        yield Finding(Grade.WRONG, "database", str(error))


def _of_content(settings: Settings, found: Condition) -> list[Finding]:
    findings = []
    if found.accounts == 0:
        findings.append(Finding(Grade.NOTE, "accounts", "Nobody may sign in yet: `armguard account create`."))
    if settings.persisted_only:
        roles = ", ".join(settings.explorer_roles) or "nobody"
        if found.documents == 0:
            message = f"Only known documents are taken, and none is known: {roles} alone can use the API. `armguard operations add FILE`."
            findings.append(Finding(Grade.WRONG, "documents", message))
        elif found.documents:
            findings.append(Finding(Grade.OK, "documents", f"{found.documents} are known; others are taken from {roles} alone."))
    else:
        message = f"Any document within the limits is taken. In production, consider {PREFIX}PERSISTED_ONLY=true."
        findings.append(Finding(Grade.NOTE, "documents", message))
    return findings


async def _addresses(settings: Settings) -> Findings:
    """Whether what other settings point to can be reached."""
    broadcast = settings.broadcast_url
    if not broadcast:
        yield Finding(Grade.OK, "broadcast", "By the database itself: any number of servers tell each other.")
    elif broadcast.startswith("memory://") and settings.workers > 1:
        yield Finding(Grade.WRONG, "broadcast", f"memory:// is for one process alone, and {PREFIX}WORKERS is {settings.workers}.")
    elif broadcast.startswith("memory://"):
        yield Finding(Grade.NOTE, "broadcast", "memory:// is for one process alone: others hear of its events by the slow poll.")
    others = [name for name in Settings.model_fields if name.endswith(("_url", "_issuer")) and name not in ("database_url", "owner_url")]
    for name in others:
        url = str(getattr(settings, name) or "")
        reach = REACH.get(urlsplit(url).scheme)
        if not url or url.startswith("memory://"):
            continue
        part = PREFIX + name.upper()
        if reach is None:
            yield Finding(Grade.WRONG, part, f"It must begin with one of {', '.join(f'{scheme}://' for scheme in REACH)}.")
            continue
        try:
            await asyncio.wait_for(reach(url, part), SECONDS)
            yield Finding(Grade.OK, part, f"{urlsplit(url).hostname or 'The server'} answers.")
        except StartupError as error:
            yield Finding(Grade.WRONG, part, str(error))
        except Exception as error:
            yield Finding(Grade.WRONG, part, f"{urlsplit(url).hostname or 'The server'} cannot be reached: {_why(error)}.")


def _why(error: Exception) -> str:
    return "it does not answer in time" if isinstance(error, TimeoutError) else "nothing that it should find answers there"


async def _redis(url: str, _setting: str) -> None:
    from redis.asyncio import from_url

    client: Any = from_url(url)
    async with client:
        await client.ping()


async def _postgres(url: str, setting: str) -> None:
    await (await knock(url, setting, SECONDS)).close()


async def _issuer(url: str, _setting: str) -> None:
    import httpx

    async with httpx.AsyncClient(timeout=SECONDS, follow_redirects=False) as client:
        found = await client.get(url.rstrip("/") + "/.well-known/openid-configuration" if _setting.endswith("_ISSUER") else url)
        found.raise_for_status()


REACH: dict[str, Callable[[str, str], Awaitable[None]]] = {
    "redis": _redis,
    "rediss": _redis,
    "postgres": _postgres,
    "postgresql": _postgres,
    "https": _issuer,
    "http": _issuer,
}


async def _network(settings: Settings) -> Findings:
    """How it is reached: by what address, from what pages, through what proxy."""
    if _is_loopback(settings.host):
        message = f"Serves on {settings.host}:{settings.port}, for this computer or a proxy on it. A refresh cookie is `Secure` behind TLS."
        yield Finding(Grade.OK, "address", message)
    else:
        message = (
            f"Serves on {settings.host}:{settings.port} without TLS: passwords and tokens go in the clear. Put a proxy with TLS before "
            "it. Serve on 127.0.0.1 behind one, so that the refresh cookie is `Secure`."
        )
        yield Finding(Grade.NOTE, "address", message)
    proxies = getattr(settings, "trusted_proxies", None)
    if proxies and "*" in str(proxies):
        yield Finding(Grade.WRONG, "proxies", f"{PREFIX}TRUSTED_PROXIES believes everybody who says where a request comes from.")
    for origin in settings.origins:
        if origin.startswith("http://") and not _is_loopback(urlsplit(origin).hostname or ""):
            yield Finding(Grade.NOTE, "origins", f"Pages of {origin} come without TLS: whoever is on the way can act in their name.")
    if settings.origins:
        yield Finding(Grade.OK, "origins", f"Pages of {', '.join(settings.origins)} may use the API, beside our own.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _people(settings: Settings) -> Findings:
    """What is asked of who signs in."""
    if wrong := oidc_fault(settings):
        yield Finding(Grade.WRONG, "sign-in", wrong)
    if settings.second_factor_roles:
        yield Finding(Grade.OK, "sign-in", f"{', '.join(settings.second_factor_roles)} sign in with a second factor.")
    else:
        message = f"No role needs a second factor. {PREFIX}SECOND_FACTOR_ROLES=ARMS_ROOM_OFFICER,ADMIN asks those who approve for one."
        yield Finding(Grade.NOTE, "sign-in", message)


LOOKS: tuple[Callable[[Settings], Findings], ...] = (_strangers, _database, _addresses, _network, _people)
