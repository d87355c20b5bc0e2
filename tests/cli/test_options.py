from __future__ import annotations

import json
from pathlib import Path

from commands import USAGE, run


def names(*arguments: object, stdin: str | None = None) -> list[str]:
    """The names of the photos that `zsl classify` labels."""
    result = run("classify", *arguments, "--format", "json", stdin=stdin)
    return [Path(row["path"]).name for row in json.loads(result.stdout)]


def test_globs_and_paths_from_stdin(photos: Path) -> None:
    assert names(f"{photos}/*.jpg") == ["b.jpg"]
    assert names("-", stdin=f"{photos / 'b.jpg'}\n\n{photos / 'a.png'}\n") == ["b.jpg", "a.png"]


def test_a_folder_without_photos_is_wrong_usage(tmp_path: Path) -> None:
    result = run("classify", tmp_path)
    assert result.exit_code == USAGE
    assert "no image found" in result.stderr


def test_a_label_files_ending_is_checked_first(tmp_path: Path) -> None:
    result = run("relabel", tmp_path / "missing.parquet", "--out", tmp_path / "labels.xlsx")
    assert result.exit_code == USAGE
    assert "to end in .parquet" in " ".join(result.stderr.replace("│", " ").split())
