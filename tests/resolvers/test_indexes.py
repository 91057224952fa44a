"""Every filter and order that a table declares stands on an index; the relations of many rows cost as many statements as those of one."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tortoise import connections

import graph.schema.api  # declares every table
from graph import database
from graph.audit.actor import Actor, acting
from graph.models.custody import newly_overdue
from graph.resolvers.reading import Listing, PageOf
from graph.resolvers.tables import TABLES, Query
from graph.settings import Settings
from graph.words import ActorKind, Role
from tests.conftest import Cluster, _copy
from tests.server import Live

assert graph.schema.api

NUMBER = "('00000000-0000-7000-8000-' || lpad(to_hex({}), 12, '0'))::uuid"
ROWS = {"item": 30_000, "person": 10_000, "custody_record": 60_000, "ledger_event": 60_000, "stock_lot": 20_000, "proposal": 20_000}
ROWS |= {"session": 20_000, "api_token": 10_000, "sign_in": 20_000}


def uuid_of(sql: str) -> str:
    """The SQL of the id of a numbered row."""
    return NUMBER.format(sql)


FILL = f"""
INSERT INTO unit (id, code, name, parent_id, version)
    SELECT {uuid_of("n")}, 'U' || n, 'Unit', CASE WHEN n > 1 THEN {uuid_of("n / 10 + 1")} END, 1 FROM generate_series(1, 2000) n;
INSERT INTO armory (id, code, name, unit_id, timezone, state, temporary_limit_hours, sidearm_limit, long_gun_limit, version)
    SELECT {uuid_of("n")}, 'A' || n, 'Room', {uuid_of("n")}, 'UTC', 'OPEN', 24, 1, 1, 1 FROM generate_series(1, 1000) n;
INSERT INTO person (id, service_number, service_number_key, rank, family_name, given_names, unit_id, category, duty_status, version)
    SELECT {uuid_of("n")}, 'P' || n, 'P' || n, 'AM', 'Family' || n % 500, 'Given' || n % 7, {uuid_of("1 + n % 2000")}, 'ENLISTED',
        CASE WHEN n % 500 = 0 THEN 'SUSPENDED' ELSE 'ACTIVE' END, 1
    FROM generate_series(1, {ROWS["person"]}) n;
INSERT INTO item_model (id, nomenclature, manufacturer, manufacturer_key, category, slot, version)
    SELECT {uuid_of("n")}, 'Model ' || n, 'Maker', 'MAKER', CASE WHEN n % 100 = 0 THEN 'OPTIC' ELSE 'RIFLE' END, 'LONG_GUN', 1
    FROM generate_series(1, 2000) n;
INSERT INTO item (id, model_id, manufacturer_key, serial, serial_key, armory_id, state, serviceability, round_count, version)
    SELECT {uuid_of("n")}, {uuid_of("1 + n % 2000")}, 'MAKER', 'S' || n, 'S' || n, {uuid_of("1 + n % 1000")},
        CASE WHEN n % 1000 = 0 THEN 'MISSING' WHEN n % 10 = 0 THEN 'ISSUED' ELSE 'IN_ROOM' END,
        CASE WHEN n % 1000 = 0 THEN 'QUARANTINED' ELSE 'SERVICEABLE' END, 0, 1
    FROM generate_series(1, {ROWS["item"]}) n;
INSERT INTO tag (id, code, item_id, person_id, version)
    SELECT {uuid_of("n")}, 'T' || n, {uuid_of("n")}, NULL, 1 FROM generate_series(1, {ROWS["item"]}) n
    UNION ALL SELECT {uuid_of("1000000 + n")}, 'B' || n, NULL, {uuid_of("n")}, 1 FROM generate_series(1, {ROWS["person"]}) n;
INSERT INTO purpose (id, code, name, categories, default_issue_type, version)
    SELECT {uuid_of("n")}, 'D' || n, 'Duty', '{{}}', 'TEMPORARY', 1 FROM generate_series(1, 2000) n;
INSERT INTO account (id, username, username_key, roles, all_armories, armories, state, version)
    SELECT {uuid_of("n")}, 'a' || n, 'a' || n, '{{VIEWER}}', true, '{{}}', 'ACTIVE', 1 FROM generate_series(1, 1000) n;
INSERT INTO session (id, account_id, created_at, expires_at, ended_at)
    SELECT {uuid_of("n")}, {uuid_of("1 + n % 1000")}, now() - n * interval '1 minute',
        now() - n * interval '1 minute' + interval '12 hours',
        CASE WHEN n % 2 = 0 THEN now() - n * interval '1 minute' + interval '1 hour' END FROM generate_series(1, {ROWS["session"]}) n;
INSERT INTO api_token (id, account_id, name, token_hash, created_at, expires_at, scopes, revoked_at)
    SELECT {uuid_of("n")}, {uuid_of("1 + n % 1000")}, 'T' || n, sha256(n::text::bytea), now() - n * interval '1 hour',
        now() - n * interval '1 hour' + interval '1 year', '{{READ}}', CASE WHEN n % 10 > 0 THEN now() END
    FROM generate_series(1, {ROWS["api_token"]}) n;
INSERT INTO token_use (id, token_id, address, first_used_at, last_used_at)
    SELECT {uuid_of("n")}, {uuid_of("1 + n % 5000")}, 'A' || n, now(), now() FROM generate_series(1, 10000) n;
INSERT INTO security_log (slot, seq, at, kind, name, address, detail)
    SELECT n, n, now() - (10000 - n) * interval '10 minutes',
        CASE WHEN n % 100 = 0 THEN 'PIN_FAILED' ELSE 'SIGN_IN_FAILED' END, 'a' || n % 2000,
        'A' || n % 2000, '' FROM generate_series(0, 9999) n;
INSERT INTO custody_record (id, receipt_number, receipt, armory_id, item_id, holder_id, issue_type, purpose_id, issued_at, due_at,
        issued_by_id, condition_out, closed_at, close_reason, condition_in, brought_by_id, version)
    SELECT {uuid_of("n")}, 'R-' || n, n, {uuid_of("1 + n % 1000")}, {uuid_of("1 + n % 30000")}, {uuid_of("1 + n % 10000")},
        CASE WHEN n % 200 = 0 THEN 'HAND_RECEIPT' WHEN n % 300 = 7 THEN 'EMERGENCY' ELSE 'TEMPORARY' END,
        {uuid_of("1")}, now() - n * interval '10 minutes',
        CASE WHEN n % 200 > 0 THEN now() - n * interval '10 minutes' + interval '12 hours' END, {uuid_of("1")}, 'SERVICEABLE',
        CASE WHEN n % 20 > 0 OR n > 30000 THEN now() - n * interval '10 minutes' + interval '6 hours' END,
        CASE WHEN n % 20 > 0 OR n > 30000 THEN 'RETURNED' END, CASE WHEN n % 20 > 0 OR n > 30000 THEN 'SERVICEABLE' END,
        CASE WHEN n % 20 > 0 OR n > 30000 THEN {uuid_of("1 + n % 10000")} END, 1
    FROM generate_series(1, {ROWS["custody_record"]}) n;
INSERT INTO stock_lot (id, article, name, kind, lot_number, fits, received_at, received, disposed, on_hand, out_on_issue, expended, lost,
        last_event_id, armory_id)
    SELECT {uuid_of("n")}, 'ART' || n % 2000, 'Article', CASE WHEN n % 100 = 0 THEN 'MAGAZINE' ELSE 'AMMUNITION' END, 'L' || n,
        ARRAY[{uuid_of("1 + n % 2000")}], now() - n * interval '1 hour', 100, 0, CASE WHEN n % 10 = 0 THEN 100 ELSE 0 END, 0,
        CASE WHEN n % 10 = 0 THEN 0 ELSE 100 END, 0, {uuid_of("1")}, {uuid_of("1 + n % 1000")}
    FROM generate_series(1, {ROWS["stock_lot"]}) n;
INSERT INTO custody_line (id, issued, returned, expended, lost, handed_over, version, armory_id, lot_id, record_id)
    SELECT {uuid_of("n")}, 10, 10, 0, 0, 0, 1, {uuid_of("1 + n % 1000")}, {uuid_of("1 + n % 20000")}, {uuid_of("n")}
    FROM generate_series(1, {ROWS["custody_record"]}) n;
INSERT INTO confirmation (id, stage, confirmed_at, armory_id, person_id, record_id)
    SELECT {uuid_of("n")}, 'ISSUE', now(), {uuid_of("1 + n % 1000")}, {uuid_of("1 + n % 10000")}, {uuid_of("n")}
    FROM generate_series(1, {ROWS["custody_record"]}) n;
INSERT INTO regularisation (id, note, regularised_at, armory_id, record_id)
    SELECT {uuid_of("n")}, 'right', now(), {uuid_of("1 + n % 1000")}, {uuid_of("n")}
    FROM generate_series(1, {ROWS["custody_record"]}) n WHERE n % 300 = 7 AND n > 1000;
INSERT INTO proposal (id, command, arguments, arguments_hash, reason, overridden, proposed_at, proposed_by_name, expires_at, state,
        decided_at, decided_by_name, version, armory_id)
    SELECT {uuid_of("n")}, 'ISSUE_ITEMS', '{{}}', sha256('1'), 'so', '[]', now() - n * interval '10 minutes', 'a1',
        now() - n * interval '10 minutes' + interval '4 hours',
        CASE WHEN n % 10 = 0 THEN 'PENDING' WHEN n % 1000 = 1 THEN 'REJECTED' ELSE 'APPROVED' END,
        CASE WHEN n % 10 > 0 THEN now() - n * interval '10 minutes' END, CASE WHEN n % 10 > 0 THEN 'a2' END,
        CASE WHEN n % 10 > 0 THEN 2 ELSE 1 END, {uuid_of("1 + n % 1000")}
    FROM generate_series(1, {ROWS["proposal"]}) n;
INSERT INTO stream_head (stream, armory_id, seq, hash, receipts)
    SELECT {uuid_of("n")}::text, {uuid_of("n")}, 60, decode(repeat('00', 32), 'hex'), 60 FROM generate_series(1, 1000) n;
INSERT INTO ledger_event (event_id, stream, seq, type, subject, subject_id, item_id, person_id, payload, actor_kind, actor_name,
        transaction, effective_at, recorded_at, previous_hash, hash)
    SELECT {uuid_of("n")}, {uuid_of("1 + n % 1000")}::text, 1 + n / 1000, 'ITEM_ISSUED', 'CUSTODY_RECORD', {uuid_of("n")},
        {uuid_of("1 + n % 30000")}, {uuid_of("1 + n % 10000")}, '{{"summary": "x"}}', 'CONSOLE', 'tests', 1,
        now() - n * interval '10 minutes', now() - n * interval '10 minutes', sha256('1'), sha256('2')
    FROM generate_series(1, {ROWS["ledger_event"]}) n;
INSERT INTO ledger_event (event_id, stream, seq, type, subject, subject_id, payload, actor_kind, actor_name, actor_id,
        transaction, effective_at, recorded_at, previous_hash, hash)
    SELECT {uuid_of("1000000 + n")}, 'registry', n,
        CASE WHEN n % 1000 = 0 THEN 'ACCOUNT_DISABLED' WHEN n % 5 = 0 THEN 'PERSON_CHANGED' ELSE 'SIGNED_IN' END,
        'ACCOUNT', {uuid_of("1 + n % 1000")},
        '{{"summary": "x", "username": "a' || n % 2000 || '", "address": "A' || n % 2000 || '"}}', 'CONSOLE', 'tests', NULL, 1,
        now() - ({ROWS["sign_in"]} - n) * interval '10 minutes', now() - ({ROWS["sign_in"]} - n) * interval '10 minutes',
        sha256('1'), sha256('2')
    FROM generate_series(1, {ROWS["sign_in"]}) n;
"""
FILLED = (
    *("unit", "armory", "person", "item_model", "item", "tag", "purpose", "account", "custody_record", "stream_head", "ledger_event"),
    *("stock_lot", "custody_line", "confirmation", "regularisation", "proposal", "session", "api_token", "token_use", "security_log"),
)


@pytest.fixture(scope="module")
def big_url(cluster: Cluster, migrated: str) -> Iterator[str]:
    """A database with a few years of a large organisation, written past the guards."""

    async def fill(url: str) -> None:
        connection = await asyncpg.connect(url)
        for name in FILLED:
            await connection.execute(f"ALTER TABLE {name} DISABLE TRIGGER ALL")
        await connection.execute(FILL)
        await connection.execute("ANALYZE")
        await connection.close()

    with _copy(cluster, migrated) as at:
        asyncio.run(fill(at.owner))
        yield at.runtime


@pytest.fixture
async def big(big_url: str) -> AsyncIterator[Any]:
    """A connection to it, with the settings that the product's own have, acting as an auditor."""
    await database.open_door(big_url, Settings())
    try:
        async with connections.get("default").acquire_connection() as connection:
            with acting(SEES_ALL):
                yield connection
    finally:
        await database.close_door()


def numbered(number: int) -> UUID:
    """The id of a numbered row."""
    return UUID(f"00000000-0000-7000-8000-{number:012x}")


SEES_ALL = Actor(ActorKind.ACCOUNT, "a1", numbered(1), roles=frozenset({Role.AUDITOR}), armories=None)
SEES_ONE = Actor(ActorKind.ACCOUNT, "a2", numbered(2), roles=frozenset({Role.ARMORER}), armories=frozenset({numbered(5)}))
NOW = datetime.now(UTC)

# For each filter of each table a value that few rows have, as a client would give it.
VALUES: dict[str, dict[str, Any]] = {
    "Account": {},
    "ManagedAccount": {"username_key": "a77", "role": "ADMIN", "state": "DISABLED"},
    "Session": {"account": numbered(77), "open": True},
    "ApiToken": {"account": numbered(77), "good": True},
    "SecurityEvent": {"kind": "ACCOUNT_DISABLED", "name": "a77", "address": "A77", "since": NOW - timedelta(days=1)},
    "Unit": {"code": "U77"},
    "Armory": {"code": "A77", "unit": numbered(77)},
    "ItemModel": {"category": "OPTIC"},
    "Item": {
        "armory": numbered(5),
        "model": numbered(77),
        "state": "MISSING",
        "serviceability": "QUARANTINED",
        "serial_key": "S777",
        "serial_prefix": "S777",
    },
    "Person": {
        "unit": numbered(77),
        "duty_status": "SUSPENDED",
        "service_number_key": "P77",
        "service_number_prefix": "P77",
        "family_name": "Family77",
    },
    "Purpose": {"code": "D77"},
    "StockLot": {"armory": numbered(5), "article": "ART77", "kind": "MAGAZINE", "on_hand": True},
    "Proposal": {"armory": numbered(5), "state": "REJECTED", "waiting": True},
    "CustodyRecord": {
        "open": True,
        "overdue": True,
        "awaiting_regularisation": True,
        "armory": numbered(5),
        "holder": numbered(77),
        "item": numbered(77),
        "receipt_number": "R-77",
        "issued_after": NOW - timedelta(days=1),
        "issued_before": NOW - timedelta(days=414),
    },
    "LedgerEvent": {
        "stream": str(numbered(5)),
        "item": numbered(77),
        "person": numbered(77),
        "record": numbered(77),
        "subject": numbered(77),
        "after_seq": 55,
    },
}

# A list that a client can ask for: which order, which filters that can go with it. Only the ledger's are bound to an order: `SEQ` is one
# stream's, `RECORDED_AT` that of an item or a person.
ORDERS = {
    ("LedgerEvent", "SEQ"): ({"stream"}, {"stream", "after_seq"}),
    ("LedgerEvent", "RECORDED_AT"): ({"item"}, {"person"}, {"record"}, {"subject"}),
}

# Few rows by one index, then sorted: as quick as an order of their own. A table of a thousand rows is read whole where that is quicker.
A_FEW = 1500


def lists() -> list[tuple[str, str, tuple[str, ...]]]:
    """Every order of every table, alone and with every filter."""
    found: list[tuple[str, str, tuple[str, ...]]] = []
    for kind, table in sorted(TABLES.items()):
        for order in table.orders:
            sets = ORDERS.get((kind, order), (set(), *({name} for name in table.filters)))
            found += [(kind, order, tuple(sorted(names))) for names in sets]
    return found


def steps(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every step of a plan."""
    yield plan
    for part in plan.get("Plans", []):
        yield from steps(part)


async def plan_of(connection: Any, sql: str, values: list[Any]) -> list[Mapping[str, Any]]:
    """The steps that a statement really took."""
    answer = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *values)
    return list(steps(json.loads(answer)[0]["Plan"]))


def complaints(plan: list[Mapping[str, Any]], table: str) -> list[str]:
    """What is wrong with a plan: the whole table read, many rows sorted, or many read in vain."""
    found = []
    for step in plan:
        if step.get("Relation Name") == "security_log":  # which is bounded
            continue
        kind, rows, in_vain = step["Node Type"], int(step["Actual Rows"]), int(step.get("Rows Removed by Filter", 0))
        if kind == "Seq Scan" and rows + in_vain > A_FEW:
            found.append(f"reads all of {table}")
        if "Sort" in kind and int(step["Plans"][0]["Actual Rows"]) > A_FEW:
            found.append(f"sorts {step['Plans'][0]['Actual Rows']} rows")
        if in_vain > A_FEW:
            found.append(f"reads {in_vain} rows in vain for {rows}")
    return found


def test_every_filter_has_a_value_here() -> None:
    assert {kind: set(table.filters) for kind, table in TABLES.items() if table.orders} == {
        kind: set(values) for kind, values in VALUES.items()
    }


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(("kind", "order", "names"), lists(), ids=lambda part: part if isinstance(part, str) else "+".join(part) or "all")
async def test_a_page_stands_on_an_index(big: Any, kind: str, order: str, names: tuple[str, ...], descending: bool) -> None:
    listing = Listing(TABLES[kind], {name: VALUES[kind][name] for name in names}, order, descending)
    for asked, backwards in ((PageOf(first=50), False), (PageOf(last=50), True)):
        sql, query = listing.statement(asked, 50, backwards)
        plan = await plan_of(big, sql, query.values)
        assert complaints(plan, TABLES[kind].name) == [], (sql, plan)


@pytest.mark.parametrize(("kind", "order"), sorted({(kind, order) for kind, order, _ in lists()}))
async def test_a_later_page_begins_at_its_cursor(big: Any, kind: str, order: str) -> None:
    names = next(names for found, ordered, names in lists() if (found, ordered) == (kind, order))
    listing = Listing(TABLES[kind], {name: VALUES[kind][name] for name in names}, order)
    page = await listing.page(PageOf(last=2))
    sql, query = listing.statement(PageOf(first=50, after=page.cursors[0]), 50, False)
    plan = await plan_of(big, sql, query.values)
    assert complaints(plan, TABLES[kind].name) == [], (sql, plan)
    assert int(plan[0]["Actual Rows"]) == 1


@pytest.mark.parametrize(
    ("kind", "order", "names"),
    [
        ("Item", "SERIAL", ()),
        ("CustodyRecord", "ISSUED_AT", ()),
        ("CustodyRecord", "ISSUED_AT", ("open",)),
        ("LedgerEvent", "SEQ", ("stream",)),
    ],
)
async def test_the_page_of_one_arms_room_stands_on_an_index(big: Any, kind: str, order: str, names: tuple[str, ...]) -> None:
    with acting(SEES_ONE):
        sql, query = Listing(TABLES[kind], {name: VALUES[kind][name] for name in names}, order).statement(PageOf(first=50), 50, False)
        plan = await plan_of(big, sql, query.values)
    assert complaints(plan, TABLES[kind].name) == [], (sql, plan)


@pytest.mark.parametrize(("kind", "order", "names"), [("Item", "SERIAL", ("serial_prefix",)), ("CustodyRecord", "ISSUED_AT", ("open",))])
async def test_a_statement_that_is_run_often_keeps_its_plan(big: Any, kind: str, order: str, names: tuple[str, ...]) -> None:
    """A generic plan knows neither the scope nor the beginning of a serial: PostgreSQL must go on planning with the values."""
    listing = Listing(TABLES[kind], {name: VALUES[kind][name] for name in names}, order)
    sql, query = listing.statement(PageOf(first=50), 50, False)
    for _ in range(12):
        await big.fetch(sql, *query.values)
    row = await big.fetchrow("SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1", sql)
    assert row["generic_plans"] == 0
    assert row["custom_plans"] >= 12


@pytest.mark.parametrize("kind", sorted(TABLES))
async def test_every_relation_stands_on_an_index(big: Any, kind: str) -> None:
    for name, link in TABLES[kind].links.items():
        of, query = TABLES[link.kind], Query(SEES_ALL)
        keys = query.bind([numbered(number) for number in range(70, 80)])
        where = f"it.{link.theirs} = any({keys}) AND ({link.where}) AND ({query.scope(of)})"
        plan = await plan_of(big, f"SELECT {of.selection} FROM {of.name} it WHERE {where} ORDER BY {link.order}", query.values)
        assert complaints(plan, of.name) == [], (name, plan)


@pytest.mark.parametrize("kind", ["Purpose", "StockLot"])
async def test_what_is_counted_together_is_found_by_an_index(big: Any, kind: str) -> None:
    for name, link in TABLES[kind].totals.items():
        of, query = TABLES[link.kind], Query(SEES_ALL)
        keys = query.bind([numbered(number) for number in range(70, 80)])
        where = f"it.{link.theirs} = any({keys}) AND ({query.scope(of)})"
        plan = await plan_of(big, f"SELECT {of.selection} FROM {of.name} it WHERE {where} ORDER BY {link.order}", query.values)
        assert complaints(plan, of.name) == [], (name, plan)


@pytest.mark.parametrize(("kind", "names"), [("StockLot", ("armory", "on_hand")), ("Proposal", ("armory", "waiting"))])
async def test_what_the_counter_asks_of_its_own_room_stands_on_an_index(big: Any, kind: str, names: tuple[str, ...]) -> None:
    (order,) = TABLES[kind].orders
    with acting(SEES_ONE):
        for given in (names[:1], names[1:], names):
            listing = Listing(TABLES[kind], {name: VALUES[kind][name] for name in given}, order)
            sql, query = listing.statement(PageOf(first=50), 50, False)
            plan = await plan_of(big, sql, query.values)
            assert complaints(plan, TABLES[kind].name) == [], (sql, plan)


async def test_the_clock_looks_at_no_receipt_in_vain(big: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most receipts have closed, and of those that are out and overdue most have been told."""
    asked: list[tuple[Any, ...]] = []

    async def fetch(*statement: Any) -> list[Any]:
        asked.append(statement)
        return []

    monkeypatch.setattr(database, "fetch", fetch)
    await newly_overdue(50)
    ((sql, *values),) = asked
    plan = await plan_of(big, sql, values)
    assert complaints(plan, "custody_record") == []
    assert [step["Index Name"] for step in plan if "Index Name" in step] == ["custody_to_be_told"], plan


ITEMS = """query ($n: Int!) { items(first: $n, filter: {state: ISSUED}) { edges { node {
    model { nomenclature } armory { code unit { code } } tags { code }
    openCustody { holder { name unit { code } tags { code } } purpose { code } }
} } } }"""
RECORDS = """query ($n: Int!) { custodyRecords(first: $n) { totalCount edges { node {
    armory { code } item { serial model { nomenclature } } holder { name holdings { item { serial } } } issuedBy { username }
} } } }"""
EVENTS = """query ($n: Int!) { armory(code: "NORTH") { events(first: $n) { edges { node {
    armory { code } item { serial } person { name } record { receiptNumber }
} } } } }"""


@pytest.mark.parametrize(("query", "statements"), [(ITEMS, 11), (RECORDS, 10), (EVENTS, 6)], ids=["items", "records", "events"])
async def test_the_relations_of_many_rows_cost_no_more_statements_than_those_of_one(
    live: Live, monkeypatch: pytest.MonkeyPatch, query: str, statements: int
) -> None:
    north = live.as_("north")
    for number in range(1, 11):
        assert (await north.issue(f"S-{number + 5:03}", f"M4-{number:03}"))["__typename"] == "ItemsIssued"
    count = itertools.count()
    real = database.fetch

    async def counting(sql: str, *values: Any) -> Any:
        if "FROM session_token" not in sql:  # whether the sign-in still stands is looked up by the clock
            next(count)
        return await real(sql, *values)

    await north(query, n=1)
    monkeypatch.setattr(database, "fetch", counting)
    spent = []
    for rows in (1, 10):
        before = next(count)
        await north(query, n=rows)
        spent.append(next(count) - before - 1)
    assert spent[0] == spent[1] <= statements, spent
