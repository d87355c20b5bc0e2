"""The guard: refuses requests from other sites, without the token, too large, too slow or too many."""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import socket
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from zsl_images.web.limits import MEGABYTE, Limits

UPLOADS = "/predict"
"""Path that takes photos."""

PUBLIC = ("/", "/docs", "/gallery", "/static/")
"""Paths that need no token, for they hold nothing but the page itself; those below the last too."""

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of every answer: nothing from elsewhere is loaded, and no other page can embed this one."""


class Guard:
    """ASGI middleware in front of the API.

    A page of another site can make a browser send requests to this server. So the host that the browser
    was told must be an address, `localhost` or this machine (a name of somebody else's may be pointed
    at this server at any time), and a request that a page sends must come from our own page.

    Args:
        app: What answers the requests that pass.
        token: Secret that requests must know; None if there is none.
        limits: Bounds on requests.
    """

    def __init__(self, app: ASGIApp, token: str | None, limits: Limits) -> None:
        self._app, self._token, self._limits = app, token, limits
        self._uploads = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, path = Headers(scope=scope), scope["path"]

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        is_upload = scope["method"] == "POST" and path == UPLOADS
        try:
            self._check(headers, path)
            most = self._limits.upload if is_upload else self._limits.body
            if int(headers.get("content-length") or 0) > most:
                raise _too_large(most)
            if is_upload and self._uploads >= self._limits.uploads:
                raise HTTPException(
                    429, "too many uploads at once; try again in a second", {"Retry-After": "1"}
                )
        except HTTPException as error:
            refusal = JSONResponse({"detail": error.detail}, error.status_code, error.headers)
            await refusal(scope, receive, secured)
            return
        self._uploads += is_upload
        try:
            await self._app(scope, _bounded(receive, most, self._limits), secured)
        finally:
            self._uploads -= is_upload

    def _check(self, headers: Headers, path: str) -> None:
        """Refuse a request from elsewhere, or without the token."""
        host = headers.get("host", "")
        if not _is_ours(host):
            raise HTTPException(
                403, "this server answers to addresses, localhost and its machine's name only"
            )
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            raise HTTPException(403, "this request was sent by a page of another site")
        if self._token is None or path in PUBLIC or path.startswith(PUBLIC[-1]):
            return
        given = headers.get("authorization", "").removeprefix("Bearer ")
        if not secrets.compare_digest(given.encode(), self._token.encode()):
            raise HTTPException(
                401,
                "the token is missing or wrong; send the header `Authorization: Bearer TOKEN`, "
                "or open the page at the address that `zsl serve` printed",
                {"WWW-Authenticate": "Bearer"},
            )


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine reach a server that is bound to `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_ours(netloc: str) -> bool:
    """Whether a Host header names this machine, by its address or a name of its own."""
    try:
        name = urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name in ("localhost", socket.gethostname().lower())
    return True


def _bounded(receive: Receive, most: int, limits: Limits) -> Receive:
    """A source of the request's bytes that ends with an error if they are too many or too slow."""
    loop = asyncio.get_running_loop()
    received, end = 0, loop.time() + limits.receiving
    is_whole = False

    async def bounded() -> Message:
        nonlocal received, is_whole
        if is_whole:  # what comes next is that the client has gone, however long that takes
            return await receive()
        try:
            async with asyncio.timeout(max(0, min(limits.idle, end - loop.time()))):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, "the request did not arrive in time; send it again") from None
        received += len(message.get("body", b""))
        if received > most:
            raise _too_large(most)
        is_whole = not message.get("more_body", False)
        return message

    return bounded


def _too_large(most: int) -> HTTPException:
    return HTTPException(
        413, f"a request of more than {most // MEGABYTE} MB; send fewer or smaller photos at once"
    )
