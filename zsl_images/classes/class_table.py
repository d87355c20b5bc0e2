"""Class tables: the classes that a photo may show, each described by its attributes."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, repeat

import numpy as np
import numpy.typing as npt

from zsl_images.arguments import check_path
from zsl_images.classes.attribute_sheets import AttributeSheet, sheet_lines, write_sheet
from zsl_images.classes.findings import raise_first_error
from zsl_images.classes.table_paths import is_shipped
from zsl_images.classes.text_columns import TextColumns
from zsl_images.errors import ClassTableError, ClassTableWarning, counted, listed
from zsl_images.names import described as in_words
from zsl_images.names import hidden_character, in_both, matched


@dataclass(frozen=True, eq=False)
class ClassTable:
    """K classes described by A attributes.

    Args:
        names: (K,) unique class names, none of them blank.
        attribute_names: (A,) unique attribute names.
        attributes: (K, A) float32, finite; on any scale, as long as it is the same in every row.
        is_seen: (K,) bool, True for a class that the head learned from photos. Default: all False.
        text: The last columns, if they hold the vectors of descriptions.
        row_names: Classes that the head knows by a row of its backbone's classifier, in the table or
            not.

    Raises:
        ClassTableError: Shapes disagree, a name is blank or repeated, a value is not finite, or the
            last columns are not named as `text` says.
    """

    names: tuple[str, ...]
    attribute_names: tuple[str, ...]
    attributes: npt.NDArray[np.float32]
    is_seen: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    text: TextColumns | None = None
    row_names: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        seen = int(self.is_seen.sum())
        attributes = counted(len(self.attribute_names), "attribute")
        return f"ClassTable({counted(len(self), 'class')}, {attributes}, {seen} seen)"

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
        for name, allowed in chain(
            zip(self.names, repeat("")), zip(self.attribute_names, repeat("\n\r\t"))
        ):
            if char := hidden_character(name, allowed):
                raise ClassTableError(f"the name {name!r} has {in_words(char)}; leave it out")
        if self.text and self.attribute_names[-self.text.width :] != self.text.names:
            raise ClassTableError(
                f"the last {self.text.width} columns are not named as those of {self.text.encoder} are"
            )
        for what, values in (("class", self.names), ("attribute", self.attribute_names)):
            if len(set(values)) != len(values):
                twice = next(value for value in values if values.count(value) > 1)
                raise ClassTableError(f"{what} {twice!r} appears twice in the table; remove one")
        if not np.isfinite(attributes).all():
            row, column = np.argwhere(~np.isfinite(attributes))[0]
            raise ClassTableError(
                f"attribute {self.attribute_names[column]!r} of class {self.names[row]!r} is "
                f"{attributes[row, column]}, expected a finite number"
            )

    def __len__(self) -> int:
        return len(self.names)

    @property
    def is_known(self) -> npt.NDArray[np.bool_]:
        """Mask of the classes known by photos or by the backbone, (K,)."""
        return self.is_seen | np.isin(self.names, list(self.row_names))

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
        """The number of columns, the last ones, that hold the vectors of descriptions."""
        return self.text.width if self.text else 0

    @property
    def ratings(self) -> npt.NDArray[np.float32]:
        """The attributes without the vectors of descriptions: (K, A - T)."""
        return self.attributes[:, : len(self.attribute_names) - self.text_dim]

    @classmethod
    def from_columns(
        cls,
        names: Sequence[str],
        attribute_names: Sequence[str],
        attributes: npt.NDArray[np.float32],
        is_seen: Sequence[bool] | npt.NDArray[np.bool_] = (),
    ) -> ClassTable:
        """A table as files hold it: its text columns are recognised by their names.

        Raises:
            ClassTableError: See `ClassTable`.
        """
        return cls(
            tuple(names),
            tuple(attribute_names),
            attributes,
            np.asarray(is_seen, bool),
            TextColumns.among(attribute_names),
        )

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> ClassTable:
        """Read a CSV or TSV file: a header, then one row per class, its name first.

        Columns are separated by commas, tabs or semicolons. Missing values (empty cells, NA, N/A, NaN)
        are filled by the mean of their column.

        Returns:
            The table; every class is unseen until a head says otherwise.

        Raises:
            ClassTableError: The file cannot be used; the message gives the line and column.

        Warns:
            ClassTableWarning: Filled cells, constant columns, or an encoding that had to be guessed.
        """
        sheet = AttributeSheet.read(path)
        raise_first_error(sheet.path, sheet.findings)
        if not is_shipped(sheet.path):  # nobody can complete one that is
            for message in sheet.summaries():
                _warn(message)
        return cls.from_columns(sheet.names, sheet.attribute_names, sheet.filled.astype(np.float32))

    @classmethod
    def of(cls, table: ClassTable | str | os.PathLike[str]) -> ClassTable:
        """A table as it is, or the one in a file; see `read`."""
        if not isinstance(table, cls):
            check_path("a ClassTable, its file or the name of a shipped table", table, ClassTableError)
        return table if isinstance(table, ClassTable) else cls.read(table)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the table as CSV, or as TSV if the file's name ends in .tsv.

        Raises:
            OutputError: The file cannot be written.
        """
        write_sheet(path, self.names, self.attribute_names, self.attributes)

    def to_csv(self) -> str:
        """The table as the text of a CSV file."""
        lines = sheet_lines(self.names, self.attribute_names, self.attributes)
        return "".join(f"{line}\n" for line in lines)

    def with_seen(self, names: Iterable[str]) -> ClassTable:
        """The same table with exactly the classes `names` marked as seen; others are ignored."""
        seen = set(names)
        return replace(self, is_seen=np.array([name in seen for name in self.names]))

    def with_rows(self, names: Iterable[str]) -> ClassTable:
        """The same table with exactly the classes `names` known by a row of a backbone."""
        return replace(self, row_names=frozenset(names))

    def renamed(self, names: Mapping[str, str]) -> ClassTable:
        """The same table with other names for its classes; those not in `names` keep theirs."""
        return replace(
            self,
            names=tuple(names.get(name, name) for name in self.names),
            row_names=frozenset(names.get(name, name) for name in self.row_names),
        )

    def rows_of(self, names: Iterable[str]) -> npt.NDArray[np.int64]:
        """The row of each of N names: (N,) int64; a name may be given more than once.

        Raises:
            ClassTableError: A class is not in the table.
        """
        names = list(names)
        row_of = {name: row for row, name in enumerate(self.names)}
        absent = [name for name in dict.fromkeys(names) if name not in row_of]
        if absent:
            raise ClassTableError(f"not in the class table: {listed(absent, self.names)}")
        return np.array([row_of[name] for name in names], np.int64)

    def select(self, names: Sequence[str]) -> ClassTable:
        """The rows of `names`, in that order.

        Raises:
            ClassTableError: A class is not in the table.
        """
        rows = self.rows_of(names)
        return replace(
            self, names=tuple(names), attributes=self.attributes[rows], is_seen=self.is_seen[rows]
        )

    def aligned_to(self, attribute_names: Sequence[str]) -> ClassTable:
        """The table with its columns matched by name, in the order of `attribute_names`.

        Raises:
            ClassTableError: Attributes or descriptions are missing.

        Warns:
            ClassTableWarning: Attributes that are not in `attribute_names` are left out.
        """
        column_of = {name: column for column, name in enumerate(self.attribute_names)}
        text = TextColumns.among(attribute_names)
        if text and any(name not in column_of for name in text.names):
            raise ClassTableError(
                f"the head was trained with descriptions read by the text encoder {text.encoder} "
                f"{text.weights}, and these classes have none that it read; give a table of "
                "descriptions (--text)"
            )
        absent = [name for name in attribute_names if name not in column_of]
        if absent:
            raise ClassTableError(
                f"{len(absent)} of the {len(attribute_names)} attributes that the head was trained on "
                f"are missing in the class table: {listed(absent, self.attribute_names)}; add these "
                "columns, or train a head on this table"
            )
        extra = [name for name in self.attribute_names if name not in set(attribute_names)]
        if extra:
            _warn(f"attributes that the head does not know are left out: {listed(extra)}")
        columns = [column_of[name] for name in attribute_names]
        return replace(
            self,
            attribute_names=tuple(attribute_names),
            attributes=self.attributes[:, columns],
            text=text,
        )

    def beside(self, described: ClassTable) -> ClassTable:
        """The same classes with the columns of a table of descriptions after their own.

        See `names.matched` for how the classes of both are matched.

        Raises:
            ClassTableError: A class has no description, both tables have a column of one name, or
                this one has descriptions already.

        Warns:
            ClassTableWarning: Classes of `described` alone are left out.
        """
        if self.text:
            raise ClassTableError(
                f"the table of attributes already has descriptions, read by {self.text.encoder}; give "
                "them once"
            )
        described = described.renamed(matched(described.names, self.names, "the table of attributes"))
        extra = [name for name in described.names if name not in set(self.names)]
        absent = [name for name in self.names if name not in set(described.names)]
        if absent:
            raise ClassTableError(
                f"{len(absent)} of {len(self)} classes are in one table but not in the other: "
                f"{listed(absent, extra)}; add a row for each"
            )
        if extra:
            _warn(f"classes that are in one table only are left out: {listed(extra)}")
        vectors = described.select(self.names).attributes
        return replace(
            self,
            attribute_names=self.attribute_names + described.attribute_names,
            attributes=np.concatenate([self.attributes, vectors], axis=1),
            text=described.text,
        )

    def joined(self, other: ClassTable) -> ClassTable:
        """The rows of both tables, those of `other` below, with the columns of this one.

        Raises:
            ClassTableError: A class is in both, or attributes are missing in `other`.
        """
        other = other.aligned_to(self.attribute_names)
        if both := in_both(other.names, self.names):
            raise ClassTableError(f"in both class tables: {listed(both)}; keep one row per class")
        return replace(
            self,
            names=self.names + other.names,
            attributes=np.concatenate([self.attributes, other.attributes]),
            is_seen=np.concatenate([self.is_seen, other.is_seen]),
        )


def _warn(message: str) -> None:
    """Warn at the place that called the public function."""
    warnings.warn(message, ClassTableWarning, stacklevel=3)
