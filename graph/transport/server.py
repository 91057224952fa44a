"""The server under the application: uvicorn, with what it leaves to others."""

from __future__ import annotations

import socket

import uvicorn


class Server(uvicorn.Server):
    """uvicorn, which ends the streams of events before it waits for requests under way: they have no end of their own."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        self.config.app.state.streams.stop()  # type: ignore[union-attr]
        await super().shutdown(sockets)
