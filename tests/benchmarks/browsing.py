"""Measure the pages of `zsl serve` in Chromium, through Playwright.

    python tests/benchmarks/browsing.py gallery [--rows 100000]
    python tests/benchmarks/browsing.py slider [--photos 20]

All photos are drawn here.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from serving import HOST, memory, photo, serving

from zsl_images.labelling.label_files import write_labels
from zsl_images.labelling.label_schema import SCHEMA
from zsl_images.web.gallery import LABELS

WITHOUT = "() => [...document.querySelectorAll('.cell {}')].filter(one => {}).length"
"""Script that counts cells that do not show something yet."""

JUMP = """step => {
    const grid = document.getElementById("grid");
    grid.scrollTop = step % 2 ? grid.scrollTop + 600 : grid.scrollHeight * step / 40;
}"""

MOVE = """share => new Promise((resolve) => {
    const range = document.querySelector(".mine-class input[type=range]");
    const start = performance.now();
    const end = () => resolve(performance.now() - start);
    document.addEventListener("ranked", end, { once: true });
    range.value = share * range.max;
    range.dispatchEvent(new Event("input"));
})"""


def gallery(rows: int) -> None:
    """How long a gallery takes to open and to show what is scrolled to."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _write_gallery(root, rows)
        with serving("--root", folder) as (port, pid), _page(f"http://{HOST}:{port}/gallery") as page:
            _watch_gallery(page, port, pid)


def _write_gallery(root: Path, rows: int) -> None:
    """A label file of so many rows, each with a photo of its own (links to 200 files)."""
    (root / "files").mkdir()
    names = []
    for number in range(200):
        (root / f"{number}.jpg").write_bytes(photo(400 + number))
    for number in range(rows):
        path = root / "files" / f"{number}.jpg"
        os.link(root / f"{number % 200}.jpg", path)
        names.append(str(path))
    rng = np.random.default_rng(0)
    base = dict.fromkeys(SCHEMA.names) | {"unknown_score": 0.1}
    table = [
        base | {"path": name, "label": f"class_{k}", "probability": p, "known_by": "photos"}
        for name, k, p in zip(names, rng.integers(0, 97, rows), rng.random(rows), strict=True)
    ]
    write_labels([pa.Table.from_pylist(table, SCHEMA)], root / LABELS)


def _watch_gallery(page: Any, port: int, pid: int) -> None:
    start = time.perf_counter()
    page.goto(f"http://{HOST}:{port}/gallery")
    page.locator(".cell .title", has_text="class").first.wait_for()
    opened = time.perf_counter() - start
    page.locator(".cell img[src]").first.wait_for()
    pictured = time.perf_counter() - start
    print(f"opens in {opened:.2f} s, first picture after {pictured:.2f} s; {memory(pid):.0f} MB")
    texts, pictures = [], []
    blank = WITHOUT.format(".title", "one.textContent === '…'")
    empty = WITHOUT.format("img", "!one.src")
    for step in range(40):
        page.evaluate(JUMP, step)
        start = time.perf_counter()
        page.wait_for_timeout(20)
        while page.evaluate(blank):
            page.wait_for_timeout(10)
        texts.append(time.perf_counter() - start)
        while page.evaluate(empty):
            page.wait_for_timeout(10)
        pictures.append(time.perf_counter() - start)
    for what, times in (("labels", texts), ("pictures", pictures)):
        usual, most = np.median(times), max(times)
        print(f"after a jump, all {what} in sight within {usual:.2f} s, at most {most:.2f} s")
    print(f"{memory(pid):.0f} MB, at most {memory(pid, 'VmHWM'):.0f} MB")


def slider(photos: int) -> None:
    """How long the ranking takes to follow a slider, from the move to the page."""
    with serving() as (port, _), _page(f"http://{HOST}:{port}/") as page:
        page.wait_for_selector("#like option", state="attached")
        files = [
            {"name": f"{number}.jpg", "mimeType": "image/jpeg", "buffer": photo(400 + number)}
            for number in range(photos)
        ]
        page.set_input_files("#files", files)
        page.locator(".card .answer strong").nth(photos - 1).wait_for(timeout=120_000)
        page.fill("#name", "new")
        page.press("#name", "Enter")
        page.wait_for_selector(".mine-class")
        page.wait_for_timeout(500)
        times = [page.evaluate(MOVE, number / 40) for number in range(40)]
        times.sort()
        print(
            f"{photos} photos: the ranking follows a slider within {np.median(times):.0f} ms, "
            f"95 of 100 times within {times[int(0.95 * len(times))]:.0f} ms, at most {times[-1]:.0f} ms"
        )


@contextmanager
def _page(address: str) -> Iterator[Any]:
    """The page in Chromium."""
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        page = browser.new_page(bypass_csp=True)
        page.goto(address)
        yield page
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("test", choices=["gallery", "slider"])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--photos", type=int, default=20)
    options = parser.parse_args()
    if options.test == "gallery":
        gallery(options.rows)
    else:
        slider(options.photos)


if __name__ == "__main__":
    main()
