"""Pictures in the terminal, for those that can show some: by sixel, kitty's protocol or half blocks."""

from __future__ import annotations

import importlib.util
import io
import os
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from zsl_images.errors import DataError
from zsl_images.names import printable

from .console import echo
from .options import needs

if TYPE_CHECKING:
    from zsl_images.results import Failure, Prediction

HEIGHT = 10
"""Lines of text that a picture takes."""

_SIDE = 480
"""Pixels of its longer side, from which the terminal makes what it shows."""


def with_pictures(results: Iterable[Prediction | Failure]) -> Iterator[Prediction | Failure]:
    """The same results; each photo is shown as soon as it is labelled.

    Raises:
        DataError: The package that shows pictures is not installed.
    """
    if importlib.util.find_spec("textual_image") is None:
        raise DataError(f"pictures need another package: {needs('show')}".replace("\\", ""))
    if not _is_terminal():
        echo("no pictures are shown, for input or output is no terminal", err=True)
        return iter(results)
    return _shown(results)


def _is_terminal() -> bool:
    """Whether a terminal can be asked what it shows, can answer, and has a size."""
    streams = (sys.stdin, sys.stdout)
    return all(stream.isatty() and os.get_terminal_size(stream.fileno()).lines for stream in streams)


def _shown(results: Iterable[Prediction | Failure]) -> Iterator[Prediction | Failure]:
    from rich.console import Console
    from textual_image.renderable import Image  # asks the terminal what it can show

    from zsl_images.errors import ImageError
    from zsl_images.features.thumbnails import thumbnail
    from zsl_images.results import Failure

    console = Console(emoji=False)
    for result in results:
        if not isinstance(result, Failure) and result.path:
            label = result.label or "no label"
            try:
                picture = Image(io.BytesIO(thumbnail(result.path, _SIDE)), height=HEIGHT, width="auto")
            except ImageError:  # it has gone in the meantime
                pass
            else:
                console.print(picture)
                console.print(
                    printable(f"{label}, {result.probability:.1%}"),
                    markup=False,
                    highlight=False,
                    style="bold",
                )
        yield result
