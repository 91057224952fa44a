"""The registry, over HTTP: units, arms rooms, people, nomenclatures, items, tags and purposes; what is taken, what is no input."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from graph.settings import Settings
from tests.server import ISSUE, RETURN, Client, Live, running_server

REFUSED = "... on Refused { refusals { code message line path since held currentVersion changed } }"
UNIT = "unit { id code name version parent { code } }"
ARMORY = "armory { id code name timezone state temporaryLimitHours sidearmLimit longGunLimit version unit { code } }"
PERSON = "person { id name serviceNumber rank familyName givenNames category dutyStatus version unit { code } }"
MODEL = "itemModel { id nomenclature manufacturer category slot caliber nsn version }"
ITEM = "item { id serial rack state serviceability roundCount version armory { code } model { nomenclature } }"
TAG = "tag { id code revokedAt version item { serial } person { serviceNumber } }"
PURPOSE = "purpose { id code name categories defaultIssueType version }"

# mutation: its input, the type of its success, and what that holds
MUTATIONS = {
    "registerUnit": ("RegisterUnitInput", "UnitSaved", UNIT),
    "editUnit": ("EditUnitInput", "UnitSaved", UNIT),
    "registerArmory": ("RegisterArmoryInput", "ArmorySaved", ARMORY),
    "editArmory": ("EditArmoryInput", "ArmorySaved", ARMORY),
    "setArmoryState": ("SetArmoryStateInput", "ArmorySaved", ARMORY),
    "registerPerson": ("RegisterPersonInput", "PersonSaved", PERSON),
    "editPerson": ("EditPersonInput", "PersonSaved", PERSON),
    "changeDutyStatus": ("ChangeDutyStatusInput", "PersonSaved", PERSON),
    "registerItemModel": ("RegisterItemModelInput", "ItemModelSaved", MODEL),
    "editItemModel": ("EditItemModelInput", "ItemModelSaved", MODEL),
    "registerItem": ("RegisterItemInput", "ItemSaved", ITEM),
    "editItem": ("EditItemInput", "ItemSaved", ITEM),
    "sendToMaintenance": ("MaintenanceInput", "ItemSaved", ITEM),
    "returnFromMaintenance": ("MaintenanceInput", "ItemSaved", ITEM),
    "assignTag": ("AssignTagInput", "TagSaved", TAG),
    "revokeTag": ("RevokeTagInput", "TagSaved", TAG),
    "registerPurpose": ("RegisterPurposeInput", "PurposeSaved", PURPOSE),
    "editPurpose": ("EditPurposeInput", "PurposeSaved", PURPOSE),
}
WORDS_OF_A_PROGRAM = (
    "Traceback", "asyncpg", "psycopg", "tortoise", "SELECT", "INSERT", "constraint", "violates", "relation", "NoneType", "object has no",
    "Exception", "Error(", "builtins", "<class", "ValueError", "TypeError", "KeyError", "badly formed", "padding", "codec", "tuple", "dict",
    "strawberry", "UNSET", "coroutine", "be None", "argument '",
)  # fmt: skip


def mutation(name: str) -> str:
    """The document of a mutation."""
    input_, success, fields = MUTATIONS[name]
    return f"mutation M($i: {input_}!) {{ {name}(input: $i) {{ __typename ... on {success} {{ {fields} }} {REFUSED} }} }}"


async def do(client: Client, name: str, /, **fields: Any) -> dict[str, Any]:
    """The answer of a mutation."""
    answer: dict[str, Any] = (await client(mutation(name), i={"requestId": str(uuid4()), **fields}))[name]
    return answer


async def made(client: Client, name: str, /, **fields: Any) -> dict[str, Any]:
    """What a mutation made or changed."""
    answer = await do(client, name, **fields)
    assert answer["__typename"] != "Refused", answer
    (row,) = (value for key, value in answer.items() if key != "__typename")
    found: dict[str, Any] = row
    return found


async def sent(client: Client, document: str, **variables: Any) -> dict[str, Any]:
    """The whole answer to a body in ASCII, which can say what UTF-8 cannot."""
    content = json.dumps({"query": document, "variables": variables})
    response = await client.http.post("/graphql", content=content, headers={"content-type": "application/json"})
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def refused(client: Client, name: str, /, **fields: Any) -> dict[str, Any]:
    """The one reason why a mutation wrote nothing."""
    answer = await do(client, name, **fields)
    assert answer["__typename"] == "Refused", answer
    (refusal,) = answer["refusals"]
    assert_plain(refusal["message"])
    found: dict[str, Any] = refusal
    return found


def assert_plain(message: str) -> None:
    """A message is for a person: no word of the program's insides."""
    for word in WORDS_OF_A_PROGRAM:
        assert word.lower() not in message.lower(), message


@pytest.fixture
async def rows(owner_url: str) -> AsyncIterator[Any]:
    """A function that reads every row of every table."""
    connection = await asyncpg.connect(owner_url)

    async def read() -> dict[str, list[str]]:
        tables = [row["tablename"] for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        return {
            table: [row["t"] for row in await connection.fetch(f'SELECT t::text AS t FROM "{table}" t ORDER BY 1')]
            for table in sorted(tables)
        }

    try:
        yield read
    finally:
        await connection.close()


async def person_id(client: Client, number: str) -> str:
    """The id of a person of the world."""
    return str((await client("query ($n: String!) { person(serviceNumber: $n) { id } }", n=number))["person"]["id"])


async def item_id(client: Client, serial: str) -> str:
    """The id of an item of the world."""
    return str((await client("query ($s: String!) { item(serial: $s) { id } }", s=serial))["item"]["id"])


async def armory_id(client: Client, code: str) -> str:
    """The id of an arms room of the world."""
    return str((await client("query ($c: String!) { armory(code: $c) { id } }", c=code))["armory"]["id"])


async def model_id(client: Client, serial: str = "M4-001") -> str:
    """The id of the nomenclature of an item of the world."""
    return str((await client("query ($s: String!) { item(serial: $s) { model { id } } }", s=serial))["item"]["model"]["id"])


async def unit_id(client: Client, code: str) -> str:
    """The id of a unit of the world."""
    edges = (await client("{ units(first: 100) { edges { node { id code } } } }"))["units"]["edges"]
    return next(str(edge["node"]["id"]) for edge in edges if edge["node"]["code"] == code)


# ------------------------------------------------------------------------------------------------------------- units and arms rooms


async def test_a_unit_is_registered_and_changed(live: Live) -> None:
    admin = live.as_("admin")
    unit = await made(admin, "registerUnit", code="alpha-1", name="  First flight ", parent="wing")
    assert (unit["code"], unit["name"], unit["parent"], unit["version"]) == ("ALPHA-1", "First flight", {"code": "WING"}, 1)
    unit = await made(admin, "editUnit", id=unit["id"], name="Flight one", parent="N-SQ", expectedVersion=1)
    assert (unit["name"], unit["parent"], unit["version"]) == ("Flight one", {"code": "N-SQ"}, 2)
    refusal = await refused(admin, "editUnit", id=unit["id"], name="Flight uno", expectedVersion=1)
    assert (refusal["code"], refusal["path"], refusal["currentVersion"]) == ("VERSION_CONFLICT", "expectedVersion", 2)
    refusal = await refused(admin, "registerUnit", code="BETA", name="Beta", parent="NOWHERE")
    assert (refusal["code"], refusal["path"]) == ("UNKNOWN_CODE", "parent")


async def test_no_unit_stands_under_itself(live: Live) -> None:
    admin = live.as_("admin")
    wing = await unit_id(admin, "WING")
    below = await made(admin, "registerUnit", code="A", name="A", parent="N-SQ")
    await made(admin, "registerUnit", code="B", name="B", parent="A")
    for parent in ("WING", "N-SQ", "A", "B"):
        refusal = await refused(admin, "editUnit", id=wing, parent=parent)
        assert (refusal["code"], refusal["path"], refusal["message"]) == ("INVALID_VALUE", "parent", "WING cannot stand under itself.")
    assert (await refused(admin, "editUnit", id=below["id"], parent="B"))["code"] == "INVALID_VALUE"


async def test_two_changes_at_once_close_no_circle(live: Live) -> None:
    admin = live.as_("admin")
    north, south = await unit_id(admin, "N-SQ"), await unit_id(admin, "S-SQ")
    answers = await asyncio.gather(do(admin, "editUnit", id=north, parent="S-SQ"), do(admin, "editUnit", id=south, parent="N-SQ"))
    assert sorted(answer["__typename"] for answer in answers) == ["Refused", "UnitSaved"]


async def test_an_arms_room_is_registered_opened_and_changed(live: Live) -> None:
    officer = live.as_("officer")
    armory = await made(officer, "registerArmory", code="east", name="East", unit="s-sq", timezone="Asia/Manila")
    assert (armory["code"], armory["state"], armory["unit"]) == ("EAST", "OPEN", {"code": "S-SQ"})
    assert (armory["temporaryLimitHours"], armory["sidearmLimit"], armory["longGunLimit"]) == (24, 1, 1)
    armory = await made(officer, "editArmory", id=armory["id"], name="East gate", timezone="Asia/Tokyo", temporaryLimitHours=8)
    assert (armory["name"], armory["timezone"], armory["temporaryLimitHours"]) == ("East gate", "Asia/Tokyo", 8)
    for state in ("CLOSED", "CHANGEOVER", "LOCKDOWN", "OPEN"):
        assert (await made(officer, "setArmoryState", id=armory["id"], state=state, reason="drill"))["state"] == state
    await made(officer, "registerItem", model=await model_id(officer), serial="E-1", armory="EAST")
    issued = await officer.issue("S-001", "E-1")
    assert issued["records"][0]["receiptNumber"] == "EAST-000001"
    for fields in ({"timezone": "Manila"}, {"timezone": "../etc/passwd"}):
        assert (await refused(officer, "editArmory", id=armory["id"], **fields))["path"] == "timezone"
    refusal = await refused(officer, "registerArmory", code="WEST", name="West", unit="NOWHERE", timezone="Asia/Manila")
    assert (refusal["code"], refusal["path"]) == ("UNKNOWN_CODE", "unit")


async def test_an_arms_room_out_of_scope_is_not_opened(live: Live) -> None:
    officer = live.as_("officer")
    assert await live.as_("north").code(mutation("setArmoryState"), i={
        "requestId": str(uuid4()), "id": await armory_id(officer, "NORTH"), "state": "OPEN", "reason": "x"}) == "FORBIDDEN"  # fmt: skip


# --------------------------------------------------------------------------------------------------------------------------- people


async def test_a_person_is_registered_changed_and_given_a_status(live: Live) -> None:
    north, officer = live.as_("north"), live.as_("officer")
    named = {"rank": "2LT", "familyName": "Dela Cruz", "givenNames": "José María", "unit": "n-sq"}
    person = await made(north, "registerPerson", serviceNumber="O-12 345", category="OFFICER", **named)
    assert (person["name"], person["serviceNumber"]) == ("2LT Dela Cruz, José María", "O-12 345")
    assert (person["category"], person["dutyStatus"], person["unit"]) == ("OFFICER", "ACTIVE", {"code": "N-SQ"})
    changed = await made(north, "editPerson", id=person["id"], rank="1LT", serviceNumber="O-99", unit="S-SQ", expectedVersion=1)
    assert (changed["name"], changed["serviceNumber"], changed["unit"]) == ("1LT Dela Cruz, José María", "O-99", {"code": "S-SQ"})
    for status in ("LEAVE", "SUSPENDED", "INACTIVE", "SEPARATED", "ACTIVE"):
        assert (await made(officer, "changeDutyStatus", id=person["id"], dutyStatus=status, reason="orders"))["dutyStatus"] == status
    commander = live.as_("commander")
    assert (await made(commander, "changeDutyStatus", id=person["id"], dutyStatus="LEAVE", reason="rest"))["version"] == 8
    refusal = await refused(north, "registerPerson", serviceNumber="O-100", **{**named, "unit": "NOWHERE"})
    assert (refusal["code"], refusal["path"]) == ("UNKNOWN_CODE", "unit")
    ghost = f"person_{uuid4().hex}"
    assert (await refused(north, "editPerson", id=ghost, rank="X"))["code"] == "UNKNOWN_CODE"


async def test_a_service_number_is_taken_in_whatever_way_it_is_written(live: Live) -> None:
    north = live.as_("north")
    named = {"rank": "AM", "familyName": "Twin", "givenNames": "T", "unit": "N-SQ"}
    for written in ("S-001", "s001", " S 0 0 1", "S\u2013001", "Ｓ００１"):
        refusal = await refused(north, "registerPerson", serviceNumber=written, **named)
        assert (refusal["code"], refusal["path"]) == ("DUPLICATE_CODE", "serviceNumber")
    assert (await made(north, "registerPerson", serviceNumber="S-0001", **named))["serviceNumber"] == "S-0001"
    refusal = await refused(north, "editPerson", id=await person_id(north, "S-002"), serviceNumber="S 001")
    assert (refusal["code"], refusal["path"]) == ("DUPLICATE_CODE", "serviceNumber")


# ---------------------------------------------------------------------------------------------------------------- nomenclatures and items


async def test_a_nomenclature_and_its_items_are_registered_and_changed(live: Live) -> None:
    north = live.as_("north")
    model = await made(
        north, "registerItemModel", nomenclature="Rifle M16A4", manufacturer="Colt", category="RIFLE", slot="LONG_GUN", caliber="5.56 mm",
        nsn="1005-01-383-2872",
    )  # fmt: skip
    changed = await made(north, "editItemModel", id=model["id"], category="CARBINE", caliber="5.56x45", expectedVersion=1)
    assert (changed["category"], changed["caliber"], changed["nsn"], changed["version"]) == ("CARBINE", "5.56x45", "1005-01-383-2872", 2)
    item = await made(north, "registerItem", model=model["id"], serial=" 0123-a ", armory="north", rack="R1", roundCount=500)
    assert (item["serial"], item["rack"], item["roundCount"], item["state"]) == ("0123-a", "R1", 500, "IN_ROOM")
    assert (item["armory"], item["model"]) == ({"code": "NORTH"}, {"nomenclature": "Rifle M16A4"})
    item = await made(north, "editItem", id=item["id"], rack="R2", serviceability="LIMITED", reason="sight", expectedVersion=1)
    assert (item["rack"], item["serviceability"], item["version"]) == ("R2", "LIMITED", 2)
    refusal = await refused(north, "registerItem", model=model["id"], serial="77", armory="SOUTH")
    assert (refusal["code"], refusal["path"]) == ("OUT_OF_SCOPE", "armory")
    refusal = await refused(north, "registerItem", model=model["id"], serial="77", armory="NOWHERE")
    assert (refusal["code"], refusal["path"]) == ("UNKNOWN_CODE", "armory")
    refusal = await refused(north, "registerItem", model=f"model_{uuid4().hex}", serial="77", armory="NORTH")
    assert (refusal["code"], refusal["path"]) == ("UNKNOWN_CODE", "model")
    assert (await refused(north, "editItem", id=f"item_{uuid4().hex}", rack="X"))["code"] == "UNKNOWN_CODE"
    assert (await refused(north, "editItem", id=await item_id(live.as_("south"), "M4-101"), rack="X"))["code"] == "OUT_OF_SCOPE"


async def test_a_serial_is_taken_for_its_maker_in_whatever_way_it_is_written(live: Live) -> None:
    north, officer = live.as_("north"), live.as_("officer")
    model = await model_id(north)
    for written in ("M4-001", "m4001", " m4 0 01 ", "M4\u2011001", "M4-101"):
        refusal = await refused(officer, "registerItem", model=model, serial=written, armory="NORTH")
        assert (refusal["code"], refusal["path"]) == ("DUPLICATE_SERIAL", "serial")
    assert (await made(north, "registerItem", model=model, serial="M4-0001", armory="NORTH"))["serial"] == "M4-0001"
    other = await made(north, "registerItemModel", nomenclature="M4", manufacturer="FN", category="CARBINE", slot="LONG_GUN")
    assert (await made(north, "registerItem", model=other["id"], serial="M4-001", armory="NORTH"))["serial"] == "M4-001"
    # The maker, however written, and not the nomenclature, is what a serial belongs to.
    same = await made(north, "registerItemModel", nomenclature="M4A1", manufacturer="COLT ", category="CARBINE", slot="LONG_GUN")
    assert (await refused(north, "registerItem", model=same["id"], serial="M4 001", armory="NORTH"))["code"] == "DUPLICATE_SERIAL"


async def test_an_item_goes_to_maintenance_and_comes_back(live: Live) -> None:
    north = live.as_("north")
    item = await made(north, "sendToMaintenance", item={"tag": "TAG-M4-001"}, reason="bolt", serviceability="UNSERVICEABLE")
    assert (item["state"], item["serviceability"]) == ("IN_MAINTENANCE", "UNSERVICEABLE")
    refusal = await refused(north, "sendToMaintenance", item={"serial": "M4-001"}, reason="again")
    assert (refusal["code"], refusal["path"]) == ("STATE_NOT_ALLOWED", "item")
    assert refusal["message"] == "M4-001 is in maintenance, not in the arms room."
    item = await made(north, "returnFromMaintenance", item={"id": item["id"]}, reason="new bolt", serviceability="SERVICEABLE")
    assert (item["state"], item["serviceability"], item["version"]) == ("IN_ROOM", "SERVICEABLE", 3)
    refusal = await refused(north, "returnFromMaintenance", item={"serial": "M4-001"}, reason="again")
    assert refusal["message"] == "M4-001 is in the arms room, not in maintenance."
    for ref in ({"serial": "NO-SUCH"}, {"tag": "NO-TAG"}, {"tag": "BADGE-S-001"}):
        refusal = await refused(north, "sendToMaintenance", item=ref, reason="bolt")
        assert (refusal["code"], refusal["path"], refusal["line"]) == ("UNKNOWN_CODE", "item", None)
    assert (await refused(north, "sendToMaintenance", item={"serial": "M4-101"}, reason="bolt"))["code"] == "UNKNOWN_CODE"


# ------------------------------------------------------------------------------------------------------------------ tags and purposes


async def test_a_tag_is_assigned_and_revoked_and_its_code_never_given_out_again(live: Live) -> None:
    north = live.as_("north")
    tag = await made(north, "assignTag", code=" 0007 ", item={"serial": "M4-002"})
    assert (tag["code"], tag["item"], tag["person"], tag["revokedAt"]) == ("0007", {"serial": "M4-002"}, None, None)
    badge = await made(north, "assignTag", code="7", person={"serviceNumber": "S-002"})  # leading zeros make another code
    assert (badge["item"], badge["person"]) == (None, {"serviceNumber": "S-002"})
    for target in ({"item": {"serial": "M4-002"}}, {"item": {"serial": "M4-003"}}, {"person": {"serviceNumber": "S-003"}}):
        refusal = await refused(north, "assignTag", code="0007", **target)
        assert (refusal["code"], refusal["path"]) == ("DUPLICATE_CODE", "code")
    revoked = await made(north, "revokeTag", code="0007", reason="worn")
    assert (revoked["code"], revoked["item"], revoked["version"]) == ("0007", {"serial": "M4-002"}, 2)
    assert revoked["revokedAt"] is not None
    refusal = await refused(north, "revokeTag", code="0007", reason="again")
    assert (refusal["code"], refusal["path"], refusal["since"]) == ("CODE_REVOKED", "code", revoked["revokedAt"])
    assert (await refused(north, "assignTag", code="0007", item={"serial": "M4-002"}))["code"] == "DUPLICATE_CODE"
    assert (await refused(north, "revokeTag", code="NO-TAG", reason="lost"))["code"] == "UNKNOWN_CODE"
    await made(north, "assignTag", code="0008", item={"serial": "M4-002"})  # a new one takes its place
    assert (await refused(north, "revokeTag", code="TAG-M4-101", reason="lost"))["code"] == "OUT_OF_SCOPE"
    assert (await refused(north, "assignTag", code="0009", item={"serial": "M4-101"}))["code"] == "UNKNOWN_CODE"
    assert (await refused(north, "assignTag", code="0009", person={"badge": "NO-BADGE"}))["code"] == "UNKNOWN_CODE"


async def test_a_tag_is_on_one_thing(live: Live) -> None:
    north = live.as_("north")
    for target in ({}, {"item": {"serial": "M4-002"}, "person": {"serviceNumber": "S-002"}}):
        given = {"requestId": str(uuid4()), "code": "0007", **target}
        assert await north.code(mutation("assignTag"), i=given) == "BAD_REQUEST"


async def test_a_purpose_is_registered_and_changed(live: Live) -> None:
    admin, north = live.as_("admin"), live.as_("north")
    purpose = await made(admin, "registerPurpose", code="patrol_2", name="Patrol", categories=["RIFLE"], defaultIssueType="HAND_RECEIPT")
    assert (purpose["code"], purpose["categories"], purpose["defaultIssueType"]) == ("PATROL_2", ["RIFLE"], "HAND_RECEIPT")
    assert (await north.issue("S-001", "M4-001", purpose="PATROL_2"))["refusals"][0]["code"] == "ITEM_NOT_ISSUABLE"
    purpose = await made(admin, "editPurpose", id=purpose["id"], categories=[], name="Long patrol", expectedVersion=1)
    assert (purpose["categories"], purpose["name"], purpose["version"]) == ([], "Long patrol", 2)
    record = (await north.issue("S-001", "M4-001", purpose="patrol_2"))["records"][0]
    assert (record["issueType"], record["dueAt"]) == ("HAND_RECEIPT", None)  # what the purpose says, unless the command says otherwise
    record = (await north.issue("S-002", "M4-002", purpose="PATROL_2", issueType="TEMPORARY"))["records"][0]
    assert record["issueType"] == "TEMPORARY"
    assert (await refused(admin, "registerPurpose", code="Patrol_2", name="Again"))["code"] == "DUPLICATE_CODE"


# --------------------------------------------------------------------------------------------------------- ten at once for one thing


@pytest.mark.parametrize(
    ("username", "name", "fields", "code", "path"),
    [
        ("admin", "registerUnit", {"code": "NEW", "name": "New"}, "DUPLICATE_CODE", "code"),
        ("admin", "registerArmory", {"code": "EAST", "name": "E", "unit": "WING", "timezone": "UTC"}, "DUPLICATE_CODE", "code"),
        (
            "north",
            "registerPerson",
            {"serviceNumber": "N-1", "rank": "AM", "familyName": "New", "givenNames": "N", "unit": "WING"},
            "DUPLICATE_CODE",
            "serviceNumber",
        ),
        (
            "north",
            "registerItemModel",
            {"nomenclature": "Rifle", "manufacturer": "FN", "category": "RIFLE", "slot": "LONG_GUN"},
            "DUPLICATE_CODE",
            "nomenclature",
        ),
        ("north", "registerItem", {"serial": "N-1", "armory": "NORTH"}, "DUPLICATE_SERIAL", "serial"),
        ("north", "assignTag", {"code": "NEW", "item": {"serial": "M4-001"}}, "DUPLICATE_CODE", "code"),
        ("north", "assignTag", {"code": "NEW", "person": {"serviceNumber": "S-001"}}, "DUPLICATE_CODE", "code"),
        ("admin", "registerPurpose", {"code": "NEW", "name": "New"}, "DUPLICATE_CODE", "code"),
    ],
)
async def test_of_ten_who_register_the_same_at_once_one_does(
    live: Live, plain_sql: Any, username: str, name: str, fields: dict[str, Any], code: str, path: str
) -> None:
    if name == "registerItem":
        fields = {**fields, "model": await model_id(live.as_("north"))}
    before = await plain_sql.fetchval("SELECT count(*) FROM ledger_event")
    clients = [live.as_(username) for _ in range(10)]
    answers = await asyncio.gather(*(do(client, name, **fields) for client in clients))
    lost = [answer["refusals"] for answer in answers if answer["__typename"] == "Refused"]
    assert len(lost) == 9
    for (refusal,) in lost:
        assert (refusal["code"], refusal["path"]) == (code, path)
        assert_plain(refusal["message"])
    assert await plain_sql.fetchval("SELECT count(*) FROM ledger_event") == before + 1


async def test_of_ten_who_revoke_one_tag_at_once_one_does(live: Live) -> None:
    clients = [live.as_("north") for _ in range(10)]
    answers = await asyncio.gather(*(do(client, "revokeTag", code="TAG-M4-001", reason="worn") for client in clients))
    assert sorted(answer["__typename"] for answer in answers) == ["Refused"] * 9 + ["TagSaved"]


# -------------------------------------------------------------------------------------------------------------- what is no input at all

LONG = "x" * 3000


async def bad_inputs(client: Client) -> list[tuple[str, dict[str, Any], str]]:
    """Mutations, what is wrong with their input, and a word that the message must say."""
    person, item, model = await person_id(client, "S-001"), await item_id(client, "M4-001"), await model_id(client)
    armory, unit = await armory_id(client, "NORTH"), await unit_id(client, "WING")
    a_person = {"serviceNumber": "N-1", "rank": "AM", "familyName": "New", "givenNames": "N", "unit": "WING"}
    an_item = {"model": model, "serial": "N-1", "armory": "NORTH"}
    a_model = {"nomenclature": "R", "manufacturer": "FN", "category": "RIFLE", "slot": "LONG_GUN"}
    a_room = {"code": "EAST", "name": "East", "unit": "WING", "timezone": "UTC"}
    shop = {"item": {"serial": "M4-001"}, "reason": "bolt"}
    return [
        ("registerUnit", {"code": "", "name": "N"}, "code"),
        ("registerUnit", {"code": "   ", "name": "N"}, "code"),
        ("registerUnit", {"code": "A" * 33, "name": "N"}, "code"),
        ("registerUnit", {"code": "A B", "name": "N"}, "code"),
        ("registerUnit", {"code": "-A", "name": "N"}, "code"),
        ("registerUnit", {"code": "Ä", "name": "N"}, "code"),
        ("registerUnit", {"code": "A/1", "name": "N"}, "code"),
        ("registerUnit", {"code": "A", "name": "\t"}, "name"),
        ("registerUnit", {"code": "A", "name": "N" * 129}, "name"),
        ("registerUnit", {"code": "A", "name": "N\x00"}, "name"),
        ("registerUnit", {"code": "A", "name": "N\x1b[2J"}, "name"),
        ("registerUnit", {"code": "A", "name": "\ud800"}, "name"),
        ("registerUnit", {"code": "A", "name": "N", "parent": ""}, "parent"),
        ("registerUnit", {"code": "A"}, "name"),
        ("registerUnit", {"code": 7, "name": "N"}, "code"),
        ("registerUnit", {"code": "A", "name": "N", "requestId": "1"}, "requestId"),
        ("registerUnit", {"code": "A", "name": "N", "requestId": None}, "requestId"),
        ("registerUnit", {"code": "A", "name": "N", "colour": "red"}, "colour"),
        ("editUnit", {"id": "unit_1", "name": "N"}, "id"),
        ("editUnit", {"id": "", "name": "N"}, "id"),
        ("editUnit", {"id": item, "name": "N"}, "Item"),
        ("editUnit", {"id": unit, "name": "N", "expectedVersion": 0}, "expectedVersion"),
        ("editUnit", {"id": unit, "name": "N", "expectedVersion": 2**31}, "expectedVersion"),
        ("registerArmory", {**a_room, "code": "EAST!"}, "code"),
        ("registerArmory", {**a_room, "sidearmLimit": -1}, "sidearmLimit"),
        ("registerArmory", {**a_room, "longGunLimit": 101}, "longGunLimit"),
        ("registerArmory", {**a_room, "temporaryLimitHours": 0}, "temporaryLimitHours"),
        ("registerArmory", {**a_room, "temporaryLimitHours": 8761}, "temporaryLimitHours"),
        ("registerArmory", {**a_room, "temporaryLimitHours": 1.5}, "temporaryLimitHours"),
        ("registerArmory", {**a_room, "timezone": ""}, "timezone"),
        ("registerArmory", {**a_room, "timezone": "A" * 65}, "timezone"),
        ("editArmory", {"id": armory, "name": ""}, "name"),
        ("editArmory", {"id": armory, "longGunLimit": -1}, "longGunLimit"),
        ("setArmoryState", {"id": armory, "state": "AJAR", "reason": "x"}, "state"),
        ("setArmoryState", {"id": armory, "state": "OPEN", "reason": " "}, "reason"),
        ("setArmoryState", {"id": armory, "state": "OPEN", "reason": LONG}, "reason"),
        ("registerPerson", {**a_person, "serviceNumber": "--- -"}, "serviceNumber"),
        ("registerPerson", {**a_person, "serviceNumber": "\u2013"}, "serviceNumber"),
        ("registerPerson", {**a_person, "serviceNumber": "1" * 65}, "serviceNumber"),
        ("registerPerson", {**a_person, "serviceNumber": "\ufdfa" * 64}, "serviceNumber"),
        ("registerPerson", {**a_person, "familyName": ""}, "familyName"),
        ("registerPerson", {**a_person, "familyName": "N" * 129}, "familyName"),
        ("registerPerson", {**a_person, "givenNames": "\x7f"}, "givenNames"),
        ("registerPerson", {**a_person, "rank": "R" * 33}, "rank"),
        ("registerPerson", {**a_person, "category": "KING"}, "category"),
        ("editPerson", {"id": person, "serviceNumber": "-"}, "serviceNumber"),
        ("editPerson", {"id": person, "rank": ""}, "rank"),
        ("editPerson", {"id": armory, "rank": "AM"}, "Armory"),
        ("changeDutyStatus", {"id": person, "dutyStatus": "GONE", "reason": "x"}, "dutyStatus"),
        ("changeDutyStatus", {"id": person, "dutyStatus": "LEAVE", "reason": ""}, "reason"),
        ("registerItemModel", {**a_model, "manufacturer": "--"}, "manufacturer"),
        ("registerItemModel", {**a_model, "manufacturer": "\ufdfa" * 128}, "manufacturer"),
        ("registerItemModel", {**a_model, "nomenclature": ""}, "nomenclature"),
        ("registerItemModel", {**a_model, "nsn": "1" * 33}, "nsn"),
        ("registerItemModel", {**a_model, "caliber": "c" * 65}, "caliber"),
        ("editItemModel", {"id": person, "caliber": "c"}, "Person"),
        ("registerItem", {**an_item, "serial": "-"}, "serial"),
        ("registerItem", {**an_item, "serial": " "}, "serial"),
        ("registerItem", {**an_item, "serial": "S" * 65}, "serial"),
        ("registerItem", {**an_item, "serial": "\ufdfa" * 64}, "serial"),
        ("registerItem", {**an_item, "serial": "S\x00"}, "serial"),
        ("registerItem", {**an_item, "roundCount": -1}, "roundCount"),
        ("registerItem", {**an_item, "roundCount": 10_000_001}, "roundCount"),
        ("registerItem", {**an_item, "roundCount": 2**40}, "roundCount"),
        ("registerItem", {**an_item, "rack": "r" * 65}, "rack"),
        ("registerItem", {**an_item, "model": item}, "Item"),
        ("editItem", {"id": item, "rack": ""}, "rack"),
        ("editItem", {"id": item, "serviceability": "SHINY"}, "serviceability"),
        ("editItem", {"id": item, "state": "ISSUED"}, "state"),
        ("sendToMaintenance", {**shop, "reason": ""}, "reason"),
        ("sendToMaintenance", {**shop, "item": {}}, "ItemRefInput"),
        ("sendToMaintenance", {**shop, "item": {"serial": ""}}, "serial"),
        ("sendToMaintenance", {**shop, "item": {"serial": "--"}}, "serial"),
        ("sendToMaintenance", {**shop, "item": {"tag": ""}}, "tag"),
        ("sendToMaintenance", {**shop, "item": {"id": ""}}, "id"),
        ("sendToMaintenance", {**shop, "item": {"serial": None}}, "serial"),
        ("sendToMaintenance", {**shop, "item": {"serial": "M4-001", "tag": "T"}}, "ItemRefInput"),
        ("assignTag", {"code": "", "item": {"serial": "M4-001"}}, "code"),
        ("assignTag", {"code": "c" * 257, "item": {"serial": "M4-001"}}, "code"),
        ("assignTag", {"code": "c\x02", "item": {"serial": "M4-001"}}, "code"),
        ("assignTag", {"code": "c", "person": {"serviceNumber": ""}}, "serviceNumber"),
        ("revokeTag", {"code": "TAG-M4-001", "reason": ""}, "reason"),
        ("registerPurpose", {"code": "A B", "name": "N"}, "code"),
        ("registerPurpose", {"code": "A", "name": ""}, "name"),
        ("registerPurpose", {"code": "A", "name": "N", "categories": ["SPOON"]}, "categories"),
        ("registerPurpose", {"code": "A", "name": "N", "categories": None}, "categories"),
    ]  # fmt: skip


async def test_bad_input_is_a_bad_request_that_names_the_field_and_writes_nothing(live: Live, rows: Any) -> None:
    officer, faults = live.as_("officer"), []
    before = await rows()
    for name, fields, word in await bad_inputs(officer):
        body = await sent(officer, mutation(name), i={"requestId": str(uuid4()), **fields})
        errors = body.get("errors", [])
        if not errors:
            faults.append((name, fields, body))
            continue
        for error in errors:
            assert_plain(error["message"])
            if error["extensions"]["code"] != "BAD_REQUEST" or word not in error["message"]:
                faults.append((name, fields, error))
    assert faults == []
    assert await rows() == before


async def test_bad_input_at_the_counter_is_a_bad_request_too(live: Live, rows: Any) -> None:
    north = live.as_("north")
    m4, person = await item_id(north, "M4-001"), await person_id(north, "S-001")
    lines = [{"item": {"serial": "M4-001"}}]
    issue: dict[str, Any] = {"holder": {"serviceNumber": "S-001"}, "lines": lines}
    back: dict[str, Any] = {"lines": lines}
    cases: list[tuple[str, dict[str, Any], str]] = [
        (ISSUE, {**issue, "lines": []}, "lines"),
        (ISSUE, {**issue, "holder": {}}, "PersonRefInput"),
        (ISSUE, {**issue, "holder": {"serviceNumber": ""}}, "serviceNumber"),
        (ISSUE, {**issue, "holder": {"badge": " "}}, "badge"),
        (ISSUE, {**issue, "holder": {"badge": "b" * 257}}, "badge"),
        (ISSUE, {**issue, "holder": {"id": ""}}, "id"),
        (ISSUE, {**issue, "holder": {"id": m4}}, "Item"),
        (ISSUE, {**issue, "lines": [{"item": {"id": person}}]}, "Person"),
        (ISSUE, {**issue, "lines": [{"item": {"serial": "- -"}}]}, "serial"),
        (ISSUE, {**issue, "lines": [{"item": {"serial": "M4-001"}, "expectedVersion": -1}]}, "expectedVersion"),
        (ISSUE, {**issue, "lines": [None]}, "lines"),
        (ISSUE, {**issue, "purpose": ""}, "purpose"),
        (ISSUE, {**issue, "note": " "}, "note"),
        (ISSUE, {**issue, "note": LONG}, "note"),
        (ISSUE, {**issue, "note": "bell\x07"}, "note"),
        (ISSUE, {**issue, "issueType": "GIFT"}, "issueType"),
        *[
            (ISSUE, {**issue, field: moment}, field)
            for field in ("dueAt", "effectiveAt")
            for moment in ("2026-11-25", "2026-11-25T05:00:00", "2026-11-25 05:00:00Z", "yesterday", "", 1764046800, "2026-13-01T00:00:00Z",
                           "20261125T050000Z", "1899-12-31T23:59:59Z", "1900-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z",
                           "2026-11-25T25:00:00Z", "0001-01-01T00:00:00+14:00", "2026-11-25T05:00:00+25:00", "2026-11-25T05:00:00Z\x00")
        ],
        (RETURN, {**back, "lines": []}, "lines"),
        (RETURN, {**back, "lines": [{"item": {"serial": "M4-001"}, "roundsFired": -1}]}, "roundsFired"),
        (RETURN, {**back, "lines": [{"item": {"serial": "M4-001"}, "roundsFired": 100_001}]}, "roundsFired"),
        (RETURN, {**back, "lines": [{"item": {"serial": "M4-001"}, "condition": "WET"}]}, "condition"),
        (RETURN, {**back, "broughtReason": ""}, "broughtReason"),
        (RETURN, {**back, "broughtBy": {"badge": ""}}, "badge"),
        (RETURN, {**back, "effectiveAt": "2026-11-25"}, "effectiveAt"),
    ]  # fmt: skip
    before, faults = await rows(), []
    for document, given, word in cases:
        body = await north.answer(document, input={"requestId": str(uuid4()), **given})
        if "errors" not in body:
            faults.append((given, body))
            continue
        for error in body["errors"]:
            assert_plain(error["message"])
            if error["extensions"]["code"] != "BAD_REQUEST" or word not in error["message"]:
                faults.append((given, error))
    assert faults == []
    assert await rows() == before


async def test_a_command_has_at_most_two_hundred_lines(live: Live, rows: Any) -> None:
    north, before = live.as_("north"), await rows()
    lines = [{"item": {"serial": f"NO-{number}"}} for number in range(201)]
    for document, given in ((ISSUE, {"holder": {"serviceNumber": "S-001"}, "lines": lines}), (RETURN, {"lines": lines})):
        (error,) = (await north.answer(document, input={"requestId": str(uuid4()), **given}))["errors"]
        assert (error["extensions"]["code"], error["message"]) == ("LIMIT_EXCEEDED", "A command has at most 200 lines.")
        refused_ = await north(document, input={"requestId": str(uuid4()), **given, "lines": lines[:200]})
        ((answer,),) = [list(refused_.values())]
        assert [refusal["line"] for refusal in answer["refusals"]] == list(range(200))
    assert await rows() == before


async def test_the_limit_of_lines_is_a_setting(database_url: str, settings: Settings) -> None:
    async with running_server(database_url, settings.model_copy(update={"command_lines": 2})) as live:
        north = live.as_("north")
        lines = [{"item": {"serial": f"PVS-{number:03}"}} for number in range(1, 4)]
        given = {"requestId": str(uuid4()), "holder": {"serviceNumber": "S-001"}, "lines": lines}
        assert await north.code(ISSUE, input=given) == "LIMIT_EXCEEDED"


async def test_a_name_of_any_script_is_kept_as_it_is_written(live: Live) -> None:
    north = live.as_("north")
    for number, name in enumerate(("Ñuñez-O'Brien", "李", "Ωmega", "مريم", "🪖", "e\u0301", "a\nb", "%'); DROP TABLE item; --")):
        person = await made(north, "registerPerson", serviceNumber=f"N-{number}", rank="AM", familyName=name, givenNames="N", unit="WING")
        assert person["familyName"] == name


@pytest.mark.parametrize("serial", ["ΐ-1", "ß1", "ǰ 2", "e\u0301-3", "A-\u0301", "１２３-ａ", "ﬃ7"])
async def test_a_serial_of_any_script_is_found_again(live: Live, serial: str) -> None:
    north = live.as_("north")
    await made(north, "registerItem", model=await model_id(north), serial=serial, armory="NORTH")
    for written in (serial, serial.lower(), serial.upper()):
        found = (await north("query ($s: String!) { item(serial: $s) { serial } }", s=written))["item"]
        assert found == {"serial": serial}, written
