"""The work that is measured: what is asked, how each contender is asked it, and what of the answers must be the same for all."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import orjson

from benchmarks.data import ARMORIES, ITEMS, TOKEN, out_of, row_id

HOME = Path(__file__).resolve().parent.parent / ".bench"
PLACES = HOME / "places.json"
READS = ("typename", "dashboard", "dashboard_polled", "scan", "armory_counts", "ledger_page")
WORKS = (*READS, "issue_return", "issue_return_ten")
FREE = out_of(ITEMS) + 1  # the first item that nobody holds
Question = tuple[str, dict[str, Any]]

RECORDS = "{ __typename ... on %s { records { receiptNumber item { serial } } } ... on Refused { refusals { code message } } }"
ITEM = (
    "serial state openCustody { receiptNumber issuedAt dueAt holder { name rank unit { code name } } } "
    "events(first: 3) { edges { node { seq type recordedAt summary } } }"
)
PAGE = "query D($a: ID!%s) { items(first: 50%s, filter: {armory: $a}) { edges { node { " + ITEM + " } } } }"
OURS = {
    "typename": "{ __typename }",
    "dashboard": PAGE % (", $c: String", ", after: $c"),
    "dashboard_polled": PAGE % ("", ""),
    "scan": "query S($c: String!) { scan(code: $c) { ... on Item { serial state openCustody { receiptNumber issuedAt holder { name rank } } } } }",
    "armory_counts": "query C($c: String!) { armory(code: $c) { code counts { state category count } } }",
    "ledger_page": "query L($a: ID!, $c: String) { ledger(armory: $a, first: 100, after: $c, order: SEQ_DESC) "
    "{ edges { node { seq type summary actorName recordedAt } } } }",
    "issue": f"mutation I($i: IssueItemsInput!) {{ issueItems(input: $i) {RECORDS % 'ItemsIssued'} }}",
    "return": f"mutation R($i: ReturnItemsInput!) {{ returnItems(input: $i) {RECORDS % 'ItemsReturned'} }}",
}
NAIVE = {
    "typename": "{ __typename }",
    "dashboard": "query D($a: ID!, $s: String) { items(first: 50, armory: $a, afterSerial: $s) { serial state openCustody { receiptNumber "
    "issuedAt dueAt holder { name rank unit { code name } } } events(first: 3) { seq type recordedAt summary } } }",
    "scan": "query S($c: String!) { scan(code: $c) { serial state openCustody { receiptNumber issuedAt holder { name rank } } } }",
    "armory_counts": OURS["armory_counts"],
    "ledger_page": "query L($a: ID!, $s: Int) { ledger(armory: $a, first: 100, before: $s) { seq type summary actorName recordedAt } }",
    "issue": "mutation I($i: NaiveInput!) { issue(input: $i) { receiptNumber item { serial } } }",
    "return": "mutation R($i: NaiveInput!) { giveBack(input: $i) { receiptNumber item { serial } } }",
}
NAIVE["dashboard_polled"] = NAIVE["dashboard"]
HELD = "openCustody: custodyRecordsByItemId(condition: {closedAt: null}) { nodes { receiptNumber issuedAt %s holder: personByHolderId { name rank %s } } }"
POSTGRAPHILE = {
    "typename": "{ __typename }",
    "dashboard": "query D($a: UUID!, $c: Cursor) { allItems(first: 50, after: $c, orderBy: SERIAL_KEY_ASC, condition: {armoryId: $a}) { nodes { "
    "serial state " + HELD % ("dueAt", "unit: unitByUnitId { code name }") + " events: lastEvents(first: 3) { nodes { seq type recordedAt summary } } } } }",
    "scan": "query S($c: String!) { tagByCode(code: $c) { itemByItemId { serial state " + HELD % ("", "") + " } } }",
    "armory_counts": "query C($c: String!) { armoryByCode(code: $c) { code counts } }",
    "ledger_page": "query L($s: String!, $c: Cursor) { allLedgerEvents(first: 100, after: $c, orderBy: SEQ_DESC, condition: {stream: $s}) "
    "{ nodes { seq type summary actorName recordedAt } } }",
    "issue": "mutation I($q: UUID!, $s: String!, $p: String!) { benchIssue(input: {q: $q, s: $s, p: $p}) { string } }",
    "return": "mutation R($q: UUID!, $s: String!) { benchReturn(input: {q: $q, s: $s}) { string } }",
}  # fmt: skip
POSTGRAPHILE["dashboard_polled"] = POSTGRAPHILE["dashboard"]


class Place(NamedTuple):
    """Where a page begins: after this row. What names it is for us its cursor, for others its key."""

    cursor: str
    key: Any
    id: str


@cache
def places() -> dict[str, list[list[Place]]]:
    """Many places in the items and in the ledger of each arms room."""
    found = json.loads(PLACES.read_text())
    return {name: [[Place(*place) for place in room] for room in rooms] for name, rooms in found.items()}


def questions(work: str, client: int) -> Iterator[Question]:
    """What one client asks, without an end. Clients never want the same item; unless it is over ten arms rooms, they meet on one ledger."""
    random = Random(client)
    item = FREE + client * ARMORIES + (client % ARMORIES if work == "issue_return_ten" else 0)
    while True:
        room = random.randrange(ARMORIES)
        match work:
            case "issue_return" | "issue_return_ten":
                yield "issue", {"request": str(uuid4()), "serial": f"S{item}", "person": f"P{client + 1}"}
                yield "return", {"request": str(uuid4()), "serial": f"S{item}"}
            case "dashboard":
                yield work, {"room": room, "place": random.choice(places()["items"][room])}
            case "ledger_page":
                yield work, {"room": room, "place": random.choice(places()["ledger"][room])}
            case "scan":
                yield work, {"code": f"TAG-{random.randrange(ITEMS) + 1}"}
            case _:
                yield work, {"room": room, "code": f"A{room + 1}", "place": None}


def armory_uuid(room: int) -> UUID:
    """The id of an arms room."""
    return row_id("armory", room + 1)


def armory_id(room: int) -> str:
    """The id of an arms room, as ArmGuard's clients have it."""
    return "armory_" + armory_uuid(room).hex


def post(path: str, body: Any, token: str = TOKEN) -> bytes:
    """A request, as it goes over the line."""
    data = orjson.dumps(body)
    head = f"POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(data)}\r\n\r\n".encode() + data


def written(contender: str, question: Question) -> bytes:
    """A question as a contender is asked it."""
    name, asked = question
    place: Place | None = asked.get("place")
    match contender:
        case "bare":
            return post(f"/{name}", by_hand(asked))
        case "ours":
            return post("/graphql", {"query": OURS[name], "variables": _ours(name, asked, place)})
        case "naive":
            return post("/graphql", {"query": NAIVE[name], "variables": _naive(name, asked, place)})
        case _:
            return post("/graphql", {"query": POSTGRAPHILE[name], "variables": _postgraphile(name, asked, place)})


def by_hand(asked: dict[str, Any]) -> dict[str, Any]:
    """What is asked, as hand-written statements take it."""
    place = asked.get("place")
    room = {"room": armory_uuid(asked["room"])} if "room" in asked else {}
    return {**asked, **room, **({"place": place[1:]} if place else {})}


def _ours(name: str, asked: dict[str, Any], place: Place | None) -> dict[str, Any]:
    match name:
        case "issue" | "return":
            holder = {"holder": {"serviceNumber": asked["person"]}} if name == "issue" else {}
            return {"i": {"requestId": asked["request"], "lines": [{"item": {"serial": asked["serial"]}}], **holder}}
        case "dashboard" | "ledger_page":
            return {"a": armory_id(asked["room"]), "c": place and place.cursor}
        case "dashboard_polled":
            return {"a": armory_id(asked["room"])}
        case "scan" | "armory_counts":
            return {"c": asked["code"]}
    return {}


def _naive(name: str, asked: dict[str, Any], place: Place | None) -> dict[str, Any]:
    match name:
        case "issue" | "return":
            return {"i": {"requestId": asked["request"], "serial": asked["serial"], "person": asked.get("person", "")}}
        case "dashboard" | "dashboard_polled" | "ledger_page":
            return {"a": armory_id(asked["room"]), "s": place and place.key}
    return _ours(name, asked, place)


def _postgraphile(name: str, asked: dict[str, Any], place: Place | None) -> dict[str, Any]:
    match name:
        case "issue" | "return":
            return {"q": asked["request"], "s": asked["serial"], **({"p": asked["person"]} if name == "issue" else {})}
        case "dashboard" | "dashboard_polled":
            return {"a": str(armory_uuid(asked["room"])), "c": place and _cursor("serial_key_asc", place)}
        case "ledger_page":
            return {"s": str(armory_uuid(asked["room"])), "c": place and _cursor("seq_desc", place)}
    return _ours(name, asked, place)


def _cursor(order: str, place: Place) -> str:
    return base64.b64encode(json.dumps([order, [place.key, place.id]]).encode()).decode()


def told(body: bytes) -> Any:
    """What an answer says, without the edges, nodes, wrappers and forms of times and numbers in which the schemas differ."""
    data = json.loads(body)["data"]
    assert data is not None, body[:500]
    found = _told("", data)
    while isinstance(found, dict) and len(found) == 1:
        found = next(iter(found.values()))
    return found


def _told(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) in ({"edges"}, {"nodes"}):
            rows = [_told("", row.get("node", row)) for row in next(iter(value.values()))]
            return (rows[0] if rows else None) if name == "openCustody" else rows
        return {name: _told(name, part) for name, part in value.items() if name != "__typename"}
    if isinstance(value, list):
        return [_told("", part) for part in value]
    if name.endswith("At") and isinstance(value, str):
        return datetime.fromisoformat(value)
    return int(value) if name in ("seq", "count") else value


def find_places(ask: Callable[[bytes], bytes]) -> None:
    """Take cursors as our lists give them, for the load to begin pages at: all items, and the newest two thousand events of each room."""
    items = "query I($a: ID!, $c: String) { page: items(first: 100, after: $c, filter: {armory: $a}) { edges { cursor node { key: serial id } } } }"
    ledger = "query L($a: ID!, $c: String) { page: ledger(armory: $a, first: 100, after: $c, order: SEQ_DESC) { edges { cursor node { key: seq id } } } }"
    found: dict[str, list[list[Place]]] = {}
    for name, query, most, kind in (("items", items, ITEMS // ARMORIES - 100, str), ("ledger", ledger, 2000, int)):
        for room in range(ARMORIES):
            taken: list[Place] = []
            while len(taken) < most:
                after = taken[-1].cursor if taken else None
                body = ask(post("/graphql", {"query": query, "variables": {"a": armory_id(room), "c": after}}))
                for edge in json.loads(body)["data"]["page"]["edges"]:
                    node = edge["node"]
                    taken.append(Place(edge["cursor"], kind(node["key"]), str(UUID(node["id"].partition("_")[2]))))
            found.setdefault(name, []).append(taken)
    PLACES.write_text(json.dumps(found))
