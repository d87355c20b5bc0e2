"""Verifying: whether a head file is whole, and whether its backbone is the one it was trained with."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass

from zsl_images.errors import HeadError
from zsl_images.features.backbones import recorded_backbone
from zsl_images.head.head_file import load_head
from zsl_images.hub.cards import recorded_sha256
from zsl_images.hub.checksums import sha256_of
from zsl_images.hub.repositories import CARD_FILE, find_head


@dataclass(frozen=True)
class Verified:
    """What was found of a head that is in order.

    Args:
        file: Path of its file.
        sha256: Hash of the file.
        is_recorded: Whether a card beside the file records this hash.
        classes: Number of its classes.
        values: Number of values in its tensors, all of them finite.
        backbone: Name of its backbone.
        backbone_sha256: Hash of the backbone's weights; "" if the head was trained on features.
    """

    file: str
    sha256: str
    is_recorded: bool
    classes: int
    values: int
    backbone: str
    backbone_sha256: str


def verify_head(name: str | os.PathLike[str]) -> Verified:
    """Verify a head: hash, header, shapes, finite values, and its backbone.

    The hash is compared with that in a card beside the file, if there is one. The backbone is loaded;
    its weights and preprocessing must be those that the head was trained with.

    Args:
        name: See `find_head`.

    Raises:
        HeadError: The file is missing, damaged, unsafe or no head, or another one than its card says.
        BackboneError: The backbone is not available, or is another one.
    """
    file = find_head(name)
    head = load_head(file)
    found, recorded = sha256_of(file), recorded_sha256(file.with_name(CARD_FILE))
    if recorded not in (None, found):
        raise HeadError(
            f"{file} has the sha256 {found}, but its card {CARD_FILE} says {recorded}: the file is "
            "damaged, or another one; copy both again"
        )
    info = head.backbone
    if info.weights_sha256:
        recorded_backbone(**asdict(info), feature_dim=head.model.config.feature_dim).network()
    values = sum(tensor.numel() for tensor in head.model.state_dict().values())
    return Verified(
        str(file), found, recorded is not None, len(head.table), values, info.name, info.weights_sha256
    )
