from __future__ import annotations

from pathlib import Path

from zsl_images.features.stamps import stamp_of


def test_a_stamp_changes_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    assert stamp_of(path) == (str(path), 0, 0)
    path.write_text("one")
    before = stamp_of(path)
    path.write_text("three")
    assert (before.size, stamp_of(path).size) == (3, 5)
    assert stamp_of(path).mtime == path.stat().st_mtime_ns
    assert stamp_of("a\0b").size == 0
