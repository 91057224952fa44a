"""The server that is fuzzed, a process of its own over a world of its own; and what must hold of it whatever is sent.

What is sent is drawn from the random numbers of a seed, and not by hypothesis: what harms a server depends on what it was sent before, many
at once, so that an example that is made smaller would need the same server again. A fault names its seed and number (ARMGUARD_FUZZ_SEED).
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg

from graph import database, errors
from graph.audit.actor import acting, console_actor
from graph.commands import accounts
from graph.models.accounts import ApiToken, Session
from graph.schema.base import node_id
from graph.settings import Settings
from graph.words import Role
from tests.chaos.processes import ServerProcess, serving
from tests.commands.test_accounts import signed_in
from tests.conftest import assert_whole
from tests.fuzz.operations import MANAGERS, VICTIMS, Operation
from tests.fuzz.wire import Answer
from tests.schema.queries import Known
from tests.schema.test_compiled import fill, fill_shelves, learn
from tests.server import Live
from tests.world import PASSWORD, api_token_of, give_tokens, made, token_of

SOAK = bool(os.environ.get("ARMGUARD_SOAK"))
TIMES = 20 if SOAK else 1
SEED = os.environ.get("ARMGUARD_FUZZ_SEED", str(time.time_ns()) if SOAK else "armguard")
AT_ONCE = 12  # how much is in flight
GROWTH_MB = 24  # of the resident memory from the middle of a run to its end: of 10,000 operations 10 were seen, while caches fill

# The fuzz does too much at once for what counts attempts and requests; that is tried by its own tests.
UNLIMITED = {
    **dict.fromkeys(("sign_in_attempts", "address_attempts", "name_attempts", "pin_attempts"), 10**6),
    **dict.fromkeys(("address_requests", "account_requests", "address_sockets", "account_sockets"), 0),
}

CODES = {
    each.code for each in (errors.BadInput, errors.Unauthenticated, errors.Forbidden, errors.RateLimited, errors.LimitExceeded)
}  # UNAVAILABLE and INTERNAL are faults: the database is there all the time
# What a server may not tell: its language, its libraries, its statements, its folders.
LEAKS = re.compile(
    r"Traceback|File \"|\.py\b|site-packages|/usr/|/tmp/|/home/|/work/|<class |<function | object at 0x|\b\w+(?:Error|Exception)\b"
    r"|\b(?:NoneType|None|True|False|dict|tuple|kwargs|coroutine|str|repr|__\w+__|lambda|awaitable|codec|surrogate|subscriptable|iterable)\b"
    r"|asyncpg|tortoise|strawberry|starlette|uvicorn|pydantic|orjson|graphql-core|psycopg|Postgre|sqlstate"
    r"|\bSELECT\b|\bINSERT\b|\bUPDATE\b|\bWHERE\b|relation \"|column \"|duplicate key|violates|syntax error at|pg_\w+|::\w+\["
    r"|Expecting |Incorrect padding|invalid literal|not enough values|unhashable|out of range for"
)
ALLOWED = re.compile(r"__typename|__schema|__type\b")


def leaks(text: str) -> list[str]:
    """Words in a message for a client that are the server's own."""
    return [found for found in LEAKS.findall(text) if not ALLOWED.fullmatch(found)]


def faults_of(answer: Any, *, status: int = 200) -> list[str]:
    """What is wrong with an answer to an operation, whatever the operation was."""
    if not isinstance(answer, dict) or not ({"data", "errors"} & set(answer)):
        return ["neither data nor errors"]
    found = []
    told = answer.get("errors") or []
    for error in told:
        code = (error.get("extensions") or {}).get("code") if isinstance(error, dict) else None
        if code not in CODES:
            found.append(f"the code {code}")
        found += [f"the word {word}" for word in leaks(str(error.get("message")))]
    if status != 200 and not told:
        found.append(f"status {status} without an error")
    for refusal in refusals_in(answer.get("data")):
        found += [f"the word {word}" for word in leaks(refusal)]
    return found


def refusals_in(value: Any) -> Iterable[str]:
    """Every text of a refusal in an answer."""
    if isinstance(value, dict):
        for name, part in value.items():
            if name == "refusals" and isinstance(part, list):
                yield from (text for refusal in part if isinstance(refusal, dict) for text in refusal.values() if isinstance(text, str))
            else:
                yield from refusals_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from refusals_in(part)


def faults_of_http(answer: Answer) -> list[str]:
    """What is wrong with an answer over HTTP, whatever was sent."""
    if answer.status >= 500 or answer.status < 200:
        return [f"status {answer.status}"]
    if answer.headers.get("content-type", "").split(";")[0] in ("application/json", "application/graphql-response+json"):
        try:
            told = json.loads(answer.body)
        except ValueError:
            return ["a body that is not JSON"]
        if isinstance(told, dict) and {"data", "errors"} & set(told):
            return faults_of(told, status=answer.status)
        return []
    if answer.status >= 400:
        return [f"the word {word}" for word in leaks(answer.body.decode("latin-1"))]
    return []


@dataclass
class Target:
    """The server, what can be known of its world, and how it has fared."""

    server: ServerProcess
    url: str
    known: Known
    sessions: dict[str, str]  # the tokens of those that have signed in
    sizes: list[float] = field(default_factory=list)
    came_of: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)

    def headers(self, sent: Operation) -> dict[str, str]:
        """What an operation shows of who sends it: the token of a session, or one for programs."""
        if sent.account is None:
            return {}
        token = api_token_of(sent.account) if sent.program else self.sessions.get(sent.account) or token_of(sent.account)
        return {"authorization": f"Bearer {token}"}

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.server.port

    def memory_mb(self) -> float:
        """The resident memory of its process."""
        assert self.server.process is not None
        told = subprocess.run(["ps", "-o", "rss=", "-p", str(self.server.process.pid)], capture_output=True, text=True, check=True)
        return int(told.stdout) / 1024

    async def fuzz(self, count: int, one: Callable[[int], Awaitable[None]]) -> None:
        """Do `count` of something, many at a time; it is looked at the server's memory meanwhile.

        Raises:
            Exception: the first one that was wrong; no other is begun then.
        """
        for part in range(10):
            numbers = iter(range(count * part // 10, count * (part + 1) // 10))

            async def work(numbers: Iterable[int] = numbers) -> None:
                for number in numbers:
                    await one(number)

            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(work())
            self.sizes.append(self.memory_mb())
            if SOAK:
                print(f"{part + 1} of 10, {time.monotonic() - self.began:.0f} s, {self.sizes[-1]:.0f} MB", file=sys.stderr, flush=True)  # noqa: T201

    async def assert_unharmed(self) -> None:
        """It serves, has logged no fault, holds no transaction, and has not grown."""
        await self.server.ready(10)
        faults = faults_in_log(self.server.said())
        assert not faults, "\n".join(faults[:20])
        connection = await asyncpg.connect(self.url)
        try:
            async with asyncio.timeout(10):
                while left := await connection.fetch(IN_TRANSACTION):
                    assert not [row for row in left if row["age"] > 5], left
        finally:
            await connection.close()
        middle, end = self.sizes[len(self.sizes) // 2], self.sizes[-1]
        assert end - middle < GROWTH_MB, f"its memory grew: {self.sizes}"


IN_TRANSACTION = """
SELECT pid, state, query, extract(epoch FROM now() - state_change) AS age FROM pg_stat_activity
WHERE datname = current_database() AND state LIKE 'idle in transaction%'
"""


def faults_in_log(said: str) -> list[str]:
    """Lines that tell of a fault of the server. What a client did wrong is one line, and no error."""
    found = []
    for line in said.splitlines():
        if not line.startswith("{"):
            if not line.startswith(("ArmGuard serves on ", "Database brought up to date: ")):
                found.append(line)
            continue
        told = json.loads(line)
        if told.get("level") in ("error", "critical") or "exception" in told or "Traceback" in line:
            found.append(str(told.get("exception") or line))
    return found


async def add_accounts(url: str) -> dict[str, list[str]]:
    """Make the accounts that manage others, and those that may be lost; the ids of these, and of what they have."""
    lost: dict[str, list[str]] = {"Account": [], "Session": [], "ApiToken": []}
    await database.open_door(url, Settings())
    try:
        with acting(console_actor("tests")):
            for username in (*MANAGERS, *VICTIMS):
                roles = (Role.ADMIN,) if username in MANAGERS else (Role.ARMORER, Role.VIEWER)
                create = accounts.CreateAccount(uuid4(), username, roles, (), all_armories=True)
                account_id = await made(accounts.create_account(create, PASSWORD))
                await database.transaction(functools.partial(give_tokens, account_id, username))
                if username in VICTIMS:
                    lost["Account"].append(node_id("Account", account_id))
                    lost["Session"] += [node_id("Session", each.id) for each in await Session.filter(account_id=account_id)]
                    lost["ApiToken"] += [node_id("ApiToken", each.id) for each in await ApiToken.filter(account_id=account_id)]
    finally:
        await database.close_door()
    return lost


async def learn_more(live: Live, known: Known) -> Known:
    """More of what there is: ids of every kind that has a list."""
    ids = {kind: list(each) for kind, each in known.ids.items()}
    for root, kind in (("items", "Item"), ("people", "Person"), ("custodyRecords", "CustodyRecord"), ("itemModels", "ItemModel")):
        found = (await live.as_("officer")(f"{{ {root}(first: 40) {{ edges {{ node {{ id }} }} }} }}"))[root]["edges"]
        ids[kind] = [*ids.get(kind, ()), *(edge["node"]["id"] for edge in found)]
    return Known(ids, known.cursors, known.words)


async def with_history(live: Live, losable: dict[str, list[str]]) -> Known:
    """Make some history; what of it can be known."""
    await fill(live)
    await fill_shelves(live)
    known = await learn_more(live, await learn(live))
    return Known({**known.ids, **losable}, known.cursors, known.words)


@contextlib.asynccontextmanager
async def attacked(url: str, log: Path, *, bare: bool = False, **settings: Any) -> AsyncIterator[Target]:
    """A server to be fuzzed, with a history unless `bare`; afterwards it must be unharmed, and its ledger whole and explain every table."""
    losable = {} if bare else await add_accounts(url)
    async with serving(url, log, **{**UNLIMITED, "overdue_poll_seconds": 0.5, **settings}) as server:
        target = Target(server, url, Known({}, [], []) if bare else await with_history(server.live, losable), {})
        for username in () if bare else VICTIMS[::2]:
            client = await signed_in(server.live, username)
            target.sessions[username] = client.token or ""
            await client.http.aclose()
        yield target
        await target.assert_unharmed()
        server.stop()
        faults = faults_in_log(server.said())
        assert not faults, "\n".join(faults[:20])
    await database.open_door(url, Settings())
    try:
        await assert_whole()
    finally:
        await database.close_door()
