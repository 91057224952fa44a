"""The roots of mutations."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

from graph.schema import accounts, armory, custody, decisions, eligibility, items, people, purposes, receipts, stock
from graph.schema.operation import READERS, Open, Requires

OF = strawberry.argument(description="The command.")


def command(description: str) -> Any:
    """A root field for signed-in accounts; the command itself says which roles it takes."""
    return strawberry.field(description=description, extensions=[Requires(*READERS)])


@strawberry.type(description="What can be done. Each answers with what it made, or with every reason why nothing was written.")
class Mutation:
    """The roots of mutations."""

    @strawberry.field(description="Begin a session with a username and a password.", extensions=[Open()])
    async def sign_in(self, info: strawberry.Info[Any, Any], input: Annotated[accounts.SignInInput, OF]) -> accounts.SignInResult:
        return await accounts.sign_in(input, info.context.address)

    @command("End the session: its token is worth nothing from then on.")
    async def sign_out(self) -> accounts.SignedOut:
        return await accounts.sign_out()

    @command("Change one's own password; every other session and every token of the account ends.")
    async def change_password(
        self, info: strawberry.Info[Any, Any], input: Annotated[accounts.ChangePasswordInput, OF]
    ) -> accounts.PasswordResult:
        return await accounts.change_password(input, info.context.address)

    @command("Issue items to a person: all of them, or none with every reason.")
    async def issue_items(self, input: Annotated[custody.IssueItemsInput, OF]) -> custody.IssueResult:
        return await custody.issue_items(input)

    @command("Take items back: all of them, or none with every reason. Never refused for the holder's standing.")
    async def return_items(self, input: Annotated[custody.ReturnItemsInput, OF]) -> custody.ReturnResult:
        return await custody.return_items(input)

    @command("Let items go from hand to hand in one step (guard relief): each receipt closes and the next opens, or nothing is written.")
    async def transfer_items(self, input: Annotated[custody.TransferItemsInput, OF]) -> custody.TransferResult:
        return await custody.transfer_items(input)

    @command("Let what is out be due later.")
    async def extend_due(self, input: Annotated[custody.ExtendDueInput, OF]) -> custody.DueResult:
        return await custody.extend_due(input)

    @command("Take items in that are on the book of other arms rooms: their receipts close, and they are on the way home.")
    async def return_items_elsewhere(self, input: Annotated[receipts.ReturnItemsElsewhereInput, OF]) -> receipts.TakenInResult:
        return await receipts.return_items_elsewhere(input)

    @command("Take items into their own arms room that another one took in.")
    async def receive_items(self, input: Annotated[receipts.ReceiveItemsInput, OF]) -> receipts.ReceivedResult:
        return await receipts.receive_items(input)

    @command("Account for stock that is out while the items stay out: returned, expended or lost.")
    async def settle_stock(self, input: Annotated[receipts.SettleStockInput, OF]) -> receipts.SettleResult:
        return await receipts.settle_stock(input)

    @command("Bring stock onto the book of an arms room.")
    async def receive_stock(self, input: Annotated[stock.ReceiveStockInput, OF]) -> stock.StockResult:
        return await stock.receive_stock(input)

    @command("Set the book of a lot right: a second person decides.")
    async def adjust_stock(self, input: Annotated[stock.AdjustStockInput, OF]) -> stock.AdjustResult:
        return await stock.adjust_stock(input)

    @command("Have open receipts corrected that were a mistake: a second person decides.")
    async def correct_receipts(self, input: Annotated[decisions.CorrectReceiptsInput, OF]) -> decisions.CorrectResult:
        return await decisions.correct_receipts(input)

    @command("Approve what somebody else proposed: it is done, exactly as it was proposed.")
    async def approve_proposal(self, input: Annotated[decisions.DecideProposalInput, OF]) -> decisions.DecisionResult:
        return await decisions.approve_proposal(input)

    @command("Reject what somebody else proposed: nothing comes of it.")
    async def reject_proposal(self, input: Annotated[decisions.DecideProposalInput, OF]) -> decisions.DecisionResult:
        return await decisions.reject_proposal(input)

    @command("Give a person a PIN, with which they confirm receipts.")
    async def set_pin(self, input: Annotated[receipts.SetPinInput, OF]) -> receipts.PinResult:
        return await receipts.set_pin(input)

    @command("Confirm a receipt by its holder's PIN.")
    async def confirm_receipt(self, input: Annotated[receipts.ConfirmReceiptInput, OF]) -> receipts.ReceiptResult:
        return await receipts.confirm_receipt(input)

    @command("Regularise an emergency issue: it leaves the list of those that wait.")
    async def regularise_emergency(self, input: Annotated[receipts.RegulariseEmergencyInput, OF]) -> receipts.ReceiptResult:
        return await receipts.regularise_emergency(input)

    @command("Register a unit.")
    async def register_unit(self, input: Annotated[armory.RegisterUnitInput, OF]) -> armory.UnitResult:
        return await armory.register_unit(input)

    @command("Change a unit.")
    async def edit_unit(self, input: Annotated[armory.EditUnitInput, OF]) -> armory.UnitResult:
        return await armory.edit_unit(input)

    @command("Register an arms room; its stream of the ledger begins with it.")
    async def register_armory(self, input: Annotated[armory.RegisterArmoryInput, OF]) -> armory.ArmoryResult:
        return await armory.register_armory(input)

    @command("Change an arms room's name, time zone or policy.")
    async def edit_armory(self, input: Annotated[armory.EditArmoryInput, OF]) -> armory.ArmoryResult:
        return await armory.edit_armory(input)

    @command("Open, close, hand over or lock down an arms room.")
    async def set_armory_state(self, input: Annotated[armory.SetArmoryStateInput, OF]) -> armory.ArmoryResult:
        return await armory.set_armory_state(input)

    @command("Register a person.")
    async def register_person(self, input: Annotated[people.RegisterPersonInput, OF]) -> people.PersonResult:
        return await people.register_person(input)

    @command("Change what is known of a person.")
    async def edit_person(self, input: Annotated[people.EditPersonInput, OF]) -> people.PersonResult:
        return await people.edit_person(input)

    @command("Change a person's duty status; a person who holds anything cannot be separated.")
    async def change_duty_status(self, input: Annotated[people.ChangeDutyStatusInput, OF]) -> people.PersonResult:
        return await people.change_duty_status(input)

    @command("Bar a person from arms: they draw nothing, and return what they hold.")
    async def impose_arms_bar(self, input: Annotated[eligibility.ImposeArmsBarInput, OF]) -> eligibility.BarResult:
        return await eligibility.impose_arms_bar(input)

    @command("Lift a person's bar from arms.")
    async def lift_arms_bar(self, input: Annotated[eligibility.LiftArmsBarInput, OF]) -> eligibility.BarResult:
        return await eligibility.lift_arms_bar(input)

    @command("Put a line on the master authorization list.")
    async def authorize(self, input: Annotated[eligibility.AuthorizeInput, OF]) -> eligibility.AuthorizationResult:
        return await eligibility.authorize(input)

    @command("Take a line off the master authorization list.")
    async def revoke_authorization(self, input: Annotated[eligibility.RevokeInput, OF]) -> eligibility.AuthorizationResult:
        return await eligibility.revoke_authorization(input)

    @command("Record what a person has shown to be able to do.")
    async def record_qualification(self, input: Annotated[eligibility.RecordQualificationInput, OF]) -> eligibility.QualificationResult:
        return await eligibility.record_qualification(input)

    @command("Revoke a qualification.")
    async def revoke_qualification(self, input: Annotated[eligibility.RevokeInput, OF]) -> eligibility.QualificationResult:
        return await eligibility.revoke_qualification(input)

    @command("Register a nomenclature.")
    async def register_item_model(self, input: Annotated[items.RegisterItemModelInput, OF]) -> items.ItemModelResult:
        return await items.register_item_model(input)

    @command("Change what is known of a nomenclature.")
    async def edit_item_model(self, input: Annotated[items.EditItemModelInput, OF]) -> items.ItemModelResult:
        return await items.edit_item_model(input)

    @command("Bring an item onto the book of an arms room.")
    async def register_item(self, input: Annotated[items.RegisterItemInput, OF]) -> items.ItemResult:
        return await items.register_item(input)

    @command("Change an item's place in the room or its serviceability.")
    async def edit_item(self, input: Annotated[items.EditItemInput, OF]) -> items.ItemResult:
        return await items.edit_item(input)

    @command("Send an item from the room to maintenance.")
    async def send_to_maintenance(self, input: Annotated[items.MaintenanceInput, OF]) -> items.ItemResult:
        return await items.send_to_maintenance(input)

    @command("Take an item back from maintenance into the room.")
    async def return_from_maintenance(self, input: Annotated[items.MaintenanceInput, OF]) -> items.ItemResult:
        return await items.return_from_maintenance(input)

    @command("Give an item or a person a new code.")
    async def assign_tag(self, input: Annotated[items.AssignTagInput, OF]) -> items.TagResult:
        return await items.assign_tag(input)

    @command("Revoke a code: it names nothing any more, and is never given out again.")
    async def revoke_tag(self, input: Annotated[items.RevokeTagInput, OF]) -> items.TagResult:
        return await items.revoke_tag(input)

    @command("Register a duty type.")
    async def register_purpose(self, input: Annotated[purposes.RegisterPurposeInput, OF]) -> purposes.PurposeResult:
        return await purposes.register_purpose(input)

    @command("Change a duty type.")
    async def edit_purpose(self, input: Annotated[purposes.EditPurposeInput, OF]) -> purposes.PurposeResult:
        return await purposes.edit_purpose(input)
