"""Completing an answer: where a resolver names a source, what is asked of it is read in one statement, and goes out as it comes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from inspect import isawaitable
from typing import Any

import orjson
from graphql import (
    ExecutionResult,
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import collect_fields
from graphql.execution.values import get_argument_values
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graph import database
from graph.audit.actor import current_actor
from graph.errors import ArmGuardError, Refusal, Refused
from graph.feed import the_feed
from graph.resolvers.compiler import Asked, Draft, NotCompiled, Plan, at_hand, snake, unreadable
from graph.resolvers.feed import following
from graph.resolvers.items import Scanned
from graph.resolvers.reading import PageOf
from graph.resolvers.sources import Made, Source
from graph.resolvers.tables import TABLES
from graph.schema.base import read_plainly
from graph.schema.feed import FeedMessage, Told
from graph.schema.outline import Outline
from graph.schema.readings import PLANS, Root, plan_key
from graph.schema.refusals import already_done, refused

Details = Any  # graphql-core's list of the nodes that ask for one field


async def _written(execute: Callable[[], Any]) -> ExecutionResult:
    """An event's answer as it goes out."""
    result = execute()
    done: ExecutionResult = await result if isawaitable(result) else result
    return done if done.errors else ExecutionResult(orjson.Fragment(orjson.dumps(done.data)), None)  # type: ignore[arg-type]


class PlainExecution(StrawberryGraphQLCoreExecutionContext):
    """Reads every source by the plain resolvers: the fallback of the compiled reads, and their oracle."""

    def complete_value(
        self, return_type: Any, field_details_list: Details, info: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        """Complete a value; a source by what it names."""
        if isinstance(result, Source):
            return self.complete_source(return_type, field_details_list, info, path, result, position_context)
        return super().complete_value(return_type, field_details_list, info, path, result, position_context)

    async def complete_source(self, return_type: Any, details: Details, info: Any, path: Any, source: Source, position: Any) -> Any:
        """Read what a source names, and complete it field by field."""
        PLANS.plain += 1
        with told_as_done(source):
            named = await source.one() if isinstance(source, Scanned) else source
            value = refused(Refused([named])) if isinstance(named, Refusal) else await read_plainly(named)
        completed = super().complete_value(return_type, details, info, path, value, position)
        return await completed if self.is_awaitable(completed) else completed


class Execution(PlainExecution):
    """Reads every source in one statement, compiled from what is asked of it; a selection that cannot be compiled is read plainly.

    `roots` are the sources that the operation's own fields named, and their plans.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.roots: dict[str, Root] = {}

    async def complete_source(self, return_type: Any, details: Details, info: Any, path: Any, source: Source, position: Any) -> Any:
        """Read what is asked of a source."""
        if source.shown and (known := self._at_hand(source, get_named_type(return_type), details)) is not None:
            return known if is_list_type(get_nullable_type(return_type)) else known[0]
        try:
            plan = self._plan(source, return_type, details)
        except (NotCompiled, ArmGuardError, GraphQLError):  # whose arguments are wrong: the plain resolvers say where
            return await super().complete_source(return_type, details, info, path, source, position)
        PLANS.compiled += 1
        with told_as_done(source):
            rows = await database.fetch(plan.sql, *plan.values(current_actor(), source.values))
        found = source.answer(rows)
        if isinstance(found, Refusal):
            completed = self.complete_value(return_type, details, info, path, refused(Refused([found])), position)
            return await completed if self.is_awaitable(completed) else completed
        if found is None and is_non_null_type(return_type):
            raise TypeError(f"Cannot return null for non-nullable field {info.parent_type}.{info.field_name}.")
        if path.prev is None:
            nodes = [each.node for each in details]
            told = info._replace(context=None, variable_values={}, async_helpers=None)  # a later request has its own
            self.roots[str(path.key)] = Root(told, nodes, self._below(nodes), source, plan)
        return orjson.Fragment(found) if found is not None else None

    def execute_operation(self, *args: Any, **kwargs: Any) -> Any:
        """Run an operation, or an event of a stream: once for all viewers who ask the same at the same place and may see the same."""
        if not isinstance(self.root_value, Told):
            return super().execute_operation(*args, **kwargs)
        if isinstance(self.root_value, FeedMessage) and self.root_value.event is not None:
            following.get().sees(self._outline)
        actor, operation = current_actor(), self.operation
        text = operation.loc.source.body if operation.loc else id(operation)
        name = operation.name.value if operation.name else None
        variables = repr(self.variable_values.coerced)
        key = (self.root_value.place, text, name, variables, actor.armories, actor.rights)
        make = partial(_written, partial(super().execute_operation, *args, **kwargs))
        return the_feed().answers.get(key, make, lambda answer: not answer.errors)

    def _outline(self) -> Outline:
        root: Any = self.schema.subscription_type
        asked = collect_fields(self.schema, self.fragments, self.variable_values, root, self.operation).grouped_field_set
        ((key, details),) = asked.items()  # a subscription has one field (GraphQL, 5.2.4.1)
        return Outline(key, self._fields(get_named_type(root.fields[details[0].node.name.value].type), details))

    def _at_hand(self, source: Source, of: Any, details: Details) -> list[dict[str, Any]] | None:
        fields = self._fields(of, details)
        answers = [at_hand(source.of, row, fields) for row in source.shown]
        return [answer for answer in answers if answer is not None] if None not in answers else None

    def _plan(self, source: Source, return_type: Any, details: Details) -> Plan:
        nodes = [each.node for each in details]
        key = plan_key(source, nodes, self._below(nodes), self.variable_values.coerced)
        known = PLANS.plans.find(key)
        if known is not None:
            return known[1]
        draft, of = Draft(current_actor()), get_named_type(return_type)
        if isinstance(source, Scanned):
            fields = tuple(Asked("", "", kind, fields=self._fields(self.schema.get_type(kind), details)) for kind in ("Item", "Person"))
        else:
            fields = self._fields(self.schema.get_type(source.of.kind) if is_abstract_type(of) else of, details)
        sql = source.statement(draft, Asked("", "", source.of.kind, fields=fields))
        return PLANS.plans.keep(key, (nodes, Plan(sql, draft.slots)))[1]

    def _fields(self, parent: Any, details: Details) -> tuple[Asked, ...]:
        grouped = self.collect_subfields(parent, details).grouped_field_set
        return tuple(self._asked(parent, key, each) for key, each in grouped.items())

    def _asked(self, parent: GraphQLObjectType, key: str, details: Details) -> Asked:
        node, values = details[0].node, details[0].fragment_variable_values
        name = node.name.value
        if name == "__typename":
            return Asked(key, name, parent.name)
        field = parent.fields[name]
        of = get_named_type(field.type)
        page = PageOf(**get_argument_values(field, node, self.variable_values, values, self.hide_suggestions)) if field.args else PageOf()
        fields = self._fields(of, details) if isinstance(of, GraphQLObjectType) else ()
        return Asked(key, snake(name), of.name, is_list_type(get_nullable_type(field.type)), fields, page)

    def _below(self, nodes: Sequence[FieldNode]) -> list[str]:
        return [name for node in nodes for name in self._variables_below(node)]

    def _variables_below(self, node: FieldNode) -> tuple[str, ...]:
        """The variables on which the shape of what is asked of a field depends: those of its selections."""
        known = PLANS.names.find(id(node))
        if known is None:
            known = PLANS.names.keep(id(node), (node, tuple(dict.fromkeys(self._variables(node.selection_set)))))
        return known[1]

    def _variables(self, selections: SelectionSetNode | None) -> Iterator[str]:
        for selection in selections.selections if selections else ():
            for directive in selection.directives or ():
                yield from (each.value.name.value for each in directive.arguments or () if isinstance(each.value, VariableNode))
            if isinstance(selection, FragmentSpreadNode):
                yield from self._variables(self.fragments[selection.name.value].definition.selection_set)
                continue
            if isinstance(selection, FieldNode):
                yield from (each.value.name.value for each in selection.arguments or () if isinstance(each.value, VariableNode))
            yield from self._variables(selection.selection_set)  # type: ignore[attr-defined]


def told_as_done(source: Source) -> contextlib.AbstractContextManager[None]:
    """What a command has made is there, also when it cannot be read now."""
    return already_done() if isinstance(source, Made) else contextlib.nullcontext()


def check_declarations(schema: GraphQLSchema) -> None:
    """Refuse a schema with a field of a table's type that cannot be compiled safely.

    Raises:
        TypeError: there is one; names each.
    """
    wrong = []
    for kind, of in TABLES.items():
        declared = schema.get_type(kind)
        for name, field in declared.fields.items() if isinstance(declared, GraphQLObjectType) else ():
            wrong.append(unreadable(of, snake(name), required=isinstance(field.type, GraphQLNonNull)))
    if any(wrong):
        raise TypeError("The compiled reads cannot give these fields: " + "; ".join(filter(None, wrong)))
