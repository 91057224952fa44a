"""The canonical form of a ledger event and its hash, with the standard library alone. `docs/ledger.md` says it byte by byte."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

FORMAT = "armguard-ledger-1"
GENESIS = "00" * 32
FIELDS = (
    "stream",
    "seq",
    "event_id",
    "type",
    "subject",
    "subject_id",
    "item_id",
    "person_id",
    "payload",
    "actor_kind",
    "actor_id",
    "actor_name",
    "credential_id",
    "witness_id",
    "request_id",
    "transaction",
    "effective_at",
    "recorded_at",
    "corrects",
    "previous_hash",
)


def timestamp(moment: datetime) -> str:
    """The one text form of a moment: UTC, six decimals, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def plain(value: Any) -> Any:
    """A value as the ledger stores it: text, whole number, true, false, null, list or object. Floating point has no place in it."""
    kind = type(value)
    if kind is str or value is None or kind is int or kind is bool:  # most are, and need no further question
        return value
    if kind is dict:
        return {name if type(name) is str else str(name): plain(part) for name, part in value.items()}
    match value:
        case Enum():
            return value.value
        case int() | str():
            return value
        case datetime():
            return timestamp(value)
        case UUID() | date():
            return str(value)
        case Mapping():
            return {str(name): plain(part) for name, part in value.items()}
        case list() | tuple():
            return [plain(part) for part in value]
        case set() | frozenset():
            return sorted(plain(part) for part in value)
        case _:
            raise TypeError(f"A {kind.__name__} has no canonical form.")


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False).encode


def canonical_json(value: Any) -> str:
    """JSON with sorted names, no blanks, and every character as itself."""
    return _encode(plain(value))


def field_text(name: str, value: Any) -> str:
    """One line of the canonical form: the name, the length in bytes and the text, or a hyphen for null."""
    if value is None:
        return f"{name}=-\n"
    text = str(value)
    return f"{name}={len(text.encode())}:{text}\n"


def canonical_text(event: Mapping[str, Any]) -> str:
    """The canonical form of an exported event."""
    return FORMAT + "\n" + "".join(field_text(name, event[name]) for name in FIELDS)


def event_hash(event: Mapping[str, Any]) -> str:
    """The SHA-256 of the canonical form, in lower-case hexadecimal."""
    return hashlib.sha256(canonical_text(event).encode()).hexdigest()


def exported(row: Any) -> dict[str, Any]:
    """A stored event, given by its column names, as it is exported: JSON values only, every field, hashes in hexadecimal."""
    event: dict[str, Any] = {}
    for name in (*FIELDS, "hash"):
        value = row[name]
        event[name] = bytes(value).hex() if isinstance(value, bytes | memoryview) else plain(value)
    return event
