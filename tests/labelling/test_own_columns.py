from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import DataError
from zsl_images.features.photo_paths import find_images
from zsl_images.labelling.label import label
from zsl_images.labelling.own_columns import OwnColumns
from zsl_images.labelling.relabel import relabel


def add_own(path: Path) -> None:
    """Add a column of a user's own, which says how many letters the path has; not for every photo."""
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        own = pa.array(
            [len(text) if text.endswith("0.png") else None for text in table["path"].to_pylist()]
        )
        pq.write_table(table.append_column("checked", own), path)
    elif path.suffix == ".csv":
        with path.open(newline="") as lines:
            (header, *rows) = csv.reader(lines)
        cells = [[*row, f"={len(row[0])}" if row[0].endswith("0.png") else ""] for row in rows]
        with path.open("w", newline="") as out:
            csv.writer(out).writerows([[*header, "checked"], *cells])
    else:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        for row in rows:
            if row["path"].endswith("0.png"):
                row["checked"] = {"by": len(row["path"])}
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def own_values(path: Path) -> dict[str, object]:
    """Path → the value of that column, for the photos that have one."""
    if path.suffix == ".parquet":
        rows = pq.read_table(path).to_pylist()
    elif path.suffix == ".csv":
        with path.open(newline="") as lines:
            rows = list(csv.DictReader(lines))
    else:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
    return {row["path"]: row["checked"] for row in rows if row.get("checked")}


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_a_users_columns_stay_through_further_runs(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path, suffix: str
) -> None:
    out, kept = tmp_path / f"labels{suffix}", tmp_path / "features.parquet"
    paths = sorted(find_images([photos]))
    label(trained, paths[:30], out, features=kept)
    add_own(out)
    before = own_values(out)
    assert len(before) > 2
    label(trained, paths, out, features=kept)  # more photos
    assert own_values(out) == before
    label(trained.only_unseen(), paths[:10], out, features=kept)  # rows made anew
    assert own_values(out) == before
    paths[0].write_bytes(paths[1].read_bytes())  # a photo that changed
    label(trained, paths, out, features=kept)
    assert own_values(out) == before


def test_relabelling_keeps_them_or_is_refused(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    out, kept = tmp_path / "labels.csv", tmp_path / "features.parquet"
    label(trained, find_images([photos / "b"]), out, features=kept)
    (photos / "b" / "11.png").unlink()  # an unreadable one, which has no feature
    label(trained, find_images([photos / "b"]), out, features=kept, prune=True)
    add_own(out)
    before = own_values(out)
    relabel(trained.only_unseen(), kept, out)
    assert own_values(out) == before
    columns = len(out.read_text().splitlines()[0].split(","))
    with out.open("a") as lines:
        lines.write(",".join(["elsewhere.png", *[""] * (columns - 2), "mine"]) + "\r\n")
    before_text = out.read_text()
    with pytest.raises(DataError, match=r"columns of yours \(checked\), and 1 of its photos"):
        relabel(trained, kept, out)
    assert out.read_text() == before_text


def test_a_file_without_such_columns_adds_none(tmp_path: Path) -> None:
    table = pa.table({"path": ["a"]})
    with OwnColumns.of(tmp_path / "none.csv") as own:
        assert own.added_to(table) is table
        assert (own.left(), own.schema.names) == (0, [])
