"""The server: where it listens, and the address to open."""

from __future__ import annotations

import os
import secrets
import socket

import uvicorn

from zsl_images.arguments import count
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import DataError
from zsl_images.web.api import create_app
from zsl_images.web.guard import is_loopback

CONNECTIONS = 300
"""Open connections from which on further ones are answered with 503."""


class Server:
    """A server that is ready to run.

    Args:
        classifier: Labels the photos.
        host: Address or name to listen on.
        port: Port to listen on; 0 for a free one.
        has_page: Whether it serves the page, and not the API alone.
        root: See `create_app`.
        table_place: See `create_app`.

    Attributes:
        token: Secret that requests must know if others than this machine reach the server: that of
            $ZSL_TOKEN, or a random one.

    Raises:
        DataError: It cannot listen there, or the root is no folder.
    """

    def __init__(
        self,
        classifier: ZeroShotClassifier,
        host: str = "127.0.0.1",
        port: int = 8000,
        *,
        has_page: bool = True,
        root: str | os.PathLike[str] | None = None,
        table_place: str | os.PathLike[str] | None = None,
    ) -> None:
        self.token = None
        if not is_loopback(host) or os.environ.get("ZSL_TOKEN"):
            self.token = os.environ.get("ZSL_TOKEN") or secrets.token_urlsafe(24)
        app = create_app(
            classifier, token=self.token, has_page=has_page, root=root, table_place=table_place
        )
        self._socket = _listening(host, count("port", port, 0))
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS,
            h11_max_incomplete_event_size=32_768,
            timeout_keep_alive=10,
            timeout_graceful_shutdown=5,
        )
        self._server = uvicorn.Server(config)
        shown = f"[{host}]" if ":" in host else host
        self._base = f"http://{shown}:{self._socket.getsockname()[1]}"
        self._page = "/" if has_page else "/docs"

    @property
    def address(self) -> str:
        """The address to open in a browser, with the token where only that page reads it."""
        return f"{self._base}{self._page}" + (f"#token={self.token}" if self.token else "")

    def run(self) -> None:
        """Answer requests until Ctrl-C."""
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Let `run` return, from another thread."""
        self._server.should_exit = True

    def close(self) -> None:
        """Stop listening, if it never ran."""
        self._socket.close()


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens already, so that a browser that is early waits instead of failing.

    Raises:
        DataError: The address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise DataError(
            f"cannot listen on {host}, port {port} ({error.strerror or error}); choose another --port "
            "or --host"
        ) from error
