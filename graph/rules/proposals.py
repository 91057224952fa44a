"""Who may decide what was proposed, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from graph.errors import Refusal, RefusalCode
from graph.rules.custody import said
from graph.words import ProposalState


@dataclass(frozen=True)
class Proposed:
    """A proposal as it stands under its lock; whether whoever proposed it might still do so."""

    state: ProposalState
    by: str
    by_id: UUID | None
    expires_at: datetime
    may_still: bool = True


def decision_refusals(proposal: Proposed, decision: ProposalState, name: str, account_id: UUID | None, now: datetime) -> list[Refusal]:
    """Every reason why somebody cannot decide a proposal: whoever decides is another than who proposed (INV-23), and in time."""
    refusals: list[Refusal] = []
    if proposal.state is not ProposalState.PENDING:
        message = f"This proposal was {proposal.state.value.lower()} already."
        refusals.append(Refusal(RefusalCode.STATE_NOT_ALLOWED, message, path="id"))
    if name == proposal.by or (account_id is not None and account_id == proposal.by_id):
        message = f"You proposed this yourself, {name}: it takes a second person."
        refusals.append(Refusal(RefusalCode.SAME_PERSON, message, path="id"))
    if decision is ProposalState.APPROVED and now > proposal.expires_at:
        message = f"This proposal was good until {said(proposal.expires_at)}: have it proposed again."
        refusals.append(Refusal(RefusalCode.PROPOSAL_EXPIRED, message, path="id", since=proposal.expires_at))
    if decision is ProposalState.APPROVED and not proposal.may_still:
        message = f"{proposal.by} proposed this, and may not do it any more: have it proposed by somebody who may."
        refusals.append(Refusal(RefusalCode.STATE_NOT_ALLOWED, message, path="id"))
    return refusals
