from __future__ import annotations

from collections import Counter

import pytest

from zsl_images.errors import DataError
from zsl_images.labelling.shards import Shard


def test_each_photo_is_in_one_shard_of_about_the_same_size() -> None:
    shards = [Shard.of(f"{number}/4") for number in range(1, 5)]
    homes = Counter()
    for photo in range(4000):
        (home,) = (shard.number for shard in shards if shard.has(f"/photos/{photo}.jpg"))
        homes[home] += 1
    assert all(900 < homes[number] < 1100 for number in range(1, 5))


def test_other_photos_and_spellings_move_no_photo() -> None:
    assert [Shard(1, 3).has(f"/p/{name}.jpg") for name in "abcdef"] == [
        Shard.of(" 1/3").has(f"/p/x/../{name}.jpg") for name in "abcdef"
    ]
    assert Shard().has("anything")


@pytest.mark.parametrize("text", ["", "1", "0/3", "4/3", "1/0", "a/b", "-1/3", "1/3/5", "0/0"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="such as 1/3"):
        Shard.of(text)
