"""Map pages: latent maps in one HTML file, with the photo under the pointer."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.colors import to_hex

from zsl_images.errors import DataError
from zsl_images.evaluation.latent_maps import LatentMap
from zsl_images.progress import OnStep
from zsl_images.report.pages import write_page
from zsl_images.report.plots import GREY, colours
from zsl_images.report.thumbnails import PagePhoto, load_all


class Dot(NamedTuple):
    """A photo or a class prior on the page: its place in per cent, its colour and what it is."""

    left: float
    top: float
    colour: str
    label: str
    is_seen: bool
    photo: int | None = None


def write_map_page(
    maps: Mapping[str, LatentMap],
    photos: Sequence[str],
    out: str | os.PathLike[str],
    on_step: OnStep | None = None,
) -> None:
    """Write latent maps of one data set; a photo is shown where the pointer is.

    Args:
        maps: Title → map.
        photos: Path of each row of the data set; photos that are not there show their name alone.
        out: HTML file to write.
        on_step: Called after each thumbnail.

    Raises:
        DataError: There are not as many paths as rows.
        OutputError: The file cannot be written.
    """
    rows = sorted({row for one in maps.values() for row in one.rows.tolist()})
    if rows and rows[-1] >= len(photos):
        raise DataError(f"{len(photos)} paths of photos, expected one for each row of the data set")
    shown = {row: PagePhoto(photos[row]) for row in rows}
    load_all(list(shown.values()), on_step, side=112)
    table = next(iter(maps.values())).table
    write_page(
        "map.html",
        out,
        maps={title: _dots(found) for title, found in maps.items()},
        photos=shown,
        legend={name: to_hex(colour) for name, colour in colours(table.unseen_names).items()},
        grey=GREY,
    )


def _dots(found: LatentMap) -> tuple[list[Dot], list[Dot]]:
    """The photos of a map and its class priors."""
    table, places = found.table, [*found.photos.tolist(), *found.priors.tolist()]
    low = [min(place[axis] for place in places) for axis in (0, 1)]
    width = [(max(place[axis] for place in places) - low[axis]) or 1 for axis in (0, 1)]
    colour_of = colours(table.unseen_names)

    def dot(place: list[float], row: int, photo: int | None = None) -> Dot:
        left, top = (2 + 96 * (place[axis] - low[axis]) / width[axis] for axis in (0, 1))
        name = table.names[row]
        colour = to_hex(colour_of.get(name, GREY))
        return Dot(left, 100 - top, colour, name, bool(table.is_seen[row]), photo)

    labels, rows = found.labels.tolist(), found.rows.tolist()
    photos = [dot(*one) for one in zip(found.photos.tolist(), labels, rows, strict=True)]
    photos.sort(key=lambda one: not one.is_seen)  # those of unseen classes lie above
    priors = [dot(place, row) for row, place in enumerate(found.priors.tolist())]
    return photos, priors
