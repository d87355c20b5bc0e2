"""A head that cannot be saved where it belongs is saved elsewhere."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.cli.rescue import save_somewhere
from zsl_images.errors import OutputError
from zsl_images.head.head_file import load_head


def test_a_head_is_saved_elsewhere_if_its_place_is_full(
    trained: ZeroShotClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, temporary = tmp_path / "full" / "head.safetensors", tmp_path / "temporary"
    out.parent.mkdir()
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    write = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.is_relative_to(out.parent):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match=r"No space left on device\. The head is not lost") as caught:
        save_somewhere(trained.save, out)
    (saved,) = temporary.glob("*/head.safetensors")
    assert str(saved) in str(caught.value)
    assert load_head(saved).table.names == trained.classes
    assert list(out.parent.iterdir()) == []


def test_if_no_place_is_left_the_first_error_is_told_and_no_folder_stays(
    trained: ZeroShotClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("ZSL_CACHE", "HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))

    def fail(path: Path) -> None:
        raise OutputError(f"cannot write {path}")

    with pytest.raises(OutputError, match=r"^cannot write head.safetensors$"):
        save_somewhere(fail, Path("head.safetensors"))
    assert list(tmp_path.iterdir()) == []


LIMITED = """
import resource, sys
from zsl_images import ZeroShotClassifier
from zsl_images.head.head_file import load_head, save_head
head = load_head()
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    save_head(head, sys.argv[1])
except OSError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no limits on files")
def test_a_file_that_ends_early_is_an_error_of_ours_and_goes(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "head.safetensors")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.startswith("OutputError cannot write")
    assert list(tmp_path.iterdir()) == []
