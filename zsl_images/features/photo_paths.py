"""Photo paths: files, folders, patterns and lists become photos in a stable order."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from zsl_images.arguments import check_path
from zsl_images.errors import DataError
from zsl_images.features.archives import KINDS, Photos, is_archive, photos_in, place_in_archive
from zsl_images.features.photo_formats import is_photo
from zsl_images.features.photo_lists import LISTS, listed_paths
from zsl_images.features.skipped_files import LeftOut
from zsl_images.files import absolute, at_home

StrPath = str | os.PathLike[str]


def find_images(inputs: Iterable[StrPath], left_out: LeftOut | None = None) -> Iterator[Path]:
    """Photo paths from files, folders, glob patterns and lists, in a stable order, each once.

    Folders are walked to the bottom in sorted order. Hidden entries are skipped; links to folders are
    followed, but no folder is walked twice. Two spellings of one path are one photo, given as it is
    spelt first. A list is a text file (.txt) with one path per line, or a Parquet file with a column
    `path`. An archive is a tar file or a Parquet file with a column of images; its photos have paths
    such as `shard.tar/000001.jpg`. Archives in folders are passed over: give them by name. A leading
    `~` is the home folder. Any other path is passed on as it is: `read_image` will say whether it can
    be read.

    Args:
        inputs: Files, folders, glob patterns, lists and archives. If this is a sequence, all of it is
            checked first, see `check_inputs`; of an iterator, what is missing is passed on.
        left_out: Record of what is in the folders besides, which fills while they are walked.

    Raises:
        DataError: A list cannot be read, a pattern cannot be used, or an input is missing.
    """
    if isinstance(inputs, Sequence):
        check_inputs(inputs)
    return _found(inputs, left_out)


def check_inputs(inputs: Iterable[StrPath]) -> None:
    """Find out before any work whether all inputs are there.

    A missing file whose ending is a photo's passes: it is one photo that cannot be read.

    Raises:
        DataError: A folder or list is missing, or a pattern matches nothing or cannot be used.
    """
    for given in inputs:
        check_path("the path of a file or folder", given, DataError)
        path = at_home(given)
        if file_mode(path) or place_in_archive(path):
            continue
        if glob.has_magic(str(path)):
            if next(_matches(path), None) is None:
                raise DataError(f"{path}: no file matches this pattern")
        elif not is_photo(path.name):
            suffix = path.suffix.lower()
            what = "list" if suffix in LISTS else "archive" if suffix in KINDS else "folder"
            raise DataError(f"{path}: no such {what}; is its disk mounted, and the name right?")


def find_labelled_images(folder: StrPath, left_out: LeftOut | None = None) -> dict[str, list[Path]]:
    """Photos in one folder per class: class name → its image paths, both in a stable order.

    Args:
        folder: Folder of the class folders.
        left_out: See `find_images`.

    Raises:
        DataError: There is no such folder, or no class folder with an image in it.
    """
    check_path("a folder of photos", folder, DataError)
    folder = at_home(folder)
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; expected one with one folder of photos per class")
    record = left_out if left_out is not None else LeftOut()
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"{folder} cannot be read ({error.strerror})") from error
    classes = {
        entry.name: list(_walk(entry, record))
        for entry in entries
        if entry.is_dir() and not entry.name.startswith(".")
    }
    classes = {name: paths for name, paths in classes.items() if paths}
    if not classes:
        raise DataError(
            f"{folder} holds no photos in folders named by class; expected {folder}/CLASS/photo.jpg"
            + (f"; {record}" if record else "")
        )
    return classes


def file_mode(path: Path) -> int:
    """The mode of the file that a path leads to; 0 if there is none, or the name is impossible."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0


def _found(inputs: Iterable[StrPath], left_out: LeftOut | None) -> Iterator[Path]:
    record = left_out if left_out is not None else LeftOut()
    given: set[int] = set()
    is_one_folder = isinstance(inputs, list) and len(inputs) == 1 and at_home(inputs[0]).is_dir()
    for path in chain.from_iterable(_expanded(at_home(item), record) for item in inputs):
        if is_one_folder:  # its files differ already, so none need be remembered
            yield path
        elif (key := hash(absolute(path))) not in given:
            given.add(key)
            yield path


def _expanded(path: Path, left_out: LeftOut) -> Iterator[Path]:
    """The paths that one input means."""
    mode = file_mode(path)
    if stat.S_ISDIR(mode):
        yield from _walk(path, left_out)
    elif not mode and glob.has_magic(str(path)):
        matches = _matches(path)
        first = next(matches, path)  # a name with brackets, if nothing matches
        for match in chain([first], matches):
            if not match.is_dir():
                yield from _photos_of(match, left_out)
            elif "**" not in path.parts:  # ** matches the files in the folder too
                yield from _walk(match, left_out)
    elif path.suffix.lower() in LISTS and stat.S_ISREG(mode) and not is_archive(path):
        for listed in listed_paths(path):
            yield from _photos_of(at_home(listed), left_out)
    else:
        yield from _photos_of(path, left_out)


def _photos_of(path: Path, left_out: LeftOut) -> Iterator[Path]:
    """A photo, or the photos in an archive."""
    if path.suffix.lower() not in KINDS or not path.is_file() or not is_archive(path):
        yield path
        return
    try:
        photos = photos_in(path)
    except DataError as error:
        left_out.add_archive(path, str(error))
        return
    for name in photo_names(photos, path.suffix.lower(), left_out):
        yield path / name
    if photos.damage:
        left_out.add_archive(path, photos.damage)


def photo_names(photos: Photos, suffix: str, left_out: LeftOut) -> Iterator[str]:
    """The names of the photos in an archive; nothing hidden, and no files of other kinds.

    Args:
        photos: What the archive holds.
        suffix: Ending of the archive's name.
        left_out: See `find_images`.
    """
    for name in photos.names():
        if any(part.startswith(".") for part in name.split("/")):
            continue
        if suffix != ".tar" or is_photo(name):
            yield name
        else:
            left_out.add_file(name)


def _matches(pattern: Path) -> Iterator[Path]:
    """Files and folders that match a pattern, in order; nothing hidden."""
    start = Path(pattern.anchor)
    try:
        matches = sorted(start.glob(str(pattern.relative_to(start))))
    except ValueError as error:
        raise DataError(f"cannot use the pattern {pattern} ({error}); try **/*.jpg") from error
    for match in matches:
        if not any(part.startswith(".") for part in set(match.parts) - set(pattern.parts)):
            yield match


def _walk(folder: Path, left_out: LeftOut) -> Iterator[Path]:
    """The images in a folder and in all folders below it.

    A folder is known by its resolved path: some file systems give inode 0, or one number twice.
    """
    walked: set[str] = set()
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        resolved = os.path.realpath(current)
        if resolved in walked:
            continue
        walked.add(resolved)
        try:
            with os.scandir(current) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            left_out.add_folder(current, error)
            continue
        folders = []
        for entry in found:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                folders.append(current / entry.name)
            elif not entry.is_file():
                left_out.add_other(entry)
            elif is_photo(entry.name):
                yield current / entry.name
            else:
                left_out.add_file(entry.name)
        waiting += reversed(folders)
