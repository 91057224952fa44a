"""Documents that were read before: parsed and validated once, and kept within bounds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldsOnCorrectTypeRule,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule
from strawberry.types.graphql import OperationType
from strawberry.utils.operation import get_first_operation, get_operation_type

from graph import deadline
from graph.errors import ArmGuardError
from graph.schema.known import Admission
from graph.schema.limits import Cost, sizes_of, too_dear
from graph.schema.shape import check_document, check_text, too_large, too_much
from graph.settings import Settings

KEPT = 500
KEPT_CHARACTERS = 300_000  # of all together: what was read of a character takes up to 230 bytes, so some 70 MB
LONGEST_KEPT = 20_000  # characters: what is longer is read anew each time
MISTAKES = 5  # how many of a document are told: each takes as long to find words for as many fields do to be read
FIELDS = (FieldsOnCorrectTypeRule,)
RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
NOTHING = parse("{ __typename }")
PAGES_KEPT = 50  # costs remembered of one document, one for each choice of page sizes


class WhichOperation(CannotGetOperationTypeError):
    """A document has several operations, and the request does not say which of them is meant (GraphQL, 6.1)."""

    def __str__(self) -> str:
        return "This document has several operations. Say which one to run by its name: `operationName`."

    def as_http_error_reason(self) -> str:
        """The same for Strawberry."""
        return str(self)


@dataclass
class Document:
    """A document, whether it is valid, and what it costs for the page sizes that its variables have asked for.

    `walks` has the short ways through its operations, by their names, and `places` the variables that say only where one goes on.
    """

    ast: DocumentNode
    valid: bool = False
    sizes: Sequence[str] | None = None
    refusals: dict[tuple[Any, ...], str | None] = field(default_factory=dict)
    operations: dict[str | None, tuple[OperationType, str | None]] = field(default_factory=dict)
    walks: dict[str | None, Any] = field(default_factory=dict)
    places: dict[str | None, str | None] = field(default_factory=dict)

    def operation(self, name: str | None) -> tuple[OperationType, str | None]:
        """The kind of the operation with this name, or of the only one, and its name.

        Raises:
            CannotGetOperationTypeError: there is none, or without a name more than one.
        """
        if name not in self.operations:
            first = get_first_operation(self.ast)
            if name is None and sum(isinstance(each, OperationDefinitionNode) for each in self.ast.definitions) > 1:
                raise WhichOperation(None)
            found = name if name is not None else first.name.value if first and first.name else None
            try:
                self.operations[name] = get_operation_type(self.ast, found), found
            except RuntimeError:
                raise CannotGetOperationTypeError(found) from None
        return self.operations[name]


class Documents:
    """Reads documents within the limits. Only what is valid is kept: an invalid one is refused anew each time.

    Nor is what nobody signed in has asked, so that a stranger cannot drive out what others use.
    """

    def __init__(self, limits: Settings, rules: Sequence[Any]) -> None:
        self._limits = limits
        self._rules = tuple(rules)
        # Braces with nothing between them are no selection (GraphQL, 2.4); the parser lets them through, and validation stumbles.
        self.reading: dict[str, Any] = {"max_tokens": limits.query_tokens, "allow_empty_selection_sets": False}
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._characters = 0

    def parsed(self, text: str) -> Document:
        """The document.

        Raises:
            GraphQLError: it cannot be read, or is too long.
        """
        known = self._kept.get(text)
        if known is not None:
            self._kept.move_to_end(text)
            return known
        check_text(text, self._limits)
        return Document(parse(text, **self.reading))

    def check_input(self, variables: Mapping[str, Any]) -> None:
        """See that values are within the limits.

        Raises:
            GraphQLError: they are not.
        """
        if variables and (refusal := too_large(variables, self._limits)) is not None:
            raise too_much(refusal)

    def time(self, kind: OperationType) -> None:
        """Give a query its deadline. A command and a stream have none."""
        if kind is not OperationType.QUERY:
            deadline.lift()
        elif deadline.seconds_left() is None:  # else its request has one since it came
            deadline.begin(self._limits.request_seconds)

    def errors(
        self, schema: GraphQLSchema, text: str, document: Document, variables: Mapping[str, Any], *, keep: bool = True
    ) -> list[GraphQLError]:
        """Why it is refused, which is looked at before anything is read: what it costs first, for some rules take as long as it would."""
        try:
            refusal = self._refusal(schema, document, variables)
            if refusal is not None:
                return [too_much(refusal)]
            if not document.valid:
                check_document(document.ast, self._limits)
        except GraphQLError as error:
            return [error]
        if not document.valid:
            errors = validate_document(schema, document.ast)
            # The rules of the limits take it for granted that each fragment that is used is there.
            errors = errors or validate(schema, document.ast, self._rules)
            if errors:
                return errors
            document.valid = True
            if keep and len(text) <= LONGEST_KEPT:
                self._keep(text, document)
        return []

    def _keep(self, text: str, document: Document) -> None:
        if text not in self._kept:
            self._characters += len(text)
        self._kept[text] = document
        while len(self._kept) > KEPT or self._characters > KEPT_CHARACTERS:
            self._characters -= len(self._kept.popitem(last=False)[0])

    def _refusal(self, schema: GraphQLSchema, document: Document, variables: Mapping[str, Any]) -> str | None:
        page = self._limits.page_size
        key = None if document.sizes is None else sizes_of(document.sizes, variables, page)
        if key is None or key not in document.refusals:
            cost = Cost(schema, document.ast, variables, page, self._limits.query_cost * 3 // 4)
            refusal = too_dear(cost, self._limits.query_cost)
            document.sizes = cost.sizes
            key = sizes_of(document.sizes, variables, page)
            if len(document.refusals) >= PAGES_KEPT:
                document.refusals.clear()
            document.refusals[key] = refusal
        return document.refusals[key]


def validate_document(schema: GraphQLSchema, ast: DocumentNode) -> list[GraphQLError]:
    """The first mistakes of a document: its fields are looked at alone, for that ends with the first few that there are not."""
    return validate(schema, ast, FIELDS, max_errors=MISTAKES) or validate(schema, ast, RULES, max_errors=MISTAKES)


class Known(SchemaExtension):
    """Takes the documents of streams and sockets from those that are known, as far as they may be asked."""

    def __init__(self, documents: Documents, admission: Admission) -> None:
        self._documents = documents
        self._admission = admission
        self._document: Document | None = None
        self._refusal: GraphQLError | None = None

    def on_parse(self) -> Iterator[None]:
        """Read the document; Strawberry says what is wrong with one that cannot be read."""
        asked = self.execution_context
        if asked.query:
            try:
                self._documents.check_input(asked.variables or {})
                self._document = self._documents.parsed(asked.query)
                asked.graphql_document = self._document.ast
                self._documents.time(self._document.operation(asked._provided_operation_name)[0])
            except WhichOperation as which:  # of several Strawberry would run the first
                self._refuse(GraphQLError(str(which), original_error=which))
            except CannotGetOperationTypeError:  # Strawberry says so
                pass
            except GraphQLSyntaxError:
                asked.parse_options.update(self._documents.reading)  # type: ignore[typeddict-item]
            except GraphQLError as refused:  # by a limit
                self._refuse(refused)
        yield

    def _refuse(self, why: GraphQLError) -> None:
        """Look at nothing else of the document."""
        asked = self.execution_context
        self._refusal, asked.graphql_document, asked._provided_operation_name = why, NOTHING, None

    async def on_validate(self) -> AsyncIterator[None]:
        """Look at it, unless it is known to be well."""
        asked = self.execution_context
        if self._refusal is not None:
            asked.pre_execution_errors = [self._refusal]
        elif self._document is not None and asked.query and asked.pre_execution_errors is None:
            errors = await self._refused(asked.query) or self._documents.errors(
                asked.schema._schema, asked.query, self._document, asked.variables or {}, keep=asked.context.actor is not None
            )
            asked.pre_execution_errors = errors or None
            asked.validation_rules = ()
        yield

    async def _refused(self, text: str) -> list[GraphQLError]:
        try:
            await self._admission.admit(text, self.execution_context.context)
        except ArmGuardError as error:
            return [GraphQLError(str(error), original_error=error)]
        return []

    def on_stream_result(self, result: Any) -> Iterator[None]:
        """Name nothing of the schema to whom it is not shown."""
        for error in getattr(result, "errors", None) or ():
            error.message = self._admission.said(error.message)
        yield
