"""GraphQL documents that are known beforehand."""

from __future__ import annotations

from datetime import datetime

from tortoise import fields
from tortoise.models import Model


class Operation(Model):
    """A GraphQL document that is known beforehand, by the SHA-256 of its text."""

    id = fields.UUIDField(primary_key=True)
    document_id = fields.CharField(max_length=64)
    name = fields.CharField(max_length=64)
    document = fields.TextField()
    added_at = fields.DatetimeField()
    retired_at: datetime | None = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        table = "operation"
