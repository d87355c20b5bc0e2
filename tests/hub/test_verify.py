from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import BackboneError, HeadError
from zsl_images.head.head_file import load_head, save_head
from zsl_images.head.shipped_heads import head_path
from zsl_images.hub.repositories import CARD_FILE, HEAD_FILE, write_repository
from zsl_images.hub.verify import verify_head


def test_the_shipped_head_is_in_order() -> None:
    found = verify_head("awa2")
    assert (found.classes, found.backbone, found.is_recorded) == (258, "tf_efficientnet_lite0", False)
    assert (len(found.sha256), len(found.backbone_sha256), found.values > 10**6) == (64, 64, True)


def test_a_head_is_the_one_of_its_card(tmp_path: Path) -> None:
    head = load_head("awa2")
    folder = write_repository(head, tmp_path / "mine")
    assert verify_head(folder).is_recorded
    shutil.copy(head_path("awa2"), folder / HEAD_FILE)
    save_head(head.with_seen_penalty(0.5), folder / HEAD_FILE)
    with pytest.raises(HeadError, match="damaged, or another one; copy both again"):
        verify_head(folder)
    (folder / CARD_FILE).unlink()
    assert not verify_head(folder).is_recorded
    whole = (folder / HEAD_FILE).read_bytes()
    (folder / HEAD_FILE).write_bytes(whole[:-1000])
    with pytest.raises(HeadError, match="damaged"):
        verify_head(folder)


def test_another_backbone_is_refused(tmp_path: Path) -> None:
    head = load_head("awa2")
    other = replace(head, backbone=replace(head.backbone, weights_sha256="0" * 64))
    with pytest.raises(BackboneError, match="trained with 0000"):
        verify_head(write_repository(other, tmp_path / "mine"))


def test_a_head_of_features_has_no_backbone_to_verify(
    trained: ZeroShotClassifier, tmp_path: Path
) -> None:
    head = trained.own_head()
    head = replace(head, backbone=replace(head.backbone, weights_sha256=""))
    assert verify_head(write_repository(head, tmp_path / "mine")).backbone_sha256 == ""
