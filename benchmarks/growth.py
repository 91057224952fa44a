"""Every read with a page limit, on ten times the data: it must cost what it cost."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable

from benchmarks.load import Line
from benchmarks.work import OURS, armory_id, post

HELD = "{ edges { cursor node { id receiptNumber dueAt item { serial } holder { name } } } pageInfo { hasNextPage endCursor } }"
ROWS = "{ edges { cursor node { id } } pageInfo { hasNextPage endCursor } }"
ROOM = armory_id(2)
WITHOUT_LIMIT = "armory counts, which have no page limit"
READS = {
    "dashboard": (OURS["dashboard_polled"], {"a": ROOM}),
    "scan": (OURS["scan"], {"c": "TAG-77"}),
    "ledger, the newest 100": (OURS["ledger_page"], {"a": ROOM, "c": None}),
    "ledger, the oldest 100": (f'{{ ledger(armory: "{ROOM}", first: 100) {ROWS} }}', {}),
    "ledger, the last page": (f'{{ ledger(armory: "{ROOM}", last: 100) {ROWS} }}', {}),
    "items by serial": (f"{{ items(first: 50) {ROWS} }}", {}),
    "items, the last page": (f"{{ items(last: 50) {ROWS} }}", {}),
    "items of an arms room": (f'{{ items(first: 50, filter: {{armory: "{ROOM}"}}) {ROWS} }}', {}),
    "items that are out": (f"{{ items(first: 50, filter: {{state: ISSUED}}) {ROWS} }}", {}),
    "items out of an arms room": (f'{{ items(first: 50, filter: {{armory: "{ROOM}", state: ISSUED}}) {ROWS} }}', {}),
    "items by the beginning of a serial": (f'{{ items(first: 50, filter: {{serialPrefix: "S12"}}) {ROWS} }}', {}),
    "people by name": (f"{{ people(first: 50) {ROWS} }}", {}),
    "people, the last page": (f"{{ people(last: 50) {ROWS} }}", {}),
    "custody, the newest first": (f"{{ custodyRecords(first: 50) {HELD} }}", {}),
    "custody, the oldest first": (f"{{ custodyRecords(first: 50, order: ISSUED_AT_ASC) {HELD} }}", {}),
    "custody, the first due first": (f"{{ custodyRecords(first: 50, order: DUE_AT_ASC) {HELD} }}", {}),
    "open custody, the newest first": (f"{{ custodyRecords(first: 50, filter: {{open: true}}) {HELD} }}", {}),
    "open custody, the first due first": (f"{{ custodyRecords(first: 50, filter: {{open: true}}, order: DUE_AT_ASC) {HELD} }}", {}),
    "open custody of an arms room": (
        f'{{ custodyRecords(first: 50, filter: {{open: true, armory: "{ROOM}"}}, order: DUE_AT_ASC) {HELD} }}',
        {},
    ),
    "an item's history and events": (f'{{ item(serial: "S77") {{ history(first: 20) {ROWS} events(first: 20) {ROWS} }} }}', {}),
    WITHOUT_LIMIT: (OURS["armory_counts"], {"c": "A3"}),
}


async def _times(small: int, large: int, seconds: float) -> dict[str, tuple[float, float]]:
    lines = [await Line.open(small), await Line.open(large)]
    found = {}
    for name, (query, variables) in READS.items():
        request = post("/graphql", {"query": query, "variables": variables})
        taken: tuple[list[float], list[float]] = ([], [])
        for line in lines:
            for _ in range(20):
                await line.ask(request)
        over = time.perf_counter() + seconds
        while time.perf_counter() < over:  # in turn, so that what else the machine does meets both alike
            for line, each in zip(lines, taken, strict=True):
                began = time.perf_counter()
                await line.ask(request)
                each.append(time.perf_counter() - began)
        found[name] = 1000 * statistics.median(taken[0]), 1000 * statistics.median(taken[1])
    for line in lines:
        line.close()
    return found


def measure(small: int, large: int, seconds: float, told: Callable[[str], None]) -> dict[str, tuple[float, float]]:
    """The median time of each read in milliseconds, on the data and on ten times the data."""
    told("[dim]the same reads on ten times the data[/dim]")
    return asyncio.run(_times(small, large, seconds))
