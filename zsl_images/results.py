"""Results: the label of an image, or the reason why there is none."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

from zsl_images.errors import DataError

CLOSE = 0.5
"""Share of the likeliest class's probability from which on the second likeliest is its rival."""


class PhotoFacts(NamedTuple):
    """What the file of a photo says of it; None for what it does not say.

    Args:
        taken: When it was taken, by the clock of the camera, such as `2024-05-31 18:04:59`.
        camera_make: Maker of the camera.
        camera_model: Model of the camera.
        width: Pixels across, when it stands upright.
        height: Pixels down.
    """

    taken: str | None = None
    camera_make: str | None = None
    camera_model: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True)
class Candidate:
    """A class with its probability (0..1).

    Args:
        label: Name of the class.
        probability: 0..1.
        is_seen: Whether the head learned it from photos.
        known_by: What the head knows it by: `photos`, `backbone`, `attributes` or `descriptions`.
    """

    label: str
    probability: float
    is_seen: bool
    known_by: str


@dataclass(frozen=True)
class LevelLabel:
    """The likeliest group at one level of a taxonomy, and its probability (0..1)."""

    level: str
    label: str
    probability: float


@dataclass(frozen=True)
class Influence:
    """How much an attribute adds to the lead of a label over the runner-up.

    Args:
        attribute: Name of the attribute; `description` for a description as a whole.
        share: Share of the lead, -1..1, positive if it speaks for the label; the absolute shares of
            all attributes sum to 1.
        value: Value of the label in the class table; None for a description.
        runner_up_value: Value of the runner-up in the class table; None for a description.
    """

    attribute: str
    share: float
    value: float | None
    runner_up_value: float | None


@dataclass(frozen=True)
class Neighbour:
    """A seen class, and the distance of an image from its class prior in latent space."""

    label: str
    distance: float


@dataclass(frozen=True)
class Explanation:
    """Why an image got its label, and not the next one.

    Args:
        label: The likeliest class.
        runner_up: The second likeliest class; None if there is no other candidate.
        attributes: Influences of all attributes, the strongest first; empty without a runner-up.
        nearest_seen: The nearest seen classes, the nearest first.
    """

    label: str
    runner_up: str | None
    attributes: tuple[Influence, ...] = field(repr=False)
    nearest_seen: tuple[Neighbour, ...] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The fields of the JSON output, with the ten strongest attributes."""
        return asdict(replace(self, attributes=self.attributes[:10]))


@dataclass(frozen=True)
class Prediction:
    """What an image shows: the likeliest candidates.

    Args:
        path: Path of the image; None for an image given as an object.
        top: The likeliest classes, the likeliest first.
        unknown_score: 0..1, near 1 if the image lies farther from every candidate than images of
            known classes do; None if the head was not validated, or has an old format.
        is_abstention: Whether `top[0]` is not the label, as it is not sure enough or the image unknown.
        is_unknown: Whether the image is too unlike every candidate to get a label or a group.
        levels: The likeliest group at each level of a taxonomy, from fine to coarse; empty without one.
        answer: The finest of these groups that is sure enough; None if none is, if the image is
            unknown, or without a taxonomy.
        label_set: Labels of which one is right for a stated share of images, the likeliest first; None
            if that was not asked for.
        explanation: Why the image gets its label; None if that was not asked for.
        facts: What the image's file says of it; of an image given as an object, its size.
    """

    path: str | None
    top: tuple[Candidate, ...]
    unknown_score: float | None = None
    is_abstention: bool = False
    is_unknown: bool = False
    levels: tuple[LevelLabel, ...] = ()
    answer: LevelLabel | None = None
    label_set: tuple[str, ...] | None = None
    explanation: Explanation | None = None
    facts: PhotoFacts | None = None

    def __post_init__(self) -> None:
        if not self.top:
            raise DataError("a prediction needs at least one candidate")
        probabilities = [candidate.probability for candidate in self.top]
        if sorted(probabilities, reverse=True) != probabilities:
            raise DataError(f"the likeliest candidate must come first, got {probabilities}")

    def __repr__(self) -> str:
        label = f"{self.label!r}, probability={self.probability:.3f}, is_seen={self.is_seen}"
        return f"Prediction(path={self.path!r}, label={label})"

    @property
    def label(self) -> str | None:
        """The likeliest class; None for an abstention, and for an unknown image."""
        return None if self.is_abstention else self.top[0].label

    @property
    def probability(self) -> float:
        """The probability of the likeliest class, 0..1."""
        return self.top[0].probability

    @property
    def rival(self) -> str | None:
        """The second likeliest class, if it is at least half as probable as the first."""
        second = self.top[1] if len(self.top) > 1 else None
        return second.label if second and second.probability >= CLOSE * self.probability else None

    @property
    def is_seen(self) -> bool:
        """Whether the head learned the likeliest class from photos."""
        return self.top[0].is_seen

    @property
    def known_by(self) -> str:
        """What the head knows the likeliest class by; see `Candidate`."""
        return self.top[0].known_by

    def to_dict(self) -> dict[str, Any]:
        """The fields of the JSON output; what was not asked for has none."""
        fields: dict[str, Any] = {
            "path": self.path,
            "label": self.label,
            "probability": self.probability,
            "is_seen": self.is_seen,
            "known_by": self.known_by,
            "top": [asdict(candidate) for candidate in self.top],
            "unknown_score": self.unknown_score,
            "is_unknown": self.is_unknown,
            "error": None,
        }
        if self.label_set is not None:
            fields["label_set"] = list(self.label_set)
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
        """The fields of the JSON output, the same as those of a prediction."""
        return {
            "path": self.path,
            "label": None,
            "probability": None,
            "is_seen": None,
            "known_by": None,
            "top": [],
            "unknown_score": None,
            "is_unknown": None,
            "error": self.reason,
        }
