"""`report`: labels or an evaluation as a page to look at."""

from __future__ import annotations

import os
from pathlib import Path

from zsl_images.arguments import check_path
from zsl_images.classes.class_table import ClassTable
from zsl_images.defaults import LABEL_SUFFIXES
from zsl_images.errors import DataError
from zsl_images.files import check_writable
from zsl_images.progress import OnStep
from zsl_images.report.evaluation_report import write_evaluation_report
from zsl_images.report.label_report import write_label_report


def report(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    attributes: ClassTable | str | os.PathLike[str] | None = None,
    on_step: OnStep | None = None,
) -> None:
    """Write a page that needs no network about what was labelled or measured.

    Args:
        source: Label file, or the JSON that `zsl evaluate` prints.
        out: HTML file to write.
        attributes: Class table, for a heat map of the attributes of the classes.
        on_step: Called after each thumbnail.

    Raises:
        ClassTableError: The class table cannot be read.
        DataError: The source cannot be read, or is neither, or is about other classes.
        OutputError: The page cannot be written.
    """
    for path in (source, out):
        check_path("the path of a file", path, DataError)
    suffix = Path(source).suffix.lower()
    if suffix not in (*LABEL_SUFFIXES, ".json"):
        raise DataError(
            f"{source}: expected a label file ({', '.join(LABEL_SUFFIXES)}), or the output of "
            "`zsl evaluate --format json` in a file that ends in .json"
        )
    if Path(out).suffix.lower() not in (".html", ".htm"):
        raise DataError(f"{out}: expected a file that ends in .html")
    check_writable(out)
    if suffix == ".json":
        write_evaluation_report(source, out, attributes, on_step)
    else:
        write_label_report(source, out, attributes, on_step)
