"""The data that is measured on: ten arms rooms and two years of custody, as commands would have left them.

It goes past the guards, because two hundred thousand commands would take longer than all that is measured; but it is what the guards
demand. Every row is explained by an event, the hashes are those of the canonical form, and `armguard ledger verify` finds it whole.
Nothing in it is simpler at ten times the size: there are ten times as many items, people and events, in as many arms rooms.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import asyncpg

from graph import database
from graph.audit.canonical import FIELDS, GENESIS, canonical_json, event_hash, exported
from graph.models.ledger import REGISTRY
from graph.rules.accounts import token_hash
from graph.words import TokenScope

ARMORIES, UNITS, MODELS = 10, 40, 40
ITEMS, PEOPLE, EVENTS = 10_000, 2_000, 200_000  # at size 1
TOKEN, ARMORER_TOKEN = ("armg_" + hashlib.sha256(name).hexdigest()[:32] for name in (b"benchmark", b"armorer"))
DAYS = 730
Row = dict[str, Any]
KINDS = ("unit", "armory", "person", "item_model", "item", "account", "api_token", "tag", "custody_record", "ledger_event", "request")
CATEGORIES = (("RIFLE", "LONG_GUN"), ("CARBINE", "LONG_GUN"), ("PISTOL", "SIDEARM"), ("OPTIC", "DEVICE"))
FAMILY = ("Ocampo", "Lagman", "Dizon", "Santos", "Katigbak", "Ignacio", "Zamora", "Espino", "Umali", "Cruz", "Garcia", "Peña", "Manalo")
GIVEN = ("Ana", "Benita", "Carlo", "Diego", "Elena", "Felipe", "Gloria", "Isidro", "Josefa", "Mateo", "Oscar", "Pilar", "Ramon", "Sofia")
CLOSING = ("closed_at", "closed_by_id", "close_reason", "condition_in", "brought_by_id", "brought_reason", "return_note", "rounds_fired")


def row_id(kind: str, number: int) -> UUID:
    """The id of a numbered row of a kind; those made first come first, as with ids that commands make."""
    return UUID(int=(KINDS.index(kind) + 1) << 96 | 7 << 76 | 1 << 63 | number)


def database_name(size: int) -> str:
    """The database that holds this data: another one as soon as this module makes other data, or a migration makes it another."""
    made_by = inspect.getsource(sys.modules[__name__]) + "".join(database.known_migrations())
    return f"bench_{size}_{hashlib.sha256(made_by.encode()).hexdigest()[:8]}"


def out_of(items: int) -> int:
    """How many items are out: those with the smallest numbers."""
    return items * 4 // 10


class Ledger:
    """The streams as they grow: seals each event as the database would."""

    def __init__(self) -> None:
        self.heads: dict[str, tuple[int, str]] = {}
        self._events = 0

    def event(
        self, stream: str, type_: str, subject: str, subject_id: UUID, at: datetime, payload: Row, **about: UUID | None
    ) -> tuple[Any, ...]:
        """The next event of a stream, sealed, as a row."""
        self._events += 1
        seq, previous = self.heads.get(stream, (0, GENESIS))
        row: Row = dict.fromkeys(FIELDS) | {
            "event_id": row_id("ledger_event", self._events), "stream": stream, "seq": seq + 1, "type": type_, "subject": subject,
            "subject_id": subject_id, "payload": canonical_json(payload), "actor_kind": "ACCOUNT", "actor_id": row_id("account", 1),
            "actor_name": "bench", "credential_id": row_id("api_token", 1), "request_id": row_id("request", self._events), "transaction": 1,
            "effective_at": at, "recorded_at": at, "previous_hash": bytes.fromhex(previous), "hash": b"", **about,
        }  # fmt: skip
        digest = event_hash(exported(row))
        self.heads[stream] = (seq + 1, digest)
        row["hash"], row["summary"] = bytes.fromhex(digest), payload["summary"]
        return tuple(row[name] for name in EVENT_COLUMNS)


EVENT_COLUMNS = (*FIELDS, "hash", "summary")


class Books:
    """All rows but those of custody, by table, each with the event that explains it."""

    def __init__(self, size: int, began: datetime) -> None:
        self.ledger, self.began = Ledger(), began
        self.rows: dict[str, list[Row]] = {}
        self.events: list[tuple[Any, ...]] = []
        random = Random(size)
        for n in range(1, UNITS + 1):
            self._add(
                "unit", n, "UNIT_REGISTERED", {"code": f"U{n}", "name": f"Unit {n}", "parent_id": row_id("unit", 1) if n > 1 else None}
            )
        for n in range(1, ARMORIES + 1):
            place = {"code": f"A{n}", "name": f"Arms room {n}", "unit_id": row_id("unit", n), "timezone": "UTC", "state": "OPEN"}
            limits = {"temporary_limit_hours": 24, "sidearm_limit": 50, "long_gun_limit": 50}
            self._add("armory", n, "ARMORY_REGISTERED", place | limits)
        for n in range(1, MODELS + 1):
            category, slot = CATEGORIES[n % 4]
            maker = {"manufacturer": "Maker", "manufacturer_key": "MAKER", "caliber": None, "nsn": None}
            self._add("item_model", n, "ITEM_MODEL_REGISTERED", {"nomenclature": f"Model {n}", **maker, "category": category, "slot": slot})
        for n in range(1, PEOPLE * size + 1):
            named = {"family_name": f"{random.choice(FAMILY)}-{random.choice(FAMILY)}", "given_names": f"{random.choice(GIVEN)} {n}"}
            number = {"service_number": f"P{n}", "service_number_key": f"P{n}", "rank": random.choice(("AM", "A1C", "SGT", "TSGT"))}
            standing = {"unit_id": row_id("unit", 1 + n % UNITS), "category": "ENLISTED", "duty_status": "ACTIVE"}
            self._add("person", n, "PERSON_REGISTERED", number | named | standing, about={"person_id": row_id("person", n)})
        self._accounts()
        for n in range(1, ITEMS * size + 1):
            room, item = row_id("armory", 1 + n % ARMORIES), row_id("item", n)
            key = {"model_id": row_id("item_model", 1 + n % MODELS), "manufacturer_key": "MAKER", "serial": f"S{n}", "serial_key": f"S{n}"}
            place = {"armory_id": room, "rack": f"R{n % 50}", "state": "IN_ROOM", "serviceability": "SERVICEABLE", "round_count": 0}
            self._add("item", n, "ITEM_REGISTERED", key | place, str(room), {"item_id": item})
            tag = {"code": f"TAG-{n}", "person_id": None, "item_id": item, "revoked_at": None}
            self._add("tag", n, "TAG_ASSIGNED", tag, str(room), {"item_id": item})

    def _accounts(self) -> None:
        """One that may read and do everything in all arms rooms, and an armorer of the first, each with a token."""
        everywhere = {"roles": ["ARMS_ROOM_OFFICER", "AUDITOR"], "all_armories": True, "armories": []}
        somewhere = {"roles": ["ARMORER"], "all_armories": False, "armories": [row_id("armory", 1)]}
        scopes = [scope.value for scope in TokenScope]
        for n, (name, token, may) in enumerate((("bench", TOKEN, everywhere), ("armorer", ARMORER_TOKEN, somewhere)), 1):
            self._add("account", n, "ACCOUNT_CREATED", {"username": name, "username_key": name, **may, "state": "ACTIVE"})
            made: Row = {"id": row_id("api_token", n), "name": "bench", "expires_at": self.began + timedelta(days=9000), "scopes": scopes}
            stored = {"account_id": row_id("account", n), "token_hash": token_hash(token), "created_at": self.began, "revoked_at": None}
            self.rows.setdefault("api_token", []).append(made | stored)
            said = {"summary": "Token created.", "token": made}
            self.events.append(self.ledger.event(REGISTRY, "TOKEN_CREATED", "ACCOUNT", row_id("account", n), self.began, said))

    def _add(self, table: str, number: int, type_: str, columns: Row, stream: str = REGISTRY, about: dict[str, UUID] | None = None) -> None:
        row = {"id": row_id(table, number), **columns, "version": 1}
        self.rows.setdefault(table, []).append(row)
        payload = {"summary": f"{type_.replace('_', ' ').capitalize()}.", table: row}
        self.events.append(self.ledger.event(stream, type_, table.upper(), row["id"], self.began, payload, **(about or {})))


class Room:
    """The custody of one arms room, event by event in the order of time; `records` are those that are complete."""

    def __init__(self, number: int, size: int, books: Books, now: datetime, first_record: int) -> None:
        self.code, self.id = f"A{number}", row_id("armory", number)
        self.records: list[Row] = []
        self._books, self._receipts, self._first, self._size = books, 0, first_record, size
        self._moves = sorted(self._planned(Random(number), now))
        self._open: dict[int, tuple[Row, Row]] = {}

    def _planned(self, random: Random, now: datetime) -> Iterator[tuple[datetime, bool, int]]:
        """When each item goes out, and comes back: every so many days, for some hours, and since the morning if it is out."""
        items = [n for n in range(1, ITEMS * self._size + 1) if row_id("armory", 1 + n % ARMORIES) == self.id]
        spells = (EVENTS * self._size - len(self._books.events) - out_of(ITEMS) * self._size) // 2
        each, more = divmod(spells // ARMORIES, len(items))
        for place, n in enumerate(items):
            turns = each + (place < more)
            for turn in range(turns):
                out = now - timedelta(days=2 + (DAYS - 20) * (turn + random.random() * 0.9) / turns)
                yield out, True, n
                yield out + timedelta(hours=4 + 8 * random.random()), False, n
            if n <= out_of(ITEMS * self._size):
                yield now - timedelta(hours=1 + 18 * random.random()), True, n

    def events(self) -> Iterator[tuple[Any, ...]]:
        """Every event; when they are through, so are the records and items."""
        for at, out, n in self._moves:
            yield self._issued(n, at) if out else self._returned(n, at)
        self.records += [record for record, _ in self._open.values()]

    def _issued(self, n: int, at: datetime) -> tuple[Any, ...]:
        self._receipts += 1
        item, people = self._books.rows["item"][n - 1], self._books.rows["person"]
        holder = people[(n * 7 + self._receipts * 13) % len(people)]
        record = {
            "id": row_id("custody_record", self._first + self._receipts), "receipt_number": f"{self.code}-{self._receipts:06}",
            "receipt": self._receipts, "armory_id": self.id, "item_id": item["id"], "holder_id": holder["id"], "issue_type": "TEMPORARY",
            "purpose_id": None, "issued_at": at, "due_at": at + timedelta(hours=24), "issued_by_id": row_id("account", 1),
            "condition_out": "SERVICEABLE", "note": None, **dict.fromkeys(CLOSING), "version": 1,
        }  # fmt: skip
        self._open[n] = record, holder
        payload = {
            "summary": f"{item['serial']} issued to {name_of(holder)} on receipt {record['receipt_number']}.",
            "custody_record": record,
            "item": altered(item, {"state": "ISSUED"}),
            "purpose": None,
        }
        return self._event("ITEM_ISSUED", record, item, holder, at, payload)

    def _returned(self, n: int, at: datetime) -> tuple[Any, ...]:
        record, holder = self._open.pop(n)
        item = self._books.rows["item"][n - 1]
        closing = dict.fromkeys(CLOSING) | {
            "closed_at": at, "closed_by_id": row_id("account", 1), "close_reason": "RETURNED", "condition_in": "SERVICEABLE",
            "brought_by_id": holder["id"],
        }  # fmt: skip
        payload = {
            "summary": f"{item['serial']} returned by {name_of(holder)}; receipt {record['receipt_number']} closed.",
            "custody_record": altered(record, closing),
            "item": altered(item, {"state": "IN_ROOM", "serviceability": "SERVICEABLE", "round_count": 0}),
            "receipt_number": record["receipt_number"],
        }
        self.records.append(record)
        return self._event("ITEM_RETURNED", record, item, holder, at, payload)

    def _event(self, type_: str, record: Row, item: Row, holder: Row, at: datetime, payload: Row) -> tuple[Any, ...]:
        said = {"id": holder["id"], "name": name_of(holder), "service_number": holder["service_number"]}
        payload |= {"serial": item["serial"], "model": f"Model {item['model_id'].int & 0xFFFF}", "armory": self.code, "holder": said}
        about = {"item_id": item["id"], "person_id": holder["id"]}
        return self._books.ledger.event(str(self.id), type_, "CUSTODY_RECORD", record["id"], at, payload, **about)

    @property
    def receipts(self) -> int:
        """How many there are."""
        return self._receipts


def name_of(person: Row) -> str:
    """A person as a receipt names them."""
    return f"{person['rank']} {person['family_name']}, {person['given_names']}"


def altered(row: Row, changes: Row) -> Row:
    """Change a row, one version further; gives the change as the ledger has it."""
    before = {name: row[name] for name in ("version", *changes)}
    after = {**changes, "version": row["version"] + 1}
    row.update(after)
    return {"id": row["id"], "before": before, "after": after}


async def build(url: str, size: int, told: Callable[[str], None]) -> None:
    """Fill an empty database: size 1 has 10,000 items, 2,000 people and 200,000 events."""
    told(f"building the data of size {size}: once, {'half a minute' if size == 1 else 'some minutes'}")
    await database.migrate(url)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET session_replication_role = replica")  # past the guards
        now = datetime.now(UTC)
        books = Books(size, now - timedelta(days=DAYS))
        told("  the books are made up; people, items, tags")
        await _copy_events(connection, iter(books.events))
        receipts: dict[str, int] = {}
        for number in range(1, ARMORIES + 1):
            told(f"  custody of arms room {number} of {ARMORIES}")
            room = Room(number, size, books, now, sum(receipts.values()))
            await _copy_events(connection, room.events())
            await _copy(connection, "custody_record", room.records)
            receipts[str(room.id)] = room.receipts
        for table, rows in books.rows.items():
            await _copy(connection, table, rows)
        for stream, (seq, digest) in books.ledger.heads.items():
            armory = UUID(stream) if stream != REGISTRY else None
            await connection.execute(
                "INSERT INTO stream_head (stream, armory_id, seq, hash, receipts) VALUES ($1, $2, $3, $4, $5) "
                "ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
                *(stream, armory, seq, bytes.fromhex(digest), receipts.get(stream, 0)),
            )
        told("  statistics")
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


async def _copy(connection: asyncpg.Connection, table: str, rows: Sequence[Row]) -> None:
    columns = list(rows[0])
    await connection.copy_records_to_table(table, columns=columns, records=[tuple(row[name] for name in columns) for row in rows])


async def _copy_events(connection: asyncpg.Connection, events: Iterator[tuple[Any, ...]]) -> None:
    await connection.copy_records_to_table("ledger_event", columns=list(EVENT_COLUMNS), records=events)
