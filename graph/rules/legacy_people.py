"""The old system's people and accounts: which rows are one person, and what becomes of each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graph.rules.legacy_decisions import Findings, Outcome, Remark, already, decide
from graph.rules.legacy_rows import (
    Known,
    LegacyData,
    LegacyPerson,
    LegacyUser,
    PlannedAccount,
    PlannedPerson,
    PlannedUnit,
    name_key,
    rows_imported,
    source,
)
from graph.rules.legacy_spells import Hand, Issuer
from graph.rules.people import service_number_key
from graph.words import DutyStatus, PersonCategory, Role

PEOPLE, USERS = "personnel", "auth_user"
NO_UNIT = "UNASSIGNED"
STATUSES = {
    "active": DutyStatus.ACTIVE,
    "suspended": DutyStatus.SUSPENDED,
    "inactive": DutyStatus.INACTIVE,
    "archived": DutyStatus.SEPARATED,
}
CATEGORIES = {"officer": PersonCategory.OFFICER, "enlisted personnel": PersonCategory.ENLISTED}
ROLES = {"armorer": Role.ARMORER, "admin": Role.ADMIN}
USERNAME_LENGTH = 64


@dataclass(frozen=True)
class PersonCase:
    """Rows that are one person; the first one stands. `id` is the person's if they are in ArmGuard already."""

    source: str
    key: str
    id: str | None
    rows: tuple[LegacyPerson, ...]

    @property
    def label(self) -> str:
        return full_name(self.rows[0])

    @property
    def deleted(self) -> bool:
        return all(_is_gone(row) for row in self.rows)

    @property
    def duty_status(self) -> DutyStatus:
        return DutyStatus.SEPARATED if self.deleted else STATUSES.get(_word(self.rows[0].status), DutyStatus.INACTIVE)


def people_of(data: LegacyData, known: Known) -> tuple[list[PersonCase], dict[str, Remark]]:
    """The people, and the rows that cannot be one. Of rows for one person, one not deleted stands, then the one with the most history."""
    aside: dict[str, Remark] = {}
    groups: dict[str, list[LegacyPerson]] = defaultdict(list)
    for row in data.people:
        try:
            groups[service_number_key(row.serial)].append(row)
        except ValueError:
            aside[row.id] = Remark("SERVICE_NUMBER_BLANK", f"{full_name(row)} has no service number (row {row.id}) and is set aside.")
    busy = Counter(row.personnel_id for row in data.transactions)
    cases = []
    for key, rows in groups.items():
        rows.sort(key=lambda row: (_is_gone(row), -busy[row.id], row.id))
        first = rows[0]
        same = tuple(row for row in rows if name_key(row.surname) == name_key(first.surname))
        case = PersonCase(source(PEOPLE, *(row.id for row in same)), key, None, same)
        aside |= {row.id: _number_of_another(row, full_name(first)) for row in rows if row not in same}
        known_id = known.sources.get(case.source) or known.people.get(key)
        their_name = known.family_names.get(known_id or "", first.surname)
        if case.source not in known.sources and name_key(their_name) != name_key(first.surname):
            aside |= {row.id: _number_of_another(row, f"{their_name}, who is in ArmGuard already,") for row in same}
        else:
            cases.append(PersonCase(case.source, key, known_id, same))
    return cases, aside


def _number_of_another(row: LegacyPerson, other: str) -> Remark:
    text = (
        f"{full_name(row)} (row {row.id}) has the service number of {other} and another "
        "name. Whose it is is not known: the row is set aside."
    )
    return Remark("SERVICE_NUMBER_OF_ANOTHER", text)


def hands_of(people: Sequence[PersonCase], aside: Mapping[str, Remark], data: LegacyData, known: Known) -> dict[str, Hand]:
    """Each person row as the history needs it."""
    hands = {row.id: Hand("", full_name(row), DutyStatus.INACTIVE, problem=aside[row.id]) for row in data.people if row.id in aside}
    for case in people:
        hand = Hand(case.source, case.label, case.duty_status, case.deleted, separated=case.id in known.separated)
        hands |= {row.id: hand for row in case.rows}
    return hands


def say_people(people: Sequence[PersonCase], aside: Mapping[str, Remark], holders: set[str], known: Known, found: Findings) -> None:
    """One decision on every row; `holders` are the people who hold an item when all is in."""
    imported = rows_imported(known.sources, PEOPLE)
    for row_id, remark in aside.items():
        found.say(decide(PEOPLE, row_id, Outcome.SET_ASIDE, remark))
    for case in people:
        if case.id is None:
            _say_person(case, case.source in holders, found)
            continue
        found.links[case.source] = case.id
        for row in case.rows:
            if imported.get(row.id) == case.id:
                found.say(decide(PEOPLE, row.id, Outcome.ALREADY_IMPORTED, already(case.label)))
            else:
                there = Remark(
                    "PERSON_ALREADY_ON_FILE", f"{full_name(row)} (row {row.id}) is in ArmGuard already, and is left as it is there."
                )
                found.say(decide(PEOPLE, row.id, Outcome.MERGED, there, into=case.id))


def _say_person(case: PersonCase, holds: bool, found: Findings) -> None:
    row, who = case.rows[0], case.label
    remarks = [Remark("PERSON_IMPORTED", f"{who} comes in.", notable=False)]
    if case.deleted and holds:
        text = f"{who} was deleted, but still holds an item: the status is INACTIVE, and SEPARATED can follow when it is back."
        remarks.append(Remark("DELETED_WHILE_HOLDING", text))
    if not case.deleted and _word(row.status) not in STATUSES:
        remarks.append(Remark("UNKNOWN_PERSON_STATUS", f"The status '{row.status}' of {who} is not known: it is INACTIVE here."))
    if _word(row.classification) not in CATEGORIES:
        text = f"The classification '{row.classification}' of {who} does not say officer or enlisted: it is CIVILIAN here."
        remarks.append(Remark("CATEGORY_UNKNOWN", text))
    if not row.group.strip():
        remarks.append(Remark("NO_UNIT", f"{who} has no group: the unit is {NO_UNIT}."))
    found.say(decide(PEOPLE, row.id, Outcome.IMPORTED, *remarks, service_number=row.serial.strip()))
    for other in case.rows[1:]:
        text = (
            f"{full_name(other)} (row {other.id}) is the same person as {who} (row {row.id}), "
            f"by service number and family name: row {row.id} stands."
        )
        found.say(decide(PEOPLE, other.id, Outcome.MERGED, Remark("PERSON_MERGED", text), into=row.id))


def planned_person(case: PersonCase, units: Mapping[str, PlannedUnit], holds: bool) -> PlannedPerson:
    """A person who holds an item cannot be SEPARATED (INV-7): whoever was deleted while holding one is INACTIVE."""
    row, status = case.rows[0], case.duty_status
    initial = (row.middle_initial or "").strip().rstrip(".")
    return PlannedPerson(
        source=case.source,
        service_number=row.serial.strip(),
        service_number_key=case.key,
        rank=(row.rank or "").strip(),
        family_name=row.surname.strip(),
        given_names=f"{row.firstname.strip()} {initial}.".strip() if initial else row.firstname.strip(),
        unit=units[unit_code(row)].source,
        category=CATEGORIES.get(_word(row.classification), PersonCategory.CIVILIAN),
        duty_status=DutyStatus.INACTIVE if holds and status is DutyStatus.SEPARATED else status,
    )


def accounts_of(
    data: LegacyData, known: Known, person_refs: Mapping[str, str], found: Findings
) -> tuple[tuple[PlannedAccount, ...], dict[int, Issuer]]:
    """The accounts, and who issued. A username that ArmGuard has from elsewhere may be somebody else's: nothing is added to it."""
    people = {row.user_id: person_refs.get(row.id) for row in data.people if row.user_id is not None}
    planned: list[PlannedAccount] = []
    issuers: dict[int, Issuer] = {}
    taken = dict.fromkeys(known.accounts, "that of an account in ArmGuard already")
    for user in data.users:
        name, ref = user.username.strip(), source(USERS, user.id)
        issuers[user.id] = Issuer(ref, name)
        if ref in known.sources:
            found.links[ref] = known.sources[ref]
            found.say(decide(USERS, user.id, Outcome.ALREADY_IMPORTED, already(f"The account {name}")))
            continue
        trouble = "blank" if not name else "too long" if len(name) > USERNAME_LENGTH else taken.get(name.lower())
        if trouble:
            issuers[user.id] = Issuer(None, name)
            text = f"The username '{name}' is {trouble}: the account (row {user.id}) is set aside, and its acts keep the name as text only."
            found.say(decide(USERS, user.id, Outcome.SET_ASIDE, Remark("USERNAME_NOT_FREE", text)))
            continue
        taken[name.lower()] = "that of another account in the old system"
        roles, remarks = _roles(user)
        planned.append(PlannedAccount(ref, name, roles, people.get(user.id)))
        text = f"The account {name} comes in DISABLED with {', '.join(roles) or 'no role'}, until it is given a password."
        found.say(decide(USERS, user.id, Outcome.IMPORTED, Remark("ACCOUNT_IMPORTED", text, notable=False), *remarks))
    return tuple(planned), issuers


def _roles(user: LegacyUser) -> tuple[tuple[Role, ...], list[Remark]]:
    roles = [ROLES[_word(group)] for group in user.groups if _word(group) in ROLES]
    remarks = [
        Remark("UNKNOWN_GROUP", f"{user.username} was in the group '{group}', which gives no role here.")
        for group in user.groups
        if _word(group) not in ROLES
    ]
    if user.is_superuser:
        roles.append(Role.ADMIN)
        remarks.append(Remark("SUPERUSER", f"{user.username} was a superuser: it is ADMIN here, which has no custody powers by itself."))
    if not user.is_active:
        remarks.append(
            Remark("ACCOUNT_WAS_CLOSED", f"{user.username} was closed in the old system: give it a password only if it shall work again.")
        )
    if not roles:
        remarks.append(Remark("NO_ROLE", f"{user.username} has no role and may do nothing until it is given one."))
    return tuple(dict.fromkeys(roles)), remarks


def unit_code(row: LegacyPerson) -> str:
    return name_key(row.group) or NO_UNIT


def full_name(row: LegacyPerson) -> str:
    return f"{row.rank or ''} {row.surname}, {row.firstname} ({row.serial.strip()})".strip()


def _is_gone(row: LegacyPerson) -> bool:
    return row.is_deleted or _word(row.status) == "archived"


def _word(text: str) -> str:
    return text.strip().lower()
