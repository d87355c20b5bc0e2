"""The hub: heads travel between machines, each with a card that is written from its file."""

from __future__ import annotations
