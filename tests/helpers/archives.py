"""Archives of photos that tests write: tar files as WebDataset writes them, and Parquet files."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from drawing import draw


def png(colour: str, seed: int) -> bytes:
    """The file of a drawn picture."""
    file = io.BytesIO()
    draw(colour, seed).save(file, "png")
    return file.getvalue()


def write_tar(path: Path, members: Mapping[str, bytes]) -> Path:
    """A tar file with these files."""
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def write_shard(path: Path, pictures: Sequence[bytes]) -> Path:
    """A tar file in WebDataset's layout: key.png beside key.json."""
    members = {}
    for key, picture in enumerate(pictures):
        members[f"{key:06}.json"] = json.dumps({"key": key}).encode()
        members[f"{key:06}.png"] = picture
    return write_tar(path, members)


def write_images(path: Path, pictures: Sequence[bytes | None], rows: int = 8) -> Path:
    """A Parquet file with a column of images, as Hugging Face's data sets have it."""
    images = [
        picture and {"bytes": picture, "path": f"{row}.png"} for row, picture in enumerate(pictures)
    ]
    pq.write_table(pa.table({"image": images, "label": [0] * len(images)}), path, row_group_size=rows)
    return path
