"""One operation: who acts, what a field needs, and what of an error a client may see."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import structlog
from graphql import GraphQLError
from strawberry.extensions import FieldExtension, SchemaExtension
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.types import Info

from graph.audit.actor import Actor, actor_or_none, set_actor
from graph.commands.perform import require
from graph.errors import ArmGuardError, BadInput, LimitExceeded, Unauthenticated
from graph.resolvers.accounts import still_standing
from graph.resolvers.reading import new_reader
from graph.words import Role

log = structlog.get_logger("armguard.graphql")

# How graphql-core repeats a value that does not fit.
_FOUND = re.compile(r"[;,.]? [Ff]ound: .*|( cannot represent [^:]*): .*", re.DOTALL)
# How the libraries say that a document is more than the limits of `build_schema` allow.
_LIMITS = re.compile("maximum operation depth|aliases found|more than [0-9]+ tokens|nested too deeply|introspection depth")


@dataclass
class Context:
    """What an operation knows of its request. `denied` says why nobody is signed in although a token was given; `fresh` that the token was
    looked up for this very operation; `address` is where it comes from.
    """

    request_id: str
    address: str = ""
    actor: Actor | None = None
    denied: Unauthenticated | None = None
    fresh: bool = False
    connection_params: dict[str, Any] | None = field(default=None)


class Operation(SchemaExtension):
    """Puts the actor where the ledger's writes find it, and keeps what is ours alone out of the answers."""

    async def on_operation(self) -> AsyncIterator[None]:
        """Around an operation that Strawberry runs: a stream."""
        await self.begin(self.execution_context.context)
        yield
        self.end(self.execution_context.result, self.execution_context.context)

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
    if original is None or isinstance(original, GraphQLError | CannotGetOperationTypeError) or of_a_value:
        code = LimitExceeded.code if _LIMITS.search(error.message) else BadInput.code
        error.extensions = {"code": code, **(error.extensions or {})}
        # graphql-core repeats the value in Python's words: it may be a password
        error.message = _FOUND.sub(r"\1.", error.message).replace("not to be None", "not to be null")
        return error
    log.error("operation_failed", request_id=context.request_id, exc_info=original)
    message = f"Something went wrong on the server. Nothing is half done; name the request {context.request_id} to whoever keeps it."
    return GraphQLError(message, nodes=error.nodes, path=error.path, extensions={"code": "INTERNAL", "requestId": context.request_id})


def signed_in(info: Info[Any, Any]) -> Actor:
    """Who acts.

    Raises:
        Unauthenticated: nobody is signed in.
    """
    actor = actor_or_none()
    if actor is None:
        raise info.context.denied or Unauthenticated("Sign in first, or send a token as `Authorization: Bearer …`.")
    return actor


class Requires(FieldExtension):
    """What a root field needs: a signed-in account, and one of these roles. A root field without it does not pass the tests."""

    def __init__(self, *roles: Role) -> None:
        self.roles = frozenset(roles)

    async def resolve_async(self, next_: Callable[..., Any], source: Any, info: Info[Any, Any], **kwargs: Any) -> Any:
        """Let the field be resolved, or not."""
        check(info, self.roles)
        return await next_(source, info, **kwargs)


def check(info: Info[Any, Any], roles: frozenset[Role]) -> Actor:
    """The actor, if one of these roles is theirs.

    Raises:
        Unauthenticated: nobody is signed in.
        Forbidden: no role of the account is among them.
    """
    signed_in(info)
    return require(*roles)


class Open(FieldExtension):
    """The statement that a root field needs nobody to be signed in."""

    async def resolve_async(self, next_: Callable[..., Any], source: Any, info: Info[Any, Any], **kwargs: Any) -> Any:
        """Let the field be resolved."""
        return await next_(source, info, **kwargs)


READERS = tuple(Role)
