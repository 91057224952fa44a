"""What two subscribers must ask alike to be told the same."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphql import FieldNode, OperationDefinitionNode, VariableNode, Visitor, get_operation_ast, visit
from strawberry.schema.schema import StreamResult

from graph.audit.actor import Actor
from graph.schema.api import ArmGuardSchema
from graph.schema.documents import Document
from graph.schema.operation import Context

PLACE = "after"


class _Uses(Visitor):
    """How often each variable is named."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        """One more time."""
        self.counts[node.name.value] = self.counts.get(node.name.value, 0) + 1


@dataclass(frozen=True, slots=True)
class Question:
    """What a subscriber has asked."""

    schema: ArmGuardSchema
    context: Context
    text: str
    name: str | None
    variables: Mapping[str, Any] | None

    def alike(self) -> Hashable:
        """What is the same for all who ask the same, wherever each goes on: the variable that only says so does not count."""
        document = self.schema.documents.parsed(self.text)
        _, name = document.operation(self.name)
        if name not in document.places:
            document.places[name] = _place_variable(document, name)
        matters = {given: value for given, value in (self.variables or {}).items() if given != document.places[name]}
        return self.text, name, json.dumps(matters, sort_keys=True)  # also of half a character, which orjson takes for wrong

    async def asked_as(self, actor: Actor) -> StreamResult:
        """The answers that somebody has to it, whose account was looked at already."""
        context = replace(self.context, actor=actor, denied=None, fresh=True)
        return await self.schema.stream(self.text, dict(self.variables or {}), context, None, self.name)


def _place_variable(document: Document, name: str | None) -> str | None:
    """The variable that says where to go on, if it says nothing else: it is named where it is declared, and at the root's `after`."""
    operation = get_operation_ast(document.ast, name)
    for field in operation.selection_set.selections if isinstance(operation, OperationDefinitionNode) else ():
        for argument in (field.arguments or ()) if isinstance(field, FieldNode) else ():
            if argument.name.value == PLACE and isinstance(argument.value, VariableNode):
                uses = _Uses()
                visit(document.ast, uses)
                variable = argument.value.name.value
                return variable if uses.counts[variable] == 2 else None
    return None
