"""Class tables: the classes that can be named, each described by its attributes."""

from __future__ import annotations

import csv
import difflib
import io
import os
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsl_images.errors import ClassTableError, ClassTableWarning
from zsl_images.files import replacing

MISSING = frozenset({"", "na", "n/a", "nan"})
"""Cells (lower case) that stand for an unknown value."""


@dataclass(frozen=True, eq=False)
class ClassTable:
    """K classes described by A attributes.

    Args:
        names: (K,) unique class names.
        attribute_names: (A,) unique attribute names.
        attributes: (K, A) float32, finite; any scale, as long as it is the same in every row.
        is_seen: (K,) bool, True where the head learned the class from photos. Default: all False.

    Raises:
        ClassTableError: shapes disagree, names repeat, or a value is not finite.
    """

    names: tuple[str, ...]
    attribute_names: tuple[str, ...]
    attributes: npt.NDArray[np.float32]
    is_seen: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))

    def __post_init__(self) -> None:
        attributes = np.ascontiguousarray(self.attributes, np.float32)
        is_seen = np.asarray(self.is_seen, bool)
        if is_seen.size == 0:
            is_seen = np.zeros(len(self.names), bool)
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "attribute_names", tuple(self.attribute_names))
        object.__setattr__(self, "attributes", attributes)
        object.__setattr__(self, "is_seen", is_seen)
        expected = (len(self.names), len(self.attribute_names))
        if attributes.shape != expected or is_seen.shape != expected[:1]:
            raise ClassTableError(
                f"{expected[0]} classes and {expected[1]} attributes need attributes of shape "
                f"{expected} and is_seen of shape {expected[:1]}, "
                f"got {attributes.shape} and {is_seen.shape}"
            )
        if not self.names or not self.attribute_names:
            raise ClassTableError("a class table needs at least one class and one attribute")
        for what, values in (("class", self.names), ("attribute", self.attribute_names)):
            if len(set(values)) != len(values):
                twice = next(value for value in values if values.count(value) > 1)
                raise ClassTableError(f"{what} {twice!r} stands twice in the table; keep one")
        if not np.isfinite(attributes).all():
            row, column = np.argwhere(~np.isfinite(attributes))[0]
            raise ClassTableError(
                f"attribute {self.attribute_names[column]!r} of class {self.names[row]!r} is "
                f"{attributes[row, column]}, expected a finite number"
            )

    def __len__(self) -> int:
        return len(self.names)

    @property
    def seen_names(self) -> tuple[str, ...]:
        """The names of the seen classes."""
        return tuple(name for name, seen in zip(self.names, self.is_seen, strict=True) if seen)

    @property
    def unseen_names(self) -> tuple[str, ...]:
        """The names of the unseen classes."""
        return tuple(name for name, seen in zip(self.names, self.is_seen, strict=True) if not seen)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> ClassTable:
        """Read a CSV or TSV file: a header, then a row a class, its name first.

        Columns may be parted by commas, tabs or semicolons. Empty cells (also NA, N/A, NaN) are
        filled by the mean of their column.

        Returns:
            The table, every class unseen until a head says otherwise.

        Raises:
            ClassTableError: with the line and column of what is wrong.

        Warns:
            ClassTableWarning: filled cells, constant columns, or an encoding that had to be guessed.
        """
        path = Path(path)
        rows = _rows(path, _decode(path))
        if not rows:
            raise ClassTableError(
                f"{path} is empty; expected a header such as 'class,stripes,horns' and a row a class"
            )
        header_line, header = rows[0]
        attribute_names = _attribute_names(path, header_line, header)
        if len(rows) == 1:
            raise ClassTableError(f"{path} has a header but no class; add a row a class below it")
        lines: dict[str, int] = {}
        values = np.empty((len(rows) - 1, len(attribute_names)), np.float64)
        for index, (line, row) in enumerate(rows[1:]):
            if len(row) != len(header):
                raise ClassTableError(
                    f"{path}, line {line}: {len(row)} cells, expected {len(header)} as in the header"
                )
            name = row[0].strip()
            if not name:
                raise ClassTableError(f"{path}, line {line}, column 1: the class has no name")
            if name in lines:
                raise ClassTableError(
                    f"{path}, line {line}, column 1: class {name!r} stands already in line "
                    f"{lines[name]}; keep one of the two rows"
                )
            lines[name] = line
            for column, cell in enumerate(row[1:]):
                values[index, column] = _number(path, line, column + 2, attribute_names[column], cell)
        _fill_missing(path, attribute_names, values)
        return cls(tuple(lines), attribute_names, values.astype(np.float32))

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the table as CSV, or as TSV where the file's name ends in .tsv.

        Raises:
            OutputError: the file cannot be written.
        """
        delimiter = "\t" if Path(path).suffix.lower() == ".tsv" else ","
        with (
            replacing(path) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as out,
        ):
            writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
            writer.writerow(["class", *self.attribute_names])
            for name, row in zip(self.names, self.attributes, strict=True):
                writer.writerow([name, *(_shortest(value) for value in row)])

    def with_seen(self, names: Iterable[str]) -> ClassTable:
        """The same table with exactly the classes `names` marked as seen; others are ignored."""
        seen = set(names)
        return replace(self, is_seen=np.array([name in seen for name in self.names]))

    def select(self, names: Sequence[str]) -> ClassTable:
        """The rows of `names`, in that order.

        Raises:
            ClassTableError: a class is not in the table.
        """
        index = {name: row for row, name in enumerate(self.names)}
        absent = [name for name in names if name not in index]
        if absent:
            raise ClassTableError(f"not in the class table: {listed(absent, self.names)}")
        rows = [index[name] for name in names]
        return ClassTable(tuple(names), self.attribute_names, self.attributes[rows], self.is_seen[rows])

    def aligned_to(self, attribute_names: Sequence[str]) -> ClassTable:
        """The table with its attribute columns matched by name, in the order of `attribute_names`.

        Raises:
            ClassTableError: attributes are lacking.

        Warns:
            ClassTableWarning: attributes that are not in `attribute_names` are left out.
        """
        column = {name: index for index, name in enumerate(self.attribute_names)}
        absent = [name for name in attribute_names if name not in column]
        if absent:
            raise ClassTableError(
                f"the class table lacks {len(absent)} of the {len(attribute_names)} attributes that "
                f"the head was trained with: {listed(absent, self.attribute_names)}; add these "
                "columns, or train a head on this table"
            )
        extra = [name for name in self.attribute_names if name not in set(attribute_names)]
        if extra:
            _warn(f"attributes that the head does not know are left out: {listed(extra)}")
        order = [column[name] for name in attribute_names]
        return replace(
            self, attribute_names=tuple(attribute_names), attributes=self.attributes[:, order]
        )

    def joined(self, other: ClassTable) -> ClassTable:
        """The rows of both tables, those of `other` below, with the columns of this one.

        Raises:
            ClassTableError: a class stands in both, or `other` lacks an attribute.
        """
        other = other.aligned_to(self.attribute_names)
        both = [name for name in other.names if name in set(self.names)]
        if both:
            raise ClassTableError(f"in both class tables: {listed(both)}; keep one row a class")
        return ClassTable(
            self.names + other.names,
            self.attribute_names,
            np.concatenate([self.attributes, other.attributes]),
            np.concatenate([self.is_seen, other.is_seen]),
        )


def _shortest(value: np.float32) -> str:
    """The shortest text that reads as the same float32, so that a table written is a table read."""
    return np.format_float_positional(value, trim="-")


def _decode(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ClassTableError(
            f"cannot read the class table {path}: {error.strerror}; expected a CSV or TSV file"
        ) from error
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
        _warn(f"{path} is not UTF-8; read as Windows-1252: check accents, or save it as UTF-8")
    if "\0" in text:
        raise ClassTableError(f"{path} holds binary data; expected a CSV or TSV text file")
    return text


def _rows(path: Path, text: str) -> list[tuple[int, list[str]]]:
    """Each row that is not blank, with its 1-based line number."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",\t;", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = []
    line = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((line, row))
            line = reader.line_num + 1
    except csv.Error as error:
        raise ClassTableError(f"{path}, line {reader.line_num}: {error}") from error
    return rows


def _attribute_names(path: Path, line: int, header: list[str]) -> tuple[str, ...]:
    names = tuple(cell.strip() for cell in header[1:])
    if not names:
        raise ClassTableError(
            f"{path}, line {line}: only one column, expected the class and at least one attribute "
            "parted by commas, tabs or semicolons"
        )
    for column, name in enumerate(names, start=2):
        if not name:
            raise ClassTableError(f"{path}, line {line}, column {column}: the attribute has no name")
        if name in names[: column - 2]:
            raise ClassTableError(
                f"{path}, line {line}, column {column}: attribute {name!r} stands already in column "
                f"{names.index(name) + 2}; keep one of the two"
            )
    return names


def _number(path: Path, line: int, column: int, attribute: str, cell: str) -> float:
    cell = cell.strip()
    if cell.lower() in MISSING:
        return np.nan
    try:
        value = float(cell)
    except ValueError:
        value = np.inf
    if not np.isfinite(value):
        comma = "; use a point for decimals" if "," in cell else ""
        raise ClassTableError(
            f"{path}, line {line}, column {column} ({attribute}): {cell!r} is not a finite number"
            f"{comma}"
        )
    return value


def _fill_missing(path: Path, names: tuple[str, ...], values: npt.NDArray[np.float64]) -> None:
    missing = np.isnan(values)
    empty = np.flatnonzero(missing.all(axis=0))
    if empty.size:
        raise ClassTableError(
            f"{path}, column {empty[0] + 2} ({names[empty[0]]}): no class has a value; fill the "
            "column or remove it"
        )
    if missing.any():
        values[missing] = np.broadcast_to(np.nanmean(values, axis=0), values.shape)[missing]
        columns = [names[column] for column in np.flatnonzero(missing.any(axis=0))]
        _warn(
            f"{path}: {missing.sum()} missing cells filled by the mean of their column "
            f"({listed(columns)})"
        )
    constant = np.flatnonzero(np.ptp(values, axis=0) == 0)
    if constant.size and len(values) > 1:
        _warn(
            f"{path}: the same value for every class, so no help in telling them apart: "
            + listed([f"{names[column]} (column {column + 2})" for column in constant])
        )


def listed(names: Sequence[str], known: Sequence[str] = (), limit: int = 8) -> str:
    """`a, b, c and 5 more`, each with the nearest of the `known` names where one is near."""
    shown = []
    for name in names[:limit]:
        near = difflib.get_close_matches(name, known, n=1)
        shown.append(f"{name} (did you mean {near[0]}?)" if near else name)
    more = len(names) - limit
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _warn(message: str) -> None:
    warnings.warn(message, ClassTableWarning, stacklevel=4)
