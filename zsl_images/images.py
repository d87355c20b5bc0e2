"""Images: a path becomes an upright RGB picture, and a folder a stable list of paths."""

from __future__ import annotations

import glob
import os
import stat
import warnings
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from zsl_images.errors import DataError, ImageError

MAX_PIXELS = 178_956_970
"""Larger images are refused: decoded, they would take more than half a gigabyte."""

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "JPEG2000", "AVIF", "ICO")
"""Formats that are opened (MPO comes with JPEG); Pillow's other plugins (PostScript, say) stay shut."""

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif"}
    | {".mpo", ".ppm", ".pgm", ".jp2", ".avif", ".ico"}
)
"""File endings that count as images when a folder is walked."""

MANIFESTS = frozenset({".txt", ".parquet"})
"""File endings of lists of paths."""

warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)  # MAX_PIXELS decides


def read_image(path: str | os.PathLike[str], least_side: int = 0) -> Image.Image:
    """Open an image file as an upright RGB picture; of an animation, its first frame.

    Args:
        path: the file.
        least_side: a JPEG may be decoded at a half, a quarter or an eighth of its size, which is
            faster, as long as neither side falls below this many pixels. 0 for the whole size.

    Raises:
        ImageError: no such file, no image, damaged, or more than `MAX_PIXELS`.
    """
    path = Path(path)
    mode = _mode(path)
    if stat.S_ISDIR(mode):
        raise ImageError(f"{path} is a folder, expected an image file")
    if mode and not stat.S_ISREG(mode):
        raise ImageError(f"{path} is not an ordinary file, expected an image file")
    try:
        with Image.open(path, formats=FORMATS) as image:
            _check_pixels(image)
            if least_side:
                image.draft(None, (least_side, least_side))
            return to_rgb(image)
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from error
    except FileNotFoundError as error:
        raise ImageError(f"{path}: no such file") from error
    except UnidentifiedImageError as error:
        kind = "empty file" if path.stat().st_size == 0 else "not an image, or of an unknown format"
        raise ImageError(f"{path}: {kind}; expected JPEG, PNG, WebP, TIFF, BMP or GIF") from error
    except Image.DecompressionBombError as error:
        raise ImageError(f"{path}: {_too_large()}") from error
    except Exception as error:  # Pillow's decoders raise nearly anything on damaged files
        raise ImageError(f"{path}: cannot be decoded ({error})") from error


def to_rgb(image: Image.Image | npt.NDArray[Any]) -> Image.Image:
    """Turn any picture upright and make it 8-bit RGB; what is transparent becomes white.

    Args:
        image: a PIL image, or an array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4): uint8, uint16, or
            float in 0..1.

    Raises:
        ImageError: an array of another shape or type, or more than `MAX_PIXELS`.
    """
    if not isinstance(image, Image.Image):
        image = _from_array(np.asarray(image))
    _check_pixels(image)
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        image = Image.fromarray(_to_8_bit(np.asarray(image)))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def find_images(inputs: Iterable[str | os.PathLike[str]]) -> Iterator[Path]:
    """Image paths from files, folders, glob patterns and manifests, in a stable order, each once.

    Folders are walked to the bottom in sorted order, without hidden entries, and give only ordinary
    files with an image's ending; links to folders are followed, but no folder is walked twice. A
    manifest is a text file (.txt) with a path a line, or a Parquet file with a column `path`. Any other
    path that is no folder and no pattern is given as it stands: whether it can be read is for
    `read_image` to say.

    Raises:
        DataError: a manifest cannot be read.
    """
    given: set[int] = set()
    is_one_folder = isinstance(inputs, list) and len(inputs) == 1 and Path(inputs[0]).is_dir()
    for path in chain.from_iterable(_found(Path(item)) for item in inputs):
        key = hash(path)
        if is_one_folder or key not in given:
            yield path
        if not is_one_folder:
            given.add(key)


def _found(path: Path) -> Iterator[Path]:
    mode = _mode(path)
    if stat.S_ISDIR(mode):
        yield from _walk(path)
    elif not mode and glob.has_magic(str(path)):
        yield from _matches(path) or [path]
    elif path.suffix.lower() in MANIFESTS and stat.S_ISREG(mode):
        yield from _listed(path)
    else:
        yield path


def _mode(path: Path) -> int:
    """What kind of file a path leads to; 0 for none, or for a name that no file can have."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0


def _listed(manifest: Path) -> Iterator[Path]:
    """The paths in a manifest."""
    try:
        if manifest.suffix.lower() == ".txt":
            with manifest.open("rb") as start:
                is_wide = start.read(2) in (b"\xff\xfe", b"\xfe\xff")  # as PowerShell writes
            encoding = "utf-16" if is_wide else "utf-8-sig"
            with manifest.open(encoding=encoding, errors="surrogateescape") as lines:
                yield from (Path(line.rstrip("\r\n")) for line in lines if line.strip())
        else:
            import pyarrow.parquet as pq

            with pq.ParquetFile(manifest) as file:
                if "path" not in file.schema_arrow.names:
                    raise ValueError(f"no column 'path', but {', '.join(file.schema_arrow.names)}")
                for batch in file.iter_batches(columns=["path"]):
                    yield from map(Path, batch["path"].to_pylist())
    except (OSError, TypeError, ValueError) as error:  # pyarrow's errors are such
        raise DataError(
            f"cannot read the manifest {manifest} ({error}); expected a path a line (.txt), or a "
            "column 'path' (.parquet)"
        ) from error


def find_labelled_images(folder: str | os.PathLike[str]) -> dict[str, list[Path]]:
    """Photos sorted into one folder a class: class name → its image paths, both in stable order.

    Raises:
        DataError: no such folder, or no class folder with an image in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; expected one with a folder of photos a class")
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


def _matches(pattern: Path) -> list[Path]:
    """Images that a pattern names, and those in folders that it names; nothing hidden."""
    start = Path(pattern.anchor)
    found: list[Path] = []
    try:
        matches = sorted(start.glob(str(pattern.relative_to(start))))
    except ValueError as error:
        raise DataError(f"cannot use the pattern {pattern} ({error}); try **/*.jpg") from error
    for match in matches:
        if any(part.startswith(".") for part in set(match.parts) - set(pattern.parts)):
            continue
        if not match.is_dir():
            found.append(match)
        elif "**" not in pattern.parts:  # ** has given what lies in the folder already
            found.extend(_walk(match))
    return found


def _walk(folder: Path) -> Iterator[Path]:
    walked: set[tuple[int, int]] = set()  # device and inode of folders, since links can go in circles
    for root, folders, files in os.walk(folder, followlinks=True):
        try:
            status = Path(root).stat()
        except OSError:  # gone since it was listed, or not to be entered
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
            if is_image and stat.S_ISREG(_mode(path)):
                yield path


def _from_array(array: npt.NDArray[Any]) -> Image.Image:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    fits = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))
    if not fits or array.size == 0:
        raise ImageError(
            f"array of shape {array.shape}, expected (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)"
        )
    return Image.fromarray(_to_8_bit(array))


def _to_8_bit(array: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Scale by the type's range: 16 bit to 8, float 0..1 (or wider, by its own range) to 0..255."""
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array.astype(np.uint8) * 255
    values = array.astype(np.float32)
    if not np.isfinite(values).all():
        raise ImageError("the picture holds values that are not finite")
    top = 1.0 if array.dtype.kind == "f" else 65535.0
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > top:  # a 32-bit TIFF, say: no range is given, so its own is used
        values, top = values - low, max(high - low, 1e-12)
    return (values * (255.0 / top) + 0.5).astype(np.uint8)


def check_strip(image: Image.Image, side: int) -> None:
    """Refuse a strip so thin that, its shorter side brought to `side`, it would have too many pixels.

    Raises:
        ImageError: it would.
    """
    shorter, longer = sorted(image.size)
    if side * side * longer / shorter > MAX_PIXELS:
        raise ImageError(f"{image.width} × {image.height} pixels: too thin a strip; crop it")


def _check_pixels(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise ImageError(f"{image.width} × {image.height} pixels; {_too_large()}")


def _too_large() -> str:
    return f"more than {MAX_PIXELS // 1_000_000} million pixels; make it smaller, or crop it"
