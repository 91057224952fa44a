"""What the old system's database holds, what ArmGuard holds already, and what a plan to bring the one into the other says.

Nouns only; `graph.rules.legacy` has the rules. A row is named by its **source**, `legacy:table:id` (several ids joined by `+`): every
entity and record of a plan carries one, refers to others by theirs, and is recognised by it when the same file comes in again.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from graph.rules.keys import number_key
from graph.rules.legacy_decisions import Decision, Fact
from graph.words import (
    AccountState,
    CustodyState,
    DutyStatus,
    IssueType,
    ItemCategory,
    PersonCategory,
    Role,
    Serviceability,
    Slot,
)


@dataclass(frozen=True)
class LegacyItem:
    """A row of `items`."""

    id: str
    item_type: str
    serial: str
    condition: str
    status: str
    qr_code: str
    created_at: str


@dataclass(frozen=True)
class LegacyPerson:
    """A row of `personnel`."""

    id: str
    surname: str
    firstname: str
    middle_initial: str | None
    rank: str | None
    serial: str
    group: str
    status: str
    classification: str
    is_deleted: bool
    qr_code: str
    user_id: int | None


@dataclass(frozen=True)
class LegacyTransaction:
    """A row of `transactions`. `date_time` is in UTC, or nothing where what is written there is no time."""

    id: int
    action: str
    date_time: datetime | None
    mags: int | None
    rounds: int | None
    duty_type: str | None
    notes: str | None
    item_id: str
    personnel_id: str
    issued_by_id: int | None
    transaction_mode: str


@dataclass(frozen=True)
class LegacyUser:
    """A row of `auth_user`, with the names of its groups."""

    id: int
    username: str
    is_superuser: bool
    is_active: bool
    groups: tuple[str, ...]


@dataclass(frozen=True)
class LegacyTag:
    """A row of `qr_codes`."""

    id: int
    qr_type: str
    reference_id: str
    qr_data: str
    is_active: bool
    deleted_at: str | None


@dataclass(frozen=True)
class LegacyData:
    """Every row that matters, each table in the order in which its rows were written."""

    items: tuple[LegacyItem, ...] = ()
    people: tuple[LegacyPerson, ...] = ()
    transactions: tuple[LegacyTransaction, ...] = ()
    users: tuple[LegacyUser, ...] = ()
    tags: tuple[LegacyTag, ...] = ()


@dataclass(frozen=True)
class Known:
    """What is in ArmGuard already: by key, and by the source of what came in earlier; every value is the id in ArmGuard.

    `units` by code, `models` by (`name_key(nomenclature)`, manufacturer key), `purposes` by code, `people` by service number
    key, `items` by (manufacturer key, serial key), `tags` by code, `accounts` by username key.
    """

    sources: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[tuple[str, str], str] = field(default_factory=dict)
    purposes: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[tuple[str, str], str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)
    family_names: Mapping[str, str] = field(default_factory=dict)
    """The family name of each person in `people`, by id."""
    separated: frozenset[str] = frozenset()
    """The ids of people who are SEPARATED: no open custody may be given to them (INV-7)."""


@dataclass(frozen=True)
class Terms:
    """The policy that open custody comes under: the limit of a TEMPORARY issue, and how many items a person may hold per slot."""

    temporary_limit: timedelta = timedelta(hours=24)
    per_slot: Mapping[Slot, int] = field(default_factory=lambda: {Slot.SIDEARM: 1, Slot.LONG_GUN: 1})


@dataclass(frozen=True)
class PlannedUnit:
    source: str
    code: str
    name: str


@dataclass(frozen=True)
class PlannedModel:
    source: str
    nomenclature: str
    manufacturer: str
    category: ItemCategory
    slot: Slot
    caliber: str

    @property
    def manufacturer_key(self) -> str:
        return number_key(self.manufacturer)


@dataclass(frozen=True)
class PlannedPurpose:
    source: str
    code: str
    name: str


@dataclass(frozen=True)
class PlannedPerson:
    source: str
    service_number: str
    service_number_key: str
    rank: str
    family_name: str
    given_names: str
    unit: str
    category: PersonCategory
    duty_status: DutyStatus


@dataclass(frozen=True)
class PlannedAccount:
    """It comes in DISABLED: it has no password until somebody gives it one."""

    source: str
    username: str
    roles: tuple[Role, ...]
    person: str | None
    state: AccountState = AccountState.DISABLED


@dataclass(frozen=True)
class PlannedItem:
    """`discrepancy` says why an item that comes in as MISSING must be looked for."""

    source: str
    model: str
    manufacturer_key: str
    serial: str
    serial_key: str
    state: CustodyState
    serviceability: Serviceability
    rounds_fired: int
    discrepancy: str | None


@dataclass(frozen=True)
class PlannedTag:
    """`target` is the source of a person or an item."""

    source: str
    code: str
    target: str
    revoked: bool


@dataclass(frozen=True)
class PlannedRecord:
    """Custody that is open: its take row is `source`. `details` holds what the rows say and no field of ArmGuard takes."""

    source: str
    item: str
    holder: str
    issue_type: IssueType
    purpose: str | None
    issued_at: datetime
    due_at: datetime | None
    issued_by: str | None
    condition_out: Serviceability
    note: str | None
    details: Mapping[str, Fact]


@dataclass(frozen=True)
class PlannedHistory(PlannedRecord):
    """Custody that is over: `source` names its take row and its return row."""

    closed_at: datetime
    closed_by: str | None
    brought_by: str
    brought_reason: str | None
    return_note: str | None
    rounds_fired: int | None


@dataclass(frozen=True)
class ImportPlan:
    """What to write, in this order, and one decision for every row. `links` gives the id of each source that is in ArmGuard already."""

    decisions: tuple[Decision, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    units: tuple[PlannedUnit, ...] = ()
    models: tuple[PlannedModel, ...] = ()
    purposes: tuple[PlannedPurpose, ...] = ()
    people: tuple[PlannedPerson, ...] = ()
    accounts: tuple[PlannedAccount, ...] = ()
    items: tuple[PlannedItem, ...] = ()
    tags: tuple[PlannedTag, ...] = ()
    history: tuple[PlannedHistory, ...] = ()
    open_records: tuple[PlannedRecord, ...] = ()

    @property
    def nothing_to_write(self) -> bool:
        return not any(
            (
                self.units,
                self.models,
                self.purposes,
                self.people,
                self.accounts,
                self.items,
                self.tags,
                self.history,
                self.open_records,
            )
        )


def source(table: str, *ids: str | int) -> str:
    """The name of what comes from these rows."""
    return f"legacy:{table}:{'+'.join(str(id) for id in ids)}"


def rows_imported(sources: Mapping[str, str], table: str) -> dict[str, str]:
    """The rows of a table that came in earlier, by id, each with the id in ArmGuard of what it became."""
    start = f"legacy:{table}:"
    names = {name.removeprefix(start): id for name, id in sources.items() if name.startswith(start)}
    return {row: id for rows, id in names.items() for row in (rows, *rows.split("+"))}


def name_key(name: str) -> str:
    """What makes two spellings of a name the same name: case and blanks do not count."""
    return " ".join(unicodedata.normalize("NFKC", name).upper().split())
