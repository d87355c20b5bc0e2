"""Files: written whole or not at all, in folders that exist, with names that any file can hold."""

from __future__ import annotations

import glob
import importlib.resources
import os
import re
import secrets
import shutil
import stat
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

import platformdirs

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

from zsl_images.errors import CacheWarning, OutputError

ABANDONED = 3600
"""Seconds after which work in progress that nobody touched belongs to a run that was killed."""

_LONGEST_NAME = 255
"""Bytes in the name of a file, in most file systems."""


@contextmanager
def replacing(path: str | os.PathLike[str], keep_mode: bool = False) -> Iterator[Path]:
    """Give a temporary file; on success it takes the place of `path`.

    If the body fails, the temporary file is removed: nothing half-written stays, and an earlier file
    is kept. What an earlier process left that was killed is removed.

    As with a plain write, a link stays and the file that it leads to is replaced, an earlier file
    keeps its mode, and a write-protected one is refused.

    Args:
        path: File to write or replace.
        keep_mode: Whether the body sets the file's mode; until then it is private. By default the
            file has the mode of the file that it replaces, or of any new file.

    Raises:
        OutputError: The folder is missing or not writable, the disk is full, or `path` is a folder, a
            device, a stream or write-protected.
    """
    path = Path(path)
    target = _target(path)
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
    held = -1
    try:
        temporary, held = _begun(target, 0o666 if mode is None and not keep_mode else 0o600)
        if mode is None:  # as any new file has it, also if the body writes with a mode of its own
            mode = stat.S_IMODE(temporary.stat().st_mode)
    except OSError as error:
        raise _not_written(path, error) from error
    try:
        yield temporary
        if not keep_mode:
            with suppress(OSError, NotImplementedError):  # a file system without modes
                temporary.chmod(mode)
        temporary.replace(target)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"cannot write {path}: {_reason(error)}") from error
    finally:
        temporary.unlink(missing_ok=True)
        if held >= 0:
            os.close(held)


def hidden_beside(path: Path, suffix: str = "") -> Path:
    """A name beside `path` for work in progress: hidden, and used by no other process."""
    return path.with_name(f"{_hidden_name(path)}.{secrets.token_hex(4)}{suffix}")


def left_beside(path: Path, suffix: str) -> Iterator[Path]:
    """What `hidden_beside` named for runs that were killed since; nobody may be at work on `path`."""
    start = f"{_hidden_name(path)}."
    for left in path.parent.glob(f"{glob.escape(start)}*{suffix}"):
        if "." not in left.name.removeprefix(start).removesuffix(suffix):  # not that of another file
            yield left


def shortened(name: str, room: int = 0) -> str:
    """A name that a file can have: cut within its stem to 255 bytes, less `room` for what is added.

    A name that is cut gets a hash of the whole, so that two long names stay two.
    """
    most = _LONGEST_NAME - room
    if len(os.fsencode(name)) <= most:
        return name
    suffix = Path(name).suffix if len(os.fsencode(Path(name).suffix)) < 32 else ""
    end = f"-{blake2b(os.fsencode(name), digest_size=4).hexdigest()}{suffix}"
    stem = os.fsencode(name)[: most - len(os.fsencode(end))].decode("utf-8", "ignore")
    return stem + end


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


def copy_times_and_mode(source: Path, target: Path) -> None:
    """Give a copy the times and the mode of its source, as far as the file system has them."""
    for copy in (shutil.copymode, shutil.copystat):  # the second stops at the first that fails
        with suppress(OSError, NotImplementedError):
            copy(source, target)


def absolute(path: str | os.PathLike[str]) -> str:
    """A path from the root, without `.` and `..`, so that it means the same in every folder.

    Links in it stay, unlike with `Path.resolve`.
    """
    return os.path.abspath(path)  # noqa: PTH100


def at_home(path: str | os.PathLike[str]) -> Path:
    """A path with the home folder in place of a leading `~`, if there is a home folder."""
    return Path(os.path.expanduser(path))  # noqa: PTH111


def shipped_file(name: str) -> Path:
    """A file that ships with the package: a head, its card or a table."""
    return Path(str(importlib.resources.files("zsl_images.weights") / name))


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
        OutputError: It cannot be made.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {path}: {_reason(error)}") from error
    return Path(path)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Find out before hours of work, not after, whether `path` can be written.

    What runs that were killed have left beside it is removed.

    Raises:
        OutputError: It cannot.
    """
    path = Path(path)
    target = _target(path)
    try:
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise _not_written(path, error) from error
    for left in left_beside(target, ".part"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > ABANDONED:
                left.unlink()


def is_offline() -> bool:
    """Whether ZSL_OFFLINE or HF_HUB_OFFLINE forbids downloads: 1, true, yes or on."""
    return any(
        os.environ.get(name, "").lower() in ("1", "true", "yes", "on")
        for name in ("ZSL_OFFLINE", "HF_HUB_OFFLINE")
    )


def _begun(target: Path, mode: int) -> tuple[Path, int]:
    """A new temporary file beside `target`, and the open file whose lock says that it is in use.

    Its name is always the same, so that one left by a process that was killed is found, known by the
    lock that died with the process, and removed. If the name is in use, or there are no locks (-1), it
    has a name of its own.
    """
    path = target.with_name(f"{_hidden_name(target)}.0.part")
    for _ in range(2):
        with suppress(OSError):  # it is in use, or the file system has no locks
            is_new = not os.path.lexists(path)
            file = os.open(path, os.O_RDWR | (os.O_CREAT | os.O_EXCL if is_new else 0), mode)
            if _is_locked(file, path):
                if is_new:
                    return path, file
                path.unlink()  # of a process that was killed
            elif is_new:
                path.unlink()  # no locks here
            os.close(file)
    path = hidden_beside(target, ".part")
    path.touch(mode, exist_ok=False)
    return path, -1


def _is_locked(file: int, path: Path) -> bool:
    """Whether this process alone has an open file now, which is still the one at `path`."""
    if fcntl is None:
        return False
    with suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(file), path.stat())
    return False


def _target(path: Path) -> Path:
    """The file that is written for `path`: where it leads, if it is a link.

    Raises:
        OutputError: It is a folder, a device, a stream or write-protected.
    """
    if _is_stream(path):
        raise OutputError(f"{path} is a stream of this program; give the path of a file to write")
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    if target.is_dir():
        raise OutputError(f"{path} is a folder; give the path of a file to write")
    if target.exists() and not target.is_file():
        raise OutputError(f"{path} is a device or pipe; give the path of a file to write")
    if target.exists() and not os.access(target, os.W_OK):
        raise OutputError(f"{path} is write-protected; make it writable, or name another file")
    return target


def _is_stream(path: Path) -> bool:
    """Whether a path is that of an open file, as /dev/stdout is, which must not be replaced."""
    for _ in range(40):  # as many links as systems follow
        path = Path(os.path.realpath(path.parent)) / path.name
        if path.parts[:2] == ("/", "proc") or path.parent == Path("/dev/fd"):
            return True
        if not path.is_symlink():
            return False
        path = path.parent / path.readlink()
    return False


def _hidden_name(path: Path) -> str:
    return "." + shortened(path.name, room=32)


def _not_written(path: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot write {path}: {_reason(error)}; choose another place")


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
