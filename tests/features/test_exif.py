"""Each tag is read by itself: one that is damaged costs no other."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from zsl_images.features.exif import Exif


def exif_of(**tags: object) -> bytes:
    """EXIF data as Pillow writes it: tags as `x010F="Maker"`, those of its folder with `e`."""
    exif = Image.Exif()
    for name, value in tags.items():
        place = exif if name[0] == "x" else exif.get_ifd(0x8769)
        place[int(name[1:], 16)] = value
    return exif.tobytes()


def read(data: bytes) -> Exif:
    return Exif(io.BytesIO(data.removeprefix(b"Exif\0\0")))


def test_numbers_and_texts_are_read() -> None:
    exif = read(exif_of(x010F="Maker of cameras", x0110="M1", x0112=6, e9003="2024:05:31 18:04:59"))
    assert (exif.text(0x010F), exif.text(0x0110)) == ("Maker of cameras", "M1")
    assert exif.number(0x0112) == 6
    assert exif.taken() == "2024-05-31 18:04:59"
    assert exif.text(0x9003) is None


def test_the_time_comes_from_the_best_tag_that_can_be_read() -> None:
    assert read(exif_of(x0132="2020:01:01 00:00:00")).taken() == "2020-01-01 00:00:00"
    for bad in ("0000:00:00 00:00:00", "    :  :     :  :  ", "2024:13:31 18:04:59", "", "yesterday"):
        assert read(exif_of(e9003=bad, x0132="2020:01:01 00:00:00")).taken() == "2020-01-01 00:00:00"
        assert read(exif_of(e9003=bad)).taken() is None
    assert read(exif_of(x0132="2020:01:01 00:00:00.25")).taken() == "2020-01-01 00:00:00"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (b"Caf\xc3\xa9  \0", "Café"),
        (b"Caf\xe9 One\0", "Café One"),
        (b"Maker\0behind", "Maker"),
        (b"Red\x1b[31m\0", None),
        (b"      \0", None),
        (b"x" * 300, None),
    ],
)
def test_texts_are_whole_and_can_be_shown(written: bytes, text: str | None) -> None:
    head = b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 0x010F, 2, len(written), 26) + bytes(4)
    assert read(head + written).text(0x010F) == text


def test_a_damaged_tag_costs_that_tag_alone() -> None:
    whole = exif_of(x010F="Maker of cameras", x0110="Model one", e9003="2024:05:31 18:04:59")
    data = bytearray(whole.removeprefix(b"Exif\0\0"))
    (count,) = struct.unpack_from(">H", data, 8)
    for entry in range(10, 10 + 12 * count, 12):
        harmed = bytearray(data)
        harmed[entry + 8 : entry + 12] = b"\xff\xff\xff\xff"
        exif = read(bytes(harmed))
        found = [exif.text(0x010F), exif.text(0x0110), exif.taken()]
        assert sum(value is None for value in found) == 1


def test_data_that_end_early_or_are_something_else_have_no_tags() -> None:
    whole = exif_of(x010F="Maker of cameras", e9003="2024:05:31 18:04:59").removeprefix(b"Exif\0\0")
    for end in range(len(whole)):
        exif = read(whole[:end])
        assert exif.text(0x010F) in (None, "Maker of cameras"[: len(exif.text(0x010F) or "")])
        assert exif.taken() in (None, "2024-05-31 18:04:59")
    for data in (b"", b"II", b"no exif at all", b"MM\0*\xff\xff\xff\xff"):
        assert read(data).number(0x0112) is None
        assert read(data).taken() is None
