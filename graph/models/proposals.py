"""Commands that wait for a second person."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from graph.models.accounts import Account
from graph.models.armory import Armory
from graph.words import ProposalCommand, ProposalState


class Proposal(Model):
    """A command as it was asked for, with the reasons against it. Whoever decides it is another than who proposed it (INV-23).

    `arguments` are the command's own, with every reference resolved; `arguments_hash` is their SHA-256.
    """

    id = fields.UUIDField(primary_key=True)
    armory: fields.ForeignKeyRelation[Armory] = fields.ForeignKeyField("models.Armory", on_delete=fields.RESTRICT)
    command = fields.CharEnumField(ProposalCommand, max_length=16)
    arguments = fields.TextField()
    arguments_hash = fields.BinaryField()
    reason = fields.TextField()
    overridden = fields.TextField()
    proposed_at: datetime = fields.DatetimeField()
    proposed_by: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "models.Account", null=True, related_name="proposals", on_delete=fields.RESTRICT
    )
    proposed_by_name = fields.CharField(max_length=128)
    expires_at: datetime = fields.DatetimeField()
    state = fields.CharEnumField(ProposalState, max_length=16, default=ProposalState.PENDING)
    decided_at: datetime | None = fields.DatetimeField(null=True)
    decided_by: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "models.Account", null=True, related_name="decisions", on_delete=fields.RESTRICT
    )
    decided_by_name = fields.CharField(max_length=128, null=True)
    decision_note: str | None = fields.TextField(null=True)
    version = fields.IntField(default=1)

    armory_id: UUID
    proposed_by_id: UUID | None
    decided_by_id: UUID | None

    class Meta:
        table = "proposal"
