from __future__ import annotations

from pathlib import Path

import pytest
from drawing import draw
from PIL import Image

from zsl_images.features.photo_sizes import upright_size


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_is_that_of_the_upright_picture(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    draw("red", 0, (60, 40)).save(tmp_path / "a.jpg", exif=exif)
    assert upright_size(tmp_path / "a.jpg") == ((60, 40) if orientation < 5 else (40, 60))


def test_what_is_no_photo_has_no_size(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("text")
    assert upright_size(tmp_path / "text.jpg") is None
    assert upright_size(tmp_path / "gone.jpg") is None
