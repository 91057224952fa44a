"""The earlier system's records come in whole or not at all, and never twice (INV-26)."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from graph import database
from graph.address import Addresses
from graph.audit.actor import acting, console_actor
from graph.audit.ledger import read_heads
from graph.commands import armory, returns
from graph.commands.legacy import Imported, ImportLegacy, import_legacy
from graph.commands.references import ItemRef
from graph.errors import BadInput, Refused
from graph.models.custody import CustodyRecord
from graph.models.items import Item, Tag
from graph.models.ledger import LedgerEvent
from graph.models.people import Person
from graph.settings import Settings
from graph.words import CustodyState, DutyStatus, EventType
from tests.conftest import Cluster, _copy, _in_postgres, assert_whole, copy_database
from tests.world import made

FILE = Path(__file__).parent.parent / "data" / "armguard-v2.sqlite3"


@asynccontextmanager
async def installation(url: str, settings: Settings) -> AsyncIterator[str]:
    """An installation, whose ledger is whole afterwards."""
    await database.open_door(url, settings)
    try:
        with acting(console_actor("tests")):
            yield url
            await assert_whole()
    finally:
        await database.close_door()


async def furnish() -> None:
    """Nothing but one arms room, HOME."""
    await made(armory.register_unit(armory.RegisterUnit(uuid4(), "BASE", "Base")))
    await made(armory.register_armory(armory.RegisterArmory(uuid4(), "HOME", "Home arms room", "BASE", "Asia/Manila")))


@pytest.fixture
async def home(empty_url: str, settings: Settings) -> AsyncIterator[str]:
    """An installation with nothing but one arms room, HOME."""
    async with installation(empty_url, settings) as url:
        await furnish()
        yield url


@pytest.fixture(scope="module")
def settled(cluster: Cluster, migrated: str) -> Iterator[tuple[str, Imported]]:
    """The name of a database that the records have come into, and what was said of it; once for all who only look."""
    copy_database(cluster, migrated, "settled")

    async def fill() -> Imported:
        async with installation(cluster.at("settled").runtime, Settings()):
            await furnish()
            return await bring_in()

    yield "settled", asyncio.run(fill())
    _in_postgres(cluster, "DROP DATABASE settled WITH (FORCE)")


@pytest.fixture
async def imported(cluster: Cluster, settled: tuple[str, Imported], settings: Settings) -> AsyncIterator[Imported]:
    """What was said of the records, which have come in."""
    name, result = settled
    with _copy(cluster, name) as at:
        await database.open_door(at.runtime, settings)
        try:
            with acting(console_actor("tests")):
                yield result
        finally:
            await database.close_door()


async def bring_in(file: Path = FILE, *, dry_run: bool = False) -> Imported:
    result = await import_legacy(ImportLegacy(uuid4(), "HOME", dry_run), file, lambda _what, _share: None)
    assert isinstance(result, Imported), result
    return result


async def test_inv_26_a_dry_run_and_the_real_run_say_the_same_and_a_second_run_changes_nothing(home: str) -> None:
    before = await read_heads()
    dry = await bring_in(dry_run=True)
    assert await read_heads() == before
    real = await bring_in()
    assert real == dry
    after = await read_heads()
    again = await bring_in()
    assert again.written == 0
    assert await read_heads() == after
    assert again.counts["IMPORTED"] == {}


async def test_inv_26_every_row_of_the_old_tables_gets_exactly_one_decision(imported: Imported) -> None:
    with closing(sqlite3.connect(f"file:{FILE}?mode=ro", uri=True)) as old:
        for table in ("items", "personnel", "transactions", "qr_codes", "auth_user"):
            ids = sorted(str(row[0]) for row in old.execute(f"SELECT id FROM {table}"))
            assert sorted(decision.row_id for decision in imported.decisions if decision.row_table == table) == ids


async def test_inv_26_open_custody_is_an_open_record_whose_event_names_its_rows(imported: Imported) -> None:
    records = await CustodyRecord.filter(closed_at=None).select_related("item")
    assert len(records) == 21
    assert all(record.item.state is CustodyState.ISSUED for record in records)
    for record in records:
        event = await LedgerEvent.get(subject_id=record.id)
        assert event.type is EventType.CUSTODY_IMPORTED
        assert '"imported_from":"legacy:transactions:' in event.payload
        assert event.effective_at == record.issued_at


@pytest.mark.parametrize(
    ("serial", "state"),
    [
        ("RP696052-008", CustodyState.ISSUED),  # the holder is suspended
        ("RP433157-023", CustodyState.ISSUED),  # the holder was deleted while holding it
        ("GLK774243-032", CustodyState.ISSUED),  # taken twice without a return between
        ("RP273751-012", CustodyState.MISSING),  # marked issued, but nobody ever took it
        ("RP154201-013", CustodyState.IN_ROOM),  # the return is stamped before its take
        ("RP930118-014", CustodyState.IN_ROOM),  # the same serial twice
        ("000123", CustodyState.IN_ROOM),
        ("123", CustodyState.IN_ROOM),
    ],
)
async def test_what_the_old_system_let_in_is_decided_and_never_guessed(imported: Imported, serial: str, state: CustodyState) -> None:
    item = await Item.get(serial=serial)
    assert item.state is state
    assert any(serial in decision.message and decision.notable for decision in imported.decisions)


async def test_inv_07_a_deleted_holder_comes_in_inactive_because_they_still_hold_a_weapon(imported: Imported) -> None:
    record = await CustodyRecord.get(item__serial="RP433157-023", closed_at=None).select_related("holder")
    assert record.holder.duty_status is DutyStatus.INACTIVE


async def test_inv_05_what_was_imported_as_out_comes_back_from_a_suspended_holder(imported: Imported) -> None:
    holder = await Person.get(service_number="810455")
    assert holder.duty_status is DutyStatus.SUSPENDED
    line = returns.ReturnLine(ItemRef(serial="RP696052-008"))
    record_id = await made(returns.return_items(returns.ReturnItems(uuid4(), (line,))))
    record = await CustodyRecord.get(id=record_id)
    assert record.brought_by_id == holder.id
    again = await bring_in()
    assert again.written == 0
    assert (await Item.get(serial="RP696052-008")).state is CustodyState.IN_ROOM
    await assert_whole()


async def test_both_labels_of_a_weapon_that_was_entered_twice_name_the_one_item(imported: Imported) -> None:
    items = await Tag.filter(code__in=["IR-RP930118-014241126", "IR-rp930118-014201126"]).values_list("item_id", flat=True)
    assert len(items) <= 2
    assert len(set(items)) == 1


async def test_inv_26_an_import_that_breaks_off_leaves_nothing(home: str, empty: Addresses) -> None:
    before = await read_heads()
    connection: Any = await asyncpg.connect(empty.owner)
    await connection.execute(
        "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'disk full'; END $$; "
        "CREATE TRIGGER disk_full BEFORE INSERT ON imported_row FOR EACH ROW EXECUTE FUNCTION disk_full()"
    )
    with pytest.raises(asyncpg.RaiseError):
        await bring_in()
    assert await read_heads() == before
    assert await Person.all().count() == 0
    await connection.execute("DROP TRIGGER disk_full ON imported_row")
    await connection.close()
    assert (await bring_in()).written > 1600


async def test_an_unknown_arms_room_is_refused(home: str) -> None:
    refused = await import_legacy(ImportLegacy(uuid4(), "NOWHERE"), FILE, lambda _what, _share: None)
    assert isinstance(refused, Refused)
    assert refused.refusals[0].code == "UNKNOWN_CODE"


async def test_another_kind_of_file_is_refused_with_one_sentence(home: str, tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("not a database")
    with pytest.raises(BadInput):
        await bring_in(other)


async def test_a_row_that_was_added_later_comes_in_beside_what_is_there(home: str, tmp_path: Path) -> None:
    await bring_in()
    later = tmp_path / "later.sqlite3"
    shutil.copy(FILE, later)
    later.chmod(0o644)
    with closing(sqlite3.connect(later)) as old:
        columns = [row[1] for row in old.execute("PRAGMA table_info(personnel)")]
        row = dict(zip(columns, old.execute("SELECT * FROM personnel LIMIT 1").fetchone(), strict=True))
        row.update(id="PE-999999241126", serial="999999", surname="Salonga", qr_code="PE-999999241126", user_id=None)
        marks = ", ".join("?" * len(columns))
        quoted = ", ".join(f'"{column}"' for column in columns)
        old.execute(f"INSERT INTO personnel ({quoted}) VALUES ({marks})", [row[column] for column in columns])
        old.commit()
    result = await bring_in(later)
    assert await Person.filter(service_number_key="999999").count() == 1
    assert result.counts["IMPORTED"]["PERSON_IMPORTED"] == 1
