"""The second person: approves what was proposed, exactly as it was proposed, or rejects it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import TypeAdapter

from graph import database
from graph.audit.actor import current_actor
from graph.audit.ledger import Event, append, database_time
from graph.commands.corrections import CorrectReceipts, asked_of_correction, correct
from graph.commands.counter import Asked, Counter, Written, serve
from graph.commands.custody import IssueItems, TransferItems, asked_of_issue, asked_of_transfer, issue, transfer
from graph.commands.overrides import Approval, approval_of
from graph.commands.perform import Answer, fingerprint, perform, requested, require
from graph.commands.rows import altered, row_of
from graph.commands.stock import AdjustStock, adjust, asked_of_adjustment
from graph.errors import Refusal, RefusalCode, Refused, refuse
from graph.models.accounts import Account
from graph.models.ledger import heads_select_for_update
from graph.models.proposals import Proposal
from graph.rules.proposals import Proposed, decision_refusals
from graph.words import COUNTER, AccountState, EventType, ProposalCommand, ProposalState, Role, Subject


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
    of: TypeAdapter[Any]
    asked: Callable[[Any], Asked]
    do: Callable[[Any, Counter, Approval], Sequence[Written]]


WAITING: Mapping[ProposalCommand, Waiting] = {
    ProposalCommand.ISSUE_ITEMS: Waiting("issueItems", TypeAdapter(IssueItems), asked_of_issue, issue),
    ProposalCommand.TRANSFER_ITEMS: Waiting("transferItems", TypeAdapter(TransferItems), asked_of_transfer, transfer),
    ProposalCommand.CORRECT_RECEIPTS: Waiting("correctReceipts", TypeAdapter(CorrectReceipts), asked_of_correction, correct),
    ProposalCommand.ADJUST_STOCK: Waiting("adjustStock", TypeAdapter(AdjustStock), asked_of_adjustment, adjust),
}


async def approve_proposal(command: DecideProposal) -> Answer | Refused:
    """Do what was proposed. The rules are asked again: only the reasons that were proposed to be overridden are."""
    require(Role.ARMS_ROOM_OFFICER)
    found = await _find(command)
    if isinstance(found, Refused):
        return found
    waiting = WAITING[found.command]
    proposed = waiting.of.validate_json(found.arguments)
    locked: list[tuple[Proposal, Proposed]] = []

    async def lock() -> None:
        locked[:] = [await _locked(command)]

    def decide(counter: Counter) -> Sequence[Written]:
        ((proposal, facts),) = locked
        actor = current_actor()
        refuse(decision_refusals(facts, ProposalState.APPROVED, actor.name, actor.account_id, counter.now))
        assert fingerprint(waiting.name, proposed) == bytes(proposal.arguments_hash), "the arguments approved are those proposed"
        approval = approval_of(proposal, orjson.loads(proposal.overridden))
        change, event = _decided(proposal, command, ProposalState.APPROVED, counter.now)
        decided = Written(proposal.id, {"decided": [{"id": proposal.id, **change["after"]}]}, [event])
        return [decided, *waiting.do(proposed, counter, approval)]

    return await serve(requested("approveProposal", command.request_id, command), waiting.asked(proposed), decide, lock)


async def reject_proposal(command: DecideProposal) -> Answer | Refused:
    """Reject a proposal: nothing comes of it."""
    require(Role.ARMS_ROOM_OFFICER)
    found = await _find(command)
    if isinstance(found, Refused):
        return found

    async def decide() -> Sequence[UUID]:
        proposal, facts = await _locked(command)
        await heads_select_for_update([str(proposal.armory_id)])
        actor, now = current_actor(), await database_time()
        refuse(decision_refusals(facts, ProposalState.REJECTED, actor.name, actor.account_id, now))
        change, event = _decided(proposal, command, ProposalState.REJECTED, now)
        proposal.update_from_dict(change["after"])
        await proposal.save(update_fields=list(change["after"]))
        await append(event)
        return [proposal.id]

    return await perform("rejectProposal", command.request_id, command, decide)


async def _find(command: DecideProposal) -> Proposal | Refused:
    proposal = await database.transaction(lambda: Proposal.get_or_none(id=command.proposal_id))
    if proposal is None or not current_actor().may_see(proposal.armory_id):
        return Refused([Refusal(RefusalCode.UNKNOWN_CODE, "There is no such proposal in your arms rooms.", path="id")])
    return proposal


async def _locked(command: DecideProposal) -> tuple[Proposal, Proposed]:
    """The proposal under its lock, and what the rule asks of it: also whether whoever proposed it might still do so."""
    proposal = await Proposal.filter(id=command.proposal_id).select_for_update(no_key=True).get()
    account = await Account.get_or_none(id=proposal.proposed_by_id) if proposal.proposed_by_id is not None else None
    may_still = account is None or (
        account.state is AccountState.ACTIVE
        and bool({role.value for role in COUNTER}.intersection(account.roles))
        and (account.all_armories or proposal.armory_id in account.armories)
    )
    return proposal, Proposed(proposal.state, proposal.proposed_by_name, proposal.proposed_by_id, proposal.expires_at, may_still)


def _decided(proposal: Proposal, command: DecideProposal, state: ProposalState, now: datetime) -> tuple[dict[str, Any], Event]:
    """The decision as a change of the proposal, and the event that says so."""
    actor = current_actor()
    decision = {
        "state": state,
        "decided_at": now,
        "decided_by_id": actor.account_id,
        "decided_by_name": actor.name,
        "decision_note": command.note,
    }
    change = altered(row_of(proposal), decision)
    payload = {"proposal": change, "command": proposal.command, "proposed_by": proposal.proposed_by_name, "reason": proposal.reason}
    type_ = EventType.PROPOSAL_APPROVED if state is ProposalState.APPROVED else EventType.PROPOSAL_REJECTED
    what = proposal.command.value.lower().replace("_", " ")
    summary = f"{actor.name} {state.value.lower()} what {proposal.proposed_by_name} proposed ({what}): {proposal.reason}"
    return change, Event(str(proposal.armory_id), type_, Subject.PROPOSAL, proposal.id, summary, payload)
