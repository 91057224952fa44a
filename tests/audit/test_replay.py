"""Replay (INV-16): folding the ledger from its first event gives exactly the tables, and a row changed behind its back shows."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pyotp
import pytest
from tortoise import Tortoise

from graph import database
from graph.audit import replay
from graph.audit.actor import Actor, acting, console_actor
from graph.audit.ledger import export_events, read_heads
from graph.audit.verify import verify
from graph.clock import tell_overdue_receipts
from graph.commands import (
    accounts,
    armory,
    corrections,
    eligibility,
    factors,
    items,
    legacy,
    operations,
    people,
    proposals,
    purposes,
    receipts,
    security,
    sessions,
    stock,
    tokens,
)
from graph.commands.custody import IssueItems, IssueLine, TransferItems, issue_items, transfer_items
from graph.commands.due import ExtendDue, extend_due
from graph.commands.overrides import Override
from graph.commands.perform import Answer
from graph.commands.references import ItemRef, PersonRef
from graph.commands.returns import ReceiveItems, ReturnElsewhere, ReturnItems, ReturnLine, receive_items, return_elsewhere, return_items
from graph.errors import Refused
from graph.resolvers.accounts import actor_of
from graph.rules.stock import LoadoutEntry, Settled, StockRef, Wanted
from graph.settings import Settings
from graph.words import (
    ActorKind,
    ArmoryState,
    ConfirmationStage,
    DutyStatus,
    EventType,
    IssueType,
    ItemCategory,
    PersonCategory,
    Role,
    Serviceability,
    Slot,
    StockAdjustment,
    StockKind,
)
from tests.world import PASSWORD, made

DOCUMENT = Path(__file__).parents[2] / "docs" / "ledger.md"
OLD_SYSTEM = Path(__file__).parents[1] / "data" / "armguard-v2.sqlite3"
Events = list[dict[str, Any]]

# Tables that are no state of the arms room: who is signed in, what was answered to whom, and the ledger itself.
NOT_REPLAYED = {"session", "session_token", "second_factor", "recovery_code", "api_token", "token_use"}
NOT_REPLAYED |= {"security_log", "completed_request", "stream_head", "ledger_event"}


async def a_year_at_the_arms_room() -> None:
    """Every command there is, most of them more than once; refused ones too."""
    now = datetime.now(UTC)
    await made(armory.register_unit(armory.RegisterUnit(uuid4(), "E-SQ", "East squadron", "WING")))
    (unit_id,) = [row["id"] for row in await database.fetch("SELECT id FROM unit WHERE code = 'E-SQ'")]
    await made(armory.edit_unit(armory.EditUnit(uuid4(), unit_id, name="Eastern squadron – ñ", parent="N-SQ")))
    east = await made(armory.register_armory(armory.RegisterArmory(uuid4(), "EAST", "East arms room", "E-SQ", "Asia/Manila", 12, 2, 2)))
    await made(armory.edit_armory(armory.EditArmory(uuid4(), east, name="Eastern arms room", timezone="Europe/Madrid", sidearm_limit=3)))
    for state in (ArmoryState.LOCKDOWN, ArmoryState.OPEN):
        await made(armory.set_armory_state(armory.SetArmoryState(uuid4(), east, state, "an exercise")))

    person = people.RegisterPerson(uuid4(), "E-100", "CPT", "Ñuñez", "José 🎖", "E-SQ", PersonCategory.OFFICER)
    person_id = await made(people.register_person(person))
    await made(people.edit_person(people.EditPerson(uuid4(), person_id, service_number="e 0100", rank="MAJ", unit="WING")))
    for status in (DutyStatus.LEAVE, DutyStatus.ACTIVE):
        await made(people.change_duty_status(people.ChangeDutyStatus(uuid4(), person_id, status, "holidays")))

    badge, day = PersonRef(service_number="E-0100"), date(2026, 1, 1)
    await made(eligibility.impose_arms_bar(eligibility.ImposeArmsBar(uuid4(), badge, "an order 🔫", datetime.now(UTC) + timedelta(days=1))))
    await made(eligibility.lift_arms_bar(eligibility.LiftArmsBar(uuid4(), badge, "set aside")))
    qualified = await made(eligibility.record_qualification(eligibility.RecordQualification(uuid4(), badge, "M14", day, date(2027, 1, 1))))
    await made(eligibility.revoke_qualification(eligibility.Revoke(uuid4(), qualified, "failed")))

    maker = items.RegisterItemModel(uuid4(), "Rifle M14", "Winchester", ItemCategory.RIFLE, Slot.LONG_GUN, "7.62", "1005-00-589-1271")
    model_id = await made(items.register_item_model(maker))
    await made(items.edit_item_model(items.EditItemModel(uuid4(), model_id, caliber="7.62×51", slot=Slot.CREW_SERVED)))
    await made(
        purposes.register_purpose(purposes.RegisterPurpose(uuid4(), "PATROL", "Patrol", (ItemCategory.RIFLE,), IssueType.HAND_RECEIPT))
    )
    (purpose_id,) = [row["id"] for row in await database.fetch("SELECT id FROM purpose WHERE code = 'PATROL'")]
    every = (ItemCategory.RIFLE, ItemCategory.CARBINE, ItemCategory.PISTOL)
    await made(purposes.edit_purpose(purposes.EditPurpose(uuid4(), purpose_id, name="Patrol, long", categories=every)))
    for number, condition in enumerate((Serviceability.SERVICEABLE, Serviceability.LIMITED, Serviceability.QUARANTINED)):
        new = items.RegisterItem(uuid4(), model_id, f"m14 {number:04}", "EAST", f"rack {number}", condition, 100 * number)
        item_id = await made(items.register_item(new))
        await made(items.assign_tag(items.AssignTag(uuid4(), f"000{number}", item=ItemRef(id=item_id))))
    for target in ({"item": ItemRef(id=item_id)}, {"model_id": model_id}):
        line = await made(eligibility.authorize(eligibility.Authorize(uuid4(), badge, day, **target)))
        await made(eligibility.revoke_authorization(eligibility.Revoke(uuid4(), line, "left")))
    await made(items.edit_item(items.EditItem(uuid4(), item_id, rack="B-2", serviceability=Serviceability.SERVICEABLE, reason="cleaned")))
    await made(items.send_to_maintenance(items.MoveItem(uuid4(), ItemRef(tag="0002"), "the bolt", None, Serviceability.UNSERVICEABLE)))
    await made(items.return_from_maintenance(items.MoveItem(uuid4(), ItemRef(tag="0002"), "mended", None, Serviceability.SERVICEABLE)))
    await made(items.assign_tag(items.AssignTag(uuid4(), "BADGE-E-100", person=PersonRef(service_number="E-0100"))))
    for code in ("0002", "BADGE-E-100"):
        await made(items.revoke_tag(items.RevokeTag(uuid4(), code, "worn")))

    await made(accounts.create_account(accounts.CreateAccount(uuid4(), "East", (Role.ARMORER,), ("EAST",)), None))
    await made(accounts.set_password(accounts.SetPassword(uuid4(), "east"), PASSWORD))
    await made(accounts.change_account(accounts.ChangeAccount(uuid4(), "east", armories=(), units=("E-SQ",))))
    await made(accounts.change_account(accounts.ChangeAccount(uuid4(), "east", armories=("EAST",), units=())))
    await at_the_door()
    (row,) = await database.fetch("SELECT id, armories FROM account WHERE username = 'East'")
    with acting(Actor(ActorKind.ACCOUNT, "East", row["id"], None, frozenset({Role.ARMORER}), frozenset(row["armories"]))):
        lines = tuple(IssueLine(ItemRef(serial=f"M14-000{number}")) for number in (0, 2))
        draw = IssueItems(uuid4(), PersonRef(service_number="E0100"), lines, "patrol", note="two 🔫", effective_at=datetime.now(UTC))
        await made(issue_items(draw))
        assert not isinstance(await issue_items(draw), Refused)  # the same request again
        again = IssueItems(uuid4(), PersonRef(service_number="S-001"), lines)
        assert isinstance(await issue_items(again), Refused)
        back = ReturnLine(ItemRef(serial="M14-0000"), condition=Serviceability.UNSERVICEABLE, rounds_fired=12)
        await made(return_items(ReturnItems(uuid4(), (back,), None, PersonRef(service_number="S-001"), "he is on leave", "dirty")))
    pistol = (IssueLine(ItemRef(serial="G17-001")),)
    await made(issue_items(IssueItems(uuid4(), PersonRef(badge="BADGE-S-001"), pistol, due_at=now + timedelta(hours=3))))
    await made(extend_due(ExtendDue(uuid4(), pistol, now + timedelta(hours=4), "the exercise goes on")))
    relief = TransferItems(uuid4(), PersonRef(service_number="S-002"), pistol, handed_over_by=PersonRef(service_number="S-001"))
    await made(transfer_items(relief))
    await made(return_items(ReturnItems(uuid4(), (ReturnLine(ItemRef(serial="G17-001")),))))
    await made(people.change_duty_status(people.ChangeDutyStatus(uuid4(), await person_of("S-003"), DutyStatus.SEPARATED, "moved away")))
    await stock_and_receipts()
    await by_two_persons()
    for _ in range(2):
        await made(accounts.disable_account(accounts.DisableAccount(uuid4(), "east", "left")))
        await made(accounts.enable_account(accounts.EnableAccount(uuid4(), "east", "is back")))
    imported = await legacy.import_legacy(legacy.ImportLegacy(uuid4(), "SOUTH"), OLD_SYSTEM, lambda _what, _part: None)
    assert isinstance(imported, legacy.Imported)


async def at_the_door() -> None:
    """East signs in with a second factor, is refused what is not East's to ask, and signs out; a thief comes too; a program calls."""

    async def signed_in(code: str | None = None) -> sessions.SignedIn:
        begun = await sessions.sign_in(sessions.SignIn("east", PASSWORD, "192.0.2.1", code, "Firefox ñ"))
        assert isinstance(begun, sessions.SignedIn), begun
        return begun

    with acting(await actor_of((await signed_in()).token)):
        factor = await factors.begin_second_factor(factors.BeginSecondFactor(uuid4()), PASSWORD)
        assert isinstance(factor, factors.NewFactor)
        codes = await factors.confirm_second_factor(factors.ConfirmSecondFactor(uuid4()), pyotp.TOTP(factor.secret).now())
        assert not isinstance(codes, Refused)
        await security.note_access_refused("verifyLedger", "192.0.2.1")
    begun = await signed_in(codes[0])
    assert isinstance(await sessions.refresh(begun.refresh_token, "192.0.2.1"), sessions.SignedIn)
    assert isinstance(await sessions.refresh(begun.refresh_token, "192.0.2.66"), Refused)
    with acting(await actor_of((await signed_in(codes[1])).token)):
        await sessions.sign_out()
    await made(sessions.end_all_sessions(sessions.EndSessions(uuid4(), "east")))
    await made(factors.remove_second_factor(factors.RemoveSecondFactor(uuid4(), "east", "the telephone is lost")))

    token = await tokens.create_token(tokens.CreateToken(uuid4(), "east", "a scale"))
    assert isinstance(token, tokens.MadeToken)
    rotated = await tokens.rotate_token(tokens.RotateToken(uuid4(), token.id))
    assert isinstance(rotated, tokens.MadeToken)
    with acting(await actor_of(str(rotated.token))):
        await security.note_token_used("192.0.2.2")

    known = await operations.add_operation(operations.AddOperation(uuid4(), "Me", "query Me { viewer { username } } # ñ"))
    assert isinstance(known, operations.Added)
    assert isinstance(await operations.retire_operation(operations.RetireOperation(uuid4(), known.document_id)), Answer)


def holder(number: int) -> PersonRef:
    """Somebody of the world."""
    return PersonRef(service_number=f"S-{number:03}")


def line(serial: str, *with_it: Wanted) -> IssueLine:
    """One line of a draw, with so much stock."""
    return IssueLine(ItemRef(serial=serial), stock=with_it or None)


ROUNDS, MAGAZINES, LIGHTS = (StockRef(article=article) for article in ("9MM-BALL", "MAG-G17", "CHEM-LIGHT"))


async def stock_and_receipts() -> None:
    """Stock comes in, goes out with a duty, from hand to hand and to another arms room; receipts are confirmed, told of, regularised."""
    pistol = (await database.fetch("SELECT id FROM item_model WHERE nomenclature = 'Pistol G17'"))[0]["id"]
    new = stock.ReceiveStock(uuid4(), "NORTH", "9MM-BALL", "L-1", 100, StockKind.AMMUNITION, "9 mm ball", "A363", (pistol,), "from depot")
    await made(stock.receive_stock(new))
    await made(stock.receive_stock(stock.ReceiveStock(uuid4(), "NORTH", "9MM-BALL", "L-1", 50)))
    for article, kind in (("MAG-G17", StockKind.MAGAZINE), ("CHEM-LIGHT", StockKind.ACCESSORY)):
        await made(stock.receive_stock(stock.ReceiveStock(uuid4(), "NORTH", article, "1", 20, kind, article.title())))
    loadout = (LoadoutEntry(ItemCategory.PISTOL, "9MM-BALL", 30), LoadoutEntry(ItemCategory.PISTOL, "MAG-G17", 2))
    gate = await made(purposes.register_purpose(purposes.RegisterPurpose(uuid4(), "GATE", "Gate", due_hours=8, loadout=loadout)))
    await made(purposes.edit_purpose(purposes.EditPurpose(uuid4(), gate, due_hours=9, loadout=loadout[:1])))
    await made(purposes.edit_purpose(purposes.EditPurpose(uuid4(), gate, loadout=loadout)))

    await made(issue_items(IssueItems(uuid4(), holder(6), (line("G17-002"),), "GATE")))
    for used in (Settled(ROUNDS, returned=5, expended=5), Settled(MAGAZINES, returned=1)):
        settled = stock.SettleStock(uuid4(), (stock.SettleLine(ItemRef(serial="G17-002"), (used,)),), "at noon")
        await made(stock.settle_stock(settled))
    await made(transfer_items(TransferItems(uuid4(), holder(7), (line("G17-002"),))))
    await made(receipts.set_pin(receipts.SetPin(uuid4(), holder(7)), "482913"))
    taken = await receipt_of("G17-002")
    await made(receipts.confirm_receipt(receipts.ConfirmReceipt(uuid4(), taken, ConfirmationStage.ISSUE), "482913"))
    lost = ReturnLine(ItemRef(serial="G17-002"), stock=(Settled(MAGAZINES, lost=1, reason="in the river"),), all_stock_returned=True)
    await made(return_items(ReturnItems(uuid4(), (lost,))))
    await made(receipts.confirm_receipt(receipts.ConfirmReceipt(uuid4(), taken, ConfirmationStage.RETURN), "482913"))

    alarm = IssueItems(uuid4(), holder(8), (line("G17-003", Wanted(ROUNDS, 15)),), issue_type=IssueType.EMERGENCY, note="alarm")
    await made(issue_items(alarm))
    regularised = receipts.RegulariseEmergency(uuid4(), await receipt_of("G17-003"), "it was right")
    await made(receipts.regularise_emergency(regularised))
    now = datetime.now(UTC)
    late = IssueItems(uuid4(), holder(9), (line("G17-004"),), due_at=now - timedelta(hours=2), effective_at=now - timedelta(hours=9))
    await made(issue_items(late))
    assert await tell_overdue_receipts() == 1

    north = (await database.fetch("SELECT id FROM armory WHERE code = 'NORTH'"))[0]["id"]
    for number, serial in ((10, "G17-005"), (11, "G17-006")):
        card = eligibility.Authorize(uuid4(), holder(number), date(2026, 1, 1), item=ItemRef(serial=serial), card_number=f"CARD-{number}")
        await made(eligibility.authorize(card))
    await made(armory.edit_armory(armory.EditArmory(uuid4(), north, authorization_required=True, confirmation_required=True)))
    for number, serial in ((10, "G17-005"), (11, "G17-006")):
        await made(issue_items(IssueItems(uuid4(), holder(number), (line(serial, Wanted(LIGHTS, 2)),))))
    await made(armory.edit_armory(armory.EditArmory(uuid4(), north, authorization_required=False)))
    back = {serial: (ReturnLine(ItemRef(serial=serial), all_stock_returned=True),) for serial in ("G17-005", "G17-006")}
    await made(return_items(ReturnItems(uuid4(), back["G17-005"])))
    elsewhere = ReturnElsewhere(uuid4(), back["G17-006"], None, holder(12), "he is in hospital", armory="SOUTH")
    await made(return_elsewhere(elsewhere))
    await made(receive_items(ReceiveItems(uuid4(), (line("G17-006"),), "with the courier")))


async def receipt_of(serial: str) -> receipts.ReceiptRef:
    """The open receipt of an item."""
    (row,) = await database.fetch(
        "SELECT c.receipt_number FROM custody_record c JOIN item i ON i.id = c.item_id WHERE i.serial = $1 AND c.closed_at IS NULL", serial
    )
    return receipts.ReceiptRef(row["receipt_number"])


async def by_two_persons() -> None:
    """An issue, a transfer, an adjustment and a correction are proposed and approved, and one is rejected."""
    why = Override("the range is booked")
    await made(issue_items(IssueItems(uuid4(), holder(13), (line("G17-007"),))))
    await made(issue_items(IssueItems(uuid4(), holder(14), (line("G17-008", Wanted(ROUNDS, 10)),))))
    await made(issue_items(IssueItems(uuid4(), holder(15), (line("G17-010", Wanted(ROUNDS, 3)),))))
    lot = (await database.fetch("SELECT id FROM stock_lot WHERE article = 'MAG-G17'"))[0]["id"]
    proposed = [
        await made(issue_items(IssueItems(uuid4(), holder(13), (line("G17-009", Wanted(ROUNDS, 5)),), override=why))),
        await made(transfer_items(TransferItems(uuid4(), holder(13), (line("G17-008"),), override=why))),
        await made(stock.adjust_stock(stock.AdjustStock(uuid4(), lot, StockAdjustment.LOST, 3, override=why))),
        await made(corrections.correct_receipts(corrections.CorrectReceipts(uuid4(), (ItemRef(serial="G17-010"),), why))),
        await made(stock.adjust_stock(stock.AdjustStock(uuid4(), lot, StockAdjustment.DISPOSED, 1, override=why))),
    ]
    with acting(console_actor("second")):
        for proposal in proposed[:-1]:
            done = await proposals.approve_proposal(proposals.DecideProposal(uuid4(), proposal, "seen 🔫"))
            assert isinstance(done, Answer), done
        await made(proposals.reject_proposal(proposals.DecideProposal(uuid4(), proposed[-1])))


async def person_of(number: str) -> UUID:
    """The id of a person of the world."""
    row = await database.fetch_one("SELECT id FROM person WHERE service_number = $1", number)
    assert row is not None
    found: UUID = row["id"]
    return found


async def exported() -> Events:
    """The whole ledger in the order in which it is folded: the registry first."""
    events = [event async for event in export_events()]
    return sorted(events, key=lambda event: bool(event["stream"] != "registry"))


@pytest.fixture(scope="module")
def year_url(cluster: Any, populated: str) -> Any:
    """A database in which every command has been used."""

    async def run(statement: str) -> None:
        connection = await asyncpg.connect(cluster.url("postgres"))
        await connection.execute(statement)
        await connection.close()

    async def fill() -> None:
        await database.open_door(cluster.at("year").runtime, Settings(refresh_grace_seconds=0))
        try:
            with acting(console_actor("tests")):
                await a_year_at_the_arms_room()
        finally:
            await database.close_door()

    asyncio.run(run(f"CREATE DATABASE year TEMPLATE {populated}"))
    asyncio.run(fill())
    yield cluster.at("year").runtime
    asyncio.run(run("DROP DATABASE year WITH (FORCE)"))


@pytest.fixture
async def year(year_url: str, settings: Settings) -> Any:
    """The door open on it."""
    await database.open_door(year_url, settings)
    try:
        yield year_url
    finally:
        await database.close_door()


# -------------------------------------------------------------------------------------------------------------------- after a whole year


async def test_inv_16_after_every_command_the_ledger_gives_the_tables(year: str) -> None:
    events = await exported()
    assert verify(events, await read_heads()).whole
    written = {EventType(event["type"]) for event in events}
    assert written == set(EventType)
    folded, live = replay.replay(events), await replay.live_book()
    assert replay.differences(folded, live) == []
    assert folded == live
    assert all(folded[table] for table in replay.TABLES)


async def test_inv_16_the_order_of_the_arms_rooms_among_each_other_is_no_matter(year: str) -> None:
    events = await exported()
    rooms = [event for event in events if event["stream"] != "registry"]
    by_room: dict[str, Events] = defaultdict(list)
    for event in rooms:
        by_room[event["stream"]].append(event)
    other_way = [event for event in events if event["stream"] == "registry"]
    for stream in reversed(by_room):
        other_way += by_room[stream]
    in_time = sorted(events, key=lambda event: str(event["recorded_at"]))
    assert replay.replay(other_way) == replay.replay(in_time) == replay.replay(events)


def test_inv_16_every_type_of_event_has_a_fold() -> None:
    assert set(replay.FOLDS) == set(EventType)


async def test_inv_16_every_table_of_every_model_is_replayed_or_known_not_to_be(year: str) -> None:
    models = {model._meta.db_table for model in Tortoise.apps["models"].values()} - {"aerich"}
    assert models == set(replay.TABLES) | NOT_REPLAYED
    assert not set(replay.TABLES) & NOT_REPLAYED


async def test_inv_16_every_column_but_the_secret_one_is_replayed(year: str) -> None:
    book = replay.replay(await exported())
    for table, hidden in replay.TABLES.items():
        rows = await database.fetch("SELECT column_name FROM information_schema.columns WHERE table_name = $1", table)
        columns = {row["column_name"] for row in rows}
        assert {name for row in book[table].values() for name in row} == columns - hidden, table
    secret = {table: set(hidden) for table, hidden in replay.TABLES.items() if hidden}
    assert secret == {"account": {"password_hash"}, "person": {"pin_hash"}}


async def test_inv_16_events_from_before_a_column_fold_to_what_it_had_when_it_was_added(year: str) -> None:
    """A ledger that is older than a column does not name it; what came later of it is folded on top."""
    events, older = await exported(), Counter[str]()
    for event in events:
        payload = json.loads(event["payload"])
        for table, added in replay.ADDED.items():
            row = payload.get(table)
            if isinstance(row, dict) and "after" not in row and {name: row.get(name, value) for name, value in added.items()} == added:
                payload[table] = {name: value for name, value in row.items() if name not in added}
                older[table] += 1
        event["payload"] = json.dumps(payload)
    assert older.keys() == replay.ADDED.keys()
    book = replay.replay(events)
    assert any(room["confirmation_required"] for room in book["armory"].values())
    assert any(record["overdue_since"] for record in book["custody_record"].values())
    assert replay.differences(book, await replay.live_book()) == []


async def test_no_secret_is_in_the_ledger(year: str) -> None:
    rows = await database.fetch(
        "SELECT password_hash AS secret FROM account WHERE password_hash IS NOT NULL "
        "UNION ALL SELECT pin_hash FROM person WHERE pin_hash IS NOT NULL"
    )
    hashes = await database.fetch("SELECT encode(token_hash, 'hex') AS secret FROM api_token")
    everything = json.dumps(await exported(), ensure_ascii=False)
    assert "argon2" not in everything
    assert "482913" not in everything
    assert not [row for row in (*rows, *hashes) if row["secret"] in everything]


async def test_the_document_says_what_each_type_of_event_carries(year: str) -> None:
    keys: dict[str, set[str]] = defaultdict(set)
    for event in await exported():
        keys[event["type"]] |= json.loads(event["payload"]).keys() - {"summary", "imported_row"}
    section = DOCUMENT.read_text(encoding="utf-8").split("## The types of events")[1]
    documented = dict(re.findall(r"^\| `([A-Z_]+)` \|(.*)\|$", section, re.MULTILINE))
    assert documented.keys() == {type_.value for type_ in EventType}
    for type_, found in keys.items():
        assert set(re.findall(r"`([a-z_0-9]+)`", documented[type_].split("|")[1])) == found, type_


async def test_the_document_says_which_tables_are_replayed_and_which_events_explain_their_rows(year: str) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    listed = re.search(r"gives the tables (.*?)\.\n", text, re.DOTALL)
    assert listed is not None
    assert set(re.findall(r"`([a-z_]+)`", listed[1])) == set(replay.TABLES)
    rows = await database.fetch(
        "SELECT tgrelid::regclass::text AS of_table, tgargs FROM pg_trigger WHERE tgname = 'explained' AND NOT tgisinternal"
    )
    given = {row["of_table"]: bytes(row["tgargs"]).decode().split("\0") for row in rows}
    explained = {table: [set(types.strip("{}").split(",")) - {"NEVER", ""} for types in each[2:4]] for table, each in given.items()}
    (source,) = await database.fetch("SELECT prosrc FROM pg_proc WHERE proname = 'armguard_lot_explained'")
    of_lots = set(re.findall(r"'([A-Z]+_[A-Z_]+)'", source["prosrc"]))
    explained["stock_lot"] = [{"STOCK_RECEIVED"}, of_lots]
    section = text.split("## Which events explain which rows")[1].split("\n## ")[0]
    documented = re.findall(r"^\| `([a-z_]+)` \|(.*)\|(.*)\|$", section, re.MULTILINE)
    told = {table: [set(re.findall(r"`([A-Z_]+)`", part)) for part in parts] for table, *parts in documented}
    assert told == explained


# ------------------------------------------------------------------------------------------------------------- behind the ledger's back

BY_HAND = [
    ("unit", "code = 'E-SQ'", "name", "'Other'"),
    ("armory", "code = 'EAST'", "sidearm_limit", "99"),
    ("person", "service_number = 'S-001'", "duty_status", "'SUSPENDED'"),
    ("person", "service_number = 'S-005'", "family_name", "normalize(family_name, NFD)"),
    ("item_model", "nomenclature = 'Rifle M14'", "caliber", "NULL"),
    ("item", "serial = 'M4-001'", "rack", "''"),
    ("item", "serial = 'M4-001'", "round_count", "round_count + 1"),
    ("item", "serial = 'M4-001'", "version", "version + 1"),
    ("tag", "code = '0002'", "revoked_at", "revoked_at + interval '1 microsecond'"),
    ("purpose", "code = 'PATROL'", "categories", "array_append(categories, 'OTHER')"),
    ("custody_record", "receipt_number = 'EAST-000002'", "due_at", "timestamptz '2030-01-01Z'"),
    ("custody_record", "receipt_number = 'EAST-000001'", "rounds_fired", "0"),
    ("account", "username = 'viewer'", "roles", "ARRAY['ADMIN']"),
    ("account", "username = 'viewer'", "all_armories", "true"),
    ("imported_row", "true", "imported_at", "imported_at + interval '1 second'"),
    ("purpose", "code = 'GATE'", "loadout", "'[]'"),
    ("issue_authorization", "card_number = 'CARD-10'", "card_number", "'CARD-11B'"),
    ("custody_record", "overdue_since IS NOT NULL", "overdue_since", "NULL"),
    ("custody_record", "weapons_card = 'CARD-11'", "returned_to_id", "NULL"),
    ("custody_record", "weapons_card = 'CARD-11'", "confirmation_required", "NOT confirmation_required"),
    ("stock_lot", "article = '9MM-BALL'", "fits", "'{}'"),
    ("stock_lot", "article = '9MM-BALL'", "last_event_id", "(SELECT event_id FROM ledger_event ORDER BY recorded_at LIMIT 1)"),
    ("custody_line", "lost = 1", "lost_reason", "'stolen'"),
    ("custody_line", "returned > 0", "returned", "returned - 1"),
    ("confirmation", "stage = 'ISSUE'", "confirmed_at", "confirmed_at + interval '1 microsecond'"),
    ("regularisation", "true", "note", "'it was not'"),
    ("proposal", "state = 'REJECTED'", "decided_by_name", "'console:third'"),
    ("proposal", "state = 'APPROVED'", "arguments_hash", "sha256('other')"),
]


@pytest.mark.parametrize(("table", "where", "column", "value"), BY_HAND, ids=lambda part: str(part)[:24])
async def test_inv_16_a_row_changed_by_hand_is_named_with_its_table_id_and_column(
    year: str, cluster: Any, table: str, where: str, column: str, value: str
) -> None:
    """As a superuser does it who takes the triggers off, and puts them on again."""
    sql = await asyncpg.connect(cluster.url("year"))
    key = "source" if table == "imported_row" else "id"
    row = await sql.fetchrow(f"SELECT * FROM {table} WHERE {where} LIMIT 1")
    assert row is not None
    try:
        await by_hand(sql, table, f"UPDATE {table} SET {column} = {value} WHERE {key} = $1", row[key])
        found = replay.differences(replay.replay(await exported()), await replay.live_book())
        assert found == [f"{table} {row[key]} differs in {column}"]
    finally:
        await by_hand(sql, table, f"UPDATE {table} SET {column} = $2 WHERE {key} = $1", row[key], row[column])
        await sql.close()
    assert replay.differences(replay.replay(await exported()), await replay.live_book()) == []


async def by_hand(sql: Any, table: str, statement: str, *values: Any) -> None:
    """Run a statement with the guards of a table off."""
    async with sql.transaction():
        await sql.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        await sql.execute(statement, *values)
        await sql.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")


async def test_inv_16_a_row_that_came_or_went_by_hand_is_named(opened: str, plain_sql: Any) -> None:
    tag_id = await plain_sql.fetchval("SELECT id FROM tag WHERE code = 'BADGE-S-001'")
    new_id = uuid4()
    await by_hand(plain_sql, "tag", "DELETE FROM tag WHERE id = $1", tag_id)
    await by_hand(plain_sql, "tag", "INSERT INTO tag (id, code, person_id, version) SELECT $1, 'NEW', id, 1 FROM person LIMIT 1", new_id)
    found = replay.differences(replay.replay(await exported()), await replay.live_book())
    assert sorted(found) == sorted([f"tag {tag_id} is only in the ledger", f"tag {new_id} is only live"])


# --------------------------------------------------------------------------------------------------------------- events that do not follow


async def test_an_event_that_says_another_before_than_there_was_does_not_follow(year: str) -> None:
    events = await exported()
    place = next(place for place, event in enumerate(events) if event["type"] == "ITEM_RETURNED")
    payload = json.loads(events[place]["payload"])
    payload["item"]["before"]["state"] = "MISSING"
    events[place] = {**events[place], "payload": json.dumps(payload)}
    with pytest.raises(replay.ReplayError, match="state is 'ISSUED', the event says it was 'MISSING'"):
        replay.replay(events)


async def test_an_event_that_says_another_quantity_before_than_there_was_does_not_follow(year: str) -> None:
    events = await exported()
    place = next(place for place, event in enumerate(events) if event["type"] == "STOCK_SETTLED")
    for table, name in (("stock_lot", "on_hand"), ("custody_line", "returned")):
        payload = json.loads(events[place]["payload"])
        payload[table][0]["before"][name] += 1
        forged = [*events[:place], {**events[place], "payload": json.dumps(payload)}, *events[place + 1 :]]
        with pytest.raises(replay.ReplayError, match=f"{name} is [0-9]+, the event says it was"):
            replay.replay(forged)


async def test_an_event_for_a_row_that_is_not_there_does_not_follow(year: str) -> None:
    events = [event for event in await exported() if event["type"] != "PERSON_REGISTERED"]
    with pytest.raises(replay.ReplayError, match="is not there"):
        replay.replay(events)


async def test_a_row_that_is_registered_twice_does_not_follow(year: str) -> None:
    events = await exported()
    with pytest.raises(replay.ReplayError, match="is there already"):
        replay.replay([*events, events[0]])
