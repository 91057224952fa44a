"""PostGraphile 4 on the same tables, where npm is there to install it: its answers come from what the tables say, and two functions."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg

from benchmarks.data import TOKEN
from benchmarks.npm import installed
from benchmarks.servers import free_port, running
from benchmarks.statements import ACCOUNT

FUNCTIONS = """
DROP FUNCTION IF EXISTS item_last_events(item), person_name(person), armory_counts(armory),
    bench_issue(uuid, text, text), bench_return(uuid, text),
    bench_end(uuid, text, uuid, item, uuid, text, timestamptz);
CREATE FUNCTION item_last_events(i item) RETURNS SETOF ledger_event LANGUAGE sql STABLE AS
    $$ SELECT * FROM ledger_event WHERE item_id = i.id ORDER BY recorded_at DESC, event_id DESC $$;
CREATE FUNCTION person_name(p person) RETURNS text LANGUAGE sql STABLE AS $$ SELECT p.rank || ' ' || p.family_name || ', ' || p.given_names $$;
CREATE FUNCTION armory_counts(a armory) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_agg(k) FROM (SELECT i.state, m.category, count(*) AS count FROM item i JOIN item_model m ON m.id = i.model_id
    WHERE i.armory_id = a.id GROUP BY i.state, m.category ORDER BY i.state, m.category) k $$;
CREATE FUNCTION bench_issue(q uuid, s text, p text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE x item; h record; y person; r uuid := gen_random_uuid(); c text; said text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('@/' || q, 0));
    PERFORM FROM completed_request WHERE actor_key = '@' AND request_id = q;
    SELECT * INTO y FROM person WHERE service_number_key = p FOR NO KEY UPDATE;
    SELECT * INTO x FROM item WHERE serial_key = s FOR NO KEY UPDATE;
    SELECT d.receipts, a.code, a.state, a.temporary_limit_hours, clock_timestamp() AS now INTO h
        FROM stream_head d JOIN armory a ON a.id = d.armory_id WHERE d.stream = x.armory_id::text FOR NO KEY UPDATE OF d;
    IF EXISTS (SELECT FROM custody_record o JOIN person e ON e.id = o.holder_id WHERE o.item_id = x.id AND o.closed_at IS NULL) THEN
        RAISE 'held';
    END IF;
    c := h.code || '-' || lpad((h.receipts + 1)::text, 6, '0');
    INSERT INTO custody_record (id, receipt_number, receipt, armory_id, item_id, holder_id, issue_type, issued_at, due_at, issued_by_id,
        condition_out, version) VALUES (r, c, h.receipts + 1, x.armory_id, x.id, y.id, 'TEMPORARY', h.now, h.now + interval '24 hours', '@',
        'SERVICEABLE', 1);
    UPDATE item SET state = 'ISSUED', version = version + 1 WHERE id = x.id;
    PERFORM bench_end(q, 'ITEM_ISSUED', r, x, y.id, c, h.now);
    RETURN c;
END $$;
CREATE FUNCTION bench_return(q uuid, s text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE x item; h record; r record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('@/' || q, 0));
    PERFORM FROM completed_request WHERE actor_key = '@' AND request_id = q;
    SELECT * INTO x FROM item WHERE serial_key = s FOR NO KEY UPDATE;
    SELECT d.receipts, a.code, a.state, a.temporary_limit_hours, clock_timestamp() AS now INTO h
        FROM stream_head d JOIN armory a ON a.id = d.armory_id WHERE d.stream = x.armory_id::text FOR NO KEY UPDATE OF d;
    SELECT o.*, e.rank, e.family_name, e.given_names INTO r FROM custody_record o JOIN person e ON e.id = o.holder_id
        WHERE o.item_id = x.id AND o.closed_at IS NULL;
    UPDATE custody_record SET closed_at = h.now, closed_by_id = '@', close_reason = 'RETURNED', condition_in = 'SERVICEABLE',
        brought_by_id = holder_id, version = version + 1 WHERE id = r.id;
    UPDATE item SET state = 'IN_ROOM', version = version + 1 WHERE id = x.id;
    PERFORM bench_end(q, 'ITEM_RETURNED', r.id, x, r.holder_id, r.receipt_number, h.now);
    RETURN r.receipt_number;
END $$;
CREATE FUNCTION bench_end(q uuid, kind text, r uuid, x item, holder uuid, receipt text, moment timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE said text := json_build_object('summary', x.serial || ' ' || kind || ' ' || receipt, 'custody_record',
    json_build_object('id', r, 'receipt_number', receipt), 'item', json_build_object('id', x.id, 'serial', x.serial));
BEGIN
    INSERT INTO ledger_event (event_id, stream, type, subject, subject_id, item_id, person_id, payload, actor_kind, actor_id, actor_name,
        request_id, effective_at)
        VALUES (gen_random_uuid(), x.armory_id::text, kind, 'CUSTODY_RECORD', r, x.id, holder, said, 'ACCOUNT', '@', 'bench', q, moment);
    INSERT INTO completed_request (id, actor_key, request_id, command, arguments_hash, answer, completed_at)
        VALUES (gen_random_uuid(), '@', q, kind, sha256(convert_to(said, 'UTF8')), said, clock_timestamp());
END $$;
""".replace("@", str(ACCOUNT))  # the same statements as in benchmarks/statements.py
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
    if why := installed(folder, "PostGraphile 4", ("postgraphile@4", "pg@8"), told):
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


async def _functions(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(FUNCTIONS)
    await connection.close()
