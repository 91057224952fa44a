"""The ready-made examples of the GraphiQL page work on the demo's data: pressed in their order, as often as anybody likes."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from graph import database, demo
from graph.demo import password_of
from graph.schema.known import PAGE
from graph.settings import Settings
from tests.conftest import Cluster, _in_postgres, _in_thread
from tests.filling import filled_in, signed_in_as
from tests.server import Client, Live, running_server, subscribe

pytestmark = pytest.mark.once

EXAMPLES = Path(__file__).parents[2] / "web" / "examples"

# What each example answers with: the type of the root field's answer, or of a row in it.
EXPECTED = {
    "01-sign-in": "SignedIn",
    "02-viewer": None,
    "03-scan": "Item",
    "04-issue": "ItemsIssued",
    "05-issue-again": "Refused",
    "06-return": "ItemsReturned",
    "07-who-holds-what": None,
    "08-overdue": None,
    "09-armory-counts": None,
    "10-history": None,
    "11-item-events": None,
    "12-ledger": None,
    "13-watch": None,
    "14-can-issue": None,
    "15-draw-for-duty": "ItemsIssued",
    "16-return-in-part": "ItemsReturned",
    "17-refused-draw": "Refused",
    "18-propose": "Proposed",
    "19-approve": "ProposalDecided",
    "20-due-soon": "ItemsIssued",
    "21-bring-all-back": "ItemsReturned",
    "22-stock": None,
    "23-dry-run": "DryRun",
    "24-emergency": "ItemsIssued",
    "25-regularise": "ReceiptSaved",
    "26-relieve": "ItemsTransferred",
    "27-extend-due": "DueExtended",
    "28-settle-stock": "StockSettled",
    "29-set-pin": "PersonSaved",
    "30-confirm-receipt": "ReceiptSaved",
    "31-return-elsewhere": "ItemsTakenIn",
    "32-receive-home": "ItemsReceived",
    "33-receive-stock": "StockSaved",
    "34-adjust-stock": "Proposed",
    "35-reject": "ProposalDecided",
    "36-waiting": None,
    "37-correct": "Proposed",
}
# Pressed by another account than armorer.north.
PRESSED_BY = {
    "19-approve": "officer.demo",
    "25-regularise": "officer.demo",
    "31-return-elsewhere": "armorer.south",
    "35-reject": "officer.demo",
}
# Pressed on what an earlier one has proposed.
DECIDES = {"19-approve": "18-propose", "35-reject": "34-adjust-stock"}


def example(name: str, proposal: str = "") -> tuple[str, dict[str, Any]]:
    """An example's document and variables, with what the page would fill in."""
    variables = EXAMPLES / f"{name}.variables.json"
    text = filled_in(variables.read_text() if variables.exists() else "{}", proposal)
    return (EXAMPLES / f"{name}.graphql").read_text(), json.loads(text)


def only(data: dict[str, Any]) -> Any:
    """The answer of a document's one root field."""
    (answer,) = data.values()
    return answer


def test_every_example_is_run_here_and_begins_with_what_it_shows() -> None:
    assert sorted(path.stem for path in EXAMPLES.glob("*.graphql")) == sorted(EXPECTED)
    for name in EXPECTED:
        document, _ = example(name)
        assert document.startswith("# "), name
        assert len(re.findall(r"^(query|mutation|subscription) [A-Z]\w*", document, re.MULTILINE)) == 1, name
        assert max(map(len, document.splitlines())) <= 80, name
    assert {path.name.removesuffix(".variables.json") for path in EXAMPLES.glob("*.json")} <= set(EXPECTED)


async def test_the_examples_can_be_pressed_in_order_again_and_again(demo_live: Live) -> None:
    for _ in range(2):
        signed_in = only(await demo_live.as_(None)(example("01-sign-in")[0], **example("01-sign-in")[1]))
        assert signed_in["__typename"] == EXPECTED["01-sign-in"]
        assert (signed_in["username"], signed_in["roles"]) == ("armorer.north", ["ARMORER"])
        client = Client(demo_live.url, signed_in["token"])
        others = {name: await signed_in_as(demo_live, name) for name in set(PRESSED_BY.values())}
        answers: dict[str, Any] = {}
        for name, expected in EXPECTED.items():
            if name not in ("01-sign-in", "13-watch"):
                waiting = answers[DECIDES[name]]["proposal"]["id"] if name in DECIDES else ""
                document, variables = example(name, waiting)
                answers[name] = only(await others.get(PRESSED_BY.get(name, ""), client)(document, **variables))
                assert answers[name].get("__typename") == expected, (name, answers[name])
        for each in (client, *others.values()):
            await each.http.aclose()
        check(answers)


def check(answers: dict[str, Any]) -> None:
    """Each answer shows what its example promises."""
    assert [room["code"] for room in answers["02-viewer"]["armories"]] == ["NORTH"]
    assert (answers["03-scan"]["serial"], answers["03-scan"]["state"]) == ("M4-100001", "IN_ROOM")
    (issued,) = answers["04-issue"]["records"]
    (refusal,) = answers["05-issue-again"]["refusals"]
    assert refusal["code"] == "ITEM_NOT_AVAILABLE"
    assert refusal["holder"]["name"] == issued["holder"]["name"]
    assert refusal["holder"]["name"] in refusal["message"]
    assert (refusal["since"], refusal["receiptNumber"]) == (issued["issuedAt"], issued["receiptNumber"])
    (returned,) = answers["06-return"]["records"]
    assert (returned["receiptNumber"], returned["closeReason"]) == (issued["receiptNumber"], "RETURNED")
    out, overdue = answers["07-who-holds-what"], answers["08-overdue"]
    assert out["totalCount"] == len(out["edges"]) > overdue["totalCount"] == len(overdue["edges"]) > 0
    assert sum(count["count"] for count in answers["09-armory-counts"]["edges"][0]["node"]["counts"]) == 250
    assert answers["10-history"]["history"]["totalCount"] > 1
    assert [edge["node"]["type"] for edge in answers["11-item-events"]["events"]["edges"]][:2] == ["ITEM_RETURNED", "ITEM_ISSUED"]
    reasons = answers["14-can-issue"]["refusals"]
    assert [reason["code"] for reason in reasons] == ["PERSON_NOT_ELIGIBLE", "ARMS_BARRED", "LIMIT_EXCEEDED"]
    assert all(reason["liftedBy"] for reason in reasons)
    (drawn,), (back,) = answers["15-draw-for-duty"]["records"], answers["16-return-in-part"]["records"]
    assert {line["lot"]["article"]: line["issued"] for line in drawn["lines"]} == {"MAG-G17": 4, "9MM-BALL": 42, "HOLSTER-G17": 1}
    became = {line["lot"]["article"]: (line["returned"], line["expended"], line["lost"]) for line in back["lines"]}
    assert became == {"MAG-G17": (3, 0, 1), "9MM-BALL": (30, 12, 0), "HOLSTER-G17": (1, 0, 0)}
    assert (back["receiptNumber"], back["roundsFired"], back["item"]["state"]) == (drawn["receiptNumber"], 12, "IN_ROOM")
    refused = [refusal["code"] for refusal in answers["17-refused-draw"]["refusals"]]
    assert refused == ["PERSON_NOT_ELIGIBLE", "ARMS_BARRED", "ITEM_NOT_ISSUABLE"]
    assert answers["18-propose"]["proposal"]["overridden"][0]["code"] == "ITEM_NOT_ISSUABLE"
    approved = answers["19-approve"]
    assert (approved["proposal"]["proposedByName"], approved["proposal"]["decidedByName"]) == ("armorer.north", "officer.demo")
    assert approved["records"][0]["issuedBy"]["username"] == "armorer.north"
    assert {record["item"]["serial"] for record in answers["21-bring-all-back"]["records"]} == {"M4-100029", "PVS-100001"}
    assert answers["23-dry-run"]["summaries"][0].startswith("M4-100003 issued to ")
    assert answers["25-regularise"]["record"]["issueType"] == "EMERGENCY"
    (relieved,) = answers["26-relieve"]["records"]
    assert answers["27-extend-due"]["records"][0]["dueAt"] > relieved["dueAt"]
    settled = {line["lot"]["article"]: line["outstanding"] for line in answers["28-settle-stock"]["records"][0]["lines"]}
    assert settled == {"556-BALL": 40, "MAG-M4": 1}
    assert answers["30-confirm-receipt"]["record"]["confirmation"] == "CONFIRMED"
    assert answers["31-return-elsewhere"]["items"][0]["home"] == "NORTH"
    assert answers["32-receive-home"]["items"][0]["state"] == "IN_ROOM"
    assert answers["35-reject"]["proposal"]["reason"] == "Five short at the evening count"
    for lot in (edge["node"] for edge in answers["22-stock"]["edges"]):
        assert lot["received"] - lot["disposed"] == sum(lot[term] for term in ("onHand", "outOnIssue", "expended", "lost"))
    ledger = [edge["node"] for edge in answers["12-ledger"]["events"]["edges"]]
    assert [entry["previousHash"] for entry in ledger[:-1]] == [entry["hash"] for entry in ledger[1:]]


async def test_the_watching_example_sees_an_issue_and_a_return_and_goes_on_from_its_cursor(demo_live: Live) -> None:
    token = only(await demo_live.as_(None)(example("01-sign-in")[0], **example("01-sign-in")[1]))["token"]
    client = Client(demo_live.url, token)
    document, variables = example("13-watch")
    async with demo_live.socket(None, token) as socket:
        feed = await subscribe(socket, document, **variables)
        start = (await feed.next())["data"]["custodyFeed"]
        assert start["event"] is None
        for name in ("04-issue", "06-return"):
            await client(example(name)[0], **example(name)[1])
        events = [(await feed.next())["data"]["custodyFeed"]["event"] for _ in range(2)]
        assert [event["type"] for event in events] == ["ITEM_ISSUED", "ITEM_RETURNED"]
        assert {event["item"]["serial"] for event in events} == {"M4-100001"}
        again = await subscribe(socket, document, after=start["cursor"])
        assert [(await again.next())["data"]["custodyFeed"]["event"]["seq"] for _ in range(2)] == [event["seq"] for event in events]
    await client.http.aclose()


async def test_an_overdue_receipt_comes_on_the_live_feed(demo_url: str, settings: Settings) -> None:
    async with running_server(demo_url, settings.model_copy(update={"overdue_poll_seconds": 0.05})) as live:
        client = await signed_in_as(live, "armorer.north")
        document, variables = example("13-watch")
        async with live.socket(None, client.token) as socket:
            feed = await subscribe(socket, document, **variables)
            assert (await feed.next())["data"]["custodyFeed"]["event"] is None
            due_soon, given = example("20-due-soon")
            given["input"]["dueAt"] = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
            assert only(await client(due_soon, **given))["__typename"] == "ItemsIssued"
            seen: list[dict[str, Any]] = []
            while not seen or seen[-1]["type"] != "RECEIPT_OVERDUE" or seen[-1]["item"]["serial"] != "PVS-100001":
                seen.append((await feed.next())["data"]["custodyFeed"]["event"])
        assert sum(event["type"] == "RECEIPT_OVERDUE" and event["item"]["serial"] == "PVS-100001" for event in seen) == 1
        await client.http.aclose()


async def test_the_demo_opens_a_database_that_the_same_task_has_just_migrated(cluster: Cluster) -> None:
    """As `armguard demo` does on a new folder."""
    _in_thread(lambda: _in_postgres(cluster, "CREATE DATABASE first_start"))
    at = cluster.at("first_start")
    assert await database.prepare(at)
    await database.open_door(at.runtime, Settings())
    try:
        assert await demo.loaded() is False
    finally:
        await database.close_door()
        _in_thread(lambda: _in_postgres(cluster, "DROP DATABASE first_start WITH (FORCE)"))


async def test_the_page_signs_in_and_out_with_what_the_schema_has(demo_live: Live) -> None:
    page = partial(_page, demo_live)
    given = {"username": "armorer.north", "password": "wrong", "code": None, "cookie": True}
    wrong = (await page("SignIn", input=given))["data"]["signIn"]
    assert (wrong["__typename"], wrong["refusals"][0]["code"]) == ("Refused", "SIGN_IN_FAILED")
    client = demo_live.as_(None)
    right = (await page("SignIn", client, input={**given, "password": password_of("armorer.north")}))["data"]["signIn"]
    client.http.headers["authorization"] = f"Bearer {right['token']}"
    assert (await page("Viewer", client))["data"]["viewer"] == {"username": "armorer.north", "roles": ["ARMORER"]}
    again = (await page("Refresh", client))["data"]["refresh"]
    assert {"token", "expiresAt", "username", "roles", "unfinished"} <= set(again)
    client.http.headers["authorization"] = f"Bearer {again['token']}"
    assert (await page("SignOut", client))["data"]["signOut"] == {"username": "armorer.north"}
    (error,) = (await page("Viewer", client))["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"


async def _page(live: Live, operation: str, client: Client | None = None, **variables: Any) -> dict[str, Any]:
    """What the page asks on its own account, as it does; a client keeps the cookie."""
    asked = {"query": PAGE, "operationName": operation, "variables": variables}
    return dict((await (client or live.as_(None)).http.post("/graphql", json=asked)).json())
