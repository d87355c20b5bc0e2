from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from hub_server import Hub

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import HeadError, OutputError
from zsl_images.head.head_file import load_head
from zsl_images.hub.repositories import CARD_FILE, HEAD_FILE, find_head, write_repository


def test_a_head_travels_through_the_hub(trained: ZeroShotClassifier, hub: Hub) -> None:
    address = trained.push_to_hub("user/colours", licence="apache-2.0")
    assert address.startswith(f"{hub.address}/user/colours/commit/")
    assert sorted(hub.files) == [f"user/colours/{CARD_FILE}", f"user/colours/{HEAD_FILE}"]
    head = load_head(find_head("user/colours"))
    assert head.table.names == trained.table.names
    np.testing.assert_array_equal(head.class_priors(head.table), trained.class_priors())


def test_a_downloaded_head_is_there_without_a_network(
    trained: ZeroShotClassifier, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained.push_to_hub("user/colours")
    first = find_head("user/colours")
    asked = len(hub.requests)
    monkeypatch.setenv("ZSL_OFFLINE", "1")
    assert find_head("user/colours") == first
    with pytest.raises(HeadError, match=r"cannot be downloaded \(downloads are switched off"):
        find_head("user/other")
    with pytest.raises(OutputError, match="ZSL_OFFLINE or HF_HUB_OFFLINE forbids it"):
        trained.push_to_hub("user/colours")
    assert len(hub.requests) == asked


def test_what_the_hub_does_not_give_is_said(trained: ZeroShotClassifier, hub: Hub) -> None:
    with pytest.raises(HeadError, match=r"cannot get the head user/none: .*cannot be downloaded"):
        find_head("user/none")
    hub.files["user/pickled/model.pkl"] = b""
    with pytest.raises(HeadError, match=r"its head\.safetensors is not in"):
        find_head("user/pickled")
    hub.files[f"user/evil/{HEAD_FILE}"] = pickle.dumps({"a": 1})
    with pytest.raises(HeadError, match=r"pickle .* not opened"):
        ZeroShotClassifier.from_pretrained("user/evil")
    hub.locked = "user/locked"
    with pytest.raises(OutputError, match=r"cannot upload to user/locked .*hf auth login"):
        trained.push_to_hub("user/locked")
    for name in ("locked", "user/a/b", "../x/y", ""):
        with pytest.raises(OutputError, match="names no repository"):
            trained.push_to_hub(name)


def test_a_hub_that_cannot_be_reached_is_a_clear_error(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HeadError, match="cannot get the head user/name"):
        find_head("user/name")


def test_names_on_this_machine_come_first(
    trained: ZeroShotClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written = write_repository(trained.own_head(), "user/name")
    assert find_head("user/name") == find_head(written) == Path("user/name") / HEAD_FILE
    assert find_head(written / HEAD_FILE) == written / HEAD_FILE
    assert find_head("awa2").name == "awa2.safetensors"
    (tmp_path / "empty").mkdir()
    with pytest.raises(HeadError, match=r"empty holds no head\.safetensors"):
        find_head(tmp_path / "empty")
    with pytest.raises(HeadError, match="no head at"):
        find_head("nothing")
    with pytest.raises(HeadError, match="of type int"):
        find_head(3)  # type: ignore[arg-type]
