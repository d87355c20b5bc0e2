"""Label cells: values of a label file as text, also as spreadsheets and other programs write them.

A row is flat in CSV: each of its candidates has columns of its own, `top1_label`,
`top1_probability`, `top2_label`, ...
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from zsl_images.labelling.label_schema import REQUIRED, SCHEMA

ENCODINGS = {False: "utf-8", True: "utf-8-sig"}
"""Encoding of a CSV file, by whether it is meant for Excel, which needs a byte order mark."""

LISTS = {"top_labels": "label", "top_probabilities": "probability"}
"""Lists, and what the column of one of their items is called: `top1_label`, `top2_label`, ..."""

_CANDIDATE = re.compile(rf"top([1-9]\d{{0,4}})_(?:{'|'.join(LISTS.values())})")
_TRUTHS = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
_EXPECTED = {
    "list": "a list in square brackets",
    "bool": "True or False",
    "int": "a whole number",
    "float": "a number",
    "string": "a text",
}


class CellError(ValueError):
    """A cell holds something else than its column should."""


def candidate_column(rank: int, what: str) -> str:
    """The column of one candidate in CSV; `what` is one of the values of `LISTS`."""
    return f"top{rank}_{what}"


def csv_header(top_k: int) -> list[str]:
    """The columns of a CSV file of labels.

    Args:
        top_k: Most candidates of a row.
    """
    first, *others = LISTS
    columns = []
    for name in SCHEMA.names:
        if name == first:  # label and probability of a candidate are side by side
            columns += [
                candidate_column(rank, what) for rank in range(1, top_k + 1) for what in LISTS.values()
            ]
        elif name not in others:
            columns.append(name)
    return columns


def top_k_of(columns: Iterable[str]) -> int:
    """The most candidates that a row with these columns may have, each in columns of its own.

    It is 0 if they are in lists: `top1_label` is then a column of a user's own.
    """
    columns = {*columns}
    if columns >= LISTS.keys():
        return 0
    ranks = (int(found[1]) for found in map(_CANDIDATE.fullmatch, columns) if found)
    return min(max(ranks, default=0), len(columns))


def check_columns(columns: Iterable[str]) -> None:
    """Refuse a file without a column that each label file has; lists may be flat.

    Raises:
        LookupError: A column is missing.
    """
    columns = {*columns}
    columns |= LISTS.keys() if top_k_of(columns) else set()
    if missing := [name for name in SCHEMA.names if name in REQUIRED and name not in columns]:
        raise LookupError(f"it has no columns {', '.join(missing)}")


def csv_cells(row: Mapping[str, Any], header: Sequence[str]) -> list[Any]:
    """The cells of a row, in the order of a `csv_header`; cells of a user's own stay as they are."""
    flat: dict[str, Any] = {name: value for name, value in row.items() if name not in LISTS}
    for name, what in LISTS.items():
        for rank, value in enumerate(row[name] or (), start=1):
            flat[candidate_column(rank, what)] = value
    is_own = row.keys() - SCHEMA.names
    if flat["label_set"] is not None:  # its length differs from row to row, so it stays in one cell
        flat["label_set"] = json.dumps(list(flat["label_set"]), ensure_ascii=False)
    return [flat.get(name) if name in is_own else to_cell(flat.get(name)) for name in header]


def row_of(
    values: Mapping[str, Any], top_k: int, read: Callable[[pa.Field, Any], Any]
) -> dict[str, Any]:
    """The row that has these values, without the columns that only later versions write.

    Args:
        values: Column → its value, as it stands in the file.
        top_k: See `top_k_of`.
        read: Reads a value: `from_cell` or `from_json`.

    Raises:
        CellError: A value is none of its column.
    """
    row = {field.name: read(field, values[field.name]) for field in SCHEMA if field.name in values}
    for name, what in LISTS.items():
        if name not in values:  # as earlier versions wrote lists
            kind = SCHEMA.field(name).type.value_type
            columns = (candidate_column(rank, what) for rank in range(1, top_k + 1))
            row[name] = list_of([read(pa.field(one, kind), values.get(one)) for one in columns])
    return row


def list_of(items: Sequence[Any]) -> list[Any] | None:
    """The list that is flat in these columns; None if they are empty."""
    size = max((at for at, item in enumerate(items, 1) if item is not None), default=0)
    return list(items[:size]) or None


def rounded(value: Any) -> Any:
    """A value with its floats rounded to 6 decimals."""
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value


def to_cell(value: Any) -> Any:
    """A value as a CSV cell: texts that a spreadsheet would take for formulas get an apostrophe."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r", "'")):
        return "'" + value
    return value


def from_cell(field: pa.Field, cell: str | None) -> Any:
    """The value in a CSV cell; None if it is empty, or there is none.

    Raises:
        CellError: It holds something else than its column should.
    """
    if cell is None:
        return None
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
            return _whole(field, int(cell))  # more digits than a float has
        return from_json(field, float(cell.replace(",", ".")))
    except (ValueError, KeyError, OverflowError) as error:
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
            return _whole(field, int(value))
        if pa.types.is_floating(kind) and isinstance(value, int | float) and not math.isinf(value):
            return None if math.isnan(value) else float(value)
        if pa.types.is_string(kind) and isinstance(value, str):
            return value
    except (ValueError, OverflowError) as error:
        raise _error(field, value) from error
    raise _error(field, value)


def _whole(field: pa.Field, value: int) -> int:
    """A whole number that a column can hold.

    Raises:
        OverflowError: It is too large.
    """
    most: int = 2 ** (field.type.bit_width - 1)
    if not -most <= value < most:
        raise OverflowError(f"{value} does not fit into {field.type.bit_width} bits")
    return value


def _list_in(cell: str) -> Any:
    """The list that JSON writes as this text, or Python, if no name in it has quotes."""
    try:
        return json.loads(cell)
    except ValueError:
        return json.loads(cell.replace("'", '"'))


def _error(field: pa.Field, value: Any) -> CellError:
    kind = re.match("[a-z]+", str(field.type))
    expected = _EXPECTED[kind[0]] if kind else field.type
    return CellError(f"column {field.name} holds {str(value)[:60]!r}, expected {expected}")
