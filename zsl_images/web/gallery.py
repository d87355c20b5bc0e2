"""The gallery behind the page: the rows of a label file in an order, and what a person corrects."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zsl_images.errors import DataError
from zsl_images.files import replacing
from zsl_images.labelling.label_cells import to_cell
from zsl_images.labelling.label_files import read_labels

LABELS = "labels.parquet"
"""Label file that the page writes into a folder."""

CORRECTIONS = "corrections.csv"
"""File beside it with the labels that a person gave, columns `path` and `label`."""

_SHOWN = ["path", "label", "probability", "unknown_score", "error"]


class Gallery:
    """The photos of one label file, and the corrections beside it.

    The label file is only read. Some tens of bytes per photo are in memory.

    Args:
        labels: Label file.

    Raises:
        DataError: A file cannot be read.
    """

    def __init__(self, labels: Path) -> None:
        tables = [table.select(_SHOWN) for table in read_labels(labels)]
        self._rows = pa.concat_tables(tables) if tables else pa.table({name: [] for name in _SHOWN})
        self._place, self._lock = labels.with_name(CORRECTIONS), Lock()
        self.corrections = _read_corrections(self._place)
        self._orders: dict[str | None, Any] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def labels(self) -> dict[str, int]:
        """Number of photos per label of the machine, the most frequent first; "" for none."""
        counts = Counter(
            {
                one["values"] or "": one["counts"]
                for one in self._rows["label"].combine_chunks().value_counts().to_pylist()
            }
        )
        return dict(counts.most_common())

    def page(self, label: str | None, offset: int, count: int) -> tuple[int, list[dict[str, Any]]]:
        """Some rows in the order of doubt, the most doubtful first, and how many there are in all.

        Args:
            label: Only photos with this label of the machine; None for all photos.
            offset: Number of rows before the first one.
            count: Number of rows at most.
        """
        order = self._order(label)
        chosen = order[offset : offset + count]
        rows = self._rows.take(pa.array(chosen)).to_pylist()
        for number, row in zip(chosen.tolist(), rows, strict=True):
            row |= {"row": number, "correction": self.corrections.get(row["path"])}
        return len(order), rows

    def path(self, row: int) -> str:
        """The path of the photo in a row of the label file.

        Raises:
            DataError: There is no such row.
        """
        if not 0 <= row < len(self._rows):
            raise DataError(f"there is no row {row}")
        return str(self._rows["path"][row].as_py())

    def correct(self, rows: Sequence[int], labels: Sequence[str | None]) -> list[str | None]:
        """Write corrections; the file is whole at any time.

        Args:
            rows: Rows of the label file.
            labels: Right label of each; None takes a correction back.

        Returns:
            What the corrections were before, to undo this.

        Raises:
            DataError: A row is missing.
            OutputError: The file cannot be written.
        """
        if len(rows) != len(labels):
            raise DataError(f"{len(rows)} rows and {len(labels)} labels, expected as many")
        paths = [self.path(row) for row in rows]
        with self._lock:
            before = [self.corrections.get(path) for path in paths]
            changed = dict(self.corrections)
            for path, label in zip(paths, labels, strict=True):
                changed.pop(path, None)
                if label is not None:
                    changed[path] = label
            _write(self._place, ("path", "label"), changed.items())
            self.corrections = changed
        return before

    def export(self) -> Iterable[tuple[str, str, str]]:
        """Path, label and whether a person gave it, of every photo with a label."""
        for path, label in zip(self._rows["path"], self._rows["label"], strict=True):
            given = self.corrections.get(path.as_py())
            final = given or label.as_py()
            if final:
                yield path.as_py(), final, "person" if given else "machine"

    def _order(self, label: str | None) -> Any:
        """Rows of the photos with a label, the most doubtful first."""
        if label not in self._orders:
            doubt = pc.subtract(pc.fill_null(self._rows["unknown_score"], 0), self._rows["probability"])
            found = np.argsort(-doubt.to_numpy(), kind="stable")  # unreadable ones (NaN) come last
            if label is not None:
                given = pc.fill_null(self._rows["label"], "")
                found = found[pc.equal(given, label).to_numpy()[found]]
            self._orders[label] = found
        return self._orders[label]


def _read_corrections(place: Path) -> dict[str, str]:
    """Path → label, as a person gave it."""
    if not place.exists():
        return {}
    try:
        with place.open(encoding="utf-8-sig", newline="") as file:
            return {
                row["path"].removeprefix("'"): row["label"].removeprefix("'")
                for row in csv.DictReader(file)
            }
    except (OSError, ValueError, KeyError, AttributeError, csv.Error) as error:
        raise DataError(f"{place} cannot be read ({error}); expected columns path and label") from error


def _write(place: Path, header: Sequence[str], rows: Iterable[tuple[str, ...]]) -> None:
    with replacing(place) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([to_cell(cell) for cell in row] for row in rows)
