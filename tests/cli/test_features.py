from __future__ import annotations

from pathlib import Path

import pytest
from commands import run
from drawing import COLOURS, UNSEEN

from zsl_images.classes.class_table import ClassTable
from zsl_images.cli.console import FAILED
from zsl_images.evaluation.xlsa17 import read_xlsa17


@pytest.fixture
def table(tmp_path: Path, colour_table: ClassTable) -> Path:
    colour_table.write(tmp_path / "colours.csv")
    return tmp_path / "colours.csv"


def test_photos_become_a_data_set_with_the_chosen_unseen_classes(
    colour_photos: Path, table: Path, tmp_path: Path
) -> None:
    out = tmp_path / "SET"
    unseen = ("--unseen", "red", "--unseen", "blue")
    result = run("features", colour_photos, "-a", table, "-o", out, *unseen)
    assert result.exit_code == 0
    assert f"{out}: res101.mat and att_splits.mat" in result.stdout
    data = read_xlsa17(out)
    assert set(data.table.names) == set(COLOURS) - set(UNSEEN)  # the classes with photos
    assert set(data.table.unseen_names) == {"red", "blue"}
    assert len(data.features) == 60


def test_an_unseen_class_without_photos_is_refused(
    colour_photos: Path, table: Path, tmp_path: Path
) -> None:
    out = tmp_path / "SET"
    result = run("features", colour_photos, "-a", table, "-o", out, "--unseen", "cyan")
    assert result.exit_code == FAILED
    assert "cyan" in result.stderr
    assert not out.exists()
