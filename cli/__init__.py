"""The command line `zsl`: each command parses, calls the library and shows what came out."""

from .app import app

__all__ = ["app"]
