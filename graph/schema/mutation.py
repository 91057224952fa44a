"""The roots of mutations."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

from graph.schema import accounts, armory, custody, decisions, eligibility, items, people, purposes, receipts, sessions, stock, tokens
from graph.schema.operation import READERS, Open, Requires
from graph.words import AUTHORITY, COUNTER, OFFICE, Role, TokenScope

OF = strawberry.argument(description="The command.")


def command(description: str, *roles: Role, scope: TokenScope | None, unfinished: bool = False) -> Any:
    """A root field for signed-in accounts with one of these roles, and for API tokens that are for this."""
    return strawberry.field(description=description, extensions=[Requires(*roles, scope=scope, unfinished=unfinished)])


@strawberry.type(description="What can be done. Each answers with what it made, or with every reason why nothing was written.")
class Mutation:
    """The roots of mutations."""

    @strawberry.field(description="Begin a session with a username and a password.", extensions=[Open()])
    async def sign_in(self, info: strawberry.Info[Any, Any], input: Annotated[sessions.SignInInput, OF]) -> sessions.SignInResult:
        return await sessions.sign_in(input, info.context)

    @strawberry.field(
        description="Exchange a refresh token for the next tokens of its sign-in: once, and for ten seconds again if the answer was lost. "
        "One that comes later ends the sign-in, for it was in two hands.",
        extensions=[Open()],
    )
    async def refresh(self, info: strawberry.Info[Any, Any], input: Annotated[sessions.RefreshInput, OF]) -> sessions.SignInResult:
        return await sessions.refresh(input, info.context)

    @command("End the session: its token is worth nothing from then on.", *READERS, scope=None, unfinished=True)
    async def sign_out(self, info: strawberry.Info[Any, Any]) -> sessions.SignedOut:
        return await sessions.sign_out(info.context)

    @command("End a sign-in: one's own, or as an administrator anybody's.", *READERS, scope=None)
    async def end_session(self, input: Annotated[sessions.EndSessionInput, OF]) -> sessions.SessionsResult:
        return await sessions.end_session(input)

    @command("End every sign-in of an account; its API tokens go on.", Role.ADMIN, scope=TokenScope.ADMIN)
    async def end_sessions(self, input: Annotated[sessions.EndSessionsInput, OF]) -> sessions.SessionsResult:
        return await sessions.end_sessions(input)

    @command(
        "Change one's own password; every other session and every token of the account ends.",
        *READERS,
        scope=None,
        unfinished=True,
    )
    async def change_password(
        self, info: strawberry.Info[Any, Any], input: Annotated[sessions.ChangePasswordInput, OF]
    ) -> sessions.PasswordResult:
        return await sessions.change_password(input, info.context)

    @command("Begin a second factor for one's own account.", *READERS, scope=None, unfinished=True)
    async def begin_second_factor(
        self, info: strawberry.Info[Any, Any], input: Annotated[sessions.BeginSecondFactorInput, OF]
    ) -> sessions.SecondFactorBegunResult:
        return await sessions.begin_second_factor(input, info.context)

    @command("Confirm one's own second factor by its first code.", *READERS, scope=None, unfinished=True)
    async def confirm_second_factor(self, input: Annotated[sessions.ConfirmSecondFactorInput, OF]) -> sessions.SecondFactorResult:
        return await sessions.confirm_second_factor(input)

    @command("Take the second factor from an account, whose owner then sets up another.", Role.ADMIN, scope=None)
    async def remove_second_factor(self, input: Annotated[accounts.AccountAndReasonInput, OF]) -> accounts.AccountResult:
        return await accounts.remove_second_factor(input)

    @command("Create an account.", Role.ADMIN, scope=TokenScope.ADMIN)
    async def create_account(self, input: Annotated[accounts.CreateAccountInput, OF]) -> accounts.AccountResult:
        return await accounts.create_account(input)

    @command("Give an account other roles or another scope; nobody does so for themselves.", Role.ADMIN, scope=TokenScope.ADMIN)
    async def change_account(self, input: Annotated[accounts.ChangeAccountInput, OF]) -> accounts.AccountResult:
        return await accounts.change_account(input)

    @command("Disable an account: what it has open ends within seconds.", Role.ADMIN, scope=TokenScope.ADMIN)
    async def disable_account(self, input: Annotated[accounts.AccountAndReasonInput, OF]) -> accounts.AccountResult:
        return await accounts.disable_account(input)

    @command("Let a disabled account sign in again.", Role.ADMIN, scope=TokenScope.ADMIN)
    async def enable_account(self, input: Annotated[accounts.AccountAndReasonInput, OF]) -> accounts.AccountResult:
        return await accounts.enable_account(input)

    @command("Give an account a password that its owner must change; what it has open ends.", Role.ADMIN, scope=None)
    async def reset_password(self, input: Annotated[accounts.ResetPasswordInput, OF]) -> accounts.AccountResult:
        return await accounts.reset_password(input)

    @command(
        "Make an API token for a program: of one's own account, or as an administrator one of another's that reads and watches.",
        *READERS,
        scope=None,
    )
    async def create_api_token(self, input: Annotated[tokens.CreateApiTokenInput, OF]) -> tokens.TokenResult:
        return await tokens.create_token(input)

    @command("Make an API token that takes another's place, of those that one may make; both are good for a while.", *READERS, scope=None)
    async def rotate_api_token(self, input: Annotated[tokens.RotateApiTokenInput, OF]) -> tokens.TokenResult:
        return await tokens.rotate_token(input)

    @command(
        "Revoke API tokens of one's own account, or as an administrator anybody's: what uses them ends within seconds.",
        *READERS,
        scope=TokenScope.ADMIN,
    )
    async def revoke_api_token(self, input: Annotated[tokens.RevokeApiTokenInput, OF]) -> tokens.TokensRevokedResult:
        return await tokens.revoke_token(input)

    @command("Issue items to a person: all of them, or none with every reason.", *COUNTER, scope=TokenScope.ISSUE)
    async def issue_items(self, input: Annotated[custody.IssueItemsInput, OF]) -> custody.IssueResult:
        return await custody.issue_items(input)

    @command(
        "Take items back: all of them, or none with every reason. Never refused for the holder's standing.",
        *COUNTER,
        scope=TokenScope.ISSUE,
    )
    async def return_items(self, input: Annotated[custody.ReturnItemsInput, OF]) -> custody.ReturnResult:
        return await custody.return_items(input)

    @command(
        "Let items go from hand to hand in one step (guard relief): each receipt closes and the next opens, or nothing is written.",
        *COUNTER,
        scope=TokenScope.ISSUE,
    )
    async def transfer_items(self, input: Annotated[custody.TransferItemsInput, OF]) -> custody.TransferResult:
        return await custody.transfer_items(input)

    @command("Let what is out be due later.", *COUNTER, scope=TokenScope.ISSUE)
    async def extend_due(self, input: Annotated[custody.ExtendDueInput, OF]) -> custody.DueResult:
        return await custody.extend_due(input)

    @command(
        "Take items in that are on the book of other arms rooms: their receipts close, and they are on the way home.",
        *COUNTER,
        scope=TokenScope.ISSUE,
    )
    async def return_items_elsewhere(self, input: Annotated[receipts.ReturnItemsElsewhereInput, OF]) -> receipts.TakenInResult:
        return await receipts.return_items_elsewhere(input)

    @command("Take items into their own arms room that another one took in.", *COUNTER, scope=TokenScope.ISSUE)
    async def receive_items(self, input: Annotated[receipts.ReceiveItemsInput, OF]) -> receipts.ReceivedResult:
        return await receipts.receive_items(input)

    @command(
        "Account for stock that is out while the items stay out: returned, expended or lost.",
        *COUNTER,
        scope=TokenScope.ISSUE,
    )
    async def settle_stock(self, input: Annotated[receipts.SettleStockInput, OF]) -> receipts.SettleResult:
        return await receipts.settle_stock(input)

    @command("Bring stock onto the book of an arms room.", *COUNTER, scope=TokenScope.REGISTER)
    async def receive_stock(self, input: Annotated[stock.ReceiveStockInput, OF]) -> stock.StockResult:
        return await stock.receive_stock(input)

    @command("Set the book of a lot right: a second person decides.", *COUNTER, scope=TokenScope.REGISTER)
    async def adjust_stock(self, input: Annotated[stock.AdjustStockInput, OF]) -> stock.AdjustResult:
        return await stock.adjust_stock(input)

    @command("Have open receipts corrected that were a mistake: a second person decides.", *COUNTER, scope=TokenScope.ISSUE)
    async def correct_receipts(self, input: Annotated[decisions.CorrectReceiptsInput, OF]) -> decisions.CorrectResult:
        return await decisions.correct_receipts(input)

    @command(
        "Approve what somebody else proposed: it is done, exactly as it was proposed.",
        Role.ARMS_ROOM_OFFICER,
        scope=None,
    )
    async def approve_proposal(self, input: Annotated[decisions.DecideProposalInput, OF]) -> decisions.DecisionResult:
        return await decisions.approve_proposal(input)

    @command("Reject what somebody else proposed: nothing comes of it.", Role.ARMS_ROOM_OFFICER, scope=None)
    async def reject_proposal(self, input: Annotated[decisions.DecideProposalInput, OF]) -> decisions.DecisionResult:
        return await decisions.reject_proposal(input)

    @command("Give a person a PIN, with which they confirm receipts.", *COUNTER, scope=TokenScope.REGISTER)
    async def set_pin(self, input: Annotated[receipts.SetPinInput, OF]) -> receipts.PinResult:
        return await receipts.set_pin(input)

    @command("Confirm a receipt by its holder's PIN.", *COUNTER, scope=TokenScope.ISSUE)
    async def confirm_receipt(self, input: Annotated[receipts.ConfirmReceiptInput, OF]) -> receipts.ReceiptResult:
        return await receipts.confirm_receipt(input)

    @command("Regularise an emergency issue: it leaves the list of those that wait.", Role.ARMS_ROOM_OFFICER, scope=None)
    async def regularise_emergency(self, input: Annotated[receipts.RegulariseEmergencyInput, OF]) -> receipts.ReceiptResult:
        return await receipts.regularise_emergency(input)

    @command("Register a unit.", *OFFICE, scope=TokenScope.REGISTER)
    async def register_unit(self, input: Annotated[armory.RegisterUnitInput, OF]) -> armory.UnitResult:
        return await armory.register_unit(input)

    @command("Change a unit.", *OFFICE, scope=TokenScope.REGISTER)
    async def edit_unit(self, input: Annotated[armory.EditUnitInput, OF]) -> armory.UnitResult:
        return await armory.edit_unit(input)

    @command("Register an arms room; its stream of the ledger begins with it.", *OFFICE, scope=TokenScope.REGISTER)
    async def register_armory(self, input: Annotated[armory.RegisterArmoryInput, OF]) -> armory.ArmoryResult:
        return await armory.register_armory(input)

    @command("Change an arms room's name, time zone or policy.", *OFFICE, scope=TokenScope.REGISTER)
    async def edit_armory(self, input: Annotated[armory.EditArmoryInput, OF]) -> armory.ArmoryResult:
        return await armory.edit_armory(input)

    @command("Open, close, hand over or lock down an arms room.", Role.ARMS_ROOM_OFFICER, scope=TokenScope.REGISTER)
    async def set_armory_state(self, input: Annotated[armory.SetArmoryStateInput, OF]) -> armory.ArmoryResult:
        return await armory.set_armory_state(input)

    @command("Register a person.", *COUNTER, scope=TokenScope.REGISTER)
    async def register_person(self, input: Annotated[people.RegisterPersonInput, OF]) -> people.PersonResult:
        return await people.register_person(input)

    @command("Change what is known of a person.", *COUNTER, scope=TokenScope.REGISTER)
    async def edit_person(self, input: Annotated[people.EditPersonInput, OF]) -> people.PersonResult:
        return await people.edit_person(input)

    @command(
        "Change a person's duty status; a person who holds anything cannot be separated.",
        *AUTHORITY,
        scope=TokenScope.REGISTER,
    )
    async def change_duty_status(self, input: Annotated[people.ChangeDutyStatusInput, OF]) -> people.PersonResult:
        return await people.change_duty_status(input)

    @command("Bar a person from arms: they draw nothing, and return what they hold.", *AUTHORITY, scope=TokenScope.REGISTER)
    async def impose_arms_bar(self, input: Annotated[eligibility.ImposeArmsBarInput, OF]) -> eligibility.BarResult:
        return await eligibility.impose_arms_bar(input)

    @command("Lift a person's bar from arms.", *AUTHORITY, scope=TokenScope.REGISTER)
    async def lift_arms_bar(self, input: Annotated[eligibility.LiftArmsBarInput, OF]) -> eligibility.BarResult:
        return await eligibility.lift_arms_bar(input)

    @command("Put a line on the master authorization list.", Role.ARMS_ROOM_OFFICER, scope=TokenScope.REGISTER)
    async def authorize(self, input: Annotated[eligibility.AuthorizeInput, OF]) -> eligibility.AuthorizationResult:
        return await eligibility.authorize(input)

    @command("Take a line off the master authorization list.", Role.ARMS_ROOM_OFFICER, scope=TokenScope.REGISTER)
    async def revoke_authorization(self, input: Annotated[eligibility.RevokeInput, OF]) -> eligibility.AuthorizationResult:
        return await eligibility.revoke_authorization(input)

    @command("Record what a person has shown to be able to do.", *AUTHORITY, scope=TokenScope.REGISTER)
    async def record_qualification(self, input: Annotated[eligibility.RecordQualificationInput, OF]) -> eligibility.QualificationResult:
        return await eligibility.record_qualification(input)

    @command("Revoke a qualification.", *AUTHORITY, scope=TokenScope.REGISTER)
    async def revoke_qualification(self, input: Annotated[eligibility.RevokeInput, OF]) -> eligibility.QualificationResult:
        return await eligibility.revoke_qualification(input)

    @command("Register a nomenclature.", *COUNTER, scope=TokenScope.REGISTER)
    async def register_item_model(self, input: Annotated[items.RegisterItemModelInput, OF]) -> items.ItemModelResult:
        return await items.register_item_model(input)

    @command("Change what is known of a nomenclature.", *COUNTER, scope=TokenScope.REGISTER)
    async def edit_item_model(self, input: Annotated[items.EditItemModelInput, OF]) -> items.ItemModelResult:
        return await items.edit_item_model(input)

    @command("Bring an item onto the book of an arms room.", *COUNTER, scope=TokenScope.REGISTER)
    async def register_item(self, input: Annotated[items.RegisterItemInput, OF]) -> items.ItemResult:
        return await items.register_item(input)

    @command("Change an item's place in the room or its serviceability.", *COUNTER, scope=TokenScope.REGISTER)
    async def edit_item(self, input: Annotated[items.EditItemInput, OF]) -> items.ItemResult:
        return await items.edit_item(input)

    @command("Send an item from the room to maintenance.", *COUNTER, scope=TokenScope.REGISTER)
    async def send_to_maintenance(self, input: Annotated[items.MaintenanceInput, OF]) -> items.ItemResult:
        return await items.send_to_maintenance(input)

    @command("Take an item back from maintenance into the room.", *COUNTER, scope=TokenScope.REGISTER)
    async def return_from_maintenance(self, input: Annotated[items.MaintenanceInput, OF]) -> items.ItemResult:
        return await items.return_from_maintenance(input)

    @command("Give an item or a person a new code.", *COUNTER, scope=TokenScope.REGISTER)
    async def assign_tag(self, input: Annotated[items.AssignTagInput, OF]) -> items.TagResult:
        return await items.assign_tag(input)

    @command("Revoke a code: it names nothing any more, and is never given out again.", *COUNTER, scope=TokenScope.REGISTER)
    async def revoke_tag(self, input: Annotated[items.RevokeTagInput, OF]) -> items.TagResult:
        return await items.revoke_tag(input)

    @command("Register a duty type.", *OFFICE, scope=TokenScope.REGISTER)
    async def register_purpose(self, input: Annotated[purposes.RegisterPurposeInput, OF]) -> purposes.PurposeResult:
        return await purposes.register_purpose(input)

    @command("Change a duty type.", *OFFICE, scope=TokenScope.REGISTER)
    async def edit_purpose(self, input: Annotated[purposes.EditPurposeInput, OF]) -> purposes.PurposeResult:
        return await purposes.edit_purpose(input)
