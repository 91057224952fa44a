"""What a person's standing allows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from graph.errors import Refusal, RefusalCode
from graph.rules.keys import number_key
from graph.words import DutyStatus

service_number_key = number_key


def full_name(rank: str, family_name: str, given_names: str) -> str:
    """A person as a receipt names them."""
    return f"{rank} {family_name}, {given_names}".strip()


def duty_status_refusals(name: str, wanted: DutyStatus, ours: Sequence[str], held: int) -> list[Refusal]:
    """A person with open custody cannot be separated (INV-7). `ours` are the serials in the actor's scope, of `held` in all."""
    if wanted is not DutyStatus.SEPARATED or not held:
        return []
    shown = list(ours[:5])
    rest = held - len(shown)
    what = " and ".join([*([", ".join(shown)] if shown else []), *([f"{rest} more" if shown else _items(rest)] if rest else [])])
    message = f"{name} still holds {what}. Take everything back first."
    return [Refusal(RefusalCode.PERSON_HOLDS_ITEMS, message, path="dutyStatus", held=held)]


def bar_refusals(until: datetime | None, now: datetime) -> list[Refusal]:
    """A bar that would be over before it begins bars nobody."""
    if until is None or until > now:
        return []
    return [Refusal(RefusalCode.INVALID_VALUE, "The end of the bar must lie in the future.", path="until", since=now)]


def spell_refusals(first: date, last: date | None, path: str) -> list[Refusal]:
    """What begins on one date does not end on an earlier one."""
    if last is None or last >= first:
        return []
    return [Refusal(RefusalCode.INVALID_VALUE, f"The last date, {last}, lies before the first, {first}.", path=path)]


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count} items"
