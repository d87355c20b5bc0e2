"""`zsl manifest`: list photos once, for runs on several machines."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from zsl_images.errors import counted

from .console import echo, finish_with
from .options import images_in

ManifestOut = Annotated[Path, typer.Option("--out", "-o", help="Manifest to write (.parquet).")]


def manifest(
    photos: Annotated[
        list[str],
        typer.Argument(
            metavar="PHOTO...",
            help="Files, folders, archives, globs, - for stdin, or addresses (s3://...).",
        ),
    ],
    out: ManifestOut,
) -> None:
    """List photos in a Parquet file with path, size and time; no photo is opened.

    Give it to `zsl label` in place of the folders: millions of files are then
    listed once, not in each run. Exit code 3 means some folders could not be
    read.
    """
    from zsl_images.features.manifests import write_manifest
    from zsl_images.features.remote_folders import stamps_at
    from zsl_images.features.remote_photos import is_address
    from zsl_images.features.skipped_files import LeftOut

    here = [photo for photo in photos if not is_address(photo)]
    paths, left_out = images_in(here) if here else (iter(()), LeftOut())
    elsewhere = (stamps_at(photo, left_out) for photo in photos if is_address(photo))
    echo(f"{out}: {counted(write_manifest(chain(paths, *elsewhere), out), 'photo')}")
    finish_with(0, left_out)
