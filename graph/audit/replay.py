"""Replay: folding the events from the first gives exactly the live tables (INV-16)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from graph import database
from graph.audit.canonical import plain
from graph.words import EventType

Row = dict[str, Any]
Book = dict[str, dict[str, Row]]

# The live tables, and what of them is kept out of the ledger.
TABLES: dict[str, frozenset[str]] = {
    "unit": frozenset(),
    "armory": frozenset(),
    "person": frozenset({"pin_hash"}),
    "item_model": frozenset(),
    "item": frozenset(),
    "tag": frozenset(),
    "purpose": frozenset(),
    "issue_authorization": frozenset(),
    "qualification": frozenset(),
    "custody_record": frozenset(),
    "stock_lot": frozenset(),
    "custody_line": frozenset(),
    "confirmation": frozenset(),
    "regularisation": frozenset(),
    "proposal": frozenset(),
    "account": frozenset({"password_hash"}),
    "operation": frozenset(),
    "imported_row": frozenset(),
}


# Columns that came later, as older events leave them: what they had when they were added.
ADDED: dict[str, Row] = {
    "armory": {"authorization_required": False, "qualification_required": False, "confirmation_required": False},
    "person": {"arms_bar_reason": None, "arms_bar_until": None},
    "item_model": {"required_qualification": None},
    "purpose": {"due_hours": None, "loadout": []},
    "issue_authorization": {"card_number": None},
    "custody_record": {"confirmation_required": False, "overdue_since": None, "weapons_card": None, "returned_to_id": None},
    "account": {"units": [], "must_change_password": False, "issuer": None, "external_subject": None},
}


class ReplayError(Exception):
    """An event that does not follow from those before it."""


def _bring_in(book: Book, table: str, row: Row) -> None:
    if row["id"] in book[table]:
        raise ReplayError(f"{table} {row['id']} is there already")
    book[table][row["id"]] = {**ADDED.get(table, {}), **row}


def _change(book: Book, table: str, change: Mapping[str, Any]) -> None:
    row = book[table].get(change["id"])
    if row is None:
        raise ReplayError(f"{table} {change['id']} is not there")
    for name, value in change["before"].items():
        if row[name] != value:
            raise ReplayError(f"{table} {change['id']}: {name} is {row[name]!r}, the event says it was {value!r}")
    row.update(change["after"])


def registered(table: str) -> Callable[[Book, Mapping[str, Any]], None]:
    """A fold that brings a row in as the payload has it."""

    def fold(book: Book, payload: Mapping[str, Any]) -> None:
        _bring_in(book, table, payload[table])

    return fold


def changed(*tables: str) -> Callable[[Book, Mapping[str, Any]], None]:
    """A fold that changes a row of each table from the payload's `before` to its `after`; and the stock that moved with it."""

    def fold(book: Book, payload: Mapping[str, Any]) -> None:
        for table in tables:
            _change(book, table, payload[table])
        moved(book, payload)

    return fold


def moved(book: Book, payload: Mapping[str, Any]) -> None:
    """Lots, and lines of a receipt: each is changed, or brought in where it is new."""
    for table in ("stock_lot", "custody_line"):
        for row in payload.get(table, ()):
            if "after" in row:
                _change(book, table, row)
            else:
                _bring_in(book, table, row)


def settled(book: Book, payload: Mapping[str, Any]) -> None:
    """Stock that was out is accounted for; rounds that were fired count on the weapon."""
    moved(book, payload)
    if "item" in payload:
        _change(book, "item", payload["item"])


def issued(book: Book, payload: Mapping[str, Any]) -> None:
    """A record opens and its item goes out, with the stock that goes along."""
    registered("custody_record")(book, payload)
    changed("item")(book, payload)


def imported_custody(book: Book, payload: Mapping[str, Any]) -> None:
    """A record of an earlier system; its item goes out if the record is open."""
    registered("custody_record")(book, payload)
    if "item" in payload:
        changed("item")(book, payload)


def nothing(_book: Book, _payload: Mapping[str, Any]) -> None:
    """An event that changes no table."""


FOLDS: dict[EventType, Callable[[Book, Mapping[str, Any]], None]] = {
    EventType.UNIT_REGISTERED: registered("unit"),
    EventType.UNIT_CHANGED: changed("unit"),
    EventType.ARMORY_REGISTERED: registered("armory"),
    EventType.ARMORY_CHANGED: changed("armory"),
    EventType.PERSON_REGISTERED: registered("person"),
    EventType.PERSON_CHANGED: changed("person"),
    EventType.DUTY_STATUS_CHANGED: changed("person"),
    EventType.ARMS_BAR_IMPOSED: changed("person"),
    EventType.ARMS_BAR_LIFTED: changed("person"),
    EventType.PIN_SET: changed("person"),
    EventType.AUTHORIZATION_GRANTED: registered("issue_authorization"),
    EventType.AUTHORIZATION_REVOKED: changed("issue_authorization"),
    EventType.QUALIFICATION_RECORDED: registered("qualification"),
    EventType.QUALIFICATION_REVOKED: changed("qualification"),
    EventType.ITEM_MODEL_REGISTERED: registered("item_model"),
    EventType.ITEM_MODEL_CHANGED: changed("item_model"),
    EventType.PURPOSE_REGISTERED: registered("purpose"),
    EventType.PURPOSE_CHANGED: changed("purpose"),
    EventType.ITEM_REGISTERED: registered("item"),
    EventType.ITEM_CHANGED: changed("item"),
    EventType.ITEM_SENT_TO_MAINTENANCE: changed("item"),
    EventType.ITEM_BACK_FROM_MAINTENANCE: changed("item"),
    EventType.ITEM_ISSUED: issued,
    EventType.ITEM_RETURNED: changed("custody_record", "item"),
    EventType.ITEM_HANDED_OVER: changed("custody_record"),
    EventType.ITEM_TAKEN_OVER: issued,
    EventType.ITEM_SENT_HOME: changed("custody_record", "item"),
    EventType.ITEM_ARRIVED: changed("item"),
    EventType.DUE_EXTENDED: changed("custody_record"),
    EventType.RECEIPT_OVERDUE: changed("custody_record"),
    EventType.RECEIPT_CORRECTED: changed("custody_record", "item"),
    EventType.RECEIPT_CONFIRMED: registered("confirmation"),
    EventType.EMERGENCY_REGULARISED: registered("regularisation"),
    EventType.STOCK_RECEIVED: moved,
    EventType.STOCK_ADJUSTED: moved,
    EventType.STOCK_SETTLED: settled,
    EventType.PROPOSED: registered("proposal"),
    EventType.PROPOSAL_APPROVED: changed("proposal"),
    EventType.PROPOSAL_REJECTED: changed("proposal"),
    EventType.TAG_ASSIGNED: registered("tag"),
    EventType.TAG_REVOKED: changed("tag"),
    EventType.ACCOUNT_CREATED: registered("account"),
    EventType.ACCOUNT_CHANGED: changed("account"),
    EventType.ACCOUNT_DISABLED: changed("account"),
    EventType.ACCOUNT_ENABLED: changed("account"),
    EventType.PASSWORD_SET: changed("account"),
    EventType.SIGNED_IN: nothing,
    EventType.SIGNED_OUT: nothing,
    EventType.SESSION_ENDED: nothing,
    EventType.REFRESH_REUSED: nothing,
    EventType.SECOND_FACTOR_SET: nothing,
    EventType.SECOND_FACTOR_REMOVED: nothing,
    EventType.RECOVERY_CODE_USED: nothing,
    EventType.ACCESS_REFUSED: nothing,
    EventType.TOKEN_CREATED: nothing,
    EventType.TOKEN_ROTATED: nothing,
    EventType.TOKEN_USED: nothing,
    EventType.TOKEN_REVOKED: nothing,
    EventType.OPERATION_ADDED: registered("operation"),
    EventType.OPERATION_RETIRED: changed("operation"),
    EventType.CUSTODY_IMPORTED: imported_custody,
    EventType.LEGACY_IMPORTED: nothing,
}


def empty_book() -> Book:
    """The tables before the first event."""
    return {table: {} for table in TABLES}


def fold(book: Book, event: Mapping[str, Any]) -> None:
    """Apply one exported event; one that an import made also says which row of the earlier system it comes from.

    Raises:
        ReplayError: it does not follow from the events before it, or is none of ours at all.
    """
    try:
        payload = json.loads(event["payload"])
        FOLDS[EventType(event["type"])](book, payload)
        for row in payload.get("imported_row", ()):
            book["imported_row"][row["source"]] = dict(row)
    except (LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:  # whatever a forger may have written
        raise ReplayError(f"it does not have what an event of its type has ({type(error).__name__}: {error})") from error


def replay(events: Iterable[Mapping[str, Any]]) -> Book:
    """The tables that events give, in the order in which they were committed: the registry's before those of the arms rooms."""
    book = empty_book()
    for event in events:
        fold(book, event)
    return book


async def live_book() -> Book:
    """The live tables in the form that a replay has."""
    book = empty_book()
    for table, hidden in TABLES.items():
        for record in await database.fetch(f"SELECT * FROM {table}"):
            row = {name: _as_told(name, value) for name, value in record.items() if name not in hidden}
            book[table][row["source" if table == "imported_row" else "id"]] = row
    return book


JSON_COLUMNS = frozenset({"loadout"})


def _as_told(name: str, value: Any) -> Any:
    """A value of a column as an event has it."""
    if isinstance(value, bytes):
        return value.hex()
    return json.loads(value) if name in JSON_COLUMNS else plain(value)


def differences(folded: Book, live: Book) -> list[str]:
    """Where the replay and the live tables do not agree, in words; empty when they do."""
    found: list[str] = []
    for table in TABLES:
        for key in sorted(folded[table].keys() | live[table].keys(), key=str):
            ours, theirs = folded[table].get(key), live[table].get(key)
            if ours is None or theirs is None:
                found.append(f"{table} {key} is only {'live' if ours is None else 'in the ledger'}")
            elif ours != theirs:
                names = [name for name in sorted(ours.keys() | theirs.keys()) if ours.get(name) != theirs.get(name)]
                found.append(f"{table} {key} differs in {', '.join(names)}")
    return found
