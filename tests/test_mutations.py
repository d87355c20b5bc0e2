"""Files of every kind, damaged at random: each is read, or refused by a declared error."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import mutated_reads
import numpy as np
import pytest
import torch
from drawing import draw
from PIL import Image, PngImagePlugin
from safetensors.torch import save_file

from zsl_images.classes.class_table import ClassTable
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.evaluation.figures import assess
from zsl_images.features.feature_files import feature_table, write_features
from zsl_images.features.manifests import write_manifest
from zsl_images.features.stamps import Stamp
from zsl_images.labelling.label import label
from zsl_images.labelling.label_files import read_labels, write_labels
from zsl_images.labelling.sorting import sort_photos
from zsl_images.results import Failure

MUTATIONS = int(os.environ.get("ZSL_MUTATIONS", "30"))
"""How many damaged copies of each file are read; 10000 take hours."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs limits on time and memory")


def picture() -> Image.Image:
    """A drawn picture with enough detail for every code path of a decoder."""
    return draw("red", 1, (160, 120))


def with_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x0132] = 6, "Maker", "2024:05:31 18:04:59"
    return exif


def png_text() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "text " * 20, zip=True)
    return info


def deep(path: Path) -> None:
    values = np.arange(160 * 120, dtype=np.uint16).reshape(120, 160)
    Image.fromarray(values).save(path)


PHOTOS: dict[str, Callable[[Path], None]] = {
    "plain.jpg": lambda path: picture().save(path, exif=with_exif()),
    "progressive.jpg": lambda path: picture().save(path, progressive=True, quality=95),
    "cmyk.jpg": lambda path: picture().convert("CMYK").save(path),
    "plain.png": lambda path: picture().save(path, pnginfo=png_text(), exif=with_exif()),
    "alpha.png": lambda path: picture().convert("RGBA").save(path),
    "palette.png": lambda path: picture().quantize(16).save(path, transparency=3),
    "deep.png": deep,
    "plain.webp": lambda path: picture().save(path, exif=with_exif()),
    "lossless.webp": lambda path: picture().convert("RGBA").save(path, lossless=True),
    "moving.webp": lambda path: picture().save(path, save_all=True, append_images=[picture()]),
    "plain.tif": lambda path: picture().save(path, exif=with_exif()),
    "lzw.tif": lambda path: picture().save(path, compression="tiff_lzw"),
    "jpeg.tif": lambda path: picture().save(path, compression="jpeg"),
    "deflated.tif": lambda path: picture().convert("RGBA").save(path, compression="tiff_adobe_deflate"),
    "deep.tif": deep,
    "plain.gif": lambda path: picture().save(path, save_all=True, append_images=[picture()]),
    "plain.bmp": lambda path: picture().save(path),
    "plain.ppm": lambda path: picture().save(path),
    "plain.jp2": lambda path: picture().save(path),
    "plain.avif": lambda path: picture().save(path),
    "plain.ico": lambda path: picture().save(path),
}


def check(reader: str, *samples: Path) -> None:
    """Read damaged copies of files; after one that ends the process, go on with the next."""
    faults, first = [], 0
    while True:
        command = [sys.executable, mutated_reads.__file__, reader, MUTATIONS, first, *samples]
        result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        faults += map(json.loads, result.stdout.splitlines())
        if not result.returncode:
            break
        jobs = [int(line) for line in result.stderr.splitlines() if line.isdecimal()]
        assert jobs, result.stderr
        faults.append({"job": jobs[-1], "fault": f"exit {result.returncode}: {result.stderr[-300:]}"})
        first = jobs[-1] + 1
    assert faults == []


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "tif", "others"])
def test_photos(kind: str, tmp_path: Path) -> None:
    samples = []
    for name, draw_it in PHOTOS.items():
        ending = name.rpartition(".")[2]
        if ending not in ("jpg", "png", "webp", "tif"):
            ending = "others" if f".{ending}" in Image.registered_extensions() else ""
        if ending == kind:
            draw_it(tmp_path / name)
            samples.append(tmp_path / name)
    check("photo", *samples)


def test_heads(trained: ZeroShotClassifier, tmp_path: Path) -> None:
    trained.save(tmp_path / "head.safetensors")
    check("head", tmp_path / "head.safetensors")


TABLES = {
    "table": b'class,stripes,horns,tail\nzebra,98,0,40\ncow,3.5,60,50\n"a, b",1,,2\nfox,0,0,99\n',
    "taxonomy": b"class,genus,family\nzebra,Equus,Equidae\nhorse,Equus,Equidae\nlion,Felis,Felidae\n",
    "class_map": b"class,index,kind_of\nzebra,340,\nred fox,277,fox\ngrey fox,280,fox;canid\n",
    "glossary": b"attribute,meaning,scale,high,low\nstripes,has stripes,0 to 100,zebra,cow\n",
    "descriptions": b'class,description\nzebra,striped and fast\nlion,"big, yellow"\n',
    "corrections": b'path,label\n/a/1.jpg,zebra\n"/a/2,3.jpg",lion\n\'=4.jpg,cow\n',
    "list": b"/a/1.jpg\n/a/2.jpg\n\n~/b.png\n",
}
ENDINGS = {"list": ".txt"}


@pytest.mark.parametrize("reader", TABLES)
def test_texts(reader: str, tmp_path: Path) -> None:
    sample = tmp_path / f"sample{ENDINGS.get(reader, '.csv')}"
    sample.write_bytes(TABLES[reader])
    check(reader, sample)


def test_workbooks(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (("class", "stripes", "horns"), ("zebra", 98, 0.5), ("cow", "=1+1", 60)):
        book.active.append(row)
    book.active["B3"] = 4
    book.save(tmp_path / "sample.xlsx")
    check("workbook", tmp_path / "sample.xlsx")


@pytest.fixture(scope="module")
def labelled(trained: ZeroShotClassifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a label file, a feature file, a manifest and a record of copies."""
    folder = tmp_path_factory.mktemp("labelled")
    (folder / "photos").mkdir()
    for seed in range(6):
        draw("red", seed).save(folder / "photos" / f"{seed}.png")
    (folder / "photos" / "broken.png").write_text("broken")
    groups = folder / "groups.csv"
    groups.write_text("class,group\n" + "".join(f"{name},warm\n" for name in trained.classes))
    sure = trained.with_taxonomy(groups).with_min_confidence(0.5)
    label(sure, [folder / "photos"], folder / "labels.parquet", features=folder / "features.parquet")
    write_manifest([folder / "photos"], folder / "manifest.parquet")
    sort_photos(folder / "labels.parquet", folder / "sorted", "copy")
    return folder


def test_label_files(labelled: Path, tmp_path: Path) -> None:
    files = [tmp_path / "labels.csv", tmp_path / "labels.jsonl"]
    for file in files:
        write_labels(read_labels(labelled / "labels.parquet"), file)
    check("labels", *files)


def test_files_of_rows(labelled: Path, tmp_path: Path) -> None:
    check("labels_parquet", labelled / "labels.parquet")
    check("manifest", labelled / "manifest.parquet")
    (copies,) = labelled.glob(".*.copies.parquet")
    check("copies", Path(shutil.copy(copies, tmp_path / "copies.parquet")))


def test_feature_files(trained: ZeroShotClassifier, tmp_path: Path) -> None:
    backbone = trained.backbone
    stamps = [Stamp(f"/{number}.jpg", 5, number) for number in range(20)]
    rows = feature_table(stamps, [np.ones(24, np.float16)] * 20, backbone)
    rows = rows.replace_schema_metadata({**rows.schema.metadata, b"backbone": b"small"})
    write_features([rows], rows.schema, tmp_path / "features.parquet")
    check("features", tmp_path / "features.parquet")


def test_evaluations(tmp_path: Path) -> None:
    chance, labels = np.random.default_rng(0), np.repeat(np.arange(4), 5)
    table = ClassTable(tuple("abcd"), ("x",), np.ones((4, 1)), np.array([1, 1, 1, 0], bool))
    scores = chance.normal(size=(20, 4)) + 2 * np.eye(4)[labels]
    settings = {"seen_penalty": 0.5, "temperature": 1.0, "min_confidence": 0.4}
    found = assess(scores, labels, table, **settings)
    failed = replace(found, failures=(Failure("x.jpg", "x.jpg: not an image"),))
    (tmp_path / "evaluation.json").write_text(json.dumps(failed.to_dict()))
    check("evaluation", tmp_path / "evaluation.json")


def test_backbone_weights(tmp_path: Path) -> None:
    tensors = {"a.weight": torch.ones(3, 4), "a.bias": torch.zeros(3)}
    torch.save(tensors, tmp_path / "weights.pth")
    save_file(tensors, tmp_path / "weights.safetensors")
    check("weights", tmp_path / "weights.pth", tmp_path / "weights.safetensors")
