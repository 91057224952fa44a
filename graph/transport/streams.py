"""Answers as a stream of events (graphql-sse, "distinct connections mode"): one request for each operation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from starlette.types import Receive, Send

from graph.feed import ended
from graph.transport.negotiation import Form

HEADERS = [
    (b"content-type", Form.EVENTS.content_type),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
PULSE = b":\n\n"  # a comment, which nobody is told
COMPLETE = b"event: complete\ndata:\n\n"


def event(answer: bytes) -> bytes:
    """An answer as an event. A line's end within JSON only parts it for the eye: the database writes some."""
    return b"event: next\ndata: " + answer.translate(None, b"\r\n") + b"\n\n"


class Streams:
    """The streams of one process. They end with their operation, with their client, when they are old, or when the server stops."""

    def __init__(self, pulse_seconds: float, hours: float) -> None:
        self._pulse_seconds = pulse_seconds
        self._longest_seconds = hours * 3600
        self._stopping = asyncio.Event()

    @property
    def stopping(self) -> bool:
        """Whether the server stops."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """End them: without `complete`, for whoever follows shall come again. So it is with one that is old."""
        self._stopping.set()

    async def follow(self, answers: AsyncGenerator[bytes, None], receive: Receive, send: Send) -> None:
        """Send the answers of an operation as they come, and a sign of life between them.

        A client that reads slowly holds up its own operation only: nothing is kept for it here.
        """
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": PULSE, "more_body": True})  # some let nobody see headers without a body
        ends = (_gone(receive), self._stopping.wait(), asyncio.sleep(self._longest_seconds))
        works = (_deliver(answers, send), _pulse(self._pulse_seconds, send), *ends)
        tasks: list[asyncio.Task[Any]] = [asyncio.create_task(work) for work in works]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                await ended(task)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _deliver(answers: AsyncGenerator[bytes, None], send: Send) -> None:
    async with aclosing(answers):
        async for answer in answers:
            await send({"type": "http.response.body", "body": event(answer), "more_body": True})
    await send({"type": "http.response.body", "body": COMPLETE, "more_body": True})


async def _pulse(seconds: float, send: Send) -> None:
    while True:
        await asyncio.sleep(seconds)
        await send({"type": "http.response.body", "body": PULSE, "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
