"""Streams that may lose their reader: what a command reports must not end its work."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal


class Unread:
    """A text stream that is silent from the moment at which it cannot be written.

    The program that reads it may have ended, the terminal may be closed, or the disk of a log may be
    full.

    Args:
        stream: Stream to write to.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text, if that is possible."""
        try:
            self._stream.write(text)
        except OSError:
            self._silence()
        return len(text)

    def flush(self) -> None:
        """Pass on what was written, if that is possible."""
        try:
            self._stream.flush()
        except OSError:
            self._silence()

    def _silence(self) -> None:
        """Lead the stream nowhere, so that what it still holds is no error at the end either."""
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


@contextmanager
def unread(name: Literal["stdout", "stderr"]) -> Iterator[None]:
    """Let nobody who reads one of the standard streams end the body by leaving."""
    stream = getattr(sys, name)
    if stream is None:  # a program without a terminal, on Windows
        yield
        return
    setattr(sys, name, Unread(stream))
    try:
        yield
        getattr(sys, name).flush()
    finally:
        setattr(sys, name, stream)
