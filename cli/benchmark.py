"""`zsl benchmark`: train and measure a recipe on a benchmark data set."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zsl_images.defaults import CPU, DEFAULT_RECIPE, ROWS_RECIPE
from zsl_images.errors import counted

from .console import echo, progress, usage_errors
from .option_groups import Only, changed, refuse
from .options import BackboneChoice, BackboneClassesOption, RecipeOption, needs
from .plot import need_plots

if TYPE_CHECKING:
    from zsl_images.evaluation.benchmark_results import BenchmarkResult
    from zsl_images.evaluation.xlsa17 import Benchmark


class BenchmarkFormat(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"
    LATEX = "latex"


def benchmark(
    dataset: Annotated[
        Path,
        typer.Argument(
            help="Folder with res101.mat and att_splits.mat (xlsa17). MATLAB 7.3 files need "
            f"{needs('hdf5')}."
        ),
    ],
    backbone: Annotated[BackboneChoice, Only("backbone", "backbone_weights", "image_size", "pooling")],
    backbone_classes: BackboneClassesOption = None,
    recipe: RecipeOption = None,
    seeds: Annotated[int, typer.Option(min=1, help="Number of runs, with seeds 0, 1, 2, ...")] = 3,
    conventional: Annotated[
        bool,
        typer.Option("--conventional", help="Take only unseen classes as candidates; gives T alone."),
    ] = False,
    calibration: Annotated[
        bool,
        typer.Option(
            "--calibration",
            help="Also train heads on seen classes alone, for ECE and unknown_AUROC.",
        ),
    ] = False,
    save: Annotated[
        Path | None, typer.Option(help="Head file to write (.safetensors), of the first seed.")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            help="Picture of the seen-unseen curve to write (.png, .svg, .pdf), of the first seed. "
            f"Needs {needs('plot')}."
        ),
    ] = None,
    compare: Annotated[
        list[Path] | None,
        typer.Option(
            help="JSON of other runs on this data set (from this command or "
            "tests/benchmarks/peers.py) to compare with; repeatable."
        ),
    ] = None,
    device: Annotated[
        str, typer.Option(help="Device that learns: auto, cpu or cuda; the figures depend on it.")
    ] = CPU,
    format: Annotated[
        BenchmarkFormat, typer.Option(help="Form of the output; latex gives a table for a paper.")
    ] = BenchmarkFormat.TABLE,
) -> None:
    """Train on a benchmark's seen classes and print T, u, s, H, best H and AUSUC.

    Figures are means over the seeds ± population standard deviations. The
    seen penalty is chosen on validation classes; test rows are used only at
    the end.
    """
    if backbone_classes is None:
        refuse("without --backbone-classes", **changed(backbone))
    if conventional:
        refuse("with --conventional, which leaves no photo of a seen class", calibration=calibration)
        refuse("with --conventional, which gives no curve", plot=bool(plot))
    if plot:
        _check_plot(plot)
    from zsl_images.evaluation.benchmark_rows import rows_for
    from zsl_images.evaluation.benchmarks import run
    from zsl_images.evaluation.xlsa17 import read_xlsa17
    from zsl_images.files import check_writable
    from zsl_images.head.head_file import save_head

    data, rows = read_xlsa17(dataset), None
    others = [row for path in compare or () for row in _comparable(path, data.name, conventional)]
    if save:
        check_writable(save)
    if backbone_classes is not None:
        data, rows = rows_for(data, backbone_classes, backbone.load())
    recipe = recipe or (ROWS_RECIPE if rows else DEFAULT_RECIPE)
    with progress() as show:
        result = run(data, str(recipe), seeds, conventional, calibration, rows, device, on_step=show)
    if save:
        save_head(result.heads[0], save)
    if plot:
        _plot(result, data, plot)
    if format is BenchmarkFormat.JSON:
        beside = {"compared": [row.to_dict() for row in others]} if others else {}
        typer.echo(json.dumps(result.to_dict() | beside, indent=2))
    elif format is BenchmarkFormat.LATEX:
        typer.echo(_latex([result, *others]))
    else:
        _show_table(result, others)


def _check_plot(place: Path) -> None:
    """Refuse a picture that cannot be written, before anything is trained."""
    need_plots()
    from zsl_images.files import check_writable
    from zsl_images.report.plots import check_plot

    with usage_errors():
        check_plot(place)
    check_writable(place)


def _plot(result: BenchmarkResult, data: Benchmark, place: Path) -> None:
    """Draw the seen-unseen curve of the first seed's head."""
    from zsl_images.evaluation.benchmarks import evaluate_on_test
    from zsl_images.report.plots import plot_curves

    head = result.heads[0]
    curve = evaluate_on_test(head, data, head.calibration.seen_penalty).curve
    plot_curves({result.recipe: curve}, place)


def _show_table(result: BenchmarkResult, others: Sequence[BenchmarkResult]) -> None:
    seeds = counted(len(result.seeds), "seed")
    echo(f"{result.dataset}, recipe {result.recipe}, {seeds}, per-class top-1 in per cent")
    typer.echo("mean ± population standard deviation over the seeds")
    if result.row_classes:
        typer.echo(
            f"learned from photos and from {counted(result.row_classes, 'class')} of the backbone"
        )
    for name, figure in result.figures.items():
        typer.echo(f"  {name:<20}{figure.mean:7.1f} ± {figure.sd:.1f}")
    if result.paper:
        what = "T" if result.is_conventional else "u / s / H, without a seen penalty"
        typer.echo(f"  the paper's {what}: {' / '.join(map(str, result.paper))}")
    if others:
        typer.echo("\n" + _side_by_side([result, *others]))


def _comparable(path: Path, dataset: str, is_conventional: bool) -> list[BenchmarkResult]:
    """The results in a file that are on the same data set, in the same setting."""
    from zsl_images.errors import DataError
    from zsl_images.evaluation.benchmark_results import read_results

    alike = [
        row
        for row in read_results(path)
        if (row.dataset, row.is_conventional) == (dataset, is_conventional)
    ]
    if not alike:
        raise DataError(
            f"{path} has no result on the data set {dataset} in the same setting; give runs on "
            "the same folder"
        )
    return alike


def _latex(results: Sequence[BenchmarkResult]) -> str:
    """A table of booktabs, with one row per result: means and, smaller, standard deviations."""
    known = ("T", "u", "s", "H", "best_H", "AUSUC")
    names = [name for name in known if any(name in result.figures for result in results)]

    def row(cells: Sequence[str]) -> str:
        return " & ".join(cell.replace("_", r"\_") for cell in cells) + r" \\"

    def cell(result: BenchmarkResult, name: str) -> str:
        figure = result.figures.get(name)
        return rf"{figure.mean:.1f}\,{{\scriptsize $\pm$ {figure.sd:.1f}}}" if figure else "--"

    return "\n".join(
        [
            rf"\begin{{tabular}}{{l{'r' * len(names)}}}",
            r"\toprule",
            row(["", *names]),
            r"\midrule",
            *(row([one.recipe, *(cell(one, name) for name in names)]) for one in results),
            r"\bottomrule",
            r"\end{tabular}",
        ]
    )


def _side_by_side(results: Sequence[BenchmarkResult]) -> str:
    """One row per result, with every figure that at least one of them has."""
    known = ("T", "u", "s", "H", "best_H", "AUSUC", "ECE", "unknown_AUROC", "seconds")
    names = [name for name in known if any(name in result.figures for result in results)]
    names_of = [
        f"{result.recipe} + {result.row_classes} backbone classes"
        if result.row_classes
        else result.recipe
        for result in results
    ]
    width = max(map(len, names_of))
    lines = [f"{'':<{width}}{'seeds':>7}" + "".join(f"{name:>14}" for name in names)]
    for recipe, result in zip(names_of, results, strict=True):
        figures = (result.figures.get(name) for name in names)
        cells = (f"{figure.mean:.1f} ± {figure.sd:.1f}" if figure else "-" for figure in figures)
        row = "".join(f"{cell:>14}" for cell in cells)
        lines.append(f"{recipe:<{width}}{len(result.seeds):>7}{row}")
    return "\n".join(lines)
