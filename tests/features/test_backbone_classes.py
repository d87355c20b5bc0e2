from __future__ import annotations

import numpy as np

from zsl_images.features.backbone_classes import BackboneClasses

CLASSES = BackboneClasses(
    np.eye(3, 4, dtype=np.float32), ("Cat, felis", "dog", "fox"), ("n1", "n2", "n3")
)


def test_classes_are_found_by_index_label_and_wordnet_id() -> None:
    assert [CLASSES.index_of(name) for name in ("1", "n3", "cat, Felis")] == [1, 2, 0]
    assert [CLASSES.index_of(name) for name in ("3", "-1", "n4", "wolf", "")] == [None] * 5


def test_rows_are_centred_on_all_of_them() -> None:
    np.testing.assert_allclose(CLASSES.centred([0, 1, 2]).sum(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(CLASSES.centred([2]), [[-1 / 3, -1 / 3, 2 / 3, 0]], atol=1e-6)
