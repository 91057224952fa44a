"""What goes out and comes back by quantity, as the counter says it: nothing is clamped, nothing is given twice, nothing is forgotten."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import RefusalCode
from graph.rules.custody import Line, OpenCustody, Room
from graph.rules.stock import (
    Draw,
    LoadoutEntry,
    Lot,
    Outstanding,
    Settled,
    StockRef,
    Wanted,
    adjusted,
    adjustment_refusals,
    allot,
    drawn_with,
    received_refusals,
    settle,
)
from graph.words import (
    ArmoryState,
    CustodyState,
    IssueType,
    ItemCategory,
    Serviceability,
    Slot,
    StockAdjustment,
    StockKind,
)

ROOM = Room(uuid4(), "NORTH", ArmoryState.OPEN, {}, timedelta(hours=24))
PISTOL, OTHER = uuid4(), uuid4()
ROUNDS, MAGS = StockRef(article="9MM"), StockRef(article="MAG")


def line(number: int = 0, model: UUID = PISTOL) -> Line:
    """A pistol that Sergeant Ocampo has, or is to have."""
    custody = OpenCustody("NORTH-000001", uuid4(), "SGT Ocampo, Ana", datetime(2026, 1, 1, tzinfo=UTC))
    state, fit = CustodyState.ISSUED, Serviceability.SERVICEABLE
    return Line(number, uuid4(), f"G17-{number}", ItemCategory.PISTOL, Slot.SIDEARM, state, fit, ROOM, 1, custody=custody, model_id=model)


def lot(article: str, on_hand: int, number: str = "A", *fits: UUID, room: UUID = ROOM.id) -> Lot:
    """A lot on the shelf."""
    kind = StockKind.AMMUNITION if article == "9MM" else StockKind.MAGAZINE
    return Lot(uuid4(), room, article, number, kind, on_hand, frozenset(fits))


def out(article: str, quantity: int, number: str = "A") -> Outstanding:
    """What is out of a lot."""
    kind = StockKind.AMMUNITION if article == "9MM" else StockKind.MAGAZINE
    return Outstanding(uuid4(), uuid4(), article, number, kind, quantity)


def codes(refusals: object) -> list[RefusalCode]:
    """The codes of refusals."""
    return [refusal.code for refusal in refusals]  # type: ignore[attr-defined]


def test_what_came_in_first_goes_out_first_and_one_lot_is_one_line() -> None:
    old, young = lot("9MM", 10, "OLD"), lot("9MM", 50, "YOUNG")
    draw = Draw(line(), [Wanted(ROUNDS, 12), Wanted(ROUNDS, 3)])
    found = allot([draw], [old, young], IssueType.TEMPORARY)
    assert [(each.lot.lot_number, each.quantity) for each in found.taken[0]] == [("OLD", 10), ("YOUNG", 5)]
    assert found.refusals == []


def test_another_arms_rooms_stock_is_none_and_what_does_not_fit_is_not_taken() -> None:
    assert codes(allot([Draw(line(), [Wanted(ROUNDS, 1)])], [lot("9MM", 5, room=uuid4())], IssueType.TEMPORARY).refusals) == [
        RefusalCode.UNKNOWN_CODE
    ]
    wrong, right = lot("9MM", 50, "WRONG", OTHER), lot("9MM", 5, "RIGHT", PISTOL)
    taken = allot([Draw(line(), [Wanted(ROUNDS, 5)])], [wrong, right], IssueType.TEMPORARY).taken[0]
    assert [each.lot.lot_number for each in taken] == ["RIGHT"]
    (refusal,) = allot([Draw(line(), [Wanted(ROUNDS, 6)])], [wrong, right], IssueType.TEMPORARY).refusals
    assert (refusal.code, refusal.on_hand) == (RefusalCode.INSUFFICIENT_STOCK, 5)
    assert codes(allot([Draw(line(), [Wanted(ROUNDS, 1)])], [wrong], IssueType.TEMPORARY).refusals) == [RefusalCode.INCOMPATIBLE_STOCK]


quantities = st.integers(min_value=1, max_value=40)


@given(
    st.lists(st.integers(min_value=0, max_value=60), min_size=1, max_size=4),
    st.lists(st.lists(quantities, max_size=3), min_size=1, max_size=5),
)
def test_inv_10_whatever_is_asked_no_lot_gives_more_than_it_has(shelf: list[int], asked: list[list[int]]) -> None:
    lots = [lot("9MM", on_hand, str(place)) for place, on_hand in enumerate(shelf)]
    draws = [Draw(line(place), [Wanted(ROUNDS, quantity) for quantity in each]) for place, each in enumerate(asked)]
    found = allot(draws, lots, IssueType.TEMPORARY)
    given_out = Counter[UUID]()
    for taken in found.taken.values():
        for each in taken:
            assert each.quantity > 0
            given_out[each.lot.id] += each.quantity
    assert all(given_out[each.id] <= each.on_hand for each in lots)
    wanted = sum(sum(each) for each in asked)
    if not found.refusals:
        assert sum(given_out.values()) == wanted
    else:
        assert wanted > sum(shelf)


def test_a_purpose_brings_its_loadout_for_the_category_and_no_other() -> None:
    loadout = [LoadoutEntry(ItemCategory.PISTOL, "9MM", 42), LoadoutEntry(ItemCategory.RIFLE, "556", 210)]
    assert drawn_with(line(), None, loadout).wanted == (Wanted(ROUNDS, 42),)
    assert drawn_with(line(), [], loadout).wanted == ()
    more = drawn_with(line(), [Wanted(ROUNDS, 30), Wanted(ROUNDS, 13)], loadout)
    lots = [lot("9MM", 100), lot("MAG", 5)]
    (refusal,) = allot([more], lots, IssueType.HAND_RECEIPT).refusals
    assert (refusal.code, refusal.limit, refusal.held, refusal.overridable) == (RefusalCode.LIMIT_EXCEEDED, 42, 43, True)
    by_number = drawn_with(line(), [Wanted(StockRef(lot_number="A"), 43)], loadout)
    assert codes(allot([by_number], lots[:1], IssueType.TEMPORARY).refusals) == [RefusalCode.LIMIT_EXCEEDED]
    assert codes(allot([more], lots, IssueType.EMERGENCY).refusals) == []  # INV-12
    assert codes(allot([drawn_with(line(), [Wanted(MAGS, 1)], loadout)], lots, IssueType.TEMPORARY).refusals) == [
        RefusalCode.LIMIT_EXCEEDED
    ]
    free = drawn_with(line(), [Wanted(MAGS, 5)], loadout[1:])
    assert allot([free], lots, IssueType.TEMPORARY).refusals == []  # the purpose has nothing for a pistol


def test_inv_09_nothing_is_forgotten_when_the_weapon_comes_back() -> None:
    rounds, mags = out("9MM", 42), out("MAG", 4)
    left = settle(line(), [rounds, mags], [Settled(ROUNDS, returned=42)], rest_returned=False, closing=True)
    (refusal,) = left.refusals
    assert (refusal.code, refusal.held) == (RefusalCode.OUTSTANDING_STOCK, 4)
    assert settle(line(), [rounds, mags], [Settled(ROUNDS, returned=42)], rest_returned=False, closing=False).refusals == []
    whole = settle(line(), [rounds, mags], [Settled(ROUNDS, expended=12)], rest_returned=True, closing=True)
    assert whole.refusals == []
    assert {share.out.article: (share.returned, share.expended, share.lost) for share in whole.shares} == {
        "9MM": (30, 12, 0),
        "MAG": (4, 0, 0),
    }
    assert whole.rounds == 12
    worn_out = settle(line(), [mags], [Settled(MAGS, expended=4)], rest_returned=False, closing=True)
    assert worn_out.rounds == 0  # a magazine is not fired


@pytest.mark.parametrize(
    ("settled", "code", "path"),
    [
        ([Settled(ROUNDS, returned=43)], RefusalCode.OVER_RETURN, "lines.0.stock.0"),
        (
            [Settled(ROUNDS, returned=21), Settled(StockRef(lot_number="A"), expended=22, place=1)],
            RefusalCode.OVER_RETURN,
            "lines.0.stock.1",
        ),
        ([Settled(MAGS, returned=1)], RefusalCode.OVER_RETURN, "lines.0.stock.0"),
        ([Settled(ROUNDS, lost=2)], RefusalCode.INVALID_VALUE, "lines.0.stock.0.reason"),
    ],
)
def test_what_cannot_be_is_refused_where_it_is_said(settled: list[Settled], code: RefusalCode, path: str) -> None:
    (refusal,) = settle(line(), [out("9MM", 42)], settled, rest_returned=True, closing=True).refusals
    assert (refusal.code, refusal.path) == (code, path)


shares = st.tuples(*(st.integers(min_value=0, max_value=30) for _ in range(3)))


@given(st.lists(st.integers(min_value=1, max_value=30), min_size=1, max_size=3), st.lists(shares, max_size=3), st.booleans())
def test_inv_10_what_is_said_of_stock_is_written_to_the_last_round(lots: list[int], said: list[tuple[int, int, int]], rest: bool) -> None:
    outstanding = [out("9MM", quantity, str(place)) for place, quantity in enumerate(lots)]
    settled = [Settled(ROUNDS, *each, reason="x", place=place) for place, each in enumerate(said)]
    found = settle(line(), outstanding, settled, rest_returned=rest, closing=True)
    claimed = sum(map(sum, said))
    if claimed > sum(lots):
        assert codes(found.refusals)[0] is RefusalCode.OVER_RETURN
        return
    for share in found.shares:
        assert 0 < share.quantity <= share.out.quantity
    assert sum(share.expended for share in found.shares) == sum(each[1] for each in said)
    assert sum(share.lost for share in found.shares) == sum(each[2] for each in said)
    assert sum(share.quantity for share in found.shares) == (sum(lots) if rest else claimed)
    assert bool(found.refusals) == (not rest and claimed < sum(lots))


def test_fewer_rounds_are_not_fired_than_were_expended() -> None:
    settled = [Settled(ROUNDS, expended=12)]
    (refusal,) = settle(line(), [out("9MM", 12)], settled, rest_returned=False, closing=True, rounds_fired=11).refusals
    assert (refusal.code, refusal.path) == (RefusalCode.INVALID_VALUE, "lines.0.roundsFired")
    assert settle(line(), [out("9MM", 12)], settled, rest_returned=False, closing=True, rounds_fired=20).refusals == []


TERMS = {"received": 100, "disposed": 0, "on_hand": 60, "out_on_issue": 30, "expended": 5, "lost": 5}


@given(st.sampled_from(StockAdjustment), st.integers(min_value=1, max_value=60))
def test_inv_10_every_adjustment_keeps_the_sum(kind: StockAdjustment, quantity: int) -> None:
    after = TERMS | adjusted(TERMS, kind, quantity)
    assert after["received"] - after["disposed"] == after["on_hand"] + after["out_on_issue"] + after["expended"] + after["lost"]
    refusals = adjustment_refusals("9MM", TERMS, kind, quantity)
    assert codes(refusals)[-1] is RefusalCode.SECOND_PERSON_REQUIRED
    assert (len(refusals) == 1) == (min(after.values()) >= 0)
    assert [refusal.overridable for refusal in refusals] == [False] * (len(refusals) - 1) + [True]


def test_a_new_lot_says_what_it_is_and_an_old_one_is_nothing_else() -> None:
    bare = {"kind": None, "name": None, "dodic": None, "fits": None}
    assert [refusal.path for refusal in received_refusals(bare, None, unknown_models=1)] == ["fits", "kind", "name"]
    assert received_refusals(bare, {"kind": StockKind.MAGAZINE, "name": "x", "dodic": None, "fits": []}, unknown_models=0) == []
    there: dict[str, object] = {"kind": StockKind.MAGAZINE, "name": "x", "dodic": None, "fits": []}
    (other,) = received_refusals({**bare, "kind": StockKind.AMMUNITION}, there, unknown_models=0)
    assert (other.code, other.path) == (RefusalCode.INVALID_VALUE, "kind")
