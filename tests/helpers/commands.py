"""Commands of `zsl`, run within the test's process."""

from __future__ import annotations

from typer.testing import CliRunner, Result

from zsl_images.cli import app

USAGE = 2
"""Exit code of wrong usage."""


def run(*arguments: object, stdin: str | None = None) -> Result:
    """Run `zsl`; errors that it does not report itself are raised."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result
