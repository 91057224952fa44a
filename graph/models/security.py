"""What strangers tried, kept within bounds, and from where API tokens are used."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from asyncpg import Record
from tortoise import fields
from tortoise.models import Model

from graph import database
from graph.models.accounts import ApiToken
from graph.words import SecurityKind

SLOTS = 10_000


class TokenUse(Model):
    """From which addresses an API token was used, and when first and last."""

    id = fields.UUIDField(primary_key=True)
    token: fields.ForeignKeyRelation[ApiToken] = fields.ForeignKeyField("models.ApiToken", on_delete=fields.RESTRICT)
    address = fields.CharField(max_length=64)
    first_used_at = fields.DatetimeField()
    last_used_at = fields.DatetimeField()

    token_id: UUID

    class Meta:
        table = "token_use"


class SecurityLog(Model):
    """What strangers tried: a ring of slots, in which the newest takes the place of the oldest."""

    slot = fields.IntField(primary_key=True, generated=False)
    seq = fields.BigIntField()
    at: datetime = fields.DatetimeField()
    kind = fields.CharEnumField(SecurityKind, max_length=32)
    name = fields.CharField(max_length=64)
    address = fields.CharField(max_length=64)
    detail = fields.CharField(max_length=256)

    class Meta:
        table = "security_log"


# One after the other: a number is only drawn when the one before it can be read, so that the feed leaves none out.
NOTE = f"""
WITH held AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended('security_log', 0)) IS NOT NULL AS so),
n AS MATERIALIZED (SELECT nextval('security_log_seq') AS seq FROM held WHERE so)
INSERT INTO security_log (slot, seq, at, kind, name, address, detail)
SELECT n.seq % {SLOTS}, n.seq, clock_timestamp(), $1, $2, $3, $4 FROM n
ON CONFLICT (slot) DO UPDATE SET seq = excluded.seq, at = excluded.at, kind = excluded.kind, name = excluded.name,
    address = excluded.address, detail = excluded.detail WHERE security_log.seq < excluded.seq
"""


async def note(kind: SecurityKind, name: str, address: str, detail: str) -> None:
    """Keep what somebody tried, in the place of the oldest."""
    await database.fetch(NOTE, kind.value, name[:64], address[:64], detail[:256])


USED = """
INSERT INTO token_use (id, token_id, address, first_used_at, last_used_at) VALUES ($1, $2, $3, clock_timestamp(), clock_timestamp())
ON CONFLICT (token_id, address) DO UPDATE SET last_used_at = greatest(token_use.last_used_at, excluded.last_used_at)
RETURNING id = $1 AS first, (SELECT count(*) FROM token_use t WHERE t.token_id = $2) AS others
"""


async def used(row_id: UUID, token_id: UUID, address: str) -> Record:
    """Keep that a token was used from an address just now; whether for the first time from there, and from how many others before."""
    row = await database.fetch_one(USED, row_id, token_id, address[:64])
    assert row is not None
    return row
