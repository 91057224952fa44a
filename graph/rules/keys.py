"""Normalised keys: what makes two ways of writing the same number one."""

from __future__ import annotations

import re
import unicodedata

_BLANKS_AND_HYPHENS = re.compile("[\\s\u2010-\u2015\u2212-]")


def number_key(marked: str) -> str:
    """NFKC, upper case, without blanks or hyphens. Leading zeros count: 000123 and 123 are two numbers.

    Raises:
        ValueError: nothing is left.
    """
    key, before = marked, ""
    while key != before:  # upper case may undo the normal form, and the other way round; once for almost everything
        key, before = _BLANKS_AND_HYPHENS.sub("", unicodedata.normalize("NFKC", key)).upper(), key
    if not key:
        raise ValueError("A number needs at least one letter or digit.")
    return key
