"""`zsl benchmark`: run a recipe on a data set in the field's layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from zsl_images.cli.console import progress
from zsl_images.cli.options import RecipeName, RecipeOption, ReportFormat, ReportFormatOption


def benchmark(
    dataset: Annotated[
        Path, typer.Argument(help="Folder with res101.mat and att_splits.mat (xlsa17).")
    ],
    recipe: RecipeOption = RecipeName.BEST,
    seeds: Annotated[int, typer.Option(min=1, help="Runs, with seeds 0, 1, 2, ...")] = 3,
    conventional: Annotated[
        bool,
        typer.Option("--conventional", help="Unseen classes are the only candidates; T alone."),
    ] = False,
    save: Annotated[
        Path | None, typer.Option(help="Write the first seed's head here, .safetensors.")
    ] = None,
    format: ReportFormatOption = ReportFormat.TABLE,
) -> None:
    """Train on a benchmark's seen classes and print T, u, s, H, best H and AUSUC, mean ± sd.

    The seen penalty is chosen on validation classes; test rows are looked at once, at the end.
    """
    from zsl_images import benchmarks
    from zsl_images.checkpoint import save_head
    from zsl_images.files import check_writable
    from zsl_images.xlsa17 import read_xlsa17

    data = read_xlsa17(dataset)
    if save:
        check_writable(save)
    with progress() as show:
        result = benchmarks.run(data, recipe.value, seeds, conventional, on_step=show)
    if save:
        save_head(result.heads[0], save)
    if format is ReportFormat.JSON:
        typer.echo(json.dumps(result.to_dict(), indent=2))
        return
    typer.echo(f"{result.dataset}, recipe {result.recipe}, {seeds} seeds, per-class top-1 in per cent")
    for name, figure in result.figures.items():
        typer.echo(f"  {name:<20}{figure.mean:7.1f} ± {figure.sd:.1f}")
    if result.paper:
        what = "T" if conventional else "u / s / H, without a seen penalty"
        typer.echo(f"  the paper's {what}: {' / '.join(map(str, result.paper))}")
