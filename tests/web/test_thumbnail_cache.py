"""A thumbnail is made once, and again if its photo changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from drawing import draw

from zsl_images.errors import ImageError
from zsl_images.web import thumbnail_cache
from zsl_images.web.thumbnail_cache import kept_thumbnail


def test_a_photo_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZSL_CACHE", str(tmp_path / "cache"))
    made = []
    make = thumbnail_cache.thumbnail
    monkeypatch.setattr(
        thumbnail_cache, "thumbnail", lambda *arguments: made.append(1) or make(*arguments)
    )
    photo = tmp_path / "a.png"
    draw("red", 0).save(photo)
    first = kept_thumbnail(photo)
    assert kept_thumbnail(photo) == first
    assert len(made) == 1
    draw("blue", 0, (50, 50)).save(photo)
    assert kept_thumbnail(photo) != first
    assert len(made) == 2


def test_without_a_cache_it_is_still_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("ZSL_CACHE", str(tmp_path / "file"))
    draw("red", 0).save(tmp_path / "a.png")
    assert kept_thumbnail(tmp_path / "a.png").startswith(b"\xff\xd8")


def test_a_photo_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"gone\.png"):
        kept_thumbnail(tmp_path / "gone.png")
