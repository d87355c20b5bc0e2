from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from commands import USAGE, run
from typer.testing import CliRunner

from zsl_images.cli import app


def test_the_command_prints_json_as_promised(dataset: Path) -> None:
    result = CliRunner().invoke(app, ["benchmark", str(dataset), "--seeds", "1", "--format", "json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert {"recipe", "dataset", "seeds", "T", "u", "s", "H", "best_H", "AUSUC", "seconds"} <= set(
        report
    )
    assert set(report["H"]) == {"mean", "sd"}


def test_other_results_are_printed_beside(dataset: Path, tmp_path: Path) -> None:
    given = {name: {"mean": 12.3, "sd": 0.4} for name in ("T", "H")}
    here = {"recipe": "peer", "dataset": "TOY", "seeds": [0, 1], **given}
    elsewhere = {**here, "recipe": "other", "dataset": "ELSEWHERE"}
    peers, mine = tmp_path / "peers.json", tmp_path / "mine.json"
    peers.write_text(json.dumps([here, elsewhere]))

    def benchmark(*others: Path, form: str = "json") -> Result:
        compare = [argument for other in others for argument in ("--compare", str(other))]
        arguments = ["benchmark", str(dataset), "--seeds", "1", "--format", form, *compare]
        return CliRunner().invoke(app, arguments)

    mine.write_text(benchmark(peers).stdout)
    assert [row["recipe"] for row in json.loads(mine.read_text())["compared"]] == ["peer"]
    lines = benchmark(mine, peers, form="table").stdout.splitlines()
    heading, first, second, third = lines[-4:]
    assert heading.split() == ["seeds", "T", "u", "s", "H", "best_H", "AUSUC", "seconds"]
    assert first.split()[:-3] == second.split()[:-3]  # a run again, but for its seconds
    assert first.split()[0] == "best"
    assert third.split() == [
        "peer",
        "2",
        *["12.3", "±", "0.4", "-", "-", "12.3", "±", "0.4", "-", "-", "-"],
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            '{"recipe": "peer", "dataset": "ELSEWHERE", "seeds": [0]}',
            "has no result on the data set TOY",
        ),
        ('{"recipe": "peer", "dataset": "TOY", "seeds": [0], "is_conventional": true}', "same setting"),
        ("[1, 2]", "holds no results"),
        ('{"recipe": "peer"}', "holds no results"),
        ('{"recipe": "p", "dataset": "TOY", "seeds": [0], "T": {"mean": "x"}}', "holds no results"),
        ("no json", "holds no results"),
        (None, "cannot be read"),
    ],
)
def test_results_that_cannot_be_compared_are_refused(
    dataset: Path, tmp_path: Path, content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "peers.json").write_text(content)
    arguments = ["benchmark", str(dataset), "--compare", str(tmp_path / "peers.json")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert message in result.stderr


def test_latex_has_a_row_per_result(dataset: Path, tmp_path: Path) -> None:
    row = {"recipe": "my_peer", "dataset": "TOY", "seeds": [0], "H": {"mean": 12.34, "sd": 0.5}}
    (tmp_path / "peers.json").write_text(json.dumps(row))
    arguments = ["benchmark", str(dataset), "--seeds", "1", "--format", "latex"]
    result = CliRunner().invoke(app, [*arguments, "--compare", str(tmp_path / "peers.json")])
    begin, _, header, _, mine, peer, _, end = result.stdout.splitlines()
    assert (begin, end) == (r"\begin{tabular}{lrrrrrr}", r"\end{tabular}")
    assert header == r" & T & u & s & H & best\_H & AUSUC \\"
    assert mine.startswith("best & ")
    assert mine.count(r"\pm") == 6
    assert peer == r"my\_peer & -- & -- & -- & 12.3\,{\scriptsize $\pm$ 0.5} & -- & -- \\"


def test_the_curve_of_a_run_is_drawn(dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "curve.svg"
    result = run("benchmark", dataset, "--recipe", "best", "--seeds", 1, "--plot", out)
    assert result.exit_code == 0, result.stderr
    assert out.read_text("utf-8").startswith("<?xml")
    gif = tmp_path / "curve.gif"
    assert run("benchmark", dataset, "--seeds", 1, "--plot", gif).exit_code == USAGE
    assert run("benchmark", dataset, "--conventional", "--plot", out).exit_code == USAGE
