"""Weights for tests, with the names and shapes of published ones."""

from __future__ import annotations

import torch
from torchvision import models


def constant_state(name: str) -> dict[str, torch.Tensor]:
    """A state dict of a torchvision model that takes no room: each tensor is one value."""
    has_side_heads = name in ("inception_v3", "googlenet")
    options = {"aux_logits": True, "init_weights": False} if has_side_heads else {}
    with torch.device("meta"):
        expected = models.get_model(name, weights=None, **options).state_dict()
    return {
        key: torch.tensor(0.01).to(tensor.dtype).expand(tensor.shape)
        for key, tensor in expected.items()
    }
