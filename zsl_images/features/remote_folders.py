"""Remote folders: what is at an address such as s3://bucket/photos becomes a list of photos."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from fnmatch import fnmatchcase
from glob import has_magic
from typing import Any

from zsl_images.errors import DataError
from zsl_images.features.archives import KINDS, photos_at
from zsl_images.features.photo_formats import is_photo
from zsl_images.features.photo_paths import photo_names
from zsl_images.features.remote_photos import file_system_of, reason_of, size_and_time_in
from zsl_images.features.skipped_files import LeftOut
from zsl_images.features.stamps import Stamp


def stamps_at(address: str, left_out: LeftOut | None = None) -> Iterator[Stamp]:
    """The photos at an address, in a stable order, as they are now; no photo is opened.

    Args:
        address: Address of a photo, of an archive (see `find_images`), of a folder, which is searched
            to the bottom, or a pattern of names in one folder, such as s3://bucket/shards/*.tar.
        left_out: Record of what is there besides.

    Raises:
        DataError: There is nothing, or it cannot be listed.
    """
    record = left_out if left_out is not None else LeftOut()
    try:
        system, inside = file_system_of(address)
        count = 0
        is_folder = not has_magic(inside) and system.isdir(inside)
        for path, info in _found(system, inside):
            count += 1
            yield from _stamps_of(system, path, info, record, is_named=not is_folder)
        if not count:
            raise DataError(f"{address}: nothing is there; is the address right?")
    except DataError:
        raise
    except FileNotFoundError as error:
        raise DataError(f"{address}: nothing is there; is the address right?") from error
    except Exception as error:  # each protocol's client raises errors of its own
        raise DataError(f"{address}: cannot be listed ({reason_of(error)})") from error


def _found(system: Any, inside: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The files at a place, and what the file system says of each."""
    if has_magic(posixpath.basename(inside)):
        folder, pattern = posixpath.split(inside)
        for path, one in _listed(system, folder).items():
            if fnmatchcase(posixpath.basename(path), pattern) and one["type"] == "file":
                yield path, one
        return
    info = system.info(inside)
    if info["type"] == "file":
        yield inside, info
        return
    waiting = [inside]
    while waiting:
        folder = waiting.pop().rstrip("/")
        listed = _listed(system, folder)
        folders = [path for path, one in listed.items() if one["type"] == "directory"]
        waiting += reversed([path for path in folders if path != folder])
        yield from ((path, one) for path, one in listed.items() if one["type"] == "file")


def _listed(system: Any, folder: str) -> dict[str, dict[str, Any]]:
    """What is in a folder and not hidden, by its path, in order."""
    found = {one["name"].rstrip("/"): one for one in system.ls(folder, detail=True, refresh=True)}
    return {path: found[path] for path in sorted(found) if not posixpath.basename(path).startswith(".")}


def _stamps_of(
    system: Any, path: str, info: dict[str, Any], left_out: LeftOut, is_named: bool
) -> Iterator[Stamp]:
    """The photo in a file; or, if it was asked for by its name, the photos in an archive."""
    address, name = system.unstrip_protocol(path), posixpath.basename(path)
    size_and_time = size_and_time_in(info)
    suffix = posixpath.splitext(name)[1].lower()
    if is_photo(name):
        yield Stamp(address, *size_and_time)
    elif suffix not in KINDS or not is_named:
        left_out.add_file(name)
    else:
        try:
            photos = photos_at(address, lambda: system.open(path))
        except (OSError, ValueError) as error:
            left_out.add_archive(address, reason_of(error))
            return
        for inside in photo_names(photos, suffix, left_out):
            yield Stamp(f"{address}/{inside}", *size_and_time)
        if photos.damage:
            left_out.add_archive(address, photos.damage)
