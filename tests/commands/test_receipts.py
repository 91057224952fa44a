"""What is said of a receipt beside its custody, over HTTP: confirmations, overdue notices, emergencies; and returns elsewhere."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from graph.clock import tell_overdue_receipts
from graph.settings import Settings
from tests.commands.test_custody import EDIT_ARMORY, LAGMAN, M4, OCAMPO, codes, new, only, said
from tests.commands.test_eligibility import AUTHORIZE
from tests.commands.test_stock import G17, WHY, bring, draw, line, lots, shelves, so_many
from tests.server import Client, Live, running_server, subscribe

STATE = "receiptNumber confirmation returnConfirmedAt regularisedAt regularisationNote closedAt"
PIN = f"mutation ($i: SetPinInput!) {{ setPin(input: $i) {{ __typename ... on PersonSaved {{ person {{ hasPin version }} }} {WHY} }} }}"
CONFIRM = f"""mutation ($i: ConfirmReceiptInput!) {{ confirmReceipt(input: $i) {{ __typename
  ... on ReceiptSaved {{ record {{ {STATE} }} }} {WHY} }} }}"""
REGULARISE = f"""mutation ($i: RegulariseEmergencyInput!) {{ regulariseEmergency(input: $i) {{ __typename
  ... on ReceiptSaved {{ record {{ {STATE} }} }} {WHY} }} }}"""
CUSTODY = f"query ($n: String!) {{ custody(receiptNumber: $n) {{ {STATE} overdueSince dueAt weaponsCard }} }}"
ELSEWHERE = f"""mutation ($i: ReturnItemsElsewhereInput!) {{ returnItemsElsewhere(input: $i) {{ __typename
  ... on ItemsTakenIn {{ repeated items {{ receiptNumber serial nomenclature home holderName closedAt }} }} {WHY} }} }}"""
ARRIVE = f"""mutation ($i: ReceiveItemsInput!) {{ receiveItems(input: $i) {{ __typename
  ... on ItemsReceived {{ repeated items {{ serial state version }} events {{ type summary }} }} {WHY} }} }}"""
ROOM = '{ armory(code: "NORTH") { id } }'
FEED = "subscription ($a: String) { custodyFeed(after: $a) { cursor event { type summary actorKind actorName } } }"


@pytest.fixture
def armorer(live: Live) -> Client:
    """The armorer at the counter of NORTH."""
    return live.as_("north")


async def policy(live: Live, **asks: bool) -> None:
    """What the arms room of NORTH asks for."""
    room = (await live.as_("officer")(ROOM))["armory"]
    await live.as_("officer")(EDIT_ARMORY, i=new(id=room["id"], **asks))


async def pin(client: Client, holder: str = OCAMPO, digits: str = "482913") -> Any:
    """Give somebody a PIN."""
    return (await client(PIN, i=new(person={"serviceNumber": holder}, pin=digits)))["setPin"]


async def confirm(client: Client, receipt: str, digits: str = "482913", **more: Any) -> Any:
    """Confirm a receipt."""
    return (await client(CONFIRM, i=new(receiptNumber=receipt, pin=digits, **more)))["confirmReceipt"]


async def drawn(client: Client, serial: str = M4, **more: Any) -> str:
    """The receipt of a draw of Sergeant Ocampo's."""
    number: str = (await draw(client, OCAMPO, line(serial), **more))["records"][0]["receiptNumber"]
    return number


async def state_of(client: Client, receipt: str) -> Any:
    """What is said of a receipt."""
    return (await client(CUSTODY, n=receipt))["custody"]


# ------------------------------------------------------------------------------------------------------------------------ confirmations


async def test_the_holder_confirms_the_draw_and_the_return(live: Live, armorer: Client) -> None:
    await policy(live, confirmationRequired=True)
    assert (await pin(armorer))["person"]["hasPin"] is True
    receipt = await drawn(armorer)
    assert (await state_of(armorer, receipt))["confirmation"] == "PENDING"
    assert codes(await confirm(armorer, receipt, stage="RETURN")) == ["STATE_NOT_ALLOWED"]
    assert (await confirm(armorer, receipt))["record"]["confirmation"] == "CONFIRMED"
    assert codes(await confirm(armorer, receipt)) == ["STATE_NOT_ALLOWED"]
    await bring(armorer, line(M4))
    given_back = (await confirm(armorer, receipt, stage="RETURN"))["record"]
    assert given_back["confirmation"] == "CONFIRMED"
    assert given_back["returnConfirmedAt"] is not None


async def test_a_pending_confirmation_is_void_when_the_receipt_closes(live: Live, armorer: Client, plain_sql: Any) -> None:
    await policy(live, confirmationRequired=True)
    await pin(armorer)
    receipt = await drawn(armorer)
    await bring(armorer, line(M4))
    assert (await state_of(armorer, receipt))["confirmation"] == "VOID"
    refusal = only(await confirm(armorer, receipt))
    assert (refusal["code"], refusal["path"]) == ("STATE_NOT_ALLOWED", "stage")
    again = await drawn(armorer)  # what was confirmed, or not, of the earlier receipt says nothing of this one
    assert (await state_of(armorer, again))["confirmation"] == "PENDING"
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as caught:
        await plain_sql.execute(
            "INSERT INTO confirmation SELECT $1, 'ISSUE', now(), armory_id, holder_id, id FROM custody_record WHERE receipt_number = $2",
            uuid4(),
            receipt,
        )
    assert caught.value.constraint_name == "confirmed_in_time"


async def test_inv_12_an_emergency_asks_for_no_confirmation(live: Live, armorer: Client) -> None:
    await policy(live, confirmationRequired=True)
    assert (await state_of(armorer, await drawn(armorer, issueType="EMERGENCY", note="alarm")))["confirmation"] == "NOT_ASKED"


async def test_wrong_pins_are_counted_and_then_wait(database_url: str, settings: Settings) -> None:
    async with running_server(database_url, settings.model_copy(update={"pin_attempts": 2, "pin_wait_seconds": 3600})) as live:
        armorer = live.as_("north")
        receipt = await drawn(armorer)
        assert "has no PIN yet" in only(await confirm(armorer, receipt))["message"]
        await pin(armorer)
        await pin(armorer, LAGMAN, "135790")
        for _ in range(2):
            wrong = only(await confirm(armorer, receipt, "135790"))
            assert (wrong["code"], wrong["message"]) == ("PIN_FAILED", "This is not the PIN of SGT Ocampo, Ana.")
        waiting = only(await confirm(armorer, receipt))  # also the right one
        assert (waiting["code"], waiting["limit"] > 3000) == ("PIN_FAILED", True)
        other = (await draw(armorer, LAGMAN, line("M4-002")))["records"][0]["receiptNumber"]
        assert (await confirm(armorer, other, "135790"))["__typename"] == "ReceiptSaved"  # nobody else has to wait
        await pin(armorer)  # at the counter, in person
        assert (await confirm(armorer, receipt))["__typename"] == "ReceiptSaved"


async def test_a_pin_is_made_of_digits_and_is_told_nobody(live: Live, armorer: Client, plain_sql: Any) -> None:
    for digits in ("12345", "1234567890123", "abcdef", "111111", "١٢٣٤٥٦"):
        assert (only(await pin(armorer, digits=digits))["code"], only(await pin(armorer, digits=digits))["path"]) == (
            "INVALID_VALUE",
            "pin",
        )
    await pin(armorer)
    stored = await plain_sql.fetchval("SELECT pin_hash FROM person WHERE service_number = 'S-001'")
    assert stored.startswith("$argon2id$")
    told = await plain_sql.fetchval("SELECT string_agg(payload, ' ') FROM ledger_event WHERE type = 'PIN_SET'")
    assert "S-001" in told
    assert "482913" not in told
    assert "argon2" not in told
    assert await live.as_("viewer").code(PIN, i=new(person={"serviceNumber": OCAMPO}, pin="482913")) == "FORBIDDEN"


async def test_receipts_of_elsewhere_are_not_spoken_about(live: Live, armorer: Client) -> None:
    receipt = await drawn(armorer)
    assert codes(await confirm(live.as_("south"), receipt)) == ["UNKNOWN_CODE"]
    assert codes(await confirm(armorer, "NORTH-999999")) == ["UNKNOWN_CODE"]


# --------------------------------------------------------------------------------------------------------------------------- emergencies


async def test_emergencies_are_listed_until_an_officer_has_regularised_each(live: Live, armorer: Client) -> None:
    officer = live.as_("officer")
    receipts = [await drawn(armorer, serial, issueType="EMERGENCY", note="alarm") for serial in (M4, "M4-002")]  # over the limit, INV-12
    await bring(armorer, line(M4))
    listed = (
        "{ custodyRecords(filter: { awaitingRegularisation: true }, order: ISSUED_AT_ASC, first: 10) { edges { node { receiptNumber } } } }"
    )
    assert [edge["node"]["receiptNumber"] for edge in (await officer(listed))["custodyRecords"]["edges"]] == receipts
    given = new(receiptNumber=receipts[0], note="fence alarm, all in order")
    assert await armorer.code(REGULARISE, i=given) == "FORBIDDEN"
    first, again = [(await officer(REGULARISE, i=given))["regulariseEmergency"] for _ in range(2)]
    assert first["record"]["regularisationNote"] == "fence alarm, all in order"
    assert again["record"] == first["record"]
    assert codes((await officer(REGULARISE, i=new(receiptNumber=receipts[0], note="again")))["regulariseEmergency"]) == [
        "STATE_NOT_ALLOWED"
    ]
    assert [edge["node"]["receiptNumber"] for edge in (await officer(listed))["custodyRecords"]["edges"]] == receipts[1:]
    ordinary = (await draw(armorer, LAGMAN, line("M4-003")))["records"][0]["receiptNumber"]
    assert codes((await officer(REGULARISE, i=new(receiptNumber=ordinary, note="x")))["regulariseEmergency"]) == ["STATE_NOT_ALLOWED"]


async def test_inv_12_an_emergency_goes_without_a_loadouts_limit_but_never_beyond_what_is_on_hand(armorer: Client) -> None:
    await shelves(armorer)
    over = await draw(armorer, OCAMPO, line(G17, so_many("9MM-BALL", 161)), issueType="EMERGENCY", note="alarm")
    assert codes(over) == ["INSUFFICIENT_STOCK"]


# ------------------------------------------------------------------------------------------------------------------------------- overdue


async def overdue_rifle(client: Client) -> str:
    """Sergeant Ocampo should have brought a rifle back an hour ago."""
    now = datetime.now(UTC)
    return await drawn(client, effectiveAt=said(now - timedelta(hours=3)), dueAt=said(now - timedelta(hours=1)))


async def told(sql: Any) -> int:
    """How many overdue notices there are."""
    return int(await sql.fetchval("SELECT count(*) FROM ledger_event WHERE type = 'RECEIPT_OVERDUE'"))


async def test_what_is_overdue_is_told_on_the_feed_exactly_once(database_url: str, settings: Settings, plain_sql: Any) -> None:
    async with running_server(database_url, settings) as live:
        receipt = await overdue_rifle(live.as_("north"))
        ready = await drawn(live.as_("north"), "PVS-001")
    watchful = settings.model_copy(update={"overdue_poll_seconds": 0.05})
    async with running_server(database_url, watchful) as live, live.socket("commander") as socket:  # also after a restart
        watch = await subscribe(socket, FEED, a="e30")
        while (event := (await watch.next())["data"]["custodyFeed"]["event"])["type"] != "RECEIPT_OVERDUE":
            pass
        assert (event["actorKind"], event["actorName"]) == ("SYSTEM", "system:clock")
        assert event["summary"].startswith("M4-001 was due at ")
        assert event["summary"].endswith("UTC: SGT Ocampo, Ana still has it.")
        state = await state_of(live.as_("north"), receipt)
        assert state["overdueSince"] == state["dueAt"]
        assert (await state_of(live.as_("north"), ready))["overdueSince"] is None
        listed = (await live.as_("commander")("{ overdue(first: 10) { edges { node { receiptNumber } } } }"))["overdue"]["edges"]
        assert [edge["node"]["receiptNumber"] for edge in listed] == [receipt]
    async with running_server(database_url, watchful):  # and after another, by whom it is told already
        await tell_overdue_receipts()
    assert await told(plain_sql) == 1


async def test_of_many_who_look_at_once_one_tells(live: Live, armorer: Client, plain_sql: Any) -> None:
    await overdue_rifle(armorer)
    assert sum(await asyncio.gather(*(tell_overdue_receipts() for _ in range(8)))) == 1
    assert await told(plain_sql) == 1


async def test_a_later_due_time_is_told_of_when_it_passes_too(live: Live, armorer: Client, plain_sql: Any) -> None:
    from tests.commands.test_transfer import EXTEND

    receipt = await overdue_rifle(armorer)
    await tell_overdue_receipts()
    soon = datetime.now(UTC) + timedelta(seconds=3)
    extended = (await armorer(EXTEND, i=new(lines=[line(M4)], dueAt=said(soon), reason="the bus")))["extendDue"]
    assert extended["__typename"] == "DueExtended"
    async with asyncio.timeout(20):
        while await told(plain_sql) < 2:
            await tell_overdue_receipts()
    assert (await state_of(armorer, receipt))["overdueSince"] == said(soon)
    await tell_overdue_receipts()
    assert await told(plain_sql) == 2
    assert (await bring(armorer, line(M4)))["__typename"] == "ItemsReturned"


async def test_what_came_back_in_time_is_not_told(armorer: Client, plain_sql: Any) -> None:
    await overdue_rifle(armorer)
    await bring(armorer, line(M4))
    await tell_overdue_receipts()
    assert await told(plain_sql) == 0


# ---------------------------------------------------------------------------------------------------------------- at another arms room


async def test_a_rifle_of_north_is_taken_in_at_south_and_goes_home(live: Live, armorer: Client) -> None:
    south = live.as_("south")
    await shelves(armorer)
    await draw(armorer, OCAMPO, line(G17, so_many("9MM-BALL", 42)))
    given = new(armory="SOUTH", lines=[line(G17, {"article": "9MM-BALL", "expended": 2}, allStockReturned=True)], note="left the convoy")
    taken, again = [(await south(ELSEWHERE, i=given))["returnItemsElsewhere"] for _ in range(2)]
    (item,) = taken["items"]
    assert (item["serial"], item["home"], item["holderName"], item["receiptNumber"]) == (G17, "NORTH", "SGT Ocampo, Ana", "NORTH-000001")
    assert (taken["repeated"], again["repeated"], again["items"]) == (False, True, taken["items"])
    state = '{ item(serial: "G17-001") { state roundCount openCustody { id } events(first: 1) { edges { node { type summary } } } } }'
    there = (await armorer(state))["item"]
    assert (there["state"], there["roundCount"], there["openCustody"]) == ("IN_TRANSIT", 2, None)
    assert there["events"]["edges"][0]["node"]["type"] == "ITEM_SENT_HOME"
    assert (await lots(armorer))["WCC-21"]["onHand"] == 58
    assert codes(await draw(armorer, LAGMAN, line(G17))) == ["ITEM_NOT_ISSUABLE"]
    arrival = new(lines=[line(G17)])
    home = (await armorer(ARRIVE, i=arrival))["receiveItems"]
    assert ([item["state"] for item in home["items"]], [event["type"] for event in home["events"]]) == (["IN_ROOM"], ["ITEM_ARRIVED"])
    assert (await armorer(ARRIVE, i=arrival))["receiveItems"]["repeated"] is True
    assert codes((await armorer(ARRIVE, i=new(lines=[line(G17)])))["receiveItems"]) == ["STATE_NOT_ALLOWED"]
    before = said(datetime.now(UTC) - timedelta(hours=1))
    assert codes(await draw(armorer, LAGMAN, line(G17), effectiveAt=before)) == ["BACKDATE_REFUSED"]
    assert (await draw(armorer, LAGMAN, line(G17)))["__typename"] == "ItemsIssued"


async def test_who_takes_in_for_others_does_so_in_their_own_room_only(live: Live, armorer: Client) -> None:
    south = live.as_("south")
    used = {"requestId": str(uuid4())}
    await draw(south, LAGMAN, line("M4-101"), **used)
    again = (await south(ELSEWHERE, i={**used, "armory": "NORTH", "lines": [line(M4)]}))["returnItemsElsewhere"]
    assert codes(again) == ["IDEMPOTENCY_MISMATCH"]  # what a request was, is said before anything else
    await draw(armorer, OCAMPO, line(M4))
    given = {"lines": [line(M4)]}
    assert codes((await south(ELSEWHERE, i=new(armory="NORTH", **given)))["returnItemsElsewhere"]) == ["OUT_OF_SCOPE"]
    assert codes((await south(ELSEWHERE, i=new(armory="WEST", **given)))["returnItemsElsewhere"]) == ["UNKNOWN_CODE"]
    assert codes((await armorer(ELSEWHERE, i=new(armory="NORTH", **given)))["returnItemsElsewhere"]) == ["INVALID_VALUE"]
    assert codes((await south(ELSEWHERE, i=new(armory="SOUTH", lines=[line("M4-002")])))["returnItemsElsewhere"]) == ["NOT_ISSUED"]
    assert (await armorer('{ item(serial: "M4-001") { state } }'))["item"]["state"] == "ISSUED"


# -------------------------------------------------------------------------------------------------------------------------- weapons cards


async def test_a_weapons_card_is_surrendered_for_one_weapon_at_a_time(live: Live, armorer: Client) -> None:
    officer = live.as_("officer")
    await policy(live, authorizationRequired=True)
    models = (await officer("{ itemModels(first: 9) { edges { node { id nomenclature } } } }"))["itemModels"]["edges"]
    pvs = next(edge["node"]["id"] for edge in models if edge["node"]["nomenclature"] == "Night Vision PVS-14")
    card = {"person": {"serviceNumber": OCAMPO}, "model": pvs, "validFrom": "2026-01-01", "cardNumber": "WC-17"}
    await officer(AUTHORIZE, i=new(**card))
    other = (await officer(AUTHORIZE, i=new(**{**card, "person": {"serviceNumber": LAGMAN}})))["authorize"]
    assert codes(other) == ["DUPLICATE_CODE"]
    assert codes(await draw(armorer, OCAMPO, line("PVS-001"), line("PVS-002"))) == ["NOT_AUTHORIZED"]
    receipt = await drawn(armorer, "PVS-001")
    assert (await state_of(armorer, receipt))["weaponsCard"] == "WC-17"
    refusal = only(await draw(armorer, OCAMPO, line("PVS-002")))
    assert refusal["message"] == "SGT Ocampo, Ana has no weapons card left for PVS-002: WC-17 is surrendered for another weapon."
    await bring(armorer, line("PVS-001"))
    assert await drawn(armorer, "PVS-002") > receipt


async def test_a_receipt_is_named_by_its_weapon_too(live: Live, armorer: Client) -> None:
    await pin(armorer)
    first = await drawn(armorer)
    await bring(armorer, line(M4))
    second = await drawn(armorer)
    newest = new(item={"serial": M4}, pin="482913")
    assert (await armorer(CONFIRM, i=newest))["confirmReceipt"]["record"]["receiptNumber"] == second > first
    assert await armorer.code(CONFIRM, i=new(pin="482913")) == "BAD_REQUEST"
    assert await armorer.code(CONFIRM, i=new(item={"serial": M4}, receiptNumber=first, pin="482913")) == "BAD_REQUEST"
    unknown = only((await armorer(CONFIRM, i=new(item={"serial": "NEVER-1"}, pin="482913")))["confirmReceipt"])
    assert (unknown["code"], unknown["path"], unknown["line"]) == ("UNKNOWN_CODE", "item.serial", None)
    never_out = only((await armorer(CONFIRM, i=new(item={"serial": "M4-002"}, pin="482913")))["confirmReceipt"])
    assert (never_out["code"], never_out["path"]) == ("UNKNOWN_CODE", "item")


async def test_many_wrong_pins_at_once_are_as_many_attempts(live: Live, armorer: Client) -> None:
    await pin(armorer)
    receipt = await drawn(armorer)
    guesses = await asyncio.gather(*(confirm(armorer, receipt, f"1357{number:02}") for number in range(20)))
    waiting = [answer for answer in guesses if "Too many wrong PINs" in only(answer)["message"]]
    assert len(waiting) == 15  # five were looked at
    assert "Too many wrong PINs" in only(await confirm(armorer, receipt))["message"]


async def test_inv_19_a_pin_set_again_by_an_old_request_is_not_set_and_forgives_no_guess(live: Live, armorer: Client) -> None:
    request = new(person={"serviceNumber": OCAMPO}, pin="482913")
    receipt = await drawn(armorer)
    assert (await armorer(PIN, i=request))["setPin"]["__typename"] == "PersonSaved"
    assert (await armorer(PIN, i=request))["setPin"]["__typename"] == "PersonSaved"  # the very same, sent again
    assert codes((await armorer(PIN, i={**request, "pin": "975310"}))["setPin"]) == ["IDEMPOTENCY_MISMATCH"]
    for _ in range(6):
        await armorer(PIN, i=request)
        answer = only(await confirm(armorer, receipt, "135790"))
    assert "Too many wrong PINs" in answer["message"]


async def test_who_takes_in_for_others_learns_nothing_of_their_book(live: Live, armorer: Client) -> None:
    south = live.as_("south")
    await draw(armorer, OCAMPO, line(M4))
    asked = {"armory": "SOUTH", "broughtBy": {"serviceNumber": LAGMAN}}
    document = ELSEWHERE.replace("{ code message", "{ code since changed currentVersion holder { serviceNumber } message")
    answer = (await south(document, i=new(**asked, lines=[{**line(M4), "expectedVersion": 1}, line("M4-002")])))["returnItemsElsewhere"]
    assert sorted(codes(answer)) == ["HELD_BY_OTHER", "NOT_ISSUED", "VERSION_CONFLICT"]
    for refusal in answer["refusals"]:
        assert (refusal["holder"], refusal["since"], refusal["receiptNumber"], refusal["currentVersion"]) == (None,) * 4
        assert refusal["changed"] == []
        assert "Ocampo" not in refusal["message"]
    mixed = (await live.as_("officer")(ELSEWHERE, i=new(armory="NORTH", lines=[line("M4-003"), line("M4-101")])))["returnItemsElsewhere"]
    assert sorted(codes(mixed)) == ["INVALID_VALUE", "NOT_ISSUED", "NOT_ISSUED"]  # every reason at once


async def test_inv_04_backdating_gets_past_no_gate(live: Live, armorer: Client) -> None:
    officer = live.as_("officer")
    await policy(live, authorizationRequired=True)
    old = {"person": {"serviceNumber": OCAMPO}, "item": {"serial": "PVS-001"}, "validFrom": "2020-01-01", "validUntil": "2020-12-31"}
    await officer(AUTHORIZE, i=new(**old))
    backdated = {"effectiveAt": "2020-06-01T00:00:00Z", "issueType": "HAND_RECEIPT"}
    assert codes(await draw(armorer, OCAMPO, line("PVS-001"), **backdated)) == ["NOT_AUTHORIZED"]


async def test_the_card_for_this_very_weapon_is_surrendered_for_it(live: Live, armorer: Client) -> None:
    officer = live.as_("officer")
    await policy(live, authorizationRequired=True)
    models = (await officer("{ itemModels(first: 9) { edges { node { id nomenclature } } } }"))["itemModels"]["edges"]
    pvs = next(edge["node"]["id"] for edge in models if edge["node"]["nomenclature"] == "Night Vision PVS-14")
    for card, target in (("WC-1", {"model": pvs}), ("WC-2", {"item": {"serial": "PVS-001"}})):
        await officer(AUTHORIZE, i=new(person={"serviceNumber": OCAMPO}, validFrom="2026-01-01", cardNumber=card, **target))
    both = await draw(armorer, OCAMPO, line("PVS-001"), line("PVS-002"))
    numbers = [record["receiptNumber"] for record in both["records"]]
    assert [(await state_of(armorer, number))["weaponsCard"] for number in numbers] == ["WC-2", "WC-1"]


async def test_one_weapon_that_somebody_works_on_keeps_no_other_from_being_told(
    database_url: str, settings: Settings, plain_sql: Any
) -> None:
    async with running_server(database_url, settings.model_copy(update={"lock_timeout_ms": 50, "command_attempts": 1})) as live:
        armorer = live.as_("north")
        await overdue_rifle(armorer)
        now = datetime.now(UTC)
        late = {"effectiveAt": said(now - timedelta(hours=3)), "dueAt": said(now - timedelta(hours=1))}
        await draw(armorer, LAGMAN, line("PVS-001"), line("PVS-002"), **late)
        async with plain_sql.transaction():
            await plain_sql.execute("SELECT FROM item WHERE serial = 'PVS-001' FOR UPDATE")
            assert await tell_overdue_receipts() == 2
        assert await tell_overdue_receipts() == 1
