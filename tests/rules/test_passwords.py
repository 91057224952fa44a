"""Which passwords and PINs are taken."""

from __future__ import annotations

import time

import pytest

from graph.commands.passwords import matches, nobodys_hash
from graph.errors import RefusalCode
from graph.rules.accounts import LONGEST_PASSWORD, password_refusals, username_refusals
from graph.rules.receipts import pin_refusals


@pytest.mark.parametrize(
    "password", ["a long enough password", "correct horse battery", "Tr0ub4dor&3xx", "pilar y el río grande", "x" * 3 + "q9!" * 340]
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
        "officer.demo.officer.demo",
        "OFFICER.DEMO officer.demo 1",
        "x" * 1025,
    ],
)
def test_what_is_short_or_tried_first_is_refused_and_says_what_is_good(password: str) -> None:
    (refusal,) = password_refusals(password, "officer.demo")
    assert (refusal.code, refusal.path) == (RefusalCode.INVALID_VALUE, "password")
    assert "sentence" in refusal.message or "at most 1024" in refusal.message
    assert password not in refusal.message


@pytest.mark.parametrize("password", ["4@8({[<369!1/|0$57+%2" * 3, "4@(<69!1|7$5+x%2" * 4, "20112012" * 8, "x" * 1024])
def test_no_password_keeps_the_server_busy(password: str) -> None:
    began = time.process_time()
    password_refusals(password, "officer")
    assert time.process_time() - began < 1  # tenths of a second at most; there were some that took ten seconds


@pytest.mark.parametrize("longest", [LONGEST_PASSWORD, 400_000])
async def test_nobody_keeps_the_server_busy_with_marks_that_go_in_another_order(longest: int) -> None:
    password = ("\u0301\u0316" * longest)[:longest]  # to put them in order takes the square of their number: minutes, for a body of them
    began = time.process_time()
    password_refusals(password, "officer")
    assert not await matches(await nobodys_hash(), password)
    assert time.process_time() - began < 2


def test_a_password_is_counted_as_it_is_compared() -> None:
    assert len(password_refusals("e\u0301" * 11, "officer")) == 1  # eleven letters, however a keyboard makes them
    assert password_refusals("pilar y el ri\u0301o grande", "officer") == []
    (refusal,) = password_refusals("\ud800 seven herons over the marsh", "officer")
    assert refusal.message == "The password has characters that cannot be written."


@pytest.mark.parametrize("username", ["officer.demo", "jo+duty@example.mil", "Peña_2", "x"])
def test_a_username_is_letters_digits_and_a_few_signs(username: str) -> None:
    assert username_refusals(username) == []


@pytest.mark.parametrize("username", ["", "two words", "console:root", "a/b", "ﬁrst", "İ" * 40, "x" * 65, "new\nline", "\u202eabc"])
def test_what_could_be_taken_for_another_in_the_ledger_is_no_username(username: str) -> None:
    (refusal,) = username_refusals(username)
    assert (refusal.code, refusal.path) == (RefusalCode.INVALID_VALUE, "username")


@pytest.mark.parametrize(("pin", "good"), [("482913", True), ("123456789012", True), ("48291", False), ("1" * 6, False), ("12345a", False)])
def test_a_pin_is_six_to_twelve_digits(pin: str, good: bool) -> None:
    assert (pin_refusals(pin) == []) is good
