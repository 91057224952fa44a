"""The plan of an import: every kind of damage, one row one decision, and a second run that writes nothing."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.commands.legacy_file import TABLES, read_legacy, read_time
from graph.errors import BadInput
from graph.rules.legacy import plan
from graph.rules.legacy_decisions import Decision, Outcome
from graph.rules.legacy_history import purpose_code
from graph.rules.legacy_rows import (
    ImportPlan,
    Known,
    LegacyData,
    LegacyItem,
    LegacyPerson,
    LegacyTag,
    LegacyTransaction,
    LegacyUser,
    Terms,
    name_key,
    rows_imported,
)
from graph.words import AccountState, CustodyState, DutyStatus, IssueType, PersonCategory, Role, Serviceability, Slot

FILE = Path(__file__).parent.parent / "data" / "armguard-v2.sqlite3"
CUTOVER = datetime(2026, 11, 25, tzinfo=UTC)
MORNING = datetime(2026, 11, 24, 6, tzinfo=UTC)


# Rows made by hand


def item(
    id: str = "I1", serial: str | None = None, status: str = "Available", item_type: str = "M16", condition: str = "Good"
) -> LegacyItem:
    return LegacyItem(id, item_type, f"SN-{id}" if serial is None else serial, condition, status, id, "2026-01-01 00:00:00")


def person(
    id: str = "P1", serial: str | None = None, surname: str = "Garcia", status: str = "Active", deleted: bool = False
) -> LegacyPerson:
    number = f"81-{id}" if serial is None else serial
    return LegacyPerson(id, surname, "Luz", "L", "SGT", number, "951st", status, "ENLISTED PERSONNEL", deleted, id, None)


def row(id: int, action: str, who: str = "P1", hours: float | None = None, item: str = "I1", **others: object) -> LegacyTransaction:
    """The row `id` of an item, at one hour per id unless told otherwise."""
    time = MORNING + timedelta(hours=id if hours is None else hours)
    made = LegacyTransaction(id, action, time, 3, 90, "Guard Duty" if action == "Take" else "", "", item, who, 1, "normal")
    return replace(made, **others)  # type: ignore[arg-type]


USER = LegacyUser(1, "armorer1", False, True, ("Armorer",))


def old(
    rows: Iterable[LegacyTransaction] = (),
    items: Sequence[LegacyItem] = (item(),),
    people: Sequence[LegacyPerson] = (person(), person("P2", surname="Cruz")),
    users: Sequence[LegacyUser] = (USER,),
    tags: Sequence[LegacyTag] = (),
) -> LegacyData:
    return LegacyData(tuple(items), tuple(people), tuple(rows), tuple(users), tuple(tags))


def planned(data: LegacyData, known: Known | None = None) -> ImportPlan:
    return plan(data, known or Known(), CUTOVER)


def codes(made: ImportPlan, table: str = "transactions") -> dict[str, tuple[str, ...]]:
    return {said.row_id: said.codes for said in made.decisions if said.row_table == table}


def decision(made: ImportPlan, row_id: str | int, table: str = "transactions") -> Decision:
    return next(said for said in made.decisions if (said.row_table, said.row_id) == (table, str(row_id)))


def aside(made: ImportPlan) -> set[int]:
    return {int(said.row_id) for said in made.decisions if said.row_table == "transactions" and said.outcome is Outcome.SET_ASIDE}


def state(made: ImportPlan) -> CustodyState:
    [only] = made.items
    return only.state


def applied(made: ImportPlan, before: Known | None = None) -> Known:
    """What ArmGuard holds when the plan has been written."""
    before = before or Known()
    ids = dict(before.sources)
    written = (made.units, made.models, made.purposes, made.people, made.accounts, made.items, made.tags, made.history, made.open_records)
    for things in written:
        ids |= {thing.source: f"id:{thing.source}" for thing in things}
    return Known(
        sources=ids,
        units={**before.units, **{unit.code: ids[unit.source] for unit in made.units}},
        models={
            **before.models,
            **{(name_key(model.nomenclature), model.manufacturer_key): ids[model.source] for model in made.models},
        },
        purposes={**before.purposes, **{purpose.code: ids[purpose.source] for purpose in made.purposes}},
        people={**before.people, **{someone.service_number_key: ids[someone.source] for someone in made.people}},
        items={**before.items, **{(thing.manufacturer_key, thing.serial_key): ids[thing.source] for thing in made.items}},
        tags={**before.tags, **{tag.code: ids[tag.source] for tag in made.tags}},
        accounts={**before.accounts, **{account.username.lower(): ids[account.source] for account in made.accounts}},
        family_names={**before.family_names, **{ids[someone.source]: someone.family_name for someone in made.people}},
        separated=before.separated,
    )


def check(data: LegacyData, made: ImportPlan) -> None:
    """What holds for every plan into an empty ArmGuard."""
    names = [(said.row_table, said.row_id) for said in made.decisions if said.row_table not in ("group", "item_type", "duty_type")]
    rows = {
        "items": data.items,
        "personnel": data.people,
        "transactions": data.transactions,
        "auth_user": data.users,
        "qr_codes": data.tags,
    }
    assert Counter(names) == Counter((table, str(each.id)) for table, all_rows in rows.items() for each in all_rows)  # type: ignore[attr-defined]
    assert all(said.message.endswith(".") for said in made.decisions)
    assert all(said.notable for said in made.decisions if said.outcome in (Outcome.SET_ASIDE, Outcome.MERGED))

    in_hand = Counter(record.item for record in made.open_records)
    assert set(in_hand.values()) <= {1}
    assert {thing.source for thing in made.items if thing.state is CustodyState.ISSUED} == set(in_hand)
    assert all((thing.discrepancy is not None) == (thing.state is CustodyState.MISSING) for thing in made.items)
    for thing in made.items:
        spans = [(record.issued_at, record.closed_at) for record in made.history if record.item == thing.source]
        spans += [(record.issued_at, datetime.max.replace(tzinfo=UTC)) for record in made.open_records if record.item == thing.source]
        assert all(start <= end for start, end in spans)
        assert all(first[1] <= second[0] for first, second in pairwise(sorted(spans)))

    carried = [number for record in (*made.history, *made.open_records) for number in str(record.details["rows"]).split("+")]
    imported = [said.row_id for said in made.decisions if said.row_table == "transactions" and said.outcome is Outcome.IMPORTED]
    assert Counter(carried) == Counter(imported)
    known_refs = {thing.source for things in (made.people, made.items, made.accounts, made.purposes) for thing in things}
    for record in (*made.history, *made.open_records):
        assert {record.item, record.holder} <= known_refs
        assert {record.issued_by, record.purpose} - {None} <= known_refs
    assert all(tag.target in known_refs for tag in made.tags)
    separated = {someone.source for someone in made.people if someone.duty_status is DutyStatus.SEPARATED}
    assert not separated & {record.holder for record in made.open_records}

    again = plan(data, applied(made), CUTOVER)
    assert again.nothing_to_write
    assert all(said.outcome in (Outcome.ALREADY_IMPORTED, Outcome.SET_ASIDE) for said in again.decisions)
    first = {(said.row_table, said.row_id): said for said in made.decisions}
    for said in again.decisions:
        before = first[said.row_table, said.row_id]
        assert (said.outcome is Outcome.SET_ASIDE) == (before.outcome is Outcome.SET_ASIDE)
        assert said.code == before.code or said.outcome is not Outcome.SET_ASIDE


# Takes and returns


def test_a_take_and_its_return_are_history() -> None:
    data = old([row(1, "Take"), row(2, "Return", rounds=60)])
    made = planned(data)
    [record] = made.history
    assert (record.issued_at, record.closed_at) == (MORNING + timedelta(hours=1), MORNING + timedelta(hours=2))
    assert record.source == "legacy:transactions:1+2"
    assert record.rounds_fired == 30
    assert record.details == {
        "imported": True,
        "rows": "1+2",
        "magazines_out": 3,
        "rounds_out": 90,
        "by_out": "armorer1",
        "magazines_in": 3,
        "rounds_in": 60,
        "by_in": "armorer1",
        "mode": "normal",
    }
    assert (record.issued_by, record.closed_by, record.purpose) == (
        "legacy:auth_user:1",
        "legacy:auth_user:1",
        "legacy:duty_type:GUARD_DUTY",
    )
    assert state(made) is CustodyState.IN_ROOM
    assert not any(said.notable for said in made.decisions if said.row_table == "transactions")
    check(data, made)


def test_a_last_take_is_open_custody_due_at_the_limit() -> None:
    data = old([row(1, "Take", hours=-48)], [item(status="Issued")])
    made = planned(data)
    [record] = made.open_records
    assert record.issue_type is IssueType.TEMPORARY
    assert record.due_at == record.issued_at + timedelta(hours=24)
    assert "overdue" in decision(made, 1).message
    assert not decision(made, 1).notable
    check(data, made)


@pytest.mark.parametrize(
    ("hours", "mode", "issue_type", "has_due"),
    [
        (24, "normal", IssueType.TEMPORARY, True),
        (25, "normal", IssueType.HAND_RECEIPT, False),
        (2, "defcon", IssueType.EMERGENCY, False),
    ],
)
def test_history_gets_the_issue_type_that_is_true_of_it(hours: int, mode: str, issue_type: IssueType, has_due: bool) -> None:
    made = planned(old([row(1, "Take", hours=-30, transaction_mode=mode), row(2, "Return", hours=-30 + hours)]))
    [record] = made.history
    assert record.issue_type is issue_type
    assert (record.due_at is not None) == has_due


@pytest.mark.parametrize(
    ("holder", "code", "status"),
    [
        (person(status="Suspended"), "HOLDER_SUSPENDED", DutyStatus.SUSPENDED),
        (person(status="Inactive"), "HOLDER_INACTIVE", DutyStatus.INACTIVE),
        (person(deleted=True), "HOLDER_DELETED", DutyStatus.INACTIVE),
        (person(status="Archived"), "HOLDER_DELETED", DutyStatus.INACTIVE),
    ],
)
def test_open_custody_stays_open_whatever_the_holder_is(holder: LegacyPerson, code: str, status: DutyStatus) -> None:
    data = old([row(1, "Take")], [item(status="Issued")], [holder])
    made = planned(data)
    assert len(made.open_records) == 1
    assert code in decision(made, 1).codes
    assert decision(made, 1).notable
    assert made.people[0].duty_status is status
    check(data, made)


def test_whoever_was_deleted_and_holds_nothing_is_separated() -> None:
    data = old([row(1, "Take"), row(2, "Return")], people=[person(deleted=True)])
    made = planned(data)
    assert made.people[0].duty_status is DutyStatus.SEPARATED
    check(data, made)


def test_taken_twice_is_with_the_last_taker_and_the_first_take_is_set_aside() -> None:
    data = old([row(1, "Take"), row(2, "Take", who="P2")], [item(status="Issued")])
    made = planned(data)
    assert codes(made) == {"1": ("TAKEN_TWICE",), "2": ("OPEN_CUSTODY", "TAKEN_TWICE")}
    assert made.open_records[0].holder == "legacy:personnel:P2"
    for said in (decision(made, 1), decision(made, 2)):
        assert "Garcia" in said.message
        assert "Cruz" in said.message
    check(data, made)


def test_taken_twice_and_returned_once_leaves_the_later_take_as_history() -> None:
    data = old([row(1, "Take"), row(2, "Take", who="P2"), row(3, "Return", who="P2"), row(4, "Return")])
    made = planned(data)
    assert codes(made) == {
        "1": ("TAKEN_TWICE",),
        "2": ("TAKE_IMPORTED", "TAKEN_TWICE"),
        "3": ("RETURN_IMPORTED",),
        "4": ("RETURN_WITHOUT_TAKE",),
    }
    check(data, made)


@pytest.mark.parametrize("rows", [[], [row(1, "Take"), row(2, "Return")]])
def test_issued_to_nobody_is_missing(rows: list[LegacyTransaction]) -> None:
    data = old(rows, [item(status="Issued")])
    made = planned(data)
    assert state(made) is CustodyState.MISSING
    assert "ISSUED_TO_NOBODY" in decision(made, "I1", "items").codes
    assert not made.open_records
    check(data, made)


def test_a_return_before_its_take_sets_both_aside() -> None:
    data = old([row(1, "Take", hours=2), row(2, "Return", hours=1)])
    made = planned(data)
    assert codes(made) == {"1": ("RETURN_BEFORE_TAKE",), "2": ("RETURN_BEFORE_TAKE",)}
    assert state(made) is CustodyState.IN_ROOM
    assert "STATE_BY_STATUS_ALONE" in decision(made, "I1", "items").codes
    check(data, made)


@pytest.mark.parametrize("later", [0, 0.01])
def test_a_return_written_before_its_take_sets_both_aside(later: float) -> None:
    data = old([row(1, "Return", hours=1), row(2, "Take", hours=1 + later, rounds=-90)])
    made = planned(data)
    assert codes(made) == {"1": ("RETURN_BEFORE_TAKE",), "2": ("RETURN_BEFORE_TAKE", "NEGATIVE_QUANTITY")}
    assert state(made) is CustodyState.IN_ROOM
    check(data, made)


@pytest.mark.parametrize(
    ("status", "who", "gap"),
    [("Issued", "P1", 1.0), ("Available", "P2", 1.0), ("Available", "P1", 25.0)],
)
def test_another_return_before_a_take_does_not_close_it(status: str, who: str, gap: float) -> None:
    """The item is said to be out, another person returned, or the return is too long ago: open custody is not closed by a guess."""
    data = old([row(1, "Return", who=who, hours=-30), row(2, "Take", hours=-30 + gap)], [item(status=status)])
    made = planned(data)
    assert codes(made)["1"] == ("RETURN_WITHOUT_TAKE",)
    assert state(made) is CustodyState.ISSUED
    check(data, made)


def test_negative_rounds_are_neither_clamped_nor_counted() -> None:
    data = old([row(1, "Take", rounds=-90), row(2, "Return", rounds=0)])
    made = planned(data)
    assert made.history[0].rounds_fired is None
    assert made.history[0].details["rounds_out"] == -90
    assert codes(made)["1"] == ("TAKE_IMPORTED", "NEGATIVE_QUANTITY")
    check(data, made)


def test_more_came_back_than_went_out() -> None:
    data = old([row(1, "Take", rounds=30), row(2, "Return", rounds=60, mags=2)])
    made = planned(data)
    assert made.history[0].rounds_fired is None
    assert codes(made)["2"] == ("RETURN_IMPORTED", "ROUNDS_DIFFER", "MAGAZINES_DIFFER")
    check(data, made)


def test_returned_by_another_person_says_who() -> None:
    data = old([row(1, "Take"), row(2, "Return", who="P2")])
    made = planned(data)
    [record] = made.history
    assert (record.holder, record.brought_by) == ("legacy:personnel:P1", "legacy:personnel:P2")
    assert record.brought_reason
    assert "RETURNED_BY_OTHER" in decision(made, 2).codes
    check(data, made)


def test_overlapping_history_gives_way_to_what_was_written_first() -> None:
    data = old([row(1, "Take", hours=1), row(2, "Return", hours=5), row(3, "Take", hours=4), row(4, "Return", hours=6)])
    made = planned(data)
    assert [record.source for record in made.history] == ["legacy:transactions:1+2"]
    assert codes(made)["3"] == codes(made)["4"] == ("OVERLAPS",)
    check(data, made)


def test_history_gives_way_to_open_custody() -> None:
    data = old([row(1, "Take", hours=1), row(2, "Return", hours=5), row(3, "Take", hours=4)], [item(status="Issued")])
    made = planned(data)
    assert aside(made) == {1, 2}
    assert len(made.open_records) == 1
    check(data, made)


def test_a_return_and_a_take_at_the_same_moment_do_not_overlap() -> None:
    data = old([row(1, "Take", hours=1), row(2, "Return", hours=3), row(3, "Take", hours=3), row(4, "Return", hours=5)])
    made = planned(data)
    assert len(made.history) == 2
    check(data, made)


@pytest.mark.parametrize("status", ["Available", "Maintenance", "Retired", "Lent"])
def test_a_take_without_a_return_outranks_the_status(status: str) -> None:
    data = old([row(1, "Take")], [item(status=status)])
    made = planned(data)
    assert state(made) is CustodyState.ISSUED
    assert "STATUS_CONTRADICTS_TAKE" in decision(made, "I1", "items").codes
    check(data, made)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Available", CustodyState.IN_ROOM),
        ("Maintenance", CustodyState.IN_MAINTENANCE),
        ("Retired", CustodyState.DISPOSED),
        ("Lent", CustodyState.MISSING),
    ],
)
def test_without_a_take_the_status_says_where_it_is(status: str, expected: CustodyState) -> None:
    data = old(items=[item(status=status)])
    made = planned(data)
    assert state(made) is expected
    assert ("UNKNOWN_STATUS" in decision(made, "I1", "items").codes) == (status == "Lent")
    check(data, made)


@pytest.mark.parametrize(
    ("others", "code"),
    [
        ({"date_time": None}, "TIME_UNREADABLE"),
        ({"date_time": CUTOVER + timedelta(seconds=1)}, "TIME_IN_FUTURE"),
        ({"personnel_id": "P9"}, "PERSON_UNKNOWN"),
        ({"personnel_id": "P3"}, "PERSON_SET_ASIDE"),
    ],
)
@pytest.mark.parametrize("status", ["Issued", "Available"])
def test_a_last_take_that_cannot_come_in_leaves_the_item_missing(others: dict[str, object], code: str, status: str) -> None:
    people = [person(), person("P3", serial=" - ")]
    data = old([replace(row(1, "Take"), **others)], [item(status=status)], people)  # type: ignore[arg-type]
    made = planned(data)
    assert codes(made)["1"] == (code,)
    assert state(made) is CustodyState.MISSING
    assert "LAST_TAKE_SET_ASIDE" in decision(made, "I1", "items").codes
    check(data, made)


def test_a_pair_with_a_bad_row_is_set_aside_whole() -> None:
    data = old([row(1, "Take"), row(2, "Return", date_time=None)])
    made = planned(data)
    assert codes(made) == {"1": ("TIME_UNREADABLE",), "2": ("TIME_UNREADABLE",)}
    check(data, made)


def test_small_oddities_come_in_and_are_reported() -> None:
    rows = [row(1, "Take", issued_by_id=None, transaction_mode="drill"), row(2, "Lend"), row(3, "Return", issued_by_id=77)]
    data = old(rows)
    made = planned(data)
    assert codes(made) == {
        "1": ("TAKE_IMPORTED", "ISSUER_UNKNOWN", "UNKNOWN_MODE"),
        "2": ("UNKNOWN_ACTION",),
        "3": ("RETURN_IMPORTED", "ISSUER_UNKNOWN"),
    }
    check(data, made)


def test_rows_of_an_item_that_did_not_come_in() -> None:
    data = old([row(1, "Take"), row(2, "Take", item="I9")], [item(item_type="CROSSBOW")])
    made = planned(data)
    assert codes(made) == {"1": ("ITEM_SET_ASIDE", "STILL_OUT"), "2": ("ITEM_UNKNOWN", "STILL_OUT")}
    assert codes(made, "items") == {"I1": ("UNKNOWN_ITEM_TYPE",)}
    assert codes(made, "item_type") == {"CROSSBOW": ("UNKNOWN_ITEM_TYPE",)}
    check(data, made)


def test_limits_are_reported_and_do_not_refuse() -> None:
    items = [item(id, status="Issued", item_type=kind) for id, kind in (("I1", "GLOCK"), ("I2", "45"), ("I3", "M4"))]
    data = old([row(n, "Take", item=f"I{n}") for n in (1, 2, 3)], items)
    made = planned(data)
    assert len(made.open_records) == 3
    assert {name for name, said in codes(made).items() if "OVER_LIMIT" in said} == {"1", "2"}
    generous = plan(data, Known(), CUTOVER, Terms(per_slot={Slot.SIDEARM: 2}))
    assert not any("OVER_LIMIT" in said for said in codes(generous).values())
    check(data, made)


# Items and labels


def label(id: int, reference: str, code: str | None = None, kind: str = "item", active: bool = True) -> LegacyTag:
    return LegacyTag(id, kind, reference, reference if code is None else code, active, None)


def test_one_serial_in_two_spellings_is_one_item_with_the_history_and_labels_of_both() -> None:
    items = [item("I1", "AB-12"), item("I2", " ab 12", condition="Damaged")]
    data = old([row(1, "Take"), row(2, "Return"), row(3, "Take", item="I2"), row(4, "Return", item="I2")], items)
    made = planned(data)
    assert decision(made, "I2", "items").codes == ("SERIAL_MERGED", "LABEL_FROM_ROW")
    assert (made.items[0].serial, made.items[0].serviceability) == ("AB-12", Serviceability.UNSERVICEABLE)
    assert {record.item for record in made.history} == {tag.target for tag in made.tags if "items" in tag.target} == {"legacy:items:I1+I2"}
    check(data, made)


def test_of_two_spellings_the_one_with_the_history_stands() -> None:
    data = old([row(1, "Take", item="I2"), row(2, "Return", item="I2")], [item("I1", "AB-12"), item("I2", "ab12")])
    made = planned(data)
    assert [thing.serial for thing in made.items] == ["ab12"]
    assert codes(made, "items")["I1"][0] == "SERIAL_MERGED"
    check(data, made)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (("Retired", "Available"), CustodyState.IN_ROOM),
        (("Available", "Maintenance"), CustodyState.IN_MAINTENANCE),
        (("Maintenance", "Issued"), CustodyState.MISSING),
        (("Available", "Lent"), CustodyState.MISSING),
    ],
)
def test_of_two_statuses_the_more_careful_one_stands(statuses: tuple[str, str], expected: CustodyState) -> None:
    data = old(items=[item("I1", "A1", statuses[0]), item("I2", "a1", statuses[1])])
    made = planned(data)
    assert state(made) is expected
    check(data, made)


def test_leading_zeros_are_different_weapons() -> None:
    data = old(items=[item("I1", "000123"), item("I2", "123"), item("I3", "0123", item_type="GLOCK")])
    made = planned(data)
    assert len(made.items) == 3
    assert {name for name, said in codes(made, "items").items() if "LEADING_ZEROS" in said} == {"I1", "I2"}
    check(data, made)


def test_one_serial_on_two_types_of_an_unknown_maker_is_not_guessed() -> None:
    items = [item("I1", "77", "Issued"), item("I2", "77", "Issued", item_type="M4"), item("I3", "77", item_type="GLOCK")]
    data = old([row(1, "Take"), row(2, "Return"), row(3, "Take"), row(4, "Take", item="I2")], items)
    made = planned(data)
    assert codes(made, "items")["I2"] == ("SERIAL_OF_ANOTHER_MODEL",)
    assert codes(made)["4"] == ("ITEM_SET_ASIDE", "STILL_OUT")
    assert len(made.items) == 2
    check(data, made)


def test_blank_serials_and_unknown_conditions() -> None:
    data = old(items=[item("I1", " - "), item("I2", condition="Rusty")])
    made = planned(data)
    assert codes(made, "items")["I1"] == ("SERIAL_BLANK",)
    assert made.items[0].serviceability is Serviceability.QUARANTINED
    assert "UNKNOWN_CONDITION" in codes(made, "items")["I2"]
    check(data, made)


def test_a_label_names_one_target() -> None:
    tags = [
        label(1, "I1", "X"),
        label(2, "P1", "X", "personnel"),
        label(3, "I1", "Y"),
        label(4, "I1", "Y"),
        label(5, "I9"),
        label(6, "P2", " ", "personnel"),
    ]
    tags += [label(7, "I1", "Z", active=False), label(8, "I1", "Q", "rack")]
    data = old(items=[item("I1"), replace(item("I2"), qr_code="")], tags=tags)
    made = planned(data)
    assert codes(made, "qr_codes") == {
        "1": ("LABEL_NAMES_TWO",),
        "2": ("LABEL_NAMES_TWO",),
        "3": ("LABEL_IMPORTED",),
        "4": ("LABEL_MERGED",),
        "5": ("LABEL_NAMES_NOTHING",),
        "6": ("LABEL_NAMES_NOTHING",),
        "7": ("LABEL_IMPORTED",),
        "8": ("LABEL_NAMES_NOTHING",),
    }
    assert {tag.code: tag.revoked for tag in made.tags} == {"Y": False, "Z": True, "I1": False, "P1": False, "P2": False}
    assert codes(made, "items") == {"I1": ("ITEM_IMPORTED", "LABEL_FROM_ROW"), "I2": ("ITEM_IMPORTED", "NO_LABEL")}
    check(data, made)


# People and accounts


def test_one_service_number_with_one_name_is_one_person() -> None:
    people = [person("P1", "O-15", deleted=True), person("P2", "o15", surname="GARCIA")]
    data = old([row(1, "Take"), row(2, "Return", who="P2"), row(3, "Take")], [item(status="Issued")], people)
    made = planned(data)
    [only] = made.people
    assert (only.source, only.duty_status) == ("legacy:personnel:P2+P1", DutyStatus.ACTIVE)
    assert codes(made, "personnel")["P1"] == ("PERSON_MERGED", "LABEL_FROM_ROW")
    assert {record.holder for record in (*made.history, *made.open_records)} == {only.source}
    check(data, made)


def test_one_service_number_with_two_names_is_not_guessed() -> None:
    people = [person("P1", "15"), person("P2", "15", surname="Cruz")]
    data = old([row(1, "Take"), row(2, "Return"), row(3, "Take", who="P2")], [item(status="Issued")], people)
    made = planned(data)
    assert codes(made, "personnel")["P2"] == ("SERVICE_NUMBER_OF_ANOTHER",)
    assert codes(made)["3"] == ("PERSON_SET_ASIDE",)
    assert state(made) is CustodyState.MISSING
    check(data, made)


def test_words_about_people_that_are_not_known() -> None:
    data = old(people=[replace(person(status="Lost"), classification="SUPERUSER", group=" ", rank=None, middle_initial=None)])
    made = planned(data)
    [only] = made.people
    assert (only.category, only.duty_status, only.rank, only.given_names) == (PersonCategory.CIVILIAN, DutyStatus.INACTIVE, "", "Luz")
    assert codes(made, "personnel")["P1"] == ("PERSON_IMPORTED", "UNKNOWN_PERSON_STATUS", "CATEGORY_UNKNOWN", "NO_UNIT", "LABEL_FROM_ROW")
    assert [unit.code for unit in made.units] == ["UNASSIGNED"]
    check(data, made)


def test_accounts_come_in_disabled_with_the_roles_of_their_groups() -> None:
    users = [
        USER,
        LegacyUser(2, "root", True, False, ("Admin",)),
        LegacyUser(3, "guest", False, True, ("Visitors",)),
        LegacyUser(4, "ARMORER1", False, True, ("Armorer",)),
    ]
    data = old([row(1, "Take", issued_by_id=4), row(2, "Return")], people=[replace(person(), user_id=1)], users=users)
    made = planned(data)
    assert [(account.username, account.roles, account.person) for account in made.accounts] == [
        ("armorer1", (Role.ARMORER,), "legacy:personnel:P1"),
        ("root", (Role.ADMIN,), None),
        ("guest", (), None),
    ]
    assert {account.state for account in made.accounts} == {AccountState.DISABLED}
    assert codes(made, "auth_user") == {
        "1": ("ACCOUNT_IMPORTED",),
        "2": ("ACCOUNT_IMPORTED", "SUPERUSER", "ACCOUNT_WAS_CLOSED"),
        "3": ("ACCOUNT_IMPORTED", "UNKNOWN_GROUP", "NO_ROLE"),
        "4": ("USERNAME_NOT_FREE",),
    }
    assert made.history[0].issued_by is None
    assert made.history[0].details["by_out"] == "ARMORER1"
    check(data, made)


def test_purpose_codes() -> None:
    assert purpose_code("Duty Sentinel") == purpose_code(" duty-sentinel ") == "DUTY_SENTINEL"
    assert purpose_code(None) == ""
    long = purpose_code("Guard " * 12)
    assert len(long) == 32
    assert long != purpose_code("Guard " * 13)


# What is in ArmGuard already


def test_what_others_have_entered_is_used_as_it_is() -> None:
    known = Known(
        units={"951ST": "u"},
        models={("M16", "UNKNOWN"): "m"},
        purposes={"GUARD_DUTY": "g"},
        people={"81P1": "p", "81P2": "q"},
        family_names={"p": "garcia", "q": "Somebody Else"},
        accounts={"armorer1": "a"},
        tags={"P1": "t", "L": "t2"},
    )
    data = old([row(1, "Take"), row(2, "Return")], tags=[label(1, "I1", "L")])
    made = planned(data, known)
    assert not any((made.units, made.models, made.purposes, made.people, made.accounts))
    assert made.links == {
        "legacy:group:951ST": "u",
        "legacy:item_type:M16": "m",
        "legacy:duty_type:GUARD_DUTY": "g",
        "legacy:personnel:P1": "p",
    }
    assert codes(made, "personnel") == {"P1": ("PERSON_ALREADY_ON_FILE", "LABEL_NOT_FREE"), "P2": ("SERVICE_NUMBER_OF_ANOTHER",)}
    assert codes(made, "qr_codes") == {"1": ("LABEL_NOT_FREE",)}
    assert codes(made, "auth_user") == {"1": ("USERNAME_NOT_FREE",)}
    assert [record.holder for record in made.history] == ["legacy:personnel:P1"]


def test_an_item_on_the_book_keeps_its_custody() -> None:
    made = planned(old([row(1, "Take")], [item(status="Issued")]), Known(items={("UNKNOWN", "SNI1"): "i"}))
    assert not made.items
    assert not made.open_records
    assert codes(made, "items") == {"I1": ("ITEM_ALREADY_ON_BOOK", "LABEL_FROM_ROW")}
    assert codes(made) == {"1": ("ITEM_ALREADY_ON_BOOK",)}


def test_nobody_separated_gets_open_custody() -> None:
    known = Known(people={"81P1": "p"}, family_names={"p": "Garcia"}, separated=frozenset({"p"}))
    made = planned(old([row(1, "Take")], [item(status="Issued")]), known)
    assert codes(made) == {"1": ("HOLDER_SEPARATED",)}
    assert state(made) is CustodyState.MISSING


def test_a_later_copy_of_the_file_moves_no_custody() -> None:
    before = old([row(1, "Take")], [item(status="Issued")])
    after = old([row(1, "Take"), row(2, "Return"), row(3, "Take", who="P2")], [item(status="Issued"), item("I2", "sn i1")])
    made = planned(after, applied(planned(before)))
    assert {tag.code for tag in made.tags} == {"I2"}
    assert replace(made, tags=()).nothing_to_write
    assert codes(made) == {"1": ("ALREADY_IMPORTED",), "2": ("ITEM_ALREADY_ON_BOOK",), "3": ("ITEM_ALREADY_ON_BOOK",)}
    assert {name: said[0] for name, said in codes(made, "items").items()} == {"I1": "ALREADY_IMPORTED", "I2": "ITEM_ALREADY_ON_BOOK"}


def test_a_time_that_was_in_the_future_is_no_reason_to_add_custody_later() -> None:
    data = old([row(1, "Take", date_time=CUTOVER + timedelta(hours=1))], [item(status="Issued")])
    again = plan(data, applied(planned(data)), CUTOVER + timedelta(days=1))
    assert again.nothing_to_write
    assert codes(again) == {"1": ("ITEM_ALREADY_ON_BOOK",)}


def test_the_cutover_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        plan(old(), Known(), datetime(2026, 11, 25))


def test_rows_imported_finds_every_row_of_a_source() -> None:
    known = {"legacy:items:A+B": "x", "legacy:items:C": "y", "legacy:transactions:3+4": "z"}
    assert rows_imported(known, "items") == {"A+B": "x", "A": "x", "B": "x", "C": "y"}


# Any rows at all

any_rows: st.SearchStrategy[list[dict[str, object]]] = st.lists(
    st.builds(
        dict,
        action=st.sampled_from(["Take", "Return", "Take", "Return", "take ", "Lend"]),
        who=st.sampled_from(["P1", "P2", "P3", "P4", "P9"]),
        item=st.sampled_from(["I1", "I1", "I2", "I3", "I9"]),
        hours=st.one_of(st.integers(-40, 30).map(float), st.just(None)),
        mode=st.sampled_from(["normal", "defcon"]),
        rounds=st.sampled_from([90, 60, 0, -90, None]),
        by=st.sampled_from([1, None, 9]),
    ),
    max_size=24,
)


@settings(max_examples=400, deadline=None)
@given(any_rows, st.tuples(*[st.sampled_from(["Available", "Issued", "Maintenance", "Retired", "Lent"])] * 3), st.booleans())
def test_any_takes_and_returns_make_a_plan_that_holds(raw: list[dict[str, object]], statuses: tuple[str, str, str], merged: bool) -> None:
    rows = []
    for number, fields in enumerate(raw, 1):
        hours = fields["hours"]
        made_row = row(
            number, str(fields["action"]), str(fields["who"]), hours if isinstance(hours, float) else number, str(fields["item"])
        )
        time = made_row.date_time if number % 11 else None
        rows.append(
            replace(made_row, transaction_mode=str(fields["mode"]), rounds=fields["rounds"], issued_by_id=fields["by"], date_time=time)  # type: ignore[arg-type]
        )
    items = [item("I1", "A-1", statuses[0]), item("I2", "a1" if merged else "A2", statuses[1]), item("I3", "0A2", statuses[2], "45")]
    people = [person(), person("P2", status="Suspended"), person("P3", deleted=True), person("P4", serial="81P1", surname="Cruz")]
    data = old(rows, items, people, tags=[label(1, "I1"), label(2, "I2", "I1"), label(3, "P1", kind="personnel")])
    check(data, planned(data))


# The file itself


@pytest.fixture(scope="module")
def whole() -> LegacyData:
    return read_legacy(FILE)


@pytest.fixture(scope="module")
def made(whole: LegacyData) -> ImportPlan:
    return planned(whole)


def of_serial(data: LegacyData, serial: str) -> str:
    return next(each.id for each in data.items if each.serial == serial)


def test_the_file_comes_in_whole(whole: LegacyData, made: ImportPlan) -> None:
    check(whole, made)
    written = (made.units, made.models, made.purposes, made.people, made.accounts, made.items, made.tags, made.history, made.open_records)
    assert [len(things) for things in written] == [4, 5, 6, 140, 4, 272, 412, 739, 21]
    tables = ("items", "personnel", "transactions", "auth_user", "qr_codes")
    assert Counter((said.row_table, said.outcome.value, said.code) for said in made.decisions if said.row_table in tables) == {
        ("items", "IMPORTED", "ITEM_IMPORTED"): 272,
        ("items", "MERGED", "SERIAL_MERGED"): 1,
        ("personnel", "IMPORTED", "PERSON_IMPORTED"): 140,
        ("transactions", "IMPORTED", "TAKE_IMPORTED"): 739,
        ("transactions", "IMPORTED", "RETURN_IMPORTED"): 739,
        ("transactions", "IMPORTED", "OPEN_CUSTODY"): 21,
        ("transactions", "SET_ASIDE", "RETURN_BEFORE_TAKE"): 2,
        ("transactions", "SET_ASIDE", "TAKEN_TWICE"): 1,
        ("auth_user", "IMPORTED", "ACCOUNT_IMPORTED"): 4,
        ("qr_codes", "IMPORTED", "LABEL_IMPORTED"): 410,
    }
    assert Counter(thing.state.value for thing in made.items) == {
        "IN_ROOM": 241,
        "ISSUED": 21,
        "IN_MAINTENANCE": 6,
        "DISPOSED": 3,
        "MISSING": 1,
    }
    assert Counter(record.issue_type.value for record in made.history) == {"HAND_RECEIPT": 367, "TEMPORARY": 346, "EMERGENCY": 26}
    assert Counter(record.issue_type.value for record in made.open_records) == {"TEMPORARY": 19, "EMERGENCY": 2}
    assert sum(record.rounds_fired or 0 for record in made.history) == 3530


def test_each_kind_of_damage_in_the_file_is_reported(whole: LegacyData, made: ImportPlan) -> None:
    open_of = {record.item: record for record in made.open_records}
    states = {thing.source: thing.state for thing in made.items}

    for serial, take, code in (
        ("RP696052-008", 1372, "HOLDER_SUSPENDED"),
        ("RP433157-023", 1397, "HOLDER_DELETED"),
        ("GLK774243-032", 1500, "TAKEN_TWICE"),
    ):
        record = open_of[f"legacy:items:{of_serial(whole, serial)}"]
        assert record.source == f"legacy:transactions:{take}"
        assert code in decision(made, take).codes
        assert serial in decision(made, take).message
    assert next(each for each in made.people if each.service_number == "811157").duty_status is DutyStatus.INACTIVE
    assert next(each for each in made.people if each.service_number == "810455").duty_status is DutyStatus.SUSPENDED
    assert decision(made, 1401).codes == ("TAKEN_TWICE",)

    nobody = of_serial(whole, "RP273751-012")
    assert states[f"legacy:items:{nobody}"] is CustodyState.MISSING
    assert decision(made, nobody, "items").codes == ("ITEM_IMPORTED", "ISSUED_TO_NOBODY")

    crossed = of_serial(whole, "RP154201-013")
    assert states[f"legacy:items:{crossed}"] is CustodyState.IN_ROOM
    assert decision(made, crossed, "items").codes == ("ITEM_IMPORTED", "STATE_BY_STATUS_ALONE")
    assert decision(made, 1501).codes == ("RETURN_BEFORE_TAKE",)
    assert decision(made, 1502).codes == ("RETURN_BEFORE_TAKE", "NEGATIVE_QUANTITY")

    twice = [of_serial(whole, serial) for serial in ("RP930118-014", " rp930118-014")]
    assert f"legacy:items:{'+'.join(twice)}" in states
    assert decision(made, twice[1], "items").codes == ("SERIAL_MERGED",)

    for serial in ("000123", "123"):
        assert states[f"legacy:items:{of_serial(whole, serial)}"] is CustodyState.IN_ROOM
        assert decision(made, of_serial(whole, serial), "items").codes == ("ITEM_IMPORTED", "LEADING_ZEROS", "LABEL_FROM_ROW")
    assert {tag.code for tag in made.tags if tag.source.startswith("legacy:items.qr_code:")} == {"000123", "123"}
    assert sum(said.notable for said in made.decisions) == 16


# Reading the file


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copy(FILE, tmp_path / "a copy #1?.sqlite3"))


def change(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as database:
        database.execute(statement)
    database.close()


def test_reading_changes_nothing(copy: Path, whole: LegacyData) -> None:
    before = copy.read_bytes()
    copy.chmod(0o400)
    assert read_legacy(copy) == whole
    assert copy.read_bytes() == before
    assert [each.name for each in copy.parent.iterdir()] == [copy.name]


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("not a database")
    for name, reason in (("x", "is not an SQLite database"), ("none", "cannot be read"), (".", "cannot be read")):
        with pytest.raises(BadInput, match=reason):
            read_legacy(tmp_path / name)


def test_a_cut_file(copy: Path) -> None:
    copy.write_bytes(copy.read_bytes()[:500_000])
    with pytest.raises(BadInput):
        read_legacy(copy)


@pytest.mark.parametrize("suffix", ["-wal", "-journal"])
def test_changes_that_are_not_in_the_file_yet(copy: Path, suffix: str) -> None:
    copy.with_name(copy.name + suffix).write_bytes(b"pages")
    with pytest.raises(BadInput, match="stop the old system"):
        read_legacy(copy)


@pytest.mark.parametrize("table", TABLES)
def test_a_missing_table(copy: Path, table: str) -> None:
    change(copy, f'ALTER TABLE "{table}" RENAME TO gone')
    with pytest.raises(BadInput, match=f"it has no table {table}"):
        read_legacy(copy)


def test_a_missing_column(copy: Path) -> None:
    change(copy, "ALTER TABLE transactions RENAME COLUMN rounds TO shots")
    with pytest.raises(BadInput, match="its table transactions has no column rounds"):
        read_legacy(copy)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE transactions SET rounds = 'many' WHERE id = 7", "Row 7 of transactions has something in rounds"),
        ("UPDATE transactions SET rounds = 3000000000 WHERE id = 7", "Row 7 of transactions has something in rounds"),
        ("UPDATE items SET serial = hex(zeroblob(40)) WHERE serial = '123'", "Row IR-123201126 of items has something in serial"),
        ("UPDATE items SET serial = '1' || char(0) WHERE serial = '123'", "Row IR-123201126 of items has something in serial"),
    ],
)
def test_values_that_the_old_system_does_not_write(copy: Path, statement: str, reason: str) -> None:
    change(copy, statement)
    with pytest.raises(BadInput, match=reason):
        read_legacy(copy)


def test_times() -> None:
    assert read_time("2026-08-22 04:49:00.5") == datetime(2026, 8, 22, 4, 49, 0, 500_000, tzinfo=UTC)
    assert read_time("2026-08-22 12:49:00+08:00") == datetime(2026, 8, 22, 4, 49, tzinfo=UTC)
    assert read_time("yesterday") is None
