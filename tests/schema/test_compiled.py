"""What the compiled reads answer is what the plain resolvers answer, byte for byte: errors, nulls and the order of keys included."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn
from graphql import get_named_type, is_leaf_type
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from graph.address import Addresses
from graph.app import create_app
from graph.schema.api import build_schema
from graph.schema.execution import Execution
from graph.schema.readings import PLANS
from graph.settings import Settings
from tests.conftest import Cluster, _copy
from tests.schema.queries import Known, documents
from tests.server import Client, Live, listening, running_server, subscribe
from tests.world import ACCOUNTS, token_of

SCHEMA = build_schema(Settings())._schema
EXAMPLES = int(os.environ.get("ARMGUARD_EXAMPLES", "200"))
LIMITS = Settings(standing_seconds=2, feed_poll_seconds=0.2, overdue_poll_seconds=0.5, second_factor_roles=())
NOTE = 'He said "no \\ maybe"\n\tthen < & > \u2028 \u05e9\u05dc\u05d5\u05dd \U0001f52b é'
ASKERS = (*ACCOUNTS, None)
REPEATABLE = settings(deadline=None, derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))


@contextlib.asynccontextmanager
async def plain_server(url: str) -> AsyncIterator[int]:
    """A server that answers by the plain resolvers, over the door that the other one has opened."""
    taken = listening()
    app = create_app(LIMITS.model_copy(update={"compiled_reads": False}), url)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server.serve(sockets=[taken]))
    try:
        yield taken.getsockname()[1]
    finally:
        server.should_exit = True
        await serving


async def fill(live: Live) -> None:
    """Some history: every field of every type is there somewhere, and null somewhere."""
    north, south, officer = live.as_("north"), live.as_("south"), live.as_("officer")
    await north.issue("S-001", "M4-001", "PVS-001", "PVS-002", purpose="SENTINEL", note=NOTE)
    await north.issue("S-002", "G17-001", issueType="HAND_RECEIPT")
    await south.issue("S-001", "G17-101", "PVS-101", purpose="SENTINEL")
    condition = [{"item": {"serial": "PVS-001"}, "condition": "UNSERVICEABLE", "roundsFired": 7}]
    returned = "mutation ($i: ReturnItemsInput!) { returnItems(input: $i) { __typename } }"
    brought = {"broughtBy": {"serviceNumber": "S-003"}, "broughtReason": NOTE, "note": "back"}
    await north(returned, i={"requestId": str(uuid4()), "lines": condition, **brought})
    for number in range(3):
        await north.issue(f"S-{number + 6:03}", "M4-002", "PVS-003")
        await north.give_back("M4-002", "PVS-003")
    maintenance = (
        'mutation ($r: UUID!) { sendToMaintenance(input: {requestId: $r, item: {serial: "M4-003"}, reason: "sear"}) { __typename } }'
    )
    await north(maintenance, r=str(uuid4()))
    await north(
        'mutation ($r: UUID!) { revokeTag(input: {requestId: $r, code: "TAG-G17-001", reason: "worn"}) { __typename } }', r=str(uuid4())
    )
    await officer(
        'mutation ($r: UUID!, $a: ID!) { editArmory(input: {requestId: $r, id: $a, name: "South \\"wing\\""}) { __typename } }',
        r=str(uuid4()),
        a=(await officer('{ armory(code: "SOUTH") { id } }'))["armory"]["id"],
    )
    for username in ACCOUNTS:  # what the ledger says of each for an hour: so it says nothing new while answers are compared
        for refused in (
            "accounts { totalCount }",
            "securityEvents { totalCount }",
            'canIssue(person: {badge: "x"}, items: []) { allowed }',
        ):
            await live.as_(username).answer(f"{{ {refused} }}")


async def do(client: Client, verb: str, /, **fields: Any) -> Any:
    """Do a command, which must succeed; what it answers of a proposal."""
    assert SCHEMA.mutation_type is not None
    kind = SCHEMA.mutation_type.fields[verb].args["input"].type
    parts = "__typename ... on Proposed { proposal { id } } ... on Refused { refusals { code message } }"
    asked = parts if verb in ("issueItems", "adjustStock") else "__typename"
    answer = (await client(f"mutation ($i: {kind}) {{ {verb}(input: $i) {{ {asked} }} }}", i={"requestId": str(uuid4()), **fields}))[verb]
    assert answer["__typename"] != "Refused", (verb, fields, answer)
    return answer.get("proposal", {}).get("id")


def lines_of(*serials: str, **more: Any) -> list[dict[str, Any]]:
    """Lines of a command."""
    return [{"item": {"serial": serial}, **more} for serial in serials]


async def fill_shelves(live: Live) -> None:
    """Stock, second persons, and what is said of receipts: in every state that there is."""
    north, south, officer = live.as_("north"), live.as_("south"), live.as_("officer")
    pistol, room = (await officer('{ item(serial: "G17-001") { model { id } armory { id } } }'))["item"].values()
    rounds = {
        "article": "9MM-BALL",
        "lotNumber": "L-1",
        "kind": "AMMUNITION",
        "name": NOTE.strip(),
        "dodic": "A363",
        "fits": [pistol["id"]],
    }
    await do(north, "receiveStock", armory="NORTH", quantity=100, **rounds, note=NOTE)
    await do(south, "receiveStock", armory="SOUTH", quantity=20, **rounds)
    for article, kind in (("MAG-G17", "MAGAZINE"), ("CHEM-LIGHT", "ACCESSORY")):
        await do(north, "receiveStock", armory="NORTH", article=article, lotNumber="1", kind=kind, name=article, quantity=30)
    loadout = [{"category": "PISTOL", "article": article, "quantity": most} for article, most in (("9MM-BALL", 15), ("MAG-G17", 2))]
    await do(officer, "registerPurpose", code="GATE", name="Gate", dueHours=8, loadout=loadout)
    await do(north, "issueItems", holder={"serviceNumber": "S-016"}, lines=lines_of("G17-003"), purpose="GATE")
    used = {"article": "9MM-BALL", "returned": 3, "expended": 2}
    await do(north, "settleStock", lines=lines_of("G17-003", stock=[used]))
    await do(north, "setPin", person={"serviceNumber": "S-016"}, pin="482913")
    await do(north, "confirmReceipt", item={"serial": "G17-003"}, pin="482913")
    await do(
        north, "issueItems", holder={"serviceNumber": "S-016"}, lines=lines_of("PVS-004", stock=[{"article": "CHEM-LIGHT", "quantity": 4}])
    )
    lost = {"article": "CHEM-LIGHT", "lost": 1, "reason": NOTE}
    await do(north, "returnItems", lines=lines_of("PVS-004", stock=[lost], allStockReturned=True))
    await do(north, "confirmReceipt", item={"serial": "PVS-004"}, pin="482913", stage="RETURN")
    for serial, number in (("G17-005", 18), ("G17-006", 19)):
        alarm = {"issueType": "EMERGENCY", "note": "alarm"}
        await do(north, "issueItems", holder={"serviceNumber": f"S-0{number}"}, lines=lines_of(serial), **alarm)
    await do(officer, "regulariseEmergency", item={"serial": "G17-005"}, note=NOTE)
    card = {"person": {"serviceNumber": "S-020"}, "item": {"serial": "G17-007"}, "cardNumber": "CARD-20"}
    await do(officer, "authorize", **card, validFrom="2026-01-01")
    await do(officer, "editArmory", id=room["id"], authorizationRequired=True, confirmationRequired=True)
    await do(north, "issueItems", holder={"serviceNumber": "S-020"}, lines=lines_of("G17-007"))
    await do(officer, "editArmory", id=room["id"], authorizationRequired=False, confirmationRequired=False)
    for serial, number, stock in (("PVS-007", 22, []), ("PVS-008", 23, [{"article": "CHEM-LIGHT", "quantity": 2}])):
        await do(north, "issueItems", holder={"serviceNumber": f"S-0{number}"}, lines=lines_of(serial, stock=stock))
        await do(south, "returnItemsElsewhere", armory="SOUTH", lines=lines_of(serial, allStockReturned=True))
    await do(north, "receiveItems", lines=lines_of("PVS-007"))
    await do(north, "issueItems", holder={"serviceNumber": "S-021"}, lines=lines_of("M4-007"))
    why = {"override": {"reason": NOTE.strip()}}
    asked = [await do(north, "issueItems", holder={"serviceNumber": "S-021"}, lines=lines_of(f"M4-0{n:02}"), **why) for n in (8, 9, 10)]
    await do(officer, "approveProposal", id=asked[0], note=NOTE)
    await do(officer, "rejectProposal", id=asked[1])
    wrong = {"armory": "NORTH", "article": "9MM-BALL", "lotNumber": "L-1"}
    await do(north, "adjustStock", **wrong, kind="LOST", quantity=1, **why)
    await do(officer, "approveProposal", id=await do(north, "adjustStock", **wrong, kind="EXPENDED", quantity=2, **why))


async def learn(live: Live) -> Known:
    """What a client can know."""
    officer = live.as_("officer")
    roots = {"items": "Item", "people": "Person", "armories": "Armory", "units": "Unit", "itemModels": "ItemModel", "purposes": "Purpose"}
    roots |= {"stockLots": "StockLot", "proposals": "Proposal"}
    found = {root: (await officer(f"{{ {root}(first: 3) {{ edges {{ cursor node {{ id }} }} }} }}"))[root]["edges"] for root in roots}
    ids = {kind: [edge["node"]["id"] for edge in found[root]] for root, kind in roots.items()}
    held = await officer(
        '{ item(serial: "M4-001") { id tags { id } openCustody { id receiptNumber holder { id } issuedBy { id } }'
        " history(first: 2) { edges { cursor } } events(first: 3) { edges { cursor node { id } } } } }"
    )
    with_stock = (await officer('{ item(serial: "G17-003") { openCustody { id lines { id } } } }'))["item"]["openCustody"]
    item = held["item"]
    ids["Item"] += [item["id"]]
    ids["Person"] += [item["openCustody"]["holder"]["id"]]
    ids |= {
        "Tag": [item["tags"][0]["id"]],
        "CustodyRecord": [item["openCustody"]["id"], with_stock["id"]],
        "CustodyLine": [line["id"] for line in with_stock["lines"]],
        "Account": [item["openCustody"]["issuedBy"]["id"]],
    }
    accounts = await live.as_("admin")(
        "{ accounts(first: 3) { edges { cursor node { id } } } sessions(first: 3) { edges { cursor node { id } } } "
        "apiTokens(first: 3) { edges { cursor node { id } } } securityEvents(first: 3) { edges { cursor node { id } } } }"
    )
    kinds = {"accounts": "ManagedAccount", "sessions": "Session", "apiTokens": "ApiToken", "securityEvents": "SecurityEvent"}
    ids |= {kind: [edge["node"]["id"] for edge in accounts[root]["edges"]] for root, kind in kinds.items()}
    found |= {root: accounts[root]["edges"] for root in kinds}
    ids["LedgerEvent"] = [edge["node"]["id"] for edge in item["events"]["edges"]]
    ids["nothing"] = ["item_" + "0" * 32, "person_" + "f" * 32, "item_x", "", "x_1", "item_" + "0" * 31]
    cursors = [edge["cursor"] for edges in found.values() for edge in edges]
    cursors += [edge["cursor"] for name in ("history", "events") for edge in item[name]["edges"]]
    words = [
        "M4-001",
        "m4 001",
        "G17-101",
        "S-001",
        "TAG-M4-001",
        "TAG-G17-001",
        "BADGE-S-001",
        "NORTH",
        "SOUTH",
        "nothing",
        "",
        "Ocampo",
        "M4",
        "9mm-ball",
        "G17-003",
    ]
    return Known(ids, cursors, [*words, item["openCustody"]["receiptNumber"], "-", "%", "x" * 300])


@dataclass(frozen=True)
class Pair:
    """Two servers over one database: one reads compiled, the other plainly."""

    compiled: int
    plain: int
    known: Known
    at: Addresses

    def ask(self, port: int, username: str | None, text: str, variables: dict[str, Any]) -> tuple[int, bytes]:
        """What one of them answers, without what belongs to the request alone."""
        headers = {"authorization": f"Bearer {token_of(username)}"} if username else {}
        response = _client().post(f"http://127.0.0.1:{port}/graphql", json={"query": text, "variables": variables}, headers=headers)
        assert b'"INTERNAL"' not in response.content, (text, variables, response.text)
        return response.status_code, response.content

    def same(self, username: str | None, text: str, **variables: Any) -> Any:
        """The answer that both give, the compiled one also when it is asked again."""
        ours, again, oracle = (self.ask(port, username, text, variables) for port in (self.compiled, self.compiled, self.plain))
        assert ours == oracle, (username, text, variables)
        assert again == oracle, (username, text, variables)
        return json.loads(ours[1])


_clients: dict[int, httpx.Client] = {}


def _client() -> httpx.Client:
    thread = threading.get_ident()
    if thread not in _clients:
        _clients[thread] = httpx.Client(timeout=30)
    return _clients[thread]


@pytest.fixture(scope="module")
def pair(cluster: Cluster, populated: str) -> Iterator[Pair]:
    """Both servers, in a thread of their own."""
    ready: list[Pair] = []
    up, over = threading.Event(), threading.Event()
    failed: list[BaseException] = []

    async def serve(at: Addresses) -> None:
        async with running_server(at.runtime, LIMITS) as live, plain_server(at.runtime) as plain:
            await fill(live)
            await fill_shelves(live)
            ready.append(Pair(int(live.url.rpartition(":")[2]), plain, await learn(live), at))
            up.set()
            while not over.is_set():  # noqa: ASYNC110 - it is set in another thread
                await asyncio.sleep(0.05)

    def run(at: Addresses) -> None:
        try:
            asyncio.run(serve(at))
        except BaseException as error:
            failed.append(error)
            up.set()

    with _copy(cluster, populated) as at:
        thread = threading.Thread(target=run, args=(at,))
        thread.start()
        up.wait(60)
        assert not failed, failed
        yield ready[0]
        over.set()
        thread.join(30)


# ------------------------------------------------------------------------------------------------------------------------- any query


def test_any_query_is_answered_as_by_the_plain_resolvers(pair: Pair, share: float) -> None:
    told: list[str] = []
    examples = int(EXAMPLES * share)

    @settings(parent=REPEATABLE, max_examples=examples)
    @given(documents(SCHEMA, pair.known), st.sampled_from(ASKERS))
    def ask(document: tuple[str, dict[str, Any]], username: str | None) -> None:
        text, variables = document
        answer = pair.same(username, text, **variables)
        told.append("errors" if "errors" in answer else "data")

    before = PLANS.compiled
    ask()
    assert PLANS.compiled - before > examples / 4
    assert told.count("data") > examples / 3, "too few of the queries are good"
    assert told.count("errors") > examples / 20, "too few of the queries are wrong"


# -------------------------------------------------------------------------------------------------------------------------- one by one

EVERYTHING = """
{
  items(first: 60) { edges { cursor node {
    __typename id serial rack state serviceability roundCount version
    model { id nomenclature manufacturer category slot caliber nsn version } armory { code timezone state }
    openCustody { receiptNumber } tags { id code revokedAt version person { name } item { serial } }
    history(first: 2) { totalCount edges { cursor node { id receiptNumber issueType issuedAt dueAt conditionOut note closedAt closeReason
      conditionIn broughtReason returnNote roundsFired version holder { name } broughtBy { name } issuedBy { username } closedBy { id }
      purpose { code categories defaultIssueType } item { id } armory { code } } } pageInfo { hasNextPage hasPreviousPage } }
  } } }
}
"""
RECEIPTS = """
{
  custodyRecords(first: 100) { totalCount edges { cursor node { receiptNumber overdueSince weaponsCard confirmation returnConfirmedAt
    regularisedAt regularisationNote returnedTo { code confirmationRequired } purpose { dueHours loadout { category article quantity } }
    lines { id issued returned expended lost lostReason handedOver outstanding version lot { lotNumber armory { code } }
      record { receiptNumber } } } } }
}
"""
STOCK = """
{
  stockLots(first: 50) { totalCount edges { cursor node { __typename id article name kind lotNumber dodic receivedAt
    received disposed onHand outOnIssue expended lost armory { code } fits { nomenclature manufacturer }
    events(first: 9) { totalCount edges { cursor node { type payload } } } } } pageInfo { hasNextPage endCursor } }
  proposals(first: 50) { totalCount edges { cursor node { __typename id command state expired reason proposedAt proposedByName expiresAt
    decidedAt decidedByName decisionNote version arguments overridden armory { code } } } }
  overdue(first: 50) { totalCount edges { cursor node { receiptNumber overdueSince } } }
  waiting: custodyRecords(first: 50, filter: {awaitingRegularisation: true}) { totalCount edges { node { receiptNumber regularisedAt } } }
  looked: custodyRecords(first: 50, filter: {awaitingRegularisation: false}) { totalCount edges { node { confirmation } } }
  live: proposals(first: 50, waiting: true) { totalCount edges { node { id } } }
  people(first: 50) { edges { node { hasPin authorizations { cardNumber } } } }
}
"""
NODE = "query ($id: ID!) { node(id: $id) { __typename id ... on Item { serial } ... on Person { name } } }"
EVENTS = """
{ ledger(first: 100, armory: %s, order: SEQ_DESC) { totalCount pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
  edges { cursor node { __typename id seq type summary subject actorKind actorName requestId effectiveAt recordedAt payload previousHash
  hash armory { code } item { serial } person { name } record { receiptNumber } } } } }
"""


@pytest.mark.parametrize("username", ASKERS)
def test_every_field_is_the_same_for_everybody(pair: Pair, username: str | None) -> None:
    pair.same(username, EVERYTHING)
    pair.same(username, RECEIPTS)
    pair.same(username, STOCK)
    for armory in pair.known.ids["Armory"]:
        pair.same(username, EVENTS % json.dumps(armory))
    pair.same(username, EVENTS.replace(", armory: %s", ""))
    pair.same(username, "{ viewer { username roles allArmories armories { code counts { state category count } } } }")
    for kind_ids in pair.known.ids.values():
        for node_id in kind_ids:
            pair.same(
                username, "query ($id: ID!) { node(id: $id) { __typename id ... on Item { serial } ... on Person { name } } }", id=node_id
            )


def test_all_that_can_be_said_of_stock_and_proposals_is_said_somewhere(pair: Pair) -> None:
    """Or the comparison is of nulls."""
    found = pair.same("officer", STOCK)["data"]
    lots, proposals = ([edge["node"] for edge in found[root]["edges"]] for root in ("stockLots", "proposals"))
    assert {lot["kind"] for lot in lots} == {"AMMUNITION", "MAGAZINE", "ACCESSORY"}
    assert {len(lot["fits"]) for lot in lots} == {0, 1}
    assert {(each["command"], each["state"]) for each in proposals} >= {
        *(("ISSUE_ITEMS", state) for state in ("PENDING", "APPROVED", "REJECTED")),
        *(("ADJUST_STOCK", state) for state in ("PENDING", "APPROVED")),
    }
    assert found["waiting"]["totalCount"] == 1
    assert found["live"]["totalCount"] == 2
    records = [edge["node"] for edge in pair.same("officer", RECEIPTS)["data"]["custodyRecords"]["edges"]]
    assert {record["confirmation"] for record in records} >= {"NOT_ASKED", "PENDING", "CONFIRMED"}
    for name in ("weaponsCard", "returnConfirmedAt", "regularisedAt", "regularisationNote", "returnedTo", "lines"):
        assert {bool(record[name]) for record in records} == {True, False}, name
    assert {line["lostReason"] for record in records for line in record["lines"]} == {None, NOTE}


def test_text_is_the_same_with_whatever_is_in_it(pair: Pair) -> None:
    answer = pair.same("north", '{ item(serial: "M4-001") { openCustody { note } events(first: 5) { edges { node { payload } } } } }')
    assert answer["data"]["item"]["openCustody"]["note"] == NOTE
    newest = answer["data"]["item"]["events"]["edges"][0]["node"]["payload"]
    assert newest["custody_record"]["note"] == NOTE


SHAPES = """
query ($open: Boolean, $first: Int, $after: String, $with: Boolean!, $order: CustodyOrder = DUE_AT_ASC, $inner: Int = 1) {
  custodyRecords: custodies(filter: {open: $open}, first: $first, after: $after, order: $order) {
    edges { cursor node { receiptNumber item @include(if: $with) { serial history(first: $inner) { edges { node { receiptNumber } } } } } }
  }
}
"""


def root_of(kind: str) -> str:
    """The name of the root that gives pages of a type."""
    assert SCHEMA.query_type is not None
    return next(str(name) for name, each in SCHEMA.query_type.fields.items() if str(each.type) == f"{kind}Connection!")


def test_one_document_with_other_variables_is_another_plan(pair: Pair) -> None:
    text = SHAPES.replace("custodies", root_of("CustodyRecord"))
    cursors = [None]
    for order in ("DUE_AT_ASC", "ISSUED_AT_DESC", "ISSUED_AT_ASC"):
        answer = pair.same("officer", text, first=1, order=order, **{"with": False})
        cursors.append(answer["data"]["custodyRecords"]["edges"][0]["cursor"])
    opens: tuple[dict[str, Any], ...] = ({}, {"open": None}, {"open": True}, {"open": False})
    wanted: tuple[dict[str, Any], ...] = ({}, {"inner": 2}, {"inner": None}, {"with": False, "inner": 101})
    askers = itertools.cycle(("officer", "south", "north"))
    for given_open, order, after, inner in itertools.product(opens, ({}, {"order": "ISSUED_AT_DESC"}), cursors, wanted):
        pair.same(next(askers), text, first=3, after=after, **given_open, **order, **{"with": True, **inner})


def test_a_value_that_json_writes_like_null_is_not_taken_for_null(pair: Pair) -> None:
    text = "query ($s: String) { items(first: 1, filter: {serialPrefix: $s}) { totalCount } }"
    pair.same("north", text, s=None)
    for wrong in ("NaN", "1e999", "-Infinity"):
        body = json.dumps({"query": text, "variables": {"s": None}}).replace("null", wrong)
        headers = {"authorization": f"Bearer {token_of('north')}", "content-type": "application/json"}
        answer = _client().post(f"http://127.0.0.1:{pair.compiled}/graphql", content=body, headers=headers).json()
        assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST", wrong


@pytest.mark.parametrize(
    "text",
    [
        "{ items(first: 2) { totalCount } }",
        "{ items(last: 2) { pageInfo { hasNextPage hasPreviousPage startCursor endCursor __typename } } }",
        "{ items(first: 3) { edges { cursor } } }",
        "{ items(first: 3) { edges { __typename } __typename } }",
        '{ items(first: 3, filter: {serialPrefix: "NOTHING"}) { totalCount edges { cursor } pageInfo { startCursor hasNextPage } } }',
        "{ items(first: 2) { edges { node { history(first: 101) { totalCount } } } } }",
        "{ items(first: 2) { edges { node { history { totalCount } serial } } } }",
        '{ items(first: 2) { edges { node { a: events(first: 1, after: "x") { totalCount } } } } }',
        '{ item(serial: "M4-001") { a: history(first: 1) { edges { node { id } } } b: history(last: 1) { totalCount } } }',
        '{ item(serial: "M4-001") { serial @skip(if: true) } }',
        '{ item(serial: "M4-001") { model { nomenclature } model { category ...A } ...A } } fragment A on ItemModel { slot } ',
        '{ item(serial: "M4-001") { model { nomenclature } ...A } } fragment A on Item { model { category } serial }',
        '{ item(serial: "M4-001") { ' + "a" * 70 + ": serial } }",
        '{ item(serial: "M4-001") { ... on Node { id ... on Item { serial } } } }',
        '{ scan(code: "TAG-M4-001") { ... on Node { id } ... on Item { serial } ... on Refused { refusals { code } } } }',
        '{ scan(code: "TAG-G17-001") { ... on Refused { refusals { code message since holder { name } item { serial } } } } }',
        "{ a: items(first: 0) { totalCount } b: items(first: 1, last: 1) { totalCount } c: items { totalCount } }",
        '{ items(first: 1, after: "CURSOR", filter: {serialPrefix: "M4"}) { totalCount } }',
        '{ items(first: 1, after: "CURSOR", filter: {serialPrefix: "M4"}) { __typename } }',
        '{ items(first: 1, after: "CURSOR", filter: {serialPrefix: "M4"}) { totalCount pageInfo @skip(if: true) { endCursor } } }',
        '{ items(first: 1, after: "x", filter: {serialPrefix: "M4"}) { totalCount } }',
        "{ items(first: 2) { edges { node { history(first: 1) { __typename } events(first: 1) { totalCount } } } } }",
        '{ items(first: 2) { edges { node { a: history(first: 1, after: "x") { __typename } } } } }',
        "{ items(first: 60) { edges { node { openCustody { holder { unit { parent { children { code } } } } } } } } }",
    ],
)
def test_traps(pair: Pair, text: str) -> None:
    text = text.replace("CURSOR", pair.known.cursors[0])
    for username in ("officer", "south", None):
        pair.same(username, text)


def test_every_root_and_relation_is_compiled(pair: Pair) -> None:
    """What is read plainly is asked wrongly, or has a key longer than the database's names."""
    before = PLANS.plain
    pair.ask(pair.compiled, "officer", EVERYTHING, {})
    pair.ask(pair.compiled, "officer", EVENTS.replace(", armory: %s", ""), {})
    for root, declared in SCHEMA.query_type.fields.items():  # type: ignore[union-attr]
        if str(declared.type).endswith("Connection!"):
            text = f"{{ {root}(first: 2) {{ totalCount edges {{ cursor node {{ __typename id }} }} pageInfo {{ hasNextPage }} }} }}"
            assert pair.ask(pair.compiled, "officer", text, {})[0] == 200
    for text in ('{ person(serviceNumber: "S-001") { name unit { code } holdings { id } history(first: 1) { totalCount } tags { id } } }',):
        pair.ask(pair.compiled, "officer", text, {})
    for text in (
        '{ scan(code: "M4-001") { ... on Item { serial } } }',
        '{ armory(code: "NORTH") { counts { count } events(first: 1) { totalCount } } }',
    ):
        pair.ask(pair.compiled, "officer", text, {})
    assert PLANS.plain == before
    long = '{ item(serial: "M4-001") { ' + "a" * 70 + ": serial } }"
    pair.ask(pair.compiled, "officer", long, {})
    assert PLANS.plain == before + 1


# ---------------------------------------------------------------------------------------------------------------------------- payloads

SAID = "... on Proposed { repeated proposal { id state reason overridden arguments armory { code } } events { summary payload } }"
RECORDS = """records { __typename id receiptNumber issuedAt note holder { name unit { code } } item { ...I } }
  events { seq summary payload item { ...I } record { receiptNumber } }"""
ITEM = "fragment I on Item { serial state version openCustody { receiptNumber } tags { code } history(first: 1) { totalCount } }"
REFUSED = "... on Refused { refusals { code message line path since holder { name holdings { receiptNumber } } item { ...I } } }"
SERIALS = ("PVS-020", "PVS-011"), ("PVS-011", "PVS-020")
DRAWN, BACK = ({"lines": [{"item": {"serial": serial}} for serial in serials]} for serials in SERIALS)
COMMANDS: dict[str, tuple[str, dict[str, Any]]] = {
    "issueItems": (f"... on ItemsIssued {{ {RECORDS} }}", {"holder": {"serviceNumber": "S-009"}, **DRAWN}),
    "returnItems": (f"... on ItemsReturned {{ {RECORDS} }}", BACK),
    "sendToMaintenance": ("... on ItemSaved { item { ...I model { nomenclature } } }", {"item": {"serial": "PVS-021"}, "reason": "lens"}),
    "assignTag": ("... on TagSaved { tag { code item { ...I } person { name } } }", {"code": "NEW-1", "item": {"serial": "PVS-022"}}),
}


def both(pair: Pair, username: str, name: str, success: str, fields: dict[str, Any]) -> Any:
    """What both servers answer to one request. The second one is sent it again, and so answers for the same rows."""
    assert SCHEMA.mutation_type is not None
    kind = SCHEMA.mutation_type.fields[name].args["input"].type
    refused = REFUSED if name != "signIn" else ""
    item = ITEM if "...I" in success + refused else ""
    text = f"mutation ($i: {kind}) {{ {name}(input: $i) {{ __typename {success} {refused} }} }} {item}"
    request = {"i": {"requestId": str(uuid4()), **fields}}
    ours, oracle = (
        re.sub(rb'"repeated":(true|false)', b"", pair.ask(port, username, text, request)[1]) for port in (pair.compiled, pair.plain)
    )
    assert ours == oracle, name
    answer = json.loads(pair.ask(pair.compiled, username, text, request)[1])
    assert "errors" not in answer, answer
    assert answer["data"][name]["__typename"] != "Refused", answer
    return answer["data"][name]


def test_payloads_of_commands_are_the_same(pair: Pair) -> None:
    for name, (success, fields) in COMMANDS.items():
        both(pair, "north", name, success, fields)


LINES = "lines { issued returned expended lost handedOver outstanding lot { article onHand outOnIssue } }"
KEPT = f"""records {{ id receiptNumber closedAt overdueSince confirmation weaponsCard {LINES} item {{ ...I }} holder {{ name hasPin }} }}
  events {{ seq summary payload item {{ ...I }} record {{ receiptNumber }} }} repeated"""
LOT = "id article lotNumber received onHand lost outOnIssue events(first: 2) { edges { node { summary payload } } }"
PROPOSED = """... on Proposed { repeated proposal { id state expired reason overridden arguments armory { code } }
  events { summary payload armory { code } } }"""
DECIDED = (
    f"... on ProposalDecided {{ repeated proposal {{ state decidedByName version }} {KEPT.replace(' repeated', '')} lots {{ {LOT} }} }}"
)


def test_payloads_of_commands_about_stock_and_receipts_are_the_same(pair: Pair) -> None:
    held, why = {"holder": {"serviceNumber": "S-024"}}, {"override": {"reason": NOTE.strip()}}
    new = {"armory": "NORTH", "article": "45-ACP", "lotNumber": "X", "kind": "AMMUNITION", "name": NOTE.strip(), "quantity": 50}
    both(pair, "north", "receiveStock", f"... on StockSaved {{ lot {{ {LOT} fits {{ nomenclature }} armory {{ code }} }} }}", new)
    both(pair, "north", "receiveStock", f"... on StockSaved {{ j: lot {{ {LOT} }} }}", {**new, "quantity": 5})
    drawn = {**held, "lines": lines_of("G17-008", stock=[{"article": "45-ACP", "quantity": 20}])}
    both(pair, "north", "issueItems", "... on DryRun { summaries }", {**drawn, "dryRun": True})
    both(pair, "north", "issueItems", f"... on ItemsIssued {{ {KEPT} }}", drawn)
    used = [{"article": "45-ACP", "returned": 3, "expended": 4}]
    settled = both(
        pair, "north", "settleStock", f"... on StockSettled {{ {KEPT} }}", {"lines": lines_of("G17-008", stock=used), "note": NOTE}
    )
    assert settled["records"][0]["lines"][0]["outstanding"] == 13
    taken = {"holder": {"serviceNumber": "S-025"}, "lines": lines_of("G17-008"), "dueAt": in_hours(2)}
    both(pair, "north", "transferItems", f"... on ItemsTransferred {{ {KEPT} }}", taken)
    later = {"lines": lines_of("G17-008"), "dueAt": in_hours(4), "reason": "it goes on"}
    both(pair, "north", "extendDue", f"... on DueExtended {{ {KEPT} }}", later)
    both(
        pair,
        "north",
        "setPin",
        "... on PersonSaved { person { hasPin name version } }",
        {"person": {"serviceNumber": "S-025"}, "pin": "135791"},
    )
    saved = "... on ReceiptSaved { record { confirmation returnConfirmedAt regularisedAt regularisationNote item { ...I } } }"
    named = {"item": {"serial": "G17-008"}, "pin": "135791"}
    assert both(pair, "north", "confirmReceipt", saved, named)["record"]["confirmation"] == "CONFIRMED"
    back = lines_of("G17-008", stock=[{"article": "45-ACP", "lost": 1, "reason": NOTE}], allStockReturned=True)
    both(pair, "north", "returnItems", "... on DryRun { s: summaries }", {"lines": back, "dryRun": True})
    both(pair, "north", "returnItems", f"... on ItemsReturned {{ {KEPT} }}", {"lines": back})
    both(pair, "north", "confirmReceipt", saved, {**named, "stage": "RETURN"})
    both(pair, "officer", "regulariseEmergency", saved, {"item": {"serial": "G17-006"}, "note": NOTE})
    both(pair, "north", "issueItems", f"... on ItemsIssued {{ {KEPT} }}", {**held, "lines": lines_of("M500-001")})
    home = "... on ItemsReceived { repeated items { ...I } events { summary payload item { ...I } } }"
    both(pair, "north", "receiveItems", home, {"lines": lines_of("PVS-008"), "note": NOTE})
    second = both(pair, "north", "issueItems", PROPOSED, {**held, "lines": lines_of("M500-002"), **why})["proposal"]["id"]
    assert both(pair, "officer", "approveProposal", DECIDED, {"id": second, "note": NOTE})["lots"] == []
    wrong = {"armory": "NORTH", "article": "45-ACP", "lotNumber": "X", "kind": "LOST", "quantity": 2, **why}
    adjusted = both(pair, "north", "adjustStock", PROPOSED, wrong)["proposal"]["id"]
    assert both(pair, "officer", "approveProposal", DECIDED, {"id": adjusted})["lots"][0]["lost"] == 3
    other = both(pair, "north", "adjustStock", PROPOSED, {**wrong, "kind": "FOUND"})["proposal"]["id"]
    rejected = both(pair, "officer", "rejectProposal", DECIDED, {"id": other, "note": NOTE})
    assert (rejected["records"], rejected["lots"], rejected["proposal"]["state"]) == ([], [], "REJECTED")


def test_what_was_taken_in_for_another_arms_room_is_the_same(pair: Pair) -> None:
    drawn = {"holder": {"serviceNumber": "S-027"}, "lines": lines_of("PVS-009")}
    both(pair, "north", "issueItems", f"... on ItemsIssued {{ {KEPT} }}", drawn)
    elsewhere = {"armory": "SOUTH", "lines": lines_of("PVS-009"), "broughtBy": {"serviceNumber": "S-025"}, "broughtReason": NOTE}
    said = "... on ItemsTakenIn { repeated items { receiptNumber serial nomenclature home holderName closedAt } }"
    assert both(pair, "south", "returnItemsElsewhere", said, elsewhere)["items"][0]["home"] == "NORTH"


def in_hours(hours: int) -> str:
    """A moment from now, as clients write it."""
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="seconds")


# What is looked up beside the row: a payload that asks for it is read.
NOT_AT_HAND = ("confirmation", "returnConfirmedAt", "regularisedAt", "regularisationNote", "hasPin")


def plain_fields(kind: str) -> str:
    """All fields of a type that are no objects, and stand in its row."""
    fields = SCHEMA.get_type(kind).fields.items()  # type: ignore[union-attr]
    return " ".join(name for name, field in fields if is_leaf_type(get_named_type(field.type)) and name not in NOT_AT_HAND)


def test_a_payload_from_the_rows_at_hand_is_what_the_database_has(pair: Pair) -> None:
    """What the command has just written is shown without being read; the same request again reads it."""
    linked = " ".join(f"{link} {{ __typename {plain_fields(kind)} }}" for link, kind in AT_HAND.items())
    records = f"records {{ __typename {plain_fields('CustodyRecord')} {linked} }}"
    for name, lines in (("issueItems", DRAWN), ("returnItems", BACK)):
        extra = ON_HAND_RECEIPT if name == "issueItems" else {}
        kind, success = f"{name[0].upper()}{name[1:]}Input", {"issueItems": "ItemsIssued", "returnItems": "ItemsReturned"}[name]
        text = f"mutation ($i: {kind}!) {{ {name}(input: $i) {{ __typename ... on {success} {{ {records} }} }} }}"
        request = {"i": {"requestId": str(uuid4()), **lines, **extra}}
        before = PLANS.compiled
        ours = pair.ask(pair.compiled, "north", text, request)
        assert PLANS.compiled == before, ours
        assert json.loads(ours[1])["data"][name]["__typename"] == success, ours
        again, oracle = (pair.ask(port, "north", text, request) for port in (pair.compiled, pair.plain))
        assert PLANS.compiled == before + 1
        assert ours == again == oracle


def test_a_payload_that_asks_for_more_than_the_row_is_read(pair: Pair) -> None:
    for number, asked in enumerate((*NOT_AT_HAND, "lines { issued lot { onHand } }", "returnedTo { code }")):
        inside = f"holder {{ {asked} }}" if asked == "hasPin" else asked
        text = f"mutation ($i: IssueItemsInput!) {{ issueItems(input: $i) {{ ... on ItemsIssued {{ records {{ id {inside} }} }} }} }}"
        light = [{"article": "CHEM-LIGHT", "quantity": 1}]
        request = {"requestId": str(uuid4()), "holder": {"serviceNumber": "S-026"}, "lines": lines_of(f"PVS-{33 + number:03}", stock=light)}
        before = PLANS.compiled
        ours = pair.ask(pair.compiled, "north", text, {"i": request})
        assert PLANS.compiled == before + 1, asked
        assert b"records" in ours[1]
        assert ours == pair.ask(pair.plain, "north", text, {"i": request})


ON_HAND_RECEIPT = {
    "holder": {"serviceNumber": "S-010"},
    "issueType": "HAND_RECEIPT",
    "note": NOTE,
    "dueAt": "2099-01-02T03:04:05.678+02:00",
}
AT_HAND = {"item": "Item", "holder": "Person", "armory": "Armory"}
ASKED_AGAIN: list[tuple[str, list[dict[str, Any]]]] = [
    (
        "query ($c: String!) { scan(code: $c) { __typename ... on Item { serial openCustody { holder { name } } } ... on Person { name } "
        "... on Refused { refusals { code message since } } } }",
        [{"c": code} for code in ("TAG-M4-001", "m4 002", "S-001", "BADGE-S-002", "TAG-G17-001", "nothing", "", "x" * 300, "G17-101")],
    ),
    (
        "query ($s: String, $i: ID) { item(serial: $s, id: $i) { id state } }",
        [
            {"s": "M4-001"},
            {"s": "M4-002"},
            {"i": "item_x"},
            {},
            {"s": "M4-001", "i": "x"},
            {"s": None},
            {"s": 5},
            {"i": 5},
            {"s": "G17-101"},
        ],
    ),
    (
        "query ($n: Int = 2, $p: String) { items(first: $n, filter: {serialPrefix: $p}) { edges { node { serial } } } __typename }",
        [{}, {"p": "M4"}, {"p": "G17", "n": 3}, {"n": 0}, {"n": 101}, {"n": "2"}, {"p": ""}, {"n": None}, {"p": "PVS"}],
    ),
    (
        "query ($o: Boolean!, $s: String!) { a: item(serial: $s) @include(if: $o) { serial } b: person(serviceNumber: $s) { name } }",
        [{"o": True, "s": "M4-001"}, {"o": False, "s": "S-001"}, {"o": True, "s": "S-002"}, {"o": False, "s": "M4-001"}],
    ),
    (
        "query ($a: ID) { ledger(armory: $a, first: 2) { edges { node { seq summary } } } b: ledger(armory: $a, last: 1) { totalCount } }",
        [{"a": None}, {"a": "armory_" + "0" * 32}, {"a": "x"}, {}],
    ),
]


@pytest.mark.parametrize("username", ["officer", "north", "south", "auditor", None])
@pytest.mark.parametrize(("text", "given_in_turn"), ASKED_AGAIN, ids=["scan", "item", "items", "root directive", "ledger"])
def test_a_known_document_is_answered_the_same_with_whatever_values(
    pair: Pair, username: str | None, text: str, given_in_turn: list[dict[str, Any]]
) -> None:
    for variables in (*given_in_turn, *reversed(given_in_turn)):
        pair.same(username, text, **variables)


def test_a_known_document_needs_no_executor(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "query ($c: String!) { s: scan(code: $c) { ... on Item { serial } ... on Person { name } } __typename }"
    pair.same("north", text, c="TAG-M4-001")
    built: list[object] = []
    real = Execution.build

    def build(*args: Any, **kwargs: Any) -> Any:
        built.append(args)
        return real(*args, **kwargs)

    monkeypatch.setattr(Execution, "build", build)
    for code in ("M4-002", "m4 003", "S-004"):
        status, body = pair.ask(pair.compiled, "north", text, {"c": code})
        assert status == 200
        assert b"errors" not in body
    assert not built
    pair.ask(pair.compiled, "north", text, {"c": "nobody knows it"})
    assert len(built) == 1, "a refusal takes a closer look"


def test_refusals_are_the_same(pair: Pair) -> None:
    given_lines = {"holder": {"serviceNumber": "S-004"}, "lines": [{"item": {"serial": s}} for s in ("M4-001", "G17-001", "NOTHING")]}
    text = f"mutation ($i: IssueItemsInput!) {{ issueItems(input: $i) {{ {REFUSED} }} }} {ITEM}"
    answer = pair.same("north", text, i={"requestId": str(uuid4()), **given_lines})
    assert len(answer["data"]["issueItems"]["refusals"]) >= 4


FEED = """subscription { custodyFeed(after: "e30") { cursor event { __typename id seq type summary payload hash recordedAt requestId
  item { ...I } person { name } record { receiptNumber holder { name } } armory { code } } } } """


def test_events_of_the_feed_are_the_same(pair: Pair) -> None:
    async def told(port: int, text: str) -> list[str]:
        live = Live(port)
        async with live.socket("north") as connection:
            number = (await subscribe(connection, text)).number
            messages = [str(await connection.recv()) for _ in range(60)]
            connection.transport.abort()  # what is unread is not waited for
        return [re.sub(f'"id":\\s*"{number}"', '"id":""', message, count=1) for message in messages]

    for text in (
        FEED + ITEM,
        'subscription { custodyFeed(after: "e30") { cursor event { id seq payload hash effectiveAt requestId subject } } }',
    ):
        ours, oracle = (in_thread(partial(told, port, text)) for port in (pair.compiled, pair.plain))
        assert ours == oracle


def in_thread(work: Callable[[], Any]) -> Any:
    """Run it in a loop of its own."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(asyncio.run(work())))
    thread.start()
    thread.join(60)
    return found[0]
