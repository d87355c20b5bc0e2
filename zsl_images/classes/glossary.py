"""Glossaries: what each attribute of a table means, in a file beside the table."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.findings import Finding, raise_first_error
from zsl_images.classes.sheets import Sheet
from zsl_images.classes.table_paths import GLOSSARY_END, find_table
from zsl_images.files import shipped_file

_EXAMPLES = 3
"""Classes that are named for high and for low values."""


@dataclass(frozen=True)
class GlossaryEntry:
    """What one attribute means.

    Args:
        attribute: Name of the attribute.
        meaning: The meaning in plain words; empty if nobody has written it down.
        scale: The range of its values, such as `0 to 100`.
        high: Classes with a high value.
        low: Classes with a low value.
    """

    attribute: str
    meaning: str
    scale: str
    high: str
    low: str


def glossary_of(
    table: ClassTable, place: str | os.PathLike[str] | None = None
) -> dict[str, GlossaryEntry]:
    """The attributes of a table, each with its entry.

    Args:
        table: The table; the vectors of descriptions have no entries.
        place: File of the table, name of a shipped one, or a head file. The glossary beside it,
            `NAME-attributes.csv`, gives the meanings, with columns `attribute`, `meaning` and, if you
            like, `scale`, `high` and `low`; what it does not say is taken from the values.

    Raises:
        ClassTableError: The glossary cannot be used.
    """
    written = _written(place) if place is not None else {}
    entries = {}
    for column, attribute in enumerate(table.attribute_names[: table.ratings.shape[1]]):
        cells = {name: cell for name, cell in written.get(attribute, {}).items() if cell}
        values = table.ratings[:, column]
        order = np.argsort(-values, kind="stable")
        entries[attribute] = GlossaryEntry(
            attribute,
            cells.get("meaning", ""),
            cells.get("scale", f"{values.min():g} to {values.max():g}"),
            cells.get("high", ", ".join(table.names[row] for row in order[:_EXAMPLES])),
            cells.get("low", ", ".join(table.names[row] for row in order[::-1][:_EXAMPLES])),
        )
    return entries


def _written(place: str | os.PathLike[str]) -> Mapping[str, Mapping[str, str]]:
    """Attribute → column → cell, of the glossary beside a file; empty if there is none.

    A copy of a shipped table has the shipped glossary.
    """
    table, _ = find_table(place)
    name = f"{table.stem}{GLOSSARY_END}.csv"
    path = next(filter(Path.is_file, (table.with_name(name), shipped_file(name))), None)
    if path is None:
        return {}
    sheet = Sheet.read(path, "attribute,meaning,scale,high,low")
    raise_first_error(sheet.path, sheet.findings)
    line, header = sheet.rows[0]
    if "attribute" not in header or "meaning" not in header:
        message = f"the columns are {', '.join(header)}; expected attribute and meaning among them"
        raise_first_error(sheet.path, [Finding("columns", message, line, is_error=True)])
    rows = [dict(zip(header, cells, strict=True)) for _, cells in sheet.rows[1:]]
    return {row["attribute"]: row for row in rows}
