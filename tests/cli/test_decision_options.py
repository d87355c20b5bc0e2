from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from commands import USAGE, run

from zsl_images.cli.console import FAILED
from zsl_images.cli.decision_options import seconds_of
from zsl_images.files import shipped_file


def labelled(*arguments: object) -> dict[str, object]:
    """The one row that `zsl classify` prints."""
    (row,) = json.loads(run("classify", *arguments, "--format", "json").stdout)
    return row


@pytest.mark.filterwarnings("ignore:.*missing cells")
def test_the_tables_classes_are_the_candidates(photos: Path) -> None:
    top = labelled(photos / "a.png", "--attributes", shipped_file("awa2.csv"), "--top-k", 999)["top"]
    assert len(top) == 50
    assert sum(not candidate["is_seen"] for candidate in top) == 17
    assert sum(candidate["probability"] for candidate in top) == pytest.approx(1, abs=1e-4)


def test_only_unseen_classes_are_candidates_if_asked(photos: Path) -> None:
    top = labelled(photos / "a.png", "--zsl-only", "--top-k", 999)["top"]
    assert len(top) == 178
    assert not any(candidate["is_seen"] for candidate in top)


def test_the_seen_penalty_can_be_set(photos: Path) -> None:
    assert labelled(photos / "a.png", "--seen-penalty", 1e6)["is_seen"] is False
    assert labelled(photos / "a.png", "--seen-penalty", -1e6)["is_seen"] is True
    assert labelled(photos / "a.png", "--seen-penalty", "balanced")["top"]
    assert run("classify", photos / "a.png", "--seen-penalty", "much").exit_code == USAGE


def test_below_the_minimum_confidence_there_is_no_label(photos: Path) -> None:
    row = labelled(photos / "a.png", "--min-confidence", 1)
    assert row["label"] is None
    assert row["error"] is None
    assert row["top"]
    assert 0 <= row["unknown_score"] <= 1
    shown = run("classify", photos / "a.png", "--min-confidence", 1, "--max-unknown", 0).stdout
    assert "no label" in shown
    assert run("classify", photos / "a.png", "--min-confidence", 1.5).exit_code == USAGE


def test_a_taxonomy_without_a_candidate_is_refused(colours: Path) -> None:
    tree = colours / "tree.csv"
    tree.write_text(tree.read_text().replace("cyan", "cian"))
    result = run("classify", colours / "a.png", "--taxonomy", tree)
    assert result.exit_code == FAILED
    assert "cyan (did you mean cian?)" in result.stderr


def test_a_head_is_made_for_other_attributes_and_kept(photos: Path) -> None:
    """`zsl classify desk.jpg --attributes things.csv` works without a head for things."""
    command = ("classify", photos / "a.png", "--attributes", "things.csv", "--format", "json")
    first, second = run(*command), run(*command)
    assert first.exit_code == second.exit_code == 0, first.stderr
    told = "no head for these attributes: made one from 602 classes that tf_efficientnet_lite0 knows"
    assert told in first.stderr
    assert told not in second.stderr
    assert first.stdout == second.stdout
    (row,) = json.loads(first.stdout)
    assert row["known_by"] == "backbone"
    result = run(*command, "--head", "awa2", "--backbone", "tf_efficientnet_lite9")
    assert result.exit_code == 1
    assert "tf_efficientnet_lite9" in result.stderr


@pytest.mark.filterwarnings("ignore:.*missing cells")
def test_an_unseen_share_chooses_the_seen_penalty(photos: Path) -> None:
    table = ("--attributes", shipped_file("awa2.csv"), "--top-k", 99)
    shares = [
        sum(
            c["probability"]
            for c in labelled(photos / "a.png", *table, "--unseen-share", share)["top"]
            if not c["is_seen"]
        )
        for share in (0.01, 0.99)
    ]
    assert shares[0] < shares[1]
    for other in (("--seen-penalty", "balanced"), ("--zsl-only",)):
        result = run("classify", photos / "a.png", *table, "--unseen-share", 0.5, *other)
        assert result.exit_code == USAGE


def test_how_many_known_photos_may_be_unknown_can_be_set(photos: Path) -> None:
    noise = photos / "a.png"
    assert labelled(noise)["is_unknown"]
    assert labelled(noise)["label"] is None
    assert not labelled(noise, "--max-unknown", 0)["is_unknown"]
    assert run("classify", noise, "--max-unknown", 2).exit_code == USAGE


def test_a_time_is_read_with_its_unit() -> None:
    assert [seconds_of(text) for text in ("10s", "2m", "1h", "1.5")] == [10, 120, 3600, 1.5]
    for text in ("s", "10d", "-1s", "10 ms"):
        with pytest.raises(typer.BadParameter, match="expected a time"):
            seconds_of(text)
