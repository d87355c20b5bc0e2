"""The catalogue of shipped heads."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import safe_open

from zsl_images.arguments import check_path
from zsl_images.errors import HeadError
from zsl_images.files import shipped_file


@dataclass(frozen=True)
class ShippedHead:
    """What is said of a shipped head.

    Args:
        name: Name as given to `load_head`.
        about: What it is, in a sentence.
        seen: Number of classes known by photos.
        rows: Number of classes known by the backbone.
        unseen: Number of classes known by attributes alone.
        backbone: Name of its backbone.
        licence: Licence of its weights.
        bytes: Size of its file.
        figures: Figures measured when it was trained, 0 to 1.
    """

    name: str
    about: str
    seen: int
    rows: int
    unseen: int
    backbone: str
    licence: str
    bytes: int
    figures: Mapping[str, float]


def shipped_heads() -> dict[str, dict[str, Any]]:
    """The catalogue as it is stored: name → what is said of each."""
    heads: dict[str, dict[str, Any]] = json.loads(shipped_file("catalogue.json").read_text("utf-8"))[
        "heads"
    ]
    return heads


def list_heads() -> tuple[ShippedHead, ...]:
    """The shipped heads, with their figures and sizes."""
    return tuple(_described(name, entry) for name, entry in shipped_heads().items())


def head_path(name_or_path: str | os.PathLike[str]) -> Path:
    """The file of a head, shipped (by name) or your own (by path).

    Raises:
        HeadError: No such file or name, or a shipped head is not the one in the catalogue.
    """
    check_path("a head file or the name of a shipped head", name_or_path, HeadError)
    path = Path(name_or_path)
    if path.is_file():
        return path
    heads = shipped_heads()
    if str(name_or_path) in heads:
        entry = heads[str(name_or_path)]
        shipped: Path = shipped_file(entry["file"])
        _check_hash(shipped, entry["sha256"])
        return shipped
    raise HeadError(
        f"no head at {path}: expected a .safetensors file made by `zsl train`, "
        f"or the name of a shipped head ({', '.join(heads)})"
    )


def _described(name: str, entry: Mapping[str, Any]) -> ShippedHead:
    path: Path = shipped_file(entry["file"])
    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["zsl_images"])
    told = {key: entry[key] for key in ("about", "seen", "rows", "unseen", "backbone", "licence")}
    return ShippedHead(name, **told, bytes=path.stat().st_size, figures=header["metrics"])


def _check_hash(path: Path, sha256: str) -> None:
    """Refuse a shipped head that was damaged or replaced since the package was made."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise HeadError(
            f"{path} has the sha256 {found}, but the catalogue of shipped heads says {sha256}: it is "
            "damaged, or another one; install the package again"
        )
