from __future__ import annotations

import io
from pathlib import Path
from typing import NoReturn

import fsspec
import numpy as np
import pytest
from drawing import draw

from zsl_images.errors import ImageError
from zsl_images.features.remote_photos import is_address, read_anywhere, stamp_anywhere
from zsl_images.features.stamps import stamp_of


@pytest.fixture
def address() -> str:
    """A photo in a store in memory."""
    data = io.BytesIO()
    draw("red", 0).save(data, "png")
    fsspec.filesystem("memory").pipe("/bucket/red.png", data.getvalue())
    return "memory://bucket/red.png"


def test_a_photo_at_an_address_is_the_same_as_on_disk(address: str, tmp_path: Path) -> None:
    draw("red", 0).save(tmp_path / "red.png")
    here = read_anywhere(str(tmp_path / "red.png"))
    np.testing.assert_array_equal(np.asarray(read_anywhere(address)), np.asarray(here))
    stamp = stamp_anywhere(address)
    assert (stamp.path, stamp.size) == (address, (tmp_path / "red.png").stat().st_size)
    assert stamp.mtime > 0
    assert stamp_anywhere(str(tmp_path / "red.png")) == stamp_of(tmp_path / "red.png")


def test_what_cannot_be_read_says_why(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImageError, match=r"memory://bucket/gone\.png: no such file"):
        read_anywhere("memory://bucket/gone.png")
    assert stamp_anywhere("memory://bucket/gone.png")[1:] == (0, 0)
    fsspec.filesystem("memory").pipe("/bucket/broken.png", b"broken")
    with pytest.raises(ImageError, match=r"memory://bucket/broken\.png: not an image"):
        read_anywhere("memory://bucket/broken.png")
    with pytest.raises(ImageError, match=r"nonsense://a\.png: cannot be opened .*nonsense"):
        read_anywhere("nonsense://a.png")

    def refused(*_: object) -> NoReturn:
        raise PermissionError("The AWS Access Key Id you provided does not exist")

    monkeypatch.setattr(fsspec.core, "url_to_fs", refused)
    with pytest.raises(ImageError, match=r"cannot be opened \(The AWS Access Key Id"):
        read_anywhere(address)
    assert stamp_anywhere(address)[1:] == (0, 0)


def test_paths_are_no_addresses() -> None:
    assert is_address("s3://bucket/a.jpg")
    for path in ("/a.jpg", "a.jpg", r"C:\a.jpg", "C://a.jpg", Path("s3://b/a.jpg")):
        assert not is_address(path)
