"""Shards: photos are shared out among runs that know nothing of each other."""

from __future__ import annotations

import re
from dataclasses import dataclass

from zsl_images.errors import DataError
from zsl_images.features.photo_paths import StrPath
from zsl_images.features.photo_rows import path_hash
from zsl_images.files import absolute, path_text


@dataclass(frozen=True)
class Shard:
    """One of several runs that label a share of the same photos each.

    A photo's absolute path alone decides which shard it is in, so photos that come or go move no
    other photo to another shard.

    Args:
        number: Number of this shard, 1 to `count`.
        count: Number of all shards.

    Raises:
        DataError: The number is out of its range.
    """

    number: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise DataError(
                f"shard {self.number}/{self.count}: expected I/N with I from 1 to N, such as 1/3; if "
                "your scheduler counts from 0, add 1"
            )

    @classmethod
    def of(cls, text: str) -> Shard:
        """The shard `I/N`.

        Raises:
            DataError: The text is something else.
        """
        found = re.fullmatch(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", text)
        if not found:
            raise DataError(f"shard {text!r}: expected I/N with I from 1 to N, such as 1/3")
        return cls(int(found[1]), int(found[2]))

    def has(self, path: StrPath) -> bool:
        """Whether the photo at this path is in this shard."""
        return path_hash(path_text(absolute(path))) % self.count == self.number - 1
