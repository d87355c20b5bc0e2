"""Heads that are made when needed, without photos, for a backbone that no head at hand fits."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from zsl_images.classes.class_map import ClassMap
from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.table_paths import shipped_tables
from zsl_images.defaults import AUTO
from zsl_images.errors import BackboneError, ClassTableError, OutputError
from zsl_images.features.backbones import load_backbone
from zsl_images.files import cache_folder, make_folder, replacing, shipped_file, warn_not_kept
from zsl_images.learning.train import train
from zsl_images.version import __version__


def made_head(
    backbone: str,
    table: ClassTable,
    *,
    backbone_weights: str | os.PathLike[str] | None = None,
    device: str = AUTO,
) -> tuple[Path, int]:
    """The head of a backbone for a class table, made from the backbone's own classes.

    It is kept in the cache folder with its hash, and made anew if weights, table, map or package
    change, or if it is damaged. If it cannot be kept, it lies in a temporary folder until the process
    ends.

    Args:
        backbone: Name of the backbone.
        table: Candidates; a shipped map must describe its classes by the same attributes.
        backbone_weights: Local file or folder, see `load_backbone`.
        device: Device for the backbone.

    Returns:
        The head's file, and the number of classes that it was made from; 0 if it was there already.

    Raises:
        ClassTableError: No shipped map has the attributes of the table.
        BackboneError: The backbone cannot be loaded, or has no classifier that acts on its features.
        OutputError: Neither the cache folder nor a temporary one can be written.

    Warns:
        CacheWarning: It cannot be kept.
    """
    class_map = map_for(table)
    if class_map is None:
        raise ClassTableError(
            f"no shipped map has the {len(table.attribute_names)} attributes of this table, so no head "
            "can be made for it; write a map of your own (`zsl train --backbone-classes MAP`)"
        )
    path = _place(backbone, table, class_map, backbone_weights)
    if _is_whole(path):
        return path, 0
    loaded = load_backbone(backbone, backbone_weights, device)
    classifier = train(None, table, backbone=loaded, backbone_classes=class_map).classifier
    made = len(classifier.head.table.row_names)
    try:
        make_folder(path.parent)
        classifier.save(path)
        with replacing(_hash_beside(path)) as temporary:
            temporary.write_text(_hash_of(path), "utf-8")
    except OutputError as error:
        warn_not_kept(error.__cause__ if isinstance(error.__cause__, OSError) else error)
        folder = Path(tempfile.mkdtemp())
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        path = folder / path.name
        classifier.save(path)
    return path, made


def map_for(table: ClassTable) -> ClassMap | None:
    """The shipped map that describes classes by the attributes of a table; None if there is none."""
    for name in shipped_tables():
        if not _is_map(shipped_file(name)):
            continue
        class_map = ClassMap.read(shipped_file(name))
        if set(table.attribute_names) <= set(class_map.attribute_names):
            return class_map
    return None


def _is_whole(path: Path) -> bool:
    """Whether a head is there, and is the one that was written."""
    with suppress(OSError, ValueError):
        return _hash_beside(path).read_text("utf-8") == _hash_of(path)
    return False


def _hash_beside(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_map(path: Path) -> bool:
    with path.open(encoding="utf-8") as lines:
        return {"class", "index"} <= set(lines.readline().strip().split(","))


def _place(
    backbone: str,
    table: ClassTable,
    class_map: ClassMap,
    weights: str | os.PathLike[str] | None,
) -> Path:
    """Where the head is kept."""
    about = [__version__, backbone, table.names, table.attribute_names]
    digest = hashlib.sha256(json.dumps(about).encode())
    digest.update(table.attributes.tobytes() + class_map.path.read_bytes())
    for file in _files(weights):
        digest.update(file.read_bytes())
    return cache_folder() / "heads" / f"{digest.hexdigest()[:16]}.safetensors"


def _files(weights: str | os.PathLike[str] | None) -> list[Path]:
    if weights is None:
        return []
    path = Path(weights)
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    if not path.exists():
        raise BackboneError(f"{path} does not exist; expected a file or folder of weights")
    return [file for file in files if file.is_file()]
