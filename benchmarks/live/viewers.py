"""The viewers: sockets in a process of their own, as cheap as can be, for they share the machine with the server that they watch.

They read no JSON: a message with an event is known by a word, and says in its text when it was due. One in so many takes each message at
once, and its time; the others look into their sockets twice a second, and only count.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator
from typing import Any, cast

import uvloop

from benchmarks.data import ARMORIES, TOKEN
from benchmarks.live.asked import DIGITS, DUE, EVENT, FEED, NEXT, document
from benchmarks.live.steps import DOCUMENTS
from benchmarks.work import armory_id

AT_ONCE = 50  # sockets that are opened together
STEP, STEPS = 100, 100_000  # microseconds and number of the buckets in which times are counted: up to ten seconds
HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
LOOK_SECONDS, PARTS, MOST = 0.5, 50, 1 << 16  # how often all who only count are looked at, in how many parts, and bytes at once
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Told:
    """What all viewers of this process were told."""

    def __init__(self) -> None:
        self._last = b""
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.messages = 0
        self._late = [0] * (STEPS + 1)

    def event(self, message: bytes) -> None:
        """An event came at once; its text says when it was due, if it comes from the benchmark's writer."""
        self.messages += 1
        self._last = message
        if (at := message.find(DUE)) > 0:
            start = at + len(DUE)
            late = (time.monotonic_ns() // 1000 - int(message[start : start + DIGITS])) // STEP
            self._late[min(STEPS, late)] += 1

    def said(self) -> dict[str, Any]:
        """How many events came, and in how many milliseconds half of them and 99 % of them; and one of them."""
        return {
            "messages": self.messages,
            "p50": self._within(0.5),
            "p99": self._within(0.99),
            "sample": self._last[max(0, self._last.find(b"{")) :].decode(),
        }

    def _within(self, share: float) -> float:
        """Milliseconds."""
        enough, seen = share * sum(self._late), 0
        for bucket, count in enumerate(self._late):
            seen += count
            if seen and seen >= enough:
                return (bucket + 0.5) * STEP / 1000
        return 0.0


class Viewer(asyncio.Protocol):
    """One socket that watches an arms room and counts what it is told; only as much of the protocol as that takes."""

    def __init__(self, told: Told, query: str, variables: dict[str, Any], *, graphql: bool = True) -> None:
        self._told, self._graphql, self._asked = told, graphql, {"query": query, "variables": variables}
        self._got, self._open, self._prompt, self._file = bytearray(), False, True, -1
        self.watching: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(HANDSHAKE)

    def data_received(self, data: bytes) -> None:
        """Some frames, mostly one."""
        if not self._got and len(data) > 4 and data[1] == 126 and len(data) == 4 + (data[2] << 8 | data[3]) and EVENT in data:
            self._told.event(data)
            return
        self._got += data
        if self._open or self._accepted():
            for kind, payload in self._frames():
                self._take(kind, payload)

    def only_count(self) -> None:
        """Be looked at now and then."""
        self._prompt = False
        self._transport.pause_reading()
        self._file = self._transport.get_extra_info("socket").fileno()

    def look(self) -> None:
        """Take what has come since the last look: whole frames are counted as they are."""
        try:
            data = os.read(self._file, MOST)
        except BlockingIOError:
            return
        if self._got or not _are_whole(data):
            self.data_received(data)
        else:
            self._told.messages += data.count(EVENT)

    def _accepted(self) -> bool:
        head, there, rest = bytes(self._got).partition(b"\r\n\r\n")
        if not there:
            return False
        if not head.startswith(b"HTTP/1.1 101"):
            self._failed(RuntimeError(head.decode()))
            return False
        self._open, self._got = True, bytearray(rest)
        if self._graphql:
            self._send(TEXT, json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {TOKEN}"}}).encode())
        return True

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
        if kind == PING:
            self._send(PONG, payload)
        elif EVENT in payload and self._prompt:
            self._told.event(payload)
        elif EVENT in payload:
            self._told.messages += 1
        elif b'"connection_ack"' in payload:
            self._send(TEXT, json.dumps({"id": "1", "type": "subscribe", "payload": self._asked}).encode())
        elif NEXT in payload and not self.watching.done():  # a feed begins by saying where it begins
            self.watching.set_result(None)
        elif b'"error"' in payload or kind == CLOSE:
            self._failed(RuntimeError(repr(payload)))

    def _send(self, kind: int, payload: bytes) -> None:
        size = bytes([128 | len(payload)]) if len(payload) < 126 else bytes([254]) + len(payload).to_bytes(2)
        self._transport.write(bytes([128 | kind]) + size + bytes(4) + payload)  # masked with zeros

    def connection_lost(self, exc: Exception | None) -> None:
        """The server hung up."""
        self._failed(exc or ConnectionError("the server hung up"))

    def _failed(self, why: Exception) -> None:
        if not self.watching.done():
            self.watching.set_exception(why)


def _are_whole(data: bytes) -> bool:
    """Whether it is nothing but whole messages of a middling length, as those of events are."""
    at, end = 0, len(data)
    while at + 4 < end and data[at] == 128 | TEXT and data[at + 1] == 126:
        at += 4 + (data[at + 2] << 8 | data[at + 3])
    return 0 < at == end


class Crowd:
    """All viewers of this process. `asked` says at which port, whether it speaks GraphQL, what each of them watches, and how many there are to
    one that takes each message at once.
    """

    def __init__(self, asked: dict[str, Any]) -> None:
        self.told = Told()
        self._asked = asked
        self._count = 0
        self._counting: list[Viewer] = []

    async def grow(self, count: int) -> None:
        """Have so many; the first alone."""
        while self._count < count:
            some = range(self._count, min(count, self._count + AT_ONCE) if self._count else 1)
            made = [await self._viewer(number) for number in some]
            await asyncio.wait_for(asyncio.gather(*(viewer.watching for viewer in made)), 60)
            for number, viewer in zip(some, made, strict=True):
                if number % self._asked["to_one"] != number // DOCUMENTS % self._asked["to_one"]:  # some of each document
                    viewer.only_count()
                    self._counting.append(viewer)
            self._count = some.stop

    async def look(self) -> None:
        """Look at those who only count, one part after the other, for ever."""
        part = 0
        while True:
            for viewer in self._counting[part::PARTS]:
                viewer.look()
            part = (part + 1) % PARTS
            await asyncio.sleep(LOOK_SECONDS / PARTS)

    async def _viewer(self, number: int) -> Viewer:
        query, variables = document(number % self._asked["documents"]) if self._asked["documents"] > 1 else (FEED, {})
        room = armory_id(self._asked.get("room", number % ARMORIES))
        made = Viewer(self.told, query, {"a": [room], **variables}, graphql=self._asked["graphql"])
        await asyncio.get_running_loop().create_connection(lambda: made, "127.0.0.1", self._asked["port"])
        return made


async def watch(asked: dict[str, Any]) -> None:
    """Do what standard input says, line by line: be so many, forget, say what you were told."""
    crowd = Crowd(asked)
    looking = asyncio.create_task(crowd.look())
    while line := await asyncio.to_thread(sys.stdin.readline):
        word, _, number = line.strip().partition(" ")
        match word:
            case "grow":
                await crowd.grow(int(number))
                answer: Any = int(number)
            case "forget":
                crowd.told.forget()
                answer = 0
            case "count":
                answer = crowd.told.messages
            case _:
                answer = crowd.told.said()
        print(json.dumps(answer), flush=True)
        if looking.done():
            looking.result()


if __name__ == "__main__":
    uvloop.run(watch(json.loads(sys.argv[1])))
