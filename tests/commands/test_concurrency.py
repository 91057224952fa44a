"""Many counters at once, dropped lines, a database that goes away: every command whole or absent, and the pool whole afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg

from graph import database
from graph.settings import Settings
from tests.conftest import Cluster
from tests.server import ISSUE, RETURN, Client, Live, running_server
from tests.world import token_of

HOLDERS = [f"S-{number:03}" for number in range(6, 46)]
DEVICES = [f"PVS-{number:03}" for number in range(1, 41)]
PERSON = "query ($n: String!) { person(serviceNumber: $n) { id dutyStatus holdings { item { serial } } } }"
DUTY = """mutation ($i: ChangeDutyStatusInput!) { changeDutyStatus(input: $i) {
  __typename ... on Refused { refusals { code message } } } }"""
STATE = "mutation ($i: SetArmoryStateInput!) { setArmoryState(input: $i) { __typename ... on Refused { refusals { code message } } } }"
READ = '{ item(serial: "M4-001") { state } }'


async def until(true: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until something is so; fail with its name if it never is."""
    try:
        async with asyncio.timeout(30):
            while not await true():  # noqa: ASYNC110 - what is waited for happens in the database
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"never came to be: {what}") from None


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    """A plain connection for the length of a block."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        with contextlib.suppress(Exception):
            await connection.close(timeout=5)


async def assert_pool_whole(url: str) -> None:
    """Every place of the door is free again, and no connection of the server holds a transaction open."""
    at = database.door()

    async def free() -> bool:
        taken = [await asyncio.wait_for(at.places.acquire(), 5) for _ in range(at.settings.pool_size) if not at.places.locked()]
        for _ in taken:
            at.places.release()
        return len(taken) == at.settings.pool_size and not at.under_way

    await until(free, "a pool whose places are all free")
    async with connected(url) as sql:
        open_ones = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND "

        async def closed() -> bool:
            return not await sql.fetchval(open_ones + "state LIKE 'idle in transaction%'")

        await until(closed, "no connection idle in a transaction")
        # And each connection does work: as many reads at once as there are places.
        await asyncio.gather(*(database.fetch("SELECT pg_sleep(0.01)") for _ in range(2 * at.settings.pool_size)))


async def waiting_for_locks(sql: Any, number: int) -> None:
    """Wait until so many statements of the server wait for a lock; `sql` is in no transaction, which would see the same for ever."""
    waits = """SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'armguard' AND wait_event_type = 'Lock'"""

    async def so_many() -> bool:
        return bool(await sql.fetchval(waits) >= number)

    await until(so_many, f"{number} statements that wait for a lock")


def issue_of(holder: str, *serials: str, request_id: str | None = None) -> dict[str, Any]:
    """The input of an issue."""
    lines = [{"item": {"serial": serial}} for serial in serials]
    return {"requestId": request_id or str(uuid4()), "holder": {"serviceNumber": holder}, "lines": lines}


async def outcome(client: Client, document: str, **variables: Any) -> tuple[str, Any]:
    """What a client sees: the type of the answer with its content, or the code of the error; a fault of the server fails the test."""
    response = await client.http.post("/graphql", json={"query": document, "variables": variables})
    body = response.json()
    if "errors" in body:
        code = str(body["errors"][0]["extensions"]["code"])
        assert (response.status_code, code) in {(200, "UNAVAILABLE"), (503, "UNAVAILABLE")}, body
        return code, body
    (answer,) = body["data"].values()
    return str(answer.get("__typename", "READ")), answer


async def until_answered(client: Client, document: str, **variables: Any) -> Any:
    """Send the same request again until it is answered, as a client does that was told UNAVAILABLE."""
    async with asyncio.timeout(60):
        while True:
            kind, answer = await outcome(client, document, **variables)
            if kind != "UNAVAILABLE":
                return answer
            await asyncio.sleep(0.05)


# -------------------------------------------------------------------------------------------------------------------- many counters


async def test_inv_01_of_thirty_two_who_want_one_rifle_one_gets_it(live: Live, database_url: str) -> None:
    clients = [live.as_("north" if number % 2 else "north.two") for number in range(32)]
    answers = await asyncio.gather(*(client.issue(holder, "M4-001") for client, holder in zip(clients, HOLDERS, strict=False)))
    ((place, issued),) = [(place, answer) for place, answer in enumerate(answers) if answer["__typename"] == "ItemsIssued"]
    refused = [answer["refusals"] for answer in answers if answer["__typename"] == "Refused"]
    assert len(refused) == 31
    record = issued["records"][0]
    for (refusal,) in refused:
        assert refusal["code"] == "ITEM_NOT_AVAILABLE"
        assert refusal["holder"]["serviceNumber"] == record["holder"]["serviceNumber"] == HOLDERS[place]
        assert (refusal["since"], refusal["receiptNumber"]) == (record["issuedAt"], "NORTH-000001")
    await assert_pool_whole(database_url)


async def test_twenty_counters_issue_twenty_items_with_receipts_without_a_gap(live: Live, database_url: str) -> None:
    clients = [live.as_("north") for _ in range(20)]
    answers = await asyncio.gather(
        *(client.issue(holder, device) for client, holder, device in zip(clients, HOLDERS, DEVICES, strict=False))
    )
    assert {answer["__typename"] for answer in answers} == {"ItemsIssued"}
    numbers = sorted(answer["records"][0]["receiptNumber"] for answer in answers)
    assert numbers == [f"NORTH-{number:06}" for number in range(1, 21)]
    seqs = sorted(event["seq"] for answer in answers for event in answer["events"])
    assert seqs == list(range(seqs[0], seqs[0] + 20))
    await assert_pool_whole(database_url)


async def test_draws_of_the_same_items_in_opposite_order_never_deadlock(live: Live, database_url: str) -> None:
    one, two = live.as_("officer"), live.as_("officer")
    items = [*DEVICES[:8], "PVS-101", "PVS-102"]  # of two arms rooms
    for _ in range(15):
        answers = await asyncio.gather(one.issue("S-006", *items), two.issue("S-007", *reversed(items)))
        assert sorted(answer["__typename"] for answer in answers) == ["ItemsIssued", "Refused"]
        refusals = next(answer["refusals"] for answer in answers if answer["__typename"] == "Refused")
        assert [refusal["code"] for refusal in refusals] == ["ITEM_NOT_AVAILABLE"] * len(items)
        answers = await asyncio.gather(one.give_back(*items), two.give_back(*reversed(items)))
        assert sorted(answer["__typename"] for answer in answers) == ["ItemsReturned", "Refused"]
    await assert_pool_whole(database_url)


async def test_inv_07_a_draw_and_a_separation_at_once_never_both_succeed(live: Live) -> None:
    officer = live.as_("officer")
    winners = set()
    for holder, device in zip(HOLDERS[:20], DEVICES, strict=False):
        person = (await officer(PERSON, n=holder))["person"]["id"]
        duty = {"requestId": str(uuid4()), "id": person, "dutyStatus": "SEPARATED", "reason": "end of service"}
        issued, separated = await asyncio.gather(live.as_("north").issue(holder, device), officer(DUTY, i=duty))
        kinds: tuple[str, str] = (issued["__typename"], separated["changeDutyStatus"]["__typename"])
        assert kinds in {("ItemsIssued", "Refused"), ("Refused", "PersonSaved")}
        winners.add(kinds)
        if "refusals" in issued:
            assert [refusal["code"] for refusal in issued["refusals"]] == ["PERSON_NOT_ELIGIBLE"]
        else:
            (refusal,) = separated["changeDutyStatus"]["refusals"]
            assert (refusal["code"], device in refusal["message"]) == ("PERSON_HOLDS_ITEMS", True)
    assert winners


async def test_inv_03_after_the_close_of_the_room_nothing_more_goes_out(live: Live, plain_sql: Any) -> None:
    officer, counters = live.as_("officer"), [live.as_("north") for _ in range(8)]
    armory = (await officer('{ armory(code: "NORTH") { id } }'))["armory"]["id"]

    async def set_state(state: str) -> None:
        given = {"requestId": str(uuid4()), "id": armory, "state": state, "reason": "drill"}
        assert (await officer(STATE, i=given))["setArmoryState"]["__typename"] == "ArmorySaved"

    for start in range(0, 32, 8):
        draws = [
            counter.issue(holder, device)
            for counter, holder, device in zip(counters, HOLDERS[start:], DEVICES[start : start + 8], strict=False)
        ]
        *answers, _ = await asyncio.gather(*draws[:4], *draws[4:], set_state("CLOSED"))
        refusals = [refusal["code"] for answer in answers for refusal in answer.get("refusals", ())]
        assert set(refusals) <= {"ARMORY_NOT_OPEN"}
        assert (await counters[0].issue("S-001", "M4-001"))["refusals"][0]["code"] == "ARMORY_NOT_OPEN"
        await set_state("OPEN")
    is_open, issues = True, 0
    stream = "SELECT type, payload FROM ledger_event WHERE stream = (SELECT id::text FROM armory WHERE code = 'NORTH') ORDER BY seq"
    for event in await plain_sql.fetch(stream):
        if event["type"] == "ARMORY_CHANGED":
            is_open = json.loads(event["payload"])["armory"]["after"]["state"] == "OPEN"
        elif event["type"] == "ITEM_ISSUED":
            assert is_open, event["payload"]
            issues += 1
    assert issues == await plain_sql.fetchval("SELECT count(*) FROM custody_record")


async def test_inv_04_who_draws_at_two_rooms_at_once_gets_one(live: Live) -> None:
    north, south = live.as_("north"), live.as_("south")
    for number in range(1, 6):
        holder = HOLDERS[number]
        answers = await asyncio.gather(north.issue(holder, f"G17-{number:03}"), south.issue(holder, f"G17-{100 + number}"))
        assert sorted(answer["__typename"] for answer in answers) == ["ItemsIssued", "Refused"]
        (refusal,) = next(answer["refusals"] for answer in answers if answer["__typename"] == "Refused")
        assert (refusal["code"], refusal["held"], refusal["limit"]) == ("LIMIT_EXCEEDED", 1, 1)


# ----------------------------------------------------------------------------------------------------------------------- lost lines


async def send_and_hang_up(live: Live, document: str, given: dict[str, Any], pause: float) -> None:
    """Send a request over TCP and close the connection, perhaps before the answer."""
    where = urlsplit(live.url)
    body = json.dumps({"query": document, "variables": {"input": given}}).encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: {where.netloc}\r\nAuthorization: Bearer {token_of('north')}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    _, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(head.encode() + body)
    await writer.drain()
    await asyncio.sleep(pause)
    writer.transport.abort()


async def send_and_cancel(client: Client, document: str, given: dict[str, Any], pause: float) -> None:
    """Send a request with an ordinary client, and cancel it."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(pause):
            await client.answer(document, input=given)


async def send_and_complete(socket: Any, number: int, document: str, given: dict[str, Any], pause: float) -> None:
    """Send a mutation over a socket, and end the operation, perhaps before its answer."""
    payload = {"query": document, "variables": {"input": given}}
    await socket.send(json.dumps({"id": str(number), "type": "subscribe", "payload": payload}))
    await asyncio.sleep(pause)
    await socket.send(json.dumps({"id": str(number), "type": "complete"}))


async def drain(socket: Any) -> None:
    """Read a socket until it is closed."""
    with contextlib.suppress(Exception):
        async for _ in socket:
            pass


async def test_six_hundred_broken_off_commands_are_whole_or_absent(live: Live, database_url: str) -> None:
    chance = random.Random(600)
    requests: list[UUID] = []

    def command() -> tuple[str, dict[str, Any]]:
        request_id = uuid4()
        requests.append(request_id)
        device = chance.choice(DEVICES)
        if chance.random() < 0.5:
            return ISSUE, issue_of(chance.choice(HOLDERS), device, request_id=str(request_id))
        return RETURN, {"requestId": str(request_id), "lines": [{"item": {"serial": device}}]}

    async def counter(number: int, socket: Any) -> None:
        client = live.as_("north")
        for turn in range(50):
            document, given = command()
            pause = chance.choice((0, chance.uniform(0, 0.02), chance.uniform(0, 0.1)))
            match turn % 3:
                case 0:
                    await send_and_hang_up(live, document, given, pause)
                case 1:
                    await send_and_cancel(client, document, given, pause)
                case _:
                    await send_and_complete(socket, 1000 * number + turn, document, given, pause)

    async with live.socket("north") as socket:
        reading = asyncio.create_task(drain(socket))
        await asyncio.gather(*(counter(number, socket) for number in range(12)))
        # The socket does its operations in turn: when this one is answered, it has none left that was not begun.
        assert (await live.as_("north").issue("S-001", "M4-001"))["__typename"] == "ItemsIssued"
        await assert_pool_whole(database_url)
    await reading
    assert len(requests) == 600
    async with connected(database_url) as sql:
        done = {row["request_id"]: json.loads(row["answer"]) for row in await sql.fetch("SELECT request_id, answer FROM completed_request")}
        events: dict[UUID, list[Any]] = {}
        for row in await sql.fetch("SELECT request_id, event_id, subject_id, type FROM ledger_event WHERE subject = 'CUSTODY_RECORD'"):
            events.setdefault(row["request_id"], []).append(row)
        kept = [request for request in requests if request in done]
        for request in requests:
            written = events.get(request, [])
            assert len(written) == (request in done), request
            if written:
                assert done[request]["events"] == [str(written[0]["event_id"])]
                assert done[request]["rows"] == [str(written[0]["subject_id"])]
        assert 0 < len(kept) < 600
        wrong = """SELECT count(*) FROM item i WHERE (state = 'ISSUED') <>
            (1 = (SELECT count(*) FROM custody_record c WHERE c.item_id = i.id AND c.closed_at IS NULL))"""
        assert await sql.fetchval(wrong) == 0
        issues = sum(row["type"] == "ITEM_ISSUED" for rows in events.values() for row in rows)
        assert await sql.fetchval("SELECT count(*) FROM custody_record") == issues
    assert (await live.as_("north").give_back("M4-001"))["__typename"] == "ItemsReturned"


# ------------------------------------------------------------------------------------------------------------- a database that goes away


async def test_a_restart_of_the_database_between_two_commands_is_not_seen(live: Live, cluster: Cluster, database_url: str) -> None:
    north = live.as_("north")
    assert (await north.issue("S-001", "M4-001"))["__typename"] == "ItemsIssued"
    await asyncio.gather(*(north(READ) for _ in range(20)))  # more than one connection that is then lost
    await asyncio.to_thread(cluster.restart)
    assert (await north.issue("S-002", "M4-002"))["__typename"] == "ItemsIssued"
    await asyncio.to_thread(cluster.restart)
    assert (await north.give_back("M4-001"))["__typename"] == "ItemsReturned"
    await asyncio.to_thread(cluster.restart)
    assert (await north(READ))["item"] == {"state": "IN_ROOM"}
    await assert_pool_whole(database_url)


async def test_a_restart_under_twenty_commands_loses_and_doubles_none(live: Live, cluster: Cluster, database_url: str) -> None:
    counters = [live.as_("north") for _ in range(20)]
    inputs = [issue_of(holder, device) for holder, device in zip(HOLDERS[:20], DEVICES, strict=False)]
    async with connected(database_url) as sql, connected(database_url) as watching:
        await sql.execute("BEGIN")
        await sql.execute("SELECT FROM stream_head FOR UPDATE")  # all wait here, at their last lock, when the server stops
        under_way = [asyncio.create_task(outcome(client, ISSUE, input=given)) for client, given in zip(counters, inputs, strict=True)]
        await waiting_for_locks(watching, 12)
        await asyncio.to_thread(cluster.restart)
    answers = await asyncio.gather(*under_way)
    assert {kind for kind, _ in answers} <= {"ItemsIssued", "UNAVAILABLE"}
    final = await asyncio.gather(*(until_answered(client, ISSUE, input=given) for client, given in zip(counters, inputs, strict=True)))
    assert {answer["__typename"] for answer in final} == {"ItemsIssued"}
    for (kind, first), last in zip(answers, final, strict=True):
        if kind == "ItemsIssued":
            assert last == {**first, "repeated": True}
    numbers = sorted(answer["records"][0]["receiptNumber"] for answer in final)
    assert numbers == [f"NORTH-{number:06}" for number in range(1, 21)]
    async with connected(database_url) as sql:
        assert await sql.fetchval("SELECT count(*) FROM custody_record") == 20
    await assert_pool_whole(database_url)


async def test_a_restart_in_the_middle_of_the_mornings_issue_loses_and_doubles_none(
    live: Live, cluster: Cluster, database_url: str
) -> None:
    begun = asyncio.Event()

    async def counter(place: int) -> list[Any]:
        client, answers = live.as_("north"), []
        for turn in range(6):
            given = issue_of(HOLDERS[place], DEVICES[place], request_id=str(uuid4()))
            answers.append(await until_answered(client, ISSUE, input=given))
            back = {"requestId": str(uuid4()), "lines": given["lines"]}
            answers.append(await until_answered(client, RETURN, input=back))
            if turn == 1:
                begun.set()
        return answers

    async def restart() -> None:
        await begun.wait()
        await asyncio.to_thread(cluster.restart)

    *each, _ = await asyncio.gather(*(counter(place) for place in range(10)), restart())
    assert [answer["__typename"] for answers in each for answer in answers or ()] == ["ItemsIssued", "ItemsReturned"] * 60
    async with connected(database_url) as sql:
        assert await sql.fetchval("SELECT count(*) FROM custody_record") == 60
        assert await sql.fetchval("SELECT count(*) FROM ledger_event WHERE type = 'ITEM_RETURNED'") == 60
    await assert_pool_whole(database_url)


# ------------------------------------------------------------------------------------------------------------------ locks and places


async def test_a_lock_that_is_not_had_in_time_is_told_and_nothing_is_written(database_url: str, settings: Settings, plain_sql: Any) -> None:
    impatient = settings.model_copy(update={"lock_timeout_ms": 100})
    count = "SELECT (SELECT count(*) FROM ledger_event) + (SELECT count(*) FROM custody_record) + (SELECT count(*) FROM completed_request)"
    async with running_server(database_url, impatient) as live:
        north, request_id = live.as_("north"), str(uuid4())
        before = await plain_sql.fetchval(count)
        for locked in ("item WHERE serial = 'M4-001'", "person WHERE service_number = 'S-001'", "stream_head"):
            await plain_sql.execute("BEGIN")
            await plain_sql.execute(f"SELECT FROM {locked} FOR UPDATE")
            assert await north.code(ISSUE, input=issue_of("S-001", "M4-001", request_id=request_id)) == "UNAVAILABLE"
            await plain_sql.execute("ROLLBACK")
            assert await plain_sql.fetchval(count) == before
        assert (await north.issue("S-001", "M4-001", request_id=request_id))["repeated"] is False
        await assert_pool_whole(database_url)


async def test_a_deadlock_with_somebody_elses_sql_is_tried_again(database_url: str, settings: Settings, plain_sql: Any) -> None:
    patient = settings.model_copy(update={"lock_timeout_ms": 20_000, "statement_timeout_ms": 30_000})
    async with running_server(database_url, patient) as live:
        await plain_sql.execute("SET deadlock_timeout = '60s'")  # the other side finds the deadlock, and gives way
        await plain_sql.execute("BEGIN")
        await plain_sql.execute("SELECT FROM item WHERE serial = 'M4-001' FOR UPDATE")
        issue = asyncio.create_task(live.as_("north").issue("S-001", "M4-001"))
        async with connected(database_url) as watching:
            await waiting_for_locks(watching, 1)
            await plain_sql.execute("SELECT FROM person WHERE service_number = 'S-001' FOR UPDATE")
            await plain_sql.execute("COMMIT")
            assert (await issue)["__typename"] == "ItemsIssued"

            async def counted() -> bool:
                return bool(await watching.fetchval("SELECT deadlocks > 0 FROM pg_stat_database WHERE datname = current_database()"))

            await until(counted, "a deadlock in the server's own count")
        await assert_pool_whole(database_url)


async def test_a_read_on_a_full_pool_is_told_so_instead_of_waiting_for_ever(database_url: str, settings: Settings, plain_sql: Any) -> None:
    small = settings.model_copy(
        update={"pool_size": 2, "pool_wait_seconds": 0.3, "lock_timeout_ms": 60_000, "statement_timeout_ms": 60_000, "standing_seconds": 4}
    )
    async with running_server(database_url, small) as live, connected(database_url) as watching:
        north = live.as_("north")
        await plain_sql.execute("BEGIN")
        await plain_sql.execute("SELECT FROM item FOR UPDATE")
        issues = [asyncio.create_task(live.as_("north").issue(*each)) for each in (("S-001", "M4-001"), ("S-002", "M4-002"))]
        await waiting_for_locks(watching, 2)
        async with asyncio.timeout(30):  # the issues would wait for a minute
            kind, body = await outcome(north, READ)
            assert kind == "UNAVAILABLE"
            assert "busy" in body["errors"][0]["message"]
            kind, body = await outcome(north, ISSUE, input=issue_of("S-003", "M4-003"))
            assert kind == "UNAVAILABLE"
        await plain_sql.execute("ROLLBACK")
        assert [answer["__typename"] for answer in await asyncio.gather(*issues)] == ["ItemsIssued", "ItemsIssued"]
        assert (await north(READ))["item"] == {"state": "ISSUED"}
        assert (await north.issue("S-003", "M4-003"))["__typename"] == "ItemsIssued"
        await assert_pool_whole(database_url)


async def test_a_server_that_takes_no_more_connections_is_unavailable_not_broken(live: Live, database_url: str) -> None:
    counters = [live.as_("north") for _ in range(12)]
    async with contextlib.AsyncExitStack() as all_of_them:
        with contextlib.suppress(asyncpg.TooManyConnectionsError):
            while True:
                await all_of_them.enter_async_context(connected(database_url))
        inputs = [issue_of(holder, device) for holder, device in zip(HOLDERS[:12], DEVICES, strict=False)]
        answers = await asyncio.gather(*(outcome(client, ISSUE, input=given) for client, given in zip(counters, inputs, strict=True)))
        assert {kind for kind, _ in answers} <= {"ItemsIssued", "UNAVAILABLE"}
        reads = await asyncio.gather(*(outcome(client, READ) for client in counters))
        assert {kind for kind, _ in reads} <= {"READ", "UNAVAILABLE"}
    final = await asyncio.gather(*(until_answered(client, ISSUE, input=given) for client, given in zip(counters, inputs, strict=True)))
    assert {answer["__typename"] for answer in final} == {"ItemsIssued"}
    await assert_pool_whole(database_url)
