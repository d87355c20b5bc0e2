"""Photo paths: files, folders, patterns and lists become photos in a stable order."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from zsl_images.errors import DataError

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif"}
    | {".mpo", ".ppm", ".pgm", ".jp2", ".avif", ".ico"}
)
"""File endings that count as images when a folder is walked."""


MANIFESTS = frozenset({".txt", ".parquet"})
"""File endings of lists of paths."""


def find_images(inputs: Iterable[str | os.PathLike[str]]) -> Iterator[Path]:
    """Image paths from files, folders, glob patterns and manifests, in a stable order, each once.

    Folders are walked to the bottom in sorted order. Hidden entries and files that are not ordinary
    or do not end like an image are skipped; links to folders are followed, but no folder is walked
    twice. A manifest is a text file (.txt) with one path per line, or a Parquet file with a column
    `path`. Any other path that is no folder and no pattern is passed on as it is: `read_image` will
    say whether it can be read.

    Args:
        inputs: files, folders, glob patterns and manifests.

    Raises:
        DataError: a manifest cannot be read, or a pattern cannot be used.
    """
    given: set[int] = set()
    is_one_folder = isinstance(inputs, list) and len(inputs) == 1 and Path(inputs[0]).is_dir()
    for path in chain.from_iterable(_expanded(Path(item)) for item in inputs):
        if is_one_folder:  # its files differ already, so none need be remembered
            yield path
        elif (key := hash(path)) not in given:
            given.add(key)
            yield path


def find_labelled_images(folder: str | os.PathLike[str]) -> dict[str, list[Path]]:
    """Photos in one folder per class: class name → its image paths, both in a stable order.

    Raises:
        DataError: there is no such folder, or no class folder with an image in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; expected one with one folder of photos per class")
    classes = {
        entry.name: list(_walk(entry))
        for entry in sorted(folder.iterdir())
        if entry.is_dir() and not entry.name.startswith(".")
    }
    classes = {name: paths for name, paths in classes.items() if paths}
    if not classes:
        raise DataError(
            f"{folder} holds no photos in folders named by class; expected {folder}/CLASS/photo.jpg"
        )
    return classes


def file_mode(path: Path) -> int:
    """The mode of the file that a path leads to; 0 if there is none, or the name is impossible."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0


def _expanded(path: Path) -> Iterator[Path]:
    """The paths that one input stands for."""
    mode = file_mode(path)
    if stat.S_ISDIR(mode):
        yield from _walk(path)
    elif not mode and glob.has_magic(str(path)):
        yield from _matches(path) or [path]
    elif path.suffix.lower() in MANIFESTS and stat.S_ISREG(mode):
        yield from _manifest_paths(path)
    else:
        yield path


def _manifest_paths(manifest: Path) -> Iterator[Path]:
    try:
        if manifest.suffix.lower() == ".txt":
            with manifest.open("rb") as file:
                is_utf16 = file.read(2) in (b"\xff\xfe", b"\xfe\xff")  # as PowerShell writes
            encoding = "utf-16" if is_utf16 else "utf-8-sig"
            with manifest.open(encoding=encoding, errors="surrogateescape") as lines:
                yield from (Path(line.rstrip("\r\n")) for line in lines if line.strip())
        else:
            import pyarrow.parquet as pq

            with pq.ParquetFile(manifest) as file:
                if "path" not in file.schema_arrow.names:
                    raise ValueError(f"no column 'path', but {', '.join(file.schema_arrow.names)}")
                for batch in file.iter_batches(columns=["path"]):
                    yield from map(Path, batch["path"].to_pylist())
    except (OSError, TypeError, ValueError) as error:  # pyarrow's errors are among these
        raise DataError(
            f"cannot read the manifest {manifest} ({error}); expected one path per line (.txt), or a "
            "column 'path' (.parquet)"
        ) from error


def _matches(pattern: Path) -> list[Path]:
    """Files that match a pattern, and images in folders that match it; nothing hidden."""
    start = Path(pattern.anchor)
    try:
        matches = sorted(start.glob(str(pattern.relative_to(start))))
    except ValueError as error:
        raise DataError(f"cannot use the pattern {pattern} ({error}); try **/*.jpg") from error
    paths: list[Path] = []
    for match in matches:
        if any(part.startswith(".") for part in set(match.parts) - set(pattern.parts)):
            continue
        if not match.is_dir():
            paths.append(match)
        elif "**" not in pattern.parts:  # ** matches the files in the folder too
            paths.extend(_walk(match))
    return paths


def _walk(folder: Path) -> Iterator[Path]:
    """The images in a folder and in all folders below it."""
    walked: set[tuple[int, int]] = set()  # device and inode of folders, since links can form circles
    for root, folders, files in os.walk(folder, followlinks=True):
        try:
            status = Path(root).stat()
        except OSError:  # gone meanwhile, or not accessible
            folders.clear()
            continue
        if (status.st_dev, status.st_ino) in walked:
            folders.clear()
            continue
        walked.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(root, name)
            is_image = path.suffix.lower() in SUFFIXES and not name.startswith(".")
            if is_image and stat.S_ISREG(file_mode(path)):
                yield path
