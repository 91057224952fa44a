"""An integrator's first quarter hour works as docs/integrators.md has it: the token, the first query, the first script."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys

import pytest

from graph.address import Addresses
from tests.filling import signed_in_as
from tests.live.test_readme import ROOT, shell
from tests.server import Client, Live

pytestmark = pytest.mark.once

PAGE = (ROOT / "docs" / "integrators.md").read_text()
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.replace("\\\n", " ").splitlines()]


def command(start: str) -> str:
    (found,) = [line for line in COMMANDS if line.startswith(start)]
    return str(found)


async def token_of_the_page(at: Addresses) -> str:
    """The token that the page's command makes."""
    made = await asyncio.to_thread(shell, f"{command('export ARMGUARD_TOKEN=')}\necho $ARMGUARD_TOKEN", at)
    assert made.stdout.startswith("armg_"), made.stderr
    return made.stdout.strip()


async def test_the_first_query(demo_addresses: Addresses, demo_live: Live) -> None:
    (document,) = re.findall(r"```graphql\n(.*?)```", PAGE, re.DOTALL)
    client = Client(demo_live.url, await token_of_the_page(demo_addresses))
    answer = await client(document)
    assert answer["custodyRecords"]["totalCount"] > 5
    assert len(answer["custodyRecords"]["edges"]) == 5
    await client.http.aclose()


@pytest.mark.skipif(subprocess.run(["which", "curl"], capture_output=True).returncode != 0, reason="curl is not installed")
async def test_the_same_from_a_shell(demo_addresses: Addresses, demo_live: Live) -> None:
    token = await token_of_the_page(demo_addresses)
    line = command("curl").replace("http://127.0.0.1:8000", demo_live.url)
    result = await asyncio.to_thread(shell, line, demo_addresses, ARMGUARD_TOKEN=token)
    assert len(json.loads(result.stdout)["data"]["custodyRecords"]["edges"]) == 5


async def test_the_first_script(demo_addresses: Addresses, demo_live: Live) -> None:
    """What is out is printed page by page, and what is issued while it watches."""
    script = command("python examples/out").split()[1]
    token = await token_of_the_page(demo_addresses)
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, script, f"{demo_live.url}/graphql", "1"),
        cwd=ROOT,
        env={**os.environ, "ARMGUARD_TOKEN": token},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdout is not None
    assert running.stderr is not None
    lines: list[str] = []
    try:
        while not lines or lines[-1] != "Ready.":
            line = await asyncio.wait_for(running.stdout.readline(), 60)
            assert line, (await running.stderr.read()).decode()
            lines.append(line.decode().strip())
        count = int(next(line for line in lines if line.endswith("out. Watching...")).split()[0])
        assert len(lines) == count + 2
        armorer = await signed_in_as(demo_live, "armorer.north")
        assert (await armorer.issue("N-10002", "PVS-100001"))["__typename"] == "ItemsIssued"
        await armorer.http.aclose()
        assert "PVS-100001" in (await asyncio.wait_for(running.stdout.readline(), 60)).decode()
        assert await asyncio.wait_for(running.wait(), 60) == 0
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()


async def test_the_known_document(demo_addresses: Addresses, demo_live: Live) -> None:
    line = command(".venv/bin/armguard operations add")
    added = await asyncio.to_thread(shell, line, demo_addresses)
    assert added.returncode == 0, added.stderr
    client = Client(demo_live.url, await token_of_the_page(demo_addresses))
    document_id = f"sha256:{added.stdout.split()[0]}"
    asked = {"documentId": document_id, "variables": {"first": 5}}
    assert len((await client.http.post("/graphql", json=asked)).json()["data"]["custodyRecords"]["edges"]) == 5
    address = {"documentId": document_id, "variables": '{"first":5}'}
    assert len((await client.http.get("/graphql", params=address)).json()["data"]["custodyRecords"]["edges"]) == 5
    await client.http.aclose()


def test_the_scopes_are_those_that_there_are() -> None:
    from graph.words import TokenScope

    assert re.findall(r"^\| ([A-Z]+) \|", PAGE, re.MULTILINE) == [scope.value for scope in TokenScope]
