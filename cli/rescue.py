"""Rescue: a head that took long to make is not lost if its place cannot be written."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from zsl_images.errors import OutputError
from zsl_images.files import cache_folder


def save_somewhere(save: Callable[[Path], None], out: Path) -> None:
    """Save a head, if need be in a folder for temporary files or in the cache folder.

    Args:
        save: Saves it at a path.
        out: Where it belongs.

    Raises:
        OutputError: It could not be saved there; the message says where it is now.
    """
    try:
        save(out)
        return
    except OutputError as error:
        failure = error
    for folder in (None, cache_folder(), Path.home()):
        if elsewhere := _saved(save, out.name, folder):
            raise OutputError(
                f"{failure}. The head is not lost: it is {elsewhere}; move it to where it belongs"
            ) from failure
    raise failure


def _saved(save: Callable[[Path], None], name: str, folder: Path | None) -> Path | None:
    """The head in a new folder below this one; None if that is full too."""
    with suppress(OSError):
        place = Path(tempfile.mkdtemp(prefix="zsl-head-", dir=folder))
        try:
            save(place / name)
            return place / name
        except OutputError:
            place.rmdir()
    return None
