"""How attempts are counted."""

from __future__ import annotations

import time

import pytest

from graph.commands.attempts import SIGN_IN_SECONDS, attempts, origin_of, take_sign_in
from graph.errors import RateLimited


async def test_good_sign_ins_are_forgotten_while_old_attempts_are_swept_out(opened: str, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = attempts()
    names = [f"name.{number}" for number in range(20)]
    for name in names:
        assert await counted.take(counted.of_name, name) == 0
    later = time.time() + SIGN_IN_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    await counted.forget(counted.of_name, names[0])
    assert await counted.take(counted.of_name, "another") == 0  # sweeps
    for name in names:
        await counted.forget(counted.of_name, name)
        assert await counted.take(counted.of_name, name) == 0


def test_an_address_is_counted_with_all_that_its_owner_has() -> None:
    assert origin_of("2001:db8:1:2:3:4:5:6") == origin_of("2001:db8:1:2::1") != origin_of("2001:db8:1:3::1")
    assert origin_of("::ffff:192.0.2.7") == origin_of("192.0.2.7") == "192.0.2.7"
    for none in ("", "testclient", "not:an:address"):
        assert origin_of(none) == none


async def test_a_guesser_gains_nothing_by_the_other_addresses_of_the_same_network(opened: str) -> None:
    most = attempts().of_name.amount
    for number in range(most):
        await take_sign_in("north", f"2001:db8:1:2::{number:x}")
    with pytest.raises(RateLimited) as refused:
        await take_sign_in("north", "2001:db8:1:2:ffff::1")
    assert 0 < refused.value.retry_after_seconds <= SIGN_IN_SECONDS
    await take_sign_in("north", "2001:db8:1:3::1")
