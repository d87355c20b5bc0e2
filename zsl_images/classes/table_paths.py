"""Where a table lies: in a file, on one sheet of a workbook, or among those that ship."""

from __future__ import annotations

import os
from pathlib import Path

from zsl_images.arguments import check_path
from zsl_images.errors import ClassTableError
from zsl_images.files import shipped_file

GLOSSARY_END = "-attributes"
"""End of the name (without suffix) of a glossary, which lies beside its table."""

WORKBOOK_SUFFIXES = (".xlsx", ".xlsm")


def find_table(given: str | os.PathLike[str]) -> tuple[Path, str | None]:
    """The file of a table, and the sheet in it: `book.xlsx#Birds` is the sheet Birds of a workbook.

    A file of that name comes first. A name without a folder that is no file may be that of a shipped
    table, with or without its suffix.

    Args:
        given: Path, or name of a shipped table.

    Returns:
        The file, which need not exist, and the name of the sheet; None if none is named.
    """
    check_path("a file, or the name of a shipped table", given, ClassTableError)
    path = Path(given)
    if path.is_file():
        return path, None
    file, mark, sheet = str(given).rpartition("#")
    if mark and Path(file).suffix.lower() in WORKBOOK_SUFFIXES:
        return Path(file), sheet
    shipped = _shipped(path)
    if shipped is None:
        return path, None
    mine = Path(shipped.name)
    return (mine if mine.is_file() else shipped), None


def shipped_tables() -> tuple[str, ...]:
    """File names of the tables and taxonomies that ship."""
    names = (path.name for path in shipped_file("").glob("*.csv"))
    return tuple(sorted(name for name in names if not Path(name).stem.endswith(GLOSSARY_END)))


def is_shipped(path: Path) -> bool:
    """Whether a file that `find_table` found ships with the package."""
    return path.parent == shipped_file("") and path.name in shipped_tables()


def which_table(given: str | os.PathLike[str]) -> str | None:
    """Which table is meant by a name that a shipped one has too; None for all other paths."""
    shipped = _shipped(Path(given))
    if shipped is None:
        return None
    if find_table(given)[0] == shipped:
        return f"{given}: the table that ships with zsl_images; there is no such file in this folder"
    return f"{given}: the file in this folder, not the table of that name that ships with zsl_images"


def _shipped(path: Path) -> Path | None:
    if str(path) != path.name:
        return None
    names = (path.name, f"{path.name}.csv")
    return next((shipped_file(name) for name in names if name in shipped_tables()), None)
