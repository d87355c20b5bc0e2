"""Taxonomies: groups above classes, and what a photo shows at each level."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from zsl_images.classes.findings import Finding, raise_first_error
from zsl_images.classes.row_names import RowNames
from zsl_images.classes.sheets import Sheet
from zsl_images.errors import ClassTableError, listed
from zsl_images.names import matched
from zsl_images.results import LevelLabel


@dataclass(frozen=True, eq=False)
class Taxonomy:
    """Classes and the groups that they belong to, from fine to coarse.

    Args:
        levels: (V,) names of the levels, the level of the classes first.
        lineages: Class → its group at each level: (V,), the class itself first.
    """

    levels: tuple[str, ...]
    lineages: Mapping[str, tuple[str, ...]] = field(repr=False)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Taxonomy:
        """Read a CSV or TSV file: a header, then one row per class, coarser groups further right.

        An empty cell skips the level: there the class counts as the group to its left.

        Raises:
            ClassTableError: The form of the file is wrong, or a class or group has two parents or is
                above itself; the message gives the line and column.
        """
        sheet = Sheet.read(path, "class,genus,family")
        raise_first_error(sheet.path, [*sheet.findings, *sheet.numbered()])
        header = sheet.rows[0][1]
        findings = []
        if len(header) == 1:
            message = "only one column, expected the class and at least one group it belongs to"
            findings.append(Finding("columns", message, sheet.rows[0][0], is_error=True))
        lineages: dict[str, tuple[str, ...]] = {}
        names = RowNames()
        parent_of: dict[str, tuple[str | None, int]] = {}
        for line, cells in sheet.rows[1:]:
            if cells[0] not in lineages:  # a row may be repeated
                names.add(cells[0], line)
            if not cells[0]:
                continue
            findings += _check_parents(line, cells, parent_of)
            lineage = [cells[0]]
            for cell in cells[1:]:
                lineage.append(cell or lineage[-1])
            lineages[cells[0]] = tuple(lineage)
        raise_first_error(sheet.path, [*findings, *names.findings])
        return cls(header, lineages)

    def of(self, names: Sequence[str]) -> RollUp:
        """Sums of the probabilities of these classes, level by level.

        Args:
            names: (K,) classes, in the order of their probabilities.

        Raises:
            ClassTableError: A class is not in the taxonomy.
        """
        lineages = self.lineages_of(names)
        groups, members = [], []
        for level in range(len(self.levels)):
            number: dict[str, int] = {}
            group_of_each = [lineage[level] for lineage in lineages]
            members.append(np.array([number.setdefault(g, len(number)) for g in group_of_each]))
            groups.append(tuple(number))
        return RollUp(self.levels, tuple(groups), tuple(members))

    def spelt_like(self, names: Sequence[str]) -> Taxonomy:
        """The same taxonomy, which knows these classes by their own spelling too.

        Raises:
            ClassTableError: A class is not in the taxonomy.
        """
        own = dict(zip(names, self.lineages_of(names), strict=True))
        return replace(self, lineages={**self.lineages, **own})

    def lineages_of(self, names: Sequence[str]) -> list[tuple[str, ...]]:
        """The groups of each of these classes, which keep their own spelling; see `names.matched`.

        Raises:
            ClassTableError: A class is not in the taxonomy.
        """
        row_of = matched(names, list(self.lineages), "the taxonomy")
        if absent := [name for name in names if name not in row_of]:
            raise ClassTableError(
                f"{len(absent)} of the {len(names)} candidate classes are missing in the taxonomy: "
                f"{listed(absent, list(self.lineages))}; add a row for each"
            )
        return [
            tuple(name if group == row_of[name] else group for group in self.lineages[row_of[name]])
            for name in names
        ]


@dataclass(frozen=True, eq=False)
class RollUp:
    """Adds up probabilities of K classes, level by level.

    Args:
        levels: (V,) names of the levels.
        groups: The groups of each level.
        members: (K,) at each level, the place of each class's group among the level's groups.
    """

    levels: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    members: tuple[npt.NDArray[np.int64], ...]

    def __call__(self, probabilities: npt.NDArray[np.floating]) -> tuple[LevelLabel, ...]:
        """The likeliest group at each level, from fine to coarse: (V,).

        Every class is in one group of a level, so the probabilities of the groups sum to 1. The
        likeliest family need not be the family of the likeliest class.

        Args:
            probabilities: (K,), 0..1, one per candidate, in the order given to `Taxonomy.of`.
        """
        labels = []
        for level, groups, members in zip(self.levels, self.groups, self.members, strict=True):
            sums = np.bincount(members, weights=probabilities, minlength=len(groups))
            best = int(sums.argmax())
            labels.append(LevelLabel(level, groups[best], min(1.0, float(sums[best]))))
        return tuple(labels)


def deepest(levels: Sequence[LevelLabel], min_confidence: float) -> LevelLabel | None:
    """The finest level whose label is likely enough; None if none is.

    Args:
        levels: Labels from fine to coarse.
        min_confidence: Least probability, 0..1.
    """
    return next((level for level in levels if level.probability >= min_confidence), None)


def _check_parents(
    line: int, cells: Sequence[str], parent_of: dict[str, tuple[str | None, int]]
) -> list[Finding]:
    """Add the child-parent pairs of a row, and find those that contradict the rows before it."""
    chain = [(column, cell) for column, cell in enumerate(cells, start=1) if cell]
    chain = [item for place, item in enumerate(chain) if not place or chain[place - 1][1] != item[1]]
    findings = []
    for place, (column, child) in enumerate(chain):
        parent = chain[place + 1][1] if place + 1 < len(chain) else None
        above, ancestors = parent, []
        while above is not None and above not in ancestors:
            ancestors.append(above)
            above = parent_of.get(above, (None, 0))[0]
        known, known_line = parent_of.setdefault(child, (parent, line))
        if child in ancestors:
            path = " → ".join([child, *ancestors[: ancestors.index(child) + 1]])
            findings.append(
                Finding("cycle", f"{child!r} is above itself: {path}", line, column, None, True)
            )
        elif known != parent:
            message = (
                f"{child!r} is under {_named(parent)} here, but under {_named(known)} in line "
                f"{known_line}; give it one parent"
            )
            findings.append(Finding("two parents", message, line, column, None, True))
    return findings


def _named(parent: str | None) -> str:
    return "nothing" if parent is None else repr(parent)
