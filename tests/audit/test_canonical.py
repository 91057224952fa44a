"""The canonical form: Python and the database write the same bytes for every event there can be, and hash them alike."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph import database
from graph.audit.actor import Actor, acting, console_actor
from graph.audit.canonical import FIELDS, FORMAT, canonical_json, canonical_text, event_hash, exported, field_text, plain, timestamp
from graph.audit.ledger import Event, append, export_events, read_heads, requesting
from graph.audit.verify import verify
from graph.words import ActorKind, EventType, Role, Subject

# What PostgreSQL can store as text, and what can be sent to it: every character but NUL and halves of surrogate pairs.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
NAMES = TEXT.filter(lambda text: text.strip(" ") != "").map(lambda text: text[:128])
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(9000, 12, 31)).map(lambda naive: naive.replace(tzinfo=UTC))
PAST = st.datetimes(datetime(1900, 1, 1), datetime(2025, 1, 1)).map(lambda naive: naive.replace(tzinfo=UTC))
LEAVES = st.none() | st.booleans() | st.integers() | TEXT | MOMENTS | st.uuids() | st.sampled_from(Role)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12)
EVENTS = st.builds(
    Event,
    stream=st.just("registry"),
    type=st.sampled_from(EventType),
    subject=st.sampled_from(Subject),
    subject_id=st.uuids(),
    summary=TEXT,
    payload=st.dictionaries(TEXT.filter(lambda name: name != "summary"), VALUES, max_size=5),
    item_id=st.none() | st.uuids(),
    person_id=st.none() | st.uuids(),
    effective_at=st.none() | PAST,
    witness_id=st.none() | st.uuids(),
    corrects=st.none() | st.uuids(),
)


@pytest.fixture
async def opened(opened: str, plain_sql: Any) -> str:
    """The door open, to somebody who may also ask for the canonical form: serving does not need it."""
    await plain_sql.execute("GRANT EXECUTE ON FUNCTION armguard_canonical, armguard_field, armguard_time TO armguard_runtime")
    return opened


@dataclass(frozen=True)
class Sealed:
    """An event as it is stored: exported, and in the database's own canonical form and hash."""

    event: dict[str, Any]
    database_text: str
    database_hash: str


async def seal(*events: Event) -> list[Sealed]:
    """Append events for good, and read back what the database made of them."""
    appended = await database.transaction(lambda: append(*events))
    rows = await database.fetch(
        "SELECT e.*, armguard_canonical(e) AS canonical FROM ledger_event e WHERE event_id = ANY ($1) ORDER BY seq",
        [sealed.event_id for sealed in appended],
    )
    return [Sealed(exported(row), row["canonical"], bytes(row["hash"]).hex()) for row in rows]


def event_saying(summary: str = "It is so.", **payload: Any) -> Event:
    """An event of the registry."""
    return Event("registry", EventType.PERSON_CHANGED, Subject.PERSON, uuid4(), summary, payload)


def assert_alike(sealed: Sealed) -> None:
    """One form and one hash, on both sides."""
    assert canonical_text(sealed.event) == sealed.database_text
    assert event_hash(sealed.event) == sealed.database_hash == sealed.event["hash"]


# ------------------------------------------------------------------------------------------------------------ Python and the database agree


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(EVENTS, min_size=1, max_size=6), name=NAMES, request_id=st.none() | st.uuids())
async def test_inv_15_every_event_there_can_be_has_one_form_and_one_hash(
    opened: str, events: list[Event], name: str, request_id: UUID | None
) -> None:
    with acting(Actor(ActorKind.CONSOLE, name)), requesting(request_id):
        stored = await seal(*events)
    for given_event, sealed in zip(events, stored, strict=True):
        assert_alike(sealed)
        assert sealed.event["actor_name"] == name
        assert sealed.event["request_id"] == (None if request_id is None else str(request_id))
        assert json.loads(sealed.event["payload"]) == plain({"summary": given_event.summary, **given_event.payload})
        assert json.loads(json.dumps(sealed.event, ensure_ascii=False)) == sealed.event
        assert json.loads(json.dumps(sealed.event)) == sealed.event
    assert verify([event async for event in export_events()], await read_heads()).whole


@pytest.mark.parametrize(
    "text",
    [
        "Peña",
        "Pen\u0303a",
        "\u0041\u030a\u0301\u0327",
        "🔫🇵🇭👩🏽\u200d✈️",
        "حارس \u202e العهدة",
        "番号 銃",
        "\U0010ffff\ue000\ufeff\ufffd",
        'he said "so" \\ and \\n went',
        "line one\nline two\r\n\tand a tab\x01\x1f\x7f\x85\u2028\u2029",
        "</script>&amp;'; DROP TABLE ledger_event; --",
        "x\nseq=1:9\nhash=-\n",
        "",
        " ",
        "long " * 100_000,
        "ñ" * 70_000,
    ],
    ids=lambda text: repr(text[:12]),
)
async def test_inv_15_text_of_every_kind_survives_the_round_trip(opened: str, text: str) -> None:
    (sealed,) = await seal(event_saying(text, **{"note": text, text or "empty": [text, {text: None}]}))
    assert_alike(sealed)
    assert json.loads(sealed.event["payload"])["note"] == text


@pytest.mark.parametrize("name", ["north\nseq=1:1", "José \u202eGómez", "🔫", "a" * 128, "𝒳" * 128])
async def test_inv_15_an_actor_of_any_name_is_told_apart(opened: str, name: str) -> None:
    with acting(console_actor("")), acting(Actor(ActorKind.CONSOLE, name)):
        (sealed,) = await seal(event_saying())
    assert_alike(sealed)
    assert sealed.event["actor_name"] == name


async def test_inv_15_an_account_with_a_token_a_witness_and_a_request_is_all_in_the_form(opened: str) -> None:
    row = await database.fetch_one(
        "SELECT a.id, t.id AS token FROM account a JOIN api_token t ON t.account_id = a.id WHERE username = 'north'"
    )
    assert row is not None
    request_id, witness_id, corrects = uuid4(), uuid4(), uuid4()
    event = Event("registry", EventType.PERSON_CHANGED, Subject.PERSON, uuid4(), "So.", {}, uuid4(), uuid4(), None, witness_id, corrects)
    with acting(Actor(ActorKind.ACCOUNT, "north", row["id"], row["token"])), requesting(request_id):
        (sealed,) = await seal(event)
    assert_alike(sealed)
    assert not [name for name in FIELDS if sealed.event[name] is None]
    assert sealed.event["credential_id"] == str(row["token"])
    assert sealed.event["corrects"] == str(corrects)


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1900, 1, 1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(1999, 12, 31, 23, 59, 59, 1, tzinfo=UTC),
        datetime(2024, 2, 29, 12, 0, 0, 100000, tzinfo=UTC),
        datetime(2024, 6, 30, 23, 59, 59, tzinfo=timezone(timedelta(hours=8))),
        datetime(2024, 6, 30, 23, 59, 59, 10, tzinfo=timezone(-timedelta(hours=9, minutes=30))),
    ],
)
async def test_inv_15_a_moment_keeps_its_microseconds_in_one_text_form(opened: str, moment: datetime) -> None:
    (sealed,) = await seal(Event("registry", EventType.ITEM_CHANGED, Subject.ITEM, uuid4(), "So.", {"at": moment}, effective_at=moment))
    assert_alike(sealed)
    assert sealed.event["effective_at"] == timestamp(moment) == json.loads(sealed.event["payload"])["at"]


@pytest.mark.parametrize("zone", ["Asia/Manila", "America/St_Johns", "UTC"])
async def test_inv_15_the_form_is_the_same_in_every_sessions_time_zone_and_style(opened: str, plain_sql: Any, zone: str) -> None:
    await plain_sql.execute(
        f"SET timezone = '{zone}'; SET datestyle = 'German'; SET bytea_output = 'escape'; SET intervalstyle = 'iso_8601'"
    )
    rows = await plain_sql.fetch("SELECT e.*, armguard_canonical(e) AS canonical FROM ledger_event e")
    for row in rows:
        assert_alike(Sealed(exported(row), row["canonical"], bytes(row["hash"]).hex()))


async def test_inv_15_what_cannot_be_stored_leaves_nothing(opened: str) -> None:
    heads = await read_heads()
    for text in ("a\0b", "half a pair \ud83d"):
        with pytest.raises(Exception, match=r"u0000|surrogates|Unicode|0x00"):
            await seal(event_saying(text))
    assert await read_heads() == heads


# ------------------------------------------------------------------------------------------------------------------------- the rules of it


class Shade(StrEnum):
    DARK = "DARK"


class Number(IntEnum):
    ONE = 1


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (None, None),
        (True, True),
        (0, 0),
        (-(2**70), -(2**70)),
        ("ñ", "ñ"),
        (Shade.DARK, "DARK"),
        (Number.ONE, 1),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (date(2026, 11, 25), "2026-11-25"),
        (datetime(2026, 11, 25, 8, tzinfo=timezone(timedelta(hours=8))), "2026-11-25T00:00:00.000000Z"),
        ((1, [Shade.DARK]), [1, ["DARK"]]),
        (frozenset({"b", "a"}), ["a", "b"]),
        ({UUID(int=1): {"a": None}}, {"00000000-0000-0000-0000-000000000001": {"a": None}}),
    ],
)
def test_a_value_is_stored_plainly(value: Any, stored: Any) -> None:
    assert plain(value) == stored
    assert type(plain(value)) is type(stored)


@pytest.mark.parametrize("value", [1.0, float("nan"), 1e300, Decimal("1.0"), b"bytes", time(1), timedelta(1), object(), 1j])
def test_a_value_without_one_text_form_is_refused(value: Any) -> None:
    for nested in (value, [value], {"a": {"b": value}}):
        with pytest.raises(TypeError, match="no canonical form"):
            canonical_json(nested)


def test_names_are_sorted_and_nothing_is_written_that_need_not_be() -> None:
    assert canonical_json({"b": [1, None], "a": "ñ\n", "A": True}) == '{"A":true,"a":"ñ\\n","b":[1,null]}'


@given(VALUES)
def test_the_form_of_a_value_is_the_form_of_what_is_read_back(value: Any) -> None:
    text = canonical_json(value)
    assert canonical_json(json.loads(text)) == text
    assert json.loads(text) == plain(value)


@given(st.lists(st.none() | TEXT, min_size=20, max_size=20), st.lists(st.none() | TEXT, min_size=20, max_size=20))
def test_two_events_never_have_the_same_form(one: list[str | None], other: list[str | None]) -> None:
    first, second = dict(zip(FIELDS, one, strict=True)), dict(zip(FIELDS, other, strict=True))
    assert (canonical_text(first) == canonical_text(second)) == (first == second)


@given(TEXT, st.integers(0, 60))
def test_no_text_runs_over_into_the_next_field(text: str, cut: int) -> None:
    """What two neighbouring fields hold together says nothing of where the one ends."""
    whole = field_text("actor_name", text) + field_text("corrects", None)
    split = field_text("actor_name", text[:cut]) + field_text("corrects", text[cut:])
    assert whole != split


def test_null_is_not_empty_and_not_a_hyphen() -> None:
    assert field_text("corrects", None) == "corrects=-\n"
    assert field_text("corrects", "") == "corrects=0:\n"
    assert field_text("corrects", "-") == "corrects=1:-\n"
    assert field_text("corrects", "ñ") == "corrects=2:ñ\n"


def test_the_hash_is_the_sha_256_of_the_form() -> None:
    event = dict.fromkeys(FIELDS, "x")
    expected = f"{FORMAT}\n" + "".join(f"{name}=1:x\n" for name in FIELDS)
    assert canonical_text(event) == expected
    assert event_hash(event) == hashlib.sha256(expected.encode()).hexdigest()
