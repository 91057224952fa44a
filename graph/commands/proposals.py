"""The second person: approves what was proposed, exactly as it was proposed, or rejects it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from pydantic import TypeAdapter

from graph import database
from graph.audit.actor import current_actor
from graph.audit.ledger import Event
from graph.commands.corrections import CorrectReceipts, asked_of_correction, correct
from graph.commands.counter import Asked, Counter, Written, serve
from graph.commands.custody import IssueItems, TransferItems, asked_of_issue, asked_of_transfer, issue, transfer
from graph.commands.overrides import Approval, approval_of
from graph.commands.perform import Answer, fingerprint, requested, require
from graph.commands.rows import altered, row_of
from graph.commands.stock import AdjustStock, adjust, asked_of_adjustment
from graph.errors import Refusal, RefusalCode, Refused, refuse
from graph.models.proposals import Proposal
from graph.rules.proposals import Proposed, decision_refusals
from graph.words import EventType, ProposalCommand, ProposalState, Role, Subject


@dataclass(frozen=True)
class DecideProposal:
    """A proposal is approved or rejected."""

    request_id: UUID
    proposal_id: UUID
    note: str | None = None


@dataclass(frozen=True)
class Waiting:
    """A command that can wait: what it is called, how it is read again, what it names, and how it is done with an approval."""

    name: str
    of: type[Any]
    asked: Callable[[Any], Asked]
    do: Callable[[Any, Counter, Approval], Sequence[Written]]


WAITING: Mapping[ProposalCommand, Waiting] = {
    ProposalCommand.ISSUE_ITEMS: Waiting("issueItems", IssueItems, asked_of_issue, issue),
    ProposalCommand.TRANSFER_ITEMS: Waiting("transferItems", TransferItems, asked_of_transfer, transfer),
    ProposalCommand.CORRECT_RECEIPTS: Waiting("correctReceipts", CorrectReceipts, asked_of_correction, correct),
    ProposalCommand.ADJUST_STOCK: Waiting("adjustStock", AdjustStock, asked_of_adjustment, adjust),
}


async def approve_proposal(command: DecideProposal) -> Answer | Refused:
    """Do what was proposed. The rules are asked again: only the reasons that were proposed to be overridden are."""
    require(Role.ARMS_ROOM_OFFICER)
    found = await _find(command)
    if isinstance(found, Refused):
        return found
    waiting = WAITING[found.command]
    proposed = TypeAdapter(waiting.of).validate_json(found.arguments)

    def do(proposal: Proposal, counter: Counter) -> Sequence[Written]:
        assert fingerprint(waiting.name, proposed) == bytes(proposal.arguments_hash), "the arguments approved are those proposed"
        return waiting.do(proposed, counter, approval_of(proposal, orjson.loads(proposal.overridden)))

    return await _decide("approveProposal", command, waiting.asked(proposed), ProposalState.APPROVED, do)


async def reject_proposal(command: DecideProposal) -> Answer | Refused:
    """Reject a proposal: nothing comes of it."""
    require(Role.ARMS_ROOM_OFFICER)
    found = await _find(command)
    if isinstance(found, Refused):
        return found
    # Nothing of it is done: only the arms room's stream is written to, and a lot or an item of it brings its lock.
    waiting = WAITING[found.command]
    proposed = TypeAdapter(waiting.of).validate_json(found.arguments)
    return await _decide("rejectProposal", command, waiting.asked(proposed), ProposalState.REJECTED, lambda _proposal, _counter: ())


async def _find(command: DecideProposal) -> Proposal | Refused:
    proposal = await database.transaction(lambda: Proposal.get_or_none(id=command.proposal_id))
    if proposal is None or not current_actor().may_see(proposal.armory_id):
        return Refused([Refusal(RefusalCode.UNKNOWN_CODE, "There is no such proposal in your arms rooms.", path="id")])
    return proposal


async def _decide(
    name: str, command: DecideProposal, asked: Asked, state: ProposalState, do: Callable[[Proposal, Counter], Sequence[Written]]
) -> Answer | Refused:
    locked: list[Proposal] = []

    async def lock() -> None:
        locked[:] = [await Proposal.filter(id=command.proposal_id).select_for_update(no_key=True).get()]

    def decide(counter: Counter) -> Sequence[Written]:
        (proposal,) = locked
        facts = Proposed(proposal.state, proposal.proposed_by_name, proposal.proposed_by_id, proposal.expires_at)
        actor = current_actor()
        refuse(decision_refusals(facts, state, actor.name, actor.account_id, counter.now))
        return [_decided(proposal, command, state, counter), *do(proposal, counter)]

    return await serve(requested(name, command.request_id, command), asked, decide, lock)


def _decided(proposal: Proposal, command: DecideProposal, state: ProposalState, counter: Counter) -> Written:
    actor = current_actor()
    decision = {
        "state": state,
        "decided_at": counter.now,
        "decided_by_id": actor.account_id,
        "decided_by_name": actor.name,
        "decision_note": command.note,
    }
    row = row_of(proposal)
    change = altered(row, decision)
    payload = {"proposal": change, "command": proposal.command, "proposed_by": proposal.proposed_by_name, "reason": proposal.reason}
    type_ = EventType.PROPOSAL_APPROVED if state is ProposalState.APPROVED else EventType.PROPOSAL_REJECTED
    what = proposal.command.value.lower().replace("_", " ")
    summary = f"{actor.name} {state.value.lower()} what {proposal.proposed_by_name} proposed ({what}): {proposal.reason}"
    event = Event(str(proposal.armory_id), type_, Subject.PROPOSAL, proposal.id, summary, payload)
    return Written(proposal.id, {"decided": [{"id": proposal.id, **change["after"]}]}, [event])
