"""What is kept of attempts: strangers' in a log of bounded size, those of accounts in the ledger."""

from __future__ import annotations

import contextlib

import structlog
from uuid_utils.compat import uuid7

from graph.audit.actor import current_actor
from graph.audit.ledger import Event, append
from graph.commands.attempts import attempts, origin_of
from graph.commands.perform import act
from graph.errors import ArmGuardError
from graph.models.ledger import REGISTRY
from graph.models.security import note, used
from graph.words import ActorKind, EventType, SecurityKind, Subject

log = structlog.get_logger("armguard.security")


async def note_attempt(kind: SecurityKind, name: str, address: str, detail: str = "") -> None:
    """Keep what a stranger tried. Of a kind from one address only so many an hour are kept: a flood tells nothing more, and washes
    nothing away. Never fails.
    """
    log.warning("attempt", kind=kind.value, name=name[:64], address=address)
    if not await attempts().take(attempts().of_note, kind.value, origin_of(address)):
        with contextlib.suppress(ArmGuardError):
            await note(kind, name, address, detail)


async def note_access_refused(field: str, address: str) -> None:
    """Have the ledger say that an account asked for what its role or its token does not allow: once an hour for each field."""
    actor = current_actor()
    if actor.kind is not ActorKind.ACCOUNT or actor.account_id is None or await attempts().take(attempts().of_refusal, actor.key, field):
        return
    event = Event(
        *(REGISTRY, EventType.ACCESS_REFUSED, Subject.ACCOUNT, actor.account_id),
        summary=f"Access refused: {actor.name} asked for {field}.",
        payload={"username": actor.name, "field": field, "address": address, "token": actor.token},
    )
    await act(lambda: append(event))


async def note_token_used(address: str) -> None:
    """Keep that the actor's API token was used from here just now; from a new address, the ledger says so."""
    actor = current_actor()
    if actor.token is None or actor.credential_id is None or actor.account_id is None:
        return
    token_id, account_id, origin = actor.credential_id, actor.account_id, origin_of(address)

    async def work() -> None:
        seen = await used(uuid7(), token_id, origin)
        if seen["first"]:
            facts = {
                "username": actor.name,
                "token": {"id": token_id, "name": actor.token},
                "address": origin,
                "addresses": seen["others"] + 1,
            }
            summary = f"Token used from a new address: {actor.token} of {actor.name} from {origin or 'an unknown one'}."
            await append(Event(REGISTRY, EventType.TOKEN_USED, Subject.ACCOUNT, account_id, summary, facts))

    await act(work)
