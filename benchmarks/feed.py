"""Issues at fifty events a second, with nobody watching and with a thousand."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.data import ARMORIES, TOKEN
from benchmarks.load import opened
from benchmarks.work import armory_id, requests

COLUMNS = ("viewers", "events asked a second", "done a second", "share", "told a second", "p50 ms", "p99 ms", "memory MB")
VIEWERS = 1000
FEED = "subscription F($a: [ID!]) { custodyFeed(armories: $a) { cursor event { seq type summary item { serial state } } } }"


async def viewer(port: int, number: int, told: list[int]) -> ClientConnection:
    """Somebody who watches one arms room: gives the connection when the feed has begun."""
    line = await connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=["graphql-transport-ws"], compression=None, ping_interval=None)  # type: ignore[list-item]
    await line.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {TOKEN}"}}))
    await line.recv()
    variables = {"a": [armory_id(number % ARMORIES + 1)]}
    await line.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": FEED, "variables": variables}}))
    await line.recv()

    async def watch() -> None:
        async for _ in line:
            told[0] += 1

    line.watching = asyncio.create_task(watch())  # type: ignore[attr-defined]
    return line


async def watch_for(port: int, viewers: int) -> None:
    """The viewers, in a process of their own: says when all watch, and at the end how much they were told."""
    told = [0]
    lines: list[Any] = []
    for start in range(0, viewers, 50):
        lines += await asyncio.gather(*(viewer(port, number, told) for number in range(start, min(start + 50, viewers))))
    print("watching", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    print(told[0], flush=True)
    for line in lines:
        line.transport.abort()


def measure(port: int, pid: int, told: Callable[[str], None]) -> list[list[str]]:
    """The table."""
    table, alone, seconds, rate = [], 0.0, 8.0, 50.0
    for viewers in (0, VIEWERS):
        told(f"the feed with {viewers} viewers")
        words = [sys.executable, "-m", "benchmarks.feed", str(port), str(viewers)]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as watching:
            assert watching.stdin
            assert watching.stdout
            assert watching.stdout.readline().strip() == "watching"
            sources = [requests("ours", "issue_return", 160 + client, ARMORIES) for client in range(40)]
            began = time.perf_counter()
            done = asyncio.run(opened(port, sources, seconds, rate))
            time.sleep(1)
            watching.stdin.write("\n")
            watching.stdin.flush()
            heard = int(watching.stdout.readline())
            lasted = time.perf_counter() - began - 1
        alone = alone or done["per_second"]
        kept = int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024  # type: ignore[index]
        share = f"{done['per_second'] / alone:.2f}"
        table.append(
            [
                str(viewers),
                f"{rate:.0f}",
                f"{done['per_second']:.0f}",
                share,
                f"{heard / lasted:.0f}",
                f"{done['p50']:.1f}",
                f"{done['p99']:.1f}",
                f"{kept:.0f}",
            ]
        )
    return table


if __name__ == "__main__":
    asyncio.run(watch_for(int(sys.argv[1]), int(sys.argv[2])))
