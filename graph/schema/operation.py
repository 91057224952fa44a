"""One operation: who acts, what a field needs, and what of an error a client may see."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from inspect import isawaitable
from typing import Any

import structlog
from graphql import GraphQLError
from strawberry.exceptions import MissingQueryError
from strawberry.extensions import FieldExtension, SchemaExtension
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.types import Info
from strawberry.types.field import StrawberryField

from graph.audit.actor import Actor, actor_or_none, set_actor
from graph.commands.perform import require
from graph.commands.security import note_access_refused
from graph.errors import ArmGuardError, BadInput, Forbidden, LimitExceeded, NotYet, Unauthenticated
from graph.resolvers.accounts import still_standing
from graph.resolvers.feed import mark_place
from graph.resolvers.reading import new_reader
from graph.words import Role, TokenScope

REFRESH_COOKIE = "armguard_refresh"

log = structlog.get_logger("armguard.graphql")

# How graphql-core repeats a value that does not fit.
_FOUND = re.compile(r"[;,.]? [Ff]ound: .*|( cannot represent [^:]*): .*", re.DOTALL)
# How the libraries say that a document is more than the limits of `build_schema` allow.
_LIMITS = re.compile("maximum operation depth|aliases found|more than [0-9]+ tokens|nested too deeply|introspection depth")
# What of the libraries' errors a client has made.
CLIENTS_OWN = (GraphQLError, CannotGetOperationTypeError, MissingQueryError)


@dataclass
class Context:
    """What an operation knows of its request. `denied` says why nobody is signed in although a token was given; `fresh` that the token was
    looked up for this very operation; `address` is where it comes from, `agent` what program says to send it, `secure` whether it came
    over TLS. `refresh_cookie` is the refresh token that a browser kept, `cookie` what it is told to keep from now on, `cookies` whether it
    can be told: not over a socket.
    """

    request_id: str
    address: str = ""
    agent: str = ""
    refresh_cookie: str | None = None
    cookie: str | None = None
    secure: bool = False
    cookies: bool = False
    actor: Actor | None = None
    denied: Unauthenticated | None = None
    fresh: bool = False
    connection_params: dict[str, Any] | None = field(default=None)

    def keep_refresh_token(self, token: str, until: datetime) -> None:
        """Have the browser keep a refresh token where no script can read it, for this place and this site alone."""
        seconds = max(0, int((until - datetime.now(UTC)).total_seconds()))
        secure = "; Secure" if self.secure else ""
        self.cookie = f"{REFRESH_COOKIE}={token}; Max-Age={seconds}; Path=/graphql; HttpOnly; SameSite=Strict{secure}"

    def forget_refresh_token(self) -> None:
        """Have the browser keep it no longer."""
        if self.refresh_cookie is not None:
            self.keep_refresh_token("", datetime.now(UTC))


class Operation(SchemaExtension):
    """Puts the actor where the ledger's writes find it, and keeps what is ours alone out of the answers."""

    async def on_operation(self) -> AsyncIterator[None]:
        """Around an operation that Strawberry runs: a stream."""
        await self.begin(self.execution_context.context)
        await self.mark(self.execution_context.query)
        yield
        self.end(self.execution_context.result, self.execution_context.context)

    @staticmethod
    async def mark(text: str | None) -> None:
        """Keep the place in the feed before the operation reads anything, if it asks for it."""
        if text and "feedCursor" in text and actor_or_none() is not None:
            await mark_place()

    @staticmethod
    async def begin(context: Context) -> None:
        """Set the actor and the reader of this operation: the operations of one socket share a context, but each is its own task."""
        actor = context.actor
        if actor is not None and not context.fresh:
            try:
                actor = await still_standing(actor)
            except Unauthenticated as ended:
                actor, context.denied = None, ended
        set_actor(actor)
        new_reader(actor)

    @staticmethod
    def end(result: Any, context: Context) -> None:
        """Keep to ourselves what of a result is ours alone."""
        if getattr(result, "errors", None):
            result.errors = [presentable(error, context) for error in sorted(result.errors, key=_place)]
            for error in result.errors:
                error.message = writable(error.message)

    def on_stream_result(self, result: Any) -> Iterator[None]:
        """The same for each result of a stream."""
        self.end(result, self.execution_context.context)
        yield


def _place(error: GraphQLError) -> tuple[tuple[bool, int | str], ...]:
    """Errors are told in the order of their places, not in that in which they happened to come up."""
    return tuple((isinstance(part, str), part) for part in error.path or ())


def writable(text: str) -> str:
    """A text that may repeat what a client sent: half a character, which JSON can say and UTF-8 cannot, is written as its number."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def presentable(error: GraphQLError, context: Context) -> GraphQLError:
    """An error as a client may see it: ours with its code, the client's own as BAD_REQUEST, a fault of the server masked and logged."""
    original = error.original_error
    while isinstance(original, GraphQLError) and original.original_error is not None:
        original = original.original_error
    if isinstance(original, ArmGuardError) and original.code != "INTERNAL":
        return error
    of_a_value = isinstance(original, ValueError) and error.path is None and error.message.startswith(("Variable '$", "Expected value"))
    if original is None or isinstance(original, CLIENTS_OWN) or of_a_value:
        code = LimitExceeded.code if _LIMITS.search(error.message) else BadInput.code
        error.extensions = {"code": code, **(error.extensions or {})}
        # graphql-core repeats the value in Python's words: it may be a password
        error.message = _FOUND.sub(r"\1.", error.message).replace("not to be None", "not to be null")
        return error
    log.error("operation_failed", request_id=context.request_id, exc_info=original)
    message = f"Something went wrong on the server. Nothing is half done; name the request {context.request_id} to whoever keeps it."
    return GraphQLError(message, nodes=error.nodes, path=error.path, extensions={"code": "INTERNAL", "requestId": context.request_id})


def failure(error: Exception, context: Context) -> GraphQLError:
    """What failed outside of the fields of an operation, as a client may see it."""
    return presentable(GraphQLError(str(error), original_error=error), context)


def signed_in(info: Info[Any, Any]) -> Actor:
    """Who acts.

    Raises:
        Unauthenticated: nobody is signed in.
    """
    actor = actor_or_none()
    if actor is None:
        raise info.context.denied or Unauthenticated("Sign in first, or send a token as `Authorization: Bearer …`.")
    return actor


class Declared(FieldExtension):
    """What a root field needs of who asks for it. A root field that does not say so is not served: see `check_roots`."""

    roles: frozenset[Role] = frozenset()
    scope: TokenScope | None = None

    def statement(self) -> str:
        """The same in words, for the field's description."""
        raise NotImplementedError

    def admit(self, info: Info[Any, Any]) -> None:
        """Let who asks pass, or not."""
        raise NotImplementedError

    def apply(self, field: StrawberryField) -> None:
        """Say in the field's description what it needs: once, however many schemas are made of it."""
        statement = self.statement()
        field.description = (field.description or "").removesuffix(statement).strip() + f" {statement}"

    async def resolve_async(self, next_: Callable[..., Any], source: Any, info: Info[Any, Any], **kwargs: Any) -> Any:
        """Resolve the field, or begin its stream, for whom it is for."""
        try:
            self.admit(info)
            answer = next_(source, info, **kwargs)
            return await answer if isawaitable(answer) else answer
        except NotYet:
            raise
        except Forbidden:
            await note_access_refused(info.field_name, info.context.address)
            raise


class Requires(Declared):
    """A signed-in account with one of these roles; and of an API token, that it is for this. Without a scope no token will do."""

    def __init__(self, *roles: Role, scope: TokenScope | None, unfinished: bool = False) -> None:
        self.roles = frozenset(roles)
        self.scope = scope
        self.unfinished = unfinished

    def statement(self) -> str:
        """In words."""
        roles = "any role" if self.roles == frozenset(Role) else " or ".join(role.value for role in Role if role in self.roles)
        return f"Needs {roles}; {f'of an API token, {self.scope.value}' if self.scope else 'no API token'}."

    def admit(self, info: Info[Any, Any]) -> None:
        """Let who asks pass.

        Raises:
            Unauthenticated: nobody is signed in.
            Forbidden: no role of the account is among them, the token is not for this, or something else must be done first.
        """
        actor = signed_in(info)
        if actor.unfinished is not None and not self.unfinished:
            raise NotYet(actor.unfinished)
        require(*self.roles)
        if actor.scopes is not None and self.scope not in actor.scopes:
            which = f"It takes {self.scope.value}." if self.scope else "It takes a person who has signed in."
            raise Forbidden(f"Your API token is not for this. {which}")


class Open(Declared):
    """Nobody need be signed in."""

    def statement(self) -> str:
        """In words."""
        return "Needs nobody to be signed in."

    def admit(self, info: Info[Any, Any]) -> None:
        """Let everybody pass."""


def declared(field: StrawberryField) -> Declared | None:
    """What a root field says that it needs."""
    return next((each for each in field.extensions if isinstance(each, Declared)), None)


def check_roots(*roots: type) -> None:
    """Refuse to serve a root field that does not say what it needs.

    Raises:
        TypeError: there is one; names each.
    """
    fields = [(root, field) for root in roots for field in root.__strawberry_definition__.fields]  # type: ignore[attr-defined]
    if silent := [f"{root.__name__}.{field.python_name}" for root, field in fields if declared(field) is None]:
        raise TypeError("These root fields do not say what they need: " + ", ".join(silent))


READERS = tuple(Role)
