"""The plan that brings the old system's records into one armory: what is written, and one decision for every row.

`plan` is pure. A dry run prints it and the real run writes it, so the two cannot differ (INV-26). What is in ArmGuard already is
recognised by its source or its key and left as it is, so a second run has nothing to write. A contradiction is never decided silently:

- rows that name one thing twice (a serial in another case, one service number with one family name) become one, and the others are merged;
- rows that cannot both be true, and of which nothing says which one is, are set aside with the reason;
- an item that the record leaves nowhere comes in as MISSING, so that somebody must look for it: IN_ROOM would hide a weapon
  that may be out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from graph.rules.legacy_decisions import Decision, Findings, Outcome, Remark, already, decide, when
from graph.rules.legacy_history import TABLE as TRANSACTIONS
from graph.rules.legacy_history import Told, purpose_code, settled, tell
from graph.rules.legacy_items import (
    ITEM_TYPES,
    ITEMS,
    MODELS,
    TAGS,
    UNKNOWN_MANUFACTURER,
    ItemCase,
    item_type,
    items_of,
    planned_item,
    say_items,
    tags_of,
)
from graph.rules.legacy_people import PEOPLE, USERS, accounts_of, hands_of, people_of, planned_person, say_people, unit_code
from graph.rules.legacy_rows import (
    ImportPlan,
    Known,
    LegacyData,
    LegacyTransaction,
    PlannedModel,
    PlannedPurpose,
    PlannedRecord,
    PlannedUnit,
    Terms,
    name_key,
    rows_imported,
    source,
)
from graph.rules.legacy_spells import Cast, Hand

GROUPS, DUTY_TYPES = "group", "duty_type"
TABLES = (GROUPS, ITEM_TYPES, DUTY_TYPES, PEOPLE, USERS, ITEMS, TAGS, TRANSACTIONS)
"""What a decision can be about, in the order of the report. The first three are no tables, but words in rows that become things here."""


def plan(data: LegacyData, known: Known, cutover: datetime, terms: Terms | None = None) -> ImportPlan:
    """Decide on every row. `cutover` is the moment of the import: nothing can have happened after it."""
    if cutover.tzinfo is None:
        raise ValueError("cutover needs a time zone")
    terms, found = terms or Terms(), Findings()
    units, models, purposes = _units(data, known, found), _models(data, known, found), _purposes(data, known, found)
    people, people_aside = people_of(data, known)
    items, items_aside = items_of(data, known)
    person_refs = {row.id: case.source for case in people for row in case.rows}
    item_refs = {row.id: case.source for case in items for row in case.rows}
    accounts, issuers = accounts_of(data, known, person_refs, found)

    hands = hands_of(people, people_aside, data, known)
    cast = Cast(hands, issuers, {code: purpose.source for code, purpose in purposes.items()}, cutover, terms)
    told = _tell_all(data, items, items_aside, cast, known, found)
    new_items = [case for case in items if case.id is None]
    open_records = [record for case in new_items if (record := told[case.source].open_record)]
    holders = {record.holder for record in open_records}

    say_people(people, people_aside, holders, known, found)
    say_items(items, items_aside, told, known, found)
    _say_limits(open_records, new_items, hands.values(), terms, found)
    tags = tags_of(data, known, person_refs, item_refs, found)
    return ImportPlan(
        decisions=_in_order(found, data),
        links=found.links,
        units=tuple(unit for unit in units.values() if unit.source not in found.links),
        models=tuple(model for model in models if model.source not in found.links),
        purposes=tuple(purpose for purpose in purposes.values() if purpose.source not in found.links),
        people=tuple(planned_person(case, units, case.source in holders) for case in people if case.id is None),
        accounts=accounts,
        items=tuple(planned_item(case, told[case.source]) for case in new_items),
        tags=tags,
        history=tuple(sorted((record for case in new_items for record in told[case.source].history), key=_by_time)),
        open_records=tuple(sorted(open_records, key=_by_time)),
    )


def _in_order(found: Findings, data: LegacyData) -> tuple[Decision, ...]:
    """The decisions by table, and those of a table in the order of its rows."""
    names = [(PEOPLE, row.id) for row in data.people] + [(ITEMS, row.id) for row in data.items]
    names += [(USERS, str(row.id)) for row in data.users] + [(TAGS, str(row.id)) for row in data.tags]
    names += [(TRANSACTIONS, str(row.id)) for row in data.transactions]
    places = {name: place for place, name in enumerate(names)}
    return tuple(
        sorted(found.decisions.values(), key=lambda said: (TABLES.index(said.row_table), places.get((said.row_table, said.row_id), 0)))
    )


def _by_time(record: PlannedRecord) -> tuple[datetime, int]:
    return record.issued_at, int(str(record.details["rows"]).split("+")[0])


def _units(data: LegacyData, known: Known, found: Findings) -> dict[str, PlannedUnit]:
    units: dict[str, PlannedUnit] = {}
    for row in data.people:
        code = unit_code(row)
        if code not in units:
            units[code] = unit = PlannedUnit(source(GROUPS, code), code, row.group.strip() or code)
            remark = Remark("UNIT_IMPORTED", f"Group '{unit.name}' comes in as the unit {code}.", notable=False)
            _say_word(GROUPS, unit.name, unit.source, known.units.get(code), remark, known, found)
    return units


def _models(data: LegacyData, known: Known, found: Findings) -> list[PlannedModel]:
    models = []
    for word in dict.fromkeys(item_type(row) for row in data.items):
        model = MODELS.get(word)
        if model is None:
            text = f"Item type '{word}' is not known, and nothing says what kind of weapon it is: its items are set aside."
            found.say(decide(ITEM_TYPES, word, Outcome.SET_ASIDE, Remark("UNKNOWN_ITEM_TYPE", text)))
            continue
        models.append(model)
        remark = Remark("MODEL_IMPORTED", f"Item type '{word}' comes in as {model.nomenclature} of {model.manufacturer}.", notable=False)
        if model.manufacturer == UNKNOWN_MANUFACTURER:
            text = (
                f"Item type '{word}' comes in as {model.nomenclature} of the manufacturer UNKNOWN: the old system did not keep the maker."
            )
            remark = Remark("MANUFACTURER_UNKNOWN", text)
        known_id = known.models.get((name_key(model.nomenclature), model.manufacturer_key))
        _say_word(ITEM_TYPES, word, model.source, known_id, remark, known, found)
    return models


def _purposes(data: LegacyData, known: Known, found: Findings) -> dict[str, PlannedPurpose]:
    purposes: dict[str, PlannedPurpose] = {}
    for row in data.transactions:
        code, name = purpose_code(row.duty_type), (row.duty_type or "").strip()
        if code and code not in purposes:
            purposes[code] = purpose = PlannedPurpose(source(DUTY_TYPES, code), code, name)
            remark = Remark("PURPOSE_IMPORTED", f"Duty type '{name}' comes in as the purpose {code}.", notable=False)
            _say_word(DUTY_TYPES, name, purpose.source, known.purposes.get(code), remark, known, found)
    return purposes


def _say_word(table: str, word: str, ref: str, known_id: str | None, remark: Remark, known: Known, found: Findings) -> None:
    """The decision on a word in the old rows that is a thing of its own here."""
    if ref in known.sources:
        found.links[ref] = known.sources[ref]
        found.say(decide(table, word, Outcome.ALREADY_IMPORTED, already(f"'{word}'")))
    elif known_id is not None:
        found.links[ref] = known_id
        there = Remark("ALREADY_ON_FILE", f"'{word}' is in ArmGuard already and is used as it is there.", notable=False)
        found.say(decide(table, word, Outcome.MERGED, there))
    else:
        found.say(decide(table, word, Outcome.IMPORTED, remark))


def _tell_all(
    data: LegacyData, items: Sequence[ItemCase], aside: Mapping[str, Remark], cast: Cast, known: Known, found: Findings
) -> dict[str, Told]:
    """Every weapon's history, by the source of its item, and a decision on every row of `transactions`."""
    rows_of: dict[str, list[LegacyTransaction]] = defaultdict(list)
    for row in data.transactions:
        rows_of[row.item_id].append(row)
    imported = frozenset(rows_imported(known.sources, TRANSACTIONS))
    told = {}
    for case in items:
        rows = [row for item in case.rows for row in rows_of.pop(item.id, ())]
        told[case.source] = tell(case.weapon, rows, cast)
        found.say(*(told[case.source].decisions if case.id is None else settled(told[case.source], imported)))
    for rows in rows_of.values():
        found.say(*(_stray(row, row is rows[-1], aside.get(row.item_id), cast.hands.get(row.personnel_id)) for row in rows))
    return told


def _stray(row: LegacyTransaction, last: bool, item_aside: Remark | None, hand: Hand | None) -> Decision:
    """A row of an item that did not come in; if it is its last and a take, somebody still has the weapon."""
    who = hand.label if hand else f"'{row.personnel_id}'"
    text = f"Row {row.id} ({row.action} of '{row.item_id}' by {who} on {when(row.date_time)}) is set aside, "
    text += f"because its item is: {item_aside.text}" if item_aside else "because no such item is in the old system."
    remarks = [Remark("ITEM_SET_ASIDE" if item_aside else "ITEM_UNKNOWN", text)]
    if last and row.action.strip().lower() == "take":
        remarks.append(Remark("STILL_OUT", f"By the old record {who} still has it."))
    return decide(
        TRANSACTIONS, row.id, Outcome.SET_ASIDE, *remarks, item=row.item_id, person=who, action=row.action, at=when(row.date_time)
    )


def _say_limits(records: Sequence[PlannedRecord], items: Sequence[ItemCase], hands: Iterable[Hand], terms: Terms, found: Findings) -> None:
    """A person may not hold more of a slot than the policy allows; what they hold comes in all the same, and is reported."""
    weapons = {case.source: case.weapon for case in items}
    names = {hand.ref: hand.label for hand in hands}
    held: dict[tuple[str, str], list[PlannedRecord]] = defaultdict(list)
    for record in records:
        held[record.holder, weapons[record.item].slot].append(record)
    for (holder, slot), theirs in held.items():
        limit = terms.per_slot.get(weapons[theirs[0].item].slot)
        if limit is None or len(theirs) <= limit:
            continue
        labels = ", ".join(weapons[record.item].label for record in theirs)
        text = f"{names[holder]} holds {len(theirs)} items of the slot {slot}, where the limit is {limit}: {labels}. All stay open."
        for record in theirs:
            found.also(TRANSACTIONS, str(record.details["rows"]), Remark("OVER_LIMIT", text))
