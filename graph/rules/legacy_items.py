"""The old system's weapons and labels: which rows are one weapon, what becomes of each, and what each label names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graph.rules.items import serial_key
from graph.rules.legacy_decisions import Findings, Outcome, Remark, already, decide
from graph.rules.legacy_history import Told
from graph.rules.legacy_people import PEOPLE
from graph.rules.legacy_rows import Known, LegacyData, LegacyItem, LegacyTag, PlannedItem, PlannedModel, PlannedTag, rows_imported, source
from graph.rules.legacy_spells import Weapon
from graph.words import CustodyState, ItemCategory, Serviceability, Slot

ITEMS, TAGS, ITEM_TYPES = "items", "qr_codes", "item_type"
UNKNOWN_MANUFACTURER = "UNKNOWN"
MODELS = {
    item_type: PlannedModel(source(ITEM_TYPES, item_type), nomenclature, manufacturer, category, slot, caliber)
    for item_type, nomenclature, manufacturer, category, slot, caliber in (
        ("M16", "M16", UNKNOWN_MANUFACTURER, ItemCategory.RIFLE, Slot.LONG_GUN, "5.56x45mm"),
        ("M4", "M4", UNKNOWN_MANUFACTURER, ItemCategory.CARBINE, Slot.LONG_GUN, "5.56x45mm"),
        ("M14", "M14", UNKNOWN_MANUFACTURER, ItemCategory.RIFLE, Slot.LONG_GUN, "7.62x51mm"),
        ("GLOCK", "GLOCK", "Glock", ItemCategory.PISTOL, Slot.SIDEARM, "9x19mm"),
        ("45", "PISTOL .45", UNKNOWN_MANUFACTURER, ItemCategory.PISTOL, Slot.SIDEARM, ".45 ACP"),
    )
}
CONDITIONS = {
    "good": Serviceability.SERVICEABLE,
    "fair": Serviceability.SERVICEABLE,
    "poor": Serviceability.LIMITED,
    "damaged": Serviceability.UNSERVICEABLE,
}
WORST_FIRST = (Serviceability.QUARANTINED, Serviceability.UNSERVICEABLE, Serviceability.LIMITED, Serviceability.SERVICEABLE)
MOST_CAREFUL_FIRST = ("issued", "maintenance", "available", "retired")
"""Of several statuses of one weapon, which one stands: one that is not known before all of these, and the end of its life last."""


@dataclass(frozen=True)
class ItemCase:
    """Rows that are one weapon; the first one stands. `id` is the item's if it is in ArmGuard already."""

    source: str
    key: str
    id: str | None
    rows: tuple[LegacyItem, ...]
    model: PlannedModel

    @property
    def weapon(self) -> Weapon:
        conditions = [CONDITIONS.get(_word(row.condition), Serviceability.QUARANTINED) for row in self.rows]
        statuses = sorted((_word(row.status) for row in self.rows), key=lambda word: (*MOST_CAREFUL_FIRST, word).index(word))
        strange = [word for word in statuses if word not in MOST_CAREFUL_FIRST]
        worst = min(conditions, key=WORST_FIRST.index)
        return Weapon(self.source, item_name(self.rows[0], self.model), self.model.slot, worst, (strange or statuses)[0])


def items_of(data: LegacyData, known: Known) -> tuple[list[ItemCase], dict[str, Remark]]:
    """The weapons, and the rows that cannot be one. Of rows for one weapon, the one with the most history stands, then the older one."""
    aside: dict[str, Remark] = {}
    groups: dict[tuple[str, str], list[LegacyItem]] = defaultdict(list)
    for row in data.items:
        model = MODELS.get(item_type(row))
        if model is None:
            text = f"The item '{row.serial}' (row {row.id}) is set aside: its type '{row.item_type}' is not known."
            aside[row.id] = Remark("UNKNOWN_ITEM_TYPE", text)
            continue
        try:
            groups[model.manufacturer_key, serial_key(row.serial)].append(row)
        except ValueError:
            aside[row.id] = Remark("SERIAL_BLANK", f"The {model.nomenclature} of row {row.id} has no serial and is set aside.")
    busy = Counter(row.item_id for row in data.transactions)
    cases = []
    for (manufacturer, key), rows in groups.items():
        rows.sort(key=lambda row: (-busy[row.id], row.created_at, row.id))
        first = rows[0]
        same = tuple(row for row in rows if item_type(row) == item_type(first))
        aside |= {row.id: _serial_of_another_model(row, first) for row in rows if row not in same}
        name = source(ITEMS, *(row.id for row in same))
        known_id = known.sources.get(name) or known.items.get((manufacturer, key))
        cases.append(ItemCase(name, key, known_id, same, MODELS[item_type(first)]))
    return cases, aside


def _serial_of_another_model(row: LegacyItem, first: LegacyItem) -> Remark:
    return Remark(
        "SERIAL_OF_ANOTHER_MODEL",
        f"{item_name(row)} (row {row.id}) has the serial of {item_name(first)} (row {first.id}), "
        "and without the makers nothing says whether the two "
        "are one weapon. The row is set aside: look at the weapon, and register it by hand.",
    )


def say_items(items: Sequence[ItemCase], aside: Mapping[str, Remark], told: Mapping[str, Told], known: Known, found: Findings) -> None:
    """One decision on every row."""
    imported = rows_imported(known.sources, ITEMS)
    for row_id, remark in aside.items():
        found.say(decide(ITEMS, row_id, Outcome.SET_ASIDE, remark))
    for case in items:
        if case.id is None:
            _say_item(case, told[case.source], found)
            continue
        found.links[case.source] = case.id
        for row in case.rows:
            if imported.get(row.id) == case.id:
                found.say(decide(ITEMS, row.id, Outcome.ALREADY_IMPORTED, already(case.weapon.label)))
            else:
                text = f"{item_name(row)} (row {row.id}) is on ArmGuard's book already, and is left as it is there."
                found.say(decide(ITEMS, row.id, Outcome.MERGED, Remark("ITEM_ALREADY_ON_BOOK", text), into=case.id))
    _say_leading_zeros(items, found)


def _say_item(case: ItemCase, told: Told, found: Findings) -> None:
    row, weapon = case.rows[0], case.weapon
    text = f"{weapon.label} comes in as {told.state}, {weapon.serviceability}."
    remarks = [Remark("ITEM_IMPORTED", text, notable=False), *told.state_remarks]
    if weapon.serviceability is Serviceability.QUARANTINED:
        conditions = ", ".join(f"'{row.condition}'" for row in case.rows)
        remarks.append(
            Remark("UNKNOWN_CONDITION", f"The condition {conditions} of {weapon.label} is not known: inspect it before it is issued.")
        )
    found.say(decide(ITEMS, row.id, Outcome.IMPORTED, *remarks, serial=row.serial, state=told.state.value))
    for other in case.rows[1:]:
        text = (
            f"'{other.serial}' (row {other.id}) is the serial '{row.serial}' (row {row.id}) in "
            "another spelling, of the same type: they are one weapon. "
            f"Row {row.id} stands, the history and any labels of both are joined."
        )
        if (_word(other.status), _word(other.condition)) != (_word(row.status), _word(row.condition)):
            text += (
                f" The rows differ in status or condition; it comes in as {told.state}, "
                f"{weapon.serviceability}, the more careful of the two."
            )
        found.say(decide(ITEMS, other.id, Outcome.MERGED, Remark("SERIAL_MERGED", text), serial=other.serial, into=row.id))


def _say_leading_zeros(items: Sequence[ItemCase], found: Findings) -> None:
    """Serials that differ in leading zeros only are two weapons, and easily mistaken for each other."""
    alike: dict[tuple[str, str], list[ItemCase]] = defaultdict(list)
    for case in items:
        alike[case.model.manufacturer_key, case.key.lstrip("0")].append(case)
    for case in (case for cases in alike.values() if len(cases) > 1 for case in cases if case.id is None):
        others = alike[case.model.manufacturer_key, case.key.lstrip("0")]
        names = " and ".join(other.weapon.label for other in others if other is not case)
        text = f"The serial of {case.weapon.label} differs from {names} in leading zeros only: both are kept, as different weapons."
        found.also(ITEMS, case.rows[0].id, Remark("LEADING_ZEROS", text))


def planned_item(case: ItemCase, told: Told) -> PlannedItem:
    return PlannedItem(
        source=case.source,
        model=case.model.source,
        manufacturer_key=case.model.manufacturer_key,
        serial=case.rows[0].serial.strip(),
        serial_key=case.key,
        state=told.state,
        serviceability=case.weapon.serviceability,
        rounds_fired=sum(record.rounds_fired or 0 for record in told.history),
        discrepancy=" ".join(remark.text for remark in told.state_remarks) if told.state is CustodyState.MISSING else None,
    )


@dataclass(frozen=True)
class Claim:
    """That a code names a target: said by a row of `qr_codes`, or by the label column of the target's own row."""

    code: str
    target: str
    row: LegacyTag | None
    table: str = ""
    row_id: str = ""


Imported = tuple[Mapping[str, str], frozenset[str]]
"""The rows of `qr_codes` that came in earlier, each with the id of its tag; and the ids of all that came in earlier."""


def tags_of(
    data: LegacyData, known: Known, person_refs: Mapping[str, str], item_refs: Mapping[str, str], found: Findings
) -> tuple[PlannedTag, ...]:
    """The labels. A code names one target for ever: one that is claimed for two names neither."""
    claims = _claims(data, person_refs, item_refs, found)
    imported = rows_imported(known.sources, TAGS), frozenset(known.sources.values())
    planned = [tag for same in claims.values() if (tag := _tag(same, known, imported, found))]
    labelled = {claim.target for same in claims.values() for claim in same}
    for row in data.items:
        ref = item_refs.get(row.id)
        if ref is not None and ref not in labelled and found.decisions[ITEMS, row.id].outcome is Outcome.IMPORTED:
            remark = Remark("NO_LABEL", f"No label of {item_name(row)} is on record: print one, or find it by its serial.")
            found.also(ITEMS, row.id, remark)
    return tuple(planned)


def _claims(data: LegacyData, person_refs: Mapping[str, str], item_refs: Mapping[str, str], found: Findings) -> dict[str, list[Claim]]:
    """Every claim, by code; rows of `qr_codes` that name nothing are set aside."""
    claims: dict[str, list[Claim]] = defaultdict(list)
    for row in data.tags:
        refs = {"item": item_refs, "personnel": person_refs}.get(_word(row.qr_type), {})
        code, target = row.qr_data.strip(), refs.get(row.reference_id)
        if not code or target is None:
            reason = "has no code" if not code else f"names the {row.qr_type} '{row.reference_id}', which is unknown or set aside"
            text = f"The label '{code}' (row {row.id}) {reason}; it is set aside."
            found.say(decide(TAGS, row.id, Outcome.SET_ASIDE, Remark("LABEL_NAMES_NOTHING", text), code=code))
        else:
            claims[code].append(Claim(code, target, row))
    columns = [(ITEMS, row.id, row.qr_code.strip(), item_refs.get(row.id)) for row in data.items]
    columns += [(PEOPLE, row.id, row.qr_code.strip(), person_refs.get(row.id)) for row in data.people]
    for table, row_id, code, ref in columns:
        if code and ref is not None:
            claims[code].append(Claim(code, ref, None, table, row_id))
    return claims


def _tag(claims: Sequence[Claim], known: Known, imported: Imported, found: Findings) -> PlannedTag | None:
    """One code: the tag to write, if there is one, and a decision on every row that claims it."""
    first, rows = claims[0], [claim.row for claim in claims if claim.row]
    name = source(TAGS, *(row.id for row in rows)) if rows else source(f"{first.table}.qr_code", first.row_id)
    known_id = known.sources.get(name) or known.tags.get(first.code)
    if len({claim.target for claim in claims}) > 1:
        targets = " and ".join(sorted({claim.target.removeprefix("legacy:") for claim in claims}))
        _set_label_aside(
            claims, "LABEL_NAMES_TWO", f"The label '{first.code}' is claimed for {targets}: it names neither. Print new ones.", found
        )
        return None
    if known_id is not None:
        _say_known_label(claims, known_id, imported, found)
        return None
    for place, row in enumerate(rows):
        if place == 0:
            remark = Remark("LABEL_IMPORTED", f"The label '{row.qr_data}' comes in.", notable=False)
            found.say(decide(TAGS, row.id, Outcome.IMPORTED, remark, code=first.code))
        else:
            remark = Remark(
                "LABEL_MERGED", f"The label '{row.qr_data}' (row {row.id}) is on record in row {rows[0].id} already, with the same target."
            )
            found.say(decide(TAGS, row.id, Outcome.MERGED, remark, code=first.code))
    if not rows:
        text = f"Its label '{first.code}' comes in from the row itself: the table of labels does not have it."
        found.also(first.table, first.row_id, Remark("LABEL_FROM_ROW", text))
    return PlannedTag(name, first.code, first.target, revoked=bool(rows) and not any(row.is_active and not row.deleted_at for row in rows))


def _say_known_label(claims: Sequence[Claim], known_id: str, imported: Imported, found: Findings) -> None:
    labels, things = imported
    if known_id not in things:
        text = f"The label '{claims[0].code}' is in ArmGuard already and keeps its target there: it is set aside."
        _set_label_aside(claims, "LABEL_NOT_FREE", text, found)
        return
    for row in (claim.row for claim in claims if claim.row):
        if labels.get(str(row.id)) == known_id:
            found.say(decide(TAGS, row.id, Outcome.ALREADY_IMPORTED, already(f"The label '{row.qr_data}'")))
        else:
            remark = Remark("LABEL_MERGED", f"The label '{row.qr_data}' (row {row.id}) came in earlier from another row.")
            found.say(decide(TAGS, row.id, Outcome.MERGED, remark))


def _set_label_aside(claims: Sequence[Claim], code: str, text: str, found: Findings) -> None:
    remark = Remark(code, text)
    for claim in claims:
        if claim.row:
            found.say(decide(TAGS, claim.row.id, Outcome.SET_ASIDE, remark, code=claim.code))
        elif found.decisions[claim.table, claim.row_id].outcome is not Outcome.ALREADY_IMPORTED:
            found.also(claim.table, claim.row_id, remark)


def item_name(row: LegacyItem, model: PlannedModel | None = None) -> str:
    model = model or MODELS.get(item_type(row))
    return f"{model.nomenclature if model else row.item_type} {row.serial.strip()}"


def item_type(row: LegacyItem) -> str:
    return row.item_type.strip().upper()


def _word(text: str) -> str:
    return text.strip().lower()
