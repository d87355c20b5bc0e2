"""Transfers: a file is moved, copied or linked to another place, whole or not at all."""

from __future__ import annotations

import filecmp
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Literal

from zsl_images.features.stamps import Stamp, stamp_of
from zsl_images.files import copy_times_and_mode, make_folder, replacing

How = Literal["move", "copy", "link"]

_SAME_TIME = 2_000_000_000
"""Nanoseconds by which the times of a file and of its copy may differ: FAT counts by two seconds."""


def transfer(source: Path, target: Path, how: How) -> None:
    """Move, copy or link a file; a link that is moved still leads to its file.

    Raises:
        OSError: That is not possible; the file is where it was.
    """
    make_folder(target.parent)
    if how == "link" or (how == "move" and source.is_symlink()):
        target.symlink_to(source.resolve())
        if how == "move":
            source.unlink()
        return
    if how == "move":
        with suppress(OSError):  # to another file system: copied whole, then removed
            source.rename(target)
            return
    with replacing(target, keep_mode=True) as temporary:
        shutil.copyfile(source, temporary)
        copy_times_and_mode(source, temporary)
    if how == "move":
        source.unlink()


def is_transferred(photo: Stamp, source: Path, target: Path, is_known: bool = False) -> bool:
    """Whether `target` is a photo that was moved, copied or linked there.

    Args:
        photo: The photo when it was labelled.
        source: Where it was then.
        target: Where it may be now.
        is_known: Whether it is known to have been there, so that its content is enough; else its time
            tells it from another photo with the same content.
    """
    if target.is_symlink() and target.readlink() == source.resolve():
        return True
    if not target.exists():
        return False
    is_gone = not source.exists()
    if not is_gone and source.samefile(target):
        return True
    wanted, found = photo if is_gone else stamp_of(source), stamp_of(target)
    if found.size != wanted.size:
        return False
    if is_known and is_gone:  # the file system may have no times
        return True
    has_time = is_known or abs(found.mtime - wanted.mtime) <= _SAME_TIME
    return has_time and (is_gone or filecmp.cmp(source, target, shallow=False))


def remove_empty(folder: Path, root: Path) -> None:
    """Remove a folder and those above it below `root`, as far as they are empty."""
    while folder != root and folder.is_relative_to(root) and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
