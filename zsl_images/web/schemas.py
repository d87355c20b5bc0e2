"""Schemas: what the API takes and gives, as checked types."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

Number = Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class Candidate(BaseModel):
    """A class that a photo may show."""

    label: str
    probability: float = Field(description="0 to 1, among all candidates")
    is_seen: bool = Field(description="whether the head learned the class from photos")
    known_by: str = Field(description="photos, backbone, attributes or descriptions")


class Influence(BaseModel):
    """How much an attribute speaks for the label and against the runner-up."""

    attribute: str
    share: float = Field(description="-1 to 1, positive if it speaks for the label")
    value: float | None
    runner_up_value: float | None


class Neighbour(BaseModel):
    """A class with photos that the photo resembles."""

    label: str
    distance: float


class Explanation(BaseModel):
    """Why a photo got its label."""

    label: str
    runner_up: str | None
    attributes: list[Influence]
    nearest_seen: list[Neighbour]


class PhotoResult(BaseModel):
    """The label of a photo, or the reason why there is none."""

    id: str | None = Field(description="names the photo in later requests; null if it was not read")
    path: str = Field(description="name of the photo, as it was sent")
    label: str | None
    probability: float | None
    is_seen: bool | None
    known_by: str | None
    top: list[Candidate]
    unknown_score: float | None = Field(description="0 to 1: how unlike every candidate it is")
    is_unknown: bool = Field(description="whether it is unlike anything known")
    rival: str | None = Field(description="the second class, if it is at least half as probable")
    error: str | None
    explanation: Explanation | None = None


class ClassEntry(BaseModel):
    """A candidate class."""

    name: str
    known_by: str = Field(description="photos, backbone, attributes or descriptions")


class Attribute(BaseModel):
    """An attribute of the class table, as the glossary explains it."""

    attribute: str
    meaning: str
    scale: str
    high: str
    low: str


class Classes(BaseModel):
    """The candidates and the attributes that describe them."""

    classes: list[ClassEntry]
    attributes: list[Attribute]
    low: float = Field(description="least value of an attribute in the table")
    high: float = Field(description="greatest value of an attribute in the table")


class ClassProfile(BaseModel):
    """One class: its attributes, and which of them tell it apart from those most like it."""

    name: str
    known_by: str
    attributes: dict[str, float]
    telling: list[str] = Field(description="all attributes, the most telling first")


class NewClass(BaseModel):
    """A class to add: its attributes, all that the table has."""

    name: Name
    attributes: Annotated[dict[str, Number], Field(max_length=10_000)]


class Edits(BaseModel):
    """What a person changes in the class table."""

    classes: list[NewClass] = Field(default=[], description="classes to add to those of the head")
    changes: dict[Name, dict[str, Number]] = Field(
        default={}, max_length=10_000, description="class of the head, attribute, its new value"
    )


class Ratings(BaseModel):
    """The class table: the values of all classes."""

    attributes: list[str]
    rows: dict[str, list[float]] = Field(description="class, its values in the order of attributes")


class Folder(BaseModel):
    """A folder below the root."""

    path: str = Field(description="from the root, with slashes; empty for the root itself")
    folders: list[str] = Field(description="folders right below it")
    is_labelled: bool = Field(description="whether it has a label file of this page")


class FolderPath(BaseModel):
    """A folder to work on."""

    path: str = ""


class Run(BaseModel):
    """How far the labelling of a folder is."""

    path: str = ""
    is_running: bool = False
    done: int = 0
    failures: int = 0
    total: int | None = Field(default=None, description="photos in the folder, once they are counted")
    error: str | None = None


class GalleryRow(BaseModel):
    """A photo of a labelled folder."""

    row: int = Field(description="names the photo in later requests")
    path: str
    label: str | None = Field(description="label of the machine")
    probability: float | None
    unknown_score: float | None
    error: str | None
    correction: str | None = Field(description="label that a person gave")


class GalleryPage(BaseModel):
    """Some photos of a labelled folder, the most doubtful first."""

    total: int
    corrected: int
    rows: list[GalleryRow]


class Corrections(BaseModel):
    """Labels that a person gives to photos; null takes one back."""

    path: str = ""
    rows: Annotated[list[int], Field(max_length=100_000)]
    labels: Annotated[list[Name | None], Field(max_length=100_000)]


class Ranking(Edits):
    """Photos to label again, with an edited class table."""

    photos: list[str]
    top_k: Annotated[int, Field(ge=1, le=1000)] = 5
    explain: bool = False
