"""The load: a process of its own, light enough not to measure itself. Reads what to do from standard input, and writes what it measured."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, cast

import asyncpg
import uvloop

from benchmarks.statements import run
from benchmarks.work import Question, by_hand, questions, written

Client = tuple[Callable[[Any], Awaitable[Any]], Iterator[tuple[Question, Any]]]  # how it asks, and what


class Line(asyncio.Protocol):
    """One HTTP connection that stays open and asks one thing after the other."""

    def __init__(self) -> None:
        self._got = bytearray()
        self._whole = 0  # how long the answer is that comes in, once its head is there
        self._head = 0
        self._answer: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport

    @classmethod
    async def open(cls, port: int) -> Line:
        """Connect."""
        _, line = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Some of an answer."""
        self._got += data
        if not self._whole:
            end = self._got.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self._got[:end]).lower() + b"\r\n"
            start = head.index(b"content-length:") + 15
            self._head, self._whole = end + 4, end + 4 + int(head[start : head.index(b"\r\n", start)])
        if len(self._got) >= self._whole and self._answer is not None:
            status, body = bytes(self._got[9:12]), bytes(self._got[self._head : self._whole])
            del self._got[: self._whole]
            self._whole, answer, self._answer = 0, self._answer, None
            if status != b"200" or b'"errors"' in body or b'"Refused"' in body or b'"data"' not in body:
                answer.set_exception(RuntimeError(f"{status!r} {body[:800]!r}"))
            else:
                answer.set_result(body)

    def connection_lost(self, exc: Exception | None) -> None:
        """The server hung up."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the server hung up"))

    async def ask(self, request: bytes) -> bytes:
        """Send a request, and give the body of its answer, which must be good."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Hang up."""
        self._transport.close()


class Measured:
    """How long answers took, in seconds, by the name of what was asked."""

    def __init__(self) -> None:
        self._taken: dict[str, list[float]] = {}
        self._began = time.perf_counter()

    def add(self, name: str, seconds: float) -> None:
        """One more."""
        self._taken.setdefault(name, []).append(seconds)

    def result(self) -> dict[str, float]:
        """Answers a second and percentiles in milliseconds; those of issues alone too."""
        lasted = time.perf_counter() - self._began
        everything = sorted(seconds for each in self._taken.values() for seconds in each)
        issues = sorted(self._taken.get("issue", everything))
        shares = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        found = {name: 1000 * everything[min(len(everything) - 1, int(len(everything) * share))] for name, share in shares}
        return {"per_second": len(everything) / lasted, **found, "issue_p50": 1000 * issues[len(issues) // 2]}


async def closed(clients: Sequence[Client], seconds: float) -> dict[str, float]:
    """Each client asks again as soon as it is answered."""
    measured = Measured()
    over = time.perf_counter() + seconds

    async def go_on(client: Client) -> None:
        ask, source = client
        name = ""
        while (now := time.perf_counter()) < over or name == "issue":  # what was drawn is brought back
            (name, _), request = next(source)
            began = time.perf_counter() if now >= over else now
            await ask(request)
            measured.add(name, time.perf_counter() - began)

    await asyncio.gather(*map(go_on, clients))
    return measured.result()


async def opened(clients: Sequence[Client], seconds: float, rate: float) -> dict[str, float]:
    """Requests at fixed moments, whatever becomes of those before; their time counts from the moment at which they were due."""
    measured = Measured()
    free: asyncio.Queue[Client] = asyncio.Queue()
    for client in clients:
        free.put_nowait(client)
    began = time.perf_counter()

    async def one(due: float) -> None:
        client = await free.get()
        (name, _), request = next(client[1])
        await client[0](request)
        measured.add(name, time.perf_counter() - due)
        free.put_nowait(client)

    async with asyncio.TaskGroup() as tasks:
        for number in range(int(seconds * rate)):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.create_task(one(due))
    found, more = measured.result(), 0
    while not free.empty():  # what was drawn is brought back
        ask, source = free.get_nowait()
        (name, _), request = next(source)
        if name == "return":
            await ask(request)
            more += 1
    return found | {"events": int(seconds * rate) + more}


async def work(asked: dict[str, Any]) -> dict[str, float]:
    """One round: over HTTP, or by asyncpg without a server between."""
    name, numbers = asked["contender"], range(asked["first"], asked["first"] + asked["clients"])
    sources = [questions(asked["work"], number) for number in numbers]
    if name == "asyncpg":
        async with asyncpg.create_pool(asked["url"], min_size=1, max_size=16, server_settings={"timezone": "UTC", "jit": "off"}) as pool:

            async def ask(question: Question) -> None:
                name, given = question
                await run(pool, name, by_hand(given))

            return await closed([(ask, ((each, each) for each in source)) for source in sources], asked["seconds"])
    lines = [await Line.open(asked["port"]) for _ in sources]
    clients: list[Client] = [
        (line.ask, ((each, written(name, each)) for each in source)) for line, source in zip(lines, sources, strict=True)
    ]
    try:
        if asked.get("rate"):
            return await opened(clients, asked["seconds"], asked["rate"])
        return await closed(clients, asked["seconds"])
    finally:
        for line in lines:
            line.close()


if __name__ == "__main__":
    json.dump(uvloop.run(work(json.load(sys.stdin))), sys.stdout)
