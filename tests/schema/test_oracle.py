"""The plain resolvers as the oracle, asked more: keys that are names in a statement, freer queries, a world with more in it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from graphql import GraphQLInputObjectType, GraphQLNonNull, GraphQLObjectType, get_named_type, get_nullable_type, is_leaf_type
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.schema.readings import PLANS
from tests.schema.queries import Known, Made, literal
from tests.schema.test_compiled import ASKERS, ITEM, NOTE, REFUSED, REPEATABLE, SCHEMA, Pair, in_thread, pair
from tests.server import Live, subscribe

assert pair

EXAMPLES = int(os.environ.get("ARMGUARD_EXAMPLES", "200")) // 4  # each is asked by everybody
# What a compiled statement calls its own rows, and words of SQL: a client may call its keys so too.
KEYS = (
    *("a", "b", "c", "d", "e", "f", "i", "it", "j", "json", "made", "me", "page_t1", "page_t2", "place", "r", "t1", "t2", "t3", "_n"),
    *("by", "count", "id_", "key", "kind", "null", "order", "ordinality", "select", "seen", "true", "user", "C", "E", "I", "J"),
)


def moment(*, hours: int) -> str:
    """A moment from now without a part of a second, as clients write it."""
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="seconds")


def command(pair: Pair, username: str, verb: str, /, **fields: Any) -> None:
    """Do a command of the world's history; it must succeed."""
    assert SCHEMA.mutation_type is not None
    kind = SCHEMA.mutation_type.fields[verb].args["input"].type
    text = f"mutation ($i: {kind}) {{ {verb}(input: $i) {{ __typename ... on Refused {{ refusals {{ code message }} }} }} }}"
    _, answer = pair.ask(pair.compiled, username, text, {"i": {"requestId": str(uuid4()), **fields}})
    assert b'"errors"' not in answer, answer
    assert b'"Refused"' not in answer, answer


def lines(*serials: str, **more: Any) -> list[dict[str, Any]]:
    """Lines of a command."""
    return [{"item": {"serial": serial}, **more} for serial in serials]


def until_told(pair: Pair, serial: str) -> None:
    """Wait until the server's clock has told that an item is overdue: it tells nothing while answers are compared."""
    text = f'{{ item(serial: "{serial}") {{ openCustody {{ overdueSince }} }} }}'
    for _ in range(100):
        if json.loads(pair.ask(pair.plain, "officer", text, {})[1])["data"]["item"]["openCustody"]["overdueSince"] is not None:
            return
        time.sleep(0.1)
    raise AssertionError(serial)


@pytest.fixture(scope="module")
def rich(pair: Pair) -> Pair:
    """Both servers over a world with more in it: what is overdue, moved, renamed, shut, empty, or never given a value."""

    def found(text: str) -> Any:
        return json.loads(pair.ask(pair.plain, "officer", text, {})[1])["data"]

    def id_of(text: str) -> str:
        return str(next(iter(found(f"{{ {text} {{ id }} }}").values()))["id"])

    person, late = id_of('person(serviceNumber: "S-010")'), {"effectiveAt": moment(hours=-10), "dueAt": moment(hours=-2)}
    command(pair, "north", "issueItems", holder={"serviceNumber": "S-010"}, lines=lines("M4-005", "PVS-030"), **late)
    until_told(pair, "M4-005")
    command(pair, "north", "issueItems", holder={"serviceNumber": "S-011"}, lines=lines("PVS-031"), issueType="HAND_RECEIPT")
    command(
        pair, "north", "returnItems", lines=lines("PVS-030", roundsFired=0, condition="LIMITED"), note=NOTE, effectiveAt=moment(hours=-1)
    )
    command(pair, "officer", "editPerson", id=person, unit="S-SQ", familyName='O\'Neil "x" \\ é 🔫')
    command(pair, "officer", "changeDutyStatus", id=person, dutyStatus="LEAVE", reason=NOTE)
    command(pair, "north", "assignTag", code='T "\\ \u2028 é', item={"serial": "M4-005"})
    command(pair, "north", "editItem", id=id_of('item(serial: "M4-005")'), rack="A-7 <&>", reason="place")
    command(pair, "north", "sendToMaintenance", item={"serial": "M4-006"}, reason="sear")
    command(pair, "north", "returnFromMaintenance", item={"serial": "M4-006"}, reason="done", serviceability="SERVICEABLE")
    model = found('{ item(serial: "M4-005") { model { id } } }')["item"]["model"]["id"]
    command(pair, "officer", "editItemModel", id=model, caliber="5.56×45", nsn="1005-01-231-0973")
    person_1 = {"person": {"serviceNumber": "S-001"}}
    command(pair, "officer", "authorize", **person_1, item={"serial": "M4-001"}, validFrom="2026-01-01", validUntil="2026-12-31")
    command(pair, "officer", "authorize", **person_1, model=model, validFrom="2026-01-01")
    command(pair, "officer", "recordQualification", **person_1, code="M4", qualifiedOn="2026-01-01")
    command(pair, "officer", "imposeArmsBar", person={"serviceNumber": "S-012"}, reason=NOTE.strip(), until="2099-01-01T00:00:00Z")
    command(pair, "officer", "registerUnit", code="EMPTY", name='No "one"')
    command(pair, "officer", "registerArmory", code="EAST", name="East", unit="EMPTY", timezone="UTC")
    command(pair, "officer", "setArmoryState", id=id_of('armory(code: "SOUTH")'), state="LOCKDOWN", reason="alarm")

    async def move() -> None:
        """Two items with a history go to the book of the other arms room, which no command does yet."""
        connection = await asyncpg.connect(pair.at.owner)
        await connection.execute("ALTER TABLE item DISABLE TRIGGER ALL")
        for serial, code in (("M4-002", "SOUTH"), ("PVS-031", "SOUTH"), ("PVS-101", "NORTH")):
            await connection.execute(
                "UPDATE item SET armory_id = (SELECT id FROM armory WHERE code = $2), version = version + 1 WHERE serial = $1", serial, code
            )
        await connection.execute("ALTER TABLE item ENABLE TRIGGER ALL")
        await connection.close()

    in_thread(move)
    rows = "edges { cursor node { id } }"
    moved = found(f'{{ item(serial: "M4-002") {{ id history(first: 3) {{ {rows} }} events(last: 3) {{ {rows} }} }} }}')
    known = {kind: list(ids) for kind, ids in pair.known.ids.items()}
    known["Item"] += [moved["item"]["id"]]
    known["Person"] += [person]
    known["CustodyRecord"] += [edge["node"]["id"] for edge in moved["item"]["history"]["edges"]]
    standing = found('{ person(serviceNumber: "S-001") { authorizations { id } qualifications { id } } }')["person"]
    known["Authorization"] = [line["id"] for line in standing["authorizations"]]
    known["Qualification"] = [each["id"] for each in standing["qualifications"]]
    lots = found("{ stockLots(first: 20) { edges { cursor node { id } } } proposals(first: 20) { edges { cursor node { id } } } }")
    known["StockLot"] += [edge["node"]["id"] for edge in lots["stockLots"]["edges"]]
    known["Proposal"] += [edge["node"]["id"] for edge in lots["proposals"]["edges"]]
    cursors = [edge["cursor"] for name in ("history", "events") for edge in moved["item"][name]["edges"]]
    cursors += [
        edge["cursor"]
        for order in ("DUE_AT_ASC", "ISSUED_AT_ASC")
        for edge in found(f"{{ custodyRecords(first: 20, order: {order}) {{ edges {{ cursor }} }} }}")["custodyRecords"]["edges"][::4]
    ]
    cursors += [edge["cursor"] for edge in found("{ ledger(last: 40) { edges { cursor } } }")["ledger"]["edges"][::9]]
    cursors += [edge["cursor"] for root in lots.values() for edge in root["edges"][::2]]
    words = [*pair.known.words, 'T "\\ \u2028 é', "M4-002", "PVS-101", "S-010", "EAST", "EMPTY"]
    return Pair(pair.compiled, pair.plain, Known(known, [*pair.known.cursors, *cursors], words), pair.at)


# ------------------------------------------------------------------------------------------------------------------------------- keys


@pytest.mark.parametrize(
    "text",
    [
        "{ items(first: 2) { <: totalCount> } }",
        "{ items(first: 2) { <: edges { cursor }> } }",
        "{ items(last: 2) { <: __typename> edges { cursor } } }",
        "{ items(first: 2) { edges { <: cursor> } } }",
        "{ items(last: 2) { edges { <: node { serial }> } } }",
        "{ items(first: 2) { <: pageInfo { endCursor }> } }",
        "{ items(first: 2) { pageInfo { <: hasNextPage> } } }",
        "{ items(first: 2) { edges { node { <: serial> } } } }",
        "{ items(first: 2) { edges { node { <: model { nomenclature }> } } } }",
        "{ items(first: 2) { edges { node { <: tags { code }> } } } }",
        "{ items(last: 2) { edges { node { <: history(last: 1) { edges { node { id } } pageInfo { endCursor } }> } } } }",
        "{ items(first: 2) { edges { node { tags { <: code> } model { <: slot> } } } } }",
        '{ armory(code: "NORTH") { counts { <: count> state } } }',
        '{ scan(code: "M4-001") { ... on Item { <: serial> } } }',
        '{ scan(code: "S-001") { ... on Person { <: name> } } }',
        "{ viewer { armories { <: code> } } }",
        "{ <: items(first: 1) { totalCount }> }",
    ],
)
def test_a_key_may_be_any_name(pair: Pair, text: str) -> None:
    """A name of the statement's own must not be taken for the client's."""
    if not same(pair, with_keys(text, KEYS)):
        assert [key for key in KEYS if not same(pair, with_keys(text, (key,)))] == [], text


def with_keys(text: str, keys: Sequence[str]) -> str:
    """What stands in the brackets, once under each key."""
    return re.sub("<(.*?)>", lambda found: " ".join(f"{key}{found[1]}" for key in keys), text)


def same(pair: Pair, text: str, variables: dict[str, Any] | None = None) -> bool:
    """Whether both servers answer the same, and neither has a fault."""
    try:
        ours, oracle = (pair.ask(port, "north", text, variables or {}) for port in (pair.compiled, pair.plain))
    except AssertionError:  # INTERNAL
        return False
    return ours == oracle


@pytest.mark.parametrize(
    "text",
    [
        "{ armories(first: 2) { pageInfo { endCursor SKIPPED } } }",
        "{ items(last: 2, before: $c) { __typename pageInfo { endCursor SKIPPED } } }",
        "{ items(first: 2, after: $c) { totalCount pageInfo { hasNextPage SKIPPED } edges { cursor SKIPPED } } }",
        "{ items(first: 2, after: $c) { edges SKIPPED { cursor } pageInfo { hasNextPage SKIPPED } } }",
        '{ items(first: 2, filter: {serialPrefix: "M4"}) { totalCount SKIPPED pageInfo { endCursor SKIPPED } } }',
        "{ items(first: 2) { edges { node { id SKIPPED model { id SKIPPED } tags { id SKIPPED } } } } }",
        "{ items(first: 2) { edges { node { history(first: 1, after: $h) { pageInfo { endCursor SKIPPED } } } } } }",
        '{ item(serial: "M4-001") { id SKIPPED } person(serviceNumber: "S-001") { holdings { id SKIPPED } } }',
        '{ scan(code: "M4-001") { ... on Item SKIPPED { id } } }',
        "{ items(first: 2) SKIPPED { totalCount } }",
    ],
)
def test_what_is_skipped_is_not_there_and_nothing_else_is_the_worse_for_it(pair: Pair, text: str) -> None:
    """A statement has places for those values only that it still names."""
    place = '{ items(first: 3) { edges { cursor } } item(serial: "M4-001") { history(first: 1) { edges { cursor } } } }'
    found = json.loads(pair.ask(pair.plain, "north", place, {})[1])["data"]
    variables = {"c": found["items"]["edges"][2]["cursor"], "h": found["item"]["history"]["edges"][0]["cursor"], "skipped": True}
    declared = "".join(f"${name}: {of} " for name, of in (("c", "String"), ("h", "String")) if f"${name}" in text)
    for skipped in ("@skip(if: true)", "@include(if: false)", "@skip(if: $skipped)"):
        head = f"query ({declared}{'$skipped: Boolean! ' if '$' in skipped else ''})".replace("query ()", "")
        asked = f"{head} {text.replace('SKIPPED', skipped)}"
        answer = pair.same("north", asked, **{name: value for name, value in variables.items() if f"${name}" in asked})
        assert "errors" not in answer, (asked, answer)


@pytest.mark.parametrize("asked", ["place: receiptNumber", "place: dueAt", "place: item { serial }", "made: id", "j: id", "ordinality: id"])
def test_rows_of_a_command_come_in_its_order_whatever_their_keys_are(pair: Pair, asked: str) -> None:
    """Also that they come at all: the command is done by then."""
    drawn, back = ("PVS-012", "PVS-014", "PVS-013"), ("PVS-013", "PVS-012", "PVS-014")
    held = {"holder": {"serviceNumber": "S-015"}}
    command(pair, "north", "issueItems", **held, lines=lines(*drawn))
    text = "mutation ($i: ReturnItemsInput!) { returnItems(input: $i) { ... on ItemsReturned { records { %s item { serial } } } } }"
    assert same(pair, text % asked, {"i": {"requestId": str(uuid4()), "lines": lines(*back)}})


# ------------------------------------------------------------------------------------------------------------------------- any query


class Freer(Made):
    """Writes queries in yet other ways: keys that are names in a statement, fragments on no type or an interface, a field asked twice,
    null and left-out variables, variables within inputs."""

    def name(self, beginning: str) -> str:
        """A name that is not used yet; of a key, often one that a statement has too."""
        if beginning in ("a", "t") and self.chance(40):
            left = [key for key in KEYS if key not in self.taken]
            key = str(self.pick(left)) if left else super().name(beginning)
            self.taken.add(key)
            return key
        return super().name(f"{beginning}_")

    @property
    def taken(self) -> set[str]:
        """The keys that are used already: one may stand at two places of an answer only if both ask the same."""
        return self.__dict__.setdefault("_taken", set())  # type: ignore[no-any-return]

    def selections(self, of: Any, depth: int) -> str:
        """What is asked of a type, with one thing more."""
        inside = super().selections(of, depth)[1:-1]
        more = ""
        if self.chance(12):
            more += f" ...{self.directive()} {super().selections(of, max(depth - 1, 0))}"
        node = self.schema.type_map["Node"]
        if self.chance(12) and (not isinstance(of, GraphQLObjectType) or node in of.interfaces):
            more += f" ... on Node{self.directive()} {{ id {self.name('t')}: __typename }}"
        if isinstance(of, GraphQLObjectType) and depth > 0 and self.chance(12) and (twice := self.twice(of)):
            name, to = twice
            more += "".join(f" {name}{self.directive()} {super(Freer, self).selections(to, 0)}" for _ in range(2))
        return f"{{{inside}{more} }}"

    def twice(self, of: GraphQLObjectType) -> tuple[str, Any] | None:
        """A field without arguments that has fields of its own."""
        names = [name for name, each in of.fields.items() if not each.args and isinstance(get_named_type(each.type), GraphQLObjectType)]
        name = self.pick(names) if names else None
        return (name, get_named_type(of.fields[name].type)) if name else None

    def value(self, of: Any, value: Any) -> str:
        """A value, or a variable for it, or for a part of it."""
        kind = get_nullable_type(of)
        if isinstance(kind, GraphQLInputObjectType) and self.chance(50):
            return "{" + ", ".join(f"{name}: {self.value(kind.fields[name].type, part)}" for name, part in value.items()) + "}"
        if not isinstance(of, GraphQLNonNull) and self.chance(8):
            if self.chance(30):
                return "null"
            name = self.name("v")
            default = f" = {literal(of, value)}" if self.chance(50) else ""
            self.variables[name] = (f"{of}{default}", self.pick((None, ...)))
            return f"${name}"
        return super().value(of, value)


@st.composite
def written_freely(draw: Any, known: Known) -> tuple[str, dict[str, Any]]:
    """A query and its variables."""
    made = Freer(draw, known, SCHEMA)
    roots = [made.asked(SCHEMA.query_type, draw(st.integers(2, 5))) for _ in range(draw(st.integers(1, 3)))]  # type: ignore[arg-type]
    names = ", ".join(f"${name}: {of}" for name, (of, _) in made.variables.items())
    text = " ".join([f"query Q{f'({names})' if names else ''} {{", *roots, "}", *made.fragments])
    return text, {name: value for name, (_, value) in made.variables.items() if value is not ...}


def test_any_query_is_answered_as_by_the_plain_resolvers_for_everybody(rich: Pair, share: float) -> None:
    told: list[str] = []
    examples = int(EXAMPLES * share)

    @settings(parent=REPEATABLE, max_examples=examples)
    @given(written_freely(rich.known), st.permutations(ASKERS))
    def ask(document: tuple[str, dict[str, Any]], askers: Sequence[str | None]) -> None:
        text, variables = document
        for username in askers:  # one document after the other account's: what is kept of it must not be theirs
            answer = rich.same(username, text, **variables)
            if username == "officer":
                told.append("errors" if "errors" in answer else "data")

    ask()
    assert told.count("data") > examples / 5, "too few of the queries are good"  # many roots are for others
    assert told.count("errors") > examples / 20, "too few of the queries are wrong"


# ------------------------------------------------------------------------------------------------------------------- the whole schema

PLAIN: frozenset[str] = frozenset()  # the fields that are read plainly, as `Type.field`
OF_ACCOUNTS = {"accounts", "sessions", "apiTokens", "securityEvents", "ManagedAccount", "Session", "ApiToken", "SecurityEvent"}
NUMBERS = {"armory": 'code: "NORTH"', "item": 'serial: "M4-001"', "person": 'serviceNumber: "S-001"', "scan": 'code: "TAG-M4-001"'}


def leaves(of: Any) -> str:
    """Every field of a type that has no fields of its own, and of a page or an edge what is in it."""
    parts = ["__typename"]
    for name, each in of.fields.items():
        to = get_named_type(each.type)
        if is_leaf_type(to):
            parts.append(name)
        elif to.name.endswith(("Edge", "Connection", "PageInfo")) and not each.args:
            parts.append(f"{name} {leaves(to)}")
    return "{ " + " ".join(parts) + " }"


def whole(of: Any) -> dict[str, str]:
    """A selection for every field of a type, by its name."""
    found = {}
    for name, each in of.fields.items():
        to, size = get_named_type(each.type), "(first: 2)" if "first" in each.args else ""
        inside = leaves(to) if isinstance(to, GraphQLObjectType) else ""
        if to.name.endswith("Connection"):
            node = get_named_type(SCHEMA.type_map[to.name.removesuffix("Connection") + "Edge"].fields["node"].type)  # type: ignore[attr-defined]
            inside = inside.replace("edges { __typename cursor", f"edges {{ __typename cursor node {leaves(node)}")
        found[name] = f"{name}{size} {inside}"
    return found


def test_every_root_field_relation_and_member_is_compiled_and_the_same(rich: Pair) -> None:
    """Walks the schema: what is read plainly is told by name."""
    assert SCHEMA.query_type is not None
    node_type: Any = SCHEMA.type_map["Node"]
    kinds = {kind.name: kind for kind in SCHEMA.get_possible_types(node_type)}
    texts: dict[str, tuple[str, dict[str, Any]]] = {}
    for root, declared in whole(SCHEMA.query_type).items():
        arguments = "(" + NUMBERS[root] + ")" if root in NUMBERS else ""
        if root not in ("node", "scan", "custody", "canIssue", "board"):
            texts[f"Query.{root}"] = (f"{{ {declared.replace(root, root + arguments, 1)} }}", {})
    texts["Query.viewer"] = (f"{{ viewer {{ roles armories {leaves(kinds['Armory'])} }} }}", {})
    board = "board(armory: $id) { __typename seq counts { state count } overdue }"
    texts["Query.board"] = (f"query ($id: ID!) {{ {board} }}", {"id": rich.known.ids["Armory"][0]})
    held = 'person: {serviceNumber: "S-002"}, items: [{serial: "M4-001"}]'
    texts["Query.canIssue"] = (f"{{ canIssue({held}) {{ allowed refusals {{ code holder {{ name }} item {{ serial }} }} }} }}", {})
    receipt = next(word for word in rich.known.words if word.startswith("NORTH-"))
    texts["Query.custody"] = (f'{{ custody(receiptNumber: "{receipt}") {leaves(kinds["CustodyRecord"])} }}', {})
    for member, code in (("Item", "TAG-M4-001"), ("Person", "BADGE-S-001")):
        for name, asked in whole(kinds[member]).items():
            texts[f"ScanResult.{member}.{name}"] = (f'{{ scan(code: "{code}") {{ __typename ... on {member} {{ {asked} }} }} }}', {})
    for kind, of in kinds.items():
        known = rich.known.ids[kind][-1]
        for name, asked in whole(of).items():
            texts[f"{kind}.{name}"] = (
                f"query ($id: ID!) {{ node(id: $id) {{ id __typename ... on {kind} {{ {asked} }} }} }}",
                {"id": known},
            )
    plain, uncompiled = set(), set()
    for name, (text, variables) in texts.items():
        before = (PLANS.compiled, PLANS.plain)
        who = "admin" if name.removeprefix("Query.").partition(".")[0] in OF_ACCOUNTS else "officer"
        status, answer = rich.ask(rich.compiled, who, text, variables)
        compiled, fallen = PLANS.compiled - before[0], PLANS.plain - before[1]
        assert status == 200, text
        assert b'"errors"' not in answer, (text, answer)
        plain |= {name} if fallen else set()
        uncompiled |= {name} if not compiled else set()
        assert answer == rich.ask(rich.plain, who, text, variables)[1], text
    assert plain == PLAIN
    assert uncompiled == {"Query.board", "Query.feedCursor"}  # which are no rows
    assert {name.partition(".")[0] for name in texts} >= {"Query", "ScanResult", *kinds}
    assert {f"Query.{name}" for name in SCHEMA.query_type.fields} - texts.keys() == {"Query.node", "Query.scan"}  # which are in all others


# ---------------------------------------------------------------------------------------------------------------------------- payloads


def test_payloads_of_further_commands_are_the_same(rich: Pair) -> None:
    """The plain server is sent the same request again, and so answers for the same rows."""
    found = json.loads(
        rich.ask(
            rich.plain,
            "officer",
            '{ person(serviceNumber: "S-012") { id } armory(code: "EAST") { id } item(serial: "PVS-032") { id model { id } } }',
            {},
        )[1]
    )["data"]
    item, person, armory = found["item"], found["person"]["id"], found["armory"]["id"]
    own = "...I model { ...on Node { id } slot } armory { code counts { count } } events(last: 2) { edges { node { summary payload } } }"
    room = "version c: counts { count } unit { children { code } } events(first: 1) { j: totalCount edges { e: cursor node { seq } } }"
    held = "dutyStatus version unit { name } holdings { receiptNumber } tags { code } history(first: 1) { pageInfo { hasNextPage } }"
    rename = "name version"
    commands: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
        (
            "north",
            "registerItem",
            f"... on ItemSaved {{ item {{ {own} }} }}",
            {"armory": "NORTH", "model": item["model"]["id"], "serial": "NEW-77"},
        ),
        ("north", "editItem", f"... on ItemSaved {{ i: item {{ {own} }} }}", {"id": item["id"], "rack": "B-1", "reason": NOTE}),
        ("officer", "setArmoryState", f"... on ArmorySaved {{ armory {{ {room} }} }}", {"id": armory, "state": "CLOSED", "reason": NOTE}),
        ("officer", "editArmory", f"... on ArmorySaved {{ armory {{ {room} }} }}", {"id": armory, "name": 'E "\\'}),
        (
            "commander",
            "changeDutyStatus",
            f"... on PersonSaved {{ person {{ {held} }} }}",
            {"id": person, "dutyStatus": "LEAVE", "reason": "x"},
        ),
        ("officer", "editPerson", f"... on PersonSaved {{ j: person {{ {held} }} }}", {"id": person, "rank": "SGT"}),
        (
            "north",
            "assignTag",
            "... on TagSaved { tag { code item { ...I } person { name tags { code } } } }",
            {"code": "N-2", "person": {"id": person}},
        ),
        ("north", "revokeTag", "... on TagSaved { tag { revokedAt person { name } } }", {"code": "N-2", "reason": "lost"}),
        (
            "officer",
            "registerUnit",
            "... on UnitSaved { unit { parent { code } children { code } name } }",
            {"code": "U-9", "name": "U", "parent": "WING"},
        ),
        (
            "admin",
            "registerPurpose",
            f"... on PurposeSaved {{ purpose {{ categories {rename} }} }}",
            {"code": "P9", "name": "P", "categories": ["PISTOL"]},
        ),
    )
    assert SCHEMA.mutation_type is not None
    for username, name, success, fields in commands:
        kind = SCHEMA.mutation_type.fields[name].args["input"].type
        text = f"mutation ($i: {kind}) {{ {name}(input: $i) {{ __typename {success} {REFUSED} }} }} {ITEM}"
        request = {"i": {"requestId": str(uuid4()), **fields}}
        ours, oracle = (rich.ask(port, username, text, request) for port in (rich.compiled, rich.plain))
        assert ours == oracle, name
        assert '"Refused"' not in ours[1].decode(), ours


@pytest.mark.parametrize("username", ["north", "south", "officer"])
def test_a_refusal_tells_each_the_same_of_who_holds_the_item(rich: Pair, username: str) -> None:
    held = {"holder": {"serviceNumber": "S-013"}, "lines": lines("M4-005", "PVS-031", "G17-101", "M4-002")}
    refused = REFUSED.replace("holder { name", "holder { j: name history(first: 1) { c: totalCount } ... on Node { id }")
    text = f"mutation ($i: IssueItemsInput!) {{ issueItems(input: $i) {{ {refused} }} }} {ITEM}"
    answer = rich.same(username, text, i={"requestId": str(uuid4()), **held})
    assert len(answer["data"]["issueItems"]["refusals"]) >= 2


FEED = """subscription { custodyFeed(after: "e30") { c: cursor event { j: __typename i: seq place: summary payload effectiveAt requestId
  item { ...I } person { name holdings { receiptNumber } } record { e: receiptNumber holder { name } item { j: serial } }
  armory { code c: counts { count } } } } } """


@pytest.mark.parametrize("username", ["north", "south", "officer"])
def test_every_event_of_the_feed_is_the_same_for_each_scope(rich: Pair, username: str) -> None:
    """Also of items that are now on the book of another arms room."""
    heads = rich.same(username, "{ viewer { armories { events(first: 1) { totalCount } } } }")["data"]["viewer"]["armories"]
    count = sum(room["events"]["totalCount"] for room in heads)

    async def told(port: int) -> list[str]:
        async with Live(port).socket(username) as connection:
            number = (await subscribe(connection, FEED + ITEM)).number
            async with asyncio.timeout(30):
                messages = [str(await connection.recv()) for _ in range(count)]
            connection.transport.abort()
        return [message.replace(f'"{number}"', '""', 1) for message in messages]

    ours, oracle = (in_thread(partial(told, port)) for port in (rich.compiled, rich.plain))
    assert '"errors"' not in "".join(oracle)
    assert ours == oracle
