"""`zsl classify`: label photos and print the labels."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from zsl_images.defaults import TOP_K
from zsl_images.errors import counted
from zsl_images.names import json_of, printable, shortened

from .console import Printable, echo, finish_with, write_as
from .decision_options import Candidates
from .extra_columns import Details
from .option_groups import AllBut, refuse
from .options import Excel, TopK, images_in, needs
from .pictures import with_pictures

if TYPE_CHECKING:
    from zsl_images.results import Failure, Prediction


_TITLES = ("photo", "label", "probability", "class")
_PATH, _LABEL, _NARROW, _GAPS = 28, 22, 12, 13
"""Columns of 80 that a path has at least, columns that a label leaves to it and has at least, and those
that lie in between."""


class Origin(NamedTuple):
    """What all rows of a CSV have in common: their number of candidates, and columns of one value."""

    top_k: int
    columns: Mapping[str, str]


class Format(StrEnum):
    """How labels are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def classify(
    photos: Annotated[
        list[str],
        typer.Argument(metavar="PHOTO...", help="Files, folders, archives, globs, or - for stdin."),
    ],
    candidates: Annotated[Candidates, AllBut("burst")],
    top_k: TopK = TOP_K,
    format: Annotated[Format, typer.Option(help="Form of the output.")] = Format.TABLE,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show which attributes speak for each label.")
    ] = False,
    excel: Excel = False,
    show: Annotated[
        bool,
        typer.Option("--show", help=f"Show each photo, small, above the table. Needs {needs('show')}."),
    ] = False,
) -> None:
    """Label photos: print each label, its probability, and whether it is seen.

    Exit code 3 means some photos could not be read; the others are labelled.
    """
    if format is not Format.CSV:
        refuse("without --format csv", excel=excel)
    if format is not Format.TABLE:
        refuse(f"with --format {format}", show=show)
    found, left_out = images_in(photos)
    paths = list(map(str, found))
    classifier = candidates.classifier()
    if explain:
        classifier = classifier.with_explanations()

    details = Details(classifier.taxonomy.levels if classifier.taxonomy else (), explain)
    failures: list[str] = []

    def results() -> Iterator[Prediction | Failure]:
        for result in map(_writable, classifier.stream(paths, top_k)):
            if (reason := result.to_dict()["error"]) is not None:
                failures.append(reason)
                echo(reason, err=True)
            yield result

    if format is Format.CSV:
        from zsl_images.labelling.label_cells import ENCODINGS
        from zsl_images.labelling.label_rows import origin_of

        write_as(ENCODINGS[excel])
        origin = Origin(min(top_k, len(classifier.table)), origin_of(classifier, top_k))
        _show_csv(results(), origin, details)
    elif format is Format.JSON:
        write_as("utf-8")
        _show_json(results(), details)
    else:
        _show_table(with_pictures(results()) if show else results(), details)
    if failures:
        typer.echo(f"{len(failures)} of {counted(len(paths), 'photo')} could not be read", err=True)
    finish_with(len(failures), left_out)


def _writable(result: Prediction | Failure) -> Prediction | Failure:
    """A result whose path and reason can be printed, whatever bytes the name of the photo holds."""
    from zsl_images.files import path_text
    from zsl_images.results import Failure

    if isinstance(result, Failure):
        return Failure(path_text(result.path), path_text(result.reason))
    return result if result.path is None else replace(result, path=path_text(result.path))


def _show_table(results: Iterable[Prediction | Failure], details: Details) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from zsl_images.results import Failure

    console = Console(emoji=False)
    photos = [
        (result.path or "", [("cannot be read", "", "error")])
        if isinstance(result, Failure)
        else (result.path or "", [*_rows(result), *details.rows(result)])
        for result in results
    ]
    label, *others = _widths(row for _, rows in photos for row in rows)
    room = console.width - _GAPS - sum(others)
    width = max(_PATH * min(console.width, 80) // 80, room - min(label, _LABEL))
    photos = [(printable(shortened(path, width)), rows) for path, rows in photos]
    width = max((len(path) for path, _ in photos), default=0)
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(_TITLES[0], min_width=width)
    table.add_column(_TITLES[1], overflow="fold", max_width=max(room - width, _NARROW))
    table.add_column(_TITLES[2], justify="right")
    table.add_column(_TITLES[3], overflow="fold")
    for path, rows in photos:
        table.add_section()
        for number, row in enumerate(rows):
            style = "dim" if number else "red" if row[2] == "error" else "bold"
            table.add_row(*map(_escaped, ("" if number else path, *row)), style=style)
    console.print(table)


def _widths(rows: Iterable[tuple[str, str, str]]) -> list[int]:
    """Columns that labels, probabilities and kinds take."""
    return [max(map(len, column)) for column in zip(_TITLES[1:], *rows, strict=True)]


_KINDS = {
    "photos": "seen",
    "backbone": "by backbone",
    "attributes": "unseen",
    "descriptions": "unseen",
}
"""What a class is known by → what is shown."""


def _rows(prediction: Prediction) -> Iterator[tuple[str, str, str]]:
    """Label, probability and kind of the rows of one photo; the first one is its answer."""
    if prediction.is_unknown:
        yield f"unknown: unlike every class ({prediction.unknown_score:.2f})", "", ""
    elif prediction.is_abstention:
        answer = prediction.answer
        if answer:
            yield answer.label, f"{answer.probability:.1%}", answer.level
        else:
            yield "no label", "", ""
    for rank, candidate in enumerate(prediction.top):
        probability = f"{candidate.probability:.1%}"
        if rank == 0 or probability != "0.0%":
            yield candidate.label, probability, _KINDS[candidate.known_by]
    if prediction.rival:
        yield f"close call: {prediction.top[0].label} or {prediction.rival}", "", ""
    if prediction.label_set is not None:
        yield f"one of: {', '.join(prediction.label_set) or 'none is sure enough'}", "", ""


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(printable(text))


def _show_json(results: Iterable[Prediction | Failure], details: Details) -> None:
    typer.echo("[", nl=False)
    for index, result in enumerate(results):
        row = details.completed(result.to_dict())
        typer.echo((",\n" if index else "\n") + json_of(row), nl=False)
    typer.echo("\n]")


def _show_csv(results: Iterable[Prediction | Failure], origin: Origin, details: Details) -> None:
    from zsl_images.labelling.label_cells import csv_cells, csv_header, rounded, to_cell
    from zsl_images.labelling.label_rows import row_of

    is_shown = sys.stdout.isatty()  # then no name may steer the terminal; a file gets them as they are
    writer = csv.writer(Printable(sys.stdout) if is_shown else sys.stdout, lineterminator="\n")
    header = csv_header(origin.top_k)
    writer.writerow([*header, *details.header()])
    for result in results:
        row = {name: rounded(value) for name, value in row_of(result, origin.columns).items()}
        cells = csv_cells(row, header)
        writer.writerow([*cells, *map(to_cell, details.cells(result.to_dict()))])
