"""Thirty-two counters on ten pistols and two lots: the order of the ledger is one in which every answer, yes or no, is the right one.

The ledger is read in the order of its seq, and the model of `tests.properties` says what each order would come to after each of its events.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from tests.commands.test_custody import DUTY, G17, LAGMAN, OCAMPO, PERSON, codes, done, look, new, only
from tests.commands.test_receipts import confirm, drawn, pin, policy, state_of
from tests.commands.test_stock import ISSUE, RECEIVE, RETURN, SETTLE, bring, draw, line, lots, model_id, receive, so_many
from tests.properties import model as m
from tests.properties.orders import Back, Became, Issue, Order, Out, ReceiveStock, Ref, Return, Settle, Some, Transfer
from tests.server import Client, Live

HISTORY = """query ($s: String!) { item(serial: $s) { serviceability events(first: 1) { edges { node { type } } }
  history(first: 5) { edges { node { conditionOut conditionIn } } } } }"""
CLIENTS, COMMANDS = 32, 2000
PISTOLS = [f"G17-{number:03}" for number in range(1, 11)]
PEOPLE = [f"S-{number:03}" for number in range(6, 14)]
LOTS = {"LOT-A": 14, "LOT-B": 11}  # of the same article: the first goes out first
ARTICLE = "9MM"
WRITTEN = "repeated records { id receiptNumber item { serial } } events { id seq type summary }"
WHY = "... on Refused { refusals { code message line } }"


def document(verb: str, success: str) -> str:
    """A mutation at the counter."""
    given = f"{verb[0].upper()}{verb[1:]}Input!"
    return f"mutation ($i: {given}) {{ {verb}(input: $i) {{ __typename ... on {success} {{ {WRITTEN} }} {WHY} }} }}"


DOCUMENTS = {
    Issue: document("issueItems", "ItemsIssued"),
    Return: document("returnItems", "ItemsReturned"),
    Transfer: document("transferItems", "ItemsTransferred"),
    Settle: document("settleStock", "StockSettled"),
    ReceiveStock: RECEIVE,
}
# What may stand against an order here; anything else would be a fault.
POSSIBLE = {
    *("ITEM_NOT_AVAILABLE", "NOT_ISSUED", "INSUFFICIENT_STOCK", "LIMIT_EXCEEDED", "OVER_RETURN", "OUTSTANDING_STOCK", "HELD_BY_OTHER"),
    "INVALID_VALUE",  # to let a weapon go into the hand that has it
}


@dataclass
class Sent:
    """An order, sent twice; each time the head of the stream before it was sent and after it was answered, and the answer."""

    order: Order
    request: str = field(default_factory=lambda: str(uuid4()))
    answers: list[tuple[int, int, Any]] = field(default_factory=list)


def orders(number: int, chance: random.Random) -> list[Order]:
    """What many counters want at once, none of them knowing what the others do."""

    def items() -> list[str]:
        return chance.sample(PISTOLS, chance.choice((1, 1, 1, 2)))

    def became(most: int) -> tuple[Became, ...]:
        returned, expended = chance.randint(0, most), chance.choice((0, 0, 1, 2))
        lost = chance.choice((0, 0, 0, 1))
        which: dict[str, Any] = {"article": ARTICLE} if chance.random() < 0.6 else {"lot": chance.choice(list(LOTS))}
        return (Became(**which, returned=returned, expended=expended, lost=lost, reason="in the river" if lost else None),)

    def one() -> Order:
        holder = chance.choice(PEOPLE)
        match chance.choices(("issue", "return", "transfer", "settle", "receive"), (36, 34, 16, 12, 2))[0]:
            case "issue":
                some = (Some(chance.randint(1, 9), ARTICLE),) if chance.random() < 0.7 else (Some(chance.randint(1, 9), lot="LOT-B"),)
                return Issue(holder=holder, lines=tuple(Out(Ref(serial), some if chance.random() < 0.7 else None) for serial in items()))
            case "return":
                told = chance.random() < 0.3
                lines = tuple(Back(Ref(serial), became(5) if told else (), rest=chance.random() < 0.75) for serial in items())
                return Return(lines=lines, holder=holder if chance.random() < 0.2 else None)
            case "transfer":
                giver = chance.choice(PEOPLE) if chance.random() < 0.3 else None
                return Transfer(holder=holder, lines=tuple(Out(Ref(serial)) for serial in items()), giver=giver)
            case "settle":
                return Settle(lines=tuple(Back(Ref(serial), became(3)) for serial in items()))
            case _:
                return ReceiveStock(room="NORTH", article=ARTICLE, lot=chance.choice(list(LOTS)), quantity=chance.randint(1, 4))

    return [one() for _ in range(number)]


def as_input(order: Any, request: str) -> dict[str, Any]:
    """An order as a client sends it."""
    if isinstance(order, ReceiveStock):
        return {"requestId": request, "armory": order.room, "article": order.article, "lotNumber": order.lot, "quantity": order.quantity}
    said: dict[str, Any] = {"requestId": request, "lines": [_line(each) for each in order.lines]}
    if getattr(order, "holder", None):
        said["holder"] = {"serviceNumber": order.holder}
    if getattr(order, "giver", None):
        said["handedOverBy"] = {"serviceNumber": order.giver}
    return said


def _line(each: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"item": {"serial": each.item.serial}}
    if isinstance(each, Back):
        found["allStockReturned"] = each.rest
    if each.stock:
        found["stock"] = [_stock(some) for some in each.stock]
    return found


def _stock(some: Any) -> dict[str, Any]:
    named = {"article": some.article} if some.article else {"lotNumber": some.lot}
    said = {name: getattr(some, name) for name in ("quantity", "returned", "expended", "lost", "reason") if hasattr(some, name)}
    return {**named, **said}


class Counters:
    """The clients, and somebody who looks how far the stream is."""

    def __init__(self, live: Live, pool: Any, stream: str) -> None:
        self.clients = [live.as_(("north", "north.two")[number % 2]) for number in range(CLIENTS)]
        self.pool, self.stream = pool, stream

    async def head(self) -> int:
        """How far the stream is."""
        seq: int = await self.pool.fetchval("SELECT seq FROM stream_head WHERE stream = $1", self.stream)
        return seq

    async def send(self, client: Client, sent: Sent) -> None:
        """Send an order once; what is no business answer fails the test."""
        before = await self.head()
        data = await client(DOCUMENTS[type(sent.order)], i=as_input(sent.order, sent.request))
        (answer,) = data.values()
        sent.answers.append((before, await self.head(), answer))

    async def play(self, all_sent: list[Sent], chance: random.Random) -> None:
        """Send every order twice, by the same account: the second time at once, or a little or much later."""
        queues: list[list[tuple[float, Sent]]] = [[], []]
        for place, sent in enumerate(all_sent):
            later = chance.choice((0.5, 0.5, 20.5, 200.5))
            queues[place % 2] += [(place, sent), (place + later, sent)]

        async def counter(client: Client, turns: Iterator[tuple[float, Sent]]) -> None:
            for _, sent in turns:
                await self.send(client, sent)

        turns = [iter(sorted(queue, key=lambda each: each[0])) for queue in queues]
        await asyncio.gather(*(counter(client, turns[number % 2]) for number, client in enumerate(self.clients)))


def north(sidearms: int) -> m.Model:
    """The model of what stands there before."""
    lots = {
        number: m.Lot(number, "NORTH", ARTICLE, "AMMUNITION", "Ball", frozenset({"PISTOL"}), quantity, 0, quantity)
        for number, quantity in LOTS.items()
    }
    return m.Model(
        datetime(2026, 1, 1, tzinfo=UTC),
        {"NORTH": m.Room("NORTH", {"SIDEARM": sidearms})},
        {number: m.Person(number) for number in PEOPLE},
        {serial: m.Item(serial, "NORTH", "PISTOL", "SIDEARM") for serial in PISTOLS},
        lots,
        {},
        {"north": m.Account("north", frozenset({"NORTH"}))},
    )


def refusals(answer: Any) -> frozenset[tuple[str, int | None]]:
    """Why not, line by line."""
    return frozenset((refusal["code"], refusal["line"]) for refusal in answer["refusals"])


class Ledger:
    """The ledger's events of the arms room in the order of their seq, folded by the model, and by their own payloads."""

    def __init__(self, events: list[Any], before: int, model: m.Model) -> None:
        self.events, self.model = [event for event in events if event["seq"] > before], model
        self.by_request: dict[str, list[Any]] = {}
        for event in self.events:
            self.by_request.setdefault(str(event["request_id"]), []).append(event)
        self.step = 0

    def would(self, order: Order, seq: int) -> m.Outcome:
        """What an order would come to after this event; only what is refused leaves everything as it is."""
        self.step += 1
        return self.model.carry_out(self.step, "north", self.step, order, self.model.start + timedelta(seconds=seq))

    def check(self, all_sent: list[Sent]) -> Counter[str]:
        """Every success is at its place in the order one that had to succeed; every refusal was right after some event in its time."""
        ends = {events[-1]["seq"]: request for request, events in self.by_request.items()}
        by_request = {sent.request: sent for sent in all_sent}
        refused = [(before, after, sent, refusals(answer)) for sent in all_sent for before, after, answer in sent.answers if _no(answer)]
        open_ones = deque(sorted(refused, key=lambda each: each[0]))
        told: Counter[str] = Counter()
        waiting: list[Any] = []
        for seq in [self.events[0]["seq"] - 1, *sorted(ends)]:  # a head is seen only where a command has committed
            if seq in ends:
                sent = by_request[ends[seq]]
                outcome = self.would(sent.order, seq)
                assert outcome.kind == "DONE", (seq, sent, outcome)
                assert [event["type"] for event in self.by_request[sent.request]] == list(outcome.events)
                told[type(sent.order).__name__] += 1
                self._forget_what_is_closed()
                assert all(after >= seq for _, after, _, _ in waiting), "a refusal that was never right"
            while open_ones and open_ones[0][0] <= seq:
                waiting.append(open_ones.popleft())
            waiting = [each for each in waiting if not self._right(each, seq, told)]
        assert not waiting, waiting
        assert not open_ones
        return told

    def _right(self, each: Any, seq: int, told: Counter[str]) -> bool:
        _, _, sent, why = each
        mine = self.by_request.get(sent.request)
        if mine is not None and seq >= mine[-1]["seq"]:
            return False  # it has been done by then: it would be told so
        outcome = self._look(sent.order, seq)
        right = outcome.kind == "REFUSED" and {(reason.code, reason.line) for reason in outcome.why} == why
        if right:
            told.update(code for code, _ in why)
        return right

    def _look(self, order: Order, seq: int) -> m.Outcome:
        looked: Any = {**vars(order), "dry": True}
        return self.would(type(order)(**looked), seq)

    def _forget_what_is_closed(self) -> None:
        self.model.receipts = {number: receipt for number, receipt in self.model.receipts.items() if receipt.closed is None}
        self.model.done.clear()

    def fold(self) -> int:
        """By the payloads alone: one open receipt of an item at most, and every lot conserved, after every single event."""
        held: dict[str, str] = {}
        lots: dict[str, dict[str, int]] = {}
        for event in self.events:
            payload = json.loads(event["payload"])
            record = payload.get("custody_record", {})
            match event["type"]:
                case "ITEM_ISSUED" | "ITEM_TAKEN_OVER":
                    assert held.setdefault(record["item_id"], record["id"]) == record["id"], event["seq"]
                case "ITEM_RETURNED" | "ITEM_HANDED_OVER":
                    assert held.pop(str(event["item_id"])) == record["id"], event["seq"]
            for lot in payload.get("stock_lot", ()):
                terms = lots.setdefault(lot["id"], dict(lot["before"]))
                assert {name: terms.setdefault(name, value) for name, value in lot["before"].items()} == lot["before"], event["seq"]
                terms.update(lot["after"])
                assert min(value for name, value in terms.items() if name != "last_event_id") >= 0, event["seq"]
                moved = {name: lot["after"][name] - lot["before"][name] for name in lot["after"] if name != "last_event_id"}
                came = moved.pop("received", 0) - moved.pop("disposed", 0)
                assert came == sum(moved.values()), event["seq"]
        return len(held)


def _no(answer: Any) -> bool:
    return bool(answer["__typename"] == "Refused")


def agree(sent: Sent) -> None:
    """Both answers of a request are the same, if it was done at all; it is said once that it was done now."""
    successes = [answer for *_, answer in sent.answers if not _no(answer)]
    if not successes:
        return
    if isinstance(sent.order, ReceiveStock):
        assert len(successes) == 2
        assert successes[0]["lot"]["id"] == successes[1]["lot"]["id"]
        return
    assert sorted(answer["repeated"] for answer in successes) == [False, True][: len(successes)]
    first, last = ({**answer, "repeated": None} for answer in (successes[0], successes[-1]))
    assert first == last


async def test_inv_10_two_thousand_orders_at_once_have_an_order_in_which_every_answer_is_right(
    live: Live, database_url: str, share: float
) -> None:
    chance = random.Random(2000)
    armorer = live.as_("north")
    for number, quantity in LOTS.items():
        await receive(armorer, ARTICLE, number, quantity, fits=[await model_id(armorer, "Pistol G17")])
    async with asyncpg.create_pool(database_url, min_size=4, max_size=8) as pool:
        stream = await pool.fetchval("SELECT id::text FROM armory WHERE code = 'NORTH'")
        counters = Counters(live, pool, stream)
        before = await counters.head()
        all_sent = [Sent(order) for order in orders(int(COMMANDS * share), chance)]
        await counters.play(all_sent, chance)
        events = await pool.fetch("SELECT seq, type, payload, request_id, item_id FROM ledger_event WHERE stream = $1 ORDER BY seq", stream)
        deadlocks = await pool.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        out = await pool.fetchval("SELECT count(*) FROM custody_record WHERE closed_at IS NULL")
    ledger = Ledger(events, before, north(sidearms=1))
    assert ledger.fold() == out
    assert {code for sent in all_sent for *_, answer in sent.answers if _no(answer) for code, _ in refusals(answer)} <= POSSIBLE
    for sent in all_sent:
        assert len(sent.answers) == 2
        done = any(not _no(answer) for *_, answer in sent.answers)
        assert done == (sent.request in ledger.by_request)  # in the ledger exactly once: one command's events, told below
        agree(sent)
    told = ledger.check(all_sent)
    assert deadlocks == 0  # every command takes its locks in the same order
    assert all(told[each] for each in (*POSSIBLE, "Issue", "Return", "Transfer", "Settle", "ReceiveStock")), told


# --------------------------------------------------------------------------------------------------------- what people have complained of


@pytest.fixture
def armorer(live: Live) -> Client:
    """The armorer at the counter of NORTH."""
    return live.as_("north")


async def test_a_bulk_draw_refuses_what_a_single_draw_refuses(live: Live, armorer: Client) -> None:
    await receive(armorer, "9MM", "LOT-A", 5, fits=[await model_id(armorer, "Pistol G17")])
    done(await draw(armorer, LAGMAN, line("M4-002")))
    lines = [
        line("M4-002"),
        line(G17, so_many("9MM", 6)),
        line("PVS-002", so_many("9MM", 1)),
        line("PVS-001", so_many("45-ACP", 1)),
        line("G17-002"),
        line("NO-SUCH-THING"),
    ]
    alone = [frozenset(codes(await draw(armorer, "S-004", each))) for each in lines]
    together = await draw(armorer, "S-004", *lines)
    of_line = [{refusal["code"] for refusal in together["refusals"] if refusal["line"] in (None, place)} for place in range(len(lines))]
    assert of_line[:4] == [set(each) for each in alone[:4]]
    assert of_line[5] == alone[5] == {"PERSON_NOT_ELIGIBLE", "UNKNOWN_CODE"}
    assert of_line[4] == alone[4] | {"LIMIT_EXCEEDED"}  # beside the other pistol it is one too many
    assert [(await look(armorer, serial))["state"] for serial in (G17, "PVS-002", "PVS-001")] == ["IN_ROOM"] * 3


async def test_five_clicks_draw_once(live: Live, armorer: Client, plain_sql: Any) -> None:
    answers = await asyncio.gather(*(client.issue(OCAMPO, G17) for client in [armorer] * 5))
    assert sorted(answer["__typename"] for answer in answers) == ["ItemsIssued"] + ["Refused"] * 4
    assert {only(answer)["code"] for answer in answers if _no(answer)} == {"ITEM_NOT_AVAILABLE"}
    assert await plain_sql.fetchval("SELECT count(*) FROM custody_record") == 1
    assert await plain_sql.fetchval("SELECT count(*) FROM ledger_event WHERE type = 'ITEM_ISSUED'") == 1


@pytest.mark.parametrize("quantity", [0, -1, -2_147_483_648, 1_000_001])
async def test_a_quantity_is_checked_by_the_api_not_by_a_page(armorer: Client, quantity: int) -> None:
    await receive(armorer, "9MM", "LOT-A", 5)
    given = new(holder={"serviceNumber": OCAMPO}, lines=[line(G17, so_many("9MM", quantity))])
    assert await armorer.code(ISSUE, i=given) == "BAD_REQUEST"
    assert await armorer.code(RECEIVE, i=new(armory="NORTH", article="9MM", lotNumber="LOT-A", quantity=quantity)) == "BAD_REQUEST"
    done(await draw(armorer, OCAMPO, line(G17, so_many("9MM", 5))))
    if quantity:
        for verb, word in ((RETURN, "returned"), (SETTLE, "expended"), (SETTLE, "lost")):
            stock = {"article": "9MM", word: quantity, "reason": "said so"}
            assert await armorer.code(verb, i=new(lines=[line(G17, stock)])) == "BAD_REQUEST"
    assert (await lots(armorer))["LOT-A"]["outOnIssue"] == 5


async def test_who_has_a_weapon_out_is_not_deactivated(live: Live, armorer: Client) -> None:
    done(await armorer.issue(OCAMPO, G17))
    person = (await armorer(PERSON, n=OCAMPO))["person"]
    leaving = {"id": person["id"], "dutyStatus": "SEPARATED", "reason": "end of service"}
    assert codes((await live.as_("officer")(DUTY, i=new(**leaving)))["changeDutyStatus"]) == ["PERSON_HOLDS_ITEMS"]
    assert (await armorer(PERSON, n=OCAMPO))["person"]["dutyStatus"] == "ACTIVE"


async def test_a_stale_page_does_not_issue_what_another_counter_has_just_issued_and_taken_back(live: Live, armorer: Client) -> None:
    shown, other = await look(armorer, G17), live.as_("north.two")
    done(await other.issue(LAGMAN, G17))
    stale = {"holder": {"serviceNumber": OCAMPO}, "lines": [line(G17, expectedVersion=shown["version"])]}
    assert codes((await armorer(ISSUE, i=new(**stale)))["issueItems"]) == ["VERSION_CONFLICT", "ITEM_NOT_AVAILABLE"]
    done(await other.give_back(G17))
    assert codes((await armorer(ISSUE, i=new(**stale)))["issueItems"]) == ["VERSION_CONFLICT"]
    assert (await look(armorer, G17))["state"] == "IN_ROOM"


async def test_a_condition_found_at_the_return_stands_in_the_history_and_in_the_ledger(armorer: Client, plain_sql: Any) -> None:
    done(await armorer.issue(OCAMPO, G17))
    back = done(await bring(armorer, line(G17, condition="UNSERVICEABLE")))
    assert back["events"][0]["payload"]["item"]["after"]["serviceability"] == "UNSERVICEABLE"
    found = await armorer(HISTORY, s=G17)
    assert found["item"]["serviceability"] == "UNSERVICEABLE"
    assert found["item"]["history"]["edges"] == [{"node": {"conditionOut": "SERVICEABLE", "conditionIn": "UNSERVICEABLE"}}]
    assert found["item"]["events"]["edges"][0]["node"]["type"] == "ITEM_RETURNED"


async def test_what_was_accepted_once_is_not_accepted_the_next_time(live: Live, armorer: Client) -> None:
    await policy(live, confirmationRequired=True)
    await pin(armorer)
    receipt = await drawn(armorer, G17)
    assert (await confirm(armorer, receipt))["record"]["confirmation"] == "CONFIRMED"
    done(await bring(armorer, line(G17)))
    again = await drawn(armorer, G17)
    assert (await state_of(armorer, again))["confirmation"] == "PENDING"
    assert codes(await confirm(armorer, receipt)) == ["STATE_NOT_ALLOWED"]
    assert (await state_of(armorer, again))["confirmation"] == "PENDING"


async def test_a_retry_after_a_lost_answer_does_not_draw_again(live: Live, armorer: Client, plain_sql: Any) -> None:
    await receive(armorer, "9MM", "LOT-A", 50)
    given = new(holder={"serviceNumber": OCAMPO}, lines=[line(G17, so_many("9MM", 10))])
    with contextlib.suppress(httpx.ReadTimeout):  # it is sent, and nobody hears the answer
        await armorer.http.post("/graphql", json={"query": ISSUE, "variables": {"i": given}}, timeout=httpx.Timeout(30, read=0.001))
    retried = done((await armorer(ISSUE, i=given))["issueItems"])
    third = done((await armorer(ISSUE, i=given))["issueItems"])
    assert third == {**retried, "repeated": True}
    assert await plain_sql.fetchval("SELECT count(*) FROM custody_record") == 1
    assert ((await lots(armorer))["LOT-A"]["onHand"], (await lots(armorer))["LOT-A"]["outOnIssue"]) == (40, 10)
