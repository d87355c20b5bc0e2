from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from zsl_images.cluster.stores import check_manifest, rows_in, settle, store_of
from zsl_images.errors import DataError


def test_places_on_this_machine_and_elsewhere(tmp_path: Path) -> None:
    for place in (str(tmp_path / "a"), f"file://{tmp_path}/a"):
        system, inside = store_of(place)
        assert isinstance(system, fs.LocalFileSystem)
        assert inside == str(tmp_path / "a")
    system, inside = store_of("memory://bucket/a")
    with system.open_output_stream(inside) as file:
        file.write(b"x")
    with system.open_input_file(inside) as file:
        assert file.read() == b"x"
    with pytest.raises(DataError, match="nonsense://a: cannot be opened"):
        store_of("nonsense://a")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"file": ["/a.jpg"]}, "has no column path, but file"),
        ({"path": ["/a.jpg", "/b.jpg", "/a.jpg"]}, r"lists /a\.jpg twice, in rows 1 and 3"),
        ({"path": ["/a.jpg", None]}, "row 2 has no path"),
        ({"path": ["/a.jpg", " "]}, "row 2 has no path"),
        ({"path": [1]}, "row 1 has no path"),
        ({"path": ["a.jpg"]}, r"row 1 has the relative path a\.jpg"),
        ({"path": pa.array([], pa.string())}, "lists no photos"),
    ],
)
def test_a_manifest_that_cannot_be_used(
    tmp_path: Path, columns: dict[str, list[object]], message: str
) -> None:
    pq.write_table(pa.table(columns), tmp_path / "m.parquet")
    with pytest.raises(DataError, match=message):
        check_manifest(str(tmp_path / "m.parquet"))


def test_a_manifest_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "m.parquet").write_text("nothing")
    for place in (str(tmp_path / "m.parquet"), str(tmp_path / "n.parquet"), "memory://none/m.parquet"):
        with pytest.raises(DataError, match="cannot read the manifest"):
            check_manifest(place)


def test_a_manifest_is_counted(tmp_path: Path) -> None:
    paths = [f"s3://bucket/{number}.jpg" for number in range(1000)]
    pq.write_table(pa.table({"path": paths}), tmp_path / "m.parquet")
    assert check_manifest(str(tmp_path / "m.parquet")) == 1000


def test_rows_of_parts_are_read_without_pending_ones(tmp_path: Path) -> None:
    assert [*rows_in(str(tmp_path / "none"), ["path"])] == []
    pq.write_table(pa.table({"path": ["a"], "other": [1]}), tmp_path / "1.parquet")
    (tmp_path / "2.pending.parquet").write_text("half wri")
    (tmp_path / "_origin.json").write_text("{}")
    assert [table.to_pylist() for table in rows_in(str(tmp_path), ["path"])] == [[{"path": "a"}]]


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_part_that_is_pending_and_committed_is_committed(tmp_path: Path, scheme: str) -> None:
    for name in ("1.pending", "2", "3.pending", "3"):
        (tmp_path / f"{name}.parquet").write_text("part")
    settle(f"{scheme}{tmp_path}")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "1.pending.parquet",
        "2.parquet",
        "3.parquet",
    ]
    settle(str(tmp_path / "none"))
