from __future__ import annotations

import logging
import os
import time
from pathlib import Path

import pytest

from zsl_images.errors import BackboneError, CacheWarning
from zsl_images.features.engine_cache import cached


class Conversion:
    """Converts a network into a file of 1000 bytes, and counts how often."""

    def __init__(self) -> None:
        self.count = 0

    def convert(self, folder: Path) -> None:
        self.count += 1
        (folder / "model.bin").write_bytes(b"x" * 1000)

    @staticmethod
    def load(folder: Path) -> bytes:
        return (folder / "model.bin").read_bytes()

    def made(self) -> bytes:
        found: bytes = cached("engine-net", "net for engine", self.convert, self.load)
        return found


@pytest.fixture
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZSL_CACHE", str(tmp_path))
    return tmp_path / "engines"


@pytest.mark.parametrize("damage", ["zeros", "cut", "no hash", "one more"])
def test_a_damaged_network_is_converted_again(engines: Path, damage: str) -> None:
    conversion = Conversion()
    conversion.made()
    conversion.made()
    assert conversion.count == 1
    folder = engines / "engine-net"
    if damage == "zeros":
        (folder / "model.bin").write_bytes(b"x" * 500 + bytes(100) + b"x" * 400)
    elif damage == "cut":
        (folder / "model.bin").write_bytes(b"x" * 500)
    elif damage == "no hash":
        (folder / "sha256").unlink()
    else:
        (folder / "more").touch()
    assert conversion.made() == b"x" * 1000
    assert conversion.made() == b"x" * 1000
    assert conversion.count == 2


def test_a_conversion_is_announced_once(engines: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    conversion = Conversion()
    conversion.made()
    conversion.made()
    assert caplog.messages == ["converting net for engine, once; takes about 10 seconds"]


def test_leftovers_of_killed_runs_are_swept(engines: Path) -> None:
    for name in ("tmp1234", ".engine-net.12ab", ".engine-net.fresh", "engine-other"):
        (engines / name).mkdir(parents=True)
        if not name.endswith("fresh"):
            os.utime(engines / name, (time.time() - 9999,) * 2)
    Conversion().made()
    assert sorted(path.name for path in engines.iterdir()) == [
        ".engine-net.fresh",
        "engine-net",
        "engine-other",
    ]


def test_a_full_cache_is_done_without_and_told_of(
    engines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversion = Conversion()

    def full(folder: Path) -> None:
        if folder.is_relative_to(engines):
            raise OSError(28, "No space left on device")
        Conversion.convert(conversion, folder)

    monkeypatch.setattr(conversion, "convert", full)
    with pytest.warns(CacheWarning, match="No space left on device") as warned:
        assert conversion.made() == b"x" * 1000
    assert len(warned) == 1
    assert list(engines.iterdir()) == []


def test_no_room_anywhere_is_an_error_that_says_so(engines: Path) -> None:
    def full(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    with (
        pytest.warns(CacheWarning),
        pytest.raises(BackboneError, match=r"No space left.*--engine torch"),
    ):
        cached("engine-net", "net for engine", full, Conversion.load)
