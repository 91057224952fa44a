"""Writing a row together with the event that explains it: what the ledger says is what was written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from tortoise.models import Model

from graph.audit.ledger import Event, changes_since
from graph.errors import Refusal, RefusalCode, Refused
from graph.models.accounts import Account
from graph.rules.versions import stale
from graph.words import EventType, Subject

M = TypeVar("M", bound=Model)

# What a row is called in the summary of an event.
LABELS = {
    "unit": "{0.code}, {0.name}",
    "armory": "{0.code}, {0.name}",
    "person": "{0.rank} {0.family_name}, {0.given_names} ({0.service_number})",
    "item_model": "{0.nomenclature} of {0.manufacturer}",
    "item": "{0.serial}",
    "tag": "{0.code}",
    "purpose": "{0.code}, {0.name}",
    "issue_authorization": "from {0.valid_from}",
    "qualification": "{0.code}",
    "stock_lot": "{0.article}, lot {0.lot_number}",
    "account": "{0.username}",
    "operation": "{0.name}",
}
SECRET = frozenset({"password_hash", "pin_hash"})


def row_of(instance: Model) -> dict[str, Any]:
    """The columns of a row as the ledger has them."""
    columns = type(instance)._meta.fields_db_projection
    return {column: getattr(instance, name) for name, column in columns.items() if column not in SECRET}


async def register(instance: Model, stream: str, type_: EventType, subject: Subject, facts: Mapping[str, Any], **about: Any) -> Event:
    """Save a new row and say so."""
    await instance.save(force_create=True)
    table = instance._meta.db_table
    return Event(stream, type_, subject, instance.pk, summary_of(type_, instance), {table: row_of(instance), **facts}, **about)


def altered(row: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A change of a locked row, one version further, as the ledger has it."""
    before = {name: row[name] for name in ("version", *changes)}
    return {"id": row["id"], "before": before, "after": {**changes, "version": before["version"] + 1}}


def alter(instance: Model, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Change a locked row in memory, one version further, and give the change as the ledger has it."""
    before = {name: getattr(instance, name) for name in ("version", *changes) if name not in SECRET}
    instance.update_from_dict({**changes, "version": before["version"] + 1})
    after = {name: getattr(instance, name) for name in before}
    return {"id": instance.pk, "before": before, "after": after}


async def change(
    instance: Model, changes: Mapping[str, Any], stream: str, type_: EventType, subject: Subject, facts: Mapping[str, Any], **about: Any
) -> Event:
    """Save the changes of a locked row and say so.

    Raises:
        Refused: nothing would change.
    """
    changes = {name: value for name, value in changes.items() if getattr(instance, name) != value}
    if not changes:
        raise Refused([Refusal(RefusalCode.INVALID_VALUE, "This changes nothing: it is so already.")])
    table = instance._meta.db_table
    altered = alter(instance, changes)
    await instance.save(update_fields=["version", *changes])
    return Event(stream, type_, subject, instance.pk, summary_of(type_, instance), {table: altered, **facts}, **about)


def summary_of(type_: EventType, instance: Model) -> str:
    """What happened to a row, in a few words."""
    return f"{type_.value.replace('_', ' ').capitalize()}: {LABELS[instance._meta.db_table].format(instance)}."


def given(**fields: Any) -> dict[str, Any]:
    """The fields that an edit names: what is None was not given."""
    return {name: value for name, value in fields.items() if value is not None}


async def lock_row(model: type[M], row_id: UUID, expected_version: int | None = None) -> M:
    """One row under its lock.

    Raises:
        Refused: there is no such row, or it has changed since the expected version.
    """
    row = await model.filter(id=row_id).select_for_update(no_key=True).get_or_none()
    noun = model._meta.db_table.replace("_", " ").replace("armory", "arms room")
    if row is None:
        raise Refused([Refusal(RefusalCode.UNKNOWN_CODE, f"There is no such {noun}.", path="id")])
    version: int = getattr(row, "version")  # noqa: B009 - every model here has one
    if expected_version is not None and expected_version != version:
        changes = await changes_since(row_id, version - expected_version)
        message = stale(f"This {noun}", expected_version, version, changes)
        refusal = Refusal(RefusalCode.VERSION_CONFLICT, message, path="expectedVersion", current_version=version, changed=changes)
        raise Refused([refusal])
    return row


async def account_named(username: str) -> Account:
    """The account with this name.

    Raises:
        Refused: there is none.
    """
    account = await Account.get_or_none(username_key=username.strip().lower())
    if account is None:
        raise Refused([Refusal(RefusalCode.UNKNOWN_CODE, f"There is no account {username}.", path="username")])
    return account
