"""`zsl plot`: pictures of what recipes learn on a benchmark."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zsl_images.errors import DataError

from .console import echo, progress, usage_errors
from .option_groups import refuse
from .options import RecipeName, needs

if TYPE_CHECKING:
    from zsl_images.evaluation.xlsa17 import Benchmark
    from zsl_images.head.head import Head
    from zsl_images.progress import OnStep


def plot(
    dataset: Annotated[
        Path, typer.Argument(help="Folder with res101.mat and att_splits.mat (xlsa17).")
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="Picture to write (.png, .svg, .pdf), or a page (.html) that shows the photo under "
            f"the pointer. Needs {needs('plot')}.",
        ),
    ],
    recipe: Annotated[
        list[RecipeName] | None,
        typer.Option(metavar="NAME", help="Recipe to train and draw; repeatable."),
    ] = None,
    head: Annotated[
        list[Path] | None,
        typer.Option(help="Head file of `zsl benchmark --save` to draw; repeatable."),
    ] = None,
    curves: Annotated[
        bool, typer.Option("--curves", help="Draw seen-unseen curves instead of maps.")
    ] = False,
    photos: Annotated[
        Path | None,
        typer.Option(help="With .html: folder of the data set's photos, if its paths begin there."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of training and of the map.")] = 0,
) -> None:
    """Draw what recipes or heads learn on a benchmark, side by side.

    Maps show test photos as they are encoded, with the class priors among them
    (t-SNE, the paper's figure 3). Without --recipe and --head, the recipes
    mmvae, sgal and best are drawn.
    """
    is_page = out.suffix.lower() == ".html"
    if not is_page:
        refuse("without --out NAME.html", photos=bool(photos))
    elif curves:
        refuse("with --out NAME.html, which shows maps", curves=curves)
    need_plots()
    from zsl_images.evaluation.benchmarks import evaluate_on_test
    from zsl_images.evaluation.latent_maps import latent_map
    from zsl_images.evaluation.xlsa17 import read_image_files, read_xlsa17
    from zsl_images.files import check_writable
    from zsl_images.report.plots import check_plot, plot_curves, plot_maps

    if not is_page:
        with usage_errors():
            check_plot(out)
    check_writable(out)
    data = read_xlsa17(dataset)
    names = [str(name) for name in recipe or ([] if head else ["mmvae", "sgal", "best"])]
    with progress() as show:
        heads = _heads(data, names, head or [], seed, show)
    if curves:
        found = {
            name: evaluate_on_test(one, data, one.calibration.seen_penalty).curve
            for name, one in heads.items()
        }
        plot_curves(found, out)
    else:
        maps = {name: latent_map(one, data, seed) for name, one in heads.items()}
        if is_page:
            from zsl_images.report.map_page import write_map_page

            files = read_image_files(dataset)
            paths = [str(photos / file) for file in files] if photos else files
            with progress() as show:
                write_map_page(maps, paths, out, show)
        else:
            plot_maps(maps, out)
    echo(f"{out}: {', '.join(heads)} on {data.name}")


def need_plots() -> None:
    """Refuse to go on without the package that draws.

    Raises:
        DataError: It is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise DataError(f"plots need another package: {needs('plot')}".replace("\\", ""))


def _heads(
    data: Benchmark, recipes: list[str], files: list[Path], seed: int, on_step: OnStep
) -> dict[str, Head]:
    """Heads by their names: saved ones, and ones that are trained now."""
    from zsl_images.evaluation.benchmarks import trained_head
    from zsl_images.head.head_file import load_head

    heads = {path.stem: load_head(path) for path in files}
    return heads | {name: trained_head(data, name, seed, on_step=on_step) for name in recipes}
