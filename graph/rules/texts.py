"""Texts that somebody has written: without blanks around them, within their lengths, and of characters that can be written."""

from __future__ import annotations

import re

from graph.errors import BadInput
from graph.rules.keys import number_key

LONGEST = {
    "code": 32,
    "tag": 256,
    "badge": 256,
    "serial": 64,
    "service_number": 64,
    "rank": 32,
    "rack": 64,
    "nsn": 32,
    "caliber": 64,
    "timezone": 64,
    "username": 64,
    "password": 1024,
    "note": 2000,
    "reason": 2000,
    "article": 32,
    "lot_number": 64,
    "card_number": 64,
    "dodic": 4,
    "pin": 64,
    "brought_reason": 2000,
}
LONGEST_OTHERWISE = 128
NUMBERS = ("serial", "service_number", "manufacturer")
CODES = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def camel(name: str) -> str:
    """A name as clients write it."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def text(name: str, value: str, longest: int | None = None) -> str:
    """A text without blanks around it.

    Raises:
        BadInput: it is empty, too long, or has control characters.
    """
    if name == "password":
        return value
    cleaned = value.strip()
    limit = longest or LONGEST.get(name, LONGEST_OTHERWISE)
    if not cleaned:
        raise BadInput(f"{camel(name)} is empty.")
    if len(cleaned) > limit:
        raise BadInput(f"{camel(name)} has at most {limit} characters.")
    if _CONTROL.search(cleaned):
        raise BadInput(f"{camel(name)} has characters that cannot be written.")
    if name in NUMBERS:
        try:
            key = number_key(cleaned)
        except ValueError:
            raise BadInput(f"{camel(name)} needs at least one letter or digit.") from None
        if len(key) > limit:  # one character may stand for many, such as the ligatures of Arabic
            raise BadInput(f"{camel(name)} has at most {limit} characters when each is written out.")
    return cleaned


def code(value: str) -> str:
    """A new code.

    Raises:
        BadInput: it is empty, too long, or not made of letters, digits, hyphens and underscores.
    """
    cleaned = text("code", value)
    if not CODES.fullmatch(cleaned):
        raise BadInput("A code is made of letters, digits, hyphens and underscores, and begins with a letter or digit.")
    return cleaned.upper()
