"""Files: written whole or not at all, in folders that exist, with names that any file can hold."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from zsl_images.errors import OutputError


@contextmanager
def replacing(path: str | os.PathLike[str], keep_mode: bool = False) -> Iterator[Path]:
    """Give a temporary file beside `path`; on success it takes the place of `path`.

    If the body fails, the temporary file is removed: nothing half-written stays, and an earlier file
    is kept.

    Args:
        path: file to write or replace.
        keep_mode: whether the body sets the file's mode; until then it is private. By default the
            file has the mode of any new file.

    Raises:
        OutputError: the folder is missing or not writable, or the disk is full.
    """
    path = Path(path)
    _check_no_folder(path)
    temporary = hidden_beside(path, ".part")
    try:
        temporary.touch(0o600 if keep_mode else 0o666, exist_ok=False)
    except OSError as error:
        raise _not_written(path, error) from error
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"cannot write {path}: {_reason(error)}") from error
    finally:
        temporary.unlink(missing_ok=True)


def hidden_beside(path: Path, suffix: str = "") -> Path:
    """A name beside `path` for work in progress: hidden, and used by no other process."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}{suffix}")


def path_text(path: str | os.PathLike[str]) -> str:
    """A path as text that any file can hold: bytes that are not UTF-8 are written as `\\xff`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def cache_folder() -> Path:
    """Folder of everything that can be made again: $ZSL_CACHE, or the user's cache folder."""
    return Path(os.environ.get("ZSL_CACHE") or platformdirs.user_cache_dir("zsl_images"))


def make_folder(path: str | os.PathLike[str]) -> Path:
    """Make a folder and its parents, if they do not exist yet.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {path}: {_reason(error)}") from error
    return Path(path)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Find out before hours of work, not after, whether `path` can be written.

    Raises:
        OutputError: it cannot.
    """
    path = Path(path)
    _check_no_folder(path)
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise _not_written(path, error) from error


def is_offline() -> bool:
    """Whether ZSL_OFFLINE or HF_HUB_OFFLINE forbids downloads: 1, true, yes or on."""
    return any(
        os.environ.get(name, "").lower() in ("1", "true", "yes", "on")
        for name in ("ZSL_OFFLINE", "HF_HUB_OFFLINE")
    )


def _check_no_folder(path: Path) -> None:
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give the path of a file to write")


def _not_written(path: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot write {path}: {_reason(error)}; choose another place")


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
