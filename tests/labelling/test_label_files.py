from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zsl_images.errors import DataError
from zsl_images.labelling.label_files import LABEL_SUFFIXES, SCHEMA, read_labels, write_labels

ORIGIN = {"head": "abc", "backbone": "small@123", "version": "0.1.0"}
ROWS = [
    {
        "path": "=1+1.jpg",
        "size": 10,
        "mtime": 1_795_526_858_662_454_408,
        "label": "@fox, 'red'",
        "probability": 0.9,
        "is_seen": True,
        "top_labels": ["@fox, 'red'", "löwe"],
        "top_probabilities": [0.9, 0.1],
        "unknown_score": None,
        "error": None,
        **ORIGIN,
    },
    {"path": "'quoted'\n\r.jpg", "size": 0, "mtime": 0, "error": "-not an image", **ORIGIN},
]
TABLE = pa.Table.from_pylist(ROWS, SCHEMA)


@pytest.mark.parametrize("suffix", LABEL_SUFFIXES)
def test_rows_come_back_as_they_were(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"labels{suffix}"
    write_labels([TABLE, TABLE.slice(1)], path)
    again = pa.concat_tables(read_labels(path))
    assert again.equals(pa.concat_tables([TABLE, TABLE.slice(1)]))


def test_no_cell_of_a_csv_file_is_a_formula(tmp_path: Path) -> None:
    write_labels([TABLE], tmp_path / "labels.csv")
    text = (tmp_path / "labels.csv").read_text()
    assert text.startswith("path,label,probability,is_seen,top1_label,")
    assert "\n'=1+1.jpg,\"'@fox, 'red'\",0.9,True," in text
    assert "\"'@fox, 'red'\"" in text
    assert ",'-not an image," in text
    assert ",0.9," in text


def test_a_csv_file_for_excel_has_a_byte_order_mark_and_is_read_back(tmp_path: Path) -> None:
    for suffix, start in ((".csv", b"\xef\xbb\xbfpath,"), (".jsonl", b'{"path"')):
        path = tmp_path / f"labels{suffix}"
        write_labels([TABLE], path, is_for_excel=True)
        assert path.read_bytes().startswith(start)
        assert pa.concat_tables(read_labels(path)).equals(TABLE)


@pytest.mark.parametrize("suffix", LABEL_SUFFIXES)
def test_files_of_earlier_versions_are_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"labels{suffix}"
    write_labels([TABLE], path)
    newer = ["taken", "camera_make", "camera_model", "width", "height"]
    if suffix == ".parquet":
        pq.write_table(TABLE.drop_columns(newer), path)
    elif suffix == ".jsonl":
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        lines = [{name: row[name] for name in row if name not in newer} for row in rows]
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    else:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        with path.open("w", encoding="utf-8", newline="") as out:
            names = [name for name in rows[0] if name not in newer]
            writer = csv.DictWriter(out, names, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
    assert pa.concat_tables(read_labels(path)).equals(TABLE)


def test_other_files_and_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"to end in \.parquet, \.csv, \.jsonl"):
        write_labels([], tmp_path / "labels.xlsx")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (tmp_path / "other.jsonl").write_text("[1]\n")
    for path in tmp_path.iterdir():
        with pytest.raises(DataError, match="is no label file"):
            list(read_labels(path))


def test_long_lists_are_read_and_the_limit_of_csv_stays(tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    names = [f"a rather long name of a class {number}" for number in range(10_000)]
    table = pa.Table.from_pylist([{**ROWS[0], "top_labels": names}] * 2, SCHEMA)
    write_labels([table], tmp_path / "labels.csv")
    reader = read_labels(tmp_path / "labels.csv")
    assert next(reader).equals(table)
    assert csv.field_size_limit() == limit
    (tmp_path / "other.csv").write_text("x" * (limit + 1) + "\n1\n")
    with pytest.raises(DataError):
        list(read_labels(tmp_path / "other.csv"))
    assert csv.field_size_limit() == limit
