"""The two roles of the database: what the one that serves may not do, however it tries; and what is said and mended where it may do more.

What the guards refuse to either role is in tests/models/test_guards.py. An owner can take a guard off in the end: that it is then found,
event by event and row by row, is in tests/audit/test_verify.py, tests/audit/test_replay.py and tests/test_cli.py.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import structlog

from graph import database, grants
from graph.address import RUNTIME, Addresses, of_our_own
from graph.audit.actor import acting, console_actor
from graph.cli.ledger import _verify_database
from graph.commands.armory import RegisterArmory, RegisterUnit, register_armory, register_unit
from graph.errors import StartupError, Unavailable
from graph.logs import start_logs
from graph.settings import Settings
from tests.conftest import Cluster
from tests.world import made

Sql = Any  # an asyncpg connection


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Sql]:
    """A connection of our own."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def sql(database_url: str) -> AsyncIterator[Sql]:
    """The small world, as the role that serves: whoever slips a statement of theirs into ours is here."""
    async with connected(database_url) as connection:
        yield connection


# ------------------------------------------------------------------------------------------------------------------ what is declared, is so


async def test_every_table_has_its_line_and_every_right_is_as_declared(small_world: Addresses) -> None:
    async with connected(small_world.owner) as owner:
        tables = {row["tablename"] for row in await owner.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
        assert tables == set(grants.TABLES), "a new table needs its line in graph/grants.py"
        assert await grants.standing(owner, RUNTIME) == grants.declared() | {grants.LOGIN}


async def test_the_catalogue_itself_names_nobody_else(small_world: Addresses) -> None:
    """Read from the lists of the catalogue, and not by what PostgreSQL works out of them."""
    listed = """
        SELECT CASE c.relkind WHEN 'S' THEN 'sequence ' ELSE 'table ' END || c.relname AS what, a.privilege_type AS right, '' AS column
            FROM pg_class c, aclexplode(c.relacl) a
            WHERE c.relnamespace = 'public'::regnamespace AND a.grantee <> c.relowner
        UNION ALL SELECT 'table ' || c.relname, a.privilege_type, t.attname
            FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
            WHERE c.relnamespace = 'public'::regnamespace AND a.grantee <> c.relowner"""
    async with connected(small_world.owner) as owner:
        found = {grants.Right(row["what"], row["right"], row["column"]) for row in await owner.fetch(listed)}
        called = await owner.fetch(
            "SELECT p.proname FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a "
            "WHERE p.pronamespace = 'public'::regnamespace AND a.grantee <> p.proowner"
        )
    assert found == {right for right in grants.declared() if right.what.startswith(("table ", "sequence "))}
    assert {row["proname"] for row in called} == set(grants.CALLED)


async def test_nothing_that_is_written_once_is_changed_and_nothing_is_deleted() -> None:
    declared = grants.declared()
    assert {right.right for right in declared} == {"SELECT", "INSERT", "UPDATE", "USAGE", "EXECUTE", "SECURITY DEFINER"}
    for table in ("ledger_event", "completed_request", "imported_row", "confirmation", "regularisation", "aerich"):
        assert not [right for right in declared if right.what == f"table {table}" and right.right == "UPDATE"]
    changed = {right.column for right in declared if right.what == "table stream_head" and right.right == "UPDATE"}
    assert changed == {"stream"}
    sealed = {"seq", "transaction", "recorded_at", "previous_hash", "hash", "summary"}
    assert not sealed & {right.column for right in declared if right.what == "table ledger_event"}


# ------------------------------------------------------------------------------------------------------------------------------- attacks

EVENT = "event_id, stream, type, subject, subject_id, payload, actor_kind, actor_name"
VALUES = "gen_random_uuid(), 'registry', 'ITEM_CHANGED', 'ITEM', gen_random_uuid(), '{}', 'CONSOLE', 'me'"
DENIED = {
    "an event changed": "UPDATE ledger_event SET payload = '{}'",
    "an event changed on its way in": f"INSERT INTO ledger_event ({EVENT}) VALUES ({VALUES}) ON CONFLICT (event_id) DO UPDATE SET seq = 1",
    "an event merged away": "MERGE INTO ledger_event e USING (SELECT 1) x ON e.seq = 1 WHEN MATCHED THEN DELETE",
    "the ledger locked": "LOCK TABLE ledger_event IN ACCESS EXCLUSIVE MODE",
    "an event locked": "SELECT FROM ledger_event FOR UPDATE",
    "a seq forged": f"INSERT INTO ledger_event ({EVENT}, seq) VALUES ({VALUES}, 99)",
    "a hash forged": f"INSERT INTO ledger_event ({EVENT}, hash) VALUES ({VALUES}, sha256('x'))",
    "a previous hash forged": f"INSERT INTO ledger_event ({EVENT}, previous_hash) VALUES ({VALUES}, sha256('x'))",
    "a moment forged": f"INSERT INTO ledger_event ({EVENT}, recorded_at) VALUES ({VALUES}, '2001-01-01Z')",
    "a transaction forged": f"INSERT INTO ledger_event ({EVENT}, transaction) VALUES ({VALUES}, 1)",
    "a summary forged": f"INSERT INTO ledger_event ({EVENT}, summary) VALUES ({VALUES}, 'All is well.')",
    "events copied in": "COPY ledger_event FROM STDIN",
    "a head moved on": "UPDATE stream_head SET seq = seq + 1",
    "a head moved back": "UPDATE stream_head SET seq = 0, hash = decode(repeat('00', 32), 'hex')",
    "receipts counted anew": "UPDATE stream_head SET receipts = 0",
    "an answer changed": "UPDATE completed_request SET answer = '{}'",
    "an import forgotten": "UPDATE imported_row SET source = 'x'",
    "a migration forgotten": "DELETE FROM aerich",
    "a migration invented": "INSERT INTO aerich (version, app, content) VALUES ('99_x.py', 'models', '{}')",
    "a guard off": "ALTER TABLE ledger_event DISABLE TRIGGER ALL",
    "one guard off": "ALTER TABLE item DISABLE TRIGGER explained",
    "a guard gone": "DROP TRIGGER no_delete ON ledger_event",
    "a guard of one's own": "CREATE TRIGGER mine BEFORE INSERT ON ledger_event FOR EACH ROW EXECUTE FUNCTION armguard_no_delete()",
    "a guard rewritten": "CREATE OR REPLACE FUNCTION armguard_seal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
    "a guard without its rights": "ALTER FUNCTION armguard_seal() SECURITY INVOKER",
    "a guard taken over": "ALTER FUNCTION armguard_seal() OWNER TO armguard_runtime",
    "a rule": "CREATE RULE mine AS ON INSERT TO ledger_event DO INSTEAD NOTHING",
    "guards as on a replica": "SET session_replication_role = replica",
    "guards as on a replica, in passing": "SELECT set_config('session_replication_role', 'replica', true)",
    "a check gone": "ALTER TABLE ledger_event DROP CONSTRAINT ledger_actor",
    "a column": "ALTER TABLE item ADD COLUMN mine text",
    "an index": "CREATE INDEX mine ON item (rack)",
    "a table gone": "DROP TABLE tag",
    "a table taken over": "ALTER TABLE item OWNER TO armguard_runtime",
    "a table": "CREATE TABLE mine (x int)",
    "a table for now": "CREATE TEMPORARY TABLE ledger_event (x int)",
    "a view": "CREATE VIEW mine AS SELECT 1",
    "a function": "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "a function that has its owner's rights": "CREATE FUNCTION mine() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
    "a type": "CREATE TYPE mine AS (x int)",
    "a schema": "CREATE SCHEMA mine",
    "the schema gone": "DROP SCHEMA public CASCADE",
    "a database": "CREATE DATABASE mine",
    "an extension": "CREATE EXTENSION dblink",
    "a role": "CREATE ROLE mine SUPERUSER",
    "the role as superuser": "ALTER ROLE armguard_runtime SUPERUSER",
    "another's password": "ALTER ROLE postgres PASSWORD 'x'",
    "the superuser's role": "SET ROLE postgres",
    "the superuser's session": "SET SESSION AUTHORIZATION postgres",
    "a program": "COPY (SELECT 1) TO PROGRAM 'true'",
    "a program's words": "COPY item FROM PROGRAM 'true'",
    "a file written": "COPY (SELECT 1) TO '/tmp/mine'",
    "a file copied in": "COPY unit FROM '/etc/passwd'",
    "a file read": "SELECT pg_read_file('/etc/passwd')",
    "a folder listed": "SELECT pg_ls_dir('/')",
    "a file kept": "SELECT lo_import('/etc/passwd')",
    "a setting of the server": "ALTER SYSTEM SET fsync = off",
    "the server's settings read anew": "SELECT pg_reload_conf()",
    "secrets of the server": "SELECT rolpassword FROM pg_authid",
    "the catalogue": "UPDATE pg_trigger SET tgenabled = 'D'",
    "a guard called": "SELECT armguard_canonical(e) FROM ledger_event e",
}
for table in grants.TABLES:
    DENIED[f"rows of {table} deleted"] = f"DELETE FROM {table}"
    DENIED[f"{table} emptied"] = f"TRUNCATE {table} CASCADE"


async def everything(owner: str) -> str:
    """All rows, guards, rights and names, in short."""
    async with connected(owner) as sql:
        rows = [await sql.fetchval(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t") for table in grants.TABLES]
        names = await sql.fetchval(
            "SELECT md5(string_agg(it, ' ' ORDER BY it)) FROM ("
            "SELECT relname || relowner || coalesce(relacl::text, '') AS it FROM pg_class "
            "UNION ALL SELECT tgname || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal UNION ALL SELECT conname FROM pg_constraint "
            "UNION ALL SELECT proname || proowner || prosecdef || md5(prosrc) FROM pg_proc UNION ALL SELECT nspname FROM pg_namespace "
            "UNION ALL SELECT rolname || rolsuper FROM pg_roles UNION ALL SELECT datname FROM pg_database) x"
        )
    return str([*rows, names])


async def test_who_serves_is_denied_whatever_would_break_the_ledger(sql: Sql, owner_url: str) -> None:
    before = await everything(owner_url)
    let_through = []
    for what, statement in DENIED.items():
        try:
            if statement.endswith("FROM STDIN"):
                await sql.copy_to_table("ledger_event", source=os.devnull)
            elif statement.startswith("LOCK"):
                async with sql.transaction():
                    await sql.execute(statement)
            else:
                await sql.execute(statement)
            let_through.append(what)
        except asyncpg.InsufficientPrivilegeError:
            pass
        except asyncpg.PostgresError as other:
            let_through.append(f"{what}: {other!r}")
    assert let_through == []
    await sql.execute("GRANT DELETE, UPDATE ON ledger_event TO armguard_runtime")  # this is no error, but it gives nothing
    assert await everything(owner_url) == before


@pytest.mark.parametrize(
    ("kind", "name", "guard"),
    [("CONSOLE", " ", "ledger_actor"), ("ACCOUNT", "nobody", "ledger_actor"), ("SOMEBODY", "me", "ledger_actor")],
)
async def test_who_serves_writes_no_event_without_an_actor(sql: Sql, kind: str, name: str, guard: str) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await sql.execute(f"INSERT INTO ledger_event ({EVENT}) VALUES ({VALUES})".replace("'CONSOLE', 'me'", f"'{kind}', '{name}'"))
    assert refused.value.constraint_name == guard


async def test_what_who_serves_writes_is_sealed_all_the_same(sql: Sql, opened: str) -> None:
    before = await sql.fetchrow("SELECT seq, hash FROM stream_head WHERE stream = 'registry'")
    event = await sql.fetchrow(f"INSERT INTO ledger_event ({EVENT}) VALUES ({VALUES}) RETURNING *")
    after = await sql.fetchrow("SELECT seq, hash FROM stream_head WHERE stream = 'registry'")
    assert (event["seq"], event["previous_hash"]) == (before["seq"] + 1, before["hash"])
    assert (after["seq"], after["hash"]) == (event["seq"], event["hash"])
    report, _ = await _verify_database({})
    assert report.whole


async def test_the_right_to_lock_a_head_moves_nothing(sql: Sql) -> None:
    async with sql.transaction():
        assert len(await sql.fetch("SELECT FROM stream_head FOR NO KEY UPDATE")) == 3
    for sets in ("stream = 'other'", "stream = stream"):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await sql.execute(f"UPDATE stream_head SET {sets}")


async def test_a_guard_that_has_its_owners_rights_looks_only_where_its_owner_does(small_world: Addresses) -> None:
    """Were there a table of the same name in a schema that comes first, the guard would still move the right head."""
    async with connected(small_world.owner) as owner, connected(small_world.runtime) as sql:
        await owner.execute("CREATE SCHEMA mine; GRANT USAGE ON SCHEMA mine TO armguard_runtime")
        await owner.execute("CREATE TABLE mine.stream_head (LIKE stream_head); GRANT ALL ON mine.stream_head TO armguard_runtime")
        await sql.execute("SET search_path = mine, public")
        await sql.execute("INSERT INTO mine.stream_head (stream, seq, hash, receipts) VALUES ('registry', 5, sha256('x'), 0)")
        event = await sql.fetchrow(f"INSERT INTO ledger_event ({EVENT}) VALUES ({VALUES}) RETURNING seq, hash")
        assert dict(await owner.fetchrow("SELECT seq, hash FROM public.stream_head WHERE stream = 'registry'")) == dict(event)
        assert await owner.fetchval("SELECT seq FROM mine.stream_head") == 5


async def test_what_the_owner_does_with_the_guards_off_is_found(small_world: Addresses, settings: Settings) -> None:
    """The owner's password is the one that must be kept: the ledger cannot be kept from its owner, but it tells."""
    async with connected(small_world.owner) as owner:
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await owner.execute("UPDATE ledger_event SET actor_name = 'somebody else' WHERE seq = 2")
        await owner.execute("SET session_replication_role = replica")
        await owner.execute("UPDATE ledger_event SET actor_name = 'somebody else' WHERE stream = 'registry' AND seq = 2")
    await database.open_door(small_world.runtime, settings)
    try:
        report, _ = await _verify_database({})
    finally:
        await database.close_door()
    assert (report.faults[0].stream, report.faults[0].seq) == ("registry", 2)


async def test_who_serves_may_listen_tell_and_take_advisory_locks(sql: Sql) -> None:
    await sql.execute("LISTEN armguard; SELECT pg_notify('armguard', 'x'); SELECT pg_advisory_lock(1); SELECT pg_advisory_unlock(1)")


# ------------------------------------------------------------------------------------------------------------------------------- mending

MEDDLING = [
    "GRANT DELETE ON item TO armguard_runtime",
    "GRANT TRUNCATE ON ledger_event TO PUBLIC",
    "GRANT UPDATE (seq) ON stream_head TO armguard_runtime",
    "GRANT INSERT ON ledger_event TO armguard_runtime",
    "GRANT TRIGGER ON tag TO PUBLIC",
    "REVOKE INSERT ON person FROM armguard_runtime",
    "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM armguard_runtime",
    "REVOKE USAGE ON SCHEMA public FROM PUBLIC, armguard_runtime",
    "GRANT CREATE ON SCHEMA public TO PUBLIC",
    "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY, CREATE ON DATABASE %I TO armguard_runtime', current_database()); END $$",
    "GRANT EXECUTE ON FUNCTION armguard_canonical TO PUBLIC",
    "REVOKE EXECUTE ON FUNCTION armguard_key FROM armguard_runtime",
    "ALTER FUNCTION armguard_seal() SECURITY INVOKER",
    "ALTER FUNCTION armguard_seal() SET search_path = pg_temp, public",
    "ALTER FUNCTION armguard_seal() RESET ALL",
    "ALTER ROLE armguard_runtime CREATEDB CREATEROLE BYPASSRLS REPLICATION",
    "ALTER ROLE armguard_runtime SUPERUSER",
    "ALTER ROLE armguard_runtime NOLOGIN",
    "ALTER ROLE armguard_runtime SET default_transaction_read_only = on",
    "DO $$ BEGIN EXECUTE format('ALTER ROLE armguard_runtime IN DATABASE %I SET search_path = x', current_database()); END $$",
    "CREATE OR REPLACE FUNCTION armguard_refuse(guard text, what text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$; "
    "REVOKE EXECUTE ON FUNCTION armguard_refuse FROM armguard_runtime",
]


@pytest.mark.parametrize("statement", MEDDLING, ids=lambda text: str(text)[:50])
async def test_a_start_mends_the_rights_whatever_was_done_to_them(empty: Addresses, statement: str) -> None:
    async with connected(empty.owner) as owner:
        right = await grants.standing(owner, RUNTIME)
        await owner.execute(statement)
        try:
            assert await grants.standing(owner, RUNTIME) != right
        finally:
            assert await database.prepare(empty) == []
        assert await grants.standing(owner, RUNTIME) == right == grants.declared() | {grants.LOGIN}


async def test_many_who_start_together_give_the_rights_once(empty: Addresses) -> None:
    async with connected(empty.owner) as owner:
        await owner.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM armguard_runtime")
        assert await asyncio.gather(*(database.prepare(empty) for _ in range(8))) == [[]] * 8
        assert await grants.standing(owner, RUNTIME) == grants.declared() | {grants.LOGIN}


async def test_a_start_with_nothing_to_mend_writes_nothing(empty: Addresses) -> None:
    async with connected(empty.owner) as owner:
        rows = "SELECT max(xmin::text::bigint) FROM (SELECT xmin FROM pg_class UNION ALL SELECT xmin FROM pg_proc) x"
        before = await owner.fetchval(rows)
        await database.prepare(empty)
        assert await owner.fetchval(rows) == before


# ------------------------------------------------------------------------------------------------------------ a database of one's own


@pytest.fixture
def site(cluster: Cluster) -> Iterator[Addresses]:
    """An empty database on a server that others administer: its owner makes no roles, and another user is there to serve."""

    async def run(*statements: str) -> None:
        async with connected(cluster.url("postgres")) as sql:
            for statement in statements:
                await sql.execute(statement)

    asyncio.run(run("CREATE ROLE site_owner LOGIN", "CREATE ROLE site_serves LOGIN", "CREATE DATABASE site OWNER site_owner"))
    whole = cluster.url("site")
    try:
        yield Addresses(whole.replace("//postgres@", "//site_owner@"), whole.replace("//postgres@", "//site_serves@"))
    finally:
        asyncio.run(run("DROP DATABASE site WITH (FORCE)", "DROP ROLE site_owner", "DROP ROLE site_serves"))


@pytest.fixture
def no_runtime_role(cluster: Cluster, migrated: str, site: Addresses) -> Iterator[None]:
    """A server on which there is no such role yet."""

    async def run(where: str, *statements: str) -> None:
        async with connected(cluster.url(where)) as sql:
            for statement in statements:
                await sql.execute(statement)

    asyncio.run(run("postgres", f"ALTER ROLE {RUNTIME} RENAME TO put_aside"))
    try:
        yield
    finally:
        gone = f"DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{RUNTIME}') THEN DROP OWNED BY {RUNTIME}; END IF; END $$"
        asyncio.run(run("site", gone, f"DROP ROLE IF EXISTS {RUNTIME}", f"ALTER ROLE put_aside RENAME TO {RUNTIME}"))


async def as_superuser(cluster: Cluster, *statements: str) -> None:
    """What the administrator of the server does."""
    async with connected(cluster.url("site")) as sql:
        for statement in statements:
            await sql.execute(statement)


async def served(url: str, settings: Settings) -> None:
    """An arms room is set up by who serves, and the ledger is whole."""
    await database.open_door(url, settings)
    try:
        with acting(console_actor("tests")):
            await made(register_unit(RegisterUnit(uuid4(), "WING", "The wing")))
            await made(register_armory(RegisterArmory(uuid4(), "NORTH", "North arms room", "WING", "Asia/Manila")))
        report, differences = await _verify_database({})
        assert report.whole
        assert differences == []
    finally:
        await database.close_door()


@contextmanager
def warnings() -> Iterator[list[Any]]:
    """What is logged in a block by a server that starts."""
    start_logs("INFO")
    try:
        with structlog.testing.capture_logs() as lines:
            yield lines
    finally:
        start_logs("ERROR")


async def test_on_a_server_of_others_a_member_of_the_role_serves(site: Addresses, cluster: Cluster, settings: Settings) -> None:
    with warnings() as lines:
        assert await database.prepare(site) == database.known_migrations()
    (line,) = lines
    assert (line["event"], line["log_level"]) == ("database_rights", "warning")
    assert 'then GRANT armguard_runtime TO "site_serves"' in line["message"]

    await as_superuser(cluster, f"GRANT {RUNTIME} TO site_serves")
    with warnings() as lines:
        assert await database.prepare(site) == []
    assert lines == []
    assert await database.guard_report(site.runtime) is None
    await served(site.runtime, settings)
    async with connected(site.runtime) as sql:
        for statement in ("DELETE FROM unit", "UPDATE ledger_event SET seq = 1", "CREATE TABLE x ()", "SET ROLE site_owner"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await sql.execute(statement)


async def test_one_user_for_all_works_as_ever_and_is_told_of(site: Addresses, settings: Settings) -> None:
    alone = Addresses(site.owner, site.owner)
    with warnings() as lines:
        assert await database.prepare(alone) == database.known_migrations()
    assert "owns the tables: triggers alone guard the ledger" in lines[0]["message"]
    assert "ARMGUARD_OWNER_URL" in lines[0]["message"]
    await served(alone.runtime, settings)


async def test_who_may_not_make_the_role_is_told_what_to_have_run(
    no_runtime_role: None, site: Addresses, cluster: Cluster, settings: Settings
) -> None:
    assert await database.prepare(Addresses(site.owner, site.owner)) == database.known_migrations()
    script = printed(site)
    assert "CREATE ROLE armguard_runtime NOLOGIN" in script
    await as_superuser(cluster, script, f"GRANT {RUNTIME} TO site_serves")
    assert await database.guard_report(site.runtime) is None
    await served(site.runtime, settings)
    async with connected(site.owner) as owner:
        assert await grants.standing(owner, RUNTIME) == grants.declared()


async def test_an_owner_who_may_make_roles_makes_it_and_nobody_signs_in_as_it(
    no_runtime_role: None, site: Addresses, cluster: Cluster
) -> None:
    await as_superuser(cluster, "ALTER ROLE site_owner CREATEROLE")
    await database.prepare(site)
    async with connected(site.owner) as owner:
        assert await grants.standing(owner, RUNTIME) == grants.declared()
        await owner.execute(f"GRANT {RUNTIME} TO site_serves")
    assert await database.guard_report(site.runtime) is None


def printed(site: Addresses) -> str:
    """What `armguard migrate --print-grants` prints."""
    command = [sys.executable, "-m", "graph.cli", "migrate", "--print-grants"]
    environment = {**os.environ, "ARMGUARD_DATABASE_URL": site.runtime, "ARMGUARD_OWNER_URL": site.owner}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("ALTER ROLE site_serves SUPERUSER", "is a superuser"),
        ("GRANT site_owner TO site_serves", "owns the tables"),
        ("GRANT DELETE ON item TO site_serves", "may do more than serving needs: DELETE on table item."),
        ("GRANT UPDATE (seq) ON stream_head TO PUBLIC", "UPDATE (seq) on table stream_head"),
        ("GRANT CREATE ON SCHEMA public TO site_serves", "CREATE on the schema"),
        ("GRANT pg_write_all_data TO site_serves", "pg_write_all_data on the server"),
        ("GRANT pg_execute_server_program TO site_serves", "pg_execute_server_program on the server"),
        ("GRANT SET ON PARAMETER session_replication_role TO site_serves", "session_replication_role on the server"),
        ("ALTER ROLE site_serves CREATEROLE", "CREATEROLE on the server"),
        ("REVOKE SELECT ON item FROM armguard_runtime", "lacks rights to serve: SELECT on table item."),
    ],
)
async def test_a_user_with_other_rights_than_to_serve_is_reported(site: Addresses, cluster: Cluster, statement: str, said: str) -> None:
    await database.prepare(site)
    await as_superuser(cluster, f"GRANT {RUNTIME} TO site_serves")
    assert await database.guard_report(site.runtime) is None
    await as_superuser(cluster, statement)
    try:
        assert said in (await database.guard_report(site.runtime) or "")
    finally:
        await as_superuser(cluster, "REVOKE SET ON PARAMETER session_replication_role FROM site_serves")


async def test_who_serves_does_not_migrate_and_is_told_who_does(empty: Addresses) -> None:
    async with connected(empty.owner) as owner:
        await owner.execute("DELETE FROM aerich WHERE id = (SELECT max(id) FROM aerich)")
    with pytest.raises(StartupError, match=r"is not up to date, and this user may not change it: .*ARMGUARD_OWNER_URL"):
        await database.migrate(empty.runtime)


async def test_who_has_no_rights_at_all_is_told_so(site: Addresses) -> None:
    await database.prepare(Addresses(site.owner, site.owner))
    with pytest.raises(StartupError, match="cannot be used as it is: this user may not change it"):
        await database.migrate(site.runtime)


@pytest.mark.parametrize("wrong", ["owner", "runtime"])
async def test_an_address_that_is_not_right_is_named_by_its_own_setting(site: Addresses, wrong: str) -> None:
    nowhere = "postgres://x:secret@127.0.0.1:1/x"
    addresses = site._replace(owner=nowhere) if wrong == "owner" else site._replace(runtime=nowhere)
    with pytest.raises(StartupError) as refused:
        await database.prepare(addresses)
    assert ("ARMGUARD_OWNER_URL" if wrong == "owner" else "ARMGUARD_DATABASE_URL") in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "runtime"),
    [
        ("postgres://postgres@/armguard?host=/run/x&port=5432", "postgres://armguard_runtime@/armguard?host=/run/x&port=5432"),
        ("postgres://o:pw@db.site:6000/arms", "postgres://armguard_runtime@db.site:6000/arms"),
        ("postgres:///arms?host=/run&user=o&password=pw", "postgres://armguard_runtime@/arms?host=/run"),
    ],
)
def test_the_address_of_who_serves_from_our_own_server_has_no_password_of_the_owners(url: str, runtime: str) -> None:
    assert of_our_own(url) == Addresses(url, runtime, own=True)


async def test_a_lost_right_is_no_riddle_to_a_client(opened: str, plain_sql: Sql) -> None:
    """Rights that are taken away while it runs are a fault of the installation, never half a command."""
    await plain_sql.execute("REVOKE INSERT ON ledger_event FROM armguard_runtime")
    await plain_sql.execute("REVOKE INSERT (event_id) ON ledger_event FROM armguard_runtime")
    with pytest.raises((asyncpg.InsufficientPrivilegeError, Unavailable)):
        await register_unit(RegisterUnit(uuid4(), "LOST", "Lost"))
    assert await plain_sql.fetchval("SELECT count(*) FROM unit WHERE code = 'LOST'") == 0
