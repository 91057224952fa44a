"""The only door to PostgreSQL: start-up, migrations, transactions and reads.

Every statement of a running server passes through `transaction` or `fetch`, so that the limits hold in one place: how many connections are
used, how long a caller waits for one, how long a lock or a statement may take, and what is tried again.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
import structlog
from tortoise import connections
from tortoise.context import TortoiseContext
from tortoise.exceptions import BaseORMException
from tortoise.transactions import in_transaction

from graph import grants
from graph.address import Addresses, knock, place
from graph.deadline import seconds_left
from graph.errors import ArmGuardError, StartupError, TimedOut, Unavailable
from graph.places import Places
from graph.settings import Settings

T = TypeVar("T")
log = structlog.get_logger("armguard.database")

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
NOUNS = ("armory", "people", "items", "custody", "stock", "eligibility", "proposals", "accounts", "security", "operations", "ledger")
MODELS = [f"graph.models.{noun}" for noun in NOUNS]
MIGRATION_LOCK = 4_177_041_966  # the advisory lock under which only one process migrates
NOT_THE_OWNER = "this user may not change it: run `armguard migrate` with the address of its owner in ARMGUARD_OWNER_URL."


SETTLE_SECONDS = 5.0  # how long a statement that is broken off may take to end; then its connection is given up


class NoConnection(ConnectionError):
    """No connection to the database was to be had, for whatever reason it gives."""


LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg says when the server dies under a connection that is just given back
    asyncpg.TooManyConnectionsError,
    asyncpg.CannotConnectNowError,
    OSError,
)
COLLISIONS = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)


# How a transaction begins: its statements are planned once for all values, and not anew for those of each row.
BEGIN = "BEGIN; SET LOCAL plan_cache_mode = force_generic_plan"


class Connection(asyncpg.Connection):
    """A connection that is given back as it is: what our statements set, they set for their transaction only."""

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109 - asyncpg's
        """Run a statement; the beginning of a transaction in one round trip with what is set for it."""
        return await super().execute(BEGIN if query == "BEGIN;" else query, *args, timeout=timeout)

    def get_reset_query(self) -> str:
        """Nothing to undo; a transaction that was left open is rolled back in any case."""
        return ""


def tortoise_config(url: str, settings: Settings | None = None) -> dict[str, Any]:
    """The configuration of Tortoise for one database."""
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    limits = settings or Settings()
    credentials: dict[str, Any] = {
        "host": query.get("host") or parts.hostname or "127.0.0.1",
        "port": int(query.get("port") or parts.port or 5432),
        "user": query.get("user") or unquote(parts.username or "postgres"),
        "password": unquote(parts.password) if parts.password else query.get("password"),
        "database": unquote(parts.path.lstrip("/")) or "postgres",
        "minsize": 1,
        "maxsize": limits.pool_size,
        "timeout": limits.connect_timeout_seconds,
        "connection_class": Connection,
        "statement_cache_size": 400,
        "max_cacheable_statement_size": 0,  # however long a compiled statement is
        "server_settings": {
            "application_name": "armguard",
            "timezone": "UTC",
            "jit": "off",  # it takes longer than any statement of ours
            "lock_timeout": str(limits.lock_timeout_ms),
            "statement_timeout": str(limits.statement_timeout_ms),
            "idle_in_transaction_session_timeout": "60000",
        },
    }
    if "sslmode" in query:
        credentials["ssl"] = query["sslmode"]
    return {
        "connections": {"default": {"engine": "tortoise.backends.asyncpg", "credentials": credentials}},
        "apps": {"models": {"models": [*MODELS, "aerich.models"], "default_connection": "default"}},
        "use_tz": True,
        "timezone": "UTC",
    }


# ---------------------------------------------------------------------------------------------------------------- start-up and migrations


def known_migrations() -> list[str]:
    """The migrations that this program has, oldest first."""
    files = [path.name for path in (MIGRATIONS / "models").glob("[0-9]*_*.py")]
    return sorted(files, key=lambda name: int(name.split("_")[0]))


async def prepare(at: Addresses) -> list[str]:
    """Bring the database up to date, as its owner, and see that who serves comes in. Returns what was applied.

    Raises:
        StartupError: it cannot be done; one sentence says why.
    """
    applied = await migrate(at.owner, at.setting, login=at.own)
    if not at.own and (wrong := await guard_report(at.runtime)):
        log.warning("database_rights", message=wrong)
    return applied


async def guard_report(url: str) -> str | None:
    """What is wrong with the rights of who serves by this address, in a sentence or two; nothing, if all is as it should be.

    Raises:
        StartupError: the database cannot be used.
    """
    connection = await knock(url)
    try:
        return await grants.report(connection)
    finally:
        await connection.close()


async def connections_allowed(url: str) -> int:
    """How many connections the server has for who is no superuser, whoever uses them now.

    Raises:
        StartupError: the database cannot be used.
    """
    connection = await knock(url)
    try:
        settings = [await connection.fetchval(f"SHOW {name}") for name in ("max_connections", "superuser_reserved_connections")]
        return int(settings[0]) - int(settings[1])
    finally:
        await connection.close()


async def grants_script(url: str, setting: str) -> str:
    """The statements that give whoever serves their rights, for a person to run who may.

    Raises:
        StartupError: the database cannot be used.
    """
    connection = await knock(url, setting)
    try:
        here = await connection.fetchrow("SELECT current_database() AS database, coalesce(current_schema(), 'public') AS schema")
        assert here is not None
        return grants.script(here["database"], here["schema"])
    finally:
        await connection.close()


async def migrate(url: str, setting: str = "ARMGUARD_DATABASE_URL", login: bool = False) -> list[str]:
    """Bring the database to this program's state, once, however many processes start together. Returns what was applied.

    The runtime role is made and gets its rights, if this user may do that; with `login` the role itself signs in.

    Raises:
        StartupError: the database is newer than this program, and is left as it is; or this user may not change it.
    """
    connection = await knock(url, setting)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
        applied = set()
        if await connection.fetchval("SELECT to_regclass('aerich') IS NOT NULL"):
            applied = {row["version"] for row in await connection.fetch("SELECT version FROM aerich WHERE app = 'models'")}
        known = known_migrations()
        if applied - set(known):
            raise StartupError(f"The database {place(url)} was made by a newer ArmGuard. Nothing was changed; update this program first.")
        done: list[str] = []
        if not applied >= set(known):
            if not await connection.fetchval("SELECT has_schema_privilege(current_schema(), 'CREATE')"):
                raise StartupError(f"The database {place(url)} is not up to date, and {NOT_THE_OWNER}")
            done = await asyncio.create_task(_upgrade(url))
        await grants.ensure(connection, login)
        return done
    except asyncpg.InsufficientPrivilegeError:
        raise StartupError(f"The database {place(url)} cannot be used as it is: {NOT_THE_OWNER}") from None
    finally:
        await connection.close()


async def _upgrade(url: str) -> list[str]:
    """Aerich's part, to be run in a task of its own: it leaves its closed Tortoise context in the task that it runs in."""
    from aerich import Command  # takes a while to load, and is seldom needed

    async with Command(tortoise_config(url), location=str(MIGRATIONS)) as command:
        await command.init()
        done: list[str] = await command.upgrade(run_in_transaction=True)
    return done


# ------------------------------------------------------------------------------------------------------------------------- the open door


class Door:
    """The state of the open door: its limits, its places and the commands under way."""

    def __init__(self, settings: Settings, url: str, context: TortoiseContext) -> None:
        self.settings = settings
        self.url = url
        self.context = context
        self.places = Places(settings.pool_size, settings.pool_wait_seconds)
        self.under_way: set[asyncio.Task[Any]] = set()


_door: Door | None = None


def door() -> Door:
    """The open door.

    Raises:
        Unavailable: the database is not open.
    """
    if _door is None:
        raise Unavailable("The database is not open. Try again in a moment.")
    return _door


async def open_door(url: str, settings: Settings) -> None:
    """Open the connections of this process, for all its tasks: whichever task opens or closes the door is no matter."""
    global _door
    with TortoiseContext() as context:
        await context.init(config=tortoise_config(url, settings), _enable_global_fallback=True)
    _door = Door(settings, url, context)


async def close_door() -> None:
    """Let the commands under way end, then close the connections of this process."""
    global _door
    if _door is None:
        return
    closing = _door
    if closing.under_way:
        await asyncio.wait(closing.under_way, timeout=closing.settings.shutdown_seconds)
    _door = None
    await closing.context.close_connections()


def _causes(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    step: BaseException | None = error
    while step is not None:
        chain.append(step)
        step = step.__cause__
    return chain


def is_lost(error: BaseException) -> bool:
    """Whether an error says that the connection or the server went away."""
    causes = _causes(error)
    if any(isinstance(cause, asyncpg.QueryCanceledError | ArmGuardError) for cause in causes):
        return False
    return any(isinstance(cause, LOST) and not is_mistake(cause) for cause in causes)


def is_mistake(error: BaseException) -> bool:
    """Whether a statement has not as many places as there are values: asyncpg says so by an error that a lost connection gives too."""
    return isinstance(error, asyncpg.InterfaceError) and "for this query" in str(error)


def is_collision(error: BaseException) -> bool:
    """Whether an error says that another transaction was in the way."""
    return any(isinstance(cause, COLLISIONS) for cause in _causes(error))


def broken_constraint(error: BaseException) -> str | None:
    """The name of the constraint that an error says was broken."""
    for cause in _causes(error):
        name = getattr(cause, "constraint_name", None)
        if name:
            return str(name)
    return None


async def transaction(work: Callable[[], Awaitable[T]], committed: Callable[[T], None] | None = None) -> T:
    """Run `work` in one transaction, whatever becomes of the caller, and call `committed` with its result after the commit.

    The work runs in a task of its own: a caller who goes away neither breaks it off half-way nor harms a connection. On a deadlock,
    a lock that is not had in time, or a lost connection it is done again from the start, a bounded number of times; `work` must
    therefore be safe to repeat even when a commit went through whose answer was lost.

    Raises:
        Unavailable: it could not be done in the attempts there are. Nothing was half done.
    """
    at = door()
    task = asyncio.create_task(_attempts(at, work, committed))
    at.under_way.add(task)
    task.add_done_callback(at.under_way.discard)
    task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    return await asyncio.shield(task)


async def snapshot(work: Callable[[], Awaitable[T]]) -> T:
    """Run `work`, which only reads, on the database as it stands at one moment, whatever others write meanwhile; no statement times out.

    After a lost connection it is done again from the start, on a new snapshot. A caller who goes away ends it.

    Raises:
        Unavailable: it could not be done in the attempts there are.
    """

    async def reading() -> T:
        await fetch("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        await fetch("SET LOCAL statement_timeout = 0")
        await fetch("SET LOCAL idle_in_transaction_session_timeout = 0")
        return await work()

    return await asyncio.create_task(_attempts(door(), reading, None))


async def _attempts(at: Door, work: Callable[[], Awaitable[T]], committed: Callable[[T], None] | None) -> T:
    # A task whose BEGIN failed is unfit for another transaction: a later attempt has its own task, with the context as it is now.
    clean = contextvars.copy_context()
    for attempt in range(1, at.settings.command_attempts + 1):
        try:
            once = _once(at, work)
            result = await (once if attempt == 1 else asyncio.create_task(once, context=clean.copy()))
        except Exception as error:
            lost, collision = is_lost(error), is_collision(error)
            if not (lost or collision):
                if isinstance(error, asyncpg.QueryCanceledError | BaseORMException) and _timed_out(error):
                    raise Unavailable("The database took too long. Nothing was done; try again in a moment.") from error
                raise
            if attempt == at.settings.command_attempts:
                raise Unavailable("The database is not available now. Send the same request again in a moment.") from error
            await asyncio.sleep(pause_seconds(attempt, lost=lost) * random.uniform(0.5, 1.5))  # noqa: S311
        else:
            if committed is not None:
                committed(result)
            return result
    raise AssertionError("unreachable")


def pause_seconds(attempt: int, *, lost: bool) -> float:
    """How long a command that could not be done waits before it is tried again: never so long that a server is back for 2 s unused."""
    first, longest = (0.25, 1.0) if lost else (0.01, 1.0)
    return min(first * float(2 ** (attempt - 1)), longest)


def _timed_out(error: BaseException) -> bool:
    return any(isinstance(cause, asyncpg.QueryCanceledError) for cause in _causes(error))


async def _once(at: Door, work: Callable[[], Awaitable[T]]) -> T:
    await at.places.acquire()
    try:
        block = in_transaction("default")
        try:
            await block.__aenter__()
        except BaseException as error:
            await _give_back(block)
            if isinstance(error, asyncpg.PostgresError) and not is_collision(error):
                raise NoConnection from error
            raise
        try:
            result = await work()
        except BaseException as error:
            await block.__aexit__(type(error), error, error.__traceback__)
            raise
        await block.__aexit__(None, None, None)
        return result
    finally:
        at.places.release()


async def _give_back(block: Any) -> None:
    """Return the connection of a transaction that could not begin: Tortoise keeps it for ever otherwise."""
    client = block.client
    if client._connection is not None and client._parent._pool is not None:
        await client._parent._pool.release(client._connection)


Rows = Sequence[asyncpg.Record]


async def fetch(sql: str, *values: Any) -> Rows:
    """The rows of one statement: inside a transaction on its connection, elsewhere on any.

    Raises:
        Unavailable: no connection became free in time, or the server is away.
        TimedOut: it would take longer than the request may, or has.
    """
    client: Any = connections.get("default")
    if client._connection is not None:
        async with client.acquire_connection() as connection:
            rows: Rows = await connection.fetch(sql, *values)
            return rows
    return await _read(client, sql, *values)


async def fetch_one(sql: str, *values: Any) -> asyncpg.Record | None:
    """The first row of one statement, or none."""
    rows = await fetch(sql, *values)
    return rows[0] if rows else None


async def _read(client: Any, sql: str, *values: Any) -> Rows:
    at = door()
    await at.places.acquire(_in_time())
    try:
        for attempt in (1, 2, 3):
            try:
                block, connection = await _taken(client)
                try:
                    rows: Rows = await connection.fetch(sql, *values, timeout=_in_time())
                    return rows
                except (asyncio.CancelledError, TimeoutError):
                    await _settled(connection)
                    raise
                finally:
                    await block.__aexit__(None, None, None)
            except (asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError) as error:
                _in_time()
                raise Unavailable("The database took too long for this. Ask for less at once, or try again.") from error
            except LOST as error:
                if is_mistake(error):
                    raise
                _in_time()
                if attempt == 3:
                    raise Unavailable("The database is not available now. Try again in a moment.") from error
                await asyncio.sleep(0.1 * attempt)
        raise AssertionError("unreachable")
    finally:
        at.places.release()


def _in_time() -> float | None:
    """How many seconds the request has left; None, if it has no deadline.

    Raises:
        TimedOut: there are none.
    """
    left = seconds_left()
    if left is not None and left <= 0:
        raise TimedOut("This took longer than a request may. Ask for less at once, or try again in a moment.")
    return left


async def _settled(connection: Any) -> None:
    """End the statement of a read that was broken off: else its time limit runs on, and strikes whoever has the connection next."""
    try:
        await asyncio.shield(asyncio.create_task(connection.execute("SELECT", timeout=SETTLE_SECONDS)))
    except TimeoutError:
        connection.terminate()
    except (*LOST, asyncpg.PostgresError):
        pass


async def _taken(client: Any) -> tuple[Any, Any]:
    """A connection of the pool, and the block that gives it back."""
    # Tortoise makes the pool when it is first used; afterwards it is asked itself, which takes a third of the time.
    block: Any = client.acquire_connection() if client._pool is None else client._pool.acquire()
    try:
        return block, await block.__aenter__()
    except asyncpg.PostgresError as error:
        raise NoConnection from error
