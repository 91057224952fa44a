"""What a person's standing allows."""

from __future__ import annotations

from collections.abc import Sequence

from graph.errors import Refusal, RefusalCode
from graph.rules.keys import number_key
from graph.words import DutyStatus

service_number_key = number_key


def duty_status_refusals(name: str, wanted: DutyStatus, held_serials: Sequence[str]) -> list[Refusal]:
    """A person with open custody cannot be separated (INV-7)."""
    if wanted is not DutyStatus.SEPARATED or not held_serials:
        return []
    shown = ", ".join(held_serials[:5]) + (f" and {len(held_serials) - 5} more" if len(held_serials) > 5 else "")
    message = f"{name} still holds {shown}. Take everything back first."
    return [Refusal(RefusalCode.PERSON_HOLDS_ITEMS, message, path="dutyStatus", held=len(held_serials))]
