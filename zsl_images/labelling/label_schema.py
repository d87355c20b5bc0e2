"""Columns of a label file, whatever its form."""

from __future__ import annotations

import pyarrow as pa

from zsl_images.features.feature_files import FACTS

SCHEMA = pa.schema(
    [
        ("path", pa.string()),
        ("label", pa.string()),
        ("probability", pa.float32()),
        ("is_seen", pa.bool_()),
        ("known_by", pa.string()),
        ("top_labels", pa.list_(pa.string())),
        ("top_probabilities", pa.list_(pa.float32())),
        ("unknown_score", pa.float32()),
        ("is_unknown", pa.bool_()),
        ("label_set", pa.list_(pa.string())),
        ("answer", pa.string()),
        ("answer_level", pa.string()),
        ("answer_probability", pa.float32()),
        ("error", pa.string()),
        *FACTS,
        ("size", pa.int64()),
        ("mtime", pa.int64()),
        ("head", pa.string()),
        ("backbone", pa.string()),
        ("version", pa.string()),
    ]
)
"""Columns of a label file; README explains each of them."""

REQUIRED = frozenset(SCHEMA.names) - {"known_by", "is_unknown", "label_set", *FACTS.names}
"""Columns of every label file; those of earlier versions do not have the others."""
