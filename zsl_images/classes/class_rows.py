"""Class rows: a new class written like one that exists (a zebra without stripes is a horse)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsl_images.classes.attribute_sheets import AttributeSheet, delimiter_for
from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.findings import raise_first_error
from zsl_images.classes.sheets import line_of
from zsl_images.errors import ClassTableError, listed
from zsl_images.files import replacing
from zsl_images.names import described, hidden_character, in_both, spelling_of


@dataclass(frozen=True)
class ClassRow:
    """One class as it is written into a table.

    Args:
        name: Name of the class.
        cells: Attribute → cell; an empty one is a missing value.
    """

    name: str
    cells: Mapping[str, str]

    @classmethod
    def like(
        cls,
        name: str,
        like: str,
        changes: Mapping[str, float],
        table: ClassTable | str | os.PathLike[str],
    ) -> ClassRow:
        """A class with the attributes of another, some of them changed.

        Args:
            name: Name of the new class.
            like: The class to start from.
            changes: Attribute → new value.
            table: Table that has `like`; the cells of a file are taken exactly as written.

        Raises:
            ClassTableError: `like` or an attribute is not in the table, the new class already is, its
                name cannot be shown, or a value is out of the table's range.
        """
        if not name.strip():
            raise ClassTableError("the new class has no name; give it one")
        if char := hidden_character(name):
            raise ClassTableError(f"the name {name!r} has {described(char)}; leave it out")
        if isinstance(table, ClassTable):
            names, cells = table.names, _cells_in_table(table, like)
            values: npt.NDArray[np.floating] = table.ratings
        else:
            sheet = _readable(table)
            names, cells, values = sheet.names, _cells_in_sheet(sheet, like), sheet.filled
        _check_new(name, names, "the table")
        unknown = [attribute for attribute in changes if attribute not in cells]
        if unknown:
            raise ClassTableError(f"not among the table's attributes: {listed(unknown, list(cells))}")
        for attribute, value in changes.items():
            check_range(attribute, value, values)
        return cls(name, cells).changed(changes)

    def changed(self, changes: Mapping[str, float]) -> ClassRow:
        """The same row with other values for some of its attributes."""
        return ClassRow(self.name, {**self.cells, **{key: f"{v:.7g}" for key, v in changes.items()}})

    def to_csv(self, delimiter: str = ",") -> str:
        """A header and the row, each with a line end."""
        header, row = ["class", *self.cells], [self.name, *self.cells.values()]
        return f"{line_of(header, delimiter)}\n{line_of(row, delimiter)}\n"

    def append_to(self, path: str | os.PathLike[str]) -> None:
        """Write the row at the end of a table, whose bytes stay as they are.

        The cells follow the order of the table's columns. If the file does not exist, it is made, with
        the attributes of the row.

        Raises:
            ClassTableError: The table already has the class, has other attributes, or cannot be used.
            OutputError: It cannot be written.
        """
        path = Path(path)
        if path.exists():
            sheet = _readable(path)
            _check_new(self.name, sheet.names, str(path))
            self._check_attributes(sheet)
            cells = [self.cells[name] for name in sheet.attribute_names]
            if sheet.has_decimal_commas:
                cells = [cell.replace(".", ",") for cell in cells]
            content = sheet.sheet.appended([self.name, *cells])
        else:
            content = self.to_csv(delimiter_for(path)).encode()
        with replacing(path) as temporary:
            temporary.write_bytes(content)

    def _check_attributes(self, sheet: AttributeSheet) -> None:
        mine, theirs = tuple(self.cells), sheet.attribute_names
        if missing := [name for name in mine if name not in theirs]:
            raise ClassTableError(f"attributes missing in {sheet.path}: {listed(missing, theirs)}")
        if more := [name for name in theirs if name not in mine]:
            raise ClassTableError(
                f"{sheet.path} has more attributes than the row: {listed(more, mine)}"
            )


def check_range(attribute: str, value: float, values: npt.NDArray[np.floating]) -> None:
    """Refuse a value that no class of a table reaches in any attribute.

    Args:
        attribute: The attribute it is for.
        value: The value.
        values: The table's values, of any shape.

    Raises:
        ClassTableError: It is out of their range, or not finite.
    """
    low, high = float(values.min()), float(values.max())
    if not low <= value <= high:  # NaN included
        raise ClassTableError(
            f"{attribute}={value:g} is out of the table's range, expected {low:g} to {high:g}"
        )


def _readable(path: str | os.PathLike[str]) -> AttributeSheet:
    sheet = AttributeSheet.read(path)
    raise_first_error(sheet.path, sheet.findings)
    return sheet


def _cells_in_sheet(sheet: AttributeSheet, name: str) -> dict[str, str]:
    """Attribute → cell of a class, as written in the file, but with points for decimals."""
    name = spelling_of(name, sheet.names, "the class table")
    _, cells = next(row for row in sheet.sheet.rows[1:] if row[1][0] == name)
    if sheet.has_decimal_commas:
        cells = tuple(cell.replace(",", ".") for cell in cells)
    return dict(zip(sheet.attribute_names, cells[1:], strict=True))


def _cells_in_table(table: ClassTable, name: str) -> dict[str, str]:
    values = table.select([spelling_of(name, table.names, "the class table")]).attributes[0]
    return {key: f"{value:.7g}" for key, value in zip(table.attribute_names, values, strict=True)}


def _check_new(name: str, names: Sequence[str], place: str) -> None:
    if both := in_both([name], names):
        raise ClassTableError(f"class {both[0]!r} is already in {place}; choose another name")
