"""The cluster: the work of `labelling` on many machines, run by Ray Data."""

from __future__ import annotations
