"""Class tables: the classes that can be named, each described by its attributes."""

from __future__ import annotations

import csv
import os
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsl_images.classes.attribute_sheets import AttributeRows
from zsl_images.classes.sheets import Finding, raise_first_error
from zsl_images.errors import ClassTableError, ClassTableWarning, listed
from zsl_images.files import replacing

TEXT_COLUMN = re.compile(r"text (?P<encoder>.+) (?P<weights>[0-9a-f]{12}) \d+")
"""Names of the columns that hold the vector of a description, see `TextEncoder.column_names`."""


@dataclass(frozen=True, eq=False)
class ClassTable:
    """K classes described by A attributes.

    Args:
        names: (K,) unique class names, none of them blank.
        attribute_names: (A,) unique attribute names.
        attributes: (K, A) float32, finite; any scale, as long as it is the same in every row.
        is_seen: (K,) bool, True where the head learned the class from photos. Default: all False.

    Raises:
        ClassTableError: shapes disagree, names repeat, a class has none, or a value is not finite.
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
        if not all(name.strip() for name in self.names):
            raise ClassTableError("the name of a class is blank; give each class a name")
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

    @property
    def text_dim(self) -> int:
        """How many of the columns, the last ones, hold the vector of a description."""
        is_text = [bool(TEXT_COLUMN.fullmatch(name)) for name in reversed(self.attribute_names)]
        return is_text.index(False) if False in is_text else len(is_text)

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
        rows = AttributeRows.read(path)
        raise_first_error(rows.path, rows.findings)
        for message in _summaries(rows):
            _warn(message)
        return cls(rows.names, rows.attribute_names, rows.filled.astype(np.float32))

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

    def rows_of(self, names: Iterable[str]) -> npt.NDArray[np.int64]:
        """The row of each of N names: (N,); a name may be given more than once.

        Raises:
            ClassTableError: a class is not in the table.
        """
        names = list(names)
        index = {name: row for row, name in enumerate(self.names)}
        absent = [name for name in dict.fromkeys(names) if name not in index]
        if absent:
            raise ClassTableError(f"not in the class table: {listed(absent, self.names)}")
        return np.array([index[name] for name in names], np.int64)

    def select(self, names: Sequence[str]) -> ClassTable:
        """The rows of `names`, in that order.

        Raises:
            ClassTableError: a class is not in the table.
        """
        rows = self.rows_of(names)
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
        of_text = next(filter(None, map(TEXT_COLUMN.fullmatch, absent)), None)
        if of_text:
            raise ClassTableError(
                f"the head was trained with descriptions read by the text encoder "
                f"{of_text['encoder']} {of_text['weights']}, and these classes have none that it read; "
                "give a table of descriptions (--text)"
            )
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

    def beside(self, other: ClassTable) -> ClassTable:
        """The same classes with the columns of `other` beside their own.

        Raises:
            ClassTableError: a class is not in `other`, or both have a column of one name.

        Warns:
            ClassTableWarning: classes of `other` alone are left out.
        """
        extra = [name for name in other.names if name not in set(self.names)]
        absent = [name for name in self.names if name not in set(other.names)]
        if absent:
            raise ClassTableError(
                f"{len(absent)} of {len(self)} classes stand in one table but not in the other: "
                f"{listed(absent, extra)}; add a row for each"
            )
        if extra:
            _warn(f"classes that stand in one table alone are left out: {listed(extra)}")
        return replace(
            self,
            attribute_names=self.attribute_names + other.attribute_names,
            attributes=np.concatenate([self.attributes, other.select(self.names).attributes], axis=1),
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


def another_scale(given: npt.NDArray[np.floating], reference: npt.NDArray[np.floating]) -> str | None:
    """What to say where attributes reach ten times as far as the reference's, or a tenth."""
    reach, expected = np.abs(given).max(), np.abs(reference).max()
    if reach == expected or expected / 10 < reach < expected * 10:
        return None
    return (
        f"the attributes reach up to {reach:g}, those that the head was trained with up to "
        f"{expected:g}: give them on the same scale"
    )


def _shortest(value: np.float32) -> str:
    """The shortest text that reads as the same float32, so that a table written is a table read."""
    return np.format_float_positional(value, trim="-")


def _summaries(rows: AttributeRows) -> Iterator[str]:
    """What `ClassTable.read` says of the findings that are no errors."""
    of_kind: dict[str, list[Finding]] = {}
    for finding in rows.findings:
        of_kind.setdefault(finding.kind, []).append(finding)
    for finding in of_kind.get("encoding", []):
        yield f"{rows.path} is {finding.message}"
    if missing := of_kind.get("missing"):
        columns = list(dict.fromkeys(str(finding.attribute) for finding in missing))
        yield (
            f"{rows.path}: {len(missing)} missing cells filled by the mean of their column "
            f"({listed(columns)})"
        )
    if constant := of_kind.get("constant"):
        named = [f"{finding.attribute} (column {finding.column})" for finding in constant]
        yield f"{rows.path}: {constant[0].message}: {listed(named)}"


def _warn(message: str) -> None:
    warnings.warn(message, ClassTableWarning, stacklevel=3)


def warn_of_scale(mine: ClassTable, given: ClassTable) -> None:
    """Warn where attributes seem to be on another scale than the head's table.

    Warns:
        ClassTableWarning: their largest values are a factor of ten or more apart.
    """
    if message := another_scale(given.attributes, mine.attributes):
        warnings.warn(message, ClassTableWarning, stacklevel=3)
