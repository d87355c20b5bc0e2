"""Files: written whole or not at all, in folders that exist, with names that any file can hold."""

from __future__ import annotations

import os
import re
import secrets
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from zsl_images.errors import CacheWarning, OutputError


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
    """A path, or a message that names one, as text that any file and terminal can hold.

    Bytes that are not UTF-8 are written as `\\xff`; `path_of_text` finds the path again.
    """
    text = os.fsdecode(path)
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half a character, as names on Windows may hold
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def path_of_text(text: str) -> Path:
    """The path that `path_text` wrote: bytes written as `\\xff` are bytes again.

    A file whose name really holds a backslash keeps it, if there is one.
    """
    path = Path(text)
    if "\\x" not in text or path.exists():
        return path
    data = re.sub(rb"\\x([89a-f][0-9a-f])", lambda hexa: bytes.fromhex(hexa[1].decode()), text.encode())
    return Path(os.fsdecode(data))


def absolute(path: str | os.PathLike[str]) -> str:
    """A path from the root, without `.` and `..`, so that it means the same in every folder.

    Links in it stay, unlike with `Path.resolve`.
    """
    return os.path.abspath(path)  # noqa: PTH100


def at_home(path: str | os.PathLike[str]) -> Path:
    """A path with the home folder in place of a leading `~`, if there is a home folder."""
    return Path(os.path.expanduser(path))  # noqa: PTH111


def cache_folder() -> Path:
    """Folder of everything that can be made again: $ZSL_CACHE, or the user's cache folder."""
    given = os.environ.get("ZSL_CACHE")
    return at_home(given) if given else Path(platformdirs.user_cache_dir("zsl_images"))


def warn_not_kept(error: OSError) -> None:
    """Warn that the cache folder cannot be written, so that the work will be done again."""
    warnings.warn(
        f"the cache folder {cache_folder()} cannot be written ({_reason(error)}), so the next run does "
        "the same work again; set ZSL_CACHE to another folder",
        CacheWarning,
        stacklevel=1,  # always this line, so that each run warns once
    )


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
