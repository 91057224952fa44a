"""The compiler of reads: what it makes of a declaration, what it refuses, and that its statements stand on the same indexes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import pytest

from graph.audit.actor import Actor
from graph.resolvers.compiler import Asked, Draft, NotCompiled, Plan, quoted, shape_of, snake, unreadable
from graph.resolvers.reading import Listing, PageOf
from graph.resolvers.sources import Listed, Made, One, Source
from graph.resolvers.tables import TABLES, Link
from graph.schema.api import build_schema
from graph.schema.execution import check_declarations
from graph.settings import Settings
from graph.words import ActorKind, Role
from tests.resolvers.test_indexes import SEES_ALL, SEES_ONE, VALUES, big, big_url, complaints, lists, numbered, plan_of

assert big
assert big_url

MOVED = Actor(ActorKind.ACCOUNT, "a3", numbered(3), roles=frozenset({Role.ARMORER}), armories=frozenset({numbered(6)}))


def leaf(name: str, type_: str = "String") -> Asked:
    """A field without fields of its own."""
    return Asked(name, name, type_)


def edges(kind: str, *fields: Asked, info: bool = True) -> tuple[Asked, ...]:
    """The selection of a page of rows."""
    known = (leaf("has_next_page"), leaf("has_previous_page"), leaf("start_cursor"), leaf("end_cursor"))
    rows = Asked("edges", "edges", f"{kind}Edge", True, (leaf("cursor"), Asked("node", "node", kind, fields=fields)))
    return (rows, Asked("pageInfo", "page_info", "PageInfo", fields=known)) if info else (rows,)


def compiled(source: Source, fields: Sequence[Asked], actor: Actor = SEES_ALL) -> tuple[str, list[Any]]:
    """The statement of a source, and what is bound for an actor."""
    draft = Draft(actor)
    plan = Plan(source.statement(draft, Asked("", "", source.of.kind, fields=tuple(fields))), draft.slots)
    return plan.sql, plan.values(actor, source.values)


# --------------------------------------------------------------------------------------------------------------------- statements


async def test_a_row_is_its_json_with_the_keys_that_were_asked(big: Any) -> None:
    model = Asked("of", "model", "ItemModel", fields=(leaf("nomenclature"), Asked("what", "__typename", "ItemModel")))
    sql, values = compiled(One(TABLES["Item"], numbered(77)), (leaf("id", "ID"), leaf("serial"), Asked("n", "round_count", "Int"), model))
    assert json.loads(await big.fetchval(sql, *values)) == {
        "id": f"item_{numbered(77).hex}",
        "serial": "S77",
        "n": 0,
        "of": {"nomenclature": "Model 78", "what": "ItemModel"},
    }


async def test_only_what_is_asked_is_in_the_statement(big: Any) -> None:
    sql, _ = compiled(One(TABLES["Person"], numbered(77)), (leaf("rank"),))
    assert "family_name" not in sql
    assert "unit" not in sql


async def test_rows_of_a_command_come_in_its_order(big: Any) -> None:
    ids = tuple(numbered(number) for number in (9, 3, 7))
    sql, values = compiled(Made(TABLES["Item"], ids), (leaf("serial"),))
    assert json.loads(await big.fetchval(sql, *values)) == [{"serial": "S9"}, {"serial": "S3"}, {"serial": "S7"}]


async def test_nothing_is_read_when_no_field_is_left(big: Any) -> None:
    """Every field may be skipped by a directive."""
    sql, values = compiled(One(TABLES["Item"], numbered(77)), ())
    assert json.loads(await big.fetchval(sql, *values)) == {}


@pytest.mark.parametrize("asked", [PageOf(first=3), PageOf(last=3)])
async def test_one_row_more_is_read_only_if_somebody_asks_for_more(big: Any, asked: PageOf) -> None:
    source = Listed(TABLES["Item"], Listing(TABLES["Item"], {}, "SERIAL"), asked)
    assert "LIMIT 3)" in compiled(source, edges("Item", leaf("serial"), info=False))[0]
    sql, values = compiled(source, edges("Item", leaf("serial")))
    assert "LIMIT 4)" in sql
    answer = json.loads(await big.fetchval(sql, *values))
    assert len(answer["edges"]) == 3
    assert answer["pageInfo"]["has_next_page"] == (asked.first is not None)
    assert answer["pageInfo"]["has_previous_page"] == (asked.last is not None)


# ------------------------------------------------------------------------------------------------------------------------------ scope


def test_a_plan_holds_for_everybody_whose_scope_has_the_same_shape() -> None:
    source = One(TABLES["Item"], numbered(77))
    assert shape_of(SEES_ONE) == shape_of(MOVED) != shape_of(SEES_ALL)
    ours, our_values = compiled(source, (leaf("serial"),), SEES_ONE)
    theirs, their_values = compiled(source, (leaf("serial"),), MOVED)
    assert ours == theirs
    assert our_values == [numbered(77), [numbered(5)]]
    assert their_values == [numbered(77), [numbered(6)]]


async def test_scope_holds_for_rows_relations_pages_and_counts(big: Any) -> None:
    """Item 104 is on the book of arms room 105; arms room 5 has others."""
    count = Asked("history", "history", "CustodyRecordConnection", fields=(leaf("total_count", "Int"),), page=PageOf(first=1))
    holdings = Asked("holdings", "holdings", "CustodyRecord", True, (leaf("receipt_number"),))
    item, person = One(TABLES["Item"], numbered(104)), One(TABLES["Person"], numbered(104))
    for actor, seen in ((SEES_ALL, True), (SEES_ONE, False)):
        sql, values = compiled(item, (leaf("serial"), count), actor)
        assert (await big.fetchval(sql, *values) is not None) == seen
        sql, values = compiled(person, (count, holdings), actor)
        answer = json.loads(await big.fetchval(sql, *values))
        records = await big.fetch("SELECT armory_id, closed_at FROM custody_record WHERE holder_id = $1", numbered(104))
        mine = [record for record in records if actor.may_see(record["armory_id"])]
        assert answer["history"] == {"total_count": len(mine)}
        assert len(answer["holdings"]) == sum(record["closed_at"] is None for record in mine)


async def test_values_are_bound_and_never_in_the_text(big: Any) -> None:
    filters = {"serial_prefix": "'; DROP TABLE item; --", "state": "ISSUED", "armory": numbered(5)}
    source = Listed(TABLES["Item"], Listing(TABLES["Item"], filters, "SERIAL"), PageOf(first=5))
    sql, values = compiled(source, edges("Item", leaf("serial")), SEES_ONE)
    assert "DROP" not in sql
    assert values == [[numbered(5)], "'; DROP TABLE item; --", "ISSUED", numbered(5)]
    assert json.loads(await big.fetchval(sql, *values))["edges"] == []


# --------------------------------------------------------------------------------------------------------------------------- refusals


def test_a_key_longer_than_a_name_of_the_database_is_left_to_the_plain_resolvers() -> None:
    assert quoted("a" * 63) == f'"{"a" * 63}"'
    with pytest.raises(NotCompiled):
        quoted("a" * 64)


def test_a_relation_that_must_be_there_and_may_be_hidden_is_refused_at_the_start() -> None:
    item, tag = TABLES["Item"], TABLES["Tag"]
    assert unreadable(item, "armory", required=True) is None  # seen by whoever sees the item
    assert unreadable(item, "model", required=True) is None  # seen by everybody
    assert unreadable(tag, "item", required=False) is None
    assert unreadable(tag, "item", required=True) == "Tag.item must be there, but may be out of scope"
    assert unreadable(item, "colour", required=False) == "Item.colour is not declared"


def test_a_schema_with_a_field_that_nobody_declared_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = build_schema(Settings())
    columns = tuple(column for column in TABLES["Item"].columns if column != "rack")
    monkeypatch.setitem(TABLES, "Item", dataclasses.replace(TABLES["Item"], columns=columns))
    monkeypatch.setitem(TABLES, "Tag", dataclasses.replace(TABLES["Tag"], links={"item": Link("Item", "item_id")}))
    with pytest.raises(TypeError, match=r"Item\.rack is not declared; Tag\.person is not declared"):
        check_declarations(schema._schema)


def test_names_of_fields_are_those_of_the_declarations() -> None:
    assert [snake(name) for name in ("id", "openCustody", "nsn", "__typename", "longGunLimit")] == [
        *("id", "open_custody", "nsn", "__typename", "long_gun_limit")
    ]


# ---------------------------------------------------------------------------------------------------------------------------- indexes


def everything(kind: str) -> tuple[Asked, ...]:
    """Every field of a row, and a little of each of its relations and pages."""
    of = TABLES[kind]
    plain = [leaf(name) for name in (*of.columns, *of.computed) if name not in of.written]
    links = [
        Asked(name, name, link.kind, link.theirs != TABLES[link.kind].key, (leaf(TABLES[link.kind].key),))
        for name, link in of.links.items()
    ]
    pages = [
        Asked(name, name, f"{each.kind}Connection", fields=edges(each.kind, leaf(TABLES[each.kind].key)), page=PageOf(first=3))
        for name, each in of.pages.items()
    ]
    return (*plain, *links, *pages)


@pytest.mark.parametrize(("kind", "order", "names"), lists(), ids=lambda part: part if isinstance(part, str) else "+".join(part) or "all")
async def test_every_compiled_page_stands_on_indexes_with_all_its_relations(
    big: Any, kind: str, order: str, names: tuple[str, ...]
) -> None:
    listing = Listing(TABLES[kind], {name: VALUES[kind][name] for name in names}, order)
    for page in (PageOf(first=50), PageOf(last=50)):
        sql, values = compiled(Listed(listing.of, listing, page), edges(kind, *everything(kind)))
        plan = await plan_of(big, sql, values)
        assert complaints(plan, listing.of.name) == [], (sql, plan)


async def test_counts_of_an_arms_room_read_its_items_only(big: Any) -> None:
    counts = Asked("counts", "counts", "ItemCount", True, (leaf("state"), leaf("category"), leaf("count", "Int")))
    sql, values = compiled(One(TABLES["Armory"], numbered(5)), (counts,))
    plan = await plan_of(big, sql, values)
    assert [step["Relation Name"] for step in plan if step.get("Relation Name") == "item"] == ["item"]
    assert not [step for step in plan if step.get("Relation Name") == "item" and step["Node Type"] == "Seq Scan"], plan
    assert sum(each["count"] for each in json.loads(await big.fetchval(sql, *values))["counts"]) == 30
