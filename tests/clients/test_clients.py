"""Clients and audits that others have made, against a real server: what they take for the standards, it keeps."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.server import ISSUE, Live
from tests.world import token_of

HERE = Path(__file__).parent
PATIENCE = 120  # seconds

# What a server may do and ours does not: an operation in an address is not run, for addresses are kept in histories and logs.
NOT_DONE = {"5A70": "GET of a query", "D6D5": "GET of a query with variables", "6A70": "GET of a query with variables"}


async def run(script: str, *arguments: str) -> Any:
    """What a script says, in JSON. In CI it is run or the test fails."""
    node = shutil.which("node")
    missing = (
        "node is not on the PATH" if node is None else None if (HERE / "node_modules").is_dir() else "`npm ci` was not run in tests/clients"
    )
    if missing is not None and not os.environ.get("CI"):
        pytest.skip(f"{missing}: other people's clients are not tried")
    assert missing is None, missing
    process = await asyncio.create_subprocess_exec(
        str(node), str(HERE / script), *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(PATIENCE):
            said, complained = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, complained.decode()
    return json.loads(said)


async def test_the_audits_of_graphql_over_http_find_nothing_wrong(live: Live) -> None:
    found = await run("audit.mjs", f"{live.url}/graphql", token_of("north"))
    assert len(found) > 50
    wrong = [audit for audit in found if audit["status"] != "ok"]
    assert {audit["id"] for audit in wrong} == set(NOT_DONE), wrong
    assert {audit["status"] for audit in wrong} == {"notice"}, wrong  # what the standard leaves to the server


@pytest.mark.parametrize("kind", ["ws", "sse"])
async def test_a_client_that_others_have_made_asks_follows_commands_is_refused_and_leaves(live: Live, kind: str) -> None:
    given = {"requestId": str(uuid4()), "holder": {"serviceNumber": "S-001"}, "lines": [{"item": {"serial": "M4-001"}}]}
    documents = {
        "query": {"query": "query ($serial: String!) { item(serial: $serial) { serial state } }", "variables": {"serial": "M4-001"}},
        "feed": {"query": "subscription { custodyFeed { cursor event { type item { serial } } } }"},
        "mutation": {"query": ISSUE, "variables": {"input": given}},
        "error": {"query": "{ nope }"},
    }
    told = await run("story.mjs", kind, f"{live.url}/graphql", token_of("north"), json.dumps(documents))
    assert told["query"] == [{"data": {"item": {"serial": "M4-001", "state": "IN_ROOM"}}}]
    assert told["first"]["data"]["custodyFeed"]["event"] is None
    assert [answer["data"]["issueItems"]["__typename"] for answer in told["mutation"]] == ["ItemsIssued"]
    assert told["event"]["data"]["custodyFeed"]["event"] == {"type": "ITEM_ISSUED", "item": {"serial": "M4-001"}}
    (refused,) = told["error"]
    assert [error["extensions"]["code"] for error in refused["errors"]] == ["BAD_REQUEST"]
    assert told["left"]["done"] is True
    assert told["after"] == [{"data": {"item": {"serial": "M4-001", "state": "ISSUED"}}}]
    assert set(told["closed"]) <= {1000}
