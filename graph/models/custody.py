"""Purposes and the custody record: the receipt of one item in one person's hands."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model

from graph import database
from graph.models.accounts import Account
from graph.models.armory import Armory
from graph.models.items import Item
from graph.models.people import Person
from graph.words import CloseReason, ConfirmationStage, IssueType, Serviceability


class Purpose(Model):
    """A duty type. `categories` empty means every category of item.

    `loadout` is what goes with an item of a category: entries of `category`, `article` and `quantity`. `due_hours` is when a temporary
    issue for it is due, if the arms room does not allow less.
    """

    id = fields.UUIDField(primary_key=True)
    code = fields.CharField(max_length=32, unique=True)
    name = fields.CharField(max_length=128)
    categories: list[str] = ArrayField(element_type="text")
    default_issue_type = fields.CharEnumField(IssueType, max_length=16, default=IssueType.TEMPORARY)
    due_hours: int | None = fields.IntField(null=True)
    loadout: list[dict[str, Any]] = fields.JSONField(default=list)
    version = fields.IntField(default=1)

    class Meta:
        table = "purpose"


class CustodyRecord(Model):
    """Who holds which item, since when, by whose hand. Closed once, never changed after.

    `overdue_since` is the due time of which the feed was told that it has passed. `weapons_card` lies in the arms room while the item is
    out. `returned_to` is the arms room that took the item in for its own.
    """

    id = fields.UUIDField(primary_key=True)
    receipt_number = fields.CharField(max_length=48, unique=True)
    receipt = fields.BigIntField()
    armory: fields.ForeignKeyRelation[Armory] = fields.ForeignKeyField("models.Armory", on_delete=fields.RESTRICT)
    item: fields.ForeignKeyRelation[Item] = fields.ForeignKeyField("models.Item", on_delete=fields.RESTRICT)
    holder: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField("models.Person", related_name="holdings", on_delete=fields.RESTRICT)
    issue_type = fields.CharEnumField(IssueType, max_length=16)
    purpose: fields.ForeignKeyNullableRelation[Purpose] = fields.ForeignKeyField("models.Purpose", null=True, on_delete=fields.RESTRICT)
    issued_at = fields.DatetimeField()
    due_at: datetime | None = fields.DatetimeField(null=True)
    issued_by: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "models.Account", null=True, related_name="issues", on_delete=fields.RESTRICT
    )
    condition_out = fields.CharEnumField(Serviceability, max_length=16)
    note: str | None = fields.TextField(null=True)
    closed_at: datetime | None = fields.DatetimeField(null=True)
    closed_by: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "models.Account", null=True, related_name="closings", on_delete=fields.RESTRICT
    )
    close_reason = fields.CharEnumField(CloseReason, max_length=16, null=True)
    condition_in = fields.CharEnumField(Serviceability, max_length=16, null=True)
    brought_by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", null=True, related_name="brought", on_delete=fields.RESTRICT
    )
    brought_reason: str | None = fields.TextField(null=True)
    return_note: str | None = fields.TextField(null=True)
    rounds_fired: int | None = fields.IntField(null=True)
    confirmation_required = fields.BooleanField(default=False)
    overdue_since: datetime | None = fields.DatetimeField(null=True)
    weapons_card = fields.CharField(max_length=64, null=True)
    returned_to: fields.ForeignKeyNullableRelation[Armory] = fields.ForeignKeyField(
        "models.Armory", null=True, related_name="taken_in", on_delete=fields.RESTRICT
    )
    version = fields.IntField(default=1)

    armory_id: UUID
    item_id: UUID
    holder_id: UUID
    purpose_id: UUID | None
    issued_by_id: UUID | None
    closed_by_id: UUID | None
    brought_by_id: UUID | None
    returned_to_id: UUID | None

    class Meta:
        table = "custody_record"


class Confirmation(Model):
    """The holder has confirmed a receipt with the PIN: that the item was drawn, or that it was given back."""

    id = fields.UUIDField(primary_key=True)
    record: fields.ForeignKeyRelation[CustodyRecord] = fields.ForeignKeyField("models.CustodyRecord", on_delete=fields.RESTRICT)
    armory: fields.ForeignKeyRelation[Armory] = fields.ForeignKeyField("models.Armory", on_delete=fields.RESTRICT)
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField("models.Person", on_delete=fields.RESTRICT)
    stage = fields.CharEnumField(ConfirmationStage, max_length=16)
    confirmed_at: datetime = fields.DatetimeField()

    record_id: UUID
    armory_id: UUID
    person_id: UUID

    class Meta:
        table = "confirmation"


class Regularisation(Model):
    """An arms room officer has looked at an emergency issue and set down why it was right, or what was done about it."""

    id = fields.UUIDField(primary_key=True)
    record: fields.ForeignKeyRelation[CustodyRecord] = fields.ForeignKeyField("models.CustodyRecord", on_delete=fields.RESTRICT)
    armory: fields.ForeignKeyRelation[Armory] = fields.ForeignKeyField("models.Armory", on_delete=fields.RESTRICT)
    note = fields.TextField()
    regularised_at: datetime = fields.DatetimeField()
    regularised_by: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "models.Account", null=True, on_delete=fields.RESTRICT
    )

    record_id: UUID
    armory_id: UUID
    regularised_by_id: UUID | None

    class Meta:
        table = "regularisation"


async def newly_overdue(most: int) -> list[UUID]:
    """Items whose receipts are due by now without that having been told, those that were due first first."""
    rows = await database.fetch(
        "SELECT item_id FROM custody_record WHERE closed_at IS NULL AND due_at IS DISTINCT FROM overdue_since AND due_at <= now() "
        "ORDER BY due_at LIMIT $1",
        most,
    )
    return [row["item_id"] for row in rows]
