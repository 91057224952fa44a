"""People who draw and return weapons."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tortoise import fields
from tortoise.models import Model
from tortoise.queryset import QuerySet

from graph.models.armory import Unit
from graph.words import DutyStatus, PersonCategory


class Person(Model):
    """One person. `service_number_key` is the normalised service number and unique for ever.

    A person with an `arms_bar_reason` is barred from arms, up to `arms_bar_until` or, without it, until the bar is lifted.
    `pin_hash` is the argon2id hash of the PIN with which receipts are confirmed.
    """

    id = fields.UUIDField(primary_key=True)
    service_number = fields.CharField(max_length=64)
    service_number_key = fields.CharField(max_length=64, unique=True)
    rank = fields.CharField(max_length=32)
    family_name = fields.CharField(max_length=128)
    given_names = fields.CharField(max_length=128)
    unit: fields.ForeignKeyRelation[Unit] = fields.ForeignKeyField("models.Unit", on_delete=fields.RESTRICT)
    category = fields.CharEnumField(PersonCategory, max_length=16)
    duty_status = fields.CharEnumField(DutyStatus, max_length=16, default=DutyStatus.ACTIVE)
    arms_bar_reason: str | None = fields.TextField(null=True)
    arms_bar_until: datetime | None = fields.DatetimeField(null=True)
    pin_hash = fields.CharField(max_length=256, null=True)
    version = fields.IntField(default=1)

    unit_id: UUID

    class Meta:
        table = "person"


def people_select_for_update(ids: list[UUID]) -> QuerySet[Person]:
    """Lock people first of all, in the order of their ids."""
    return Person.filter(id__in=ids).order_by("id").select_for_update(no_key=True)
