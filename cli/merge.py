"""`zsl merge`: the label files of shards become one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zsl_images.errors import counted

from .console import echo
from .option_groups import refuse
from .options import Excel, LabelOut


def merge(
    parts: Annotated[
        list[Path],
        typer.Argument(metavar="PART...", help="Label files of any form, or folders of Parquet files."),
    ],
    out: LabelOut,
    excel: Excel = False,
) -> None:
    """Merge label files, such as those of `zsl label --shard`, into one.

    They must come from the same head and settings, and no photo may be in two
    of them.
    """
    if out.suffix.lower() != ".csv":
        refuse("unless --out ends in .csv", excel=excel)
    from zsl_images.labelling.merge import merge as merge_labels

    result = merge_labels(parts, out, is_for_excel=excel)
    echo(
        f"{out}: {counted(result.done, 'photo')}; {result.unlabelled} without a label, "
        f"{result.failures} could not be read"
    )
    for line in result.summary.lines():
        echo(line)
