"""The lines that the fuzz talks over: bytes as they are, in which nothing is put right before it is sent.

`exchange` is HTTP; `Line` is a WebSocket. Both read what comes as the standards say it must be: an answer that is none is a fault.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import struct
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
IDLE = 2.0  # seconds after which a line is not used again: the server ends one that is idle for five
PATIENCE = 20.0  # seconds: what is not answered then is not answered at all


@dataclass
class Answer:
    """An answer to one HTTP request."""

    status: int
    headers: dict[str, str]
    body: bytes


async def read_answer(reader: asyncio.StreamReader, *, head: bool = False) -> Answer:
    """The next answer on a line.

    Raises:
        asyncio.IncompleteReadError: the line ended before it.
        ValueError: it is no answer.
    """
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
    version, status = first.split(" ", 2)[:2]
    if version != "HTTP/1.1":
        raise ValueError(first)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    code = int(status)
    if head or code in (204, 304) or code < 200:
        body = b""
    elif "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
    elif headers.get("transfer-encoding") == "chunked":
        body = b"".join([part async for part in _chunks(reader)])
    else:
        body = await reader.read()
    return Answer(code, headers, body)


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        yield (await reader.readexactly(size + 2))[:-2]
    await reader.readuntil(b"\r\n")


def posted(body: bytes, headers: Mapping[str, str] | None = None, path: str = "/graphql") -> bytes:
    """A POST as a client sends it."""
    told = {"host": "127.0.0.1", "content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


class Caller:
    """A client over HTTP that keeps its line, and takes a new one where the server has ended it, or may soon, as nothing was sent."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._used = 0.0

    async def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post to the API."""
        if time.monotonic() - self._used > IDLE:
            await self.hang_up()
        reader, writer = self._line or await asyncio.open_connection("127.0.0.1", self.port)
        self._line = reader, writer
        writer.write(posted(body, headers))
        async with asyncio.timeout(PATIENCE):
            answer = await read_answer(reader)
        self._used = time.monotonic()
        if answer.headers.get("connection") == "close":
            await self.hang_up()
        return answer

    async def hang_up(self) -> None:
        """Let the line go."""
        if self._line is not None:
            self._line[1].close()
            self._line = None


async def exchange(port: int, parts: Iterable[bytes], answers: int, *, head: bool = False, wait: float = 0.05) -> list[Answer]:
    """Write on a line of its own, and read the answers: as many as are due, or for a request that is none those that come in a while.

    Raises:
        TimeoutError, asyncio.IncompleteReadError: not as many came as are due.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found: list[Answer] = []
    try:
        with contextlib.suppress(ConnectionError):  # it was answered before it was whole; the answer is read below
            for number, part in enumerate(parts):
                if number:
                    await asyncio.sleep(0.002)
                writer.write(part)
                await writer.drain()
        async with asyncio.timeout(PATIENCE):
            while len(found) < answers:
                found.append(await read_answer(reader, head=head))
        with contextlib.suppress(TimeoutError, asyncio.IncompleteReadError, ConnectionError):
            while not answers:
                async with asyncio.timeout(wait):
                    found.append(await read_answer(reader, head=head))
    finally:
        writer.close()
    return found


# --------------------------------------------------------------------------------------------------------------------------- sockets


def frame(opcode: int, data: bytes, *, fin: bool = True, reserved: int = 0, masked: bool = True, length: int | None = None) -> bytes:
    """A frame of a client (RFC 6455, 5.2). What is not given is as it must be; `length` lies."""
    size = len(data) if length is None else length
    mark = 0x80 if masked else 0
    if size < 126:
        told = bytes([mark | size])
    elif size < 65_536:
        told = bytes([mark | 126]) + struct.pack("!H", size)
    else:
        told = bytes([mark | 127]) + struct.pack("!Q", size)
    if masked:
        key = os.urandom(4)
        long = (key * (len(data) // 4 + 1))[: len(data)]
        data = key + (int.from_bytes(data, "big") ^ int.from_bytes(long, "big")).to_bytes(len(data), "big")
    return bytes([(0x80 if fin else 0) | reserved << 4 | opcode]) + told + data


def upgrade(headers: Mapping[str, str | None] | None = None, path: str = "/graphql", method: str = "GET", version: str = "1.1") -> bytes:
    """A request for a socket; a header that is None is left out."""
    told: dict[str, str | None] = {
        "host": "127.0.0.1",
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-key": base64.b64encode(os.urandom(16)).decode(),
        "sec-websocket-version": "13",
        "sec-websocket-protocol": "graphql-transport-ws",
        **(headers or {}),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items() if value is not None)
    return f"{method} {path} HTTP/{version}\r\n{lines}\r\n".encode()


@dataclass
class Line:
    """A socket: what was received on it, and how it ended."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    texts: list[str] = field(default_factory=list)
    closed: int | None = None  # the code of the server's close frame
    reason: str = ""
    ended: bool = False  # the server has let the line go

    @property
    def open(self) -> bool:
        """Whether something can still come."""
        return self.closed is None and not self.ended

    def send(self, data: bytes) -> None:
        """Write, if somebody is there; what could not be written is seen when it is read."""
        with contextlib.suppress(ConnectionError):
            self.writer.write(data)

    async def read(self) -> str | None:
        """The next text; None when the server has closed or let the line go. Pings are answered.

        Raises:
            ValueError: what came is no frame of a server.
        """
        while self.open:
            try:
                first, second = await self.reader.readexactly(2)
                size = second & 0x7F
                if size >= 126:
                    size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
                data = await self.reader.readexactly(size)
            except (asyncio.IncompleteReadError, ConnectionError):
                self.ended = True
                return None
            if first & 0x70 or not first & 0x80 or second & 0x80:
                raise ValueError(f"This is no frame of a server: {bytes([first, second])!r} {data[:100]!r}")
            match first & 0x0F:
                case 1:
                    self.texts.append(data.decode())
                    return self.texts[-1]
                case 8:
                    self.closed = int.from_bytes(data[:2], "big") if data else 1005
                    self.reason = data[2:].decode()
                case 9:
                    self.send(frame(PONG, data))
                case 10:
                    pass
                case other:
                    raise ValueError(f"The server sent a frame of kind {other}: {data[:100]!r}")
        return None

    async def next(self, moment: float | None = None) -> str | None:
        """The next text, or None if none comes within a moment (seconds); without one, it must come or the line end.

        Raises:
            TimeoutError: it did not.
        """
        try:
            async with asyncio.timeout(moment or PATIENCE):
                return await self.read()
        except TimeoutError:
            if moment is None:
                raise
            return None

    async def finish(self) -> None:
        """Close it, if it is open, and read what comes until the server has closed too."""
        self.send(frame(CLOSE, struct.pack("!H", 1000)))
        async with asyncio.timeout(PATIENCE):
            while await self.read() is not None:
                pass


@contextlib.asynccontextmanager
async def dialled(port: int, request: bytes) -> AsyncIterator[tuple[Answer, Line]]:
    """A socket, or the answer that refuses it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        async with asyncio.timeout(PATIENCE):
            answer = await read_answer(reader)
        yield answer, Line(reader, writer, ended=answer.status != 101)
    finally:
        writer.close()
