"""Roll-back: a training that returns to its best weights when it does worse on validation rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy

import torch

from zsl_images.model.mmvae import MultiModalVAE, dropping
from zsl_images.progress import StepRecord


class RollBack:
    """Keeps the weights if the score is the best of all looks, else goes back to the best ones.

    Yu & Lee's code does this every 100 steps of generate-and-learn. It keeps encoder and decoder from
    agreeing with each other while they leave the data.

    Args:
        score: Gives a model, in eval mode, its score on validation rows; higher is better.
        interval: Number of steps between two looks; the last step is followed by one too.

    Attributes:
        share: Share of the steps that led to the best weights, 0 to 1. A training without
            validation rows can take as many.
    """

    def __init__(self, score: Callable[[MultiModalVAE], float], interval: int) -> None:
        self.score, self.interval, self.share = score, interval, 1.0

    def over(self, steps: Iterable[StepRecord], model: MultiModalVAE) -> Iterator[StepRecord]:
        """Take the steps, and leave the model with the best weights of all looks.

        Args:
            steps: Trains the model by one step per record.
            model: Its weights at the start count as well.
        """
        best, weights, kept, last_look = self._look(model), deepcopy(model.state_dict()), 0, 0
        for record in steps:
            if record.step - last_look == self.interval or record.step == record.steps:
                score = self._look(model)
                if score > best:
                    best, weights = score, deepcopy(model.state_dict())
                    kept += record.step - last_look
                else:
                    model.load_state_dict(weights)
                last_look, self.share = record.step, kept / record.steps
            yield record

    def _look(self, model: MultiModalVAE) -> float:
        with torch.no_grad(), dropping(model, with_dropout=False):
            return self.score(model)
