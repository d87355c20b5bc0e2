"""Tar photos: photos in a tar file, as WebDataset writes them (000001.jpg beside 000001.json)."""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
"""Types of members that are ordinary files."""


class _Place(NamedTuple):
    """Where in the tar file a member's content begins, and its size, in bytes."""

    start: int
    size: int


class TarPhotos:
    """The files in a tar file; its headers are read once, their contents when they are asked for.

    Members that are no ordinary files, and names that lead out of the archive, are passed over. If a
    name comes twice, the later member counts, as when the archive is unpacked.

    Args:
        opening: Opens the tar file.

    Raises:
        ValueError: It is no tar file, or a compressed one.
    """

    def __init__(self, opening: Callable[[], BinaryIO]) -> None:
        self._opening = opening
        self._places: dict[str, _Place] = {}
        self.damage: str | None = None
        with opening() as file:
            try:
                self._index(file)
            except tarfile.TarError as error:
                if not self._places:
                    raise ValueError(
                        f"{error}; expected a tar file without compression, which can be read from any "
                        "place"
                    ) from error
                self.damage = f"{error} behind {len(self._places)} files; copy it again"

    def names(self) -> Iterator[str]:
        """The names of its files, in their order."""
        yield from self._places

    def read(self, name: str) -> bytes:
        """The content of a file.

        Raises:
            KeyError: There is none of that name.
            ValueError: The tar file ends within it.
        """
        start, size = self._places[posixpath.normpath(name)]
        with self._opening() as file:
            file.seek(start)
            data = file.read(size)
        if len(data) < size:
            raise ValueError(f"the archive ends {size - len(data)} bytes before the end of the photo")
        return data

    def _index(self, file: BinaryIO) -> None:
        """Note where each file is.

        Raises:
            tarfile.TarError: The headers are damaged, or there are none.
        """
        with tarfile.open(fileobj=file, mode="r:") as tar:
            while member := tar.next():
                tar.members.clear()  # type: ignore[attr-defined]  # they would all stay in memory
                name = posixpath.normpath(member.name)
                is_inside = not name.startswith("/") and name.partition("/")[0] != ".."
                if member.type in _FILES and is_inside:
                    self._places[name] = _Place(member.offset_data, member.size)
            file.seek(tar.offset)
            if any(file.read(tarfile.BLOCKSIZE)):  # where a tar file has its end, or a header
                raise tarfile.ReadError("damaged header")
