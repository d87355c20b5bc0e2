"""`zsl serve`: a page and an HTTP API on this machine."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from zsl_images.errors import DataError

from .console import echo
from .decision_options import Candidates
from .options import needs

PACKAGES = ("fastapi", "uvicorn", "python_multipart")
"""Modules of the extra `web`."""


def serve(
    candidates: Candidates,
    host: Annotated[
        str,
        typer.Option(
            help="Address to listen on. Beyond this machine, a token is required: that of $ZSL_TOKEN, "
            f"or a random one, which is part of the address printed. Needs {needs('web')}."
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for a free one.")] = 8000,
    root: Annotated[
        Path | None,
        typer.Option(
            help="Folder whose photos may be labelled and looked through on the page. Label files and "
            "corrections are written into it; nothing outside of it is opened."
        ),
    ] = None,
    api_only: Annotated[
        bool, typer.Option("--api-only", help="Serve the HTTP API without the page.")
    ] = False,
) -> None:
    """Label photos on a page in the browser, or by HTTP from other programs.

    The page also edits classes: move a slider, and the ranking of your photos
    follows. Nothing leaves this machine. The API is described at /docs.
    """
    if any(importlib.util.find_spec(name) is None for name in PACKAGES):
        raise DataError(f"the page needs more packages: {needs('web')}".replace("\\", ""))
    classifier = candidates.classifier()

    from zsl_images.head.shipped_heads import head_path
    from zsl_images.web.server import Server

    place = candidates.attributes or head_path(candidates.head)
    server = Server(classifier, host, port, has_page=not api_only, root=root, table_place=place)
    echo(f"open {server.address} (Ctrl-C stops the server)")
    server.run()
