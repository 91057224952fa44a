"""Who acts: one actor for each operation, carried by a context variable to whatever writes to the ledger."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from graph.errors import NoActor
from graph.words import ActorKind, Role, TokenScope, Unfinished


@dataclass(frozen=True)
class Actor:
    """An account with its session or token, or a person at the server's console.

    `armories` is the scope: the arms rooms whose items and records the actor may see, or with the right role change; None means all.
    `scopes` is what an API token may be used for; None means all that the account may do, as for a person who has signed in.
    `unfinished` is what that person must do first; `token` is the name of the API token. `expires_at` is when the token of an issuer
    elsewhere is over, which we have no row of: then `credential_id` is a fingerprint of it.
    """

    kind: ActorKind
    name: str
    account_id: UUID | None = None
    credential_id: UUID | None = None
    roles: frozenset[Role] = field(default_factory=frozenset)
    armories: frozenset[UUID] | None = None
    scopes: frozenset[TokenScope] | None = None
    unfinished: Unfinished | None = None
    token: str | None = None
    expires_at: datetime | None = None

    @property
    def key(self) -> str:
        """What the actor's requests are remembered under."""
        return str(self.account_id) if self.account_id else f"console:{self.name}"[:64]

    @property
    def rights(self) -> Hashable:
        """What of the actor decides what may be done and asked, apart from the arms rooms in scope."""
        return self.roles, self.scopes, self.unfinished

    def may_see(self, armory_id: UUID) -> bool:
        """Whether an arms room is in scope."""
        return self.armories is None or armory_id in self.armories


_actor: ContextVar[Actor | None] = ContextVar("armguard_actor", default=None)


def console_actor(name: str) -> Actor:
    """The actor of the `armguard` command: whoever may run it on the server, under the name of the operating system's user."""
    return Actor(kind=ActorKind.CONSOLE, name=f"console:{name}", roles=frozenset(Role))


def current_actor() -> Actor:
    """Who acts now.

    Raises:
        NoActor: nobody does. Nothing may be written then.
    """
    actor = _actor.get()
    if actor is None:
        raise NoActor("Nothing is written without an actor.")
    return actor


def actor_or_none() -> Actor | None:
    """Who acts now, or None."""
    return _actor.get()


def set_actor(actor: Actor | None) -> None:
    """Set the actor of this task; a task never hands it back to the one that made it."""
    _actor.set(actor)


@contextmanager
def acting(actor: Actor) -> Iterator[Actor]:
    """Act as somebody for the length of a block."""
    token = _actor.set(actor)
    try:
        yield actor
    finally:
        _actor.reset(token)
