"""The domain's enums as clients see them, each value with its description."""

from __future__ import annotations

from enum import Enum
from typing import Any

import strawberry

from graph import words
from graph.errors import RefusalCode

ACCOUNT_EVENTS = {
    "ACCOUNT_CHANGED": "An account was given other roles, or another scope.",
    "ACCOUNT_DISABLED": "An account may not sign in any more, and why.",
    "ACCOUNT_ENABLED": "An account may sign in again, and why.",
    "PASSWORD_SET": "An account was given a password.",
    "SIGNED_IN": "Somebody signed in, from which address and with what program.",
    "SIGNED_OUT": "Somebody signed out.",
    "SESSION_ENDED": "Sign-ins of an account were ended.",
    "REFRESH_REUSED": "A refresh token came twice, so it was in two hands: its sign-in ended.",
    "SECOND_FACTOR_SET": "An account signs in with a second factor from now on.",
    "SECOND_FACTOR_REMOVED": "The second factor was taken from an account, and why.",
    "RECOVERY_CODE_USED": "Somebody signed in with a recovery code, and how many are left.",
    "ACCESS_REFUSED": "An account asked for what its role or its token does not allow; told once an hour for each field.",
    "TOKEN_CREATED": "A token for programs was made.",
    "TOKEN_ROTATED": "A token for programs took another's place, and until when that one is good beside it.",
    "TOKEN_USED": "A token for programs was used from an address that it was not used from before.",
    "TOKEN_REVOKED": "Tokens for programs are worth nothing any more.",
    "OPERATION_ADDED": "A GraphQL document became known.",
    "OPERATION_RETIRED": "A GraphQL document is not known any more.",
}

DESCRIPTIONS: dict[type[Enum], tuple[str, dict[str, str]]] = {
    words.ArmoryState: (
        "Whether an arms room issues. What is out comes back in every state.",
        {
            "OPEN": "Issues and takes back.",
            "CLOSED": "Takes back only.",
            "CHANGEOVER": "Custody of the room is being handed over; takes back only.",
            "LOCKDOWN": "Shut for security; takes back only.",
        },
    ),
    words.DutyStatus: (
        "A person's duty status.",
        {
            "ACTIVE": "On duty: may draw.",
            "LEAVE": "On leave: draws nothing, may return.",
            "SUSPENDED": "Suspended: draws nothing, may return.",
            "INACTIVE": "Not serving now: draws nothing, may return.",
            "SEPARATED": "Gone for good; possible only with nothing in hand.",
        },
    ),
    words.PersonCategory: (
        "What a person is to the organisation.",
        {
            "OFFICER": "An officer.",
            "ENLISTED": "Enlisted.",
            "CIVILIAN": "A civilian employee or guard.",
            "SWORN": "A sworn police officer.",
        },
    ),
    words.ItemCategory: (
        "The category of a nomenclature.",
        {
            "PISTOL": "A pistol or revolver.",
            "RIFLE": "A rifle.",
            "CARBINE": "A carbine.",
            "SHOTGUN": "A shotgun.",
            "SMG": "A submachine gun.",
            "MACHINE_GUN": "A machine gun.",
            "LAUNCHER": "A launcher.",
            "OPTIC": "An optic.",
            "NIGHT_VISION": "A night vision device.",
            "OTHER": "Another sensitive item.",
        },
    ),
    words.Slot: (
        "How an item is carried; the limits per person count by it.",
        {
            "SIDEARM": "Worn: limited per person.",
            "LONG_GUN": "Carried: limited per person.",
            "CREW_SERVED": "Served by a crew.",
            "DEVICE": "A device, such as an optic.",
        },
    ),
    words.CustodyState: (
        "Where an item is.",
        {
            "IN_ROOM": "In its arms room.",
            "ISSUED": "In a person's hands, on exactly one open custody record.",
            "IN_MAINTENANCE": "With the repairer.",
            "IN_TRANSIT": "On the way between arms rooms.",
            "MISSING": "Not where it should be; being looked for.",
            "LOST": "Declared lost.",
            "STOLEN": "Declared stolen.",
            "RECOVERED": "Found again after loss or theft; held until inspected.",
            "DISPOSED": "Off the book for good.",
        },
    ),
    words.Serviceability: (
        "What state an item is in, wherever it is.",
        {
            "SERVICEABLE": "Fit for use.",
            "LIMITED": "Usable with a restriction; not issued.",
            "UNSERVICEABLE": "Not fit for use.",
            "QUARANTINED": "Set apart until released.",
        },
    ),
    words.IssueType: (
        "On what terms an item is out.",
        {
            "TEMPORARY": "For a duty; due within the arms room's limit.",
            "HAND_RECEIPT": "For longer, on the holder's hand receipt.",
            "EMERGENCY": "In an alert: the limits per person do not hold. Needs a note.",
        },
    ),
    words.CloseReason: (
        "Why a custody record is closed.",
        {
            "RETURNED": "The item came back.",
            "TRANSFERRED": "The item went to another holder.",
            "LOST": "Lost in the holder's hands.",
            "STOLEN": "Stolen from the holder.",
            "DESTROYED": "Destroyed in the holder's hands.",
            "CORRECTED": "The record was a mistake and is corrected by another.",
        },
    ),
    words.StockKind: (
        "What is held by quantity.",
        {"AMMUNITION": "Rounds: what is expended counts on the weapon.", "MAGAZINE": "Magazines.", "ACCESSORY": "Holsters, slings, belts."},
    ),
    words.StockAdjustment: (
        "How the book of a lot is set right.",
        {
            "RECEIVED": "More came than was written.",
            "DISPOSED": "It left the book for good: transferred, destroyed, turned in.",
            "EXPENDED": "It was fired or used up without a receipt.",
            "LOST": "It is not there.",
            "FOUND": "What was lost is there again.",
        },
    ),
    words.ConfirmationStage: (
        "What the holder confirms of a receipt.",
        {"ISSUE": "That the item was drawn; while the receipt is open.", "RETURN": "That it was given back; once the receipt has closed."},
    ),
    words.ConfirmationState: (
        "Whether the holder has confirmed the issue.",
        {
            "NOT_ASKED": "The arms room did not ask for it.",
            "PENDING": "Not yet.",
            "CONFIRMED": "With the PIN.",
            "VOID": "The receipt closed before: it cannot be confirmed any more.",
        },
    ),
    words.ProposalCommand: (
        "A command that waits for a second person.",
        {
            "ISSUE_ITEMS": "An issue.",
            "TRANSFER_ITEMS": "A transfer.",
            "ADJUST_STOCK": "An adjustment of stock.",
            "CORRECT_RECEIPTS": "A correction of receipts.",
        },
    ),
    words.ProposalState: (
        "What became of a proposal.",
        {
            "PENDING": "Nobody has decided it; if it has expired, nobody can approve it any more.",
            "APPROVED": "It was approved, and done.",
            "REJECTED": "It was rejected.",
        },
    ),
    words.Role: (
        "What an account may do.",
        {
            "VIEWER": "Reads in scope.",
            "ARMORER": "Issues, takes back, registers and maintains in its own arms rooms.",
            "ARMS_ROOM_OFFICER": "All that an armorer does; opens and closes the room; sets duty status; authorizes.",
            "COMMANDER": "Reads; sets the duty status of people, bars them from arms, records what they are qualified for.",
            "AUDITOR": "Reads and verifies everything, writes nothing.",
            "ADMIN": "Keeps accounts, units and policy; has no custody powers.",
        },
    ),
    words.AccountState: (
        "Whether an account may sign in.",
        {"ACTIVE": "It may.", "DISABLED": "It may not, until an administrator enables it; what it had open has ended."},
    ),
    words.ActorKind: (
        "Who acted.",
        {
            "ACCOUNT": "An account, through the API.",
            "CONSOLE": "A person at the server's own console.",
            "SYSTEM": "The server itself: its clock tells what is overdue.",
        },
    ),
    words.TokenScope: (
        "What an API token may be used for, within what its account may do. To approve takes a person who has signed in.",
        {
            "READ": "To read.",
            "FEED": "To watch what happens, live.",
            "ISSUE": "To issue, hand over and take back at the counter.",
            "REGISTER": "To keep the registers: people, items, stock, tags, authorizations, arms rooms.",
            "ADMIN": "To keep accounts, sign-ins and tokens.",
        },
    ),
    words.Unfinished: (
        "What somebody who has signed in must do before anything else.",
        {
            "PASSWORD_CHANGE_REQUIRED": "Change the password, which somebody else gave: `changePassword`.",
            "SECOND_FACTOR_REQUIRED": "Set up a second factor, which a role of the account takes: `beginSecondFactor`.",
        },
    ),
    words.SecurityEventKind: (
        "What happened that touches who may do what.",
        {
            **ACCOUNT_EVENTS,
            "SIGN_IN_FAILED": "Somebody gave a wrong name or password.",
            "SIGN_IN_LOCKED": "Somebody tried to sign in too often, and has to wait.",
            "SECOND_FACTOR_FAILED": "The password was right, the code of the second factor was not.",
            "TOKEN_REFUSED": "Somebody sent a token that is nobody's, or no longer good.",
            "REFRESH_REFUSED": "Somebody sent a refresh token that is nobody's, or no longer good.",
            "PIN_FAILED": "Somebody confirmed a receipt with a wrong PIN.",
        },
    ),
    words.Subject: (
        "What a ledger event is about.",
        {
            "UNIT": "A unit.",
            "ARMORY": "An arms room.",
            "PERSON": "A person.",
            "ITEM_MODEL": "A nomenclature.",
            "ITEM": "An item.",
            "TAG": "A tag.",
            "PURPOSE": "A purpose.",
            "AUTHORIZATION": "A line of the master authorization list.",
            "QUALIFICATION": "A qualification.",
            "CUSTODY_RECORD": "A custody record.",
            "STOCK_LOT": "A lot of stock.",
            "PROPOSAL": "A command that waits for a second person.",
            "ACCOUNT": "An account.",
            "OPERATION": "A GraphQL document that is known beforehand.",
            "IMPORT": "An import from an earlier system.",
        },
    ),
    words.EventType: (
        "What happened.",
        {
            "DUTY_STATUS_CHANGED": "A person's duty status changed, and why.",
            "ARMS_BAR_IMPOSED": "A person was barred from arms, why, and until when.",
            "ARMS_BAR_LIFTED": "A person's bar from arms was lifted, and why.",
            "AUTHORIZATION_GRANTED": "A person may draw an item, or the items of a nomenclature.",
            "AUTHORIZATION_REVOKED": "An authorization is worth nothing any more, and why.",
            "QUALIFICATION_RECORDED": "A person has qualified.",
            "QUALIFICATION_REVOKED": "A qualification is worth nothing any more, and why.",
            "ITEM_ISSUED": "An item went into a person's hands, on a receipt.",
            "ITEM_RETURNED": "An item came back, and its receipt was closed.",
            "ITEM_HANDED_OVER": "An item left a holder's hands for another's, and its receipt was closed; the next event opens theirs.",
            "ITEM_TAKEN_OVER": "An item went from one holder's hands into another's, on a new receipt.",
            "ITEM_SENT_HOME": "Another arms room took the item in, and its receipt was closed: it is on its way home.",
            "ITEM_ARRIVED": "An item that another arms room took in is home.",
            "DUE_EXTENDED": "A receipt is due later, and why.",
            "RECEIPT_OVERDUE": "The due time of a receipt has passed; told once for each due time.",
            "RECEIPT_CORRECTED": "A receipt was a mistake: it closed, and the event names the one that it corrects, and why.",
            "RECEIPT_CONFIRMED": "The holder confirmed by the PIN that the item was drawn, or given back.",
            "EMERGENCY_REGULARISED": "An arms room officer looked at an emergency issue, and what was set down.",
            "STOCK_RECEIVED": "Stock came onto the book of an arms room.",
            "STOCK_ADJUSTED": "The book of a lot was set right, with a second person.",
            "STOCK_SETTLED": "Stock that was out with an item came back, was expended or lost, while the item stays out.",
            "PROPOSED": "A command waits for a second person, and why it should be done.",
            "PROPOSAL_APPROVED": "A second person approved a command: the events of it follow.",
            "PROPOSAL_REJECTED": "A second person rejected a command.",
            "PIN_SET": "A person was given a PIN.",
            "ITEM_CHANGED": "An item's place in the room or its serviceability changed.",
            "ITEM_SENT_TO_MAINTENANCE": "An item left the room for the repairer.",
            "ITEM_BACK_FROM_MAINTENANCE": "An item came back from the repairer.",
            "CUSTODY_IMPORTED": "Custody was brought in from the earlier system, with the rows that it comes from.",
            "LEGACY_IMPORTED": "An import from the earlier system ended: its file and its totals.",
            "TAG_ASSIGNED": "A code was given to an item or a person.",
            "TAG_REVOKED": "A code names nothing any more.",
            **ACCOUNT_EVENTS,
        },
    ),
    RefusalCode: (
        "Why a command was refused.",
        {
            "ITEM_NOT_AVAILABLE": "Somebody holds the item: the refusal names the holder and since when.",
            "ITEM_NOT_ISSUABLE": "The item is not in the room, not serviceable, or not drawn for this purpose.",
            "PERSON_NOT_ELIGIBLE": "The receiver's duty status allows no draw.",
            "ARMS_BARRED": "The receiver is barred from arms.",
            "LIMIT_EXCEEDED": "More than the policy allows: items per person, or hours of a temporary issue.",
            "ARMORY_NOT_OPEN": "The arms room does not issue now.",
            "NOT_AUTHORIZED": "The receiver is not authorized for the item.",
            "NOT_QUALIFIED": "The receiver does not have the qualification that the item takes.",
            "INCOMPATIBLE_STOCK": "The stock does not go with the item's nomenclature.",
            "INSUFFICIENT_STOCK": "There is not so much: the refusal says how much is on hand.",
            "OUTSTANDING_STOCK": "Stock is still out on the receipt: say what became of it.",
            "OVER_RETURN": "More comes back than is out.",
            "NOT_ISSUED": "The item is not out.",
            "HELD_BY_OTHER": "Somebody else than named holds the item, or brings it without a reason.",
            "DUPLICATE_SERIAL": "The manufacturer has an item with this serial already.",
            "DUPLICATE_CODE": "This code, number or name is taken.",
            "UNKNOWN_CODE": "Nothing has this code, number or id.",
            "AMBIGUOUS_CODE": "More than one has this number: scan the tag.",
            "CODE_REVOKED": "The code was revoked.",
            "VERSION_CONFLICT": "It has changed since the page was read: the refusal says what.",
            "IDEMPOTENCY_MISMATCH": "The request id was used for another command.",
            "SECOND_PERSON_REQUIRED": "It waits for a second person: propose it.",
            "SAME_PERSON": "Who proposed it cannot decide it.",
            "PROPOSAL_EXPIRED": "Nobody approved it in time.",
            "PIN_FAILED": "It is not the holder's PIN, or too many were wrong.",
            "BACKDATE_REFUSED": "The time lies in the future, or outside of what the record allows.",
            "PERSON_HOLDS_ITEMS": "The person still holds items.",
            "STATE_NOT_ALLOWED": "It is not in a state from which this is possible.",
            "INVALID_VALUE": "A value does not fit.",
            "OUT_OF_SCOPE": "It is not on the book of the account's arms rooms.",
            "SIGN_IN_FAILED": "The username or the password is wrong.",
            "SECOND_FACTOR_REQUIRED": "The account signs in with a second factor: send its code.",
            "SECOND_FACTOR_FAILED": "The code of the second factor is wrong, or was taken already.",
        },
    ),
}


def declare_enum(enum: type[Enum], description: str, values: dict[str, str]) -> None:
    """Declare an enum with a description of each of its values."""
    declared: Any = strawberry.enum(enum, description=description)
    for value in declared.__strawberry_definition__.values:
        value.description = values.get(value.name) or value.name.replace("_", " ").capitalize() + "."


for _enum, (_description, _values) in DESCRIPTIONS.items():
    declare_enum(_enum, _description, _values)
