"""What the database alone does: the same locks and writes by PostgreSQL's own tool, with no program of anybody's between."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from benchmarks.work import FREE
from graph import embedded

KEYS = """
\\set n {free} + (:client_id + {first}) * 10
\\set p {first} + :client_id + 1
"""
SCRIPT = """
BEGIN;
SELECT pg_advisory_xact_lock(:client_id);
SELECT id FROM person WHERE service_number_key = 'P' || :p FOR NO KEY UPDATE;
SELECT id FROM item WHERE serial_key = 'S' || :n FOR NO KEY UPDATE;
SELECT receipts FROM stream_head WHERE stream = (SELECT armory_id::text FROM item WHERE serial_key = 'S' || :n) FOR NO KEY UPDATE;
WITH h AS (SELECT h.stream, h.receipts, i.id AS item, i.armory_id, p.id AS person, gen_random_uuid() AS record
    FROM item i JOIN stream_head h ON h.stream = i.armory_id::text JOIN person p ON p.service_number_key = 'P' || :p
    WHERE i.serial_key = 'S' || :n),
r AS (INSERT INTO custody_record (id, receipt_number, receipt, armory_id, item_id, holder_id, issue_type, issued_at, issued_by_id, condition_out,
        version, due_at)
    SELECT record, 'A-' || record, receipts + 1, armory_id, item, person, 'TEMPORARY', clock_timestamp(), NULL, 'SERVICEABLE', 1,
        clock_timestamp() + interval '1 day' FROM h RETURNING id, item_id),
m AS (UPDATE item SET state = 'ISSUED', version = version + 1 FROM r WHERE item.id = r.item_id RETURNING item.id),
d AS (INSERT INTO completed_request (id, actor_key, request_id, command, arguments_hash, answer, completed_at)
    VALUES (gen_random_uuid(), 'pgbench', gen_random_uuid(), 'issue', sha256('x'), '{}', clock_timestamp()))
INSERT INTO ledger_event (event_id, stream, type, subject, subject_id, item_id, person_id, payload, actor_kind, actor_name, effective_at)
    SELECT gen_random_uuid(), stream, 'ITEM_ISSUED', 'CUSTODY_RECORD', record, item, person,
        '{"summary": "issued", "custody_record": {}, "item": {}}', 'CONSOLE', 'bench', clock_timestamp() FROM h, m;
END;
BEGIN;
SELECT pg_advisory_xact_lock(:client_id);
SELECT id FROM item WHERE serial_key = 'S' || :n FOR NO KEY UPDATE;
SELECT receipts FROM stream_head WHERE stream = (SELECT armory_id::text FROM item WHERE serial_key = 'S' || :n) FOR NO KEY UPDATE;
WITH r AS (UPDATE custody_record c SET closed_at = clock_timestamp(), close_reason = 'RETURNED', condition_in = 'SERVICEABLE',
        brought_by_id = c.holder_id, version = c.version + 1
    FROM item i WHERE i.serial_key = 'S' || :n AND c.item_id = i.id AND c.closed_at IS NULL RETURNING c.id, c.item_id, c.armory_id, c.holder_id),
m AS (UPDATE item SET state = 'IN_ROOM', version = version + 1 FROM r WHERE item.id = r.item_id RETURNING item.id),
d AS (INSERT INTO completed_request (id, actor_key, request_id, command, arguments_hash, answer, completed_at)
    VALUES (gen_random_uuid(), 'pgbench', gen_random_uuid(), 'return', sha256('x'), '{}', clock_timestamp()))
INSERT INTO ledger_event (event_id, stream, type, subject, subject_id, item_id, person_id, payload, actor_kind, actor_name, effective_at)
    SELECT gen_random_uuid(), r.armory_id::text, 'ITEM_RETURNED', 'CUSTODY_RECORD', r.id, r.item_id, r.holder_id,
        '{"summary": "returned", "custody_record": {}, "item": {}}', 'CONSOLE', 'bench', clock_timestamp() FROM r, m;
END;
"""


def load(url: str, clients: int, first: int, seconds: float) -> dict[str, float]:
    """One round: issues and returns a second, and their times. It counts pairs, so the time of each is half of a pair's."""
    parts = urlsplit(url)
    where = ["-h", parse_qs(parts.query)["host"][0], "-U", parts.username or "postgres"]
    program = embedded.program("pgbench")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "pairs.sql"
        script.write_text(KEYS.format(free=FREE, first=first) + SCRIPT)
        how = ["-n", "-M", "prepared", "-f", str(script), "-c", str(clients), "-j", "1", "-T", str(max(1, round(seconds))), "-l"]
        words = [str(program), *where, *how, parts.path.lstrip("/")]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120, cwd=folder)
        found = re.search(r"tps = ([\d.]+)", done.stdout)
        if found is None or done.returncode:
            raise SystemExit(f"pgbench failed: {done.stderr.strip()[-1000:]}")
        lines = "".join(log.read_text() for log in Path(folder).glob("pgbench_log.*")).splitlines()
    taken = sorted(int(line.split()[2]) / 2000 for line in lines)
    shares = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("issue_p50", 0.5))
    return {"per_second": 2 * float(found[1]), **{name: taken[min(len(taken) - 1, int(len(taken) * share))] for name, share in shares}}
