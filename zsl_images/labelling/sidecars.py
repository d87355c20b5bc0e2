"""Sidecars: files beside a photo that describe it, and belong where it is."""

from __future__ import annotations

import filecmp
import os
import re
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from zsl_images.features.photo_formats import HEIF_SUFFIXES, RAW_SUFFIXES, SUFFIXES, is_photo
from zsl_images.files import path_of_text, replacing
from zsl_images.labelling.export_failures import Failures
from zsl_images.labelling.exports import TOOL
from zsl_images.labelling.label_files import answered_rows
from zsl_images.labelling.transfers import How, transfer
from zsl_images.names import printable
from zsl_images.version import __version__

_PHOTOS = SUFFIXES | HEIF_SUFFIXES | RAW_SUFFIXES


def write_sidecars(labels: str | os.PathLike[str], failures: Failures | None = None) -> int:
    """Write an XMP sidecar `PHOTO.xmp` beside each labelled photo, with its label in dc:subject.

    Sidecars that differ in any way from what we write are not touched. Our own sidecars are removed if
    their photos no longer have labels.

    Args:
        labels: Label file.
        failures: Takes the sidecars that cannot be written. Default: an error at the end.

    Returns:
        Number of sidecars that were not touched.

    Raises:
        OutputError: A sidecar cannot be written.
    """
    left = 0
    with Failures.taken_by(failures) as failed:
        for row in answered_rows(labels):
            photo = path_of_text(row["path"])
            sidecar = photo.with_name(f"{photo.name}.xmp")
            with failed.at(row["path"], f"cannot write {sidecar}"):
                left += not _write_sidecar(sidecar, row, photo.exists())
    return left


def _write_sidecar(sidecar: Path, row: dict[str, Any], is_there: bool) -> bool:
    """Write or remove one sidecar; False if it is not ours."""
    if sidecar.exists() and not is_ours(sidecar):
        return False
    if row["label"] is None:
        sidecar.unlink(missing_ok=True)
    elif is_there:
        with replacing(sidecar) as temporary:
            temporary.write_text(_sidecar(row["label"]), "utf-8")
    return True


def is_ours(sidecar: Path) -> bool:
    """Whether we wrote a sidecar, and nobody changed it."""
    return _OURS.fullmatch(sidecar.read_text("utf-8", errors="replace")) is not None


class Companions:
    """The files beside photos that have their names.

    The sidecars of a photo are `NAME.EXT.xmp`, and `NAME.xmp` if no other photo has that name. Each
    folder is listed once, when the first of its photos is asked for.
    """

    def __init__(self) -> None:
        self._names = lru_cache(maxsize=16)(_names_by_stem)

    def of(self, photo: Path) -> tuple[list[Path], int]:
        """The sidecars of a photo, and the number of other files that have its name."""
        names = self._names(photo.parent)
        own, shared = names.get(photo.name, []), names.get(photo.stem, [])
        shared = [name for name in shared if name != photo.name]
        is_alone = not any(PurePath(name).suffix.lower() in _PHOTOS for name in shared)
        mine = [name for name in [*own, *shared * is_alone] if name.lower().endswith(".xmp")]
        others = [name for name in [*own, *shared] if name not in mine and not is_photo(name)]
        return [photo.with_name(name) for name in mine], len(others)


def bring_sidecars(companions: Companions, photo: Path, target: Path, how: How) -> int:
    """Move, copy or link the sidecars of a photo to where the photo went.

    A file that is there already stays, unless it is a sidecar of ours.

    Returns:
        Number of files that have the photo's name and were not brought.

    Raises:
        OSError: That is not possible.
    """
    sidecars, left = companions.of(photo)
    brought = set()
    for sidecar in sidecars:
        start = target.name if sidecar.stem == photo.name else target.stem
        place = target.with_name(start + sidecar.suffix)
        brought.add(place)
        if not os.path.lexists(sidecar):  # brought with another photo
            continue
        if os.path.lexists(place):
            if place.is_symlink() or not is_ours(place):
                left += not _is_same(sidecar, place)
                continue
            place.unlink()
        transfer(sidecar, place, how)
    stale = target.with_name(f"{target.name}.xmp")
    if how == "copy" and stale not in brought and os.path.lexists(stale) and is_ours(stale):
        stale.unlink()
    return left


def _is_same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and filecmp.cmp(one, other, shallow=False)


def _names_by_stem(folder: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                found.setdefault(PurePath(entry.name).stem, []).append(entry.name)
    except OSError:  # gone, or not to be listed
        pass
    return found


def _sidecar(label: str, version: str = __version__) -> str:
    return (
        f"<x:xmpmeta xmlns:x='adobe:ns:meta/' x:xmptk={quoteattr(f'{TOOL} {version}')}>\n"
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\n"
        "<rdf:Description rdf:about='' xmlns:dc='http://purl.org/dc/elements/1.1/'>\n"
        f"<dc:subject><rdf:Bag><rdf:li>{escape(printable(label))}</rdf:li></rdf:Bag></dc:subject>\n"
        "</rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n"
    )


_OURS = re.compile(
    re.escape(_sidecar("LABEL", "VERSION")).replace("LABEL", "[^<]*").replace("VERSION", "[^'\"]*")
)
"""A sidecar that we wrote and nobody changed."""
