"""Left out: what a search for photos passes over, and why."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from zsl_images.errors import PhotoWarning, counted
from zsl_images.features.archives import KINDS
from zsl_images.features.photo_formats import HEIF_SUFFIXES, RAW_SUFFIXES
from zsl_images.results import Failure

_VIDEOS = frozenset(
    {".mp4", ".mov", ".avi", ".mkv", ".m4v", ".mts", ".m2ts", ".mpg", ".mpeg", ".wmv", ".webm", ".3gp"}
)
_COMPANIONS = frozenset(
    {".xmp", ".aae", ".thm", ".pp3", ".json", ".jsonl", ".csv", ".tsv", ".txt", ".xml", ".html", ".md"}
    | {".parquet", ".yaml", ".yml", ".toml", ".ini", ".db", ".log", ".lock", ".safetensors", ".pdf"}
    | {".cls", ".py", ".sh", ".xlsx", ".ods", ".url", ".lnk"}
)
"""Endings of files that lie beside photos and that nobody takes for one; they are not counted."""

_ARCHIVES = frozenset({".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".zip", ".7z", ".rar"})


@dataclass
class LeftOut:
    """What a search for photos left out.

    Args:
        files: Number of files that are not read, by their ending.
        folders: Folders and archives that cannot be read, each with the reason.
        broken_links: Number of links that lead nowhere.
        others: Number of pipes, sockets and devices.
    """

    files: Counter[str] = field(default_factory=Counter)
    folders: dict[Path | str, str] = field(default_factory=dict)
    broken_links: int = 0
    others: int = 0

    def __bool__(self) -> bool:
        return bool(self.files or self.folders or self.broken_links or self.others)

    def __str__(self) -> str:
        """One line that counts what was left out, and says why."""
        groups: dict[str, list[str]] = {}
        for suffix, count in sorted(self.files.items()):
            name = suffix or "without an ending"
            groups.setdefault(_reason(suffix.lower()), []).append(f"{count} {name}")
        parts = [f"{', '.join(names)} ({reason})" for reason, names in groups.items()]
        for count, name in ((self.broken_links, "broken link"), (self.others, "special file")):
            if count:
                parts.append(counted(count, name))
        for folder, reason in self.folders.items():
            what = "archive" if PurePath(folder).suffix.lower() in KINDS else "folder"
            parts.append(f"{what} {folder} ({reason})")
        return f"left out: {'; '.join(parts)}"

    def add_file(self, name: str) -> None:
        """Count a file that is no photo by its ending."""
        suffix = PurePath(name).suffix
        if suffix.lower() not in _COMPANIONS:
            self.files[suffix] += 1

    def add_other(self, entry: os.DirEntry[str]) -> None:
        """Count what is neither a file nor a folder."""
        if entry.is_symlink():
            self.broken_links += 1
        else:
            self.others += 1

    def add_folder(self, folder: Path, error: OSError) -> None:
        """Note a folder that cannot be read."""
        self.folders[folder] = error.strerror or str(error)

    def add_archive(self, archive: Path | str, reason: str) -> None:
        """Note an archive that cannot be read, or not to its end."""
        self.folders[archive] = reason

    def failures(self) -> tuple[Failure, ...]:
        """The folders and archives that cannot be read, as what could not be labelled."""
        return tuple(
            Failure(str(folder), f"{folder}: {reason}") for folder, reason in self.folders.items()
        )

    def warn(self) -> None:
        """Warn once, if something was left out."""
        if self:
            warnings.warn(str(self), PhotoWarning, stacklevel=2)


def _reason(suffix: str) -> str:
    if suffix in HEIF_SUFFIXES:
        return 'not supported without an extra: pip install "zsl-images[heif]", or convert to JPEG'
    if suffix in RAW_SUFFIXES:
        return 'not supported without an extra: pip install "zsl-images[raw]", or convert to JPEG'
    if suffix in _ARCHIVES:
        return "archives: give tar files by name, and unpack others"
    return "videos: save frames as JPEG" if suffix in _VIDEOS else "not supported: convert to JPEG"
