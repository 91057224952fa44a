"""Two thousand commands whose lines are cut at once: each is whole or absent, and the server is as fit as before."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter, defaultdict
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest

from graph.schema.base import node_id
from graph.settings import Settings
from tests.commands.test_concurrency import HOLDERS, assert_pool_whole, connected, until
from tests.server import Live
from tests.world import api_token_of, token_of

COMMANDS = 2000
AT_ONCE = 24
CUT_SECONDS = 0.010  # at the latest, after the last word is sent

DOCUMENT = """
mutation ($input: %(verb)sInput!) {
  %(field)s(input: $input) { __typename ... on %(done)s { %(told)s } ... on Refused { refusals { code } } }
}
"""
CUSTODY = "repeated records { id } events { id }"
ISSUE = DOCUMENT % {"verb": "IssueItems", "field": "issueItems", "done": "ItemsIssued", "told": CUSTODY}
RETURN = DOCUMENT % {"verb": "ReturnItems", "field": "returnItems", "done": "ItemsReturned", "told": CUSTODY}
TRANSFER = DOCUMENT % {"verb": "TransferItems", "field": "transferItems", "done": "ItemsTransferred", "told": CUSTODY}
TAG = DOCUMENT % {"verb": "AssignTag", "field": "assignTag", "done": "TagSaved", "told": "tag { id }"}

NORTH, SOUTH = [f"PVS-{number:03}" for number in range(1, 41)], [f"PVS-{number}" for number in range(101, 106)]
DEVICES = {"north": NORTH, "north.two": NORTH, "south": SOUTH, "officer": NORTH + SOUTH}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Without a count of requests: a storm is more than anybody may send."""
    return settings.model_copy(update=dict.fromkeys(("address_requests", "account_requests", "address_sockets", "account_sockets"), 0))


class Command:
    """A command as an account sends it, every time in the same words."""

    def __init__(self, chance: random.Random) -> None:
        self.id = UUID(int=chance.getrandbits(128), version=4)
        self.username = chance.choice(["north", "north", "north.two", "south", "officer"])
        devices = DEVICES[self.username]
        lines = [{"item": {"serial": serial}} for serial in chance.sample(devices, chance.choice([1, 1, 2]))]
        holder = {"serviceNumber": chance.choice(HOLDERS)}
        choices: list[tuple[str, dict[str, Any]]] = [
            (ISSUE, {"holder": holder, "lines": lines}),
            (ISSUE, {"holder": holder, "lines": lines}),
            (RETURN, {"lines": lines}),
            (TRANSFER, {"holder": holder, "lines": lines}),
            (TAG, {"code": f"STORM-{self.id}", "item": lines[0]["item"]}),
        ]
        self.document, given = chance.choice(choices)
        self.input = {"requestId": str(self.id), **given}
        self.token = chance.choice([token_of, api_token_of])(self.username)
        self.body = {"query": self.document, "variables": {"input": self.input}}


async def cut_socket(live: Live, commands: list[Command], seconds: float) -> None:
    """Send commands on a socket of their account, and cut it without a word."""
    async with live.socket(commands[0].username, commands[0].token) as socket:
        for number, command in enumerate(commands):
            await socket.send(json.dumps({"id": str(number), "type": "subscribe", "payload": command.body}))
        await asyncio.sleep(seconds)
        socket.transport.abort()


async def cut_request(live: Live, command: Command, seconds: float) -> None:
    """Send a command over HTTP, and cut the line without waiting for the answer."""
    where, body = urlsplit(live.url), json.dumps(command.body).encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: {where.netloc}\r\nAuthorization: Bearer {command.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    _, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(head.encode() + body)
    await writer.drain()
    await asyncio.sleep(seconds)
    writer.transport.abort()


async def storm(live: Live, commands: list[Command], chance: random.Random) -> None:
    """Send every command on a line that is cut: three in four on sockets, up to three on one, the others over HTTP."""
    waiting: dict[str, list[Command]] = defaultdict(list)
    for command in commands:
        waiting[command.token].append(command)
    lines: list[tuple[list[Command], bool]] = []
    for of_one in waiting.values():
        while of_one:
            over_http = chance.random() < 0.4
            count = 1 if over_http else chance.randint(1, 3)
            lines.append((of_one[:count], over_http))
            del of_one[:count]
    chance.shuffle(lines)

    async def counter() -> None:
        while lines:
            sent, over_http = lines.pop()
            seconds = chance.uniform(0, CUT_SECONDS)
            await (cut_request(live, sent[0], seconds) if over_http else cut_socket(live, sent, seconds))

    await asyncio.gather(*(counter() for _ in range(AT_ONCE)))


async def at_rest(live: Live) -> set[asyncio.Task[Any]]:
    """The tasks of a server that is up and has nothing to do."""
    client = live.as_(None)

    async def ready() -> bool:
        return bool((await client.http.get("/readyz")).json()["parts"]["feed"] == "ok")

    await until(ready, "a server that is ready")
    return asyncio.all_tasks()


async def quiet(before: set[asyncio.Task[Any]]) -> None:
    """Wait until the server, which runs in this loop, does nothing more for anybody who came after `before`."""
    me = asyncio.current_task()

    async def nothing_left() -> bool:
        return all(task in before or task is me for task in asyncio.all_tasks())

    await until(nothing_left, "a server that has done with all who hung up")


async def written(url: str) -> tuple[dict[UUID, Any], dict[UUID, list[UUID]]]:
    """What there is of each request: its answer as it is kept, and its events in order."""
    async with connected(url) as sql:
        rows = await sql.fetch("SELECT request_id, answer FROM completed_request")
        kept = {row["request_id"]: json.loads(row["answer"]) for row in rows}
        assert len(kept) == len(rows)
        events: dict[UUID, list[UUID]] = defaultdict(list)
        for row in await sql.fetch("SELECT request_id, event_id FROM ledger_event WHERE request_id IS NOT NULL ORDER BY stream, seq"):
            events[row["request_id"]].append(row["event_id"])
        return kept, events


def assert_whole_or_absent(commands: list[Command], kept: dict[UUID, Any], events: dict[UUID, list[UUID]]) -> None:
    """A command has its answer and all of its events, or neither."""
    for command in commands:
        assert (command.id in kept) == (command.id in events), command.body
        if command.id in kept:
            assert sorted(kept[command.id]["events"]) == sorted(map(str, events[command.id])), command.body


async def sent_again(live: Live, commands: list[Command]) -> dict[UUID, Any]:
    """The answer to each command, asked for over HTTP by whoever sent it."""
    clients, waiting = {username: live.as_(username) for username in DEVICES}, list(commands)
    answers: dict[UUID, Any] = {}

    async def counter() -> None:
        while waiting:
            command = waiting.pop()
            (answers[command.id],) = (await clients[command.username](command.document, input=command.input)).values()

    await asyncio.gather(*(counter() for _ in range(AT_ONCE)))
    return answers


async def test_two_thousand_commands_whose_lines_are_cut_are_each_whole_or_absent(live: Live, database_url: str, share: float) -> None:
    chance, count = random.Random(2000), int(COMMANDS * share)
    commands = [Command(chance) for _ in range(count)]
    assert len({command.id for command in commands}) == count
    before = await at_rest(live)
    await storm(live, commands, chance)
    await quiet(before)
    await assert_pool_whole(database_url)

    kept, events = await written(database_url)
    ours = {command.id for command in commands}
    kept = {request: answer for request, answer in kept.items() if request in ours}
    assert_whole_or_absent(commands, kept, events)

    first = await sent_again(live, commands)
    for command in commands:
        answer = first[command.id]
        if command.id in kept:  # it was done, though nobody was told: this is its answer
            assert answer["__typename"] != "Refused", (command.body, answer)
            if "events" in answer:
                assert answer["repeated"]
                assert answer["events"] == [{"id": node_id("LedgerEvent", UUID(event))} for event in kept[command.id]["events"]]
                assert answer["records"] == [{"id": node_id("CustodyRecord", UUID(row))} for row in kept[command.id]["rows"]]
            else:
                assert answer["tag"]["id"] == node_id("Tag", UUID(kept[command.id]["rows"][0]))
        else:
            assert answer.get("repeated") in (None, False), (command.body, answer)
    after, events_after = await written(database_url)
    assert_whole_or_absent(commands, after, events_after)
    for request, answer in kept.items():
        assert (after[request], events_after[request]) == (answer, events[request])
    done = [command for command in commands if first[command.id]["__typename"] != "Refused"]
    assert {command.id for command in done} == ours & set(after)

    second = await sent_again(live, done)
    for command in done:
        again = {**first[command.id], **({"repeated": True} if "repeated" in first[command.id] else {})}
        assert second[command.id] == again, command.body
    assert await written(database_url) == (after, events_after)
    await assert_pool_whole(database_url)
    kinds = Counter(answer["__typename"] for answer in first.values())
    assert min(kinds[kind] for kind in ("ItemsIssued", "ItemsReturned", "ItemsTransferred", "TagSaved", "Refused")) > 20 * share, kinds
    assert (await live.as_("north").issue("S-001", "M4-001", request_id=str(uuid4())))["__typename"] == "ItemsIssued"
    print(f"{len(kept)} of {count} were done before their lines were cut")  # noqa: T201
