"""Limits: what the server accepts from whoever can reach it."""

from __future__ import annotations

from typing import NamedTuple

MEGABYTE = 1_000_000


class Limits(NamedTuple):
    """Bounds on requests, so that memory, disk and waiting times stay bounded too.

    Args:
        file: Bytes of one photo.
        files: Photos per request.
        pixels: Pixels of one photo, once decoded.
        upload: Bytes of one request with photos.
        body: Bytes of any other request.
        uploads: Requests with photos at the same time, those that wait included.
        idle: Seconds without a byte from the client until a request is given up.
        receiving: Seconds that a request may take to arrive.
        labelling: Seconds that the photos of one request may take, from decoding to labels.
        photos: Photos whose features are kept for later requests.
        classes: New classes per request.
    """

    file: int = 20 * MEGABYTE
    files: int = 64
    pixels: int = 100 * MEGABYTE
    upload: int = 256 * MEGABYTE
    body: int = 4 * MEGABYTE
    uploads: int = 8
    idle: float = 10
    receiving: float = 120
    labelling: float = 60
    photos: int = 10_000
    classes: int = 200
