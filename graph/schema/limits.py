"""What a document may cost, known before anything of it is read.

Every field and every use of a fragment costs 1. A page costs its statement and its rows, and what is asked of an edge once for each row
of the page; a total is a statement of its own. What is asked of a row in a list without pages counts as often as such a list is long, as
a rule. All operations of a document count.

What is asked of the schema itself is measured by the query with which tools read all of it: that one costs three quarters of what
a document may.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_introspection_query,
    get_named_type,
    is_leaf_type,
    parse,
)

# What asks for the schema's description, and for how many types of the usual size: one that is named may be the largest of all.
META = {"__schema": ("__Schema", 1), "__type": ("__Type", 30)}
STATEMENT = 10  # what a statement of its own costs
# How many rows the lists of the schema's own description are taken to have; `types` has as many as there are.
DESCRIBED = {"fields": 12, "inputFields": 6, "enumValues": 8, "args": 3, "directives": 8, "possibleTypes": 4, "interfaces": 2}
WHOLE = parse(
    get_introspection_query(specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True)
)
LIST = 10  # how many rows a list without pages is taken to have
HIGHEST = 10**12  # what is dearer is not told apart: a few fragments in one another reach numbers that fill a page


def too_dear(cost: Cost, most: int) -> str | None:
    """Why a document that costs more than it may is refused.

    Raises:
        GraphQLError: a fragment is used within itself.
    """
    try:
        total = cost.total()
    except RecursionError:
        return "The document is nested too deeply. Ask for less at once."
    if cost.beyond:
        return f"A page has at most {cost.page} rows."
    if total <= most:
        return None
    return (
        f"This costs {total:,}{' or more' if total == HIGHEST else ''}; a document may cost {most:,}. Every field counts as often "
        "as there may be rows to read it for: ask for smaller pages within pages (`first`), for fewer fields, or in several requests."
    )


class Cost:
    """The cost of one document. It may be wrong in any way: what is not known to the schema costs as a plain field does.

    `whole` is what a document may cost that asks for all of the schema's description, and for nothing else.
    """

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any], page: int, whole: int = 1) -> None:
        self._schema = schema
        self._whole = whole
        self.page = page
        self._operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
        defined = [variable for each in self._operations for variable in each.variable_definitions or ()]
        self._variables = {each.variable.name.value: self._number(each.default_value) for each in defined} | dict(variables)
        self._fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
        self._known: dict[tuple[str, int], int | None] = {}
        self.sizes: list[str] = []  # the variables that sizes of pages are taken from
        self.beyond = False  # whether a page is larger than one may be

    def total(self) -> int:
        """What all its operations cost.

        Raises:
            GraphQLError: a fragment is used within itself.
            RecursionError: it is nested too deeply.
        """
        roots = ((self._schema.get_root_type(each.operation), each.selection_set) for each in self._operations)
        return min(sum(self._of(selections, root, 1) for root, selections in roots), HIGHEST)

    def _of(self, selections: SelectionSetNode | None, parent: GraphQLNamedType | None, rows: int) -> int:
        """What selections of a type cost; `rows` is the size of the page, if the type is a connection."""
        cost = 0
        for selection in selections.selections if selections else ():
            match selection:
                case FieldNode():
                    cost += self._field(selection, parent, rows)
                case InlineFragmentNode():
                    on = self._schema.get_type(selection.type_condition.name.value) if selection.type_condition else parent
                    cost += 1 + self._of(selection.selection_set, on, rows)
                case FragmentSpreadNode():
                    cost += 1 + self._fragment(selection.name.value, rows)
        return min(cost, HIGHEST)

    def _fragment(self, name: str, rows: int) -> int:
        """Each fragment is looked at once, however often it is used."""
        fragment = self._fragments.get(name)
        if fragment is None:
            return 0
        if (name, rows) not in self._known:
            self._known[name, rows] = None
            on = self._schema.get_type(fragment.type_condition.name.value)
            self._known[name, rows] = self._of(fragment.selection_set, on, rows)
        cost = self._known[name, rows]
        if cost is None:
            raise GraphQLError(f"The fragment {name} is used within itself.", [fragment])
        return cost

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None, rows: int) -> int:
        name = node.name.value
        declared = getattr(parent, "fields", {}).get(name)
        if name in META and parent is self._schema.query_type:
            return 1 + self._described(node.selection_set, name) * self._whole // described(self._schema)
        if declared is None or parent is None:
            return 1 + self._of(node.selection_set, None, 1)
        of = get_named_type(declared.type)
        if parent.name.startswith("__"):
            rows = len(self._schema.type_map) if name == "types" else DESCRIBED.get(name, 1)
            below = rows * self._of(node.selection_set, of, 1)
            return 1 + (below // 4 if name == "ofType" else below)  # few types are lists, or not null
        if "first" in declared.args:
            size = self._size(node)
            return STATEMENT + size + self._of(node.selection_set, of, size)
        if name == "totalCount":
            return STATEMENT
        times = 1
        if _is_list(declared.type) and not is_leaf_type(of):
            times = rows if name == "edges" else LIST
        return 1 + times * self._of(node.selection_set, of, 1)

    def _described(self, selections: SelectionSetNode | None, name: str) -> int:
        of, times = META[name]
        return times * self._of(selections, self._schema.get_type(of), 1)

    def _size(self, node: FieldNode) -> int:
        """How many rows a page may have. One of no size, or of two, is refused when it is read."""
        sizes = [self._number(given.value) for given in node.arguments or () if given.name.value in ("first", "last")]
        size = max((size for size in sizes if size is not None), default=1)
        self.beyond = self.beyond or size > self.page
        return size

    def _number(self, value: Any) -> int | None:
        if isinstance(value, IntValueNode):
            return max(1, min(int(value.value[:9]), self.page + 1))
        if isinstance(value, VariableNode):
            if value.name.value not in self.sizes:
                self.sizes.append(value.name.value)
            return _size(self._variables.get(value.name.value), self.page)
        return None


@lru_cache(4)
def described(schema: GraphQLSchema) -> int:
    """What all of the description of a schema costs, in a measure of its own."""
    cost = Cost(schema, WHOLE, {}, 1)
    (asked,) = (each for each in WHOLE.definitions if isinstance(each, OperationDefinitionNode))
    (of_schema,) = asked.selection_set.selections
    assert isinstance(of_schema, FieldNode)
    return cost._described(of_schema.selection_set, "__schema")


def sizes_of(names: Sequence[str], variables: Mapping[str, Any], page: int) -> tuple[Any, ...]:
    """What the cost of a document depends on: the sizes that its variables give. It is small, however large the values are."""
    return tuple(_size(variables[name], page) if name in variables else ... for name in names)


def _size(given: Any, page: int) -> int | None:
    if given is None:
        return None
    # What is no number, or none that an Int can be, is refused as such.
    return max(1, min(given, page + 1)) if isinstance(given, int) and given < 2**31 else page


def _is_list(of: Any) -> bool:
    return isinstance(of.of_type if isinstance(of, GraphQLNonNull) else of, GraphQLList)
