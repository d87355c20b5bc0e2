"""Feature cache: features of earlier runs, which can always be made again."""

from __future__ import annotations

import errno
import warnings
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsl_images.errors import CacheWarning, DataError, OutputError
from zsl_images.features.backbones import Backbone
from zsl_images.features.feature_files import (
    feature_table,
    features_in,
    open_feature_files,
    write_features,
)
from zsl_images.features.photo_rows import DamagedRows, PhotoRows
from zsl_images.features.stamps import Stamp
from zsl_images.files import cache_folder, check_writable, make_folder, replacing, warn_not_kept

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class FeatureCache:
    """The features of a cache file, and what is added to them.

    A file in the cache folder never stops the work: if it is damaged, it is made anew, and if it
    cannot be written, nothing is kept; each with a warning. A damaged file elsewhere is made anew too
    if it is known to be a feature file. Once the features are made, no file stops the work.

    Args:
        path: Cache file, whether it exists or not; None for no cache.
        backbone: Backbone that makes the features.

    Raises:
        DataError: A file elsewhere is no feature file, or was made with another backbone or engine.
        OutputError: A file elsewhere cannot be written, as is found before the work.
    """

    def __init__(self, path: Path | None, backbone: Backbone) -> None:
        self._path, self._backbone = path, backbone
        self._is_ours = path is not None and path.is_relative_to(cache_folder())
        self._rows = PhotoRows([])
        if path is None:
            return
        try:
            make_folder(path.parent)
            check_writable(path)
        except OutputError as error:
            self._give_up(error)
        try:
            self._rows = open_feature_files([path], backbone.fingerprint, backbone.engine_name)
        except DamagedRows as error:
            self._start_anew(error)
        except DataError as error:
            if not self._is_ours:
                raise
            self._start_anew(error)

    def find(self, stamps: Mapping[str, Stamp]) -> dict[str, npt.NDArray[np.float16]]:
        """Name → feature (D,), for the photos that have a row."""
        places = {name: self._rows.find(stamp) for name, stamp in stamps.items()}
        found = {name: place for name, place in places.items() if place}
        try:
            table = self._rows.take(found.values())
        except DamagedRows as error:
            self._start_anew(error)
            return {}
        return dict(zip(found, features_in(table), strict=True)) if table else {}

    def write(self, stamps: Sequence[Stamp], features: Sequence[npt.NDArray[np.float16]]) -> None:
        """Write the features of these photos, and keep those of all others.

        If the disk is full, as many as fit are written, with a warning: the work goes on with all.
        """
        if self._path is None:
            return
        count, failure = len(stamps), None
        while count:
            try:
                self._write(self._path, stamps[:count], features[:count])
                break
            except DamagedRows as error:  # among rows of other photos
                self._start_anew(error)
            except OutputError as error:
                failure, is_full = error, getattr(error.__cause__, "errno", None) in _FULL
                count = count // 2 if is_full else 0
        if failure and self._is_ours:
            warn_not_kept(failure)
        elif failure:
            warnings.warn(
                f"{failure}; {count} of {len(stamps)} features are kept there, and the next run makes "
                "the others again",
                CacheWarning,
                stacklevel=2,
            )

    def _write(
        self, path: Path, stamps: Sequence[Stamp], features: Sequence[npt.NDArray[np.float16]]
    ) -> None:
        new = feature_table(stamps, features, self._backbone)
        with replacing(path) as temporary:
            write_features(chain(self._rows.latest(is_named=False), [new]), new.schema, temporary)

    def _give_up(self, error: OutputError) -> None:
        if not self._is_ours:
            raise error
        self._path = None
        warn_not_kept(error)

    def _start_anew(self, error: DataError) -> None:
        self._rows = PhotoRows([])
        warnings.warn(f"{error}: its features are made anew", CacheWarning, stacklevel=2)
