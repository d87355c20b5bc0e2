"""Engine cache: networks that were converted for an engine, which takes seconds, are kept."""

from __future__ import annotations

import hashlib
import logging
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from zsl_images.errors import BackboneError
from zsl_images.files import ABANDONED, cache_folder, hidden_beside, warn_not_kept

LOG = logging.getLogger(__name__)

_HASH = "sha256"
"""File in the folder of a converted network that holds the hash of all others."""


def cached(key: str, name: str, convert: Callable[[Path], None], load: Callable[[Path], Any]) -> Any:
    """A converted network, loaded from the cache folder.

    If it is not there, or its hash does not fit and so it is damaged, it is converted. If it cannot be
    cached, it is converted in a temporary folder, with a warning.

    Args:
        key: Name of its folder.
        name: What is converted for which engine, as it is reported to the log.
        convert: Writes it into an empty folder.
        load: Loads it from a folder.

    Raises:
        BackboneError: It cannot be converted.
    """
    kept = cache_folder() / "engines" / key
    _sweep(kept.parent)
    if kept.is_dir():
        if _is_whole(kept):
            with suppress(Exception):  # the engines raise errors of their own
                return load(kept)
        shutil.rmtree(kept, ignore_errors=True)
    LOG.info("converting %s, once; takes about 10 seconds", name)
    try:
        folder = _converted_beside(kept, convert)
    except OSError as error:  # the cache folder is full or write-protected
        warn_not_kept(error)
        return _loaded_once(convert, load)
    try:
        with suppress(OSError):  # another process may have been first
            folder = folder.rename(kept)
        return load(folder)
    finally:
        if folder != kept:
            shutil.rmtree(folder, ignore_errors=True)


def _converted_beside(kept: Path, convert: Callable[[Path], None]) -> Path:
    """A folder beside `kept` that holds the converted network, with its hash."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    folder = hidden_beside(kept)
    folder.mkdir()
    try:
        convert(folder)
        (folder / _HASH).write_text(_hash_of(folder), "utf-8")
    except BaseException as error:
        free = shutil.disk_usage(folder).free
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, RuntimeError) and free < 2**20:  # as engines tell of a full disk
            raise OSError(f"no space left: {error}") from error
        raise
    return folder


def _loaded_once(convert: Callable[[Path], None], load: Callable[[Path], Any]) -> Any:
    """A network that is converted in a temporary folder, which is gone afterwards."""
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            convert(Path(folder))
            return load(Path(folder))
    except OSError as error:
        raise BackboneError(
            f"the backbone cannot be converted ({error}); set ZSL_CACHE to a folder with room, or give "
            "--engine torch"
        ) from error


def _is_whole(folder: Path) -> bool:
    """Whether the files are those that were written."""
    with suppress(OSError, ValueError):
        return (folder / _HASH).read_text("utf-8") == _hash_of(folder)
    return False


def _hash_of(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.name != _HASH):
        digest.update(f"{path.name} {path.stat().st_size} ".encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _sweep(engines: Path) -> None:
    """Remove what runs that were killed left behind."""
    for path in engines.glob("*"):  # none, if there is no such folder
        is_left = path.name.startswith((".", "tmp"))
        with suppress(OSError):
            if is_left and time.time() - path.stat().st_mtime > ABANDONED:
                shutil.rmtree(path, ignore_errors=True)
