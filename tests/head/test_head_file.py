from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from zsl_images.classes.class_table import ClassTable
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.defaults import ROWS_RECIPE
from zsl_images.errors import HeadError, OutputError
from zsl_images.features.backbones import Backbone
from zsl_images.features.extraction import extract_features
from zsl_images.files import shipped_file
from zsl_images.head.head import Head
from zsl_images.head.head_file import load_head, save_head
from zsl_images.model.frozen import FrozenVAE
from zsl_images.model.mmvae import build
from zsl_images.model.recipes import recipe_named


@pytest.fixture
def saved(trained: ZeroShotClassifier, tmp_path: Path) -> Path:
    path = tmp_path / "head.safetensors"
    trained.save(path)
    return path


def resaved(path: Path, name: str, **changes: torch.Tensor | str | None) -> Path:
    """A copy with tensors changed, or (`header`) with another header."""
    with safe_open(path, "pt") as file:
        metadata = dict(file.metadata())
    tensors = load_file(path)
    if "header" in changes:
        metadata = {"zsl_images": str(changes.pop("header"))}
    tensors = {**tensors, **changes}
    other = path.with_name(name)
    save_file({k: v for k, v in tensors.items() if v is not None}, other, metadata)
    return other


def test_save_then_load_is_the_identity(trained: ZeroShotClassifier, saved: Path) -> None:
    head, again = trained.head, load_head(saved)
    for key, tensor in head.model.state_dict().items():
        assert torch.equal(again.model.state_dict()[key], tensor)
    assert again.table.names == head.table.names
    assert again.table.attribute_names == head.table.attribute_names
    np.testing.assert_array_equal(again.table.attributes, head.table.attributes)
    np.testing.assert_array_equal(again.table.is_seen, head.table.is_seen)
    for name in ("train_config", "calibration", "version"):
        assert getattr(again, name) == getattr(head, name), name
    assert again.model.config == head.model.config
    assert again.backbone == head.backbone
    assert not again.model.training
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_the_header_can_be_read_by_anyone(saved: Path) -> None:
    with safe_open(saved, "pt") as file:
        header = json.loads(file.metadata()["zsl_images"])
    assert header["classes"][0] == "red"
    assert header["backbone"]["name"] == "small"
    assert header["metrics"]["AUSUC"] > 0


def test_a_backbone_with_other_weights_or_preprocessing_is_refused(
    trained: ZeroShotClassifier, small_backbone: Backbone
) -> None:
    for change, message in (
        ({"name": "other"}, "backbone"),
        ({"weights_sha256": "1" * 64}, "sha256"),
        ({"preprocessing": {"size": 17}}, "preprocessing"),
    ):
        with pytest.raises(HeadError, match=message):
            replace(trained, backbone=replace(small_backbone, **change))


def test_damaged_files_are_refused(saved: Path, tmp_path: Path) -> None:
    whole = saved.read_bytes()
    for length in (0, 5, 100, len(whole) // 2, len(whole) - 1):
        cut = tmp_path / f"cut{length}.safetensors"
        cut.write_bytes(whole[:length])
        with pytest.raises(HeadError, match="damaged"):
            load_head(cut)


def test_a_pickle_is_refused_unopened(tmp_path: Path) -> None:
    for name, write in (
        ("a.pkl", lambda path: path.write_bytes(pickle.dumps({"a": 1}))),
        ("b.pth", lambda path: torch.save({"a": torch.zeros(1)}, path)),
    ):
        write(tmp_path / name)
        with pytest.raises(HeadError, match="could run code"):
            load_head(tmp_path / name)


def test_values_that_are_not_finite_are_refused(saved: Path) -> None:
    bias = torch.full((8,), float("nan"))
    with pytest.raises(HeadError, match=r"not finite .*encoder\.logvar\.bias"):
        load_head(resaved(saved, "nan.safetensors", **{"encoder.logvar.bias": bias}))


def test_tensors_that_do_not_fit_the_header_are_refused(saved: Path) -> None:
    with pytest.raises(HeadError, match=r"encoder\.logvar\.bias: \(3,\) float32, expected \(8,\)"):
        load_head(resaved(saved, "shape.safetensors", **{"encoder.logvar.bias": torch.zeros(3)}))
    with pytest.raises(HeadError, match="missing, expected"):
        load_head(resaved(saved, "less.safetensors", **{"encoder.logvar.bias": None}))
    with pytest.raises(HeadError, match="surplus: not part"):
        load_head(resaved(saved, "more.safetensors", surplus=torch.zeros(1)))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("not json", "no zsl_images header"),
        ("{}", "another format"),
        ('{"format": "zsl_images head 1", "model": {"wings": 2}}', "does not describe"),
    ],
)
def test_strange_headers_are_refused(saved: Path, header: str, message: str) -> None:
    with pytest.raises(HeadError, match=message):
        load_head(resaved(saved, "strange.safetensors", header=header))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda header: header["model"].update(feature_dim=10**8), r"expected \(.*100000000"),
        (lambda header: header["model"].update(latent_dim=-3), "does not"),
        (lambda header: header.update(classes=list(range(8))), "does not describe"),
        (lambda header: header.update(classes=None), "does not describe"),
        (lambda header: header.update(known_distances=["x"]), "does not describe"),
    ],
)
def test_sizes_and_names_that_the_file_does_not_have_are_refused(
    saved: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    with safe_open(saved, framework="pt") as file:
        header = json.loads(file.metadata()["zsl_images"])
    change(header)
    with pytest.raises(HeadError, match=message):
        load_head(resaved(saved, "hostile.safetensors", header=json.dumps(header)))


def test_deep_nesting_and_tensors_of_another_type_are_refused(saved: Path) -> None:
    with pytest.raises(HeadError, match="no zsl_images header"):
        load_head(resaved(saved, "deep.safetensors", header="[" * 10**5))
    whole = torch.ones(8, dtype=torch.int32)
    with pytest.raises(HeadError, match=r"bias: \(8,\) int32, expected \(8,\) float32"):
        load_head(resaved(saved, "ints.safetensors", **{"encoder.logvar.bias": whole}))


def test_an_unknown_name_lists_the_shipped_heads() -> None:
    with pytest.raises(HeadError, match="awa2"):
        load_head("no_such_head")


def test_an_unwritable_place_is_said_and_nothing_stays(
    trained: ZeroShotClassifier, tmp_path: Path
) -> None:
    with pytest.raises(OutputError, match="No such file"):
        save_head(trained.head, tmp_path / "none" / "head.safetensors")
    with pytest.raises(OutputError, match="is a folder"):
        save_head(trained.head, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_shipped_table_fits_the_shipped_head() -> None:
    table = ClassTable.read(shipped_file("awa2.csv"))
    assert len(table) == 50
    head = load_head()
    assert set(table.names) <= set(head.table.names)
    assert table.aligned_to(head.table.attribute_names).attributes.shape == (50, 85)


def older(path: Path, number: int) -> Path:
    """A copy of a head file as format 1, 2 or 3 would have it."""
    with safe_open(path, "pt") as file:
        header = json.loads(file.metadata()["zsl_images"])
    model, changes = header["model"], {}
    header["format"] = f"zsl_images head {number}"
    header["training"]["ridge"] = model.pop("ridge")
    model["encoder_hidden"] = [] if model.pop("encoder") == "shift" else model["encoder_hidden"]
    model["decoder_hidden"] = [] if model.pop("decoder") == "linear" else model["decoder_hidden"]
    centres = model.pop("seen_classes")
    model["prior_centres"] = centres if model.pop("prior") == "kernel" else 0
    if model["prior_centres"] and number < 3:
        changes["prior.relevance"] = None
    if model["feature_scaling"] == "max":
        scale = load_file(path)["feature_scaling.scale"]
        changes |= {"feature_scaling.scale": None, "feature_scaling.projection": scale}
        changes["feature_scaling.centre"] = torch.zeros(model["feature_dim"])
    if model["attribute_scaling"] == "length":
        changes["attribute_scaling.shift"] = torch.zeros(model["attribute_dim"])
        changes["attribute_scaling.scale"] = torch.ones(model["attribute_dim"])
    return resaved(path, f"format{number}.safetensors", header=json.dumps(header), **changes)


def with_shift(head: Head) -> Head:
    """A head with the encoder that heads of those formats have."""
    arrays = dict(head.frozen.arrays)
    arrays["encoder.mu.bias"] = arrays.pop("encoder.mu.weight")[0]
    config = replace(head.config, encoder="shift")
    return replace(head, frozen=FrozenVAE(config, arrays))


def test_in_heads_that_do_not_say_what_learned_it_was_the_encoder(
    trained: ZeroShotClassifier, saved: Path
) -> None:
    with safe_open(saved, "pt") as file:
        header = json.loads(file.metadata()["zsl_images"])
    del header["training"]["learning_parts"], header["training"]["roll_back_interval"]
    head = load_head(resaved(saved, "silent.safetensors", header=json.dumps(header)))
    assert head.train_config == trained.head.train_config


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_head_of_an_older_format_is_read(
    trained: ZeroShotClassifier, tmp_path: Path, number: int
) -> None:
    path = tmp_path / "head.safetensors"
    shifting = with_shift(trained.head)
    save_head(replace(shifting, memory=None) if number == 1 else shifting, path)
    head = load_head(older(path, number))
    assert (head.memory is None) == (number == 1)
    assert head.residuals == {}
    assert head.table.names == trained.table.names
    assert head.model.config == shifting.config
    assert head.train_config == trained.head.train_config
    if number < 3:
        assert head.calibration.known_distances == ()  # they were measured elsewhere
        assert (head.model.prior.relevance == 1).all()
    else:
        features = np.random.default_rng(0).uniform(0, 1, (5, 24)).astype(np.float32)
        expected = shifting.scores(trained.table, features)
        np.testing.assert_array_equal(head.scores(head.table, features), expected)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_older_head_with_the_papers_parts_is_read(
    trained: ZeroShotClassifier, tmp_path: Path, number: int
) -> None:
    config = replace(recipe_named("mmvae").model, feature_dim=24, attribute_dim=4, latent_dim=8)
    model = build(replace(config, seen_classes=6)).eval()
    features = torch.rand(5, 24)
    model.feature_scaling.fit([3 * features])
    path = tmp_path / "head.safetensors"
    save_head(replace(trained.head, frozen=model.frozen(), memory=None), path)
    head = load_head(older(path, number))
    table = head.table
    expected = model.scores(features, torch.from_numpy(table.attributes)).detach().numpy()
    np.testing.assert_allclose(head.scores(table, features.numpy()), expected, atol=1e-4)


def test_the_shipped_head_has_the_parts_of_its_recipe() -> None:
    config = load_head().model.config
    sizes = ("feature_dim", "attribute_dim", "text_dim", "seen_classes", "row_classes")
    data = {name: getattr(config, name) for name in sizes}
    assert config == replace(recipe_named(ROWS_RECIPE).model, **data)


def test_residuals_and_memory_are_kept(trained: ZeroShotClassifier, tmp_path: Path) -> None:
    residuals = {"cyan": np.arange(8, dtype=np.float32), "elsewhere": np.ones(8, np.float32)}
    save_head(replace(trained.head, residuals=residuals), tmp_path / "head.safetensors")
    head = load_head(tmp_path / "head.safetensors")
    assert set(head.residuals) == {"cyan"}
    np.testing.assert_array_equal(head.residuals["cyan"], residuals["cyan"])
    assert head.memory is not None
    assert trained.head.memory is not None
    assert head.memory.names == trained.head.memory.names
    for name in ("means", "spreads", "rest", "errors"):
        np.testing.assert_array_equal(getattr(head.memory, name), getattr(trained.head.memory, name))
    moved = head.class_priors(head.table) - trained.head.class_priors(head.table)
    row = head.table.names.index("cyan")
    np.testing.assert_allclose(moved[row], residuals["cyan"], atol=1e-5)
    assert not moved[[i for i in range(len(moved)) if i != row]].any()


@pytest.mark.parametrize(
    "name", ["memory.means", "memory.rest", "memory.errors", "class_table.residuals"]
)
def test_damaged_residuals_and_memory_are_refused(
    trained: ZeroShotClassifier, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "head.safetensors"
    save_head(replace(trained.head, residuals={"cyan": np.zeros(8, np.float32)}), path)
    whole = load_file(path)[name]
    for change, said in (
        (whole[..., :-1].clone(), "does not describe a head"),
        (torch.full_like(whole, torch.nan), "not finite"),
        (None, name),
    ):
        with pytest.raises(HeadError, match=said):
            load_head(resaved(path, "damaged.safetensors", **{name: change}))


def test_photos_are_looked_for_where_those_were_that_the_head_remembers(
    trained: ZeroShotClassifier, colour_photos: Path
) -> None:
    head, table = trained.head, trained.head.table
    centres, predicted = head.centres(table), replace(head, memory=None).centres(table)
    is_seen = table.is_seen
    np.testing.assert_array_equal(centres[~is_seen], predicted[~is_seen])
    photos = sorted((colour_photos / "red").glob("*.png"))
    features = extract_features(photos, trained.backbone).features
    mean = head.frozen.feature_scaling(features).mean(axis=0)
    red = table.names.index("red")
    norm = np.linalg.norm
    assert norm(centres[red] - mean) < norm(predicted[red] - mean) / 2
    decoded = head.frozen.decoder(head.class_priors(table))
    np.testing.assert_allclose(predicted, head.frozen.feature_scaling.place(decoded), rtol=1e-5)
