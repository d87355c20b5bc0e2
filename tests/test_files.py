from __future__ import annotations

from pathlib import Path

import pytest

from zsl_images.errors import OutputError
from zsl_images.files import check_writable, make_folder, replacing


def write_half(path: Path) -> None:
    """Fail in the middle of writing."""
    with replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError


def test_a_file_takes_the_place_of_the_earlier_one_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "result.txt"
    path.write_text("earlier")
    with pytest.raises(RuntimeError):
        write_half(path)
    assert path.read_text() == "earlier"
    with replacing(path) as temporary:
        temporary.write_text("whole")
        assert path.read_text() == "earlier"
    assert path.read_text() == "whole"
    assert [entry.name for entry in tmp_path.iterdir()] == ["result.txt"]


def test_others_may_read_a_result(tmp_path: Path) -> None:
    with replacing(tmp_path / "result.txt") as temporary:
        temporary.write_text("whole")
    (tmp_path / "ordinary.txt").write_text("x")
    modes = {(tmp_path / name).stat().st_mode for name in ("result.txt", "ordinary.txt")}
    assert len(modes) == 1


def test_a_place_that_cannot_be_written_is_found_before_the_work(tmp_path: Path) -> None:
    check_writable(tmp_path / "new.txt")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OutputError, match="cannot write"):
        check_writable(tmp_path / "none" / "new.txt")
    with pytest.raises(OutputError, match="is a folder"):
        check_writable(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot make the folder"):
        make_folder(tmp_path / "file" / "below")
