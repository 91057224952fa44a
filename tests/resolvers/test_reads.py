"""What can be read over HTTP, by whom, and page by page."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from graph import database
from graph.audit.actor import acting, console_actor
from graph.commands import eligibility, stock
from graph.commands.custody import IssueItems, IssueLine, issue_items
from graph.commands.overrides import Override
from graph.commands.proposals import DecideProposal, reject_proposal
from graph.commands.receipts import ReceiptRef, RegulariseEmergency, regularise_emergency
from graph.commands.references import ItemRef, PersonRef
from graph.models.items import ItemModel
from graph.rules.stock import StockRef, Wanted
from graph.words import IssueType, StockKind
from tests.server import Client, Live
from tests.world import MODELS, PEOPLE, made

NOBODY = "00000000000000000000000000000000"
REVOKE = """mutation ($code: String!, $id: UUID!) {
  revokeTag(input: {requestId: $id, code: $code, reason: "worn out"}) { __typename ... on TagSaved { tag { revokedAt } } }
}"""


def moment(*, hours: float = 0) -> str:
    """A moment from now, as clients write it."""
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


async def shelves() -> None:
    """Lots in NORTH, two of them of one article, one used up, and one in SOUTH; M4-010 goes out with some of it."""
    models = [model.id for model in await ItemModel.filter(nomenclature="Carbine M4")]
    for room, article, lot, kind, quantity in (
        ("NORTH", "556-BALL", "LC-21", StockKind.AMMUNITION, 100),
        ("NORTH", "556-BALL", "LC-20", StockKind.AMMUNITION, 30),
        ("NORTH", "MAG-M4", "1", StockKind.MAGAZINE, 10),
        ("NORTH", "CHEM-LIGHT", "A", StockKind.ACCESSORY, 5),
        ("SOUTH", "556-BALL", "LC-21", StockKind.AMMUNITION, 7),
    ):
        fits = tuple(models) if kind is StockKind.AMMUNITION else ()
        await made(stock.receive_stock(stock.ReceiveStock(uuid4(), room, article, lot, quantity, kind, article, None, fits)))
    with_it = (Wanted(StockRef(lot_number="LC-20"), 30), Wanted(StockRef(article="MAG-M4"), 4))
    await made(issue_items(IssueItems(uuid4(), PersonRef(service_number="S-030"), (IssueLine(ItemRef(serial="M4-010"), stock=with_it),))))


async def in_an_emergency(serial: str) -> None:
    """An item goes out in an emergency."""
    lines = (IssueLine(ItemRef(serial=serial)),)
    await made(issue_items(IssueItems(uuid4(), PersonRef(service_number="S-020"), lines, issue_type=IssueType.EMERGENCY, note="alarm")))


async def proposed(serial: str = "M4-009", number: str = "S-030") -> UUID:
    """A second long gun for somebody who has one: it waits."""
    why = Override("the range is booked")
    asked = IssueItems(uuid4(), PersonRef(service_number=number), (IssueLine(ItemRef(serial=serial)),), override=why)
    found: UUID = await made(issue_items(asked))
    return found


async def ids_of(client: Client) -> dict[str, str]:
    """One id of every type in NORTH, after one issue; by type."""
    await client.issue("S-001", "M4-001", purpose="SENTINEL")
    with acting(console_actor("tests")):
        person, day = PersonRef(service_number="S-001"), date(2026, 1, 1)
        await made(eligibility.authorize(eligibility.Authorize(uuid4(), person, day, item=ItemRef(serial="M4-001"))))
        await made(eligibility.record_qualification(eligibility.RecordQualification(uuid4(), person, "M4", day)))
        await shelves()
        await proposed()
    found = await client("""{
        with: item(serial: "M4-010") { openCustody { lines { id lot { id } } } }
        proposals(first: 1) { edges { node { id } } }
        sessions(first: 1) { edges { node { id } } }
        apiTokens(first: 1) { edges { node { id } } }
        item(serial: "M4-001") { id model { id } tags { id } armory { id unit { id } } events(first: 1) { edges { node { id } } }
          openCustody { id holder { id authorizations { id } qualifications { id } } purpose { id } issuedBy { id } } }
    }""")
    item = found["item"]
    return {
        "Item": item["id"],
        "ItemModel": item["model"]["id"],
        "Tag": item["tags"][0]["id"],
        "Armory": item["armory"]["id"],
        "Unit": item["armory"]["unit"]["id"],
        "LedgerEvent": item["events"]["edges"][0]["node"]["id"],
        "CustodyRecord": item["openCustody"]["id"],
        "Person": item["openCustody"]["holder"]["id"],
        "Authorization": item["openCustody"]["holder"]["authorizations"][0]["id"],
        "Qualification": item["openCustody"]["holder"]["qualifications"][0]["id"],
        "Purpose": item["openCustody"]["purpose"]["id"],
        "Account": item["openCustody"]["issuedBy"]["id"],
        "ManagedAccount": item["openCustody"]["issuedBy"]["id"].replace("account_", "user_"),
        "Session": found["sessions"]["edges"][0]["node"]["id"],
        "ApiToken": found["apiTokens"]["edges"][0]["node"]["id"],
        "CustodyLine": found["with"]["openCustody"]["lines"][0]["id"],
        "StockLot": found["with"]["openCustody"]["lines"][0]["lot"]["id"],
        "Proposal": found["proposals"]["edges"][0]["node"]["id"],
    }


NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"


# -------------------------------------------------------------------------------------------------------------- single rows


async def test_the_viewer_is_who_signed_in(live: Live) -> None:
    query = "{ viewer { username roles allArmories armories { code name state timezone unit { code } } } }"
    north = {"code": "NORTH", "name": "North arms room", "state": "OPEN", "timezone": "Asia/Manila", "unit": {"code": "N-SQ"}}
    viewer = (await live.as_("north")(query))["viewer"]
    assert viewer == {"username": "north", "roles": ["ARMORER"], "allArmories": False, "armories": [north]}
    auditor = (await live.as_("auditor")(query))["viewer"]
    assert auditor["allArmories"] is True
    assert [room["code"] for room in auditor["armories"]] == ["NORTH", "SOUTH"]


async def test_a_node_of_every_type_is_found_by_its_id_and_only_in_scope(live: Live) -> None:
    north, south, auditor = live.as_("north"), live.as_("south"), live.as_("auditor")
    ids = await ids_of(north)
    (types,) = [(await north('{ __type(name: "Node") { possibleTypes { name } } }'))["__type"]["possibleTypes"]]
    assert set(ids) == {kind["name"] for kind in types} - {"SecurityEvent"}  # which is nobody's but the auditors'
    everyones = {"ItemModel", "Unit", "Person", "Purpose", "Account", "Qualification"}
    for kind, row_id in ids.items():
        assert (await north(NODE, id=row_id))["node"] == {"__typename": kind, "id": row_id}
        assert (await auditor(NODE, id=row_id))["node"] == {"__typename": kind, "id": row_id}
        assert ((await south(NODE, id=row_id))["node"] is not None) == (kind in everyones), kind
        assert (await north(NODE, id=f"{row_id.partition('_')[0]}_{NOBODY}"))["node"] is None


async def test_a_bad_id_is_a_bad_request(live: Live) -> None:
    north = live.as_("north")
    for wrong in ("", "item", "item_", "item_12", f"thing_{NOBODY}", f"item_{'z' * 32}", NOBODY, "🔫", "item_\0" + "0" * 31):
        (error,) = (await north.answer(NODE, id=wrong))["errors"]
        assert error["extensions"]["code"] == "BAD_REQUEST", wrong
        assert "is not an id" in error["message"]


async def test_the_id_of_another_kind_is_a_bad_request_that_says_so(live: Live) -> None:
    north = live.as_("north")
    ids = await ids_of(north)
    for query, row_id in (
        ("query ($id: ID!) { item(id: $id) { id } }", ids["Person"]),
        ("query ($id: ID!) { person(id: $id) { id } }", ids["Item"]),
        ("query ($id: ID!) { armory(id: $id) { id } }", ids["Unit"]),
        ("query ($id: ID!) { ledger(first: 1, armory: $id) { totalCount } }", ids["Item"]),
        ("query ($id: ID!) { items(first: 1, filter: {model: $id}) { totalCount } }", ids["Armory"]),
        ("query ($id: ID!) { overdue(first: 1, armory: $id) { totalCount } }", ids["Item"]),
        ("query ($id: ID!) { stockLots(first: 1, filter: {armory: $id}) { totalCount } }", ids["StockLot"]),
        ("query ($id: ID!) { proposals(first: 1, armory: $id) { totalCount } }", ids["Proposal"]),
    ):
        (error,) = (await north.answer(query, id=row_id))["errors"]
        assert error["extensions"]["code"] == "BAD_REQUEST"
        assert "This is the id of a" in error["message"]


async def test_one_row_is_found_by_its_number(live: Live) -> None:
    north = live.as_("north")
    receipt = (await north.issue("S-001", "M4-001"))["records"][0]["receiptNumber"]
    for query, found in (
        ('item(serial: "m4 001") { serial }', {"serial": "M4-001"}),
        ('item(serial: "M4001") { serial }', {"serial": "M4-001"}),
        ('item(serial: "NONE-1") { serial }', None),
        ('item(serial: "M4-101") { serial }', None),
        ('person(serviceNumber: "s001") { serviceNumber name }', {"serviceNumber": "S-001", "name": "SGT Ocampo, Ana"}),
        ('person(serviceNumber: "S-999") { serviceNumber }', None),
        ('armory(code: "north") { code }', {"code": "NORTH"}),
        ('armory(code: "SOUTH") { code }', None),
        ('armory(code: "NONE") { code }', None),
        (f'custody(receiptNumber: "{receipt}") {{ item {{ serial }} }}', {"item": {"serial": "M4-001"}}),
        ('custody(receiptNumber: "NORTH-999999") { item { serial } }', None),
    ):
        assert list((await north(f"{{ {query} }}")).values()) == [found], query


async def test_one_row_is_found_by_its_id(live: Live) -> None:
    north = live.as_("north")
    ids = await ids_of(north)
    for field, kind in (("item", "Item"), ("person", "Person"), ("armory", "Armory")):
        assert (await north(f"query ($id: ID!) {{ {field}(id: $id) {{ id }} }}", id=ids[kind]))[field] == {"id": ids[kind]}


async def test_one_row_needs_exactly_one_of_its_numbers(live: Live) -> None:
    north = live.as_("north")
    for field, other in (("item", "serial"), ("person", "serviceNumber"), ("armory", "code")):
        assert await north.code(f'{{ {field}(id: "x", {other}: "x") {{ id }} }}') == "BAD_REQUEST"
        assert await north.code(f"{{ {field} {{ id }} }}") == "BAD_REQUEST"


SCAN = """query ($code: String!) { scan(code: $code) {
    __typename ... on Item { serial } ... on Person { serviceNumber } ... on Refused { refusals { code message path since } }
} }"""


async def test_a_scan_finds_tags_serials_service_numbers_and_badges(live: Live) -> None:
    north = live.as_("north")
    for code, found in (
        ("TAG-M4-001", {"__typename": "Item", "serial": "M4-001"}),
        ("  TAG-M4-001 ", {"__typename": "Item", "serial": "M4-001"}),
        ("m4 002", {"__typename": "Item", "serial": "M4-002"}),
        ("S-002", {"__typename": "Person", "serviceNumber": "S-002"}),
        ("BADGE-S-002", {"__typename": "Person", "serviceNumber": "S-002"}),
    ):
        assert (await north(SCAN, code=code))["scan"] == found


async def test_a_scan_that_finds_nothing_says_why(live: Live) -> None:
    north = live.as_("north")
    unknown = {"NOTHING": "UNKNOWN_CODE", "---": "UNKNOWN_CODE", "TAG-M4-101": "OUT_OF_SCOPE", "M4-101": "UNKNOWN_CODE"}
    for code, refusal in unknown.items():
        scanned = (await north(SCAN, code=code))["scan"]
        assert scanned["__typename"] == "Refused"
        assert [(reason["code"], reason["path"]) for reason in scanned["refusals"]] == [(refusal, "code")]


async def test_a_revoked_code_names_nothing_and_says_since_when(live: Live) -> None:
    north = live.as_("north")
    revoked = (await north(REVOKE, code="TAG-M4-001", id=str(uuid4())))["revokeTag"]["tag"]["revokedAt"]
    (refusal,) = (await north(SCAN, code="TAG-M4-001"))["scan"]["refusals"]
    assert (refusal["code"], refusal["since"]) == ("CODE_REVOKED", revoked)
    assert (await north('{ item(serial: "M4-001") { tags { code revokedAt } } }'))["item"]["tags"] == [
        {"code": "TAG-M4-001", "revokedAt": revoked}
    ]


async def test_a_code_that_two_things_have_is_ambiguous(live: Live) -> None:
    officer, north = live.as_("officer"), live.as_("north")
    new = """mutation ($input: RegisterPersonInput!) { registerPerson(input: $input) { __typename } }"""
    given = {"requestId": str(uuid4()), "serviceNumber": "M4001", "rank": "AM", "familyName": "Twin", "givenNames": "T", "unit": "N-SQ"}
    assert (await officer(new, input=given))["registerPerson"]["__typename"] == "PersonSaved"
    (refusal,) = (await north(SCAN, code="M4-001"))["scan"]["refusals"]
    assert refusal["code"] == "AMBIGUOUS_CODE"


async def test_a_code_that_no_scanner_reads_is_a_bad_request(live: Live) -> None:
    north = live.as_("north")
    for code in ("", "  ", "x" * 300, "a\0b"):
        assert await north.code(SCAN, code=code) == "BAD_REQUEST"


async def test_units_are_a_tree(live: Live) -> None:
    query = "{ units(first: 10) { edges { node { code parent { code parent { code } } children { code children { code } } } } } }"
    units = {edge["node"]["code"]: edge["node"] for edge in (await live.as_("north")(query))["units"]["edges"]}
    assert units["WING"]["parent"] is None
    assert [child["code"] for child in units["WING"]["children"]] == ["N-SQ", "S-SQ"]
    assert units["N-SQ"]["parent"] == {"code": "WING", "parent": None}
    assert units["N-SQ"]["children"] == []


async def test_an_item_says_who_has_it_and_all_that_happened_to_it(live: Live) -> None:
    north = live.as_("north")
    await north.issue("S-002", "M4-001")
    await north.give_back("M4-001")
    await north.issue("S-001", "M4-001")
    query = """{ item(serial: "M4-001") {
        state model { nomenclature category slot manufacturer } armory { code } tags { code revokedAt person { id } item { serial } }
        openCustody { holder { serviceNumber } closedAt item { serial } armory { code } }
        history(first: 10) { totalCount edges { node { holder { serviceNumber } closeReason } } }
        events(first: 10) { totalCount edges { node {
            type actorName actorKind subject item { serial } person { serviceNumber } record { id } armory { code }
        } } }
    } }"""
    item = (await north(query))["item"]
    assert item["state"] == "ISSUED"
    assert item["model"] == {"nomenclature": "Carbine M4", "category": "CARBINE", "slot": "LONG_GUN", "manufacturer": "Colt"}
    assert item["tags"] == [{"code": "TAG-M4-001", "revokedAt": None, "person": None, "item": {"serial": "M4-001"}}]
    assert item["openCustody"] == {
        "holder": {"serviceNumber": "S-001"},
        "closedAt": None,
        "item": {"serial": "M4-001"},
        "armory": {"code": "NORTH"},
    }
    assert item["history"]["totalCount"] == 2
    assert [(e["node"]["holder"]["serviceNumber"], e["node"]["closeReason"]) for e in item["history"]["edges"]] == [
        ("S-001", None),
        ("S-002", "RETURNED"),
    ]
    events = [edge["node"] for edge in item["events"]["edges"]]
    assert [event["type"] for event in events[:3]] == ["ITEM_ISSUED", "ITEM_RETURNED", "ITEM_ISSUED"]
    assert events[-1]["type"] in {"ITEM_REGISTERED", "TAG_ASSIGNED"}
    assert item["events"]["totalCount"] == len(events)
    assert events[0]["actorName"] == "north"
    assert events[0]["record"] is not None
    assert events[0]["armory"] == {"code": "NORTH"}
    assert {event["item"]["serial"] for event in events} == {"M4-001"}


async def test_a_person_says_what_they_hold_and_held(live: Live) -> None:
    north = live.as_("north")
    await north.issue("S-001", "M4-001")
    await north.give_back("M4-001")
    await north.issue("S-001", "G17-001")
    await north.issue("S-001", "M4-002")
    query = """{ person(serviceNumber: "S-001") {
        name unit { code } tags { code } holdings { item { serial } closedAt }
        history(first: 10) { totalCount edges { node { item { serial } } } }
        events(first: 10) { totalCount edges { node { type person { serviceNumber } } } }
    } }"""
    person = (await north(query))["person"]
    assert [record["item"]["serial"] for record in person["holdings"]] == ["G17-001", "M4-002"]
    assert [edge["node"]["item"]["serial"] for edge in person["history"]["edges"]] == ["M4-002", "G17-001", "M4-001"]
    assert person["history"]["totalCount"] == 3
    types = [edge["node"]["type"] for edge in person["events"]["edges"]]
    assert types[:4] == ["ITEM_ISSUED", "ITEM_ISSUED", "ITEM_RETURNED", "ITEM_ISSUED"]
    assert {edge["node"]["person"]["serviceNumber"] for edge in person["events"]["edges"]} == {"S-001"}
    assert person["tags"] == [{"code": "BADGE-S-001"}]
    registry = (await live.as_("auditor")(query))["person"]["events"]
    assert "PERSON_REGISTERED" in [edge["node"]["type"] for edge in registry["edges"]]
    assert "PERSON_REGISTERED" not in types


async def test_an_arms_room_counts_what_is_on_its_book(live: Live) -> None:
    north = live.as_("north")
    await north.issue("S-001", "M4-001")
    counts = (await north('{ armory(code: "NORTH") { counts { state category count } } }'))["armory"]["counts"]
    found = {(count["state"], count["category"]): count["count"] for count in counts}
    assert found.pop(("ISSUED", "CARBINE")) == 1
    expected = {("IN_ROOM", str(category.value)): most for _, category, _, _, most in MODELS.values()}
    assert found == {**expected, ("IN_ROOM", "CARBINE"): 9}


async def test_an_arms_room_has_its_own_ledger_newest_first(live: Live) -> None:
    north = live.as_("north")
    await north.issue("S-001", "M4-001")
    query = '{ armory(code: "NORTH") { events(first: 3) { totalCount edges { node { seq type armory { code } } } } } }'
    events = (await north(query))["armory"]["events"]
    assert events["edges"][0]["node"] == {"seq": events["totalCount"], "type": "ITEM_ISSUED", "armory": {"code": "NORTH"}}
    assert [edge["node"]["seq"] for edge in events["edges"]] == [events["totalCount"] - place for place in range(3)]


# -------------------------------------------------------------------------------------------------------------- filters and orders


async def serials(client: Client, given: str, **variables: Any) -> list[str]:
    """The serials of the custody records that filters and an order give."""
    query = (
        f"query ($id: ID, $at: DateTime) {{ custodyRecords(first: 50, {given}) {{ totalCount edges {{ node {{ item {{ serial }} }} }} }} }}"
    )
    if "$id" not in given:
        query = query.replace("$id: ID, ", "")
    if "$at" not in given:
        query = query.replace("$at: DateTime", "").replace(" ()", "")
    query = query.replace("query ()", "query")
    found = (await client(query, **variables))["custodyRecords"]
    assert found["totalCount"] == len(found["edges"])
    return [edge["node"]["item"]["serial"] for edge in found["edges"]]


@pytest.fixture
async def records(live: Live) -> Client:
    """NORTH after: M4-001 out and back, M4-002 out, G17-001 overdue, PVS-001 on a hand receipt without a due time."""
    north = live.as_("north")
    await north.issue("S-001", "M4-001", effectiveAt=moment(hours=-30), dueAt=moment(hours=-20))
    await north.give_back("M4-001", effectiveAt=moment(hours=-29))
    await north.issue("S-002", "G17-001", effectiveAt=moment(hours=-10), dueAt=moment(hours=-2))
    await north.issue("S-001", "M4-002", dueAt=moment(hours=2))
    await north.issue("S-003", "PVS-001", issueType="HAND_RECEIPT")
    return north


async def test_custody_records_are_filtered_and_ordered(records: Client) -> None:
    for given, expected in (
        ("order: ISSUED_AT_DESC", ["PVS-001", "M4-002", "G17-001", "M4-001"]),
        ("order: ISSUED_AT_ASC", ["M4-001", "G17-001", "M4-002", "PVS-001"]),
        ("order: DUE_AT_ASC", ["M4-001", "G17-001", "M4-002", "PVS-001"]),
        ("filter: {open: true}", ["PVS-001", "M4-002", "G17-001"]),
        ("filter: {open: false}", ["M4-001"]),
        ("filter: {overdue: true}", ["G17-001"]),
        ("filter: {overdue: false}", ["PVS-001", "M4-002", "M4-001"]),
        ("filter: {open: true, overdue: false}, order: DUE_AT_ASC", ["M4-002", "PVS-001"]),
        ("filter: {}", ["PVS-001", "M4-002", "G17-001", "M4-001"]),
        ("filter: {open: null, overdue: null, holder: null}", ["PVS-001", "M4-002", "G17-001", "M4-001"]),
    ):
        assert await serials(records, given) == expected, given


async def test_custody_records_of_a_holder_an_item_an_arms_room_and_a_time(records: Client) -> None:
    found = await records("""{
        person(serviceNumber: "S-001") { id } item(serial: "G17-001") { id openCustody { issuedAt } } armory(code: "NORTH") { id }
    }""")
    assert await serials(records, "filter: {holder: $id}", id=found["person"]["id"]) == ["M4-002", "M4-001"]
    assert await serials(records, "filter: {holder: $id, open: true}", id=found["person"]["id"]) == ["M4-002"]
    assert await serials(records, "filter: {item: $id}", id=found["item"]["id"]) == ["G17-001"]
    assert len(await serials(records, "filter: {armory: $id}", id=found["armory"]["id"])) == 4
    at = found["item"]["openCustody"]["issuedAt"]
    assert await serials(records, "filter: {issuedAfter: $at}", at=at) == ["PVS-001", "M4-002", "G17-001"]
    assert await serials(records, "filter: {issuedBefore: $at}", at=at) == ["M4-001"]


async def test_custody_records_that_wait_for_an_officer_and_those_that_are_overdue(records: Client) -> None:
    with acting(console_actor("tests")):
        for serial in ("M500-001", "M500-002"):
            await in_an_emergency(serial)
        receipt = (await records('{ item(serial: "M500-001") { openCustody { receiptNumber } } }'))["item"]["openCustody"]["receiptNumber"]
        assert await serials(records, "filter: {awaitingRegularisation: true}") == ["M500-002", "M500-001"]
        await made(regularise_emergency(RegulariseEmergency(uuid4(), ReceiptRef(receipt), "it was right")))
    assert await serials(records, "filter: {awaitingRegularisation: true}") == ["M500-002"]
    assert len(await serials(records, "filter: {awaitingRegularisation: false}")) == 5
    overdue = "query ($id: ID) { overdue(first: 9, armory: $id) { totalCount edges { node { item { serial } } } } }"
    rooms = {code: (await records(f'{{ armory(code: "{code}") {{ id }} }}'))["armory"] for code in ("NORTH", "SOUTH")}
    assert rooms["SOUTH"] is None
    for room in (None, rooms["NORTH"]["id"]):
        assert (await records(overdue, id=room))["overdue"] == {"totalCount": 1, "edges": [{"node": {"item": {"serial": "G17-001"}}}]}
    assert (await records(overdue, id=f"armory_{NOBODY}"))["overdue"] == {"totalCount": 0, "edges": []}


LOTS = """query ($f: StockFilter) { stockLots(first: 50, filter: $f) { totalCount edges { node {
    article lotNumber armory { code } fits { nomenclature manufacturer } onHand outOnIssue events(first: 5) { edges { node { type } } }
} } } }"""


async def test_lots_are_ordered_and_filtered(live: Live) -> None:
    with acting(console_actor("tests")):
        await shelves()
    auditor, north = live.as_("auditor"), live.as_("north")
    rooms = {code: (await auditor(f'{{ armory(code: "{code}") {{ id }} }}'))["armory"]["id"] for code in ("NORTH", "SOUTH")}
    for given, expected in (
        (None, ["LC-20", "LC-21", "A", "1"]),
        ({}, ["LC-20", "LC-21", "A", "1"]),
        ({"article": "556-ball"}, ["LC-20", "LC-21"]),
        ({"article": "45-ACP"}, []),
        ({"kind": "MAGAZINE"}, ["1"]),
        ({"onHand": True}, ["LC-21", "A", "1"]),
        ({"onHand": False}, ["LC-20"]),
        ({"kind": "AMMUNITION", "onHand": True, "armory": rooms["NORTH"]}, ["LC-21"]),
        ({"armory": rooms["SOUTH"]}, []),
    ):
        found = (await north(LOTS, f=given))["stockLots"]
        assert [edge["node"]["lotNumber"] for edge in found["edges"]] == expected, given
        assert found["totalCount"] == len(expected)
    every = [(edge["node"]["lotNumber"], edge["node"]["armory"]["code"]) for edge in (await auditor(LOTS))["stockLots"]["edges"]]
    assert sorted(every[1:3]) == [("LC-21", "NORTH"), ("LC-21", "SOUTH")]
    assert len(every) == 5
    used_up, *_, magazines = [edge["node"] for edge in (await north(LOTS))["stockLots"]["edges"]]
    assert used_up["fits"] == [{"nomenclature": "Carbine M4", "manufacturer": "Colt"}]
    assert (used_up["onHand"], used_up["outOnIssue"], magazines["fits"]) == (0, 30, [])
    assert used_up["events"]["edges"] == [{"node": {"type": "STOCK_RECEIVED"}}]
    assert await north.code(LOTS, f={"article": " "}) == "BAD_REQUEST"


PROPOSALS = """query ($state: ProposalState, $waiting: Boolean, $armory: ID) {
    proposals(first: 50, state: $state, waiting: $waiting, armory: $armory) { totalCount edges { node {
        id state expired command arguments overridden armory { code } proposedByName
    } } }
}"""


async def test_proposals_are_filtered_the_newest_first_and_only_in_scope(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    with acting(console_actor("tests")):
        await shelves()
        with monkeypatch.context() as at_once:
            door = database.door()
            at_once.setattr(door, "settings", door.settings.model_copy(update={"proposal_minutes": 0}))
            ids = [await proposed("M4-007")]
        ids += [await proposed(serial) for serial in ("M4-008", "M4-009")]
        await made(issue_items(IssueItems(uuid4(), PersonRef(service_number="S-009"), (IssueLine(ItemRef(serial="M4-101")),))))
        await proposed("M4-102", "S-009")
        with acting(console_actor("second")):
            await made(reject_proposal(DecideProposal(uuid4(), ids[1])))
    north, south, auditor = live.as_("north"), live.as_("south"), live.as_("auditor")
    room = (await north('{ armory(code: "NORTH") { id } }'))["armory"]["id"]
    expired, rejected, waiting = [f"proposal_{each.hex}" for each in ids]
    for given, expected in (
        ({}, [waiting, rejected, expired]),
        ({"state": "PENDING"}, [waiting, expired]),
        ({"state": "REJECTED"}, [rejected]),
        ({"state": "APPROVED"}, []),
        ({"waiting": True}, [waiting]),
        ({"waiting": False}, [rejected, expired]),
        ({"waiting": True, "armory": room, "state": "PENDING"}, [waiting]),
    ):
        found = (await north(PROPOSALS, **given))["proposals"]
        assert [edge["node"]["id"] for edge in found["edges"]] == expected, given
        assert found["totalCount"] == len(expected)
    nodes = {edge["node"]["id"]: edge["node"] for edge in (await north(PROPOSALS))["proposals"]["edges"]}
    assert [nodes[each]["expired"] for each in (rejected, expired, waiting)] == [False, True, False]
    assert nodes[waiting]["overridden"][0]["code"] == "LIMIT_EXCEEDED"
    assert nodes[waiting]["arguments"]["override"] == {"reason": "the range is booked"}
    (other,) = [edge["node"] for edge in (await south(PROPOSALS))["proposals"]["edges"]]
    assert other["armory"] == {"code": "SOUTH"}
    assert (await south(PROPOSALS, armory=room))["proposals"] == {"totalCount": 0, "edges": []}
    assert (await auditor(PROPOSALS))["proposals"]["totalCount"] == 4


async def test_a_time_without_its_offset_is_a_bad_request(live: Live) -> None:
    north = live.as_("north")
    query = "query ($at: DateTime) { custodyRecords(first: 1, filter: {issuedAfter: $at}) { totalCount } }"
    for given in ("2026-11-25", "2026-11-25T05:00:00", "yesterday", "", 5):
        assert await north.code(query, at=given) == "BAD_REQUEST", given


async def test_items_are_filtered(live: Live) -> None:
    north = live.as_("north")
    await north.issue("S-001", "M4-001")
    for given, count in (
        ("{}", 70),
        ("{state: ISSUED}", 1),
        ("{state: IN_ROOM}", 69),
        ("{serviceability: SERVICEABLE}", 70),
        ("{serviceability: LIMITED}", 0),
        ('{serialPrefix: "m4-0"}', 10),
        ('{serialPrefix: "M4-001"}', 1),
        ('{serialPrefix: "%"}', 0),
        ('{serialPrefix: "M4_"}', 0),
        ('{serialPrefix: "m4", state: IN_ROOM}', 9),
    ):
        found = (await north(f"{{ items(first: 100, filter: {given}) {{ totalCount edges {{ node {{ id }} }} }} }}"))["items"]
        assert (found["totalCount"], len(found["edges"])) == (count, count), given


async def test_people_are_filtered(live: Live) -> None:
    south = live.as_("south")
    for given, count in (
        ("{}", len(PEOPLE)),
        ("{dutyStatus: ACTIVE}", len(PEOPLE) - 2),
        ("{dutyStatus: SUSPENDED}", 1),
        ('{familyName: "Peña"}', 1),
        ('{familyName: "Pena"}', 0),
        ('{serviceNumberPrefix: "s-00"}', 9),
        ('{serviceNumberPrefix: "S%"}', 0),
    ):
        found = (await south(f"{{ people(first: 100, filter: {given}) {{ totalCount edges {{ node {{ id }} }} }} }}"))["people"]
        assert (found["totalCount"], len(found["edges"])) == (count, count), given


async def test_an_empty_text_is_no_filter_but_a_mistake(live: Live) -> None:
    north = live.as_("north")
    assert await north.code('{ people(first: 1, filter: {familyName: ""}) { totalCount } }') == "BAD_REQUEST"
    assert await north.code('{ items(first: 1, filter: {serialPrefix: " "}) { totalCount } }') == "BAD_REQUEST"


async def test_lists_are_filtered_by_unit_category_and_model(live: Live) -> None:
    auditor = live.as_("auditor")
    query = """query ($unit: ID) {
        armories(first: 5, unit: $unit) { edges { node { code } } }
        itemModels(first: 5, category: PISTOL) { edges { node { id nomenclature } } }
    }"""
    unit = (await auditor('{ armory(code: "SOUTH") { unit { id } } }'))["armory"]["unit"]["id"]
    found = await auditor(query, unit=unit)
    assert [edge["node"]["code"] for edge in found["armories"]["edges"]] == ["SOUTH"]
    (model,) = [edge["node"] for edge in found["itemModels"]["edges"]]
    assert model["nomenclature"] == "Pistol G17"
    items = await auditor("query ($id: ID) { items(first: 1, filter: {model: $id}) { totalCount } }", id=model["id"])
    assert items["items"]["totalCount"] == 15
    assert (await auditor("query ($id: ID) { people(first: 1, filter: {unit: $id}) { totalCount } }", id=unit))["people"]["totalCount"] == 0


LEDGER = """query ($id: ID, $order: LedgerOrder!) {
    ledger(first: 100, armory: $id, order: $order) { totalCount edges { node { seq type } } }
}"""


async def test_the_registry_is_read_by_those_who_may_and_nobody_else(live: Live) -> None:
    for username in ("auditor", "admin", "officer"):
        client = live.as_(username)
        up = (await client(LEDGER, order="SEQ_ASC"))["ledger"]
        assert [edge["node"]["seq"] for edge in up["edges"]] == list(range(1, min(up["totalCount"], 100) + 1))
        down = (await client(LEDGER, order="SEQ_DESC"))["ledger"]
        assert [edge["node"]["seq"] for edge in down["edges"]] == list(range(down["totalCount"], down["totalCount"] - 100, -1))
    for username in ("north", "viewer", "commander"):
        assert await live.as_(username).code(LEDGER, order="SEQ_ASC") == "FORBIDDEN"


async def test_the_ledger_of_an_arms_room_is_read_by_whoever_has_it_in_scope(live: Live) -> None:
    north, south = live.as_("north"), live.as_("south")
    room = (await north('{ armory(code: "NORTH") { id } }'))["armory"]["id"]
    up = (await north(LEDGER, id=room, order="SEQ_ASC"))["ledger"]
    assert [edge["node"]["seq"] for edge in up["edges"]] == list(range(1, up["totalCount"] + 1))
    assert (await live.as_("commander")(LEDGER, id=room, order="SEQ_ASC"))["ledger"] == up
    assert (await south(LEDGER, id=room, order="SEQ_ASC"))["ledger"] == {"totalCount": 0, "edges": []}


# -------------------------------------------------------------------------------------------------------------- paging

PAGE = "edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount"
VARIABLES = "$first: Int, $after: String, $last: Int, $before: String"
PAGED = "first: $first, after: $after, last: $last, before: $before"
LISTS = {
    "items": f"items({PAGED})",
    "items filtered": f'items(filter: {{serialPrefix: "M"}}, {PAGED})',
    "people": f"people({PAGED})",
    "people filtered": f"people(filter: {{dutyStatus: ACTIVE}}, {PAGED})",
    "armories": f"armories({PAGED})",
    "units": f"units({PAGED})",
    "item models": f"itemModels({PAGED})",
    "purposes": f"purposes({PAGED})",
    "newest records": f"custodyRecords(order: ISSUED_AT_DESC, {PAGED})",
    "oldest records": f"custodyRecords(order: ISSUED_AT_ASC, {PAGED})",
    "records by due time": f"custodyRecords(order: DUE_AT_ASC, {PAGED})",
    "open records": f"custodyRecords(filter: {{open: true}}, {PAGED})",
    "overdue": f"overdue({PAGED})",
    "waiting for an officer": f"custodyRecords(filter: {{awaitingRegularisation: true}}, {PAGED})",
    "lots": f"stockLots({PAGED})",
    "rounds": f"stockLots(filter: {{kind: AMMUNITION}}, {PAGED})",
    "proposals": f"proposals({PAGED})",
    "waiting proposals": f"proposals(waiting: true, {PAGED})",
    "registry": f"ledger(order: SEQ_ASC, {PAGED})",
    "registry from its end": f"ledger(order: SEQ_DESC, {PAGED})",
    "item history": f'item(serial: "M4-001") {{ history({PAGED})',
    "item events": f'item(serial: "M4-001") {{ events({PAGED})',
    "person history": f'person(serviceNumber: "S-001") {{ history({PAGED})',
    "person events": f'person(serviceNumber: "S-001") {{ events({PAGED})',
    "armory events": f'armory(code: "NORTH") {{ events({PAGED})',
}


def query_of(name: str) -> str:
    """The query of a list's page."""
    field = LISTS[name]
    return f"query ({VARIABLES}) {{ {field} {{ {PAGE} }} }}" + (" }" if field.count("{") > field.count("}") else "")


async def page_of(client: Client, name: str, **asked: Any) -> dict[str, Any]:
    """A page of a list."""
    (found,) = (await client(query_of(name), **asked)).values()
    page: dict[str, Any] = found if "edges" in found else next(iter(found.values()))
    return page


@pytest.fixture
async def busy(live: Live) -> Client:
    """The world after a few dozen draws, several people of one name, and records whose times are equal."""
    officer = live.as_("officer")
    new = "mutation ($input: RegisterPersonInput!) { registerPerson(input: $input) { __typename } }"
    for number in range(5):
        given = {"serviceNumber": f"T-{number}", "rank": "AM", "familyName": "Cruz", "givenNames": "Ana", "unit": "N-SQ"}
        assert (await officer(new, input={"requestId": str(uuid4()), **given}))["registerPerson"]["__typename"] == "PersonSaved"
    at, due = moment(hours=-3), moment(hours=4)
    for number in range(1, 8):
        issued = await officer.issue(f"S-{number + 5:03}", f"M4-{number:03}", effectiveAt=at, dueAt=due)
        assert issued["__typename"] == "ItemsIssued", issued
    for number in range(1, 4):
        await officer.issue("S-003", f"PVS-{number:03}", issueType="HAND_RECEIPT")
    await officer.give_back("M4-001")
    for _ in range(3):
        assert (await officer.issue("S-001", "M4-001"))["__typename"] == "ItemsIssued"
        await officer.give_back("M4-001")
    with acting(console_actor("tests")):
        await shelves_and_more()
    return officer


async def shelves_and_more() -> None:
    """Several rows in each list of stock, proposals, what is overdue and what waits for an officer; some at the very same time."""
    await shelves()
    now = datetime.now(UTC)
    for number in range(1, 4):
        await in_an_emergency(f"M500-00{number}")
        lines, due = (IssueLine(ItemRef(serial=f"PVS-02{number}")),), now - timedelta(hours=1)
        late = IssueItems(uuid4(), PersonRef(service_number="S-021"), lines, due_at=due, effective_at=now - timedelta(hours=9))
        await made(issue_items(late))
        await proposed()


async def test_paging_walks_every_list_both_ways_without_loss_or_doubling(busy: Client) -> None:
    for name in LISTS:
        await walk(busy, name)


async def walk(busy: Client, name: str) -> None:
    """Walk a list forward and backward, in pages of several sizes."""
    whole = await page_of(busy, name, first=100)
    everything = [edge["node"]["id"] for edge in whole["edges"]]
    total = whole["totalCount"]
    assert total == len(everything) or total > 100 == len(everything)
    assert len(set(everything)) == len(everything) > 1
    for size in (1, 3) if total < 20 else (9,):
        forward: list[str] = []
        page = await page_of(busy, name, first=size)
        assert page["pageInfo"]["hasPreviousPage"] is False
        while True:
            forward += [edge["node"]["id"] for edge in page["edges"]]
            info = page["pageInfo"]
            assert (info["startCursor"], info["endCursor"]) == (page["edges"][0]["cursor"], page["edges"][-1]["cursor"])
            assert page["totalCount"] == total
            assert info["hasNextPage"] == (len(forward) < total)
            if not info["hasNextPage"]:
                break
            page = await page_of(busy, name, first=size, after=info["endCursor"])
            assert page["pageInfo"]["hasPreviousPage"] is True
        assert forward[:100] == everything
        assert len(forward) == len(set(forward)) == total
        backward: list[str] = []
        page = await page_of(busy, name, last=size)
        assert page["pageInfo"]["hasNextPage"] is False
        while True:
            backward = [edge["node"]["id"] for edge in page["edges"]] + backward
            info = page["pageInfo"]
            assert info["hasPreviousPage"] == (len(backward) < total)
            if not info["hasPreviousPage"]:
                break
            page = await page_of(busy, name, last=size, before=info["startCursor"])
            assert page["pageInfo"]["hasNextPage"] is True
        assert backward == forward


async def test_a_page_between_two_cursors_holds_what_lies_between(busy: Client) -> None:
    whole = (await page_of(busy, "people", first=10))["edges"]
    between = await page_of(busy, "people", first=100, after=whole[2]["cursor"], before=whole[7]["cursor"])
    assert [edge["node"]["id"] for edge in between["edges"]] == [edge["node"]["id"] for edge in whole[3:7]]
    none = await page_of(busy, "people", first=5, after=whole[7]["cursor"], before=whole[2]["cursor"])
    assert none["edges"] == []
    assert none["pageInfo"]["startCursor"] is None
    assert none["pageInfo"]["endCursor"] is None


async def test_a_list_that_grows_while_it_is_read_loses_nothing_that_was_there(live: Live) -> None:
    north = live.as_("north")
    for number in (1, 2, 3):
        await north.issue(f"S-{number + 5:03}", f"M4-{number:03}")
    query = "query ($after: String) { custodyRecords(first: 2, after: $after) { edges { cursor node { item { serial } } } } }"
    first = (await north(query))["custodyRecords"]["edges"]
    await north.issue("S-010", "M4-010")
    rest = (await north(query, after=first[-1]["cursor"]))["custodyRecords"]["edges"]
    assert [edge["node"]["item"]["serial"] for edge in first + rest] == ["M4-003", "M4-002", "M4-001"]


def forged(*parts: Any) -> str:
    """A cursor that nobody gave out."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


ROW = str(uuid4())
BAD_CURSORS = {
    "empty": "",
    "no base64": "%%%",
    "not ascii": "é",
    "one letter": "a",
    "no json": "YWJj",
    "null": base64.b64encode(b"null").decode(),
    "an object": base64.b64encode(b"{}").decode(),
    "deep": base64.b64encode(b"[" * 5000).decode(),
    "too short": forged("Person.NAME", "Cruz", "Ana"),
    "too long": forged("Person.NAME", "Cruz", "Ana", ROW, 1),
    "another order": forged("Person.OTHER", "Cruz", "Ana", ROW),
    "a number for a text": forged("Person.NAME", 1, "Ana", ROW),
    "no uuid": forged("Person.NAME", "Cruz", "Ana", "x"),
    "a zero byte": forged("Person.NAME", "\0", "Ana", ROW),
    "half a pair": forged("Person.NAME", "\ud800", "Ana", ROW),
}


@pytest.mark.parametrize("side", ["after", "before"])
async def test_a_bad_cursor_is_a_bad_request(live: Live, side: str) -> None:
    north = live.as_("north")
    query = f"query ($cursor: String) {{ people(first: 1, {side}: $cursor) {{ edges {{ cursor }} }} }}"
    for name, cursor in BAD_CURSORS.items():
        (error,) = (await north.answer(query, cursor=cursor))["errors"]
        assert error["extensions"]["code"] == "BAD_REQUEST", (name, error)
        assert "cursor" in error["message"]


async def test_a_forged_time_or_seq_in_a_cursor_is_a_bad_request(live: Live) -> None:
    auditor = live.as_("auditor")
    times = "query ($cursor: String) { custodyRecords(first: 1, after: $cursor) { edges { cursor } } }"
    for when in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-25", "2026-11-25T05:00:00", "x", 1, None):
        assert await auditor.code(times, cursor=forged("CustodyRecord.ISSUED_AT", when, ROW)) == "BAD_REQUEST", when
    seqs = "query ($cursor: String) { ledger(first: 1, after: $cursor) { edges { cursor } } }"
    for seq in (2**63, 2**200, -(2**63) - 1, 1.5, True, "1", None):
        assert await auditor.code(seqs, cursor=forged("LedgerEvent.SEQ", seq)) == "BAD_REQUEST", seq


async def test_a_cursor_of_another_list_is_a_bad_request(live: Live) -> None:
    north = live.as_("north")
    await north.issue("S-001", "M4-001")
    cursor = (await page_of(north, "items", first=1))["edges"][0]["cursor"]
    by_due = (await page_of(north, "records by due time", first=1))["edges"][0]["cursor"]
    for name, other in (("people", cursor), ("units", cursor), ("newest records", by_due), ("items", by_due)):
        (error,) = (await north.answer(query_of(name), first=1, after=other))["errors"]
        assert error["extensions"]["code"] == "BAD_REQUEST"
        assert "not one of this list" in error["message"]


async def test_a_page_is_of_1_to_100_rows_from_one_end(live: Live) -> None:
    north = live.as_("north")
    for asked, code in (
        ({}, "BAD_REQUEST"),
        ({"first": 1, "last": 1}, "BAD_REQUEST"),
        ({"first": 0}, "BAD_REQUEST"),
        ({"first": -1}, "BAD_REQUEST"),
        ({"last": 0}, "BAD_REQUEST"),
        ({"first": 101}, "LIMIT_EXCEEDED"),
        ({"last": 101}, "LIMIT_EXCEEDED"),
        ({"first": 2**31 - 1}, "LIMIT_EXCEEDED"),
        ({"first": 2**31}, "BAD_REQUEST"),
        ({"first": "1"}, "BAD_REQUEST"),
        ({"first": 1.5}, "BAD_REQUEST"),
    ):
        assert await north.code(query_of("items"), **asked) == code, asked
        assert await north.code(query_of("item events"), **asked) == code, asked


# -------------------------------------------------------------------------------------------------------------- scope


async def test_one_arms_room_sees_nothing_of_another(live: Live) -> None:
    north, south = live.as_("north"), live.as_("south")
    ids = await ids_of(north)
    await south.issue("S-001", "G17-101")
    lists = """{
        armories(first: 10) { totalCount edges { node { code } } }
        items(first: 100) { totalCount edges { node { armory { code } } } }
        custodyRecords(first: 100) { totalCount edges { node { armory { code } item { serial } } } }
        stockLots(first: 100) { totalCount edges { node { armory { code } article } } }
        proposals(first: 100) { totalCount }
    }"""
    seen = await south(lists)
    assert seen["armories"] == {"totalCount": 1, "edges": [{"node": {"code": "SOUTH"}}]}
    assert seen["items"]["totalCount"] == len(seen["items"]["edges"]) == 20
    assert {edge["node"]["armory"]["code"] for edge in seen["items"]["edges"]} == {"SOUTH"}
    assert seen["custodyRecords"] == {"totalCount": 1, "edges": [{"node": {"armory": {"code": "SOUTH"}, "item": {"serial": "G17-101"}}}]}
    assert seen["stockLots"] == {"totalCount": 1, "edges": [{"node": {"armory": {"code": "SOUTH"}, "article": "556-BALL"}}]}
    assert seen["proposals"] == {"totalCount": 0}
    filtered = """query ($armory: ID, $item: ID, $holder: ID, $tag: ID!) {
        items(first: 10, filter: {armory: $armory}) { totalCount edges { node { id } } }
        custodyRecords(first: 10, filter: {item: $item}) { totalCount edges { node { id } } }
        held: custodyRecords(first: 10, filter: {holder: $holder}) { totalCount edges { node { armory { code } } } }
        tag: node(id: $tag) { ... on Tag { item { serial } } }
        person(id: $holder) {
          holdings { item { serial } }
          history(first: 10) { totalCount edges { node { item { serial } } } }
          events(first: 10) { totalCount edges { node { armory { code } } } }
        }
    }"""
    seen = await south(filtered, armory=ids["Armory"], item=ids["Item"], holder=ids["Person"], tag=ids["Tag"])
    assert seen["items"] == seen["custodyRecords"] == {"totalCount": 0, "edges": []}
    assert seen["held"] == {"totalCount": 1, "edges": [{"node": {"armory": {"code": "SOUTH"}}}]}
    assert seen["tag"] is None
    assert seen["person"]["holdings"] == [{"item": {"serial": "G17-101"}}]
    assert seen["person"]["history"] == {"totalCount": 1, "edges": [{"node": {"item": {"serial": "G17-101"}}}]}
    assert seen["person"]["events"] == {"totalCount": 1, "edges": [{"node": {"armory": {"code": "SOUTH"}}}]}
    everything = await live.as_("commander")(filtered, armory=ids["Armory"], item=ids["Item"], holder=ids["Person"], tag=ids["Tag"])
    assert len(everything["person"]["holdings"]) == 2
    assert everything["person"]["events"]["totalCount"] == 2


async def test_the_counts_of_an_arms_room_out_of_scope_are_not_to_be_had(live: Live) -> None:
    south = live.as_("south")
    assert (await south('{ armory(code: "NORTH") { counts { count } } }'))["armory"] is None
    rooms = (await south("{ armories(first: 10) { edges { node { counts { count } } } } }"))["armories"]["edges"]
    assert [sum(count["count"] for count in room["node"]["counts"]) for room in rooms] == [20]


@pytest.mark.parametrize("item", [{"serial": "M4-001"}, {"tag": "TAG-M4-001"}, {"id": "Item"}])
async def test_a_refusal_tells_another_arms_room_nothing_of_the_item_or_its_holder(live: Live, item: dict[str, str]) -> None:
    north, south = live.as_("north"), live.as_("south")
    ids = await ids_of(north)
    item = {"id": ids["Item"]} if "id" in item else item
    ask = """mutation ($input: %s!) { %s(input: $input) { __typename ... on Refused {
        refusals { code message holder { name } item { serial } since receiptNumber held currentVersion changed }
    } } }"""
    for kind, field, more in (
        ("IssueItemsInput", "issueItems", {"holder": {"serviceNumber": "S-002"}}),
        ("ReturnItemsInput", "returnItems", {}),
    ):
        given = {"requestId": str(uuid4()), "lines": [{"item": item, "expectedVersion": 99}], **more}
        refusals = (await south(ask % (kind, field), input=given))[field]["refusals"]
        assert {refusal["code"] for refusal in refusals} <= {"OUT_OF_SCOPE", "UNKNOWN_CODE"}, refusals
        for refusal in refusals:
            assert "Ocampo" not in refusal["message"]
            assert {refusal[fact] for fact in ("holder", "item", "since", "receiptNumber", "held", "currentVersion")} == {None}, refusal
            assert refusal["changed"] == []


async def test_a_scope_that_is_taken_away_is_gone_within_seconds(live: Live, plain_sql: Any) -> None:
    south = live.as_("south")
    assert (await south("{ items(first: 1) { totalCount } }"))["items"]["totalCount"] == 20
    await plain_sql.execute("ALTER TABLE account DISABLE TRIGGER ALL")
    await plain_sql.execute("UPDATE account SET armories = '{}' WHERE username = 'south'")
    await until(lambda: south("{ items(first: 1) { totalCount } armories(first: 1) { totalCount } viewer { armories { code } } }"))
    await plain_sql.execute("UPDATE account SET armories = ARRAY[(SELECT id FROM armory WHERE code = 'SOUTH')] WHERE username = 'south'")
    await plain_sql.execute("ALTER TABLE account ENABLE TRIGGER ALL")


async def until(ask: Callable[[], Any]) -> None:
    """Ask until nothing is seen any more; at most a few seconds."""
    deadline = datetime.now(UTC) + timedelta(seconds=5)
    nothing = {"items": {"totalCount": 0}, "armories": {"totalCount": 0}, "viewer": {"armories": []}}
    while await ask() != nothing:
        assert datetime.now(UTC) < deadline
