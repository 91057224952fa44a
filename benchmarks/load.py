"""The load: a process of its own, light enough not to measure itself. Reads what to do from standard input, and writes what it measured."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import uvloop

from benchmarks.work import requests


class Line:
    """One connection, which asks one thing after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> Line:
        """Connect."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=2**22))

    async def ask(self, request: bytes) -> bytes:
        """Send a request, and give the body of its answer, which must be good."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        lower = head.lower()
        start = lower.index(b"content-length:") + 15
        body = await self._reader.readexactly(int(lower[start : lower.index(b"\r\n", start)]))
        if not head.startswith(b"HTTP/1.1 200") or b'"errors"' in body or b'"Refused"' in body:
            raise RuntimeError(f"{head!r} {body[:500]!r}")
        return body

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


async def closed(port: int, sources: list[Iterator[bytes]], seconds: float) -> dict[str, Any]:
    """As many clients as there are sources, each asking again as soon as it is answered."""
    taken: list[float] = []
    lines = [await Line.open(port) for _ in sources]
    over = time.perf_counter() + seconds

    async def client(line: Line, source: Iterator[bytes]) -> None:
        pairs = 0
        while (now := time.perf_counter()) < over or pairs % 2:  # what was drawn is brought back
            await line.ask(next(source))
            taken.append(time.perf_counter() - now)
            pairs += 1

    began = time.perf_counter()
    await asyncio.gather(*(client(*each) for each in zip(lines, sources, strict=True)))
    lasted = time.perf_counter() - began
    for line in lines:
        line.close()
    return {"per_second": len(taken) / lasted, **percentiles(taken)}


async def opened(port: int, sources: list[Iterator[bytes]], seconds: float, rate: float) -> dict[str, Any]:
    """Requests at fixed moments, whatever becomes of those before; their time counts from the moment at which they were due."""
    taken: list[float] = []
    free: asyncio.Queue[tuple[Line, Iterator[bytes]]] = asyncio.Queue()
    for source in sources:
        free.put_nowait((await Line.open(port), source))
    began = time.perf_counter()

    async def one(due: float) -> None:
        line, source = await free.get()
        await line.ask(next(source))
        taken.append(time.perf_counter() - due)
        free.put_nowait((line, source))

    tasks = []
    for number in range(int(seconds * rate)):
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(due)))
    await asyncio.gather(*tasks)
    lasted = time.perf_counter() - began
    while not free.empty():
        free.get_nowait()[0].close()
    return {"per_second": len(taken) / lasted, **percentiles(taken)}


def percentiles(taken: list[float]) -> dict[str, float]:
    """Latencies in milliseconds."""
    ordered = sorted(taken)
    return {
        name: 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))]
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    }


def main() -> None:
    """Do one round."""
    asked = json.load(sys.stdin)
    sources = [requests(asked["contender"], asked["work"], asked["first"] + client, asked["rooms"]) for client in range(asked["clients"])]
    if asked.get("rate"):
        found = uvloop.run(opened(asked["port"], sources, asked["seconds"], asked["rate"]))
    else:
        found = uvloop.run(closed(asked["port"], sources, asked["seconds"]))
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
