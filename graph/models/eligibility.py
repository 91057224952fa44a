"""Who may draw what: lines of the master authorization list, and qualifications."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from graph.models.items import Item, ItemModel
from graph.models.people import Person


class Authorization(Model):
    """A line of the master authorization list: a person may draw an item, or any item of a nomenclature, from a date, perhaps until one.

    With a `card_number` it is a weapons card (DA Form 3749): surrendered against the weapon, and given back for it.
    """

    id = fields.UUIDField(primary_key=True)
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField("models.Person", on_delete=fields.RESTRICT)
    model: fields.ForeignKeyNullableRelation[ItemModel] = fields.ForeignKeyField("models.ItemModel", null=True, on_delete=fields.RESTRICT)
    item: fields.ForeignKeyNullableRelation[Item] = fields.ForeignKeyField("models.Item", null=True, on_delete=fields.RESTRICT)
    valid_from: date = fields.DateField()
    valid_until: date | None = fields.DateField(null=True)
    card_number = fields.CharField(max_length=64, null=True)
    revoked_at: datetime | None = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    person_id: UUID
    model_id: UUID | None
    item_id: UUID | None

    class Meta:
        table = "issue_authorization"


class Qualification(Model):
    """What a person has shown to be able to do, under a code that nomenclatures can require, from a date, perhaps until one."""

    id = fields.UUIDField(primary_key=True)
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField("models.Person", on_delete=fields.RESTRICT)
    code = fields.CharField(max_length=32)
    qualified_on: date = fields.DateField()
    expires_on: date | None = fields.DateField(null=True)
    revoked_at: datetime | None = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    person_id: UUID

    class Meta:
        table = "qualification"
