"""Follow custody for weeks, and miss nothing: after a lost connection, or a server that starts again, it goes on exactly where it was.

pip install "gql[websockets]"
export ARMGUARD_TOKEN=armg_...
python examples/follow_custody.py http://127.0.0.1:8000/graphql custody.cursor

The place is kept in the file, if one is named: then this program, too, may stop and start again.
"""

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypedDict

from gql import Client, gql
from gql.transport.exceptions import TransportError, TransportQueryError
from gql.transport.websockets import WebsocketsTransport
from websockets.exceptions import ConnectionClosed, WebSocketException

FEED = gql("""
subscription Follow($after: String) {
  custodyFeed(after: $after) {
    cursor
    event { seq summary armory { code } item { serial } person { name } }
  }
}
""")
NO_USE = {"UNAUTHENTICATED", "FORBIDDEN", "BAD_REQUEST"}  # codes of errors that another try does not mend
NOT_TAKEN = {4401, 4403}  # codes of a socket that ends because the token is no good
SHORTEST_PAUSE, LONGEST_PAUSE = 0.2, 10.0  # seconds


class Armory(TypedDict):
    """An arms room."""

    code: str


class Item(TypedDict):
    """A weapon or device."""

    serial: str


class Person(TypedDict):
    """Who has part in it."""

    name: str


class Event(TypedDict):
    """What happened. `seq` counts the events of its arms room, without a gap."""

    seq: int
    summary: str
    armory: Armory
    item: Item | None
    person: Person | None


class Message(TypedDict):
    """A message of the feed: the place after it, and an event, or none if it only tells the place."""

    cursor: str
    event: Event | None


async def follow(url: str, token: str, after: str | None = None) -> AsyncIterator[Message]:
    """Each event after a cursor, once, in order, and then each as it happens; without a cursor, from now on.

    Raises:
        TransportError: the server does not take the token, or the cursor: trying again is of no use.
    """
    pause = SHORTEST_PAUSE
    while True:
        socket = WebsocketsTransport(
            url=url.replace("http", "ws", 1),
            init_payload={"authorization": f"Bearer {token}"},
            ping_interval=10,  # a line that is dead and does not say so is found out
            pong_timeout=10,
            close_timeout=1,
        )
        try:
            async with Client(transport=socket) as session:
                async for told in session.subscribe(FEED, variable_values={"after": after}):
                    message: Message = told["custodyFeed"]
                    after, pause = message["cursor"], SHORTEST_PAUSE
                    yield message
        except (TransportError, WebSocketException, OSError, TimeoutError) as error:
            if is_final(error):
                raise
        await asyncio.sleep(pause * random.uniform(0.5, 1))  # not all that were cut off knock in the same moment
        pause = min(pause * 2, LONGEST_PAUSE)


def is_final(error: BaseException) -> bool:
    """Whether another try would end in the same way."""
    if isinstance(error, TransportQueryError):
        return any(each.get("extensions", {}).get("code") in NO_USE for each in error.errors or ())
    if isinstance(error, ConnectionClosed):
        return error.rcvd is not None and error.rcvd.code in NOT_TAKEN
    return error.__cause__ is not None and is_final(error.__cause__)


async def main(url: str, token: str, file: Path | None) -> None:
    """Print what happens. The place is written down after each event, so that none is passed over."""
    behind = True
    async for message in follow(url, token, kept_in(file)):
        if (event := message["event"]) is None:  # it only tells that there is nothing newer, and does so again and again
            if behind:
                print("Up to date.", flush=True)
            behind = False
        else:
            behind = True
            print(f"{event['armory']['code']} {event['seq']}  {event['summary']}", flush=True)
        keep(message["cursor"], file)


def kept_in(file: Path | None) -> str | None:
    """The place where an earlier run was."""
    return file.read_text() if file and file.exists() else None


def keep(cursor: str, file: Path | None) -> None:
    """Write the place down: whole, or not at all."""
    if file:
        new = file.with_suffix(".new")
        new.write_text(cursor)
        new.replace(file)


if __name__ == "__main__":
    try:
        asyncio.run(main(sys.argv[1], os.environ["ARMGUARD_TOKEN"], Path(sys.argv[2]) if len(sys.argv) > 2 else None))
    except TransportError as error:
        sys.exit(f"Following has ended: {error.__cause__ or error}")
    except KeyboardInterrupt:
        pass
