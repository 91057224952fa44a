"""Random days at two arms rooms, order by order beside a model that was written from the domain alone: they never disagree.

An ordinary run plays 50 days of 50 orders, always the same; `make soak` plays as many as ARMGUARD_SOAK says, each time others.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from graph import database
from graph.commands.perform import Answer
from graph.errors import Forbidden, Refused
from graph.settings import Settings
from tests.conftest import Cluster, _copy, _in_postgres, assert_whole
from tests.properties import sayings
from tests.properties.counter import Product, Watch, beginning, build, shown
from tests.properties.orders import Order, TellOverdue

SOAK = int(os.environ.get("ARMGUARD_SOAK", "0"))
DAYS, ORDERS = SOAK or 50, 50


@dataclasses.dataclass
class Place:
    """Where the days are played: a cluster, a loop, a template, and what has been played so far."""

    cluster: Cluster
    runner: asyncio.Runner
    settings: Settings
    began: float = dataclasses.field(default_factory=time.monotonic)
    days: int = 0
    came_of: Counter[str] = dataclasses.field(default_factory=Counter)


class Day(RuleBasedStateMachine):
    """One day: every order is given to the product and to the model."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place, self.run = place, place.runner.run
        self.stack = contextlib.ExitStack()
        at = self.stack.enter_context(_copy(place.cluster, "counter_model"))
        self.start = datetime.now(UTC)
        self.model, self.product = beginning(self.start), Product(self.start)
        self.given: list[tuple[str, int, Order]] = []
        self.answers: dict[int, Answer] = {}
        self.run(self.product.open(at.runtime, place.settings))

    def teardown(self) -> None:
        """The chain is whole, and the ledger explains the tables."""
        try:
            self.run(assert_whole())
        finally:
            self.run(database.close_door())
            self.stack.close()
        self.place.days += 1
        if SOAK and self.place.days % 20 == 0:
            told = ", ".join(f"{kind.lower()} {number}" for kind, number in sorted(self.place.came_of.items()))
            print(f"{self.place.days} days, {time.monotonic() - self.place.began:.0f} s: {told}", file=sys.stderr, flush=True)  # noqa: T201

    # ------------------------------------------------------------------------------------------------------------------------- orders

    def give(self, account: str, order: Order, request: int | None = None) -> None:
        """Give an order to both, and compare what comes of it and how things stand then."""
        step = len(self.given)
        request = step if request is None else request
        self.given.append((account, request, order))
        before = datetime.now(UTC)
        expected = self.model.carry_out(step, account, request, order, before)
        answer = self.run(self.product.give(account, request, order))
        watch = Watch(before, datetime.now(UTC) + timedelta(milliseconds=1))
        self.place.came_of[expected.kind] += 1
        note(f"{account}, request {request}: {order}: {expected.kind} {said(answer)}")
        events = self.run(self.product.new_events())
        actor = "system:clock" if isinstance(order, TellOverdue) else account
        match expected.kind:
            case "FORBIDDEN":
                assert isinstance(answer, Forbidden)
            case "REFUSED":
                assert isinstance(answer, Refused), f"should be refused: {sorted(map(str, expected.why))}"
                theirs = {(refusal.code.value, refusal.line) for refusal in answer.refusals}
                assert theirs == {(reason.code, reason.line) for reason in expected.why}
                if not any(reason.code == "IDEMPOTENCY_MISMATCH" for reason in expected.why):
                    assert all(refusal.overridable for refusal in answer.refusals) == all(reason.overridable for reason in expected.why)
            case "PLANNED":
                assert isinstance(answer, Answer), said(answer)
                assert answer.planned is not None
                assert len(answer.planned) == len(expected.events)
            case "AGAIN":
                assert expected.first is not None
                assert isinstance(answer, Answer)
                assert answer == dataclasses.replace(self.answers[expected.first], repeated=True, shown=())
            case _:
                self.compare_answer(step, answer, expected.kind == "PROPOSED", len(expected.events))
        wrote = expected.events if expected.kind in ("DONE", "PROPOSED") else ()
        assert events == Counter((type_, actor) for type_ in wrote)
        self.compare(watch)

    def compare_answer(self, step: int, answer: Any, proposed: bool, events: int) -> None:
        """What a command that was done answers."""
        if answer is None:
            return
        assert isinstance(answer, Answer), said(answer)
        assert (answer.repeated, answer.planned, answer.proposed) == (False, None, proposed)
        assert len(answer.events) == events
        self.answers[step] = answer

    def compare(self, watch: Watch) -> None:
        """The tables stand as the model does; of what the server's clock said, the model takes note."""
        theirs, ours = self.run(self.product.view()), shown(self.model)
        for number, receipt in ours["receipts"].items():
            times = theirs["receipts"].get(number, {}).pop("times", ())
            assert all(watch.agrees(*each) for each in zip(receipt["times"], times, strict=True)), (number, receipt["times"], times)
            taken = [datetime.fromisoformat(each) if each else None for each in times]
            known = self.model.receipts[number]
            told = known.told is not None and known.told == known.due
            known.since, known.due, known.closed = taken[0] or known.since, taken[1], taken[2]
            known.told = known.due if told else known.told
            del receipt["times"]
        assert theirs == ours
        for lot in self.model.lots.values():
            terms = (lot.on_hand, lot.out, lot.expended, lot.lost, lot.disposed)
            assert min(terms) >= 0
            assert lot.received == sum(terms)

    @rule(data=st.data())
    def say(self, data: st.DataObject) -> None:
        account, request, order = data.draw(sayings.said(self.model, self.given))
        self.give(account, order, request)


def said(answer: Any) -> str:
    """What the product answered, shortly."""
    if isinstance(answer, Refused):
        return "; ".join(f"{refusal.code.value} at {refusal.line}: {refusal.message}" for refusal in answer.refusals)
    return type(answer).__name__


@pytest.fixture
def place(cluster: Cluster, migrated: str, settings: Settings) -> Iterator[Place]:
    """The small arms rooms as a template, and one loop for all days."""
    _in_postgres(cluster, "DROP DATABASE IF EXISTS counter_model", f"CREATE DATABASE counter_model TEMPLATE {migrated}")
    with asyncio.Runner() as runner:

        async def fill() -> None:
            await database.open_door(cluster.at("counter_model").runtime, settings)
            await build()
            await database.close_door()

        runner.run(fill())
        yield Place(cluster, runner, settings)


@pytest.mark.timeout(0 if SOAK else 600)  # finding the shortest day that goes wrong takes a while
def test_every_order_of_every_day_comes_out_as_the_domain_says(place: Place, share: float) -> None:
    days = int(DAYS * share)
    chosen = settings(
        max_examples=days,
        stateful_step_count=ORDERS,
        derandomize=not SOAK,
        database=None,
        deadline=None,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    run_state_machine_as_test(lambda: Day(place), settings=chosen)  # type: ignore[arg-type]
    assert place.days >= days
    assert {"DONE", "REFUSED", "PROPOSED", "PLANNED", "AGAIN"} <= set(place.came_of)
