"""One weapon's takes and returns, paired: which of them can be true as they stand.

The order of the rows is the order in which they were written, never the clock: a clock can be wrong. Nothing is repaired; what cannot be
true is told with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from graph.rules.legacy_decisions import Remark, when
from graph.rules.legacy_rows import LegacyTransaction, Terms
from graph.words import DutyStatus, Serviceability, Slot

CROSSED_WITHIN = timedelta(hours=24)
"""How far a return may be stamped before its take to be recognised as the return of that take."""


@dataclass(frozen=True)
class Hand:
    """A person as the history knows them. `problem` says why no custody of theirs can come in, `separated` that no open one can."""

    ref: str
    label: str
    status: DutyStatus
    deleted: bool = False
    problem: Remark | None = None
    separated: bool = False


@dataclass(frozen=True)
class Issuer:
    """An account as the history knows it; without `ref` it did not come in."""

    ref: str | None
    username: str


@dataclass(frozen=True)
class Cast:
    """Everybody and everything that takes and returns speak of."""

    hands: Mapping[str, Hand]
    issuers: Mapping[int, Issuer]
    purposes: Mapping[str, str]
    cutover: datetime
    terms: Terms


@dataclass(frozen=True)
class Weapon:
    """An item as the history knows it; `status` is the old system's word for where it is, in lower case."""

    ref: str
    label: str
    slot: Slot
    serviceability: Serviceability
    status: str


@dataclass(frozen=True)
class Spell:
    """A take and its return, or one without the other. `unreturned` is the take before this one that nobody returned."""

    take: LegacyTransaction | None = None
    back: LegacyTransaction | None = None
    unreturned: LegacyTransaction | None = None
    next_take: LegacyTransaction | None = None

    @property
    def rows(self) -> tuple[LegacyTransaction, ...]:
        return tuple(row for row in (self.take, self.back) if row is not None)


def spells_of(rows: Sequence[LegacyTransaction], said_to_be_out: bool) -> list[Spell]:
    """Pair takes with returns in the order of the rows; only the last spell can be open."""
    paired: list[Spell] = []
    for row in rows:
        if action_of(row) == "take":
            paired.append(Spell(take=row))
        elif paired and paired[-1].take and not paired[-1].back:
            paired[-1] = Spell(paired[-1].take, row)
        else:
            paired.append(Spell(back=row))
    spells: list[Spell] = []
    for place, spell in enumerate(paired):
        may_be_out = place == len(paired) - 1 and said_to_be_out
        if spells and not may_be_out and _crossed(spells[-1], spell):
            spells[-1] = Spell(spell.take, spells[-1].back)
        else:
            spells.append(spell)
    return [_with_neighbours(spells, place) for place in range(len(spells))]


def _with_neighbours(spells: Sequence[Spell], place: int) -> Spell:
    before = spells[place - 1] if place else None
    after = spells[place + 1] if place + 1 < len(spells) else None
    spell = spells[place]
    return replace(
        spell,
        unreturned=before.take if before and not before.back else None,
        next_take=after.take if after and not spell.back else None,
    )


def _crossed(before: Spell, spell: Spell) -> bool:
    """A return without a take, and right after it the same person's take without a return: the return was stamped before its take."""
    back, take = before.back, spell.take
    if before.take or spell.back or back is None or take is None or back.personnel_id != take.personnel_id:
        return False
    if back.date_time is None or take.date_time is None:
        return False
    return timedelta(0) <= take.date_time - back.date_time <= CROSSED_WITHIN


def unpaired(spell: Spell, weapon: Weapon, cast: Cast) -> Remark | None:
    if spell.take is None:
        back = spell.rows[0]
        return Remark(
            "RETURN_WITHOUT_TAKE",
            f"{weapon.label}: {name_of(back, cast)} returned it on {when(back.date_time)} "
            f"(row {back.id}), but no take is on record that this "
            "return ends; it is set aside.",
        )
    if spell.back is None:
        following = spell.next_take
        return taken_twice(weapon, spell.take, following, cast, "This take is set aside, because nobody knows when it ended.")
    return None


def taken_twice(weapon: Weapon, first: LegacyTransaction, second: LegacyTransaction | None, cast: Cast, result: str) -> Remark:
    then = f"{name_of(second, cast)} took it on {when(second.date_time)} (row {second.id})" if second else "the next row"
    return Remark(
        "TAKEN_TWICE",
        f"{weapon.label} was taken twice: {name_of(first, cast)} took it on {when(first.date_time)} "
        f"(row {first.id}), and no return was written "
        f"before {then}. {result}",
    )


def untrue(spell: Spell, weapon: Weapon, cast: Cast) -> Remark | None:
    """Why a spell cannot be true as it stands, or cannot be told in ArmGuard."""
    for row in spell.rows:
        what = f"{weapon.label}: row {row.id} ({row.action} by {name_of(row, cast)})"
        if row.date_time is None:
            return Remark("TIME_UNREADABLE", f"{what} has no time that can be read; the custody it speaks of is set aside.")
        if row.date_time > cast.cutover:
            return Remark(
                "TIME_IN_FUTURE",
                f"{what} is stamped {when(row.date_time)}, after the cutover of {when(cast.cutover)}; "
                "the custody it speaks of is set aside.",
            )
        hand = cast.hands.get(row.personnel_id)
        if hand is None:
            return Remark(
                "PERSON_UNKNOWN",
                f"{what} of {when(row.date_time)} names a person, '{row.personnel_id}', who is not in the old system; it is set aside.",
            )
        if hand.problem:
            return Remark("PERSON_SET_ASIDE", f"{what} of {when(row.date_time)} is set aside with its person. {hand.problem.text}")
    take, back = spell.take, spell.back
    if take and back and (back.id < take.id or time_of(back) < time_of(take)):
        return Remark(
            "RETURN_BEFORE_TAKE",
            f"{weapon.label}: {name_of(back, cast)} is said to have returned it on {when(back.date_time)} "
            f"(row {back.id}), before {name_of(take, cast)} "
            f"took it on {when(take.date_time)} (row {take.id}). Which stamp is wrong is not known: both rows are set aside.",
        )
    return None


def cannot_hold(spell: Spell, weapon: Weapon, cast: Cast) -> Remark | None:
    row = spell.rows[0]
    if not cast.hands[row.personnel_id].separated:
        return None
    return Remark(
        "HOLDER_SEPARATED",
        f"{weapon.label}: {name_of(row, cast)} took it on {when(row.date_time)} (row {row.id}) "
        "and has not returned it, but is SEPARATED in ArmGuard, "
        "where no open custody can be given to them. The take is set aside.",
    )


def action_of(row: LegacyTransaction) -> str:
    return row.action.strip().lower()


def name_of(row: LegacyTransaction, cast: Cast) -> str:
    hand = cast.hands.get(row.personnel_id)
    return hand.label if hand else f"'{row.personnel_id}'"


def time_of(row: LegacyTransaction) -> datetime:
    """The time of a row that was found to have one."""
    assert row.date_time is not None, f"row {row.id} has no time"
    return row.date_time
