"""Who may draw what, and what may come back. The same rule decides one item and two hundred (INV-11)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from graph.errors import Refusal, RefusalCode
from graph.rules.items import in_words, spoken
from graph.rules.versions import stale
from graph.words import ArmoryState, CustodyState, DutyStatus, IssueType, ItemCategory, Serviceability, Slot


@dataclass(frozen=True)
class OpenCustody:
    """The open record of an item."""

    receipt_number: str
    holder_id: UUID
    holder: str
    since: datetime
    due_at: datetime | None = None
    issue_type: IssueType = IssueType.TEMPORARY

    @property
    def facts(self) -> dict[str, Any]:
        """What a refusal says of it."""
        return {"holder_id": self.holder_id, "since": self.since, "receipt_number": self.receipt_number}


@dataclass(frozen=True)
class Room:
    """The arms room whose item it is. Limits count a person's items per slot, over all arms rooms."""

    id: UUID
    code: str
    state: ArmoryState
    limits: Mapping[Slot, int]
    temporary_limit: timedelta
    timezone: str = "UTC"
    authorization_required: bool = False
    qualification_required: bool = False
    confirmation_required: bool = False

    def local_date(self, moment: datetime) -> date:
        """The date on the arms room's wall."""
        return moment.astimezone(ZoneInfo(self.timezone)).date()


@dataclass(frozen=True)
class ArmsBar:
    """Somebody is barred from arms: why, and until when; without an end, until it is lifted."""

    reason: str
    until: datetime | None = None

    def stands(self, at: datetime) -> bool:
        """Whether it holds at this moment."""
        return self.until is None or at < self.until


@dataclass(frozen=True)
class Spell:
    """From one date to another, both included; without an end, for ever."""

    first: date
    last: date | None = None

    def has(self, day: date) -> bool:
        """Whether a date lies in it."""
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True)
class Authorization:
    """A line of the master authorization list: for an item, or for every item of a nomenclature.

    With a `card` it is a weapons card (DA Form 3749): good for one weapon at a time, against which it is surrendered.
    """

    spell: Spell
    item_id: UUID | None = None
    model_id: UUID | None = None
    card: str | None = None
    surrendered: bool = False

    def covers(self, line: Line) -> bool:
        """Whether it is for this item."""
        return line.item_id == self.item_id if self.item_id is not None else line.model_id == self.model_id


@dataclass(frozen=True)
class Qualification:
    """What a person has shown to be able to do."""

    code: str
    spell: Spell


@dataclass(frozen=True)
class Line:
    """One item of a command, as it stands under its lock."""

    line: int
    item_id: UUID
    serial: str
    category: ItemCategory
    slot: Slot
    state: CustodyState
    serviceability: Serviceability
    room: Room
    version: int
    expected_version: int | None = None
    custody: OpenCustody | None = None
    in_room_since: datetime | None = None
    changes: tuple[str, ...] = ()
    in_scope: bool = True
    model_id: UUID | None = None
    nomenclature: str = ""
    required_qualification: str | None = None

    def refusal(self, code: RefusalCode, message: str, **facts: Any) -> Refusal:
        """A refusal at this line."""
        return replace(Refusal(code, message, line=self.line, path=f"lines.{self.line}.item", item_id=self.item_id), **facts)


@dataclass(frozen=True)
class Receiver:
    """Who is to draw. `held` counts the items now in hand by slot, over all arms rooms."""

    person_id: UUID
    name: str
    duty_status: DutyStatus
    held: Mapping[Slot, int] = field(default_factory=dict)
    bar: ArmsBar | None = None
    authorizations: Sequence[Authorization] = ()
    qualifications: Sequence[Qualification] = ()


@dataclass(frozen=True)
class Terms:
    """On what terms: `at` is when custody begins, `now` the server's time."""

    issue_type: IssueType
    at: datetime
    now: datetime
    due_at: datetime | None = None
    purpose: str | None = None
    categories: frozenset[ItemCategory] = frozenset()
    note: str | None = None
    purpose_due: timedelta | None = None


def issue_refusals(receiver: Receiver | None, lines: Sequence[Line], terms: Terms) -> list[Refusal]:
    """Every reason why these items may not go to this person on these terms; empty when they may.

    Without a receiver, because it is not known who is meant, only what has nothing to do with the person is asked.
    """
    return [*_hands_refusals(receiver, lines, terms), *by_line(lines, lambda line: _line_refusals(line, terms))]


def _hands_refusals(receiver: Receiver | None, lines: Sequence[Line], terms: Terms) -> Iterator[Refusal]:
    """What stands against these hands and these terms, wherever the items come from."""
    ours = [line for line in lines if line.in_scope]
    if receiver is not None:
        yield from _receiver_refusals(receiver, terms)
    yield from _terms_refusals(ours, terms)
    if receiver is not None:
        yield from _limit_refusals(receiver, ours, terms)
        # On the day when the hands touched and on the day when it is written: no backdating gets past a gate.
        for moment in {line.room.local_date(moment): moment for line in ours for moment in (terms.now, terms.at)}.values():
            authorized = authorized_by(receiver, ours, terms, moment)
            for line in ours:
                yield from _eligibility_refusals(receiver, line, terms, authorized, moment)


def by_line(lines: Sequence[Line], ask: Callable[[Line], Iterable[Refusal]]) -> Iterator[Refusal]:
    """What stands against each line: what any command says of it, then what this one asks; of what is out of scope nothing else is said."""
    twice = named_before(lines)
    for line in lines:
        if not line.in_scope:
            yield from scope_refusals(line)
            continue
        yield from version_refusals(line)
        if line.line in twice:
            yield line.refusal(RefusalCode.INVALID_VALUE, f"{line.serial} is named twice in this command.")
        yield from ask(line)


def _receiver_refusals(receiver: Receiver, terms: Terms) -> Iterator[Refusal]:
    if receiver.duty_status is not DutyStatus.ACTIVE:
        status = receiver.duty_status.value.lower()
        message = f"{receiver.name} is {'on leave' if receiver.duty_status is DutyStatus.LEAVE else status} and draws nothing."
        yield Refusal(RefusalCode.PERSON_NOT_ELIGIBLE, message, path="holder", holder_id=receiver.person_id)
    if receiver.bar is not None and receiver.bar.stands(terms.at):
        until = f"until {said(receiver.bar.until)}" if receiver.bar.until else "until the bar is lifted"
        message = f"{receiver.name} is barred from arms {until}: {receiver.bar.reason}"
        yield Refusal(RefusalCode.ARMS_BARRED, message, path="holder", holder_id=receiver.person_id, since=receiver.bar.until)


def _eligibility_refusals(
    receiver: Receiver, line: Line, terms: Terms, authorized: Mapping[int, Authorization], moment: datetime
) -> Iterator[Refusal]:
    """What the arms room asks of whoever draws the item; an emergency may go without (INV-12)."""
    if terms.issue_type is IssueType.EMERGENCY or (line.custody is not None and line.custody.holder_id == receiver.person_id):
        return
    who, today = receiver.name, line.room.local_date(moment)
    if line.room.authorization_required and line.line not in authorized:
        lines = [each for each in receiver.authorizations if each.covers(line)]
        cards = [each.card for each in lines if each.spell.has(today)]
        if cards:
            message = f"{who} has no weapons card left for {line.serial}: {', '.join(map(str, cards))} is surrendered for another weapon."
        else:
            why = _nearest([each.spell for each in lines], today)
            message = f"{who} is not authorized for {line.serial}{_of(line.nomenclature)} on {today}{why}."
        yield line.refusal(RefusalCode.NOT_AUTHORIZED, message, holder_id=receiver.person_id, overridable=True)
    if line.room.qualification_required and line.required_qualification is not None:
        spells = [each.spell for each in receiver.qualifications if each.code == line.required_qualification]
        if not any(spell.has(today) for spell in spells):
            takes = f"{line.serial} takes the qualification {line.required_qualification}"
            message = f"{takes}, which {who} does not have on {today}{_nearest(spells, today)}."
            yield line.refusal(RefusalCode.NOT_QUALIFIED, message, holder_id=receiver.person_id, overridable=True)


def authorized_by(receiver: Receiver, lines: Sequence[Line], terms: Terms, moment: datetime | None = None) -> dict[int, Authorization]:
    """Which line of the master authorization list each item is drawn by, where the arms room asks for one; a card serves one weapon.

    What takes no card comes first, then the card for this very item, so that those for a nomenclature are left for others.
    """
    found: dict[int, Authorization] = {}
    used: set[str] = set()
    for line in lines:
        if not line.room.authorization_required or terms.issue_type is IssueType.EMERGENCY:
            continue
        today = line.room.local_date(moment or terms.at)
        good = [each for each in receiver.authorizations if each.covers(line) and each.spell.has(today)]
        free = [each for each in good if each.card is None or not (each.surrendered or each.card in used)]
        if free:
            chosen = min(free, key=lambda each: (each.card is not None, each.item_id is None, each.card or ""))
            found[line.line] = chosen
            used.update(filter(None, (chosen.card,)))
    return found


def _of(nomenclature: str) -> str:
    return f", {nomenclature}," if nomenclature else ""


def _nearest(spells: Sequence[Spell], today: date) -> str:
    """What is nearest to standing: the last that ended, else the first that begins."""
    ended = [spell.last for spell in spells if spell.last is not None and spell.last < today]
    begins = [spell.first for spell in spells if spell.first > today]
    if ended:
        return f": it ended on {max(ended)}"
    return f": it begins on {min(begins)}" if begins else ""


def _terms_refusals(lines: Sequence[Line], terms: Terms) -> Iterator[Refusal]:
    if terms.at > terms.now:
        yield Refusal(RefusalCode.BACKDATE_REFUSED, "Custody cannot begin in the future.", path="effectiveAt", since=terms.now)
    if terms.due_at is not None and terms.due_at <= terms.at:
        yield Refusal(RefusalCode.INVALID_VALUE, "The due time must lie after the issue.", path="dueAt", since=terms.at)
    if terms.issue_type is IssueType.EMERGENCY and not (terms.note or "").strip():
        yield Refusal(RefusalCode.INVALID_VALUE, "An emergency issue needs a note that says why.", path="note")
    shortest = min((line.room.temporary_limit for line in lines), default=None)
    if terms.issue_type is IssueType.TEMPORARY and shortest and terms.due_at and terms.due_at > terms.at + shortest:
        hours = int(shortest.total_seconds() // 3600)
        message = f"A temporary issue is due within {hours} hours; for longer, issue it on a hand receipt."
        yield Refusal(RefusalCode.LIMIT_EXCEEDED, message, path="dueAt", limit=hours)


def _limit_refusals(receiver: Receiver, lines: Sequence[Line], terms: Terms) -> Iterator[Refusal]:
    if terms.issue_type is IssueType.EMERGENCY:
        return
    held = Counter(receiver.held)
    counted: set[UUID] = set()
    for line in lines:
        if line.item_id in counted or (line.custody is not None and line.custody.holder_id == receiver.person_id):
            continue  # named twice, or in this hand already: what is said of that says enough
        counted.add(line.item_id)
        held[line.slot] += 1
        limit = line.room.limits.get(line.slot)
        if limit is not None and held[line.slot] > limit:
            already = receiver.held.get(line.slot, 0)
            slot = in_words(line.slot)
            message = (
                f"With {line.serial}, {receiver.name} would hold {held[line.slot]} of {limit} allowed {slot}s ({already} in hand now)."
            )
            facts = {"holder_id": receiver.person_id, "limit": limit, "held": already}
            yield line.refusal(RefusalCode.LIMIT_EXCEEDED, message, overridable=True, **facts)


def _line_refusals(line: Line, terms: Terms) -> Iterator[Refusal]:
    if line.custody is not None:
        held = f"{line.serial} is held by {line.custody.holder} since {said(line.custody.since)} on receipt {line.custody.receipt_number}."
        yield line.refusal(RefusalCode.ITEM_NOT_AVAILABLE, held, **line.custody.facts)
    elif line.state is not CustodyState.IN_ROOM:
        yield line.refusal(RefusalCode.ITEM_NOT_ISSUABLE, f"{line.serial} is {spoken(line.state)}, not in the arms room.")
    yield from _fit_refusals(line, terms)
    if line.custody is None and line.in_room_since is not None and terms.at < line.in_room_since:
        message = f"{line.serial} came back at {said(line.in_room_since)}: custody cannot begin before that."
        yield line.refusal(RefusalCode.BACKDATE_REFUSED, message, since=line.in_room_since)


def _fit_refusals(line: Line, terms: Terms) -> Iterator[Refusal]:
    """What the item and its arms room say to any hands: it is fit, the room issues, the purpose has it."""
    if line.serviceability is not Serviceability.SERVICEABLE:
        message = f"{line.serial} is {line.serviceability.value.lower()} and is not issued."
        yield line.refusal(RefusalCode.ITEM_NOT_ISSUABLE, message, overridable=line.serviceability is Serviceability.LIMITED)
    if line.room.state is not ArmoryState.OPEN:
        message = f"The arms room {line.room.code} is {_spoken_room(line.room.state)} and issues nothing."
        yield line.refusal(RefusalCode.ARMORY_NOT_OPEN, message)
    if terms.categories and line.category not in terms.categories:
        category = in_words(line.category)
        message = f"{line.serial} is a {category}, which is not drawn for {terms.purpose}."
        yield line.refusal(RefusalCode.ITEM_NOT_ISSUABLE, message, overridable=True, ground="category")


def in_hand_refusals(line: Line, holder_id: UUID | None = None) -> Iterator[Refusal]:
    """What stands against anything that is done with an item in somebody's hands; with a holder, in theirs."""
    if line.custody is None:
        yield line.refusal(RefusalCode.NOT_ISSUED, f"{line.serial} is not issued: it is {spoken(line.state)}.")
    elif holder_id is not None and holder_id != line.custody.holder_id:
        message = f"{line.serial} is held by {line.custody.holder} since {said(line.custody.since)}, not by the person named."
        yield line.refusal(RefusalCode.HELD_BY_OTHER, message, **line.custody.facts)


def named_before(lines: Sequence[Line]) -> set[int]:
    """The lines whose item an earlier line has named."""
    first: dict[UUID, int] = {}
    return {line.line for line in lines if first.setdefault(line.item_id, line.line) != line.line}


def scope_refusals(line: Line) -> list[Refusal]:
    """What is not on the book of the actor's arms rooms is not spoken about."""
    return [line.refusal(RefusalCode.OUT_OF_SCOPE, "This item is not on the book of your arms rooms.")]


def version_refusals(line: Line) -> list[Refusal]:
    """A page that is no longer true decides nothing (INV-20)."""
    if line.expected_version is None or line.expected_version == line.version:
        return []
    message = stale(line.serial, line.expected_version, line.version, line.changes)
    path = f"lines.{line.line}.expectedVersion"
    return [line.refusal(RefusalCode.VERSION_CONFLICT, message, path=path, current_version=line.version, changed=line.changes)]


def one_room_refusals(lines: Sequence[Line]) -> list[Refusal]:
    """What waits for a second person is decided in one arms room: its officers see all of it."""
    rooms = sorted({line.room.code for line in lines})
    if len(rooms) <= 1:
        return []
    message = f"These items are of {' and '.join(rooms)}: have them proposed for each arms room by itself."
    return [Refusal(RefusalCode.INVALID_VALUE, message, path="override")]


def transfer_refusals(receiver: Receiver | None, lines: Sequence[Line], terms: Terms, giver_id: UUID | None = None) -> list[Refusal]:
    """Every reason why these items may not go from the hands that have them into the receiver's: the gates of an issue stand here too."""
    of_line = by_line(lines, lambda line: _transfer_line_refusals(line, receiver, terms, giver_id))
    return [*_hands_refusals(receiver, lines, terms), *of_line]


def _transfer_line_refusals(line: Line, receiver: Receiver | None, terms: Terms, giver_id: UUID | None) -> Iterator[Refusal]:
    yield from in_hand_refusals(line, giver_id)
    if line.custody is None:
        return
    facts = line.custody.facts
    if receiver is not None and receiver.person_id == line.custody.holder_id:
        yield line.refusal(RefusalCode.INVALID_VALUE, f"{line.serial} is in the hands of {receiver.name} already.", **facts)
    yield from _fit_refusals(line, terms)
    if terms.at < line.custody.since:
        message = f"{line.serial} was issued at {said(line.custody.since)}: it cannot change hands before that."
        yield line.refusal(RefusalCode.BACKDATE_REFUSED, message, **facts)


def due_time(terms: Terms, room: Room) -> datetime | None:
    """When the item is due: as said, or for a temporary issue when the purpose ends, at the latest as the policy allows (INV-8)."""
    if terms.due_at is not None or terms.issue_type is not IssueType.TEMPORARY:
        return terms.due_at
    return terms.at + min(room.temporary_limit, terms.purpose_due or room.temporary_limit)


def said(moment: datetime) -> str:
    """A moment in a message: UTC, to the minute."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _spoken_room(state: ArmoryState) -> str:
    return {
        ArmoryState.OPEN: "open",
        ArmoryState.CLOSED: "closed",
        ArmoryState.CHANGEOVER: "in changeover",
        ArmoryState.LOCKDOWN: "in lockdown",
    }[state]
