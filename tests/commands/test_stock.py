"""What goes out and comes back by quantity, over HTTP: lots, loadouts, partial returns. Every round is accounted for."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.commands.test_custody import DIZON, LAGMAN, M4, OCAMPO, codes, new, only
from tests.server import Client, Live

G17, G17_TOO = "G17-001", "G17-002"
LOT = "id article lotNumber kind received disposed onHand outOnIssue expended lost"
LINE = "issued returned expended lost lostReason handedOver outstanding lot { article lotNumber }"
RECORD = (
    f"id receiptNumber dueAt closedAt roundsFired item {{ serial state roundCount version }} holder {{ serviceNumber }} lines {{ {LINE} }}"
)
WHY = "... on Refused { refusals { code message line path limit held onHand overridable liftedBy receiptNumber item { serial } } }"
ISSUE = f"""mutation ($i: IssueItemsInput!) {{ issueItems(input: $i) {{ __typename
  ... on ItemsIssued {{ repeated records {{ {RECORD} }} events {{ id type summary }} }}
  ... on DryRun {{ summaries }} ... on Proposed {{ repeated proposal {{ id reason state }} }} {WHY} }} }}"""
RETURN = f"""mutation ($i: ReturnItemsInput!) {{ returnItems(input: $i) {{ __typename
  ... on ItemsReturned {{ repeated records {{ {RECORD} }} events {{ type summary payload }} }} ... on DryRun {{ summaries }} {WHY} }} }}"""
TRANSFER = f"""mutation ($i: TransferItemsInput!) {{ transferItems(input: $i) {{ __typename
  ... on ItemsTransferred {{ records {{ {RECORD} }} events {{ type summary }} }} {WHY} }} }}"""
SETTLE = f"""mutation ($i: SettleStockInput!) {{ settleStock(input: $i) {{ __typename
  ... on StockSettled {{ repeated records {{ {RECORD} }} events {{ type summary }} }} {WHY} }} }}"""
RECEIVE = f"mutation ($i: ReceiveStockInput!) {{ receiveStock(input: $i) {{ __typename ... on StockSaved {{ lot {{ {LOT} }} }} {WHY} }} }}"
LOTS = f"""query ($f: StockFilter) {{ stockLots(filter: $f, first: 50) {{ edges {{ node {{
  {LOT} armory {{ code }} fits {{ nomenclature }} }} }} }} }}"""
CHECK = (
    'query ($p: PersonRefInput!, $i: [ItemRefInput!]!) { canIssue(person: $p, items: $i, purpose: "GATE") { allowed refusals { code } } }'
)
PURPOSE = """mutation ($i: RegisterPurposeInput!) { registerPurpose(input: $i) { __typename ... on PurposeSaved {
  purpose { code dueHours loadout { category article quantity } } } ... on Refused { refusals { code message } } } }"""


@pytest.fixture
def armorer(live: Live) -> Client:
    """The armorer at the counter of NORTH."""
    return live.as_("north")


async def model_id(client: Client, nomenclature: str) -> str:
    """The id of a nomenclature."""
    models = (await client("{ itemModels(first: 50) { edges { node { id nomenclature } } } }"))["itemModels"]["edges"]
    found: str = next(edge["node"]["id"] for edge in models if edge["node"]["nomenclature"] == nomenclature)
    return found


async def receive(client: Client, article: str, lot: str, quantity: int, kind: str = "AMMUNITION", **more: Any) -> Any:
    """Receive stock, which must be possible."""
    given = new(armory="NORTH", article=article, lotNumber=lot, quantity=quantity, kind=kind, name=article.title(), **more)
    answer = (await client(RECEIVE, i=given))["receiveStock"]
    assert answer["__typename"] == "StockSaved", answer
    return answer["lot"]


async def shelves(client: Client) -> None:
    """Magazines and rounds for the pistol, and rounds for the carbine."""
    pistol, carbine = await model_id(client, "Pistol G17"), await model_id(client, "Carbine M4")
    await receive(client, "MAG-G17", "MAGS", 10, "MAGAZINE", fits=[pistol])
    await receive(client, "9MM-BALL", "WCC-21", 60, dodic="A363", fits=[pistol])
    await receive(client, "9MM-BALL", "WCC-22", 100, dodic="A363", fits=[pistol])
    await receive(client, "556-BALL", "LC-20", 300, dodic="A059", fits=[carbine])


def line(serial: str, *stock: Any, **more: Any) -> dict[str, Any]:
    """One line of a command, with what goes with it or became of it."""
    return {"item": {"serial": serial}, **({"stock": list(stock)} if stock else {}), **more}


def so_many(article: str, quantity: int) -> dict[str, Any]:
    """So much of an article."""
    return {"article": article, "quantity": quantity}


async def draw(client: Client, holder: str, *lines: Any, **more: Any) -> Any:
    """Draw items with stock."""
    return (await client(ISSUE, i=new(holder={"serviceNumber": holder}, lines=list(lines), **more)))["issueItems"]


async def bring(client: Client, *lines: Any, **more: Any) -> Any:
    """Bring items back."""
    return (await client(RETURN, i=new(lines=list(lines), **more)))["returnItems"]


async def lots(client: Client, **filters: Any) -> dict[str, dict[str, Any]]:
    """The lots by their numbers, each of which is conserved (INV-10)."""
    found = {edge["node"]["lotNumber"]: edge["node"] for edge in (await client(LOTS, f=filters))["stockLots"]["edges"]}
    for lot in found.values():
        terms = [lot[term] for term in ("onHand", "outOnIssue", "expended", "lost")]
        assert min(terms) >= 0
        assert lot["received"] - lot["disposed"] == sum(terms)
    return found


async def test_inv_10_rounds_are_drawn_from_the_lots_that_came_first(armorer: Client) -> None:
    await shelves(armorer)
    answer = await draw(armorer, OCAMPO, line(G17, so_many("9MM-BALL", 80), so_many("MAG-G17", 4)))
    (record,) = answer["records"]
    drawn = {each["lot"]["lotNumber"]: (each["issued"], each["outstanding"]) for each in record["lines"]}
    assert drawn == {"WCC-21": (60, 60), "WCC-22": (20, 20), "MAGS": (4, 4)}
    (event,) = answer["events"]
    assert "80" not in event["summary"]  # each lot is named with its own
    assert "60 9MM-BALL, 20 9MM-BALL, 4 MAG-G17" in event["summary"]
    there = await lots(armorer, article="9MM-BALL")
    assert [(there[lot]["onHand"], there[lot]["outOnIssue"]) for lot in ("WCC-21", "WCC-22")] == [(0, 60), (80, 20)]


async def test_inv_09_a_pistol_is_not_back_while_its_rounds_are_out(armorer: Client) -> None:
    await shelves(armorer)
    (record,) = (await draw(armorer, OCAMPO, line(G17, so_many("9MM-BALL", 42), so_many("MAG-G17", 4))))["records"]
    refusal = only(await bring(armorer, line(G17)))
    assert (refusal["code"], refusal["held"], refusal["line"]) == ("OUTSTANDING_STOCK", 46, 0)
    assert "4 MAG-G17, 42 9MM-BALL of G17-001" in refusal["message"]
    assert refusal["receiptNumber"] == record["receiptNumber"]
    back = await bring(
        armorer,
        line(
            G17,
            {"article": "9MM-BALL", "returned": 30, "expended": 12},
            {"article": "MAG-G17", "returned": 3, "lost": 1, "reason": "in the river"},
        ),
    )
    (record,) = back["records"]
    assert (record["item"]["state"], record["item"]["roundCount"], record["roundsFired"]) == ("IN_ROOM", 12, 12)
    assert {each["lot"]["article"]: (each["returned"], each["expended"], each["lost"], each["lostReason"]) for each in record["lines"]} == {
        "9MM-BALL": (30, 12, 0, None),
        "MAG-G17": (3, 0, 1, "in the river"),
    }
    there = await lots(armorer)
    assert (there["WCC-21"]["onHand"], there["WCC-21"]["expended"], there["MAGS"]["onHand"], there["MAGS"]["lost"]) == (48, 12, 9, 1)
    payload = back["events"][0]["payload"]
    assert payload["stock"][0] == {
        "article": "MAG-G17",
        "lot_number": "MAGS",
        "returned": 3,
        "expended": 0,
        "lost": 1,
        "still_out": 0,
        "lost_reason": "in the river",
    }


async def test_inv_05_all_that_is_not_named_comes_back_at_one_word(live: Live, armorer: Client) -> None:
    await shelves(armorer)
    await draw(armorer, OCAMPO, line(G17, so_many("9MM-BALL", 42), so_many("MAG-G17", 4)))
    (record,) = (await bring(armorer, line(G17, {"article": "9MM-BALL", "expended": 2}, allStockReturned=True)))["records"]
    assert {each["lot"]["article"]: (each["returned"], each["expended"]) for each in record["lines"]} == {
        "9MM-BALL": (40, 2),
        "MAG-G17": (4, 0),
    }
    assert record["roundsFired"] == 2


async def test_more_does_not_come_back_than_went_out(armorer: Client) -> None:
    await shelves(armorer)
    await draw(armorer, OCAMPO, line(G17, so_many("9MM-BALL", 42)))
    refusal = only(await bring(armorer, line(G17, {"article": "9MM-BALL", "returned": 40, "expended": 3})))
    assert (refusal["code"], refusal["held"], refusal["path"]) == ("OVER_RETURN", 42, "lines.0.stock.0")
    twice = await bring(armorer, line(G17, {"article": "9MM-BALL", "returned": 30}, {"lotNumber": "WCC-21", "returned": 30}))
    assert codes(twice) == ["OVER_RETURN"]
    never = await bring(armorer, line(G17, {"article": "556-BALL", "returned": 1}, allStockReturned=True))
    assert (only(never)["code"], only(never)["held"]) == ("OVER_RETURN", 0)
    assert codes(await bring(armorer, line(G17, {"article": "9MM-BALL", "lost": 42}))) == ["INVALID_VALUE"]  # how?
    fewer = await bring(armorer, line(G17, {"article": "9MM-BALL", "expended": 42}, roundsFired=41))
    assert codes(fewer) == ["INVALID_VALUE"]
    (record,) = (await bring(armorer, line(G17, {"article": "9MM-BALL", "expended": 42}, roundsFired=50)))["records"]
    assert record["item"]["roundCount"] == 50  # some were somebody else's


async def test_stock_that_is_not_there_or_does_not_fit_is_refused_with_what_is_on_hand(armorer: Client) -> None:
    await shelves(armorer)
    much = only(await draw(armorer, OCAMPO, line(G17, so_many("9MM-BALL", 161))))
    assert (much["code"], much["onHand"], much["path"]) == ("INSUFFICIENT_STOCK", 160, "lines.0.stock.0")
    wrong = only(await draw(armorer, OCAMPO, line(M4, so_many("9MM-BALL", 10))))
    assert (wrong["code"], wrong["item"]["serial"]) == ("INCOMPATIBLE_STOCK", M4)
    assert codes(await draw(armorer, OCAMPO, line(G17, so_many("45-ACP", 10)))) == ["UNKNOWN_CODE"]
    # Two lines of one command want the same last magazines: none of it is done.
    both = await draw(armorer, OCAMPO, line(G17, so_many("MAG-G17", 6)), line("PVS-001"), line(M4, so_many("556-BALL", 301)))
    assert codes(both) == ["INSUFFICIENT_STOCK"]
    assert {lot["outOnIssue"] for lot in (await lots(armorer)).values()} == {0}


async def test_inv_11_the_last_rounds_are_given_once_also_within_one_command(armorer: Client) -> None:
    await shelves(armorer)
    await receive(armorer, "CHEM-LIGHT", "CL", 10, "ACCESSORY")
    refused = await draw(armorer, OCAMPO, line("PVS-001", so_many("CHEM-LIGHT", 6)), line("PVS-002", so_many("CHEM-LIGHT", 6)))
    assert (only(refused)["line"], only(refused)["onHand"]) == (1, 4)


async def test_inv_10_two_counters_never_draw_the_same_last_rounds(live: Live, armorer: Client) -> None:
    await receive(armorer, "CHEM-LIGHT", "CL", 25, "ACCESSORY")
    counters = [live.as_(name) for name in ("north", "north.two") * 5]
    serials = [f"PVS-{number:03}" for number in range(1, 11)]
    answers = await asyncio.gather(
        *(draw(client, OCAMPO, line(serial, so_many("CHEM-LIGHT", 6))) for client, serial in zip(counters, serials, strict=True))
    )
    assert sorted(answer["__typename"] for answer in answers) == ["ItemsIssued"] * 4 + ["Refused"] * 6
    assert {only(answer)["onHand"] for answer in answers if answer["__typename"] == "Refused"} == {1}
    assert (await lots(armorer))["CL"]["onHand"] == 1


async def test_a_relief_takes_the_rounds_along(armorer: Client) -> None:
    await shelves(armorer)
    await draw(armorer, OCAMPO, line(G17, so_many("9MM-BALL", 42)))
    await armorer(SETTLE, i=new(lines=[line(G17, {"article": "9MM-BALL", "expended": 2})]))
    (taken,) = (await armorer(TRANSFER, i=new(holder={"serviceNumber": LAGMAN}, lines=[line(G17)])))["transferItems"]["records"]
    assert [(each["issued"], each["outstanding"]) for each in taken["lines"]] == [(40, 40)]
    history = await armorer(
        f'{{ item(serial: "{G17}") {{ history(first: 5) {{ edges {{ node {{ holder {{ serviceNumber }} lines {{ {LINE} }} }} }} }} }} }}'
    )
    _, older = [edge["node"] for edge in history["item"]["history"]["edges"]]
    assert [(each["expended"], each["handedOver"], each["outstanding"]) for each in older["lines"]] == [(2, 40, 0)]
    assert (await lots(armorer))["WCC-21"]["outOnIssue"] == 40
    assert codes(await bring(armorer, line(G17))) == ["OUTSTANDING_STOCK"]
    (back,) = (await bring(armorer, line(G17, allStockReturned=True)))["records"]
    assert back["holder"]["serviceNumber"] == LAGMAN
    assert await armorer.code(TRANSFER, i=new(holder={"serviceNumber": LAGMAN}, lines=[line(G17, so_many("9MM-BALL", 1))])) == "BAD_REQUEST"


async def test_rounds_come_back_while_the_rifle_stays_out(armorer: Client) -> None:
    await shelves(armorer)
    (drawn,) = (await draw(armorer, OCAMPO, line(M4, so_many("556-BALL", 210))))["records"]
    request = new(lines=[line(M4, {"article": "556-BALL", "returned": 60, "expended": 30})])
    settled, again = [(await armorer(SETTLE, i=request))["settleStock"] for _ in range(2)]
    (record,) = settled["records"]
    assert (record["closedAt"], record["item"]["state"], record["item"]["roundCount"]) == (None, "ISSUED", 30)
    assert (settled["repeated"], again["repeated"], again["records"]) == (False, True, settled["records"])
    assert [event["type"] for event in settled["events"]] == ["STOCK_SETTLED"]
    assert [(each["returned"], each["expended"], each["outstanding"]) for each in record["lines"]] == [(60, 30, 120)]
    assert (await lots(armorer))["LC-20"]["onHand"] == 150
    assert codes((await armorer(SETTLE, i=new(lines=[line("M4-002", allStockReturned=True)])))["settleStock"]) == ["NOT_ISSUED"]
    assert codes((await armorer(SETTLE, i=new(lines=[line(M4, {"article": "556-BALL", "returned": 121})])))["settleStock"]) == [
        "OVER_RETURN"
    ]
    nothing = await armorer(SETTLE, i=new(lines=[line(M4)]))
    assert codes(nothing["settleStock"]) == ["INVALID_VALUE"]
    assert codes(await bring(armorer, line(M4, allStockReturned=True, roundsFired=29))) == ["INVALID_VALUE"]  # thirty are on record
    (record,) = (await bring(armorer, line(M4, allStockReturned=True, roundsFired=35)))["records"]
    assert (record["receiptNumber"], record["roundsFired"]) == (drawn["receiptNumber"], 35)
    assert record["item"]["roundCount"] == 35  # all that were fired while it was out, those that were said before once


async def test_what_was_fired_and_said_before_stands_on_the_receipt(armorer: Client) -> None:
    await shelves(armorer)
    await draw(armorer, OCAMPO, line(G17, so_many("9MM-BALL", 42)))
    await armorer(SETTLE, i=new(lines=[line(G17, {"article": "9MM-BALL", "expended": 42})]))
    (record,) = (await bring(armorer, line(G17)))["records"]
    assert (record["roundsFired"], record["item"]["roundCount"]) == (42, 42)


async def test_two_losses_of_one_article_keep_both_their_reasons(armorer: Client) -> None:
    await shelves(armorer)
    await draw(armorer, OCAMPO, line(G17, so_many("MAG-G17", 4)))
    lost = [{"article": "MAG-G17", "lost": 1, "reason": reason} for reason in ("in the river", "run over")]
    (record,) = (await bring(armorer, line(G17, *lost, allStockReturned=True)))["records"]
    assert [(each["lost"], each["lostReason"]) for each in record["lines"]] == [(2, "in the river; run over")]


async def test_a_lot_number_of_two_articles_is_not_guessed(armorer: Client) -> None:
    await receive(armorer, "MAG-G17", "2026-1", 10, "MAGAZINE")
    await receive(armorer, "9MM-BALL", "2026-1", 100)
    refusal = only(await draw(armorer, OCAMPO, line(G17, {"lotNumber": "2026-1", "quantity": 50})))
    assert (refusal["code"], refusal["path"]) == ("AMBIGUOUS_CODE", "lines.0.stock.0")
    assert "9MM-BALL, MAG-G17" in refusal["message"]
    both = {"lotNumber": "2026-1", "article": "9mm-ball"}
    (record,) = (await draw(armorer, OCAMPO, line(G17, {**both, "quantity": 50}, so_many("MAG-G17", 2))))["records"]
    assert {each["lot"]["article"]: each["issued"] for each in record["lines"]} == {"9MM-BALL": 50, "MAG-G17": 2}
    unclear = only(await bring(armorer, line(G17, {"lotNumber": "2026-1", "expended": 40}, allStockReturned=True)))
    assert unclear["code"] == "AMBIGUOUS_CODE"
    (record,) = (await bring(armorer, line(G17, {**both, "expended": 40}, allStockReturned=True)))["records"]
    assert record["roundsFired"] == 40


async def test_a_lot_is_never_larger_than_can_be_counted(armorer: Client, plain_sql: Any) -> None:
    lot = await receive(armorer, "9MM-BALL", "ENDLESS", 1_000_000)
    async with plain_sql.transaction():
        await plain_sql.execute("SET LOCAL session_replication_role = replica")  # as if it had been received two thousand times
        await plain_sql.execute("UPDATE stock_lot SET received = 1999999999, on_hand = 1999999999 WHERE lot_number = 'ENDLESS'")
    more = await armorer(RECEIVE, i=new(armory="NORTH", article="9MM-BALL", lotNumber="endless", quantity=2))
    assert (only(more["receiveStock"])["code"], only(more["receiveStock"])["limit"]) == ("INVALID_VALUE", 2_000_000_000)
    async with plain_sql.transaction():
        await plain_sql.execute("SET LOCAL session_replication_role = replica")
        await plain_sql.execute("UPDATE stock_lot SET received = $1, on_hand = $1 WHERE lot_number = 'ENDLESS'", lot["received"])


# ---------------------------------------------------------------------------------------------------------------------------- loadouts


async def sentinel(live: Live) -> None:
    """A duty of eight hours that takes a pistol with four magazines and forty-two rounds."""
    loadout = [{"category": "PISTOL", "article": "MAG-G17", "quantity": 4}, {"category": "PISTOL", "article": "9mm-ball", "quantity": 42}]
    given = new(code="GATE", name="Gate sentinel", dueHours=8, loadout=loadout)
    answer = (await live.as_("officer")(PURPOSE, i=given))["registerPurpose"]
    assert answer["purpose"] == {
        "code": "GATE",
        "dueHours": 8,
        "loadout": [
            {"category": "PISTOL", "article": "9MM-BALL", "quantity": 42},
            {"category": "PISTOL", "article": "MAG-G17", "quantity": 4},
        ],
    }


async def test_a_duty_brings_its_loadout_and_its_due_time(live: Live, armorer: Client) -> None:
    await shelves(armorer)
    await sentinel(live)
    answer = await draw(armorer, OCAMPO, line(G17), line(M4), purpose="gate")
    pistol, carbine = answer["records"]
    assert {each["lot"]["article"]: each["issued"] for each in pistol["lines"]} == {"MAG-G17": 4, "9MM-BALL": 42}
    assert carbine["lines"] == []
    issued = (await armorer(f'{{ custody(receiptNumber: "{pistol["receiptNumber"]}") {{ issuedAt dueAt }} }}'))["custody"]
    assert issued["dueAt"][11:13] == f"{(int(issued['issuedAt'][11:13]) + 8) % 24:02}"


async def test_less_than_the_loadout_is_drawn_but_no_more_and_nothing_else(live: Live, armorer: Client) -> None:
    await shelves(armorer)
    await sentinel(live)
    more = only(await draw(armorer, OCAMPO, line(G17, so_many("9MM-BALL", 43)), purpose="GATE"))
    assert (more["code"], more["limit"], more["held"], more["overridable"]) == ("LIMIT_EXCEEDED", 42, 43, True)
    assert more["liftedBy"].endswith("send it again with override.")
    await receive(armorer, "HOLSTER", "H", 5, "ACCESSORY")
    assert (only(await draw(armorer, OCAMPO, line(G17, so_many("HOLSTER", 1)), purpose="GATE")))["limit"] == 0
    (record,) = (await draw(armorer, OCAMPO, line(G17, so_many("9MM-BALL", 15)), purpose="GATE"))["records"]
    assert [each["issued"] for each in record["lines"]] == [15]
    nothing = await draw(armorer, LAGMAN, {"item": {"serial": G17_TOO}, "stock": []}, purpose="GATE")
    assert nothing["records"][0]["lines"] == []


async def test_a_duty_without_enough_on_the_shelf_is_refused(live: Live, armorer: Client) -> None:
    await sentinel(live)
    assert codes(await draw(armorer, OCAMPO, line(G17), purpose="GATE")) == ["UNKNOWN_CODE", "UNKNOWN_CODE"]
    check = await armorer(CHECK, p={"serviceNumber": OCAMPO}, i=[{"serial": G17}])
    assert check["canIssue"] == {"allowed": False, "refusals": [{"code": "UNKNOWN_CODE"}, {"code": "UNKNOWN_CODE"}]}


# ----------------------------------------------------------------------------------------------------------------------------- receiving


async def test_more_of_a_lot_is_added_to_it_and_a_lot_is_not_two_things(live: Live, armorer: Client) -> None:
    await receive(armorer, "9MM-BALL", "WCC-21", 60, dodic="a363")
    more = (await armorer(RECEIVE, i=new(armory="NORTH", article="9MM-BALL", lotNumber="WCC-21", quantity=40)))["receiveStock"]
    assert (more["lot"]["received"], more["lot"]["onHand"]) == (100, 100)
    other = await armorer(RECEIVE, i=new(armory="NORTH", article="9MM-BALL", lotNumber="WCC-21", quantity=1, kind="MAGAZINE"))
    assert codes(other["receiveStock"]) == ["INVALID_VALUE"]
    bare = await armorer(RECEIVE, i=new(armory="NORTH", article="9MM-BALL", lotNumber="NEW", quantity=1))
    assert [refusal["path"] for refusal in bare["receiveStock"]["refusals"]] == ["kind", "name"]
    elsewhere = await armorer(RECEIVE, i=new(armory="SOUTH", article="9MM-BALL", lotNumber="NEW", quantity=1, kind="AMMUNITION", name="x"))
    assert codes(elsewhere["receiveStock"]) == ["OUT_OF_SCOPE"]
    for wrong in ({"quantity": 0}, {"quantity": 1_000_001}, {"article": "a b"}, {"dodic": "A36"}):
        given = new(**{"armory": "NORTH", "article": "X", "lotNumber": "NEW", "quantity": 1, "kind": "AMMUNITION", "name": "x", **wrong})
        assert await armorer.code(RECEIVE, i=given) == "BAD_REQUEST"
    assert await live.as_("viewer").code(RECEIVE, i=given) in ("BAD_REQUEST", "FORBIDDEN")
    assert list(await lots(live.as_("south"))) == []


async def test_stock_is_named_in_one_way(armorer: Client) -> None:
    await shelves(armorer)
    for stock in ({"quantity": 1}, {"quantity": 1, "article": "9MM-BALL", "lot": "lot_" + 32 * "0"}):
        assert await armorer.code(ISSUE, i=new(holder={"serviceNumber": OCAMPO}, lines=[line(G17, stock)])) == "BAD_REQUEST"
    lot = (await lots(armorer))["WCC-22"]["id"]
    (record,) = (await draw(armorer, DIZON, line(G17, {"lot": lot, "quantity": 5})))["records"]
    assert record["lines"][0]["lot"]["lotNumber"] == "WCC-22"
    (record,) = (await bring(armorer, line(G17, {"lot": lot, "returned": 5})))["records"]
    assert record["item"]["roundCount"] == 0


async def test_inv_19_a_draw_with_rounds_sent_twice_is_done_once(armorer: Client) -> None:
    await shelves(armorer)
    request = {"requestId": str(uuid4())}
    first, again = [await draw(armorer, OCAMPO, line(G17, so_many("9MM-BALL", 42)), **request) for _ in range(2)]
    assert (first["repeated"], again["repeated"], again["records"], again["events"]) == (False, True, first["records"], first["events"])
    assert (await lots(armorer))["WCC-21"]["outOnIssue"] == 42
    assert codes(await draw(armorer, OCAMPO, line(G17, so_many("9MM-BALL", 41)), **request)) == ["IDEMPOTENCY_MISMATCH"]


async def test_inv_14_a_dry_run_says_the_same_and_writes_nothing(armorer: Client) -> None:
    await shelves(armorer)
    request = {"requestId": str(uuid4())}
    would = await draw(armorer, OCAMPO, line(G17, so_many("9MM-BALL", 42)), dryRun=True, **request)
    assert would["summaries"] == ["G17-001 with 42 9MM-BALL issued to SGT Ocampo, Ana on receipt NORTH-000001."]
    assert codes(await draw(armorer, OCAMPO, line(G17, so_many("9MM-BALL", 420)), dryRun=True)) == ["INSUFFICIENT_STOCK"]
    assert (await lots(armorer))["WCC-21"]["outOnIssue"] == 0
    done = await draw(armorer, OCAMPO, line(G17, so_many("9MM-BALL", 42)), **request)  # the request was not used up
    assert [event["summary"] for event in done["events"]] == would["summaries"]
    back = await bring(armorer, line(G17, allStockReturned=True), dryRun=True)
    assert back["summaries"] == ["G17-001 (42 9MM-BALL returned) returned by SGT Ocampo, Ana; receipt NORTH-000001 closed."]
    assert codes(await bring(armorer, line(G17), dryRun=True)) == ["OUTSTANDING_STOCK"]
