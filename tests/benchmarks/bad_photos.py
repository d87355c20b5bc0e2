"""Files that are no photos, though their names say so."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import numpy as np


def makers_of_bad_photos(whole: bytes, rng: np.random.Generator) -> list[Callable[[], bytes]]:
    """One function per kind of damage; `whole` is a good JPEG."""
    return [
        lambda: b"",
        lambda: rng.bytes(500),
        lambda: whole[: int(rng.integers(3, len(whole) // 2))],
        lambda: whole[:2] + rng.bytes(300),
        lambda: b"<html>404 not found</html>",
        lambda: _png(60_000, 60_000, zlib.compress(b"")),
        lambda: _png(100, 100, b"not zlib"),
        lambda: b"GIF89a" + rng.bytes(20),
        lambda: b"RIFF\x00\x00\x00\x00WEBPVP8 " + rng.bytes(30),
        lambda: b"MM\x00\x2a\xff\xff\xff\xff" + rng.bytes(40),
        lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n" + rng.bytes(40),
        lambda: _png(0, 0, b""),
    ]


def _png(width: int, height: int, data: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", data) + chunk(b"IEND", b"")
