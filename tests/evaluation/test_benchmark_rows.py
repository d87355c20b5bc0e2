from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from zsl_images.errors import DataError
from zsl_images.evaluation.benchmark_rows import rows_for
from zsl_images.evaluation.benchmarks import run
from zsl_images.evaluation.xlsa17 import Benchmark, read_xlsa17
from zsl_images.features.backbone_classes import BackboneClasses
from zsl_images.features.backbone_network import Network
from zsl_images.features.backbones import Backbone


@pytest.fixture
def data(dataset: Path) -> Benchmark:
    """A small data set."""
    return read_xlsa17(dataset)


def backbone_of(width: int, small_backbone: Backbone) -> Backbone:
    """A backbone of that width with a classifier of 30 classes."""
    rows = np.random.default_rng(0).normal(size=(30, width)).astype(np.float32)
    plain = small_backbone.network()
    network = Network(
        plain.module, width, plain.preprocessing, "nowhere", "0" * 64, BackboneClasses(rows)
    )
    return replace(small_backbone, network=lambda: network, feature_dim=width)


def written(path: Path, data: Benchmark, names: list[str], kinds: list[str]) -> Path:
    """A map that rates classes by as many attributes as the data set has."""
    width = data.table.attributes.shape[1]
    rng, header = np.random.default_rng(1), ",".join(f"a{a}" for a in range(width))
    lines = [f"class,index,kind_of,{header}"]
    for index, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        values = ",".join(map(str, rng.uniform(0, 100, width).round(3)))
        lines.append(f"{name},{index},{kind},{values}")
    path.write_text("\n".join(lines))
    return path


def test_unseen_classes_and_their_kinds_do_not_teach(
    data: Benchmark, small_backbone: Backbone, tmp_path: Path
) -> None:
    unseen, seen = data.table.unseen_names, data.table.seen_names
    names = [unseen[0], "kind of unseen", "kind of seen", seen[0], "other"]
    kinds = ["", f"x; {unseen[1]}", seen[1], "", ""]
    backbone = backbone_of(data.features.shape[1], small_backbone)
    with_names, rows = rows_for(data, written(tmp_path / "map.csv", data, names, kinds), backbone)
    assert rows.table.names == ("kind of seen", seen[0], "other")
    assert with_names.table.names == data.table.names
    result = run(with_names, "rows", 1, rows=rows)
    assert result.row_classes == 3
    assert result.to_dict()["row_classes"] == 3
    assert result.heads[0].table.row_names == set(rows.table.names)


def test_what_does_not_fit_is_said(data: Benchmark, small_backbone: Backbone, tmp_path: Path) -> None:
    width, unseen = data.features.shape[1], data.table.unseen_names
    path = written(tmp_path / "map.csv", data, [unseen[0], "fox"], ["", unseen[0]])
    with pytest.raises(DataError, match=f"has {width} features, but .* has {width + 1}"):
        rows_for(data, path, backbone_of(width + 1, small_backbone))
    with pytest.raises(DataError, match=r"every class of .*map\.csv is an unseen class"):
        rows_for(data, path, backbone_of(width, small_backbone))
    (tmp_path / "map.csv").write_text("class,index,a\nfox,1,2\ncat,2,3\n")
    with pytest.raises(DataError, match=r"attributes, but .* has 1; give a map with the attributes"):
        rows_for(data, path, backbone_of(width, small_backbone))
