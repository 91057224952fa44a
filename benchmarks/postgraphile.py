"""PostGraphile 4 on the same tables, where npm is there to install it: its answers come from what the tables say, and two functions."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg

from benchmarks.data import TOKEN
from benchmarks.servers import free_port, running

FUNCTIONS = """
DROP FUNCTION IF EXISTS item_last_events(item), person_name(person), armory_counts(armory),
    bench_issue(text, text), bench_return(text);
CREATE FUNCTION item_last_events(i item) RETURNS SETOF ledger_event LANGUAGE sql STABLE AS
    $$ SELECT * FROM ledger_event WHERE item_id = i.id ORDER BY recorded_at DESC, event_id DESC $$;
CREATE FUNCTION person_name(p person) RETURNS text LANGUAGE sql STABLE AS $$ SELECT p.rank || ' ' || p.family_name || ', ' || p.given_names $$;
CREATE FUNCTION armory_counts(a armory) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_agg(k) FROM (SELECT i.state, m.category, count(*) AS count FROM item i JOIN item_model m ON m.id = i.model_id
    WHERE i.armory_id = a.id GROUP BY i.state, m.category ORDER BY i.state, m.category) k $$;
CREATE FUNCTION bench_issue(s text, p text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE x item; h stream_head; r uuid := gen_random_uuid(); y person; c text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(r::text, 0));
    SELECT * INTO y FROM person WHERE service_number_key = p FOR NO KEY UPDATE;
    SELECT * INTO x FROM item WHERE serial_key = s FOR NO KEY UPDATE;
    SELECT * INTO h FROM stream_head WHERE stream = x.armory_id::text FOR NO KEY UPDATE;
    SELECT a.code || '-' || lpad((h.receipts + 1)::text, 6, '0') INTO c FROM armory a WHERE a.id = x.armory_id;
    INSERT INTO custody_record (id, receipt_number, receipt, armory_id, item_id, holder_id, issue_type, issued_at, due_at, condition_out, version)
        VALUES (r, c, h.receipts + 1, x.armory_id, x.id, y.id, 'TEMPORARY', clock_timestamp(), clock_timestamp() + interval '1 day',
        'SERVICEABLE', 1);
    UPDATE item SET state = 'ISSUED', version = version + 1 WHERE id = x.id;
    INSERT INTO ledger_event (event_id, stream, type, subject, subject_id, item_id, person_id, payload, actor_kind, actor_name, effective_at)
        VALUES (gen_random_uuid(), x.armory_id::text, 'ITEM_ISSUED', 'CUSTODY_RECORD', r, x.id, y.id,
        '{"summary": "issued", "custody_record": {}, "item": {}}', 'CONSOLE', 'console:bench', clock_timestamp());
    INSERT INTO completed_request (id, actor_key, request_id, command, arguments_hash, answer, completed_at)
        VALUES (gen_random_uuid(), 'bench', gen_random_uuid(), 'issue', sha256('x'), '{}', clock_timestamp());
    RETURN c;
END $$;
CREATE FUNCTION bench_return(s text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE x item; r custody_record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(s, 1));
    SELECT * INTO x FROM item WHERE serial_key = s FOR NO KEY UPDATE;
    PERFORM FROM stream_head WHERE stream = x.armory_id::text FOR NO KEY UPDATE;
    UPDATE custody_record SET closed_at = clock_timestamp(), close_reason = 'RETURNED', condition_in = 'SERVICEABLE', brought_by_id = holder_id,
        version = version + 1 WHERE item_id = x.id AND closed_at IS NULL RETURNING * INTO r;
    UPDATE item SET state = 'IN_ROOM', version = version + 1 WHERE id = x.id;
    INSERT INTO ledger_event (event_id, stream, type, subject, subject_id, item_id, person_id, payload, actor_kind, actor_name, effective_at)
        VALUES (gen_random_uuid(), x.armory_id::text, 'ITEM_RETURNED', 'CUSTODY_RECORD', r.id, x.id, r.holder_id,
        '{"summary": "returned", "custody_record": {}, "item": {}}', 'CONSOLE', 'console:bench', clock_timestamp());
    INSERT INTO completed_request (id, actor_key, request_id, command, arguments_hash, answer, completed_at)
        VALUES (gen_random_uuid(), 'bench', gen_random_uuid(), 'return', sha256('x'), '{}', clock_timestamp());
    RETURN r.receipt_number;
END $$;
"""
SERVER = """
const http = require('http'), { Pool } = require('pg'), { postgraphile } = require('postgraphile');
const [host, user, database, port, pg] = process.argv.slice(2);
const pool = new Pool({ host, user, database, port: Number(pg), max: 16 });
const handler = postgraphile(pool, 'public', { graphqlRoute: '/graphql', graphiql: false, disableQueryLog: true, dynamicJson: true, simpleCollections: 'omit' });
http.createServer((req, res) => req.headers.authorization === 'Bearer %s' ? handler(req, res) : res.writeHead(401).end()).listen(Number(port), '127.0.0.1');
"""


@contextlib.contextmanager
def postgraphile(home: Path, url: str, told: Callable[[str], None]) -> Iterator[tuple[int | None, str]]:
    """A server on a port; where it cannot be had, None and why."""
    folder = home / "postgraphile"
    if why := _installed(folder, told):
        told(f"without PostGraphile: {why}")
        yield None, why
        return
    asyncio.run(_functions(url))
    (folder / "server.js").write_text(SERVER % TOKEN)
    parts, port = urlsplit(url), free_port()
    words = [parse_qs(parts.query)["host"][0], parts.username or "postgres", parts.path.lstrip("/"), str(port), str(parts.port or 5432)]
    environment = {"NODE_ENV": "production", "PATH": os.environ["PATH"]}
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(running("postgraphile", ["node", "server.js", *words], port, environment, folder))
        except RuntimeError as error:
            told(str(error))
            yield None, str(error)
            return
        yield port, ""


def _installed(folder: Path, told: Callable[[str], None]) -> str:
    """Install it if need be; gives why it cannot be had."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return "npm is not installed"
    folder.mkdir(exist_ok=True)
    if not (folder / "node_modules" / "postgraphile").exists():
        told("installing PostGraphile 4")
        (folder / "package.json").write_text(json.dumps({"private": True}))
        words = ["npm", "install", "--no-audit", "--no-fund", "--silent", "postgraphile@4", "pg@8"]
        try:
            done = subprocess.run(words, cwd=folder, check=False, timeout=300)
        except subprocess.TimeoutExpired:
            return "npm did not come to an end"
        if done.returncode:
            return "npm cannot install it"
    return ""


async def _functions(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(FUNCTIONS)
    await connection.close()
