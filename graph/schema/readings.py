"""What was asked before: the statements it takes, so that a query that is asked again needs little of GraphQL, or none."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson
from graphql import FieldNode, GraphQLError, GraphQLSchema, NamedTypeNode, NonNullTypeNode, OperationDefinitionNode, Undefined
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values

from graph import database
from graph.audit.actor import actor_or_none, current_actor
from graph.errors import ArmGuardError
from graph.resolvers.compiler import Plan, shape_of
from graph.resolvers.sources import Source
from graph.schema.documents import LONGEST_KEPT, Document

PLANS_KEPT = READINGS_KEPT = 1000
LONGEST_VARIABLES = 2000  # characters
V = TypeVar("V")


class Recent(Generic[V]):
    """What was used last, by its key: bounded, and the least used goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, V] = OrderedDict()

    def find(self, key: Hashable) -> V | None:
        """What is known by a key."""
        known = self._kept.get(key)
        if known is not None:
            self._kept.move_to_end(key)
        return known

    def keep(self, key: Hashable, value: V) -> V:
        """Remember it."""
        self._kept[key] = value
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return value


class Plans:
    """The plans of the documents that are in use, and the variables below their fields: each keeps the nodes alive that are its key.

    `compiled` and `plain` count the sources that were read either way.
    """

    def __init__(self) -> None:
        self.plans: Recent[tuple[Sequence[FieldNode], Plan]] = Recent(PLANS_KEPT)
        self.names: Recent[tuple[FieldNode, tuple[str, ...]]] = Recent(PLANS_KEPT)
        self.compiled = 0
        self.plain = 0


PLANS = Plans()


def plan_key(source: Source, nodes: Sequence[FieldNode], below: Iterable[str], variables: Mapping[str, Any]) -> Hashable:
    """What the plan of a source is known by, for the actor: the nodes that ask for it, and the variables below them."""
    values = tuple(variables.get(name, Undefined) for name in below)
    return (tuple(map(id, nodes)), type(source), source.of.kind, source.shape, shape_of(current_actor()), values)


@dataclass(frozen=True)
class Root:
    """A field of a query that named a source: what its resolver was told, the nodes that ask for it, and the variables below them."""

    info: Any
    nodes: Sequence[FieldNode]
    below: Sequence[str]
    source: Source
    plan: Plan


@dataclass(frozen=True)
class Reading:
    """The statements of a query: asked again with the same variables, it is the same ones."""

    fields: Sequence[tuple[str, tuple[Source, Plan] | str]]

    async def read(self) -> dict[str, Any] | None:
        """The answer as it is now; None if it takes a closer look."""
        actor = current_actor()
        answer: dict[str, Any] = {}
        for key, named in self.fields:
            if isinstance(named, str):
                answer[key] = named
                continue
            source, plan = named
            try:
                found = source.answer(await database.fetch(plan.sql, *plan.values(actor, source.values)))
            except ArmGuardError:
                return None
            if not isinstance(found, str):
                return None
            answer[key] = orjson.Fragment(found)
            PLANS.compiled += 1
        return answer


@dataclass(frozen=True)
class Walk:
    """The short way through a document whose fields name sources: only these are resolved, by the variables, and what is below is known."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fields: Sequence[tuple[str, Root | str]]
    texts: Sequence[str] | None

    async def reading(self, context: Any, variables: dict[str, Any]) -> Reading | None:
        """The statements for these variables; None if it takes a closer look."""
        given = self._given(variables)
        if isinstance(given, list):
            return None
        found: list[tuple[str, tuple[Source, Plan] | str]] = []
        for key, root in self.fields:
            named = root if isinstance(root, str) else await self._resolved(root, context, given)
            if named is None:
                return None
            found.append((key, named))
        return Reading(found)

    def _given(self, variables: dict[str, Any]) -> VariableValues | list[GraphQLError]:
        """The values of the variables, or what is wrong with them: a text for a text is taken as it is."""
        if self.texts is not None and all(type(variables.get(name)) is str for name in self.texts):
            return VariableValues({}, {name: variables[name] for name in self.texts})
        return get_variable_values(self.schema, self.operation.variable_definitions or (), variables)

    async def _resolved(self, root: Root, context: Any, given: VariableValues) -> tuple[Source, Plan] | None:
        info, node = root.info, root.nodes[0]
        field = info.parent_type.fields[info.field_name]
        try:
            asked = get_argument_values(field, node, given)
            source = await field.resolve(None, info._replace(context=context, variable_values=given.coerced), **asked)
        except (ArmGuardError, GraphQLError):
            return None
        known = PLANS.plans.find(plan_key(source, root.nodes, root.below, given.coerced)) if isinstance(source, Source) else None
        return (source, known[1]) if known is not None else None


class Readings(Recent[Reading]):
    """The queries that are asked again and again, such as a dashboard's, by all that their statements depend on."""

    def __init__(self) -> None:
        super().__init__(READINGS_KEPT)

    def key(self, text: str, name: str | None, variables: Mapping[str, Any]) -> Hashable:
        """What a query is known by, for the actor; None if it is not kept."""
        actor = actor_or_none()
        if actor is None or len(text) > LONGEST_KEPT:
            return None
        given = repr(variables)  # which tells apart what JSON writes alike, such as NaN and null
        return (text, name, given, actor.rights, shape_of(actor)) if len(given) <= LONGEST_VARIABLES else None

    async def walked(self, key: Hashable, document: Document, name: str | None, context: Any, variables: dict[str, Any]) -> Any:
        """The answer by the short way, if this document has one, for variables that it was not asked with just before."""
        walk: Walk | None = document.walks.get(name) if key is not None else None
        reading = await walk.reading(context, variables) if walk is not None else None
        return await self.keep(key, reading).read() if reading is not None else None

    def learn(self, key: Hashable, document: Document, name: str | None, execution: Any, answer: Mapping[str, Any] | None) -> None:
        """Remember a query that was answered without an error, if each of its fields is a source."""
        roots: Mapping[str, Root] = getattr(execution, "roots", {})
        if key is None or not answer:
            return
        fields = [(at, roots.get(at, value)) for at, value in answer.items()]
        if not all(isinstance(of, Root) or of == execution.schema.query_type.name for _, of in fields):  # else `__typename`
            return
        self.keep(key, Reading([(at, (of.source, of.plan) if isinstance(of, Root) else of) for at, of in fields]))
        asked = execution.operation.selection_set.selections
        if all(isinstance(node, FieldNode) and not node.directives for node in asked):
            document.walks[name] = Walk(execution.schema, execution.operation, fields, texts_of(execution.operation))


def texts_of(operation: OperationDefinitionNode) -> list[str] | None:
    """The names of the variables, if each is a text that is given or not."""
    asked = operation.variable_definitions or ()
    types = [each.type.type if isinstance(each.type, NonNullTypeNode) else each.type for each in asked]
    texts = all(isinstance(of, NamedTypeNode) and of.name.value in ("ID", "String") for of in types)
    return [each.variable.name.value for each in asked] if texts and not any(each.default_value for each in asked) else None
