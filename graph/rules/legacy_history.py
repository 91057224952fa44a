"""One weapon's takes and returns as custody: what is over, what is open, where the weapon is, and a decision on every row.

What is known of the present outranks what is said of the past, so history gives way where it overlaps open custody. The old system knew no
due times, so an issue comes in on these terms:

- open: TEMPORARY, due when the policy's limit is over (INV-8). Nobody signed a hand receipt; whatever has been out longer shows as overdue,
  and somebody must look at it.
- over: TEMPORARY within the limit, else HAND_RECEIPT without a due time, so that nobody is said to have been late against a rule that
  was not there.
- in the old system's mode `defcon`: EMERGENCY, with a due time only while it is open.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from graph.rules.legacy_decisions import Decision, Fact, Outcome, Remark, already, decide, when
from graph.rules.legacy_rows import LegacyTransaction, PlannedHistory, PlannedRecord, source
from graph.rules.legacy_spells import (
    Cast,
    Issuer,
    Spell,
    Weapon,
    action_of,
    cannot_hold,
    name_of,
    spells_of,
    taken_twice,
    time_of,
    unpaired,
    untrue,
)
from graph.words import CustodyState, DutyStatus, IssueType, Serviceability

TABLE = "transactions"


@dataclass(frozen=True)
class Told:
    """What the rows of one weapon come to."""

    history: tuple[PlannedHistory, ...]
    open_record: PlannedRecord | None
    state: CustodyState
    state_remarks: tuple[Remark, ...]
    decisions: tuple[Decision, ...]


def tell(weapon: Weapon, rows: Iterable[LegacyTransaction], cast: Cast) -> Told:
    """Read one weapon's rows."""
    decisions: list[Decision] = []
    understood = []
    for row in sorted(rows, key=lambda row: row.id):
        if action_of(row) in ("take", "return"):
            understood.append(row)
        else:
            decisions.append(_aside(weapon, row, cast, _unknown_action(weapon, row)))
    spells = spells_of(understood, said_to_be_out=weapon.status == "issued")
    last = spells.pop() if spells and spells[-1].back is None else None

    open_record = None
    if last is not None and (trouble := untrue(last, weapon, cast) or cannot_hold(last, weapon, cast)):
        decisions.append(_aside(weapon, last.rows[0], cast, trouble))
    elif last is not None:
        open_record = _open_record(last, weapon, cast)
        decisions.append(_open_decision(last, weapon, cast))

    history: list[PlannedHistory] = []
    trouble = None
    for spell in spells:
        trouble = unpaired(spell, weapon, cast) or untrue(spell, weapon, cast) or _overlap(spell, weapon, history, open_record)
        if trouble:
            decisions += [_aside(weapon, row, cast, trouble) for row in spell.rows]
        else:
            history.append(_closed_record(spell, weapon, cast))
            decisions += _closed_decisions(spell, weapon, cast)

    state, remarks = _state(weapon, last, open_record, cast)
    if trouble and last is None and spells[-1].take and state is not CustodyState.MISSING:
        text = (
            f"The last take and return of {weapon.label} were set aside: it comes in as {state} by its status alone, so have a look at it."
        )
        remarks = (*remarks, Remark("STATE_BY_STATUS_ALONE", text))
    return Told(tuple(history), open_record, state, remarks, tuple(decisions))


def settled(told: Told, imported: frozenset[str]) -> tuple[Decision, ...]:
    """The decisions on a weapon whose custody ArmGuard keeps already: nothing of the old record is added to it."""
    return tuple(_settled(decision, decision.row_id in imported) for decision in told.decisions)


def _settled(decision: Decision, imported: bool) -> Decision:
    if imported:
        return decide(TABLE, decision.row_id, Outcome.ALREADY_IMPORTED, already(f"Row {decision.row_id}"), **decision.facts)
    if decision.outcome is not Outcome.IMPORTED:
        return decision
    later = Remark(
        "ITEM_ALREADY_ON_BOOK",
        f"{decision.facts['item']}: row {decision.row_id} ({decision.facts['action']} by "
        f"{decision.facts['person']}, {decision.facts['at']}) is set "
        "aside, because this item is on ArmGuard's book already and its custody is kept there. If the row is true, record it there.",
    )
    return decide(TABLE, decision.row_id, Outcome.SET_ASIDE, later, **decision.facts)


def _unknown_action(weapon: Weapon, row: LegacyTransaction) -> Remark:
    return Remark(
        "UNKNOWN_ACTION",
        f"{weapon.label}: row {row.id} of {when(row.date_time)} is neither a take nor a return but '{row.action}'; it is set aside.",
    )


def _overlap(spell: Spell, weapon: Weapon, history: Sequence[PlannedHistory], open_record: PlannedRecord | None) -> Remark | None:
    """The first custody, of those that came in, that a closed spell runs into. A return and a take at the same moment do not overlap."""
    start, end = (time_of(row) for row in spell.rows)
    clash: PlannedRecord | None = open_record if open_record and end > open_record.issued_at else None
    clash = clash or next((record for record in history if _meet(start, end, record.issued_at, record.closed_at)), None)
    if clash is None:
        return None
    until = f"to {when(clash.closed_at)}" if isinstance(clash, PlannedHistory) else "until now"
    rows = str(clash.details["rows"])
    return Remark(
        "OVERLAPS",
        f"{weapon.label} cannot have been out from {when(start)} to {when(end)} (rows {source_ids(spell)}): by rows {rows} it was out from "
        f"{when(clash.issued_at)} {until}. Rows {source_ids(spell)} are set aside.",
    )


def _meet(start: datetime, end: datetime, other_start: datetime, other_end: datetime) -> bool:
    """Whether two spans [start, end) have a moment in common; a span without length has its one moment."""
    if start == end or other_start == other_end:
        return other_start < start < other_end or start < other_start < end
    return start < other_end and other_start < end


def _open_record(spell: Spell, weapon: Weapon, cast: Cast) -> PlannedRecord:
    take = spell.rows[0]
    return PlannedRecord(
        source=source(TABLE, take.id),
        item=weapon.ref,
        holder=cast.hands[take.personnel_id].ref,
        issue_type=IssueType.EMERGENCY if _is_emergency(take) else IssueType.TEMPORARY,
        purpose=cast.purposes.get(purpose_code(take.duty_type)),
        issued_at=time_of(take),
        due_at=time_of(take) + cast.terms.temporary_limit,
        issued_by=_issuer(take, cast).ref,
        condition_out=weapon.serviceability,
        note=take.notes or None,
        details=_details(spell, cast),
    )


def _closed_record(spell: Spell, weapon: Weapon, cast: Cast) -> PlannedHistory:
    take, back = spell.rows
    limit = cast.terms.temporary_limit
    brief = time_of(back) - time_of(take) <= limit
    issue_type = IssueType.EMERGENCY if _is_emergency(take) else IssueType.TEMPORARY if brief else IssueType.HAND_RECEIPT
    other = back.personnel_id != take.personnel_id
    return PlannedHistory(
        source=source(TABLE, take.id, back.id),
        item=weapon.ref,
        holder=cast.hands[take.personnel_id].ref,
        issue_type=issue_type,
        purpose=cast.purposes.get(purpose_code(take.duty_type)),
        issued_at=time_of(take),
        due_at=time_of(take) + limit if issue_type is IssueType.TEMPORARY else None,
        issued_by=_issuer(take, cast).ref,
        condition_out=Serviceability.SERVICEABLE,
        note=take.notes or None,
        details=_details(spell, cast),
        closed_at=time_of(back),
        closed_by=_issuer(back, cast).ref,
        brought_by=cast.hands[back.personnel_id].ref,
        brought_reason="The old system names another person than the holder as the one who returned it." if other else None,
        return_note=back.notes or None,
        rounds_fired=_rounds_fired(take, back),
    )


def _details(spell: Spell, cast: Cast) -> dict[str, Fact]:
    """What the rows say word for word, for the event; a quantity that cannot be true is not changed."""
    details: dict[str, Fact] = {"imported": True, "rows": source_ids(spell)}
    for way, row in zip(("out", "in"), spell.rows, strict=False):
        details[f"magazines_{way}"] = row.mags
        details[f"rounds_{way}"] = row.rounds
        details[f"by_{way}"] = _issuer(row, cast).username
    details["mode"] = spell.rows[0].transaction_mode
    return details


def _rounds_fired(take: LegacyTransaction, back: LegacyTransaction) -> int | None:
    """Rounds out less rounds in, where both are counts and no more came back than went out; else not known."""
    if take.rounds is None or back.rounds is None or not take.rounds >= back.rounds >= 0:
        return None
    return take.rounds - back.rounds


def _state(weapon: Weapon, last: Spell | None, open_record: PlannedRecord | None, cast: Cast) -> tuple[CustodyState, tuple[Remark, ...]]:
    """Where the item is: in a hand if its last take came in, else where its status says; MISSING if the two leave it nowhere."""
    if open_record is not None:
        said = {"available": "in the room", "maintenance": "in maintenance", "retired": "retired"}.get(weapon.status, f"'{weapon.status}'")
        contradiction = Remark(
            "STATUS_CONTRADICTS_TAKE",
            f"{weapon.label} is marked as {said}, but {name_of(last.rows[0], cast) if last else 'somebody'} "
            f"took it on {when(open_record.issued_at)} and "
            "no return was written. It comes in as issued: whoever signed for it answers for it until it is returned.",
        )
        return CustodyState.ISSUED, () if weapon.status == "issued" else (contradiction,)
    if last is not None:
        row = last.rows[0]
        nowhere = Remark(
            "LAST_TAKE_SET_ASIDE",
            f"{weapon.label} was last taken by {name_of(row, cast)} on {when(row.date_time)}, and "
            f"that take could not come in (see row {row.id}). It comes "
            "in as missing, until somebody has looked where it is.",
        )
        return CustodyState.MISSING, (nowhere,)
    state = {
        "available": CustodyState.IN_ROOM,
        "maintenance": CustodyState.IN_MAINTENANCE,
        "retired": CustodyState.DISPOSED,
    }.get(weapon.status, CustodyState.MISSING)
    if weapon.status == "issued":
        text = f"{weapon.label} is marked as issued, but no take without a return is on record: nobody has signed for it."
        return state, (Remark("ISSUED_TO_NOBODY", f"{text} It comes in as missing, until somebody has looked where it is."),)
    if state is CustodyState.MISSING:
        text = f"{weapon.label} has the status '{weapon.status}', which says nothing about where it is."
        return state, (Remark("UNKNOWN_STATUS", f"{text} It comes in as missing, until somebody has looked."),)
    return state, ()


def _open_decision(spell: Spell, weapon: Weapon, cast: Cast) -> Decision:
    take = spell.rows[0]
    hand = cast.hands[take.personnel_id]
    due = time_of(take) + cast.terms.temporary_limit
    overdue = "; it is overdue" if due < cast.cutover else ""
    text = f"{weapon.label} is out with {hand.label} since {when(take.date_time)} (row {take.id}): open custody, due {when(due)}{overdue}."
    remarks = [Remark("OPEN_CUSTODY", text, notable=False)]
    if hand.deleted:
        remarks.append(
            Remark(
                "HOLDER_DELETED",
                f"{hand.label} was deleted from the old system while holding it. The custody "
                "stays open, and the holder comes in as INACTIVE.",
            )
        )
    elif hand.status is not DutyStatus.ACTIVE:
        remarks.append(
            Remark(
                f"HOLDER_{hand.status}",
                f"{hand.label} is {hand.status} while holding it. The custody stays open: the return is never refused.",
            )
        )
    if spell.unreturned:
        remarks.append(taken_twice(weapon, spell.unreturned, take, cast, "It is on record with the one who took it last."))
    if weapon.serviceability is Serviceability.UNSERVICEABLE:
        remarks.append(Remark("UNSERVICEABLE_WHILE_OUT", f"{weapon.label} is marked as damaged while it is out."))
    facts = _facts(weapon, take, cast)
    return decide(TABLE, take.id, Outcome.IMPORTED, *remarks, *_row_remarks(weapon, take, cast), due=when(due), **facts)


def _closed_decisions(spell: Spell, weapon: Weapon, cast: Cast) -> list[Decision]:
    take, back = spell.rows
    out = [Remark("TAKE_IMPORTED", f"{weapon.label}: taken by {name_of(take, cast)} on {when(take.date_time)}.", notable=False)]
    if spell.unreturned:
        out.append(taken_twice(weapon, spell.unreturned, take, cast, "The later take comes in with its return."))
    home = [Remark("RETURN_IMPORTED", f"{weapon.label}: returned by {name_of(back, cast)} on {when(back.date_time)}.", notable=False)]
    if back.personnel_id != take.personnel_id:
        text = (
            f"{weapon.label} was taken by {name_of(take, cast)} on {when(take.date_time)} and "
            f"returned by {name_of(back, cast)} on {when(back.date_time)}."
        )
        home.append(Remark("RETURNED_BY_OTHER", text))
    for what, went, came in (("rounds", take.rounds, back.rounds), ("magazines", take.mags, back.mags)):
        if went is not None and came is not None and (came > went >= 0 or (what == "magazines" and 0 <= came < went)):
            text = f"{weapon.label}: {went} {what} went out on {when(take.date_time)} and {came} came back on {when(back.date_time)}."
            home.append(Remark(f"{what.upper()}_DIFFER", text))
    decisions = []
    for row, remarks in ((take, out), (back, home)):
        remarks += _row_remarks(weapon, row, cast)
        decisions.append(decide(TABLE, row.id, Outcome.IMPORTED, *remarks, **_facts(weapon, row, cast)))
    return decisions


def _aside(weapon: Weapon, row: LegacyTransaction, cast: Cast, trouble: Remark) -> Decision:
    remarks = [remark for remark in _row_remarks(weapon, row, cast) if remark.code == "NEGATIVE_QUANTITY"]
    return decide(TABLE, row.id, Outcome.SET_ASIDE, trouble, *remarks, **_facts(weapon, row, cast))


def _row_remarks(weapon: Weapon, row: LegacyTransaction, cast: Cast) -> list[Remark]:
    """What is odd about a row and no reason to set it aside."""
    remarks = []
    written = {"magazines": row.mags, "rounds": row.rounds}
    for what, count in written.items():
        if count is not None and count < 0:
            text = f"{weapon.label}: row {row.id} says {count} {what}, which cannot be; no count is taken from it."
            remarks.append(Remark("NEGATIVE_QUANTITY", text))
    if row.issued_by_id not in cast.issuers:
        remarks.append(Remark("ISSUER_UNKNOWN", f"{weapon.label}: row {row.id} of {when(row.date_time)} does not say which armorer acted."))
    if row.transaction_mode.strip().lower() not in ("", "normal", "defcon"):
        text = f"{weapon.label}: row {row.id} has the mode '{row.transaction_mode}', which is not known; it is read as a normal one."
        remarks.append(Remark("UNKNOWN_MODE", text))
    return remarks


def _facts(weapon: Weapon, row: LegacyTransaction, cast: Cast) -> dict[str, Fact]:
    return {"item": weapon.label, "person": name_of(row, cast), "action": row.action, "at": when(row.date_time)}


def source_ids(spell: Spell) -> str:
    return "+".join(str(row.id) for row in spell.rows)


def purpose_code(duty_type: str | None) -> str:
    """The code of a duty type: `Duty Sentinel` is DUTY_SENTINEL. What is too long for a code keeps its beginning and a digest."""
    code = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", duty_type or "").upper()).strip("_")
    return code if len(code) <= 32 else f"{code[:23]}_{hashlib.sha256(code.encode()).hexdigest()[:8].upper()}"


def _is_emergency(row: LegacyTransaction) -> bool:
    return row.transaction_mode.strip().lower() == "defcon"


def _issuer(row: LegacyTransaction, cast: Cast) -> Issuer:
    return cast.issuers.get(row.issued_by_id, Issuer(None, "")) if row.issued_by_id is not None else Issuer(None, "")
