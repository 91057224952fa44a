"""What the README says works as written: its GraphQL over a real server with the demo's data, its commands in a real shell."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import typer

from graph.address import Addresses
from graph.cli import app
from tests.filling import filled_in, signed_in_as
from tests.server import Live, subscribe

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
LEGACY = ROOT / "tests" / "data" / "armguard-v2.sqlite3"


WHO_MAY_DRAW = ("CanIssue", "Relieve")
AT_THE_COUNTER = ("DrawForDuty", "ReturnInPart", "RefusedDraw", "Propose", "Approve", "DueSoon")


def blocks(language: str) -> list[str]:
    """The README's blocks of a language, in order."""
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```", README, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for block in found]


def commands(start: str) -> list[str]:
    """The README's command lines that begin so."""
    lines = [line.strip() for block in blocks("sh") for line in block.replace("\\\n", " ").splitlines()]
    return [line.split("  #")[0] for line in lines if line.startswith(start)]


def graphql(name: str, proposal: str = "") -> str:
    """The README's GraphQL document with this name, with what GraphiQL fills in."""
    (found,) = [block for block in blocks("graphql") if re.search(rf"^(query|mutation|subscription) {name}\b", block)]
    return filled_in(found, proposal)


def shell(line: str, at: Addresses, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command line of the README; `.venv/bin/armguard` is the one of this run."""
    line = line.replace(".venv/bin/armguard", f"{sys.executable} -m graph.cli")
    environment = {**os.environ, "ARMGUARD_DATABASE_URL": at.runtime, "ARMGUARD_OWNER_URL": at.owner, **more}
    return subprocess.run(["/bin/sh", "-c", line], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


def test_every_graphql_block_is_run_here() -> None:
    names = [re.match(r"(query|mutation|subscription) (\w+)", block) for block in blocks("graphql")]
    assert [name[2] for name in names if name] == ["Scan", "Issue", "Watch", "Again", "Return", *WHO_MAY_DRAW, *AT_THE_COUNTER]
    assert all(names)


async def test_who_may_draw_and_the_relief(demo_live: Live) -> None:
    client = await signed_in_as(demo_live, "armorer.north")
    reasons = (await client(graphql("CanIssue")))["canIssue"]["refusals"]
    assert [reason["code"] for reason in reasons] == ["PERSON_NOT_ELIGIBLE", "ARMS_BARRED", "LIMIT_EXCEEDED"]
    refused = (await client(graphql("Relieve")))["transferItems"]
    assert [refusal["code"] for refusal in refused["refusals"]] == ["NOT_ISSUED"]
    assert (await client(graphql("Issue")))["issueItems"]["__typename"] == "ItemsIssued"
    relieved = (await client(graphql("Relieve")))["transferItems"]
    assert [event["type"] for event in relieved["events"]] == ["ITEM_HANDED_OVER", "ITEM_TAKEN_OVER"]
    await client.http.aclose()


async def test_at_the_counter(demo_live: Live) -> None:
    armorer, officer = await signed_in_as(demo_live, "armorer.north"), await signed_in_as(demo_live, "officer.demo")
    (drawn,) = (await armorer(graphql("DrawForDuty")))["issueItems"]["records"]
    assert {line["lot"]["article"]: line["issued"] for line in drawn["lines"]} == {"MAG-G17": 4, "9MM-BALL": 42, "HOLSTER-G17": 1}
    (back,) = (await armorer(graphql("ReturnInPart")))["returnItems"]["records"]
    assert (back["roundsFired"], back["item"]["roundCount"]) == (12, 12)
    refused = (await armorer(graphql("RefusedDraw")))["issueItems"]["refusals"]
    assert [refusal["code"] for refusal in refused] == ["PERSON_NOT_ELIGIBLE", "ARMS_BARRED", "ITEM_NOT_ISSUABLE"]
    proposal = (await armorer(graphql("Propose")))["issueItems"]["proposal"]["id"]
    decided = (await officer(graphql("Approve", proposal)))["approveProposal"]
    assert (decided["proposal"]["decidedByName"], decided["records"][0]["issuedBy"]["username"]) == ("officer.demo", "armorer.north")
    assert (await armorer(graphql("DueSoon")))["issueItems"]["__typename"] == "ItemsIssued"
    await armorer.http.aclose()
    await officer.http.aclose()


async def test_the_walk(demo_live: Live) -> None:
    client = await signed_in_as(demo_live, "armorer.north")
    assert (await client(graphql("Scan")))["scan"]["openCustody"] is None
    async with demo_live.socket(None, client.token) as socket:
        feed = await subscribe(socket, graphql("Watch"))
        assert (await feed.next())["data"]["custodyFeed"]["event"] is None
        issued = (await client(graphql("Issue")))["issueItems"]
        assert issued["__typename"] == "ItemsIssued"
        event = (await feed.next())["data"]["custodyFeed"]["event"]
        assert (event["type"], event["item"]["serial"]) == ("ITEM_ISSUED", "M4-100001")
        again = (await client(graphql("Again")))["issueItems"]
        (refusal,) = again["refusals"]
        assert (refusal["code"], refusal["receiptNumber"]) == ("ITEM_NOT_AVAILABLE", issued["records"][0]["receiptNumber"])
        assert refusal["holder"] == issued["records"][0]["holder"]
        returned = (await client(graphql("Return")))["returnItems"]
        assert returned["records"][0]["item"] == {"serial": "M4-100001", "state": "IN_ROOM", "roundCount": 12}
        assert (await feed.next())["data"]["custodyFeed"]["event"]["type"] == "ITEM_RETURNED"
    await client.http.aclose()


def test_the_ledger_is_verified_and_a_row_broken_by_hand_is_refused(demo_addresses: Addresses, tmp_path: Path) -> None:
    verify, export = commands(".venv/bin/armguard ledger")
    assert "The chain is whole." in shell(verify, demo_addresses).stdout
    done = shell(export.replace("ledger.jsonl", str(tmp_path / "ledger.jsonl")), demo_addresses)
    assert "The chain is whole." in done.stdout
    broken = [shell(line, demo_addresses) for line in commands(".venv/bin/armguard psql")]
    assert [result.returncode != 0 for result in broken] == [True] * 3
    assert [result.stderr.strip().splitlines()[-1] for result in broken] == [
        "ERROR:  The ledger is append-only.",
        "ERROR:  Nothing is ever deleted from custody_record.",
        "ERROR:  A change of item needs its event in the same transaction.",
    ]
    assert "The chain is whole." in shell(verify, demo_addresses).stdout


@pytest.mark.skipif(subprocess.run(["which", "curl"], capture_output=True).returncode != 0, reason="curl is not installed")
async def test_the_first_script(demo_addresses: Addresses, demo_live: Live) -> None:
    import asyncio

    (token_line,) = commands("TOKEN=")
    query, follow = [curl.replace("http://127.0.0.1:8000", demo_live.url) for curl in commands("curl")]
    result = await asyncio.to_thread(shell, f"{token_line}\n{query}", demo_addresses)
    edges: list[Any] = json.loads(result.stdout)["data"]["armories"]["edges"]
    assert [edge["node"]["code"] for edge in edges] == ["NORTH"]
    stream = await asyncio.to_thread(shell, f"{token_line}\n{follow} --max-time 5", demo_addresses)
    assert 'data: {"data":{"custodyFeed":{"cursor":' in stream.stdout


def test_an_own_arms_room_and_the_import(empty: Addresses) -> None:
    (create,) = commands(".venv/bin/armguard armory create")
    assert shell(create, empty).returncode == 0
    for account in commands(".venv/bin/armguard account create"):
        made = shell(f"echo 'a long enough password' | {account} --password-stdin", empty)
        assert made.returncode == 0, made.stderr
    dry, real = [line.replace("armguard-v2.sqlite3", str(LEGACY)) for line in commands(".venv/bin/armguard import-legacy")]
    assert "This was a dry run" in shell(dry, empty).stdout
    assert "1603 rows written." in shell(real, empty).stdout
    assert "0 rows written." in shell(real, empty).stdout


def block_with(text: str) -> str:
    """The README's block of shell commands that has this in it."""
    (found,) = [block for block in blocks("sh") if text in block]
    return found


def test_an_account_from_the_first_day_to_the_last(empty: Addresses) -> None:
    assert shell(commands(".venv/bin/armguard armory create")[0], empty).returncode == 0
    lines = [line for line in block_with("account change").splitlines() if line]
    assert [line.split()[2] for line in lines] == ["create", "change", "list", "password", "sign-out", "disable", "enable"]
    for number, line in enumerate(lines):
        command = line.split("  #")[0]
        asked = f"echo 'a password for day {number}' | {command} --password-stdin" if line.split()[2] in ("create", "password") else command
        done = shell(asked, empty)
        assert done.returncode == 0, (line, done.stderr)


def test_a_token_from_the_first_day_to_the_last(demo_addresses: Addresses) -> None:
    done = shell("set -e\n" + block_with("token rotate"), demo_addresses)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("armg_") == 2
    assert "Tokens board of viewer.demo revoked: 2." in done.stdout


def test_a_server_is_closed_to_all_but_known_documents(demo_addresses: Addresses) -> None:
    done = shell("set -e\n" + block_with("operations list"), demo_addresses)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 are known" in done.stdout


def test_every_command_is_named() -> None:
    (named,) = re.findall(r"### The `armguard` command\n\n(.*?)\. Each has", README, re.DOTALL)
    words = {" ".join((group, word)).strip() for found in re.findall(r"`(.*?)`", named) for group, word in _each(found)}
    assert words == set(_commands_of(app, ""))


def _each(found: str) -> list[tuple[str, str]]:
    group, _, words = found.partition(" ")
    return [(group, word) for word in words.split("|")]


def _commands_of(group: typer.Typer, name: str) -> list[str]:
    own = [each.name or each.callback.__name__ for each in group.registered_commands if each.callback]
    below = [
        command for each in group.registered_groups if each.typer_instance for command in _commands_of(each.typer_instance, each.name or "")
    ]
    return [f"{name} {command}".strip() for command in own] + below


def test_every_file_and_page_that_the_readme_names_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert [link for link in links if not link.startswith("http") and not (ROOT / link).exists()] == []


def test_every_setting_that_the_readme_names_is_one() -> None:
    from graph.cli.config import NOT_SETTINGS
    from graph.settings import Settings

    named = set(re.findall(r"ARMGUARD_([A-Z_]+)", README)) - NOT_SETTINGS
    assert {name.lower() for name in named} <= set(Settings.model_fields)
