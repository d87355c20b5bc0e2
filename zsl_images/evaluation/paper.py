"""The paper's own figures and numbers of steps: Yu & Lee, "Zero-shot Learning via Simultaneous
Generating and Learning", NeurIPS 2019."""

from __future__ import annotations

from collections.abc import Mapping

PAPER: Mapping[tuple[str, str], tuple[float, ...]] = {
    ("mmvae", "AWA1"): (39.4, 86.8, 54.2),
    ("mmvae", "AWA2"): (15.7, 92.6, 26.9),
    ("mmvae", "CUB"): (28.5, 63.1, 39.3),
    ("mmvae", "SUN"): (14.2, 43.6, 21.4),
    ("sgal", "AWA1"): (52.7, 74.0, 61.5),
    ("sgal", "AWA2"): (52.5, 86.3, 65.3),
    ("sgal", "CUB"): (40.9, 55.3, 47.0),
    ("sgal", "SUN"): (35.5, 34.4, 34.9),
    ("sgal-dropout", "AWA1"): (52.7, 75.7, 62.2),
    ("sgal-dropout", "AWA2"): (55.1, 81.2, 65.6),
    ("sgal-dropout", "CUB"): (47.1, 44.7, 45.9),
    ("sgal-dropout", "SUN"): (42.9, 31.2, 36.1),
}
"""(Recipe, data set) → u, s and H in per cent, from its table 2."""


PAPER_CONVENTIONAL: Mapping[tuple[str, str], tuple[float, ...]] = {
    ("mmvae", "AWA1"): (74.2,),
    ("mmvae", "CUB"): (58.4,),
    ("sgal", "AWA1"): (84.1,),
    ("sgal", "CUB"): (62.5,),
}
"""(Recipe, data set) → T in per cent in the conventional setting, from its table 1 (Inception)."""


PAPER_STEPS: Mapping[str, tuple[int, int]] = {
    "AWA1": (170_000, 1_300),
    "AWA2": (64_000, 900),
    "CUB": (17_000, 2_000),
    "SUN": (1_450_000, 1_500),
}
"""Data set → number of steps of warm-up, and of generate-and-learn."""
