"""Whatever JSON the header of a head holds, it is refused when the head is loaded, not later."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import HeadError
from zsl_images.head.head_file import load_head
from zsl_images.head.header_checks import config_of
from zsl_images.model.config import ModelConfig, TrainConfig

Header = dict[str, Any]
CHANGES: dict[str, Callable[[Header], None]] = {
    "a class that is a list": lambda header: header["classes"].__setitem__(0, ["red"]),
    "a name of the backbone that is a list": lambda header: header["backbone"].update(name=["x"]),
    "a preprocessing that is a list": lambda header: header["backbone"].update(preprocessing=[1]),
    "a figure that is a text": lambda header: header["metrics"].update(H="high"),
    "figures that are none": lambda header: header.update(metrics=None),
    "a version that is a list": lambda header: header.update(version=[]),
    "distances that fall": lambda header: header["known_distances"].reverse(),
    "a distance that is infinite": lambda header: header["known_distances"].append(float("inf")),
    "a truth that is a text": lambda header: header["is_seen"].__setitem__(0, "no"),
    "rows that are a text": lambda header: header.update(row_classes="red"),
    "a setting that is a text": lambda header: header["training"].update(learn_rate="fast"),
    "a setting that is not finite": lambda header: header["model"].update(radius=float("nan")),
    "a setting that is no list": lambda header: header["training"].update(learning_parts="encoder"),
    "a size that is a truth": lambda header: header["model"].update(text_dim=False),
    "a size of many digits": lambda header: header["model"].update(latent_dim=10**400),
    "a size with a fraction": lambda header: header["model"].update(latent_dim=8.0),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_value_of_another_type_is_refused(
    change: str, trained: ZeroShotClassifier, tmp_path: Path
) -> None:
    path = tmp_path / "head.safetensors"
    trained.save(path)
    with safe_open(path, "np") as file:
        header = json.loads(file.metadata()["zsl_images"])
    CHANGES[change](header)
    save_file(load_file(path), path, {"zsl_images": json.dumps(header)})
    with pytest.raises(HeadError, match="does not describe a head") as caught:
        load_head(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("config", [ModelConfig(), TrainConfig(), ModelConfig(encoder_hidden=())])
def test_settings_are_those_that_were_saved(config: ModelConfig | TrainConfig) -> None:
    assert config_of(type(config), json.loads(json.dumps(asdict(config)))) == config


def test_whole_numbers_may_stand_for_fractions() -> None:
    assert config_of(ModelConfig, {"radius": 1}).radius == 1


def test_unknown_settings_are_named() -> None:
    with pytest.raises(ValueError, match=r"unknown settings \['wings'\]"):
        config_of(ModelConfig, {"wings": 2})
