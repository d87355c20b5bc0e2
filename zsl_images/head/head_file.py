"""Head files: a head as one safetensors file, with a JSON header for everything but its tensors."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from zsl_images.arguments import check_path
from zsl_images.classes.class_table import ClassTable
from zsl_images.defaults import DEFAULT_HEAD
from zsl_images.errors import ClassTableError, HeadError, OutputError
from zsl_images.file_kinds import kind_in_place_of_data
from zsl_images.files import replacing
from zsl_images.head.calibration import Calibration
from zsl_images.head.class_memory import Memory
from zsl_images.head.head import BackboneInfo, Head
from zsl_images.head.header_checks import check_header, config_of
from zsl_images.head.shipped_heads import head_path
from zsl_images.model.config import ModelConfig, TrainConfig
from zsl_images.model.frozen import FrozenVAE, shapes_of
from zsl_images.model.frozen_parts import Arrays
from zsl_images.version import __version__

_FORMAT = "zsl_images head 4"


_OLDER = ("zsl_images head 1", "zsl_images head 2", "zsl_images head 3")
"""Older formats that can still be read, see `_upgrade`."""


_ENCODER_ALONE = {"learning_parts": ["encoder"], "roll_back_interval": 0}
"""How heads were trained whose files do not say it."""


_LATER_SPREADS = ("unseen_distances", "seen_misfits", "unseen_misfits")
"""Fields of a calibration that heads of earlier versions do not have."""


_TABLE_KEY = "class_table.attributes"


_RESIDUALS_KEY = "class_table.residuals"


_MEMORY_KEYS = {name: f"memory.{name}" for name in ("means", "spreads", "rest", "errors")}


_Arrays = dict[str, npt.NDArray[Any]]


def save_head(head: Head, path: str | os.PathLike[str]) -> None:
    """Write a head file; an earlier file is replaced only once the new one is complete.

    Raises:
        OutputError: The file cannot be written.
    """
    check_path("the path of a head file", path, OutputError)
    header = {
        "format": _FORMAT,
        "version": head.version,
        "model": asdict(head.config),
        "training": asdict(head.train_config),
        "backbone": asdict(head.backbone),
        "classes": head.table.names,
        "is_seen": head.table.is_seen.tolist(),
        "row_classes": sorted(head.table.row_names),
        "attributes": head.table.attribute_names,
        **asdict(head.calibration),
    }
    arrays = {**head.frozen.arrays, _TABLE_KEY: head.table.attributes}
    names = [name for name in head.table.names if name in head.residuals]
    if names:
        header["residuals"] = names
        arrays[_RESIDUALS_KEY] = np.stack([head.residuals[name] for name in names])
    if head.memory is not None:
        memory = head.memory.select(head.table.seen_names)
        header["memory"] = memory.names
        arrays |= {key: getattr(memory, name) for name, key in _MEMORY_KEYS.items()}
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    with replacing(path) as temporary:
        temporary.write_bytes(save(arrays, {"zsl_images": json.dumps(header)}))


def load_head(name_or_path: str | os.PathLike[str] = DEFAULT_HEAD) -> Head:
    """Read a head from a file, or a shipped one by its name.

    Raises:
        HeadError: There is no such file or name, or it is damaged, unsafe or no head file.
    """
    path = head_path(name_or_path)
    header, arrays = _read(path)
    try:
        if header["format"] in _OLDER:
            _upgrade(header, arrays)
        check_header(header)
        attributes = arrays.pop(_TABLE_KEY)
        _check_finite(_TABLE_KEY, attributes)
        residuals, memory = _residuals(header, arrays), _memory(header, arrays)
        config = config_of(ModelConfig, header["model"])
        _check(config, arrays, path)
        return Head(
            frozen=FrozenVAE(config, arrays),
            table=ClassTable.from_columns(
                tuple(header["classes"]),
                tuple(header["attributes"]),
                attributes,
                header["is_seen"],
            ).with_rows(header.get("row_classes", ())),
            backbone=BackboneInfo(**header["backbone"]),
            train_config=config_of(TrainConfig, _ENCODER_ALONE | header["training"]),
            calibration=_calibration(header),
            version=header["version"],
            residuals=residuals,
            memory=memory,
        )
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, ClassTableError) as error:
        raise HeadError(
            f"{path}: the header does not describe a head that zsl_images {__version__} can read "
            f"(made by {header.get('version', 'an unknown version')}: {error}); train it again"
        ) from error


def _read(path: Path) -> tuple[dict[str, Any], _Arrays]:
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        with path.open("rb") as stream:
            start = stream.read(2)
        if start == b"PK" or start[:1] == b"\x80":
            raise HeadError(
                f"{path} is a pickle or zip archive, which could run code; it is not opened. "
                "Expected a .safetensors file made by `zsl train`"
            ) from error
        if kind := kind_in_place_of_data(path):
            raise HeadError(f"{path} is {kind}. Expected a .safetensors file by `zsl train`") from error
        raise HeadError(
            f"{path} is damaged or no safetensors file ({error}); copy it again, or train anew"
        ) from error
    try:
        header = json.loads(metadata["zsl_images"])
    except (KeyError, ValueError, RecursionError) as error:
        raise HeadError(
            f"{path} holds tensors but no zsl_images header; expected a head made by `zsl train`"
        ) from error
    if not isinstance(header, dict) or header.get("format") not in (_FORMAT, *_OLDER):
        raise HeadError(
            f"{path} has another format than {_FORMAT!r}; train the head again, or use the version "
            "of zsl_images that made it"
        )
    return header, arrays


def _upgrade(header: dict[str, Any], arrays: _Arrays) -> None:
    """Change header and arrays of an older format to today's.

    Formats 1 to 3 did not name the parts: an encoder or decoder without hidden layers was the shift or
    linear one, and a prior with centres was the kernel. Their simple scalings kept unused tensors.
    Formats 1 and 2 weighted all attributes equally and measured distances in latent space, so their
    heads no longer give an unknown score. Format 1 had neither residuals nor a memory.
    """
    model = header["model"]
    centres = model.pop("prior_centres")
    for part, other in (("encoder", "shift"), ("decoder", "linear")):
        model[part] = "dense" if model[f"{part}_hidden"] else other
        if model[part] == other:
            del model[f"{part}_hidden"]
    model |= {
        "prior": "kernel" if centres else "dense",
        "seen_classes": centres,
        "ridge": header["training"].pop("ridge"),
    }
    if model["feature_scaling"] == "max":
        del arrays["feature_scaling.centre"]
        arrays["feature_scaling.scale"] = arrays.pop("feature_scaling.projection")
    if model["attribute_scaling"] == "length":
        del arrays["attribute_scaling.shift"], arrays["attribute_scaling.scale"]
    if header["format"] in _OLDER[:2]:
        header["known_distances"] = []
        if centres:
            arrays["prior.relevance"] = np.ones(len(header["attributes"]), np.float32)


def _residuals(header: Mapping[str, Any], arrays: _Arrays) -> dict[str, npt.NDArray[np.float32]]:
    if "residuals" not in header:
        return {}
    rows = arrays.pop(_RESIDUALS_KEY)
    if rows.shape != (len(header["residuals"]), header["model"]["latent_dim"]):
        raise ValueError(f"residuals of shape {rows.shape}")
    _check_finite(_RESIDUALS_KEY, rows)
    return dict(zip(header["residuals"], rows, strict=True))


def _memory(header: Mapping[str, Any], arrays: _Arrays) -> Memory | None:
    if "memory" not in header:
        return None
    parts = {name: arrays.pop(key) for name, key in _MEMORY_KEYS.items()}
    for name, part in parts.items():
        _check_finite(f"memory.{name}", part)
    if parts["errors"].shape[1:] != (header["model"]["latent_dim"],):
        raise ValueError(f"memory.errors of shape {parts['errors'].shape}")
    return Memory(names=tuple(header["memory"]), **parts)


def _calibration(header: Mapping[str, Any]) -> Calibration:
    numbers: dict[str, Any] = {
        name: float(header[name]) for name in ("seen_penalty", "balanced_seen_penalty", "temperature")
    }
    numbers["outside_weight"] = float(header.get("outside_weight", 0))
    if not all(map(math.isfinite, numbers.values())) or numbers["temperature"] <= 0:
        raise ValueError(f"a calibration of {numbers}")
    later = {name: header.get(name, ()) for name in _LATER_SPREADS}
    spreads = {"known_distances": header["known_distances"], **later}
    rising: dict[str, Any] = {name: tuple(map(float, values)) for name, values in spreads.items()}
    uses_photos = header.get("uses_photos", True) is True
    return Calibration(**rising, **numbers, metrics=header["metrics"], uses_photos=uses_photos)


def _form(shape: tuple[int, ...], dtype: npt.DTypeLike = np.float32) -> str:
    """Shape and type of an array: `(3, 8) float32`."""
    return f"{shape} {np.dtype(dtype)}"


def _check_finite(name: str, array: npt.NDArray[Any]) -> None:
    if array.dtype != np.float32:
        raise ValueError(f"{name} of type {array.dtype}")
    if not np.isfinite(array).all():
        raise ValueError(f"values in {name} that are not finite")


def _check(config: ModelConfig, arrays: Arrays, path: Path) -> None:
    """Refuse arrays that are not those of a model of these settings, or not finite."""
    expected = {
        name: _form(shape, np.int64 if name.endswith("num_batches_tracked") else np.float32)
        for name, shape in shapes_of(config).items()
    }
    given = {name: _form(array.shape, array.dtype) for name, array in arrays.items()}
    wrong = [
        f"{name}: {given.get(name, 'missing')}, expected {form}"
        for name, form in expected.items()
        if given.get(name) != form
    ]
    wrong += [f"{name}: not part of the model" for name in arrays if name not in expected]
    if wrong:
        raise HeadError(f"{path} does not fit its own header: {'; '.join(wrong[:3])}")
    not_finite = [name for name, array in arrays.items() if not np.isfinite(array).all()]
    if not_finite:
        raise HeadError(
            f"{path} holds values that are not finite (first in {not_finite[0]}); train it again"
        )
