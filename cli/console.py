"""What goes to the terminal beside results: errors, warnings, progress. All of it to stderr."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from zsl_images.errors import ZSLError

if TYPE_CHECKING:
    from zsl_images.results import StepRecord

FAILED = 1
INTERRUPTED = 130
FINISHED_WITH_FAILURES = 3


class ReportingGroup(TyperGroup):
    """Turns the library's errors into one line on stderr and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; on our errors, say what is wrong and leave with `FAILED`."""
        warnings.showwarning = _show_warning
        try:
            return super().invoke(ctx)
        except ZSLError as error:
            typer.secho("error: ", fg="red", bold=True, nl=False, err=True)
            typer.echo(str(error), err=True)
            raise typer.Exit(FAILED) from error
        except KeyboardInterrupt:
            typer.echo("interrupted; run the same command to go on", err=True)
            raise typer.Exit(INTERRUPTED) from None


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    if not issubclass(category, DeprecationWarning):
        typer.secho("warning: ", fg="yellow", bold=True, nl=False, err=True)
        typer.echo(str(message), err=True)


class ProgressBars:
    """One bar a phase, with the latest losses; plain lines at each phase's end off a terminal."""

    def __init__(self) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        self._is_live = sys.stderr.isatty()
        self._tasks: dict[str, Any] = {}
        self._bars = Progress(
            TextColumn("{task.description:<28}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[losses]}"),
            console=_stderr(),
            disable=not self._is_live,
        )

    def __call__(self, record: StepRecord) -> None:
        """Show one record of progress."""
        losses = " ".join(f"{name} {value:.3g}" for name, value in record.losses.items())
        if record.phase not in self._tasks:
            self._tasks[record.phase] = self._bars.add_task(
                record.phase, total=record.steps, losses=losses
            )
        self._bars.update(
            self._tasks[record.phase], completed=record.step, total=record.steps, losses=losses
        )
        if not self._is_live and record.step == record.steps:
            typer.echo(f"{record.phase}: {record.steps} done {losses}".rstrip(), err=True)


@contextmanager
def progress() -> Iterator[ProgressBars]:
    """Show progress on stderr while the body runs."""
    bars = ProgressBars()
    with bars._bars:
        yield bars


def _stderr() -> Any:
    from rich.console import Console

    return Console(stderr=True)
