"""From a client's input to a command: ids read, text cleaned, numbers within their bounds; a clear BAD_REQUEST for what is not so."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING
from typing import Any, TypeVar

from strawberry import Schema
from strawberry.schema.config import StrawberryConfig
from strawberry.types.arguments import InputContext
from strawberry.types.base import StrawberryList, StrawberryObjectDefinition, StrawberryOptional, has_object_definition

from graph import database
from graph.errors import BadInput, LimitExceeded
from graph.rules.texts import camel, text

C = TypeVar("C")

BOUNDS = {
    "temporary_limit_hours": (1, 8760),
    "sidearm_limit": (0, 100),
    "long_gun_limit": (0, 100),
    "round_count": (0, 10_000_000),
    "rounds_fired": (0, 100_000),
    "quantity": (1, 1_000_000),
    "returned": (0, 1_000_000),
    "expended": (0, 100_000),
    "lost": (0, 1_000_000),
    "due_hours": (1, 8760),
    "days": (1, 3650),
    "overlap_hours": (0, 720),
    "expected_version": (1, 2_147_483_647),
}


def number(name: str, value: int) -> int:
    """A number within its bounds.

    Raises:
        BadInput: it is not.
    """
    least, most = BOUNDS.get(name, (-2_147_483_648, 2_147_483_647))
    if not least <= value <= most:
        raise BadInput(f"{camel(name)} must be from {least} to {most}.")
    return value


def clean(name: str, value: Any, longest: int | None = None) -> Any:
    """A value of an input, whatever it is made of."""
    if isinstance(value, str) and type(value) is str:
        return text(name, value, longest)
    if isinstance(value, int) and not isinstance(value, bool):
        return number(name, value)
    if isinstance(value, list):
        return tuple(clean(name, part) for part in value)
    return value


def command_of(command: type[C], asked: Any, **read: Any) -> C:
    """The command that an input asks for. `read` are fields that have been read from it already.

    Raises:
        BadInput: a value is not what it must be; names the field.
    """
    names = {field.name for field in dataclasses.fields(command)}  # type: ignore[arg-type]
    given: Mapping[str, Any] = {name: value for name, value in vars(asked).items() if name in names and name not in read}
    values = {name: clean(name, value) for name, value in given.items()}
    return command(**values, **read)


def lines_of(lines: Sequence[C]) -> Sequence[C]:
    """The lines of a command.

    Raises:
        BadInput: there are none.
        LimitExceeded: there are too many.
    """
    most = database.door().settings.command_lines
    if not lines:
        raise BadInput("lines is empty: name at least one item.")
    if len(lines) > most:
        raise LimitExceeded(f"A command has at most {most} lines.")
    return lines


def quick_inputs(schema: Schema) -> None:
    """Let the inputs of a schema be made by what is known of their fields, instead of finding it out for each value anew.

    The hook is Strawberry's own (`from_input`); what comes out is the same.
    """
    for known in schema.schema_converter.type_map.values():
        definition = known.definition
        if isinstance(definition, StrawberryObjectDefinition) and definition.is_input:
            definition.from_input = _maker(definition, schema.config)


def _maker(definition: StrawberryObjectDefinition, config: StrawberryConfig) -> Callable[..., Any]:
    names = config.name_converter
    unset: dict[str, None] = {}
    parts = []
    for field in definition.fields:
        of = field.resolve_type(type_definition=definition)
        parts.append((names.from_field(field), field.python_name, _reader(of)))
        if field.default_value is MISSING and field.default_factory is MISSING:
            unset[field.python_name] = None

    def make(type_: type, value: Mapping[str, Any], context: InputContext) -> Any:
        given = {
            python_name: value[name] if read is None else read(value[name], context) for name, python_name, read in parts if name in value
        }
        return type_(**{**unset, **given})

    return make


def _reader(of: Any) -> Callable[[Any, InputContext], Any] | None:
    """How a value of a type is read; None: it is taken as it comes."""
    if isinstance(of, StrawberryOptional):
        return _reader(of.of_type)
    if isinstance(of, StrawberryList):
        return _list_reader(_reader(of.of_type))
    if has_object_definition(of):
        definition: Any = of.__strawberry_definition__
        return lambda value, context: None if value is None else definition.from_input(of, value, context)
    return None


def _list_reader(inner: Callable[[Any, InputContext], Any] | None) -> Callable[[Any, InputContext], Any]:
    if inner is None:
        return lambda value, _: None if value is None else list(value)
    return lambda value, context: None if value is None else [inner(each, context) for each in value]
