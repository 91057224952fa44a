"""Issues and returns at fifty events a second over ten arms rooms, with nobody watching and with a thousand viewers of one room each."""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import uvloop

from benchmarks.data import ARMORIES, TOKEN
from benchmarks.servers import ROOT, memory
from benchmarks.work import armory_id

VIEWERS, RATE, ROUNDS, CLIENTS, FIRST = 1000, 50.0, 2, 40, 320
FEED = "subscription F($a: [ID!]) { custodyFeed(armories: $a) { cursor event { seq type summary item { serial state } } } }"
HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)


class Viewer(asyncio.Protocol):
    """One socket that watches an arms room and counts what it is told; only as much of the protocol as that takes."""

    told = 0  # events, of all viewers

    def __init__(self, number: int) -> None:
        self._number, self._got, self._open = number, bytearray(), False
        self.watching: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(HANDSHAKE)

    def data_received(self, data: bytes) -> None:
        """Some frames."""
        self._got += data
        if not self._open:
            head, there, rest = bytes(self._got).partition(b"\r\n\r\n")
            if not there:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.watching.set_exception(RuntimeError(head.decode()))
                return
            self._open, self._got = True, bytearray(rest)
            self._send(1, json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {TOKEN}"}}).encode())
        for kind, payload in self._frames():
            self._take(kind, payload)

    def _frames(self) -> Iterator[tuple[int, bytes]]:
        while len(got := self._got) >= 2:
            length, start = got[1] & 127, 2
            if length >= 126:
                wide = 2 if length == 126 else 8
                length, start = int.from_bytes(got[2 : 2 + wide]), 2 + wide
            if len(got) < start + length:
                return
            yield got[0] & 15, bytes(got[start : start + length])
            del got[: start + length]

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == 9:
            self._send(10, payload)
        elif b'"event":{' in payload:
            Viewer.told += 1
        elif b'"connection_ack"' in payload:
            asked = {"query": FEED, "variables": {"a": [armory_id(self._number % ARMORIES)]}}
            self._send(1, json.dumps({"id": "1", "type": "subscribe", "payload": asked}).encode())
        elif b'"next"' in payload and not self.watching.done():  # the feed begins by saying where it begins
            self.watching.set_result(None)
        elif b'"error"' in payload or kind == 8:
            self.connection_lost(RuntimeError(repr(payload)))

    def _send(self, kind: int, payload: bytes) -> None:
        size = bytes([128 | len(payload)]) if len(payload) < 126 else bytes([254]) + len(payload).to_bytes(2)
        self._transport.write(bytes([128 | kind]) + size + bytes(4) + payload)  # masked with zeros

    def connection_lost(self, exc: Exception | None) -> None:
        """The server hung up."""
        if not self.watching.done():
            self.watching.set_exception(exc or ConnectionError("the server hung up"))


async def watch_for(port: int, viewers: int) -> None:
    """The viewers, in a process of their own: says when all watch, and when it is asked how much they were told."""
    loop = asyncio.get_running_loop()
    for start in range(0, viewers, 50):
        made = [await loop.create_connection(lambda n=n: Viewer(n), "127.0.0.1", port) for n in range(start, min(start + 50, viewers))]  # type: ignore[misc]
        await asyncio.wait_for(asyncio.gather(*(viewer.watching for _, viewer in made)), 60)
    while True:
        print(Viewer.told, flush=True)
        if not await asyncio.to_thread(sys.stdin.readline):
            return


@contextlib.contextmanager
def viewers(port: int, count: int) -> Iterator[Callable[[], int]]:
    """So many viewers; gives what says how many events they have been told."""
    words = [sys.executable, "-m", "benchmarks.feed", str(port), str(count)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True) as process:
        assert process.stdin
        assert process.stdout
        asks, says = process.stdin, process.stdout

        def told() -> int:
            return int(says.readline())

        def again() -> int:
            asks.write("\n")
            asks.flush()
            return told()

        try:
            told()
            yield again
        finally:
            process.kill()


def measure(port: int, process: int, seconds: float, said: Callable[[str], None]) -> dict[int, dict[str, float]]:
    """By the number of viewers: what was done a second, how long it took, how many messages went out and how many were due."""
    taken: dict[int, list[dict[str, float]]] = {0: [], VIEWERS: []}
    for _ in range(ROUNDS):
        for count, each in taken.items():
            said(f"[dim]the feed, {count} viewers[/dim]")
            with viewers(port, count) as told:
                each.append(_round(port, 4 * seconds, told) | {"memory": memory(process)})
    found = {}
    for count, each in taken.items():
        found[count] = {name: statistics.median(round_[name] for round_ in each) for name in each[0]}
        found[count]["due"] = found[count]["events"] * count / ARMORIES
    return found


def _round(port: int, seconds: float, told: Callable[[], int]) -> dict[str, Any]:
    before = told()
    asked = {
        "contender": "ours",
        "work": "issue_return_ten",
        "clients": CLIENTS,
        "first": FIRST,
        "port": port,
        "seconds": seconds,
        "rate": RATE,
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"], input=json.dumps(asked), capture_output=True, text=True, cwd=ROOT, timeout=120
    )
    if done.returncode:
        raise SystemExit(f"the feed: {done.stderr.strip()[-1500:]}")
    heard, last = told(), -1
    while heard != last:  # until nothing more comes
        time.sleep(0.5)
        heard, last = told(), heard
    found: dict[str, Any] = json.loads(done.stdout)
    return found | {"messages": heard - before}


if __name__ == "__main__":
    uvloop.run(watch_for(int(sys.argv[1]), int(sys.argv[2])))
