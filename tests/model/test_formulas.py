from __future__ import annotations

import pytest
import torch

from zsl_images.model.config import ModelConfig
from zsl_images.model.formulas import prior_widths


@pytest.mark.parametrize("latent_dim", [8, 64, 512])
@pytest.mark.parametrize("attribute_dim", [1, 4, 85, 102, 312])
def test_a_dense_prior_widens_in_a_geometric_series(attribute_dim: int, latent_dim: int) -> None:
    widths = prior_widths(ModelConfig(attribute_dim=attribute_dim, latent_dim=latent_dim))
    assert (widths[0], widths[-1], len(widths)) == (attribute_dim, latent_dim, 7)
    sizes = torch.logspace(0, 1, 7, latent_dim / attribute_dim)  # how widths were once computed
    assert widths == [round(attribute_dim * float(size)) for size in sizes]
