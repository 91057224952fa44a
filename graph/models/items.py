"""Nomenclatures, serial-numbered items and the tags on them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tortoise import fields
from tortoise.models import Model
from tortoise.queryset import QuerySet

from graph.models.armory import Armory
from graph.models.people import Person
from graph.words import CustodyState, ItemCategory, Serviceability, Slot


class ItemModel(Model):
    """A nomenclature of one manufacturer."""

    id = fields.UUIDField(primary_key=True)
    nomenclature = fields.CharField(max_length=128)
    manufacturer = fields.CharField(max_length=128)
    manufacturer_key = fields.CharField(max_length=128)
    category = fields.CharEnumField(ItemCategory, max_length=16)
    slot = fields.CharEnumField(Slot, max_length=16)
    caliber = fields.CharField(max_length=64, null=True)
    nsn = fields.CharField(max_length=32, null=True)
    required_qualification = fields.CharField(max_length=32, null=True)
    version = fields.IntField(default=1)

    class Meta:
        table = "item_model"


class Item(Model):
    """One serial-numbered, sensitive item. `serial_key` is unique per manufacturer for ever; `state` says where it is."""

    id = fields.UUIDField(primary_key=True)
    model: fields.ForeignKeyRelation[ItemModel] = fields.ForeignKeyField("models.ItemModel", on_delete=fields.RESTRICT)
    manufacturer_key = fields.CharField(max_length=128)
    serial = fields.CharField(max_length=64)
    serial_key = fields.CharField(max_length=64)
    armory: fields.ForeignKeyRelation[Armory] = fields.ForeignKeyField("models.Armory", on_delete=fields.RESTRICT)
    rack = fields.CharField(max_length=64, null=True)
    state = fields.CharEnumField(CustodyState, max_length=16, default=CustodyState.IN_ROOM)
    serviceability = fields.CharEnumField(Serviceability, max_length=16, default=Serviceability.SERVICEABLE)
    round_count = fields.IntField(default=0)
    version = fields.IntField(default=1)

    model_id: UUID
    armory_id: UUID

    class Meta:
        table = "item"


def items_select_for_update(ids: list[UUID]) -> QuerySet[Item]:
    """Lock items after people, in the order of their ids."""
    return Item.filter(id__in=ids).order_by("id").select_for_update(no_key=True)


class Tag(Model):
    """An opaque code on a badge or an item: it names one target for ever and can be revoked."""

    id = fields.UUIDField(primary_key=True)
    code = fields.CharField(max_length=256, unique=True)
    person: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField("models.Person", null=True, on_delete=fields.RESTRICT)
    item: fields.ForeignKeyNullableRelation[Item] = fields.ForeignKeyField("models.Item", null=True, on_delete=fields.RESTRICT)
    revoked_at: datetime | None = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    person_id: UUID | None
    item_id: UUID | None

    class Meta:
        table = "tag"
