"""What goes to the terminal besides results: errors, warnings and progress, all to stderr."""

from __future__ import annotations

import io
import json
import logging
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import typer

from zsl_images.errors import DataError, ZSLError
from zsl_images.names import printable

from .help import HelpfulGroup
from .streams import unread

if TYPE_CHECKING:
    from zsl_images.features.skipped_files import LeftOut
    from zsl_images.labelling.runs import Progress
    from zsl_images.progress import StepRecord
    from zsl_images.results import Failure

FAILED = 1
FINISHED_WITH_FAILURES = 3
INTERRUPTED = 130


def echo(text: str, err: bool = False) -> None:
    """Print a line that may hold names from anywhere, without what would steer the terminal."""
    typer.echo(printable(text), err=err)


class Printable:
    """A text stream on a terminal, on which names cannot do anything but be seen.

    Args:
        stream: Stream to write to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write lines without what would steer the terminal."""
        return self._stream.write(printable(text, allowed="\n"))


def write_as(encoding: str) -> None:
    """Write what follows on stdout in this encoding, whatever that of the console is."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding=encoding)


class ReportingGroup(HelpfulGroup):
    """Turns the library's errors into one line on stderr and an exit code."""

    def main(self, *args: Any, **settings: Any) -> Any:
        """Run the command line; letters that the console does not have are escaped."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        return super().main(*args, **settings)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; report an error of ours and exit with `FAILED`."""
        warnings.showwarning = _show_warning
        _show_log()
        with unread("stderr"):
            try:
                return super().invoke(ctx)
            except ZSLError as error:
                _say_error(str(error))
                raise typer.Exit(FAILED) from error
            except ModuleNotFoundError as error:
                _say_error(_needed(error))
                raise typer.Exit(FAILED) from error
            except KeyboardInterrupt:
                typer.echo("interrupted; run the same command to continue", err=True)
                raise typer.Exit(INTERRUPTED) from None


def _say_error(message: str) -> None:
    typer.secho("error: ", fg="red", bold=True, nl=False, err=True)
    echo(message, err=True)


_LEARNING = ("torch", "torchvision", "timm")
"""Packages that labelling does without, and that learning and converting a backbone need."""

_PACKAGE_OF = {"PIL": "pillow", "sklearn": "scikit-learn", "cv2": "opencv-python"}
"""Module → package, if their names differ."""


def _needed(error: ModuleNotFoundError) -> str:
    """Which package a command needs, and how to install it.

    Raises:
        ModuleNotFoundError: A module of this package is missing, which is a fault of ours.
    """
    module = (error.name or "").partition(".")[0]
    if module in ("", __name__.partition(".")[0]):
        raise error
    package = _PACKAGE_OF.get(module, module)
    packages = " ".join(_LEARNING) if module in _LEARNING else package
    return f"this command needs {package}, which is not installed: pip install {packages}"


@contextmanager
def usage_errors() -> Iterator[None]:
    """Report what the library finds wrong with the options as wrong usage, exit code 2."""
    try:
        yield
    except DataError as error:
        raise typer.BadParameter(str(error)) from error


def finish(failures: Sequence[Failure]) -> None:
    """End a command: report the photos that were left out, with exit code 3 if there are any."""
    for failure in failures:
        echo(f"left out: {failure.reason}", err=True)
    finish_with(len(failures))


def finish_with(failures: int, left_out: LeftOut | None = None, err: bool = True) -> None:
    """End a command, with exit code 3 if some photos or folders could not be read.

    Args:
        failures: Number of photos that could not be read.
        left_out: What the search for photos left out; one line says it.
        err: Whether that line goes to stderr.
    """
    if left_out:
        echo(str(left_out), err=err)
    if failures or (left_out and left_out.folders):
        raise typer.Exit(FINISHED_WITH_FAILURES)


def _show_warning(
    message: Warning | str, category: type[Warning], filename: str, *_: Any, **__: Any
) -> None:
    """Show a warning; those of Pillow do not say which photo they are about, and need no action."""
    if not issubclass(category, DeprecationWarning) and Path(filename).parent.name != "PIL":
        typer.secho("warning: ", fg="yellow", bold=True, nl=False, err=True)
        echo(str(message), err=True)


class _OnStderr(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        typer.echo(record.getMessage(), err=True)


def _show_log() -> None:
    """Show what the library reports about work that takes a while."""
    log = logging.getLogger("zsl_images")
    log.setLevel(logging.INFO)
    if not log.handlers:
        log.addHandler(_OnStderr())


class ProgressBars:
    """One bar per phase, with the latest losses; without a terminal, one line at the end of each."""

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


_REPORTED = ("done", "kept", "failures", "unlabelled", "changed", "gone", "is_complete")
"""Fields of `Progress` in a line of JSON."""


class LabelProgress:
    """Progress of labelling: JSON lines if asked for, else a bar if there is a terminal.

    The first Ctrl-C finishes the photos in progress; the second stops at once.
    """

    def __init__(self, is_json: bool, bars: Any) -> None:
        self._is_json, self._bars = is_json, bars
        self.total: int | None = None
        self._task = bars.add_task("labelling", total=None, failures=0, unlabelled=0, speed=0.0)
        self._start = time.monotonic()
        self._is_interrupted = False

    def is_interrupted(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self._is_interrupted

    def interrupt(self, *_: Any) -> None:
        """Handle Ctrl-C."""
        if self._is_interrupted:
            raise KeyboardInterrupt
        self._is_interrupted = True
        typer.echo("finishing the photos in progress; press Ctrl-C again to stop at once", err=True)

    def count(self, photos: Callable[[], int]) -> None:
        """Count the photos, for the total."""
        with suppress(ZSLError):  # the run itself reports it
            self.total = photos()
        self._bars.update(self._task, total=self.total)

    def __call__(self, progress: Progress) -> None:
        """Show one record of progress."""
        seconds = time.monotonic() - self._start
        speed = (progress.done - progress.kept) / seconds
        if not self._is_json:
            self._bars.update(
                self._task,
                completed=progress.done,
                failures=progress.failures,
                unlabelled=progress.unlabelled,
                speed=speed,
            )
            return
        left = None if self.total is None or not speed else (self.total - progress.done) / speed
        record = {
            **{name: getattr(progress, name) for name in _REPORTED},
            "total": self.total,
            "photos_per_second": round(speed, 2),
            "eta_seconds": None if left is None else round(max(0.0, left), 1),
        }
        typer.echo(json.dumps(record), err=True)


@contextmanager
def label_progress(
    is_json: bool, photos: Callable[[], int] | None, can_stop: bool = True
) -> Iterator[LabelProgress]:
    """Show the progress of labelling on stderr and handle Ctrl-C while the body runs.

    Args:
        is_json: Whether to show it as JSON, one object per line.
        photos: Counts the photos while they are being labelled; None if that is not possible.
        can_stop: Whether the body asks `is_interrupted`; if not, Ctrl-C ends it at once.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bars = Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]:.1f} photos/s"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[unlabelled]} without a label, {task.fields[failures]} unreadable"),
        console=_stderr(),
        disable=is_json or not sys.stderr.isatty(),
    )
    show = LabelProgress(is_json, bars)
    if is_json:  # each line on stderr is one object
        logging.getLogger("zsl_images").setLevel(logging.WARNING)
    before = signal.getsignal(signal.SIGINT)
    if can_stop:
        signal.signal(signal.SIGINT, show.interrupt)
    try:
        with bars:
            if photos:
                threading.Thread(target=show.count, args=(photos,), daemon=True).start()
            yield show
    finally:
        signal.signal(signal.SIGINT, before)


def _stderr() -> Any:
    from rich.console import Console

    return Console(stderr=True, emoji=False)
