"""The `armguard` command, as somebody at the server's console runs it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import httpx
import pytest

from graph.audit.verify import Report
from graph.cli.ledger import _verify_database
from graph.settings import Settings
from tests.server import Live, running_server
from tests.world import PASSWORD

COMMANDS = (
    (),
    ("serve",),
    ("watch",),
    ("demo",),
    ("migrate",),
    ("schema",),
    ("import-legacy",),
    ("armory", "create"),
    ("account", "create"),
    ("account", "list"),
    ("account", "change"),
    ("account", "disable"),
    ("account", "enable"),
    ("account", "password"),
    ("account", "sign-out"),
    ("account", "remove-second-factor"),
    ("token", "create"),
    ("token", "list"),
    ("token", "rotate"),
    ("token", "revoke"),
    ("operations", "add"),
    ("operations", "list"),
    ("operations", "retire"),
    ("config", "check"),
    ("ledger", "export"),
    ("ledger", "verify"),
)
LEGACY = Path(__file__).parent / "data" / "armguard-v2.sqlite3"


def armguard(*words: str, url: str = "", stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own."""
    environment = {**os.environ, "ARMGUARD_DATABASE_URL": url, "COLUMNS": "120", "NO_COLOR": "1", **more}
    return subprocess.run(
        [sys.executable, "-m", "graph.cli", *words], input=stdin, capture_output=True, text=True, timeout=120, env=environment
    )


def done(*words: str, url: str = "", stdin: str = "", **more: str) -> str:
    """What the command printed; it must have succeeded."""
    result = armguard(*words, url=url, stdin=stdin, **more)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_help_that_says_what_it_does(words: tuple[str, ...]) -> None:
    text = done(*words, "--help")
    assert "Usage" in text
    assert len(text.split()) > 10


def test_an_account_is_created_listed_and_disabled(database_url: str) -> None:
    done(
        "account",
        "create",
        "new.armorer",
        "--role",
        "ARMORER",
        "--armory",
        "NORTH",
        "--password-stdin",
        url=database_url,
        stdin=PASSWORD + "\n",
    )
    listed = {row["username"]: row for row in json.loads(done("account", "list", "--json", url=database_url))}
    assert listed["new.armorer"]["state"] == "ACTIVE"
    assert listed["new.armorer"]["roles"] == ["ARMORER"]
    done("account", "disable", "new.armorer", "--reason", "left", url=database_url)
    assert "DISABLED" in done("account", "list", url=database_url)
    again = armguard("account", "disable", "new.armorer", "--reason", "left", url=database_url)
    assert again.returncode == 1
    assert again.stderr.strip().splitlines()[-1] == "Refused: The account new.armorer is disabled already."


def test_a_short_password_is_refused_and_nothing_is_written(database_url: str) -> None:
    words = ("account", "create", "x", "--role", "VIEWER", "--all-armories", "--password-stdin")
    refused = armguard(*words, url=database_url, stdin="short\n")
    assert refused.returncode == 1
    assert "12 characters" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert '"x"' not in done("account", "list", "--json", url=database_url)


async def test_a_new_token_is_printed_alone_and_works(database_url: str, settings: Settings) -> None:
    token = done("token", "create", "--account", "auditor", url=database_url).strip()
    assert token.startswith("armg_")
    async with running_server(database_url, settings) as server, httpx.AsyncClient() as client:
        headers = {"authorization": f"Bearer {token}"}
        answer = await client.post(f"{server.url}/graphql", json={"query": "{ viewer { username } }"}, headers=headers)
    assert answer.json()["data"]["viewer"]["username"] == "auditor"


def no(*words: str, url: str = "", stdin: str = "") -> str:
    """What the command said when it did nothing, in one line; its exit code is 1."""
    result = armguard(*words, url=url, stdin=stdin)
    assert (result.returncode, result.stdout) == (1, ""), result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    return result.stderr.strip().splitlines()[-1]


def test_the_help_says_what_each_role_and_each_scope_is_for() -> None:
    told = " ".join(done("account", "create", "--help").split())
    for role in ("VIEWER reads", "ARMORER issues and takes back", "ADMIN keeps the accounts"):
        assert role in told.replace("│ ", ""), told
    assert "ISSUE" in done("token", "create", "--help").upper()


def test_an_account_is_changed_given_a_password_signed_out_and_enabled_at_the_console(database_url: str) -> None:
    def account(*words: str, stdin: str = "") -> str:
        return done("account", *words, url=database_url, stdin=stdin).strip()

    changed = account("change", "north", "--role", "ARMORER", "--role", "COMMANDER", "--unit", "n-sq", "--armory", "south")
    assert changed == "Account north changed."
    (north,) = [row for row in json.loads(account("list", "--json")) if row["username"] == "north"]
    assert north == {
        "username": "north",
        "roles": ["ARMORER", "COMMANDER"],
        "state": "ACTIVE",
        "armories": "SOUTH, those of N-SQ and below",
    }
    assert account("sign-out", "north") == "Sign-ins of north that were open and have ended: 1."
    assert account("sign-out", "north") == "Sign-ins of north that were open and have ended: 0."
    assert account("password", "north", "--password-stdin", "--must-change", stdin=PASSWORD + "\n") == "Account north has a new password."
    assert account("disable", "north", "--reason", "left", "--json") == '{"username": "north", "state": "DISABLED"}'
    assert account("enable", "north", "--reason", "came back") == "Account north enabled."


def test_what_is_refused_at_the_console_is_one_line_and_exit_code_1(database_url: str) -> None:
    def refused(*words: str, stdin: str = "") -> str:
        return no(*words, url=database_url, stdin=stdin)

    said = {
        ("account", "change", "north", "--role", "VIEWER", "--role", "ADMIN", "--role", "ARMORER"): "Refused: An administrator has no",
        ("account", "disable", "admin", "--reason", "by mistake"): "Refused: admin is the last administrator",
        ("account", "disable", "north", "--reason", " "): "reason is empty.",
        ("account", "remove-second-factor", "north", "--reason", "lost"): "Refused: The account north has no second factor.",
        ("account", "create", "two words", "--role", "VIEWER", "--armory", "NORTH", "--password-stdin"): "Refused: A username is made of",
        ("account", "password", "north"): "There is no terminal to ask for the password: use --password-stdin.",
        ("token", "create", "--account", "north", "--name", "n" * 65): "name has at most 64 characters.",
        ("token", "revoke", "--account", "north", "--name", "none"): "Refused: The account north has no token none that is good.",
        ("token", "rotate", "00000000-0000-0000-0000-000000000001"): "Refused: There is no such token that is good",
    }
    for words, beginning in said.items():
        assert refused(*words, stdin=PASSWORD + "\n").startswith(beginning), words
    assert armguard("account", "disable", "north", url=database_url).returncode == 2  # the command is not written so


async def test_a_token_is_listed_rotated_and_revoked_at_the_console(database_url: str, settings: Settings) -> None:
    def token(*words: str) -> str:
        return done("token", *words, url=database_url).strip()

    words = ("create", "--account", "auditor", "--name", "nightly", "--scope", "read", "--armory", "NORTH", "--days", "30", "--json")
    old = json.loads(token(*words))
    new = json.loads(token("rotate", old["id"], "--overlap-hours", "1", "--json"))
    async with running_server(database_url, settings) as server, httpx.AsyncClient() as client:
        for each in (old, new):
            headers = {"authorization": f"Bearer {each['token']}"}
            body = {"query": "{ viewer { token tokenScopes } }"}
            answer = await client.post(f"{server.url}/graphql", json=body, headers=headers)
            assert answer.json()["data"]["viewer"] == {"token": "nightly", "tokenScopes": ["READ"]}
    listed = {row["id"]: row for row in json.loads(token("list", "--json"))}
    assert listed[old["id"]]["goodUntil"] is not None
    assert listed[new["id"]]["goodUntil"] is None
    assert all(listed[each["id"]]["lastUsedAt"] for each in (old, new))
    assert not any(each["token"] in json.dumps(listed) for each in (old, new))
    assert new["id"] in token("list")
    assert token("revoke", "--account", "auditor", "--name", "nightly") == "Tokens nightly of auditor revoked: 2."
    listed = {row["id"]: row for row in json.loads(token("list", "--json"))}
    assert all(listed[each["id"]]["revokedAt"] for each in (old, new))


def test_the_ledger_is_exported_and_verified_online_and_offline(database_url: str, tmp_path: Path) -> None:
    file, checkpoint = tmp_path / "ledger.jsonl", tmp_path / "heads.json"
    done("ledger", "export", str(file), url=database_url)
    online = done("ledger", "verify", "--json", url=database_url)
    checkpoint.write_text(online)
    offline = json.loads(done("ledger", "verify", str(file), "--json", "--checkpoint", str(checkpoint)))
    assert offline["whole"]
    assert offline["heads"] == json.loads(online)["heads"]
    assert "cannot show" in offline["limit"]

    lines = file.read_text().splitlines()
    bad = json.loads(lines[3])
    bad["actor_name"] = "somebody else"
    file.write_text("\n".join([*lines[:3], json.dumps(bad), *lines[4:]]) + "\n")
    broken = armguard("ledger", "verify", str(file))
    assert broken.returncode == 1
    assert f"stream registry, event 4 {bad['event_id']}" in broken.stdout

    file.write_text("\n".join(lines[:-2]) + "\n")
    assert armguard("ledger", "verify", str(file)).returncode == 0
    cut = armguard("ledger", "verify", str(file), "--checkpoint", str(checkpoint))
    assert cut.returncode == 1
    assert "the ledger ends before this one" in cut.stdout


@pytest.mark.parametrize("content", ["not json\n", "[]\n", '{"seq": 1}\n'])
def test_a_file_that_is_no_ledger_is_said_to_be_none(tmp_path: Path, content: str) -> None:
    file = tmp_path / "other"
    file.write_text(content)
    result = armguard("ledger", "verify", str(file))
    assert result.returncode == 1
    assert "Traceback" not in result.stderr


def test_a_row_changed_behind_the_ledgers_back_is_found(database_url: str, owner_url: str) -> None:
    by_hand(owner_url, "ALTER TABLE item DISABLE TRIGGER ALL; UPDATE item SET rack = 'elsewhere' WHERE serial = 'M4-001'")
    result = armguard("ledger", "verify", url=database_url)
    assert result.returncode == 1
    assert "differs in rack" in result.stdout


def test_an_event_forged_beyond_the_head_is_found(database_url: str, owner_url: str) -> None:
    columns = (
        "stream, seq + 1000, type, subject, subject_id, item_id, person_id, payload, actor_kind, actor_id, actor_name, credential_id, "
        "witness_id, request_id, transaction, effective_at, recorded_at, corrects, previous_hash, hash"
    )
    copied = f"SELECT gen_random_uuid(), {columns} FROM ledger_event WHERE stream = 'registry' AND seq = 1"
    forge = f"ALTER TABLE ledger_event DISABLE TRIGGER ALL; INSERT INTO ledger_event {copied}"
    by_hand(owner_url, forge)
    result = armguard("ledger", "verify", url=database_url)
    assert result.returncode == 1
    assert "event 1001 of registry" in result.stdout


def by_hand(url: str, statements: str) -> None:
    """What somebody with the superuser's password does."""

    async def run() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(statements)
        await connection.close()

    asyncio.run(run())


def test_the_old_system_is_imported_as_the_readme_says(empty_url: str) -> None:
    done("armory", "create", "HOME", "--name", "Home arms room", "--unit", "BASE", "--timezone", "Asia/Manila", url=empty_url)
    words = ("import-legacy", str(LEGACY), "--armory", "HOME")
    dry = json.loads(done(*words, "--dry-run", "--json", url=empty_url))
    real = json.loads(done(*words, "--json", url=empty_url))
    assert dry["decisions"] == real["decisions"]
    assert "0 rows written." in done(*words, url=empty_url)
    assert json.loads(done("ledger", "verify", "--json", url=empty_url))["whole"]


def test_migrating_twice_does_it_once(empty_url: str) -> None:
    assert json.loads(done("migrate", "--json", url=empty_url)) == {"applied": []}
    assert done("migrate", url=empty_url).strip() == "The database is up to date."


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"ARMGUARD_PORT": "seventy"}, "ARMGUARD_PORT"),
        ({"ARMGUARD_DATABASE_URL": "mysql://localhost/x"}, "postgresql://"),
        ({"ARMGUARD_DATABASE_URL": "postgres://u:secret@127.0.0.1:1/x"}, "127.0.0.1:1"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(environment: dict[str, str], said: str) -> None:
    result = armguard("migrate", **environment)
    assert result.returncode == 1
    (line,) = result.stderr.strip().splitlines()
    assert said in line
    assert "secret" not in line


async def _busy(live: Live, over: asyncio.Event, *serials: str) -> int:
    """Issue and take back, one of them after another, until it is over; how often."""
    count, armorers = 0, live.as_("north")
    while not over.is_set():
        for answer in (await armorers.issue("S-001", *serials), await armorers.give_back(*serials)):
            assert len(answer["events"]) == 2
            count += 1
    return count


async def _verified_while_busy(live: Live, times: int) -> list[tuple[Report, list[str]]]:
    over = asyncio.Event()
    async with asyncio.TaskGroup() as writers:
        busy = [writers.create_task(_busy(live, over, f"PVS-{n:03}", f"PVS-{n + 1:03}")) for n in (1, 3, 5, 7)]
        try:
            await asyncio.sleep(0.1)
            found = [await _verify_database({}) for _ in range(times)]
        finally:
            over.set()
    assert sum(each.result() for each in busy) > 4
    return found


async def test_the_database_is_verified_exactly_while_others_write(live: Live) -> None:
    for report, differences in await _verified_while_busy(live, 25):
        assert report.whole, report.faults
        assert differences == []


async def test_a_row_changed_behind_the_ledgers_back_is_found_while_others_write(
    database_url: str, owner_url: str, settings: Settings
) -> None:
    connection = await asyncpg.connect(owner_url)
    await connection.execute("ALTER TABLE item DISABLE TRIGGER ALL")
    await connection.execute("UPDATE item SET rack = 'elsewhere' WHERE serial = 'M4-001'")
    await connection.execute("ALTER TABLE item ENABLE TRIGGER ALL")
    await connection.close()
    async with running_server(database_url, settings) as live:
        for report, differences in await _verified_while_busy(live, 10):
            assert report.whole, report.faults
            (difference,) = differences
            assert difference.endswith("differs in rack")


@pytest.mark.parametrize("payload", ['{"unit": []}', '{"unit": {"id": []}}', '{"unit": 7}', '{"summary": "x"}'])
def test_an_event_with_another_payload_is_one_that_does_not_follow(database_url: str, owner_url: str, payload: str) -> None:
    first = "(SELECT min(seq) FROM ledger_event WHERE stream = 'registry' AND type = 'UNIT_REGISTERED')"
    forge = f"UPDATE ledger_event SET payload = '{payload}' WHERE stream = 'registry' AND seq = {first}"
    by_hand(owner_url, f"ALTER TABLE ledger_event DISABLE TRIGGER ALL; {forge}")
    result = armguard("ledger", "verify", url=database_url)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "of registry does not follow from those before it" in result.stdout
