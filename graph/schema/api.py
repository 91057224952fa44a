"""The schema, put together, and its text."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from inspect import isawaitable
from typing import Any

import strawberry
import structlog
from graphql import GraphQLError
from strawberry.exceptions import MissingQueryError
from strawberry.execution import optimized_is_awaitable
from strawberry.extensions import max_aliases
from strawberry.extensions.query_depth_limiter import create_validator as depth_rule
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.schema.schema import StreamResult
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from graph.errors import ArmGuardError, Forbidden, Unauthenticated, UnknownDocument
from graph.schema import words as _words  # noqa: F401 - declares the enums
from graph.schema.base import NODES, config
from graph.schema.documents import Documents, Known
from graph.schema.execution import Execution, PlainExecution, check_declarations
from graph.schema.feed import Subscription
from graph.schema.inputs import quick_inputs
from graph.schema.known import Admission, asked_by_id
from graph.schema.mutation import Mutation
from graph.schema.operation import Context, Operation, check_roots
from graph.schema.query import Query
from graph.schema.readings import Readings
from graph.settings import Settings

log = structlog.get_logger("armguard.graphql")


class ArmGuardSchema(strawberry.Schema):
    """Strawberry's schema, which logs a traceback for a fault of ours only (see `presentable`), never for a client's mistake."""

    admission: Admission
    documents: Documents
    readings: Readings

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
        context: Context = context_value
        await Operation.begin(context)
        try:
            query = query or await self.document(operation_extensions)
            await self.admission.admit(query, context)
            await Operation.mark(query)
            result = await self._answered(
                query, variable_values or {}, context, root_value, operation_name, allowed_operation_types, operation_extensions
            )
        except GraphQLError as error:
            result = PreExecutionError(data=None, errors=[error])
        except (UnknownDocument, Unauthenticated, Forbidden) as error:
            result = _not_taken(error)
        if result.errors:
            self.process_errors(result.errors)
            Operation.end(result, context)
            for told in result.errors:
                told.message = self.admission.said(told.message)
        return result

    async def document(self, said: Mapping[str, Any] | None) -> str:
        """The document that a client asks for by its id.

        Raises:
            UnknownDocument: no known document has this id.
            MissingQueryError: no document is asked for.
        """
        document_id = asked_by_id(said)
        if document_id is None:
            raise MissingQueryError
        return await self.admission.document(document_id)

    async def stream(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any = None,
        root_value: Any = None,
        operation_name: str | None = None,
        operation_extensions: dict[str, Any] | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
    ) -> StreamResult:
        """Run what has a stream of answers, as Strawberry does; the document may be asked for by its id."""
        if not query and operation_extensions:
            try:
                query = await self.document(operation_extensions)
            except ArmGuardError as error:
                return _only(_not_taken(error))
        return await super().stream(
            query, variable_values, context_value, root_value, operation_name, operation_extensions, allowed_operation_types
        )

    async def _answered(
        self,
        query: str,
        variables: dict[str, Any],
        context: Context,
        root: Any,
        name: str | None,
        allowed: Iterable[OperationType] | None,
        extensions: dict[str, Any] | None,
    ) -> ExecutionResult:
        self.documents.check_input(variables)
        document = self.documents.parsed(query)
        kind, name = document.operation(name)
        self.documents.time(kind)
        if kind is OperationType.SUBSCRIPTION or (allowed is not None and kind not in allowed):
            raise InvalidOperationTypeError(kind)
        again = self.readings.key(query, name, variables) if kind is OperationType.QUERY else None
        if (known := self.readings.find(again)) is not None and (answer := await known.read()) is not None:
            return ExecutionResult(data=answer, errors=None)
        if errors := self.documents.errors(self._schema, query, document, variables, keep=context.actor is not None):
            return PreExecutionError(data=None, errors=errors)
        if (answer := await self.readings.walked(again, document, name, context, variables)) is not None:
            return ExecutionResult(data=answer, errors=None)
        execution: Any = self.execution_context_class.build(
            self._schema,
            document.ast,
            root,
            context,
            variables,
            name,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
            operation_extensions=extensions,
        )
        if isinstance(execution, list):  # the variables do not fit
            return PreExecutionError(data=None, errors=execution)
        done = execution.execute_operation()
        if isawaitable(done):
            done = await done
        if not done.errors:
            self.readings.learn(again, document, name, execution, done.data)
        return ExecutionResult(data=done.data, errors=done.errors)

    def process_errors(self, errors: list[GraphQLError], execution_context: Any = None) -> None:  # noqa: ARG002
        """Say briefly what a client got wrong: never with a value, which may be a password."""
        for error in errors:
            code = getattr(error.original_error, "code", None) or (error.extensions or {}).get("code") or "BAD_REQUEST"
            log.info("operation_refused", code=code, path=error.path)


def _not_taken(error: ArmGuardError) -> PreExecutionError:
    return PreExecutionError(data=None, errors=[GraphQLError(str(error), original_error=error)])


async def _only(result: PreExecutionError) -> AsyncGenerator[PreExecutionError, None]:
    yield result


def build_schema(settings: Settings | None = None, *, printed: bool = False) -> ArmGuardSchema:
    """The schema with its limits. The rules are built once, so that the validation of a known document can be reused."""
    limits = settings or Settings()
    check_roots(Query, Mutation, Subscription)
    rules: list[Any] = [depth_rule(limits.query_depth, None, None), max_aliases.create_validator(limits.query_aliases)]
    documents = Documents(limits, rules)
    admission = Admission(limits)
    schema = ArmGuardSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=list(NODES.values()),
        config=config(printed=printed),
        execution_context_class=Execution if limits.compiled_reads else PlainExecution,
        extensions=[
            Operation,
            lambda: Known(documents, admission),
        ],
    )
    schema.admission, schema.documents, schema.readings = admission, documents, Readings()
    check_declarations(schema._schema)
    quick_inputs(schema)
    return schema


def sdl() -> str:
    """The schema's text: sorted, with every description."""
    return build_schema(printed=True).as_str() + "\n"
