"""Plots: latent maps and seen-unseen curves of several heads side by side, for papers and talks."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from zsl_images.errors import DataError
from zsl_images.evaluation.latent_maps import LatentMap
from zsl_images.files import replacing

PLOT_SUFFIXES = (".png", ".svg", ".pdf")
"""Endings of the names of pictures, which choose their form."""

_NAMED = 20
"""Unseen classes with a colour and a name of their own; further ones share colours."""

GREY = "#b8bfbc"
"""Colour of seen classes."""


def check_plot(path: str | os.PathLike[str]) -> None:
    """Refuse a file name that does not end like a picture's.

    Raises:
        DataError: Its ending is none of `PLOT_SUFFIXES`.
    """
    if Path(path).suffix.lower() not in PLOT_SUFFIXES:
        raise DataError(f"{path}: expected the name of a picture to end in {', '.join(PLOT_SUFFIXES)}")


def plot_maps(maps: Mapping[str, LatentMap], out: str | os.PathLike[str]) -> None:
    """Draw latent maps of one data set side by side.

    Photos of seen classes are grey dots, those of unseen classes have one colour per class. The prior
    of a class is a star in its colour, or a grey diamond if the class is seen.

    Args:
        maps: Title → map.
        out: Picture to write (.png, .svg, .pdf).

    Raises:
        DataError: The picture's name has another ending.
        OutputError: It cannot be written.
    """
    with _picture(out, 4.6 * len(maps), 5.6) as figure:
        every = figure.subplots(1, len(maps), squeeze=False)[0]
        for axes, (title, found) in zip(every, maps.items(), strict=True):
            _draw_map(axes, found)
            axes.set_title(title)
        table = next(iter(maps.values())).table
        handles = [
            _mark("o", GREY, "photos of seen classes"),
            _mark("D", "#7b8481", "priors of seen classes"),
            *(_mark("*", colour, name) for name, colour in colours(table.unseen_names).items()),
        ]
        figure.legend(
            handles=handles[: 2 + _NAMED],
            loc="outside lower center",
            ncols=4,
            frameon=False,
            fontsize=8,
        )


def plot_curves(
    curves: Mapping[str, tuple[tuple[float, float, float], ...]], out: str | os.PathLike[str]
) -> None:
    """Draw the seen-unseen curves of several heads in one picture.

    Args:
        curves: Name → points (seen penalty, s, u), see `Evaluation.curve`.
        out: Picture to write (.png, .svg, .pdf).

    Raises:
        DataError: The picture's name has another ending.
        OutputError: It cannot be written.
    """
    with _picture(out, 5.5, 5) as figure:
        axes = figure.subplots()
        for name, points in curves.items():
            _, seen, unseen = np.array(points).T
            area = abs(np.trapezoid(unseen, seen))
            axes.plot(100 * seen, 100 * unseen, label=f"{name} (AUSUC {100 * area:.1f})")
        axes.set(
            xlabel="accuracy on seen classes (%)",
            ylabel="accuracy on unseen classes (%)",
            xlim=(0, 100),
            ylim=(0, 100),
        )
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)


@contextmanager
def _picture(out: str | os.PathLike[str], width: float, height: float) -> Iterator[Figure]:
    """A figure to draw on, of a size in inches; written at the end."""
    check_plot(out)
    figure = Figure(figsize=(width, height), layout="constrained")
    yield figure
    format = Path(out).suffix[1:].lower()
    about: dict[str, Any] = (
        {} if format == "png" else {"Date" if format == "svg" else "CreationDate": None}
    )
    with replacing(out) as temporary:
        figure.savefig(temporary, format=format, dpi=150, metadata=about)


def _draw_map(axes: Axes, found: LatentMap) -> None:
    table, (x, y) = found.table, found.photos.T
    of_seen = table.is_seen[found.labels]
    axes.scatter(x[of_seen], y[of_seen], s=6, color=GREY, linewidths=0)
    x, y = found.priors[table.is_seen].T
    axes.scatter(x, y, s=22, marker="D", color="#7b8481", edgecolors="white", linewidths=0.5)
    for name, colour in colours(table.unseen_names).items():
        row = table.names.index(name)
        x, y = found.photos[found.labels == row].T
        axes.scatter(x, y, s=9, color=colour, linewidths=0)
    for name, colour in colours(table.unseen_names).items():
        x, y = found.priors[table.names.index(name)]
        axes.scatter(x, y, s=190, marker="*", color=colour, edgecolors="black", linewidths=0.8)
    axes.set(xticks=[], yticks=[])


def colours(names: tuple[str, ...]) -> dict[str, Any]:
    """The colour of each of these classes."""
    palette = colormaps["tab10" if len(names) <= 10 else "tab20"].colors  # type: ignore[attr-defined]
    return {name: palette[place % len(palette)] for place, name in enumerate(names)}


def _mark(marker: str, colour: Any, label: str) -> Line2D:
    return Line2D([], [], linestyle="", marker=marker, color=colour, label=label.replace("_", " "))
