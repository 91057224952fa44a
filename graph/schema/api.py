"""The schema, put together, and its text."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from inspect import isawaitable
from types import SimpleNamespace
from typing import Any, cast

import strawberry
import structlog
from graphql import GraphQLError, execute
from strawberry.exceptions import MissingQueryError
from strawberry.execution import optimized_is_awaitable
from strawberry.extensions import max_aliases
from strawberry.extensions.query_depth_limiter import create_validator as depth_rule
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType
from strawberry.utils.operation import get_first_operation, get_operation_type

from graph.schema import words as _words  # noqa: F401 - declares the enums
from graph.schema.base import NODES, config
from graph.schema.custody import Subscription
from graph.schema.documents import Documents, Known
from graph.schema.execution import Execution, PlainExecution, check_declarations
from graph.schema.mutation import Mutation
from graph.schema.operation import Operation
from graph.schema.query import Query
from graph.settings import Settings

log = structlog.get_logger("armguard.graphql")


class ArmGuardSchema(strawberry.Schema):
    """Strawberry's schema, which logs a traceback for a fault of ours only (see `presentable`), never for a client's mistake."""

    documents: Documents

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any = None,
        root_value: Any = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """Run what has one answer: as Strawberry does, with our one extension, without the machinery for others.

        A subscription has a stream of answers: over a plain POST it is refused.

        Raises:
            MissingQueryError: there is no document.
            CannotGetOperationTypeError: it has no operation with this name.
            InvalidOperationTypeError: it is one that is not allowed here.
        """
        if not query:
            raise MissingQueryError
        operation = Operation()
        asked: Any = SimpleNamespace(context=context_value, result=None)
        operation.execution_context = asked
        around = operation.on_operation()
        await anext(around)
        try:
            asked.result = await self._answered(
                query,
                variable_values or {},
                context_value,
                root_value,
                operation_name,
                set(allowed_operation_types or OperationType),
                operation_extensions,
            )
        except GraphQLError as error:
            asked.result = PreExecutionError(data=None, errors=[error])
        if asked.result.errors:
            self.process_errors(asked.result.errors)
        await anext(around, None)
        return cast("ExecutionResult", asked.result)

    async def _answered(
        self,
        query: str,
        variables: dict[str, Any],
        context: Any,
        root: Any,
        name: str | None,
        allowed: Collection[OperationType],
        extensions: dict[str, Any] | None,
    ) -> ExecutionResult:
        document = self.documents.parsed(query)
        first = get_first_operation(document.ast)
        name = name if name is not None else first.name.value if first and first.name else None
        try:
            kind = get_operation_type(document.ast, name)
        except RuntimeError:
            raise CannotGetOperationTypeError(name) from None
        if kind is OperationType.SUBSCRIPTION or kind not in allowed:
            raise InvalidOperationTypeError(kind)
        if errors := self.documents.errors(self._schema, query, document, variables):
            return PreExecutionError(data=None, errors=errors)
        result = execute(
            self._schema,
            document.ast,
            root_value=root,
            variable_values=variables,
            operation_name=name,
            context_value=context,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
            executor_class=self.execution_context_class,
            operation_extensions=extensions,
        )
        done = await result if isawaitable(result) else result
        return ExecutionResult(data=done.data, errors=done.errors)

    def process_errors(self, errors: list[GraphQLError], execution_context: Any = None) -> None:  # noqa: ARG002
        """Say briefly what a client got wrong: never with a value, which may be a password."""
        for error in errors:
            code = getattr(error.original_error, "code", None) or (error.extensions or {}).get("code") or "BAD_REQUEST"
            log.info("operation_refused", code=code, path=error.path)


def build_schema(settings: Settings | None = None, *, printed: bool = False) -> ArmGuardSchema:
    """The schema with its limits. The rules are built once, so that the validation of a known document can be reused."""
    limits = settings or Settings()
    rules: list[Any] = [depth_rule(limits.query_depth, None, None), max_aliases.create_validator(limits.query_aliases)]
    documents = Documents(limits, rules)
    schema = ArmGuardSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=list(NODES.values()),
        config=config(printed=printed),
        execution_context_class=Execution if limits.compiled_reads else PlainExecution,
        extensions=[
            Operation,
            lambda: Known(documents),
        ],
    )
    schema.documents = documents
    check_declarations(schema._schema)
    return schema


def sdl() -> str:
    """The schema's text: sorted, with every description."""
    return build_schema(printed=True).as_str() + "\n"
