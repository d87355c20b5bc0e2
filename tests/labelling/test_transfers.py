from __future__ import annotations

import os
from pathlib import Path

import pytest

from zsl_images.features.stamps import stamp_of
from zsl_images.labelling.transfers import is_transferred, remove_empty, transfer


@pytest.mark.parametrize("how", ["move", "copy", "link"])
def test_a_file_is_known_at_its_new_place(tmp_path: Path, how: str) -> None:
    source, target = tmp_path / "a.jpg", tmp_path / "below" / "b.jpg"
    source.write_text("one")
    photo = stamp_of(source)
    assert not is_transferred(photo, source, target)
    transfer(source, target, how)  # type: ignore[arg-type]
    assert is_transferred(photo, source, target)
    assert source.exists() == (how != "move")
    assert target.read_text() == "one"


def test_another_file_is_not_taken_for_it(tmp_path: Path) -> None:
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    for path, text in ((source, "one"), (target, "two")):
        path.write_text(text)
        os.utime(path, ns=(1, 1))
    photo = stamp_of(source)
    assert not is_transferred(photo, source, target)
    source.unlink()
    os.utime(target, (100, 100))
    assert not is_transferred(photo, source, target)


def test_a_file_system_without_times_keeps_the_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    source.write_text("one")
    source.chmod(0o644)
    monkeypatch.setattr(os, "utime", refuse)
    transfer(source, target, "copy")
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("one", 0o644)


def test_only_empty_folders_are_removed(tmp_path: Path) -> None:
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "a" / "x.jpg").touch()
    remove_empty(tmp_path / "a" / "b" / "c", tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "x.jpg"]
    (tmp_path / "a" / "x.jpg").unlink()
    remove_empty(tmp_path / "a", tmp_path)
    assert list(tmp_path.iterdir()) == []
