"""Documents that were read before: parsed and validated once, and kept within bounds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, GraphQLError, GraphQLSchema, parse, specified_rules
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import validate_document

from graph.schema.limits import Cost, too_dear
from graph.settings import Settings

KEPT = 500
LONGEST_KEPT = 20_000  # characters: what is longer is read anew each time
PAGES_KEPT = 50  # costs remembered of one document, one for each choice of page sizes


@dataclass
class Document:
    """A document, whether it is valid, and what it costs for the page sizes that its variables have asked for."""

    ast: DocumentNode
    valid: bool = False
    sizes: Sequence[str] | None = None
    refusals: dict[tuple[Any, ...], str | None] = field(default_factory=dict)


class Documents:
    """Reads documents within the limits. Only what is valid is kept: an invalid one is refused anew each time."""

    def __init__(self, limits: Settings, rules: Sequence[Any]) -> None:
        self._limits = limits
        self._rules = (*specified_rules, *rules)
        self._kept: OrderedDict[str, Document] = OrderedDict()

    def parsed(self, text: str) -> Document:
        """The document.

        Raises:
            GraphQLError: it cannot be read, or has too many tokens.
        """
        known = self._kept.get(text)
        if known is not None:
            self._kept.move_to_end(text)
            return known
        return Document(parse(text, max_tokens=self._limits.query_tokens))

    def errors(self, schema: GraphQLSchema, text: str, document: Document, variables: Mapping[str, Any]) -> list[GraphQLError]:
        """Why it is refused, which is looked at before anything is read: what it costs first, for some rules take as long as it would."""
        try:
            refusal = self._refusal(schema, document, variables)
        except GraphQLError as error:
            return [error]
        if refusal is not None:
            return [GraphQLError(refusal, extensions={"code": "LIMIT_EXCEEDED"})]
        if not document.valid:
            errors = validate_document(schema, document.ast, self._rules)
            if errors:
                return errors
            document.valid = True
            if len(text) <= LONGEST_KEPT:
                self._kept[text] = document
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return []

    def _refusal(self, schema: GraphQLSchema, document: Document, variables: Mapping[str, Any]) -> str | None:
        key = None if document.sizes is None else tuple(repr(variables.get(name, ...)) for name in document.sizes)
        if key is None or key not in document.refusals:
            cost = Cost(schema, document.ast, variables, self._limits.page_size)
            refusal = too_dear(cost, self._limits.query_cost)
            document.sizes = cost.sizes
            key = tuple(repr(variables.get(name, ...)) for name in document.sizes)
            if len(document.refusals) >= PAGES_KEPT:
                document.refusals.clear()
            document.refusals[key] = refusal
        return document.refusals[key]


class Known(SchemaExtension):
    """Takes the documents of streams and sockets from those that are known."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._document: Document | None = None

    def on_parse(self) -> Iterator[None]:
        """Read the document; Strawberry says what is wrong with one that cannot be read."""
        asked = self.execution_context
        if asked.query:
            try:
                self._document = self._documents.parsed(asked.query)
                asked.graphql_document = self._document.ast
            except GraphQLError:
                asked.parse_options["max_tokens"] = self._documents._limits.query_tokens
        yield

    def on_validate(self) -> Iterator[None]:
        """Look at it, unless it is known to be well."""
        asked = self.execution_context
        if self._document is not None and asked.query and asked.pre_execution_errors is None:
            errors = self._documents.errors(asked.schema._schema, asked.query, self._document, asked.variables or {})
            asked.pre_execution_errors = errors or None
            asked.validation_rules = ()
        yield
