"""Locks: one run at a time writes a file."""

from __future__ import annotations

import errno
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from zsl_images.errors import OutputError, OutputWarning

_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL})
"""Errors by which network drives say that they have no locks."""


@contextmanager
def locked(target: Path) -> Iterator[None]:
    """Keep other runs off `target` while the body runs, by a lock file beside it.

    A link and the file that it leads to are one target. On a file system without locks the body runs
    all the same, with a warning.

    Raises:
        OutputError: Another run is writing it.
    """
    real = Path(os.path.realpath(target))
    path = real.with_name(f".{real.name}.lock")
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        message = f"another run is writing {target}; wait for it, or choose another file"
        raise OutputError(message) from error
    except NotImplementedError as error:
        _warn(target, str(error))
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise OutputError(f"cannot lock {target}: {error.strerror or error}") from error
        _warn(target, error.strerror or str(error))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        lock.release()


def _warn(target: Path, reason: str) -> None:
    warnings.warn(
        f"{target} cannot be locked ({reason}), as on some network drives; see to it that no other run "
        "writes it, or put it on a local disk",
        OutputWarning,
        stacklevel=3,
    )
