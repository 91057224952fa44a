"""What the database itself refuses, to anybody who speaks SQL to it: its guards are read from the catalogue, then each is attacked.

The attacker here is the superuser who leaves the triggers on, and the role that serves. What one can do who takes them off, and how it is
found, is in tests/audit/test_verify.py and tests/audit/test_replay.py.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pyotp
import pytest
from tortoise import Tortoise
from uuid_utils.compat import uuid7

from graph import database
from graph.address import RUNTIME, Addresses
from graph.audit.actor import acting, console_actor
from graph.commands import accounts, eligibility, factors, proposals, receipts, security, sessions, stock
from graph.commands.armory import EditArmory, edit_armory
from graph.commands.custody import IssueItems, IssueLine, issue_items
from graph.commands.overrides import Override
from graph.commands.perform import Answer
from graph.commands.references import ItemRef, PersonRef
from graph.commands.returns import ReturnItems, ReturnLine, return_items
from graph.errors import Refused
from graph.resolvers.accounts import actor_of
from graph.rules.stock import Settled, StockRef, Wanted
from graph.settings import Settings
from graph.words import (
    AccountState,
    ArmoryState,
    CloseReason,
    ConfirmationStage,
    CustodyState,
    DutyStatus,
    IssueType,
    ItemCategory,
    PersonCategory,
    ProposalCommand,
    ProposalState,
    Role,
    SecurityKind,
    Serviceability,
    SessionTokenKind,
    Slot,
    StockKind,
    TokenScope,
)
from tests.conftest import Cluster
from tests.world import PASSWORD, api_token_of, made

Sql = Any  # an asyncpg connection

# What must hold of each table: whether its rows have a version, which column of the ledger must be which of the row and what the payload
# must have, and what never changes.
VERSIONED = {"unit", "armory", "person", "item_model", "item", "tag", "purpose", "custody_record", "account"}
VERSIONED |= {"issue_authorization", "qualification", "custody_line", "proposal", "operation"}
EXPLAINED_BY = {
    **{table: ("subject_id", "id", table) for table in VERSIONED},
    "person": ("person_id", "id", "person"),
    "item": ("item_id", "id", "item"),
    **{table: ("subject_id", "record_id", table) for table in ("custody_line", "confirmation", "regularisation")},
    **dict.fromkeys(("session", "api_token"), ("subject_id", "account_id", "")),
    "imported_row": ("subject_id", "subject_id", ""),
}
# In which streams the event of a new row and of a changed one is, where it is not the registry.
EXPLAINED_IN = {
    "armory": ("registry", "id"),
    "item": ("armory_id", "armory_id"),
    "tag": ("item_id", "item_id"),
    "custody_record": ("armory_id", "armory_id"),
    **dict.fromkeys(("custody_line", "confirmation", "regularisation", "proposal"), ("armory_id", "armory_id")),
    "imported_row": ("any", "any"),
}
KEPT: dict[str, tuple[str, ...]] = {
    "unit": ("id", "code"),
    "armory": ("id", "code"),
    "person": ("id",),
    "item_model": ("id", "manufacturer", "manufacturer_key", "nomenclature"),
    "item": ("id", "model_id", "manufacturer_key", "serial", "serial_key", "armory_id"),
    "tag": ("id", "code", "person_id", "item_id"),
    "purpose": ("id", "code"),
    "custody_record": (
        *("id", "receipt_number", "receipt", "armory_id", "item_id", "holder_id", "issue_type", "purpose_id"),
        *("issued_at", "issued_by_id", "condition_out", "note", "confirmation_required", "weapons_card"),
    ),
    "stock_lot": ("id", "armory_id", "article", "name", "kind", "lot_number", "dodic", "fits", "received_at"),
    "custody_line": ("id", "record_id", "armory_id", "lot_id", "issued"),
    "confirmation": ("id", "record_id", "armory_id", "person_id", "stage", "confirmed_at"),
    "regularisation": ("id", "record_id", "armory_id", "note", "regularised_at", "regularised_by_id"),
    "proposal": (
        *("id", "armory_id", "command", "arguments", "arguments_hash", "reason", "overridden", "proposed_at", "proposed_by_id"),
        *("proposed_by_name", "expires_at"),
    ),
    "issue_authorization": ("id", "person_id", "model_id", "item_id", "valid_from", "valid_until", "card_number"),
    "qualification": ("id", "person_id", "code", "qualified_on", "expires_on"),
    "account": ("id", "username", "username_key", "issuer", "external_subject"),
    "imported_row": ("source", "armory_id", "subject", "subject_id", "imported_at"),
    "session": ("id", "account_id", "created_at", "expires_at", "address", "agent"),
    "session_token": ("id", "session_id", "kind", "token_hash", "created_at", "expires_at"),
    "api_token": ("id", "account_id", "name", "token_hash", "created_at", "expires_at", "scopes", "armories"),
    "token_use": ("id", "token_id", "address", "first_used_at"),
    "second_factor": ("id", "account_id", "secret", "created_at"),
    "recovery_code": ("id", "factor_id", "code_hash"),
    "security_log": ("slot",),
    "operation": ("id", "document_id", "name", "document", "added_at"),
    "completed_request": ("id", "actor_key", "request_id", "command", "arguments_hash", "answer", "completed_at"),
    "stream_head": ("stream", "armory_id"),
}
TABLES = (*KEPT, "ledger_event")

ENDED = (
    *("session", "session_token", "api_token", "tag", "issue_authorization", "qualification", "proposal"),
    *("second_factor", "recovery_code", "operation"),
)

# Each trigger as (table, name): (function, when and on what, deferred to the commit).
BEFORE_INSERT, BEFORE_UPDATE, BEFORE_WRITE = "before row insert", "before row update", "before row insert update"
AFTER_WRITE = "after row insert update"
TRIGGERS: dict[tuple[str, str], tuple[str, str, bool]] = {
    **{(table, "no_delete"): ("armguard_no_delete", "before row delete", False) for table in TABLES},
    **{(table, "no_truncate"): ("armguard_no_delete", "before statement truncate", False) for table in TABLES},
    **{(table, "keep"): ("armguard_keep", BEFORE_UPDATE, False) for table in KEPT},
    **{(table, "version"): ("armguard_version", BEFORE_WRITE, False) for table in VERSIONED},
    **{(table, "explained"): ("armguard_explained", AFTER_WRITE, True) for table in EXPLAINED_BY},
    **{(table, "ended"): ("armguard_closed_once", BEFORE_UPDATE, False) for table in ENDED},
    ("item", "legal_state"): ("armguard_item_change", BEFORE_UPDATE, False),
    ("item", "issued_exactly_when_open"): ("armguard_issued_exactly_when_open", AFTER_WRITE, True),
    ("custody_record", "issued_exactly_when_open"): ("armguard_issued_exactly_when_open", AFTER_WRITE, True),
    ("custody_record", "opened"): ("armguard_custody_opened", BEFORE_INSERT, False),
    ("custody_record", "closed"): ("armguard_custody_closed", BEFORE_UPDATE, False),
    ("custody_record", "settled_when_closed"): ("armguard_settled_when_closed", "after row update", True),
    ("custody_line", "settled_when_closed"): ("armguard_settled_when_closed", AFTER_WRITE, True),
    ("custody_line", "out_as_lines_say"): ("armguard_out_as_lines_say", AFTER_WRITE, True),
    ("stock_lot", "out_as_lines_say"): ("armguard_out_as_lines_say", AFTER_WRITE, True),
    ("custody_line", "open_receipt"): ("armguard_line_of_an_open_receipt", BEFORE_WRITE, False),
    ("stock_lot", "accounted"): ("armguard_lot_explained", AFTER_WRITE, True),
    ("confirmation", "in_time"): ("armguard_confirmed_in_time", BEFORE_INSERT, False),
    ("regularisation", "emergency"): ("armguard_regularised_emergency", BEFORE_INSERT, False),
    ("proposal", "in_time"): ("armguard_approved_in_time", BEFORE_UPDATE, False),
    ("account", "roles_apart"): ("armguard_roles_apart", BEFORE_WRITE, False),
    ("account", "an_admin_left"): ("armguard_an_admin_left", "after row update", True),
    ("security_log", "newer"): ("armguard_only_newer", BEFORE_UPDATE, False),
    ("person", "separated"): ("armguard_person_separated", BEFORE_UPDATE, False),
    ("stream_head", "head_moves"): ("armguard_head_moves", BEFORE_WRITE, False),
    ("ledger_event", "a_seal"): ("armguard_seal", BEFORE_INSERT, False),
    ("ledger_event", "append_only"): ("armguard_append_only", BEFORE_UPDATE, False),
}
CHECKS = {
    "unit": {"unit_not_its_own_parent", "unit_words"},
    "armory": {"armory_state", "armory_policy", "armory_words"},
    "person": {"person_category", "person_duty_status", "person_key", "person_arms_bar", "person_pin"},
    "item_model": {"item_model_category", "item_model_slot", "item_model_key", "item_model_qualification"},
    "issue_authorization": {"authorization_one_target", "authorization_dates", "authorization_card"},
    "qualification": {"qualification_words", "qualification_dates"},
    "item": {"item_serial_key", "item_state", "item_serviceability", "item_round_count"},
    "tag": {"tag_one_target", "tag_words"},
    "purpose": {"purpose_issue_type", "purpose_words", "purpose_due", "purpose_loadout"},
    "account": {"account_state", "account_roles", "account_words", "account_password", "account_external"},
    "custody_record": {
        *("custody_issue_type", "custody_conditions", "custody_close_reason", "custody_closed_whole", "custody_times", "custody_due"),
        *("custody_brought", "custody_brought_reason", "custody_rounds", "custody_overdue", "custody_returned_to", "custody_card"),
    },
    "stock_lot": {"stock_kind", "stock_words", "stock_dodic", "stock_not_negative", "stock_conserved"},
    "custody_line": {"line_quantities", "line_lost_reason"},
    "confirmation": {"confirmation_stage"},
    "regularisation": {"regularisation_note"},
    "proposal": {
        *("proposal_command", "proposal_state", "proposal_words", "proposal_decided_whole", "proposal_decided_once", "proposal_in_time"),
        "proposal_second_person",
    },
    "session": {"session_times"},
    "session_token": {"session_token_kind", "session_token_times"},
    "api_token": {"api_token_times", "api_token_scopes"},
    "token_use": {"token_use_times"},
    "second_factor": {"second_factor_words"},
    "security_log": {"security_log_slot", "security_log_kind"},
    "operation": {"operation_document", "operation_words"},
    "stream_head": {"stream_head_name", "stream_head_counts"},
    "ledger_event": {"ledger_actor", "ledger_times", "ledger_payload", "ledger_hashes", "ledger_type", "ledger_seq"},
}
# Unique for ever: the index, and what it is on.
UNIQUE = {
    "unit_code_key": "unit (code)",
    "armory_code_key": "armory (code)",
    "person_service_number_key_key": "person (service_number_key)",
    "item_model_nomenclature": "item_model (manufacturer_key, upper((nomenclature)::text))",
    "item_serial": "item (manufacturer_key, serial_key)",
    "tag_code_key": "tag (code)",
    "purpose_code_key": "purpose (code)",
    "account_username_key_key": "account (username_key)",
    "custody_record_receipt_number_key": "custody_record (receipt_number)",
    "custody_receipt": "custody_record (armory_id, receipt)",
    "custody_one_open_record": "custody_record (item_id) WHERE (closed_at IS NULL)",
    "custody_one_card": "custody_record (weapons_card) WHERE (closed_at IS NULL)",
    "custody_of_room": "custody_record (id, armory_id)",
    "authorization_card_number": "issue_authorization (card_number) WHERE (revoked_at IS NULL)",
    "stock_lot_number": "stock_lot (armory_id, article, lot_number)",
    "stock_of_room": "stock_lot (id, armory_id)",
    "line_once": "custody_line (record_id, lot_id)",
    "confirmation_once": "confirmation (record_id, stage)",
    "regularisation_once": "regularisation (record_id)",
    "account_external_once": "account (issuer, external_subject)",
    "session_token_once": "session_token (token_hash)",
    "second_factor_one": "second_factor (account_id) WHERE (ended_at IS NULL)",
    "recovery_code_once": "recovery_code (code_hash)",
    "token_use_once": "token_use (token_id, address)",
    "security_log_newest": "security_log (seq)",
    "operation_once": "operation (document_id) WHERE (retired_at IS NULL)",
    "api_token_token": "api_token (token_hash)",
    "uid_completed_r_actor_k_9b7098": "completed_request (actor_key, request_id)",
    "item_model_manufacturer": "item_model (id, manufacturer_key)",
    "uid_ledger_even_stream_6d3218": "ledger_event (stream, seq)",
}
WORDS: list[tuple[str, str, str, type[StrEnum]]] = [
    ("armory", "state", "armory_state", ArmoryState),
    ("person", "category", "person_category", PersonCategory),
    ("person", "duty_status", "person_duty_status", DutyStatus),
    ("item_model", "category", "item_model_category", ItemCategory),
    ("item_model", "slot", "item_model_slot", Slot),
    ("item", "state", "item_state", CustodyState),
    ("item", "serviceability", "item_serviceability", Serviceability),
    ("purpose", "default_issue_type", "purpose_issue_type", IssueType),
    ("account", "state", "account_state", AccountState),
    ("account", "roles", "account_roles", Role),
    ("api_token", "scopes", "api_token_scopes", TokenScope),
    ("session_token", "kind", "session_token_kind", SessionTokenKind),
    ("security_log", "kind", "security_log_kind", SecurityKind),
    ("custody_record", "issue_type", "custody_issue_type", IssueType),
    ("custody_record", "condition_out", "custody_conditions", Serviceability),
    ("custody_record", "condition_in", "custody_conditions", Serviceability),
    ("custody_record", "close_reason", "custody_close_reason", CloseReason),
    ("stock_lot", "kind", "stock_kind", StockKind),
    ("confirmation", "stage", "confirmation_stage", ConfirmationStage),
    ("proposal", "command", "proposal_command", ProposalCommand),
    ("proposal", "state", "proposal_state", ProposalState),
]


# ----------------------------------------------------------------------------------------------------------------- what the catalogue says


async def tables_of(sql: Sql) -> set[str]:
    """Every table but the one that migrations keep their own list in."""
    rows = await sql.fetch("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace")
    return {row["relname"] for row in rows} - {"aerich"}


async def triggers_of(sql: Sql) -> dict[tuple[str, str], tuple[str, str, bool]]:
    """The triggers that fire, in the form of TRIGGERS; one that is switched off is not among them."""
    rows = await sql.fetch("""
        SELECT c.relname, t.tgname, p.proname, t.tgtype::int AS bits, t.tgdeferrable AND t.tginitdeferred AS deferred
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
        WHERE NOT t.tgisinternal AND t.tgenabled = 'O' AND t.tgqual IS NULL""")
    events = ((4, "insert"), (8, "delete"), (16, "update"), (32, "truncate"))
    found = {}
    for row in rows:
        words = ["before" if row["bits"] & 2 else "after", "row" if row["bits"] & 1 else "statement"]
        words += [name for bit, name in events if row["bits"] & bit]
        found[row["relname"], row["tgname"]] = (row["proname"], " ".join(words), row["deferred"])
    return found


async def unguarded(sql: Sql) -> set[str]:
    """The tables from which somebody could delete."""
    there = await triggers_of(sql)
    needed = ("no_delete", "no_truncate")
    return {table for table in await tables_of(sql) for name in needed if there.get((table, name)) != TRIGGERS["unit", name]}


async def arguments_of(sql: Sql, trigger: str) -> dict[str, list[str]]:
    """What a trigger was given on each table."""
    rows = await sql.fetch(
        "SELECT c.relname, t.tgargs FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE t.tgname = $1 AND NOT t.tgisinternal",
        trigger,
    )
    return {row["relname"]: bytes(row["tgargs"]).decode().split("\0")[:-1] for row in rows}


async def test_every_trigger_is_there_enabled_and_deferred_where_it_must_be(plain_sql: Sql) -> None:
    assert await triggers_of(plain_sql) == TRIGGERS


async def test_a_guard_that_somebody_switched_off_is_missed(plain_sql: Sql) -> None:
    await plain_sql.execute("ALTER TABLE item DISABLE TRIGGER version")
    assert TRIGGERS.items() - (await triggers_of(plain_sql)).items() == {(("item", "version"), TRIGGERS["item", "version"])}


async def test_every_table_of_every_model_is_guarded_against_deletion(opened: str, plain_sql: Sql) -> None:
    models = {model._meta.db_table for model in Tortoise.apps["models"].values()} - {"aerich"}
    assert models == await tables_of(plain_sql) == set(TABLES)
    assert await unguarded(plain_sql) == set()


async def test_a_new_table_without_guards_is_noticed(plain_sql: Sql) -> None:
    await plain_sql.execute("CREATE TABLE key_issue (id uuid PRIMARY KEY)")
    assert await unguarded(plain_sql) == {"key_issue"}


async def test_what_never_changes_is_named_for_every_table(plain_sql: Sql) -> None:
    kept = await arguments_of(plain_sql, "keep")
    assert {table: tuple(columns) for table, columns in kept.items()} == KEPT


async def test_what_explains_a_change_is_named_for_every_table_with_a_version(plain_sql: Sql) -> None:
    explained = await arguments_of(plain_sql, "explained")
    assert {table: (given[0], given[1], given[6]) for table, given in explained.items()} == EXPLAINED_BY
    registry = ("registry", "registry")
    assert {table: tuple(given[4:6]) for table, given in explained.items()} == dict.fromkeys(EXPLAINED_BY, registry) | EXPLAINED_IN
    columns = await plain_sql.fetch(
        "SELECT table_name FROM information_schema.columns WHERE column_name = 'version' AND table_schema = 'public'"
    )
    assert {row["table_name"] for row in columns} - {"aerich"} == VERSIONED


async def test_every_check_is_there_and_holds_for_old_rows_too(plain_sql: Sql) -> None:
    rows = await plain_sql.fetch(
        "SELECT conrelid::regclass::text AS on_table, conname FROM pg_constraint WHERE contype = 'c' AND convalidated AND conrelid <> 0"
        " AND connamespace = 'public'::regnamespace"
    )
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["on_table"], set()).add(row["conname"])
    assert found == CHECKS


async def test_every_unique_index_is_there(plain_sql: Sql) -> None:
    rows = await plain_sql.fetch(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexdef LIKE 'CREATE UNIQUE%'"
    )
    found = {row["indexname"]: re.sub(r"^.* ON public\.(\w+) USING btree ", r"\1 ", row["indexdef"]) for row in rows}
    assert {name: what for name, what in found.items() if not name.endswith("_pkey")} == UNIQUE


async def test_every_reference_holds_and_none_lets_its_target_go(plain_sql: Sql) -> None:
    rows = await plain_sql.fetch(
        "SELECT conrelid::regclass::text AS on_table, conname, confdeltype::text AS deletion, convalidated "
        "FROM pg_constraint WHERE contype = 'f'"
    )
    assert all(row["convalidated"] and row["deletion"] in ("r", "a") for row in rows)
    named = {
        ("item", "item_manufacturer"),
        ("ledger_event", "ledger_stream"),
        ("custody_line", "line_record"),
        ("custody_line", "line_lot"),
    }
    assert named <= {(row["on_table"], row["conname"]) for row in rows}
    columns = await plain_sql.fetch("""
        SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attname LIKE '%\\_id' AND NOT EXISTS (
            SELECT FROM pg_constraint k WHERE k.contype = 'f' AND k.conrelid = c.oid AND a.attnum = ANY (k.conkey))""")
    # The ledger points without references: it is checked where it is sealed, and its targets are never deleted.
    free = {(row["relname"], row["attname"]) for row in columns}
    free -= {("completed_request", "request_id"), ("imported_row", "subject_id"), ("operation", "document_id")}
    assert {table for table, _ in free} == {"ledger_event"}


async def test_the_database_knows_the_words_that_the_program_knows(plain_sql: Sql) -> None:
    for table, column, guard, words in WORDS:
        text = await plain_sql.fetchval("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = $1", guard)
        assert set(re.findall(r"'([A-Z_]+)'", text)) == {word.value for word in words}, (table, column)


# -------------------------------------------------------------------------------------------------------------------------- the attacker


async def at_the_counter(at: Addresses) -> None:
    """M4-001 is out with S-001, M4-002 was out with S-002 and is back. Every table has rows.

    Of the pistols, G17-001 is out with S-006 and 20 rounds and 2 magazines; G17-002 is back from S-007, with 10 rounds fired; G17-003 and
    G17-004 are out in an emergency, of which one is regularised; for G17-005 a weapons card lies in the arms room. Of the proposals one is
    approved, one rejected, and one waits.
    """
    await database.open_door(at.runtime, Settings())
    with acting(console_actor("tests")):
        for number in ("1", "2"):
            await made(issue_items(IssueItems(uuid4(), PersonRef(service_number=f"S-00{number}"), (line(f"M4-00{number}"),))))
        await made(return_items(ReturnItems(uuid4(), (ReturnLine(ItemRef(serial="M4-002")),))))
        person, day = PersonRef(service_number="S-001"), date(2026, 1, 1)
        await made(eligibility.authorize(eligibility.Authorize(uuid4(), person, day, item=ItemRef(serial="M4-001"))))
        await made(eligibility.record_qualification(eligibility.RecordQualification(uuid4(), person, "M4", day)))
        await made(accounts.create_account(accounts.CreateAccount(uuid4(), "guest", (Role.VIEWER,), (), True), PASSWORD))
        await at_the_door()
        await at_the_shelves()
        await by_two_persons()
    await database.close_door()
    sql = await asyncpg.connect(at.owner)
    north = await id_of(sql, "armory", "code", "NORTH")
    async with sql.transaction():
        document, known = "{ me { username } }", uuid4()
        await tell(sql, type="OPERATION_ADDED", subject="OPERATION", subject_id=known, payload='{"operation": {}}')
        await sql.execute(
            "INSERT INTO operation VALUES ($1, encode(sha256(convert_to($2, 'UTF8')), 'hex'), 'Me', $2, now(), NULL, 1)", known, document
        )
    async with sql.transaction():
        await tell(sql, subject_id=(unit_id := uuid4()))
        await sql.execute("INSERT INTO imported_row VALUES ('units:1', 'UNIT', $1, now(), $2)", unit_id, north)
    await sql.close()


async def at_the_door() -> None:
    """A stranger tries; a guest signs in, and sets up a second factor; a program calls."""
    assert isinstance(await sessions.sign_in(sessions.SignIn("guest", "not the password", "192.0.2.1")), Refused)
    begun = await sessions.sign_in(sessions.SignIn("guest", PASSWORD, "192.0.2.2", agent="Firefox"))
    assert isinstance(begun, sessions.SignedIn)
    with acting(await actor_of(begun.token)):
        factor = await factors.begin_second_factor(factors.BeginSecondFactor(uuid4()), PASSWORD)
        assert isinstance(factor, factors.NewFactor)
        code = pyotp.TOTP(factor.secret).now()
        assert not isinstance(await factors.confirm_second_factor(factors.ConfirmSecondFactor(uuid4()), code), Refused)
    with acting(await actor_of(api_token_of("north"))):
        await security.note_token_used("192.0.2.3")


def holder(number: int) -> PersonRef:
    """Somebody of the world."""
    return PersonRef(service_number=f"S-{number:03}")


async def at_the_shelves() -> None:
    """Stock comes in, goes out with pistols, and comes back; receipts are confirmed and regularised."""
    for room, article, lot, kind in (
        ("NORTH", "9MM-BALL", "B-1", StockKind.AMMUNITION),
        ("NORTH", "9MM-BALL", "B-2", StockKind.AMMUNITION),
        ("NORTH", "MAG-G17", "M-1", StockKind.MAGAZINE),
        ("SOUTH", "9MM-BALL", "B-1", StockKind.AMMUNITION),
    ):
        await made(stock.receive_stock(stock.ReceiveStock(uuid4(), room, article, lot, 100, kind, article.title(), "A363")))
    rounds, magazines = StockRef(lot_number="B-1"), StockRef(article="MAG-G17")
    for pistol, number, with_it in ((1, 6, (Wanted(rounds, 30), Wanted(magazines, 2))), (2, 7, (Wanted(rounds, 10),))):
        drawn = (IssueLine(ItemRef(serial=f"G17-00{pistol}"), stock=with_it),)
        await made(issue_items(IssueItems(uuid4(), holder(number), drawn)))
    used = Settled(rounds, returned=5, expended=5)
    await made(stock.settle_stock(stock.SettleStock(uuid4(), (stock.SettleLine(ItemRef(serial="G17-001"), (used,)),))))
    back = ReturnLine(ItemRef(serial="G17-002"), stock=(Settled(rounds, expended=10),))
    await made(return_items(ReturnItems(uuid4(), (back,))))
    for number, receipt, stage in ((6, "NORTH-000003", ConfirmationStage.ISSUE), (7, "NORTH-000004", ConfirmationStage.RETURN)):
        await made(receipts.set_pin(receipts.SetPin(uuid4(), holder(number)), "482913"))
        await made(receipts.confirm_receipt(receipts.ConfirmReceipt(uuid4(), receipts.ReceiptRef(receipt), stage), "482913"))
    for number in (3, 4):
        alarm = IssueItems(uuid4(), holder(5 + number), (line(f"G17-00{number}"),), issue_type=IssueType.EMERGENCY, note="alarm")
        await made(issue_items(alarm))
    await made(receipts.regularise_emergency(receipts.RegulariseEmergency(uuid4(), receipts.ReceiptRef("NORTH-000005"), "it was right")))


async def by_two_persons() -> None:
    """A weapons card is surrendered; commands are proposed, and decided by another."""
    north = (await database.fetch("SELECT id FROM armory WHERE code = 'NORTH'"))[0]["id"]
    card = eligibility.Authorize(uuid4(), holder(10), date(2026, 1, 1), item=ItemRef(serial="G17-005"), card_number="CARD-10")
    await made(eligibility.authorize(card))
    await made(edit_armory(EditArmory(uuid4(), north, authorization_required=True)))
    await made(issue_items(IssueItems(uuid4(), holder(10), (line("G17-005"),))))
    await made(edit_armory(EditArmory(uuid4(), north, authorization_required=False)))
    waiting = []
    for serial in ("M4-006", "M4-007", "M4-008"):
        second = IssueItems(uuid4(), holder(1), (line(serial),), override=Override("the range is booked"))
        waiting.append(await made(issue_items(second)))
    with acting(console_actor("second")):
        done = await proposals.approve_proposal(proposals.DecideProposal(uuid4(), waiting[0], "seen"))
        assert isinstance(done, Answer), done
        await made(proposals.reject_proposal(proposals.DecideProposal(uuid4(), waiting[1], "no")))


async def as_postgres(cluster: Cluster, statement: str) -> None:
    """One statement outside of any database of ours."""
    connection = await asyncpg.connect(cluster.url("postgres"))
    await connection.execute(statement)
    await connection.close()


@pytest.fixture(scope="module")
def busy(cluster: Cluster, populated: str) -> Iterator[str]:
    """The name of a database where the counter is at work."""
    asyncio.run(as_postgres(cluster, f"CREATE DATABASE busy TEMPLATE {populated}"))
    asyncio.run(at_the_counter(cluster.at("busy")))
    asyncio.run(as_postgres(cluster, "CREATE DATABASE busy_copied TEMPLATE busy"))
    yield "busy"
    for name in ("busy", "busy_copied"):
        asyncio.run(as_postgres(cluster, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(params=["owner", "runtime"])
async def sql(request: pytest.FixtureRequest, cluster: Cluster, busy: str) -> AsyncIterator[Sql]:
    """The counter at work, for attacks that leave no trace: by the superuser, and by the role that serves."""
    connection = await asyncpg.connect(getattr(cluster.at(busy), request.param))
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def own(cluster: Cluster, busy: str) -> AsyncIterator[Sql]:
    """The counter at work, for this test alone: what it commits, no other test sees."""
    await as_postgres(cluster, "CREATE DATABASE busy_own TEMPLATE busy_copied")
    connection = await asyncpg.connect(cluster.url("busy_own"))
    try:
        yield connection
    finally:
        await connection.close()
        await as_postgres(cluster, "DROP DATABASE busy_own WITH (FORCE)")


def line(serial: str) -> IssueLine:
    """One line of a draw."""
    return IssueLine(ItemRef(serial=serial))


async def fingerprint(sql: Sql) -> dict[str, str]:
    """All rows of all tables, in short."""
    rows = " UNION ALL ".join(
        f"SELECT '{table}' AS name, md5(string_agg(t::text, '|' ORDER BY t::text)) AS rows FROM {table} t" for table in TABLES
    )
    return {row["name"]: row["rows"] for row in await sql.fetch(rows)}


@asynccontextmanager
async def refused(sql: Sql, guard: str, *, at_commit: bool = False) -> AsyncIterator[None]:
    """A transaction that one guard refuses, by its name: at its statement, or only at the commit. Nothing has changed afterwards.

    The role that serves may also not come as far as the guard, since it has no right to such a statement at all.
    """
    before = await fingerprint(sql)
    reached_commit = False
    with pytest.raises(asyncpg.PostgresError) as caught:  # noqa: PT012 - the commit is part of what is refused
        async with sql.transaction():
            yield
            reached_commit = True
    if isinstance(caught.value, asyncpg.InsufficientPrivilegeError):
        assert await sql.fetchval("SELECT current_user") == RUNTIME
        assert str(caught.value).startswith("permission denied for table")
    else:
        assert caught.value.constraint_name == guard, caught.value
        assert reached_commit == at_commit
    assert await fingerprint(sql) == before


async def tell(sql: Sql, **fields: Any) -> asyncpg.Record:
    """Append an event by plain SQL; what is not given is harmless."""
    event: dict[str, Any] = {
        "event_id": uuid7(),
        "stream": "registry",
        "type": "ITEM_CHANGED",
        "subject": "ITEM",
        "subject_id": uuid4(),
        "payload": "{}",
        "actor_kind": "CONSOLE",
        "actor_name": "console:tests",
        **fields,
    }
    places = ", ".join(f"${number}" for number in range(1, len(event) + 1))
    row: asyncpg.Record = await sql.fetchrow(
        f"INSERT INTO ledger_event ({', '.join(event)}) VALUES ({places}) RETURNING *", *event.values()
    )
    return row


async def another(sql: Sql, table: str, where: str, **changes: Any) -> None:
    """Insert a row like one that is there, with changes."""
    given = {"id": uuid7(), "version": 1, **changes}
    await sql.execute(
        f"INSERT INTO {table} SELECT (jsonb_populate_record(t, $1::jsonb)).* FROM {table} t WHERE {where} LIMIT 1",
        json.dumps(given, default=str),
    )


async def record_of(sql: Sql, serial: str) -> asyncpg.Record:
    """The custody record of an item, with the number that the arms room's next receipt must have."""
    row: asyncpg.Record = await sql.fetchrow(
        "SELECT c.*, h.receipts + 1 AS next FROM custody_record c JOIN item i ON i.id = c.item_id "
        "JOIN stream_head h ON h.armory_id = c.armory_id WHERE i.serial = $1",
        serial,
    )
    return row


async def id_of(sql: Sql, table: str, column: str, value: str) -> UUID:
    """The id of the row that has a value."""
    found: UUID = await sql.fetchval(f"SELECT id FROM {table} WHERE {column} = $1", value)
    return found


async def draw(sql: Sql, serial: str, like: str = "M4-001", **changes: Any) -> UUID:
    """Open a record by plain SQL, with its event, and say nothing of the item; every field may be wrong."""
    record, record_id = await record_of(sql, like), uuid7()
    item_id = await id_of(sql, "item", "serial", serial)
    facts = {"id": record_id, "item_id": item_id, "receipt": record["next"], "receipt_number": f"NORTH-{record['next']:06}", **changes}
    about = {"stream": str(record["armory_id"]), "payload": '{"custody_record": {}, "item": {}}'}
    await tell(sql, type="ITEM_ISSUED", subject="CUSTODY_RECORD", subject_id=record_id, item_id=item_id, **about)
    await another(sql, "custody_record", f"id = '{record['id']}'", **facts)
    return record_id


async def close(sql: Sql, serial: str, **changes: str) -> None:
    """Close a record by plain SQL, with its event, and say nothing of the item; every field may be wrong."""
    record = await record_of(sql, serial)
    facts = {"closed_at": "clock_timestamp()", "close_reason": "'RETURNED'", "condition_in": "'SERVICEABLE'", "brought_by_id": "holder_id"}
    sets = ", ".join(f"{column} = {value}" for column, value in {**facts, "version": "version + 1", **changes}.items())
    about = {"stream": str(record["armory_id"]), "payload": '{"custody_record": {}, "item": {}}'}
    await tell(sql, type="ITEM_RETURNED", subject="CUSTODY_RECORD", subject_id=record["id"], item_id=record["item_id"], **about)
    await sql.execute(f"UPDATE custody_record SET {sets} WHERE id = $1", record["id"])


async def tell_of_item(sql: Sql, item_id: UUID, **fields: Any) -> None:
    """Append the event that a change of an item needs; every field may be wrong."""
    stream = await sql.fetchval("SELECT armory_id::text FROM item WHERE id = $1", item_id)
    await tell(sql, **{"stream": stream, "payload": '{"item": {}}', "item_id": item_id, **fields})


async def set_item(sql: Sql, serial: str, sets: str) -> None:
    """Change an item by plain SQL, with its event."""
    item_id = await id_of(sql, "item", "serial", serial)
    await tell_of_item(sql, item_id)
    await sql.execute(f"UPDATE item SET {sets}, version = version + 1 WHERE id = $1", item_id)


async def set_person(sql: Sql, number: str, sets: str) -> None:
    """Change a person by plain SQL, with the event."""
    person_id = await id_of(sql, "person", "service_number", number)
    await tell(sql, type="PERSON_CHANGED", subject="PERSON", person_id=person_id, payload='{"person": {}}')
    await sql.execute(f"UPDATE person SET {sets}, version = version + 1 WHERE id = $1", person_id)


async def blocked(sql: Sql, waiting: asyncio.Task[Any]) -> None:
    """Wait until a statement of another connection waits for a lock."""
    async with asyncio.timeout(10):
        while not await sql.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ):
            assert not waiting.done(), waiting.result()
            await asyncio.sleep(0)


@pytest.fixture
async def onlooker(own: Sql, cluster: Cluster) -> AsyncIterator[Sql]:
    """A third, that sees who waits."""
    connection = await asyncpg.connect(cluster.url("busy_own"))
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def second(own: Sql, cluster: Cluster) -> AsyncIterator[Sql]:
    """A second connection, for two at once."""
    connection = await asyncpg.connect(cluster.url("busy_own"))
    try:
        yield connection
    finally:
        await connection.close()


async def test_honest_sql_that_breaks_no_guard_is_let_through(own: Sql) -> None:
    async with own.transaction():
        record_id = await draw(own, "M4-003", holder_id=await id_of(own, "person", "service_number", "S-003"))
        await set_item(own, "M4-003", "state = 'ISSUED'")
    async with own.transaction():
        await close(own, "M4-003")
        await set_item(own, "M4-003", "state = 'IN_ROOM'")
    assert await own.fetchval("SELECT close_reason FROM custody_record WHERE id = $1", record_id) == "RETURNED"


# ------------------------------------------------------------------------------------------------------------- custody: INV-1, INV-2, INV-7


async def test_inv_01_a_second_open_record_for_an_item_is_refused(sql: Sql) -> None:
    async with refused(sql, "custody_without_overlap"):
        await draw(sql, "M4-001", holder_id=await id_of(sql, "person", "service_number", "S-002"))


async def test_inv_01_the_index_alone_refuses_a_second_open_record(own: Sql) -> None:
    await own.execute("ALTER TABLE custody_record DISABLE TRIGGER opened")
    async with refused(own, "custody_one_open_record"):
        await draw(own, "M4-001", holder_id=await id_of(own, "person", "service_number", "S-002"))


async def test_inv_01_of_two_who_draw_the_same_item_at_once_by_sql_one_is_refused(own: Sql, second: Sql, onlooker: Sql) -> None:
    receipt = (await record_of(own, "M4-001"))["next"]
    item_id = await id_of(own, "item", "serial", "M4-003")
    first, other = own.transaction(), second.transaction()
    await first.start()
    await draw(own, "M4-003")
    await set_item(own, "M4-003", "state = 'ISSUED'")
    await other.start()
    changes = {"receipt": receipt + 1, "receipt_number": "NORTH-LATER", "item_id": item_id}
    late = asyncio.create_task(another(second, "custody_record", "closed_at IS NULL", **changes))
    await blocked(onlooker, late)
    await first.commit()
    with pytest.raises(asyncpg.PostgresError) as caught:
        await late
    assert caught.value.constraint_name in ("custody_without_overlap", "custody_one_open_record")
    await other.rollback()
    assert await own.fetchval("SELECT count(*) FROM custody_record WHERE item_id = $1", item_id) == 1


async def test_inv_02_an_item_cannot_be_set_issued_without_a_record(sql: Sql) -> None:
    async with refused(sql, "issued_exactly_when_open", at_commit=True):
        await set_item(sql, "M4-003", "state = 'ISSUED'")


async def test_inv_02_an_item_cannot_be_registered_as_issued(sql: Sql) -> None:
    item_id = uuid7()
    async with refused(sql, "issued_exactly_when_open", at_commit=True):
        room = str(await id_of(sql, "armory", "code", "NORTH"))
        await tell(sql, type="ITEM_REGISTERED", item_id=item_id, stream=room, payload='{"item": {}}')
        await another(sql, "item", "serial = 'M4-003'", id=item_id, serial="NEW1", serial_key="NEW1", state="ISSUED")


@pytest.mark.parametrize("state", ["IN_ROOM", "IN_TRANSIT", "MISSING", "LOST", "STOLEN"])
async def test_inv_02_an_item_that_is_out_cannot_be_set_otherwise_while_its_record_is_open(sql: Sql, state: str) -> None:
    async with refused(sql, "issued_exactly_when_open", at_commit=True):
        await set_item(sql, "M4-001", f"state = '{state}'")


async def test_inv_02_a_record_cannot_be_opened_while_the_item_stays_in_the_room(sql: Sql) -> None:
    async with refused(sql, "issued_exactly_when_open", at_commit=True):
        await draw(sql, "M4-003")


async def test_inv_02_a_record_cannot_be_closed_while_the_item_stays_issued(sql: Sql) -> None:
    async with refused(sql, "issued_exactly_when_open", at_commit=True):
        await close(sql, "M4-001")


async def test_an_item_that_is_disposed_of_never_comes_back(own: Sql) -> None:
    async with own.transaction():
        await set_item(own, "M4-003", "state = 'DISPOSED'")
    async with refused(own, "item_legal_state"):
        await set_item(own, "M4-003", "state = 'IN_ROOM'")


async def test_an_item_in_maintenance_cannot_be_issued(own: Sql) -> None:
    async with own.transaction():
        await set_item(own, "M4-003", "state = 'IN_MAINTENANCE'")
    async with refused(own, "item_legal_state"):
        await set_item(own, "M4-003", "state = 'ISSUED'")


async def test_inv_07_who_holds_something_cannot_be_separated(sql: Sql) -> None:
    async with refused(sql, "separated_holds_nothing"):
        await set_person(sql, "S-001", "duty_status = 'SEPARATED'")


async def test_inv_07_a_separated_person_cannot_draw(own: Sql) -> None:
    person_id = await id_of(own, "person", "service_number", "S-003")
    async with own.transaction():
        await set_person(own, "S-003", "duty_status = 'SEPARATED'")
    async with refused(own, "separated_holds_nothing"):
        await draw(own, "M4-003", holder_id=person_id)


async def test_inv_07_who_draws_while_being_separated_is_refused_one_of_the_two(own: Sql, second: Sql, onlooker: Sql) -> None:
    person_id = await id_of(own, "person", "service_number", "S-003")
    first, other = own.transaction(), second.transaction()
    await first.start()
    await draw(own, "M4-003", holder_id=person_id)
    await set_item(own, "M4-003", "state = 'ISSUED'")
    await other.start()
    separation = asyncio.create_task(
        second.execute("UPDATE person SET duty_status = 'SEPARATED', version = version + 1 WHERE id = $1", person_id)
    )
    await blocked(onlooker, separation)
    await first.commit()
    with pytest.raises(asyncpg.PostgresError) as caught:
        await separation
    assert caught.value.constraint_name == "separated_holds_nothing"
    await other.rollback()


async def test_a_record_is_in_the_book_of_its_items_room(sql: Sql) -> None:
    south = await id_of(sql, "armory", "code", "SOUTH")
    async with refused(sql, "custody_of_its_room"):
        await draw(sql, "M4-003", armory_id=south, receipt=1, receipt_number="SOUTH-000001")


async def test_an_old_snapshot_neither_opens_nor_closes_nor_separates(own: Sql) -> None:
    """Who began in another isolation before somebody drew would not see it."""
    for attack, at_commit in (
        (lambda: set_person(own, "S-003", "duty_status = 'SEPARATED'"), False),
        (lambda: draw(own, "M4-003"), False),
        (lambda: close(own, "M4-001"), True),
        (lambda: set_item(own, "M4-003", "state = 'MISSING'"), True),
        (lambda: set_line(own, "G17-001", "lost_reason = 'x'"), True),
        (lambda: set_lot(own, "B-2", LOST_ONE), True),
        (lambda: confirm(own, "G17-004"), False),
    ):
        for level in ("REPEATABLE READ", "SERIALIZABLE"):
            async with refused(own, "isolation", at_commit=at_commit):
                await own.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
                await attack()


@pytest.mark.parametrize("table", TABLES)
async def test_inv_07_nothing_is_deleted_or_truncated(sql: Sql, table: str) -> None:
    assert await sql.fetchval(f"SELECT count(*) FROM {table}") > 0
    async with refused(sql, "nothing_is_deleted"):
        await sql.execute(f"DELETE FROM {table}")
    async with refused(sql, "nothing_is_deleted"):
        await sql.execute(f"TRUNCATE {table} CASCADE")


# ------------------------------------------------------------------------------------------------------------------- what never changes

OTHER_VALUE = {
    "uuid": "gen_random_uuid()",
    "character varying": "left(md5(coalesce({0}, '')), 8)",
    "text": "md5(coalesce({0}, ''))",
    "date": "coalesce({0} - 1, '2026-01-01'::date)",
    "bigint": "{0} + 1",
    "integer": "{0} + 1",
    "boolean": "NOT {0}",
    "uuid[]": "array_append({0}, gen_random_uuid())",
    "text[]": "array_append({0}, 'READ')",
    "bytea": "{0} || '\\x00'",
    "timestamp with time zone": "{0} - interval '1 minute'",
}


@pytest.mark.parametrize(("table", "columns"), KEPT.items())
async def test_a_column_that_never_changes_cannot_be_edited(sql: Sql, table: str, columns: Iterable[str]) -> None:
    types = await sql.fetch(
        "SELECT attname, format_type(atttypid, NULL) AS type FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0", table
    )
    type_of = {row["attname"]: row["type"] for row in types}
    version = ", version = version + 1" if table in VERSIONED else ""
    where = {"custody_record": "WHERE closed_at IS NULL", "proposal": "WHERE state = 'PENDING'"}.get(table, "")
    for column in columns:
        value = OTHER_VALUE[type_of[column]].format(column)
        # The head of a stream is guarded twice; its own guard speaks first.
        async with refused(sql, "head_follows_the_ledger" if table == "stream_head" else "kept_for_ever"):
            await sql.execute(f"UPDATE {table} SET {column} = {value}{version} {where}")


@pytest.mark.parametrize("table", sorted(VERSIONED))
@pytest.mark.parametrize("version", ["version", "version + 2", "version - 1", "1"])
async def test_a_version_neither_jumps_nor_stays(sql: Sql, table: str, version: str) -> None:
    where = {"custody_record": "WHERE closed_at IS NULL", "proposal": "WHERE state = 'PENDING'"}.get(table, "")
    async with refused(sql, "one_version_at_a_time"):
        await sql.execute(f"UPDATE {table} SET version = {version} {where}")


async def test_a_row_begins_with_version_one(sql: Sql) -> None:
    async with refused(sql, "one_version_at_a_time"):
        await another(sql, "purpose", "code = 'SENTINEL'", code="PATROL", version=2)


async def test_a_closed_record_never_changes(sql: Sql) -> None:
    for sets in ("return_note = 'as it suits'", "closed_at = NULL, close_reason = NULL", "rounds_fired = 30", "close_reason = 'LOST'"):
        async with refused(sql, "closed_for_ever"):
            await sql.execute(f"UPDATE custody_record SET {sets}, version = version + 1 WHERE closed_at IS NOT NULL")


async def test_what_has_ended_stays_so(own: Sql) -> None:
    async with own.transaction():
        for row in await own.fetch("SELECT account_id FROM api_token UNION SELECT account_id FROM session"):
            for told in ("TOKEN_REVOKED", "SIGNED_OUT"):
                await tell(own, type=told, subject="ACCOUNT", subject_id=row["account_id"])
        await own.execute("UPDATE api_token SET revoked_at = now()")
        await own.execute("UPDATE session SET ended_at = now()")
        await own.execute("UPDATE session_token SET used_at = now() WHERE kind = 'REFRESH'")
        await own.execute("UPDATE recovery_code SET used_at = now()")
        await own.execute("UPDATE second_factor SET ended_at = now()")
    tag_id = await id_of(own, "tag", "code", "BADGE-S-001")
    async with own.transaction():
        await tell(own, type="TAG_REVOKED", subject="TAG", subject_id=tag_id, payload='{"tag": {}}')
        await own.execute("UPDATE tag SET revoked_at = now(), version = version + 1 WHERE id = $1", tag_id)
    for back in (
        *("session SET ended_at = NULL", "session SET ended_at = now() + interval '1 day'", "api_token SET revoked_at = NULL"),
        *("session_token SET used_at = NULL", "recovery_code SET used_at = NULL", "second_factor SET ended_at = NULL"),
    ):
        async with refused(own, "ended_for_ever"):
            await own.execute(f"UPDATE {back}")
    async with refused(own, "ended_for_ever"):
        await own.execute("UPDATE tag SET revoked_at = NULL, version = version + 1 WHERE id = $1", tag_id)


# ------------------------------------------------------------------------------------------------------------------------- who may do what


async def test_the_roles_of_an_account_stay_apart(sql: Sql) -> None:
    for roles in ("ADMIN,ARMORER", "ADMIN,AUDITOR", "AUDITOR,COMMANDER", "ARMS_ROOM_OFFICER,ADMIN"):
        async with refused(sql, "roles_apart"):
            await sql.execute(f"UPDATE account SET roles = '{{{roles}}}', version = version + 1 WHERE username = 'viewer'")


async def change_account(sql: Sql, username: str, change: str) -> None:
    """Change an account by plain SQL, with its event."""
    account_id = await id_of(sql, "account", "username", username)
    await tell(sql, type="ACCOUNT_CHANGED", subject="ACCOUNT", subject_id=account_id, payload='{"account": {}}')
    await sql.execute(f"UPDATE account SET {change}, version = version + 1 WHERE id = $1", account_id)


@pytest.mark.parametrize("change", ["state = 'DISABLED'", "roles = '{VIEWER}'", "roles = '{}'"])
async def test_the_last_administrator_stays_one(sql: Sql, change: str) -> None:
    async with refused(sql, "an_admin_left", at_commit=True):
        await change_account(sql, "admin", change)


async def test_of_two_administrators_who_take_each_other_out_one_stays(cluster: Cluster, own: Sql) -> None:
    async with own.transaction():
        await change_account(own, "viewer", "roles = '{ADMIN}'")
    other = await asyncpg.connect(cluster.url("busy_own"))
    theirs = other.transaction()
    await theirs.start()
    await other.execute("UPDATE account SET state = 'DISABLED', version = version + 1 WHERE username = 'admin'")
    async with own.transaction():
        await change_account(own, "viewer", "state = 'DISABLED'")
        await own.execute("SET CONSTRAINTS an_admin_left IMMEDIATE")
        waits = asyncio.create_task(other.execute("SET CONSTRAINTS an_admin_left IMMEDIATE"))
    with pytest.raises(asyncpg.PostgresError) as caught:
        await waits
    assert caught.value.constraint_name == "an_admin_left"
    await theirs.rollback()
    await other.close()


async def test_a_place_in_the_security_log_is_only_taken_by_what_came_later(sql: Sql) -> None:
    async with refused(sql, "only_newer"):
        await sql.execute("UPDATE security_log SET name = 'else'")
    async with refused(sql, "only_newer"):
        await sql.execute("UPDATE security_log SET seq = seq - 10000")


# ------------------------------------------------------------------------------------------------------------------------ keys and words


@pytest.mark.parametrize(("serial", "key"), [("m4-001", "M4001"), ("M4 001", "M4001"), ("Ｍ４-００１", "M4001"), ("M4\u2011001", "M4001")])
async def test_the_same_serial_in_another_spelling_is_refused(sql: Sql, serial: str, key: str) -> None:
    async with refused(sql, "item_serial"):
        await another(sql, "item", "serial = 'M4-002'", serial=serial, serial_key=key)


@pytest.mark.parametrize(
    ("serial", "key"), [("m4-001", "M4001X"), ("M4-099", "m4099"), ("M4-099", "M4-099"), ("M4-099", ""), ("M4-099", "M4 099")]
)
async def test_a_serial_key_that_is_not_that_of_the_serial_is_refused(sql: Sql, serial: str, key: str) -> None:
    async with refused(sql, "item_serial_key"):
        await another(sql, "item", "serial = 'M4-002'", serial=serial, serial_key=key)


async def test_an_item_has_the_maker_of_its_model(sql: Sql) -> None:
    async with refused(sql, "item_manufacturer"):
        await another(sql, "item", "serial = 'M4-002'", serial="M4-001", serial_key="M4001", manufacturer_key="GLOCK")


async def test_the_key_of_a_maker_is_that_of_its_name(sql: Sql) -> None:
    async with refused(sql, "item_model_key"):
        await another(sql, "item_model", "nomenclature = 'Carbine M4'", manufacturer_key="COLTTWO")


async def test_the_same_nomenclature_of_a_maker_in_another_case_is_refused(sql: Sql) -> None:
    async with refused(sql, "item_model_nomenclature"):
        await another(sql, "item_model", "nomenclature = 'Carbine M4'", nomenclature="CARBINE m4")


@pytest.mark.parametrize(("number", "key"), [("S-001", "S001"), ("s 001", "S001"), ("Ｓ－００１", "S001")])
async def test_the_same_service_number_in_any_spelling_is_refused(sql: Sql, number: str, key: str) -> None:
    async with refused(sql, "person_service_number_key_key"):
        await another(sql, "person", "service_number = 'S-002'", service_number=number, service_number_key=key)


async def test_a_service_number_key_that_is_not_that_of_the_number_is_refused(sql: Sql) -> None:
    async with refused(sql, "person_key"):
        await another(sql, "person", "service_number = 'S-002'", service_number="S-001", service_number_key="S001X")


@pytest.mark.parametrize(("table", "column", "guard", "_words"), WORDS)
async def test_a_word_that_there_is_not_is_refused(sql: Sql, table: str, column: str, guard: str, _words: type[StrEnum]) -> None:
    word = ["GOD"] if column in ("roles", "scopes") else "GONE"
    unique: dict[str, dict[str, str]] = {
        "armory": {"code": "EAST"},
        "person": {"service_number": "S-999", "service_number_key": "S999"},
        "item_model": {"nomenclature": "Other"},
        "item": {"serial": "M4-099", "serial_key": "M4099"},
        "purpose": {"code": "PATROL"},
        "account": {"username": "else", "username_key": "else"},
        "stock_lot": {"lot_number": "OTHER"},
        "proposal": {},
        "confirmation": {},
        "api_token": {"token_hash": "\\x00"},
        "session_token": {"token_hash": "\\x00"},
        "security_log": {"slot": "9999", "seq": "9999"},
    }
    async with refused(sql, guard):
        if column == "state" and table == "proposal":
            await sql.execute(f"UPDATE proposal SET state = '{word}', {DECIDED}, version = version + 1 WHERE state = 'PENDING'")
        elif table == "custody_record":
            past = {"issued_at": "2020-01-01Z", "due_at": "2020-01-02Z", "closed_at": "2020-01-01T12:00Z"}
            await draw(sql, "M4-003", like="M4-002", **{**past, column: word})
        else:
            where = {"confirmation": "stage = 'RETURN'", "proposal": "state = 'PENDING'"}.get(table, "true")
            await another(sql, table, where, **{**unique[table], column: word})


@pytest.mark.parametrize(
    ("table", "guard", "changes"),
    [
        ("unit", "unit_words", {"code": "lower case"}),
        ("unit", "unit_code_key", {"code": "WING"}),
        ("armory", "armory_words", {"code": "EAST", "name": ""}),
        ("armory", "armory_policy", {"code": "EAST", "sidearm_limit": -1}),
        ("armory", "armory_policy", {"code": "EAST", "temporary_limit_hours": 0}),
        ("armory", "armory_code_key", {"code": "NORTH"}),
        ("item", "item_round_count", {"serial": "M4-099", "serial_key": "M4099", "round_count": -1}),
        ("tag", "tag_one_target", {"code": "NOBODY", "item_id": None, "person_id": None}),
        ("tag", "tag_words", {"code": " BLANK "}),
        ("tag", "tag_words", {"code": ""}),
        ("tag", "tag_code_key", {"code": "BADGE-S-001"}),
        ("purpose", "purpose_words", {"code": "PATROL", "name": ""}),
        ("purpose", "purpose_code_key", {"code": "SENTINEL"}),
        ("account", "account_words", {"username": "Root", "username_key": "Root"}),
        ("account", "account_username_key_key", {"username": "NORTH", "username_key": "north"}),
        ("account", "account_external", {"username": "else", "username_key": "else", "issuer": "https://id.example"}),
        ("account", "account_external", {"username": "else", "username_key": "else", "issuer": "", "external_subject": "1"}),
        ("account", "roles_apart", {"username": "else", "username_key": "else", "roles": ["ADMIN", "ARMORER"]}),
        ("account", "roles_apart", {"username": "else", "username_key": "else", "roles": ["ADMIN", "AUDITOR"]}),
        ("account", "roles_apart", {"username": "else", "username_key": "else", "roles": ["AUDITOR", "COMMANDER"]}),
        ("api_token", "api_token_scopes", {"token_hash": "\\x00", "scopes": []}),
        ("session_token", "session_token_times", {"token_hash": "\\x00", "kind": "ACCESS", "used_at": "2026-01-01Z"}),
        ("second_factor", "second_factor_words", {"ended_at": "2026-01-01Z", "secret": "short"}),
        ("second_factor", "second_factor_words", {"ended_at": "2026-01-01Z", "last_step": -1}),
        ("second_factor", "second_factor_one", {}),
        ("recovery_code", "recovery_code_once", {}),
        ("token_use", "token_use_once", {}),
        ("token_use", "token_use_times", {"address": "192.0.2.9", "last_used_at": "2020-01-01Z"}),
        ("security_log", "security_log_slot", {"slot": 5, "seq": 10_006}),
        ("security_log", "security_log_slot", {"slot": 10_000, "seq": 20_000}),
        ("operation", "operation_document", {"document": "{ me { id } }"}),
        ("operation", "operation_once", {}),
        ("account", "account_password", {"username": "else", "username_key": "else", "password_hash": "in clear text"}),
        ("person", "person_pin", {"service_number": "S-999", "service_number_key": "S999", "pin_hash": "482913"}),
        ("purpose", "purpose_due", {"code": "PATROL", "due_hours": 0}),
        ("purpose", "purpose_loadout", {"code": "PATROL", "loadout": {}}),
        ("stock_lot", "stock_words", {"lot_number": "OTHER", "article": "9 mm"}),
        ("stock_lot", "stock_words", {"lot_number": "", "article": "OTHER"}),
        ("stock_lot", "stock_dodic", {"lot_number": "OTHER", "dodic": "A36"}),
        ("issue_authorization", "authorization_card", {"card_number": ""}),
    ],
)
async def test_a_row_that_says_nonsense_is_refused(sql: Sql, table: str, guard: str, changes: dict[str, Any]) -> None:
    async with refused(sql, guard):
        await another(sql, table, "true", **changes)


async def test_a_tag_cannot_name_two_targets(sql: Sql) -> None:
    both = {"item_id": await id_of(sql, "item", "serial", "M4-001"), "person_id": await id_of(sql, "person", "service_number", "S-001")}
    async with refused(sql, "tag_one_target"):
        await another(sql, "tag", "true", code="BOTH", **both)


async def test_a_unit_cannot_stand_under_itself(sql: Sql) -> None:
    async with refused(sql, "unit_not_its_own_parent"):
        await sql.execute("UPDATE unit SET parent_id = id, version = version + 1")


async def test_a_token_is_nobody_elses_and_ends_after_it_begins(sql: Sql) -> None:
    for table, guard in (("session_token", "session_token_once"), ("api_token", "api_token_token")):
        async with refused(sql, guard):
            await sql.execute(
                f"INSERT INTO {table} SELECT (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid()))).* "
                f"FROM {table} t LIMIT 1"
            )
    for table in ("session", "session_token", "api_token"):
        async with refused(sql, f"{table}_times"):
            await sql.execute(
                f"INSERT INTO {table} SELECT (jsonb_populate_record(t, jsonb_build_object("
                f"'id', gen_random_uuid(), 'token_hash', '\\x00', 'expires_at', t.created_at))).* FROM {table} t LIMIT 1"
            )


# ---------------------------------------------------------------------------------------------------------------------- the receipt's facts


@pytest.mark.parametrize("minutes", [60, 0])
async def test_a_receipt_is_due_after_it_is_issued(sql: Sql, minutes: int) -> None:
    record = await record_of(sql, "M4-001")
    due = await sql.fetchval("SELECT $1::timestamptz - make_interval(mins => $2)", record["issued_at"], minutes)
    async with refused(sql, "custody_times"):
        await draw(sql, "M4-003", due_at=due)


async def test_a_temporary_receipt_has_a_due_time(sql: Sql) -> None:
    async with refused(sql, "custody_due"):
        await draw(sql, "M4-003", due_at=None)


@pytest.mark.parametrize(
    ("guard", "changes"),
    [
        ("custody_times", {"closed_at": "issued_at - interval '1 second'"}),
        ("custody_closed_whole", {"close_reason": "NULL"}),
        ("custody_closed_whole", {"closed_at": "NULL"}),
        ("custody_closed_whole", {"closed_at": "NULL", "close_reason": "NULL"}),
        ("custody_brought", {"brought_by_id": "NULL"}),
        ("custody_brought_reason", {"brought_by_id": "(SELECT id FROM person WHERE service_number = 'S-002')"}),
        ("custody_brought_reason", {"brought_by_id": "(SELECT id FROM person WHERE service_number = 'S-002')", "brought_reason": "''"}),
        ("custody_rounds", {"rounds_fired": "-1"}),
    ],
)
async def test_a_return_that_does_not_say_all_of_it_is_refused(sql: Sql, guard: str, changes: dict[str, str]) -> None:
    async with refused(sql, guard):
        await close(sql, "M4-001", **changes)


@pytest.mark.parametrize(
    ("begin", "end"), [("-30 minutes", "-10 minutes"), ("-2 hours", "1 hour"), ("-10 minutes", None), ("-2 hours", "-1 second")]
)
async def test_custody_of_an_item_never_overlaps(own: Sql, begin: str, end: str | None) -> None:
    """Beside a record of an hour that is closed, one that began or ended within it."""
    now = await own.fetchval("SELECT now()")

    async def moment(shift: str | None) -> Any:
        return shift and str(await own.fetchval(f"SELECT $1::timestamptz + interval '{shift}'", now))

    hour = {"issued_at": await moment("-1 hour"), "closed_at": str(now), "due_at": await moment("1 day")}
    async with own.transaction():
        await draw(own, "M4-003", like="M4-002", **hour)
    inside = {"issued_at": await moment(begin), "closed_at": await moment(end), "due_at": await moment("1 day")}
    async with refused(own, "custody_without_overlap"):
        await draw(own, "M4-003", like="M4-002" if end else "M4-001", **inside)


async def test_two_who_record_the_same_hour_at_once_are_refused_one_of_the_two(own: Sql, second: Sql, onlooker: Sql) -> None:
    receipt = (await record_of(own, "M4-001"))["next"]
    item_id = await id_of(own, "item", "serial", "M4-003")
    hour = {"issued_at": "2026-01-01T08:00Z", "due_at": "2026-01-02T08:00Z", "closed_at": "2026-01-01T09:00Z", "item_id": item_id}
    first, other = own.transaction(), second.transaction()
    await first.start()
    await draw(own, "M4-003", like="M4-002", **hour)
    await other.start()
    changes = {**hour, "receipt": receipt + 1, "receipt_number": "NORTH-LATER"}
    late = asyncio.create_task(another(second, "custody_record", "closed_at IS NOT NULL", **changes))
    await blocked(onlooker, late)
    await first.commit()
    with pytest.raises(asyncpg.PostgresError) as caught:
        await late
    assert caught.value.constraint_name == "custody_without_overlap"
    await other.rollback()


@pytest.mark.parametrize("step", [-1, 0, 2])
async def test_receipt_numbers_have_no_gap_and_are_not_used_again(sql: Sql, step: int) -> None:
    last = (await record_of(sql, "M4-001"))["next"] - 1
    async with refused(sql, "receipts_without_gap"):
        await draw(sql, "M4-003", receipt=last + step, receipt_number="NORTH-OTHER")


async def test_the_index_alone_refuses_a_receipt_number_that_was_used(own: Sql) -> None:
    await own.execute("ALTER TABLE custody_record DISABLE TRIGGER opened")
    async with refused(own, "custody_receipt"):
        await draw(own, "M4-003", receipt=1, receipt_number="NORTH-OTHER")


# ----------------------------------------------------------------------------------------------------------- INV-13: explained by an event

TOUCH = {
    "unit": "name = 'Other'",
    "armory": "state = 'CLOSED'",
    "person": "rank = 'GEN'",
    "item_model": "caliber = 'other'",
    "item": "rack = 'B-2'",
    "tag": "revoked_at = now()",
    "purpose": "name = 'Other'",
    "custody_record": "closed_at = now(), close_reason = 'RETURNED', brought_by_id = holder_id",
    "account": "roles = ARRAY['ADMIN']",
    "issue_authorization": "revoked_at = now()",
    "qualification": "revoked_at = now()",
    "custody_line": "lost_reason = 'other'",
    "proposal": "state = 'REJECTED', decided_at = now(), decided_by_name = 'else'",
    "operation": "retired_at = now()",
}
DECIDED = "decided_at = now(), decided_by_name = 'else'"
NEW: dict[str, dict[str, Any]] = {
    "unit": {"code": "NEW"},
    "armory": {"code": "NEW"},
    "person": {"service_number": "NEW", "service_number_key": "NEW"},
    "item_model": {"nomenclature": "New"},
    "item": {"serial": "NEW", "serial_key": "NEW", "state": "IN_ROOM"},
    "tag": {"code": "NEW"},
    "purpose": {"code": "NEW"},
    "account": {"username": "new", "username_key": "new"},
    "issue_authorization": {"valid_until": None},
    "qualification": {"code": "NEW"},
    "proposal": {"reason": "another"},
    "operation": {"document": "{ me { id } }", "document_id": hashlib.sha256(b"{ me { id } }").hexdigest()},
}


async def touch(sql: Sql, table: str) -> None:
    """Change one row by plain SQL, without an event."""
    where = {"custody_record": "closed_at IS NULL", "proposal": "state = 'PENDING'"}.get(table, "true")
    await sql.execute(f"UPDATE {table} SET {TOUCH[table]}, version = version + 1 WHERE id = (SELECT id FROM {table} WHERE {where} LIMIT 1)")


@pytest.mark.parametrize("table", sorted(TOUCH))
async def test_inv_13_a_change_without_an_event_is_refused_at_the_commit(sql: Sql, table: str) -> None:
    assert set(TOUCH) == VERSIONED
    async with refused(sql, "explained_by_the_ledger", at_commit=True):
        await touch(sql, table)


@pytest.mark.parametrize("table", sorted(VERSIONED))
async def test_inv_13_a_new_row_without_an_event_is_refused_at_the_commit(sql: Sql, table: str) -> None:
    async with refused(sql, "explained_by_the_ledger", at_commit=True):
        if table == "custody_record":
            next_receipt = (await record_of(sql, "M4-001"))["next"]
            item_id = await id_of(sql, "item", "serial", "M4-003")
            new = {"item_id": item_id, "receipt": next_receipt, "receipt_number": "NORTH-NEW"}
            await another(sql, "custody_record", "closed_at IS NULL AND weapons_card IS NULL", **new)
        elif table == "custody_line":
            await another(sql, table, "true", **await new_line(sql))
        else:
            where = {"proposal": "state = 'PENDING'", "issue_authorization": "card_number IS NULL"}.get(table, "true")
            await another(sql, table, where, **NEW[table])


async def test_inv_13_an_event_of_an_earlier_transaction_explains_nothing(own: Sql) -> None:
    item_id = await id_of(own, "item", "serial", "M4-003")
    async with own.transaction():
        await tell_of_item(own, item_id)
    async with refused(own, "explained_by_the_ledger", at_commit=True):
        await own.execute("UPDATE item SET rack = 'B-2', version = version + 1 WHERE id = $1", item_id)


async def test_inv_13_an_event_that_was_rolled_back_explains_nothing(sql: Sql) -> None:
    item_id = await id_of(sql, "item", "serial", "M4-003")
    async with refused(sql, "explained_by_the_ledger", at_commit=True):
        await sql.execute("SAVEPOINT before")
        await tell_of_item(sql, item_id)
        await sql.execute("ROLLBACK TO SAVEPOINT before")
        await sql.execute("UPDATE item SET rack = 'B-2', version = version + 1 WHERE id = $1", item_id)


async def test_inv_13_the_event_of_another_item_explains_nothing(sql: Sql) -> None:
    async with refused(sql, "explained_by_the_ledger", at_commit=True):
        await tell_of_item(sql, await id_of(sql, "item", "serial", "M4-004"))
        await sql.execute("UPDATE item SET rack = 'B-2', version = version + 1 WHERE serial = 'M4-003'")


async def test_inv_13_an_event_of_another_kind_explains_nothing(sql: Sql) -> None:
    item_id = await id_of(sql, "item", "serial", "M4-003")
    async with refused(sql, "explained_by_the_ledger", at_commit=True):
        await tell_of_item(sql, item_id, type="TAG_ASSIGNED")
        await sql.execute("UPDATE item SET rack = 'B-2', version = version + 1 WHERE id = $1", item_id)


@pytest.mark.parametrize(
    "wrong",
    [{"stream": "registry"}, {"stream": "SOUTH"}, {"payload": "{}"}, {"payload": '{"custody_record": {}}'}],
    ids=["the registry", "another room", "nothing said", "another table"],
)
async def test_inv_13_an_event_elsewhere_or_without_the_row_explains_nothing(sql: Sql, wrong: dict[str, str]) -> None:
    item_id = await id_of(sql, "item", "serial", "M4-003")
    south = str(await id_of(sql, "armory", "code", "SOUTH"))
    async with refused(sql, "explained_by_the_ledger", at_commit=True):
        await tell_of_item(sql, item_id, **{name: south if value == "SOUTH" else value for name, value in wrong.items()})
        await sql.execute("UPDATE item SET rack = 'B-2', version = version + 1 WHERE id = $1", item_id)


@pytest.mark.parametrize("table", sorted(set(TOUCH) - {"item"}))
@pytest.mark.parametrize("wrong", ["stream", "payload"])
async def test_inv_13_each_table_has_its_stream_and_its_payload(sql: Sql, table: str, wrong: str) -> None:
    """The same change with the right event, and with one that is wrong in one thing."""
    where = {
        "custody_record": "WHERE closed_at IS NULL",
        "tag": "WHERE item_id IS NOT NULL AND code = 'TAG-M4-001'",
        "proposal": "WHERE state = 'PENDING'",
    }.get(table, "")
    types = {"custody_record": "ITEM_RETURNED", "tag": "TAG_REVOKED", "custody_line": "STOCK_SETTLED", "proposal": "PROPOSAL_REJECTED"}
    types |= {"issue_authorization": "AUTHORIZATION_REVOKED", "qualification": "QUALIFICATION_REVOKED", "operation": "OPERATION_RETIRED"}
    row = await sql.fetchrow(f"SELECT * FROM {table} {where} ORDER BY id LIMIT 1")
    north, south = str(await id_of(sql, "armory", "code", "NORTH")), str(await id_of(sql, "armory", "code", "SOUTH"))
    of_room = ("tag", "custody_record", "custody_line", "proposal")
    stream = str(row["id"]) if table == "armory" else north if table in of_room else "registry"
    event = {
        "stream": stream,
        "type": types.get(table, f"{table.upper()}_CHANGED"),
        "subject_id": row["record_id"] if table == "custody_line" else row["id"],
        "person_id": row["id"],
        "payload": json.dumps({table: {}}),
    }
    change = f"UPDATE {table} SET {TOUCH[table]}, version = version + 1 WHERE id = $1"
    right = sql.transaction()
    await right.start()
    await tell(sql, **event)
    await sql.execute(change, row["id"])
    await sql.execute("SET CONSTRAINTS explained IMMEDIATE")
    await right.rollback()
    async with refused(sql, "explained_by_the_ledger", at_commit=True):
        await tell(sql, **{**event, wrong: "{}" if wrong == "payload" else south if stream == "registry" else "registry"})
        await sql.execute(change, row["id"])


NEW_TOKEN = (
    "INSERT INTO api_token SELECT (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'token_hash', '\\x00'))).* "
    "FROM api_token t WHERE account_id = $1 LIMIT 1"
)
REVOKED = "UPDATE api_token SET revoked_at = now() WHERE account_id = $1"


@pytest.mark.parametrize(
    ("statement", "type_", "other"), [(NEW_TOKEN, "TOKEN_CREATED", "TOKEN_REVOKED"), (REVOKED, "TOKEN_REVOKED", "TOKEN_CREATED")]
)
async def test_inv_13_a_token_is_made_and_revoked_with_an_event_of_its_account(own: Sql, statement: str, type_: str, other: str) -> None:
    account_id, another_id = [row["account_id"] for row in await own.fetch("SELECT DISTINCT account_id FROM api_token LIMIT 2")]
    for event in (None, {"type": other}, {"subject_id": another_id}):
        async with refused(own, "explained_by_the_ledger", at_commit=True):
            if event is not None:
                await tell(own, **{"type": type_, "subject": "ACCOUNT", "subject_id": account_id, **event})
            await own.execute(statement, account_id)
    async with own.transaction():
        await tell(own, type=type_, subject="ACCOUNT", subject_id=account_id)
        await own.execute(statement, account_id)


async def test_inv_13_a_row_said_to_be_imported_needs_the_event_of_its_subject(own: Sql) -> None:
    north, unit_id = await id_of(own, "armory", "code", "NORTH"), await id_of(own, "unit", "code", "WING")
    for event in (None, uuid4()):
        async with refused(own, "explained_by_the_ledger", at_commit=True):
            if event is not None:
                await tell(own, subject_id=event)
            await own.execute("INSERT INTO imported_row VALUES ('units:2', 'UNIT', $1, now(), $2)", unit_id, north)


@pytest.mark.parametrize(
    "who",
    [
        {"actor_name": ""},
        {"actor_name": "   "},
        {"actor_kind": "ACCOUNT"},
        {"actor_kind": "ROBOT"},
        {"actor_id": UUID(int=0)},
        {"credential_id": UUID(int=0)},
        {"actor_kind": "ACCOUNT", "actor_id": UUID(int=0)},
        {"actor_kind": "SYSTEM", "actor_id": UUID(int=0)},
        {"actor_kind": "SYSTEM", "actor_name": ""},
    ],
    ids=[
        *("no name", "a blank name", "no account", "no such kind", "a console with an account", "a console with a token"),
        *("no such account", "a clock with an account", "a clock without a name"),
    ],
)
async def test_inv_13_an_event_without_an_actor_is_refused(sql: Sql, who: dict[str, Any]) -> None:
    async with refused(sql, "ledger_actor"):
        await tell(sql, **who)


@pytest.mark.parametrize("column", ["actor_kind", "actor_name", "type", "subject", "subject_id", "payload"])
async def test_inv_13_an_event_says_who_and_what(sql: Sql, column: str) -> None:
    before = await fingerprint(sql)
    with pytest.raises(asyncpg.NotNullViolationError) as caught:
        await tell(sql, **{column: None})
    assert caught.value.column_name == column
    assert await fingerprint(sql) == before


# ------------------------------------------------------------------------------------------------ stock on the shelf and out: INV-9, INV-10

LINE_OF = """SELECT l.* FROM custody_line l JOIN custody_record c ON c.id = l.record_id JOIN item i ON i.id = c.item_id
    JOIN stock_lot s ON s.id = l.lot_id WHERE i.serial = $1 AND s.lot_number = $2"""
LOST_ONE = "on_hand = on_hand - 1, lost = lost + 1"


async def lot_of(sql: Sql, number: str, room: str = "NORTH") -> asyncpg.Record:
    """A lot of an arms room."""
    row: asyncpg.Record = await sql.fetchrow(
        "SELECT s.* FROM stock_lot s JOIN armory a ON a.id = s.armory_id WHERE s.lot_number = $1 AND a.code = $2", number, room
    )
    return row


async def line_of(sql: Sql, serial: str, lot: str = "B-1") -> asyncpg.Record:
    """What of a lot is on the receipt of an item."""
    row: asyncpg.Record = await sql.fetchrow(LINE_OF, serial, lot)
    return row


async def set_lot(sql: Sql, number: str, sets: str, **event: Any) -> None:
    """Change a lot by plain SQL, with its event; every field of that may be wrong."""
    lot, event_id = await lot_of(sql, number), uuid7()
    about = {"subject": "STOCK_LOT", "subject_id": lot["id"], "stream": str(lot["armory_id"])}
    payload = json.dumps({"stock_lot": [{"id": str(lot["id"])}]})
    await tell(sql, **{"event_id": event_id, "type": "STOCK_ADJUSTED", **about, "payload": payload, **event})
    await sql.execute(f"UPDATE stock_lot SET {sets}, last_event_id = $2 WHERE id = $1", lot["id"], event_id)


async def set_line(sql: Sql, serial: str, sets: str, lot: str = "B-1", **event: Any) -> None:
    """Change a line by plain SQL, with its event, and say nothing of the lot."""
    row = await line_of(sql, serial, lot)
    about = {"subject": "CUSTODY_RECORD", "subject_id": row["record_id"], "stream": str(row["armory_id"])}
    await tell(sql, **{"type": "STOCK_SETTLED", **about, "payload": '{"custody_line": []}', **event})
    await sql.execute(f"UPDATE custody_line SET {sets}, version = version + 1 WHERE id = $1", row["id"])


async def new_line(sql: Sql, serial: str = "M4-001", lot: str = "B-2") -> dict[str, Any]:
    """What makes a line another: nothing of this lot is on this receipt yet."""
    record, of = await record_of(sql, serial), await lot_of(sql, lot)
    nothing = dict.fromkeys(("returned", "expended", "lost", "handed_over"), 0)
    return {"record_id": record["id"], "lot_id": of["id"], "issued": 10, **nothing}


async def add_line(sql: Sql, serial: str, lot: str = "B-2", **changes: Any) -> None:
    """Put a line on a receipt by plain SQL, with its event, and say nothing of the lot."""
    record = await record_of(sql, serial)
    about = {"subject": "CUSTODY_RECORD", "subject_id": record["id"], "stream": str(record["armory_id"])}
    await tell(sql, type="ITEM_ISSUED", payload='{"custody_line": []}', **about)
    await another(sql, "custody_line", "true", **{**await new_line(sql, serial, lot), **changes})


async def test_honest_sql_about_stock_is_let_through(own: Sql) -> None:
    async with own.transaction():
        await set_line(own, "G17-001", "returned = returned + 10, expended = expended + 5, lost = 5, lost_reason = 'in the river'")
        moves = "on_hand = on_hand + 10, out_on_issue = out_on_issue - 20, expended = expended + 5, lost = lost + 5"
        await set_lot(own, "B-1", moves, type="STOCK_SETTLED")
        await set_line(own, "G17-001", "returned = 2", "M-1")
        await set_lot(own, "M-1", "on_hand = on_hand + 2, out_on_issue = 0")
        await close(own, "G17-001")
        await set_item(own, "G17-001", "state = 'IN_ROOM'")
    assert (await lot_of(own, "B-1"))["out_on_issue"] == 0
    async with own.transaction():
        await add_line(own, "M4-001")
        await set_lot(own, "B-2", "on_hand = on_hand - 10, out_on_issue = 10")


@pytest.mark.parametrize("term", ["received", "disposed", "on_hand", "out_on_issue", "expended", "lost"])
async def test_inv_10_stock_is_conserved(sql: Sql, term: str) -> None:
    for by in ("+ 1", "- 1"):
        async with refused(sql, "stock_conserved"):
            await set_lot(sql, "B-1", f"{term} = {term} {by}")


@pytest.mark.parametrize(
    "sets",
    [
        "on_hand = -1, expended = expended + on_hand + 1",
        "expended = -1, on_hand = on_hand + expended + 1",
        "lost = -1, on_hand = on_hand + lost + 1",
        "out_on_issue = -1, on_hand = on_hand + out_on_issue + 1",
        "disposed = -1, received = received - disposed - 1",
        "received = -1, disposed = disposed - received - 1",
    ],
)
async def test_inv_10_no_term_is_ever_negative(sql: Sql, sets: str) -> None:
    async with refused(sql, "stock_not_negative"):
        await set_lot(sql, "B-1", sets)


async def test_inv_10_a_new_lot_is_conserved_too(sql: Sql) -> None:
    async with refused(sql, "stock_conserved"):
        await another(sql, "stock_lot", "true", lot_number="NEW", on_hand=1_000_000)
    async with refused(sql, "stock_conserved"):
        await another(sql, "stock_lot", "true", lot_number="NEW", received=2**31 - 1, on_hand=2**31 - 1, out_on_issue=2**31 - 1)
    async with refused(sql, "stock_lot_number"):
        await another(sql, "stock_lot", "lot_number = 'B-2'")


@pytest.mark.parametrize(
    "sets",
    [
        "out_on_issue = out_on_issue + 1, on_hand = on_hand - 1",
        "out_on_issue = out_on_issue - 1, on_hand = on_hand + 1",
        "out_on_issue = 0, lost = lost + out_on_issue",
    ],
)
async def test_inv_10_what_is_out_of_a_lot_is_what_its_lines_say(sql: Sql, sets: str) -> None:
    async with refused(sql, "stock_out_as_lines_say", at_commit=True):
        await set_lot(sql, "B-1", sets)


async def test_inv_10_a_new_lot_has_nothing_out(sql: Sql) -> None:
    lot_id, event_id = uuid7(), uuid7()
    async with refused(sql, "stock_out_as_lines_say", at_commit=True):
        payload = json.dumps({"stock_lot": [{"id": str(lot_id), "on_hand": 1}]})
        north = str(await id_of(sql, "armory", "code", "NORTH"))
        await tell(sql, event_id=event_id, type="STOCK_RECEIVED", stream=north, subject="STOCK_LOT", subject_id=lot_id, payload=payload)
        new = {"id": lot_id, "lot_number": "NEW", "last_event_id": event_id, "received": 2, "on_hand": 1, "out_on_issue": 1, "expended": 0}
        await another(sql, "stock_lot", f"lot_number = 'B-1' AND armory_id = '{north}'", **new)


@pytest.mark.parametrize("sets", ["returned = returned + 1", "expended = 0", "handed_over = 20", "lost = 1, lost_reason = 'x'"])
async def test_inv_10_a_line_does_not_change_without_its_lot(sql: Sql, sets: str) -> None:
    async with refused(sql, "stock_out_as_lines_say", at_commit=True):
        await set_line(sql, "G17-001", sets)


async def test_inv_10_stock_does_not_go_out_on_a_line_without_its_lot(sql: Sql) -> None:
    async with refused(sql, "stock_out_as_lines_say", at_commit=True):
        await add_line(sql, "M4-001")


async def test_inv_10_stock_does_not_return_to_another_lot(own: Sql) -> None:
    async with own.transaction():
        await add_line(own, "M4-001")
        await set_lot(own, "B-2", "on_hand = on_hand - 10, out_on_issue = 10")
    async with refused(own, "stock_out_as_lines_say", at_commit=True):
        await set_line(own, "G17-001", "returned = returned + 5")
        await set_lot(own, "B-2", "on_hand = on_hand + 5, out_on_issue = out_on_issue - 5")


async def test_inv_10_of_two_who_take_the_last_rounds_at_once_by_sql_one_is_refused(own: Sql, second: Sql, onlooker: Sql) -> None:
    """The second waits for the lot, and then there is not so much left."""
    first, other = own.transaction(), second.transaction()
    await first.start()
    await add_line(own, "M4-001", issued=60)
    await set_lot(own, "B-2", "on_hand = on_hand - 60, out_on_issue = out_on_issue + 60")
    await other.start()
    lot_id = (await lot_of(second, "B-2"))["id"]
    late = asyncio.create_task(
        second.execute("UPDATE stock_lot SET on_hand = on_hand - 60, out_on_issue = out_on_issue + 60 WHERE id = $1", lot_id)
    )
    await blocked(onlooker, late)
    await first.commit()
    with pytest.raises(asyncpg.PostgresError) as caught:
        await late
    assert caught.value.constraint_name == "stock_not_negative"
    await other.rollback()


@pytest.mark.parametrize(
    ("sets", "guard"),
    [
        ("returned = 31", "line_quantities"),
        ("returned = returned + 21", "line_quantities"),
        ("expended = -1, returned = returned + 6", "line_quantities"),
        ("handed_over = -5, returned = returned + 5", "line_quantities"),
        ("lost = -1, lost_reason = 'x'", "line_quantities"),
        ("lost = 1", "line_lost_reason"),
        ("lost = 1, lost_reason = ''", "line_lost_reason"),
    ],
)
async def test_inv_10_a_line_accounts_for_what_went_out_and_no_more(sql: Sql, sets: str, guard: str) -> None:
    async with refused(sql, guard):
        await set_line(sql, "G17-001", sets)


async def test_inv_10_a_line_is_of_its_receipts_arms_room_and_of_a_lot_there(sql: Sql) -> None:
    elsewhere = await lot_of(sql, "B-1", "SOUTH")
    async with refused(sql, "line_lot"):
        await add_line(sql, "M4-001", lot_id=elsewhere["id"])
    async with refused(sql, "line_record"):
        await add_line(sql, "M4-001", lot_id=elsewhere["id"], armory_id=elsewhere["armory_id"])
    async with refused(sql, "line_once"):
        await add_line(sql, "G17-001", "B-1")
    async with refused(sql, "line_quantities"):
        await add_line(sql, "M4-001", issued=0)


async def test_inv_10_a_lot_does_not_change_without_an_event(sql: Sql) -> None:
    for sets in (LOST_ONE, "received = received + 5, on_hand = on_hand + 5", "last_event_id = last_event_id"):
        async with refused(sql, "explained_by_the_ledger", at_commit=True):
            await sql.execute(f"UPDATE stock_lot SET {sets} WHERE lot_number = 'B-2'")
    async with refused(sql, "explained_by_the_ledger", at_commit=True):
        await another(sql, "stock_lot", "lot_number = 'B-2'", lot_number="NEW")


@pytest.mark.parametrize(
    "wrong",
    [
        {"stream": "SOUTH"},
        {"stream": "registry"},
        {"type": "ITEM_CHANGED"},
        {"payload": "{}"},
        {"payload": '{"stock_lot": []}'},
        {"payload": '{"stock_lot": [{"id": "OTHER"}]}'},
        {"payload": '{"stock_lot": {"id": "MINE"}}'},
        {"payload": '{"stock": [{"id": "MINE"}]}'},
    ],
    ids=["another room", "the registry", "another kind", "nothing", "no lot", "another lot", "no list", "another key"],
)
async def test_inv_13_a_lot_changes_with_an_event_of_its_room_that_names_it(sql: Sql, wrong: dict[str, str]) -> None:
    south = str(await id_of(sql, "armory", "code", "SOUTH"))
    mine, other = (await lot_of(sql, "B-2"))["id"], (await lot_of(sql, "B-1"))["id"]
    for name, value in wrong.items():
        given = south if value == "SOUTH" else value.replace("MINE", str(mine)).replace("OTHER", str(other))
        async with refused(sql, "explained_by_the_ledger", at_commit=True):
            await set_lot(sql, "B-2", LOST_ONE, **{name: given})


async def test_inv_13_a_lot_names_the_event_of_this_very_change(own: Sql) -> None:
    lot = await lot_of(own, "B-2")
    async with own.transaction():
        await set_lot(own, "B-2", LOST_ONE)
    told = (await lot_of(own, "B-2"))["last_event_id"]
    async with refused(own, "explained_by_the_ledger", at_commit=True):  # an event of an earlier transaction
        await own.execute(f"UPDATE stock_lot SET {LOST_ONE}, last_event_id = $2 WHERE id = $1", lot["id"], told)
    async with refused(own, "stock_lot_last_event_id_fkey", at_commit=True):  # an event that there is not
        await own.execute(f"UPDATE stock_lot SET {LOST_ONE}, last_event_id = $2 WHERE id = $1", lot["id"], uuid4())
    async with refused(own, "explained_by_the_ledger", at_commit=True):  # the right event is there, but the lot names another
        await set_lot(own, "B-2", LOST_ONE)
        await own.execute("UPDATE stock_lot SET last_event_id = $2 WHERE id = $1", lot["id"], told)


async def test_inv_09_a_receipt_does_not_close_while_stock_on_it_is_out(own: Sql) -> None:
    async with refused(own, "settled_when_closed", at_commit=True):
        await close(own, "G17-001")
        await set_item(own, "G17-001", "state = 'IN_ROOM'")
    async with own.transaction():  # all rounds are back, the magazines are not
        await set_line(own, "G17-001", "returned = returned + 20")
        await set_lot(own, "B-1", "on_hand = on_hand + 20, out_on_issue = out_on_issue - 20")
    for reason in ("RETURNED", "TRANSFERRED", "LOST", "CORRECTED"):
        async with refused(own, "settled_when_closed", at_commit=True):
            await close(own, "G17-001", close_reason=f"'{reason}'")
            await set_item(own, "G17-001", "state = 'IN_ROOM'")


async def test_inv_09_nothing_goes_out_on_a_receipt_that_has_closed(sql: Sql) -> None:
    async with refused(sql, "closed_for_ever"):
        await add_line(sql, "G17-002")
        await set_lot(sql, "B-2", "on_hand = on_hand - 10, out_on_issue = 10")
    async with refused(sql, "closed_for_ever"):
        await set_line(sql, "G17-002", "expended = 5")
        await set_lot(sql, "B-1", "expended = expended - 5, out_on_issue = out_on_issue + 5")


async def test_what_was_on_a_closed_receipt_is_not_told_otherwise(sql: Sql) -> None:
    async with refused(sql, "closed_for_ever"):
        await set_line(sql, "G17-002", "lost = 0, returned = returned + lost")


async def test_a_lot_begins_with_what_was_received_only(sql: Sql) -> None:
    lot, event_id = await lot_of(sql, "B-1"), uuid7()
    new = {"id": uuid7(), "lot_number": "BORN", "received": 1, "on_hand": 1, "last_event_id": event_id}
    async with refused(sql, "explained_by_the_ledger", at_commit=True):
        payload = json.dumps({"stock_lot": [{"id": str(new["id"])}]})
        about = {"stream": str(lot["armory_id"]), "subject": "STOCK_LOT", "subject_id": new["id"], "event_id": event_id}
        await tell(sql, type="STOCK_ADJUSTED", payload=payload, **about)
        zero = dict.fromkeys(("disposed", "out_on_issue", "expended", "lost"), 0)
        await sql.execute(
            "INSERT INTO stock_lot SELECT (jsonb_populate_record(t, $1::jsonb)).* FROM stock_lot t WHERE id = $2",
            json.dumps({**new, **zero}, default=str),
            lot["id"],
        )


async def test_inv_09_nothing_goes_out_on_a_receipt_that_is_being_closed(own: Sql, second: Sql) -> None:
    """Also if it is looked at early, before the closing is there to be seen."""
    record, lot, event_id = await record_of(own, "M4-001"), await lot_of(own, "B-2"), uuid7()
    first, other = own.transaction(), second.transaction()
    await other.start()
    await another(second, "custody_line", "true", **await new_line(second))
    await second.execute(
        "UPDATE stock_lot SET on_hand = on_hand - 10, out_on_issue = 10, last_event_id = $2 WHERE id = $1", lot["id"], event_id
    )
    await second.execute("SET CONSTRAINTS settled_when_closed IMMEDIATE")
    await first.start()
    closing = asyncio.create_task(close(own, "M4-001"))
    await asyncio.wait([closing], timeout=0.3)
    about = {"subject": "CUSTODY_RECORD", "subject_id": record["id"], "stream": str(record["armory_id"])}
    payload = json.dumps({"custody_line": [], "stock_lot": [{"id": str(lot["id"])}]})
    try:
        if closing.done():
            await set_item(own, "M4-001", "state = 'IN_ROOM'")
            await first.commit()
        await tell(second, event_id=event_id, type="ITEM_ISSUED", payload=payload, **about)
        await other.commit()
        if not closing.done():
            await closing
            await set_item(own, "M4-001", "state = 'IN_ROOM'")
            await first.commit()
    except asyncpg.PostgresError:  # which of the two is refused, and how, is no matter
        await asyncio.wait([closing])
    finally:
        for ended in (first, other):
            if ended._state.name == "STARTED":
                await ended.rollback()
    assert closing.done()
    out = await second.fetchval(
        "SELECT count(*) FROM custody_line l JOIN custody_record c ON c.id = l.record_id WHERE c.closed_at IS NOT NULL "
        "AND l.issued > l.returned + l.expended + l.lost + l.handed_over"
    )
    assert out == 0


# ------------------------------------------------------------------------------------------- confirmations, emergencies, cards, due times


async def confirm(sql: Sql, serial: str, **changes: Any) -> None:
    """Confirm a receipt by plain SQL, with its event; every field may be wrong."""
    record = await record_of(sql, serial)
    about = {"subject": "CUSTODY_RECORD", "subject_id": record["id"], "stream": str(record["armory_id"])}
    await tell(sql, type="RECEIPT_CONFIRMED", payload='{"confirmation": {}}', **about)
    facts = {"record_id": record["id"], "person_id": record["holder_id"], "stage": "ISSUE", **changes}
    await another(sql, "confirmation", "true", **facts)


async def test_honest_sql_about_receipts_is_let_through(own: Sql) -> None:
    async with own.transaction():
        await confirm(own, "M4-001")
    async with own.transaction():
        await confirm(own, "M4-002", stage="RETURN")
    async with own.transaction():
        await regularise(own, "G17-004")
    assert await own.fetchval("SELECT count(*) FROM confirmation") == 4


async def test_a_receipt_is_confirmed_by_its_holder_and_in_time(sql: Sql) -> None:
    other = await id_of(sql, "person", "service_number", "S-003")
    for serial, changes in (
        ("M4-002", {}),  # the issue, when it has closed
        ("M4-001", {"stage": "RETURN"}),  # the return, while it is open
        ("M4-001", {"person_id": other}),
        ("M4-002", {"person_id": other, "stage": "RETURN"}),
    ):
        async with refused(sql, "confirmed_in_time"):
            await confirm(sql, serial, **changes)


async def test_only_what_was_given_back_is_confirmed_as_given_back(own: Sql) -> None:
    async with own.transaction():
        await close(own, "M4-001", close_reason="'LOST'", brought_by_id="NULL")
        await set_item(own, "M4-001", "state = 'LOST'")
    async with refused(own, "confirmed_in_time"):
        await confirm(own, "M4-001", stage="RETURN")


async def test_a_receipt_is_confirmed_once_and_in_its_own_room(sql: Sql) -> None:
    async with refused(sql, "confirmation_once"):
        await confirm(sql, "G17-001")
    async with refused(sql, "confirmation_record"):
        await confirm(sql, "M4-001", armory_id=await id_of(sql, "armory", "code", "SOUTH"))


async def test_a_receipt_that_is_being_closed_is_not_confirmed_any_more(own: Sql, second: Sql, onlooker: Sql) -> None:
    record = await record_of(own, "M4-001")
    first, other = own.transaction(), second.transaction()
    await first.start()
    await close(own, "M4-001")
    await set_item(own, "M4-001", "state = 'IN_ROOM'")
    await other.start()
    facts = {"record_id": record["id"], "person_id": record["holder_id"], "stage": "ISSUE"}
    late = asyncio.create_task(another(second, "confirmation", "true", **facts))
    await blocked(onlooker, late)
    await first.commit()
    with pytest.raises(asyncpg.PostgresError) as caught:
        await late
    assert caught.value.constraint_name == "confirmed_in_time"
    await other.rollback()


@pytest.mark.parametrize("wrong", [None, {"type": "ITEM_CHANGED"}, {"stream": "SOUTH"}, {"payload": "{}"}, {"subject_id": UUID(int=7)}])
@pytest.mark.parametrize("table", ["confirmation", "regularisation"])
async def test_inv_13_what_is_said_of_a_receipt_needs_its_event(sql: Sql, table: str, wrong: dict[str, Any] | None) -> None:
    record = await record_of(sql, "G17-004")
    south = str(await id_of(sql, "armory", "code", "SOUTH"))
    async with refused(sql, "explained_by_the_ledger", at_commit=True):
        if wrong is not None:
            type_ = {"confirmation": "RECEIPT_CONFIRMED", "regularisation": "EMERGENCY_REGULARISED"}[table]
            right = {"type": type_, "subject_id": record["id"], "stream": str(record["armory_id"]), "payload": json.dumps({table: {}})}
            await tell(sql, **{**right, **{name: south if value == "SOUTH" else value for name, value in wrong.items()}})
        facts = {"record_id": record["id"], "person_id": record["holder_id"], "stage": "ISSUE"}
        await another(sql, table, "true", **facts)


async def regularise(sql: Sql, serial: str, **changes: Any) -> None:
    """Regularise a receipt by plain SQL, with its event; every field may be wrong."""
    record = await record_of(sql, serial)
    about = {"subject": "CUSTODY_RECORD", "subject_id": record["id"], "stream": str(record["armory_id"])}
    await tell(sql, type="EMERGENCY_REGULARISED", payload='{"regularisation": {}}', **about)
    await another(sql, "regularisation", "true", **{"record_id": record["id"], **changes})


async def test_inv_12_only_an_emergency_is_regularised_once_and_with_a_note(sql: Sql) -> None:
    for serial, guard, changes in (
        ("M4-001", "regularised_emergency", {}),
        ("M4-002", "regularised_emergency", {}),
        ("G17-003", "regularisation_once", {}),
        ("G17-004", "regularisation_note", {"note": ""}),
    ):
        async with refused(sql, guard):
            await regularise(sql, serial, **changes)


async def test_a_weapons_card_lies_in_the_room_for_one_open_receipt(own: Sql) -> None:
    person_id = await id_of(own, "person", "service_number", "S-010")
    async with refused(own, "custody_one_card"):
        await draw(own, "M4-003", like="G17-005", holder_id=person_id)
    async with refused(own, "custody_card"):
        await draw(own, "M4-003", weapons_card="")
    async with refused(own, "authorization_card_number"):
        await another(own, "issue_authorization", "card_number IS NOT NULL")
    async with own.transaction():
        await close(own, "G17-005")
        await set_item(own, "G17-005", "state = 'IN_ROOM'")
    async with own.transaction():
        await draw(own, "M4-003", holder_id=person_id, weapons_card="CARD-10")
        await set_item(own, "M4-003", "state = 'ISSUED'")


async def set_record(sql: Sql, serial: str, sets: str, type_: str = "RECEIPT_OVERDUE") -> None:
    """Change an open record by plain SQL, with its event."""
    record = await record_of(sql, serial)
    about = {"subject": "CUSTODY_RECORD", "subject_id": record["id"], "stream": str(record["armory_id"])}
    await tell(sql, type=type_, payload='{"custody_record": {}}', **about)
    await sql.execute(f"UPDATE custody_record SET {sets}, version = version + 1 WHERE id = $1", record["id"])


async def test_a_receipt_is_not_overdue_since_later_than_it_is_due(own: Sql) -> None:
    for sets in (
        "overdue_since = due_at + interval '1 second'",
        "overdue_since = due_at, due_at = due_at - interval '1 second'",
        "overdue_since = 'infinity'",
    ):
        async with refused(own, "custody_overdue"):
            await set_record(own, "M4-001", sets)
    async with own.transaction():
        await set_record(own, "M4-001", "overdue_since = due_at")
        await set_record(own, "M4-001", "due_at = due_at + interval '1 hour'", "DUE_EXTENDED")


async def test_a_receipt_without_a_due_time_is_never_overdue(sql: Sql) -> None:
    async with refused(sql, "custody_overdue"):
        await draw(sql, "M4-003", issue_type="HAND_RECEIPT", due_at=None, overdue_since="2026-01-01Z")


async def test_what_another_room_took_in_has_closed_and_is_not_its_own(sql: Sql) -> None:
    north, south = await id_of(sql, "armory", "code", "NORTH"), await id_of(sql, "armory", "code", "SOUTH")
    async with refused(sql, "custody_returned_to"):
        await set_record(sql, "M4-001", f"returned_to_id = '{south}'")
    async with refused(sql, "custody_returned_to"):
        await close(sql, "M4-001", returned_to_id=f"'{north}'")


# ------------------------------------------------------------------------------------------------------------- INV-23: the second person

APPROVED = "state = 'APPROVED', decided_at = clock_timestamp(), decided_by_name = 'console:second'"


async def decide(sql: Sql, sets: str, where: str = "state = 'PENDING'", **event: Any) -> None:
    """Decide a proposal by plain SQL, with its event; every field may be wrong."""
    proposal = await sql.fetchrow(f"SELECT * FROM proposal WHERE {where}")
    about = {"subject": "PROPOSAL", "subject_id": proposal["id"], "stream": str(proposal["armory_id"])}
    await tell(sql, **{"type": "PROPOSAL_APPROVED", "payload": '{"proposal": {}}', **about, **event})
    await sql.execute(f"UPDATE proposal SET {sets}, version = version + 1 WHERE id = $1", proposal["id"])


async def propose(sql: Sql, **changes: Any) -> UUID:
    """Propose something by plain SQL, with its event; every field may be wrong."""
    north, proposal_id = str(await id_of(sql, "armory", "code", "NORTH")), uuid7()
    await tell(sql, type="PROPOSED", subject="PROPOSAL", subject_id=proposal_id, stream=north, payload='{"proposal": {}}')
    await another(sql, "proposal", "state = 'PENDING'", id=proposal_id, **changes)
    return proposal_id


async def test_honest_sql_about_proposals_is_let_through(own: Sql) -> None:
    async with own.transaction():
        await decide(own, APPROVED)
    async with own.transaction():
        await propose_like_approved(own)
    assert await own.fetchval("SELECT count(*) FROM proposal WHERE state = 'APPROVED'") == 2


async def propose_like_approved(sql: Sql) -> None:
    """Something is proposed again that was approved."""
    north, proposal_id = str(await id_of(sql, "armory", "code", "NORTH")), uuid7()
    await tell(sql, type="PROPOSED", subject="PROPOSAL", subject_id=proposal_id, stream=north, payload='{"proposal": {}}')
    undecided = dict.fromkeys(("decided_at", "decided_by_id", "decided_by_name", "decision_note"))
    await another(sql, "proposal", "state = 'APPROVED'", id=proposal_id, state="PENDING", **undecided)


async def test_inv_23_whoever_proposed_does_not_decide_by_name_or_by_account(own: Sql) -> None:
    for state in ("APPROVED", "REJECTED"):
        async with refused(own, "proposal_second_person"):
            await decide(own, f"state = '{state}', decided_at = clock_timestamp(), decided_by_name = proposed_by_name")
    account_id = await id_of(own, "account", "username", "north")
    async with own.transaction():
        proposal_id = await propose(own, proposed_by_id=account_id, proposed_by_name="north")
    async with refused(own, "proposal_second_person"):
        await decide(own, f"{APPROVED}, decided_by_id = proposed_by_id", f"id = '{proposal_id}'")


async def test_inv_23_a_decision_is_whole(sql: Sql) -> None:
    for sets, guard in (
        ("state = 'APPROVED'", "proposal_decided_whole"),
        ("decision_note = 'so be it'", "proposal_decided_once"),
        ("state = 'APPROVED', decided_at = clock_timestamp()", "proposal_decided_whole"),
        ("state = 'APPROVED', decided_by_name = 'console:second'", "proposal_decided_whole"),
        ("decided_at = clock_timestamp(), decided_by_name = 'console:second'", "proposal_decided_once"),
    ):
        async with refused(sql, guard):
            await decide(sql, sets)


async def test_inv_23_a_proposal_is_decided_once(sql: Sql) -> None:
    for was, becomes in (("APPROVED", "REJECTED"), ("REJECTED", "APPROVED"), ("REJECTED", "PENDING")):
        for sets, guard in (
            (f"state = '{becomes}'", "proposal_decided_once"),
            (f"state = '{becomes}', decided_by_name = 'console:third'", "proposal_decided_once"),
            (f"state = '{becomes}', decided_at = clock_timestamp()", "ended_for_ever"),
            ("state = 'PENDING', decided_at = NULL, decided_by_name = NULL, decision_note = NULL", "ended_for_ever"),
            ("decision_note = 'on second thoughts'", "proposal_decided_once"),
        ):
            async with refused(sql, guard):
                await decide(sql, sets, f"state = '{was}'")


async def test_inv_23_a_proposal_does_not_begin_decided(sql: Sql) -> None:
    async with refused(sql, "proposal_decided_once"):
        await propose(sql, state="APPROVED", decided_at="2026-11-25T05:00Z", decided_by_name="console:second")


async def test_inv_23_the_arguments_approved_are_those_proposed(sql: Sql) -> None:
    for sets in (
        "arguments = replace(arguments, 'range', 'raid')",
        "arguments_hash = sha256('other')",
        "overridden = '[]'",
        "command = 'ADJUST_STOCK'",
        "reason = 'another'",
        "expires_at = expires_at + interval '1 day'",
        "proposed_by_name = 'console:third'",
    ):
        async with refused(sql, "kept_for_ever"):
            await decide(sql, f"{APPROVED}, {sets}")


async def test_inv_23_what_has_expired_is_not_approved_whatever_time_is_said(own: Sql) -> None:
    async with own.transaction():
        past = await own.fetchval("SELECT now() - interval '1 hour'")
        proposal_id = await propose(own, proposed_at=past - timedelta(hours=1), expires_at=past)
    where = f"id = '{proposal_id}'"
    for at in ("clock_timestamp()", "expires_at + interval '1 second'", "expires_at", "proposed_at", "proposed_at - interval '1 day'"):
        async with refused(own, "proposal_in_time"):
            await decide(own, f"state = 'APPROVED', decided_at = {at}, decided_by_name = 'console:second'", where)
    async with own.transaction():
        sets = "state = 'REJECTED', decided_at = clock_timestamp(), decided_by_name = 'console:second'"
        await decide(own, sets, where, type="PROPOSAL_REJECTED")


async def test_inv_23_a_proposal_says_what_and_why_and_does_not_end_before_it_begins(sql: Sql) -> None:
    for guard, changes in (
        ("proposal_words", {"reason": ""}),
        ("proposal_words", {"proposed_by_name": ""}),
        ("proposal_words", {"arguments_hash": "\\x00"}),
        ("proposal_in_time", {"expires_at": "2020-01-01Z"}),
    ):
        async with refused(sql, guard):
            await propose(sql, **changes)


async def test_inv_23_a_decision_needs_its_own_event(sql: Sql) -> None:
    south = str(await id_of(sql, "armory", "code", "SOUTH"))
    for wrong in ({"type": "PROPOSED"}, {"stream": south}, {"payload": "{}"}, {"subject_id": uuid4()}):
        async with refused(sql, "explained_by_the_ledger", at_commit=True):
            await decide(sql, APPROVED, **wrong)


# --------------------------------------------------------------------------------------------------------------- INV-15, INV-18: the ledger


async def test_inv_15_the_ledger_is_append_only(sql: Sql) -> None:
    for sets in ("payload = '{}'", "actor_name = 'somebody else'", "seq = seq", "hash = hash"):
        async with refused(sql, "ledger_append_only"):
            await sql.execute(f"UPDATE ledger_event SET {sets} WHERE seq = 1")
    async with refused(sql, "nothing_is_deleted"):
        await sql.execute("DELETE FROM ledger_event WHERE seq = (SELECT max(seq) FROM ledger_event)")
    async with refused(sql, "nothing_is_deleted"):
        await sql.execute("TRUNCATE ledger_event CASCADE")


async def test_inv_15_an_insert_that_would_overwrite_is_refused(sql: Sql) -> None:
    event_id = await sql.fetchval("SELECT event_id FROM ledger_event LIMIT 1")
    async with refused(sql, "ledger_append_only"):
        await sql.execute(
            "INSERT INTO ledger_event (event_id, stream, type, subject, subject_id, payload, actor_kind, actor_name) "
            "VALUES ($1, 'registry', 'ITEM_CHANGED', 'ITEM', $1, '{}', 'CONSOLE', 'me') "
            "ON CONFLICT (event_id) DO UPDATE SET payload = '{}'",
            event_id,
        )


async def test_inv_15_the_database_seals_an_event_whatever_the_client_says(own: Sql) -> None:
    head = await own.fetchrow("SELECT * FROM stream_head WHERE stream = 'registry'")
    old = await own.fetchval("SELECT timestamptz '2001-02-03Z'")
    async with own.transaction():
        given = {"seq": 999_999, "hash": b"h" * 32, "previous_hash": b"p" * 32, "transaction": 1, "recorded_at": old}
        sealed = await tell(own, **given)
        now, xact = await own.fetchrow("SELECT now(), pg_current_xact_id()::text::bigint")
    assert sealed["seq"] == head["seq"] + 1
    assert sealed["previous_hash"] == head["hash"]
    assert sealed["transaction"] == xact
    assert sealed["recorded_at"] >= now
    assert sealed["effective_at"] == sealed["recorded_at"]
    right = "sha256(convert_to(armguard_canonical(e), 'UTF8'))"
    assert await own.fetchval(f"SELECT hash = {right} FROM ledger_event e WHERE event_id = $1", sealed["event_id"])
    moved = await own.fetchrow("SELECT * FROM stream_head WHERE stream = 'registry'")
    assert (moved["seq"], moved["hash"]) == (sealed["seq"], sealed["hash"])


@pytest.mark.parametrize(
    "sets", ["seq = seq + 1", "seq = 0", "hash = decode(repeat('00', 32), 'hex')", "receipts = receipts + 1", "seq = seq"]
)
async def test_inv_15_the_head_of_a_stream_is_not_moved_by_hand(sql: Sql, sets: str) -> None:
    async with refused(sql, "head_follows_the_ledger"):
        await sql.execute(f"UPDATE stream_head SET {sets}")


async def test_inv_15_a_stream_begins_empty(sql: Sql) -> None:
    for columns in (
        "5, decode(repeat('00', 32), 'hex'), 0",
        "0, decode(repeat('11', 32), 'hex'), 0",
        "0, decode(repeat('00', 32), 'hex'), 7",
    ):
        async with refused(sql, "head_follows_the_ledger"):
            await sql.execute(f"INSERT INTO stream_head (stream, seq, hash, receipts) VALUES ('second', {columns})")


async def test_inv_15_a_stream_is_that_of_the_registry_or_of_an_arms_room(sql: Sql) -> None:
    async with refused(sql, "stream_head_name"):
        await sql.execute("INSERT INTO stream_head (stream, seq, hash, receipts) VALUES ('second', 0, decode(repeat('00', 32), 'hex'), 0)")


async def test_inv_15_an_event_needs_a_stream_that_there_is(sql: Sql) -> None:
    async with refused(sql, "ledger_stream"):
        await tell(sql, stream="nowhere")


@pytest.mark.parametrize("payload", ["[]", "null", '"text"', "1"])
async def test_inv_15_a_payload_is_an_object(sql: Sql, payload: str) -> None:
    async with refused(sql, "ledger_payload"):
        await tell(sql, payload=payload)


async def test_inv_15_a_payload_that_is_no_json_is_refused(sql: Sql) -> None:
    before = await fingerprint(sql)
    with pytest.raises(asyncpg.DataError):
        await tell(sql, payload="{not json")
    assert await fingerprint(sql) == before


@pytest.mark.parametrize("words", [{"type": "item changed"}, {"type": ""}, {"subject": "item"}])
async def test_inv_15_the_words_of_an_event_are_in_capitals(sql: Sql, words: dict[str, str]) -> None:
    async with refused(sql, "ledger_type"):
        await tell(sql, **words)


@pytest.mark.parametrize(
    "moment", ["clock_timestamp() + interval '1 second'", "timestamptz 'infinity'", "timestamptz '1899-12-31T23:59:59Z'"]
)
async def test_inv_18_an_event_does_not_take_effect_after_it_is_recorded(sql: Sql, moment: str) -> None:
    async with refused(sql, "ledger_times"):
        await sql.execute(
            "INSERT INTO ledger_event (event_id, stream, type, subject, subject_id, payload, actor_kind, actor_name, effective_at) "
            f"VALUES (gen_random_uuid(), 'registry', 'ITEM_CHANGED', 'ITEM', gen_random_uuid(), '{{}}', 'CONSOLE', 'me', {moment})"
        )


async def test_inv_18_recorded_at_is_the_servers_clock_not_the_transactions_start(own: Sql) -> None:
    async with own.transaction():
        first = await tell(own)
        second = await tell(own)
        start = await own.fetchval("SELECT transaction_timestamp()")
    assert start < first["recorded_at"] < second["recorded_at"]
    assert second["seq"] == first["seq"] + 1
