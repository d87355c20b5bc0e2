"""The part of the API that works on folders, for a server with a root."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import DataError
from zsl_images.files import path_of_text
from zsl_images.labelling.label_cells import to_cell
from zsl_images.web.folder_runs import FolderRuns
from zsl_images.web.gallery import LABELS, Gallery
from zsl_images.web.rooted import Root
from zsl_images.web.schemas import Corrections, Folder, FolderPath, GalleryPage, GalleryRow, Run
from zsl_images.web.thumbnail_cache import kept_thumbnail

Count = Annotated[int, Query(ge=0, le=500)]
Offset = Annotated[int, Query(ge=0)]


class FolderApi:
    """The addresses under `/folder`.

    Args:
        classifier: Labels the photos.
        root: Folder outside of which nothing is opened.
    """

    def __init__(self, classifier: ZeroShotClassifier, root: Path) -> None:
        self._root, self._runs = Root(root), FolderRuns(classifier)
        self._open: tuple[tuple[Path, int], Gallery] | None = None
        self.router = APIRouter(prefix="/folder")
        for method, path, answer in (
            ("GET", "", self.folder),
            ("POST", "/label", self.label),
            ("POST", "/stop", self.stop),
            ("GET", "/run", self.run),
            ("GET", "/labels", self.labels),
            ("GET", "/rows", self.rows),
            ("GET", "/thumbnail", self.thumbnail),
            ("POST", "/corrections", self.correct),
            ("GET", "/export", self.export),
        ):
            self.router.add_api_route(path, answer, methods=[method])

    def folder(self, path: str = "") -> Folder:
        """List the folders below a folder."""
        real = self._root.folder_inside(path)
        name = real.relative_to(self._root.folder).as_posix()
        return Folder(
            path="" if name == "." else name,
            folders=self._root.folders_in(path),
            is_labelled=(real / LABELS).is_file(),
        )

    def label(self, folder: FolderPath) -> Run:
        """Label a folder in the background, or continue; its label file is written into it."""
        self._runs.start(self._root.folder_inside(folder.path), folder.path)
        return self._runs.run

    def stop(self) -> Run:
        """Stop labelling once the photos in progress are done."""
        self._runs.stop()
        return self._runs.run

    def run(self) -> Run:
        """Tell how far the labelling is."""
        return self._runs.run

    def labels(self, path: str = "") -> dict[str, int]:
        """Count the photos of a labelled folder per label, those without one under an empty name."""
        return self._gallery(path).labels()

    def rows(
        self, path: str = "", label: str | None = None, offset: Offset = 0, count: Count = 100
    ) -> GalleryPage:
        """List photos of a labelled folder, the most doubtful first."""
        gallery = self._gallery(path)
        total, rows = gallery.page(label, offset, count)
        return GalleryPage(
            total=total,
            corrected=len(gallery.corrections),
            rows=[GalleryRow(**row) for row in rows],
        )

    def thumbnail(self, row: int, path: str = "") -> Response:
        """Show a photo of a labelled folder, small."""
        photo = self._root.inside(path_of_text(self._gallery(path).path(row)))
        headers = {"Cache-Control": "private, max-age=3600"}
        return Response(kept_thumbnail(photo), media_type="image/jpeg", headers=headers)

    def correct(self, corrections: Corrections) -> list[str | None]:
        """Write the labels that a person gives beside the label file; answers what was there before."""
        return self._gallery(corrections.path).correct(corrections.rows, corrections.labels)

    def export(self, path: str = "") -> StreamingResponse:
        """Download path, label and who gave it, of every photo with a label, as CSV."""
        headers = {"Content-Disposition": 'attachment; filename="labels.csv"'}
        return StreamingResponse(_lines(self._gallery(path)), media_type="text/csv", headers=headers)

    def _gallery(self, path: str) -> Gallery:
        """The gallery of a folder, read again if its label file has changed."""
        labels = self._root.inside(self._root.folder_inside(path) / LABELS)
        if not labels.is_file():
            raise DataError(f"{path or 'this folder'} is not labelled yet; label it first")
        key = labels, labels.stat().st_mtime_ns
        if self._open is None or self._open[0] != key:
            self._open = key, Gallery(labels)
        return self._open[1]


def _lines(gallery: Gallery) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("path", "label", "given_by"))
    for row in gallery.export():
        writer.writerow([to_cell(cell) for cell in row])
        if text.tell() > 65_536:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()
