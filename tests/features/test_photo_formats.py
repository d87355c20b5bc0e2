"""Formats that need an extra, and files that only look like photos."""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from drawing import draw
from PIL import Image

from zsl_images.errors import ImageError
from zsl_images.features.photo_facts import facts_of
from zsl_images.features.photo_formats import is_photo
from zsl_images.features.photos import read_image

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
CR2 = b"II*\0\x10\0\0\0CR\x02\0" + bytes(100)


@pytest.mark.parametrize(
    "name", ["a.jfif", "a.PBM", "a.pnm", "a.j2k", "a.apng", "a.JPG", "a.jpe", "a.tiff"]
)
def test_photos_are_known_by_their_endings(name: str) -> None:
    assert is_photo(name)
    assert not is_photo(f"{name}.xmp")


@pytest.mark.parametrize(
    ("module", "name", "data", "extra"),
    [("pillow_heif", "a.heic", HEIC, "heif"), ("rawpy", "a.cr2", CR2, "raw")],
)
def test_an_extra_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, name: str, data: bytes, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert not is_photo(name)
    (tmp_path / name).write_bytes(data)
    (tmp_path / "renamed.jpg").write_bytes(data)
    for path in (tmp_path / name, tmp_path / "renamed.jpg"):
        with pytest.raises(ImageError, match=rf"\[{extra}\].*or convert it to JPEG"):
            read_image(path)


def test_an_iphone_photo_is_read_upright_and_pillow_stays_as_it_is(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    exif = Image.Exif()
    exif[0x0112] = 6
    heif.from_pillow(draw("red", 0, (64, 48))).save(tmp_path / "a.heic", exif=exif.tobytes())
    assert is_photo("a.HEIC")
    assert read_image(tmp_path / "a.heic").size == (48, 64)
    assert "HEIF" not in Image.OPEN
    (tmp_path / "b.heic").write_bytes(HEIC)
    with pytest.raises(ImageError, match="an HEIC photo that cannot be read"):
        read_image(tmp_path / "b.heic")


class Raw:
    """What rawpy gives for a RAW file that was taken upright."""

    sizes = SimpleNamespace(flip=6)

    def __init__(self, preview: bytes | None) -> None:
        self._preview = preview

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def extract_thumb(self) -> SimpleNamespace:
        if self._preview is None:
            raise ValueError("no preview")
        return SimpleNamespace(data=self._preview)

    def postprocess(self, **_: object) -> np.ndarray:
        return np.full((60, 40, 3), 99, np.uint8)


@pytest.fixture
def raw_module(monkeypatch: pytest.MonkeyPatch) -> Callable[[Raw], None]:
    def install(raw: Raw) -> None:
        monkeypatch.setitem(sys.modules, "rawpy", SimpleNamespace(imread=lambda _: raw))

    return install


def test_a_raw_file_gives_its_preview_or_else_its_pixels(
    tmp_path: Path, raw_module: Callable[[Raw], None]
) -> None:
    preview = io.BytesIO()
    draw("red", 0, (64, 48)).save(preview, "JPEG")
    path = tmp_path / "a.cr2"
    path.write_bytes(CR2)
    raw_module(Raw(preview.getvalue()))
    assert is_photo("a.CR2")
    assert read_image(path).size == (48, 64)
    assert read_image(path, least_side=40).size == (48, 64)
    assert read_image(path, least_side=100).size == (40, 60)  # the preview is too small
    for without in (None, b"no JPEG"):
        raw_module(Raw(without))
        assert read_image(path).size == (40, 60)


def test_a_raw_file_that_looks_like_tiff_is_known_by_its_ending(
    tmp_path: Path, raw_module: Callable[[Raw], None]
) -> None:
    raw_module(Raw(None))
    draw("red", 0).save(tmp_path / "a.tif")
    (tmp_path / "a.tif").rename(tmp_path / "a.nef")
    assert read_image(tmp_path / "a.nef").size == (40, 60)


def camera_tags() -> bytes:
    """EXIF data of a camera, as a TIFF file without pixels."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Maker of cameras", "Model one"
    exif.get_ifd(0x8769)[0x9003] = "2024:05:31 18:04:59"
    return exif.tobytes().removeprefix(b"Exif\0\0")


def canon(*blocks: bytes) -> bytes:
    """The start of a CR3 file with EXIF data in boxes."""
    boxes = b"".join(
        struct.pack(">I", len(block) + 8) + f"CMT{number}".encode() + block
        for number, block in enumerate(blocks, start=1)
    )
    return b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + boxes + bytes(50)


def taken_alone() -> bytes:
    """EXIF data whose first folder says when a photo was taken."""
    exif = Image.Exif()
    exif[0x9003] = "2024:05:31 18:04:59"
    return exif.tobytes().removeprefix(b"Exif\0\0")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.nef", camera_tags()),
        ("a.cr3", canon(camera_tags(), b"")),
        ("b.cr3", canon(camera_tags(), taken_alone())),
    ],
)
@pytest.mark.parametrize("preview_has_tags", [True, False])
def test_the_facts_of_a_raw_file_are_its_own_if_the_preview_has_none(
    tmp_path: Path,
    raw_module: Callable[[Raw], None],
    name: str,
    data: bytes,
    preview_has_tags: bool,
) -> None:
    preview = io.BytesIO()
    tags = Image.Exif()
    tags[0x0112] = 6
    draw("red", 0, (64, 48)).save(preview, "JPEG", **({"exif": tags} if preview_has_tags else {}))
    raw_module(Raw(preview.getvalue()))
    (tmp_path / name).write_bytes(data)
    facts = facts_of(read_image(tmp_path / name))
    assert (facts.taken, facts.camera_make, facts.camera_model) == (
        *("2024-05-31 18:04:59", "Maker of cameras", "Model one"),
    )


def dng(width: int, height: int, orientation: int) -> bytes:
    """A RAW file as the DNG specification has it, of a picture that is bright on its right."""
    mosaic = np.full((height, width), 200, "<u2")
    mosaic[:, width // 2 :] = 40000
    numbers = {
        **{254: (4, 0), 256: (4, width), 257: (4, height), 258: (3, 16), 259: (3, 1), 262: (3, 32803)},
        **{273: (4, 8), 274: (3, orientation), 277: (3, 1), 278: (4, height), 279: (4, mosaic.nbytes)},
    }
    entries = [struct.pack("<HHII", tag, kind, 1, value) for tag, (kind, value) in numbers.items()]
    entries += [
        struct.pack("<HHI2H", 33421, 3, 2, 2, 2),
        struct.pack("<HHI4B", 33422, 1, 4, 0, 1, 1, 2),
        struct.pack("<HHI4B", 50706, 1, 4, 1, 4, 0, 0),
    ]
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + mosaic.nbytes) + mosaic.tobytes() + directory


def test_a_real_raw_file_is_developed_upright(tmp_path: Path) -> None:
    pytest.importorskip("rawpy")
    (tmp_path / "a.dng").write_bytes(dng(96, 64, orientation=6))
    image = read_image(tmp_path / "a.dng")
    assert image.size == (32, 48)
    above, below = np.split(np.asarray(image).astype(float), 2)
    assert below.mean() > above.mean() + 50
