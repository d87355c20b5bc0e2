"""Label cells: values of a label file as text, also as spreadsheets and other programs write them."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

_TRUTHS = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
_EXPECTED = {
    "list": "a list in square brackets",
    "bool": "True or False",
    "int64": "a whole number",
    "float": "a number",
    "string": "a text",
}


class CellError(ValueError):
    """A cell holds something else than its column should."""


def to_cell(value: Any) -> Any:
    """A value as a CSV cell: lists become JSON, and texts like formulas get an apostrophe in front."""
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r", "'")):
        return "'" + value
    return value


def from_cell(field: pa.Field, cell: str) -> Any:
    """The value in a CSV cell; None if it is empty.

    Raises:
        CellError: It holds something else than its column should.
    """
    if pa.types.is_string(field.type):
        return cell.removeprefix("'") or None
    cell = cell.strip()
    try:
        if not cell:
            return None
        if pa.types.is_list(field.type):
            return from_json(field, _list_in(cell))
        if pa.types.is_boolean(field.type):
            return _TRUTHS[cell.lower()]
        if pa.types.is_integer(field.type) and cell.lstrip("-").isdecimal():
            return int(cell)  # more digits than a float has
        return from_json(field, float(cell.replace(",", ".")))
    except (ValueError, KeyError) as error:
        raise _error(field, cell) from error


def from_json(field: pa.Field, value: Any) -> Any:
    """The same for a value in a line of JSON: whole numbers may be written with a fraction.

    Raises:
        CellError: It is something else than its column should hold.
    """
    if value is None:
        return None
    kind = field.type
    if isinstance(value, str) and not pa.types.is_string(kind):
        return from_cell(field, value)  # as it stood in a file that was CSV before
    try:
        if pa.types.is_list(kind) and isinstance(value, list):
            return [from_json(kind.value_field, item) for item in value]
        if pa.types.is_boolean(kind) and value in (0, 1):
            return bool(value)
        if pa.types.is_integer(kind) and isinstance(value, int | float):
            return int(value)
        if pa.types.is_floating(kind) and isinstance(value, int | float):
            return float(value)
        if pa.types.is_string(kind) and isinstance(value, str):
            return value
    except (ValueError, OverflowError) as error:
        raise _error(field, value) from error
    raise _error(field, value)


def _list_in(cell: str) -> Any:
    """The list that JSON writes as this text, or Python, if no name in it has quotes."""
    try:
        return json.loads(cell)
    except ValueError:
        return json.loads(cell.replace("'", '"'))


def _error(field: pa.Field, value: Any) -> CellError:
    kind = "list" if pa.types.is_list(field.type) else str(field.type)
    return CellError(f"column {field.name} holds {str(value)[:60]!r}, expected {_EXPECTED[kind]}")
