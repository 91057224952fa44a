"""What waits for a second person, over HTTP: overrides of a gate, adjustments of stock. Exactly what was proposed is approved."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from graph.settings import Settings
from tests.commands.test_custody import EDIT_ITEM, LAGMAN, M4, OCAMPO, PVS, codes, new, only
from tests.commands.test_eligibility import BAR
from tests.commands.test_stock import G17, LOT, RECORD, WHY, bring, draw, line, lots, receive, so_many
from tests.server import Client, Live, running_server, subscribe

PROPOSAL = "id state expired command reason proposedByName decidedByName decisionNote overridden arguments armory { code }"
DECIDED = f"""__typename ... on ProposalDecided {{ repeated proposal {{ {PROPOSAL} }} records {{ {RECORD} issuedBy {{ username }} }}
  lots {{ {LOT} }} events {{ type summary actorName payload }} }} {WHY}"""
APPROVE = f"mutation ($i: DecideProposalInput!) {{ approveProposal(input: $i) {{ {DECIDED} }} }}"
REJECT = f"mutation ($i: DecideProposalInput!) {{ rejectProposal(input: $i) {{ {DECIDED} }} }}"
ADJUST = f"""mutation ($i: AdjustStockInput!) {{ adjustStock(input: $i) {{ __typename
  ... on Proposed {{ repeated proposal {{ {PROPOSAL} }} events {{ type summary }} }} {WHY} }} }}"""
WAITING = f"{{ proposals(waiting: true, first: 20) {{ edges {{ node {{ {PROPOSAL} }} }} totalCount }} }}"
FEED = "subscription { custodyFeed { event { type summary } } }"
WHY_NOT = {"reason": "the range is booked"}


@pytest.fixture
def armorer(live: Live) -> Client:
    """The armorer at the counter of NORTH."""
    return live.as_("north")


@pytest.fixture
def officer(live: Live) -> Client:
    """The arms room officer."""
    return live.as_("officer")


async def approve(client: Client, proposal: str, **more: Any) -> Any:
    """Approve a proposal."""
    return (await client(APPROVE, i=new(id=proposal, **more)))["approveProposal"]


async def second_carbine(client: Client) -> str:
    """Sergeant Ocampo holds a carbine, and a second one is proposed."""
    await draw(client, OCAMPO, line(M4))
    answer = await draw(client, OCAMPO, line("M4-002"), override=WHY_NOT)
    assert answer["__typename"] == "Proposed", answer
    proposal: str = answer["proposal"]["id"]
    return proposal


async def test_inv_23_a_second_person_approves_exactly_what_was_proposed(live: Live, armorer: Client, officer: Client) -> None:
    refusal = only(await draw(armorer, OCAMPO, line(M4), line("M4-002")))
    assert (refusal["code"], refusal["overridable"]) == ("LIMIT_EXCEEDED", True)
    proposal = await second_carbine(armorer)
    waiting = (await officer(WAITING))["proposals"]["edges"]
    assert [(edge["node"]["id"], edge["node"]["proposedByName"]) for edge in waiting] == [(proposal, "north")]
    assert waiting[0]["node"]["overridden"][0]["code"] == "LIMIT_EXCEEDED"
    done = await approve(officer, proposal, note="with my own eyes")
    (record,) = done["records"]
    assert (record["item"]["serial"], record["item"]["state"], record["issuedBy"]["username"]) == ("M4-002", "ISSUED", "north")
    assert (done["proposal"]["state"], done["proposal"]["decidedByName"], done["lots"]) == ("APPROVED", "officer", [])
    assert [(event["type"], event["actorName"]) for event in done["events"]] == [
        ("PROPOSAL_APPROVED", "officer"),
        ("ITEM_ISSUED", "officer"),
    ]
    assert done["events"][1]["payload"]["proposal"]["proposed_by"] == "north"
    assert (await officer(WAITING))["proposals"]["edges"] == []


async def test_inv_23_whoever_proposed_does_not_decide_nor_who_may_not(live: Live, armorer: Client, officer: Client) -> None:
    await draw(officer, OCAMPO, line(M4))
    proposal = (await draw(officer, OCAMPO, line("M4-002"), override=WHY_NOT))["proposal"]["id"]
    for document, name in ((APPROVE, "approveProposal"), (REJECT, "rejectProposal")):
        assert only((await officer(document, i=new(id=proposal)))[name])["code"] == "SAME_PERSON"
    for other in ("north", "commander", "auditor", "admin", "viewer"):
        assert await live.as_(other).code(APPROVE, i=new(id=proposal)) == "FORBIDDEN"
    assert (await armorer('{ item(serial: "M4-002") { state } }'))["item"]["state"] == "IN_ROOM"
    unknown = proposal[:-4] + "beef"
    assert codes(await approve(officer, unknown)) == ["UNKNOWN_CODE"]


async def test_inv_23_the_database_alone_refuses_the_proposer_as_approver(armorer: Client, plain_sql: Any) -> None:
    await second_carbine(armorer)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as caught:
        await plain_sql.execute(
            "UPDATE proposal SET state = 'APPROVED', decided_at = now(), decided_by_id = proposed_by_id, decided_by_name = 'x', version = 2"
        )
    assert caught.value.constraint_name == "proposal_second_person"


async def test_what_cannot_be_overridden_is_refused_with_everything(live: Live, armorer: Client, officer: Client) -> None:
    await draw(armorer, OCAMPO, line(M4))
    await officer(BAR, i=new(person={"serviceNumber": OCAMPO}, reason="under inquiry"))
    refused = await draw(armorer, OCAMPO, line("M4-002"), override=WHY_NOT)
    assert sorted(codes(refused)) == ["ARMS_BARRED", "LIMIT_EXCEEDED"]
    assert {refusal["code"]: refusal["overridable"] for refusal in refused["refusals"]} == {"ARMS_BARRED": False, "LIMIT_EXCEEDED": True}
    assert (await officer(WAITING))["proposals"]["totalCount"] == 0
    assert (await draw(armorer, LAGMAN, line("M4-003"), override=WHY_NOT))["__typename"] == "ItemsIssued"  # nothing stood against it


async def test_what_has_come_up_since_is_not_overridden(armorer: Client, officer: Client) -> None:
    proposal = await second_carbine(armorer)
    await officer(BAR, i=new(person={"serviceNumber": OCAMPO}, reason="under inquiry"))
    assert codes(await approve(officer, proposal)) == ["ARMS_BARRED"]
    assert (await officer(WAITING))["proposals"]["totalCount"] == 1  # a refused approval leaves no trace: it still waits
    other = await second_carbine_of_lagman(armorer)
    await draw(armorer, "S-003", line("M4-004"))
    taken = await approve(officer, other)
    assert (only(taken)["code"], only(taken)["item"]["serial"]) == ("ITEM_NOT_AVAILABLE", "M4-004")


async def second_carbine_of_lagman(client: Client) -> str:
    """Corporal Lagman holds a carbine, and M4-004 is proposed as a second one."""
    await draw(client, LAGMAN, line("M4-003"))
    proposal: str = (await draw(client, LAGMAN, line("M4-004"), override=WHY_NOT))["proposal"]["id"]
    return proposal


async def test_inv_03_what_is_limited_goes_out_by_override_only(armorer: Client, officer: Client) -> None:
    item = (await armorer(f'{{ item(serial: "{PVS}") {{ id }} }}'))["item"]
    await armorer(EDIT_ITEM, i=new(id=item["id"], serviceability="LIMITED", reason="one lens is scratched"))
    refusal = only(await draw(armorer, OCAMPO, line(PVS)))
    assert (refusal["code"], refusal["overridable"]) == ("ITEM_NOT_ISSUABLE", True)
    proposal = (await draw(armorer, OCAMPO, line(PVS), override=WHY_NOT))["proposal"]["id"]
    (record,) = (await approve(officer, proposal))["records"]
    assert record["item"]["state"] == "ISSUED"
    await bring(armorer, line(PVS))
    await armorer(EDIT_ITEM, i=new(id=item["id"], serviceability="UNSERVICEABLE", reason="it fell"))
    assert only(await draw(armorer, OCAMPO, line(PVS), override=WHY_NOT))["overridable"] is False


async def test_nobody_approves_what_has_expired(database_url: str, settings: Settings) -> None:
    async with running_server(database_url, settings.model_copy(update={"proposal_minutes": 0})) as live:
        proposal = await second_carbine(live.as_("north"))
        officer = live.as_("officer")
        refusal = only(await approve(officer, proposal))
        assert (refusal["code"], refusal["liftedBy"]) == ("PROPOSAL_EXPIRED", "Have it proposed again.")
        (node,) = [edge["node"] for edge in (await officer(WAITING.replace("waiting: true", "state: PENDING")))["proposals"]["edges"]]
        assert (node["expired"], node["state"]) == (True, "PENDING")
        assert (await officer(WAITING))["proposals"]["totalCount"] == 0
        assert (await officer(REJECT, i=new(id=proposal)))["rejectProposal"]["proposal"]["state"] == "REJECTED"


async def test_inv_19_a_proposal_and_its_approval_are_each_done_once(armorer: Client, officer: Client) -> None:
    await draw(armorer, OCAMPO, line(M4))
    request = {"requestId": str(uuid4()), "override": WHY_NOT}
    first, again = [await draw(armorer, OCAMPO, line("M4-002"), **request) for _ in range(2)]
    assert (first["repeated"], again["repeated"], first["proposal"]["id"]) == (False, True, again["proposal"]["id"])
    decision = {"requestId": str(uuid4())}
    done, once_more = await asyncio.gather(*(approve(officer, first["proposal"]["id"], **decision) for _ in range(2)))
    assert sorted([done["repeated"], once_more["repeated"]]) == [False, True]
    assert done["records"] == once_more["records"]
    assert only(await approve(officer, first["proposal"]["id"]))["code"] == "STATE_NOT_ALLOWED"
    still = await draw(armorer, OCAMPO, line("M4-002"), **request)  # the counter sends again, and is told of the proposal
    assert (still["__typename"], still["proposal"]["state"]) == ("Proposed", "APPROVED")


async def test_what_is_rejected_does_not_happen(armorer: Client, officer: Client) -> None:
    proposal = await second_carbine(armorer)
    decided = (await officer(REJECT, i=new(id=proposal, note="one is enough")))["rejectProposal"]
    assert (decided["proposal"]["state"], decided["proposal"]["decisionNote"], decided["records"]) == ("REJECTED", "one is enough", [])
    assert only(await approve(officer, proposal))["code"] == "STATE_NOT_ALLOWED"
    assert (await armorer('{ item(serial: "M4-002") { state } }'))["item"]["state"] == "IN_ROOM"


async def test_pending_proposals_are_seen_live(live: Live, armorer: Client, officer: Client) -> None:
    async with live.socket("officer") as socket, live.socket("south") as elsewhere:
        watch, other = await subscribe(socket, FEED), await subscribe(elsewhere, FEED)
        for each in (watch, other):
            assert (await each.next())["data"]["custodyFeed"]["event"] is None
        proposal = await second_carbine(armorer)
        seen = [(await watch.next())["data"]["custodyFeed"]["event"] for _ in range(2)]
        assert [event["type"] for event in seen] == ["ITEM_ISSUED", "PROPOSED"]
        assert seen[1]["summary"] == "north proposes the issue of M4-002 to SGT Ocampo, Ana: the range is booked"
        await officer(REJECT, i=new(id=proposal))
        assert (await watch.next())["data"]["custodyFeed"]["event"]["type"] == "PROPOSAL_REJECTED"
        await live.as_("south").issue("S-010", "M4-101")
        assert (await other.next())["data"]["custodyFeed"]["event"]["type"] == "ITEM_ISSUED"  # and of NORTH, SOUTH saw nothing


async def test_inv_10_stock_is_set_right_by_two(live: Live, armorer: Client, officer: Client) -> None:
    lot = (await receive(armorer, "9MM-BALL", "WCC-21", 100))["id"]
    asked = {"lot": lot, "kind": "LOST", "quantity": 5}
    alone = only((await armorer(ADJUST, i=new(**asked)))["adjustStock"])
    assert (alone["code"], alone["path"]) == ("SECOND_PERSON_REQUIRED", "override")
    waiting = (await armorer(ADJUST, i=new(**asked, override={"reason": "the count is five short"})))["adjustStock"]
    assert [event["summary"] for event in waiting["events"]] == [
        "north proposes lost 5 9MM-BALL, lot WCC-21, in NORTH: the count is five short"
    ]
    assert (await lots(armorer))["WCC-21"]["onHand"] == 100
    done = await approve(officer, waiting["proposal"]["id"])
    assert (done["lots"][0]["onHand"], done["lots"][0]["lost"], done["records"]) == (95, 5, [])
    assert [event["type"] for event in done["events"]] == ["PROPOSAL_APPROVED", "STOCK_ADJUSTED"]
    for kind, expected in (("FOUND", (98, 2)), ("DISPOSED", (95, 2)), ("EXPENDED", (92, 2)), ("RECEIVED", (95, 2))):
        given = new(lot=lot, kind=kind, quantity=3, override={"reason": kind.lower()})
        adjusted = await approve(officer, (await armorer(ADJUST, i=given))["adjustStock"]["proposal"]["id"])
        assert (adjusted["lots"][0]["onHand"], adjusted["lots"][0]["lost"]) == expected
    there = (await lots(armorer))["WCC-21"]
    assert (there["received"], there["disposed"], there["expended"]) == (103, 3, 3)
    too_much = (await armorer(ADJUST, i=new(lot=lot, kind="FOUND", quantity=3, override={"reason": "x"})))["adjustStock"]
    assert codes(too_much) == ["INSUFFICIENT_STOCK", "SECOND_PERSON_REQUIRED"]
    assert codes((await live.as_("south")(ADJUST, i=new(**asked)))["adjustStock"]) == ["UNKNOWN_CODE"]
    marked = {"armory": "north", "article": "9mm-ball", "lotNumber": "WCC-21", "kind": "LOST", "quantity": 1}
    by_its_marks = (await armorer(ADJUST, i=new(**marked, override={"reason": "x"})))["adjustStock"]
    assert (await approve(officer, by_its_marks["proposal"]["id"]))["lots"][0]["id"] == lot
    assert codes((await armorer(ADJUST, i=new(**{**marked, "lotNumber": "WCC-99"})))["adjustStock"]) == ["UNKNOWN_CODE"]
    assert await armorer.code(ADJUST, i=new(**marked, lot=lot)) == "BAD_REQUEST"
    assert await armorer.code(ADJUST, i=new(kind="LOST", quantity=1)) == "BAD_REQUEST"


async def test_an_override_lets_more_than_the_loadout_go(live: Live, armorer: Client, officer: Client) -> None:
    from tests.commands.test_stock import sentinel, shelves

    await shelves(armorer)
    await sentinel(live)
    asked = await draw(armorer, OCAMPO, line(G17, so_many("9MM-BALL", 90)), purpose="GATE", override={"reason": "a long night"})
    assert asked["__typename"] == "Proposed"
    (record,) = (await approve(officer, asked["proposal"]["id"]))["records"]
    assert {each["lot"]["lotNumber"]: each["issued"] for each in record["lines"]} == {"WCC-21": 60, "WCC-22": 30}


async def test_a_relief_can_be_overridden_too(armorer: Client, officer: Client) -> None:
    from tests.commands.test_transfer import TRANSFER

    await draw(armorer, OCAMPO, line(M4))
    await draw(armorer, LAGMAN, line("M4-002"))
    transfer = TRANSFER.replace("... on Refused", "... on Proposed { proposal { id command } } ... on Refused")
    given = new(holder={"serviceNumber": LAGMAN}, lines=[line(M4)], override=WHY_NOT)
    proposed = (await armorer(transfer, input=given))["transferItems"]
    assert proposed["proposal"]["command"] == "TRANSFER_ITEMS"
    done = await approve(officer, proposed["proposal"]["id"])
    assert [event["type"] for event in done["events"]] == ["PROPOSAL_APPROVED", "ITEM_HANDED_OVER", "ITEM_TAKEN_OVER"]
    assert done["records"][0]["holder"]["serviceNumber"] == LAGMAN
    await draw(armorer, OCAMPO, line("M4-003"))
    back = new(holder={"serviceNumber": OCAMPO}, lines=[line("M4-002")], override=WHY_NOT)
    again = (await armorer(transfer, input=back))["transferItems"]
    await armorer(transfer, input=new(holder={"serviceNumber": "S-006"}, lines=[line("M4-002")]))
    assert codes(await approve(officer, again["proposal"]["id"])) == ["VERSION_CONFLICT"]  # it would go from other hands than these


CORRECT = f"""mutation ($i: CorrectReceiptsInput!) {{ correctReceipts(input: $i) {{ __typename
  ... on Proposed {{ proposal {{ {PROPOSAL} }} events {{ summary }} }} {WHY} }} }}"""
HISTORY = """query ($s: String!) { item(serial: $s) { state history(first: 5) { edges { node { receiptNumber closeReason returnNote
  closedBy { username } } } } events(first: 3) { edges { node { id type summary payload } } } } }"""


async def test_inv_17_a_receipt_that_was_a_mistake_is_corrected_by_two_and_both_stay_readable(
    live: Live, armorer: Client, officer: Client, plain_sql: Any
) -> None:
    from tests.commands.test_stock import shelves

    await shelves(armorer)
    await draw(armorer, OCAMPO, line(G17, so_many("9MM-BALL", 42)))
    alone = only((await armorer(CORRECT, i=new(items=[{"serial": G17}])))["correctReceipts"])
    assert (alone["code"], alone["overridable"]) == ("SECOND_PERSON_REQUIRED", True)
    asked = new(items=[{"serial": G17}], override={"reason": "the other Ocampo drew G17-002"})
    proposed = (await armorer(CORRECT, i=asked))["correctReceipts"]
    assert proposed["proposal"]["command"] == "CORRECT_RECEIPTS"
    assert (await armorer(HISTORY, s=G17))["item"]["state"] == "ISSUED"
    done = await approve(officer, proposed["proposal"]["id"])
    assert [event["type"] for event in done["events"]] == ["PROPOSAL_APPROVED", "RECEIPT_CORRECTED"]
    assert done["records"][0]["item"]["state"] == "IN_ROOM"
    assert (await lots(armorer))["WCC-21"]["onHand"] == 60
    item = (await armorer(HISTORY, s=G17))["item"]
    (record,) = [edge["node"] for edge in item["history"]["edges"]]
    assert (record["closeReason"], record["closedBy"]["username"]) == ("CORRECTED", "north")
    assert record["returnNote"] == "the other Ocampo drew G17-002"
    newest, *_, issued = [edge["node"] for edge in item["events"]["edges"] if edge["node"]["type"] in ("RECEIPT_CORRECTED", "ITEM_ISSUED")]
    corrects = await plain_sql.fetchval("SELECT corrects FROM ledger_event WHERE type = 'RECEIPT_CORRECTED'")
    assert f"event_{corrects.hex}" == issued["id"]
    assert newest["summary"].endswith("was a mistake: the other Ocampo drew G17-002")
    assert codes((await armorer(CORRECT, i=new(items=[{"serial": G17}], override=WHY_NOT)))["correctReceipts"]) == [
        "NOT_ISSUED",
        "SECOND_PERSON_REQUIRED",
    ]
    assert (await draw(armorer, OCAMPO, line("G17-002")))["__typename"] == "ItemsIssued"


async def test_inv_23_only_the_reasons_that_were_proposed_are_overridden(live: Live, armorer: Client, officer: Client) -> None:
    item = (await armorer(f'{{ item(serial: "{PVS}") {{ id }} }}'))["item"]
    await armorer(EDIT_ITEM, i=new(id=item["id"], serviceability="LIMITED", reason="one lens is scratched"))
    proposal = (await draw(armorer, OCAMPO, line(PVS), override=WHY_NOT))["proposal"]["id"]
    await armorer(EDIT_ITEM, i=new(id=item["id"], serviceability="UNSERVICEABLE", reason="it fell"))
    refusal = only(await approve(officer, proposal))
    assert (refusal["code"], refusal["overridable"], refusal["item"]["serial"]) == ("ITEM_NOT_ISSUABLE", False, PVS)
    await armorer(EDIT_ITEM, i=new(id=item["id"], serviceability="LIMITED", reason="the lens again"))
    to_shop = "mutation ($i: MaintenanceInput!) { sendToMaintenance(input: $i) { __typename } }"
    await armorer(to_shop, i=new(item={"serial": PVS}, reason="x"))
    assert codes(await approve(officer, proposal)) == ["ITEM_NOT_ISSUABLE"]


async def test_inv_23_a_limit_that_came_up_since_is_not_the_one_that_was_proposed(live: Live, armorer: Client, officer: Client) -> None:
    from tests.commands.test_stock import sentinel, shelves

    await shelves(armorer)
    await sentinel(live)
    more = await draw(armorer, OCAMPO, line(G17, so_many("9MM-BALL", 43)), purpose="GATE", override=WHY_NOT)
    await draw(armorer, OCAMPO, line("G17-002"))
    refusal = only(await approve(officer, more["proposal"]["id"]))
    assert (refusal["code"], refusal["path"], refusal["limit"]) == ("LIMIT_EXCEEDED", "lines.0.item", 1)


async def test_inv_23_a_purpose_that_changes_changes_nothing_of_what_is_approved(live: Live, armorer: Client, officer: Client) -> None:
    from tests.commands.test_stock import sentinel, shelves

    await shelves(armorer)
    await sentinel(live)
    await draw(armorer, OCAMPO, line("G17-002"))
    proposed = (await draw(armorer, OCAMPO, line(G17), purpose="GATE", override=WHY_NOT))["proposal"]
    assert [each["quantity"] for each in proposed_stock(await officer(WAITING))] == [4, 42]  # the approver sees what goes out
    purposes = (await officer("{ purposes(first: 9) { edges { node { id code } } } }"))["purposes"]["edges"]
    gate = next(edge["node"]["id"] for edge in purposes if edge["node"]["code"] == "GATE")
    edit = "mutation ($i: EditPurposeInput!) { editPurpose(input: $i) { __typename } }"
    loadout = [{"category": "PISTOL", "article": article, "quantity": 90} for article in ("9MM-BALL", "MAG-G17")]
    await officer(edit, i=new(id=gate, loadout=loadout, defaultIssueType="HAND_RECEIPT", dueHours=2))
    (record,) = (await approve(officer, proposed["id"]))["records"]
    assert {each["lot"]["article"]: each["issued"] for each in record["lines"]} == {"9MM-BALL": 42, "MAG-G17": 4}
    assert record["dueAt"] is not None


def proposed_stock(answer: Any) -> list[Any]:
    """What goes out with the one item that is proposed."""
    (edge,) = answer["proposals"]["edges"]
    stock: list[Any] = edge["node"]["arguments"]["lines"][0]["stock"]
    return stock


async def test_who_may_not_do_it_any_more_has_proposed_nothing(live: Live, armorer: Client, officer: Client, plain_sql: Any) -> None:
    from graph.audit.actor import acting, console_actor
    from graph.commands.accounts import DisableAccount, disable_account

    proposal = await second_carbine(armorer)
    with acting(console_actor("tests")):
        await disable_account(DisableAccount(uuid4(), "north", "left the service"))
    refusal = only(await approve(officer, proposal))
    assert (refusal["code"], "may not do it any more" in refusal["message"]) == ("STATE_NOT_ALLOWED", True)
    assert (await officer(REJECT, i=new(id=proposal)))["rejectProposal"]["proposal"]["state"] == "REJECTED"


async def test_what_waits_is_of_one_arms_room(live: Live, officer: Client) -> None:
    await draw(officer, OCAMPO, line(M4))
    refusal = only(await draw(officer, OCAMPO, line("M4-002"), line("M4-101"), override=WHY_NOT))
    assert (refusal["code"], refusal["path"]) == ("INVALID_VALUE", "override")
    assert "NORTH and SOUTH" in refusal["message"]


async def test_inv_17_a_weapon_that_did_leave_the_room_is_no_mistake(live: Live, armorer: Client) -> None:
    from tests.commands.test_receipts import CONFIRM, PIN
    from tests.commands.test_stock import SETTLE, shelves
    from tests.commands.test_transfer import TRANSFER

    async def why(serial: str) -> str:
        answer = (await armorer(CORRECT, i=new(items=[{"serial": serial}], override=WHY_NOT)))["correctReceipts"]
        assert codes(answer) == ["STATE_NOT_ALLOWED", "SECOND_PERSON_REQUIRED"]
        return str(answer["refusals"][0]["message"])

    await shelves(armorer)
    await draw(armorer, OCAMPO, line(G17, so_many("9MM-BALL", 42)))
    await armorer(SETTLE, i=new(lines=[line(G17, {"article": "9MM-BALL", "expended": 12})]))
    assert "is accounted for" in await why(G17)
    await armorer(TRANSFER, input=new(holder={"serviceNumber": LAGMAN}, lines=[line(G17)]))
    assert "taken over from another" in await why(G17)
    await armorer(PIN, i=new(person={"serviceNumber": OCAMPO}, pin="482913"))
    await draw(armorer, OCAMPO, line(M4))
    await armorer(CONFIRM, i=new(item={"serial": M4}, pin="482913"))
    assert "confirmed the receipt" in await why(M4)
