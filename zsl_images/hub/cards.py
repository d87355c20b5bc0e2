"""Model cards: what a head file says of itself, as a page of a model hub."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from zsl_images.head.head import Head
from zsl_images.hub.checksums import sha256_of
from zsl_images.names import printable

_KEY = "zsl_images"
"""Key of a card's front matter under which the package keeps what it reads again."""

_RECORDED = re.compile(rf"\A---\n(?s:.*?)^{_KEY}:\n  sha256: '?([0-9a-f]{{64}})'?$", re.MULTILINE)


def card_of(head: Head, file: Path, repository: str, licence: str | None = None) -> str:
    """The model card of a head: YAML front matter, then Markdown.

    Args:
        head: The head.
        file: Its file, whose hash the card records.
        repository: `USER/NAME` on the hub, or any name.
        licence: Identifier of the weights' licence, such as `apache-2.0`. Default: none is named.
    """
    from huggingface_hub import ModelCardData

    info, table = head.backbone, head.table
    recorded: dict[str, Any] = {
        _KEY: {
            "sha256": sha256_of(file),
            "version": head.version,
            "backbone": info.name,
            "backbone_sha256": info.weights_sha256,
        }
    }
    data = ModelCardData(
        library_name="zsl_images",
        license=licence,
        pipeline_tag="zero-shot-image-classification",
        tags=["zero-shot-learning", "attributes"],
        **recorded,
    )
    seen, unseen = map(_listed, (table.seen_names, table.unseen_names))
    figures = [f"| {name} | {value:.3f} |" for name, value in head.calibration.metrics.items()]
    lines = [
        f"---\n{data.to_yaml()}\n---\n",
        f"# {printable(repository)}\n",
        f"A head of zsl_images for {len(table)} classes: it learned "
        f"{len(table.seen_names)} from photos (seen) and knows {len(table.unseen_names)} from their "
        "attributes alone (unseen).\n",
        "| | |\n|---|---|",
        f"| File | `{file.name}`, {file.stat().st_size / 1e6:.1f} MB, safetensors with a JSON header |",
        f"| Backbone | `{printable(info.name)}`, {head.model.config.feature_dim} features |",
        f"| Attributes | {len(table.attribute_names)} |",
        f"| Licence | {licence or 'not named'} |",
        f"| Made by | zsl_images {head.version} |\n",
        "## Use\n\n```python\nfrom zsl_images import ZeroShotClassifier\n",
        f'classifier = ZeroShotClassifier.from_pretrained("{repository}")',
        'print(classifier.predict("photo.jpg")[0].label)\n```\n',
        f"## Classes\n\nSeen: {seen}.\n\nUnseen: {unseen}.\n",
    ]
    if not head.calibration.uses_photos:
        lines.append("Calibrated without photos: its probabilities are less reliable.\n")
    if figures:
        head_line = "| figure | value, 0 to 1 |\n|---|---|"
        lines += ["## Figures of its training\n", head_line, *figures, ""]
    return "\n".join(lines)


def recorded_sha256(card: Path) -> str | None:
    """The hash of the head file that a card records; None if the card is none of this package."""
    try:
        found = _RECORDED.search(card.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found[1] if found else None


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(map(printable, names)) or "none"
