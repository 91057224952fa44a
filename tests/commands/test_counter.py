"""How a command at the counter goes about it: few statements, the same for many items as for one; locks in order, and facts under them."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import AsyncIterator, Awaitable
from dataclasses import asdict
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from tortoise import connections

from graph import database
from graph.audit.canonical import canonical_json
from graph.commands.armory import SetArmoryState, set_armory_state
from graph.commands.custody import IssueItems, IssueLine, issue_items
from graph.commands.items import EditItem, RevokeTag, edit_item, revoke_tag
from graph.commands.perform import Answer, requested
from graph.commands.references import ItemRef, PersonRef
from graph.commands.returns import ReturnItems, ReturnLine, return_items
from graph.errors import RefusalCode, Refused
from graph.models.items import Item
from graph.words import ArmoryState, Serviceability
from tests.commands.test_concurrency import connected, until, waiting_for_locks
from tests.conftest import assert_whole

DEVICES = [f"PVS-{number:03}" for number in range(1, 41)]
LOCK, FACTS, WRITE = "pg_advisory_xact_lock", "clock_timestamp() AS now", "INSERT INTO ledger_event"


def issue_of(holder: str, *serials: str, request_id: UUID | None = None) -> IssueItems:
    """The command of an issue."""
    lines = tuple(IssueLine(ItemRef(serial=serial)) for serial in serials)
    return IssueItems(request_id or uuid4(), PersonRef(service_number=holder), lines)


def return_of(*serials: str) -> ReturnItems:
    """The command of a return."""
    return ReturnItems(uuid4(), tuple(ReturnLine(ItemRef(serial=serial)) for serial in serials))


async def done(command: Awaitable[Answer | Refused]) -> Answer:
    """The answer of a command that is not refused."""
    answer = await command
    assert isinstance(answer, Answer), answer
    return answer


async def refused(command: Awaitable[Answer | Refused]) -> set[RefusalCode]:
    """The codes of a command that is refused."""
    answer = await command
    assert isinstance(answer, Refused), answer
    return {refusal.code for refusal in answer.refusals}


class Statements:
    """What goes over the one connection of a process, statement by statement, and what it keeps prepared."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def of(self, query: Any) -> None:
        self.seen.append(" ".join(query.query.split()))

    async def during(self, command: Awaitable[Answer | Refused]) -> list[str]:
        """The statements of one command, which is done."""
        self.seen.clear()
        await done(command)
        return self.seen.copy()


@pytest.fixture
async def statements(opened: str) -> AsyncIterator[Statements]:
    """The statements of this process; every command has been done once, so that all is prepared."""
    await done(issue_of_all(1))
    await done(return_items(return_of(DEVICES[0])))
    pool: Any = connections.get("default")._pool
    (connection,) = [holder._con for holder in pool._holders if holder._con is not None]
    watched = Statements()
    connection.add_query_logger(watched.of)
    yield watched
    connection.remove_query_logger(watched.of)


def issue_of_all(count: int) -> Awaitable[Answer | Refused]:
    """Issue so many devices."""
    return issue_items(issue_of("S-006", *DEVICES[:count]))


@pytest.mark.parametrize("count", [1, 40])
async def test_an_issue_and_a_return_take_five_round_trips_each_however_many_items(statements: Statements, count: int) -> None:
    for command in (issue_of_all(count), return_items(return_of(*DEVICES[:count]))):
        begin, lock, facts, write, commit = await statements.during(command)
        assert begin == "BEGIN; SET LOCAL plan_cache_mode = force_generic_plan"
        assert LOCK in lock
        assert lock.count("FOR NO KEY UPDATE") == 3
        assert FACTS in facts
        assert WRITE in write
        assert "completed_request" in write
        assert commit == "COMMIT;"
    await assert_whole()


async def test_the_statements_are_the_same_text_for_every_command_and_so_prepared_once(statements: Statements) -> None:
    texts: set[str] = set()
    for count in (1, 2, 3, 17, 40):
        texts.update(await statements.during(issue_of_all(count)))
        texts.update(await statements.during(return_items(return_of(*DEVICES[:count]))))
    by_tag = IssueItems(uuid4(), PersonRef(badge="BADGE-S-006"), (IssueLine(ItemRef(tag="TAG-PVS-001")),), purpose="SENTINEL", note="n")
    texts.update(await statements.during(issue_items(by_tag)))
    # begin, lock, commit, one that opens and one that closes; facts for a draw, for one that may bring stock, and for a return
    assert len(texts) == 5 + 3


async def test_a_refused_issue_writes_nothing_and_a_repeated_one_reads_two_statements(statements: Statements) -> None:
    command = issue_of("S-006", DEVICES[0])
    first = await done(issue_items(command))
    statements.seen.clear()
    assert await refused(issue_items(issue_of("S-007", DEVICES[0]))) == {RefusalCode.ITEM_NOT_AVAILABLE}
    assert [LOCK in statements.seen[1], FACTS in statements.seen[2], statements.seen[3:]] == [True, True, ["ROLLBACK;"]]
    statements.seen.clear()
    assert await done(issue_items(command)) == Answer(first.rows, first.events, repeated=True)
    assert [LOCK in statements.seen[1], FACTS in statements.seen[2], statements.seen[3:]] == [True, True, ["COMMIT;"]]


async def test_a_transaction_plans_for_all_values_and_leaves_the_connection_as_it_was(opened: str) -> None:
    async def mode() -> str:
        row = await database.fetch_one("SELECT current_setting('plan_cache_mode') AS mode, current_setting('lock_timeout') AS wait")
        assert row is not None
        return f"{row['mode']} {row['wait']}"

    async def spoil() -> None:
        await database.fetch("SET LOCAL lock_timeout = 7")
        assert await mode() == "force_generic_plan 7ms"
        await database.fetch("SELECT 1 / 0")

    assert await mode() == "auto 2s"
    assert await database.transaction(mode) == "force_generic_plan 2s"
    with pytest.raises(asyncpg.DivisionByZeroError):
        await database.transaction(spoil)
    assert await mode() == "auto 2s"
    assert await database.snapshot(mode) == "force_generic_plan 2s"


# ------------------------------------------------------------------------------------------------------------------------------- locks

PERSON, ITEM = "person WHERE service_number = 'S-006'", "item WHERE serial = 'PVS-001'"
HEAD = "stream_head WHERE armory_id = (SELECT armory_id FROM item WHERE serial = 'PVS-001')"


async def free(sql: Any, rows: str) -> bool:
    """Whether nobody has locked a row."""
    return await sql.fetchval(f"SELECT true FROM {rows} FOR NO KEY UPDATE SKIP LOCKED") is not None


@pytest.mark.parametrize(("held", "taken", "not_yet"), [(PERSON, (), (ITEM, HEAD)), (ITEM, (PERSON,), (HEAD,)), (HEAD, (PERSON, ITEM), ())])
async def test_people_are_locked_before_items_and_items_before_the_heads_of_streams(
    opened: str, plain_sql: Any, held: str, taken: tuple[str, ...], not_yet: tuple[str, ...]
) -> None:
    async with connected(opened) as watching, plain_sql.transaction():
        await plain_sql.execute(f"SELECT FROM {held} FOR UPDATE")
        issue = asyncio.create_task(done(issue_items(issue_of("S-006", "PVS-001"))))
        await waiting_for_locks(watching, 1)
        assert [await free(watching, rows) for rows in (*taken, *not_yet)] == [False] * len(taken) + [True] * len(not_yet)
    await issue


async def test_items_are_locked_in_the_order_of_their_ids_whatever_the_order_of_the_lines(opened: str, plain_sql: Any) -> None:
    items = await Item.filter(serial__in=DEVICES[:3]).order_by("id")
    for order in itertools.permutations(item.serial for item in items):
        async with connected(opened) as watching:
            async with plain_sql.transaction():
                await plain_sql.execute(f"SELECT FROM item WHERE serial = '{items[1].serial}' FOR UPDATE")
                issue = asyncio.create_task(done(issue_items(issue_of("S-006", *order))))
                await waiting_for_locks(watching, 1)
                assert [await free(watching, f"item WHERE id = '{items[place].id}'") for place in (0, 2)] == [False, True]
            await issue
            await done(return_items(return_of(*order)))


async def waits_while(opened: str, plain_sql: Any, locked: str, waiting: Any, meanwhile: Any) -> Any:
    """What comes of a command that begins, waits for a lock, and has it when something else has been done."""
    async with connected(opened) as watching:
        async with plain_sql.transaction():
            await plain_sql.execute(f"SELECT FROM {locked} FOR UPDATE")
            task = asyncio.create_task(waiting)
            await waiting_for_locks(watching, 1)
            await meanwhile
        return await task


async def test_an_item_that_went_out_while_a_draw_waited_for_its_person_is_refused(opened: str, plain_sql: Any) -> None:
    waiting = issue_items(issue_of("S-006", "PVS-001"))
    answer = await waits_while(opened, plain_sql, PERSON, waiting, done(issue_items(issue_of("S-007", "PVS-001"))))
    (refusal,) = answer.refusals
    assert refusal.code is RefusalCode.ITEM_NOT_AVAILABLE
    assert "held by AM Recruit7, Test" in refusal.message


async def test_what_was_found_of_an_item_while_a_draw_waited_for_its_person_counts(opened: str, plain_sql: Any) -> None:
    item = await Item.get(serial="PVS-001")
    found = edit_item(EditItem(uuid4(), item.id, reason="cracked", serviceability=Serviceability.UNSERVICEABLE))
    answer = await waits_while(opened, plain_sql, PERSON, issue_items(issue_of("S-006", "PVS-001")), done(found))
    assert [refusal.code for refusal in answer.refusals] == [RefusalCode.ITEM_NOT_ISSUABLE]


async def test_a_room_that_was_closed_while_a_draw_waited_for_its_item_issues_nothing(opened: str, plain_sql: Any) -> None:
    item = await Item.get(serial="PVS-001")
    closing = set_armory_state(SetArmoryState(uuid4(), item.armory_id, ArmoryState.CLOSED, "drill"))
    answer = await waits_while(opened, plain_sql, ITEM, issue_items(issue_of("S-006", "PVS-001")), done(closing))
    assert [refusal.code for refusal in answer.refusals] == [RefusalCode.ARMORY_NOT_OPEN]


async def test_what_came_back_while_a_draw_waited_for_its_person_goes_out_again(opened: str, plain_sql: Any) -> None:
    await done(issue_items(issue_of("S-007", "PVS-001")))
    answer = await waits_while(
        opened, plain_sql, PERSON, issue_items(issue_of("S-006", "PVS-001")), done(return_items(return_of("PVS-001")))
    )
    assert isinstance(answer, Answer)
    await assert_whole()


# ---------------------------------------------------------------------------------------------------------------------------- requests


async def test_inv_19_the_same_request_twice_at_once_waits_for_itself_and_is_done_once(opened: str, plain_sql: Any) -> None:
    command = issue_of("S-006", "PVS-001")
    async with connected(opened) as watching:
        async with plain_sql.transaction():
            await plain_sql.execute(f"SELECT FROM {HEAD} FOR UPDATE")
            both = [asyncio.create_task(done(issue_items(command))) for _ in range(2)]
            await waiting_for_locks(watching, 2)
        first, again = sorted(await asyncio.gather(*both), key=lambda answer: answer.repeated)
    assert (first.repeated, again.repeated) == (False, True)
    assert (first.rows, first.events) == (again.rows, again.events)


async def test_inv_19_a_request_that_succeeded_is_answered_so_though_its_references_name_nothing_now(opened: str) -> None:
    command = IssueItems(uuid4(), PersonRef(badge="BADGE-S-006"), (IssueLine(ItemRef(tag="TAG-PVS-001")),))
    first = await done(issue_items(command))
    for code in ("BADGE-S-006", "TAG-PVS-001"):
        await done(revoke_tag(RevokeTag(uuid4(), code, "worn")))
    assert await done(issue_items(command)) == Answer(first.rows, first.events, repeated=True)
    other = IssueItems(command.request_id, PersonRef(badge="BADGE-S-006"), (IssueLine(ItemRef(tag="no such code")),))
    assert await refused(issue_items(other)) == {RefusalCode.IDEMPOTENCY_MISMATCH}


async def test_inv_19_a_request_has_the_fingerprint_it_always_had(opened: str) -> None:
    command = issue_of("S-006", "PVS-001", "PVS-002")
    arguments = asdict(command)
    del arguments["override"], arguments["dry_run"]  # what came later is not said while nobody says it
    for each in arguments["lines"]:
        del each["stock"]
    said = canonical_json({"command": "issueItems", "arguments": arguments})
    assert requested("issueItems", command.request_id, command).digest == hashlib.sha256(said.encode()).digest()


async def test_a_request_that_is_broken_off_while_it_waits_is_done_all_the_same(opened: str, plain_sql: Any) -> None:
    command = issue_of("S-006", "PVS-001")
    async with connected(opened) as watching:
        async with plain_sql.transaction():
            await plain_sql.execute(f"SELECT FROM {ITEM} FOR UPDATE")
            issue = asyncio.create_task(issue_items(command))
            await waiting_for_locks(watching, 1)
            issue.cancel()
            with pytest.raises(asyncio.CancelledError):
                await issue

        async def nothing_under_way() -> bool:
            return not database.door().under_way

        await until(nothing_under_way, "the end of the command")
    assert (await done(issue_items(command))).repeated
