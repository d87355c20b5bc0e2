"""The names of a table's rows: one per class, each of which can be shown."""

from __future__ import annotations

from zsl_images.classes.findings import Finding
from zsl_images.names import described, hidden_character, key_of


class RowNames:
    """Collects the classes of a table, row by row, and what is wrong with their names.

    Two spellings of one name (see `names.key_of`) are a repeated class.
    """

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        """Class → line, counted from 1."""
        self.findings: list[Finding] = []
        self._first: dict[str, str] = {}

    def add(self, name: str, line: int) -> None:
        """Take the name of a row, if it can be used."""
        first = self._first.setdefault(key_of(name), name)
        if not name:
            self._refuse("no name", "the class has no name", line)
        elif char := hidden_character(name):
            self._refuse("name", f"the name {name!r} has {described(char)}; leave it out", line)
        elif first in self.lines:
            spelt = "" if first == name else f" as {first!r}"
            where = f"already appears{spelt} in line {self.lines[first]}"
            message = f"class {name!r} {where}; remove one of the two"
            self._refuse("repeated class", message, line)
        else:
            self.lines[name] = line

    def _refuse(self, kind: str, message: str, line: int) -> None:
        self.findings.append(Finding(kind, message, line, 1, is_error=True))
