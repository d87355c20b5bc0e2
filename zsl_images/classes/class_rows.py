"""Rows of a class table, made from one that is there: a zebra without stripes is a horse."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from zsl_images.classes.attribute_sheets import AttributeRows
from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.sheets import line_of, raise_first_error
from zsl_images.errors import ClassTableError, listed
from zsl_images.files import replacing


@dataclass(frozen=True)
class ClassRow:
    """One class as it is written into a table.

    Args:
        name: of the class.
        cells: attribute → cell; an empty one is a missing value.
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
            name: of the new class.
            like: the class to start from.
            changes: attribute → new value.
            table: where `like` stands; of a file the cells are taken as they are written there.

        Raises:
            ClassTableError: the table lacks `like` or an attribute, or has the new class already.
        """
        if not name.strip():
            raise ClassTableError("the new class has no name; give it one")
        names, cells = _written(table, like) if not isinstance(table, ClassTable) else _of(table, like)
        _check_new(name, names, "the table")
        unknown = [attribute for attribute in changes if attribute not in cells]
        if unknown:
            raise ClassTableError(f"not among the table's attributes: {listed(unknown, list(cells))}")
        return cls(name, {**cells, **{key: f"{value:.7g}" for key, value in changes.items()}})

    def to_csv(self) -> str:
        """A header and the row, with a line end each."""
        return f"{line_of(['class', *self.cells])}\n{line_of([self.name, *self.cells.values()])}\n"

    def append_to(self, path: str | os.PathLike[str]) -> None:
        """Write the row below those of a table, whose bytes stay as they are.

        The cells stand in the order of the table's columns. A file that is not there is made, with
        the row's own attributes.

        Raises:
            ClassTableError: the table has the class already, has other attributes, or cannot be used.
            OutputError: it cannot be written.
        """
        path = Path(path)
        if path.exists():
            rows = AttributeRows.read(path)
            raise_first_error(path, rows.findings)
            _check_new(self.name, rows.names, str(path))
            for what, ours, theirs in (
                ("lacks", tuple(self.cells), rows.attribute_names),
                ("has more attributes than the row", rows.attribute_names, tuple(self.cells)),
            ):
                absent = [name for name in ours if name not in theirs]
                if absent:
                    raise ClassTableError(f"{path} {what}: {listed(absent, theirs)}")
            content = rows.sheet.appended([self.name, *(self.cells[n] for n in rows.attribute_names)])
        else:
            content = self.to_csv().encode()
            if path.suffix.lower() == ".tsv":
                lines = (["class", *self.cells], [self.name, *self.cells.values()])
                content = "".join(f"{line_of(cells, chr(9))}\n" for cells in lines).encode()
        with replacing(path) as temporary:
            temporary.write_bytes(content)


def _written(path: str | os.PathLike[str], like: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """The classes of a file, and the cells of one of them as they stand there."""
    rows = AttributeRows.read(path)
    raise_first_error(rows.path, rows.findings)
    _check_known(like, rows.names)
    line = rows.lines[rows.names.index(like)]
    cells = next(cells for at, cells in rows.sheet.rows if at == line)
    return rows.names, dict(zip(rows.attribute_names, cells[1:], strict=True))


def _of(table: ClassTable, like: str) -> tuple[tuple[str, ...], dict[str, str]]:
    _check_known(like, table.names)
    values = table.attributes[table.names.index(like)]
    cells = (f"{value:.7g}" for value in values)
    return table.names, dict(zip(table.attribute_names, cells, strict=True))


def _check_known(like: str, names: tuple[str, ...]) -> None:
    if like not in names:
        raise ClassTableError(f"not in the class table: {listed([like], names)}")


def _check_new(name: str, names: tuple[str, ...], where: str) -> None:
    if name in names:
        raise ClassTableError(f"class {name!r} stands already in {where}; take another name")
