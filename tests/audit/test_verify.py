"""A ledger that somebody changed, as a superuser with the guards off or in the exported file: what is found, and what is not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from graph.audit.actor import Actor, acting
from graph.audit.canonical import FIELDS, GENESIS, canonical_text, event_hash
from graph.audit.ledger import export_events, read_heads, stray_events
from graph.audit.verify import NULLABLE, Report, Verifier, verify
from graph.commands.custody import IssueItems, IssueLine, issue_items
from graph.commands.references import ItemRef, PersonRef
from graph.commands.returns import ReturnItems, ReturnLine, return_items
from graph.words import ActorKind, Role
from tests.world import made

DOCUMENT = Path(__file__).parents[2] / "docs" / "ledger.md"
Heads = dict[str, tuple[int, str]]
Events = list[dict[str, Any]]


@dataclass(frozen=True)
class Book:
    """The ledger of SOUTH after a busy morning: its stream, its events, and one of them in the middle that somebody will want to change."""

    stream: str
    events: Events
    heads: Heads
    victim: dict[str, Any]
    sql: Any

    @property
    def seq(self) -> int:
        """The victim's place."""
        seq: int = self.victim["seq"]
        return seq

    async def read(self) -> Events:
        """The stream as it is exported now."""
        return [event async for event in export_events([self.stream])]

    async def verified(self, checkpoint: Heads | None = None) -> Report:
        """The stream as the database has it now, checked against its own head."""
        heads = {stream: head for stream, head in (await read_heads()).items() if stream == self.stream}
        return verify(await self.read(), heads, checkpoint)

    async def hand(self, statement: str, *values: Any) -> None:
        """Change the table by hand."""
        await self.sql.execute(statement, *values)


@pytest.fixture
async def book(opened: str, plain_sql: Any) -> Book:
    """SOUTH issues three carbines and takes two back; then a superuser takes the guards off, the checks and keys too."""
    row = await plain_sql.fetchrow(
        "SELECT a.id, t.id AS token, a.armories FROM account a JOIN api_token t ON t.account_id = a.id WHERE username = 'south'"
    )
    with acting(Actor(ActorKind.ACCOUNT, "south", row["id"], row["token"], frozenset({Role.ARMORER}), frozenset(row["armories"]))):
        for number in (1, 2, 3):
            lines = (IssueLine(ItemRef(serial=f"M4-10{number}")),)
            await made(issue_items(IssueItems(uuid4(), PersonRef(service_number=f"S-00{number}"), lines, note="für die Wache – 🔑 Peña")))
        for number in (1, 2):
            await made(return_items(ReturnItems(uuid4(), (ReturnLine(ItemRef(serial=f"M4-10{number}"), rounds_fired=30),))))
    (stream,) = map(str, row["armories"])
    events = [event async for event in export_events([stream])]
    heads = {stream: (await read_heads())[stream]}
    assert verify(events, heads).whole
    (victim,) = [event for event in events if event["type"] == "ITEM_ISSUED" and '"M4-102"' in event["payload"]]
    for table in ("ledger_event", "stream_head"):
        await plain_sql.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    names = await plain_sql.fetch(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'ledger_event'::regclass AND contype <> 'n' AND conname <> 'ledger_seq'"
    )
    for name in names:
        await plain_sql.execute(f"ALTER TABLE ledger_event DROP CONSTRAINT {name['conname']} CASCADE")
    for name in FIELDS:
        await plain_sql.execute(f"ALTER TABLE ledger_event ALTER COLUMN {name} DROP NOT NULL")
    return Book(stream, events, heads, victim, plain_sql)


def only_fault(report: Report) -> tuple[int, str]:
    """The place and the id of the one event that is said to be bad."""
    (fault,) = report.faults
    return fault.seq, fault.event_id


# ----------------------------------------------------------------------- each stored byte, in the database and in the file

UUID_CHANGES = [
    f"(translate(left({{0}}::text, {n}), '0123456789abcdef', '123456789abcdef0') || substr({{0}}::text, {n} + 1))::uuid" for n in (1, 8, 36)
]
TEXT_CHANGES = [
    *("{0} || ' '", "' ' || {0}", "left({0}, -1)", "substr({0}, 2)", "''", "lower({0}) || 'x'", "reverse({0})"),
    *(f"overlay({{0}} placing '~' from 1 + (length({{0}}) - 1) * {part} / 4)" for part in range(5)),
]
NUMBER_CHANGES = ["{0} + 1", "{0} - 1", "{0} * 2"]
TIME_CHANGES = ["{0} + interval '1 microsecond'", "{0} - interval '1 microsecond'", "{0} + interval '1 day'", "date_trunc('day', {0})"]
BYTE_CHANGES = [f"set_byte({{0}}, {place}, get_byte({{0}}, {place}) # 1)" for place in range(32)] + [
    "left({0}::text, 0)::bytea",
    "{0} || '\\x00'",
]
CHANGES: dict[str, list[str]] = {
    "stream": [],
    "seq": [],
    "event_id": UUID_CHANGES,
    "type": ["'ITEM_RETURNED'", *TEXT_CHANGES],
    "subject": ["'ITEM'", *TEXT_CHANGES],
    "subject_id": UUID_CHANGES,
    "item_id": [*UUID_CHANGES, "NULL"],
    "person_id": [*UUID_CHANGES, "NULL"],
    "payload": [
        *TEXT_CHANGES,
        "{0}::jsonb::text",
        "normalize({0}, NFD)",
        "replace({0}, 'M4-102', 'M4-103')",
        "replace({0}, 'null', '\"\"')",
    ],
    "actor_kind": ["'CONSOLE'", *TEXT_CHANGES],
    "actor_id": [*UUID_CHANGES, "NULL"],
    "actor_name": ["'north'", *TEXT_CHANGES],
    "credential_id": [*UUID_CHANGES, "NULL"],
    "witness_id": ["gen_random_uuid()", "subject_id"],
    "request_id": [*UUID_CHANGES, "NULL"],
    "transaction": NUMBER_CHANGES,
    "effective_at": TIME_CHANGES,
    "recorded_at": TIME_CHANGES,
    "corrects": ["gen_random_uuid()", "event_id"],
    "previous_hash": BYTE_CHANGES,
    "hash": BYTE_CHANGES,
}


@pytest.mark.parametrize("column", [name for name, changes in CHANGES.items() if changes])
async def test_inv_15_a_change_of_any_stored_field_is_found_at_its_event(book: Book, column: str) -> None:
    assert set(CHANGES) == {*FIELDS, "hash"}
    await book.hand("CREATE TABLE kept AS SELECT * FROM ledger_event WHERE event_id = $1::text::uuid", book.victim["event_id"])
    for change in CHANGES[column]:
        where = f"stream = '{book.stream}' AND seq = {book.seq}"
        await book.hand(f"UPDATE ledger_event SET {column} = {change.format(column)} WHERE {where}")
        seq, event_id = only_fault(await book.verified())
        assert (seq, event_id == book.victim["event_id"]) == (book.seq, column != "event_id"), change
        await book.hand(f"UPDATE ledger_event e SET {column} = kept.{column} FROM kept WHERE e.{where.replace(' seq', ' e.seq')}")
    assert (await book.verified()).whole


@pytest.mark.parametrize("column", sorted({*FIELDS, "hash"} - NULLABLE - {"event_id", "seq", "stream"}))
async def test_inv_15_a_field_that_was_emptied_is_found_at_its_event(book: Book, column: str) -> None:
    index = next(place for place, event in enumerate(book.events) if event is book.victim)
    emptied: Events = [*book.events[:index], {**book.victim, column: None}, *book.events[index + 1 :]]
    assert only_fault(verify(emptied)) == (book.seq, book.victim["event_id"])


@pytest.mark.parametrize("step", [1, -1, 1000])
async def test_inv_15_a_changed_place_is_found_at_the_event_that_is_not_there(book: Book, step: int) -> None:
    await book.hand(f"UPDATE ledger_event SET seq = seq + {step} WHERE stream = $1 AND seq = $2", book.stream, book.seq)
    found, _ = only_fault(await book.verified())
    assert found == (book.seq if step > 0 else book.seq - 1) or (step < 0 and found == book.seq)


async def test_inv_15_an_event_moved_to_another_stream_is_found_where_it_is_gone(book: Book) -> None:
    await book.hand("UPDATE ledger_event SET stream = 'registry' WHERE stream = $1 AND seq = $2", book.stream, book.seq)
    assert only_fault(await book.verified())[0] == book.seq
    registry = [event async for event in export_events(["registry"])]
    assert only_fault(verify(registry))[0] in (book.seq, book.seq + 1)


@pytest.mark.parametrize("bit", [0x01, 0x20, 0x80])
async def test_inv_15_every_single_byte_of_an_exported_event_that_is_changed_is_found(book: Book, bit: int) -> None:
    """Each byte of the line in turn: it is no line of an export any more, or the verification names just this event."""
    text = json.dumps(book.victim, ensure_ascii=False).encode()
    checked = Verifier()
    for event in book.events[: book.seq - 1]:
        checked.take(event)
    head = checked.report.heads[book.stream]
    found = 0
    for place in range(len(text)):
        changed = bytearray(text)
        changed[place] ^= bit
        try:
            event = json.loads(changed)
        except ValueError:
            continue
        assert event != book.victim
        after = Verifier()
        after.report.heads[book.stream] = head
        after.take({**event, "stream": book.stream} if "stream" not in event else event)
        if event.get("stream") == book.stream:
            assert only_fault(after.report)[0] == book.seq, (place, changed)
        else:  # taken for the first event of a stream that there is not
            assert not after.report.whole
        found += 1
    assert found > len(text) / 3 or bit == 0x80


@pytest.mark.parametrize("name", sorted({*FIELDS, "hash"}))
async def test_inv_15_a_field_of_another_kind_or_gone_is_found_and_breaks_nothing(book: Book, name: str) -> None:
    right = book.victim[name]
    kinds: list[Any] = [1, 1.5, True, [], {}, ["x"], "", str(right), None]
    for value in (kind for kind in kinds if type(kind) is not type(right) or kind != right):
        event = {**book.victim, name: value}
        event = event if name == "hash" else {**event, "hash": event_hash(event)}
        assert not verify([*book.events[: book.seq - 1], event, *book.events[book.seq :]]).whole, value
    without = {key: value for key, value in book.victim.items() if key != name}
    assert not verify([*book.events[: book.seq - 1], without, *book.events[book.seq :]]).whole


async def test_inv_15_what_the_hash_does_not_cover_has_no_place_in_an_event(book: Book) -> None:
    more = {**book.victim, "remark": "approved by the commander"}
    assert only_fault(verify([*book.events[: book.seq - 1], more, *book.events[book.seq :]])) == (book.seq, book.victim["event_id"])


async def test_inv_15_an_event_that_takes_effect_after_it_was_recorded_is_found_even_with_a_right_hash(book: Book) -> None:
    late = {**book.events[-1], "effective_at": "2999-01-01T00:00:00.000000Z"}
    late["hash"] = event_hash(late)
    assert only_fault(verify([*book.events[:-1], late])) == (late["seq"], late["event_id"])


# ----------------------------------------------------------------------------------------- gone, swapped, doubled, cut off


async def test_inv_15_a_deleted_event_is_found_at_its_place(book: Book) -> None:
    for seq in (1, book.seq):
        await book.hand("DELETE FROM ledger_event WHERE stream = $1 AND seq = $2", book.stream, seq)
        assert only_fault(await book.verified())[0] == seq
        await book.hand("UPDATE ledger_event SET seq = seq - 1 WHERE stream = $1 AND seq > $2", book.stream, seq)
        assert only_fault(await book.verified())[0] == seq  # closing the gap does not help
        await book.hand("UPDATE ledger_event SET seq = seq + 1 WHERE stream = $1 AND seq >= $2", book.stream, seq)
        rows = [event for event in book.events if event["seq"] == seq]
        await put_back(book, rows[0])
    assert (await book.verified()).whole


async def put_back(book: Book, event: dict[str, Any]) -> None:
    """Insert an exported event as it was."""
    hashes = {name: f"\\x{event[name]}" for name in ("previous_hash", "hash")}
    columns = ", ".join(event)
    await book.hand(
        f"INSERT INTO ledger_event ({columns}) SELECT {columns} FROM jsonb_populate_record(NULL::ledger_event, $1::jsonb)",
        json.dumps({**event, **hashes}),
    )


async def test_inv_15_two_swapped_events_are_found_at_the_first(book: Book) -> None:
    await book.hand(
        "UPDATE ledger_event SET seq = 2 * $2::bigint + 1 - seq WHERE stream = $1 AND seq - $2::bigint IN (0, 1)",
        book.stream,
        book.seq,
    )
    assert only_fault(await book.verified())[0] == book.seq


async def test_inv_15_a_doubled_event_is_found_at_the_second(book: Book) -> None:
    doubled = [*book.events[: book.seq], book.victim, *book.events[book.seq :]]
    assert only_fault(verify(doubled)) == (book.seq + 1, book.victim["event_id"])
    again = {**book.victim, "seq": book.seq + 1}
    assert only_fault(verify([*book.events[: book.seq], again, *book.events[book.seq :]])) == (book.seq + 1, book.victim["event_id"])


async def test_inv_15_a_forged_event_after_the_last_is_found_by_the_head(book: Book) -> None:
    forged = {**book.victim, "seq": len(book.events) + 1, "previous_hash": book.events[-1]["hash"]}
    forged["hash"] = event_hash(forged)
    assert verify([*book.events, forged]).whole
    assert only_fault(verify([*book.events, forged], book.heads))[0] == forged["seq"]


async def test_inv_15_a_tail_that_was_cut_off_is_found_by_the_head(book: Book) -> None:
    last = len(book.events)
    await book.hand("DELETE FROM ledger_event WHERE stream = $1 AND seq > $2", book.stream, last - 3)
    assert only_fault(await book.verified())[0] == last - 2


async def test_inv_15_a_tail_cut_off_with_its_head_is_found_only_with_a_checkpoint(book: Book) -> None:
    last = len(book.events)
    await book.hand("DELETE FROM ledger_event WHERE stream = $1 AND seq > $2", book.stream, last - 3)
    head = book.events[last - 4]
    await book.hand("UPDATE stream_head SET seq = $2, hash = $3 WHERE stream = $1", book.stream, head["seq"], bytes.fromhex(head["hash"]))
    assert (await book.verified()).whole  # the chain alone cannot show it
    assert only_fault(await book.verified(checkpoint=book.heads))[0] == last - 2


async def test_inv_15_a_tail_rewritten_with_right_hashes_is_found_only_with_a_checkpoint(book: Book) -> None:
    await book.hand(
        "UPDATE ledger_event SET payload = replace(payload, 'M4-102', 'M4-105') WHERE stream = $1 AND seq = $2", book.stream, book.seq
    )
    for seq in range(book.seq, len(book.events) + 1):
        await book.hand(
            "UPDATE ledger_event e SET previous_hash = p.hash FROM ledger_event p WHERE e.stream = $1 AND p.stream = $1 AND e.seq = $2 "
            "AND p.seq = e.seq - 1",
            *(book.stream, seq),
        )
        await book.hand(
            "UPDATE ledger_event e SET hash = sha256(convert_to(armguard_canonical(e), 'UTF8')) WHERE stream = $1 AND seq = $2",
            book.stream,
            seq,
        )
    await book.hand(
        "UPDATE stream_head h SET hash = e.hash FROM ledger_event e WHERE h.stream = $1 AND e.stream = h.stream AND e.seq = h.seq",
        book.stream,
    )
    assert (await book.verified()).whole  # the chain alone cannot show it
    report = await book.verified(checkpoint=book.heads)
    assert only_fault(report)[0] == len(book.events)
    assert "rewritten" in report.faults[0].what


async def test_inv_15_a_checkpoint_of_an_earlier_day_is_no_fault_of_a_ledger_that_went_on(book: Book) -> None:
    early = book.events[book.seq]
    assert (await book.verified(checkpoint={book.stream: (early["seq"], early["hash"])})).whole


async def test_inv_15_a_stream_that_is_gone_whole_is_found_only_with_a_checkpoint(book: Book) -> None:
    assert verify([]).whole
    assert only_fault(verify([], checkpoint=book.heads)) == (1, "")


async def test_inv_15_events_hidden_outside_of_every_stream_are_found(book: Book) -> None:
    """The export goes up to the heads: what lies beyond one, or in a stream that there is not, must not stay unseen."""
    assert await stray_events() == []
    beyond = {**book.victim, "event_id": str(uuid4()), "seq": len(book.events) + 1}
    elsewhere = {**book.victim, "event_id": str(uuid4()), "stream": "elsewhere", "seq": 1}
    await put_back(book, beyond)
    await put_back(book, elsewhere)
    assert (await book.verified()).whole
    found = await stray_events()
    assert len(found) == 2
    assert any(beyond["event_id"] in line for line in found)
    assert any("elsewhere" in line for line in found)


async def test_inv_15_a_summary_that_is_not_the_payloads_is_found(book: Book) -> None:
    """What a page shows of an event is kept beside its payload: a false one would be read, and no hash covers it."""
    change = "UPDATE ledger_event SET summary = $3 WHERE stream = $1 AND seq = $2"
    await book.hand(change, book.stream, book.seq, "M4-102 was never here.")
    await book.hand(change, book.stream, book.seq + 1, "")
    assert (await book.verified()).whole
    found = await stray_events()
    assert len(found) == 2
    assert all("false summary" in line for line in found)


async def test_inv_15_no_event_hides_before_the_first_even_with_the_triggers_off(book: Book) -> None:
    with pytest.raises(Exception, match="ledger_seq"):
        await put_back(book, {**book.victim, "event_id": str(uuid4()), "seq": 0})


async def test_a_fault_of_one_stream_does_not_hide_that_of_another(book: Book) -> None:
    other = [event async for event in export_events(["registry"])]
    broken = [{**event, "actor_name": "x"} if event["seq"] == 3 else event for event in (*other, *book.events)]
    report = verify(broken)
    assert {(fault.stream, fault.seq) for fault in report.faults} == {("registry", 3), (book.stream, 3)}
    assert report.events == len(broken)


# --------------------------------------------------------------------------------- the stranger's check, from the document


def block(after: str) -> str:
    """The first fenced block of the document after a heading or a phrase."""
    text = DOCUMENT.read_text(encoding="utf-8")
    fenced = re.search(r"```[a-z]*\n(.*?)```", text[text.index(after) :], re.DOTALL)
    assert fenced is not None
    return fenced[1]


def strangers_check(tmp_path: Path, events: Events) -> subprocess.CompletedProcess[str]:
    """Run the document's script, alone, on an export."""
    script, export = tmp_path / "check.py", tmp_path / "ledger.jsonl"
    script.write_text(block("## The stranger's check"), encoding="utf-8")
    export.write_text("".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events), encoding="utf-8")
    command = [sys.executable, "-I", str(script), str(export)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60)


async def everything(_: Book) -> Events:
    """The whole ledger."""
    return [event async for event in export_events()]


async def test_a_stranger_finds_a_whole_ledger_whole(book: Book, tmp_path: Path) -> None:
    done = strangers_check(tmp_path, await everything(book))
    assert (done.returncode, done.stderr) == (0, "")
    for stream, (seq, digest) in (await read_heads()).items():
        assert f"{stream} {seq} {digest}" in done.stdout


TAMPERING: dict[str, Callable[[Events, int], Events]] = {
    "changed": lambda events, at: [*events[:at], {**events[at], "actor_name": "nobody"}, *events[at + 1 :]],
    "one bit of a hash": lambda events, at: [*events[:at], {**events[at], "hash": "0" * 64}, *events[at + 1 :]],
    "deleted": lambda events, at: [*events[:at], *events[at + 1 :]],
    "doubled": lambda events, at: [*events[:at], events[at - 1], *events[at:]],
    "swapped": lambda events, at: [*events[:at], events[at + 1], events[at], *events[at + 2 :]],
}


@pytest.mark.parametrize("how", TAMPERING)
async def test_a_stranger_finds_what_was_done_to_an_export_and_names_the_place(book: Book, tmp_path: Path, how: str) -> None:
    events = await everything(book)
    at = events.index(book.victim)
    done = strangers_check(tmp_path, TAMPERING[how](events, at))
    assert done.returncode != 0
    assert f"{book.stream} {book.seq}" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_the_strangers_check_is_short_and_stands_alone() -> None:
    script = block("## The stranger's check")
    assert len(script.splitlines()) <= 40
    assert set(re.findall(r"^(?:import|from) (\w+)", script, re.MULTILINE)) <= set(sys.stdlib_module_names)


def test_the_documents_example_is_right_to_the_byte() -> None:
    event = json.loads(block("### The example, exported"))
    assert canonical_text(event) == block("### The example, in canonical form")
    assert event_hash(event) == event["hash"] == block("### The example's hash").strip()
    assert event["previous_hash"] != GENESIS
