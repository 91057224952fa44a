"""Who has which weapon, and then what happens, live: a first script with ArmGuard and `gql`.

pip install "gql[httpx,websockets]"
export ARMGUARD_TOKEN=armg_...
python examples/out_of_the_room.py http://127.0.0.1:8000/graphql
"""

import asyncio
import os
import sys

from gql import Client, gql
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport

OUT = gql("""
query OutOfTheRoom($after: String) {
  custodyRecords(filter: { open: true }, first: 50, after: $after) {
    totalCount
    pageInfo { hasNextPage endCursor }
    edges { node { receiptNumber dueAt item { serial } holder { name } } }
  }
}
""")
WATCH = gql("""
subscription Watch($after: String) {
  custodyFeed(after: $after) {
    cursor
    event { summary }
  }
}
""")


async def main(url: str, token: str, events: int) -> None:
    """Print every open receipt, page by page; then so many events as they come."""
    given = {"Authorization": f"Bearer {token}"}
    async with Client(transport=HTTPXAsyncTransport(url=url, headers=given)) as session:
        after = None
        while True:
            page = (await session.execute(OUT, variable_values={"after": after}))["custodyRecords"]
            for edge in page["edges"]:
                node = edge["node"]
                print(f"{node['receiptNumber']}  {node['item']['serial']:<14} {node['holder']['name']}, due {node['dueAt'] or 'on recall'}")
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
        print(f"{page['totalCount']} out. Watching...", flush=True)

    # Over a socket the token goes into the first message. Keep the newest cursor: with `after` the feed goes on exactly there.
    socket = WebsocketsTransport(url=url.replace("http", "ws", 1), init_payload={"authorization": f"Bearer {token}"})
    async with Client(transport=socket) as session:
        async for told in session.subscribe(WATCH):
            if (event := told["custodyFeed"]["event"]) is None:  # the first message has the place in the feed, and no event
                print("Ready.", flush=True)
                continue
            print(event["summary"], flush=True)
            events -= 1
            if events == 0:
                return


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], os.environ["ARMGUARD_TOKEN"], int(sys.argv[2]) if len(sys.argv) > 2 else -1))
