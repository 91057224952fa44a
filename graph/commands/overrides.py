"""Commands that wait for a second person: what is proposed instead of written, and what an approval lets pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from graph import database
from graph.audit.actor import current_actor
from graph.audit.canonical import canonical_json
from graph.audit.ledger import Event
from graph.commands.counter import Written
from graph.commands.perform import fields_of, fingerprint
from graph.errors import Refusal
from graph.models.proposals import Proposal
from graph.words import EventType, ProposalCommand, ProposalState, Subject


@dataclass(frozen=True)
class Override:
    """Why a command should be done although a rule stands against it: a second person decides."""

    reason: str


REASON = ("code", "line", "path", "ground")
Reason = tuple[Any, ...]


def reason_of(refusal: Refusal) -> Reason:
    """What a reason is known by: not by its words, which may name a moment or a count."""
    return (refusal.code.value, refusal.line, refusal.path, refusal.ground)


@dataclass(frozen=True)
class Approval:
    """Who proposed a command and why, and the reasons against it that were known then: those alone are overridden (INV-23).

    A reason is known by its code, its line, its path and its ground.
    """

    proposal_id: UUID
    proposed_by_id: UUID | None
    proposed_by: str
    reason: str
    overridden: frozenset[Reason]

    @property
    def facts(self) -> dict[str, object]:
        """What the event of the command says of it."""
        who = {"proposed_by": self.proposed_by, "approved_by": current_actor().name}
        return {"proposal": {"id": self.proposal_id, **who, "reason": self.reason}}

    def still_standing(self, why: Sequence[Refusal]) -> list[Refusal]:
        """The reasons that were not proposed to be overridden, or that nobody may override."""
        return [each for each in why if not each.overridable or reason_of(each) not in self.overridden]


def waits(override: Override | None, approval: Approval | None, why: Sequence[Refusal]) -> bool:
    """Whether a command is proposed instead of refused: somebody asked for it, and all that stands against it can be overridden."""
    return override is not None and approval is None and bool(why) and all(refusal.overridable for refusal in why)


def standing(approval: Approval | None, why: Sequence[Refusal]) -> Sequence[Refusal]:
    """What still stands against a command."""
    return why if approval is None else approval.still_standing(why)


def by_whose_hand(approval: Approval | None) -> UUID | None:
    """The account of whoever stands at the counter: an approval is given from elsewhere."""
    return current_actor().account_id if approval is None else approval.proposed_by_id


def propose(
    kind: ProposalCommand,
    name: str,
    command: Any,
    what: str,
    why: Sequence[Refusal],
    armory: tuple[UUID, str],
    now: datetime,
    facts: Mapping[str, object],
) -> Written:
    """A command that waits: exactly as it is, every reference resolved."""
    actor, armory_id = current_actor(), armory[0]
    overridden = [{**dict(zip(REASON, reason_of(each), strict=True)), "message": each.message} for each in why]
    row: dict[str, Any] = {
        "id": uuid7(),
        "armory_id": armory_id,
        "command": kind,
        "arguments": canonical_json(fields_of(command)),
        "arguments_hash": "\\x" + fingerprint(name, command).hex(),
        "reason": command.override.reason,
        "overridden": canonical_json(overridden),
        "proposed_at": now,
        "proposed_by_id": actor.account_id,
        "proposed_by_name": actor.name,
        "expires_at": now + timedelta(minutes=database.door().settings.proposal_minutes),
        "state": ProposalState.PENDING,
        **dict.fromkeys(("decided_at", "decided_by_id", "decided_by_name", "decision_note")),
        "version": 1,
    }
    payload = {"proposal": {**row, "arguments_hash": row["arguments_hash"][2:]}, "armory": armory[1], **facts}
    summary = f"{actor.name} proposes {what}: {command.override.reason}"
    event = Event(str(armory_id), EventType.PROPOSED, Subject.PROPOSAL, row["id"], summary, payload)
    return Written(row["id"], {"proposed": [row]}, [event], proposed=True)


def approval_of(proposal: Proposal, overridden: Sequence[dict[str, Any]]) -> Approval:
    """What the approval of a proposal lets pass."""
    let_pass = frozenset(tuple(each[name] for name in REASON) for each in overridden)
    return Approval(proposal.id, proposal.proposed_by_id, proposal.proposed_by_name, proposal.reason, let_pass)
