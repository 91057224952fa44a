"""Sign-in and sign-out, one's own password and second factor, and the sign-ins that are open."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from graph import errors
from graph.audit.actor import current_actor
from graph.commands import accounts, factors
from graph.commands import sessions as commands
from graph.commands.perform import Answer
from graph.resolvers import accounts as tables
from graph.schema.accounts import AccountName
from graph.schema.base import Node, described, follow_one, id_of, node, optional
from graph.schema.inputs import clean, command_of
from graph.schema.operation import Context
from graph.schema.refusals import Refused, refused
from graph.words import Role, Unfinished


@node(tables.SESSION, "A sign-in, from its beginning to its end.")
class Session(Node):
    """See the description."""

    created_at: datetime = described("When it began.")
    expires_at: datetime = described("When it ends by itself.")
    ended_at: datetime | None = described("When it was ended; null if it was not.")
    open: bool = described("Whether it goes on.")
    address: str = described("From which address it began.")
    agent: str = described("With which program, as that says itself.")

    @strawberry.field(description="Whose it is.")
    async def account(self) -> AccountName:
        return await follow_one(self, "account", AccountName)


@strawberry.type(description="A sign-in that goes on.")
class SignedIn:
    """See the description."""

    token: str = described(
        "The bearer token: shown this once. Send it as `Authorization: Bearer …`, and as `authorization` in `connection_init`."
    )
    expires_at: datetime = described("Until when the token is good. Get the next one by `refresh` before then.")
    refresh_token: str | None = described("To be exchanged once, by `refresh`, for the next two tokens; null if it went into a cookie.")
    session_ends_at: datetime = described("When the sign-in ends by itself.")
    username: str = described("The account's name.")
    roles: list[Role] = described("What the account may do.")
    unfinished: Unfinished | None = described("What must be done before anything else; null if nothing.")


@strawberry.type(description="The session has ended.")
class SignedOut:
    """See the description."""

    username: str = described("The account's name.")


@strawberry.type(description="Sign-ins have ended: what they had open ends within seconds.")
class SessionsEnded:
    """See the description."""

    sessions: int = described("How many.")


@strawberry.type(description="The password is changed. Every other session and every token of the account has ended.")
class PasswordChanged:
    """See the description."""

    username: str = described("The account's name.")


@strawberry.type(description="What an authenticator app is given; it counts when its first code is confirmed.")
class SecondFactorBegun:
    """See the description."""

    secret: str = described("The secret, to be typed into the app.")
    uri: str = described("The same as an `otpauth:` address, which apps read as a QR code.")


@strawberry.type(description="From now on the account signs in with a code beside the password.")
class SecondFactorSet:
    """See the description."""

    recovery_codes: list[str] = described(
        "Each signs in once without the app: shown this once, to be kept on paper. Empty when the request is repeated."
    )


SignInResult = Annotated[SignedIn | Refused, strawberry.union("SignInResult", description="The session, or that the sign-in failed.")]
PasswordResult = Annotated[
    PasswordChanged | Refused, strawberry.union("PasswordResult", description="That it is changed, or why it is the same as before.")
]
SessionsResult = Annotated[SessionsEnded | Refused, strawberry.union("SessionsResult", description="What ended, or why nothing did.")]
SecondFactorBegunResult = Annotated[
    SecondFactorBegun | Refused, strawberry.union("SecondFactorBegunResult", description="The secret, or why there is none.")
]
SecondFactorResult = Annotated[
    SecondFactorSet | Refused, strawberry.union("SecondFactorResult", description="The recovery codes, or why nothing has changed.")
]


@strawberry.input(description="Who signs in.")
class SignInInput:
    """See the description."""

    username: str = described("The account's name.")
    password: str = described("The password.")
    code: str | None = optional("The code of the authenticator app, or a recovery code, if the account has a second factor.")
    cookie: bool | None = optional(
        "For a page in a browser: whether the refresh token goes into a cookie that no script can read. Over HTTP only."
    )


@strawberry.input(description="A sign-in that goes on.")
class RefreshInput:
    """See the description."""

    refresh_token: str | None = optional("The refresh token; without it, the one in the cookie.")


@strawberry.input(description="One sign-in: of one's own, or for an administrator of anybody.")
class EndSessionInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    session: strawberry.ID = described("The sign-in.")


@strawberry.input(description="Every sign-in of an account.")
class EndSessionsInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    username: str = described("Whose.")


@strawberry.input(description="A new password for the account that is signed in.")
class ChangePasswordInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    current_password: str = described("The password until now.")
    new_password: str = described("Twelve characters or more; a sentence is good. Nothing that would be guessed first.")


@strawberry.input(description="A second factor for the account that is signed in.")
class BeginSecondFactorInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    password: str = described("The account's password.")


@strawberry.input(description="The first code of the authenticator app.")
class ConfirmSecondFactorInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    code: str = described("The code that the app shows.")


async def sign_in(asked: SignInInput, context: Context) -> SignedIn | Refused:
    """Begin a session."""
    if asked.cookie and not context.cookies:
        raise errors.BadInput("A socket can give your browser no cookie. Sign in over HTTP, or without `cookie`.")
    username, code = clean("username", asked.username), asked.code[:64] if asked.code is not None else None
    answer = await commands.sign_in(commands.SignIn(username, asked.password, context.address, code, context.agent))
    return await _signed_in(answer, context, cookie=bool(asked.cookie))


async def refresh(asked: RefreshInput, context: Context) -> SignedIn | Refused:
    """Go on with a session."""
    token = asked.refresh_token if asked.refresh_token is not None else context.refresh_cookie
    if token is None:
        raise errors.BadInput("Send the refresh token, or the cookie that has it.")
    return await _signed_in(await commands.refresh(token[:256], context.address), context, cookie=asked.refresh_token is None)


async def _signed_in(answer: commands.SignedIn | errors.Refused, context: Context, *, cookie: bool) -> SignedIn | Refused:
    if isinstance(answer, errors.Refused):
        return refused(answer)
    actor = await tables.actor_of(answer.token)
    if cookie:
        context.keep_refresh_token(answer.refresh_token, answer.session_ends_at)
    return SignedIn(
        token=answer.token,
        expires_at=answer.expires_at,
        refresh_token=None if cookie else answer.refresh_token,
        session_ends_at=answer.session_ends_at,
        username=actor.name,
        roles=sorted(actor.roles),
        unfinished=actor.unfinished,
    )


async def sign_out(context: Context) -> SignedOut:
    """End the session."""
    actor = tables.forget(await commands.sign_out())
    context.forget_refresh_token()
    return SignedOut(username=actor.name)


async def end_session(asked: EndSessionInput) -> SessionsEnded | Refused:
    """End one sign-in."""
    command = commands.EndSession(asked.request_id, id_of("Session", asked.session))
    return _ended(await commands.end_session(command))


async def end_sessions(asked: EndSessionsInput) -> SessionsEnded | Refused:
    """End every sign-in of an account."""
    return _ended(await commands.end_all_sessions(command_of(commands.EndSessions, asked)))


def _ended(answer: Answer | errors.Refused) -> SessionsEnded | Refused:
    return refused(answer) if isinstance(answer, errors.Refused) else SessionsEnded(sessions=len(answer.rows))


async def change_password(asked: ChangePasswordInput, context: Context) -> PasswordChanged | Refused:
    """Change one's own password."""
    command = accounts.ChangePassword(asked.request_id, context.address)
    answer = await accounts.change_password(command, asked.current_password, asked.new_password)
    if isinstance(answer, errors.Refused):
        return refused(answer)
    return PasswordChanged(username=tables.forget(current_actor()).name)


async def begin_second_factor(asked: BeginSecondFactorInput, context: Context) -> SecondFactorBegun | Refused:
    """Make a secret for an authenticator app."""
    command = factors.BeginSecondFactor(asked.request_id, context.address)
    answer = await factors.begin_second_factor(command, asked.password)
    return refused(answer) if isinstance(answer, errors.Refused) else SecondFactorBegun(secret=answer.secret, uri=answer.uri)


async def confirm_second_factor(asked: ConfirmSecondFactorInput) -> SecondFactorSet | Refused:
    """Take the app's first code."""
    answer = await factors.confirm_second_factor(factors.ConfirmSecondFactor(asked.request_id), asked.code[:64])
    if isinstance(answer, errors.Refused):
        return refused(answer)
    tables.forget(current_actor())
    return SecondFactorSet(recovery_codes=list(answer))
