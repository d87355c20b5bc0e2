"""Class maps: which classes of a table are which classes of a backbone's classifier."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from zsl_images.classes.findings import Finding, raise_first_error
from zsl_images.classes.sheets import Sheet, map_columns
from zsl_images.errors import ClassTableError, listed

KEYS = ("index", "wnid", "label")
"""Columns that name a class of the backbone: its row in the classifier, its WordNet id, its label."""


class Entry(NamedTuple):
    """A row of a map.

    Args:
        line: Its line, counted from 1.
        name: A class.
        row: What it is called by the backbone.
        kinds: Further classes that it is a kind of, as a red fox is a fox.
    """

    line: int
    name: str
    row: str
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ClassMap:
    """The rows of a map.

    Args:
        path: File of the map.
        entries: Its rows; a class may have several.
        attribute_names: The file's other columns, by which it describes the classes itself.
    """

    path: Path
    entries: tuple[Entry, ...]
    attribute_names: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> ClassMap:
        """Read a CSV or TSV file with a column `class` and one of `KEYS`.

        A column `kind_of` may name further classes, separated by semicolons; others are ignored. So a
        table of attributes that has such columns is a map of its classes, too.

        Raises:
            ClassTableError: With the line and column of what is wrong.
        """
        sheet = Sheet.read(path, "class,index")
        raise_first_error(sheet.path, sheet.findings)
        line, header = sheet.rows[0]
        names = [name.casefold() for name in header]
        key = next((key for key in KEYS if key in names), None)
        if "class" not in names or key is None:
            message = f"no column 'class', or none of {', '.join(KEYS)}, in a map of backbone classes"
            raise_first_error(sheet.path, [Finding("columns", message, line, is_error=True)])
        class_column, key_column = names.index("class"), names.index(str(key))
        kinds = names.index("kind_of") if "kind_of" in names else None
        entries = tuple(
            Entry(
                line,
                cells[class_column],
                cells[key_column],
                () if kinds is None else tuple(filter(None, map(str.strip, cells[kinds].split(";")))),
            )
            for line, cells in sheet.rows[1:]
        )
        findings = []
        first: dict[str, int] = {}
        for line, name, found, _ in entries:
            column = class_column if not name else key_column
            if not name or not found:
                findings.append(Finding("empty", "an empty cell", line, column + 1, None, True))
            elif first.setdefault(found.casefold(), line) != line:
                message = f"{found!r} already appears in line {first[found.casefold()]}; keep one row"
                findings.append(Finding("repeated", message, line, key_column + 1, None, True))
        raise_first_error(sheet.path, findings)
        others = {class_column, *map_columns(header).values()}
        attributes = tuple(name for column, name in enumerate(header) if column not in others)
        return cls(sheet.path, entries, attributes)

    @property
    def names(self) -> tuple[str, ...]:
        """The classes, each once, in the order of the file."""
        return tuple(dict.fromkeys(entry.name for entry in self.entries))

    def indices(self, index_of: Callable[[str], int | None], backbone: str) -> dict[str, list[int]]:
        """Class → its rows in the backbone's classifier.

        Args:
            index_of: Finds a row by index, WordNet id or label; see `BackboneClasses.index_of`.
            backbone: Name of the backbone, for messages.

        Raises:
            ClassTableError: The backbone has no such class, or two classes name the same row.
        """
        rows: dict[str, list[int]] = {}
        owner: dict[int, tuple[int, str]] = {}
        for line, name, found, _ in self.entries:
            index = index_of(found)
            if index is None:
                raise ClassTableError(
                    f"{self.path}, line {line}: the classifier of {backbone} has no class {found!r}; "
                    "give an index, a WordNet id or a label that it knows"
                )
            if index in owner:
                other_line, other = owner[index]
                raise ClassTableError(
                    f"{self.path}, line {line}: {found!r} of {name!r} is the same class of {backbone} "
                    f"as that of {other!r} in line {other_line}; keep one of them"
                )
            owner[index] = line, name
            rows.setdefault(name, []).append(index)
        return rows

    def renamed(self, names: Mapping[str, str]) -> ClassMap:
        """The map with other names for its classes; those not in `names` keep theirs."""
        entries = (
            entry._replace(
                name=names.get(entry.name, entry.name),
                kinds=tuple(names.get(kind, kind) for kind in entry.kinds),
            )
            for entry in self.entries
        )
        return replace(self, entries=tuple(entries))

    def without(self, names: Iterable[str]) -> ClassMap:
        """The map without these classes and their kinds, such as those that a test holds out."""
        left_out = set(names)
        kept = (entry for entry in self.entries if left_out.isdisjoint((entry.name, *entry.kinds)))
        return replace(self, entries=tuple(kept))

    def check_described(self, names: Iterable[str]) -> None:
        """Refuse classes that have no attributes.

        Args:
            names: The classes that have attributes.

        Raises:
            ClassTableError: With the line of the first class that has none.
        """
        known = list(names)
        absent = [(entry.line, entry.name) for entry in self.entries if entry.name not in set(known)]
        if absent:
            line, _ = absent[0]
            raise ClassTableError(
                f"{self.path}, line {line}: {listed([name for _, name in absent], known)} "
                "without attributes; add a row to the class table, or remove it from the map"
            )
