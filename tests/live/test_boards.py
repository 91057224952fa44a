"""The board of an arms room, whether a unit is all up, and the feeds of what is overdue and what waits for a second person."""

from __future__ import annotations

import asyncio
import json
import random
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from graph import database
from graph.audit.actor import acting, console_actor
from graph.audit.ledger import Event, append
from graph.commands import accounts, due
from graph.commands.custody import IssueLine
from graph.commands.references import ItemRef
from graph.feed import the_feed
from graph.settings import Settings
from graph.words import EventType, Subject
from tests.live.test_feed import SOON, node_ids, rescope, stream_of, until
from tests.server import Live, Subscription, running_server, subscribe
from tests.world import made

HOLDING = "record receiptNumber item serial nomenclature category holder holderName serviceNumber issueType purpose issuedAt dueAt overdue"
PARTS = f"holdings {{ {HOLDING} }} counts {{ state category count }} lots {{ lot article name kind lotNumber onHand outOnIssue }}"
BOARD = f"query ($armory: ID!) {{ board(armory: $armory) {{ seq cursor overdue {PARTS} }} }}"
LIVE_BOARD = f"""
subscription ($armory: ID!) {{
  armoryBoard(armory: $armory) {{ seq cursor board {{ seq cursor overdue {PARTS} }} change {{ returned {PARTS} }} }}
}}
"""
STATUS = """
subscription ($unit: ID!) {
  sensitiveItemsStatus(unit: $unit) { status items cursor atFault { serial state armory nomenclature } }
}
"""
SERIALS = tuple(f"{prefix}-{number:03}" for prefix in ("M4", "G17", "PVS") for number in range(1, 5))
PEOPLE = ("S-001", "S-002", "S-003")


class Screen:
    """A client of the board, which takes in what it is told."""

    def __init__(self, told: Subscription) -> None:
        self._told = told
        self.seq = 0
        self.wholes = 0
        self.holdings: dict[str, Any] = {}
        self.counts: dict[tuple[str, str], int] = {}
        self.lots: dict[str, Any] = {}

    async def take(self) -> None:
        """Take in the next message."""
        payload = await self._told.next(SOON)
        assert "errors" not in payload, payload
        message = payload["data"]["armoryBoard"]
        if message["board"]:
            self.wholes += 1
            self.holdings, self.counts, self.lots = {}, {}, {}
        parts = message["board"] or message["change"]
        if parts:
            self.holdings |= {each["record"]: each for each in parts["holdings"]}
            self.counts |= {(each["state"], each["category"]): each["count"] for each in parts["counts"]}
            self.lots |= {each["lot"]: each for each in parts["lots"]}
            for record in parts.get("returned", ()):
                del self.holdings[record]
        assert message["seq"] >= self.seq
        self.seq = message["seq"]

    def shows(self) -> Any:
        """What it shows."""
        return self.holdings, {key: count for key, count in self.counts.items() if count}, self.lots


def shown(board: Any) -> Any:
    """The same of what the query gives."""
    counts = {(each["state"], each["category"]): each["count"] for each in board["counts"]}
    return {each["record"]: each for each in board["holdings"]}, counts, {each["lot"]: each for each in board["lots"]}


async def watching(socket: Any, armory: str) -> Screen:
    """A screen that has its first picture."""
    screen = Screen(await subscribe(socket, LIVE_BOARD, armory=armory))
    await screen.take()
    return screen


async def test_a_client_that_takes_in_the_changes_has_at_each_place_what_the_query_gives(live: Live) -> None:
    drawn, north, armory = random.Random(7), live.as_("north"), (await node_ids(live))["NORTH"]
    async with live.socket("north") as socket:
        screen, compared = await watching(socket, armory), 0
        for _ in range(200):
            serial, person = drawn.choice(SERIALS), drawn.choice(PEOPLE)
            # Whatever the counter says to it: what is refused changes nothing.
            await (north.issue(person, serial) if drawn.random() < 0.55 else north.give_back(serial))
            board = (await north(BOARD, armory=armory))["board"]
            while screen.seq < board["seq"]:
                await screen.take()
            assert screen.seq == board["seq"]
            assert screen.shows() == shown(board)
            compared += len(board["holdings"])
        assert compared > 200
        assert screen.wholes == 1


async def test_two_screens_and_a_late_one_show_the_same(live: Live) -> None:
    north, armory = live.as_("north"), (await node_ids(live))["NORTH"]
    async with live.socket("north") as one, live.socket("officer") as two, live.socket("north.two") as three:
        first, second = await watching(one, armory), await watching(two, armory)
        assert len(the_feed()._tails) == 2  # of the arms room and of the registry, for both
        await asyncio.gather(*(north.issue("S-001", serial) for serial in ("PVS-001", "PVS-002", "PVS-003")))
        late = await watching(three, armory)
        board = (await north(BOARD, armory=armory))["board"]
        for screen in (first, second, late):
            while screen.seq < board["seq"]:
                await screen.take()
            assert screen.shows() == shown(board)

    async def nobody() -> bool:
        return not the_feed()._tails

    await until(nobody)


async def test_the_board_says_what_is_overdue_and_every_now_and_then_that_it_stands(database_url: str, settings: Settings) -> None:
    often = settings.model_copy(update={"feed_heartbeat_seconds": 0.3})
    async with running_server(database_url, often) as live, live.socket("north") as socket:
        north, armory = live.as_("north"), (await node_ids(live))["NORTH"]
        soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
        assert (await north.issue("S-001", "M4-001", dueAt=soon))["__typename"] == "ItemsIssued"
        screen = await watching(socket, armory)
        (held,) = screen.holdings.values()
        assert not held["overdue"]
        overdue = await subscribe(socket, "subscription { overdueFeed { event { type item { serial } record { receiptNumber } } } }")

        async def overdue_by_now() -> Any:
            with acting(console_actor("tests")):
                await due.tell_overdue(due.TellOverdue(uuid4(), (IssueLine(ItemRef(serial="M4-001")),)))
            board = (await north(BOARD, armory=armory))["board"]
            return board if board["overdue"] else None

        board = await until(overdue_by_now)
        told = await overdue.next(SOON)
        while told["data"]["overdueFeed"]["event"] is None:
            told = await overdue.next(SOON)
        assert told["data"]["overdueFeed"]["event"] == {
            "type": "RECEIPT_OVERDUE",
            "item": {"serial": "M4-001"},
            "record": {"receiptNumber": held["receiptNumber"]},
        }
        later = await watching(socket, armory)
        await later.take()  # that it stands
        assert later.shows() == shown(board)


async def test_inv_22_a_board_is_for_who_may_see_the_arms_room_and_no_longer(live: Live) -> None:
    ids = await node_ids(live)
    async with live.socket("south") as socket:
        refused = await (await subscribe(socket, LIVE_BOARD, armory=ids["NORTH"])).next()
        assert json.dumps(refused).count("FORBIDDEN") == 1
    assert await live.as_("south").code(BOARD, armory=ids["NORTH"]) == "FORBIDDEN"
    async with live.socket("officer") as socket:
        told = await subscribe(socket, LIVE_BOARD, armory=ids["NORTH"])
        assert (await told.next())["data"]["armoryBoard"]["board"]
        await rescope("officer", "SOUTH")
        assert "FORBIDDEN" in json.dumps(await told.next(5))


# ---------------------------------------------------------------------------------------------------------------------------- all up


async def become(sql: Any, serial: str, state: str, code: str) -> None:
    """An item is somewhere else, as an import may bring it in: past the guards, for no command does that yet. An event follows."""
    await sql.execute("SET session_replication_role = replica")
    await sql.execute("UPDATE item SET state = $2 WHERE serial = $1", serial, state)
    stream = await stream_of(code)
    event = Event(stream, EventType.ARMORY_CHANGED, Subject.ARMORY, UUID(stream), f"{serial} is {state}.", {})
    with acting(console_actor("tests")):
        await database.transaction(partial(append, event))


async def unit_ids(live: Live) -> dict[str, str]:
    """The ids of the units by their codes."""
    edges = (await live.as_("auditor")("{ units(first: 10) { edges { node { id code } } } }"))["units"]["edges"]
    return {edge["node"]["code"]: edge["node"]["id"] for edge in edges}


async def test_a_unit_is_red_as_soon_as_an_item_below_it_is_missing_and_green_again_when_it_is_found(
    database_url: str, settings: Settings, plain_sql: Any
) -> None:
    async with running_server(database_url, settings) as live, live.socket("officer") as socket, live.socket("south") as other:
        units = await unit_ids(live)
        wing = await subscribe(socket, STATUS, unit=units["WING"])
        told = (await wing.next())["data"]["sensitiveItemsStatus"]
        assert (told["status"], told["atFault"], told["items"]) == ("GREEN", [], 90)
        await live.as_("officer").issue("S-001", "M4-001")  # which changes nothing of it
        await become(plain_sql, "M4-101", "MISSING", "SOUTH")
        told = (await wing.next())["data"]["sensitiveItemsStatus"]
        fault = {"serial": "M4-101", "state": "MISSING", "armory": "SOUTH", "nomenclature": "Carbine M4"}
        assert (told["status"], told["atFault"]) == ("RED", [fault])
        south = await subscribe(other, STATUS, unit=units["S-SQ"])
        assert (await south.next())["data"]["sensitiveItemsStatus"]["status"] == "RED"
        north = await subscribe(socket, STATUS, unit=units["N-SQ"])
        assert (await north.next())["data"]["sensitiveItemsStatus"]["status"] == "GREEN"
        await become(plain_sql, "M4-101", "IN_ROOM", "SOUTH")
        assert (await south.next())["data"]["sensitiveItemsStatus"]["status"] == "GREEN"


async def test_a_unit_is_not_called_green_by_who_sees_a_part_of_it(live: Live) -> None:
    units = await unit_ids(live)
    async with live.socket("north") as socket:
        refused = await (await subscribe(socket, STATUS, unit=units["WING"])).next()
        assert "FORBIDDEN" in json.dumps(refused)
        assert (await (await subscribe(socket, STATUS, unit=units["N-SQ"])).next())["data"]["sensitiveItemsStatus"]["status"] == "GREEN"


async def test_inv_22_who_is_disabled_is_told_nothing_more_of_a_unit(live: Live) -> None:
    units = await unit_ids(live)
    async with live.socket("officer") as socket:
        told = await subscribe(socket, STATUS, unit=units["WING"])
        await told.next()
        with acting(console_actor("tests")):
            await made(accounts.disable_account(accounts.DisableAccount(uuid4(), "officer", "left")))
        assert "UNAUTHENTICATED" in json.dumps(await told.next(5))


# ---------------------------------------------------------------------------------------------------------------------- second person


async def test_an_officer_is_told_of_a_proposal_as_it_is_made(live: Live) -> None:
    proposals = "subscription { proposalFeed { cursor event { type } proposal { state reason armory { code } } } }"
    async with live.socket("officer") as socket:
        told = await subscribe(socket, proposals)
        assert (await told.next())["data"]["proposalFeed"]["proposal"] is None
        north = live.as_("north")
        await north.issue("S-001", "M4-001")
        answer = await north.issue("S-001", "M4-002", override={"reason": "the first one jams"})
        assert answer["__typename"] == "Proposed"
        message = (await told.next())["data"]["proposalFeed"]
        assert message["event"] == {"type": "PROPOSED"}
        assert message["proposal"] == {"state": "PENDING", "reason": "the first one jams", "armory": {"code": "NORTH"}}
