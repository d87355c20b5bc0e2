"""Files: write one so that it is never half-written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from zsl_images.errors import OutputError


@contextmanager
def replacing(path: str | os.PathLike[str], keep_mode: bool = False) -> Iterator[Path]:
    """Give a temporary path beside `path`; on success it takes the place of `path`.

    The temporary file is removed when the body fails, so nothing half-written stays and an
    earlier file is kept. With `keep_mode` the file's mode is what the body made it, else an
    ordinary file's.

    Raises:
        OutputError: the folder is missing, not writable, or the disk is full.
    """
    path = Path(path)
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give the path of a file to write")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {_reason(error)}; choose another place") from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        if not keep_mode:  # mkstemp makes it private
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"cannot write {path}: {_reason(error)}") from error
    finally:
        temporary.unlink(missing_ok=True)


def path_text(path: str | os.PathLike[str]) -> str:
    """A path as text that any file can hold: bytes that are no UTF-8 become `\\xff` and the like."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def cache_folder() -> Path:
    """Where what can be made again is kept: $ZSL_CACHE, or the user's cache folder."""
    return Path(os.environ.get("ZSL_CACHE") or platformdirs.user_cache_dir("zsl_images"))


def make_folder(path: str | os.PathLike[str]) -> Path:
    """Make a folder with all above it, where it is not there yet.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {path}: {_reason(error)}") from error
    return Path(path)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Find out before hours of work, not after, that `path` can be written.

    Raises:
        OutputError: it cannot.
    """
    path = Path(path)
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give the path of a file to write")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise OutputError(f"cannot write {path}: {_reason(error)}; choose another place") from error


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def is_offline() -> bool:
    """Whether ZSL_OFFLINE or HF_HUB_OFFLINE forbids downloads: 1, true, yes or on."""
    return any(
        os.environ.get(name, "").lower() in ("1", "true", "yes", "on")
        for name in ("ZSL_OFFLINE", "HF_HUB_OFFLINE")
    )
