"""Pages: templates become HTML files that need nothing else, neither network nor other files."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from zsl_images.files import replacing
from zsl_images.names import printable
from zsl_images.version import __version__


def write_page(template: str, out: str | os.PathLike[str], **values: Any) -> None:
    """Write a page; all that comes from data is escaped.

    Args:
        template: Name of a file in `templates`.
        out: HTML file to write.
        **values: What the template names.

    Raises:
        OutputError: The file cannot be written.
    """
    pages = Environment(
        loader=PackageLoader("zsl_images.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {"percent": _percent, "plain": printable, "thousands": "{:,}".format}
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    text = pages.get_template(template).render(values, made=made, version=__version__)
    with replacing(out) as temporary:
        Path(temporary).write_text(text, "utf-8", "xmlcharrefreplace")


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
