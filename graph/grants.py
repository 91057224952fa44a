"""What whoever serves may do in the database: the one statement of it, how it is brought about, and how it is looked at.

The owner makes the tables and their guards. The role `armguard_runtime` reads and writes rows as the lines of TABLES say, and nothing else:
it deletes nothing, makes nothing, takes no guard off and owns nothing. What only the ledger itself moves is moved by a guard, with the
owner's rights.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import asyncpg

from graph.address import RUNTIME

ROWS = ("SELECT", "INSERT", "UPDATE")
RECORD = ("SELECT", "INSERT")  # what is written once
EVENT_FIELDS = (  # of an event as it is told; all else of it the database sets
    *("event_id", "stream", "type", "subject", "subject_id", "item_id", "person_id", "payload", "actor_kind", "actor_id", "actor_name"),
    *("credential_id", "witness_id", "request_id", "effective_at", "corrects"),
)

# One line for each table: without one, nobody serves from it. `INSERT event_id` is a right to that column alone.
TABLES: dict[str, tuple[str, ...]] = {
    "account": ROWS,
    "aerich": ("SELECT",),
    "api_token": ROWS,
    "armory": ROWS,
    "completed_request": RECORD,
    "confirmation": RECORD,
    "custody_line": ROWS,
    "custody_record": ROWS,
    "imported_row": RECORD,
    "issue_authorization": ROWS,
    "item": ROWS,
    "item_model": ROWS,
    "ledger_event": ("SELECT", *(f"INSERT {field}" for field in EVENT_FIELDS)),
    "operation": ROWS,
    "person": ROWS,
    "proposal": ROWS,
    "purpose": ROWS,
    "qualification": ROWS,
    "recovery_code": ROWS,
    "regularisation": RECORD,
    "second_factor": ROWS,
    "security_log": ROWS,
    "session": ROWS,
    "session_token": ROWS,
    "stock_lot": ROWS,
    "stream_head": ("SELECT", "INSERT", "UPDATE stream"),  # to lock a head takes a right to change it: of what never changes
    "tag": ROWS,
    "token_use": ROWS,
    "unit": ROWS,
}

# The sequences whose next number whoever serves may take, but not set.
SEQUENCES = ("security_log_seq",)
# The functions that checks and guards call on behalf of who writes.
CALLED = ("armguard_key", "armguard_refuse", "armguard_sees_the_present")
# The guards that move the head of a stream, which nobody else may.
SEALING = ("armguard_custody_opened", "armguard_seal")

TABLE_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
COLUMN_RIGHTS = ("SELECT", "INSERT", "UPDATE", "REFERENCES")
ATTRIBUTES = {
    "rolsuper": "SUPERUSER",
    "rolcreatedb": "CREATEDB",
    "rolcreaterole": "CREATEROLE",
    "rolreplication": "REPLICATION",
    "rolbypassrls": "BYPASSRLS",
}
MIGHTY = ("pg_execute_server_program", "pg_read_server_files", "pg_write_server_files", "pg_write_all_data", "pg_maintain")


class Right(NamedTuple):
    """A right, as `UPDATE` on `table item`; of a table perhaps to one column only."""

    what: str
    right: str
    column: str = ""

    def __str__(self) -> str:
        return self.right + (f" ({self.column})" if self.column else "") + f" on {self.what}"


LOGIN, OWNED, CLEAN = Right("the server", "LOGIN"), Right("the tables", "OWNERSHIP"), Right("itself", "SETTINGS")


def declared() -> frozenset[Right]:
    """Every right that whoever serves has, to log in apart."""
    rights = {Right("the schema", "USAGE")}
    for table, words in TABLES.items():
        rights |= {Right(f"table {table}", *word.split()) for word in words}
    rights |= {Right(f"sequence {name}", "USAGE") for name in SEQUENCES}
    rights |= {Right(f"function {name}", "EXECUTE") for name in CALLED}
    return frozenset(rights | {Right(f"function {name}", "SECURITY DEFINER") for name in SEALING})


# ----------------------------------------------------------------------------------------------------------------------- what is to be run


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def of_the_role(login: bool) -> list[str]:
    """The statements that make the role. Two who make it at once both find it there."""
    made = f"CREATE ROLE {RUNTIME} {'LOGIN' if login else 'NOLOGIN'}"
    return [f"DO $$ BEGIN {made}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"]


def of_the_surroundings(database: str, schema: str) -> list[str]:
    """The statements that let nobody but its owner make anything in the database."""
    return [
        f"REVOKE CREATE, TEMPORARY ON DATABASE {_quoted(database)} FROM PUBLIC, {RUNTIME}",
        f"REVOKE CREATE ON SCHEMA {_quoted(schema)} FROM PUBLIC, {RUNTIME}",
    ]


def of_the_tables(schema: str, tables: Iterable[str] = tuple(TABLES)) -> list[str]:
    """The statements that give the rights of TABLES, and take all others."""
    within = _quoted(schema)
    sql = [f"GRANT USAGE ON SCHEMA {within} TO {RUNTIME}"]
    for table in sorted(tables):
        sql.append(f"REVOKE ALL ON TABLE {within}.{table} FROM PUBLIC, {RUNTIME}")
        whole = [word for word in TABLES[table] if " " not in word]
        columns = [word.split() for word in TABLES[table] if " " in word]
        some = [
            f"{right} ({', '.join(column for of, column in columns if of == right)})" for right in dict.fromkeys(of for of, _ in columns)
        ]
        sql.append(f"GRANT {', '.join([*whole, *some])} ON TABLE {within}.{table} TO {RUNTIME}")
    sql.append(
        "DO $$ DECLARE one regprocedure; BEGIN FOR one IN SELECT oid FROM pg_proc "
        f"WHERE pronamespace = {_quoted(schema)!r}::regnamespace AND proname LIKE 'armguard\\_%' "
        f"LOOP EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC, {RUNTIME}', one); END LOOP; END $$"
    )
    sql.extend(f"GRANT EXECUTE ON FUNCTION {within}.{name} TO {RUNTIME}" for name in CALLED)
    for name in SEQUENCES:
        sql.append(f"REVOKE ALL ON SEQUENCE {within}.{name} FROM PUBLIC, {RUNTIME}")
        sql.append(f"GRANT USAGE ON SEQUENCE {within}.{name} TO {RUNTIME}")
    sql.extend(f"ALTER FUNCTION {within}.{name} SECURITY DEFINER SET search_path = {within}, pg_temp" for name in SEALING)
    return sql


def script(database: str, schema: str) -> str:
    """All of it for a person to run who may: as a superuser, in the database, after `armguard migrate`."""
    sql = [*of_the_role(login=False), *of_the_surroundings(database, schema), *of_the_tables(schema)]
    return "".join(f"{statement};\n" for statement in ["BEGIN", *sql, "COMMIT"])


# ------------------------------------------------------------------------------------------------------------------------------ what is

STANDING = """
WITH found AS (
    SELECT c.oid, c.relname, c.relowner FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY ($2::text[]) AND c.relkind IN ('r', 'p')
)
SELECT 'table ' || relname AS what, name AS right, '' AS column FROM found, unnest($3::text[]) name WHERE has_table_privilege($1, oid, name)
UNION ALL
SELECT 'table ' || relname, name, attname FROM found, unnest($4::text[]) name, pg_attribute
    WHERE attrelid = found.oid AND attnum > 0 AND NOT attisdropped AND attacl IS NOT NULL
    AND NOT has_table_privilege($1, found.oid, name) AND has_column_privilege($1, found.oid, attnum, name)
UNION ALL
SELECT 'sequence ' || relname, name, '' FROM pg_class c, unnest(ARRAY['USAGE', 'SELECT', 'UPDATE']) name
    WHERE relnamespace = current_schema()::regnamespace AND relkind = 'S' AND has_sequence_privilege($1, c.oid, name)
UNION ALL
SELECT 'function ' || proname, name, '' FROM pg_proc p, unnest(ARRAY['EXECUTE', 'SECURITY DEFINER']) name
    WHERE pronamespace = current_schema()::regnamespace AND proname LIKE 'armguard\\_%'
    AND CASE name WHEN 'EXECUTE' THEN has_function_privilege($1, p.oid, 'EXECUTE')
        ELSE prosecdef AND proconfig = ARRAY[format('search_path=%s, pg_temp', quote_ident(current_schema()))] END
UNION ALL
SELECT 'the schema', name, '' FROM unnest(ARRAY['CREATE', 'USAGE']) name WHERE has_schema_privilege($1, current_schema(), name)
UNION ALL
SELECT 'the database', name, '' FROM unnest(ARRAY['CREATE', 'TEMPORARY']) name WHERE has_database_privilege($1, current_database(), name)
UNION ALL
SELECT 'the tables', 'OWNERSHIP', '' WHERE EXISTS (SELECT FROM found WHERE pg_has_role($1, relowner, 'MEMBER'))
UNION ALL
SELECT 'the server', rolname, '' FROM pg_roles WHERE rolname = ANY ($5::text[]) AND pg_has_role($1, oid, 'MEMBER')
UNION ALL
SELECT 'the server', name, '' FROM pg_roles, json_each_text(row_to_json(pg_roles)) AS of (attribute, holds)
    JOIN unnest($6::text[], $7::text[]) AS known (attribute, name) USING (attribute) WHERE rolname = $1 AND holds = 'true'
UNION ALL
SELECT 'the server', 'session_replication_role', '' WHERE has_parameter_privilege($1, 'session_replication_role', 'SET')
UNION ALL
SELECT 'itself', 'SETTINGS', '' FROM pg_db_role_setting JOIN pg_roles ON pg_roles.oid = setrole WHERE rolname = $1
"""


async def standing(connection: asyncpg.Connection[Any], role: str) -> frozenset[Right]:
    """Every right that a role has, by whatever way: its own, everybody's, or those of a role that it is a member of."""
    rights = [*TABLE_RIGHTS, *(["MAINTAIN"] if connection.get_server_version().major >= 17 else [])]
    known = {**ATTRIBUTES, "rolcanlogin": LOGIN.right}
    rows = await connection.fetch(STANDING, role, list(TABLES), rights, COLUMN_RIGHTS, MIGHTY, list(known), list(known.values()))
    return frozenset(Right(*row) for row in rows)


async def ensure(connection: asyncpg.Connection[Any], login: bool) -> None:
    """Give the runtime role what is declared and take all else, if it is not so; as far as who is connected may do it.

    A right that this user may neither give nor take stays as it is: `report` names it.
    """
    may = await connection.fetchrow(
        "SELECT rolsuper OR rolcreaterole AS make_roles, current_database() AS database, current_schema() AS schema, "
        "pg_has_role((SELECT relowner FROM pg_class WHERE oid = 'ledger_event'::regclass), 'USAGE') AS own, "
        f"EXISTS (SELECT FROM pg_roles WHERE rolname = '{RUNTIME}') AS made FROM pg_roles WHERE rolname = current_user"
    )
    assert may is not None
    if not may["own"] or not (may["made"] or may["make_roles"]):
        return
    given = await standing(connection, RUNTIME) if may["made"] else frozenset()
    wanted = declared() | ({LOGIN} if login else given & {LOGIN})
    if given == wanted:
        return
    role = [] if may["made"] else of_the_role(login)
    if LOGIN in wanted - given and may["made"]:
        role.append(f"ALTER ROLE {RUNTIME} LOGIN")
    role.extend(f"ALTER ROLE {RUNTIME} NO{name}" for name in ATTRIBUTES.values() if Right("the server", name) in given)
    role.extend(f"ALTER ROLE {RUNTIME} {where} RESET ALL" for where in ("", f"IN DATABASE {_quoted(may['database'])}") if CLEAN in given)
    for sql in (*role, *of_the_surroundings(may["database"], may["schema"])):
        try:
            await connection.execute(sql)
        except asyncpg.InsufficientPrivilegeError:
            continue
    async with connection.transaction():
        await connection.execute(";\n".join(of_the_tables(may["schema"])))


async def report(connection: asyncpg.Connection[Any]) -> str | None:
    """What is wrong with the rights of who is connected, to serve; in a sentence or two, or nothing."""
    user = await connection.fetchval("SELECT current_user")
    given = await standing(connection, user) - {LOGIN, CLEAN}
    if Right("the server", "SUPERUSER") in given or OWNED in given:
        what = "is a superuser" if Right("the server", "SUPERUSER") in given else "owns the tables"
        return (
            f"The database user {user} {what}: triggers alone guard the ledger, and who has this user's password can take them off. "
            f"Serve as a user of its own that is a member of {RUNTIME}, and give the owner's address in ARMGUARD_OWNER_URL."
        )
    if missing := frozenset(right for right in declared() - given if right._replace(column="") not in given):
        return (
            f"The database user {user} lacks rights to serve: {_listed(missing)}. "
            f"Run `armguard migrate` as the owner, then GRANT {RUNTIME} TO {_quoted(user)}."
        )
    if more := given - declared():
        return (
            f"The database user {user} may do more than serving needs: {_listed(more)}. "
            "Run `armguard migrate` as the owner; what it may not take away, the statements of `armguard migrate --print-grants` do."
        )
    return None


def _listed(rights: frozenset[Right]) -> str:
    named = [str(right) for right in sorted(rights, key=lambda right: (right.what.startswith("table "), right))]
    return ", ".join(named[:6]) + (f" and {len(named) - 6} more" if len(named) > 6 else "")
