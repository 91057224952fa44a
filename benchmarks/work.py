"""The work that is measured: what each contender is asked, and what of its answer must be the same for all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from benchmarks.data import ARMORIES, TOKEN

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
READS = ("typename", "dashboard", "scan", "armory_counts", "ledger_page")
WORKS = (*READS, "issue_return")
FREE = 4001  # the first item that nobody holds, at size 1

ISSUE = (
    "mutation I($i: IssueItemsInput!) { issueItems(input: $i) { __typename ... on ItemsIssued { records { receiptNumber item { serial } } } "
    "... on Refused { refusals { code message } } } }"
)
RETURN = (
    "mutation R($i: ReturnItemsInput!) { returnItems(input: $i) { __typename ... on ItemsReturned { records { receiptNumber item { serial } } } "
    "... on Refused { refusals { code message } } } }"
)
OURS = {
    "typename": "{ __typename }",
    "dashboard": "query D($a: ID!) { items(first: 50, filter: {armory: $a}) { edges { node { serial state openCustody { receiptNumber issuedAt "
    "dueAt holder { name rank unit { code name } } } events(first: 3) { edges { node { seq type recordedAt summary } } } } } } }",
    "scan": "query S($c: String!) { scan(code: $c) { ... on Item { serial state openCustody { receiptNumber issuedAt holder { name rank } } } } }",
    "armory_counts": "query C($c: String!) { armory(code: $c) { code counts { state category count } } }",
    "ledger_page": "query L($a: ID!) { ledger(armory: $a, first: 100, order: SEQ_DESC) { edges { node { seq type summary actorName recordedAt } } } }",
}
NAIVE = {
    **OURS,
    "dashboard": "query D($a: ID!) { items(first: 50, armory: $a) { serial state openCustody { receiptNumber issuedAt dueAt holder { name rank "
    "unit { code name } } } events(first: 3) { seq type recordedAt summary } } }",
    "scan": "query S($c: String!) { scan(code: $c) { serial state openCustody { receiptNumber issuedAt holder { name rank } } } }",
    "ledger_page": "query L($a: ID!) { ledger(armory: $a, first: 100) { seq type summary actorName recordedAt } }",
    "issue": "mutation I($i: NaiveInput!) { issue(input: $i) { receiptNumber item { serial } } }",
    "return": "mutation R($i: NaiveInput!) { giveBack(input: $i) { receiptNumber item { serial } } }",
}
POSTGRAPHILE = {
    "dashboard": "query D($a: UUID!) { allItems(first: 50, orderBy: SERIAL_KEY_ASC, condition: {armoryId: $a}) { nodes { serial state "
    "custodyRecordsByItemId(condition: {closedAt: null}) { nodes { receiptNumber issuedAt dueAt personByHolderId { name rank unitByUnitId "
    "{ code name } } } } lastEvents(first: 3) { nodes { seq type recordedAt summary } } } } }",
    "scan": "query S($c: String!) { tagByCode(code: $c) { itemByItemId { serial state custodyRecordsByItemId(condition: {closedAt: null}) "
    "{ nodes { receiptNumber issuedAt personByHolderId { name rank } } } } } }",
    "armory_counts": "query C($c: String!) { armoryByCode(code: $c) { code counts } }",
    "ledger_page": "query L($s: String!) { allLedgerEvents(first: 100, orderBy: SEQ_DESC, condition: {stream: $s}) { nodes { seq type summary "
    "actorName recordedAt } } }",
    "issue": "mutation I($s: String!, $p: String!) { benchIssue(input: {s: $s, p: $p}) { string } }",
    "return": "mutation R($s: String!) { benchReturn(input: {s: $s}) { string } }",
}


def armory_uuid(number: int) -> str:
    """The id of an arms room."""
    return f"00000002-0000-7000-8000-{number:012x}"


def armory_id(number: int) -> str:
    """The id of an arms room, as ArmGuard's clients have it."""
    return "armory_" + armory_uuid(number).replace("-", "")


def post(path: str, body: Any) -> bytes:
    """A request, as it goes over the line."""
    data = json.dumps(body, separators=(",", ":")).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {TOKEN}\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(data)}\r\n\r\n".encode() + data


def requests(contender: str, work: str, client: int, rooms: int = 1) -> Iterator[bytes]:
    """The requests of one client, without an end. Clients never want the same item; with one arms room they meet on its ledger."""
    turn = client * 7919
    item = FREE + (client * ARMORIES if rooms == 1 else client)
    while True:
        turn += 1
        number = turn % ARMORIES + 1
        if work == "issue_return":
            yield from _pair(contender, f"S{item}", f"P{client + 1}")
        elif contender == "bare":
            argument = {"scan": f"TAG-{turn % 9000 + 1}", "armory_counts": f"A{number}"}.get(work, armory_uuid(number))
            yield post(f"/{work}", {"x": argument})
        else:
            yield post("/graphql", {"query": _texts(contender)[work], "variables": _variables(contender, work, turn, number)})


def _texts(contender: str) -> dict[str, str]:
    return {"ours": OURS, "naive": NAIVE, "postgraphile": POSTGRAPHILE}[contender]


def _variables(contender: str, work: str, turn: int, number: int) -> dict[str, str]:
    if contender == "postgraphile":
        dashboard = {"a": armory_uuid(number)}
        ledger = {"s": armory_uuid(number)}
    else:
        dashboard = ledger = {"a": armory_id(number)}
    return {
        "dashboard": dashboard,
        "scan": {"c": f"TAG-{turn % 9000 + 1}"},
        "armory_counts": {"c": f"A{number}"},
        "ledger_page": ledger,
    }.get(work, {})


def _pair(contender: str, serial: str, person: str) -> Iterator[bytes]:
    if contender == "ours":
        lines = [{"item": {"serial": serial}}]
        given = {"requestId": str(uuid4()), "holder": {"serviceNumber": person}, "lines": lines}
        yield post("/graphql", {"query": ISSUE, "variables": {"i": given}})
        yield post("/graphql", {"query": RETURN, "variables": {"i": {"requestId": str(uuid4()), "lines": lines}}})
    elif contender == "bare":
        yield post("/issue", {"requestId": str(uuid4()), "serial": serial, "person": person})
        yield post("/return", {"requestId": str(uuid4()), "serial": serial})
    elif contender == "naive":
        given = {"requestId": str(uuid4()), "serial": serial, "person": person}
        yield post("/graphql", {"query": NAIVE["issue"], "variables": {"i": given}})
        yield post("/graphql", {"query": NAIVE["return"], "variables": {"i": {**given, "requestId": str(uuid4())}}})
    else:
        yield post("/graphql", {"query": POSTGRAPHILE["issue"], "variables": {"s": serial, "p": person}})
        yield post("/graphql", {"query": POSTGRAPHILE["return"], "variables": {"s": serial}})


def _unpaged(value: Any) -> Any:
    """An answer without what the contenders' schemas differ in: edges and nodes, and how a moment is written."""
    if isinstance(value, dict) and set(value) in ({"edges"}, {"nodes"}):
        rows = value.get("edges") or value.get("nodes") or []
        return [_unpaged(row.get("node", row)) for row in rows]
    if isinstance(value, dict):
        return {name: _unpaged(part) for name, part in value.items()}
    if isinstance(value, str) and MOMENT.match(value):
        return datetime.fromisoformat(value).astimezone(UTC)
    return [_unpaged(part) for part in value] if isinstance(value, list) else value


def same(work: str) -> Callable[[bytes], Any]:
    """What of an answer all contenders must agree on."""

    def read(body: bytes) -> Any:
        data = json.loads(body)["data"]
        assert data is not None, body[:300]
        return _unpaged(next(iter(data.values()))) if work != "typename" else None

    return read
