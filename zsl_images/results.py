"""Records of what came out: a label for an image, or the reason why there is none."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from zsl_images.errors import DataError


@dataclass(frozen=True)
class Candidate:
    """A class with its probability (0..1), and whether the head learned it from photos."""

    label: str
    probability: float
    is_seen: bool


@dataclass(frozen=True)
class LevelLabel:
    """The likeliest group at one level of a taxonomy, and its probability (0..1)."""

    level: str
    label: str
    probability: float


@dataclass(frozen=True)
class Influence:
    """What an attribute adds to the lead of a label over the runner-up.

    Args:
        attribute: its name; `description` for all that comes from words.
        share: -1..1, positive if it speaks for the label; over all attributes the absolute
            shares sum to 1.
        value: Value of the label in the class table; None for a description.
        runner_up_value: Value of the runner-up.
    """

    attribute: str
    share: float
    value: float | None
    runner_up_value: float | None


@dataclass(frozen=True)
class Neighbour:
    """A seen class, and how far from its class prior an image lies in latent space."""

    label: str
    distance: float


@dataclass(frozen=True)
class Explanation:
    """Why an image got its label, and not the next one.

    Args:
        label: the likeliest class.
        runner_up: The next one; None if there is no other candidate.
        attributes: all of them, the strongest influence first; none without a runner-up.
        nearest_seen: the seen classes that the image lies nearest to, the nearest first.
    """

    label: str
    runner_up: str | None
    attributes: tuple[Influence, ...]
    nearest_seen: tuple[Neighbour, ...]

    def to_dict(self) -> dict[str, Any]:
        """The fields of the JSON output, with the ten strongest attributes."""
        return asdict(replace(self, attributes=self.attributes[:10]))


@dataclass(frozen=True)
class Prediction:
    """What an image shows: candidates, the likeliest first.

    Args:
        path: Path of the image; None for an image given as an object.
        top: the likeliest classes, probabilities falling.
        unknown_score: 0..1, near 1 if the image lies farther from every candidate than images of
            known classes do; None if the head was not validated, or is of an older format.
        is_abstention: whether `top[0]` is not trusted enough to be the answer.
        levels: the likeliest group at each level of a taxonomy, from fine to coarse; empty without one.
        answer: The finest of them that is trusted enough; None if none is, or without a taxonomy.
        explanation: Why it gets its label; None if that was not asked for.
    """

    path: str | None
    top: tuple[Candidate, ...]
    unknown_score: float | None = None
    is_abstention: bool = False
    levels: tuple[LevelLabel, ...] = ()
    answer: LevelLabel | None = None
    explanation: Explanation | None = None

    def __post_init__(self) -> None:
        if not self.top:
            raise DataError("a prediction needs at least one candidate")
        probabilities = [candidate.probability for candidate in self.top]
        if sorted(probabilities, reverse=True) != probabilities:
            raise DataError(f"the likeliest candidate must come first, got {probabilities}")

    @property
    def label(self) -> str | None:
        """The likeliest class; None for an abstention."""
        return None if self.is_abstention else self.top[0].label

    @property
    def probability(self) -> float:
        """The probability of the likeliest class, 0..1."""
        return self.top[0].probability

    @property
    def is_seen(self) -> bool:
        """Whether the head learned the likeliest class from photos."""
        return self.top[0].is_seen

    def to_dict(self) -> dict[str, Any]:
        """The fields of the JSON output; those of levels and explanation if there are any."""
        fields: dict[str, Any] = {
            "path": self.path,
            "label": self.label,
            "probability": self.probability,
            "is_seen": self.is_seen,
            "top": [asdict(candidate) for candidate in self.top],
            "unknown_score": self.unknown_score,
            "error": None,
        }
        if self.levels:
            fields["levels"] = [asdict(level) for level in self.levels]
            fields["answer"] = asdict(self.answer) if self.answer else None
        if self.explanation:
            fields["explanation"] = self.explanation.to_dict()
        return fields


@dataclass(frozen=True)
class Failure:
    """An image that could not be labelled, and why."""

    path: str
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """The fields of the JSON output, the same as a prediction's."""
        return {
            "path": self.path,
            "label": None,
            "probability": None,
            "is_seen": None,
            "top": [],
            "unknown_score": None,
            "error": self.reason,
        }
