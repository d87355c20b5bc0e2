"""The limits are those that README promises."""

from __future__ import annotations

from zsl_images.web.limits import MEGABYTE, Limits


def test_a_full_form_of_ordinary_photos_fits_one_request() -> None:
    limits = Limits()
    assert (limits.file, limits.files, limits.pixels) == (20 * MEGABYTE, 64, 100 * MEGABYTE)
    assert limits.files * 4 * MEGABYTE <= limits.upload
