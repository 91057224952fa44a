"""What is held by quantity: lots of ammunition, magazines and accessories, and what of them is out on receipts."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model

from graph import database
from graph.models.armory import Armory
from graph.models.custody import CustodyRecord
from graph.words import StockKind


class StockLot(Model):
    """A lot of one article in one arms room, in rounds or pieces. `fits` empty means every nomenclature.

    Received less disposed is always what is on hand, out on issue, expended and lost (INV-10). `last_event_id` is the event that
    explains the quantities as they are.
    """

    id = fields.UUIDField(primary_key=True)
    armory: fields.ForeignKeyRelation[Armory] = fields.ForeignKeyField("models.Armory", on_delete=fields.RESTRICT)
    article = fields.CharField(max_length=32)
    name = fields.CharField(max_length=128)
    kind = fields.CharEnumField(StockKind, max_length=16)
    lot_number = fields.CharField(max_length=64)
    dodic = fields.CharField(max_length=8, null=True)
    fits: list[UUID] = ArrayField(element_type="uuid")
    received_at: datetime = fields.DatetimeField()
    received = fields.IntField()
    disposed = fields.IntField(default=0)
    on_hand = fields.IntField()
    out_on_issue = fields.IntField(default=0)
    expended = fields.IntField(default=0)
    lost = fields.IntField(default=0)
    last_event_id = fields.UUIDField()

    armory_id: UUID

    class Meta:
        table = "stock_lot"


class CustodyLine(Model):
    """What of a lot went out with an item, and what became of it; `handed_over` went on with the item to the next receipt."""

    id = fields.UUIDField(primary_key=True)
    record: fields.ForeignKeyRelation[CustodyRecord] = fields.ForeignKeyField("models.CustodyRecord", on_delete=fields.RESTRICT)
    armory: fields.ForeignKeyRelation[Armory] = fields.ForeignKeyField("models.Armory", on_delete=fields.RESTRICT)
    lot: fields.ForeignKeyRelation[StockLot] = fields.ForeignKeyField("models.StockLot", on_delete=fields.RESTRICT)
    issued = fields.IntField()
    returned = fields.IntField(default=0)
    expended = fields.IntField(default=0)
    lost = fields.IntField(default=0)
    handed_over = fields.IntField(default=0)
    lost_reason: str | None = fields.TextField(null=True)
    version = fields.IntField(default=1)

    record_id: UUID
    armory_id: UUID
    lot_id: UUID

    class Meta:
        table = "custody_line"


async def lot_marked(armory: str, article: str, lot_number: str) -> UUID | None:
    """The lot with this article and number in an arms room: none of them ever changes."""
    row = await database.fetch_one(
        "SELECT s.id FROM stock_lot s JOIN armory a ON a.id = s.armory_id WHERE a.code = $1 AND s.article = $2 AND s.lot_number = $3",
        armory.upper(),
        article,
        lot_number,
    )
    return row["id"] if row is not None else None
