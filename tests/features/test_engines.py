from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from zsl_images.errors import BackboneError, CacheWarning
from zsl_images.features import engines
from zsl_images.features.engines import ENGINES, Engine, make_engine, resolve_engine

CPU = "cpu"


@pytest.fixture(scope="module")
def network() -> nn.Module:
    """Strided convolutions over a picture of 32 pixels, to 16 features."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = [nn.Conv2d(3, 8, 3, 2), nn.ReLU(), nn.Conv2d(8, 16, 3, 2), nn.AdaptiveAvgPool2d(1)]
    network = nn.Sequential(*layers, nn.Flatten()).eval().requires_grad_(False)

    class OfBytes(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return network(images / 255)

    return OfBytes().eval()


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (5, 3, 32, 32), np.uint8)


@pytest.mark.parametrize("name", ENGINES)
def test_engines_agree_for_batches_of_any_size(
    name: str, network: nn.Module, images: np.ndarray
) -> None:
    for module in ENGINES[name]:
        pytest.importorskip(module)
    engine = make_engine(name, lambda: network, CPU, (32, 32), "small")
    expected = network(torch.from_numpy(images))
    features = engine.run(images)
    assert (engine.name, features.shape, features.dtype) == (name, (5, 16), np.float32)
    assert torch.nn.functional.cosine_similarity(torch.from_numpy(features), expected).min() > 0.999
    np.testing.assert_allclose(engine.run(images[3:4]), features[3:4], rtol=1e-4, atol=1e-5)


def test_a_converted_network_is_cached(
    tmp_path: Path, network: nn.Module, images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    openvino = pytest.importorskip("openvino")
    monkeypatch.setenv("ZSL_CACHE", str(tmp_path))
    first = make_engine("openvino", lambda: network, CPU, (32, 32), "small").run(images)
    (folder,) = (tmp_path / "engines").iterdir()
    assert folder.name.endswith("-small")
    monkeypatch.setattr(openvino, "convert_model", None)  # not called again
    again = make_engine("openvino", lambda: network, CPU, (32, 32), "small").run(images)
    assert np.array_equal(first, again)


def test_a_cache_that_cannot_be_written_is_not_needed(
    tmp_path: Path, network: nn.Module, images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openvino")
    (tmp_path / "file").touch()
    monkeypatch.setenv("ZSL_CACHE", str(tmp_path / "file"))
    with pytest.warns(CacheWarning, match="cannot be written .* set ZSL_CACHE"):
        engine = make_engine("openvino", lambda: network, CPU, (32, 32), "x")
    assert engine.run(images).shape == (5, 16)


def test_engines_that_cannot_be_used_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BackboneError, match="unknown engine 'tensorrt'; expected auto, torch"):
        resolve_engine("tensorrt", CPU)
    monkeypatch.setitem(ENGINES, "onnx", ("not_installed",))
    with pytest.raises(BackboneError, match=r'not_installed.*pip install "zsl-images\[onnx\]"'):
        resolve_engine("onnx", CPU)
    monkeypatch.setitem(ENGINES, "openvino", ())
    with pytest.raises(BackboneError, match="runs on the CPU, not on cuda"):
        resolve_engine("openvino", "cuda")
    assert resolve_engine("auto", CPU) == "openvino"
    assert resolve_engine("auto", "cuda") == "torch"
    monkeypatch.setitem(ENGINES, "openvino", ("not_installed",))
    assert resolve_engine("auto", CPU) == "torch"


def test_a_cached_network_that_is_damaged_is_converted_again(
    tmp_path: Path, network: nn.Module, images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openvino")
    monkeypatch.setenv("ZSL_CACHE", str(tmp_path))
    first = make_engine("openvino", lambda: network, CPU, (32, 32), "small").run(images)
    (folder,) = (tmp_path / "engines").iterdir()
    (folder / "model.xml").write_bytes(b"")
    again = make_engine("openvino", lambda: network, CPU, (32, 32), "small").run(images)
    assert np.array_equal(first, again)
    assert (folder / "model.xml").stat().st_size


def test_a_cached_network_is_for_all_who_share_the_cache(
    tmp_path: Path, network: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openvino")
    monkeypatch.setenv("ZSL_CACHE", str(tmp_path))
    make_engine("openvino", lambda: network, CPU, (32, 32), "x")
    (folder,) = (tmp_path / "engines").iterdir()
    (tmp_path / "other").mkdir()
    assert folder.stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize(("device", "count"), [("cpu", 1), ("cuda", 2), ("cuda:1", 2)])
def test_onnx_runs_on_the_device_asked_for(
    tmp_path: Path, network: nn.Module, monkeypatch: pytest.MonkeyPatch, device: str, count: int
) -> None:
    runtime = pytest.importorskip("onnxruntime")
    monkeypatch.setenv("ZSL_CACHE", str(tmp_path))
    monkeypatch.setattr(torch.onnx, "export", lambda *_, **__: SimpleNamespace(save=lambda _: None))
    found = ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(runtime, "get_available_providers", lambda: found)
    asked: list[list[str]] = []
    devices: list[int | None] = []

    def session(_: Path, providers: list[tuple[str, dict[str, int]]]) -> SimpleNamespace:
        asked.append([name for name, _ in providers])
        devices.append(providers[0][1].get("device_id"))
        return SimpleNamespace(get_inputs=lambda: [SimpleNamespace(name="images")])

    monkeypatch.setattr(runtime, "InferenceSession", session)
    monkeypatch.setitem(ENGINES, "onnx", ("onnxruntime",))
    make_engine("onnx", lambda: network, device, (32, 32), "x")
    assert asked == [found[-count:]]
    assert devices == [None if device == "cpu" else int(device.partition(":")[2] or 0)]


def test_several_devices_share_the_batches(
    network: nn.Module, images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    together = threading.Barrier(2, timeout=30)
    original = engines._torch_engine

    def noting(network: nn.Module, device: str) -> Engine:
        engine, name = original(network, device), f"{device} {len(calls)}"
        calls.append(name)

        def run(images: np.ndarray) -> np.ndarray:
            calls.append(name)
            together.wait()  # both run at the same time
            return engine.run(images)

        return Engine(engine.name, run, engine.concurrency)

    monkeypatch.setattr(engines, "_torch_engine", noting)
    engine = make_engine("torch", lambda: network, "cpu,cpu", (32, 32), "small")
    assert engine.concurrency == 2
    with ThreadPoolExecutor(4) as pool:
        features = [*pool.map(engine.run, [images] * 8)]
    made, used = calls[:2], calls[2:]
    assert made == ["cpu 0", "cpu 1"]
    assert [used.count(name) for name in made] == [4, 4]
    expected = network(torch.from_numpy(images)).numpy()
    for one in features:
        np.testing.assert_allclose(one, expected, rtol=1e-4, atol=1e-5)


def test_a_device_is_free_again_after_an_error(network: nn.Module, images: np.ndarray) -> None:
    engine = make_engine("torch", lambda: network, "cpu,cpu", (32, 32), "small")
    for _ in range(3):
        with pytest.raises(RuntimeError):
            engine.run(images[:, :2])
    assert engine.run(images).shape == (5, 16)
