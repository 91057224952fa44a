"""Who may draw what, over HTTP: bars from arms, the authorization list, qualifications, and the question whether somebody may."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from graph.audit.ledger import export_events
from graph.audit.replay import differences, live_book, replay
from graph.rules.remedies import REMEDIES
from tests.commands.test_custody import EDIT_ARMORY, M4, OCAMPO, PVS, codes, new, only
from tests.server import Client, Live

REFUSED = "... on Refused { refusals { code message path since line liftedBy } }"
BAR = f"""mutation ($i: ImposeArmsBarInput!) {{ imposeArmsBar(input: $i) {{
  __typename ... on PersonSaved {{ person {{ armsBarReason armsBarUntil version }} }} {REFUSED} }} }}"""
LIFT = f"""mutation ($i: LiftArmsBarInput!) {{ liftArmsBar(input: $i) {{
  __typename ... on PersonSaved {{ person {{ armsBarReason armsBarUntil version }} }} {REFUSED} }} }}"""
AUTHORIZE = f"""mutation ($i: AuthorizeInput!) {{ authorize(input: $i) {{ __typename ... on AuthorizationSaved {{ authorization {{
  id validFrom validUntil revokedAt version person {{ serviceNumber }} item {{ serial }} model {{ nomenclature }} }} }} {REFUSED} }} }}"""
REVOKE_LINE = f"""mutation ($i: RevokeInput!) {{ revokeAuthorization(input: $i) {{
  __typename ... on AuthorizationSaved {{ authorization {{ revokedAt version }} }} {REFUSED} }} }}"""
QUALIFY = f"""mutation ($i: RecordQualificationInput!) {{ recordQualification(input: $i) {{
  __typename ... on QualificationSaved {{ qualification {{ id code qualifiedOn expiresOn person {{ serviceNumber }} }} }} {REFUSED} }} }}"""
REVOKE_QUALIFICATION = f"""mutation ($i: RevokeInput!) {{ revokeQualification(input: $i) {{
  __typename ... on QualificationSaved {{ qualification {{ revokedAt version }} }} {REFUSED} }} }}"""
EDIT_MODEL = f"""mutation ($i: EditItemModelInput!) {{ editItemModel(input: $i) {{
  __typename ... on ItemModelSaved {{ itemModel {{ requiredQualification }} }} {REFUSED} }} }}"""
CAN = """query ($p: PersonRefInput!, $i: [ItemRefInput!]!, $u: String, $t: IssueType) {
  canIssue(person: $p, items: $i, purpose: $u, issueType: $t) {
    allowed refusals { code message line path liftedBy holder { serviceNumber } item { serial } } } }"""
STANDING = """query ($n: String!) { person(serviceNumber: $n) { armsBarReason armsBarUntil
  authorizations { validFrom validUntil item { serial } model { nomenclature } } qualifications { code qualifiedOn expiresOn }
  events(first: 20) { edges { node { type summary } } } } }"""
HER = {"person": {"serviceNumber": OCAMPO}}


@pytest.fixture
def officer(live: Live) -> Client:
    """The arms room officer."""
    return live.as_("officer")


@pytest.fixture
def armorer(live: Live) -> Client:
    """The armorer at the counter of NORTH."""
    return live.as_("north")


async def ask_for_both(officer: Client) -> str:
    """NORTH asks for a line on the list and a qualification; carbines take the one called M4. Gives the id of their nomenclature."""
    found = await officer(f'{{ armory(code: "NORTH") {{ id }} item(serial: "{M4}") {{ model {{ id }} }} }}')
    room, model = found["armory"]["id"], str(found["item"]["model"]["id"])
    policy = new(id=room, authorizationRequired=True, qualificationRequired=True)
    assert (await officer(EDIT_ARMORY, i=policy))["editArmory"]["__typename"] == "ArmorySaved"
    required = (await officer(EDIT_MODEL, i=new(id=model, requiredQualification="m4")))["editItemModel"]
    assert required["itemModel"]["requiredQualification"] == "M4"
    return model


async def can(client: Client, *serials: str, person: str = OCAMPO, **more: Any) -> Any:
    """What `canIssue` answers."""
    items = [{"serial": serial} for serial in serials]
    return (await client(CAN, p={"serviceNumber": person}, i=items, **more))["canIssue"]


async def test_inv_04_a_barred_soldier_draws_nothing_until_the_bar_is_lifted(officer: Client, armorer: Client) -> None:
    until = datetime.now(UTC) + timedelta(days=3)
    barred = (await officer(BAR, i=new(**HER, reason="protective order", until=until.isoformat())))["imposeArmsBar"]
    assert barred["person"]["armsBarReason"] == "protective order"
    refusal = only(await armorer.issue(OCAMPO, M4))
    assert refusal["code"] == "ARMS_BARRED"
    assert "protective order" in refusal["message"]
    assert refusal["holder"]["serviceNumber"] == OCAMPO
    assert refusal["since"] == barred["person"]["armsBarUntil"]
    emergency = await armorer.issue(OCAMPO, M4, issueType="EMERGENCY", note="alert")
    assert codes(emergency) == ["ARMS_BARRED"]
    lifted = (await officer(LIFT, i=new(**HER, reason="order set aside")))["liftArmsBar"]
    assert (lifted["person"]["armsBarReason"], lifted["person"]["armsBarUntil"]) == (None, None)
    assert (await armorer.issue(OCAMPO, M4))["__typename"] == "ItemsIssued"


async def test_inv_05_a_barred_holder_returns(officer: Client, armorer: Client) -> None:
    await armorer.issue(OCAMPO, M4)
    await officer(BAR, i=new(**HER, reason="under inquiry"))
    assert codes(await armorer.issue(OCAMPO, PVS)) == ["ARMS_BARRED"]
    assert (await armorer.give_back(M4))["__typename"] == "ItemsReturned"


async def test_a_bar_that_is_over_before_it_begins_is_refused_and_so_is_lifting_none(officer: Client) -> None:
    past = (await officer(BAR, i=new(**HER, reason="late", until="2020-01-01T00:00:00Z")))["imposeArmsBar"]
    assert (past["refusals"][0]["code"], past["refusals"][0]["path"]) == ("INVALID_VALUE", "until")
    none = (await officer(LIFT, i=new(**HER, reason="none")))["liftArmsBar"]
    assert codes(none) == ["STATE_NOT_ALLOWED"]
    nobody = (await officer(BAR, i=new(person={"serviceNumber": "S-999"}, reason="x")))["imposeArmsBar"]
    assert codes(nobody) == ["UNKNOWN_CODE"]


async def test_inv_04_a_room_that_asks_issues_to_who_is_on_the_list_and_qualified(officer: Client, armorer: Client) -> None:
    model = await ask_for_both(officer)
    refused = await armorer.issue(OCAMPO, M4)
    assert codes(refused) == ["NOT_AUTHORIZED", "NOT_QUALIFIED"]
    assert [refusal["item"]["serial"] for refusal in refused["refusals"]] == [M4, M4]
    line = (await officer(AUTHORIZE, i=new(**HER, model=model, validFrom="2026-01-01")))["authorize"]["authorization"]
    assert (line["validFrom"], line["validUntil"], line["item"], line["model"]["nomenclature"]) == ("2026-01-01", None, None, "Carbine M4")
    assert codes(await armorer.issue(OCAMPO, M4)) == ["NOT_QUALIFIED"]
    qualified = (await officer(QUALIFY, i=new(**HER, code="m4", qualifiedOn="2026-06-01")))["recordQualification"]["qualification"]
    assert qualified["code"] == "M4"
    assert (await armorer.issue(OCAMPO, M4))["__typename"] == "ItemsIssued"
    await armorer.give_back(M4)
    revoked = (await officer(REVOKE_LINE, i=new(id=line["id"], reason="left the guard")))["revokeAuthorization"]["authorization"]
    assert (revoked["revokedAt"] is not None, revoked["version"]) == (True, 2)
    assert codes(await armorer.issue(OCAMPO, M4)) == ["NOT_AUTHORIZED"]
    await officer(REVOKE_QUALIFICATION, i=new(id=qualified["id"], reason="failed the test"))
    assert codes(await armorer.issue(OCAMPO, M4)) == ["NOT_AUTHORIZED", "NOT_QUALIFIED"]
    again = (await officer(REVOKE_LINE, i=new(id=line["id"], reason="twice")))["revokeAuthorization"]
    assert codes(again) == ["STATE_NOT_ALLOWED"]


async def test_inv_04_what_has_ended_is_named_with_its_date(officer: Client, armorer: Client) -> None:
    await ask_for_both(officer)
    await officer(AUTHORIZE, i=new(**HER, item={"serial": M4}, validFrom="2025-01-01", validUntil="2025-12-31"))
    await officer(QUALIFY, i=new(**HER, code="M4", qualifiedOn="2025-01-01", expiresOn="2026-01-01"))
    messages = [refusal["message"] for refusal in (await armorer.issue(OCAMPO, M4))["refusals"]]
    assert messages[0].endswith(": it ended on 2025-12-31.")
    assert messages[1].endswith(": it ended on 2026-01-01.")


async def test_inv_12_an_emergency_is_issued_without_both(officer: Client, armorer: Client) -> None:
    await ask_for_both(officer)
    assert (await armorer.issue(OCAMPO, M4, issueType="EMERGENCY", note="alert"))["__typename"] == "ItemsIssued"


async def test_every_reason_is_said_at_once_and_by_the_question_the_same(officer: Client, armorer: Client) -> None:
    """Three gates closed at once; what the question says, the issue says."""
    await ask_for_both(officer)
    await officer(BAR, i=new(**HER, reason="under inquiry"))
    asked = await can(armorer, M4, PVS, "M4-002")
    issued = await armorer.issue(OCAMPO, M4, PVS, "M4-002")
    told = [(refusal["code"], refusal["message"], refusal["line"]) for refusal in asked["refusals"]]
    assert told == [(refusal["code"], refusal["message"], refusal["line"]) for refusal in issued["refusals"]]
    assert {"ARMS_BARRED", "LIMIT_EXCEEDED", "NOT_AUTHORIZED", "NOT_QUALIFIED"} <= set(codes(issued))
    assert not asked["allowed"]
    assert all(refusal["liftedBy"] for refusal in asked["refusals"])


async def test_the_question_writes_nothing_and_answers_yes_when_the_issue_would(live: Live, armorer: Client, plain_sql: Any) -> None:
    before = await plain_sql.fetchval("SELECT (SELECT count(*) FROM ledger_event) + (SELECT count(*) FROM completed_request)")
    assert await can(armorer, M4) == {"allowed": True, "refusals": []}
    unknown = await can(armorer, "NOTHING", person="S-999", u="NOWHERE")
    assert sorted(refusal["code"] for refusal in unknown["refusals"]) == ["UNKNOWN_CODE"] * 3
    out_of_scope = await can(live.as_("south"), M4)
    assert [refusal["code"] for refusal in out_of_scope["refusals"]] == ["UNKNOWN_CODE"]
    assert await armorer.code(CAN, p={"serviceNumber": OCAMPO}, i=[]) == "BAD_REQUEST"
    after = await plain_sql.fetchval("SELECT (SELECT count(*) FROM ledger_event) + (SELECT count(*) FROM completed_request)")
    assert after == before
    assert await live.as_("auditor").code(CAN, p={"serviceNumber": OCAMPO}, i=[{"serial": M4}]) == "FORBIDDEN"


async def test_only_who_has_the_authority_changes_who_may_draw(live: Live, armorer: Client, officer: Client) -> None:
    model = await ask_for_both(officer)
    for client in (armorer, live.as_("auditor"), live.as_("admin")):
        assert await client.code(BAR, i=new(**HER, reason="x")) == "FORBIDDEN"
        assert await client.code(AUTHORIZE, i=new(**HER, model=model, validFrom="2026-01-01")) == "FORBIDDEN"
        assert await client.code(QUALIFY, i=new(**HER, code="M4", qualifiedOn="2026-01-01")) == "FORBIDDEN"


@pytest.mark.parametrize("wrong", ["25.11.2026", "2026-02-30", "2026-11-25T00:00:00Z", "0001-01-01", 5])
async def test_a_date_that_is_none_is_a_bad_request(officer: Client, wrong: Any) -> None:
    assert await officer.code(QUALIFY, i=new(**HER, code="M4", qualifiedOn=wrong)) == "BAD_REQUEST"


async def test_dates_the_wrong_way_round_and_two_targets_are_refused(officer: Client) -> None:
    model = await ask_for_both(officer)
    dates = {"validFrom": "2026-02-01", "validUntil": "2026-01-31"}
    refused = (await officer(AUTHORIZE, i=new(**HER, model=model, **dates)))["authorize"]
    assert (refused["refusals"][0]["code"], refused["refusals"][0]["path"]) == ("INVALID_VALUE", "validUntil")
    assert await officer.code(AUTHORIZE, i=new(**HER, model=model, item={"serial": M4}, validFrom="2026-01-01")) == "BAD_REQUEST"
    assert await officer.code(AUTHORIZE, i=new(**HER, validFrom="2026-01-01")) == "BAD_REQUEST"


async def test_a_revocation_and_a_draw_at_once_leave_no_draw_after_it(live: Live, officer: Client, armorer: Client) -> None:
    """Whoever comes second waits for the person's lock, and sees what the first wrote."""
    model = await ask_for_both(officer)
    await officer(QUALIFY, i=new(**HER, code="M4", qualifiedOn="2026-01-01"))
    for _ in range(6):
        line = (await officer(AUTHORIZE, i=new(**HER, model=model, validFrom="2026-01-01")))["authorize"]["authorization"]
        revoked, drawn = await asyncio.gather(
            officer(REVOKE_LINE, i=new(id=line["id"], reason="race")), live.as_("north").issue(OCAMPO, M4)
        )
        assert revoked["revokeAuthorization"]["__typename"] == "AuthorizationSaved"
        if drawn["__typename"] == "ItemsIssued":
            found = await officer(f'{{ item(serial: "{M4}") {{ events(first: 1) {{ edges {{ node {{ type recordedAt }} }} }} }} }}')
            issued_at = found["item"]["events"]["edges"][0]["node"]["recordedAt"]
            assert issued_at < revoked["revokeAuthorization"]["authorization"]["revokedAt"]
            await armorer.give_back(M4)
        else:
            assert codes(drawn) == ["NOT_AUTHORIZED"]


async def test_inv_16_the_ledger_tells_it_all_and_folds_to_the_tables(officer: Client, armorer: Client) -> None:
    model = await ask_for_both(officer)
    await officer(BAR, i=new(**HER, reason="order", until=(datetime.now(UTC) + timedelta(days=1)).isoformat()))
    await officer(LIFT, i=new(**HER, reason="set aside"))
    line = (await officer(AUTHORIZE, i=new(**HER, model=model, validFrom="2026-01-01")))["authorize"]["authorization"]
    await officer(AUTHORIZE, i=new(**HER, item={"serial": M4}, validFrom="2026-01-01", validUntil="2026-12-31"))
    await officer(QUALIFY, i=new(**HER, code="M4", qualifiedOn="2026-01-01", expiresOn="2026-12-31"))
    await officer(REVOKE_LINE, i=new(id=line["id"], reason="left"))
    standing = (await officer(STANDING, n=OCAMPO))["person"]
    assert [each["item"]["serial"] for each in standing["authorizations"]] == [M4]
    assert standing["qualifications"] == [{"code": "M4", "qualifiedOn": "2026-01-01", "expiresOn": "2026-12-31"}]
    told = {edge["node"]["type"]: edge["node"]["summary"] for edge in reversed(standing["events"]["edges"])}
    assert told["AUTHORIZATION_GRANTED"].endswith(f"authorized for Carbine M4 {M4}, from 2026-01-01 to 2026-12-31.")
    assert told["AUTHORIZATION_REVOKED"].endswith("no longer authorized for every Carbine M4.")
    assert told["QUALIFICATION_RECORDED"].endswith("qualified: M4, from 2026-01-01 to 2026-12-31.")
    assert {"ARMS_BAR_IMPOSED", "ARMS_BAR_LIFTED"} <= told.keys()
    assert differences(replay([event async for event in export_events()]), await live_book()) == []


async def test_what_the_rules_hold_the_database_holds(opened: str, plain_sql: Any) -> None:
    """Plain SQL neither makes an authorization without its event, nor one for nothing or everything, nor takes one away."""
    person, model = await plain_sql.fetchval("SELECT id FROM person LIMIT 1"), await plain_sql.fetchval("SELECT id FROM item_model LIMIT 1")
    row = "INSERT INTO issue_authorization (id, person_id, model_id, item_id, valid_from, valid_until, version) VALUES (gen_random_uuid(), "
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="needs its event"):
        await plain_sql.execute(f"{row} $1, $2, NULL, '2026-01-01', NULL, 1)", person, model)
    with pytest.raises(asyncpg.CheckViolationError, match="authorization_one_target"):
        await plain_sql.execute(f"{row} $1, NULL, NULL, '2026-01-01', NULL, 1)", person)
    with pytest.raises(asyncpg.CheckViolationError, match="authorization_dates"):
        await plain_sql.execute(f"{row} $1, $2, NULL, '2026-01-01', '2025-01-01', 1)", person, model)
    with pytest.raises(asyncpg.CheckViolationError, match="person_arms_bar"):
        await plain_sql.execute("UPDATE person SET arms_bar_until = now(), version = version + 1 WHERE id = $1", person)


def test_every_reason_that_an_issue_can_be_refused_for_says_what_would_lift_it() -> None:
    for code in ("ITEM_NOT_AVAILABLE", "PERSON_NOT_ELIGIBLE", "ARMS_BARRED", "NOT_AUTHORIZED", "NOT_QUALIFIED", "ARMORY_NOT_OPEN"):
        assert any(known.value == code for known in REMEDIES)
