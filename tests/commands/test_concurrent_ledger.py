"""Many armorers at once: the ledger of their arms room has no gap, is chained in the order of the commits, and explains every table."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from graph import database
from graph.audit import replay
from graph.audit.actor import Actor, acting
from graph.audit.ledger import export_events, read_heads
from graph.audit.verify import verify
from graph.commands import armory, items, people
from graph.commands.custody import IssueItems, IssueLine, issue_items
from graph.commands.perform import Answer
from graph.commands.references import ItemRef, PersonRef
from graph.commands.returns import ReturnItems, ReturnLine, return_items
from graph.settings import Settings
from graph.words import ActorKind, ItemCategory, Role, Slot
from tests.world import made

WRITERS, COMMANDS = 16, 50


@pytest.fixture
def settings() -> Settings:
    """As the server has them."""
    return Settings()


class Watcher:
    """Reads a stream again and again while others write: whatever it sees is a beginning of the whole, never one with a hole."""

    def __init__(self, sql: Any, stream: str) -> None:
        self.sql = sql
        self.stream = stream
        self.seen: list[int] = []
        self.over = False

    async def watch(self) -> None:
        """Look until it is over."""
        while not self.over:
            count, last, head = await self.sql.fetchrow(
                "SELECT count(*), coalesce(max(e.seq), 0), (SELECT seq FROM stream_head WHERE stream = $1) "
                "FROM ledger_event e WHERE stream = $1",
                self.stream,
            )
            assert count == last == head
            self.seen.append(last)


@pytest.fixture
async def room(opened: str) -> tuple[str, UUID]:
    """A fresh arms room: its stream, and a model of weapons for it."""
    room_id = await made(armory.register_armory(armory.RegisterArmory(uuid4(), "FRESH", "Fresh arms room", "N-SQ", "Asia/Manila")))
    model = items.RegisterItemModel(uuid4(), "Optic M68", "Aimpoint", ItemCategory.OPTIC, Slot.DEVICE)
    return str(room_id), await made(items.register_item_model(model))


@pytest.fixture
async def watcher(opened: str, room: tuple[str, UUID]) -> AsyncIterator[Watcher]:
    """Somebody who reads the stream while it is written."""
    sql = await asyncpg.connect(opened)
    watcher = Watcher(sql, room[0])
    watching = asyncio.create_task(watcher.watch())
    try:
        yield watcher
    finally:
        watcher.over = True
        await watching
        await sql.close()


async def armorers(room_id: str) -> list[Actor]:
    """Two accounts of the arms room, each with several sessions."""
    rows = await database.fetch("SELECT id, username FROM account WHERE username LIKE 'north%' ORDER BY username")
    return [
        Actor(
            ActorKind.ACCOUNT,
            rows[number % 2]["username"],
            rows[number % 2]["id"],
            uuid4(),
            frozenset({Role.ARMORER}),
            frozenset({UUID(room_id)}),
        )
        for number in range(WRITERS)
    ]


async def whole_ledger() -> list[dict[str, Any]]:
    """Every event, the registry's first; the chain is whole, and the fold gives the tables."""
    events = [event async for event in export_events()]
    assert verify(events, await read_heads()).whole
    events.sort(key=lambda event: bool(event["stream"] != "registry"))
    assert replay.differences(replay.replay(events), await replay.live_book()) == []
    return events


async def test_inv_15_sixteen_who_register_at_once_leave_no_gap_in_the_order_of_commits(room: tuple[str, UUID], watcher: Watcher) -> None:
    stream, model_id = room
    registry_before = (await read_heads())["registry"][0]

    async def write(writer: int, actor: Actor) -> list[Answer]:
        answers = []
        with acting(actor):
            for number in range(COMMANDS):
                answer = await items.register_item(items.RegisterItem(uuid4(), model_id, f"W{writer:02}-{number:03}", "FRESH"))
                assert isinstance(answer, Answer)
                answers.append(answer)
        return answers

    per_writer = await asyncio.gather(*(write(number, actor) for number, actor in enumerate(await armorers(stream))))

    events = await whole_ledger()
    ours = [event for event in events if event["stream"] == stream]
    assert [event["seq"] for event in ours] == list(range(1, WRITERS * COMMANDS + 1))
    assert [event["recorded_at"] for event in ours] == sorted(event["recorded_at"] for event in ours)
    assert len({event["transaction"] for event in ours}) == WRITERS * COMMANDS
    seq_of = {event["event_id"]: event["seq"] for event in ours}
    for answers in per_writer:  # what a writer did later has the higher number
        seqs = [seq_of[str(event_id)] for answer in answers for event_id in answer.events]
        assert seqs == sorted(seqs)
        assert len(seqs) == COMMANDS
    assert (await read_heads())["registry"][0] == registry_before
    assert len(set(watcher.seen)) > 10  # the watcher did look while they wrote
    assert watcher.seen == sorted(watcher.seen)


async def test_inv_15_issues_returns_and_the_registry_at_once_stay_whole_in_both_streams(
    opened: str, room: tuple[str, UUID], watcher: Watcher
) -> None:
    """Each armorer draws and takes back a device of their own, while people of the registry change between."""
    stream, model_id = room
    registry_before = (await read_heads())["registry"][0]
    for number in range(WRITERS):
        await made(items.register_item(items.RegisterItem(uuid4(), model_id, f"W{number:02}", "FRESH")))
    holders = [
        row["id"] for row in await database.fetch("SELECT id FROM person WHERE duty_status = 'ACTIVE' ORDER BY id LIMIT $1", WRITERS)
    ]

    async def write(writer: int, actor: Actor) -> None:
        with acting(actor):
            item = ItemRef(serial=f"W{writer:02}")
            for number in range(4):
                await made(issue_items(IssueItems(uuid4(), PersonRef(id=holders[writer]), (IssueLine(item),))))
                await made(people.edit_person(people.EditPerson(uuid4(), holders[writer], rank=f"R{number}")))
                await made(return_items(ReturnItems(uuid4(), (ReturnLine(item, rounds_fired=number),))))

    await asyncio.gather(*(write(number, actor) for number, actor in enumerate(await armorers(stream))))

    events = await whole_ledger()
    ours = [event for event in events if event["stream"] == stream]
    assert [event["seq"] for event in ours] == list(range(1, WRITERS + WRITERS * 4 * 2 + 1))
    assert (await read_heads())["registry"][0] == registry_before + WRITERS * 4
    receipts = await database.fetch("SELECT receipt FROM custody_record WHERE armory_id = $1 ORDER BY receipt", UUID(stream))
    assert [row["receipt"] for row in receipts] == list(range(1, WRITERS * 4 + 1))
