"""The data that is measured on: ten arms rooms, a few years of custody, written past the guards in a minute.

The rows fit together (states, open records, heads, receipts), so that ArmGuard works on them as on any. The hashes of the history are made
up: no read and no command looks at them, and sealing two million events would take longer than everything that is measured.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import asyncpg

from graph import database
from graph.rules.accounts import token_hash

ARMORIES = 10
TOKEN = "armg_" + hashlib.sha256(b"benchmark").hexdigest()[:32]
TABLES = ("unit", "armory", "person", "item_model", "item", "tag", "account", "api_token", "custody_record", "stream_head", "ledger_event")


def uuid_of(sql: str, kind: int) -> str:
    """The SQL of the id of a numbered row of a kind."""
    return f"('{kind:08d}-0000-7000-8000-' || lpad(to_hex({sql}), 12, '0'))::uuid"


def statements(items: int, people: int, events: int) -> list[tuple[str, str]]:
    """What fills the tables, each with its name: some 40 % of the items are out, the rest of the events are closed custody."""
    opened = items * 4 // 10
    closed = (events - items - opened) // 2
    armory, item, person = uuid_of(f"1 + i.n % {ARMORIES}", 2), uuid_of("i.n", 5), uuid_of("h", 3)
    return [
        (
            "units, arms rooms, nomenclatures, accounts",
            f"""
            INSERT INTO unit (id, code, name, parent_id, version)
                SELECT {uuid_of("n", 1)}, 'U' || n, 'Unit ' || n, CASE WHEN n > 1 THEN {uuid_of("1", 1)} END, 1 FROM generate_series(1, 40) n;
            INSERT INTO armory (id, code, name, unit_id, timezone, state, temporary_limit_hours, sidearm_limit, long_gun_limit, version)
                SELECT {uuid_of("n", 2)}, 'A' || n, 'Arms room ' || n, {uuid_of("n", 1)}, 'UTC', 'OPEN', 24, 50, 50, 1
                FROM generate_series(1, {ARMORIES}) n;
            INSERT INTO item_model (id, nomenclature, manufacturer, manufacturer_key, category, slot, version)
                SELECT {uuid_of("n", 4)}, 'Model ' || n, 'Maker', 'MAKER', (ARRAY['RIFLE', 'CARBINE', 'PISTOL', 'OPTIC'])[1 + n % 4],
                    (ARRAY['LONG_GUN', 'LONG_GUN', 'SIDEARM', 'DEVICE'])[1 + n % 4], 1 FROM generate_series(1, 40) n;
            INSERT INTO account (id, username, username_key, roles, all_armories, armories, state, version)
                VALUES ({uuid_of("1", 6)}, 'bench', 'bench', '{{ARMS_ROOM_OFFICER,AUDITOR}}', true, '{{}}', 'ACTIVE', 1);
            INSERT INTO api_token (id, account_id, name, token_hash, created_at, expires_at)
                VALUES ({uuid_of("1", 7)}, {uuid_of("1", 6)}, 'bench', decode('{token_hash(TOKEN).hex()}', 'hex'), now(), now() + interval '9 years');
            """,
        ),
        (
            "people",
            f"""
            INSERT INTO person (id, service_number, service_number_key, rank, family_name, given_names, unit_id, category, duty_status, version)
                SELECT {uuid_of("n", 3)}, 'P' || n, 'P' || n, 'AM', 'Family' || n % 700, 'Given' || n, {uuid_of("1 + n % 40", 1)}, 'ENLISTED',
                    'ACTIVE', 1 FROM generate_series(1, {people}) n;
            """,
        ),
        (
            "items and tags",
            f"""
            INSERT INTO item (id, model_id, manufacturer_key, serial, serial_key, armory_id, rack, state, serviceability, round_count, version)
                SELECT {uuid_of("n", 5)}, {uuid_of("1 + n % 40", 4)}, 'MAKER', 'S' || n, 'S' || n, {uuid_of(f"1 + n % {ARMORIES}", 2)},
                    'R' || n % 50, CASE WHEN n <= {opened} THEN 'ISSUED' ELSE 'IN_ROOM' END, 'SERVICEABLE', 0, 1
                FROM generate_series(1, {items}) n;
            INSERT INTO tag (id, code, item_id, version) SELECT {uuid_of("n", 8)}, 'TAG-' || n, {uuid_of("n", 5)}, 1 FROM generate_series(1, {items}) n;
            """,
        ),
        (
            "custody",
            f"""
            CREATE TABLE bench_history AS
                SELECT n, k, 1 + (n * 7 + k * 13) % {people} AS h, k = 0 AS open, now() - interval '1 hour' * (12 + 20 * k) - interval '1 second' * n AS at
                FROM (SELECT 1 + r % {items} AS n, 1 + r / {items} AS k FROM generate_series(0, {closed} - 1) r
                      UNION ALL SELECT n, 0 FROM generate_series(1, {opened}) n) x;
            INSERT INTO custody_record (id, receipt_number, receipt, armory_id, item_id, holder_id, issue_type, issued_at, due_at, issued_by_id,
                    condition_out, closed_at, closed_by_id, close_reason, condition_in, brought_by_id, version)
                SELECT {uuid_of("i.r", 9)}, 'A' || 1 + i.n % {ARMORIES} || '-' || lpad(i.receipt::text, 6, '0'), i.receipt, {armory}, {item}, {person},
                    'TEMPORARY', i.at, i.at + interval '20 hours', {uuid_of("1", 6)}, 'SERVICEABLE',
                    CASE WHEN NOT i.open THEN i.at + interval '8 hours' END, CASE WHEN NOT i.open THEN {uuid_of("1", 6)} END,
                    CASE WHEN NOT i.open THEN 'RETURNED' END, CASE WHEN NOT i.open THEN 'SERVICEABLE' END, CASE WHEN NOT i.open THEN {person} END,
                    CASE WHEN i.open THEN 1 ELSE 2 END
                FROM (SELECT *, row_number() OVER () AS r, row_number() OVER (PARTITION BY 1 + n % {ARMORIES} ORDER BY at) AS receipt
                      FROM bench_history) i;
            """,
        ),
        (
            "ledger",
            f"""
            INSERT INTO ledger_event (event_id, stream, seq, type, subject, subject_id, item_id, person_id, payload, actor_kind, actor_id,
                    actor_name, transaction, effective_at, recorded_at, previous_hash, hash)
                SELECT {uuid_of("row_number() OVER (ORDER BY at)", 10)}, armory::text, row_number() OVER (PARTITION BY armory ORDER BY at), type, subject,
                    subject_id, item, person,
                    json_build_object('summary', serial || ' ' || lower(type) || ' on receipt ' || receipt, 'serial', serial, 'note', repeat('x', 200))::text,
                    'ACCOUNT', {uuid_of("1", 6)}, 'bench', 1, at, at, sha256(at::text::bytea), sha256(at::text::bytea)
                FROM (
                    SELECT c.armory_id AS armory, 'ITEM_ISSUED' AS type, 'CUSTODY_RECORD' AS subject, c.id AS subject_id, c.item_id AS item,
                        c.holder_id AS person, c.issued_at AS at, i.serial, c.receipt_number AS receipt
                    FROM custody_record c JOIN item i ON i.id = c.item_id
                    UNION ALL
                    SELECT c.armory_id, 'ITEM_RETURNED', 'CUSTODY_RECORD', c.id, c.item_id, c.holder_id, c.closed_at, i.serial, c.receipt_number
                    FROM custody_record c JOIN item i ON i.id = c.item_id WHERE c.closed_at IS NOT NULL
                    UNION ALL
                    SELECT armory_id, 'ITEM_REGISTERED', 'ITEM', id, id, NULL, now() - interval '20 years', serial, '-' FROM item
                ) e;
            INSERT INTO stream_head (stream, armory_id, seq, hash, receipts)
                SELECT a.id::text, a.id, (SELECT max(seq) FROM ledger_event WHERE stream = a.id::text), sha256('head'),
                    (SELECT max(receipt) FROM custody_record WHERE armory_id = a.id) FROM armory a;
            DROP TABLE bench_history;
            """,
        ),
    ]


async def build(url: str, size: int, told: Callable[[str], None]) -> None:
    """Fill an empty database: size 1 has 10,000 items, 2,000 people and 200,000 events."""
    told(f"building the data of size {size}")
    await database.migrate(url)
    connection = await asyncpg.connect(url)
    try:
        for name in TABLES:
            await connection.execute(f"ALTER TABLE {name} DISABLE TRIGGER ALL")
        for what, sql in statements(10_000 * size, 2_000 * size, 200_000 * size):
            told(f"  {what}")
            await connection.execute(sql)
        for name in TABLES:
            await connection.execute(f"ALTER TABLE {name} ENABLE TRIGGER ALL")
        told("  statistics")
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
