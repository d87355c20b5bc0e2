from __future__ import annotations

import numpy as np
import pytest

from zsl_images.errors import ImageError
from zsl_images.features.pixel_depth import to_8_bit

GREY = np.arange(256, dtype=np.uint8).reshape(16, 16)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_cameras_store_fewer_bits_in_16(bits: int) -> None:
    deep = (GREY.astype(np.float64) / 255 * (2**bits - 1)).round().astype(np.uint16)
    assert np.abs(to_8_bit(deep).astype(int) - GREY).max() <= 1


def test_a_small_part_of_the_range_is_stretched() -> None:
    thermal = 21_000 + GREY.astype(np.uint16) * 8
    assert np.abs(to_8_bit(thermal).astype(int) - GREY).max() <= 1
    assert np.all(to_8_bit(np.full((4, 4), 32_896, np.uint16)) == 128)  # nothing to stretch


@pytest.mark.parametrize("nothing", [np.nan, np.inf, -np.inf, -3.4e38, -9999, -32_768, 1e20])
def test_cells_without_data_do_not_darken_the_rest(nothing: float) -> None:
    picture = GREY / np.float32(255)
    picture[0, :3] = nothing
    scaled = to_8_bit(picture)
    assert np.all(scaled[0, :3] == 0)
    assert np.abs(scaled[1:].astype(int) - GREY[1:]).max() <= 1


@pytest.mark.parametrize("nothing", [65_535, 0])
def test_nor_do_those_of_integers(nothing: int) -> None:
    picture = 20_000 + GREY.astype(np.uint16) * 16
    picture[8, :3] = nothing
    assert np.abs(to_8_bit(picture)[9:].astype(int) - GREY[9:]).max() <= 1


def test_floats_reach_1_or_255_or_what_they_reach() -> None:
    for scale in (1 / 255, 1, 100):
        assert np.abs(to_8_bit(GREY * np.float64(scale)).astype(int) - GREY).max() <= 1
    assert to_8_bit(np.float32([[-1, 1], [0, 0.5]])).tolist() == [[0, 255], [128, 191]]


def test_a_mask_of_two_values_stays_one() -> None:
    assert to_8_bit(np.uint16([[0, 65_535], [0, 0]])).tolist() == [[0, 255], [0, 0]]
    assert to_8_bit(np.array([[True, False]])).tolist() == [[255, 0]]


def test_what_has_no_brightness_is_refused() -> None:
    with pytest.raises(ImageError, match="not finite"):
        to_8_bit(np.full((2, 2), np.nan))
    with pytest.raises(ImageError, match="type <U1; expected numbers"):
        to_8_bit(np.array([["a"]]))
    with pytest.raises(ImageError, match="complex"):
        to_8_bit(np.ones((2, 2), complex))
