"""Purposes and the custody record: the receipt of one item in one person's hands."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model

from graph.models.accounts import Account
from graph.models.armory import Armory
from graph.models.items import Item
from graph.models.people import Person
from graph.words import CloseReason, IssueType, Serviceability


class Purpose(Model):
    """A duty type. `categories` empty means every category of item."""

    id = fields.UUIDField(primary_key=True)
    code = fields.CharField(max_length=32, unique=True)
    name = fields.CharField(max_length=128)
    categories: list[str] = ArrayField(element_type="text")
    default_issue_type = fields.CharEnumField(IssueType, max_length=16, default=IssueType.TEMPORARY)
    version = fields.IntField(default=1)

    class Meta:
        table = "purpose"


class CustodyRecord(Model):
    """Who holds which item, since when, by whose hand. Closed once, never changed after."""

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
    version = fields.IntField(default=1)

    armory_id: UUID
    item_id: UUID
    holder_id: UUID
    purpose_id: UUID | None
    issued_by_id: UUID | None
    closed_by_id: UUID | None
    brought_by_id: UUID | None

    class Meta:
        table = "custody_record"
