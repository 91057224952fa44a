"""Reads the database file of the old system: only that system's, only whole, and never with a write."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from graph.errors import BadInput
from graph.rules.legacy_rows import LegacyData, LegacyItem, LegacyPerson, LegacyTag, LegacyTransaction, LegacyUser

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """What a column holds: text of at most `length` characters, a number of 32 bits, or a yes or no; and whether it may be empty."""

    kind: type[str] | type[int] | type[bool]
    length: int = 0
    null: bool = False


ID, NAME, WORD, TIME, TEXT = Column(str, 50), Column(str, 100), Column(str, 20), Column(str, 40), Column(str, 100_000, null=True)
NUMBER, COUNT, FLAG = Column(int), Column(int, null=True), Column(bool)

TABLES: Mapping[str, Mapping[str, Column]] = {
    "items": {
        "id": ID,
        "item_type": WORD,
        "serial": Column(str, 50),
        "condition": WORD,
        "status": WORD,
        "qr_code": Column(str, 255),
        "created_at": TIME,
    },
    "personnel": {
        "id": ID,
        "surname": NAME,
        "firstname": NAME,
        "middle_initial": Column(str, 10, null=True),
        "rank": Column(str, 20, null=True),
        "serial": WORD,
        "group": Column(str, 10),
        "status": WORD,
        "classification": WORD,
        "is_deleted": FLAG,
        "qr_code": Column(str, 255),
        "user_id": COUNT,
    },
    "transactions": {
        "id": NUMBER,
        "action": WORD,
        "date_time": TIME,
        "mags": COUNT,
        "rounds": COUNT,
        "duty_type": Column(str, 100, null=True),
        "notes": TEXT,
        "item_id": ID,
        "personnel_id": ID,
        "issued_by_id": COUNT,
        "transaction_mode": WORD,
    },
    "auth_user": {"id": NUMBER, "username": Column(str, 150), "is_superuser": FLAG, "is_active": FLAG},
    "auth_group": {"id": NUMBER, "name": Column(str, 150)},
    "auth_user_groups": {"id": NUMBER, "user_id": NUMBER, "group_id": NUMBER},
    "qr_codes": {
        "id": NUMBER,
        "qr_type": WORD,
        "reference_id": NAME,
        "qr_data": Column(str, 255),
        "is_active": FLAG,
        "deleted_at": Column(str, 40, null=True),
    },
}
LEFT_OVER = ("-wal", "-journal")


def read_legacy(path: Path) -> LegacyData:
    """All rows that matter, in the order in which they were written; or `BadInput` in one sentence."""
    _check_file(path)
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            database.row_factory = sqlite3.Row
            _check_whole(database, path)
            _check_columns(database, path)
            return _read(database)
    except sqlite3.Error as error:
        raise BadInput(f"{path.name} cannot be read as an SQLite database: {error}.") from error


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error
    if start != b"SQLite format 3\x00":
        raise BadInput(f"{path.name} is not an SQLite database.")
    for suffix in LEFT_OVER:
        beside = path.with_name(path.name + suffix)
        if beside.exists() and beside.stat().st_size:
            raise BadInput(
                f"{beside.name} holds changes that are not in {path.name} yet: stop the old "
                "system, let it close the file, and copy it again."
            )


def _check_whole(database: sqlite3.Connection, path: Path) -> None:
    answer = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    if answer != "ok":
        raise BadInput(f"{path.name} is damaged ({answer}): take another copy of it.")


def _check_columns(database: sqlite3.Connection, path: Path) -> None:
    for table, columns in TABLES.items():
        there = {row["name"] for row in database.execute("SELECT name FROM pragma_table_info(?)", (table,))}
        if not there:
            raise BadInput(f"{path.name} is not a database of the old system: it has no table {table}.")
        missing = sorted(columns.keys() - there)
        if missing:
            raise BadInput(f"{path.name} is not a database of the old system: its table {table} has no column {missing[0]}.")


def _read(database: sqlite3.Connection) -> LegacyData:
    names = {row["id"]: row["name"] for row in _rows(database, "auth_group")}
    groups: dict[int, list[str]] = {}
    for row in _rows(database, "auth_user_groups"):
        groups.setdefault(row["user_id"], []).append(names.get(row["group_id"], f"group {row['group_id']}"))
    return LegacyData(
        items=tuple(LegacyItem(**row) for row in _rows(database, "items", order="rowid")),
        people=tuple(LegacyPerson(**row) for row in _rows(database, "personnel", order="rowid")),
        transactions=tuple(
            LegacyTransaction(**{**row, "date_time": read_time(row["date_time"])}) for row in _rows(database, "transactions")
        ),
        users=tuple(LegacyUser(**row, groups=tuple(groups.get(row["id"], ()))) for row in _rows(database, "auth_user")),
        tags=tuple(LegacyTag(**row) for row in _rows(database, "qr_codes")),
    )


def _rows(database: sqlite3.Connection, table: str, order: str = "id") -> Iterator[Row]:
    columns = TABLES[table]
    names = ", ".join(f'"{name}"' for name in columns)
    for row in database.execute(f'SELECT {names} FROM "{table}" ORDER BY {order}'):  # noqa: S608 - names from the constant above
        yield {name: _value(row[name], column, f"Row {row['id']} of {table}", name) for name, column in columns.items()}


def _value(value: object, column: Column, row: str, name: str) -> object:
    """The value, if it is of the kind that the old system writes there."""
    if value is None:
        if not column.null:
            raise BadInput(f"{row} has nothing in {name}, where the old system always writes something.")
        return None
    if column.kind is bool and value in (0, 1):
        return bool(value)
    if column.kind is int and isinstance(value, int) and -(2**31) <= value < 2**31:
        return value
    if column.kind is str and isinstance(value, str) and len(value) <= column.length and "\x00" not in value:
        return value
    raise BadInput(f"{row} has something in {name} that the old system does not write there.")


def read_time(text: str) -> datetime | None:
    """A time as the old system writes it, in UTC; nothing if it is none."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
