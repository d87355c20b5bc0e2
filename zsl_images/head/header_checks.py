"""Header checks: each value in the header of a head file has the type that labelling needs later.

JSON may hold anything; a wrong type must be an error when the head is loaded, not hours later.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from zsl_images.model.config import ModelConfig, TrainConfig

Config = TypeVar("Config", ModelConfig, TrainConfig)


def check_header(header: Mapping[str, Any]) -> None:
    """Refuse a header of today's format with a value of another type.

    Raises:
        KeyError: A value is missing.
        ValueError: A value has another type, or is not finite.
    """
    for name, is_right in _RIGHT.items():
        if not is_right(header[name]):
            raise ValueError(f"{name} is {_shown(header[name])}")
    for name in ("row_classes", "residuals", "memory"):
        if not _is_list(header.get(name, []), _is_text):
            raise ValueError(f"{name} is {_shown(header[name])}")
    for name in ("name", "weights_sha256"):
        if not _is_text(header["backbone"][name]):
            raise ValueError(f"the {name} of the backbone is {_shown(header['backbone'][name])}")


_RETIRED = {"has_relevance", "left_out_weight", "has_decay"}
"""Settings of trainings that earlier versions had; they do not matter once a head is trained."""


def config_of(kind: type[Config], values: Mapping[str, Any]) -> Config:
    """A config from its JSON, in which tuples have become lists.

    Raises:
        ValueError: A setting is unknown, or of another type than its default.
    """
    values = {name: value for name, value in values.items() if name not in _RETIRED}
    default_of = {field.name: field.default for field in fields(kind)}
    if unknown := values.keys() - default_of.keys():
        raise ValueError(f"unknown settings {sorted(unknown)}")
    for name, value in values.items():
        if not _is_like(value, default_of[name]):
            raise ValueError(f"the setting {name} is {_shown(value)}")
    settings: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return kind(**settings)


def _is_like(value: Any, default: Any) -> bool:
    """Whether a value of JSON has the type of a setting's default."""
    if isinstance(default, tuple):
        return _is_list(value, lambda item: _is_like(item, default[0]))
    if isinstance(default, bool | str):
        return isinstance(value, type(default))
    if isinstance(default, float):
        return _is_number(value)
    return _is_number(value) and isinstance(value, int) and 0 <= value < 2**31


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    """Whether a value is a finite number; a truth value is none."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return abs(value) < 2**1023 and math.isfinite(value)


def _is_list(value: Any, is_right: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and all(map(is_right, value))


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_rising(value: Any) -> bool:
    """Whether a value is a list of numbers, none of them less than the one before."""
    return _is_list(value, _is_number) and sorted(value) == value


_RIGHT: Mapping[str, Callable[[Any], bool]] = {
    "version": _is_text,
    "model": _is_object,
    "training": _is_object,
    "backbone": lambda value: _is_object(value) and _is_object(value.get("preprocessing", {})),
    "classes": lambda value: _is_list(value, _is_text),
    "attributes": lambda value: _is_list(value, _is_text),
    "is_seen": lambda value: _is_list(value, lambda item: isinstance(item, bool)),
    "metrics": lambda value: _is_object(value) and all(map(_is_number, value.values())),
    "known_distances": _is_rising,
}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
