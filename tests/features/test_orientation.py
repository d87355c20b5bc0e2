"""Damaged metadata never costs a photo, and its orientation is found beside it."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from drawing import draw
from PIL import Image

from zsl_images.features.orientation import turn_of
from zsl_images.features.photos import read_stream

UPRIGHT = (40, 48)
SIX = (0x0112, 3, 1, b"\6\0\0\0")
"""The tag of a camera that was held upright."""

DAMAGED = [
    (0x010E, 5, 1, b"\xff\xff\0\0"),
    (0x011A, 2, 4, b"72\0\0"),
    (0x0128, 5, 1, struct.pack("<I", 2**31)),
    (0x0213, 8, 1, b"\xff\xff\0\0"),
    (0x8769, 9, 1, b"\xff\xff\xff\xff"),
    (0x8825, 13, 1, b"\xff\xff\xff\xff"),
    (0x9286, 7, 2**30, b"\0\1\2\3"),
    (0x0132, 99, 1, b"\0\0\0\0"),
]


def table(*entries: tuple[int, int, int, bytes]) -> bytes:
    rows = b"".join(struct.pack("<HHI", *entry[:3]) + entry[3] for entry in sorted(entries))
    return struct.pack("<H", len(entries)) + rows + bytes(4)


def exif_of(*entries: tuple[int, int, int, bytes]) -> bytes:
    return b"Exif\0\0II*\0\x08\0\0\0" + table(*entries)


def saved(format: str, **options: object) -> bytes:
    file = io.BytesIO()
    draw("red", 0).save(file, format, **options)
    return file.getvalue()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("entry", DAMAGED)
def test_a_damaged_tag_costs_neither_the_photo_nor_its_orientation(
    format: str, entry: tuple[int, int, int, bytes]
) -> None:
    data = saved(format, exif=exif_of(entry, SIX))
    assert read_stream(io.BytesIO(data), "photo").size == UPRIGHT


@pytest.mark.parametrize("entry", DAMAGED)
def test_the_same_in_a_tiff(entry: tuple[int, int, int, bytes]) -> None:
    data = bytearray(saved("TIFF"))
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    entries = [
        (*struct.unpack_from("<HHI", data, at), bytes(data[at + 8 : at + 12]))
        for at in range(start + 2, start + 2 + 12 * count, 12)
    ]
    struct.pack_into("<I", data, 4, len(data))
    data += table(*(one for one in entries if one[0] != entry[0]), entry, SIX)
    assert read_stream(io.BytesIO(bytes(data)), "photo").size == UPRIGHT


def test_exif_that_ends_early_or_has_no_header_is_passed_over() -> None:
    whole = exif_of(SIX)
    for exif in (whole[:20], whole[:9], b"", b"\0\x08\0\x02\x01\x12\0\x03"):
        data = saved("PNG")
        chunk = b"eXIf" + exif
        chunk = struct.pack(">I", len(exif)) + chunk + struct.pack(">I", zlib.crc32(chunk))
        assert read_stream(io.BytesIO(data[:33] + chunk + data[33:]), "photo").size == UPRIGHT[::-1]


@pytest.mark.parametrize("number", range(1, 9))
def test_all_turns_are_pillows(number: int) -> None:
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = number
    data = saved("PNG", exif=exif)
    with Image.open(io.BytesIO(data)) as image:
        expected = ImageOps.exif_transpose(image).convert("RGB")
    assert read_stream(io.BytesIO(data), "photo").tobytes() == expected.tobytes()


def test_xmp_and_text_profiles_count_without_exif() -> None:
    image = draw("red", 0)
    image.info["xmp"] = b'<x tiff:Orientation="6"/>'
    assert turn_of(image) is Image.Transpose.ROTATE_270
    image.info = {"Raw profile type exif": f"\nexif\n   99\n{exif_of(SIX).hex()}\n"}
    assert turn_of(image) is Image.Transpose.ROTATE_270
    image.info = {"Raw profile type exif": "nonsense"}
    assert turn_of(image) is None
