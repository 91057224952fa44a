"""Normalised keys: the same number in whatever way it is written, and never two numbers as one."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.rules.items import serial_key
from graph.rules.keys import number_key
from graph.rules.people import service_number_key

SEPARATORS = [" ", "-", "\t", "\u00a0", "\u2009", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2015", "\u2212", "\uff0d", "\u3000"]
LETTERS = st.text(string.ascii_letters + string.digits, min_size=1, max_size=20)
PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F))


def has_something(written: str) -> bool:
    """Whether a text has a key."""
    try:
        number_key(written)
    except ValueError:
        return False
    return True


def test_items_and_people_have_keys_made_alike() -> None:
    assert serial_key is number_key
    assert service_number_key is number_key


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("abc-123", "ABC123"),
        (" W 123 456 ", "W123456"),
        ("000123", "000123"),
        ("１２３Ａ", "123A"),
        ("AB\u2011\u2013\u221212", "AB12"),
        ("ß1", "SS1"),
        ("ﬃ7", "FFI7"),
        ("M-16/A2.B", "M16/A2.B"),
        ("Ñ-1", "Ñ1"),
        ("N\u0303-1", "Ñ1"),
    ],
)
def test_a_number_is_written_without_blanks_and_hyphens_in_capitals(written: str, key: str) -> None:
    assert number_key(written) == key


@pytest.mark.parametrize("written", ["", " ", "-", " - \u2013\t", "\u3000", "\u2212\u2212"])
def test_a_number_needs_a_letter_or_digit(written: str) -> None:
    with pytest.raises(ValueError, match="at least one letter or digit"):
        number_key(written)


@given(st.text(min_size=1).filter(has_something))
def test_the_key_of_a_key_is_itself(written: str) -> None:
    assert number_key(number_key(written)) == number_key(written)


def test_the_key_of_a_key_is_itself_for_every_character_there_is() -> None:
    for code in range(0x110000):
        if not 0xD800 <= code < 0xE000:
            key = number_key(f"1{chr(code)}A\u0301")
            assert number_key(key) == key, hex(code)


@given(LETTERS, st.data())
def test_case_blanks_and_hyphens_make_no_difference(plain: str, data: st.DataObject) -> None:
    written = "".join(
        data.draw(st.sampled_from([letter.lower(), letter.upper()])) + "".join(data.draw(st.lists(st.sampled_from(SEPARATORS), max_size=3)))
        for letter in plain
    )
    lead = "".join(data.draw(st.lists(st.sampled_from(SEPARATORS), max_size=3)))
    assert number_key(lead + written) == number_key(plain) == plain.upper()


@given(st.text(min_size=1).filter(has_something))
def test_a_number_in_another_normal_form_is_the_same(written: str) -> None:
    import unicodedata

    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert number_key(unicodedata.normalize(form, written)) == number_key(written)


@given(LETTERS, st.integers(1, 5))
def test_leading_zeros_make_another_number(plain: str, zeros: int) -> None:
    assert number_key("0" * zeros + plain) != number_key(plain)


@given(LETTERS, LETTERS)
def test_two_numbers_never_become_one(one: str, other: str) -> None:
    assert (number_key(one) == number_key(other)) == (one.upper() == other.upper())


async def test_the_database_makes_the_same_key_of_printable_ascii(plain_sql: Any) -> None:
    written: list[str] = []

    @settings(max_examples=1000, database=None)
    @given(st.text(PRINTABLE, min_size=1, max_size=64).filter(has_something))
    def gather(text: str) -> None:
        written.append(text)

    gather()
    written += [f"1{character}" for character in PRINTABLE]
    rows = await plain_sql.fetch("SELECT text, armguard_key(text) AS key FROM unnest($1::text[]) AS text", written)
    assert [(row["text"], row["key"]) for row in rows] == [(text, number_key(text)) for text in written]


async def test_the_database_makes_the_same_key_of_other_hyphens_and_blanks(plain_sql: Any) -> None:
    for separator in SEPARATORS:
        assert await plain_sql.fetchval("SELECT armguard_key($1)", f"a{separator}1") == number_key(f"a{separator}1") == "A1"
