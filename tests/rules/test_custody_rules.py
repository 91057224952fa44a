"""The custody rules, by themselves: what one item may do, many may do by the same rule, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import Refusal, RefusalCode
from graph.rules.custody import (
    ArmsBar,
    Authorization,
    Line,
    OpenCustody,
    Qualification,
    Receiver,
    Room,
    Spell,
    Terms,
    due_time,
    issue_refusals,
)
from graph.rules.items import maintenance_refusals, serviceability_after_return, spoken
from graph.rules.people import duty_status_refusals
from graph.rules.returns import Bringer, return_refusals
from graph.words import ArmoryState, CustodyState, DutyStatus, IssueType, ItemCategory, Serviceability, Slot

SPACE = UUID(int=0)
NOW = datetime(2026, 11, 25, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
OCAMPO, LAGMAN = uuid5(SPACE, "Ocampo"), uuid5(SPACE, "Lagman")
NORTH = Room(uuid5(SPACE, "NORTH"), "NORTH", ArmoryState.OPEN, {Slot.SIDEARM: 1, Slot.LONG_GUN: 1}, timedelta(hours=24))
TERMS = Terms(issue_type=IssueType.TEMPORARY, at=NOW, now=NOW)
ACTIVE = Receiver(OCAMPO, "SGT Ocampo, Ana", DutyStatus.ACTIVE)
HERS = OpenCustody("NORTH-000001", OCAMPO, "SGT Ocampo, Ana", NOW - HOUR)


def rifle(place: int = 0, name: str = "M4-001", **more: Any) -> Line:
    """A serviceable carbine in an open room."""
    about: dict[str, Any] = {
        "category": ItemCategory.CARBINE,
        "slot": Slot.LONG_GUN,
        "state": CustodyState.IN_ROOM,
        "serviceability": Serviceability.SERVICEABLE,
        "room": NORTH,
        "version": 3,
        **more,
    }
    return Line(line=place, item_id=uuid5(SPACE, name), serial=name, **about)


def out(place: int = 0, name: str = "M4-001", custody: OpenCustody = HERS, **more: Any) -> Line:
    """A carbine in somebody's hands."""
    return rifle(place, name, state=CustodyState.ISSUED, custody=custody, **more)


def codes(refusals: Sequence[Refusal]) -> list[RefusalCode]:
    """The codes of refusals."""
    return [refusal.code for refusal in refusals]


def test_a_serviceable_rifle_in_the_room_goes_to_an_active_soldier() -> None:
    assert issue_refusals(ACTIVE, [rifle()], TERMS) == []


@pytest.mark.parametrize("status", [status for status in DutyStatus if status is not DutyStatus.ACTIVE])
@pytest.mark.parametrize("issue_type", list(IssueType))
def test_inv_04_nobody_else_draws_not_even_in_an_emergency(status: DutyStatus, issue_type: IssueType) -> None:
    refusals = issue_refusals(replace(ACTIVE, duty_status=status), [rifle()], replace(TERMS, issue_type=issue_type, note="alert"))
    assert codes(refusals) == [RefusalCode.PERSON_NOT_ELIGIBLE]
    assert (refusals[0].path, refusals[0].holder_id) == ("holder", OCAMPO)


@pytest.mark.parametrize("state", [state for state in CustodyState if state not in (CustodyState.IN_ROOM, CustodyState.ISSUED)])
def test_inv_03_what_is_not_in_the_room_is_not_issued(state: CustodyState) -> None:
    (refusal,) = issue_refusals(ACTIVE, [rifle(state=state)], TERMS)
    assert (refusal.code, refusal.line, refusal.message) == (
        RefusalCode.ITEM_NOT_ISSUABLE,
        0,
        f"M4-001 is {spoken(state)}, not in the arms room.",
    )


@pytest.mark.parametrize("serviceability", [each for each in Serviceability if each is not Serviceability.SERVICEABLE])
def test_inv_03_what_is_not_serviceable_is_not_issued(serviceability: Serviceability) -> None:
    assert codes(issue_refusals(ACTIVE, [rifle(serviceability=serviceability)], TERMS)) == [RefusalCode.ITEM_NOT_ISSUABLE]


@pytest.mark.parametrize("state", [state for state in ArmoryState if state is not ArmoryState.OPEN])
def test_inv_03_a_room_that_is_not_open_issues_nothing_and_takes_back_all(state: ArmoryState) -> None:
    shut = replace(NORTH, state=state)
    assert codes(issue_refusals(ACTIVE, [rifle(room=shut)], TERMS)) == [RefusalCode.ARMORY_NOT_OPEN]
    assert return_refusals([out(room=shut)], Bringer(), NOW, NOW) == []


def test_inv_01_an_item_out_names_its_holder_once() -> None:
    (refusal,) = issue_refusals(replace(ACTIVE, person_id=LAGMAN), [out()], TERMS)
    assert (refusal.code, refusal.holder_id, refusal.since, refusal.receipt_number) == (
        RefusalCode.ITEM_NOT_AVAILABLE,
        OCAMPO,
        HERS.since,
        "NORTH-000001",
    )
    assert refusal.message == "M4-001 is held by SGT Ocampo, Ana since 2026-11-25 04:00 UTC on receipt NORTH-000001."
    assert codes(issue_refusals(replace(ACTIVE, held={Slot.LONG_GUN: 1}), [out()], TERMS)) == [RefusalCode.ITEM_NOT_AVAILABLE]


@pytest.mark.parametrize(("held", "drawn", "limit"), [(0, 1, 1), (0, 2, 2), (1, 1, 2), (5, 0, 1)])
def test_inv_04_up_to_the_limit_is_within_it(held: int, drawn: int, limit: int) -> None:
    room = replace(NORTH, limits={Slot.LONG_GUN: limit})
    lines = [rifle(place, f"M4-{place}", room=room) for place in range(drawn)]
    assert issue_refusals(replace(ACTIVE, held={Slot.LONG_GUN: held}), lines, TERMS) == []


def test_inv_04_every_item_beyond_the_limit_is_refused_with_what_is_held() -> None:
    lines = [rifle(place, f"M4-{place}") for place in range(3)]
    refusals = issue_refusals(replace(ACTIVE, held={Slot.LONG_GUN: 1, Slot.SIDEARM: 9}), lines, TERMS)
    assert [(refusal.code, refusal.line, refusal.held, refusal.limit) for refusal in refusals] == [
        (RefusalCode.LIMIT_EXCEEDED, place, 1, 1) for place in range(3)
    ]


def test_inv_04_each_room_asks_for_its_own_limit() -> None:
    lavish = replace(NORTH, id=uuid5(SPACE, "SOUTH"), code="SOUTH", limits={Slot.LONG_GUN: 5})
    refusals = issue_refusals(replace(ACTIVE, held={Slot.LONG_GUN: 2}), [rifle(0, "A", room=lavish), rifle(1, "B")], TERMS)
    assert [(refusal.line, refusal.limit) for refusal in refusals] == [(1, 1)]
    assert issue_refusals(ACTIVE, [rifle(place, str(place), slot=Slot.DEVICE) for place in range(50)], TERMS) == []


def test_inv_08_a_temporary_issue_is_due_within_the_shortest_limit() -> None:
    strict = replace(NORTH, temporary_limit=timedelta(hours=4))
    lines = [rifle(), rifle(1, "G17-001", room=strict, slot=Slot.SIDEARM)]
    assert issue_refusals(ACTIVE, lines, replace(TERMS, due_at=NOW + 4 * HOUR)) == []
    late = replace(TERMS, due_at=NOW + 4 * HOUR + timedelta(microseconds=1))
    (refusal,) = issue_refusals(ACTIVE, lines, late)
    assert (refusal.code, refusal.path, refusal.limit, refusal.line) == (RefusalCode.LIMIT_EXCEEDED, "dueAt", 4, None)
    assert issue_refusals(ACTIVE, lines, replace(late, issue_type=IssueType.HAND_RECEIPT)) == []
    assert issue_refusals(ACTIVE, lines, replace(late, issue_type=IssueType.EMERGENCY, note="alert")) == []


def test_inv_08_what_is_due_when_nobody_said() -> None:
    assert due_time(TERMS, NORTH) == NOW + 24 * HOUR
    assert due_time(replace(TERMS, due_at=NOW + HOUR), NORTH) == NOW + HOUR
    assert due_time(replace(TERMS, issue_type=IssueType.HAND_RECEIPT), NORTH) is None
    assert due_time(replace(TERMS, issue_type=IssueType.EMERGENCY), NORTH) is None


@pytest.mark.parametrize("note", [None, "", "  "])
def test_inv_12_an_emergency_needs_a_note_and_passes_the_limits_alone(note: str | None) -> None:
    alert = replace(TERMS, issue_type=IssueType.EMERGENCY, note="Base alert")
    lines = [rifle(place, f"M4-{place}") for place in range(5)]
    assert issue_refusals(ACTIVE, lines, alert) == []
    assert [(each.code, each.path) for each in issue_refusals(ACTIVE, lines, replace(alert, note=note))] == [
        (RefusalCode.INVALID_VALUE, "note")
    ]
    assert codes(issue_refusals(replace(ACTIVE, person_id=LAGMAN), [out()], alert)) == [RefusalCode.ITEM_NOT_AVAILABLE]


def test_inv_18_custody_begins_between_the_last_return_and_now() -> None:
    came_back = rifle(in_room_since=NOW - HOUR)
    assert issue_refusals(ACTIVE, [came_back], replace(TERMS, at=NOW - HOUR)) == []
    assert issue_refusals(ACTIVE, [came_back], TERMS) == []
    (early,) = issue_refusals(ACTIVE, [came_back], replace(TERMS, at=NOW - HOUR - timedelta(microseconds=1)))
    assert (early.code, early.line, early.since) == (RefusalCode.BACKDATE_REFUSED, 0, NOW - HOUR)
    (late,) = issue_refusals(ACTIVE, [came_back], replace(TERMS, at=NOW + timedelta(microseconds=1)))
    assert (late.code, late.path, late.since) == (RefusalCode.BACKDATE_REFUSED, "effectiveAt", NOW)


def test_inv_18_custody_ends_between_the_issue_and_now() -> None:
    assert return_refusals([out()], Bringer(), HERS.since, NOW) == []
    assert codes(return_refusals([out()], Bringer(), HERS.since - timedelta(microseconds=1), NOW)) == [RefusalCode.BACKDATE_REFUSED]
    assert codes(return_refusals([out()], Bringer(), NOW + timedelta(microseconds=1), NOW)) == [RefusalCode.BACKDATE_REFUSED]


def test_inv_06_another_who_brings_it_says_why() -> None:
    friend = Bringer(LAGMAN, "CPL Lagman, Benita")
    for reason in (None, "", "  "):
        (refusal,) = return_refusals([out()], replace(friend, reason=reason), NOW, NOW)
        assert (refusal.code, refusal.path, refusal.holder_id) == (RefusalCode.HELD_BY_OTHER, "broughtReason", OCAMPO)
    assert return_refusals([out()], replace(friend, reason="she is on guard"), NOW, NOW) == []
    assert return_refusals([out()], Bringer(OCAMPO, "SGT Ocampo, Ana"), NOW, NOW) == []


def test_a_return_for_a_holder_refuses_what_another_holds() -> None:
    assert return_refusals([out()], Bringer(), NOW, NOW, OCAMPO) == []
    assert codes(return_refusals([out()], Bringer(), NOW, NOW, LAGMAN)) == [RefusalCode.HELD_BY_OTHER]


def test_inv_20_a_stale_version_says_what_changed() -> None:
    stale = rifle(expected_version=2, changes=("item changed by north",))
    (refusal,) = issue_refusals(ACTIVE, [stale], TERMS)
    assert (refusal.code, refusal.current_version, refusal.changed) == (RefusalCode.VERSION_CONFLICT, 3, ("item changed by north",))
    assert (refusal.path, refusal.line) == ("lines.0.expectedVersion", 0)
    assert issue_refusals(ACTIVE, [rifle(expected_version=3)], TERMS) == []


def test_inv_07_who_holds_items_is_not_separated() -> None:
    serials = [f"M4-{number}" for number in range(7)]
    (refusal,) = duty_status_refusals("SGT Ocampo", DutyStatus.SEPARATED, serials, 7)
    assert (refusal.code, refusal.held) == (RefusalCode.PERSON_HOLDS_ITEMS, 7)
    assert refusal.message == "SGT Ocampo still holds M4-0, M4-1, M4-2, M4-3, M4-4 and 2 more. Take everything back first."
    assert duty_status_refusals("SGT Ocampo", DutyStatus.SEPARATED, [], 0) == []
    (elsewhere,) = duty_status_refusals("SGT Ocampo", DutyStatus.SEPARATED, [], 1)
    assert elsewhere.message == "SGT Ocampo still holds 1 item. Take everything back first."
    for status in DutyStatus:
        assert bool(duty_status_refusals("SGT Ocampo", status, serials, 7)) == (status is DutyStatus.SEPARATED)


@given(st.sampled_from(Serviceability), st.sampled_from(Serviceability))
def test_a_return_never_makes_an_item_better(on_book: Serviceability, found: Serviceability) -> None:
    order = list(Serviceability)
    after = serviceability_after_return(on_book, found)
    assert order.index(after) == max(order.index(on_book), order.index(found))


@pytest.mark.parametrize("state", list(CustodyState))
def test_an_item_goes_to_maintenance_from_the_room_only_and_back_from_there_only(state: CustodyState) -> None:
    there = maintenance_refusals("M4-001", state, CustodyState.IN_MAINTENANCE)
    back = maintenance_refusals("M4-001", state, CustodyState.IN_ROOM)
    assert (there == []) == (state is CustodyState.IN_ROOM)
    assert (back == []) == (state is CustodyState.IN_MAINTENANCE)
    assert {refusal.code for refusal in (*there, *back)} == {RefusalCode.STATE_NOT_ALLOWED}


# ---------------------------------------------------------------------------------------------------- many by the same rule as one

MOMENTS = st.integers(-72, 2).map(lambda hours: NOW + hours * HOUR)
ROOMS = st.builds(
    lambda name, state, pistols, rifles, hours: Room(
        uuid5(SPACE, name), name, state, {Slot.SIDEARM: pistols, Slot.LONG_GUN: rifles}, timedelta(hours=hours)
    ),
    st.sampled_from(["NORTH", "SOUTH"]),
    st.sampled_from(ArmoryState),
    st.integers(0, 3),
    st.integers(0, 3),
    st.sampled_from([4, 24, 72]),
)
CUSTODY = st.builds(
    lambda number, holder, since: OpenCustody(f"NORTH-{number:06}", holder, "somebody", since),
    st.integers(1, 99),
    st.sampled_from([OCAMPO, LAGMAN]),
    MOMENTS,
)
PERSONS = st.sampled_from([OCAMPO, LAGMAN])


@st.composite
def lines_of_items(draw: st.DrawFn) -> list[Line]:
    """One to six lines, about items that may be any of five, in any state; the lines of one item agree about it."""
    items: dict[str, Line] = {}
    lines = []
    for place in range(draw(st.integers(1, 6))):
        name = draw(st.sampled_from(["A", "B", "C", "D", "E"]))
        if name not in items:
            custody = draw(st.none() | CUSTODY)
            items[name] = rifle(
                0,
                name,
                category=draw(st.sampled_from(ItemCategory)),
                slot=draw(st.sampled_from(Slot)),
                state=CustodyState.ISSUED if custody else draw(st.sampled_from([s for s in CustodyState if s is not CustodyState.ISSUED])),
                serviceability=draw(st.sampled_from(Serviceability)),
                room=draw(ROOMS),
                custody=custody,
                in_room_since=draw(st.none() | MOMENTS),
            )
        lines.append(replace(items[name], line=place, expected_version=draw(st.sampled_from([None, 2, 3]))))
    return lines


TERMS_OF_ALL_KINDS = st.builds(
    Terms,
    issue_type=st.sampled_from(IssueType),
    at=MOMENTS,
    now=st.just(NOW),
    due_at=st.none() | MOMENTS,
    purpose=st.just("Guard"),
    categories=st.frozensets(st.sampled_from(ItemCategory), max_size=4),
    note=st.sampled_from([None, "", "alert"]),
)
RECEIVERS = st.builds(
    Receiver,
    person_id=PERSONS,
    name=st.just("somebody"),
    duty_status=st.sampled_from(DutyStatus),
    held=st.dictionaries(st.sampled_from(Slot), st.integers(0, 3)),
)


def about_the_line(refusals: Sequence[Refusal], place: int) -> list[Refusal]:
    """The refusals of a line but for what depends on the lines before it: limits, and the same item twice."""
    return [
        replace(refusal, line=0, path=(refusal.path or "").replace(f"lines.{place}.", "lines.0."))
        for refusal in refusals
        if refusal.line == place and refusal.code is not RefusalCode.LIMIT_EXCEEDED and "named twice in this command" not in refusal.message
    ]


@given(RECEIVERS, lines_of_items(), TERMS_OF_ALL_KINDS)
def test_inv_11_many_are_issued_by_the_rule_for_one(receiver: Receiver, lines: list[Line], terms: Terms) -> None:
    together = issue_refusals(receiver, lines, terms)
    for line in lines:
        alone = issue_refusals(receiver, [replace(line, line=0)], terms)
        assert about_the_line(together, line.line) == about_the_line(alone, 0)
        # What one may not draw for its limit, many may not either.
        over = any(refusal.code is RefusalCode.LIMIT_EXCEEDED and refusal.line == 0 for refusal in alone)
        counted = next(other.line for other in lines if other.item_id == line.item_id)
        assert not over or any(refusal.code is RefusalCode.LIMIT_EXCEEDED and refusal.line == counted for refusal in together)
    # What concerns the whole command is said once, and the same.
    whole = {refusal for refusal in together if refusal.line is None}
    assert len(whole) == sum(refusal.line is None for refusal in together)
    if not together:
        assert all(not issue_refusals(receiver, [replace(line, line=0)], terms) for line in lines)


@given(
    lines_of_items(), st.builds(Bringer, st.none() | PERSONS, st.just("somebody"), st.sampled_from([None, "", "sick"])), MOMENTS, PERSONS
)
def test_inv_11_many_come_back_by_the_rule_for_one(lines: list[Line], bringer: Bringer, at: datetime, holder: UUID) -> None:
    for named in (None, holder):
        together = return_refusals(lines, bringer, at, NOW, named)
        for line in lines:
            alone = return_refusals([replace(line, line=0)], bringer, at, NOW, named)
            assert about_the_line(together, line.line) == [
                replace(refusal, path=refusal.path or "") for refusal in about_the_line(alone, 0)
            ]


@given(RECEIVERS, lines_of_items(), TERMS_OF_ALL_KINDS)
def test_inv_11_the_order_of_the_lines_decides_nothing_but_who_comes_second(receiver: Receiver, lines: list[Line], terms: Terms) -> None:
    # With one policy: where two rooms allow different numbers, the strict one counts what the lavish one gave before it.
    lines = [replace(line, room=replace(line.room, limits={Slot.SIDEARM: 1, Slot.LONG_GUN: 2})) for line in lines]
    turned = [replace(line, line=place) for place, line in enumerate(reversed(lines))]
    assert bool(issue_refusals(receiver, lines, terms)) == bool(issue_refusals(receiver, turned, terms))


@given(RECEIVERS, lines_of_items(), TERMS_OF_ALL_KINDS)
def test_inv_03_and_04_what_passes_the_rule_is_what_the_invariants_allow(receiver: Receiver, lines: list[Line], terms: Terms) -> None:
    if issue_refusals(receiver, lines, terms):
        return
    assert receiver.duty_status is DutyStatus.ACTIVE
    assert len({line.item_id for line in lines}) == len(lines)
    assert terms.at <= terms.now
    for line in lines:
        assert (line.state, line.custody, line.serviceability) == (CustodyState.IN_ROOM, None, Serviceability.SERVICEABLE)
        assert line.room.state is ArmoryState.OPEN
        assert line.expected_version in (None, line.version)
        assert line.in_room_since is None or line.in_room_since <= terms.at
        due = due_time(terms, line.room)
        assert terms.issue_type is not IssueType.TEMPORARY or (due is not None and terms.at < due <= terms.at + line.room.temporary_limit)
        if terms.issue_type is not IssueType.EMERGENCY and line.slot in line.room.limits:
            drawn = sum(other.slot is line.slot for other in lines if other.line <= line.line)
            assert receiver.held.get(line.slot, 0) + drawn <= line.room.limits[line.slot]


@given(lines_of_items(), MOMENTS)
def test_inv_05_nothing_but_time_version_and_custody_keeps_a_return_out(lines: list[Line], at: datetime) -> None:
    refusals = return_refusals(lines, Bringer(), at, NOW)
    assert set(codes(refusals)) <= {
        RefusalCode.NOT_ISSUED,
        RefusalCode.BACKDATE_REFUSED,
        RefusalCode.VERSION_CONFLICT,
        RefusalCode.INVALID_VALUE,
    }


# ------------------------------------------------------------------------------------------------- INV-4: barred, authorized, qualified


BARRED = replace(ACTIVE, bar=ArmsBar("domestic violence order", NOW + HOUR))
STRICT = replace(NORTH, timezone="Asia/Manila", authorization_required=True, qualification_required=True)
MODEL = uuid5(SPACE, "M4A1")
EARLY = datetime(2026, 11, 24, 22, tzinfo=UTC)  # in Manila it is the 25th
TODAY, YESTERDAY = date(2026, 11, 25), date(2026, 11, 24)


def strict(place: int = 0, name: str = "M4-001", **more: Any) -> Line:
    """A carbine that takes a qualification, in a room that asks for everything."""
    return rifle(place, name, **{"room": STRICT, "model_id": MODEL, "nomenclature": "M4A1", "required_qualification": "M4", **more})


def may(authorization: Authorization | None = None, qualification: Qualification | None = None) -> Receiver:
    """Ocampo, who may draw that carbine on these dates; without dates, for ever."""
    return replace(
        ACTIVE,
        authorizations=[authorization or Authorization(Spell(date(2020, 1, 1)), model_id=MODEL)],
        qualifications=[qualification or Qualification("M4", Spell(date(2020, 1, 1)))],
    )


@pytest.mark.parametrize("issue_type", list(IssueType))
def test_inv_04_a_barred_soldier_draws_nothing_and_is_told_why_and_until_when(issue_type: IssueType) -> None:
    (refusal,) = issue_refusals(BARRED, [rifle()], replace(TERMS, issue_type=issue_type, note="alert"))
    assert refusal.code is RefusalCode.ARMS_BARRED
    assert refusal.message == "SGT Ocampo, Ana is barred from arms until 2026-11-25 06:00 UTC: domestic violence order"
    assert (refusal.since, refusal.holder_id) == (NOW + HOUR, OCAMPO)


def test_inv_04_a_bar_is_over_at_its_end_and_without_one_when_it_is_lifted() -> None:
    assert issue_refusals(replace(ACTIVE, bar=ArmsBar("order", NOW)), [rifle()], TERMS) == []
    (refusal,) = issue_refusals(replace(ACTIVE, bar=ArmsBar("order")), [rifle()], TERMS)
    assert "until the bar is lifted" in refusal.message


def test_inv_05_a_barred_holder_returns() -> None:
    assert return_refusals([out()], Bringer(), NOW, NOW) == []


def test_inv_04_where_the_room_asks_for_nothing_nobody_needs_a_line_on_the_list() -> None:
    assert issue_refusals(ACTIVE, [strict(room=NORTH)], TERMS) == []


def test_inv_04_where_the_room_asks_both_are_needed_and_both_are_said_at_once() -> None:
    refusals = issue_refusals(ACTIVE, [strict(), strict(1, "M4-002")], replace(TERMS, at=EARLY))
    assert codes(refusals)[-4:] == [RefusalCode.NOT_AUTHORIZED, RefusalCode.NOT_QUALIFIED] * 2
    assert refusals[-4].message == "SGT Ocampo, Ana is not authorized for M4-001, M4A1, on 2026-11-25."
    assert refusals[-1].message == "M4-002 takes the qualification M4, which SGT Ocampo, Ana does not have on 2026-11-25."
    assert (refusals[-1].line, refusals[-1].holder_id) == (1, OCAMPO)
    assert issue_refusals(may(), [strict()], TERMS) == []


def test_inv_12_an_emergency_goes_without() -> None:
    assert issue_refusals(ACTIVE, [strict()], replace(TERMS, issue_type=IssueType.EMERGENCY, note="alert")) == []


@pytest.mark.parametrize(
    ("spell", "said"),
    [
        (Spell(TODAY, TODAY), None),
        (Spell(YESTERDAY), None),
        (Spell(YESTERDAY, YESTERDAY), "on 2026-11-25: it ended on 2026-11-24."),
        (Spell(date(2026, 11, 26)), "on 2026-11-25: it begins on 2026-11-26."),
    ],
)
def test_inv_04_the_dates_are_those_on_the_wall_of_the_arms_room(spell: Spell, said: str | None) -> None:
    early = replace(TERMS, at=EARLY)
    for receiver in (may(authorization=Authorization(spell, model_id=MODEL)), may(qualification=Qualification("M4", spell))):
        refusals = issue_refusals(receiver, [strict()], early)
        assert [refusal.message.endswith(said or "") for refusal in refusals] == ([True] if said else []), refusals


def test_inv_04_an_authorization_for_one_item_is_none_for_its_neighbour() -> None:
    hers = may(authorization=Authorization(Spell(YESTERDAY), item_id=uuid5(SPACE, "M4-002")))
    assert codes(issue_refusals(hers, [strict(name="M4-001")], TERMS)) == [RefusalCode.NOT_AUTHORIZED]
    assert issue_refusals(hers, [strict(name="M4-002")], TERMS) == []
    other = may(authorization=Authorization(Spell(YESTERDAY), model_id=uuid5(SPACE, "M500")))
    assert codes(issue_refusals(other, [strict()], TERMS)) == [RefusalCode.NOT_AUTHORIZED]


def test_inv_04_a_qualification_of_another_code_is_none() -> None:
    other = may(qualification=Qualification("M9", Spell(YESTERDAY)))
    assert codes(issue_refusals(other, [strict()], TERMS)) == [RefusalCode.NOT_QUALIFIED]
    assert issue_refusals(other, [strict(required_qualification=None)], TERMS) == []
