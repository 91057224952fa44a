"""In what condition a database is, for who looks at an installation from outside. Nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass

from graph import database
from graph.address import knock


@dataclass(frozen=True)
class Condition:
    """Who comes in by an address, and what is there. `documents` and `accounts` are None where there are no such tables yet."""

    user: str
    version: str
    pending: tuple[str, ...]
    newer: bool
    documents: int | None
    accounts: int | None


async def condition_of(url: str, setting: str) -> Condition:
    """The condition of the database at an address.

    Raises:
        StartupError: it cannot be used; names the setting.
    """
    connection = await knock(url, setting)
    try:
        user, version = await connection.fetchrow("SELECT current_user, current_setting('server_version')") or ("", "")
        applied: set[str] = set()
        if await connection.fetchval("SELECT to_regclass('aerich') IS NOT NULL"):
            applied = {row["version"] for row in await connection.fetch("SELECT version FROM aerich WHERE app = 'models'")}
        known = database.known_migrations()
        pending = tuple(name for name in known if name not in applied)
        counts: list[int | None] = [None, None]
        if not pending:
            counts[0] = await connection.fetchval("SELECT count(*) FROM operation WHERE retired_at IS NULL")
            counts[1] = await connection.fetchval("SELECT count(*) FROM account WHERE state = 'ACTIVE'")
        return Condition(user, version.split()[0], pending, not applied <= set(known), *counts)
    finally:
        await connection.close()
