"""Files: written whole or not at all, in folders that exist, with names that any file can hold."""

from __future__ import annotations

import importlib.resources
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import platformdirs

from zsl_images.errors import OutputError


@contextmanager
def replacing(path: str | os.PathLike[str], keep_mode: bool = False) -> Iterator[Path]:
    """Give a temporary file; on success it takes the place of `path`.

    If the body fails, the temporary file is removed: nothing half-written stays, and an earlier file
    is kept. As with a plain write, a link stays and the file that it leads to is replaced, an earlier
    file keeps its mode, and a write-protected one is refused.

    Args:
        path: file to write or replace.
        keep_mode: whether the body sets the file's mode; until then it is private. By default the
            file has the mode of the file that it replaces, or of any new file.

    Raises:
        OutputError: the folder is missing or not writable, the disk is full, or `path` is a folder, a
            device or write-protected.
    """
    path = Path(path)
    target = _target(path)
    mode = None if keep_mode or not target.exists() else stat.S_IMODE(target.stat().st_mode)
    temporary = hidden_beside(target, ".part")
    try:
        temporary.touch(0o666 if mode is None and not keep_mode else 0o600, exist_ok=False)
    except OSError as error:
        raise _not_written(path, error) from error
    try:
        yield temporary
        if mode is not None:
            with suppress(OSError):  # a file system without modes
                temporary.chmod(mode)
        temporary.replace(target)
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


def shipped_file(name: str) -> Path:
    """A file that ships with the package: a head, its card or a table."""
    return Path(str(importlib.resources.files("zsl_images.weights") / name))


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
    folder = _target(path).parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _not_written(path, error) from error


def is_offline() -> bool:
    """Whether ZSL_OFFLINE or HF_HUB_OFFLINE forbids downloads: 1, true, yes or on."""
    return any(
        os.environ.get(name, "").lower() in ("1", "true", "yes", "on")
        for name in ("ZSL_OFFLINE", "HF_HUB_OFFLINE")
    )


def _target(path: Path) -> Path:
    """The file that is written for `path`: where it leads, if it is a link.

    Raises:
        OutputError: it is a folder, a device or write-protected.
    """
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    if target.is_dir():
        raise OutputError(f"{path} is a folder; give the path of a file to write")
    if target.exists() and not target.is_file():
        raise OutputError(f"{path} is a device or pipe; give the path of a file to write")
    if target.exists() and not os.access(target, os.W_OK):
        raise OutputError(f"{path} is write-protected; make it writable, or name another file")
    return target


def _not_written(path: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot write {path}: {_reason(error)}; choose another place")


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
