from __future__ import annotations

import csv
import io

from zsl_images.labelling.label_csv import csv_cells, csv_header, row_of_cells
from zsl_images.labelling.label_schema import SCHEMA

ROW = dict.fromkeys(SCHEMA.names) | {
    "path": "=photo.jpg",
    "label": "zebra",
    "probability": 0.75,
    "is_seen": True,
    "top_labels": ["zebra", "-horse", 'a "b", c'],
    "top_probabilities": [0.75, 0.2, 0.05],
    "taken": "2024-05-31 18:04:59",
    "width": 640,
    "size": 10,
    "mtime": 2**60 + 1,
}


def test_each_candidate_has_columns_of_its_own_and_no_cell_is_a_list() -> None:
    cells = dict(zip(csv_header(3), csv_cells(ROW, csv_header(3)), strict=True))
    assert (cells["top2_label"], cells["top2_probability"]) == ("'-horse", 0.2)
    assert list(cells)[:6] == [
        *("path", "label", "probability", "is_seen"),
        *("top1_label", "top1_probability"),
    ]
    assert not any(isinstance(cell, list) for cell in cells.values())
    assert csv_cells(ROW, csv_header(4))[: csv_header(4).index("unknown_score")][-2:] == [None, None]


def test_a_row_is_read_back_as_it_was() -> None:
    for row in (ROW, dict.fromkeys(SCHEMA.names) | {"path": "x", "error": "broken", "size": 0}):
        file = io.StringIO()
        csv.writer(file).writerows([csv_header(5), csv_cells(row, csv_header(5))])
        file.seek(0)
        (again,) = map(row_of_cells, csv.DictReader(file))
        assert again == row


def test_lists_are_read_as_earlier_versions_wrote_them() -> None:
    cells = {"path": "a", "top_labels": '["zebra", "horse"]', "top_probabilities": "[0.75, 0.2]"}
    row = row_of_cells(cells)
    assert (row["top_labels"], row["top_probabilities"]) == (["zebra", "horse"], [0.75, 0.2])
