"""What a search for photos passes over is counted, with the reason."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from drawing import draw

from zsl_images.errors import DataError, PhotoWarning
from zsl_images.features.backbones import Backbone
from zsl_images.features.extraction import folder_features, labelled_features
from zsl_images.features.photo_paths import find_images, find_labelled_images
from zsl_images.features.skipped_files import LeftOut


@pytest.fixture
def unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a red photo, beside a folder that nobody may list."""
    (tmp_path / "red").mkdir()
    (tmp_path / "locked").mkdir()
    draw("red", 0).save(tmp_path / "red" / "a.png")
    scandir = os.scandir

    def refusing(path: object) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    return tmp_path


def test_one_line_counts_each_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("pillow_heif", "rawpy"):
        monkeypatch.setitem(sys.modules, module, None)
    for name in ("a.png", "b.HEIC", "c.heic", "d.CR2", "e.mp4", "f.tga", "g", "a.png.xmp", ".h.tga"):
        (tmp_path / name).touch()
    (tmp_path / "lost.jpg").symlink_to(tmp_path / "none.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    left_out = LeftOut()
    assert [path.name for path in find_images([tmp_path], left_out)] == ["a.png"]
    line = str(left_out)
    assert "\n" not in line
    for part in (
        '1 .HEIC, 1 .heic (not supported without an extra: pip install "zsl-images[heif]"',
        '1 .CR2 (not supported without an extra: pip install "zsl-images[raw]"',
        "1 .mp4 (videos: save frames as JPEG)",
        "1 without an ending, 1 .tga (not supported: convert to JPEG)",
        "1 broken link",
        "1 special file",
    ):
        assert part in line
    assert "xmp" not in line


def test_nothing_left_out_is_nothing_to_tell(tmp_path: Path) -> None:
    left_out = LeftOut()
    (tmp_path / "notes.txt").touch()
    assert list(find_images([tmp_path], left_out)) == []
    assert not left_out
    left_out.warn()  # a warning would be an error here


def test_a_folder_that_cannot_be_read_is_a_failure(unreadable: Path, small_backbone: Backbone) -> None:
    left_out = LeftOut()
    assert len(list(find_images([unreadable], left_out))) == 1
    assert str(left_out) == f"left out: folder {unreadable / 'locked'} (Permission denied)"
    with pytest.warns(PhotoWarning, match="locked"):
        found = folder_features(unreadable, small_backbone)
    assert [failure.reason for failure in found.failures] == [
        f"{unreadable / 'locked'}: Permission denied"
    ]
    with pytest.warns(PhotoWarning, match="locked"):
        found, labels = labelled_features(unreadable, ["red"], small_backbone)
    assert (labels, len(found.failures)) == (("red",), 1)
    (unreadable / "red" / "a.png").unlink()
    with pytest.raises(DataError, match=r"no photos in folders named by class.*Permission denied"):
        find_labelled_images(unreadable)
