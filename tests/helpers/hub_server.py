"""A model hub in memory: answers what huggingface_hub asks for to download and to upload two files."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "a" * 40


class Hub:
    """Files by `USER/NAME/FILE`, the requests so far, and a repository that may not be written."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.locked = ""
        self.address = ""


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def answer(self, code: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def answer_json(self, content: object, code: int = 200) -> None:
            self.answer(code, json.dumps(content).encode(), Content_Type="application/json")

        def do_GET(self) -> None:
            hub.requests.append(f"{self.command} {self.path}")
            found = re.fullmatch(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)", self.path)
            body = hub.files.get(f"{found[1]}/{found[2]}") if found else None
            if body is None:
                is_repository = found and any(name.startswith(found[1]) for name in hub.files)
                code = "EntryNotFound" if is_repository else "RepoNotFound"
                self.answer(404, X_Error_Code=code, X_Error_Message="not found")
                return
            etag = hashlib.sha256(body).hexdigest()
            self.answer(200, body, ETag=f'"{etag}"', X_Repo_Commit=COMMIT)

        do_HEAD = do_GET

        def do_POST(self) -> None:
            hub.requests.append(f"{self.command} {self.path}")
            data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path == "/api/repos/create":
                asked = json.loads(data)
                name = f"{asked.get('organization') or 'user'}/{asked['name']}"
                self.answer_json({"url": f"{hub.address}/{name}", "name": name})
                return
            found = re.fullmatch(r"/api/models/([^/]+/[^/]+)/(preupload|commit)/main.*", self.path)
            if found and found[1] == hub.locked:
                self.answer_json({"error": "You may not write here"}, 403)
            elif found and found[2] == "preupload":
                files = [
                    {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                    for file in json.loads(data)["files"]
                ]
                self.answer_json({"files": files})
            elif found:
                for line in map(json.loads, data.splitlines()):
                    if line["key"] == "file":
                        content = base64.b64decode(line["value"]["content"])
                        hub.files[f"{found[1]}/{line['value']['path']}"] = content
                url = f"{hub.address}/{found[1]}/commit/{COMMIT}"
                self.answer_json({"success": True, "commitOid": COMMIT, "commitUrl": url})
            else:
                self.answer_json({}, 200 if self.path.startswith("/api/validate-yaml") else 404)

    return Handler


@contextmanager
def hub_server() -> Iterator[Hub]:
    """The hub, while the body runs."""
    hub = Hub()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub)) as server:
        hub.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield hub
        server.shutdown()
        thread.join()
