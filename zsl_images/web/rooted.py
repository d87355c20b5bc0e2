"""Rooted paths: what a client names is opened only inside the folder that the server was given."""

from __future__ import annotations

from pathlib import Path

from zsl_images.errors import DataError


class Root:
    """The folder outside of which nothing is opened, wherever links lead.

    Args:
        folder: A folder.

    Raises:
        DataError: There is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        if not self.folder.is_dir():
            raise DataError(f"{folder} is no folder; expected one whose photos may be shown")

    def inside(self, path: str | Path) -> Path:
        """The real place of a path, given from the root or from the top of the disk.

        Raises:
            DataError: It is not inside the root.
        """
        try:
            real = (self.folder / path).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise DataError(f"{path!r} is no path that can be opened") from error
        if not real.is_relative_to(self.folder):
            raise DataError(f"{path} is outside of the folder that this page may show")
        return real

    def folder_inside(self, path: str) -> Path:
        """The real place of a folder.

        Raises:
            DataError: It is not inside the root, or no folder.
        """
        real = self.inside(path)
        if not real.is_dir():
            raise DataError(f"there is no folder {path}")
        return real

    def folders_in(self, path: str) -> list[str]:
        """The folders right below a folder, from the root, without hidden ones and those elsewhere."""
        below = sorted(one for one in self.folder_inside(path).iterdir() if one.name[0] != ".")
        return [
            one.relative_to(self.folder).as_posix()
            for one in below
            if one.is_dir() and one.resolve().is_relative_to(self.folder)
        ]
