from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from zsl_images.errors import HeadError
from zsl_images.files import shipped_file
from zsl_images.head.head_file import load_head
from zsl_images.head.shipped_heads import head_path, list_heads, shipped_heads


def test_shipped_heads_are_as_the_catalogue_says() -> None:
    total = 0
    for name, entry in shipped_heads().items():
        head = load_head(name)
        path = shipped_file(entry["file"])
        total += path.stat().st_size
        assert int(head.table.is_seen.sum()) == entry["seen"]
        assert int((~head.table.is_seen).sum()) == entry["rows"] + entry["unseen"]
        assert head.backbone.name == entry["backbone"]
        assert shipped_file(entry["card"]).read_text("utf-8").startswith("# ")
    assert total < 10_000_000


def test_a_head_is_found_by_its_path_or_name(tmp_path: Path) -> None:
    assert head_path("awa2") == shipped_file("awa2.safetensors")
    (tmp_path / "mine.safetensors").touch()
    assert head_path(tmp_path / "mine.safetensors") == tmp_path / "mine.safetensors"
    with pytest.raises(HeadError, match="shipped head"):
        head_path(tmp_path / "other.safetensors")


def test_the_list_has_what_the_heads_say() -> None:
    for head in list_heads():
        assert head.figures == load_head(head.name).calibration.metrics


def test_a_shipped_head_that_was_replaced_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bytearray(shipped_file("awa2.safetensors").read_bytes())
    data[-1000] ^= 1
    (tmp_path / "awa2.safetensors").write_bytes(data)
    shutil.copy(shipped_file("catalogue.json"), tmp_path)
    monkeypatch.setattr("zsl_images.head.shipped_heads.shipped_file", tmp_path.joinpath)
    with pytest.raises(HeadError, match="but the catalogue of shipped heads says"):
        load_head("awa2")
