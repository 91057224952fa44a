"""What an item may do, whatever hand it is in."""

from __future__ import annotations

from enum import StrEnum

from graph.errors import Refusal, RefusalCode
from graph.rules.keys import number_key
from graph.words import CustodyState, Serviceability

serial_key = number_key

_WORSE = (Serviceability.SERVICEABLE, Serviceability.LIMITED, Serviceability.UNSERVICEABLE, Serviceability.QUARANTINED)


def serviceability_after_return(on_book: Serviceability, found: Serviceability) -> Serviceability:
    """A return never makes an item better than it is on the book: that is for whoever repairs or releases it."""
    return max(on_book, found, key=_WORSE.index)


def maintenance_refusals(serial: str, state: CustodyState, wanted: CustodyState) -> list[Refusal]:
    """An item goes to maintenance from the room only, and comes back only from there."""
    needed = CustodyState.IN_ROOM if wanted is CustodyState.IN_MAINTENANCE else CustodyState.IN_MAINTENANCE
    if state is needed:
        return []
    where = "in the arms room" if needed is CustodyState.IN_ROOM else "in maintenance"
    return [Refusal(RefusalCode.STATE_NOT_ALLOWED, f"{serial} is {spoken(state)}, not {where}.", path="item")]


def in_words(word: StrEnum) -> str:
    """A slot or a category as an armorer says it."""
    return word.value.lower().replace("_", " ")


def spoken(state: CustodyState) -> str:
    """A custody state as an armorer says it."""
    return {
        CustodyState.IN_ROOM: "in the arms room",
        CustodyState.ISSUED: "issued",
        CustodyState.IN_MAINTENANCE: "in maintenance",
        CustodyState.IN_TRANSIT: "in transit",
        CustodyState.MISSING: "missing",
        CustodyState.LOST: "lost",
        CustodyState.STOLEN: "stolen",
        CustodyState.RECOVERED: "recovered and held for inspection",
        CustodyState.DISPOSED: "disposed of",
    }[state]
