"""The HTTP API: its addresses, and what answers at each."""

from __future__ import annotations

import asyncio
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from zsl_images.classes.glossary import glossary_of
from zsl_images.classes.profiles import known_by, telling_attributes
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.defaults import TOP_K
from zsl_images.errors import ZSLError
from zsl_images.version import __version__
from zsl_images.web.examples import example_photos
from zsl_images.web.folder_api import FolderApi
from zsl_images.web.guard import Guard
from zsl_images.web.labeller import Labeller
from zsl_images.web.limits import Limits
from zsl_images.web.schemas import (
    Attribute,
    ClassEntry,
    Classes,
    ClassProfile,
    Edits,
    PhotoResult,
    Ranking,
    Ratings,
)
from zsl_images.web.uploads import FIELD, uploads_in

STATIC = Path(__file__).parent / "static"

_PHOTOS = {"type": "array", "items": {"type": "string", "format": "binary"}}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": {"type": "object", "properties": {FIELD: _PHOTOS}}},
            "image/*": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    408: {"description": "the request arrived too slowly"},
    413: {"description": "a photo or the request is too large, or there are too many photos"},
    422: {"description": "no photo could be read, or they took too long"},
    429: {"description": "too many uploads at once; try again in a second"},
}

TopK = Annotated[int, Query(ge=1, le=1000, description="candidates per photo")]


def create_app(
    classifier: ZeroShotClassifier,
    *,
    token: str | None = None,
    table_place: str | os.PathLike[str] | None = None,
    has_page: bool = True,
    root: str | os.PathLike[str] | None = None,
    limits: Limits | None = None,
) -> FastAPI:
    """The web application.

    Args:
        classifier: Labels the photos.
        token: Secret that requests must know; None if only this machine reaches the server.
        table_place: File of the class table or head, for the glossary beside it.
        has_page: Whether it serves the page, and not the API alone.
        root: Folder whose photos may be labelled and shown; nothing outside of it is opened. None if
            no folder may be.
        limits: Bounds on requests. Default: `Limits()`.

    Raises:
        DataError: The root is no folder.
    """
    limits = limits or Limits()
    app = FastAPI(
        title="zsl_images",
        version=__version__,
        description="Labels photos, even of classes without a training photo.",
        docs_url=None,
        redoc_url=None,
    )
    app.include_router(_Api(classifier, table_place, limits).router)
    if root is not None:
        app.include_router(FolderApi(classifier, Path(root)).router)
    app.add_exception_handler(ZSLError, _explained)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    pages = {"/docs": "docs.html"}
    if has_page:
        pages |= {"/": "index.html", "/gallery": "gallery.html"}
    for path, name in pages.items():
        app.add_route(path, partial(_page, name))
    app.add_middleware(Guard, token=token, limits=limits)
    return app


async def _page(name: str, _: Request) -> Response:
    return FileResponse(STATIC / name)


async def _explained(_: Request, error: Exception) -> Response:
    return JSONResponse({"detail": str(error)}, 422)


class _Api:
    """The addresses of the API."""

    def __init__(
        self,
        classifier: ZeroShotClassifier,
        table_place: str | os.PathLike[str] | None,
        limits: Limits,
    ) -> None:
        self._labeller, self._limits = Labeller(classifier, limits), limits
        self._glossary = glossary_of(classifier.table, table_place)
        self._worker = ThreadPoolExecutor(1)  # photos of one request at a time; the others wait
        self.router = APIRouter()
        for method, path, answer in (
            ("GET", "/classes", self.classes),
            ("GET", "/classes/{name:path}", self.profile),
            ("POST", "/rank", self.rank),
            ("GET", "/examples", self.examples),
            ("GET", "/table", self.ratings),
            ("POST", "/table", self.table),
            ("POST", "/head", self.head),
        ):
            self.router.add_api_route(path, answer, methods=[method])
        self.router.add_api_route(
            "/examples/{name}", self.example, methods=["GET"], response_class=FileResponse
        )
        self.router.add_api_route(
            "/predict", self.predict, methods=["POST"], openapi_extra=_BODY, responses=_REFUSALS
        )

    async def predict(
        self, request: Request, top_k: TopK = TOP_K, explain: bool = False
    ) -> list[PhotoResult]:
        """Label photos: send one as the body, or several as the form's field `photos`.

        A photo that cannot be read has an `error`; if none can be read, the status is 422.
        """
        async with uploads_in(request, self._limits) as uploads:
            work = asyncio.get_running_loop().run_in_executor(
                self._worker, self._labeller.predict, uploads, top_k, explain
            )
            try:
                rows = await asyncio.wait_for(asyncio.shield(work), self._limits.labelling)
            except TimeoutError:
                raise HTTPException(
                    422,
                    f"not labelled within {self._limits.labelling:g} seconds; send fewer or smaller "
                    "photos at once",
                ) from None
        if all(row["error"] for row in rows):
            raise HTTPException(422, "; ".join(row["error"] for row in rows))
        return [PhotoResult(**row) for row in rows]

    def rank(self, ranking: Ranking) -> list[PhotoResult]:
        """Label photos again that were sent before, with an edited class table."""
        rows = self._labeller.rank(ranking.photos, ranking, ranking.top_k, ranking.explain)
        return [PhotoResult(**row) for row in rows]

    def classes(self) -> Classes:
        """List the candidates, and the attributes that describe them."""
        table = self._labeller.classifier.table
        known = zip(table.names, known_by(table), strict=True)
        ratings = table.ratings
        low, high = (float(ratings.min()), float(ratings.max())) if ratings.size else (0.0, 1.0)
        return Classes(
            classes=[ClassEntry(name=name, known_by=how) for name, how in known],
            attributes=[Attribute(**vars(entry)) for entry in self._glossary.values()],
            low=low,
            high=high,
        )

    def profile(self, name: str) -> ClassProfile:
        """Show one class, with the attributes that tell it apart from those most like it."""
        table = self._labeller.classifier.table
        (row,) = table.rows_of([name])
        return ClassProfile(
            name=name,
            known_by=known_by(table)[row],
            attributes=dict(zip(table.attribute_names, table.attributes[row].tolist(), strict=True)),
            telling=telling_attributes(table, name, table.ratings.shape[1]),
        )

    def examples(self) -> list[str]:
        """List photos to try this with, from installed packages."""
        return list(example_photos())

    def example(self, name: str) -> Response:
        """Download one of them."""
        photos = example_photos()
        if name not in photos:
            raise HTTPException(404, f"there is no example {name}; GET /examples lists them")
        return FileResponse(photos[name])

    def ratings(self) -> Ratings:
        """List the values of all classes."""
        table = self._labeller.classifier.table
        values = table.ratings.tolist()
        return Ratings(
            attributes=list(table.attribute_names[: table.ratings.shape[1]]),
            rows=dict(zip(table.names, values, strict=True)),
        )

    def table(self, edits: Edits) -> Response:
        """Download the edited class table, as CSV."""
        table = self._labeller.edited(edits).table
        return Response(table.to_csv(), media_type="text/csv", headers=_named("classes.csv"))

    def head(self, edits: Edits) -> Response:
        """Download the head file with the edited class table."""
        classifier = self._labeller.edited(edits)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "head.safetensors"
            classifier.save(path)
            content = path.read_bytes()
        return Response(
            content, media_type="application/octet-stream", headers=_named("head.safetensors")
        )


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
