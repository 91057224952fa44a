"""Units and arms rooms."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from graph import database
from graph.words import ArmoryState


class Unit(Model):
    """An organisation's part, under its parent unit."""

    id = fields.UUIDField(primary_key=True)
    code = fields.CharField(max_length=32, unique=True)
    name = fields.CharField(max_length=128)
    parent: fields.ForeignKeyNullableRelation[Unit] = fields.ForeignKeyField("models.Unit", null=True, on_delete=fields.RESTRICT)
    version = fields.IntField(default=1)

    parent_id: UUID | None

    class Meta:
        table = "unit"


class Armory(Model):
    """An arms room and its policy. Limits count items a person holds over all armories; `temporary_limit_hours` is INV-8's."""

    id = fields.UUIDField(primary_key=True)
    code = fields.CharField(max_length=32, unique=True)
    name = fields.CharField(max_length=128)
    unit: fields.ForeignKeyRelation[Unit] = fields.ForeignKeyField("models.Unit", on_delete=fields.RESTRICT)
    timezone = fields.CharField(max_length=64)
    state = fields.CharEnumField(ArmoryState, max_length=16, default=ArmoryState.OPEN)
    temporary_limit_hours = fields.IntField(default=24)
    sidearm_limit = fields.IntField(default=1)
    long_gun_limit = fields.IntField(default=1)
    authorization_required = fields.BooleanField(default=False)
    qualification_required = fields.BooleanField(default=False)
    confirmation_required = fields.BooleanField(default=False)
    version = fields.IntField(default=1)

    unit_id: UUID

    class Meta:
        table = "armory"


async def armory_with_code(code: str) -> Any:
    """The id and the code of an arms room: neither ever changes."""
    return await database.fetch_one("SELECT id, code FROM armory WHERE code = $1", code.strip().upper())
