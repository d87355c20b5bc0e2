"""Examples: photos to try the page with, from packages that happen to be installed.

None is part of this package, since photos have owners. scikit-learn, which is always installed, brings
a flower, and scikit-image a cat.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

PHOTOS = {
    "cat.png": ("skimage", "data/chelsea.png"),
    "flower.jpg": ("sklearn", "datasets/images/flower.jpg"),
}
"""Name on the page → package, and file in it."""


def example_photos() -> dict[str, Path]:
    """Name → file, of those that are there."""
    found = {}
    for name, (package, inside) in PHOTOS.items():
        spec = importlib.util.find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            if (Path(folder) / inside).is_file():
                found[name] = Path(folder) / inside
    return found
