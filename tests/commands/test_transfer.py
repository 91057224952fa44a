"""What happens to a receipt while the weapon is out, over HTTP: guard relief, decided as an issue would be, and a later due time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

import pytest

from graph.audit.ledger import export_events
from graph.audit.replay import differences, live_book, replay
from tests.commands.test_custody import ARMORY, DIZON, EDIT_ITEM, LAGMAN, M4, OCAMPO, PVS, STATE, codes, new, only, said
from tests.commands.test_eligibility import BAR
from tests.conftest import assert_whole
from tests.server import Client, Live

TRANSFER = """
mutation ($input: TransferItemsInput!) {
  transferItems(input: $input) {
    __typename
    ... on ItemsTransferred {
      repeated
      records { id receiptNumber issuedAt dueAt closedAt item { serial state version } holder { name serviceNumber } armory { code } }
      events { type summary item { serial } person { serviceNumber } }
    }
    ... on Refused { refusals { code message line path since receiptNumber currentVersion holder { serviceNumber } item { serial } } }
  }
}
"""
HISTORY = """query ($s: String!) { item(serial: $s) { state version openCustody { receiptNumber holder { serviceNumber } }
  history(first: 5) { edges { node { receiptNumber issuedAt closedAt closeReason conditionIn holder { serviceNumber } } } } } }"""


@pytest.fixture
def armorer(live: Live) -> Client:
    """The armorer at the counter of NORTH."""
    return live.as_("north")


async def relieve(client: Client, to: str, *serials: str, **more: Any) -> Any:
    """Let items go into the hands of a person."""
    lines = [{"item": {"serial": serial}} for serial in serials]
    given = {"requestId": str(uuid4()), "holder": {"serviceNumber": to}, "lines": lines, **more}
    return (await client(TRANSFER, input=given))["transferItems"]


async def test_inv_01_the_relief_has_the_rifle_and_the_sentinel_has_it_no_more(armorer: Client) -> None:
    (drawn,) = (await armorer.issue(OCAMPO, M4))["records"]
    taken = await relieve(armorer, LAGMAN, M4, handedOverBy={"serviceNumber": OCAMPO})
    (record,) = taken["records"]
    assert record["holder"]["serviceNumber"] == LAGMAN
    assert (record["item"]["state"], record["closedAt"], record["armory"]["code"]) == ("ISSUED", None, "NORTH")
    assert record["receiptNumber"] > drawn["receiptNumber"]
    assert [event["type"] for event in taken["events"]] == ["ITEM_HANDED_OVER", "ITEM_TAKEN_OVER"]
    assert [event["person"]["serviceNumber"] for event in taken["events"]] == [OCAMPO, LAGMAN]
    item = (await armorer(HISTORY, s=M4))["item"]
    newer, older = [edge["node"] for edge in item["history"]["edges"]]
    assert item["openCustody"]["receiptNumber"] == newer["receiptNumber"] == record["receiptNumber"]
    assert (older["closeReason"], older["conditionIn"], older["closedAt"]) == ("TRANSFERRED", "SERVICEABLE", newer["issuedAt"])
    assert item["version"] == record["item"]["version"] == drawn["item"]["version"] + 1
    assert (await armorer.give_back(M4))["records"][0]["holder"]["serviceNumber"] == LAGMAN


async def test_inv_19_a_relief_sent_twice_is_done_once(armorer: Client) -> None:
    await armorer.issue(OCAMPO, M4, PVS)
    request = {"requestId": str(uuid4())}
    first, again = [await relieve(armorer, LAGMAN, M4, PVS, **request) for _ in range(2)]
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert again["records"] == first["records"]
    assert again["events"] == first["events"]
    assert len(first["events"]) == 4


async def test_inv_04_the_gates_of_an_issue_stand_before_the_relief(live: Live, armorer: Client) -> None:
    officer = live.as_("officer")
    await armorer.issue(OCAMPO, M4)
    await armorer.issue(LAGMAN, "M500-001")
    limit = only(await relieve(armorer, LAGMAN, M4))
    assert (limit["code"], limit["holder"]["serviceNumber"]) == ("LIMIT_EXCEEDED", LAGMAN)
    await officer(BAR, i=new(person={"serviceNumber": DIZON}, reason="under inquiry"))
    assert "ARMS_BARRED" in codes(await relieve(armorer, DIZON, M4))
    room = (await officer(ARMORY, code="NORTH"))["armory"]
    await officer(STATE, i=new(id=room["id"], state="LOCKDOWN", reason="alarm"))
    assert "ARMORY_NOT_OPEN" in codes(await relieve(armorer, "S-006", M4))
    await officer(STATE, i=new(id=room["id"], state="OPEN", reason="over"))
    assert (await armorer(HISTORY, s=M4))["item"]["openCustody"]["holder"]["serviceNumber"] == OCAMPO


async def test_inv_03_an_unserviceable_rifle_is_not_handed_on(armorer: Client) -> None:
    await armorer.issue(OCAMPO, PVS)
    item = (await armorer(f'{{ item(serial: "{PVS}") {{ id }} }}'))["item"]
    await armorer(EDIT_ITEM, i=new(id=item["id"], serviceability="UNSERVICEABLE", reason="cracked"))
    assert codes(await relieve(armorer, LAGMAN, PVS)) == ["ITEM_NOT_ISSUABLE"]


async def test_what_nobody_has_and_what_another_has_is_refused_and_says_who(live: Live, armorer: Client) -> None:
    await armorer.issue(OCAMPO, M4)
    refused = await relieve(armorer, LAGMAN, M4, PVS, handedOverBy={"serviceNumber": DIZON})
    assert codes(refused) == ["HELD_BY_OTHER", "NOT_ISSUED"]
    assert [refusal["line"] for refusal in refused["refusals"]] == [0, 1]
    assert refused["refusals"][0]["holder"]["serviceNumber"] == OCAMPO
    assert only(await relieve(armorer, OCAMPO, M4))["message"].endswith("already.")
    assert codes(await relieve(armorer, LAGMAN, M4, M4)) == ["INVALID_VALUE"]
    assert codes(await relieve(live.as_("south"), LAGMAN, M4)) == ["UNKNOWN_CODE"]
    stale = {"lines": [{"item": {"serial": M4}, "expectedVersion": 1}]}
    conflict = only(await relieve(armorer, LAGMAN, **stale))
    assert (conflict["code"], conflict["path"]) == ("VERSION_CONFLICT", "lines.0.expectedVersion")
    assert await live.as_("auditor").code(TRANSFER, input=new(holder={"serviceNumber": LAGMAN}, **stale)) == "FORBIDDEN"


async def test_inv_18_hands_change_neither_in_the_future_nor_before_the_issue(armorer: Client) -> None:
    now = datetime.now(UTC)
    await armorer.issue(OCAMPO, M4, effectiveAt=said(now - timedelta(hours=2)))
    assert codes(await relieve(armorer, LAGMAN, M4, effectiveAt=said(now + timedelta(hours=1)))) == ["BACKDATE_REFUSED"]
    assert codes(await relieve(armorer, LAGMAN, M4, effectiveAt=said(now - timedelta(hours=3)))) == ["BACKDATE_REFUSED"]
    (record,) = (await relieve(armorer, LAGMAN, M4, effectiveAt=said(now - timedelta(hours=1))))["records"]
    assert record["issuedAt"] == said(now - timedelta(hours=1))


async def test_a_stale_page_is_told_of_the_relief_once(armorer: Client) -> None:
    await armorer.issue(OCAMPO, M4)
    version = (await armorer(HISTORY, s=M4))["item"]["version"]
    await relieve(armorer, LAGMAN, M4)
    lines = [{"item": {"serial": M4}, "expectedVersion": version}]
    refused = await armorer(
        "mutation ($i: ReturnItemsInput!) { returnItems(input: $i) { ... on Refused { refusals { code changed } } } }", i=new(lines=lines)
    )
    (refusal,) = refused["returnItems"]["refusals"]
    assert [change.split(" by ")[0] for change in refusal["changed"]] == ["item taken over"]


async def test_inv_01_of_two_reliefs_at_once_one_has_the_rifle(live: Live, armorer: Client) -> None:
    await armorer.issue(OCAMPO, M4)
    from_her = {"handedOverBy": {"serviceNumber": OCAMPO}}
    answers = await asyncio.gather(*(relieve(live.as_("north"), to, M4, **from_her) for to in (LAGMAN, DIZON, "S-006", "S-007")))
    done = [answer for answer in answers if answer["__typename"] == "ItemsTransferred"]
    assert len(done) == 1
    winner = done[0]["records"][0]["holder"]["serviceNumber"]
    assert (await armorer(HISTORY, s=M4))["item"]["openCustody"]["holder"]["serviceNumber"] == winner
    for answer in answers:
        if answer["__typename"] == "Refused":
            assert only(answer)["holder"]["serviceNumber"] == winner


async def test_inv_16_a_day_of_reliefs_folds_to_the_tables_and_the_chain_is_whole(armorer: Client) -> None:
    await armorer.issue(OCAMPO, M4, PVS)
    for to in (LAGMAN, DIZON, OCAMPO):
        assert (await relieve(armorer, to, PVS, M4))["__typename"] == "ItemsTransferred"
    await armorer.give_back(PVS, M4)
    await assert_whole()
    assert differences(replay([event async for event in export_events()]), await live_book()) == []


# ------------------------------------------------------------------------------------------------------------------------- due later


EXTEND = """
mutation ($i: ExtendDueInput!) {
  extendDue(input: $i) {
    __typename
    ... on DueExtended { repeated records { receiptNumber dueAt item { serial version } } events { type summary } }
    ... on Refused { refusals { code message line path since limit receiptNumber holder { serviceNumber } } }
  }
}
"""


async def extend(client: Client, due_at: datetime, *serials: str, request_id: str | None = None) -> Any:
    """Let items be due later."""
    lines = [{"item": {"serial": serial}} for serial in serials]
    given = {"requestId": request_id or str(uuid4()), "lines": lines, "dueAt": said(due_at), "reason": "the exercise goes on"}
    return (await client(EXTEND, i=given))["extendDue"]


async def test_inv_08_a_temporary_issue_is_due_later_but_within_the_policy(armorer: Client) -> None:
    now = datetime.now(UTC)
    (drawn,) = (await armorer.issue(OCAMPO, M4, dueAt=said(now + timedelta(hours=3))))["records"]
    later = await extend(armorer, now + timedelta(hours=20), M4)
    assert later["records"] == [
        {
            "receiptNumber": drawn["receiptNumber"],
            "dueAt": said(now + timedelta(hours=20)),
            "item": {"serial": M4, "version": drawn["item"]["version"]},
        }
    ]
    assert [event["type"] for event in later["events"]] == ["DUE_EXTENDED"]
    too_late = only(await extend(armorer, now + timedelta(hours=25), M4))
    assert (too_late["code"], too_late["limit"], too_late["holder"]["serviceNumber"]) == ("LIMIT_EXCEEDED", 24, OCAMPO)
    assert codes(await extend(armorer, now + timedelta(hours=19), M4)) == ["INVALID_VALUE"]
    assert (await armorer.give_back(M4))["__typename"] == "ItemsReturned"
    await assert_whole()


async def test_inv_19_an_extension_sent_twice_is_done_once(armorer: Client) -> None:
    now, request_id = datetime.now(UTC), str(uuid4())
    await armorer.issue(OCAMPO, M4, dueAt=said(now + timedelta(hours=3)))
    first, again = [await extend(armorer, now + timedelta(hours=5), M4, request_id=request_id) for _ in range(2)]
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert again["records"] == first["records"]


async def test_what_is_not_out_has_no_due_time_or_is_due_in_the_past_is_refused_at_once(live: Live, armorer: Client) -> None:
    now = datetime.now(UTC)
    await armorer.issue(OCAMPO, PVS, issueType="HAND_RECEIPT")
    assert codes(await extend(armorer, now - timedelta(hours=1), M4, PVS)) == ["INVALID_VALUE", "NOT_ISSUED", "INVALID_VALUE"]
    assert codes(await extend(live.as_("south"), now + timedelta(hours=1), PVS)) == ["UNKNOWN_CODE"]


async def test_inv_08_a_hand_receipt_with_a_due_time_may_be_due_much_later(armorer: Client) -> None:
    now = datetime.now(UTC)
    await armorer.issue(OCAMPO, PVS, issueType="HAND_RECEIPT", dueAt=said(now + timedelta(days=30)))
    (record,) = (await extend(armorer, now + timedelta(days=90), PVS))["records"]
    assert record["dueAt"] == said(now + timedelta(days=90))


async def test_a_later_due_time_is_no_change_of_the_item_that_a_stale_page_is_told_of(armorer: Client) -> None:
    now = datetime.now(UTC)
    await armorer.issue(OCAMPO, M4, dueAt=said(now + timedelta(hours=3)))
    version = (await armorer(HISTORY, s=M4))["item"]["version"]
    await extend(armorer, now + timedelta(hours=5), M4)
    answer = await armorer(
        "mutation ($i: ReturnItemsInput!) { returnItems(input: $i) { __typename } }",
        i=new(lines=[{"item": {"serial": M4}, "expectedVersion": version}]),
    )
    assert answer["returnItems"]["__typename"] == "ItemsReturned"


async def test_the_ledger_says_a_due_time_in_utc_whatever_offset_it_was_given_with(armorer: Client) -> None:
    now = datetime.now(UTC)
    await armorer.issue(OCAMPO, M4, dueAt=said(now + timedelta(hours=3)))
    manila = (now + timedelta(hours=5)).astimezone(timezone(timedelta(hours=8)))
    lines = [{"item": {"serial": M4}}]
    given = {"requestId": str(uuid4()), "lines": lines, "dueAt": manila.isoformat(), "reason": "the exercise goes on"}
    (event,) = (await armorer(EXTEND, i=given))["extendDue"]["events"]
    assert event["summary"].endswith(f"due at {now + timedelta(hours=5):%Y-%m-%d %H:%M} UTC.")
