"""How large a document and its input may be, known before it is validated: for the rules of GraphQL take the square of some of this.

The text is counted before it is parsed, by one regular expression. What is parsed is walked once, without recursion; then the fields
that are asked for again under the same name are counted as the rule that merges them compares them: each with each. What is
refused says which limit it met. The numbers are those of `graph.settings`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from graph.errors import LimitExceeded
from graph.settings import Settings

LONGEST_WORD = 200  # characters of a name or a number
WIDEST = 60  # fields of an object: more than any input has
LISTS = "The lists in a document have at most {} entries together. Give them as variables."
LIST = "A list in the input has at most {} entries. Send the rest in another request."
OBJECT = f"An object in the input has at most {WIDEST} fields."
BELOW = ("directives", "arguments", "variable_definitions", "default_value", "selection_set", "selections", "value", "values", "fields")
# What counts as a token. A text that does not end is one too: otherwise it would be looked for again from each of its quotes.
TOKEN = re.compile(
    r'"""(?:[^"\\]|\\"""|\\|"(?!""))*+(?:""")?'
    r'|"(?:\\.|[^"\\\n\r])*+"?'
    r"|#[^\n\r]*"
    rf"|(?P<long>[\w.+-]{{{LONGEST_WORD + 1}}})"
    r"|[\w+-][\w.+-]*+|\.\.\.|(?P<directive>@)|[!$&()\[\]{}:=|]"
)


def too_much(message: str) -> GraphQLError:
    """The error of a limit."""
    return GraphQLError(message, extensions={"code": LimitExceeded.code})


def check_text(text: str, limits: Settings) -> None:
    """Count what a document is made of, before it is parsed.

    Raises:
        GraphQLError: it is longer than a document may be, or has too many tokens or directives.
    """
    if len(text) > limits.query_characters:
        raise too_much(f"A document has at most {limits.query_characters:,} characters. Give long values as variables.")
    directives = 0
    for number, found in enumerate(TOKEN.finditer(text), 1):
        match found.lastgroup:
            case "directive":
                directives += 1
            case "long":
                raise too_much(f"A name or a number in a document has at most {LONGEST_WORD} characters.")
        if number > limits.query_tokens:
            raise too_much(f"A document has at most {limits.query_tokens:,} tokens. Ask for less at once.")
    if directives > limits.query_directives:
        raise too_much(f"A document has at most {limits.query_directives} directives.")


def check_document(document: DocumentNode, limits: Settings) -> None:
    """Look at each place of a document once.

    Raises:
        GraphQLError: there are too many directives in one place, definitions, or entries in a list; or the same is asked for
            too often.
    """
    if len(document.definitions) > limits.query_definitions:
        raise too_much(f"A document has at most {limits.query_definitions} operations and fragments.")
    longest = longest_list(limits)
    entries = aliases = 0
    waiting: list[Node] = [*document.definitions]
    while waiting:
        node = waiting.pop()
        if isinstance(node, FieldNode):
            aliases += node.alias is not None
        if len(getattr(node, "directives", None) or ()) > limits.place_directives:
            raise too_much(f"There are at most {limits.place_directives} directives in one place of a document.")
        if isinstance(node, ListValueNode):
            entries += len(node.values)
            if entries > longest:
                raise too_much(LISTS.format(longest))
        if isinstance(node, ObjectValueNode) and len(node.fields) > WIDEST:
            raise too_much(OBJECT)
        for key in _keys(node):
            below = getattr(node, key)
            if isinstance(below, Node):
                waiting.append(below)
            elif isinstance(below, tuple | list):
                waiting.extend(below)
    if aliases > limits.query_aliases:
        raise too_much(f"A document has at most {limits.query_aliases} aliases.")
    if _again(document, limits.query_repeats) > limits.query_repeats:
        message = "This document asks for the same fields of the same thing too often. Ask for each once, or under a name of its own."
        raise too_much(message)


def longest_list(limits: Settings) -> int:
    """How many entries a list of the input has at most; it is never shorter than the lines of a command."""
    return max(limits.input_list, limits.command_lines)


_known_keys: dict[str, tuple[str, ...]] = {}


def _keys(node: Node) -> tuple[str, ...]:
    """What of a node has nodes in it that are looked at: of each kind the same."""
    keys = _known_keys.get(node.kind)
    if keys is None:
        keys = _known_keys[node.kind] = tuple(key for key in BELOW if key in node.keys)
    return keys


def _again(document: DocumentNode, most: int) -> int:
    """How many pairs of fields, and of fragments, there are at the same place of an answer; counted no further than `most`.

    An answer is merged from all that asks for the same field of the same thing, wherever in the document it stands.
    """
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    roots = [each.selection_set for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    pairs, waiting = 0, [[each] for each in roots if each is not None]
    while waiting and pairs <= most:
        fields, spreads = _merged(waiting.pop(), fragments)
        pairs += spreads * (spreads - 1) // 2
        for same in fields.values():
            pairs += len(same) * (len(same) - 1) // 2
            if below := [each.selection_set for each in same if each.selection_set is not None]:
                waiting.append(below)
    return pairs


def _merged(sets: list[SelectionSetNode], fragments: Mapping[str, FragmentDefinitionNode]) -> tuple[dict[str, list[FieldNode]], int]:
    """The fields of some selections by their names in the answer, and how often a fragment is used in them."""
    fields: dict[str, list[FieldNode]] = {}
    seen: set[str] = set()
    spreads = 0
    waiting = [*sets]
    while waiting:
        for node in waiting.pop().selections:
            if isinstance(node, FieldNode):
                fields.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
            elif not isinstance(node, FragmentSpreadNode):
                waiting.append(node.selection_set)  # type: ignore[attr-defined]
            else:
                spreads += 1
                if node.name.value in fragments and node.name.value not in seen:
                    waiting.append(fragments[node.name.value].selection_set)
                seen.add(node.name.value)
    return fields, spreads


def too_large(variables: Mapping[str, Any], limits: Settings) -> str | None:
    """Why the values of variables are refused, whatever they are for: their lists, their depth, and how many there are of all together."""
    longest, left = longest_list(limits), limits.input_values
    level: Sequence[Any] = (variables,)
    for _ in range(limits.input_depth):
        below: list[Any] = []
        for each in level:
            left -= len(each)
            if left < 0:
                return f"An input has at most {limits.input_values:,} values. Send it in several requests."
            if len(each) > (longest if isinstance(each, list) else WIDEST):
                return LIST.format(longest) if isinstance(each, list) else OBJECT
            below.extend(value for value in (each.values() if isinstance(each, dict) else each) if isinstance(value, dict | list))
        if not below:
            return None
        level = below
    return f"An input is at most {limits.input_depth} levels deep."
