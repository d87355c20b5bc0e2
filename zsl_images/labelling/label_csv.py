"""Labels as CSV: each candidate has columns of its own, and no cell is a formula."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import pyarrow as pa

from zsl_images.labelling.label_schema import SCHEMA

ENCODINGS = {False: "utf-8", True: "utf-8-sig"}
"""Encoding of a CSV file, by whether it is meant for Excel, which needs a byte order mark."""

_TOP = {"top_labels": "label", "top_probabilities": "probability"}
"""Lists, and what the column of one of their items is called: `top1_label`, `top2_label`, ..."""


def csv_header(top_k: int) -> list[str]:
    """The columns of a CSV file of labels.

    Args:
        top_k: Most candidates of a row.
    """
    columns = []
    for name in SCHEMA.names:
        if name not in _TOP:
            columns.append(name)
        elif name == next(iter(_TOP)):  # label and probability of a candidate are side by side
            columns += [f"top{rank}_{what}" for rank in range(1, top_k + 1) for what in _TOP.values()]
    return columns


def csv_cells(row: Mapping[str, Any], header: Sequence[str]) -> list[Any]:
    """The cells of a row with the names of `SCHEMA`, in the order of a `csv_header`."""
    flat: dict[str, Any] = {name: value for name, value in row.items() if name not in _TOP}
    for name, what in _TOP.items():
        for rank, value in enumerate(row[name] or (), start=1):
            flat[f"top{rank}_{what}"] = value
    return [to_cell(flat.get(column)) for column in header]


def row_of_cells(cells: Mapping[str, str]) -> dict[str, Any]:
    """The row that was written as these cells, by their columns.

    Raises:
        LookupError: A column is missing.
        ValueError: A cell is none of its column.
    """
    row = {
        name: _value(SCHEMA.field(name).type, cells[name])
        for name in SCHEMA.names
        if name in cells and name not in _TOP
    }
    for name, what in _TOP.items():
        columns = (f"top{rank}_{what}" for rank in count(1))
        if name in cells:  # as earlier versions wrote lists
            row[name] = json.loads(cells[name]) if cells[name] else None
            continue
        row[name] = list(_items(SCHEMA.field(name).type.value_type, cells, columns)) or None
    return row


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


def _items(kind: pa.DataType, cells: Mapping[str, str], columns: Iterator[str]) -> Iterator[Any]:
    for column in columns:
        if not cells.get(column):
            return
        yield _value(kind, cells[column])


def _value(kind: pa.DataType, cell: str) -> Any:
    if pa.types.is_string(kind):
        return cell.removeprefix("'") or None
    if pa.types.is_boolean(kind):
        return {"": None, "True": True, "False": False}[cell]
    return (int if pa.types.is_integer(kind) else float)(cell) if cell else None
