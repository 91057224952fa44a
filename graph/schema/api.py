"""The schema, put together, and its text."""

from __future__ import annotations

from typing import Any

import strawberry
import structlog
from graphql import GraphQLError
from strawberry.extensions import AddValidationRules, MaxTokensLimiter, max_aliases
from strawberry.extensions.query_depth_limiter import create_validator as depth_rule
from strawberry.types.graphql import OperationType

from graph.schema import words as _words  # noqa: F401 - declares the enums
from graph.schema.base import NODES, config
from graph.schema.custody import Subscription
from graph.schema.execution import Execution, PlainExecution, check_declarations
from graph.schema.limits import CostLimit
from graph.schema.mutation import Mutation
from graph.schema.operation import Operation
from graph.schema.query import Query
from graph.settings import Settings

log = structlog.get_logger("armguard.graphql")


class ArmGuardSchema(strawberry.Schema):
    """Strawberry's schema, which logs a traceback for a fault of ours only (see `presentable`), never for a client's mistake."""

    async def execute(self, *args: Any, **kwargs: Any) -> Any:
        """Run what has one answer. A subscription has a stream of them: over a plain POST it is refused."""
        kwargs["allowed_operation_types"] = set(kwargs.get("allowed_operation_types") or OperationType) - {OperationType.SUBSCRIPTION}
        return await super().execute(*args, **kwargs)

    def process_errors(self, errors: list[GraphQLError], execution_context: Any = None) -> None:  # noqa: ARG002
        """Say briefly what a client got wrong: never with a value, which may be a password."""
        for error in errors:
            code = getattr(error.original_error, "code", None) or (error.extensions or {}).get("code") or "BAD_REQUEST"
            log.info("operation_refused", code=code, path=error.path)


def build_schema(settings: Settings | None = None, *, printed: bool = False) -> ArmGuardSchema:
    """The schema with its limits. The rules are built once, so that the validation of a known document can be reused."""
    limits = settings or Settings()
    rules: list[Any] = [depth_rule(limits.query_depth, None, None), max_aliases.create_validator(limits.query_aliases)]
    schema = ArmGuardSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=list(NODES.values()),
        config=config(printed=printed),
        execution_context_class=Execution if limits.compiled_reads else PlainExecution,
        extensions=[
            Operation,
            lambda: MaxTokensLimiter(max_token_count=limits.query_tokens),
            lambda: CostLimit(limits.query_cost, limits.page_size),
            lambda: AddValidationRules(rules),
        ],
    )
    check_declarations(schema._schema)
    return schema


def sdl() -> str:
    """The schema's text: sorted, with every description."""
    return build_schema(printed=True).as_str() + "\n"
