"""Hand-written SQL for the same answers and the same writes."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from uuid_utils.compat import uuid7

from benchmarks.data import row_id

MOMENT = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
ACCOUNT = row_id("account", 1)

ITEMS = f"""
SELECT '{{"data":{{"items":{{"edges":' || array_to_json(ARRAY(SELECT row_to_json(e) FROM (SELECT (SELECT row_to_json(n) FROM (SELECT i.serial, i.state,
    (SELECT row_to_json(o) FROM (SELECT c.receipt_number AS "receiptNumber", {MOMENT.format("c.issued_at")} AS "issuedAt",
        {MOMENT.format("c.due_at")} AS "dueAt",
        (SELECT row_to_json(h) FROM (SELECT p.rank || ' ' || p.family_name || ', ' || p.given_names AS name, p.rank,
            (SELECT row_to_json(u) FROM (SELECT u.code, u.name FROM unit u WHERE u.id = p.unit_id) u) AS unit
            FROM person p WHERE p.id = c.holder_id) h) AS holder
        FROM custody_record c WHERE c.item_id = i.id AND c.closed_at IS NULL) o) AS "openCustody",
    (SELECT row_to_json(x) FROM (SELECT array_to_json(ARRAY(SELECT row_to_json(y) FROM (SELECT (SELECT row_to_json(z) FROM (SELECT v.seq, v.type,
        {MOMENT.format("v.recorded_at")} AS "recordedAt", v.summary) z) AS node
        FROM ledger_event v WHERE v.item_id = i.id ORDER BY v.recorded_at DESC, v.event_id DESC LIMIT 3) y)) AS edges) x) AS events
    ) n) AS node
    FROM item i WHERE i.armory_id = $1 /* beyond */ ORDER BY i.serial_key, i.id LIMIT 50) e))::text || '}}}}}}'
"""
DASHBOARD = ITEMS.replace("/* beyond */", "AND (i.serial_key, i.id) > ($2, $3::uuid)")
SCAN = f"""
SELECT '{{"data":{{"scan":' || (SELECT row_to_json(n) FROM (SELECT i.serial, i.state,
    (SELECT row_to_json(o) FROM (SELECT c.receipt_number AS "receiptNumber", {MOMENT.format("c.issued_at")} AS "issuedAt",
        (SELECT row_to_json(h) FROM (SELECT p.rank || ' ' || p.family_name || ', ' || p.given_names AS name, p.rank
            FROM person p WHERE p.id = c.holder_id) h) AS holder
        FROM custody_record c WHERE c.item_id = i.id AND c.closed_at IS NULL) o) AS "openCustody"
    FROM tag t JOIN item i ON i.id = t.item_id WHERE t.code = $1 AND t.revoked_at IS NULL) n)::text || '}}}}'
"""
COUNTS = """
SELECT '{"data":{"armory":' || (SELECT row_to_json(n) FROM (SELECT a.code, array_to_json(ARRAY(SELECT row_to_json(k) FROM (
    SELECT i.state, m.category, count(*) AS count FROM item i JOIN item_model m ON m.id = i.model_id WHERE i.armory_id = a.id
    GROUP BY i.state, m.category ORDER BY i.state, m.category) k)) AS counts FROM armory a WHERE a.code = $1) n)::text || '}}'
"""
LEDGER = f"""
SELECT '{{"data":{{"ledger":{{"edges":' || array_to_json(ARRAY(SELECT row_to_json(y) FROM (SELECT (SELECT row_to_json(z) FROM (SELECT v.seq, v.type,
    v.summary, v.actor_name AS "actorName", {MOMENT.format("v.recorded_at")} AS "recordedAt") z) AS node
    FROM ledger_event v WHERE v.stream = $1 AND v.seq < $2 ORDER BY v.seq DESC LIMIT 100) y))::text || '}}}}}}'
"""

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
DONE = "SELECT answer FROM completed_request WHERE actor_key = $1 AND request_id = $2"
PERSON = (
    "SELECT id, rank, family_name, given_names, service_number, duty_status FROM person WHERE service_number_key = $1 FOR NO KEY UPDATE"
)
ITEM = "SELECT id, armory_id, serial, state, serviceability, round_count, version FROM item WHERE serial_key = $1 FOR NO KEY UPDATE"
HEAD = """
SELECT h.receipts, a.code, a.state, a.temporary_limit_hours, clock_timestamp() AS now
FROM stream_head h JOIN armory a ON a.id = h.armory_id WHERE h.stream = $1 FOR NO KEY UPDATE OF h
"""
OPEN_RECORD = """
SELECT c.*, p.rank, p.family_name, p.given_names FROM custody_record c JOIN person p ON p.id = c.holder_id
WHERE c.item_id = $1 AND c.closed_at IS NULL
"""
INSERT_RECORD = """
INSERT INTO custody_record (id, receipt_number, receipt, armory_id, item_id, holder_id, issue_type, issued_at, due_at, issued_by_id, condition_out,
    version) VALUES ($1, $2, $3, $4, $5, $6, 'TEMPORARY', $7::timestamptz, $7::timestamptz + interval '24 hours', $8, 'SERVICEABLE', 1)
"""
CLOSE_RECORD = """
UPDATE custody_record SET closed_at = $2, closed_by_id = $3, close_reason = 'RETURNED', condition_in = 'SERVICEABLE', brought_by_id = holder_id,
    version = version + 1 WHERE id = $1
"""
MOVE = "UPDATE item SET state = $2, version = version + 1 WHERE id = $1"
EVENT = """
INSERT INTO ledger_event (event_id, stream, type, subject, subject_id, item_id, person_id, payload, actor_kind, actor_id, actor_name, request_id,
    effective_at) VALUES ($1, $2, $3, 'CUSTODY_RECORD', $4, $5, $6, $7, 'ACCOUNT', $8, 'bench', $9, $10)
"""
COMPLETE = """
INSERT INTO completed_request (id, actor_key, request_id, command, arguments_hash, answer, completed_at)
VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp())
"""


async def run(pool: asyncpg.Pool, name: str, asked: dict[str, Any]) -> str:
    """Do one thing that is asked; gives the text of the answer."""
    place: Any = asked.get("place")
    match name:
        case "dashboard":
            return str(await pool.fetchval(DASHBOARD, asked["room"], *place))
        case "dashboard_polled":
            return str(await pool.fetchval(ITEMS, asked["room"]))
        case "ledger_page":
            return str(await pool.fetchval(LEDGER, str(asked["room"]), place[0]))
        case "scan":
            return str(await pool.fetchval(SCAN, asked["code"]))
        case "armory_counts":
            return str(await pool.fetchval(COUNTS, asked["code"]))
        case "issue":
            receipt, field, kind = await _commit(pool, issue, asked), "issueItems", "ItemsIssued"
        case "return":
            receipt, field, kind = await _commit(pool, take_back, asked), "returnItems", "ItemsReturned"
        case _:
            raise LookupError(name)
    record = {"receiptNumber": receipt, "item": {"serial": asked["serial"]}}
    return orjson.dumps({"data": {field: {"__typename": kind, "records": [record]}}}).decode()


async def _commit(pool: asyncpg.Pool, work: Any, asked: dict[str, Any]) -> str:
    async with pool.acquire() as connection, connection.transaction():
        return str(await work(connection, asked))


async def issue(connection: Any, asked: dict[str, Any]) -> str:
    """Issue an item; gives the number of the receipt."""
    request = await _begin(connection, asked)
    person = await connection.fetchrow(PERSON, asked["person"])
    item = await connection.fetchrow(ITEM, asked["serial"])
    head = await connection.fetchrow(HEAD, str(item["armory_id"]))
    assert await connection.fetchrow(OPEN_RECORD, item["id"]) is None
    record, receipt = uuid7(), f"{head['code']}-{head['receipts'] + 1:06}"
    await connection.execute(
        INSERT_RECORD, record, receipt, head["receipts"] + 1, item["armory_id"], item["id"], person["id"], head["now"], ACCOUNT
    )
    await connection.execute(MOVE, item["id"], "ISSUED")
    await _end(connection, request, "ITEM_ISSUED", record, item, person["id"], receipt, head["now"])
    return receipt


async def take_back(connection: Any, asked: dict[str, Any]) -> str:
    """Take an item back; gives the number of its receipt."""
    request = await _begin(connection, asked)
    item = await connection.fetchrow(ITEM, asked["serial"])
    head = await connection.fetchrow(HEAD, str(item["armory_id"]))
    record = await connection.fetchrow(OPEN_RECORD, item["id"])
    await connection.execute(CLOSE_RECORD, record["id"], head["now"], ACCOUNT)
    await connection.execute(MOVE, item["id"], "IN_ROOM")
    await _end(connection, request, "ITEM_RETURNED", record["id"], item, record["holder_id"], record["receipt_number"], head["now"])
    return str(record["receipt_number"])


async def _begin(connection: Any, asked: dict[str, Any]) -> UUID:
    request = UUID(asked["request"])
    await connection.execute(LOCK, f"{ACCOUNT}/{request}")
    assert await connection.fetchval(DONE, str(ACCOUNT), request) is None
    return request


async def _end(connection: Any, request: UUID, type_: str, record: UUID, item: Any, person: UUID, receipt: str, now: Any) -> None:
    rows = {"custody_record": {"id": record, "receipt_number": receipt}, "item": {"id": item["id"], "serial": item["serial"]}}
    payload = orjson.dumps({"summary": f"{item['serial']} {type_} {receipt}", **rows}, default=str).decode()
    stream = str(item["armory_id"])
    await connection.execute(EVENT, uuid7(), stream, type_, record, item["id"], person, payload, ACCOUNT, request, now)
    digest = hashlib.sha256(payload.encode()).digest()
    await connection.execute(COMPLETE, uuid7(), str(ACCOUNT), request, type_, digest, payload)
