"""Uploads: the photos in a request, as a form or as the whole body, within the limits."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO, cast

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from zsl_images.web.labeller import Upload
from zsl_images.web.limits import MEGABYTE, Limits

FIELD = "photos"
"""Field of a form that holds photos."""

_IN_MEMORY = MEGABYTE
"""Bytes of a photo that are kept in memory; the rest of a larger one goes to a temporary file."""


@asynccontextmanager
async def uploads_in(request: Request, limits: Limits) -> AsyncIterator[list[Upload]]:
    """The photos of a request, open until the body ends.

    Raises:
        HTTPException: There is none (422), or they are too large or too many (413).
    """
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        form = await _form_of(request, limits)
        try:
            yield _photos_in(form, limits)
        finally:
            await form.close()
        return
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        async for chunk in request.stream():
            file.write(chunk)
            if file.tell() > limits.file:
                raise _too_large("the photo", limits)
        if not file.tell():
            raise HTTPException(
                422, f"no photo; send it as the body, or photos as a form's field `{FIELD}`"
            )
        file.seek(0)
        yield [Upload(request.query_params.get("name", "photo"), cast(BinaryIO, file))]


async def _form_of(request: Request, limits: Limits) -> FormData:
    """The form in a request; too many parts end it while it arrives."""
    try:
        return await request.form(max_files=limits.files, max_fields=limits.files)
    except HTTPException as error:  # starlette calls all of them 400
        if error.status_code != 400:
            raise
        status = 413 if "Too many" in str(error.detail) else 422
        raise HTTPException(status, f"the form cannot be read: {error.detail}") from error


def _photos_in(form: FormData, limits: Limits) -> list[Upload]:
    photos = [part for part in form.getlist(FIELD) if isinstance(part, UploadFile)]
    if not photos:
        raise HTTPException(422, f"no photo in the form; send photos in its field `{FIELD}`")
    for photo in photos:
        if (photo.size or 0) > limits.file:
            raise _too_large(photo.filename or "a photo", limits)
    return [Upload(photo.filename or "photo", photo.file) for photo in photos]


def _too_large(name: str, limits: Limits) -> HTTPException:
    return HTTPException(413, f"{name}: more than {limits.file // MEGABYTE} MB; make it smaller")
