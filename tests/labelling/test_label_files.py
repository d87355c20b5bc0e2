from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zsl_images.defaults import LABEL_SUFFIXES
from zsl_images.errors import DataError
from zsl_images.labelling.label_files import (
    is_for_excel,
    own_columns_of,
    read_labels,
    write_labels,
)
from zsl_images.labelling.label_schema import SCHEMA

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
        "taken": "2024-05-31 18:04:59",
        "width": 640,
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
    assert text.startswith("path,label,probability,is_seen,known_by,top1_label,")
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
    expected = pa.Table.from_pylist([{**row, "taken": None, "width": None} for row in ROWS], SCHEMA)
    assert pa.concat_tables(read_labels(path)).equals(expected)


def test_other_files_and_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"to end in \.parquet, \.csv, \.jsonl"):
        write_labels([], tmp_path / "labels.xlsx")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (tmp_path / "other.jsonl").write_text("[1]\n")
    for path in tmp_path.iterdir():
        with pytest.raises(DataError, match="is no label file"):
            list(read_labels(path))


def replaced(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    """A table with another column of that name."""
    return table.set_column(table.schema.get_field_index(name), name, column)


@pytest.mark.parametrize("change", ["large", "double", "json", "flat", "time", "further", "category"])
def test_parquet_of_other_programs_is_read(tmp_path: Path, change: str) -> None:
    path, table = tmp_path / "labels.parquet", TABLE
    large = pa.large_list(pa.large_string())
    if change == "large":  # as polars has texts
        table = table.cast(table.schema.set(0, pa.field("path", pa.large_string())))
        table = replaced(table, "top_labels", table["top_labels"].cast(large))
    elif change == "double":  # as pandas has columns with missing values
        for name in ("size", "is_seen"):
            column = table[name].cast(pa.int8()) if name == "is_seen" else table[name]
            table = replaced(table, name, column.cast(pa.float64()))
    elif change == "json":  # as lists come out of CSV
        cells = [value and json.dumps(value) for value in table["top_labels"].to_pylist()]
        table = replaced(table, "top_labels", pa.array(cells, pa.string()))
    elif change == "flat":  # as candidates come out of CSV
        for name, what in (("top_labels", "label"), ("top_probabilities", "probability")):
            items = [[*(value or ()), None, None][:2] for value in table[name].to_pylist()]
            for rank, column in enumerate(zip(*items, strict=True), start=1):
                table = table.append_column(f"top{rank}_{what}", pa.array(column))
            table = table.drop_columns([name])
    elif change == "time":  # as duckdb finds times in CSV
        table = replaced(table, "taken", table["taken"].cast(pa.timestamp("us")))
    elif change == "further":
        table = table.add_column(0, "checked", pa.array([1, None]))
    else:
        table = replaced(table, "label", table["label"].dictionary_encode())
    pq.write_table(table, path)
    assert pa.concat_tables(read_labels(path)).equals(TABLE)
    own = own_columns_of(path)
    assert own.names == (["checked"] if change == "further" else [])
    (with_own,) = read_labels(path, with_own=True)
    write_labels([with_own], path, own)
    assert pq.read_table(path).column_names == [*SCHEMA.names, *own.names]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_text_of_spreadsheets_is_read(tmp_path: Path, encoding: str) -> None:
    for suffix in (".csv", ".jsonl"):
        path = tmp_path / f"labels{suffix}"
        write_labels([TABLE], path)
        path.write_bytes(path.read_bytes().decode().encode(encoding))
        assert pa.concat_tables(read_labels(path)).equals(TABLE)


def test_a_text_in_an_old_encoding_is_told(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    write_labels([TABLE], path)
    path.write_bytes(path.read_bytes().decode().encode("cp1252"))
    with pytest.raises(DataError, match="save it as 'CSV UTF-8'"):
        list(read_labels(path))


@pytest.mark.parametrize("change", ["flat", "text", "rounded"])
def test_lines_of_other_programs_are_read(tmp_path: Path, change: str) -> None:
    """Lines of JSON that were a CSV file before: candidates are flat, or values are texts."""
    path = tmp_path / "labels.jsonl"
    write_labels([TABLE], path)
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for row in rows:
        if change == "flat":
            labels, probabilities = row.pop("top_labels"), row.pop("top_probabilities")
            for rank in (1, 2, 3):
                row[f"top{rank}_label"] = dict(enumerate(labels or ())).get(rank - 1)
                row[f"top{rank}_probability"] = dict(enumerate(probabilities or ())).get(rank - 1)
        elif change == "text":
            row["width"], row["is_seen"] = str(row["width"] or ""), str(row["is_seen"] or "")
        else:
            row["width"] = row["width"] and float(row["width"])
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert pa.concat_tables(read_labels(path)).equals(TABLE)
    assert own_columns_of(path).names == []


@pytest.mark.parametrize("is_marked", [False, True])
def test_the_mark_for_excel_is_found(tmp_path: Path, is_marked: bool) -> None:
    write_labels([TABLE], tmp_path / "labels.csv", is_for_excel=is_marked)
    assert is_for_excel(tmp_path / "labels.csv") is is_marked


def test_a_users_columns_follow_the_candidates_in_csv(tmp_path: Path) -> None:
    path, own = tmp_path / "labels.csv", pa.schema([("checked", pa.string())])
    table = TABLE.append_column("checked", pa.array(["=B1", None]))
    write_labels([table], path, own, is_for_excel=True)
    assert own_columns_of(path) == own
    (again,) = read_labels(path, with_own=True)
    assert again["checked"].to_pylist() == ["=B1", ""]
    assert again.select(SCHEMA.names).equals(TABLE)


def test_a_row_without_a_path_is_told(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    write_labels([TABLE], path)
    with path.open("a") as lines:
        columns = len(path.read_text().splitlines()[0].split(","))
        lines.write("," * (columns - 2) + "total,\r\n")
    with pytest.raises(DataError, match="a row has no path"):
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


@pytest.mark.parametrize("suffix", LABEL_SUFFIXES)
def test_numbers_that_are_not_finite_are_missing_or_refused(tmp_path: Path, suffix: str) -> None:
    path, row = tmp_path / f"labels{suffix}", {"path": "/a.jpg", "size": 1, "mtime": 1, "label": "cat"}
    write_labels([pa.Table.from_pylist([{**row, "probability": float("nan")}], SCHEMA)], path)
    (found,) = pa.concat_tables(read_labels(path)).to_pylist()
    assert found["probability"] is None
    write_labels([pa.Table.from_pylist([{**row, "probability": float("inf")}], SCHEMA)], path)
    with pytest.raises(DataError, match=rf"labels{suffix}, .*column probability holds"):
        list(read_labels(path))


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@pytest.mark.parametrize(("column", "value"), [("size", 2**63), ("mtime", -(2**64)), ("width", 2**31)])
def test_numbers_that_are_too_large_are_told_with_their_line(
    tmp_path: Path, suffix: str, column: str, value: int
) -> None:
    path = tmp_path / f"labels{suffix}"
    row = {"path": "/a.jpg", "size": 123456, "mtime": 123457, "width": 123458, "error": "x"}
    write_labels([pa.Table.from_pylist([row], SCHEMA)], path)
    path.write_text(path.read_text().replace(str(row[column]), str(value)))
    with pytest.raises(DataError, match=rf"labels{suffix}, line \d: column {column} holds"):
        list(read_labels(path))


def test_damaged_pages_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "labels.parquet"
    row = {"path": "/a.jpg", "size": 1, "mtime": 1, "label": "zebra", "error": "some reason"}
    write_labels([pa.Table.from_pylist([row], SCHEMA)], path)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"some reason", b"some treason"[:11], 1))
    with pytest.raises(DataError, match=r"labels.parquet is no label file"):
        list(read_labels(path))
