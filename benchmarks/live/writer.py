"""The writer: commits events to the ledger of an arms room at fixed moments, through ArmGuard's own door, and announces them as it does.

Each event says in its summary at what moment it was due: what comes late, wherever the time was lost, is late by that clock.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from functools import partial
from typing import Any

from benchmarks.data import ARMORIES, row_id
from benchmarks.live.asked import ROOM, STREAM, due_text
from graph import database, feed
from graph.audit.actor import console_actor, set_actor
from graph.audit.ledger import Event, Sealed, append
from graph.settings import Settings
from graph.words import EventType, Subject

AHEAD = 0.2  # seconds until the first event is due


async def issue(number: int, due: int) -> list[Sealed]:
    """Append what an issue of an item appends, due at a moment in microseconds."""
    item, holder, receipt = row_id("item", ROOM + ARMORIES * (1 + number % 300)), row_id("person", 1), f"A{ROOM + 1}-{number:06}"
    record = {
        "id": str(row_id("custody_record", number)), "receipt_number": receipt, "receipt": number, "armory_id": STREAM, "item_id": str(item),
        "holder_id": str(holder), "issue_type": "TEMPORARY", "issued_at": "2026-11-25T07:00:00Z", "due_at": "2026-11-26T07:00:00Z",
        "condition_out": "SERVICEABLE", "note": None, "version": 1,
    }  # fmt: skip
    said = f"Item {number % 300:03} issued on receipt {receipt}, {due_text(due)}."
    payload = {"custody_record": record, "armory": f"A{ROOM + 1}", "holder": {"id": str(holder), "name": "SGT Ocampo, Ana"}}
    return await append(
        Event(STREAM, EventType.ITEM_ISSUED, Subject.CUSTODY_RECORD, row_id("custody_record", number), said, payload, item, holder)
    )


async def write(rate: float, count: int) -> dict[str, Any]:
    """So many events at a rate, each as soon as it is due; gives how late the last commits were at most, in milliseconds."""
    began, late = time.monotonic() + AHEAD, []
    for number in range(count):
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await database.transaction(partial(issue, number, int(due * 1e6)), committed=feed.announce)
        late.append(1000 * (time.monotonic() - due))
    late.sort()
    return {"commit_p50": late[count // 2], "commit_p99": late[int(count * 0.99)]}


async def main(url: str) -> None:
    """Do what standard input says, line by line: how many events a second, and how many in all."""
    settings = Settings()
    await database.open_door(url, settings)
    await feed.open_feed(url, settings)
    try:
        set_actor(console_actor("bench"))
        await feed.the_feed().listening.wait()
        print("{}", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            rate, count = line.split()
            print(json.dumps(await write(float(rate), int(count))), flush=True)
    finally:
        await feed.close_feed()
        await database.close_door()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
