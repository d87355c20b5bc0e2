from __future__ import annotations

import os
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from zsl_images.errors import ImageError
from zsl_images.features.photos import MAX_PIXELS, check_strip, read_image, to_rgb


@pytest.fixture
def photo() -> Image.Image:
    """A picture whose four quarters differ, wider than high."""
    array = np.zeros((20, 30, 3), np.uint8)
    array[:10, :15], array[:10, 15:], array[10:, :15] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    return Image.fromarray(array)


def huge_png(path: Path, side: int = 30_000) -> Path:
    """A valid PNG of side × side black pixels, 1 bit each: small on disk, vast when decoded."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes((side // 8 + 1) * side))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )
    return path


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "CMYK", "RGBA", "LA", "I;16", "I", "F", "HSV"])
def test_every_mode_becomes_rgb(tmp_path: Path, photo: Image.Image, mode: str) -> None:
    if mode in ("I;16", "I"):
        grey = np.asarray(photo.convert("L")).astype(np.uint16) * 257
        image = Image.fromarray(grey if mode == "I;16" else grey.astype(np.int32))
    elif mode == "F":
        image = Image.fromarray(np.asarray(photo.convert("L")).astype(np.float32) / 255)
    else:
        image = photo.convert(mode)
    path = tmp_path / "image.tif"
    if mode != "HSV":  # no file format holds it
        image.save(path)
        image = read_image(path)
    rgb = to_rgb(image)
    assert (rgb.mode, rgb.size) == ("RGB", photo.size)
    expected = np.asarray(
        photo if mode in ("RGB", "P", "RGBA", "HSV") else photo.convert("L").convert("RGB")
    )
    if mode not in ("1", "CMYK"):
        assert np.abs(np.asarray(rgb).astype(int) - expected).max() <= 3


def test_16_bit_png_keeps_its_brightness(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 4), 32896, np.uint16)).save(tmp_path / "grey.png")
    assert np.asarray(read_image(tmp_path / "grey.png")).mean() == 128


def test_transparent_becomes_white(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert np.asarray(read_image(tmp_path / "clear.png")).min() == 255


def test_exif_rotation_is_applied(tmp_path: Path, photo: Image.Image) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn by 90 degrees
    photo.save(tmp_path / "turned.png", exif=exif)
    turned = read_image(tmp_path / "turned.png")
    assert turned.size == photo.size[::-1]
    assert np.array_equal(np.asarray(turned), np.rot90(np.asarray(photo), -1))


def test_an_animation_gives_its_first_frame(tmp_path: Path, photo: Image.Image) -> None:
    other = Image.new("RGB", photo.size, "white")
    photo.save(tmp_path / "two.gif", save_all=True, append_images=[other])
    first = np.asarray(read_image(tmp_path / "two.gif")).astype(int)
    assert np.abs(first - np.asarray(photo)).max() <= 8


def test_bad_files_are_image_errors_that_name_the_file(tmp_path: Path, photo: Image.Image) -> None:
    (tmp_path / "text.jpg").write_text("no picture at all")
    (tmp_path / "empty.jpg").touch()
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "cut.jpg")
    whole = (tmp_path / "cut.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    for name, message in {
        "text.jpg": "not an image",
        "empty.jpg": "empty file",
        "cut.jpg": "cannot be decoded",
        "none.jpg": "no such file",
        "": "is a folder",
    }.items():
        with pytest.raises(ImageError, match=message) as error:
            read_image(tmp_path / name)
        assert str(tmp_path / name).rstrip("/") in str(error.value)


def test_a_vast_picture_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = huge_png(tmp_path / "vast.png")
    assert path.stat().st_size < 1_000_000
    with pytest.raises(ImageError, match="million pixels"):
        read_image(path)


def test_a_pipe_is_refused_and_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(ImageError, match="not an ordinary file"):
        read_image(tmp_path / "pipe.jpg")


def test_arrays_of_the_common_shapes_and_types(photo: Image.Image) -> None:
    array = np.asarray(photo)
    for given in (
        array,
        array / 255.0,
        array.astype(np.uint16) * 257,
        np.dstack([array, array[..., :1] * 0 + 255]),
    ):
        assert np.array_equal(np.asarray(to_rgb(given)), array)
    assert to_rgb(array[..., :1]).size == photo.size
    with pytest.raises(ImageError, match=r"\(2, 3, 4, 5\)"):
        to_rgb(np.zeros((2, 3, 4, 5)))
    with pytest.raises(ImageError, match="not finite"):
        to_rgb(np.full((2, 2), np.nan))


def test_a_large_jpeg_may_be_decoded_smaller(tmp_path: Path) -> None:
    Image.new("RGB", (1600, 1200), (10, 200, 90)).save(tmp_path / "large.jpg")
    assert read_image(tmp_path / "large.jpg").size == (1600, 1200)
    small = read_image(tmp_path / "large.jpg", least_side=250)
    assert small.size == (400, 300)
    assert read_image(tmp_path / "large.jpg", least_side=2000).size == (1600, 1200)
    assert np.abs(np.array(small, int).mean((0, 1)) - (10, 200, 90)).max() < 3


def test_a_picture_that_pillow_would_warn_of_is_taken_in_silence(tmp_path: Path) -> None:
    side = 10_000
    assert MAX_PIXELS / 2 < side**2 < MAX_PIXELS
    with pytest.warns(Image.DecompressionBombWarning), Image.open(huge_png(tmp_path / "big.png", side)):
        pass
    assert read_image(tmp_path / "big.png").size == (side, side)  # a warning would be an error here


@pytest.mark.parametrize(
    "kind", ["jpg", "png", "webp", "tif", "bmp", "gif", "ppm", "jp2", "avif", "ico"]
)
def test_the_content_decides_the_format_not_the_name(
    tmp_path: Path, photo: Image.Image, kind: str
) -> None:
    try:
        photo.save(tmp_path / f"photo.{kind}")
    except (KeyError, OSError, ValueError):
        pytest.skip(f"Pillow was built without {kind}")
    (tmp_path / f"photo.{kind}").rename(tmp_path / "photo.dat")
    assert read_image(tmp_path / "photo.dat").mode == "RGB"


def test_a_format_that_is_not_wanted_is_not_opened(tmp_path: Path, photo: Image.Image) -> None:
    photo.save(tmp_path / "photo.eps")
    with pytest.raises(ImageError, match="a PostScript file"):
        read_image(tmp_path / "photo.eps")


def test_a_thin_strip_is_refused_before_it_is_enlarged() -> None:
    check_strip(Image.new("L", (1, 500)), 500)
    with pytest.raises(ImageError, match="1 × 1000 pixels: too thin a strip"):
        check_strip(Image.new("L", (1, 1000)), 500)


def huge_jpeg(path: Path, width: int, height: int, **options: object) -> Path:
    """A JPEG that says it has that many pixels; its data are those of a smaller one."""
    Image.new("RGB", (64, 64), (10, 200, 90)).save(path, **options)
    data = bytearray(path.read_bytes())
    frame = data.index(b"\xff\xc2" if options else b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    path.write_bytes(data)
    return path


def test_the_limit_is_on_the_pixels_that_are_decoded(tmp_path: Path) -> None:
    large = Image.new("L", (16_320, 12_240), 90)
    large.save(tmp_path / "phone.jpg", quality=30)
    assert read_image(tmp_path / "phone.jpg", least_side=500).size == (2040, 1530)
    with pytest.raises(ImageError, match="million pixels"):
        read_image(tmp_path / "phone.jpg")
    path = huge_jpeg(tmp_path / "progressive.jpg", 16_320, 12_240, progressive=True)
    with pytest.raises(ImageError, match="million pixels"):  # its coefficients are kept whole
        read_image(path, least_side=500)


def test_a_very_large_picture_is_made_smaller_in_bands(tmp_path: Path) -> None:
    side = 6_000
    assert side**2 > 2**25
    picture = Image.new("LA", (side, side + 1), (255, 0))
    picture.paste((200, 255), (0, 0, side, side // 2))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(tmp_path / "a.png", exif=exif, compress_level=1)
    small = read_image(tmp_path / "a.png", least_side=500)
    assert small.size == (501, 500)
    assert small.getpixel((450, 250)) == (200, 200, 200)
    assert small.getpixel((50, 250)) == (255, 255, 255)
    assert read_image(tmp_path / "a.png").size == (side + 1, side)


def test_large_pictures_wait_for_each_other(tmp_path: Path) -> None:
    Image.new("L", (12_000, 12_000)).save(tmp_path / "a.png", compress_level=1)
    with ThreadPoolExecutor(3) as pool:
        sizes = list(pool.map(lambda _: read_image(tmp_path / "a.png", 500).size, range(3)))
    assert sizes == [(500, 500)] * 3


def test_too_little_memory_has_a_message(
    tmp_path: Path, photo: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(image: Image.Image) -> None:
        raise MemoryError

    photo.save(tmp_path / "a.png")
    monkeypatch.setattr(Image.Image, "load", full)
    monkeypatch.setattr(ImageFile.ImageFile, "load", full)
    with pytest.raises(ImageError, match="too little memory for 30 × 20 pixels; make it smaller"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize(("bits", "is_read"), [(16, True), (14, True), (12, False), (10, False)])
def test_colours_of_16_bits_are_not_black(tmp_path: Path, bits: int, is_read: bool) -> None:
    values = np.linspace(0, 2**bits - 1, 64 * 64 * 3).reshape(64, 64, 3).astype(">u2")

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + row.tobytes() for row in values)
    header = struct.pack(">IIBBBBB", 64, 64, 16, 2, 0, 0, 0)
    path = tmp_path / "deep.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    if is_read:
        assert np.asarray(read_image(path)).max() == 255
    else:
        with pytest.raises(ImageError, match=f"at most {2**bits - 1} of 65535: save it as 8 bit"):
            read_image(path)


def test_pillows_warnings_are_not_raised_for_damaged_metadata(
    tmp_path: Path, photo: Image.Image
) -> None:
    photo.save(tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 200))
    with pytest.warns(UserWarning, match="Corrupt EXIF"):
        Image.open(tmp_path / "a.jpg").close()
    assert read_image(tmp_path / "a.jpg").size == photo.size  # a warning would be an error here


def test_a_photo_that_nobody_may_read_says_so(
    tmp_path: Path, photo: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    photo.save(tmp_path / "a.png")
    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(ImageError, match=r"a\.png: cannot be opened \(Permission denied\)"):
        read_image(tmp_path / "a.png")
