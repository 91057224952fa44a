"""Accounts, the sessions and tokens they act with, and the requests they have completed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import orjson
from asyncpg import Record
from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model

from graph import database
from graph.words import AccountState, SessionTokenKind


class Account(Model):
    """Who acts. The scope is `armories` and those of `units` and below, unless `all_armories`; `password_hash` is argon2id and never in the
    ledger. Whoever signs in elsewhere is known by `issuer` and `external_subject`.
    """

    id = fields.UUIDField(primary_key=True)
    username = fields.CharField(max_length=64)
    username_key = fields.CharField(max_length=64, unique=True)
    password_hash = fields.CharField(max_length=256, null=True)
    roles: list[str] = ArrayField(element_type="text")
    all_armories = fields.BooleanField(default=False)
    armories: list[UUID] = ArrayField(element_type="uuid")
    units: list[UUID] = ArrayField(element_type="uuid", default=list)
    must_change_password = fields.BooleanField(default=False)
    issuer = fields.CharField(max_length=256, null=True)
    external_subject = fields.CharField(max_length=256, null=True)
    state = fields.CharEnumField(AccountState, max_length=16, default=AccountState.ACTIVE)
    version = fields.IntField(default=1)

    class Meta:
        table = "account"


class Session(Model):
    """A sign-in, from its beginning to its end: the tokens of one are a family, which ends whole."""

    id = fields.UUIDField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT)
    address = fields.CharField(max_length=64, default="")
    agent = fields.CharField(max_length=200, default="")
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at: datetime | None = fields.DatetimeField(null=True)

    account_id: UUID

    class Meta:
        table = "session"


class SessionToken(Model):
    """A bearer token of a sign-in, stored as a SHA-256 only: to act with, or to be exchanged once for the next two."""

    id = fields.UUIDField(primary_key=True)
    session: fields.ForeignKeyRelation[Session] = fields.ForeignKeyField("models.Session", on_delete=fields.RESTRICT)
    kind = fields.CharEnumField(SessionTokenKind, max_length=16)
    token_hash = fields.BinaryField()
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    used_at: datetime | None = fields.DatetimeField(null=True)

    session_id: UUID

    class Meta:
        table = "session_token"


class SecondFactor(Model):
    """What makes the codes of an authenticator app (RFC 6238); `last_step` is that of the newest code that was taken."""

    id = fields.UUIDField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT)
    secret = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()
    confirmed_at: datetime | None = fields.DatetimeField(null=True)
    last_step = fields.BigIntField(default=0)
    ended_at: datetime | None = fields.DatetimeField(null=True)

    account_id: UUID

    class Meta:
        table = "second_factor"


class RecoveryCode(Model):
    """Signs in once without the app; stored as a SHA-256 only."""

    id = fields.UUIDField(primary_key=True)
    factor: fields.ForeignKeyRelation[SecondFactor] = fields.ForeignKeyField("models.SecondFactor", on_delete=fields.RESTRICT)
    code_hash = fields.BinaryField()
    used_at: datetime | None = fields.DatetimeField(null=True)

    factor_id: UUID

    class Meta:
        table = "recovery_code"


class ApiToken(Model):
    """A token for a program: shown once, stored as a SHA-256 only. It may do what its `scopes` and its account allow, in those of the
    account's arms rooms that `armories` names, or in all; until `good_until`, if another takes its place.
    """

    id = fields.UUIDField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT)
    name = fields.CharField(max_length=64)
    token_hash = fields.BinaryField()
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    revoked_at: datetime | None = fields.DatetimeField(null=True)
    scopes: list[str] = ArrayField(element_type="text")
    armories: list[UUID] | None = ArrayField(element_type="uuid", null=True)
    good_until: datetime | None = fields.DatetimeField(null=True)

    account_id: UUID

    class Meta:
        table = "api_token"


class CompletedRequest(Model):
    """A request that succeeded: the same `requestId` of the same actor has no second effect, and gets the same answer."""

    id = fields.UUIDField(primary_key=True)
    actor_key = fields.CharField(max_length=64)
    request_id = fields.UUIDField()
    command = fields.CharField(max_length=64)
    arguments_hash = fields.BinaryField()
    answer = fields.TextField()
    completed_at = fields.DatetimeField()

    class Meta:
        table = "completed_request"
        unique_together = (("actor_key", "request_id"),)


async def completed_request(actor_key: str, request_id: UUID) -> Record | None:
    """What a request of an actor was, and was answered, if it has succeeded."""
    statement = "SELECT arguments_hash, answer FROM completed_request WHERE actor_key = $1 AND request_id = $2"
    return await database.fetch_one(statement, actor_key, request_id)


COMPLETE = """
INSERT INTO completed_request (id, actor_key, request_id, command, arguments_hash, answer, completed_at)
SELECT id, actor_key, request_id, command, arguments_hash, answer, clock_timestamp()
FROM json_populate_record(NULL::completed_request, $1::json -> 'request')
"""
COMPLETED = f"request AS ({COMPLETE})"  # a part of a writing statement


def completion(row_id: UUID, actor_key: str, request_id: UUID, command: str, digest: bytes, answer: str) -> dict[str, object]:
    """A request that has succeeded, and what it was answered, as a JSON row."""
    hashed = "\\x" + digest.hex()
    row = {"id": row_id, "actor_key": actor_key, "request_id": request_id, "command": command, "arguments_hash": hashed, "answer": answer}
    return {"request": row}


async def complete_request(row: dict[str, object]) -> None:
    """Remember that a request has succeeded, and what it was answered."""
    await database.fetch(COMPLETE, orjson.dumps(row).decode())
