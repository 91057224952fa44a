"""Which passwords and PINs are taken."""

from __future__ import annotations

import pytest

from graph.errors import RefusalCode
from graph.rules.accounts import password_refusals
from graph.rules.receipts import pin_refusals


@pytest.mark.parametrize(
    "password", ["a long enough password", "correct horse battery", "Tr0ub4dor&3xx", "pilar y el río grande", "x" * 3 + "q9!" * 400]
)
def test_a_password_that_takes_long_to_guess_is_taken_whatever_it_is_made_of(password: str) -> None:
    assert password_refusals(password, "officer") == []


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "eleven char",
        "password1234",
        "passwordpassword",
        "qwertyuiopas",
        "123456789012",
        "aaaaaaaaaaaa",
        "officer.demo1",
        "armguardarmguard",
    ],
)
def test_what_is_short_or_tried_first_is_refused_and_says_what_is_good(password: str) -> None:
    (refusal,) = password_refusals(password, "officer.demo")
    assert (refusal.code, refusal.path) == (RefusalCode.INVALID_VALUE, "password")
    assert "sentence" in refusal.message
    assert password not in refusal.message


@pytest.mark.parametrize(("pin", "good"), [("482913", True), ("123456789012", True), ("48291", False), ("1" * 6, False), ("12345a", False)])
def test_a_pin_is_six_to_twelve_digits(pin: str, good: bool) -> None:
    assert (pin_refusals(pin) == []) is good
