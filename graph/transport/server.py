"""The server under the application: uvicorn, with what it leaves to others."""

from __future__ import annotations

import asyncio
import socket
from asyncio import BaseTransport, Transport
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from graph.settings import Settings
from graph.transport.audience import LINE

KEPT_BYTES = 32 * 1024  # of what a client does not take; then whoever writes to it waits
TO_GO_SECONDS = 1.0  # how long a client may take what is still on its way, when its line ends
LONGEST_HEAD = 64 * 1024  # bytes of a request before its body
HEAD_SECONDS = 10.0
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Line(HttpToolsProtocol):
    """A connection. What a slow client has not taken yet is bounded; a socket and a stream of events have this line too.

    uvicorn's own would take a head of any length, for as long as it takes to come: whoever sends one is anybody.
    """

    _length = 0
    _in_head = False
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Wait for a first request."""
        cast("Transport", transport).set_write_buffer_limits(high=KEPT_BYTES)
        super().connection_made(transport)  # type: ignore[arg-type]
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing."""
        self._wait_no_longer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; what comes in one piece is not looked at any further."""
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            self._length += len(data)
            if self._length > LONGEST_HEAD:
                self._end(TOO_LONG)
            elif self._timer is None:
                self._wait()

    def on_message_begin(self) -> None:
        """A head begins."""
        self._in_head, self._length = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """It is whole."""
        self._in_head = False
        self._wait_no_longer()
        super().on_headers_complete()

    def _wait(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS, self._end, TOO_SLOW)

    def _wait_no_longer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self, answer: bytes) -> None:
        self._wait_no_longer()
        if self.cycle is None or self.cycle.response_complete:  # else it would come within the answer to an earlier request
            self.transport.write(answer)
        self.transport.close()


class Inbox:
    """What a client has sent and nobody has taken yet, for one reader. A queue for all purposes takes 3 KB, for each of thousands."""

    __slots__ = ("_messages", "_reader")

    def __init__(self) -> None:
        self._messages: list[Any] = []
        self._reader: asyncio.Future[None] | None = None

    def put_nowait(self, message: Any) -> None:
        """Put a message at the end."""
        self._messages.append(message)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def get(self) -> Any:
        """Take the first one, as soon as there is one."""
        while not self._messages:
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        return self._messages.pop(0)

    def empty(self) -> bool:
        """Whether there is none."""
        return not self._messages


class Gate:
    """Open or closed; whoever comes while it is closed waits. It takes nothing while nobody waits."""

    __slots__ = ("_opened",)

    def __init__(self) -> None:
        self._opened: asyncio.Future[None] | None = None

    def is_set(self) -> bool:
        """Whether it is open."""
        return self._opened is None

    def set(self) -> None:
        """Open it."""
        if self._opened is not None:
            self._opened.set_result(None)
            self._opened = None

    def clear(self) -> None:
        """Close it."""
        if self._opened is None:
            self._opened = asyncio.get_running_loop().create_future()

    async def wait(self) -> None:
        """Wait until it is open."""
        while self._opened is not None:
            await asyncio.shield(self._opened)


class SocketLine(WebSocketsSansIOProtocol):
    """A WebSocket. One that takes nothing any more is cut off when it ends: it would not even take its end.

    It also takes whole frames, past the application's messages: one text for many sockets is framed once. Thousands are open for hours, so
    it keeps nothing that it needs no more.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.queue = cast("Any", Inbox())
        self.writable = cast("Any", Gate())

    def handle_connect(self, event: Request) -> None:
        """Tell the application of this line."""
        super().handle_connect(event)
        if self.handshake_initiated and not self.handshake_complete:
            cast("Any", self.scope)["extensions"][LINE] = self

    async def send(self, message: Any) -> None:
        """Send what the application says."""
        await super().send(message)
        if message["type"] == "websocket.accept":
            self.request = self.response = cast("Any", None)

    def offer(self, frame: bytes) -> bool:
        """Send a whole frame, unless the client is slow or going; whether it was sent."""
        if self.close_sent or self.disconnected or not self.writable.is_set() or self.transport.is_closing():
            return False
        self.transport.write(frame)
        return True

    def keepalive_timeout(self) -> None:
        """End one that gives no sign of life."""
        super().keepalive_timeout()
        self._cut_off_soon()

    def shutdown(self) -> None:
        """End one because the server stops."""
        super().shutdown()
        self._cut_off_soon()

    def _cut_off_soon(self) -> None:
        if self.transport.get_write_buffer_size():
            self.loop.call_later(TO_GO_SECONDS, self.transport.abort)


class Server(uvicorn.Server):
    """uvicorn, which ends the sockets and the streams of events before it waits for requests under way: they have no end of their own."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        for server in self.servers:
            server.close()  # before all are told to come again, or they would come here
        state = self.config.app.state  # type: ignore[union-attr]
        state.streams.stop()
        await state.sockets.stop(TO_GO_SECONDS)
        await super().shutdown(sockets)


def lines(settings: Settings) -> dict[str, Any]:
    """What uvicorn is told of connections."""
    return {
        "http": Line,
        "ws": SocketLine,
        "ws_max_size": settings.socket_bytes,
        "ws_per_message_deflate": False,
        "ws_ping_interval": settings.socket_ping_seconds,
        "ws_ping_timeout": settings.socket_ping_seconds,
    }
