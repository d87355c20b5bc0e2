"""`zsl classify`: label photos and print the labels."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zsl_images.defaults import TOP_K
from zsl_images.names import printable

from .console import finish_with
from .decision_options import Candidates
from .extra_columns import Details
from .options import TopK, images_in

if TYPE_CHECKING:
    from zsl_images.results import Failure, Prediction


class Format(StrEnum):
    """How labels are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def classify(
    photos: Annotated[
        list[str], typer.Argument(metavar="PHOTO...", help="Files, folders, globs, or - for stdin.")
    ],
    candidates: Candidates,
    top_k: TopK = TOP_K,
    format: Annotated[Format, typer.Option(help="Form of the output.")] = Format.TABLE,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show which attributes speak for each label.")
    ] = False,
) -> None:
    """Label photos: print each label, its probability, and whether it is seen.

    Exit code 3 means some photos could not be read; the others are labelled.
    """
    found, left_out = images_in(photos)
    paths = list(map(str, found))
    classifier = candidates.classifier()
    if explain:
        classifier = classifier.with_explanations()
    details = Details(classifier.taxonomy.levels if classifier.taxonomy else (), explain)
    shows = {Format.TABLE: _show_table, Format.JSON: _show_json, Format.CSV: _show_csv}
    failures = shows[format](
        map(_writable, classifier.stream(paths, top_k)), min(top_k, len(classifier.table)), details
    )
    if failures:
        typer.echo(f"{failures} of {len(paths)} photos could not be read", err=True)
    finish_with(failures, left_out)


def _writable(result: Prediction | Failure) -> Prediction | Failure:
    """A result whose path and reason can be printed, whatever bytes the name of the photo holds."""
    from zsl_images.files import path_text
    from zsl_images.results import Failure

    if isinstance(result, Failure):
        return Failure(path_text(result.path), path_text(result.reason))
    return result if result.path is None else replace(result, path=path_text(result.path))


def _show_table(results: Iterable[Prediction | Failure], top_k: int, details: Details) -> int:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from zsl_images.results import Failure

    table = Table(box=box.SIMPLE_HEAD)
    for title in ("photo", "label", "probability", "class"):
        table.add_column(title, overflow="fold", justify="right" if title == "probability" else "left")
    failures = 0
    for result in results:
        table.add_section()
        if isinstance(result, Failure):
            failures += 1
            table.add_row(_escaped(result.path), f"[red]{_escaped(result.reason)}[/red]", "", "error")
            continue
        if result.is_abstention:
            first = ("no label", "", "")
            if result.answer:
                answer = result.answer
                first = (_escaped(answer.label), f"{answer.probability:.1%}", _escaped(answer.level))
            table.add_row(_escaped(result.path or ""), *first, style="bold")
        for rank, candidate in enumerate(result.top, start=int(result.is_abstention)):
            table.add_row(
                _escaped(result.path or "") if rank == 0 else "",
                _escaped(candidate.label),
                f"{candidate.probability:.1%}",
                "seen" if candidate.is_seen else "unseen",
                style="bold" if rank == 0 else "dim",
            )
        for row in details.rows(result):
            table.add_row("", *map(_escaped, row), style="dim")
    Console(emoji=False).print(table)
    return failures


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(printable(text))


def _show_json(results: Iterable[Prediction | Failure], top_k: int, details: Details) -> int:
    failures = 0
    typer.echo("[", nl=False)
    for index, result in enumerate(results):
        row = details.completed(result.to_dict())
        failures += row["error"] is not None
        typer.echo((",\n" if index else "\n") + json.dumps(row, ensure_ascii=False), nl=False)
    typer.echo("\n]")
    return failures


def _show_csv(results: Iterable[Prediction | Failure], top_k: int, details: Details) -> int:
    from zsl_images.labelling.label_cells import to_cell

    fields = ("label", "probability", "is_seen")
    header = ["path", *fields]
    header += [f"top{rank}_{name}" for rank in range(1, top_k + 1) for name in fields]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(map(to_cell, [*header, "unknown_score", "error", *details.header()]))
    failures = 0
    for result in results:
        row = result.to_dict()
        failures += row["error"] is not None
        top: list[Any] = [candidate[name] for candidate in row["top"] for name in fields]
        top += [None] * (len(fields) * top_k - len(top))
        cells = [
            *(row[name] for name in ("path", *fields)),
            *top,
            row["unknown_score"],
            row["error"],
            *details.cells(row),
        ]
        writer.writerow(map(to_cell, cells))
    return failures
