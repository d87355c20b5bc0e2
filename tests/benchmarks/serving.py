"""Stress `zsl serve` by hostile requests.

    python tests/benchmarks/serving.py

It says how long other requests wait meanwhile, and how much memory the server takes. All photos are
drawn here.
"""

from __future__ import annotations

import http.client
import io
import multiprocessing
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

HOST = "127.0.0.1"
MEGABYTE = 1_000_000


@contextmanager
def serving(*options: str) -> Iterator[tuple[int, int]]:
    """`zsl serve` as a process of its own: its port and its id."""
    command = ["zsl", "serve", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        port = int(server.stdout.readline().split("/")[2].split(":")[1])
        try:
            yield port, server.pid
        finally:
            server.terminate()


def memory(pid: int, field: str = "VmRSS") -> float:
    """Megabytes that a process has now, or had at most (`VmHWM`)."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = [line for line in status if line.startswith(field)]
    return int(line.split()[1]) / 1000


def photo(side: int, quality: int = 90) -> bytes:
    """A JPEG of noise, as large as a file of so many pixels can be."""
    rng = np.random.default_rng(side)
    coarse = rng.integers(0, 255, (side // 8, side // 8, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(coarse).resize((side, side)).save(file, "jpeg", quality=quality)
    return file.getvalue()


def post(port: int, body: Any, **headers: str) -> int:
    """The status that the server answers to a body; 0 if it hangs up."""
    connection = http.client.HTTPConnection(HOST, port, timeout=120)
    try:
        connection.request("POST", "/predict", body, headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def form(parts: int, field: str = "photos") -> tuple[bytes, dict[str, str]]:
    """A form of so many small files, and its headers."""
    part = f'--x\r\nContent-Disposition: form-data; name="{field}"; filename="a.png"\r\n\r\nx\r\n'
    body = (part * parts + "--x--\r\n").encode()
    return body, {"Content-Type": "multipart/form-data; boundary=x"}


def chunks(total: int) -> Iterator[bytes]:
    """A body of so many bytes, without a length."""
    block = b"x" * MEGABYTE
    for _ in range(total // MEGABYTE):
        yield block


def half_open(port: int, seconds: float) -> int:
    """Start an upload, send one byte and wait; the status that ends it, 0 if none came in time."""
    with socket.create_connection((HOST, port), timeout=seconds) as connection:
        head = f"POST /predict HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1000000\r\n\r\nx"
        connection.sendall(head.encode())
        try:
            return int(connection.recv(100).split()[1])
        except (OSError, IndexError):
            return 0


def in_parallel(number: int, work: Callable[[], int]) -> dict[int, int]:
    """Status → how often it came, of so many calls at once."""
    counts: dict[int, int] = {}
    lock = threading.Lock()

    def one() -> None:
        status = work()
        with lock:
            counts[status] = counts.get(status, 0) + 1

    threads = [threading.Thread(target=one) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return dict(sorted(counts.items()))


class Probe:
    """A patient client: it lists classes and labels one photo again and again, and keeps the time."""

    def __init__(self, port: int) -> None:
        self.port, self.photo = port, photo(320)
        self.listing: list[float] = []
        self.labelling: list[float] = []
        self.refused = self.lost = 0
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._list), threading.Thread(target=self._label)]

    def __enter__(self) -> Probe:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _list(self) -> None:
        while not self._is_over.wait(0.05):
            start = time.perf_counter()
            connection = http.client.HTTPConnection(HOST, self.port, timeout=60)
            try:
                connection.request("GET", "/classes")
                connection.getresponse().read()
                self.listing.append(time.perf_counter() - start)
            except (OSError, http.client.HTTPException):
                self.lost += 1
            finally:
                connection.close()

    def _label(self) -> None:
        while not self._is_over.wait(0.05):
            start = time.perf_counter()
            status = post(self.port, self.photo)
            if status == 200:
                self.labelling.append(time.perf_counter() - start)
            elif status == 429:
                self.refused += 1
            else:
                self.lost += 1

    def __str__(self) -> str:
        slowest = [f"{max(times):.2f} s" if times else "-" for times in (self.listing, self.labelling)]
        return (
            f"slowest answer: classes {slowest[0]} of {len(self.listing)}, a photo {slowest[1]} of "
            f"{len(self.labelling)}; {self.refused} photos told to come again, {self.lost} lost"
        )


@contextmanager
def attacking(attack: Callable[[], Any]) -> Iterator[Callable[[], Any]]:
    """Run an attack in a process of its own, lest it slow down the probe; yields what waits for it."""
    processes = multiprocessing.get_context("fork")
    mine, theirs = processes.Pipe()
    process = processes.Process(target=lambda: theirs.send(attack()))
    process.start()
    yield mine.recv
    process.join()


def load() -> None:
    """Hostile requests, one kind after the other."""
    large, many = photo(4000), form(10_000)
    fields = form(10_000, "other")
    with serving() as (port, pid):
        attacks: list[tuple[str, Callable[[], Any]]] = [
            ("nothing else", lambda: time.sleep(5)),
            (
                f"200 uploads of {len(large) / 1e6:.1f} MB",
                lambda: in_parallel(200, lambda: post(port, large)),
            ),
            ("10,000 parts", lambda: in_parallel(4, lambda: post(port, many[0], **many[1]))),
            ("10,000 other parts", lambda: in_parallel(4, lambda: post(port, fields[0], **fields[1]))),
            ("1 GB, announced", lambda: post(port, chunks(10**9), **{"Content-Length": str(10**9)})),
            ("1 GB, not announced", lambda: post(port, chunks(10**9))),
            ("100 megapixels", lambda: in_parallel(4, lambda: post(port, huge(10_000)))),
            ("101 megapixels", lambda: post(port, huge(10_050))),
            ("one half-open upload", lambda: half_open(port, 20)),
            ("200 half-open uploads", lambda: in_parallel(200, lambda: half_open(port, 20))),
        ]
        post(port, photo(320))
        for name, attack in attacks:
            with attacking(attack) as end, Probe(port) as probe:
                start = time.perf_counter()
                statuses = end()
                seconds = time.perf_counter() - start
            now, most = memory(pid), memory(pid, "VmHWM")
            print(
                f"{name}: {statuses} in {seconds:.1f} s; {probe}; {now:.0f} MB, at most {most:.0f} MB"
            )


def huge(side: int) -> bytes:
    """A small file of very many pixels."""
    file = io.BytesIO()
    Image.new("L", (side, side)).save(file, "png")
    return file.getvalue()


if __name__ == "__main__":
    load()
