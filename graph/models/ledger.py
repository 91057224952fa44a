"""The ledger: its streams, its events, and the rows that an import brought in."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tortoise import fields
from tortoise.models import Model
from tortoise.queryset import QuerySet

from graph.models.armory import Armory
from graph.words import ActorKind, EventType, Subject

REGISTRY = "registry"


class StreamHead(Model):
    """The last event of a stream, and the last receipt number of its arms room. The database alone moves it."""

    stream = fields.CharField(max_length=36, primary_key=True)
    armory: fields.ForeignKeyNullableRelation[Armory] = fields.ForeignKeyField("models.Armory", null=True, on_delete=fields.RESTRICT)
    seq = fields.BigIntField(default=0)
    hash = fields.BinaryField()
    receipts = fields.BigIntField(default=0)

    armory_id: UUID | None

    class Meta:
        table = "stream_head"


def heads_select_for_update(streams: list[str]) -> QuerySet[StreamHead]:
    """Lock the heads of streams last of all, in the order of their names."""
    return StreamHead.filter(stream__in=streams).order_by("stream").select_for_update(no_key=True)


class LedgerEvent(Model):
    """One thing that happened. Seq, recorded at, previous hash and hash are set by the database; nothing changes after."""

    event_id = fields.UUIDField(primary_key=True)
    stream = fields.CharField(max_length=36)
    seq = fields.BigIntField()
    type = fields.CharEnumField(EventType, max_length=48)
    subject = fields.CharEnumField(Subject, max_length=24)
    subject_id = fields.UUIDField()
    item_id: UUID | None = fields.UUIDField(null=True)
    person_id: UUID | None = fields.UUIDField(null=True)
    payload = fields.TextField()
    actor_kind = fields.CharEnumField(ActorKind, max_length=16)
    actor_id: UUID | None = fields.UUIDField(null=True)
    actor_name = fields.CharField(max_length=128)
    credential_id: UUID | None = fields.UUIDField(null=True)
    witness_id: UUID | None = fields.UUIDField(null=True)
    request_id: UUID | None = fields.UUIDField(null=True)
    transaction = fields.BigIntField()
    effective_at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()
    corrects: UUID | None = fields.UUIDField(null=True)
    previous_hash = fields.BinaryField()
    hash = fields.BinaryField()

    class Meta:
        table = "ledger_event"
        unique_together = (("stream", "seq"),)


class ImportedRow(Model):
    """What a row of an earlier system became, so that the same row is never brought in twice."""

    source = fields.CharField(max_length=160, primary_key=True)
    armory: fields.ForeignKeyRelation[Armory] = fields.ForeignKeyField("models.Armory", on_delete=fields.RESTRICT)
    subject = fields.CharEnumField(Subject, max_length=24)
    subject_id = fields.UUIDField()
    imported_at: datetime = fields.DatetimeField()

    armory_id: UUID

    class Meta:
        table = "imported_row"
