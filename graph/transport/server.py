"""The server under the application: uvicorn, with what it leaves to others."""

from __future__ import annotations

import asyncio
import socket

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST_HEAD = 64 * 1024  # bytes of a request before its body
HEAD_SECONDS = 10.0
SOCKET_QUEUE = 4  # messages of a socket that wait to be read; then the client waits
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Protocol(HttpToolsProtocol):
    """uvicorn's, which would take a head of any length, for as long as it takes to come: whoever sends one is anybody."""

    _length = 0
    _in_head = False
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a first request."""
        super().connection_made(transport)
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


class Server(uvicorn.Server):
    """uvicorn, which ends the streams of events before it waits for requests under way: they have no end of their own."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        self.config.app.state.streams.stop()  # type: ignore[union-attr]
        await super().shutdown(sockets)
