"""The command line `zsl`: each command parses its options, calls the library and shows the result."""

from .app import app

__all__ = ["app"]
