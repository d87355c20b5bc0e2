from __future__ import annotations

import pytest

from zsl_images.errors import HeadError
from zsl_images.head.catalogue import head_path, list_heads, shipped_heads
from zsl_images.head.head_file import load_head


def test_the_catalogue_says_what_its_heads_are() -> None:
    for shipped in list_heads():
        head = load_head(shipped.name)
        assert shipped.seen == len(head.table.seen_names)
        assert shipped.unseen == len(head.table.unseen_names)
        assert shipped.backbone == head.backbone.name
        assert shipped.bytes == head_path(shipped.name).stat().st_size
        assert shipped.figures["T"] == pytest.approx(head.calibration.metrics["T"])
    assert {shipped.name for shipped in list_heads()} == set(shipped_heads())


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(HeadError, match=r"no head at awa9: .*awa2"):
        head_path("awa9")
