"""Every read with a page limit, on ten times the data: it must cost what it cost."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable

from benchmarks.load import Line
from benchmarks.work import OURS, armory_id, post

COLUMNS = ("read", "p50 ms", "p50 ms, ten times the data", "ratio")
PAGE = "{ edges { cursor node { id } } pageInfo { hasNextPage endCursor } }"
READS = {
    "dashboard": (OURS["dashboard"], {"a": armory_id(3)}),
    "ledger page": (OURS["ledger_page"], {"a": armory_id(3)}),
    "scan": (OURS["scan"], {"c": "TAG-77"}),
    "items by serial": (f"{{ items(first: 50) {PAGE} }}", {}),
    "items that are out": (f"{{ items(first: 50, filter: {{state: ISSUED}}) {PAGE} }}", {}),
    "items whose serial begins so": (f'{{ items(first: 50, filter: {{serialPrefix: "S12"}}) {PAGE} }}', {}),
    "people by name": (f"{{ people(first: 50) {PAGE} }}", {}),
    "custody, the newest first": (f"{{ custodyRecords(first: 50) {PAGE} }}", {}),
    "custody, the first due first": (f"{{ custodyRecords(first: 50, filter: {{open: true}}, order: DUE_AT_ASC) {PAGE} }}", {}),
    "an item's history and events": (f'{{ item(serial: "S77") {{ history(first: 20) {PAGE} events(first: 20) {PAGE} }} }}', {}),
    "the last page of the ledger": (f'{{ ledger(armory: "{armory_id(3)}", last: 50) {PAGE} }}', {}),
}


async def _times(small: int, large: int, seconds: float) -> list[list[str]]:
    lines = [await Line.open(small), await Line.open(large)]
    table = []
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
        small_ms, large_ms = (1000 * statistics.median(each) for each in taken)
        table.append([name, f"{small_ms:.2f}", f"{large_ms:.2f}", f"{large_ms / small_ms:.2f}"])
    return table


def measure(small: int, large: int, seconds: float, told: Callable[[str], None]) -> list[list[str]]:
    """The table."""
    told("the same reads on ten times the data")
    return asyncio.run(_times(small, large, seconds))
