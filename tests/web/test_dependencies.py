"""What reads the requests of strangers is past its known advisories."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

PROJECT = tomllib.loads((Path(__file__).parent.parent.parent / "pyproject.toml").read_text("utf-8"))
FIXED_IN = {
    "h11": "0.16",  # CVE-2025-43859
    "pillow": "13.0",  # CVE-2026-96639, CVE-2026-96636, GHSA-5x8w-8jj5-q52h (JPEG)
    "python-multipart": "0.0.31",  # CVE-2026-42561, GHSA-5rvq-cxj2-64vf
    "starlette": "1.3.1",  # PYSEC-2026-249, CVE-2025-62727
}
"""Package → version that fixes the latest advisory known when this was written."""


def parts(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


@pytest.mark.parametrize("name", FIXED_IN)
def test_the_page_needs_versions_without_known_faults(name: str) -> None:
    (floor,) = [
        re.fullmatch(rf"{name}>=([\d.]+)", needed)[1]
        for needed in PROJECT["project"]["optional-dependencies"]["web"]
        if re.split("[><=]", needed)[0] == name
    ]
    assert parts(floor) >= parts(FIXED_IN[name])
