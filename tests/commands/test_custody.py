"""Issue and return at the counter, over HTTP: what goes out, what comes back, and every reason why not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from broadcaster import Broadcast

from graph import database
from graph.settings import Settings
from tests.server import ISSUE, RETURN, Client, Live, running_server

OCAMPO, LAGMAN, DIZON, ESPINO, PENA = "S-001", "S-002", "S-003", "S-004", "S-005"
M4, G17, M500, PVS = "M4-001", "G17-001", "M500-001", "PVS-001"

ITEM = """
query ($serial: String!) {
  item(serial: $serial) {
    id serial state serviceability roundCount version rack
    openCustody { receiptNumber dueAt holder { serviceNumber } }
    history(first: 20) { totalCount }
    events(first: 20) { edges { node { seq type summary effectiveAt recordedAt actorName requestId } } }
  }
}
"""
PERSON = "query ($n: String!) { person(serviceNumber: $n) { id version dutyStatus holdings { item { serial } } } }"
ARMORY = "query ($code: String!) { armory(code: $code) { id version state } }"
REFUSED = "... on Refused { refusals { code message line path since limit held currentVersion changed } }"
DUTY = f"""mutation ($i: ChangeDutyStatusInput!) {{ changeDutyStatus(input: $i) {{
  __typename ... on PersonSaved {{ person {{ dutyStatus version }} }} {REFUSED} }} }}"""
STATE = f"""mutation ($i: SetArmoryStateInput!) {{ setArmoryState(input: $i) {{
  __typename ... on ArmorySaved {{ armory {{ state version }} }} {REFUSED} }} }}"""
EDIT_ARMORY = f"""mutation ($i: EditArmoryInput!) {{ editArmory(input: $i) {{
  __typename ... on ArmorySaved {{ armory {{ version }} }} {REFUSED} }} }}"""
EDIT_ITEM = f"""mutation ($i: EditItemInput!) {{ editItem(input: $i) {{
  __typename ... on ItemSaved {{ item {{ serial state serviceability version }} }} {REFUSED} }} }}"""
TO_SHOP = f"""mutation ($i: MaintenanceInput!) {{ sendToMaintenance(input: $i) {{
  __typename ... on ItemSaved {{ item {{ state version }} }} {REFUSED} }} }}"""
FROM_SHOP = f"""mutation ($i: MaintenanceInput!) {{ returnFromMaintenance(input: $i) {{
  __typename ... on ItemSaved {{ item {{ state version serviceability }} }} {REFUSED} }} }}"""
TAG = f"""mutation ($i: AssignTagInput!) {{ assignTag(input: $i) {{ __typename ... on TagSaved {{ tag {{ code }} }} {REFUSED} }} }}"""
REVOKE = f"""mutation ($i: RevokeTagInput!) {{ revokeTag(input: $i) {{
  __typename ... on TagSaved {{ tag {{ revokedAt }} }} {REFUSED} }} }}"""
MODEL = f"""mutation ($i: RegisterItemModelInput!) {{ registerItemModel(input: $i) {{
  __typename ... on ItemModelSaved {{ itemModel {{ id }} }} {REFUSED} }} }}"""
NEW_ITEM = f"""mutation ($i: RegisterItemInput!) {{ registerItem(input: $i) {{
  __typename ... on ItemSaved {{ item {{ id serial }} }} {REFUSED} }} }}"""


def new(**fields: Any) -> dict[str, Any]:
    """An input with a request id of its own."""
    return {"requestId": str(uuid4()), **fields}


def said(moment: datetime) -> str:
    """A moment as clients write and read it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def codes(answer: dict[str, Any]) -> list[str]:
    """The codes of a refused command."""
    assert answer["__typename"] == "Refused", answer
    return [refusal["code"] for refusal in answer["refusals"]]


def only(answer: dict[str, Any]) -> dict[str, Any]:
    """The one reason of a refused command."""
    assert answer["__typename"] == "Refused", answer
    (refusal,) = answer["refusals"]
    found: dict[str, Any] = refusal
    return found


def done(answer: dict[str, Any]) -> dict[str, Any]:
    """A command's success."""
    assert answer["__typename"] != "Refused", answer
    return answer


async def look(client: Client, serial: str) -> dict[str, Any]:
    """An item as it stands on the book."""
    found: dict[str, Any] = (await client(ITEM, serial=serial))["item"]
    return found


async def change_duty_status(live: Live, number: str, status: str) -> dict[str, Any]:
    """The officer changes a person's duty status."""
    officer = live.as_("officer")
    person = (await officer(PERSON, n=number))["person"]
    answer: dict[str, Any] = (await officer(DUTY, i=new(id=person["id"], dutyStatus=status, reason="orders")))["changeDutyStatus"]
    return answer


async def set_state(live: Live, code: str, state: str) -> None:
    """The officer opens or shuts an arms room."""
    officer = live.as_("officer")
    armory = (await officer(ARMORY, code=code))["armory"]
    done((await officer(STATE, i=new(id=armory["id"], state=state, reason="orders")))["setArmoryState"])


async def edit_item(live: Live, serial: str, **fields: Any) -> dict[str, Any]:
    """The officer edits an item."""
    officer = live.as_("officer")
    item = await look(officer, serial)
    answer: dict[str, Any] = (await officer(EDIT_ITEM, i=new(id=item["id"], **fields)))["editItem"]
    return answer


async def issue_by(client: Client, holder: dict[str, str], *items: dict[str, str], **more: Any) -> dict[str, Any]:
    """Issue with references as they come."""
    answer: dict[str, Any] = (await client(ISSUE, input=new(holder=holder, lines=[{"item": item} for item in items], **more)))["issueItems"]
    return answer


async def return_lines(client: Client, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Take back with whatever the lines say."""
    answer: dict[str, Any] = (await client(RETURN, input=new(lines=list(lines), **more)))["returnItems"]
    return answer


def line(serial: str, **more: Any) -> dict[str, Any]:
    """A line about an item by its serial."""
    return {"item": {"serial": serial}, **more}


@pytest.fixture
async def everything(owner_url: str) -> AsyncIterator[Any]:
    """A function that reads every row of every table, so that nothing can change unseen."""
    connection = await asyncpg.connect(owner_url)

    async def read() -> dict[str, list[str]]:
        tables = [row["tablename"] for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        assert {"custody_record", "item", "ledger_event", "stream_head", "completed_request"} <= set(tables)
        return {
            table: [row["t"] for row in await connection.fetch(f'SELECT t::text AS t FROM "{table}" t ORDER BY 1')]
            for table in sorted(tables)
        }

    try:
        yield read
    finally:
        await connection.close()


# ---------------------------------------------------------------------------------------------------------------- one item, one holder


async def test_inv_01_a_rifle_out_is_refused_to_the_next_and_names_its_holder(live: Live) -> None:
    first, second = live.as_("north"), live.as_("north.two")
    issued = done(await first.issue(OCAMPO, M4))
    refusal = only(await second.issue(LAGMAN, M4))
    assert refusal["code"] == "ITEM_NOT_AVAILABLE"
    assert (refusal["line"], refusal["path"]) == (0, "lines.0.item")
    assert refusal["holder"] == {"name": "SGT Ocampo, Ana", "serviceNumber": OCAMPO}
    assert refusal["since"] == issued["records"][0]["issuedAt"]
    assert refusal["receiptNumber"] == issued["records"][0]["receiptNumber"]
    assert refusal["item"] == {"serial": M4}
    assert "SGT Ocampo, Ana" in refusal["message"]
    assert (await look(first, M4))["history"]["totalCount"] == 1


async def test_inv_01_the_holder_too_cannot_draw_the_same_rifle_twice(live: Live) -> None:
    north = live.as_("north")
    done(await north.issue(OCAMPO, M4))
    assert only(await north.issue(OCAMPO, M4))["code"] == "ITEM_NOT_AVAILABLE"


async def test_an_issue_answers_with_receipts_in_the_order_of_its_lines(live: Live) -> None:
    north = live.as_("north")
    issued = done(await north.issue(OCAMPO, G17, M4, PVS, purpose="sentinel"))
    assert [record["item"]["serial"] for record in issued["records"]] == [G17, M4, PVS]
    assert [record["receiptNumber"] for record in issued["records"]] == ["NORTH-000001", "NORTH-000002", "NORTH-000003"]
    assert [event["type"] for event in issued["events"]] == ["ITEM_ISSUED"] * 3
    assert [event["seq"] for event in issued["events"]] == list(range(issued["events"][0]["seq"], issued["events"][0]["seq"] + 3))
    assert {record["item"]["state"] for record in issued["records"]} == {"ISSUED"}
    assert {record["purpose"]["code"] for record in issued["records"]} == {"SENTINEL"}
    assert issued["repeated"] is False


async def test_receipt_numbers_have_no_gap_where_an_issue_was_refused(live: Live) -> None:
    north = live.as_("north")
    numbers = []
    for holder, serial in ((OCAMPO, "M4-001"), (LAGMAN, "M4-001"), (LAGMAN, "M4-002"), (ESPINO, "M4-003"), (DIZON, "M4-003")):
        answer = await north.issue(holder, serial)
        numbers += [record["receiptNumber"] for record in answer.get("records", ())]
    assert numbers == ["NORTH-000001", "NORTH-000002", "NORTH-000003"]


async def test_inv_02_no_edit_sets_or_clears_issued(live: Live) -> None:
    north = live.as_("north")
    done(await north.issue(OCAMPO, M4))
    for serviceability in ("UNSERVICEABLE", "QUARANTINED", "LIMITED", "SERVICEABLE"):
        for serial, state in ((M4, "ISSUED"), (G17, "IN_ROOM")):
            answer = done(await edit_item(live, serial, rack="A-1", serviceability=serviceability, reason="inspection"))
            assert answer["item"]["state"] == state
    assert (await look(north, M4))["openCustody"]["holder"] == {"serviceNumber": OCAMPO}
    assert (await look(north, G17))["openCustody"] is None


async def test_inv_02_an_issued_item_goes_neither_to_maintenance_nor_back_from_it(live: Live) -> None:
    north = live.as_("north")
    done(await north.issue(OCAMPO, M4))
    for mutation, field, where in (
        (TO_SHOP, "sendToMaintenance", "in the arms room"),
        (FROM_SHOP, "returnFromMaintenance", "in maintenance"),
    ):
        refusal = only((await north(mutation, i=new(item={"serial": M4}, reason="bolt")))[field])
        assert (refusal["code"], refusal["path"]) == ("STATE_NOT_ALLOWED", "item")
        assert refusal["message"] == f"{M4} is issued, not {where}."
    item = await look(north, M4)
    assert (item["state"], item["openCustody"]["holder"]["serviceNumber"]) == ("ISSUED", OCAMPO)


async def test_inv_02_no_change_of_the_holder_the_room_or_the_tag_ends_custody(live: Live) -> None:
    north, officer = live.as_("north"), live.as_("officer")
    done(await north.issue(OCAMPO, M4))
    for status in ("SUSPENDED", "LEAVE", "INACTIVE", "ACTIVE"):
        done(await change_duty_status(live, OCAMPO, status))
    for state in ("CLOSED", "CHANGEOVER", "LOCKDOWN", "OPEN"):
        await set_state(live, "NORTH", state)
    armory = (await officer(ARMORY, code="NORTH"))["armory"]
    done((await officer(EDIT_ARMORY, i=new(id=armory["id"], longGunLimit=0)))["editArmory"])
    done((await north(REVOKE, i=new(code=f"TAG-{M4}", reason="worn")))["revokeTag"])
    item = await look(north, M4)
    assert (item["state"], item["openCustody"]["holder"]["serviceNumber"]) == ("ISSUED", OCAMPO)


# --------------------------------------------------------------------------------------------------------------------- what may go out


async def test_inv_03_an_item_in_maintenance_is_not_issued_until_it_is_back(live: Live) -> None:
    north = live.as_("north")
    done((await north(TO_SHOP, i=new(item={"serial": M4}, reason="bolt")))["sendToMaintenance"])
    refusal = only(await north.issue(OCAMPO, M4))
    assert (refusal["code"], refusal["line"], refusal["path"]) == ("ITEM_NOT_ISSUABLE", 0, "lines.0.item")
    assert refusal["message"] == f"{M4} is in maintenance, not in the arms room."
    done((await north(FROM_SHOP, i=new(item={"serial": M4}, reason="new bolt")))["returnFromMaintenance"])
    done(await north.issue(OCAMPO, M4))


@pytest.mark.parametrize("serviceability", ["LIMITED", "UNSERVICEABLE", "QUARANTINED"])
async def test_inv_03_an_item_that_is_not_serviceable_is_not_issued(live: Live, serviceability: str) -> None:
    north = live.as_("north")
    done(await edit_item(live, M4, serviceability=serviceability, reason="cracked stock"))
    refusal = only(await north.issue(OCAMPO, M4))
    assert (refusal["code"], refusal["line"], refusal["path"]) == ("ITEM_NOT_ISSUABLE", 0, "lines.0.item")
    assert refusal["message"] == f"{M4} is {serviceability.lower()} and is not issued."


@pytest.mark.parametrize(("state", "spoken"), [("CLOSED", "closed"), ("CHANGEOVER", "in changeover"), ("LOCKDOWN", "in lockdown")])
async def test_inv_03_an_arms_room_that_is_not_open_issues_nothing_and_inv_05_takes_back(live: Live, state: str, spoken: str) -> None:
    north = live.as_("north")
    done(await north.issue(OCAMPO, M4))
    await set_state(live, "NORTH", state)
    refusal = only(await north.issue(LAGMAN, G17))
    assert (refusal["code"], refusal["line"], refusal["path"]) == ("ARMORY_NOT_OPEN", 0, "lines.0.item")
    assert refusal["message"] == f"The arms room NORTH is {spoken} and issues nothing."
    returned = done(await north.give_back(M4))
    assert returned["records"][0]["closeReason"] == "RETURNED"
    assert returned["records"][0]["item"]["state"] == "IN_ROOM"


async def test_inv_03_an_item_of_another_arms_room_is_out_of_scope_by_id_and_tag_and_unknown_by_its_serial(live: Live) -> None:
    north = live.as_("north")
    other = await look(live.as_("officer"), "M4-101")
    for ref, code, path in (
        ({"serial": "M4-101"}, "UNKNOWN_CODE", "lines.0.item.serial"),
        ({"id": other["id"]}, "OUT_OF_SCOPE", "lines.0.item"),
        ({"tag": "TAG-M4-101"}, "OUT_OF_SCOPE", "lines.0.item"),
    ):
        refusal = only(await issue_by(north, {"serviceNumber": OCAMPO}, ref))
        assert (refusal["code"], refusal["line"], refusal["path"]) == (code, 0, path)
    done(await live.as_("south").issue(OCAMPO, "M4-101"))
    assert only(await north.give_back("M4-101"))["code"] == "UNKNOWN_CODE"
    assert (await look(live.as_("officer"), "M4-101"))["state"] == "ISSUED"


@pytest.mark.parametrize(
    ("number", "status", "message"),
    [
        (ESPINO, None, "AM Espino, Diego is suspended and draws nothing."),
        (PENA, None, "SSGT Peña, Elena is on leave and draws nothing."),
        (DIZON, "INACTIVE", "AM Dizon, Carlo is inactive and draws nothing."),
        (DIZON, "SEPARATED", "AM Dizon, Carlo is separated and draws nothing."),
    ],
)
async def test_inv_04_only_the_active_draw(live: Live, number: str, status: str | None, message: str) -> None:
    if status:
        done(await change_duty_status(live, number, status))
    refusal = only(await live.as_("north").issue(number, M4))
    assert (refusal["code"], refusal["line"], refusal["path"], refusal["message"]) == ("PERSON_NOT_ELIGIBLE", None, "holder", message)
    assert refusal["holder"]["serviceNumber"] == number


async def test_inv_04_a_sidearm_held_from_south_blocks_one_in_north(live: Live) -> None:
    done(await live.as_("south").issue(OCAMPO, "G17-101"))
    north = live.as_("north")
    refusal = only(await north.issue(OCAMPO, G17))
    assert (refusal["code"], refusal["line"], refusal["path"]) == ("LIMIT_EXCEEDED", 0, "lines.0.item")
    assert (refusal["limit"], refusal["held"], refusal["holder"]["serviceNumber"]) == (1, 1, OCAMPO)
    assert refusal["message"] == f"With {G17}, SGT Ocampo, Ana would hold 2 of 1 allowed sidearms (1 in hand now)."
    done(await north.issue(OCAMPO, M4))  # a long gun counts for itself
    done(await live.as_("south").give_back("G17-101"))
    done(await north.issue(OCAMPO, G17))


async def test_inv_04_two_rifles_in_one_draw_pass_the_limit_as_two_draws_would(live: Live) -> None:
    north = live.as_("north")
    refusal = only(await north.issue(OCAMPO, G17, "M4-001", "M4-002"))
    assert (refusal["code"], refusal["line"], refusal["limit"], refusal["held"]) == ("LIMIT_EXCEEDED", 2, 1, 0)
    refusal = only(await north.issue(OCAMPO, "M4-001", M500))  # a carbine and a shotgun are both long guns
    assert (refusal["line"], refusal["path"], refusal["item"]["serial"]) == (1, "lines.1.item", M500)
    done(await north.issue(OCAMPO, *[f"PVS-{number:03}" for number in range(1, 41)]))  # no limit counts devices


async def test_inv_04_the_policy_of_the_arms_room_sets_the_limit(live: Live) -> None:
    officer, north = live.as_("officer"), live.as_("north")
    armory = (await officer(ARMORY, code="NORTH"))["armory"]
    done((await officer(EDIT_ARMORY, i=new(id=armory["id"], longGunLimit=2, sidearmLimit=0)))["editArmory"])
    done(await north.issue(OCAMPO, "M4-001", "M4-002"))
    assert only(await north.issue(OCAMPO, "M4-003"))["limit"] == 2
    assert only(await north.issue(LAGMAN, G17))["limit"] == 0


async def test_a_purpose_says_what_may_be_drawn_for_it(live: Live) -> None:
    north = live.as_("north")
    refusal = only(await north.issue(OCAMPO, M4, G17, purpose="HONOR_GUARD"))
    assert (refusal["code"], refusal["line"], refusal["path"]) == ("ITEM_NOT_ISSUABLE", 1, "lines.1.item")
    assert refusal["message"] == f"{G17} is a pistol, which is not drawn for Honor guard."
    done(await north.issue(OCAMPO, M4, purpose="honor_guard"))
    refusal = only(await north.issue(LAGMAN, G17, purpose="PARADE"))
    assert (refusal["code"], refusal["path"], refusal["line"]) == ("UNKNOWN_CODE", "purpose", None)


# -------------------------------------------------------------------------------------------------------------------- what comes back


@pytest.mark.parametrize("status", ["SUSPENDED", "LEAVE", "INACTIVE"])
async def test_inv_05_whatever_the_holders_standing_the_weapon_comes_back(live: Live, status: str) -> None:
    north = live.as_("north")
    done(await north.issue(OCAMPO, M4, G17))
    done(await change_duty_status(live, OCAMPO, status))
    by_holder = done(await return_lines(north, line(M4), holder={"serviceNumber": OCAMPO}))
    assert by_holder["records"][0]["broughtBy"] == {"serviceNumber": OCAMPO}
    by_another = await return_lines(north, line(G17), broughtBy={"badge": f"BADGE-{LAGMAN}"}, broughtReason="he is in the guardhouse")
    assert done(by_another)["records"][0]["broughtBy"] == {"serviceNumber": LAGMAN}


async def test_inv_05_suspended_holder_returns(live: Live) -> None:
    north = live.as_("north")
    done(await north.issue(OCAMPO, M4))
    done(await change_duty_status(live, OCAMPO, "SUSPENDED"))
    await set_state(live, "NORTH", "LOCKDOWN")
    assert done(await north.give_back(M4))["records"][0]["item"]["state"] == "IN_ROOM"


async def test_inv_05_one_who_may_not_draw_may_bring_what_a_friend_holds(live: Live) -> None:
    north = live.as_("north")
    done(await north.issue(OCAMPO, M4))
    back = await return_lines(north, line(M4), broughtBy={"serviceNumber": ESPINO}, broughtReason="she is in hospital")
    assert done(back)["records"][0]["broughtReason"] == "she is in hospital"


async def test_inv_06_another_who_brings_it_says_why_and_is_recorded(live: Live) -> None:
    north = live.as_("north")
    issued = done(await north.issue(OCAMPO, M4))["records"][0]
    brought_by = {"serviceNumber": LAGMAN}
    for reason in ({}, {"broughtReason": None}):
        refusal = only(await return_lines(north, line(M4), broughtBy=brought_by, **reason))
        assert (refusal["code"], refusal["line"], refusal["path"]) == ("HELD_BY_OTHER", 0, "broughtReason")
        assert refusal["holder"] == {"name": "SGT Ocampo, Ana", "serviceNumber": OCAMPO}
        assert (refusal["since"], refusal["receiptNumber"]) == (issued["issuedAt"], issued["receiptNumber"])
        assert "CPL Lagman, Benita" in refusal["message"]
    record = done(await return_lines(north, line(M4), broughtBy=brought_by, broughtReason="she is on guard"))["records"][0]
    assert record["broughtBy"] == {"serviceNumber": LAGMAN}
    assert record["broughtReason"] == "she is on guard"
    assert record["holder"] == {"serviceNumber": OCAMPO}


async def test_inv_06_who_brings_their_own_needs_no_reason_among_what_others_hold(live: Live) -> None:
    north = live.as_("north")
    done(await north.issue(OCAMPO, "M4-001"))
    done(await north.issue(LAGMAN, "M4-002"))
    lines = [line("M4-001"), line("M4-002")]
    refusal = only(await return_lines(north, *lines, broughtBy={"serviceNumber": LAGMAN}))
    assert (refusal["line"], refusal["holder"]["serviceNumber"]) == (0, OCAMPO)
    mine, hers = done(await return_lines(north, *lines, broughtBy={"serviceNumber": OCAMPO}, broughtReason="both of us"))["records"]
    assert (mine["broughtReason"], hers["broughtReason"]) == (None, "both of us")


async def test_inv_07_who_holds_items_is_not_separated_and_the_refusal_names_them(live: Live) -> None:
    north = live.as_("north")
    done(await north.issue(OCAMPO, M4, G17, *[f"PVS-{number:03}" for number in range(1, 6)]))
    refusal = only(await change_duty_status(live, OCAMPO, "SEPARATED"))
    assert (refusal["code"], refusal["path"], refusal["held"]) == ("PERSON_HOLDS_ITEMS", "dutyStatus", 7)
    assert "and 2 more" in refusal["message"]
    done(await north.give_back(*[f"PVS-{number:03}" for number in range(1, 6)], G17))
    refusal = only(await change_duty_status(live, OCAMPO, "SEPARATED"))
    assert refusal["message"] == f"SGT Ocampo still holds {M4}. Take everything back first."
    done(await north.give_back(M4))
    assert done(await change_duty_status(live, OCAMPO, "SEPARATED"))["person"]["dutyStatus"] == "SEPARATED"


async def test_what_is_not_out_cannot_come_back(live: Live) -> None:
    north = live.as_("north")
    refusal = only(await north.give_back(M4))
    assert (refusal["code"], refusal["line"], refusal["path"]) == ("NOT_ISSUED", 0, "lines.0.item")
    assert refusal["message"] == f"{M4} is not issued: it is in the arms room."
    done((await north(TO_SHOP, i=new(item={"serial": M4}, reason="bolt")))["sendToMaintenance"])
    assert only(await north.give_back(M4))["message"] == f"{M4} is not issued: it is in maintenance."


async def test_a_return_in_a_holders_name_refuses_what_another_holds(live: Live) -> None:
    north = live.as_("north")
    done(await north.issue(OCAMPO, "M4-001"))
    issued = done(await north.issue(LAGMAN, "M4-002"))["records"][0]
    refusal = only(await return_lines(north, line("M4-001"), line("M4-002"), holder={"serviceNumber": OCAMPO}))
    assert (refusal["code"], refusal["line"], refusal["path"]) == ("HELD_BY_OTHER", 1, "lines.1.item")
    assert (refusal["holder"]["serviceNumber"], refusal["since"]) == (LAGMAN, issued["issuedAt"])
    assert refusal["receiptNumber"] == issued["receiptNumber"]
    assert (await look(north, "M4-001"))["state"] == "ISSUED"


async def test_a_return_records_its_condition_and_the_rounds_fired(live: Live) -> None:
    north = live.as_("north")
    done(await north.issue(OCAMPO, M4, G17))
    lines = [line(M4, condition="UNSERVICEABLE", roundsFired=120), line(G17)]
    rifle, pistol = done(await return_lines(north, *lines, note="extractor broken"))["records"]
    assert (rifle["conditionIn"], rifle["roundsFired"], rifle["item"]["roundCount"]) == ("UNSERVICEABLE", 120, 120)
    assert rifle["item"]["serviceability"] == "UNSERVICEABLE"
    assert (pistol["conditionIn"], pistol["roundsFired"], pistol["item"]["roundCount"]) == ("SERVICEABLE", None, 0)
    assert only(await north.issue(OCAMPO, M4))["code"] == "ITEM_NOT_ISSUABLE"
    done(await edit_item(live, M4, serviceability="SERVICEABLE", reason="new extractor"))
    done(await north.issue(OCAMPO, M4))
    again = done(await return_lines(north, line(M4, roundsFired=30)))["records"][0]
    assert (again["roundsFired"], again["item"]["roundCount"]) == (30, 150)


async def test_a_return_never_makes_an_item_better(live: Live) -> None:
    north = live.as_("north")
    done(await north.issue(OCAMPO, M4))
    done(await edit_item(live, M4, serviceability="QUARANTINED", reason="recalled by the maker"))
    record = done(await return_lines(north, line(M4, condition="SERVICEABLE")))["records"][0]
    assert record["conditionIn"] == "SERVICEABLE"  # what the armorer saw
    assert record["item"]["serviceability"] == "QUARANTINED"  # what the book says


# --------------------------------------------------------------------------------------------------------------------------- the terms


async def test_inv_08_a_temporary_issue_is_due_within_the_limit(live: Live) -> None:
    north = live.as_("north")
    issued = done(await north.issue(OCAMPO, M4))["records"][0]
    since, due = datetime.fromisoformat(issued["issuedAt"]), datetime.fromisoformat(issued["dueAt"])
    assert (issued["issueType"], due - since) == ("TEMPORARY", timedelta(hours=24))
    refusal = only(await north.issue(LAGMAN, "M4-002", dueAt=said(datetime.now(UTC) + timedelta(hours=25))))
    assert (refusal["code"], refusal["path"], refusal["line"], refusal["limit"]) == ("LIMIT_EXCEEDED", "dueAt", None, 24)
    assert refusal["message"] == "A temporary issue is due within 24 hours; for longer, issue it on a hand receipt."
    wanted = said(datetime.now(UTC) + timedelta(hours=23))
    assert done(await north.issue(LAGMAN, "M4-002", dueAt=wanted))["records"][0]["dueAt"] == wanted


async def test_inv_08_a_hand_receipt_may_be_longer_or_without_end(live: Live) -> None:
    north = live.as_("north")
    year = said(datetime.now(UTC) + timedelta(days=365))
    longer = done(await north.issue(OCAMPO, M4, issueType="HAND_RECEIPT", dueAt=year))["records"][0]
    assert (longer["dueAt"], longer["issueType"]) == (year, "HAND_RECEIPT")
    assert done(await north.issue(LAGMAN, "M4-002", issueType="HAND_RECEIPT"))["records"][0]["dueAt"] is None


async def test_inv_08_the_shortest_limit_of_the_rooms_drawn_from_holds(live: Live) -> None:
    officer = live.as_("officer")
    armory = (await officer(ARMORY, code="SOUTH"))["armory"]
    done((await officer(EDIT_ARMORY, i=new(id=armory["id"], temporaryLimitHours=4)))["editArmory"])
    refusal = only(await officer.issue(OCAMPO, M4, "G17-101", dueAt=said(datetime.now(UTC) + timedelta(hours=5))))
    assert (refusal["code"], refusal["limit"]) == ("LIMIT_EXCEEDED", 4)
    north, south = done(await officer.issue(OCAMPO, M4, "G17-101"))["records"]
    hours = [datetime.fromisoformat(each["dueAt"]) - datetime.fromisoformat(each["issuedAt"]) for each in (north, south)]
    assert hours == [timedelta(hours=24), timedelta(hours=4)]


async def test_a_due_time_before_the_issue_is_refused(live: Live) -> None:
    refusal = only(await live.as_("north").issue(OCAMPO, M4, dueAt=said(datetime.now(UTC) - timedelta(minutes=1))))
    assert (refusal["code"], refusal["path"]) == ("INVALID_VALUE", "dueAt")


async def test_inv_11_one_bad_line_and_nothing_goes_out(live: Live) -> None:
    north = live.as_("north")
    done(await north.issue(LAGMAN, "M4-002"))
    done(await edit_item(live, "M500-001", serviceability="LIMITED", reason="stock"))
    serials = [G17, "M4-002", "M500-001", "PVS-001", "PVS-002"]
    refused = await north.issue(OCAMPO, *serials, issueType="EMERGENCY", note="alert")
    assert [(each["code"], each["line"], each["path"]) for each in refused["refusals"]] == [
        ("ITEM_NOT_AVAILABLE", 1, "lines.1.item"),
        ("ITEM_NOT_ISSUABLE", 2, "lines.2.item"),
    ]
    assert [(await look(north, serial))["state"] for serial in serials] == ["IN_ROOM", "ISSUED", *["IN_ROOM"] * 3]
    assert (await look(north, G17))["history"]["totalCount"] == 0


async def test_inv_11_one_bad_line_and_nothing_comes_back(live: Live) -> None:
    north = live.as_("north")
    done(await north.issue(OCAMPO, M4, G17))
    refusal = only(await north.give_back(M4, PVS, G17))
    assert (refusal["code"], refusal["line"]) == ("NOT_ISSUED", 1)
    assert [(await look(north, serial))["state"] for serial in (M4, G17)] == ["ISSUED", "ISSUED"]


async def test_inv_11_each_line_of_a_draw_is_refused_as_it_would_be_alone(live: Live) -> None:
    north = live.as_("north")
    done(await north.issue(LAGMAN, "M4-002"))
    done((await north(TO_SHOP, i=new(item={"serial": "PVS-003"}, reason="battery")))["sendToMaintenance"])
    done(await edit_item(live, "PVS-004", serviceability="QUARANTINED", reason="recall"))
    serials = ["M4-002", "PVS-003", "PVS-004"]
    alone = [only(await north.issue(OCAMPO, serial)) for serial in serials]
    together = (await north.issue(OCAMPO, *serials))["refusals"]
    assert [{**each, "line": 0, "path": "lines.0.item"} for each in together] == alone


async def test_inv_11_the_same_item_twice_is_refused_in_whatever_way_it_is_named(live: Live) -> None:
    north = live.as_("north")
    refused = await issue_by(north, {"serviceNumber": OCAMPO}, {"serial": "PVS-001"}, {"tag": "TAG-PVS-001"}, {"serial": "pvs 001"})
    assert [(each["code"], each["line"]) for each in refused["refusals"]] == [("INVALID_VALUE", 1), ("INVALID_VALUE", 2)]
    assert refused["refusals"][0]["message"] == "PVS-001 is named twice in this command."
    done(await north.issue(OCAMPO, "PVS-001"))
    refusal = only(await north.give_back("PVS-001", "pvs001"))
    assert (refusal["code"], refusal["line"], refusal["path"]) == ("INVALID_VALUE", 1, "lines.1.item")


async def test_inv_12_an_emergency_issue_passes_the_limits_and_needs_a_note(live: Live) -> None:
    north = live.as_("north")
    refusal = only(await north.issue(OCAMPO, "M4-001", "M4-002", issueType="EMERGENCY"))
    assert (refusal["code"], refusal["path"]) == ("INVALID_VALUE", "note")
    issued = done(await north.issue(OCAMPO, "M4-001", "M4-002", issueType="EMERGENCY", note="Base alert"))
    assert {record["issueType"] for record in issued["records"]} == {"EMERGENCY"}


async def test_inv_12_an_emergency_issue_passes_nothing_else(live: Live) -> None:
    north = live.as_("north")
    alert: dict[str, Any] = {"issueType": "EMERGENCY", "note": "Base alert"}
    done(await north.issue(LAGMAN, "M4-002", **alert))
    done(await edit_item(live, "M4-003", serviceability="UNSERVICEABLE", reason="bolt"))
    assert codes(await north.issue(OCAMPO, "M4-002", **alert)) == ["ITEM_NOT_AVAILABLE"]
    assert codes(await north.issue(OCAMPO, "M4-003", **alert)) == ["ITEM_NOT_ISSUABLE"]
    assert codes(await north.issue(ESPINO, "M4-004", **alert)) == ["PERSON_NOT_ELIGIBLE"]
    await set_state(live, "NORTH", "LOCKDOWN")
    assert codes(await north.issue(OCAMPO, "M4-004", **alert)) == ["ARMORY_NOT_OPEN"]


async def test_every_reason_is_said_at_once(live: Live) -> None:
    north = live.as_("north")
    done(await north.issue(LAGMAN, "M4-002"))
    done(await edit_item(live, "M4-003", serviceability="UNSERVICEABLE", reason="bolt"))
    done((await north(TO_SHOP, i=new(item={"serial": G17}, reason="sight")))["sendToMaintenance"])
    await set_state(live, "NORTH", "CLOSED")
    tomorrow = datetime.now(UTC) + timedelta(hours=30)
    refused = await north.issue(
        ESPINO, "M4-002", "M4-003", G17, effectiveAt=said(tomorrow), dueAt=said(tomorrow + timedelta(days=3)), purpose="HONOR_GUARD"
    )
    assert {(each["code"], each["line"], each["path"]) for each in refused["refusals"]} == {
        ("PERSON_NOT_ELIGIBLE", None, "holder"),
        ("BACKDATE_REFUSED", None, "effectiveAt"),
        ("LIMIT_EXCEEDED", None, "dueAt"),
        ("LIMIT_EXCEEDED", 1, "lines.1.item"),
        ("ITEM_NOT_AVAILABLE", 0, "lines.0.item"),
        ("ARMORY_NOT_OPEN", 0, "lines.0.item"),
        ("ARMORY_NOT_OPEN", 1, "lines.1.item"),
        ("ARMORY_NOT_OPEN", 2, "lines.2.item"),
        ("ITEM_NOT_ISSUABLE", 1, "lines.1.item"),
        ("ITEM_NOT_ISSUABLE", 2, "lines.2.item"),
    }
    assert sum(each["code"] == "ITEM_NOT_ISSUABLE" and each["line"] == 2 for each in refused["refusals"]) == 2  # in the shop, and a pistol


# -------------------------------------------------------------------------------------------------------------- no trace of a refusal


async def test_inv_14_a_refused_command_leaves_no_trace_anywhere(live: Live, everything: Any) -> None:
    north, officer = live.as_("north"), live.as_("officer")
    done(await north.issue(OCAMPO, M4))
    person = (await officer(PERSON, n=OCAMPO))["person"]
    item = await look(north, G17)
    future = said(datetime.now(UTC) + timedelta(days=1))
    before = await everything()
    for refused in (
        await north.issue(LAGMAN, M4),
        await north.issue(LAGMAN, G17, "PVS-001", M4),
        await north.issue(ESPINO, G17),
        await north.issue(LAGMAN, "M4-002", "M4-003"),
        await north.issue(LAGMAN, "NO-SUCH"),
        await north.issue("NOBODY", G17),
        await north.issue(LAGMAN, "G17-101"),
        await north.issue(LAGMAN, G17, effectiveAt=future),
        await north.issue(LAGMAN, G17, purpose="PARADE"),
        await north.give_back(G17),
        await north.give_back(M4, PVS),
        await return_lines(north, line(M4), holder={"serviceNumber": LAGMAN}),
        await return_lines(north, line(M4, expectedVersion=1)),
        (await officer(DUTY, i=new(id=person["id"], dutyStatus="SEPARATED", reason="end of service")))["changeDutyStatus"],
        (await north(FROM_SHOP, i=new(item={"serial": G17}, reason="back")))["returnFromMaintenance"],
        (await north(EDIT_ITEM, i=new(id=item["id"], expectedVersion=7, rack="B")))["editItem"],
        (await north(TAG, i=new(code="TAG-M4-001", item={"serial": G17})))["assignTag"],
    ):
        assert refused["__typename"] == "Refused", refused
    after = await everything()
    assert {table: rows for table, rows in after.items() if rows != before[table]} == {}


async def test_inv_14_a_request_that_is_no_command_leaves_no_trace_either(live: Live, everything: Any) -> None:
    before = await everything()
    lines = [{"item": {"serial": M4}}]
    issue = {"holder": {"serviceNumber": OCAMPO}, "lines": lines}
    for username in ("viewer", "auditor", "admin", "commander", None):
        await live.as_(username).answer(ISSUE, input=new(**issue))
    north = live.as_("north")
    wrong: tuple[dict[str, Any], ...] = ({"lines": []}, {"lines": lines * 201}, {"note": ""}, {"requestId": "1"}, {"nonsense": 1})
    for bad in (*wrong, {"effectiveAt": "2026-01-01"}):
        assert "errors" in await north.answer(ISSUE, input={**new(**issue), **bad})
    after = await everything()
    assert {table for table, rows in after.items() if rows != before[table]} == {"ledger_event", "stream_head"}
    told = [event["type"] for event in await database.fetch("SELECT type FROM ledger_event ORDER BY stream, seq DESC LIMIT 100000")]
    assert len(after["ledger_event"]) - len(before["ledger_event"]) == told.count("ACCESS_REFUSED") == 4


async def test_inv_14_an_issue_whose_broadcast_fails_has_succeeded(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = asyncio.Event()

    async def broken(self: Broadcast, channel: str, message: Any) -> None:
        tried.set()
        raise ConnectionError("the broker is gone")

    monkeypatch.setattr(Broadcast, "publish", broken)
    north, request_id = live.as_("north"), str(uuid4())
    first = done(await north.issue(OCAMPO, M4, request_id=request_id))
    async with asyncio.timeout(20):
        await tried.wait()
    again = done(await north.issue(OCAMPO, M4, request_id=request_id))
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert again["records"] == first["records"]
    assert again["events"] == first["events"]
    done(await north.issue(LAGMAN, "M4-002"))


@pytest.mark.parametrize("address", ["redis://127.0.0.1:1", "postgres://nobody@127.0.0.1:1/nowhere"])
async def test_inv_14_without_any_broker_every_command_succeeds(database_url: str, settings: Settings, address: str) -> None:
    async with running_server(database_url, settings.model_copy(update={"broadcast_url": address})) as live:
        north, request_id = live.as_("north"), str(uuid4())
        first = done(await north.issue(OCAMPO, M4, request_id=request_id))
        again = done(await north.issue(OCAMPO, M4, request_id=request_id))
        assert {**again, "repeated": False} == first
        done(await north.give_back(M4))


# --------------------------------------------------------------------------------------------------------------------------- the times


async def test_inv_18_a_draw_written_up_late_stands_with_its_own_time(live: Live) -> None:
    north = live.as_("north")
    hour_ago = said(datetime.now(UTC) - timedelta(hours=1))
    issued = done(await north.issue(OCAMPO, M4, effectiveAt=hour_ago))
    assert issued["records"][0]["issuedAt"] == hour_ago
    assert issued["records"][0]["dueAt"] == said(datetime.fromisoformat(hour_ago) + timedelta(hours=24))
    half_ago = said(datetime.now(UTC) - timedelta(minutes=30))
    returned = done(await return_lines(north, line(M4), effectiveAt=half_ago))
    assert returned["records"][0]["closedAt"] == half_ago
    events = [edge["node"] for edge in (await look(north, M4))["events"]["edges"]]
    assert [(event["type"], event["effectiveAt"]) for event in events[:2]] == [("ITEM_RETURNED", half_ago), ("ITEM_ISSUED", hour_ago)]
    assert all(event["effectiveAt"] <= event["recordedAt"] for event in events)
    assert events[1]["recordedAt"] > half_ago


async def test_inv_18_a_time_with_an_offset_is_the_same_moment(live: Live) -> None:
    moment = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
    manila = moment.astimezone(datetime.fromisoformat("2026-01-01T00:00:00+08:00").tzinfo)
    issued = done(await live.as_("north").issue(OCAMPO, M4, effectiveAt=manila.isoformat()))
    assert issued["records"][0]["issuedAt"] == said(moment)


async def test_inv_18_custody_neither_begins_nor_ends_in_the_future(live: Live) -> None:
    north = live.as_("north")
    future = said(datetime.now(UTC) + timedelta(minutes=5))
    refusal = only(await north.issue(OCAMPO, M4, effectiveAt=future))
    assert (refusal["code"], refusal["path"], refusal["line"]) == ("BACKDATE_REFUSED", "effectiveAt", None)
    assert refusal["since"] < future
    done(await north.issue(OCAMPO, M4))
    refusal = only(await return_lines(north, line(M4), effectiveAt=future))
    assert (refusal["code"], refusal["path"], refusal["line"]) == ("BACKDATE_REFUSED", "effectiveAt", None)


async def test_inv_18_custody_does_not_begin_before_the_last_return_nor_end_before_the_issue(live: Live) -> None:
    north = live.as_("north")
    now = datetime.now(UTC)
    done(await north.issue(OCAMPO, M4, effectiveAt=said(now - timedelta(hours=3))))
    refusal = only(await return_lines(north, line(M4), effectiveAt=said(now - timedelta(hours=4))))
    assert (refusal["code"], refusal["line"], refusal["since"]) == ("BACKDATE_REFUSED", 0, said(now - timedelta(hours=3)))
    assert (refusal["holder"]["serviceNumber"], refusal["receiptNumber"]) == (OCAMPO, "NORTH-000001")
    done(await return_lines(north, line(M4), effectiveAt=said(now - timedelta(hours=2))))
    refusal = only(await north.issue(LAGMAN, M4, effectiveAt=said(now - timedelta(hours=2, seconds=1))))
    assert (refusal["code"], refusal["line"], refusal["path"]) == ("BACKDATE_REFUSED", 0, "lines.0.item")
    assert refusal["since"] == said(now - timedelta(hours=2))
    done(await north.issue(LAGMAN, M4, effectiveAt=said(now - timedelta(hours=2))))  # from hand to hand over the counter


# --------------------------------------------------------------------------------------------------------------------------- the retry


async def test_inv_19_a_retry_gets_the_same_receipt_and_issues_nothing(live: Live, everything: Any) -> None:
    north, request_id = live.as_("north"), str(uuid4())
    first = done(await north.issue(OCAMPO, M4, G17, request_id=request_id))
    before = await everything()
    for _ in range(3):
        again = done(await north.issue(OCAMPO, M4, G17, request_id=request_id))
        assert again == {**first, "repeated": True}
    assert await everything() == before
    events = (await look(north, M4))["events"]["edges"]
    assert events[0]["node"]["requestId"] == request_id


async def test_inv_19_ten_of_one_request_at_once_have_one_effect_and_equal_answers(live: Live) -> None:
    counters = [live.as_("north") for _ in range(10)]
    request_id = str(uuid4())
    answers = await asyncio.gather(*(counter.issue(OCAMPO, M4, request_id=request_id) for counter in counters))
    assert sorted(done(answer)["repeated"] for answer in answers) == [False] + [True] * 9
    assert len({json.dumps({**answer, "repeated": None}) for answer in answers}) == 1
    request_id = str(uuid4())
    answers = await asyncio.gather(*(counter.give_back(M4, request_id=request_id) for counter in counters))
    assert sorted(done(answer)["repeated"] for answer in answers) == [False] + [True] * 9
    assert len({json.dumps({**answer, "repeated": None}) for answer in answers}) == 1
    assert (await look(counters[0], M4))["version"] == 3


async def test_inv_19_a_request_id_with_other_arguments_is_refused(live: Live) -> None:
    north, request_id = live.as_("north"), str(uuid4())
    done(await north.issue(OCAMPO, M4, request_id=request_id))
    for other in (
        await north.issue(OCAMPO, G17, request_id=request_id),
        await north.issue(LAGMAN, M4, request_id=request_id),
        await north.issue(OCAMPO, M4, request_id=request_id, note="and a note"),
        await north.give_back(M4, request_id=request_id),
        (await north(TO_SHOP, i={"requestId": request_id, "item": {"serial": G17}, "reason": "sight"}))["sendToMaintenance"],
    ):
        refusal = only(other)
        assert (refusal["code"], refusal["path"], refusal["line"]) == ("IDEMPOTENCY_MISMATCH", "requestId", None)
    assert (await look(north, M4))["state"] == "ISSUED"
    assert (await look(north, G17))["state"] == "IN_ROOM"


async def test_inv_19_another_account_may_use_the_same_request_id(live: Live) -> None:
    request_id = str(uuid4())
    done(await live.as_("north").issue(OCAMPO, M4, request_id=request_id))
    assert done(await live.as_("north.two").issue(LAGMAN, "M4-002", request_id=request_id))["repeated"] is False


async def test_inv_19_a_refused_request_may_be_sent_again_and_succeed(live: Live) -> None:
    north, request_id = live.as_("north"), str(uuid4())
    done(await north.issue(LAGMAN, M4))
    assert codes(await north.issue(OCAMPO, M4, request_id=request_id)) == ["ITEM_NOT_AVAILABLE"]
    done(await north.give_back(M4))
    assert done(await north.issue(OCAMPO, M4, request_id=request_id))["repeated"] is False


async def test_inv_20_a_page_that_is_no_longer_true_decides_nothing(live: Live) -> None:
    north = live.as_("north")
    seen = (await look(north, M4))["version"]
    done(await north.issue(OCAMPO, M4))
    done(await north.give_back(M4))
    stale = {"item": {"serial": M4}, "expectedVersion": seen}
    refusal = only((await north(ISSUE, input=new(holder={"serviceNumber": LAGMAN}, lines=[line(G17), stale])))["issueItems"])
    assert (refusal["code"], refusal["line"], refusal["path"]) == ("VERSION_CONFLICT", 1, "lines.1.expectedVersion")
    assert (refusal["currentVersion"], refusal["item"]["serial"]) == (seen + 2, M4)
    assert [change.split(" at ")[0] for change in refusal["changed"]] == ["item issued by north", "item returned by north"]
    assert "item returned by north" in refusal["message"]
    fresh = {"item": {"serial": M4}, "expectedVersion": seen + 2}
    done((await north(ISSUE, input=new(holder={"serviceNumber": LAGMAN}, lines=[fresh])))["issueItems"])
    refusal = only(await return_lines(north, line(M4, expectedVersion=seen + 2)))
    assert (refusal["code"], refusal["currentVersion"], len(refusal["changed"])) == ("VERSION_CONFLICT", seen + 3, 1)
    done(await return_lines(north, line(M4, expectedVersion=seen + 3)))


async def test_inv_20_every_edit_refuses_a_stale_version(live: Live) -> None:
    officer = live.as_("officer")
    done(await edit_item(live, M4, rack="A-7", reason="moved"))
    item = await look(officer, M4)
    refusal = only((await officer(EDIT_ITEM, i=new(id=item["id"], rack="B-1", expectedVersion=1)))["editItem"])
    assert (refusal["code"], refusal["path"], refusal["currentVersion"]) == ("VERSION_CONFLICT", "expectedVersion", 2)
    assert refusal["changed"][0].startswith("item changed by officer at ")
    for mutation, field in ((TO_SHOP, "sendToMaintenance"),):
        refusal = only((await officer(mutation, i=new(item={"serial": M4}, reason="bolt", expectedVersion=1)))[field])
        assert (refusal["code"], refusal["path"], refusal["currentVersion"]) == ("VERSION_CONFLICT", "expectedVersion", 2)
    await set_state(live, "NORTH", "CLOSED")
    armory = (await officer(ARMORY, code="NORTH"))["armory"]
    refusal = only((await officer(STATE, i=new(id=armory["id"], state="OPEN", reason="x", expectedVersion=1)))["setArmoryState"])
    assert (refusal["code"], refusal["path"], refusal["currentVersion"]) == ("VERSION_CONFLICT", "expectedVersion", 2)
    done(await change_duty_status(live, OCAMPO, "LEAVE"))
    person = (await officer(PERSON, n=OCAMPO))["person"]
    refusal = only((await officer(DUTY, i=new(id=person["id"], dutyStatus="ACTIVE", reason="x", expectedVersion=1)))["changeDutyStatus"])
    assert (refusal["code"], refusal["currentVersion"]) == ("VERSION_CONFLICT", 2)


# --------------------------------------------------------------------------------------------------------------- what the scanner reads


async def test_an_item_and_a_person_are_found_in_whatever_way_they_are_named(live: Live) -> None:
    north = live.as_("north")
    item = await look(north, M4)
    person = (await north(PERSON, n=OCAMPO))["person"]
    for holder in ({"id": person["id"]}, {"serviceNumber": " s 001 "}, {"serviceNumber": "S\u2011001"}, {"badge": " BADGE-S-001 "}):
        for ref in ({"id": item["id"]}, {"serial": "m4001"}, {"serial": " M4 001"}, {"serial": "m4\u2013001"}, {"tag": f" TAG-{M4} "}):
            record = done(await issue_by(north, holder, ref))["records"][0]
            assert (record["item"]["serial"], record["holder"]["serviceNumber"]) == (M4, OCAMPO)
            done(await return_lines(north, {"item": ref}, holder=holder))


async def test_leading_zeros_make_another_number(live: Live) -> None:
    refusal = only(await live.as_("north").issue(OCAMPO, "M4-0001"))
    assert (refusal["code"], refusal["path"]) == ("UNKNOWN_CODE", "lines.0.item.serial")


async def test_what_nobody_knows_is_refused_line_by_line(live: Live) -> None:
    north = live.as_("north")
    ghost_item, ghost_person = f"item_{uuid4().hex}", f"person_{uuid4().hex}"
    refs = ({"serial": "NO-SUCH"}, {"tag": "NO-TAG"}, {"id": ghost_item}, {"serial": M4}, {"tag": "BADGE-S-001"})
    for holder, path in (
        ({"serviceNumber": "NOBODY"}, "holder.serviceNumber"),
        ({"badge": "NO-BADGE"}, "holder.badge"),
        ({"badge": f"TAG-{M4}"}, "holder.badge"),
        ({"id": ghost_person}, "holder.id"),
    ):
        refused = await issue_by(north, holder, *refs)
        assert [(each["code"], each["line"], each["path"]) for each in refused["refusals"]] == [
            ("UNKNOWN_CODE", None, path),
            ("UNKNOWN_CODE", 0, "lines.0.item.serial"),
            ("UNKNOWN_CODE", 1, "lines.1.item.tag"),
            ("UNKNOWN_CODE", 2, "lines.2.item.id"),
            ("UNKNOWN_CODE", 4, "lines.4.item.tag"),
        ]
    refused = await return_lines(north, line("NO-SUCH"), broughtBy={"badge": "NO-BADGE"}, holder={"badge": "NEITHER"})
    assert [each["path"] for each in refused["refusals"]] == ["holder.badge", "broughtBy.badge", "lines.0.item.serial"]


async def test_a_revoked_code_names_nothing_and_says_since_when(live: Live) -> None:
    north = live.as_("north")
    revoked = done((await north(REVOKE, i=new(code=f"TAG-{M4}", reason="worn")))["revokeTag"])["tag"]["revokedAt"]
    refusal = only(await issue_by(north, {"serviceNumber": OCAMPO}, {"tag": f"TAG-{M4}"}))
    assert (refusal["code"], refusal["line"], refusal["path"]) == ("CODE_REVOKED", 0, "lines.0.item.tag")
    assert refusal["since"] == revoked
    revoked = done((await north(REVOKE, i=new(code="BADGE-S-001", reason="lost")))["revokeTag"])["tag"]["revokedAt"]
    refusal = only(await issue_by(north, {"badge": "BADGE-S-001"}, {"serial": M4}))
    assert (refusal["code"], refusal["line"], refusal["path"], refusal["since"]) == ("CODE_REVOKED", None, "holder.badge", revoked)


async def test_a_serial_of_two_makers_is_ambiguous_until_the_tag_is_scanned(live: Live) -> None:
    north, south = live.as_("north"), live.as_("south")
    model = new(nomenclature="Carbine M4", manufacturer="FN", category="CARBINE", slot="LONG_GUN")
    model_id = done((await north(MODEL, i=model))["registerItemModel"])["itemModel"]["id"]
    other = done((await north(NEW_ITEM, i=new(model=model_id, serial="M4 001", armory="NORTH")))["registerItem"])["item"]
    refusal = only(await north.issue(OCAMPO, M4))
    assert (refusal["code"], refusal["line"], refusal["path"]) == ("AMBIGUOUS_CODE", 0, "lines.0.item.serial")
    assert refusal["message"] == f"2 items of different makers have the serial {M4}. Scan the tag, or give the id."
    done(await issue_by(north, {"serviceNumber": OCAMPO}, {"tag": f"TAG-{M4}"}))
    done(await issue_by(north, {"serviceNumber": LAGMAN}, {"id": other["id"]}))
    # One in each of two arms rooms: each counter means its own.
    done((await south(NEW_ITEM, i=new(model=model_id, serial="M4-010", armory="SOUTH")))["registerItem"])
    assert done(await south.issue(DIZON, "M4-010"))["records"][0]["receiptNumber"] == "SOUTH-000001"
    assert done(await north.issue("S-006", "M4-010"))["records"][0]["receiptNumber"].startswith("NORTH-")


# --------------------------------------------------------------------------------------------------------------------- who may do it


@pytest.mark.parametrize("username", ["viewer", "auditor", "admin", "commander"])
async def test_who_has_no_place_at_the_counter_neither_issues_nor_takes_back(live: Live, username: str) -> None:
    done(await live.as_("north").issue(OCAMPO, M4))
    client = live.as_(username)
    assert await client.code(ISSUE, input=new(holder={"serviceNumber": LAGMAN}, lines=[line(G17)])) == "FORBIDDEN"
    assert await client.code(RETURN, input=new(lines=[line(M4)])) == "FORBIDDEN"


async def test_nobody_is_asked_to_sign_in(live: Live) -> None:
    nobody = live.as_(None)
    assert await nobody.code(ISSUE, input=new(holder={"serviceNumber": LAGMAN}, lines=[line(G17)])) == "UNAUTHENTICATED"
    assert await nobody.code(RETURN, input=new(lines=[line(M4)])) == "UNAUTHENTICATED"


async def test_the_officer_issues_from_two_rooms_at_once_each_with_its_own_receipt(live: Live) -> None:
    issued = done(await live.as_("officer").issue(OCAMPO, M4, "G17-101"))
    assert [record["receiptNumber"] for record in issued["records"]] == ["NORTH-000001", "SOUTH-000001"]
    returned = done(await live.as_("officer").give_back("G17-101", M4))
    assert [record["receiptNumber"] for record in returned["records"]] == ["SOUTH-000001", "NORTH-000001"]
